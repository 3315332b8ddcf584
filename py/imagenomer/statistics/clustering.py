"""Clustering: an order that puts what is alike side by side."""

from __future__ import annotations

import numpy as np

from imagenomer.types import FloatArray, IntArray


def average_linkage(distance: FloatArray) -> FloatArray:
    """Join the two nearest clusters until one is left; clusters are as far apart as their members on average.

    Parameters
    ----------
    distance : ndarray, shape (n_items, n_items)
        Symmetric; finite.

    Returns
    -------
    ndarray, shape (n_items - 1, 4)
        One row a merge, in `scipy.cluster.hierarchy`'s form: both clusters (merge k makes number n_items + k), the
        smaller number first, their distance, and the number of items in the new one.

    References
    ----------
    Sokal and Michener (1958), Univ. Kansas Sci. Bull. 38:1409.
    """
    n_items = len(distance)
    apart = distance.astype(np.float64)
    np.fill_diagonal(apart, np.inf)
    names, sizes = np.arange(n_items), np.ones(n_items)
    merges = np.zeros((max(n_items - 1, 0), 4))
    for step, merge in enumerate(merges):
        one, other = sorted(np.unravel_index(int(apart.argmin()), apart.shape))
        size = sizes[one] + sizes[other]
        merge[:] = *sorted([names[one], names[other]]), apart[one, other], size
        between = (sizes[one] * apart[one] + sizes[other] * apart[other]) / size
        between[one] = np.inf
        apart[one], apart[:, one] = between, between
        apart[other], apart[:, other] = np.inf, np.inf
        names[one], sizes[one] = n_items + step, size
    return merges


def leaf_order(merges: FloatArray) -> IntArray:
    """Return the items in the order of the tree, shape (n_items,)."""
    n_items = len(merges) + 1
    leaves = [[item] for item in range(n_items)]
    for one, other in merges[:, :2].astype(np.intp).tolist():
        leaves.append(leaves[one] + leaves[other])
    return np.array(leaves[-1], dtype=np.intp)
