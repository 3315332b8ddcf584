"""Normal equations of many variants at once, against those of each variant alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genotypes_drawn import draw
from imagenomer.errors import InputError
from imagenomer.statistics.genotype_codes import code_genotypes
from imagenomer.statistics.variant_blocks import (
    VariantDesign,
    apply,
    genotype_blocks,
    information,
    invert,
    linear_predictor,
    products,
    residual,
    shared_information,
)

seeds = st.integers(0, 2**32 - 1)


def one_by_one(dosage, design, model):
    """Return, of each variant, the rows of those who have it and their design matrix, codes last."""
    found = []
    for variant in dosage.T:
        known = variant >= 0
        codes = [code[known] for code in code_genotypes(variant, model)]
        found.append((known, np.column_stack([design.columns[known], *codes])))
    return found


@settings(max_examples=20)
@given(seeds, st.sampled_from(["additive", "genotypic"]))
def test_sums_over_who_has_each_variant_are_those_of_each_alone(seed, model):
    dosage, covariates, number, _ = draw(seed)
    rng = np.random.default_rng(seed)
    design = VariantDesign(number, covariates, 2)
    weight = rng.uniform(0.1, 1, number.size)
    beta = rng.normal(size=(4 + len(code_genotypes(dosage[:, :1], model)), dosage.shape[1]))
    alone = one_by_one(dosage, design, model)
    seen = []
    for block, genotypes in genotype_blocks(dosage, design, model):
        seen += block.tolist()
        shared = shared_information(genotypes, design, weight)
        weights = np.repeat(weight[:, None], block.size, axis=1)
        if genotypes.known is not None:
            weights = weights * genotypes.known
        own = information(weights, genotypes, design)
        sums = products(genotypes, design, number)
        predictor = linear_predictor(beta[:, block], genotypes, design)
        for place, variant in enumerate(block):
            known, matrix = alone[variant]
            expected = matrix.T @ (matrix * weight[known, None])
            np.testing.assert_allclose(shared[:, :, place], expected, atol=1e-9)
            np.testing.assert_allclose(own[:, :, place], expected, atol=1e-9)
            np.testing.assert_allclose(sums[:, place], matrix.T @ number[known], atol=1e-8)
            np.testing.assert_allclose(predictor[known, place], matrix @ beta[:, variant], atol=1e-9)
    assert sorted(seen) == list(range(dosage.shape[1])), "every variant is in one block"


@given(seeds)
def test_inverses_are_those_of_numpy_and_pivots_tell_the_singular(seed):
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(5, 9, 4))
    matrices = np.einsum("kip,kiq->pqk", factors, factors)
    inverse, pivots = invert(matrices)
    for index in range(5):
        np.testing.assert_allclose(inverse[:, :, index], np.linalg.inv(matrices[:, :, index]), rtol=1e-6, atol=1e-9)
        assert np.prod(pivots[:, index]) == pytest.approx(np.linalg.det(matrices[:, :, index]), rel=1e-8)
    vectors = rng.normal(size=(4, 5))
    expected = [matrices[:, :, index] @ vectors[:, index] for index in range(5)]
    np.testing.assert_allclose(apply(matrices, vectors).T, expected, rtol=1e-9)
    singular = np.ones((2, 2, 1))
    assert invert(singular)[1][1, 0] == 0


@given(seeds)
def test_columns_are_orthogonal_and_residuals_those_of_least_squares(seed):
    _, covariates, number, _ = draw(seed)
    design = VariantDesign(number, covariates, 1)
    n = number.size
    np.testing.assert_allclose(design.columns.T @ design.columns, n * np.eye(4), atol=1e-8)
    left, scale = residual(design, number)
    given_columns = np.column_stack([np.ones(n), covariates])
    expected = number - given_columns @ np.linalg.lstsq(given_columns, number, rcond=None)[0]
    np.testing.assert_allclose(left * scale, expected, atol=1e-9)
    assert np.mean(left**2) == pytest.approx(1)


def test_covariates_that_follow_from_each_other_are_refused():
    with pytest.raises(InputError, match="covariate 2 does not vary or follows"):
        VariantDesign(np.arange(9.0), np.column_stack([np.arange(9.0) ** 2, 3 * np.arange(9.0) ** 2]), 1)
