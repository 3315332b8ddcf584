"""Genotypes, covariates, a number and two levels, as tests of variants draw them."""

from __future__ import annotations

import numpy as np


def draw(seed, n_subjects=120, n_variants=12, missing=0.1):
    """Genotypes (the first third complete), three covariates of unlike scale, a number and two levels.

    Variant 3 moves the number, variant 4 the odds.
    """
    rng = np.random.default_rng(seed)
    frequency = rng.uniform(0.15, 0.85, n_variants)
    dosage = rng.binomial(2, frequency, (n_subjects, n_variants)).astype(np.int8)
    dosage[:, n_variants // 3 :][rng.random((n_subjects, n_variants - n_variants // 3)) < missing] = -1
    covariates = np.column_stack(
        [rng.normal(0, 1, n_subjects), rng.integers(0, 2, n_subjects), rng.uniform(-1, 1, n_subjects)]
    )
    number = 0.7 * dosage[:, 3] + covariates @ [0.5, 1, -2] + rng.normal(0, 1, n_subjects)
    case = rng.random(n_subjects) < 1 / (1 + np.exp(1.2 - 0.8 * dosage[:, 4] - covariates[:, 0]))
    return dosage, covariates, number, case


def draw_rare(seed, n_subjects=250, n_variants=160):
    """As `draw`, but with rare alleles, constant and nearly missing variants: what makes models fail."""
    dosage, covariates, number, case = draw(seed, n_subjects, n_variants)
    rng = np.random.default_rng(seed + 1)
    frequency = rng.uniform(0, 0.2, n_variants) ** rng.choice([1, 2], n_variants)
    rare = rng.binomial(2, frequency, dosage.shape).astype(np.int8)
    dosage[:, 6:] = np.where(dosage[:, 6:] < 0, -1, rare[:, 6:])
    dosage[:, 7], dosage[:, 8], dosage[5:, 9], dosage[:, 10] = 0, 2, -1, -1
    dosage[:, 11] = np.where(dosage[:, 0] == 1, 1, 0)
    return dosage, covariates, number, case
