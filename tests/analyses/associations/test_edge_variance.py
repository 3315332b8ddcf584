"""Edge association with unequal variances: HC3 as statsmodels has it, flipped signs, and a warning that asks for it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from analyses.associations.test_edge_association import associate, subject_means
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from robust import effective_dof, left_out


@pytest.fixture
def cohort(cohort, rng):
    """Forty subjects, of whom the patients, every fourth, have noisier connectivity; and a place of three."""
    patient = (np.arange(40) % 4 == 0).astype(np.intp)
    patient_of = dict(zip(cohort.subjects, patient, strict=True))
    for row, scan in enumerate(cohort.scans):
        if patient_of[scan.subject]:
            cohort.measures["fc"].values[row] += rng.normal(0, 0.35, 15).astype(np.float32)
    more = {
        "patient": Phenotype("patient", patient, levels=("no", "yes")),
        "place": Phenotype("place", np.arange(40) % 3, levels=("A", "B", "C")),
        "pair": Phenotype("pair", np.arange(40) // 2, levels=tuple(f"P{number}" for number in range(20))),
    }
    return dataclasses.replace(cohort, phenotypes=cohort.phenotypes | more)


def hc3(cohort, tested, covariates):
    """F of HC3 by statsmodels and its p, of every edge."""
    used = ~np.any([cohort.phenotypes[name].missing for name in (tested, *covariates)], axis=0)
    one, edges = cohort.phenotypes[tested], subject_means(cohort)[used]
    own = one.values[used]
    columns = (own[:, None] == np.arange(1, len(one.levels))).astype(float) if one.levels else own[:, None]
    given = [cohort.phenotypes[name].values[used] for name in covariates]
    design, k = np.column_stack([columns, np.ones(used.sum()), *given]), columns.shape[1]
    found = []
    nu = effective_dof(design[:, :k], design[:, k:], np.arange(used.sum()))
    for edge in edges.T:
        fit = sm.OLS(edge, design).fit().get_robustcov_results("HC3", use_t=True)
        f = float(fit.f_test(np.eye(design.shape[1])[:k]).fvalue)
        found.append((f, stats.f.sf(f * (nu - k + 1) / nu, k, nu - k + 1)))
    return np.array(found).T


@pytest.mark.parametrize("tested", ["patient", "place", "age"])
@pytest.mark.parametrize("covariates", [[], ["height"]])
def test_p_values_are_those_of_statsmodels_and_effects_stay_as_they_are(cohort, rng, tested, covariates):
    cohort.phenotypes["height"] = Phenotype("height", rng.normal(160, 10, 40))
    given = {"phenotype": tested, "covariates": covariates}
    _, _, report = associate(cohort, variance="unequal", **given)
    _, _, usual = associate(cohort, **given)
    _, p = hc3(cohort, tested, covariates)
    np.testing.assert_allclose(report.arrays["neg_log10_p"], -np.log10(p), rtol=1e-6)
    key = "r" if tested != "place" else "partial_eta_squared"
    np.testing.assert_allclose(report.arrays[key], usual.arrays[key], rtol=1e-6)
    assert report.numbers["variance"] == "unequal"
    assert any("p-values and intervals are by HC3" in sentence for sentence in report.sentences)


def test_intervals_are_as_much_wider_as_the_standard_error(cohort):
    rows = {
        variance: {
            row["edge"]: row for row in associate(cohort, phenotype="patient", variance=variance)[2].numbers["top"]
        }
        for variance in ("equal", "unequal")
    }
    f, _ = hc3(cohort, "patient", [])
    nu = effective_dof(cohort.phenotypes["patient"].values, np.ones((40, 1)), np.arange(40))
    quantiles = stats.t.ppf(0.975, nu) / stats.t.ppf(0.975, 38)
    for edge, row in rows["unequal"].items():
        usual = rows["equal"][edge]
        t = row["r"] * np.sqrt(38 / (1 - row["r"] ** 2))
        width, before = (np.arctanh(one["ci_upper"]) - np.arctanh(one["ci_lower"]) for one in (row, usual))
        assert width / before == pytest.approx(quantiles * abs(t) / np.sqrt(f[edge]), rel=1e-6)


def test_ranks_are_tested_alike(cohort):
    _, _, report = associate(cohort, phenotype="age", method="spearman", variance="unequal")
    used = ~cohort.phenotypes["age"].missing
    ranks = stats.rankdata(cohort.phenotypes["age"].values[used])
    edge = stats.rankdata(subject_means(cohort)[used, 3])
    *_, p = left_out(edge, ranks, np.ones((used.sum(), 1)), np.arange(used.sum()))
    assert report.arrays["neg_log10_p"][3] == pytest.approx(-np.log10(p), rel=1e-6)


@pytest.mark.parametrize("covariates", [[], ["age"]])
def test_max_t_flips_signs_and_says_so(cohort, covariates):
    given = {"phenotype": "patient", "covariates": covariates, "correction": "max-t", "permutations": 200}
    _, result, report = associate(cohort, variance="unequal", **given)
    assert result.decision.permuted.null.size == 200
    assert any(s.startswith("200 sign flips of the residuals") for s in report.sentences)
    assert any("The contribution of each subject to the score" in sentence for sentence in report.sentences)
    assert "sign flips" in result.note
    assert ("significant_unadjusted" in report.arrays) is False
    again = associate(cohort, variance="unequal", **given)[2]
    np.testing.assert_array_equal(again.arrays["p_corrected"], report.arrays["p_corrected"])
    with pytest.raises(InputError, match=r"blocks \(pair\) are for permutations"):
        associate(cohort, variance="unequal", blocks="pair", **given)


@pytest.mark.parametrize("correction", ["nbs", "tfce"])
def test_components_flip_signs_in_a_direction(cohort, correction):
    given = {"phenotype": "patient", "correction": correction, "permutations": 100, "component_threshold": 0.05}
    both, one_sided = (
        associate(cohort, variance="unequal", direction=direction, **given)[2] for direction in ("two-sided", "greater")
    )
    assert both.numbers["variance"] == "unequal"
    assert both.numbers["distinct_permutations"] == 2**39
    assert one_sided.numbers["distinct_permutations"] == 2**40
    assert any("which allows unequal variances" in sentence for sentence in both.sentences)
    usual = associate(cohort, **given)[2]
    assert not np.allclose(usual.arrays["statistic"], both.arrays["statistic"])


@pytest.mark.parametrize("correction", ["bonferroni", "max-t", "nbs", "tfce"])
def test_families_are_clusters(cohort, correction):
    given = {"phenotype": "age", "correction": correction, "permutations": 100}
    _, result, report = associate(cohort, families="pair", **given)
    _, alone, _ = associate(cohort, variance="unequal", **given)
    assert report.numbers["families"] == "pair"
    assert report.numbers["dof"] == result.model.n_clusters - 1
    assert any("Subjects of the same pair are related" in sentence for sentence in report.sentences)
    used = ~cohort.phenotypes["age"].missing
    families = cohort.phenotypes["pair"].values[used]
    edge, age = subject_means(cohort)[used, 3], cohort.phenotypes["age"].values[used]
    *_, p = left_out(edge, age, np.ones((used.sum(), 1)), families)
    assert report.arrays["neg_log10_p"][3] == pytest.approx(-np.log10(p), rel=1e-6)
    if correction != "bonferroni":
        assert "family" in " ".join(report.sentences)
        assert not np.allclose(result.decision.permuted.statistic, alone.decision.permuted.statistic)
    with pytest.raises(InputError, match="says who is related and cannot be tested or adjusted for too"):
        associate(cohort, families="pair", phenotype="pair")


def test_a_family_column_that_is_not_used_is_warned_of(cohort):
    fam = dataclasses.replace(cohort.phenotypes["pair"], name="Fam_ID")
    cohort = dataclasses.replace(cohort, phenotypes=cohort.phenotypes | {"Fam_ID": fam})
    warned = associate(cohort, phenotype="age")[2].warnings
    assert [one for one in warned if "Fam_ID may say who is related" in one and "under Families" in one]
    for given in ({"families": "Fam_ID"}, {"correction": "max-t", "blocks": "Fam_ID", "permutations": 100}):
        assert not any("who is related" in one for one in associate(cohort, phenotype="age", **given)[2].warnings)


@pytest.mark.parametrize(
    ("phenotype", "words"),
    [
        ("patient", "times as large where patient = yes"),
        ("ill", "increases with ill"),
        ("three", "differs between the levels of three"),
    ],
)
def test_a_spread_that_varies_with_the_phenotype_is_warned_of(cohort, phenotype, words):
    patient = cohort.phenotypes["patient"].values
    ill = Phenotype("ill", patient + 0.1 * np.arange(40) % 0.3)
    three = Phenotype("three", np.where(patient == 1, 2, np.arange(40) % 2), levels=("A", "B", "C"))
    cohort = dataclasses.replace(cohort, phenotypes=cohort.phenotypes | {"ill": ill, "three": three})
    warned = [one for one in associate(cohort, phenotype=phenotype)[2].warnings if "spread of connectivity" in one]
    assert len(warned) == 1
    assert words in warned[0]
    assert "May be unequal" in warned[0]
    for given in ({"phenotype": phenotype, "variance": "unequal"}, {"phenotype": "place"}):
        assert not any("spread of connectivity" in one for one in associate(cohort, **given)[2].warnings)


def test_whole_families_are_permuted_and_said(cohort):
    dose = Phenotype("dose", np.arange(40) // 2 * 1.0)
    cohort = dataclasses.replace(cohort, phenotypes=cohort.phenotypes | {"dose": dose})
    given = {"phenotype": "dose", "correction": "max-t", "permutations": 100}
    _, result, report = associate(cohort, blocks="pair", exchange="both", **given)
    assert report.numbers["blocks_permuted"] == "both"
    assert result.plan.exchange.n_distinct == pytest.approx(float(np.prod(np.arange(1.0, 21))))
    assert any("The 20 levels of pair are permuted as wholes, and subjects within" in one for one in report.sentences)
    with pytest.raises(InputError, match="does not vary within any block"):
        associate(cohort, blocks="pair", **given)
    with pytest.raises(InputError, match="no blocks are chosen that could be permuted as wholes"):
        associate(cohort, exchange="whole", **given)
