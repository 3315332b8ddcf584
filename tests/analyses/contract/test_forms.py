"""Forms: what the page reads off an analysis holds together."""

from __future__ import annotations

import types
import typing

import pytest

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import Choice, Flag, Need, Tab, form_of, read_params
from imagenomer.engine import catalog
from imagenomer.jsonable import dumps

ANALYSES = load_analyses()


def can_take(analysis, name, value):
    """Whether the field ``name`` may have this value, as far as that does not depend on the cohort."""
    hint = typing.get_type_hints(analysis.params, include_extras=True)[name]
    marker, declared = hint.__metadata__[0], hint.__origin__
    if value is None:
        return isinstance(declared, types.UnionType) and type(None) in typing.get_args(declared)
    if isinstance(marker, Choice):
        return value in {option for option, _ in marker.options}
    return isinstance(value, bool) == isinstance(marker, Flag)


@pytest.mark.parametrize("name", ANALYSES)
def test_a_field_depends_on_others_of_its_form_and_on_values_that_they_can_take(name):
    analysis = ANALYSES[name]
    names = {field["name"] for field in form_of(analysis)}
    for field in form_of(analysis):
        for other, values in field["when"].items():
            assert other in names - {field["name"]}
            assert values
            for value in values:
                assert can_take(analysis, other, value), f"{field['name']} asks for {other} = {value!r}"


@pytest.mark.parametrize("name", ANALYSES)
def test_the_fields_of_a_section_follow_each_other(name):
    sections = [field["section"] for field in form_of(ANALYSES[name]) if field["section"]]
    changes = [here for before, here in zip(["", *sections], sections, strict=False) if before != here]
    assert len(set(changes)) == len(changes)


def test_the_catalog_stands_in_the_order_of_the_tabs_and_says_what_each_analysis_needs():
    entries = catalog(ANALYSES)
    tabs = typing.get_args(Tab)
    places = [(tabs.index(entry["tab"]), not ANALYSES[entry["name"]].opens_tab, entry["name"]) for entry in entries]
    assert places == sorted(places)
    needed = {need for entry in entries for need in entry["needs"]}
    assert needed <= set(typing.get_args(Need))
    assert {"connectivity", "variants", "phenotypes"} <= needed
    assert dumps(entries)


@pytest.mark.parametrize("name", ANALYSES)
def test_what_a_hidden_field_is_left_at_is_accepted(name):
    fields = form_of(ANALYSES[name])
    hidden = {field["name"]: field["default"] for field in fields if field["when"] and not field["required"]}
    required = {field["name"]: [] if field["marker"] == "MapsChoice" else "x" for field in fields if field["required"]}
    read_params(ANALYSES[name], {**required, **hidden})
