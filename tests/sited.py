"""A cohort of three sites with an answer planted: what differs between them, and what follows age."""

from __future__ import annotations

import numpy as np

from imagenomer.cohort import Cohort, Measure, Phenotype, Scan
from imagenomer.edges import n_edges_of
from imagenomer.parcellation import plain_parcellation

N_PARCELS = 12
N_EDGES = n_edges_of(N_PARCELS)
SITES = ("Boston", "Chicago", "Denver")
SIZES = (30, 40, 50)
#: Edges that follow age.
AGED = np.arange(N_EDGES) % 4 == 0


def planted(seed=1, sizes=SIZES, *, shift=0.15, effect=0.01) -> Cohort:
    """Three sites that differ in mean and spread; a quarter of the edges follow age, of which Denver has more.

    Two tasks, the first with two sessions for some; everybody's diagnosis but that of Boston is mixed.
    """
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    subjects = tuple(str(number) for number in range(1, n + 1))
    site = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    age = rng.normal(30, 8, n) + 6 * (site == 2)
    patient = np.where(site == 0, 0, rng.integers(0, 2, n))
    shifts, spreads = rng.normal(0, shift, (3, N_EDGES)), rng.uniform(0.7, 1.4, (3, N_EDGES))
    own = shifts[site] + spreads[site] * rng.normal(0, 0.12, (n, N_EDGES))
    trait = 0.2 + own + effect * (age - 30)[:, None] * AGED
    scans = [Scan("nback", one, "1") for one in subjects]
    scans += [Scan("nback", one, "2") for one in subjects[: n // 3]]
    scans += [Scan("rest", one, "1") for one in subjects[:-2]]
    order = {one: position for position, one in enumerate(subjects)}
    scans.sort(key=lambda scan: (scan.task, order[scan.subject], scan.session))
    values = np.array([trait[order[scan.subject]] + rng.normal(0, 0.03, N_EDGES) for scan in scans], dtype=np.float32)
    return Cohort(
        name="Three sites",
        subjects=subjects,
        phenotypes={
            "site": Phenotype("site", site.astype(np.intp), levels=SITES),
            "age": Phenotype("age", age),
            "diagnosis": Phenotype("diagnosis", patient.astype(np.intp), levels=("control", "patient")),
        },
        scans=tuple(scans),
        measures={"fc": Measure("fc", values, np.ones(len(scans), dtype=bool))},
        parcellation=plain_parcellation(N_PARCELS),
    )
