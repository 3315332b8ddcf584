"""Connectivity harmonised within splits: site effects are estimated in the training subjects, by ComBat.

What `imagenomer.statistics.combat` learns from the training rows is applied to training and test rows alike. It knows
sites and preserved covariates and no target, so that one split's products serve every target and permutation.

For a row x of site s with covariates c the harmonised row is, about the mean of the training part,

    (x - centre[s]) * inverse[s] + c coefficients * (1 - inverse[s])

an affine map of each edge. It is applied to blocks of edges just before they are multiplied: nothing of the size of
the connectivity is made. Scales differ by edge and site, so that products cannot be had from those of connectivity as
it was; if only means were taken out (and not pooled), they could: that is to regress features on the site.

References
----------
Johnson, Li and Rabinovic (2007), Biostatistics 8:118. Fortin et al. (2018), NeuroImage 167:104. Poldrack et al. (2020),
JAMA Psychiatry 77:534 (whatever is fitted is fitted to the training part).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from imagenomer.cache import Cache, in_bytes
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps, finish
from imagenomer.statistics.column_moments import weighted_sum
from imagenomer.statistics.combat import Combat, fit_combat
from imagenomer.statistics.features import Kernels, Numbers
from imagenomer.statistics.products import add_gram_in_parts, add_product, combine_rows, mirror, multiply
from imagenomer.statistics.sites import Sites
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: Edges worked on at a time.
_COLUMNS = 1024
#: Bytes of what was learned that are kept: some twenty training parts of four sites.
_KEPT_BYTES = 64_000_000


@dataclass(frozen=True, slots=True, eq=False)
class _Effects:
    """What was learned from a training part, in float32.

    Attributes
    ----------
    centre, inverse : ndarray, shape (n_sites, n_edges)
        NaN of a site that was not there.
    coefficients : ndarray, shape (n_covariates, n_edges)
    origin : ndarray, shape (n_covariates,)
        Means of the covariates.
    """

    centre: Float32Array
    inverse: Float32Array
    coefficients: Float32Array
    origin: FloatArray

    @property
    def nbytes(self) -> int:
        return self.centre.nbytes + self.inverse.nbytes + self.coefficients.nbytes

    @classmethod
    def of(cls, combat: Combat, origin: FloatArray) -> _Effects:
        units = np.where(combat.sd > 0, combat.sd, 1.0)
        # About the mean of the training part, beside which single edges are small numbers.
        centre = combat.mean + origin @ combat.coefficients + combat.shift * units
        inverse = 1 / np.sqrt(combat.scale)
        return cls(
            centre.astype(np.float32), inverse.astype(np.float32), combat.coefficients.astype(np.float32), origin
        )


@dataclass(frozen=True, slots=True, eq=False)
class HarmonisedEdges:
    """Connectivity without site effects, as estimated in the training subjects (`FittedFeatures`).

    Attributes
    ----------
    values : ndarray, shape (n_rows, n_usable), float32, C-ordered
        Edges that everybody has.
    usable : ndarray of bool, shape (n_edges,)
        Which of all these are; the others are excluded.
    sites : Sites
        Of all rows, and what is preserved.
    effects : Cache
        What was learned, by training set.
    """

    values: Float32Array
    usable: BoolArray
    sites: Sites
    effects: Cache[bytes, _Effects] = field(default_factory=lambda: Cache(_KEPT_BYTES, in_bytes))

    @property
    def n_features(self) -> int:
        return int(self.values.shape[1])

    @property
    def n_columns(self) -> int:
        return int(self.usable.size)

    def refusal(self, train: IntArray, test: IntArray) -> str:
        """Return why these cannot train or those cannot be tested; empty if they can."""
        counts, tested = self.sites.of(train).counts, self.sites.of(test).counts
        names = self.sites.names
        there = np.flatnonzero(counts)
        if there.size < 2:
            return (
                f"all training subjects are of {names[there[0]]}, so differences between sites cannot be estimated; "
                "do not harmonise, or train on several sites"
            )
        unknown = [f"{names[site]} ({tested[site]})" for site in np.flatnonzero((tested > 0) & (counts == 0))]
        if unknown:
            return (
                f"the training set has no subject of {', '.join(unknown)}, so its effect cannot be estimated and "
                "its test subjects cannot be harmonised. Predict without harmonisation (leaving a site out asks how "
                "a model generalises to an unseen site), or choose splits with training subjects of every site"
            )
        alone = [names[site] for site in np.flatnonzero(counts == 1)]
        if alone:
            return (
                f"the training set has a single subject of {', '.join(alone)}, which has no variance to harmonise; "
                "leave such sites out, or choose splits with more training subjects"
            )
        return ""

    def kernels(self, train: IntArray, test: IntArray) -> Steps[Kernels]:
        """Return the products of deviations from the training mean; every split has its own."""
        self._require(train, test)
        effects = yield from self._learned(train)
        same = np.array_equal(train, test)
        both = train if same else np.concatenate([train, test])
        order = np.argsort(self.sites.codes[both], kind="stable")
        rows, sites = both[order], self.sites.of(both[order])
        total = np.zeros((rows.size, rows.size))
        for start in range(0, self.n_features, _COLUMNS):
            columns = slice(start, min(start + _COLUMNS, self.n_features))
            for _ in add_gram_in_parts(total, _harmonise(self.values[:, columns][rows], columns, sites, effects)):
                yield Progress("Comparing subjects", columns.stop, self.n_features)
        mirror(total)
        place = np.empty_like(order)
        place[order] = np.arange(order.size)
        own, other = place[: train.size], place[: test.size] if same else place[train.size :]
        return Kernels(total[np.ix_(own, own)], total[np.ix_(other, own)])

    def combined(self, train: IntArray, weights: FloatArray) -> FloatArray:
        effects = finish(self._learned(train))
        sites = self.sites.of(train)
        covariates = sites.covariates - effects.origin
        total = np.zeros(self.n_features)
        for site in np.unique(sites.codes).tolist():
            own = np.flatnonzero(sites.codes == site)
            own = own[np.argsort(train[own], kind="stable")]  # weighted_sum is fast where rows ascend
            some = weights[own]
            left = weighted_sum(self.values, train[own], some.astype(np.float32)) - some.sum() * effects.centre[site]
            explained = combine_rows(effects.coefficients.astype(np.float64), some @ covariates[own])
            total += (left - explained) * effects.inverse[site] + explained
        return self._everywhere(total)

    def chosen(self, rows: IntArray, columns: IntArray, train: IntArray) -> FloatArray:
        self._require(train, rows)
        effects = finish(self._learned(train))
        own = (np.cumsum(self.usable) - 1)[columns]
        codes = self.sites.codes[rows]
        explained = multiply(
            self.sites.covariates[rows] - effects.origin, effects.coefficients[:, own].astype(np.float64)
        )
        left = self.values[np.ix_(rows, own)] - explained - effects.centre[np.ix_(codes, own)]
        return np.asarray(left * effects.inverse[np.ix_(codes, own)] + explained)

    def lengths(self, train: IntArray, basis: FloatArray) -> Steps[FloatArray]:
        effects = yield from self._learned(train)
        order = np.argsort(self.sites.codes[train], kind="stable")
        rows, sites = train[order], self.sites.of(train[order])
        total = np.empty(self.n_features)
        for start in range(0, self.n_features, _COLUMNS):
            some = slice(start, start + _COLUMNS)
            block = _harmonise(self.values[:, some][rows], some, sites, effects)
            total[some] = yield from Numbers(block.astype(np.float64)).lengths(np.arange(rows.size), basis[order])
        return self._everywhere(total)

    def _require(self, train: IntArray, test: IntArray) -> None:
        refused = self.refusal(train, test)
        if refused:
            raise InputError(refused)

    def _everywhere(self, values: FloatArray) -> FloatArray:
        """Return values of all edges, NaN where one is excluded."""
        full = np.full(self.n_columns, np.nan)
        full[self.usable] = values
        return full

    def _learned(self, train: IntArray) -> Steps[_Effects]:
        rows = np.sort(train)
        key = rows.tobytes()
        made = self.effects.get(key)
        if made is None:
            sites = self.sites.of(rows)
            combat = yield from fit_combat(self.values, rows, sites)
            made = self.effects.put(key, _Effects.of(combat, sites.covariates.mean(axis=0)))
        return made


def harmonised_edges(values: Float32Array, rows: IntArray, sites: Sites) -> HarmonisedEdges:
    """Return connectivity that is harmonised in each training part.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), float32, C-ordered
        Copied where an edge is missing in a subject.
    rows : ndarray of int
        Those in use.
    sites : Sites
        Of all rows; what rows that are not in use have is not looked at.
    """
    usable = np.empty(values.shape[1], dtype=bool)
    for start in range(0, usable.size, _COLUMNS):
        some = slice(start, start + _COLUMNS)
        usable[some] = np.isfinite(values[:, some][rows]).all(axis=0)
    return HarmonisedEdges(values if usable.all() else np.ascontiguousarray(values[:, usable]), usable, sites)


def _harmonise(block: Float32Array, columns: slice, sites: Sites, effects: _Effects) -> Float32Array:
    """Harmonise rows that lie site by site, in place."""
    covariates = (sites.covariates - effects.origin).astype(np.float32)
    coefficients = effects.coefficients[:, columns]
    stops = np.cumsum(sites.counts)
    for site, (start, stop) in enumerate(zip(stops - sites.counts, stops, strict=True)):
        if start == stop:
            continue
        own, inverse = block[start:stop], effects.inverse[site, columns]
        own -= effects.centre[site, columns]
        own *= inverse
        add_product(own, covariates[start:stop], coefficients * (1 - inverse))
    return block
