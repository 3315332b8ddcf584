"""Order: in which order a vector of edges was written, with or without the diagonal, and what kind of values it has.

A correlation matrix has no negative eigenvalue. Rebuilt in the order in which it was written, with ones on the
diagonal, the smallest eigenvalue is 0 but for rounding; in any other order it is far below. Partial correlations are
a scaled precision matrix with the sign of the off-diagonal turned, Fisher z become correlations by tanh. Where
nothing fits, because values are scaled, thresholded or residuals, the ratio of both ends of the spectrum of the
matrix with an empty diagonal tells the orders apart, if by a margin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from imagenomer.edges import n_edges_of
from imagenomer.types import FloatArray, IntArray
from imagenomer.wording import plural

Order: TypeAlias = Literal["rows", "columns"]
#: r: Pearson's; z: Fisher's; partial; scaled: a multiple of correlations, or residuals of them.
Kind: TypeAlias = Literal["r", "z", "partial", "scaled"]

#: Smallest eigenvalues: of real scans rebuilt rightly at least -0.002 (half precision), wrongly at most -0.17.
FITS = -0.01
FAILS = -0.1
#: Ratios of eigenvalues: the other order had at least 1.33 times that of the right one, where one was right, and at
#: most 1.13 times where none was (counts of fibres; another number of parcels).
MARGIN = 1.25
#: Parcels from which on numbers that are no correlations do not pass for some by chance.
FEWEST_PARCELS = 10
#: Scans looked at, and parcels of each. Few parcels are no evidence: a part of a matrix in the wrong order passes where
#: its values are weak (standard deviation s, n parcels: about where 2 s sqrt(n) < 1).
N_SCANS = 5
N_PARCELS = 400


@dataclass(frozen=True, slots=True)
class Layout:
    """How a vector is folded.

    Attributes
    ----------
    n_parcels : int
    order : str
        Of the upper triangle: "rows" row by row (NumPy's ``triu_indices``, which is the lower triangle column by
        column), "columns" column by column (MATLAB's ``triu``, nilearn: the lower triangle row by row).
    diagonal : bool
        The diagonal is stored too.
    """

    n_parcels: int
    order: Order
    diagonal: bool

    @property
    def words(self) -> str:
        kept = "with" if self.diagonal else "without"
        by = "row by row" if self.order == "rows" else "column by column"
        return f"the upper triangle of {self.n_parcels} parcels {by}, {kept} the diagonal"

    @property
    def n_values(self) -> int:
        return n_edges_of(self.n_parcels) + self.n_parcels * self.diagonal


@dataclass(frozen=True, slots=True)
class OrderEvidence:
    """What vectors say of their layout.

    Attributes
    ----------
    layout : Layout or None
        None where they do not say.
    kind : str or None
    layouts : tuple of Layout
        All that the number of values allows.
    sentences : tuple of str
        The numbers.
    """

    layout: Layout | None
    kind: Kind | None
    layouts: tuple[Layout, ...]
    sentences: tuple[str, ...]


def layouts_of(n_values: int) -> tuple[Layout, ...]:
    """Return the layouts that so many values allow; none where they are no triangle.

    n(n+1)/2 values are n parcels with the diagonal and n + 1 without: the number never decides.
    """
    found = []
    n = (1 + math.isqrt(1 + 8 * n_values)) // 2
    if n_values >= 1 and n_edges_of(n) == n_values:
        found = [Layout(n, order, diagonal=False) for order in ("rows", "columns")]
        if n > 2:
            found += [Layout(n - 1, order, diagonal=True) for order in ("rows", "columns")]
    return tuple(found)


def diagonal_positions(layout: Layout) -> IntArray:
    """Return where a layout with the diagonal has it, shape (n_parcels,)."""
    k = np.arange(layout.n_parcels)
    if layout.order == "columns":
        return np.asarray(k * (k + 3) // 2)
    return np.asarray(k * layout.n_parcels - k * (k - 1) // 2)


def edge_positions(layout: Layout) -> IntArray:
    """Return where each edge stands in a vector of this layout, shape (n_edges,), in the program's own order."""
    n = layout.n_parcels
    first, second = np.triu_indices(n, k=1)
    if layout.order == "columns":
        return np.asarray(second * (second + 1) // 2 + first if layout.diagonal else second * (second - 1) // 2 + first)
    if layout.diagonal:
        return np.asarray(first * n - first * (first - 1) // 2 + second - first)
    return np.arange(n_edges_of(n))


def decide(vectors: NDArray[Any]) -> OrderEvidence:
    """Tell the layout and kind of vectors of edges.

    Parameters
    ----------
    vectors : ndarray, shape (n_scans, n_values)
        NaN where a value is missing.
    """
    layouts = layouts_of(vectors.shape[1])
    if not layouts:
        return OrderEvidence(
            None, None, (), (f"{plural(vectors.shape[1], 'value')} cannot be the triangle of a matrix",)
        )
    chosen = np.asarray(_complete_first(vectors)[:N_SCANS], dtype=np.float64)
    stored = [layout for layout in layouts if layout.diagonal and _constant_diagonal(chosen, layout)]
    if len({layout.order for layout in stored}) == 1:
        return _with_stored_diagonal(chosen, stored[0], layouts)
    plain = [layout for layout in layouts if not layout.diagonal]
    if plain[0].n_parcels <= 3:  # both orders are the same
        return OrderEvidence(plain[0], kind_of(matrices(chosen, plain[0])), layouts, ())
    found = _by_fit(chosen, plain, layouts) or _by_fit(chosen, [one for one in layouts if one.diagonal], layouts)
    return found or _by_ratio(chosen, plain, layouts)


def proven(vectors: NDArray[Any]) -> OrderEvidence | None:
    """Return the evidence where it proves another layout than row by row without the diagonal; else None.

    For files of a format that says how it writes: only where its own order cannot be, and another fits.

    Parameters
    ----------
    vectors : ndarray, shape (n_scans, n_values)
    """
    evidence = decide(vectors)
    if evidence.layout is None or evidence.kind not in ("r", "z", "partial"):
        return None
    own = evidence.layout.order == "rows" and not evidence.layout.diagonal
    return None if own or evidence.layout.n_parcels < FEWEST_PARCELS else evidence


def matrices(vectors: NDArray[Any], layout: Layout) -> FloatArray:
    """Return vectors of a layout as matrices with an empty diagonal, of some parcels where there are many.

    Returns
    -------
    ndarray, shape (n_scans, at most N_PARCELS, the same)
    """
    positions = edge_positions(layout)
    n = layout.n_parcels
    parcels = np.unique(np.linspace(0, n - 1, min(n, N_PARCELS)).round().astype(np.intp))
    first, second = np.triu_indices(parcels.size, k=1)
    low, high = parcels[first], parcels[second]
    columns = positions[low * n - low * (low + 1) // 2 + high - low - 1]
    result = np.zeros((len(vectors), parcels.size, parcels.size))
    result[:, first, second] = result[:, second, first] = vectors[:, columns]
    return result


def kind_of(squares: FloatArray) -> Kind | None:
    """Return what the values of matrices are, by their eigenvalues; None where nothing fits.

    Where several kinds fit there is so little connectivity that it means nothing, and r is as good.

    Parameters
    ----------
    squares : ndarray, shape (n_scans, n_parcels, n_parcels)
        In the right order; the diagonal is not looked at.
    """
    as_r, as_partial = smallest(squares)
    if as_r > FITS:
        return "r"
    if smallest(squares, fisher_z=True)[0] > FITS:
        return "z"
    return "partial" if as_partial > FITS else None


def smallest(squares: FloatArray, *, fisher_z: bool = False) -> tuple[float, float]:
    """Return the smallest eigenvalue of matrices with ones on the diagonal, as they are and with the sign turned.

    Partial correlations are a scaled precision matrix with the sign of the off-diagonal turned.

    Parameters
    ----------
    squares : ndarray, shape (n_scans, n_parcels, n_parcels)
    fisher_z : bool
        Take tanh first.

    Returns
    -------
    as_they_are, turned : float
        Medians over scans; -inf where the values cannot be correlations, or Fisher z.
    """
    values = [one for one in map(_without_gaps, squares) if len(one) > 2 and one.any()]
    largest = max((float(np.abs(one).max()) for one in values), default=np.inf)
    # tanh makes ones of all large numbers: counts and distances would pass.
    if not values or largest > (8 if fisher_z else 1 + 1e-6):
        return -np.inf, -np.inf
    ends = np.array([np.linalg.eigvalsh(np.tanh(one) if fisher_z else one)[[0, -1]] for one in values])
    # Of few parcels any numbers pass now and then: there all scans must.
    middle = np.median if len(squares[0]) >= FEWEST_PARCELS else np.min
    return float(middle(1 + ends[:, 0])), float(middle(1 - ends[:, 1]))


def _complete_first(vectors: NDArray[Any]) -> NDArray[Any]:
    """Return some vectors, those with the fewest missing values first."""
    some = vectors[np.unique(np.linspace(0, len(vectors) - 1, min(len(vectors), 4 * N_SCANS)).round().astype(np.intp))]
    gaps = np.count_nonzero(~np.isfinite(some.astype(np.float64)), axis=1)
    return some[np.argsort(gaps, kind="stable")]


def _without_gaps(square: FloatArray) -> FloatArray:
    """Return a matrix without the parcels that have a missing value, the emptiest first, and an empty diagonal."""
    missing = ~np.isfinite(square)
    np.fill_diagonal(missing, False)
    keep = np.arange(len(square))
    while missing[np.ix_(keep, keep)].any():
        keep = np.delete(keep, missing[np.ix_(keep, keep)].sum(axis=0).argmax())
    result = square[np.ix_(keep, keep)].copy()
    np.fill_diagonal(result, 0)
    return result


def _constant_diagonal(vectors: FloatArray, layout: Layout) -> bool:
    """Whether one number, or none that is finite, stands wherever this layout has its diagonal, and not elsewhere."""
    here = np.zeros(vectors.shape[1], dtype=bool)
    here[diagonal_positions(layout)] = True
    own, others = vectors[:, here], vectors[:, ~here]
    if not np.isfinite(own).any():
        return bool(np.isfinite(others).any())
    value = own.flat[0]
    if not np.isfinite(value):
        return False
    return bool(np.all(np.abs(own - value) < 1e-3) and np.mean(np.abs(others - value) < 1e-3) < 0.5)


def _with_stored_diagonal(vectors: FloatArray, layout: Layout, layouts: Sequence[Layout]) -> OrderEvidence:
    value = vectors[0, diagonal_positions(layout)[0]]
    said = f"{value:.4g}" if np.isfinite(value) else "no number"
    kind = kind_of(matrices(vectors, layout))
    sentence = f"{said} stands wherever {layout.words} has its diagonal; it was taken out"
    return OrderEvidence(layout, kind, tuple(layouts), (sentence,))


def _by_fit(vectors: FloatArray, candidates: list[Layout], layouts: Sequence[Layout]) -> OrderEvidence | None:
    """Return the evidence where one order makes matrices of a kind and the other does not.

    What fits as it is and with its sign turned proves nothing: weak numbers in any order do.
    """
    squares = [matrices(vectors, layout) for layout in candidates]
    for fisher_z in (False, True):
        own = [smallest(one, fisher_z=fisher_z) for one in squares]
        proofs = [
            (place, side)
            for side in (0, 1)
            for place, ends in enumerate(own)
            if ends[side] > FITS and ends[1 - side] < FAILS
        ]
        if not proofs:
            continue
        place, side = proofs[0]
        other = own[1 - place][side]
        if len(proofs) > 1 or (fisher_z and side == 1) or other > FAILS:
            return None
        kind: Kind = "z" if fisher_z else ("r", "partial")[side]
        sentence = (
            f"read as {_KINDS[kind]}, the smallest eigenvalue is {own[place][side]:.3f} where it should be 0 or more, "
            f"in {candidates[place].words}, and {other:.2f} in the other order"
        )
        return OrderEvidence(candidates[place], kind, tuple(layouts), (sentence,))
    return None


def _by_ratio(vectors: FloatArray, candidates: list[Layout], layouts: Sequence[Layout]) -> OrderEvidence:
    ratios = sorted((_ratio(matrices(vectors, layout)), layout.order, layout) for layout in candidates)
    (best, _, layout), (other, _, _) = ratios[0], ratios[-1]
    shown = f"ratio of the ends of the spectrum {best:.3f} in {layout.words}, {other:.3f} in the other order"
    if (
        best > 0
        and np.isfinite(other)
        and other >= MARGIN * best
        and not any(_fits(vectors, one) for one in candidates)
    ):
        return OrderEvidence(layout, "scaled", tuple(layouts), (f"{shown}; their scale is not known",))
    return OrderEvidence(None, None, tuple(layouts), (f"neither order fits better ({shown})",))


def _fits(vectors: FloatArray, layout: Layout) -> bool:
    """Whether the values may be correlations in this order, of either sign."""
    return max(smallest(matrices(vectors, layout))) > FAILS


def _ratio(squares: FloatArray) -> float:
    """Return the median ratio of the nearer to the farther end of the spectrum (of partial correlations the upper)."""
    values = [np.linalg.eigvalsh(one) for one in map(_without_gaps, squares) if len(one) > 2 and one.any()]
    ratios = [abs(one[0]) / one[-1] for one in values]
    return float(np.median([min(ratio, 1 / ratio) for ratio in ratios])) if ratios else np.inf


_KINDS = {"r": "correlations", "z": "Fisher z", "partial": "partial correlations"}
