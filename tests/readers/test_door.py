"""What people really have opens: one synthetic cohort behind many doors, and what each must give."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imagenomer.cohort import Cohort
from imagenomer.edges import edges_to_matrix, matrix_to_edges
from imagenomer.progress import finish
from imagenomer.readers import listing_of, open_cohort
from readers.small_folder import said

NUMBERED = "numbered"


@pytest.fixture(scope="module")
def door(shared_data: Path) -> Path:
    return shared_data / "door"


@pytest.fixture(scope="module")
def expected(door: Path) -> dict[str, Any]:
    return json.loads((door / "expected.json").read_text())


@pytest.fixture(scope="module")
def truth(door: Path) -> dict[str, Any]:
    return dict(np.load(door / "truth.npz"))


def enter(path: Path, recipe: dict[str, Any] | None = None) -> Cohort:
    return finish(open_cohort(listing_of(path), recipe))


def strongest_with_age(values, age):
    """Edge and r of the strongest correlation with age, by NumPy, and how many edges survive Bonferroni."""
    known = np.isfinite(age) & np.isfinite(values).any(axis=1)
    usable = np.flatnonzero(np.isfinite(values[known]).all(axis=0))
    x = values[known][:, usable].astype(float)
    r = np.array([np.corrcoef(column, age[known])[0, 1] for column in x.T])
    best = int(np.nanargmax(np.abs(r)))
    return int(usable[best]), float(r[best]), int(known.sum()), usable.size


def check_strongest(values, age, n_parcels, answer):
    edge, r, n, n_edges = strongest_with_age(values, age)
    first, second = np.triu_indices(n_parcels, k=1)
    assert ([int(first[edge]), int(second[edge])], n, n_edges) == (
        answer["top_edge_0based"],
        answer["n"],
        answer["edges_tested"],
    )
    assert r == pytest.approx(answer["r_top"], abs=2e-4)


def xcp_d(door, expected, truth):
    cohort, answer = enter(door / "01_xcp_d"), expected["01_xcp_d"]
    assert (cohort.n_subjects, len(cohort.scans)) == (answer["subjects"], answer["scans"])
    assert list(cohort.sessions) == answer["sessions"]
    age = cohort.phenotype("age")
    assert [cohort.subjects[row] for row in np.flatnonzero(age.missing)] == answer["age_missing"]
    fc = cohort.measure("fc").values
    assert cohort.parcellation is not None
    assert cohort.parcellation.labels == tuple(truth["labels"])
    first = [row for row, scan in enumerate(cohort.scans) if scan.session == "01"]
    seen = np.isfinite(fc[first])
    np.testing.assert_allclose(fc[first][seen], truth["fc"][:8][seen], atol=1e-6)
    assert (~seen).sum() == 99
    assert [set(np.flatnonzero(row)) for row in ~seen if row.any()] == [
        set(matrix_to_edges(np.add.outer(np.arange(100) == 17, np.arange(100) == 17)).nonzero()[0])
    ]
    for scan, value in answer["mean_fd"].items():
        subject, _, session = scan.partition("_ses-")
        own = cohort.phenotype(f"mean_fd (session {session})").values[cohort.subjects.index(subject)]
        assert own == pytest.approx(value, abs=1e-6)


def conn(door, expected, truth):
    cohort, answer = enter(door / "03_conn"), expected["03_conn"]
    assert (cohort.n_subjects, len(cohort.scans), list(cohort.tasks)) == (12, answer["scans"], answer["conditions"])
    assert cohort.parcellation is not None
    assert cohort.parcellation.n_parcels == answer["parcels"]
    z = cohort.measure("fc").values
    full = edges_to_matrix(truth["fc"][:12])[:, :60, :60]
    np.testing.assert_allclose(np.tanh(z[:12]), matrix_to_edges(full), atol=1e-6)
    np.testing.assert_allclose(np.tanh(z[12:]), 0.9 * np.tanh(z[:12]), atol=1e-6)
    np.testing.assert_allclose(cohort.phenotype("QC_MeanMotion").values, truth["mean_fd"][:12])
    check_strongest(z[:12], cohort.phenotype("age").values, 60, answer["age_on_z_condition_1"])


def uk_biobank(door, expected, truth):
    cohort, answer = enter(door / "05_ukb"), expected["05_ukb"]
    assert {*cohort.measures} == {"z score 25751", "z score 25753"}
    assert said(cohort, "excluded, because the subject is not in") == tuple(answer["connectivity_without_phenotypes"])
    assert said(cohort, "without a scan") == tuple(answer["phenotypes_without_connectivity"])
    assert cohort.sessions == ("2",)
    age = cohort.phenotype("f.21003.2.0")
    values = cohort.measure("z score 25751").values
    of_scans = np.array([age.values[cohort.subjects.index(scan.subject)] for scan in cohort.scans])
    check_strongest(values, of_scans, 55, answer["age_on_25751"])
    rows = [int(scan.subject) - 1000011 for scan in cohort.scans]
    full = edges_to_matrix(truth["fc"])[[row // 7 for row in rows], :55, :55]
    np.testing.assert_allclose(values, 6.2 * np.arctanh(matrix_to_edges(full)), atol=2e-5)


def abcd(door, expected, truth):
    cohort, answer = enter(door / "07_abcd_nda"), expected["07_abcd_nda"]
    assert cohort.n_subjects == answer["subjects"]
    assert len(cohort.scans) + len(cohort.set_aside) == answer["scans"]
    assert {*cohort.sessions} == {*answer["sessions"]}
    assert cohort.measure("fc").values.shape[1] == 78
    assert len({scan.subject for scan in cohort.set_aside}) == 1
    assert sum(name.count("_ngd_") == 2 and "(" not in name for name in cohort.phenotypes) == 13
    assert cohort.phenotype("demo_comb_income_v2").missing.sum() == 10
    assert cohort.phenotype("interview_age").description.startswith("Age in months")
    assert cohort.phenotype("rsfmri_c_ngd_meanmotion").missing.sum() == 1


def abide(door, expected, truth):
    cohort, answer = enter(door / "08_abide_pcp"), expected["08_abide_pcp"]
    assert (cohort.n_subjects, cohort.scans) == (answer["people"], ())
    for name, n in answer["missing"].items():
        assert cohort.phenotype(name).missing.sum() == n
    unused = said(cohort, "known and not used")
    assert sum("this looks like time series" in one for one in unused) == 3
    assert all("60 parcels" in one for one in unused)


def redcap(door, expected, truth):
    cohort, answer = enter(door / "09_redcap_wide"), expected["09_redcap_wide"]
    assert (cohort.n_subjects, len(cohort.scans)) == (answer["subjects"], answer["subjects"])
    assert cohort.parcellation is not None
    assert cohort.parcellation.n_parcels == answer["parcels"]
    assert cohort.phenotype("sex").levels == tuple(answer["levels"]["sex"].values())
    assert "Prefer not to say" in cohort.phenotype("race___99").description
    assert cohort.phenotype("iq (session baseline_arm_1)").missing.sum() == answer["missing"]["iq"]
    # The columns are in no order: the names say which parcels they are.
    places = [cohort.parcellation.labels.index(label) for label in truth["labels"][:20]]
    z = matrix_to_edges(edges_to_matrix(cohort.measure("fc").values)[:, places][:, :, places])
    full = edges_to_matrix(truth["fc"][:30])[:, :20, :20]
    np.testing.assert_allclose(np.tanh(z), matrix_to_edges(full), atol=1e-5)
    check_strongest(z, cohort.phenotype("age (session baseline_arm_1)").values, 20, answer["age_on_z"])


def stack(door, expected, truth):
    answer = expected["10_matlab_stacks"]
    # As MATLAB 7.3 writes it, it is the same.
    of_7_3 = enter(door / "10_matlab_stacks" / "stack_v73.mat")
    assert [of_7_3.subjects[0], of_7_3.subjects[-1]] == answer["ids"]
    np.testing.assert_allclose(of_7_3.measure("fc").values, truth["fc"], atol=1e-6)
    cohort = enter(door / "10_matlab_stacks" / "stack_v7.mat")
    assert [cohort.subjects[0], cohort.subjects[-1]] == answer["ids"]
    fc = cohort.measure("fc").values
    np.testing.assert_allclose(fc, truth["fc"], atol=1e-6)
    check_strongest(fc, cohort.phenotype("age").values, 100, answer["age_on_r"])
    half = {"files": {"stack_upper_only.mat": {"people": NUMBERED}}}
    other = enter(door / "10_matlab_stacks" / "stack_upper_only.mat", half)
    np.testing.assert_allclose(other.measure("fc").values, truth["fc"], atol=1e-6)


def vectors(door, expected, truth):
    for name in ("a", "b", "c", "d", "e", "f", "g"):
        recipe = {"files": {f"{name}.npy": {"people": NUMBERED}}}
        cohort = enter(door / "11_vector_orders" / f"{name}.npy", recipe)
        measure = cohort.measure("partial" if name == "f" else "fc").values
        values = np.tanh(measure) if name == "e" else measure
        whole = truth["partial" if name == "f" else "fc"]
        np.testing.assert_allclose(values, whole[: len(values)], atol=1e-3 if name == "g" else 1e-5)
        assert len(values) == (20 if name in "ce" else 40)
    named = enter(door / "11_vector_orders" / "h.npz")
    assert named.subjects == tuple(f"S{number:03d}" for number in range(40))
    np.testing.assert_allclose(named.measure("fc").values, truth["fc"], atol=1e-3)


def tables(door, expected, truth):
    answer = expected["13_tables"]
    for name in ("pheno.csv", "pheno_semicolon.csv", "pheno.dta", "pheno.xpt", "pheno.rds", "pheno.rda", "pheno.xlsx"):
        cohort = enter(door / "13_tables" / name)
        # A spreadsheet keeps names that look like numbers as numbers.
        subjects = [one.zfill(4) if name.endswith("xlsx") else one for one in cohort.subjects]
        assert len(subjects) == answer["rows"]
        assert [subjects[0], subjects[-1]] == answer["ids"]
        iq, age = cohort.phenotype("iq"), cohort.phenotype("age")
        assert [subjects[row] for row in np.flatnonzero(iq.missing)] == sorted(answer["iq_missing"])
        assert np.nanmean(iq.values) == pytest.approx(answer["iq_mean_of_37"], abs=1e-6)
        assert np.nanmean(age.values) == pytest.approx(answer["age_mean"])
        sex = cohort.phenotype("sex")
        if sex.levels and {*sex.levels} == {*answer["sex"]}:
            counts = np.bincount(sex.values[~sex.missing].astype(int), minlength=2)
            assert dict(zip(sex.levels, counts.tolist(), strict=True)) == answer["sex"]
        else:  # an .xpt file and a .csv hold the codes
            assert name in ("pheno.csv", "pheno_semicolon.csv", "pheno.xpt", "pheno.xlsx")


def edge_list(door, expected, truth):
    cohort, answer = enter(door / "16_edge_lists" / "long.csv"), expected["16_edge_lists"]["long.csv"]
    assert (cohort.n_subjects, len(cohort.scans)) == (answer["subjects"], answer["subjects"])
    assert cohort.parcellation is not None
    places = [cohort.parcellation.labels.index(label) for label in truth["labels"][: answer["parcels"]]]
    fc = edges_to_matrix(cohort.measure("fc").values)[:, places][:, :, places]
    full = edges_to_matrix(truth["fc"][:12])[:, :30, :30]
    seen = np.isfinite(fc)
    np.testing.assert_allclose(fc[seen], full[seen], atol=1e-6)
    assert [cohort.subjects[person] for person in np.argwhere(~seen)[:, 0]] == ["P6", "P6"]


DOORS: dict[str, Callable[..., None]] = {
    "01_xcp_d": xcp_d,
    "03_conn": conn,
    "05_ukb": uk_biobank,
    "07_abcd_nda": abcd,
    "08_abide_pcp": abide,
    "09_redcap_wide": redcap,
    "10_matlab_stacks": stack,
    "11_vector_orders": vectors,
    "13_tables": tables,
    "16_edge_lists": edge_list,
}


@pytest.mark.parametrize("name", DOORS)
def test_a_door_gives_what_was_put_behind_it(name, door, expected, truth):
    DOORS[name](door, expected, truth)


def test_all_at_once_every_version_is_one_and_the_others_are_named(door):
    cohort = enter(door / "11_vector_orders")
    assert len(cohort.scans) == 40
    assert [*cohort.measures] == ["fc"]
    assert sum("does not say whose" in one for one in said(cohort, "could not be used")) == 7
