"""Matrix viewer: one large connectivity matrix to read, zoom and threshold.

The engine sends the values (for reading out) and paints the pixels (for showing); what is drawn here are network
names, separators and the cursor, as SVG above the canvas so that they follow the theme.
"""

import downloads
from dom import add, clear, guarded, h, listen, number, show, svg, text
from js import Float32Array, ImageData, ResizeObserver, Uint8ClampedArray, document, window
from pace import Latest

MAX_ZOOM = 24
LABEL_GAP = 12  # pixels between the names of two networks
NAME_LENGTH = 10  # letters of a network's name; pointing at it tells the rest
BELOW = 300  # pixels of the window kept for what stands above and below the matrix
HELP = (
    "Arrow keys move the cursor, with Shift to the next network. Enter selects the edge, plus and minus zoom, "
    "Home shows the whole matrix. With the mouse: click to select, then wheel to zoom and drag to move."
)


# --- order -----------------------------------------------------------------------------------------------------------


def edge_of(a, b, n_parcels):
    """Position in edge order (row-major over a < b, as `imagenomer.edges` fixes it) of a pair of parcels."""
    if a > b:
        a, b = b, a
    return a * n_parcels - a * (a + 1) // 2 + b - a - 1


def pair_of(edge, n_parcels):
    """The parcels ``a < b`` that an edge connects."""
    a = 0
    while edge >= n_parcels - 1 - a:
        edge -= n_parcels - 1 - a
        a += 1
    return a, a + 1 + edge


class Order:
    """How display rows, file indices and networks correspond in one order of the parcels."""

    def __init__(self, parcellation, n_parcels, order):
        self.n = n_parcels
        known = parcellation is not None and len(parcellation["labels"]) == n_parcels
        by_network = known and order == "network"
        self.parcel_of_row = list(parcellation["display_order"]) if by_network else list(range(n_parcels))
        self.row_of_parcel = [0] * n_parcels
        for row, parcel in enumerate(self.parcel_of_row):
            self.row_of_parcel[parcel] = row
        self.labels = parcellation["labels"] if known else [str(parcel + 1) for parcel in range(n_parcels)]
        self.networks = parcellation["networks"] if known else [""] * n_parcels
        self.segments = self._segments() if by_network else []

    def _segments(self):
        """Runs of one network as ``(name, first row, end row)``."""
        found = []
        for row, parcel in enumerate(self.parcel_of_row):
            network = self.networks[parcel]
            if found and found[-1][0] == network:
                found[-1][2] = row + 1
            else:
                found.append([network, row, row + 1])
        return found

    def next_network(self, row, step):
        """First row of the next network, or of this or the previous one for ``step`` -1."""
        starts = [first for name, first, end in self.segments] or list(range(0, self.n, 10))
        beyond = [first for first in starts if (first - row) * step > 0]
        if not beyond:
            return self.n - 1 if step > 0 else 0
        return beyond[0] if step > 0 else beyond[-1]


def spread(centres, gap, size):
    """Move labels from ``centres`` (ascending) as little as possible so that they lie ``gap`` apart within ``size``."""
    # Least squares under an order constraint, by pooling neighbours that violate it.
    pools = []
    for position, centre in enumerate(centres):
        pools.append([centre - position * gap, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (first, m), (second, n) = pools[-2:]
            pools[-2:] = [[(first * m + second * n) / (m + n), m + n]]
    room = max(size - gap * len(centres), 0)
    placed = []
    for start, count in pools:
        start = min(max(start, gap / 2), room + gap / 2)
        for _ in range(count):
            placed.append(start + len(placed) * gap)
    return placed


def shortened(name):
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…"


def reading(value):
    """A value for the readout; a true minus sign, because people read it."""
    if value != value:
        return "no value"
    text = f"{value:.4f}" if abs(value) < 1000 else f"{value:.1f}"
    return text.replace("-", "−")


# --- the colour scale ------------------------------------------------------------------------------------------------


class ColourScale:
    """Colour bar, colour map, limit and threshold: what is shared by the matrices painted with them.

    ``changed()`` is called when any of them is moved by hand.
    """

    def __init__(self, app, changed, flat=False, threshold=True):
        self.app = app
        self.changed = changed
        self.flat = flat
        self.signed = None
        self.natural = None
        self.limit = None
        self.threshold = 0
        self.bar = h("div", cls="bar")
        self.ticks = h("div", cls="ticks")
        self.label = h("div", cls="label")
        self.legend = h("div", self.label, h("div", self.bar, self.ticks, cls="barbox"), aria_hidden="true")
        self.legend.className = "colourbar flat" if flat else "colourbar"
        self.colormap = h("select", aria_label="Colours", on={"change": self._recoloured})
        self.limit_row, self.limit_slider, self.limit_reading = self._slider("Limit", self._set_limit)
        self.threshold_row, self.threshold_slider, self.threshold_reading = self._slider(
            "Threshold", self._set_threshold
        )
        show(self.threshold_row, threshold)
        self.controls = h(
            "div",
            self.limit_row,
            self.threshold_row,
            h("label", h("span", "Colours"), self.colormap, cls="colours"),
            cls="scale-controls",
        )

    def _slider(self, label, take):
        slider = h("input", type="range", min=0, max=1, step="any", aria_label=label)
        listen(slider, "input", lambda event: take(float(slider.value)))
        reading = h("output", cls="value", aria_hidden="true")  # the slider says it too
        return h("label", h("span", label), slider, reading, cls="slider"), slider, reading

    def set_range(self, natural, signed, label):
        """Take over a new map whose own limit is ``natural``; a limit that somebody has set stays as it is."""
        if self.limit is None or self.limit == self.natural:
            self.limit = natural
        self.natural = natural
        text(self.label, label)
        if signed != self.signed:
            self.signed = signed
            kind = "diverging" if signed else "sequential"
            self.colormaps = [item for item in self.app.cohort["colormaps"] if item["scale"] == kind]
            clear(self.colormap, [h("option", item["title"], value=item["name"]) for item in self.colormaps])
        self._fit()

    def _recoloured(self, event):
        self._fit()
        self.changed()

    def _set_limit(self, value):
        self.limit = max(value, self.natural / 100)
        self._fit()
        self.changed()

    def _set_threshold(self, value):
        self.threshold = value
        self._fit()
        self.changed()

    def _fit(self):
        """Make bar, ticks and sliders say what holds now."""
        self.threshold = min(self.threshold, self.limit)
        sign = "±" if self.signed else ""
        for slider, reading, value, top in (
            (self.limit_slider, self.limit_reading, self.limit, max(self.natural * 1.5, self.limit)),
            (self.threshold_slider, self.threshold_reading, self.threshold, self.limit),
        ):
            slider.max = top
            slider.step = top / 150
            slider.value = value
            text(reading, sign + number(value, 3))
            slider.setAttribute("aria-valuetext", sign + number(value, 3))
        lowest = -self.limit if self.signed else 0
        clear(self.ticks, [h("span", number(value, 3)) for value in (self.limit, (self.limit + lowest) / 2, lowest)])
        colours = self.colormaps[self.colormap.selectedIndex]["colours"]
        self.bar.style.setProperty(
            "background", f"linear-gradient(to {'right' if self.flat else 'top'}, {', '.join(colours)})"
        )
        hidden = 100 * self.threshold / self.limit
        if self.signed:
            faded = h("div", cls="faded", style={"top": f"{50 - hidden / 2}%", "height": f"{hidden}%"})
        else:
            faded = h("div", cls="faded", style={"top": f"{100 - hidden}%", "height": f"{hidden}%"})
        clear(self.bar, faded)

    def arguments(self):
        """The painting arguments of the engine's calls."""
        return {"limit": self.limit, "threshold": self.threshold, "colormap": str(self.colormap.value)}


# --- the viewer ------------------------------------------------------------------------------------------------------


class MatrixViewer:
    """A matrix with networks, colour bar, readout, sliders and downloads.

    ``select(edge)`` is called with a clicked edge, if given. ``only_marked`` offers to hide what is not significant.
    """

    def __init__(self, app, identity, title, select=None, only_marked=False, heading="h3"):
        self.app = app
        self.select = select
        self.title = title
        self.source = None
        self.values = None
        self.image = None
        self.order = Order(None, 1, "file")
        self.order_name = "network"
        self.size = 0
        self.cursor = None
        self.selected = None
        self.zoom, self.left, self.top = 1.0, 0.0, 0.0
        self.grab = None
        self.scale = ColourScale(app, lambda: self._repaint())
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
        keys = downloads.popup("?", "Keys and mouse", h("p", HELP, id=f"{identity}-help", cls="hint"))
        toggle = [h("label", self.marked, " Only significant", cls="check")] if only_marked else []
        self.element = h(
            "section",
            h(
                "header",
                self.heading,
                h("div", keys, downloads.figure_menu(self.app, f"Download {title}", self._figure), cls="tools"),
            ),
            self.plot,
            self.readout,
            h("div", self.scale.controls, *toggle, cls="under"),
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
        self.order = Order(self.app.cohort["parcellation"], n_parcels, order)
        self.values = Float32Array.new(values["data"])
        self.label = label or answer.json["label"]
        signed = answer.json["scale"] == "diverging" if signed is None else signed
        self.scale.set_range(natural or answer.json["limit"], signed, self.label)
        text(self.heading, title)
        self.stage.setAttribute("aria-label", title)
        self._fit()
        if self.cursor:
            self._read_out(*self.cursor)
        await self._paint()

    def mark(self, edge):
        """Show which edge is selected; None for none."""
        self.selected = edge
        self._overlay()

    async def _paint(self):
        if self.source is None:
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
        return self.figure or dict(self.scale.arguments(), source=self.source)

    # --- geometry: cells of the matrix to pixels of the stage ---

    def _fit(self):
        """Take the largest square there is room for."""
        width = self.plot.clientWidth
        if not width:
            return  # not shown now
        longest = max([len(shortened(name)) for name, first, end in self.order.segments] or [0])
        self.gutter = 18 + 7 * longest
        room = width - self.scale.legend.offsetWidth - 12 - self.gutter
        self.size = max(min(room, window.innerHeight - BELOW - self.gutter), 160)
        self.canvas.width = self.canvas.height = round(self.size * window.devicePixelRatio)
        self.canvas.style.setProperty("left", f"{self.gutter}px")
        self.scale.legend.style.setProperty("height", f"{self.size}px")
        for element, extent in ((self.canvas, self.size), (self.overlay, self.size + self.gutter)):
            element.style.setProperty("width", f"{extent}px")
            element.style.setProperty("height", f"{extent}px")
        self._draw()

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
        if self.selected is not None:
            a, b = (self.order.row_of_parcel[parcel] for parcel in pair_of(self.selected, self.order.n))
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
        a, b = order.parcel_of_row[row], order.parcel_of_row[column]
        value = self.values[row * order.n + column]
        parts = [f"{order.labels[a]} – {order.labels[b]}"]
        if order.networks[a] or order.networks[b]:
            parts.append(f"{order.networks[a] or 'none'} – {order.networks[b] or 'none'}")
        parts.append(f"{self.label} = {reading(value)}" if row != column else "the same parcel")
        text(self.readout, " · ".join(parts))

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
        if self.select and row != column:
            order = self.order
            self.select(edge_of(order.parcel_of_row[row], order.parcel_of_row[column], order.n))

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
