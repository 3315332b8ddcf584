"""Edges as rows of a table: parcels, networks and places, and whatever numbers an analysis has for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from imagenomer.analyses.contract import Column
from imagenomer.edges import edge_parcels
from imagenomer.jsonable import finite
from imagenomer.parcellation import Parcellation
from imagenomer.types import FloatArray, IntArray, Json, JsonObject
from imagenomer.wording import minus


def describe_edges(
    edges: IntArray, parcellation: Parcellation, values: Mapping[str, Sequence[Json]]
) -> list[dict[str, Json]]:
    """Return edges with 0-based file indices, parcels, networks and coordinates, and ``values`` by name."""
    places = [_coordinates(place) for place in parcellation.coordinates.tolist()]
    parcels = [each.tolist() for each in edge_parcels(edges, parcellation.n_parcels)]
    columns: dict[str, Sequence[Json]] = {
        "edge": edges.tolist(),
        "parcel_a": parcels[0],
        "parcel_b": parcels[1],
        **{
            f"{name}_{side}": [of_parcels[parcel] for parcel in own]
            for name, of_parcels in (
                ("label", parcellation.labels),
                ("network", parcellation.networks),
                ("coordinates", places),
            )
            for side, own in zip("ab", parcels, strict=True)
        },
        **values,
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def edge_columns(*columns: Column, places: bool = True) -> tuple[Column, ...]:
    """Return the columns of a table of edges: who they connect, then ``columns``, then file indices and places.

    Without ``places`` these are in the file only: the page has no room for them beside many columns.
    """
    return (
        Column("edge", "Edge", "integer", where="file"),
        Column("label_a", "Parcel", where="file"),
        Column("label_b", "Parcel", where="file"),
        Column("network_a", "Network", where="file"),
        Column("network_b", "Network", where="file"),
        Column("labels", "Parcels", where="page", sort="parcel_a"),
        Column("networks", "Networks", where="page"),
        *((Column("mni", "MNI (mm)", where="page"),) if places else ()),
        *columns,
        Column("parcel_a", "File index", "integer", where="file"),
        Column("parcel_b", "File index", "integer", where="file"),
        Column("mni_a", "MNI (mm)", where="file"),
        Column("mni_b", "MNI (mm)", where="file"),
    )


def edge_rows(described: Sequence[JsonObject]) -> list[dict[str, Json]]:
    """Return what `describe_edges` gives as rows for `edge_columns`."""
    rows = []
    for row in described:
        mni = [_millimetres(row["coordinates_a"]), _millimetres(row["coordinates_b"])]
        rows.append(
            {
                **row,
                "mni_a": mni[0],
                "mni_b": mni[1],
                "labels": f"{row['label_a']}\n{row['label_b']}",
                "networks": f"{row['network_a']}\n{row['network_b']}".strip(),
                "mni": minus("\n".join(mni).strip()),
            }
        )
    return rows


def edge_title(edge: int, parcellation: Parcellation) -> str:
    """Return both parcels with their networks: "P0 (VIS) – P4 (DMN)"."""
    a, b = (int(parcel) for parcel in edge_parcels(edge, parcellation.n_parcels))
    names = [(parcellation.labels[parcel], parcellation.networks[parcel]) for parcel in (a, b)]
    return " – ".join(f"{label} ({network})" if network else label for label, network in names)


def interval_text(low: float | None, high: float | None) -> str | None:
    """Return a confidence interval on two lines, None where there is none."""
    return None if low is None or high is None else f"{signed(low, 3)} to\n{signed(high, 3)}"


def signed(value: float | FloatArray, digits: int) -> str:
    """Return a number with a real minus sign."""
    return minus(f"{float(value):.{digits}f}")


def finite_or_none(values: FloatArray) -> list[float | None]:
    """Return numbers as JSON has them."""
    return [finite(value) for value in values.tolist()]


def _coordinates(place: list[float]) -> list[float] | None:
    return None if any(np.isnan(place)) else place


def _millimetres(place: list[float] | None) -> str:
    return "" if place is None else " ".join(f"{value:.0f}" for value in place)
