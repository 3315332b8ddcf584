"""Remaining slope: how much of the slope of a score on a target is left when a candidate is adjusted for.

S scores subjects for the target R (q columns) by their connectivity (`imagenomer.statistics.left_out_scores`), Z are a
candidate's columns with the constant, RZ what they leave of R, and V = R'R. The slopes of S on the target, given Z and
without, and the share of the one in the other are

    A = tr(V (RZ'RZ)^-1 RZ'S) / tr V        B = tr(R'S) / tr V        share = A / B.

It is a share of a slope, not of a variance: half of an effect is a half, not a quarter. RZ is orthogonal to every
function of the candidate that Z spans, so only the target's dependence on the candidate must be modelled, not that of
connectivity.

The interval is that of an influence function with HC3 residuals of both regressions, summed by cluster. It takes the
learned pattern as given, so its variance is multiplied by 1.5, and along the map of slopes by 2; along the predictive
pattern the standard error is at least 0.5 / sqrt(clusters). These three numbers were found by simulation.

References
----------
MacKinnon and White (1985), J. Econometrics 29:305 (HC3). Robinson (1988), Econometrica 56:931. Efron and Stein (1981),
Ann. Stat. 9:586. Frisch and Waugh (1933), Econometrica 1:387. Carroll et al. (2006), Measurement error in nonlinear
models.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy

from imagenomer.statistics.orthonormal import leave, orthonormal
from imagenomer.statistics.sign_flips import sums_by_cluster
from imagenomer.types import FloatArray, IntArray

#: A candidate that leaves less than this share of the target's variance says the same as the target.
ALIAS = 0.01
#: Confidence of the intervals.
CONFIDENCE = 0.95
#: Of a condition number beyond this some direction of the target is an alias.
_MOST_CONDITION = 1e6
_MOST_LEVERAGE = 0.99
_FEWEST_DOF = 3


@dataclass(frozen=True, slots=True)
class Spread:
    """How an interval allows for a learned pattern.

    Attributes
    ----------
    inflation : float
        Factor of the variance.
    floor : float
        Least standard error, times the root of the number of clusters.
    """

    inflation: float
    floor: float

    def half_width(self, influence: FloatArray, scale: float, codes: IntArray, n_columns: int) -> float:
        """Return the half-width of an interval.

        Parameters
        ----------
        influence : ndarray, shape (n_subjects,)
        scale : float
            By which the influence is divided.
        codes : ndarray of int, shape (n_subjects,)
            Clusters.
        n_columns : int
            Of covariates and target.
        """
        parts = sums_by_cluster(influence, codes)
        error = float(np.sqrt(self.inflation * (parts**2).sum())) / scale
        error = max(error, float(self.floor / np.sqrt(parts.size)))
        return _quantile(CONFIDENCE, _dof(codes, n_columns)) * error


ALONG_PATTERN = Spread(1.5, 0.5)
ALONG_MAP = Spread(2.0, 0.0)


@dataclass(frozen=True, slots=True)
class RemainingShare:
    """Of a slope, the share that remains given a candidate.

    Attributes
    ----------
    estimate, low, high : float
        1 is all of it. NaN and infinities where it cannot be had: the candidate says the same as the target, or there
        is no slope to begin with.
    explained : float
        Share of the target's variance that the candidate explains.
    dof : float
        Degrees of freedom of the interval; NaN where there is none.
    influence : ndarray, shape (n_subjects,)
        What each subject adds to the error of the estimate, but for a factor; empty where there is none.
    """

    estimate: float
    low: float
    high: float
    explained: float
    dof: float = np.nan
    influence: FloatArray = field(default_factory=lambda: np.zeros(0), compare=False, repr=False)

    def at(self, confidence: float) -> tuple[float, float]:
        """Return the limits of an interval of another confidence than `CONFIDENCE`."""
        if not self.known:
            return self.low, self.high
        wider = _quantile(confidence, self.dof) / _quantile(CONFIDENCE, self.dof)
        return self.estimate - wider * (self.estimate - self.low), self.estimate + wider * (self.high - self.estimate)

    @property
    def known(self) -> bool:
        return bool(np.isfinite(self.high - self.low))

    @property
    def is_alias(self) -> bool:
        return self.explained > 1 - ALIAS

    @property
    def reliability(self) -> float:
        """Reliability of a candidate that explains everything and of which this much would remain all the same.

        For one number whose effect is linear: measured with error it leaves (1 - reliability) / (1 - explained).
        """
        return 1 - self.estimate * (1 - self.explained)


def remaining_share(
    target: FloatArray, scores: FloatArray, basis: FloatArray, codes: IntArray, spread: Spread
) -> RemainingShare:
    """Return the share of the slope of scores on a target that remains given a candidate, with its interval.

    Parameters
    ----------
    target, scores : ndarray, shape (n_subjects, n_columns)
        The target centred.
    basis : ndarray, shape (n_subjects, n_basis)
        Orthonormal; spans the constant and the candidate's columns.
    codes : ndarray of int, shape (n_subjects,)
        The cluster of each subject, from 0 on.
    spread : Spread
    """
    total = float((target**2).sum())
    given = slope_given(target, scores, basis)
    if given is None:
        left = leave(target, basis)
        return RemainingShare(np.nan, -np.inf, np.inf, 1 - float((left**2).sum()) / total)
    unknown = RemainingShare(np.nan, -np.inf, np.inf, given.explained)
    without = whole_slope(target, scores)
    if unknown.is_alias or without.slope <= 0:
        return unknown
    share = given.slope / without.slope
    influence = given.influence - share * without.influence
    n_columns = basis.shape[1] + target.shape[1]
    half = spread.half_width(influence, without.slope, codes, n_columns)
    return RemainingShare(share, share - half, share + half, given.explained, _dof(codes, n_columns), influence)


def _dof(codes: IntArray, n_columns: int) -> float:
    """Return the degrees of freedom of an interval, of so many clusters and columns."""
    return float(max(int(codes.max()) + 1 - n_columns, _FEWEST_DOF))


def _quantile(confidence: float, dof: float) -> float:
    """Return how many standard errors an interval reaches to either side, by Student's t."""
    return float(scipy.special.stdtrit(dof, 0.5 + confidence / 2))


@dataclass(frozen=True, slots=True, eq=False)
class Slope:
    """Slope of scores on a target given columns.

    Attributes
    ----------
    slope : float
    influence : ndarray, shape (n_subjects,)
        What each subject adds to the error of the slope.
    explained : float
        Share of the target's variance that the columns explain.
    """

    slope: float
    influence: FloatArray
    explained: float


def slope_given(target: FloatArray, scores: FloatArray, basis: FloatArray) -> Slope | None:
    """Return the slope of scores on a target given an orthonormal basis; None where that leaves no target.

    Parameters
    ----------
    target, scores, basis
        As for `remaining_share`.
    """
    left = leave(target, basis)
    products, whole = left.T @ left, target.T @ target
    total = float(np.trace(whole))
    if np.linalg.cond(products) > _MOST_CONDITION:
        return None
    given = left @ np.linalg.solve(products, whole) / total
    influence = given * _hc3(scores, np.column_stack([basis, left]))
    return Slope(float((given * scores).sum()), influence.sum(axis=1), 1 - float(np.trace(products)) / total)


def whole_slope(target: FloatArray, scores: FloatArray) -> Slope:
    """Return the slope of scores on a target given the constant only."""
    without = target / float(np.trace(target.T @ target))
    influence = without * _hc3(scores, np.column_stack([np.ones((len(target), 1)), target]))
    return Slope(float((without * scores).sum()), influence.sum(axis=1), 0.0)


def _hc3(values: FloatArray, columns: FloatArray) -> FloatArray:
    """Return residuals of a regression over one less the leverage."""
    basis = orthonormal(columns)
    leverage = np.minimum((basis**2).sum(axis=1), _MOST_LEVERAGE)
    return np.asarray(leave(values, basis) / (1 - leverage)[:, None])
