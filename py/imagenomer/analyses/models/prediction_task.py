"""What every model of a prediction is fitted to, and how well one predicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.models.prediction_result import Performance
from imagenomer.progress import Steps
from imagenomer.statistics.folds import Split
from imagenomer.statistics.half_samples import N_PAIRS, half_samples, pairs_for
from imagenomer.statistics.models import Model
from imagenomer.statistics.prediction import cross_validate
from imagenomer.statistics.sample_space import SampleSpace
from imagenomer.statistics.split_tasks import Use
from imagenomer.types import FloatArray, IntArray

#: Key of the random numbers that draw halves of the subjects.
_HALVES = 2


@dataclass(frozen=True, slots=True, eq=False)
class PredictionTask:
    """Features, target, splits and covariates of the same subjects.

    Attributes
    ----------
    space : SampleSpace
    target : ndarray, shape (n_subjects,)
    splits : tuple of Split
    model : Model
    covariates : ndarray, shape (n_subjects, n_covariates), or None
    use : Use
    strata : ndarray of int, shape (n_subjects,), or None
        What halves of the subjects have in the same proportion, beside classes.
    together : ndarray of int, shape (n_subjects,), or None
        Labels that are kept together.
    seed : int
        Draws halves, from a stream of their own.
    across_cohorts : bool
        Models are tested in another cohort.
    intervals : bool
        Whether scores in held-out subjects get intervals, which takes longer than the scores. Models tested in another
        cohort always have some.
    """

    space: SampleSpace
    target: FloatArray | IntArray
    splits: tuple[Split, ...]
    model: Model
    covariates: FloatArray | None
    use: Use
    strata: IntArray | None
    together: IntArray | None
    seed: int
    across_cohorts: bool
    intervals: bool

    def performance(self, use: Use, rng: np.random.Generator) -> Steps[Performance]:
        """Return how well the features predict or, used "covariates", these alone."""
        given = (self.space, self.target, self.splits, self.model)
        validation = yield from cross_validate(*given, covariates=self.covariates, use=use)
        if self.across_cohorts:
            return Performance.of_models(validation, rng)
        if not self.intervals:
            return Performance.without_intervals(validation)
        halves = yield from half_samples(
            *given,
            np.random.default_rng([self.seed, _HALVES]),
            n_pairs=N_PAIRS if use == "covariates" else pairs_for(self.space, self.model),
            covariates=self.covariates,
            use=use,
            strata=self.strata,
            together=self.together,
        )
        return Performance.of(validation, halves)
