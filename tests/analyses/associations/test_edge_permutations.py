"""Edge association decided by permuting subjects: nilearn, the Brain Connectivity Toolbox, and what is promised."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import warnings

import bct
import numpy as np
import pytest
from nilearn.mass_univariate import permuted_ols
from scipy import stats

from analyses.associations.test_edge_association import associate, subject_means, with_holes
from imagenomer.analyses.associations.edge_association import ANALYSIS
from imagenomer.analyses.contract import TableView, form_of, read_params
from imagenomer.cohort import Phenotype
from imagenomer.edges import edges_to_matrix
from imagenomer.errors import InputError
from imagenomer.load import load
from imagenomer.progress import finish
from nulls import moved_by_motion


@pytest.fixture
def cohort(cohort, rng):
    """Forty subjects with a scanner and a family; patients have stronger edges of the first parcel."""
    patients = rng.permutation(np.arange(40) % 2)
    cohort.phenotypes["patient"] = Phenotype("patient", patients, levels=("no", "yes"))
    cohort.phenotypes["scanner"] = Phenotype("scanner", np.arange(40) // 20, levels=("one", "two"))
    family = np.arange(40) // 2
    family[3] = -1
    cohort.phenotypes["family"] = Phenotype("family", family, levels=tuple(f"F{number}" for number in range(20)))
    patient_of = dict(zip(cohort.subjects, patients, strict=True))
    for row, scan in enumerate(cohort.scans):
        cohort.measures["fc"].values[row, :5] += 0.12 * patient_of[scan.subject]
    return cohort


@pytest.mark.parametrize("covariates", [[], ["age"]])
def test_max_t_agrees_with_nilearn(cohort, covariates):
    given = {"phenotype": "patient", "covariates": covariates, "correction": "max-t", "permutations": 4000}
    _, result, report = associate(cohort, task="nback", **given)
    used = ~np.any([cohort.phenotypes[name].missing for name in ("patient", *covariates)], axis=0)
    confounds = np.column_stack([cohort.phenotypes[name].values[used] for name in covariates]) if covariates else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = permuted_ols(
            cohort.phenotypes["patient"].values[used][:, None].astype(float),
            subject_means(cohort, ("nback",))[used],
            confounds,
            model_intercept=True,
            n_perm=4000,
            random_state=3,
            output_type="dict",
        )
    np.testing.assert_allclose(report.arrays["statistic"], oracle["t"][0], rtol=1e-5)
    theirs = 10 ** -oracle["logp_max_t"][0]
    sampling = np.sqrt(2 * np.maximum(theirs * (1 - theirs), 1 / 4000) / 4000)
    assert (np.abs(report.arrays["p_corrected"] - theirs) < 4 * sampling).all()
    np.testing.assert_array_equal(report.arrays["significant"], report.arrays["p_corrected"] <= 0.05)
    assert report.arrays["significant"].any()
    limit = result.decision.permuted.threshold(0.05)
    assert report.numbers["p_threshold"] == pytest.approx(2 * stats.t.sf(limit, report.numbers["dof"]))
    assert (report.numbers["permutations"], report.numbers["seed"]) == (4000, 1)
    assert report.numbers["smallest_p"] == 1 / 4001


@pytest.mark.parametrize("threshold", [0.02, 2.4])
def test_components_are_those_of_the_brain_connectivity_toolbox(cohort, threshold):
    given = {"phenotype": "patient", "correction": "nbs", "component_threshold": threshold, "permutations": 1000}
    _, result, report = associate(cohort, task="nback", **given)
    t = stats.t.isf(threshold / 2, 38) if threshold < 1 else threshold
    assert result.decision.permuted.threshold == pytest.approx(t)
    patient = cohort.phenotypes["patient"].values == 1
    matrices = edges_to_matrix(subject_means(cohort, ("nback",))).transpose(1, 2, 0)
    with contextlib.redirect_stdout(io.StringIO()):
        p_value, labels, _ = bct.nbs_bct(
            matrices[:, :, ~patient], matrices[:, :, patient], t, k=1000, tail="both", seed=2
        )
    theirs = labels[np.triu_indices(6, k=1)].astype(int)
    component = report.arrays["component"]
    np.testing.assert_array_equal(component >= 0, theirs > 0)
    for label in set(theirs[theirs > 0].tolist()):
        (ours,) = set(component[theirs == label].tolist())
        assert report.arrays["p_corrected"][component == ours] == pytest.approx(p_value[label - 1], abs=0.05)
    table = {view.name: view for view in report.views if isinstance(view, TableView)}["components"]
    assert [row["extent"] for row in table.rows] == np.bincount(component[component >= 0]).tolist()
    first = table.rows[0]
    assert first["edge"] == np.abs(np.where(component == 0, report.arrays["statistic"], 0)).argmax()
    assert first["p_extent"] == pytest.approx(report.arrays["p_corrected"][first["edge"]])
    np.testing.assert_array_equal(
        report.arrays["significant"], np.nan_to_num(report.arrays["p_corrected"], nan=1) <= 0.05
    )
    assert np.isnan(report.arrays["p_corrected"][component < 0]).all()
    said = " ".join(report.sentences)
    assert f"Edges with |t| above {t:.4g}" in said
    assert "A component is significant as a whole" in said


def test_enhanced_edges_come_with_score_and_p(cohort):
    _, result, report = associate(cohort, phenotype="patient", covariates=["age"], correction="tfce", permutations=500)
    np.testing.assert_array_equal(report.arrays["significant"], report.arrays["p_corrected"] <= 0.05)
    np.testing.assert_array_equal(report.arrays["tfce"], result.decision.permuted.score)
    assert report.arrays["significant"][:5].sum() >= 3
    assert {"r", "unadjusted", "neg_log10_p_corrected", "tfce"} <= {view.name for view in report.views}
    assert report.numbers.get("n_lost") is None
    assert any("TFCE is not repeated without the covariates" in sentence for sentence in report.sentences)


@pytest.mark.parametrize("correction", ["max-t", "nbs", "tfce"])
def test_an_interaction_a_category_and_ranks_can_be_permuted_too(cohort, correction):
    cohort.phenotypes["place"] = Phenotype("place", np.arange(40) % 3, levels=("A", "B", "C"))
    for given in (
        {"phenotype": "age", "interaction": "patient"},
        {"phenotype": "place", "covariates": ["age"]},
        {"phenotype": "patient", "covariates": ["age"], "method": "spearman"},
    ):
        params, result, report = associate(
            cohort, correction=correction, permutations=100, component_threshold=0.3, **given
        )
        for view in report.views:
            assert view.name in ANALYSIS.figures(
                cohort, params, result, ANALYSIS.report(cohort, params, result), "light"
            ) or isinstance(view, TableView)
        json.dumps(report.numbers, allow_nan=False)
        assert "corrected" in ANALYSIS.detail(cohort, params, result, 0, ()).caption or correction == "nbs"


@pytest.mark.parametrize("correction", ["max-t", "nbs", "tfce"])
def test_the_seed_decides_and_not_the_order_of_subjects(cohort, rng, correction):
    given = {"phenotype": "sex", "covariates": ["age"], "correction": correction, "permutations": 200}
    given |= {"component_threshold": 0.1, "blocks": "scanner"}
    first, again, other = (
        associate(cohort, **given, seed=seed)[2].arrays["neg_log10_p_corrected"] for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other, equal_nan=True)
    order = rng.permutation(40)
    subjects = tuple(cohort.subjects[index] for index in order)
    rows = sorted(range(79), key=lambda row: (cohort.scans[row].task, subjects.index(cohort.scans[row].subject)))
    measure = cohort.measures["fc"]
    shuffled = dataclasses.replace(
        cohort,
        subjects=subjects,
        phenotypes={
            name: dataclasses.replace(one, values=one.values[order]) for name, one in cohort.phenotypes.items()
        },
        scans=tuple(cohort.scans[row] for row in rows),
        measures={"fc": dataclasses.replace(measure, values=measure.values[rows], present=measure.present[rows])},
    )
    np.testing.assert_allclose(associate(shuffled, **given, seed=7)[2].arrays["neg_log10_p_corrected"], first)


def test_subjects_change_places_within_blocks_only(cohort):
    # The scanner makes everything: within a scanner nothing is going on.
    for row, scan in enumerate(cohort.scans):
        cohort.measures["fc"].values[row] += 0.5 * (int(scan.subject) > 20)
    cohort.phenotypes["score"] = Phenotype("score", np.arange(40) // 20 + np.random.default_rng(1).normal(0, 0.3, 40))
    free = associate(cohort, phenotype="score", correction="max-t", permutations=200)[2]
    within = associate(cohort, phenotype="score", correction="max-t", permutations=200, blocks="scanner")[2]
    assert free.numbers["n_significant"] == 15
    assert within.numbers["n_significant"] == 0
    assert "Subjects are permuted only within the 2 levels of scanner." in within.sentences
    assert within.numbers["blocks"] == "scanner"


def test_who_has_no_block_is_left_out_and_named(cohort):
    _, _, report = associate(cohort, phenotype="patient", correction="max-t", permutations=100, blocks="family")
    assert {"reason": "without family", "n": 1, "subjects": ("4",)} in report.numbers["dropped"]
    _, _, report = associate(cohort, phenotype="patient", correction="holm", blocks="family")
    assert report.numbers["n_dropped"] == 0  # nothing is permuted


def test_too_few_permutations_bring_a_warning_and_the_smallest_p_is_said(cohort):
    _, _, report = associate(cohort, phenotype="patient", correction="max-t", permutations=100, alpha=0.005)
    assert "100 permutations cannot give a p below 0.0099, so nothing can be significant at 0.005; ask for more." in (
        report.warnings
    )
    assert report.numbers["p_threshold"] is None
    assert report.numbers["n_significant"] == 0
    assert any("the smallest possible p is 0.0099" in sentence for sentence in report.sentences)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"permutations": 250.5}, r"permutations is a whole number from 100 to 100,000, not 250\.5"),
        ({"permutations": 10}, "permutations is a whole number from 100 to 100,000, not 10"),
        ({"blocks": "age"}, "age is a number; blocks are levels of a category"),
        ({"blocks": "patient"}, "patient does not vary within any block"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(cohort, given, message):
    with pytest.raises(InputError, match=message):
        associate(cohort, phenotype="patient", correction="max-t", **given)


@pytest.mark.parametrize("correction", ["max-t", "nbs", "tfce"])
def test_an_edge_with_missing_values_is_left_out_of_the_permutations(cohort, correction):
    holed = with_holes(cohort, [("7", 2)])
    params, result, report = associate(
        holed, phenotype="patient", correction=correction, permutations=100, component_threshold=0.1
    )
    assert np.isnan(report.arrays["p_corrected"][2])
    assert not report.arrays["significant"][2]
    assert np.isfinite(report.arrays["r"][2])
    assert "excluded from permutation" in ANALYSIS.detail(holed, params, result, 2, ()).caption
    assert any("is excluded from permutation" in sentence for sentence in report.sentences)


def test_progress_counts_permutations_and_a_cancelled_run_leaves_nothing_behind(cohort):
    params = read_params(ANALYSIS, {"phenotype": "patient", "correction": "max-t", "permutations": 300})
    steps = ANALYSIS.compute(cohort, params)
    permuting = (one for one in steps if one.step == "Permuting")
    first = next(permuting)
    second = next(one for one in permuting if one.done)
    assert (first.done, first.total) == (0, 300)
    assert 0 < second.done <= second.total == 300
    steps.close()
    first = finish(ANALYSIS.compute(cohort, params))
    again = finish(ANALYSIS.compute(cohort, params))
    np.testing.assert_array_equal(first.decision.neg_log10_p, again.decision.neg_log10_p)


def test_fields_matter_only_where_their_correction_uses_them():
    shown = {field["name"]: field["when"]["correction"] for field in form_of(ANALYSIS) if field["when"]}
    assert shown == {
        "component_threshold": ["nbs"],
        "direction": ["nbs", "tfce"],
        "permutations": ["max-t", "nbs", "tfce"],
        "seed": ["max-t", "nbs", "tfce"],
        "blocks": ["max-t", "nbs", "tfce"],
        "exchange": ["max-t", "nbs", "tfce"],
    }


def test_one_in_twenty_is_false_when_nothing_is_going_on(cohort):
    # Edges and score follow motion: 200 draws, 10 false ones are expected, 2 to 21 in 99.9 of 100 cases.
    false = dict.fromkeys(("max-t", "nbs", "tfce"), 0)
    for seed in range(200):
        drawn = moved_by_motion(cohort, seed)
        for correction in false:
            given = {"phenotype": "s", "covariates": ["m"], "correction": correction, "seed": seed}
            given |= {"permutations": 100, "component_threshold": 0.05, "task": "nback"}
            params = read_params(ANALYSIS, given)
            false[correction] += finish(ANALYSIS.compute(drawn, params)).decision.significant.any()
    assert all(2 <= count <= 21 for count in false.values()), false


@pytest.mark.slow
def test_on_real_data_max_t_is_that_of_nilearn(shared_data):
    fibromyalgia = load(shared_data / "fibromyalgia")
    given = {"phenotype": "Fibromyalgia", "covariates": ["Age", "BMI"], "task": "rest", "correction": "max-t"}
    _, result, report = associate(fibromyalgia, permutations=300, **given)
    subjects = result.sample.subjects
    tested, *confounds = (fibromyalgia.phenotypes[name].values[subjects] for name in ("Fibromyalgia", "Age", "BMI"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = permuted_ols(
            tested[:, None].astype(float),
            fibromyalgia.observed_edges("fc", "rest", np.arange(34_716))[result.sample.rows],
            np.column_stack(confounds),
            model_intercept=True,
            n_perm=60,
            random_state=1,
            output_type="dict",
        )
    sign = 1 if result.model.level == fibromyalgia.phenotypes["Fibromyalgia"].levels[1] else -1
    np.testing.assert_allclose(sign * report.arrays["statistic"], oracle["t"][0], rtol=1e-4, atol=1e-6)
    ours, theirs = np.median(result.decision.permuted.null), np.median(oracle["h0_max_t"])
    assert ours == pytest.approx(theirs, rel=0.03)


# --- few distinct permutations -------------------------------------------------------------------


@pytest.fixture
def five_pairs(cohort):
    """Pairs of a patient and a control, of which five are chosen by a group."""
    pair = Phenotype("pair", np.arange(40) // 2, levels=tuple(f"P{number}" for number in range(20)))
    twin = Phenotype("twin", np.arange(40) % 2, levels=("control", "patient"))
    few = Phenotype("few", (np.arange(40) < 10).astype(np.intp), levels=("no", "yes"))
    return dataclasses.replace(cohort, phenotypes=cohort.phenotypes | {"pair": pair, "twin": twin, "few": few})


@pytest.mark.parametrize("correction", ["max-t", "nbs", "tfce"])
def test_the_smallest_p_is_the_one_that_the_permutations_allow(five_pairs, correction):
    given = {"phenotype": "twin", "group": 'few == "yes"', "blocks": "pair", "correction": correction}
    _, result, report = associate(five_pairs, permutations=4999, component_threshold=0.2, **given)
    assert report.numbers["smallest_p"] == 1 / 16
    assert (report.numbers["distinct_permutations"], report.numbers["permutations_used"]) == (32, 31)
    p = result.decision.p_value
    assert np.nanmin(p) >= 1 / 16
    np.testing.assert_allclose(p[np.isfinite(p)] * 32, np.rint(p[np.isfinite(p)] * 32), atol=1e-9)
    assert any(
        "All 32 distinct permutations of subjects" in sentence and "is 0.0625" in sentence
        for sentence in report.sentences
    )
    assert any("only 32 distinct permutations" in warning for warning in report.warnings)
    assert associate(five_pairs, permutations=4999, component_threshold=0.2, seed=7, **given)[2].sentences == (
        report.sentences
    )


def test_the_number_of_distinct_permutations_is_said_where_they_are_many(cohort):
    _, _, report = associate(cohort, phenotype="patient", correction="max-t", permutations=100)
    assert any(sentence == "There are more than 10^11 distinct permutations." for sentence in report.sentences)
    assert report.numbers["permutations_used"] == 100


# --- one direction -------------------------------------------------------------------------------


@pytest.fixture
def up_and_down(cohort):
    """Patients have stronger edges of the first parcel, and weaker ones of the last."""
    patient_of = dict(zip(cohort.subjects, cohort.phenotypes["patient"].values, strict=True))
    for row, scan in enumerate(cohort.scans):
        cohort.measures["fc"].values[row, [8, 11, 13, 14]] -= 0.12 * patient_of[scan.subject]
    return cohort


@pytest.mark.parametrize(("direction", "tail", "sign"), [("greater", "left", 1), ("less", "right", -1)])
def test_components_of_one_direction_are_those_of_the_brain_connectivity_toolbox(up_and_down, direction, tail, sign):
    given = {"correction": "nbs", "task": "nback", "permutations": 1000, "component_threshold": 0.05}
    _, result, report = associate(up_and_down, phenotype="patient", direction=direction, **given)
    t = stats.t.isf(0.05, 38)
    assert result.decision.permuted.threshold == pytest.approx(t)
    patient = up_and_down.phenotypes["patient"].values == 1
    matrices = edges_to_matrix(subject_means(up_and_down, ("nback",))).transpose(1, 2, 0)
    with contextlib.redirect_stdout(io.StringIO()):
        p_value, labels, _ = bct.nbs_bct(
            matrices[:, :, ~patient], matrices[:, :, patient], t, k=1000, tail=tail, seed=2
        )
    theirs = labels[np.triu_indices(6, k=1)].astype(int)
    component = report.arrays["component"]
    np.testing.assert_array_equal(component >= 0, theirs > 0)
    assert (sign * report.arrays["statistic"][component >= 0] > t).all()
    for label in set(theirs[theirs > 0].tolist()):
        (ours,) = set(component[theirs == label].tolist())
        assert report.arrays["p_corrected"][component == ours] == pytest.approx(p_value[label - 1], abs=0.05)
    assert report.numbers["direction"] == direction
    more = "greater" if sign > 0 else "smaller"
    assert any(f"only edges that are {more} where patient = yes count" in one for one in report.sentences)
    assert any(f"Edges with {'t' if sign > 0 else '−t'} above {t:.4g} (p below 0.05" in one for one in report.sentences)


def test_each_direction_enhances_its_own_edges_and_both_all(up_and_down):
    given = {"phenotype": "patient", "correction": "tfce", "permutations": 200}
    found = {
        direction: associate(up_and_down, direction=direction, **given)[2].arrays
        for direction in ("two-sided", "greater", "less")
    }
    signs = np.sign(found["two-sided"]["statistic"])
    for direction, sign in (("greater", 1), ("less", -1)):
        assert found[direction]["significant"].any()
        np.testing.assert_array_equal(found[direction]["tfce"][signs != sign], 0)
    assert set(signs[found["two-sided"]["significant"]]) == {1, -1}


def test_f_has_no_direction(cohort):
    place = Phenotype("place", np.arange(40) % 3, levels=("A", "B", "C"))
    cohort = dataclasses.replace(cohort, phenotypes=cohort.phenotypes | {"place": place})
    with pytest.raises(InputError, match="place is tested by F, which has no direction"):
        associate(cohort, phenotype="place", correction="nbs", direction="less", permutations=100)


def test_a_direction_that_the_form_hides_changes_nothing(cohort):
    reports = [
        associate(cohort, phenotype="patient", correction="max-t", direction=direction, permutations=100)[2]
        for direction in ("two-sided", "less")
    ]
    assert reports[0].sentences == reports[1].sentences
