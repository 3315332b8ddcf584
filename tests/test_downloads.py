"""Downloads: what ends up in a table's file."""

from __future__ import annotations

import csv
import io

from imagenomer.analyses.contract import Column, GridView, TableView
from imagenomer.downloads import csv_of


def rows_of(data):
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def test_a_grid_has_its_names_around_its_values_and_nothing_where_undefined():
    view = GridView("g", "G", "r", ("a", 'b "quoted"'), ("x, y", "z"), ((0.1, None), (-2.0, 1e-300)))
    assert rows_of(csv_of(view)) == [["", "x, y", "z"], ["a", "0.1", ""], ['b "quoted"', "-2.0", "1e-300"]]


def test_a_table_has_every_digit_and_the_columns_of_the_file():
    columns = (Column("a", "A", "number"), Column("b", "B", where="page"), Column("c", "C", where="file"))
    view = TableView("t", "T", columns, ({"a": 1 / 3, "b": "shown", "c": None},))
    assert rows_of(csv_of(view)) == [["a", "c"], [repr(1 / 3), ""]]
