"""Products of matrices: everything that multiplies large ones does it here.

Natively BLAS multiplies (`imagenomer.statistics.native`). In Pyodide NumPy has none, so that its ``@`` is a plain loop,
and the one of SciPy is scalar; there the worker hands in kernels of its own (`use`), and nothing here knows what they
are. Nothing else in the package multiplies large matrices: ``tests/statistics/test_products.py`` holds that. Whoever
multiplies also does what NumPy takes many passes for (`imagenomer.statistics.kernels`).

Operands are read where they lie, whatever their order and strides. What is decided or printed is recomputed in float64,
since the last digits of a product depend on who multiplied.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from imagenomer.statistics.backend import Backend, Matrix
from imagenomer.statistics.native import Blas
from imagenomer.types import Float32Array, IntArray

Number = TypeVar("Number", np.float32, np.float64)

#: Rows mirrored at a time, few enough for the cache to hold both places.
_MIRRORED = 64
#: Products in one part of a sum: tens of milliseconds in the page.
_PRODUCTS = 800_000_000


_backend: Backend = Blas()


def use(backend: Backend) -> Backend:
    """Have everything multiplied by this from now on, and return what did it before."""
    global _backend
    before, _backend = _backend, backend
    return before


def backend() -> Backend:
    """Return what multiplies, for `imagenomer.statistics.kernels`."""
    return _backend


def multiply(left: NDArray[Number], right: NDArray[Number]) -> NDArray[Number]:
    """Return ``left @ right`` in C's order.

    Parameters
    ----------
    left, right : ndarray, shapes (m, k) and (k, n)
        Both float32 or both float64.

    Raises
    ------
    ValueError
        If shapes or types do not fit.

    References
    ----------
    Goto and van de Geijn (2008), ACM Trans. Math. Softw. 34:12.
    """
    _check(left, right)
    out = np.empty((left.shape[0], right.shape[1]), dtype=left.dtype)
    if not left.shape[1]:
        out[:] = 0
    elif out.size:
        _backend.multiply(left, right, out, add=False)
    return out


def add_product(total: Matrix, left: NDArray[Number], right: NDArray[Number]) -> None:
    """Add ``left @ right`` to ``total``.

    Parameters
    ----------
    total : ndarray, shape (m, n)
        Of the type of the operands, or float64: then sums of products are rounded to float32 at most once for each
        call.
    left, right : ndarray, shapes (m, k) and (k, n)

    Raises
    ------
    ValueError
        If shapes or types do not fit, or ``total`` shares memory with an operand.
    """
    _check(left, right, total)
    if not (total.size and left.shape[1]):
        return
    if total.strides[1] == total.itemsize:
        _backend.multiply(left, right, total, add=True)
    elif total.strides[0] == total.itemsize:
        _backend.multiply(right.T, left.T, total.T, add=True)
    else:
        total += multiply(left, right)


def gram(rows: NDArray[Number]) -> NDArray[Number]:
    """Return the products of all pairs of rows, shape (n_rows, n_rows), by half the work; exactly symmetric."""
    total = np.zeros((len(rows), len(rows)), dtype=rows.dtype)
    add_gram(total, rows)
    return mirror(total)


def add_gram(total: Matrix, rows: NDArray[Number]) -> None:
    """Add the products of all pairs of rows to ``total`` at and right of the diagonal; `mirror` completes it.

    Parameters
    ----------
    total : ndarray, shape (n_rows, n_rows), C-ordered
        As for `add_product`. What is left of the diagonal is of no use afterwards.
    rows : ndarray, shape (n_rows, n_columns)

    Raises
    ------
    ValueError
        As for `add_product`.
    """
    _check(rows, rows.T, total)
    if not rows.size:
        return
    if total.strides[1] != total.itemsize:
        raise ValueError("a sum of products has its rows in one piece each")
    _backend.add_gram(rows, total)


def add_gram_in_parts(total: Matrix, rows: NDArray[Number]) -> Iterator[None]:
    """Add as `add_gram` does, and yield after each part, none of which takes long: there a cancel can be obeyed."""
    n, n_columns = rows.shape
    at_once = max(_MIRRORED, _PRODUCTS // max(1, n * n_columns))
    for start in range(0, n, at_once):
        stop = min(start + at_once, n)
        add_gram(total[start:stop, start:stop], rows[start:stop])
        if stop < n:
            add_product(total[start:stop, stop:], rows[start:stop], rows[stop:].T)
        yield


def mirror(upper: NDArray[Number]) -> NDArray[Number]:
    """Copy what is right of the diagonal to its left, in place, and return the matrix."""
    for start in range(0, len(upper), _MIRRORED):
        stop = start + _MIRRORED
        upper[stop:, start:stop] = upper[start:stop, stop:].T
        corner = upper[start:stop, start:stop]
        below = np.tril_indices(len(corner), -1)
        corner[below] = corner.T[below]
    return upper


def multiply_max(left: NDArray[Number], right: NDArray[Number]) -> NDArray[Number]:
    """Return the largest magnitude in each row of ``left @ right``, shape (m,), NaN where one is.

    To the last bit what `multiply` would give, but the product is never stored. For the largest of each column exchange
    and transpose the operands.

    Parameters
    ----------
    left, right : ndarray, shapes (m, k) and (k, n)

    Raises
    ------
    ValueError
        As for `multiply`.
    """
    _check(left, right)
    largest = np.zeros(left.shape[0], dtype=left.dtype)
    if left.size and right.size:
        _backend.multiply_max(left, right, largest)
    return largest


class LargeProducts(NamedTuple):
    """What of a product is above a limit, row by row.

    Attributes
    ----------
    largest : ndarray, shape (m,)
        Largest magnitude of each row.
    row, column : ndarray, shape (n_above,)
    value : ndarray, shape (n_above,)
    """

    largest: Float32Array
    row: IntArray
    column: IntArray
    value: Float32Array


def multiply_above(
    left: Float32Array, right: Float32Array, limit: Float32Array, of_largest: float = 0.0
) -> LargeProducts:
    """Return what of ``left @ right`` is large, to the last bit what `multiply` would give; the rest is never stored.

    Parameters
    ----------
    left, right : ndarray, shapes (m, k) and (k, n), float32
    limit : ndarray, shape (m,), float32
        Least magnitude in each row.
    of_largest : float
        If it is not 0, also at least this share of the largest magnitude of the row.

    Raises
    ------
    ValueError
        As for `multiply`.
    """
    _check(left, right)
    if left.dtype != np.float32 or limit.dtype != np.float32 or limit.shape != left.shape[:1]:
        raise ValueError(f"limits of {limit.shape} {limit.dtype} for {left.shape[0]} rows; all must be float32")
    if not left.size or not right.size:
        none = np.zeros(0, dtype=np.intp)
        return LargeProducts(np.zeros(left.shape[0], dtype=np.float32), none, none, np.zeros(0, dtype=np.float32))
    largest, place, value = _backend.multiply_above(left, right, limit, of_largest)
    row, column = np.divmod(place, right.shape[1])
    return LargeProducts(largest, row, column, value)


def few_pairs() -> float:
    """Return the share of all products of two matrices below which `multiply_pairs` is the faster way."""
    return _backend.few_pairs


def multiply_pairs(left: Float32Array, right: Float32Array, left_rows: IntArray, right_rows: IntArray) -> Float32Array:
    """Return the sum of the products of pairs of rows, shape (n_pairs,).

    Parameters
    ----------
    left, right : ndarray, shapes (m, k) and (n, k), float32, C-ordered
    left_rows, right_rows : ndarray, shape (n_pairs,)

    Raises
    ------
    ValueError
        If shapes, types or orders do not fit, or there is no such row.
    """
    _check(left, right.T)
    if left.dtype != np.float32 or not (left.flags.c_contiguous and right.flags.c_contiguous):
        raise ValueError("pairs of rows are multiplied in float32, of matrices in C's order")
    if left_rows.shape != right_rows.shape:
        raise ValueError(f"{left_rows.size} rows and {right_rows.size} make no pairs")
    for rows, matrix in ((left_rows, left), (right_rows, right)):
        if rows.size and not (rows.min() >= 0 and rows.max() < len(matrix)):
            raise ValueError(f"rows {rows.min()} to {rows.max()} of {len(matrix)}")
    if not left_rows.size or not left.shape[1]:
        return np.zeros(left_rows.size, dtype=np.float32)
    return _backend.multiply_pairs(left, right, left_rows, right_rows)


def combine_rows(values: NDArray[Number], weights: NDArray[Number]) -> NDArray[Number]:
    """Return the sum of the rows times their weights, shape (n_columns,).

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_columns)
        Best in C's order, else it is copied.
    weights : ndarray, shape (n_rows,)

    Raises
    ------
    ValueError
        If shapes or types do not fit.
    """
    total = np.zeros(values.shape[1], dtype=values.dtype)
    add_rows(total, values, weights)
    return total


def add_rows(total: NDArray[Number], values: NDArray[Number], weights: NDArray[Number]) -> None:
    """Add the sum of the rows times their weights to ``total``; see `combine_rows`."""
    _check(weights[None], values, total[None])
    if values.size:
        _backend.combine_rows(np.ascontiguousarray(values), weights, total)


def _check(left: Matrix, right: Matrix, total: Matrix | None = None) -> None:
    if left.ndim != 2 or right.ndim != 2 or left.shape[1] != right.shape[0]:
        raise ValueError(f"matrices of {left.shape} and {right.shape} have no product")
    if left.dtype != right.dtype or left.dtype not in (np.float32, np.float64):
        raise ValueError(f"a product of {left.dtype} and {right.dtype}; both must be float32 or both float64")
    if total is None:
        return
    if total.shape != (left.shape[0], right.shape[1]) or total.dtype not in (left.dtype, np.float64):
        raise ValueError(
            f"a product of {left.shape} and {right.shape} {left.dtype} does not fit {total.shape} {total.dtype}"
        )
    if np.may_share_memory(total, left) or np.may_share_memory(total, right):
        raise ValueError("a product and its operands must not share memory")
