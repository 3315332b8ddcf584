"""Connectivity summary: the average connectivity of a group, and how much its subjects differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from imagenomer import groups
from imagenomer.analyses.contract import (
    Analysis,
    Column,
    MatrixView,
    Report,
    TableView,
)
from imagenomer.analyses.shared.form_fields import FisherZ, SampleFields, fisher_z_field
from imagenomer.analyses.shared.sample import Sample, average_scans, counted, sample_of, what
from imagenomer.cohort import Cohort, parcellation_of
from imagenomer.edges import edge_parcels
from imagenomer.parcellation import Parcellation
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.moments import edge_moments
from imagenomer.types import FloatArray, IntArray, Json

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Params(SampleFields):
    fisher_z: FisherZ = fisher_z_field(help="Average arctanh of the correlations instead of the correlations.")


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """Mean and spread of every edge.

    Attributes
    ----------
    sample : Sample
    mean : ndarray, shape (n_edges,)
        NaN where no subject has a value.
    sd : ndarray, shape (n_edges,)
        Between subjects, with n - 1; NaN where fewer than two have a value.
    n_observed : ndarray, shape (n_edges,)
        Subjects with a value.
    """

    sample: Sample
    mean: FloatArray
    sd: FloatArray
    n_observed: IntArray


def compute(cohort: Cohort, params: Params) -> Steps[Summary]:
    yield Progress("Averaging connectivity")
    yield from average_scans(cohort, params, fisher_z=params.fisher_z)
    sample = sample_of(cohort, params, fisher_z=params.fisher_z)
    moments = yield from edge_moments(sample.observations.values, sample.rows)
    return Summary(sample, moments.mean, moments.sd, moments.n_observed)


def report(cohort: Cohort, params: Params, result: Summary) -> Report:
    sample = result.sample
    observed = what(cohort, sample.measure, sample.task, sample.session, sample.run)
    incomplete = int(np.count_nonzero(result.n_observed < sample.n_subjects))
    sentences = list(sample.sentences)
    if incomplete:
        sentences.append(
            f"{counted(incomplete, 'edge')} {'has' if incomplete == 1 else 'have'} missing values and "
            f"{'is' if incomplete == 1 else 'are'} summarised over the subjects with a value."
        )
    warnings, note = [], _note(params, result)
    single = sample.n_subjects == 1
    if single:
        warnings.append("The standard deviation of a single subject is not defined.")
    return Report(
        numbers={
            **sample.numbers,
            "group": params.group,
            "mean": _range(result.mean),
            "sd": _range(result.sd),
            "n_edges_incomplete": incomplete,
        },
        sentences=tuple(sentences),
        warnings=tuple(warnings),
        views=(
            MatrixView("mean", f"Mean of {observed}", _label("Mean", params), "mean", note=note, of_subjects=single),
            MatrixView(
                "sd",
                f"Standard deviation of {observed}",
                _label("SD between subjects", params),
                "sd",
                "sequential",
                note=note,
            ),
            TableView(
                "networks",
                "Within and between networks",
                (
                    Column("network_a", "Network"),
                    Column("network_b", "Network"),
                    Column("n_edges", "Edges", "integer"),
                    Column("mean", "Mean", "number"),
                    Column("minimum", "Lowest edge mean", "number"),
                    Column("maximum", "Highest edge mean", "number"),
                    Column("sd", "SD between subjects, average edge", "number"),
                ),
                tuple(_networks(parcellation_of(cohort), result)),
                of_subjects=single,
            ),
        ),
        arrays={"mean": result.mean, "sd": result.sd, "n_observed": result.n_observed},
    )


def _note(params: Params, result: Summary) -> str:
    """What every figure of this result says below it."""
    whose = "" if params.group is None else f" ({groups.describe(params.group)})"
    return f"{counted(result.sample.n_subjects, 'subject')}{whose}, one observation each"


def _label(statistic: str, params: Params) -> str:
    return f"{statistic} of Fisher z" if params.fisher_z else statistic


def _range(values: FloatArray) -> dict[str, Json]:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return {"minimum": None, "maximum": None, "average": None}
    return {"minimum": float(finite.min()), "maximum": float(finite.max()), "average": float(finite.mean())}


def _networks(parcellation: Parcellation, result: Summary) -> list[dict[str, Any]]:
    """Summarise the edges of every pair of networks."""
    rank = {name: position for position, name in enumerate(parcellation.network_names)}
    codes = np.array([rank[name] for name in parcellation.networks], dtype=np.intp)
    i, j = edge_parcels(np.arange(result.mean.size), parcellation.n_parcels)
    low, high = np.minimum(codes[i], codes[j]), np.maximum(codes[i], codes[j])
    rows = []
    for pair in np.unique(low * len(rank) + high):
        first, second = divmod(int(pair), len(rank))
        own = (low == first) & (high == second)
        means = _range(result.mean[own])
        rows.append(
            {
                "network_a": parcellation.network_names[first],
                "network_b": parcellation.network_names[second],
                "n_edges": int(np.count_nonzero(own)),
                "mean": means["average"],
                "minimum": means["minimum"],
                "maximum": means["maximum"],
                "sd": _range(result.sd[own])["average"],
            }
        )
    return rows


ANALYSIS = Analysis(
    title="Mean and standard deviation",
    summary="The average connectivity of a group, and how much its subjects differ.",
    tab="Connectivity",
    params=Params,
    compute=compute,
    report=report,
    needs=("connectivity",),
)
