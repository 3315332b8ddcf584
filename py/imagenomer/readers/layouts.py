"""Layouts: what vectors say of their order, or what a recipe answers, or the question."""

from __future__ import annotations

import json

from imagenomer.errors import InputError
from imagenomer.readers.evidence.order import Layout, OrderEvidence
from imagenomer.readers.recipe import Question
from imagenomer.types import JsonObject


def chosen_layout(pattern: str, n_scans: int, evidence: OrderEvidence, answers: JsonObject) -> Layout:
    """Return the layout of a family of vectors: as answered, else as the evidence has it.

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
    raise Question(
        found,
        {
            json.dumps({"files": {pattern: {"order": layout.order}}}): f"for {layout.words}"
            for layout in evidence.layouts
            if not layout.diagonal
        },
    )
