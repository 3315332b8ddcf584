"""Overview: what a cohort holds and what became of its files, as the page and the command show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NotRequired, TypedDict, cast

import numpy as np

from imagenomer.cohort import Alternative, Cohort, Phenotype, Scan, VariantSet, columns_of, looks_like_codes
from imagenomer.companion import in_common
from imagenomer.figures.palette import network_colours
from imagenomer.figures.pixels import COLORMAPS, Colormap
from imagenomer.gallery import measure_limit
from imagenomer.jsonable import jsonable
from imagenomer.parcellation import Parcellation
from imagenomer.statistics.distribution import histogram_edges
from imagenomer.types import Json, JsonObject

#: Bins of a small histogram, at most.
MAX_BINS = 20


class Counts(TypedDict):
    """A task and its scans."""

    name: str
    n_found: int
    n_used: int


class MeasureEntry(TypedDict):
    name: str
    n_scans: int
    made: str


class ParcellationEntry(TypedDict):
    name: str
    n_parcels: int
    labels: list[str]
    networks: list[str]
    network_names: list[str]
    network_titles: list[str]
    network_colours: list[str]
    coordinates: list[list[float]] | None
    display_order: list[int]
    citation: str


class LevelEntry(TypedDict):
    name: str
    n: int


class HistogramEntry(TypedDict):
    edges: list[float]
    counts: list[int]


class PhenotypeEntry(TypedDict):
    """A phenotype; numbers have a range and a histogram where there are values, categories have levels.

    ``coded``: a number that is rather codes of levels. ``corrected``: the user said something of it.
    """

    name: str
    kind: str
    n: int
    n_missing: int
    minimum: float | None
    maximum: float | None
    mean: float | None
    sd: float | None
    levels: list[LevelEntry]
    units: str
    description: str
    role: str
    coded: bool
    corrected: bool
    histogram: HistogramEntry | None


class VariantsEntry(TypedDict):
    name: str
    n_subjects: int
    n_variants: int
    missing: float | None


class DecompositionEntry(TypedDict):
    name: str
    n_components: int
    n_subjects: int


class WeightsEntry(TypedDict):
    name: str
    n_values: int
    description: str


class LogLine(TypedDict):
    severity: str
    message: str
    items: list[str]


class AlternativeEntry(TypedDict):
    """A way to read the files, with what it adds to a recipe; whether `sketches` has a picture of it."""

    meaning: str
    recipe: dict[str, Any]
    chosen: bool
    sketched: bool


class UnderstoodLine(TypedDict):
    topic: str
    text: str
    items: list[str]
    certain: bool
    alternatives: list[AlternativeEntry]


class SecondEntry(TypedDict):
    """The second cohort, and what it has in common with the first."""

    name: str
    description: str
    synthetic: bool
    n_subjects: int
    n_scans_used: int
    in_common: list[LogLine]
    log: list[LogLine]
    understood: list[UnderstoodLine]
    phenotypes: list[str]
    columns: dict[str, Any]
    recipe: NotRequired[JsonObject | None]


class Overview(TypedDict):
    """A cohort as JSON has it; see ``site/docs/developing.md``."""

    name: str
    description: str
    synthetic: bool
    n_subjects: int
    n_scans_found: int
    n_scans_used: int
    tasks: list[Counts]
    sessions: list[str]
    runs: list[str]
    differences: dict[str, list[str]]
    measures: list[MeasureEntry]
    parcellation: ParcellationEntry | None
    phenotypes: list[PhenotypeEntry]
    variant_sets: list[VariantsEntry]
    decompositions: list[DecompositionEntry]
    weights: list[WeightsEntry]
    second: SecondEntry | None
    log: list[LogLine]
    understood: list[UnderstoodLine]
    measures_limit: dict[str, float]
    colormaps: list[dict[str, Json]]
    columns: dict[str, Any]
    left_out: list[str]
    parcellation_choices: NotRequired[list[dict[str, str | None]]]
    atlas: NotRequired[str | None]
    added: NotRequired[list[Any]]
    recipe: NotRequired[JsonObject | None]


def overview_of(cohort: Cohort) -> Overview:
    """Return the overview of a cohort as JSON values; its keys are those of ``site/docs/developing.md``."""
    found = (*cohort.scans, *cohort.set_aside)
    n_found, n_used = _by_task(found), _by_task(cohort.scans)
    overview = {
        "name": cohort.name,
        "description": cohort.description,
        "synthetic": cohort.synthetic,
        "n_subjects": cohort.n_subjects,
        "n_scans_found": len(found),
        "n_scans_used": len(cohort.scans),
        "tasks": [
            {"name": task, "n_found": n_found[task], "n_used": n_used[task]}
            for task in sorted(n_found, key=lambda task: (-n_found[task], task))
        ],
        "sessions": cohort.sessions,
        "runs": cohort.runs,
        "differences": {
            "tasks": cohort.differences("tasks"),
            "sessions": cohort.differences("sessions"),
            "runs": cohort.differences("runs"),
        },
        "measures": [
            {"name": measure.name, "n_scans": int(measure.present.sum()), "made": measure.made}
            for measure in cohort.measures.values()
        ],
        "parcellation": None if cohort.parcellation is None else _parcellation(cohort.parcellation),
        "phenotypes": [_phenotype(phenotype, cohort) for phenotype in cohort.phenotypes.values()],
        "variant_sets": [_variant_set(variants) for variants in cohort.variant_sets.values()],
        "decompositions": [
            {
                "name": decomposition.name,
                "n_components": len(decomposition.components),
                "n_subjects": int(np.isfinite(decomposition.scores).all(axis=1).sum()),
            }
            for decomposition in cohort.decompositions.values()
        ],
        "weights": [
            {"name": weights.name, "n_values": int(weights.values.size), "description": weights.description}
            for weights in cohort.weights.values()
        ],
        "second": None if cohort.companion is None else _second(cohort, cohort.companion),
        "log": list(cohort.log),
        "understood": _understood(cohort),
        "measures_limit": {measure.name: measure_limit(measure) for measure in cohort.measures.values()},
        "colormaps": [_colormap(colormap) for colormap in COLORMAPS.values()],
        "columns": {name: correction.json() for name, correction in cohort.corrections.items()},
        "left_out": [name for name in columns_of(cohort) if name not in cohort.phenotypes],
    }
    return cast("Overview", jsonable(overview))


def _understood(cohort: Cohort) -> list[dict[str, Json]]:
    return [
        {
            "topic": line.topic,
            "text": line.text,
            "items": list(line.items),
            "certain": line.certain,
            "alternatives": alternatives_of(line.alternatives),
        }
        for line in cohort.understood
    ]


def alternatives_of(alternatives: Iterable[Alternative]) -> list[dict[str, Json]]:
    """Return ways to read files as JSON values; their sketches stay behind."""
    return [
        {"meaning": one.meaning, "recipe": one.recipe, "chosen": one.chosen, "sketched": one.sketch is not None}
        for one in alternatives
    ]


def _second(cohort: Cohort, second: Cohort) -> dict[str, Json]:
    return {
        "name": second.name,
        "description": second.description,
        "synthetic": second.synthetic,
        "n_subjects": second.n_subjects,
        "n_scans_used": len(second.scans),
        "in_common": jsonable(in_common(cohort, second)),
        "log": jsonable(list(second.log)),
        "understood": jsonable(_understood(second)),
        "phenotypes": list(columns_of(second)),
        "columns": {name: correction.json() for name, correction in second.corrections.items()},
    }


def _colormap(colormap: Colormap) -> dict[str, Json]:
    """Name, scale and 33 stops, lowest first: enough for a gradient that looks like the whole."""
    stops = colormap.colours[np.linspace(0, len(colormap.colours) - 1, 33).round().astype(np.intp)]
    colours = ["#" + bytes(stop).hex() for stop in stops]
    return {"name": colormap.name, "title": colormap.title, "scale": colormap.scale, "colours": colours}


def _by_task(scans: Iterable[Scan]) -> Counter[str]:
    return Counter(scan.task for scan in scans)


def _parcellation(parcellation: Parcellation) -> dict[str, Any]:
    return {
        "name": parcellation.name,
        "n_parcels": parcellation.n_parcels,
        "labels": parcellation.labels,
        "networks": parcellation.networks,
        "network_names": parcellation.network_names,
        "network_titles": parcellation.network_titles or parcellation.network_names,
        "network_colours": network_colours(len(parcellation.network_names)),
        "coordinates": parcellation.coordinates,
        "display_order": parcellation.display_order,
        "citation": parcellation.citation,
    }


def _phenotype(phenotype: Phenotype, cohort: Cohort) -> dict[str, Any]:
    present = phenotype.values[~phenotype.missing].astype(np.float64)
    summary: dict[str, Any] = {
        "name": phenotype.name,
        "kind": phenotype.kind,
        "n": int(present.size),
        "n_missing": int(phenotype.missing.sum()),
        "minimum": None,
        "maximum": None,
        "mean": None,
        "sd": None,
        "levels": [],
        "units": phenotype.units,
        "description": phenotype.description,
        "role": phenotype.role,
        "coded": phenotype.name not in cohort.corrections and looks_like_codes(phenotype),
        "corrected": phenotype.name in cohort.corrections,
        "histogram": None,
    }
    if phenotype.levels:
        counts = np.bincount(present.astype(np.intp), minlength=len(phenotype.levels))
        summary["levels"] = [{"name": name, "n": int(n)} for name, n in zip(phenotype.levels, counts, strict=True)]
    elif present.size:
        edges = histogram_edges([present], most=MAX_BINS)
        with np.errstate(over="ignore"):  # of values near 1e300 there is no standard deviation to be shown
            mean, sd = present.mean(), present.std(ddof=1) if present.size > 1 else None
        summary |= {
            "minimum": present.min(),
            "maximum": present.max(),
            "mean": mean,
            "sd": sd,
            "histogram": {"edges": edges, "counts": np.histogram(present, edges)[0]},
        }
    return summary


def _variant_set(variants: VariantSet) -> dict[str, Json]:
    """Subjects with any genotype, and their share of missing genotypes; in blocks, a set may fill the memory."""
    n_variants, n_subjects, n_missing = len(variants.variant_ids), 0, 0
    for start in range(0, len(variants.dosage), 64):
        missing = (variants.dosage[start : start + 64] < 0).sum(axis=1)
        genotyped = missing < n_variants
        n_subjects += int(genotyped.sum())
        n_missing += int(missing[genotyped].sum())
    n_genotypes = n_subjects * n_variants
    return {
        "name": variants.name,
        "n_subjects": n_subjects,
        "n_variants": n_variants,
        "missing": n_missing / n_genotypes if n_genotypes else None,
    }
