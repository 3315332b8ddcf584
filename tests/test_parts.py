"""Parts: an analysis that is shown part by part, in the engine, on the command line and as a whole."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import parted
from imagenomer import cli
from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import Part, in_parts, read_params
from imagenomer.analyses.shared.results import RESULTS
from imagenomer.engine import Cancelled, Engine
from imagenomer.progress import Progress, finish


@pytest.fixture
def counted() -> parted.Counted:
    return parted.Counted()


@pytest.fixture
def ask(cohort, counted, monkeypatch):
    """Asks an engine that knows Stages only, with the cohort of the fixtures open."""
    monkeypatch.setattr("imagenomer.engine.workspace.load_analyses", lambda: {"stages": counted.analysis})

    def generate(*, size, seed):
        yield Progress("Drawing subjects")
        return cohort

    monkeypatch.setitem(sys.modules, "imagenomer.teaching", SimpleNamespace(generate=generate))
    engine = Engine()

    def is_at_hand(call, **arguments):
        return engine.is_at_hand(call, json.dumps(arguments))

    def ask(call, cancelled=lambda: False, **arguments):
        text, buffers = asyncio.run(engine.handle(call, json.dumps(arguments), cancelled=cancelled))
        return json.loads(text, parse_constant=pytest.fail), buffers

    ask.is_at_hand = is_at_hand
    ask("open_demo", size="quick", seed=1)
    return ask


STAGES = {"analysis": "stages", "params": {}}


def names(answer):
    return [view["name"] for view in answer["views"]]


def test_all_parts_in_a_row_are_what_they_are_one_by_one(cohort):
    params, result = parted.Params(), None
    for part in parted.PARTS:
        result = finish(part.compute(cohort, params, result))
    whole = finish(parted.ANALYSIS.compute(cohort, params))
    assert dataclasses.astuple(whole)[1:] == dataclasses.astuple(result)[1:]
    np.testing.assert_array_equal(whole.edges, result.edges)


def test_the_progress_of_all_parts_names_the_part(cohort):
    told = []
    finish(parted.ANALYSIS.compute(cohort, parted.Params()), told.append)
    assert Progress("1 of 3: Number the edges (Numbering edges)", 0, 1) in told
    assert Progress("3 of 3: Count what is above the mean (Counting)", 2, 3) in told


def test_what_is_closed_between_closes_the_part_under_way(cohort):
    closed = []

    def compute(cohort, params, so_far):
        try:
            yield Progress("Working")
        finally:
            closed.append(True)

    steps = in_parts((Part("one", "One", compute),))(cohort, None)
    assert [next(steps).step for _ in range(2)] == ["1 of 1: One", "1 of 1: One (Working)"]
    steps.close()
    assert closed == [True]


def test_the_catalog_lists_the_parts(ask):
    (entry,), _ = ask("catalog")
    assert entry["parts"][1] == {"name": "top", "title": "Find the largest"}


def test_each_part_continues_from_those_before_and_answers_with_all_of_them(ask, counted):
    first, second, third = (ask("run", **STAGES, part=part)[0] for part in range(3))
    assert [names(first), names(second), names(third)] == [["map"], ["map", "top"], ["map", "top", "share"]]
    assert [answer["n_parts"] for answer in (first, second, third)] == [1, 2, 3]
    assert first["numbers"]["share"] is None
    assert not second["verdict"]
    assert third["verdict"][1]["of"] == "share"
    assert counted.n_computed == {"edges": 1, "top": 1, "share": 1}


def test_without_a_part_everything_is_computed_that_is_not_kept(ask, counted):
    ask("run", **STAGES, part=0)
    answer, _ = ask("run", **STAGES)
    assert answer["n_parts"] == 3
    assert counted.n_computed == {"edges": 1, "top": 1, "share": 1}


def test_a_part_that_is_kept_already_brings_what_is_kept_beyond_it_too(ask):
    ask("run", **STAGES, part=1)
    assert ask("run", **STAGES, part=0)[0]["n_parts"] == 2


def test_a_cancelled_part_leaves_the_ones_before_it(ask, counted):
    ask("run", **STAGES, part=1)
    with pytest.raises(Cancelled):
        ask("run", **STAGES, part=2, cancelled=lambda: True)
    table, _ = ask("table", **STAGES, name="top")
    assert table["filename"].endswith("top.csv")
    assert ask("run", **STAGES, part=2)[0]["n_parts"] == 3
    assert counted.n_computed == {"edges": 1, "top": 1, "share": 2}


def test_a_cancel_on_the_way_through_several_parts_leaves_those_that_are_done(ask, counted):
    began = []
    counted.before = began.append
    with pytest.raises(Cancelled):
        ask("run", **STAGES, cancelled=lambda: "top" in began)
    assert ask("run", **STAGES, part=0)[0]["n_parts"] == 1
    assert counted.n_computed["edges"] == 1


def test_views_that_are_done_answer_while_others_are_not(ask, counted):
    ask("run", **STAGES, part=1)
    _, painted = ask("paint", source={**STAGES, "array": "number"})
    assert painted["pixels"].shape == (6, 6, 4)
    assert ask("detail", **STAGES, edge=2)[0]["title"] == "Edge 2"
    assert bytes(ask("figure", **STAGES, name="map", format="svg")[1]["file"]).startswith(b"<?xml")
    assert "in parts" not in ask("script", **STAGES)[0]["script"]
    assert "share" not in counted.n_computed


def test_a_view_that_is_asked_for_unseen_is_computed_as_far_as_it_needs(ask, counted):
    ask("table", **STAGES, name="top")
    assert counted.n_computed == {"edges": 1, "top": 1}
    ask("figure", **STAGES, name="share", format="svg")
    assert counted.n_computed == {"edges": 1, "top": 1, "share": 1}


def test_only_what_is_kept_is_at_hand_while_a_part_is_computed(ask):
    at_hand, map_of = ask.is_at_hand, {**STAGES, "array": "number"}
    assert not at_hand("paint", source=map_of)
    ask("run", **STAGES, part=1)
    assert at_hand("paint", source=map_of)
    assert at_hand("table", **STAGES, name="top")
    assert at_hand("detail", **STAGES, edge=1)
    assert at_hand("figure", **STAGES, name="map", format="svg")
    assert at_hand("figure", source=map_of, format="svg")
    assert at_hand("html", **STAGES, part=1)
    assert at_hand("script", **STAGES)
    # What would compute, or change what is open, waits for its turn.
    assert not at_hand("figure", **STAGES, name="share", format="svg")
    assert not at_hand("html", **STAGES)
    assert not at_hand("run", **STAGES, part=0)
    assert not at_hand("table", analysis="stages", params={"factor": 2.0}, name="top")
    assert not at_hand("table", analysis="stages", params={"factor": "two"}, name="top")
    assert not at_hand("table", analysis="another", params={}, name="top")
    assert not at_hand("paint", source={"scan": 0, "measure": "fc"})
    assert not at_hand("set_parcellation", name=None)


def test_parts_of_other_parameters_are_apart(ask):
    ask("run", **STAGES, part=2)
    assert ask("run", analysis="stages", params={"factor": 2.0}, part=0)[0]["n_parts"] == 1


def test_what_is_no_longer_kept_is_computed_again_up_to_the_part(ask, counted):
    ask("run", **STAGES, part=0)
    for factor in range(2, 2 + RESULTS.capacity):
        ask("run", analysis="stages", params={"factor": float(factor)}, part=0)
    counted.n_computed.clear()
    assert ask("run", **STAGES, part=1)[0]["n_parts"] == 2
    assert counted.n_computed == {"edges": 1, "top": 1}


def test_the_command_line_computes_all_parts_and_says_the_verdict_first(monkeypatch, capsys, cohort):
    monkeypatch.setattr(cli, "load_analyses", lambda: {"stages": parted.ANALYSIS})

    def steps(where, **given):
        yield Progress("Reading")
        return cohort

    monkeypatch.setattr(cli, "load_steps", steps)
    assert cli.main(["run", "stages", "cohort"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["share"] is not None
    said = captured.err.splitlines()
    assert said[0] == "The largest edge is the last, which is consistent with numbers in order. (see The largest)"
    assert said[-1] == "Edges are numbered in order."


# --- parts that there is nothing to compute for ---------------------------------------------------


@pytest.mark.parametrize("check", ["all", "motion", "outliers", "identity", "dropped"])
def test_quality_control_leaves_out_what_is_not_asked_for(cohort, check):
    analysis = load_analyses()["quality-control"]
    params = read_params(analysis, {"motion": "age", "check": check, "permutations": 100})
    left_out = analysis.report(cohort, params, finish(analysis.compute(cohort, params))).left_out
    every = {part.name for part in analysis.parts}
    assert set(left_out) == (set() if check == "all" else every - {check})
    assert set(left_out.values()) <= {"not asked for"}


@pytest.mark.parametrize("genotyped", [True, False])
def test_a_confound_report_leaves_out_what_the_cohort_does_not_have(cohort, genotyped):
    analysis = load_analyses()["confound-report"]
    cohort = cohort if genotyped else dataclasses.replace(cohort, variant_sets={})
    params = read_params(analysis, {"target": "age", "permutations": 99})
    first = finish(analysis.parts[0].compute(cohort, params, None))
    left_out = analysis.report(cohort, params, first).left_out
    assert left_out == {"replication": "only this cohort is examined"} | (
        {} if genotyped else {"variants": "no genotypes"}
    )


def test_the_page_is_told_of_each_part_why_it_is_left_out(ask):
    assert ask("run", **STAGES)[0]["left_out"] == ["", "", ""]
