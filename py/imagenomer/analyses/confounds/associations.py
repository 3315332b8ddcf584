"""How target, candidates and connectivity as a whole are associated, in pairs and given each other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imagenomer.analyses.confounds.predictions import predict
from imagenomer.analyses.confounds.subjects import Pair, Subjects, adjusted_model, stream, target_as_phenotype
from imagenomer.analyses.shared.linear_model import Model, Question, build_model
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.statistics.confounding import ConfounderTest, partial_confounder_test
from imagenomer.statistics.correction import adjust_neg_log10
from imagenomer.statistics.design import residuals
from imagenomer.statistics.multivariate import ShareExplained, share_explained
from imagenomer.statistics.pairwise import Pairs, associate_pairs
from imagenomer.statistics.prediction import CrossValidation
from imagenomer.types import FloatArray

# --- phenotypes --------------------------------------------------------------------------------------


def associate(people: Subjects) -> Steps[Pairs]:
    """Associate the target, which comes first, and all candidates with each other."""
    target = people.target.question.phenotype
    if people.target.level is not None:
        codes = np.where(target.missing, -1, target.values == target.levels.index(people.target.level)).astype(np.intp)
        target = replace(target, values=codes, levels=(f"not {people.target.level}", people.target.level))
    return (yield from associate_pairs([target, *people.candidates.phenotypes], people.subjects))


def corrected_p(pairs: Pairs) -> FloatArray:
    """Return the p-values of the candidates' association with the target, corrected for their number (Holm)."""
    return np.asarray(10 ** -adjust_neg_log10(pairs.neg_log10_p[0, 1:], "holm"))


# --- connectivity as a whole -------------------------------------------------------------------------


def whole_association(pair: Pair, model: Model, n_permutations: int, rng: np.random.Generator) -> Steps[ShareExplained]:
    """Test connectivity as a whole for what a model tests."""
    return (
        yield from share_explained(pair.space.gram, model.tested, model.design, n_permutations=n_permutations, rng=rng)
    )


@dataclass(frozen=True, slots=True, eq=False)
class TargetConnectivity:
    """Association of the target with connectivity, without adjustment.

    Attributes
    ----------
    share : ShareExplained
        All edges at once.
    predicted : CrossValidation
    """

    share: ShareExplained
    predicted: CrossValidation

    @property
    def p_value(self) -> float:
        return self.share.p_value


def target_connectivity(pair: Pair, permutations: int, seed: int) -> Steps[TargetConnectivity]:
    """Compute the association of the target with connectivity, without adjustment."""
    share = yield from whole_association(pair, pair.target, permutations, stream(seed, "target"))
    predicted = yield from predict(pair.space, pair.goal, pair.splits)
    return TargetConnectivity(share, predicted)


# --- given a candidate -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class ConditionalAssociations:
    """Associations between target, candidate and connectivity, each given another.

    Attributes
    ----------
    rest : ShareExplained
        Of connectivity, by the target given the candidate.
    predictions : ConfounderTest or None
        None where it was not computed, because the candidate is not associated with the target, and for classes of
        three or more, where there is no such test.
    beyond : ShareExplained or None
        Of connectivity, by the candidate given the target: computed for those classes instead.
    remaining, retained : float
        See `imagenomer.statistics.verdict.Evidence`.
    """

    rest: ShareExplained
    predictions: ConfounderTest | None
    beyond: ShareExplained | None
    remaining: float
    retained: float

    @property
    def p_predictions(self) -> float:
        """Of predictions associated with the candidate no more than the target is; NaN where not computed."""
        if self.predictions is not None:
            return self.predictions.p_value
        return float("nan") if self.beyond is None else self.beyond.p_value


def conditional_associations(
    pair: Pair, candidate: Phenotype, alone: TargetConnectivity, associated: bool, permutations: int, seed: int
) -> Steps[ConditionalAssociations]:
    """Compute the associations between target, candidate and connectivity, each given another.

    Parameters
    ----------
    associated : bool
        Whether the candidate is associated with the target; if not, predictions are not tested.

    Raises
    ------
    InputError
        If one follows from the other.
    """
    name = candidate.name
    given = adjusted_model(pair, (candidate,))
    rest = yield from whole_association(pair, given, permutations, stream(seed, "rest", name))
    test, beyond = None, None
    if associated:
        predicted = alone.predicted.averaged()
        test = yield from _confounder_test(pair, candidate, predicted, permutations, stream(seed, "predictions", name))
        if test is None:
            reverse = _candidate_given(pair, candidate)
            beyond = yield from whole_association(pair, reverse, permutations, stream(seed, "beyond", name))
    return ConditionalAssociations(rest, test, beyond, *_remaining(alone.share, rest, given))


def _candidate_given(pair: Pair, candidate: Phenotype) -> Model:
    """Return the candidate adjusted for the target."""
    return build_model(Question(candidate, None, None, (target_as_phenotype(pair),)), pair.subjects)


def _remaining(alone: ShareExplained, given: ShareExplained, model: Model) -> tuple[float, float]:
    """Return how much of an association is left given a candidate, and relative to an effect independent of it.

    The part of the target that the candidate explains is lost in any case, even of an independent effect.
    1 means nothing (else) is lost, 0 that nothing is left beyond chance; NaN where there was no association.

    Parameters
    ----------
    alone, given : ShareExplained
        Of the target without and with the candidate adjusted for.
    model : Model
        The target adjusted for the candidate.
    """
    about = model.tested.values - model.tested.values.mean(axis=0)
    left = float((residuals(about, model.design.basis) ** 2).sum() / (about**2).sum())
    if not alone.beyond_chance > 0:
        return float("nan"), float("nan")
    plain = given.beyond_chance / alone.beyond_chance
    return plain, plain / left


def _confounder_test(
    pair: Pair, candidate: Phenotype, predicted: FloatArray, n_permutations: int, rng: np.random.Generator
) -> Steps[ConfounderTest | None]:
    """Test whether predictions are associated with a candidate beyond the target; None for three classes or more.

    Parameters
    ----------
    predicted : ndarray, shape (n_subjects, n_columns)
        NaN for subjects in no test set.
    """
    if predicted.shape[1] > 1:
        return None
    known = np.isfinite(predicted[:, 0])
    values = candidate.values[pair.subjects]
    try:
        return (
            yield from partial_confounder_test(
                predicted[known, 0],
                pair.goal[known],
                values[known],
                target_is_category=bool(pair.target.levels),
                confounder_is_category=bool(candidate.levels),
                n_permutations=n_permutations,
                rng=rng,
            )
        )
    except InputError:
        return None
