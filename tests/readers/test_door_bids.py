"""BIDS, and what programs write in its way: tables of sessions, scans and instruments with their dictionaries."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from imagenomer.edges import matrix_to_edges
from readers.small_folder import said
from readers.test_door_kinds import PEOPLE, opened, write_table
from readers.test_door_kinds import squares as squares
from readers.test_understood import line_of, way

SESSIONS = ("01", "02")


def table(path: Path, header: list[str], *rows: list[object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in (header, *rows)))


@pytest.fixture
def bids(tmp_path, squares) -> Path:
    """Two sessions of everybody, a table of sessions each, and an instrument with a dictionary."""
    top = write_table(tmp_path / "study", name="participants.tsv", delimiter="\t", header="participant_id")
    for place, (person, square) in enumerate(zip(PEOPLE, squares, strict=True)):
        rows = []
        for k, session in enumerate(SESSIONS):
            func = top / person / f"ses-{session}" / "func"
            func.mkdir(parents=True)
            noisy = square + k * 0.01 * (1 - np.eye(len(square)))
            np.savetxt(func / f"{person}_ses-{session}_task-rest_relmat.tsv", noisy, delimiter="\t")
            rows.append([f"ses-{session}", 10 + place + k, f"2020-0{k + 1}-{place + 1:02d}"])
        table(top / person / f"{person}_sessions.tsv", ["session_id", "bdi", "acq_time"], *rows)
    described = {"bdi": {"Description": "Beck's inventory; 999 = refused", "Units": "points"}}
    (top / "sessions.json").write_text(json.dumps(described))
    instrument = [
        [person, f"ses-{session}", 999 if place == 0 else 20 + place % 8 + k, 1 + place % 3]
        for place, person in enumerate(PEOPLE)
        for k, session in enumerate(SESSIONS)
    ]
    table(top / "phenotype" / "moca.tsv", ["participant_id", "session_id", "moca", "educ"], *instrument)
    levels = {"1": "low", "2": {"Description": "middle"}, "3": "high"}
    about = {"moca": {"Description": "999 = missing", "Units": "points"}, "educ": {"Levels": levels}}
    (top / "phenotype" / "moca.json").write_text(json.dumps(about))
    return top


def test_sessions_of_each_subject_are_one_table_with_its_shared_dictionary(bids):
    cohort = opened(bids)
    assert (len(cohort.scans), cohort.sessions) == (24, SESSIONS)
    for name, shift in (("bdi", 0.5), ("bdi (session 01)", 0), ("bdi (session 02)", 1)):
        np.testing.assert_allclose(cohort.phenotype(name).values, np.arange(10, 22) + shift)
        assert cohort.phenotype(name).units == "points"
    assert not any("another table has already" in entry.message for entry in cohort.log)


def test_instruments_have_their_levels_units_and_codes(bids):
    cohort = opened(bids)
    moca = cohort.phenotype("moca (session 01)")
    assert (moca.units, moca.missing.tolist()) == ("points", [True] + [False] * 11)
    assert cohort.phenotype("educ").levels == ("low", "middle", "high")


def test_dictionaries_that_were_read_are_not_called_unknown(bids):
    assert not any("not recognised" in entry.message for entry in opened(bids).log)
    (bids / "phenotype" / "stray.json").write_text("{}")
    assert said(opened(bids), "not recognised") == ("phenotype/stray.json",)


def test_dates_of_sessions_are_years_of_each_session_if_one_wants(bids):
    recipe = way(line_of(opened(bids), "acq_time: dates"), "years").recipe
    cohort = opened(bids, recipe)
    first, second = (cohort.phenotype(f"acq_time (session {one})").values for one in SESSIONS)
    np.testing.assert_allclose(second - first, 31 / 366)
    plain, rate = (
        cohort.observations("fc", "rest", session=f"02 minus 01{how}").values.astype(float) for how in ("", " per year")
    )
    np.testing.assert_allclose(rate, plain * 366 / 31, atol=1e-4)
    assert "02 minus 01 per year" not in opened(bids).differences("sessions")


def test_a_table_of_scans_tells_of_each_functional_one(bids):
    for place, person in enumerate(PEOPLE):
        for k, session in enumerate(SESSIONS):
            stem = f"{person}_ses-{session}"
            rows = [[f"anat/{stem}_T1w.nii.gz", 9], [f"func/{stem}_task-rest_bold.nii.gz", 100 * k + place]]
            table(bids / person / f"ses-{session}" / f"{stem}_scans.tsv", ["filename", "volumes"], *rows)
    cohort = opened(bids)
    for k, session in enumerate(SESSIONS):
        own = cohort.phenotype(f"volumes (session {session})").values
        np.testing.assert_array_equal(own, np.arange(12) + 100 * k)


def test_several_rows_a_subject_without_sessions_are_named_and_not_used(bids):
    for person in PEOPLE:
        path = bids / person / "ses-01" / "func" / f"{person}_ses-01_task-rest_events.tsv"
        table(path, ["onset", "duration"], [0, 1], [2, 1])
    cohort = opened(bids)
    assert any("events.tsv: tables of several rows" in one for one in said(cohort, "known and not used"))
    assert "onset" not in cohort.phenotypes


def test_the_quality_that_reproducible_brain_charts_tells_of_each_scan_is_a_phenotype(tmp_path, squares):
    top = write_table(tmp_path, name="participants.tsv", delimiter="\t", header="participant_id")
    for place, (person, square) in enumerate(zip(PEOPLE, squares, strict=True)):
        stem = top / person / "func" / f"{person}_task-rest_atlas-CC200_space-MNI152NLin6ASym_reg-36Parameter_desc-"
        stem.parent.mkdir(parents=True)
        np.savetxt(f"{stem}PearsonNilearn_correlations.tsv", square, delimiter="\t")
        quality = Path(f"{stem}xcp_quality.tsv".replace("_atlas-CC200", ""))
        table(quality, ["sub", "task", "meanFD"], [person, "rest", 0.01 * place])
    cohort = opened(top)
    np.testing.assert_allclose(cohort.phenotype("meanFD").values, 0.01 * np.arange(12))
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares), atol=1e-6)
    assert set(cohort.phenotypes) == {"age", "meanFD"}


def test_the_phenotypes_of_adhd_200_have_their_codes_and_zeros(tmp_path, squares):
    for number, square in enumerate(squares, start=10001):
        (tmp_path / "fc").mkdir(exist_ok=True)
        np.savetxt(tmp_path / "fc" / f"{number:07d}_fc.csv", square, delimiter=",")
    rows = [
        [10001 + n, 1 + n % 8, 9.5 + n / 10, ("0", "1", "3", "pending")[n % 4], -999 if n % 3 == 0 else 100 + n]
        for n in range(12)
    ]
    table(tmp_path / "phenotypics.tsv", ["ScanDir ID", "Site", "Age", "DX", "Full2 IQ"], *rows)
    cohort = opened(tmp_path)
    assert len(cohort.scans) == 12
    assert cohort.phenotype("Full2 IQ").missing.sum() == 4
    assert cohort.phenotype("DX").levels == ("0", "1", "3", "pending")
