"""Explained variance: the misfit the long way, and least squares of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from decomposed import mixture, principal
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.explained_variance import share_explained, share_projected
from imagenomer.statistics.non_negative_factors import non_negative_factors

SEEDS = st.integers(0, 2**32 - 1)


def test_where_subjects_do_not_differ_nothing_is_to_be_explained():
    same = np.full((10, 30), 0.5, dtype=np.float32)
    with pytest.raises(InputError, match="the same in all 10 subjects"):
        finish(share_explained(same, np.arange(10), np.ones((1, 30)), np.ones((10, 1))))
    with pytest.raises(InputError, match="the same in all 10 subjects"):
        finish(non_negative_factors(same, np.arange(10), 2, np.random.default_rng(1)))


@settings(max_examples=20)
@given(SEEDS)
def test_explained_variance_is_the_misfit_the_long_way(seed):
    rng = np.random.default_rng(seed)
    values, _ = mixture(rng, n_edges=200)
    rows = np.arange(3, 33)
    components, scores = rng.normal(size=(4, 200)), rng.normal(1, 1, (30, 4))
    alone, cumulative = finish(share_explained(values, rows, components, scores))
    centred = values[rows].astype(np.float64) - values[rows].mean(axis=0, dtype=np.float64)
    weights = scores - scores.mean(axis=0)

    def share(which):
        return 1 - np.sum((centred - weights[:, which] @ components[which]) ** 2) / np.sum(centred**2)

    np.testing.assert_allclose(alone, [share([one]) for one in range(4)], rtol=1e-9)
    np.testing.assert_allclose(cumulative, [share(list(range(one + 1))) for one in range(4)], rtol=1e-9)


def test_for_principal_components_it_is_the_ratio_of_eigenvalues(rng):
    values, _ = mixture(rng)
    _, ours = principal(values, np.arange(40), 10)
    alone, cumulative = finish(share_explained(values, np.arange(40), ours.components, ours.scores))
    np.testing.assert_allclose(alone, ours.explained, rtol=1e-6)
    np.testing.assert_allclose(cumulative, ours.cumulative, rtol=1e-6)


# --- of projections -------------------------------------------------------------------------------


def explained_by_regression(values, components):
    """Oracle: the share of variance that scikit-learn's least squares on some components explains."""
    deviations = (values - values.mean(axis=0, dtype=float)).T
    fitted = LinearRegression(fit_intercept=False).fit(components.T.astype(float), deviations)
    return 1 - np.sum((deviations - fitted.predict(components.T.astype(float))) ** 2) / np.sum(deviations**2)


@settings(max_examples=20)
@given(SEEDS)
def test_shares_of_projections_are_those_of_regression_on_the_components(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 0.2, (12, 40)).astype(np.float32)
    components = rng.normal(size=(5, 40)) * (rng.random((5, 40)) < 0.4) + np.eye(5, 40)
    components /= np.linalg.norm(components, axis=1, keepdims=True)
    explained, cumulative = finish(share_projected(values, np.arange(12), components))
    alone = [explained_by_regression(values, components[one : one + 1]) for one in range(5)]
    together = [explained_by_regression(values, components[: one + 1]) for one in range(5)]
    np.testing.assert_allclose(explained, alone, rtol=1e-9)
    np.testing.assert_allclose(cumulative, together, rtol=1e-9)


def test_orthonormal_components_explain_the_same_either_way(rng):
    values, _ = mixture(rng)
    axes, ours = principal(values, np.arange(40), 6)
    maps = ours.components.astype(float)
    explained, cumulative = finish(share_projected(values, np.arange(40), maps))
    np.testing.assert_allclose(explained, axes.singular_values[:6] ** 2 / axes.total, rtol=1e-6)
    np.testing.assert_allclose(cumulative, np.cumsum(explained), rtol=1e-6)


def test_a_component_that_follows_from_others_adds_nothing(rng):
    values = rng.normal(0, 0.2, (12, 40)).astype(np.float32)
    first, second = np.linalg.qr(rng.normal(size=(40, 2)))[0].T
    third = (first + second) / np.sqrt(2)
    _, cumulative = finish(share_projected(values, np.arange(12), np.array([first, second, third, second])))
    np.testing.assert_array_equal(cumulative[1:], cumulative[1])
