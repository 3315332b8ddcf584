"""The verdict on cohorts in which the truth was planted."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from imagenomer.analyses.confounds.evidence import judge
from imagenomer.analyses.confounds.params import Params
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import finish
from planted import N, planted


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
        found = finish(judge(planted(seed, truth), Params("y", permutations=99, seed=seed)))
        right += found.candidates["z"].category == about_z and found.category == about_all
    assert right >= n_tries - 1


def test_people_who_lack_a_candidate_are_left_out_of_its_numbers_only():
    whole = planted(3, "confounder")
    z, other = whole.phenotypes["z"].values.copy(), whole.phenotypes["unrelated"].values.copy()
    z[:30] = np.nan
    holed = dataclasses.replace(
        whole, phenotypes={**whole.phenotypes, "z": Phenotype("z", z), "unrelated": Phenotype("unrelated", other)}
    )
    found = finish(judge(holed, Params("y", permutations=99)))
    assert found.candidates["z"].remainder.n_subjects == 90
    assert found.candidates["unrelated"].remainder.n_subjects == N
    assert found.candidates["z"].category == "confounding"


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
    found = finish(judge(levelled, Params("y", candidates=("z",), permutations=99)))
    assert found.candidates["z"].category == "confounding"
    three = finish(judge(levelled, Params("three", candidates=("z",), permutations=99)))
    assert three.candidates["z"].category == "confounding"
    one = finish(judge(levelled, Params("three", level="c", candidates=("z",), permutations=99)))
    assert one.candidates["z"].category in ("confounding", "cannot tell")


def test_candidates_must_be_others_than_the_target_and_there(cohort):
    with pytest.raises(InputError, match="is the target"):
        finish(judge(cohort, Params("age", candidates=("age",))))
    with pytest.raises(InputError, match="no phenotype 'height'"):
        finish(judge(cohort, Params("age", candidates=("height",))))
    with pytest.raises(InputError, match="can be a candidate"):
        finish(judge(cohort, Params("age", candidates=("site",), ancestry_components=0)))


def test_a_candidate_that_says_what_the_target_says_cannot_be_told_from_it():
    whole = planted(3, "real effect")
    same = Phenotype("same", 2 * np.asarray(whole.phenotypes["y"].values) + 1)
    found = finish(judge(dataclasses.replace(whole, phenotypes={**whole.phenotypes, "same": same}), Params("y")))
    assert found.candidates["same"].category == "cannot tell"
