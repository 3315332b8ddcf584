"""How often intervals of predictions cover the expected score of a model of as many training subjects.

    python3 build_scripts/interval_coverage.py FOLDER [cohorts] [subjects ...]

draws cohorts (200 of 60 and of 200 subjects if nothing is given) from two generators, predicts by ridge regression in
five folds and in 20 random splits, and prints the share of 95 % intervals that cover. What is drawn of each setting is
kept in FOLDER, and a second run goes on from there.

The criterion, set beforehand: at least .92 for R2, r and the mean absolute error of a number (nothing to predict, R2
about .2, about .65; noise that is normal, of a t distribution with three degrees of freedom, or larger the higher the
predictable part) and for AUC and balanced accuracy of two classes. The root mean squared error and accuracy are printed
to show why they have none. The generator "plain" is what the method was chosen on, "real" what it was then tried on.

The true score is that of models of new training samples in the population: 400 (of 200 subjects, 100) of them, tested
in 400 new subjects each, of numbers against the known predictable part and the known variance of the noise. Ridge
regression is solved for many training parts and targets at once here; `tests/build_scripts/test_interval_coverage.py`
holds that its scores and intervals are those of the program.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy

from connectivity_noise import draw_noise
from imagenomer.statistics import scores
from imagenomer.statistics.folds import Split, k_fold, repeated
from imagenomer.statistics.half_samples import N_PAIRS, HalfSamples, degrees_of_freedom, widened
from imagenomer.statistics.kernel_models import RELATIVE_PENALTIES
from imagenomer.statistics.scores import Interval
from imagenomer.types import FloatArray, IntArray

GENERATORS = ("plain", "real")
N_FOLDS, N_REPEATS, TEST_SHARE = 5, 20, 0.2
NUMBER_SCORES, CLASS_SCORES = ("r2", "rmse", "mae", "r"), ("accuracy", "balanced_accuracy", "auc")
#: Share of the target's variance that a part of connectivity follows; of classes, of what decides which one.
_SHARES = {"nothing": 0.0, "some": 0.38, "most": 0.77, "classes by chance": 0.0, "classes, AUC .8": 0.7}
_NOISE = ("normal", "t3", "larger where predictable")
#: Training parts solved at once; new subjects of each training sample; keys of the random numbers.
_AT_A_TIME, _N_NEW, _KEYS = 40, 400, {"plain": 1000, "real": 900_000}


@dataclass(frozen=True, slots=True)
class Setting:
    """What is predicted: how much of it follows connectivity, and its noise or the share of class 1."""

    kind: str
    noise: str

    @property
    def is_number(self) -> bool:
        return self.noise in _NOISE

    @property
    def names(self) -> tuple[str, ...]:
        return NUMBER_SCORES if self.is_number else CLASS_SCORES


#: Targets that are predicted in the same cohorts.
GROUPS: tuple[tuple[Setting, ...], ...] = (
    tuple(Setting(kind, noise) for kind in ("nothing", "some", "most") for noise in _NOISE),
    (Setting("classes by chance", "0.5"),),
    (Setting("classes, AUC .8", "0.2"),),
)


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A target; of numbers the part of it that can be predicted, and the variance of the rest."""

    values: FloatArray | IntArray
    predictable: FloatArray
    noise_variance: float

    @property
    def columns(self) -> FloatArray:
        """What is regressed on: the number, or 1 and -1."""
        if np.issubdtype(self.values.dtype, np.integer):
            return np.where(self.values == 1, 1.0, -1.0)
        return self.values.astype(np.float64)


def draw_edges(generator: str, predictable: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return edges some of which follow something: with six sources, or with noise as in real connectivity."""
    if generator == "plain":
        fixed = np.random.default_rng(5)
        loadings = fixed.standard_normal((6, 300))
        follows = np.where(np.arange(300) < 60, fixed.choice([-1, 1], 300), 0)
        shared = rng.standard_normal((predictable.size, 6)) @ loadings * 0.7
        noise = shared + rng.standard_normal((predictable.size, 300)) * 1.2
        return np.asarray(noise + predictable[:, None] * follows)
    noise = draw_noise(predictable.size, rng)
    follows = np.random.default_rng(6).choice([-1, 1], noise.shape[1]) * (np.arange(noise.shape[1]) % 20 == 0)
    return np.asarray(noise + 0.35 * predictable[:, None] * follows)


def draw_target(setting: Setting, followed: FloatArray, rng: np.random.Generator) -> Target:
    """Return a target that has some of what connectivity follows."""
    n, share = followed.size, _SHARES[setting.kind]
    if not setting.is_number:
        tendency = np.sqrt(share) * followed + np.sqrt(1 - share) * rng.standard_normal(n)
        classes = (tendency > float(scipy.special.ndtri(1 - float(setting.noise)))).astype(np.intp)
        return Target(classes, np.zeros(n), np.nan)
    if setting.noise == "t3":
        noise = rng.standard_t(3, n) / np.sqrt(3)
    else:
        noise = rng.standard_normal(n)
        if setting.noise != "normal":
            noise = noise * np.exp(0.5 * followed - 0.25)
    predictable = np.sqrt(share) * followed
    return Target(predictable + np.sqrt(1 - share) * noise, predictable, 1 - share)


# --- ridge regression of many training parts and targets at once ----------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class SplitPrediction:
    """Of a split: who is tested, what is predicted of them, shape (n_test, n_targets), and the training means."""

    test: IntArray
    values: FloatArray
    means: FloatArray


def predict(gram: FloatArray, columns: FloatArray, splits: Sequence[Split]) -> list[SplitPrediction]:
    """Predict targets in each split by ridge regression, the penalty by generalised cross-validation.

    Parameters
    ----------
    gram : ndarray, shape (n, n)
        Products of the edges of each pair of subjects, of training subjects at least.
    columns : ndarray, shape (n, n_targets)
    splits : sequence of Split
    """
    found: dict[int, SplitPrediction] = {}
    by_size: dict[int, list[int]] = {}
    for number, split in enumerate(splits):
        by_size.setdefault(split.train.size, []).append(number)
    for numbers in by_size.values():
        for start in range(0, len(numbers), _AT_A_TIME):
            some = numbers[start : start + _AT_A_TIME]
            for number, (coefficients, means) in zip(
                some, _solve(gram, columns, np.stack([splits[one].train for one in some])), strict=True
            ):
                split = splits[number]
                products = gram[np.ix_(split.test, split.train)] - gram[np.ix_(split.train, split.train)].mean(axis=0)
                found[number] = SplitPrediction(split.test, products @ coefficients + means, means)
    return [found[number] for number in range(len(splits))]


def _solve(gram: FloatArray, columns: FloatArray, train: IntArray) -> list[tuple[FloatArray, FloatArray]]:
    """Return the coefficients, shape (n_train, n_targets), and the means of each training part."""
    kernel = gram[train[:, :, None], train[:, None, :]]
    of_rows = kernel.mean(axis=1, keepdims=True)
    kernel = kernel - of_rows - of_rows.transpose(0, 2, 1) + of_rows.mean(axis=2, keepdims=True)
    own = columns[train]
    means = own.mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(kernel)
    values = np.maximum(values, 0)
    rotated = np.matmul(vectors.transpose(0, 2, 1), own - means)
    penalties = np.einsum("aii->a", kernel)[:, None] / train.shape[1] * np.asarray(RELATIVE_PENALTIES)
    left = penalties[:, :, None] / (values[:, None] + penalties[:, :, None])
    errors = np.matmul(left**2, rotated**2) / np.maximum(left.sum(axis=2) - 1, 1e-12)[:, :, None] ** 2
    chosen = np.take_along_axis(penalties, errors.argmin(axis=1), axis=1)
    coefficients = np.matmul(vectors, rotated / (values[:, :, None] + chosen[:, None]))
    coefficients -= coefficients.mean(axis=1, keepdims=True)
    return list(zip(coefficients, means[:, 0], strict=True))


def score(targets: Sequence[Target], parts: Sequence[SplitPrediction]) -> FloatArray:
    """Return the scores of the predictions of all targets, all splits together, shape (n_targets, n_scores)."""
    who = np.concatenate([part.test for part in parts])
    truth = np.stack([target.values[who] for target in targets], axis=1)
    guess = np.concatenate([part.values for part in parts])
    sizes = [part.test.size for part in parts]
    if np.issubdtype(truth.dtype, np.integer):
        split = np.repeat(np.arange(len(parts)), sizes)
        return np.array([_score_classes(*one, split) for one in zip(truth.T, guess.T, strict=True)])
    null = np.repeat(np.stack([part.means for part in parts]), sizes, axis=0)
    error = ((truth - guess) ** 2).sum(axis=0)
    starts = np.cumsum([0, *sizes[:-1]])
    means = [
        np.repeat(np.add.reduceat(one, starts) / np.array(sizes)[:, None], sizes, axis=0) for one in (truth, guess)
    ]
    own, predicted = truth - means[0], guess - means[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (own * predicted).sum(axis=0) / np.sqrt((own**2).sum(axis=0) * (predicted**2).sum(axis=0))
    absolute = np.abs(truth - guess).mean(axis=0)
    return np.stack([1 - error / ((truth - null) ** 2).sum(axis=0), np.sqrt(error / len(truth)), absolute, r], axis=1)


def _score_classes(truth: IntArray, decision: FloatArray, split: IntArray) -> list[float]:
    classes = (decision > 0).astype(np.intp)
    by_class = (scores.accuracy(truth, classes), scores.balanced_accuracy(truth, classes))
    return [*(float(one) for one in by_class), float(scores.auc(truth, decision, split))]


# --- a cohort, and the truth -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """Scores of a cohort, of each target: in folds, in repeated splits, and in pairs of halves.

    ``folds`` and ``repeats`` have shape (n_targets, n_scores), ``halves`` (n_targets, n_pairs, 2, n_scores).
    """

    folds: FloatArray
    repeats: FloatArray
    halves: FloatArray


def draw_cohort(generator: str, group: int, n: int, number: int) -> Cohort:
    """Draw a cohort of a group of targets, and predict them."""
    settings, rng = GROUPS[group], np.random.default_rng([_KEYS[generator], n, group, number + 100])
    followed = rng.standard_normal(n)
    edges = draw_edges(generator, followed, rng)
    targets = [draw_target(one, followed, rng) for one in settings]
    classes = None if settings[0].is_number else targets[0].values.astype(np.intp)
    drawn = [*k_fold(n, N_FOLDS, rng, stratify=classes), *repeated(n, N_REPEATS, TEST_SHARE, rng, stratify=classes)]
    n_whole = len(drawn)
    for _ in range(N_PAIRS):
        for half in k_fold(n, 2, rng, stratify=classes):
            own = None if classes is None else classes[half.test]
            inside = k_fold(half.test.size, N_FOLDS, rng, stratify=own)
            drawn += [Split(half.test[one.train], half.test[one.test]) for one in inside]
    edges = edges - edges.mean(axis=0)
    parts = predict(edges @ edges.T, np.column_stack([one.columns for one in targets]), drawn)
    in_halves = [parts[start : start + N_FOLDS] for start in range(n_whole, len(parts), N_FOLDS)]
    repeats = np.nanmean([score(targets, [part]) for part in parts[N_FOLDS:n_whole]], axis=0)
    halves = np.stack([score(targets, half) for half in in_halves], axis=1)
    return Cohort(
        score(targets, parts[:N_FOLDS]), repeats, halves.reshape(len(targets), N_PAIRS, 2, len(settings[0].names))
    )


def true_scores(generator: str, group: int, n: int) -> FloatArray:
    """Return the expected scores of models of four fifths of the subjects, shape (n_targets, n_scores)."""
    settings, rng = GROUPS[group], np.random.default_rng([_KEYS[generator], n, group, 7])
    n_train, found = round((1 - TEST_SHARE) * n), []
    for _ in range(400 if n < 100 else 100):
        size = n_train + _N_NEW
        followed = rng.standard_normal(size)
        edges = draw_edges(generator, followed, rng)
        targets = [draw_target(one, followed, rng) for one in settings]
        edges = edges - edges.mean(axis=0)
        gram = np.zeros((size, size))
        gram[:, :n_train] = edges @ edges[:n_train].T
        split = Split(np.arange(n_train), np.arange(n_train, size))
        (part,) = predict(gram, np.column_stack([one.columns for one in targets]), [split])
        if settings[0].is_number:
            found.append([_errors(target, place, part) for place, target in enumerate(targets)])
        else:
            found.append(score(targets, [part]).tolist())
    mean = np.asarray(np.mean(found, axis=0))
    if not settings[0].is_number:
        return mean
    error, null, absolute, r = mean.T
    return np.column_stack([1 - error / null, np.sqrt(error), absolute, r])


def _errors(target: Target, number: int, part: SplitPrediction) -> list[float]:
    """Return the squared error of a model and of the null model, the absolute error, and r, in the population."""
    guess, known = part.values[:, number], target.predictable[part.test]
    variance = known.var() + target.noise_variance
    r = np.cov(guess, known)[0, 1] / np.sqrt(guess.var(ddof=1) * variance) if guess.std() > 0 else 0.0
    error = ((guess - known) ** 2).mean() + target.noise_variance
    null = ((known - part.means[number]) ** 2).mean() + target.noise_variance
    return [float(error), float(null), float(np.abs(target.values[part.test] - guess).mean()), float(r)]


# --- coverage --------------------------------------------------------------------------------------


def limits(names: tuple[str, ...], estimates: FloatArray, halves: FloatArray, n: int) -> list[Interval]:
    """Return the program's interval of each score, and of those that it gives none what it would be."""
    samples = HalfSamples(
        {name: halves[:, :, place] for place, name in enumerate(names)}, degrees_of_freedom(len(halves), n), n
    )
    found = {name: samples.limits(name, float(value)) for name, value in zip(names, estimates, strict=True)}
    found = widened(found)
    return [found[name] for name in names]


def coverage(generator: str, group: int, n: int, n_cohorts: int, folder: Path) -> list[str]:
    """Return lines of a table: of each target and way of splitting, the share of intervals that cover."""
    truth, cohorts = _truth(generator, group, n, folder), []
    for number in range(n_cohorts):
        cohorts.append(_cohort(generator, group, n, number, folder))
    lines = []
    for place, setting in enumerate(GROUPS[group]):
        for way in ("folds", "repeats"):
            covered = []
            for cohort in cohorts:
                estimates = (cohort.folds if way == "folds" else cohort.repeats)[place]
                own = limits(setting.names, estimates, cohort.halves[place], n)
                covered.append([one.low <= true <= one.high for one, true in zip(own, truth[place], strict=True)])
            shares = np.mean(covered, axis=0)
            told = (
                f"{name} {share:.3f} (of {true:.2f})"
                for name, share, true in zip(setting.names, shares, truth[place], strict=True)
            )
            lines.append(f"{generator}, {n}: {setting.kind}, {setting.noise}, {way}: {', '.join(told)}")
    return lines


def _truth(generator: str, group: int, n: int, folder: Path) -> FloatArray:
    file = folder / f"truth-{generator}-{group}-{n}.npy"
    if not file.exists():
        np.save(file, true_scores(generator, group, n))
    return np.asarray(np.load(file))


def _cohort(generator: str, group: int, n: int, number: int, folder: Path) -> Cohort:
    file = folder / f"cohort-{generator}-{group}-{n}-{number}.npz"
    if not file.exists():
        drawn = draw_cohort(generator, group, n, number)
        np.savez(file, folds=drawn.folds, repeats=drawn.repeats, halves=drawn.halves)
    with np.load(file) as kept:
        return Cohort(kept["folds"], kept["repeats"], kept["halves"])


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    n_cohorts = int(arguments[1]) if len(arguments) > 1 else 200
    for n in [int(one) for one in arguments[2:]] or [60, 200]:
        for generator in GENERATORS:
            for group in range(len(GROUPS)):
                print("\n".join(coverage(generator, group, n, n_cohorts, folder)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
