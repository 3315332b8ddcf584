"""PLINK's files are read as PLINK reads them, and what is written PLINK reads."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagenomer.cohort import VariantSet
from imagenomer.errors import InputError
from imagenomer.genotypes import PlinkFiles, dosage_of_codes, read_plink, unnamed_variants, write_plink


def read_files(stem: Path):
    files = PlinkFiles(*(stem.with_suffix(f".{extension}").read_bytes() for extension in ("bed", "bim", "fam")))
    return read_plink(files, stem.name)


def write_files(stem: Path, files: PlinkFiles) -> None:
    for extension in ("bed", "bim", "fam"):
        stem.with_suffix(f".{extension}").write_bytes(getattr(files, extension))


def test_dosage_counts_the_effect_allele_as_plink_does(shared_data):
    variants, people = read_files(shared_data / "snp-hapmap279/hapmap279")
    with (shared_data / "snp-hapmap279/expected/h22.raw").open() as file:  # plink1.9 --recodeA, chromosome 22
        header, *rows = csv.reader(file, delimiter=" ")
    assert [row[1] for row in rows] == list(people)
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
    files = write_plink(variants, people)
    assert files.bed == (shared_data / f"{stem}.bed").read_bytes()
    again, again_people = read_plink(files, "x")
    assert again_people == people
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
    variants, back = read_plink(write_plink(unnamed_variants("x", dosage), people), "x")
    np.testing.assert_array_equal(variants.dosage, dosage)
    assert back == people


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
        (PlinkFiles(b"\x6c\x1b\x00" + GOOD.bed[3:], GOOD.bim, GOOD.fam), "not a variant-major PLINK file"),
        (PlinkFiles(GOOD.bed[:-1], GOOD.bim, GOOD.fam), "has 6 bytes; 2 variants of 5 people need 7"),
        (PlinkFiles(GOOD.bed, GOOD.bim.replace(b"\t", b"", 1), GOOD.fam), "line 1: 5 cells where 6 are needed"),
        (PlinkFiles(GOOD.bed, GOOD.bim, b"\xff"), "not UTF-8"),
        (PlinkFiles(GOOD.bed, GOOD.bim.replace(b"\t0\t0\t0", b"\t0\tx\t0", 1), GOOD.fam), "not a whole number"),
    ],
)
def test_files_that_do_not_fit_are_refused_with_the_numbers(files, words):
    with pytest.raises(InputError, match=words):
        read_plink(files, "x")
