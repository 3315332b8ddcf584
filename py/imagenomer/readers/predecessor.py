"""The cohort folder of the first ImageNomer: demographics, and one .npy file a scan.

::

    demographics.pkl                              {field: {subject: value}}; or participants.tsv
    fc/, partial/, conn/, ...                     <subject>[_task-<task>][_ses-<session>][_run-<run>]_<measure>.npy
    snps/<subject>_set-<set>_snps.npy             0, 1, 2 copies of the major allele, NaN missing
    snps_<set>.pkl                                names of the variants
    decomp/<name>-comps/<name>_comp-<k>.npy       component k
    decomp/<name>-weights/<subject>_comp-<name>_weights.npy
    weights/**/*.pkl, *.npz                       {w, trsubs, tsubs, desc[, noremap]}
    <set>.bed, <set>.bim, <set>.fam               genotypes, anywhere (see `imagenomer.readers.plink`)

An ``atlas.tsv`` beside them (label, x, y, z, network) says what the parcels are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort import Cohort, Decomposition, ModelWeights, Phenotype, VariantSet, natural_key
from imagenomer.edges import edges_to_matrix, matrix_to_edges, n_edges_of
from imagenomer.errors import InputError
from imagenomer.genotypes import dosage_of_codes, unnamed_variants
from imagenomer.parcellation import load_atlas
from imagenomer.progress import Progress, Steps
from imagenomer.readers import plink
from imagenomer.readers.atlas import find_parcellation
from imagenomer.readers.columns import ColumnNotes, read_column
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.npy import put_in_single_precision, read_npy, read_npz
from imagenomer.readers.pickles import read_pickle
from imagenomer.readers.scans import ScanFile, parse_scan_path, read_scans
from imagenomer.readers.tables import ColumnFacts, read_participants
from imagenomer.types import FloatArray

#: What to drop, in words.
ACCEPTS = "a folder with demographics.pkl (or participants.tsv) and fc/<subject>_task-<task>_fc.npy"

_NOT_MEASURES = ("snps", "decomp", "weights")
_VARIANTS = re.compile(r"(?P<subject>.+)_set-(?P<name>[^_]+)_snps\.npy")
_VARIANT_NAMES = re.compile(r"snps_(?P<name>[^/]+)\.pkl")
_COMPONENT = re.compile(r"(?P<name>[^/]+)-comps/(?P=name)_comp-(?P<number>[0-9]{1,6})\.npy")
_SCORES = re.compile(r"(?P<name>[^/]+)-weights/(?P<subject>.+)_comp-(?P=name)_weights\.npy")


def recognise(listing: Listing) -> bool:
    """Tell whether this is such a folder: demographics, scans or genotypes under the names above."""
    return (
        "demographics.pkl" in listing
        or "participants.tsv" in listing
        or bool(_scan_files(listing))
        or any(_VARIANTS.fullmatch(path) for path in listing.under("snps"))
    )


def read(listing: Listing) -> Steps[Cohort]:
    """Read a cohort folder of the first ImageNomer.

    Raises
    ------
    InputError
        If the demographics cannot be read, nobody is in the cohort, or there are scans and none can be used.
    """
    return (yield from _Import(listing).run())


def _scan_files(listing: Listing) -> list[ScanFile]:
    found = []
    for path, entry in listing.entries.items():
        if path.split("/")[0] not in _NOT_MEASURES and not _VARIANTS.fullmatch(path):
            parsed = parse_scan_path(path)
            if parsed is not None:
                found.append(ScanFile(*parsed, entry))
    return found


@dataclass(frozen=True, slots=True)
class _Demographics:
    """Values by field and subject, and what a data dictionary says of the fields."""

    subjects: set[str]
    columns: dict[str, dict[str, Any]]
    facts: dict[str, ColumnFacts] = field(default_factory=dict)
    is_table: bool = False


class _Import:
    """One reading of a folder: what is left to read, and what there is to say about it."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.notes = Notes()
        self.used: set[str] = set()
        self.position: dict[str, int] = {}

    @property
    def subjects(self) -> tuple[str, ...]:
        return tuple(self.position)

    def run(self) -> Steps[Cohort]:
        notes, listing = self.notes, self.listing
        notes.recognised(f"A cohort folder with {count(len(listing.entries), 'file')}")
        scan_files = _scan_files(listing)
        self.used.update(file.entry.path for file in scan_files)
        variant_files = self.matching("snps", _VARIANTS)
        demographics = self.demographics()
        found_in_files = {file.scan.subject for file in scan_files} | {match["subject"] for match, _ in variant_files}
        known = found_in_files if demographics is None else demographics.subjects
        if not known:
            raise InputError(f"{listing.name} holds no subject; ImageNomer opens {ACCEPTS}")
        self.position = {subject: row for row, subject in enumerate(sorted(known, key=natural_key))}
        phenotypes = {} if demographics is None else self.phenotypes(demographics)
        self.look_alikes(found_in_files)

        connectivity = yield from read_scans(scan_files, self.position, notes)
        n_edges = connectivity.n_edges
        parcellation = find_parcellation(listing, connectivity.measures, notes)
        self.used.add("atlas.tsv")
        variant_sets = yield from self.variant_sets(variant_files)
        from_plink, plink_files = yield from plink.join(listing, self.subjects, notes)
        variant_sets |= from_plink
        self.used |= plink_files
        decompositions = yield from self.decompositions(n_edges)
        weights = yield from self.weights(n_edges, variant_sets)
        unused = [path for path in listing if path not in self.used]
        if unused:
            notes.ignored(f"{count(len(unused), 'file')} not recognised and not read", unused)
        return Cohort(
            name=listing.name,
            subjects=self.subjects,
            phenotypes=phenotypes,
            scans=connectivity.scans,
            measures=connectivity.measures,
            parcellation=parcellation,
            variant_sets=variant_sets,
            decompositions=decompositions,
            weights=weights,
            set_aside=connectivity.set_aside,
            log=notes.log(),
        )

    def matching(self, folder: str, pattern: re.Pattern[str]) -> list[tuple[re.Match[str], Entry]]:
        """Files below a folder whose path matches, marked as used."""
        found = []
        for path, entry in self.listing.under(folder).items():
            match = pattern.fullmatch(path)
            if match is not None:
                found.append((match, entry))
                self.used.add(f"{folder}/{path}")
        return found

    # --- who ---

    def demographics(self) -> _Demographics | None:
        listing = self.listing
        if "demographics.pkl" in listing:
            self.used.add("demographics.pkl")
            columns = self.pickled_demographics(listing["demographics.pkl"])
            return _Demographics({subject for cells in columns.values() for subject in cells}, columns)
        if "participants.tsv" in listing:
            dictionary = listing["participants.json"].read() if "participants.json" in listing else None
            self.used |= {"participants.tsv", "participants.json"}
            table = read_participants(listing["participants.tsv"].read(), dictionary)
            if table.repeated:
                self.notes.warning(
                    "Subjects with several rows in participants.tsv; the first row is used", table.repeated
                )
            columns = {name: dict(zip(table.subjects, cells, strict=True)) for name, cells in table.columns.items()}
            return _Demographics(set(table.subjects), columns, table.facts, is_table=True)
        self.notes.warning(
            "No demographics.pkl and no participants.tsv: the subjects are those of the file names, without phenotypes"
        )
        return None

    def pickled_demographics(self, entry: Entry) -> dict[str, dict[str, Any]]:
        content = read_pickle(entry.read(), entry.path)
        if not isinstance(content, dict) or not any(isinstance(values, dict) for values in content.values()):
            raise InputError(f"{entry.path} holds no subject; it should be a dict {{field: {{subject: value}}}}")
        columns: dict[str, dict[str, Any]] = {}
        spellings: dict[str, set[str]] = defaultdict(set)
        not_subjects: set[str] = set()
        for name, values in content.items():
            if not isinstance(values, dict):
                self.notes.ignored(f"{entry.path}: the field {str(name)[:80]!r} is no dict of values by subject")
                continue
            column = columns.setdefault(str(name).strip(), {})
            for key, value in values.items():
                subject = _subject_name(key)
                if subject is None:
                    not_subjects.add(repr(key)[:80])
                else:
                    spellings[subject].add(repr(key))
                    column.setdefault(subject, value)
        twice = [f"{subject}: {', '.join(sorted(keys))}" for subject, keys in spellings.items() if len(keys) > 1]
        if twice:
            self.notes.warning("Subjects that demographics.pkl spells in two ways; the first value is used", twice)
        if not_subjects:
            self.notes.ignored("Keys in demographics.pkl that are no subject", not_subjects)
        return columns

    def phenotypes(self, demographics: _Demographics) -> dict[str, Phenotype]:
        remarks = ColumnNotes()
        phenotypes = {}
        for name, cells in demographics.columns.items():
            known = demographics.facts.get(name, ColumnFacts())
            phenotype = read_column(
                name,
                [cells.get(subject) for subject in self.subjects],
                remarks,
                is_table=demographics.is_table,
                levels=known.levels,
                description=known.description,
                units=known.units,
            )
            if phenotype is not None:
                phenotypes[name] = phenotype
        self.notes.recognised(
            f"{count(len(self.subjects), 'subject')} with demographics, {count(len(phenotypes), 'phenotype')}",
            phenotypes,
        )
        remarks.say(self.notes)
        return phenotypes

    def look_alikes(self, found_in_files: Collection[str]) -> None:
        """Report names that may mean one person: "7", "07" and "sub-07"."""
        alike: dict[str, set[str]] = defaultdict(set)
        for subject in (*self.subjects, *found_in_files):
            alike[re.sub(r"^sub-", "", subject.lower()).lstrip("0")].add(subject)
        pairs = [", ".join(sorted(names, key=natural_key)) for names in alike.values() if len(names) > 1]
        if pairs:
            self.notes.warning(
                "Names that may mean the same subject; they are kept apart, rename them to join them", pairs
            )

    def say_unknown(self, what: str, subjects: Collection[str]) -> None:
        if subjects:
            self.notes.ignored(f"{what} of subjects without demographics, set aside", subjects)

    # --- what else ---

    def variant_sets(self, files: list[tuple[re.Match[str], Entry]]) -> Steps[dict[str, VariantSet]]:
        by_set: dict[str, list[tuple[str, Entry]]] = defaultdict(list)
        for match, entry in files:
            by_set[match["name"]].append((match["subject"], entry))
        sets = {}
        for name in sorted(by_set, key=natural_key):
            made = yield from self.variant_set(name, by_set[name])
            if made is not None:
                sets[name] = made
        return sets

    def variant_set(self, name: str, files: list[tuple[str, Entry]]) -> Steps[VariantSet | None]:
        self.say_unknown(f"Genotypes ({name})", {subject for subject, _ in files if subject not in self.position})
        rows: dict[str, NDArray[np.int8]] = {}
        odd = []
        for done, (subject, entry) in enumerate(files):
            if done % 32 == 0:
                yield Progress(f"Reading genotypes {name}", done, len(files))
            codes = self.vector(entry) if subject in self.position else None
            if codes is not None:
                rows[subject], n_odd = dosage_of_codes(codes)
                if n_odd:
                    odd.append(f"{subject} ({n_odd})")
        if odd:
            self.notes.warning(f"Genotypes ({name}) other than 0, 1, 2 and NaN were read as missing", odd)
        rows = self.of_usual_size(rows, f"Genotypes ({name})")
        if not rows:
            return None
        n_variants = len(next(iter(rows.values())))
        dosage = np.full((len(self.subjects), n_variants), -1, dtype=np.int8)
        for subject, row in rows.items():
            dosage[self.position[subject]] = row
        self.notes.recognised(
            f"Genotypes {name}: {count(n_variants, 'variant')} of {count(len(rows), 'subject')}; such files name no "
            "alleles, so what is counted is the major one"
        )
        self.say_lacking(f"genotypes ({name})", rows)
        return unnamed_variants(name, dosage, self.variant_names(name, n_variants))

    def variant_names(self, name: str, n_variants: int) -> tuple[str, ...] | None:
        path = f"snps_{name}.pkl"
        if path not in self.listing:
            self.notes.warning(f"No {path}: the variants of {name} have numbers instead of names")
            return None
        self.used.add(path)
        try:
            names = read_pickle(self.listing[path].read(), path)
        except InputError as error:
            self.notes.warning(f"{error}; the variants of {name} have numbers instead of names")
            return None
        if isinstance(names, np.ndarray):
            names = names.tolist()
        if isinstance(names, set):
            reason = "holds a set, which has no order"
        elif not isinstance(names, (list, tuple)) or not all(isinstance(label, str) for label in names):
            reason = "does not hold a list of texts"
        elif len(names) != n_variants:
            reason = f"holds {len(names):,} names for {n_variants:,} variants"
        else:
            return tuple(names)
        self.notes.warning(f"{path} {reason}: the variants of {name} have numbers instead of names")
        return None

    def decompositions(self, n_edges: int | None) -> Steps[dict[str, Decomposition]]:
        components: dict[str, dict[str, Entry]] = defaultdict(dict)
        for match, entry in self.matching("decomp", _COMPONENT):
            components[match["name"]][match["number"]] = entry
        scores: dict[str, dict[str, Entry]] = defaultdict(dict)
        for match, entry in self.matching("decomp", _SCORES):
            scores[match["name"]][match["subject"]] = entry
        lonely = sorted({*components} ^ {*scores}, key=natural_key)
        if lonely:
            self.notes.ignored("Decompositions with components but no scores, or scores but no components", lonely)
        found = {}
        for name in sorted({*components} & {*scores}, key=natural_key):
            yield Progress(f"Reading decomposition {name}")
            made = self.decomposition(name, components[name], scores[name], n_edges)
            if made is not None:
                found[name] = made
        return found

    def decomposition(
        self, name: str, components: dict[str, Entry], scores: dict[str, Entry], n_edges: int | None
    ) -> Decomposition | None:
        numbers = sorted(components, key=int)
        if [int(number) for number in numbers] != list(range(len(numbers))):
            self.notes.ignored(f"Decomposition {name}: components are not numbered from 0 without a gap", numbers)
            return None
        maps = [self.vector(components[number]) for number in numbers]
        usable = [values for values in maps if values is not None]
        sizes = {len(values) for values in usable}
        if len(usable) < len(maps) or len(sizes) != 1 or (n_edges is not None and sizes != {n_edges}):
            found = ", ".join(f"{size:,}" for size in sorted(sizes)) or "none"
            self.notes.ignored(
                f"Decomposition {name}: a component is damaged or of another size than the edges ({found})"
            )
            return None
        self.say_unknown(f"Scores ({name})", {subject for subject in scores if subject not in self.position})
        rows = {subject: self.vector(entry) for subject, entry in scores.items() if subject in self.position}
        table: FloatArray = np.full((len(self.subjects), len(usable)), np.nan)
        other_size = []
        for subject, row in rows.items():
            if row is not None and len(row) == len(usable):
                table[self.position[subject]] = row
            elif row is not None:
                other_size.append(f"{subject} ({len(row)})")
        if other_size:
            self.notes.ignored(f"Scores ({name}) of another length than the {len(usable)} components", other_size)
        self.notes.recognised(f"Decomposition {name}: {count(len(usable), 'component')}, {count(len(rows), 'subject')}")
        read = np.array(usable)
        weights = np.empty_like(read, dtype=np.float32)
        n_infinite = put_in_single_precision(read, weights)
        if n_infinite:
            self.notes.warning(
                f"Decomposition {name}: {count(n_infinite, 'infinite weight')} of an edge taken for missing"
            )
        return Decomposition(name, weights, table)

    def weights(self, n_edges: int | None, variant_sets: dict[str, VariantSet]) -> Steps[dict[str, ModelWeights]]:
        files = self.matching("weights", re.compile(r".+\.(pkl|npz)"))
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
                weights = _model_weights(entry, name)
                if sizes and len(weights.values) not in sizes:
                    expected = ", ".join(f"{size:,} ({meaning})" for size, meaning in sizes.items())
                    raise InputError(f"{entry.path} has {len(weights.values):,} weights; expected: {expected}")
            except InputError as error:
                refused.append(str(error))
            else:
                found[name] = weights
        if found:
            self.notes.recognised(f"Weights of {count(len(found), 'model')}", found)
        if refused:
            self.notes.warning("Model weights that were not read", refused)
        return dict(sorted(found.items(), key=lambda item: natural_key(item[0])))

    # --- helpers ---

    def vector(self, entry: Entry) -> FloatArray | None:
        """The values of a .npy file as one row of float64; None, and a word in the log, where it cannot be read."""
        try:
            return np.asarray(read_npy(entry.read(), entry.path), dtype=np.float64).ravel()
        except InputError as error:
            self.notes.warning(f"A file was set aside: {error}")
            return None

    def of_usual_size(self, rows: dict[str, NDArray[np.int8]], what: str) -> dict[str, NDArray[np.int8]]:
        """The rows whose length is the commonest."""
        lengths = [len(row) for row in rows.values()]
        usual = max(set(lengths), key=lengths.count, default=0)
        others = [f"{subject} ({len(row):,})" for subject, row in rows.items() if len(row) != usual]
        if others:
            self.notes.warning(f"{what} of another number than {usual:,} were set aside", others)
        return {subject: row for subject, row in rows.items() if len(row) == usual}

    def say_lacking(self, what: str, having: Collection[str]) -> None:
        lacking = [subject for subject in self.subjects if subject not in having]
        if lacking:
            self.notes.recognised(f"{count(len(lacking), 'subject')} without {what}", lacking)


def _subject_name(key: Any) -> str | None:
    """A key of the demographics as file names spell it; pandas makes floats of integers."""
    if isinstance(key, float) and key.is_integer():
        key = int(key)
    if isinstance(key, bool) or not isinstance(key, (str, int)):
        return None
    return str(key).strip() or None


def _model_weights(entry: Entry, name: str) -> ModelWeights:
    if entry.path.endswith(".npz"):
        content = read_npz(entry.read(), entry.path, texts=True)
    else:
        content = read_pickle(entry.read(), entry.path)
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
        description if isinstance(description, str) else "",
        _names(content.get("trsubs")),
        _names(content.get("tsubs")),
    )


def _from_display_order(weights: FloatArray, path: str) -> FloatArray:
    """Undo the remapping of a saved map: the first ImageNomer knew one display order, that of Power 264."""
    order = load_atlas("power-264").display_order
    if len(weights) != n_edges_of(len(order)):
        raise InputError(f"{path} is in the display order of 264 parcels (noremap) and has {len(weights):,} values")
    matrix = np.empty((len(order), len(order)))
    matrix[np.ix_(order, order)] = edges_to_matrix(weights)
    return matrix_to_edges(matrix)


def _names(subjects: Any) -> tuple[str, ...]:
    if isinstance(subjects, np.ndarray):
        subjects = subjects.tolist()
    if not isinstance(subjects, (list, tuple)):
        return ()
    return tuple(name for name in map(_subject_name, subjects) if name is not None)
