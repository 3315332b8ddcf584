"""What tests of harmonisation share: rows of three sites that differ in mean and spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.progress import finish
from imagenomer.statistics.combat import fit_combat
from imagenomer.statistics.sites import sites_of

NAMES = ("Boston", "Chicago", "Denver")


@dataclass
class PlantedTruth:
    """Rows of three sites that differ in mean and spread, and follow age in every third feature."""

    values: np.ndarray
    site: np.ndarray
    age: np.ndarray
    sex: np.ndarray
    shift: np.ndarray
    spread: np.ndarray
    slope: np.ndarray

    @property
    def rows(self):
        return np.arange(self.site.size)

    @property
    def sites(self):
        return sites_of(self.site, NAMES, np.column_stack([self.age, self.sex]), ("age", "sex: M"))

    @property
    def plain(self):
        return sites_of(self.site, NAMES)


def plant(seed=0, sizes=(15, 20, 25), n_features=90, older=4):
    rng = np.random.default_rng(seed)
    site = rng.permutation(np.repeat(np.arange(3), sizes))
    # Entangled with the site, so that what is preserved matters; and as neuroCombat has numbers, in float32.
    age = (rng.normal(30, 8, site.size) + older * (site == 2)).astype(np.float32).astype(float)
    sex = rng.integers(0, 2, site.size)
    shift, spread = rng.normal(0, 0.2, (3, n_features)), rng.uniform(0.6, 1.6, (3, n_features))
    slope = np.where(np.arange(n_features) % 3 == 0, 0.02, 0.0)
    noise = rng.normal(0, 0.15, (site.size, n_features))
    values = 0.2 + (age - 30)[:, None] * slope + shift[site] + spread[site] * noise
    return PlantedTruth(values, site, age, sex, shift, spread, slope)


def harmonised(data, values=None, sites=None, **options):
    values = data.values if values is None else values
    sites = sites or data.sites
    combat = finish(fit_combat(values, data.rows, sites, **options))
    return combat.adjust(values, slice(None), sites)
