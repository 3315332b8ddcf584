"""Figures of a confound report of what remains of the association given each candidate, and all together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imagenomer.analyses.confounds.parts.replication import ReplicationPart
from imagenomer.analyses.confounds.parts.verdict import VerdictPart
from imagenomer.analyses.confounds.words.terms import TITLES
from imagenomer.analyses.contract import ThemeName
from imagenomer.statistics.remainders import Remainder
from imagenomer.statistics.verdict import Bounds, Category

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from imagenomer.figures.forest import Band, Row

#: Categories share a colour and a mark (`imagenomer.figures.forest.Row.kind`).
_KINDS: dict[Category, int] = {
    "confounding": 1,
    "both": 3,
    "real effect": 0,
    "cannot tell": 4,
    "unrelated": 5,
    "no association": 5,
}
#: What is said of a candidate in its row, where there is no room for the readings.
_SAID: dict[Category, str] = {**TITLES, "confounding": "explains it"}
#: The colours and marks of two cohorts, others than those of the bounds.
_COHORTS = (2, 3)
#: Per cent that are shown: intervals that reach further are cut.
_SHOWN = (-60.0, 200.0)


def remaining_figure(target_name: str, part: VerdictPart, theme: ThemeName) -> Figure:
    """Draw the share that remains given all candidates together, and each, with the bounds of the verdict."""
    from imagenomer.figures.forest import LONGEST, forest_figure

    explanation = part.explanation
    groups: list[tuple[str, list[Row]]] = []
    if explanation.model.names:
        names = ", ".join(explanation.model.names)
        if len(names) > LONGEST - len(_SAID[explanation.category]):
            names = f"{len(explanation.model.names)} candidates"
        groups.append(("All together", [_row(names, explanation.category, explanation.joint, part)]))
    each = [_row(name, one.category, one.remainder, part) for name, one in explanation.candidates.items()]
    each += [
        _row(f"{first} × {second}", one.category, one, part)
        for (first, second), one in explanation.model.products.items()
    ]
    groups.append(("One at a time", each))
    return forest_figure(
        groups,
        title=f"What remains of the association of {target_name}",
        x_label="Remains after adjusting, % of the slope, with 95 % intervals",
        note=(
            (f"Thin lines: intervals that hold for all {part.n_intervals} at once. " if part.n_intervals > 1 else "")
            + "No bar: it says the same as the target, or there is nothing to share out."
        ),
        bands=_bands(part.bounds),
        limits=_SHOWN,
        theme=theme,
    )


def _row(name: str, category: Category, remainder: Remainder, part: VerdictPart) -> Row:
    from imagenomer.figures.chart import cut
    from imagenomer.figures.forest import LONGEST, Row

    share, limits = remainder.pattern, _limits(remainder)
    low, high = share.at(part.each)
    outer = (100 * low, 100 * high) if share.known and part.n_intervals > 1 else None
    said = f": {_SAID[category]}"
    # The name alone is shortened: in the middle of the whole stands what was found.
    return Row(cut(name, LONGEST - len(said)) + said, 100 * share.estimate, *limits, kind=_KINDS[category], outer=outer)


def both_cohorts_figure(target_name: str, verdict: VerdictPart, part: ReplicationPart, theme: ThemeName) -> Figure:
    """Draw the share that remains in each of two cohorts, of all candidates together and of each."""
    from imagenomer.figures.forest import Row, forest_figure

    here, there = verdict.explanation, part.verdict.explanation
    pairs = [("All together", here.joint, there.joint)] if here.model.names else []
    pairs += [
        (name, one.remainder, there.candidates[name].remainder)
        for name, one in here.candidates.items()
        if name in there.candidates
    ]
    groups = []
    for heading, *both in pairs:
        each = zip(part.names, both, _COHORTS, strict=True)
        rows = [Row(name, 100 * one.pattern.estimate, *_limits(one), kind=kind) for name, one, kind in each]
        groups.append((heading, rows))
    return forest_figure(
        groups,
        title=f"What remains of the association of {target_name} in both cohorts",
        x_label="Remains after adjusting, % of the slope, with 95 % intervals",
        note="No bar: it says the same as the target, or there is nothing to share out.",
        bands=_bands(verdict.bounds),
        limits=_SHOWN,
        theme=theme,
    )


def _limits(remainder: Remainder) -> tuple[float, float]:
    share = remainder.pattern
    return (100 * share.low, 100 * share.high) if share.known else (np.nan, np.nan)


def _bands(bounds: Bounds) -> tuple[Band, Band]:
    """Return what counts as explained, and as not explained."""
    from imagenomer.figures.forest import Band

    return (
        Band(-100 * bounds.margin, 100 * bounds.explained, "explained", 1),
        Band(100 * (1 - bounds.margin), 100 * (1 + bounds.margin), "not explained", 0),
    )
