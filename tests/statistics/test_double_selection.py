"""Double selection: the F test is that of statsmodels, and candidates enter by either of two associations."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from imagenomer.statistics.double_selection import f_test_p, select_joint

ALL = np.ones(100, dtype=bool)


@pytest.mark.parametrize("n_columns", [1, 3])
def test_the_test_is_the_f_test_of_statsmodels(n_columns):
    rng = np.random.default_rng(n_columns)
    given = np.column_stack([np.ones(80), rng.normal(size=(80, 2))])
    columns = rng.normal(size=(80, n_columns))
    outcome = columns[:, 0] * 0.2 + given[:, 1] + rng.normal(size=80)
    full = sm.OLS(outcome, np.column_stack([given, columns])).fit()
    expected = full.compare_f_test(sm.OLS(outcome, given).fit())[1]
    assert f_test_p(outcome[:, None], columns, given) == pytest.approx(expected, rel=1e-9)
    assert f_test_p(np.column_stack([outcome, rng.normal(size=80)]), columns, given) <= 2 * expected * (1 + 1e-9)


def test_nothing_is_found_where_nothing_is_left_to_test():
    rng = np.random.default_rng(3)
    given = np.column_stack([np.ones(20), rng.normal(size=(20, 2))])
    outcome = rng.normal(size=(20, 1))
    assert f_test_p(outcome, given[:, 1:] @ [[1.0], [2.0]], given) == 1
    assert f_test_p(given[:, 1:2], rng.normal(size=(20, 1)), given) == 1
    assert f_test_p(outcome, rng.normal(size=(20, 16)), given) == 1


def test_candidates_enter_the_clearest_first_while_there_is_room():
    p = {"a": 0.04, "b": 1e-9, "c": 0.2, "d": 0.01}
    one = dict.fromkeys(p, 1)
    known = dict.fromkeys(p, ALL)
    assert select_joint(p, one, known) == ("b", "d", "a")
    assert select_joint(p, {**one, "d": 25}, known) == ("b", "a")
    assert select_joint(p, one, known, first=("c",)) == ("c", "b", "d", "a")


def test_a_candidate_that_would_leave_less_than_half_of_the_subjects_stays_out():
    p = {"a": 1e-9, "b": 1e-5, "c": 1e-3}
    known = {"a": ALL, "b": np.arange(100) < 49, "c": np.arange(100) < 60}
    assert select_joint(p, dict.fromkeys(p, 1), known) == ("a", "c")
