"""The atlas tables say what the atlases say, and a size stands for an atlas only where its order is certain."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from imagenomer.errors import InputError
from imagenomer.parcellation import (
    atlas_of_labels,
    atlases,
    atlases_of_size,
    choose_parcellation,
    guess_atlas,
    load_atlas,
    plain_parcellation,
    read_atlas,
)


@pytest.mark.parametrize("name", atlases())
def test_every_atlas_is_complete(name):
    atlas = load_atlas(name)
    n = atlases()[name]
    assert len(atlas.labels) == len(set(atlas.labels)) == len(atlas.networks) == n
    assert atlas.coordinates.shape == (n, 3)
    assert (np.abs(atlas.coordinates) < 120).all()
    assert set(atlas.networks) == set(atlas.network_names)
    assert len(atlas.network_titles) == len(atlas.network_names) or set(atlas.networks) == {""}
    assert sorted(atlas.display_order) == list(range(n))
    assert "doi:" in atlas.citation


def table(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_power_has_the_published_coordinates_and_systems(shared_data):
    atlas = load_atlas("power-264")
    rows = table(shared_data / "atlases/power264_coords_networks.csv")
    assert [label.split()[1] for label in atlas.labels] == [row["index"] for row in rows]
    np.testing.assert_array_equal(atlas.coordinates, [[float(row[axis]) for axis in "xyz"] for row in rows])
    title = dict(zip(atlas.network_names, atlas.network_titles, strict=True))
    for network, row in zip(atlas.networks, rows, strict=True):
        theirs = row["system"].lower().rstrip("?").replace("somatomotor ", "somatomotor, ")
        assert title[network].lower() == theirs


def test_power_is_displayed_in_the_order_of_the_first_program(shared_data):
    rows = table(shared_data / "atlases/power264_display_order.csv")
    expected = np.empty(264, dtype=int)
    for row in rows:
        expected[int(row["imagenomer_display_row_0based"])] = int(row["file_index_0based"])
    np.testing.assert_array_equal(load_atlas("power-264").display_order, expected)


@pytest.mark.parametrize(
    ("name", "file", "n_networks"),
    [
        ("schaefer-100-7", "schaefer100x7.csv", 7),
        ("schaefer-200-7", "schaefer200x7.csv", 7),
        ("schaefer-400-7", "schaefer400x7.csv", 7),
        ("schaefer-100-17", "schaefer100x17.csv", 17),
        ("gordon-333", "gordon333.csv", 13),
        ("aal-116", "aal116.csv", 1),
        ("glasser-360", "glasser360.csv", 1),
        ("dosenbach-160", "dosenbach_2010.csv", 6),
    ],
)
def test_the_other_atlases_agree_with_their_source(shared_data, name, file, n_networks):
    atlas, rows = load_atlas(name), table(shared_data / "atlases" / file)
    np.testing.assert_allclose(atlas.coordinates, [[float(row[axis]) for axis in "xyz"] for row in rows], atol=0.005)
    assert len(set(atlas.networks)) == n_networks
    # One of our codes for each of their names.
    assert len(set(zip(atlas.networks, (row["network"] for row in rows), strict=True))) == n_networks


def test_desikan_killiany_has_the_68_cortical_regions_left_then_right():
    labels = load_atlas("desikan-killiany-68").labels
    assert [label[:2] for label in labels] == ["lh"] * 34 + ["rh"] * 34
    assert [label[3:] for label in labels[:34]] == [label[3:] for label in labels[34:]]


@pytest.mark.parametrize(
    ("n_parcels", "name"),
    [(264, "power-264"), (333, "gordon-333"), (100, None), (360, None), (68, None), (300, None), (7, None)],
)
def test_a_size_stands_for_an_atlas_only_where_the_order_is_certain(n_parcels, name):
    assert guess_atlas(n_parcels) == name


def test_atlases_of_a_size_are_named_even_where_none_is_assumed():
    assert atlases_of_size(100) == ("schaefer-100-17", "schaefer-100-7")
    assert atlases_of_size(5) == ()


def test_an_unknown_atlas_is_answered_with_those_there_are():
    with pytest.raises(InputError, match=r"no atlas '../etc'; there are: .*power-264"):
        load_atlas("../etc")


def test_an_atlas_is_chosen_among_those_that_fit():
    assert choose_parcellation(264, "power-264").atlas == "power-264"
    assert choose_parcellation(264, "none").labels[263] == "Parcel 264"
    with pytest.raises(
        InputError, match=r"gordon-333 has 333 parcels; for the 264 parcels .* there are: power-264, none"
    ):
        choose_parcellation(264, "gordon-333")
    with pytest.raises(InputError, match=r"no atlas 'shen'; for the 268 parcels .* there are: none"):
        choose_parcellation(268, "shen")


@pytest.mark.parametrize("n_parcels", [100, 200, 400])
def test_the_networks_of_schaefer_are_those_in_the_names(n_parcels):
    for release, n_networks in ((7, 7), (17, 17)):
        atlas = load_atlas(f"schaefer-{n_parcels}-{release}")
        pairs = set()
        for label, network in zip(atlas.labels, atlas.networks, strict=True):
            _, name, *rest = label.split("_")
            pairs.add((f"{name}_{rest[0]}" if name == "Limbic" and release == 17 else name, network))
        assert len(pairs) == n_networks == len({name for name, _ in pairs}) == len({code for _, code in pairs})
        assert [label[0] for label in atlas.labels] == ["L"] * (n_parcels // 2) + ["R"] * (n_parcels // 2)


def test_both_releases_of_schaefer_hold_the_same_places_in_another_order():
    seven, seventeen = (load_atlas(f"schaefer-100-{release}").coordinates for release in (7, 17))
    assert not np.array_equal(seven, seventeen)
    gaps = np.linalg.norm(seven[:, None] - seventeen[None], axis=2).min(axis=1)
    assert np.median(gaps) < 0.2


def test_labels_alone_tell_the_atlas_and_their_order_is_kept():
    atlas = load_atlas("schaefer-100-7")
    same = atlas_of_labels([f"7Networks_{label}" for label in atlas.labels])
    assert same.atlas == "schaefer-100-7"
    back = atlas_of_labels(atlas.labels[::-1])
    assert (back.labels, back.networks, back.atlas) == (atlas.labels[::-1], atlas.networks[::-1], "")
    np.testing.assert_array_equal(back.coordinates, atlas.coordinates[::-1])
    assert atlas_of_labels([*atlas.labels[:-1], "elsewhere"]) is None
    assert atlas_of_labels([*atlas.labels[:-1], atlas.labels[0]]) is None


def test_without_an_atlas_parcels_are_numbered_from_one_and_drawn_in_file_order():
    plain = plain_parcellation(3)
    assert plain.labels == ("Parcel 1", "Parcel 2", "Parcel 3")
    np.testing.assert_array_equal(plain.display_order, [0, 1, 2])


def test_a_table_groups_parcels_by_network_and_keeps_file_order_within():
    atlas = read_atlas("label\tnetwork\nA\tx\nB\ty\nC\tn/a\nD\tx\nE\ty\n", name="mine", network_names=("y", "x"))
    assert atlas.network_names == ("y", "x", "")
    np.testing.assert_array_equal(atlas.display_order, [1, 4, 0, 3, 2])
    assert np.isnan(atlas.coordinates).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it has: nothing"),
        ("name\tx\na\t1\n", "it has: name, x"),
        ("name\tx\na\t1\tmore\n", "it has: name, x"),
        ("label\tx\na\tleft\n", "'left' in column x"),
        ("label\tnetwork\na\tz\n", "the networks z are not in the list"),
    ],
)
def test_a_table_that_is_none_is_refused(text, words):
    with pytest.raises(InputError, match=words):
        read_atlas(text, name="mine", network_names=("y",))
