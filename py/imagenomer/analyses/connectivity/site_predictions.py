"""Prediction of the site of left-out subjects, before harmonisation and after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from imagenomer.analyses.connectivity.harmonisation_result import SitePredictions
from imagenomer.analyses.shared.sample import Sample
from imagenomer.cohort import Cohort, natural_key
from imagenomer.progress import Steps
from imagenomer.statistics.combat import Combat
from imagenomer.statistics.covbat import Covbat
from imagenomer.statistics.site_prediction import folds_within, parts_of, predict_sites
from imagenomer.statistics.sites import Sites, follows_from_sites
from imagenomer.types import BoolArray, IntArray

#: Folds in which the site is predicted, and subjects (to learn from) that a site needs to be included.
N_FOLDS, FEWEST_TO_PREDICT = 5, 10


def predict_left_out(
    cohort: Cohort,
    sample: Sample,
    sites: Sites,
    learned: BoolArray,
    fit: Callable[..., Steps[Combat | Covbat]],
    seed: int,
) -> Steps[SitePredictions]:
    """Predict the site of left-out subjects, before, and after a harmonisation fitted without them."""
    enough = sites.of(np.flatnonzero(learned)).counts >= FEWEST_TO_PREDICT
    left_out = tuple(sites.names[site] for site in np.flatnonzero((sites.counts > 0) & ~enough))
    if np.count_nonzero(enough) < 2:
        return SitePredictions(None, None, None, left_out)
    part = np.flatnonzero(enough[sites.codes])
    # By name, so that the order of the subjects in the files does not decide.
    part = part[sorted(range(part.size), key=lambda n: natural_key(cohort.subjects[sample.subjects[part[n]]]))]
    own, in_group = sites.of(part), learned[part]
    rng = np.random.default_rng(seed)
    folds = folds_within(2 * own.codes + in_group, N_FOLDS, rng)
    own, dropped = _separable(own, folds, in_group)
    values, rows = sample.observations.values, sample.rows[part]

    def learn(train: IntArray) -> Steps[Combat | Covbat]:
        return (yield from fit(values, rows[train], own.of(train), only=np.flatnonzero(in_group[train])))

    before = yield from predict_sites(values, rows, own, folds)
    after = yield from predict_sites(values, rows, own, folds, learn)
    apart = yield from predict_sites(values, rows, own, folds, learn, apart=True)
    return SitePredictions(before, after, apart, left_out, dropped)


def _separable(sites: Sites, folds: IntArray, in_group: BoolArray) -> tuple[Sites, tuple[str, ...]]:
    """Return the sites without the columns that in some fold's training part follow from the others."""
    dropped: set[int] = set()
    for fold in range(N_FOLDS):
        fewest = parts_of(folds, fold, apart=True)[0]
        dropped |= set(follows_from_sites(sites.of(fewest[in_group[fewest]])))
    kept = [column for column in range(len(sites.columns)) if column not in dropped]
    names = tuple(sites.columns[column] for column in sorted(dropped))
    columns = tuple(sites.columns[column] for column in kept)
    return replace(sites, covariates=sites.covariates[:, kept], columns=columns), names
