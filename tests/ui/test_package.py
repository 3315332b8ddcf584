"""The page's forms and the package agree: on the kinds of fields, and on what a form sends."""

from __future__ import annotations

import dataclasses
import json
from typing import get_args

import pytest
from drawn_page import TOLD, DrawnTray
from logic.fields import KINDS
from logic.form import FormState
from logic.needs import NEEDS

from forms import mean_of
from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import Need, form_of, read_params
from imagenomer.analyses.contract.fields import Control
from imagenomer.cohort import Cohort
from imagenomer.companion import with_companion
from imagenomer.overview import overview_of
from imagenomer.types import Json


class Page:
    """What a form asks of the page: an overview, two groups and two maps."""

    def __init__(self, overview: dict[str, Json]) -> None:
        self.cohort = overview
        self.groups = [{"name": "Women", "expression": 'sex == "F"'}, {"name": "Older", "expression": "age > 150"}]
        self.tray = DrawnTray()
        for name, task in (("A", "rest"), ("B", "nback")):
            self.tray.entries.append({"name": name, "title": f"Mean of {task}", "source": mean_of(task)})


@pytest.fixture
def page(cohort: Cohort) -> Page:
    second = dataclasses.replace(cohort, name="Others")
    return Page(json.loads(json.dumps(overview_of(with_companion(cohort, second)))))


def fields_of(name: str) -> list[dict[str, Json]]:
    """The fields of an analysis as they are in the page: what came as JSON."""
    fields: list[dict[str, Json]] = json.loads(json.dumps(form_of(load_analyses()[name])))
    return fields


def test_the_page_knows_every_control_and_tests_every_kind_of_field_as_the_package_describes_it() -> None:
    told = [field for name in load_analyses() for field in fields_of(name)]
    assert {field["marker"] for field in told} == set(TOLD)
    assert {control for control, _ in KINDS} == set(get_args(Control))
    for field in told:
        whole = {"none_option": field["whole"] or None} if field["marker"] == "LevelChoice" else {}
        expected = TOLD[field["marker"]] | whole
        assert {key: field[key] for key in expected} == expected


def test_the_page_knows_every_need_and_where_the_overview_lists_it(page: Page) -> None:
    assert {need for need, *_ in NEEDS} == set(get_args(Need))
    assert {where for _, where, *_ in NEEDS} <= set(page.cohort)


@pytest.mark.parametrize("name", load_analyses())
def test_what_a_form_sends_by_itself_and_with_each_choice_is_accepted(name: str, page: Page) -> None:
    state = FormState(page, fields_of(name))
    state.refresh()
    for field in state.fields:
        if field.control == "text" and field.entry["required"]:
            assert state.values() is None
            state.take(field.name, field.entry["placeholder"])
    begun = state.values()
    read_params(load_analyses()[name], begun)
    for field in state.fields:
        for value, _ in state.options(field):
            state.set(begun)
            state.take(field.name, [value] if isinstance(begun[field.name], list) else value)
            read_params(load_analyses()[name], json.loads(json.dumps(state.values())))


@pytest.mark.parametrize("name", load_analyses())
def test_what_was_sent_is_taken_over_as_it_was(name: str, page: Page) -> None:
    state, again = FormState(page, fields_of(name)), FormState(page, fields_of(name))
    state.refresh()
    again.refresh()
    for field in state.fields:
        if field.control == "text":
            state.take(field.name, "A")
        offered = [value for value, _ in state.options(field)]
        if offered:
            state.take(field.name, offered[-1:] if isinstance(state.chosen[field.name], list) else offered[-1])
    again.set(json.loads(json.dumps(state.values())))
    assert again.values() == state.values()


def test_a_new_kind_whose_choices_the_overview_lists_needs_nothing_new_in_the_page(page: Page) -> None:
    (entry,) = (field for field in fields_of("connectivity-summary") if field["name"] == "task")
    page.cohort["scanners"] = [{"name": "A"}, {"name": "B"}]
    one = entry | {"name": "scanner", "marker": "ScannerChoice", "choices": "scanners", "none_option": "Any scanner"}
    several = one | {"name": "scanners", "control": "ticks", "default": []}
    state = FormState(page, [one, several])
    state.refresh()
    assert state.options(state.fields[0]) == [(None, "Any scanner"), ("A", "A"), ("B", "B")]
    state.take("scanners", ["B", "C"])
    state.refresh()
    assert state.values() == {"scanner": None, "scanners": ["B"]}
