"""Cohorts of real connectivity's noise in which a truth is planted, one of those that real studies meet.

Each is drawn from a seed: edges are noise (`connectivity_noise`) and patterns times causes. An easy effect is strong
enough for prediction to find nearly all of it, a hard one leaves R squared at a tenth to a half. Beside the causes
every cohort has age, sex and handedness, which have no part in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from connectivity_noise import N_EDGES, N_PARCELS, draw_noise
from imagenomer.cohort import Cohort, Measure, Phenotype, Scan
from imagenomer.parcellation import plain_parcellation

Numbers: TypeAlias = NDArray[np.float64]
#: Share of an edge's standard deviation by which one standard deviation of a cause moves it.
EASY, HARD = 0.3, 0.04
N = 200


@dataclass(frozen=True)
class PlantedTruth:
    """What a planted cohort is made of.

    Attributes
    ----------
    target : ndarray
        Numbers, or text.
    edges : ndarray, shape (n_subjects, N_EDGES)
    candidates : mapping of str to ndarray
        Numbers, or text.
    families : ndarray or None
    """

    target: NDArray[Any]
    edges: Numbers
    candidates: Mapping[str, NDArray[Any]]
    families: NDArray[Any] | None = None


def draw(truth: str, seed: int) -> Cohort:
    """Return a cohort in which a truth of `PLANTED` is planted: target "score", measure "fc"."""
    rng = np.random.default_rng([seed, sorted(PLANTED).index(truth)])
    planted = PLANTED[truth](rng)
    n = len(planted.target)
    bystanders = {
        "years": rng.uniform(18, 60, n),
        "sex": rng.choice(["F", "M"], n),
        "hand": rng.choice(["left", "right"], n, p=[0.15, 0.85]),
    }
    columns = {"score": planted.target, **planted.candidates, **bystanders}
    if planted.families is not None:
        columns["family"] = planted.families.astype(str)
    subjects = tuple(f"{number:04d}" for number in range(n))
    return Cohort(
        name="Planted",
        subjects=subjects,
        phenotypes={name: _phenotype(name, values) for name, values in columns.items()},
        scans=tuple(Scan("rest", subject) for subject in subjects),
        measures={"fc": Measure("fc", planted.edges.astype(np.float32), np.ones(n, dtype=bool))},
        parcellation=plain_parcellation(N_PARCELS),
    )


def _phenotype(name: str, values: NDArray[Any]) -> Phenotype:
    if values.dtype.kind != "U":
        return Phenotype(name, values.astype(np.float64))
    levels, codes = np.unique(values, return_inverse=True)
    return Phenotype(name, codes.astype(np.intp), tuple(levels.tolist()))


def moved(
    edges: Numbers, cause: NDArray[Any], size: float, rng: np.random.Generator, n_edges: int = N_EDGES
) -> Numbers:
    """Return edges moved by a cause along a random pattern, over all of them or a few.

    Parameters
    ----------
    size : float
        How far a standard deviation of the cause moves an edge, in the edge's standard deviations.
    """
    pattern = np.zeros(N_EDGES)
    chosen = rng.permutation(N_EDGES)[:n_edges]
    pattern[chosen] = rng.standard_normal(n_edges) if n_edges == N_EDGES else rng.choice([-1.0, 1.0], n_edges)
    standard = (cause - cause.mean()) / cause.std()
    return np.asarray(edges + size * np.outer(standard, pattern * edges.std(axis=0)))


def _and_noise(cause: NDArray[Any], rng: np.random.Generator, share: float = 0.5) -> Numbers:
    """Return a number of which a cause explains a share of the variance."""
    standard = (cause - cause.mean()) / cause.std()
    return np.asarray(np.sqrt(share) * standard + np.sqrt(1 - share) * rng.standard_normal(len(cause)))


# --- nothing to find -------------------------------------------------------------------------------


def _noisy_patients(spread: float) -> Callable[[np.random.Generator], PlantedTruth]:
    def draw_one(rng: np.random.Generator) -> PlantedTruth:
        patient = np.arange(N) < N // 10
        edges = draw_noise(N, rng) * np.where(patient, spread, 1.0)[:, None]
        return PlantedTruth(np.where(patient, "patient", "control"), edges, {})

    return draw_one


def _motion_as_target(rng: np.random.Generator) -> PlantedTruth:
    motion = rng.standard_normal(N)
    return PlantedTruth(motion, draw_noise(N, rng) * np.exp(0.3 * motion)[:, None], {})


def _families_of(size: int) -> Callable[[np.random.Generator], PlantedTruth]:
    def draw_one(rng: np.random.Generator) -> PlantedTruth:
        n_families = N // size
        family = np.repeat(np.arange(n_families), size)
        edges = np.sqrt(0.5) * (draw_noise(n_families, rng)[family] + draw_noise(N, rng))
        score = np.sqrt(0.6) * rng.standard_normal(n_families)[family] + np.sqrt(0.4) * rng.standard_normal(N)
        return PlantedTruth(score, edges, {}, family)

    return draw_one


def _nothing(rng: np.random.Generator) -> PlantedTruth:
    return PlantedTruth(rng.standard_normal(N), draw_noise(N, rng), {})


# --- real effects ----------------------------------------------------------------------------------


def _real(size: float, n: int = N, n_edges: int = N_EDGES) -> Callable[[np.random.Generator], PlantedTruth]:
    def draw_one(rng: np.random.Generator) -> PlantedTruth:
        score = rng.standard_normal(n)
        edges = moved(draw_noise(n, rng), score, size, rng, n_edges)
        return PlantedTruth(score, edges, {"reading": _and_noise(score, rng, 0.3)})

    return draw_one


def _eight_correlates(size: float) -> Callable[[np.random.Generator], PlantedTruth]:
    def draw_one(rng: np.random.Generator) -> PlantedTruth:
        score = rng.standard_normal(N)
        tests = {f"test {number}": _and_noise(score, rng, 0.15) for number in range(1, 9)}
        return PlantedTruth(score, moved(draw_noise(N, rng), score, size, rng), tests)

    return draw_one


def _part_real(share: float, size: float, n: int = N) -> Callable[[np.random.Generator], PlantedTruth]:
    """Return cohorts in which this share of the target's slope is real, and the rest is a site's."""

    def draw_one(rng: np.random.Generator) -> PlantedTruth:
        site = rng.choice(["A", "B"], n)
        score = _and_noise(site == "A", rng)
        # Slope of both causes along the pattern: the site's is half of its effect, since it is half of the score.
        cause = share * score + (1 - share) * 2 * np.sqrt(0.5) * np.where(site == "A", 1.0, -1.0)
        return PlantedTruth(score, moved(draw_noise(n, rng), cause, size, rng), {"site": site})

    return draw_one


# --- confounds -------------------------------------------------------------------------------------


def _two_levels(size: float) -> Callable[[np.random.Generator], PlantedTruth]:
    def draw_one(rng: np.random.Generator) -> PlantedTruth:
        site = rng.choice(["A", "B"], N)
        return PlantedTruth(
            _and_noise(site == "A", rng), moved(draw_noise(N, rng), site == "A", size, rng), {"site": site}
        )

    return draw_one


def _quadratic(rng: np.random.Generator) -> PlantedTruth:
    age = rng.uniform(8, 22, N)
    shape = (age - age.mean()) ** 2
    return PlantedTruth(_and_noise(shape, rng), moved(draw_noise(N, rng), shape, EASY, rng), {"age": age})


def _many_sites(rng: np.random.Generator) -> PlantedTruth:
    site = rng.integers(0, 20, 400)
    of_score, of_edges = rng.standard_normal((2, 20))
    edges = moved(draw_noise(400, rng), of_edges[site], EASY, rng)
    edges = moved(edges, (of_score + of_edges)[site], EASY, rng)
    return PlantedTruth(
        _and_noise((of_score + of_edges)[site], rng), edges, {"site": np.array([f"s{one:02d}" for one in site])}
    )


def _coded_site(rng: np.random.Generator) -> PlantedTruth:
    site = rng.integers(0, 5, N)
    height = np.array([0.0, 2.0, -1.0, 1.0, -2.0])[site]
    return PlantedTruth(_and_noise(height, rng), moved(draw_noise(N, rng), height, EASY, rng), {"site": site + 1.0})


def _two_confounds(size: float) -> Callable[[np.random.Generator], PlantedTruth]:
    def draw_one(rng: np.random.Generator) -> PlantedTruth:
        site, age = rng.choice(["A", "B"], N), rng.uniform(8, 22, N)
        score = _and_noise(np.where(site == "A", 1.0, -1.0) + (age - 15) / np.sqrt(14**2 / 12), rng, 0.6)
        edges = moved(moved(draw_noise(N, rng), site == "A", size, rng), age, size, rng)
        return PlantedTruth(score, edges, {"site": site, "age": age})

    return draw_one


def _product(rng: np.random.Generator) -> PlantedTruth:
    site, drug = rng.choice(["A", "B"], N), rng.choice(["placebo", "verum"], N)
    both = (site == "A") ^ (drug == "verum")
    return PlantedTruth(_and_noise(both, rng), moved(draw_noise(N, rng), both, EASY, rng), {"site": site, "drug": drug})


def _motion(rng: np.random.Generator) -> PlantedTruth:
    log_motion = rng.standard_normal(N)
    edges = moved(draw_noise(N, rng), log_motion, EASY, rng)
    return PlantedTruth(_and_noise(-log_motion, rng), edges, {"mean_fd": 0.15 * np.exp(0.6 * log_motion)})


# --- what numbers alone cannot tell ----------------------------------------------------------------


def _unreliable(rng: np.random.Generator) -> PlantedTruth:
    cause = rng.standard_normal(N)
    edges = moved(draw_noise(N, rng), cause, EASY, rng)
    return PlantedTruth(_and_noise(cause, rng), edges, {"stress": _and_noise(cause, rng, 0.5)})


def _mediator(rng: np.random.Generator) -> PlantedTruth:
    score = rng.standard_normal(N)
    hours = _and_noise(score, rng)
    return PlantedTruth(score, moved(draw_noise(N, rng), hours, EASY, rng), {"hours": hours})


def _collider(rng: np.random.Generator) -> PlantedTruth:
    score = rng.standard_normal(N)
    brain = _and_noise(score, rng, 0.3)
    edges = moved(draw_noise(N, rng), brain, EASY, rng)
    return PlantedTruth(score, edges, {"income": _and_noise(score + brain, rng, 0.7)})


def _selected(rng: np.random.Generator) -> PlantedTruth:
    n = 4 * N
    score, brain = rng.standard_normal((2, n))
    chosen = np.sort(np.argsort(-(score + brain))[:N])
    score, brain = score[chosen], brain[chosen]
    return PlantedTruth(score, moved(draw_noise(N, rng), brain, EASY, rng), {"school": _and_noise(score, rng, 0.3)})


def _suppressor(rng: np.random.Generator) -> PlantedTruth:
    age, own = rng.standard_normal((2, N))
    # Connectivity follows what is the score's own and the opposite of age, which cancel in the score.
    return PlantedTruth(age + own, moved(draw_noise(N, rng), own - age, EASY, rng), {"age": age})


def _alias(rng: np.random.Generator) -> PlantedTruth:
    patient = rng.random(N) < 0.5
    edges = moved(draw_noise(N, rng), patient, EASY, rng)
    return PlantedTruth(np.where(patient, "patient", "control"), edges, {"site": np.where(patient, "B", "A")})


PLANTED: Mapping[str, Callable[[np.random.Generator], PlantedTruth]] = MappingProxyType(
    {
        "nothing, real noise": _nothing,
        "noisy patients, SD x1.2": _noisy_patients(1.2),
        "noisy patients, SD x1.4": _noisy_patients(1.4),
        "noisy patients, SD x1.8": _noisy_patients(1.8),
        "motion as target, noise grows with it": _motion_as_target,
        "twins": _families_of(2),
        "families of four": _families_of(4),
        "real, easy": _real(EASY),
        "real, hard": _real(HARD),
        "real, 25 edges of r about .5": _real(0.58, n_edges=25),
        "real, 8 correlates": _eight_correlates(EASY),
        "real, 8 correlates, hard": _eight_correlates(HARD),
        "real, 40 subjects": _real(EASY, n=40),
        "half real": _part_real(1 / 2, EASY),
        "half real, hard": _part_real(1 / 2, HARD),
        "half real, 1,000 subjects": _part_real(1 / 2, EASY, n=1000),
        "two thirds real, hard": _part_real(2 / 3, HARD),
        "confound of two levels": _two_levels(EASY),
        "confound of two levels, hard": _two_levels(HARD),
        "confound quadratic in age": _quadratic,
        "confound of 20 sites, 400 subjects": _many_sites,
        "confound of sites coded 1 to 5": _coded_site,
        "two confounds, jointly all": _two_confounds(EASY),
        "two confounds, jointly all, hard": _two_confounds(HARD),
        "confound is a product of two": _product,
        "confound is motion, log-normal": _motion,
        "confound of reliability .5": _unreliable,
        "mediator, real noise": _mediator,
        "consequence of both": _collider,
        "subjects selected by target and connectivity": _selected,
        "suppressor": _suppressor,
        "candidate says the same": _alias,
    }
)
