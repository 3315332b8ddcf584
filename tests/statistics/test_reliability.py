"""Intraclass correlations against a published example and an analysis of variance by hand."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.progress import finish
from imagenomer.statistics.reliability import reliability

#: Shrout and Fleiss (1979), table 2: six targets by four judges.
JUDGED = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])


def of(values):
    """Of values of shape (n_occasions, n_subjects, n_features)."""
    return finish(reliability(list(values), [np.arange(values.shape[1])] * len(values)))


def by_hand(table):
    """ICC(3,1) and ICC(2,1) of a table of subjects by occasions, one sum of squares after the other."""
    n, k = table.shape
    total = sum((x - table.mean()) ** 2 for x in table.ravel())
    rows = k * sum((row.mean() - table.mean()) ** 2 for row in table)
    columns = n * sum((column.mean() - table.mean()) ** 2 for column in table.T)
    subjects, occasions = rows / (n - 1), columns / (k - 1)
    rest = (total - rows - columns) / ((n - 1) * (k - 1))
    numerator, common = subjects - rest, subjects + (k - 1) * rest
    return numerator / common, numerator / (common + k * (occasions - rest) / n)


def test_it_is_the_example_of_shrout_and_fleiss():
    found = of(JUDGED.T[:, :, None].astype(float))
    assert found.consistency[0] == pytest.approx(0.71, abs=0.005)
    assert found.agreement[0] == pytest.approx(0.29, abs=0.005)
    assert found.n_subjects.tolist() == [6]


@pytest.mark.parametrize("k", [2, 3])
def test_it_is_the_analysis_of_variance_by_hand_in_every_feature(rng, k):
    own = rng.standard_normal((1, 15, 600))
    values = (own + 0.7 * rng.standard_normal((k, 15, 600)) + np.arange(k)[:, None, None]).astype(np.float32)
    found = of(values)
    expected = np.array([by_hand(values[:, :, one].T.astype(float)) for one in range(600)])
    np.testing.assert_allclose(found.consistency, expected[:, 0], rtol=1e-9)
    np.testing.assert_allclose(found.agreement, expected[:, 1], rtol=1e-9)


def test_rows_may_stand_in_another_order_on_each_occasion(rng):
    values = rng.standard_normal((2, 8, 3))
    order = rng.permutation(8)
    moved = finish(reliability([values[0], values[1][order]], [np.arange(8), np.argsort(order)]))
    np.testing.assert_allclose(moved.consistency, of(values).consistency)


def test_a_shift_of_everybody_lowers_agreement_and_not_consistency(rng):
    values = rng.standard_normal((1, 12, 4)) + 0.3 * rng.standard_normal((2, 12, 4))
    shifted = values + np.array([0, 3])[:, None, None]
    np.testing.assert_allclose(of(shifted).consistency, of(values).consistency)
    assert (of(shifted).agreement < of(values).agreement - 0.3).all()


def test_subjects_without_a_value_are_left_out_of_that_feature(rng):
    values = rng.standard_normal((2, 9, 2))
    values[1, 4, 0] = np.nan
    found = of(values)
    assert found.n_subjects.tolist() == [8, 9]
    expected = by_hand(np.delete(values[:, :, 0].T, 4, axis=0))
    assert (found.consistency[0], found.agreement[0]) == pytest.approx(expected)


def test_what_does_not_vary_or_is_of_two_subjects_has_none(rng):
    constant = np.full((2, 9, 1), 0.3, dtype=np.float32)
    few = rng.standard_normal((2, 9, 1))
    few[0, 2:] = np.nan
    for values in (constant, few):
        found = of(values)
        assert np.isnan([found.consistency[0], found.agreement[0]]).all()
