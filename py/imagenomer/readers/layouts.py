"""Layouts: what vectors say of their order, or what a recipe answers, or the question."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort import Alternative
from imagenomer.errors import InputError
from imagenomer.readers.evidence.order import Layout, OrderEvidence, matrices
from imagenomer.readers.recipe import Question
from imagenomer.types import Float32Array, JsonObject

#: Parcels of a sketch at most, and values in it.
_SKETCHED, _LARGEST = 90, 1e30


def chosen_layout(
    pattern: str, n_scans: int, evidence: OrderEvidence, answers: JsonObject, first: NDArray[Any] | None = None
) -> Layout:
    """Return the layout of a family of vectors: as answered, else as the evidence has it.

    Parameters
    ----------
    pattern : str
        Of the family.
    n_scans : int
    evidence : OrderEvidence
    answers : mapping
        What a recipe says of the family.
    first : ndarray, shape (n_values,), or None
        A vector, of which the question shows what it looks like in each order.

    Raises
    ------
    InputError
        If the answer does not fit the number of values.
    Question
        If neither says it.
    """
    fitting = [
        layout
        for layout in evidence.layouts
        if answers.get("order", layout.order) == layout.order
        and answers.get("diagonal", layout.diagonal) == layout.diagonal
    ]
    if not fitting:
        n = ", ".join(
            sorted({f"{one.n_parcels} parcels {'with' if one.diagonal else 'without'}" for one in evidence.layouts})
        )
        raise InputError(
            f"{pattern}: the recipe's answer fits none of the layouts that are possible ({n} the diagonal)"
        )
    if evidence.layout in fitting:
        return evidence.layout
    if "order" in answers:
        # Where the diagonal is not answered for, nothing speaks for it.
        return next((layout for layout in fitting if not layout.diagonal), fitting[0])
    found = (
        f"{pattern} holds connectivity of {n_scans:,} scans, and its values do not tell in "
        f"which order the edges are: {'; '.join(evidence.sentences)}"
    )
    raise Question(found, layout_alternatives(pattern, evidence, first))


def layout_alternatives(
    pattern: str, evidence: OrderEvidence, first: NDArray[Any] | None, chosen: Layout | None = None
) -> tuple[Alternative, ...]:
    """Return the orders in which a family of vectors can be read, the chosen one among them; none if all are the same.

    Parameters
    ----------
    pattern : str
    evidence : OrderEvidence
    first : ndarray, shape (n_values,), or None
        A vector, to be seen in each order.
    chosen : Layout or None
    """
    diagonal = chosen is not None and chosen.diagonal
    layouts = [layout for layout in evidence.layouts if layout.diagonal == diagonal and layout.n_parcels > 3]
    return tuple(
        Alternative(
            layout.words[:1].upper() + layout.words[1:],
            {"files": {pattern: {"order": layout.order, **({"diagonal": True} if diagonal else {})}}},
            layout == chosen,
            None if first is None else sketch_of(first, layout),
        )
        for layout in layouts
    )


def sketch_of(vector: NDArray[Any], layout: Layout) -> Float32Array:
    """Return a vector as a matrix of few parcels, averaged over neighbours where there are more.

    Returns
    -------
    ndarray, shape (n, n)
        NaN on the diagonal.
    """
    square = matrices(np.asarray(vector, dtype=np.float64)[None], layout)[0]
    # What single precision cannot hold has no colour either.
    square = np.where(np.abs(square) < _LARGEST, square, 0.0)
    n = len(square)
    if n > _SKETCHED:
        starts = np.linspace(0, n, _SKETCHED, endpoint=False).astype(np.intp)
        sizes = np.diff([*starts, n])
        sums = np.add.reduceat(np.add.reduceat(square, starts, axis=0), starts, axis=1)
        square = sums / np.outer(sizes, sizes)
    result: Float32Array = square.astype(np.float32)
    np.fill_diagonal(result, np.nan)
    return result
