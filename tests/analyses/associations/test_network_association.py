"""Network association: means of pairs by statsmodels, enrichment by the long way, and the way to single edges."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.multitest import multipletests

from analyses.associations.test_edge_association import subject_means, with_holes
from imagenomer.analyses import load_analyses
from imagenomer.analyses.associations.network_association import ANALYSIS
from imagenomer.analyses.contract import GridView, TableView, read_params
from imagenomer.cohort import Phenotype
from imagenomer.edges import edge_parcels
from imagenomer.errors import InputError
from imagenomer.progress import finish
from nulls import moved_by_motion
from robust import left_out

NETWORKS = ("VIS", "DMN", "VIS", "DMN", "DMN", "VIS")
PAIRS = (("DMN", "DMN"), ("DMN", "VIS"), ("VIS", "VIS"))


def associate(cohort, **given):
    params = read_params(ANALYSIS, given)
    result = finish(ANALYSIS.compute(cohort, params))
    return params, result, ANALYSIS.report(cohort, params, result)


@pytest.fixture
def cohort(cohort, rng):
    """Forty subjects; a score moves every edge within DMN a little, and a place of three does nothing."""
    score = rng.standard_normal(40)
    cohort.phenotypes["score"] = Phenotype("score", score)
    cohort.phenotypes["place"] = Phenotype("place", np.arange(40) % 3, levels=("A", "B", "C"))
    score_of = dict(zip(cohort.subjects, score, strict=True))
    for row, scan in enumerate(cohort.scans):
        cohort.measures["fc"].values[row, edges_of("DMN", "DMN")] += 0.1 * score_of[scan.subject]
    return cohort


def edges_of(first, second):
    """Return the edges between two networks."""
    ends = edge_parcels(np.arange(15), 6)
    return [
        edge for edge, (a, b) in enumerate(zip(*ends, strict=True)) if {NETWORKS[a], NETWORKS[b]} == {first, second}
    ]


@pytest.mark.parametrize("covariates", [[], ["age", "sex"]])
@pytest.mark.parametrize("phenotype", ["score", "place"])
def test_the_mean_of_each_pair_is_tested_as_statsmodels_does(cohort, phenotype, covariates):
    given = {"phenotype": phenotype, "covariates": covariates, "correction": "holm", "enrichment": False}
    _, _, report = associate(cohort, **given)
    used = ~np.any([cohort.phenotypes[name].missing for name in (phenotype, *covariates)], axis=0)
    columns = {"score": cohort.phenotypes["score"].values[used][:, None]}
    columns["place"] = (np.arange(40)[used, None] % 3 == [1, 2]).astype(float)
    others = np.column_stack([np.ones(used.sum()), *(cohort.phenotypes[name].values[used] for name in covariates)])
    p_values = {}
    rows = {(row["network_a"], row["network_b"]): row for row in report.numbers["pairs"]}
    for pair in PAIRS:
        mean = subject_means(cohort)[used][:, edges_of(*pair)].mean(axis=1)
        small = sm.OLS(mean, others).fit()
        large = sm.OLS(mean, np.column_stack([others, columns[phenotype]])).fit()
        f, p_values[pair], _ = large.compare_f_test(small)
        share = 1 - large.ssr / small.ssr
        if phenotype == "score":
            assert rows[pair]["r"] == pytest.approx(np.sign(large.params[-1]) * np.sqrt(share), rel=1e-5)
            assert rows[pair]["ci_lower"] < rows[pair]["r"] < rows[pair]["ci_upper"]
        else:
            assert rows[pair]["partial_eta_squared"] == pytest.approx(share, rel=1e-5)
            assert rows[pair]["f"] == pytest.approx(f, rel=1e-5)
        assert rows[pair]["p_value"] == pytest.approx(p_values[pair], rel=1e-4)
        assert rows[pair]["n_edges"] == len(edges_of(*pair))
    corrected = multipletests([p_values[pair] for pair in PAIRS], method="holm")[1]
    np.testing.assert_allclose(report.arrays["p_corrected"], corrected, rtol=1e-4)
    assert report.numbers["n_tests"] == 3
    assert ("unadjusted" in report.arrays) == bool(covariates)


def test_the_planted_pair_is_found_by_its_mean_and_by_its_edges(cohort):
    _, result, report = associate(
        cohort, phenotype="score", covariates=["age"], correction="max-t", permutations=400, edge_threshold=0.05
    )
    first = report.numbers["pairs"][0]
    assert (first["network_a"], first["network_b"]) == ("DMN", "DMN")
    assert first["significant"]
    assert first["p_corrected"] == pytest.approx(1 / 401)
    assert first["n_beyond"] >= 2
    assert first["p_enrichment_corrected"] < 0.05
    assert first["expected"] < 1
    assert not any(row["significant"] for row in report.numbers["pairs"][1:])
    assert report.numbers["n_enriched"] == 1
    np.testing.assert_array_equal(result.enriched.count, report.arrays["n_beyond"])


def test_edges_beyond_the_threshold_are_counted_alike_with_and_without_permutations(cohort):
    for threshold in (0.3, 1.5):
        given = {"phenotype": "score", "covariates": ["sex"], "edge_threshold": threshold, "permutations": 100}
        with_, without = (associate(cohort, enrichment=flag, **given)[2].arrays for flag in (True, False))
        np.testing.assert_array_equal(with_["n_beyond"], without["n_beyond"])
        np.testing.assert_allclose(with_["edge_effect"], without["edge_effect"])
        assert "expected" not in without


def test_the_grid_is_symmetric_tells_its_numbers_and_leads_to_the_edges(cohort):
    params, result, report = associate(cohort, phenotype="score", covariates=["age"], permutations=100, seed=5)
    grids = {view.name: view for view in report.views if isinstance(view, GridView)}
    assert set(grids) == {"effect", "unadjusted", "enriched"}
    assert grids["effect"].rows == ("DMN", "VIS")
    values = np.array(grids["effect"].values)
    np.testing.assert_array_equal(values, values.T)
    np.testing.assert_allclose([values[0, 0], values[0, 1], values[1, 1]], report.arrays["r"])
    assert grids["effect"].limit == grids["unadjusted"].limit
    assert "DMN – VIS: 9 edges; Partial r of their average" in grids["effect"].tips[0][1]
    assert "by chance" in grids["effect"].tips[1][0]
    link = grids["effect"].links[0][1]
    assert link.analysis == "edge-association"
    edge_association = load_analyses()["edge-association"]
    there = read_params(edge_association, json.loads(json.dumps(link.params)))
    assert (there.phenotype, there.covariates, there.seed) == ("score", ("age",), 5)
    finish(edge_association.compute(cohort, there))
    figures = ANALYSIS.figures(cohort, params, result, ANALYSIS.report(cohort, params, result), "dark")
    assert set(figures) == set(grids)


def test_what_adjustment_loses_among_pairs_is_said(cohort):
    cohort.phenotypes["echo"] = Phenotype(
        "echo", cohort.phenotypes["score"].values + np.random.default_rng(2).normal(0, 0.7, 40)
    )
    _, _, report = associate(cohort, phenotype="echo", covariates=["score"], enrichment=False)
    assert report.numbers["n_significant_unadjusted"] == 1
    assert (report.numbers["n_lost"], report.numbers["n_gained"]) == (1, 0)
    assert any("adjusting for score loses 1 of them and gains 0 others" in said for said in report.sentences)


def test_a_missing_edge_is_left_out_of_a_subjects_average(cohort):
    edge = edges_of("VIS", "VIS")[0]
    holed = with_holes(cohort, [("7", edge)])
    _, _, report = associate(holed, phenotype="score", permutations=100)
    mean = np.nanmean(subject_means(holed)[:, edges_of("VIS", "VIS")], axis=1)
    expected = np.corrcoef(mean, cohort.phenotypes["score"].values)[0, 1]
    assert report.arrays["r"][2] == pytest.approx(expected, rel=1e-5)
    assert any("1 edge with missing values" in said for said in report.sentences)


def test_without_networks_it_is_refused_with_the_way_out(cohort):
    bare = dataclasses.replace(cohort.parcellation, networks=("",) * 6, network_names=("",))
    with pytest.raises(InputError, match=r"names no networks; .* atlas\.tsv"):
        associate(dataclasses.replace(cohort, parcellation=bare), phenotype="score")


def test_a_parcel_in_no_network_is_said_and_not_used(cohort):
    networks = ("", *NETWORKS[1:])
    parcellation = dataclasses.replace(cohort.parcellation, networks=networks, network_names=("DMN", "VIS", ""))
    some = dataclasses.replace(cohort, parcellation=parcellation)
    _, _, report = associate(some, phenotype="score", permutations=100)
    assert "1 parcel in no network is not used." in report.sentences
    assert report.arrays["n_edges"].sum() == 10
    grid = next(view for view in report.views if isinstance(view, GridView))
    assert grid.rows == ("DMN", "VIS")


def test_one_in_twenty_is_false_when_nothing_is_going_on(cohort):
    # Edges and score follow motion: 200 draws, 10 false ones are expected, 2 to 21 in 99.9 of 100 cases.
    false = {"mean": 0, "enrichment": 0}
    for seed in range(200):
        drawn = moved_by_motion(cohort, seed)
        given = {"phenotype": "s", "covariates": ["m"], "correction": "max-t", "seed": seed, "task": "nback"}
        given |= {"permutations": 100, "edge_threshold": 0.2}
        result = finish(ANALYSIS.compute(drawn, read_params(ANALYSIS, given)))
        false["mean"] += result.decision.significant.any()
        false["enrichment"] += (result.enriched.adjusted_p <= 0.05).any()
    assert 2 <= false["mean"] <= 21, false
    assert 0 < false["enrichment"] <= 21, false


def test_the_table_has_what_the_columns_name(cohort):
    for given in ({}, {"covariates": ["age"], "enrichment": False}, {"phenotype": "place", "covariates": ["age"]}):
        _, _, report = associate(cohort, **{"phenotype": "score", "permutations": 100} | given)
        (table,) = [view for view in report.views if isinstance(view, TableView)]
        for row in table.rows:
            assert {column.key for column in table.columns} <= set(row)
        json.dumps(report.numbers, allow_nan=False)


@pytest.mark.parametrize("families", [None, "pair"])
@pytest.mark.parametrize("correction", ["bonferroni", "max-t"])
def test_unequal_variances_and_families_are_allowed_for_everywhere(cohort, families, correction):
    cohort.phenotypes["pair"] = Phenotype("pair", np.arange(40) // 2, levels=tuple(f"P{one}" for one in range(20)))
    given = {"phenotype": "score", "variance": "unequal", "correction": correction, "permutations": 100}
    _, result, report = associate(cohort, families=families, **given)
    used = ~cohort.phenotypes["score"].missing
    mean = subject_means(cohort)[used][:, edges_of("VIS", "VIS")].mean(axis=1)
    codes = np.arange(40)[used] if families is None else np.arange(40)[used] // 2
    *_, p = left_out(mean, cohort.phenotypes["score"].values[used], np.ones((used.sum(), 1)), codes)
    (pair,) = (index for index, names in enumerate(result.pairs) if names == ("VIS", "VIS"))
    assert report.arrays["p_value"][pair] == pytest.approx(p, rel=1e-5)
    said = " ".join(report.sentences)
    assert ("by HC3" in said) == (families is None)
    assert ("cluster-robust errors" in said) == (families is not None)
    assert "Signs of subjects were flipped, not edges" in said
    assert "sign flips of the residuals" in said
    assert result.enriched.count.sum() > 0
    counted = associate(cohort, families=families, enrichment=False, **given)[1].n_beyond
    assert np.abs(counted - result.enriched.count).sum() <= 3  # by HC3 here, by the score there


def test_networks_warn_of_families_that_are_not_used_and_of_unequal_spread(cohort, rng):
    family = Phenotype("rel_family_id", (np.arange(40) // 2).astype(float))
    patient = Phenotype("patient", (np.arange(40) % 4 == 0).astype(np.intp), levels=("no", "yes"))
    cohort = dataclasses.replace(cohort, phenotypes=cohort.phenotypes | {"rel_family_id": family, "patient": patient})
    patient_of = dict(zip(cohort.subjects, patient.values, strict=True))
    for row, scan in enumerate(cohort.scans):
        cohort.measures["fc"].values[row] += patient_of[scan.subject] * rng.normal(0, 0.35, 15).astype(np.float32)
    warned = " ".join(associate(cohort, phenotype="patient", enrichment=False)[2].warnings)
    assert "rel_family_id may say who is related" in warned
    assert "times as large where patient = yes" in warned
    given = {"phenotype": "patient", "enrichment": False, "families": "rel_family_id"}
    assert "related" not in " ".join(associate(cohort, **given)[2].warnings)
