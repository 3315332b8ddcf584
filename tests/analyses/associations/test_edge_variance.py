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
    """t or F and p of HC3 by statsmodels, of every edge."""
    used = ~np.any([cohort.phenotypes[name].missing for name in (tested, *covariates)], axis=0)
    one, edges = cohort.phenotypes[tested], subject_means(cohort)[used]
    own = one.values[used]
    columns = (own[:, None] == np.arange(1, len(one.levels))).astype(float) if one.levels else own[:, None]
    given = [cohort.phenotypes[name].values[used] for name in covariates]
    design, k = np.column_stack([columns, np.ones(used.sum()), *given]), columns.shape[1]
    found = []
    for edge in edges.T:
        fit = sm.OLS(edge, design).fit().get_robustcov_results("HC3", use_t=True)
        test = fit.f_test(np.eye(design.shape[1])[:k])
        found.append((float(test.fvalue), float(test.pvalue)))
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
    for edge, row in rows["unequal"].items():
        usual = rows["equal"][edge]
        t = row["r"] * np.sqrt(38 / (1 - row["r"] ** 2))
        width, before = (np.arctanh(one["ci_upper"]) - np.arctanh(one["ci_lower"]) for one in (row, usual))
        assert width / before == pytest.approx(abs(t) / np.sqrt(f[edge]), rel=1e-6)


def test_ranks_are_tested_alike(cohort):
    _, _, report = associate(cohort, phenotype="age", method="spearman", variance="unequal")
    used = ~cohort.phenotypes["age"].missing
    ranks = stats.rankdata(cohort.phenotypes["age"].values[used])
    edge = stats.rankdata(subject_means(cohort)[used, 3])
    fit = sm.OLS(edge, sm.add_constant(ranks)).fit().get_robustcov_results("HC3", use_t=True)
    assert report.arrays["neg_log10_p"][3] == pytest.approx(-np.log10(fit.pvalues[1]), rel=1e-6)


@pytest.mark.parametrize("covariates", [[], ["age"]])
def test_max_t_flips_signs_and_says_so(cohort, covariates):
    given = {"phenotype": "patient", "covariates": covariates, "correction": "max-t", "permutations": 200}
    _, result, report = associate(cohort, variance="unequal", **given)
    assert result.decision.permuted.null.size == 200
    assert any(s.startswith("200 sign flips of the residuals") for s in report.sentences)
    assert any("contribution to the score" in sentence for sentence in report.sentences)
    assert "sign flips" in result.note
    assert ("significant_unadjusted" in report.arrays) is False
    again = associate(cohort, variance="unequal", **given)[2]
    np.testing.assert_array_equal(again.arrays["p_corrected"], report.arrays["p_corrected"])
    with pytest.raises(InputError, match=r"blocks \(pair\) are for permutations"):
        associate(cohort, variance="unequal", blocks="pair", **given)


def test_a_variance_that_the_form_hides_changes_nothing(cohort):
    given = {"phenotype": "patient", "correction": "tfce", "permutations": 100}
    assert associate(cohort, variance="unequal", **given)[2].numbers["variance"] == "equal"


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


def test_the_warning_beside_tfce_names_what_allows_it(cohort):
    _, _, report = associate(cohort, phenotype="patient", correction="tfce", permutations=100)
    assert any("TFCE assumes equal variances; compare with max-T" in one for one in report.warnings)
