"""Features: rows of what predicts, and the few things a model cannot do in sample space with them.

Features are asked for by rows of their own; whatever is fitted (imputation, scaling) is fitted to the rows of the
training part, which are always said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.column_moments import summarise_columns, weighted_sum
from imagenomer.statistics.feature_products import FeatureProducts, feature_products, use_features
from imagenomer.statistics.orthonormal import residuals
from imagenomer.statistics.products import add_gram_in_parts, combine_rows, gram, mirror, multiply
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: Variants worked on at a time.
_VARIANTS = 1024
#: Share of a feature's sum of squares below which what covariates leave is rounding.
_LEFT = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Kernels:
    """Products between the subjects of a split, after whatever was fitted to its training part.

    Attributes
    ----------
    train : ndarray, shape (n_train, n_train)
    test : ndarray, shape (n_test, n_train)
    """

    train: FloatArray
    test: FloatArray

    @property
    def nbytes(self) -> int:
        return self.train.nbytes + self.test.nbytes


@dataclass(frozen=True, slots=True, eq=False)
class FeatureKernels:
    """Products between the subjects of a split by way of their features (`imagenomer.statistics.feature_products`).

    Attributes
    ----------
    train, test : FeatureProducts
        About one origin.
    """

    train: FeatureProducts
    test: FeatureProducts

    @property
    def nbytes(self) -> int:
        return self.train.rows.nbytes + self.test.rows.nbytes


class Features(Protocol):
    """Rows of features."""

    @property
    def n_features(self) -> int:
        """Features there are, without those that are excluded."""

    @property
    def n_columns(self) -> int:
        """Features there are, with those that are excluded."""

    def combined(self, train: IntArray, weights: FloatArray) -> FloatArray:
        """Return the sum of the training rows times their weights, shape (n_columns,); NaN where one is excluded."""

    def chosen(self, rows: IntArray, columns: IntArray, train: IntArray) -> FloatArray:
        """Return some features of some rows in float64, shape (n_rows, len(columns)), fitted to the training rows."""

    def lengths(self, train: IntArray, basis: FloatArray) -> Steps[FloatArray]:
        """Return the length of each feature over the training rows once an orthonormal basis is taken out.

        Parameters
        ----------
        train : ndarray of int, shape (n_train,)
        basis : ndarray, shape (n_train, rank)
            The first column is constant.

        Returns
        -------
        ndarray, shape (n_columns,)
            NaN where nothing is left.
        """


@runtime_checkable
class FittedFeatures(Features, Protocol):
    """Features that depend on who trains: imputed, scaled or harmonised by the training part of each split."""

    def kernels(self, train: IntArray, test: IntArray) -> Steps[Kernels | FeatureKernels]:
        """Return the products of training rows with each other and with test rows, fitted to the training rows."""

    def refusal(self, train: IntArray, test: IntArray) -> str:
        """Return why these cannot train or those cannot be tested; empty if they can."""


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Connectivity.

    Attributes
    ----------
    values : ndarray, shape (n_rows, n_edges), float32, C-ordered
    usable : ndarray of bool, shape (n_edges,)
        Edges that everybody has; the others are excluded.
    """

    values: Float32Array
    usable: BoolArray

    @property
    def n_features(self) -> int:
        return int(np.count_nonzero(self.usable))

    @property
    def n_columns(self) -> int:
        return int(self.usable.size)

    def combined(self, train: IntArray, weights: FloatArray) -> FloatArray:
        # weighted_sum is fast where rows ascend.
        order = np.argsort(train, kind="stable")
        with np.errstate(invalid="ignore", over="ignore"):
            total = weighted_sum(self.values, train[order], weights[order].astype(np.float32))
        total[~self.usable] = np.nan
        return total

    def chosen(self, rows: IntArray, columns: IntArray, train: IntArray) -> FloatArray:
        return self.values[np.ix_(rows, columns)].astype(np.float64)

    def lengths(self, train: IntArray, basis: FloatArray) -> Steps[FloatArray]:
        norm = (yield from summarise_columns(self.values, np.sort(train))).norm
        squares = norm**2
        for column in basis.T[1:]:
            yield Progress("Training")
            squares -= self.combined(train, column) ** 2
        with np.errstate(invalid="ignore"):
            squares[~(squares > _LEFT * norm**2)] = np.nan
        return np.asarray(np.sqrt(squares))


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Phenotypes that are numbers, all of which are features.

    Attributes
    ----------
    values : ndarray, shape (n_rows, n_features)
    """

    values: FloatArray

    @property
    def n_features(self) -> int:
        return int(self.values.shape[1])

    @property
    def n_columns(self) -> int:
        return self.n_features


class Numbers(_Table):
    """A few numbers as they are: scores of components."""

    __slots__ = ()

    def combined(self, train: IntArray, weights: FloatArray) -> FloatArray:
        return np.asarray(np.einsum("i,ij->j", weights, self.values[train]))

    def chosen(self, rows: IntArray, columns: IntArray, train: IntArray) -> FloatArray:
        return self.values[np.ix_(rows, columns)]

    def lengths(self, train: IntArray, basis: FloatArray) -> Steps[FloatArray]:
        yield Progress("Training")
        return _lengths_left(self.values[train], basis)


class StandardisedNumbers(_Table):
    """Numbers of different units, each brought to a standard deviation of 1 in the training part."""

    __slots__ = ()

    def _scaled(self, rows: IntArray, train: IntArray) -> FloatArray:
        own = self.values[train]
        mean, scale = own.mean(axis=0), own.std(axis=0)
        constant = scale <= 1e-12 * np.abs(mean)
        return np.asarray(np.where(constant, 0, (self.values[rows] - mean) / np.where(constant, 1, scale)))

    def kernels(self, train: IntArray, test: IntArray) -> Steps[Kernels | FeatureKernels]:
        yield Progress("Comparing subjects")
        own, other = self._scaled(train, train), self._scaled(test, train)
        if use_features(train.size, self.n_features):
            every = np.ones(self.n_features, dtype=bool)
            products = yield from feature_products(own, np.arange(train.size), every)
            tested = FeatureProducts(other, np.arange(test.size), every, products.origin)
            return FeatureKernels(products, tested)
        return Kernels(gram(own), multiply(other, own.T))

    def refusal(self, train: IntArray, test: IntArray) -> str:
        return ""

    def combined(self, train: IntArray, weights: FloatArray) -> FloatArray:
        return np.asarray(np.einsum("i,ij->j", weights, self._scaled(train, train)))

    def chosen(self, rows: IntArray, columns: IntArray, train: IntArray) -> FloatArray:
        return self._scaled(rows, train)[:, columns]

    def lengths(self, train: IntArray, basis: FloatArray) -> Steps[FloatArray]:
        yield Progress("Training")
        return _lengths_left(self._scaled(train, train), basis)


@dataclass(frozen=True, slots=True, eq=False)
class GenotypeIndicators:
    """Genotypes as three columns of 0 and 1 a variant: no, one and two copies; all 0 where missing.

    Columns stand in three blocks of all variants, no copies first.

    Attributes
    ----------
    dosage : ndarray, shape (n_rows, n_variants), int8
        -1 where missing.
    """

    dosage: NDArray[np.int8]

    @property
    def n_features(self) -> int:
        return 3 * int(self.dosage.shape[1])

    @property
    def n_columns(self) -> int:
        return self.n_features

    def blocks(self, variants: slice, rows: IntArray | None = None) -> Iterator[Float32Array]:
        """Yield the indicators of each genotype of some variants, shape (n_rows, n_variants), C-ordered."""
        own = self.dosage[:, variants] if rows is None else self.dosage[rows, variants]
        for copies in range(3):
            yield (own == copies).astype(np.float32)

    def combined(self, train: IntArray, weights: FloatArray) -> FloatArray:
        n_variants = self.dosage.shape[1]
        total, weights32 = np.empty((3, n_variants)), weights.astype(np.float32)
        for start in range(0, n_variants, _VARIANTS):
            some = slice(start, start + _VARIANTS)
            for row, block in zip(total, self.blocks(some, train), strict=True):
                row[some] = combine_rows(block, weights32)
        return np.asarray(total.ravel())

    def chosen(self, rows: IntArray, columns: IntArray, train: IntArray) -> FloatArray:
        copies, variants = np.divmod(columns, self.dosage.shape[1])
        return np.asarray(self.dosage[np.ix_(rows, variants)] == copies, dtype=np.float64)

    def lengths(self, train: IntArray, basis: FloatArray) -> Steps[FloatArray]:
        sums = []
        for column in basis.T:
            yield Progress("Training")
            sums.append(self.combined(train, column))
        whole = sums[0] / basis[0, 0]  # of 0 and 1, the sum is the sum of squares
        left = whole - sum(one**2 for one in sums)
        return np.asarray(np.sqrt(np.where(left > _LEFT * np.maximum(whole, 1), left, np.nan)))


@dataclass(frozen=True, slots=True, eq=False)
class ImputedDosage:
    """Copies of the effect allele, the missing ones imputed by the training mean.

    Attributes
    ----------
    dosage : ndarray, shape (n_rows, n_variants), int8
        -1 where missing.
    """

    dosage: NDArray[np.int8]

    @property
    def n_features(self) -> int:
        return int(self.dosage.shape[1])

    @property
    def n_columns(self) -> int:
        return self.n_features

    def _deviations(self, rows: IntArray, variants: slice | IntArray, train: IntArray) -> Float32Array:
        """Return deviations from the mean of the training subjects who have a genotype; 0 where missing."""
        own = self.dosage[train][:, variants]
        n_known = (own >= 0).sum(axis=0)
        mean = (np.where(own >= 0, own, 0).sum(axis=0) / np.maximum(n_known, 1)).astype(np.float32)
        wanted = self.dosage[rows][:, variants]
        return np.where((wanted >= 0) & (n_known > 0), wanted - mean, np.float32(0))

    def kernels(self, train: IntArray, test: IntArray) -> Steps[Kernels]:
        """Return the products; every split needs those of all variants, because the means are its own."""
        both = np.concatenate([train, test])
        total, n_variants = np.zeros((both.size, both.size)), self.n_features
        for start in range(0, n_variants, _VARIANTS):
            for _ in add_gram_in_parts(total, self._deviations(both, slice(start, start + _VARIANTS), train)):
                yield Progress("Comparing genotypes", min(start + _VARIANTS, n_variants), n_variants)
        other = np.ascontiguousarray(total[: train.size, train.size :].T)
        return Kernels(mirror(total[: train.size, : train.size].copy()), other)

    def refusal(self, train: IntArray, test: IntArray) -> str:
        return ""

    def combined(self, train: IntArray, weights: FloatArray) -> FloatArray:
        total, weights32 = np.empty(self.n_features), weights.astype(np.float32)
        for start in range(0, self.n_features, _VARIANTS):
            some = slice(start, start + _VARIANTS)
            total[some] = combine_rows(self._deviations(train, some, train), weights32)
        return total

    def chosen(self, rows: IntArray, columns: IntArray, train: IntArray) -> FloatArray:
        return self._deviations(rows, columns, train).astype(np.float64)

    def lengths(self, train: IntArray, basis: FloatArray) -> Steps[FloatArray]:
        total = np.empty(self.n_features)
        for start in range(0, self.n_features, _VARIANTS):
            some = slice(start, start + _VARIANTS)
            yield Progress("Training")
            total[some] = _lengths_left(self._deviations(train, some, train).astype(np.float64), basis)
        return total


def _lengths_left(values: FloatArray, basis: FloatArray) -> FloatArray:
    """Return the length of each column once an orthonormal basis is taken out; NaN where nothing is left."""
    length, whole = np.linalg.norm(residuals(values, basis), axis=0), np.linalg.norm(values, axis=0)
    return np.asarray(np.where(length > np.sqrt(_LEFT) * whole, length, np.nan))
