"""Predictions of a confound report: what they are called and drawn with follows what they are, never a name."""

from __future__ import annotations

import pytest

from imagenomer.analyses.confounds.prediction_figure import prediction_figure
from imagenomer.analyses.confounds.predictions import Basis, PredictionScore
from imagenomer.analyses.confounds.tables.predictions import PredictionGroup
from imagenomer.figures import forest
from imagenomer.statistics.scores import Interval

ALIKE = [{Basis.STRATUM, Basis.OTHER_STRATA}, {Basis.MATCHED, Basis.RANDOM}]


def group(candidate):
    scores = [PredictionScore(one, 50, "r2", Interval(0.2, 0.1, 0.3), 0.0, "low", "high") for one in Basis]
    return PredictionGroup(candidate, tuple(scores))


@pytest.fixture
def drawn(monkeypatch):
    found = []
    monkeypatch.setattr(forest, "forest_figure", lambda groups, **_: found.append(groups))
    return found


@pytest.mark.parametrize("candidate", ["age", "candidate age", "variants", "without age", "y, all subjects"])
def test_marks_follow_what_a_prediction_is_from_whatever_the_candidate_is_called(drawn, candidate):
    prediction_figure("y", "r2", [group(None), group(candidate)], (candidate,), "light")
    ((_, first), (heading, second)) = drawn[0]
    assert heading == candidate
    kinds = [row.kind for row in second]
    assert kinds == [row.kind for row in first]
    for one, kind in zip(Basis, kinds, strict=True):
        same = {other for other, its in zip(Basis, kinds, strict=True) if its == kind}
        assert same == next((alike for alike in ALIKE if one in alike), {one})


def test_every_prediction_with_a_candidate_in_view_has_a_title_of_its_own():
    titles = [group("z").title(one) for one in group("z").scores]
    assert len(set(titles)) == len(Basis)
    assert group(None).title(group(None).scores[1]) == "candidates alone"


def test_only_candidates_that_are_associated_with_the_target_are_drawn_where_there_are_any(drawn):
    groups = [group(None), *(group(f"c{number}") for number in range(8))]
    for closest in ((), ("c3", "c7")):
        prediction_figure("y", "r2", groups, closest, "light")
    assert [heading for heading, _ in drawn[0]] == ["y, all subjects", "c0", "c1", "c2", "c3", "c4"]
    assert [heading for heading, _ in drawn[1]] == ["y, all subjects", "c3", "c7"]
