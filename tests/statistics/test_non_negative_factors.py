"""Non-negative factors: scikit-learn as oracle, and planted parts found again."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import NMF

from decomposed import matched
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.non_negative_factors import non_negative_factors


def parts(rng, noise=0.0):
    """People who are sums of parts that share few edges."""
    components = rng.uniform(0.2, 1, (4, 600)) * (rng.random((4, 600)) < 0.4)
    scores = rng.exponential(0.3, (30, 4))
    return np.maximum(scores @ components + rng.normal(0, noise, (30, 600)), 0).astype(np.float32), components


def test_planted_parts_are_found(rng):
    values, components = parts(rng)
    ours = finish(non_negative_factors(values, np.arange(30), 4, np.random.default_rng(1)))
    np.testing.assert_allclose(matched(ours.components, components), 1, atol=0.01)
    assert ours.converged
    assert ours.cumulative[-1] > 0.999
    assert (ours.components >= 0).all()
    assert (ours.scores >= 0).all()


def test_the_fit_is_as_good_as_that_of_scikit_learn(rng):
    values, _ = parts(rng, noise=0.1)
    ours = finish(non_negative_factors(values, np.arange(30), 4, np.random.default_rng(1)))
    oracle = NMF(4, init="nndsvda", max_iter=2000, tol=1e-6).fit(values.astype(np.float64))
    misfit = np.linalg.norm(values - ours.scores @ ours.components)
    assert misfit <= oracle.reconstruction_err_ * 1.002


def test_negative_values_are_refused_or_dealt_with_as_told(rng):
    values, _ = parts(rng)
    values[:, :50] *= -1
    n_negative = int(np.count_nonzero(values < 0))
    with pytest.raises(InputError, match=f"{n_negative:,} of 18,000 values"):
        finish(non_negative_factors(values, np.arange(30), 4, np.random.default_rng(1)))
    made = {"zero": np.maximum(values, 0), "absolute": np.abs(values)}
    for negative, expected in made.items():
        ours = finish(non_negative_factors(values, np.arange(30), 4, np.random.default_rng(1), negative))
        plain = finish(non_negative_factors(expected, np.arange(30), 4, np.random.default_rng(1)))
        np.testing.assert_allclose(ours.components, plain.components, atol=1e-6)
        np.testing.assert_allclose(ours.explained, plain.explained, atol=1e-9)


def test_a_missing_edge_has_no_factor(rng):
    values, _ = parts(rng)
    values[3, 7] = np.nan
    ours = finish(non_negative_factors(values, np.arange(30), 4, np.random.default_rng(1)))
    assert np.isnan(ours.components[:, 7]).all()
    assert np.isfinite(np.delete(ours.components, 7, axis=1)).all()
