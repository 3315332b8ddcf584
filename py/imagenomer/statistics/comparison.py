"""Comparison of a number with another, or between levels: a line and its band, and adjusted means."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from imagenomer.statistics.design import Design, Term
from imagenomer.types import FloatArray, IntArray

_N_PLACES = 101


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A straight line fitted by least squares, and where the true one lies.

    Attributes
    ----------
    x, y : ndarray, shape (n_places,)
    lower, upper : ndarray, shape (n_places,)
        Confidence limits of the mean of y at each x (not of a single subject); NaN with two points.
    """

    x: FloatArray
    y: FloatArray
    lower: FloatArray
    upper: FloatArray

    @property
    def ends(self) -> tuple[float, float, float, float]:
        """First and last point: x0, y0, x1, y1."""
        return float(self.x[0]), float(self.y[0]), float(self.x[-1]), float(self.y[-1])


def fit_line(x: FloatArray, y: FloatArray, n_adjusted: int = 0, confidence: float = 0.95) -> Line:
    """Fit y by a straight line in x.

    Parameters
    ----------
    x, y : ndarray, shape (n_subjects,)
        ``x`` varies.
    n_adjusted : int
        Degrees of freedom spent before, where x and y are residuals.
    confidence : float
    """
    dx, dy = x - x.mean(), y - y.mean()
    squares = float(dx @ dx)
    slope = float(dx @ dy) / squares
    places = np.linspace(float(x.min()), float(x.max()), _N_PLACES)
    heights = float(y.mean()) + slope * (places - float(x.mean()))
    dof = x.size - 2 - n_adjusted
    if dof < 1:
        nowhere = np.full(_N_PLACES, np.nan)
        return Line(places, heights, nowhere, nowhere)
    scatter = np.sqrt(float(((dy - slope * dx) ** 2).sum()) / dof)
    error = scatter * np.sqrt(1 / x.size + (places - float(x.mean())) ** 2 / squares)
    margin = float(scipy.special.stdtrit(dof, (1 + confidence) / 2)) * error
    return Line(places, heights, heights - margin, heights + margin)


def adjusted_means(values: FloatArray, codes: IntArray, tested: Term, design: Design) -> FloatArray:
    """Return the mean of each level as it would be if its members had the covariates of everybody.

    The prediction of the linear model with every subject put at that level, averaged over all subjects.

    Parameters
    ----------
    values : ndarray, shape (n_subjects,)
    codes : ndarray, shape (n_subjects,)
        0 to n_levels - 1; every level occurs.
    tested : Term
        The category as columns, all but the first level.
    design : Design

    Returns
    -------
    ndarray, shape (n_levels,)
    """
    weights = np.linalg.lstsq(np.column_stack([design.matrix, tested.values]), values, rcond=None)[0]
    effects = np.concatenate([[0.0], weights[design.rank :]])
    shares = np.bincount(codes, minlength=effects.size) / codes.size
    return np.asarray(values.mean() + effects - shares @ effects)
