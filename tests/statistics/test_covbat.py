"""CovBat, step by step as in the paper."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

from imagenomer.progress import finish
from imagenomer.statistics.combat import fit_combat
from imagenomer.statistics.covbat import fit_covbat
from imagenomer.statistics.sites import sites_of
from shifted import plant


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


def test_covbat_is_the_paper_step_by_step(neuro_combat):
    """Chen et al. (2022): components of ComBat's residuals, their scores through ComBat without empirical Bayes."""
    data, n_features = plant(n_features=120), 120
    first = neuro_combat(data)
    estimates = first["estimates"]
    expected = (estimates["stand.mean"] + estimates["mod.mean"]).T
    sd = np.sqrt(estimates["var.pooled"][:, 0])
    residual = (first["data"].T - expected) / sd
    centre, spread = residual.mean(axis=0), residual.std(axis=0)
    pca = PCA().fit((residual - centre) / spread)
    scores = pca.transform((residual - centre) / spread)
    n = int(np.min(np.flatnonzero(np.cumsum(pca.explained_variance_ratio_) > 0.95))) + 1
    for column in range(n):
        # By hand: all to the pooled variance within sites and the mean of all, which is 0.
        own = scores[:, column].copy()
        means = np.array([own[data.site == site].mean() for site in range(3)])
        within = own - means[data.site]
        spreads = np.array([within[data.site == site].std(ddof=1) for site in range(3)])
        scores[:, column] = within / spreads[data.site] * np.sqrt(np.mean(within**2))
    oracle = expected + sd * (centre + spread * (scores @ pca.components_))

    ours = finish(fit_covbat(data.values, data.rows, data.sites))
    assert ours.n_components == n
    assert 1 < n < n_features
    np.testing.assert_allclose(finish(ours.apply(data.values, data.rows, data.sites)), oracle, atol=1e-6)


def test_covbat_of_new_rows_is_what_it_makes_of_the_same_rows_among_those_it_learned_from():
    data = plant(8)
    covbat = finish(fit_covbat(data.values, data.rows, data.sites))
    own = finish(covbat.apply(data.values, data.rows, data.sites))
    some = np.array([3, 40, 17])
    np.testing.assert_allclose(finish(covbat.apply(data.values, some, data.sites.of(some))), own[some], atol=1e-6)


def test_combat_leaves_covariances_that_covbat_makes_alike():
    """Two sites of equal means and variances; features go together in one of them only."""
    rng = np.random.default_rng(2)
    site = np.repeat([0, 1], 300)
    values = rng.normal(0, 1, (600, 30))
    values[:300] = (values[:300] + 1.5 * rng.normal(0, 1, (300, 1))) / np.sqrt(1 + 1.5**2)
    sites, rows = sites_of(site, ("A", "B")), np.arange(600)

    def apart(after):
        first, second = (np.corrcoef(after[site == code].T) for code in (0, 1))
        return np.abs(first - second).mean()

    before = apart(values)
    combat = finish(finish(fit_combat(values, rows, sites)).apply(values, rows, sites))
    covbat = finish(finish(fit_covbat(values, rows, sites)).apply(values, rows, sites))
    assert apart(combat) > 0.9 * before
    assert apart(covbat) < 0.3 * before
