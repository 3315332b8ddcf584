"""Codes for a missing value: found where they lie far off or are documented, and left alone otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.readers.evidence.missing import missing_codes


def with_code(values, code, n=2):
    return np.concatenate([values, np.full(n, float(code))])


@pytest.mark.parametrize("code", [-9999, -999, -99])
def test_a_code_far_from_all_others_is_found_and_counted(rng, code):
    assert missing_codes(with_code(rng.normal(100, 15, 98), code)).codes == {code: 2}


@pytest.mark.parametrize("rest", [np.ones(20), np.tile([0.0, 1.0], 20), np.tile([1.0, 2.0], 20)])
def test_a_code_beside_categories_is_found(rest):
    assert missing_codes(with_code(rest, -9999)).codes == {-9999: 2}


@pytest.mark.parametrize("code", [99, 777, 888, 999, 9999])
def test_a_positive_code_is_never_read_as_missing_in_silence(rng, code):
    found = missing_codes(with_code(rng.uniform(0, 10, 98), code))
    assert (found.codes, found.doubtful) == ({}, {code: 2})


@pytest.mark.parametrize(
    "values",
    [
        np.arange(-12.0, 12.0),  # -9, -8, -7 and -1 are values
        np.array([0.0, 1, 2, 3, 2, 1, 0, 2, -1]),
        np.array([70.0, 80, 90, 99, 110, 77, 88, 100]),
        np.array([-9999.0, 1.0, 2.0]),  # too few others to say where they lie
        np.full(12, -9.0),
    ],
)
def test_what_lies_among_the_others_or_beside_too_few_is_not_decided(values):
    found = missing_codes(values)
    assert (found.codes, found.doubtful) == ({}, {})


def test_codes_that_a_description_names_are_missing_whatever_they_are():
    text = "1= <5K; 10= >200K; 999 = Don't know; 777 = Refuse to answer"
    found = missing_codes(np.array([1.0, 3, 777, 10, 999, 777]), text)
    assert (found.codes, found.documented) == ({777: 2, 999: 1}, True)
    assert not missing_codes(np.array([1.0, 3, 5]), text).codes
