"""The rules of the verdict, on tables of numbers; and on cohorts in which the truth was planted."""

from __future__ import annotations

import dataclasses
import itertools
from typing import get_args

import numpy as np
import pytest

from imagenomer.analyses.confounds.evidence import weigh
from imagenomer.analyses.confounds.verdict import LEAST, TITLES, Category, Evidence, decide, decide_about_all
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import finish
from planted import N, planted

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
    assert set(TITLES) == set(get_args(Category))


# --- planted truths --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("truth", "about_z", "about_all"),
    [
        ("nothing", "no association", "no association"),
        ("confounder", "confounding", "confounding"),
        ("real effect", "real effect", "real effect"),
        ("real effect of its own", "unrelated", "real effect"),
        ("both", "both", "both"),
        ("mediator", "confounding", "confounding"),  # the same numbers, and the words say so
    ],
)
def test_a_planted_truth_is_what_the_numbers_are_consistent_with(truth, about_z, about_all):
    right, n_tries = 0, 6
    for seed in range(n_tries):
        weighed = finish(weigh(planted(seed, truth), "y", permutations=99, seed=seed))
        right += weighed.of("z").category == about_z and weighed.category == about_all
    assert right >= n_tries - 1


def test_people_who_lack_a_candidate_are_left_out_of_its_numbers_only():
    whole = planted(1, "confounder")
    z, other = whole.phenotypes["z"].values.copy(), whole.phenotypes["unrelated"].values.copy()
    z[:30] = np.nan
    holed = dataclasses.replace(
        whole, phenotypes={**whole.phenotypes, "z": Phenotype("z", z), "unrelated": Phenotype("unrelated", other)}
    )
    found = finish(weigh(holed, "y", permutations=99))
    assert found.of("z").evidence.n_subjects == 90
    assert found.of("unrelated").evidence.n_subjects == N
    assert found.of("z").category == "confounding"


def test_a_category_as_target_and_as_candidate():
    whole = planted(2, "confounder")
    y, z = (np.asarray(whole.phenotypes[name].values) for name in ("y", "z"))
    levelled = dataclasses.replace(
        whole,
        phenotypes={
            "y": Phenotype("y", (y > 0).astype(np.intp), ("no", "yes")),
            "z": Phenotype("z", np.digitize(z, [-0.4, 0.4]), ("low", "middle", "high")),
            "three": Phenotype("three", np.digitize(y, [-0.6, 0.6]), ("a", "b", "c")),
        },
    )
    found = finish(weigh(levelled, "y", candidates=("z",), permutations=99))
    assert found.of("z").category == "confounding"
    three = finish(weigh(levelled, "three", candidates=("z",), permutations=99))
    assert three.of("z").category == "confounding"
    one = finish(weigh(levelled, "three", level="c", candidates=("z",), permutations=99))
    assert one.of("z").category in ("confounding", "cannot tell")


def test_candidates_must_be_others_than_the_target_and_there(cohort):
    with pytest.raises(InputError, match="is the target"):
        finish(weigh(cohort, "age", candidates=("age",)))
    with pytest.raises(InputError, match="no phenotype 'height'"):
        finish(weigh(cohort, "age", candidates=("height",)))
    with pytest.raises(InputError, match="can be a candidate"):
        finish(weigh(cohort, "age", candidates=("site",)))


def test_a_candidate_that_says_what_the_target_says_cannot_be_told_from_it():
    whole = planted(3, "real effect")
    same = Phenotype("same", 2 * np.asarray(whole.phenotypes["y"].values) + 1)
    found = finish(weigh(dataclasses.replace(whole, phenotypes={**whole.phenotypes, "same": same}), "y"))
    assert found.of("same").category == "cannot tell"
