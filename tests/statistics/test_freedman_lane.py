"""Permuted residuals, against Freedman and Lane's recipe by statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edges_of_age import blocks_of, draw, permuted_and_refitted, run
from imagenomer.cohort import Phenotype
from imagenomer.progress import finish
from imagenomer.statistics import products
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.freedman_lane import FreedmanLane
from imagenomer.statistics.max_statistic import exceedances
from imagenomer.statistics.permutation import draw_permutations

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=10)
@given(seeds)
def test_each_permutation_is_that_of_freedman_and_lane(seed):
    values, score, site, design = draw(seed, n=14)
    for tested in (score, site):
        permutations = draw_permutations(np.random.default_rng(seed), 4, 14)
        oracle = np.array([permuted_and_refitted(values, tested, design, one) for one in permutations])
        ours = run(values, tested, design, seed, 4)
        np.testing.assert_allclose(ours.null, oracle.max(axis=1), rtol=1e-4)
        model = FreedmanLane(values, np.arange(14), tested, design)
        ((_, permutations, unit, _),) = blocks_of(model, model.permutations(4, np.random.default_rng(seed)))
        share, _ = model.all_shares(unit, permutations)
        np.testing.assert_allclose(model.statistic_of(share.astype(float)), oracle, rtol=1e-3, atol=1e-3)


def test_no_edge_is_passed_over_that_the_covariates_lift(rng):
    # Heavy tails in edges and covariates: where the residuals of few subjects decide.
    n, everybody = 300, np.arange(300)
    design = build_design([Phenotype(name, rng.standard_t(4, n)) for name in "abc"], everybody)
    score = code(Phenotype("score", rng.standard_t(2, n)), everybody)
    values = rng.standard_t(2, (n, 1200)).astype(np.float32)
    model = FreedmanLane(values, everybody, score, design)
    assert 0 < model.slack < 0.9
    everything = np.zeros(200)
    for chunk, permutations, unit, _ in blocks_of(model, model.permutations(200, np.random.default_rng(3))):
        share, _ = model.all_shares(unit, permutations)
        everything[chunk] = np.maximum(everything[chunk], share.max(axis=1))
    ours = run(values, score, design, 3, 200)
    np.testing.assert_allclose(ours.null, model.statistic_of(everything), rtol=1e-5)


@pytest.mark.parametrize("few_pairs", [0.0, 1.0])
def test_pairs_and_all_products_lift_shares_alike(rng, monkeypatch, few_pairs):
    monkeypatch.setattr(products.Blas, "few_pairs", few_pairs)
    values, score, site, design = draw(1)
    for tested in (score, site):
        model = FreedmanLane(values, np.arange(30), tested, design)
        ((_, permutations, unit, _),) = blocks_of(model, model.permutations(9, rng))
        share, sign = model.all_shares(unit, permutations)
        large = model.large(unit, permutations, np.full(9, 0.01, dtype=np.float32))
        product = model.products(unit, permutations)
        plain = np.einsum("kij,kij->ij", product, product)
        where = large.permutation, large.column
        np.testing.assert_array_equal(where, np.nonzero(plain >= np.float32(0.01)))
        np.testing.assert_array_equal(large.share, plain[where])
        np.testing.assert_array_equal(large.sign, sign[where])
        np.testing.assert_array_equal(large.largest, plain.max(axis=1))
        np.testing.assert_array_equal(model.largest(unit, permutations), plain.max(axis=1))
        np.testing.assert_allclose(model.lifted(unit, permutations, large), share[where], rtol=1e-4)


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


def test_work_in_pieces_is_the_same_work(monkeypatch):
    values, score, _, design = draw(11)

    def both():
        options = {"n_permutations": 99, "rng": np.random.default_rng(1)}
        rows = np.arange(30)
        found = finish(exceedances(values, rows, score, design, threshold=1.5, alternative="two-sided", **options))
        order = np.lexsort((found.edge, found.permutation))
        return run(values, score, design).null, found.permutation[order], found.edge[order], found.height[order]

    whole = both()
    monkeypatch.setattr("imagenomer.statistics.freedman_lane._WEIGHTS_AT_A_TIME", 10 * 30 * 3)
    monkeypatch.setattr("imagenomer.statistics.column_moments._COLUMNS", 5)
    for one, other in zip(both(), whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
