"""Models of one split: what is fitted to the training part, and what it says of the test part.

Whatever a model is fitted by sees the training part only: penalties, selection of features, covariates.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.classifiers import fit_classifier, fit_covariates
from imagenomer.statistics.elastic_net_models import fit_elastic_net
from imagenomer.statistics.folds import Split
from imagenomer.statistics.models import ConnectomeModel, ElasticNet, Model, Ridge, TopFeatures
from imagenomer.statistics.ridge_models import fit_ridge
from imagenomer.statistics.sample_space import SampleSpace, space_of_numbers
from imagenomer.statistics.selection import fit_connectome, strongest_features
from imagenomer.statistics.split_tasks import Fit, Task, Use, columns_of, task_of
from imagenomer.types import FloatArray, IntArray


def fit_split(
    space: SampleSpace,
    target: FloatArray | IntArray,
    n_classes: int,
    split: Split,
    model: Model,
    covariates: FloatArray | None = None,
    use: Use = "features",
) -> Steps[Fit]:
    """Fit a model to the training part of a split, and predict the test part.

    Parameters
    ----------
    space, target, covariates, use
        As for `imagenomer.statistics.prediction.cross_validate`.
    n_classes : int
        0 where the target is a number.
    split : Split
    model : Model

    Raises
    ------
    InputError
        If the target does not vary in the training part, or a model does not fit the type of target.
    """
    own = target[split.train]
    if (own == own[0]).all():
        raise InputError(
            f"all training subjects of {split.name or 'a split'} have the same target, so nothing can be learned; "
            "choose other folds or a larger group"
        )
    classes = own.astype(np.intp) if n_classes else None
    task = task_of(space, split, columns_of(own, n_classes), covariates, use, classes)
    if use == "covariates":
        return (yield from fit_covariates(task, model))
    if isinstance(model, Ridge):
        return (yield from fit_ridge(task, model))
    if isinstance(model, ElasticNet):
        return (yield from fit_elastic_net(task, model))
    if isinstance(model, ConnectomeModel):
        return (yield from fit_connectome(task, model))
    if isinstance(model, TopFeatures):
        return (yield from _fit_top(target, n_classes, covariates, task, model))
    if not n_classes:
        raise InputError("a classifier needs a category to predict; choose one, or another model")
    return (yield from fit_classifier(task, model))


def _fit_top(
    target: FloatArray | IntArray,
    n_classes: int,
    covariates: FloatArray | None,
    task: Task,
    model: TopFeatures,
) -> Steps[Fit]:
    yield Progress("Selecting features")
    selected = yield from strongest_features(task, model.n)
    split = task.split
    both = np.concatenate([split.train, split.test])
    rows = task.space.rows
    small = space_of_numbers(task.space.features.chosen(rows[both], selected, rows[split.train]))
    place = Split(np.arange(split.train.size), np.arange(split.train.size, both.size), split.name)
    some = None if covariates is None else covariates[both]
    then = model.then
    if then.inner is not None:
        then = replace(then, inner=then.inner.moved(rows[both]))
    fit = yield from fit_split(small, target[both], n_classes, place, then, some, task.use)
    weights = np.column_stack(
        [fit.weights_in(small, place.train, column) for column in range(fit.coefficients.shape[1])]
    )
    return replace(fit, coefficients=np.zeros_like(task.left), selected=selected, weights=weights)
