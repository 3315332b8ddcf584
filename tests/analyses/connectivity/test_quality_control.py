"""Quality control of cohorts with something planted: motion, outliers, copies, swaps; and of one with nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from imagenomer import groups
from imagenomer.analyses.connectivity.quality_control import ANALYSIS
from imagenomer.analyses.contract import PointsView, TableView, read_params
from imagenomer.cohort import Cohort, Measure, Phenotype, Scan
from imagenomer.edges import edge_distances, n_edges_of
from imagenomer.errors import InputError
from imagenomer.parcellation import Parcellation
from imagenomer.progress import Progress, finish

N, N_PARCELS = 60, 24
TASKS = ("nback", "rest")


def control(cohort, **given):
    params = read_params(ANALYSIS, {"motion": "mean_fd", "permutations": 100, **given})
    result = finish(ANALYSIS.compute(cohort, params))
    return params, result, ANALYSIS.report(cohort, params, result)


def table(report, name):
    return {view.name: view for view in report.views if isinstance(view, TableView)}[name]


def said(report):
    return " ".join((*report.warnings, *report.sentences))


def row_of(cohort, subject, task):
    return next(row for row, scan in enumerate(cohort.scans) if (scan.subject, scan.task) == (subject, task))


@pytest.fixture
def cohort():
    """Sixty people, two tasks, 24 parcels; everybody has connectivity of their own. Nothing is associated with motion.

    Those who move are younger; person 60 has one task only, person 7 no motion.
    """
    rng = np.random.default_rng(31)
    n_edges = n_edges_of(N_PARCELS)
    subjects = tuple(str(number) for number in range(1, N + 1))
    age = rng.uniform(8, 22, N).round(1)
    motion = np.exp(rng.normal(-1.6, 0.3, N) - 0.06 * (age - 15)).round(3)
    motion[6] = np.nan
    own = rng.normal(0, 0.12, (N, n_edges))
    task = rng.normal(0.2, 0.15, (2, n_edges))
    scans = tuple(Scan(name, subject) for name in TASKS for subject in subjects if (name, subject) != ("rest", "60"))
    values = np.array(
        [task[TASKS.index(scan.task)] + own[int(scan.subject) - 1] + rng.normal(0, 0.06, n_edges) for scan in scans]
    )
    return Cohort(
        name="Sixty",
        subjects=subjects,
        phenotypes={
            "age": Phenotype("age", age, units="years"),
            "sex": Phenotype("sex", rng.integers(0, 2, N), levels=("F", "M")),
            "mean_fd": Phenotype("mean_fd", motion, units="mm", description="Head motion"),
            "site": Phenotype("site", rng.integers(0, 3, N), levels=("A", "B", "C")),
        },
        scans=scans,
        measures={"fc": Measure("fc", values.astype(np.float32), np.ones(len(scans), dtype=bool))},
        parcellation=Parcellation(
            name="Twenty-four",
            labels=tuple(f"P{number}" for number in range(N_PARCELS)),
            coordinates=rng.uniform(-60, 60, (N_PARCELS, 3)),
            networks=("VIS", "DMN") * 12,
            network_names=("DMN", "VIS"),
        ),
    )


def move(cohort, strength):
    """Let motion raise short connections and lower long ones, in all scans."""
    distance = edge_distances(cohort.parcellation.coordinates)
    motion = np.nan_to_num(cohort.phenotypes["mean_fd"].values - 0.2)
    of = dict(zip(cohort.subjects, motion, strict=True))
    values = cohort.measures["fc"].values
    for row, scan in enumerate(cohort.scans):
        values[row] += (strength * of[scan.subject] * (80 - distance) / 40).astype(np.float32)


def means(cohort):
    """The mean over tasks of everybody with motion, and their motion."""
    values = cohort.measures["fc"].values.astype(float)
    rows = {subject: [] for subject in cohort.subjects}
    for row, scan in enumerate(cohort.scans):
        rows[scan.subject].append(row)
    motion = cohort.phenotypes["mean_fd"].values
    used = np.flatnonzero(~np.isnan(motion))
    return np.array([values[rows[cohort.subjects[index]]].mean(axis=0) for index in used]), motion[used]


# --- motion --------------------------------------------------------------------------------------


def test_qc_fc_is_that_of_scipy_and_statsmodels(cohort):
    move(cohort, 0.6)
    _, result, report = control(cohort, check="motion")
    edges, motion = means(cohort)
    r, p_value = stats.pearsonr(edges, motion[:, None], axis=0)
    np.testing.assert_allclose(report.arrays["r"], r, atol=1e-5)
    assert report.numbers["share_nominal"] == pytest.approx(np.mean(p_value < 0.05))
    significant = multipletests(p_value, method="fdr_bh")[0]
    np.testing.assert_array_equal(report.arrays["significant"], significant)
    assert report.numbers["share_fdr"] == pytest.approx(significant.mean())
    assert report.numbers["median_abs_r"] == pytest.approx(np.median(np.abs(r)), abs=1e-5)
    distance = edge_distances(cohort.parcellation.coordinates)
    assert report.numbers["distance_r"] == pytest.approx(stats.pearsonr(r, distance).statistic, abs=1e-5)
    assert report.numbers["distance_rho"] == pytest.approx(stats.spearmanr(r, distance).statistic, abs=1e-4)
    assert report.numbers["n_subjects"] == result.motion_association.sample.n_subjects == N - 1
    assert "1 subject without mean_fd was left out: 7." in said(report)


def test_planted_motion_is_found_with_its_dependence_on_distance(cohort):
    move(cohort, 0.6)
    _, _, report = control(cohort, check="motion")
    numbers = report.numbers
    assert max(numbers[f"p_{name}"] for name in ("share_nominal", "median_abs_r", "distance_r", "match")) <= 0.02
    assert numbers["match_level"] == "low"
    assert numbers["distance_r"] < -0.5
    assert "consistent with a motion artefact, which increases short connections more than long ones" in said(report)
    assert report.warnings[-1].startswith("The match with permuted subjects is low")
    assert "is associated with mean_fd more than expected by chance" in report.verdict[0].text
    assert {finding.of for finding in report.verdict} <= {view.name for view in report.views}


def test_without_motion_nothing_is_claimed(cohort):
    _, _, report = control(cohort, check="motion")
    assert report.numbers["p_share_nominal"] > 0.05
    assert report.numbers["p_distance_r"] > 0.05
    assert "no more than expected by chance" in report.verdict[0].text
    assert "which is no more than expected by chance" in said(report)
    assert not report.warnings


def test_covariates_are_taken_out(cohort):
    """Connectivity follows age alone, and so does motion."""
    age = dict(zip(cohort.subjects, cohort.phenotypes["age"].values, strict=True))
    for row, scan in enumerate(cohort.scans):
        cohort.measures["fc"].values[row] += 0.03 * (age[scan.subject] - 15)
    plain = control(cohort, check="motion")[2]
    adjusted = control(cohort, check="motion", covariates=["age"])[2]
    assert plain.numbers["p_median_abs_r"] <= 0.02
    assert adjusted.numbers["p_median_abs_r"] > 0.05
    assert adjusted.numbers["dof"] == plain.numbers["dof"] - 1
    assert "Partial r of every edge with mean_fd (mm) over subjects; adjusted for age." in said(adjusted)


def test_the_seed_alone_decides(cohort):
    first, again, other = (control(cohort, check="motion", seed=seed)[2].numbers for seed in (4, 4, 5))
    assert first == again
    assert first["p_median_abs_r"] != other["p_median_abs_r"]


def test_an_edge_is_shown_with_its_exact_r(cohort):
    params, result, _ = control(cohort, check="motion")
    view = ANALYSIS.detail(cohort, params, result, 5, ())
    edges, motion = means(cohort)
    assert f"r = {stats.pearsonr(edges[:, 5], motion).statistic:.4f}".replace("-", "−") in view.caption
    assert "mm apart" in view.caption
    with pytest.raises(InputError, match="no edge 999"):
        ANALYSIS.detail(cohort, params, result, 999, ())
    params, result, _ = control(cohort, check="dropped")
    with pytest.raises(InputError, match="not associated with motion"):
        ANALYSIS.detail(cohort, params, result, 5, ())


def test_a_phenotype_that_is_no_motion_is_taken_with_a_warning(cohort):
    _, _, report = control(cohort, check="motion", motion="age")
    assert "Neither the name nor the description of age mentions motion" in report.warnings[0]
    with pytest.raises(InputError, match="sex is a category"):
        control(cohort, motion="sex")
    with pytest.raises(InputError, match="cannot be a covariate too"):
        control(cohort, covariates=["mean_fd"])


def test_motion_of_the_task_is_pointed_out_where_there_is_one(cohort):
    own = Phenotype("mean_fd (rest)", cohort.phenotypes["mean_fd"].values)
    people = dataclasses.replace(cohort, phenotypes=cohort.phenotypes | {own.name: own})
    _, _, report = control(people, check="motion", motion="mean_fd", task="rest")
    assert "; mean_fd (rest) is: use that instead" in " ".join(report.warnings)
    _, _, report = control(people, check="motion", motion="mean_fd (rest)")
    assert "; mean_fd is: use that instead" in " ".join(report.warnings)
    for task, motion in ((None, "mean_fd"), ("rest", "mean_fd (rest)")):
        _, _, report = control(people, check="motion", motion=motion, task=task)
        assert "use that instead" not in " ".join(report.warnings)


def test_without_coordinates_distance_is_not_tested(cohort):
    nowhere = dataclasses.replace(cohort.parcellation, coordinates=np.full((N_PARCELS, 3), np.nan))
    _, _, report = control(dataclasses.replace(cohort, parcellation=nowhere), check="motion")
    assert report.numbers["distance_r"] is None
    assert "distance dependence cannot be tested" in said(report)
    assert "distance" not in [view.name for view in report.views]


# --- scans ---------------------------------------------------------------------------------------


def test_a_spoilt_scan_is_flagged_and_named_when_pointed_at(cohort):
    rng = np.random.default_rng(0)
    values = cohort.measures["fc"].values
    values[row_of(cohort, "9", "rest")] = rng.normal(0.2, 0.5, values.shape[1])
    values[row_of(cohort, "12", "nback")] += 0.5
    _, _, report = control(cohort, check="outliers")
    flagged = {(row["subject"], row["task"]): row["rules"] for row in table(report, "flagged").rows}
    assert flagged[("9", "rest")] == "unlike the others, far from the others"
    assert "high mean" in flagged[("12", "nback")]
    assert report.numbers["outliers"]["n_flagged"] == len(flagged) <= 3
    assert "9, rest (unlike the others, far from the others)" in said(report)
    points = {view.name: view for view in report.views if isinstance(view, PointsView)}
    (series,) = [one for one in points["outliers"].series if one.name == "flagged"]
    assert "9, rest" in series.subjects
    assert points["outliers"].what == "Scan"
    assert sum(len(one.x) for one in points["means"].series) == len(cohort.scans)


def test_scans_are_compared_within_their_task(cohort):
    """Tasks differ more than people do; that makes no scan an outlier."""
    for row, scan in enumerate(cohort.scans):
        cohort.measures["fc"].values[row] += 0.4 * (scan.task == "rest")
    _, _, report = control(cohort, check="outliers")
    assert report.numbers["outliers"]["n_flagged"] == 0
    assert "flagged" not in [view.name for view in report.views]


def test_a_distance_beyond_all_others_is_drawn_and_told(cohort):
    values = cohort.measures["fc"].values
    row = row_of(cohort, "9", "rest")
    values[row] = 1e4 * np.random.default_rng(1).normal(size=values.shape[1])
    params, result, report = control(cohort, check="outliers", components=1)
    assert ("9", "rest") in {(one["subject"], one["task"]) for one in table(report, "flagged").rows}
    points = next(view for view in report.views if view.name == "outliers")
    assert np.isfinite([y for one in points.series for y in one.y]).all()
    assert (
        ANALYSIS.figures(cohort, params, result, ANALYSIS.report(cohort, params, result), "dark")["outliers"]
        is not None
    )


def test_few_scans_are_not_judged(cohort):
    _, _, report = control(cohort, check="outliers", group="age < 9.5")
    assert "Too few scans to detect outliers (at least 10): nback, rest." in said(report)
    with pytest.raises(InputError, match="cannot be compared with others"):
        control(cohort, check="outliers", group='subject == "3"', task="rest")


def test_a_scan_missing_many_edges_is_excluded(cohort):
    values = cohort.measures["fc"].values
    values[row_of(cohort, "5", "rest"), :100] = np.nan
    values[row_of(cohort, "6", "rest"), 3] = np.nan
    _, result, report = control(cohort, check="identity")
    assert "1 scan missing more than 10% of the edges was excluded: Subject 5 · rest." in said(report)
    assert result.scans.products.n_edges == values.shape[1] - 1
    assert result.scans.rows.size == len(cohort.scans) - 1


def test_subjects_are_identified_and_no_scan_is_suspected(cohort):
    _, _, report = control(cohort, check="identity")
    rows = table(report, "identification").rows
    assert [(row["source"], row["database"], row["n"]) for row in rows] == [
        ("nback", "rest", N - 1),
        ("rest", "nback", N - 1),
    ]
    assert min(row["percent"] for row in rows) == 100
    assert rows[1]["chance"] == pytest.approx(100 / N)
    assert "suspects" not in [view.name for view in report.views]
    assert "No two scans hold the same numbers." in report.sentences
    assert "All scans are most similar to the same subject's" in report.verdict[0].text


def test_copied_and_swapped_scans_are_named(cohort):
    values = cohort.measures["fc"].values
    values[row_of(cohort, "3", "rest")] = values[row_of(cohort, "20", "nback")]
    pair = [row_of(cohort, name, "rest") for name in ("11", "30")]
    values[pair] = values[pair[::-1]]
    _, _, report = control(cohort, check="identity")
    assert "20, nback and 3, rest hold the same numbers (r = 1.0000000, largest difference 0)" in said(report)
    assert "Likely swapped: nback of 11 and of 30." in said(report) or "Likely swapped: rest of 11 and" in said(report)
    assert "With two scans per subject, which of them was swapped cannot be determined." in said(report)
    found = {(row["verdict"], row["scan"]) for row in table(report, "suspects").rows}
    assert ("Same numbers", "20, nback") in found
    assert {scan for verdict, scan in found if verdict == "Likely swapped"} == {
        f"{person}, {task}" for person in ("11", "30") for task in TASKS
    }
    assert "4 scans are likely swapped." in {finding.text for finding in report.verdict}


def test_imperfect_identification_is_said(cohort):
    rng = np.random.default_rng(3)
    values = cohort.measures["fc"].values
    values += rng.normal(0, 0.6, values.shape).astype(np.float32)
    _, _, report = control(cohort, check="identity")
    assert min(row["percent"] for row in table(report, "identification").rows) < 80
    assert "little evidence of a mistake" in said(report)
    assert "Likely swapped" not in said(report)


def test_one_task_alone_cannot_identify_subjects(cohort):
    _, _, report = control(cohort, check="identity", task="nback")
    assert "it cannot be checked whether scans are labelled correctly" in said(report)
    assert not [view for view in report.views if view.name in ("identification", "suspects", "alike")]


def test_very_many_scans_are_compared_by_edges_drawn_by_the_seed(cohort, monkeypatch):
    monkeypatch.setattr("imagenomer.analyses.connectivity.scans._SAMPLED_EDGES", 100)
    monkeypatch.setattr("imagenomer.analyses.connectivity.scans._TOO_MANY", 1000)
    _, result, report = control(cohort, check="identity", seed=7)
    assert "by 100 edges of 276, chosen at random (seed 7)" in said(report)
    edges = np.sort(np.random.default_rng(7).choice(276, 100, replace=False))
    expected = np.corrcoef(cohort.measures["fc"].values[:, edges].astype(float))
    np.testing.assert_allclose(finish(result.scans.products.correlations()), expected, atol=1e-5)
    assert control(cohort, check="identity", edges="all")[1].scans.products.n_edges == 276


# --- who is excluded -----------------------------------------------------------------------------


def test_excluded_subjects_are_compared_with_included_ones(cohort):
    _, result, report = control(cohort, check="dropped", limit=0.22)
    motion, age = cohort.phenotypes["mean_fd"].values, cohort.phenotypes["age"].values
    kept, dropped = motion <= 0.22, motion > 0.22
    assert (report.numbers["exclusion"]["n_kept"], report.numbers["exclusion"]["n_excluded"]) == (
        kept.sum(),
        dropped.sum(),
    )
    rows = {(row["phenotype"], row["level"]): row for row in table(report, "dropped").rows}
    welch = stats.ttest_ind(age[dropped], age[kept], equal_var=False)
    assert rows["age", ""]["p_value"] == pytest.approx(welch.pvalue)
    d = (age[dropped].mean() - age[kept].mean()) / np.sqrt(
        (age[dropped].var(ddof=1) * (dropped.sum() - 1) + age[kept].var(ddof=1) * (kept.sum() - 1)) / (N - 3)
    )
    assert rows["age", ""]["effect_value"] == pytest.approx(d * (1 - 3 / (4 * (N - 1) - 9)), rel=1e-3)
    sex, site = (cohort.phenotypes[name].values for name in ("sex", "site"))
    counts = [[(side & (sex == level)).sum() for level in range(2)] for side in (dropped, kept)]
    assert rows["sex", "F"]["p_value"] == pytest.approx(stats.fisher_exact(counts).pvalue)
    counts = np.array([[(side & (site == level)).sum() for level in range(3)] for side in (dropped, kept)])
    chi2 = stats.chi2_contingency(counts, correction=False)
    assert rows["site", "A"]["p_value"] == pytest.approx(chi2.pvalue)
    assert rows["site", "A"]["effect_value"] == pytest.approx(np.sqrt(chi2.statistic / counts.sum()))
    assert rows["site", "C"]["kept_value"] == pytest.approx(100 * counts[1, 2] / counts[1].sum())
    p_values = [rows[key]["p_value"] for key in (("age", ""), ("sex", "F"), ("site", "A"))]
    holm = multipletests(p_values, method="holm")[1]
    assert [rows[key]["p_corrected"] for key in (("age", ""), ("sex", "F"), ("site", "A"))] == pytest.approx(holm)
    assert rows["age", ""]["p_corrected"] < 0.05
    assert "mean_fd <= 0.22 excludes differ from those it retains in age" in report.warnings[0]
    assert result.exclusion.sample.n_subjects == N - 1


@pytest.mark.parametrize(("keep", "sign"), [("at most", np.less_equal), ("at least", np.greater_equal)])
def test_every_limit_offers_the_group_that_it_keeps(cohort, keep, sign):
    _, _, report = control(cohort, check="dropped", keep=keep, group='sex == "F" or age > 9', limit=0.21)
    rows = table(report, "limits").rows
    motion = cohort.phenotypes["mean_fd"].values
    assert [row["limit"] for row in rows] == sorted((row["limit"] for row in rows), reverse=keep == "at most")
    everybody = groups.select(cohort, 'sex == "F" or age > 9').included & ~np.isnan(motion)
    for row in rows:
        members = groups.select(cohort, row["group"]).included
        np.testing.assert_array_equal(members, everybody & sign(motion, row["limit"]))
        assert (row["n_kept"], row["n_dropped"]) == (members.sum(), everybody.sum() - members.sum())
    assert 0.21 in [row["limit"] for row in rows]


def test_limits_that_exclude_nobody_or_everybody_are_named(cohort):
    assert "No subject is excluded by mean_fd at most 9" in said(control(cohort, check="dropped", limit=9)[2])
    everybody = control(cohort, check="dropped", limit=0)[2]
    assert "No subject is retained by mean_fd at most 0" in said(everybody)
    assert "dropped" not in [view.name for view in everybody.views]
    one = control(cohort, check="dropped", limit=float(np.nanmin(cohort.phenotypes["mean_fd"].values)))[2]
    assert one.numbers["exclusion"]["n_kept"] >= 1


# --- all of it -----------------------------------------------------------------------------------


def test_each_check_is_what_it_is_among_all(cohort):
    whole = control(cohort)[2]
    for check in ("motion", "outliers", "identity", "dropped"):
        alone = control(cohort, check=check)[2]
        assert [view.name for view in alone.views] == [
            view.name for view in whole.views if view.name in {one.name for one in alone.views}
        ]
        for name, value in alone.numbers.items():
            assert name == "check" or whole.numbers[name] == value


def test_methods_say_what_was_done_and_cite(cohort):
    params, result, _ = control(cohort, covariates=["age"])
    methods = ANALYSIS.methods(cohort, params, result)
    text = " ".join(methods.text)
    assert "59 subjects with mean_fd, adjusted for age (QC-FC)" in text
    assert "100 permutations of whole subjects (seed 1; residuals, after Freedman and Lane)" in text
    assert len(methods.text) == 4
    assert any("10.1016/j.neuroimage.2017.03.020" in one for one in methods.citations)


def test_progress_is_told_often(cohort):
    params = read_params(ANALYSIS, {"motion": "mean_fd", "permutations": 100})
    told = [one for one in ANALYSIS.compute(cohort, params) if isinstance(one, Progress)]
    assert len(told) >= 12
