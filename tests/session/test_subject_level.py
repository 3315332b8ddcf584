"""Nothing of a single subject is in a session, unless the user says so."""

from __future__ import annotations

import asyncio
import json
import re

import numpy as np
import pytest

from imagenomer.engine import Engine
from imagenomer.session import session_bytes, settled_session, subject_level, without_subjects


def named(session, cohort):
    return [(one.part, one.place, one.why) for one in subject_level(settled_session(session), cohort)]


def test_a_session_of_choices_names_nobody(session, teaching):
    assert named(session, teaching) == []


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ('subject in ("T001", "T002")', "names a subject"),
        ('subject != "nobody"', "lists subjects"),
        ("not (subject is missing) and age > 100", "lists subjects"),
        ("age > 100 and `subject` == 3", "lists subjects"),
    ],
)
def test_a_group_of_listed_subjects_is_told(session, teaching, expression, why):
    session["groups"].append({"name": "Some", "expression": expression, "colour": 1})
    assert named(session, teaching) == [("groups", 2, why)]


def test_a_value_that_one_subject_has_and_a_group_of_one_are_told(session, teaching):
    moved = np.sort(teaching.phenotypes["mean_fd"].values)
    moved = moved[~np.isnan(moved)]
    alone = float(next(value for value in moved if np.count_nonzero(moved == value) == 1))
    for expression, why in (
        (f"mean_fd == {alone!r}", "asks for a value that a single subject has"),
        (f"mean_fd in ({alone!r}, 3)", "asks for a value that a single subject has"),
        (f"mean_fd > {float((moved[-1] + moved[-2]) / 2)!r}", "is a single subject"),
    ):
        session["groups"] = [{"name": "Who", "expression": expression, "colour": 0}]
        assert named(session, teaching) == [("groups", 0, why)], expression


def test_single_scans_and_what_is_made_of_them_are_told(session, teaching):
    scan = {"scan": 4, "measure": "fc"}
    session["tray"].append({"name": "B", "title": "Scan 5", "source": scan})
    params = {"expression": "A - B", "maps": [["A", session["tray"][0]["source"]], ["B", scan]]}
    session["results"].append({"name": "Difference", "analysis": "image-maths", "params": params})
    session["views"]["Maps"] = {"analysis": "image-maths", "params": params}
    of_one = "is of a single scan"
    assert named(session, teaching) == [("tray", 1, of_one), ("results", 1, of_one), ("views", "Maps", of_one)]


@pytest.mark.parametrize("note", ["see T017.", "sub-T017_task-rest", "Participant T017 moved", "(T017)"])
def test_a_note_that_names_a_subject_is_told(session, teaching, note):
    session["notes"] = note
    session["results"][0]["note"] = note
    assert [part for part, _, _ in named(session, teaching)] == ["results", "notes"]


def test_files_named_after_a_subject_are_told(session, teaching):
    session["recipe"] = {"files": {"fc/sub-T003.npy": {"order": "rows"}, "fc/*.npy": {"order": "rows"}}}
    found = subject_level(settled_session(session), teaching)
    assert [(one.part, one.place) for one in found] == [("recipe", "files/fc/sub-T003.npy")]
    left = without_subjects(settled_session(session), found)
    assert left["recipe"] == {"files": {"fc/*.npy": {"order": "rows"}}}


def test_what_the_engine_writes_holds_no_id_and_no_value(session, teaching):
    """The file is searched for every identifier, and for every value that is no whole number: those are counts too."""
    session["groups"].append({"name": "Some", "expression": 'subject in ("T001", "T002")', "colour": 1})
    session["tray"].append({"name": "B", "title": "Subject T009 · rest", "source": {"scan": 4, "measure": "fc"}})
    session["notes"] = "T044 moved"
    page = {part: session[part] for part in ("cohort", "groups", "tray", "tab", "views", "results", "notes")}

    async def saved(subjects):
        engine = Engine()
        await engine.handle("open_demo", '{"size": "quick", "seed": 1}')
        columns = {"columns": {"wrat": {"unit": "points", "missing": [-9999]}}}
        await engine.handle("correct_columns", json.dumps(columns))
        return await engine.handle("save_session", json.dumps({"session": page, "subjects": subjects}))

    asked, nothing = asyncio.run(saved("ask"))
    told = [one["what"] for one in json.loads(asked)["named"]]
    assert told == ["the group Some", "the map B", "the notes"]
    assert nothing == {}
    kept = asyncio.run(saved("keep"))[1]["file"].tobytes().decode()
    assert "T044" in kept
    assert 'subject in (\\"T001\\"' in kept
    answer, buffers = asyncio.run(saved("leave out"))
    assert json.loads(answer)["filename"].endswith(".session.json")
    text = buffers["file"].tobytes().decode()
    assert not set(re.findall(r"\w+", text)) & set(teaching.subjects)
    numbers = {float(word) for word in re.findall(r"-?\d+\.\d+", text)}
    values = {
        value
        for phenotype in teaching.phenotypes.values()
        if not phenotype.levels
        for value in phenotype.values.tolist()
        if value == value and not value.is_integer()
    }
    assert len(values) > 100
    assert numbers
    assert not numbers & values
    assert len(text) < 5000
    settled = json.loads(text)
    assert settled["columns"] == columns_of_test()
    assert [group["name"] for group in settled["groups"]] == ["Older", "Girls at A"]
    assert session_bytes(settled_session(settled)).decode() == text


def columns_of_test():
    return {"wrat": {"missing": [-9999], "unit": "points"}}
