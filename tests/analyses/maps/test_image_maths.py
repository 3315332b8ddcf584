"""Image maths against NumPy, on the maps of other analyses, and against the first ImageNomer's tutorial."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import read_params
from imagenomer.analyses.maps.image_maths import ANALYSIS
from imagenomer.analyses.shared.results import RESULTS, outcome_of
from imagenomer.analyses.shared.saved_maps import MAX_DEPTH, saved_maps
from imagenomer.cohort import Measure
from imagenomer.edges import edge_parcels
from imagenomer.errors import InputError
from imagenomer.load import load
from imagenomer.progress import finish

SCAN = {"scan": 0, "measure": "fc"}


def mean_of(task, array="mean"):
    return {"analysis": "connectivity-summary", "params": {"task": task}, "array": array}


def computed(expression, **maps):
    return {
        "analysis": "image-maths",
        "params": {"maps": [list(pair) for pair in maps.items()], "expression": expression},
        "array": "result",
    }


def maths(cohort, expression, **maps):
    params = read_params(ANALYSIS, {"maps": list(maps.items()), "expression": expression})
    return ANALYSIS.report(cohort, params, finish(ANALYSIS.compute(cohort, params)))


def scans_of(cohort, task):
    rows = [row for row, scan in enumerate(cohort.scans) if scan.task == task]
    return cohort.measures["fc"].values[rows].astype(np.float64)


def test_maps_of_results_and_scans_are_combined_edge_by_edge(cohort):
    rest, nback = scans_of(cohort, "rest"), scans_of(cohort, "nback")
    report = maths(
        cohort,
        "(A - B) / `the sd` + scan",
        A=mean_of("rest"),
        B=mean_of("nback"),
        scan=SCAN,
        **{"the sd": mean_of("rest", "sd")},
    )
    expected = (rest.mean(axis=0) - nback.mean(axis=0)) / rest.std(axis=0, ddof=1) + nback[0]
    np.testing.assert_allclose(report.arrays["result"], expected, rtol=1e-10)
    assert report.numbers["minimum"] == pytest.approx(expected.min())
    assert "A is Mean of fc of rest; 39 subjects, one observation each." in report.sentences
    assert "scan is Subject 1 · nback · fc." in report.sentences


def test_a_result_is_a_map_like_any_other(cohort):
    half = computed("A / 2", A=mean_of("rest"))
    report = maths(cohort, "2 * C - A", A=mean_of("rest"), C=half)
    np.testing.assert_allclose(report.arrays["result"], 0, atol=1e-15)


def test_a_number_is_said_and_has_no_map(cohort):
    report = maths(cohort, "corr(A, B)", A=mean_of("rest"), B=mean_of("nback"))
    expected = np.corrcoef(scans_of(cohort, "rest").mean(axis=0), scans_of(cohort, "nback").mean(axis=0))[0, 1]
    assert report.numbers["value"] == pytest.approx(expected)
    assert report.sentences[0] == f"corr(A, B) is {expected:.6g}."
    assert not report.views


def test_what_is_lost_is_said(cohort):
    report = maths(cohort, "log(A - mean(A))", A=mean_of("rest"))
    n_lost = int((scans_of(cohort, "rest").mean(axis=0) <= scans_of(cohort, "rest").mean()).sum())
    assert report.numbers["undefined"] == {"the logarithm of a number that is not above zero": n_lost}
    assert report.numbers["n_edges_undefined"] == n_lost
    assert f"{n_lost} edges without a value." in report.sentences


def test_the_table_holds_the_edges_of_the_largest_magnitude(cohort):
    report = maths(cohort, "A - mean(A)", A=mean_of("rest"))
    values = report.arrays["result"]
    (table,) = [view for view in report.views if view.name == "strongest"]
    assert [row["edge"] for row in table.rows] == np.argsort(-np.abs(values)).tolist()
    first = table.rows[0]
    a, b = edge_parcels(first["edge"], 6)
    assert (first["label_a"], first["label_b"], first["value"]) == (f"P{a}", f"P{b}", values[first["edge"]])


def test_an_undefined_edge_of_a_map_stays_undefined(cohort):
    values = cohort.measures["fc"].values.copy()
    values[:, 2] = np.nan
    holed = dataclasses.replace(cohort, measures={"fc": Measure("fc", values, cohort.measures["fc"].present)})
    report = maths(holed, "A * 0", A=mean_of("rest"))
    assert np.flatnonzero(np.isnan(report.arrays["result"])).tolist() == [2]


@pytest.mark.parametrize(
    ("expression", "maps", "message"),
    [
        ("A", {}, "Save to tray"),
        ("A - C", {"A": SCAN}, "no map 'C'; there are: A"),
        ("A", {"A": {"scan": 99, "measure": "fc"}}, "map A: no scan 99"),
        ("A", {"A": {"scan": 0, "measure": "ec"}}, "map A: no measure 'ec'"),
        ("A", {"A": {"picture": "A.png"}}, "maps is a list of [name, source], a source such as"),
        ("A", {"A": mean_of("rest", "median")}, "map A: this result has no map 'median'; it has: mean, sd"),
        ("A", {"A": {"analysis": "magic", "params": {}, "array": "x"}}, "map A: no analysis 'magic'"),
        ("A", {"A": mean_of("sleep")}, "map A: no task 'sleep'"),
        ("A", {"A": computed("corr(B, B)", B=SCAN)}, "map A: this result has no map 'result'; it has: none"),
        ("A", {"A": computed("B -", B=SCAN)}, "map A: expected a map"),
    ],
)
def test_a_map_that_cannot_be_had_is_named(cohort, expression, maps, message):
    with pytest.raises(InputError, match=re.escape(message)):
        maths(cohort, expression, **maps)


def test_maps_inside_maps_end_somewhere(cohort):
    source = SCAN
    for _ in range(MAX_DEPTH - 2):
        source = computed("A", A=source)
    maths(cohort, "A", A=source)
    for _ in range(200):
        source = computed("A", A=source)
    with pytest.raises(InputError, match="more than 10 deep"):
        maths(cohort, "A", A=source)


def test_a_refusal_inside_a_map_has_no_position_in_the_expression(cohort):
    with pytest.raises(InputError) as refused:
        maths(cohort, "A", A=computed("B -", B=SCAN))
    assert refused.value.position is None


def test_a_map_is_computed_once(cohort, monkeypatch):
    calls = []
    summary = load_analyses()["connectivity-summary"]
    counting = dataclasses.replace(summary, compute=lambda *given: calls.append(given) or summary.compute(*given))
    monkeypatch.setattr("imagenomer.analyses.shared.saved_maps.catalogue", lambda: {"connectivity-summary": counting})
    for _ in range(2):
        finish(saved_maps(cohort, [("A", mean_of("rest")), ("B", mean_of("rest", "sd"))]))
    assert len(calls) == 1


def test_a_map_of_a_result_that_is_kept_is_not_computed_again(cohort, monkeypatch):
    summary = load_analyses()["connectivity-summary"]
    source = mean_of("rest")
    params = read_params(summary, source["params"])
    shown = finish(outcome_of(cohort, "connectivity-summary", summary, params, lambda outcome: True))
    never = dataclasses.replace(summary, compute=lambda *given: pytest.fail("computed again"))
    monkeypatch.setattr("imagenomer.analyses.shared.saved_maps.catalogue", lambda: {"connectivity-summary": never})
    saved = finish(saved_maps(cohort, [("A", source)]))
    np.testing.assert_array_equal(saved["A"].values, shown.report.arrays["mean"])


def test_a_result_that_a_map_computed_is_not_computed_again(cohort):
    summary = load_analyses()["connectivity-summary"]
    source = mean_of("rest")
    finish(saved_maps(cohort, [("A", source)]))
    never = dataclasses.replace(summary, compute=lambda *given: pytest.fail("computed again"))
    params = read_params(summary, source["params"])
    shown = finish(outcome_of(cohort, "connectivity-summary", never, params, lambda outcome: True))
    assert shown.is_whole


def test_few_maps_are_kept_and_many_push_out_no_more_than_one_result(cohort):
    summary = load_analyses()["connectivity-summary"]

    def shown(age):
        params = read_params(summary, {"group": f"age > {age}"})
        return outcome_of(cohort, "connectivity-summary", summary, params, lambda outcome: True)

    for age in range(50, 58):
        finish(shown(age))
    on_screen = list(cohort.caches[RESULTS])
    for age in range(40):
        source = {"analysis": "connectivity-summary", "params": {"group": f"age > {age}"}, "array": "mean"}
        finish(saved_maps(cohort, [("A", source)]))
    assert cohort.caches.sizes() == {"results": 8, "saved maps": 24}
    assert set(on_screen[1:]) < set(cohort.caches[RESULTS])


def test_means_of_the_tutorial_subtract_as_they_did_there(shared_data):
    cohort = load(str(shared_data / "fibromyalgia"))
    report = maths(cohort, "A - B", A=mean_of("rest"), B=mean_of("epr"))
    assert report.numbers["minimum"] == pytest.approx(-0.16863, abs=5e-6)
    assert report.numbers["maximum"] == pytest.approx(0.25110, abs=5e-6)
    (table,) = [view for view in report.views if view.name == "strongest"]
    # The first ImageNomer counts parcels from 0, the atlas from 1.
    assert (table.rows[0]["label_a"], table.rows[0]["label_b"]) == ("Power 162", "Power 166")
    json.dumps(report.numbers, allow_nan=False)
