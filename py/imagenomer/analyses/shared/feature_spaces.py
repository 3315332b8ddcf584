"""Sample spaces of a cohort's features, each made once and kept with the connectivity, or the genotypes, it is of."""

from __future__ import annotations

from typing import Literal

import numpy as np

from imagenomer.cache import Caches, Kind
from imagenomer.cohort import Observations, Phenotype, VariantSet
from imagenomer.progress import Steps
from imagenomer.statistics.design import build_design
from imagenomer.statistics.features import GenotypeIndicators, ImputedDosage
from imagenomer.statistics.fold_harmonisation import harmonised_edges
from imagenomer.statistics.sample_space import SampleSpace, sample_space, space_of_features, space_of_genotypes
from imagenomer.statistics.sites import sites_of
from imagenomer.types import IntArray

#: Sample spaces kept with connectivity or genotypes, by rows; each may hold factors of 96 MB. That of everybody has one
#: key; a harmonised one is kept by levels, sites and covariates as well.
_WHOLE: Kind[Literal["everybody"], SampleSpace] = Kind("sample space", 1)
_OF_ROWS: Kind[bytes, SampleSpace] = Kind("sample space of rows", 2)
_IMPUTED: Kind[bytes, SampleSpace] = Kind("imputed space", 2)
_HARMONISED: Kind[tuple[tuple[str, ...], bytes, bytes, bytes], SampleSpace] = Kind("harmonised space", 2)
#: Products of all who were scanned serve every group of them, unless the group is so small that its own are quicker.
_SMALL_GROUP = 0.5


def space_of_rows(observations: Observations, rows: IntArray) -> Steps[SampleSpace]:
    """Return the sample space of some rows of connectivity: what was multiplied once serves every group of them.

    Parameters
    ----------
    observations : Observations
    rows : ndarray of int
        In the order that the space shall have.
    """
    caches, n = observations.caches, observations.subjects.size
    whole = caches[_WHOLE].get("everybody")
    if whole is None and rows.size < _SMALL_GROUP * n:
        space = caches[_OF_ROWS].get(rows.tobytes())
        if space is None:
            space = caches[_OF_ROWS].put(rows.tobytes(), (yield from sample_space(observations.values, rows)))
        return space
    if whole is None:
        whole = caches[_WHOLE].put("everybody", (yield from sample_space(observations.values, np.arange(n))))
    return space_of_some(caches, whole, rows)


def harmonised_space(
    observations: Observations, rows: IntArray, site: Phenotype, preserved: list[Phenotype]
) -> Steps[SampleSpace]:
    """Return the sample space of connectivity that is harmonised in each training part."""
    owners = observations.subjects
    kept = build_design(preserved, owners[rows])
    covariates = np.zeros((owners.size, len(kept.columns) - 1))
    covariates[rows] = kept.matrix[:, 1:]
    codes = np.maximum(site.values[owners].astype(np.intp), 0)
    cache, key = observations.caches[_HARMONISED], (site.levels, codes.tobytes(), covariates.tobytes(), rows.tobytes())
    space = cache.get(key)
    if space is None:
        sites = sites_of(codes, site.levels, covariates, kept.columns[1:])
        edges = harmonised_edges(observations.values, rows, sites)
        space = cache.put(key, (yield from space_of_features(edges, rows)))
    return space


def space_of_variants(variants: VariantSet) -> Steps[SampleSpace]:
    """Return the sample space of all who were genotyped, in the order of the cohort; made once for a variant set."""
    cache = variants.caches[_WHOLE]
    space = cache.get("everybody")
    if space is None:
        space = cache.put("everybody", (yield from space_of_genotypes(GenotypeIndicators(variants.dosage))))
    return space


def space_of_some(caches: Caches, whole: SampleSpace, rows: IntArray) -> SampleSpace:
    """Return the space of some rows, the same object the second time, so that factors made with it are found again."""
    cache, key = caches[_OF_ROWS], rows.tobytes()
    return cache.get(key) or cache.put(key, whole.of(rows))


def imputed_space(variants: VariantSet, rows: IntArray) -> Steps[SampleSpace]:
    """Return the sample space of copies of effect alleles, missing ones imputed in each training part."""
    cache, key = variants.caches[_IMPUTED], rows.tobytes()
    space = cache.get(key)
    if space is None:
        space = cache.put(key, (yield from space_of_features(ImputedDosage(variants.dosage), rows)))
    return space
