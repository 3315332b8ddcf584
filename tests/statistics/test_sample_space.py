"""The sample space: products of subjects, and covariates taken out of them as of the features."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.features import StandardisedNumbers
from imagenomer.statistics.sample_space import project, sample_space, space_of_features
from predicted import N, P
from regressed import residual


def test_products_are_those_of_deviations_from_the_mean(edges, monkeypatch):
    monkeypatch.setattr("imagenomer.statistics.sample_space._COLUMNS", 150)
    space = finish(sample_space(edges, np.arange(N)))
    deviations = edges - edges.mean(axis=0, dtype=float)
    expected = deviations @ deviations.T
    np.testing.assert_allclose(space.gram, expected, atol=1e-6 * np.abs(expected).max())
    np.testing.assert_array_equal(space.gram, space.gram.T)


def test_an_edge_missing_in_a_subject_is_excluded(edges):
    gappy = edges.copy()
    gappy[3, 7] = np.nan
    space = finish(sample_space(gappy, np.arange(N)))
    kept = np.delete(edges, 7, axis=1)
    np.testing.assert_allclose(space.gram, finish(sample_space(kept, np.arange(N))).gram, atol=1e-4)
    assert space.n_features == P - 1
    assert np.flatnonzero(np.isnan(space.weights(np.arange(N), np.ones(N)))).tolist() == [7]


def test_some_subjects_need_no_new_products(edges, space):
    rows = np.array([4, 80, 11, 30, 7])
    deviations = edges[rows] - edges.mean(axis=0, dtype=float)
    np.testing.assert_allclose(space.of(rows).gram, deviations @ deviations.T, atol=1e-4)


def test_features_that_do_not_vary_are_refused():
    with pytest.raises(InputError, match="no feature is known of all 5 subjects"):
        finish(sample_space(np.ones((5, 10), dtype=np.float32), np.arange(5)))


# --- covariates -----------------------------------------------------------------------------------


def test_covariates_are_taken_out_as_on_the_features(edges, space, covariates, splits):
    for split in splits:
        own = residual(edges, covariates, split)
        own -= own[split.train].mean(axis=0)
        projection = project(split.train.size, split.test.size, (covariates[split.train], covariates[split.test]))
        kernels = projection.of(finish(space.kernels(split)))
        scale = np.abs(kernels.train).max()
        np.testing.assert_allclose(kernels.train, own[split.train] @ own[split.train].T, atol=1e-5 * scale)
        np.testing.assert_allclose(kernels.test, own[split.test] @ own[split.train].T, atol=1e-5 * scale)


def test_covariates_that_say_the_same_twice_are_taken_out_once(space, covariates, splits):
    split = splits[0]
    twice = np.column_stack([covariates, covariates[:, 0] * 2 - 5, np.ones(N)])
    once, again = (
        project(split.train.size, split.test.size, (given[split.train], given[split.test]))
        for given in (covariates, twice)
    )
    kernels = finish(space.kernels(split))
    np.testing.assert_allclose(again.of(kernels).test, once.of(kernels).test, atol=1e-6)


# --- what is kept ---------------------------------------------------------------------------------


def test_products_of_fitted_features_are_made_anew_unless_they_are_kept(covariates, splits):
    space = finish(space_of_features(StandardisedNumbers(covariates), np.arange(N)))
    first = finish(space.kernels(splits[0]))
    assert finish(space.kernels(splits[0])) is not first
    kept = finish(space.kernels(splits[0], keep=True))
    assert finish(space.kernels(splits[0])) is kept
    np.testing.assert_array_equal(kept.train, first.train)
    np.testing.assert_array_equal(kept.test, first.test)
