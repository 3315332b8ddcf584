"""Remainders: what remains of an association given one candidate, by scores of subjects learned without themselves.

Subjects are scored by their connectivity (`left_out_scores`), and the slope of the scores on the target is compared
with that given a candidate (`remaining_slope`), in the subjects who have it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from imagenomer.progress import Steps
from imagenomer.statistics.connectivity_sample import Sample
from imagenomer.statistics.double_selection import f_test_p
from imagenomer.statistics.flexible_columns import flexible_columns, level_codes
from imagenomer.statistics.left_out_scores import Spectrum, left_out_scores, map_scores, spectrum_of
from imagenomer.statistics.orthonormal import orthonormal
from imagenomer.statistics.remaining_slope import ALONG_MAP, ALONG_PATTERN, RemainingShare, remaining_share
from imagenomer.statistics.verdict import LEAST, Bounds, Category, decide
from imagenomer.types import BoolArray, FloatArray, IntArray, Variable


@dataclass(frozen=True, slots=True)
class Remainder:
    """What remains given one candidate, a product of two, or several together.

    Attributes
    ----------
    pattern, of_map : RemainingShare
        Of the slope along the predictive pattern, and along the map of marginal slopes. The influences of the first are
        of all subjects of the sample, 0 of those who lack the candidate.
    n_subjects : int
    category : str
        What the intervals are called.
    """

    pattern: RemainingShare
    of_map: RemainingShare
    n_subjects: int
    category: Category

    @property
    def share(self) -> RemainingShare:
        """The share that is told: along the predictive pattern or, where that is not known, along the map."""
        return self.pattern if self.pattern.known or not self.of_map.known else self.of_map


@dataclass(frozen=True, slots=True)
class CandidateExplanation:
    """What remains given one candidate.

    Attributes
    ----------
    remainder : Remainder
    p_target : float
        Of no association of the candidate with the target, by the flexible columns.
    p_score : float
        Of no association of the candidate with the scores given the target.
    n_apart : int
        Subjects in levels of the candidate in which the target varies; all where the candidate is a number.
    n_columns : int
        Of the candidate.
    category : str
    """

    remainder: Remainder
    p_target: float
    p_score: float
    n_apart: int
    n_columns: int
    category: Category

    @property
    def is_alias(self) -> bool:
        """Whether the candidate says the same as the target in these subjects."""
        return self.remainder.pattern.is_alias


@dataclass(frozen=True, slots=True, eq=False)
class Before:
    """Target and scores of everybody, without a candidate in view."""

    target: FloatArray
    scores: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scores of a sample's subjects; one spectrum for all candidates that the same subjects have.

    Attributes
    ----------
    sample : Sample
    bounds : Bounds
        By which remainders are called.
    spectra : dict of bytes to Spectrum
        By who is in them.
    """

    sample: Sample
    bounds: Bounds
    spectra: dict[bytes, Spectrum] = field(default_factory=dict)

    def known(self, *candidates: Variable) -> BoolArray:
        """Return who has all of some candidates."""
        known = np.ones(self.sample.n_subjects, dtype=bool)
        for one in candidates:
            known &= ~one.missing[self.sample.subjects]
        return known

    def of_everybody(self) -> Steps[Before]:
        """Return target and scores without a candidate in view."""
        spectrum = yield from self.spectrum(np.ones(self.sample.n_subjects, dtype=bool))
        constant = np.full((spectrum.n_subjects, 1), 1 / np.sqrt(spectrum.n_subjects))
        return Before(spectrum.target, (yield from left_out_scores(spectrum, constant)))

    def remainder(self, known: BoolArray, columns: FloatArray) -> Steps[tuple[Remainder, FloatArray]]:
        """Return what remains given some columns of those who have them, and their scores; none where they are few."""
        n = int(known.sum())
        spectrum = None if n < LEAST else (yield from self.spectrum(known))
        if spectrum is None or not spectrum.target.shape[1]:
            unknown = RemainingShare(np.nan, -np.inf, np.inf, np.nan)
            return Remainder(unknown, unknown, n, "cannot tell"), np.zeros((0, 0))
        basis = orthonormal(np.column_stack([np.ones(n), columns]))
        scores = yield from left_out_scores(spectrum, basis)
        pattern = remaining_share(spectrum.target, scores, basis, spectrum.codes, ALONG_PATTERN)
        if pattern.known:
            influence = np.zeros(self.sample.n_subjects)
            influence[known] = pattern.influence
            pattern = replace(pattern, influence=influence)
        of_map = remaining_share(spectrum.target, map_scores(spectrum), basis, spectrum.codes, ALONG_MAP)
        return Remainder(pattern, of_map, n, decide(pattern, of_map, self.bounds)), scores

    def spectrum(self, known: BoolArray) -> Steps[Spectrum]:
        """Return the spectrum of some subjects, with their target."""
        key = known.tobytes()
        if key not in self.spectra:
            if self.sample.by_features:  # of thousands of subjects there is room for few
                for other in [one for one, kept in self.spectra.items() if kept.n_subjects < self.sample.n_subjects]:
                    del self.spectra[other]
            part = self.sample.of(np.flatnonzero(known))
            self.spectra[key] = yield from spectrum_of(part.gram, part.target, part.clusters)
        return self.spectra[key]


def examine(scores: Scores, candidate: Variable, before: Before) -> Steps[CandidateExplanation]:
    """Return what remains given one candidate, in the subjects who have it."""
    known = scores.known(candidate)
    subjects = scores.sample.subjects[known]
    columns = flexible_columns(candidate, subjects)
    remainder, _ = yield from scores.remainder(known, columns)
    target = (yield from scores.spectrum(known)).target
    constant = np.ones((subjects.size, 1))
    p_target = f_test_p(target, columns, constant)
    p_score = f_test_p(before.scores[known], columns, np.column_stack([constant, target]))
    levels = level_codes(candidate, subjects)
    n_apart = subjects.size if levels is None else _n_apart(target, levels[0])
    return CandidateExplanation(remainder, p_target, p_score, n_apart, columns.shape[1], remainder.category)


def _n_apart(target: FloatArray, codes: IntArray) -> int:
    """Return how many subjects have a level in which the target varies."""
    groups = [target[codes == code] for code in range(int(codes.max()) + 1)]
    return sum(len(group) for group in groups if np.ptp(group, axis=0).max(initial=0) > 1e-9)
