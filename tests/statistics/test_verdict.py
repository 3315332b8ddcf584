"""The rules of the verdict, on tables of numbers."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from imagenomer.statistics.verdict import LEAST, Evidence, decide, decide_about_all

CONFOUNDED = Evidence(
    200, p_target=0.002, p_candidate=1e-9, p_rest=0.4, remaining=0.1, retained=0.1, p_predictions=0.002
)


def evidence(**changes):
    return dataclasses.replace(CONFOUNDED, **changes)


@pytest.mark.parametrize(
    ("numbers", "category"),
    [
        ({}, "confounding"),
        ({"p_rest": 0.002, "retained": 0.9, "p_predictions": 0.6}, "real effect"),
        ({"p_rest": 0.002, "retained": 0.6}, "both"),
        ({"p_predictions": 0.3}, "cannot tell"),
        ({"p_target": 0.2}, "no association"),
        ({"p_candidate": 0.2}, "unrelated"),
        ({"p_candidate": 0.2, "p_target": 0.2}, "no association"),
        # A small rest is what imperfect adjustment leaves, however significant.
        ({"p_rest": 0.002, "retained": 0.2}, "confounding"),
        # And a rest must be clearer than the rest of the numbers.
        ({"p_rest": 0.03, "retained": 0.9}, "confounding"),
        ({"p_rest": 0.01, "retained": 0.9}, "both"),
        # What changes nothing when it is adjusted for is no confounder.
        ({"p_rest": 0.002, "retained": 1.0, "remaining": 0.96}, "real effect"),
        ({"n_subjects": LEAST - 1}, "cannot tell"),
        ({"n_subjects": LEAST}, "confounding"),
        ({"p_target": 0.05, "p_candidate": 0.05, "p_predictions": 0.05}, "confounding"),
        ({"p_rest": np.nan}, "cannot tell"),
        ({"p_predictions": np.nan}, "cannot tell"),
        ({"p_target": np.nan}, "cannot tell"),
        ({"p_candidate": np.nan}, "cannot tell"),
        ({"p_rest": 0.002, "retained": np.nan}, "confounding"),
    ],
)
def test_numbers_decide_as_the_table_says(numbers, category):
    assert decide(evidence(**numbers)) == category


def test_a_stricter_level_never_finds_more():
    found = ("confounding", "both", "real effect")
    values = (0.001, 0.01, 0.04, 0.3)
    for p in itertools.product(values, repeat=4):
        one = Evidence(100, p[0], p[1], p[2], 0.7, 0.8, p[3])
        if decide(one, 0.01) in found:
            assert decide(one, 0.05) in found


def test_all_candidates_together():
    assert decide_about_all(["unrelated", "both", "confounding"], 0.01) == "confounding"
    assert decide_about_all(["unrelated", "both"], 0.01) == "both"
    assert decide_about_all(["unrelated", "cannot tell"], 0.01) == "real effect"
    assert decide_about_all(["cannot tell"], 0.01) == "cannot tell"
    assert decide_about_all([], 0.01) == "real effect"
    assert decide_about_all(["confounding"], 0.2) == "no association"
