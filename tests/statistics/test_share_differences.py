"""Share differences: the usual interval where shares are symmetric, and sides are kept where they are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from imagenomer.statistics.remaining_slope import RemainingShare
from imagenomer.statistics.share_differences import difference_of

limits = st.tuples(st.floats(-3, 3), st.floats(0.01, 2), st.floats(0.01, 2))


def share(estimate, below, above):
    return RemainingShare(estimate, estimate - below, estimate + above, 0.2, 100)


def test_of_symmetric_shares_it_is_statsmodels_interval_of_a_difference_of_means():
    rng = np.random.default_rng(3)
    samples = [DescrStatsW(rng.normal(0.4, 1, 80)), DescrStatsW(rng.normal(0.9, 2, 50))]
    shares = [share(one.mean, *[one.mean - one.zconfint_mean()[0]] * 2) for one in samples]
    low, high = CompareMeans(samples[1], samples[0]).zconfint_diff(usevar="unequal")
    found = difference_of(*shares)
    assert found.estimate == pytest.approx(samples[1].mean - samples[0].mean)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)


def test_limits_that_are_not_symmetric_keep_their_sides():
    found = difference_of(share(0.2, 0.1, 0.3), share(0.9, 0.4, 0.2))
    assert found.low == pytest.approx(0.7 - np.hypot(0.4, 0.3))
    assert found.high == pytest.approx(0.7 + np.hypot(0.2, 0.1))
    assert not found.is_none


@given(limits, limits)
def test_exchanging_the_cohorts_turns_it_round_and_it_is_never_narrower_than_either(first, second):
    there, back = difference_of(share(*first), share(*second)), difference_of(share(*second), share(*first))
    assert (there.estimate, there.low, there.high) == pytest.approx((-back.estimate, -back.high, -back.low))
    assert there.estimate - there.low >= max(second[1], first[2]) - 1e-9
    assert there.is_none == (there.low <= 0 <= there.high)


def test_there_is_none_of_a_share_that_is_not_known():
    unknown = RemainingShare(np.nan, -np.inf, np.inf, 1.0)
    found = difference_of(unknown, share(0.5, 0.1, 0.1))
    assert not found.known
    assert found.is_none
    assert np.isnan(found.estimate)
