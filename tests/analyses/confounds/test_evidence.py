"""The verdict on cohorts in which the truth was planted."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from imagenomer.analyses.confounds.evidence import judge
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.subjects import choose_subjects, pair_of
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


def test_a_site_that_is_coded_by_numbers_is_a_site():
    """Four sites shift score and edges in no order of their codes: a line through these explains little."""
    whole = planted(5, "nothing")
    rng = np.random.default_rng(5)
    site = rng.integers(0, 4, N)
    height = np.array([0.0, 2.0, -1.5, 1.0])[site]
    edges = whole.measures["fc"].values + (0.08 * np.outer(height, rng.standard_normal(15))).astype(np.float32)
    cohort = dataclasses.replace(
        whole,
        phenotypes={"y": Phenotype("y", height + rng.standard_normal(N)), "site": Phenotype("site", site + 1.0)},
        measures={"fc": dataclasses.replace(whole.measures["fc"], values=edges)},
    )
    found = finish(judge(cohort, Params("y", permutations=99)))
    assert found.category == found.candidates["site"].category == "confounding"


@pytest.mark.parametrize("n_levels", [13, 24])
def test_a_candidate_of_many_levels_is_no_longer_dropped(n_levels):
    whole = planted(6, "nothing")
    rng = np.random.default_rng(6)
    site = np.arange(N) % n_levels
    height = rng.standard_normal(n_levels)[site]
    edges = whole.measures["fc"].values + (0.12 * np.outer(height, rng.standard_normal(15))).astype(np.float32)
    levels = tuple(f"site {number:02d}" for number in range(n_levels))
    cohort = dataclasses.replace(
        whole,
        phenotypes={
            "y": Phenotype("y", 2 * height + rng.standard_normal(N)),
            "site": Phenotype("site", site.astype(np.intp), levels),
        },
        measures={"fc": dataclasses.replace(whole.measures["fc"], values=edges)},
    )
    assert finish(judge(cohort, Params("y", permutations=99))).category == "confounding"


# --- relatives ---------------------------------------------------------------------------------------


def with_families(name, values, levels=()):
    whole = planted(7, "nothing")
    return dataclasses.replace(whole, phenotypes={**whole.phenotypes, name: Phenotype(name, values, levels)})


@pytest.mark.parametrize("kind", ["text", "number", "missing"])
def test_a_column_named_family_says_who_is_related_and_is_no_candidate(kind):
    values = np.repeat(np.arange(N // 4), 4)
    if kind == "text":
        cohort = with_families("family", values, tuple(f"f{number}" for number in range(N // 4)))
    else:
        cohort = with_families("Family_ID", np.where((values == 3) & (kind == "missing"), np.nan, values))
    people = finish(choose_subjects(cohort, Params("y")))
    # Those without a value are each a family of their own.
    assert people.families.n_families == N // 4 + (3 if kind == "missing" else 0)
    assert [one.name for one in people.candidates.phenotypes] == ["z", "unrelated"]
    assert people.unused_families == ()
    for split in finish(pair_of(people, np.ones(N, dtype=bool), 1, 1)).splits:
        codes = people.families.codes
        assert not set(codes[split.train]) & set(codes[split.test])


def test_families_that_are_there_and_not_used_are_known_and_useless_ones_are_refused():
    values = np.repeat(np.arange(N // 2), 2).astype(float)
    cohort = with_families("family", values)
    people = finish(choose_subjects(cohort, Params("y", candidates=("family",))))
    assert people.families is None
    assert people.unused_families == ("family",)
    two = with_families("house", np.where(np.arange(N) < 50, 1.0, 2.0))
    with pytest.raises(InputError, match="puts the 120 subjects into 2 families"):
        finish(choose_subjects(two, Params("y", families="house")))
    with pytest.raises(InputError, match="cannot be the target or a candidate too"):
        finish(choose_subjects(cohort, Params("y", candidates=("family",), families="family")))
    assert finish(choose_subjects(with_families("family", np.arange(N) + 0.0), Params("y"))).families is None


def test_relatives_who_are_alike_are_no_association():
    rejected = 0
    for seed in range(20):
        rng = np.random.default_rng([seed, 8])
        families = np.repeat(np.arange(N // 4), 4)
        edges = 0.1 * (rng.standard_normal((N // 4, 15))[families] + 0.5 * rng.standard_normal((N, 15)))
        y = rng.standard_normal(N // 4)[families] + 0.5 * rng.standard_normal(N)
        cohort = with_families("family", families.astype(float))
        cohort = dataclasses.replace(
            cohort,
            phenotypes={**cohort.phenotypes, "y": Phenotype("y", y)},
            measures={"fc": dataclasses.replace(cohort.measures["fc"], values=edges.astype(np.float32))},
        )
        rejected += finish(judge(cohort, Params("y", permutations=99))).category != "no association"
    # Of 20 at 5 %: 4 or more happen once in 60; without families about half are.
    assert rejected <= 4


def test_a_link_or_a_consequence_is_examined_and_never_adjusted_for():
    cohort = planted(1, "mediator")
    assert finish(judge(cohort, Params("y", permutations=99))).category == "confounding"
    for role in ("mediators", "consequences"):
        found = finish(judge(cohort, Params("y", permutations=99, **{role: ("z",)})))
        assert found.category == "real effect"
        assert "z" not in found.model.names
        assert found.candidates["z"].remainder.pattern.high < 0.5
    known = finish(judge(cohort, Params("y", permutations=99, confounders=("z",))))
    assert (known.category, known.model.names) == ("confounding", ("z",))


def test_a_candidate_with_a_role_is_one_whatever_else_is_chosen_and_has_one_role():
    cohort = planted(1, "confounder")
    found = finish(judge(cohort, Params("y", candidates=("unrelated",), permutations=99, mediators=("z",))))
    assert list(found.candidates) == ["unrelated", "z"]
    with pytest.raises(InputError, match=r"z is called a confounder and a link \(mediator\); choose one of the two"):
        finish(judge(cohort, Params("y", permutations=99, confounders=("z",), mediators=("z",))))
    with pytest.raises(InputError, match="y is the target and cannot be a candidate too"):
        finish(judge(cohort, Params("y", permutations=99, consequences=("y",))))


def test_a_negative_control_is_no_candidate_and_has_one_role():
    cohort = planted(1, "confounder")
    found = finish(judge(cohort, Params("y", permutations=99, negative_controls=("unrelated",))))
    assert "unrelated" not in found.candidates
    for others in ({"candidates": ("z", "unrelated")}, {"confounders": ("unrelated",)}):
        with pytest.raises(InputError, match="and a negative control; choose one of the two"):
            finish(judge(cohort, Params("y", permutations=99, negative_controls=("unrelated",), **others)))
    with pytest.raises(InputError, match="y is the target and cannot be a candidate too"):
        finish(judge(cohort, Params("y", permutations=99, negative_controls=("y",))))


def test_sensitivity_is_that_of_what_remains_and_only_of_a_target_of_one_column():
    effect = finish(judge(planted(1, "real effect"), Params("y", permutations=99)))
    nothing = finish(judge(planted(1, "confounder"), Params("y", permutations=99)))
    assert effect.sensitivity.robustness_value > 0.1
    assert nothing.sensitivity is None or nothing.sensitivity.robustness_value < effect.sensitivity.robustness_value
    cohort = planted(1, "real effect")
    thirds = Phenotype("y", np.digitize(cohort.phenotypes["y"].values, [-0.5, 0.5]), ("a", "b", "c"))
    three = dataclasses.replace(cohort, phenotypes={**cohort.phenotypes, "y": thirds})
    assert finish(judge(three, Params("y", permutations=99))).sensitivity is None
