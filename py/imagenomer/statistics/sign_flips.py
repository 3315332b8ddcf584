"""Sign flips: the null distribution of a score test whose errors are symmetric about zero, however unequal.

What a null model leaves of a target is multiplied by +1 or -1, a sign for each subject or, where subjects are related,
for each cluster of them (a family). Errors that are independent between clusters and symmetric have the same
distribution after a flip, whatever their variances (Hemerik, Goeman and Finos 2020), which is not so of permutations:
they give the spread of one group of subjects to another. All signs turned give the same two-sided statistics, so that
of m clusters there are 2^(m - 1) flips; where these are not more than were asked for all of them are used, and the
p-value is exact.

Several statistics of the same flips are combined by the smallest of their p-values, which is compared with the smallest
p-values of the flips themselves (Westfall and Young 1993): no correction for their number is needed.

References
----------
Hemerik, Goeman and Finos (2020), J. R. Stat. Soc. B 82:841. Winkler et al. (2014), NeuroImage 92:381. Westfall and
Young (1993), Resampling-based multiple testing, Wiley. Phipson and Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9:39.
"""

from __future__ import annotations

import numpy as np

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.orthonormal import leave
from imagenomer.statistics.products import multiply
from imagenomer.types import FloatArray, IntArray

#: Signs drawn in a step.
_DRAWN = 2_000_000
#: Statistics that differ by less, relative to their size, are equal: what rounding can make of them.
_ROUNDING = 1e-9


def cluster_codes(labels: IntArray | None, n_subjects: int) -> IntArray:
    """Return which cluster each subject is in, from 0 on without gaps; without labels each subject its own."""
    if labels is None:
        return np.arange(n_subjects)
    return np.unique(labels, return_inverse=True)[1].astype(np.intp)


def count_flips(n_clusters: int, *, signed: bool) -> float:
    """Return how many flips differ, the identity included; infinite beyond the largest double.

    Parameters
    ----------
    n_clusters : int
    signed : bool
        Whether the sign of the statistic matters, so that all signs turned are a flip of its own.
    """
    exponent = n_clusters - 1 + signed
    return 2.0**exponent if exponent < 1000 else float("inf")


def flips_are_exhaustive(n_clusters: int, n_flips: int) -> bool:
    """Return whether all flips of some clusters are no more than a number of flips and the identity."""
    return count_flips(n_clusters, signed=False) <= 1 + n_flips


def all_signs(n_clusters: int) -> FloatArray:
    """Return all signs of some clusters but those that are others turned, the identity first.

    Returns
    -------
    ndarray of +1 and -1, shape (2 ** (n_clusters - 1), n_clusters)
    """
    numbers = np.arange(2 ** (n_clusters - 1))[:, None]
    bits = (numbers >> np.arange(n_clusters - 1)) & 1
    return np.column_stack([np.ones(numbers.size), 1.0 - 2.0 * bits])


def draw_signs(rng: np.random.Generator, n_flips: int, n_clusters: int) -> FloatArray:
    """Return random signs, shape (n_flips, n_clusters)."""
    return np.asarray(1.0 - 2.0 * rng.integers(0, 2, (n_flips, n_clusters)), dtype=np.float64)


def signs_in_steps(
    rng: np.random.Generator, n_flips: int, n_clusters: int, progress: Progress, *, identity: bool
) -> Steps[FloatArray]:
    """Return the signs of `draw_signs`, or with the identity those of `identity_and_flips`, drawn in steps.

    Parameters
    ----------
    rng, n_flips, n_clusters
        As for `draw_signs`.
    progress : Progress
        What is yielded between steps.
    identity : bool
        Whether the identity comes first; then all flips there are are used where these are no more.
    """
    if identity and flips_are_exhaustive(n_clusters, n_flips):
        return identity_and_flips(rng, n_flips, n_clusters)
    signs = np.ones((n_flips + identity, n_clusters))
    at_once = max(1, _DRAWN // n_clusters)
    for start in range(int(identity), len(signs), at_once):
        rows = signs[start : start + at_once]
        rows[:] = draw_signs(rng, len(rows), n_clusters)
        yield progress
    return signs


class SignFlips:
    """All flips but the identity where those are few enough, else a random sample.

    Parameters
    ----------
    n_clusters, n_flips : int
        How many have a sign of their own, and how many flips are asked for.
    rng : numpy.random.Generator
    signed : bool
        As for `count_flips`.

    Attributes
    ----------
    n : int
        How many there are to draw.
    """

    def __init__(self, n_clusters: int, n_flips: int, rng: np.random.Generator, *, signed: bool = False) -> None:
        n_distinct = count_flips(n_clusters, signed=signed)
        self._n_clusters, self._rng, self._drawn, self._all = n_clusters, rng, 0, None
        self.n = n_flips
        if n_distinct <= 1 + n_flips:
            half = all_signs(n_clusters)
            self._all = np.vstack([half, -half])[1:] if signed else half[1:]
            self.n = len(self._all)

    def draw(self, n: int) -> FloatArray:
        """Return the next ``n``, shape (n, n_clusters)."""
        if self._all is None:
            return draw_signs(self._rng, n, self._n_clusters)
        self._drawn += n
        return self._all[self._drawn - n : self._drawn]


def identity_and_flips(rng: np.random.Generator, n_flips: int, n_clusters: int) -> FloatArray:
    """Return the identity and so many random flips, or all flips there are where these are no more.

    Returns
    -------
    ndarray of +1 and -1, shape (n, n_clusters)
        The identity first.
    """
    flips = SignFlips(n_clusters, n_flips, rng)
    return np.vstack([np.ones(n_clusters), flips.draw(flips.n)])


def flipped_look(flipped: FloatArray, gram: FloatArray, basis: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return of flips of one column f what it explains of all features, f' K f, and what covariates leave of it, g.

    Parameters
    ----------
    flipped : ndarray, shape (n_flips, n_subjects)
    gram : ndarray, shape (n_subjects, n_subjects)
        K, of what the covariates leave of the features.
    basis : ndarray, shape (n_subjects, n_columns)
        Orthonormal; spans the covariates.

    Returns
    -------
    explained : ndarray, shape (n_flips,)
    left : ndarray, shape (n_flips, n_subjects)
    """
    return (multiply(flipped, gram) * flipped).sum(axis=1), leave(flipped.T, basis).T


def p_values(statistics: FloatArray) -> FloatArray:
    """Return of each flip the share of all flips whose statistic is at least as large.

    Parameters
    ----------
    statistics : ndarray, shape (n_flips,) or (n_flips, n_statistics)
        The first row is of the identity, which counts among the flips: no p-value is 0.

    Returns
    -------
    ndarray of the same shape
    """
    columns = statistics.reshape(len(statistics), -1).copy()
    # Ties with the identity count against it.
    columns[1:] += _ROUNDING * np.abs(columns[1:])
    order = np.argsort(-columns, axis=0, kind="stable")
    ordered = np.take_along_axis(-columns, order, axis=0)
    found = np.empty(columns.shape)
    for index, (of, column) in enumerate(zip(order.T, ordered.T, strict=True)):
        found[of, index] = np.searchsorted(column, column, side="right")
    return (found / len(statistics)).reshape(statistics.shape)


def smallest_p(p: FloatArray) -> float:
    """Return the p-value of the identity's smallest p-value among those of all flips, shape (n_flips, n_statistics)."""
    least = p.min(axis=1)
    return float(np.count_nonzero(least <= least[0] * (1 + _ROUNDING)) / least.size)


def monte_carlo_error(p_value: float, n_flips: int) -> float:
    """Return the standard error of a p-value by so many random flips."""
    return float(np.sqrt(max(p_value * (1 - p_value), 1 / n_flips) / n_flips))


def sums_by_cluster(values: FloatArray, clusters: IntArray) -> FloatArray:
    """Return the sums of rows by cluster, shape (n_clusters, ...); clusters are numbered from 0 without gaps."""
    n_clusters = int(clusters.max()) + 1
    if n_clusters == clusters.size:
        sums = np.empty_like(values)
        sums[clusters] = values
        return sums
    order, starts = _by_cluster(clusters)
    return np.asarray(np.add.reduceat(values[order], starts, axis=0))


def members_of(clusters: IntArray) -> list[IntArray]:
    """Return the positions of the members of each cluster, ascending; clusters are as for `sums_by_cluster`."""
    order, starts = _by_cluster(clusters)
    return np.split(order, starts[1:])


def _by_cluster(clusters: IntArray) -> tuple[IntArray, IntArray]:
    """Return positions sorted by cluster, and where each cluster starts among them."""
    order = np.argsort(clusters, kind="stable")
    return order, np.searchsorted(clusters[order], np.arange(int(clusters.max()) + 1))
