"""Tables of the tests of confounding, and of the verdict."""

from __future__ import annotations

import numpy as np

from imagenomer.analyses.confounds.associations import ConditionalAssociations
from imagenomer.analyses.confounds.evidence import Verdict
from imagenomer.analyses.confounds.parts.adjustment import AdjustmentPart
from imagenomer.analyses.confounds.parts.verdict import RestrictedTest, VerdictPart
from imagenomer.analyses.confounds.tables.cells import Row, percent
from imagenomer.analyses.confounds.words.terms import SCORES, TITLES
from imagenomer.analyses.contract import Column, TableView
from imagenomer.jsonable import finite
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
_VERDICT = (
    Column("candidate", "Candidate"),
    Column("verdict", "The numbers are …"),
    Column("n_subjects", "Subjects", "integer"),
    Column("p_candidate", "p, with target", "p"),
    Column("p_rest", "p, kept", "p"),
    Column("retained", "Kept, %", "number"),
    Column("p_predictions", "p, predictions", "p"),
    Column("remaining", "Left, %", "number", where="file"),
    Column("p_target", "p, target with connectivity", "p", where="file"),
)


def confounding_table(adjustment: AdjustmentPart, part: VerdictPart) -> TableView:
    rows: list[Row] = []
    for name in part.verdict.candidates:
        if name in adjustment.conditional:
            rows += _conditional_rows(name, adjustment.conditional[name])
        if name in part.restricted:
            rows += _restricted_rows(name, part.restricted[name])
        if name in part.shuffled:
            rows.append(_shuffled_row(name, part.shuffled[name]))
    if not rows:
        note = "so there is nothing to test"
        rows = [_row("none", "no candidate is associated with the target", "", None, None, None, note)]
    return TableView("tests", "Tests of confounding", _TESTS, tuple(rows))


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


def _conditional_rows(name: str, own: ConditionalAssociations) -> list[Row]:
    rows = []
    if own.predictions is not None:
        test = own.predictions
        note = (
            f"the target explains {100 * test.target_r_squared:.1f} % of {name}; as published, "
            f"p = {test.published_p_value:.3g}"
        )
        statistic = f"R² of predictions and {name}"
        rows.append(_row(name, "partial confounder test", statistic, test.r_squared, test.expected, test.p_value, note))
    if own.beyond is not None:
        note = "instead of the partial confounder test, which is not defined for three classes or more"
        share, expected = 100 * own.beyond.share, 100 * own.beyond.expected
        p_value = own.beyond.p_value
        rows.append(_row(name, "connectivity given the target", "% of variance", share, expected, p_value, note))
    return rows


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


def verdict_table(verdict: Verdict) -> TableView:
    rows: list[Row] = []
    for name, one in verdict.candidates.items():
        evidence = one.evidence
        rows.append(
            {
                "candidate": name,
                "verdict": TITLES[one.category],
                "n_subjects": evidence.n_subjects,
                "p_target": finite(evidence.p_target),
                "p_candidate": finite(evidence.p_candidate),
                "p_rest": finite(evidence.p_rest),
                "remaining": percent(evidence.remaining),
                "retained": percent(evidence.retained),
                "p_predictions": finite(evidence.p_predictions),
            }
        )
    return TableView("verdict", "What each candidate is consistent with", _VERDICT, tuple(rows))
