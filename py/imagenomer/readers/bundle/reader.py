"""A bundle to a cohort."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar, cast, get_args

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort import (
    Cohort,
    Decomposition,
    LogEntry,
    Measure,
    ModelWeights,
    Phenotype,
    Scan,
    Severity,
    VariantSet,
)
from imagenomer.edges import n_parcels_of
from imagenomer.errors import InputError
from imagenomer.genotypes import PlinkFiles, read_plink
from imagenomer.parcellation import NOT_AVAILABLE, Parcellation, plain_parcellation, read_atlas
from imagenomer.progress import Progress, Steps
from imagenomer.readers.bundle.columns import AS_READ, read_phenotypes, with_stored_columns
from imagenomer.readers.bundle.layout import FORMAT, MISSING_INT16, SCAN_COLUMNS, VERSION, row_blocks
from imagenomer.readers.bundle.manifest import Manifest
from imagenomer.readers.columns import PADDED, ColumnNotes
from imagenomer.readers.evidence.order import edge_positions, proven
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.npy import (
    HEADER_BYTES,
    NpyHeader,
    check_size,
    put_in_single_precision,
    read_header,
    read_npy,
    read_npz,
)
from imagenomer.readers.plink import clean_genotypes
from imagenomer.readers.scan_columns import phenotypes_of_scans
from imagenomer.readers.scans import scan_key
from imagenomer.readers.tables import (
    read_dictionary,
    read_json,
    read_participants,
    read_table,
    read_text,
)
from imagenomer.types import Float32Array, IntArray
from imagenomer.wording import plural

Part = TypeVar("Part")

#: The first line of the log of every cohort that comes from a bundle.
_OPENED = LogEntry("recognised", "A bundle of ImageNomer; the lines below were noted when it was made")


class Import:
    """One reading of a bundle."""

    def __init__(self, listing: Listing, notes: Notes) -> None:
        self.listing = listing
        self.notes = notes
        self.used = {"bundle.json", "participants.tsv", "participants.json", "scans.tsv", "scans.json", "atlas.tsv"}
        self.used |= {f"{AS_READ}.tsv", f"{AS_READ}.json"}
        self.facts = Manifest(read_json(listing["bundle.json"].read(), "bundle.json", notes), "bundle.json")
        if self.facts.get("format", str, "") != FORMAT:
            raise InputError(f"bundle.json is not that of an ImageNomer bundle: its 'format' should be {FORMAT!r}")
        version = self.facts.version()
        if version > VERSION:
            raise InputError(
                f"this bundle has format version {version} and this program reads up to {VERSION}; "
                "open it with a newer ImageNomer"
            )
        self.subjects: tuple[str, ...] = ()
        self.n_rows = 0
        self.n_edges: int | None = None

    def run(self) -> Steps[Cohort]:
        facts = self.facts
        phenotypes = self.participants()
        scans, rows = self.scans(phenotypes)
        measures = {}
        for entry in facts.named("measures"):
            measure = yield from self.measure(entry, rows)
            measures[measure.name] = measure
        parcellation = self.parcellation()
        variant_sets = yield from self.optional("genotypes", self.variant_set)
        decompositions = yield from self.optional("decompositions", self.decomposition)
        weights = yield from self.optional("weights", self.weights)
        unused = [path for path in self.listing if path not in self.used]
        if unused:
            self.notes.ignored(f"{count(len(unused), 'file')} of the bundle not mentioned in bundle.json", unused)
        cohort = Cohort(
            name=facts.get("name", str, "") or self.listing.name,
            subjects=self.subjects,
            phenotypes=phenotypes,
            scans=scans if measures else (),
            measures=measures,
            parcellation=parcellation,
            variant_sets=variant_sets,
            decompositions=decompositions,
            weights=weights,
            set_aside=tuple(entry.scan() for entry in facts.objects("set_aside")),
            log=self.stored_log(),
            description=facts.get("description", str, ""),
            licence=facts.get("licence", str, ""),
            provenance=facts.get("provenance", str, ""),
            synthetic=facts.get("synthetic", bool, False),
            recipe=facts.get("recipe", dict, {}),
        )
        return with_stored_columns(cohort, self.facts, self.listing, self.notes)

    def file(self, path: str) -> Entry:
        if path not in self.listing:
            raise InputError(f"the bundle has no {path}")
        self.used.add(path)
        return self.listing[path]

    def optional(self, key: str, read_part: Callable[[Manifest], Steps[Part]]) -> Steps[dict[str, Part]]:
        """Read parts that a cohort can do without, by name; where that fails, the log says why."""
        parts = {}
        for entry in self.facts.named(key):
            try:
                parts[entry.get("name", str)] = yield from read_part(entry)
            except InputError as error:
                self.notes.warning(f"Left out: {error}")
        return parts

    def stored_log(self) -> tuple[LogEntry, ...]:
        stored = []
        for entry in self.facts.objects("log"):
            severity = entry.get("severity", str)
            if severity not in get_args(Severity):
                raise InputError(f"bundle.json: a line of the log has the severity {severity!r}")
            items = entry.texts("items")
            stored.append(LogEntry(cast(Severity, severity), entry.get("message", str), items))
        return (_OPENED, *(entry for entry in stored if entry != _OPENED))

    def participants(self) -> dict[str, Phenotype]:
        dictionary = self.listing["participants.json"].read() if "participants.json" in self.listing else None
        table = read_participants(self.file("participants.tsv").read(), dictionary, self.notes)
        if table.repeated:
            self.notes.warning("Subjects with several rows in participants.tsv: the first row is used", table.repeated)
        self.subjects = table.subjects
        remarks = ColumnNotes()
        phenotypes = read_phenotypes(table, remarks)
        for items, message in (
            (remarks.unlisted, "Levels that participants.json does not list were added"),
            (remarks.mixed, "Phenotypes that mix numbers and texts were read as categories; odd values"),
            (remarks.padded, PADDED),
        ):
            if items:
                self.notes.warning(message, items)
        return phenotypes

    def scans(self, phenotypes: dict[str, Phenotype]) -> tuple[tuple[Scan, ...], IntArray]:
        """The scans of known subjects in the cohort's order, and the row of each in the connectivity files.

        What the table has besides joins the phenotypes.
        """
        if "scans.tsv" not in self.listing:
            if self.facts.content.get("measures"):
                raise InputError("the bundle has no scans.tsv, which says whose connectivity is in which row")
            return (), np.zeros(0, dtype=np.intp)
        columns = read_table(self.listing["scans.tsv"].read(), "scans.tsv", self.notes)
        missing = [column for column in SCAN_COLUMNS if column not in columns]
        if missing:
            raise InputError(f"scans.tsv needs the columns {', '.join(SCAN_COLUMNS)}; missing: {', '.join(missing)}")
        cells = [["" if cell == NOT_AVAILABLE else cell for cell in columns[column]] for column in SCAN_COLUMNS]
        scans = [Scan(task, subject, session, run) for subject, task, session, run in zip(*cells, strict=True)]
        self.n_rows = len(scans)
        if not scans:
            raise InputError("scans.tsv has a header and no scan; leave it out where there is no connectivity")
        if len(set(scans)) < len(scans):
            raise InputError("scans.tsv names a scan twice; every row should be another scan")
        position = {subject: row for row, subject in enumerate(self.subjects)}
        unknown = {scan.subject for scan in scans if scan.subject not in position}
        if unknown:
            self.notes.ignored("Scans left out, because their subject is not in participants.tsv", unknown)
        rows = [row for row, scan in enumerate(scans) if scan.subject in position]
        rows.sort(key=lambda row: scan_key(scans[row], position))
        known = [scans[row] for row in rows]
        others = {name: [cells[row] for row in rows] for name, cells in columns.items() if name not in SCAN_COLUMNS}
        facts = {}
        if others and "scans.json" in self.listing:
            facts = read_dictionary(self.listing["scans.json"].read(), "scans.json", self.notes)
        phenotypes |= phenotypes_of_scans(others, facts, known, self.subjects, phenotypes.keys(), self.notes)
        return tuple(known), np.array(rows, dtype=np.intp)

    def measure(self, entry: Manifest, rows: IntArray) -> Steps[Measure]:
        name, path = entry.get("name", str), entry.get("file", str)
        file = self.file(path)
        header = read_header(file.read(0, HEADER_BYTES), path)
        if len(header.shape) != 2 or header.shape[0] != self.n_rows:
            raise InputError(
                f"{path} has the shape {header.shape}; scans.tsv has {plural(self.n_rows, 'row')}, one a scan"
            )
        n_edges = header.shape[1]
        n_parcels_of(n_edges)
        if self.n_edges not in (None, n_edges):
            raise InputError(f"{path} has {plural(n_edges, 'edge')} a scan, another measure has {self.n_edges:,}")
        check_size(header, file.size, path)
        self.n_edges = n_edges
        values = yield from self.values(file, header, entry.scale(path, header.dtype), name)
        present = np.ones(self.n_rows, dtype=bool)
        present[entry.rows("absent", self.n_rows)] = False
        made = entry.get("made", str, "")
        self.in_own_order(values[present], values, path)
        if np.array_equal(rows, np.arange(self.n_rows)):
            return Measure(name, values, present, made)
        return Measure(name, values[rows], present[rows], made)

    def values(self, file: Entry, header: NpyHeader, scale: np.float32 | None, name: str) -> Steps[Float32Array]:
        """Read connectivity block by block, front to back: an archive compares its checksum when the last is read."""
        n_edges = header.shape[1]
        row_bytes = n_edges * header.dtype.itemsize
        values: Float32Array = np.empty((self.n_rows, n_edges), dtype=np.float32)
        n_infinite = 0
        whole = read_npy(file.read(), file.path) if header.fortran else None  # its rows do not lie together
        for block in row_blocks(self.n_rows, row_bytes):
            yield Progress(f"Reading {name}", block.start, self.n_rows)
            if whole is not None:
                stored: NDArray[Any] = whole[block]
            else:
                data = file.read(header.start + block.start * row_bytes, header.start + block.stop * row_bytes)
                stored = np.frombuffer(data, header.dtype).reshape(-1, n_edges)
            if scale is None:
                n_infinite += put_in_single_precision(stored, values[block])
                continue
            with np.errstate(over="ignore"):  # counted below
                np.multiply(stored, scale, out=values[block])
            values[block][stored == MISSING_INT16] = np.nan
            if float(scale) * np.iinfo(header.dtype).max > float(np.finfo(np.float32).max):
                n_infinite += put_in_single_precision(values[block].copy(), values[block])
        if n_infinite:
            self.notes.warning(f"{file.path}: {count(n_infinite, 'infinite value')} read as missing")
        return values

    def in_own_order(self, some: Float32Array, values: Float32Array, path: str) -> None:
        """Put edges that somebody wrote column by column into the order of a bundle, in place."""
        evidence = proven(some) if len(some) else None
        if evidence is None or evidence.layout is None or evidence.layout.diagonal:
            return
        positions = edge_positions(evidence.layout)
        for row in values:
            row[:] = row[positions]
        self.notes.warning(f"{path}: its rows are {evidence.layout.words}, and were read so", evidence.sentences)

    def parcellation(self) -> Parcellation | None:
        if self.n_edges is None:
            return None
        n_parcels = n_parcels_of(self.n_edges)
        facts = Manifest(self.facts.content.get("atlas") or {}, "bundle.json, atlas")
        if "atlas.tsv" not in self.listing:
            self.notes.warning(f"The bundle has no atlas.tsv: its {n_parcels} parcels have numbers instead of names")
            return plain_parcellation(n_parcels)
        parcellation = read_atlas(
            read_text(self.listing["atlas.tsv"].read(), "atlas.tsv"),
            name=facts.get("name", str, "") or f"{n_parcels} parcels",
            network_names=facts.texts("networks"),
            network_titles=facts.texts("network_titles"),
            citation=facts.get("citation", str, ""),
            clean=self.notes.clean,
        )
        if parcellation.n_parcels != n_parcels:
            raise InputError(f"atlas.tsv names {parcellation.n_parcels} parcels, the connectivity has {n_parcels}")
        return replace(parcellation, atlas=facts.get("atlas", str, ""))

    def variant_set(self, entry: Manifest) -> Steps[VariantSet]:
        name, path = entry.get("name", str), entry.get("file", str)
        # All three first: one that is damaged must not make strangers of its sisters.
        files = [self.file(f"{path}.{extension}") for extension in ("bed", "bim", "fam")]
        bed, bim, fam = (file.read() for file in files)
        read = yield from read_plink(PlinkFiles(bed, bim, fam), path)
        variants, table = clean_genotypes(*read, self.notes)
        variants, people = replace(variants, name=name), table.subjects
        if people == tuple("_".join(subject.split()) for subject in self.subjects):
            return variants
        row_of = {person: row for row, person in enumerate(people)}
        dosage = np.full((len(self.subjects), len(variants.variant_ids)), -1, dtype=np.int8)
        for row, subject in enumerate(self.subjects):
            if subject in row_of:
                dosage[row] = variants.dosage[row_of[subject]]
        strangers = set(people) - set(self.subjects)
        if strangers:
            self.notes.ignored(f"Individuals of {path}.fam who are not in participants.tsv", strangers)
        return replace(variants, dosage=dosage)

    def decomposition(self, entry: Manifest) -> Steps[Decomposition]:
        name, path = entry.get("name", str), entry.get("file", str)
        yield Progress(f"Reading decomposition {name}")
        arrays = self.arrays(path, "components", "scores")
        components, scores = arrays["components"], arrays["scores"]
        if components.ndim != 2 or self.n_edges not in (None, components.shape[1]):
            raise InputError(
                f"{path}: components have the shape {components.shape}, the connectivity {self.n_edges} edges"
            )
        if scores.shape != (len(self.subjects), len(components)):
            raise InputError(
                f"{path}: scores have the shape {scores.shape}; there are {len(self.subjects)} subjects and "
                f"{len(components)} components"
            )
        maps = np.empty(components.shape, dtype=np.float32)
        n_infinite = put_in_single_precision(components, maps)
        if n_infinite:
            self.notes.warning(f"{path}: {count(n_infinite, 'infinite weight')} of an edge read as missing")
        return Decomposition(name, maps, scores.astype(np.float64))

    def weights(self, entry: Manifest) -> Steps[ModelWeights]:
        yield Progress("Reading model weights")
        values = self.arrays(entry.get("file", str), "values")["values"].astype(np.float64).ravel()
        return ModelWeights(
            entry.get("name", str),
            values,
            entry.get("description", str, ""),
            entry.texts("train_subjects"),
            entry.texts("test_subjects"),
        )

    def arrays(self, path: str, *names: str) -> dict[str, NDArray[Any]]:
        arrays = read_npz(self.file(path).read(), path)
        missing = [name for name in names if name not in arrays]
        if missing:
            raise InputError(f"{path} has no array {missing[0]!r}; it has: {', '.join(arrays) or 'none'}")
        return arrays
