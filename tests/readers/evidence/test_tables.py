"""Tables as text, whatever separates and encodes them."""

from __future__ import annotations

import pytest

from imagenomer.errors import InputError
from imagenomer.readers.evidence.tables import plain_numbers, read_text_table

ROWS = [["id", "age", "name"], ["s1", "20", "Ann"], ["s2", "21", "Böl"], ["s3", "22", "Cy"]]


def text(delimiter):
    return "".join(delimiter.join(row) + "\n" for row in ROWS)


@pytest.mark.parametrize("delimiter", ["\t", ",", ";", "|", " "])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiter_and_encoding_are_told(delimiter, encoding, end):
    table = read_text_table(text(delimiter).replace("\n", end).encode(encoding), "t")
    assert (table.header, table.rows, table.delimiter) == (ROWS[0], ROWS[1:], delimiter)


def test_lines_above_the_header_are_passed_over_and_said():
    for titles in ("Our study\n\nas of May\n", "Our study,,\n,,\nas of May\n"):
        table = read_text_table(f"{titles}{text(',')}".encode(), "t")
        assert (table.header, table.rows) == (ROWS[0], ROWS[1:])
        assert "2 lines above the header" in table.sentences[0]


def test_a_second_header_line_describes_the_columns():
    table = read_text_table(b"id\tage\tiq\nThe GUID\tAge in months\tFull-scale IQ\ns1\t250\t100\ns2\t240\t90\n", "t")
    assert table.descriptions == {"id": "The GUID", "age": "Age in months", "iq": "Full-scale IQ"}
    assert len(table.rows) == 2


@pytest.mark.parametrize("first", ["s0\tn/a\t", "s0\tnot asked\t90", "Ann Lee\t20\t30", "s0\t\t"])
def test_a_first_row_of_data_is_no_description(first):
    table = read_text_table(f"id\tage\tiq\n{first}\ns1\t250\t100\ns2\t240\t90\n".encode(), "t")
    assert (table.descriptions, len(table.rows)) == ({}, 3)


@pytest.mark.parametrize("row", [5, 9])
def test_an_unclosed_quote_is_an_error_with_its_line(row):
    lines = [f"s{number}\tx" for number in range(12)]
    lines[row - 2] = f's{row}\t"late'
    with pytest.raises(InputError, match=f"t, line {row}: a quote is opened and never closed"):
        read_text_table("\n".join(["id\tnote", *lines]).encode(), "t")


def test_a_line_with_other_cells_is_an_error_with_its_line():
    with pytest.raises(InputError, match="line 3: 2 cells where the header names 3"):
        read_text_table(b"id,age,sex\n1,2,M\n2,3\n3,4,F\n", "t")


def test_a_cell_may_hold_the_delimiter_and_a_line_break_in_quotes():
    table = read_text_table(b'id,note\n1,"a, b\nc"\n2,x\n', "t")
    assert table.rows == [["1", "a, b\nc"], ["2", "x"]]


def test_decimal_commas_and_percentages_are_numbers():
    assert plain_numbers(["23,5", "1", "", "n/a"]) == (["23.5", "1", "", "n/a"], "decimal comma")
    assert plain_numbers(["12%", "7 %"]) == (["12", "7"], "percent")
    assert plain_numbers(["1,001", "2"], comma=",") == (["1.001", "2"], "decimal comma")


@pytest.mark.parametrize("cells", [["1,001", "2,345"], ["1,001", "12"]])
def test_a_comma_that_may_part_thousands_is_not_decided(cells):
    assert plain_numbers(cells) == (cells, "ambiguous comma")


@pytest.mark.parametrize("cells", [["1,234.5", "2"], ["1,234,567", "1,001"]])
def test_commas_that_can_only_part_thousands_do(cells):
    assert plain_numbers(cells) == ([cell.replace(",", "") for cell in cells], "thousands")


@pytest.mark.parametrize("cells", [["a,b", "1,5"], ["2020-01-02", "2020-01-03"], ["1", "2"], ["5 %", "x"]])
def test_other_cells_stay_as_they_are(cells):
    assert plain_numbers(cells) == (cells, "")


def test_points_part_thousands_beside_decimal_commas():
    assert plain_numbers(["1.234,56", "999,5", "12", ""]) == (["1234.56", "999.5", "12", ""], "decimal comma")
    assert plain_numbers(["1.234.567", "2.000"]) == (["1234567", "2000"], "decimal comma")


@pytest.mark.parametrize("cells", [["1.234", "2.345"], ["1.234,5", "2.5"], ["1.234,5", "x"], ["10.20.30", "1.2.3"]])
def test_points_that_may_be_decimal_part_nothing(cells):
    assert plain_numbers(cells) == (cells, "")
