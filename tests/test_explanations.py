"""What is said behind each "?": everything has a text, every text is about something, every link leads somewhere."""

from __future__ import annotations

import ast
import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import manual
from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import form_of
from imagenomer.engine import Engine
from imagenomer.explanations import TOPICS, explain_column, explain_method, explain_option
from imagenomer.explanations.choices import METHODS_OF_OPTIONS
from imagenomer.explanations.columns import HEADINGS, KEYS
from imagenomer.explanations.methods import METHODS
from imagenomer.explanations.model_options import MODEL_OPTIONS
from imagenomer.explanations.options import OPTIONS

ANALYSES = load_analyses()
SOURCES = Path(__file__).parents[1] / "py" / "imagenomer" / "analyses"
#: Columns that are named after what the cohort or the user calls something.
NAMED_BY_USER = {"row", "column", "x", "y"}


def columns_of_sources() -> Iterator[tuple[str | None, str | None, str]]:
    """Key, heading and place of each column that a table shows; None for what is not written out."""
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Column"):
                continue
            where = [keyword.value for keyword in node.keywords if keyword.arg == "where"]
            if where and isinstance(where[0], ast.Constant) and where[0].value == "file":
                continue
            key, heading = node.args[:2]
            yield written(key), written(heading), f"{path.relative_to(SOURCES)}:{node.lineno}"


def written(node: ast.expr) -> str | None:
    """The text of a node; of one that is put together what it begins with."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        return str(node.values[0].value).rstrip("_") or None
    return None


def fields() -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    for name, analysis in ANALYSES.items():
        for field in form_of(analysis):
            yield name, field["name"], [tuple(option) for option in field.get("options", ())]


def told(analysis: str, option: str = "") -> str:
    """What the engine says behind a "?"."""
    wanted = json.dumps({"analysis": analysis, "option": option})
    return str(json.loads(asyncio.run(Engine().handle("explain", wanted))[0])["text"])


def test_every_analysis_and_every_option_is_explained():
    assert set(METHODS) <= set(ANALYSES)
    assert [name for name in ANALYSES if not told(name)] == []
    assert [f"{name}.{option}" for name, option, _ in fields() if not told(name, option)] == []


def test_every_heading_is_explained():
    unexplained = [
        f"{place} {key!r} {heading!r}"
        for key, heading, place in columns_of_sources()
        if key not in NAMED_BY_USER
        # An analysis that was just written has its summary and the help of its fields; texts here come as a whole.
        and Path(place.split(":")[0]).stem.replace("_", "-") not in set(ANALYSES) - set(METHODS)
        and not explain_column("edge-association", key or "", heading or "").text
        # Effects, scores and maps, by their keys as they are computed.
        and not (key is None and heading is None)
    ]
    assert unexplained == []


def test_nothing_is_explained_that_is_not_there():
    there = {option for _, option, _ in fields()} | {f"{name}.{option}" for name, option, _ in fields()}
    assert set(OPTIONS) | set(MODEL_OPTIONS) <= there
    assert not set(OPTIONS) & set(MODEL_OPTIONS)
    headings = {heading for _, heading, _ in columns_of_sources()}
    assert set(HEADINGS) <= headings | {"Error", "Score", "p adjusted", "Weight", "Model"}
    offered = {
        option: {value for name, other, values in fields() if other == option for value, _ in values}
        for option in METHODS_OF_OPTIONS
    }
    assert all(set(METHODS_OF_OPTIONS[option]) <= offered[option] for option in METHODS_OF_OPTIONS)


def test_texts_are_one_or_two_sentences():
    texts = [text for table in (METHODS, OPTIONS, MODEL_OPTIONS) for text, _ in table.values()]
    texts += [
        *HEADINGS.values(),
        *KEYS.values(),
        *(text for table in METHODS_OF_OPTIONS.values() for text in table.values()),
    ]
    for text in texts:
        assert re.fullmatch(r"[^\n]{5,300}[.]", text), text
        assert len(re.findall(r"[.](?= [A-Z])", text)) <= 1, text


def test_every_link_leads_to_a_section_of_a_document():
    documents = manual.documents()
    found = [explain_method(name) for name in ANALYSES] + [explain_option(name, option) for name, option, _ in fields()]
    for one in found:
        assert not one.section or f'id="{one.section}"' in documents[one.document].body, one


def test_the_methods_that_an_option_offers_are_explained_with_it():
    found = explain_option("edge-association", "correction", [("holm", "Holm"), ("nbs", "NBS"), ("none", "None")])
    assert [title for title, _ in found.choices] == ["Holm", "NBS"]
    assert (
        explain_option("components", "method", [("ica", "ICA")]).text
        != explain_option("edge-association", "method").text
    )


def test_a_key_with_a_suffix_is_explained_by_the_longest_that_it_begins_with():
    assert explain_column("variant-association", "odds_ratio_1", "OR (one copy)").text == KEYS["odds_ratio"]
    assert explain_column("edge-association", "r_second", "rho, Others").text == KEYS["r_second"]
    assert explain_column("edge-association", "nothing", "Nothing").text == ""


@pytest.mark.parametrize("title", [title for title, _ in TOPICS])
def test_every_question_leads_to_an_analysis_and_to_choices_that_it_has(title):
    for question in dict(TOPICS)[title]:
        if question.option:
            (field,) = [one for one in form_of(ANALYSES[question.analysis]) if one["name"] == question.option]
            assert question.value in [value for value, _ in field["options"]]


def test_the_questions_lead_to_every_analysis():
    assert {question.analysis for _, questions in TOPICS for question in questions} == set(METHODS)


def test_the_page_is_answered_while_something_is_computed():
    engine = Engine()
    wanted = json.dumps({"analysis": "edge-association", "option": "correction"})
    assert engine.is_at_hand("explain", wanted)
    assert engine.is_at_hand("guide", "{}")
    answer, _ = asyncio.run(engine.handle("explain", wanted))
    answer = json.loads(answer)
    assert answer["document"] == "associations"
    assert answer["section"] == "which-correction"
    assert [title for title, _ in answer["choices"]][:2] == ["Bonferroni", "Holm"]
    heading = json.dumps({"analysis": "edge-association", "key": "p_value", "heading": "p"})
    assert json.loads(asyncio.run(engine.handle("explain", heading))[0])["text"] == HEADINGS["p"]
    method = json.dumps({"analysis": "edge-association"})
    assert json.loads(asyncio.run(engine.handle("explain", method))[0])["text"] == METHODS["edge-association"][0]
    topics = json.loads(asyncio.run(engine.handle("guide", "{}"))[0])
    assert topics[0]["questions"][1]["value"] == "motion"
