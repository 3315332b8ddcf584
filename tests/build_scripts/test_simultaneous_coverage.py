"""The measurement of simultaneous coverage: shares that are planted are those that are found."""

from __future__ import annotations

import pytest

from simultaneous_coverage import KINDS, coverage


@pytest.mark.parametrize("kind", ["half real", "confound"])
def test_planted_shares_are_covered_at_once_and_each_interval_is_wider(kind):
    found = coverage(kind, 1)
    assert kind in KINDS
    assert found is not None
    assert found.at_once
    assert 0.99 < found.each < 0.95 ** (1 / 11) + 1e-9
