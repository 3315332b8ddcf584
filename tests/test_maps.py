"""Maps: the strongest edges, and networks; the pixels are tested with the engine."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagenomer.edges import edge_index, n_edges_of
from imagenomer.errors import InputError
from imagenomer.maps import EdgeMap, network_map, network_values, strongest, strongest_note
from imagenomer.parcellation import load_atlas, plain_parcellation, read_atlas

SIX = read_atlas("label\tnetwork\na\tX\nb\tY\nc\tX\nd\tn/a\ne\tY\nf\tX\n", name="Six", network_names=("Y", "X"))


def map_of(values, marked=None, scale="diverging"):
    return EdgeMap(np.array(values, dtype=np.float32), "A map", "r", 1.0, scale, marked)


# --- the strongest edges -------------------------------------------------------------------------


def test_the_strongest_come_first_equal_ones_in_edge_order_and_undefined_or_zero_ones_never():
    shown = map_of([0.2, -0.5, np.nan, 0.5, 0.0, -0.1])
    assert strongest(shown, "absolute").tolist() == [1, 3, 0, 5]
    assert strongest(shown, "positive").tolist() == [3, 0]
    assert strongest(shown, "negative").tolist() == [1, 5]


@pytest.mark.parametrize("by", ["absolute", "positive", "negative"])
@given(data=st.lists(st.sampled_from([0.0, 0.25, -0.25, 0.5, -0.5, 1.0, np.nan]), min_size=3, max_size=3))
def test_nothing_left_out_is_stronger_than_what_is_in(by, data):
    values = np.array(data * 5)
    edges = strongest(map_of(values), by)
    strength = {"absolute": abs(values), "positive": values, "negative": -values}[by]
    assert (np.diff(strength[edges]) <= 0).all()
    assert set(edges.tolist()) == {edge for edge in range(15) if strength[edge] > 0}


def test_a_threshold_and_marks_leave_edges_out():
    marked = np.array([True, True, True, False, True, True])
    shown = map_of([0.2, -0.5, np.nan, 0.5, 0.3, -0.1], marked)
    assert strongest(shown, "absolute", threshold=0.2).tolist() == [1, 3, 4, 0]  # one at the threshold is in
    assert strongest(shown, "absolute", threshold=0.2, only_marked=True).tolist() == [1, 4, 0]
    with pytest.raises(InputError, match="A map marks no edges"):
        strongest(map_of([0.2, 0.1, 0.3]), "absolute", only_marked=True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((100, 34716, "absolute", 0.0, False), "The 100 strongest of 34,716 edges"),
        ((100, 200, "negative", 0.25, True), "The 100 strongest of 200 significant negative edges of at least 0.25"),
        ((7, 7, "positive", 0.0, False), "All 7 positive edges"),
        ((0, 0, "absolute", 0.0, True), "No significant edges"),
    ],
)
def test_a_note_says_which_edges_are_drawn(arguments, words):
    assert strongest_note(*arguments).startswith(words)


# --- networks ------------------------------------------------------------------------------------


def test_networks_are_folded_over_distinct_pairs_of_parcels():
    rng = np.random.default_rng(1)
    values, marked = rng.normal(size=15), rng.random(15) < 0.5
    values[edge_index(0, 2, 6)] = np.nan
    folded = network_map(map_of(values, marked), SIX)
    assert folded.names == ("Y", "X")
    members = {"Y": [1, 4], "X": [0, 2, 5]}
    for (row, one), (column, other) in itertools.product(enumerate(folded.names), repeat=2):
        pairs = {frozenset((a, b)) for a in members[one] for b in members[other] if a != b}
        edges = [edge_index(*pair, 6) for pair in pairs]
        known = [edge for edge in edges if np.isfinite(values[edge])]
        assert folded.n_edges[row, column] == len(known)
        assert folded.mean[row, column] == pytest.approx(np.mean(np.float32(values[known])), rel=1e-6)
        assert folded.share[row, column] == pytest.approx(np.mean(marked[known]))


def test_power_folds_into_all_of_its_edges_once():
    power = load_atlas("power-264")
    folded = network_map(map_of(np.ones(n_edges_of(264))), power)
    assert np.triu(folded.n_edges).sum() == n_edges_of(264)
    assert folded.titles[folded.names.index("DMN")] == "Default mode"
    assert folded.n_edges[folded.names.index("DMN"), folded.names.index("DMN")] == 58 * 57 // 2
    assert folded.share is None
    np.testing.assert_array_equal(folded.mean, 1)


def test_a_network_of_one_parcel_has_nothing_within():
    lone = read_atlas("label\tnetwork\na\tX\nb\tX\nc\tY\n", name="lone")
    folded = network_map(map_of([1.0, 2.0, 3.0]), lone)
    np.testing.assert_array_equal(folded.mean, [[1, 2.5], [2.5, np.nan]])
    np.testing.assert_array_equal(folded.n_edges, [[1, 2], [2, 0]])


def test_without_networks_there_is_nothing_to_fold():
    with pytest.raises(InputError, match="6 parcels has no networks"):
        network_map(map_of(np.ones(15)), plain_parcellation(6))


def test_shares_are_shown_only_of_maps_that_mark_edges():
    shown = map_of(np.ones(15), np.ones(15, dtype=bool))
    assert network_values(shown, network_map(shown, SIX), share=True)[1:] == (
        "Share of edges that are significant",
        "sequential",
    )
    unmarked = map_of(np.ones(15))
    with pytest.raises(InputError, match="A map marks no edges"):
        network_values(unmarked, network_map(unmarked, SIX), share=True)
    assert network_values(unmarked, network_map(unmarked, SIX), share=False)[1] == "Mean r"
