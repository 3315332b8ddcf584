"""What kind of phenotype a column is, and which of its values are missing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagenomer.readers.columns import ColumnNotes, clean_header, distinct, read_column
from imagenomer.readers.notes import Notes


def column(values, **options):
    notes = ColumnNotes()
    return read_column("x", values, notes, **options), notes


@given(st.lists(st.none() | st.floats(allow_infinity=False) | st.integers(-(2**53), 2**53), min_size=1))
def test_numbers_are_a_number_and_none_and_nan_are_missing(values):
    phenotype, notes = column(values)
    expected = [math.nan if value is None else float(value) for value in values]
    if all(math.isnan(value) for value in expected):
        assert phenotype is None
        assert notes.empty == ["x"]
    else:
        np.testing.assert_array_equal(phenotype.values, expected)
        assert phenotype.kind == "number"


@given(st.lists(st.none() | st.sampled_from(["Yes", "No", "perhaps", "x10", "x9"]), min_size=1))
def test_texts_are_a_category_with_levels_in_natural_order(values):
    phenotype, _ = column(values)
    if phenotype is not None:
        assert [None if code < 0 else phenotype.levels[code] for code in phenotype.values] == values
        assert phenotype.levels == tuple(level for level in ("No", "Yes", "perhaps", "x9", "x10") if level in values)


def test_booleans_are_a_category():
    phenotype, _ = column([True, None, False])
    assert phenotype.levels == ("False", "True")
    np.testing.assert_array_equal(phenotype.values, [1, -1, 0])


def test_texts_that_are_all_numbers_are_numbers_and_it_is_said():
    phenotype, notes = column(["10", " 2.5 ", "-1e3", None])
    np.testing.assert_array_equal(phenotype.values, [10, 2.5, -1000, np.nan])
    assert notes.texts_as_numbers == ["x"]
    assert column(["10", "2"], is_table=True)[1].texts_as_numbers == []


@pytest.mark.parametrize("text", ["1_000", "1,5", "inf", "٣", "0x10", "1 2", "--1"])
def test_texts_that_only_python_or_nobody_reads_as_numbers_are_texts(text):
    assert column([text, "a"])[0].kind == "category"


def test_numbers_among_texts_make_a_category_and_the_odd_values_are_named():
    phenotype, notes = column([12, 13.0, 2, "unknown", None])
    assert phenotype.levels == ("2", "12", "13", "unknown")
    assert notes.mixed == ["x: unknown"]


@pytest.mark.parametrize("text", ["", "  ", "n/a", "N/A", "NA", "NaN", "nan"])
def test_texts_for_missing_values_are_missing_and_counted(text):
    phenotype, notes = column(["F", text, "M", text])
    np.testing.assert_array_equal(phenotype.values, [0, -1, 1, -1])
    assert notes.texts_as_missing == [f"x: {text.strip()!r} (2)"]
    assert notes.incomplete == ["x (2 of 4)"]


def test_none_as_a_text_is_an_answer():
    assert column(["None", "Some"])[0].levels == ("None", "Some")


def test_infinite_values_are_missing_and_counted():
    phenotype, notes = column([1.0, math.inf, -math.inf, "1e999", 2])
    np.testing.assert_array_equal(phenotype.values, [1, np.nan, np.nan, np.nan, 2])
    assert notes.infinite == ["x (3)"]


def test_constant_columns_are_named():
    assert column([1, 1.0, None])[1].constant == ["x (1)"]
    assert column(["A", "A"])[1].constant == ["x (A)"]


def test_what_is_neither_number_nor_text_leaves_the_column_out():
    phenotype, notes = column([1, [2]])
    assert phenotype is None
    assert notes.unreadable == ["x"]


def test_a_dictionary_decides_levels_and_their_order():
    phenotype, notes = column(["1", "2", "n/a", "9"], levels=("2", "1"), units="", description="Group")
    assert phenotype.levels == ("2", "1", "9")
    np.testing.assert_array_equal(phenotype.values, [1, 0, -1, 2])
    assert notes.unlisted == ["x: 9"]
    assert phenotype.description == "Group"


def test_names_are_numbered_so_that_each_is_there_once():
    assert distinct(["A", "A", "A (2)", "B", "A"]) == ["A", "A (3)", "A (2)", "B", "A (4)"]
    notes = Notes()
    assert clean_header(["A", "A", "A (2)", ""], notes) == ["A", "A (3)", "A (2)", "column 4"]
    assert notes.log()[0].items == ("A",)
