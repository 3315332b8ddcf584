"""A small cohort folder of the first ImageNomer, to be spoilt by whoever tests, and a bound on memory meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from readers.small_folder import N_EDGES, write_demographics, write_scan

#: Of address space, beyond what the tests have.
MOST_MEMORY = 2_000_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four subjects, "2" to "11"; rest and nback of each, fc only; age and sex."""
    rng = np.random.default_rng(1)
    top = tmp_path / "Small"
    subjects = ["11", "2", "3", "10"]
    write_demographics(
        top,
        {
            "age": dict(zip(subjects, (20.0, 21.5, 30.0, 31.0), strict=True)),
            "sex": dict(zip(subjects, "FMMF", strict=True)),
        },
    )
    for subject in subjects:
        for task in ("rest", "nback"):
            write_scan(top, f"fc/{subject}_task-{task}_fc.npy", rng.uniform(-0.9, 0.9, N_EDGES))
    return top


@pytest.fixture
def bounded_memory() -> Iterator[None]:
    """Refuse more address space than files of a few kilobytes can need (where the system can)."""
    if sys.platform != "linux":
        yield
        return
    import resource

    with open("/proc/self/statm") as file:  # noqa: PTH123 - no file of ours
        pages = int(file.read().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MOST_MEMORY, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)
