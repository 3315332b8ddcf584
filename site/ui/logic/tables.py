"""Tables: rows sorted by a column, those that have what somebody typed, and rows as text to paste elsewhere."""

from imagenomer.wording import without_formula


class Order:
    """What a table is sorted by: a column, None for the order in which its rows came, and in which direction."""

    def __init__(self, column=None):
        self.column, self.descending = column, False

    def sort(self, column):
        """Sort by a column, by the same again the other way."""
        self.descending = column == self.column and not self.descending
        self.column = column

    def direction(self, column):
        """What ``aria-sort`` says of a column."""
        if column != self.column:
            return "none"
        return "descending" if self.descending else "ascending"


def by_value(rows, value, descending=False):
    """Rows in the order of what ``value(row)`` returns; ties keep theirs, and None comes last in either direction."""
    known = [(value(row), place) for place, row in enumerate(rows) if value(row) is not None]
    if descending:
        # With its own place: MicroPython's sort may exchange what is equal.
        known = [(one, -place) for one, place in known]
    known.sort(reverse=descending)
    return [rows[abs(place)] for one, place in known] + [row for row in rows if value(row) is None]


def having(rows, words, texts):
    """The rows in whose texts all words occur, in any case; ``texts(row)`` returns them."""
    wanted = words.lower().split()
    if not wanted:
        return rows
    found = []
    for row in rows:
        said = " ".join(texts(row)).lower()
        if all(word in said for word in wanted):
            found.append(row)
    return found


def pasted(heads, rows):
    """Heads and rows of values as lines of cells with tabs between them, with every digit."""
    return "\n".join("\t".join(_cell(value) for value in row) for row in [heads] + rows)


def _cell(value):
    if value is None or value != value:
        return ""
    if not isinstance(value, str):
        return str(value)
    return without_formula(" ".join(value.split()))
