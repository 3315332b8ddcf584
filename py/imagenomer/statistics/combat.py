"""Harmonisation: what differs between sites taken out of connectivity, what covariates explain kept in it.

ComBat (Johnson, Li and Rabinovic 2007; for imaging Fortin et al. 2018) models feature f of a row of site s as

    value = mean[f] + covariates * coefficients[f] + sd[f] * (shift[s, f] + sqrt(scale[s, f]) * noise)

and takes shift and scale out. With empirical Bayes the shifts and scales of a site are drawn towards what they are over
all features, the more so the fewer rows the site has.

What was learned from some rows can be applied to others, of the same sites: `Combat.apply`. So in cross-validation it
is learned from the training rows only. For rows of one site with the same covariates it is one affine map, so that
averaging scans before or after it is the same.

Nothing of the size of the connectivity is made but the result: features are worked on in blocks, in float64. A value
that is NaN or infinite is missing; a feature with missing values is fitted to its own complete cases.

References
----------
Johnson WE, Li C, Rabinovic A (2007). Adjusting batch effects in microarray expression data using empirical Bayes
methods. Biostatistics 8:118.
Fortin JP et al. (2018). Harmonization of cortical thickness measurements across scanners and sites. NeuroImage 167:104.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.column_moments import column_blocks
from imagenomer.statistics.products import multiply
from imagenomer.statistics.site_effects import SiteModel, SiteMoments, estimate_moments, shrink
from imagenomer.statistics.sites import Sites, require_sizes
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray


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
        left = self.without_effects(block, columns, sites, expected)
        left += expected
        if self.reference is not None:
            stays = sites.codes == self.reference
            left[stays] = block[stays]
        return left

    def expected(self, columns: slice, sites: Sites) -> FloatArray:
        """Return what mean and covariates make of each row of a block of features."""
        if not self.columns:
            return np.broadcast_to(self.mean[columns], (sites.codes.size, self.mean[columns].size))
        return np.asarray(multiply(sites.covariates, self.coefficients[:, columns]) + self.mean[columns])

    def without_effects(self, block: FloatArray, columns: slice, sites: Sites, expected: FloatArray) -> FloatArray:
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
            missing = ", ".join(f"{sites.names[site]} ({sites.counts[site]})" for site in unknown)
            known = ", ".join(self.names[site] for site in np.flatnonzero(self.n_fitted))
            raise InputError(
                f"nothing was learned about {missing}, so it cannot be harmonised; learned from were {known}: leave "
                "the others out, or learn from some of their subjects too"
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
    require_sizes(sites, mean_only, reference)
    # Rows site by site, so that each is a slice.
    order = np.argsort(sites.codes, kind="stable")
    rows, sites = rows[order], sites.of(order)
    model = SiteModel.of(sites)
    n_features = values.shape[1]
    parts = []
    for columns in column_blocks(n_features):
        yield Progress("Estimating site effects", columns.start, n_features)
        parts.append(estimate_moments(values[rows, columns].astype(np.float64), model, mean_only, reference))
    joined = {name: np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in SiteMoments.__slots__}
    moments = SiteMoments(**joined)
    shift, scale = moments.shift.copy(), moments.scale.copy()
    if empirical_bayes:
        for site in np.flatnonzero(sites.counts).tolist():
            yield Progress("Pooling over edges", site, len(sites.names))
            if site != reference:
                shrink(moments, site, mean_only, shift, scale)
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
