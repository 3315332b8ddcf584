"""Sample space: linear models of many features, solved by the products of all pairs of subjects.

With n subjects and p features, p far above n, a linear model's weights lie in the span of the subjects' rows, so that
every penalised linear model is decided by the n by n Gram matrix of products between subjects. It is made once; all
targets, groups, folds and permutations are then solved by parts of it, exactly.

Rows enter as deviations from the mean of the whole. That takes nothing from the test part to the training part: a
model with an intercept is the same about any origin, and every split centres its own products again, about the mean of
its training part. Features are not scaled: a scale that is fitted to each training part would change the Gram matrix,
and connectivity has one scale anyway.

Confounds are taken out of features within a split without the features: with H = C C+ the projection on the training
part's covariates,

    K_train = (I - H) K (I - H)        K_test = (K_te,tr - C_te C+ K_tr,tr)(I - H)

are the products of features whose regression on the covariates was fitted in the training part and taken off both.

References
----------
Scholkopf, Herbrich and Smola (2001), COLT (representer theorem). Chyzhyk et al. (2022), GigaScience 11:giac014 (fit
confound regression in the training part only).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from imagenomer.cache import Cache, in_bytes
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.feature_products import (
    FeatureProducts,
    ResidualSplit,
    feature_products,
    require_room,
    take_out,
    usable_columns,
    use_features,
)
from imagenomer.statistics.features import (
    Edges,
    FeatureKernels,
    Features,
    FittedFeatures,
    GenotypeIndicators,
    Kernels,
    Numbers,
)
from imagenomer.statistics.folds import Split
from imagenomer.statistics.pairwise_memory import require_memory
from imagenomer.statistics.products import add_gram_in_parts, add_product, gram, mirror, multiply
from imagenomer.statistics.ridge_factors import SplitRidge
from imagenomer.types import Float32Array, FloatArray, IntArray

#: Columns whose products are summed in float32 before they are added up in float64.
_COLUMNS = 1024
#: Matrices of all pairs of subjects that a prediction holds at once: the products, and a training part's twice.
_N_MATRICES = 3
#: Bytes of products, and of factors, kept with a sample space: those of 20 splits of 830 subjects, and all of them
#: once.
KEPT_BYTES = 96_000_000


@dataclass(frozen=True, slots=True, eq=False)
class SampleSpace:
    """Subjects, and the products of all pairs of them.

    Attributes
    ----------
    gram : ndarray, shape (n, n), or FeatureProducts
        Products of the features of each pair, about one origin; by way of the features where those are fewer.
    features : Features
        What was multiplied.
    rows : ndarray of int, shape (n,)
        Row of ``features`` of each subject.
    factors : Cache
        What ridge regression needs of a split, by a digest of who trains and of what is taken out; up to `KEPT_BYTES`.
        It serves every target and penalty.
    products : Cache
        Products of features that depend on who trains (`FittedFeatures`), by who trains and is tested; up to
        `KEPT_BYTES`. They serve every target.
    """

    gram: FloatArray | FeatureProducts
    features: Features
    rows: IntArray
    factors: Cache[bytes, SplitRidge] = field(default_factory=lambda: Cache(KEPT_BYTES, in_bytes))
    products: Cache[bytes, Kernels | FeatureKernels] = field(default_factory=lambda: Cache(KEPT_BYTES, in_bytes))

    @property
    def n_subjects(self) -> int:
        return int(self.rows.size)

    @property
    def n_features(self) -> int:
        return self.features.n_features

    def of(self, positions: IntArray) -> SampleSpace:
        """Return the space of some of the subjects; nothing is multiplied again.

        Parameters
        ----------
        positions : ndarray of int
            Among the subjects of this space.
        """
        gram = products_of(self.gram, positions)
        return SampleSpace(gram, self.features, self.rows[positions])

    def kernels(self, split: Split, *, keep: bool = False) -> Steps[Kernels | FeatureKernels]:
        """Return the products of a split; about an origin that its training part need not have as mean.

        Features that depend on who trains (`FittedFeatures`) are multiplied again; all others are parts of ``gram``.

        Parameters
        ----------
        split : Split
        keep : bool
            Products that had to be made are kept for the next target, in ``products``; for who keeps no factor.
        """
        if not isinstance(self.features, FittedFeatures):
            if isinstance(self.gram, FeatureProducts):
                return FeatureKernels(self.gram.of(split.train), self.gram.of(split.test))
            return Kernels(self.gram[np.ix_(split.train, split.train)], self.gram[np.ix_(split.test, split.train)])
        key = split.digest()
        made = self.products.get(key)
        if made is None:
            made = yield from self.features.kernels(self.rows[split.train], self.rows[split.test])
            if keep:
                self.products.put(key, made)
        return made

    def refusal(self, split: Split) -> str:
        """Return why the features cannot be fitted to a training part and applied to its test part, or nothing."""
        if not isinstance(self.features, FittedFeatures):
            return ""
        return self.features.refusal(self.rows[split.train], self.rows[split.test])

    def weights(self, positions: IntArray, coefficients: FloatArray) -> FloatArray:
        """Return what each feature weighs in a model given by a coefficient of each training subject.

        Parameters
        ----------
        positions : ndarray of int
            Of the training subjects.
        coefficients : ndarray, shape (n_train,)
            Summing to zero, as those of every model with an intercept do.
        """
        return self.features.combined(self.rows[positions], coefficients)


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """What the covariates of a training part predict, as linear maps of anything known of it.

    Attributes
    ----------
    basis : ndarray, shape (n_train, rank)
        Orthonormal; spans the mean and the covariates.
    carried : ndarray, shape (n_test, rank)
        What a test subject's covariates make of the coefficients of ``basis``.
    """

    basis: FloatArray
    carried: FloatArray

    def left(self, values: FloatArray) -> FloatArray:
        """Return what covariates do not explain of values of the training part."""
        return np.asarray(values - self.basis @ (self.basis.T @ values))

    def predicted(self, values: FloatArray) -> FloatArray:
        """Return the values that covariates predict in the test part."""
        return np.asarray(self.carried @ (self.basis.T @ values))

    def taken_out(self, kernels: Kernels | FeatureKernels) -> Steps[Kernels | ResidualSplit]:
        """Return the products of a split without what covariates explain in the training part."""
        if isinstance(kernels, Kernels):
            return self.of(kernels)
        left = yield from take_out(kernels.train, self.basis, Progress("Training"))
        return ResidualSplit(left, kernels.test, self.carried)

    def of(self, kernels: Kernels) -> Kernels:
        """Return the products of features of features without what covariates explain in the training part."""
        basis = self.basis
        half = multiply(kernels.train, basis)  # K Q
        inner = multiply(basis.T, half)
        # (I - QQ')K(I - QQ') = K - QA' - AQ' with A = KQ - Q(Q'KQ)/2: symmetric to the last digit.
        skewed = multiply(basis, inner) / 2 - half
        train = kernels.train.copy()
        add_product(train, basis, skewed.T)
        add_product(train, skewed, basis.T)
        test = kernels.test - multiply(self.carried, half.T)
        add_product(test, multiply(test, -basis), basis.T)
        return Kernels(train, test)


def project(n_train: int, n_test: int, covariates: tuple[FloatArray, FloatArray] | None = None) -> Projection:
    """Return the projection on the mean and on covariates.

    Parameters
    ----------
    n_train, n_test : int
    covariates : pair of ndarrays, shapes (n_train, n_covariates) and (n_test, n_covariates), optional
        Without an intercept. Columns that do not vary in the training part, or follow from others there, count as
        they would in the least-squares solution of least length.

    Raises
    ------
    InputError
        If there are not more training subjects than covariates.
    """
    constant = 1 / np.sqrt(n_train)
    basis, carried = np.full((n_train, 1), constant), np.full((n_test, 1), constant)
    # A value v of everybody is v sqrt(n) times the first column, so that the test part gets v back.
    carried[:] = constant
    if covariates is not None and covariates[0].shape[1]:
        train, test = covariates
        if train.shape[1] + 2 > n_train:
            raise InputError(
                f"{n_train} subjects to train on cannot fit {train.shape[1]} columns of covariates; "
                "choose fewer covariates or a larger group"
            )
        mean = train.mean(axis=0)
        scale = train.std(axis=0)
        varies = scale > 1e-12 * np.maximum(np.abs(mean), np.finfo(float).tiny)
        train, test = (train - mean)[:, varies] / scale[varies], (test - mean)[:, varies] / scale[varies]
        left, lengths, right = np.linalg.svd(train, full_matrices=False)
        kept = lengths > 1e-7 * lengths.max(initial=0)
        basis = np.column_stack([basis, left[:, kept]])
        carried = np.column_stack([carried, test @ (right[kept].T / lengths[kept])])
    return Projection(np.asfortranarray(basis), np.asfortranarray(carried))


# --- the Gram matrix -----------------------------------------------------------------------------


def sample_space(values: Float32Array, rows: IntArray) -> Steps[SampleSpace]:
    """Return the sample space of connectivity; the caller keeps it for the next target, group or protocol.

    Where edges are fewer than subjects nothing is multiplied before it is asked for (`use_features`).

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), float32, C-ordered
    rows : ndarray of int, shape (n,)

    Raises
    ------
    InputError
        If no edge is there for everybody and varies, or there are more subjects than memory has room for.
    """
    n, n_edges = rows.size, values.shape[1]
    require_room(n, n_edges, _N_MATRICES)
    if use_features(n, n_edges):
        usable = yield from usable_columns(values, rows)
        by_features = yield from feature_products(values, rows, usable)
        return _space(by_features, Edges(values, usable), rows)
    products = np.zeros((n, n))
    usable = np.zeros(n_edges, dtype=bool)
    for start in range(0, n_edges, _COLUMNS):
        columns = slice(start, min(start + _COLUMNS, n_edges))
        block = values[:, columns][rows]
        with np.errstate(invalid="ignore", over="ignore"):
            block -= block.mean(axis=0, dtype=np.float64).astype(np.float32)
        usable[columns] = np.isfinite(block).all(axis=0)
        block[:, ~usable[columns]] = 0
        for _ in add_gram_in_parts(products, block):
            yield Progress("Comparing subjects", columns.stop, n_edges)
    return _space(mirror(products), Edges(values, usable), rows)


def space_of_numbers(values: FloatArray) -> SampleSpace:
    """Return the sample space of a few numbers for each subject, as they are.

    Parameters
    ----------
    values : ndarray, shape (n_subjects, n_features)
        None missing.

    Raises
    ------
    InputError
        If nothing varies.
    """
    n, n_features = values.shape
    origin = values.mean(axis=0)
    if use_features(n, n_features):
        products = FeatureProducts(values, np.arange(n), np.ones(n_features, dtype=bool), origin)
        return _space(products, Numbers(values), np.arange(n))
    return _space(gram(values - origin), Numbers(values), np.arange(n))


def space_of_features(features: FittedFeatures, rows: IntArray) -> Steps[SampleSpace]:
    """Return the sample space of features that are fitted to each training part, whose products are made by split.

    Raises
    ------
    InputError
        If nothing varies.
    """
    kernels = yield from features.kernels(rows, rows)
    space = _space(kernels.train, features, rows)
    everybody = np.arange(rows.size)
    space.products.put(Split(everybody, everybody).digest(), kernels)
    return space


def space_of_genotypes(genotypes: GenotypeIndicators) -> Steps[SampleSpace]:
    """Return the sample space of genotypes as indicators; nothing is imputed, so it is made once."""
    n = genotypes.dosage.shape[0]
    require_memory(n, _N_MATRICES)
    products, n_variants = np.zeros((n, n)), genotypes.dosage.shape[1]
    for start in range(0, n_variants, _COLUMNS):
        for block in genotypes.blocks(slice(start, start + _COLUMNS)):
            block -= block.mean(axis=0, dtype=np.float64).astype(np.float32)
            for _ in add_gram_in_parts(products, block):
                yield Progress("Comparing genotypes", min(start + _COLUMNS, n_variants), n_variants)
    return _space(mirror(products), genotypes, np.arange(n))


def products_of(gram: FloatArray | FeatureProducts, positions: IntArray) -> FloatArray | FeatureProducts:
    """Return the products of some of the subjects; nothing is multiplied again."""
    return gram.of(positions) if isinstance(gram, FeatureProducts) else gram[np.ix_(positions, positions)]


def _space(gram: FloatArray | FeatureProducts, features: Features, rows: IntArray) -> SampleSpace:
    varies = gram.varies() if isinstance(gram, FeatureProducts) else float(np.trace(gram)) > 0
    if not varies:
        raise InputError(
            f"no feature is known of all {rows.size} subjects and differs between them, so nothing can be predicted "
            "from them; choose other features or a larger group"
        )
    return SampleSpace(gram, features, rows)
