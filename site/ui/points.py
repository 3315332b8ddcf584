"""Points: a scatter whose points name the subject when pointed at or stepped through with the arrow keys."""

import math

import downloads
from dom import add, clear, guarded, h, listen, svg, text
from js import ResizeObserver
from logic.language import say
from pyscript.ffi import to_js
from tip import point_out, put_away

from imagenomer.wording import grouped, number

HEIGHT = 360
LEFT, RIGHT, TOP, BOTTOM = 68, 16, 12, 48
RADIUS = 4
CIRCLE = "a4 4 0 1 0 8 0a4 4 0 1 0 -8 0"  # drawn from its leftmost point
SMALL_DOT = (
    "m-10-24h20l14 14v20l-14 14h-20l-14-14v-20z"  # in tenths of pixels; to the browser a third of a circle's work
)
LETTER = 7.3  # pixels of a letter of a tick
MANY = 2000  # points of a series beyond which they are small
HELP = say("Point at a dot, or step along the horizontal axis with the left and right arrow keys, to see what it is.")
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
        self.series = []  # (left, top) of the points of each series, in tenths of pixels
        self.order = None  # (left, top, series, place) of all from left to right, once somebody asks for one
        self.at = None  # place in that order
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
        self.readout = h("output", cls="readout", aria_live="off", aria_label=say("Readout"))
        self.legend = h("ul", cls="legend")
        self.caption = h("p", cls="note")
        self.arguments = None
        keys = downloads.popup("?", say("Keys and mouse"), h("p", HELP, id=f"{identity}-help", cls="hint"))
        self.element = h(
            "section",
            h(
                "header",
                self.heading,
                h(
                    "div",
                    keys,
                    downloads.figure_menu(app, say("Download scatter"), lambda: self.arguments),
                    cls="tools",
                ),
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

    def update(self, view, arguments, finding):
        """Show a points view; ``arguments`` are those of the `figure` call that draws it, ``finding`` what it finds."""
        self.view = view
        self.arguments = arguments
        text(self.heading, view["title"])
        text(self.caption, view["caption"])
        self.stage.setAttribute("aria-label", f"{view['title']}: {finding}")
        self._say_what_to_do()
        entries = []
        for series in view["series"]:
            swatch = h("span", cls="swatch", style={"background": series["colour"]})
            entries.append(h("li", swatch, f"{series['name']} ({grouped(len(series['x']))})"))
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
        if self.at is not None:
            put_away()
        self.series, self.order, self.at = [], None, None
        if not self.width or not self.view:
            return
        self.plot.setAttribute("width", self.width)
        self.plot.setAttribute("height", HEIGHT)
        shown = [series for series in self.view["series"] if series["x"]]
        if not shown:
            return
        heights = [height for height, name in self.view["levels"]]
        x0, x1 = padded([min(series["x"]) for series in shown] + [max(series["x"]) for series in shown])
        y0, y1 = padded([min(series["y"]) for series in shown] + [max(series["y"]) for series in shown] + heights)
        x_scale = (self.width - LEFT - RIGHT) / (x1 - x0)
        y_scale = (HEIGHT - TOP - BOTTOM) / (y1 - y0)

        def place(x, y):
            return LEFT + (x - x0) * x_scale, HEIGHT - BOTTOM - (y - y0) * y_scale

        self._axes(place, (x0, x1), (y0, y1))
        for series in self.view["series"]:
            # As few steps for each point as there can be: each makes a number, and there are tens of thousands.
            factor, shift = 10 * x_scale, 10 * (LEFT - x0 * x_scale)
            left = [int(x * factor + shift) for x in series["x"]]
            factor, shift = -10 * y_scale, 10 * (HEIGHT - BOTTOM + y0 * y_scale)
            top = [int(y * factor + shift) for y in series["y"]]
            self.series.append((left, top))
            # One path a series: some hundred elements would take MicroPython too long.
            if len(left) <= MANY:
                path = "".join([f"M{x / 10 - RADIUS} {y / 10}{CIRCLE}" for x, y in zip(left, top)])
                style = {"fill": series["colour"], "stroke": series["colour"]}
                add(self.plot, svg("path", d=path, cls="dots", style=style))
            else:
                # The list of them is written at once: "(1, 2), (3, 4)" becomes "M1, 2", the dot, "M3, 4", the dot.
                path = "M" + str(list(zip(left, top)))[2:-2].replace("), (", f"{SMALL_DOT}M") + SMALL_DOT
                style = {"fill": series["colour"]}
                add(self.plot, svg("path", d=path, cls="many", transform="scale(0.1)", style=style))
        if self.view["line"]:
            xa, ya, xb, yb = self.view["line"]
            (xa, ya), (xb, yb) = place(xa, ya), place(xb, yb)
            line = svg("path", d=f"M{xa:.1f} {ya:.1f}L{xb:.1f} {yb:.1f}", cls="fit")
            # Clipped to the axes: a steep line leaves the range of the points.
            box = f"{LEFT} {TOP} {self.width - LEFT - RIGHT} {HEIGHT - TOP - BOTTOM}"
            x, y, width, height = box.split()
            add(self.plot, svg("svg", line, x=x, y=y, width=width, height=height, viewBox=box))
        for height, name in self.view["levels"]:
            _, y = place(x0, height)
            line = svg("path", d=f"M{LEFT} {y:.1f}H{self.width - RIGHT}", cls="level")
            add(self.plot, line, svg("text", name, x=self.width - RIGHT - 4, y=f"{y - 5:.1f}", cls="level"))
        self.ring = svg("circle", r=RADIUS + 3, cls="ring", visibility="hidden")
        add(self.plot, self.ring)

    def _axes(self, place, x_range, y_range):
        left, right, top, bottom = LEFT, self.width - RIGHT, TOP, HEIGHT - BOTTOM
        grid = []
        plain = [(value, number(value)) for value in ticks(x_range[0], x_range[1], 8 if self.width > 500 else 5)]
        free = 0  # where there is room for the next name
        for value, name in self.view["x_ticks"] or plain:
            x, _ = place(value, y_range[0])
            half = LETTER * len(name) / 2
            grid.append(f"M{x:.1f} {top}V{bottom}")
            if x - half > free:
                free = x + half + LETTER
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

    def _say_what_to_do(self):
        text(self.readout, say("Point at a {what}", what=self.view["what"].lower()))

    def _point(self, at):
        """Mark a point and say what it is; None for none."""
        if not self.series:
            return
        self.at = at
        if at is None:
            self.ring.setAttribute("visibility", "hidden")
            self._say_what_to_do()
            put_away()
            return
        left, top, which, index = self.order[at]
        series = self.view["series"][which]
        self.ring.setAttribute("cx", left / 10)
        self.ring.setAttribute("cy", top / 10)
        self.ring.setAttribute("visibility", "visible")
        x, y = series["x"][index], series["y"][index]
        # Within a category points are spread to be seen apart.
        categories = self.view["x_ticks"]
        place = min(categories, key=lambda tick: abs(tick[0] - x))[1] if categories else number(x)
        parts = [
            f"{self.view['what']} {series['subjects'][index]}",
            f"{self.view['x_label']} {place}",
            f"{self.view['y_label']} {number(y)}",
        ]
        if len(self.view["series"]) > 1:
            parts.append(series["name"])
        words = " · ".join(parts)
        text(self.readout, words)
        point_out(self.stage, words, self._place_of_point)

    def _place_of_point(self):
        """Where in the window the point is that is named."""
        box, (left, top) = self.plot.getBoundingClientRect(), self.order[self.at][:2]
        return box.left + left / 10, box.top + top / 10

    def _sort(self):
        if self.order is None:
            self.order = []
            for which, (left, top) in enumerate(self.series):
                self.order.extend(zip(left, top, [which] * len(left), range(len(left))))
            self.order.sort()

    def _moved(self, event):
        self._sort()
        box = self.plot.getBoundingClientRect()
        x, y = 10 * (event.clientX - box.left), 10 * (event.clientY - box.top)
        reach = 10 * REACH
        # By halves to the first point that is near enough from left to right.
        first, end = 0, len(self.order)
        while first < end:
            middle = (first + end) // 2
            if self.order[middle][0] < x - reach:
                first = middle + 1
            else:
                end = middle
        nearest, best = None, reach * reach
        while first < len(self.order) and self.order[first][0] <= x + reach:
            left, top = self.order[first][:2]
            distance = (left - x) * (left - x) + (top - y) * (top - y)
            if distance < best:
                nearest, best = first, distance
            first += 1
        self.readout.setAttribute("aria-live", "off")
        if nearest != self.at:
            self._point(nearest)

    def _key(self, event):
        self._sort()
        last = len(self.order) - 1
        at = -1 if self.at is None else self.at
        moves = {"ArrowRight": min(at + 1, last), "ArrowLeft": max(at - 1, 0), "Home": 0, "End": last}
        if event.key in moves and last >= 0:
            event.preventDefault()
            self.readout.setAttribute("aria-live", "polite")
            self._point(moves[event.key])
            self.ring.scrollIntoView(to_js({"block": "nearest", "inline": "nearest"}))
