"""Tests as numbers: the probability and its logarithm."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.statistics.significance import SignificanceTest


@pytest.mark.parametrize("p", [1.0, 0.05, 1e-300])
def test_the_probability_is_that_of_its_logarithm(p):
    assert SignificanceTest("t", "t", 1.0, (5.0,), -np.log10(p), "means").p_value == pytest.approx(p, rel=1e-12)


def test_a_probability_below_the_smallest_double_is_0_and_one_that_is_not_defined_stays_so():
    assert SignificanceTest("t", "t", 99.0, (), 400.0, "means").p_value == 0
    assert np.isnan(SignificanceTest("F", "F", np.nan, (), np.nan, "means").p_value)
