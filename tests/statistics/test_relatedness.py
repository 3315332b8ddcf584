"""Thinning, relationships and ancestry: as PLINK finds them, and what must hold whatever the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagenomer.errors import InputError
from imagenomer.genotypes import PlinkFiles, count_genotypes, read_plink
from imagenomer.progress import finish
from imagenomer.statistics import relatedness
from imagenomer.statistics.relatedness import principal_components, relationship_matrix, thin
from oracles.plink import run_plink

seeds = st.integers(0, 2**32 - 1)


def draw(seed, n_subjects=60, n_variants=90, missing=0.05):
    """Linked genotypes on two chromosomes, of two populations; some constant, some equally frequent."""
    rng = np.random.default_rng(seed)
    population = np.arange(n_subjects) % 2
    frequency = rng.uniform(0.1, 0.9, (2, n_variants))[population]
    uniform = rng.random((2, n_subjects, n_variants))
    for column in range(1, n_variants):  # each haplotype copies much of the one before it
        copied = rng.random((2, n_subjects)) < rng.choice([0.2, 0.97])
        uniform[:, :, column] = np.where(copied, uniform[:, :, column - 1], uniform[:, :, column])
    dosage = (uniform < frequency).sum(axis=0).astype(np.int8)
    dosage[rng.random(dosage.shape) < missing] = -1
    dosage[:, [4, 5]] = np.array([0, 2], dtype=np.int8)
    dosage[:, 6], dosage[:, 8] = dosage[:, 7], dosage[:, 7]
    chromosomes = ("1",) * (n_variants // 2) + ("2",) * (n_variants - n_variants // 2)
    return dosage, chromosomes, population


@pytest.fixture(scope="module")
def hapmap(shared_data):
    """279 people of four populations, with relatives, and 9,088 autosomal variants, 0.4 % missing."""
    stem = shared_data / "snp-hapmap279/hapmap279"
    files = PlinkFiles(*(stem.with_suffix(f".{extension}").read_bytes() for extension in ("bed", "bim", "fam")))
    variants, _ = finish(read_plink(files, "hapmap"))
    autosomal = np.flatnonzero(np.array(variants.chromosomes) != "23")
    chromosomes = tuple(variants.chromosomes[index] for index in autosomal)
    return variants.dosage[:, autosomal], chromosomes


# --- thinning ------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", ["plink1.9", "plink2"])
@pytest.mark.parametrize(("window", "step", "limit"), [(50, 5, 0.2), (10, 3, 0.5), (100, 25, 0.05)])
def test_thinning_keeps_what_plink_keeps_of_the_hapmap(program, window, step, limit, hapmap, tmp_path):
    dosage, chromosomes = hapmap
    arguments = ["--indep-pairwise", *map(str, (window, step, limit))]
    run_plink(program, tmp_path, dosage, *arguments, chromosomes=chromosomes)
    theirs = (tmp_path / "out.prune.in").read_text().split()
    kept = finish(thin(dosage, chromosomes, window=window, step=step, most_r_squared=limit))
    assert [f"rs{index}" for index in np.flatnonzero(kept)] == theirs
    assert 1000 < len(theirs) < 8800


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("missing", [0, 0.3])
def test_thinning_keeps_what_plink_keeps_where_much_is_missing_or_linked(seed, missing, tmp_path):
    dosage, chromosomes, _ = draw(seed, missing=missing)
    run_plink("plink2", tmp_path, dosage, "--indep-pairwise", "20", "3", "0.3", chromosomes=chromosomes)
    kept = finish(thin(dosage, chromosomes, window=20, step=3, most_r_squared=0.3))
    assert [f"rs{index}" for index in np.flatnonzero(kept)] == (tmp_path / "out.prune.in").read_text().split()
    assert not kept[[4, 5]].any()
    assert kept[[6, 7, 8]].sum() <= 1


@settings(max_examples=25)
@given(seeds, st.integers(2, 30), st.floats(0.05, 0.9))
def test_no_two_kept_in_a_window_are_linked_and_what_goes_is(seed, window, limit):
    dosage, chromosomes, _ = draw(seed, missing=0)
    kept = finish(thin(dosage, chromosomes, window=window, step=1, most_r_squared=limit))
    with np.errstate(invalid="ignore", divide="ignore"):
        r_squared = np.corrcoef(dosage.T) ** 2
    near = np.abs(np.subtract.outer(np.arange(90), np.arange(90))) < window
    near &= np.equal.outer(np.array(chromosomes), np.array(chromosomes)) & ~np.eye(90, dtype=bool)
    linked = near & (r_squared > limit)
    assert not linked[np.ix_(kept, kept)].any()
    varies = dosage.min(axis=0) < dosage.max(axis=0)
    assert linked[varies & ~kept].any(axis=1).all()


def test_blocks_do_not_matter(monkeypatch):
    dosage, chromosomes, _ = draw(4)
    kept, relationship = finish(thin(dosage, chromosomes, window=8)), finish(relationship_matrix(dosage))
    monkeypatch.setattr(relatedness, "_VARIANTS", 11)
    np.testing.assert_array_equal(finish(thin(dosage, chromosomes, window=8)), kept)
    np.testing.assert_allclose(finish(relationship_matrix(dosage)), relationship, atol=1e-5)


# --- relationship --------------------------------------------------------------------------------


def test_relationships_and_components_are_those_of_plink(hapmap, tmp_path):
    dosage = hapmap[0][:, count_genotypes(hapmap[0]).minor_frequency > 0]  # PLINK counts the constant ones, we do not
    tables = run_plink("plink2", tmp_path, dosage, "--make-rel", "square", "--pca", "4")
    relationship = finish(relationship_matrix(dosage))
    np.testing.assert_allclose(relationship, np.loadtxt(tmp_path / "out.rel"), rtol=1e-5, atol=5e-6)
    ours = finish(principal_components(relationship, 4))
    np.testing.assert_allclose(ours.eigenvalues, np.loadtxt(tmp_path / "out.eigenval"), rtol=1e-5)
    theirs = np.array([[float(row[f"PC{number}"]) for number in range(1, 5)] for row in tables["eigenvec"]])
    np.testing.assert_allclose(ours.scores * np.sign((ours.scores * theirs).sum(axis=0)), theirs, atol=1e-4)


def test_with_much_missing_each_pair_counts_what_both_have(tmp_path):
    dosage, _, _ = draw(5, missing=0.4)
    run_plink("plink2", tmp_path, np.delete(dosage, [4, 5], axis=1), "--make-rel", "square")
    theirs = np.loadtxt(tmp_path / "out.rel")
    np.testing.assert_allclose(finish(relationship_matrix(dosage)), theirs, rtol=1e-5, atol=5e-6)


def test_components_find_the_populations_and_take_their_share():
    dosage, _, population = draw(6, n_variants=400)
    relationship = finish(relationship_matrix(dosage))
    ours = finish(principal_components(relationship, 3))
    assert abs(np.corrcoef(ours.scores[:, 0], population)[0, 1]) > 0.95
    np.testing.assert_allclose(relationship @ ours.scores, ours.scores * ours.eigenvalues, atol=1e-10)
    np.testing.assert_allclose(ours.scores.T @ ours.scores, np.eye(3), atol=1e-10)
    assert (np.diff(ours.eigenvalues) <= 0).all()
    np.testing.assert_allclose(ours.share, ours.eigenvalues / np.linalg.eigvalsh(relationship).sum())
    strongest = np.abs(ours.scores).argmax(axis=0)
    assert (ours.scores[strongest, range(3)] > 0).all()
    assert finish(principal_components(relationship, 1000)).scores.shape == (60, 60)


@settings(max_examples=10)
@given(seeds)
def test_neither_the_allele_counted_nor_the_order_of_variants_matters(seed):
    dosage, _, _ = draw(seed)
    rng = np.random.default_rng(seed)
    recoded = np.where(dosage < 0, -1, np.where(rng.random(90) < 0.5, dosage, 2 - dosage)).astype(np.int8)
    again = finish(relationship_matrix(recoded[:, rng.permutation(90)]))
    np.testing.assert_allclose(again, finish(relationship_matrix(dosage)), atol=1e-5)


def test_subjects_with_nothing_in_common_are_named():
    dosage = np.array([[0, 1, -1, -1], [-1, -1, 1, 2], [1, 2, 0, 1]], dtype=np.int8)
    with pytest.raises(InputError, match="subjects 1 and 2 have no variant in common"):
        finish(relationship_matrix(dosage))
    dosage[1] = -1
    with pytest.raises(InputError, match="subject 2 has no genotype"):
        finish(relationship_matrix(dosage))


def test_variants_of_one_allele_are_refused():
    with pytest.raises(InputError, match="no variant has two alleles"):
        finish(relationship_matrix(np.zeros((3, 4), dtype=np.int8)))


def test_progress_counts_to_the_end():
    dosage, chromosomes, _ = draw(7)
    for steps in (thin(dosage, chromosomes), relationship_matrix(dosage)):
        told = []
        finish(steps, told.append)
        assert told[-1].done == told[-1].total == 90
