"""Subject rows: the rows and columns of the table of subjects that are in sight, drawn into elements that stay."""

from dom import add, broken, clear, guarded, h, listen, set_busy, text
from js import ResizeObserver
from logic.language import say
from logic.picking import shortened
from logic.subjects import BOX, BY_SCANS, BY_SUBJECT, COLUMN, FIXED, HEAD, NAME, ROW, SCANS, Window, step_to

#: Characters of a column's name that its head has room for, in two lines.
HEAD_ROOM = 28


class SubjectRows:
    """The box that scrolls over all rows and columns.

    There are as many row elements as are seen, and they are filled anew as one scrolls: 12,000 subjects cost no more
    than 30.

    Attributes
    ----------
    element : element
    """

    def __init__(self, view):
        self._view = view
        self._window = Window()
        self._columns = []
        self._page = None
        self._active = 0  # the row that the keys are at
        self._lines = []  # of each row element: (element, box, name, scans, cells, whether ticked and aside)
        self._heads = []
        self._numeric = None  # of the columns in sight, as the cells are aligned
        self._all = h(
            "input", type="checkbox", aria_label=say("Tick all listed"), title=say("Tick all listed"), tabindex="-1"
        )
        self._head_fixed = [
            h("div", self._all, role="columnheader", cls="box"),
            self._head(say("Subject"), lambda: BY_SUBJECT, "name"),
            self._head(say("Scans"), lambda: BY_SCANS, "scans"),
        ]
        self._head_gap = h("div", role="presentation", cls="gap")
        self._head_line = h("div", self._head_fixed, self._head_gap, role="row", cls="line", aria_rowindex="1")
        head = h("div", self._head_line, role="rowgroup", cls="head")
        self._body = h("div", role="rowgroup", cls="lines")
        self._canvas = h("div", head, self._body, role="presentation", cls="whole")
        self.element = h(
            "div",
            self._canvas,
            role="grid",
            tabindex="0",
            cls="subject-rows",
            aria_label=say("Subjects"),
            aria_multiselectable="true",
            aria_description=say(
                "Up and down walk through the rows, left and right through the columns, space ticks, "
                "Enter shows the subject"
            ),
        )
        for name, size in (("--row", ROW), ("--head", HEAD), ("--column", COLUMN), ("--box", BOX), ("--name", NAME)):
            self.element.style.setProperty(name, f"{size}px")
        self.element.style.setProperty("--scans", f"{SCANS}px")
        listen(self.element, "scroll", lambda event: self._scrolled())
        listen(self.element, "keydown", self._key)
        listen(self._body, "click", self._clicked)
        listen(self._all, "change", lambda event: view.tick_all(bool(self._all.checked)))
        self._observer = ResizeObserver.new(guarded(lambda entries, observer: self.fit()))
        self._observer.observe(self.element)

    # --- what there is ---

    def take_columns(self, items):
        """Be of these phenotypes, as the overview has them."""
        self._columns, self._page, self._active = items, None, 0
        self.element.setAttribute("aria-colcount", str(len(items) + 3))
        self.element.scrollTop = self.element.scrollLeft = 0
        self._drop()

    def _drop(self):
        """Forget the row elements: as many and as wide ones are needed no more."""
        self._lines, self._heads, self._numeric = [], [], None
        clear(self._body)
        clear(self._head_line, self._head_fixed, self._head_gap)

    def fit(self):
        """Take the size of the box."""
        before = self._window.n_rows, self._window.n_columns
        self._look()
        if (self._window.n_rows, self._window.n_columns) != before:
            self._drop()
        self.draw()
        self._ask()

    def _look(self):
        box = self.element
        return self._window.look(box.scrollTop, box.scrollLeft, box.clientWidth, box.clientHeight)

    def wanted(self):
        """The rows and columns to ask for, as two pairs."""
        self._look()
        return self._window.rows_wanted(), self._window.columns_wanted(len(self._columns))

    def take(self, page):
        """Show what the engine says of rows and columns."""
        n_before = self._page["n"] if self._page else None
        self._page = page
        if page["n"] != n_before:
            self._canvas.style.setProperty("height", f"{HEAD + page['n'] * ROW}px")
            self._canvas.style.setProperty("width", f"{FIXED + len(self._columns) * COLUMN}px")
            self.element.setAttribute("aria-rowcount", str(page["n"] + 1))
            self._active = min(self._active, max(page["n"] - 1, 0))
            self._look()
        self.draw()
        self._ask()

    def _ask(self):
        if self._page is not None and not self._window.is_in(self._page, len(self._columns)):
            self._view.load()

    def _scrolled(self):
        if self._look():
            self.draw()
            self._ask()

    # --- drawing ---

    def draw(self):
        """Fill the row elements with what is seen."""
        if self._page is None or self._window.n_rows <= 2:
            return
        if not self._lines:
            self._make()
        window, page = self._window, self._page
        columns = self._columns[window.left : window.left + window.n_columns]
        known = page["rows"][0] <= window.first < page["rows"][1] or not page["n"]
        set_busy(self._body, not known)
        self._body.style.setProperty("transform", f"translateY({HEAD + window.first * ROW}px)")
        self.element.style.setProperty("--left", f"{window.left * COLUMN}px")
        self._draw_heads(columns)
        cells = [page["cells"].get(item["name"]) for item in columns]
        numeric = [item["kind"] == "number" for item in columns]
        if numeric != self._numeric:
            self._numeric = numeric
            self._align(numeric)
        for place, line in enumerate(self._lines):
            self._fill(line, window.first + place, cells)
        self._mark_active()

    def _align(self, numeric):
        """Show as many cells as there are columns, numbers at the right."""
        for _element, _box, _name, _scans, fields, _state in self._lines:
            for position, field in enumerate(fields):
                field.hidden = position >= len(numeric)
                if position < len(numeric):
                    field.className = "cell number" if numeric[position] else "cell"

    def _fill(self, line, row, cells):
        page, inside = self._page, self._page["inside"]
        element, box, name, scans, fields, state = line
        at = row - page["start"]
        there = 0 <= at < len(page["places"])
        element.hidden = row >= page["n"]
        if row >= page["n"]:
            return
        place = page["places"][at] if there else None
        ticked = place in self._view.ticks
        box.checked = ticked
        text(name, page["names"][at] if there else "…")
        left_out = page["left_out"][at] if there else 0
        text(scans, (f"{page['scans'][at]} (−{left_out})" if left_out else page["scans"][at]) if there else "")
        aside = there and inside is not None and not inside[at]
        if state != [ticked, aside]:
            state[:] = [ticked, aside]
            element.className = f"line{' ticked' if ticked else ''}{' aside' if aside else ''}"
            element.setAttribute("aria-selected", "true" if ticked else "false")
        element.setAttribute("aria-rowindex", str(row + 2))
        for values, field in zip(cells, fields):
            field.textContent = values[at] if there and values is not None else ""

    def _make(self):
        """Make one row element, and copies of it: that is one call for a row instead of one for each cell."""
        n_columns = self._window.n_columns
        pattern = h(
            "div",
            h("div", h("input", type="checkbox", tabindex="-1", aria_label=say("Tick")), role="gridcell", cls="box"),
            h("div", h("button", type="button", tabindex="-1", cls="link"), role="rowheader", cls="name"),
            h("div", role="gridcell", cls="scans"),
            h("div", role="presentation", cls="gap"),
            [h("div", role="gridcell", cls="cell") for position in range(n_columns)],
            role="row",
            cls="line",
        )
        for place in range(self._window.n_rows):
            line = pattern.cloneNode(True)
            line.id = f"subject-row-{place}"
            parts = line.children
            fields = [parts[4 + position] for position in range(n_columns)]
            self._lines.append((line, parts[0].firstChild, parts[1].firstChild, parts[2], fields, []))
        add(self._body, [line[0] for line in self._lines])
        self._heads = [self._head("", self._phenotype_at(position), "cell") for position in range(n_columns)]
        add(self._head_line, self._heads)

    def _head(self, words, column, cls):
        """The head of what ``column()`` is when it is pressed."""
        button = h("button", words, type="button", on={"click": lambda event: self._view.sort(column())})
        return h("div", button, role="columnheader", cls=cls)

    def _phenotype_at(self, position):
        """A function that returns the column at a position of those in sight."""
        return lambda: ("phenotype", self._columns[self._window.left + position]["name"])

    def _draw_heads(self, columns):
        order = self._view.order
        for cell, column in zip(self._head_fixed[1:], (BY_SUBJECT, BY_SCANS)):
            cell.setAttribute("aria-sort", order.direction(column))
        for position, cell in enumerate(self._heads):
            cell.hidden = position >= len(columns)
            if position < len(columns):
                item, button = columns[position], cell.firstChild
                clear(button, broken(shortened(item["name"], HEAD_ROOM, self._beside(self._window.left + position))))
                cell.className = "cell number" if item["kind"] == "number" else "cell"
                button.title = self._view.about(item)
                cell.setAttribute("aria-sort", order.direction(("phenotype", item["name"])))
                cell.setAttribute("aria-colindex", str(self._window.left + position + 4))

    def _beside(self, at):
        """The name of a neighbour, from which the head of a column must be told."""
        return self._columns[at - 1 if at + 1 == len(self._columns) else at + 1]["name"]

    def mark_order(self):
        """Show by which column the table is sorted."""
        self._draw_heads(self._columns[self._window.left : self._window.left + self._window.n_columns])

    def to_top(self):
        """Go to the first row: the order is another."""
        self._active, self.element.scrollTop = 0, 0

    def go_to_column(self, place):
        """Scroll to a phenotype."""
        self.element.scrollLeft = place * COLUMN
        self.element.focus()

    # --- keys and mouse ---

    def _mark_active(self):
        here = self._active - self._window.first
        for place, line in enumerate(self._lines):
            line[0].classList.toggle("active", place == here)
        if 0 <= here < len(self._lines) and self._page["n"]:
            self.element.setAttribute("aria-activedescendant", self._lines[here][0].id)
        else:
            self.element.removeAttribute("aria-activedescendant")

    def _place_of(self, row):
        """The place in the cohort of a row, None while it is not known."""
        at = row - self._page["start"]
        return self._page["places"][at] if 0 <= at < len(self._page["places"]) else None

    def _clicked(self, event):
        line = event.target.closest(".line")
        if line is None or self._page is None:
            return
        self._active = self._window.first + int(str(line.id).split("-")[-1])
        if event.target.closest("button"):
            self._mark_active()
            self._view.open(self._active)
        elif event.target.closest(".box"):
            self._turn(self._active)
        else:
            self._mark_active()

    def _turn(self, row):
        place = self._place_of(row)
        if place is None:  # it has not come yet
            self._view.app.run(self._view.turn_row(row))
            return
        self._view.turn(place)
        self.draw()

    def _key(self, event):
        if event.target.closest(".head") or self._page is None or event.altKey or event.ctrlKey or event.metaKey:
            return
        key, sideways = event.key, {"ArrowRight": COLUMN, "ArrowLeft": -COLUMN}
        if key in sideways:
            self.element.scrollLeft += sideways[key]
        elif key == " ":
            self._turn(self._active)
        elif key == "Enter" and self._page["n"]:
            self._view.open(self._active)
        else:
            there = step_to(self._active, key, self._page["n"], self._window.n_rows)
            if there is None:
                return
            self._active = there
            self._bring_into_sight(there)
            self._mark_active()
        event.preventDefault()

    def _bring_into_sight(self, row):
        box, top = self.element, row * ROW
        room = box.clientHeight - HEAD - ROW
        if top < box.scrollTop:
            box.scrollTop = top
        elif top > box.scrollTop + room:
            box.scrollTop = top - room
        self._scrolled()
