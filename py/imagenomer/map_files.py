"""Map files: a whole map as numbers, in the forms that spreadsheets, Python and BrainNet Viewer read.

Parcels are in the order of the files, whatever order is on screen, and called by their labels.
"""

from __future__ import annotations

import io
import zipfile
from typing import Literal, TypeAlias

import numpy as np

from imagenomer.downloads import CsvFile
from imagenomer.edges import edge_parcels, edges_to_matrix
from imagenomer.errors import InputError
from imagenomer.maps import EdgeMap
from imagenomer.parcellation import Parcellation
from imagenomer.progress import Progress, Steps
from imagenomer.types import Float32Array
from imagenomer.wording import without_formula

#: "edges": one line an edge, as CSV; "matrix": symmetric CSV; "npy": the same for NumPy; "brainnet": .node and .edge.
MapFormat: TypeAlias = Literal["edges", "matrix", "npy", "brainnet"]

#: What the file of each is, and what is added to the name of the map.
EXTENSIONS: dict[str, str] = {"edges": "csv", "matrix": "csv", "npy": "npy", "brainnet": "zip"}

_EDGES_PER_STEP = 2_000
#: The first day that a zip can name: the same map gives the same bytes.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


def map_file(edge_map: EdgeMap, parcellation: Parcellation, form: MapFormat, name: str) -> Steps[bytes]:
    """Write a map.

    Parameters
    ----------
    edge_map : EdgeMap
    parcellation : Parcellation
        Its labels and networks name the parcels, its coordinates place them.
    form : "edges", "matrix", "npy" or "brainnet"
        CSV is UTF-8 with its mark, has every digit of a float32, and nothing where the map is undefined; the diagonal
        of a matrix is empty, or NaN in npy. BrainNet Viewer knows no missing values: these and the diagonal are 0.
    name : str
        What the files inside a zip are called.

    Raises
    ------
    InputError
        If there is no such form, or BrainNet Viewer is to have parcels without coordinates.
    """
    if form not in EXTENSIONS:
        raise InputError(f"a map is written as one of {', '.join(EXTENSIONS)}, not {form!r}")
    if form == "edges":
        return (yield from _edge_table(edge_map, parcellation))
    yield Progress("Writing the map")
    matrix = edges_to_matrix(edge_map.values, diagonal=np.nan).astype(np.float32)
    if form == "npy":
        buffer = io.BytesIO()
        np.save(buffer, matrix, allow_pickle=False)
        return buffer.getvalue()
    if form == "matrix":
        return _matrix_csv(matrix, parcellation)
    return _brainnet(matrix, parcellation, name)


def _edge_table(edge_map: EdgeMap, parcellation: Parcellation) -> Steps[bytes]:
    values = edge_map.values
    file = CsvFile()
    has_networks = any(parcellation.networks)
    heads = ["parcel_1", "parcel_2", "label_1", "label_2"]
    heads += ["network_1", "network_2"] if has_networks else []
    file.write([*heads, without_formula(edge_map.label), *(["significant"] if edge_map.marked is not None else [])])
    labels = [without_formula(label) for label in parcellation.labels]
    networks = [without_formula(network) for network in parcellation.networks]
    first, second = edge_parcels(np.arange(values.size), parcellation.n_parcels)
    for start in range(0, values.size, _EDGES_PER_STEP):
        yield Progress("Writing the edges", start, values.size)
        for edge in range(start, min(start + _EDGES_PER_STEP, values.size)):
            a, b = int(first[edge]), int(second[edge])
            line = [a + 1, b + 1, labels[a], labels[b], *((networks[a], networks[b]) if has_networks else ())]
            line.append(_digits(values[edge]))
            if edge_map.marked is not None:
                line.append("yes" if edge_map.marked[edge] else "no")
            file.write(line)
    return file.content()


def _matrix_csv(matrix: Float32Array, parcellation: Parcellation) -> bytes:
    file = CsvFile()
    labels = [without_formula(label) for label in parcellation.labels]
    file.write(["", *labels])
    file.write(*([label, *map(_digits, row)] for label, row in zip(labels, matrix, strict=True)))
    return file.content()


def _brainnet(matrix: Float32Array, parcellation: Parcellation, name: str) -> bytes:
    """Return both files of BrainNet Viewer [1]_: of nodes x, y, z, colour (network), size and label; of edges a matrix.

    References
    ----------
    .. [1] Xia M, Wang J, He Y (2013). BrainNet Viewer: a network visualization tool for human brain connectomics.
       PLoS ONE 8:e68910.
    """
    without = int((~np.isfinite(parcellation.coordinates).all(axis=1)).sum())
    if without:
        raise InputError(
            f"{without} of the {parcellation.n_parcels} parcels of {parcellation.name} have no coordinates, which "
            "BrainNet Viewer needs; choose an atlas in the overview, or give the parcels coordinates in an atlas table"
        )
    numbers = {network: number for number, network in enumerate(parcellation.network_names, 1)}
    nodes = []
    for label, network, place in zip(
        parcellation.labels, parcellation.networks, parcellation.coordinates.tolist(), strict=True
    ):
        called = "_".join(label.split()) or "-"
        nodes.append("\t".join([*(f"{one:g}" for one in place), str(numbers.get(network, 0)), "1", called]))
    edges = ["\t".join("0" if not np.isfinite(one) else str(one) for one in row) for row in matrix]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for ending, lines in (("node", nodes), ("edge", edges)):
            entry = zipfile.ZipInfo(f"{name}.{ending}", _NO_DATE)
            archive.writestr(entry, "\n".join(lines) + "\n")
    return buffer.getvalue()


def _digits(value: np.float32) -> str:
    """Return the shortest text that is read as the same float32; nothing where undefined."""
    return str(value) if np.isfinite(value) else ""
