"""Explanation: what becomes of an association of a target with connectivity when candidates are adjusted for.

The association is tested first (`score_test`). Then subjects are scored by their connectivity without themselves
(`left_out_scores`), and the slope of the scores on the target is compared with that given a candidate
(`remaining_slope`): each candidate by itself, in the subjects who have it, and those of the joint model together
(`double_selection`). What the intervals are called is decided in `verdict`. Random are the sign flips only.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from imagenomer.progress import Steps
from imagenomer.statistics.commonality import ExplainedParts, explained_parts
from imagenomer.statistics.connectivity_sample import Sample
from imagenomer.statistics.double_selection import ENTRY_P, f_test_p, select_joint
from imagenomer.statistics.flexible_columns import flexible_columns, level_codes, plain_columns
from imagenomer.statistics.left_out_scores import Spectrum, left_out_scores, map_scores, spectrum_of
from imagenomer.statistics.orthonormal import orthonormal
from imagenomer.statistics.remaining_slope import ALONG_MAP, ALONG_PATTERN, RemainingShare, remaining_share
from imagenomer.statistics.score_test import ScoreTest
from imagenomer.statistics.sensitivity import Sensitivity, sensitivity_of
from imagenomer.statistics.verdict import (
    GATE_SHARE,
    LEAST,
    Bounds,
    Category,
    category_of,
    decide,
    decide_overall,
    settle,
)
from imagenomer.types import BoolArray, FloatArray, IntArray, Variable

#: Products of two candidates have at most this share of the subjects in columns.
_MOST_PRODUCTS = 1 / 20
#: Corrected p-value up to which a candidate is associated with the target.
_ASSOCIATED = 0.05


@dataclass(frozen=True, slots=True)
class Remainder:
    """What remains given one candidate, a product of two, or several together.

    Attributes
    ----------
    pattern, of_map : RemainingShare
        Of the slope along the predictive pattern, and along the map of marginal slopes.
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
class JointModel:
    """Candidates that are adjusted for together.

    Attributes
    ----------
    names : tuple of str
        The clearest first; none where no candidate matters.
    products : mapping of (str, str) to Remainder
        Pairs of them whose products are in the model, and what remains given both and their products.
    known : ndarray of bool, shape (n_subjects,)
        Who of the sample has all of them.
    columns : ndarray, shape (n_known, n_columns)
        Without the constant.
    """

    names: tuple[str, ...]
    products: Mapping[tuple[str, str], Remainder]
    known: BoolArray
    columns: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What becomes of the association of a target with connectivity when candidates are adjusted for.

    Attributes
    ----------
    test, given_joint : ScoreTest
        Of the association without adjustment, and given the joint model.
    candidates : mapping of str to CandidateExplanation
        By name; without those that do not vary or that too few subjects have.
    joint : Remainder
    model : JointModel
        What ``joint`` is given.
    sensitivity : Sensitivity or None
        How strong a cause outside the joint model would have to be to explain what remains; None where nothing does, or
        the target has several columns.
    r_squared : float
        Of the target by its left-out scores; negative where the features are uninformative.
    category : str
        All candidates together.
    appears : bool
        Whether there is an association only once candidates are adjusted for.
    parts : mapping of str to ExplainedParts
        What each candidate of the joint model explains alone and uniquely; empty where those are fewer than two.
    """

    test: ScoreTest
    given_joint: ScoreTest
    candidates: Mapping[str, CandidateExplanation]
    joint: Remainder
    model: JointModel
    sensitivity: Sensitivity | None
    r_squared: float
    category: Category
    appears: bool
    parts: Mapping[str, ExplainedParts] = field(default_factory=dict)


def explain(
    sample: Sample,
    candidates: Mapping[str, Variable],
    *,
    n_flips: int,
    rng: np.random.Generator,
    alpha: float = 0.05,
    bounds: Bounds | None = None,
    kept_out: Collection[str] = (),
) -> Steps[Explanation]:
    """Explain the association of a target with connectivity by candidates.

    Parameters
    ----------
    sample : Sample
    candidates : mapping of str to Variable
        Which may be missing for some subjects.
    n_flips : int
        Sign flips of each of two tests.
    rng : numpy.random.Generator
    alpha : float
        Level of significance, of which the first test has four fifths and the test given the joint model the rest.
    bounds : Bounds, optional
    kept_out : collection of str
        Candidates that are examined, and never adjusted for together with others: links between target and
        connectivity, and consequences of both.
    """
    gate, rest = GATE_SHARE * alpha, (1 - GATE_SHARE) * alpha
    everybody = np.ones(sample.n_subjects, dtype=bool)
    nothing = np.zeros((sample.n_subjects, 0))
    test = yield from sample.test(everybody, nothing, n_flips, rng, gate)
    scores = _Scores(sample, bounds or Bounds())
    before = yield from scores.of_everybody()
    found = {}
    for name, candidate in candidates.items():
        if np.ptp(candidate.values[sample.subjects[scores.known(candidate)]]):
            found[name] = yield from _explanation_by(scores, candidate, before)
    causes = {name: one for name, one in found.items() if name not in kept_out}
    products = yield from _products(scores, [candidates[name] for name in causes], before)
    chosen = _joint_names(scores, causes, candidates, tuple(products))
    products = {pair: one for pair, one in products.items() if {*pair} <= {*chosen}}
    known = scores.known(*(candidates[name] for name in chosen))
    own = {name: flexible_columns(candidates[name], sample.subjects[known]) for name in chosen}
    columns = np.column_stack([nothing[known], *own.values(), *(one.columns[known] for one in products.values())])
    model = JointModel(chosen, {pair: one.remainder for pair, one in products.items()}, known, columns)
    joint, left_out = yield from scores.remainder(known, columns)
    given_joint = (yield from sample.test(known, columns, n_flips, rng, rest, alpha)) if chosen else test
    if test.p_value > gate:
        appears = given_joint.p_value <= rest
        category: Category = "real effect" if appears else "no association"
        explained = {name: replace(one, category="no association") for name, one in found.items()}
    else:
        appears = False
        explained = _with_categories(found, products, scores.bounds)
        for name in chosen:
            one = explained[name]
            settled = settle(one.category, one.remainder.pattern, given_joint.p_value, alpha, scores.bounds)
            explained[name] = replace(one, category=settled)
        category = settle(joint.category, joint.pattern, given_joint.p_value, alpha, scores.bounds)
        category = decide_overall(category, [explained[name].category for name in causes])
        if category != "confounding" and any(one.is_alias for one in causes.values()):
            category = "cannot tell"
    sensitivity = None
    if joint.pattern.known and joint.pattern.estimate > 0 and before.target.shape[1] == 1:
        target = (yield from scores.spectrum(known)).target
        sensitivity = sensitivity_of(target[:, 0], left_out[:, 0], own)
    parts: Mapping[str, ExplainedParts] = {}
    if joint.pattern.known:
        spectrum = yield from scores.spectrum(known)
        given = {pair: one.columns[known] for pair, one in products.items()}
        parts = yield from explained_parts(spectrum.target, left_out, own, given, spectrum.codes)
    r_squared = 1 - float(((before.target - before.scores) ** 2).sum() / (before.target**2).sum())
    return Explanation(test, given_joint, explained, joint, model, sensitivity, r_squared, category, appears, parts)


# --- scores of subjects, and what remains of their slope -----------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Before:
    """Target and scores of everybody, without a candidate in view."""

    target: FloatArray
    scores: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Product:
    """Products of two candidates, of everybody, and what remains given both and these."""

    columns: FloatArray
    remainder: Remainder


@dataclass(frozen=True, slots=True, eq=False)
class _Scores:
    """Scores of a sample's subjects; one spectrum for all candidates that the same subjects have."""

    sample: Sample
    bounds: Bounds
    spectra: dict[bytes, Spectrum] = field(default_factory=dict)

    def known(self, *candidates: Variable) -> BoolArray:
        """Return who has all of some candidates."""
        known = np.ones(self.sample.n_subjects, dtype=bool)
        for one in candidates:
            known &= ~one.missing[self.sample.subjects]
        return known

    def of_everybody(self) -> Steps[_Before]:
        spectrum = yield from self.spectrum(np.ones(self.sample.n_subjects, dtype=bool))
        constant = np.full((spectrum.n_subjects, 1), 1 / np.sqrt(spectrum.n_subjects))
        return _Before(spectrum.target, (yield from left_out_scores(spectrum, constant)))

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


def _explanation_by(scores: _Scores, candidate: Variable, before: _Before) -> Steps[CandidateExplanation]:
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


# --- the joint model -----------------------------------------------------------------------------


def _products(scores: _Scores, candidates: list[Variable], before: _Before) -> Steps[dict[tuple[str, str], _Product]]:
    """Return the products of two candidates that are associated with target and scores beyond the two."""
    everybody = np.ones(scores.sample.n_subjects, dtype=bool)
    subjects, n = scores.sample.subjects, scores.sample.n_subjects
    whole = [one for one in candidates if scores.known(one).all()]
    n_pairs = len(whole) * (len(whole) - 1) / 2
    found = {}
    plain = {one.name: plain_columns(one, subjects) for one in whole}
    flexible = {one.name: flexible_columns(one, subjects) for one in whole}
    for one, other in itertools.combinations(plain, 2):
        first, second = plain[one], plain[other]
        if first.shape[1] * second.shape[1] > _MOST_PRODUCTS * n:
            continue
        products = (first[:, :, None] * second[:, None]).reshape(n, -1)
        mains = np.column_stack([np.ones(n), flexible[one], flexible[other]])
        p_value = max(f_test_p(outcome, products, mains) for outcome in (before.target, before.scores))
        if p_value * n_pairs < ENTRY_P:
            remainder, _ = yield from scores.remainder(everybody, np.column_stack([mains[:, 1:], products]))
            found[one, other] = _Product(products, remainder)
    return found


def _joint_names(
    scores: _Scores,
    found: Mapping[str, CandidateExplanation],
    candidates: Mapping[str, Variable],
    pairs: tuple[tuple[str, str], ...],
) -> tuple[str, ...]:
    """Return the candidates of the joint model: not those that say the same as the target, or that few have."""
    usable = {name: one for name, one in found.items() if one.remainder.n_subjects >= LEAST and not one.is_alias}
    return select_joint(
        {name: min(one.p_target, one.p_score) for name, one in usable.items()},
        {name: one.n_columns for name, one in usable.items()},
        {name: scores.known(candidates[name]) for name in usable},
        tuple(name for pair in pairs for name in pair if name in usable),
    )


def _with_categories(
    found: Mapping[str, CandidateExplanation], products: Mapping[tuple[str, str], _Product], bounds: Bounds
) -> dict[str, CandidateExplanation]:
    """Return the candidates with what is said of each where there is an association.

    A candidate that is not associated with the target cannot explain its association, unless along the predictive
    pattern the association is gone; and of two candidates whose products explain it both do.
    """
    explained = {}
    for name, one in found.items():
        category = one.category
        by_pattern = category_of(one.remainder.pattern, bounds)
        if by_pattern in ("real effect", "cannot tell") and one.p_target * len(found) > _ASSOCIATED:
            category = "unrelated"
        for pair, product in products.items():
            said = product.remainder.category
            if name in pair and said in ("confounding", "both") and category != "confounding":
                category = said
        explained[name] = replace(one, category=category)
    return explained
