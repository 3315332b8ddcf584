"""Reliability: intraclass correlations of what was measured several times in each subject.

In a table of n subjects by k occasions, with the mean squares of subjects, of occasions and of what is left,

    ICC(3,1) = (MS_subjects - MS_rest) / (MS_subjects + (k - 1) MS_rest)
    ICC(2,1) = (MS_subjects - MS_rest) / (MS_subjects + (k - 1) MS_rest + k (MS_occasions - MS_rest) / n)

the first of consistency, which a shift of everybody from one occasion to the next leaves as it is, the second of
absolute agreement, which it lowers. Both are of a single measurement, and can be below 0.

References
----------
Shrout and Fleiss (1979), Psychol. Bull. 86:420. McGraw and Wong (1996), Psychol. Methods 1:30.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imagenomer.progress import Progress, Steps
from imagenomer.types import Float32Array, FloatArray, IntArray

#: Subjects that an intraclass correlation is of, at least.
_FEWEST = 3
#: Features worked on at a time.
_COLUMNS = 512
#: A feature that varies by less than this share of its mean square is constant but for rounding.
_CONSTANT = 1e-13


@dataclass(frozen=True, slots=True)
class Reliability:
    """Intraclass correlations of each feature.

    Attributes
    ----------
    consistency, agreement : ndarray, shape (n_features,)
        ICC(3,1) and ICC(2,1); NaN where fewer than three subjects have a value on all occasions, or nothing varies.
    n_subjects : ndarray of int, shape (n_features,)
        Those with a value on all occasions.
    """

    consistency: FloatArray
    agreement: FloatArray
    n_subjects: IntArray


def reliability(occasions: Sequence[Float32Array], rows: Sequence[IntArray]) -> Steps[Reliability]:
    """Return the intraclass correlations of every feature.

    Parameters
    ----------
    occasions : sequence of ndarray, shape (n_rows, n_features)
        One for each of at least two.
    rows : sequence of ndarray of int, shape (n_subjects,)
        Rows of the same subjects on each occasion, in the same order.
    """
    n_features = occasions[0].shape[1]
    parts = []
    for start in range(0, n_features, _COLUMNS):
        yield Progress("Comparing occasions", start, n_features)
        columns = slice(start, start + _COLUMNS)
        parts.append(
            _of_block(np.stack([one[:, columns][own] for one, own in zip(occasions, rows, strict=True)]).astype(float))
        )
    consistency, agreement, n_subjects = (np.concatenate(one) for one in zip(*parts, strict=True))
    return Reliability(consistency, agreement, n_subjects)


def _of_block(values: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return ICC(3,1), ICC(2,1) and the subjects of each feature; ``values``: (n_occasions, n_subjects, n_features)."""
    k = len(values)
    complete = np.isfinite(values).all(axis=0)
    n = complete.sum(axis=0)
    values = np.where(complete, values, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        grand = values.sum(axis=(0, 1)) / (n * k)
        of_subjects = np.where(complete, values.mean(axis=0) - grand, 0)
        of_occasions = values.sum(axis=1) / n - grand
        rest = np.where(complete, values - grand - of_subjects - of_occasions[:, None], 0)
        subjects = k * (of_subjects**2).sum(axis=0) / (n - 1)
        between = n * (of_occasions**2).sum(axis=0) / (k - 1)
        left = (rest**2).sum(axis=(0, 1)) / ((n - 1) * (k - 1))
        varies = (n >= _FEWEST) & (subjects + left > _CONSTANT * (values**2).sum(axis=(0, 1)) / (n * k))
        consistency = (subjects - left) / (subjects + (k - 1) * left)
        agreement = (subjects - left) / (subjects + (k - 1) * left + k * (between - left) / n)
    return np.where(varies, consistency, np.nan), np.where(varies, agreement, np.nan), n
