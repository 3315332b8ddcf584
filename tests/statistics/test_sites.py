"""Sites: counts, some of the rows, and what cannot be harmonised."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.combat import fit_combat
from imagenomer.statistics.sites import follows_from_sites, sites_of
from shifted import NAMES, plant


def test_some_of_the_rows_keep_their_sites_and_covariates():
    whole = sites_of(np.array([0, 1, 2, 1]), NAMES, np.array([[1.0], [2.0], [3.0], [4.0]]), ("age",))
    some = whole.of(np.array([3, 0]))
    assert some.codes.tolist() == [1, 0]
    assert some.covariates.tolist() == [[4], [1]]
    assert some.counts.tolist() == [1, 1, 0], "sites that no row is of are counted too"
    assert whole.counts.tolist() == [1, 2, 1]


def test_without_covariates_nothing_is_preserved_and_unnamed_columns_are_numbered():
    assert sites_of(np.array([0, 1]), NAMES).covariates.shape == (2, 0)
    assert sites_of(np.array([0, 1]), NAMES, np.ones((2, 2))).columns == ("column 0", "column 1")


def test_a_covariate_that_follows_from_the_sites_is_refused_by_name():
    data = plant()
    patient = (data.site == 1).astype(float)
    sites = sites_of(data.site, NAMES, np.column_stack([data.age, patient]), ("age", "diagnosis: patient"))
    assert follows_from_sites(sites) == [1]
    with pytest.raises(InputError, match="diagnosis: patient cannot be preserved"):
        finish(fit_combat(data.values, data.rows, sites))


def test_one_site_alone_is_refused():
    data = plant()
    rows = np.flatnonzero(data.site == 1)
    with pytest.raises(InputError, match=r"all 20 subjects learned from are of Chicago"):
        finish(fit_combat(data.values, rows, data.sites.of(rows)))
