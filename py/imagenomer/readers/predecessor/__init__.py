"""The cohort folder of the first ImageNomer: demographics, and one .npy file a scan.

::

    demographics.pkl                              {field: {subject: value}}; or participants.tsv; or participants.xlsx,
                                                  .dta, .sas7bdat, .rds, ... (see `imagenomer.readers.table_files`)
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
from collections.abc import Mapping, Sequence

import numpy as np

from imagenomer.cohort import Cohort, Measure, natural_key
from imagenomer.edges import n_parcels_of
from imagenomer.errors import InputError
from imagenomer.parcellation import Parcellation
from imagenomer.progress import Steps
from imagenomer.readers import plink
from imagenomer.readers.atlas import TABLE, find_parcellation
from imagenomer.readers.evidence.tables import plain_numbers, read_text_table
from imagenomer.readers.fam_phenotypes import sex_beside
from imagenomer.readers.listing import Listing
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.npy import HEADER_BYTES, read_header
from imagenomer.readers.parcel_tables import read_parcel_table
from imagenomer.readers.parcels import table_beside
from imagenomer.readers.predecessor.decompositions import read_decompositions
from imagenomer.readers.predecessor.demographics import (
    phenotypes_of,
    read_demographics,
    say_look_alikes,
    sheet_of_people,
)
from imagenomer.readers.predecessor.folder import Folder
from imagenomer.readers.predecessor.genotypes import VARIANTS, read_variant_sets
from imagenomer.readers.predecessor.weights import read_weights
from imagenomer.readers.scans import ScanFile, parse_scan_path, read_scans

#: What to drop, in words.
ACCEPTS = (
    "a folder with demographics.pkl (or participants.tsv, or participants.xlsx, .dta, .sas7bdat or .rds with a column "
    "participant_id) and fc/<subject>_task-<task>_fc.npy"
)

_NOT_MEASURES = ("snps", "decomp", "weights")
_DECOMPOSITION = re.compile(r"(?:[^/]+-)?(?:comps|weights)/[^/]*comp-[^/]*\.npy")
#: Files that may belong to a cohort and that this format does not read.
_DATA = re.compile(r"\.(csv|tsv|tab|mat|npz|txt|1d|xlsx?|ods|dta|sav|rds|rda|node|nii|nii\.gz)$", re.IGNORECASE)


def recognise(listing: Listing) -> bool:
    """Tell whether this is such a folder: demographics, scans or genotypes under the names above."""
    return (
        "demographics.pkl" in listing
        or _names_people(listing)
        or sheet_of_people(listing) is not None
        or bool(_scan_files(listing))
        or any(VARIANTS.fullmatch(path) for path in listing.under("snps"))
    )


def _names_people(listing: Listing) -> bool:
    """Whether there is a participants.tsv with more than a header; what cannot be read is reported by who reads it."""
    if "participants.tsv" not in listing:
        return False
    try:
        return bool(read_text_table(listing["participants.tsv"].read(), "participants.tsv").rows)
    except InputError:
        return True


def is_whole(listing: Listing) -> bool:
    """Tell whether all that belongs to a cohort there is in this folder's own form.

    It is not where its people are in another table, or their names are not those of the scans, or an array holds more
    than one scan.
    """
    if "demographics.pkl" in listing or any(path.split("/")[0] in _NOT_MEASURES for path in listing if "/" in path):
        return True
    files = _scan_files(listing)
    known = {file.entry.path for file in files} | {"participants.tsv", "participants.json", "atlas.tsv"}
    known |= {*filter(None, [sheet_of_people(listing)])}
    if any(_DATA.search(path) for path in listing if path not in known):
        return False
    return _one_scan_each(files) and _names_are_those(files, listing)


def _one_scan_each(files: Sequence[ScanFile]) -> bool:
    """Whether the first file holds one scan, by its header; one that cannot be read is reported by who reads it."""
    if not files:
        return True
    entry = files[0].entry
    try:
        shape = read_header(entry.read(0, HEADER_BYTES), entry.path).shape
    except InputError:
        return True
    return len([n for n in shape if n > 1]) < 2 or (len(shape) == 2 and shape[0] == shape[1])


def _names_are_those(files: Sequence[ScanFile], listing: Listing) -> bool:
    """Whether participants.tsv, if it is there, has a column participant_id that names a subject of the scans.

    A table with something to ask goes the way of all tables too.
    """
    if "participants.tsv" not in listing:
        return True
    try:
        table = read_text_table(listing["participants.tsv"].read(), "participants.tsv")
    except InputError:
        return True
    asks = any(plain_numbers(cells)[1] == "ambiguous comma" for cells in zip(*table.rows, strict=True))
    if "participant_id" not in table.header or asks:
        return False
    place = table.header.index("participant_id")
    people = {row[place].strip() for row in table.rows}
    return not files or any(file.scan.subject in people for file in files)


def read(listing: Listing, notes: Notes) -> Steps[Cohort]:
    """Read a cohort folder of the first ImageNomer.

    Raises
    ------
    InputError
        If the demographics cannot be read, nobody is in the cohort, or there are scans and none can be used.
    """
    if listing.entries and all(_DECOMPOSITION.fullmatch(path) for path in listing):
        raise InputError(
            f"{listing.name} holds components and weights (NAME-comps, NAME-weights) and neither people nor scans; "
            "open the folder of the cohort that it belongs to"
        )
    notes.recognised(f"A cohort folder with {count(len(listing.entries), 'file')}")
    folder = Folder(listing, notes)
    scan_files = _scan_files(listing)
    folder.used.update(file.entry.path for file in scan_files)
    variant_files = folder.matching("snps", VARIANTS)
    demographics = yield from read_demographics(folder)
    found_in_files = {file.scan.subject for file in scan_files} | {match["subject"] for match, _ in variant_files}
    known = found_in_files if demographics is None else demographics.subjects
    if not known:
        raise InputError(f"{listing.name} holds no subject; ImageNomer opens {ACCEPTS}")
    folder.position = {subject: row for row, subject in enumerate(sorted(known, key=natural_key))}
    phenotypes = {} if demographics is None else phenotypes_of(demographics, folder)
    say_look_alikes((*folder.subjects, *found_in_files), notes)

    connectivity = yield from read_scans(scan_files, folder.position, notes)
    parcellation = _parcellation(folder, connectivity.measures)
    variant_sets = yield from read_variant_sets(variant_files, folder)
    from_plink, sexes, plink_files = yield from plink.join(listing, folder.subjects, notes)
    sex = sex_beside(phenotypes.values(), sexes)
    if sex is not None:
        phenotypes = {**phenotypes, sex.name: sex}
        n_known = int(np.count_nonzero(sexes))
        notes.recognised(f"Sex of {count(n_known, 'subject')} from the .fam file (phenotype {sex.name})")
    variant_sets |= from_plink
    folder.used |= plink_files
    decompositions = yield from read_decompositions(folder, connectivity.n_edges)
    weights = yield from read_weights(folder, connectivity.n_edges, variant_sets)
    unused = [path for path in listing if path not in folder.used]
    if unused:
        notes.ignored(f"{count(len(unused), 'file')} not recognised and not read", unused)
    return Cohort(
        name=listing.name,
        subjects=folder.subjects,
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


def _parcellation(folder: Folder, measures: Mapping[str, Measure]) -> Parcellation | None:
    """Return the parcels: of atlas.tsv, else of a table of as many parcels beside it, else of their number."""
    listing, measure = folder.listing, next(iter(measures.values()), None)
    if measure is not None and TABLE not in listing:
        tables = {
            path: table
            for path, entry in listing.entries.items()
            if path not in folder.used and (table := read_parcel_table(entry)) is not None
        }
        n_parcels = n_parcels_of(measure.values.shape[1])
        found = table_beside(list(tables.items()), n_parcels, folder.notes)
        if found is not None:
            folder.used |= {path for path, table in tables.items() if table.n_parcels == n_parcels}
            return found
    folder.used.add(TABLE)
    return find_parcellation(listing, measures, folder.notes)


def _scan_files(listing: Listing) -> list[ScanFile]:
    found = []
    for path, entry in listing.entries.items():
        if path.split("/")[0] not in _NOT_MEASURES and not VARIANTS.fullmatch(path):
            parsed = parse_scan_path(path)
            if parsed is not None:
                found.append(ScanFile(*parsed, entry))
    return found
