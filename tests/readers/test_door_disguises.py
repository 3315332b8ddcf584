"""The fibromyalgia cohort in other forms gives the same numbers as in its own."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

import stored_tables as stored
from imagenomer.cli import main
from imagenomer.cohort import Cohort
from imagenomer.edges import edges_to_matrix
from imagenomer.progress import finish
from imagenomer.readers import listing_of, open_cohort
from matlab_files import matlab_7_3

#: Scans that are disguised: enough to tell a shift, few enough to write as text.
N_SCANS = 5


@pytest.fixture(scope="module")
def own(shared_data: Path) -> Cohort:
    return finish(open_cohort(listing_of(shared_data / "fibromyalgia")))


@pytest.fixture(scope="module")
def people(own) -> list[str]:
    return [scan.subject for scan in own.scans if scan.task == "rest"][:N_SCANS]


@pytest.fixture(scope="module")
def edges(own, people) -> np.ndarray:
    rows = [row for row, scan in enumerate(own.scans) if scan.task == "rest"][:N_SCANS]
    return own.measure("fc").values[rows]


def with_table(top: Path, own: Cohort, people: list[str]) -> None:
    age = own.phenotype("Age")
    cells = [f"{age.values[own.subjects.index(name)]:g}" for name in people]
    rows = [f"{int(name):03d};{cell.replace('.', ',')}\n" for name, cell in zip(people, cells, strict=True)]
    (top / "clinical.csv").write_text("code;Age\n" + "".join(rows))


def as_stack(top, squares, people):
    savemat(top / "fc.mat", {"fc": np.moveaxis(squares, 0, 2), "ids": np.array(people, dtype=object)})


def subject_first(top, squares, people):
    np.savez(top / "fc.npz", fc=squares, ids=np.array(people))


def lower(top, squares, people):
    rows, columns = np.tril_indices(squares.shape[1], k=-1)
    np.savez(top / "fc.npz", fc=squares[:, rows, columns], ids=np.array(people))


def with_diagonal(top, squares, people):
    rows, columns = np.tril_indices(squares.shape[1])
    np.savez(top / "fc.npz", fc=squares[:, rows, columns], ids=np.array(people))


def turned(top, squares, people):
    rows, columns = np.triu_indices(squares.shape[1], k=1)
    savemat(top / "fc.mat", {"fc": squares[:, rows, columns].T, "ids": np.array(people, dtype=object)})


def fisher_z(top, squares, people):
    rows, columns = np.triu_indices(squares.shape[1], k=1)
    np.savez(top / "fc.npz", fc=np.arctanh(squares[:, rows, columns]), ids=np.array(people))


def text_files(top, squares, people):
    for name, square in zip(people, squares, strict=True):
        np.savetxt(top / f"sub{int(name):03d}_conn.csv", square, fmt="%.7f", delimiter=",")


def half_filled(top, squares, people):
    for name, square in zip(people, squares, strict=True):
        np.save(top / f"sub-{int(name):03d}_conn.npy", np.tril(square))


def column_major(top, squares, people):
    rows, columns = np.tril_indices(squares.shape[1], k=-1)
    for name, square in zip(people, squares, strict=True):
        np.save(top / f"sub-{int(name):03d}_fc.npy", square[rows, columns])


def of_matlab_7_3(top, squares, people):
    (top / "fc.mat").write_bytes(matlab_7_3({"fc": np.moveaxis(squares, 0, 2), "ids": people}))


def wide(top, squares, people):
    """Named pairs of parcels in columns, in no order."""
    n = squares.shape[1]
    pairs = [(a, b) for a in range(n) for b in range(a + 1, n)]
    np.random.default_rng(1).shuffle(pairs)
    first, second = np.array(pairs).T
    lines = [";".join(["id", *(f"p{a + 1:03d}~p{b + 1:03d}" for a, b in pairs)])]
    for name, square in zip(people, squares, strict=True):
        lines.append(";".join([name, *(f"{value:.7f}" for value in square[first, second])]))
    (top / "wide.csv").write_text("\n".join(lines))


def archived(top, squares, people):
    text_files(top, squares, people)
    with tarfile.open(top / "fc.tar.gz", "w:gz") as archive:
        for path in sorted(top.glob("*_conn.csv")):
            archive.add(path, f"fc/{path.name}")
            path.unlink()


def with_a_spreadsheet(top, squares, people):
    """The table of people as .xlsx behind a cover sheet, in place of the .csv."""
    text = (top / "clinical.csv").read_text().replace(",", ".").splitlines()
    rows = [[code, float(age)] for code, age in (line.split(";") for line in text[1:])]
    (top / "clinical.csv").unlink()
    (top / "clinical.xlsx").write_bytes(stored.xlsx({"cover": [["see data"]], "data": [["code", "Age"], *rows]}))
    subject_first(top, squares, people)


@pytest.mark.parametrize(
    "disguise",
    [
        as_stack,
        subject_first,
        lower,
        with_diagonal,
        turned,
        fisher_z,
        text_files,
        half_filled,
        column_major,
        of_matlab_7_3,
        wide,
        archived,
        with_a_spreadsheet,
    ],
)
def test_a_disguise_gives_the_same_matrices(own, people, edges, tmp_path, disguise):
    with_table(tmp_path, own, people)
    disguise(tmp_path, edges_to_matrix(edges.astype(np.float64), diagonal=1.0), people)
    cohort = finish(open_cohort(listing_of(tmp_path)))
    values = cohort.measure("fc").values
    values = np.tanh(values) if disguise is fisher_z else values
    assert [int(scan.subject) for scan in cohort.scans] == [int(name) for name in people]
    np.testing.assert_allclose(values, edges, atol=1e-6)
    assert cohort.parcellation is not None
    # Names of its own are no atlas's.
    assert cohort.parcellation.atlas == ("" if disguise is wide else "power-264")
    age = own.phenotype("Age").values
    np.testing.assert_allclose(
        cohort.phenotype("Age").values, [age[own.subjects.index(name)] for name in people], atol=1e-3
    )


def test_the_command_takes_a_recipe_and_says_what_it_asks(own, edges, tmp_path, capsys):
    np.save(tmp_path / "fc.npy", edges)
    assert main(["open", str(tmp_path / "fc.npy")]) == 2
    asked = capsys.readouterr().err
    recipe = {"files": {"fc.npy": {"people": "numbered"}}}
    assert json.dumps(recipe) in asked
    (tmp_path / "r.json").write_text(json.dumps(recipe))
    out = str(tmp_path / "out.zip")
    assert main(["convert", str(tmp_path / "fc.npy"), out, "--recipe", str(tmp_path / "r.json")]) == 0
    cohort = finish(open_cohort(listing_of(out)))
    np.testing.assert_array_equal(cohort.measure("fc").values, edges)
    for text, message in (("[]", "is a JSON object"), ("{", "is not JSON")):
        (tmp_path / "r.json").write_text(text)
        assert main(["open", str(tmp_path / "fc.npy"), "--recipe", str(tmp_path / "r.json")]) == 2
        assert message in capsys.readouterr().err
    assert main(["open", "demo:quick", "--recipe", str(tmp_path / "none.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err
