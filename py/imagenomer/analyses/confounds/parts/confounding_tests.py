"""Part of a confound report: published tests of confounding of predictions, beside the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.confounds.associations import confounder_test
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.parts.connectivity import CandidateConnectivity, ConnectivityPart
from imagenomer.analyses.confounds.parts.phenotypes import PhenotypePart
from imagenomer.analyses.confounds.parts.prediction import with_own_space
from imagenomer.analyses.confounds.subjects import candidate_columns, stream
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.confounding import ConfounderTest
from imagenomer.statistics.models import Ridge
from imagenomer.statistics.prediction_checks import (
    PermutationTest,
    ShuffledFeatures,
    permutation_test,
    shuffled_features,
)
from imagenomer.statistics.strata import Strata, strata_of

#: Permutations, at most: each is a cross-validation.
MOST_FOR_PREDICTIONS = 99
N_SHUFFLES = 3
#: Folds in which regressing a candidate out is tested for leakage.
_N_SPLITS_SHUFFLED = 5


@dataclass(frozen=True, slots=True, eq=False)
class RestrictedTest:
    """Prediction of targets permuted within strata of a candidate, and over all subjects.

    Attributes
    ----------
    strata : Strata
    within : PermutationTest
        Is more learned than the strata?
    over_all : PermutationTest
        Is anything learned?
    p_strata : float
        Chance that targets permuted over all subjects are predicted as well as, on average, those permuted within
        strata: are the strata themselves learned?
    """

    strata: Strata
    within: PermutationTest
    over_all: PermutationTest
    p_strata: float


@dataclass(frozen=True, slots=True, eq=False)
class ConfoundingTests:
    """Tests of confounding, of candidates examined closely, by name.

    Attributes
    ----------
    partial : mapping of str to ConfounderTest
        Partial confounder tests; without those of which there is none.
    restricted : mapping of str to RestrictedTest
        Without those within whose strata nothing can be permuted.
    shuffled : mapping of str to ShuffledFeatures
        Of the candidate most strongly associated with the target: the control takes long, and is about the method.
    """

    partial: Mapping[str, ConfounderTest]
    restricted: Mapping[str, RestrictedTest]
    shuffled: Mapping[str, ShuffledFeatures]


def compute_tests(params: Params, phenotypes: PhenotypePart, connectivity: ConnectivityPart) -> Steps[ConfoundingTests]:
    n, seed = min(params.permutations, MOST_FOR_PREDICTIONS), params.seed
    over_all: dict[bytes, PermutationTest] = {}
    partial, restricted, shuffled = {}, {}, {}
    yield Progress("Testing candidates")
    for name, own in connectivity.candidates.items():
        if name not in phenotypes.closest:
            continue
        rng, predicted = stream(seed, "predictions", name), own.here.target.predicted.averaged()
        of_predictions = yield from confounder_test(own.here.pair, own.candidate, predicted, params.permutations, rng)
        if of_predictions is not None:
            partial[name] = of_predictions
        test = yield from _restricted_test(own, over_all, n, seed)
        if test is not None:
            restricted[name] = test
        if name == phenotypes.closest[0]:
            control = yield from _shuffled(own, seed)
            if control is not None:
                shuffled[name] = control
    return ConfoundingTests(partial, restricted, shuffled)


def _restricted_test(
    own: CandidateConnectivity, over_all: dict[bytes, PermutationTest], n_permutations: int, seed: int
) -> Steps[RestrictedTest | None]:
    """Permute the target within strata of a candidate; None for three classes, or where nothing can be permuted.

    Parameters
    ----------
    over_all : dict
        Of targets permuted over all subjects, by who has the candidate; what is made is added.
    """
    pair = own.here.pair
    if own.here.target.predicted.n_classes > 2:
        return None
    key = pair.positions.tobytes()
    if key not in over_all:
        rng = stream(seed, "over all")
        over_all[key] = yield from permutation_test(pair.space, pair.goal, pair.splits, Ridge(), n_permutations, rng)
    strata = strata_of(own.candidate, pair.subjects)
    rng = stream(seed, "restricted", own.candidate.name)
    try:
        within = yield from permutation_test(
            pair.space, pair.goal, pair.splits, Ridge(), n_permutations, rng, blocks=strata.codes
        )
    except InputError:
        return None
    null = over_all[key].null
    reached = np.count_nonzero(null >= float(np.nanmean(within.null)))
    return RestrictedTest(strata, within, over_all[key], float((1 + reached) / (1 + null.size)))


def _shuffled(own: CandidateConnectivity, seed: int) -> Steps[ShuffledFeatures | None]:
    """Predict from shuffled connectivity after regressing a candidate out, which shows whether that leaks."""
    pair = with_own_space(own.here.pair)
    try:
        return (
            yield from shuffled_features(
                pair.space,
                pair.goal,
                pair.splits[:_N_SPLITS_SHUFFLED],
                Ridge(),
                N_SHUFFLES,
                stream(seed, "shuffled", own.candidate.name),
                covariates=candidate_columns((own.candidate,), pair.subjects),
            )
        )
    except InputError:
        return None
