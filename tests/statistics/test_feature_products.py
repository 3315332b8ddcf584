"""Feature products: where edges are fewer than subjects, results are those of all pairs of subjects.

Edges are -1, 0 and 1 with a mean of 0, whose products no rounding touches in either way.
"""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics import feature_products, pairwise_memory
from imagenomer.statistics.decomposition import axes_of, principal_components
from imagenomer.statistics.feature_products import FeatureProducts, thin_spectrum, use_features
from imagenomer.statistics.features import StandardisedNumbers
from imagenomer.statistics.flipped_predictions import pair_matrices, pair_spectrum
from imagenomer.statistics.folds import k_fold
from imagenomer.statistics.identification import copies, identify, match_scans, pair_histograms
from imagenomer.statistics.left_out_scores import left_out_scores, map_scores, spectrum_of
from imagenomer.statistics.models import InnerFolds, LinearSvm, Logistic, Ridge, TopFeatures
from imagenomer.statistics.orthonormal import orthonormal
from imagenomer.statistics.prediction import cross_validate
from imagenomer.statistics.prediction_checks import permutation_test
from imagenomer.statistics.products import multiply
from imagenomer.statistics.sample_space import sample_space, space_of_features
from imagenomer.statistics.scan_correlations import correlations_of
from imagenomer.statistics.scan_products import (
    ScanFeatures,
    distance_from_others,
    scan_products,
    similarity_to_others,
)
from imagenomer.statistics.score_test import score_test

N, P = 66, 20
FAMILIES = np.repeat(np.arange(22), 3)


def drawn(seed=3):
    rng = np.random.default_rng(seed)
    column = np.repeat([-1.0, 0.0, 1.0], N // 3)
    edges = np.column_stack([rng.permutation(column) for _ in range(P)]).astype(np.float32)
    target = edges[:, :4].sum(axis=1) + rng.normal(size=N)
    return edges, target, rng.normal(size=(N, 2)), rng


def both_ways(monkeypatch, compute):
    """Return what comes of products of subjects, and of products of features."""
    found = []
    for few in (10_000, 0):
        monkeypatch.setattr(feature_products, "FEW_SUBJECTS", few)
        found.append(compute())
    return found


def test_features_are_used_where_they_are_fewer_than_thousands_of_subjects():
    assert use_features(12_000, 1_485)
    assert not use_features(8_000, 34_716)
    assert not use_features(800, 100)


@pytest.mark.parametrize("use", ["features", "both", "residual"])
@pytest.mark.parametrize(
    ("model", "n_classes"),
    [
        (Ridge(), 0),
        (Ridge(penalties=(3.0,)), 0),
        (Ridge(inner=InnerFolds(3, 1)), 0),
        (Ridge(), 2),
        (Logistic(), 2),
        (Logistic(), 3),
        (Logistic(inner=InnerFolds(3, 1)), 2),
        (LinearSvm(), 2),
        (TopFeatures(8, Ridge()), 0),
    ],
)
def test_predictions_are_the_same(monkeypatch, model, n_classes, use):
    edges, target, covariates, rng = drawn()
    if n_classes:
        target = np.digitize(target, np.quantile(target, np.arange(1, n_classes) / n_classes)).astype(np.intp)
    splits = k_fold(N, 4, rng)

    def predict():
        space = finish(sample_space(edges, np.arange(N)))
        assert isinstance(space.gram, FeatureProducts) == (not feature_products.FEW_SUBJECTS)
        given = None if use == "features" else covariates
        return finish(cross_validate(space, target, splits, model, covariates=given, use=use))

    by_subjects, by_features = both_ways(monkeypatch, predict)
    np.testing.assert_allclose(by_features.decision, by_subjects.decision, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(by_features.penalties, by_subjects.penalties, rtol=1e-10)
    np.testing.assert_allclose(by_features.coefficients, by_subjects.coefficients, rtol=1e-7, atol=1e-8)


def test_a_permutation_test_is_the_same(monkeypatch):
    edges, target, _, rng = drawn()
    splits = k_fold(N, 3, rng)

    def test():
        space = finish(sample_space(edges, np.arange(N)))
        return finish(permutation_test(space, target, splits, Ridge(), 30, np.random.default_rng(1)))

    by_subjects, by_features = both_ways(monkeypatch, test)
    np.testing.assert_allclose(by_features.null, by_subjects.null, rtol=1e-8)
    assert by_features.p_value == by_subjects.p_value


def test_predictions_from_numbers_are_the_same(monkeypatch):
    _, target, _, rng = drawn()
    values = rng.normal(size=(N, 5)) * [1, 10, 100, 1, 1]
    splits = k_fold(N, 4, rng)

    def predict():
        space = finish(space_of_features(StandardisedNumbers(values), np.arange(N)))
        return finish(cross_validate(space, target, splits, Ridge()))

    by_subjects, by_features = both_ways(monkeypatch, predict)
    np.testing.assert_allclose(by_features.decision, by_subjects.decision, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("clusters", [None, FAMILIES])
@pytest.mark.parametrize("n_columns", [1, 2])
def test_the_score_test_is_the_same(monkeypatch, clusters, n_columns):
    edges, target, covariates, rng = drawn()
    columns = np.column_stack([target, rng.normal(size=N)])[:, :n_columns]
    options = {"n_flips": 199, "clusters": clusters}

    def test():
        gram = finish(sample_space(edges, np.arange(N))).gram
        flips = np.random.default_rng(5)
        return finish(score_test(gram, edges, np.arange(N), columns, covariates, rng=flips, **options))

    by_subjects, by_features = both_ways(monkeypatch, test)
    assert by_features == by_subjects


@pytest.mark.parametrize("clusters", [None, FAMILIES])
def test_what_flipped_targets_predict_is_the_same(clusters):
    edges, _, covariates, rng = drawn()
    values = edges.astype(float)
    codes = np.arange(N) if clusters is None else clusters
    basis = orthonormal(np.column_stack([np.ones(N), covariates]))
    flips, step = rng.normal(size=(7, N)), feature_products.Progress("")
    products = FeatureProducts(values, np.arange(N), np.ones(P, dtype=bool), np.zeros(P))
    matrices = finish(pair_matrices(values @ values.T, basis, codes, (0.1, 1.0), step))
    spectrum = finish(pair_spectrum(products, basis, codes, (0.1, 1.0), step))
    for ours, theirs in zip(finish(spectrum.looks(flips, basis)), finish(matrices.looks(flips, basis)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)
    left = finish(matrices.looks(flips, basis))[1]
    for place in (0, 1):
        ours, theirs = finish(spectrum.predicted(left, place)), finish(matrices.predicted(left, place))
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("clusters", [None, FAMILIES])
def test_left_out_scores_are_the_same(clusters):
    edges, target, covariates, _ = drawn()
    values = edges.astype(float) + 3.0
    basis = orthonormal(np.column_stack([np.ones(N), covariates]))
    products = FeatureProducts(values, np.arange(N), np.ones(P, dtype=bool), np.zeros(P))
    by_subjects = finish(spectrum_of(values @ values.T, target[:, None], clusters))
    by_features = finish(spectrum_of(products, target[:, None], clusters))
    assert by_features.vectors.shape == (N, P)
    for score in (lambda one: finish(left_out_scores(one, basis)), map_scores):
        np.testing.assert_allclose(score(by_features), score(by_subjects), rtol=1e-8, atol=1e-9)


def test_the_spectrum_is_that_of_numpy_without_its_zeros():
    edges, _, covariates, _ = drawn()
    values = edges.astype(float)
    values[:, 1] = values[:, 0]
    basis = orthonormal(np.column_stack([np.ones(N), covariates]))
    products = FeatureProducts(values, np.arange(N), np.ones(P, dtype=bool), values.mean(axis=0))
    found, vectors = finish(thin_spectrum(products, basis, feature_products.Progress("")))
    left = np.eye(N) - basis @ basis.T
    expected = np.linalg.eigvalsh(left @ values @ values.T @ left)[-(P - 1) :]
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    np.testing.assert_allclose(multiply(vectors.T, vectors), np.eye(P - 1), atol=1e-9)


def test_edges_that_somebody_lacks_are_left_out(monkeypatch):
    edges, target, _, rng = drawn()
    edges[4, 2] = np.nan
    splits = k_fold(N, 3, rng)

    def predict():
        space = finish(sample_space(edges, np.arange(N)))
        assert space.n_features == P - 1
        return finish(cross_validate(space, target, splits, Ridge())).decision

    by_subjects, by_features = both_ways(monkeypatch, predict)
    np.testing.assert_allclose(by_features, by_subjects, rtol=1e-8, atol=1e-8)


def test_what_does_not_vary_is_refused(monkeypatch):
    monkeypatch.setattr(feature_products, "FEW_SUBJECTS", 0)
    with pytest.raises(InputError, match="no feature is known of all 66 subjects"):
        finish(sample_space(np.full((N, P), 0.3, dtype=np.float32), np.arange(N)))


def test_what_has_no_room_is_refused_with_how_many_have(monkeypatch):
    monkeypatch.setattr(pairwise_memory, "most_memory", lambda: 3_500_000_000)
    feature_products.require_room(40_000, 1_485, 6)
    with pytest.raises(InputError, match="60,000 subjects are too many to compare by 1,485 features"):
        feature_products.require_room(60_000, 1_485, 6)
    with pytest.raises(InputError, match="compare each with all others"):
        feature_products.require_room(12_000, 34_716, 6)


def test_no_step_is_long(monkeypatch):
    monkeypatch.setattr(feature_products, "_BLOCK", 100)
    monkeypatch.setattr(feature_products, "FEW_SUBJECTS", 0)
    edges, target, _, rng = drawn()
    space = finish(sample_space(edges, np.arange(N)))
    steps = cross_validate(space, target, k_fold(N, 3, rng), Ridge())
    assert sum(1 for _ in steps) > 3 * (N // 32)


def test_principal_components_are_the_same(monkeypatch):
    edges, *_ = drawn()
    by_subjects, by_features = both_ways(
        monkeypatch, lambda: [(axes := finish(axes_of(edges, np.arange(N)))), finish(of_axes(edges, axes))]
    )
    np.testing.assert_allclose(by_features[0].singular_values, by_subjects[0].singular_values, rtol=1e-10)
    assert by_features[0].total == pytest.approx(by_subjects[0].total, rel=1e-12)
    np.testing.assert_allclose(by_features[1].components, by_subjects[1].components, atol=1e-6)
    np.testing.assert_allclose(by_features[1].scores, by_subjects[1].scores, atol=1e-8)
    np.testing.assert_allclose(by_features[1].explained, by_subjects[1].explained, rtol=1e-9)


def of_axes(edges, axes):
    return principal_components(edges, np.arange(N), axes, P)


def test_components_leave_out_an_edge_that_a_subject_lacks_and_refuse_what_does_not_vary(monkeypatch):
    edges, *_ = drawn()
    edges[3, 5] = np.nan
    by_subjects, by_features = both_ways(monkeypatch, lambda: finish(axes_of(edges, np.arange(N))))
    np.testing.assert_array_equal(by_features.usable, by_subjects.usable)
    assert not by_features.usable[5]
    np.testing.assert_allclose(by_features.singular_values, by_subjects.singular_values, rtol=1e-10)
    with pytest.raises(InputError, match="the same in all 66 subjects"):
        finish(axes_of(np.ones((N, P), dtype=np.float32), np.arange(N)))


@pytest.mark.parametrize("edges", [None, np.array([1, 2, 3, 5, 8, 13, 19])])
def test_scans_are_compared_the_same(monkeypatch, edges):
    values, *_ = drawn()
    people, kinds = np.repeat(np.arange(22), 3), np.tile(np.arange(3), 22)
    values += values[people * 3] * 2
    values[40] = values[7]
    values[12] = 0.5  # does not vary
    values[20, 0] = np.nan  # an edge that is left out of all
    members = np.flatnonzero(kinds < 2)

    def compare():
        scans = finish(scan_products(values, np.arange(N), edges))
        assert isinstance(scans, ScanFeatures) == (not feature_products.FEW_SUBJECTS)
        r = finish(correlations_of(scans))
        same = finish(copies(r, values, np.arange(N)))
        kept = np.ones(N, dtype=bool)
        kept[[one.second for one in same]] = False
        matches = finish(match_scans(r, people, kinds, kept))
        pairs = finish(pair_histograms(r, matches, 12, 60))
        outlying = finish(distance_from_others(scans, members, 4))
        similar = finish(similarity_to_others(scans, members, people))
        return scans, same, matches, pairs, (*outlying, similar)

    one, other = both_ways(monkeypatch, compare)
    assert one[0].n_edges == other[0].n_edges == (19 if edges is None else 7)
    np.testing.assert_allclose(other[0].mean, one[0].mean, rtol=1e-6)
    assert (
        [(each.first, each.second) for each in other[1]] == [(each.first, each.second) for each in one[1]] == [(7, 40)]
    )
    np.testing.assert_allclose(other[2].r_best, one[2].r_best, atol=1e-5)
    np.testing.assert_allclose(other[2].r_own, one[2].r_own, atol=1e-5)
    for found, expected in zip(identify(other[2]), identify(one[2]), strict=True):
        assert (found.n, found.n_database) == (expected.n, expected.n_database)
        assert (found.rate, found.own, found.others) == pytest.approx(
            (expected.rate, expected.own, expected.others), abs=1e-5
        )
    assert (other[3].n_own, other[3].n_others) == (one[3].n_own, one[3].n_others)
    for found, expected in zip(other[4], one[4], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_more_scans_than_memory_has_room_for_are_refused_before_anything_is_compared(monkeypatch):
    monkeypatch.setattr(pairwise_memory, "most_memory", lambda: 10_000)
    values, *_ = drawn()
    with pytest.raises(InputError, match="66 subjects are too many"):
        finish(scan_products(values, np.arange(N)))
    with pytest.raises(InputError, match="66 subjects are too many"):
        finish(axes_of(values, np.arange(N)))
