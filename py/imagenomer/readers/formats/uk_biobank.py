"""UK Biobank: connectivity of the bulk fields 25750 to 25755, one text a person, and the main table (.tab, .csv).

FMRIB takes the upper triangle column by column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from imagenomer.cohort import natural_key
from imagenomer.progress import Progress, Steps
from imagenomer.readers.claims import CERTAIN, Claim, Piece, Table
from imagenomer.readers.columns import is_missing
from imagenomer.readers.evidence.order import Layout, decide, layouts_of
from imagenomer.readers.evidence.tables import read_text_table
from imagenomer.readers.families import Family, Member
from imagenomer.readers.formats.scan_files import connectivity, read_scan
from imagenomer.readers.formats.text_tables import piece_of
from imagenomer.readers.layouts import chosen_layout
from imagenomer.readers.listing import Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.notes import Notes
from imagenomer.readers.recipe import Recipe
from imagenomer.readers.tables import ColumnFacts, with_labels

ACCEPTS = "UK Biobank's bulk connectivity (25750 to 25753) and its main table"

_BULK = re.compile(r"(?:.*/)?([0-9]{7})_(2575[0-3])_([0-9])_[0-9]\.txt")
_FIELD = re.compile(r"(?:f\.|p)?([0-9]+)(?:[.\-_]i?([0-9]+))?(?:[._]a?([0-9]+))?")
_NAMES = {
    "25750": "full correlation, 25 dimensions, as z scores",
    "25751": "full correlation, 100 dimensions, as z scores",
    "25752": "partial correlation, 25 dimensions, as z scores",
    "25753": "partial correlation, 100 dimensions, as z scores",
}
_SIZES = {"25750": 21, "25751": 55, "25752": 21, "25753": 55}
#: Fields that are always the same, in words.
_WORDS = {
    "31": "sex", "54": "assessment centre", "21003": "age at the visit (years)",
    "25741": "mean rfMRI head motion (mm)", "25756": "scanner lateral position", "25757": "scanner transverse position",
    "25758": "scanner longitudinal position", "25759": "scanner table position", "34": "year of birth",
}  # fmt: skip
#: What some codes of fields mean, the same in all fields that participants answered.
_SEX = {"0": "Female", "1": "Male"}
_ANSWERS = {"-1": "Do not know", "-3": "Prefer not to answer", "-7": "None of the above"}
#: More whole numbers than these are amounts, of which only those above are answers.
_MOST_CODES = 30


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim bulk files by their names, and the table by the names of its columns."""
    bulk = _BULK.fullmatch(family.members[0].path)
    if bulk is not None:
        return Claim(family, f"UK Biobank {bulk[2]}: {_NAMES[bulk[2]]}", CERTAIN, bulk[2])
    if len(family.members) == 1 and family.extension in ("tab", "csv", "tsv", "txt"):
        first = re.split(rb"[\r\n]", family.members[0].entry.read(0, 65_536), maxsplit=1)[0].decode("latin-1")
        cells = [cell.strip('"') for cell in re.split(r"[\t,]", first)]
        if cells[0] in ("f.eid", "eid") and any(re.match(r"(f\.|p)?[0-9]+([._-]|$)", cell) for cell in cells[1:]):
            return Claim(family, "UK Biobank's table", CERTAIN)
    return None


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Make a measure of a bulk field, or a table of people.

    Raises
    ------
    InputError
        If the table cannot be read, or files hold another number of values than the field has.
    """
    yield Progress(f"Reading {claim.family.pattern}")
    if claim.details is None:
        return [_table(claim.family.members[0], notes)]
    field = str(claim.details)
    pattern = claim.family.pattern
    members = tuple(_of_instance(member) for member in claim.family.members)
    family = Family(pattern, "txt", members)
    looks = [read_scan(member.entry) for member in members[:5]]
    n_values = looks[0].form[0]
    evidence = decide(np.array([look.values for look in looks if look.form == looks[0].form], dtype=np.float64))
    answers = recipe.file(pattern)
    documented = next((one for one in layouts_of(n_values) if one == Layout(_SIZES[field], "columns", False)), None)
    layout = documented if documented is not None and "order" not in answers else None
    sentences = [f"{_NAMES[field]}; FMRIB writes the upper triangle column by column"]
    if layout is None:
        layout = chosen_layout(pattern, len(members), evidence, answers)
    if evidence.layout is not None and evidence.layout != layout:
        notes.warning(f"{pattern}: its values speak for {evidence.layout.words} ({'; '.join(evidence.sentences)})")
    sentences += evidence.sentences
    measure = answers.get("measure", f"z score {field}")
    return [connectivity(family, measure, "scaled", layout, layout.n_parcels, (), sentences, recipe, notes)]


def _of_instance(member: Member) -> Member:
    found = _BULK.fullmatch(member.path)
    return member if found is None else Member(member.entry, found[1], found[3])


def _table(member: Member, notes: Notes) -> Table:
    """Return the table with what fields are as their descriptions."""
    table = piece_of(read_text_table(member.entry.read(), member.path), member.path, {}, notes)
    facts = {}
    for name in table.columns:
        found = _FIELD.fullmatch(name)
        if found is not None:
            visit = f", visit {found[2]}" if found[2] else ""
            words = f"{_WORDS.get(found[1], 'field ' + found[1])}{visit}"
            facts[name] = _facts_of(found[1], words, table.columns[name])
    person = next(iter(table.columns))
    columns, facts = with_labels(table.columns, facts)
    return Table(member.path, columns, facts, person, table.decimal_comma, table.sentences)


def _facts_of(field: str, words: str, cells: Sequence[str]) -> ColumnFacts:
    """Return what is known of a field: few whole numbers with answers among them are codes, more are amounts."""
    present = {cell.strip() for cell in cells if not is_missing(cell)}
    codes = sorted({cell.partition(".")[0] for cell in present}, key=natural_key)
    if any(re.fullmatch(r"-?[0-9]+(\.0*)?", cell) is None for cell in present):
        return ColumnFacts(words)
    if field == "31" and {*codes} <= {*_SEX}:
        return ColumnFacts(words, levels=tuple(_SEX.values()), labels=_SEX)
    answers = {code: meaning for code, meaning in _ANSWERS.items() if code in codes}
    if field == "54" or (answers and len(codes) <= _MOST_CODES):
        labels = {code: answers.get(code, code) for code in codes}
        return ColumnFacts(words, levels=tuple(labels.values()), labels=labels)
    told = "; ".join(f"{code} = {meaning}" for code, meaning in answers.items() if code != "-7")
    return ColumnFacts(f"{words} ({told})" if told else words)
