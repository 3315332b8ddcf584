"""A map taken home has every edge, by name, in each of its forms the same numbers."""

from __future__ import annotations

import dataclasses
import io
import zipfile

import numpy as np
import pandas as pd
import pytest

from imagenomer.errors import InputError
from imagenomer.map_files import EXTENSIONS, map_file
from imagenomer.maps import EdgeMap
from imagenomer.parcellation import load_atlas, plain_parcellation
from imagenomer.progress import finish


@pytest.fixture(scope="module")
def power():
    return load_atlas("power-264")


@pytest.fixture(scope="module")
def edge_map(power) -> EdgeMap:
    rng = np.random.default_rng(5)
    n_edges = power.n_parcels * (power.n_parcels - 1) // 2
    values = rng.normal(0, 0.3, n_edges).astype(np.float32)
    values[[3, 70]] = np.nan
    return EdgeMap(values, "A map", "Pearson r", 1.0, marked=values > 0.5)


@pytest.fixture(scope="module")
def square(edge_map, power):
    """The long way: every edge put where its two parcels cross."""
    square = np.full((power.n_parcels, power.n_parcels), np.nan, dtype=np.float32)
    pairs = ((i, j) for i in range(power.n_parcels) for j in range(i + 1, power.n_parcels))
    for value, (i, j) in zip(edge_map.values, pairs, strict=True):
        square[i, j] = square[j, i] = value
    return square


def test_all_edges_are_listed_by_their_parcels(edge_map, power, square):
    data = finish(map_file(edge_map, power, "edges", "map"))
    assert data.startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(io.BytesIO(data), float_precision="round_trip")
    assert len(table) == edge_map.values.size
    i, j = table.parcel_1.to_numpy() - 1, table.parcel_2.to_numpy() - 1
    np.testing.assert_array_equal(table["Pearson r"].to_numpy(np.float32), square[i, j])
    assert table.label_1.astype(str).tolist() == [power.labels[one] for one in i]
    assert table.network_2.fillna("").tolist() == [power.networks[one] for one in j]
    assert ((table.significant == "yes") == edge_map.marked).all()


def test_the_matrix_is_symmetric_and_the_same_as_csv_and_as_npy(edge_map, power, square):
    table = pd.read_csv(
        io.BytesIO(finish(map_file(edge_map, power, "matrix", "map"))), index_col=0, float_precision="round_trip"
    )
    assert [str(name) for name in table.index] == list(power.labels)
    np.testing.assert_array_equal(table.to_numpy(np.float32), square)
    loaded = np.load(io.BytesIO(finish(map_file(edge_map, power, "npy", "map"))), allow_pickle=False)
    np.testing.assert_array_equal(loaded, square)


def test_brainnet_gets_nodes_where_parcels_are_and_edges_between_them(edge_map, power, square):
    data = finish(map_file(edge_map, power, "brainnet", "map"))
    assert data == finish(map_file(edge_map, power, "brainnet", "map"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["map.node", "map.edge"]
        nodes = [line.split("\t") for line in archive.read("map.node").decode().splitlines()]
        edges = np.loadtxt(io.BytesIO(archive.read("map.edge")), dtype=np.float32)
    assert [len(node) for node in nodes] == [6] * power.n_parcels
    np.testing.assert_allclose(np.array([node[:3] for node in nodes], dtype=float), power.coordinates, rtol=1e-5)
    assert all(" " not in node[5] and node[5] for node in nodes)
    colours = [power.network_names[int(node[3]) - 1] for node in nodes]
    assert colours == list(power.networks)
    np.testing.assert_array_equal(edges, np.nan_to_num(square))


def test_what_cannot_be_written_is_refused(edge_map, power):
    with pytest.raises(InputError, match="edges, matrix, npy, brainnet, not 'xlsx'"):
        finish(map_file(edge_map, power, "xlsx", "map"))
    with pytest.raises(InputError, match="264 of the 264 parcels of 264 parcels have no coordinates"):
        finish(map_file(edge_map, plain_parcellation(power.n_parcels), "brainnet", "map"))


def test_labels_that_a_spreadsheet_would_run_are_not_run(edge_map, power):
    labels = ("=cmd()", *power.labels[1:])
    for form in ("edges", "matrix"):
        text = finish(map_file(edge_map, dataclasses.replace(power, labels=labels), form, "map")).decode("utf-8-sig")
        assert "'=cmd()" in text
        assert ",=cmd()" not in text
        assert not text.startswith("=")


def test_every_form_has_the_ending_of_its_file():
    assert set(EXTENSIONS) == {"edges", "matrix", "npy", "brainnet"}
