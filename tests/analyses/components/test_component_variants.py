"""Components and variants: statsmodels test by test, the planted pair, and who and what took part."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests

from imagenomer.analyses.components.component_variants import ANALYSIS
from imagenomer.analyses.components.component_variants_figures import quantiles, sorted_values
from imagenomer.analyses.contract import read_params
from imagenomer.cohort import Decomposition, VariantSet
from imagenomer.errors import InputError
from imagenomer.figures.theme import render
from imagenomer.progress import finish

STATSMODELS = {"bonferroni": "bonferroni", "holm": "holm", "bh": "fdr_bh", "by": "fdr_by"}
N_VARIANTS = 60


def associate(cohort, **given):
    params = read_params(ANALYSIS, given)
    result = finish(ANALYSIS.compute(cohort, params))
    return params, result, ANALYSIS.report(cohort, params, result)


@pytest.fixture
def genotyped(cohort, rng):
    """Four components, sixty variants (7 is associated with component 2); subject 3 has no genotype, 9 no scores."""
    dosage = rng.binomial(2, rng.uniform(0.25, 0.75, N_VARIANTS), (40, N_VARIANTS)).astype(np.int8)
    dosage[:, 7] = np.arange(40) % 3  # never missing
    scores = rng.normal(0, 2, (40, 4))
    scores[:, 2] += 4 * dosage[:, 7]
    dosage[:, 20:][rng.random((40, N_VARIANTS - 20)) < 0.1] = -1
    dosage[:, 50] = 0
    dosage[2] = -1
    scores[8] = np.nan
    variants = VariantSet(
        name="snps",
        dosage=dosage,
        variant_ids=tuple(f"rs{number}" for number in range(N_VARIANTS)),
        chromosomes=("X",) * 2 + ("1",) * (N_VARIANTS - 2),
        positions=np.arange(1, N_VARIANTS + 1),
        effect_alleles=("A",) * N_VARIANTS,
        other_alleles=("C",) * N_VARIANTS,
    )
    made = Decomposition("made", rng.normal(size=(4, 15)).astype(np.float32), scores)
    return dataclasses.replace(cohort, variant_sets={"snps": variants}, decompositions={"made": made})


@pytest.mark.parametrize("correction", sorted(STATSMODELS))
@pytest.mark.parametrize("covariates", [[], ["age"]])
def test_every_test_is_that_of_statsmodels(genotyped, correction, covariates):
    _, result, report = associate(
        genotyped, decomposition="made", correction=correction, covariates=covariates, least_maf=0
    )
    dosage, scores = genotyped.variant_sets["snps"].dosage, genotyped.decompositions["made"].scores
    age = genotyped.phenotypes["age"].values
    used = ~np.isnan(scores[:, 0]) & (dosage[:, 7] >= 0) & ~(bool(covariates) & np.isnan(age))
    tested = [variant for variant in range(2, N_VARIANTS) if variant != 50]
    r, p = np.empty((4, len(tested))), np.empty((4, len(tested)))
    for column, variant in enumerate(tested):
        own = used & (dosage[:, variant] >= 0)
        design = sm.add_constant(np.column_stack([dosage[own, variant], age[own]][: 1 + len(covariates)]))
        for component in range(4):
            fit = sm.OLS(scores[own, component], design).fit()
            t = fit.tvalues[1]
            r[component, column], p[component, column] = t / np.sqrt(t**2 + fit.df_resid), fit.pvalues[1]
    kept = ~np.isnan(result.screen.r[0])
    np.testing.assert_array_equal(result.which[kept], tested)
    np.testing.assert_allclose(result.screen.r[:, kept], r, atol=1e-9)
    np.testing.assert_allclose(result.screen.neg_log10_p[:, kept], -np.log10(p), rtol=1e-6, atol=1e-9)
    adjusted = multipletests(p.ravel(), 0.05, STATSMODELS[correction])[1].reshape(p.shape)
    top = report.numbers["top"]
    place = {f"rs{variant}": column for column, variant in enumerate(tested)}
    for row in top:
        where = row["component"], place[row["variant"]]
        assert row["r"] == pytest.approx(r[where], abs=1e-9)
        assert row["p_value"] == pytest.approx(p[where], rel=1e-6)
        assert row["p_adjusted"] == pytest.approx(adjusted[where], rel=1e-6)
        assert row["significant"] == (adjusted[where] <= 0.05)
    assert report.numbers["n_tests"] == 4 * len(tested)
    assert report.numbers["n_significant"] == np.count_nonzero(adjusted <= 0.05)
    assert [row["p_value"] for row in top] == sorted(row["p_value"] for row in top)


def test_the_planted_pair_is_the_strongest(genotyped):
    params, result, report = associate(genotyped, decomposition="made")
    first = report.numbers["top"][0]
    assert (first["component"], first["variant"], first["significant"]) == (2, "rs7", True)
    assert first["r"] > 0.6
    assert first["frequency"] == pytest.approx(result.counts.effect_frequency[7])
    best = report.numbers["by_component"][2]
    assert (best["strongest"], best["n_significant"]) == ("rs7", 1)
    for figure in ANALYSIS.figures(
        genotyped, params, result, ANALYSIS.report(genotyped, params, result), "dark"
    ).values():
        assert render(figure, "svg").startswith(b"<?xml")


def test_who_and_what_took_no_part_is_said(genotyped):
    _, _, report = associate(genotyped, decomposition="made", covariates=["age"], least_maf=0.05)
    said = " ".join(report.sentences)
    assert "without scores of made was left out: 9." in said
    assert "without genotypes in snps was excluded from the tests: 3." in said
    assert "without age was excluded from the tests: 5." in said
    assert "2 on X, Y or of mitochondria" in said
    assert "1 with a minor allele frequency below 5 %" in said
    assert "adjusted for age" in said
    assert report.numbers["n_subjects"] == 37


def test_the_bars_are_the_strongest_of_either_sign_and_share_nothing(genotyped):
    _, result, _ = associate(genotyped, decomposition="made", bars=3, least_maf=0)
    lowest, highest = result.ends(3)
    r, strength = result.screen.r.ravel(), result.screen.neg_log10_p.ravel()
    assert (r[lowest] < 0).all()
    assert (r[highest] > 0).all()
    np.testing.assert_allclose(np.sort(strength[lowest]), np.sort(strength[r < 0])[-3:])
    np.testing.assert_allclose(np.sort(strength[highest]), np.sort(strength[r > 0])[-3:])
    everything = result.ends(10_000)
    assert not set(everything[0]) & set(everything[1])
    assert len(everything[0]) + len(everything[1]) == np.count_nonzero(~np.isnan(r))


def test_scores_that_move_with_ancestry_are_called_inflated(genotyped, rng):
    group = np.arange(40) % 2
    dosage = rng.binomial(2, np.where(group[:, None], 0.8, 0.2), (40, 150)).astype(np.int8)
    variants = genotyped.variant_sets["snps"]
    many = dataclasses.replace(
        variants,
        dosage=dosage,
        variant_ids=tuple(f"rs{number}" for number in range(150)),
        chromosomes=("1",) * 150,
        positions=np.arange(150) * 1000,
        effect_alleles=("A",) * 150,
        other_alleles=("C",) * 150,
    )
    scores = genotyped.decompositions["made"].scores.copy()
    scores[:, 0] = 3 * group + rng.normal(0, 1, 40)
    made = dataclasses.replace(genotyped.decompositions["made"], scores=scores)
    moved = dataclasses.replace(genotyped, variant_sets={"snps": many}, decompositions={"made": made})
    before = associate(moved, decomposition="made")[2]
    assert before.numbers["by_component"][0]["inflation"] > 3
    assert any("component" in one and "ancestry" in one for one in before.warnings)
    after = associate(moved, decomposition="made", ancestry_components=1)[2]
    assert after.numbers["by_component"][0]["inflation"] < before.numbers["by_component"][0]["inflation"] / 3
    assert any("1 ancestry component" in one for one in after.sentences)


def test_what_is_drawn_of_many_tests_keeps_the_extremes(rng):
    values = rng.normal(size=10_000)
    drawn, at = sorted_values(values)
    assert drawn.size == 2000
    assert (drawn[0], drawn[-1]) == (values.min(), values.max())
    np.testing.assert_array_equal(values[at], drawn)
    expected, observed = quantiles(-np.log10(rng.uniform(size=10_000)))
    assert observed[0] == observed.max()
    np.testing.assert_allclose(expected[:1], -np.log10(stats.beta(1, 10_000).median()), rtol=1e-9)
    np.testing.assert_allclose(observed[100:2000], expected[100:2000], rtol=0.1)


def test_what_cannot_be_asked_is_refused_in_words(genotyped, cohort):
    alike = dataclasses.replace(genotyped.variant_sets["snps"], dosage=np.zeros((40, N_VARIANTS), dtype=np.int8))
    with pytest.raises(InputError, match="no genotypes"):
        associate(dataclasses.replace(cohort, variant_sets={}))
    with pytest.raises(InputError, match="no variant of snps passes the filters"):
        associate(dataclasses.replace(genotyped, variant_sets={"snps": alike}), decomposition="made")
    with pytest.raises(InputError, match=r"ancestry_components is a whole number from 0 to 20, not 1\.5"):
        associate(genotyped, decomposition="made", ancestry_components=1.5)
