"""Variant association as a whole: PLINK 2's answers on real genotypes, who takes part, and what is said."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess

import numpy as np
import pytest
from scipy import stats

from imagenomer.analyses.contract import PointsView, TableView
from imagenomer.analyses.genotypes.variant_association import ANALYSIS, Params
from imagenomer.cohort import Cohort, Phenotype, natural_key
from imagenomer.errors import InputError
from imagenomer.genotypes import chromosome_numbers, unnamed_variants
from imagenomer.load import load
from imagenomer.progress import finish
from imagenomer.statistics.permutation import draw_permutations
from oracles.plink import numbers


def run(cohort, **params):
    params = Params(**params)
    result = finish(ANALYSIS.compute(cohort, params))
    return result, ANALYSIS.report(cohort, params, result)


@pytest.fixture(scope="module")
def hapmap(shared_data):
    """The HapMap with a height that follows a variant, sex and population, and a disease that follows another."""
    cohort = load(shared_data / "snp-hapmap279")
    variants = cohort.variant_sets["hapmap279"]
    rng = np.random.default_rng(5)
    men = cohort.sexes == 1
    pop = cohort.phenotype("pop").values
    height = 0.8 * np.maximum(variants.dosage[:, 100], 0) + 1.5 * men + 0.4 * pop + rng.normal(0, 1, men.size)
    disease = rng.random(men.size) < 1 / (1 + np.exp(1 - 0.8 * np.maximum(variants.dosage[:, 200], 0) - 0.5 * men))
    height[:4] = np.nan
    phenotypes = {
        **cohort.phenotypes,
        "height": Phenotype("height", height),
        "disease": Phenotype("disease", disease.astype(np.intp), ("no", "yes")),
        "weight": Phenotype("weight", rng.normal(70, 10, men.size)),
    }
    return dataclasses.replace(cohort, phenotypes=phenotypes, variant_sets={"hapmap279": variants})


def ask_plink(shared_data, folder, cohort, phenotype, model, filters=()):
    """PLINK 2 --glm of a phenotype given weight and population, on the files of the HapMap."""
    if shutil.which("plink2") is None:
        pytest.skip("plink2 is not on this machine")
    target, pop = cohort.phenotype(phenotype), cohort.phenotype("pop")
    fam = (shared_data / "snp-hapmap279/hapmap279.fam").read_text().splitlines()
    family = {line.split()[1]: line.split()[0] for line in fam}
    lines = ["#FID\tIID\ttarget\tweight\tp1\tp2\tp3"]
    for row, subject in enumerate(cohort.subjects):
        value = target.values[row] + (1 if target.levels else 0)
        cells = [family[subject], subject, repr(float(value)), repr(float(cohort.phenotype("weight").values[row]))]
        lines.append("\t".join([*cells, *(str(int(pop.values[row] == code)) for code in (1, 2, 3))]))
    (folder / "columns").write_text("\n".join(line.replace("nan", "NA") for line in lines) + "\n")
    command = [
        *("plink2", "--bfile", str(shared_data / "snp-hapmap279/hapmap279"), "--out", "out", "--threads", "1"),
        *("--pheno", "columns", "--pheno-name", "target", "--covar", "columns", "--covar-name", "weight,p1,p2,p3"),
        *("--glm", "omit-ref", "hide-covar", *model, "cols=+nobs,+beta,-orbeta,+err,+firth", "--vif", "50", *filters),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("out.target.glm.*")
    header, *rows = [line.split() for line in path.read_text().splitlines()]
    return [dict(zip(header, row, strict=True)) for row in rows]


MODELS = {
    "additive": [],
    "dominant": ["dominant"],
    "recessive": ["recessive"],
    "heterozygous": ["hetonly"],
    "genotypic": ["genotypic"],
}


@pytest.mark.parametrize("coding", MODELS)
def test_a_number_gives_what_plink_gives_on_all_chromosomes(coding, hapmap, shared_data, tmp_path):
    rows = ask_plink(shared_data, tmp_path, hapmap, "height", MODELS[coding], ["--nonfounders"])
    result, _ = run(hapmap, phenotype="height", coding=coding, covariates=("weight", "pop"), least_maf=0)
    on_x = chromosome_numbers(hapmap.variant_set().chromosomes) == 23
    # Of other codings PLINK leaves X out, where men have one copy.
    asked = np.ones(on_x.size, dtype=bool) if coding == "additive" else ~on_x
    assert np.isfinite(result.neg_log10_p[on_x]).any() == (coding == "additive")
    for term, name in zip(result.fit.terms, dict.fromkeys(row["TEST"] for row in rows), strict=False):
        own = [row for row in rows if row["TEST"] == name]
        tested = np.isfinite(numbers(own, "P"))
        np.testing.assert_array_equal(np.isfinite(term.p_value[asked]), tested)
        assert [int(row["OBS_CT"]) for row in own] == result.fit.n_subjects[asked].tolist()
        # PLINK counts the alternate allele, that of the .bim file's fifth column, as we do.
        ids = np.array(hapmap.variant_set().effect_alleles)[asked]
        assert [row["A1"] for row in own] == ids.tolist()
        for column, found in (("BETA", term.beta), ("SE", term.se), ("P", term.p_value)):
            np.testing.assert_allclose(found[asked][tested], numbers(own, column)[tested], rtol=2e-5)


def test_two_levels_give_what_plink_gives(hapmap, shared_data, tmp_path):
    rows = ask_plink(shared_data, tmp_path, hapmap, "disease", [], ["--nonfounders"])
    result, _ = run(hapmap, phenotype="disease", covariates=("weight", "pop"), least_maf=0)
    found = result.fit.terms[0]
    # Theirs is in single precision, and where that was not enough the row says so.
    agree = np.array([row["ERRCODE"] == "." for row in rows])
    assert agree.sum() > 8000
    np.testing.assert_array_equal(
        result.fit.firth[agree], [row["FIRTH?"] == "Y" for row, ok in zip(rows, agree, strict=True) if ok]
    )
    np.testing.assert_allclose(found.beta[agree], numbers(rows, "BETA")[agree], rtol=2e-3, atol=1e-3)
    # Of variants with missing genotypes this PLINK's standard errors are now and then too small; statsmodels agrees
    # with ours (tests/statistics/test_variants.py).
    whole = agree & (result.fit.n_subjects == 279)
    assert whole.sum() > 5000
    np.testing.assert_allclose(found.se[whole], numbers(rows, "SE")[whole], rtol=2e-3, atol=1e-3)


def test_filters_are_those_of_plink(hapmap, shared_data, tmp_path):
    filters = ["--nonfounders", "--maf", "0.1", "--geno", "0.01", "--hwe", "1e-4"]
    rows = ask_plink(shared_data, tmp_path, hapmap, "weight", [], filters)
    result, report = run(
        hapmap, phenotype="weight", covariates=("pop",), least_maf=0.1, most_missing=0.01, least_hardy_p=1e-4
    )
    ids = hapmap.variant_set().variant_ids
    on_x = chromosome_numbers(hapmap.variant_set().chromosomes) == 23  # there PLINK 2 tests men, too
    passed = [ids[index] for index in np.flatnonzero(np.isfinite(result.neg_log10_p) & ~on_x)]
    assert passed == [row["ID"] for row in rows if row["#CHROM"] != "X"]
    n = report.numbers
    gone = n["n_too_missing"] + n["n_too_rare"] + n["n_off_hardy_weinberg"]
    assert gone + n["n_tests"] == n["n_variants"] == 9088
    assert min(n["n_too_missing"], n["n_too_rare"], n["n_off_hardy_weinberg"]) > 0


# --- ancestry ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo():
    return load("demo:full")


def test_ancestry_components_remove_the_inflation_of_wrat(demo):
    plain, before = run(demo, phenotype="wrat")
    adjusted, after = run(demo, phenotype="wrat", ancestry_components=4)
    assert plain.inflation > 1.3
    assert adjusted.inflation < 1.08
    assert any("adjust for ancestry components" in warning for warning in before.warnings)
    assert not any("inflated" in warning for warning in after.warnings)
    assert before.numbers["n_significant"] > after.numbers["n_significant"] == 0
    assert any("principal components of the relationship matrix" in sentence for sentence in after.sentences)
    # Each variant was typed on some platforms only.
    assert any("Each variant was tested in the subjects with its genotype" in sentence for sentence in before.sentences)


# --- the haplotype indicator ---------------------------------------------------------------------


@pytest.mark.parametrize(("genotype", "code"), [("minor", 0), ("het", 1), ("major", 2)])
def test_the_indicator_of_the_first_program_is_its_correlation_but_missing_stays_missing(genotype, code, rng):
    """Its files count the major allele, whatever is commoner here."""
    dosage = rng.integers(-1, 3, (50, 6)).astype(np.int8)
    score = rng.normal(0, 1, 50)
    subjects = tuple(str(number) for number in range(50))
    cohort = Cohort(
        "Old", subjects, {"score": Phenotype("score", score)}, variant_sets={"big": unnamed_variants("big", dosage)}
    )
    result, _ = run(cohort, phenotype="score", coding="haplotype", genotype=genotype)
    for column in range(6):
        known = dosage[:, column] >= 0
        oracle = stats.pearsonr(dosage[known, column] == code, score[known])
        np.testing.assert_allclose(result.fit.test.p_value[column], oracle.pvalue, rtol=1e-9)
        assert np.sign(result.fit.terms[0].beta[column]) == np.sign(oracle.statistic)


def test_where_alleles_are_known_the_rarer_one_is_minor(cohort):
    variants = cohort.variant_set()
    flipped = dataclasses.replace(
        variants,
        dosage=np.where(variants.dosage < 0, -1, 2 - variants.dosage).astype(np.int8),
        effect_alleles=variants.other_alleles,
        other_alleles=variants.effect_alleles,
    )
    again = dataclasses.replace(cohort, variant_sets={"small": flipped})
    for genotype in ("minor", "major"):
        first, second = (run(one, phenotype="age", coding="haplotype", genotype=genotype)[0] for one in (cohort, again))
        tied = first.counts.effect_frequency == 0.5
        np.testing.assert_allclose(first.neg_log10_p[~tied], second.neg_log10_p[~tied])
        assert np.isfinite(first.neg_log10_p[~tied]).sum() > 30


# --- who takes part, and what is said ------------------------------------------------------------


def test_it_finds_the_planted_variant_and_says_who_is_missing(cohort):
    result, report = run(cohort, phenotype="age", covariates=("sex",))
    top = report.numbers["top"]
    assert top[0]["variant"] == "rs7"
    assert report.numbers["n_significant"] >= 1
    assert top[0]["ci_lower"] < top[0]["beta"] < top[0]["ci_upper"]
    assert {one.reason: one.subjects for one in result.sample.dropped} == {
        "without genotypes in small": ("39",),
        "without age": ("5",),
        "without sex": ("6",),
    }
    assert result.sample.n_subjects == 37
    assert "adjusted for sex" in " ".join(report.sentences)


def test_intervals_are_those_of_students_t(cohort):
    result, _ = run(cohort, phenotype="age", covariates=("sex",))
    term, n = result.fit.terms[0], result.fit.n_subjects[7]
    half = stats.t.ppf(0.975, n - 3) * term.se[7]
    np.testing.assert_allclose((result.lower[0, 7], result.upper[0, 7]), (term.beta[7] - half, term.beta[7] + half))


def test_sex_itself_is_not_tested_on_x_nor_are_subjects_of_unknown_sex(cohort):
    result, report = run(cohort, phenotype="sex", least_maf=0)
    on_x = np.array(cohort.variant_set().chromosomes) == "X"
    assert np.isnan(result.neg_log10_p[on_x]).all()
    assert np.isfinite(result.neg_log10_p[~on_x]).all()
    assert any("20 on X, since the phenotype is collinear with sex" in sentence for sentence in report.sentences)
    result, _ = run(cohort, phenotype="age", least_maf=0)
    known = cohort.variant_set().dosage[result.sample.subjects] >= 0
    known[:, on_x] &= (cohort.sexes[result.sample.subjects] > 0)[:, None]
    assert result.fit.n_subjects.tolist() == known.sum(axis=0).tolist()
    without = dataclasses.replace(cohort, phenotypes={"age": cohort.phenotypes["age"]})
    result, report = run(without, phenotype="age", least_maf=0)
    assert np.isnan(result.neg_log10_p[on_x]).all()
    assert any("20 on X or Y, since no sex is known" in sentence for sentence in report.sentences)


def test_every_variant_is_tested_or_accounted_for(cohort):
    result, report = run(cohort, phenotype="sex", least_maf=0.3)
    n = report.numbers
    left_out = sum(number for number, _ in result.untested)
    gone = n["n_too_missing"] + n["n_too_rare"] + n["n_off_hardy_weinberg"] + left_out
    assert n["n_tests"] + gone == n["n_variants"] == 60


def test_points_name_every_variant_once_and_the_threshold_is_drawn(cohort):
    _, report = run(cohort, phenotype="age")
    views = {view.name: view for view in report.views}
    manhattan = views["manhattan"]
    assert isinstance(manhattan, PointsView)
    named = [name for series in manhattan.series for name in series.subjects]
    assert sorted(named) == sorted(cohort.variant_set().variant_ids)
    assert [name for _, name in manhattan.x_ticks] == ["1", "2", "X"]
    assert manhattan.levels[0][0] == pytest.approx(-np.log10(0.05 / 60))
    x = {name: place for series in manhattan.series for name, place in zip(series.subjects, series.x, strict=True)}
    in_file = [x[name] for name in cohort.variant_set().variant_ids]
    assert in_file == sorted(in_file)
    qq = views["qq"]
    assert qq.series[0].y == sorted(qq.series[0].y, reverse=True)
    assert qq.series[0].x[0] == pytest.approx(-np.log10(0.5 / 60), abs=1e-4)
    by_index, _ = run(cohort, phenotype="age", axis="index"), None
    assert by_index[1].views[0].series[0].x == list(range(60))
    for view in report.views:
        json.dumps(dataclasses.asdict(view), allow_nan=False)


def test_the_variant_shown_is_the_strongest_or_the_one_asked_for(cohort):
    result, report = run(cohort, phenotype="age")
    assert cohort.variant_set().variant_ids[result.shown] == "rs7"
    (table,) = [view for view in report.views if isinstance(view, TableView) and view.name == "genotype_groups"]
    dosage = cohort.variant_set().dosage[result.sample.subjects, 7]
    for row, copies in zip(table.rows, (0, 1, 2), strict=True):
        own = result.target[dosage == copies]
        assert (row["n"], row["mean"]) == (own.size, pytest.approx(own.mean()))
    assert [row["genotype"] for row in table.rows] == ["G/G", "A/G", "A/A"]
    result, _ = run(cohort, phenotype="sex", shown="rs12")
    assert result.shown == 12
    with pytest.raises(InputError, match="no variant 'rs99' in small"):
        run(cohort, phenotype="age", shown="rs99")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"phenotype": "age", "covariates": ("age",)}, "cannot be its own covariate"),
        ({"phenotype": "site"}, "nothing can vary with it"),
        ({"phenotype": "age", "level": "F"}, "is a number and has no level"),
        ({"phenotype": "age", "group": "age > 1000"}, "has 0 usable subjects"),
        ({"phenotype": "age", "variants": "big"}, "no variant set 'big'"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(params, words, cohort):
    with pytest.raises(InputError, match=words):
        run(cohort, **params)


def test_nothing_left_by_the_filters_is_a_result_with_a_warning(cohort):
    _, report = run(cohort, phenotype="age", most_missing=0)
    assert report.numbers["n_tests"] <= 60
    rare = dataclasses.replace(cohort.variant_set(), dosage=np.zeros((40, 60), dtype=np.int8))
    params = Params(phenotype="age")
    none = dataclasses.replace(cohort, variant_sets={"small": rare})
    result = finish(ANALYSIS.compute(none, params))
    report = ANALYSIS.report(none, params, result)
    assert report.numbers["n_tests"] == 0
    assert any("No variant could be tested" in warning for warning in report.warnings)
    assert set(ANALYSIS.figures(none, params, result, ANALYSIS.report(none, params, result), "light")) == {
        "manhattan",
        "qq",
        "sorted",
        "strongest",
        "genotypes",
    }
    for figure in ANALYSIS.figures(none, params, result, ANALYSIS.report(none, params, result), "light").values():
        assert figure.axes


# --- permuting subjects -----------------------------------------------------------------------------


def test_max_t_is_that_of_every_refitted_permutation(hapmap):
    given = {"phenotype": "height", "covariates": ("weight", "pop"), "least_maf": 0.35}
    result, report = run(hapmap, **given, correction="max-t", permutations=100, seed=3, blocks="pop")
    plain, _ = run(hapmap, **given)
    np.testing.assert_array_equal(result.neg_log10_p, plain.neg_log10_p)
    names = [hapmap.subjects[index] for index in result.sample.subjects]
    order = np.array(sorted(range(len(names)), key=lambda index: natural_key(names[index])))
    blocks = hapmap.phenotype("pop").values[result.sample.subjects[order]]
    fitted = result.design.matrix @ np.linalg.lstsq(result.design.matrix, result.target, rcond=None)[0]
    left = result.target - fitted
    height = hapmap.phenotype("height").values
    largest = []
    for permutation in draw_permutations(np.random.default_rng(3), 100, order.size, blocks)[:12]:
        again = height.copy()
        again[result.sample.subjects[order]] = fitted[order] + left[order][permutation]
        phenotypes = {**hapmap.phenotypes, "height": Phenotype("height", again)}
        moved, _ = run(dataclasses.replace(hapmap, phenotypes=phenotypes), **given)
        largest.append(np.nanmax(np.abs(moved.fit.test.statistic)))
    assert (chromosome_numbers(result.sample.variants.chromosomes)[~np.isnan(result.neg_log10_p)] == 23).any()
    strongest = result.strongest[0]
    # As many of these as the p-value says are as large, give or take the other 88.
    counted = sum(one >= abs(result.fit.test.statistic[strongest]) for one in largest)
    p_value = 10**-result.neg_log10_p_adjusted
    assert counted <= round(101 * p_value[strongest]) - 1 <= counted + 88
    some = np.flatnonzero(~np.isnan(p_value))[::50]
    for variant in some.tolist():
        at_least = sum(one >= abs(result.fit.test.statistic[variant]) for one in largest)
        assert at_least <= round(101 * p_value[variant]) - 1 <= at_least + 88
    assert report.numbers["blocks"] == "pop"
    assert any(
        "100 permutations of the residuals of the phenotype" in one and "seed 3" in one for one in report.sentences
    )
    assert "Subjects are permuted only within the 4 levels of pop." in report.sentences


def test_max_t_finds_the_planted_variant(hapmap):
    given = {
        "phenotype": "height",
        "covariates": ("pop",),
        "correction": "max-t",
        "permutations": 199,
        "least_maf": 0.2,
    }
    result, report = run(hapmap, **given)
    assert result.significant[100]
    assert report.numbers["n_significant"] == result.significant.sum() < 20
    limit = report.numbers["statistic_threshold"]
    t = np.abs(result.fit.test.statistic)
    np.testing.assert_array_equal(result.significant, t > limit)
    adjusted = [row["p_adjusted"] for row in report.numbers["top"]]
    assert adjusted[0] == pytest.approx(1 / 200)
    said = " ".join(report.sentences)
    assert f"permutation max-T, family-wise error 0.05, |t| above {limit:.4g}." in said
    ANALYSIS.figures(hapmap, Params(**given), result, ANALYSIS.report(hapmap, Params(**given), result), "light")[
        "manhattan"
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"phenotype": "disease"}, "permutation max-T is for numbers, and disease has levels"),
        ({"phenotype": "height", "coding": "genotypic"}, "genotypic coding has two"),
        ({"phenotype": "height", "blocks": "weight"}, "weight is a number; blocks are levels of a category"),
    ],
)
def test_max_t_is_refused_where_it_is_not_defined(hapmap, given, words):
    with pytest.raises(InputError, match=words):
        run(hapmap, correction="max-t", **given)


def test_too_few_permutations_are_warned_of(hapmap):
    _, report = run(hapmap, phenotype="height", least_maf=0.4, correction="max-t", permutations=100, alpha=0.001)
    assert any("100 permutations cannot give a p below 0.0099" in one for one in report.warnings)
    assert report.numbers["n_significant"] == 0


def test_max_t_of_few_distinct_permutations_is_exact_and_says_so(cohort):
    few = Phenotype("few", (np.arange(40) < 9).astype(np.intp), levels=("no", "yes"))
    rare = Phenotype("rare", np.where(np.arange(40) % 9 < 2, 5.0, 1.0))
    cohort = dataclasses.replace(cohort, phenotypes=cohort.phenotypes | {"few": few, "rare": rare})
    result, report = run(cohort, phenotype="rare", group='few == "yes"', correction="max-t", least_maf=0.2)
    assert result.plan.n_used == 35
    assert report.numbers["smallest_p"] == 1 / 36
    assert any("All 36 distinct permutations of rare were used" in sentence for sentence in report.sentences)
