"""People of the teaching cohort: who they are, what is recorded of them, and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from imagenomer.cohort import Phenotype
from imagenomer.teaching.recipe import Recipe
from imagenomer.types import FloatArray, IntArray

#: Ancestry groups, named as in the data dictionary of the study that is imitated.
GROUPS = ("EA", "AA", "O")
SITES = ("A", "B", "C")

# The study's 830 people.
_COUNTS = np.array([407, 326, 97])
#: Where each group stands between AA and EA: one unit apart, mean near zero.
POSITION = np.array([0.445, -0.555, -0.05])
_WRAT_SD = np.array([14.0, 13.9, 14.0])
_MOTHER_EDUCATION = np.array([14.9, 13.2, 13.9])


@dataclass(frozen=True, slots=True)
class People:
    """The people of a teaching cohort.

    Attributes
    ----------
    subjects : tuple of str
    phenotypes : dict of str to Phenotype
        What is recorded.
    group : ndarray, shape (n_subjects,)
        Index into `GROUPS`.
    male : ndarray, shape (n_subjects,)
        Zero or one.
    causes : dict of str to ndarray, shape (n_subjects,)
        What can move connectivity, by the names a `Recipe` uses, some of it latent.
    """

    subjects: tuple[str, ...]
    phenotypes: dict[str, Phenotype]
    group: IntArray
    male: IntArray
    causes: dict[str, FloatArray]


#: Unit and description of each number that may be drawn.
_NUMBERS = {
    "age": ("months", "Age at the scan."),
    "wrat": ("standard score", "Wide Range Achievement Test, reading: 100 is the mean of the norm group."),
    "mother_education": ("years", "Mother's schooling; 3 % not reported."),
    "father_education": ("years", "Father's schooling; 32 % not reported."),
    "mean_fd": ("mm", "Head motion: mean framewise displacement over the scans."),
    "reading": ("hours a week", "Reading for pleasure, which good readers do more of."),
}
#: Levels and description of each category.
_CATEGORIES = {
    "sex": (("F", "M"), "Sex as recorded."),
    "ancestry": (
        GROUPS,
        "Group a person's family reports, with the study's own codes: EA European American, AA African American, "
        "O other or more than one. A social category: the planted difference in WRAT stands for unequal "
        "circumstances.",
    ),
    "site": (SITES, "Scanner, assigned at random."),
}


def draw_people(n_subjects: int, recipe: Recipe, rng: np.random.Generator) -> People:
    """Draw people and their phenotypes.

    Group sizes, the sex ratio, the distribution of age, the spread of WRAT within a group and its correlation
    with circumstances are met exactly, so that seeds differ in nothing that matters.
    """
    group = rng.permutation(np.repeat(np.arange(3), _group_sizes(n_subjects)))
    male = rng.permutation((np.arange(n_subjects) >= round(0.51 * n_subjects)).astype(np.intp))
    position = POSITION[group]
    age = rng.permutation(truncated_normal_quantiles(n_subjects, mean=180.0, sd=42.0, low=97.0, high=276.0))
    site = rng.integers(len(SITES), size=n_subjects)
    luck, rest = unrelated_within_groups(rng.standard_normal((2, n_subjects)), group)
    log_fd = rng.normal(-2.0, 0.45, n_subjects) - 0.004 * (age - 180) + 0.06 * male

    shares = {"circumstances": luck, "motion": standardised(log_fd), "site": standardised(site)}
    own = np.sqrt(1 - sum(share**2 for share in recipe.wrat.values()))
    within = own * rest + sum(share * shares[cause] for cause, share in recipe.wrat.items())
    for index, sd in enumerate(_WRAT_SD):
        within[group == index] = sd * standardised(within[group == index])
    wrat = np.clip(np.round(102 + recipe.wrat_gap * position + within), 55, 145)

    # Of a stream of its own: it came later, and cohorts of before are to stay as they were.
    (for_reading,) = rng.spawn(1)
    reading = recipe.reading * standardised(wrat)
    reading += np.sqrt(1 - recipe.reading**2) * for_reading.standard_normal(n_subjects)
    hours: FloatArray = np.round(np.clip(7 + 2.2 * reading, 0, None), 1).astype(np.float64)

    mother = _MOTHER_EDUCATION[group] + 2.2 * (0.55 * luck + np.sqrt(1 - 0.55**2) * rng.standard_normal(n_subjects))
    father = 13.7 + 0.6 * (mother - 14) + 2 * rng.standard_normal(n_subjects)

    values: dict[str, FloatArray | IntArray] = {
        "age": np.round(age),
        "wrat": wrat,
        "mother_education": reported_years(mother, 0.03, rng),
        "father_education": reported_years(father, 0.32, rng),
        "mean_fd": np.asarray(np.round(np.exp(log_fd), 4), dtype=np.float64),
        "reading": hours,
        "sex": male,
        "ancestry": group,
        "site": site,
    }
    order = ["age", "sex", "ancestry", "wrat", "mother_education", "father_education", "mean_fd", "site"]
    order += ["reading"] * bool(recipe.reading)
    return People(
        subjects=tuple(f"T{number:03d}" for number in range(1, n_subjects + 1)),
        phenotypes={name: _phenotype(name, values[name]) for name in order},
        group=group.astype(np.intp),
        male=male,
        causes={
            "age": standardised(age),
            "sex": male - 0.5,
            "ancestry": position,
            "circumstances": (recipe.circumstances_gap * position + luck) / np.sqrt(2),
            "motion": standardised(log_fd),
            "site": standardised(site),
            "wrat": standardised(wrat),
            "reading": standardised(hours),
        },
    )


def _phenotype(name: str, values: FloatArray | IntArray) -> Phenotype:
    if name in _NUMBERS:
        units, description = _NUMBERS[name]
        return Phenotype(name, values, description=description, units=units)
    levels, description = _CATEGORIES[name]
    return Phenotype(name, values.astype(np.intp), levels, description)


def _group_sizes(n_subjects: int) -> IntArray:
    sizes = np.round(_COUNTS * n_subjects / _COUNTS.sum()).astype(np.intp)
    sizes[0] += n_subjects - sizes.sum()
    return np.asarray(sizes)


def unrelated_within_groups(values: FloatArray, group: IntArray) -> FloatArray:
    """Give two variables mean 0, SD 1 and correlation 0 within every group, shape (2, n_subjects)."""
    for index in np.unique(group):
        members = group == index
        first = standardised(values[0, members])
        second = standardised(values[1, members])
        values[:, members] = first, standardised(second - np.mean(first * second) * first)
    return values


def truncated_normal_quantiles(n: int, *, mean: float, sd: float, low: float, high: float) -> FloatArray:
    """Evenly spaced quantiles of a truncated normal distribution, shape (n,)."""
    normal = NormalDist(mean, sd)
    bottom, top = normal.cdf(low), normal.cdf(high)
    return np.array([normal.inv_cdf(bottom + (top - bottom) * (index + 0.5) / n) for index in range(n)])


def standardised(values: FloatArray | IntArray) -> FloatArray:
    return np.asarray((values - values.mean()) / values.std())


def reported_years(years: FloatArray, share_missing: float, rng: np.random.Generator) -> FloatArray:
    """Whole years from 8 to 20 with a preference for even ones (degrees), NaN where not reported."""
    even = 2 * np.round(years / 2)
    reported = np.clip(np.where(rng.random(years.size) < 0.45, even, np.round(years)), 8, 20)
    reported[rng.permutation(years.size)[: round(share_missing * years.size)]] = np.nan
    return np.asarray(reported)
