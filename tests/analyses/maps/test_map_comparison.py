"""Map comparison: its numbers are those of NumPy and of its kernel, and what is shown is what was asked for."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from scipy import stats

from imagenomer.analyses.contract import read_params
from imagenomer.analyses.maps.map_comparison import ANALYSIS
from imagenomer.edges import edges_to_matrix
from imagenomer.errors import InputError
from imagenomer.figures.theme import render
from imagenomer.load import load
from imagenomer.progress import finish


def mean_of(task):
    return {"analysis": "connectivity-summary", "params": {"task": task}, "array": "mean"}


def association(task, alpha=0.05):
    params = {"phenotype": "age", "task": task, "alpha": alpha}
    return {"analysis": "edge-association", "params": params, "array": "r"}


def compared(cohort, given=None, **maps):
    params = read_params(ANALYSIS, {"maps": list(maps.items()), **(given or {})})
    result = finish(ANALYSIS.compute(cohort, params))
    return result, ANALYSIS.report(cohort, params, result)


def view(report, name):
    (found,) = [one for one in report.views if one.name == name]
    return found


def test_maps_are_correlated_over_their_edges(cohort):
    result, report = compared(cohort, A=mean_of("rest"), B=mean_of("nback"), C=association("rest"))
    values = result.values
    np.testing.assert_allclose(view(report, "correlation").values, np.corrcoef(values), atol=1e-12)
    pairs = view(report, "pairs").rows
    assert [(row["a"], row["b"]) for row in pairs] == [("A", "B"), ("A", "C"), ("B", "C")]
    assert all(1 / 1000 <= row["r_p"] <= 1 for row in pairs)
    assert "A is Mean of fc of rest; 39 subjects, one observation each." in report.sentences


def test_ranks_are_compared_on_demand(cohort):
    maps = {"A": mean_of("rest"), "B": mean_of("nback"), "C": association("rest")}
    result, report = compared(cohort, {"method": "spearman"}, **maps)
    expected = stats.spearmanr(result.values.T).statistic
    np.testing.assert_allclose(view(report, "correlation").values, expected, atol=1e-12)
    assert view(report, "correlation").label == "Spearman's rho"
    assert "rho over edges" in [column.label for column in view(report, "pairs").columns]
    assert "Spearman's rho is Pearson's r of ranks, taken over the 15 edges that all maps have." in report.sentences
    # Mantel's procedure on ranks, the long way.
    a, b = (edges_to_matrix(stats.rankdata(values)) for values in result.values[:2])
    upper = np.triu_indices(6, k=1)

    def p_of(orders):
        null = [np.corrcoef(a[upper], b[np.ix_(order, order)][upper])[0, 1] for order in orders]
        return np.mean(np.abs(null) >= abs(expected[0, 1]) - 1e-12)

    # Six parcels have fewer orders than are asked for: all are used.
    assert view(report, "pairs").rows[0]["r_p"] == pytest.approx(p_of(itertools.permutations(range(6))))
    assert report.numbers["n_permutations"] == 719
    assert any("in all 720 ways there are" in sentence for sentence in report.sentences)
    _, report = compared(cohort, {"method": "spearman", "permutations": 500}, **maps)
    draws = np.random.default_rng(1)
    orders = [np.arange(6), *map(draws.permutation, [6] * 500)]
    assert view(report, "pairs").rows[0]["r_p"] == pytest.approx(p_of(orders))
    assert any("500 times (seed 1)" in sentence for sentence in report.sentences)


def test_ranks_are_of_the_edges_that_all_maps_have(cohort):
    values = cohort.measures["fc"].values.copy()
    values[[0, 1, 2], [2, 3, 5]] = np.nan
    holed = dataclasses.replace(cohort, measures={"fc": dataclasses.replace(cohort.measures["fc"], values=values)})
    maps = {name: {"scan": row, "measure": "fc"} for row, name in enumerate("ABC")}
    result, _ = compared(holed, {"method": "spearman"}, **maps)
    shared = np.isfinite(result.values).all(axis=0)
    assert shared.sum() == 12
    expected = stats.spearmanr(result.values[:, shared].T).statistic
    np.testing.assert_allclose(result.similarity.r, expected, atol=1e-12)


def test_the_strongest_edges_overlap_as_sets_do(cohort):
    result, report = compared(cohort, {"number": 5}, A=mean_of("rest"), B=mean_of("nback"))
    a, b = (set(np.argsort(-np.abs(values))[:5].tolist()) for values in result.values)
    (row,) = view(report, "pairs").rows
    assert (row["n_a"], row["n_b"], row["overlap"]) == (5, 5, len(a & b))
    assert row["dice"] == pytest.approx(2 * len(a & b) / 10)
    assert row["jaccard"] == pytest.approx(len(a & b) / len(a | b))
    assert row["expected"] == pytest.approx(5 * 5 / 15, rel=0.1)
    assert {one["edge"] for one in view(report, "shared").rows} == a & b
    for one in view(report, "shared").rows:
        assert one["value_A"] == result.values[0, one["edge"]]


def test_significant_edges_are_those_of_the_analysis(cohort):
    _, report = compared(cohort, {"edges": "significant"}, A=association("rest"), B=association("nback"))
    (row,) = view(report, "pairs").rows
    assert row["overlap"] >= 1
    assert 3 in [one["edge"] for one in view(report, "shared").rows]


def test_without_significant_edges_nothing_overlaps_and_that_is_said(cohort):
    nothing = {"analysis": "edge-association", "params": {"phenotype": "sex", "alpha": 1e-6}, "array": "r"}
    _, report = compared(cohort, {"edges": "significant"}, A=nothing, B=association("nback"))
    (row,) = view(report, "pairs").rows
    assert (row["n_a"], row["overlap"], row["overlap_p"]) == (0, 0, None)
    assert report.warnings == ("A has no such edge, so there is no overlap with it.",)


def test_a_map_of_no_test_has_no_significant_edges(cohort):
    with pytest.raises(InputError, match=r"map A \(Mean of fc of rest\) is not of a test"):
        compared(cohort, {"edges": "significant"}, A=mean_of("rest"), B=association("rest"))


@pytest.mark.parametrize("maps", [{}, {"A": mean_of("rest")}])
def test_fewer_than_two_maps_are_no_comparison(cohort, maps):
    with pytest.raises(InputError, match="needs two"):
        compared(cohort, **maps)


def test_a_seed_gives_the_same_p_values_again_and_another_gives_others(cohort):
    maps = {"A": mean_of("rest"), "B": association("nback")}
    first, again, other = (
        compared(cohort, {"seed": seed, "permutations": 500}, **maps)[1].numbers["pairs"] for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_the_same_map_twice_is_said(cohort):
    _, report = compared(cohort, A=mean_of("rest"), B=mean_of("rest"))
    assert "A and B are the same map." in report.warnings
    assert view(report, "pairs").rows[0]["r"] == pytest.approx(1)


def test_undefined_edges_are_left_out_of_the_pair_that_lacks_them(cohort):
    values = cohort.measures["fc"].values.copy()
    values[[scan.task == "rest" for scan in cohort.scans], 2] = np.nan
    holed = dataclasses.replace(cohort, measures={"fc": dataclasses.replace(cohort.measures["fc"], values=values)})
    result, report = compared(holed, A=mean_of("rest"), B=mean_of("nback"))
    (row,) = view(report, "pairs").rows
    kept = np.arange(15) != 2
    assert row["n_edges"] == 14
    assert row["r"] == pytest.approx(np.corrcoef(result.values[:, kept])[0, 1])
    assert len(view(report, "scatter").series[0].x) == 14


def test_a_large_scatter_is_thinned_and_said_so(shared_data):
    cohort = load(str(shared_data / "fibromyalgia"))
    params = read_params(ANALYSIS, {"maps": [["A", mean_of("rest")], ["B", mean_of("epr")]], "permutations": 99})
    result = finish(ANALYSIS.compute(cohort, params))
    report = ANALYSIS.report(cohort, params, result)
    (series,) = view(report, "scatter").series
    assert len(series.x) == len(set(series.subjects)) == 2000
    assert any("2,000 of 34,716 edges" in sentence for sentence in report.sentences)
    rest, epr = ([row for row, scan in enumerate(cohort.scans) if scan.task == task] for task in ("rest", "epr"))
    means = [cohort.measures["fc"].values[rows].mean(axis=0, dtype=float) for rows in (rest, epr)]
    assert report.numbers["pairs"][0]["r"] == pytest.approx(np.corrcoef(means)[0, 1], rel=1e-9)
    for figure in ANALYSIS.figures(cohort, params, result, ANALYSIS.report(cohort, params, result), "light").values():
        assert render(figure, "svg").startswith(b"<?xml")


def placed(cohort, n_parcels=24):
    """Return a cohort of more parcels, all of which have coordinates."""
    rng = np.random.default_rng(1)
    n_edges = n_parcels * (n_parcels - 1) // 2
    values = rng.normal(0, 0.2, (len(cohort.scans), n_edges)).astype(np.float32)
    parcels = dataclasses.replace(
        cohort.parcellation,
        labels=tuple(f"P{number}" for number in range(n_parcels)),
        coordinates=rng.normal(0, 40, (n_parcels, 3)),
        networks=("VIS", "DMN") * (n_parcels // 2),
    )
    fc = dataclasses.replace(cohort.measures["fc"], values=values)
    return dataclasses.replace(cohort, parcellation=parcels, measures={"fc": fc}, weights={})


def test_the_spatial_null_stands_beside_the_permutation_of_parcels(cohort):
    maps = {"A": mean_of("rest"), "B": mean_of("nback")}
    _, plain = compared(placed(cohort), {"permutations": 99}, **maps)
    _, report = compared(placed(cohort), {"permutations": 99, "spatial": True}, **maps)
    (row,) = view(report, "pairs").rows
    assert 0.01 <= row["spatial_p"] <= 1
    assert "p of r, spatial null" in [column.label for column in view(report, "pairs").columns]
    assert any("Burt et al. 2020" in said for said in report.sentences)
    (before,) = view(plain, "pairs").rows
    assert "spatial_p" not in before
    assert before == {name: value for name, value in row.items() if name != "spatial_p"}


def test_without_coordinates_or_with_few_parcels_the_spatial_null_is_refused(cohort):
    maps = {"A": mean_of("rest"), "B": mean_of("nback")}
    with pytest.raises(InputError, match="6 parcels are too few"):
        compared(cohort, {"spatial": True}, **maps)
    whole = placed(cohort)
    coordinates = whole.parcellation.coordinates.copy()
    coordinates[3] = np.nan
    lost = dataclasses.replace(whole, parcellation=dataclasses.replace(whole.parcellation, coordinates=coordinates))
    with pytest.raises(InputError, match="those of 1 of the 24 parcels of Six are not known"):
        compared(lost, {"spatial": True}, **maps)
