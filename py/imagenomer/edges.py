"""Edges: a symmetric connectivity matrix flattened to one row per scan.

Edge order is fixed here and nowhere else: row-major over ``i < j``, that is
``np.triu_indices(n_parcels, k=1)``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.types import FloatArray, IntArray


def n_edges_of(n_parcels: int) -> int:
    """Return the number of edges between ``n_parcels`` parcels."""
    return n_parcels * (n_parcels - 1) // 2


def n_parcels_of(n_edges: int) -> int:
    """Return the number of parcels that ``n_edges`` edges connect.

    Raises
    ------
    InputError
        If no whole number of parcels has that many edges; the message names
        the nearest counts that do.
    """
    n_parcels = (1 + math.isqrt(1 + 8 * n_edges)) // 2
    if n_edges < 1 or n_edges_of(n_parcels) != n_edges:
        raise InputError(
            f"{n_edges} values are not the upper triangle of a square matrix; "
            f"{n_parcels} parcels have {n_edges_of(n_parcels)} edges, {n_parcels + 1} have {n_edges_of(n_parcels + 1)}"
        )
    return n_parcels


def edge_parcels(edge: IntArray | int, n_parcels: int) -> tuple[IntArray, IntArray]:
    """Return the parcels ``(i, j)``, ``i < j``, that each edge index connects."""
    rows, columns = np.triu_indices(n_parcels, k=1)
    return rows[edge], columns[edge]


def edge_index(i: int, j: int, n_parcels: int) -> int:
    """Return the index of the edge between two different parcels, in either order."""
    i, j = min(i, j), max(i, j)
    return i * n_parcels - i * (i + 1) // 2 + (j - i - 1)


def edge_distances(coordinates: FloatArray) -> FloatArray:
    """Return the distance between the parcels of each edge, shape (n_edges,), in the units of the coordinates.

    Parameters
    ----------
    coordinates : ndarray, shape (n_parcels, 3)
        NaN where unknown; then so is the distance.
    """
    first, second = np.triu_indices(len(coordinates), k=1)
    offsets = coordinates[first] - coordinates[second]
    return np.asarray(np.sqrt((offsets**2).sum(axis=1)))


def edges_to_matrix(edges: NDArray[Any], diagonal: float = 0.0) -> NDArray[Any]:
    """Unfold edge vectors to symmetric matrices.

    Parameters
    ----------
    edges : ndarray, shape (..., n_edges)
        Values in edge order.
    diagonal : float
        What to put on the diagonal.

    Returns
    -------
    ndarray, shape (..., n_parcels, n_parcels)
        The same dtype as ``edges``.
    """
    n_parcels = n_parcels_of(edges.shape[-1])
    matrix = np.full((*edges.shape[:-1], n_parcels, n_parcels), diagonal, dtype=edges.dtype)
    rows, columns = np.triu_indices(n_parcels, k=1)
    matrix[..., rows, columns] = edges
    matrix[..., columns, rows] = edges
    return matrix


def matrix_to_edges(matrix: NDArray[Any]) -> NDArray[Any]:
    """Fold symmetric matrices, shape (..., n_parcels, n_parcels), to their upper triangle in edge order."""
    rows, columns = np.triu_indices(matrix.shape[-1], k=1)
    return np.asarray(matrix[..., rows, columns])
