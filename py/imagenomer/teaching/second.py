"""The second teaching cohort: other people, other scanners, and effects that are partly those of the first.

It imitates the structure of the cohort that Orlichenko et al. train on and test across (BSNIP: adults with and without
psychosis, six sites, rest only, two ancestry groups of which one is twice the other). A seed has one brain:
what the first cohort of that seed calls an effect of ancestry or age is here the same effect, turned by
50 degrees, so that a model of one cohort works in the other, and less well.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from imagenomer.cohort import Cohort, LogEntry, Phenotype
from imagenomer.errors import InputError
from imagenomer.parcellation import load_atlas
from imagenomer.progress import Steps
from imagenomer.teaching.connectivity import TASKS, draw_brain, draw_scans, rotated, with_effect
from imagenomer.teaching.people import (
    POSITION,
    reported_years,
    standardised,
    truncated_normal_quantiles,
    unrelated_within_groups,
)
from imagenomer.teaching.recipe import Effect, Recipe
from imagenomer.types import FloatArray, IntArray

GROUPS = ("EA", "AA")
DIAGNOSES = ("control", "bipolar", "schizoaffective", "schizophrenia")
SITES = ("1", "2", "3", "4", "5", "6")
#: What moves connectivity at each site, by the names that a brain has for it.
_SITE_CAUSES = tuple(f"site {site}" for site in SITES)

#: People in each size.
SECOND_SIZES = MappingProxyType({"quick": 300, "full": 1_165})

#: Degrees by which each effect is turned against that of the first cohort.
TURNED_BY = 50.0

_SHARE_AA = 387 / 1_165
# Of those of either group, who was recruited where, and with which diagnosis.
_AT_SITE = np.array([[0.15, 0.19, 0.17, 0.20, 0.09, 0.20], [0.24, 0.09, 0.22, 0.15, 0.18, 0.12]])
_WITH_DIAGNOSIS = np.array([[0.39, 0.24, 0.14, 0.23], [0.33, 0.13, 0.19, 0.35]])
_SHARE_MALE = np.array([0.42, 0.36, 0.44, 0.68])
# Points of WRAT that a diagnosis costs, how much of its effect on connectivity it has, and more motion (log mm).
_WRAT_BY_DIAGNOSIS = np.array([0.0, -1.5, -5.0, -6.0])
_SEVERITY = np.array([0.0, 0.5, 0.9, 1.0])
_MOTION_BY_DIAGNOSIS = np.array([0.0, 0.06, 0.15, 0.18])
_WRAT_GAP = 10.5
# Circumstances are worse than in the first cohort, by so many standard deviations within a group.
_WORSE = 0.4
_SITE = Effect(3.0, 20)
_DIAGNOSIS = Effect(1.6, 12)

DESCRIPTION = """\
None of these people exist: everything was drawn from random numbers, in the image of a study of adults with and \
without psychosis at six sites. Sites differ in their scanner and in whom they recruited, diagnosis affects \
connectivity and is associated with the reading score, and ancestry groups differ in all of these. What affects \
connectivity in the first teaching cohort of the same seed affects it here as well, partly along the same \
connections: train on one, test on the other."""


def generate_second(size: str | int = "quick", seed: int = 1) -> Steps[Cohort]:
    """Draw the second teaching cohort: the same brain as `generate` gives for the seed, other people.

    Parameters
    ----------
    size : {"quick", "full"} or int
        ``full`` is 1,165 people, ``quick`` is 300. A number: so many people, at least 120.
    seed : int
        Not negative; that of the first cohort which this one is to be compared with.

    Returns
    -------
    Steps[Cohort]
        A generator that yields `Progress` several times a second and returns the cohort: one scan of everybody
        at rest, no genotypes.

    Raises
    ------
    InputError
        If the size or the seed is not one of these.
    """
    n_subjects = SECOND_SIZES.get(size) if isinstance(size, str) else size
    if n_subjects is None or n_subjects < 120:
        raise InputError(
            f"a second teaching cohort of size {size!r} cannot be made; choose {', '.join(SECOND_SIZES)} or at least "
            "120 subjects"
        )
    if seed < 0:
        raise InputError(f"the seed {seed} is negative; choose a whole number from 0 on")
    # The second stream is that of the first cohort's connectivity; those after the third are this cohort's own.
    _, shared, _, for_people, for_effects, for_scans = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(6))
    phenotypes, causes = _draw_people(n_subjects, for_people)
    brain = draw_brain(Recipe(), load_atlas("power-264"), TASKS, shared).at_rest()
    brain = rotated(brain, TURNED_BY, for_effects)
    for cause, effect in (("diagnosis", _DIAGNOSIS), *((cause, _SITE) for cause in _SITE_CAUSES)):
        brain = with_effect(brain, cause, effect, for_effects)
    subjects = tuple(f"S{number:04d}" for number in range(1, n_subjects + 1))
    scans, measure = yield from draw_scans(subjects, causes, brain, for_scans)
    return Cohort(
        name="Second teaching cohort",
        subjects=subjects,
        phenotypes=phenotypes,
        scans=scans,
        measures={measure.name: measure},
        parcellation=load_atlas("power-264"),
        log=(
            LogEntry("recognised", f"Made {n_subjects} synthetic people, seed {seed}; none of them exists."),
            LogEntry("recognised", f"Drew their connectivity at rest, at {len(SITES)} sites."),
            LogEntry(
                "recognised",
                f"Planted: connectivity is moved by {', '.join(_named(brain.patterns))}, all but diagnosis and site as "
                f"in the first teaching cohort of this seed, turned by {TURNED_BY:.0f} degrees; the WRAT score is "
                "moved by ancestry group, circumstances and diagnosis.",
            ),
        ),
        description=DESCRIPTION,
        licence="CC0-1.0",
        provenance=f"Drawn by imagenomer.teaching.generate_second(size={size!r}, seed={seed}).",
        synthetic=True,
    )


def _named(patterns: dict[str, FloatArray]) -> list[str]:
    return [cause for cause in patterns if cause not in _SITE_CAUSES] + ["site"]


def _draw_people(n_subjects: int, rng: np.random.Generator) -> tuple[dict[str, Phenotype], dict[str, FloatArray]]:
    """Draw what is recorded of people, and what moves their connectivity, by cause."""
    n_aa = round(_SHARE_AA * n_subjects)
    group = rng.permutation((np.arange(n_subjects) >= n_subjects - n_aa).astype(np.intp))
    site, diagnosis = _draw_levels(_AT_SITE, group, rng), _draw_levels(_WITH_DIAGNOSIS, group, rng)
    male = (rng.random(n_subjects) < _SHARE_MALE[diagnosis]).astype(np.intp)
    age = rng.permutation(truncated_normal_quantiles(n_subjects, mean=430.0, sd=155.0, low=180.0, high=780.0))
    luck, rest = unrelated_within_groups(rng.standard_normal((2, n_subjects)), group)
    log_fd = rng.normal(-1.9, 0.45, n_subjects) + 0.0006 * (age - 430) + _MOTION_BY_DIAGNOSIS[diagnosis]
    position = POSITION[group]
    wrat = 98 + _WRAT_GAP * position + _WRAT_BY_DIAGNOSIS[diagnosis] + 14 * (0.42 * luck + np.sqrt(1 - 0.42**2) * rest)
    mother = 13.6 + 1.4 * position + 2.4 * (0.55 * luck + np.sqrt(1 - 0.55**2) * rng.standard_normal(n_subjects))

    def number(name: str, values: FloatArray, units: str, description: str) -> Phenotype:
        return Phenotype(name, values, description=description, units=units)

    def category(name: str, codes: IntArray, levels: tuple[str, ...], description: str) -> Phenotype:
        return Phenotype(name, codes, levels, description)

    recorded = (
        number("age", np.round(age), "months", "Age at the scan."),
        category("sex", male, ("F", "M"), "Sex as recorded."),
        category(
            "ancestry",
            group,
            GROUPS,
            "Group a person reports, with the codes of the first cohort: EA European American, AA African American. A "
            "social category: the planted difference in WRAT stands for unequal circumstances.",
        ),
        category("diagnosis", diagnosis, DIAGNOSES, "Diagnosis; unequally frequent in the ancestry groups."),
        number(
            "wrat",
            np.clip(np.round(wrat), 55, 145),
            "standard score",
            "Wide Range Achievement Test, reading: 100 is the mean of the norm group.",
        ),
        number(
            "mother_education", reported_years(mother, 0.12, rng), "years", "Mother's schooling; 12 % not reported."
        ),
        number("mean_fd", np.round(np.exp(log_fd), 4), "mm", "Head motion: mean framewise displacement over the scan."),
        category("site", site, SITES, "Where a person was scanned; the sites recruited different people."),
    )
    causes = {
        "age": standardised(age),
        "sex": male - 0.5,
        "ancestry": position,
        "circumstances": (Recipe().circumstances_gap * position + luck - _WORSE) / np.sqrt(2),
        "motion": standardised(log_fd),
        "diagnosis": _SEVERITY[diagnosis] - _SEVERITY[diagnosis].mean(),
        **{cause: (site == code) - np.mean(site == code) for code, cause in enumerate(_SITE_CAUSES)},
    }
    return {phenotype.name: phenotype for phenotype in recorded}, causes


def _draw_levels(shares: FloatArray, group: IntArray, rng: np.random.Generator) -> IntArray:
    """Assign levels so that every group has its shares, as nearly as whole people allow, shape (n_subjects,)."""
    levels = np.empty(group.size, dtype=np.intp)
    for index, of_group in enumerate(shares):
        members = np.flatnonzero(group == index)
        bounds = np.round(np.cumsum(of_group) * members.size)
        levels[members] = np.searchsorted(bounds, rng.permutation(members.size), side="right")
    return levels
