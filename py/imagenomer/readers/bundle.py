"""The bundle, our own format: a folder or a zip whose entries are stored, with everything a cohort has.

::

    bundle.json                  format, version, name, atlas, what is in which file, the import log
    participants.tsv + .json     one row a subject; BIDS: participant_id first, n/a, Levels, Units, Description
    scans.tsv (+ .json)          participant_id, task, session, run, in the order of the connectivity; other columns,
                                 such as motion, become phenotypes when read (`imagenomer.readers.scan_columns`)
    connectivity/<measure>.npy   n_scans x n_edges, float32; or int16 with a scale in bundle.json
    atlas.tsv                    label, x, y, z, network, in file order
    genotypes/<set>.bed .bim .fam
    decompositions/<name>.npz    components, scores
    weights/<name>.npz           values

Written as float32 a cohort comes back as it was. As int16 it takes half the
space and the values move by at most 1.5e-5 of their range.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import NoneType
from typing import Any, BinaryIO, Literal, TypeVar, cast, get_args
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from imagenomer import __version__
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
from imagenomer.genotypes import PlinkFiles, read_plink, write_plink
from imagenomer.parcellation import NOT_AVAILABLE, Parcellation, plain_parcellation, read_atlas
from imagenomer.progress import Progress, Steps, finish
from imagenomer.readers.columns import MISSING, ColumnNotes, read_column
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.npy import (
    HEADER_BYTES,
    check_size,
    npy_header,
    put_in_single_precision,
    read_header,
    read_npz,
    write_npz,
)
from imagenomer.readers.scan_columns import phenotypes_of_scans
from imagenomer.readers.scans import scan_key
from imagenomer.readers.tables import (
    ColumnFacts,
    read_dictionary,
    read_json,
    read_participants,
    read_table,
    read_text,
    write_table,
)
from imagenomer.types import Float32Array, IntArray

Value = TypeVar("Value")

#: What to drop, in words.
ACCEPTS = "a bundle, that is a folder or a .zip with bundle.json"

#: Raised when an older program could no longer read what is written.
VERSION = 1

_FORMAT = "imagenomer-bundle"
_MISSING_INT16 = -32768
_BLOCK_BYTES = 8_000_000


def recognise(listing: Listing) -> bool:
    """Tell whether this is a bundle."""
    return "bundle.json" in listing


# --- writing -------------------------------------------------------------------------------------


def bundle_bytes(cohort: Cohort, *, dtype: Literal["float32", "int16"] = "float32") -> Steps[bytes]:
    """Return a cohort as the bytes of a zip archive; see `write_bundle`."""
    buffer = io.BytesIO()
    yield from write_bundle(cohort, buffer, dtype=dtype)
    return buffer.getvalue()


def write_bundle(cohort: Cohort, file: BinaryIO, *, dtype: Literal["float32", "int16"] = "float32") -> Steps[None]:
    """Write a cohort as a zip archive, in blocks.

    Parameters
    ----------
    cohort : Cohort
    file : binary file
        Open for writing.
    dtype : str
        Of connectivity. "float32" loses nothing; "int16" halves the size, is read fastest, and is exact to 1.5e-5
        of each measure's largest magnitude.

    Raises
    ------
    InputError
        If a level of a category is a text that tables use for a missing value.
    """
    facts: dict[str, Any] = {
        "format": _FORMAT,
        "version": VERSION,
        "written_by": f"imagenomer {__version__}",
        **{key: getattr(cohort, key) for key in _TEXTS},
        "synthetic": cohort.synthetic,
        "measures": [
            {
                "name": measure.name,
                "file": _file_name("connectivity", measure.name, ".npy"),
                "scale": _scale(measure) if dtype == "int16" else None,
                "absent": np.flatnonzero(~measure.present).tolist(),
                "made": measure.made,
            }
            for measure in cohort.measures.values()
        ],
        "genotypes": [{"name": name, "file": _file_name("genotypes", name, "")} for name in cohort.variant_sets],
        "decompositions": [
            {"name": name, "file": _file_name("decompositions", name, ".npz")} for name in cohort.decompositions
        ],
        "weights": [
            {
                "name": weights.name,
                "file": _file_name("weights", weights.name, ".npz"),
                "description": weights.description,
                "train_subjects": list(weights.train_subjects),
                "test_subjects": list(weights.test_subjects),
            }
            for weights in cohort.weights.values()
        ],
        "atlas": None if cohort.parcellation is None else _atlas_facts(cohort.parcellation),
        "set_aside": [_scan_facts(scan) for scan in cohort.set_aside],
        "log": [{"severity": e.severity, "message": e.message, "items": list(e.items)} for e in cohort.log],
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        _put(archive, "bundle.json", _json(facts))
        _put(archive, "participants.tsv", _participants(cohort))
        _put(archive, "participants.json", _json(_dictionary(cohort)))
        if cohort.scans:
            _put(archive, "scans.tsv", _scans_table(cohort.scans))
        if cohort.parcellation is not None:
            _put(archive, "atlas.tsv", _atlas_table(cohort.parcellation))
        for measure, entry in zip(cohort.measures.values(), facts["measures"], strict=True):
            yield from _put_connectivity(archive, measure, entry)
        for variants, entry in zip(cohort.variant_sets.values(), facts["genotypes"], strict=True):
            yield Progress(f"Writing genotypes {variants.name}")
            files = write_plink(variants, cohort.subjects, cohort.sexes.tolist())
            for extension in ("bed", "bim", "fam"):
                _put(archive, f"{entry['file']}.{extension}", getattr(files, extension))
        for decomposition, entry in zip(cohort.decompositions.values(), facts["decompositions"], strict=True):
            yield Progress(f"Writing decomposition {decomposition.name}")
            _put(
                archive,
                entry["file"],
                write_npz({"components": decomposition.components, "scores": decomposition.scores}),
            )
        for weights, entry in zip(cohort.weights.values(), facts["weights"], strict=True):
            _put(archive, entry["file"], write_npz({"values": weights.values}))


_SCAN_COLUMNS = ("participant_id", "task", "session", "run")
_TEXTS = ("name", "description", "licence", "provenance")


def _file_name(folder: str, name: str, extension: str) -> str:
    """A path that every system can hold and that leads nowhere else; bundle.json keeps the true name."""
    parts = [quote(part, safe=" ") for part in name.split("/")]
    return "/".join([folder, *("%2E" * len(part) if set(part) <= {"."} else part for part in parts)]) + extension


def _json(content: Any) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode("utf-8")


def _put(archive: zipfile.ZipFile, path: str, data: bytes) -> None:
    # A fixed date: the same cohort makes the same file.
    archive.writestr(zipfile.ZipInfo(path), data)


def _scale(measure: Measure) -> float:
    largest = max((float(np.nanmax(np.abs(row), initial=0)) for row in measure.values), default=0.0)
    return (largest or 1.0) / 32767


def _put_connectivity(archive: zipfile.ZipFile, measure: Measure, entry: Mapping[str, Any]) -> Steps[None]:
    n_scans, n_edges = measure.values.shape
    scale = entry["scale"]
    info = zipfile.ZipInfo(entry["file"])
    info.file_size = n_scans * n_edges * 4  # an upper bound, for the choice of a 64-bit entry
    with archive.open(info, "w") as target:
        target.write(npy_header((n_scans, n_edges), "<f4" if scale is None else "<i2"))
        for rows in _blocks(n_scans, n_edges * 4):
            yield Progress(f"Writing {measure.name}", rows.start, n_scans)
            block = measure.values[rows]
            if scale is None:
                target.write(np.ascontiguousarray(block, dtype="<f4").data.cast("B"))
            else:
                missing = np.isnan(block)
                steps = np.rint(np.where(missing, 0, block) / np.float32(scale))
                target.write(np.where(missing, _MISSING_INT16, steps).astype("<i2").data.cast("B"))


def _blocks(n_rows: int, row_bytes: int) -> Iterator[slice]:
    step = max(1, _BLOCK_BYTES // max(row_bytes, 1))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def _participants(cohort: Cohort) -> bytes:
    columns: dict[str, list[str]] = {"participant_id": list(cohort.subjects)}
    for phenotype in cohort.phenotypes.values():
        if phenotype.name in columns:
            raise InputError(
                f"a phenotype called {phenotype.name!r} cannot be written: the table has such a column already"
            )
        columns[phenotype.name] = _cells(phenotype)
    return write_table(columns)


def _cells(phenotype: Phenotype) -> list[str]:
    odd = [level for level in phenotype.levels if level.strip().lower() in MISSING or level != level.strip()]
    if odd:
        raise InputError(f"{phenotype.name} has a level {odd[0]!r}, which a table cannot tell from a missing value")
    if not phenotype.levels and np.isinf(phenotype.values).any():
        raise InputError(f"{phenotype.name} has infinite values, which a table does not hold")
    cells = []
    for value, missing in zip(phenotype.values.tolist(), phenotype.missing.tolist(), strict=True):
        if missing:
            cells.append(NOT_AVAILABLE)
        elif phenotype.levels:
            cells.append(phenotype.levels[value])
        else:
            cells.append(repr(value).removesuffix(".0"))
    return cells


def _dictionary(cohort: Cohort) -> dict[str, Any]:
    dictionary: dict[str, Any] = {"participant_id": {"Description": "Identifier of the subject"}}
    for phenotype in cohort.phenotypes.values():
        entry: dict[str, Any] = {"Description": phenotype.description}
        if phenotype.units:
            entry["Units"] = phenotype.units
        if phenotype.levels:
            entry["Levels"] = {level: level for level in phenotype.levels}
        dictionary[phenotype.name] = entry
    return dictionary


def _scans_table(scans: tuple[Scan, ...]) -> bytes:
    def column(part: str) -> list[str]:
        return [getattr(scan, part) or NOT_AVAILABLE for scan in scans]

    return write_table(
        {
            "participant_id": column("subject"),
            "task": column("task"),
            "session": column("session"),
            "run": column("run"),
        }
    )


def _scan_facts(scan: Scan) -> dict[str, str]:
    return {"subject": scan.subject, "task": scan.task, "session": scan.session, "run": scan.run}


def _atlas_table(parcellation: Parcellation) -> bytes:
    columns = {"label": list(parcellation.labels)}
    for axis, values in zip("xyz", parcellation.coordinates.T.tolist(), strict=True):
        columns[axis] = [NOT_AVAILABLE if math.isnan(value) else repr(value).removesuffix(".0") for value in values]
    columns["network"] = [network or NOT_AVAILABLE for network in parcellation.networks]
    return write_table(columns)


def _atlas_facts(parcellation: Parcellation) -> dict[str, Any]:
    return {
        "name": parcellation.name,
        "networks": list(parcellation.network_names),
        "network_titles": list(parcellation.network_titles),
        "citation": parcellation.citation,
        "atlas": parcellation.atlas,
    }


# --- reading -------------------------------------------------------------------------------------


#: The first line of the log of every cohort that comes from a bundle.
_OPENED = LogEntry("recognised", "A bundle of ImageNomer; the lines below were noted when it was made")


def read(listing: Listing) -> Steps[Cohort]:
    """Read a bundle.

    Raises
    ------
    InputError
        If a newer program wrote it, a part that everything else rests on is missing or inconsistent (the message says
        which, with the numbers), or nobody is in it. Whatever else is inconsistent is left out, and the log says so.
    """
    return (yield from _Import(listing).run())


class _Import:
    """One reading of a bundle."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.notes = Notes()
        self.used = {"bundle.json", "participants.tsv", "participants.json", "scans.tsv", "scans.json", "atlas.tsv"}
        self.facts = _Facts(read_json(listing["bundle.json"].read(), "bundle.json"), "bundle.json")
        if self.facts.get("format", str, "") != _FORMAT:
            raise InputError(f"bundle.json is not that of an ImageNomer bundle: its 'format' should be {_FORMAT!r}")
        version = self.facts.get("version", int, 0)
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
        for entry in facts.entries("measures"):
            measure = yield from self.measure(entry, rows)
            if measure is not None:
                measures[measure.name] = measure
        parcellation = self.parcellation()
        variant_sets: dict[str, VariantSet] = {}
        for entry in facts.entries("genotypes"):
            yield Progress(f"Reading genotypes {entry.get('name', str)}")
            self.optional(variant_sets, entry, self.variant_set)
        decompositions: dict[str, Decomposition] = {}
        for entry in facts.entries("decompositions"):
            yield Progress(f"Reading decomposition {entry.get('name', str)}")
            self.optional(decompositions, entry, self.decomposition)
        weights: dict[str, ModelWeights] = {}
        for entry in facts.entries("weights"):
            yield Progress("Reading model weights")
            self.optional(weights, entry, self.weights)
        unused = [path for path in self.listing if path not in self.used]
        if unused:
            self.notes.ignored(f"{count(len(unused), 'file')} of the bundle not mentioned in bundle.json", unused)
        return Cohort(
            name=facts.get("name", str, "") or self.listing.name,
            subjects=self.subjects,
            phenotypes=phenotypes,
            scans=scans if measures else (),
            measures=measures,
            parcellation=parcellation,
            variant_sets=variant_sets,
            decompositions=decompositions,
            weights=weights,
            set_aside=tuple(_scan_of(entry) for entry in facts.entries("set_aside")),
            log=(*self.stored_log(), *self.notes.log()),
            description=facts.get("description", str, ""),
            licence=facts.get("licence", str, ""),
            provenance=facts.get("provenance", str, ""),
            synthetic=facts.get("synthetic", bool, False),
        )

    def file(self, path: str) -> Entry:
        if path not in self.listing:
            raise InputError(f"the bundle lacks {path}")
        self.used.add(path)
        return self.listing[path]

    def optional(self, parts: dict[str, Any], entry: _Facts, read_part: Callable[[_Facts], Any]) -> None:
        """Read a part that a cohort can do without; where that fails, the log says why."""
        try:
            parts[entry.get("name", str)] = read_part(entry)
        except InputError as error:
            self.notes.warning(f"Left out: {error}")

    def stored_log(self) -> tuple[LogEntry, ...]:
        stored = []
        for entry in self.facts.entries("log"):
            severity = entry.get("severity", str)
            if severity not in get_args(Severity):
                raise InputError(f"bundle.json: a line of the log has the severity {severity!r}")
            items = entry.texts("items")
            stored.append(LogEntry(cast(Severity, severity), entry.get("message", str), items))
        return (_OPENED, *(entry for entry in stored if entry != _OPENED))

    def participants(self) -> dict[str, Phenotype]:
        dictionary = self.listing["participants.json"].read() if "participants.json" in self.listing else None
        table = read_participants(self.file("participants.tsv").read(), dictionary)
        if table.repeated:
            self.notes.warning("Subjects with several rows in participants.tsv: the first row is used", table.repeated)
        self.subjects = table.subjects
        remarks = ColumnNotes()
        phenotypes = {}
        for name, cells in table.columns.items():
            known = table.facts.get(name, ColumnFacts())
            phenotypes[name] = read_column(
                name,
                cells,
                remarks,
                is_table=True,
                levels=known.levels,
                description=known.description,
                units=known.units,
            ) or Phenotype(name, np.full(len(cells), np.nan), (), known.description, known.units)
        for items, message in (
            (remarks.unlisted, "Levels that participants.json does not list were added"),
            (remarks.mixed, "Phenotypes that mix numbers and texts were read as categories; odd values"),
        ):
            if items:
                self.notes.warning(message, items)
        return phenotypes

    def scans(self, phenotypes: dict[str, Phenotype]) -> tuple[tuple[Scan, ...], IntArray]:
        """The scans of known subjects in the cohort's order, and the row of each in the connectivity files.

        What the table has besides joins the phenotypes.
        """
        if "scans.tsv" not in self.listing:
            if self.facts.entries("measures"):
                raise InputError("the bundle lacks scans.tsv, which says whose connectivity is in which row")
            return (), np.zeros(0, dtype=np.intp)
        columns = read_table(self.listing["scans.tsv"].read(), "scans.tsv")
        lacking = [column for column in _SCAN_COLUMNS if column not in columns]
        if lacking:
            raise InputError(f"scans.tsv needs the columns {', '.join(_SCAN_COLUMNS)}; it lacks: {', '.join(lacking)}")
        cells = [["" if cell == NOT_AVAILABLE else cell for cell in columns[column]] for column in _SCAN_COLUMNS]
        scans = [Scan(task, subject, session, run) for subject, task, session, run in zip(*cells, strict=True)]
        self.n_rows = len(scans)
        if len(set(scans)) < len(scans):
            raise InputError("scans.tsv names a scan twice; every row should be another scan")
        position = {subject: row for row, subject in enumerate(self.subjects)}
        unknown = {scan.subject for scan in scans if scan.subject not in position}
        if unknown:
            self.notes.ignored("Scans left out, because their subject is not in participants.tsv", unknown)
        rows = [row for row, scan in enumerate(scans) if scan.subject in position]
        rows.sort(key=lambda row: scan_key(scans[row], position))
        known = [scans[row] for row in rows]
        others = {name: [cells[row] for row in rows] for name, cells in columns.items() if name not in _SCAN_COLUMNS}
        facts = {}
        if others and "scans.json" in self.listing:
            facts = read_dictionary(self.listing["scans.json"].read(), "scans.json")
        phenotypes |= phenotypes_of_scans(others, facts, known, self.subjects, phenotypes.keys(), self.notes)
        return tuple(known), np.array(rows, dtype=np.intp)

    def measure(self, entry: _Facts, rows: IntArray) -> Steps[Measure | None]:
        name, path = entry.get("name", str), entry.get("file", str)
        file = self.file(path)
        header = read_header(file.read(0, HEADER_BYTES), path)
        if len(header.shape) != 2 or header.shape[0] != self.n_rows or header.fortran:
            raise InputError(f"{path} has the shape {header.shape}; scans.tsv has {self.n_rows:,} rows, one a scan")
        n_edges = header.shape[1]
        n_parcels_of(n_edges)
        if self.n_edges not in (None, n_edges):
            raise InputError(f"{path} has {n_edges:,} edges a scan, another measure has {self.n_edges:,}")
        row_bytes = n_edges * header.dtype.itemsize
        check_size(header, file.size, path)
        self.n_edges = n_edges
        scale = entry.get("scale", (int, float, NoneType), None)
        values: Float32Array = np.empty((self.n_rows, n_edges), dtype=np.float32)
        n_infinite = 0
        for block in _blocks(self.n_rows, row_bytes):
            yield Progress(f"Reading {name}", block.start, self.n_rows)
            data = file.read(header.start + block.start * row_bytes, header.start + block.stop * row_bytes)
            stored = np.frombuffer(data, header.dtype).reshape(-1, n_edges)
            if scale is None:
                n_infinite += put_in_single_precision(stored, values[block])
            else:
                np.multiply(stored, np.float32(scale), out=values[block])
                values[block][stored == _MISSING_INT16] = np.nan
        if n_infinite:
            self.notes.warning(f"{path}: {count(n_infinite, 'infinite value')} taken for missing")
        present = np.ones(self.n_rows, dtype=bool)
        absent = [row for row in entry.get("absent", list, []) if type(row) is int and 0 <= row < self.n_rows]
        present[absent] = False
        if np.array_equal(rows, np.arange(self.n_rows)):
            return Measure(name, values, present, entry.get("made", str, ""))
        return Measure(name, values[rows], present[rows], entry.get("made", str, ""))

    def parcellation(self) -> Parcellation | None:
        if self.n_edges is None:
            return None
        n_parcels = n_parcels_of(self.n_edges)
        facts = _Facts(self.facts.content.get("atlas") or {}, "bundle.json, atlas")
        if "atlas.tsv" not in self.listing:
            self.notes.warning(f"The bundle lacks atlas.tsv: its {n_parcels} parcels have numbers instead of names")
            return plain_parcellation(n_parcels)
        parcellation = read_atlas(
            read_text(self.listing["atlas.tsv"].read(), "atlas.tsv"),
            name=facts.get("name", str, "") or f"{n_parcels} parcels",
            network_names=facts.texts("networks"),
            network_titles=facts.texts("network_titles"),
            citation=facts.get("citation", str, ""),
        )
        if parcellation.n_parcels != n_parcels:
            raise InputError(f"atlas.tsv names {parcellation.n_parcels} parcels, the connectivity has {n_parcels}")
        return replace(parcellation, atlas=facts.get("atlas", str, ""))

    def variant_set(self, entry: _Facts) -> VariantSet:
        name, path = entry.get("name", str), entry.get("file", str)
        bed, bim, fam = (self.file(f"{path}.{extension}").read() for extension in ("bed", "bim", "fam"))
        variants, table = finish(read_plink(PlinkFiles(bed, bim, fam), path))
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
            self.notes.ignored(f"People of {path}.fam who are not in participants.tsv", strangers)
        return replace(variants, dosage=dosage)

    def decomposition(self, entry: _Facts) -> Decomposition:
        name, path = entry.get("name", str), entry.get("file", str)
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
            self.notes.warning(f"{path}: {count(n_infinite, 'infinite weight')} of an edge taken for missing")
        return Decomposition(name, maps, scores.astype(np.float64))

    def weights(self, entry: _Facts) -> ModelWeights:
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
        lacking = [name for name in names if name not in arrays]
        if lacking:
            raise InputError(f"{path} lacks the array {lacking[0]!r}; it has: {', '.join(arrays) or 'none'}")
        return arrays


class _Facts:
    """A JSON object from which values are taken by name and type."""

    def __init__(self, content: Any, where: str) -> None:
        if not isinstance(content, dict):
            raise InputError(f"{where} should be a JSON object")
        self.content = content
        self.where = where

    def get(self, key: str, kind: type[Value] | tuple[type[Value], ...], default: Value | None = None) -> Value:
        value = self.content.get(key, default)
        if not isinstance(value, kind):
            raise InputError(f"{self.where}: {key!r} is missing or not of the right kind")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(str(value) for value in self.get(key, list, []))

    def entries(self, key: str) -> list[_Facts]:
        return [_Facts(entry, f"{self.where}, {key}") for entry in self.get(key, list, [])]


def _scan_of(entry: _Facts) -> Scan:
    return Scan(*(entry.get(part, str, "") for part in ("task", "subject", "session", "run")))
