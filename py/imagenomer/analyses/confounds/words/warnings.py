"""What could mislead in a confound report."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.parts.confounding_tests import ConfoundingTests
from imagenomer.analyses.confounds.parts.phenotypes import PhenotypePart
from imagenomer.analyses.confounds.result import ConfoundResult
from imagenomer.analyses.confounds.subjects import Subjects
from imagenomer.analyses.confounds.words.terms import SCORES
from imagenomer.analyses.shared.predictors import gap_warnings
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.statistics.verdict import GATE_SHARE, LEAST

#: Subjects below which associations of this kind are known to be unstable; above, small ones still are.
_MANY = 1000
#: Scores by chance, with some margin: performance with shuffled connectivity above this is leakage.
_LEAK_R2, _LEAK_CLASSES = 0.1, 0.6


def report_warnings(params: Params, result: ConfoundResult) -> Iterator[str]:
    """Yield what could mislead in the parts that are computed."""
    yield from _few_subjects(result.phenotypes.people.n_subjects)
    yield from _few_permutations(params)
    yield from _unused_families(result.phenotypes.people)
    if result.replication is not None:
        yield from result.replication.warnings
    if result.tests is not None:
        yield from _leaks(result.tests)
    if result.variants is not None:
        yield from gap_warnings(result.variants.share_missing)
    yield from _uneven_exclusions(params, result.phenotypes)


def _few_subjects(n: int) -> Iterator[str]:
    if n < LEAST:
        yield (
            f"Only {counted(n, 'subject')}: too few for a verdict, which needs {LEAST}. The numbers below "
            "say little either way."
        )
    elif n < _MANY:
        yield (
            f"Only {n} subjects: associations of single edges and predictions often fail to replicate below some "
            "thousands (Marek et al. 2022), and a confounder can be missed."
        )


def _few_permutations(params: Params) -> Iterator[str]:
    smallest = 1 / (1 + params.permutations)
    if smallest > (1 - GATE_SHARE) * params.alpha * (1 + 1e-9):
        yield (
            f"{counted(params.permutations, 'sign flip')} cannot give a p below {smallest:.3g}, so an association "
            "that appears "
            "only when candidates are adjusted for cannot be found; choose more."
        )


def _unused_families(people: Subjects) -> Iterator[str]:
    for name in people.unused_families:
        yield (
            f"{name} may say who is related, and is not used for that: relatives make tests and predictions too good. "
            "Choose it under Families if it does."
        )


def _leaks(part: ConfoundingTests) -> Iterator[str]:
    for name, control in part.shuffled.items():
        reached = float(np.nanmean(control.shuffled))
        if reached > (_LEAK_R2 if control.score == "r2" else _LEAK_CLASSES):
            yield (
                f"After regressing {name} out, even shuffled connectivity predicts the target "
                f"({SCORES[control.score]} {reached:.2f}): that performance is leakage."
            )


def _uneven_exclusions(params: Params, part: PhenotypePart) -> Iterator[str]:
    uneven = sorted({row.candidate for row in part.missing if row.p_value <= params.alpha})
    if uneven:
        yield (
            f"Exclusion for missing connectivity or target is not random: it is associated with {listed(uneven)}. "
            "The remaining subjects may not be representative of the cohort."
        )
