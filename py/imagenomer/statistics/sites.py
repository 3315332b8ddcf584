"""Sites of rows, and what of each row is preserved when differences between sites are taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imagenomer.errors import InputError
from imagenomer.statistics.design import ALIASED
from imagenomer.statistics.orthonormal import residuals
from imagenomer.types import FloatArray, IntArray


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


def follows_from_sites(sites: Sites) -> list[int]:
    """Return the covariates, by position, that follow from the sites and the covariates before them."""
    basis = indicators(sites)[:, sites.counts > 0] / np.sqrt(sites.counts[sites.counts > 0])
    found = []
    for position, values in enumerate(sites.covariates.T):
        left = residuals(values, basis)
        length = np.linalg.norm(left)
        if length <= ALIASED * np.linalg.norm(values):
            found.append(position)
        else:
            basis = np.column_stack([basis, left / length])
    return found


def require_sizes(sites: Sites, mean_only: bool, reference: int | None) -> None:
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


def indicators(sites: Sites) -> FloatArray:
    return np.asarray((sites.codes[:, None] == np.arange(len(sites.names))).astype(np.float64))
