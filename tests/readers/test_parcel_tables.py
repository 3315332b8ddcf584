"""Tables of parcels: names, places and networks, whichever program wrote them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.parcellation import load_atlas
from readers.small_folder import said, write_demographics, write_scan
from readers.test_door_kinds import PEOPLE, N, opened, write_squares, write_table
from readers.test_door_kinds import squares as squares
from readers.test_understood import line_of, way

NAMES = [f"{side}_{area}" for area in ("Vis", "Mot", "Sal", "Lim", "DMN", "FPN", "Aud", "Sub") for side in ("L", "R")]
PLACES = [[(-1 if n % 2 == 0 else 1) * (20 + n), 5.5 * n - 40, 60 - 7 * n] for n in range(N)]
NETWORKS = ["Visual", "Motor"] * (N // 2)


def rows(*columns: list[object], mark: str = "\t") -> str:
    return "".join(mark.join(map(str, row)) + "\n" for row in zip(*columns, strict=True))


XS, YS, ZS = (list(axis) for axis in zip(*PLACES, strict=True))
ONES = [1] * N
#: File name and text, and whether it tells networks.
TABLES = {
    "BrainNet Viewer": ("nodes.node", "# sixteen\n" + rows(XS, YS, ZS, ONES, ONES, NAMES), False),
    "label, x, y, z, network": (
        "parcels.csv",
        "label,x,y,z,network\n" + rows(NAMES, XS, YS, ZS, NETWORKS, mark=","),
        True,
    ),
    "Schaefer's centroids": (
        "Centroid_RAS.csv",
        "ROI Label,ROI Name,R,A,S\n" + rows(list(range(1, N + 1)), NAMES, XS, YS, ZS, mark=","),
        False,
    ),
    "semicolons and decimal points": (
        "regions.txt",
        "Region;MNI_X;MNI_Y;MNI_Z;Yeo7\n" + rows(NAMES, XS, YS, ZS, NETWORKS, mark=";"),
        True,
    ),
    "names before numbers, no header": ("coords.txt", rows(NAMES, XS, YS, ZS, mark=" "), False),
    "deeper, as atlas.tsv": ("atlases/atlas.tsv", "label\tx\ty\tz\n" + rows(NAMES, XS, YS, ZS), False),
}


def study(top: Path, squares: np.ndarray, *files: tuple[str, str]) -> Cohort:
    write_squares(write_table(top), squares)
    for name, text in files:
        (top / name).parent.mkdir(exist_ok=True)
        (top / name).write_text(text)
    return opened(top)


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("door", ["table", "demographics.pkl"])
def test_a_table_of_names_and_coordinates_says_what_the_parcels_are(tmp_path, squares, kind, door):
    name, text, has_networks = TABLES[kind]
    if door == "table":
        cohort = study(tmp_path, squares, (name, text))
        assert line_of(cohort, f"({name})").certain
    else:
        write_demographics(tmp_path, {"age": {person: 20.0 + place for place, person in enumerate(PEOPLE)}})
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        for person, square in zip(PEOPLE, squares, strict=True):
            write_scan(tmp_path, f"fc/{person}_task-rest_fc.npy", square[np.triu_indices(N, 1)])
        cohort = opened(tmp_path)
        assert not any("not recognised" in entry.message for entry in cohort.log)
    parcels = cohort.parcellation
    assert parcels is not None
    assert parcels.labels == tuple(NAMES)
    np.testing.assert_allclose(parcels.coordinates, PLACES)
    assert parcels.networks == (tuple(NETWORKS) if has_networks else ("",) * N)
    assert list(cohort.phenotypes) == ["age"]


def test_the_two_lists_of_nbs_are_one_table(tmp_path, squares):
    cog = ("COG.txt", rows(XS, YS, ZS, mark=" "))
    cohort = study(tmp_path, squares, cog, ("nodeLabels.txt", "\n".join(NAMES) + "\n"))
    assert cohort.parcellation is not None
    assert cohort.parcellation.labels == tuple(NAMES)
    np.testing.assert_allclose(cohort.parcellation.coordinates, PLACES)


def test_names_in_the_files_put_a_table_in_their_order(tmp_path, squares):
    order = np.random.default_rng(0).permutation(N)
    header = ",".join(NAMES[place] for place in order)
    top = write_table(tmp_path)
    write_squares(top, squares, header=header, comments="")
    name, text, _ = TABLES["label, x, y, z, network"]
    (top / name).write_text(text)
    parcels = opened(top).parcellation
    assert parcels is not None
    assert parcels.labels == tuple(NAMES[place] for place in order)
    np.testing.assert_allclose(parcels.coordinates, np.array(PLACES)[order])
    assert parcels.networks == tuple(NETWORKS[place] for place in order)


def test_a_table_of_other_names_than_the_files_is_asked_about(tmp_path, squares):
    write_squares(write_table(tmp_path), squares, header=",".join(f"P{n}" for n in range(N)), comments="")
    name, text, _ = TABLES["BrainNet Viewer"]
    (tmp_path / name).write_text(text)
    cohort = opened(tmp_path)
    assert cohort.parcellation is not None
    assert cohort.parcellation.labels[0] == "P0"
    line = next(line for line in cohort.understood if line.topic == "parcels")
    assert not line.certain
    taken = opened(tmp_path, way(line, "nodes.node").recipe).parcellation
    assert taken is not None
    assert taken.labels == tuple(NAMES)


def test_a_table_of_another_number_of_parcels_is_named_and_not_used(tmp_path, squares):
    cohort = study(tmp_path, squares, ("nodes.node", rows(XS[1:], YS[1:], ZS[1:], ONES[1:], ONES[1:], NAMES[1:])))
    assert said(cohort, "Tables of other parcels than the 16") == ("nodes.node: names, coordinates of 15 parcels",)
    assert cohort.parcellation is not None
    assert cohort.parcellation.labels[0] == "Parcel 1"


def test_a_damaged_node_file_is_named_with_its_line(tmp_path, squares):
    cohort = study(tmp_path, squares, ("nodes.node", "1 2 3 1 1 a\n1 2 x 1 1 b\n"))
    assert any("nodes.node, line 2" in one for one in said(cohort, "could not be used"))


def test_names_that_stand_twice_are_counted_and_dashes_are_none(tmp_path, squares):
    names = ["vmPFC", "vmPFC", "-", "vmPFC_(2)", *NAMES[4:]]
    cohort = study(tmp_path, squares, ("nodes.node", rows(XS, YS, ZS, ONES, ONES, names)))
    assert cohort.parcellation is not None
    assert cohort.parcellation.labels[:4] == ("vmPFC", "vmPFC (2)", "Parcel 3", "vmPFC_(2)")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("people.csv", "subject,label,x,y,z\n" + rows(PEOPLE, PEOPLE, XS[:12], YS[:12], ZS[:12], mark=",")),
        ("voxels.csv", "label,x,y,z\n" + rows(NAMES, [x + 90 for x in XS], YS, ZS, mark=",")),
        ("subject_names.txt", "\n".join(f"p{n}" for n in range(N))),
        ("three.txt", rows([0.1] * N, [0.2] * N, [0.3] * N, mark=" ")),
    ],
)
def test_what_is_no_table_of_parcels_is_not_taken_for_one(tmp_path, squares, name, text):
    cohort = study(tmp_path, squares, (name, text))
    assert cohort.parcellation is not None
    assert cohort.parcellation.labels[0] == "Parcel 1"


def test_plain_numbers_are_no_doubt_once_they_are_answered(tmp_path, squares):
    line = line_of(study(tmp_path, squares), "16 parcels without names")
    assert not line.certain
    answered = opened(tmp_path, way(line, "Plain numbers").recipe)
    assert line_of(answered, "16 parcels without names").certain
    assert all(one.certain for one in answered.understood)


def test_the_atlases_with_as_many_parcels_are_among_the_ways(tmp_path, rng):
    squares = np.array([np.corrcoef(rng.standard_normal((100, 300))) for _ in PEOPLE])
    line = next(one for one in study(tmp_path, squares).understood if one.topic == "parcels")
    assert not line.certain
    taken = opened(tmp_path, way(line, load_atlas("schaefer-100-17").name).recipe).parcellation
    assert taken is not None
    assert taken.atlas == "schaefer-100-17"
    with pytest.raises(InputError, match=r"100 parcels for 'power-264'; there are: .*none"):
        opened(tmp_path, {"parcels": "power-264"})


def test_files_of_brainnet_viewer_itself_are_read(shared_data, tmp_path):
    from imagenomer.readers import listing_of
    from imagenomer.readers.parcel_tables import read_parcel_table

    found = {}
    for entry in listing_of(shared_data / "brainnetviewer-node-edge").entries.values():
        table = read_parcel_table(entry)
        if table is not None:
            found[entry.path.partition("__")[0] + "/" + entry.path.rpartition("_")[2]] = table
    sizes = [table.n_parcels for table in found.values()]
    assert sorted(sizes) == [68, 82, 90, 112, 116, 160, 264]
    assert all(table.coordinates is not None for table in found.values())
