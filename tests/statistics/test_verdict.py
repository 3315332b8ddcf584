"""The rules of the verdict: what intervals are called, on tables of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from imagenomer.statistics.remaining_slope import RemainingShare
from imagenomer.statistics.verdict import Bounds, category_of, decide, decide_overall, settle

WIDE = RemainingShare(0.5, -2.0, 3.0, 0.2)
UNKNOWN = RemainingShare(np.nan, -np.inf, np.inf, 1.0)


def between(low, high):
    return RemainingShare((low + high) / 2, low, high, 0.2)


@pytest.mark.parametrize(
    ("low", "high", "category"),
    [
        (-0.05, 0.12, "confounding"),
        (0.2, 0.44, "confounding"),
        (0.05, 0.48, "confounding"),
        (0.05, 0.52, "cannot tell"),
        (-0.9, -0.2, "cannot tell"),
        (-0.9, -0.05, "confounding"),
        (0.92, 1.04, "real effect"),
        (0.6, 1.2, "real effect"),
        (0.4, 1.2, "cannot tell"),
        (1.3, 1.9, "real effect"),
        (0.2, 0.46, "both"),
        (0.4, 0.6, "both"),
        (0.7, 0.85, "both"),
        (0.0, 1.0, "cannot tell"),
    ],
)
def test_intervals_are_called_as_the_rules_say(low, high, category):
    assert category_of(between(low, high), Bounds()) == category


def test_no_interval_within_bounds_is_called_by_what_it_excludes():
    """Whatever the bounds: "real effect" leaves room for all, "confounding" for less than the bound of explained."""
    for explained, kept, margin in itertools.product((0.3, 0.5), (0.5, 0.7), (0.05, 0.1)):
        bounds = Bounds(explained, kept, margin)
        for low, high in itertools.combinations(np.linspace(-1, 2, 61), 2):
            category = category_of(between(low, high), bounds)
            if category == "real effect":
                assert high >= 1 - margin
                assert low > min(kept, 1 - margin)
            if category == "confounding":
                assert high < explained
            if category == "both":
                assert low > margin
                assert high < 1 - margin


def test_what_is_not_known_or_too_wide_cannot_be_told():
    for share in (UNKNOWN, WIDE):
        assert category_of(share, Bounds()) == "cannot tell"
    assert decide(UNKNOWN, UNKNOWN, Bounds()) == "cannot tell"


def test_the_predictive_pattern_decides_and_the_map_where_it_cannot():
    assert decide(between(0.95, 1.05), WIDE, Bounds()) == "real effect"
    assert decide(WIDE, between(0.0, 0.2), Bounds()) == "confounding"
    assert decide(between(0.0, 0.2), between(0.95, 1.05), Bounds()) == "confounding"


def test_a_confound_with_a_pattern_of_its_own_shows_in_the_map():
    assert decide(between(0.95, 1.05), between(0.4, 0.6), Bounds()) == "both"
    assert decide(between(0.95, 1.05), between(0.4, 0.95), Bounds()) == "real effect"


@pytest.mark.parametrize(
    ("joint", "alone", "category"),
    [
        ("confounding", ["both", "both"], "confounding"),
        ("real effect", ["confounding"], "real effect"),
        ("both", ["confounding", "unrelated"], "both"),
        ("cannot tell", ["confounding", "unrelated"], "confounding"),
        ("cannot tell", ["both", "real effect"], "cannot tell"),
    ],
)
def test_all_together_decide_unless_they_cannot_tell_and_one_alone_can(joint, alone, category):
    assert decide_overall(joint, alone) == category


@pytest.mark.parametrize(
    ("low", "high", "p_given", "category"),
    [
        (0.2, 0.54, 0.08, "confounding"),
        (0.2, 0.54, 0.04, "both"),
        (0.2, 0.56, 0.08, "both"),
        (0.4, 0.6, 0.9, "both"),
    ],
)
def test_a_tie_of_both_and_confounding_is_broken_by_the_test_given_all_candidates(low, high, p_given, category):
    assert settle("both", between(low, high), p_given, 0.05, Bounds()) == category


def test_nothing_but_a_tie_is_broken():
    for category in ("real effect", "cannot tell", "confounding"):
        assert settle(category, between(0.2, 0.4), 0.9, 0.05, Bounds()) == category
