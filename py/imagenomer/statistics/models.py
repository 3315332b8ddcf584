"""Models to predict with: what each is, and the penalties and inner folds that it is given.

What a model is fitted by stands in `imagenomer.statistics.split_models`. Penalties are chosen within the training part:
by what is known without fitting again (generalised cross-validation, leaving one out to first order), or by inner folds
of it, in which everything is refitted.

References
----------
Shen et al. (2017), Nat. Protoc. 12:506 (connectome-based predictive modelling). Zou and Hastie (2005), J. R. Stat. Soc.
B 67:301 (elastic net). Varma and Simon (2006), BMC Bioinformatics 7:91 (inner folds within each training part).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from imagenomer.statistics.folds import Split, cross, k_fold
from imagenomer.statistics.kernel_models import Loss
from imagenomer.types import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class InnerFolds:
    """Folds of a training part, in which a penalty is chosen; the same whenever as many train.

    Attributes
    ----------
    n_folds : int
        At most: no more than there are subjects, or labels.
    seed : int
    labels : ndarray of int, optional
        Of each row of the features (see `SampleSpace.rows`): families or sites, kept together except where all who
        train are of one.
    strata : ndarray of int, optional
        Of each row of the features: what each fold has in the same proportion, where labels do not decide.
    """

    n_folds: int = 5
    seed: int = 1
    labels: IntArray | None = None
    strata: IntArray | None = None

    def of(self, rows: IntArray, classes: IntArray | None = None) -> tuple[Split, ...]:
        """Return the folds of a training part, in positions among its rows.

        Parameters
        ----------
        rows : ndarray of int, shape (n_train,)
        classes : ndarray of int, shape (n_train,), optional
            As ``strata``.
        """
        labels = None if self.labels is None else self.labels[rows]
        n_labels = rows.size if labels is None else np.unique(labels).size
        if n_labels == 1:
            labels, n_labels = None, rows.size
        strata = cross(classes, None if self.strata is None else self.strata[rows])
        rng = np.random.default_rng(self.seed)
        return k_fold(rows.size, min(self.n_folds, n_labels), rng, stratify=strata, together=labels)

    def moved(self, rows: IntArray) -> InnerFolds:
        """Return the same for a table of features that has these rows."""
        labels, strata = (None if one is None else one[rows] for one in (self.labels, self.strata))
        return replace(self, labels=labels, strata=strata)


@dataclass(frozen=True, slots=True)
class Ridge:
    """Ridge regression; of classes the ridge classifier (1 for a class, -1 for the others).

    Attributes
    ----------
    penalties : tuple of float
        Of the sum of squared weights. One: it is used. Several, or none (a grid relative to the features' size): chosen
        in each training part by generalised cross-validation.
    inner : InnerFolds, optional
        The minimum mean squared error of these decides instead.
    """

    #: Whether it is solved by least squares, of classes as well, so that covariates are not penalised.
    least_squares: ClassVar[bool] = True
    penalties: tuple[float, ...] = ()
    inner: InnerFolds | None = None


@dataclass(frozen=True, slots=True)
class Logistic:
    """Logistic regression with an L2 penalty, of classes.

    Attributes
    ----------
    penalties : tuple of float
        Of half the sum of squared weights: 1 / C of scikit-learn. One: it is used. Several, or none (a grid): chosen
        in each training part by the loss of leaving one out.
    inner : InnerFolds, optional
        The minimum mean loss in these decides instead.
    """

    least_squares: ClassVar[bool] = False
    loss: ClassVar[Loss] = "logistic"
    penalties: tuple[float, ...] = ()
    inner: InnerFolds | None = None


@dataclass(frozen=True, slots=True)
class LinearSvm:
    """Linear support vector machine with the squared hinge loss, of classes; penalties as of `Logistic`."""

    least_squares: ClassVar[bool] = False
    loss: ClassVar[Loss] = "squared hinge"
    penalties: tuple[float, ...] = ()
    inner: InnerFolds | None = None


@dataclass(frozen=True, slots=True)
class ElasticNet:
    """Elastic net, or lasso, see `imagenomer.statistics.elastic_net`; of classes on 1 for a class and -1 for others.

    Attributes
    ----------
    mix : float
        Share of the absolute weights in the penalty, in (0, 1]: 1 is the lasso. ``l1_ratio`` of scikit-learn.
    penalties : tuple of float
        ``alpha`` of scikit-learn. One: it is used. Several, or none (a grid below the penalty from which on nothing
        weighs anything): that with the minimum mean squared error in inner folds.
    inner : InnerFolds
    """

    #: Whether it is solved by least squares, of classes as well, so that covariates are not penalised.
    least_squares: ClassVar[bool] = True
    mix: float = 0.5
    penalties: tuple[float, ...] = ()
    inner: InnerFolds = InnerFolds()


@dataclass(frozen=True, slots=True)
class ConnectomeModel:
    """Connectome-based predictive modelling: a line through the sum of the selected features.

    Features whose correlation with the target (given the covariates in use) has a p-value below the threshold are
    selected; their sum, negative ones subtracted, is the one predictor.

    Attributes
    ----------
    p_threshold : float
        Two-sided, uncorrected.
    sign : {"both", "positive", "negative"}
        Which selected features are summed.
    """

    #: Whether it is solved by least squares, of classes as well, so that covariates are not penalised.
    least_squares: ClassVar[bool] = True
    p_threshold: float = 0.01
    sign: Literal["both", "positive", "negative"] = "both"


@dataclass(frozen=True, slots=True)
class TopFeatures:
    """The features that correlate most with the target in the training part, and a model of these alone.

    Attributes
    ----------
    n : int
    then : Ridge, Logistic or LinearSvm
    """

    n: int = 10
    then: Ridge | Logistic | LinearSvm = Ridge()

    @property
    def least_squares(self) -> bool:
        """Whether the model of the selected features is solved by least squares."""
        return self.then.least_squares


Model: TypeAlias = Ridge | Logistic | LinearSvm | ElasticNet | ConnectomeModel | TopFeatures
