"""What particular programs write, each as small as it can be."""

from __future__ import annotations

import gzip
import time

import numpy as np
import pytest
from scipy.io import savemat

from cifti_files import axis, cifti, pconn
from imagenomer.edges import matrix_to_edges
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.readers import listing_from
from imagenomer.readers.recipe import Question, read_recipe
from imagenomer.readers.understanding import claims_of
from matlab_files import matlab_7_3
from readers.small_folder import said
from readers.test_archives import tarred
from readers.test_door_kinds import PEOPLE, N, opened, write_table
from readers.test_door_kinds import squares as squares
from readers.test_understood import way

# --- MATLAB 7.3 and HDF5 --------------------------------------------------------------------------


def test_a_stack_of_matlab_7_3_is_read_with_the_names_and_columns_beside_it(tmp_path, squares):
    (tmp_path / "stack.mat").write_bytes(
        matlab_7_3({"conn": np.moveaxis(squares, 0, 2), "who": PEOPLE, "age": np.arange(12.0)})
    )
    cohort = opened(tmp_path)
    assert cohort.subjects == tuple(PEOPLE)
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares), atol=1e-6)
    np.testing.assert_array_equal(cohort.phenotype("age").values, np.arange(12.0))


@pytest.mark.parametrize("held", ["a matrix each", "a vector each", "a matrix each in a struct"])
def test_files_of_matlab_7_3_with_a_scan_each_are_read(tmp_path, squares, held):
    top = write_table(tmp_path / "study")
    rows, columns = np.tril_indices(N, k=-1)
    for name, square in zip(PEOPLE, squares, strict=True):
        values = {
            "a matrix each": {"fc": square},
            "a vector each": {"v": square[rows, columns]},
            "a matrix each in a struct": {"out": {"r": square, "note": "x"}},
        }[held]
        (top / f"{name}_conn.mat").write_bytes(matlab_7_3(values))
    np.testing.assert_allclose(next(iter(opened(top).measures.values())).values, matrix_to_edges(squares), atol=1e-6)


@pytest.mark.parametrize("writer", [matlab_7_3, "5"])
def test_cells_with_a_matrix_each_are_a_stack_in_either_version(tmp_path, squares, writer):
    cells = np.empty(12, dtype=object)
    cells[:] = list(squares)
    if writer == "5":
        savemat(tmp_path / "cells.mat", {"fc": cells, "who": np.array(PEOPLE, dtype=object)})
    else:
        (tmp_path / "cells.mat").write_bytes(matlab_7_3({"fc": list(squares), "who": PEOPLE}))
    cohort = opened(tmp_path)
    assert cohort.subjects == tuple(PEOPLE)
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares), atol=1e-6)


def test_an_hdf5_file_of_another_program_has_its_axes_as_they_are_written(tmp_path, squares):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "all.h5", "w") as file:
        file["fc"] = squares
        file["ids"] = np.array(PEOPLE, dtype="S")
    cohort = opened(tmp_path)
    assert cohort.subjects == tuple(PEOPLE)
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares), atol=1e-6)


def test_a_project_and_results_of_conn_in_matlab_7_3_are_read(tmp_path, squares):
    names = [f"atlas.P{n}" for n in range(N)]
    for number, square in enumerate(squares[:3], start=1):
        z = np.arctanh(square - np.eye(N))
        np.fill_diagonal(z, np.nan)
        further = np.hstack([z, np.zeros((N, 2))])
        content = {"Z": further, "names": names, "names2": [*names, "x", "y"], "xyz": [np.arange(3.0)] * (N + 2)}
        (tmp_path / f"resultsROI_Subject{number:03d}_Condition001.mat").write_bytes(matlab_7_3(content))
    covariates = {"names": ["AllSubjects", "age"], "values": [[1.0, 20.0 + n] for n in range(3)]}
    project = {"CONN_x": {"Setup": {"l2covariates": covariates}}}
    (tmp_path / "conn_study.mat").write_bytes(matlab_7_3(project))
    cohort = opened(tmp_path)
    np.testing.assert_allclose(np.tanh(cohort.measure("fc").values), matrix_to_edges(squares[:3]), atol=1e-6)
    np.testing.assert_array_equal(cohort.phenotype("age").values, [20, 21, 22])
    assert cohort.parcellation is not None
    assert cohort.parcellation.labels[0] == "P0"


@pytest.mark.parametrize("shape", [(62, 60), (3, 7, 8)])
def test_a_file_of_matlab_7_3_without_connectivity_is_named_with_what_it_holds(tmp_path, rng, shape):
    (tmp_path / "z.mat").write_bytes(matlab_7_3({"Z": rng.normal(size=shape)}))
    with pytest.raises(InputError, match=r"MATLAB 7\.3 or HDF5 with Z|this looks like time series"):
        opened(tmp_path)


def test_squares_of_matlab_7_3_that_are_not_symmetric_are_no_connectivity(tmp_path, rng):
    for name in PEOPLE[:3]:
        (tmp_path / f"{name}.mat").write_bytes(matlab_7_3({"Z": rng.normal(size=(N, N))}))
    with pytest.raises(InputError, match=r"3 files, the first a file of MATLAB 7\.3 or HDF5 with Z \(16 x 16\)"):
        opened(tmp_path)


# --- archives -------------------------------------------------------------------------------------


def test_a_compressed_archive_beside_a_compressed_table_is_a_cohort(tmp_path, squares):
    files = {f"fc/{name}_fc.csv": text_of(square) for name, square in zip(PEOPLE, squares, strict=True)}
    (tmp_path / "fc.tar.gz").write_bytes(gzip.compress(tarred(files)))
    rows = "".join(f"{name},{20 + place}\n" for place, name in enumerate(PEOPLE))
    (tmp_path / "pheno.csv.gz").write_bytes(gzip.compress(f"id,age\n{rows}".encode()))
    cohort = opened(tmp_path)
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares), atol=1e-6)
    np.testing.assert_array_equal(cohort.phenotype("age").values, np.arange(20, 32))


def text_of(values) -> bytes:
    return "\n".join(",".join(map(repr, row.tolist())) for row in values).encode()


# --- CIFTI ----------------------------------------------------------------------------------------


def test_matrices_in_cifti_have_their_parcels_and_censorings_are_versions(tmp_path, squares):
    top = write_table(tmp_path / "study")
    for censor in ("5min", "10min"):
        for name, square in zip(PEOPLE, squares, strict=True):
            path = f"{name}_task-rest_bold_censor-{censor}_conndata-network_connectivity.pconn.nii"
            (top / path).write_bytes(pconn(square))
    cohort = opened(top)
    assert len(cohort.scans) == 12
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares), atol=1e-6)
    assert cohort.parcellation is not None
    assert cohort.parcellation.labels[:2] == ("P0", "P1")
    assert "censor-5min" in said(cohort, "Versions of the same scans were left out")[0]


def test_cifti_that_is_no_connectivity_is_named_with_the_way_on(tmp_path, rng):
    names = [f"P{n}" for n in range(N)]
    series = axis("SERIES", "0") + axis("PARCELS", "1", names)
    for name in PEOPLE[:2]:
        (tmp_path / f"{name}_x.ptseries.nii").write_bytes(cifti(rng.normal(size=(N, 30)), series))
        (tmp_path / f"{name}_y.pconn.nii").write_bytes(pconn(rng.normal(size=(N, N))))
    with pytest.raises(InputError, match=r"(?s)wb_command -cifti-correlation.*of 16 parcels that is not symmetric"):
        opened(tmp_path)


# --- REDCap ---------------------------------------------------------------------------------------

DICTIONARY = """\
"Variable / Field Name","Form Name","Field Type","Field Label","Choices, Calculations, OR Slider Labels"
record_id,visit,text,Record,
sex,visit,radio,"Sex at <b>birth</b>","1, Male | 2, Female"
race,visit,checkbox,Race,"1, White | -9, Prefer not to say"
smokes,visit,yesno,Smokes,
iq,visit,text,IQ,
"""
RECORDS = """\
record_id,redcap_event_name,redcap_repeat_instrument,sex,race___1,race____9,smokes,iq,visit_complete
001,base,,2,1,0,1,100,2
001,later,,,,,,101,0
001,base,drugs,,,,,,
002,base,,1,0,1,0,90,2
003,base,,1.0,1,0,,95,1
"""


def test_records_of_redcap_have_the_labels_of_their_dictionary(tmp_path):
    (tmp_path / "Study_DATA.csv").write_text(RECORDS)
    (tmp_path / "Study_DataDictionary.csv").write_text(DICTIONARY)
    cohort = opened(tmp_path)
    assert cohort.subjects == ("001", "002", "003")
    labels = {
        "sex": ["Female", "Male", "Male"],
        "race___1": ["Checked", "Unchecked", "Checked"],
        "race____9": ["Unchecked", "Checked", "Unchecked"],
        "smokes": ["Yes", "No", None],
    }
    for name, expected in labels.items():
        column = cohort.phenotype(name)
        assert [None if code < 0 else column.levels[code] for code in column.values.tolist()] == expected
    assert cohort.phenotype("sex").description == "Sex at birth (at base)"
    assert cohort.phenotype("race____9").description.startswith("Race: Prefer not to say")
    np.testing.assert_array_equal(cohort.phenotype("iq (session base)").values, [100, 90, 95])
    assert cohort.phenotype("visit_complete (session base)").levels == ("Incomplete", "Unverified", "Complete")
    assert said(cohort, "1 row of repeated instruments") == ("drugs",)
    assert "sex (session later)" not in cohort.phenotypes


def test_a_table_with_underscores_and_no_dictionary_is_an_ordinary_one(tmp_path):
    (tmp_path / "t.csv").write_text("id,a___1,b___1\nx,1,0\ny,0,1\n")
    cohort = opened(tmp_path)
    assert cohort.phenotype("a___1").levels == ()
    assert not any("REDCap" in text for entry in cohort.log for text in (entry.message, *entry.items))


# --- lists of edges -------------------------------------------------------------------------------


def edges_of(square, *, subject="", turned=False) -> str:
    """The edges of a matrix, one a row, either parcel first."""
    rows = []
    for a in range(N):
        for b in range(a + 1, N):
            first, second = (b, a) if turned or (a + b) % 3 == 0 else (a, b)
            rows.append(f"{subject}P{first + 1},P{second + 1},{float(square[a, b])!r}")
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("each", [False, True])
def test_a_list_of_edges_is_connectivity_of_the_parcels_that_it_names(tmp_path, squares, each):
    top = write_table(tmp_path / "study")
    if each:
        for name, square in zip(PEOPLE, squares, strict=True):
            (top / f"{name}_edges.csv").write_text("source,target,weight\n" + edges_of(square))
    else:
        rows = "".join(edges_of(one, subject=f"{name},") for name, one in zip(PEOPLE, squares, strict=True))
        (top / "long.csv").write_text("subject,node1,node2,r\n" + rows)
    cohort = opened(top)
    assert len(cohort.scans) == 12
    assert cohort.parcellation is not None
    assert cohort.parcellation.labels[8:11] == ("P9", "P10", "P11")
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares), atol=1e-6)


def test_both_directions_of_an_edge_may_stand_there_if_they_agree(tmp_path, squares):
    both = (
        "source,target,weight\n" + edges_of(squares[0].astype(float)) + edges_of(squares[0].astype(float), turned=True)
    )
    (tmp_path / "one.csv").write_text(both)
    np.testing.assert_allclose(opened(tmp_path).measure("fc").values, matrix_to_edges(squares[:1]), atol=1e-6)
    (tmp_path / "one.csv").write_text(both + "P1,P2,0.9\n")
    with pytest.raises(InputError, match=r"the edge P1 - P2 has the values .* and 0\.9; connectivity has one value"):
        opened(tmp_path)


def test_a_list_of_some_of_the_edges_says_nothing_of_the_others(tmp_path, squares):
    some = edges_of(squares[0]).splitlines()[:60]
    (tmp_path / "one.csv").write_text("\n".join(["source,target,weight", *some, ""]))
    with pytest.raises(InputError, match=r"names .* of the edges among 16 parcels; whether the others"):
        opened(tmp_path)


# --- HCP's PTN, DPABI -----------------------------------------------------------------------------


def write_ptn(top, squares, names):
    folder = top / "netmats" / "3T_d16_ts2"
    folder.mkdir(parents=True)
    for which, scale in ((1, 6.0), (2, 3.0)):
        z = scale * np.arctanh(squares - np.eye(N))
        np.savetxt(folder / f"netmats{which}.txt", z.reshape(len(z), -1))
        (folder / f"Mnet{which}.pconn.nii").write_bytes(pconn(z.mean(axis=0)))
    (top / "subjectIDs.txt").write_text("\n".join(names) + "\n")
    return folder


def test_the_ptn_release_of_hcp_is_read_with_its_list_of_subjects(tmp_path, squares):
    names = [str(100206 + 7 * place) for place in range(12)]
    top = write_table(tmp_path / "ptn", people=names)
    write_ptn(top, squares, names)
    cohort = opened(top)
    assert cohort.subjects == tuple(names)
    assert {*cohort.measures} == {"z score netmats1", "z score netmats2"}
    for which, scale in ((1, 6.0), (2, 3.0)):
        z = cohort.measure(f"z score netmats{which}").values
        np.testing.assert_allclose(np.tanh(z / scale), matrix_to_edges(squares), atol=1e-6)
    assert any("means over the group" in one for one in said(cohort, "known and not used"))


def test_a_list_of_other_subjects_and_netmats_that_are_none_are_not_taken(tmp_path, squares):
    folder = write_ptn(tmp_path, squares, PEOPLE[:11])
    with pytest.raises(InputError, match=r"netmats1\.txt has 12 lines, and subjectIDs\.txt 11 subjects"):
        opened(tmp_path)
    (tmp_path / "subjectIDs.txt").unlink()
    with pytest.raises(InputError, match="does not say whose"):
        opened(tmp_path)
    for which in (1, 2):
        (folder / f"netmats{which}.txt").write_text("1 2 3\n4 5 6\n")
        (folder / f"Mnet{which}.pconn.nii").unlink()
    with pytest.raises(InputError, match=r"no cohort that is recognised|no subject"):
        opened(tmp_path)


@pytest.mark.parametrize("ending", ["txt", "mat"])
def test_the_versions_that_dpabi_writes_are_one_scan(tmp_path, squares, ending):
    top = write_table(tmp_path / "study")
    with np.errstate(divide="ignore"):
        versions = {"ROICorrelation": squares, "ROICorrelation_FisherZ": np.arctanh(np.minimum(squares, 1))}
    for kind, values in versions.items():
        for name, square in zip(PEOPLE, values, strict=True):
            if ending == "txt":
                np.savetxt(top / f"{kind}_{name}.txt", square)
            else:
                savemat(top / f"{kind}_{name}.mat", {kind: square})
    for name in PEOPLE:
        np.savetxt(top / f"ROISignals_{name}.txt", np.random.default_rng(1).normal(size=(40, N)))
        (top / f"ROI_OrderKey_{name}.tsv").write_text("Order\tLabel in Mask\n1\t1\n2\t2\n")
    cohort = opened(top)
    assert len(cohort.scans) == 12
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares), atol=1e-6)
    unused = said(cohort, "known and not used")
    assert ["time series of parcels" in one for one in unused] == [True, False]
    assert "FisherZ" in said(cohort, "Versions of the same scans were left out")[0]


# --- many files -----------------------------------------------------------------------------------


def test_ten_thousand_files_are_a_few_families_and_a_few_of_them_are_looked_into():
    n, read = 10_000, []
    square = text_of(np.eye(6))
    paths = [f"study/sub-{number:05d}/func/sub-{number:05d}_task-rest_relmat.tsv" for number in range(n)]

    def source(index: int, start: int, stop: int) -> bytes:
        read.append(index)
        return square[start:stop].replace(b",", b"\t")

    started = time.process_time()
    listing = listing_from(paths, [len(square)] * n, source)
    claims, unknown = finish(claims_of(listing, read_recipe({})))
    assert [(claim.family.pattern, len(claim.family.members)) for _, claim in claims] == [
        ("sub-*/func/sub-*_task-*_relmat.tsv", n)
    ]
    assert unknown == []
    assert len(set(read)) < 10
    assert time.process_time() - started < 10


# --- GIFT -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_sessions", [1, 2])
@pytest.mark.parametrize("writer", [savemat, lambda path, variables: path.write_bytes(matlab_7_3(variables))])
def test_the_connectivity_of_gift_has_subjects_by_number_and_sessions(tmp_path, squares, n_sessions, writer):
    z = np.arctanh(squares * (1 - np.eye(N)))
    whole = np.stack([z * (1 - 0.1 * session) for session in range(n_sessions)], axis=1)
    writer(tmp_path / "rest_postprocess_results.mat", {"fnc_corrs_all": whole, "aggregate": np.zeros(3)})
    cohort = opened(tmp_path)
    assert cohort.subjects == tuple(f"Subject{n:03d}" for n in range(1, len(PEOPLE) + 1))
    assert cohort.sessions == (("1", "2") if n_sessions > 1 else ())
    expected = matrix_to_edges(whole.transpose(1, 0, 2, 3).reshape(-1, N, N))
    order = sorted(range(len(cohort.scans)), key=lambda row: (cohort.scans[row].session, cohort.scans[row].subject))
    np.testing.assert_allclose(cohort.measure("fc").values[order], expected, atol=1e-6)


def test_people_of_gift_are_those_of_a_table_if_one_says_so(tmp_path, squares):
    savemat(tmp_path / "a_postprocess_results.mat", {"fnc_corrs_all": np.arctanh(squares * (1 - np.eye(N)))})
    write_table(tmp_path)
    with pytest.raises(Question, match="no subject of the scans is in pheno") as asked:
        opened(tmp_path)
    cohort = opened(tmp_path, way(asked.value, "in the order of the rows of pheno.csv").recipe)
    assert cohort.subjects == tuple(PEOPLE)
    np.testing.assert_allclose(np.tanh(cohort.measure("fc").values), matrix_to_edges(squares), atol=1e-6)


@pytest.mark.parametrize("shape", [(12, 16, 15), (12,), (12, 2, 2, 2)])
def test_a_file_called_as_gift_calls_it_without_its_array_is_named_with_what_it_holds(tmp_path, rng, shape):
    savemat(write_table(tmp_path) / "a_postprocess_results.mat", {"fnc_corrs_all": rng.standard_normal(shape)})
    cohort = opened(tmp_path)
    assert not cohort.measures
    assert any("a_postprocess_results.mat" in one for one in said(cohort, "known and not used"))


def test_codes_and_answers_of_uk_biobank_are_levels_and_amounts_stay_numbers(tmp_path):
    n = 40
    people, amounts = [str(1000000 + k) for k in range(n)], [*range(1, n - 1), -1, -3]
    columns = {
        "f.31.0.0": [k % 2 for k in range(n)],
        "f.54.2.0": [11025 + k % 3 for k in range(n)],
        "f.6138.2.0": [(-7, -3, 1, 2)[k % 4] for k in range(n)],
        "f.1289.2.0": amounts,
        "f.25741.2.0": [0.125 * (k + 1) for k in range(n)],
        "f.20016.2.0": [k % 9 for k in range(n)],
    }
    lines = [
        "\t".join(["f.eid", *columns]),
        *("\t".join(map(str, row)) for row in zip(people, *columns.values(), strict=True)),
    ]
    (tmp_path / "ukb1.tab").write_text("\n".join(lines))
    found = opened(tmp_path).phenotypes
    assert found["f.31.0.0"].levels == ("Female", "Male")
    np.testing.assert_array_equal(found["f.31.0.0"].values, columns["f.31.0.0"])
    assert found["f.54.2.0"].levels == ("11025", "11026", "11027")
    assert sorted(found["f.6138.2.0"].levels) == ["1", "2", "None of the above", "Prefer not to answer"]
    np.testing.assert_array_equal(found["f.1289.2.0"].values, [*range(1, n - 1), np.nan, np.nan])
    for name in ("f.25741.2.0", "f.20016.2.0"):
        np.testing.assert_array_equal(found[name].values, columns[name])
