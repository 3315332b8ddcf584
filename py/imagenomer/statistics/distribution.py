"""Distribution of one sample beside others: common histogram bins, density, box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imagenomer.errors import InputError
from imagenomer.types import FloatArray


@dataclass(frozen=True, slots=True)
class Box:
    """Tukey's box of a sample: quartiles, whiskers to the last value within 1.5 box lengths, the values beyond."""

    lower_whisker: float
    lower_quartile: float
    median: float
    upper_quartile: float
    upper_whisker: float
    outliers: FloatArray


def histogram_edges(samples: Sequence[FloatArray], most: int = 60) -> FloatArray:
    """Return bin edges that suit several samples at once.

    The narrower of the widths of Freedman and Diaconis (1981), from the pooled spread, and of Sturges (1926), from
    the size of the smallest sample that has values, so that its bins are not mostly empty: the first suits many
    values and long tails, the second shows the shape of few. Whole numbers get bins of whole width, bounded
    half-way between two of them.

    Parameters
    ----------
    samples : sequence of ndarray, each of shape (n,)
        NaN is missing.
    most : int
        Bins, at most: more only draw noise.

    Returns
    -------
    ndarray, shape (n_bins + 1,)
        Between 1 and ``most`` bins that hold every value; empty if there is none.
    """
    present = [values[np.isfinite(values)] for values in samples]
    sizes = [values.size for values in present if values.size]
    if not sizes:
        return np.zeros(0)
    pooled = np.concatenate(present)
    low, high = float(pooled.min()), float(pooled.max())
    whole = bool((pooled == np.round(pooled)).all()) and max(abs(low), abs(high)) < 2**52
    # A span that drowns in the rounding of its ends has no bins between them.
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        half = 0.5 if whole or low == 0 else abs(low) * 0.05
        return np.array([low - half, high + half])
    spread = float(np.subtract(*np.quantile(pooled, [0.75, 0.25]))) or float(pooled.std())
    sturges = (high - low) / (np.log2(min(sizes)) + 1)
    width = max(min(2 * spread / np.cbrt(min(sizes)), sturges), (high - low) / most)
    if not whole:
        return np.linspace(low, high, min(int(np.ceil((high - low) / width)), most) + 1)
    whole_width = max(int(width), int(np.ceil((high - low + 1) / most)))
    n_bins = int((high - low) // whole_width) + 1
    return np.asarray(low - 0.5 + whole_width * np.arange(n_bins + 1))


def kernel_density(values: FloatArray, at: FloatArray) -> FloatArray:
    """Return the Gaussian kernel density of a sample, with Scott's bandwidth.

    Parameters
    ----------
    values : ndarray, shape (n,)
        NaN is missing.
    at : ndarray, shape (n_points,)

    Returns
    -------
    ndarray, shape (n_points,)
        Per unit of ``values``.

    Raises
    ------
    InputError
        If there are fewer than two values or they are all the same, which have no density.

    References
    ----------
    Scott (1992), Multivariate Density Estimation.
    """
    values = values[np.isfinite(values)]
    sd = values.std(ddof=1) if values.size > 1 else 0.0
    if sd == 0:
        raise InputError(f"{values.size} values without spread have no density; show a histogram instead")
    bandwidth = sd * values.size ** (-1 / 5)
    density = np.zeros(at.size)
    for start in range(0, values.size, 512):
        distance = (at[:, None] - values[start : start + 512]) / bandwidth
        density += np.exp(-(distance**2) / 2).sum(axis=1)
    return np.asarray(density / (values.size * bandwidth * np.sqrt(2 * np.pi)))


def box(values: FloatArray) -> Box:
    """Return the box of a sample, shape (n,); NaN is missing.

    Raises
    ------
    InputError
        If there is no value.

    References
    ----------
    Tukey (1977), Exploratory Data Analysis.
    """
    values = np.sort(values[np.isfinite(values)])
    if values.size == 0:
        raise InputError("no values, so no box; choose another group")
    lower, median, upper = (float(value) for value in np.quantile(values, [0.25, 0.5, 0.75]))
    reach = 1.5 * (upper - lower)
    inside = values[(values >= lower - reach) & (values <= upper + reach)]
    outliers = values[(values < lower - reach) | (values > upper + reach)]
    # With few values an end of the box can lie outside them; the whisker then has no length.
    return Box(min(float(inside[0]), lower), lower, median, upper, max(float(inside[-1]), upper), outliers)
