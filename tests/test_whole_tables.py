"""Files of tables that list only the strongest hold every row: first those listed, as listed, then all others."""

from __future__ import annotations

import csv
import dataclasses
import io

import numpy as np
import pytest
from scipy import stats

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import TableView, read_params
from imagenomer.analyses.shared.whole_tables import strongest_first, whole_table
from imagenomer.cohort import Cohort, Measure, Phenotype, Scan
from imagenomer.companion import with_companion
from imagenomer.downloads import csv_of, csv_of_whole
from imagenomer.edges import n_edges_of
from imagenomer.parcellation import Parcellation
from imagenomer.progress import Progress, finish

ANALYSES = load_analyses()
#: What each must be asked so that its table is there.
ASKED = {
    "edge-association": {"phenotype": "age"},
    "edge-replication": {"phenotype": "age"},
    "map-comparison": None,
    "variant-association": {"phenotype": "age"},
    "component-variants": {"n_components": 3},
    "component-association": {"phenotypes": ["age", "sex"], "n_components": 3},
}


def read(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.fixture
def many(rng):
    """Thirty subjects, 30 parcels, edge 7 is the same in all."""
    n_subjects, n_edges = 30, n_edges_of(30)
    values = rng.uniform(-0.9, 0.9, (n_subjects, n_edges)).astype(np.float32)
    values[:, 7] = 0.25
    subjects = tuple(f"s{number:02d}" for number in range(n_subjects))
    return Cohort(
        name="Thirty",
        subjects=subjects,
        phenotypes={
            "age": Phenotype("age", rng.normal(30, 5, n_subjects)),
            "iq": Phenotype("iq", rng.normal(100, 15, n_subjects)),
        },
        scans=tuple(Scan("rest", subject) for subject in subjects),
        measures={"fc": Measure("fc", values, np.ones(n_subjects, dtype=bool))},
        parcellation=Parcellation(
            name="Thirty",
            labels=tuple(f"P{number}" for number in range(30)),
            coordinates=np.full((30, 3), np.nan),
            networks=("",) * 30,
            network_names=(),
        ),
    )


def test_every_analysis_that_has_whole_tables_is_asked_here():
    assert set(ASKED) == {name for name, analysis in ANALYSES.items() if analysis.whole}


def computed(name, cohort, given):
    analysis = ANALYSES[name]
    params = read_params(analysis, given)
    result = finish(analysis.compute(cohort, params))
    return analysis, params, result, analysis.report(cohort, params, result)


@pytest.mark.parametrize("name", sorted(name for name, given in ASKED.items() if given is not None))
def test_where_all_rows_are_listed_the_file_has_them_as_listed(name, cohort):
    both = with_companion(cohort, dataclasses.replace(cohort, name="Others"))
    analysis, params, result, report = computed(name, both, ASKED[name])
    for called, make in analysis.whole.items():
        (view,) = [one for one in report.views if one.name == called]
        whole = make(both, params, result)
        assert whole.n_rows >= len(view.rows) > 0
        file, listed = read(finish(csv_of_whole(view, whole))), read(csv_of(view))
        assert len(file) == whole.n_rows
        assert list(file[0]) == list(listed[0])
        for ours, theirs in zip(file, listed, strict=False):
            for key, cell in theirs.items():
                assert ours[key] == cell or float(ours[key]) == pytest.approx(float(cell), rel=1e-9), key


@pytest.mark.parametrize(("method", "oracle"), [("pearson", stats.pearsonr), ("spearman", stats.spearmanr)])
def test_edges_beyond_those_listed_are_those_of_scipy(many, method, oracle):
    analysis, params, result, report = computed("edge-association", many, {"phenotype": "age", "method": method})
    (view,) = [one for one in report.views if isinstance(one, TableView) and one.name == "top"]
    assert len(view.rows) == 100
    steps = csv_of_whole(view, analysis.whole["top"](many, params, result))
    assert isinstance(next(steps), Progress)
    rows = read(finish(steps))
    assert sorted(int(row["edge"]) for row in rows) == list(range(435))
    assert (rows[-1]["edge"], rows[-1]["r"], rows[-1]["p_value"]) == ("7", "", "")
    values = many.measures["fc"].values.astype(np.float64)
    for row in rows[:-1]:
        r, p = oracle(values[:, int(row["edge"])], many.phenotypes["age"].values)
        assert float(row["r"]) == pytest.approx(r, rel=1e-9, abs=1e-12)
        assert float(row["p_value"]) == pytest.approx(p, rel=1e-8)
    assert [row["edge"] for row in rows[:100]] == [str(row["edge"]) for row in view.rows]
    strength = [abs(float(row["r"])) for row in rows[:-1]]
    assert np.all(np.diff(strength) <= 5e-6)


@pytest.mark.parametrize("given", [{"variance": "unequal"}, {"phenotype": "ward"}, {"covariates": ["iq"]}])
def test_all_edges_are_those_of_the_maps(many, given):
    ward = Phenotype("ward", np.arange(30) % 3, ("a", "b", "c"))
    many = dataclasses.replace(many, phenotypes={**many.phenotypes, "ward": ward})
    analysis, params, result, report = computed("edge-association", many, {"phenotype": "age", **given})
    (view,) = [one for one in report.views if one.name == "top"]
    rows = read(finish(csv_of_whole(view, analysis.whole["top"](many, params, result))))
    assert len(rows) == 435
    for row in rows[:-1]:
        expected = report.arrays["neg_log10_p"][int(row["edge"])]
        assert float(row["neg_log10_p"]) == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_edges_shared_by_maps_are_all_in_the_file(many):
    sources = [
        (name, {"analysis": "edge-association", "params": {"phenotype": name}, "array": "r"}) for name in ("age", "iq")
    ]
    given = {"maps": [list(source) for source in sources], "edges": "strongest", "number": 430}
    analysis, params, result, report = computed("map-comparison", many, given)
    (view,) = [one for one in report.views if one.name == "shared"]
    assert len(view.rows) == 300
    rows = read(finish(csv_of_whole(view, analysis.whole["shared"](many, params, result))))
    assert len(rows) == int(result.chosen.all(axis=0).sum()) > 400
    assert [row["edge"] for row in rows[:300]] == [str(row["edge"]) for row in view.rows]


def test_the_strongest_come_first_and_what_is_undefined_last():
    order = strongest_first(np.array([1.0, np.nan, 3.0, 1.0, np.nan, 2.0]))
    assert order.tolist() == [2, 5, 0, 3, 1, 4]


@pytest.mark.parametrize("n_rows", [0, 1, 4, 5, 9])
def test_blocks_hold_each_row_once_and_are_made_when_taken(n_rows):
    made = []

    def rows(which):
        made.extend(which.tolist())
        return [{"row": row} for row in which.tolist()]

    def prepare():
        made.append("prepared")
        return np.arange(n_rows), rows

    whole = whole_table(n_rows, prepare, at_once=4)
    assert (whole.n_rows, made) == (n_rows, [])
    assert [row["row"] for block in whole.blocks for row in block] == list(range(n_rows))
    assert made == ["prepared", *range(n_rows)]
