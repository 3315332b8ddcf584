"""Networks: a map folded into network by network, the mean of their edges or the share that is significant."""

from colour_scale import ColourScale
from dom import add, clear, h, listen, show, svg, text, width_of
from logic.language import plural, say
from logic.latest import Latest
from parcels import NAME_FONT, reading, shortened
from tip import put_away

HELP = say(
    "Arrow keys move from cell to cell, Enter selects the edges between two networks in every view, Escape takes that "
    "back. With the mouse: point to read, click to select."
)


class Networks:
    """A map as network by network."""

    def __init__(self, viewer, marks):
        self.viewer = viewer
        self.folded = None
        self.at = None
        self.size = 0
        self.scale = ColourScale(viewer.app, lambda: self.load(), threshold=False)
        self.load = Latest(viewer.app, self._load)
        self.picture = svg("svg", aria_hidden="true")
        self.stage = h(
            "div", self.picture, cls="stage networks", tabindex="0", role="application", aria_roledescription="networks"
        )
        self.nothing = h("p", cls="note")
        self.element = h("div", self.stage, self.scale.legend, self.nothing, cls="network-view")
        self.share = h("input", type="checkbox", on={"change": self._switched})
        toggle = h("label", self.share, say(" Share of significant edges"), cls="check")
        show(toggle, marks)
        self.controls = h("div", self.scale.controls, toggle, cls="scale-controls")
        listen(self.stage, "pointermove", self._moved)
        listen(self.stage, "pointerleave", lambda event: self._point(None, None))
        listen(self.stage, "click", self._clicked)
        listen(self.stage, "keydown", self._key)

    # --- what is shown ---

    def _switched(self, event):
        self.scale.limit = None  # shares and means have nothing in common
        self.load()

    def arguments(self):
        """What the engine's call `networks` and its figure take."""
        wanted = {"source": self.viewer.source, "share": bool(self.share.checked)}
        if self.scale.limit is not None:
            wanted.update({"limit": self.scale.limit, "colormap": str(self.scale.colormap.value)})
        return wanted

    async def _load(self):
        parcellation = self.viewer.parcellation
        known = any(parcellation["networks"])
        show(self.stage, known)
        show(self.scale.legend, known)
        show(self.nothing, not known)
        source = self.viewer.source
        if not known:
            self.viewer.painted(source)
            text(
                self.nothing, say("{name} has no networks. Choose a parcellation that has.", name=parcellation["name"])
            )
            return
        answer = (await self.viewer.app.client.call("networks", self.arguments())).json
        untouched = self.scale.limit is None or self.scale.limit == self.scale.natural
        moved = answer["limit"] != self.scale.natural
        self.folded = answer
        signed = answer["scale"] == "diverging"
        recoloured = signed != self.scale.signed
        self.scale.set_range(answer["limit"], signed, answer["label"])
        if (untouched and moved) or recoloured:
            self.folded = (await self.viewer.app.client.call("networks", self.arguments())).json
        self.fit(self.size)
        self.viewer.painted(source)

    def fit(self, size):
        """Take so many pixels each way, and redraw."""
        self.size = size
        if self.folded is None or not size:
            return
        self.stage.setAttribute("aria-label", self.viewer.named("networks"))
        names = self.folded["names"]
        self.gutter = 14 + int(max([width_of(shortened(name), NAME_FONT) for name in names]))
        self.cell = (size - self.gutter) / len(names)
        for side in ("width", "height"):
            self.picture.style.setProperty(side, f"{size}px")
        self.scale.legend.style.setProperty("height", f"{size - self.gutter}px")
        self.draw()

    def draw(self):
        """Draw the cells, the names, what is selected and the cursor."""
        if self.folded is None:
            return
        clear(self.picture)
        names, titles, cell = self.folded["names"], self.folded["titles"], self.cell
        value = self.folded["share" if self.share.checked else "mean"]
        for row in range(len(names)):
            for column in range(len(names)):
                fill = self.folded["colours"][row][column]
                cls = "cell" if value[row][column] is not None else "cell empty"
                self._rectangle(row, column, cls, 0, fill)
        for position, name in enumerate(names):
            middle = (position + 0.5) * cell
            title = titles[position]
            below = f"translate({self.gutter + middle:.1f} {len(names) * cell + 6:.1f}) rotate(-90)"
            add(
                self.picture,
                svg("text", shortened(name), svg("title", title), x=self.gutter - 6, y=f"{middle:.1f}", cls="network"),
                svg("text", shortened(name), svg("title", title), transform=below, cls="network"),
            )
        viewer = self.viewer
        if viewer.area_networks is not None:
            self._outline(*viewer.area_networks, "chosen")
        pair = viewer.selected_pair()
        if pair:
            here = [viewer.by_network.networks[parcel] for parcel in pair]
            if all(name in names for name in here):
                self._outline(*[names.index(name) for name in here], "selected")
        if self.at:
            self._rectangle(*self.at, "cursor", 1)

    def _outline(self, row, column, cls):
        for a, b in ((row, column), (column, row)) if row != column else ((row, column),):
            self._rectangle(a, b, f"halo {cls}", 1)
            self._rectangle(a, b, cls, 1)

    def _rectangle(self, row, column, cls, margin, fill=None):
        x, y, side = self.gutter + column * self.cell - margin, max(row * self.cell - margin, 0), self.cell + 2 * margin
        where = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{side:.1f}", "height": f"{side:.1f}"}
        add(self.picture, svg("rect", cls=cls, fill=fill, **where))

    mark = draw

    # --- reading and selecting ---

    def _point(self, at, where, aloud=False):
        """Mark a cell and say what it is; ``where`` in the window, or None for nothing."""
        if self.folded is None:
            return
        if at != self.at:
            self.at = at
            self.draw()
        if at is None:
            put_away()
        else:
            self.viewer.say(self._words(*at), where, aloud)

    def _place_of_cursor(self):
        box, (row, column) = self.picture.getBoundingClientRect(), self.at
        return box.left + self.gutter + (column + 0.5) * self.cell, box.top + (row + 0.5) * self.cell

    def _moved(self, event):
        self._point(self._cell(event), (event.clientX, event.clientY))

    def _words(self, row, column):
        folded = self.folded
        titles, n_edges = folded["titles"], folded["n_edges"][row][column]
        within = say("within {network}", network=titles[row]) if row == column else f"{titles[row]} – {titles[column]}"
        mean = folded["mean"][row][column]
        parts = [
            say(
                "mean {label} = {mean}",
                label=self.viewer.label,
                mean=say("no value") if mean is None else reading(mean),
            )
        ]
        parts.append(plural(n_edges, "edge"))
        if folded["share"] is not None and n_edges:
            parts.append(say("{share} % significant", share=f"{100 * folded['share'][row][column]:.1f}"))
        return " · ".join(parts + [within])

    def _cell(self, event):
        if self.folded is None:
            return None
        box = self.picture.getBoundingClientRect()
        column = int((event.clientX - box.left - self.gutter) // self.cell)
        row = int((event.clientY - box.top) // self.cell)
        n = len(self.folded["names"])
        return (row, column) if 0 <= row < n and 0 <= column < n else None

    def _clicked(self, event):
        self._moved(event)
        self._select()

    def _select(self):
        if self.at:
            row, column = self.at
            networks, names = self.viewer.by_network.networks, self.folded["names"]
            sides = [
                [parcel for parcel, network in enumerate(networks) if network == names[at]] for at in (row, column)
            ]
            self.viewer.choose_area(sides[0], sides[1], (row, column))

    def _key(self, event):
        if self.folded is None or event.altKey or event.metaKey or event.ctrlKey:
            return
        steps = {"ArrowUp": (-1, 0), "ArrowDown": (1, 0), "ArrowLeft": (0, -1), "ArrowRight": (0, 1)}
        key = event.key
        if key in steps:
            last = len(self.folded["names"]) - 1
            row, column = self.at or (0, 0)
            down, right = steps[key] if self.at else (0, 0)
            at = min(max(row + down, 0), last), min(max(column + right, 0), last)
            self._point(at, self._place_of_cursor, aloud=True)
        elif key == "Enter":
            self._select()
        elif key == "Escape" and self.viewer.area is not None:
            event.stopPropagation()
            self.viewer.choose_area(None, None)
        else:
            return
        event.preventDefault()
