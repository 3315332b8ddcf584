"""Parcels, networks and coordinates, and the order in which parcels are drawn."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from imagenomer.errors import InputError
from imagenomer.types import FloatArray, IntArray

#: Stands for parcels without an atlas, where an atlas may be named.
PLAIN = "none"
#: How a table says that there is no value, as in BIDS.
NOT_AVAILABLE = "n/a"

_AXES = ("x", "y", "z")
_COLUMNS = ("label", *_AXES, "network")


@dataclass(frozen=True, slots=True)
class Parcellation:
    """The parcels that edges connect, in file order.

    Attributes
    ----------
    name : str
        For people ("Power 264"); "264 parcels" where no atlas is known.
    labels : tuple of str, length n_parcels
    coordinates : ndarray, shape (n_parcels, 3)
        MNI millimetres; NaN where unknown.
    networks : tuple of str, length n_parcels
        Network of each parcel; "" where unknown.
    network_names : tuple of str
        The distinct networks in display order.
    network_titles : tuple of str
        Each of ``network_names`` in full ("Default mode" for "DMN"); empty where unknown.
    citation : str
    atlas : str
        Name of the atlas that came with the program ("power-264"); "" if it is none of these.
    """

    name: str
    labels: tuple[str, ...]
    coordinates: FloatArray
    networks: tuple[str, ...]
    network_names: tuple[str, ...]
    citation: str = ""
    network_titles: tuple[str, ...] = ()
    atlas: str = ""

    @property
    def n_parcels(self) -> int:
        return len(self.labels)

    @property
    def display_order(self) -> IntArray:
        """Display row -> file index: parcels grouped by network, file order within a network."""
        rank = {name: position for position, name in enumerate(self.network_names)}
        return np.argsort([rank[network] for network in self.networks], kind="stable").astype(np.intp)


def plain_parcellation(n_parcels: int) -> Parcellation:
    """Return parcels without an atlas: numbered from 1, no coordinates, no networks."""
    return Parcellation(
        name=f"{n_parcels} parcels",
        labels=tuple(f"Parcel {number}" for number in range(1, n_parcels + 1)),
        coordinates=np.full((n_parcels, 3), np.nan),
        networks=("",) * n_parcels,
        network_names=("",),
    )


def atlases() -> dict[str, int]:
    """Return the atlases that come with the program: name (folder in ``datasets/atlases``) to number of parcels."""
    return {name: facts["n_parcels"] for name, facts in _catalogue().items()}


def load_atlas(name: str) -> Parcellation:
    """Return an atlas by name ("power-264").

    Raises
    ------
    InputError
        If there is none of that name; the message lists those there are.
    """
    if name not in _catalogue():
        raise InputError(f"no atlas {name!r}; there are: {', '.join(_catalogue())}")
    facts = _catalogue()[name]
    parcellation = read_atlas(
        (_atlas_folder() / name / "atlas.tsv").read_text(encoding="utf-8"),
        name=facts["name"],
        network_names=tuple(network["code"] for network in facts["networks"]),
        network_titles=tuple(network["name"] for network in facts["networks"]),
        citation=facts["citation"],
    )
    return replace(parcellation, atlas=name)


def atlases_of_size(n_parcels: int) -> tuple[str, ...]:
    """Return the names of the atlases with so many parcels, whether or not their order may be assumed."""
    return tuple(name for name, size in atlases().items() if size == n_parcels)


def guess_atlas(n_parcels: int) -> str | None:
    """Return the name of the atlas that so many parcels stand for, or None.

    None also where an atlas of that size exists in several orders (Schaefer's 7
    and 17 networks, Glasser right or left first): a wrong order would put every
    edge in the wrong place without a sign.
    """
    for name in atlases_of_size(n_parcels):
        if _catalogue()[name]["assumed_by_size"]:
            return name
    return None


def choose_parcellation(n_parcels: int, name: str) -> Parcellation:
    """Return an atlas for so many parcels, or plain numbers for "none".

    Raises
    ------
    InputError
        If there is no such atlas, or it has another number of parcels; the message lists those that fit.
    """
    if name == PLAIN:
        return plain_parcellation(n_parcels)
    fitting = atlases_of_size(n_parcels)
    if name not in fitting:
        there_are = ", ".join((*fitting, PLAIN))
        has = f"{name} has {atlases()[name]} parcels" if name in atlases() else f"there is no atlas {name!r}"
        raise InputError(f"{has}; for the {n_parcels} parcels of these scans there are: {there_are}")
    return load_atlas(name)


def atlas_of_labels(labels: Sequence[str]) -> Parcellation | None:
    """Return the atlas that has exactly these parcels, in this order, or None.

    Labels are compared without the release's name before them ("7Networks_LH_Vis_1"); where they stand for several
    atlases (Schaefer's parcels of both releases do not), none is returned.
    """
    bare = [re.sub(r"^(7|17)Networks_", "", label) for label in labels]
    found = []
    for name in atlases_of_size(len(bare)):
        atlas = load_atlas(name)
        place = {label: position for position, label in enumerate(atlas.labels)}
        if place.keys() == set(bare):
            found.append(_reordered(atlas, [place[label] for label in bare]))
    return found[0] if len(found) == 1 else None


def _reordered(atlas: Parcellation, rows: list[int]) -> Parcellation:
    return replace(
        atlas,
        labels=tuple(atlas.labels[row] for row in rows),
        coordinates=atlas.coordinates[rows],
        networks=tuple(atlas.networks[row] for row in rows),
        atlas=atlas.atlas if rows == sorted(rows) else "",
    )


def read_atlas(
    table: str,
    *,
    name: str,
    network_names: tuple[str, ...] = (),
    network_titles: tuple[str, ...] = (),
    citation: str = "",
    clean: Callable[[str], str] = str,
) -> Parcellation:
    """Read a table of parcels: tab-separated, a header, then one line a parcel in file order.

    Parameters
    ----------
    table : str
        Columns ``label`` and, optionally, ``x``, ``y``, ``z`` (MNI millimetres) and ``network``; "n/a" where unknown.
    name : str
        The atlas's name, used in messages too.
    network_names : tuple of str
        Display order; by default the order in which networks appear.
    network_titles : tuple of str
        Each of ``network_names`` in full.
    citation : str
    clean : callable
        What makes of a label or the name of a network what may be shown; by default they stay as they are.

    Raises
    ------
    InputError
        If there is no column ``label`` or no row, a column stands there twice, a coordinate is not a number, or
        ``network_names`` has not every network.
    """
    try:
        header, *lines = [line for line in csv.reader(io.StringIO(table, newline=""), "excel-tab") if line] or [[]]
    except csv.Error as error:
        raise InputError(f"{name}: the atlas table is not tab-separated text ({error})") from None
    header = [clean(column).strip() for column in header]
    rows = [dict(zip(header, line, strict=False)) for line in lines]
    if "label" not in header or not rows:
        found = ", ".join(filter(None, header)) or "nothing"
        raise InputError(
            f"{name}: the atlas table needs a column 'label' and one line a parcel; it has: {found}"
            f"{'' if rows else ', and no line'}"
        )
    twice = sorted(column for column, n in Counter(header).items() if n > 1 and column in _COLUMNS)
    if twice:
        raise InputError(f"{name}: the atlas table has several columns called {', '.join(twice)}; keep one of each")
    networks = tuple(clean(_text(row.get("network"))) for row in rows)
    order = network_names or tuple(dict.fromkeys(networks))
    unlisted = sorted(set(networks) - set(order))
    if unlisted:
        # An atlas may be without networks: then "" is the one network all parcels share.
        if unlisted != [""]:
            raise InputError(f"{name}: the networks {', '.join(unlisted)} are not in the list of networks")
        order = (*order, "")
        network_titles = (*network_titles, "") if network_titles else ()
    return Parcellation(
        name=name,
        labels=tuple(clean(_text(row.get("label"))) or f"Parcel {number}" for number, row in enumerate(rows, start=1)),
        coordinates=np.array([[_millimetres(row.get(axis), name, axis) for axis in _AXES] for row in rows]),
        networks=networks,
        network_names=order,
        citation=citation,
        network_titles=network_titles,
    )


def _text(cell: str | None) -> str:
    return "" if cell is None or cell.strip() == NOT_AVAILABLE else cell.strip()


def _millimetres(cell: str | None, name: str, axis: str) -> float:
    text = _text(cell)
    try:
        value = float(text or "nan")
    except ValueError:
        value = math.inf
    if math.isinf(value):
        raise InputError(f"{name}: {text!r} in column {axis} is not a coordinate in millimetres")
    return value


def _atlas_folder() -> Path:
    """``datasets/atlases``: inside the package where it is installed, beside ``py/`` in a checkout."""
    installed = Path(__file__).parent / "datasets"
    return (installed if installed.is_dir() else Path(__file__).parents[2] / "datasets") / "atlases"


@cache
def _catalogue() -> dict[str, dict[str, Any]]:
    """``atlas.json`` of every atlas by folder name, sorted."""
    return {
        path.parent.name: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(_atlas_folder().glob("*/atlas.json"))
    }
