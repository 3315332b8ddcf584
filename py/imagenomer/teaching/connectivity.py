"""Connectivity of the teaching cohort, drawn edge by edge.

A scan is a mean map, plus 3 coefficients for each of the 105 network pairs, plus noise of its own for each edge.
The coefficients carry everything that is planted and most of what differs between people: a coefficient
moves all edges of its pair together, by the product of a weight of either parcel. The matrices are not
positive semi-definite, as correlation matrices of time series would be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort import Measure, Scan
from imagenomer.edges import matrix_to_edges
from imagenomer.parcellation import Parcellation
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.kernels import add_noise
from imagenomer.teaching.recipe import Effect, Recipe
from imagenomer.types import Float32Array, FloatArray, IntArray

TASKS = ("emoid", "nback", "rest")

# Standard deviations over people of an edge, by source.
_SD_COEFFICIENTS = 0.078
_SD_PERSON = 0.055
_SD_SCAN = {"emoid": 0.079, "nback": 0.076, "rest": 0.105}  # a short scan is a noisy one
# Of the coefficients: of one scan against another of the same person, where people differ by 1.
_SD_TASK = 0.69
_TASK_LENGTH = 8.0

# One mode moves a network pair as a whole and carries most variance; two redistribute within it.
_MODE_SHARE = np.array([0.6, 0.2, 0.2])
_MODE_AMPLITUDE = np.array([1.0, 0.4, 0.4])
# From the pair an effect moves most to the one it moves least.
_PROFILE = (1.3, 0.7)
# An effect is as good as lost on a pair whose edges sum to less variance than this over people.
_SEEN = 0.2
# Pairs of the atlas that effects are stated for; one with fewer networks carries them on fewer pairs.
_PAIRS_STATED_FOR = 105

# A uniform byte is the cheapest noise in WebAssembly: normals for every edge would double the waiting time.
_SD_BYTE = 73.9
_PEOPLE_A_BLOCK = 16
_LIMIT = 0.99


@dataclass(frozen=True, slots=True)
class Basis:
    """What a coefficient does to each edge.

    Attributes
    ----------
    order : ndarray, shape (n_edges,)
        Position of each edge when edges are sorted by network pair.
    starts : ndarray, shape (n_pairs + 1,)
        Where each pair begins in that order.
    weights : ndarray, shape (n_modes, n_edges), float32
        Change of an edge with its pair's coefficient, sorted.
    energy : ndarray, shape (n_modes, n_pairs)
        Sum of squares of ``weights`` over the edges of a pair.
    """

    order: IntArray
    starts: IntArray
    weights: Float32Array
    energy: FloatArray


@dataclass(frozen=True, slots=True)
class Brain:
    """What connectivity is made of, before anybody is scanned: shared by the cohorts of a seed.

    Attributes
    ----------
    mean_map : ndarray, shape (n_edges,)
    basis : Basis
    tasks : tuple of str
    task_maps : ndarray, shape (n_tasks, n_modes, n_pairs)
        What a task adds to everybody's coefficients.
    patterns : dict of str to ndarray, shape (n_modes, n_pairs)
        What one unit of a cause adds to a person's coefficients.
    """

    mean_map: FloatArray
    basis: Basis
    tasks: tuple[str, ...]
    task_maps: FloatArray
    patterns: dict[str, FloatArray]

    def at_rest(self) -> Brain:
        """Return the same brain, scanned at rest only."""
        rest = self.tasks.index("rest")
        return replace(self, tasks=("rest",), task_maps=self.task_maps[rest : rest + 1])


def draw_brain(recipe: Recipe, parcellation: Parcellation, tasks: tuple[str, ...], rng: np.random.Generator) -> Brain:
    """Draw what a coefficient does to each edge, and where each cause acts."""
    basis = _draw_basis(parcellation, rng)
    patterns = _draw_patterns(basis, recipe, rng)
    task_maps = rng.standard_normal((len(tasks), *basis.energy.shape))
    task_maps *= _TASK_LENGTH / np.sqrt((task_maps**2).sum(axis=(1, 2), keepdims=True))
    return Brain(_mean_map(parcellation), basis, tasks, task_maps, patterns)


def rotated(brain: Brain, degrees: float, rng: np.random.Generator) -> Brain:
    """Turn every pattern away from itself: what is gained lies on other network pairs, and is as long.

    The correlation of an effect before and after, as a model sees both, is the cosine of ``degrees``.
    """
    free = np.arange(brain.basis.energy.shape[1])
    patterns = {}
    for cause, pattern in brain.patterns.items():
        carrying = np.flatnonzero(pattern.any(axis=0))
        chosen = _choose_pairs(np.setdiff1d(free, carrying), np.diff(brain.basis.starts), carrying.size, rng)
        other = _draw_pattern(brain.basis, chosen, _seen_length(brain.basis, pattern), rng)
        patterns[cause] = np.cos(np.radians(degrees)) * pattern + np.sin(np.radians(degrees)) * other
    return replace(brain, patterns=patterns)


def with_effect(brain: Brain, cause: str, effect: Effect, rng: np.random.Generator) -> Brain:
    """Let one more cause act, on network pairs drawn at random."""
    sizes = np.diff(brain.basis.starts)
    chosen = _choose_pairs(np.arange(sizes.size), sizes, _n_pairs(effect, sizes.size), rng)
    return replace(brain, patterns={**brain.patterns, cause: _draw_pattern(brain.basis, chosen, effect.length, rng)})


def draw_scans(
    subjects: tuple[str, ...], causes: Mapping[str, FloatArray], brain: Brain, rng: np.random.Generator
) -> Steps[tuple[tuple[Scan, ...], Measure]]:
    """Draw one scan a task of everybody.

    Parameters
    ----------
    subjects : tuple of str
    causes : mapping of str to ndarray, shape (n_subjects,)
        All that ``brain`` has a pattern for, and possibly others.
    brain : Brain
    rng : numpy.random.Generator

    Returns
    -------
    scans : tuple of Scan
        Sorted by task, then subject.
    measure : Measure
        ``fc``, values within (-1, 1).
    """
    basis, tasks = brain.basis, brain.tasks
    n_subjects, n_edges = len(subjects), basis.order.size
    n_modes, n_pairs = basis.energy.shape
    yield Progress("Drawing connectivity", 0, n_subjects)
    planted = np.zeros((n_subjects, n_modes, n_pairs))
    for cause, pattern in brain.patterns.items():
        planted += causes[cause][:, None, None] * pattern

    # Sorted by pair, and with the mean map as one more mode whose coefficient is always 1.
    sorted_edges = np.argsort(basis.order)
    loadings = np.vstack([basis.weights, brain.mean_map[sorted_edges].astype(np.float32)])
    values = np.empty((len(tasks) * n_subjects, n_edges), dtype=np.float32)
    coefficients = np.ones((n_pairs, len(tasks), _PEOPLE_A_BLOCK, n_modes + 1), dtype=np.float32)
    by_pair = np.empty((len(tasks), _PEOPLE_A_BLOCK, n_edges), dtype=np.float32)

    for start in range(0, n_subjects, _PEOPLE_A_BLOCK):
        yield Progress("Drawing connectivity", start, n_subjects)
        block = planted[start : start + _PEOPLE_A_BLOCK]
        size = len(block)
        trait = block + rng.standard_normal(block.shape)
        state = _SD_TASK * rng.standard_normal((len(tasks), *block.shape)) + brain.task_maps[:, None]
        yield Progress("Drawing connectivity", start, n_subjects)
        coefficients[:, :, :size, :n_modes] = (trait + state).transpose(3, 0, 1, 2)
        for pair in range(n_pairs):
            edges = slice(basis.starts[pair], basis.starts[pair + 1])
            # Four terms an edge: matmul into place is as fast as BLAS, which would return a copy.
            np.matmul(coefficients[pair], loadings[:, edges], out=by_pair[..., edges])
        for person in range(size):
            yield Progress("Drawing connectivity", start + person, n_subjects)
            own = _random_bytes(n_edges, rng)
            for index, task in enumerate(tasks):
                scan = values[index * n_subjects + start + person]
                noise = (_random_bytes(n_edges, rng), _SD_SCAN[task] / _SD_BYTE), (own, _SD_PERSON / _SD_BYTE)
                add_noise(by_pair[index, person], basis.order, noise, _LIMIT, scan)
    scans = tuple(Scan(task, subject) for task in tasks for subject in subjects)
    return scans, Measure("fc", values, np.ones(len(scans), dtype=bool))


def _random_bytes(n: int, rng: np.random.Generator) -> NDArray[np.int8]:
    return np.frombuffer(rng.bytes(n), dtype=np.int8)


def _draw_basis(parcellation: Parcellation, rng: np.random.Generator) -> Basis:
    network = np.array([parcellation.network_names.index(name) for name in parcellation.networks])
    n_networks = len(parcellation.network_names)
    pair_of = np.zeros((n_networks, n_networks), dtype=np.intp)
    pair_of[np.triu_indices(n_networks)] = np.arange(n_networks * (n_networks + 1) // 2)
    pair_of = np.maximum(pair_of, pair_of.T)
    pair = matrix_to_edges(pair_of[np.ix_(network, network)])
    sorted_edges = np.argsort(pair, kind="stable")
    order = np.empty_like(sorted_edges)
    order[sorted_edges] = np.arange(pair.size)
    starts = np.searchsorted(pair[sorted_edges], np.arange(pair_of.max() + 2))

    parcels = rng.uniform(-1.0, 1.0, (3, parcellation.n_parcels))
    parcels[0] = rng.uniform(0.6, 1.0, parcellation.n_parcels)
    weights = np.stack([matrix_to_edges(np.outer(mode, mode))[sorted_edges] for mode in parcels])
    weights *= _SD_COEFFICIENTS * np.sqrt(_MODE_SHARE[:, None] / (weights**2).mean(axis=1, keepdims=True))
    energy = np.add.reduceat(weights**2, starts[:-1], axis=1)
    return Basis(order.astype(np.intp), starts.astype(np.intp), weights.astype(np.float32), energy)


def _draw_patterns(basis: Basis, recipe: Recipe, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Draw where each cause acts, and scale it to its length, by cause, shape (n_modes, n_pairs).

    Every cause is drawn, planted or not, so that two recipes of one seed differ in nothing else.
    """
    sizes = np.diff(basis.starts)
    free = np.arange(sizes.size)
    # Of a stream of its own: it came later, and cohorts of before are to stay as they were.
    (for_reading,) = rng.spawn(1)
    patterns = {}
    for cause in ("ancestry", "circumstances", "wrat", "age", "sex", "motion", "site", "reading"):
        source = for_reading if cause == "reading" else rng
        effect = recipe.connectivity.get(cause, Effect(0.0, 10))
        chosen = _choose_pairs(free, sizes, _n_pairs(effect, sizes.size), source)
        if cause in ("ancestry", "circumstances", "wrat"):
            # Apart from each other: where two met with opposite signs, one would hide the other.
            free = np.setdiff1d(free, chosen)
        pattern = _draw_pattern(basis, chosen, effect.length, source)
        if effect.length:
            patterns[cause] = pattern
    return patterns


def _draw_pattern(basis: Basis, pairs: IntArray, length: float, rng: np.random.Generator) -> FloatArray:
    """Draw an effect of a length on given network pairs, shape (n_modes, n_pairs)."""
    pattern = np.zeros(basis.energy.shape)
    signs = rng.choice([-1.0, 1.0], (len(pattern), pairs.size))
    pattern[:, pairs] = signs * np.linspace(*_PROFILE, pairs.size) * _MODE_AMPLITUDE[:, None]
    return np.asarray(pattern * length / _seen_length(basis, pattern))


def _seen_length(basis: Basis, pattern: FloatArray) -> float:
    """Length of a pattern, counted where a model can see it."""
    return float(np.sqrt(np.sum(pattern**2 * basis.energy / (basis.energy + _SEEN))))


def _n_pairs(effect: Effect, n_pairs: int) -> int:
    return max(1, round(effect.n_pairs * n_pairs / _PAIRS_STATED_FOR))


def _choose_pairs(free: IntArray, sizes: IntArray, n_pairs: int, rng: np.random.Generator) -> IntArray:
    """Choose network pairs at random that together have their share of the edges, within 3 % if possible."""
    share = n_pairs / sizes.size * sizes.sum()
    tolerance = 0.03
    while True:
        chosen = rng.choice(free, n_pairs, replace=False)
        if abs(sizes[chosen].sum() / share - 1) < tolerance:
            return np.asarray(chosen)
        tolerance *= 1.01


def _mean_map(parcellation: Parcellation) -> FloatArray:
    """Mean connectivity: networks, distance, and default mode against the attention networks, shape (n_edges,)."""
    networks = np.array(parcellation.networks)
    offsets = parcellation.coordinates[:, None] - parcellation.coordinates[None]
    camp = np.select(
        [networks == "DMN", np.isin(networks, ("DAN", "CON")), networks == "FPN"], [1.0, -1.0, -0.4], default=0.0
    )
    covariance = (
        0.16
        + 0.30 * (networks[:, None] == networks[None])
        + 0.25 * np.exp(-(offsets**2).sum(axis=-1) / (2 * 22.0**2))
        + 0.06 * np.outer(camp, camp)
        + 0.29 * np.eye(parcellation.n_parcels)
    )
    sd = np.sqrt(np.diag(covariance))
    return matrix_to_edges(covariance / np.outer(sd, sd))
