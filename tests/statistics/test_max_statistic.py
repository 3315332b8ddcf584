"""Max-T of every edge, against statsmodels and nilearn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nilearn.mass_univariate import permuted_ols

from edges_of_age import blocks_of, draw, run
from imagenomer.cohort import Phenotype
from imagenomer.progress import finish
from imagenomer.statistics.adjustment import associate, associate_category
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.freedman_lane import FreedmanLane
from imagenomer.statistics.max_statistic import exceedances, max_statistic
from imagenomer.statistics.permutation import heights_of

seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_the_actual_statistic_is_the_exact_one(seed):
    values, score, site, design = draw(seed)
    np.testing.assert_allclose(run(values, score, design).statistic, associate(values, score, design).t, rtol=1e-7)
    np.testing.assert_allclose(run(values, site, design).statistic, associate_category(values, site, design).f)


@given(seeds)
def test_an_adjusted_p_value_counts_the_permutations_and_the_identity(seed):
    values, score, _, design = draw(seed, effect=0.1)
    ours = run(values, score, design)
    # In float32 a permutation's largest statistic may come out on either side of one that it hardly differs from.
    least, most = (
        (1 + (ours.null[:, None] >= share * np.abs(ours.statistic)).sum(axis=0)) / 100 for share in (1, 1 - 1e-4)
    )
    assert (least - 1e-9 <= ours.adjusted_p).all()
    assert (ours.adjusted_p <= most + 1e-9).all()
    assert ours.null.shape == (99,)
    threshold = ours.threshold(0.05)
    np.testing.assert_array_equal(ours.adjusted_p <= 0.05, np.abs(ours.statistic) > threshold)
    assert threshold == np.sort(ours.null)[-5]  # above it at most four of 99 are as large, and (1 + 4) / 100 = 0.05
    assert ours.threshold(0.001) == np.inf


@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_with_nilearn(seed):
    values, score, _, design = draw(seed, n=40, n_edges=200, effect=0.12)
    ours = run(values, score, design, seed, 2000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = permuted_ols(
            score.values,
            values.astype(float),
            design.matrix[:, 1:],
            model_intercept=True,
            n_perm=2000,
            random_state=seed,
            output_type="dict",
        )
    np.testing.assert_allclose(ours.statistic, oracle["t"][0], rtol=1e-6)
    theirs = 10 ** -oracle["logp_max_t"][0]
    sampling = np.sqrt(2 * np.maximum(theirs * (1 - theirs), 1 / 2000) / 2000)
    assert (np.abs(ours.adjusted_p - theirs) < 4 * sampling).all()
    for share in (0.5, 0.9, 0.95):
        assert np.quantile(ours.null, share) == pytest.approx(np.quantile(oracle["h0_max_t"], share), rel=0.03)


def test_one_in_twenty_is_false_when_nothing_is_going_on():
    # 400 draws with a strong confound: 20 false ones are expected, 9 to 33 in 99.7 of 100 cases.
    false = {"score": 0, "site": 0}
    for seed in range(400):
        values, score, site, design = draw(seed, n=20, n_edges=10)
        for tested in (score, site):
            false[tested.name] += run(values, tested, design, seed, 59).adjusted_p.min() <= 0.05
    assert all(9 <= count <= 33 for count in false.values()), false


def test_a_strong_effect_is_found_and_only_there():
    values, score, _, design = draw(8, n=80, effect=0.3)
    ours = run(values, score, design, n_permutations=199)
    assert ours.adjusted_p[0] == 1 / 200
    assert ours.adjusted_p[1:].min() > 0.05


def test_the_seed_decides_and_the_rows_in_use_are_the_only_ones_read(rng):
    values, score, _, design = draw(9)
    ours, again, other = (run(values, score, design, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(ours.null, again.null)
    assert (ours.null != other.null).any()
    spread = np.full((60, values.shape[1]), np.nan, dtype=np.float32)
    rows = np.sort(rng.choice(60, 30, replace=False))
    spread[rows] = values
    far = finish(max_statistic(spread, rows, score, design, n_permutations=99, rng=np.random.default_rng(5)))
    np.testing.assert_array_equal(far.null, ours.null)


def test_an_edge_that_cannot_be_tested_is_left_out():
    values, score, _, design = draw(10)
    plain = run(values[:, 3:], score, design)
    values[4, 0], values[:, 1], values[:, 2] = np.nan, 0.1, design.matrix[:, 1]
    ours = run(values, score, design)
    np.testing.assert_array_equal(np.isnan(ours.adjusted_p), [True] * 3 + [False] * 9)
    np.testing.assert_array_equal(np.isnan(ours.statistic), np.isnan(ours.adjusted_p))
    np.testing.assert_allclose(ours.null, plain.null, rtol=1e-6)


def test_progress_grows_to_the_end_so_that_a_cancel_can_stop_it(monkeypatch):
    monkeypatch.setattr("imagenomer.statistics.freedman_lane._WEIGHTS_AT_A_TIME", 10 * 30 * 3)
    values, score, _, design = draw(12)
    rng = np.random.default_rng(0)
    seen = list(max_statistic(values, np.arange(30), score, design, n_permutations=50, rng=rng))
    # Of each chunk where it begins, while its permutations are drawn, and where it ends.
    assert [one.done for one in seen][1:] == [0, 10, 10, 20, 20, 30, 30, 40, 40, 50]
    assert {one.total for one in seen} == {50}


def test_blocks_guard_against_what_differs_between_them(rng):
    # Scanners differ in every edge and in the score; within a scanner nothing is going on.
    scanner = np.repeat([0, 1], 20)
    values = (rng.standard_normal((40, 30)) + 2 * scanner[:, None]).astype(np.float32)
    score = code(Phenotype("score", rng.standard_normal(40) + 2 * scanner), np.arange(40))
    design = build_design([], np.arange(40))
    assert run(values, score, design).adjusted_p.min() == 0.01
    assert run(values, score, design, blocks=scanner).adjusted_p.min() > 0.05


@settings(max_examples=10)
@given(seeds)
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_exceedances_are_the_edges_above_the_threshold(alternative, seed):
    values, score, site, design = draw(seed, n=20, n_edges=40)
    for tested, threshold in ((score, 1.5), (site, 2.5)):
        rows, options = np.arange(20), {"n_permutations": 6, "threshold": threshold, "alternative": alternative}
        found = finish(exceedances(values, rows, tested, design, rng=np.random.default_rng(seed), **options))
        model = FreedmanLane(values, rows, tested, design)
        ((_, permutations, unit, _),) = blocks_of(model, model.permutations(6, np.random.default_rng(seed)))
        share, sign = model.all_shares(unit, permutations)
        statistic = model.statistic_of(share.astype(float)) * (sign if tested is score else 1)
        height = heights_of(statistic, alternative, tested.values.shape[1])
        ours = np.zeros((6, 40))
        ours[found.permutation, found.edge] = found.height
        np.testing.assert_allclose(ours, np.where(height > threshold, height, 0), rtol=1e-5)
        np.testing.assert_array_equal(found.statistic, model.statistic)
