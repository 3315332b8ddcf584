from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from imagenomer.analyses import load_analyses
from imagenomer.analyses.connectivity.connectivity_summary import ANALYSIS as SUMMARY
from imagenomer.analyses.connectivity.connectivity_summary import Params as SummaryParams
from imagenomer.analyses.connectivity.harmonisation import ANALYSIS, Params
from imagenomer.analyses.contract import read_params
from imagenomer.analyses.shared.sample import leak_warnings
from imagenomer.cli import main
from imagenomer.cohort import Cohort, Measure, Phenotype, with_measure
from imagenomer.errors import InputError
from imagenomer.load import add_measure
from imagenomer.progress import finish
from imagenomer.readers import listing_of, open_cohort
from imagenomer.readers.bundle import bundle_bytes
from sited import AGED, N_EDGES, SITES, planted


@pytest.fixture(scope="module")
def sited() -> Cohort:
    return planted()


def run(cohort, **given):
    params = Params("site", **given)
    result = finish(ANALYSIS.compute(cohort, params))
    return params, result, ANALYSIS.report(cohort, params, result)


@pytest.fixture(scope="module")
def whole(sited):
    return run(sited, covariates=("age",), task="nback")


# --- what it says of a planted truth -------------------------------------------------------------


def test_a_planted_site_effect_is_found_removed_and_no_longer_predicted(whole):
    numbers = whole[2].numbers
    assert numbers["n_significant_before"] > 0.4 * N_EDGES
    assert numbers["n_significant_after"] == 0
    assert numbers["mean_eta_squared_before"] > 0.3 > 0.02 > numbers["mean_eta_squared_after"]
    accuracy, chance = numbers["prediction"][-2:]
    assert accuracy["before"] > 0.9
    assert accuracy["after"] < 0.45
    assert chance["before"] == pytest.approx(1 / 3)


def test_a_planted_phenotype_effect_survives(whole):
    (age,) = whole[2].numbers["preserved"]
    assert age["name"] == "age"
    assert age["significant_within"] >= 0.9 * AGED.sum()
    assert age["significant_after"] >= 0.9 * AGED.sum()
    assert age["map_correlation_within"] > 0.98
    assert age["map_correlation"] < age["map_correlation_within"]


def test_what_is_not_preserved_loses_what_goes_with_the_site(sited):
    entangled = replace(
        sited,
        phenotypes={
            **sited.phenotypes,
            "age": Phenotype("age", sited.phenotypes["age"].values + 15 * (sited.phenotypes["site"].values == 2)),
        },
    )
    _, result, report = run(entangled, task="nback", predict_site=False)
    (warning,) = [one for one in report.warnings if "are not preserved" in one]
    assert "age (" in warning
    assert "preserve what you study" in warning
    assert dict(result.not_preserved)["age"] > 0.4


def test_the_map_is_the_f_test_of_statsmodels(sited, whole):
    _, result, report = whole
    observed = sited.observed_edges("fc", "nback", np.array([3, 40]))
    site, age = sited.phenotypes["site"].values, sited.phenotypes["age"].values
    full = sm.add_constant(np.column_stack([site == 1, site == 2, age]).astype(float))
    for position, edge in enumerate((3, 40)):
        fit = sm.OLS(observed[:, position], full).fit()
        test = fit.f_test(np.eye(4)[1:3])
        share = 1 - fit.ssr / sm.OLS(observed[:, position], full[:, [0, 3]]).fit().ssr
        assert report.arrays["eta_squared_before"][edge] == pytest.approx(share, rel=1e-4)
        assert report.arrays["neg_log10_p_before"][edge] == pytest.approx(-np.log10(test.pvalue), rel=1e-4)
    assert result.dof == (2, 116)


def test_shifts_and_scales_of_sites_are_those_that_were_planted(sited):
    cohort = planted(3, sizes=(300, 300, 300))
    _, result, _ = run(cohort, covariates=("age",), task="nback", predict_site=False)
    rng = np.random.default_rng(3)
    site = rng.permutation(np.repeat(np.arange(3), (300, 300, 300)))
    np.testing.assert_array_equal(site, cohort.phenotypes["site"].values)
    rng.normal(30, 8, 900), rng.integers(0, 2, 900)
    shifts, spreads = rng.normal(0, 0.15, (3, N_EDGES)), rng.uniform(0.7, 1.4, (3, N_EDGES))
    found = result.combat.shift * result.combat.sd
    np.testing.assert_allclose(found - found[0], shifts - shifts[0], atol=0.04)
    np.testing.assert_allclose(np.sqrt(result.combat.scale / result.combat.scale[0]), spreads / spreads[0], rtol=0.25)


def test_where_sites_do_not_differ_it_says_so():
    _, _, report = run(planted(8, shift=0, effect=0), covariates=("age",), task="nback")
    assert report.numbers["n_significant_before"] <= 1
    # The spreads of sites were planted still; a difference of variances is no difference of means.
    assert any(one.startswith("No evidence that connectivity is associated with site") for one in report.warnings)


# --- who, and what cannot be done ----------------------------------------------------------------


def test_small_sites_are_left_out_and_named(sited):
    site = sited.phenotypes["site"].values.copy()
    few = np.flatnonzero(site == 0)[:2]
    site[few] = 3
    small = replace(sited, phenotypes={**sited.phenotypes, "site": Phenotype("site", site, levels=(*SITES, "Erie"))})
    params, result, report = run(small, task="nback", predict_site=False)
    assert result.sample.n_subjects == 118
    names = ", ".join(sited.subjects[subject] for subject in few)
    assert f"2 subjects without a site of at least 3 subjects were left out: {names}." in report.sentences
    made = finish(ANALYSIS.measure(small, params, result))
    absent = {small.scans[row].subject for row in np.flatnonzero(~made.present) if small.scans[row].task == "nback"}
    assert absent == {sited.subjects[subject] for subject in few}

    _, _, report = run(small, task="nback", smallest_site=2, predict_site=False)
    assert any("Few subjects to learn from: Erie (2)" in one for one in report.warnings)


def test_a_site_of_one_is_refused_in_words_and_harmonised_by_its_mean_only(sited):
    site = sited.phenotypes["site"].values.copy()
    site[np.flatnonzero(site == 0)[0]] = 3
    small = replace(sited, phenotypes={**sited.phenotypes, "site": Phenotype("site", site, levels=(*SITES, "Erie"))})
    with pytest.raises(InputError, match="Erie has one subject to learn from, and one has no variance"):
        run(small, task="nback", smallest_site=1, predict_site=False)
    _, _, report = run(small, task="nback", smallest_site=1, mean_only=True, empirical_bayes=False, predict_site=False)
    assert any(
        "Erie has a single subject" in one and "no individual difference remains" in one for one in report.warnings
    )


def test_a_covariate_that_says_the_same_as_the_site_is_refused_with_its_numbers(sited):
    same = (sited.phenotypes["site"].values == 1).astype(np.intp)
    aliased = replace(sited, phenotypes={**sited.phenotypes, "drug": Phenotype("drug", same, levels=("none", "some"))})
    with pytest.raises(
        InputError,
        match=r"drug: some cannot be separated from site \(Boston: 0 of 30, Chicago: 40 of 40, Denver: 0 of 50\)",
    ):
        run(aliased, task="nback", covariates=("drug",))


def test_a_covariate_mostly_explained_by_site_is_warned_of_with_its_share(sited):
    near = (sited.phenotypes["site"].values == 1).astype(np.intp)
    near[np.flatnonzero(near)[:3]] = 0
    aliased = replace(sited, phenotypes={**sited.phenotypes, "drug": Phenotype("drug", near, levels=("none", "some"))})
    _, result, report = run(aliased, task="nback", covariates=("drug",), predict_site=False)
    share = np.corrcoef(near, sited.phenotypes["site"].values == 1)[0, 1] ** 2
    assert result.preserved[0].share_of_site == pytest.approx(share, abs=1e-9)
    assert any(
        one.startswith(f"{share:.0%} of the variance of drug is associated with site") for one in report.warnings
    )


def test_effects_learned_from_controls_need_controls_at_every_site(sited):
    _, result, report = run(sited, task="nback", learn_from='diagnosis == "control"', predict_site=False)
    assert result.learned.sum() == (sited.phenotypes["diagnosis"].values == 0).sum()
    assert any("learned from group" in one for one in report.sentences)
    with pytest.raises(InputError, match=r"nothing was learned about Boston \(30\)"):
        run(sited, task="nback", learn_from='diagnosis == "patient"')
    with pytest.raises(InputError, match="none of the 120 subjects is in the group age > 900"):
        run(sited, task="nback", learn_from="age > 900")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"covariates": ("site",)}, "site cannot be both removed and preserved"),
        ({"reference": "Erie"}, "site has no level 'Erie'"),
        ({"group": 'site == "Denver"'}, "all 50 subjects learned from are of Denver"),
    ],
)
def test_what_cannot_be_done_is_said(sited, given, message):
    with pytest.raises(InputError, match=message):
        run(sited, task="nback", **given)


def test_a_number_is_no_site(sited):
    with pytest.raises(InputError, match="age is a number, and sites are a category"):
        finish(ANALYSIS.compute(sited, Params("age")))


def test_too_few_subjects_a_site_are_not_predicted_and_that_is_said():
    _, result, report = run(planted(4, sizes=(8, 9, 40)), task="nback")
    assert result.site_predictions.before is None
    assert any("was not predicted" in one for one in report.sentences)
    assert "prediction" not in {view.name for view in report.views}


def test_edges_that_do_not_vary_within_a_site_are_counted(sited):
    values = sited.measures["fc"].values.copy()
    values[sited.phenotypes["site"].values[sited.scan_subjects] == 1, 7] = 0.25
    values[:, 9] = 0.5
    flat = replace(sited, measures={"fc": Measure("fc", values, sited.measures["fc"].present)})
    params, result, report = run(flat, task="nback", predict_site=False)
    # Edge 9 does not vary anywhere.
    assert "2 edges do not vary within some site" in " ".join(report.sentences)
    assert "1 edge does not vary within any site" in " ".join(report.sentences)
    made = finish(ANALYSIS.measure(flat, params, result))
    np.testing.assert_allclose(made.values[made.present, 9], 0.5, atol=1e-6)
    assert np.isfinite(made.values[made.present]).all()


# --- the measure ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["combat", "covbat"])
@pytest.mark.parametrize("task", [None, "nback"])
def test_the_measure_is_the_harmonised_connectivity_of_the_report(sited, method, task):
    """Scans are harmonised, subjects are reported: averaging sessions and tasks must not come between."""
    params, result, _ = run(sited, covariates=("age",), method=method, task=task, predict_site=False)
    more = finish(add_measure(sited, "harmonisation", json.loads(json.dumps(vars_of(params)))))
    (name,) = set(more.measures) - {"fc"}
    assert name == f"fc ({'ComBat' if method == 'combat' else 'CovBat'} by site)"
    assert more.measures[name].values.dtype == np.float32
    sample = result.sample
    directly = finish(result.effects.apply(sample.observations.values, sample.rows, result.sites))
    observed = more.observations(name, task)
    np.testing.assert_array_equal(observed.subjects, sample.subjects)
    np.testing.assert_allclose(observed.values, directly, atol=2e-6)
    assert np.abs(directly - sample.observations.values[sample.rows]).max() > 0.1


def vars_of(params):
    return {name: getattr(params, name) for name in Params.__dataclass_fields__}


def test_only_the_scans_that_were_asked_for_are_in_the_measure(sited):
    more = finish(add_measure(sited, "harmonisation", {"site": "site", "task": "rest", "predict_site": False}))
    made = more.measures["fc (ComBat by site)"]
    assert {more.scans[row].task for row in np.flatnonzero(made.present)} == {"rest"}
    assert np.isnan(made.values[~made.present]).all()


def test_every_result_of_the_measure_says_how_it_was_made_and_the_log_too(sited):
    more = finish(add_measure(sited, "harmonisation", {"site": "site", "covariates": ["age"], "predict_site": False}))
    name = "fc (ComBat by site)"
    params = SummaryParams(measure=name)
    report = SUMMARY.report(more, params, finish(SUMMARY.compute(more, params)))
    made = (
        "fc (ComBat by site) is fc, mean over tasks with differences between the 3 levels of site removed by ComBat "
        "(empirical Bayes), learned from 120 subjects at once; the variance explained by age is preserved."
    )
    assert made in report.sentences
    assert any(made in entry.message for entry in more.log)
    assert "test subjects included" in leak_warnings(more, name)[0]
    assert leak_warnings(more, "fc") == []


def test_a_prediction_from_the_measure_warns_that_it_leaks(sited):
    more = finish(add_measure(sited, "harmonisation", {"site": "site", "predict_site": False}))
    prediction = load_analyses()["prediction"]
    for measure, leaks in (("fc", False), ("fc (ComBat by site)", True)):
        params = read_params(prediction, {"phenotype": "age", "measure": measure, "permutations": 0})
        report = prediction.report(more, params, finish(prediction.compute(more, params)))
        assert any("was made from all subjects at once" in one for one in report.warnings) == leaks


def test_the_confound_report_warns_of_the_measure_from_its_first_part_on(sited):
    more = finish(add_measure(sited, "harmonisation", {"site": "site", "predict_site": False}))
    confounds = load_analyses()["confound-report"]
    for measure, leaks in (("fc", False), ("fc (ComBat by site)", True)):
        params = read_params(confounds, {"target": "age", "candidates": ["site"], "measure": measure})
        report = confounds.report(more, params, finish(confounds.parts[0].compute(more, params, None)))
        assert any("was made from all subjects at once" in one for one in report.warnings) == leaks


def test_its_methods_name_what_was_done(sited, whole):
    params, result, _ = whole
    said = ANALYSIS.methods(sited, params, result)
    assert "shrunk towards their distribution over edges by parametric empirical Bayes" in said.text[0]
    assert "the variance explained by age is preserved." in said.text[0]
    assert [one.split(" (")[0] for one in said.citations] == [
        "Johnson, Li and Rabinovic",
        "Fortin et al.",
        "Dudoit, Fridlyand and Speed",
    ]


def test_another_measure_of_the_same_site_gets_a_number(sited):
    given = {"site": "site", "predict_site": False}
    more = finish(add_measure(sited, "harmonisation", given))
    more = finish(add_measure(more, "harmonisation", given | {"covariates": ["age"]}))
    assert list(more.measures) == ["fc", "fc (ComBat by site)", "fc (ComBat by site) 2"]
    with pytest.raises(InputError, match="has a measure 'fc' already"):
        with_measure(more, more.measures["fc"])


def test_adding_a_measure_keeps_what_was_computed_of_the_others(sited):
    before = sited.observations("fc", "nback")
    more = finish(add_measure(sited, "harmonisation", {"site": "site", "task": "rest", "predict_site": False}))
    assert more.observations("fc", "nback") is before


def test_a_bundle_holds_the_measure_and_how_it_was_made(sited, tmp_path):
    more = finish(add_measure(sited, "harmonisation", {"site": "site", "predict_site": False}))
    path = tmp_path / "sites.zip"
    path.write_bytes(finish(bundle_bytes(more)))
    back = finish(open_cohort(listing_of(path)))
    name = "fc (ComBat by site)"
    assert back.measures[name].made == more.measures[name].made
    np.testing.assert_array_equal(back.measures[name].values, more.measures[name].values)


def test_an_analysis_without_a_measure_adds_none(sited):
    with pytest.raises(InputError, match=r"'connectivity-summary' is no analysis that makes a measure.*harmonisation"):
        finish(add_measure(sited, "connectivity-summary", {}))


def test_the_command_makes_the_measure_that_another_analysis_then_uses(sited, tmp_path, capsys):
    path = tmp_path / "sites.zip"
    path.write_bytes(finish(bundle_bytes(sited)))
    made = ["--add-measure", "harmonisation", '{"site": "site", "task": "nback", "predict_site": false}']
    given = json.dumps({"phenotype": "site", "measure": "fc (ComBat by site)", "task": "nback"})
    command = ["run", "edge-association", str(path), "--params", given]
    assert main([*command, *made]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["n_significant"] == 0
    assert "removed by ComBat" in said.err
    assert main(command) == 2
    assert "no measure 'fc (ComBat by site)'" in capsys.readouterr().err
    assert main([*command, "--add-measure", "harmonisation", "[]"]) == 2
    assert "--add-measure is a JSON object" in capsys.readouterr().err


def test_the_form_takes_what_the_report_says(whole):
    params, _, report = whole
    given = {name: report.numbers[name] for name in ("site", "covariates", "method", "task")}
    assert read_params(ANALYSIS, given) == params
