"""Principal components: NumPy and scikit-learn as oracles, and what holds for any decomposition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from decomposed import mixture, principal
from imagenomer.errors import InputError
from imagenomer.progress import Progress, finish
from imagenomer.statistics.decomposition import axes_of, principal_components
from imagenomer.statistics.independent_components import independent_components
from imagenomer.statistics.non_negative_factors import non_negative_factors
from imagenomer.statistics.sparse_components import sparse_components

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=20)
@given(SEEDS)
def test_principal_components_are_those_of_scikit_learn_signs_included(seed):
    rng = np.random.default_rng(seed)
    values, _ = mixture(rng)
    rows = np.sort(rng.choice(40, 25, replace=False))
    _, ours = principal(values, rows, 6)
    oracle = PCA(6, svd_solver="full").fit(values[rows].astype(np.float64))
    np.testing.assert_allclose(ours.components, oracle.components_, atol=1e-6)
    np.testing.assert_allclose(ours.scores, oracle.transform(values[rows].astype(np.float64)), atol=1e-6)
    np.testing.assert_allclose(ours.explained, oracle.explained_variance_ratio_, rtol=1e-9)
    np.testing.assert_allclose(ours.cumulative, np.cumsum(oracle.explained_variance_ratio_), rtol=1e-9)


def test_all_of_them_are_the_singular_vectors_and_rebuild_the_data(rng):
    values, _ = mixture(rng)
    rows = np.arange(40)
    axes, ours = principal(values, rows, 200)
    centred = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
    singular_values = np.linalg.svd(centred, compute_uv=False)
    np.testing.assert_allclose(axes.singular_values, singular_values[:39], rtol=1e-9)
    np.testing.assert_allclose(ours.scores @ ours.components, centred, atol=1e-6)
    assert ours.cumulative[-1] == pytest.approx(1, abs=1e-12)


def test_the_null_space_that_the_mean_leaves_is_dropped(rng):
    values, _ = mixture(rng)
    assert finish(axes_of(values, np.arange(40))).rank == 39
    doubled = np.concatenate([values, values[:5]])
    assert finish(axes_of(doubled, np.arange(45))).rank == 39


@settings(max_examples=20)
@given(SEEDS)
def test_maps_are_orthonormal_scores_uncorrelated_and_signs_as_stated(seed):
    rng = np.random.default_rng(seed)
    values, _ = mixture(rng, n_edges=300)
    _, ours = principal(values, np.arange(40), 8)
    maps = ours.components.astype(np.float64)
    np.testing.assert_allclose(maps @ maps.T, np.eye(8), atol=1e-6)
    products = ours.scores.T @ ours.scores
    np.testing.assert_allclose(products, np.diag(np.diag(products)), atol=1e-9 * products.max())
    assert (np.take_along_axis(maps, np.abs(maps).argmax(axis=1)[:, None], axis=1) > 0).all()


@settings(max_examples=20)
@given(SEEDS)
def test_the_order_of_subjects_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    values, _ = mixture(rng, n_edges=300)
    order = rng.permutation(40)
    _, before = principal(values, np.arange(40), 5)
    _, after = principal(np.ascontiguousarray(values[order]), np.arange(40), 5)
    np.testing.assert_allclose(after.components, before.components, atol=1e-6)
    np.testing.assert_allclose(after.scores, before.scores[order], atol=1e-6)


def test_an_edge_missing_in_a_subject_is_excluded(rng):
    values, _ = mixture(rng, n_edges=300)
    holed = values.copy()
    holed[3, 10], holed[5, 20] = np.nan, np.inf
    kept = np.setdiff1d(np.arange(300), [10, 20])
    _, ours = principal(holed, np.arange(40), 5)
    _, without = principal(np.ascontiguousarray(values[:, kept]), np.arange(40), 5)
    np.testing.assert_allclose(ours.components[:, kept], without.components, atol=1e-6)
    assert np.isnan(ours.components[:, [10, 20]]).all()
    np.testing.assert_allclose(ours.explained, without.explained, rtol=1e-9)


def test_a_missing_value_of_somebody_who_is_not_used_does_no_harm(rng):
    values, _ = mixture(rng, n_edges=300)
    values[0, 10] = np.nan
    _, ours = principal(values, np.arange(1, 40), 5)
    assert np.isfinite(ours.components).all()


def test_subjects_who_do_not_differ_are_refused_in_words():
    same = np.ones((10, 30), dtype=np.float32)
    with pytest.raises(InputError, match="the same in all 10 subjects"):
        finish(axes_of(same, np.arange(10)))
    with pytest.raises(InputError, match="at least 2 subjects"):
        finish(axes_of(same, np.arange(1)))


# --- all of them ----------------------------------------------------------------------------------


def test_progress_is_told_all_along(rng):
    values, _ = mixture(rng)
    rows = np.arange(40)
    axes = finish(axes_of(values, rows))
    for steps in (
        axes_of(values, rows),
        principal_components(values, rows, axes, 4),
        independent_components(values, rows, axes, 4, np.random.default_rng(1)),
        sparse_components(values, rows, axes, 4, 0.5, np.random.default_rng(1)),
        non_negative_factors(np.abs(values), rows, 4, np.random.default_rng(1)),
    ):
        told: list[Progress] = []
        finish(steps, told.append)
        assert len(told) >= 3
        assert all(one.done <= one.total or one.total == 0 for one in told)
