"""Who is who in two lists of names."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.readers.evidence.ids import match_ids


@pytest.mark.parametrize(
    ("left", "right", "rule"),
    [
        (["sub-01", "sub-02"], ["sub-01", "sub-02"], "as written"),
        (["sub-AB1", "sub-ab2"], ["AB_1", "ab-2"], "letters and digits"),
        (["001", "002"], ["1", "2"], "without leading zeros"),
        (["sub-001", "sub-002", "sub-017"], ["1", "2", "17"], "without leading zeros"),
        (["NYU_0050003", "Pitt_0050004"], ["50003", "50004"], "last number"),
        (["F1_anna", "F1_bert"], ["anna", "bert"], "last part"),
    ],
)
def test_the_ladder_joins_by_the_strictest_rule_that_joins_most(left, right, rule):
    match = match_ids(left, right)
    assert match.rule == rule
    assert match.pairs == dict(zip(left, right, strict=True))
    assert not match.shift


def test_a_rule_that_joins_two_names_to_one_is_not_taken():
    match = match_ids(["A-1", "B-1", "C-2"], ["1", "2"])
    assert match.pairs == {}


def test_numbers_that_are_one_off_are_refused():
    files, table = [f"S{number:03d}" for number in range(40)], [str(number) for number in range(1, 41)]
    for left, right in ((files, table), (table, files)):
        match = match_ids(left, right)
        assert len(match.pairs) == 39
        assert "counted from another number" in match.shift
    assert not match_ids(files, table, "last number").shift, "an answer is obeyed"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (range(40), range(40)),
        (range(1, 39), range(1, 41)),  # two people without scans
        ([2, 3, 5, 9], [3, 5, 9, 11]),  # numbers with gaps are no counting
    ],
)
def test_what_overlaps_otherwise_is_no_shift(left, right):
    assert not match_ids([f"S{n:03d}" for n in left], [str(n) for n in right]).shift


def test_names_with_nothing_in_common_are_not_joined():
    assert match_ids(["anna", "bert"], ["carl", "dora"]).pairs == {}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ([n for n in range(40) if n != 17], range(1, 41)),  # counted from 0, one scan is missing
        (range(40), range(1, 61)),  # and twenty people have no scan
        ([n for n in range(40) if n not in (3, 17)], [n for n in range(1, 41) if n != 30]),
    ],
)
def test_numbers_with_gaps_that_are_one_off_are_refused(left, right):
    names, table = [f"S{n:03d}" for n in left], [str(n) for n in right]
    for one, other in ((names, table), (table, names)):
        assert "counted from another number" in match_ids(one, other).shift
    assert not match_ids(names, table, "without leading zeros").shift, "an answer is obeyed"


def test_scans_of_strangers_are_no_shift(rng):
    """Of lists that share most numbers by themselves one more or one less joins fewer."""
    for _ in range(50):
        table = rng.choice(np.arange(1, 200), 150, replace=False)
        scans = np.union1d(rng.choice(table, 100, replace=False), rng.choice(np.arange(200, 260), 10, replace=False))
        assert not match_ids([f"S{n:03d}" for n in scans], [str(n) for n in table]).shift


def test_names_as_written_are_nobodys_number():
    left, right = [f"S{n:02d}" for n in range(20)], [f"S{n:02d}" for n in range(1, 41)]
    assert len(match_ids(left, right).pairs) == 19
    assert not match_ids(left, right).shift
