"""One test of all features, against least squares feature by feature, and against the test of single edges."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.freedman_lane import FreedmanLane
from imagenomer.statistics.multivariate import share_explained

seeds = st.integers(0, 2**32 - 1)


def draw(seed, n=40, n_features=9):
    rng = np.random.default_rng(seed)
    everybody = np.arange(n)
    age = Phenotype("age", rng.uniform(8, 21, n))
    sex = Phenotype("sex", rng.permutation(everybody % 2), levels=("F", "M"))
    site = Phenotype("site", rng.permutation(everybody % 3), levels=("A", "B", "C"))
    score = Phenotype("score", rng.standard_normal(n) + 0.2 * age.values)
    features = rng.standard_normal((n, n_features)) + np.outer(age.values, rng.normal(0, 0.2, n_features)) + 3
    return features, score, site, build_design([age, sex], everybody)


def run(features, tested, design, seed=0, n_permutations=49, **options):
    deviations = features - features.mean(axis=0)
    gram = deviations @ deviations.T
    rng = np.random.default_rng(seed)
    return finish(share_explained(gram, tested, design, n_permutations=n_permutations, rng=rng, **options))


@given(seeds)
def test_the_share_is_that_of_the_sums_of_squares_of_all_regressions(seed):
    features, score, site, design = draw(seed)
    for phenotype in (score, site):
        tested = code(phenotype, np.arange(len(features)))
        small = [sm.OLS(feature, design.matrix).fit() for feature in features.T]
        large = [sm.OLS(feature, np.column_stack([design.matrix, tested.values])).fit() for feature in features.T]
        explained = sum(one.ssr - other.ssr for one, other in zip(small, large, strict=True))
        assert run(features, tested, design).share == pytest.approx(explained / sum(one.ssr for one in small))


@given(seeds)
def test_the_gram_matrix_may_be_about_any_origin(seed):
    features, score, _, design = draw(seed)
    tested = code(score, np.arange(len(features)))
    gram = features @ features.T
    rng = np.random.default_rng(0)
    ours = finish(share_explained(gram, tested, design, n_permutations=49, rng=rng))
    oracle = run(features, tested, design)
    assert ours.share == pytest.approx(oracle.share)
    np.testing.assert_allclose(ours.null, oracle.null, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("phenotype", [1, 2])
def test_of_one_feature_it_is_the_permutation_test_of_an_edge(phenotype):
    everything = draw(5, n_features=1)
    features, tested, design = everything[0], code(everything[phenotype], np.arange(40)), everything[3]
    edge = FreedmanLane(features, np.arange(40), tested, design)
    ((_, permutations, unit, _),) = edge.blocks(edge.permutations(60, np.random.default_rng(0)))
    oracle, _ = edge.all_shares(unit, permutations)
    ours = run(features, tested, design, n_permutations=60)
    np.testing.assert_allclose(ours.null, oracle[:, 0], atol=1e-6)
    assert ours.share == pytest.approx(edge.share[0])
    assert ours.p_value == (1 + np.count_nonzero(oracle[:, 0] >= ours.share)) / 61


def test_by_chance_it_explains_its_part_of_the_degrees_of_freedom():
    features, score, _, _ = draw(1, n=60, n_features=200)
    features = np.random.default_rng(2).standard_normal(features.shape)
    tested, design = code(score, np.arange(60)), build_design([], np.arange(60))
    ours = run(features, tested, design, n_permutations=400)
    assert ours.expected == pytest.approx(1 / 59, rel=0.02)
    assert abs(ours.beyond_chance) < 0.01


def test_what_goes_with_the_target_alone_is_found_and_what_goes_with_a_covariate_is_not():
    found = {"mine": 0, "theirs": 0}
    for seed in range(150):
        rng = np.random.default_rng(seed)
        covariate = Phenotype("z", rng.standard_normal(50))
        target = Phenotype("y", 0.7 * covariate.values + rng.standard_normal(50))
        design = build_design([covariate], np.arange(50))
        pattern, noise = rng.standard_normal(8), rng.standard_normal((50, 8))
        for name, cause in (("mine", target), ("theirs", covariate)):
            ours = run(noise + 0.4 * np.outer(cause.values, pattern), code(target, np.arange(50)), design, seed)
            found[name] += ours.p_value <= 0.05
    assert found["mine"] > 120
    assert found["theirs"] <= 14  # 7.5 expected; more has a chance of 1 %


def test_within_blocks_a_target_that_goes_with_blocks_alone_is_not_found():
    found = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        block = rng.integers(0, 4, 48)
        target = Phenotype("y", block + rng.standard_normal(48))
        features = rng.standard_normal((48, 6)) + block[:, None]
        tested, design = code(target, np.arange(48)), build_design([], np.arange(48))
        assert seed > 5 or run(features, tested, design, seed).p_value == 0.02
        found += run(features, tested, design, seed, blocks=block).p_value <= 0.05
    assert found <= 14


def test_covariates_that_explain_all_features_leave_nothing_to_test():
    rng = np.random.default_rng(0)
    age = Phenotype("age", rng.standard_normal(20))
    tested = code(Phenotype("y", rng.standard_normal(20)), np.arange(20))
    with pytest.raises(InputError, match="leave nothing of the connectivity"):
        run(np.outer(age.values, [1.0, 2.0]), tested, build_design([age], np.arange(20)))
