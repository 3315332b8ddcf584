"""Report: the analyses of one tab, each with its form at the left and its result at the right."""

import asyncio

import downloads
from dom import add, clear, find, guarded, h, later, listen, show, text
from expandable import Expandable
from form import Form
from grid import Grid
from js import CSS, URL, IntersectionObserver, performance
from logic.latest import Latest
from logic.needs import lacking
from logic.protocol import Cancelled, Refused
from matrix_viewer import SHAPES, MatrixViewer
from points import Points
from pyscript.ffi import to_js
from table import Table

from imagenomer.wording import KEY_NUMBERS, number

#: An analysis that took longer than this many seconds, twice, waits for Run instead of following every change.
QUICK = 3
#: Pixels from what is on screen at which a figure is drawn.
NEAR = 1000
#: Results with fewer views have no index.
FEW_VIEWS = 4
#: Milliseconds in which a view that was pointed at stands out.
POINTED = 2500
#: Milliseconds for what has just been shown to ask for its figures, before the next part is computed.
SETTLE = 200


class AnalysisTab:
    """The analyses of a tab of the page."""

    def __init__(self, app, tab, has_menu=True):
        self.app = app
        self.entries = [entry for entry in app.catalog if entry["tab"] == tab]
        self.panels = {}
        self.current = None
        self.buttons = {
            entry["name"]: h("button", entry["title"], type="button", on={"click": self._chooser(entry["name"])})
            for entry in self.entries
        }
        buttons = [self.buttons[entry["name"]] for entry in self.entries]
        menu = h("div", buttons, cls="pills", role="group", aria_label="Analysis")
        show(menu, has_menu and len(self.entries) > 1)
        self.place = h("div")
        self.element = h("div", menu, self.place, cls="analysis-tab")

    def show(self, spec):
        """Show the analysis that ``spec`` names, with its parameters; without a name the one shown last."""
        name = spec.get("analysis")
        for entry in self.entries:
            self.buttons[entry["name"]].classList.toggle("lacking", lacking(self.app.cohort, entry) is not None)
        if name not in self.buttons:
            name = self.current or self._first()
            self._choose(name)
        else:
            shapes = spec.get("shapes")
            self._choose(name, spec.get("params"), spec.get("edge"), shapes if isinstance(shapes, dict) else {})

    def _first(self):
        """The first analysis that can be used, or else the first of all."""
        usable = [entry["name"] for entry in self.entries if lacking(self.app.cohort, entry) is None]
        return usable[0] if usable else self.entries[0]["name"]

    def hide(self):
        if self.current in self.panels:
            self.panels[self.current].visible = False

    def _chooser(self, name):
        return lambda event: self._choose(name)

    def _choose(self, name, params=None, edge=None, shapes=None):
        self.hide()
        self.current = name
        for other, button in self.buttons.items():
            button.setAttribute("aria-pressed", "true" if other == name else "false")
        entry = next(entry for entry in self.entries if entry["name"] == name)
        missing = lacking(self.app.cohort, entry)
        if missing:
            clear(self.place, h("section", h("h2", entry["title"]), h("p", missing), cls="lacks"))
            self.app.set_view(analysis=name, params=None, edge=None, shapes=None)
            return
        if name not in self.panels:
            self.panels[name] = AnalysisPanel(self.app, entry)
        if not self.panels[name].element.isSameNode(self.place.firstElementChild):
            clear(self.place, self.panels[name].element)
        self.panels[name].show(params, edge, shapes)


class Run:
    """A run under way.

    Attributes
    ----------
    params : dict
    call : int
        The number of the call, of the part under way where there are parts.
    part : int or None
        The part that the engine is at; None between two.
    seconds : float
        That the engine has spent on it.
    stopped : bool
        Whether the user wants no further part.
    """

    def __init__(self, params):
        self.params = params
        self.call = None
        self.part = None
        self.begun = None
        self.seconds = 0
        self.stopped = False


class AnalysisPanel:
    """One analysis: its form, its latest result, and what is being done about them."""

    def __init__(self, app, entry):
        self.app = app
        self.name = entry["name"]
        self.title = entry["title"]
        self.parts = [part["title"] for part in entry["parts"]]
        self.visible = False
        self.params = None  # of the result that is shown
        self.told = None  # what the address was last told of the form
        self.report = None  # what the engine said of it
        self.n_parts = 0  # of the result that is shown
        self.running = None  # a Run
        self.seconds = [0, 0]  # that the last two runs took; the first of all pays for what others find done
        self.views = {}
        self.shown = {}  # view -> (params, what the engine said of it), as it is on screen
        self.edge = None
        self.edge_chosen = False
        self.shapes = {}  # name of a matrix view -> how it is shown, where not as a matrix
        self.form = Form(app, self.name, entry["fields"], self._changed, self._submitted)
        self.soon = later(250, self._run_if_quick)
        self.fetch_detail = Latest(app, self._fetch_detail)
        self._build(entry)
        app.on("cohort", lambda *_: self._cohort_changed())
        app.on("groups", lambda *_: self._groups_changed())
        app.on("theme", lambda *_: self._theme_changed())
        app.on("tray", lambda *_: self._tray_changed())
        app.on("measures", lambda *_: self._measures_changed())

    def _build(self, entry):
        self.run_button = h("button", "Run", type="submit", cls="primary")
        self.problem = h("p", cls="problem", role="alert")
        self.step = h("span")
        self.bar = h("progress")
        stop = "Stop here" if self.parts else "Cancel"
        self.cancel = h("button", stop, type="button", cls="quiet", on={"click": lambda event: self._cancel()})
        self.progress = h("div", self.step, self.bar, self.cancel, cls="run-progress", hidden=True)
        self.part_list = h("ol", [h("li", title) for title in self.parts], cls="parts", aria_label="Parts")
        self.part_note = h("p", cls="note")
        self.resume = h("button", "Continue", type="button", hidden=True, on={"click": lambda event: self.run()})
        add(self.form.buttons, self.run_button)
        add(self.form.element, self.problem, None if self.parts else self.progress)
        # Above the result, where it is in sight however long the form is.
        self.part_box = h(
            "section",
            self.part_list,
            h("div", self.part_note, self.progress if self.parts else None, self.resume, cls="part-line"),
            cls="part-box",
            aria_label="Progress",
            hidden=True,
        )
        # In the place of the first result, as the end of a long form is out of sight.
        self.refusal = h("p", cls="refusal", aria_hidden="true")  # screen readers hear that of the form
        self.waiting = h("section", h("h2", entry["title"]), self.refusal, cls="first-wait", hidden=True)
        self.state = h("span", cls="state", role="status")
        self.add_button = h("button", "Add as a measure", type="button", on={"click": self._add_measure})
        show(self.add_button, entry["makes_measure"])
        self.numbers = h("dl", cls="numbers")
        self.warnings = h("ul", cls="warnings")
        self.sentences = h("ul", cls="sentences")
        # What is in parts grows while it is read: its words have a place of their own, so that nothing below moves.
        said = [self.warnings, self.sentences]
        self.said = Expandable("the notes", said, "held-notes") if self.parts else None
        self.findings = h("ul")
        self.verdict_note = h("p", cls="note")
        self.verdict_fold = Expandable("the verdict", [self.findings], "held-verdict" if self.parts else "")
        heading = h("header", h("h3", "Verdict"), self.verdict_note)
        self.verdict = h("section", heading, self.verdict_fold.element, cls="verdict", aria_label="Verdict")
        self.index = h("nav", cls="index", aria_label="Views of this result")
        self.views_place = h("div", cls="views")
        self.result = h(
            "section",
            h(
                "header",
                h("h2", entry["title"]),
                self.state,
                h(
                    "div",
                    self.add_button,
                    h("button", "Download report (HTML)", type="button", on={"click": self._save_report}),
                    h("button", "Python script", type="button", on={"click": self._script}),
                    cls="tools",
                ),
            ),
            self.verdict,
            h("div", self.numbers, self.said.element if self.said else said, cls="facts"),
            self.index,
            self.views_place,
            cls="result",
            aria_label=f"Result: {entry['title']}",
            hidden=True,
        )
        self.element = h(
            "div",
            h("aside", h("p", entry["summary"], cls="summary"), self.form.element, aria_label="Parameters"),
            h("div", self.part_box, self.waiting, self.result),
            cls="analysis",
        )

    # --- when to run ---

    def show(self, params, edge, shapes=None):
        """Come on screen; ``shapes`` None leaves maps as they are shown."""
        self.visible = True
        if shapes is not None:
            self.shapes = dict(shapes)
            for key, widget in self.views.items():
                if isinstance(widget, MatrixViewer) and widget.source is not None:
                    self._shape(widget, key[1])
        if params not in (None, self.told):  # the form may have changed since with the tray or the groups
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
        return self._wanted() not in (None, self.running.params if self.running else self.params)

    def _tell(self):
        if not self.visible:
            return
        self.told = self.form.values()
        edge = self.edge if self.edge_chosen else None
        self.app.set_view(analysis=self.name, params=self.told, edge=edge, shapes=self.shapes or None)

    def _shaper(self, name):
        """What a map calls when it is shown in another shape."""

        def shaped(shape):
            self.shapes.pop(name, None)
            if shape != "matrix":
                self.shapes[name] = shape
            self._tell()

        return shaped

    def _shape(self, widget, name):
        """Show a map in the shape that the address says."""
        shape = self.shapes.get(name, "matrix")
        if shape != widget.shape and shape in [known for known, title in SHAPES]:
            widget.show_as(shape)

    def _changed(self, unfinished):
        self._tell()
        self._mark_state()
        (self.soon if unfinished else self._run_if_quick)()

    def _submitted(self):
        if self._wanted() is None:
            self.form.point_out()
        else:
            self.run()

    def _run_if_quick(self):
        if self.visible and min(self.seconds) < QUICK and self._wants_another():
            self.run()

    def _cohort_changed(self):
        if self.running:
            self.app.client.cancel(self.running.call)
            self.running = None  # of the cohort before, even if the same is asked of this one
            show(self.progress, False)
            show(self.waiting, False)
        self.params = None
        self.n_parts = 0
        self.shown = {}
        self._mark_parts()
        self.edge, self.edge_chosen = None, False
        self._mark(None)
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

    def _tray_changed(self):
        if self.form.takes_maps():
            self.form.refresh()
            if self.visible:
                self._changed(unfinished=True)

    def _measures_changed(self):
        self.form.refresh()
        self._mark_added()

    def _theme_changed(self):
        for view in self.views.values():
            if isinstance(view, FigureImage):
                view.redraw()

    # --- running ---

    def run(self):
        """Run what the form asks for now, and what is missing of it; what runs already is not wanted any more."""
        wanted = self._wanted()
        if wanted is None or self.app.cohort is None:
            return
        if self.running:
            if self.running.params == wanted:
                return
            self.app.client.cancel(self.running.call)
        run = self.running = Run(wanted)
        outcome = self._ask(run, 0)
        self._say_problem("")
        self.form.point_at(None)
        self.app.run(self._finish(run, outcome))

    def _ask(self, run, part):
        """Ask for a result, or for a part of it and all before that; returns the coroutine of the answer."""
        arguments = {"analysis": self.name, "params": run.params}
        if self.parts:
            arguments["part"] = part
        run.begun = None
        run.part = part
        run.call, outcome = self.app.client.begin("run", arguments, None, self._on_progress)
        self._say_progress("Starting" if not part else self.parts[part], 0, 0)
        if not self.parts:
            add(self.waiting if self.result.hidden else self.form.element, self.progress)
        show(self.progress)
        self._mark_state()
        return outcome

    async def _finish(self, run, outcome):
        """Show what is coming: of an analysis in parts one after another, each once it is done."""
        earlier = self.seconds[1]
        try:
            while True:
                answer = await outcome
                if self.running is not run:
                    return
                # Its own time, not that of what the engine had to finish before it.
                run.seconds += 0 if run.begun is None else (performance.now() - run.begun) / 1000
                self.seconds = [earlier, run.seconds]
                if self.params != run.params:
                    self.params = run.params
                self.n_parts = answer.json["n_parts"]
                run.part = None
                self._mark_parts()
                await self._show(answer.json)
                if self.n_parts < len(self.parts):
                    # What is on screen comes before the next part: the engine does one thing after another.
                    await asyncio.sleep(SETTLE / 1000)
                    await self.app.client.rest()
                if self.running is not run or run.stopped or self.n_parts == len(self.parts):
                    return
                outcome = self._ask(run, self.n_parts)
        except Refused as refused:
            if self.running is run:
                self._say_problem(refused.message)
                self.form.point_at(refused.position)
        except Cancelled:
            if self.running is run and not self.parts:  # else it gave way to another
                self.app.status("Cancelled")
        finally:
            if self.running is run:
                self.running = None
                show(self.progress, False)
                self._mark_state()
                if run.stopped and self.n_parts:
                    self.app.status(f"Stopped after {self.n_parts} of {len(self.parts)} parts; what is done stays")

    def _say_problem(self, message):
        text(self.problem, message)
        text(self.refusal, message)

    def _on_progress(self, step, done, total):
        if self.running.begun is None:
            self.running.begun = performance.now()
        self._say_progress(step, done, total)

    def _say_progress(self, step, done, total):
        text(self.step, f"{self.running.part + 1} of {len(self.parts)}: {step}" if self.parts else step)
        if total:
            self.bar.max, self.bar.value = total, done
        else:
            self.bar.removeAttribute("value")

    def _cancel(self):
        if self.running:
            self.running.stopped = True
            self.app.client.cancel(self.running.call)

    def _mark_state(self):
        """Say whether the result is of what the form asks for, and is whole."""
        stale = self._wanted() != self.params
        partial = self.params is not None and self.n_parts < len(self.parts)
        self.result.classList.toggle("stale", stale)
        if stale:
            state = "Updating" if self.running else "Earlier result: press Run for the new one"
        elif partial:
            state = f"{self.n_parts} of {len(self.parts)} parts are done"
        else:
            state = ""
        text(self.state, state)
        show(self.resume, partial and not stale and not self.running)
        self._mark_waiting()
        self._mark_parts()

    def _mark_waiting(self):
        """Show what the first result is waiting for, or why there is none."""
        running = self.running is not None and not self.parts
        show(self.waiting, self.result.hidden and (running or bool(self.problem.textContent)))

    def _mark_parts(self):
        """Show in the list of parts which are done, and which is under way."""
        if not self.parts:
            return
        here = self.running is None or self.running.params == self.params
        done = self.n_parts if here and self.params is not None else 0
        show(self.part_box, self.running is not None or self.params is not None)
        text(self.part_note, "" if self.running or done < len(self.parts) else "All parts are done.")
        for position in range(len(self.parts)):
            line = self.part_list.children[position]
            under_way = self.running is not None and position == self.running.part
            state = "done" if position < done else "running" if under_way else "waiting"
            line.setAttribute("class", state)
            line.setAttribute("aria-label", f"{self.parts[position]}: {_STATES[state]}")

    # --- showing ---

    async def _show(self, report):
        self.report = report
        show(self.result)
        self._mark_waiting()
        self._show_facts(report)
        self._mark_added()
        views = [(self._widget(view), view) for view in report["views"]]
        matrices = [(widget, view) for widget, view in views if view["kind"] == "matrix"]
        shown = [widget for widget, view in views]
        if any(view["detail"] for widget, view in matrices):
            shown.insert(_after_matrices(report["views"]), self._detail())
        self._arrange(shown)
        self._draw_index(report["views"])
        new = [(widget, view) for widget, view in views if not self._is_shown(view)]
        for widget, view in new:
            if view["kind"] in ("table", "points", "grid"):
                widget.update(view, self._named(view))
        params = self.params
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
                widget.update(view, self._named(view))

    def _is_shown(self, view):
        """Whether a view of an earlier part is on screen as it is: then nothing of it is touched."""
        key, what = (view["kind"], view["name"]), (self.params, view)
        if self.parts and self.shown.get(key) == what:
            return True
        self.shown[key] = what
        return False

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
        if self.said:
            self.said.measure()
        self._show_verdict(report)

    def _show_verdict(self, report):
        """Show the sentences of the verdict, each with a link to its view, or keep their place until they come."""
        coming = self.n_parts < len(self.parts)
        views = {view["name"]: view for view in report["views"]}
        lines = [
            h("li", self._with_names(finding["text"]), " ", self._link(views[finding["of"]]))
            for finding in report["verdict"]
        ]
        clear(self.findings, lines)
        note = "More may follow with the other parts." if lines else "It follows when all parts are done."
        text(self.verdict_note, note if coming else "")
        show(self.verdict, coming or bool(lines))
        # Once it is whole it is shown whole, unless that would move what is being read further down.
        self.verdict_fold.hold(coming or (bool(self.parts) and not _may_grow()))

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
                widget = MatrixViewer(
                    self.app,
                    identity,
                    view["title"],
                    self.select,
                    only_marked=bool(view["marked"]),
                    on_shape=self._shaper(view["name"]),
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
        elements = [widget.element for widget in widgets]
        present = [self.views_place.children[position] for position in range(self.views_place.children.length)]
        # Moving an element takes the focus off it.
        if len(present) > len(elements) or any(not old.isSameNode(new) for old, new in zip(present, elements)):
            clear(self.views_place, elements)
        else:
            add(self.views_place, elements[len(present) :])

    def _draw_index(self, views):
        """A list of the views, at hand while one scrolls; as links their titles would be cut short."""
        clear(self.index, self._chooser_of(views) if len(views) >= FEW_VIEWS or self.parts else None)

    def _link(self, view):
        go = self._pointer_to(view)
        return h("button", view["title"], type="button", cls="link", on={"click": lambda event: go()})

    def _chooser_of(self, views):
        """It goes to the view that is chosen and then is ready for another."""
        ways = [self._pointer_to(view) for view in views]
        titles = [h("option", view["title"], value=position) for position, view in enumerate(views)]
        box = h("select", h("option", f"one of {len(views)} views", value=""), titles, value="")

        def go(event):
            position, box.value = int(str(box.value)), ""
            ways[position]()

        listen(box, "change", go)
        return h("label", "Go to", box, cls="inline")

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
        self._tell()

    async def _choose_edge(self, report):
        """Begin with the strongest edge where one is shown in detail; keep to one that was chosen."""
        if not self.edge_chosen and "detail" in self.views:
            self.edge = await self._strongest(report)
        if self.edge is not None:
            self._take_edge(self.edge)

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
            self.fetch_detail()

    def _mark(self, edge):
        for widget in self.views.values():
            if hasattr(widget, "mark"):
                widget.mark(edge)

    async def _fetch_detail(self):
        if self.params is None or self.edge is None:
            return  # another cohort was opened meanwhile
        groups = [[group["name"], group["expression"], group["colour"]] for group in self.app.groups]
        wanted = {"analysis": self.name, "params": self.params, "edge": self.edge, "groups": groups}
        answer = await self.app.client.call("detail", wanted)
        self._detail().update(answer.json, wanted)

    # --- what it makes ---

    def _add_measure(self, event):
        return self.app.add_measure(self.name, self.params)

    def _mark_added(self):
        """Say whether the measure that the result makes is in the cohort."""
        added = [] if self.app.cohort is None else self.app.cohort["added"]
        names = [one["measure"] for one in added if one["analysis"] == self.name and one["params"] == self.params]
        text(self.add_button, f"Added: {names[0]}" if names else "Add as a measure")
        self.add_button.disabled = bool(names)
        self.add_button.title = (
            "Choose it under Measure in any analysis" if names else "Offer the harmonised connectivity to all analyses"
        )

    def _script(self, event):
        return downloads.show_script(self.app, self.name, self.params)

    async def _save_report(self, event):
        """Save what is on screen as one file to keep: of an analysis in parts those that are done."""
        groups = [[group["name"], group["expression"], group["colour"]] for group in self.app.groups]
        wanted = {"analysis": self.name, "params": self.params, "groups": groups}
        if self.parts:
            wanted["part"] = self.n_parts - 1
        answer = await self.app.work("Writing the report", "html", wanted)
        downloads.save(answer.buffers["file"]["data"], answer.json["filename"], answer.json["mime"])
        self.app.status(f"Saved {answer.json['filename']}")


#: What the marks in the list of parts say.
_STATES = {"done": "done", "running": "under way", "waiting": "not yet"}


def _may_grow():
    """Whether what stands first can grow: nobody has scrolled past it, or the browser keeps their place."""
    return find("main").scrollTop < 1 or CSS.supports("overflow-anchor", "auto")


def _after_matrices(views):
    """Where the clicked edge is shown: behind the maps that stand together first."""
    first = [view["kind"] == "matrix" for view in views].index(True)
    behind = [position for position in range(first, len(views)) if views[position]["kind"] != "matrix"]
    return behind[0] if behind else len(views)


class FigureImage:
    """A chart drawn by Matplotlib, as an image in the page's theme; drawn only once somebody comes near it."""

    def __init__(self, app):
        self.app = app
        self.wanted = None
        self.near = False
        self.outdated = False
        self.address = None
        self.draw = Latest(app, self._draw)
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
        around = to_js({"root": find("main"), "rootMargin": f"{NEAR}px"})
        self.observer = IntersectionObserver.new(guarded(self._crossed), around)
        self.observer.observe(self.element)

    def update(self, view, arguments):
        """Show a figure view; ``arguments`` are those of the `figure` call."""
        text(self.heading, view["title"])
        self.alt = view["alt"]
        self.wanted = arguments
        self.redraw()

    def redraw(self):
        """Draw it anew, now or when it comes near."""
        self.outdated = not self.near
        if self.near:
            self.draw()

    def _crossed(self, entries, observer):
        self.near = entries[entries.length - 1].isIntersecting
        if self.near and self.outdated:
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
