"""Feature products: the products of all pairs of subjects by way of their features, where features are fewer.

Whatever compares subjects needs K = XX', which for n subjects is n by n. With p features, fewer than subjects, all that
is asked of K is had from X'X, which is p by p: of 40,000 subjects with 1,485 edges that is 18 MB in place of 12.8 GB.
`use_features` is where this is decided, for ridge regression, classifiers, the verdict and whatever else is handed
products of subjects: they get a matrix, or `FeatureProducts`, and the results are the same.

With Q an orthonormal basis of what is taken out (the mean and covariates) and E = (I - QQ')X,

    E'E = X'X - (Q'X)'(Q'X) = V e V'        (I - QQ') K (I - QQ') = U e U' with U = E V e^(-1/2),

and (E E' + a I)^-1 y = (y - E (E'E + a I)^-1 E'y) / a. Features are read and multiplied in blocks of subjects, in
float64, since a small penalty takes the difference of what is nearly the same.

References
----------
Golub and Van Loan (2013), Matrix Computations (the two sides of a singular value decomposition). Woodbury (1950).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.eigenvectors import eigenvectors
from imagenomer.statistics.pairwise_memory import require_memory, require_memory_of_features
from imagenomer.statistics.products import add_gram_in_parts, add_product, mirror, multiply
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: Subjects up to which all pairs are multiplied however few the features: that is quick, and a matrix of 32 MB.
FEW_SUBJECTS = 2000
#: Numbers in a block of subjects, and products of one step.
_BLOCK, _PRODUCTS = 400_000, 3e8


def use_features(n_subjects: int, n_features: int) -> bool:
    """Return whether products of features take the place of products of subjects."""
    return n_subjects > max(FEW_SUBJECTS, n_features)


def require_room(n_subjects: int, n_features: int, n_matrices: int) -> None:
    """Refuse what memory has no room for, whichever products are used.

    Parameters
    ----------
    n_subjects, n_features : int
    n_matrices : int
        Of all pairs of subjects, or of subjects by features, that are held at once.

    Raises
    ------
    InputError
        If there are too many subjects.
    """
    if use_features(n_subjects, n_features):
        require_memory_of_features(n_subjects, n_features, n_matrices)
    else:
        require_memory(n_subjects, n_matrices)


@dataclass(frozen=True, slots=True, eq=False)
class FeatureProducts:
    """Subjects whose products are not multiplied out, but asked for by way of their features.

    Attributes
    ----------
    values : ndarray, shape (n_rows, n_columns), float32 or float64
    rows : ndarray of int, shape (n_subjects,)
        Row of each subject.
    usable : ndarray of bool, shape (n_columns,)
        Columns that are features.
    origin : ndarray, shape (n_features,)
        Taken from every row.
    """

    values: Float32Array | FloatArray
    rows: IntArray
    usable: BoolArray
    origin: FloatArray

    @property
    def n_subjects(self) -> int:
        return int(self.rows.size)

    @property
    def n_features(self) -> int:
        return int(self.origin.size)

    def __len__(self) -> int:
        return self.n_subjects

    def of(self, positions: IntArray) -> FeatureProducts:
        """Return the products of some of the subjects."""
        return FeatureProducts(self.values, self.rows[positions], self.usable, self.origin)

    def starts(self) -> range:
        """Return where blocks of subjects begin."""
        return range(0, self.n_subjects, max(32, _BLOCK // max(1, self.n_features)))

    def block(self, start: int, step: int) -> FloatArray:
        """Return the features of some subjects about the origin, shape (n_some, n_features)."""
        own = self.values[self.rows[start : start + step]]
        own = own.astype(np.float64) if self.usable.all() else own[:, self.usable].astype(np.float64)
        own -= self.origin
        return own

    def varies(self) -> bool:
        """Return whether anybody has a feature that is not at the origin."""
        return any(self.block(start, self.starts().step).any() for start in self.starts())

    def among_features(self, progress: Progress) -> Steps[FloatArray]:
        """Return the products of all pairs of features, shape (n_features, n_features)."""
        total, starts = np.zeros((self.n_features, self.n_features)), self.starts()
        for start in starts:
            for _ in add_gram_in_parts(total, self.block(start, starts.step).T):
                yield progress
        return mirror(total)

    def weighted(self, weights: FloatArray, progress: Progress) -> Steps[FloatArray]:
        """Return sums of features times weights, X W, shape (n_subjects, n_weights); `weights` is by feature."""
        found, starts = np.empty((self.n_subjects, weights.shape[1])), self.starts()
        for start in starts:
            block = self.block(start, starts.step)
            for columns in _parts(weights.shape[1], block.size):
                found[start : start + len(block), columns] = multiply(block, np.ascontiguousarray(weights[:, columns]))
                yield progress
        return found

    def summed(self, coefficients: FloatArray, progress: Progress) -> Steps[FloatArray]:
        """Return sums of subjects times coefficients, X'A, shape (n_features, n_coefficients)."""
        found, starts = np.zeros((self.n_features, coefficients.shape[1])), self.starts()
        for start in starts:
            block = self.block(start, starts.step)
            for columns in _parts(coefficients.shape[1], block.size):
                own = np.ascontiguousarray(coefficients[start : start + len(block), columns])
                # Of few columns the other order of operands is the faster one.
                found[:, columns] += multiply(own.T, block).T
                yield progress
        return found

    def squares(self, progress: Progress) -> Steps[float]:
        """Return the sum of the squared lengths of all subjects, the trace of their products."""
        total, starts = 0.0, self.starts()
        for start in starts:
            block = self.block(start, starts.step)
            total += float(np.einsum("ij,ij->", block, block))
            yield progress
        return total


def feature_products(values: Float32Array | FloatArray, rows: IntArray, usable: BoolArray) -> Steps[FeatureProducts]:
    """Return the products of subjects by way of features, about their mean.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_columns), float32 or float64
        Finite in the usable columns of these rows.
    rows : ndarray of int, shape (n_subjects,)
    usable : ndarray of bool, shape (n_columns,)
    """
    n_features = int(np.count_nonzero(usable))
    plain = FeatureProducts(values, rows, usable, np.zeros(n_features))
    sums = yield from plain.summed(np.ones((rows.size, 1)), Progress("Comparing subjects"))
    # Rounded as the values are, so that what does not vary is at the origin.
    mean = (sums[:, 0] / rows.size).astype(values.dtype)
    return FeatureProducts(values, rows, usable, mean.astype(np.float64))


def usable_columns(values: Float32Array, rows: IntArray) -> Steps[BoolArray]:
    """Return which columns are finite in all of some rows, shape (n_columns,)."""
    usable, step = np.ones(values.shape[1], dtype=bool), max(32, 4 * _BLOCK // max(1, values.shape[1]))
    for start in range(0, rows.size, step):
        usable &= np.isfinite(values[rows[start : start + step]]).all(axis=0)
        yield Progress("Comparing subjects", min(start + step, rows.size), rows.size)
    return usable


@dataclass(frozen=True, slots=True, eq=False)
class ResidualFeatures:
    """Features of which an orthonormal basis of subjects has been taken out, E = (I - QQ')X.

    Attributes
    ----------
    products : FeatureProducts
        X.
    basis : ndarray, shape (n_subjects, rank)
        Q.
    explained : ndarray, shape (rank, n_features)
        Q'X.
    among : ndarray, shape (n_features, n_features)
        E'E.
    """

    products: FeatureProducts
    basis: FloatArray
    explained: FloatArray
    among: FloatArray

    def weighted(self, weights: FloatArray, progress: Progress) -> Steps[FloatArray]:
        """Return E W."""
        found = yield from self.products.weighted(weights, progress)
        add_product(found, -self.basis, multiply(self.explained, weights))
        return found

    def summed(self, coefficients: FloatArray, progress: Progress) -> Steps[FloatArray]:
        """Return E'A."""
        found = yield from self.products.summed(coefficients, progress)
        add_product(found, -self.explained.T, multiply(self.basis.T, coefficients))
        return found

    def whole(self, progress: Progress) -> Steps[FloatArray]:
        """Return E, shape (n_subjects, n_features)."""
        starts = self.products.starts()
        found = np.empty((self.products.n_subjects, self.products.n_features))
        for start in starts:
            part = slice(start, min(start + starts.step, len(found)))
            found[part] = self.products.block(start, starts.step)
            add_product(found[part], -self.basis[part], self.explained)
            yield progress
        return found


def take_out(products: FeatureProducts, basis: FloatArray, progress: Progress) -> Steps[ResidualFeatures]:
    """Return features of which an orthonormal basis of subjects has been taken out."""
    among = yield from products.among_features(progress)
    explained = np.ascontiguousarray((yield from products.summed(basis, progress)).T)
    add_product(among, -explained.T, explained)
    return ResidualFeatures(products, basis, explained, (among + among.T) / 2)


@dataclass(frozen=True, slots=True, eq=False)
class ResidualSplit:
    """Features of a split without what covariates, fitted to its training part, explain of them.

    Attributes
    ----------
    train : ResidualFeatures
    test : FeatureProducts
        As they are.
    carried : ndarray, shape (n_test, rank)
        What a test subject's covariates make of the coefficients of the training part's basis.
    """

    train: ResidualFeatures
    test: FeatureProducts
    carried: FloatArray

    def tested(self, weights: FloatArray, progress: Progress) -> Steps[FloatArray]:
        """Return sums of the test part's features times weights, shape (n_test, n_weights)."""
        found = yield from self.test.weighted(weights, progress)
        add_product(found, -self.carried, multiply(self.train.explained, weights))
        return found


def thin_spectrum(
    products: FeatureProducts, basis: FloatArray, progress: Progress
) -> Steps[tuple[FloatArray, FloatArray]]:
    """Return eigenvalues and eigenvectors of (I - QQ') K (I - QQ') but those of 0.

    Returns
    -------
    values : ndarray, shape (rank,)
    vectors : ndarray, shape (n_subjects, rank)
        Orthonormal but for rounding, which grows towards the smallest eigenvalues; what weighs them by a function that
        goes to 0 with the eigenvalue does not feel it.
    """
    left = yield from take_out(products, basis, progress)
    values, directions = yield from eigenvectors(left.among, progress)
    own = values > values.size * np.finfo(float).eps * max(float(values.max(initial=0)), 1e-300)
    values = values[own]
    vectors = yield from left.weighted(np.ascontiguousarray(directions[:, own] / np.sqrt(values)), progress)
    return values, vectors


def _parts(n_columns: int, size: int) -> list[slice]:
    """Return parts of columns that take a step each to multiply with a block of some size."""
    at_once = max(1, int(_PRODUCTS // max(1, size)))
    return [slice(start, min(start + at_once, n_columns)) for start in range(0, n_columns, at_once)]
