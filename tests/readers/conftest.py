"""A small cohort folder of the first ImageNomer, to be spoilt by whoever tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from readers.small_folder import N_EDGES, write_demographics, write_scan


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
