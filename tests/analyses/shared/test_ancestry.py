"""Ancestry that other analyses ask for: the same for all of them, computed once, and as PLINK finds it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from imagenomer.analyses.shared.ancestry import Recipe, ancestry, as_phenotypes, components
from imagenomer.cohort import Cohort, VariantSet
from imagenomer.errors import InputError
from imagenomer.progress import finish
from oracles.plink import run_plink


def two_populations(n_subjects=60, n_variants=300, seed=3):
    """Genotypes of two populations by turns; variants 200 to 249 on X, the last fifty of unknown place."""
    rng = np.random.default_rng(seed)
    frequency = rng.uniform(0.1, 0.9, (2, n_variants))[np.arange(n_subjects) % 2]
    dosage = rng.binomial(2, frequency).astype(np.int8)
    dosage[rng.random(dosage.shape) < 0.02] = -1
    return VariantSet(
        "two",
        dosage,
        tuple(f"rs{number}" for number in range(n_variants)),
        ("1",) * 100 + ("chr2",) * 100 + ("X",) * 50 + ("0",) * 50,
        np.arange(n_variants) + 1,
        ("A",) * n_variants,
        ("G",) * n_variants,
    )


def cohort_of(variants):
    return Cohort("Two", tuple(map(str, range(len(variants.dosage)))), {}, variant_sets={variants.name: variants})


def test_components_are_those_of_plink_after_the_same_filters(tmp_path):
    variants = two_populations()
    ours = finish(components(cohort_of(variants), None, 3))
    chromosomes = tuple(name.replace("chr", "") for name in variants.chromosomes)
    shared = {"chromosomes": chromosomes, "positions": variants.positions}
    filters = ["--autosome", "--maf", "0.05", "--geno", "0.5"]
    run_plink("plink1.9", tmp_path, variants.dosage, *filters, "--make-just-bim", **shared)
    passed = tmp_path / "passed"
    passed.write_text("\n".join(line.split()[1] for line in (tmp_path / "out.bim").read_text().splitlines()))
    thinning = ["--extract", "passed", "--indep-pairwise", "50", "5", "0.2"]
    run_plink("plink2", tmp_path, variants.dosage, *thinning, **shared)
    (tmp_path / "kept").write_text((tmp_path / "out.prune.in").read_text())
    tables = run_plink("plink2", tmp_path, variants.dosage, "--extract", "kept", "--pca", "3", **shared)
    theirs = np.array([[float(row[f"PC{number}"]) for number in (1, 2, 3)] for row in tables["eigenvec"]])
    np.testing.assert_allclose(ours * np.sign((ours * theirs).sum(axis=0)), theirs, atol=1e-4)
    population = np.arange(len(ours)) % 2
    assert abs(np.corrcoef(ours[:, 0], population)[0, 1]) > 0.95


def test_they_are_computed_once_and_not_for_a_copy_with_other_genotypes():
    variants = two_populations()
    cohort = cohort_of(variants)
    first = finish(ancestry(cohort, "two"))
    assert finish(ancestry(cohort, None)) is first
    assert finish(ancestry(cohort, None, Recipe(least_maf=0.2))) is not first
    turned = dataclasses.replace(variants, dosage=variants.dosage[::-1])
    np.testing.assert_allclose(
        np.abs(finish(components(cohort_of(turned), None, 1))[::-1]), np.abs(first.scores[:, :1])
    )


def test_subjects_without_genotypes_have_none_and_change_nothing_for_others():
    variants = two_populations()
    dosage = np.insert(variants.dosage, 5, -1, axis=0)
    dosage = np.insert(dosage, 9, -1, axis=0)
    dosage[9, 0] = 1  # one genotype places nobody
    with_them = finish(ancestry(cohort_of(dataclasses.replace(variants, dosage=dosage)), None))
    assert np.isnan(with_them.scores[[5, 9]]).all()
    assert np.isfinite(np.delete(with_them.scores, [5, 9], axis=0)).all()
    alone = finish(components(cohort_of(variants), None, 2))
    np.testing.assert_allclose(np.delete(with_them.scores, [5, 9], axis=0)[:, :2], alone, atol=0.01)
    assert any("2 subjects" in sentence for sentence in with_them.sentences)


def test_every_variant_is_accounted_for():
    found = finish(ancestry(cohort_of(two_populations()), None, Recipe(least_maf=0.3, most_r_squared=0.05)))
    assert found.n_elsewhere == 100
    assert min(found.n_too_rare, found.n_linked, found.n_used) > 0
    assert found.n_elsewhere + found.n_too_missing + found.n_too_rare + found.n_linked + found.n_used == 300


def test_where_no_chromosome_is_known_all_variants_are_taken_and_that_is_said():
    variants = dataclasses.replace(two_populations(), chromosomes=("0",) * 300)
    found = finish(ancestry(cohort_of(variants), None))
    assert found.n_elsewhere == 0
    assert "no chromosome is known" in found.sentences[0]


def test_covariates_carry_the_scores(cohort):
    scores = finish(components(cohort, "small", 2))
    first, second = as_phenotypes(scores)
    assert (first.name, second.name) == ("ancestry 1", "ancestry 2")
    np.testing.assert_array_equal(first.values, scores[:, 0])
    assert first.missing.sum() == 1


def test_what_cannot_be_had_is_refused_in_words(cohort):
    with pytest.raises(InputError, match="gives 20 ancestry components and 21 are asked for"):
        finish(components(cohort, None, 21))
    with pytest.raises(InputError, match="no variant set 'big' in this cohort; it has: small"):
        finish(components(cohort, "big", 2))
    with pytest.raises(InputError, match="has no genotypes"):
        finish(components(dataclasses.replace(cohort, variant_sets={}), None, 2))
    constant = dataclasses.replace(two_populations(), dosage=np.zeros((60, 300), dtype=np.int8))
    with pytest.raises(InputError, match="no variant of two is fit for ancestry"):
        finish(components(cohort_of(constant), None, 2))
