"""A terminal computes what a session has kept, and gets the numbers of the page."""

from __future__ import annotations

import asyncio
import json

import pytest

from imagenomer.cli import main
from imagenomer.engine import Engine
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes
from imagenomer.session import cohort_of, session_bytes, settled_session

PARAMS = {"phenotype": "age", "group": "age > 150", "task": "rest"}


@pytest.fixture
def saved(cohort, session, tmp_path):
    """The forty subjects as a zip, and a session about them."""
    (tmp_path / "forty.zip").write_bytes(finish(bundle_bytes(cohort)))
    session |= {"measures": [], "recipe": None, "columns": {"age": {"unit": "weeks"}}, "tray": [], "views": {}}
    session["cohort"] |= {"name": "Forty", "where": "forty.zip", "demo": None}
    session["groups"].append({"name": "Tall", "expression": "height > 150", "colour": 2})
    session["results"] = [{"name": "Age", "note": "As planted", "analysis": "edge-association", "params": PARAMS}]
    path = tmp_path / "forty.session.json"
    path.write_bytes(session_bytes(settled_session(session)))
    return path


def test_a_terminal_computes_what_the_page_shows(saved, cohort, capsys):
    assert main(["session", str(saved), str(saved.parent / "forty.zip")]) == 0
    told = json.loads(capsys.readouterr().out)
    (result,) = told["results"]
    assert (result["name"], result["note"]) == ("Age", "As planted")

    async def shown():
        engine = Engine()
        engine.workspace.opened = None
        data = (saved.parent / "forty.zip").read_bytes()
        files = type("Files", (), {"sizes": [len(data)], "read": lambda self, index, start, stop: data[start:stop]})()
        await engine.handle("open_files", json.dumps({"paths": ["forty.zip"]}), files)
        answer, _ = await engine.handle("run", json.dumps({"analysis": "edge-association", "params": PARAMS}))
        return json.loads(answer)

    numbers = asyncio.run(shown())["numbers"]
    assert numbers == {key: value for key, value in result["numbers"].items() if key in numbers}
    assert numbers["n_subjects"] == int((cohort.phenotypes["age"].values > 150).sum()) - 1  # 40 has no such scan
    older, girls, tall = told["groups"]
    assert older["n"] + older["n_unknown"] <= 40
    assert older["n_unknown"] == 1
    assert "n" in girls or "problem" in girls
    assert "height" in tall["problem"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "the session is of forty.zip: say where that is"),
        ({"second": {"name": "Adults"}, "cohort": {"where": "demo:quick:1"}}, "second cohort, Adults: say where"),
    ],
)
def test_what_a_session_cannot_know_is_asked_for(saved, capsys, change, said):
    saved.write_text(json.dumps({**json.loads(saved.read_text(encoding="utf-8")), **change}), encoding="utf-8")
    assert main(["session", str(saved)]) == 2
    assert said in capsys.readouterr().err


def test_a_result_that_does_not_fit_is_named(saved, capsys):
    session = json.loads(saved.read_text(encoding="utf-8"))
    session["results"][0]["params"]["phenotype"] = "height"
    saved.write_text(json.dumps(session), encoding="utf-8")
    assert main(["session", str(saved), str(saved.parent / "forty.zip")]) == 2
    assert capsys.readouterr().err.startswith("imagenomer: Age: no phenotype 'height'")


def test_a_file_that_is_not_there_is_named(tmp_path, capsys):
    assert main(["session", str(tmp_path / "x.session.json")]) == 2
    assert "x.session.json cannot be read" in capsys.readouterr().err


def test_the_answers_of_a_second_cohort_are_kept_and_asked_of_no_other(saved, cohort, session):
    session["second"] = {"name": "Forty", "where": "forty.zip", "demo": None, "n_subjects": 40, "n_scans": 40}
    session["second_recipe"] = {"columns": {"age": {"kind": "category"}}}
    settled = settled_session(session)
    assert settled["second_recipe"] == session["second_recipe"]
    where = str(saved.parent / "forty.zip")
    both = finish(cohort_of(settled, where, where))
    assert both.companion is not None
    assert (both.phenotype("age").kind, both.companion.phenotype("age").kind) == ("number", "category")
    alone = finish(cohort_of({**settled, "second": None}, where))
    assert alone.companion is None
