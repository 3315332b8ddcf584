"""PLINK's files are read as PLINK reads them, and what is written PLINK reads."""

from __future__ import annotations

import csv
import shutil
import subprocess
from fractions import Fraction
from math import comb, log10
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagenomer.cohort import VariantSet
from imagenomer.errors import InputError
from imagenomer.genotypes import (
    GenotypeCounts,
    PlinkFiles,
    check_hardy_weinberg,
    check_variants,
    chromosome_numbers,
    count_by_sex,
    count_genotypes,
    dosage_of_codes,
    read_plink,
    select_variants,
    unnamed_variants,
    write_plink,
)
from imagenomer.progress import finish
from oracles.plink import numbers, run_plink, write_files


def read_files(stem: Path):
    files = PlinkFiles(*(stem.with_suffix(f".{extension}").read_bytes() for extension in ("bed", "bim", "fam")))
    return finish(read_plink(files, stem.name))


def test_dosage_counts_the_effect_allele_as_plink_does(shared_data):
    variants, people = read_files(shared_data / "snp-hapmap279/hapmap279")
    with (shared_data / "snp-hapmap279/expected/h22.raw").open() as file:  # plink1.9 --recodeA, chromosome 22
        header, *rows = csv.reader(file, delimiter=" ")
    assert [row[1] for row in rows] == list(people.subjects)
    theirs = np.array([[np.nan if cell == "NA" else float(cell) for cell in row[6:]] for row in rows])
    on_22 = [index for index, chromosome in enumerate(variants.chromosomes) if chromosome == "22"]
    counted_a1 = 0
    for column, (label, index) in enumerate(zip(header[6:], on_22, strict=True)):
        variant, counted = label.rsplit("_", 1)
        assert variant == variants.variant_ids[index]
        dosage = np.where(variants.dosage[:, index] < 0, np.nan, variants.dosage[:, index])
        if counted != variants.effect_alleles[index]:  # PLINK counts the minor allele, whichever comes first
            assert counted == variants.other_alleles[index]
            dosage = 2 - dosage
        else:
            counted_a1 += 1
        np.testing.assert_array_equal(dosage, theirs[:, column])
    assert 0 < counted_a1 < len(header) - 6


@pytest.mark.parametrize("stem", ["snp-hapmap279/hapmap279", "snp-hapmap279/plinkhapmap60", "snp-small-formats/sample"])
def test_reading_and_writing_gives_the_same_genotypes(shared_data, stem):
    variants, people = read_files(shared_data / stem)
    files = write_plink(variants, people.subjects)
    assert files.bed == (shared_data / f"{stem}.bed").read_bytes()
    again, again_people = finish(read_plink(files, "x"))
    assert again_people.subjects == people.subjects
    np.testing.assert_array_equal(again.dosage, variants.dosage)
    assert (again.variant_ids, again.effect_alleles, again.other_alleles) == (
        variants.variant_ids,
        variants.effect_alleles,
        variants.other_alleles,
    )


@given(st.integers(1, 9), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_any_genotypes_come_back(n_subjects, n_variants, seed):
    dosage = np.random.default_rng(seed).integers(-1, 3, (n_subjects, n_variants)).astype(np.int8)
    people = tuple(f"p{number}" for number in range(n_subjects))
    variants, back = finish(read_plink(write_plink(unnamed_variants("x", dosage), people), "x"))
    np.testing.assert_array_equal(variants.dosage, dosage)
    assert back.subjects == people


@pytest.mark.parametrize("program", ["plink1.9", "plink2"])
@pytest.mark.parametrize("named", [True, False], ids=["with alleles", "without alleles"])
def test_plink_reads_what_is_written(program, named, tmp_path, rng):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not on this machine")
    dosage = rng.integers(-1, 3, (13, 6)).astype(np.int8)
    ids = tuple(f"rs{number}" for number in range(6))
    variants = unnamed_variants("x", dosage, ids)
    if named:
        variants = VariantSet(
            "x", dosage, ids, ("1", "1", "2", "3", "22", "22"), np.arange(6) + 1, ("A",) * 6, ("G",) * 6
        )
    write_files(tmp_path / "x", write_plink(variants, tuple(f"a person {number}" for number in range(13))))
    command = [program, "--bfile", "x", "--missing", "--out", "out", "--allow-no-sex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    report = next(path for path in (tmp_path / "out.imiss", tmp_path / "out.smiss") if path.exists())
    header, *rows = [line.split() for line in report.read_text().splitlines()]
    column = header.index("N_MISS" if program == "plink1.9" else "MISSING_CT")
    assert [int(row[column]) for row in rows] == (dosage < 0).sum(axis=1).tolist()
    assert [row[header.index("IID")] for row in rows] == [f"a_person_{number}" for number in range(13)]


def test_sex_is_written_where_it_is_known():
    files = write_plink(unnamed_variants("x", np.zeros((3, 1), dtype=np.int8)), tuple("abc"), [2, 0, 1])
    assert [line.split()[4] for line in files.fam.decode().splitlines()] == ["2", "0", "1"]


def test_codes_of_the_first_program_count_the_major_allele():
    dosage, n_odd = dosage_of_codes(np.array([0, 1, 2, np.nan, 3, 0.5, -1]))
    np.testing.assert_array_equal(dosage, [0, 1, 2, -1, -1, -1, -1])
    assert n_odd == 3


GOOD = write_plink(unnamed_variants("x", np.zeros((5, 2), dtype=np.int8)), tuple("abcde"))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (PlinkFiles(b"\x6c\x1b\x00" + GOOD.bed[3:], GOOD.bim, GOOD.fam), "stored by subject \\(sample-major\\)"),
        (PlinkFiles(b"chr1 1 2" + GOOD.bed[3:], GOOD.bim, GOOD.fam), "not a binary file of PLINK"),
        (PlinkFiles(GOOD.bed[:-1], GOOD.bim, GOOD.fam), "has 6 bytes; 2 variants of 5 individuals need 7"),
        (PlinkFiles(GOOD.bed, GOOD.bim.replace(b"\t", b"", 1), GOOD.fam), "line 1: 5 cells where 6 are needed"),
        (PlinkFiles(GOOD.bed, GOOD.bim, b"\xff"), "not UTF-8"),
        (PlinkFiles(GOOD.bed, GOOD.bim.replace(b"\t0\t0\t0", b"\t0\tx\t0", 1), GOOD.fam), "not a whole number"),
        (PlinkFiles(GOOD.bed, GOOD.bim.replace(b"\t0\t0\t0", b"\t0\t9999999999\t0", 1), GOOD.fam), "largest"),
    ],
)
def test_files_that_do_not_fit_are_refused_with_the_numbers(files, words):
    with pytest.raises(InputError, match=words):
        finish(read_plink(files, "x"))


# --- counts and quality --------------------------------------------------------------------------


def draw_genotypes(rng, n_subjects=157, n_variants=300):
    """Genotypes of any frequency, some out of proportion, some constant, some nearly all missing."""
    frequency = rng.beta(0.5, 0.5, n_variants)
    inbred = rng.uniform(-0.1, 0.4, n_variants).clip(0)
    first, other = (rng.random((2, n_subjects, n_variants)) < frequency).astype(np.int8)
    dosage = first + np.where(rng.random(first.shape) < inbred, first, other)
    dosage[rng.random(dosage.shape) < rng.choice([0, 0.03, 0.98], n_variants)] = -1
    dosage[:, 5], dosage[:, 6], dosage[3, 6] = 0, 2, -1
    return dosage


def test_counts_frequencies_and_missingness_are_those_of_plink(tmp_path, rng):
    dosage = draw_genotypes(rng, n_subjects=700)  # more than fit a byte
    tables = run_plink("plink1.9", tmp_path, dosage, "--freq", "counts", "--missing", "--keep-allele-order")
    by_variant, by_subject = count_genotypes(dosage), count_genotypes(dosage, "subject")
    copies = [int(row["C1"]) for row in tables["frq.counts"]]
    others = [int(row["C2"]) for row in tables["frq.counts"]]
    assert copies == (2 * by_variant.two + by_variant.one).tolist()
    shares = [a / (a + b) if a + b else np.nan for a, b in zip(copies, others, strict=True)]
    np.testing.assert_allclose(by_variant.effect_frequency, shares, rtol=1e-12)
    assert [int(row["G0"]) for row in tables["frq.counts"]] == by_variant.missing.tolist()
    assert [int(row["N_MISS"]) for row in tables["imiss"]] == by_subject.missing.tolist()
    theirs = numbers(tables["lmiss"], "F_MISS")  # four digits
    np.testing.assert_allclose(by_variant.missing_rate, theirs, rtol=1e-3, atol=1e-12)


def test_minor_allele_frequency_is_that_of_plink(tmp_path, rng):
    dosage = draw_genotypes(rng)
    rows = run_plink("plink1.9", tmp_path, dosage, "--freq")["frq"]
    np.testing.assert_allclose(count_genotypes(dosage).minor_frequency, numbers(rows, "MAF"), rtol=1e-3)


@pytest.mark.parametrize("mid_p", [False, True])
@pytest.mark.parametrize("program", ["plink1.9", "plink2"])
def test_hardy_weinberg_is_that_of_plink(program, mid_p, tmp_path, rng):
    dosage = draw_genotypes(rng)
    tables = run_plink(program, tmp_path, dosage, "--hardy", *(["midp"] if mid_p else []))
    counts = count_genotypes(dosage)
    ours = check_hardy_weinberg(counts, mid_p=mid_p)
    rows = tables["hwe"] if program == "plink1.9" else tables["hardy"]
    column = {"plink1.9": "P", "plink2": "MIDP" if mid_p else "P"}[program]
    assert len(rows) == dosage.shape[1]
    known = counts.called > 0
    theirs = numbers(rows, column)
    assert theirs.min() < 1e-6
    np.testing.assert_allclose(ours.p_value[known], theirs[known], rtol=1e-3 if program == "plink1.9" else 1e-5)
    assert np.isnan(ours.p_value[~known]).all()
    if program == "plink2":
        np.testing.assert_allclose(ours.expected[known], numbers(rows, "E(HET_A1)")[known], rtol=1e-5)
        np.testing.assert_allclose(ours.observed[known], numbers(rows, "O(HET_A1)")[known], rtol=1e-5)


def exact_hardy_weinberg(one: int, two: int, none: int, mid_p: bool) -> Fraction:
    """The definition, in whole numbers."""
    n, rare = one + two + none, one + 2 * min(two, none)
    ways = {}
    for heterozygous in range(rare % 2, rare + 1, 2):
        homozygous = (rare - heterozygous) // 2
        ways[heterozygous] = 2**heterozygous * comb(n, heterozygous) * comb(n - heterozygous, homozygous)
    tail = sum(Fraction(1, 2) * way if mid_p and way == ways[one] else way for way in ways.values() if way <= ways[one])
    return Fraction(tail) / sum(ways.values())


@pytest.mark.parametrize("mid_p", [False, True])
def test_hardy_weinberg_is_exact_and_its_logarithm_outlives_doubles(mid_p):
    genotypes = [(0, 0, 9), (1, 0, 8), (3, 1, 5), (0, 4, 4), (8, 0, 0), (40, 5, 100), (2, 700, 900), (0, 1000, 1000)]
    one, two, none = np.array(genotypes).T
    counts = GenotypeCounts(two, one, none, np.zeros_like(one))
    ours = check_hardy_weinberg(counts, mid_p=mid_p)
    oracle = [exact_hardy_weinberg(*each, mid_p) for each in genotypes]
    assert min(oracle) < Fraction(1, 10**400)
    expected = [log10(each.denominator) - log10(each.numerator) for each in oracle]
    np.testing.assert_allclose(ours.neg_log10_p, expected, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(ours.p_value, [float(each) for each in oracle], rtol=1e-9)


def test_hardy_weinberg_does_not_depend_on_which_allele_is_counted_or_on_the_other_variants(rng):
    dosage = draw_genotypes(rng)
    p_value = check_hardy_weinberg(count_genotypes(dosage)).p_value
    recoded = np.where(dosage < 0, -1, 2 - dosage).astype(np.int8)
    np.testing.assert_array_equal(check_hardy_weinberg(count_genotypes(recoded)).p_value, p_value)
    alone = [check_hardy_weinberg(count_genotypes(dosage[:, [column]])).p_value[0] for column in range(40)]
    np.testing.assert_allclose(alone, p_value[:40], rtol=1e-12)


def table(path):
    header, *rows = [line.split() for line in path.read_text().splitlines()]
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_counts_of_the_hapmap_are_those_of_plink_on_x_too(shared_data):
    """On X men have one allele, and only women are in or out of proportion. (Theirs is of everybody: --nonfounders.)"""
    folder = shared_data / "snp-hapmap279"
    variants, people = read_files(folder / "hapmap279")
    numbers_of = chromosome_numbers(variants.chromosomes)
    counts = count_by_sex(variants.dosage, numbers_of, people.sexes)
    frequencies = table(folder / "expected/h.frq")
    np.testing.assert_allclose(counts.minor_frequency, numbers(frequencies, "MAF"), rtol=1e-3)
    assert counts.alleles.tolist() == [int(row["NCHROBS"]) for row in frequencies]
    hardy = [row for row in table(folder / "expected/h.hwe") if row["TEST"] in ("ALL", "ALL(NP)")]
    np.testing.assert_allclose(check_hardy_weinberg(counts).p_value, numbers(hardy, "P"), rtol=1e-3)
    missing = table(folder / "expected/h.lmiss")
    assert counts.missing.tolist() == [int(row["N_MISS"]) for row in missing]
    assert people.founders.sum() == 219  # as PLINK's log says
    assert np.count_nonzero(numbers_of == 23) == 365


def test_where_there_is_one_copy_a_heterozygous_call_is_missing():
    dosage = np.array([[2, 2, 1], [1, 1, 1], [1, 0, 0], [0, 2, 2]], dtype=np.int8)
    sexes = np.array([1, 1, 2, 0])
    counts = count_by_sex(dosage, chromosome_numbers(["X", "chrY", "MT"]), sexes)
    assert counts.alleles.tolist() == [3, 1, 2]  # X: a man and a woman; Y: a man; mitochondria: two people
    assert counts.copies.tolist() == [2, 1, 1]
    assert counts.missing.tolist() == [1, 1, 2]
    assert np.isnan(check_hardy_weinberg(counts).p_value).tolist() == [False, True, True]


def test_chromosomes_are_understood_however_they_are_written():
    written = ["1", "chr22", "X", "chrX", "23", "Y", "XY", "PAR1", "MT", "chrM", "0", "GL000192", "99"]
    assert chromosome_numbers(written).tolist() == [1, 22, 23, 23, 23, 24, 25, 25, 26, 26, 0, 0, 0]


def test_filters_keep_what_plink_keeps(tmp_path, rng):
    dosage = draw_genotypes(rng)
    filters = ["--geno", "0.05", "--maf", "0.02", "--hwe", "1e-3", "include-nonctrl"]
    run_plink("plink1.9", tmp_path, dosage, *filters, "--write-snplist")
    kept = (tmp_path / "out.snplist").read_text().split()
    ours = check_variants(count_genotypes(dosage), most_missing=0.05, least_maf=0.02, least_hardy_p=1e-3)
    assert [f"rs{index}" for index in np.flatnonzero(ours.kept)] == kept
    np.testing.assert_array_equal(ours.kept, ~ours.too_missing & ~ours.too_rare & ~ours.off_hardy_weinberg)
    assert min(ours.kept.sum(), ours.too_missing.sum(), ours.too_rare.sum(), ours.off_hardy_weinberg.sum()) > 5


def test_a_share_at_the_limit_passes():
    dosage = np.array([[-1] * 3 + [0] * 26 + [1]], dtype=np.int8).T
    assert check_variants(count_genotypes(dosage), most_missing=0.1, least_maf=1 / 54).kept.all()
    assert not check_variants(count_genotypes(dosage), most_missing=0.09).kept.any()
    assert not check_variants(count_genotypes(dosage), least_maf=0.02).kept.any()


def test_a_variant_without_a_call_has_no_frequency_and_is_not_kept():
    counts = count_genotypes(np.full((4, 1), -1, dtype=np.int8))
    result = check_hardy_weinberg(counts)
    assert np.isnan([counts.minor_frequency, result.p_value, result.neg_log10_p, result.observed]).all()
    assert not check_variants(counts).kept.any()


def test_selecting_keeps_names_and_genotypes_together():
    dosage = np.arange(-1, 3, dtype=np.int8) * np.ones((3, 1), dtype=np.int8)
    variants = unnamed_variants("x", dosage, ("a", "b", "c", "d"))
    chosen = select_variants(variants, subjects=np.array([2, 0]), which=np.array([3, 1]))
    assert chosen.variant_ids == ("d", "b")
    np.testing.assert_array_equal(chosen.dosage, [[2, 0], [2, 0]])
    assert len(chosen.positions) == len(chosen.effect_alleles) == len(chosen.chromosomes) == 2
