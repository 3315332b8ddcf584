"""Points: a scatter whose points name the subject when pointed at or stepped through with the arrow keys."""

import math

import downloads
from dom import add, clear, guarded, h, listen, number, svg, text
from js import ResizeObserver

HEIGHT = 360
LEFT, RIGHT, TOP, BOTTOM = 68, 16, 12, 48
RADIUS = 4
CIRCLE = "a4 4 0 1 0 8 0a4 4 0 1 0 -8 0"  # drawn from its leftmost point
HELP = "Point at a dot, or step along the horizontal axis with the left and right arrow keys, to see whose it is."
REACH = 24  # pixels from the pointer within which a point is named


def ticks(lowest, highest, wanted=6):
    """Round numbers that cover a range."""
    span = highest - lowest or abs(highest) or 1
    magnitude = 10 ** math.floor(math.log10(span / wanted))
    step = min((1, 2, 5, 10), key=lambda factor: abs(span / (factor * magnitude) - wanted)) * magnitude
    first, last = math.ceil(lowest / step - 1e-9), math.floor(highest / step + 1e-9)
    return [position * step for position in range(first, last + 1)]


def padded(values):
    lowest, highest = min(values), max(values)
    margin = (highest - lowest) * 0.04 or abs(highest) * 0.1 or 1
    return lowest - margin, highest + margin


class Points:
    """A points view of a result, or of a clicked edge."""

    def __init__(self, app, identity):
        self.app = app
        self.view = None
        self.points = []
        self.at = None
        self.width = 0
        self.heading = h("h3")
        self.plot = svg("svg", aria_hidden="true")
        self.stage = h(
            "div",
            self.plot,
            cls="stage",
            tabindex="0",
            role="application",
            aria_roledescription="scatter",
            aria_describedby=f"{identity}-help",
        )
        self.readout = h("output", cls="readout", aria_live="off", aria_label="Readout")
        self.legend = h("ul", cls="legend")
        self.caption = h("p", cls="note")
        self.arguments = None
        keys = downloads.popup("?", "Keys and mouse", h("p", HELP, id=f"{identity}-help", cls="hint"))
        self.element = h(
            "section",
            h(
                "header",
                self.heading,
                h("div", keys, downloads.figure_menu(app, "Download scatter", lambda: self.arguments), cls="tools"),
            ),
            self.legend,
            self.stage,
            self.readout,
            self.caption,
            cls="points",
        )
        listen(self.stage, "pointermove", self._moved)
        listen(self.stage, "pointerleave", lambda event: self._point(None))
        listen(self.stage, "keydown", self._key)
        self.observer = ResizeObserver.new(guarded(lambda entries, observer: self._fit()))
        self.observer.observe(self.stage)

    def update(self, view, arguments):
        """Show a points view; ``arguments`` are those of the `figure` call that draws it for download."""
        self.view = view
        self.arguments = arguments
        self.at = None
        text(self.heading, view["title"])
        text(self.caption, view["caption"])
        self.stage.setAttribute("aria-label", view["title"])
        text(self.readout, "Point at a subject")
        entries = []
        for series in view["series"]:
            swatch = h("span", cls="swatch", style={"background": series["colour"]})
            entries.append(h("li", swatch, f"{series['name']} ({len(series['x'])})"))
        clear(self.legend, entries if len(entries) > 1 else None)
        self._draw()

    # --- drawing ---

    def _fit(self):
        width = int(self.stage.clientWidth)
        if width and width != self.width:
            self.width = width
            self._draw()

    def _draw(self):
        clear(self.plot)
        self.points = []
        if not self.width or not self.view:
            return
        self.plot.setAttribute("width", self.width)
        self.plot.setAttribute("height", HEIGHT)
        x_all = [x for series in self.view["series"] for x in series["x"]]
        y_all = [y for series in self.view["series"] for y in series["y"]]
        if not x_all:
            return
        x0, x1 = padded(x_all)
        y0, y1 = padded(y_all)
        x_scale = (self.width - LEFT - RIGHT) / (x1 - x0)
        y_scale = (HEIGHT - TOP - BOTTOM) / (y1 - y0)

        def place(x, y):
            return LEFT + (x - x0) * x_scale, HEIGHT - BOTTOM - (y - y0) * y_scale

        self._axes(place, (x0, x1), (y0, y1))
        for series in self.view["series"]:
            path = []
            for x, y, subject in zip(series["x"], series["y"], series["subjects"]):
                left, top = place(x, y)
                self.points.append((left, top, x, y, subject, series["name"]))
                path.append(f"M{left - RADIUS:.1f} {top:.1f}{CIRCLE}")
            # One path a series: some hundred elements would take MicroPython too long.
            style = {"fill": series["colour"], "stroke": series["colour"]}
            add(self.plot, svg("path", d="".join(path), cls="dots", style=style))
        if self.view["line"]:
            xa, ya, xb, yb = self.view["line"]
            (xa, ya), (xb, yb) = place(xa, ya), place(xb, yb)
            line = svg("path", d=f"M{xa:.1f} {ya:.1f}L{xb:.1f} {yb:.1f}", cls="fit")
            # Clipped to the axes: a steep line leaves the range of the points.
            box = f"{LEFT} {TOP} {self.width - LEFT - RIGHT} {HEIGHT - TOP - BOTTOM}"
            x, y, width, height = box.split()
            add(self.plot, svg("svg", line, x=x, y=y, width=width, height=height, viewBox=box))
        self.ring = svg("circle", r=RADIUS + 3, cls="ring", visibility="hidden")
        add(self.plot, self.ring)
        self.points.sort()

    def _axes(self, place, x_range, y_range):
        left, right, top, bottom = LEFT, self.width - RIGHT, TOP, HEIGHT - BOTTOM
        grid = []
        plain = [(value, number(value)) for value in ticks(x_range[0], x_range[1], 8 if self.width > 500 else 5)]
        for value, name in self.view["x_ticks"] or plain:
            x, _ = place(value, y_range[0])
            grid.append(f"M{x:.1f} {top}V{bottom}")
            add(self.plot, svg("text", name, x=f"{x:.1f}", y=bottom + 18, cls="tick x"))
        for value in ticks(y_range[0], y_range[1]):
            _, y = place(x_range[0], value)
            grid.append(f"M{left} {y:.1f}H{right}")
            add(self.plot, svg("text", number(value), x=left - 8, y=f"{y + 4:.1f}", cls="tick y"))
        self.plot.prepend(svg("path", d="".join(grid), cls="gridlines"))
        middle = (top + bottom) / 2
        add(
            self.plot,
            svg("path", d=f"M{left} {top}V{bottom}H{right}", cls="axis"),
            svg("text", self.view["x_label"], x=(left + right) / 2, y=HEIGHT - 8, cls="label"),
            svg("text", self.view["y_label"], transform=f"translate(16 {middle}) rotate(-90)", cls="label"),
        )

    # --- reading ---

    def _point(self, index):
        if not self.points:
            return
        self.at = index
        if index is None:
            self.ring.setAttribute("visibility", "hidden")
            text(self.readout, "Point at a subject")
            return
        left, top, x, y, subject, series = self.points[index]
        self.ring.setAttribute("cx", f"{left:.1f}")
        self.ring.setAttribute("cy", f"{top:.1f}")
        self.ring.setAttribute("visibility", "visible")
        # Within a category points are spread to be seen apart.
        categories = self.view["x_ticks"]
        place = min(categories, key=lambda tick: abs(tick[0] - x))[1] if categories else number(x)
        parts = [f"Subject {subject}", f"{self.view['x_label']} {place}", f"{self.view['y_label']} {number(y)}"]
        if len(self.view["series"]) > 1:
            parts.append(series)
        text(self.readout, " · ".join(parts))

    def _moved(self, event):
        box = self.plot.getBoundingClientRect()
        x, y = event.clientX - box.left, event.clientY - box.top
        nearest, best = None, REACH * REACH
        for index, point in enumerate(self.points):
            distance = (point[0] - x) ** 2 + (point[1] - y) ** 2
            if distance < best:
                nearest, best = index, distance
        self.readout.setAttribute("aria-live", "off")
        if nearest != self.at:
            self._point(nearest)

    def _key(self, event):
        last = len(self.points) - 1
        at = -1 if self.at is None else self.at
        moves = {"ArrowRight": min(at + 1, last), "ArrowLeft": max(at - 1, 0), "Home": 0, "End": last}
        if event.key in moves and last >= 0:
            event.preventDefault()
            self.readout.setAttribute("aria-live", "polite")
            self._point(moves[event.key])
