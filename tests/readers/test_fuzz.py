"""Every file of every door, spoilt thousands of times: an `InputError` or a cohort that holds together, and soon.

The same files are spoilt in the same ways each time. To look further, raise `MUTANTS` or change `SEED`.
"""

from __future__ import annotations

import dataclasses
import io
import json
import pickle
import time
import zipfile

import numpy as np
import pytest
from scipy.io import savemat

from cifti_files import pconn
from imagenomer.cohort import Cohort, Decomposition, ModelWeights, VariantSet, read_corrections, with_columns
from imagenomer.edges import n_parcels_of
from imagenomer.errors import InputError
from imagenomer.genotypes import write_plink
from imagenomer.jsonable import dumps
from imagenomer.names import clean_name
from imagenomer.overview import overview_of
from imagenomer.progress import Progress, finish
from imagenomer.readers import bundle_bytes, listing_from, open_cohort
from matlab_files import matlab_7_3
from mutants import spoil
from readers.small_folder import N_EDGES, N_PARCELS
from readers.test_archives import tarred
from readers.test_bundle import contents
from readers.test_door_programs import DICTIONARY as REDCAP_DICTIONARY
from readers.test_door_programs import RECORDS
from readers.test_names import texts_in

SEED, MUTANTS = 20261130, 800

#: Of processor time, for files of a few kilobytes; most take milliseconds.
LONGEST_SECONDS = 5


def npy(values) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def zipped(files: dict[str, bytes], method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return buffer.getvalue()


def scans(rng: np.random.Generator) -> dict[str, bytes]:
    files = {
        f"fc/{subject}_task-{task}_fc.npy": npy(rng.uniform(-1, 1, N_EDGES))
        for subject in range(1, 7)
        for task in ("rest", "nback")
    }
    half = rng.uniform(-1, 1, (N_PARCELS, N_PARCELS))
    return files | {"partial/1_task-rest_partial.npy": npy(half + half.T)}


ATLAS = b"label\tx\ty\tz\tnetwork\n" + b"".join(
    b"P%d\t%d\t-2.5\tn/a\t%s\n" % (n, n, b"ABA"[n % 3 : n % 3 + 1]) for n in range(5)
)
TABLE = b"participant_id\tage\tsite\n" + b"".join(b"%d\t%d.5\ts%d\n" % (n, n, n % 2) for n in range(1, 7))
DICTIONARY = json.dumps({"age": {"Units": "months"}, "site": {"Description": "where", "Levels": {"s0": "", "s1": ""}}})


def fileset(rng: np.random.Generator) -> dict[str, bytes]:
    variants = VariantSet(
        "x", rng.integers(-1, 3, (6, 9)).astype(np.int8), tuple(f"rs{n}" for n in range(9)), ("1", "X", "23") * 3,
        np.arange(9), ("A",) * 9, ("G",) * 9,
    )  # fmt: skip
    files = write_plink(variants, tuple("123456"), [1, 2, 0, 1, 2, 0])
    return {f"geno.{end}": getattr(files, end) for end in ("bed", "bim", "fam")}


def predecessor() -> dict[str, bytes]:
    rng = np.random.default_rng(SEED)
    fields = {
        "age": {n: float(n) for n in range(1, 7)},
        "sex": {n: "FM"[n % 2] for n in range(1, 7)},
        "score": {n: np.float64(n) for n in range(1, 6)},
    }
    files = {
        "demographics.pkl": pickle.dumps(fields, 2),
        "atlas.tsv": ATLAS,
        "snps_s.pkl": pickle.dumps(["rs1", "rs2"]),
    }
    for n in range(1, 7):
        files[f"snps/{n}_set-s_snps.npy"] = npy(rng.integers(0, 3, 2).astype(float))
        files[f"decomp/pca-weights/{n}_comp-pca_weights.npy"] = npy(rng.normal(size=2))
    for k in range(2):
        files[f"decomp/pca-comps/pca_comp-{k}.npy"] = npy(rng.normal(size=N_EDGES))
    weights = {"w": rng.normal(size=N_EDGES), "trsubs": np.array([1, 2]), "tsubs": np.array(["3"]), "desc": "a model"}
    files["weights/a/ridge.pkl"] = pickle.dumps(weights)
    files["weights/lasso.npz"] = npz(**weights)
    return files | scans(rng)


def bids() -> dict[str, bytes]:
    rng = np.random.default_rng(SEED)
    tables = {"participants.tsv": TABLE, "participants.json": DICTIONARY.encode(), "atlas.tsv": ATLAS}
    return tables | scans(rng) | fileset(rng)


def plink() -> dict[str, bytes]:
    table = b"FID\tIID\tage\tgroup\n" + b"".join(b"0\t%d\t%d\tg%d\n" % (n, 20 + n, n % 2) for n in range(1, 7))
    return fileset(np.random.default_rng(SEED)) | {"covariates.tsv": table}


def bundle() -> dict[str, bytes]:
    rng = np.random.default_rng(SEED)
    cohort = opened({"participants.tsv": TABLE, "atlas.tsv": ATLAS} | scans(rng) | fileset(rng))
    decomposition = Decomposition("pca", rng.normal(size=(2, N_EDGES)).astype(np.float32), rng.normal(size=(6, 2)))
    weights = ModelWeights("ridge", rng.normal(size=N_EDGES), "a model", ("1",), ("2",))
    full = dataclasses.replace(cohort, decompositions={"pca": decomposition}, weights={"ridge": weights})
    said = {"site": {"role": "site", "labels": {"s0": "Here"}, "order": ["s1"]}, "age": {"missing": [2.5], "unit": "y"}}
    full = with_columns(full, read_corrections(said))
    files = contents(finish(bundle_bytes(full, dtype="int16")))
    return files | {"connectivity/fc.npy": contents(finish(bundle_bytes(full)))["connectivity/fc.npy"]} | {
        "bundle.json": without_scale(files["bundle.json"])
    }  # fmt: skip


def without_scale(manifest: bytes) -> bytes:
    facts = json.loads(manifest)
    assert [entry["name"] for entry in facts["measures"]] == ["fc", "partial"]
    facts["measures"][0]["scale"] = None  # floats; the other is of integers
    return json.dumps(facts).encode()


def squares(rng: np.random.Generator) -> list[np.ndarray]:
    """Correlation matrices of six people among twelve parcels."""
    return [np.corrcoef(rng.normal(size=(40, 3)) @ rng.normal(size=(3, 12)) + rng.normal(size=(40, 12)), rowvar=False)
            for _ in range(6)]  # fmt: skip


def as_text(values: np.ndarray, delimiter: str, header: str = "") -> bytes:
    lines = [delimiter.join(f"{value:.5f}" for value in row) for row in values]
    return "\n".join([header, *lines] if header else lines).encode()


def matrices() -> dict[str, bytes]:
    rng = np.random.default_rng(SEED)
    names = "\t".join(f"P{n}" for n in range(12))
    files = {f"sub-{n}_task-rest_relmat.tsv": as_text(one, "\t", names) for n, one in enumerate(squares(rng), start=1)}
    table = b"id;age;score\n" + b"".join(b"%d;2%d,5;%d\n" % (n, n, -9999 if n == 3 else n) for n in range(1, 7))
    motion = {f"sub-{n}_task-rest_motion.tsv": b"framewise_displacement\nn/a\n0.1\n0.%d\n" % n for n in range(1, 7)}
    return files | motion | {"pheno.csv": table}


def stack() -> dict[str, bytes]:
    rng = np.random.default_rng(SEED)
    buffer = io.BytesIO()
    names = np.array([f"s{n}" for n in range(1, 7)], dtype=object)
    savemat(buffer, {"conn": np.moveaxis(np.array(squares(rng)), 0, 2), "who": names, "age": np.arange(6.0)})
    return {
        "stack.mat": buffer.getvalue(),
        "pheno.csv": b"who,dx\n" + b"".join(b"s%d,%d\n" % (n, n % 2) for n in range(1, 7)),
    }


def stack_of_matlab_7_3() -> dict[str, bytes]:
    rng = np.random.default_rng(SEED)
    names = [f"s{n}" for n in range(1, 7)]
    stack = np.moveaxis(np.array(squares(rng)), 0, 2)
    return {"stack.mat": matlab_7_3({"conn": stack, "who": names, "age": np.arange(6.0)})}


def cifti() -> dict[str, bytes]:
    rng = np.random.default_rng(SEED)
    return {f"sub-{n}_rest.pconn.nii": pconn(one) for n, one in enumerate(squares(rng), start=1)}


def edge_list(square: np.ndarray) -> bytes:
    rows = [f"P{a},P{b},{square[a, b]:.5f}" for a in range(12) for b in range(a)]
    return "\n".join(["source,target,weight", *rows, ""]).encode()


def redcap() -> dict[str, bytes]:
    own = squares(np.random.default_rng(SEED))
    lists = {f"fc/{n:03d}.csv": edge_list(one) for n, one in enumerate(own[:3], start=1)}
    return lists | {
        "Study_DATA.csv": RECORDS.encode(),
        "Study_DataDictionary.csv": REDCAP_DICTIONARY.encode(),
        "more.zip": zipped({"more/notes.txt": b"of no use"}, zipfile.ZIP_STORED),
    }


def ptn() -> dict[str, bytes]:
    rng = np.random.default_rng(SEED)
    rows = np.array([one.ravel() for one in squares(rng)])
    return {"netmats1.txt": as_text(rows, " "), "subjectIDs.txt": b"\n".join(b"10%d" % n for n in range(6))}


def pairs() -> dict[str, bytes]:
    rng = np.random.default_rng(SEED)
    header = ",".join(["id", "event", *(f"c_{a}~{b}" for a in "abcde" for b in "abcde" if a < b)])
    rows = [
        f"p{n},v{k}," + ",".join(f"{value:.4f}" for value in rng.uniform(-1, 1, 10)) for n in range(4) for k in "12"
    ]
    return {"wide.csv": "\n".join([header, *rows]).encode()}


def parcels() -> dict[str, bytes]:
    rng = np.random.default_rng(SEED)
    files = {f"sub-{n}_fc.csv": as_text(one, ",") for n, one in enumerate(squares(rng), start=1)}
    places = [(-1 if n % 2 else 1, 20 + n, 30 - 5 * n, 60 - 7 * n) for n in range(12)]
    nodes = "".join(f"{side * x} {y} {z} 1 1 P{n}\n" for n, (side, x, y, z) in enumerate(places))
    table = "".join(f"Q{n},{side * x},{y},{z},{'AB'[n % 2]}\n" for n, (side, x, y, z) in enumerate(places))
    return files | {"a.node": nodes.encode(), "b.csv": f"label,x,y,z,network\n{table}".encode()}


DOORS = {
    "matrices beside tables of parcels": parcels,
    "matrices, a table and motion": matrices,
    "a stack of MATLAB": stack,
    "a stack of MATLAB 7.3": stack_of_matlab_7_3,
    "matrices in CIFTI": cifti,
    "records of REDCap and lists of edges": redcap,
    "matrices of HCP's PTN": ptn,
    "a table of named pairs": pairs,
    "a folder of the first ImageNomer": predecessor,
    "a folder with participants.tsv and PLINK files": bids,
    "PLINK files": plink,
    "a bundle": bundle,
    "a stored bundle": lambda: {"b.zip": zipped(bundle(), zipfile.ZIP_STORED)},
    "a tar": lambda: {"f.tar": tarred(matrices())},
    "a deflated folder": lambda: {"f.zip": zipped(predecessor(), zipfile.ZIP_DEFLATED)},
}


def opened(files: dict[str, bytes]) -> Cohort:
    data = list(files.values())
    steps = open_cohort(listing_from(list(files), [len(one) for one in data], lambda i, a, z: data[i][a:z]))
    return finish(steps, _check_progress)


def _check_progress(progress: Progress) -> None:
    assert progress.step == clean_name(progress.step)
    assert 0 <= progress.done <= max(progress.done, progress.total)


def check(cohort: Cohort) -> None:
    """What the rest of the program rests on."""
    n = cohort.n_subjects
    assert 0 < n == len(set(cohort.subjects))
    assert all(cohort.subjects)
    for name, phenotype in cohort.phenotypes.items():
        assert (phenotype.name, phenotype.values.shape) == (name, (n,))
        assert len(set(phenotype.levels)) == len(phenotype.levels)
        if phenotype.levels:
            assert -1 <= phenotype.values.min() <= phenotype.values.max() < len(phenotype.levels)
        else:
            assert not np.isinf(phenotype.values).any()
    assert {scan.subject for scan in cohort.scans} <= set(cohort.subjects)
    assert len(set(cohort.scans)) == len(cohort.scans)
    assert bool(cohort.measures) == bool(cohort.scans) == (cohort.parcellation is not None)
    for measure in cohort.measures.values():
        assert measure.values.shape[0] == measure.present.size == len(cohort.scans)
        assert n_parcels_of(measure.values.shape[1]) == cohort.parcellation.n_parcels
        assert not np.isinf(measure.values).any()
    for variants in cohort.variant_sets.values():
        assert variants.dosage.shape == (n, len(variants.variant_ids))
        assert variants.dosage.size == 0 or -1 <= variants.dosage.min() <= variants.dosage.max() <= 2
        assert len(variants.chromosomes) == len(variants.positions) == len(variants.other_alleles)
    for decomposition in cohort.decompositions.values():
        assert decomposition.scores.shape == (n, len(decomposition.components))
    for weights in cohort.weights.values():
        assert weights.values.ndim == 1
    for text in texts_in(cohort):
        assert text == clean_name(text)
    json.loads(dumps(overview_of(cohort)).encode())


def chosen(files: dict[str, bytes], rng: np.random.Generator) -> list[str]:
    """One file or two, each of a kind by chance: there are many scans and one manifest."""
    of_kind: dict[str, list[str]] = {}
    for path in files:
        of_kind.setdefault(f"{path.split('/')[0]} {path.rpartition('.')[2]}" if "/" in path else path, []).append(path)
    kinds = list(of_kind.values())
    picked = [kinds[rng.integers(len(kinds))] for _ in range(rng.integers(1, 3))]
    return [paths[rng.integers(len(paths))] for paths in picked]


@pytest.mark.slow
@pytest.mark.usefixtures("bounded_memory")
@pytest.mark.parametrize("door", DOORS)
def test_a_spoilt_file_is_refused_in_words_or_read_rightly(door):
    files = DOORS[door]()
    check(opened(files))
    rng = np.random.default_rng(SEED)
    n_refused = n_opened = 0
    for number in range(MUTANTS):
        spoilt = dict(files)
        for path in chosen(files, rng):
            spoilt[path] = spoil(path, files[path], rng)
        started = time.process_time()
        try:
            cohort = opened(spoilt)
        except InputError:
            n_refused += 1
        except BaseException as error:
            error.add_note(f"mutant {number} of {door}")
            raise
        else:
            n_opened += 1
            check(cohort)
        assert time.process_time() - started < LONGEST_SECONDS, number
    assert min(n_refused, n_opened) > MUTANTS // 20, "the mutants are all alike"
