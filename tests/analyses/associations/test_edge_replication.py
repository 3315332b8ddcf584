"""Replication of an edge map in a second cohort: numbers by hand, what is refused, and what is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import MatrixView, PointsView, check_against, read_params
from imagenomer.cohort import Cohort, Phenotype, Scan
from imagenomer.companion import with_companion
from imagenomer.errors import InputError
from imagenomer.figures.theme import render
from imagenomer.progress import finish

REPLICATION = load_analyses()["edge-replication"]
N_SECOND = 30


@pytest.fixture
def both(cohort, rng) -> Cohort:
    """Thirty other people at rest beside the forty; edge 3 follows age in both."""
    age = rng.uniform(120, 260, N_SECOND).round()
    values = np.tanh(rng.normal(0.2, 0.15, (N_SECOND, 15)))
    values[:, 3] = np.tanh(0.003 * (age - 175) + rng.normal(0, 0.1, N_SECOND))
    subjects = tuple(f"B{number}" for number in range(1, N_SECOND + 1))
    present = np.ones(N_SECOND, dtype=bool)
    second = Cohort(
        name="Others",
        subjects=subjects,
        phenotypes={
            "age": Phenotype("age", age, units="months"),
            "sex": Phenotype("sex", rng.integers(0, 2, N_SECOND).astype(np.intp), levels=("M", "F")),
            "third": Phenotype("third", (np.arange(N_SECOND) % 3).astype(np.intp), levels=("c", "b", "a")),
        },
        scans=tuple(Scan("rest", subject) for subject in subjects),
        measures={"fc": replace(cohort.measures["fc"], values=values.astype(np.float32), present=present)},
        parcellation=cohort.parcellation,
    )
    third = Phenotype("third", (np.arange(40) % 3).astype(np.intp), levels=("a", "b", "c"))
    return with_companion(replace(cohort, phenotypes={**cohort.phenotypes, "third": third}), second)


def run(cohort, **params):
    params = read_params(REPLICATION, {"phenotype": "age", "task": "rest", "permutations": 99, **params})
    check_against(cohort, params)
    result = finish(REPLICATION.compute(cohort, params))
    return result, REPLICATION.report(cohort, params, result)


def known(cohort, *names):
    """Connectivity at rest and phenotypes of those who have all; levels M and b as 1."""
    observations = cohort.observations("fc", "rest")
    phenotypes = [cohort.phenotype(name) for name in names]
    columns = [one.indicator({"sex": "M", "third": "b"}[one.name]) if one.levels else one.values for one in phenotypes]
    columns = [column[observations.subjects] for column in columns]
    complete = np.isfinite(columns).all(axis=0)
    return observations.values[complete].astype(float), *(column[complete] for column in columns)


def partial(cohort, *names):
    """r of each edge with the first, given the others, and its p-value."""
    values, target, *others = known(cohort, *names)
    design = np.column_stack([np.ones(target.size), *others])

    def left(columns):
        return columns - design @ np.linalg.lstsq(design, columns, rcond=None)[0]

    r = np.array([np.corrcoef(column, left(target))[0, 1] for column in left(values).T])
    dof = target.size - design.shape[1] - 1
    return r, 2 * stats.t.sf(np.abs(r) * np.sqrt(dof / (1 - r**2)), dof)


@pytest.mark.parametrize(
    ("names", "params"),
    [
        (("age",), {}),
        (("age", "sex"), {"covariates": ["sex"]}),
        (("sex",), {"phenotype": "sex", "level": "M", "alpha": 0.5}),
        (("third",), {"phenotype": "third", "level": "b", "alpha": 0.5}),
    ],
    ids=["age", "age given sex", "sex", "one of three levels"],
)
def test_maps_signs_and_thresholds_are_those_by_hand(both, names, params):
    result, report = run(both, **params)
    (here, p_here), (there, p_there) = partial(both, *names), partial(both.companion, *names)
    alpha = params.get("alpha", 0.05)
    discovered = p_here <= alpha / 15
    same = discovered & (here * there > 0)
    np.testing.assert_allclose(report.arrays["r"], here, atol=1e-5)
    np.testing.assert_allclose(report.arrays["r_second"], there, atol=1e-6)
    np.testing.assert_array_equal(report.arrays["discovered"], discovered)
    np.testing.assert_array_equal(report.arrays["same_sign"], same)
    np.testing.assert_array_equal(report.arrays["replicated"], same & (p_there <= alpha))
    assert report.numbers["map_correlation"] == pytest.approx(np.corrcoef(here, there)[0, 1], abs=1e-5)
    assert report.numbers["n_discovered"] == discovered.sum()
    assert result.test.null.shape == (3, 99)


def test_the_planted_edge_comes_again_and_is_listed(both):
    _, report = run(both)
    assert report.arrays["replicated"].nonzero()[0].tolist() == [3]
    assert report.numbers["p_replicated"] <= 0.05
    assert "have the same sign in Others" in report.verdict[1].text
    views = {view.name: view for view in report.views}
    assert [row["edge"] for row in views["edges"].rows] == [3]
    assert views["edges"].rows[0]["replicated"] == "yes"
    assert isinstance(views["maps"], PointsView)
    assert isinstance(views["r_second"], MatrixView)
    assert sum(len(one.x) for one in views["maps"].series) == 15


def test_ranks_are_of_each_cohort_alone(both):
    _, report = run(both, method="spearman")
    values, age = known(both.companion, "age")
    rho = [stats.spearmanr(column, age).statistic for column in values.T]
    np.testing.assert_allclose(report.arrays["r_second"], rho, atol=1e-6)


def test_each_cohort_has_its_own_group(both):
    _, report = run(both, group="age > 120", second_group="age > 140")
    assert report.numbers["n_subjects"] == np.sum(known(both, "age")[1] > 120)
    assert report.numbers["second"]["n_subjects"] == np.sum(known(both.companion, "age")[1] > 140)


def test_where_nothing_is_discovered_only_the_maps_are_compared(both):
    _, report = run(both, phenotype="third", level="a", alpha=1e-6)
    assert report.numbers["n_discovered"] == 0
    assert report.numbers["p_same_sign"] is None
    assert "No edge is significant in Forty" in report.verdict[-1].text
    assert "edges" not in {view.name for view in report.views}
    assert any("99 permutations cannot give a p below 0.01" in one for one in report.warnings)


def test_without_permutations_no_p_is_said(both):
    result, report = run(both, permutations=0)
    assert "p =" not in " ".join(one.text for one in report.verdict)
    assert report.numbers["p_map_correlation"] is None
    params = read_params(REPLICATION, {"phenotype": "age", "task": "rest", "permutations": 0})
    assert "permutations" not in REPLICATION.figures(both, params, result, report)


def test_figures_and_methods_are_of_both(both):
    params = read_params(REPLICATION, {"phenotype": "age", "task": "rest", "permutations": 19, "covariates": ["sex"]})
    result = finish(REPLICATION.compute(both, params))
    report = REPLICATION.report(both, params, result)
    figures = REPLICATION.figures(both, params, result, report)
    for name in ("maps", "r", "permutations"):
        assert render(figures[name], "svg").startswith(b"<?xml")
    (text,) = REPLICATION.methods(both, params, result).text
    assert "19 permutations of residuals given the covariates, of the subjects of Others" in text


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"task": None}, "the mean over tasks is not the same in both cohorts"),
        ({"task": "nback"}, "Others: no task 'nback'"),
        ({"phenotype": "third"}, "Forty: third as a whole is tested by F, whose map has no sign.*a, b, c"),
        ({"phenotype": "site"}, "site is what is associated, and only Forty has it"),
        ({"second_group": "age > 255"}, "Others: group age > 255 has"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_compared_is_refused(both, params, message):
    with pytest.raises(InputError, match=message):
        run(both, **params)


def test_without_a_second_cohort_it_is_refused(both):
    with pytest.raises(InputError, match="no second cohort is open"):
        run(with_companion(both, None))


def test_many_dots_are_thinned_and_said_to_be():
    from imagenomer.analyses.associations.replication_report import _thinned

    assert _thinned(np.arange(10)).tolist() == list(range(10))
    few = _thinned(np.arange(34_716))
    assert few.size == 1500
    assert (few[0], few[-1]) == (0, 34_715)
