"""Genotypes of the first ImageNomer: one file of codes a subject, and a pickle with the names of the variants."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort import VariantSet, natural_key
from imagenomer.errors import InputError
from imagenomer.genotypes import dosage_of_codes, unnamed_variants
from imagenomer.progress import Progress, Steps
from imagenomer.readers.listing import Entry
from imagenomer.readers.notes import count
from imagenomer.readers.pickles import read_pickle
from imagenomer.readers.predecessor.folder import Folder
from imagenomer.wording import plural

#: Files below snps/.
VARIANTS = re.compile(r"(?P<subject>.+)_set-(?P<name>[^_]+)_snps\.npy")


def read_variant_sets(files: list[tuple[re.Match[str], Entry]], folder: Folder) -> Steps[dict[str, VariantSet]]:
    """Return the sets of variants in files of one subject each, named as `VARIANTS` says."""
    by_set: dict[str, list[tuple[str, Entry]]] = defaultdict(list)
    for match, entry in files:
        by_set[match["name"]].append((match["subject"], entry))
    sets = {}
    for name in sorted(by_set, key=natural_key):
        made = yield from _variant_set(name, by_set[name], folder)
        if made is not None:
            sets[name] = made
    return sets


def _variant_set(name: str, files: list[tuple[str, Entry]], folder: Folder) -> Steps[VariantSet | None]:
    folder.say_unknown(f"Genotypes ({name})", {subject for subject, _ in files if subject not in folder.position})
    rows: dict[str, NDArray[np.int8]] = {}
    odd = []
    for done, (subject, entry) in enumerate(files):
        if done % 32 == 0:
            yield Progress(f"Reading genotypes {name}", done, len(files))
        codes = folder.vector(entry) if subject in folder.position else None
        if codes is not None:
            rows[subject], n_odd = dosage_of_codes(codes)
            if n_odd:
                odd.append(f"{subject} ({n_odd})")
    if odd:
        folder.notes.warning(f"Genotypes ({name}) other than 0, 1, 2 and NaN were read as missing", odd)
    rows = _of_usual_size(rows, f"Genotypes ({name})", folder)
    if not rows:
        return None
    n_variants = len(next(iter(rows.values())))
    dosage = np.full((len(folder.subjects), n_variants), -1, dtype=np.int8)
    for subject, row in rows.items():
        dosage[folder.position[subject]] = row
    folder.notes.recognised(
        f"Genotypes {name}: {count(n_variants, 'variant')} of {count(len(rows), 'subject')}; such files name no "
        "alleles, so what is counted is the major one"
    )
    folder.say_lacking(f"genotypes ({name})", rows)
    return unnamed_variants(name, dosage, (yield from _variant_names(name, n_variants, folder)))


def _variant_names(name: str, n_variants: int, folder: Folder) -> Steps[tuple[str, ...] | None]:
    path = f"snps_{name}.pkl"
    if path not in folder.listing:
        folder.notes.warning(f"No {path}: the variants of {name} have numbers instead of names")
        return None
    folder.used.add(path)
    try:
        names = yield from read_pickle(folder.listing[path].read(), path)
    except InputError as error:
        folder.notes.warning(f"{error}; the variants of {name} have numbers instead of names")
        return None
    if isinstance(names, np.ndarray):
        names = names.tolist()
    if isinstance(names, set):
        reason = "holds a set, which has no order"
    elif not isinstance(names, (list, tuple)) or not all(isinstance(label, str) for label in names):
        reason = "does not hold a list of texts"
    elif len(names) != n_variants:
        reason = f"holds {plural(len(names), 'name')} for {plural(n_variants, 'variant')}"
    else:
        return folder.notes.clean_all(tuple(names))
    folder.notes.warning(f"{path} {reason}: the variants of {name} have numbers instead of names")
    return None


def _of_usual_size(rows: dict[str, NDArray[np.int8]], what: str, folder: Folder) -> dict[str, NDArray[np.int8]]:
    """The rows whose length is the commonest."""
    if not rows:
        return rows
    ((usual, _),) = Counter(len(row) for row in rows.values()).most_common(1)
    others = [f"{subject} ({len(row):,})" for subject, row in rows.items() if len(row) != usual]
    if others:
        folder.notes.warning(f"{what} of another number than {usual:,} were excluded", others)
    return {subject: row for subject, row in rows.items() if len(row) == usual}
