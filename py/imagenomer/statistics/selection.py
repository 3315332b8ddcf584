"""Selection of features within a training part, by their correlation with the target.

References
----------
Shen et al. (2017), Nat. Protoc. 12:506 (connectome-based predictive modelling).
"""

from __future__ import annotations

import numpy as np
import scipy

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.models import ConnectomeModel
from imagenomer.statistics.products import multiply
from imagenomer.statistics.split_tasks import Fit, Task, require_variation
from imagenomer.types import FloatArray, IntArray

#: Error of a correlation from float32 features; nearer decisions are made again from exact ones.
_R_ERROR = 1e-5


def _correlations(task: Task) -> Steps[tuple[FloatArray, FloatArray]]:
    """Return the (partial) correlation of every feature with each column in the training part, and the unit columns.

    Returns
    -------
    r : ndarray, shape (n_all_features, n_columns)
        To within `_R_ERROR`; NaN where a feature does not vary.
    unit : ndarray, shape (n_train, n_columns)
    """
    space, rows = task.space, task.space.rows[task.split.train]
    left = task.left
    with np.errstate(invalid="ignore"):
        unit = left / np.linalg.norm(left, axis=0)
    lengths = yield from space.features.lengths(rows, task.projection.basis)
    r = []
    for column in unit.T:
        yield Progress("Selecting features")
        r.append(space.features.combined(rows, column) / lengths)
    return np.column_stack(r), unit


def _exact_correlations(task: Task, columns: IntArray, unit: FloatArray) -> FloatArray:
    """Return correlations of some features in float64, shape (n_columns, n_units)."""
    rows = task.space.rows[task.split.train]
    own = task.projection.left(task.space.features.chosen(rows, columns, rows))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(multiply(own.T, unit) / np.linalg.norm(own, axis=0)[:, None])


def strongest_features(task: Task, n: int) -> Steps[IntArray]:
    """Return the features whose correlation with any column of the target is strongest in the training part.

    Parameters
    ----------
    task : Task
    n : int
        How many; all that vary, where these are fewer.

    Returns
    -------
    ndarray of int
        Ascending.

    Raises
    ------
    InputError
        If no feature varies.
    """
    r, unit = yield from _correlations(task)
    strength = np.abs(r).max(axis=1)
    known = np.flatnonzero(np.isfinite(strength))
    require_variation(float(known.size), task.split)
    n = min(n, known.size)
    # All that could be among the first n are measured exactly, and ranked by that.
    threshold = np.partition(strength[known], known.size - n)[known.size - n] - 2 * _R_ERROR
    candidates = known[strength[known] >= threshold]
    exact = np.abs(_exact_correlations(task, candidates, unit)).max(axis=1)
    return np.sort(candidates[np.argsort(-exact, kind="stable")[:n]])


def fit_connectome(task: Task, model: ConnectomeModel) -> Steps[Fit]:
    if task.columns.shape[1] > 1:
        raise InputError(
            "connectome-based modelling predicts a number or a category of two levels; choose another model"
        )
    yield Progress("Selecting features")
    split, projection = task.split, task.projection
    rows_train, rows_test = task.space.rows[split.train], task.space.rows[split.test]
    r, unit = yield from _correlations(task)
    r = r[:, 0]
    dof = split.train.size - projection.basis.shape[1] - 1
    t = float(-scipy.special.stdtrit(dof, model.p_threshold / 2))
    limit = t / np.sqrt(dof + t**2)
    close = np.flatnonzero(np.abs(np.abs(r) - limit) < _R_ERROR)
    if close.size:
        r[close] = _exact_correlations(task, close, unit)[:, 0]
    with np.errstate(invalid="ignore"):
        wanted = np.abs(r) > limit
        if model.sign != "both":
            wanted &= r > 0 if model.sign == "positive" else r < 0
    selected = np.flatnonzero(wanted)
    nothing = np.zeros_like(task.left)
    if not selected.size:
        return Fit(task.known, nothing, np.nan, selected, np.zeros((0, 1)))
    signs = np.sign(r[selected])
    train = multiply(task.space.features.chosen(rows_train, selected, rows_train), signs[:, None])[:, 0]
    test = multiply(task.space.features.chosen(rows_test, selected, rows_train), signs[:, None])[:, 0]
    own = projection.left(train)
    squares = float(own @ own)
    slope = float(own @ task.left[:, 0]) / squares if squares > 1e-12 * float(train @ train) else 0.0
    decision = task.known + slope * (test - projection.predicted(train))[:, None]
    return Fit(decision, nothing, np.nan, selected, slope * signs[:, None])
