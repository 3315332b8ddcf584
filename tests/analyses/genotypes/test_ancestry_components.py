"""Ancestry components: populations come apart, and phenotypes associated with them are found as scipy finds them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from imagenomer.analyses.contract import TableView
from imagenomer.analyses.genotypes.ancestry_components import ANALYSIS, Params
from imagenomer.errors import InputError
from imagenomer.load import load
from imagenomer.progress import finish


def run(cohort, **params):
    params = Params(**params)
    result = finish(ANALYSIS.compute(cohort, params))
    return result, ANALYSIS.report(cohort, params, result)


@pytest.fixture(scope="module")
def demo():
    return load("demo:full")


def test_the_populations_of_the_hapmap_come_apart(shared_data):
    cohort = load(shared_data / "snp-hapmap279")
    result, report = run(cohort, variants="hapmap279", colour_by="pop")
    scores = result.ancestry.scores[:, :2]
    pop = np.array(cohort.phenotype("pop").levels)[cohort.phenotype("pop").values]
    centres = {name: scores[pop == name].mean(axis=0) for name in ("YRI", "CEU", "HCB")}
    for name, centre in centres.items():
        spread = np.abs(scores[pop == name] - centre).max()
        for other, theirs in centres.items():
            if other != name:
                assert np.abs(theirs - centre).max() > 2 * spread
    assert {series.name for series in report.views[0].series} == {"CEU", "HCB", "JPT", "YRI"}
    assert any("is most strongly associated with the first component" in sentence for sentence in report.sentences)
    assert "pop is most strongly associated" in " ".join(report.sentences)


def test_the_demos_groups_come_apart_though_platforms_share_few_variants(demo):
    result, _ = run(demo)
    shares = {one.phenotype.name: one.share[0] for one in result.phenotypes}
    assert shares["ancestry"] > 0.9
    assert shares["age"] < 0.02
    assert shares["wrat"] > 0.05  # confounded on purpose


def test_associations_are_those_of_scipy(cohort):
    result, report = run(cohort)
    scores = result.ancestry.scores
    effects = {one.phenotype.name: one for one in result.phenotypes}
    assert set(effects) == {"age", "sex"}  # site never varies
    age, sex = cohort.phenotype("age").values, cohort.phenotype("sex").values
    known = ~np.isnan(age) & ~np.isnan(scores[:, 0])
    oracle = stats.pearsonr(scores[known, 2], age[known])
    np.testing.assert_allclose((effects["age"].effect[2], effects["age"].p_value[2]), oracle, rtol=1e-8)
    known = (sex >= 0) & ~np.isnan(scores[:, 0])
    oracle = stats.f_oneway(scores[known & (sex == 0), 1], scores[known & (sex == 1), 1])
    np.testing.assert_allclose(effects["sex"].p_value[1], oracle.pvalue, rtol=1e-8)
    assert effects["sex"].n == known.sum() == 38
    (table,) = [view for view in report.views if isinstance(view, TableView) and view.name == "scores"]
    assert len(table.rows) == 39
    assert table.rows[0]["component_20"] == pytest.approx(scores[0, 19])


def test_points_are_coloured_by_groups_or_a_category(cohort):
    _, report = run(cohort, groups=('sex == "F"', "age < 150"), x=2, y=3)
    view = report.views[0]
    assert [series.name for series in view.series][-1] == "Others"
    named = [subject for series in view.series for subject in series.subjects]
    assert sorted(named) == sorted(subject for subject in cohort.subjects if subject != "39")
    assert view.x_label.startswith("Component 2 (")
    _, report = run(cohort, colour_by="sex")
    assert [series.name for series in report.views[0].series] == ["F", "M", "missing"]


def test_what_cannot_be_shown_is_refused(cohort):
    with pytest.raises(InputError, match="there are 20 components"):
        run(cohort, x=21)
    few = dataclasses.replace(
        cohort.variant_set(), dosage=np.where(np.arange(40)[:, None] < 6, cohort.variant_set().dosage, -1)
    )
    with pytest.raises(InputError, match="component 9 is requested; choose another"):
        run(dataclasses.replace(cohort, variant_sets={"small": few}), y=9)
