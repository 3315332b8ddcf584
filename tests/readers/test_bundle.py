"""What is written as a bundle comes back as it was, and a bundle that was tampered with is answered in words."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import math
import re
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagenomer.cohort import (
    Cohort,
    Decomposition,
    LogEntry,
    Measure,
    ModelWeights,
    Phenotype,
    Scan,
    VariantSet,
    natural_key,
)
from imagenomer.errors import InputError
from imagenomer.genotypes import unnamed_variants
from imagenomer.names import clean_name
from imagenomer.parcellation import Parcellation
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes, listing_from, open_cohort, write_bundle
from readers.small_folder import opened, said


def read_back(data: bytes) -> Cohort:
    return finish(open_cohort(listing_from(["b.zip"], [len(data)], lambda _, start, stop: data[start:stop])))


def contents(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_contents(files: dict[str, bytes]) -> Cohort:
    data = list(files.values())
    return finish(open_cohort(listing_from(list(files), [len(d) for d in data], lambda i, a, z: data[i][a:z])))


def assert_same(ours, theirs):
    """Two values of the data model are the same, arrays to the last bit."""
    if dataclasses.is_dataclass(theirs):
        for field in dataclasses.fields(theirs):
            # Caches are no part of the data, and what may be in doubt about it is told anew.
            if field.init and not field.name.startswith("_") and field.name != "understood":
                assert_same(getattr(ours, field.name), getattr(theirs, field.name))
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key in theirs:
            assert_same(ours[key], theirs[key])
    elif isinstance(theirs, np.ndarray):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
    else:
        assert ours == theirs


def assert_same_cohort(ours: Cohort, theirs: Cohort) -> None:
    assert ours.log[0].message.startswith("A bundle of ImageNomer")
    # What the checks of a door find is said at the end.
    assert all(entry.severity == "warning" for entry in ours.log[1 + len(theirs.log) :])
    assert_same(dataclasses.replace(ours, log=ours.log[1 : 1 + len(theirs.log)]), theirs)


@pytest.fixture
def full(cohort, rng) -> Cohort:
    """The shared cohort with one of everything."""
    n = cohort.n_subjects
    variants = VariantSet(
        "chip",
        rng.integers(-1, 3, (n, 7)).astype(np.int8),
        tuple(f"rs{number}" for number in range(7)),
        ("1", "1", "2", "X", "0", "22", "22"),
        np.arange(7) * 1000,
        tuple("ACGTACG"),
        tuple("GTACGTA"),
    )
    scores = rng.normal(size=(n, 2))
    scores[3] = np.nan
    partial = Measure("partial/odd name?", cohort.measures["fc"].values.copy(), np.ones(len(cohort.scans), dtype=bool))
    partial.present[[2, 5]] = False
    partial.values[[2, 5]] = np.nan
    return dataclasses.replace(
        cohort,
        measures={**cohort.measures, partial.name: partial},
        variant_sets={"chip": variants},
        decompositions={"pca": Decomposition("pca", rng.normal(size=(2, 15)).astype(np.float32), scores)},
        weights={
            "a/b/../c": ModelWeights("a/b/../c", rng.normal(size=15), "err=1 €", ("1", "1", "2"), ("3",)),
            "d": ModelWeights("d", rng.normal(size=21)),
        },
        set_aside=(Scan("rest", "99", "pre", "1"),),
        log=(LogEntry("warning", 'one "thing" to say', ("a", "ü")), LogEntry("ignored", "another")),
        description="Forty people",
        licence="CC0",
        provenance="made here",
        synthetic=True,
    )


def test_a_cohort_with_everything_comes_back_as_it_was(full):
    data = finish(bundle_bytes(full))
    assert_same_cohort(read_back(data), full)
    # ... and a second time, without the log growing.
    again = read_back(finish(bundle_bytes(read_back(data))))
    assert_same_cohort(again, full)
    assert again.log == read_back(data).log


def test_the_same_cohort_makes_the_same_bytes(full):
    assert finish(bundle_bytes(full)) == finish(bundle_bytes(full))


def test_a_folder_is_read_like_the_zip(full, tmp_path):
    with (tmp_path / "b.zip").open("wb") as file:
        finish(write_bundle(full, file))
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        archive.extractall(tmp_path / "b")
    assert_same_cohort(opened(tmp_path / "b"), full)
    assert_same_cohort(opened(tmp_path / "b.zip"), full)


def test_the_fibromyalgia_cohort_comes_back_as_it_was(shared_data):
    cohort = opened(shared_data / "fibromyalgia")
    assert_same_cohort(read_back(finish(bundle_bytes(cohort))), cohort)


def test_int16_halves_the_connectivity_and_is_exact_to_half_a_step(full):
    small, large = finish(bundle_bytes(full, dtype="int16")), finish(bundle_bytes(full))
    assert len(small) < len(large)
    back = read_back(small)
    for name, measure in full.measures.items():
        ours, limit = back.measures[name].values, np.nanmax(np.abs(measure.values)) / 32767
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(measure.values))
        assert np.nanmax(np.abs(ours - measure.values)) <= 0.51 * limit
        np.testing.assert_array_equal(back.measures[name].present, measure.present)


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zs")), min_size=1, max_size=8).filter(
    lambda text: text == text.strip() == clean_name(text) and text.lower() not in ("n/a", "na", "nan")
)
awkward = st.sampled_from(['a "quoted" b', "'", '"', "-1", "1e5", "=SUM(A1)", "None", "a  b", "#"])


@given(
    subjects=st.lists(names, min_size=1, max_size=5, unique=True),
    columns=st.dictionaries(names | awkward, st.booleans(), max_size=3),
    levels=st.lists(names | awkward, min_size=1, max_size=4, unique=True),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_any_names_levels_and_numbers_come_back(subjects, columns, levels, seed):
    rng = np.random.default_rng(seed)
    subjects = sorted(subjects, key=natural_key)
    phenotypes = {}
    for name, is_number in columns.items():
        if name != "participant_id":
            numbers = rng.normal(size=len(subjects)) * 10.0 ** rng.integers(-300, 300, len(subjects))
            numbers[rng.random(len(subjects)) < 0.3] = np.nan
            codes = rng.integers(-1, len(levels), len(subjects)).astype(np.intp)
            phenotypes[name] = Phenotype(name, numbers) if is_number else Phenotype(name, codes, tuple(levels))
    cohort = Cohort("Any", tuple(subjects), phenotypes)
    assert_same_cohort(read_back(finish(bundle_bytes(cohort))), cohort)


def test_connectivity_without_networks_or_coordinates_comes_back(cohort):
    bare = Parcellation("6 parcels", tuple("abcdef"), np.full((6, 3), np.nan), ("",) * 6, ("",))
    bare_cohort = dataclasses.replace(cohort, parcellation=bare)
    assert_same_cohort(read_back(finish(bundle_bytes(bare_cohort))), bare_cohort)


@pytest.mark.parametrize("level", ["n/a", "NaN", " padded"])
def test_a_level_that_a_table_cannot_hold_is_refused(level):
    cohort = Cohort("X", ("1",), {"g": Phenotype("g", np.array([0]), (level,))})
    with pytest.raises(InputError, match="reads as a missing value"):
        finish(bundle_bytes(cohort))


# --- what was tampered with ----------------------------------------------------------------------


@pytest.fixture
def files(full) -> dict[str, bytes]:
    return contents(finish(bundle_bytes(full)))


def edited(files: dict[str, bytes], **changes) -> dict[str, bytes]:
    facts = json.loads(files["bundle.json"])
    return {**files, "bundle.json": json.dumps({**facts, **changes}).encode()}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: edited(f, version=2), "format version 2 and this program reads up to 1"),
        (lambda f: edited(f, version=0), "gives 0 as the version of its format; the first is 1"),
        (lambda f: edited(f, version=True), "'version' is missing or not of the right kind"),
        (lambda f: edited(f, version=1e400), "'version' is missing or not of the right kind"),
        (lambda f: edited(f, version=None), "'version' is missing or not of the right kind"),
        (lambda f: edited(f, format="other"), "'format' should be"),
        (lambda f: edited(f, measures={}), "'measures' is missing or not of the right kind"),
        (lambda f: edited(f, name=3), "'name' is missing or not of the right kind"),
        (lambda f: edited(f, log=[{"severity": "loud", "message": ""}]), "severity 'loud'"),
        (lambda f: edited(f, measures=[{"name": "fc", "file": "../../etc/passwd"}]), "has no ../../etc/passwd"),
        (lambda f: {**f, "bundle.json": b"{"}, "bundle.json is not JSON"),
        (lambda f: {**f, "bundle.json": b"[" * 100_000}, "bundle.json is not JSON"),
        (lambda f: {**f, "bundle.json": b"[]"}, "should be a JSON object"),
        (lambda f: {p: d for p, d in f.items() if p != "participants.tsv"}, "has no participants.tsv"),
        (lambda f: {p: d for p, d in f.items() if p != "scans.tsv"}, "has no scans.tsv"),
        (lambda f: {**f, "participants.tsv": b"id\tage\n1\t2\n"}, "needs a column participant_id; it has: id, age"),
        (lambda f: {**f, "participants.tsv": b"participant_id\tage\n1\n"}, "line 2: 1 cells where the header names 2"),
        (lambda f: {**f, "participants.tsv": b"participant_id\n\xff\n"}, "not UTF-8"),
        (lambda f: {**f, "participants.tsv": b"participant_id\ta\ta\n1\t1\t1\n"}, "several columns called a"),
        (lambda f: {**f, "scans.tsv": f["scans.tsv"].rsplit(b"\n", 2)[0] + b"\n"}, "scans.tsv has 78 rows"),
        (lambda f: {**f, "scans.tsv": b"participant_id\ttask\n1\trest\n"}, "missing: session, run"),
        (lambda f: {**f, "scans.tsv": b"participant_id\ttask\tsession\trun\n"}, "has a header and no scan"),
        (lambda f: {**f, "scans.tsv": b""}, "scans.tsv is empty; it needs a header line"),
        (lambda f: {**f, "participants.tsv": b"\xef\xbb\xbf\r\n"}, "participants.tsv is empty"),
        (lambda f: {**f, "participants.tsv": b"participant_id\tage\n"}, "has a header and no participants"),
        (lambda f: {**f, "atlas.tsv": b""}, "needs a column 'label' and one line a parcel; it has: nothing"),
        (lambda f: {**f, "atlas.tsv": b"label\tx\n"}, "one line a parcel; it has: label, x, and no line"),
        (lambda f: {**f, "atlas.tsv": b"label\tlabel\na\tb\n"}, "several columns called label"),
        (lambda f: {**f, "atlas.tsv": b"label\tx\na\t1e999\n"}, "'1e999' in column x is not a coordinate"),
        (lambda f: {**f, "connectivity/fc.npy": f["connectivity/fc.npy"][:-4]}, "connectivity/fc.npy is truncated"),
        (lambda f: {**f, "atlas.tsv": b"label\nA\n"}, "the networks DMN, VIS|names 1 parcels, the connectivity has 6"),
    ],
)
def test_a_spoilt_bundle_is_refused_with_the_reason(files, spoil, words):
    with pytest.raises(InputError, match=words if "|" in words else re.escape(words)):
        with_contents(spoil(files))


def with_first_measure(files: dict[str, bytes], **changes) -> dict[str, bytes]:
    first, *others = json.loads(files["bundle.json"])["measures"]
    return edited(files, measures=[{**first, **changes}, *others])


@pytest.mark.parametrize(
    "scale", [math.nan, math.inf, -math.inf, 0, -0.0, -1, 1e39, 10**400, -(10**400), 1e-60, True, "1", [1]]
)
def test_a_scale_that_single_precision_cannot_multiply_by_is_refused(full, scale):
    files = contents(finish(bundle_bytes(full, dtype="int16")))
    with pytest.raises(InputError, match=r"the scale of connectivity/fc.npy is .* should be a number above 0"):
        with_contents(with_first_measure(files, scale=scale))


def test_a_scale_of_what_is_no_integer_is_refused(files):
    with pytest.raises(InputError, match="a scale, which is for integers; it holds float32"):
        with_contents(with_first_measure(files, scale=0.5))


def test_products_beyond_single_precision_are_missing_and_counted(full):
    files = contents(finish(bundle_bytes(full, dtype="int16")))
    cohort = with_contents(with_first_measure(files, scale=3e34))
    stored = np.load(io.BytesIO(files["connectivity/fc.npy"])).astype(float)
    np.testing.assert_array_equal(np.isnan(cohort.measures["fc"].values), np.abs(stored) * 3e34 > 3.4028235e38)
    assert np.isnan(cohort.measures["fc"].values).any()
    assert any("infinite value" in entry.message for entry in cohort.log)


def test_connectivity_near_zero_comes_back_from_int16(cohort):
    tiny = dataclasses.replace(cohort.measures["fc"], values=cohort.measures["fc"].values * np.float32(1e-38))
    data = finish(bundle_bytes(dataclasses.replace(cohort, measures={"fc": tiny}), dtype="int16"))
    # A parcel whose edges all became 0 counts as not measured.
    assert np.nanmax(np.abs(read_back(data).measures["fc"].values - tiny.values)) < 1e-38


@pytest.mark.parametrize("row", [-1, 79, 10**400, 1.0, True, None, "0"])
def test_an_absent_scan_that_is_no_row_is_refused(files, row):
    with pytest.raises(InputError, match=r"'absent' lists .*; scans.tsv has the rows 0 to 78"):
        with_contents(with_first_measure(files, absent=[0, row]))


@pytest.mark.parametrize("key", ["measures", "genotypes", "decompositions", "weights"])
def test_two_parts_of_one_name_are_refused(files, key):
    entries = json.loads(files["bundle.json"])[key]
    name = entries[0]["name"]
    for again in (name, f"{name}\ufeff"):
        with pytest.raises(InputError, match=rf"names several {key} {re.escape(name)}; give each its own name"):
            with_contents(edited(files, **{key: [*entries, {**entries[-1], "name": again}]}))
    with pytest.raises(InputError, match=f"one of the {key} has no name"):
        with_contents(edited(files, **{key: [{**entries[0], "name": "\u200b"}]}))


@pytest.mark.parametrize(
    ("path", "part", "words"),
    [
        ("genotypes/chip.bed", "variant_sets", "has 5 bytes; 7 variants of 40 individuals need 73"),
        ("decompositions/pca.npz", "decompositions", "not a zip archive"),
        ("weights/d.npz", "weights", "not a zip archive"),
    ],
)
def test_a_part_that_cannot_be_read_is_left_out_and_said(files, full, path, part, words):
    cohort = with_contents({**files, path: b"\x6c\x1b\x01xx"})
    assert len(getattr(cohort, part)) == len(getattr(full, part)) - 1
    assert any(entry.severity == "warning" and words in entry.message for entry in cohort.log)


def test_infinite_connectivity_is_missing_and_counted(files):
    values = np.load(io.BytesIO(files["connectivity/fc.npy"])).astype(np.float64)
    values[3, 4], values[5, 6], values[7] = np.inf, -1e300, 3e38  # the last are finite, their sum is not
    buffer = io.BytesIO()
    np.save(buffer, values)
    cohort = with_contents({**files, "connectivity/fc.npy": buffer.getvalue()})
    assert np.argwhere(np.isnan(cohort.measures["fc"].values)).tolist() == [[3, 4], [5, 6]]
    said(cohort, "2 infinite values read as missing")


def test_infinite_weights_of_a_component_are_missing_and_counted(files, full):
    given = full.decompositions["pca"]
    components = given.components.astype(np.float64)
    components[1, 2] = 1e300
    buffer = io.BytesIO()
    np.savez(buffer, components=components, scores=given.scores)
    cohort = with_contents({**files, "decompositions/pca.npz": buffer.getvalue()})
    assert np.argwhere(np.isnan(cohort.decompositions["pca"].components)).tolist() == [[1, 2]]
    said(cohort, "1 infinite weight of an edge read as missing")


def test_a_participant_taken_out_takes_their_scans_and_genotypes_along(files, full):
    table = files["participants.tsv"].decode().splitlines(keepends=True)
    cohort = with_contents(
        {**files, "participants.tsv": "".join(line for line in table if not line.startswith("7\t")).encode()}
    )
    assert cohort.n_subjects == 39
    kept = [row for row, scan in enumerate(full.scans) if scan.subject != "7"]
    assert cohort.scans == tuple(full.scans[row] for row in kept)
    np.testing.assert_array_equal(cohort.measures["fc"].values, full.measures["fc"].values[kept])
    others = [row for row, subject in enumerate(full.subjects) if subject != "7"]
    np.testing.assert_array_equal(cohort.variant_sets["chip"].dosage, full.variant_sets["chip"].dosage[others])
    assert said(cohort, "subject is not in participants.tsv") == ("7",)
    assert said(cohort, "who are not in participants.tsv") == ("7",)


def test_scans_in_any_order_come_back_in_the_cohort_order(files, full):
    header, *rows = files["scans.tsv"].decode().splitlines(keepends=True)
    stored = np.load(io.BytesIO(files["connectivity/fc.npy"]))
    buffer = io.BytesIO()
    np.save(buffer, stored[::-1])
    facts = json.loads(files["bundle.json"])
    cohort = with_contents(
        edited(
            {**files, "scans.tsv": (header + "".join(rows[::-1])).encode(), "connectivity/fc.npy": buffer.getvalue()},
            measures=[facts["measures"][0]],
        )
    )
    assert cohort.scans == full.scans
    np.testing.assert_array_equal(cohort.measures["fc"].values, full.measures["fc"].values)


@pytest.mark.parametrize("extension", ["bed", "bim", "fam"])
def test_a_damaged_file_makes_no_strangers_of_its_sisters(files, extension):
    (path,) = [path for path in files if path.endswith(f".{extension}")]
    log = with_contents({**files, path: b"\xff spoilt"}).log
    assert [entry.message for entry in log if "not mentioned" in entry.message] == []
    assert [entry.severity for entry in log if "Left out" in entry.message] == ["warning"]


def test_files_that_bundle_json_does_not_mention_are_said(files):
    assert said(with_contents({**files, "notes.txt": b""}), "not mentioned") == ("notes.txt",)


@given(data=st.data())
@settings(max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_flipped_bytes_in_any_file_give_a_cohort_or_an_input_error(files, data):
    path = data.draw(st.sampled_from(sorted(files)))
    spoilt = bytearray(files[path])
    for _ in range(data.draw(st.integers(1, 3))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InputError):
        with_contents({**files, path: bytes(spoilt)})


def test_plink_files_know_the_sex_of_whoever_told_it(cohort):
    sexed = dataclasses.replace(
        cohort, variant_sets={"x": unnamed_variants("x", np.zeros((cohort.n_subjects, 2), dtype=np.int8))}
    )
    with zipfile.ZipFile(io.BytesIO(finish(bundle_bytes(sexed)))) as archive:
        fam = archive.read("genotypes/x.fam").decode().splitlines()
    codes = cohort.phenotypes["sex"].values
    assert [line.split()[4] for line in fam] == [{0: "2", 1: "1", -1: "0"}[int(code)] for code in codes]
