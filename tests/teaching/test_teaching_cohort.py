"""The teaching cohort is what it says: who is in it, what is recorded, and which truth is planted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.teaching import BOTH, MEDIATOR, MOTION, NOTHING, PURE_CONFOUND, REAL_EFFECT, SITE, TRUTHS, generate
from oracles.teaching_table import correlate, mean_connectivity


@pytest.fixture(scope="module")
def quick() -> Cohort:
    return finish(generate("quick"))


@pytest.fixture(scope="module")
def dosage(quick: Cohort) -> np.ndarray:
    return quick.variant_sets["synthetic"].dosage


# --- the cohort as a whole ------------------------------------------------------------------------


def test_quick_has_three_scans_of_250_people_over_264_parcels(quick):
    assert quick.n_subjects == 250
    assert quick.tasks == ("emoid", "nback", "rest")
    assert quick.measure("fc").values.shape == (750, 34_716)
    assert quick.measure("fc").values.dtype == np.float32
    assert quick.parcellation.name == "Power 264"


def test_it_says_that_it_is_synthetic_wherever_it_is_described(quick):
    assert quick.synthetic
    assert "None of these people exist" in quick.description
    assert any("synthetic" in entry.message for entry in quick.log)


def test_scans_are_sorted_by_task_then_subject(quick):
    assert list(quick.scans) == sorted(quick.scans)
    assert list(quick.subjects) == sorted(quick.subjects)


def test_the_same_seed_gives_the_same_cohort_and_another_seed_another(quick, dosage):
    again, other = finish(generate("quick")), finish(generate("quick", seed=2))
    np.testing.assert_array_equal(again.measure("fc").values, quick.measure("fc").values)
    np.testing.assert_array_equal(again.variant_sets["synthetic"].dosage, dosage)
    assert not np.array_equal(other.measure("fc").values, quick.measure("fc").values)
    assert not np.array_equal(other.variant_sets["synthetic"].dosage, dosage)


def test_another_recipe_leaves_age_and_genotypes_as_they_were():
    confounded, nothing = finish(generate(40)), finish(generate(40, recipe=NOTHING))
    np.testing.assert_array_equal(nothing.phenotype("age").values, confounded.phenotype("age").values)
    np.testing.assert_array_equal(nothing.variant_sets["synthetic"].dosage, confounded.variant_sets["synthetic"].dosage)
    assert not np.array_equal(nothing.measure("fc").values, confounded.measure("fc").values)


def test_it_reports_progress_often_enough_to_be_cancelled():
    seen = []
    finish(generate(64), seen.append)
    done = [progress.done for progress in seen if progress.step == "Drawing connectivity"]
    assert done == sorted(done)
    assert set(done) == set(range(64))
    assert all(progress.total == 64 for progress in seen)


@pytest.mark.parametrize("size", ["huge", 39])
def test_a_size_that_cannot_be_made_is_refused_with_those_that_can(size):
    with pytest.raises(InputError, match="choose quick, full, small or at least 40 subjects"):
        finish(generate(size))


def test_a_negative_seed_is_refused():
    with pytest.raises(InputError, match="the seed -1 is negative"):
        finish(generate(40, seed=-1))


# --- people ---------------------------------------------------------------------------------------


def test_every_phenotype_is_described_and_every_number_has_a_unit(quick):
    assert list(quick.phenotypes) == [
        *("age", "sex", "ancestry", "wrat", "mother_education", "father_education", "mean_fd", "site")
    ]
    for phenotype in quick.phenotypes.values():
        assert phenotype.description
        assert bool(phenotype.units) == (phenotype.kind == "number")


def test_groups_sexes_and_missing_answers_have_the_shares_of_the_study(quick):
    groups = np.bincount(quick.phenotype("ancestry").values) / quick.n_subjects
    np.testing.assert_allclose(groups, np.array([407, 326, 97]) / 830, atol=0.005)
    assert np.mean(quick.phenotype("sex").indicator("F")) == pytest.approx(0.51, abs=0.005)
    missing = {name: phenotype.missing.mean() for name, phenotype in quick.phenotypes.items()}
    assert missing.pop("mother_education") == pytest.approx(0.03, abs=0.005)
    assert missing.pop("father_education") == pytest.approx(0.32, abs=0.005)
    assert not any(missing.values())


def test_wrat_differs_between_groups_by_the_planted_gap_and_age_lies_in_the_studied_range(quick):
    wrat, group = quick.phenotype("wrat").values, quick.phenotype("ancestry").values
    assert wrat[group == 0].mean() - wrat[group == 1].mean() == pytest.approx(12.8, abs=0.3)
    assert wrat[group == 0].std() == pytest.approx(14.0, abs=0.3)
    age = quick.phenotype("age").values
    assert age.min() >= 97
    assert age.max() <= 276
    assert age.std() == pytest.approx(38.0, abs=0.5)


# --- connectivity ---------------------------------------------------------------------------------


def test_connectivity_is_finite_and_within_one(quick):
    values = quick.measure("fc").values
    assert np.isfinite(values).all()
    assert np.abs(values).max() < 1
    assert np.mean(np.abs(values) > 0.98) < 1e-3


def test_a_person_is_more_like_themselves_in_another_task_than_like_anybody_else(quick):
    rest, nback = (quick.observations("fc", task).values[:50] for task in ("rest", "nback"))
    alike = np.corrcoef(rest, nback)[:50, 50:]
    assert np.all(alike.argmax(axis=1) == np.arange(50))


def test_task_maps_are_alike_and_not_the_same(quick):
    maps = [quick.observations("fc", task).values.mean(axis=0) for task in quick.tasks]
    alike = np.corrcoef(maps)[np.triu_indices(3, 1)]
    assert np.all((alike > 0.85) & (alike < 0.96))


def test_people_differ_at_an_edge_as_much_as_the_model_says(quick):
    assert quick.observations("fc").values.std(axis=0).mean() == pytest.approx(0.11, abs=0.01)


# --- genotypes ------------------------------------------------------------------------------------


def test_genotypes_are_counts_or_missing_and_more_than_half_are_missing(quick, dosage):
    assert dosage.shape == (250, 10_433)
    assert dosage.dtype == np.int8
    assert set(np.unique(dosage)) == {-1, 0, 1, 2}
    assert np.mean(dosage < 0) == pytest.approx(0.54, abs=0.02)
    assert (dosage >= 0).sum(axis=0).min() > 0.1 * quick.n_subjects


def test_the_counted_allele_is_the_rarer_one(dosage):
    called = dosage >= 0
    assert np.all(np.where(called, dosage, 0).sum(axis=0) <= called.sum(axis=0))


def test_men_carry_no_or_two_copies_on_x_and_women_one_as_well(quick, dosage):
    on_x = np.array(quick.variant_sets["synthetic"].chromosomes) == "X"
    male = quick.phenotype("sex").indicator("M") == 1
    assert on_x.sum() == 250
    assert not np.any(dosage[np.ix_(male, on_x)] == 1)
    assert np.any(dosage[np.ix_(~male, on_x)] == 1)


def test_variants_are_in_the_order_of_the_genome(quick):
    variants = quick.variant_sets["synthetic"]
    rank = {name: number for number, name in enumerate([*map(str, range(1, 23)), "X"])}
    place = [(rank[name], position) for name, position in zip(variants.chromosomes, variants.positions, strict=True)]
    assert place == sorted(place)
    assert all(a != b for a, b in zip(variants.effect_alleles, variants.other_alleles, strict=True))


def test_genotypes_of_one_population_are_in_hardy_weinberg_proportions(quick, dosage):
    autosomal = np.array(quick.variant_sets["synthetic"].chromosomes) != "X"
    ea = dosage[np.ix_(quick.phenotype("ancestry").values == 0, autosomal)]
    counts = np.stack([(ea == copies).sum(axis=0) for copies in (0, 1, 2)])
    n = counts.sum(axis=0)
    frequency = (counts[1] + 2 * counts[2]) / (2 * np.maximum(n, 1))
    expected = n * np.stack([(1 - frequency) ** 2, 2 * frequency * (1 - frequency), frequency**2])
    common = expected.min(axis=0) >= 5
    chi2 = ((counts - expected)[:, common] ** 2 / expected[:, common]).sum(axis=0)
    assert common.sum() > 500
    assert np.mean(stats.chi2.sf(chi2, 1) < 0.05) == pytest.approx(0.05, abs=0.03)


def test_allele_frequencies_of_ea_and_aa_differ_as_after_a_fifth_of_admixture(quick, dosage):
    # Hudson's F_ST: 0.14 between the ancestral populations (mean of 0.105 and 0.175), about 0.09 after admixture.
    autosomal = np.array(quick.variant_sets["synthetic"].chromosomes) != "X"
    group = quick.phenotype("ancestry").values
    p, n = np.array([_allele_frequency(dosage[np.ix_(group == index, autosomal)]) for index in (0, 1)]).swapaxes(0, 1)
    enough = n.min(axis=0) > 20
    (p1, p2), (n1, n2) = p[:, enough], n[:, enough]
    between = (p1 - p2) ** 2 - p1 * (1 - p1) / (n1 - 1) - p2 * (1 - p2) / (n2 - 1)
    assert between.sum() / (p1 * (1 - p2) + p2 * (1 - p1)).sum() == pytest.approx(0.092, abs=0.01)


def _allele_frequency(dosage: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n_alleles = 2 * (dosage >= 0).sum(axis=0)
    return np.where(dosage > 0, dosage, 0).sum(axis=0) / np.maximum(n_alleles, 1), n_alleles


# --- planted truths -------------------------------------------------------------------------------


def test_where_nothing_is_planted_nothing_is_found():
    families, share = 0, []
    for seed in range(12):
        cohort = finish(generate(60, seed, NOTHING))
        edges = mean_connectivity(cohort)
        for name in ("age", "sex", "wrat"):
            r, found = correlate(edges, cohort.phenotype(name).values)
            families += found.any()
            share.append(np.mean(stats.t.sf(np.abs(r) * np.sqrt(58 / (1 - r**2)), 58) < 0.025))
    assert families <= 5  # of 36; six or more have a probability of 1 % at 5 % each
    assert np.mean(share) == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_real_effect_is_found_and_survives_adjustment_for_ancestry(seed):
    found, adjusted = _edges_with_wrat(finish(generate("quick", seed, REAL_EFFECT)))
    assert found > 300
    assert adjusted == pytest.approx(found, rel=0.1)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_pure_confound_vanishes_with_adjustment_for_ancestry(seed):
    found, adjusted = _edges_with_wrat(finish(generate("full", seed, PURE_CONFOUND)))
    assert found > 100
    assert adjusted < 0.05 * found


def _edges_with_wrat(cohort: Cohort, adjusted_for: str = "ancestry") -> tuple[int, int]:
    edges, wrat = cohort.observations("fc").values, cohort.phenotype("wrat").values
    phenotype = cohort.phenotype(adjusted_for)
    covariates = np.column_stack(
        [phenotype.indicator(level) for level in phenotype.levels[1:]] if phenotype.levels else [phenotype.values]
    )
    return int(correlate(edges, wrat)[1].sum()), int(correlate(edges, wrat, covariates)[1].sum())


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("recipe", "cause", "others"),
    [
        (PURE_CONFOUND, "ancestry", ("site", "age", "sex", "mean_fd")),
        (MEDIATOR, "reading", ("ancestry", "site", "age", "sex", "mean_fd")),
        (MOTION, "mean_fd", ("ancestry", "site", "sex")),
        (SITE, "site", ("ancestry", "age", "sex", "mean_fd")),
    ],
    ids=["pure confound", "mediator", "motion", "site"],
)
def test_in_the_small_size_only_the_planted_cause_takes_the_association_away(recipe, cause, others, seed):
    cohort = finish(generate("small", seed, recipe))
    found, left = _edges_with_wrat(cohort, cause)
    assert found > 50
    assert left < 0.02 * found
    for other in others:
        assert _edges_with_wrat(cohort, other)[1] > 0.6 * found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_both_are_planted_some_of_the_association_stays(seed):
    found, left = _edges_with_wrat(finish(generate("small", seed, BOTH)))
    assert 0.2 * found < left < 0.75 * found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_age_and_sex_move_connectivity_and_not_the_score_in_a_real_effect(seed):
    cohort = finish(generate("small", seed, REAL_EFFECT))
    edges, wrat = cohort.observations("fc").values, cohort.phenotype("wrat").values
    for name in ("age", "sex"):
        values = cohort.phenotype(name).values
        assert correlate(edges, values)[1].sum() > 50
        assert abs(np.corrcoef(values, wrat)[0, 1]) < 0.2


def test_a_small_cohort_has_300_people_100_parcels_and_one_task():
    cohort = finish(generate("small"))
    assert cohort.measure("fc").values.shape == (300, 4_950)
    assert cohort.tasks == ("rest",)
    assert cohort.variant_sets["synthetic"].dosage.shape == (300, 1_000)
    assert cohort.parcellation.atlas == "schaefer-100-7"


def test_hours_of_reading_are_recorded_where_they_do_something_only():
    assert "reading" not in finish(generate("small")).phenotypes
    cohort = finish(generate("small", 1, MEDIATOR))
    reading, wrat = cohort.phenotype("reading"), cohort.phenotype("wrat")
    assert np.corrcoef(reading.values, wrat.values)[0, 1] == pytest.approx(0.7, abs=0.08)
    assert reading.units


@pytest.mark.parametrize("name", TRUTHS)
def test_a_truth_says_in_words_what_is_planted_and_the_cohort_says_it_too(name):
    cohort = finish(generate("small", 1, TRUTHS[name]))
    words = TRUTHS[name].in_words()
    assert words.endswith(".")
    assert words in cohort.description
    assert any(entry.message == f"Planted: {words}" for entry in cohort.log)
    assert len({truth.in_words() for truth in TRUTHS.values()}) == len(TRUTHS)
