"""What tests of networks of edges share: two groups that differ in the edges of one parcel."""

from __future__ import annotations

import numpy as np

from edges_of_age import blocks_of
from imagenomer.cohort import Phenotype
from imagenomer.edges import n_edges_of
from imagenomer.progress import finish
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.freedman_lane import FreedmanLane
from imagenomer.statistics.permutation import heights_of

N_PARCELS = 9


def draw(seed, n=24, n_parcels=N_PARCELS, effect=0.0):
    """Draw two groups that differ in the edges of the first parcel, a site, and age as a covariate."""
    rng = np.random.default_rng(seed)
    everybody = np.arange(n)
    group = Phenotype("group", rng.permutation(everybody % 2), levels=("a", "b"))
    site = Phenotype("site", rng.permutation(everybody % 3), levels=("A", "B", "C"))
    age = Phenotype("age", rng.uniform(8, 21, n))
    values = rng.standard_normal((n, n_edges_of(n_parcels)))
    values[:, : n_parcels - 1] += effect * group.values[:, None]
    design = build_design([age], everybody)
    return values.astype(np.float32), code(group, everybody), code(site, everybody), design


def run(kernel, values, *arguments, seed=0, n_permutations=99, **options):
    rows, rng = np.arange(len(values)), np.random.default_rng(seed)
    return finish(kernel(values, rows, *arguments, n_permutations=n_permutations, rng=rng, **options))


def permuted_heights(values, tested, design, seed, n_permutations, alternative):
    """Return the heights of every edge in each permutation."""
    model = FreedmanLane(values, np.arange(len(values)), tested, design)
    ((_, permutations, unit, _),) = blocks_of(model, model.permutations(n_permutations, np.random.default_rng(seed)))
    share, sign = model.all_shares(unit, permutations)
    statistic = model.statistic_of(share.astype(float))
    return heights_of(statistic * sign if model.n_tested == 1 else statistic, alternative, model.n_tested)
