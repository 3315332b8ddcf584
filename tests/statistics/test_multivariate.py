"""One test of all features, against least squares feature by feature, and against the test of single edges."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.multivariate import share_explained, whole_p

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


def gram_of(features):
    deviations = features - features.mean(axis=0)
    return deviations @ deviations.T


def p_of(features, tested, design, seed=0, n_flips=49, clusters=None):
    rng = np.random.default_rng(seed)
    return finish(whole_p(gram_of(features), tested, design, n_flips=n_flips, rng=rng, clusters=clusters))


@given(seeds)
def test_the_share_is_that_of_the_sums_of_squares_of_all_regressions(seed):
    features, score, site, design = draw(seed)
    for phenotype in (score, site):
        tested = code(phenotype, np.arange(len(features)))
        small = [sm.OLS(feature, design.matrix).fit() for feature in features.T]
        large = [sm.OLS(feature, np.column_stack([design.matrix, tested.values])).fit() for feature in features.T]
        explained = sum(one.ssr - other.ssr for one, other in zip(small, large, strict=True))
        share = finish(share_explained(gram_of(features), tested, design)).share
        assert share == pytest.approx(explained / sum(one.ssr for one in small))


@given(seeds)
def test_the_gram_matrix_may_be_about_any_origin(seed):
    features, score, _, design = draw(seed)
    tested = code(score, np.arange(len(features)))
    ours = finish(share_explained(features @ features.T, tested, design))
    assert ours.share == pytest.approx(finish(share_explained(gram_of(features), tested, design)).share)


@pytest.mark.parametrize("seed", range(4))
def test_of_few_subjects_the_p_value_is_that_of_every_flip_of_signs(seed):
    features, score, _, _ = draw(seed, n=9)
    age = Phenotype("age", np.random.default_rng(seed).standard_normal(9))
    tested, design = code(score, np.arange(9)), build_design([age], np.arange(9))
    remover = np.eye(9) - design.matrix @ np.linalg.pinv(design.matrix)
    residual = remover @ score.values
    shares = []
    for signs in itertools.product((1.0, -1.0), repeat=9):
        flipped = remover @ (np.array(signs) * residual)
        shares.append(((flipped @ features) ** 2).sum() / (flipped @ flipped))
    own = ((residual @ features) ** 2).sum() / (residual @ residual)
    expected = np.mean(np.array(shares) >= own * (1 - 1e-9))
    assert p_of(features, tested, design, n_flips=255) == pytest.approx(expected)


def test_by_chance_it_explains_its_part_of_the_degrees_of_freedom():
    rng = np.random.default_rng(2)
    gram = gram_of(rng.standard_normal((60, 200)))
    site = Phenotype("site", np.arange(60) % 3, levels=("A", "B", "C"))
    design = build_design([Phenotype("age", rng.standard_normal(60))], np.arange(60))
    shares = []
    for _ in range(300):
        order = rng.permutation(60)
        shares.append(finish(share_explained(gram[np.ix_(order, order)], code(site, np.arange(60)), design)))
    assert shares[0].expected == pytest.approx(2 / 58)
    assert np.mean([one.share for one in shares]) == pytest.approx(2 / 58, rel=0.02)
    assert abs(np.mean([one.beyond_chance for one in shares])) < 0.001


def test_what_goes_with_the_target_alone_is_found_and_what_goes_with_a_covariate_is_not():
    found = {"mine": 0, "theirs": 0}
    for seed in range(150):
        rng = np.random.default_rng(seed)
        covariate = Phenotype("z", rng.standard_normal(50))
        target = Phenotype("y", 0.7 * covariate.values + rng.standard_normal(50))
        design = build_design([covariate], np.arange(50))
        pattern, noise = rng.standard_normal(8), rng.standard_normal((50, 8))
        for name, cause in (("mine", target), ("theirs", covariate)):
            features = noise + 0.4 * np.outer(cause.values, pattern)
            found[name] += p_of(features, code(target, np.arange(50)), design, seed) <= 0.05
    assert found["mine"] > 120
    assert found["theirs"] <= 14  # 7.5 expected; more has a chance of 1 %


@pytest.mark.parametrize("kind", ["noisy patients", "families"])
def test_subjects_who_differ_in_noise_or_are_related_are_not_an_association(kind):
    found = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        families = np.repeat(np.arange(20), 3)
        features, values = rng.standard_normal((60, 8)), rng.standard_normal(60)
        if kind == "families":
            features += rng.standard_normal((20, 8))[families]
            values += rng.standard_normal(20)[families]
        else:
            values = 1.0 * (np.arange(60) < 8)
            features *= np.where(values, 2, 1)[:, None]
        tested, design = code(Phenotype("y", values), np.arange(60)), build_design([], np.arange(60))
        found += p_of(features, tested, design, seed, clusters=families if kind == "families" else None) <= 0.05
    assert found <= 14  # 7.5 expected; more has a chance of 1 %


def test_covariates_that_explain_all_features_leave_nothing_to_test():
    rng = np.random.default_rng(0)
    age = Phenotype("age", rng.standard_normal(20))
    tested = code(Phenotype("y", rng.standard_normal(20)), np.arange(20))
    with pytest.raises(InputError, match="leave nothing of the connectivity"):
        finish(share_explained(gram_of(np.outer(age.values, [1.0, 2.0])), tested, build_design([age], np.arange(20))))
