"""Eigenvectors of symmetric matrices of subjects, in steps.

LAPACK's ``dsyevr`` does three things in one call, which nothing can cancel: it makes the matrix tridiagonal, finds the
eigenvectors of that, and turns them back. In the page the first and the last are most of the time and go through
`imagenomer.statistics.products` here; only the second is a single call.

References
----------
Dongarra, Hammarling and Sorensen (1989), J. Comput. Appl. Math. 27:215 (tridiagonal matrices in blocks). Schreiber and
Van Loan (1989), SIAM J. Sci. Stat. Comput. 10:53 (products of reflectors). Dhillon and Parlett (2004), Linear Algebra
Appl. 387:1 (eigenvectors of tridiagonal matrices).
"""

from __future__ import annotations

import numpy as np
import scipy

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.kernels import tridiagonalise
from imagenomer.statistics.products import add_product, multiply
from imagenomer.types import FloatArray

#: Reflectors that are multiplied at a time.
_REFLECTORS = 32


def eigenvectors(
    matrix: FloatArray, progress: Progress, n_largest: int | None = None
) -> Steps[tuple[FloatArray, FloatArray]]:
    """Return eigenvalues and eigenvectors, and yield ``progress`` between parts.

    Parameters
    ----------
    matrix : ndarray, shape (n, n)
        Symmetric and finite; what is right of the diagonal is read.
    progress : Progress
    n_largest : int, optional
        Only so many, those of the largest eigenvalues.

    Returns
    -------
    eigenvalues : ndarray, shape (n_found,)
        Ascending.
    vectors : ndarray, shape (n, n_found), C-ordered
        Orthonormal columns; their signs are arbitrary.
    """
    n = len(matrix)
    reflectors = np.array(matrix, dtype=np.float64, order="C")
    diagonal, beside, tau = np.empty(n), np.empty(n - 1), np.empty(n - 1)
    for _ in tridiagonalise(reflectors, diagonal, beside, tau):
        yield progress
    if n == 1:
        return diagonal, np.ones((1, 1))
    wanted = {} if n_largest is None else {"select": "i", "select_range": (max(0, n - n_largest), n - 1)}
    eigenvalues, found = scipy.linalg.eigh_tridiagonal(diagonal, beside, **wanted)
    vectors = np.ascontiguousarray(found)
    yield progress
    for start in reversed(range(0, n - 1, _REFLECTORS)):
        _reflect(vectors[start + 1 :], reflectors[start : min(start + _REFLECTORS, n - 1), start + 1 :], tau[start:])
        yield progress
    return eigenvalues, vectors


def _reflect(columns: FloatArray, rows: FloatArray, tau: FloatArray) -> None:
    """Multiply columns, in place, by the product of reflectors: their vectors lie in rows, from the diagonal on."""
    own = np.triu(rows)
    np.fill_diagonal(own, 1)
    among = multiply(own, own.T)
    size = len(own)
    factor = np.zeros((size, size))  # the product of all is 1 - own' factor own
    for one in range(size):
        factor[one, one] = tau[one]
        factor[:one, one : one + 1] = -tau[one] * multiply(factor[:one, :one], among[:one, one : one + 1])
    add_product(columns, -own.T, multiply(factor, multiply(own, columns)))
