"""Simultaneous intervals: how confident each of several must be for all of them to hold at once.

Intervals at 95 % miss one estimate in twenty; where many are looked at, one of them is likely to miss. Estimates of the
same subjects are associated, so Bonferroni would widen them too much. With the influence of each subject on each
estimate the correlation matrix C of their errors is known, and the largest |z| of draws of N(0, C) has a quantile q
below which all errors stay at once (max-|t|; the bootstrap with normal multipliers of the influences is the same).
An interval that is to hold with all others then has the confidence 2 Phi(q) - 1: 0.95 for one estimate, 0.95^(1/m) for
m independent ones, and never more than that (Sidak 1967).

References
----------
Chernozhukov, Chetverikov and Kato (2013), Ann. Stat. 41:2786. Hothorn, Bretz and Westfall (2008), Biom. J. 50:346.
Sidak (1967), J. Am. Stat. Assoc. 62:626.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.products import gram, multiply
from imagenomer.statistics.remaining_slope import CONFIDENCE
from imagenomer.statistics.sign_flips import sums_by_cluster
from imagenomer.types import FloatArray, IntArray

#: Draws of the largest |z|, and of these so many in a step. The confidence of each is known to about 0.001.
_DRAWS, _AT_ONCE = 40_000, 4_000


def confidence_of_each(influences: Sequence[FloatArray], codes: IntArray, rng: np.random.Generator) -> Steps[float]:
    """Return the confidence that each of some intervals needs for all to hold at once at `CONFIDENCE`.

    Parameters
    ----------
    influences : sequence of ndarray, shape (n_subjects,)
        Of each estimate, in any unit; 0 of subjects who take no part in it.
    codes : ndarray of int, shape (n_subjects,)
        The cluster of each subject, from 0 on.
    rng : numpy.random.Generator

    Returns
    -------
    float
        Between `CONFIDENCE`, of one estimate, and its m-th root, of m independent ones.
    """
    parts = [sums_by_cluster(one, codes) for one in influences]
    lengths = [float(np.sqrt((one**2).sum())) for one in parts]
    units = [one / length for one, length in zip(parts, lengths, strict=True) if length > 0]
    if len(units) < 2:
        return CONFIDENCE
    values, vectors = np.linalg.eigh(gram(np.stack(units)))
    root = multiply(vectors * np.sqrt(np.maximum(values, 0)), vectors.T)  # symmetric: whatever signs vectors have
    largest = np.empty(_DRAWS)
    for start in range(0, _DRAWS, _AT_ONCE):
        yield Progress("Making intervals simultaneous", start, _DRAWS)
        draws = multiply(rng.standard_normal((_AT_ONCE, len(units))), root)
        largest[start : start + _AT_ONCE] = np.abs(draws).max(axis=1)
    found = 2 * float(scipy.special.ndtr(np.quantile(largest, CONFIDENCE))) - 1
    return float(min(max(found, CONFIDENCE), CONFIDENCE ** (1 / len(units))))
