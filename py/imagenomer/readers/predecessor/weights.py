"""Weights of models of the first ImageNomer: a pickle or an .npz file each, at any depth below weights/."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from imagenomer.cohort import ModelWeights, VariantSet, natural_key
from imagenomer.edges import edges_to_matrix, matrix_to_edges, n_edges_of
from imagenomer.errors import InputError
from imagenomer.parcellation import load_atlas
from imagenomer.progress import Progress, Steps
from imagenomer.readers.listing import Entry
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.npy import read_npz
from imagenomer.readers.pickles import read_pickle
from imagenomer.readers.predecessor.folder import Folder, subject_name
from imagenomer.types import FloatArray
from imagenomer.wording import plural


def read_weights(
    folder: Folder, n_edges: int | None, variant_sets: dict[str, VariantSet]
) -> Steps[dict[str, ModelWeights]]:
    """Return the weights of models that have as many values as there are edges, or as a set of variants needs."""
    files = folder.matching("weights", re.compile(r".+\.(pkl|npz)"))
    sizes = {3 * len(variants.variant_ids): f"3 x variants of {name}" for name, variants in variant_sets.items()}
    if n_edges is not None:
        sizes[n_edges] = "edges"
    found, refused = {}, []
    for done, (_, entry) in enumerate(files):
        yield Progress("Reading model weights", done, len(files))
        name = entry.path[len("weights/") : -len(".pkl")]
        try:
            if name in found:
                raise InputError(f"{entry.path} is called like another file of weights; rename one")
            weights = yield from _model_weights(entry, name, folder.notes)
            if sizes and len(weights.values) not in sizes:
                expected = ", ".join(f"{size:,} ({meaning})" for size, meaning in sizes.items())
                raise InputError(f"{entry.path} has {plural(len(weights.values), 'weight')}; expected: {expected}")
        except InputError as error:
            refused.append(str(error))
        else:
            found[name] = weights
    if found:
        folder.notes.recognised(f"Weights of {count(len(found), 'model')}", found)
    if refused:
        folder.notes.warning("Model weights that were not read", refused)
    return dict(sorted(found.items(), key=lambda item: natural_key(item[0])))


def _model_weights(entry: Entry, name: str, notes: Notes) -> Steps[ModelWeights]:
    if entry.path.endswith(".npz"):
        content = read_npz(entry.read(), entry.path, texts=True)
    else:
        content = yield from read_pickle(entry.read(), entry.path)
    values = content.get("w") if isinstance(content, dict) else None
    if isinstance(values, list) and all(isinstance(value, (int, float)) for value in values):
        values = np.array(values, dtype=np.float64)
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "biuf":
        raise InputError(f"{entry.path} should hold an array of numbers called 'w'")
    weights = values.astype(np.float64).ravel()
    if "noremap" in content:
        weights = _from_display_order(weights, entry.path)
    description = content.get("desc", "")
    if isinstance(description, np.ndarray) and description.size == 1:
        description = description.item()
    return ModelWeights(
        name,
        weights,
        notes.clean(description) if isinstance(description, str) else "",
        _names(content.get("trsubs"), notes),
        _names(content.get("tsubs"), notes),
    )


def _from_display_order(weights: FloatArray, path: str) -> FloatArray:
    """Undo the remapping of a saved map: the first ImageNomer knew one display order, that of Power 264."""
    order = load_atlas("power-264").display_order
    if len(weights) != n_edges_of(len(order)):
        raise InputError(
            f"{path} is in the display order of 264 parcels (noremap) and has {plural(len(weights), 'value')}"
        )
    matrix = np.empty((len(order), len(order)))
    matrix[np.ix_(order, order)] = edges_to_matrix(weights)
    return matrix_to_edges(matrix)


def _names(subjects: Any, notes: Notes) -> tuple[str, ...]:
    if isinstance(subjects, np.ndarray):
        subjects = subjects.tolist()
    if not isinstance(subjects, (list, tuple)):
        return ()
    names = [subject_name(subject, notes) for subject in subjects]
    return tuple(name for name in names if name is not None)
