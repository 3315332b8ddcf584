"""Tables of other programs: what was written comes back, and what is damaged or too large is refused in words."""

from __future__ import annotations

import gzip
import io
import struct
import time
from pathlib import Path

import numpy as np
import pytest

import mutants
import stored_tables as stored
from imagenomer.errors import InputError
from imagenomer.readers.table_files import ENDINGS, RawTable, is_table_file, read_table_file
from imagenomer.readers.table_files.raw import MOST_CELLS

SEED, MUTANTS = 20261130, 1000
LONGEST_SECONDS = 5

pytest.importorskip("rdata")


def only(tables: list[RawTable]) -> RawTable:
    (table,) = tables
    return table


def test_what_is_a_table_file_is_told_by_its_ending() -> None:
    assert is_table_file("a/B.XLSX")
    assert not is_table_file("a.csv")
    assert {".xlsx", ".xls", ".ods", ".dta", ".sas7bdat", ".xpt", ".rds", ".rda"} <= {*ENDINGS}


# --- spreadsheets ---------------------------------------------------------------------------------


def sheet() -> list[list[object]]:
    return [["People of the study"], [], [*stored.COLUMNS], *stored.rows()]


@pytest.mark.parametrize("ending", ["xlsx", "xls", "ods"])
def test_a_sheet_is_read_with_its_titles_and_gaps(ending: str) -> None:
    cells = sheet()
    made = {
        "xlsx": lambda: stored.xlsx({"data": cells}),
        "xls": lambda: stored.xls(cells),
        "ods": lambda: stored.ods(cells),
    }
    table = only(read_table_file(f"x.{ending}", made[ending]()))
    assert (table.name, table.columns) == ("data", None)
    assert table.rows[2] == [*stored.COLUMNS]
    assert table.rows[3:] == stored.rows()
    assert table.rows[0][0] == "People of the study"


def test_every_sheet_with_a_value_is_a_table_and_dates_are_texts() -> None:
    import datetime

    data = stored.xlsx(
        {
            "cover": [["see data"]],
            "empty": [],
            "data": [["when"], [datetime.date(2020, 2, 29)], ["#N/A"], [True], [0.1]],
        }
    )
    tables = read_table_file("x.xlsx", data)
    assert [table.name for table in tables] == ["cover", "data"]
    assert tables[1].rows == [["when"], ["2020-02-29"], [None], [True], [0.1]]


def far_xlsx() -> bytes:
    return stored.changed(stored.xlsx({"data": [["a"], [1]]}), "xl/worksheets/sheet1.xml", b'r="A2"', b'r="XFD1048576"')


def far_xls() -> bytes:
    data = stored.xls([["a"], [1.5]])
    number = struct.pack("<HHHH", 0x0203, 14, 1, 0)
    short = struct.pack("<HHHH", 0x027E, 10, 1, 0)
    old = number if number in data else short
    return data.replace(old, old[:4] + struct.pack("<HH", 65535, 65535))


def far_ods() -> bytes:
    cell = '<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16384"/>'
    return stored.ods([["a"]], f'<table:table-row table:number-rows-repeated="1048000">{cell}</table:table-row>')


@pytest.mark.parametrize(("ending", "made"), [("xlsx", far_xlsx), ("xls", far_xls), ("ods", far_ods)])
def test_a_cell_far_away_is_refused_before_there_is_room_for_it(ending: str, made) -> None:
    data = made()
    with pytest.raises(InputError, match=f"more than the {MOST_CELLS:,} cells"):
        read_table_file(f"x.{ending}", data)


def test_empty_cells_that_libreoffice_repeats_to_the_end_of_a_sheet_count_for_nothing() -> None:
    cell = '<table:table-cell table:number-columns-repeated="16384"/>'
    tail = f'<table:table-row table:number-rows-repeated="1048570">{cell}</table:table-row>'
    assert only(read_table_file("x.ods", stored.ods(sheet(), tail))).rows[3:] == stored.rows()


@pytest.mark.parametrize(
    "prolog", [b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>', b"<!DOCTYPE x SYSTEM 'file:///etc/hostname'>"]
)
def test_xml_entities_are_refused(prolog: bytes) -> None:
    data = stored.changed(
        stored.xlsx({"data": sheet()}), "xl/worksheets/sheet1.xml", b"<worksheet", prolog + b"<worksheet"
    )
    with pytest.raises(InputError, match="declares XML entities"):
        read_table_file("x.xlsx", data)


def test_what_unpacks_to_more_than_is_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagenomer.readers.table_files.spreadsheet_sizes.MOST_BYTES", 10_000)
    with pytest.raises(InputError, match="unpacks to more than"):
        read_table_file("x.xlsx", stored.xlsx({"data": [[float(n)] for n in range(1000)]}))
    monkeypatch.setattr("imagenomer.readers.table_files.r_objects.MOST_BYTES", 10_000)
    with pytest.raises(InputError, match="unpacks to more than"):
        read_table_file("x.rds", gzip.compress(b"X\n" + bytes(100_000)))


# --- Stata, SAS, R --------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [114, 117, 118, 119])
def test_stata_files_have_their_labels(version: int) -> None:
    table = only(read_table_file("x.dta", stored.dta(version) if version > 117 else plain_dta(version)))
    assert table.columns == tuple(stored.COLUMNS)
    assert [row[:3] for row in table.rows] == [row[:3] for row in stored.rows()]
    assert table.descriptions == stored.DESCRIPTIONS
    assert table.labels == {"sex": stored.SEXES}


def plain_dta(version: int) -> bytes:
    """Before version 118 texts are in Latin-1."""
    import pandas

    frame = pandas.DataFrame(stored.COLUMNS).drop(columns="note").assign(note="x")
    buffer = io.BytesIO()
    frame.to_stata(
        buffer,
        write_index=False,
        version=version,
        variable_labels=stored.DESCRIPTIONS,
        value_labels={"sex": stored.SEXES},
    )
    return buffer.getvalue()


def test_dates_of_stata_are_texts() -> None:
    import pandas

    buffer = io.BytesIO()
    frame = pandas.DataFrame({"when": pandas.to_datetime(["2020-02-29", None, "1999-12-31"])})
    frame.to_stata(buffer, write_index=False, convert_dates={"when": "td"})
    assert only(read_table_file("x.dta", buffer.getvalue())).rows == [["2020-02-29"], [None], ["1999-12-31"]]


def test_a_sas_transport_file_is_read_with_its_labels_and_zeros() -> None:
    table = only(read_table_file("x.xpt", stored.xpt()))
    assert table.columns == ("partid", *[*stored.COLUMNS][1:])
    assert table.rows == stored.rows()
    assert table.descriptions == stored.DESCRIPTIONS


@pytest.mark.parametrize("notes", [("z",), ("", ""), ("a" * 12, "", "b")])
def test_blanks_in_the_last_rows_of_a_transport_file_cost_no_row(notes, monkeypatch: pytest.MonkeyPatch) -> None:
    """pandas takes every blank in the last 80 bytes for padding."""
    n = len(stored.PEOPLE) - len(notes)
    monkeypatch.setitem(stored.COLUMNS, "note", [*stored.COLUMNS["note"][:n], *notes])
    assert [row[3] or "" for row in only(read_table_file("x.xpt", stored.xpt())).rows[n:]] == [*notes]


def test_a_zero_of_ibm_is_zero() -> None:
    data = stored.xpt().replace(stored._ibm(10.5), bytes(8))
    assert only(read_table_file("x.xpt", data)).rows[0][1] == 0


def test_a_factor_of_r_is_its_labels(tmp_path: Path) -> None:
    table = only(read_table_file("x.rds", stored.rds(tmp_path / "x.rds")))
    assert table.columns is not None
    place = {name: number for number, name in enumerate(table.columns)}
    read = {name: [row[place[name]] for row in table.rows] for name in stored.COLUMNS}
    sexes = [stored.SEXES[code] for code in stored.SEX_OF_ALL]
    assert read == {**stored.COLUMNS, "sex": sexes}


def test_what_r_itself_wrote_is_read() -> None:
    """Files of R that rdata brings for its own tests."""
    import rdata

    for name in ("test_dataframe.rds", "test_dataframe.rda"):
        data = (rdata.TESTDATA_PATH / name).read_bytes()
        expected = rdata.read_rds(rdata.TESTDATA_PATH / "test_dataframe.rds")
        table = only(read_table_file(name, data))
        assert table.name == ("" if name.endswith(".rds") else "test_dataframe")
        assert table.columns == tuple(expected.columns)
        assert table.rows == [list(row) for row in expected.astype(object).itertuples(index=False)]


def test_an_r_file_without_data_frame_says_what_it_holds() -> None:
    import rdata

    with pytest.raises(InputError, match=r"no data frame; it holds test_vector \(numbers\)"):
        read_table_file("x.rda", (rdata.TESTDATA_PATH / "test_vector.rda").read_bytes())


def test_no_length_in_an_r_file_is_taken_at_its_word() -> None:
    """A sequence that R writes as three numbers, and a vector longer than the file."""
    real, altrep = struct.pack(">I", 14), struct.pack(">i", 238)
    head = b"X\n" + struct.pack(">iii", 2, 0x30600, 0x20300)
    with pytest.raises(InputError, match="bytes are left"):
        read_table_file("x.rds", head + real + struct.pack(">i", 2**31 - 1) + bytes(80))
    symbol = struct.pack(">ii", 1, 0x40009)
    name = b"compact_intseq"
    info = struct.pack(">i", 2) + symbol + struct.pack(">i", len(name)) + name + struct.pack(">i", 254)
    state = real + struct.pack(">iddd", 3, 2e9, 1, 1)
    with pytest.raises(InputError, match="a sequence of 2000000000"):
        read_table_file("x.rds", head + altrep + info + state + struct.pack(">i", 254))


# --- damage ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return {
        "x.xlsx": stored.xlsx({"data": sheet()}),
        "x.xls": stored.xls(sheet()),
        "x.ods": stored.ods(sheet()),
        "x.dta": stored.dta(),
        "x.xpt": stored.xpt(),
        "x.rds": gzip.decompress(stored.rds(tmp_path_factory.mktemp("rds") / "x.rds")),
    }


@pytest.mark.parametrize("ending", ["xlsx", "xls", "ods", "dta", "xpt", "rds"])
def test_a_spoilt_table_is_refused_in_words_or_read(files: dict[str, bytes], ending: str, bounded_memory: None) -> None:
    name = f"x.{ending}"
    n_columns = {len(row) for row in read_table_file(name, files[name])[0].rows}
    assert len(n_columns) == 1
    rng = np.random.default_rng(SEED)
    refusals: list[str] = []
    for number in range(MUTANTS):
        ways = (mutants.spoil_bytes, mutants.spoil_archive) if ending in ("xlsx", "ods") else (mutants.spoil_bytes,)
        spoilt = ways[rng.integers(len(ways))](files[name], rng)
        started = time.process_time()
        try:
            tables = read_table_file(name, spoilt)
        except InputError as refusal:
            refusals.append(str(refusal))
        except BaseException as error:
            error.add_note(f"mutant {number} of {name}")
            raise
        else:
            for table in tables:
                widths = {len(row) for row in table.rows} | ({len(table.columns)} if table.columns else set())
                assert len(widths) <= 1
                assert all(isinstance(cell, str | int | float | None) for row in table.rows for cell in row)
        assert time.process_time() - started < LONGEST_SECONDS, number
    assert refusals
    assert {text[: len(name)] for text in refusals} == {name}


@pytest.mark.parametrize("ending", [ending.lstrip(".") for ending in ENDINGS])
def test_what_is_something_else_than_its_name_says_is_refused(ending: str) -> None:
    for data in (b"", b"id,age\n1,2\n", b"PK\x03\x04", bytes(5000)):
        with pytest.raises(InputError, match=f"x.{ending}"):
            read_table_file(f"x.{ending}", data)


def test_a_sas_file_that_pandas_reads_from_a_wrong_place_is_refused() -> None:
    import pandas

    from imagenomer.readers.table_files.sas import _refuse_misread

    _refuse_misread("x.sas7bdat", pandas.DataFrame({"a": [0.0, 1e-9, -9999.0, np.nan], "b": ["x", "y", "z", ""]}))
    with pytest.raises(InputError, match=r"x\.sas7bdat: its column b has values like 5\.3e-315"):
        _refuse_misread("x.sas7bdat", pandas.DataFrame({"a": [1.0], "b": [5.3e-315]}))
