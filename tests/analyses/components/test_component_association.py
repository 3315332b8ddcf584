"""Component association: scipy and statsmodels the long way, who took part, and the tutorial's example."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests

from imagenomer.analyses import load_analyses
from imagenomer.analyses.components.component_association import ANALYSIS
from imagenomer.analyses.contract import GridView, PointsView, read_params
from imagenomer.cohort import Decomposition, Phenotype
from imagenomer.errors import InputError
from imagenomer.figures.theme import render
from imagenomer.load import load
from imagenomer.progress import finish
from robust import left_out

STATSMODELS = {"bonferroni": "bonferroni", "holm": "holm", "bh": "fdr_bh", "by": "fdr_by"}


def associate(cohort, **given):
    params = read_params(ANALYSIS, given)
    result = finish(ANALYSIS.compute(cohort, params))
    return params, result, ANALYSIS.report(cohort, params, result)


def column(report, key):
    return np.array([row[key] for row in report.numbers["tests"]], dtype=float)


@pytest.fixture
def scored(cohort, rng):
    """The cohort with five components, of which 1 follows age and 3 sex; two subjects have no scores."""
    scores = rng.normal(0, 2, (40, 5))
    scores[:, 1] = 0.05 * np.nan_to_num(cohort.phenotypes["age"].values, nan=175) + rng.normal(0, 1, 40)
    scores[:, 3] += 3 * (cohort.phenotypes["sex"].values == 1)
    scores[[7, 8]] = np.nan
    maps = rng.normal(size=(5, 15)).astype(np.float32)
    handedness = np.where(np.arange(40) % 7 == 0, 2, np.arange(40) % 2).astype(np.intp)
    return dataclasses.replace(
        cohort,
        decompositions={"made": Decomposition("made", maps, scores)},
        phenotypes={
            **cohort.phenotypes,
            "hand": Phenotype("hand", handedness, levels=("left", "right", "both")),
            "motion": Phenotype("motion", rng.uniform(0, 1, 40)),
        },
    )


@pytest.mark.parametrize("correction", sorted(STATSMODELS))
def test_every_number_is_that_of_scipy_and_statsmodels(scored, correction):
    _, _, report = associate(scored, decomposition="made", phenotypes=["age"], correction=correction)
    scores, age = scored.decompositions["made"].scores, scored.phenotypes["age"].values
    used = ~np.isnan(age) & ~np.isnan(scores[:, 0])
    expected = [stats.pearsonr(scores[used, k], age[used]) for k in range(5)]
    p = [one.pvalue for one in expected]
    np.testing.assert_allclose(column(report, "effect"), [one.statistic for one in expected], rtol=1e-10)
    np.testing.assert_allclose(column(report, "p_value"), p, rtol=1e-9)
    intervals = np.array([one.confidence_interval() for one in expected])
    np.testing.assert_allclose(column(report, "lower"), intervals[:, 0], rtol=1e-9)
    np.testing.assert_allclose(column(report, "upper"), intervals[:, 1], rtol=1e-9)
    adjusted = multipletests(p, 0.05, STATSMODELS[correction])[1]
    np.testing.assert_allclose(column(report, "p_adjusted"), adjusted, rtol=1e-9)
    assert report.numbers["n_subjects"] == used.sum() == 37
    assert report.numbers["dof"] == 35
    assert report.numbers["n_tests"] == 5
    assert report.numbers["n_significant"] == np.count_nonzero(adjusted <= 0.05)


def test_covariates_enter_a_linear_model(scored):
    _, _, report = associate(scored, decomposition="made", phenotypes=["age"], covariates=["sex", "motion"])
    scores = scored.decompositions["made"].scores
    age, sex, motion = (scored.phenotypes[name].values for name in ("age", "sex", "motion"))
    used = ~np.isnan(age) & (sex >= 0) & ~np.isnan(scores[:, 0])
    design = sm.add_constant(np.column_stack([age, sex, motion])[used])
    fits = [sm.OLS(scores[used, k], design).fit() for k in range(5)]
    np.testing.assert_allclose(column(report, "slope"), [fit.params[1] for fit in fits], rtol=1e-8)
    np.testing.assert_allclose(column(report, "p_value"), [fit.pvalues[1] for fit in fits], rtol=1e-8)
    limits = np.array([fit.conf_int()[1] for fit in fits])
    np.testing.assert_allclose(column(report, "slope_lower"), limits[:, 0], rtol=1e-8)
    np.testing.assert_allclose(column(report, "slope_upper"), limits[:, 1], rtol=1e-8)
    t = np.array([fit.tvalues[1] for fit in fits])
    np.testing.assert_allclose(column(report, "effect"), t / np.sqrt(t**2 + fits[0].df_resid), rtol=1e-8)
    assert any("adjusted for sex, motion" in sentence for sentence in report.sentences)


def test_two_levels_differ_by_their_means(scored):
    _, _, report = associate(scored, decomposition="made", phenotypes=["sex"])
    scores, sex = scored.decompositions["made"].scores, scored.phenotypes["sex"].values
    men, women = (scores[(sex == code) & ~np.isnan(scores[:, 0])] for code in (1, 0))
    np.testing.assert_allclose(column(report, "slope"), men.mean(axis=0) - women.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(column(report, "p_value"), stats.ttest_ind(men, women).pvalue, rtol=1e-9)
    assert report.numbers["tests"][3]["significant"]
    assert any("coded 1 for M" in sentence for sentence in report.sentences)


def test_a_category_of_more_levels_is_tested_as_a_whole(scored):
    params, result, report = associate(scored, decomposition="made", phenotypes=["hand"])
    scores, hand = scored.decompositions["made"].scores, scored.phenotypes["hand"].values
    known = ~np.isnan(scores[:, 0])
    parts = [scores[known & (hand == code)] for code in range(3)]
    f, p = stats.f_oneway(*parts)
    np.testing.assert_allclose(column(report, "p_value"), p, rtol=1e-9)
    np.testing.assert_allclose(column(report, "effect") ** 2, 2 * f / (2 * f + 35), rtol=1e-9)
    assert all(row["ci"] is None for row in report.numbers["tests"])
    for figure in ANALYSIS.figures(scored, params, result, ANALYSIS.report(scored, params, result), "dark").values():
        assert render(figure, "svg").startswith(b"<?xml")


def test_max_t_agrees_with_permuting_by_hand(scored):
    given = {"decomposition": "made", "phenotypes": ["age"], "correction": "max-t", "permutations": 999}
    _, _, report = associate(scored, **given)
    scores, age = scored.decompositions["made"].scores, scored.phenotypes["age"].values
    used = ~np.isnan(age) & ~np.isnan(scores[:, 0])
    rng = np.random.default_rng(5)
    largest = np.array(
        [
            np.abs(stats.pearsonr(scores[used], rng.permutation(age[used])[:, None], axis=0)[0]).max()
            for _ in range(2000)
        ]
    )
    expected = [(1 + np.count_nonzero(largest >= abs(r))) / 2001 for r in column(report, "effect")]
    np.testing.assert_allclose(column(report, "p_adjusted"), expected, atol=0.06)
    assert column(report, "p_adjusted")[1] == pytest.approx(1 / 1000)
    assert any("999 permutations" in sentence for sentence in report.sentences)
    with pytest.raises(InputError, match="for one phenotype, not 5"):
        associate(scored, **{**given, "phenotypes": []})


def test_all_phenotypes_make_a_grid_and_are_corrected_together(scored):
    params, result, report = associate(scored, decomposition="made", correction="holm")
    assert report.numbers["phenotypes"] == ["age", "sex", "hand", "motion"]
    assert [one["phenotype"] for one in report.numbers["untested"]] == ["site"]
    assert any(sentence.startswith("site was not tested") for sentence in report.sentences)
    assert report.numbers["n_tests"] == 20
    np.testing.assert_allclose(
        column(report, "p_adjusted"), multipletests(column(report, "p_value"), 0.05, "holm")[1], rtol=1e-9
    )
    grid = next(view for view in report.views if isinstance(view, GridView))
    assert grid.rows == tuple(f"Component {number}" for number in range(5))
    assert grid.columns == ("age", "sex = M", "hand", "motion")
    alone = associate(scored, decomposition="made", phenotypes=["age"])[2]
    np.testing.assert_allclose([row[0] for row in grid.values], column(alone, "effect"), rtol=1e-12)
    assert "r = " in grid.tips[1][0]
    assert "eta = " in grid.tips[1][2]
    assert render(
        ANALYSIS.figures(scored, params, result, ANALYSIS.report(scored, params, result), "light")["grid"], "svg"
    ).startswith(b"<?xml")


def test_a_cell_of_the_grid_opens_its_phenotype(scored):
    _, _, report = associate(scored, decomposition="made", covariates=["motion"])
    grid = next(view for view in report.views if isinstance(view, GridView))
    link = grid.links[2][1]
    analysis = load_analyses()[link.analysis]
    params = read_params(analysis, json.loads(json.dumps(link.params)))
    assert (params.phenotypes, params.covariates, params.decomposition) == (("sex",), ("motion",), "made")


def test_computed_components_are_tested_too(cohort):
    _, result, report = associate(cohort, task="rest", n_components=3, phenotypes=["age"])
    age = cohort.phenotypes["age"].values[result.components.subjects]
    used = ~np.isnan(age)
    expected = [stats.pearsonr(result.components.scores[used, k], age[used]).statistic for k in range(3)]
    np.testing.assert_allclose(column(report, "effect"), expected, rtol=1e-9)
    assert report.numbers["n_scored"] == 39
    assert any("without age was excluded from the tests: 5" in sentence for sentence in report.sentences)


def test_the_strongest_component_is_shown_by_subject(scored):
    _, _, report = associate(scored, decomposition="made", phenotypes=["age"])
    points = next(view for view in report.views if isinstance(view, PointsView))
    assert points.title == "age and component 1"
    assert sum(len(series.subjects) for series in points.series) == 37


def test_nothing_is_found_where_there_is_nothing(rng, scored):
    """Family-wise error of all components with one phenotype, over shuffled phenotypes, is the one asked for."""
    found = 0
    for _ in range(200):
        shuffled = {**scored.phenotypes, "age": Phenotype("age", rng.permutation(scored.phenotypes["age"].values))}
        drawn = dataclasses.replace(scored, phenotypes=shuffled)
        found += associate(drawn, decomposition="made", phenotypes=["age"])[2].numbers["n_significant"] > 0
    assert 1 <= found <= 22  # 10 expected, and the 99.9 % limits of the binomial


def test_what_cannot_be_asked_is_refused_in_words(scored):
    with pytest.raises(InputError, match="cannot be adjusted for too"):
        associate(scored, decomposition="made", phenotypes=["age"], covariates=["age"])
    with pytest.raises(InputError, match="site is A in all"):
        associate(scored, decomposition="made", phenotypes=["site"])
    with pytest.raises(InputError, match="no phenotype 'iq'"):
        associate(scored, decomposition="made", phenotypes=["iq"])


def test_the_tutorials_example_has_its_known_correlations_and_none_survives(shared_data):
    fibromyalgia = load(str(shared_data / "fibromyalgia"))
    _, _, report = associate(fibromyalgia, decomposition="restpca", phenotypes=["Rheumatology_Score_1"])
    r, p = column(report, "effect"), column(report, "p_value")
    np.testing.assert_allclose(r[[0, 4]], [-0.352014, 0.293603], atol=5e-7)
    np.testing.assert_allclose(p[[0, 4]], [0.00375, 0.0167], atol=5e-5)
    assert (r.argmin(), r.argmax()) == (0, 4)
    assert report.numbers["n_tests"] == 65
    assert report.numbers["n_significant"] == 0


@pytest.mark.parametrize("phenotype", ["motion", "hand"])
@pytest.mark.parametrize("families", [None, "FID"])
def test_unequal_variances_and_families_are_those_of_statsmodels(scored, phenotype, families):
    pairs = Phenotype("FID", (np.arange(40) // 2).astype(float))
    scored = dataclasses.replace(scored, phenotypes=scored.phenotypes | {"FID": pairs})
    given = {"decomposition": "made", "phenotypes": [phenotype], "variance": "unequal", "families": families}
    _, _, report = associate(scored, **given)
    scores, values = scored.decompositions["made"].scores, scored.phenotypes[phenotype].values
    used = ~np.isnan(scores[:, 0])
    own = (values[used, None] == [1, 2]).astype(float) if phenotype == "hand" else values[used][:, None]
    codes = np.arange(40)[used] // (1 if families is None else 2)
    for row, score in zip(report.numbers["tests"], scores[used].T, strict=True):
        *_, p = left_out(score, own, np.ones((used.sum(), 1)), codes)
        assert row["p_value"] == pytest.approx(p, rel=1e-6)
    said = " ".join(report.sentences)
    assert ("by HC3" in said, "cluster-robust" in said) == (families is None, families is not None)
    related = [one for one in report.warnings if "FID may say who is related" in one]
    assert len(related) == (families is None)


def test_max_t_of_components_flips_signs_of_families(scored):
    pairs = Phenotype("FID", (np.arange(40) // 2).astype(float))
    scored = dataclasses.replace(scored, phenotypes=scored.phenotypes | {"FID": pairs})
    given = {"decomposition": "made", "phenotypes": ["age"], "correction": "max-t", "permutations": 199}
    _, result, report = associate(scored, families="FID", **given)
    assert result.decision.permuted.null.size == 199
    assert result.significant[0].tolist() == [False, True, False, False, False]
    assert any("contribution of each family" in sentence for sentence in report.sentences)
    with pytest.raises(InputError, match="who is related and cannot be tested"):
        associate(scored, families="age", **given)
