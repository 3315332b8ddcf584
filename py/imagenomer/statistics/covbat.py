"""CovBat: differences between sites in covariances taken out as well.

After ComBat (`imagenomer.statistics.combat`) the same is done to the scores of the principal components of what it
leaves, without empirical Bayes. What was learned from some rows can be applied to others: `Covbat.apply`.

References
----------
Chen AA et al. (2022). Mitigating site effects in covariance for machine learning in neuroimaging data. Human Brain
Mapping 43:1179.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.column_moments import column_blocks
from imagenomer.statistics.combat import Combat, fit_combat
from imagenomer.statistics.eigenvectors import eigenvectors
from imagenomer.statistics.products import add_gram_in_parts, multiply
from imagenomer.statistics.sites import Sites, sites_of
from imagenomer.types import Float32Array, FloatArray, IntArray

#: Share of the variance whose components CovBat harmonises, as its authors do.
COVARIANCE_SHARE = 0.95


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
    _source: _Origin
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
                products += multiply(block, self._learned(columns).T)
            scores = multiply(products, self._directions)
        everything = slice(0, self.n_components)
        return multiply(
            self.scores.adjust(scores, everything, sites_of(sites.codes, sites.names)) - scores, self._directions.T
        )

    def adjust(self, block: FloatArray, columns: slice, sites: Sites, weights: FloatArray) -> FloatArray:
        """Return a block of features without the site effects, given `weights`."""
        spread = self._spread[columns]
        added = multiply(weights, self._learned(columns))
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
    variance 1 in every feature first. The result keeps a reference to ``values`` to recompute components.
    """
    combat = yield from fit_combat(
        values, rows, sites, empirical_bayes=empirical_bayes, mean_only=mean_only, reference=reference, only=only
    )
    if only is not None:
        rows, sites = rows[only], sites.of(only)
    n, n_features = rows.size, combat.mean.size
    centre, spread = np.zeros(n_features), np.ones(n_features)
    products = np.zeros((n, n))
    for columns in column_blocks(n_features):
        raw = values[rows, columns].astype(np.float64)
        block = _standardised(combat, raw, columns, sites, centre, spread, learn=True)
        for _ in add_gram_in_parts(products, block):
            yield Progress("Finding components", columns.start, n_features)
    eigenvalues, vectors = yield from eigenvectors(products, Progress("Finding components"))
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
        _source=_Origin(values, rows, sites),
        _centre=centre,
        _spread=spread,
        _own_scores=own,
        _directions=np.asarray(vectors[:, :n_components] / lengths),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Origin:
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
    left = combat.without_effects(block, columns, sites, combat.expected(columns, sites))
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
