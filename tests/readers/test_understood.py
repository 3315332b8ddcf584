"""What was understood, line by line: each other way to read the files is a recipe that reads them so."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stored_tables as stored
from imagenomer.cli import main
from imagenomer.cohort import Alternative, Cohort, Understanding
from imagenomer.edges import edges_to_matrix, matrix_to_edges
from imagenomer.engine import Engine
from imagenomer.engine.workspace import recipe_of
from imagenomer.errors import InputError
from imagenomer.load import load
from imagenomer.overview import overview_of
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes, listing_of, open_cohort, with_own_recipe
from imagenomer.readers.evidence.order import Layout
from imagenomer.readers.layouts import sketch_of
from imagenomer.readers.recipe import Question, Questions, merged
from readers.test_door_kinds import PEOPLE, N, write_squares, write_table, written

COUNTS = "sub-*_streamlines.csv"


def values_of(cohort: Cohort) -> list[dict[str, Any]]:
    """What the overview says of the phenotypes, but for whether the user said so."""
    return [
        {key: value for key, value in entry.items() if key != "corrected"}
        for entry in overview_of(cohort)["phenotypes"]
    ]


def write(top: Path, **given: Any) -> Path:
    """Write a table as `write_table` does, whatever its columns hold, and all folders around it."""
    top.parent.mkdir(exist_ok=True)
    texts = {name: list(map(str, cells)) for name, cells in given.items() if name not in ("people", "name")}
    return write_table(top, **{**given, **texts})


def opened(top: Path, recipe: dict[str, Any] | None = None) -> Cohort:
    return finish(open_cohort(listing_of(top), recipe))


def line_of(cohort: Cohort, words: str) -> Understanding:
    (found,) = [line for line in cohort.understood if words in line.text]
    return found


def way(line: Understanding | Question, words: str) -> Alternative:
    (found,) = [one for one in line.alternatives if words in one.meaning]
    return found


@pytest.fixture
def squares(rng) -> np.ndarray:
    return np.array([np.corrcoef(rng.standard_normal((N, 60))) for _ in PEOPLE])


@pytest.fixture
def mixed(tmp_path, squares, rng) -> Path:
    """Two versions of a measure, vectors whose order nothing tells, two tables, a sheet and files nobody knows."""
    top = tmp_path / "mixed"
    write(top, score=[-9999, *range(100, 100 + len(PEOPLE) - 1)], nr=list(range(70, 70 + len(PEOPLE))))
    write(top, name="more.csv", people=[name.upper() for name in PEOPLE], weight=list(range(len(PEOPLE))))
    write(top, name="others.csv", people=[f"X{n}" for n in range(len(PEOPLE))], height=list(range(len(PEOPLE))))
    (top / "book.xlsx").write_bytes(stored.xlsx({"a": [["id", "x"], *([p, "1"] for p in PEOPLE)], "b": [["z"], ["q"]]}))
    write_squares(top, squares)
    write_squares(top / "z", np.arctanh(squares * 0.999))
    (top / "notes.docx").write_bytes(b"PK")
    return top


def streamlines(top: Path, rng) -> Path:
    counts = rng.poisson(3, (len(PEOPLE), N, N)).astype(float)
    counts += counts.transpose(0, 2, 1)
    for name, vector in zip(PEOPLE, written(counts, "columns", diagonal=False), strict=True):
        np.savetxt(top / f"{name}_streamlines.csv", vector[None], delimiter=",")
    return top


def test_every_other_way_can_be_taken_and_is_then_the_chosen_one(mixed):
    cohort = opened(mixed)
    tried = 0
    for line in cohort.understood:
        chosen = [one for one in line.alternatives if one.chosen]
        assert len(chosen) <= 1, line
        for one in line.alternatives:
            tried += 1
            try:
                other = opened(mixed, dict(one.recipe))
            except Question:
                continue  # the answer leads to what has to be known next
            meant = [alternative for entry in other.understood for alternative in entry.alternatives]
            same = [alternative for alternative in meant if alternative.recipe == one.recipe]
            assert not same or any(alternative.chosen for alternative in same), (line.text, one.meaning)
            if one.chosen:
                assert values_of(other) == values_of(cohort), one.meaning
    assert tried > 12


def test_the_other_version_of_a_scan_is_a_click_away(mixed, squares):
    cohort = opened(mixed)
    line = line_of(cohort, "fc from")
    assert sum(one.recipe.get("use") is not None for one in line.alternatives) == 2
    other = way(line, "z/fc/")
    assert not other.chosen
    np.testing.assert_allclose(
        opened(mixed, dict(other.recipe)).measure("fc").values, np.arctanh(matrix_to_edges(squares) * 0.999), atol=1e-5
    )


def test_codes_are_kept_and_files_left_out_and_taken_back(mixed):
    cohort = opened(mixed)
    line = line_of(cohort, "score: -9999 (once) read as missing")
    assert not line.certain
    kept = opened(mixed, dict(way(line, "Keep all").recipe))
    assert np.nanmin(kept.phenotype("score").values) == -9999
    assert line_of(kept, "score: -9999 (once) kept as a number").certain

    table = line_of(cohort, "from more.csv")
    without = opened(mixed, dict(way(table, "Leave it out").recipe))
    assert "weight" not in without.phenotypes
    left = line_of(without, "more.csv")
    assert left.topic == "not used"
    assert any("recipe says" in entry.message and "more.csv" in entry.items for entry in without.log)
    again = opened(mixed, merged(way(table, "Leave it out").recipe, way(left, "Use it").recipe))
    assert "weight" in again.phenotypes


def test_answers_about_a_table_that_is_left_out_wait_for_it(mixed):
    answers = {"columns": {"score": {"missing": []}}, "people": {"table": "pheno.csv"}}
    out = {"files": {"pheno.csv": {"ignore": True}}}
    without = opened(mixed, merged(answers, out))
    assert "score" not in without.phenotypes
    assert any("no table that is used" in entry.message and entry.items == ("score",) for entry in without.log)
    back = opened(mixed, merged(merged(answers, out), {"files": {"pheno.csv": {"ignore": False}}}))
    assert np.nanmin(back.phenotype("score").values) == -9999
    with pytest.raises(InputError, match="the recipe names the column 'scores'"):
        opened(mixed, {"columns": {"scores": {"missing": []}}})


def test_answers_are_combined_one_after_another(mixed):
    """As somebody clicks through the screen: whatever was answered before, the next answer opens or asks."""
    recipe: dict[str, Any] = {}
    for line in opened(mixed).understood:
        for one in line.alternatives:
            if one.chosen:
                continue
            try:
                opened(mixed, merged(recipe, one.recipe))
            except Question:
                continue
            recipe = merged(recipe, one.recipe)
    assert len(recipe) == 4


def test_many_columns_with_codes_are_one_line(tmp_path):
    columns = {f"s{n}": [-9999, *range(n, n + len(PEOPLE) - 1)] for n in range(8)}
    top = write(tmp_path / "t", **columns)
    line = line_of(opened(top), "Codes for missing values in 8 columns")
    assert len(line.items) == 8
    kept = opened(top, dict(way(line, "Keep all").recipe))
    assert all(np.nanmin(kept.phenotype(name).values) == -9999 for name in columns)
    assert way(line_of(kept, "in 8 columns"), "Keep all").chosen


def test_whose_scans_are_and_who_is_not_in_the_table_is_said_with_the_rules(tmp_path, squares):
    top = write(tmp_path / "t", people=[f"{n:02d}" for n in range(2, len(PEOPLE) + 1)] + ["99"])
    write_squares(top, squares, [f"sub-{n}" for n in range(1, len(PEOPLE) + 1)])
    cohort = opened(top, {"people": {"join": "without leading zeros"}})
    line = line_of(cohort, f"{len(PEOPLE) - 1} of {len(PEOPLE)} subjects of scans found in pheno.csv")
    assert line.items == ("not in pheno.csv: sub-1",)
    assert line.certain, "the rule was answered"


# --- questions ------------------------------------------------------------------------------------


def test_a_question_has_its_answers_as_values_and_pictures_of_the_orders(tmp_path, rng):
    top = streamlines(write(tmp_path / "study"), rng)
    with pytest.raises(Question) as caught:
        opened(top)
    (question,) = caught.value.questions
    assert question.found.startswith(f"{COUNTS} holds connectivity of {len(PEOPLE)} scans")
    orders = [one.recipe["files"][COUNTS]["order"] for one in question.alternatives]
    assert orders == ["rows", "columns"]
    for one in question.alternatives:
        cohort = opened(top, dict(one.recipe))
        square = edges_to_matrix(cohort.measure("streamlines").values[0])
        off = ~np.eye(N, dtype=bool)
        np.testing.assert_allclose(one.sketch[off], square[off], rtol=1e-6)
        assert np.isnan(np.diag(one.sketch)).all()
        assert way(line_of(cohort, "Edges of streamlines"), one.meaning).chosen


def test_several_questions_come_at_once(tmp_path, rng, squares):
    np.save(tmp_path / "a.npy", written(squares, "rows", diagonal=False))
    np.save(tmp_path / "b.npy", np.ones((6, 6, 6)))
    with pytest.raises(Questions) as caught:
        opened(tmp_path)
    assert {question.found.split(" ")[0] for question in caught.value.questions} == {"a.npy", "b.npy"}


def test_a_sketch_of_many_parcels_is_their_means():
    n = 200
    square = np.add.outer(np.arange(n), np.arange(n)) / n
    found = sketch_of(matrix_to_edges(square), Layout(n, "rows", diagonal=False))
    assert found.shape == (90, 90)
    assert found[0, 89] == pytest.approx(square[0:2, 197:200].mean(), abs=0.02)
    with np.errstate(invalid="ignore"):
        assert np.all(np.diff(found[5, 6:]) > 0)


def test_a_sketch_of_what_is_no_number_is_empty_there():
    vector = np.array([np.inf, 1.0, np.nan, -1e300, 0.5, 2.0])
    found = sketch_of(vector, Layout(4, "rows", diagonal=False))
    np.testing.assert_array_equal(found[np.triu_indices(4, k=1)], [0, 1, 0, 0, 0.5, 2])


class Held:
    """Files in memory, as the page hands them over."""

    def __init__(self, top: Path) -> None:
        found = sorted(path for path in top.rglob("*") if path.is_file())
        self.paths = [path.relative_to(top.parent).as_posix() for path in found]
        self.data = [path.read_bytes() for path in found]
        self.sizes = [len(data) for data in self.data]

    def read(self, index: int, start: int, stop: int) -> bytes:
        return self.data[index][start:stop]


def call(engine: Engine, name: str, files: Held | None = None, /, **arguments: Any) -> tuple[Any, Any]:
    answer, buffers = asyncio.run(engine.handle(name, json.dumps(arguments), files))
    return json.loads(answer), buffers


def test_the_engine_hands_out_questions_pictures_and_the_recipe(tmp_path, rng):
    top = streamlines(write(tmp_path / "study"), rng)
    engine, files = Engine(), Held(top)
    with pytest.raises(InputError) as caught:
        call(engine, "open_files", files, paths=files.paths)
    (question,) = json.loads(engine.questions_of(caught.value))
    assert [one["sketched"] for one in question["alternatives"]] == [True, True]
    answer, buffers = call(engine, "sketches", question=0)
    assert answer == {"size": N}
    assert buffers["pixels"].shape == (2, N, N, 4)
    assert not np.array_equal(*buffers["pixels"])
    recipe = question["alternatives"][1]["recipe"]
    overview, _ = call(engine, "open_files", files, paths=files.paths, recipe=recipe)
    assert overview["recipe"] == recipe
    place = next(n for n, line in enumerate(overview["understood"]) if "Edges of" in line["text"])
    _, drawn = call(engine, "sketches", line=place)
    np.testing.assert_array_equal(drawn["pixels"], buffers["pixels"])
    assert call(engine, "sketches", line=0)[0] == {"size": 0}
    with pytest.raises(InputError, match="not asked any more"):
        call(engine, "sketches", question=0)
    saved, buffers = call(engine, "save_recipe")
    assert saved["filename"] == "study.recipe.json"
    assert json.loads(bytes(buffers["file"])) == recipe
    script, _ = call(engine, "script", analysis="phenotype-distribution", params={"phenotype": "age"})
    assert f"recipe={recipe!r}" in script["script"]


def test_a_refusal_without_a_question_asks_nothing():
    assert Engine().questions_of(InputError("No.")) == "[]"


# --- a recipe among the files ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["any.recipe.json", "deeper/my.recipe.json", "answers.json"])
def test_a_recipe_among_the_files_answers(tmp_path, rng, name):
    top = streamlines(write(tmp_path / "study"), rng)
    (top / name).parent.mkdir(exist_ok=True)
    (top / name).write_text(json.dumps({"files": {COUNTS: {"order": "rows"}}}))
    assert way(line_of(opened(top), "Edges of"), "row by row").chosen
    given = {"files": {COUNTS: {"order": "columns"}}}
    assert way(line_of(opened(top, given), "Edges of"), "column by column").chosen, "what is given comes first"


def test_a_folder_dropped_beside_its_recipe_is_read_as_that_folder_alone(tmp_path, rng):
    top = tmp_path / "drop"
    streamlines(write(top / "study"), rng)
    (top / "study.recipe.json").write_text(json.dumps({"files": {COUNTS: {"order": "rows"}}}))
    listing, recipe = with_own_recipe(listing_of(top), None)
    assert listing.name == "study"
    assert recipe == {"files": {COUNTS: {"order": "rows"}}}
    assert opened(top).n_subjects == len(PEOPLE)


def test_other_json_is_no_recipe(tmp_path):
    top = write(tmp_path / "t")
    for name, content in (("a.json", {"columns": {"age": {"unit": "years"}}}), ("b.json", {}), ("c.json", [1])):
        (top / name).write_text(json.dumps(content))
    assert opened(top).n_subjects == len(PEOPLE)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.recipe.json": "{"}, "a.recipe.json is not JSON"),
        ({"a.recipe.json": "[]"}, "is a JSON object"),
        ({"a.recipe.json": "{}", "b.recipe.json": "{}"}, "several recipes: a.recipe.json, b.recipe.json"),
        ({"a.recipe.json": '{"files": {"no.csv": {}}}'}, "the recipe names 'no.csv'"),
    ],
)
def test_a_recipe_that_cannot_be_used_is_refused_in_words(tmp_path, files, message):
    top = write(tmp_path / "t")
    for name, text in files.items():
        (top / name).write_text(text)
    with pytest.raises(InputError, match=message):
        opened(top)


def test_a_recipe_alone_wants_its_files(tmp_path):
    (tmp_path / "a.recipe.json").write_text("{}")
    with pytest.raises(InputError, match="holds no data: open it together with the files"):
        opened(tmp_path)


def test_the_command_converts_with_what_the_page_saved(tmp_path, rng, capsys):
    top = streamlines(write(tmp_path / "study"), rng)
    recipe = tmp_path / "study.recipe.json"
    recipe.write_text(json.dumps({"files": {COUNTS: {"order": "columns"}}}, indent=2))
    out = tmp_path / "out.zip"
    assert main(["convert", str(top), str(out), "--recipe", str(recipe)]) == 0
    direct = opened(top, json.loads(recipe.read_text()))
    np.testing.assert_array_equal(opened(out).measure("streamlines").values, direct.measure("streamlines").values)
    assert main(["run", "phenotype-distribution", str(top), "--params", '{"phenotype": "age"}']) == 2
    assert "Answer in a recipe" in capsys.readouterr().err
    given = ["--params", '{"phenotype": "age"}', "--recipe", str(recipe)]
    assert main(["run", "phenotype-distribution", str(top), *given]) == 0


# --- the second cohort, and bundles ---------------------------------------------------------------


@pytest.fixture
def both(tmp_path, rng) -> tuple[Engine, Held]:
    """The same study open as both cohorts, the second with its edges read row by row."""
    top = streamlines(write(tmp_path / "study", DX=[n % 2 for n in range(len(PEOPLE))]), rng)
    engine, files = Engine(), Held(top)
    for place in ("first", "second"):
        recipe = {"files": {COUNTS: {"order": "rows" if place == "second" else "columns"}}}
        call(engine, "open_files", files, paths=files.paths, recipe=recipe, place=place)
    return engine, files


def test_the_second_cohort_has_its_own_lines_pictures_and_recipe(both):
    engine, _ = both
    overview, _ = call(engine, "overview")
    second = overview["second"]
    assert second["recipe"] == {"files": {COUNTS: {"order": "rows"}}}
    place = next(n for n, line in enumerate(second["understood"]) if "Edges of" in line["text"])
    chosen = [one["meaning"] for one in second["understood"][place]["alternatives"] if one["chosen"]]
    assert "row by row" in chosen[0]
    _, drawn = call(engine, "sketches", line=place, place="second")
    assert drawn["pixels"].shape == (2, N, N, 4)
    _, buffers = call(engine, "save_recipe", place="second")
    assert json.loads(bytes(buffers["file"])) == second["recipe"]


def test_columns_of_the_second_cohort_are_corrected_apart_and_scripts_say_so(both):
    engine, _ = both
    labels = {"DX": {"labels": {"0": "control", "1": "patient"}}}
    overview, _ = call(engine, "correct_columns", columns=labels, place="second")
    assert (overview["columns"], overview["second"]["columns"]) == ({}, labels)
    assert overview["recipe"] == {"files": {COUNTS: {"order": "columns"}}}
    column, _ = call(engine, "column", name="DX", place="second")
    assert (column["correction"], column["kind"]) == (labels["DX"], "number")
    cohort = engine.workspace.now.cohort
    assert cohort.companion is not None
    assert cohort.companion.phenotype("DX").levels == ("control", "patient")
    assert cohort.phenotype("DX").kind == "number"
    answers = recipe_of(engine.workspace.now.second)
    assert answers == {"files": {COUNTS: {"order": "rows"}}, "columns": labels}
    undone, _ = call(engine, "correct_columns", columns={}, place="second")
    assert undone["second"]["columns"] == {}


def test_a_correction_of_the_open_cohort_keeps_the_answers_with_which_it_was_read(both):
    engine, _ = both
    overview, _ = call(engine, "correct_columns", columns={"DX": {"kind": "category"}})
    assert overview["recipe"] == {"files": {COUNTS: {"order": "columns"}}}
    assert overview["second"]["recipe"] == {"files": {COUNTS: {"order": "rows"}}}


def test_a_second_cohort_is_loaded_with_its_own_recipe(tmp_path, rng):
    top = streamlines(write(tmp_path / "study", DX=[n % 2 for n in range(len(PEOPLE))]), rng)
    answer = {"files": {COUNTS: {"order": "rows"}}}
    cohort = load(top, second=top, recipe=answer, second_recipe={**answer, "columns": {"DX": {"kind": "category"}}})
    assert cohort.companion is not None
    assert (cohort.phenotype("DX").kind, cohort.companion.phenotype("DX").kind) == ("number", "category")


def test_a_bundle_keeps_the_recipe_of_the_files_that_it_was_made_of(tmp_path, rng):
    top = streamlines(write(tmp_path / "study"), rng)
    answer = {"files": {COUNTS: {"order": "rows"}}}
    for name, source in (("a.zip", opened(top, answer)), ("b.zip", None)):
        (tmp_path / name).write_bytes(finish(bundle_bytes(source or opened(tmp_path / "a.zip"))))
    again = opened(tmp_path / "b.zip")
    assert again.recipe == answer
    lines = [entry for entry in again.log if "read with a recipe" in entry.message]
    assert [json.loads(item) for item in lines[0].items] == [answer]
    assert len(lines) == 1
    (tmp_path / "b").mkdir()
    files, engine = Held((tmp_path / "b.zip").rename(tmp_path / "b" / "b.zip").parent), Engine()
    call(engine, "open_files", files, paths=files.paths)
    assert json.loads(bytes(call(engine, "save_recipe")[1]["file"])) == answer


def test_a_command_and_its_script_take_the_answers_of_both_cohorts(tmp_path, rng, capsys):
    top = streamlines(
        write(tmp_path / "study", DX=[n % 2 for n in range(len(PEOPLE))], age=[20 + n for n in range(len(PEOPLE))]), rng
    )
    answer = tmp_path / "a.recipe.json"
    answer.write_text(json.dumps({"files": {COUNTS: {"order": "rows"}}, "columns": {"DX": {"kind": "category"}}}))
    given = ["run", "edge-replication", str(top), "--second", str(top), "--params", '{"phenotype": "age"}']
    assert main([*given, "--recipe", str(answer)]) == 2
    assert "Answer in a recipe" in capsys.readouterr().err
    html = tmp_path / "report.html"
    both = ["--recipe", str(answer), "--second-recipe", str(answer), "--html", str(html)]
    assert main([*given, *both]) == 0
    assert "second_recipe=" in html.read_text(encoding="utf-8")


def test_what_is_in_doubt_is_settled_by_the_answer_that_was_taken(tmp_path, squares):
    """So that a user who agrees is not asked again, of a bundle either."""
    people = len(PEOPLE)
    sex, days = ["M", "m", "F"] * 4, [f"2020-01-{day:02d}" for day in range(1, people + 1)]
    write(tmp_path / "study", score=[-9999, *range(100, 99 + people)], sex=sex, seen=days, site=[1, 2, 3] * 4)
    write_squares(tmp_path / "study", squares)
    cohort = opened(tmp_path / "study")
    doubtful = [line for line in cohort.understood if not line.certain]
    assert [line.topic for line in doubtful] == ["parcels", *["phenotypes"] * 4]
    recipe: dict[str, Any] = {}
    for line in doubtful:
        (taken,) = [one for one in line.alternatives if one.chosen]
        recipe = merged(recipe, taken.recipe)
    again = opened(tmp_path / "study", recipe)
    (tmp_path / "b.zip").write_bytes(finish(bundle_bytes(again)))
    for one in (again, opened(tmp_path / "b.zip")):
        assert [line.text for line in one.understood if not line.certain] == []
        np.testing.assert_array_equal(one.phenotype("score").values, cohort.phenotype("score").values)
        for name in ("sex", "seen", "site"):
            assert one.phenotype(name).kind == cohort.phenotype(name).kind
            np.testing.assert_array_equal(one.phenotype(name).values, cohort.phenotype(name).values)


def test_subjects_with_several_rows_are_something_to_look_at(tmp_path):
    cohort = opened(write(tmp_path / "t", people=[*PEOPLE, PEOPLE[3]], age=list(range(20, 33))))
    line = line_of(cohort, "1 subject with several rows in pheno.csv; the first row is used")
    assert not line.certain
    assert line.items == (PEOPLE[3],)
    assert [one.recipe for one in line.alternatives] == [{"people": {"visit": ""}}]
    assert line_of(opened(tmp_path / "t", {"people": {"visit": ""}}), "several rows").certain


def test_which_column_tells_visits_is_answered_and_taken_back(tmp_path):
    n = len(PEOPLE)
    when, score = ["before"] * n + ["after"] * n, [*range(n), *range(10, 10 + n)]
    top = write(tmp_path / "t", people=[*PEOPLE, *PEOPLE], when=when, score=score, sex=["F", "M"] * n)
    line = line_of(opened(top), "12 subjects with several rows")
    np.testing.assert_array_equal(opened(top).phenotype("score").values, range(n))
    answer = way(line, "The column when tells the visits").recipe
    of_visits = opened(top, answer)
    np.testing.assert_array_equal(of_visits.phenotype("score").values, np.arange(n) + 5)
    assert line_of(of_visits, "the column when tells the visits").certain
    back = opened(top, merged(answer, way(line_of(of_visits, "several rows"), "first row").recipe))
    np.testing.assert_array_equal(back.phenotype("score").values, range(n))
