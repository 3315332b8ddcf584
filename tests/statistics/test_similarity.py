"""Similarity of maps against matrices permuted the long way, and on maps that agree by nothing or by design."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.edges import edges_to_matrix, matrix_to_edges, n_edges_of
from imagenomer.progress import finish
from imagenomer.statistics.similarity import compare_maps


def compare(maps, chosen=None, n=199, seed=1, blocks=None):
    maps = np.asarray(maps, dtype=float)
    chosen = np.zeros(maps.shape, dtype=bool) if chosen is None else np.asarray(chosen)
    return finish(compare_maps(maps, chosen, n, np.random.default_rng(seed), blocks))


@pytest.mark.parametrize("holes", [False, True])
def test_it_is_the_quadratic_assignment_procedure_done_the_long_way(rng, holes):
    a, b = rng.normal(size=(2, n_edges_of(9)))
    b += 0.5 * a
    if holes:
        a[[3, 7]], b[[7, 20]] = np.nan, np.nan
    chosen = np.abs([a, b]) > 0.8
    ours = compare([a, b], chosen)

    def r_and_overlap(order):
        moved = matrix_to_edges(edges_to_matrix(b)[np.ix_(order, order)])
        moved_set = matrix_to_edges(edges_to_matrix(chosen[1].astype(float))[np.ix_(order, order)])
        both = np.isfinite(a) & np.isfinite(moved)
        return np.corrcoef(a[both], moved[both])[0, 1], (chosen[0] * moved_set).sum()

    draws = np.random.default_rng(1)
    null = np.array([r_and_overlap(draws.permutation(9)) for _ in range(199)])
    r, overlap = r_and_overlap(np.arange(9))
    assert ours.r[0, 1] == pytest.approx(r, rel=1e-12)
    assert ours.r_p[0, 1] == (1 + (np.abs(null[:, 0]) >= abs(r)).sum()) / 200
    assert ours.overlap[0, 1] == overlap
    assert ours.overlap_p[0, 1] == (1 + (null[:, 1] >= overlap).sum()) / 200
    assert ours.overlap_expected[0, 1] == pytest.approx(null[:, 1].mean())
    assert ours.n_edges[0, 1] == (np.isfinite(a) & np.isfinite(b)).sum()


def test_a_map_is_like_itself_and_unlike_its_negative(rng):
    a = rng.normal(size=n_edges_of(12))
    similarity = compare([a, a, -a, 0 * a + 0.1])
    np.testing.assert_allclose(similarity.r[0, :3], [1, 1, -1])
    assert similarity.r_p[0, 1] == similarity.r_p[0, 2] == 1 / 200
    assert np.isnan(similarity.r[0, 3])
    assert np.isnan(similarity.r_p[[0, 1], [0, 3]]).all()
    for values in (similarity.r, similarity.r_p, similarity.overlap_p):
        np.testing.assert_array_equal(values, values.T)


def test_a_map_without_any_value_is_like_no_other(rng):
    a = rng.normal(size=n_edges_of(6))
    similarity = compare([a, np.full(a.size, np.nan)])
    assert np.isnan(similarity.r[0, 1])
    assert similarity.n_edges[0, 1] == 0


def test_chosen_edges_overlap_as_often_as_their_numbers_say(rng):
    chosen = rng.random((2, n_edges_of(15))) < [[0.3], [0.4]]
    similarity = compare(rng.normal(size=chosen.shape), chosen, n=2000)
    expected = chosen[0].sum() * chosen[1].sum() / chosen.shape[1]
    assert similarity.overlap_expected[0, 1] == pytest.approx(expected, rel=0.03)


def test_parcels_that_matter_in_each_map_do_not_make_unrelated_maps_alike():
    """Maps of the sum of two parcels' values: edges depend on each other, and a test over edges finds far too much."""
    rng = np.random.default_rng(5)
    rows, columns = np.triu_indices(14, k=1)
    found, found_over_edges = 0, 0
    for _ in range(150):
        parcels = rng.normal(size=(2, 14))
        maps = parcels[:, rows] + parcels[:, columns]
        similarity = compare(maps, n=99, seed=int(rng.integers(1 << 30)))
        found += similarity.r_p[0, 1] <= 0.05
        found_over_edges += abs(similarity.r[0, 1]) > 1.96 / np.sqrt(rows.size)
    assert found_over_edges > 60
    assert found <= 16  # binomial(150, 0.05): 99.9 % are at most 16


def test_permuting_within_networks_keeps_what_networks_have_in_common(rng):
    """Both maps are high within networks and nothing else: alike, but no more so than their networks make them."""
    networks = ["a"] * 8 + ["b"] * 8
    rows, columns = np.triu_indices(16, k=1)
    within = np.array([networks[row] == networks[column] for row, column in zip(rows, columns, strict=True)])
    maps = within + rng.normal(0, 0.3, (2, rows.size))
    assert compare(maps).r_p[0, 1] < 0.01
    assert compare(maps, blocks=networks).r_p[0, 1] > 0.05
