"""Tasks: the training and the test part of a split with what every model needs of them, and what a model makes of it.

A number is regressed on. Of two classes one decision value is higher for class 1; of more, each class is classified
against all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from imagenomer.errors import InputError
from imagenomer.statistics.folds import Split
from imagenomer.statistics.models import InnerFolds
from imagenomer.statistics.sample_space import Projection, SampleSpace, project
from imagenomer.types import FloatArray, IntArray

#: How covariates are used: not at all, alone, beside the features, or taken out of the features.
Use: TypeAlias = Literal["features", "covariates", "both", "residual"]


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A split with what of it every model needs.

    Attributes
    ----------
    space : SampleSpace
    split : Split
    columns : ndarray, shape (n_train, n_columns)
        The target of the training subjects, see `columns_of`.
    projection : Projection
        On the mean and on the covariates in use.
    pair : pair of ndarrays, or None
        Covariates in use, of the training and of the test subjects.
    use : Use
    classes : ndarray of int, shape (n_train,), or None
        Codes, where the target is a category.
    """

    space: SampleSpace
    split: Split
    columns: FloatArray
    projection: Projection
    pair: tuple[FloatArray, FloatArray] | None
    use: Use
    classes: IntArray | None = None

    @property
    def known(self) -> FloatArray:
        """What is predicted of the test part without features, shape (n_test, n_columns)."""
        return known_of(self.projection, self.columns, self.use)

    @property
    def left(self) -> FloatArray:
        return self.projection.left(self.columns)

    def within(self, inner: InnerFolds) -> Iterator[tuple[Task, FloatArray]]:
        """Yield the same task of each inner fold, and the target of its test subjects.

        Folds to which features cannot be fitted are left out: with too few subjects of a site to harmonise.

        Raises
        ------
        InputError
            If no fold is left.
        """
        train, n_left, refused = self.split.train, 0, ""
        for part in inner.of(self.space.rows[train], self.classes):
            split = Split(train[part.train], train[part.test], self.split.name)
            refused = self.space.refusal(split)
            if refused:
                continue
            n_left += 1
            pair = None if self.pair is None else (self.pair[0][part.train], self.pair[0][part.test])
            projection = project(part.train.size, part.test.size, pair)
            task = Task(self.space, split, self.columns[part.train], projection, pair, self.use)
            yield task, self.columns[part.test]
        if not n_left:
            raise InputError(
                f"no inner fold of {self.split.name or 'a split'} is left to choose a penalty in: {refused}"
            )


def task_of(
    space: SampleSpace,
    split: Split,
    columns: FloatArray,
    covariates: FloatArray | None,
    use: Use,
    classes: IntArray | None = None,
) -> Task:
    """Return a split with what of it every model needs; ``covariates`` are those of all subjects of the space."""
    pair = None
    if covariates is not None and use != "features":
        pair = (covariates[split.train], covariates[split.test])
    return Task(space, split, columns, project(split.train.size, split.test.size, pair), pair, use, classes)


def columns_of(target: FloatArray | IntArray, n_classes: int) -> FloatArray:
    """Return a target as numbers to regress on: itself, or 1 and -1 for each class (of two, for class 1 only)."""
    if not n_classes:
        return target.astype(np.float64)[:, None]
    classes = np.arange(n_classes) if n_classes > 2 else np.array([1])
    return np.where(target[:, None] == classes, 1.0, -1.0)


def known_of(projection: Projection, columns: FloatArray, use: Use) -> FloatArray:
    """Return what is predicted of the test part without features: by covariates where they are in the model."""
    predicted = projection.predicted(columns)
    if use == "residual":
        return np.broadcast_to(columns.mean(axis=0), predicted.shape)
    return predicted


def require_variation(scale: float, split: Split) -> None:
    """Refuse features that do not vary in the training subjects.

    Raises
    ------
    InputError
        If ``scale`` is not above 0.
    """
    if not scale > 0:
        raise InputError(
            f"no feature varies in the training subjects of {split.name or 'a split'}; choose other features"
        )


# --- what a model makes of it ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A model of one training part.

    Attributes
    ----------
    decision : ndarray, shape (n_test, n_columns)
        Predictions of a number (one column), decision values of class 1 (of two: one column) or of each class.
    coefficients : ndarray, shape (n_train, n_columns)
        Of each training subject's features, summing to zero; zeros where features were selected.
    penalty : float
        NaN where there is none.
    selected : ndarray of int or None
        Features in use; None: all.
    weights : ndarray, shape (n_selected, n_columns), or None
        Theirs.
    strongest : bool
        Whether the strongest of several penalties was chosen: features are hardly informative.
    """

    decision: FloatArray
    coefficients: FloatArray
    penalty: float
    selected: IntArray | None = None
    weights: FloatArray | None = None
    strongest: bool = False

    def weights_in(self, space: SampleSpace, train: IntArray, column: int = 0) -> FloatArray:
        """Return the weight of each feature, shape (n_all_features,); 0 where not selected."""
        if self.selected is None or self.weights is None:
            return space.weights(train, self.coefficients[:, column])
        weights = np.zeros(space.features.n_columns)
        weights[self.selected] = self.weights[:, column]
        return weights
