"""Matrix viewer: one large connectivity matrix to read, zoom and threshold, or the same map as networks, ring or brain.

The engine sends the values (for reading out) and paints the pixels (for showing); what is drawn here are network
names, separators and the cursor, as SVG above the canvas so that they follow the theme. What is selected here is one
edge, and one area (the edges of a parcel, or between two networks), whatever shape the map is shown in.
"""

import downloads
from brain import Brain
from colour_scale import ColourScale
from dom import add, clear, guarded, h, listen, show, svg, text
from edge_view import HELP as EDGES_HELP
from edge_view import StrongestEdges
from js import Float32Array, ImageData, ResizeObserver, Uint8ClampedArray, document, window
from logic.latest import Latest
from networks import HELP as NETWORKS_HELP
from networks import Networks
from parcels import Order, edge_of, pair_of, reading, shortened, spread
from ring import Ring

#: How a map can be shown.
SHAPES = (("matrix", "Matrix"), ("networks", "Networks"), ("ring", "Ring"), ("brain", "Brain"))
MAX_ZOOM = 24
LABEL_GAP = 12  # pixels between the names of two networks
LEGEND = 66  # pixels of the width for the colour bar
BELOW = 336  # pixels of the window kept for what stands above and below the matrix
HELP = (
    "Arrow keys move the cursor, with Shift to the next network. Enter selects the edge, plus and minus zoom, "
    "Home shows the whole matrix. With the mouse: click to select, then wheel to zoom and drag to move."
)


class MatrixViewer:
    """A matrix with networks, colour bar, readout, sliders and downloads.

    ``select(edge)`` is called with a clicked edge, if given; it is to call `mark`. ``only_marked`` offers to hide what
    is not significant. ``on_shape(shape)`` is called when the user chooses another shape.
    """

    def __init__(self, app, identity, title, select=None, only_marked=False, heading="h3", on_shape=None):
        self.app = app
        self.select = select
        self.on_shape = on_shape
        self.title = title
        self.source = None
        self.values = None
        self.image = None
        self.order = Order(None, 1, "file")
        self.order_name = "network"
        self.size = 0
        self.cursor = None
        self.selected = None
        self.area = None  # of which edges: (parcels at one end, parcels at the other or None for any)
        self.area_networks = None  # the same as (row, column) of the networks, if it is one
        self.by_network = self.order
        self.parcellation = None
        self.shape = "matrix"
        self.views = {}
        self.zoom, self.left, self.top = 1.0, 0.0, 0.0
        self.grab = None
        self.scale = ColourScale(app, lambda: self._repaint())
        self.strongest = StrongestEdges(self)
        self._repaint = Latest(app, self._paint)
        self._build(identity, title, only_marked, heading)

    def _build(self, identity, title, only_marked, heading):
        self.heading = h(heading, title)
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
            aria_label=title,
            aria_describedby=f"{identity}-help",
        )
        self.readout = h("output", "Point at a cell", cls="readout", aria_live="off", aria_label="Readout")
        self.marked = h("input", type="checkbox", on={"change": lambda event: self._repaint()})
        self.plot = h("div", self.stage, self.scale.legend, cls="plot")
        self.help = h("p", HELP, id=f"{identity}-help", cls="hint")
        keys = downloads.popup("?", "Keys and mouse", self.help)
        self.menu = downloads.figure_menu(self.app, f"Download {title}", self._figure)
        self.marks = only_marked
        self.toggle = h("label", self.marked, " Only significant", cls="check")
        show(self.toggle, only_marked)
        show(self.strongest.controls, False)
        self.note = h("p", cls="note", role="status", hidden=True)
        self.buttons = [
            (shape, h("button", name, type="button", on={"click": self._shaper(shape)})) for shape, name in SHAPES
        ]
        buttons = [button for shape, button in self.buttons]
        shapes = h("div", buttons, cls="segmented", role="group", aria_label="Show as")
        self.under = h("div", self.strongest.controls, self.scale.controls, self.toggle, cls="under")
        self.element = h(
            "section",
            h(
                "header",
                self.heading,
                h(
                    "div",
                    keys,
                    self.app.tray.button(lambda: (self.title, self.source)),
                    self.menu,
                    cls="tools",
                ),
            ),
            shapes,
            self.plot,
            self.readout,
            self.note,
            self.under,
            cls="matrix",
        )
        for name, handler in (
            ("pointermove", self._moved),
            ("pointerdown", self._pressed),
            ("pointerup", self._released),
            ("pointercancel", self._cancelled),
            ("pointerleave", self._left_stage),
            ("wheel", self._wheeled),
            ("keydown", self._key),
            ("dblclick", lambda event: self._whole()),
        ):
            listen(self.stage, name, handler)
        self._press()
        self.observer = ResizeObserver.new(guarded(lambda entries, observer: self._fit()))
        self.observer.observe(self.element)

    # --- what is shown ---

    async def show(self, source, title, order="network", label=None, natural=None, signed=None, figure=None):
        """Fetch and show a matrix; the zoom, the cursor and limits somebody has set stay as they are.

        ``source`` is the engine's name of the matrix, ``figure`` the arguments of the figure to download (the source
        itself, as it looks now, if None).
        """
        cohort = self.app.cohort
        answer = await self.app.client.call("matrix", {"source": source, "order": order})
        if self.app.cohort is not cohort:
            return  # another one was opened meanwhile
        values = answer.buffers["values"]
        n_parcels = values["shape"][0]
        if n_parcels != self.order.n:
            self._whole()
        self.source, self.title, self.figure = source, title, figure
        self.order_name = order
        if self.parcellation is not self.app.cohort["parcellation"]:
            self.parcellation = self.app.cohort["parcellation"]
            self.area = self.area_networks = None
            self.strongest.forget()
        self.order = Order(self.parcellation, n_parcels, order)
        self.by_network = Order(self.parcellation, n_parcels, "network")
        self.values = Float32Array.new(values["data"])
        self.label = label or answer.json["label"]
        signed = answer.json["scale"] == "diverging" if signed is None else signed
        self.scale.set_range(natural or answer.json["limit"], signed, self.label)
        text(self.heading, title)
        self.stage.setAttribute("aria-label", title)
        downloads.rename(self.menu, f"Download {title}")
        self._fit()
        if self.cursor:
            self._read_out(*self.cursor)
        await self._paint()

    def mark(self, edge):
        """Show which edge is selected; None for none."""
        self.selected = edge
        self._mark()

    async def _paint(self):
        if self.source is None:
            return
        if self.shape == "networks":
            self.views["networks"].load()
            return
        if self.shape != "matrix":
            self.strongest.load()
            return
        wanted = {"source": self.source, "order": self.order_name, "only_marked": bool(self.marked.checked)}
        wanted.update(self.scale.arguments())
        answer = await self.app.client.call("paint", wanted)
        pixels = answer.buffers["pixels"]
        n_rows, n_columns = pixels["shape"][0], pixels["shape"][1]
        if self.image is None or self.image.width != n_columns:
            self.image = h("canvas", width=n_columns, height=n_rows)
        data = ImageData.new(Uint8ClampedArray.new(pixels["data"]), n_columns, n_rows)
        self.image.getContext("2d").putImageData(data, 0, 0)
        self._draw()

    def _figure(self):
        if self.shape == "networks":
            return dict(self.views["networks"].arguments(), view="networks")
        if self.shape != "matrix":
            return dict(self.strongest.arguments(), view=self.shape)
        return self.figure or dict(self.scale.arguments(), source=self.source)

    # --- shapes ---

    def _shaper(self, shape):
        def choose(event):
            self.show_as(shape)
            if self.on_shape:
                self.on_shape(shape)

        return choose

    def show_as(self, shape):
        """Show the map as a matrix, as networks, as a ring or as a brain."""
        if shape not in self.views and shape != "matrix":
            if shape == "networks":
                self.views[shape] = Networks(self, self.marks)
                add(self.under, self.views[shape].controls)
            else:
                self.views[shape] = Ring(self) if shape == "ring" else Brain(self)
            self.plot.insertBefore(self.views[shape].element, self.scale.legend)
            self.views[shape].stage.setAttribute("aria-describedby", self.help.id)
        self.shape = shape
        drawn = shape in ("ring", "brain")
        show(self.stage, shape == "matrix")
        for name, view in self.views.items():
            show(view.element, name == shape)
        if "networks" in self.views:
            show(self.views["networks"].controls, shape == "networks")
        show(self.scale.legend, shape != "networks")
        show(self.scale.controls, shape != "networks")
        show(self.strongest.controls, drawn)
        show(self.toggle, self.marks and shape != "networks")
        show(self.note, drawn)
        text(self.help, HELP if shape == "matrix" else EDGES_HELP if drawn else NETWORKS_HELP)
        text(self.readout, "Point at a line" if drawn else "Point at a cell")
        self._press()
        self.app.run(self._show_shape())

    def _press(self):
        for shape, button in self.buttons:
            button.setAttribute("aria-pressed", "true" if shape == self.shape else "false")

    async def _show_shape(self):
        if self.shape == "brain":
            await self.views["brain"].prepare()
        self._fit()
        await self._paint()

    def edges_changed(self):
        """Show the strongest edges, which have come."""
        if self.shape in ("ring", "brain"):
            self._fit()

    def tell_edges(self, n_selected):
        """Say which edges are drawn, and how many of them are in the selected area."""
        selected = "" if self.area is None else f"; {n_selected} of them selected"
        text(self.note, self.strongest.note + selected)

    # --- what is selected ---

    def choose_edge(self, edge):
        """Select an edge, in every view there is of it."""
        (self.select or self.mark)(edge)

    def choose_area(self, one, other, networks=None):
        """Select all edges of parcels, or those between two sets of parcels; choosing the same again takes it back."""
        area = None if one is None else (set(one), None if other is None else set(other))
        if area == self.area:
            area = networks = None
        self.area, self.area_networks = area, networks
        if self.shape in ("ring", "brain"):
            self.views[self.shape].draw()
        else:
            self._mark()

    def in_area(self, a, b):
        """Whether the edge between two parcels is in the selected area; every edge is if there is none."""
        if self.area is None:
            return True
        one, other = self.area
        if other is None:
            return a in one or b in one
        return (a in one and b in other) or (b in one and a in other)

    def selected_parcels(self):
        """The parcels whose edges are selected, all of them."""
        return list(self.area[0]) if self.area and self.area[1] is None else []

    def selected_pair(self):
        """The parcels of the selected edge; None where there is none, or an address names one that is not here."""
        n_edges = self.order.n * (self.order.n - 1) // 2
        known = self.selected is not None and 0 <= self.selected < n_edges
        return pair_of(self.selected, self.order.n) if known else None

    def _mark(self):
        if self.shape == "matrix":
            self._overlay()
        else:
            self.views[self.shape].mark()

    # --- geometry: cells of the matrix to pixels of the stage ---

    def _fit(self):
        """Take the largest square there is room for."""
        width = self.plot.clientWidth
        if not width:
            return  # not shown now
        longest = max([len(shortened(name)) for name, first, end in self.order.segments] or [0])
        self.gutter = 18 + 7 * longest
        room = width - LEGEND - 12 - self.gutter
        self.size = max(min(room, window.innerHeight - BELOW - self.gutter), 160)
        self.canvas.width = self.canvas.height = round(self.size * window.devicePixelRatio)
        self.canvas.style.setProperty("left", f"{self.gutter}px")
        self.scale.legend.style.setProperty("height", f"{self.size}px")
        for element, extent in ((self.canvas, self.size), (self.overlay, self.size + self.gutter)):
            element.style.setProperty("width", f"{extent}px")
            element.style.setProperty("height", f"{extent}px")
        if self.shape == "matrix":
            self._draw()
        elif self.source is not None:
            self.views[self.shape].fit(self.size + self.gutter)

    @property
    def cell(self):
        """Pixels per cell."""
        return self.size * self.zoom / self.order.n

    def _draw(self):
        if self.image is None or not self.size:
            return
        context = self.canvas.getContext("2d")
        pixels, span = self.canvas.width, self.order.n / self.zoom
        context.imageSmoothingEnabled = False
        context.clearRect(0, 0, pixels, pixels)
        context.drawImage(self.image, self.left, self.top, span, span, 0, 0, pixels, pixels)
        self._overlay()

    def _overlay(self):
        """Draw separators, names, the selected edge and the cursor."""
        if not self.size:
            return
        clear(self.overlay)
        size, cell = self.size, self.cell
        inner = svg("svg", x=self.gutter, y=0, width=size, height=size)
        separators = []
        for _name, first, _end in self.order.segments[1:]:
            x, y = (first - self.left) * cell, (first - self.top) * cell
            if 0 < x < size:
                separators.append(f"M{x:.1f} 0V{size}")
            if 0 < y < size:
                separators.append(f"M0 {y:.1f}H{size}")
        inner.append(svg("path", d="".join(separators), cls="separators"))
        if self.area is not None:
            self._outline_area(inner)
        pair = self.selected_pair()
        if pair:
            a, b = (self.order.row_of_parcel[parcel] for parcel in pair)
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
        one, other = self.area
        ends = [self._runs(one), [(0, self.order.n)] if other is None else self._runs(other)]
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
        for row in sorted([self.order.row_of_parcel[parcel] for parcel in parcels]):
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
        for name, first, end in self.order.segments:
            start = min(max((first - offset) * self.cell, 0), self.size)
            stop = min(max((end - offset) * self.cell, 0), self.size)
            if stop - start > 0.5:
                visible.append((name, end - first, start, stop))
        # Of too many the smallest go without a name; pointing at a cell still tells it.
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
            known = name or "no network"
            self.overlay.append(svg("path", d=line, cls="leader"))
            self.overlay.append(
                svg("text", shortened(known), svg("title", f"{known}, {count} parcels"), cls="network", **where)
            )

    # --- reading ---

    def _read_out(self, row, column):
        order = self.order
        value = None if row == column else reading(self.values[row * order.n + column])
        text(self.readout, self.edge_words(order.parcel_of_row[row], order.parcel_of_row[column], value))

    def edge_words(self, a, b, value):
        """The parcels of an edge, their networks and its value, which is None of a parcel with itself."""
        order = self.order
        parts = [f"{order.labels[a]} – {order.labels[b]}"]
        if order.networks[a] or order.networks[b]:
            parts.append(f"{order.networks[a] or 'none'} – {order.networks[b] or 'none'}")
        parts.append("the same parcel" if value is None else f"{self.label} = {value}")
        return " · ".join(parts)

    def say(self, words, aloud):
        """Read out what a ring, a brain or networks are pointed at."""
        # Spoken only for the keyboard: a moving mouse would never let it finish.
        self.readout.setAttribute("aria-live", "polite" if aloud else "off")
        text(self.readout, words)

    def _cell_at(self, event):
        box = self.canvas.getBoundingClientRect()
        column = int(self.left + (event.clientX - box.left) / self.cell)
        row = int(self.top + (event.clientY - box.top) / self.cell)
        inside = box.left <= event.clientX < box.right and box.top <= event.clientY < box.bottom
        return (row, column) if inside and row < self.order.n and column < self.order.n else None

    def _moved(self, event):
        if self.values is None:
            return
        if self.grab:
            x, y, left, top, dragged = self.grab
            dx, dy = event.clientX - x, event.clientY - y
            if dragged or abs(dx) + abs(dy) > 4:
                self.grab[4] = True
                self._look_at(left - dx / self.cell, top - dy / self.cell)
            return
        cell = self._cell_at(event)
        if cell:
            # Spoken only for the keyboard: a moving mouse would never let it finish.
            self.readout.setAttribute("aria-live", "off")
            self._read_out(*cell)

    def _left_stage(self, event):
        if self.cursor and self.values is not None:
            self._read_out(*self.cursor)

    def _pressed(self, event):
        if event.button == 0 and self._cell_at(event):
            self.grab = [event.clientX, event.clientY, self.left, self.top, False]
            self.stage.setPointerCapture(event.pointerId)

    def _released(self, event):
        grab, self.grab = self.grab, None
        cell = self._cell_at(event)
        if grab and not grab[4] and cell:
            self.cursor = cell
            self._read_out(*cell)
            self._overlay()
            self._select()

    def _cancelled(self, event):
        self.grab = None

    def _select(self):
        row, column = self.cursor
        if row != column:
            order = self.order
            self.choose_edge(edge_of(order.parcel_of_row[row], order.parcel_of_row[column], order.n))

    # --- moving ---

    def _look_at(self, left, top):
        hidden = self.order.n - self.order.n / self.zoom
        self.left, self.top = min(max(left, 0), hidden), min(max(top, 0), hidden)
        self._draw()

    def _zoom_at(self, factor, x, y):
        """Zoom so that the point ``x, y`` (pixels of the canvas) stays where it is."""
        column, row = self.left + x / self.cell, self.top + y / self.cell
        self.zoom = min(max(self.zoom * factor, 1.0), MAX_ZOOM)
        self._look_at(column - x / self.cell, row - y / self.cell)

    def _whole(self):
        self.zoom = 1.0
        self._look_at(0, 0)

    def _wheeled(self, event):
        # Unless the matrix is being worked with, the wheel scrolls the page as everywhere.
        if not (event.ctrlKey or self.stage.contains(document.activeElement)):
            return
        event.preventDefault()
        box = self.canvas.getBoundingClientRect()
        self._zoom_at(1.2 if event.deltaY < 0 else 1 / 1.2, event.clientX - box.left, event.clientY - box.top)

    def _key(self, event):
        if self.values is None or event.altKey or event.metaKey or event.ctrlKey:
            return
        steps = {"ArrowUp": (-1, 0), "ArrowDown": (1, 0), "ArrowLeft": (0, -1), "ArrowRight": (0, 1)}
        key = event.key
        if key in steps:
            self._step(steps[key], event.shiftKey)
        elif key in ("+", "=", "-"):
            row, column = self.cursor or (self.order.n // 2, self.order.n // 2)
            x, y = (column + 0.5 - self.left) * self.cell, (row + 0.5 - self.top) * self.cell
            self._zoom_at(1 / 1.4 if key == "-" else 1.4, x, y)
        elif key in ("Home", "0"):
            self._whole()
        elif key == "Enter" and self.cursor:
            self._select()
        else:
            return
        event.preventDefault()

    def _step(self, step, far):
        if self.cursor is None:
            self.cursor = (0, 0)
        else:
            self.cursor = tuple(
                (self.order.next_network(at, by) if far else min(max(at + by, 0), self.order.n - 1)) if by else at
                for at, by in zip(self.cursor, step)
            )
        self.readout.setAttribute("aria-live", "polite")
        self._read_out(*self.cursor)
        self._follow()

    def _follow(self):
        """Move the view so that the cursor is in it."""
        row, column = self.cursor
        span = self.order.n / self.zoom
        left = min(max(self.left, column + 1 - span), column)
        top = min(max(self.top, row + 1 - span), row)
        self._look_at(left, top)
