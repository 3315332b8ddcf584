"""Flipped predictions: those of ridge regression trained without the subject, and the same by way of features."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from imagenomer.progress import Progress, finish
from imagenomer.statistics.feature_products import FeatureProducts
from imagenomer.statistics.flipped_predictions import pair_matrices, pair_spectrum
from imagenomer.statistics.orthonormal import orthonormal

N, P = 36, 7
STEP = Progress("Testing")
PENALTIES = (0.2, 3.0)


@pytest.fixture
def drawn(rng):
    edges = rng.normal(size=(N, P))
    edges -= edges.mean(axis=0)
    basis = orthonormal(np.column_stack([np.ones(N), rng.normal(size=N)]))
    return edges, basis, rng.normal(size=(5, N))


def both(edges, basis, codes):
    products = FeatureProducts(edges, np.arange(N), np.ones(P, dtype=bool), np.zeros(P))
    return (
        finish(pair_matrices(edges @ edges.T, basis, codes, PENALTIES, STEP)),
        finish(pair_spectrum(products, basis, codes, PENALTIES, STEP)),
    )


@pytest.mark.parametrize("clusters", [np.arange(N), np.repeat(np.arange(12), 3)])
def test_both_ways_give_the_same(drawn, clusters):
    edges, basis, flipped = drawn
    by_subjects, by_features = both(edges, basis, clusters)
    for ours, theirs in zip(
        finish(by_features.looks(flipped, basis)), finish(by_subjects.looks(flipped, basis)), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)
    left = finish(by_subjects.looks(flipped, basis))[1]
    for place in range(len(PENALTIES)):
        ours = finish(by_features.predicted(left, place))
        np.testing.assert_allclose(ours, finish(by_subjects.predicted(left, place)), rtol=1e-8, atol=1e-9)


def test_what_flipped_targets_explain_is_the_sum_of_squared_products_with_edges(drawn):
    edges, basis, flipped = drawn
    left = flipped - flipped @ basis @ basis.T
    for way in both(edges, basis, np.arange(N)):
        explained, residual = finish(way.looks(flipped, basis))
        np.testing.assert_allclose(explained, ((left @ edges) ** 2).sum(axis=1), rtol=1e-9)
        np.testing.assert_allclose(residual, left, atol=1e-12)


@pytest.mark.parametrize("place", [0, 1])
def test_a_prediction_is_that_of_ridge_trained_without_the_subject(drawn, place):
    """L_ij scaled back by sqrt((1 - h_j) / (1 - h_i)) is what the others' targets weigh in the prediction of i."""
    edges, basis, flipped = drawn
    left = flipped - flipped @ basis @ basis.T
    inner = edges - basis @ (basis.T @ edges)
    penalty = PENALTIES[place] * (inner**2).sum() / N
    matrices = both(edges, basis, np.arange(N))[0]
    hat = inner @ np.linalg.solve(inner.T @ inner + penalty * np.eye(P), inner.T)
    kept = 1 - np.diag(hat) - (basis**2).sum(axis=1)
    scaled = matrices.left_out[place] * np.sqrt(kept)[:, None] * np.sqrt(kept)
    np.testing.assert_allclose(scaled, hat - np.diag(np.diag(hat)), atol=1e-9)
    # Without covariates but the mean it is the textbook's leave-one-out residual (Allen's PRESS).
    constant = np.full((N, 1), N**-0.5)
    plain = finish(pair_matrices(edges @ edges.T, constant, np.arange(N), (1.0,), STEP))
    target = left[0] - left[0].mean()
    penalty = (edges**2).sum() / N
    hat = edges @ np.linalg.solve(edges.T @ edges + penalty * np.eye(P), edges.T) + 1 / N
    kept = 1 - np.diag(hat)
    for one in (0, 20):
        others = np.arange(N) != one
        alone = Ridge(alpha=penalty).fit(edges[others], target[others]).predict(edges[[one]])[0]
        residual = (target[one] - hat[one] @ target) / kept[one]
        assert target[one] - residual == pytest.approx(alone, rel=1e-6)
        off = finish(plain.predicted((target * np.sqrt(kept))[None], 0))[0, one] * np.sqrt(kept[one])
        assert off == pytest.approx(hat[one] @ target - hat[one, one] * target[one] + target[one] / N, rel=1e-6)
