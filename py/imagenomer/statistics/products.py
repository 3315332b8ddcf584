"""Products of matrices: everything that multiplies large ones does it here.

Natively BLAS multiplies. In Pyodide NumPy has none, so that its ``@`` is a plain loop, and the one of SciPy is scalar;
there the worker hands in kernels of its own (`use`), and nothing here knows what they are. Nothing else in the package
multiplies large matrices: ``tests/statistics/test_products.py`` holds that.

Operands are read where they lie, whatever their order and strides. What is decided or printed is recomputed in float64,
since the last digits of a product depend on who multiplied.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", np.float32, np.float64)
Matrix = NDArray[np.floating[Any]]

#: Rows mirrored at a time, few enough for the cache to hold both places.
_MIRRORED = 64
#: Products in one part of a sum: tens of milliseconds in the page.
_PRODUCTS = 800_000_000


class Backend(Protocol):
    """What multiplies.

    Operands are all float32 or all float64 and none is empty. The result shares no memory with them, is of their type
    or float64, and the numbers of its rows are side by side.
    """

    def multiply(self, left: Matrix, right: Matrix, out: Matrix, *, add: bool) -> None:
        """Put ``left @ right`` into ``out``."""
        ...

    def add_gram(self, rows: Matrix, total: Matrix) -> None:
        """Add ``rows @ rows.T`` to ``total`` at and right of the diagonal; to the left of it anything may be added."""
        ...

    def combine_rows(self, values: Matrix, weights: Matrix, total: Matrix) -> None:
        """Add ``weights @ values`` to ``total``, a vector; ``values`` are in C's order."""
        ...

    def logistic(self, values: NDArray[np.float64]) -> None:
        """Replace each x by ``1 / (1 + exp(-x))``; ``values`` are in C's order."""
        ...


class Blas:
    """The BLAS of SciPy."""

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


def _blas() -> Any:
    import scipy  # late: the engine starts without it

    return scipy.linalg.blas


def _in_fortran_order(matrix: Matrix) -> tuple[Matrix, int]:
    """Return a matrix in the order of Fortran, and whether that is its transpose: 0 or 1."""
    if matrix.flags.f_contiguous:
        return matrix, 0
    if matrix.flags.c_contiguous:
        return matrix.T, 1
    return np.asfortranarray(matrix), 0


_backend: Backend = Blas()


def use(backend: Backend) -> Backend:
    """Have everything multiplied by this from now on, and return what did it before."""
    global _backend
    before, _backend = _backend, backend
    return before


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
        _backend.logistic(values)
    return values


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
