"""Companion: a second cohort beside the first, in the engine, in a script and on the command line."""

from __future__ import annotations

import ast
import asyncio
import json
import sys
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Annotated

import numpy as np
import pytest

from imagenomer import cli
from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import Analysis, Flag, Report
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.companion import companion_of, in_common, require_same_parcels, with_companion
from imagenomer.engine import Engine
from imagenomer.errors import InputError
from imagenomer.load import load
from imagenomer.parcellation import plain_parcellation
from imagenomer.progress import Progress
from imagenomer.script import ScriptResult, script_of, script_of_several


@pytest.fixture
def second(cohort) -> Cohort:
    """The same parcels, twenty other people, and a site that the first cohort does not have."""
    n_subjects = 20
    subjects = tuple(f"B{number}" for number in range(n_subjects))
    return Cohort(
        name="Twenty",
        subjects=subjects,
        phenotypes={
            "age": Phenotype("age", np.linspace(100, 200, n_subjects)),
            "sex": Phenotype("sex", np.linspace(0, 1, n_subjects)),
            "site": Phenotype("site", np.arange(n_subjects) % 2, levels=("A", "B")),
        },
        scans=tuple(replace(scan, subject=name) for scan, name in zip(cohort.scans, subjects, strict=False)),
        measures={
            "fc": replace(
                cohort.measures["fc"],
                values=cohort.measures["fc"].values[:n_subjects],
                present=np.ones(n_subjects, dtype=bool),
            )
        },
        parcellation=cohort.parcellation,
    )


def moved(cohort, **changes):
    return replace(cohort, parcellation=replace(cohort.parcellation, **changes))


# --- whether an edge is the same edge ------------------------------------------------------------


def test_the_same_parcels_in_the_same_order_need_no_assumption(cohort, second):
    assert require_same_parcels(cohort, second) == ()


def test_other_numbers_of_parcels_are_refused_with_both_numbers(cohort, second):
    other = replace(second, parcellation=plain_parcellation(7))
    with pytest.raises(InputError, match="6 parcels in one, 7 in the other"):
        require_same_parcels(cohort, other)


def test_another_order_is_refused_even_where_no_place_is_known(cohort, second):
    labels = cohort.parcellation.labels
    other = moved(second, labels=labels[::-1], coordinates=np.full((6, 3), np.nan))
    with pytest.raises(InputError, match="the same parcels in another order"):
        require_same_parcels(cohort, other)


def test_the_same_names_in_other_places_are_refused(cohort, second):
    coordinates = second.parcellation.coordinates.copy()
    coordinates[4] += 30
    with pytest.raises(InputError, match=r"parcel 5 \(P4\) lies 52 mm apart"):
        require_same_parcels(cohort, moved(second, coordinates=coordinates))


def test_other_names_in_the_same_places_are_the_same_parcels(cohort, second):
    coordinates = second.parcellation.coordinates + 0.4
    other = moved(second, labels=tuple("abcdef"), coordinates=coordinates)
    assert require_same_parcels(cohort, other) == ()


def test_other_names_without_places_are_refused_with_the_first_that_differs(cohort, second):
    labels = (*second.parcellation.labels[:5], "Q5")
    other = moved(second, labels=labels, coordinates=np.full((6, 3), np.nan))
    with pytest.raises(InputError, match="parcel 6 is P5 in one, Q5 in the other"):
        require_same_parcels(cohort, other)


def test_parcels_without_names_are_assumed_and_said_to_be(cohort, second):
    (warning,) = require_same_parcels(cohort, replace(second, parcellation=plain_parcellation(6)))
    assert "is assumed" in warning


def test_no_connectivity_is_refused_by_name(cohort, second):
    with pytest.raises(InputError, match="Twenty has no connectivity"):
        require_same_parcels(cohort, replace(second, measures={}, parcellation=None))


# --- what they have in common, in words ----------------------------------------------------------


def said(first, second):
    return [(entry.severity, entry.message) for entry in in_common(first, second)]


def test_what_is_in_common_is_said_and_what_is_not_is_warned_of(cohort, second):
    assert said(cohort, second) == [
        ("recognised", "Both have 6 parcels in the same order."),
        ("recognised", "Measures in common: fc."),
        ("recognised", "Tasks in common: nback."),
        ("recognised", "Phenotypes in common: age, site."),
        ("warning", "A number in one and a category in the other, so not to be compared: sex."),
        ("warning", "Levels of site that only Twenty has: B."),
    ]


def test_other_parcels_are_warned_of_and_do_not_hide_the_rest(cohort, second):
    other = replace(second, parcellation=plain_parcellation(7))
    assert said(cohort, other)[0][0] == "warning"
    assert said(cohort, other)[0][1].startswith("The edges of Forty and Twenty are not the same")
    assert len(said(cohort, other)) == 6


def test_subjects_of_the_same_name_are_listed(cohort):
    entries = in_common(cohort, cohort)
    (warning,) = [entry for entry in entries if "the same subjects" in entry.message]
    assert warning.message.startswith("40 subjects have the same name in both")
    assert warning.items == cohort.subjects


def test_variants_in_common_are_counted_and_turned_alleles_are_warned_of(cohort, second):
    variants = cohort.variant_sets["small"]
    turned = replace(
        variants,
        variant_ids=("new", *variants.variant_ids[1:]),
        effect_alleles=("A", "G", *variants.effect_alleles[2:]),
        other_alleles=("G", "A", *variants.other_alleles[2:]),
    )
    entries = said(cohort, replace(second, variant_sets={"small": turned}))
    assert (
        "warning",
        "59 variants have the same name in both; 1 of them count another allele or have others.",
    ) in entries


def test_without_a_second_cohort_the_way_to_one_is_told(cohort):
    with pytest.raises(InputError, match="--second COHORT"):
        companion_of(cohort)


def test_a_companion_has_no_companion_and_copies_keep_it(cohort, second):
    chained = with_companion(cohort, with_companion(second, cohort))
    assert companion_of(chained).companion is None
    assert companion_of(replace(chained, name="Another")).name == "Twenty"
    assert with_companion(chained, None).companion is None


# --- in the engine -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Params:
    second: Annotated[bool, Flag()] = True


@dataclass(frozen=True, slots=True)
class Ages:
    means: tuple[float, ...]


def compute(cohort, params):
    yield Progress("Averaging")
    tested = companion_of(cohort) if params.second else cohort
    return Ages(tuple(float(np.nanmean(one.phenotype("age").values)) for one in (cohort, tested)))


def report(cohort, params, result):
    return Report(numbers={"first": result.means[0], "tested": result.means[1]}, sentences=("Ages were averaged.",))


TRANSFER = Analysis(
    "Transfer",
    "Compares.",
    "Models",
    Params,
    compute,
    report,
    lambda cohort, params, result, theme: {},
    takes_second=True,
)


@pytest.fixture
def cohorts(cohort, second):
    """What the demo cohorts are here, by size."""
    return {"quick": cohort, "full": second}


@pytest.fixture
def ask(cohorts, monkeypatch):
    monkeypatch.setattr("imagenomer.engine.workspace.load_analyses", lambda: {"transfer": TRANSFER})

    def generate(*, size, seed):
        yield Progress("Drawing subjects")
        if size not in cohorts:
            raise InputError("it cannot be read")
        return cohorts[size]

    monkeypatch.setitem(sys.modules, "imagenomer.teaching", SimpleNamespace(generate=generate))
    engine = Engine()

    def ask(call, **arguments):
        text, _ = asyncio.run(engine.handle(call, json.dumps(arguments)))
        return json.loads(text)

    ask.engine = engine
    return ask


@pytest.fixture
def both(ask):
    ask("open_demo", size="quick", seed=1)
    ask.overview = ask("open_demo", size="full", seed=2, place="second")
    return ask


RUN = {"analysis": "transfer", "params": {}}


def test_a_second_cohort_needs_a_first(ask):
    with pytest.raises(InputError, match="no cohort is open"):
        ask("open_demo", size="full", seed=1, place="second")


def test_the_second_stands_beside_the_first_in_the_overview(both):
    assert both.overview["name"] == "Forty"
    assert both.overview["n_subjects"] == 40
    assert both.overview["second"]["name"] == "Twenty"
    assert both.overview["second"]["n_subjects"] == 20
    assert both.overview["second"]["in_common"][0]["message"] == "Both have 6 parcels in the same order."
    assert both("overview") == both.overview


def test_an_analysis_reads_the_second_and_what_was_computed_before_is_computed_anew(ask):
    ask("open_demo", size="quick", seed=1)
    with pytest.raises(InputError, match="no second cohort"):
        ask("run", **RUN)
    alone = ask("run", analysis="transfer", params={"second": False})["numbers"]
    assert alone["first"] == alone["tested"]
    ask("open_demo", size="full", seed=2, place="second")
    assert ask("run", **RUN)["numbers"] == {"first": alone["first"], "tested": pytest.approx(150)}


def test_closing_the_second_leaves_the_first(both):
    assert both("close_second")["second"] is None
    with pytest.raises(InputError, match="no second cohort"):
        both("run", **RUN)


def test_another_first_cohort_stands_alone(both):
    assert both("open_demo", size="quick", seed=3)["second"] is None


def test_a_chosen_atlas_holds_for_both_and_outlives_neither(both, monkeypatch):
    overview = both("set_parcellation", name="none")
    assert "is assumed" in overview["second"]["in_common"][0]["message"]
    overview = both("set_parcellation", name=None)
    assert overview["second"]["in_common"][0]["message"] == "Both have 6 parcels in the same order."


def test_an_atlas_chosen_before_the_second_came_is_taken_for_it_too(ask):
    ask("open_demo", size="quick", seed=1)
    ask("set_parcellation", name="none")
    overview = ask("open_demo", size="full", seed=2, place="second")
    assert overview["atlas"] == "none"
    assert "is assumed" in overview["second"]["in_common"][0]["message"]


def test_a_second_that_cannot_be_opened_leaves_everything_as_it_was(both, cohorts):
    del cohorts["full"]
    with pytest.raises(InputError, match="it cannot be read"):
        both("open_demo", size="full", seed=5, place="second")
    assert both("overview")["second"]["name"] == "Twenty"


def test_the_script_names_the_second_and_so_does_the_command_where_memory_runs_out(both):
    script = both("script", **RUN)["script"]
    assert "SECOND = 'demo:full:2'  # the cohort beside it, to test on\n" in script
    assert "load(COHORT, second=SECOND)" in script
    refusal = both.engine.short_of_memory(MemoryError(), "run", RUN)
    assert "demo:quick:1 --params '{}' --second demo:full:2" in str(refusal)


def test_nothing_is_said_of_a_second_that_is_not_used(both):
    both.engine.workspace.analyses["transfer"] = replace(TRANSFER, takes_second=False)
    script = both("script", **RUN)["script"]
    assert "SECOND" not in script
    assert "load(COHORT)" in script
    assert "--second" not in str(both.engine.short_of_memory(MemoryError(), "run", RUN))


# --- outside the page ----------------------------------------------------------------------------


def test_a_second_that_an_analysis_does_not_use_is_refused(monkeypatch, capsys):
    known = {"phenotype-matrix": load_analyses()["phenotype-matrix"]}
    monkeypatch.setattr(cli, "load_analyses", lambda: known)
    assert cli.main(["run", "phenotype-matrix", "demo:quick:3", "--second", "x"]) == 2
    said = capsys.readouterr().err
    assert "phenotype-matrix does not use a second cohort, so --second would change nothing; leave it out\n" in said
    known["transfer"] = TRANSFER
    assert cli.main(["run", "phenotype-matrix", "demo:quick:3", "--second", "demo:quick:4"]) == 2
    assert "or run one that does: transfer" in capsys.readouterr().err


def test_a_second_that_these_parameters_do_not_use_is_refused(capsys):
    assert cli.main(["run", "prediction", "demo:quick:3", "--params", '{"phenotype": "age"}', "--second", "x"]) == 2
    assert 'uses a second cohort only where test_on is "second" or "first" or "both"' in capsys.readouterr().err


def test_a_second_that_is_asked_for_and_not_open_is_refused(capsys):
    params = '{"phenotype": "age", "test_on": "second"}'
    assert cli.main(["run", "prediction", "demo:quick:3", "--params", params]) == 2
    assert "no second cohort is open to test on" in capsys.readouterr().err


def test_the_command_line_opens_both(monkeypatch, capsys):
    def compute(cohort, params):
        yield Progress("Counting")
        return Ages((cohort.n_subjects, companion_of(cohort).n_subjects))

    counting = replace(TRANSFER, compute=compute)
    monkeypatch.setattr(cli, "load_analyses", lambda: {"transfer": counting})
    assert cli.main(["run", "transfer", "demo:quick:3"]) == 2
    assert "--second COHORT" in capsys.readouterr().err
    assert cli.main(["run", "transfer", "demo:quick:3", "--second", "demo:quick:4"]) == 0
    assert json.loads(capsys.readouterr().out) == {"first": 250, "tested": 250}


def test_what_a_script_loads_is_what_the_page_had():
    loaded, alone = load("demo:quick:3", second="demo:quick:4"), load("demo:quick:4")
    second = companion_of(loaded)
    for name, phenotype in alone.phenotypes.items():
        np.testing.assert_array_equal(second.phenotypes[name].values, phenotype.values)
    assert not np.array_equal(loaded.measures["fc"].values, second.measures["fc"].values)


def test_a_hostile_name_of_the_second_cohort_stays_a_text_in_the_script():
    attack = "x'; raise SystemExit('attacked') #\n\"\"\""
    script = script_of("transfer", TRANSFER, Params(), cohort="x", output="y", second=attack)
    (line,) = [line for line in script.splitlines() if line.startswith("SECOND = ")]
    (assignment,) = ast.parse(line).body
    assert isinstance(assignment, ast.Assign)
    assert ast.literal_eval(assignment.value) == attack


@pytest.mark.parametrize("several", [False, True])
def test_the_answers_of_both_cohorts_are_arguments_once_in_a_script(several):
    answers = {"recipe": {"a": 1}, "second_recipe": {"b": 2}, "columns": {"c": {}}}
    given = {"cohort": "x", "second": "y", **answers}
    if several:
        text = script_of_several([ScriptResult("One", "z", "transfer", TRANSFER, Params())], **given)
    else:
        text = script_of("transfer", TRANSFER, Params(), output="z", **given)
    compile(text, "script", "exec")  # a name that is given twice is an error
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    (load_call,) = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "load"]
    found = {one.arg: one.value for one in load_call.keywords}
    assert ast.unparse(found.pop("second")) == "SECOND"
    assert {name: ast.literal_eval(value) for name, value in found.items()} == answers
