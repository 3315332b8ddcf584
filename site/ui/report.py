"""Report: the analyses of one tab, each with its form at the left and its result at the right."""

import downloads
from client import Cancelled, Refused
from dom import add, clear, h, later, number, show, text
from form import Form
from js import URL, performance
from matrix_viewer import MatrixViewer
from pace import Latest
from points import Points
from table import Table

#: An analysis that took longer than this many seconds, twice, waits for Run instead of following every change.
QUICK = 3
#: Numbers of a report that are shown large; the sentences tell the others.
KEY_NUMBERS = (
    ("n_subjects", "Subjects"),
    ("n_scans", "Scans"),
    ("dof", "Degrees of freedom"),
    ("n_tests", "Tests"),
    ("n_significant", "Significant"),
)


class AnalysisTab:
    """The analyses of a tab of the page."""

    def __init__(self, app, tab):
        self.app = app
        self.entries = [entry for entry in app.catalog if entry["tab"] == tab]
        self.panels = {}
        self.current = None
        self.buttons = {
            entry["name"]: h("button", entry["title"], type="button", on={"click": self._chooser(entry["name"])})
            for entry in self.entries
        }
        buttons = [self.buttons[entry["name"]] for entry in self.entries]
        menu = h("div", buttons, cls="segmented", role="group", aria_label="Analysis")
        show(menu, len(self.entries) > 1)
        self.place = h("div")
        self.element = h("div", menu, self.place, cls="analysis-tab")

    def show(self, spec):
        """Show the analysis that ``spec`` names, with its parameters; without a name the one shown last."""
        name = spec.get("analysis")
        if name not in self.buttons:
            name, spec = self.current or self.entries[0]["name"], {}
        self._choose(name, spec.get("params"), spec.get("edge"))

    def hide(self):
        if self.current:
            self.panels[self.current].visible = False

    def _chooser(self, name):
        return lambda event: self._choose(name)

    def _choose(self, name, params=None, edge=None):
        if name not in self.panels:
            entry = next(entry for entry in self.entries if entry["name"] == name)
            self.panels[name] = AnalysisPanel(self.app, entry)
        if name != self.current:
            self.hide()
            self.current = name
            clear(self.place, self.panels[name].element)
            for other, button in self.buttons.items():
                button.setAttribute("aria-pressed", "true" if other == name else "false")
        self.panels[name].show(params, edge)


class AnalysisPanel:
    """One analysis: its form, its latest result, and what is being done about them."""

    def __init__(self, app, entry):
        self.app = app
        self.name = entry["name"]
        self.title = entry["title"]
        self.visible = False
        self.params = None  # of the result that is shown
        self.report = None  # what the engine said of it
        self.running = None  # (number of the call, params)
        self.begun = None  # when the engine began with what is running
        self.seconds = [0, 0]  # that the last two runs took; the first of all pays for what others find done
        self.views = {}
        self.edge = None
        self.edge_chosen = False
        self.form = Form(app, self.name, entry["fields"], self._changed, self.run)
        self.soon = later(250, self._run_if_quick)
        self.fetch_detail = Latest(app, self._fetch_detail)
        self._build(entry)
        app.on("cohort", lambda *_: self._cohort_changed())
        app.on("groups", lambda *_: self._groups_changed())
        app.on("theme", lambda *_: self._theme_changed())

    def _build(self, entry):
        self.run_button = h("button", "Run", type="submit", cls="primary")
        self.problem = h("p", cls="problem", role="alert")
        self.step = h("span")
        self.bar = h("progress")
        self.cancel = h("button", "Cancel", type="button", cls="quiet", on={"click": lambda event: self._cancel()})
        self.progress = h("div", self.step, self.bar, self.cancel, cls="run-progress", hidden=True)
        add(self.form.buttons, self.run_button)
        add(self.form.element, self.problem, self.progress)
        self.state = h("span", cls="state", role="status")
        self.numbers = h("dl", cls="numbers")
        self.warnings = h("ul", cls="warnings")
        self.sentences = h("ul", cls="sentences")
        self.views_place = h("div", cls="views")
        self.result = h(
            "section",
            h(
                "header",
                h("h2", entry["title"]),
                self.state,
                h("div", h("button", "Python script", type="button", on={"click": self._script}), cls="tools"),
            ),
            h("div", self.numbers, self.warnings, self.sentences, cls="facts"),
            self.views_place,
            cls="result",
            aria_label=f"Result: {entry['title']}",
            hidden=True,
        )
        self.element = h(
            "div",
            h("aside", h("p", entry["summary"], cls="summary"), self.form.element, aria_label="Parameters"),
            self.result,
            cls="analysis",
        )

    # --- when to run ---

    def show(self, params, edge):
        self.visible = True
        if params is not None:
            self.form.set(params)
        if edge is not None:
            self.edge, self.edge_chosen = edge, True
        self._tell()
        if self.app.cohort is not None and self._wants_another():
            self.run()

    def _wanted(self):
        """What the form asks for; None while it is not acceptable."""
        return self.form.values()

    def _wants_another(self):
        """Whether the form asks for something else than what is coming, or is there if nothing is."""
        return self._wanted() not in (None, self.running[1] if self.running else self.params)

    def _tell(self):
        if not self.visible:
            return
        view = {"analysis": self.name, "params": self.form.values()}
        if self.edge_chosen:
            view["edge"] = self.edge
        self.app.set_view(**view)

    def _changed(self, unfinished):
        self._tell()
        self._mark_state()
        (self.soon if unfinished else self._run_if_quick)()

    def _run_if_quick(self):
        if self.visible and min(self.seconds) < QUICK and self._wants_another():
            self.run()

    def _cohort_changed(self):
        if self.running:
            self.app.client.cancel(self.running[0])
            self.running = None  # of the cohort before, even if the same is asked of this one
            show(self.progress, False)
        self.params = None
        self.edge, self.edge_chosen = None, False
        self.seconds = [0, 0]
        show(self.result, False)
        self.form.refresh()
        if self.visible and self.app.cohort is not None:
            self.run()

    def _groups_changed(self):
        before = self.form.groups()
        self.form.refresh()
        if self.params is None:
            return None
        self._show_facts(self.report)  # a group may have another name
        if self._wanted() != self.params:
            self._changed(unfinished=True)  # another state of the address brings other parameters in a moment
        elif self.edge is not None and "detail" in self.views:
            self.fetch_detail()
        lost = self.visible and before and not self.form.groups()
        return f"{self.title} now uses everybody" if lost else None

    def _theme_changed(self):
        for view in self.views.values():
            if isinstance(view, FigureImage):
                view.redraw()

    # --- running ---

    def run(self):
        """Run what the form asks for now; what runs already is not wanted any more."""
        wanted = self._wanted()
        if wanted is None or self.app.cohort is None:
            return
        if self.running:
            if self.running[1] == wanted:
                return
            self.app.client.cancel(self.running[0])
        call, outcome = self.app.client.begin("run", {"analysis": self.name, "params": wanted}, None, self._on_progress)
        self.running = (call, wanted)
        self.begun = None
        self._say_progress("Starting", 0, 0)
        show(self.progress)
        text(self.problem, "")
        self._mark_state()
        self.app.run(self._finish(call, outcome, wanted))

    async def _finish(self, call, outcome, params):
        try:
            answer = await outcome
            if not self._is_latest(call):
                return
            # Its own time, not that of what the engine had to finish before it.
            self.seconds = [self.seconds[1], 0 if self.begun is None else (performance.now() - self.begun) / 1000]
            self.params = params
            await self._show(answer.json)
        except Refused as refused:
            if self._is_latest(call):
                text(self.problem, refused.message)
        except Cancelled:
            if self._is_latest(call):  # else it gave way to another
                self.app.status("Cancelled")
        finally:
            if self._is_latest(call):
                self.running = None
                show(self.progress, False)
                self._mark_state()

    def _is_latest(self, call):
        return self.running is not None and self.running[0] == call

    def _on_progress(self, step, done, total):
        if self.begun is None:
            self.begun = performance.now()
        self._say_progress(step, done, total)

    def _say_progress(self, step, done, total):
        text(self.step, step)
        if total:
            self.bar.max, self.bar.value = total, done
        else:
            self.bar.removeAttribute("value")

    def _cancel(self):
        if self.running:
            self.app.client.cancel(self.running[0])

    def _mark_state(self):
        """Say whether the result is of what the form asks for."""
        stale = self._wanted() != self.params
        self.result.classList.toggle("stale", stale)
        text(
            self.state, "" if not stale else "Updating" if self.running else "Earlier result: press Run for the new one"
        )

    # --- showing ---

    async def _show(self, report):
        self.report = report
        self._show_facts(report)
        show(self.result)
        views = [(self._widget(view), view) for view in report["views"]]
        matrices = [(widget, view) for widget, view in views if view["kind"] == "matrix"]
        shown = [widget for widget, view in views]
        if any(view["detail"] for widget, view in matrices):
            shown.insert(len(matrices), self._detail())
        self._arrange(shown)
        for widget, view in views:
            if view["kind"] in ("table", "points"):
                widget.update(view, self._named(view))
        self._choose_edge(report)
        params = self.params
        for widget, view in matrices:
            source = {"analysis": self.name, "params": params, "array": view["array"]}
            await widget.show(source, view["title"], natural=view["limit"], figure=self._named(view))
            if self.params is not params:
                return  # another cohort was opened meanwhile, or another result has come
        # Last, because the first figure waits for Matplotlib, and everything behind it too.
        for widget, view in views:
            if view["kind"] == "figure":
                widget.update(view, self._named(view))

    def _named(self, view):
        """The arguments that name a view of the result that is shown."""
        groups = [[group["name"], group["expression"], group["colour"]] for group in self.app.groups]
        return {"analysis": self.name, "params": self.params, "name": view["name"], "groups": groups}

    def _show_facts(self, report):
        numbers = report["numbers"]
        pairs = [(label, numbers[key]) for key, label in KEY_NUMBERS if numbers.get(key) is not None]
        clear(self.numbers, [h("div", h("dt", label), h("dd", number(value))) for label, value in pairs])
        clear(self.warnings, [h("li", warning) for warning in report["warnings"]])
        clear(self.sentences, [h("li", self._with_names(sentence), " ") for sentence in report["sentences"]])

    def _with_names(self, sentence):
        """Call groups by their names: the engine knows their expressions only."""
        for group in self.app.groups:
            expression, name = group["expression"], group["name"]
            if sentence.startswith(f"{expression}: "):
                sentence = name + sentence[len(expression) :]
            sentence = sentence.replace(f"(group {expression})", f"(group {name})")
        return sentence

    def _widget(self, view):
        """The widget of a view; one that was there before is used again, so that nothing jumps."""
        key = (view["kind"], view["name"])
        if key not in self.views:
            identity = f"{self.name}-{view['name']}"
            if view["kind"] == "matrix":
                select = self.select if view["detail"] else None
                widget = MatrixViewer(self.app, identity, view["title"], select, only_marked=bool(view["marked"]))
            elif view["kind"] == "table":
                widget = Table(self.app, identity, self.select)
            elif view["kind"] == "points":
                widget = Points(self.app, identity)
            else:
                widget = FigureImage(self.app)
            self.views[key] = widget
        return self.views[key]

    def _detail(self):
        if "detail" not in self.views:
            self.views["detail"] = Points(self.app, f"{self.name}-detail")
        return self.views["detail"]

    def _arrange(self, widgets):
        elements = [widget.element for widget in widgets]
        present = [self.views_place.children[position] for position in range(self.views_place.children.length)]
        # Moving an element takes the focus off it.
        if len(present) != len(elements) or any(not old.isSameNode(new) for old, new in zip(present, elements)):
            clear(self.views_place, elements)

    # --- the selected edge ---

    def select(self, edge):
        """Show one edge in every view of the result."""
        self.edge_chosen = True
        self._take_edge(edge)
        self._tell()

    def _choose_edge(self, report):
        """Begin with the strongest edge; keep to one that was chosen."""
        if "detail" not in self.views:
            return
        if not self.edge_chosen:
            edges = [
                row["edge"]
                for view in report["views"]
                if view["kind"] == "table"
                for row in view["rows"]
                if "edge" in row
            ]
            self.edge = edges[0] if edges else None
        if self.edge is not None:
            self._take_edge(self.edge)

    def _take_edge(self, edge):
        self.edge = edge
        for widget in self.views.values():
            if hasattr(widget, "mark"):
                widget.mark(edge)
        self.fetch_detail()

    async def _fetch_detail(self):
        if self.params is None or self.edge is None:
            return  # another cohort was opened meanwhile
        groups = [[group["name"], group["expression"], group["colour"]] for group in self.app.groups]
        wanted = {"analysis": self.name, "params": self.params, "edge": self.edge, "groups": groups}
        answer = await self.app.client.call("detail", wanted)
        self._detail().update(answer.json, wanted)

    def _script(self, event):
        return downloads.show_script(self.app, self.name, self.params)


class FigureImage:
    """A chart drawn by Matplotlib, as an image in the page's theme."""

    def __init__(self, app):
        self.app = app
        self.wanted = None
        self.address = None
        self.redraw = Latest(app, self._draw)
        self.heading = h("h3")
        self.image = h("img", alt="", hidden=True)
        self.waiting = h("p", "Drawing; the first figure takes a few seconds", cls="note waiting")
        self.element = h(
            "section",
            h(
                "header",
                self.heading,
                h("div", downloads.figure_menu(app, "Download figure", lambda: self.wanted), cls="tools"),
            ),
            h("div", self.image, self.waiting, cls="frame"),
            cls="figure",
        )

    def update(self, view, arguments):
        """Show a figure view; ``arguments`` are those of the `figure` call."""
        text(self.heading, view["title"])
        self.alt = view["alt"]
        self.wanted = arguments
        self.redraw()

    async def _draw(self):
        answer = await self.app.client.call("figure", dict(self.wanted, format="svg", theme=self.app.theme))
        before, self.address = self.address, downloads.blob_url(answer.buffers["file"]["data"], answer.json["mime"])
        self.image.src = self.address
        self.image.alt = self.alt
        show(self.image)
        show(self.waiting, False)
        if before:
            URL.revokeObjectURL(before)
