"""What tests of predictions share: how many subjects and edges, and folds as scikit-learn takes them."""

from __future__ import annotations

import numpy as np

#: Subjects, and edges that predict.
N, P = 90, 300


def inner_of(n, model, classes=None):
    """Return the inner folds of a model as scikit-learn takes them."""
    return [(part.train, part.test) for part in model.inner.of(np.arange(n), classes)]
