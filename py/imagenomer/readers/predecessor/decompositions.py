"""Decompositions of the first ImageNomer: one file a component, and one file of scores a subject."""

from __future__ import annotations

import re
from collections import defaultdict

import numpy as np

from imagenomer.cohort import Decomposition, natural_key
from imagenomer.progress import Progress, Steps
from imagenomer.readers.listing import Entry
from imagenomer.readers.notes import count
from imagenomer.readers.npy import put_in_single_precision
from imagenomer.readers.predecessor.folder import Folder
from imagenomer.types import FloatArray

_COMPONENT = re.compile(r"(?P<name>[^/]+)-comps/(?P=name)_comp-(?P<number>[0-9]{1,6})\.npy")
_SCORES = re.compile(r"(?P<name>[^/]+)-weights/(?P<subject>.+)_comp-(?P=name)_weights\.npy")


def read_decompositions(folder: Folder, n_edges: int | None) -> Steps[dict[str, Decomposition]]:
    """Return the decompositions that have components and scores."""
    components: dict[str, dict[str, Entry]] = defaultdict(dict)
    for match, entry in folder.matching("decomp", _COMPONENT):
        components[match["name"]][match["number"]] = entry
    scores: dict[str, dict[str, Entry]] = defaultdict(dict)
    for match, entry in folder.matching("decomp", _SCORES):
        scores[match["name"]][match["subject"]] = entry
    lonely = sorted({*components} ^ {*scores}, key=natural_key)
    if lonely:
        folder.notes.ignored("Decompositions with components but no scores, or scores but no components", lonely)
    found = {}
    for name in sorted({*components} & {*scores}, key=natural_key):
        yield Progress(f"Reading decomposition {name}")
        made = _decomposition(name, components[name], scores[name], n_edges, folder)
        if made is not None:
            found[name] = made
    return found


def _decomposition(
    name: str, components: dict[str, Entry], scores: dict[str, Entry], n_edges: int | None, folder: Folder
) -> Decomposition | None:
    numbers = sorted(components, key=int)
    if [int(number) for number in numbers] != list(range(len(numbers))):
        folder.notes.ignored(f"Decomposition {name}: components are not numbered from 0 without a gap", numbers)
        return None
    maps = [folder.vector(components[number]) for number in numbers]
    usable = [values for values in maps if values is not None]
    sizes = {len(values) for values in usable}
    if len(usable) < len(maps) or len(sizes) != 1 or (n_edges is not None and sizes != {n_edges}):
        found = ", ".join(f"{size:,}" for size in sorted(sizes)) or "none"
        folder.notes.ignored(
            f"Decomposition {name}: a component is damaged or of another size than the edges ({found})"
        )
        return None
    folder.say_unknown(f"Scores ({name})", {subject for subject in scores if subject not in folder.position})
    rows = {subject: folder.vector(entry) for subject, entry in scores.items() if subject in folder.position}
    table: FloatArray = np.full((len(folder.subjects), len(usable)), np.nan)
    other_size = []
    for subject, row in rows.items():
        if row is not None and len(row) == len(usable):
            table[folder.position[subject]] = row
        elif row is not None:
            other_size.append(f"{subject} ({len(row)})")
    if other_size:
        folder.notes.ignored(f"Scores ({name}) of another length than the {len(usable)} components", other_size)
    folder.notes.recognised(f"Decomposition {name}: {count(len(usable), 'component')}, {count(len(rows), 'subject')}")
    read = np.array(usable)
    weights = np.empty_like(read, dtype=np.float32)
    n_infinite = put_in_single_precision(read, weights)
    if n_infinite:
        folder.notes.warning(f"Decomposition {name}: {count(n_infinite, 'infinite weight')} of an edge read as missing")
    return Decomposition(name, weights, table)
