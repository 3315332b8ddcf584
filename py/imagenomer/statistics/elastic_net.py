"""Elastic net: linear regression in which most features weigh nothing, along falling penalties.

Minimised is |y - Xw|^2 / 2n + penalty (mix |w|_1 + (1 - mix) |w|^2 / 2), as by scikit-learn, with the mean, and
covariates, taken out of X and y. Mix 1 is the lasso.

Of tens of thousands of features some hundreds matter at a penalty. Those that weigh something already, and those that
would break the conditions of a minimum at the next penalty, are solved by scikit-learn's coordinate descent in float64,
from the solution before. The conditions are then checked on all features, by one pass over them in single precision;
whatever breaks them, or could but for rounding, joins, and it is solved again until nothing does. (The sequential
strong rule keeps more, and that costs more: with penalties as close as here a second round is hardly ever needed.)

References
----------
Tibshirani (1996), J. R. Stat. Soc. B 58:267 (lasso). Zou and Hastie (2005), J. R. Stat. Soc. B 67:301 (elastic net).
Tibshirani et al. (2012), J. R. Stat. Soc. B 74:245 (strong rules). Friedman, Hastie and Tibshirani (2010), J. Stat.
Softw. 33:1 (coordinate descent along a path).
"""

from __future__ import annotations

import importlib
import warnings

import numpy as np

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.features import Features
from imagenomer.statistics.products import combine_rows, multiply
from imagenomer.statistics.sample_space import Projection
from imagenomer.types import BoolArray, FloatArray, IntArray

#: Penalties tried where none is given, as multiples of the one from which on nothing weighs anything.
RELATIVE_PENALTIES = tuple(float(value) for value in np.geomspace(1, 0.01, 30))
#: The next penalty is at least this share of the one before: further apart too much has to join.
_STEP = 0.85
#: Error of a correlation from float32 features; what is nearer to mattering is measured in float64.
_R_ERROR = 1e-5
#: Duality gap at which coordinate descent stops, as a share of the target's sum of squares: where weights are wanted,
#: and where the next penalty, or the error of predictions, is.
_EXACT, _ENOUGH = 1e-9, 1e-5
#: Passes of coordinate descent after which it will not settle.
_PASSES = 10_000
#: Products of coordinate descent between two chances to give up, a tenth of a second.
_PRODUCTS = 100_000_000


class UnsettledError(Exception):
    """Coordinate descent does not settle: the penalty is too small beside how alike features are."""


def prepare() -> Steps[None]:
    """Import scikit-learn, which takes seconds in the page, a piece at a time."""
    for name in ("scipy.sparse", "scipy.stats", "sklearn.utils", "sklearn.linear_model"):
        yield Progress("Importing scikit-learn")
        importlib.import_module(name)


class Path:
    """The elastic net of one target in one training part, from large penalties to small ones.

    Parameters
    ----------
    features : Features
    rows : ndarray of int, shape (n_train,)
        Of the training part.
    projection : Projection
        What is taken out of the features.
    target : ndarray, shape (n_train,)
        Without the same.
    mix : float
        In (0, 1].
    lengths : ndarray, shape (n_columns,)
        As `Features.lengths` returns them; features without one are excluded.

    Attributes
    ----------
    largest : float
        Penalty from which on no feature weighs anything.
    chosen : ndarray of int, shape (n_chosen,)
        Features that could weigh something.
    weights : ndarray, shape (n_chosen,)
        Theirs, at the last penalty.
    """

    def __init__(
        self,
        features: Features,
        rows: IntArray,
        projection: Projection,
        target: FloatArray,
        mix: float,
        lengths: FloatArray,
    ) -> None:
        self._features, self._rows, self._projection = features, rows, projection
        self._target, self._mix, self._lengths = np.ascontiguousarray(target), mix, lengths
        self._room: FloatArray = np.zeros((rows.size, 0), order="F")
        self.chosen: IntArray = np.zeros(0, dtype=np.intp)
        self.weights: FloatArray = np.zeros(0)
        self._pulls = self._pulls_of(self._target)
        strongest = int(np.argmax(self._pulls))
        self._add(np.array([strongest]))
        # In float64: at this penalty a weight begins.
        self.largest = float(np.abs(multiply(self._target[None], self._columns))[0, 0]) / (rows.size * mix)
        self._penalty = self.largest

    @property
    def _columns(self) -> FloatArray:
        """The chosen features, shape (n_train, n_chosen), in a row in memory."""
        return self._room[:, : self.chosen.size]

    def _pulls_of(self, residual: FloatArray) -> FloatArray:
        """Return the most that the product of each feature with a residual can be, but for its sign."""
        pulls = np.abs(self._features.combined(self._rows, residual))
        with np.errstate(invalid="ignore"):
            pulls += _R_ERROR * self._lengths * np.linalg.norm(residual)
        return np.where(np.isfinite(pulls), pulls, 0)

    def go_to(self, penalty: float, *, exactly: bool = True) -> Steps[None]:
        """Go on to a smaller penalty; to a larger one than `largest` there is nothing to go.

        Parameters
        ----------
        penalty : float
        exactly : bool
            Whether to solve it as far as numbers go, or a bit further than scikit-learn does by default.

        Raises
        ------
        UnsettledError
            If coordinate descent does not settle on the way.
        """
        while self._penalty > penalty:
            following = max(penalty, _STEP * self._penalty)
            yield from self._step_to(following, _EXACT if exactly and following == penalty else _ENOUGH)

    def _step_to(self, penalty: float, tolerance: float) -> Steps[None]:
        threshold = self._rows.size * self._mix * penalty
        self._take_in(self._pulls >= threshold)
        while True:
            yield from self._descend(penalty, tolerance)
            self._pulls = self._pulls_of(self._target - combine_rows(self._columns.T, self.weights))
            yield Progress("Training")
            broken = self._pulls > threshold
            broken[self.chosen] = False
            if not broken.any():
                break
            self._add(np.flatnonzero(broken))
        self._penalty = penalty

    def _take_in(self, wanted: BoolArray) -> None:
        """Take in features; let go of others that weigh nothing once most are such."""
        own = wanted[self.chosen] | (self.weights != 0)
        if 2 * np.count_nonzero(own) < own.size:
            self._room = np.asfortranarray(self._columns[:, own])
            self.chosen, self.weights = self.chosen[own], self.weights[own]
        wanted[self.chosen] = False
        self._add(np.flatnonzero(wanted))

    def _add(self, new: IntArray) -> None:
        n, wanted = self.chosen.size, self.chosen.size + new.size
        if wanted > self._room.shape[1]:
            room = np.empty((self._rows.size, max(wanted, 2 * n)), order="F")
            room[:, :n] = self._columns
            self._room = room
        self._room[:, n:wanted] = self._projection.left(self._features.chosen(self._rows, new, self._rows))
        self.chosen = np.concatenate([self.chosen, new])
        self.weights = np.concatenate([self.weights, np.zeros(new.size)])

    def _descend(self, penalty: float, tolerance: float) -> Steps[None]:
        from sklearn.linear_model import enet_path  # late: takes seconds in the page

        if not self.chosen.size:
            return
        enough = tolerance * float(self._target @ self._target)
        at_once = int(np.clip(_PRODUCTS / self._columns.size, 10, 500))
        for _ in range(0, _PASSES, at_once):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what the gap says too
                _, weights, gaps = enet_path(
                    self._columns,
                    self._target,
                    l1_ratio=self._mix,
                    alphas=[penalty],
                    coef_init=self.weights,
                    precompute=False,
                    check_input=False,
                    tol=tolerance,
                    max_iter=at_once,
                )
            self.weights = np.ascontiguousarray(weights[:, 0])
            yield Progress("Training")
            if gaps[0] * self._rows.size <= enough:
                return
        raise UnsettledError

    @property
    def active(self) -> IntArray:
        """Features that weigh something, ascending."""
        return np.sort(self.chosen[self.weights != 0])

    def weights_of(self, columns: IntArray) -> FloatArray:
        """Return the weights of some features."""
        found = np.zeros(self._lengths.size)
        found[self.chosen] = self.weights
        return found[columns]

    def predicted(self, rows: IntArray) -> FloatArray:
        """Return what the features of the test part add to its prediction, shape (n_test,).

        Parameters
        ----------
        rows : ndarray of int, shape (n_test,)
            Of the projection's test part.
        """
        active = self.active
        weights = self.weights_of(active)
        train = multiply(self._features.chosen(self._rows, active, self._rows), weights[:, None])[:, 0]
        test = multiply(self._features.chosen(rows, active, self._rows), weights[:, None])[:, 0]
        return np.asarray(test - self._projection.predicted(train))
