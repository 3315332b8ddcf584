"""Scans compared with each other, against NumPy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import EmpiricalCovariance

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.scan_products import distance_from_others, limits, scan_products, similarity_to_others


def products(values, edges=None):
    return finish(scan_products(values, np.arange(len(values)), edges))


def test_correlations_of_scans_are_those_of_numpy(scans):
    values = scans[0]
    ours = products(values)
    np.testing.assert_allclose(finish(ours.correlations()), np.corrcoef(values.astype(float)), atol=2e-6)
    np.testing.assert_allclose(ours.mean, values.mean(axis=1, dtype=float), rtol=1e-12)
    some = np.arange(0, 300, 7)
    np.testing.assert_allclose(finish(products(values, some).correlations()), np.corrcoef(values[:, some]), atol=2e-6)


def test_more_scans_and_edges_than_a_tile_holds_make_no_difference(rng):
    values = rng.normal(0.2, 0.2, (1100, 1100)).astype(np.float32)
    values[7, 1050] = np.nan
    ours = products(values)
    assert ours.n_edges == 1099
    r = np.corrcoef(np.delete(values, 1050, axis=1).astype(float))
    np.testing.assert_allclose(finish(ours.correlations()), r, atol=5e-6)


def test_a_scan_without_variation_is_like_none(scans):
    values = scans[0].copy()
    values[4] = 0.3
    r = finish(products(values).correlations())
    assert np.isnan(r[4]).all()
    assert np.isfinite(np.delete(np.delete(r, 4, 0), 4, 1)).all()


def test_scans_without_a_common_edge_are_refused(scans):
    values = scans[0].copy()
    values[0] = np.nan
    with pytest.raises(InputError, match="no edge in common"):
        products(values)


def test_similarity_is_to_the_mean_of_other_people(scans):
    values, people, conditions = scans
    for members in (np.flatnonzero(conditions == 1), np.arange(59)):
        ours = finish(similarity_to_others(products(values), members, people))
        for place in (0, 5, members.size - 1):
            others = members[people[members] != people[members[place]]]
            expected = np.corrcoef(values[members[place]].astype(float), values[others].mean(axis=0, dtype=float))[0, 1]
            assert ours[place] == pytest.approx(expected, abs=2e-6)
    alone = finish(similarity_to_others(products(values), np.array([3]), people))
    assert np.isnan(alone).all()


def test_distance_is_that_of_scikit_learn_fitted_to_the_others(scans):
    values, _, conditions = scans
    members = np.flatnonzero(conditions == 0)
    ours, share = finish(distance_from_others(products(values), members, 4))
    deviations = values[members].astype(float)
    deviations -= deviations.mean(axis=0)
    vectors, lengths, _ = np.linalg.svd(deviations, full_matrices=False)
    scores = vectors[:, :4] * lengths[:4]
    for place in range(members.size):
        others = np.delete(scores, place, axis=0)
        # scikit-learn divides by n; ours, as usual for a sample, by n - 1.
        theirs = EmpiricalCovariance().fit(others).mahalanobis(scores[place : place + 1])[0]
        assert ours[place] ** 2 == pytest.approx(theirs * (len(others) - 1) / len(others), rel=1e-3)
    np.testing.assert_allclose(share, (lengths**2 / (lengths**2).sum())[:4], rtol=1e-3)


def test_a_scan_that_is_like_no_other_is_the_farthest_and_the_least_alike(scans, rng):
    values, people, conditions = scans[0].copy(), scans[1], scans[2]
    values[8] = rng.normal(0.2, 0.4, 300)
    members = np.flatnonzero(conditions == 0)
    compared = products(values)
    distance, _ = finish(distance_from_others(compared, members, 4))
    similarity = finish(similarity_to_others(compared, members, people))
    assert distance.argmax() == 8
    assert similarity.argmin() == 8
    assert distance[8] > limits(distance, 3)[1]
    assert similarity[8] < limits(similarity, 3)[0]
    few, share = finish(distance_from_others(compared, members[:3], 4))
    assert np.isnan(few).all()
    assert not share.size


def test_limits_are_quartiles_and_their_distance():
    values = np.array([1.0, 2, 3, 4, 100, np.nan, np.inf])
    low, high = np.quantile(values[:5], [0.25, 0.75])
    assert limits(values, 3) == (low - 3 * (high - low), high + 3 * (high - low))
    assert np.isnan(limits(np.array([1.0, 2, 3]), 3)).all()
    assert np.isnan(limits(np.array([1.0, 1, 1, 1, 5]), 3)).all()
