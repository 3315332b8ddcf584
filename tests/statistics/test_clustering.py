"""Average linkage, against scipy.cluster."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from imagenomer.statistics.clustering import average_linkage, leaf_order


def draw_distances(seed, n_items):
    distances = np.random.default_rng(seed).random((n_items, n_items))
    distances = distances + distances.T
    np.fill_diagonal(distances, 0)
    return distances


@given(st.integers(0, 2**32 - 1), st.integers(2, 25))
def test_merges_and_order_are_those_of_scipy(seed, n_items):
    distances = draw_distances(seed, n_items)
    ours, oracle = average_linkage(distances), hierarchy.linkage(squareform(distances), "average")
    np.testing.assert_allclose(ours, oracle)
    np.testing.assert_array_equal(leaf_order(ours), hierarchy.leaves_list(oracle))


def test_ties_are_joined_at_their_distance():
    distances = 1 - np.kron(np.eye(3), np.ones((2, 2)))
    merges = average_linkage(distances)
    np.testing.assert_array_equal(merges[:, 2], [0, 0, 0, 1, 1])
    order = leaf_order(merges)
    assert sorted(order.tolist()) == [0, 1, 2, 3, 4, 5]
    assert (order[::2] // 2 == order[1::2] // 2).all()


@pytest.mark.parametrize("n_items", [1, 2])
def test_one_or_two_items_have_an_order(n_items):
    assert leaf_order(average_linkage(np.zeros((n_items, n_items)))).tolist() == list(range(n_items))
