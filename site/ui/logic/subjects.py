"""Subjects: what of the table of subjects is seen and asked for, who is ticked, and what is asked of the engine."""

from logic.language import say

#: Pixels of a row, of the heads, of a column, and of what stays at the left: box, subject, scans.
ROW, HEAD, COLUMN = 30, 56, 136
BOX, NAME, SCANS = 36, 150, 76
FIXED = BOX + NAME + SCANS
#: Columns of the table, as it is sorted by them: what the engine calls it, and which of the phenotypes.
BY_SUBJECT, BY_SCANS = ("subject", None), ("scans", None)
#: The group that leaves out who was set aside.
WITHOUT = "Without set-aside subjects"


class Ticks:
    """Who is ticked, by places in the cohort."""

    def __init__(self):
        self.places = set()

    def __len__(self):
        return len(self.places)

    def __contains__(self, place):
        return place in self.places

    def turn(self, place):
        """Tick somebody, or take the tick back; returns whether there is one now."""
        if place in self.places:
            self.places.remove(place)
            return False
        self.places.add(place)
        return True

    def clear(self):
        self.places = set()

    def add(self, runs):
        """Tick everybody of ``[[first, behind the last], ...]``."""
        for first, behind in runs:
            self.places.update(range(first, behind))

    def runs(self):
        """Who is ticked, as such runs."""
        runs = []
        for place in sorted(self.places):
            if runs and runs[-1][1] == place:
                runs[-1][1] = place + 1
            else:
                runs.append([place, place + 1])
        return runs


def query_of(order, clauses, group, find):
    """Which subjects are listed, as the engine takes it; clauses that lack a value are left out."""
    by, phenotype = order.column
    return {
        "by": by,
        "phenotype": phenotype,
        "descending": order.descending,
        "clauses": [clause for clause in clauses if clause is not None],
        "group": group,
        "find": find,
    }


class Window:
    """What of the table is seen.

    Attributes
    ----------
    first, n_rows, left, n_columns : int
        The first row and column that are seen, and how many.
    """

    def __init__(self):
        self.first = self.left = 0
        self.n_rows = self.n_columns = 0

    def look(self, top, left, width, height):
        """Take over where the table is scrolled to, and how large its box is, in pixels; returns whether it changed."""
        seen = (
            max(0, int(top // ROW)),
            max(0, int((height - HEAD) // ROW)) + 2,
            max(0, int(left // COLUMN)),
            max(0, int((width - FIXED) // COLUMN)) + 2,
        )
        before = (self.first, self.n_rows, self.left, self.n_columns)
        self.first, self.n_rows, self.left, self.n_columns = seen
        return seen != before

    def rows_wanted(self):
        """The rows to ask for, with half a box more above and below, so that a small step shows no gap."""
        margin = self.n_rows // 2
        return max(0, self.first - margin), self.first + self.n_rows + margin

    def columns_wanted(self, n_columns):
        """The columns to ask for, with two more at either side."""
        return max(0, self.left - 2), min(n_columns, self.left + self.n_columns + 2)

    def is_in(self, page, n_columns):
        """Whether a page that was asked for (``rows``, ``columns``, ``n``) has all that is seen."""
        if page is None:
            return False
        rows, columns = page["rows"], page["columns"]
        last = min(self.first + self.n_rows, page["n"])
        right = min(self.left + self.n_columns, n_columns)
        return rows[0] <= self.first and last <= rows[1] and columns[0] <= self.left and right <= columns[1]


def disclosure_of(expression):
    """What to say of a group that calls subjects by their names, "" of one that does not."""
    if "subject in (" in expression or "subject not in (" in expression:
        return say(
            " It names subjects, and so does the address of this page: pass neither on if their names are secret."
        )
    return ""


def step_to(row, key, n_rows, n_seen):
    """The row that a key leads to, None for a key that leads nowhere."""
    page = max(1, n_seen - 3)
    moves = {"ArrowDown": row + 1, "ArrowUp": row - 1, "PageDown": row + page, "PageUp": row - page}
    ends = {"Home": 0, "End": n_rows - 1}
    if key not in moves and key not in ends:
        return None
    return min(max(moves.get(key, ends.get(key)), 0), max(n_rows - 1, 0))
