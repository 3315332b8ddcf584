"""Elastic nets of a training part, at a penalty that is given or chosen in inner folds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics import elastic_net
from imagenomer.statistics.models import ElasticNet
from imagenomer.statistics.split_tasks import Fit, Task, require_variation
from imagenomer.types import FloatArray

#: Penalties in a row that are worse than the best so far, after which weaker ones are not tried: the error of an
#: elastic net is rugged beside that of other models.
_WORSE = 5


def fit_elastic_net(task: Task, model: ElasticNet) -> Steps[Fit]:
    yield from elastic_net.prepare()
    paths = yield from _paths(task, model.mix)
    largest = max(path.largest for path in paths)
    require_variation(largest, task.split)
    tried = sorted(model.penalties or (largest * share for share in elastic_net.RELATIVE_PENALTIES), reverse=True)
    penalty = tried[0]
    if len(tried) > 1:
        penalty = yield from _penalty_of_net(task, model, tried)
    try:
        for path in paths:
            yield from path.go_to(penalty)
    except elastic_net.UnsettledError:
        raise InputError(
            f"coordinate descent does not settle at the penalty {penalty:g}, which is too small beside how alike "
            f"features are (from {largest:.3g} on none weighs anything); choose a larger one, or ridge regression"
        ) from None
    selected = np.unique(np.concatenate([path.active for path in paths]))
    weights = np.column_stack([path.weights_of(selected) for path in paths])
    strongest = len(tried) > 1 and penalty == tried[0]
    return Fit(_decision(task, paths), np.zeros_like(task.left), penalty, selected, weights, strongest)


def _paths(task: Task, mix: float) -> Steps[list[elastic_net.Path]]:
    """Return the elastic net of each column, at the largest penalty."""
    yield Progress("Training")
    features, rows = task.space.features, task.space.rows[task.split.train]
    lengths = yield from features.lengths(rows, task.projection.basis)
    return [elastic_net.Path(features, rows, task.projection, column, mix, lengths) for column in task.left.T]


def _decision(task: Task, paths: Sequence[elastic_net.Path]) -> FloatArray:
    rows = task.space.rows[task.split.test]
    return task.known + np.column_stack([path.predicted(rows) for path in paths])


def _penalty_of_net(task: Task, model: ElasticNet, tried: Sequence[float]) -> Steps[float]:
    """Return the penalty with the minimum mean squared error in inner folds, of penalties that fall."""
    parts = []
    for part, truth in task.within(model.inner):
        parts.append((part, truth, (yield from _paths(part, model.mix))))
    best, worse = (np.inf, tried[0]), 0
    for penalty in tried:
        error = 0.0
        try:
            for part, truth, paths in parts:
                for path in paths:
                    yield from path.go_to(penalty, exactly=False)
                error += float(((truth - _decision(part, paths)) ** 2).mean(axis=0).sum())
        except elastic_net.UnsettledError:  # nor will it at any smaller one
            break
        if error < best[0]:
            best, worse = (error, penalty), 0
        else:
            worse += 1
        if worse == _WORSE:
            break
    return best[1]
