"""Edge association: scipy and statsmodels the long way, the planted edge, and what is said about who was left out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from imagenomer.analyses import load_analyses
from imagenomer.analyses.associations.edge_association import ANALYSIS
from imagenomer.analyses.contract import read_params
from imagenomer.analyses.shared.edge_points import jitter
from imagenomer.cohort import Phenotype, Scan
from imagenomer.errors import InputError
from imagenomer.progress import finish

STATSMODELS = {"bonferroni": "bonferroni", "holm": "holm", "bh": "fdr_bh", "by": "fdr_by"}


def associate(cohort, **given):
    params = read_params(ANALYSIS, given)
    result = finish(ANALYSIS.compute(cohort, params))
    return params, result, ANALYSIS.report(cohort, params, result)


def subject_means(cohort, tasks=("nback", "rest"), transform=lambda values: values):
    """One row a subject, averaged over their tasks with plain loops; NaN for whoever has none."""
    rows = np.full((cohort.n_subjects, cohort.measures["fc"].values.shape[1]), np.nan)
    for index, subject in enumerate(cohort.subjects):
        own = [
            transform(cohort.measures["fc"].values[row].astype(np.float64))
            for row, scan in enumerate(cohort.scans)
            if scan.subject == subject and scan.task in tasks
        ]
        if own:
            rows[index] = np.mean(own, axis=0)
    return rows


@pytest.mark.parametrize("correction", sorted(STATSMODELS))
@pytest.mark.parametrize(("method", "oracle"), [("pearson", stats.pearsonr), ("spearman", stats.spearmanr)])
@pytest.mark.parametrize("task", [None, "rest"])
def test_every_number_is_that_of_scipy_and_statsmodels(cohort, method, oracle, task, correction):
    _, _, report = associate(cohort, phenotype="age", task=task, method=method, correction=correction)
    edges, age = subject_means(cohort, (task,) if task else ("nback", "rest")), cohort.phenotypes["age"].values
    used = ~np.isnan(age) & ~np.isnan(edges[:, 0])
    expected = [oracle(edges[used, edge], age[used]) for edge in range(15)]
    r, p = (np.array([one[part] for one in expected]) for part in (0, 1))
    adjusted = multipletests(p, 0.05, STATSMODELS[correction])[1]
    top = sorted(report.numbers["top"], key=lambda row: row["edge"])
    np.testing.assert_allclose([row["r"] for row in top], r, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose([row["p_value"] for row in top], p, rtol=1e-9)
    np.testing.assert_allclose([row["p_adjusted"] for row in top], adjusted, rtol=1e-9)
    np.testing.assert_allclose(report.arrays["neg_log10_p"], -np.log10(p), rtol=1e-9)
    np.testing.assert_array_equal(report.arrays["significant"], adjusted <= 0.05)
    assert report.numbers["n_subjects"] == used.sum()
    assert report.numbers["dof"] == used.sum() - 2
    assert report.numbers["n_tests"] == 15


def test_the_planted_edge_is_the_strongest(cohort):
    _, _, report = associate(cohort, phenotype="age")
    strongest = report.numbers["top"][0]
    assert (strongest["edge"], strongest["parcel_a"], strongest["parcel_b"]) == (3, 0, 4)
    assert (strongest["label_a"], strongest["network_b"]) == ("P0", "DMN")
    assert strongest["r"] > 0.5
    assert strongest["significant"]
    assert report.numbers["n_significant"] == 1
    magnitudes = [abs(row["r"]) for row in report.numbers["top"]]
    assert magnitudes == sorted(magnitudes, reverse=True)


def test_the_confidence_interval_is_that_of_scipy(cohort):
    _, _, report = associate(cohort, phenotype="age", task="nback")
    top, age = report.numbers["top"][0], cohort.phenotypes["age"].values
    used = ~np.isnan(age)
    interval = stats.pearsonr(subject_means(cohort, ("nback",))[used, 3], age[used]).confidence_interval()
    np.testing.assert_allclose([top["ci_lower"], top["ci_upper"]], interval, rtol=1e-9)


def test_fisher_z_transforms_scans_before_averaging(cohort):
    _, _, report = associate(cohort, phenotype="age", fisher_z=True)
    age = cohort.phenotypes["age"].values
    used = ~np.isnan(age)
    expected = stats.pearsonr(subject_means(cohort, transform=np.arctanh)[used, 3], age[used]).statistic
    assert report.numbers["top"][0]["r"] == pytest.approx(expected, rel=1e-10)
    assert any("Fisher's z" in sentence for sentence in report.sentences)


def test_subjects_count_once_however_many_scans_they_have(cohort):
    _, _, once = associate(cohort, phenotype="age", task="nback")
    extra = tuple(dataclasses.replace(scan, session="2") for scan in cohort.scans if scan.task == "nback")
    scans = (*cohort.scans[:40], *extra, *cohort.scans[40:])
    values = cohort.measures["fc"].values
    doubled = dataclasses.replace(
        cohort,
        scans=scans,
        measures={
            "fc": dataclasses.replace(
                cohort.measures["fc"],
                values=np.concatenate([values[:40], values[:40], values[40:]]),
                present=np.ones(len(scans), dtype=bool),
            )
        },
    )
    _, _, twice = associate(doubled, phenotype="age", task="nback")
    np.testing.assert_allclose(twice.arrays["r"], once.arrays["r"], atol=1e-6)
    assert twice.numbers["dof"] == once.numbers["dof"]
    assert twice.numbers["n_scans"] == 2 * once.numbers["n_scans"]
    assert any("several scans" in sentence for sentence in twice.sentences)


def test_whoever_is_left_out_is_named_with_the_reason(cohort):
    _, _, report = associate(cohort, phenotype="age", task="rest", group='sex == "F" or sex == "M"')
    assert report.numbers["dropped"] == [
        {"reason": "whose group is unknown because a value is missing", "n": 1, "subjects": ("6",)},
        {"reason": "without fc of rest", "n": 1, "subjects": ("40",)},
        {"reason": "without age", "n": 1, "subjects": ("5",)},
    ]
    assert report.numbers["n_dropped"] == 3
    assert report.numbers["n_subjects"] == 37
    assert "1 subject without age was left out: 5." in report.sentences


def test_subjects_outside_the_group_are_not_said_to_be_dropped(cohort):
    _, _, report = associate(cohort, phenotype="age", group="age > 150")
    assert report.numbers["n_subjects"] == np.count_nonzero(cohort.phenotypes["age"].values > 150)
    assert {row["reason"] for row in report.numbers["dropped"]} <= {"whose group is unknown because a value is missing"}


def test_a_mean_over_fewer_tasks_is_said(cohort):
    _, _, report = associate(cohort, phenotype="age")
    assert "The tasks nback, rest of a subject were averaged with equal weight." in report.sentences
    assert "1 subject has only nback: 40." in report.sentences


def test_scans_set_aside_are_said(cohort):
    cohort.set_aside = (Scan("rest", "99"), Scan("nback", "99"))
    _, _, report = associate(cohort, phenotype="age")
    assert "Scans of subjects without demographics are not used: 99." in report.sentences


def test_a_category_is_coded_by_its_last_or_affirmative_level(cohort):
    _, result, report = associate(cohort, phenotype="sex")
    assert result.model.level == report.numbers["level"] == "M"
    sex, edges = cohort.phenotypes["sex"].values, subject_means(cohort)
    used = sex >= 0
    expected = stats.pointbiserialr(sex[used], edges[used, 3])
    assert report.arrays["r"][3] == pytest.approx(expected.statistic, abs=5e-6)
    _, _, other = associate(cohort, phenotype="sex", level="F")
    np.testing.assert_allclose(other.arrays["r"], -report.arrays["r"], atol=1e-6)
    answers = dataclasses.replace(cohort.phenotypes["sex"], levels=("Yes", "No"))
    _, result, _ = associate(dataclasses.replace(cohort, phenotypes={"ill": answers}), phenotype="ill")
    assert result.model.level == "Yes"


def test_of_more_than_two_levels_one_is_chosen_or_all_are_tested_as_a_whole(cohort):
    codes = np.arange(40) % 3
    cohort.phenotypes["place"] = Phenotype("place", codes, levels=("A", "B", "C"))
    assert associate(cohort, phenotype="place", level="B")[1].model.level == "B"
    _, result, report = associate(cohort, phenotype="place")
    assert result.model.level is None
    edges = subject_means(cohort)
    expected = [stats.f_oneway(*(edge[codes == level] for level in range(3))) for edge in edges.T]
    top = sorted(report.numbers["top"], key=lambda row: row["edge"])
    np.testing.assert_allclose([row["f"] for row in top], [one.statistic for one in expected])
    np.testing.assert_allclose([row["p_value"] for row in top], [one.pvalue for one in expected])
    assert (
        "place is tested as a whole, by F: do any of its levels differ? Subjects at each: A (14), B (13), C (13)."
        in (report.sentences)
    )
    # Where a group has two of them, they are compared.
    assert associate(cohort, phenotype="place", group='place != "B"')[1].model.level == "C"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"phenotype": "height"}, "no phenotype 'height'"),
        ({"phenotype": "age", "level": "F"}, "age is a number"),
        ({"phenotype": "sex", "level": "X"}, "it has: F, M"),
        ({"phenotype": "site"}, "site is A in all 40 subjects"),
        ({"phenotype": "sex", "group": 'sex == "F"'}, "sex is other than M in all"),
        ({"phenotype": "age", "group": "age > 900"}, "0 usable subjects .left out: 1 whose group.* 3 are needed"),
        ({"phenotype": "age", "task": "emoid"}, "no task 'emoid'"),
        ({"phenotype": "age", "measure": "partial"}, "no measure 'partial'"),
        ({"phenotype": "age", "alpha": 2.0}, "alpha is a number from 1e-06 to 0.5, not 2.0"),
        ({"phenotype": "age", "correction": "none"}, "correction is one of"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_values(cohort, given, message):
    with pytest.raises(InputError, match=message):
        associate(cohort, **given)


def with_holes(cohort, holes):
    values = cohort.measures["fc"].values.copy()
    for subject, edge in holes:
        for row, scan in enumerate(cohort.scans):
            if scan.subject == subject:
                values[row, edge] = np.nan
    measure = dataclasses.replace(cohort.measures["fc"], values=values)
    return dataclasses.replace(cohort, measures={"fc": measure})


@pytest.mark.parametrize(("method", "oracle"), [("pearson", stats.pearsonr), ("spearman", stats.spearmanr)])
def test_an_edge_with_missing_values_uses_those_who_have_it(cohort, method, oracle):
    holes = [(str(subject), 7) for subject in range(1, 12)] + [("20", 2)]
    holed = with_holes(cohort, holes)
    _, _, report = associate(holed, phenotype="age", method=method)
    age, edges = cohort.phenotypes["age"].values, subject_means(holed)
    rows = {row["edge"]: row for row in report.numbers["top"]}
    for edge in (2, 3, 7):
        used = ~np.isnan(age) & ~np.isnan(edges[:, edge])
        expected = oracle(edges[used, edge], age[used])
        assert rows[edge]["r"] == pytest.approx(expected.statistic, rel=1e-10)
        assert rows[edge]["p_value"] == pytest.approx(expected.pvalue, rel=1e-9)
        assert rows[edge]["n_subjects"] == used.sum()
    assert report.numbers["n_edges_incomplete"] == 2
    assert any(sentence.startswith("2 edges with missing values") for sentence in report.sentences)


@pytest.mark.parametrize(("method", "oracle"), [("pearson", stats.pearsonr), ("spearman", stats.spearmanr)])
def test_edges_too_weak_to_be_listed_are_right_all_the_same(cohort, rng, method, oracle):
    n_parcels = 24
    values = np.clip(rng.normal(0.2, 0.2, (79, 276)), -0.99, 0.99).astype(np.float32)
    values[rng.random(values.shape) < 0.01] = np.nan
    parcellation = dataclasses.replace(
        cohort.parcellation,
        labels=tuple(map(str, range(n_parcels))),
        coordinates=np.zeros((n_parcels, 3)),
        networks=("DMN",) * n_parcels,
    )
    measure = dataclasses.replace(cohort.measures["fc"], values=values)
    wide = dataclasses.replace(cohort, measures={"fc": measure}, parcellation=parcellation)
    _, _, report = associate(wide, phenotype="age", method=method)
    age, edges = cohort.phenotypes["age"].values, subject_means(wide)
    complete = ~np.isnan(age)[:, None] & ~np.isnan(edges)
    expected = [oracle(edges[own, edge], age[own]) for edge, own in enumerate(complete.T)]
    assert len(report.numbers["top"]) == 100
    np.testing.assert_allclose(report.arrays["r"], [one.statistic for one in expected], atol=5e-6)
    np.testing.assert_allclose(report.arrays["neg_log10_p"], -np.log10([one.pvalue for one in expected]), atol=1e-3)


def test_an_edge_nobody_has_or_that_does_not_vary_is_not_tested(cohort):
    holed = with_holes(cohort, [(subject, 7) for subject in cohort.subjects])
    holed.measures["fc"].values[:, 8] = 0.25
    _, _, report = associate(holed, phenotype="age")
    assert report.numbers["n_tests"] == 13
    assert report.numbers["n_edges_untested"] == 2
    assert np.isnan(report.arrays["r"][[7, 8]]).all()
    assert not report.arrays["significant"][[7, 8]].any()
    assert len(report.numbers["top"]) == 13


def test_when_no_edge_can_be_tested_that_is_said(cohort):
    measure = dataclasses.replace(cohort.measures["fc"], values=np.zeros_like(cohort.measures["fc"].values))
    flat = dataclasses.replace(cohort, measures={"fc": measure})
    params, result, report = associate(flat, phenotype="age")
    assert report.numbers["n_tests"] == 0
    assert report.numbers["top"] == []
    assert report.numbers["p_threshold"] is None
    assert any("none could be tested" in warning for warning in report.warnings)
    assert ANALYSIS.figures(flat, params, result, ANALYSIS.report(flat, params, result), "light")
    assert ANALYSIS.detail(flat, params, result, 0, ()).caption.startswith("r is not defined")


@pytest.mark.parametrize(("correction", "fixed"), [("bonferroni", True), ("holm", False), ("bh", False), ("by", False)])
def test_only_bonferroni_has_a_threshold_where_nothing_is_significant(cohort, correction, fixed):
    _, _, report = associate(cohort, phenotype="sex", correction=correction, alpha=1e-6)
    assert report.numbers["n_significant"] == 0
    assert (report.numbers["p_threshold"] is not None) == fixed
    assert any("p at or below" in sentence for sentence in report.sentences) == fixed


def test_the_map_of_significance_to_keep_shows_all_of_it_as_the_page_does(cohort):
    params, result, report = associate(cohort, phenotype="age")
    axes = ANALYSIS.figures(cohort, params, result, ANALYSIS.report(cohort, params, result), "light")[
        "neg_log10_p"
    ].axes[0]
    assert axes.get_title(loc="left") + axes.get_title() == report.views[1].title
    assert (np.asarray(axes.images[0].get_array())[..., 3] == 255).all()


def test_few_subjects_at_a_level_bring_a_warning(cohort):
    rare = cohort.phenotypes["sex"].values * 0
    rare[:4] = 1
    cohort.phenotypes["rare"] = dataclasses.replace(cohort.phenotypes["sex"], values=rare, levels=("no", "yes"))
    _, _, report = associate(cohort, phenotype="rare")
    assert any(warning.startswith("Only 4 subjects are yes") for warning in report.warnings)


def test_a_second_phenotype_reuses_the_moments(cohort):
    cohort.phenotypes["height"] = dataclasses.replace(
        cohort.phenotypes["age"], values=cohort.phenotypes["age"].values[::-1].copy()
    )
    for method in ("pearson", "spearman"):
        for phenotype in ("age", "height", "age"):
            associate(cohort, phenotype=phenotype, method=method)
    kept = cohort.observations("fc").caches.sizes()
    assert (kept["moments"], kept["ranks"]) == (2, 1)


def test_a_clicked_edge_is_exact_and_coloured_by_group(cohort):
    params, result, _ = associate(cohort, phenotype="age", task="nback")
    groups = (("Young", "age < 175", "#111111"), ("All", "age > 0", "#222222"))
    view = ANALYSIS.detail(cohort, params, result, 3, groups)
    assert [series.name for series in view.series] == ["Young", "All"]
    age, edges = cohort.phenotypes["age"].values, subject_means(cohort, ("nback",))
    for series in view.series:
        rows = [cohort.subjects.index(subject) for subject in series.subjects]
        np.testing.assert_array_equal(series.x, age[rows])
        np.testing.assert_allclose(series.y, edges[rows, 3])
    used = ~np.isnan(age)
    fit = stats.linregress(age[used], edges[used, 3])
    x0, y0, x1, y1 = view.line
    assert (x0, x1) == (age[used].min(), age[used].max())
    np.testing.assert_allclose([y0, y1], fit.intercept + fit.slope * np.array([x0, x1]))
    assert f"r = {fit.rvalue:.4f}" in view.caption
    assert "39 subjects" in view.caption
    assert view.x_label == "age (months)"


def test_whoever_is_in_no_group_is_shown_as_others(cohort):
    params, result, _ = associate(cohort, phenotype="age", task="nback")
    view = ANALYSIS.detail(cohort, params, result, 3, (("Old", "age > 200", "#111111"),))
    assert [series.name for series in view.series] == ["Old", "Others"]
    assert sum(len(series.x) for series in view.series) == 39


def test_groups_that_overlap_are_drawn_once_and_that_is_said(cohort):
    params, result, _ = associate(cohort, phenotype="age")
    colours = (("Women", 'sex == "F"', "#111111"), ("Men", 'sex == "M"', "#222222"), ("Old", "age > 0", "#333333"))
    shown = ANALYSIS.detail(cohort, params, result, 3, colours)
    assert [series.name for series in shown.series] == ["Women", "Men", "Old"]
    assert len(shown.series[2].x) == 1
    assert shown.caption.endswith("38 of 39 in Old are drawn in the colour of an earlier group.")
    assert [series.name for series in ANALYSIS.detail(cohort, params, result, 3, colours[2:] + colours[:2]).series] == [
        "Old"
    ]


def test_a_category_is_shown_in_two_strips_whose_line_joins_the_means(cohort):
    params, result, _ = associate(cohort, phenotype="sex")
    view = ANALYSIS.detail(cohort, params, result, 0, ())
    assert view.x_ticks == ((0.0, "F"), (1.0, "M"))
    x, y = np.array(view.series[0].x), np.array(view.series[0].y)
    assert np.abs(x - np.round(x)).max() < 0.16
    np.testing.assert_allclose([view.line[1], view.line[3]], [y[x < 0.5].mean(), y[x > 0.5].mean()])


def test_jitter_is_the_same_every_time_and_parts_neighbours(rng):
    y, level = rng.normal(size=50), rng.integers(0, 2, 50).astype(float)
    first = jitter(level, y)
    np.testing.assert_array_equal(first, jitter(level, y))
    ordered = first[level == 0][np.argsort(y[level == 0])]
    assert np.abs(np.diff(ordered)).min() > 0.1


@pytest.mark.parametrize("edge", [-1, 15])
def test_an_edge_that_is_not_there_is_refused(cohort, edge):
    params, result, _ = associate(cohort, phenotype="age")
    with pytest.raises(InputError, match="there are 15"):
        ANALYSIS.detail(cohort, params, result, edge, ())


def test_spearman_ranks_exact_averages_not_rounded_ones(cohort):
    """Task means that differ by less than float32 can tell are not ties."""
    values = cohort.measures["fc"].values
    half = np.float32(0.5)
    rest = [row for row, scan in enumerate(cohort.scans) if scan.task == "rest"]
    for step, row in enumerate(rest):
        nback = cohort.scans.index(Scan("nback", cohort.scans[row].subject))
        values[nback, 0] = half
        values[row, 0] = np.float32(step * 2.0**-30)
    _, result, report = associate(cohort, phenotype="age", method="spearman")
    edges, age = subject_means(cohort), cohort.phenotypes["age"].values
    used = ~np.isnan(age)
    expected = stats.spearmanr(edges[used, 0], age[used]).statistic
    assert report.arrays["r"][0] == pytest.approx(expected, abs=5e-6)
    assert result.fit.r[0] == report.arrays["r"][0]


@pytest.fixture(scope="module")
def fibromyalgia(shared_data):
    from imagenomer.load import load

    return load(shared_data / "fibromyalgia")


@pytest.mark.parametrize(
    ("given", "pair", "r", "n_significant"),
    [
        ({"phenotype": "Age", "task": "rest"}, (23, 216), -0.496549, 0),
        ({"phenotype": "Fibromyalgia", "level": "Yes", "task": "rest"}, (9, 115), -0.557780, 1),
        ({"phenotype": "Rheumatology_Score_1"}, (11, 186), -0.539665, 0),
    ],
)
def test_fibromyalgia_gives_the_established_answers(fibromyalgia, given, pair, r, n_significant):
    _, _, report = associate(fibromyalgia, **given)
    top = report.numbers["top"][0]
    assert (top["parcel_a"], top["parcel_b"]) == pair
    assert round(top["r"], 6) == r
    assert report.numbers["n_significant"] == n_significant
    assert (report.numbers["n_subjects"], report.numbers["dof"], report.numbers["n_tests"]) == (66, 64, 34716)


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_every_listed_edge_is_exact_on_real_data(fibromyalgia, method):
    _, result, report = associate(fibromyalgia, phenotype="BMI", method=method, correction="bh")
    edges = np.array([row["edge"] for row in report.numbers["top"]])
    observed = fibromyalgia.observed_edges("fc", None, edges)
    oracle = stats.pearsonr if method == "pearson" else stats.spearmanr
    expected = np.array([oracle(column, result.model.target).statistic for column in observed.T])
    np.testing.assert_allclose([row["r"] for row in report.numbers["top"]], expected, rtol=1e-10)
    every = subject_means(fibromyalgia, ("rest", "epr"))
    strongest = np.array([abs(oracle(column, result.model.target).statistic) for column in every.T[::50]])
    assert set(np.flatnonzero(strongest > abs(report.numbers["top"][-1]["r"])) * 50) <= set(edges.tolist())


def test_the_name_in_the_catalog_is_the_module_s_with_dashes():
    assert load_analyses()["edge-association"] is ANALYSIS


@pytest.mark.parametrize("correction", ["bonferroni", "max-t", "tfce"])
@pytest.mark.parametrize("covariates", [[], ["age"]])
def test_an_edge_that_follows_exactly_has_no_p_and_that_is_said(cohort, correction, covariates):
    edges = subject_means(cohort)
    copy = Phenotype("copy", 0.5 + 2 * edges[:, 7])
    cohort = dataclasses.replace(cohort, phenotypes=cohort.phenotypes | {"copy": copy})
    params, result, report = associate(
        cohort, phenotype="copy", correction=correction, covariates=covariates, permutations=100
    )
    assert report.numbers["n_tests"] == 14
    row = next(row for row in report.numbers["top"] if row["edge"] == 7)
    assert row["r"] == pytest.approx(1)
    assert (row["p_value"], row["p_adjusted"], row["significant"]) == (None, None, False)
    assert any("1 edge follows exactly from copy" in sentence for sentence in report.sentences)
    assert "not tested" in ANALYSIS.detail(cohort, params, result, 7, []).caption
