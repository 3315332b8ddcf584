"""What analyses of single edges share: which are the strongest, and what they are called."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from imagenomer.analyses.contract import Column
from imagenomer.edges import edge_parcels
from imagenomer.parcellation import Parcellation
from imagenomer.types import FloatArray, IntArray

Ranking = Literal["absolute", "positive", "negative"]

#: The choices of a ranking, for a form.
RANKINGS = (("absolute", "Largest magnitude"), ("positive", "Most positive"), ("negative", "Most negative"))

#: What `named_edges` gives for an edge, for a table; the page has the labels in one column.
EDGE_COLUMNS = (
    Column("edge", "Edge", "integer", where="file"),
    Column("label_a", "Parcel"),
    Column("network_a", "Network"),
    Column("label_b", "Parcel"),
    Column("network_b", "Network"),
)


def strongest(values: FloatArray, number: int, ranking: Ranking = "absolute") -> IntArray:
    """Return the edges of the largest values, the first first; ties in edge order.

    Parameters
    ----------
    values : ndarray, shape (n_edges,)
    number : int
        How many; fewer are returned where fewer are defined and not zero, or of the sign asked for.
    ranking : "absolute", "positive" or "negative"
        By magnitude, or the most positive or most negative values alone.
    """
    strength = {"absolute": np.abs(values), "positive": values, "negative": -values}[ranking]
    strength = np.where(strength > 0, strength, 0.0)  # NaN is not
    return np.argsort(-strength, kind="stable")[: min(number, int(np.count_nonzero(strength)))]


def named_edges(parcellation: Parcellation, edges: IntArray) -> list[dict[str, Any]]:
    """Return what `EDGE_COLUMNS` has of each edge."""
    ends = [parcels.tolist() for parcels in edge_parcels(edges, parcellation.n_parcels)]
    return [
        {
            "edge": edge,
            "label_a": parcellation.labels[a],
            "network_a": parcellation.networks[a],
            "label_b": parcellation.labels[b],
            "network_b": parcellation.networks[b],
        }
        for edge, a, b in zip(edges.tolist(), *ends, strict=True)
    ]
