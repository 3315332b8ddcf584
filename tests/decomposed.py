"""What tests of decompositions share: connectivity of a few sources, and its principal components."""

from __future__ import annotations

import numpy as np

from imagenomer.progress import finish
from imagenomer.statistics.decomposition import axes_of, principal_components


def mixture(rng, n_subjects=40, n_edges=1500, n_sources=4, noise=0.02):
    """Connectivity of subjects who are mixtures of a few maps, most of whose edges are near zero."""
    sources = rng.laplace(size=(n_sources, n_edges)) ** 3 / 6
    mixing = rng.normal(size=(n_subjects, n_sources)) * np.arange(n_sources, 0, -1) * 0.05
    values = 0.3 + mixing @ sources + rng.normal(0, noise, (n_subjects, n_edges))
    return values.astype(np.float32), sources


def principal(values, rows, n_components):
    axes = finish(axes_of(values, rows))
    return axes, finish(principal_components(values, rows, axes, n_components))


def matched(components, sources):
    """Return how well each source is correlated with its best component."""
    n = len(components)
    return np.abs(np.corrcoef(np.nan_to_num(components), sources)[:n, n:]).max(axis=0)
