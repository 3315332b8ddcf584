"""Kinds of input that somebody really drops, each as small as it can be: opened rightly, asked about, or refused."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

import stored_tables as stored
from imagenomer.cohort import Cohort
from imagenomer.edges import matrix_to_edges
from imagenomer.engine import Engine
from imagenomer.errors import InputError
from imagenomer.overview import overview_of
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes, listing_of, open_cohort
from imagenomer.readers.recipe import Question, merged
from readers.evidence.test_order import correlations, written
from readers.small_folder import said, write_demographics, write_scan
from readers.test_plink import write_set

N = 16
PEOPLE = [f"sub-{number:02d}" for number in range(1, 13)]


@pytest.fixture
def squares(rng):
    """Correlation matrices of twelve people among sixteen parcels."""
    return correlations(rng, len(PEOPLE), N)


def opened(top: Path, recipe: dict[str, Any] | None = None) -> Cohort:
    return finish(open_cohort(listing_of(top), recipe))


def write_table(top: Path, *, people=PEOPLE, name="pheno.csv", delimiter=",", header="id", **columns) -> Path:
    top.mkdir(exist_ok=True)
    columns = columns or {"age": [str(20 + place) for place in range(len(people))]}
    rows = [[header, *columns], *([one, *cells] for one, *cells in zip(people, *columns.values(), strict=True))]
    (top / name).write_text("".join(delimiter.join(row) + "\n" for row in rows), encoding="utf-8")
    return top


def write_squares(top: Path, squares, names=PEOPLE, ending="csv", **options) -> None:
    (top / "fc").mkdir(parents=True, exist_ok=True)
    for name, square in zip(names, squares, strict=True):
        path = top / "fc" / f"{name}_fc.{ending}"
        if ending == "npy":
            np.save(path, square)
        else:
            np.savetxt(path, square, delimiter={"csv": ",", "tsv": "\t"}.get(ending, " "), **options)


# --- matrices and vectors -------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["csv", "tsv", "txt", "npy"])
def test_a_folder_of_matrices_beside_a_table_is_a_cohort(tmp_path, squares, ending):
    write_squares(write_table(tmp_path / "study"), squares, ending=ending)
    cohort = opened(tmp_path / "study")
    assert cohort.subjects == tuple(PEOPLE)
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares), atol=1e-6)
    np.testing.assert_array_equal(cohort.phenotype("age").values, np.arange(20, 32))


@pytest.mark.parametrize("ending", ["xlsx", "xls", "ods"])
def test_a_spreadsheet_is_the_table_of_people(tmp_path, squares, ending):
    write_squares(tmp_path / "study", squares)
    rows = [["The study", None], ["id", "age"], *([name, 20.0 + place] for place, name in enumerate(PEOPLE))]
    sheets = {"xlsx": lambda: stored.xlsx({"cover": [["see data"]], "data": rows})}
    data = sheets.get(ending, lambda: getattr(stored, ending)(rows))()
    (tmp_path / "study" / f"pheno.{ending}").write_bytes(data)
    cohort = opened(tmp_path / "study")
    assert cohort.subjects == tuple(PEOPLE)
    np.testing.assert_array_equal(cohort.phenotype("age").values, np.arange(20, 32))
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares), atol=1e-6)


@pytest.mark.parametrize("header", ["subject,source,target,score,age", "node1;node2;note", '"from"\t"to"\t"kind"'])
def test_a_list_of_edges_whose_values_cannot_be_told_is_named_with_the_way_on(tmp_path, squares, header):
    separator = next(mark for mark in ",;\t" if mark in header)
    cells = ["a", "b", "0.5", "31"] if "age" in header else ["a", "b", "x"]
    rows = [separator.join([f"P{place}", *cells] if "subject" in header else cells) for place in range(9)]
    (tmp_path / "edges.csv").write_text("\n".join([header, *rows, ""]))
    with pytest.raises(InputError, match=r"edges\.csv: not read yet: a list of edges.* whose column of values"):
        opened(tmp_path)
    write_squares(write_table(tmp_path), squares)
    cohort = opened(tmp_path)
    assert (cohort.subjects, list(cohort.phenotypes)) == (tuple(PEOPLE), ["age"])
    assert any("a list of edges" in one for one in said(cohort, "known and not used"))


@pytest.mark.parametrize("half", [np.triu, np.tril])
def test_matrices_with_one_half_filled_are_read_and_said(tmp_path, squares, half):
    write_squares(write_table(tmp_path / "study"), np.array([half(square) for square in squares]))
    cohort = opened(tmp_path / "study")
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares), atol=1e-6)
    assert any("half of the matrices is filled" in one for one in said(cohort, "fc: 12 scans"))


@pytest.mark.parametrize("difference", [1e-4, 0.2])
def test_halves_that_differ_by_rounding_are_one_matrix_and_others_none(tmp_path, squares, difference):
    odd = squares.copy()
    odd[:, 0, 1] += difference
    write_squares(write_table(tmp_path / "study"), odd)
    cohort = opened(tmp_path / "study")
    assert bool(cohort.measures) == (difference < 1e-3)


@pytest.mark.parametrize("diagonal", [np.nan, np.inf, 0.0])
def test_a_diagonal_without_meaning_is_no_matter(tmp_path, squares, diagonal):
    for square in squares:
        np.fill_diagonal(square, diagonal)
    write_squares(write_table(tmp_path / "study"), squares)
    np.testing.assert_allclose(opened(tmp_path / "study").measure("fc").values, matrix_to_edges(squares), atol=1e-6)


@pytest.mark.parametrize("order", ["rows", "columns"])
@pytest.mark.parametrize("diagonal", [False, True])
@pytest.mark.parametrize("ending", ["csv", "npy", "mat"])
def test_vectors_of_a_scan_each_are_read_in_their_own_order(tmp_path, squares, order, diagonal, ending):
    top = write_table(tmp_path / "study")
    for name, vector in zip(PEOPLE, written(squares, order, diagonal=diagonal), strict=True):
        path = top / f"{name}_conn.{ending}"
        if ending == "npy":
            np.save(path, vector)
        elif ending == "mat":
            savemat(path, {"v": vector})
        else:
            np.savetxt(path, vector[None], delimiter=",")
    cohort = opened(top)
    assert cohort.parcellation is not None
    assert cohort.parcellation.n_parcels == N
    np.testing.assert_allclose(next(iter(cohort.measures.values())).values, matrix_to_edges(squares), atol=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("ending", ["npy", "mat"])
def test_a_stack_is_read_whichever_axis_the_subjects_are(tmp_path, squares, axis, ending):
    stack = np.moveaxis(squares, 0, axis)
    names = np.array(PEOPLE, dtype=object)
    if ending == "npy":
        np.save(tmp_path / "stack.npy", stack)
        recipe = {"files": {"stack.npy": {"people": "numbered"}}}
    else:
        savemat(tmp_path / "stack.mat", {"conn": stack, "who": names, "age": np.arange(12.0)})
        recipe = None
    cohort = opened(tmp_path, recipe)
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares), atol=1e-6)
    if recipe is None:
        assert cohort.subjects == tuple(PEOPLE)
        np.testing.assert_array_equal(cohort.phenotype("age").values, np.arange(12.0))


def test_a_stack_of_as_many_subjects_as_parcels_that_fits_in_several_ways_is_asked_about(tmp_path):
    np.save(tmp_path / "stack.npy", np.ones((6, 6, 6)))
    with pytest.raises(Question, match="which side the subjects are cannot be told") as caught:
        opened(tmp_path, {"files": {"stack.npy": {"people": "numbered"}}})
    answer = '{"files": {"stack.npy": {"subjects": "first"}}}'
    assert answer in str(caught.value)
    assert opened(tmp_path, {"files": {"stack.npy": {"people": "numbered", "subjects": "first"}}}).n_subjects == 6


@pytest.mark.parametrize("turned", [False, True])
def test_subjects_by_edges_are_read_either_way_round(tmp_path, squares, turned):
    vectors = written(squares, "columns", diagonal=False)
    np.save(tmp_path / "all.npy", vectors.T if turned else vectors)
    write_table(tmp_path)
    recipe = {"files": {"all.npy": {"people": "pheno.csv"}}}
    cohort = opened(tmp_path, recipe)
    assert cohort.subjects == tuple(PEOPLE)
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares), atol=1e-6)


def test_an_array_without_names_is_asked_about_and_the_answers_are_named(tmp_path, squares):
    np.save(tmp_path / "all.npy", written(squares, "rows", diagonal=False))
    write_table(tmp_path)
    with pytest.raises(Question, match="does not say whose") as caught:
        opened(tmp_path)
    for people in ("pheno.csv", "numbered"):
        assert json.dumps({"files": {"all.npy": {"people": people}}}) in str(caught.value)


@pytest.mark.parametrize("order", ["rows", "columns"])
def test_an_order_that_cannot_be_told_is_asked_about_and_then_obeyed(tmp_path, rng, order):
    counts = rng.poisson(3, (12, N, N)).astype(float)
    counts += counts.transpose(0, 2, 1)
    top = write_table(tmp_path / "study")
    for name, vector in zip(PEOPLE, written(counts, order, diagonal=False), strict=True):
        np.savetxt(top / f"{name}_streamlines.txt", vector[None])
    with pytest.raises(Question, match="do not tell in which order the edges are") as caught:
        opened(top)
    recipe = {"files": {"sub-*_streamlines.txt": {"order": order}}}
    assert json.dumps(recipe) in str(caught.value)
    np.testing.assert_array_equal(next(iter(opened(top, recipe).measures.values())).values, matrix_to_edges(counts))


def test_a_giga_connectome_matrix_has_a_first_line_that_counts(tmp_path, squares):
    top = write_table(tmp_path / "study", people=["sub-1", "sub-2"], name="participants.tsv", delimiter="\t")
    for name, square in zip(("sub-1", "sub-2"), squares, strict=False):
        np.fill_diagonal(square, 0.4)
        (top / name / "func").mkdir(parents=True)
        path = top / name / "func" / f"{name}_task-rest_seg-X_meas-PearsonCorrelation_relmat.tsv"
        np.savetxt(path, square, delimiter="\t", header="\t".join(map(str, range(N))), comments="")
    cohort = opened(top)
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares[:2]), atol=1e-6)
    assert cohort.tasks == ("rest",)


@pytest.mark.parametrize("order", ["rows", "columns"])
@pytest.mark.parametrize("diagonal", [False, True])
def test_the_first_programs_folder_with_vectors_in_any_order_gives_the_same_edges(tmp_path, squares, order, diagonal):
    write_demographics(tmp_path, {"age": dict.fromkeys(PEOPLE, 30.0)})
    for name, vector in zip(PEOPLE, written(squares, order, diagonal=diagonal), strict=True):
        write_scan(tmp_path, f"fc/{name}_fc.npy", vector)
    cohort = opened(tmp_path)
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares), atol=1e-6)
    if order == "columns" or diagonal:
        said(cohort, "fc: its vectors are the upper triangle")


@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize("fortran", [False, True])
def test_a_bundle_written_by_hand_may_be_fortran_ordered_or_column_by_column(tmp_path, squares, columns, fortran):
    write_squares(write_table(tmp_path / "study"), squares)
    with zipfile.ZipFile(io.BytesIO(finish(bundle_bytes(opened(tmp_path / "study"))))) as archive:
        archive.extractall(tmp_path / "bundle")
    values = written(squares, "columns" if columns else "rows", diagonal=False).astype(np.float32)
    path = next((tmp_path / "bundle" / "connectivity").glob("*.npy"))
    np.save(path, np.asfortranarray(values) if fortran else values)
    cohort = opened(tmp_path / "bundle")
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares), atol=1e-6)
    if columns:
        said(cohort, "its rows are the upper triangle")


# --- versions -------------------------------------------------------------------------------------


def test_versions_of_a_scan_are_never_more_scans(tmp_path, squares):
    top = write_table(tmp_path / "study")
    for kind, values in (("r", squares), ("z", np.arctanh(squares - np.eye(N))), ("filt", 0.9 * squares)):
        for name, square in zip(PEOPLE, values, strict=True):
            np.savetxt(top / f"{name}_{kind}.csv", square, delimiter=",")
    cohort = opened(top)
    assert len(cohort.scans) == 12
    assert len(said(cohort, "Versions of the same scans were left out")) == 2
    z = opened(top, {"use": {"fc": "sub-*_z.csv"}})
    np.testing.assert_allclose(np.tanh(z.measure("fc").values), matrix_to_edges(squares), atol=1e-6)


@pytest.mark.parametrize("form", ["{}_pre_fc.csv {}_post_fc.csv", "pre/{}.csv post/{}.csv"])
@pytest.mark.parametrize("what", ["session", "task"])
def test_files_of_the_same_people_may_be_visits_or_tasks_and_it_is_asked(tmp_path, squares, rng, form, what):
    """Not one of them left out in silence as another version."""
    top = write_table(tmp_path / "study")
    again = correlations(rng, len(PEOPLE), N)
    for values, one in zip((squares, again), form.split(), strict=True):
        for name, square in zip(PEOPLE, values, strict=True):
            path = top / one.format(name.replace("sub-", "S"))
            path.parent.mkdir(exist_ok=True)
            np.savetxt(path, square, delimiter=",")
    cohort = opened(top)
    assert len(cohort.scans) == 12
    (line,) = [one for one in cohort.understood if "versions of these scans, or other scans" in one.text]
    assert not line.certain
    (both,) = [one for one in line.alternatives if f"they are the {what}s post, pre" in one.meaning]
    visits = opened(top, both.recipe)
    assert {getattr(scan, what) for scan in visits.scans} == {"pre", "post"}
    assert len(visits.scans) == 24
    for named, values in (("pre", squares), ("post", again)):
        rows = [row for row, scan in enumerate(visits.scans) if getattr(scan, what) == named]
        np.testing.assert_allclose(visits.measure("fc").values[rows], matrix_to_edges(values), atol=1e-6)
    lines = [one for one in visits.understood if one.topic == "connectivity"]
    assert all(one.certain for one in lines)
    (back,) = [one for one in lines[0].alternatives if "versions of the same scans" in one.meaning]
    assert len(opened(top, merged(both.recipe, back.recipe)).scans) == 12
    (taken,) = [one for one in line.alternatives if one.chosen]
    assert all(one.certain for one in opened(top, taken.recipe).understood if one.topic == "connectivity")


@pytest.mark.parametrize("names", [("desc-100volumes", "desc-200volumes"), ("reg-36P", "reg-aCompCor")])
def test_versions_that_say_so_are_never_offered_as_other_scans(tmp_path, squares, names):
    top = write_table(tmp_path / "study")
    for part in names:
        for name, square in zip(PEOPLE, squares, strict=True):
            np.savetxt(top / f"{name}_{part}_relmat.csv", square, delimiter=",")
    assert not any("All of them" in one.meaning for line in opened(top).understood for one in line.alternatives)


def test_files_by_site_are_one_measure(tmp_path, squares):
    top = write_table(tmp_path / "study")
    for place, (name, square) in enumerate(zip(PEOPLE, squares, strict=True)):
        (top / f"site{place % 2}").mkdir(exist_ok=True)
        np.savetxt(top / f"site{place % 2}" / f"{name}.csv", square, delimiter=",")
    assert len(opened(top).scans) == 12


# --- people ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [[str(n) for n in range(1, 13)], [f"{n:03d}" for n in range(1, 13)]])
@pytest.mark.parametrize("ending", ["csv", "npy"])
def test_ids_1_or_001_are_those_of_files_sub_01(tmp_path, squares, names, ending):
    write_squares(write_table(tmp_path / "study", people=names), squares, ending=ending)
    cohort = opened(tmp_path / "study")
    assert cohort.subjects == tuple(names)
    assert len(cohort.scans) == 12
    assert "sub-01 = " in said(cohort, "joined by the rule 'without leading zeros'")[0]


def test_a_shift_by_one_is_asked_about(tmp_path, squares):
    files = [f"S{number:03d}" for number in range(12)]
    write_squares(write_table(tmp_path / "study", people=[str(n) for n in range(1, 13)]), squares, names=files)
    with pytest.raises(Question, match="may be one off"):
        opened(tmp_path / "study")
    assert len(opened(tmp_path / "study", {"people": {"join": "last number"}}).scans) == 11


@pytest.mark.parametrize(
    ("name", "header", "delimiter"),
    [
        ("participants.csv", "participant_id", ","),
        ("demographics.csv", "ID", ";"),
        ("participants.tsv", "subject_id", "\t"),
        ("participants.tsv", "ID", ","),
        ("anything.txt", "code", "\t"),
    ],
)
def test_a_table_beside_fc_is_joined_whatever_it_is_called(tmp_path, squares, name, header, delimiter):
    top = write_table(tmp_path / "study", name=name, header=header, delimiter=delimiter)
    write_squares(top, squares, ending="npy")
    cohort = opened(top)
    assert [*cohort.phenotypes] == ["age"]
    assert len(cohort.scans) == 12


def test_a_table_of_other_people_is_asked_about(tmp_path, squares):
    write_squares(write_table(tmp_path / "study", people=[f"x{letter}" for letter in "abcdefghijkl"]), squares)
    with pytest.raises(Question, match="no subject of the scans is in"):
        opened(tmp_path / "study")
    alone = opened(tmp_path / "study", {"files": {"pheno.csv": {"ignore": True}}})
    assert alone.subjects == tuple(PEOPLE)


def test_matrices_a_table_and_plink_files_make_one_cohort(tmp_path, squares):
    top = write_table(tmp_path / "study")
    write_squares(top, squares)
    write_set(top / "geno", PEOPLE)
    cohort = opened(top)
    assert [*cohort.measures, *cohort.phenotypes, *cohort.variant_sets] == ["fc", "age", "geno"]
    assert (cohort.variant_set("geno").dosage >= 0).any(axis=1).all()


# --- columns --------------------------------------------------------------------------------------


def test_a_code_among_scores_is_missing_counted_and_undone_by_a_recipe(tmp_path, rng):
    scores = [f"{value:.1f}" for value in rng.normal(100, 15, 98)] + ["-9999", "-9999"]
    top = write_table(tmp_path / "t", people=[f"p{n}" for n in range(100)], FIQ=scores)
    cohort = opened(top)
    assert cohort.phenotype("FIQ").missing.sum() == 2
    assert said(cohort, "Codes far outside the range") == ("FIQ: -9999 (2)",)
    kept = opened(top, {"columns": {"FIQ": {"missing": []}}})
    assert kept.phenotype("FIQ").missing.sum() == 0


def test_an_unclosed_quote_is_an_error_with_its_line(tmp_path):
    write_table(tmp_path, note=["x"] * 4 + ['"late'] + ["x"] * 7, name="t.tsv", delimiter="\t")
    with pytest.raises(InputError, match=r"t\.tsv, line 6: a quote is opened and never closed"):
        opened(tmp_path)


def test_decimal_commas_percentages_and_commas_that_may_be_either(tmp_path):
    n = len(PEOPLE)
    top = write_table(
        tmp_path / "t",
        delimiter="\t",
        name="t.tsv",
        age=[f"{20 + k},5" for k in range(n)],
        fat=[f"{k + 10}%" for k in range(n)],
        volume=[f"{k + 1},00{k % 10}" for k in range(n)],
    )
    cohort = opened(top)
    assert cohort.phenotype("age").values[0] == 20.5
    assert (cohort.phenotype("fat").values[0], cohort.phenotype("fat").units) == (10, "%")
    assert said(cohort, "may be decimal or part thousands") == ("volume",)
    for comma, first in ((",", 1.0), (".", 1000.0)):
        decided = opened(top, {"columns": {"volume": {"decimal": comma}}})
        assert decided.phenotype("volume").values[0] == first
    assert opened(top, {"columns": {"volume": {"decimal": "none"}}}).phenotype("volume").levels[0] == "1,000"


@pytest.mark.parametrize("separator", ["\t", ";", " "])
@pytest.mark.parametrize("labels", [False, True])
def test_matrices_with_decimal_commas_are_read_whatever_separates_their_cells(tmp_path, squares, separator, labels):
    write_squares(write_table(tmp_path / "study"), squares)
    for path in (tmp_path / "study" / "fc").iterdir():
        lines = [line.replace(",", separator).replace(".", ",") for line in path.read_text().splitlines()]
        head = [separator.join(f"P{k}" for k in range(N))] * labels
        path.write_text("\n".join([*head, *lines]))
    np.testing.assert_allclose(opened(tmp_path / "study").measure("fc").values, matrix_to_edges(squares), atol=1e-6)


def test_numbers_are_made_a_category_and_columns_left_out_by_a_recipe(tmp_path):
    top = write_table(tmp_path / "t", site=[str(k % 3 + 1) for k in range(12)], x=["1.0", "2.0"] * 6)
    cohort = opened(top, {"columns": {"site": {"kind": "category"}, "x": {"kind": "ignore"}}})
    assert cohort.phenotype("site").levels == ("1", "2", "3")
    assert "x" not in cohort.phenotypes


def test_levels_that_are_spellings_of_one_word_are_named(tmp_path):
    cohort = opened(write_table(tmp_path / "t", sex=["M", "F", "m", "f "] * 3))
    assert said(cohort, "spellings of one word") == ("sex: F = f, M = m",)


def test_levels_of_a_dictionary_are_those_of_cells_with_a_fraction(tmp_path):
    top = write_table(tmp_path / "t", dx=["1.0", "2.0"] * 6)
    (top / "pheno.json").write_text(json.dumps({"dx": {"Levels": {"1": "case", "2": "control"}}}))
    assert opened(top).phenotype("dx").levels == ("case", "control")
    for levels in ({"1": "", "2": "control"}, {"1": "same", "2": "same"}, ["1", "2"]):
        (top / "pheno.json").write_text(json.dumps({"dx": {"Levels": levels}}))
        assert opened(top).phenotype("dx").levels == ("1", "2")


def test_parcels_that_are_0_in_a_scan_are_missing_there(tmp_path, squares):
    squares[2, 5, :] = squares[2, :, 5] = 0
    write_squares(write_table(tmp_path / "study"), squares)
    cohort = opened(tmp_path / "study")
    missing = np.isnan(cohort.measure("fc").values)
    assert (missing.any(axis=1).nonzero()[0].tolist(), missing.sum()) == ([2], N - 1)
    assert said(cohort, "1 parcel without a value in some scans of 1 subject") == ("Parcel 6: 1 scan (sub-03)",)


@pytest.mark.parametrize("answer", ["", "all", "complete"])
def test_edges_that_some_scans_lack_are_kept_or_left_out_of_all(tmp_path, squares, answer):
    squares[2, 5, :] = squares[2, :, 5] = np.nan
    squares[7, 1, 2] = squares[7, 2, 1] = np.nan
    write_squares(write_table(tmp_path / "study"), squares)
    values = matrix_to_edges(squares)
    lacking = np.isnan(values).any(axis=0)
    (tmp_path / "b.zip").write_bytes(finish(bundle_bytes(opened(tmp_path / "study"))))
    for top in (tmp_path / "study", tmp_path / "b.zip"):
        cohort = opened(top, {"edges": answer} if answer else None)
        found = cohort.measure("fc").values
        np.testing.assert_array_equal(np.isnan(found).all(axis=0), lacking if answer == "complete" else False)
        np.testing.assert_allclose(found[:, ~lacking], values[:, ~lacking], atol=1e-6)
        if answer != "complete":
            np.testing.assert_array_equal(np.isnan(found), np.isnan(values))
        (line,) = [one for one in cohort.understood if "missing in some of the scans" in one.text]
        assert line.text == f"fc: {N} edges of {N * (N - 1) // 2} missing in some of the scans (2 scans)"
        assert line.certain == (bool(answer) or top.suffix == ".zip"), "16 of 120 are many"
        assert [one.chosen for one in line.alternatives] == [answer != "complete", answer == "complete"]


def test_where_no_edge_is_complete_only_complete_ones_are_refused(tmp_path, squares):
    for parcel in range(len(squares)):
        squares[parcel, parcel, :] = squares[parcel, :, parcel] = np.nan
    squares[0, 12:, :] = squares[0, :, 12:] = np.nan
    write_squares(write_table(tmp_path / "study"), squares)
    ways = [one for line in opened(tmp_path / "study").understood for one in line.alternatives if "edges" in one.recipe]
    assert [one.recipe["edges"] for one in ways] == ["all"]
    with pytest.raises(InputError, match="no edge has a value in every scan"):
        opened(tmp_path / "study", {"edges": "complete"})


def test_a_parcel_that_nobody_has_leaves_the_others_complete(tmp_path, squares):
    squares[:, 4, :] = squares[:, :, 4] = np.nan
    write_squares(write_table(tmp_path / "study"), squares)
    assert not any("missing in some" in line.text for line in opened(tmp_path / "study").understood)


# --- what is refused ------------------------------------------------------------------------------


def test_a_folder_of_decompositions_alone_is_named(tmp_path):
    for number in range(3):
        write_scan(tmp_path, f"decomp/pca-comps/pca_comp-{number}.npy", np.zeros(10))
        write_scan(tmp_path, f"decomp/pca-weights/{number}_comp-pca_weights.npy", np.zeros(3))
    with pytest.raises(InputError, match="open the folder of the cohort that it belongs to"):
        opened(tmp_path / "decomp")


def test_time_series_are_named_as_such(tmp_path, rng):
    for name in PEOPLE[:2]:
        write_scan(tmp_path, f"{name}_ts.npy", rng.normal(size=(205, 116)))
    with pytest.raises(InputError, match="this looks like time series: 205 volumes, 116 parcels"):
        opened(tmp_path)


def test_a_matlab_file_of_version_7_3_is_named_with_the_way_on(tmp_path):
    (tmp_path / "z.mat").write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64" + b"\0" * 600)
    with pytest.raises(InputError, match=r"version 7\.3"):
        opened(tmp_path)


def test_a_bids_tree_without_matrices_says_what_it_found(tmp_path):
    top = write_table(tmp_path / "b", name="participants.tsv", delimiter="\t", header="participant_id")
    for name in PEOPLE[:3]:
        (top / name / "func").mkdir(parents=True)
        (top / name / "func" / f"{name}_task-rest_bold.nii.gz").write_bytes(b"\x1f\x8b")
    cohort = opened(top)
    assert "sub-*/func/sub-*_task-*_bold.nii.gz" in overview_of(cohort)["understood"][-1]["text"]


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"file": {}}, "'file', which is not known"),
        ({"files": {"nothing.csv": {"order": "rows"}}}, "'nothing.csv'; the files are"),
        ({"files": {"pheno.csv": {"order": "diagonal"}}}, "'order' is one of rows, columns"),
        ({"files": {"pheno.csv": {"diagonal": 1}}}, "'diagonal' is one of true, false"),
        ({"columns": {"height": {"kind": "ignore"}}}, "the column 'height'; there are"),
        ({"columns": {"age": {"missing": 9}}}, "a list of numbers"),
        ({"columns": {"age": {"decimal": ";"}}}, "'decimal' is"),
        ({"columns": {"age": {"labels": {"99": "old"}}}}, "age has no level '99'"),
        ({"columns": {"age": {"kind": "date"}}}, "'kind' is one of number, category, ignore"),
        ({"people": {"join": "as it comes"}}, "'join' is one of as written"),
        ({"use": {"fc": 3}}, "the name of its files"),
        ([], "a recipe is a JSON object"),
    ],
)
def test_a_recipe_that_answers_nothing_is_refused_in_words(tmp_path, recipe, message):
    top = write_table(tmp_path / "t")
    with pytest.raises(InputError, match=message):
        opened(top, recipe)


def test_of_a_bundle_a_recipe_answers_columns_and_edges_only(tmp_path):
    cohort = opened(write_table(tmp_path / "t"))
    (tmp_path / "b.zip").write_bytes(finish(bundle_bytes(cohort)))
    for recipe in ({"files": {"x.csv": {"order": "rows"}}}, {"columns": {"age": {"decimal": ","}}}):
        with pytest.raises(InputError, match="answers columns and edges only"):
            opened(tmp_path / "b.zip", recipe)
    assert opened(tmp_path / "b.zip", {"columns": {"age": {"unit": "years"}}}).phenotype("age").units == "years"


# --- the engine -----------------------------------------------------------------------------------


class Held:
    """A file in memory, as the page hands it over."""

    def __init__(self, data: bytes) -> None:
        self.data, self.sizes = data, [len(data)]

    def read(self, index: int, start: int, stop: int) -> bytes:
        return self.data[start:stop]


def test_the_engine_takes_a_recipe_and_tells_what_was_understood(tmp_path, squares):
    np.save(tmp_path / "all.npy", written(squares, "columns", diagonal=False))
    recipe = {"files": {"all.npy": {"people": "numbered"}}}
    asked = json.dumps({"paths": ["all.npy"], "recipe": recipe})
    answer, _ = asyncio.run(Engine().handle("open_files", asked, Held((tmp_path / "all.npy").read_bytes())))
    lines = {line["topic"]: line for line in reversed(json.loads(answer)["understood"])}
    assert lines["connectivity"]["text"] == "fc from all.npy"
    assert any("column by column" in one for one in lines["connectivity"]["items"])
    assert not lines["people"]["certain"]


def test_several_rows_of_a_person_give_the_first_connectivity_and_the_first_phenotypes(tmp_path, squares):
    """Not the edges of one row and the age of another."""
    first, second = np.triu_indices(N, 1)
    header = ",".join(["id", "age", *(f"p{a}~p{b}" for a, b in zip(first, second, strict=True))])
    rows = [",".join([name, str(20 + k), *map(str, square[first, second])]) for k, (name, square) in enumerate(
        zip([*PEOPLE[:11], PEOPLE[4]], squares, strict=True)
    )]  # fmt: skip
    (tmp_path / "wide.csv").write_text("\n".join([header, *rows]))
    cohort = opened(tmp_path)
    np.testing.assert_allclose(cohort.measure("fc").values, matrix_to_edges(squares[:11]), atol=1e-6)
    np.testing.assert_array_equal(cohort.phenotype("age").values, range(20, 31))
    assert len(said(cohort, "has several rows of these scans; the first is used")) == 1
