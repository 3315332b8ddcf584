"""Harmonisation: what differs between sites taken out of connectivity, what covariates explain kept in it.

ComBat (Johnson, Li and Rabinovic 2007; for imaging Fortin et al. 2018) models feature f of a row of site s as

    value = mean[f] + covariates * coefficients[f] + sd[f] * (shift[s, f] + sqrt(scale[s, f]) * noise)

and takes shift and scale out. With empirical Bayes the shifts and scales of a site are drawn towards what they are over
all features, the more so the fewer rows the site has. CovBat (Chen et al. 2022) goes on to the covariances: the same is
done to the scores of the principal components of what ComBat leaves, without empirical Bayes.

What was learned from some rows can be applied to others, of the same sites: `Combat.apply`, `Covbat.apply`. So in
cross-validation it is learned from the training rows only. For rows of one site with the same covariates it is one
affine map, so that averaging scans before or after it is the same.

Nothing of the size of the connectivity is made but the result: features are worked on in blocks, in float64. A value
that is NaN or infinite is missing; a feature with missing values is fitted to its own complete cases.

References
----------
Johnson WE, Li C, Rabinovic A (2007). Adjusting batch effects in microarray expression data using empirical Bayes
methods. Biostatistics 8:118.
Fortin JP et al. (2018). Harmonization of cortical thickness measurements across scanners and sites. NeuroImage 167:104.
Chen AA et al. (2022). Mitigating site effects in covariance for machine learning in neuroimaging data. Human Brain
Mapping 43:1179.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.adjusted import by_pattern
from imagenomer.statistics.column_moments import column_blocks
from imagenomer.statistics.design import ALIASED, residuals
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: Relative change below which the estimates of empirical Bayes have settled: that of sva and neuroCombat, so that all
#: digits agree with theirs (a hundredth of it would move a correlation by 2e-6). And an end for what never settles.
_SETTLED, _MOST_ROUNDS = 1e-4, 1000
#: A spread below this share of the values themselves is rounding.
_CONSTANT = 1e-12
#: Share of the variance whose components CovBat harmonises, as its authors do.
COVARIANCE_SHARE = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """The site of each row, and what of the row is to be preserved.

    Attributes
    ----------
    codes : ndarray, shape (n_rows,)
        Index into ``names``.
    names : tuple of str
        All sites there may be.
    covariates : ndarray, shape (n_rows, n_covariates)
        Numbers, and categories as columns of 0 and 1, without an intercept.
    columns : tuple of str, length n_covariates
    """

    codes: IntArray
    names: tuple[str, ...]
    covariates: FloatArray
    columns: tuple[str, ...]

    def of(self, rows: IntArray) -> Sites:
        """Return the same of some of the rows, by position."""
        return replace(self, codes=self.codes[rows], covariates=self.covariates[rows])

    @property
    def counts(self) -> IntArray:
        """Rows of each site, shape (n_sites,)."""
        return np.bincount(self.codes, minlength=len(self.names))


def sites_of(
    codes: IntArray, names: Sequence[str], covariates: FloatArray | None = None, columns: Sequence[str] = ()
) -> Sites:
    """Return sites from their codes; without ``covariates`` nothing is preserved."""
    matrix = np.zeros((codes.size, 0)) if covariates is None else np.asarray(covariates, dtype=np.float64)
    return Sites(codes, tuple(names), matrix, tuple(columns) or tuple(f"column {n}" for n in range(matrix.shape[1])))


@dataclass(frozen=True, slots=True, eq=False)
class Combat:
    """Site effects, as they were learned from some rows.

    Attributes
    ----------
    names, columns : tuple of str
        The sites, and the columns of the covariates that are preserved.
    n_fitted : ndarray, shape (n_sites,)
        Rows of each site that it was learned from; 0 for a site that was not there.
    mean : ndarray, shape (n_features,)
        Mean over those rows, or of the reference site, where the covariates are 0; NaN where it cannot be fitted.
    coefficients : ndarray, shape (n_covariates, n_features)
    sd : ndarray, shape (n_features,)
        Pooled within sites; 0 where nothing varies within them: there the shift is in the feature's own units.
    raw_shift, raw_scale : ndarray, shape (n_sites, n_features)
        Mean of each site in units of ``sd``, and variance within it in units of its square (1 where that is 0, or only
        means are wanted), as estimated from the site alone.
    shift, scale : ndarray, shape (n_sites, n_features)
        The same as they are taken out; NaN where a site has too few values.
    flat : ndarray of bool, shape (n_sites, n_features)
        Features that do not vary within the site; their scale is left alone.
    reference : int or None
        The site that stays as it is.
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]
    n_fitted: IntArray
    mean: FloatArray
    coefficients: FloatArray
    sd: FloatArray
    raw_shift: FloatArray
    raw_scale: FloatArray
    shift: FloatArray
    scale: FloatArray
    flat: BoolArray
    reference: int | None

    def apply(self, values: NDArray[np.floating[Any]], rows: IntArray, sites: Sites) -> Steps[Float32Array]:
        """Return rows without the site effects, shape (n_rows, n_features).

        Parameters
        ----------
        values : ndarray, shape (n_all, n_features)
        rows : ndarray, shape (n_rows,)
            Those to harmonise; they need not be those it was learned from.
        sites : Sites
            Of these rows.

        Raises
        ------
        InputError
            If a row is of a site that it was not learned from.
        """
        self.require_known(sites)
        harmonised = np.empty((rows.size, self.mean.size), dtype=np.float32)
        for columns in column_blocks(self.mean.size):
            yield Progress("Harmonising", columns.start, self.mean.size)
            harmonised[:, columns] = self.adjust(values[rows, columns].astype(np.float64), columns, sites)
        return harmonised

    def adjust(self, block: FloatArray, columns: slice, sites: Sites) -> FloatArray:
        """Return a block of features without the site effects; the caller has seen to `require_known`."""
        expected = self.expected(columns, sites)
        left = self._without_effects(block, columns, sites, expected)
        left += expected
        if self.reference is not None:
            stays = sites.codes == self.reference
            left[stays] = block[stays]
        return left

    def expected(self, columns: slice, sites: Sites) -> FloatArray:
        """Return what mean and covariates make of each row of a block of features."""
        if not self.columns:
            return np.broadcast_to(self.mean[columns], (sites.codes.size, self.mean[columns].size))
        return np.asarray(_product(sites.covariates, self.coefficients[:, columns]) + self.mean[columns])

    def _without_effects(self, block: FloatArray, columns: slice, sites: Sites, expected: FloatArray) -> FloatArray:
        units = np.where(self.sd[columns] > 0, self.sd[columns], 1.0)
        left = block - expected
        for site in np.unique(sites.codes).tolist():
            own = sites.codes == site
            left[own] = (left[own] - self.shift[site, columns] * units) / np.sqrt(self.scale[site, columns])
        return left

    def require_known(self, sites: Sites) -> None:
        """Refuse rows of a site that it was not learned from."""
        unknown = np.flatnonzero((sites.counts > 0) & (self.n_fitted == 0))
        if unknown.size:
            told = ", ".join(f"{sites.names[site]} ({sites.counts[site]})" for site in unknown)
            known = ", ".join(self.names[site] for site in np.flatnonzero(self.n_fitted))
            raise InputError(
                f"nothing was learned about {told}, so it cannot be harmonised; learned from were {known}: leave the "
                "others out, or learn from some subjects of theirs too"
            )


def fit_combat(
    values: NDArray[np.floating[Any]],
    rows: IntArray,
    sites: Sites,
    *,
    empirical_bayes: bool = True,
    mean_only: bool = False,
    reference: int | None = None,
    only: IntArray | None = None,
) -> Steps[Combat]:
    """Learn what differs between sites.

    Parameters
    ----------
    values : ndarray, shape (n_all, n_features)
    rows : ndarray, shape (n_rows,)
        One row a subject.
    sites : Sites
        Of these rows.
    empirical_bayes : bool
        Draw the estimates of each site towards what they are over all features.
    mean_only : bool
        Take out means only, and leave variances as they are. With empirical Bayes a shift is then drawn towards the
        others as if each site had one row, as ComBat does in all programs.
    reference : int or None
        Code of a site that the others are made like; None: the mean over all rows.
    only : ndarray, optional
        Positions among the rows to learn from (the healthy, say); None: all of them.

    Raises
    ------
    InputError
        If there are fewer than two sites, a site has too few rows, or a covariate follows from the sites.

    References
    ----------
    Johnson et al. (2007), Fortin et al. (2018); see the module.
    """
    if only is not None:
        rows, sites = rows[only], sites.of(only)
    _require_sizes(sites, mean_only, reference)
    # Rows site by site, so that each is a slice.
    order = np.argsort(sites.codes, kind="stable")
    rows, sites = rows[order], sites.of(order)
    model = _Model.of(sites)
    n_features = values.shape[1]
    parts = []
    for columns in column_blocks(n_features):
        yield Progress("Estimating site effects", columns.start, n_features)
        parts.append(_moments(values[rows, columns].astype(np.float64), model, mean_only, reference))
    joined = {name: np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in _Moments.__slots__}
    moments = _Moments(**joined)
    shift, scale = moments.shift.copy(), moments.scale.copy()
    if empirical_bayes:
        for site in np.flatnonzero(sites.counts).tolist():
            yield Progress("Pooling over edges", site, len(sites.names))
            if site != reference:
                _shrink(moments, site, mean_only, shift, scale)
    if reference is not None:
        shift[reference], scale[reference] = 0, 1
    return Combat(
        names=sites.names,
        columns=sites.columns,
        n_fitted=sites.counts,
        mean=moments.mean,
        coefficients=moments.coefficients,
        sd=moments.sd,
        raw_shift=moments.shift,
        raw_scale=moments.scale,
        shift=shift,
        scale=scale,
        flat=moments.flat,
        reference=reference,
    )


def follows_from_sites(sites: Sites) -> list[int]:
    """Return the covariates, by position, that follow from the sites and the covariates before them."""
    basis = _indicators(sites)[:, sites.counts > 0] / np.sqrt(sites.counts[sites.counts > 0])
    found = []
    for position, values in enumerate(sites.covariates.T):
        left = residuals(values, basis)
        length = np.linalg.norm(left)
        if length <= ALIASED * np.linalg.norm(values):
            found.append(position)
        else:
            basis = np.column_stack([basis, left / length])
    return found


# --- covariances ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Covbat:
    """ComBat, and then the covariances of sites made alike.

    Attributes
    ----------
    combat : Combat
    scores : Combat
        Of the scores of the first ``n_components`` principal components.
    n_components : int
    share : float
        Of the variance, that these components have.
    """

    combat: Combat
    scores: Combat
    n_components: int
    share: float
    _source: _Source
    _centre: FloatArray
    _spread: FloatArray
    _own_scores: FloatArray
    _directions: FloatArray

    def apply(self, values: NDArray[np.floating[Any]], rows: IntArray, sites: Sites) -> Steps[Float32Array]:
        """Return rows without the site effects; as `Combat.apply`, with which this shares its parameters.

        A missing value counts as the mean in the scores, and stays missing. Features with missing values among the
        rows it was learned from are those of ComBat.
        """
        weights = yield from self.weights(values, rows, sites)
        n_features = self.combat.mean.size
        harmonised = np.empty((rows.size, n_features), dtype=np.float32)
        for columns in column_blocks(n_features):
            yield Progress("Harmonising covariances", columns.start, n_features)
            block = values[rows, columns].astype(np.float64)
            harmonised[:, columns] = self.adjust(block, columns, sites, weights)
        return harmonised

    def weights(self, values: NDArray[np.floating[Any]], rows: IntArray, sites: Sites) -> Steps[FloatArray]:
        """Return how much of each row it was learned from each row of these gets, shape (n_rows, n_learned)."""
        self.combat.require_known(sites)
        source = self._source
        if (
            values is source.values
            and np.array_equal(rows, source.rows)
            and np.array_equal(sites.codes, source.sites.codes)
        ):
            scores = self._own_scores
        else:
            products = np.zeros((rows.size, source.rows.size), order="F")
            for columns in column_blocks(self.combat.mean.size):
                yield Progress("Scores of components", columns.start, self.combat.mean.size)
                block = self._standard(values[rows, columns].astype(np.float64), columns, sites)
                products += _product(block, self._learned(columns).T)
            scores = _product(products, self._directions)
        everything = slice(0, self.n_components)
        return _product(
            self.scores.adjust(scores, everything, sites_of(sites.codes, sites.names)) - scores, self._directions.T
        )

    def adjust(self, block: FloatArray, columns: slice, sites: Sites, weights: FloatArray) -> FloatArray:
        """Return a block of features without the site effects, given `weights`."""
        spread = self._spread[columns]
        added = _product(weights, self._learned(columns))
        added *= np.where(spread > 0, spread * self.combat.sd[columns], 0)
        return np.asarray(self.combat.adjust(block, columns, sites) + added)

    def _standard(self, block: FloatArray, columns: slice, sites: Sites) -> FloatArray:
        return _standardised(self.combat, block, columns, sites, self._centre, self._spread)

    def _learned(self, columns: slice) -> FloatArray:
        source = self._source
        return self._standard(source.values[source.rows, columns].astype(np.float64), columns, source.sites)


def fit_covbat(
    values: NDArray[np.floating[Any]],
    rows: IntArray,
    sites: Sites,
    *,
    share: float = COVARIANCE_SHARE,
    empirical_bayes: bool = True,
    mean_only: bool = False,
    reference: int | None = None,
    only: IntArray | None = None,
) -> Steps[Covbat]:
    """Learn what differs between sites, covariances included; parameters and errors as for `fit_combat`.

    ``share`` of the variance is what the harmonised components have together. What ComBat leaves is brought to
    variance 1 in every feature first. The result keeps a reference to ``values``, of which components are made anew.
    """
    combat = yield from fit_combat(
        values, rows, sites, empirical_bayes=empirical_bayes, mean_only=mean_only, reference=reference, only=only
    )
    if only is not None:
        rows, sites = rows[only], sites.of(only)
    n, n_features = rows.size, combat.mean.size
    centre, spread = np.zeros(n_features), np.ones(n_features)
    gram = np.zeros((n, n), order="F")
    for columns in column_blocks(n_features):
        yield Progress("Finding components", columns.start, n_features)
        raw = values[rows, columns].astype(np.float64)
        block = _standardised(combat, raw, columns, sites, centre, spread, learn=True)
        gram = scipy.linalg.blas.dsyrk(1, block.T, 1, gram, trans=1, overwrite_c=1)
    yield Progress("Finding components")
    eigenvalues, vectors = scipy.linalg.eigh(gram, lower=False, overwrite_a=True, check_finite=False)
    eigenvalues, vectors = np.maximum(eigenvalues[::-1], 0), vectors[:, ::-1]
    cumulative = np.cumsum(eigenvalues) / max(float(eigenvalues.sum()), np.finfo(float).tiny)
    rank = int(np.count_nonzero(eigenvalues > 1e-10 * eigenvalues[0]))
    if rank < 1:
        raise InputError("nothing varies within the sites, so there are no covariances to harmonise; choose ComBat")
    n_components = min(int(np.count_nonzero(cumulative <= share)) + 1, rank)
    lengths = np.sqrt(eigenvalues[:n_components])
    own = np.ascontiguousarray(vectors[:, :n_components] * lengths)
    scores = yield from fit_combat(
        own,
        np.arange(n),
        sites_of(sites.codes, sites.names),
        empirical_bayes=False,
        mean_only=mean_only,
        reference=reference,
    )
    return Covbat(
        combat=combat,
        scores=scores,
        n_components=n_components,
        share=float(cumulative[n_components - 1]),
        _source=_Source(values, rows, sites),
        _centre=centre,
        _spread=spread,
        _own_scores=own,
        _directions=np.asarray(vectors[:, :n_components] / lengths),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """What was learned from; a reference, no copy."""

    values: NDArray[np.floating[Any]]
    rows: IntArray
    sites: Sites


def _standardised(
    combat: Combat,
    block: FloatArray,
    columns: slice,
    sites: Sites,
    centre: FloatArray,
    spread: FloatArray,
    *,
    learn: bool = False,
) -> FloatArray:
    """Return what ComBat leaves of a block, each feature with mean 0 and variance 1; 0 where it has none.

    ``learn``: find the means and spreads first, and write them into ``centre`` and ``spread``.
    """
    left = combat._without_effects(block, columns, sites, combat.expected(columns, sites))
    with np.errstate(invalid="ignore", divide="ignore"):
        left /= combat.sd[columns]
        if learn:
            centre[columns] = left.mean(axis=0)
            spread[columns] = left.std(axis=0)
            spread[columns][~(spread[columns] > 1e-10)] = 0
        left -= centre[columns]
        left /= spread[columns]
    left[:, spread[columns] == 0] = 0
    left[~np.isfinite(left)] = 0
    return left


# --- estimating ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """The linear model of sites and covariates for rows that lie site by site."""

    counts: IntArray
    #: Where each site's rows begin and end.
    bounds: tuple[tuple[int, int], ...]
    #: One column of 0 and 1 for each site that occurs, then the covariates as deviations from their means.
    matrix: FloatArray
    #: Makes coefficients of values, shape (n_columns, n_rows).
    solver: FloatArray
    covariate_means: FloatArray
    sites: Sites

    @classmethod
    def of(cls, sites: Sites) -> _Model:
        counts = sites.counts
        means = sites.covariates.mean(axis=0)
        matrix = np.column_stack([_indicators(sites)[:, counts > 0], sites.covariates - means])
        if matrix.shape[0] <= matrix.shape[1]:
            raise InputError(
                f"{matrix.shape[0]} subjects cannot fit {matrix.shape[1]} columns of sites and covariates; choose "
                "fewer covariates or more subjects"
            )
        lengths = np.linalg.norm(matrix, axis=0)
        aliased = follows_from_sites(sites)
        if aliased:
            raise InputError(
                f"{sites.columns[aliased[0]]} cannot be preserved: among the subjects learned from it follows from the "
                "sites and the other covariates; leave it out, or choose sites that share its values"
            )
        solver = np.linalg.pinv(matrix / lengths) / lengths[:, None]
        ends = np.cumsum(counts)
        bounds = tuple(zip((ends - counts).tolist(), ends.tolist(), strict=True))
        return cls(counts, bounds, matrix, solver, means, sites)

    def some(self, cases: BoolArray) -> _Model | None:
        """Return the same for some of the rows; None if too few are left."""
        try:
            return _Model.of(self.sites.of(np.flatnonzero(cases)))
        except InputError:
            return None


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """What is estimated from each feature alone; the last axis of each is the features."""

    mean: FloatArray
    coefficients: FloatArray
    sd: FloatArray
    shift: FloatArray
    scale: FloatArray
    flat: BoolArray
    counts: IntArray


def _moments(block: FloatArray, model: _Model, mean_only: bool, reference: int | None) -> _Moments:
    """Estimate mean, covariates, shifts and scales of a block of features."""
    n_sites, n_covariates, n_features = model.counts.size, model.sites.covariates.shape[1], block.shape[1]
    found = _Moments(
        mean=np.full(n_features, np.nan),
        coefficients=np.full((n_covariates, n_features), np.nan),
        sd=np.full(n_features, np.nan),
        shift=np.full((n_sites, n_features), np.nan),
        scale=np.full((n_sites, n_features), np.nan),
        flat=np.zeros((n_sites, n_features), dtype=bool),
        counts=np.zeros((n_sites, n_features), dtype=np.intp),
    )
    present = np.isfinite(block)
    if present.all():
        _estimate(block, model, mean_only, reference, found, slice(None))
        return found
    for members, cases in by_pattern(present):
        some = model if cases.all() else model.some(cases)
        if some is not None and (reference is None or some.counts[reference]):
            _estimate(block[np.ix_(cases, members)], some, mean_only, reference, found, members)
    return found


def _estimate(
    block: FloatArray,
    model: _Model,
    mean_only: bool,
    reference: int | None,
    found: _Moments,
    features: slice | IntArray,
) -> None:
    """Write the estimates of complete features into their places."""
    n, there = block.shape[0], np.flatnonzero(model.counts)
    size = np.abs(block).max(axis=0)
    centre = block.mean(axis=0)
    left = block - centre  # so that rounding does not grow with the mean
    weights = _product(model.solver, left)
    left -= _product(model.matrix, weights)
    squares = np.array([np.einsum("ij,ij->j", left[a:b], left[a:b]) for a, b in model.bounds])
    of_site, coefficients = weights[: there.size], weights[there.size :]
    if reference is None:
        middle = model.counts[there] @ of_site / n
        variance = squares.sum(axis=0) / n
    else:
        middle = of_site[np.flatnonzero(there == reference)[0]]
        variance = squares[reference] / model.counts[reference]
    sd = np.sqrt(variance)
    sd[sd <= _CONSTANT * size] = 0
    units = np.where(sd > 0, sd, 1.0)
    scale = np.ones((model.counts.size, size.size))
    flat = np.zeros(scale.shape, dtype=bool)
    if not mean_only:
        counts = model.counts[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            scale = squares / (counts - 1) / units**2
        # One value has no variance; values that are all the same have none to speak of.
        flat = (counts > 1) & (np.sqrt(squares / np.maximum(counts, 1)) <= _CONSTANT * size)
        scale[flat | ((sd == 0) & (counts > 1))] = 1
        scale[model.counts < 2] = np.nan
    found.mean[features] = centre + middle - model.covariate_means @ coefficients
    found.coefficients[:, features] = coefficients
    found.sd[features] = sd
    found.scale[:, features] = scale
    found.flat[:, features] = flat
    found.counts[:, features] = model.counts[:, None]
    shift = np.full(scale.shape, np.nan)
    shift[there] = (of_site - middle) / units
    found.shift[:, features] = shift


def _shrink(moments: _Moments, site: int, mean_only: bool, shift: FloatArray, scale: FloatArray) -> None:
    """Draw the estimates of one site towards what they are over all features, in place (parametric priors)."""
    # Features without variance say nothing about the others, and the others nothing about them.
    used = np.flatnonzero((moments.sd > 0) & np.isfinite(moments.shift[site]) & np.isfinite(moments.scale[site]))
    if used.size < 2:
        raise InputError(
            f"empirical Bayes learns from many edges what one site is like, and here {used.size} can be used; "
            "choose estimates of each edge alone"
        )
    own_shift, own_scale, n = moments.shift[site, used], moments.scale[site, used], moments.counts[site, used]
    centre, spread = own_shift.mean(), own_shift.var(ddof=1)
    if mean_only:
        shift[site, used] = (spread * own_shift + centre) / (spread + 1)
        return
    mean, variance = own_scale.mean(), own_scale.var(ddof=1)
    if variance <= np.finfo(float).eps * mean**2:
        shift[site, used] = (spread * n * own_shift + mean * centre) / (spread * n + mean)
        scale[site, used] = mean
        return
    # The inverse gamma distribution of this mean and variance.
    a, b = (2 * variance + mean**2) / variance, (mean * variance + mean**3) / variance
    new_shift, new_scale = own_shift, own_scale
    # Of values with mean m and variance v, sum((x - s)^2) = (n - 1) v + n (m - s)^2; a flat feature has v = 0.
    within = np.where(moments.flat[site, used], 0, (n - 1) * own_scale)
    for _ in range(_MOST_ROUNDS):
        before_shift, before_scale = new_shift, new_scale
        new_shift = (spread * n * own_shift + before_scale * centre) / (spread * n + before_scale)
        new_scale = (0.5 * (within + n * (own_shift - new_shift) ** 2) + b) / (n / 2 + a - 1)
        # Those programs divide by the shift with its sign, so that only positive ones can ask for another round.
        asking = before_shift > 0
        moved = (np.abs(new_shift - before_shift)[asking] / before_shift[asking]).max(initial=0)
        if max(moved, (np.abs(new_scale - before_scale) / before_scale).max()) <= _SETTLED:
            break
    shift[site, used], scale[site, used] = new_shift, new_scale


def _require_sizes(sites: Sites, mean_only: bool, reference: int | None) -> None:
    counts = sites.counts
    if np.count_nonzero(counts) < 2:
        there = ", ".join(sites.names[site] for site in np.flatnonzero(counts)) or "no site"
        raise InputError(f"all {sites.codes.size} subjects learned from are of {there}; there is nothing to harmonise")
    alone = [sites.names[site] for site in np.flatnonzero(counts == 1)]
    if alone and not mean_only:
        raise InputError(
            f"{', '.join(alone)} has one subject to learn from, and one has no variance; leave such sites out, join "
            "them with others, or harmonise means only"
        )
    if reference is not None and not counts[reference]:
        raise InputError(f"no subject to learn from is of the reference site {sites.names[reference]}; choose another")


def _indicators(sites: Sites) -> FloatArray:
    return np.asarray((sites.codes[:, None] == np.arange(len(sites.names))).astype(np.float64))


def _product(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return a matrix product by BLAS: NumPy has none in the page."""
    if not left.size or not right.size:
        return np.zeros((left.shape[0], right.shape[1]))
    # Of C-ordered arrays BLAS takes the transposes without copying.
    return np.asarray(scipy.linalg.blas.dgemm(1, right.T, left.T).T)
