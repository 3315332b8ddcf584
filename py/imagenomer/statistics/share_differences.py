"""Share differences: whether what remains in one cohort differs from what remains in another.

The cohorts are independent, so the limits of the difference follow from those of both shares (MOVER, Zou and Donner
2008): with d = a - b, the lower limit is d - sqrt((a - a_low)^2 + (b_high - b)^2), the upper d + sqrt((a_high - a)^2 +
(b - b_low)^2). It is the usual interval where both are symmetric, and as conservative as they are.

References
----------
Zou and Donner (2008), Stat. Med. 27:1693.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.statistics.remaining_slope import CONFIDENCE, RemainingShare


@dataclass(frozen=True, slots=True)
class ShareDifference:
    """What remains in the second cohort less what remains in the first; NaN where one of them is not known."""

    estimate: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        return bool(np.isfinite(self.high - self.low))

    @property
    def is_none(self) -> bool:
        """Whether both may be the same."""
        return not self.known or self.low <= 0 <= self.high


def difference_of(first: RemainingShare, second: RemainingShare, confidence: float = CONFIDENCE) -> ShareDifference:
    """Return how much more remains in the second of two independent cohorts.

    Parameters
    ----------
    first, second : RemainingShare
    confidence : float
        Of the interval.
    """
    if not (first.known and second.known):
        return ShareDifference(np.nan, np.nan, np.nan)
    difference = second.estimate - first.estimate
    (first_low, first_high), (low, high) = first.at(confidence), second.at(confidence)
    below = float(np.hypot(second.estimate - low, first_high - first.estimate))
    above = float(np.hypot(high - second.estimate, first.estimate - first_low))
    return ShareDifference(difference, difference - below, difference + above)
