"""Site effects of each feature, and what pooling makes of them: NumPy and neuroCombat as oracles."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pandas as pd
import pytest

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.combat import fit_combat
from imagenomer.statistics.site_effects import SiteModel, estimate_moments, shrink
from imagenomer.statistics.sites import sites_of
from shifted import NAMES, plant


@pytest.fixture
def neuro_combat(monkeypatch):
    """neuroCombat by JP Fortin, silenced; its reference site needs a name that NumPy has dropped."""
    program = pytest.importorskip("neuroCombat.neuroCombat", reason="neuroCombat is pinned in pyproject.toml")
    monkeypatch.setattr(np, "int", int, raising=False)

    def run(data, **options):
        table = pd.DataFrame({"site": data.site, "age": data.age, "sex": data.sex})
        with contextlib.redirect_stdout(io.StringIO()):
            return program.neuroCombat(
                data.values.T.copy(), table, "site", categorical_cols=["sex"], continuous_cols=["age"], **options
            )

    return run


def test_means_spreads_and_shifts_of_a_feature_are_those_of_the_sites():
    rng = np.random.default_rng(3)
    codes = np.repeat(np.arange(3), (5, 6, 7))
    block = rng.normal(2, 1, (18, 4)) + codes[:, None]
    moments = estimate_moments(block, SiteModel.of(sites_of(codes, NAMES)), False, None)
    means = np.array([block[codes == site].mean(axis=0) for site in range(3)])
    squares = np.array([((block[codes == site] - means[site]) ** 2).sum(axis=0) for site in range(3)])
    sd = np.sqrt(squares.sum(axis=0) / 18)
    np.testing.assert_allclose(moments.mean, block.mean(axis=0))
    np.testing.assert_allclose(moments.sd, sd)
    np.testing.assert_allclose(moments.shift, (means - block.mean(axis=0)) / sd, atol=1e-12)
    np.testing.assert_allclose(moments.scale, squares / np.array([[4], [5], [6]]) / sd**2)


def test_pooling_draws_every_shift_towards_their_mean():
    rng = np.random.default_rng(4)
    codes = np.repeat(np.arange(2), 8)
    block = rng.normal(0, 1, (16, 50)) + np.where(codes[:, None] == 1, rng.normal(1, 0.3, 50), 0)
    moments = estimate_moments(block, SiteModel.of(sites_of(codes, NAMES[:2])), False, None)
    shift, scale = moments.shift.copy(), moments.scale.copy()
    shrink(moments, 1, False, shift, scale)
    middle = moments.shift[1].mean()
    assert (np.abs(shift[1] - middle) < np.abs(moments.shift[1] - middle)).all()
    assert scale[1].std() < moments.scale[1].std()
    np.testing.assert_array_equal(shift[0], moments.shift[0])


def test_its_estimates_are_those_of_neuro_combat(neuro_combat):
    data = plant()
    theirs, ours = neuro_combat(data)["estimates"], finish(fit_combat(data.values, data.rows, data.sites))
    for own, name in ((ours.raw_shift, "gamma_hat"), (ours.shift, "gamma.star"), (ours.scale, "delta.star")):
        np.testing.assert_allclose(own, theirs[name], atol=1e-10)
    np.testing.assert_allclose(ours.raw_scale, np.array(theirs["delta_hat"]), atol=1e-10)
    np.testing.assert_allclose(ours.sd**2, theirs["var.pooled"][:, 0], rtol=1e-10)


def test_pooling_matters_more_the_smaller_the_site():
    data = plant(13, sizes=(6, 60, 200), n_features=300)
    combat = finish(fit_combat(data.values, data.rows, data.sites))
    moved = np.abs(np.log(combat.scale) - np.log(combat.raw_scale)).mean(axis=1)
    assert moved[0] > 2 * moved[1] > 2 * moved[2]


def test_pooling_over_a_single_feature_is_refused():
    data = plant()
    with pytest.raises(InputError, match="empirical Bayes learns from many edges"):
        finish(fit_combat(data.values[:, :1], data.rows, data.sites))


def test_more_columns_than_subjects_are_refused():
    data = plant()
    rows = np.array([*np.flatnonzero(data.site == 0)[:2], *np.flatnonzero(data.site == 1)[:2]])
    with pytest.raises(InputError, match="4 subjects cannot fit 4 columns"):
        finish(fit_combat(data.values, rows, data.sites.of(rows)))
