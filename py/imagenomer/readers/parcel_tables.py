"""Parcel tables: names, places and networks of parcels as other programs write them.

BrainNet Viewer's ``.node`` (x y z colour size name), any table with columns of names and coordinates (Schaefer's
centroids, a ``_dseg.tsv``, ``label, x, y, z, network``), NBS's two lists (three numbers a line, one name a line).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imagenomer.errors import InputError
from imagenomer.parcellation import NOT_AVAILABLE, Parcellation, atlas_of_labels, plain_parcellation
from imagenomer.readers.columns import distinct
from imagenomer.readers.evidence.tables import TextTable, decode, read_text_table
from imagenomer.readers.listing import Entry
from imagenomer.readers.matrix_text import read_numbers
from imagenomer.types import FloatArray

EXTENSIONS = ("node", "csv", "tsv", "txt")
#: Bytes of a table of some thousand parcels.
_LARGEST = 2_000_000
_FEWEST = 4
#: Millimetres: no parcel is farther from the middle, and parcels of a brain are at least so far apart.
_FARTHEST, _NARROWEST = 130.0, 20.0
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
#: Names of columns, without case, blanks and punctuation.
_LABELS = (
    "label", "labels", "roiname", "regionname", "parcelname", "nodename", "labelname", "name", "names", "fullname",
    "region", "regions", "parcel", "roi", "node", "area", "roilabel",
)  # fmt: skip
_NETWORKS = (
    "network",
    "networks",
    "networkname",
    "networklabel",
    "net",
    "system",
    "module",
    "community",
    "yeo7",
    "yeo17",
)
_PLACES = tuple(
    tuple(form.format(axis) for axis in axes)
    for axes in ("xyz", "ras")
    for form in ("{}", "mni{}", "{}mni", "coord{}", "{}coord", "{}mm", "{}cog", "cog{}", "centroid{}")
)
#: Of columns that name people, not parcels.
_PEOPLE = re.compile(r"^(sub|subj|subject|participant|patient|record|person|eid|iid|fid|age|sex)")
_OF_PARCELS = re.compile(r"label|node|roi|region|parcel|atlas", re.IGNORECASE)
_OF_OTHERS = re.compile(r"sub|people|participant|id(s|_|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParcelTable:
    """What a file tells of parcels, in its order.

    Attributes
    ----------
    labels : tuple of str
        Empty where it has none.
    coordinates : ndarray, shape (n_parcels, 3), or None
        MNI millimetres.
    networks : tuple of str
        Empty where it has none.
    doubt : str
        Why a part of it is not used; else "".
    """

    n_parcels: int
    labels: tuple[str, ...] = ()
    coordinates: FloatArray | None = None
    networks: tuple[str, ...] = ()
    doubt: str = ""

    @property
    def words(self) -> str:
        parts = (
            (self.labels, "names"), (self.coordinates is not None, "coordinates"), (self.networks, "networks")
        )  # fmt: skip
        return f"{', '.join(word for has, word in parts if has)} of {self.n_parcels} parcels"


def read_parcel_table(entry: Entry) -> ParcelTable | None:
    """Return what a file tells of parcels; None where it is no such table.

    Raises
    ------
    InputError
        If a ``.node`` file is damaged.
    """
    extension = entry.path.rpartition(".")[2].lower()
    if extension not in EXTENSIONS or entry.size > _LARGEST:
        return None
    if extension == "node":
        return _of_brainnet(entry)
    try:
        return _with_header(read_text_table(entry.read(), entry.path)) or _bare(entry)
    except InputError:
        return _bare(entry)


def parcellation_of_table(table: ParcelTable, source: str, order: Sequence[str] = ()) -> Parcellation:
    """Return parcels as a table has them.

    Parameters
    ----------
    table : ParcelTable
    source : str
        The file, for the name.
    order : sequence of str
        Names of the parcels in another order, in which they are returned.
    """
    plain = plain_parcellation(table.n_parcels)
    networks = table.networks or plain.networks
    found = replace(
        plain,
        name=f"{table.n_parcels} parcels ({source})",
        labels=_distinct(table.labels) if table.labels else plain.labels,
        coordinates=plain.coordinates if table.coordinates is None else table.coordinates,
        networks=networks,
        network_names=tuple(dict.fromkeys(networks)),
    )
    if order:
        place = {label: row for row, label in enumerate(found.labels)}
        rows = [place[label] for label in order]
        found = replace(
            found,
            labels=tuple(order),
            coordinates=found.coordinates[rows],
            networks=tuple(found.networks[row] for row in rows),
        )
    known = atlas_of_labels(found.labels) if table.coordinates is None and not table.networks else None
    return known or found


def together(tables: Sequence[ParcelTable]) -> ParcelTable:
    """Return one table of several of as many parcels, each part from the first that has it (NBS has two files)."""
    whole = tables[0]
    for table in tables[1:]:
        # Rows with different names are no one list.
        if whole.labels and table.labels:
            continue
        whole = replace(
            whole,
            labels=whole.labels or table.labels,
            coordinates=table.coordinates if whole.coordinates is None else whole.coordinates,
            networks=whole.networks or table.networks,
        )
    return whole


# --- forms ----------------------------------------------------------------------------------------


def _of_brainnet(entry: Entry) -> ParcelTable:
    rows = []
    for number, line in enumerate(decode(entry.read(), entry.path)[0].splitlines(), start=1):
        cells = line.split()
        if not cells or line.lstrip().startswith("#"):
            continue
        if len(cells) < 3 or not all(_NUMBER.fullmatch(cell) for cell in cells[:3]):
            raise InputError(f"{entry.path}, line {number}: a parcel of BrainNet Viewer is x y z colour size name")
        rows.append(cells)
    if not rows:
        raise InputError(f"{entry.path} names no parcel")
    names = [cells[5] if len(cells) > 5 and cells[5] != "-" else "" for cells in rows]
    coordinates = np.array([[float(cell) for cell in cells[:3]] for cells in rows])
    return ParcelTable(len(rows), tuple(names) if any(names) else (), coordinates)


def _with_header(table: TextTable) -> ParcelTable | None:
    """Return a table whose header names coordinates, or labels and networks."""
    cells = list(zip(*table.rows, strict=True))
    place = {re.sub(r"[\W_]+", "", name.casefold()): number for number, name in enumerate(table.header)}
    if len(table.rows) < _FEWEST or any(_PEOPLE.match(name) for name in place):
        return None
    labels = _names(cells, [place[name] for name in _LABELS if name in place])
    axes = next((axes for axes in _PLACES if all(axis in place for axis in axes)), None)
    networks = next((cells[place[name]] for name in _NETWORKS if name in place), ())
    if axes is None and not (labels and networks):
        return None
    coordinates = None if axes is None else _millimetres([cells[place[axis]] for axis in axes])
    if axes is not None and coordinates is None and not (labels and networks):
        return None
    known = "" if axes is None or coordinates is not None else "its coordinates are no millimetres of MNI space"
    return ParcelTable(len(table.rows), labels, coordinates, tuple(map(_text, networks)), known)


def _names(cells: Sequence[Sequence[str]], places: Sequence[int]) -> tuple[str, ...]:
    """Return the first column of names; numbers are none."""
    for place in places:
        names = [_text(cell) for cell in cells[place]]
        if sum(not _NUMBER.fullmatch(name) for name in names) * 2 > len(names):
            return tuple(names)
    return ()


def _bare(entry: Entry) -> ParcelTable | None:
    """Return a file without a header: three numbers a line, perhaps a name before or behind them; or a name a line."""
    name = entry.path.rpartition("/")[2]
    try:
        lines = [line.strip() for line in decode(entry.read(), entry.path)[0].splitlines() if line.strip()]
    except InputError:
        return None
    if len(lines) < _FEWEST:
        return None
    try:
        numbers = read_numbers(entry.read(), entry.path)
    except InputError:
        return _names_alone(lines) if _OF_PARCELS.search(name) and not _OF_OTHERS.search(name) else None
    values = numbers.values
    if values.shape[1] == 4 and np.array_equal(values[:, 0], np.arange(1, len(values) + 1)):
        values = values[:, 1:]
    if values.shape[1] != 3 or numbers.columns or len(values) < _FEWEST or not _plausible(values):
        return None
    return ParcelTable(len(values), numbers.rows, values)


def _names_alone(lines: Sequence[str]) -> ParcelTable | None:
    names = [line.strip('"').strip() for line in lines]
    distinct = len(set(names)) == len(names)
    words = all(not _NUMBER.fullmatch(name) and not re.search(r"[\t,;]", name) for name in names)
    return ParcelTable(len(names), tuple(names)) if distinct and words else None


# --- cells ----------------------------------------------------------------------------------------


def _text(cell: str) -> str:
    text = cell.strip()
    return "" if text.lower() in (NOT_AVAILABLE, "na", "-") else text


def _millimetres(columns: Sequence[Sequence[str]]) -> FloatArray | None:
    """Return coordinates, NaN where there is none, shape (n_parcels, 3); None where they are no places in MNI space."""
    texts = [[_text(cell) for cell in column] for column in columns]
    if any(text and not _NUMBER.fullmatch(text) for column in texts for text in column):
        return None
    values = np.array([[float(text or "nan") for text in column] for column in texts]).T
    return values if _plausible(values) else None


def _plausible(values: FloatArray) -> bool:
    """Whether these are places in a brain: on both sides of its middle, not too far, and not all in one spot."""
    seen = values[np.isfinite(values).all(axis=1)]
    if len(seen) < _FEWEST or np.abs(seen).max() > _FARTHEST:
        return False
    sides = seen[:, 0].min() < 0 < seen[:, 0].max()
    return bool(sides and (np.ptp(seen, axis=0) >= _NARROWEST).all())


def _distinct(labels: Sequence[str]) -> tuple[str, ...]:
    """Return names of parcels, each once: by their number where they have none, counted where two have the same."""
    return tuple(distinct([label or f"Parcel {number}" for number, label in enumerate(labels, start=1)]))
