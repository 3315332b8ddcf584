"""How often tests find something where subjects differ in noise or are related: about five percent, or fewer."""

from __future__ import annotations

import pytest
from scipy import stats

import robust_levels

#: A hundredth as many cohorts as the script draws; the largest share that is likely in one of a thousand runs of these.
N_COHORTS = 100
MOST = stats.binom.ppf(0.999, N_COHORTS, 0.064) / N_COHORTS


@pytest.mark.parametrize(
    "kind", ["25% patients, SD x1.8", "variance along a number", "families of four", "20 sites with means of their own"]
)
def test_flips_and_robust_errors_find_five_percent_where_there_is_nothing(kind):
    found = robust_levels.levels(kind, 60, N_COHORTS, robust=True)
    assert 0.01 < found.pop("edges") < 0.075
    assert max(found.values()) <= MOST


@pytest.mark.parametrize("kind", ["10% patients, SD x1.8", "variance along a number", "families of four"])
def test_permutations_and_usual_errors_find_more(kind):
    found = robust_levels.levels(kind, 60, N_COHORTS, robust=False, tests=("edges", "max-t"))
    assert found["edges"] > 0.08
    assert found["max-t"] >= MOST


def test_where_variances_are_equal_hardly_fewer_true_edges_are_found():
    robust, usual = (robust_levels.power("nothing", 200, 40, robust=robust) for robust in (True, False))
    for name, share in usual.items():
        assert 0.3 < share < 1
        assert robust[name] >= 0.9 * share
