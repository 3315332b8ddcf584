"""Matrix viewer: one large connectivity matrix to read, zoom and threshold, or the same map as networks, ring or brain.

The engine sends the values (for reading out) and paints the pixels (for showing). What is selected here is one edge,
and one area (the edges of a parcel, or between two networks), whatever shape the map is shown in.
"""

import downloads
from brain import Brain
from colour_scale import ColourScale
from dom import add, guarded, h, set_busy, show, text
from edge_view import HELP as EDGES_HELP
from edge_view import StrongestEdges
from finder import FindBox
from full_view import FullView
from js import Float32Array, ResizeObserver, window
from logic.language import say
from logic.latest import Latest
from matrix_stage import HELP, MatrixStage
from networks import HELP as NETWORKS_HELP
from networks import Networks
from parcels import Order, edge_of, pair_of
from ring import Ring
from tip import point_out

from imagenomer.wording import probability

#: How a map can be shown.
SHAPES = (("matrix", say("Matrix")), ("networks", say("Networks")), ("ring", say("Ring")), ("brain", say("Brain")))
LEGEND = 76  # pixels of the width for the colour bar
BELOW = 300  # pixels of the window kept for what stands above and below the matrix
BELOW_IN_FULL = 110  # the same where it has the window to itself
LEAST_PARCEL = 2  # pixels of a parcel, wherever there is that much room
HARDLY = 250  # pixels of the window that are kept even where parcels get less for it
BESIDE = 240  # pixels at the right of the plot in which the controls can stand
#: The files of numbers that the whole map can be taken home as.
MAP_FILES = (
    ("edges", say("All edges, CSV")),
    ("matrix", say("Symmetric matrix, CSV")),
    ("npy", say("Symmetric matrix, npy")),
    ("brainnet", say("BrainNet Viewer, .node and .edge")),
)


class MatrixViewer:
    """A matrix with networks, colour bar, readout, sliders and downloads.

    ``select(edge)`` is called with a clicked edge, if given; it is to call `mark`. ``only_marked`` offers to hide what
    is not significant. ``on_shape(shape)`` is called when the user chooses another shape, ``on_area(area, networks)``
    when another area is selected; it is to call `take_area`.

    Attributes
    ----------
    p_maps : list of (MatrixViewer, str)
        The maps of the same result that hold −log10 p, with the word for it: "uncorrected". They are read out too.
    """

    def __init__(self, app, identity, title, select=None, only_marked=False, heading="h3", on_shape=None, on_area=None):
        self.app = app
        self.select = select
        self.on_shape = on_shape
        self.on_area = on_area
        self.p_maps = []
        self.title = title
        self.description = ""  # what the map finds, for who cannot see it
        self.source = None
        self.awaited = None  # what is to be shown; the source once its values are there
        self.values = None
        self.order = Order(None, 1, "file")
        self.order_name = "network"
        self.selected = None
        self.area = None  # of which edges: (parcels at one end, parcels at the other or None for any)
        self.area_networks = None  # the same as (row, column) of the networks, if it is one
        self.by_network = self.order
        self.parcellation = None
        self.shape = "matrix"
        self.views = {}
        self.scale = ColourScale(app, lambda: self._repaint())
        self.strongest = StrongestEdges(self)
        self._repaint = Latest(app, self._paint)
        self._build(identity, title, only_marked, heading)

    def _build(self, identity, title, only_marked, heading):
        self.heading = h(heading, title)
        self.matrix = MatrixStage(self, f"{identity}-help")
        self.stage = self.matrix.stage
        self.readout = h("output", say("Point at a cell"), cls="readout", aria_live="off", aria_label=say("Readout"))
        self.marked = h("input", type="checkbox", on={"change": lambda event: self._repaint()})
        self.plot = h("div", self.stage, self.scale.legend, cls="plot")
        self.help = h("p", HELP, id=f"{identity}-help", cls="hint")
        keys = downloads.popup("?", say("Keys and mouse"), self.help)
        numbers = [(name, self._file_saver(form)) for form, name in MAP_FILES]
        self.menu = downloads.figure_menu(self.app, say("Download {title}", title=title), self._figure, numbers)
        self.full = FullView(lambda: self.title)
        self.marks = only_marked
        self.toggle = h("label", self.marked, say(" Only significant"), cls="check")
        show(self.toggle, only_marked)
        show(self.strongest.controls, False)
        self.note = h("p", cls="note", role="status", hidden=True)
        self.buttons = [
            (shape, h("button", name, type="button", on={"click": self._shaper(shape)})) for shape, name in SHAPES
        ]
        buttons = [button for shape, button in self.buttons]
        shapes = h("div", buttons, cls="segmented", role="group", aria_label=say("Show as"))
        self.zoom = self.matrix.zoom_buttons()
        self.find_box = FindBox(self._go_to)
        self.under = h("div", self.strongest.controls, self.scale.controls, self.toggle, cls="under")
        tray = self.app.tray.button(lambda: (self.title, self.source))
        self.element = h(
            "section",
            h("header", self.heading, h("div", keys, tray, self.full.button, self.menu, cls="tools")),
            h("div", shapes, self.zoom, self.find_box.element, cls="shape-line"),
            h("div", self.plot, h("div", self.readout, self.note, self.under, cls="about"), cls="plot-and-about"),
            cls="matrix",
        )
        self.full.of(self.element)
        self._press()
        self.observer = ResizeObserver.new(guarded(lambda entries, observer: self._fit()))
        self.observer.observe(self.element)

    # --- what is shown ---

    async def show(self, source, title, order="network", label=None, natural=None, signed=None, figure=None):
        """Fetch and show a matrix; the zoom, the cursor and limits somebody has set stay as they are.

        ``source`` is the engine's name of the matrix, ``figure`` the arguments of the figure to download (the source
        itself, as it looks now, if None).
        """
        cohort, self.awaited = self.app.cohort, source
        set_busy(self.element)
        answer = await self.app.client.call("matrix", {"source": source, "order": order})
        if self.app.cohort is not cohort or self.awaited is not source:
            return  # another one was opened meanwhile, or another map is wanted by now
        values = answer.buffers["values"]
        n_parcels = values["shape"][0]
        if n_parcels != self.order.n:
            self.matrix.cursor = None
            self.matrix.whole()
        self.source, self.title, self.figure = source, title, figure
        self.order_name = order
        if self.parcellation is not self.app.cohort["parcellation"]:
            self.parcellation = self.app.cohort["parcellation"]
            self.area = self.area_networks = None
            self.strongest.forget()
        known = n_parcels == self.order.n and order == self.order.name and self.parcellation is self.order.parcellation
        self.order = Order(self.parcellation, n_parcels, order)
        self.by_network = Order(self.parcellation, n_parcels, "network")
        if not known:
            self.find_box.search(self.order.labels, self.order.networks, *self._places())
        self.values = Float32Array.new(values["data"])
        self.label = label or answer.json["label"]
        signed = answer.json["scale"] == "diverging" if signed is None else signed
        self.scale.set_range(natural or answer.json["limit"], signed, self.label)
        text(self.heading, title)
        self.description = answer.json["description"]
        self.stage.setAttribute("aria-label", self.named())
        downloads.rename(self.menu, say("Download {title}", title=title))
        self._fit()
        self.matrix.read_cursor()
        await self._paint()

    def named(self, shape=""):
        """What the map is called and what it finds, in a shape other than the matrix if that is given."""
        return f"{self.title}{shape and ', '}{shape}: {self.description}"

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
        self.matrix.take(answer.buffers["pixels"])
        self.painted(wanted["source"])

    def _file_saver(self, form):
        """A function that saves the whole map as numbers."""

        def save():
            self.app.status(say("Writing the map"))
            return downloads.save_answer(self.app, "map_file", {"source": self.source, "form": form})

        return save

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
        show(self.zoom, shape == "matrix")
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
        text(self.readout, say("Point at a line") if drawn else say("Point at a cell"))
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

    def painted(self, source):
        """Be on screen as asked for, if this is what was asked for last."""
        if source is self.awaited:
            set_busy(self.element, False)

    def edges_changed(self, source):
        """Show the strongest edges of a map, which have come."""
        if self.shape in ("ring", "brain"):
            self._fit()
            self.painted(source)

    def tell_edges(self, n_selected):
        """Say which edges are drawn, and how many of them are in the selected area."""
        selected = "" if self.area is None else say("; {n_selected} of them selected", n_selected=n_selected)
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
        (self.on_area or self.take_area)(area, networks)

    def take_area(self, area, networks):
        """Show which area is selected; None for none."""
        self.area, self.area_networks = area, networks
        if self.shape in ("ring", "brain"):
            self.views[self.shape].draw()
        else:
            self._mark()

    def in_area(self, a, b):
        """Whether the edge between two parcels is in the selected area; every edge is if there is none."""
        return self.area is None or within(self.area, a, b)

    def _places(self):
        """Coordinates of the parcels, and the titles of their networks."""
        parcellation = self.parcellation
        if parcellation is None or len(parcellation["labels"]) != self.order.n:
            return None, None
        return parcellation["coordinates"], dict(zip(parcellation["network_names"], parcellation["network_titles"]))

    def _go_to(self, find):
        """Select what was found; nothing for None."""
        pair = find.edge() if find else None
        if pair:
            self.matrix.go_to(*pair)
            self.choose_edge(edge_of(pair[0], pair[1], self.order.n))
        elif find is None:
            if self.area is not None:
                self.choose_area(None, None)
        elif (set(find.one), None if find.other is None else set(find.other)) != self.area:
            self.choose_area(find.one, find.other)

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
            self.matrix.mark()
        else:
            self.views[self.shape].mark()

    @property
    def place(self):
        """What is in the page for it: itself, or what stands in for it while it has the whole window."""
        return self.full.stand_in or self.element

    def _fit(self):
        """Take the largest square there is room for."""
        width = self.element.clientWidth
        if not width:
            return  # not shown now
        self.matrix.measure()
        gutter = self.matrix.gutter
        room = width - LEGEND - 12 - gutter
        height = window.innerHeight - (BELOW if self.full.stand_in is None else BELOW_IN_FULL) - gutter
        least = min(LEAST_PARCEL * self.order.n, window.innerHeight - HARDLY)
        size = max(min(room, max(height, least)), 160)
        self.element.classList.toggle("beside", room - size >= BESIDE)
        self.matrix.fit(size)
        self.scale.legend.style.setProperty("height", f"{size}px")
        if self.shape == "matrix":
            self.matrix.draw()
        elif self.source is not None:
            self.views[self.shape].fit(size + gutter)

    # --- reading ---

    def edge_words(self, a, b, value):
        """The parcels of an edge, their networks and its value, which is None of a parcel with itself."""
        order = self.order
        parts = [f"{order.labels[a]} – {order.labels[b]}"]
        if order.networks[a] or order.networks[b]:
            none = say("no network")
            parts.append(f"{order.networks[a] or none} – {order.networks[b] or none}")
        parts.append(say("the same parcel") if value is None else f"{self.label} = {value}")
        return " · ".join(parts + ([] if value is None else self._p_words(a, b)))

    def _p_words(self, a, b):
        """The p-values of an edge, from maps of the same result that are there."""
        said = []
        for other, kind in self.p_maps:
            if other.values is not None and other.source["params"] is self.source["params"]:
                row, column = (other.order.row_of_parcel[parcel] for parcel in (a, b))
                value = other.values[row * other.order.n + column]
                if value == value:
                    said.append(f"p = {probability(10**-value)}, {kind}")
        return said

    def say(self, words, where=None, aloud=False):
        """Read out what is pointed at, below the plot and at its place in the window: a pair, or what returns one."""
        # Spoken only for the keyboard: a moving mouse would never let it finish.
        self.readout.setAttribute("aria-live", "polite" if aloud else "off")
        if where is not None:
            point_out(self.plot, words, where)
        text(self.readout, words)


def within(area, a, b):
    """Whether the edge between two parcels is in an area: ``(parcels, parcels at the other end or None for any)``."""
    one, other = area
    if other is None:
        return a in one or b in one
    return (a in one and b in other) or (b in one and a in other)
