"""What the kernels of the page compute, natively: products by the BLAS of SciPy, the rest by NumPy.

`imagenomer.statistics.products` is who asks for it, and says what is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.statistics.backend import Matrix
from imagenomer.types import Float32Array, FloatArray, IntArray

#: Numbers in one table of parcels by level.
_TABLE = 4_000_000


class Blas:
    """The BLAS of SciPy, and NumPy."""

    few_pairs = 0.03

    def multiply(self, left: Matrix, right: Matrix, out: Matrix, *, add: bool) -> None:
        gemm = _blas().sgemm if left.dtype == np.float32 else _blas().dgemm
        # The transposes, multiplied the other way round, are in the order of Fortran.
        (first, trans_a), (second, trans_b) = _in_fortran_order(right.T), _in_fortran_order(left.T)
        if out.dtype == left.dtype and out.flags.c_contiguous:
            gemm(1, first, second, int(add), out.T, trans_a, trans_b, overwrite_c=1)
            return
        product = gemm(1, first, second, trans_a=trans_a, trans_b=trans_b).T
        np.add(out, product, out=out) if add else np.copyto(out, product)

    def add_gram(self, rows: Matrix, total: Matrix) -> None:
        syrk = _blas().ssyrk if rows.dtype == np.float32 else _blas().dsyrk
        matrix, trans = _in_fortran_order(rows.T)
        if total.dtype == rows.dtype and total.flags.c_contiguous:
            syrk(1, matrix, 1, total.T, trans=1 - trans, lower=1, overwrite_c=1)
            return
        total += syrk(1, matrix, trans=1 - trans, lower=1).T

    def combine_rows(self, values: Matrix, weights: Matrix, total: Matrix) -> None:
        gemv = _blas().sgemv if values.dtype == np.float32 else _blas().dgemv
        total[:] = gemv(1, values.T, weights, 1, total)

    def logistic(self, values: NDArray[np.float64]) -> None:
        np.negative(values, out=values)
        with np.errstate(over="ignore"):
            np.exp(values, out=values)
        values += 1
        np.reciprocal(values, out=values)

    def multiply_max(self, left: Matrix, right: Matrix, largest: Matrix) -> None:
        product = np.empty((len(left), right.shape[1]), dtype=left.dtype)
        self.multiply(left, right, product, add=False)
        np.abs(product, out=product).max(axis=1, out=largest)

    def multiply_above(
        self, left: Float32Array, right: Float32Array, limit: Float32Array, of_largest: float
    ) -> tuple[Float32Array, IntArray, Float32Array]:
        product = np.empty((len(left), right.shape[1]), dtype=np.float32)
        self.multiply(left, right, product, add=False)
        magnitude = np.abs(product)
        largest = magnitude.max(axis=1)
        if of_largest:
            limit = np.maximum(limit, np.float32(of_largest) * largest)
        place = np.flatnonzero(magnitude >= limit[:, None])
        return largest, place, product.ravel()[place]

    def multiply_pairs(
        self, left: Float32Array, right: Float32Array, left_rows: IntArray, right_rows: IntArray
    ) -> Float32Array:
        out = np.empty(left_rows.size, dtype=np.float32)
        for start in range(0, out.size, 2048):
            some = slice(start, start + 2048)
            np.einsum("ij,ij->i", left[left_rows[some]], right[right_rows[some]], out=out[some])
        return out

    def rank_columns(self, values: Matrix, ranks: Matrix) -> None:
        # Sorted along rows of the transpose, where memory is contiguous; NaN sorts last and equals nothing.
        rows = np.where(np.isfinite(values), values, np.nan).T.copy()
        order = np.argsort(rows, axis=1)
        ordered = np.take_along_axis(rows, order, axis=1)
        position = np.broadcast_to(np.arange(rows.shape[1], dtype=np.float64), rows.shape)
        rank = position + 1
        tied = ordered[:, 1:] == ordered[:, :-1]
        if tied.any():
            first, last = position.copy(), position.copy()
            first[:, 1:][tied] = 0
            last[:, :-1][tied] = np.inf
            first = np.maximum.accumulate(first, axis=1)
            last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
            rank = (first + last) / 2 + 1
        placed = np.empty_like(rank)
        np.put_along_axis(placed, order, rank, axis=1)
        placed[np.isnan(rows)] = np.nan
        ranks[:] = placed.T

    def support(
        self, level: NDArray[np.int16], ends: tuple[IntArray, IntArray], power: FloatArray, weight: FloatArray
    ) -> FloatArray:
        n_parcels = 1 + max(int(end.max()) for end in ends)
        at_a_time = max(1, _TABLE // (n_parcels * weight.size))
        parts = [level[start : start + at_a_time] for start in range(0, len(level), at_a_time)]
        return np.concatenate([_support(part, ends, n_parcels, power, weight) for part in parts])

    def add_noise(
        self,
        values: Float32Array,
        order: IntArray,
        noise: tuple[NDArray[np.int8], NDArray[np.int8]],
        scales: Float32Array,
        out: Float32Array,
    ) -> None:
        values.take(order, out=out, mode="wrap")
        for one, scale in zip(noise, scales[:2], strict=True):
            out += np.multiply(one, scale)
        np.clip(out, -scales[2], scales[2], out=out)

    def tridiagonalise(
        self, matrix: FloatArray, diagonal: FloatArray, beside: FloatArray, tau: FloatArray
    ) -> Iterator[None]:
        dsytrd, n = _scipy().linalg.lapack.dsytrd, len(matrix)
        reduced, diagonal[:], beside[:], tau[:], info = dsytrd(matrix.T, lower=1, lwork=32 * n, overwrite_a=1)
        assert info == 0
        matrix[:] = reduced.T
        yield


def _support(
    level: NDArray[np.int16], ends: tuple[IntArray, IntArray], n_parcels: int, power: FloatArray, weight: FloatArray
) -> FloatArray:
    """Return the support of some graphs.

    Components at every level follow from one walk over the parcels that always takes the strongest edge to a new one
    (Prim's): at a level, the walk enters a new component just where the edge it takes is below.
    """
    n_graphs, n_levels = len(level), weight.size - 1
    order, entry = _walk(level, ends, n_parcels)
    graphs = np.arange(n_graphs)[:, None]

    # Edges at each parcel at each level, by place in the walk, shape (n_graphs, n_levels, n_parcels).
    place = np.empty_like(order)
    place[graphs, order] = np.arange(n_parcels)
    degree = np.zeros(n_graphs * n_parcels * (n_levels + 1), dtype=np.intp)
    for end in ends:
        cell = (graphs * n_parcels + place[:, end]) * (n_levels + 1) + level
        degree += np.bincount(cell.ravel(), minlength=degree.size)
    table = degree.reshape(n_graphs, n_parcels, n_levels + 1)[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
    table = table[:, :, 1:].transpose(0, 2, 1)

    label = (entry[:, None, :] < np.arange(1, n_levels + 1)[:, None]).cumsum(axis=2) - 1
    label += (np.arange(n_graphs * n_levels) * n_parcels).reshape(n_graphs, n_levels, 1)
    twice_extent = np.bincount(label.ravel(), table.ravel(), minlength=n_graphs * n_levels * n_parcels)
    gain = power[twice_extent.astype(np.intp) // 2][label] * weight[1:, None]
    total = np.zeros((n_graphs, n_levels + 1, n_parcels))
    np.cumsum(gain, axis=1, out=total[:, 1:])
    return np.asarray(total[graphs, level, place[:, ends[0]]])


def _walk(
    level: NDArray[np.int16], ends: tuple[IntArray, IntArray], n_parcels: int
) -> tuple[IntArray, NDArray[np.int16]]:
    """Return the parcels in the order of Prim's walk, and the level of the edge taken to each (-1 to the first)."""
    n_graphs = len(level)
    graphs = np.arange(n_graphs)
    matrix = np.full((n_graphs, n_parcels, n_parcels), -1, dtype=np.int16)
    first, second = ends
    matrix[:, first, second] = level
    matrix[:, second, first] = level
    order = np.zeros((n_graphs, n_parcels), dtype=np.intp)
    entry = np.full((n_graphs, n_parcels), -1, dtype=np.int16)
    best = matrix[:, 0].copy()
    visited = np.zeros((n_graphs, n_parcels), dtype=bool)
    visited[:, 0] = True
    for position in range(1, n_parcels):
        best[visited] = -2
        parcel = best.argmax(axis=1)
        order[:, position], entry[:, position] = parcel, best[graphs, parcel]
        visited[graphs, parcel] = True
        np.maximum(best, matrix[graphs, parcel], out=best)
    return order, entry


def _blas() -> Any:
    return _scipy().linalg.blas


def _scipy() -> Any:
    import scipy  # late: the engine starts without it

    return scipy


def _in_fortran_order(matrix: Matrix) -> tuple[Matrix, int]:
    """Return a matrix in the order of Fortran, and whether that is its transpose: 0 or 1."""
    if matrix.flags.f_contiguous:
        return matrix, 0
    if matrix.flags.c_contiguous:
        return matrix.T, 1
    return np.asfortranarray(matrix), 0
