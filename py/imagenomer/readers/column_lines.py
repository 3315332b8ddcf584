"""Column lines: what the screen "What I understood" tells of doubtful columns, each with the other ways to read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from imagenomer.cohort import Alternative, Understanding
from imagenomer.readers.doubts import CodeUse, ColumnDoubts, OddTexts
from imagenomer.types import JsonObject
from imagenomer.wording import plural

#: Columns in doubt that have a line of their own; of more one line tells.
_MOST_LINES = 6
#: Codes of a column that are shown.
_MOST_CODES = 8


def column_lines(doubts: ColumnDoubts, answers: Mapping[str, JsonObject]) -> Iterator[Understanding]:
    """Return the lines about columns; ``answers`` are those of the recipe, by column."""
    yield from _missing_codes(doubts)
    for name, read_as in doubts.commas.items():
        yield _of_commas(name, read_as, certain="decimal" in answers.get(name, {}))
    yield from _levels(doubts, answers)
    yield from _few(
        [_of_odd(name, odd, answers.get(name, {})) for name, odd in doubts.odd.items()], "Texts among numbers"
    )
    coded = {name: _of_coded(name, values, answers.get(name, {})) for name, values in doubts.coded.items()}
    binary = [line for name, line in coded.items() if len(doubts.coded[name]) == 2]
    yield from _few(binary, "Two whole numbers")
    yield from _few([line for line in coded.values() if line not in binary], "Whole numbers that look like codes")


def _few(lines: list[Understanding], what: str) -> Iterator[Understanding]:
    """Yield lines, or one for all where they are many."""
    if len(lines) <= _MOST_LINES:
        yield from lines
    else:
        yield _together(what, lines)


def _of_odd(name: str, odd: OddTexts, answer: JsonObject) -> Understanding:
    told = ", ".join(f"{text} ({_times(n)})" for text, n in odd.texts.items())
    missing: list[object] = [*odd.texts, *odd.codes]
    is_number = answer.get("kind") == "number"
    as_numbers: JsonObject = {"columns": {name: {"kind": "number", "missing": missing}}}
    as_levels: JsonObject = {"columns": {name: {"kind": "category", "missing": []}}}
    codes = f"; {_listed(odd.codes)} too" if odd.codes else ""
    return Understanding(
        "phenotypes",
        f"{name}: numbers and {told}, read as {'numbers' if is_number else 'a category'}",
        certain=bool(answer.keys() & {"kind", "role", "labels", "order"}),
        alternatives=(
            Alternative(f"Read it as numbers, without {', '.join(odd.texts)}{codes}", as_numbers, is_number),
            Alternative("Keep it as a category", as_levels, not is_number),
        ),
    )


def _of_coded(name: str, values: Sequence[float], answer: JsonObject) -> Understanding:
    is_category = answer.get("kind") == "category" or bool(answer.keys() & {"labels", "order"})
    is_category = is_category or answer.get("role") == "site"
    is_left_out = answer.get("kind") == "ignore" or answer.get("role") == "id"
    shown = ", ".join(f"{value:g}" for value in values[:_MOST_CODES]) + (" …" if len(values) > _MOST_CODES else "")
    now = "left out" if is_left_out else "read as a category" if is_category else "read as numbers"
    return Understanding(
        "phenotypes",
        f"{name}: {shown}, {now}",
        () if len(values) == 2 or is_category else ("if these are codes, as numbers they would enter models linearly",),
        # Of two values, models of numbers and of categories are the same.
        certain=len(values) == 2 or bool(answer.keys() & {"kind", "role", "labels", "order"}),
        alternatives=(
            Alternative("Make it a category", {"columns": {name: {"kind": "category"}}}, is_category),
            Alternative(
                "Keep the numbers", {"columns": {name: {"kind": "number"}}}, not is_category and not is_left_out
            ),
        ),
    )


def _levels(doubts: ColumnDoubts, answers: Mapping[str, JsonObject]) -> Iterator[Understanding]:
    spelled = [_of_spellings(name, usual, answers.get(name, {})) for name, usual in doubts.alike.items()]
    dates = [_of_dates(name, why, answers.get(name, {})) for name, why in doubts.dates.items()]
    for lines, what in ((spelled, "Levels spelled in several ways"), (dates, "Dates")):
        yield from _few(lines, what)


def _together(what: str, lines: list[Understanding]) -> Understanding:
    """Return one line for many; what is taken of each is an answer of its own."""
    ways = []
    for place in range(min(len(line.alternatives) for line in lines)):
        columns = {name: said for line in lines for name, said in line.alternatives[place].recipe["columns"].items()}
        chosen = all(line.alternatives[place].chosen for line in lines)
        ways.append(Alternative(lines[0].alternatives[place].meaning, {"columns": columns}, chosen))
    return Understanding(
        "phenotypes",
        f"{what} in {plural(len(lines), 'column')}",
        tuple(line.text for line in lines),
        certain=all(line.certain for line in lines),
        alternatives=tuple(ways),
    )


def _of_spellings(name: str, usual: Mapping[str, str], answer: JsonObject) -> Understanding:
    labels = answer.get("labels") or {}
    merged = all(labels.get(level) == labels.get(most, most) for level, most in usual.items() if level != most)
    groups: dict[str, list[str]] = {}
    for level, most in usual.items():
        groups.setdefault(most, []).append(level)
    together: JsonObject = {"columns": {name: {"labels": dict(usual)}}}
    apart: JsonObject = {"columns": {name: {"labels": {level: level for level in usual}}}}
    return Understanding(
        "phenotypes",
        f"{name}: levels that are spelled in several ways: "
        + "; ".join(" = ".join(levels) for levels in groups.values()),
        certain=bool(answer.keys() & {"labels", "kind", "role"}),
        alternatives=(
            Alternative("Count them as one", together, merged),
            Alternative("Keep them apart", apart, not merged),
        ),
    )


def _of_dates(name: str, why: str, answer: JsonObject) -> Understanding:
    is_date = answer.get("role") == "date"
    ways = [Alternative("Keep them as categories", {"columns": {name: {"role": "none"}}}, not is_date)]
    if not why:
        ways.insert(0, Alternative("Read them as years", {"columns": {name: {"role": "date"}}}, is_date))
    return Understanding(
        "phenotypes",
        f"{name}: dates" + (", read as years" if is_date else ", read as a category"),
        (why,) if why else (),
        certain=bool(answer.keys() & {"role", "kind", "labels"}),
        alternatives=tuple(ways),
    )


#: What commas in numbers may be, by the answer of a recipe.
_COMMAS = {",": "Decimal commas", ".": "They part thousands", "none": "Leave the column as texts"}


def _of_commas(name: str, read_as: str, *, certain: bool) -> Understanding:
    return Understanding(
        "phenotypes",
        f"{name}: commas that may be decimal or part thousands",
        certain=certain,
        alternatives=tuple(
            Alternative(meaning, {"columns": {name: {"decimal": mark}}}, mark == read_as)
            for mark, meaning in _COMMAS.items()
        ),
    )


# --- codes for missing values ---------------------------------------------------------------------


def _missing_codes(doubts: ColumnDoubts) -> Iterator[Understanding]:
    """Say which codes were read as missing, and which numbers may be such, column by column where these are few."""
    described = {
        name: Understanding(
            "phenotypes",
            f"{name}: {_use_words(use)}",
            certain=use.found.documented or use.certain,
            alternatives=_code_alternatives(name, use),
        )
        for name, use in doubts.codes.items()
    }
    if len(described) <= _MOST_LINES:
        yield from described.values()
        return
    uses = list(doubts.codes.values())
    keep: JsonObject = {"columns": {name: {"missing": []} for name in described}}
    read: JsonObject = {"columns": {name: {"missing": sorted(use.found.codes)} for name, use in doubts.codes.items()}}
    yield Understanding(
        "phenotypes",
        f"Codes for missing values in {plural(len(described), 'column')}",
        tuple(line.text for line in described.values()),
        certain=all(line.certain for line in described.values()),
        alternatives=(
            Alternative("Read them as missing", read, all({*use.used} == {*use.found.codes} for use in uses)),
            Alternative("Keep all as numbers", keep, not any(use.used for use in uses)),
        ),
    )


def _use_words(use: CodeUse) -> str:
    counts = use.found.codes | use.found.doubtful
    read = [f"{code:g} ({_times(counts.get(code, 0))}) read as missing" for code in use.used]
    kept = [f"{code:g} ({_times(n)}) kept as a number" for code, n in counts.items() if code not in use.used]
    return ", ".join((*read, *kept))


def _times(n: int) -> str:
    return "once" if n == 1 else plural(n, "time")


def _code_alternatives(name: str, use: CodeUse) -> tuple[Alternative, ...]:
    """Return what of the codes of a column may be read as missing: none, those that were found, the doubtful too."""
    found, doubtful = set(use.found.codes), set(use.found.doubtful)
    ways: dict[frozenset[float], str] = {
        frozenset(found): f"{_listed(found)} missing",
        frozenset(found | doubtful): f"{_listed(found | doubtful)} missing",
        frozenset(use.used): f"{_listed(use.used)} missing",
    }
    ways[frozenset()] = "Keep all as numbers"
    return tuple(
        Alternative(meaning, {"columns": {name: {"missing": sorted(codes)}}}, codes == set(use.used))
        for codes, meaning in ways.items()
    )


def _listed(codes: Iterable[float]) -> str:
    return ", ".join(f"{code:g}" for code in sorted(codes))
