"""Cholesky factors in blocks, so that nearly all of the work is products.

LAPACK in Pyodide calls a BLAS that is scalar; what is left to it here are blocks on the diagonal.
"""

from __future__ import annotations

import numpy as np
import scipy

from imagenomer.statistics.products import add_gram, multiply
from imagenomer.types import FloatArray

#: Rows of a block: a small share of the work for LAPACK, and enough for a product.
_BLOCK = 64


def cholesky(matrix: FloatArray) -> FloatArray | None:
    """Return the lower factor L of a symmetric matrix LL', or None where that is not positive definite.

    Parameters
    ----------
    matrix : ndarray, shape (n, n), float64, C-ordered
        Overwritten.

    Returns
    -------
    ndarray, shape (n, n)
        Fortran-ordered, for LAPACK; what is right of the diagonal is not 0.
    """
    n = len(matrix)
    # Rows of blocks of L', each divided by the diagonal block; what they explain is taken off all that is left. That is
    # added up with the opposite sign, so that products are added only.
    np.negative(matrix, out=matrix)
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        corner, info = scipy.linalg.lapack.dpotrf(-matrix[start:stop, start:stop].T, lower=1, clean=1)
        if info != 0:
            return None
        matrix[start:stop, start:stop] = corner.T
        if stop < n:
            inverse, _ = scipy.linalg.lapack.dtrtri(corner, lower=1)
            row = multiply(inverse, matrix[start:stop, stop:])
            np.negative(row, out=row)
            matrix[start:stop, stop:] = row
            add_gram(matrix[stop:, stop:], row.T)
    return matrix.T


def inverse_lengths(factor: FloatArray) -> FloatArray:
    """Return the diagonal of the inverse of a matrix, the squared lengths of the columns of L^-1, shape (n,).

    Parameters
    ----------
    factor : ndarray, shape (n, n)
        As `cholesky` returns it.
    """
    n = len(factor)
    inverse, squares = np.zeros((n, n)), np.zeros(n)
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        corner, _ = scipy.linalg.lapack.dtrtri(factor[start:stop, start:stop], lower=1)
        corner = np.tril(corner)
        inverse[start:stop, start:stop] = corner
        if start:
            before = multiply(factor[start:stop, :start], inverse[:start, :start])
            inverse[start:stop, :start] = multiply(-corner, before)
        own = inverse[start:stop, :stop]
        squares[:stop] += np.einsum("ij,ij->j", own, own)
    return squares
