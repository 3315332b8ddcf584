"""Overlap: are the features associated with a target the same ones that are associated with something else?

Features (edges, variants) are correlated, so that drawing as many at random is no valid null. The null
distribution is made by permuting the target over subjects instead: features keep all that links them with each other
and with other phenotypes, only the target loses its place. Permuted over everybody, the target is unrelated to
anything; permuted within strata of the other phenotype, it keeps what it shares with that one, and the overlap is
what sharing alone brings about.

Permuted targets pass no threshold, so as many of their strongest features are taken as the target really has.

References
----------
Winkler et al. (2014), NeuroImage 92:381, for permuting whole subjects. Phipson and Smyth (2010), Stat. Appl. Genet.
Mol. Biol. 9:39, for p-values that are never zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.column_moments import column_blocks
from imagenomer.statistics.design import Design, Term
from imagenomer.statistics.freedman_lane import FreedmanLane
from imagenomer.statistics.permutation import draw_permutations
from imagenomer.statistics.products import combine_rows, multiply
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: Permutations worked on at a time: of edges as many as fit this many numbers, of variants so many.
_NUMBERS_AT_A_TIME, _VARIANTS_AT_A_TIME = 12_000_000, 50
#: What rounding to float32 can make of equal correlations.
_ROUNDING = 2e-6


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """Features of a target shared with those of other phenotypes; arrays are of shape (n_others,).

    Attributes
    ----------
    n_chosen : int
        Features of the target.
    shared : ndarray of int
        How many of them are of the other phenotype too.
    shared_expected : ndarray
        Their mean number after a permutation.
    shared_p : ndarray
        Chance of so many or more.
    similarity : ndarray
        Correlation of the two maps over features; NaN where one does not vary.
    similarity_expected : ndarray
        Mean after a permutation, of its magnitude where both maps have signs.
    similarity_p : ndarray
        Chance of one as large, in magnitude where both maps have signs.
    n_permutations : int
    """

    n_chosen: int
    shared: IntArray
    shared_expected: FloatArray
    shared_p: FloatArray
    similarity: FloatArray
    similarity_expected: FloatArray
    similarity_p: FloatArray
    n_permutations: int

    def only(self, place: int) -> Overlap:
        """Return the overlap with one of the others."""
        arrays = {
            name: getattr(self, name)[place : place + 1]
            for name in ("shared", "shared_expected", "shared_p", "similarity", "similarity_expected", "similarity_p")
        }
        return replace(self, **arrays)


def edge_overlap(
    values: NDArray[np.floating[Any]],
    rows: IntArray,
    target: Term,
    design: Design,
    chosen: BoolArray,
    maps: FloatArray,
    signed: BoolArray,
    sets: BoolArray,
    *,
    n_permutations: int,
    rng: np.random.Generator,
    blocks: IntArray | None = None,
) -> Steps[Overlap]:
    """Compare the edges of a target with those of other phenotypes.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), C-ordered
        Edges with missing values are excluded.
    rows : ndarray, shape (n_subjects,)
        Rows in use.
    target : Term
        With one column its map is of r, with several of eta, which has no sign.
    design : Design
        The mean, of the same subjects.
    chosen : ndarray of bool, shape (n_edges,)
        Edges of the target.
    maps : ndarray, shape (n_others, n_edges)
        Effect of each other phenotype; NaN where undefined.
    signed : ndarray of bool, shape (n_others,)
        Whether that map has a sign; if not, it is compared with the magnitude of the target's.
    sets : ndarray of bool, shape (n_others, n_edges)
        Edges of each.
    n_permutations : int
    rng : numpy.random.Generator
    blocks : ndarray of int, shape (n_subjects,), optional
        Subjects are permuted only within a block.

    Raises
    ------
    InputError
        If there is too little to permute.
    """
    model = FreedmanLane(values, rows, target, design, blocks)
    signed = signed & (model.n_tested == 1)
    tally: _Tally | None = None
    drawn = model.permutations(n_permutations, rng)
    at_a_time = max(1, min(drawn.n, _NUMBERS_AT_A_TIME // model.n_edges))
    effects, first = np.empty((at_a_time, model.n_edges), dtype=np.float32), np.zeros(0, dtype=np.intp)
    for block in model.blocks(drawn, at_a_time):
        if isinstance(block, Progress):
            yield block
            continue
        chunk, permutations, unit, columns = block
        product = model.products(unit, permutations)
        size = chunk.stop - chunk.start
        effects[:size, columns] = product[0] if len(product) == 1 else np.sqrt((product**2).sum(axis=0))
        if columns.stop == model.n_edges:
            if tally is None:
                first = np.flatnonzero(~np.isnan(model.share))
                actual = np.sqrt(model.share[first]) * (np.sign(model.statistic[first]) if model.n_tested == 1 else 1)
                tally = _Tally(actual, chosen[first], maps[:, first], signed, sets[:, first])
            tally.add(effects[:size] if first.size == model.n_edges else effects[:size, first])
        yield model.progress(chunk, columns, drawn.n)
    assert tally is not None  # a cohort has edges
    return tally.result()


def variant_overlap(
    dosage: NDArray[np.int8],
    target: FloatArray,
    strengths: FloatArray,
    n_top: int,
    *,
    n_permutations: int,
    rng: np.random.Generator,
    blocks: IntArray | None = None,
) -> Steps[Overlap]:
    """Compare the strongest variants of a target with those of other phenotypes.

    Parameters
    ----------
    dosage : ndarray, shape (n_subjects, n_variants), int8
        0, 1, 2, or -1 where missing. Genotypes stay with their subjects, and with them linkage and ancestry.
    target : ndarray, shape (n_subjects,)
        A number, or 1 and 0 for a level and the others.
    strengths : ndarray, shape (n_others, n_variants)
        Magnitude of each other phenotype's correlation with each variant; NaN where not tested.
    n_top : int
        Variants compared: so many of the strongest of each.
    n_permutations, rng, blocks
        As for `edge_overlap`.
    """
    about = target - target.mean()
    about /= np.sqrt(about @ about / about.size)
    n_known = np.count_nonzero(dosage >= 0, axis=0)
    actual = yield from _correlate_variants(dosage, about[None], (0, n_permutations))
    tested = np.flatnonzero(np.isfinite(actual[0]))
    n_top = min(n_top, tested.size)
    strengths = np.nan_to_num(strengths[:, tested], nan=0.0)
    magnitude, no_sign = np.abs(actual[0, tested]).astype(np.float64), np.zeros(len(strengths), dtype=bool)
    # Variants differ in how many people have them, so the strongest are those of the largest r times root dof.
    weight = np.sqrt(np.maximum(n_known[tested] - 2, 0))
    chosen, members = strongest(magnitude * weight, n_top), strongest(strengths * weight, n_top)
    tally = _Tally(magnitude, chosen, strengths, no_sign, members)
    for start in range(0, n_permutations, _VARIANTS_AT_A_TIME):
        size = min(_VARIANTS_AT_A_TIME, n_permutations - start)
        permuted = about[draw_permutations(rng, size, target.size, blocks)]
        found = yield from _correlate_variants(dosage, permuted, (start, n_permutations))
        tally.add(np.abs(np.nan_to_num(found[:, tested])), weight.astype(np.float32))
    return tally.result()


def _correlate_variants(dosage: NDArray[np.int8], targets: FloatArray, place: tuple[int, int]) -> Steps[Float32Array]:
    """Correlate each target with each variant among the subjects who have the genotype, to within 1e-5.

    Parameters
    ----------
    targets : ndarray, shape (n_targets, n_subjects)
        Of mean 0 and mean square 1, so that sums lose no digits.
    place : tuple of int
        Permutations done, and in all.

    Returns
    -------
    ndarray, shape (n_targets, n_variants)
        NaN where the genotype does not vary.
    """
    n_variants = dosage.shape[1]
    rows, squares = targets.astype(np.float32), (targets**2).astype(np.float32)
    result = np.empty((len(rows), n_variants), dtype=np.float32)
    for columns in column_blocks(n_variants):
        block = dosage[:, columns]
        known = (block >= 0).astype(np.float32)
        code = np.maximum(block, 0).astype(np.float32)
        n = np.maximum(known.sum(axis=0, dtype=np.float64), 1)
        total = code.sum(axis=0, dtype=np.float64)
        about = np.einsum("ij,ij->j", code, code, dtype=np.float64) - total**2 / n
        spread = np.sqrt(np.where(about > 0.25, about, np.nan))
        shared, sums, lengths = multiply(rows, code), multiply(rows, known), multiply(squares, known)
        with np.errstate(invalid="ignore", divide="ignore"):
            result[:, columns] = (shared - total * sums / n) / (spread * np.sqrt(lengths - sums**2 / n))
        yield Progress("Permuting", place[0] + len(rows) * columns.stop // n_variants, place[1])
    return np.clip(result, -1, 1)


def strongest(magnitudes: NDArray[np.floating[Any]], n: int) -> BoolArray:
    """Return where the ``n`` largest of each row are (of the last axis); of equal ones the first."""
    rows = np.atleast_2d(magnitudes)
    where = np.zeros(rows.shape, dtype=bool)
    if n:
        np.put_along_axis(where, np.argsort(-rows, axis=1, kind="stable")[:, :n], True, axis=1)
    return where.reshape(magnitudes.shape)


class _Tally:
    """Counts how often a permutation reaches the actual value."""

    def __init__(
        self, actual: FloatArray, chosen: BoolArray, maps: FloatArray, signed: BoolArray, sets: BoolArray
    ) -> None:
        self._maps, self._has_map = _standardised(maps)
        self._signed, self._sets = signed, sets.astype(np.float32)
        self._n_chosen = int(np.count_nonzero(chosen))
        self._shared = np.rint(combine_rows(self._sets.T, chosen.astype(np.float32))).astype(np.intp)
        self._similarity = self._similar(actual.astype(np.float32)[None])[0]
        self._minimum = np.where(signed, np.abs(self._similarity), self._similarity) - _ROUNDING
        n = len(maps)
        self._as_many, self._as_far = np.zeros(n, dtype=np.intp), np.zeros(n, dtype=np.intp)
        self._total_shared, self._total_similar, self._n = np.zeros(n), np.zeros(n), 0

    def add(self, effects: Float32Array, weight: Float32Array | None = None) -> None:
        """Count the effects of some permutations, (n, n_features), the strongest being those of the largest effect
        times its weight."""
        for effect in effects:
            magnitude = np.abs(effect) if weight is None else np.abs(effect) * weight
            place = magnitude.size - self._n_chosen
            top = np.argpartition(magnitude, place)[place:] if self._n_chosen else np.zeros(0, dtype=np.intp)
            shared = self._sets[:, top].sum(axis=1)
            self._as_many += shared >= self._shared
            self._total_shared += shared
        similar = self._similar(effects)
        similar[:, self._signed] = np.abs(similar[:, self._signed])
        self._as_far += (similar >= self._minimum).sum(axis=0)
        self._total_similar += similar.sum(axis=0)
        self._n += len(effects)

    def result(self) -> Overlap:
        similarity = np.where(self._has_map, self._similarity, np.nan)
        return Overlap(
            n_chosen=self._n_chosen,
            shared=self._shared,
            shared_expected=self._total_shared / self._n,
            shared_p=(1 + self._as_many) / (1 + self._n),
            similarity=similarity,
            similarity_expected=np.where(self._has_map, self._total_similar / self._n, np.nan),
            similarity_p=np.where(self._has_map, (1 + self._as_far) / (1 + self._n), np.nan),
            n_permutations=self._n,
        )

    def _similar(self, effects: Float32Array) -> FloatArray:
        """Correlate maps of the target, (n, n_features), with those of the others; unsigned ones with magnitudes."""
        result = np.empty((len(effects), len(self._maps)))
        for signed in np.unique(self._signed).tolist():
            own = self._signed == signed
            result[:, own] = _correlated(effects if signed else np.abs(effects), self._maps[own])
        return result


def _standardised(maps: FloatArray) -> tuple[Float32Array, BoolArray]:
    """Return maps of mean 0 and length 1, 0 where undefined, and which of them vary."""
    present = np.isfinite(maps)
    with np.errstate(invalid="ignore"):
        mean = np.where(present, maps, 0).sum(axis=1, keepdims=True) / np.maximum(present.sum(axis=1, keepdims=True), 1)
    deviations = np.where(present, maps - mean, 0)
    length = np.sqrt((deviations**2).sum(axis=1, keepdims=True))
    varies = length > 1e-12
    return (deviations / np.where(varies, length, 1)).astype(np.float32), np.asarray(varies[:, 0])


def _correlated(effects: Float32Array, maps: Float32Array) -> FloatArray:
    """Return the correlation of each row of effects with each standardised map, shape (n_effects, n_maps)."""
    deviations = effects - effects.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    length = np.sqrt(np.einsum("ij,ij->i", deviations, deviations, dtype=np.float64))
    varies = length > 1e-7 * np.sqrt(effects.shape[1])
    products = multiply(deviations, maps.T)
    return np.where(varies[:, None], products / np.where(varies, length, 1)[:, None], 0)
