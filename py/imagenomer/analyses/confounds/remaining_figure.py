"""The first figure of a confound report: what remains of the association given each candidate, and all together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imagenomer.analyses.confounds.parts.verdict import VerdictPart
from imagenomer.analyses.confounds.words.terms import TITLES
from imagenomer.analyses.contract import ThemeName
from imagenomer.statistics.remainders import Remainder
from imagenomer.statistics.verdict import Category

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from imagenomer.figures.forest import Row

#: Categories share a colour and a mark (`imagenomer.figures.forest.Row.kind`).
_KINDS: dict[Category, int] = {
    "confounding": 1,
    "both": 3,
    "real effect": 0,
    "cannot tell": 4,
    "unrelated": 5,
    "no association": 5,
}
#: Per cent that are shown: intervals that reach further are cut.
_SHOWN = (-60.0, 200.0)


def remaining_figure(target_name: str, part: VerdictPart, theme: ThemeName) -> Figure:
    """Draw the share that remains given all candidates together, and each, with the bounds of the verdict."""
    from imagenomer.figures.forest import Band, forest_figure

    explanation, bounds = part.explanation, part.bounds
    groups: list[tuple[str, list[Row]]] = []
    if explanation.model.names:
        names = ", ".join(explanation.model.names)
        groups.append(("All together", [_row(names, explanation.category, explanation.joint, part)]))
    each = [_row(name, one.category, one.remainder, part) for name, one in explanation.candidates.items()]
    each += [
        _row(f"{first} × {second}", one.category, one, part)
        for (first, second), one in explanation.model.products.items()
    ]
    groups.append(("One at a time", each))
    bands = (
        Band(-100 * bounds.margin, 100 * bounds.explained, "explained", 1),
        Band(100 * (1 - bounds.margin), 100 * (1 + bounds.margin), "not explained", 0),
    )
    return forest_figure(
        groups,
        title=f"What remains of the association of {target_name}",
        x_label="Remains after adjusting, % of the slope, with 95 % intervals",
        note=(
            (f"Thin lines: intervals that hold for all {part.n_intervals} at once. " if part.n_intervals > 1 else "")
            + "No bar: it says the same as the target, or there is nothing to share out."
        ),
        bands=bands,
        limits=_SHOWN,
        theme=theme,
    )


def _row(name: str, category: Category, remainder: Remainder, part: VerdictPart) -> Row:
    from imagenomer.figures.forest import Row

    share = remainder.pattern
    limits = (100 * share.low, 100 * share.high) if share.known else (np.nan, np.nan)
    low, high = share.at(part.each)
    outer = (100 * low, 100 * high) if share.known and part.n_intervals > 1 else None
    return Row(f"{name}: {TITLES[category]}", 100 * share.estimate, *limits, kind=_KINDS[category], outer=outer)
