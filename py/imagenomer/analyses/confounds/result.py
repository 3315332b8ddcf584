"""What a confound report has computed so far, and the parts in which it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.parts.adjustment import AdjustmentPart, compute_adjustment
from imagenomer.analyses.confounds.parts.confounding_tests import ConfoundingTests, compute_tests
from imagenomer.analyses.confounds.parts.connectivity import ConnectivityPart, compute_connectivity
from imagenomer.analyses.confounds.parts.overlap import OverlapPart, compute_overlap
from imagenomer.analyses.confounds.parts.phenotypes import PhenotypePart, compute_phenotypes
from imagenomer.analyses.confounds.parts.prediction import PredictionPart, compute_prediction
from imagenomer.analyses.confounds.parts.replication import (
    ReplicationPart,
    compute_replication,
    refuse_other_questions,
)
from imagenomer.analyses.confounds.parts.variants import VariantPart, compute_variants
from imagenomer.analyses.confounds.parts.verdict import VerdictPart, compute_verdict
from imagenomer.analyses.confounds.subjects import choose_subjects
from imagenomer.analyses.contract import Part
from imagenomer.cohort import Cohort
from imagenomer.progress import Steps


@dataclass(frozen=True, slots=True, eq=False)
class ConfoundResult:
    """The parts of a confound report, each complete in itself; None: not computed yet.

    There is no part on variants either where the cohort has no genotypes, or too few subjects have, and none on the
    second cohort where only the open one is examined.
    """

    verdict: VerdictPart
    phenotypes: PhenotypePart
    replication: ReplicationPart | None = None
    connectivity: ConnectivityPart | None = None
    variants: VariantPart | None = None
    overlap: OverlapPart | None = None
    adjustment: AdjustmentPart | None = None
    prediction: PredictionPart | None = None
    tests: ConfoundingTests | None = None

    @property
    def target_name(self) -> str:
        """The target as it is called: "wrat", "ancestry = EA"."""
        return self.phenotypes.people.target.name


_Earlier = TypeVar("_Earlier")


def _computed(part: _Earlier | None) -> _Earlier:
    """Return an earlier part that a later one needs: parts are computed in their order."""
    if part is None:
        raise RuntimeError("a part of the confound report was asked for before the parts that it needs")
    return part


def _verdict(cohort: Cohort, params: Params, so_far: None) -> Steps[ConfoundResult]:
    refuse_other_questions(cohort, params)
    people = yield from choose_subjects(cohort, params)
    verdict = yield from compute_verdict(cohort, people, params)
    return ConfoundResult(verdict, (yield from compute_phenotypes(cohort, params, people, verdict.explanation)))


def _replication(cohort: Cohort, params: Params, so_far: ConfoundResult) -> Steps[ConfoundResult]:
    part = yield from compute_replication(cohort, params, so_far.phenotypes.people, so_far.verdict)
    return replace(so_far, replication=part)


def _connectivity(cohort: Cohort, params: Params, so_far: ConfoundResult) -> Steps[ConfoundResult]:
    part = yield from compute_connectivity(cohort, params, so_far.phenotypes.people)
    return replace(so_far, connectivity=part)


def _variants(cohort: Cohort, params: Params, so_far: ConfoundResult) -> Steps[ConfoundResult]:
    connectivity = _computed(so_far.connectivity)
    part = yield from compute_variants(cohort, params, so_far.phenotypes.people, connectivity)
    return replace(so_far, variants=part)


def _overlap(cohort: Cohort, params: Params, so_far: ConfoundResult) -> Steps[ConfoundResult]:
    connectivity = _computed(so_far.connectivity)
    part = yield from compute_overlap(cohort, params, so_far.phenotypes, connectivity, so_far.variants)
    return replace(so_far, overlap=part)


def _adjustment(cohort: Cohort, params: Params, so_far: ConfoundResult) -> Steps[ConfoundResult]:
    people, connectivity = so_far.phenotypes.people, _computed(so_far.connectivity)
    part = yield from compute_adjustment(cohort, params, so_far.verdict, people, connectivity)
    return replace(so_far, adjustment=part)


def _prediction(cohort: Cohort, params: Params, so_far: ConfoundResult) -> Steps[ConfoundResult]:
    connectivity = _computed(so_far.connectivity)
    part = yield from compute_prediction(params, so_far.verdict, so_far.phenotypes, connectivity)
    return replace(so_far, prediction=part)


def _tests(cohort: Cohort, params: Params, so_far: ConfoundResult) -> Steps[ConfoundResult]:
    part = yield from compute_tests(params, so_far.phenotypes, _computed(so_far.connectivity))
    return replace(so_far, tests=part)


PARTS = (
    Part("verdict", "Does a candidate explain the association", _verdict),
    Part("replication", "Does it replicate in the second cohort", _replication),
    Part("connectivity", "What is associated with connectivity", _connectivity),
    Part("variants", "What is associated with variants", _variants),
    Part("overlap", "Are they the same edges and variants", _overlap),
    Part("adjustment", "Maps when a candidate is adjusted for", _adjustment),
    Part("prediction", "Prediction, with and without each candidate", _prediction),
    Part("tests", "Published tests of confounding", _tests),
)
