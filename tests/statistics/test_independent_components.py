"""Independent components: scikit-learn as oracle, and rotations of principal components."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import FastICA

from decomposed import matched, mixture, principal
from imagenomer.progress import finish
from imagenomer.statistics.independent_components import independent_components

SEEDS = st.integers(0, 2**32 - 1)


def test_independent_components_are_those_of_scikit_learn(rng):
    values, sources = mixture(rng)
    rows = np.arange(40)
    axes, principals = principal(values, rows, 4)
    ours = finish(independent_components(values, rows, axes, 4, np.random.default_rng(1)))
    oracle = FastICA(4, whiten="unit-variance", tol=1e-8, max_iter=2000, random_state=0)
    found = oracle.fit_transform(principals.components.T.astype(np.float64)).T
    np.testing.assert_allclose(matched(ours.components, found), 1, atol=1e-5)
    assert ours.converged
    np.testing.assert_allclose(matched(ours.components, sources), 1, atol=0.02)


def test_together_they_explain_what_principal_components_do_and_rebuild_the_same(rng):
    values, _ = mixture(rng)
    rows = np.arange(40)
    axes, principals = principal(values, rows, 4)
    ours = finish(independent_components(values, rows, axes, 4, np.random.default_rng(1)))
    assert ours.cumulative[-1] == pytest.approx(principals.cumulative[-1], abs=1e-9)
    np.testing.assert_allclose(ours.scores @ ours.components, principals.scores @ principals.components, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(ours.components, axis=1), 1, rtol=1e-6)
    assert (np.diff(ours.explained) <= 0).all()


def test_another_start_finds_the_same_where_there_is_something_to_find(rng):
    values, _ = mixture(rng)
    axes, _ = principal(values, np.arange(40), 4)
    one, two = (
        finish(independent_components(values, np.arange(40), axes, 4, np.random.default_rng(seed))) for seed in (1, 2)
    )
    np.testing.assert_allclose(two.components, one.components, atol=1e-4)


def test_who_goes_round_in_circles_says_that_nothing_has_settled(rng, monkeypatch):
    monkeypatch.setattr("imagenomer.statistics.independent_components._MOST_ICA_STEPS", 2)
    values, _ = mixture(rng)
    axes, _ = principal(values, np.arange(40), 4)
    ours = finish(independent_components(values, np.arange(40), axes, 4, np.random.default_rng(1)))
    assert not ours.converged
    assert ours.n_iterations == 2


@settings(max_examples=40)
@given(SEEDS)
def test_noise_has_no_sources_and_ends_in_some_rotation_all_the_same(seed):
    # Steps lead to and fro here, and half of a step to the opposite is no rotation.
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((30, 400), dtype=np.float32)
    axes, principals = principal(values, np.arange(30), 10)
    ours = finish(independent_components(values, np.arange(30), axes, 10, rng))
    assert ours.cumulative[-1] == pytest.approx(principals.cumulative[-1], abs=1e-9)
    np.testing.assert_allclose(ours.scores @ ours.components, principals.scores @ principals.components, atol=1e-4)
