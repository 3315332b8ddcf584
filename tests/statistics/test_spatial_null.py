"""Spatial null: smooth maps that have nothing to do with each other are not taken for alike, and alike ones are."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.progress import finish
from imagenomer.statistics import spatial_null
from imagenomer.statistics.spatial_null import _apart, _binned, _bins, _kernels, _model_of, spatial_p

N = 30
ABOVE = np.triu_indices(N, k=1)


def places(rng, n=N):
    return rng.normal(size=(n, 3)) * [40, 50, 35]


def distances_of(coordinates):
    return np.linalg.norm(coordinates[:, None] - coordinates, axis=2)


def smooth(coordinates, rng, width=70.0, power=1.5):
    """Draw a map of a covariance that none of the kernels has."""
    covariance = np.exp(-((distances_of(coordinates) / width) ** power))
    root = np.linalg.cholesky(covariance + 1e-6 * np.eye(len(coordinates)))
    noise = rng.normal(size=covariance.shape)
    return (root @ (noise + noise.T) @ root.T)[np.triu_indices(len(coordinates), k=1)]


def by_parcel(coordinates, rng):
    """Draw a map of effects of parcels that are smooth, and noise."""
    covariance = np.exp(-((distances_of(coordinates) / 40) ** 2))
    effects = np.linalg.cholesky(covariance + 1e-6 * np.eye(N)) @ rng.normal(size=N)
    return (effects[:, None] + effects)[ABOVE] + 0.5 * rng.normal(size=ABOVE[0].size)


def p_of(first, second, coordinates, seed=1, n=49):
    return finish(spatial_p(np.array([first, second]), coordinates, n, np.random.default_rng(seed)))[0, 1]


@pytest.mark.parametrize("draw", [smooth, by_parcel])
def test_independent_smooth_maps_are_alike_no_more_often_than_they_should(draw):
    rejected = naive = 0
    for seed in range(30):
        rng = np.random.default_rng([4, seed])
        coordinates = places(rng)
        first, second = draw(coordinates, rng), draw(coordinates, rng)
        r = abs(np.corrcoef(first, second)[0, 1])
        permuted = [abs(np.corrcoef(rng.permutation(first), second)[0, 1]) for _ in range(49)]
        naive += max(permuted) < r
        rejected += p_of(first, second, coordinates) <= 0.05
    # Of 30 at 5 %, 6 or more happen 3 times in 1,000; permuting edges takes most maps for alike.
    assert rejected <= 5
    assert naive >= 10


def test_maps_that_share_something_are_alike():
    found = []
    for seed in range(10):
        rng = np.random.default_rng([5, seed])
        coordinates = places(rng)
        shared = smooth(coordinates, rng)
        found.append(p_of(shared + 0.3 * smooth(coordinates, rng), shared, coordinates) <= 0.05)
    assert sum(found) >= 9


def test_effects_of_parcels_are_those_of_least_squares():
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(9, 9))
    matrix = matrix + matrix.T
    np.fill_diagonal(matrix, 0)
    rows, columns = np.triu_indices(9, k=1)
    design = np.zeros((rows.size, 9))
    design[np.arange(rows.size), rows] = design[np.arange(rows.size), columns] = 1
    fitted = design @ np.linalg.lstsq(design, matrix[rows, columns], rcond=None)[0]
    np.testing.assert_allclose(_apart(matrix)[1][rows, columns], matrix[rows, columns] - fitted, atol=1e-12)


def test_surrogates_have_the_variogram_of_the_map():
    rng = np.random.default_rng(2)
    coordinates = places(rng)
    edges, distances = smooth(coordinates, rng, width=35.0), distances_of(coordinates)
    model = finish(_model_of(edges, distances, _kernels(distances), rng))
    bins = _bins(distances)

    def variogram(matrix):
        """By all edges of which one end moves, the long way."""
        rest = _apart(matrix)[1]
        squares = np.zeros((N, N))
        for i in range(N):
            for j in range(N):
                others = [k for k in range(N) if k not in (i, j)]
                squares[i, j] = ((rest[i, others] - rest[j, others]) ** 2).mean() / 2
        return _binned(squares, bins)

    matrix = np.zeros((N, N))
    matrix[ABOVE] = edges
    goal = variogram(matrix + matrix.T)

    def drawn():
        surrogate = model.draw(rng)
        np.fill_diagonal(surrogate, 0)
        return variogram(surrogate)

    mean = np.mean([drawn() for _ in range(20)], axis=0)
    np.testing.assert_allclose(mean, goal, rtol=0.3)
    assert goal[0] < 0.6 * goal[-1]


def test_the_seed_decides_and_missing_edges_and_constant_maps_are_known():
    rng = np.random.default_rng(3)
    coordinates = places(rng)
    maps = np.array([smooth(coordinates, rng), smooth(coordinates, rng), np.ones(ABOVE[0].size)])
    maps[0, 5] = np.nan
    once, again = (finish(spatial_p(maps, coordinates, 19, np.random.default_rng(1))) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    assert once[0, 1] == once[1, 0] >= 1 / 20
    assert np.isnan(once[[0, 2, 2], [0, 0, 1]]).all()


def test_few_parcels_are_refused():
    with pytest.raises(ValueError, match="6 parcels"):
        finish(spatial_p(np.zeros((2, 15)), np.zeros((6, 3)), 9, np.random.default_rng(1)))
    assert spatial_null.FEWEST > 6
