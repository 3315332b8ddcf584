"""Components of few edges each: a sparse dictionary of connectivity.

References
----------
Mairal et al. (2009), ICML (dictionary learning).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.decomposition import Axes, Factors, principal_maps, with_gaps
from imagenomer.statistics.explained_variance import fit_scores, in_order, share_projected
from imagenomer.statistics.independent_components import unmix
from imagenomer.statistics.products import combine_rows, gram, multiply
from imagenomer.types import Float32Array, FloatArray, IntArray

#: Relative decrease of the loss in one round below which it has settled.
_SETTLED = 1e-5
_MOST_ROUNDS = 200
#: Times that codes and atoms are refined before the other side is fitted again.
_SWEEPS = 3


def sparse_components(
    values: Float32Array, rows: IntArray, axes: Axes, n_components: int, sparsity: float, rng: np.random.Generator
) -> Steps[Factors]:
    """Learn components of few edges each.

    With R the first principal components times their lengths, codes C and atoms D of length at most 1 minimise
    |R - D'C|^2 / 2 + a |C|_1, by turns; the codes are the components. The start is ICA's.

    Parameters
    ----------
    values, rows, axes, n_components, rng
        As for `independent_components`.
    sparsity : float
        The penalty a as a share of the length that the median edge has in R: the more, the fewer edges a component has.
        Scores are fitted without a penalty.

    Returns
    -------
    Factors
        What explains most comes first, of `share_projected`.
    """
    maps = yield from principal_maps(values, rows, axes, n_components)
    k = len(maps)
    maps *= axes.singular_values[:k, None]
    usable = maps[:, axes.usable]
    unmixing, _, _ = yield from unmix(usable / axes.singular_values[:k, None], rng)
    # R = L V and S = U V, so R = L U^-1 S: the columns of L U^-1 are how much of each source a direction has.
    atoms = (axes.singular_values[:k, None] * np.linalg.inv(unmixing)).T
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    penalty = sparsity * float(np.median(np.sqrt(np.einsum("ij,ij->j", usable, usable))))
    squares = float(np.einsum("ij,ij->", usable, usable))
    codes = np.zeros_like(usable)
    before = np.inf
    for step in range(1, _MOST_ROUNDS + 1):
        products = multiply(atoms, usable)
        for _ in _encode(codes, products, gram(atoms), penalty):
            yield Progress("Learning sparse components", step, _MOST_ROUNDS)
        among = gram(codes)
        across = multiply(codes, usable.T)
        for _ in range(_SWEEPS):
            _turn_atoms(atoms, among, across)
        misfit = squares - 2 * float(np.sum(across * atoms)) + float(np.sum(among * gram(atoms)))
        loss = misfit / 2 + penalty * float(np.abs(codes).sum())
        if before - loss <= _SETTLED * loss:
            break
        before = loss
    components = np.zeros((k, values.shape[1]))
    components[:, axes.usable] = codes
    kept = codes.any(axis=1)
    if not kept.any():
        raise InputError(f"with sparsity {sparsity:g} no component keeps an edge; choose a smaller one")
    components, scores, products = yield from fit_scores(values, rows, components[kept])
    components, scores = in_order(np.einsum("ij,ij->j", products, products), components, scores)
    explained, cumulative = yield from share_projected(values, rows, components)
    return Factors(
        with_gaps(components, axes.usable),
        scores,
        explained,
        cumulative,
        step,
        step < _MOST_ROUNDS,
        int(np.count_nonzero(~kept)),
    )


def _encode(codes: FloatArray, products: FloatArray, among: FloatArray, penalty: float) -> Iterator[None]:
    """Improve the codes of all edges, in place, one component after another (coordinate descent of the lasso)."""
    for _ in range(_SWEEPS):
        for one, row in enumerate(codes):
            if among[one, one] == 0:
                continue
            target = products[one] - combine_rows(codes, among[one]) + among[one, one] * row
            row[:] = np.sign(target) * np.maximum(np.abs(target) - penalty, 0) / among[one, one]
            yield


def _turn_atoms(atoms: FloatArray, among: FloatArray, across: FloatArray) -> None:
    """Fit the atoms to the codes, in place, one after another, none longer than 1."""
    for one, atom in enumerate(atoms):
        if among[one, one] > 0:
            atom += (across[one] - among[one] @ atoms) / among[one, one]
            atom /= max(1.0, float(np.linalg.norm(atom)))
