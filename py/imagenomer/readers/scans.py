"""Scans: one .npy file each, gathered into one array a measure, with a word about every one that is odd."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort import Measure, Scan, natural_key
from imagenomer.edges import matrix_to_edges, n_edges_of, n_parcels_of
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.evidence.order import N_SCANS, Layout, edge_positions, proven
from imagenomer.readers.listing import Entry
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.npy import HEADER_BYTES, NpyHeader, check_size, read_header, read_npy
from imagenomer.types import BoolArray, Float32Array, IntArray
from imagenomer.wording import plural

_SCAN = re.compile(
    r"(?:.*/)?(?P<subject>[^/]+?)(?P<parts>(?:_(?:task|ses|run)-[^_/]+)*)_(?!(?:task|ses|run)-)(?P<measure>[^_/]+)\.npy"
)
_PROGRESS_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class ScanFile:
    """Where the connectivity of a scan is."""

    scan: Scan
    measure: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Connectivity:
    """What the scan files hold; see `imagenomer.cohort.Cohort`. ``n_edges`` is None where there are none."""

    scans: tuple[Scan, ...] = ()
    measures: dict[str, Measure] = field(default_factory=dict)
    set_aside: tuple[Scan, ...] = ()
    n_edges: int | None = None


def parse_scan_path(path: str) -> tuple[Scan, str] | None:
    """Return scan and measure by the file name ``<subject>[_task-<t>][_ses-<s>][_run-<r>]_<measure>.npy``, or None."""
    match = _SCAN.fullmatch(path)
    if match is None:
        return None
    parts = [part.split("-", 1) for part in match["parts"].split("_")[1:]]
    named = dict(parts)
    if len(named) < len(parts):
        return None
    scan = Scan(named.get("task", ""), match["subject"], named.get("ses", ""), named.get("run", ""))
    return scan, match["measure"]


def read_scans(files: Sequence[ScanFile], position: Mapping[str, int], notes: Notes) -> Steps[Connectivity]:
    """Read the connectivity of every scan whose subject is known.

    Parameters
    ----------
    files : sequence of ScanFile
    position : mapping
        Each known subject's place in the cohort.
    notes : Notes
        Told what was found, and of scans that are set aside, incomplete, alike or implausible.

    Raises
    ------
    InputError
        If there are files of known subjects and none can be used; the message says why for the first of them.
    """
    if not files:
        return Connectivity()
    found = sorted({file.scan for file in files}, key=lambda scan: scan_key(scan, position))
    notes.recognised(
        f"{count(len(found), 'scan')} ({_by_task(found)}); measures: {_listed(file.measure for file in files)}"
    )
    unknown = [scan for scan in found if scan.subject not in position]
    if unknown:
        notes.ignored(
            f"{count(len(unknown), 'scan')} excluded, because the subject has no demographics", _by_subject(unknown)
        )
    files = [file for file in _each_once(files, notes) if file.scan.subject in position]
    if not files:
        notes.warning("No scan belongs to a subject of the demographics; compare the file names with the subjects")
        return Connectivity(set_aside=tuple(found))

    n_values = _usual_n_edges(files)
    layouts = _layouts(files, n_values, notes)
    n_parcels = {layout.n_parcels for layout in layouts.values()} or {n_parcels_of(n_values)}
    n_edges = n_edges_of(n_parcels.pop())
    row_of = {scan: row for row, scan in enumerate(scan for scan in found if scan.subject in position)}
    gathered = {measure: _MeasureRows(measure, len(row_of), n_edges) for measure in sorted({f.measure for f in files})}
    remarks = _Remarks()
    done, pending, total = 0, _PROGRESS_BYTES, sum(file.entry.size for file in files)
    for file in files:
        if pending >= _PROGRESS_BYTES:
            yield Progress(f"Reading {file.measure}", done, total)
            pending = 0
        gathered[file.measure].add(file, row_of[file.scan], layouts.get(file.measure), remarks)
        done, pending = done + file.entry.size, pending + file.entry.size
    return _finish(list(row_of), unknown, gathered, position, remarks, notes)


def scan_key(scan: Scan, position: Mapping[str, int]) -> tuple[object, ...]:
    """Sort key of `imagenomer.cohort.Cohort.scans`: task, subject in cohort order, session, run; strangers last."""
    place = position.get(scan.subject, len(position))
    return (scan.task, place, natural_key(scan.subject), natural_key(scan.session), natural_key(scan.run))


@dataclass(slots=True)
class _Remarks:
    """What is odd about which files, to be said once for all of them."""

    unreadable: list[str] = field(default_factory=list)
    other_size: list[str] = field(default_factory=list)
    not_finite: list[str] = field(default_factory=list)
    constant: list[str] = field(default_factory=list)
    alike: list[str] = field(default_factory=list)
    rounded: set[str] = field(default_factory=set)
    beyond_one: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


class _MeasureRows:
    """A measure while its scans are read."""

    def __init__(self, name: str, n_scans: int, n_edges: int) -> None:
        self.name = name
        self.values: Float32Array = np.empty((n_scans, n_edges), dtype=np.float32)
        self.present: BoolArray = np.zeros(n_scans, dtype=bool)
        self.rows_by_checksum: dict[int, list[tuple[int, str]]] = defaultdict(list)

    def add(self, file: ScanFile, row: int, layout: Layout | None, remarks: _Remarks) -> None:
        path, n_edges = file.entry.path, self.values.shape[1]
        try:
            values = _edges_of(read_npy(file.entry.read(), path), path, layout)
        except InputError as error:
            remarks.unreadable.append(str(error))
            return
        if values.size != n_edges:
            remarks.other_size.append(f"{path}: {values.size:,}")
            return
        if values.dtype.itemsize > self.values.itemsize:
            remarks.rounded.add(self.name)
        target = self.values[row]
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is noted below
            target[:] = values
        # NaN shows in the minimum, so two passes show all there is to check.
        lowest, highest = float(target.min()), float(target.max())
        if not math.isfinite(lowest + highest):
            finite = np.isfinite(target)
            if not finite.any():
                verb = "is" if target.size == 1 else "are"
                remarks.unreadable.append(
                    f"{path} holds no number, {plural(target.size, 'value')} {verb} NaN or infinite"
                )
                return
            n_infinite = int(np.isinf(target).sum())
            kinds = [f"{target.size - finite.sum() - n_infinite:,} NaN"] + [f"{n_infinite:,} infinite"] * bool(
                n_infinite
            )
            remarks.not_finite.append(f"{path}: {', '.join(kinds)}")
            target[~finite] = np.nan
            lowest, highest = float(target[finite].min()), float(target[finite].max())
        self.present[row] = True
        if lowest == highest:
            remarks.constant.append(path)
        elif max(-lowest, highest) > 1 + 1e-6:
            remarks.beyond_one[self.name].append(f"{path}: {lowest:.4g} to {highest:.4g}")
        checksum = zlib.crc32(target)
        for other, other_path in self.rows_by_checksum[checksum]:
            if np.array_equal(self.values[other], target, equal_nan=True):
                remarks.alike.append(f"{other_path} = {path}")
                break
        self.rows_by_checksum[checksum].append((row, path))

    def keep(self, rows: IntArray) -> Measure:
        """The measure of some rows, moved up in place: a copy would need the memory twice."""
        for new, old in enumerate(rows):
            if new != old:
                self.values[new] = self.values[old]
        values, present = self.values[: rows.size], self.present[rows]
        values[~present] = np.nan
        return Measure(self.name, values, present)


def _edges_of(values: NDArray[Any], path: str, layout: Layout | None) -> NDArray[Any]:
    """A vector in the program's order of edges, from its own layout if that is another; a whole matrix folded."""
    if values.ndim != 2 or values.shape[0] != values.shape[1] or values.size == 1:
        vector = values.ravel()
        return vector if layout is None or vector.size != layout.n_values else vector[edge_positions(layout)]
    if not np.allclose(values, values.T, equal_nan=True):
        raise InputError(f"{path} is a matrix of {values.shape[0]} x {values.shape[1]} that is not symmetric")
    return matrix_to_edges(values)


def _layouts(files: Sequence[ScanFile], n_values: int, notes: Notes) -> dict[str, Layout]:
    """Return the layout of the measures whose values prove another than the folder's own; the log says why."""
    found = {}
    for measure in sorted({file.measure for file in files}):
        vectors: list[NDArray[Any]] = []
        for file in [file for file in files if file.measure == measure][: 2 * N_SCANS]:
            try:
                values = read_npy(file.entry.read(), file.entry.path)
            except InputError:
                continue  # said when it is read
            if values.size == n_values == max(values.shape, default=0):
                vectors.append(values.ravel())
        evidence = proven(np.array(vectors[:N_SCANS], dtype=np.float64)) if vectors else None
        if evidence is not None and evidence.layout is not None:
            found[measure] = evidence.layout
            notes.warning(f"{measure}: its vectors are {evidence.layout.words}, and were read so", evidence.sentences)
    return found


def _n_edges_of_header(header: NpyHeader) -> int:
    shape = header.shape
    return n_edges_of(shape[0]) if len(shape) == 2 and shape[0] == shape[1] > 1 else header.n_values


def _usual_n_edges(files: Sequence[ScanFile]) -> int:
    """The commonest number of edges. One header is read for each distinct file size: the cohort may be large."""
    n_of_size = Counter(file.entry.size for file in files)
    of_size = {file.entry.size: file.entry for file in reversed(files)}
    n_files: Counter[int] = Counter()
    problems = []
    for size, n in n_of_size.items():
        try:
            n_files[_n_edges_announced(of_size[size])] += n
        except InputError as error:
            problems.append(str(error))
    if not n_files:
        raise InputError(f"none of {count(len(files), 'scan file')} can be used; {problems[0]}")
    return n_files.most_common(1)[0][0]


def _n_edges_announced(entry: Entry) -> int:
    """Return how many edges a file holds by its header; raise `InputError`, which names the file, where it cannot."""
    header = read_header(entry.read(0, HEADER_BYTES), entry.path)
    check_size(header, entry.size, entry.path)  # or a header could ask for any amount of memory
    n_edges = _n_edges_of_header(header)
    try:
        n_parcels_of(n_edges)
    except InputError as error:
        raise InputError(f"{entry.path}: {error}") from None
    return n_edges


def _each_once(files: Sequence[ScanFile], notes: Notes) -> list[ScanFile]:
    """The files without those that repeat a scan and measure."""
    kept: dict[tuple[Scan, str], ScanFile] = {}
    repeated = []
    for file in files:
        first = kept.setdefault((file.scan, file.measure), file)
        if first is not file:
            repeated.append(f"{file.entry.path} (used: {first.entry.path})")
    if repeated:
        notes.warning("Several files for the same scan and measure; the first is used", repeated)
    return list(kept.values())


def _finish(
    scans: list[Scan],
    unknown: list[Scan],
    gathered: dict[str, _MeasureRows],
    position: Mapping[str, int],
    remarks: _Remarks,
    notes: Notes,
) -> Connectivity:
    n_edges = next(iter(gathered.values())).values.shape[1]
    usable = np.flatnonzero(np.any([measure.present for measure in gathered.values()], axis=0))
    if not usable.size:
        first = [*remarks.unreadable, *(f"{text} values" for text in remarks.other_size)][0]
        raise InputError(f"no scan file can be used; {first}")
    measures = {name: measure.keep(usable) for name, measure in gathered.items() if measure.present.any()}
    kept = tuple(scans[row] for row in usable)
    lost = sorted(set(scans) - set(kept), key=lambda scan: scan_key(scan, position))
    notes.recognised(f"{n_parcels_of(n_edges)} parcels, {plural(n_edges, 'edge')} a scan")
    _say(remarks, {name: int(measure.present.sum()) for name, measure in measures.items()}, n_edges, notes)
    if all(_stores_a_diagonal(measure) for measure in measures.values()):
        d = n_parcels_of(n_edges) - 1
        notes.warning(
            f"Every scan has 1 wherever the diagonal of a matrix of {d} parcels would be: these seem to be {d} parcels "
            "with the diagonal, not one more without; save the scans again without it"
        )
    _say_gaps(kept, measures, position, notes)
    set_aside = sorted([*unknown, *lost], key=lambda scan: scan_key(scan, position))
    return Connectivity(kept, measures, tuple(set_aside), n_edges)


def _stores_a_diagonal(measure: Measure) -> bool:
    """Whether the vectors look like upper triangles with the diagonal, which are as long as one more parcel without."""
    n_parcels = n_parcels_of(measure.values.shape[1]) - 1
    rows = np.arange(n_parcels)
    return n_parcels > 1 and bool(
        (measure.values[np.ix_(measure.present, rows * n_parcels - rows * (rows - 1) // 2)] == 1).all()
    )


def _say(remarks: _Remarks, n_scans: Mapping[str, int], n_edges: int, notes: Notes) -> None:
    if remarks.rounded:
        notes.recognised(
            f"{_listed(remarks.rounded)}: kept in single precision, values between -1 and 1 to within 3e-8 of the files"
        )
    if remarks.unreadable:
        notes.warning("Scan files that cannot be read were excluded", remarks.unreadable)
    if remarks.other_size:
        notes.warning(f"Scan files with another number of values than {n_edges:,} were excluded", remarks.other_size)
    if remarks.not_finite:
        notes.warning("Scans with values that are not finite, read as missing", remarks.not_finite)
    if remarks.constant:
        notes.warning("Scans with the same value in every edge", remarks.constant)
    if remarks.alike:
        notes.warning("Scans with identical data; is one a copy of the other?", remarks.alike)
    for measure, paths in remarks.beyond_one.items():
        everywhere = len(paths) == n_scans[measure]
        notes.warning(
            f"{measure} has values beyond -1 and 1"
            + (" in every scan, so these are not correlations" if everywhere else f" in {count(len(paths), 'scan')}"),
            () if everywhere else paths,
        )


def _say_gaps(
    scans: Sequence[Scan], measures: Mapping[str, Measure], position: Mapping[str, int], notes: Notes
) -> None:
    subjects = {scan.subject for scan in scans}
    without = [subject for subject in position if subject not in subjects]
    if without:
        notes.warning(f"{count(len(without), 'subject')} of the demographics without a scan", without)
    of_task: dict[str, set[str]] = defaultdict(set)
    for scan in scans:
        of_task[scan.task].add(scan.subject)
    for task in sorted(of_task):
        lacking = subjects - of_task[task]
        if lacking:
            notes.warning(f"{count(len(lacking), 'subject')} without {task or 'a scan without task'}", lacking)
    for name, measure in measures.items():
        absent = [scan for scan, present in zip(scans, measure.present, strict=True) if not present]
        if absent:
            notes.warning(f"{count(len(absent), 'scan')} without {name}", _by_subject(absent))


def _by_task(scans: Iterable[Scan]) -> str:
    tasks = Counter(scan.task or "no task" for scan in scans)
    return ", ".join(f"{task} {n:,}" for task, n in sorted(tasks.items()))


def _by_subject(scans: Iterable[Scan]) -> list[str]:
    """One line a subject, with the scans it is about."""
    parts: dict[str, list[str]] = defaultdict(list)
    for scan in scans:
        parts[scan.subject].append(" ".join(part for part in (scan.task, scan.session, scan.run) if part))
    return [f"{subject} ({', '.join(names)})" if any(names) else subject for subject, names in parts.items()]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names), key=natural_key))
