"""Flipped predictions: what flipped targets explain of all edges, and their leave-one-out predictions by ridge.

With Q an orthonormal basis of the constant and the covariates, M = I - QQ', K the Gram matrix of the edges,
KM = M K M with mean eigenvalue t, f a flipped target and g = M f, these are f' KM f and g L, where for a penalty a
H = KM (KM + a t I)^-1, h = diag(H + QQ') and L_ij = H_ij / sqrt((1 - h_i)(1 - h_j)) off the diagonal. Where subjects
are related L has the clusters' own blocks left out, and each is scaled by (I - H_bb - QQ'_bb)^(-1/2).

`PairMatrices` holds KM and L; `PairSpectrum`, where edges are fewer than subjects, KM = U e U' only, and multiplies by
the two sides of it: L = D (U w U' - blocks of it) D.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.eigenvectors import eigenvectors
from imagenomer.statistics.feature_products import FeatureProducts, thin_spectrum
from imagenomer.statistics.orthonormal import leave
from imagenomer.statistics.products import multiply
from imagenomer.statistics.sign_flips import flipped_look, members_of
from imagenomer.types import FloatArray, IntArray

#: No leverage counts as nearer to 1.
_LEAST_LEFT = 1e-3
#: Products of a step, and subjects whose leverage is computed at a time.
_PRODUCTS, _SUBJECTS = 5e8, 4096


@dataclass(frozen=True, slots=True, eq=False)
class PairMatrices:
    """Products and predictions of all pairs of subjects.

    Attributes
    ----------
    gram : ndarray, shape (n, n)
        KM.
    left_out : tuple of ndarray, shape (n, n)
        L of each penalty.
    """

    gram: FloatArray
    left_out: tuple[FloatArray, ...]

    def looks(self, flipped: FloatArray, basis: FloatArray) -> Steps[tuple[FloatArray, FloatArray]]:
        """Return f' KM f and g of flipped targets, shape (n_flips, n)."""
        yield from ()
        return flipped_look(flipped, self.gram, basis)

    def predicted(self, left: FloatArray, place: int) -> Steps[FloatArray]:
        """Return g L of the penalty at some place."""
        yield from ()
        return multiply(left, self.left_out[place])


def pair_matrices(
    gram: FloatArray, basis: FloatArray, codes: IntArray, penalties: Sequence[float], step: Progress
) -> Steps[PairMatrices]:
    """Return products and predictions of all pairs of subjects.

    Parameters
    ----------
    gram : ndarray, shape (n, n)
        K, about any origin.
    basis : ndarray, shape (n, n_columns)
        Q.
    codes : ndarray of int, shape (n,)
        The cluster of each subject, from 0 on.
    penalties : sequence of float
        In mean eigenvalues.
    step : Progress
    """
    inner = leave(leave(np.asarray(gram, dtype=np.float64), basis).T, basis)
    inner = (inner + inner.T) / 2
    values, vectors = yield from eigenvectors(inner, step)
    values = np.maximum(values, 0)
    scale = max(float(values.mean()), 1e-300)
    left_out = []
    for penalty in penalties:
        yield step
        hat = multiply(vectors * (values / (values + penalty * scale)), vectors.T)
        yield step
        left_out.append(_off_the_clusters(hat, basis, codes))
    return PairMatrices(inner, tuple(left_out))


def _off_the_clusters(hat: FloatArray, basis: FloatArray, codes: IntArray) -> FloatArray:
    """Return L: the hat matrix without the clusters' own blocks, scaled by what each block leaves."""
    apart = codes[:, None] != codes
    if int(codes.max()) + 1 == codes.size:
        scale = _scales(np.diag(hat), basis)
        return np.asarray(hat * apart * scale * scale[:, None])
    scales = np.zeros(hat.shape)
    for members in members_of(codes):
        block = np.ix_(members, members)
        scales[block] = _root(hat[block], basis[members])
    return multiply(multiply(scales, hat * apart), scales)


def _scales(leverage: FloatArray, basis: FloatArray) -> FloatArray:
    return np.asarray(1 / np.sqrt(np.maximum(1 - leverage - (basis**2).sum(axis=1), _LEAST_LEFT)))


def _root(hat: FloatArray, basis: FloatArray) -> FloatArray:
    """Return (I - H_bb - QQ'_bb)^(-1/2) of a cluster."""
    left, vectors = np.linalg.eigh(np.eye(len(hat)) - hat - multiply(basis, basis.T))
    return multiply(vectors / np.sqrt(np.maximum(left, _LEAST_LEFT)), vectors.T)


@dataclass(frozen=True, slots=True, eq=False)
class PairSpectrum:
    """Products and predictions by way of features that are fewer than subjects.

    Attributes
    ----------
    values, vectors : ndarray, shapes (rank,) and (n, rank)
        e and U.
    weights : tuple of ndarray, shape (rank,)
        w of each penalty.
    blocks : tuple of tuple of _Block, or of ndarray
        For each penalty the clusters, or the diagonals of H and D where each subject is its own.
    """

    values: FloatArray
    vectors: FloatArray
    weights: tuple[FloatArray, ...]
    blocks: tuple[_Singles | tuple[_Block, ...], ...]

    def looks(self, flipped: FloatArray, basis: FloatArray) -> Steps[tuple[FloatArray, FloatArray]]:
        """Return f' KM f and g of flipped targets, shape (n_flips, n)."""
        along = yield from _in_steps(flipped, self.vectors)
        return (along**2) @ self.values, leave(flipped.T, basis).T

    def predicted(self, left: FloatArray, place: int) -> Steps[FloatArray]:
        """Return g L of the penalty at some place."""
        blocks = self.blocks[place]
        scaled = _scaled(left, blocks)
        along = yield from _in_steps(scaled, self.vectors)
        found = yield from _in_steps(along * self.weights[place], self.vectors.T)
        if isinstance(blocks, _Singles):
            found -= scaled * blocks.hat
        else:
            for one in blocks:
                found[:, one.members] -= multiply(np.ascontiguousarray(scaled[:, one.members]), one.hat)
        return _scaled(found, blocks)


@dataclass(frozen=True, slots=True, eq=False)
class _Singles:
    """Diagonals of H and D, shape (n,)."""

    hat: FloatArray
    scale: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """The members of a cluster, and their blocks of H and D."""

    members: IntArray
    hat: FloatArray
    scale: FloatArray


def pair_spectrum(
    products: FeatureProducts, basis: FloatArray, codes: IntArray, penalties: Sequence[float], step: Progress
) -> Steps[PairSpectrum]:
    """Return the same as `pair_matrices`, by way of features."""
    values, vectors = yield from thin_spectrum(products, basis, step)
    scale = max(float(values.sum()) / len(vectors), 1e-300)
    weights = tuple(values / (values + penalty * scale) for penalty in penalties)
    blocks: list[_Singles | tuple[_Block, ...]] = []
    alone = int(codes.max()) + 1 == codes.size
    for one in weights:
        if alone:
            leverage = np.concatenate(
                [vectors[start : start + _SUBJECTS] ** 2 @ one for start in range(0, len(vectors), _SUBJECTS)]
            )
            blocks.append(_Singles(leverage, _scales(leverage, basis)))
            yield step
            continue
        own = []
        for members in members_of(codes):
            hat = multiply(vectors[members] * one, vectors[members].T)
            own.append(_Block(members, hat, _root(hat, basis[members])))
            if members[0] % 64 == 0:
                yield step
        blocks.append(tuple(own))
    return PairSpectrum(values, vectors, weights, tuple(blocks))


def _scaled(values: FloatArray, blocks: _Singles | tuple[_Block, ...]) -> FloatArray:
    """Return values D, shape (n_flips, n)."""
    if isinstance(blocks, _Singles):
        return np.asarray(values * blocks.scale)
    found = np.empty_like(values)
    for one in blocks:
        found[:, one.members] = multiply(np.ascontiguousarray(values[:, one.members]), one.scale)
    return found


def _in_steps(left: FloatArray, right: FloatArray) -> Steps[FloatArray]:
    """Return a product, some rows at a time."""
    found = np.empty((len(left), right.shape[1]))
    at_once = max(1, int(_PRODUCTS // max(1, right.size)))
    for start in range(0, len(left), at_once):
        found[start : start + at_once] = multiply(left[start : start + at_once], right)
        yield Progress("Testing the association")
    return found
