"""PLINK's files dropped alone or beside a cohort."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from imagenomer.errors import InputError
from imagenomer.genotypes import unnamed_variants, write_plink
from oracles.plink import write_files
from readers.small_folder import opened, said, write_demographics


def write_set(stem, people, dosage=None, fam=None):
    stem.parent.mkdir(parents=True, exist_ok=True)
    if dosage is None:
        dosage = np.random.default_rng(len(people)).integers(-1, 3, (len(people), 7)).astype(np.int8)
    files = write_plink(
        unnamed_variants("x", dosage, tuple(f"rs{number}" for number in range(dosage.shape[1]))), people
    )
    write_files(stem, files)
    if fam is not None:
        stem.with_suffix(".fam").write_text(fam)
    return dosage


# --- alone ---------------------------------------------------------------------------------------


def test_a_fileset_alone_is_a_cohort_with_the_phenotypes_of_its_fam_file(shared_data, tmp_path):
    for extension in ("bed", "bim", "fam"):
        shutil.copy(shared_data / f"snp-small-formats/sample.{extension}", tmp_path)
    cohort = opened(tmp_path)
    assert cohort.n_subjects == 120
    assert {name: one.levels for name, one in cohort.phenotypes.items()} == {
        "sex": ("F", "M"),
        "phenotype": ("control", "case"),
        "founder": ("no", "yes"),
    }
    rows = [line.split() for line in (tmp_path / "sample.fam").read_text().splitlines()]
    assert np.count_nonzero(cohort.sexes == 1) == sum(row[4] == "1" for row in rows)
    status = cohort.phenotype("phenotype")
    assert np.count_nonzero(status.values == 1) == sum(row[5] == "2" for row in rows)
    assert status.missing.sum() == sum(row[5] in ("0", "-9") for row in rows)
    variants = cohort.variant_set()
    assert (variants.name, variants.dosage.shape) == ("sample", (120, 20))
    said(cohort, "with parents in the file")


def test_a_folder_of_many_formats_reads_the_fileset_and_names_the_others(shared_data):
    cohort = opened(shared_data / "snp-small-formats")
    assert [*cohort.variant_sets] == ["sample"]
    assert said(cohort, "formats that are not read") == ("sample.ped.gz",)
    assert "map.18" in said(cohort, "not recognised and not read")


def test_the_hapmap_has_its_populations_from_the_table_beside_it(shared_data):
    cohort = opened(shared_data / "snp-hapmap279")
    assert [*cohort.variant_sets] == ["hapmap279", "plinkhapmap60"]
    assert cohort.n_subjects == 279
    pop = cohort.phenotype("pop")
    assert {level: int(np.count_nonzero(pop.values == code)) for code, level in enumerate(pop.levels)} == {
        "CEU": 92,
        "HCB": 47,
        "JPT": 47,
        "YRI": 93,
    }
    assert np.bincount(cohort.sexes).tolist() == [0, 147, 132]
    known = (cohort.variant_sets["plinkhapmap60"].dosage >= 0).any(axis=1)
    assert known.sum() == 60


def test_a_quantitative_phenotype_and_individuals_of_the_same_name(tmp_path):
    fam = "f1 1 0 0 1 1.5\nf2 1 0 0 2 -9\nf2 2 0 0 0 2\n"
    dosage = write_set(tmp_path / "a", ("x", "y", "z"), fam=fam)
    cohort = opened(tmp_path)
    assert cohort.subjects == ("f1_1", "f2_1", "f2_2")
    np.testing.assert_array_equal(cohort.phenotype("phenotype").values, [1.5, np.nan, 2])
    np.testing.assert_array_equal(cohort.variant_set().dosage, dosage)
    assert cohort.sexes.tolist() == [1, 2, 0]


def test_a_variant_without_a_name_is_called_by_its_place(tmp_path):
    write_set(tmp_path / "a", ("x", "y"))
    bim = tmp_path / "a.bim"
    bim.write_text(bim.read_text().replace("rs3\t0\t0", ".\t0\t55").replace("0\t.", "7\t."))
    assert opened(tmp_path).variant_set().variant_ids[2:5] == ("rs2", "7:55", "rs4")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda top: (top / "a.fam").unlink(), r"a.bed needs a.fam beside it"),
        (lambda top: (top / "a.fam").write_text("f 1 0 0 0 -9\n" * 2), r"a.fam names 1 individual twice \(f 1\)"),
        (lambda top: (top / "a.bed").write_bytes(b"\x6c\x1b\x00123"), "sample-major"),
        (lambda top: (top / "a.bed").write_bytes(b"\x6c\x1b\x01123"), "do not belong together"),
        (lambda top: [path.unlink() for path in top.iterdir()] and (top / "b.vcf").write_text(""), "plink2 --vcf"),
        (lambda top: [path.unlink() for path in top.iterdir()] and (top / "b.pgen").write_text(""), "--pfile"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_way_out(tmp_path, spoil, words):
    write_set(tmp_path / "a", ("x", "y"))
    spoil(tmp_path)
    with pytest.raises(InputError, match=words):
        opened(tmp_path)


# --- tables beside a fileset ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["FID\tIID\tage", "IID\tage\n\n", "#FID,IID,age\r\n", "IID age", "participant_id\tage\r"]
)
def test_a_table_with_a_header_and_no_rows_is_passed_over_and_said(tmp_path, header):
    write_set(tmp_path / "a", ("x", "y"))
    (tmp_path / "covariates.txt").write_text(header)
    assert said(opened(tmp_path), "covariates.txt has a header and no rows") == ()


@pytest.mark.parametrize("name", ["participants.tsv", "participants.csv", "demographics.csv"])
def test_a_table_of_people_with_a_header_and_no_rows_is_passed_over_and_said(tmp_path, name):
    write_set(tmp_path / "a", ("x", "y"))
    (tmp_path / name).write_text("participant_id\tage\n")
    cohort = opened(tmp_path)
    assert cohort.subjects == ("x", "y")
    assert said(cohort, f"{name} has a header and no rows") == ()


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", "age\n", "x y z\n", "\0\0\0"])
def test_a_table_that_names_nobody_is_not_read(tmp_path, content):
    write_set(tmp_path / "a", ("x", "y"))
    (tmp_path / "covariates.txt").write_text(content)
    assert said(opened(tmp_path), "not recognised and not read") == ("covariates.txt",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("IID\tage\tage\nx\t1\t2\n", "covariates.txt has several columns called age"),
        ("IID\tage\nx\t1\ny\n", "covariates.txt, line 3: 1 cells where the header names 2"),
        ("IID\tIID\nx\tx\n", "several columns called IID"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(tmp_path, content, words):
    write_set(tmp_path / "a", ("x", "y"))
    (tmp_path / "covariates.txt").write_text(content)
    with pytest.raises(InputError, match=words):
        opened(tmp_path)


def test_a_wide_table_is_read_to_its_last_column(tmp_path):
    """Its header is longer than the first look at a file once was."""
    write_set(tmp_path / "a", ("x", "y"))
    names = [f"measurement_{number}" for number in range(3000)]
    (tmp_path / "co.tsv").write_text("\t".join([*names, "IID"]) + "\n" + "\t".join(["1"] * 3000 + ["x"]) + "\n")
    assert len(opened(tmp_path).phenotypes) == 3000


def test_an_empty_fileset_is_refused_with_what_it_lacks(tmp_path):
    write_set(tmp_path / "a", ("x", "y"))
    (tmp_path / "a.fam").write_text("\n")
    (tmp_path / "a.bed").write_bytes(b"\x6c\x1b\x01")
    with pytest.raises(InputError, match=r"holds 0 individuals and 7 variants"):
        opened(tmp_path)


# --- beside a cohort -----------------------------------------------------------------------------


def test_people_are_joined_to_the_subjects_of_a_cohort(folder):
    dosage = write_set(folder / "genotypes/one", ("3", "99", "sub-2", "11"))
    write_set(folder / "two", ("10", "11"))
    cohort = opened(folder)
    assert [*cohort.variant_sets] == ["one", "two"]
    rows = dict(zip(cohort.subjects, cohort.variant_sets["one"].dosage, strict=True))
    np.testing.assert_array_equal([rows["3"], rows["2"], rows["11"]], dosage[[0, 2, 3]])
    assert (rows["10"] == -1).all()
    assert said(cohort, "Genotypes (one) of individuals without demographics") == ("99",)
    assert said(cohort, "without genotypes (one)") == ("10",)


def test_a_fileset_of_strangers_or_a_damaged_one_is_left_out_and_the_rest_is_opened(folder):
    write_set(folder / "strangers", ("91", "92"))
    write_set(folder / "damaged", ("2", "3"))
    (folder / "damaged.bed").write_bytes(b"nothing")
    cohort = opened(folder)
    assert not cohort.variant_sets
    said(cohort, "Genotypes strangers were left out: none of its individuals")
    said(cohort, "damaged.bed is not a binary file of PLINK")


def test_the_predecessors_genotypes_of_the_hapmap_are_those_of_the_fileset(shared_data, tmp_path):
    """The predecessor's codes count the major allele, PLINK's the first: but for that they agree."""
    shutil.copytree(shared_data / "imagenomer-cohort-hapmap", tmp_path / "both", copy_function=shutil.copyfile)
    (tmp_path / "both").chmod(0o755)
    for extension in ("bed", "bim", "fam"):
        shutil.copyfile(shared_data / f"snp-hapmap279/hapmap279.{extension}", tmp_path / f"both/hapmap279.{extension}")
    cohort = opened(tmp_path / "both")
    old, new = cohort.variant_sets["chr2122"], cohort.variant_sets["hapmap279"]
    once = [name for name in old.variant_ids if new.variant_ids.count(name) == 1]
    ours = new.dosage[:, [new.variant_ids.index(name) for name in once]]
    theirs = old.dosage[:, [old.variant_ids.index(name) for name in once]]
    flipped = np.where(ours < 0, -1, 2 - ours)
    assert ((theirs == ours).all(axis=0) | (theirs == flipped).all(axis=0)).all()
    assert len(once) == 241
    assert said(cohort, "have the same name") == ("---", "rs7812696")


def test_the_sex_of_a_fam_file_is_used_where_the_cohort_has_none(folder):
    people = ("2", "3", "10", "11")
    write_demographics(folder, {"age": dict.fromkeys(people, 20.0) | {"3": 30.0}})
    fam = "".join(f"{one} {one} 0 0 {sex} -9\n" for one, sex in zip(people, "1202", strict=True))
    write_set(folder / "one", people, fam=fam)
    cohort = opened(folder)
    sexes = dict(zip(cohort.subjects, cohort.sexes.tolist(), strict=True))
    assert [sexes[one] for one in people] == [1, 2, 0, 2]
    said(cohort, "Sex of 3 subjects from the .fam file (phenotype sex)")


# --- codes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelt", ["{}", "{}.0", "{}.00"])
def test_codes_are_what_they_are_however_they_are_spelt(tmp_path, spelt):
    people = tuple(f"p{number}" for number in range(8))
    codes = (1, 2, 2, 1, -9, 2, 0, -9)
    fam = "".join(f"{one} {one} 0 0 1 {spelt.format(code)}\n" for one, code in zip(people, codes, strict=True))
    write_set(tmp_path / "one", people, fam=fam)
    status = opened(tmp_path).phenotype("phenotype")
    assert status.levels == ("control", "case")
    assert status.values.tolist() == [0, 1, 1, 0, -1, 1, -1, -1]


@pytest.mark.parametrize("spelt", ["{}", "{}.0"])
def test_columns_of_one_and_two_in_tables_are_two_levels(tmp_path, spelt):
    people = tuple(f"p{number}" for number in range(6))
    write_set(tmp_path / "one", people, fam="".join(f"{one} {one} 0 0 0 -9\n" for one in people))
    columns = {"dx": (1, 2, 2, -9, 1, 2), "sex": (1, 2, 1, 2, 1, 1), "copies": (0, 1, 2, 1, 0, 2), "ones": (1,) * 6}
    lines = ["\t".join(["IID", *columns])]
    lines += ["\t".join([one, *(spelt.format(column[row]) for column in columns.values())])
              for row, one in enumerate(people)]  # fmt: skip
    (tmp_path / "table.tsv").write_text("\n".join(lines) + "\n")
    cohort = opened(tmp_path)
    assert cohort.phenotype("dx").levels == ("1", "2")
    assert cohort.phenotype("dx").values.tolist() == [0, 1, 1, -1, 0, 1]
    assert cohort.phenotype("sex").levels == ("M", "F")
    assert cohort.sexes.tolist() == [1, 2, 1, 2, 1, 1]
    assert [cohort.phenotype(name).kind for name in ("copies", "ones")] == ["number", "number"]
    assert said(cohort, "Columns of 1 and 2 beside PLINK files") == ("dx (1, 2)", "sex (M, F)")


def test_a_phenotype_called_sex_that_tells_nothing_hides_no_sex(tmp_path):
    people = tuple(f"p{number}" for number in range(4))
    write_set(tmp_path / "one", people, fam="".join(f"{one} {one} 0 0 {1 + (one == 'p2')} -9\n" for one in people))
    (tmp_path / "table.tsv").write_text("IID\tsex\n" + "".join(f"{one}\t{n}\n" for n, one in enumerate(people)))
    cohort = opened(tmp_path)
    assert cohort.phenotype("sex").kind == "number"
    assert cohort.phenotype("sex (.fam)").levels == ("F", "M")
    assert cohort.sexes.tolist() == [1, 1, 2, 1]
