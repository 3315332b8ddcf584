"""What NumPy takes many passes over large arrays for, or LAPACK its BLAS: done by who multiplies.

See `imagenomer.statistics.products`: natively these are NumPy and LAPACK, in the page the worker's kernels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.statistics.products import Number, backend
from imagenomer.types import Float32Array, FloatArray, IntArray


def rank_columns(values: NDArray[Number]) -> NDArray[Number]:
    """Return the ranks within each column, from 1, in C's order; ties share their average, missing values are NaN.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_columns), float32 or float64
        float32 ranks are exact for fewer than eight million rows.

    Raises
    ------
    ValueError
        If the values are of another type.
    """
    if values.ndim != 2 or values.dtype not in (np.float32, np.float64):
        raise ValueError(f"ranks are of a matrix of float32 or float64, not of {values.shape} {values.dtype}")
    ranks = np.empty(values.shape, dtype=values.dtype)
    if values.size:
        if values.strides[1] != values.itemsize:
            values = np.ascontiguousarray(values)
        backend().rank_columns(values, ranks)
    return ranks


def support(
    level: NDArray[np.int16], ends: tuple[IntArray, IntArray], power: FloatArray, weight: FloatArray
) -> FloatArray:
    """Return the support of each edge of many graphs, added up over all levels that it reaches.

    At a level a graph has the edges that reach it, and the support of an edge is ``power`` of how many edges its
    component has, times ``weight`` of the level.

    Parameters
    ----------
    level : ndarray of int16, shape (n_graphs, n_edges)
        The highest level that each edge reaches, from 0, where it is in no graph.
    ends : pair of ndarrays, shape (n_edges,)
        Parcels of each edge.
    power : ndarray, shape (n_edges + 1,)
        By number of edges; 0 of 0.
    weight : ndarray, shape (n_levels + 1,)
        By level; that of 0 is not used, and no edge is above the last.

    Returns
    -------
    ndarray, shape (n_graphs, n_edges)
    """
    if not level.size or weight.size < 2:
        return np.zeros(level.shape)
    return backend().support(np.ascontiguousarray(level), ends, power, weight)


def tridiagonalise(matrix: FloatArray, diagonal: FloatArray, beside: FloatArray, tau: FloatArray) -> Iterator[None]:
    """Make a symmetric matrix tridiagonal, T = Q'AQ, and yield after each part: there a cancel can be obeyed.

    Parameters
    ----------
    matrix : ndarray, shape (n, n), float64, C-ordered
        What is right of its diagonal is read. Afterwards its transpose holds the Householder vectors of Q as LAPACK's
        ``dsytrd`` keeps them, but that the place of their 1 may hold anything.
    diagonal, beside, tau : ndarray, shapes (n,), (n - 1,) and (n - 1,), float64
        What T and the factors of the vectors are written into.

    Raises
    ------
    ValueError
        If shapes, types or orders do not fit.

    References
    ----------
    Dongarra, Hammarling and Sorensen (1989), J. Comput. Appl. Math. 27:215.
    """
    n = len(matrix)
    if not n or [one.shape for one in (matrix, diagonal, beside, tau)] != [(n, n), (n,), (n - 1,), (n - 1,)]:
        raise ValueError(f"a matrix of {matrix.shape} is not made tridiagonal")
    if any(one.dtype != np.float64 or not one.flags.c_contiguous for one in (matrix, diagonal, beside, tau)):
        raise ValueError("what is made tridiagonal is float64 and in C's order")
    yield from backend().tridiagonalise(matrix, diagonal, beside, tau)


def add_noise(
    values: Float32Array,
    order: IntArray,
    noise: Sequence[tuple[NDArray[np.int8], float]],
    limit: float,
    out: Float32Array,
) -> None:
    """Put values in another order, and add noise to them, within limits: of a drawn scan that is most of the work.

    Parameters
    ----------
    values : ndarray, shape (n,), float32
    order : ndarray, shape (n,)
        Which value comes to each place.
    noise : two pairs of an ndarray of int8, shape (n,), and a float
        Whole numbers, and what to multiply them by; the first is added first.
    limit : float
        Largest magnitude.
    out : ndarray, shape (n,), float32
        C-ordered, as all of them.

    Raises
    ------
    ValueError
        If shapes or types do not fit.
    """
    arrays: list[NDArray[Any]] = [values, order, out, *(one for one, _ in noise)]
    kinds = [np.float32, np.intp, np.float32, np.int8, np.int8]
    if [one.dtype for one in arrays] != kinds or any(
        one.shape != out.shape or not one.data.contiguous for one in arrays
    ):
        raise ValueError(f"noise of {[(one.shape, one.dtype) for one in arrays]}")
    if out.size:
        (first, of_first), (second, of_second) = noise
        scales = np.array([of_first, of_second, limit], dtype=np.float32)
        backend().add_noise(values, order, (first, second), scales, out)


def logistic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``1 / (1 + exp(-x))`` of each number, to the last few units of the last place, in their own place.

    Parameters
    ----------
    values : ndarray, float64, C-ordered

    Raises
    ------
    ValueError
        If the values are of another type or order.
    """
    if values.dtype != np.float64 or not values.flags.c_contiguous:
        raise ValueError("the logistic function is computed in place, of float64 values that follow each other")
    if values.size:
        backend().logistic(values)
    return values
