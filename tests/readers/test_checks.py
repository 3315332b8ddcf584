"""The same doubts about the same data, whichever door they came in by."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import zipfile

import numpy as np
import pytest

from imagenomer.cohort import Cohort, Measure
from imagenomer.edges import edges_to_matrix, matrix_to_edges
from imagenomer.parcellation import plain_parcellation
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes, write_bundle
from imagenomer.readers.checks import check_measures
from imagenomer.readers.notes import Notes
from readers.small_folder import said, write_scan
from readers.test_door_kinds import PEOPLE, N, opened, write_squares, write_table
from readers.test_door_kinds import squares as squares

#: Of one value in these people: parcels that no measurement can have.
DEAD = {4: (2, 7), 9: (2,)}


@pytest.fixture
def spoilt(squares):
    """Matrices of twelve people with two dead parcels, a copy, and one edge missing."""
    squares[5] = squares[3]
    squares[8, 1, 0] = squares[8, 0, 1] = np.nan
    for parcel, people in DEAD.items():
        for person in people:
            squares[person, parcel, :] = squares[person, :, parcel] = 0.0
    return squares


def as_folder_of_matrices(top, squares):
    write_squares(write_table(top, scale=[*(str(n) for n in range(90, 101)), "-9999"], site=["1"] * 12), squares)


def as_the_first_imagenomers_folder(top, squares):
    write_table(top, name="participants.tsv", delimiter="\t", header="participant_id",
                scale=[*(str(n) for n in range(90, 101)), "-9999"], site=["1"] * 12)  # fmt: skip
    for name, square in zip(PEOPLE, squares, strict=True):
        write_scan(top, f"fc/{name}_task-rest_fc.npy", square)


def as_a_bundle(top, squares):
    """Written by hand: another program's bundle has neither our checks behind it nor our log."""
    as_folder_of_matrices(top / "whole", squares[:2].repeat(6, axis=0))
    cohort = opened(top / "whole", {"columns": {"scale": {"missing": []}}})
    shutil.rmtree(top / "whole")
    values = matrix_to_edges(squares).astype(np.float32)
    measure = Measure("fc", values, np.ones(len(values), dtype=bool))
    cohort = dataclasses.replace(cohort, measures={"fc": measure}, log=(), columns={}, corrections={})
    with zipfile.ZipFile(io.BytesIO(finish(bundle_bytes(cohort)))) as archive:
        archive.extractall(top)
    facts = json.loads((top / "bundle.json").read_text())
    del facts["columns"]  # which says that nothing there is a code
    (top / "bundle.json").write_text(json.dumps(facts))


@pytest.mark.parametrize("door", [as_folder_of_matrices, as_the_first_imagenomers_folder, as_a_bundle])
def test_what_is_doubtful_is_said_at_every_door(tmp_path, spoilt, door):
    (tmp_path / "study").mkdir()
    door(tmp_path / "study", spoilt)
    cohort = opened(tmp_path / "study")
    gaps = said(cohort, "2 parcels without a value in some scans of 2 subjects")
    assert [line.split(": ")[1] for line in gaps] == ["2 scans (sub-03, sub-08)", "1 scan (sub-03)"]
    missing = np.isnan(edges_to_matrix(cohort.measure("fc").values, diagonal=0))
    for parcel, people in DEAD.items():
        others = [place for place in range(N) if place != parcel]
        assert np.flatnonzero(missing[:, parcel, others].all(axis=1)).tolist() == list(people)
    assert missing[8, 0, 1]
    assert len(said(cohort, "identical data")) == 1
    assert any("-9999 (1)" in line for entry in cohort.log for line in entry.items)
    assert any(line.startswith("site (") for line in said(cohort, "the same value for everybody"))
    assert len(cohort.log) == len({(entry.message, entry.items) for entry in cohort.log})


def check(squares, **settings) -> tuple[list[str], np.ndarray]:
    values = matrix_to_edges(squares).astype(np.float32)
    measure = Measure("fc", values, np.ones(len(values), dtype=bool))
    notes = Notes()
    scans = tuple(scan for scan in opened_scans(len(values)))
    check_measures(scans, {"fc": measure}, settings.pop("parcellation", plain_parcellation(N)), notes, **settings)
    return [entry.message for entry in notes.log()], values


def opened_scans(n: int):
    from imagenomer.cohort import Scan

    return [Scan("rest", f"s{number}") for number in range(n)]


def test_parcels_of_one_value_are_missing_and_real_ones_are_left(squares):
    squares[1, 3, :] = squares[1, :, 3] = 0.25
    messages, values = check(squares)
    assert ["1 parcel without a value" in message for message in messages] == [True]
    assert np.isnan(values).sum() == N - 1
    # Two edges of one value are none, nor is a graph of ones and zeros with a parcel that is joined with all.
    few = squares[:1].copy()
    few[0, 2, 0] = few[0, 0, 2] = few[0, 2, 1] = few[0, 1, 2] = 0.0
    binary = np.ones((1, N, N)) - np.eye(N)
    binary[0, 5, 6] = binary[0, 6, 5] = 0
    for one in (few, binary):
        messages, values = check(one)
        assert messages == []
        assert not np.isnan(values).any()


def test_values_beyond_one_are_said_where_nobody_said_what_they_are(squares):
    squares[4, 2, 3] = squares[4, 3, 2] = 1.5
    assert check(squares, ranges=True)[0] == ["fc has values beyond -1 and 1 in 1 scan"]
    assert check(3 * squares, ranges=True)[0] == [
        "fc has values beyond -1 and 1 in every scan, so these are not correlations"
    ]
    assert check(3 * squares)[0] == []


@pytest.mark.parametrize("style", ["LH_Vis_{}", "{}_R", "Left-{}", "ctx-rh-{}", "L_{}_ROI"])
def test_a_hemisphere_in_the_name_is_held_against_the_sign_of_x(squares, style):
    left = style in ("LH_Vis_{}", "Left-{}", "L_{}_ROI")
    labels = tuple(style.format(number) for number in range(N))
    places = np.full((N, 3), -30.0 if left else 30.0)
    places[0, 0] *= -1  # one on the other side
    places[1, 0] = 2.0 if left else -2.0  # on the midline: neither
    parcels = dataclasses.replace(plain_parcellation(N), labels=labels, coordinates=places)
    assert check(squares, parcellation=parcels)[0] == [
        f"1 parcel of {N - 1} whose names tell a hemisphere have coordinates on the other side; are labels or "
        "coordinates of another order, or is x turned round?"
    ]
    for other in ("Lateral_{}", "Region {}", "Rolandic_{}", "SLR{}"):
        plain = dataclasses.replace(parcels, labels=tuple(other.format(number) for number in range(N)))
        assert check(squares, parcellation=plain)[0] == []


def test_the_bundle_of_a_cohort_says_no_more_than_the_cohort(tmp_path, spoilt):
    as_folder_of_matrices(tmp_path / "study", spoilt)
    cohort = opened(tmp_path / "study")
    with (tmp_path / "b.zip").open("wb") as file:
        finish(write_bundle(cohort, file))
    again: Cohort = opened(tmp_path / "b.zip")
    assert [entry for entry in again.log[1:] if entry not in cohort.log] == []
