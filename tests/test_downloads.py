"""Downloads: what ends up in a table's file."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagenomer.analyses.contract import Column, GridView, TableView
from imagenomer.downloads import csv_of


def rows_of(data):
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_a_grid_has_its_names_around_its_values_and_nothing_where_undefined():
    view = GridView("g", "G", "r", ("a", 'b "quoted"'), ("x, y", "z"), ((0.1, None), (-2.0, 1e-300)))
    assert rows_of(csv_of(view)) == [["", "x, y", "z"], ["a", "0.1", ""], ['b "quoted"', "-2.0", "1e-300"]]


def test_a_table_has_every_digit_and_the_columns_of_the_file():
    columns = (Column("a", "A", "number"), Column("b", "B", where="page"), Column("c", "C", where="file"))
    view = TableView("t", "T", columns, ({"a": 1 / 3, "b": "shown", "c": None},))
    assert rows_of(csv_of(view)) == [["a", "c"], [repr(1 / 3), ""]]


RUN = ["=1+1", "+1+1", "-foo", "@SUM(A1)", "\t=1", " =1", "＝1", "-1,5", "=", "-", "\r", "--1", "-inf", "+", "'=1"]


@pytest.mark.parametrize("text", RUN)
def test_no_cell_begins_like_a_formula(text):
    table = TableView("t", "T", (Column("a", "A"), Column(text, "B")), ({"a": text, text: text},))
    grid = GridView("g", "G", "r", (text,), (text,), ((None,),))
    for rows in (rows_of(csv_of(table)), rows_of(csv_of(grid))):
        cells = [cell for row in rows for cell in row]
        assert f"'{text}" in cells
        assert text not in cells


@pytest.mark.parametrize("text", ["-0.5", "+3", "-1e-300", ".5", "-.5E+7", "2", "P1 - P2", "a=b", "−0.5", "", "'tis"])
def test_numbers_and_other_texts_stay_as_they_are(text):
    assert rows_of(csv_of(TableView("t", "T", (Column("a", "A"),), ({"a": text},)))) == [["a"], [text]]


@given(st.one_of(st.floats(), st.integers(), st.booleans()))
def test_whatever_is_a_number_is_never_touched(value):
    (_, row) = csv_of(TableView("t", "T", (Column("a", "A"),), ({"a": value},))).decode("utf-8-sig").split("\r\n")[:2]
    assert not row.startswith(("'", "\"'"))


@given(st.lists(st.one_of(st.sampled_from(RUN), st.text("'=-+@ 1a\t\n,\"")), min_size=1))
def test_a_table_comes_back_from_its_file_as_the_documents_say(texts):
    page = (Path(__file__).parents[1] / "site" / "docs" / "privacy.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"str\.replace\(r\"(.*)\", \"\", regex=True\)", page)
    view = TableView("t", "T", (Column("n", "N"), Column("a", "A")), tuple({"n": "x", "a": text} for text in texts))
    table = pandas.read_csv(io.BytesIO(csv_of(view)), dtype=str, keep_default_na=False)
    np.testing.assert_array_equal(table["a"].str.replace(recipe, "", regex=True), texts)
