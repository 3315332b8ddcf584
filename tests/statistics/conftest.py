"""What is predicted, from what, and in which splits: for all tests of models."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.progress import finish
from imagenomer.statistics import folds
from imagenomer.statistics.sample_space import sample_space
from predicted import N, P


@pytest.fixture(scope="module")
def edges():
    """Features in bundles of six that are associated with each other, about means that are far from zero."""
    rng = np.random.default_rng(5)
    shared = np.repeat(rng.standard_normal((N, P // 6)), 6, axis=1)
    values = 0.15 * rng.standard_normal((N, P)) + 0.15 * shared + rng.uniform(-0.3, 0.8, P)
    return values.astype(np.float32)


@pytest.fixture(scope="module")
def covariates():
    return np.random.default_rng(6).standard_normal((N, 2)) * [1, 20] + [0, 100]


@pytest.fixture(scope="module")
def target(edges, covariates):
    rng = np.random.default_rng(7)
    return 100 + 8 * edges[:, :20].sum(axis=1) + 3 * covariates[:, 0] + rng.normal(0, 3, N)


@pytest.fixture(scope="module")
def space(edges):
    return finish(sample_space(edges, np.arange(N)))


@pytest.fixture(scope="module")
def splits():
    return folds.repeated(N, 3, 0.2, np.random.default_rng(8))


@pytest.fixture(scope="module")
def dosage():
    rng = np.random.default_rng(9)
    dosage = rng.integers(0, 3, (N, 150)).astype(np.int8)
    dosage[rng.random(dosage.shape) < 0.3] = -1
    return dosage


@pytest.fixture
def scans(rng):
    """Twenty people in three conditions, each with something of their own; the last lacks the third."""
    own = rng.normal(0, 0.15, (20, 300))
    people, conditions = np.tile(np.arange(20), 3)[:-1], np.repeat(np.arange(3), 20)[:-1]
    task = rng.normal(0.2, 0.2, (3, 300))
    values = task[conditions] + own[people] + rng.normal(0, 0.12, (59, 300))
    return values.astype(np.float32), people, conditions
