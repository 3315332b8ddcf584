"""Sensitivity: how strong a cause that was not measured would have to be to explain an association.

With r2 the share of the rest of the outcome that the target explains given the covariates, and f2 = r2 / (1 - r2), the
robustness value is (sqrt(f2^2 + 4 f2) - f2) / 2: a cause that explains this share of the rest of the target and as
large a share of the rest of the outcome leaves no slope; a weaker one leaves some. Beside it stands the strongest
covariate that was measured, by the same two shares.

References
----------
Cinelli and Hazlett (2020), J R Stat Soc B 82:39.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imagenomer.statistics.orthonormal import shares_of_rest
from imagenomer.types import FloatArray


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What a measured covariate explains.

    Attributes
    ----------
    name : str
    of_target : float
        Share of the rest of the target given the other covariates.
    of_outcome : float
        Share of the rest of the outcome given those and the target.
    """

    name: str
    of_target: float
    of_outcome: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How strong a cause that was not measured would have to be.

    Attributes
    ----------
    partial_r2 : float
        Share of the rest of the outcome that the target explains given the covariates.
    robustness_value : float
    strongest : Benchmark or None
        The covariate whose smaller share is largest; None without covariates.
    """

    partial_r2: float
    robustness_value: float
    strongest: Benchmark | None


def robustness_value(partial_r2: float) -> float:
    """Return the share of the rest of target and outcome that a cause must explain to leave no slope.

    Parameters
    ----------
    partial_r2 : float
        Of the target with the outcome given the covariates, from 0 to below 1.
    """
    f2 = partial_r2 / (1 - partial_r2)
    return float((np.sqrt(f2**2 + 4 * f2) - f2) / 2)


def sensitivity_of(target: FloatArray, outcome: FloatArray, covariates: Mapping[str, FloatArray]) -> Sensitivity | None:
    """Return how strong a cause that was not measured would have to be to explain an association.

    Parameters
    ----------
    target, outcome : ndarray, shape (n_subjects,)
    covariates : mapping of str to ndarray, shape (n_subjects, n_columns)
        By name; the constant is added.

    Returns
    -------
    Sensitivity or None
        None where covariates leave nothing of target or outcome.
    """
    constant = np.ones((target.size, 1))
    partial_r2 = _share(outcome, target[:, None], np.column_stack([constant, *covariates.values()]))
    if not partial_r2 < 1:
        return None
    marks = []
    for name, own in covariates.items():
        others = np.column_stack([constant, *(columns for other, columns in covariates.items() if other != name)])
        of_outcome = _share(outcome, own, np.column_stack([others, target]))
        marks.append(Benchmark(name, _share(target, own, others), of_outcome))
    strongest = max(marks, key=lambda mark: min(mark.of_target, mark.of_outcome), default=None)
    return Sensitivity(partial_r2, robustness_value(partial_r2), strongest)


def _share(outcome: FloatArray, columns: FloatArray, given: FloatArray) -> float:
    """Return the share that columns explain of what others leave of an outcome; NaN where that is nothing."""
    shares, _, _ = shares_of_rest(outcome[:, None], columns, given)
    return float(shares[0])
