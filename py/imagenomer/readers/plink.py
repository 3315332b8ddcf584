"""PLINK's binary files: genotypes in NAME.bed, NAME.bim and NAME.fam, alone or beside a cohort.

Alone they are a cohort, whose phenotypes are those of the .fam file and of tables beside it that name people as PLINK
does (a header with IID). Beside a cohort, people are joined by their IID, or where that is not enough by FID_IID; each
fileset is a set of variants of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np

from imagenomer.cohort import Cohort, VariantSet, natural_key
from imagenomer.errors import InputError
from imagenomer.genotypes import FamTable, PlinkFiles, read_plink
from imagenomer.progress import Steps
from imagenomer.readers.fam_phenotypes import ReadSets, fam_phenotypes
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.people_tables import names_people, read_tables_of_people
from imagenomer.types import IntArray

#: What to drop, in words.
ACCEPTS = "the three files of PLINK 1.9, NAME.bed, NAME.bim and NAME.fam"

_EXTENSIONS = ("bed", "bim", "fam")
#: Files that may belong to a cohort, and that are no genotypes.
_DATA = re.compile(r"\.(csv|tsv|npy|npz|mat)$")
#: Other ways to store genotypes, and what makes a fileset of them.
_OTHERS = {
    ".pgen": "plink2 --pfile NAME --make-bed --out NAME",
    ".ped": "plink --file NAME --make-bed --out NAME",
    ".ped.gz": "plink --file NAME --make-bed --out NAME (unpacked first)",
    ".vcf": "plink2 --vcf NAME.vcf --make-bed --out NAME",
    ".vcf.gz": "plink2 --vcf NAME.vcf.gz --make-bed --out NAME",
    ".bgen": "plink2 --bgen NAME.bgen --make-bed --out NAME",
}


@dataclass(frozen=True, slots=True)
class Fileset:
    """Three files of one name; ``path`` is theirs, without extension."""

    path: str
    bed: Entry
    bim: Entry
    fam: Entry

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name


def recognise(listing: Listing) -> bool:
    """Tell whether there is a fileset, or a part of one."""
    return any(path.lower().endswith((".bed", ".bim")) for path in listing) or bool(_in_other_formats(listing))


def is_whole(listing: Listing) -> bool:
    """Tell whether there is nothing but filesets, and tables that name people as PLINK does."""
    others = [path for path in listing if _DATA.search(path.lower())]
    return all(names_people(listing[path]) for path in others)


def read(listing: Listing, notes: Notes) -> Steps[Cohort]:
    """Read one or more filesets as a cohort.

    Raises
    ------
    InputError
        If a file is missing or damaged, a person stands twice in a .fam file, or genotypes are in another format.
    """
    found = find_filesets(listing, notes)
    if not found:
        raise InputError(_nothing(listing))
    used = {entry.path for one in found for entry in (one.bed, one.bim, one.fam)}
    names = _names(found)
    read_sets = []
    for one, name in zip(found, names, strict=True):
        read_sets.append((yield from _read_fileset(one, name, notes)))
    position: dict[str, int] = {}
    for subject in sorted({name for _, _, own in read_sets for name in own}, key=natural_key):
        position[subject] = len(position)
    for _, people, _own in read_sets:
        n_children = int(np.count_nonzero(~people.founders))
        if n_children:
            notes.warning(
                f"{_people(n_children)} with parents in the file: relatives count as independent here; the phenotype "
                "founder distinguishes them, and PLINK uses only founders for frequencies and Hardy-Weinberg"
            )
    phenotypes = read_tables_of_people(listing, position, _names_of_people(read_sets), used, notes)
    for name, phenotype in fam_phenotypes(position, read_sets, phenotypes.values()).items():
        if name.lower() not in {other.lower() for other in phenotypes}:
            phenotypes[name] = phenotype
    if not phenotypes:
        notes.warning(
            "No phenotypes: the .fam file has neither sex nor phenotype; drop a table with a column IID beside it"
        )
    foreign = _in_other_formats(listing)
    if foreign:
        notes.ignored(
            "Genotypes in formats that are not read; of VCF, PED and PGEN plink2 --make-bed makes the three files that "
            "are",
            foreign,
        )
    known = used.union(foreign)
    unused = [path for path in listing if path not in known]
    if unused:
        notes.ignored(f"{count(len(unused), 'file')} not recognised and not read", unused)
    variant_sets = {variants.name: _placed(variants, own, position, len(position)) for variants, _, own in read_sets}
    return Cohort(listing.name, tuple(position), phenotypes, variant_sets=variant_sets, log=notes.log())


def join(
    listing: Listing, subjects: Sequence[str], notes: Notes
) -> Steps[tuple[dict[str, VariantSet], IntArray, set[str]]]:
    """Read the filesets beside a cohort for its subjects.

    A fileset that cannot be read, or of nobody in the cohort, is left out; the log says why.

    Returns
    -------
    variant_sets : dict of str to VariantSet
    sexes : ndarray of int, shape (n_subjects,)
        1 male, 2 female, 0 unknown: of the .fam files, of several the first that knows.
    used : set of str
        Paths of the files.
    """
    found = find_filesets(listing, notes)
    position = {subject: row for row, subject in enumerate(subjects)}
    variant_sets, used = {}, set()
    sexes = np.zeros(len(subjects), dtype=np.intp)
    for one, name in zip(found, _names(found), strict=True):
        used |= {entry.path for entry in (one.bed, one.bim, one.fam)}
        try:
            variants, people, own = yield from _read_fileset(one, name, notes)
        except InputError as error:
            notes.warning(f"Genotypes were left out: {error}")
            continue
        named = [_subject(person, family, subject, position) for person, family, subject in
                 zip(own, people.families, people.subjects, strict=True)]  # fmt: skip
        strangers = [person for person, match in zip(own, named, strict=True) if match is None]
        twice = [match for match, n in Counter(named).items() if match is not None and n > 1]
        if len(strangers) == len(own) or twice:
            why = (
                f"several of its individuals are the same subject ({', '.join(twice[:5])})"
                if twice
                else f"none of its individuals ({', '.join(own[:3])}) is a subject of the cohort "
                f"({', '.join(list(position)[:3])}): names must be the same"
            )
            notes.warning(f"Genotypes {name} were left out: {why}")
            continue
        if strangers:
            notes.ignored(f"Genotypes ({name}) of individuals without demographics, excluded", strangers)
        matched = {match for match in named if match is not None}
        lacking = [subject for subject in subjects if subject not in matched]
        if lacking:
            notes.recognised(f"{count(len(lacking), 'subject')} without genotypes ({name})", lacking)
        variant_sets[name] = _placed(variants, named, position, len(subjects))
        for match, sex in zip(named, people.sexes.tolist(), strict=True):
            if match is not None and not sexes[position[match]]:
                sexes[position[match]] = sex
    return variant_sets, sexes, used


def find_filesets(listing: Listing, notes: Notes) -> list[Fileset]:
    """Return the complete filesets at any depth, in order; incomplete ones are reported in the log."""
    parts: dict[str, dict[str, Entry]] = {}
    for path, entry in listing.entries.items():
        stem, _, extension = path.rpartition(".")
        if extension.lower() in _EXTENSIONS and stem:
            parts.setdefault(stem, {})[extension.lower()] = entry
    for stem, entries in parts.items():
        lacking = [f"{stem}.{extension}" for extension in _EXTENSIONS if extension not in entries]
        if lacking and {"bed", "bim"} & {*entries}:
            notes.warning(f"Genotypes {stem} are incomplete: without {' and '.join(lacking)} they cannot be read")
    return [
        Fileset(stem, entries["bed"], entries["bim"], entries["fam"])
        for stem, entries in sorted(parts.items(), key=lambda item: natural_key(item[0]))
        if len(entries) == len(_EXTENSIONS)
    ]


# --- who ---------------------------------------------------------------------------------------


def _names(found: list[Fileset]) -> list[str]:
    """What each set is called: its file, with folders where two files have the same name."""
    files = Counter(one.name for one in found)
    return [one.name if files[one.name] == 1 else one.path for one in found]


def _read_fileset(one: Fileset, name: str, notes: Notes) -> Steps[tuple[VariantSet, FamTable, tuple[str, ...]]]:
    """Read a fileset, and return its people's names: the IID, with the FID where IIDs are not enough."""
    read = yield from read_plink(PlinkFiles(one.bed.read(), one.bim.read(), one.fam.read()), name)
    variants, people = clean_genotypes(*read, notes)
    if "" in people.subjects:
        raise InputError(
            f"{one.fam.path}, line {people.subjects.index('') + 1}: an individual identifier has no character that is "
            "seen; give that person a name"
        )
    pairs = list(zip(people.families, people.subjects, strict=True))
    twice = [f"{family} {subject}" for (family, subject), n in Counter(pairs).items() if n > 1]
    if twice:
        raise InputError(
            f"{one.fam.path} names {_people(len(twice))} twice ({', '.join(twice[:5])}); "
            "each needs a family and individual identifier of their own"
        )
    named = people.subjects
    if len(set(named)) < len(named):
        named = tuple(f"{family}_{subject}" for family, subject in pairs)
        notes.warning(f"{one.fam.path}: individual identifiers repeat, so subjects are called FID_IID")
    n_variants = len(variants.variant_ids)
    notes.recognised(f"Genotypes {name} (PLINK): {count(n_variants, 'variant')} of {_people(len(named))}")
    names = Counter(variants.variant_ids)
    repeated = [variant for variant, n in names.items() if n > 1]
    if repeated:
        notes.warning(f"Genotypes {name}: variants that have the same name; their positions distinguish them", repeated)
    if not named or not n_variants:
        raise InputError(f"{one.path} holds {_people(len(named))} and {count(n_variants, 'variant')}")
    return replace(variants, name=name), people, named


def clean_genotypes(variants: VariantSet, people: FamTable, notes: Notes) -> tuple[VariantSet, FamTable]:
    """Return what PLINK's files hold with clean names (`imagenomer.readers.notes.Notes.clean`)."""
    return (
        replace(
            variants,
            variant_ids=notes.clean_all(variants.variant_ids),
            chromosomes=notes.clean_all(variants.chromosomes),
            effect_alleles=notes.clean_all(variants.effect_alleles),
            other_alleles=notes.clean_all(variants.other_alleles),
        ),
        replace(
            people,
            families=notes.clean_all(people.families),
            subjects=notes.clean_all(people.subjects),
            fathers=notes.clean_all(people.fathers),
            mothers=notes.clean_all(people.mothers),
            phenotypes=notes.clean_all(people.phenotypes),
        ),
    )


def _people(n: int) -> str:
    return f"{n:,} {'individual' if n == 1 else 'individuals'}"


def _subject(person: str, family: str, individual: str, position: Mapping[str, int]) -> str | None:
    """Return which subject of a cohort somebody is: BIDS writes sub- before a name, or not."""
    for name in (person, individual, f"{family}_{individual}"):
        for candidate in (name, f"sub-{name}", name.removeprefix("sub-")):
            if candidate in position:
                return candidate
    return None


def _placed(
    variants: VariantSet, own: Sequence[str | None], position: Mapping[str, int], n_subjects: int
) -> VariantSet:
    """Return the set with one row a subject of the cohort."""
    rows = [-1 if name is None else position[name] for name in own]
    if rows == list(range(n_subjects)):
        return variants
    dosage = np.full((n_subjects, variants.dosage.shape[1]), -1, dtype=np.int8)
    for source, row in enumerate(rows):
        if row >= 0:
            dosage[row] = variants.dosage[source]
    return replace(variants, dosage=dosage)


# --- what is known of them -----------------------------------------------------------------------


def _names_of_people(read_sets: ReadSets) -> dict[str, str]:
    """Return the subject that a table may call by name or by FID_IID."""
    known: dict[str, str] = {}
    for _, people, own in read_sets:
        for name, family, subject in zip(own, people.families, people.subjects, strict=True):
            known[name] = known[f"{family}_{subject}"] = name
    return known


# --- what cannot be read -------------------------------------------------------------------------


def _in_other_formats(listing: Listing) -> list[str]:
    """Files of genotypes in formats that are not read."""
    return [path for path in listing if re.search(r"\.(pgen|bgen|(ped|vcf)(\.gz)?)$", path.lower())]


def _nothing(listing: Listing) -> str:
    """Say why there is no fileset here, and how to come by one."""
    for path in _in_other_formats(listing):
        extension = next(one for one in sorted(_OTHERS, key=len, reverse=True) if path.lower().endswith(one))
        return (
            f"{path} holds genotypes in a format that is not read here; PLINK makes the three files that are: "
            f"{_OTHERS[extension]} "
            "(with the name of your file for NAME), then drop NAME.bed, NAME.bim and NAME.fam"
        )
    lone = [path for path in listing if path.lower().endswith((".bed", ".bim"))]
    stem = lone[0].rpartition(".")[0]
    lacking = [f"{stem}.{extension}" for extension in _EXTENSIONS if f"{stem}.{extension}" not in listing]
    return f"{lone[0]} needs {' and '.join(lacking)} beside it; drop the three files together"
