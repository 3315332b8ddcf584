"""Matrix stage: a matrix on its canvas, to read cell by cell, to zoom and to move.

The engine paints the pixels; what is drawn here are network names, separators, what is selected and the cursor, as SVG
above the canvas so that they follow the theme.
"""

from dom import add, clear, h, listen, svg, width_of
from js import ImageData, Uint8ClampedArray, document, window
from logic.language import say
from parcels import NAME_FONT, edge_of, reading, shortened, spread
from pyscript.ffi import to_js
from tip import put_away

MAX_ZOOM = 24
LABEL_GAP = 14  # pixels between the names of two networks
LEADER = 18  # pixels between a name and the matrix
HELP = say(
    "Arrow keys move the cursor, with Shift to the next network. Enter selects the edge, plus and minus zoom, "
    "Home shows the whole matrix. With the mouse: click to select, then wheel to zoom and drag to move."
)


class MatrixStage:
    """The matrix of a viewer.

    Attributes
    ----------
    stage : element
    cursor : tuple of int or None
        Row and column.
    gutter : int
        Pixels for the names at the left and below.
    """

    def __init__(self, viewer, help_id):
        self.viewer = viewer
        self.image = None
        self.size = self.gutter = 0
        self.cursor = None
        self.zoom, self.left, self.top = 1.0, 0.0, 0.0
        self.grab = None
        self.canvas = h("canvas", aria_hidden="true")
        self.overlay = svg("svg", aria_hidden="true")
        self.stage = h(
            "div",
            self.canvas,
            self.overlay,
            cls="stage",
            tabindex="0",
            role="application",
            aria_roledescription="matrix",
            aria_label=viewer.title,
            aria_describedby=help_id,
        )
        for name, handler in (
            ("pointermove", self._moved),
            ("pointerdown", self._pressed),
            ("pointerup", self._released),
            ("pointercancel", self._cancelled),
            ("pointerleave", self._left_stage),
            ("wheel", self._wheeled),
            ("keydown", self._key),
            ("dblclick", lambda event: self.whole()),
        ):
            listen(self.stage, name, handler)

    # --- geometry: cells of the matrix to pixels of the stage ---

    def measure(self):
        """Keep as much room for the names as the longest takes."""
        longest = [width_of(shortened(name), NAME_FONT) for name, first, end in self.viewer.order.segments]
        self.gutter = LEADER + int(max(longest or [0]))

    def fit(self, size):
        """Take so many pixels each way for the cells."""
        self.size = size
        self.canvas.width = self.canvas.height = round(size * window.devicePixelRatio)
        self.canvas.style.setProperty("left", f"{self.gutter}px")
        for element, extent in ((self.canvas, size), (self.overlay, size + self.gutter)):
            element.style.setProperty("width", f"{extent}px")
            element.style.setProperty("height", f"{extent}px")

    @property
    def cell(self):
        """Pixels per cell."""
        return self.size * self.zoom / self.viewer.order.n

    # --- drawing ---

    def take(self, pixels):
        """Show other pixels: a buffer of the engine."""
        n_rows, n_columns = pixels["shape"][0], pixels["shape"][1]
        if self.image is None or self.image.width != n_columns:
            self.image = h("canvas", width=n_columns, height=n_rows)
        data = ImageData.new(Uint8ClampedArray.new(pixels["data"]), n_columns, n_rows)
        self.image.getContext("2d").putImageData(data, 0, 0)
        self.draw()

    def draw(self):
        if self.image is None or not self.size:
            return
        context = self.canvas.getContext("2d")
        pixels, span = self.canvas.width, self.viewer.order.n / self.zoom
        context.imageSmoothingEnabled = False
        context.clearRect(0, 0, pixels, pixels)
        context.drawImage(self.image, self.left, self.top, span, span, 0, 0, pixels, pixels)
        self.mark()

    def mark(self):
        """Draw separators, names, the selected edge and the cursor."""
        if not self.size:
            return
        clear(self.overlay)
        size, cell = self.size, self.cell
        inner = svg("svg", x=self.gutter, y=0, width=size, height=size)
        separators = []
        for _name, first, _end in self.viewer.order.segments[1:]:
            x, y = (first - self.left) * cell, (first - self.top) * cell
            if 0 < x < size:
                separators.append(f"M{x:.1f} 0V{size}")
            if 0 < y < size:
                separators.append(f"M0 {y:.1f}H{size}")
        inner.append(svg("path", d="".join(separators), cls="separators"))
        if self.viewer.area is not None:
            self._outline_area(inner)
        pair = self.viewer.selected_pair()
        if pair:
            a, b = (self.viewer.order.row_of_parcel[parcel] for parcel in pair)
            for row, column in ((a, b), (b, a)):
                self._outline(inner, row, column, "selected", 4)
        if self.cursor:
            row, column = self.cursor
            inner.append(svg("path", d=self._cross(row, column), cls="cross"))
            self._outline(inner, row, column, "cursor", 1)
        self.overlay.append(inner)
        self.overlay.append(svg("rect", x=self.gutter, y=0, width=size, height=size, cls="frame"))
        self._names(self.left, vertical=False)
        self._names(self.top, vertical=True)

    def _outline_area(self, place):
        """Outline the selected area, on both sides of the diagonal."""
        one, other = self.viewer.area
        ends = [self._runs(one), [(0, self.viewer.order.n)] if other is None else self._runs(other)]
        for sides in (ends, ends[::-1]):
            for first, end in sides[0]:
                for left, right in sides[1]:
                    where = {
                        "x": f"{(left - self.left) * self.cell:.1f}",
                        "y": f"{(first - self.top) * self.cell:.1f}",
                        "width": f"{(right - left) * self.cell:.1f}",
                        "height": f"{(end - first) * self.cell:.1f}",
                    }
                    add(place, svg("rect", cls="halo area", **where), svg("rect", cls="area", **where))

    def _runs(self, parcels):
        """The rows of parcels as ``(first, end)`` of those that follow each other."""
        found = []
        for row in sorted([self.viewer.order.row_of_parcel[parcel] for parcel in parcels]):
            if found and found[-1][1] == row:
                found[-1] = (found[-1][0], row + 1)
            else:
                found.append((row, row + 1))
        return found

    def _outline(self, place, row, column, cls, margin):
        """Outline a cell, light around dark, to be seen on any colour."""
        width = max(self.cell, 3) + 2 * margin
        x, y = (column + 0.5 - self.left) * self.cell - width / 2, (row + 0.5 - self.top) * self.cell - width / 2
        where = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{width:.1f}", "height": f"{width:.1f}"}
        add(place, svg("rect", cls=f"halo {cls}", **where), svg("rect", cls=cls, **where))

    def _cross(self, row, column):
        x, y = (column + 0.5 - self.left) * self.cell, (row + 0.5 - self.top) * self.cell
        return f"M{x:.1f} 0V{self.size}M0 {y:.1f}H{self.size}"

    def _names(self, offset, vertical):
        """Write the networks along one side, apart from each other, with a line to where each belongs."""
        visible = []
        for name, first, end in self.viewer.order.segments:
            start = min(max((first - offset) * self.cell, 0), self.size)
            stop = min(max((end - offset) * self.cell, 0), self.size)
            if stop - start > 0.5:
                visible.append((name, end - first, start, stop))
        # Of too many the smallest go without a name; pointing at a cell still shows it.
        most = int(self.size // LABEL_GAP)
        if len(visible) > most:
            least = sorted([stop - start for name, count, start, stop in visible], reverse=True)[most - 1]
            visible = [item for item in visible if item[3] - item[2] >= least][:most]
        middles = [(start + stop) / 2 for name, count, start, stop in visible]
        places = spread(middles, LABEL_GAP, self.size)
        for (name, count, _start, _stop), middle, place in zip(visible, middles, places):
            if vertical:
                line = f"M{self.gutter - 12} {place:.1f}L{self.gutter - 4} {middle:.1f}H{self.gutter}"
                where = {"x": self.gutter - 15, "y": f"{place:.1f}"}
            else:
                place, middle = place + self.gutter, middle + self.gutter
                line = f"M{place:.1f} {self.size + 12}L{middle:.1f} {self.size + 4}V{self.size}"
                where = {"transform": f"translate({place:.1f} {self.size + 15}) rotate(-90)"}
            known = name or say("no network")
            self.overlay.append(svg("path", d=line, cls="leader"))
            self.overlay.append(
                svg(
                    "text",
                    shortened(known),
                    svg("title", say("{known}, {count} parcels", known=known, count=count)),
                    cls="network",
                    **where,
                )
            )

    # --- reading ---

    def read_cursor(self):
        """Say what is at the cursor now, if there is one."""
        if self.cursor:
            self.viewer.say(self._words(*self.cursor))

    def _words(self, row, column):
        viewer = self.viewer
        order = viewer.order
        value = None if row == column else reading(viewer.values[row * order.n + column])
        return viewer.edge_words(order.parcel_of_row[row], order.parcel_of_row[column], value)

    def _place_of_cursor(self):
        """Where the cursor is in the window."""
        box, (row, column) = self.canvas.getBoundingClientRect(), self.cursor
        return box.left + (column + 0.5 - self.left) * self.cell, box.top + (row + 0.5 - self.top) * self.cell

    def _cell_at(self, event):
        box = self.canvas.getBoundingClientRect()
        column = int(self.left + (event.clientX - box.left) / self.cell)
        row = int(self.top + (event.clientY - box.top) / self.cell)
        inside = box.left <= event.clientX < box.right and box.top <= event.clientY < box.bottom
        return (row, column) if inside and row < self.viewer.order.n and column < self.viewer.order.n else None

    def _moved(self, event):
        if self.viewer.values is None:
            return
        if self.grab:
            x, y, left, top, dragged = self.grab
            dx, dy = event.clientX - x, event.clientY - y
            if dragged or abs(dx) + abs(dy) > 4:
                self.grab[4] = True
                put_away()
                self._look_at(left - dx / self.cell, top - dy / self.cell)
            return
        cell = self._cell_at(event)
        if cell:
            self.viewer.say(self._words(*cell), (event.clientX, event.clientY))
        else:
            put_away()

    def _left_stage(self, event):
        put_away()
        if self.cursor and self.viewer.values is not None:
            self.viewer.say(self._words(*self.cursor))

    def _pressed(self, event):
        if event.button == 0 and self._cell_at(event):
            self.grab = [event.clientX, event.clientY, self.left, self.top, False]
            self.stage.setPointerCapture(event.pointerId)

    def _released(self, event):
        grab, self.grab = self.grab, None
        cell = self._cell_at(event)
        if grab and not grab[4] and cell:
            self.cursor = cell
            self.viewer.say(self._words(*cell), (event.clientX, event.clientY))
            self.mark()
            self._select()

    def _cancelled(self, event):
        self.grab = None

    def _select(self):
        row, column = self.cursor
        if row != column:
            order = self.viewer.order
            self.viewer.choose_edge(edge_of(order.parcel_of_row[row], order.parcel_of_row[column], order.n))

    # --- moving ---

    def go_to(self, a, b):
        """Put the cursor on the edge between two parcels, and say what it is."""
        self.cursor = (self.viewer.order.row_of_parcel[a], self.viewer.order.row_of_parcel[b])
        if self.viewer.shape == "matrix":
            self._follow()
            self.viewer.say(self._words(*self.cursor), self._place_of_cursor, aloud=True)

    def _look_at(self, left, top):
        hidden = self.viewer.order.n - self.viewer.order.n / self.zoom
        self.left, self.top = min(max(left, 0), hidden), min(max(top, 0), hidden)
        self.reset.disabled = self.zoom == 1
        self.draw()

    def _zoom_by(self, factor):
        """Zoom around the cursor, or the middle of what is shown."""
        x = y = self.size / 2
        if self.cursor:
            row, column = self.cursor
            x, y = (column + 0.5 - self.left) * self.cell, (row + 0.5 - self.top) * self.cell
        self._zoom_at(factor, x, y)

    def _zoom_at(self, factor, x, y):
        """Zoom so that the point ``x, y`` (pixels of the canvas) stays where it is."""
        column, row = self.left + x / self.cell, self.top + y / self.cell
        self.zoom = min(max(self.zoom * factor, 1.0), MAX_ZOOM)
        self._look_at(column - x / self.cell, row - y / self.cell)

    def zoom_buttons(self):
        """Return buttons that do what the keys do."""

        def button(face, name, action):
            return h("button", face, type="button", aria_label=name, title=name, on={"click": lambda event: action()})

        self.reset = button(say("Reset"), say("Reset the zoom"), self.whole)
        return h(
            "div",
            button("−", say("Zoom out"), lambda: self._zoom_by(1 / 1.4)),
            button("+", say("Zoom in"), lambda: self._zoom_by(1.4)),
            self.reset,
            cls="segmented zoom",
            role="group",
            aria_label=say("Zoom"),
        )

    def whole(self):
        """Show all of it."""
        self.zoom = 1.0
        self._look_at(0, 0)

    def _wheeled(self, event):
        # Unless the matrix is being worked with, the wheel scrolls the page as everywhere.
        in_full = self.viewer.full.stand_in is not None
        if not (event.ctrlKey or in_full or self.stage.contains(document.activeElement)):
            return
        event.preventDefault()
        box = self.canvas.getBoundingClientRect()
        self._zoom_at(1.2 if event.deltaY < 0 else 1 / 1.2, event.clientX - box.left, event.clientY - box.top)

    def _key(self, event):
        if self.viewer.values is None or event.altKey or event.metaKey or event.ctrlKey:
            return
        steps = {"ArrowUp": (-1, 0), "ArrowDown": (1, 0), "ArrowLeft": (0, -1), "ArrowRight": (0, 1)}
        key = event.key
        if key in steps:
            self._step(steps[key], event.shiftKey)
        elif key in ("+", "=", "-"):
            self._zoom_by(1 / 1.4 if key == "-" else 1.4)
        elif key in ("Home", "0"):
            self.whole()
        elif key == "Enter" and self.cursor:
            self._select()
        else:
            return
        event.preventDefault()

    def _step(self, step, far):
        if self.cursor is None:
            self.cursor = (0, 0)
        else:
            order = self.viewer.order
            self.cursor = tuple(
                (order.next_network(at, by) if far else min(max(at + by, 0), order.n - 1)) if by else at
                for at, by in zip(self.cursor, step)
            )
        self._follow()
        self.viewer.say(self._words(*self.cursor), self._place_of_cursor, aloud=True)

    def _follow(self):
        """Move the view so that the cursor is in it."""
        row, column = self.cursor
        span = self.viewer.order.n / self.zoom
        left = min(max(self.left, column + 1 - span), column)
        top = min(max(self.top, row + 1 - span), row)
        self._look_at(left, top)
        cursor = self.overlay.querySelector("rect.cursor")
        if cursor is not None:  # nothing is drawn before the pixels are there
            cursor.scrollIntoView(to_js({"block": "nearest", "inline": "nearest"}))
