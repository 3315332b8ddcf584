"""Names are cleaned once on entry, at every door alike, and the import log says so once."""

from __future__ import annotations

import dataclasses
import io
import json
import pickle
from typing import Any

import numpy as np
import pytest

from imagenomer.cohort import Cohort, Decomposition, LogEntry, ModelWeights, VariantSet
from imagenomer.errors import InputError
from imagenomer.genotypes import write_plink
from imagenomer.names import clean_name
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes, listing_from, open_cohort
from readers.small_folder import N_EDGES, said
from readers.test_bundle import contents

#: What is put in the middle of names: in files, in JSON escapes, in pickles.
DIRT = {
    "U+0001": "\x01",
    "bell": "\x07",
    "escape": "\x1b",
    "NUL": "\x00",
    "byte order mark": "\ufeff",
    "right to left": "\u202e",
    "no width": "\u200b",
    "noncharacter": "\ufffe",
    "surrogate": "\udc80",
    "new line": "\n",
    "line separator": "\u2028",
}
CLEANED = "taken out of names and texts"


def texts_in(value: Any) -> list[str]:
    """Every text in a cohort, wherever it stands."""
    if isinstance(value, str):
        return [value]
    if dataclasses.is_dataclass(value):
        return [text for one in dataclasses.fields(value) for text in texts_in(getattr(value, one.name))]
    if isinstance(value, dict):
        return [text for pair in value.items() for text in texts_in(pair)]
    if isinstance(value, (tuple, list)):
        return [text for item in value for text in texts_in(item)]
    return []


def held(files: dict[str, bytes]) -> Cohort:
    data = list(files.values())
    steps = open_cohort(listing_from(list(files), [len(one) for one in data], lambda i, a, z: data[i][a:z]))
    return finish(steps, lambda progress: _assert_clean(progress.step))


def _assert_clean(text: str) -> None:
    assert text == clean_name(text)


def assert_clean(cohort: Cohort, dirt: str) -> None:
    for text in texts_in(cohort):
        _assert_clean(text)
    assert all(f"[U+{ord(dirt):04X}]" in item for item in said(cohort, CLEANED))


def in_tables(dirt: str) -> bytes:
    """Dirt as a table in UTF-8 can hold it, in quotes where it breaks lines; "" where it cannot."""
    return b"" if "\ud800" <= dirt <= "\udfff" else dirt.encode()


def quoted(text: str) -> bytes:
    return b'"' + text.encode("utf-8", "ignore") + b'"'


def npy(values: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", DIRT)
def test_names_in_a_folder_of_the_first_imagenomer_are_clean(kind, rng):
    dirt = DIRT[kind]
    own = f"1{dirt}1"
    files = {
        f"My{dirt}Cohort/demographics.pkl": pickle.dumps(
            {f"a{dirt}ge": {own: 20.0, "12": 21.0, "13": 22.0}, "s": {own: f"lev{dirt}el", "12": "o", "13": "o"}}
        ),
        f"My{dirt}Cohort/snps_s{dirt}et.pkl": pickle.dumps([f"rs{dirt}1", "rs2"]),
        f"My{dirt}Cohort/weights/m{dirt}odel.pkl": pickle.dumps(
            {"w": np.ones(N_EDGES), "trsubs": [own], "tsubs": np.array([own]), "desc": f"a{dirt}b"}
        ),
        f"My{dirt}Cohort/atlas.tsv": b"label\tnetwork\n" + b"".join(quoted(f"P{dirt}{n}") + b"\tN\n" for n in range(5)),
    }
    for subject in (own, "12", "13"):
        files[f"My{dirt}Cohort/fc/{subject}_task-re{dirt}st_f{dirt}c.npy"] = npy(rng.uniform(-1, 1, N_EDGES))
        files[f"My{dirt}Cohort/snps/{subject}_set-s{dirt}et_snps.npy"] = npy(np.array([1.0, 2.0]))
        files[f"My{dirt}Cohort/decomp/p{dirt}ca-weights/{subject}_comp-p{dirt}ca_weights.npy"] = npy(np.ones(1))
    files[f"My{dirt}Cohort/decomp/p{dirt}ca-comps/p{dirt}ca_comp-0.npy"] = npy(np.ones(N_EDGES))
    cohort = held(files)
    assert_clean(cohort, dirt)
    (joined,) = [subject for subject in cohort.subjects if subject not in ("12", "13")]
    # What the files spelled with the same dirt is one thing.
    assert {scan.subject for scan in cohort.scans} == set(cohort.subjects)
    assert [len(part) for part in (cohort.measures, cohort.variant_sets, cohort.decompositions)] == [1, 1, 1]
    (weights,) = cohort.weights.values()
    assert (weights.train_subjects, weights.test_subjects) == ((joined,), (joined,))


def with_everything(cohort: Cohort, rng: np.random.Generator) -> Cohort:
    n = cohort.n_subjects
    dosage = rng.integers(-1, 3, (n, 2)).astype(np.int8)
    components = rng.normal(size=(1, 15)).astype(np.float32)
    return dataclasses.replace(
        cohort,
        variant_sets={
            "chip": VariantSet("chip", dosage, ("rs1", "rs2"), ("1",) * 2, np.arange(2), ("A",) * 2, ("G",) * 2)
        },
        decompositions={"pca": Decomposition("pca", components, rng.normal(size=(n, 1)))},
        weights={"d": ModelWeights("d", rng.normal(size=15), "says", ("1",), ("2",))},
        log=(LogEntry("warning", "noted", ("item",)),),
        description="words",
    )


@pytest.mark.parametrize("kind", DIRT)
def test_names_in_a_bundle_are_clean(kind, cohort, rng):
    dirt = DIRT[kind]
    full = with_everything(cohort, rng)
    files = contents(finish(bundle_bytes(full)))
    facts = json.loads(files["bundle.json"])
    files["bundle.json"] = json.dumps(spoilt(facts, dirt)).encode()
    for path in [path for path in files if path.startswith(("connectivity", "genotypes", "decompositions", "weights"))]:
        folder, _, name = path.partition("/")
        files[f"{folder}/{name[0]}{dirt}{name[1:]}"] = files.pop(path)
    if in_tables(dirt):
        header, *rows = files["participants.tsv"].decode().splitlines()
        header = header.replace("age", f'"a{dirt}ge"')
        files["participants.tsv"] = "\n".join([header, *(row.replace("\tF", f'\t"F{dirt}x"') for row in rows)]).encode()
        files["scans.tsv"] = files["scans.tsv"].replace(b"nback", quoted(f"n{dirt}back"))
        for network in ("DMN", "VIS"):
            files["atlas.tsv"] = files["atlas.tsv"].replace(
                network.encode(), quoted(f"{network[0]}{dirt}{network[1:]}")
            )
        if not dirt.isspace():  # which ends a cell or line of PLINK's tables
            files[next(path for path in files if path.endswith("bim"))] = (
                b"1 r%bs1 0 1 A G\n1 rs2 0 2 A G\n" % dirt.encode()
            )
    opened = held(files)
    assert_clean(opened, dirt)
    assert opened.n_subjects == cohort.n_subjects
    for part in ("measures", "variant_sets", "decompositions", "weights"):
        assert len(getattr(opened, part)) == len(getattr(full, part)), part


def spoilt(facts: Any, dirt: str, key: str = "") -> Any:
    """The manifest with dirt in every text that is a name, or prose."""
    if isinstance(facts, dict):
        return {one: spoilt(value, dirt, one) for one, value in facts.items()}
    if isinstance(facts, list):
        return [spoilt(value, dirt, key) for value in facts]
    if not isinstance(facts, str) or not facts or key in ("format", "severity"):
        return facts
    if key == "networks" and not in_tables(dirt):  # they would no longer be those of atlas.tsv
        return facts
    if key == "file":
        folder, _, name = facts.partition("/")
        return f"{folder}/{name[0]}{dirt}{name[1:]}"
    return f"{facts[0]}{dirt}{facts[1:]}"


@pytest.mark.parametrize("kind", [kind for kind, dirt in DIRT.items() if in_tables(dirt) and not dirt.isspace()])
def test_names_in_plink_files_and_tables_beside_them_are_clean(kind, rng):
    dirt = DIRT[kind]
    subjects = (f"a{dirt}1", "b", "c")
    variants = VariantSet(
        "x", rng.integers(0, 3, (3, 2)).astype(np.int8), (f"r{dirt}s1", "rs2"), (f"1{dirt}", "2"), np.arange(2),
        (f"A{dirt}C", "G"), ("G", "T"),
    )  # fmt: skip
    plink = write_plink(variants, subjects)
    table = f"#FID\tIID\tB{dirt}MI\tg{dirt}roup\n" + "".join(
        f"0\t{one}\t2{n}\tx{dirt}{n}\n" for n, one in enumerate(subjects)
    )
    files = {f"my{dirt}set.{end}": getattr(plink, end) for end in ("bed", "bim", "fam")}
    cohort = held({**files, "co.tsv": table.encode()})
    assert_clean(cohort, dirt)
    assert cohort.subjects == ("a1", "b", "c") or dirt == "\ufffe"
    assert not cohort.phenotypes[clean_name(f"B{dirt}MI")].missing.any()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            {"fc/1_fc.npy": b"", "fc/1\x07_fc.npy": b"", "x": b""},
            r"two files are called fc/1_fc.npy, one of them spelled .*U\+0007",
        ),
        ({"demographics.pkl": pickle.dumps({"a": {"1": 1}, "a\x07": {"1": 2}})}, r"two fields called 'a'.*U\+0007"),
        ({"participants.tsv": b"participant_id\tage\tage\x07\n1\t2\t3\n"}, "several columns called age"),
        (
            {"participants.tsv": b"participant_id\tg\n1\ta\n", "participants.json": b'{"g": {}, "g\\u0007": {}}'},
            r"participants.json has two entries 'g'.*U\+0007",
        ),
        ({"participants.tsv": b"participant_id\tg\n\xe2\x80\x8b\ta\n"}, "line 2: the participant_id is empty"),
    ],
)
def test_names_that_differ_in_nothing_that_is_seen_are_refused(files, words):
    with pytest.raises(InputError, match=words):
        held(files)


def test_subjects_that_differ_in_nothing_that_is_seen_are_one_and_said():
    cohort = held({"demographics.pkl": pickle.dumps({"age": {"1": 20, "1\x07": 30, "2": 40}})})
    assert cohort.phenotypes["age"].values.tolist() == [20, 40]
    assert said(cohort, "spells in two ways") == ("1: '1', '1\\x07'",)


def test_a_column_without_a_name_is_called_by_its_place():
    cohort = held({"participants.tsv": b"\tparticipant_id\tage\t\xef\xbb\xbf\n0\ta\t20\tx\n1\tb\t21\ty\n"})
    assert list(cohort.phenotypes) == ["column 1", "age", "column 4"]


def test_a_cohort_with_clean_names_says_nothing_of_them(folder):
    from readers.small_folder import opened

    assert not any(CLEANED in entry.message for entry in opened(folder).log)


def test_what_an_error_quotes_is_clean_in_the_log():
    weights = pickle.dumps({"w": np.ones(3)}).replace(b"numpy._core", b"numpy\n\x07core")
    cohort = held({"demographics.pkl": pickle.dumps({"age": {"1": 20, "2": 30}}), "weights/a.pkl": weights})
    (refused,) = said(cohort, "Model weights that were not read")
    assert refused == clean_name(refused)
    assert "\x07" not in refused
