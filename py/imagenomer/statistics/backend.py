"""What `imagenomer.statistics.products` asks of whoever multiplies: BLAS natively, in the page the worker's kernels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from imagenomer.types import Float32Array, FloatArray, IntArray

Matrix: TypeAlias = NDArray[np.floating[Any]]


class Backend(Protocol):
    """What multiplies.

    Operands are all float32 or all float64 and none is empty. The result shares no memory with them, is of their type
    or float64, and the numbers of its rows are side by side.

    Attributes
    ----------
    few_pairs : float
        Share of all products of two matrices below which `multiply_pairs` is the faster way.
    """

    few_pairs: float

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

    def multiply_max(self, left: Matrix, right: Matrix, largest: Matrix) -> None:
        """Put the largest magnitude in each row of ``left @ right``, as `multiply` has it, into ``largest``."""
        ...

    def multiply_above(
        self, left: Float32Array, right: Float32Array, limit: Float32Array, of_largest: float
    ) -> tuple[Float32Array, IntArray, Float32Array]:
        """Return the largest magnitude of each row of ``left @ right``, and places and values of what is above.

        Above are magnitudes that are at least the ``limit`` of their row, and ``of_largest``, if it is not 0, of the
        largest there. Places are counted along rows and from row to row, ascending.
        """
        ...

    def multiply_pairs(
        self, left: Float32Array, right: Float32Array, left_rows: IntArray, right_rows: IntArray
    ) -> Float32Array:
        """Return the sum of products of each pair of rows; numbers of a row are side by side."""
        ...

    def rank_columns(self, values: Matrix, ranks: Matrix) -> None:
        """Put the ranks of each column into ``ranks``; both are of one type, with the numbers of rows side by side."""
        ...

    def support(
        self, level: NDArray[np.int16], ends: tuple[IntArray, IntArray], power: FloatArray, weight: FloatArray
    ) -> FloatArray:
        """See `imagenomer.statistics.kernels.support`."""
        ...

    def add_noise(
        self,
        values: Float32Array,
        order: IntArray,
        noise: tuple[NDArray[np.int8], NDArray[np.int8]],
        scales: Float32Array,
        out: Float32Array,
    ) -> None:
        """Put into ``out`` the values in that order and both kinds of noise by their scales; the third is the limit."""
        ...

    def tridiagonalise(
        self, matrix: FloatArray, diagonal: FloatArray, beside: FloatArray, tau: FloatArray
    ) -> Iterator[None]:
        """See `imagenomer.statistics.kernels.tridiagonalise`."""
        ...
