"""Ranks, against SciPy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from imagenomer.statistics.ranks import average_ranks

seeds = st.integers(0, 2**32 - 1)


def sample(seed, n_subjects=40, n_features=6):
    """Draw features, some of them rounded so that ties occur, and a target that follows the first."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n_subjects, n_features)) * 10.0 ** rng.integers(-3, 4, n_features)
    features[:, 3:] = np.round(rng.standard_normal((n_subjects, n_features - 3)) * 2) + rng.normal() * 10
    target = features[:, 0] / np.ptp(features[:, 0]) + rng.standard_normal(n_subjects)
    return features, np.round(target, 1)


@given(seeds)
def test_ranks_are_those_of_scipy(seed):
    features, _ = sample(seed)
    features[np.random.default_rng(seed).uniform(size=features.shape) < 0.2] = np.nan
    np.testing.assert_array_equal(average_ranks(features), stats.rankdata(features, axis=0, nan_policy="omit"))


def test_ties_share_the_average_of_their_ranks():
    values = np.array([[3.0, 1.0], [1.0, 1.0], [3.0, 1.0], [2.0, 1.0]])
    np.testing.assert_array_equal(average_ranks(values), [[3.5, 2.5], [1, 2.5], [3.5, 2.5], [2, 2.5]])
