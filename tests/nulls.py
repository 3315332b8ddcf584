"""Cohorts in which there is nothing to find."""

from __future__ import annotations

import dataclasses

import numpy as np

from imagenomer.cohort import Cohort, Phenotype


def moved_by_motion(cohort: Cohort, seed: int) -> Cohort:
    """Return the cohort of the fixtures with other values: edges and the score ``s`` follow motion, ``m``, alone."""
    rng = np.random.default_rng(seed)
    motion = rng.standard_normal(40)
    motion_of = dict(zip(cohort.subjects, motion, strict=True))
    shared = np.array([motion_of[scan.subject] for scan in cohort.scans])
    values = (0.1 * shared[:, None] + rng.normal(0, 0.2, (79, 15))).astype(np.float32)
    return dataclasses.replace(
        cohort,
        measures={"fc": dataclasses.replace(cohort.measures["fc"], values=values)},
        phenotypes={"m": Phenotype("m", motion), "s": Phenotype("s", motion + rng.standard_normal(40))},
    )
