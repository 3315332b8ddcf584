"""A sparse dictionary: scikit-learn as oracle, planted maps found again, and components that are nearly the same."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.decomposition import dict_learning as learn_dictionary
from sklearn.decomposition import sparse_encode
from sklearn.exceptions import ConvergenceWarning

from decomposed import matched, mixture, principal
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.decomposition import axes_of
from imagenomer.statistics.sparse_components import sparse_components

SEEDS = st.integers(0, 2**32 - 1)


#: Seeds of 9 subjects and 6 edges whose components are so alike that with scores of all of them the first few "explain"
#: less than nothing, down to −948,111 times the variance: those of the first 2,000 seeds that do on some machine.
NEAR_COLLINEAR = (146, 209, 229, 315, 369, 397, 428, 498, 684, 741, 1047, 1293, 1404, 1518, 1718, 1860)


def near_collinear(test):
    """Try these seeds whatever else is drawn."""
    for seed in NEAR_COLLINEAR:
        test = example(seed)(test)
    return test


def sparse_mixture(rng):
    sources = rng.normal(size=(3, 900)) * (rng.random((3, 900)) < 0.12)
    mixing = rng.normal(size=(30, 3)) * 0.1
    return (0.2 + mixing @ sources + rng.normal(0, 0.002, (30, 900))).astype(np.float32), sources


def test_planted_sparse_maps_are_found(rng):
    values, sources = sparse_mixture(rng)
    axes, _ = principal(values, np.arange(30), 3)
    ours = finish(sparse_components(values, np.arange(30), axes, 3, 1.0, np.random.default_rng(1)))
    np.testing.assert_allclose(matched(ours.components, sources), 1, atol=0.02)
    assert 0.03 < np.mean(ours.components != 0) < 0.25
    assert ours.cumulative[-1] > 0.97


def test_codes_and_atoms_are_as_good_as_those_of_scikit_learn(rng):
    """Objective of the same problem, from scikit-learn's own start and from ours."""
    values, _ = mixture(rng, n_edges=600)
    rows = np.arange(40)
    axes, principals = principal(values, rows, 4)
    reduced = principals.components.T.astype(np.float64) * axes.singular_values[:4]
    sparsity = 0.5
    penalty = sparsity * np.median(np.linalg.norm(reduced, axis=1))
    ours = finish(sparse_components(values, rows, axes, 4, sparsity, np.random.default_rng(1)))
    # From our maps, atoms by least squares and codes by scikit-learn's lasso give the objective.
    codes = ours.components.T.astype(np.float64)
    atoms = np.linalg.lstsq(codes, reduced, rcond=None)[0]
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    codes = sparse_encode(reduced, atoms, algorithm="lasso_cd", alpha=penalty, max_iter=5000)
    loss = np.sum((reduced - codes @ atoms) ** 2) / 2 + penalty * np.abs(codes).sum()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        *_, errors = learn_dictionary(
            reduced, 4, alpha=penalty, max_iter=300, method="cd", random_state=0, code_init=None, dict_init=None
        )
    assert loss <= errors[-1] * 1.01


def test_the_more_sparsity_the_fewer_edges_and_too_much_is_refused(rng):
    values, _ = mixture(rng)
    axes, _ = principal(values, np.arange(40), 4)
    used = [
        np.mean(finish(sparse_components(values, np.arange(40), axes, 4, s, np.random.default_rng(1))).components != 0)
        for s in (0.2, 0.6, 1.2)
    ]
    assert used[0] > used[1] > used[2]
    with pytest.raises(InputError, match="no component keeps an edge"):
        finish(sparse_components(values, np.arange(40), axes, 4, 1e6, np.random.default_rng(1)))


@settings(max_examples=30)
@given(SEEDS)
@near_collinear
def test_components_of_hardly_any_edges_may_follow_from_each_other(seed):
    """Near-collinear components have large scores that cancel, so that scores of some of them explain nothing."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 0.2, (9, 6)).astype(np.float32)
    axes = finish(axes_of(values, np.arange(9)))
    ours = finish(sparse_components(values, np.arange(9), axes, 5, 0.5, rng))
    assert np.isfinite(ours.scores).all()
    assert (ours.explained >= 0).all()
    assert (np.diff(ours.explained) <= 0).all()
    assert (np.diff(ours.cumulative) >= 0).all()
    assert ours.cumulative[0] == pytest.approx(ours.explained[0], rel=1e-9)
    assert ours.cumulative[-1] <= 1
    # Least squares: what is left is orthogonal to every component, whose rounding large scores multiply.
    left = values - values.mean(axis=0, dtype=float) - ours.scores @ ours.components
    np.testing.assert_allclose(left @ ours.components.T, 0, atol=3e-7 * max(1, np.abs(ours.scores).max()))
