"""Spreadsheets and files of Stata, SAS and R beside a cohort: the same phenotypes as from text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import stored_tables as stored
from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.genotypes import unnamed_variants, write_plink
from imagenomer.readers import people_sheets
from imagenomer.readers.notes import Notes
from oracles.plink import write_files
from readers.small_folder import N_EDGES, opened, said, write_scan

pytest.importorskip("rdata")


def book() -> bytes:
    titled = [["The study"], [], [*stored.COLUMNS, None], *[[*row, None] for row in stored.rows()]]
    return stored.xlsx({"cover": [["see data"]], "data": titled})


#: What is made of the six people, by how the file's name ends.
MADE: dict[str, Callable[[Path], bytes]] = {
    ".xlsx": lambda _: book(),
    ".xls": lambda _: stored.xls([[*stored.COLUMNS], *stored.rows()]),
    ".ods": lambda _: stored.ods([[*stored.COLUMNS], *stored.rows()]),
    ".dta": lambda _: stored.dta(),
    ".xpt": lambda _: stored.xpt().replace(b"partid  ", b"IID     "),
    ".rds": lambda folder: stored.rds(folder / "made.rds"),
}


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    top = tmp_path / "Six"
    rng = np.random.default_rng(1)
    for subject in stored.PEOPLE:
        write_scan(top, f"fc/{subject}_task-rest_fc.npy", rng.uniform(-1, 1, N_EDGES))
    return top


@pytest.fixture
def genotypes(tmp_path: Path) -> Path:
    top = tmp_path / "Genes"
    top.mkdir()
    dosage = np.random.default_rng(1).integers(-1, 3, (6, 7)).astype(np.int8)
    write_files(top / "g", write_plink(unnamed_variants("x", dosage, tuple("abcdefg")), tuple(stored.PEOPLE)))
    return top


def check_six(cohort: Cohort, ending: str) -> None:
    assert cohort.subjects == tuple(stored.PEOPLE)
    ages = [np.nan if age is None else age for age in stored.COLUMNS["age"]]
    np.testing.assert_array_equal(cohort.phenotype("age").values, ages)
    sex = cohort.phenotype("sex")
    if ending == ".rds":
        assert [sex.levels[code] for code in sex.values] == [stored.SEXES[code] for code in stored.SEX_OF_ALL]
    elif ending == ".dta":
        assert sex.levels == ("Male", "Female")
        assert sex.description == "Sex at birth"
        assert sex.values.tolist() == [-1 if code is None else code - 1 for code in stored.COLUMNS["sex"]]
    else:
        known = ~sex.missing
        assert known.tolist() == [code is not None for code in stored.COLUMNS["sex"]]
    note = cohort.phenotype("note")
    assert [note.levels[code] if code >= 0 else None for code in note.values] == stored.COLUMNS["note"]
    if ending in (".dta", ".xpt"):
        assert cohort.phenotype("age").description == "Age at scan"


@pytest.mark.parametrize("ending", MADE)
@pytest.mark.parametrize("stem", ["participants", "Demographics"])
def test_a_file_of_another_program_says_who_takes_part(scans: Path, tmp_path: Path, ending: str, stem: str) -> None:
    (scans / f"{stem}{ending}").write_bytes(MADE[ending](tmp_path))
    cohort = opened(scans)
    check_six(cohort, ending)
    assert len(cohort.scans) == 6


@pytest.mark.parametrize("ending", MADE)
def test_a_file_of_another_program_beside_genotypes_is_their_phenotypes(
    genotypes: Path, tmp_path: Path, ending: str
) -> None:
    (genotypes / f"study{ending}").write_bytes(MADE[ending](tmp_path))
    check_six(opened(genotypes), ending)


def test_the_sheet_that_was_read_is_named_with_those_that_were_not(scans: Path) -> None:
    (scans / "participants.xlsx").write_bytes(book())
    cohort = opened(scans)
    assert said(cohort, "participants.xlsx: read from 'data'; not read") == ("cover",)
    assert said(cohort, "participants.xlsx: 6 rows") == ()


def test_rows_without_a_name_and_columns_without_anything_are_left_out(scans: Path) -> None:
    cells = [["participant_id", "age", None], *[[name, 5 + n, None] for n, name in enumerate(stored.PEOPLE)]]
    (scans / "participants.xlsx").write_bytes(stored.xlsx({"a": [*cells, [None, 63, None], [None, None, None]]}))
    cohort = opened(scans)
    assert [*cohort.phenotypes] == ["age"]
    said(cohort, "participants.xlsx: 1 row without participant_id")


def test_labels_of_some_values_only_leave_the_column_a_number(genotypes: Path) -> None:
    import io

    import pandas

    buffer = io.BytesIO()
    frame = pandas.DataFrame({"IID": stored.PEOPLE, "score": [1.0, 2, 3, 4, 5, 77]})
    frame.to_stata(buffer, write_index=False, version=118, value_labels={"score": {77: "refused"}})
    (genotypes / "study.dta").write_bytes(buffer.getvalue())
    cohort = opened(genotypes)
    assert cohort.phenotype("score").values.tolist() == [1, 2, 3, 4, 5, 77]
    assert said(cohort, "label only some of their values") == ("score",)


def test_participants_without_a_column_of_names_are_refused(scans: Path) -> None:
    (scans / "participants.xlsx").write_bytes(stored.xlsx({"a": [["who", "age"], ["001", 5]]}))
    with pytest.raises(InputError, match=r"participants\.xlsx needs a column participant_id or IID"):
        opened(scans)


def test_a_spreadsheet_that_names_nobody_stays_beside_genotypes(genotypes: Path) -> None:
    (genotypes / "budget.xlsx").write_bytes(stored.xlsx({"a": [["what", "price"], ["scanner", 5]]}))
    assert said(opened(genotypes), "not recognised and not read") == ("budget.xlsx",)


def test_participants_tsv_goes_before_a_spreadsheet(scans: Path) -> None:
    lines = [f"{one}\t1{one}\n" for one in stored.PEOPLE]
    (scans / "participants.tsv").write_text("participant_id\tage\n" + "".join(lines))
    (scans / "participants.xlsx").write_bytes(book())
    cohort = opened(scans)
    assert [*cohort.phenotypes] == ["age"]
    assert said(cohort, "not recognised and not read") == ("participants.xlsx",)


@pytest.mark.parametrize("name", ["pheno.dta", "pheno.xpt", "pheno.rds", "pheno.rda"])
def test_the_shared_tables_are_read(shared_data: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their names are in a column id, which only whoever sees all files may take for the names of subjects."""
    source = shared_data / "door" / "13_tables" / name
    if not source.is_file():
        pytest.skip("no door fixtures here")
    monkeypatch.setattr(people_sheets, "ID_COLUMNS", ("id",))
    found = people_sheets.read_people(name, source.read_bytes(), Notes())
    assert found is not None
    columns, _ = found
    assert columns["id"] == [f"{number:04d}" for number in range(1, 41)]
    assert np.array(columns["age"], float).mean() == pytest.approx(14.93, abs=0.005)
    iq = np.array([float(text) for text in columns["iq"] if text not in ("", "-9999")])
    assert (iq.size, iq.mean()) == (37, pytest.approx(120.648649))
