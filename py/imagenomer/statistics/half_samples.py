"""Half-samples: how far the score of a cross-validation may be off, from its scores in disjoint halves of the subjects.

What is estimated is the expected score of models trained on as many subjects, over samples of the population: who
trains varies, and who is tested. The errors of a cross-validation depend on each other, because its training parts
share subjects, and no estimate of its variance from the errors of one cross-validation is unbiased (Bengio and
Grandvalet 2004); a bootstrap of the test subjects leaves out how much models differ. Two halves of a sample share
nobody. Each is cross-validated by itself, all that is fitted included; half the mean squared difference D of their
scores is the variance of a score of half as many subjects, and a quarter of it that of the score of all, if the
variance falls with the number of subjects. As models of half as many subjects vary more than that, it is rather too
large.

The interval is theta -+ t sqrt(mean D^2 / 4) on a scale on which the score is nearly symmetric (log 1 - R2, log of a
mean error, Fisher's z, logit of a share), with half as many degrees of freedom as there are pairs of halves, which
are of one sample and not independent (as many covered .89 in places), or one fewer than what is kept together where
that is less. `build_scripts/interval_coverage.py` measures how often it covers.

References
----------
Bengio and Grandvalet (2004), J. Mach. Learn. Res. 5:1089. McCarthy (1969), Rev. Int. Stat. Inst. 37:239 (half-samples).
Politis, Romano and Wolf (1999), Subsampling. Bates, Hastie and Tibshirani (2023), J. Am. Stat. Assoc. 119:1434 (what a
cross-validation estimates).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps, reported_as
from imagenomer.statistics.features import FittedFeatures
from imagenomer.statistics.folds import Split, cross, k_fold
from imagenomer.statistics.models import ConnectomeModel, ElasticNet, Model, TopFeatures
from imagenomer.statistics.prediction import CrossValidation, cross_validate, estimates
from imagenomer.statistics.sample_space import SampleSpace
from imagenomer.statistics.scores import Interval
from imagenomer.statistics.split_tasks import Use
from imagenomer.types import FloatArray, IntArray

#: Pairs of halves; fewer where each fit looks at all features, or they are fitted to each training part.
N_PAIRS, N_PAIRS_SLOW = 10, 6
#: Fewer subjects than this have halves too small to say anything of the whole; fewer of a class leave folds without.
FEWEST, FEWEST_OF_CLASS = 40, 8
#: Scores whose intervals do not cover. Where errors are heavy-tailed, a sample without outliers has a small root mean
#: squared error and a small apparent error of it; the mean absolute error's interval covers. Accuracy depends on how
#: many subjects each class has, in which halves do not differ.
WITHOUT_INTERVAL = ("rmse", "accuracy")
#: Repetitions that test more than this fraction have no folds of that size; of them, so many are refitted in a half.
_MOST_TESTED, _MOST_SPLITS = 0.5, 50


@dataclass(frozen=True, slots=True, eq=False)
class HalfSamples:
    """Scores of a cross-validation in pairs of disjoint halves.

    Attributes
    ----------
    scores : dict of str to ndarray, shape (n_pairs, 2)
        As of `imagenomer.statistics.prediction.CrossValidation`; NaN where not defined. Empty where ``refusal`` says
        why there are none.
    dof : int
        Degrees of freedom of a variance by them.
    n_subjects : int
        Of both halves.
    refusal : str
        Why there are none, as a clause; else empty.
    """

    scores: dict[str, FloatArray]
    dof: int
    n_subjects: int
    refusal: str = ""

    @property
    def n_pairs(self) -> int:
        return max((len(values) for values in self.scores.values()), default=0)

    def interval(self, name: str, estimate: float, confidence: float = 0.95) -> Interval:
        """Return a score with its interval; NaN limits where there is none, as for `WITHOUT_INTERVAL`.

        Parameters
        ----------
        name : str
        estimate : float
            Of all subjects.
        confidence : float
        """
        if name in WITHOUT_INTERVAL:
            return Interval(estimate, np.nan, np.nan)
        return self.limits(name, estimate, confidence)

    def limits(self, name: str, estimate: float, confidence: float = 0.95) -> Interval:
        """Return limits of a score, whether they cover or not; NaN where it is not defined, or the same in all halves.

        Parameters as for `interval`.
        """
        halves = self.scores.get(name)
        if halves is None or not np.isfinite([estimate, *halves.ravel()]).all():
            return Interval(estimate, np.nan, np.nan)
        error = float(np.sqrt(((halves[:, 0] - halves[:, 1]) ** 2).mean() / 4))
        if not error > 0:
            return Interval(estimate, np.nan, np.nan)
        margin = float(scipy.special.stdtrit(self.dof, (1 + confidence) / 2)) * error
        ends = _scale_of(name, self.n_subjects).ends(estimate, margin)
        return Interval(estimate, *ends) if np.isfinite(ends).all() else Interval(estimate, np.nan, np.nan)


def degrees_of_freedom(n_pairs: int, n_labels: int) -> int:
    """Return those of a variance by pairs of halves of what is kept together."""
    return max(min(n_pairs // 2, n_labels - 1), 1)


def pairs_for(space: SampleSpace, model: Model) -> int:
    """Return how many pairs of halves are fitted: fewer where fits are slow."""
    slow = isinstance(model, ElasticNet | ConnectomeModel | TopFeatures) or isinstance(space.features, FittedFeatures)
    return N_PAIRS_SLOW if slow else N_PAIRS


def half_samples(
    space: SampleSpace,
    target: FloatArray | IntArray,
    splits: Sequence[Split],
    model: Model,
    rng: np.random.Generator,
    *,
    n_pairs: int,
    covariates: FloatArray | None = None,
    use: Use = "features",
    strata: IntArray | None = None,
    together: IntArray | None = None,
) -> Steps[HalfSamples]:
    """Cross-validate halves of the subjects by themselves.

    Where the splits test everybody once at most, a half has the same splits, of its own subjects. Where they are
    repeated draws, a half has folds of that test fraction, since repetitions add little.

    Parameters
    ----------
    space, target, splits, model, covariates, use
        As for `imagenomer.statistics.prediction.cross_validate`.
    rng : numpy.random.Generator
    n_pairs : int
    strata : ndarray of int, shape (n_subjects,), optional
        What both halves have in the same proportion, beside the classes of the target and who is tested when.
    together : ndarray of int, shape (n_subjects,), optional
        Labels that are kept together: families, sites.
    """
    classes = target.astype(np.intp) if np.issubdtype(target.dtype, np.integer) else None
    taking_part = np.unique(np.concatenate([one for split in splits for one in (split.train, split.test)]))
    n_folds, alike = _n_folds(splits), cross(classes, strata)
    halved_by = alike if n_folds else cross(alike, _tested_by(splits, space.n_subjects))
    own_strata, own_labels = (None if one is None else one[taking_part] for one in (halved_by, together))
    refusal = _refusal(classes, taking_part)
    n_labels = taking_part.size if own_labels is None else int(np.unique(own_labels).size)
    dof, found = degrees_of_freedom(n_pairs, n_labels), []
    for number in range(0 if refusal else n_pairs):
        pair = []
        try:
            for half in k_fold(taking_part.size, 2, rng, stratify=own_strata, together=own_labels):
                yield Progress("Refitting in half-samples", number, n_pairs)
                who = taking_part[half.test]
                own = _folds_of_half(splits, n_folds, who, alike, together, rng)
                some = None if covariates is None else covariates[who]
                steps = cross_validate(space.of(who), target[who], own, model, covariates=some, use=use)
                pair.append(estimates((yield from reported_as(steps, "Refitting in half-samples", number, n_pairs))))
        except InputError as error:
            return HalfSamples({}, dof, int(taking_part.size), f"half of the subjects are too few: {error}")
        found.append(pair)
    names = found[0][0] if found else {}
    scores = {name: np.array([[one[name] for one in pair] for pair in found]) for name in names}
    return HalfSamples(scores, dof, int(taking_part.size), refusal)


def intervals(result: CrossValidation, halves: HalfSamples, confidence: float = 0.95) -> dict[str, Interval]:
    """Return each score of a cross-validation with its interval by half-samples; NaN limits where there is none."""
    return widened({name: halves.interval(name, value, confidence) for name, value in estimates(result).items()})


def widened(found: dict[str, Interval]) -> dict[str, Interval]:
    """Return intervals with the upper limits of R2 and balanced accuracy at least what r and AUC allow.

    Where halves learn nothing, or call everybody the largest class, these two are the same in all halves, whatever more
    subjects would learn; r and AUC, which take predictions in order only, are not. No prediction saves more of the
    squared error than r squared, and no threshold has a balanced accuracy above the AUC, if classes have a concave ROC.
    """
    found = dict(found)
    if "r2" in found:
        found["r2"] = _up_to(found["r2"], max(found["r"].high, 0.0) ** 2)
    if "balanced_accuracy" in found:
        found["balanced_accuracy"] = _up_to(found["balanced_accuracy"], found["auc"].high)
    return found


def _up_to(interval: Interval, high: float) -> Interval:
    if not np.isfinite(interval.high) or not np.isfinite(high):
        return interval
    return Interval(interval.estimate, interval.low, max(interval.high, high))


# --- scales on which scores are nearly symmetric ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Scale:
    """A function of a score, its inverse and its slope; ``least`` and ``most`` are what the function is taken of."""

    forth: Callable[[float], float]
    back: Callable[[float], float]
    slope: Callable[[float], float]
    least: float
    most: float

    def ends(self, estimate: float, margin: float) -> tuple[float, float]:
        """Return a score less and more a margin, which is as long in small as on the scale of the score."""
        inside = min(max(estimate, self.least), self.most)
        middle, half = self.forth(inside), margin * self.slope(inside)
        with np.errstate(over="ignore"):
            low, high = (float(self.back(np.float64(middle + sign * half))) for sign in (-1, 1))
        return min(low, estimate), max(high, estimate)


def _scale_of(name: str, n_subjects: int) -> _Scale:
    """Return the scale of a score; shares are taken to be at least half a subject from 0 and from 1."""
    if name == "r2":
        return _Scale(lambda x: -np.log1p(-x), lambda u: -np.expm1(-u), lambda x: 1 / (1 - x), -np.inf, 1 - 1e-9)
    if name in ("mae", "rmse"):
        return _Scale(np.log, np.exp, lambda x: 1 / x, float(np.finfo(float).tiny), np.inf)
    if name == "r":
        return _Scale(np.arctanh, np.tanh, lambda x: 1 / (1 - x * x), -1 + 1e-9, 1 - 1e-9)
    edge, logit, share = 0.5 / n_subjects, scipy.special.logit, scipy.special.expit
    return _Scale(logit, share, lambda x: 1 / (x * (1 - x)), edge, 1 - edge)


# --- halves, and their splits ----------------------------------------------------------------------


def _n_folds(splits: Sequence[Split]) -> int:
    """Return in how many folds a half is cross-validated; 0 where its splits are those of all."""
    tested = np.sort(np.concatenate([split.test for split in splits]))
    share = float(np.mean([split.test.size / (split.test.size + split.train.size) for split in splits]))
    repeated = bool((tested[1:] == tested[:-1]).any())
    return round(1 / share) if repeated and share <= _MOST_TESTED else 0


def _tested_by(splits: Sequence[Split], n_subjects: int) -> IntArray:
    """Return the split that tests each subject first, of those who are never tested -1."""
    codes = np.full(n_subjects, -1, dtype=np.intp)
    for number in reversed(range(len(splits))):
        codes[splits[number].test] = number
    return codes


def _folds_of_half(
    splits: Sequence[Split],
    n_folds: int,
    who: IntArray,
    strata: IntArray | None,
    together: IntArray | None,
    rng: np.random.Generator,
) -> tuple[Split, ...]:
    """Return the splits of a half, in positions among its subjects."""
    if n_folds:
        own, labels = (None if one is None else one[who] for one in (strata, together))
        return k_fold(who.size, n_folds, rng, stratify=own, together=labels)
    own_splits = (split.among(who) for split in splits[:_MOST_SPLITS])
    return tuple(split for split in own_splits if split.train.size and split.test.size)


def _refusal(classes: IntArray | None, taking_part: IntArray) -> str:
    """Return why halves would be too small, or nothing."""
    if taking_part.size < FEWEST:
        return f"{taking_part.size} subjects are fewer than the {FEWEST} that half-samples need"
    if classes is not None and int(np.bincount(classes[taking_part]).min()) < FEWEST_OF_CLASS:
        return f"a class has fewer than the {FEWEST_OF_CLASS} subjects that half-samples need"
    return ""
