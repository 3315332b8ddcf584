"""Remainders: the share that remains is what the slopes say, candidates are examined in those who have them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import statsmodels.api as sm

from imagenomer.cohort import Phenotype
from imagenomer.progress import finish
from imagenomer.statistics.connectivity_sample import Sample
from imagenomer.statistics.flexible_columns import flexible_columns
from imagenomer.statistics.remainders import Remainder, Scores, examine
from imagenomer.statistics.remaining_slope import RemainingShare
from imagenomer.statistics.verdict import LEAST, Bounds

N, P = 160, 120
UNKNOWN = RemainingShare(np.nan, -np.inf, np.inf, np.nan)


@pytest.fixture
def drawn(rng):
    """Scores of a sample whose connectivity follows age, a target that follows age, and age."""
    age = rng.uniform(8, 20, N)
    target = (age - 14) / 3 + rng.standard_normal(N)
    edges = (rng.standard_normal((N, P)) + 0.35 * np.outer((age - 14) / 3, rng.standard_normal(P))).astype(np.float32)
    deviations = (edges - edges.mean(axis=0)).astype(float)
    everybody = np.arange(N)
    sample = Sample(deviations @ deviations.T, edges, everybody, everybody, target[:, None], None)
    return Scores(sample, Bounds()), Phenotype("age", age), target


def test_the_share_is_the_slope_given_the_candidate_over_the_slope_without(drawn):
    """Slopes of the scores on the target by statsmodels; the scores are the module's own, given the candidate."""
    scores, age, target = drawn
    columns = flexible_columns(age, np.arange(N))
    remainder, given = finish(scores.remainder(np.ones(N, dtype=bool), columns))
    alone = sm.OLS(given[:, 0], sm.add_constant(target)).fit().params[1]
    adjusted = sm.OLS(given[:, 0], sm.add_constant(np.column_stack([target, columns]))).fit().params[1]
    assert remainder.pattern.estimate == pytest.approx(adjusted / alone, rel=1e-6)
    assert remainder.pattern.low < adjusted / alone < remainder.pattern.high
    assert remainder.n_subjects == N
    assert remainder.category in ("confounding", "both")


def test_a_candidate_is_examined_in_the_subjects_who_have_it(drawn):
    scores, age, target = drawn
    known = np.arange(N) % 4 > 0
    some = dataclasses.replace(age, values=np.where(known, age.values, np.nan))
    before = finish(scores.of_everybody())
    assert np.corrcoef(before.target[:, 0], target)[0, 1] == pytest.approx(1, abs=1e-12)
    found = finish(examine(scores, some, before))
    assert (found.remainder.n_subjects, found.n_apart) == (known.sum(), known.sum())
    assert np.flatnonzero(found.remainder.pattern.influence == 0).tolist() == np.flatnonzero(~known).tolist()
    columns = flexible_columns(some, np.flatnonzero(known))
    expected = sm.OLS(target[known], sm.add_constant(columns)).fit().f_pvalue
    assert found.p_target == pytest.approx(expected, rel=1e-8)
    assert found.n_columns == columns.shape[1]


def test_too_few_subjects_leave_the_share_unknown(drawn):
    scores, age, _ = drawn
    few = np.arange(N) < LEAST - 1
    remainder, given = finish(scores.remainder(few, flexible_columns(age, np.flatnonzero(few))))
    assert (remainder.category, remainder.n_subjects, given.size) == ("cannot tell", LEAST - 1, 0)
    assert not remainder.pattern.known


def test_levels_in_which_the_target_does_not_vary_are_not_apart(drawn):
    scores, _, target = drawn
    codes = (target > np.median(target)).astype(np.intp)
    same = Scores(dataclasses.replace(scores.sample, target=codes[:, None].astype(float)), Bounds())
    found = finish(examine(same, Phenotype("copy", codes, ("a", "b")), finish(same.of_everybody())))
    assert found.n_apart == 0
    assert found.is_alias


def test_the_share_that_is_told_is_that_along_the_pattern_where_it_is_known():
    known, other = RemainingShare(0.5, 0.4, 0.6, 0.3), RemainingShare(0.7, 0.6, 0.8, 0.3)
    assert Remainder(known, other, 99, "both").share is known
    assert Remainder(UNKNOWN, other, 99, "both").share is other
    assert Remainder(UNKNOWN, UNKNOWN, 99, "cannot tell").share is UNKNOWN
