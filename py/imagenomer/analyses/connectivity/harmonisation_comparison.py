"""Every edge before and after harmonisation: tests of the site and of what is preserved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.connectivity.harmonisation_result import Effect, PreservedCovariate
from imagenomer.cohort import Phenotype
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.adjustment import associate, associate_category
from imagenomer.statistics.column_moments import column_blocks
from imagenomer.statistics.combat import Combat
from imagenomer.statistics.covbat import Covbat
from imagenomer.statistics.design import Design, Term, build_design, code
from imagenomer.statistics.site_prediction import adjusted
from imagenomer.statistics.sites import Sites
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class EdgeTests:
    """What is tested in every edge: the site given the covariates, and each covariate given the others."""

    site: Term
    design: Design
    covariates: tuple[Phenotype, ...]
    terms: tuple[Term, ...]
    others: tuple[Design, ...]
    others_and_site: tuple[Design, ...]

    @classmethod
    def of(cls, site: Phenotype, covariates: Sequence[Phenotype], design: Design, subjects: IntArray) -> EdgeTests:
        tested = [one for one in covariates if any(name in design.columns for name in code(one, subjects).columns)]
        others = [[other for other in tested if other is not one] for one in tested]
        return cls(
            code(site, subjects),
            design,
            tuple(tested),
            tuple(code(one, subjects) for one in tested),
            tuple(build_design(own, subjects) for own in others),
            tuple(build_design([*own, site], subjects) for own in others),
        )


@dataclass(slots=True, eq=False)
class Comparison:
    before: Effect
    after: Effect
    preserved: list[PreservedCovariate]
    covariates: tuple[Phenotype, ...]
    means: FloatArray
    beyond: int = 0
    lost: int = 0


def compare_edges(
    values: Float32Array, rows: IntArray, sites: Sites, effects: Combat | Covbat, tests: EdgeTests
) -> Steps[Comparison]:
    """Test every edge before and after, by blocks of edges: harmonised connectivity is never in memory as a whole."""
    n_edges, n_sites = values.shape[1], len(sites.names)

    def empty() -> Effect:
        return Effect(np.full(n_edges, np.nan), np.full(n_edges, np.nan))

    preserved = [
        PreservedCovariate(one.name, "r" if len(term.columns) == 1 else "η²", np.nan, empty(), empty(), empty())
        for one, term in zip(tests.covariates, tests.terms, strict=True)
    ]
    compared = Comparison(empty(), empty(), preserved, tests.covariates, np.full((2, n_sites), np.nan))
    totals, n_values = np.zeros((2, rows.size)), np.zeros((2, rows.size))
    weights = (yield from effects.weights(values, rows, sites)) if isinstance(effects, Covbat) else None
    for columns in column_blocks(n_edges):
        before = values[rows, columns]
        yield Progress("Comparing before and after", columns.start, n_edges)
        # As the measure will hold it.
        after = adjusted(effects, before.astype(np.float64), columns, sites, weights).astype(np.float32)
        for state, block in enumerate((before, after)):
            present = np.isfinite(block)
            totals[state] += np.where(present, block, 0).sum(axis=1, dtype=np.float64)
            n_values[state] += present.sum(axis=1)
        compared.beyond += int(np.count_nonzero((np.abs(after) > 1) & (np.abs(before) <= 1)))
        compared.lost += int(np.count_nonzero(np.isfinite(before) & ~np.isfinite(after)))
        _test(before, tests.site, tests.design, compared.before, columns, always_share=True)
        _test(after, tests.site, tests.design, compared.after, columns, always_share=True)
        for one, term, others, and_site in zip(
            preserved, tests.terms, tests.others, tests.others_and_site, strict=True
        ):
            yield Progress("Comparing before and after", columns.start, n_edges)
            _test(before, term, others, one.before, columns)
            _test(before, term, and_site, one.within, columns)
            _test(after, term, others, one.after, columns)
    with np.errstate(invalid="ignore"):
        of_subjects = totals / n_values
    for site in np.flatnonzero(sites.counts):
        compared.means[:, site] = of_subjects[:, sites.codes == site].mean(axis=1)
    return compared


def _test(
    block: Float32Array, term: Term, design: Design, into: Effect, columns: slice, *, always_share: bool = False
) -> None:
    if len(term.columns) == 1 and not always_share:
        one = associate(block, term, design)
        into.value[columns], into.neg_log10_p[columns] = one.r, one.neg_log10_p
    else:
        several = associate_category(block, term, design)
        into.value[columns], into.neg_log10_p[columns] = several.partial_eta_squared, several.neg_log10_p


def share_of_site(term: Term, sites: Sites, subjects: BoolArray) -> float:
    """Return the share of a term's variance that site explains, of the column where it is largest."""
    codes = sites.codes[subjects]
    shares = [0.0]
    for values in term.values[subjects].T:
        deviations = values - values.mean()
        means = np.bincount(codes, deviations, len(sites.names)) / np.maximum(
            np.bincount(codes, None, len(sites.names)), 1
        )
        total = float(deviations @ deviations)
        shares.append(float(means[codes] @ means[codes]) / total if total > 0 else 0.0)
    return max(shares)
