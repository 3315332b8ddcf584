"""Small cohorts whose associations are known."""

from __future__ import annotations

import numpy as np

from imagenomer.cohort import Cohort, Measure, Phenotype, Scan
from imagenomer.parcellation import Parcellation

N = 120


def planted(seed: int, truth: str) -> Cohort:
    """Return 120 people with six parcels, in whom z, a number, y and connectivity go together as ``truth`` says."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal(N)
    y = rng.standard_normal(N) + (0 if truth in ("nothing", "real effect of its own") else 1.0) * z
    cause = z
    if truth == "mediator":
        cause = rng.standard_normal(N)
        z = cause + 0.5 * rng.standard_normal(N)
        y = z + rng.standard_normal(N)
    pattern, other = rng.standard_normal((2, 15))
    edges = rng.standard_normal((N, 15))
    if truth in ("confounder", "both", "mediator"):
        edges += 0.5 * np.outer(cause, pattern)
    if truth in ("real effect", "real effect of its own", "both"):
        edges += 0.25 * np.outer(y, other)
    subjects = tuple(str(number) for number in range(1, N + 1))
    numbers = {"y": y, "z": z, "unrelated": rng.standard_normal(N)}
    return Cohort(
        name="Planted",
        subjects=subjects,
        phenotypes={name: Phenotype(name, values) for name, values in numbers.items()},
        scans=tuple(Scan("rest", subject) for subject in subjects),
        measures={"fc": Measure("fc", (0.1 * edges).astype(np.float32), np.ones(N, dtype=bool))},
        parcellation=Parcellation(
            name="Six",
            labels=tuple(f"P{number}" for number in range(6)),
            coordinates=rng.normal(0, 40, (6, 3)),
            networks=("VIS", "DMN", "VIS", "DMN", "DMN", "VIS"),
            network_names=("DMN", "VIS"),
        ),
    )
