"""Explanation: what becomes of an association of a target with connectivity when candidates are adjusted for.

The association is tested first (`score_test`). Then what remains given a candidate is compared with all of it
(`remainders`): each candidate by itself, in the subjects who have it, and those of the joint model together
(`joint_model`). What the intervals are called is decided in `verdict`. Random are the sign flips only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from imagenomer.progress import Steps
from imagenomer.statistics.commonality import ExplainedParts, explained_parts
from imagenomer.statistics.connectivity_sample import Sample
from imagenomer.statistics.flexible_columns import flexible_columns
from imagenomer.statistics.joint_model import JointModel, Product, choose_joint, repeat_joint
from imagenomer.statistics.remainders import CandidateExplanation, Remainder, Scores, examine
from imagenomer.statistics.score_test import ScoreTest
from imagenomer.statistics.sensitivity import Sensitivity, sensitivity_of
from imagenomer.statistics.verdict import GATE_SHARE, Bounds, Category, category_of, decide_overall, settle
from imagenomer.types import Variable

#: Corrected p-value up to which a candidate is associated with the target.
_ASSOCIATED = 0.05


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
    as_in: JointModel | None = None,
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
    as_in : JointModel, optional
        Another sample's, whose candidates and products are adjusted for together in place of those that matter here.
    """
    gate, rest = GATE_SHARE * alpha, (1 - GATE_SHARE) * alpha
    everybody = np.ones(sample.n_subjects, dtype=bool)
    nothing = np.zeros((sample.n_subjects, 0))
    test = yield from sample.test(everybody, nothing, n_flips, rng, gate)
    scores = Scores(sample, bounds or Bounds())
    before = yield from scores.of_everybody()
    found = {}
    for name, candidate in candidates.items():
        if np.ptp(candidate.values[sample.subjects[scores.known(candidate)]]):
            found[name] = yield from examine(scores, candidate, before)
    causes = {name: one for name, one in found.items() if name not in kept_out}
    if as_in is None:
        choice = yield from choose_joint(scores, causes, candidates, before)
    else:
        choice = yield from repeat_joint(scores, causes, candidates, as_in)
    chosen, products = choice.names, choice.products
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


def _with_categories(
    found: Mapping[str, CandidateExplanation], products: Mapping[tuple[str, str], Product], bounds: Bounds
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
