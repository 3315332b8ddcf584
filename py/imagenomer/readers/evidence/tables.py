"""Tables: text to cells, whatever separates them: delimiter, encoding, title lines, a second header line, decimals."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from imagenomer.errors import InputError
from imagenomer.readers.columns import MISSING

_DELIMITERS = ("\t", ",", ";", "|")
#: Lines from which the delimiter and the header are told.
_LINES = 40
#: Bytes of a cell; csv refuses longer ones, and its own limit is too small for lists of edges.
_LONGEST_CELL = 1 << 24
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
#: "1.234,5" and "1.234.567": points part thousands beside a decimal comma, or where there are several.
_POINTED = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_PERCENT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+) ?%")


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table as text.

    Attributes
    ----------
    header : list of str
        As they stand there, not cleaned; a column without a name is "".
    rows : list of list of str
        Each as long as the header.
    descriptions : dict of str to str
        From a second header line, by column.
    delimiter : str
        " " where blanks separate the cells.
    encoding : str
    sentences : tuple of str
        What had to be decided.
    """

    header: list[str]
    rows: list[list[str]]
    delimiter: str
    encoding: str
    descriptions: dict[str, str] = field(default_factory=dict)
    sentences: tuple[str, ...] = ()


def decode(data: bytes, name: str) -> tuple[str, str]:
    """Return text and encoding: UTF-8, UTF-16 with a byte order mark, else Western European (Windows).

    Raises
    ------
    InputError
        If it holds NUL, which no text does.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return data.decode("utf-16"), "utf-16"
        except UnicodeDecodeError as error:
            raise InputError(f"{name} begins as UTF-16 and is none (byte {error.start:,}); save it as UTF-8") from None
    if b"\0" in data:
        raise InputError(f"{name} is no text: it holds NUL bytes")
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), "latin-1"


def delimiter_of(lines: Sequence[str]) -> str:
    """Return what separates the cells of lines: what cuts most of them into the same number, most of all; else " "."""
    best, most = " ", (0, 0)
    for delimiter in _DELIMITERS:
        counts = Counter(len(_cut(line, delimiter)) for line in lines)
        n_cells, n_lines = max(counts.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
        agreement = (n_lines * (n_cells > 1), n_cells)
        if n_cells > 1 and 2 * n_lines > len(lines) and agreement > most:
            best, most = delimiter, agreement
    return best


def read_text_table(data: bytes, name: str) -> TextTable:
    """Return the cells of a text.

    Lines before the header that have fewer cells are titles and are passed over; blank lines and lines that begin with
    "#" (but a header that does) too.

    Raises
    ------
    InputError
        If it is no text, is empty, a quote is not closed (the line is named), or a line has another number of cells.
    """
    text, encoding = decode(data, name)
    lines = [line for line in text.splitlines()[:_LINES] if line.strip()]
    if not lines:
        raise InputError(f"{name} is empty; it needs a header line")
    delimiter = delimiter_of(lines)
    records = records_of(text, delimiter, name)
    if not records:
        raise InputError(f"{name} holds nothing but blanks and quotes; it needs a header line")
    usual = Counter(len(cells) for _, cells in records[-_LINES:]).most_common(1)[0][0]
    of_headers = [place for place, (_, cells) in enumerate(records) if 2 * _filled(cells) >= len(cells) == usual]
    start = of_headers[0] if of_headers else 0
    titles, (_, header), body = records[:start], records[start], records[start + 1 :]
    for number, cells in body:
        if len(cells) != len(header):
            raise InputError(
                f"{name}, line {number}: {len(cells)} cells where the header names {len(header)}; a missing value is "
                "an empty cell or n/a, and a cell that holds the delimiter stands in quotes"
            )
    header = [
        cell.strip().removeprefix("#").strip() if not place else cell.strip() for place, cell in enumerate(header)
    ]
    rows = [cells for _, cells in body]
    sentences = []
    if titles:
        sentences.append(f"{len(titles)} lines above the header were passed over")
    if encoding != "utf-8":
        sentences.append(f"its encoding is {encoding}")
    descriptions: dict[str, str] = {}
    if rows and is_description(rows[0], rows[1:], header):
        descriptions = {name: cell.strip() for name, cell in zip(header, rows[0], strict=True) if cell.strip()}
        rows = rows[1:]
        sentences.append("its second line describes the columns")
    return TextTable(header, rows, delimiter, encoding, descriptions, tuple(sentences))


def is_description(first: Sequence[str], rows: Sequence[Sequence[str]], header: Sequence[str]) -> bool:
    """Whether a row describes columns: words over all columns that are numbers, some of several words."""
    if len(rows) < 2 or any(_is_number_or_missing(cell) for cell in first if cell.strip()):
        return False
    over_numbers = [
        first[place].strip()
        for place in range(len(header))
        if all(_is_number_or_missing(row[place]) for row in rows) and any(row[place].strip() for row in rows)
    ]
    described = [cell for cell in first if " " in cell.strip()]
    return all(over_numbers) and 2 * len(described) >= len(header) and (len(over_numbers) > 1 or len(header) == 1)


def plain_numbers(cells: Sequence[str], *, comma: str = "") -> tuple[list[str], str]:
    """Return cells with decimal points and without percent signs, and what was done; as they are where it is unclear.

    Parameters
    ----------
    cells : sequence of str
    comma : str
        What a comma is that may be decimal or part thousands ("1,001"): "," decimal, "." parts thousands, "none"
        neither, "" not known.

    Returns
    -------
    list of str
    str
        "" where nothing was changed; "decimal comma"; "thousands"; "percent"; "ambiguous comma", where nothing was
        changed either.
    """
    stripped = [cell.strip() for cell in cells]
    present = [cell for cell in stripped if cell.lower() not in MISSING]
    if not present:
        return list(cells), ""
    if all(_PERCENT.fullmatch(cell) for cell in present):
        return [cell.rstrip(" %") for cell in stripped], "percent"
    with_comma = [cell for cell in present if "," in cell]
    grouped = all(_GROUPED.fullmatch(cell) for cell in with_comma)
    plain = all(_NUMBER.fullmatch(cell) for cell in present if "," not in cell)
    if grouped and plain and any("." in cell or cell.count(",") > 1 for cell in with_comma):
        return [cell.replace(",", "") for cell in stripped], "thousands"
    if _points_part_thousands(present):
        return [cell.replace(".", "").replace(",", ".") for cell in stripped], "decimal comma"
    if not with_comma or not all(_NUMBER.fullmatch(cell) or _DECIMAL_COMMA.fullmatch(cell) for cell in present):
        return list(cells), ""
    if comma != "," and grouped:
        if comma != ".":
            return list(cells), "ambiguous comma"
        return [cell.replace(",", "") for cell in stripped], "thousands"
    if comma == "none":
        return list(cells), ""
    return [cell.replace(",", ".") for cell in stripped], "decimal comma"


def _points_part_thousands(cells: Sequence[str]) -> bool:
    """Whether points can only part thousands: a cell has several, or a decimal comma too, and none a decimal point."""
    pointed = [cell for cell in cells if "." in cell]
    others = [cell for cell in cells if "." not in cell]
    return (
        any("," in cell or cell.count(".") > 1 for cell in pointed)
        and all(_POINTED.fullmatch(cell) for cell in pointed)
        and all(_NUMBER.fullmatch(cell) or _DECIMAL_COMMA.fullmatch(cell) for cell in others)
    )


def _is_number_or_missing(cell: str) -> bool:
    return cell.strip().lower() in MISSING or bool(_NUMBER.fullmatch(cell.strip()))


def _filled(cells: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def _cut(line: str, delimiter: str) -> list[str]:
    """Cells of one line; a quote that is open at its end stays so."""
    return next(csv.reader([line], delimiter=delimiter), [])


def records_of(text: str, delimiter: str, name: str) -> list[tuple[int, list[str]]]:
    """Return the line on which each record begins, and its cells; lines of blanks only are left out.

    Raises
    ------
    InputError
        If a quote is opened and never closed; the message names the line.
    """
    if delimiter == " ":
        lines = enumerate(text.splitlines(), start=1)
        return [(number, line.split()) for number, line in lines if line.strip()]
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records, start = [], 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                records.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        what = "a quote is opened and never closed" if "end of data" in str(error) else str(error)
        raise InputError(f"{name}, line {start}: {what}; mend that line, or save the table again") from None
    return records
