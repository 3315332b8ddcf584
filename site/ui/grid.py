"""Grid: a small matrix of named rows and columns to read cell by cell, each of which may lead to another analysis."""

import downloads
from colour_scale import ColourScale
from dom import add, clear, guarded, h, listen, svg, text
from js import ResizeObserver, window
from logic.language import say
from pyscript.ffi import to_js
from tip import point_out, put_away

from imagenomer.wording import number

LARGEST, SMALLEST = 36, 15  # pixels of a cell
LETTER = 7.5  # pixels of a letter of a name
LONGEST = 20  # letters of a name; pointing at it shows the rest
SHADES = 128
BELOW = 260  # pixels of the window kept for what stands above and below the grid
HELP = say(
    "Arrow keys move from cell to cell, Home and End to the ends of a row. Enter, or a click, opens what a cell "
    "comes from, where the readout says so."
)


class Grid:
    """A grid view of a result."""

    def __init__(self, app, identity):
        self.app = app
        self.view = None
        self.arguments = None
        self.cursor = None
        self.width = 0
        self.heading = h("h3")
        self.plot = svg("svg", aria_hidden="true")
        self.stage = h(
            "div",
            self.plot,
            cls="stage",
            tabindex="0",
            role="application",
            aria_roledescription="grid",
            aria_describedby=f"{identity}-help",
        )
        self.readout = h("output", cls="readout", aria_live="off", aria_label=say("Readout"))
        self.scale = ColourScale(app, self._draw, flat=True, threshold=False)
        keys = downloads.popup("?", say("Keys and mouse"), h("p", HELP, id=f"{identity}-help", cls="hint"))
        menu = downloads.figure_menu(
            app, say("Download grid"), lambda: self.arguments, ((say("CSV"), self._save_table),)
        )
        self.element = h(
            "section",
            h("header", self.heading, h("div", keys, menu, cls="tools")),
            self.stage,
            self.readout,
            h("div", self.scale.legend, self.scale.controls, cls="under"),
            cls="grid-view",
        )
        listen(self.stage, "pointermove", self._moved)
        listen(self.stage, "pointerleave", self._left)
        listen(self.stage, "click", self._clicked)
        listen(self.stage, "keydown", self._key)
        self.observer = ResizeObserver.new(guarded(lambda entries, observer: self._fit()))
        self.observer.observe(self.element)

    def update(self, view, arguments, finding):
        """Show a grid view; ``arguments`` are those of the `figure` call that draws it, ``finding`` what it finds."""
        self.view = view
        self.arguments = arguments
        if self.cursor is not None:
            put_away()
        self.cursor = None
        text(self.heading, view["title"])
        self.stage.setAttribute("aria-label", f"{view['title']}: {finding}")
        sizes = [abs(value) for row in view["values"] for value in row if value is not None]
        self.scale.set_range(view["limit"] or max(sizes or [0]) or 1, view["scale"] == "diverging", view["label"])
        self._read_out(None)
        self._draw()

    def _save_table(self):
        wanted = {key: self.arguments[key] for key in ("analysis", "params", "name")}
        return downloads.save_answer(self.app, "table", wanted)

    # --- drawing ---

    def _fit(self):
        width = int(self.stage.clientWidth)
        if width and width != self.width:
            self.width = width
            self._draw()

    def _draw(self):
        clear(self.plot)
        if not self.width or not self.view:
            return
        rows, columns = self.view["rows"], self.view["columns"]
        self.left, longest = [
            14 + round(LETTER * min(max([len(name) for name in names]), LONGEST)) for names in (rows, columns)
        ]
        room = min((self.width - self.left - 2) / len(columns), (window.innerHeight - BELOW) / len(rows))
        self.cell = int(min(max(room, SMALLEST), LARGEST))
        upright = longest > self.cell
        self.top = longest if upright else 22
        wide, high = self.cell * len(columns), self.cell * len(rows)
        self.plot.setAttribute("width", self.left + wide + 2)
        self.plot.setAttribute("height", self.top + high + 2)
        self.plot.style.setProperty("font-size", "13px")
        self._names(rows, columns, upright)
        add(self.plot, [svg("path", d=path, fill=colour) for colour, path in self._cells()])
        add(
            self.plot,
            svg("path", d=self._lines(len(rows), len(columns)), cls="lines"),
            svg("rect", x=self.left, y=self.top, width=wide, height=high, cls="frame"),
        )
        self.marks = [svg("rect", width=self.cell, height=self.cell, cls=name) for name in ("cursor halo", "cursor")]
        add(self.plot, self.marks)
        self._mark(self.cursor)

    def _names(self, rows, columns, upright):
        for place, name in enumerate(rows):
            y = self.top + (place + 0.5) * self.cell
            add(self.plot, name_of(name, "row", x=self.left - 7, y=y))
        for place, name in enumerate(columns):
            x = self.left + (place + 0.5) * self.cell
            where = f"translate({x} {self.top - 7})" + (" rotate(-90)" if upright else "")
            add(self.plot, name_of(name, "upright" if upright else "column", transform=where))

    def _cells(self):
        """The cells of each colour as one path: thousands of elements would take MicroPython too long."""
        lowest = -self.scale.limit if self.view["scale"] == "diverging" else 0
        span = self.scale.limit - lowest
        paths = [[] for _ in range(SHADES + 1)]
        for down, row in enumerate(self.view["values"]):
            for across, value in enumerate(row):
                if value is not None:
                    shade = min(max((value - lowest) / span, 0), 1)
                    x, y = self.left + across * self.cell, self.top + down * self.cell
                    paths[round(shade * SHADES)].append(f"M{x} {y}h{self.cell}v{self.cell}h-{self.cell}z")
        stops = self.scale.colours()
        return [(between(stops, shade / SHADES), "".join(path)) for shade, path in enumerate(paths) if path]

    def _lines(self, n_rows, n_columns):
        across = [f"M{self.left} {self.top + self.cell * row}h{self.cell * n_columns}" for row in range(1, n_rows)]
        down = [f"M{self.left + self.cell * at} {self.top}v{self.cell * n_rows}" for at in range(1, n_columns)]
        return "".join(across + down)

    # --- reading ---

    def _read_out(self, cell, where=None):
        """Say what a cell is, in the readout and at its place in the window, if that is given."""
        if cell is None:
            text(self.readout, say("Point at a cell"))
            return
        row, column = cell
        view = self.view
        said = (
            f"{view['rows'][row]} – {view['columns'][column]} · {view['label']} = {number(view['values'][row][column])}"
        )
        if view["tips"]:
            said = view["tips"][row][column]
        link = self._link(cell)
        text(
            self.readout,
            say("{said} · opens {title}", said=said, title=self._title(link["analysis"])) if link else said,
        )
        if where is not None:
            point_out(self.stage, str(self.readout.textContent), where)

    def _link(self, cell):
        return self.view["links"][cell[0]][cell[1]] if self.view["links"] else None

    def _title(self, name):
        return next(entry["title"] for entry in self.app.catalog if entry["name"] == name)

    def _mark(self, cell):
        for mark in self.marks:
            mark.setAttribute("visibility", "hidden" if cell is None else "visible")
            if cell:
                mark.setAttribute("x", self.left + cell[1] * self.cell)
                mark.setAttribute("y", self.top + cell[0] * self.cell)

    def _cell_at(self, event):
        box = self.plot.getBoundingClientRect()
        row = int((event.clientY - box.top - self.top) // self.cell)
        column = int((event.clientX - box.left - self.left) // self.cell)
        inside = 0 <= row < len(self.view["rows"]) and 0 <= column < len(self.view["columns"])
        return (row, column) if inside else None

    def _moved(self, event):
        cell = self._cell_at(event)
        # Spoken only for the keyboard: a moving mouse would never let it finish.
        self.readout.setAttribute("aria-live", "off")
        if cell:
            self._read_out(cell, (event.clientX, event.clientY))
        else:
            self._left(event)
        leads = cell is not None and self._link(cell) is not None
        self.stage.style.setProperty("cursor", "pointer" if leads else "crosshair")

    def _left(self, event):
        put_away()
        self._read_out(self.cursor)

    def _place_of_cursor(self):
        box, (row, column) = self.plot.getBoundingClientRect(), self.cursor
        return box.left + self.left + (column + 0.5) * self.cell, box.top + self.top + (row + 0.5) * self.cell

    def _clicked(self, event):
        cell = self._cell_at(event)
        if cell:
            self._take(cell)
            self._follow(cell)

    def _take(self, cell):
        self.cursor = cell
        self._mark(cell)
        self.marks[-1].scrollIntoView(to_js({"block": "nearest", "inline": "nearest"}))
        self._read_out(cell, self._place_of_cursor)

    def _follow(self, cell):
        link = self._link(cell)
        if link:
            self.app.show_analysis(link["analysis"], link["params"])

    def _key(self, event):
        if not self.view or event.altKey or event.metaKey or event.ctrlKey:
            return
        last_row, last_column = len(self.view["rows"]) - 1, len(self.view["columns"]) - 1
        row, column = self.cursor or (0, 0)
        moves = {
            "ArrowUp": (max(row - 1, 0), column),
            "ArrowDown": (min(row + 1, last_row), column),
            "ArrowLeft": (row, max(column - 1, 0)),
            "ArrowRight": (row, min(column + 1, last_column)),
            "Home": (row, 0),
            "End": (row, last_column),
        }
        if event.key in moves:
            self.readout.setAttribute("aria-live", "polite")
            self._take(moves[event.key] if self.cursor else (0, 0))
        elif event.key == "Enter" and self.cursor:
            self._follow(self.cursor)
        else:
            return
        event.preventDefault()


def name_of(name, cls, **where):
    """A name, cut to what there is room for."""
    short = name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
    return svg("text", short, svg("title", name), cls=cls, **where)


def between(stops, share):
    """The colour at a share of the way through equally spaced ``#rrggbb`` stops."""
    at = share * (len(stops) - 1)
    first = min(int(at), len(stops) - 2)
    part = at - first
    channels = []
    for start in (1, 3, 5):
        low, high = int(stops[first][start : start + 2], 16), int(stops[first + 1][start : start + 2], 16)
        channels.append(f"{round(low + (high - low) * part):02x}")
    return "#" + "".join(channels)
