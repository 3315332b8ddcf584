"""Gallery: scans beside each other on one colour scale, a page at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort import Cohort, Measure, Phenotype
from imagenomer.figures.pixels import paint_edges
from imagenomer.groups import select
from imagenomer.maps import Order, display_order
from imagenomer.types import Json


def gallery_page(
    cohort: Cohort,
    measure: str,
    *,
    task: str | None,
    session: str | None,
    group: str | None,
    page: int,
    per_page: int,
    captions: Sequence[str],
    order: Order,
    limit: float,
    colormap: str,
) -> tuple[dict[str, Json], NDArray[np.uint8]]:
    """Return one page of scans, in the order of subjects and then tasks.

    Parameters
    ----------
    task, session, group : str or None
        None: every task and session, everybody.
    page, per_page : int
        Counted from 0; a page beyond the last one shows the last.
    captions : sequence of str
        Names of phenotypes.
    limit, colormap
        The colour scale that all tiles share.

    Returns
    -------
    dict
        As ``site/docs/developing.md`` says.
    ndarray, shape (n_tiles, n_parcels, n_parcels, 4), uint8
    """
    source = cohort.measure(measure)
    chosen = source.present & cohort.chosen_scans(task, session)
    phenotypes = [cohort.phenotype(name) for name in captions]
    selection = select(cohort, group)
    owners = cohort.scan_subjects
    shown = [index for index, scan in enumerate(cohort.scans) if chosen[index] and selection.included[owners[index]]]
    shown.sort(key=lambda index: (owners[index], cohort.scans[index]))
    per_page = max(1, per_page)
    n_pages = -(-len(shown) // per_page)
    page = min(max(0, page), max(0, n_pages - 1))
    tiles = shown[page * per_page : (page + 1) * per_page]
    pixels = paint_edges(
        source.values[tiles],
        order=display_order(cohort, order),
        colormap=colormap,
        limit=limit,
    )
    answer: dict[str, Json] = {
        "n_scans": len(shown),
        "n_unknown": selection.n_unknown,
        "n_pages": n_pages,
        "page": page,
        "limit": limit,
        "tiles": [
            {
                "scan": index,
                "title": cohort.scans[index].title,
                "captions": [caption(phenotype, int(owners[index])) for phenotype in phenotypes],
            }
            for index in tiles
        ],
    }
    return answer, pixels


def caption(phenotype: Phenotype, subject: int) -> str:
    """Return "age 182 months" for one subject."""
    if phenotype.missing[subject]:
        return f"{phenotype.name} missing"
    if phenotype.levels:
        return f"{phenotype.name} {phenotype.levels[int(phenotype.values[subject])]}"
    value = float(phenotype.values[subject])
    text = f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.5g}"
    return f"{phenotype.name} {text} {phenotype.units}".rstrip()


def measure_limit(measure: Measure) -> float:
    """Return where the colour scale of a measure ends: beyond 99.5 % of a sample of its magnitudes, rounded up.

    The largest magnitude would leave most of the scale to a few edges.
    """
    rows = np.flatnonzero(measure.present)
    rows = rows[np.linspace(0, rows.size - 1, min(rows.size, 24)).astype(np.intp)]
    magnitudes = np.abs(measure.values[rows, :: max(1, measure.values.shape[1] // 10_000)])
    magnitudes = magnitudes[np.isfinite(magnitudes)]
    largest = float(np.quantile(magnitudes, 0.995)) if magnitudes.size else 0.0
    if largest <= 0:
        return 1.0
    step = 0.05 * 10.0 ** math.ceil(math.log10(largest))
    # Decimal rounding takes off the dust of binary multiplication: 0.15000000000000002.
    return float(f"{math.ceil(round(largest / step, 6)) * step:.6g}")
