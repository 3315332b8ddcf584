"""Result: what an analysis found, as numbers, words and views, with one edge that is selected in all of them."""

import downloads
from clipboard import copy_text
from dom import add, clear, h, later, listen, set_busy, show, text
from figure_image import FigureImage
from grid import Grid
from js import TextDecoder
from logic.language import say
from logic.latest import Latest
from matrix_viewer import SHAPES, MatrixViewer, within
from parcels import pair_of
from points import Points
from pyscript.ffi import to_js
from result_words import ResultWords
from table import Table

#: Results with fewer views have no index.
FEW_VIEWS = 4
#: Milliseconds in which a view that was pointed at stands out.
POINTED = 2500


class Result:
    """The result of an analysis.

    Parameters
    ----------
    app : App
    entry : dict
        The analysis, from the catalog.
    changed : callable
        ``changed()`` is called when the user selects an edge or another shape of a map.

    Attributes
    ----------
    params : dict or None
        Of the result that is shown.
    n_parts : int
        Of it, that are done.
    edge, edge_chosen : int or None, bool
        The selected edge, and whether the user chose it.
    shapes : dict
        Name of a matrix view -> how it is shown, where not as a matrix.
    """

    def __init__(self, app, entry, changed):
        self.app = app
        self.name = entry["name"]
        self.title = entry["title"]
        self.n_parts_in_all = len(entry["parts"])
        self._changed = changed
        self.params = None
        self.report = None  # what the engine said of it
        self.n_parts, self.left_out = 0, []  # of each part why it is left out, or ""
        self.views = {}
        self.shown = {}  # view -> (params, what the engine said of it), as it is on screen
        self.edge = None
        self.edge_chosen = False
        self.area = (None, None)  # what is selected of all maps, and its place among networks, as a viewer has it
        self.shapes = {}
        self.fetch_detail = Latest(app, self._fetch_detail)
        self._build(entry)

    def _build(self, entry):
        self.state = h("span", cls="state", role="status")
        self.add_button = tool(say("Add as a measure"), self._add_measure, cls="adds")
        show(self.add_button, entry["makes_measure"])
        self.words = ResultWords(self.app, self.n_parts_in_all, self._link)
        self.index = h("nav", cls="index", aria_label=say("Views of this result"))
        self.views_place = h("div", cls="views")
        tools = (
            self.add_button,
            tool(say("Keep"), self._keep, title=say("Keep it in the notebook")),
            tool(say("Report (HTML)"), self._save_report, aria_label=say("Download report (HTML)")),
            tool(say("Methods"), self._copy_methods, aria_label=say("Copy methods")),
            tool(say("Python script"), self._script),
        )
        self.element = h(
            "section",
            h(
                "header",
                h("h2", entry["title"], title=entry["title"]),
                self.state,
                h("div", self.words.fold, self.index, cls="ways"),
                h("div", tools, cls="tools"),
            ),
            self.words.verdict,
            self.words.facts,
            self.views_place,
            cls="result",
            aria_label=say("Result: {title}", title=entry["title"]),
            hidden=True,
        )

    def forget(self):
        """Be of no cohort: another one is open."""
        self.params = None
        self.n_parts = 0
        self.shown = {}
        self.edge, self.edge_chosen = None, False
        self._mark(None)
        self._take_area(None, None)
        show(self.element, False)

    def groups_changed(self):
        """Call groups by their names of now, and colour them so where an edge is shown in detail."""
        self.words.show(self.report, self.n_parts)
        if self.edge is not None and "detail" in self.views:
            set_busy(self._detail().element)
            self.fetch_detail()

    def redraw_figures(self):
        """Redraw the figures: the theme has changed."""
        for view in self.views.values():
            if isinstance(view, FigureImage):
                view.redraw()

    def take_shapes(self, shapes):
        """Show maps in the shapes that the address says."""
        self.shapes = dict(shapes)
        for key, widget in self.views.items():
            if isinstance(widget, MatrixViewer) and widget.source is not None:
                self._shape(widget, key[1])

    def _shaper(self, name):
        """What a map calls when it is shown in another shape."""

        def shaped(shape):
            self.shapes.pop(name, None)
            if shape != "matrix":
                self.shapes[name] = shape
            self._changed()

        return shaped

    def _shape(self, widget, name):
        """Show a map in the shape that the address says."""
        shape = self.shapes.get(name, "matrix")
        if shape != widget.shape and shape in [known for known, title in SHAPES]:
            widget.show_as(shape)

    # --- showing ---

    def take(self, report, params):
        """Be of other parameters, or have another part."""
        self.report, self.n_parts, self.left_out = report, report["n_parts"], report["left_out"]
        if self.params != params:
            self.params = params

    async def show(self):
        """Show what the engine said, of all parts so far; what is on screen of another result is dimmed at once."""
        report, params = self.report, self.params
        show(self.element)
        self.words.show(report, self.n_parts)
        self.mark_added()
        views = [(self._widget(view), view) for view in report["views"]]
        matrices = [(widget, view) for widget, view in views if view["kind"] == "matrix"]
        for widget, _view in matrices:
            widget.p_maps = [(other, view["p_values"]) for other, view in matrices if view["p_values"]]
        shown = [widget for widget, view in views]
        if any(view["detail"] for widget, view in matrices):
            shown.insert(_after_matrices(report["views"]), self._detail())
        self._arrange(shown)
        self._draw_index(report["views"])
        new = [(widget, view) for widget, view in views if not self._is_shown(view)]
        for widget, _view in new:
            set_busy(widget.element)
        if new and "detail" in self.views:
            set_busy(self._detail().element)
        for widget, view in new:
            if view["kind"] in ("table", "points", "grid"):
                more = () if view["kind"] == "table" else (self.words.finding(report, view),)
                widget.update(view, self._named(view), *more)
                set_busy(widget.element, False)
        if new and self.area[0] is not None:
            self._take_area(*self.area)
        if new:
            await self._choose_edge(report)
            if self.params is not params:
                return
        for widget, view in new:
            if view["kind"] == "matrix":
                source = {"analysis": self.name, "params": params, "array": view["array"]}
                await widget.show(source, view["title"], natural=view["limit"], figure=self._named(view))
                if self.params is not params:
                    return  # another cohort was opened meanwhile, or another result has come
                self._shape(widget, view["name"])
        # Last, because the first figure waits for Matplotlib, and everything behind it too.
        for widget, view in new:
            if view["kind"] == "figure":
                widget.update(view, self._named(view), self.words.finding(report, view))

    def _is_shown(self, view):
        """Whether a view of an earlier part is on screen as it is: then nothing of it is touched."""
        key, what = (view["kind"], view["name"]), (self.params, view)
        if self.n_parts_in_all and self.shown.get(key) == what:
            return True
        self.shown[key] = what
        return False

    def _named(self, view):
        """The arguments that name a view of the result that is shown."""
        return {"analysis": self.name, "params": self.params, "name": view["name"], "groups": self._groups()}

    def _groups(self):
        return [[group["name"], group["expression"], group["colour"]] for group in self.app.groups]

    def _widget(self, view):
        """The widget of a view; one that was there before is used again, so that nothing jumps."""
        key = (view["kind"], view["name"])
        if key not in self.views:
            identity = f"{self.name}-{view['name']}"
            if view["kind"] == "matrix":
                widget = MatrixViewer(
                    self.app,
                    identity,
                    view["title"],
                    self.select,
                    only_marked=bool(view["marked"]),
                    on_shape=self._shaper(view["name"]),
                    on_area=self._take_area,
                )
            elif view["kind"] == "table":
                widget = Table(self.app, identity, self.select)
            elif view["kind"] == "points":
                widget = Points(self.app, identity)
            elif view["kind"] == "grid":
                widget = Grid(self.app, identity)
            else:
                widget = FigureImage(self.app)
            self.views[key] = widget
        return self.views[key]

    def _detail(self):
        if "detail" not in self.views:
            self.views["detail"] = Points(self.app, f"{self.name}-detail")
        return self.views["detail"]

    def _arrange(self, widgets):
        elements = [widget.place if isinstance(widget, MatrixViewer) else widget.element for widget in widgets]
        present = [self.views_place.children[position] for position in range(self.views_place.children.length)]
        # Moving an element takes the focus off it.
        if len(present) > len(elements) or any(not old.isSameNode(new) for old, new in zip(present, elements)):
            clear(self.views_place, elements)
        else:
            add(self.views_place, elements[len(present) :])

    def _draw_index(self, views):
        """A list of the views, at hand while one scrolls; as links their titles would be cut short."""
        clear(self.index, self._chooser_of(views) if len(views) >= FEW_VIEWS or self.n_parts_in_all else None)

    def _link(self, view):
        go = self._pointer_to(view)
        return h("button", view["title"], type="button", cls="link", on={"click": lambda event: go()})

    def _chooser_of(self, views):
        """It goes to the view that is chosen and then is ready for another."""
        ways = [self._pointer_to(view) for view in views]
        titles = [h("option", view["title"], value=position) for position, view in enumerate(views)]
        box = h("select", h("option", say("Go to ({views} views)", views=len(views)), value=""), titles, value="")

        def go(event):
            position, box.value = int(str(box.value)), ""
            ways[position]()

        listen(box, "change", go)
        return h("label", h("span", say("Go to"), cls="unseen"), box)

    def _pointer_to(self, view):
        """A function that goes to a view and points at it."""
        widget = self._widget(view)
        stop_pointing = later(POINTED, lambda: widget.element.classList.remove("pointed-at"))

        def go():
            widget.element.scrollIntoView()
            widget.element.tabIndex = -1
            widget.element.focus(to_js({"preventScroll": True}))
            widget.element.classList.add("pointed-at")
            stop_pointing()

        return go

    # --- the selected edge ---

    def select(self, edge):
        """Show one edge in every view of the result."""
        self.edge_chosen = True
        self._take_edge(edge)
        self._changed()

    async def _choose_edge(self, report):
        """Begin with the strongest edge where one is shown in detail; keep to one that was chosen."""
        if not self.edge_chosen and "detail" in self.views:
            self.edge = await self._strongest(report)
        if self.edge is not None:
            self._take_edge(self.edge)
        elif "detail" in self.views:
            set_busy(self._detail().element, False)

    async def _strongest(self, report):
        """The first edge that a table lists, or else the strongest of the first map that has details; None if none."""
        for view in report["views"]:
            if view["kind"] == "table":
                for row in view["rows"]:
                    if "edge" in row:
                        return row["edge"]
        for view in report["views"]:
            if view["kind"] == "matrix" and view["detail"]:
                source = {"analysis": self.name, "params": self.params, "array": view["array"]}
                found = (await self.app.client.call("strongest", {"source": source, "n": 1})).json["edges"]
                return found[0] if found else None
        return None

    def _take_edge(self, edge):
        self.edge = edge
        self._mark(edge)
        if "detail" in self.views:
            set_busy(self._detail().element)
            self.fetch_detail()

    def _mark(self, edge):
        for widget in self.views.values():
            if hasattr(widget, "mark"):
                widget.mark(edge)

    def _take_area(self, area, networks):
        """Show an area in every map, and its edges first in every table of edges; None for none."""
        self.area = area, networks
        maps = [widget for widget in self.views.values() if isinstance(widget, MatrixViewer)]
        for widget in maps:
            widget.take_area(area, networks)
        for widget in self.views.values():
            if isinstance(widget, Table):
                widget.put_first(self._in_area(maps[0].order.n) if area and maps else None)

    def _in_area(self, n_parcels):
        """A function that tells whether an edge is in the selected area."""
        area = self.area[0]
        return lambda edge: within(area, *pair_of(edge, n_parcels))

    async def _fetch_detail(self):
        if self.params is None or self.edge is None:
            return  # another cohort was opened meanwhile
        wanted = {"analysis": self.name, "params": self.params, "edge": self.edge, "groups": self._groups()}
        answer = await self.app.client.call("detail", wanted)
        self._detail().update(answer.json, wanted, answer.json["caption"])
        set_busy(self._detail().element, self.fetch_detail.outdated)

    # --- what it makes ---

    def _keep(self, event):
        edge = self.edge if self.edge_chosen else None
        view = {"analysis": self.name, "params": self.params, "edge": edge, "shapes": dict(self.shapes) or None}
        self.app.session.notebook.keep(self.title, view)

    def _add_measure(self, event):
        return self.app.add_measure(self.name, self.params)

    def mark_added(self):
        """Say whether the measure that the result makes is in the cohort."""
        added = [] if self.app.cohort is None else self.app.cohort["added"]
        names = [one["measure"] for one in added if one["analysis"] == self.name and one["params"] == self.params]
        text(self.add_button, say("Added: {name}", name=names[0]) if names else say("Add as a measure"))
        self.add_button.disabled = bool(names)
        offered = say("Offer the harmonised connectivity to all analyses")
        self.add_button.title = say("Choose it under Measure in any analysis") if names else offered

    async def _copy_methods(self, event):
        """Copy what a methods section says of this result, with its references."""
        one = {"name": self.title, "analysis": self.name, "params": self.params}
        wanted = {"results": [one], "groups": self._groups(), "what": "txt"}
        answer = await self.app.work(say("Writing the methods"), "notebook", wanted)
        await copy_text(self.app, TextDecoder.new().decode(answer.buffers["file"]["data"]), say("the methods"))

    def _script(self, event):
        return downloads.show_script(self.app, self.name, self.params)

    async def _save_report(self, event):
        """Save what is on screen as one file to keep: of an analysis in parts those that are done."""
        wanted = {"analysis": self.name, "params": self.params, "groups": self._groups()}
        if self.n_parts_in_all:
            wanted["part"] = self.n_parts - 1
        answer = await self.app.work(say("Writing the report"), "html", wanted)
        downloads.save(answer.buffers["file"]["data"], answer.json["filename"], answer.json["mime"])
        self.app.status(say("Saved {filename}", filename=answer.json["filename"]))


def tool(words, action, **attributes):
    """A button of the head of a result."""
    return h("button", words, type="button", on={"click": action}, **attributes)


def _after_matrices(views):
    """Where the clicked edge is shown: behind the maps that stand together first."""
    first = [view["kind"] == "matrix" for view in views].index(True)
    behind = [position for position in range(first, len(views)) if views[position]["kind"] != "matrix"]
    return behind[0] if behind else len(views)
