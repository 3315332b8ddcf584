"""Tests in sentences: each statistic with the digits it has."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.analyses.shared.test_tables import test_text as text_of
from imagenomer.statistics.difference import SignificanceTest


@pytest.mark.parametrize(
    ("symbol", "statistic", "dof", "written"),
    [
        ("U", 8251.0, (), "U = 8,251.0, "),
        ("U", 12.5, (), "U = 12.5, "),
        ("t", -2.26849, (63.5,), "t(63.5) = −2.268, "),
        ("chi2", 7.1, (2,), "chi-squared(2) = 7.100, "),
        ("F", np.inf, (2, 9), ""),
    ],
)
def test_a_statistic_has_the_digits_it_has(symbol, statistic, dof, written):
    test = SignificanceTest("A test", symbol, statistic, dof, 2.0, "ranks")
    assert text_of(test) == f"A test: {written}p = 0.01"
