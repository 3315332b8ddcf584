"""Connectivity of the teaching cohort, drawn edge by edge.

A scan is a mean map, plus 3 coefficients for each of the 105 network pairs, plus noise of its own for each edge.
The coefficients carry everything that is planted and most of what differs between people: a coefficient
moves all edges of its pair together, by the product of a weight of either parcel. The matrices are not
positive semi-definite, as correlation matrices of time series would be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort import Measure, Scan
from imagenomer.edges import matrix_to_edges
from imagenomer.parcellation import Parcellation
from imagenomer.progress import Progress, Steps
from imagenomer.teaching.people import People
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

# A uniform byte is the cheapest noise in WebAssembly: normals for every edge would double the waiting time.
_SD_BYTE = 73.9
_PEOPLE_A_BLOCK = 16
_LIMIT = 0.99


@dataclass(frozen=True, slots=True)
class _Basis:
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


def draw_connectivity(
    people: People, recipe: Recipe, parcellation: Parcellation, rng: np.random.Generator
) -> Steps[tuple[tuple[Scan, ...], Measure]]:
    """Draw one scan a task of everybody.

    Returns
    -------
    scans : tuple of Scan
        Sorted by task, then subject.
    measure : Measure
        ``fc``, values within (-1, 1).
    """
    basis = _draw_basis(parcellation, rng)
    patterns = _draw_patterns(basis, recipe, rng)
    n_subjects, n_edges = len(people.subjects), basis.order.size
    n_modes, n_pairs = basis.energy.shape

    task_maps = rng.standard_normal((len(TASKS), n_modes, n_pairs))
    task_maps *= _TASK_LENGTH / np.sqrt((task_maps**2).sum(axis=(1, 2), keepdims=True))
    planted = np.zeros((n_subjects, n_modes, n_pairs))
    for cause, pattern in patterns.items():
        planted += people.causes[cause][:, None, None] * pattern

    # Sorted by pair, and with the mean map as one more mode whose coefficient is always 1.
    sorted_edges = np.argsort(basis.order)
    mean_map = _mean_map(parcellation)[sorted_edges].astype(np.float32)
    loadings = np.vstack([basis.weights, mean_map])
    values = np.empty((len(TASKS) * n_subjects, n_edges), dtype=np.float32)
    coefficients = np.ones((n_pairs, len(TASKS), _PEOPLE_A_BLOCK, n_modes + 1), dtype=np.float32)
    by_pair = np.empty((len(TASKS), _PEOPLE_A_BLOCK, n_edges), dtype=np.float32)
    noise = np.empty(n_edges, dtype=np.float32)
    own = np.empty(n_edges, dtype=np.float32)

    for start in range(0, n_subjects, _PEOPLE_A_BLOCK):
        yield Progress("Drawing connectivity", start, n_subjects)
        block = planted[start : start + _PEOPLE_A_BLOCK]
        size = len(block)
        trait = block + rng.standard_normal(block.shape)
        state = _SD_TASK * rng.standard_normal((len(TASKS), *block.shape)) + task_maps[:, None]
        coefficients[:, :, :size, :n_modes] = (trait + state).transpose(3, 0, 1, 2)
        for pair in range(n_pairs):
            edges = slice(basis.starts[pair], basis.starts[pair + 1])
            # Four terms an edge: matmul into place is as fast as BLAS, which would return a copy.
            np.matmul(coefficients[pair], loadings[:, edges], out=by_pair[..., edges])
        for person in range(size):
            np.multiply(_random_bytes(n_edges, rng), np.float32(_SD_PERSON / _SD_BYTE), out=own)
            for index, task in enumerate(TASKS):
                scan = values[index * n_subjects + start + person]
                by_pair[index, person].take(basis.order, out=scan, mode="clip")
                np.multiply(_random_bytes(n_edges, rng), np.float32(_SD_SCAN[task] / _SD_BYTE), out=noise)
                scan += noise
                scan += own
                np.clip(scan, -_LIMIT, _LIMIT, out=scan)
    scans = tuple(Scan(task, subject) for task in TASKS for subject in people.subjects)
    return scans, Measure("fc", values, np.ones(len(scans), dtype=bool))


def _random_bytes(n: int, rng: np.random.Generator) -> NDArray[np.int8]:
    return np.frombuffer(rng.bytes(n), dtype=np.int8)


def _draw_basis(parcellation: Parcellation, rng: np.random.Generator) -> _Basis:
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
    return _Basis(order.astype(np.intp), starts.astype(np.intp), weights.astype(np.float32), energy)


def _draw_patterns(basis: _Basis, recipe: Recipe, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Draw where each cause acts, and scale it to its length, by cause, shape (n_modes, n_pairs).

    Every cause is drawn, planted or not, so that two recipes of one seed differ in nothing else.
    """
    sizes = np.diff(basis.starts)
    free = np.arange(sizes.size)
    patterns = {}
    for cause in ("ancestry", "circumstances", "wrat", "age", "sex", "motion", "site"):
        effect = recipe.connectivity.get(cause, Effect(0.0, 10))
        chosen = _choose_pairs(free, sizes, effect.n_pairs, rng)
        if cause in ("ancestry", "circumstances", "wrat"):
            # Apart from each other: where two met with opposite signs, one would hide the other.
            free = np.setdiff1d(free, chosen)
        pattern = np.zeros(basis.energy.shape)
        signs = rng.choice([-1.0, 1.0], (len(pattern), effect.n_pairs))
        pattern[:, chosen] = signs * np.linspace(*_PROFILE, effect.n_pairs) * _MODE_AMPLITUDE[:, None]
        seen = np.sum(pattern**2 * basis.energy / (basis.energy + _SEEN))
        if effect.length:
            patterns[cause] = pattern * effect.length / np.sqrt(seen)
    return patterns


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
