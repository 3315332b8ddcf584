"""Joins: the people of tables and of scans, by a rule that is said; a doubtful one is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from imagenomer.cohort import Alternative, natural_key
from imagenomer.readers.claims import Connectivity, Table
from imagenomer.readers.columns import MISSING
from imagenomer.readers.evidence.ids import IdMatch, match_ids
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.people import columns_with_names, person_column, visit_column
from imagenomer.readers.recipe import NUMBERED, Question, Recipe


@dataclass(frozen=True, slots=True)
class PersonTable:
    """A table whose people are known.

    Attributes
    ----------
    table : Table
    person : str
        The column that names them.
    visit : str or None
        The column that tells several rows of a person apart.
    people : tuple of str
        One a row, as written but for blanks around.
    """

    table: Table
    person: str
    visit: str | None
    people: tuple[str, ...]

    @property
    def distinct(self) -> list[str]:
        return list(dict.fromkeys(self.people))


def person_tables(tables: Sequence[Table], names: Sequence[str], recipe: Recipe, notes: Notes) -> list[PersonTable]:
    """Return the tables that name people, the main one first: it is answered, or joins most of the scans' subjects."""
    found = []
    without = []
    for table in tables:
        answered = recipe.people.get("id")
        person = answered if answered in table.columns else table.person
        person = person or person_column(table.columns, names, recipe)
        if person is None:
            without.append(f"{table.source}: {', '.join(list(table.columns)[:10])}")
            continue
        kept = [row for row, cell in enumerate(table.columns[person]) if cell.strip().lower() not in MISSING]
        if len(kept) < table.n_rows:
            n_dropped = count(table.n_rows - len(kept), "row")
            notes.warning(f"{table.source}: {n_dropped} without a name in the column {person} were left out")
            columns = {name: [cells[row] for row in kept] for name, cells in table.columns.items()}
            table = replace(table, columns=columns)
        people = tuple(cell.strip() for cell in table.columns[person])
        if people:
            found.append(PersonTable(table, person, visit_column(table.columns, person, recipe), people))
    if without:
        notes.warning(
            "Tables without a column that names the people were left out; name it by a recipe: "
            '{"people": {"id": "COLUMN"}}',
            without,
        )
    main = recipe.people.get("table")

    def rank(one: PersonTable) -> tuple[object, ...]:
        joined = len(match_ids(names, one.people).pairs) if names else 0
        return (one.table.source != main, -joined, -len(one.distinct), natural_key(one.table.source))

    return sorted(found, key=rank)


def with_names(piece: Connectivity, tables: Sequence[PersonTable], recipe: Recipe) -> tuple[str, ...]:
    """Return the names of the subjects of a piece's scans: its own, or those that a recipe gives them.

    Raises
    ------
    Question
        If it has none and no recipe says whose the scans are.
    """
    own = tuple(scan.subject for scan in piece.scans)
    answer = recipe.file(piece.pattern).get("people")
    places = _places(piece)
    if answer == NUMBERED and not piece.named:
        return tuple(places)
    fitting = _in_order(piece, tables)
    if answer is not None and answer != NUMBERED:
        chosen = next((one for one in fitting if one.table.source == answer), None)
        if chosen is None:
            raise Question(
                f"the recipe takes the rows of {answer!r} for the {len(places)} subjects of {piece.source}; no table "
                "of this name has as many rows, each of another person",
                people_alternatives(piece, tables, None),
            )
        named = dict(zip(places, chosen.people, strict=True))
        return tuple(named[name] for name in own) if piece.by_place else chosen.people
    if piece.named:
        return own
    raise Question(
        f"{piece.source} holds connectivity of {count(len(own), 'scan')} and does not say whose",
        people_alternatives(piece, tables, None),
    )


def people_alternatives(
    piece: Connectivity, tables: Sequence[PersonTable], answer: str | None
) -> tuple[Alternative, ...]:
    """Return whose the scans of a piece without names may be, the answer of a recipe (None: none) among them."""

    def alternative(meaning: str, people: str) -> Alternative:
        return Alternative(meaning, {"files": {piece.pattern: {"people": people}}}, answer == people)

    ways = [
        alternative(f"They are in the order of the rows of {one.table.source}", one.table.source)
        for one in _in_order(piece, tables)
    ]
    if not piece.named:
        ways.append(alternative("Call the subjects 1, 2, 3 …", NUMBERED))
    return tuple(ways)


def _places(piece: Connectivity) -> list[str]:
    """Return names for the subjects of a piece that says nothing but their places."""
    own = [scan.subject for scan in piece.scans]
    return sorted(set(own), key=natural_key) if piece.by_place else [str(n) for n in range(1, len(own) + 1)]


def _in_order(piece: Connectivity, tables: Sequence[PersonTable]) -> list[PersonTable]:
    """Return the tables that have as many rows as a piece has subjects, each of another person."""
    n = len(_places(piece))
    return [one for one in tables if len(one.people) == n == len(one.distinct)]


def join_scans(
    names: Sequence[str],
    main: PersonTable,
    recipe: Recipe,
    notes: Notes,
    *,
    by_place: bool,
    in_order: Sequence[Alternative] = (),
) -> IdMatch:
    """Return which person of the main table each subject of scans is; those in no row are not in it.

    Of scans whose subjects are places in an order, ``in_order`` are the tables that may have the same one.

    Raises
    ------
    Question
        If nobody is joined, or the numbers of both run beside each other.
    """
    source = main.table.source
    match = match_ids(names, main.people, "as written" if by_place else recipe.people.get("join"))
    distinct = sorted(set(names), key=natural_key)
    shown = f"{', '.join(distinct[:3])} … of the scans, {', '.join(main.distinct[:3])} … of {source}"
    leave_out = Alternative("Open the scans without this table", {"files": {source: {"ignore": True}}})
    if match.shift and "join" not in recipe.people:
        same = Alternative("The same numbers are the same people", {"people": {"join": "last number"}})
        raise Question(f"the names of subjects ({shown}) may be one off: {match.shift}", [same, leave_out])
    if not match.pairs:
        other = [
            Alternative(f"The column {name} names them", {"people": {"id": name}})
            for name in columns_with_names(main.table.columns)
            if name != main.person
        ]
        raise Question(f"no subject of the scans is in {source} ({shown})", [*in_order, *other, leave_out])
    if match.rule != "as written":
        examples = [f"{ours} = {theirs}" for ours, theirs in list(match.pairs.items())[:5]]
        notes.recognised(f"Subjects of scans and of {source}: {match.words}", examples)
    return match


def join_tables(main: PersonTable, other: PersonTable, recipe: Recipe) -> IdMatch:
    """Return who of another table is who of the main one; nobody where their numbers may be one off."""
    match = match_ids(other.people, main.people, recipe.people.get("join"))
    return IdMatch("", {}, match.shift) if match.shift else match


def first_rows(people: Sequence[str], persons: Mapping[str, str]) -> dict[str, int]:
    """Return the first row of each person, by the name that ``persons`` gives it."""
    rows: dict[str, int] = {}
    for row, name in enumerate(people):
        if name in persons:
            rows.setdefault(persons[name], row)
    return rows
