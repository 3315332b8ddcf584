"""Columns in doubt: what is found in them is proposed, counted and taken back, at every door alike."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes
from imagenomer.readers.recipe import merged
from readers.small_folder import said, write_demographics, write_scan
from readers.test_door_kinds import PEOPLE, opened, write_squares, write_table
from readers.test_door_kinds import squares as squares
from readers.test_plink import write_set
from readers.test_understood import line_of, way

BARE = [name.removeprefix("sub-") for name in PEOPLE]
SCORES = [-9999, -9999, *range(95, 105)]
SPELLINGS = ["M", "F", "m", "f", "Male", "male", "female", *["M"] * 5]
DAYS = [f"2020-01-{day:02d}" for day in range(1, 13)]


def as_a_table(top: Path, squares: Any, columns: dict[str, list[Any]]) -> None:
    write_squares(write_table(top, **{name: list(map(str, cells)) for name, cells in columns.items()}), squares)


def as_participants_beside_scans(top: Path, squares: Any, columns: dict[str, list[Any]]) -> None:
    texts = {name: list(map(str, cells)) for name, cells in columns.items()}
    write_table(top, name="participants.tsv", delimiter="\t", header="participant_id", **texts)
    for name, square in zip(PEOPLE, squares, strict=True):
        write_scan(top, f"fc/{name}_task-rest_fc.npy", square[np.triu_indices(len(square), 1)])


def as_demographics_of_the_first_program(top: Path, squares: Any, columns: dict[str, list[Any]]) -> None:
    write_demographics(top, {name: dict(zip(PEOPLE, cells, strict=True)) for name, cells in columns.items()})
    for name, square in zip(PEOPLE, squares, strict=True):
        write_scan(top, f"fc/{name}_task-rest_fc.npy", square[np.triu_indices(len(square), 1)])


def as_a_bundle_by_hand(top: Path, squares: Any, columns: dict[str, list[Any]]) -> None:
    as_a_table(top.parent / "source", squares, {"plain": list(range(12))})
    with zipfile.ZipFile(io.BytesIO(finish(bundle_bytes(opened(top.parent / "source"))))) as archive:
        archive.extractall(top)
    texts = {name: list(map(str, cells)) for name, cells in columns.items()}
    write_table(top, name="participants.tsv", delimiter="\t", header="participant_id", **texts)
    (top / "participants.json").unlink()


def as_a_table_beside_plink(top: Path, squares: Any, columns: dict[str, list[Any]]) -> None:
    texts = {name: list(map(str, cells)) for name, cells in columns.items()}
    write_table(top, header="IID", **texts)
    write_set(top, people=[(name, name) for name in PEOPLE])


DOORS = [
    as_a_table,
    as_participants_beside_scans,
    as_demographics_of_the_first_program,
    as_a_bundle_by_hand,
    as_a_table_beside_plink,
]


@pytest.fixture(params=DOORS)
def door(request, tmp_path, squares):
    def enter(recipe: dict[str, Any] | None = None, **columns: list[Any]) -> Cohort:
        if not (tmp_path / "study").is_dir():
            request.param(tmp_path / "study", squares, columns)
        return opened(tmp_path / "study", recipe)

    return enter


def test_codes_for_missing_values_are_proposed_counted_and_undone(door):
    cohort = door(FIQ=SCORES)
    assert cohort.phenotype("FIQ").missing.sum() == 2
    assert said(cohort, "Codes far outside the range") == ("FIQ: -9999 (2)",)
    line = line_of(cohort, "FIQ: -9999 (2 times) read as missing")
    assert not line.certain
    kept = door(way(line, "Keep all").recipe)
    assert kept.phenotype("FIQ").missing.sum() == 0
    again = door(way(line_of(kept, "kept as a number"), "-9999 missing").recipe)
    assert again.phenotype("FIQ").missing.sum() == 2
    assert line_of(again, "FIQ").certain


def test_numbers_that_may_be_codes_are_kept_and_proposed(door):
    cohort = door(score=[999, *range(95, 106)])
    assert cohort.phenotype("score").missing.sum() == 0
    read = door(way(line_of(cohort, "999 (once) kept"), "999 missing").recipe)
    assert read.phenotype("score").missing.sum() == 1


def test_a_score_within_the_range_of_the_others_is_no_code(door):
    cohort = door(change=[-9, -7, -1, *range(-12, -3)])
    assert cohort.phenotype("change").missing.sum() == 0
    assert not any("change" in line.text for line in cohort.understood)


def test_spellings_of_a_level_are_proposed_to_be_one_and_kept_apart_until_then(door):
    cohort = door(sex=SPELLINGS)
    assert len(cohort.phenotype("sex").levels) == 7
    line = line_of(cohort, "spelled in several ways")
    assert not line.certain
    merged = door(way(line, "Count them as one").recipe)
    counts = np.bincount(merged.phenotype("sex").values)
    assert sorted(counts.tolist()) == [3, 9]
    apart = door(way(line_of(merged, "spelled"), "Keep them apart").recipe)
    assert len(apart.phenotype("sex").levels) == 7
    assert line_of(apart, "spelled").certain


def test_letters_that_may_stand_for_anything_are_no_spellings(door):
    cohort = door(status=["M", "S", "D", "male"] * 3)
    assert not any("spelled" in line.text for line in cohort.understood)


def test_dates_are_asked_about(door):
    cohort = door(scanned=DAYS)
    line = line_of(cohort, "scanned: dates")
    assert not line.certain
    years = door(way(line, "Read them as years").recipe).phenotype("scanned")
    np.testing.assert_allclose(np.diff(years.values), 1 / 366)
    back = door(way(line_of(door(way(line, "years").recipe), "scanned"), "Keep them").recipe)
    assert back.phenotype("scanned").kind == "category"


def test_dates_whose_day_and_month_cannot_be_told_offer_no_years(door):
    line = line_of(door(scanned=[f"{1 + n % 12}/3/2020" for n in range(12)]), "scanned: dates")
    assert "cannot be told" in line.items[0]
    assert [one.meaning for one in line.alternatives] == ["Keep them as categories"]


@pytest.mark.parametrize("cells", [["001", "002", "003"], ["01", "02", "10"]])
def test_whole_numbers_with_leading_zeros_stay_as_they_are_written(door, cells):
    cohort = door(code=cells * 4)
    assert cohort.phenotype("code").levels == tuple(cells)
    assert said(cohort, "leading zeros were taken for codes") == (f"code ({cells[0]} …)",)
    number = door({"columns": {"code": {"kind": "number"}}}).phenotype("code")
    np.testing.assert_array_equal(number.values, [float(cell) for cell in cells * 4])


@pytest.mark.parametrize("cells", [["0", "1", "10"], ["0.5", "0.25", "1"], ["0.0", "1.0", "-0.5"]])
def test_zeros_that_are_part_of_a_number_are_one(door, cells):
    assert door(code=cells * 4).phenotype("code").kind == "number"


def test_0_and_1_become_levels_with_names(door):
    levels = {"kind": "category", "labels": {"0": "control", "1": "patient"}}
    dx = door({"columns": {"DX": levels}}, DX=[0, 1] * 6).phenotype("DX")
    assert dx.levels == ("control", "patient")
    np.testing.assert_array_equal(dx.values, [0, 1] * 6)


def test_a_bundle_of_ours_asks_nothing_that_its_cohort_was_told(tmp_path, squares):
    as_a_table(tmp_path / "study", squares, {"FIQ": SCORES, "kept": [-99, *range(95, 106)]})
    cohort = opened(tmp_path / "study", {"columns": {"kept": {"missing": []}}})
    (tmp_path / "b.zip").write_bytes(finish(bundle_bytes(cohort)))
    again = opened(tmp_path / "b.zip")
    for name, n in (("FIQ", 2), ("kept", 0)):
        assert cohort.phenotype(name).missing.sum() == again.phenotype(name).missing.sum() == n
    assert again.understood == ()
    assert opened(tmp_path / "b.zip", {"columns": {"FIQ": {"missing": []}}}).phenotype("FIQ").missing.sum() == 0


def test_a_cohort_with_such_numbers_comes_back_from_a_bundle_as_it_was(tmp_path, squares):
    as_a_table(tmp_path / "study", squares, {"plain": list(range(12))})
    cohort = opened(tmp_path / "study")
    one = Phenotype("plain", np.array([-9999.0, *range(11)]))
    cohort = replace(cohort, phenotypes={"plain": one}, columns={})
    (tmp_path / "b.zip").write_bytes(finish(bundle_bytes(cohort)))
    np.testing.assert_array_equal(opened(tmp_path / "b.zip").phenotype("plain").values, one.values)


@pytest.mark.parametrize("name", ["participants.tsv", "pheno.csv", "bundle"])
def test_a_quote_that_is_never_closed_is_an_error_with_its_line(tmp_path, squares, name):
    top, people = tmp_path / "study", ["ok"] * 4 + ['"late'] + ["ok"] * 7
    if name == "bundle":
        as_a_bundle_by_hand(top, squares, {"note": people})
    elif name == "participants.tsv":
        as_participants_beside_scans(top, squares, {"note": people})
    else:
        as_a_table(top, squares, {"note": people})
    with pytest.raises(InputError, match="line 6: a quote is opened and never closed"):
        opened(top)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("header", ["participant_id", "subject_id", "ID"])
def test_participants_tsv_is_read_whatever_separates_its_cells_and_names_its_people(
    tmp_path, squares, delimiter, header
):
    own = {"age": [24] * 12, "fat": ["12%"] * 12}
    as_participants_beside_scans(tmp_path, squares, own)
    ages = ["23.5" if delimiter == "," else "23,5", *["24"] * 11]
    write_table(tmp_path, name="participants.tsv", delimiter=delimiter, header=header, age=ages, fat=own["fat"])
    cohort = opened(tmp_path)
    assert len(cohort.scans) == len(PEOPLE)
    assert cohort.phenotype("age").values[0] == 23.5
    assert (cohort.phenotype("fat").values[0], cohort.phenotype("fat").units) == (12, "%")


def test_commas_of_participants_that_may_part_thousands_are_asked_about(tmp_path, squares):
    as_participants_beside_scans(tmp_path, squares, {"volume": [f"1,{n:03d}" for n in range(12)]})
    line = line_of(opened(tmp_path), "volume: commas")
    assert opened(tmp_path, way(line, "part thousands").recipe).phenotype("volume").values[1] == 1001
    assert opened(tmp_path, way(line, "Decimal").recipe).phenotype("volume").values[1] == 1.001


@pytest.mark.parametrize("protocol", [2, 5])
def test_a_pickled_table_has_days_missing_values_and_decimals(tmp_path, squares, protocol):
    cells = {
        "day": [date(2020, 1, n) for n in range(1, 13)],
        "time": [datetime(2020, 1, 1, n) for n in range(12)],
        "stamp": [pd.Timestamp(2020, 1, n) for n in range(1, 12)] + [pd.NaT],
        "count": [pd.NA, *range(11)],
        "exact": [Decimal("1.5"), *[Decimal(n) for n in range(11)]],
        "nested": [{"a": 1}] * 12,
    }
    as_demographics_of_the_first_program(tmp_path, squares, {"age": list(range(12))})
    columns = {name: dict(zip(PEOPLE, own, strict=True)) for name, own in cells.items()}
    (tmp_path / "demographics.pkl").write_bytes(pickle.dumps(columns, protocol))
    cohort = opened(tmp_path)
    assert cohort.phenotype("day").levels == (*cohort.phenotype("stamp").levels, DAYS[-1]) == tuple(DAYS)
    assert cohort.phenotype("time").levels[:2] == ("2020-01-01", "2020-01-01T01:00:00")
    assert (cohort.phenotype("stamp").missing.sum(), cohort.phenotype("count").missing.sum()) == (1, 1)
    assert cohort.phenotype("exact").values[0] == 1.5
    assert said(cohort, "neither numbers nor texts") == ("nested",)


def test_levels_of_a_dictionary_beside_participants_have_their_labels(tmp_path, squares):
    as_participants_beside_scans(tmp_path, squares, {"sex": ["1.0", "2.0"] * 6})
    (tmp_path / "participants.json").write_text(json.dumps({"sex": {"Levels": {"1": "male", "2": "female"}}}))
    assert opened(tmp_path).phenotype("sex").levels == ("male", "female")


def test_numbers_that_look_like_codes_of_levels_are_proposed_as_a_category(door):
    cohort = door(site=[1, 2, 3] * 4, age=range(20, 32))
    line = line_of(cohort, "site: 1, 2, 3, read as numbers")
    assert not line.certain
    assert said(cohort, "look like codes of levels") == ("site: 1, 2, 3",)
    made = door(way(line, "category").recipe)
    assert made.phenotype("site").levels == ("1", "2", "3")
    assert line_of(made, "site: 1, 2, 3, read as a category").certain
    kept = door(way(line_of(made, "site:"), "Keep the numbers").recipe)
    assert (kept.phenotype("site").kind, line_of(kept, "site:").certain) == ("number", True)


def test_two_whole_numbers_are_a_click_from_a_category_and_no_doubt(door):
    line = line_of(door(DX=[0, 1] * 6), "DX: 0, 1, read as numbers")
    assert line.certain
    assert door(way(line, "category").recipe).phenotype("DX").kind == "category"


@pytest.mark.parametrize("cells", [[1, 2, 3] * 4, [1.5, 2, 3] * 4])
def test_other_whole_numbers_are_numbers(door, cells):
    assert not any("read as" in line.text for line in door(score=cells).understood)


def test_codes_of_a_column_that_stand_for_a_missing_value_are_no_levels(door):
    line = line_of(door(site=[-9999, *[1, 2, 3] * 3, 1, 2]), "site: 1, 2, 3, read")
    assert not line.certain


def test_a_few_texts_among_numbers_make_a_category_that_may_be_numbers(door):
    cohort = door(age=["89+", "89+", -9999, *range(60, 69)])
    assert cohort.phenotype("age").kind == "category"
    line = line_of(cohort, "age: numbers and 89+ (2 times), read as a category")
    assert not line.certain
    recipe = way(line, "Read it as numbers, without 89+; -9999 too").recipe
    numbers = door(recipe).phenotype("age")
    np.testing.assert_array_equal(numbers.values, [np.nan] * 3 + list(range(60, 69)))
    back = door(merged(recipe, way(line_of(door(recipe), "age:"), "Keep it").recipe))
    assert back.phenotype("age").levels == cohort.phenotype("age").levels
    assert line_of(back, "age:").certain


@pytest.mark.parametrize("cells", [["A1", "B2", "7"] * 4, ["1", "2", "x"] * 4, [*"abcdef", *range(6)]])
def test_categories_with_some_numbers_are_no_numbers(door, cells):
    assert not any("numbers and" in line.text for line in door(kind=cells).understood)


def test_decimal_commas_beside_a_few_texts_are_decimal(tmp_path):
    top = write_table(tmp_path, delimiter=";", iq=["k.A.", *(f"{90 + k},5" for k in range(11))])
    line = line_of(opened(top), "iq: numbers and k.A. (once)")
    values = opened(top, way(line, "as numbers").recipe).phenotype("iq").values
    np.testing.assert_array_equal(values, [np.nan, *(90.5 + k for k in range(11))])
