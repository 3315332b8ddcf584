"""Connectivity: every scan's matrix in a gallery on one colour scale, one of them large, and their mean and SD."""

from colour_scale import ColourScale
from dom import add, clear, h, set_busy, show, text
from downloads import popup
from js import ImageData, Uint8ClampedArray
from logic.language import say
from logic.latest import Latest
from long_list import TickList
from report import AnalysisTab
from scan_dialog import ScanDialog

from imagenomer.wording import number

PER_PAGE = 24
#: The analysis that takes over what is selected in the gallery, and what it is called here.
SUMMARY, SUMMARY_TITLE = "connectivity-summary", say("Mean and SD")


class ConnectivityTab:
    """The Connectivity tab: the gallery of scans, and the analyses of connectivity itself."""

    def __init__(self, app):
        self.app = app
        self.gallery = Gallery(app)
        self.analyses = AnalysisTab(app, "Connectivity", has_menu=False)
        self.section = None
        choices = [("scans", say("Scans"))]
        for entry in self.analyses.entries:
            choices.append((entry["name"], SUMMARY_TITLE if entry["name"] == SUMMARY else entry["title"]))
        self.buttons = [
            (name, h("button", title, type="button", on={"click": self._chooser(name)})) for name, title in choices
        ]
        self.place = h("div")
        menu = h(
            "div", [button for name, button in self.buttons], cls="segmented", role="group", aria_label=say("Show")
        )
        self.views = h("div", menu, self.place, cls="connectivity")
        self.nothing = h("p", say("This cohort has no connectivity."), cls="muted")
        self.element = h("div", self.views, self.nothing)

    def show(self, spec):
        has_any = bool(self.app.cohort["measures"])
        show(self.views, has_any)
        show(self.nothing, not has_any)
        if has_any:
            names = [name for name, button in self.buttons]
            self._choose(spec["analysis"] if spec.get("analysis") in names else "scans", spec)

    def hide(self):
        if self.section:
            self._of(self.section).hide()

    def _of(self, section):
        return self.gallery if section == "scans" else self.analyses

    def _chooser(self, name):
        def choose(event):
            spec = {} if name == "scans" else {"analysis": name}
            if name == SUMMARY:
                # What is selected in the gallery is what the mean is taken over.
                chosen = self.gallery.chosen
                params = {key: chosen[key] for key in ("measure", "task", "session", "group")}
                spec["params"] = params
            self._choose(name, spec)

        return choose

    def _choose(self, name, spec):
        if name != self.section:
            self.hide()
            self.section = name
            clear(self.place, self._of(name).element)
            for other, button in self.buttons:
                button.setAttribute("aria-pressed", "true" if other == name else "false")
        self._of(name).show(spec)


class Gallery:
    """Scans as tiles, a page at a time."""

    def __init__(self, app):
        self.app = app
        self.visible = False
        self.n_scans = self.n_pages = 0
        self.per_page = PER_PAGE
        self.tiles = []
        self.scans = []
        self.chosen = {
            "measure": None,
            "task": None,
            "session": None,
            "group": None,
            "captions": [],
            "order": "network",
        }
        self.page = 0
        self.scale = ColourScale(app, lambda: self.load(), flat=True, threshold=False)
        self.load = Latest(app, self._load)
        self.viewer = None
        self._build()
        app.on("cohort", lambda *_: self._cohort_changed())
        app.on("groups", lambda *_: self._groups_changed())
        app.on("measures", lambda *_: self._refresh())

    def _build(self):
        labels = (
            ("measure", say("Measure")),
            ("task", say("Task")),
            ("session", say("Session")),
            ("group", say("Group")),
            ("order", say("Order")),
        )
        self.selects = {name: h("select", aria_label=label, on={"change": self._taker(name)}) for name, label in labels}
        self.options = {}
        self.caption_list = h("div")
        captions = popup(say("Captions"), say("Captions"), self.caption_list)
        captions.classList.add("left")
        captions.firstElementChild.classList.remove("quiet")
        self.count = h("span", cls="note", role="status")
        self.tile_place = h("div", cls="tiles")
        self.pagers = {}
        for name, title, sign in (
            ("first", say("First page"), "«"),
            ("previous", say("Previous page"), "‹"),
            ("next", say("Next page"), "›"),
            ("last", say("Last page"), "»"),
        ):
            self.pagers[name] = h(
                "button", sign, type="button", aria_label=title, title=title, on={"click": self._turner(name)}
            )
        self.page_box = h(
            "input", type="number", min=1, aria_label=say("Page"), on={"change": lambda event: self._typed_page()}
        )
        self.page_count = h("span")
        pager = h(
            "nav",
            self.pagers["first"],
            self.pagers["previous"],
            h("span", say("Page"), " ", self.page_box, self.page_count),
            self.pagers["next"],
            self.pagers["last"],
            cls="pager",
            aria_label=say("Pages of scans"),
        )
        self.element = h(
            "div",
            h(
                "div",
                [h("label", h("span", label), self.selects[name]) for name, label in labels],
                captions,
                cls="filters",
            ),
            h("div", self.scale.controls, self.scale.legend, cls="shared-scale"),
            h("div", self.count, pager, cls="bar-line"),
            self.tile_place,
            cls="gallery",
        )

    # --- state ---

    def show(self, spec):
        self.visible = True
        saved = spec.get("gallery") or {}
        for name in self.chosen:
            if name in saved:
                self.chosen[name] = saved[name]
        self.page = saved.get("page", self.page)
        if self.app.cohort is not None:
            self._refresh()
            self.load()

    def hide(self):
        self.visible = False

    def _tell(self):
        if self.visible:
            self.app.set_view(gallery=dict(self.chosen, page=self.page), analysis=None, params=None)

    def _chose(self):
        """Take a choice into the state at once: who comes back to the tab before it is painted finds it kept."""
        self._tell()
        set_busy(self.tile_place)
        self.load()

    def _cohort_changed(self):
        self.page = 0
        self.chosen["captions"] = []
        self.scale.limit = None
        if self.viewer:
            self.viewer.close()
            self.viewer.viewer.mark(None)
        set_busy(self.tile_place)
        if self.visible and self.app.cohort is not None:
            self._refresh()
            self.load()

    def _groups_changed(self):
        if self.app.cohort is not None:
            before = self.chosen["group"]
            self._refresh()
            if self.visible and self.chosen["group"] != before:
                self.page = 0
                set_busy(self.tile_place)
                self.load()
                return say("The gallery now shows everybody")
        return None

    def _refresh(self):
        """Offer what the cohort and the groups have now."""
        cohort = self.app.cohort
        self.options = {
            "measure": [(item["name"], item["name"]) for item in cohort["measures"]],
            "task": [(None, say("All scans"))] + [(item["name"], item["name"]) for item in cohort["tasks"]],
            "session": [(None, say("All sessions"))] + [(name, name) for name in cohort["sessions"]],
            "group": [(None, say("Everybody"))] + [(group["expression"], group["name"]) for group in self.app.groups],
            "order": [("network", say("By network")), ("file", say("As in the file"))],
        }
        for name, options in self.options.items():
            values = [value for value, label in options]
            if self.chosen[name] not in values:
                self.chosen[name] = values[0] if values else None
            entries = [
                h("option", label, value=position, selected=value == self.chosen[name])
                for position, (value, label) in enumerate(options)
            ]
            clear(self.selects[name], entries)
        show(self.selects["session"].parentElement, len(cohort["sessions"]) > 1)
        names = [item["name"] for item in cohort["phenotypes"]]
        self.chosen["captions"] = [name for name in self.chosen["captions"] if name in names]
        captions = TickList(
            [(name, name) for name in names], self.chosen["captions"], self._take_captions, "captions", cls="captions"
        )
        clear(self.caption_list, captions.finder, captions.element)

    def _taker(self, name):
        def take(event):
            self.chosen[name] = self.options[name][self.selects[name].selectedIndex][0]
            if name != "order":
                self.page = 0
            if name == "measure":
                self.scale.limit = None
            self._chose()

        return take

    def _take_captions(self, names):
        # In the order in which they were ticked.
        before = [name for name in self.chosen["captions"] if name in names]
        self.chosen["captions"] = before + [name for name in names if name not in before]
        self._chose()

    def _turner(self, name):
        def turn(event):
            page = {"first": 0, "previous": self.page - 1, "next": self.page + 1, "last": self.n_pages - 1}[name]
            self._turn_to(page)

        return turn

    def _typed_page(self):
        try:
            self._turn_to(int(self.page_box.value) - 1)
        except ValueError:
            self.page_box.value = self.page + 1

    def _turn_to(self, page):
        self.page = min(max(page, 0), self.n_pages - 1)
        self._chose()

    # --- painting ---

    async def _load(self):
        wanted = dict(self.chosen, page=self.page, per_page=PER_PAGE, limit=self.scale.limit)
        if self.scale.limit is not None:
            wanted["colormap"] = str(self.scale.colormap.value)
        answer = await self.app.client.call("gallery", wanted)
        page = answer.json
        if self.load.outdated and page["page"] != self.page:
            return
        self.page, self.n_pages, self.n_scans = page["page"], page["n_pages"], page["n_scans"]
        self._tell()
        if self.scale.limit is None:
            self.scale.set_range(page["limit"], True, self.chosen["measure"])
        self._paint(page["tiles"], answer.buffers["pixels"])
        self._say()

    def _paint(self, tiles, pixels):
        n_parcels = pixels["shape"][1]
        while len(self.tiles) < len(tiles):
            self.tiles.append(Tile(self, len(self.tiles)))
            add(self.tile_place, self.tiles[-1].element)
        self.scans = tiles
        size = 4 * n_parcels * n_parcels
        for position, tile in enumerate(self.tiles):
            if position < len(tiles):
                tile.paint(tiles[position], Uint8ClampedArray.new(pixels["data"], position * size, size), n_parcels)
            show(tile.element, position < len(tiles))
        set_busy(self.tile_place, self.load.outdated)

    def _say(self):
        self.page_box.value = self.page + 1
        self.page_box.max = self.n_pages
        text(self.page_count, say(" of {pages}", pages=max(self.n_pages, 1)))
        text(
            self.count,
            say("{n_scans} scans", n_scans=number(self.n_scans))
            if self.n_scans
            else say("No scan is selected; choose another group or task"),
        )
        self.pagers["first"].disabled = self.pagers["previous"].disabled = self.page <= 0
        self.pagers["last"].disabled = self.pagers["next"].disabled = self.page >= self.n_pages - 1

    # --- one scan ---

    def open(self, position):
        """Show one of the scans of this page large."""
        if self.viewer is None:
            self.viewer = ScanDialog(self.app, self)
        self.app.run(self.viewer.open(position))


class Tile:
    """One scan: a picture and a caption in a button."""

    def __init__(self, gallery, position):
        self.canvas = h("canvas", aria_hidden="true")
        self.title = h("span", cls="title")
        self.caption = h("span", cls="caption")
        self.element = h(
            "button",
            self.canvas,
            self.title,
            self.caption,
            type="button",
            cls="tile",
            on={"click": lambda event: gallery.open(position)},
        )

    def paint(self, tile, pixels, n_parcels):
        if self.canvas.width != n_parcels or self.canvas.height != n_parcels:
            self.canvas.width = self.canvas.height = n_parcels
        self.canvas.getContext("2d").putImageData(ImageData.new(pixels, n_parcels, n_parcels), 0, 0)
        captions = [f"{caption}" for caption in tile["captions"]]
        text(self.title, tile["title"])
        text(self.caption, "\n".join(captions))
        self.element.setAttribute("aria-label", ", ".join(tile["title"].split(" · ") + captions))
