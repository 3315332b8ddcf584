"""Command: what is printed and written, and how refusals end; the exported script, run as a user runs it."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest

from forms import untouched
from imagenomer import __version__
from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import GroupChoice, read_params, uses_second, without_unused
from imagenomer.cli import main
from imagenomer.cohort import Cohort, LogEntry, Scan
from imagenomer.companion import with_companion
from imagenomer.downloads import result_stem, stem
from imagenomer.edges import edge_index
from imagenomer.errors import InputError
from imagenomer.progress import Progress, finish
from imagenomer.script import script_of

ROOT = Path(__file__).parents[1]


@pytest.fixture
def demo(cohort, monkeypatch) -> Cohort:
    """The cohort of the fixtures, opened as demo:quick; the seed is its name."""

    def generate(*, size, seed, recipe=None):
        yield Progress("Drawing subjects", 1, 2)
        return replace(cohort, name=f"{size} {seed}")

    monkeypatch.setattr("imagenomer.teaching.generate", generate)
    return cohort


def printed(capsys, *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


def refused(capsys, *arguments: str) -> str:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("imagenomer: ")
    return captured.err


def strict(text: str):
    return json.loads(text, parse_constant=pytest.fail)


# --- open ----------------------------------------------------------------------------------------


def test_open_says_in_words_what_there_is_and_what_became_of_the_files(cohort, demo, capsys, monkeypatch):
    cohort.set_aside = (Scan("rest", "41"), Scan("rest", "42"))
    cohort.log = (LogEntry("warning", "2 scans without demographics", ("41", "42")),)
    text = printed(capsys, "open", "demo:quick")
    assert "40 subjects\n" in text
    assert "81 scans (rest 41, nback 40), 79 of them in use (rest 39, nback 40)\n" in text
    assert "6 parcels (Six); networks: DMN, VIS\n" in text
    assert "age: 1" in text
    assert "; 1 missing\n" in text
    assert "site: A 40\n" in text
    assert "warning: 2 scans without demographics\n    41, 42\n" in text


def test_open_prints_the_overview_of_the_page_as_strict_json(demo, capsys):
    overview = strict(printed(capsys, "open", "demo:full:7", "--json"))
    assert (overview["name"], overview["n_subjects"]) == ("full 7", 40)


@pytest.mark.parametrize(
    "where",
    [
        "demo:",
        "demo:huge",
        "demo:quick:x",
        "demo:quick:1:2",
        "demo:full:-1",
        "demo:full:1:both:2",
        "demo2:small",
        "demo2:quick:1:both",
    ],
)
def test_a_teaching_cohort_that_there_is_not_is_refused_with_those_there_are(demo, capsys, where):
    message = refused(capsys, "open", where)
    for known in ("demo:SIZE:SEED", "demo2:SIZE", "quick, full, small", "pure-confound"):
        assert known in message


def test_the_second_teaching_cohort_and_other_planted_truths_open_by_name(capsys):
    assert strict(printed(capsys, "open", "demo2:quick:3", "--json"))["n_subjects"] == 300
    text = printed(capsys, "open", "demo:small:3:both")
    assert "300 subjects\n" in text
    assert "both a confound and a real effect" in text


# --- analyses and run ----------------------------------------------------------------------------


def test_analyses_lists_every_analysis_with_its_parameters(capsys):
    catalog = strict(printed(capsys, "analyses", "--json"))
    text = printed(capsys, "analyses")
    assert [entry["name"] for entry in catalog] == list(load_analyses())
    for entry in catalog:
        assert entry["name"] in text
        assert all(field["name"] in text for field in entry["fields"])


def test_run_prints_the_numbers_and_writes_arrays_and_figures(demo, capsys, tmp_path):
    arrays, figure = tmp_path / "out.npz", tmp_path / "out.svg"
    params = json.dumps({"task": "rest", "group": "age > 0"})
    arguments = ("run", "connectivity-summary", "demo:quick", "--params", params)
    numbers = strict(printed(capsys, *arguments, "--arrays", str(arrays), "--figure", str(figure), "--width", "183"))
    assert numbers["n_subjects"] == 38
    assert b'width="183mm"' in figure.read_bytes()
    rows = [i for i, scan in enumerate(demo.scans) if scan.task == "rest" and scan.subject != "5"]
    with np.load(arrays) as saved:
        mean = demo.measures["fc"].values[rows].astype(np.float64).mean(axis=0)
        np.testing.assert_allclose(saved["mean"], mean, atol=1e-12)
    assert figure.read_bytes().startswith(b"<?xml")
    assert (tmp_path / "out_sd.svg").read_bytes().startswith(b"<?xml")
    assert {path.name for path in tmp_path.iterdir()} == {"out.npz", "out.svg", "out_sd.svg"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "edge-asociation", "demo:quick"), "no analysis 'edge-asociation'; there are: "),
        (("run", "connectivity-summary", "demo:quick", "--params", "{"), "--params is not JSON"),
        (("run", "connectivity-summary", "demo:quick", "--params", "[1]"), "--params is a JSON object"),
        (("run", "connectivity-summary", "demo:quick", "--params", '{"taks": 1}'), "has no parameter 'taks'"),
        (("run", "connectivity-summary", "demo:quick", "--figure", "out.gif"), "does not end in .svg, .pdf or .png"),
        (("run", "connectivity-summary", "demo:quick", "--width", "89"), "name where they are saved with --figure"),
        (
            ("run", "connectivity-summary", "demo:quick", "--figure", "out.svg", "--width", "8.9"),
            "a figure is 30 to 600 mm wide, not 8.9; 89 is one column of a journal",
        ),
        (("run", "connectivity-summary", "demo:quick", "--figure", "out.svg", "--width", "nan"), "not nan"),
        (
            ("run", "connectivity-summary", "demo:quick", "--params", '{"group": "age >"}'),
            "expected a field or a value",
        ),
        (("run", "connectivity-summary", "demo:quick", "--arrays", "nowhere/out.npz"), "cannot be written"),
        (("convert", "demo:quick", "out.tar"), "a bundle is a .zip"),
    ],
)
def test_what_the_user_can_correct_is_a_message_and_exit_2(demo, capsys, monkeypatch, tmp_path, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, *arguments)


@pytest.mark.parametrize(
    ("analysis", "params", "place"),
    [
        ("connectivity-summary", {"group": "age > 0 and agge > 1"}, "agge"),
        ("phenotype-distribution", {"phenotype": "age", "groups": ["age > 0", "age >\t0 and (age ! 3)"]}, "! 3"),
    ],
)
def test_a_refused_group_is_printed_with_a_caret_under_the_place(demo, capsys, analysis, params, place):
    _, line, caret = refused(capsys, "run", analysis, "demo:quick", "--params", json.dumps(params)).splitlines()
    assert line.strip() == (params.get("group") or params["groups"][1]).replace("\t", " ")
    assert caret.strip() == "^"
    assert line[caret.index("^") :].startswith(place)


def test_arrays_of_an_analysis_that_has_none_are_refused_before_anything_is_written(demo, capsys, tmp_path):
    run = ("run", "phenotype-distribution", "demo:quick", "--params", '{"phenotype": "age"}')
    out = ("--arrays", str(tmp_path / "out.npz"), "--figure", str(tmp_path / "out.svg"))
    assert "this analysis has no arrays" in refused(capsys, *run, *out)
    assert list(tmp_path.iterdir()) == []


def test_a_converted_cohort_opens_with_the_same_values(demo, capsys, tmp_path):
    bundle = tmp_path / "forty.zip"
    assert printed(capsys, "convert", "demo:quick", str(bundle)) == ""
    assert list(tmp_path.iterdir()) == [bundle]
    opened = strict(printed(capsys, "open", str(bundle), "--json"))
    given = strict(printed(capsys, "open", "demo:quick", "--json"))
    for name in ("name", "n_subjects", "tasks", "measures", "phenotypes", "parcellation", "measures_limit"):
        assert opened[name] == given[name]
    run = ("run", "connectivity-summary")
    assert printed(capsys, *run, str(bundle)) == printed(capsys, *run, "demo:quick")
    assert "cannot be written" in refused(capsys, "convert", "demo:quick", str(tmp_path / "nowhere" / "forty.zip"))


def test_the_module_runs_as_the_command():
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "py")}
    done = subprocess.run(
        [sys.executable, "-m", "imagenomer", "--version"], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout == f"imagenomer {__version__}\n"


def test_a_lack_of_memory_is_a_message_and_exit_2_and_no_other_bug_is(demo, capsys, monkeypatch):
    def generate(error):
        def raised(*_, **__):
            raise error

        return raised

    monkeypatch.setattr("imagenomer.cli.overview_of", generate(MemoryError("Unable to allocate 9 GiB")))
    assert main(["open", "demo:quick"]) == 2
    assert "there is not enough memory; choose a smaller group" in capsys.readouterr().err
    monkeypatch.setattr("imagenomer.cli.overview_of", generate(ValueError("a bug")))
    with pytest.raises(ValueError, match="a bug"):
        main(["open", "demo:quick"])


def test_a_reader_that_has_gone_is_no_error():
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "py")}
    command = f'"{sys.executable}" -m imagenomer analyses --json | true; exit "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# --- scripts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", load_analyses())
def test_the_exported_script_reproduces_numbers_arrays_and_figures(name, demo, capsys, monkeypatch, tmp_path):
    analysis = load_analyses()[name]
    given = untouched(analysis, demo)
    monkeypatch.chdir(tmp_path)
    params = read_params(analysis, given)
    second = "demo:quick:2" if uses_second(analysis, params) else None
    demo = demo if second is None else with_companion(demo, demo)
    result = finish(analysis.compute(demo, params))
    has_arrays = bool(analysis.report(demo, params, result).arrays)
    arrays = ("--arrays", "run.npz") if has_arrays else ()
    typed = json.dumps(without_unused(given, params))
    beside = () if second is None else ("--second", second)
    run = ("run", name, "demo:quick", *beside, "--params", typed, "--figure", "run.svg")
    numbers = strict(printed(capsys, *run, *arrays))
    script = script_of(name, analysis, params, cohort="demo:quick", second=second, output="again")
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    runpy.run_path("script.py")
    assert strict((tmp_path / "again.json").read_text(encoding="utf-8")) == numbers
    assert (tmp_path / "again.npz").exists() == has_arrays
    if has_arrays:
        with np.load("run.npz") as ours, np.load("again.npz") as again:
            assert set(ours) == set(again)
            for array in ours:
                np.testing.assert_array_equal(ours[array], again[array])
    first, *_ = analysis.figures(demo, params, result, analysis.report(demo, params, result), "light")
    assert (tmp_path / f"again_{first}.svg").read_bytes() == (tmp_path / "run.svg").read_bytes()


def test_the_parcels_can_be_named_in_a_terminal_and_are_in_the_script(demo, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    overview = strict(printed(capsys, "open", "demo:quick", "--atlas", "none", "--json"))
    assert overview["parcellation"]["labels"][0] == "Parcel 1"
    assert "power-264 has 264 parcels" in refused(capsys, "open", "demo:quick", "--atlas", "power-264")
    printed(capsys, "convert", "demo:quick", "plain.zip", "--atlas", "none")
    assert strict(printed(capsys, "open", "plain.zip", "--json"))["parcellation"]["networks"] == [""] * 6

    analysis = load_analyses()["connectivity-summary"]
    params = read_params(analysis, {})
    arguments = {"cohort": "demo:quick", "output": "again", "atlas": "none"}
    (tmp_path / "script.py").write_text(
        script_of("connectivity-summary", analysis, params, **arguments), encoding="utf-8"
    )
    ran = runpy.run_path("script.py")
    assert ran["cohort"].parcellation.labels[5] == "Parcel 6"


@dataclass(frozen=True, slots=True)
class GroupParams:
    group: Annotated[str | None, GroupChoice()] = None


def test_nothing_in_a_name_becomes_code(demo, monkeypatch, tmp_path):
    attack = '"""\nopen("owned", "w")\n# {cohort} %s \\'
    analysis = replace(load_analyses()["connectivity-summary"], params=GroupParams)
    script = script_of("connectivity-summary", analysis, GroupParams(attack), cohort=attack, output=attack)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    opened = []
    monkeypatch.setattr("imagenomer.load.load", lambda where: opened.append(where) or demo)
    with pytest.raises(InputError, match="closed"):
        runpy.run_path("script.py")
    assert opened == [attack]
    assert list(tmp_path.iterdir()) == [tmp_path / "script.py"]


def test_a_file_is_named_after_what_it_holds():
    analysis = replace(load_analyses()["connectivity-summary"], params=GroupParams)
    assert result_stem("mean", analysis, GroupParams('sex == "F" and age>3'), {}) == "mean_sex-F-and-age-3"
    assert result_stem("mean", analysis, GroupParams(), {"group": None}) == "mean"
    assert result_stem("mean", analysis, GroupParams(), {"group": "chosen"}) == "mean_chosen"
    assert stem("../../etc/passwd", "ä ö") == "etc-passwd_ä-ö"
    assert stem("...") == "imagenomer"
    assert len(stem("x" * 500)) == 120


# --- the real cohort -----------------------------------------------------------------------------


def test_the_fibromyalgia_cohort_is_told_in_words(shared_data, capsys):
    text = printed(capsys, "open", str(shared_data / "fibromyalgia"))
    assert "66 subjects\n" in text
    assert "135 scans (rest 68, epr 67)" in text


@pytest.mark.parametrize(
    ("params", "edge", "r", "n_significant"),
    [
        ({"phenotype": "Age", "task": "rest"}, (23, 216), -0.496549, 0),
        ({"phenotype": "Fibromyalgia", "level": "Yes", "task": "rest"}, (9, 115), -0.557780, 1),
        ({"phenotype": "Rheumatology_Score_1"}, (11, 186), -0.539665, 0),
    ],
)
def test_the_fibromyalgia_cohort_gives_the_known_strongest_edges(
    shared_data, capsys, tmp_path, params, edge, r, n_significant
):
    where, arrays = str(shared_data / "fibromyalgia"), tmp_path / "out.npz"
    given = json.dumps({**params, "measure": "fc"})
    numbers = strict(printed(capsys, "run", "edge-association", where, "--params", given, "--arrays", str(arrays)))
    assert (numbers["n_subjects"], numbers["dof"], numbers["n_tests"]) == (66, 64, 34716)
    assert numbers["n_significant"] == n_significant
    top = numbers["top"][0]
    assert (top["parcel_a"], top["parcel_b"]) == edge
    assert top["r"] == pytest.approx(r, abs=5e-7)
    with np.load(arrays) as saved:
        assert saved["r"].shape == saved["neg_log10_p"].shape == (34716,)
        strongest = edge_index(*edge, 264)
        assert np.argmax(np.abs(saved["r"])) == np.argmax(saved["neg_log10_p"]) == strongest
        assert saved["neg_log10_p"][strongest] == pytest.approx(-np.log10(top["p_value"]), rel=1e-6)


def test_an_expression_is_refused_with_a_caret_below_the_place(demo, capsys):
    params = json.dumps({"maps": [["A", {"scan": 0, "measure": "fc"}]], "expression": "A - C"})
    message = refused(capsys, "run", "image-maths", "demo:quick", "--params", params)
    assert message == "imagenomer: no map 'C'; there are: A\n  A - C\n      ^\n"


def test_image_maths_takes_maps_as_an_object_too(demo, capsys):
    params = json.dumps({"maps": {"A": {"scan": 0, "measure": "fc"}}, "expression": "A - A"})
    numbers = strict(printed(capsys, "run", "image-maths", "demo:quick", "--params", params))
    assert (numbers["minimum"], numbers["maximum"]) == (0, 0)


def test_a_parameter_that_would_change_nothing_is_refused(demo, capsys):
    given = {"phenotype": "age", "permutations": 500}
    message = refused(capsys, "run", "edge-association", "demo:quick", "--params", json.dumps(given))
    assert message == (
        'imagenomer: permutations is used only where correction is "max-t" or "nbs" or "tfce", and it is "bonferroni", '
        "so it would change nothing; leave permutations out\n"
    )
    # At its default it says nothing, and where it matters it is used.
    for more in ({"permutations": 1000}, {"permutations": 100, "correction": "max-t"}):
        params = json.dumps({"phenotype": "age", "task": "rest"} | more)
        strict(printed(capsys, "run", "edge-association", "demo:quick", "--params", params))
