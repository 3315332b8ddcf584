"""Partial confounder test: do predictions follow a confounder more than the target itself does?

The null hypothesis is that predictions are independent of the confounder given the target: their association is that of
the target. It is tested without refitting the model, by permuting the confounder so that its association with the
target is kept (conditional permutation). How likely the confounder's values are at each place is taken from a model
of the confounder given the target: a smooth curve with normal residuals for a number, a multinomial logistic model for
a category. Where the target is a category no model is needed, since permuting within its levels is exact.

The sampler is that of Berrett et al.: subjects are paired at random, and each pair swaps its values with the odds that
the model gives, many times over. It starts from a hub that the actual order reaches by the same pairings in
reverse, so that the actual order and all drawn ones are exchangeable after any number of steps. All chains
use the same pairings, which costs nothing but their independence of each other.

The published test compares how well the confounder correlates with predictions. The actual
confounder correlates with the target as the model says, for it was fitted to it; the drawn ones do so more or less, and
their correlation with the predictions varies accordingly. That widens the null distribution, and under the null
hypothesis p is 0.05 or less in two or three of a hundred samples of 120 subjects. So the target is regressed out of the
predictions before they are compared: the residuals do not depend on how the drawn ones correlate with the target, and
the test keeps its level, on both sides. Both are given.

References
----------
Spisak (2022), GigaScience 11:giac082. Berrett, Wang, Barber and Samworth (2020), J. R. Stat. Soc. B 82:175.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.permutation import draw_permutations
from imagenomer.types import Float32Array, FloatArray, IntArray

#: Fewer subjects cannot show a conditional distribution.
_FEWEST = 10
#: Rounds of swaps; Spisak's number.
N_ROUNDS = 50
#: Pieces and degrees of the smooth curve, and weights of its roughness that are tried.
_PIECES, _ROUGHNESS = 8, np.geomspace(1e-4, 1e6, 21)
#: Arrangements worked on at a time: what they need fits the cache.
_CHAINS_AT_ONCE = 64
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class ConfounderTest:
    """Partial confounder test of some predictions.

    Attributes
    ----------
    r_squared : float
        Of predictions and confounder: the share of the predictions' variance that the confounder explains.
    null : ndarray, shape (n_permutations,)
        The same when only the target links the two.
    p_value : float
        Of no confounding given the target, by what the target leaves of the predictions.
    published_p_value : float
        The same by the predictions as they are, as in the paper; too large on the whole.
    target_r_squared : float
        Share of the confounder's variance that the target explains, by the model in use; of a category, of the
        indicators of its levels.
    n_subjects : int
    """

    r_squared: float
    null: FloatArray
    p_value: float
    published_p_value: float
    target_r_squared: float
    n_subjects: int

    @property
    def expected(self) -> float:
        """R squared that follows from what both share with the target."""
        return float(self.null.mean())


def partial_confounder_test(
    predicted: FloatArray,
    target: FloatArray | IntArray,
    confounder: FloatArray | IntArray,
    *,
    target_is_category: bool,
    confounder_is_category: bool,
    n_permutations: int,
    rng: np.random.Generator,
    n_rounds: int = N_ROUNDS,
) -> Steps[ConfounderTest]:
    """Test whether predictions are independent of a confounder given the target.

    Parameters
    ----------
    predicted : ndarray, shape (n_subjects,)
        Predictions for subjects that the model was not trained on; of a category, a score or a probability.
    target, confounder : ndarray, shape (n_subjects,)
        Numbers, or codes of levels.
    target_is_category, confounder_is_category : bool
    n_permutations : int
    rng : numpy.random.Generator
    n_rounds : int
        Rounds of swaps between one permutation and the next.

    Raises
    ------
    InputError
        If there are fewer than ten subjects, or one of the three does not vary.
    """
    n = predicted.size
    if not predicted.shape == target.shape == confounder.shape:
        raise ValueError(f"{predicted.shape} predictions, {target.shape} targets, {confounder.shape} confounders")
    if not all(np.isfinite(one).all() for one in (predicted, target, confounder)):
        raise ValueError("predictions, target and confounder must have no missing values")
    if n < _FEWEST:
        raise InputError(f"{n} subjects are too few for the partial confounder test, which needs {_FEWEST}")
    for name, values in (("predictions are", predicted), ("target is", target), ("confounder is", confounder)):
        if not np.ptp(values) > 1e-12 * np.abs(values).max():
            raise InputError(f"the {name} the same for all {n} subjects, so there is nothing to test")
    columns = _columns(confounder, category=confounder_is_category)
    yield Progress("Relating the confounder to the target")
    if target_is_category:
        codes = np.unique(target, return_inverse=True)[1].astype(np.intp)
        fitted, explained = _means(columns, codes), _means(predicted[:, None], codes)[:, 0]
        values = columns[:, 0] if columns.shape[1] == 1 else columns.argmax(axis=1)
        drawn = values[draw_permutations(rng, n_permutations, n, codes).T]
    else:
        curve, penalty = _spline(np.asarray(target, dtype=np.float64))
        explained = _smooth(curve, penalty, predicted)
        slopes, fitted = _conditional_model(curve, penalty, columns, confounder_is_category)
        drawn = yield from _conditional_permutations(columns, slopes, n_permutations, n_rounds, rng)
    actual = columns[:, :1] if columns.shape[1] == 1 else columns.argmax(axis=1)[:, None]
    found = []
    for of in (predicted, predicted - explained):
        deviations = of - of.mean()
        # Predictions that are the target leave rounding errors, which are associated with nothing.
        length = max(float(np.linalg.norm(deviations)), 1e-6 * float(np.linalg.norm(predicted - predicted.mean())))
        observed = float(_r_squared(deviations / length, actual, columns)[0])
        null = _r_squared(deviations / length, drawn, columns)
        # What rounding to float32 could make of an equal one must not count as smaller.
        found.append((observed, null, (1 + np.count_nonzero(null >= observed - _ROUNDING)) / (1 + n_permutations)))
    (observed, null, published), (_, _, p_value) = found
    spread = float(((columns - columns.mean(axis=0)) ** 2).sum())
    unexplained = float(((columns - fitted) ** 2).sum())
    return ConfounderTest(observed, null, float(p_value), float(published), max(0.0, 1 - unexplained / spread), n)


# --- the confounder given the target ---------------------------------------------------------------


def _columns(confounder: FloatArray | IntArray, *, category: bool) -> FloatArray:
    """Return the confounder as columns: itself, or an indicator of each level, shape (n_subjects, n_columns)."""
    if not category:
        return np.asarray(confounder, dtype=np.float64)[:, None]
    levels = np.unique(confounder)
    return np.asarray(confounder[:, None] == levels, dtype=np.float64)


def _r_squared(deviations: FloatArray, drawn: NDArray[Any], columns: FloatArray) -> FloatArray:
    """Return the share of the predictions that each permutation of the confounder explains, shape (n_drawn,).

    Every permutation has the same values, hence the same mean and length, or the same number at each level.
    """
    if columns.shape[1] == 1:
        about = columns[:, 0] - columns[:, 0].mean()
        return np.asarray((deviations @ drawn) ** 2 / (about @ about))
    share = np.zeros(drawn.shape[1])
    for code, size in enumerate(columns.sum(axis=0).tolist()):
        share += (deviations @ (drawn == code)) ** 2 / size
    return share


def _means(columns: FloatArray, codes: IntArray) -> FloatArray:
    """Return the mean of each subject's level."""
    members = (codes[:, None] == np.arange(codes.max() + 1)).astype(np.float64)
    return np.asarray(members @ ((members.T @ columns) / members.sum(axis=0)[:, None]))


def _conditional_model(
    curve: FloatArray, penalty: FloatArray, columns: FloatArray, category: bool
) -> tuple[FloatArray, FloatArray]:
    """Fit the confounder given the target, as `_spline` has it.

    Returns
    -------
    slopes : ndarray, shape (n_subjects, n_columns)
        Natural parameter at each subject's target: two subjects' values are swapped with odds
        ``exp((value_i - value_j) (slope_j - slope_i))``.
    fitted : ndarray, shape (n_subjects, n_columns)
        Expected value there.
    """
    if category:
        return _multinomial(curve, penalty, columns)
    fitted = _smooth(curve, penalty, columns[:, 0])
    residual = columns[:, 0] - fitted
    variance = max(float(residual @ residual) / residual.size, 1e-12 * float(columns[:, 0].var()))
    return (fitted / variance)[:, None], fitted[:, None]


def _spline(target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a basis of cubic B-splines over the target, and what makes second differences of its weights costly.

    Knots lie at quantiles, so that no piece is empty. A straight line costs nothing (Eilers and Marx 1996, Stat. Sci.
    11:89).
    """
    values = (target - target.mean()) / target.std()
    inner = np.unique(np.quantile(values, np.linspace(0, 1, _PIECES + 1)))
    step = max(float(np.diff(inner).max(initial=0)), 1e-6)
    outer = step * np.arange(1, 4)
    knots = np.concatenate([inner[0] - outer[::-1], inner, inner[-1] + outer])
    basis = ((knots[:-1] <= values[:, None]) & (values[:, None] < knots[1:])).astype(np.float64)
    for degree in range(1, 4):
        rise = (values[:, None] - knots[: -degree - 1]) / (knots[degree:-1] - knots[: -degree - 1])
        fall = (knots[degree + 1 :] - values[:, None]) / (knots[degree + 1 :] - knots[1:-degree])
        basis = rise * basis[:, :-1] + fall * basis[:, 1:]
    # Differences are of slopes between the places that weights stand for, so that uneven knots leave a line free.
    places = (knots[1:-3] + knots[2:-2] + knots[3:-1]) / 3
    first = np.diff(np.eye(places.size), axis=0) / np.diff(places)[:, None]
    second = np.diff(first, axis=0)
    return basis, second.T @ second


def _smooth(curve: FloatArray, penalty: FloatArray, values: FloatArray) -> FloatArray:
    """Return the penalised fit whose generalised cross-validation error is least."""
    products, right = curve.T @ curve, curve.T @ values
    # Not all of the outermost splines need be in use; a grain on the diagonal keeps the system solvable.
    products = products + 1e-8 * np.trace(products) / len(products) * np.eye(len(products))
    scale = np.trace(products) / np.trace(penalty)
    best, error = curve @ np.linalg.solve(products, right), np.inf
    for weight in _ROUGHNESS * scale:
        solved = np.linalg.solve(products + weight * penalty, np.column_stack([right, products]))
        fitted, dof = curve @ solved[:, 0], float(np.trace(solved[:, 1:]))
        own = float(((values - fitted) ** 2).mean()) / (1 - dof / values.size) ** 2
        if own < error:
            best, error = fitted, own
    return np.asarray(best)


def _multinomial(curve: FloatArray, penalty: FloatArray, columns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fit a multinomial logistic model by Newton's method, smooth in the target; returns as `_conditional_model`."""
    n_splines, n_levels = curve.shape[1], columns.shape[1]
    scale = 0.2 * float(np.trace(curve.T @ curve)) / float(np.trace(penalty))
    rough = scale * penalty + 1e-4 * np.eye(n_splines)
    weights = np.zeros((n_splines, n_levels))
    for _ in range(50):
        log_odds = curve @ weights
        share = scipy.special.softmax(log_odds, axis=1)
        gradient = curve.T @ (columns - share) - rough @ weights
        curvature = np.zeros((n_levels, n_splines, n_levels, n_splines))
        for one in range(n_levels):
            for other in range(n_levels):
                own = share[:, one] * ((one == other) - share[:, other])
                curvature[one, :, other] = curve.T @ (own[:, None] * curve) + (one == other) * rough
        size = n_levels * n_splines
        step = np.linalg.solve(curvature.reshape(size, size), gradient.T.reshape(size)).reshape(n_levels, n_splines).T
        # Damped, so that a level that the target predicts perfectly does not destabilise the others.
        step *= min(1.0, 5 / max(float(np.abs(curve @ step).max()), 1e-12))
        weights += step
        if float(np.abs(step).max()) < 1e-8 * max(1.0, float(np.abs(weights).max())):
            break
    log_odds = curve @ weights
    return log_odds, scipy.special.softmax(log_odds, axis=1)


# --- permuting the confounder so that its association with the target is kept ---------------------------


def _conditional_permutations(
    columns: FloatArray, slopes: FloatArray, n_permutations: int, n_rounds: int, rng: np.random.Generator
) -> Steps[Float32Array | NDArray[np.int8 | np.int16]]:
    """Draw permutations of the confounder given the target.

    Returns
    -------
    ndarray, shape (n_subjects, n_permutations)
        In each column the confounder that each place gets: its value or, of a category, the number of its column.
    """
    n, n_columns = columns.shape
    pairings = [rng.permutation(n)[: n // 2 * 2].reshape(2, -1) for _ in range(n_rounds)]
    differences = [(slopes[right] - slopes[left]).astype(np.float32) for left, right in pairings]
    small = np.int8 if n_columns < 128 else np.int16
    actual = columns.astype(np.float32) if n_columns == 1 else columns.argmax(axis=1).astype(small)[:, None]
    hub = actual.copy()
    for pairing, difference in zip(pairings[::-1], differences[::-1], strict=True):
        _swap(hub, pairing, difference, rng)
    drawn = np.repeat(hub, n_permutations, axis=1)
    for start in range(0, n_permutations, _CHAINS_AT_ONCE):
        yield Progress("Permuting the confounder", start, n_permutations)
        some = np.repeat(hub, min(_CHAINS_AT_ONCE, n_permutations - start), axis=1)
        for pairing, difference in zip(pairings, differences, strict=True):
            _swap(some, pairing, difference, rng)
        drawn[:, start : start + some.shape[1]] = some
    return drawn


def _swap(state: NDArray[Any], pairing: IntArray, difference: Float32Array, rng: np.random.Generator) -> None:
    """Let each pair of places swap what it has with the odds of the model, in place, in every permutation at once."""
    left, right = pairing
    here, there = state[left], state[right]
    if difference.shape[1] == 1:
        log_odds = (there - here) * -difference
    else:
        log_odds = np.take_along_axis(difference, here.astype(np.intp), axis=1)
        log_odds -= np.take_along_axis(difference, there.astype(np.intp), axis=1)
    chance = rng.random(here.shape, dtype=np.float32)
    np.negative(log_odds, out=log_odds)
    # Odds too small for a float32 become 1 / infinity, and a chance of exactly 0 times that is NaN: no swap either.
    with np.errstate(over="ignore", invalid="ignore"):
        np.exp(log_odds, out=log_odds)
        log_odds += 1
        chance *= log_odds
    swapped = chance < 1
    state[left] = np.where(swapped, there, here)
    state[right] = np.where(swapped, here, there)
