"""Table of published tests of confounding."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from imagenomer.analyses.confounds.parts.confounding_tests import ConfoundingTests, RestrictedTest
from imagenomer.analyses.confounds.tables.cells import Row
from imagenomer.analyses.confounds.words.terms import SCORES
from imagenomer.analyses.contract import Column, TableView
from imagenomer.jsonable import finite
from imagenomer.statistics.confounding import ConfounderTest
from imagenomer.statistics.prediction_checks import ShuffledFeatures

_TESTS = (
    Column("candidate", "Candidate"),
    Column("test", "Test"),
    Column("statistic", "Statistic"),
    Column("value", "Value", "number"),
    Column("expected", "By chance", "number"),
    Column("p_value", "p", "p"),
    Column("note", "Note"),
)


def confounding_table(part: ConfoundingTests, names: Iterable[str]) -> TableView:
    """Return the tests of some candidates, by name, in their order."""
    rows: list[Row] = []
    for name in names:
        if name in part.partial:
            rows.append(_partial_row(name, part.partial[name]))
        if name in part.restricted:
            rows += _restricted_rows(name, part.restricted[name])
        if name in part.shuffled:
            rows.append(_shuffled_row(name, part.shuffled[name]))
    if not rows:
        note = "so there is nothing to test"
        rows = [_row("none", "no candidate is associated with the target", "", None, None, None, note)]
    return TableView("tests", "Published tests of confounding", _TESTS, tuple(rows))


def _row(
    candidate: str,
    test: str,
    statistic: str,
    value: float | None,
    expected: float | None,
    p_value: float | None,
    note: str,
) -> Row:
    return {
        "candidate": candidate,
        "test": test,
        "statistic": statistic,
        "value": value,
        "expected": expected,
        "p_value": p_value,
        "note": note,
    }


def _partial_row(name: str, test: ConfounderTest) -> Row:
    note = (
        f"the target explains {100 * test.target_r_squared:.1f} % of {name}; as published, "
        f"p = {test.published_p_value:.3g}"
    )
    statistic = f"R² of predictions and {name}"
    return _row(name, "partial confounder test", statistic, test.r_squared, test.expected, test.p_value, note)


def _restricted_rows(name: str, own: RestrictedTest) -> list[Row]:
    strata = f"{len(own.strata.names)} {'bins' if own.strata.binned else 'levels'}"
    score = SCORES[own.within.score]
    by_strata, by_chance = float(np.nanmean(own.within.null)), float(np.nanmean(own.over_all.null))
    return [
        _row(
            name,
            "restricted permutation",
            score,
            finite(own.within.statistic),
            finite(by_strata),
            own.within.p_value,
            f"permuted within its {strata}: is more learned than these?",
        ),
        _row(
            name,
            "within levels against over all subjects",
            f"mean {score}",
            finite(by_strata),
            finite(by_chance),
            own.p_strata,
            f"are its {strata} themselves learned?",
        ),
    ]


def _shuffled_row(name: str, own: ShuffledFeatures) -> Row:
    return _row(
        name,
        "shuffled connectivity",
        SCORES[own.score],
        finite(own.statistic),
        finite(float(np.nanmean(own.shuffled))),
        None,
        f"after regressing it out; performance in the {own.shuffled.size} shuffles is leakage",
    )
