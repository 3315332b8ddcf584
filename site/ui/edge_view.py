"""Edge views: what a ring and a brain share, the strongest edges of a map as lines to point at and to walk through.

The engine says which edges they are and how they are coloured; each view says where the parcels lie.
"""

from dom import add, clear, h, later, listen, show, svg, text
from logic.language import say
from logic.latest import Latest
from parcels import reading
from tip import put_away

from imagenomer.wording import number

MOST, LEAST, AT_FIRST = 500, 10, 100
BY = (("absolute", say("Largest magnitude")), ("positive", say("Most positive")), ("negative", say("Most negative")))
REST = 20  # milliseconds that the pointer must rest before what it points at is looked for
NEAR = 6  # pixels from an edge or a parcel at which it is meant
HELP = say(
    "Left and right walk through the edges, the strongest first, up and down through the parcels. Enter selects the "
    "edge or the parcel, Escape takes the selection of parcels back. With the mouse: point to read, click to select."
)


class StrongestEdges:
    """The strongest edges of the viewer's map, and the controls that say which; shared by its ring and its brain."""

    def __init__(self, viewer):
        self.viewer = viewer
        self.forget()
        self.load = Latest(viewer.app, self._load)
        self.slider = h("input", type="range", min=LEAST, max=MOST, step=10, value=AT_FIRST, aria_label=say("Edges"))
        self.count = h("output", AT_FIRST, cls="value", aria_hidden="true")  # the slider says it too
        self.by = h("select", [h("option", label, value=value) for value, label in BY], aria_label=say("Which edges"))
        listen(self.slider, "input", self._changed)
        listen(self.by, "change", self._changed)
        self.controls = h(
            "div",
            h("label", h("span", say("Edges")), self.slider, self.count, cls="slider"),
            h("label", h("span", say("Which")), self.by, cls="colours"),
            cls="scale-controls",
        )

    def forget(self):
        """Have no edges: those there were are of other parcels."""
        self.edges, self.parcels, self.values, self.colours, self.note = [], [], [], [], ""

    def _changed(self, event):
        text(self.count, self.slider.value)
        self.load()

    def arguments(self):
        """What the engine's call `strongest` and its figure take."""
        viewer = self.viewer
        wanted = {"source": viewer.source, "only_marked": bool(viewer.marked.checked)}
        wanted.update(viewer.scale.arguments())
        wanted.update({"n": int(float(self.slider.value)), "by": str(self.by.value)})
        return wanted

    async def _load(self):
        wanted = self.arguments()
        answer = (await self.viewer.app.client.call("strongest", wanted)).json
        self.edges, self.parcels = answer["edges"], answer["parcels"]
        self.values, self.colours, self.note = answer["values"], answer["colours"], answer["note"]
        self.viewer.edges_changed(wanted["source"])


class EdgeView:
    """The stage of a ring or a brain.

    A subclass defines ``arrange()``, which makes ``self.places`` for ``self.size``: the points at which each parcel is,
    none where it has no coordinates; ``backdrop()``, what lies behind the edges; ``path(a, b)``, the line between two
    parcels; and ``distance(a, b, x, y)`` of a point from that line, which may be any large number beyond `NEAR`.
    """

    def __init__(self, viewer, what):
        self.viewer = viewer
        self.strongest = viewer.strongest
        self.prepared = True
        self.at = None  # ("edge", position) or ("parcel", parcel): where the cursor is
        self.drawn = []  # the edges that are drawn
        self.size = 0
        self.lines = svg("g", cls="edges")
        self.over = svg("g", cls="over")
        self.behind = svg("g", cls="backdrop")
        self.picture = svg("svg", self.behind, self.lines, self.over, aria_hidden="true")
        self.stage = h(
            "div",
            self.picture,
            cls=f"stage {what}",
            tabindex="0",
            role="application",
            aria_roledescription=what,
        )
        self.nothing = h("p", cls="note")
        self.element = h("div", self.stage, self.nothing, cls="edge-view")
        self.point_soon = later(REST, self._point_at)
        listen(self.stage, "pointermove", self._moved)
        listen(self.stage, "pointerleave", self._left)
        listen(self.stage, "click", self._clicked)
        listen(self.stage, "keydown", self._key)

    # --- drawing ---

    def unavailable(self):
        """Why nothing can be shown; "" if it can."""
        return ""

    def fit(self, size):
        """Take so many pixels each way, and redraw."""
        if not self.prepared:
            return
        reason = self.unavailable()
        self.size = 0 if reason else size
        show(self.stage, not reason)
        show(self.nothing, bool(reason))
        text(self.nothing, reason)
        self.stage.setAttribute("aria-label", self.viewer.named(self.stage.getAttribute("aria-roledescription")))
        if self.size:
            for name, extent in (("width", f"{size}px"), ("height", f"{size}px")):
                self.picture.style.setProperty(name, extent)
            self.arrange()
            clear(self.behind, self.backdrop())
            self.draw()

    def draw(self):
        """Draw the edges, those in the selected area above the others, the strongest on top."""
        if not self.size:
            return
        strongest, among = self.strongest, self.viewer.in_area
        if self.drawn != strongest.edges:
            self.drawn = strongest.edges
            if self.at and self.at[0] == "edge":  # its place among other edges means nothing
                self._point(None, None)
        behind, above = {}, {}
        orders = ([], [])
        count = 0
        for position in range(len(strongest.edges) - 1, -1, -1):
            a, b = strongest.parcels[position]
            inside = among(a, b)
            count += inside
            paths, order = (above, orders[1]) if inside else (behind, orders[0])
            colour = strongest.colours[position]
            if colour not in paths:
                paths[colour] = []
                order.append(colour)
            paths[colour].append(self.path(a, b))
        groups = [
            svg("g", [svg("path", d="".join(paths[colour]), stroke=colour) for colour in order], cls=cls)
            for paths, order, cls in ((behind, orders[0], "faded"), (above, orders[1], "shown"))
        ]
        clear(self.lines, groups)
        self.viewer.tell_edges(count)
        if self.at and self.at[1] >= (len(strongest.edges) if self.at[0] == "edge" else self.viewer.by_network.n):
            self.at = None
            put_away()
        self.mark()

    def mark(self):
        """Draw the selected edge, the selected parcels and the cursor."""
        if not self.size:
            return
        viewer = self.viewer
        clear(self.over)
        for parcel in viewer.selected_parcels():
            self._spot(parcel, "chosen", 3)
        pair = viewer.selected_pair()
        if pair:
            self._highlight(*pair, "selected")
        if self.at:
            kind, which = self.at
            if kind == "edge":
                self._highlight(*self.strongest.parcels[which], "cursor")
            else:
                self._spot(which, "cursor", 5)

    def _highlight(self, a, b, cls):
        path = self.path(a, b)
        if path:
            add(self.over, svg("path", d=path, cls=f"halo {cls}"), svg("path", d=path, cls=cls))
        for parcel in (a, b):
            self._spot(parcel, cls, 4)

    def _spot(self, parcel, cls, radius):
        for x, y in self.places[parcel]:
            add(self.over, svg("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=radius, cls=f"spot {cls}"))

    # --- reading and selecting ---

    def _point(self, at, where, aloud=False):
        """Mark an edge or a parcel and say what it is; ``where`` in the window, or None for nothing."""
        if at != self.at:
            self.at = at
            self.mark()
        if at is None:
            put_away()
        else:
            self.viewer.say(self._words(at), where, aloud)

    def _left(self, event):
        put_away()
        self.point_soon(None, None, None)

    def _words(self, at):
        viewer, strongest = self.viewer, self.strongest
        kind, which = at
        if kind == "edge":
            a, b = strongest.parcels[which]
            return viewer.edge_words(a, b, reading(strongest.values[which]))
        order = viewer.by_network
        count = sum(1 for pair in strongest.parcels if which in pair)
        network = f" · {order.networks[which]}" if order.networks[which] else ""
        return say(
            "{parcel} · {count} of the edges shown", parcel=f"{order.labels[which]}{network}", count=number(count)
        )

    def _place(self, event):
        box = self.picture.getBoundingClientRect()
        return event.clientX - box.left, event.clientY - box.top

    def _meant(self, x, y):
        """What is at a place: a parcel, else an edge, else None."""
        nearest, best = None, NEAR
        for parcel, spots in enumerate(self.places):
            for across, down in spots:
                if abs(across - x) < best and abs(down - y) < best:
                    nearest, best = ("parcel", parcel), max(abs(across - x), abs(down - y))
        if nearest:
            return nearest
        for position in range(len(self.strongest.edges)):
            distance = self.distance(*self.strongest.parcels[position], x, y)
            if distance < best:
                nearest, best = ("edge", position), distance
        return nearest

    def _moved(self, event):
        self.point_soon(*self._place(event), (event.clientX, event.clientY))

    def _point_at(self, x, y, where):
        self._point(None if x is None or not self.size else self._meant(x, y), where)

    def _clicked(self, event):
        if self.size:
            self._point(self._meant(*self._place(event)), (event.clientX, event.clientY))
            self._select()

    def _place_of_cursor(self):
        """Where in the window the cursor is: a parcel, or the first parcel of an edge."""
        kind, which = self.at
        spots = self.places[self.strongest.parcels[which][0] if kind == "edge" else which]
        box, (x, y) = self.picture.getBoundingClientRect(), spots[0] if spots else (0, 0)
        return box.left + x, box.top + y

    def _select(self):
        if self.at is None:
            return
        kind, which = self.at
        if kind == "edge":
            self.viewer.choose_edge(self.strongest.edges[which])
        else:
            self.viewer.choose_area([which], None)

    def _key(self, event):
        if event.altKey or event.metaKey or event.ctrlKey:
            return
        key = event.key
        steps = {
            "ArrowRight": ("edge", 1),
            "ArrowLeft": ("edge", -1),
            "ArrowDown": ("parcel", 1),
            "ArrowUp": ("parcel", -1),
        }
        if key in steps:
            self._walk(*steps[key])
        elif key == "Enter":
            self._select()
        elif key == "Escape" and self.viewer.area is not None:
            event.stopPropagation()
            self.viewer.choose_area(None, None)
        else:
            return
        event.preventDefault()

    def _walk(self, kind, step):
        here = self.at[1] if self.at and self.at[0] == kind else None
        if kind == "edge":
            if self.strongest.edges:
                last = len(self.strongest.edges) - 1
                there = 0 if here is None else min(max(here + step, 0), last)
                self._point(("edge", there), self._place_of_cursor, aloud=True)
            return
        order = self.viewer.by_network
        row = 0 if here is None else (order.row_of_parcel[here] + step) % order.n
        self._point(("parcel", order.parcel_of_row[row]), self._place_of_cursor, aloud=True)


def segment_distance(x, y, x0, y0, x1, y1):
    """Distance of a point from a straight line between two points; 1e9 where it is clearly beyond `NEAR`."""
    if (x < x0 - NEAR and x < x1 - NEAR) or (x > x0 + NEAR and x > x1 + NEAR):
        return 1e9
    if (y < y0 - NEAR and y < y1 - NEAR) or (y > y0 + NEAR and y > y1 + NEAR):
        return 1e9
    dx, dy = x1 - x0, y1 - y0
    length = dx * dx + dy * dy
    along = 0 if length == 0 else min(max(((x - x0) * dx + (y - y0) * dy) / length, 0), 1)
    dx, dy = x0 + along * dx - x, y0 + along * dy - y
    return (dx * dx + dy * dy) ** 0.5
