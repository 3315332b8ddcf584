"""Fixtures shared by all tests: few, small, and with an answer planted to find again."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from playwright.sync_api import Browser, sync_playwright

import browsers
import build
import serve
from imagenomer.cohort import Cohort, Measure, ModelWeights, Phenotype, Scan, VariantSet
from imagenomer.edges import n_edges_of
from imagenomer.parcellation import Parcellation
from program import Program, make_program

ROOT = Path(__file__).parents[1]

# A busy machine is no failure, and a failure must come again: no deadline, the same examples each time.
hypothesis.settings.register_profile("imagenomer", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("imagenomer")


#: Files that take minutes, beside those of build_scripts.
LONGEST = (
    "test_faults",
    "test_three_browsers",
    "test_privacy",
    "test_confound_report",
    "test_fuzz",
    "test_odd_cohorts",
)


# Playwright runs an event loop in the main thread from the first browser to the end of the session, and whatever runs
# one of its own (the engine's tests) fails meanwhile.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what drives a browser last, and of the rest first what takes minutes."""
    for item in items:
        # Tracing makes what is slow slower still, and other tests cover the same lines; not so mutated files.
        if item.get_closest_marker("slow") and "fuzz" not in item.path.name:
            item.add_marker(pytest.mark.no_cover)
        # Some of tests/browser asks for the browser by name only when it runs.
        if item.path.parent.name == "browser" or "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: (item.get_closest_marker("browser") is not None, not _takes_minutes(item)))


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name bytes by how many they are: an archive packed on import holds the time, which differs between processes."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


def _takes_minutes(item: pytest.Item) -> bool:
    """Whether a file of tests takes minutes: begun last, one process would wait for the other."""
    return item.path.parent.name == "build_scripts" or item.path.stem in LONGEST


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays for good; the engine and statsmodels call it hundreds of times."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261123)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The reference data beside the checkout; developers and CI have it, users do not."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("the reference data (../shared/data) are not on this machine")
    return path


@pytest.fixture
def cohort(rng: np.random.Generator) -> Cohort:
    """Forty subjects, two tasks, six parcels in two networks; edge 3 follows age, the others do not.

    Subject 40 lacks the second task, subject 5 has no age, subject 6 no sex; ``site`` never varies. Variant rs7 follows
    age too; subject 39 has no genotype. Three ridge models weigh edge 3 most; one was
    tested on a subject it was trained on.
    """
    n_subjects, n_edges = 40, n_edges_of(6)
    subjects = tuple(str(number) for number in range(1, n_subjects + 1))
    age = rng.uniform(100, 250, n_subjects).round()
    sex = rng.integers(0, 2, n_subjects)
    trait = np.tanh(rng.normal(0.2, 0.15, (n_subjects, n_edges)))
    trait[:, 3] = np.tanh(0.003 * (age - 175) + rng.normal(0, 0.1, n_subjects))
    scans = [Scan(task, subject) for task in ("nback", "rest") for subject in subjects]
    scans.remove(Scan("rest", "40"))
    values = np.empty((len(scans), n_edges), dtype=np.float32)
    for row, scan in enumerate(scans):
        values[row] = np.clip(trait[int(scan.subject) - 1] + rng.normal(0, 0.05, n_edges), -0.99, 0.99)
    age[4], sex[5] = np.nan, -1
    networks = ("VIS", "DMN", "VIS", "DMN", "DMN", "VIS")
    return Cohort(
        name="Forty",
        subjects=subjects,
        phenotypes={
            "age": Phenotype("age", age, units="months"),
            "sex": Phenotype("sex", sex.astype(np.intp), levels=("F", "M")),
            "site": Phenotype("site", np.zeros(n_subjects, dtype=np.intp), levels=("A",)),
        },
        scans=tuple(scans),
        measures={"fc": Measure("fc", values, np.ones(len(scans), dtype=bool))},
        parcellation=Parcellation(
            name="Six",
            labels=tuple(f"P{number}" for number in range(6)),
            coordinates=rng.normal(0, 40, (6, 3)),
            networks=networks,
            network_names=("DMN", "VIS"),
        ),
        variant_sets={"small": _variants(age, sex)},
        weights=_weights(n_edges, len(subjects)),
    )


def _weights(n_edges: int, n_subjects: int) -> dict[str, ModelWeights]:
    """Three models of the edges, and one of the three genotypes of each variant."""
    rng = np.random.default_rng(11)
    subjects = [str(number) for number in range(1, n_subjects + 1)]
    models = {}
    for number in range(3):
        values = rng.normal(0, 1, n_edges)
        values[3] = 9 + number
        train, test = subjects[:30], subjects[30 - (number == 1) :]
        models[f"ridge/{number}"] = ModelWeights(f"ridge/{number}", values, "err=1", tuple(train * 2), tuple(test))
    models["variants"] = ModelWeights("variants", rng.normal(0, 1, 180))
    return models


def _variants(age: np.ndarray, sex: np.ndarray) -> VariantSet:
    """Sixty variants, unlinked, on three chromosomes; one in twenty genotypes is missing; men have one copy of X."""
    rng = np.random.default_rng(7)
    n_subjects, n_variants = age.size, 60
    dosage = rng.binomial(2, rng.uniform(0.1, 0.9, n_variants), (n_subjects, n_variants)).astype(np.int8)
    dosage[:, 40:][sex == 1] = 2 * (dosage[:, 40:][sex == 1] // 2)
    dosage[:, 7] = np.digitize(age, [150, 200])
    dosage[rng.random(dosage.shape) < 0.05] = -1
    dosage[4, 7], dosage[38] = -1, -1
    return VariantSet(
        name="small",
        dosage=dosage,
        variant_ids=tuple(f"rs{number}" for number in range(n_variants)),
        chromosomes=("1",) * 20 + ("2",) * 20 + ("X",) * 20,
        positions=np.tile(np.arange(1, 21) * 1000, 3),
        effect_alleles=("A",) * n_variants,
        other_alleles=("G",) * n_variants,
    )


# --- the built site, for tests and benchmarks in a browser: built once, served once ---------------


@pytest.fixture(scope="session")
def program() -> Program:
    """What the site and the single file are made of, from the sources as they are."""
    return make_program()


@pytest.fixture(scope="session")
def site(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    site = tmp_path_factory.mktemp("build") / "site"
    build.write_site(program, site)
    return site


@pytest.fixture(scope="session")
def single_file(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built single file."""
    path = tmp_path_factory.mktemp("single") / "imagenomer.html"
    build.write_single_file(program, path)
    return path


@pytest.fixture(scope="session")
def site_url(site: Path) -> Iterator[str]:
    """Where the site is served, with a slash at the end."""
    with serve.Server(site, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.url
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = browsers.find_chromium()
    if program is None:
        pytest.skip("no Chromium on this machine; build_scripts/test.py installs one")
    # Chromium has no sandbox for root, which is what containers run as.
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=program, args=arguments)
        yield chrome
        chrome.close()
