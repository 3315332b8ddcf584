"""Table: the rows of a result, sortable, paged, selectable and downloadable."""

import downloads
from dom import add, clear, h, later, listen, show, text
from explanation import mark
from js import navigator
from logic.language import plural, say
from logic.tables import Order, by_value, having, pasted
from long_list import MANY

from imagenomer.wording import cell, decimals_of

ROWS_PER_PAGE = 50
#: Milliseconds after the last key before a table follows what is typed above it.
SOON = 120


class Table:
    """A table view of a result.

    ``select(row)`` is called for a chosen row that names an edge; `mark` shows which edge is chosen.
    """

    def __init__(self, app, identity, select=None):
        self.app = app
        self.select = select
        self.rows = []
        self.columns = None
        self.order = Order()  # by places of columns
        self.page = 0
        self.edge = None
        self.wanted = None  # tells of an edge whether it comes first
        self.heading = h("h3", id=f"{identity}-title")
        self.head = h("thead")
        self.body = h("tbody")
        self.table = h("table", self.head, self.body, role="grid", aria_labelledby=f"{identity}-title", cls="grid")
        self.position = h("span", cls="note")
        self.previous = h(
            "button", say("Previous rows"), type="button", cls="quiet", on={"click": lambda event: self._turn(-1)}
        )
        self.next = h("button", say("Next rows"), type="button", cls="quiet", on={"click": lambda event: self._turn(1)})
        self.tools = h("div", cls="tools")
        self.finder = h("input", type="search", placeholder=say("Find"), cls="sieve", autocomplete="off")
        self.found = later(SOON, self._find)
        listen(self.finder, "input", lambda event: self.found())
        self.pager = h("div", self.previous, self.position, self.next, cls="pager")
        self.element = h(
            "section",
            h("header", self.heading, self.tools),
            h("div", self.table, cls="scroll"),
            self.pager,
            cls="table",
        )
        listen(self.body, "click", self._clicked)
        listen(self.body, "keydown", self._key)

    def update(self, view, named):
        """Show a table view; the order somebody has chosen stays. ``named`` names it to the engine."""
        text(self.heading, view["title"])
        self.names = {group["expression"]: group["name"] for group in self.app.groups}
        wanted = {key: named[key] for key in ("analysis", "params", "name")}
        self.analysis = named["analysis"]
        button = h(
            "button",
            say("Download "),
            h("span", say("{title} as ", title=view["title"]), cls="unseen"),
            say("CSV") if view["n_whole"] is None else say("CSV, all {rows}", rows=plural(view["n_whole"], "row")),
            type="button",
            cls="quiet",
            on={"click": lambda event: downloads.save_answer(self.app, "table", wanted)},
        )
        self.finder.setAttribute("aria-label", say("Find in {title}", title=view["title"]))
        show(self.finder, len(view["rows"]) > MANY)
        copy = h("button", say("Copy"), type="button", cls="quiet", on={"click": lambda event: self._copy()})
        copy.setAttribute("aria-label", say("Copy {title}", title=view["title"]))
        copy.title = say("The rows that are listed here, to paste into a spreadsheet; the file has all")
        clear(self.tools, self.finder, copy, button)
        columns = [column for column in view["columns"] if column["where"] != "file"]
        if columns != self.columns:
            self.columns = columns
            self.order = Order()
            self._draw_head()
        self.given = view["rows"]
        self.decimals = [
            decimals_of([row.get(column["key"]) for row in self.given]) if column["kind"] == "number" else 0
            for column in self.columns
        ]
        self.page = 0
        self._sort()

    # --- order ---

    def _draw_head(self):
        self.headers = []
        cells = []
        for position, column in enumerate(self.columns):
            button = h("button", column["label"], type="button", on={"click": self._sorter(position)})
            wanted = {"analysis": self.analysis, "key": column["key"], "heading": column["label"]}
            cell = h("th", h("div", button, mark(self.app, button, **wanted)), scope="col", cls=column["kind"])
            self.headers.append(cell)
            cells.append(cell)
        clear(self.head, h("tr", cells))

    def _sorter(self, position):
        def sort(event):
            self.order.sort(position)
            self.page = 0
            self._sort()

        return sort

    def _find(self):
        self.page = 0
        self._sort()

    def _texts(self, row):
        """What is written in the cells of a row."""
        kinds = zip(self.columns, self.decimals)
        return [self._written(row.get(column["key"]), column["kind"], decimals) for column, decimals in kinds]

    async def _copy(self):
        """Copy what is listed, all pages of it, as it is sorted and filtered."""
        heads = [column["label"] for column in self.columns]
        rows = []
        for row in self.rows:
            values = [row.get(column["key"]) for column in self.columns]
            rows.append([self.names.get(value, value) if isinstance(value, str) else value for value in values])
        await navigator.clipboard.writeText(pasted(heads, rows))
        self.app.status(say("Copied {rows}", rows=plural(len(rows), "row")))

    def _sort(self):
        self.rows = having(list(self.given), str(self.finder.value), self._texts)
        if self.order.column is not None:
            column = self.columns[self.order.column]
            key = column["sort"] or column["key"]
            self.rows = by_value(self.rows, lambda row: row.get(key), self.order.descending)
        self.n_first = 0
        if self.wanted is not None:
            first = [row for row in self.rows if self._is_wanted(row)]
            self.n_first = len(first)
            self.rows = first + [row for row in self.rows if not self._is_wanted(row)]
        for position, header in enumerate(self.headers):
            header.setAttribute("aria-sort", self.order.direction(position))
        self._draw()

    def _turn(self, step):
        self.page += step
        self._draw()

    # --- rows ---

    def _draw(self):
        start = self.page * ROWS_PER_PAGE
        self.shown = self.rows[start : start + ROWS_PER_PAGE]
        self.lines = []
        clear(self.body)
        for row in self.shown:
            cells = [
                h("td", self._written(row.get(column["key"]), column["kind"], decimals), cls=column["kind"])
                for column, decimals in zip(self.columns, self.decimals)
            ]
            leads = self._leads(row)
            cls = ("leads" if leads else "") + (" of-area" if len(self.lines) + start < self.n_first else "")
            line = h("tr", cells, tabindex="-1" if leads else None, cls=cls)
            self.lines.append(line)
            add(self.body, line)
        if self.lines and self._leads(self.shown[0]):
            self.lines[0].tabIndex = 0
        if not self.shown:
            add(self.body, h("tr", h("td", say("Nothing to list"), colspan=len(self.columns), cls="note")))
        show(self.pager, len(self.rows) > ROWS_PER_PAGE)
        selected = say(", {n_first} selected ones first", n_first=self.n_first) if self.n_first else ""
        text(
            self.position,
            say(
                "{first}–{last} of {rows}{selected}",
                first=start + 1,
                last=start + len(self.shown),
                rows=len(self.rows),
                selected=selected,
            ),
        )
        self.previous.disabled = self.page == 0
        self.next.disabled = start + ROWS_PER_PAGE >= len(self.rows)
        self.mark(self.edge)

    def _written(self, value, kind, decimals):
        # The engine knows groups by their expressions, the user by their names.
        return self.names[value] if kind == "text" and value in self.names else cell(value, kind, decimals)

    def _leads(self, row):
        return self.select is not None and row.get("edge") is not None

    def put_first(self, wanted):
        """Put the edges first of which ``wanted(edge)`` is true, and mark them; None for none."""
        if self.columns is None or wanted is self.wanted:
            return
        self.wanted, self.page = wanted, 0
        self._sort()

    def _is_wanted(self, row):
        return self.wanted is not None and row.get("edge") is not None and self.wanted(row["edge"])

    def mark(self, edge):
        """Show which edge is selected, on the page of the table that lists it."""
        if edge is not None and edge != self.edge and edge not in [row.get("edge") for row in self.shown]:
            listed = [place for place, row in enumerate(self.rows) if row.get("edge") == edge]
            if listed and self._leads(self.rows[listed[0]]):
                self.edge, self.page = edge, listed[0] // ROWS_PER_PAGE
                self._draw()
                return
        self.edge = edge
        for row, line in zip(self.shown, self.lines):
            if self._leads(row):
                line.setAttribute("aria-selected", "true" if row["edge"] == edge else "false")

    def _clicked(self, event):
        line = event.target.closest("tr")
        if line:
            self._choose(line.sectionRowIndex)

    def _choose(self, index):
        if index < len(self.shown) and self._leads(self.shown[index]):
            self._focus(index)
            self.select(self.shown[index]["edge"])

    def _focus(self, index):
        for position, line in enumerate(self.lines):
            line.tabIndex = 0 if position == index else -1
        self.lines[index].focus()

    def _key(self, event):
        line = event.target.closest("tr")
        if not line or not self.select:
            return
        index, last = line.sectionRowIndex, len(self.lines) - 1
        moves = {"ArrowDown": min(index + 1, last), "ArrowUp": max(index - 1, 0), "Home": 0, "End": last}
        if event.key in moves:
            self._focus(moves[event.key])
        elif event.key in ("Enter", " "):
            self._choose(index)
        else:
            return
        event.preventDefault()
