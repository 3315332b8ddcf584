"""Overview: counts against counting by hand, and histograms that lose nobody."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from imagenomer.cohort import Decomposition, LogEntry, Measure, ModelWeights, Phenotype, Scan, VariantSet
from imagenomer.gallery import caption, measure_limit
from imagenomer.overview import overview_of


def test_scans_are_counted_by_task_the_most_frequent_first_found_and_used(cohort):
    overview = overview_of(replace(cohort, set_aside=(Scan("rest", "99"), Scan("rest", "98"), Scan("emoid", "98"))))
    assert (overview["n_subjects"], overview["n_scans_found"], overview["n_scans_used"]) == (40, 82, 79)
    assert overview["tasks"] == [
        {"name": "rest", "n_found": 41, "n_used": 39},
        {"name": "nback", "n_found": 40, "n_used": 40},
        {"name": "emoid", "n_found": 1, "n_used": 0},
    ]
    assert overview["sessions"] == []
    assert overview["measures"] == [{"name": "fc", "n_scans": 79, "made": ""}]


def test_phenotypes_are_summarised_over_those_who_have_them(cohort):
    age, sex, site = overview_of(cohort)["phenotypes"]
    present = np.delete(cohort.phenotypes["age"].values, 4)
    assert (age["kind"], age["units"], age["n"], age["n_missing"], age["levels"]) == ("number", "months", 39, 1, [])
    assert (age["minimum"], age["maximum"]) == (present.min(), present.max())
    assert age["mean"] == pytest.approx(sum(present) / 39, rel=1e-12)
    assert age["sd"] == pytest.approx(np.sqrt(np.sum((present - present.mean()) ** 2) / 38), rel=1e-12)
    assert sum(age["histogram"]["counts"]) == 39
    assert sex["levels"] == [
        {"name": "F", "n": int((cohort.phenotypes["sex"].values == 0).sum())},
        {"name": "M", "n": int((cohort.phenotypes["sex"].values == 1).sum())},
    ]
    assert (sex["n"], sex["n_missing"], sex["mean"], sex["histogram"]) == (39, 1, None, None)
    assert site["levels"] == [{"name": "A", "n": 40}]


def test_everything_else_a_cohort_may_hold_is_there_as_strict_json(cohort):
    dosage = np.zeros((40, 5), dtype=np.int8)
    dosage[0], dosage[1, 2], dosage[39, 0] = -1, -1, -1
    names = tuple("abcde")
    scores = np.zeros((40, 3))
    scores[7] = np.nan
    rich = replace(
        cohort,
        variant_sets={"chip": VariantSet("chip", dosage, names, names, np.zeros(5, np.intp), names, names)},
        decompositions={"pca": Decomposition("pca", np.zeros((3, 15), np.float32), scores)},
        weights={"ridge/0": ModelWeights("ridge/0", np.zeros(15), "a model")},
        log=(LogEntry("ignored", "one file is not used", ("notes.txt",)),),
    )
    overview = overview_of(rich)
    assert overview["variant_sets"] == [
        {"name": "chip", "n_subjects": 39, "n_variants": 5, "missing": pytest.approx(2 / 195)}
    ]
    assert overview["decompositions"] == [{"name": "pca", "n_components": 3, "n_subjects": 39}]
    assert overview["weights"] == [{"name": "ridge/0", "n_values": 15, "description": "a model"}]
    assert overview["log"] == [{"severity": "ignored", "message": "one file is not used", "items": ["notes.txt"]}]
    assert overview["parcellation"]["display_order"] == [1, 3, 4, 0, 2, 5]
    assert {colormap["scale"] for colormap in overview["colormaps"]} == {"diverging", "sequential"}
    json.dumps(overview, allow_nan=False)


def test_a_cohort_without_connectivity_has_an_overview(cohort):
    bare = replace(cohort, scans=(), measures={}, parcellation=None)
    overview = overview_of(bare)
    assert (overview["parcellation"], overview["tasks"], overview["measures_limit"]) == (None, [], {})


# --- what tiles and scales say -------------------------------------------------------------------


def test_titles_and_captions_say_what_there_is():
    assert Scan("rest", "10").title == "Subject 10 · rest"
    assert Scan("", "10", session="1", run="02").title == "Subject 10 · session 1 · run 02"
    age = Phenotype("age", np.array([182.0, 182.25, np.nan, 1e-7]), units="months")
    assert [caption(age, subject) for subject in range(4)] == [
        "age 182 months",
        "age 182.25 months",
        "age missing",
        "age 1e-07 months",
    ]
    sex = Phenotype("sex", np.array([1, -1]), levels=("F", "M"))
    assert [caption(sex, subject) for subject in range(2)] == ["sex M", "sex missing"]


@pytest.mark.parametrize(("scale", "expected"), [(0.7, 0.7), (0.61, 0.65), (7, 7), (0.052, 0.055), (0, 1)])
def test_the_scale_of_a_measure_ends_at_a_round_number_just_above_nearly_all_values(scale, expected):
    values = np.full((30, 15), scale, dtype=np.float32)
    values[3, 2] = 100 * scale
    values[4] = np.nan
    present = np.ones(30, dtype=bool)
    present[5] = False
    values[5] = 1e6
    assert measure_limit(Measure("fc", values, present)) == expected


def test_numbers_whose_squares_no_computer_holds_are_summarised_without_their_spread(cohort):
    huge = Phenotype("huge", np.linspace(-1.0, 1.0, 40) * 1e300)
    (summary,) = overview_of(replace(cohort, phenotypes={"huge": huge}))["phenotypes"]
    assert (summary["minimum"], summary["maximum"], summary["sd"]) == (-1e300, 1e300, None)
    assert sum(summary["histogram"]["counts"]) == 40
