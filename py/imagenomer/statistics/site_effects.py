"""Site effects of each feature, and these drawn towards what they are over all features (empirical Bayes).

See `imagenomer.statistics.combat` for the model and its references.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.errors import InputError
from imagenomer.statistics.adjustment import by_pattern
from imagenomer.statistics.products import multiply
from imagenomer.statistics.sites import Sites, follows_from_sites, indicators
from imagenomer.types import BoolArray, FloatArray, IntArray

#: Relative change below which the estimates of empirical Bayes have settled: that of sva and neuroCombat, so that all
#: digits agree with theirs (a hundredth of it would move a correlation by 2e-6). And an end for what never settles.
_SETTLED, _MOST_ROUNDS = 1e-4, 1000
#: A spread below this share of the values themselves is rounding.
_CONSTANT = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class SiteModel:
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
    def of(cls, sites: Sites) -> SiteModel:
        counts = sites.counts
        means = sites.covariates.mean(axis=0)
        matrix = np.column_stack([indicators(sites)[:, counts > 0], sites.covariates - means])
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

    def some(self, cases: BoolArray) -> SiteModel | None:
        """Return the same for some of the rows; None if too few are left."""
        try:
            return SiteModel.of(self.sites.of(np.flatnonzero(cases)))
        except InputError:
            return None


@dataclass(frozen=True, slots=True, eq=False)
class SiteMoments:
    """What is estimated from each feature alone; the last axis of each is the features."""

    mean: FloatArray
    coefficients: FloatArray
    sd: FloatArray
    shift: FloatArray
    scale: FloatArray
    flat: BoolArray
    counts: IntArray


def estimate_moments(block: FloatArray, model: SiteModel, mean_only: bool, reference: int | None) -> SiteMoments:
    """Estimate mean, covariates, shifts and scales of a block of features."""
    n_sites, n_covariates, n_features = model.counts.size, model.sites.covariates.shape[1], block.shape[1]
    found = SiteMoments(
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
    model: SiteModel,
    mean_only: bool,
    reference: int | None,
    found: SiteMoments,
    features: slice | IntArray,
) -> None:
    """Write the estimates of complete features into their places."""
    n, there = block.shape[0], np.flatnonzero(model.counts)
    size = np.abs(block).max(axis=0)
    centre = block.mean(axis=0)
    left = block - centre  # so that rounding does not grow with the mean
    weights = multiply(model.solver, left)
    left -= multiply(model.matrix, weights)
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


def shrink(moments: SiteMoments, site: int, mean_only: bool, shift: FloatArray, scale: FloatArray) -> None:
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
