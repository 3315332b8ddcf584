"""The measurement of coverage: its fast solution is the program's, it resumes, and intervals are not far off."""

from __future__ import annotations

import numpy as np
import pytest

import interval_coverage
from imagenomer.progress import finish
from imagenomer.statistics import folds
from imagenomer.statistics.models import Ridge
from imagenomer.statistics.prediction import cross_validate, estimates
from imagenomer.statistics.sample_space import sample_space
from interval_coverage import GROUPS, draw_edges, draw_target, limits, predict, score


@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_scores_are_those_of_the_program(group):
    rng, n = np.random.default_rng(3), 60
    followed = rng.standard_normal(n)
    edges = draw_edges("plain", followed, rng).astype(np.float32)
    targets = [draw_target(one, followed, rng) for one in GROUPS[group]]
    splits = folds.k_fold(n, 5, rng)
    space = finish(sample_space(edges, np.arange(n)))
    parts = predict(space.gram, np.column_stack([one.columns for one in targets]), splits)
    quick = score(targets, parts)
    for place, target in enumerate(targets):
        found = estimates(finish(cross_validate(space, target.values, splits, Ridge())))
        np.testing.assert_allclose(quick[place], list(found.values()), rtol=1e-6, atol=1e-8)


def test_a_second_run_reads_what_the_first_has_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(interval_coverage, "true_scores", lambda *_: np.full((1, 3), 0.5))
    first = interval_coverage.coverage("plain", 1, 60, 2, tmp_path)
    monkeypatch.setattr(interval_coverage, "draw_cohort", lambda *_: pytest.fail("drawn again"))
    assert interval_coverage.coverage("plain", 1, 60, 2, tmp_path) == first
    assert len(first) == 2


def test_intervals_of_nothing_hold_nothing():
    """In 30 cohorts at most five of AUC and of balanced accuracy may miss a half: one in a thousand runs would."""
    missed = np.zeros(3)
    for number in range(30):
        cohort = interval_coverage.draw_cohort("plain", 1, 60, number)
        found = limits(GROUPS[1][0].names, cohort.folds[0], cohort.halves[0], 60)
        missed += [not one.low <= 0.5 <= one.high for one in found]
    assert missed[1:].max() <= 5
