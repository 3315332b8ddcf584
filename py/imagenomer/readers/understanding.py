"""Understanding: which format has which family, and what a listing is then taken for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from imagenomer.cohort import Scan
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.claims import OF_NO_USE, Claim, Connectivity, Parcels, Piece, ScanQuality, Table, Unread
from imagenomer.readers.columns import clean_header
from imagenomer.readers.families import Family, families_of
from imagenomer.readers.formats import load_formats
from imagenomer.readers.listing import Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.notes import Notes
from imagenomer.readers.recipe import Question, Questions, Recipe, is_of
from imagenomer.wording import plural

#: Read elsewhere: genotypes, and the table of parcels.
_ELSEWHERE = ("bed", "bim", "fam")
_NOT_DATA = ("atlas.tsv", "dataset_description.json", "participants.json")


@dataclass(slots=True)
class Pieces:
    """What was made of the files of a listing.

    Attributes
    ----------
    tables, connectivity, quality, parcels : list
    unread : list of Unread
        Known, and not read.
    ignored : list of str
        Families that a recipe leaves out.
    patterns : list of str
        Families that formats know.
    unknown : list of str
        Families that nothing knows.
    problems : list of InputError
        Of families that were claimed and could not be read; among them the questions.
    """

    tables: list[Table] = field(default_factory=list)
    connectivity: list[Connectivity] = field(default_factory=list)
    quality: list[ScanQuality] = field(default_factory=list)
    parcels: list[Parcels] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    problems: list[InputError] = field(default_factory=list)

    def pattern_of(self, source: str) -> str:
        """Return the family of a piece: its source may name a part of a file too."""
        return next((one for one in self.patterns if is_of(source, one)), source)

    def add(self, pieces: Sequence[Piece], notes: Notes) -> None:
        """Sort pieces by what they are; their names and texts are clean from here on."""
        for piece in pieces:
            if isinstance(piece, Table):
                person = None if piece.person is None else notes.clean(piece.person).strip()
                self.tables.append(replace(piece, columns=_clean_columns(piece.columns, notes), person=person))
            elif isinstance(piece, Connectivity):
                scans = tuple(_clean_scan(scan, notes) for scan in piece.scans)
                labels = tuple(notes.clean(label) or f"Parcel {n}" for n, label in enumerate(piece.labels, start=1))
                self.connectivity.append(replace(piece, scans=scans, labels=labels))
            elif isinstance(piece, ScanQuality):
                self.quality.append(replace(piece, columns=_clean_columns(piece.columns, notes)))
            elif isinstance(piece, Parcels):
                labels, networks = notes.clean_all(piece.table.labels), notes.clean_all(piece.table.networks)
                self.parcels.append(replace(piece, table=replace(piece.table, labels=labels, networks=networks)))
            else:
                self.unread.append(piece)


def _clean_columns(columns: Mapping[str, list[str]], notes: Notes) -> dict[str, list[str]]:
    names = clean_header(list(columns), notes)
    return {name: [notes.clean(cell) for cell in cells] for name, cells in zip(names, columns.values(), strict=True)}


def _clean_scan(scan: Scan, notes: Notes) -> Scan:
    parts = (notes.clean(part).strip() for part in (scan.task, scan.subject, scan.session, scan.run))
    return Scan(*parts)


def claims_of(listing: Listing, recipe: Recipe) -> Steps[tuple[list[tuple[str, Claim]], list[Family]]]:
    """Return the claims on families, each with its format, and the families that nobody claims."""
    claims: list[tuple[str, Claim]] = []
    unknown: list[Family] = []
    patterns: list[str] = []
    look = Look(listing)
    for family in families_of(listing):
        if family.extension in _ELSEWHERE or family.pattern in _NOT_DATA:
            continue
        yield Progress(f"Looking at {family.pattern}")
        look.forget()
        best = _best(family, look, recipe)
        found = [(one, best or _best(one, look, recipe)) for one in ([family] if best else family.split())]
        patterns.extend(one.pattern for one, _ in found)
        if len(found) > 1 and all(own is None or own[1].certainty == OF_NO_USE for _, own in found):
            # Files that are of no use one by one are named together.
            first = found[0][1]
            found = [(family, first and (first[0], replace(first[1], family=family)))]
            patterns.append(family.pattern)
        for one, own in found:
            if own is None:
                unknown += _without_dictionaries(one, listing)
            else:
                claims.append(own)
    recipe.check_files(patterns)
    return claims, unknown


def _without_dictionaries(family: Family, listing: Listing) -> list[Family]:
    """Return a family without the JSON that describes other files: one of the same name, or all of a kind (BIDS)."""
    if family.extension != "json":
        return [family]
    stems = {path.rpartition(".")[0].removesuffix(".nii") for path in listing if not path.lower().endswith(".json")}
    kinds = {stem.rpartition("/")[2].rpartition("_")[2] for stem in stems}
    kept = tuple(
        member
        for member in family.members
        if (stem := member.path.rpartition(".")[0]) not in stems
        and stem.rpartition("/")[2].rpartition("_")[2] not in kinds
        and member.path not in _NOT_DATA
    )
    if len(kept) == 1:
        return [Family(kept[0].path, family.extension, kept)]
    return [replace(family, members=kept)] if kept else []


def _best(family: Family, look: Look, recipe: Recipe) -> tuple[str, Claim] | None:
    """Return the surest claim on a family, of equally sure ones that of the first format."""
    found = [(name, one) for name, form in load_formats().items() if (one := form.claim(family, look, recipe))]
    return max(found, key=lambda item: item[1].certainty, default=None)


def read_pieces(
    claims: Sequence[tuple[str, Claim]], unknown: Sequence[Family], listing: Listing, recipe: Recipe, notes: Notes
) -> Steps[Pieces]:
    """Read what is claimed; a family that cannot be read is a problem, which stops nothing."""
    pieces = Pieces(
        unknown=[_shown(family) for family in unknown], patterns=[claim.family.pattern for _, claim in claims]
    )
    for name, claim in claims:
        if recipe.file(claim.family.pattern).get("ignore"):
            pieces.ignored.append(claim.family.pattern)
            continue
        try:
            pieces.add((yield from load_formats()[name].read(claim, listing, recipe, notes)), notes)
        except InputError as error:
            pieces.problems.append(error)
    return pieces


def raise_problems(problems: Sequence[InputError]) -> None:
    """Raise the questions among problems, all in one, or else the first problem; nothing where there is none."""
    questions = [problem for problem in problems if isinstance(problem, Question)]
    if len(questions) > 1:
        raise Questions(questions)
    for problem in (*questions, *problems):
        raise problem


def _shown(family: Family) -> str:
    n = len(family.members)
    return family.pattern if n == 1 else f"{family.pattern} ({plural(n, 'file')})"
