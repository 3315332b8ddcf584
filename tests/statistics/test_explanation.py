"""Explanation: what was planted is found by the share that remains, one candidate at a time and together."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from imagenomer.cohort import Phenotype
from imagenomer.progress import finish
from imagenomer.statistics.connectivity_sample import Sample
from imagenomer.statistics.explanation import explain
from imagenomer.statistics.verdict import LEAST

N, P = 150, 300


def moved(noise, cause, rng, size=0.35):
    return noise + size * np.outer((cause - cause.mean()) / cause.std(), rng.standard_normal(P))


def levels(codes, names="AB"):
    return Phenotype("levels", np.asarray(codes, dtype=np.intp), tuple(names))


def explained(edges, target, candidates, families=None, **options):
    edges = edges.astype(np.float32)
    deviations = (edges - edges.mean(axis=0)).astype(float)
    everybody = np.arange(len(edges))
    sample = Sample(deviations @ deviations.T, edges, everybody, everybody, target.reshape(len(edges), -1), families)
    named = {name: dataclasses.replace(one, name=name) for name, one in candidates.items()}
    return finish(explain(sample, named, n_flips=199, rng=np.random.default_rng(1), **options))


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def test_nothing_is_explained_where_there_is_nothing(rng):
    found = explained(
        rng.standard_normal((N, P)), rng.standard_normal(N), {"age": Phenotype("", rng.uniform(8, 20, N))}
    )
    assert found.category == "no association"
    assert found.candidates["age"].category == "no association"


def test_a_confound_of_any_shape_is_found_and_an_innocent_is_not_blamed(rng):
    age, site = rng.uniform(8, 20, N), rng.integers(0, 5, N)
    for cause, name in (((age - 14) ** 2, "age"), (np.array([0, 2, -1, 1, -2])[site], "site")):
        target = (cause - cause.mean()) / cause.std() + rng.standard_normal(N)
        edges = moved(rng.standard_normal((N, P)), cause, rng)
        candidates = {"age": Phenotype("", age), "site": Phenotype("", site + 1.0)}
        found = explained(edges, target, candidates)
        assert found.category == "confounding"
        assert {other: one.category for other, one in found.candidates.items()} == {
            name: "confounding",
            ({"age", "site"} - {name}).pop(): "unrelated",
        }
        assert name in found.model.names


def test_two_confounds_explain_together_what_neither_explains_alone(rng):
    site, age = rng.integers(0, 2, N), rng.standard_normal(N)
    target = 2 * site + age + 0.8 * rng.standard_normal(N)
    edges = moved(moved(rng.standard_normal((N, P)), site, rng), age, rng)
    found = explained(edges, target, {"site": levels(site), "age": Phenotype("", age)})
    assert found.category == "confounding"
    assert set(found.model.names) >= {"site", "age"}
    assert found.candidates["site"].remainder.pattern.low > 0.2
    assert found.candidates["age"].remainder.pattern.low > 0.2
    assert found.joint.pattern.high < 0.3


def test_a_product_of_two_is_adjusted_for_and_blames_both(rng):
    site, drug = rng.integers(0, 2, (2, N))
    both = site ^ drug
    target = 2.0 * both + rng.standard_normal(N)
    found = explained(
        moved(rng.standard_normal((N, P)), both, rng), target, {"site": levels(site), "drug": levels(drug)}
    )
    assert found.category == "confounding"
    assert list(found.model.products) == [("site", "drug")]
    assert {one.category for one in found.candidates.values()} == {"confounding"}
    assert found.model.columns.shape == (N, 3)


def test_half_of_a_slope_is_half_and_not_a_quarter(rng):
    site = rng.integers(0, 2, N)
    signs = 2.0 * site - 1
    target = signs + rng.standard_normal(N)
    edges = moved(rng.standard_normal((N, P)), 0.5 * target + signs, rng)
    found = explained(edges, target, {"site": levels(site)})
    assert found.category == "both"
    assert found.joint.pattern.estimate == pytest.approx(0.5, abs=0.1)
    assert found.candidates["site"].category == "both"


def test_an_association_that_only_adjusting_reveals_is_found(rng):
    age, own = rng.standard_normal((2, N))
    found = explained(moved(rng.standard_normal((N, P)), own - age, rng), age + own, {"age": Phenotype("", age)})
    assert found.appears
    assert found.category == "real effect"
    assert found.test.p_value > 0.04


def test_a_candidate_that_says_the_same_as_the_target_is_an_alias_and_nothing_can_be_told(rng):
    group = rng.integers(0, 2, N)
    edges = moved(rng.standard_normal((N, P)), group, rng)
    site = np.where(np.arange(N) == 3, 1 - group, group)
    other = levels(rng.integers(0, 2, N))
    found = explained(edges, 1.0 * group, {"site": levels(group), "other": other})
    assert found.candidates["site"].is_alias
    assert found.candidates["site"].n_apart == 0
    assert found.category == "cannot tell"
    assert "site" not in found.model.names
    near = explained(edges, 1.0 * group, {"site": levels(site), "other": other}).candidates["site"]
    assert not near.is_alias
    assert near.remainder.pattern.explained > 0.9
    assert near.n_apart == np.count_nonzero(site == site[3])


def test_a_candidate_that_few_have_cannot_be_told_and_others_are_compared_in_who_has_them(rng):
    target = rng.standard_normal(N)
    edges = moved(rng.standard_normal((N, P)), target, rng)
    few, most = (np.where(np.arange(N) < n, rng.standard_normal(N), np.nan) for n in (LEAST - 1, 120))
    correlate = target + rng.standard_normal(N)
    correlate[np.isnan(most)] = np.nan
    found = explained(edges, target, {"few": Phenotype("", few), "most": Phenotype("", correlate)})
    assert found.candidates["few"].remainder.category == "cannot tell"
    assert found.candidates["most"].remainder.n_subjects == 120
    assert found.candidates["most"].category == "real effect"
    assert found.model.names == ("most",)
    assert found.joint.n_subjects == 120


def test_a_target_of_three_levels_and_relatives_are_no_obstacle(rng):
    families = np.repeat(np.arange(50), 3)
    site = rng.integers(0, 2, N)
    hidden = 2.0 * site + rng.standard_normal(N)
    target = np.digitize(hidden, [0.3, 1.7])[:, None] == [1, 2]
    noise = rng.standard_normal((N, P)) + rng.standard_normal((50, P))[families]
    found = explained(moved(noise, site, rng), target.astype(float), {"site": levels(site)}, families)
    assert found.category == "confounding"


def test_the_bounds_decide_what_is_called_what(rng):
    from imagenomer.statistics.verdict import Bounds

    site = rng.integers(0, 2, N)
    signs = 2.0 * site - 1
    target = signs + rng.standard_normal(N)
    edges = moved(rng.standard_normal((N, P)), 0.5 * target + signs, rng)
    found = explained(edges, target, {"site": levels(site)}, bounds=Bounds(explained=0.8))
    assert found.category == "confounding"
