"""Permutation tests of every edge, against Freedman and Lane's recipe by statsmodels, and against nilearn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from nilearn.mass_univariate import permuted_ols

from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.adjusted import associate, associate_category
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.permutation import (
    FreedmanLane,
    draw_permutations,
    exceedances,
    heights_of,
    max_statistic,
)

seeds = st.integers(0, 2**32 - 1)


def draw(seed, n=30, n_edges=12, effect=0.0):
    """Draw edges that follow age and sex, a score that follows age, a site, and the covariates age and sex."""
    rng = np.random.default_rng(seed)
    everybody = np.arange(n)
    age = Phenotype("age", rng.uniform(8, 21, n))
    sex = Phenotype("sex", rng.permutation(everybody % 2), levels=("F", "M"))
    score = Phenotype("score", rng.standard_normal(n) * 4 + age.values)
    site = Phenotype("site", rng.permutation(everybody % 3), levels=("A", "B", "C"))
    values = rng.standard_normal((n, n_edges)) + np.outer(age.values, rng.normal(0, 0.2, n_edges))
    values += sex.values[:, None] + 5
    values[:, 0] += effect * score.values
    design = build_design([age, sex], everybody)
    return values.astype(np.float32), code(score, everybody), code(site, everybody), design


def rearranged_and_refitted(values, tested, design, permutation):
    """Return |t|, or F, of every edge after Freedman and Lane's rearrangement, the long way."""
    statistics = []
    for edge in values.T.astype(float):
        small = sm.OLS(edge, design.matrix).fit()
        residuals = np.empty_like(edge)
        residuals[permutation] = small.resid
        again = small.fittedvalues + residuals
        large = sm.OLS(again, np.column_stack([design.matrix, tested.values])).fit()
        f = large.compare_f_test(sm.OLS(again, design.matrix).fit())[0]
        statistics.append(np.sqrt(f) if tested.values.shape[1] == 1 else f)
    return np.array(statistics)


def run(values, tested, design, seed=0, n_permutations=99, **options):
    rows = np.arange(len(values))
    rng = np.random.default_rng(seed)
    return finish(max_statistic(values, rows, tested, design, n_permutations=n_permutations, rng=rng, **options))


@settings(max_examples=10)
@given(seeds)
def test_each_rearrangement_is_that_of_freedman_and_lane(seed):
    values, score, site, design = draw(seed, n=14)
    for tested in (score, site):
        permutations = draw_permutations(np.random.default_rng(seed), 4, 14)
        oracle = np.array([rearranged_and_refitted(values, tested, design, one) for one in permutations])
        ours = run(values, tested, design, seed, 4)
        np.testing.assert_allclose(ours.null, oracle.max(axis=1), rtol=1e-4)
        model = FreedmanLane(values, np.arange(14), tested, design)
        ((_, permutations, unit, _),) = model.blocks(4, np.random.default_rng(seed))
        share, _ = model.all_shares(unit, permutations)
        np.testing.assert_allclose(model.statistic_of(share.astype(float)), oracle, rtol=1e-3, atol=1e-3)


@given(seeds)
def test_the_actual_statistic_is_the_exact_one(seed):
    values, score, site, design = draw(seed)
    np.testing.assert_allclose(run(values, score, design).statistic, associate(values, score, design).t, rtol=1e-7)
    np.testing.assert_allclose(run(values, site, design).statistic, associate_category(values, site, design).f)


@given(seeds)
def test_an_adjusted_p_value_counts_the_rearrangements_and_the_actual_arrangement(seed):
    values, score, _, design = draw(seed, effect=0.1)
    ours = run(values, score, design)
    # In float32 a rearrangement's largest statistic may come out on either side of one that it hardly differs from.
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


def test_no_edge_is_passed_over_that_the_covariates_lift(rng):
    # Heavy tails in edges and covariates: where the residuals of few subjects decide.
    n, everybody = 300, np.arange(300)
    design = build_design([Phenotype(name, rng.standard_t(4, n)) for name in "abc"], everybody)
    score = code(Phenotype("score", rng.standard_t(2, n)), everybody)
    values = rng.standard_t(2, (n, 1200)).astype(np.float32)
    model = FreedmanLane(values, everybody, score, design)
    assert 0 < model.slack < 0.9
    everything = np.zeros(200)
    for chunk, permutations, unit, _ in model.blocks(200, np.random.default_rng(3)):
        share, _ = model.all_shares(unit, permutations)
        everything[chunk] = np.maximum(everything[chunk], share.max(axis=1))
    ours = run(values, score, design, 3, 200)
    np.testing.assert_allclose(ours.null, model.statistic_of(everything), rtol=1e-5)


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


@settings(max_examples=20)
@given(seeds, st.floats(0.01, 100), st.floats(-100, 100))
def test_units_and_origin_of_covariates_do_not_matter(seed, scale, offset):
    values, score, _, design = draw(seed)
    age, sex = design.matrix[:, 1], design.matrix[:, 2]
    other = build_design(
        [Phenotype("age", scale * age + offset), Phenotype("sex", scale * sex + offset)], np.arange(30)
    )
    one, two = run(values, score, design, seed), run(values, score, other, seed)
    np.testing.assert_allclose(one.statistic, two.statistic, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(one.null, two.null, rtol=1e-4)


@settings(max_examples=20)
@given(seeds)
def test_what_covariates_add_to_an_edge_does_not_matter(seed):
    values, score, _, design = draw(seed)
    shifted = values + design.matrix @ np.random.default_rng(seed).normal(0, 3, (3, values.shape[1]))
    np.testing.assert_allclose(run(values, score, design).null, run(shifted, score, design).null, rtol=1e-3)


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


def test_work_in_pieces_is_the_same_work(monkeypatch):
    values, score, _, design = draw(11)

    def both():
        options = {"n_permutations": 99, "rng": np.random.default_rng(1)}
        rows = np.arange(30)
        found = finish(exceedances(values, rows, score, design, threshold=1.5, alternative="two-sided", **options))
        order = np.lexsort((found.edge, found.permutation))
        return run(values, score, design).null, found.permutation[order], found.edge[order], found.height[order]

    whole = both()
    monkeypatch.setattr("imagenomer.statistics.permutation._WEIGHTS_AT_A_TIME", 10 * 30 * 3)
    monkeypatch.setattr("imagenomer.statistics.column_moments._COLUMNS", 5)
    for one, other in zip(both(), whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_progress_grows_to_the_end_so_that_a_cancel_can_stop_it(monkeypatch):
    monkeypatch.setattr("imagenomer.statistics.permutation._WEIGHTS_AT_A_TIME", 10 * 30 * 3)
    values, score, _, design = draw(12)
    rng = np.random.default_rng(0)
    seen = list(max_statistic(values, np.arange(30), score, design, n_permutations=50, rng=rng))
    assert [one.done for one in seen] == [10, 20, 30, 40, 50]
    assert {one.total for one in seen} == {50}


# --- blocks --------------------------------------------------------------------------------------


@given(seeds, st.integers(1, 5))
def test_subjects_stay_within_their_block(seed, n_blocks):
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, n_blocks, 23) * 7
    permutations = draw_permutations(rng, 9, 23, blocks)
    np.testing.assert_array_equal(blocks[permutations], np.tile(blocks, (9, 1)))
    np.testing.assert_array_equal(np.sort(permutations, axis=1), np.tile(np.arange(23), (9, 1)))


@pytest.mark.parametrize("blocks", [None, np.array([0, 1, 0, 1, 0])])
def test_every_rearrangement_is_as_likely_as_any_other(blocks):
    permutations = draw_permutations(np.random.default_rng(1), 24_000, 5, blocks)
    counts = np.unique(permutations, axis=0, return_counts=True)[1]
    assert counts.size == (120 if blocks is None else 12)
    expected = 24_000 / counts.size
    assert ((counts - expected) ** 2 / expected).sum() < counts.size + 4 * np.sqrt(2 * counts.size)


@pytest.mark.parametrize("blocks", [None, np.arange(30) % 4])
def test_ten_and_ten_more_are_twenty(blocks):
    rng = np.random.default_rng(2)
    parts = [draw_permutations(rng, 10, 30, blocks) for _ in range(2)]
    np.testing.assert_array_equal(np.concatenate(parts), draw_permutations(np.random.default_rng(2), 20, 30, blocks))


def test_blocks_guard_against_what_differs_between_them(rng):
    # Scanners differ in every edge and in the score; within a scanner nothing is going on.
    scanner = np.repeat([0, 1], 20)
    values = (rng.standard_normal((40, 30)) + 2 * scanner[:, None]).astype(np.float32)
    score = code(Phenotype("score", rng.standard_normal(40) + 2 * scanner), np.arange(40))
    design = build_design([], np.arange(40))
    assert run(values, score, design).adjusted_p.min() == 0.01
    assert run(values, score, design, blocks=scanner).adjusted_p.min() > 0.05


def test_too_little_to_rearrange_is_refused():
    values, score, _, design = draw(13)
    with pytest.raises(InputError, match="30 blocks of 30 subjects can be rearranged in 1 ways only"):
        run(values, score, design, blocks=np.arange(30))
    half = code(Phenotype("half", np.repeat([0, 1], 15), levels=("a", "b")), np.arange(30))
    with pytest.raises(InputError, match="half does not vary within any block"):
        run(values, half, design, blocks=np.repeat([3, 1], 15))
    with pytest.raises(ValueError, match="blocks of shape"):
        run(values, score, design, blocks=np.arange(29))


# --- edges above a threshold ---------------------------------------------------------------------


@settings(max_examples=10)
@given(seeds)
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_exceedances_are_the_edges_above_the_threshold(alternative, seed):
    values, score, site, design = draw(seed, n=20, n_edges=40)
    for tested, threshold in ((score, 1.5), (site, 2.5)):
        rows, options = np.arange(20), {"n_permutations": 6, "threshold": threshold, "alternative": alternative}
        found = finish(exceedances(values, rows, tested, design, rng=np.random.default_rng(seed), **options))
        model = FreedmanLane(values, rows, tested, design)
        ((_, permutations, unit, _),) = model.blocks(6, np.random.default_rng(seed))
        share, sign = model.all_shares(unit, permutations)
        statistic = model.statistic_of(share.astype(float)) * (sign if tested is score else 1)
        height = heights_of(statistic, alternative, tested.values.shape[1])
        ours = np.zeros((6, 40))
        ours[found.permutation, found.edge] = found.height
        np.testing.assert_allclose(ours, np.where(height > threshold, height, 0), rtol=1e-5)
        np.testing.assert_array_equal(found.statistic, model.statistic)


def test_the_direction_counts_only_where_there_is_one():
    t = np.array([-2.0, 0, 3, np.nan])
    np.testing.assert_array_equal(heights_of(t, "two-sided", 1), [2, 0, 3, 0])
    np.testing.assert_array_equal(heights_of(t, "greater", 1), [0, 0, 3, 0])
    np.testing.assert_array_equal(heights_of(t, "less", 1), [2, 0, 0, 0])
    np.testing.assert_array_equal(heights_of(np.abs(t), "less", 2), [2, 0, 3, 0])
