"""The errors of a prediction, and what is known of the subjects that is associated with them."""

from __future__ import annotations

import numpy as np

from imagenomer.analyses.models.prediction_result import PredictionErrors
from imagenomer.analyses.shared.predictors import FeatureSet
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.progress import Steps
from imagenomer.statistics.pairwise import associate_pairs
from imagenomer.statistics.prediction import CrossValidation
from imagenomer.types import FloatArray

#: Phenotypes that errors are compared with, at most.
_MOST_PHENOTYPES = 60


def prediction_errors(cohort: Cohort, features: FeatureSet, validation: CrossValidation) -> Steps[PredictionErrors]:
    """Associate the errors of predictions with everything known of the subjects.

    Parameters
    ----------
    cohort : Cohort
        Of the subjects: the open one, or both together.
    features : FeatureSet
    validation : CrossValidation
    """
    signed, absolute = _signed_and_absolute(validation)
    full = [np.full(cohort.n_subjects, np.nan) for _ in range(2)]
    for values, own in zip(full, (signed, absolute), strict=True):
        values[features.subjects] = own
    known = list(cohort.phenotypes.values())[:_MOST_PHENOTYPES]
    phenotypes = [Phenotype("signed error", full[0]), Phenotype("absolute error", full[1]), *known]
    tested = features.subjects[np.isfinite(absolute)]
    pairs = yield from associate_pairs(phenotypes, tested)
    return PredictionErrors(
        signed,
        absolute,
        tuple(known),
        pairs.association[:2, 2:],
        pairs.neg_log10_p[:2, 2:],
        pairs.n_subjects[:2, 2:],
    )


def _signed_and_absolute(validation: CrossValidation) -> tuple[FloatArray, FloatArray]:
    """Return truth less prediction, and its absolute value; of classes the share of wrong predictions."""
    tested = np.isfinite(validation.predicted)
    n = tested.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        if validation.n_classes:
            wrong = (tested & (validation.predicted != validation.truth)).sum(axis=0) / np.where(n > 0, n, np.nan)
            return np.full(wrong.shape, np.nan), wrong
        signed = validation.truth - validation.averaged()[:, 0]
    return signed, np.abs(signed)
