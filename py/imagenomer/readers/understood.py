"""Understood: what the screen "What I understood" tells of a cohort, each line with the other ways to read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from imagenomer.cohort import Alternative, Understanding, natural_key
from imagenomer.parcellation import plain_parcellation
from imagenomer.readers.assembly import Assembly, ParcelChoice
from imagenomer.readers.claims import Connectivity
from imagenomer.readers.column_lines import column_lines
from imagenomer.readers.evidence.ids import RULES, match_ids
from imagenomer.readers.joins import PersonTable, people_alternatives
from imagenomer.readers.measures import KINDS
from imagenomer.readers.people import columns_with_names, columns_with_visits, is_called_so
from imagenomer.readers.recipe import Question
from imagenomer.readers.versions import names_of_scans, rivals_of
from imagenomer.types import JsonObject
from imagenomer.wording import plural


def understood(own: Assembly, variant_sets: Sequence[str]) -> tuple[Understanding, ...]:
    """Return what the files of a cohort were taken for, in the order of the screen."""
    lines = [*_people(own), *_scans(own), *_connectivity(own), *own.gaps]
    if own.parcels is not None:
        lines.append(_parcels(own.parcels))
    lines += [*_phenotypes(own), *column_lines(own.doubts, own.recipe.columns)]
    lines += [Understanding("genotypes", name) for name in variant_sets]
    return (*lines, *_not_used(own))


def _people(own: Assembly) -> Iterator[Understanding]:
    if not own.tables:
        yield Understanding("people", f"{len(own.position):,}, of the scans", certain=False)
        return
    main, answers = own.tables[0], own.recipe.people
    source = main.table.source
    tables = [Alternative(one.table.source, {"people": {"table": one.table.source}}, one is main) for one in own.tables]
    yield Understanding("people", f"{len(own.position):,} in {source}", alternatives=_several(tables))
    columns = list(dict.fromkeys([main.person, *columns_with_names(main.table.columns)]))
    joined = own.match is not None
    certain = bool(is_called_so(main.person) or joined or main.table.person or "id" in answers)
    named = [Alternative(name, {"people": {"id": name}}, name == main.person) for name in columns]
    yield Understanding(
        "people",
        f"The column {main.person} names them",
        certain=certain,
        alternatives=_several(named) if certain else tuple(named),
    )
    if own.match is None:
        return
    names = sorted({scan.subject for piece in own.used for scan in piece.scans}, key=natural_key)
    strangers = [name for name in names if name not in own.persons]
    text = f"{len(own.persons):,} of {plural(len(names), 'subject')} of scans found in {source}, {_BY[own.match.rule]}"
    yield Understanding(
        "people",
        text,
        tuple(f"not in {source}: {name}" for name in strangers),
        certain=not strangers or "join" in answers,
        alternatives=_rules(own, names, in_doubt=bool(strangers)),
    )


#: How names were compared, in words.
_BY = {
    "as written": "by their names as written",
    "letters and digits": "by letters and digits of their names",
    "without leading zeros": "by their names without leading zeros",
    "last number": "by the last number in their names",
    "last part": "by the last part of their names",
}


def _rules(own: Assembly, names: Sequence[str], *, in_doubt: bool) -> tuple[Alternative, ...]:
    """Return the rules by which names join, of those that join the same people the one that was used or the first.

    A single one is returned where it is in doubt, to be confirmed.
    """
    if own.match is None or any(piece.by_place for piece in own.used):
        return ()
    found = {frozenset(own.match.pairs.items()): own.match}
    for rule in RULES:
        match = match_ids(names, own.tables[0].people, rule)
        if match.pairs:
            found.setdefault(frozenset(match.pairs.items()), match)
    rules = tuple(
        Alternative(f"{len(one.pairs):,} {_BY[one.rule]}", {"people": {"join": one.rule}}, one is own.match)
        for one in found.values()
    )
    return rules if in_doubt else _several(rules)


def _scans(own: Assembly) -> Iterator[Understanding]:
    if not own.scans:
        return
    n_subjects = len({scan.subject for scan in own.scans})
    without = len(own.position) - n_subjects
    text = f"{plural(len(own.scans), 'scan')} of {plural(n_subjects, 'subject')}"
    text += f"; {plural(without, 'subject')} without" if without else ""
    text += f"; {plural(len(own.set_aside), 'scan')} set aside" if own.set_aside else ""
    yield Understanding("scans", text, tuple(scan.title for scan in own.scans))
    used = {piece.source for piece in own.used}
    for piece in own.pieces.connectivity:
        # Of a piece that is not used the question itself is told.
        if piece.source not in used or (piece.named and not piece.by_place):
            continue
        answer = own.recipe.file(piece.pattern).get("people")
        joined = piece.by_place and own.match is not None
        yield Understanding(
            "scans",
            f"{piece.source} does not say whose its scans are",
            certain=answer is not None or joined,
            alternatives=people_alternatives(piece, own.tables, answer),
        )


def _connectivity(own: Assembly) -> Iterator[Understanding]:
    for name, pieces in own.chosen.items():
        for piece in pieces:
            answered = bool(own.recipe.file(piece.pattern)) or name in own.recipe.use
            rivals = rivals_of(piece, own.versions.get(name, []))
            left_out = any(one not in pieces for one in rivals)
            n_versions = 1 + sum(one not in pieces for one in own.versions.get(name, []))
            among = f", one of {n_versions} versions" if n_versions > 1 else ""
            also = "; other files have the same people, parcels and units: versions of these scans, or other scans?"
            yield Understanding(
                "connectivity",
                f"{name} from {piece.source}{also if left_out else among}",
                piece.sentences,
                certain=(piece.kind is not None and not left_out) or answered,
                alternatives=(*_ways_to_use(own, name, piece, pieces, rivals), _leave_out(piece.pattern)),
            )
            if len(piece.orders) > 1:
                order = next((one.meaning for one in piece.orders if one.chosen), "")
                text = f"Edges of {name} are read as {order[:1].lower()}{order[1:]}"
                yield Understanding("connectivity", text, alternatives=piece.orders)


def _ways_to_use(
    own: Assembly, name: str, piece: Connectivity, used: Sequence[Connectivity], rivals: Sequence[Connectivity]
) -> list[Alternative]:
    """Return which version is used, or that files of the same people are sessions or tasks."""
    patterns = [one.pattern for one in rivals]
    ways, taken = [], False
    for what in ("session", "task"):
        names = dict(zip(patterns, names_of_scans(patterns), strict=False))
        told: dict[str, JsonObject] = {pattern: {what: one} for pattern, one in names.items()}
        if told:
            chosen = all(own.recipe.file(pattern).get(what) == one for pattern, one in names.items())
            taken = taken or chosen
            meaning = f"All of them: they are the {what}s {', '.join(names.values())}"
            ways.append(Alternative(meaning, {"files": told}, chosen))
    if not taken:
        return [*_versions(own, name, piece, used), *ways]
    versions: dict[str, JsonObject] = {pattern: {"session": "", "task": ""} for pattern in patterns}
    return [*ways, Alternative("They are versions of the same scans", {"files": versions})]


def _versions(own: Assembly, name: str, piece: Connectivity, used: Sequence[Connectivity]) -> list[Alternative]:
    """Return the versions of a measure that might be used; those that go on from each other are one."""
    others = [one for one in own.versions.get(name, []) if one not in used]
    versions = [piece, *others]
    return [
        Alternative(
            f"{one.source} ({plural(len(one.scans), 'scan')} of {one.n_parcels} parcels, {KINDS[one.kind]})",
            {"use": {name: one.source}, "files": {one.pattern: {"ignore": False}}},
            one is piece,
        )
        for one in versions
    ]


def _parcels(choice: ParcelChoice) -> Understanding:
    found = choice.parcellation
    named = found.labels != plain_parcellation(found.n_parcels).labels
    way = "open a table of parcels (label, x, y, z, network; .node of BrainNet Viewer) with the files"
    return Understanding(
        "parcels",
        found.name if named else f"{found.name} without names",
        () if named else (way,),
        certain=choice.certain,
        alternatives=choice.alternatives,
    )


def _phenotypes(own: Assembly) -> Iterator[Understanding]:
    for source, names in own.columns_of.items():
        ways = _use_or_not(own.pieces.pattern_of(source))
        text = (
            f"{len(names):,} from {source}" if names else f"None from {source}: other tables have its columns already"
        )
        yield Understanding("phenotypes", text, names, alternatives=ways)
    for source, people in own.repeated.items():
        yield _of_repeated(own, next(one for one in own.tables if one.table.source == source), people)


def _of_repeated(own: Assembly, one: PersonTable, people: Sequence[str]) -> Understanding:
    """Say what is done with several rows of a person, and which columns may tell that these are visits."""
    done = "the first row is used" if one.visit is None else f"the column {one.visit} tells the visits"
    first = Alternative("Use the first row of each", {"people": {"visit": ""}}, one.visit is None)
    others = [
        Alternative(f"The column {name} tells the visits", {"people": {"visit": name}}, name == one.visit)
        for name in columns_with_visits(one.table.columns, one.person)
    ]
    return Understanding(
        "phenotypes",
        f"{plural(len(people), 'subject')} with several rows in {one.table.source}; {done}",
        tuple(people),
        certain="visit" in own.recipe.people,
        alternatives=(first, *others),
    )


def _not_used(own: Assembly) -> Iterator[Understanding]:
    for pattern in own.pieces.ignored:
        yield Understanding(
            "not used", pattern, ("left out, as the recipe says",), alternatives=_use_or_not(pattern, used=False)
        )
    for source, why in own.left_out.items():
        leave = _leave_out(own.pieces.pattern_of(source))
        yield Understanding("not used", source, (why,), certain=False, alternatives=(leave,))
    known = {one.table.source for one in own.tables}
    for table in own.pieces.tables:
        if table.source not in known:
            ways = [
                Alternative(f"The column {name} names them", {"people": {"id": name}})
                for name in columns_with_names(table.columns)
            ]
            yield Understanding(
                "not used", table.source, ("no column names people",), certain=False, alternatives=tuple(ways)
            )
    for name, pieces in own.versions.items():
        if name not in own.chosen:
            used = {piece.pattern: {"ignore": True} for piece in own.used}
            parcels = f"{pieces[0].n_parcels} parcels, and the others have {own.used[0].n_parcels}"
            instead = Alternative(f"Use it instead of {', '.join(used)}", {"files": used})
            yield Understanding("not used", pieces[0].source, (parcels,), certain=False, alternatives=(instead,))
    for one in own.pieces.unread:
        yield Understanding("not used", one.source, (one.why,))
    for name in own.pieces.unknown:
        yield Understanding("not used", name, ("not recognised",))
    for problem in own.pieces.problems:
        if isinstance(problem, Question):
            yield Understanding("not used", problem.found, certain=False, alternatives=problem.alternatives)
        else:
            yield Understanding("not used", str(problem), certain=False)


def _use_or_not(pattern: str, *, used: bool = True) -> tuple[Alternative, ...]:
    return Alternative("Use it", {"files": {pattern: {"ignore": False}}}, used), _leave_out(pattern, chosen=not used)


def _leave_out(pattern: str, *, chosen: bool = False) -> Alternative:
    return Alternative("Leave it out", {"files": {pattern: {"ignore": True}}}, chosen)


def _several(alternatives: Iterable[Alternative]) -> tuple[Alternative, ...]:
    """Return alternatives where there are several."""
    found = tuple(alternatives)
    return found if len(found) > 1 else ()
