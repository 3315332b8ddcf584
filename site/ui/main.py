"""The page: its parts, what they share, and the way from a click to the engine and back."""

import io
import sys

import downloads
import js
from address import History
from client import Client
from dom import add, clear, find, h, hide, later, listen, on_failure, show, start, text
from faults import Faults
from gallery import ConnectivityTab
from groups_panel import GroupsPanel
from jsffi import JsException
from logic.address import spec_of, view_of
from logic.opening import Openings, opening_of_demo, opening_of_files
from logic.protocol import Bug, Cancelled, Lost, Refused
from logic.words import plural
from offline_copy import OfflineCopy
from overview import OverviewTab
from privacy import PrivacyPanel
from report import AnalysisTab, lacking
from second import SecondCohort
from start import ProgressLine, StartScreen
from tour import Tour
from tray import Tray


class App:
    """What the parts of the page share.

    Attributes
    ----------
    client : Client
        The engine.
    cohort : dict or None
        The overview of the open cohort.
    catalog : list of dict
        The analyses.
    tabs : list of str
        The overview, and the tabs of the analyses in their order.
    groups : list of dict
        ``{name, expression, colour, n, n_unknown}`` of the groups that fit the cohort.
    theme : str
        "light" or "dark", as it is on screen.
    tray : Tray
        The saved maps.
    second : SecondCohort
        A cohort beside the open one, to test on.
    """

    def __init__(self):
        self.cohort = None
        self.catalog = []
        self.tabs = []
        self.groups = []
        self.tab = None
        self._listeners = {"cohort": [], "groups": [], "theme": [], "tray": [], "measures": []}
        self._views = {}  # tab -> what it shows
        self._tabs = {}
        self.openings = Openings()
        self._n_working = 0  # calls of `work` under way
        self._ready = False
        on_failure(self.failed)
        self.history = History(lambda spec: start(self._restore(spec)))
        self._fade_status = later(4000, lambda: find("status").classList.add("faded"))
        self._work = ProgressLine("work")
        self.start_screen = StartScreen(self)
        self.tray = Tray(self)
        self.second = SecondCohort(self)
        self.tour = Tour(self)
        self.groups_panel = GroupsPanel(self)
        self._connect()
        self._connect_theme()
        self.client = Client()
        self.faults = Faults(self)
        self.client.on_boot = self._boot
        self.client.on_ready = lambda version: start(self._be_ready(version))
        self.client.on_crash = self._crashed
        self.client.on_failure = self._lose_engine
        self.offline = OfflineCopy()
        self.privacy = PrivacyPanel(self.client, self.offline)
        start(self.offline.watch())
        if not self.start_screen.open_what_was_chosen() and "demo" in self.history.spec:
            self.open_demo(self.history.spec["demo"], restore=True)
        self.client.start()

    # --- what the parts of the page use ---

    def on(self, event, handler):
        """Call ``handler()`` whenever the "cohort", the "groups", the "theme" or the "tray" has changed.

        "measures": the open cohort has one more.
        """
        self._listeners[event].append(handler)

    def emit(self, event):
        """Call the listeners; returns what they say that the user should know, a sentence each."""
        said = [handler() for handler in self._listeners[event]]
        return [sentence for sentence in said if sentence]

    def run(self, coroutine):
        """Run a coroutine beside everything else; what it raises is shown."""
        return start(coroutine)

    def status(self, message):
        """Say something in passing; screen readers read it out."""
        text(find("status"), message)
        find("status").classList.remove("faded")
        self._fade_status()

    def busy(self, step, done=0, total=0, cancel=None):
        """Show work in progress; ``step`` None ends it, ``cancel`` is a function or None."""
        if step is not None:
            self.line().say(step, done, total, cancel)
            return
        hide(self._work.element)
        if self._ready:
            self.start_screen.progress.rest("Ready")
        elif self.faults.broken:
            self.start_screen.progress.rest("The engine did not start")

    def is_working(self):
        """Whether a progress line is wanted."""
        return self._n_working > 0 or not self._ready

    def line(self):
        """The progress line that is on screen."""
        return self._work if self.start_screen.element.hidden else self.start_screen.progress

    def error(self, message, title="That cannot be done"):
        """Show what the user can correct, until it is dismissed."""
        self.alert(title, h("p", message))

    def failed(self, error):
        """Show whatever a handler or a task raised."""
        if isinstance(error, Refused):
            self.error(error.message)
        elif isinstance(error, Cancelled):
            self.status("Cancelled")
        elif isinstance(error, Bug):
            self.faults.tell_bug(error.message, error.traceback)
        elif not isinstance(error, Lost):  # of which the user has been told
            trace = io.StringIO()
            sys.print_exception(error, trace)
            # Where it was, and not the last line, which may quote the data.
            places = [line for line in trace.getvalue().split("\n") if line.startswith("  File")]
            self.faults.tell_bug(f"{type(error).__name__}: {error}", "\n".join(places))

    def set_view(self, **view):
        """Remember what a tab shows, in the address too; None takes something back."""
        tab = self._tab_of(view)
        known = dict(self._views.get(tab, {}))
        known.update(view)
        self._views[tab] = {name: known[name] for name in known if known[name] is not None}
        self.record()

    def show_analysis(self, name, params):
        """Go to an analysis."""
        tab = self._tab_of({"analysis": name})
        self._views[tab] = {"analysis": name, "params": params}
        self.show_tab(tab)

    # --- long work ---

    async def work(self, title, call, arguments, files=None):
        """Ask the engine for something that takes a while: with progress, and a button to cancel it.

        Raises
        ------
        Refused, Cancelled, Bug, Lost
        """

        def progress(step, done, total):
            if not cancelling[0]:
                self.busy(step or title, done, total, cancel)

        def cancel():
            cancelling[0] = True
            self.busy("Cancelling")
            self.client.cancel(number)

        cancelling = [False]
        number, outcome = self.client.begin(call, arguments, files, progress)
        progress(title, 0, 0)
        self._n_working += 1
        try:
            return await outcome
        finally:
            self._n_working -= 1
            self.busy(None)

    # --- opening a cohort ---

    def open_demo(self, name, restore=False):
        """Open a teaching cohort, in the state of the address if ``restore``."""
        self._ask_for(opening_of_demo(name), restore)

    def open_files(self, paths, files):
        """Open what the user chose or dropped."""
        # A link or a reload brings back the view once the files are there again.
        restore = self.cohort is None
        self._ask_for(opening_of_files(paths, files), restore)

    def _ask_for(self, wanted, restore):
        if not self.faults.broken:
            clear(find("alerts"))
        if self._ready:
            start(self._open(wanted, restore))
        else:
            self.openings.wait(wanted, restore)
            when = "runs again" if self.faults.broken else "is ready"
            self.status(f"Opening {wanted.title} as soon as the engine {when}")

    async def _open(self, wanted, restore):
        again = self.openings.begin(wanted, restore)
        try:
            answer = await self.work(f"Opening {wanted.title}", wanted.call, wanted.arguments, wanted.files)
        except Refused as refused:
            self.error(refused.message, f"Could not open {wanted.title}")
            return
        except Cancelled:
            self.status("Cancelled" + (f"; {self.cohort['name']} is still open" if self.cohort else ""))
            return
        finally:
            self.openings.end()
        self.openings.opened = wanted
        self._leave_tab()
        spec = dict(self.history.spec) if restore else {}
        cohort = await self._with_parcels(answer.json, spec.get("atlas"))
        cohort = await self._with_measures(cohort, spec.get("measures"))
        if again:
            cohort = await self.second.again(cohort)
        else:
            self._views = {}
            self.second.forget()
            cohort = await self.second.restore(spec.get("second"), cohort)
        self.cohort = cohort
        self._show_header()
        await self.groups_panel.restore(spec["groups"] if "groups" in spec else self.groups_panel.saved())
        self.tray.restore(spec.get("tray", []))
        self.emit("cohort")
        was_here = find("workspace").contains(js.document.activeElement)
        self.show_workspace()
        self._take_over(spec)
        if not was_here:
            find(f"tab-{self.tab}").focus()
        self.status(f"{self.cohort['name']} is open: {plural(self.cohort['n_subjects'], 'subject')}")

    async def _with_parcels(self, cohort, atlas):
        """Take the parcels for those of an atlas (None: what the files say), if it fits: an address may name any."""
        if atlas == cohort["atlas"] or atlas not in [choice["name"] for choice in cohort["parcellation_choices"]]:
            return cohort
        return (await self.client.call("set_parcellation", {"name": atlas})).json

    async def _with_measures(self, cohort, wanted):
        """Make the measures that a saved state has and the cohort lacks; what cannot be made is told and left."""
        there = [(one["analysis"], one["params"]) for one in cohort["added"]]
        for one in wanted if isinstance(wanted, list) else []:
            making = (one.get("analysis"), one.get("params")) if isinstance(one, dict) else None
            if making is None or making in there:
                continue
            try:
                arguments = {"analysis": making[0], "params": making[1]}
                cohort = (await self.work("Making a measure", "add_measure", arguments)).json
            except Refused as refused:
                self.error(refused.message, "A measure of before could not be made")
            except Cancelled:
                break
        return cohort

    async def add_measure(self, analysis, params):
        """Add the measure that a result makes to the open cohort; whatever is on screen stays."""
        arguments = {"analysis": analysis, "params": params}
        self.cohort = (await self.work("Making the measure", "add_measure", arguments)).json
        self.emit("measures")
        self.record()
        self.status(f"{self.cohort['added'][-1]['measure']} can be chosen under Measure in every analysis")

    async def set_parcellation(self, atlas):
        """Take the parcels of the open cohort for those of another atlas; what was computed is computed anew."""
        self.cohort = await self._with_parcels(self.cohort, atlas)
        self.emit("cohort")

    def take_second(self, cohort):
        """Take over the overview with or without a second cohort; what was computed is computed anew."""
        self.cohort = cohort
        self._show_header()
        self.emit("cohort")
        if self.tab == "Overview":
            self._tabs[self.tab].show({})
        self.record()

    def show_workspace(self):
        """Show the open cohort."""
        self.start_screen.hide()
        show(find("workspace"))

    def _go_back(self):
        self.show_workspace()
        find("open-another").focus()

    def _show_start(self):
        hide(find("workspace"))
        self.start_screen.show()
        find("choose-folder").focus()

    async def _save_bundle(self):
        answer = await self.work("Saving the bundle", "save_bundle", {})
        downloads.save(answer.buffers["file"]["data"], answer.json["filename"], answer.json["mime"])
        self.status(f"Saved {answer.json['filename']}")

    # --- the engine's life ---

    def _boot(self, step, done, total):
        if not self._ready:
            loading = step == "Loading"
            self.line().say("Loading the engine" if loading else step, done, total, in_bytes=loading)

    async def _be_ready(self, version):
        if not self.catalog:
            self.catalog = (await self.client.call("catalog")).json
            self._build_tabs()
        self._ready = True
        self.busy(None)
        start(self.offline.keep())
        waiting = self.openings.take_waiting()
        if waiting is not None:
            await self._open(*waiting)
        elif self.cohort is None:
            self.status("The engine is ready")

    def restart(self):
        """Stop the engine, if there is one, and start another, with the same cohort in the same state."""
        self._ready = False
        self.client.restart()
        self.status("The engine starts again")
        self._reopen()

    def _crashed(self, crash):
        self._ready = False
        self.faults.tell_crash(crash, self._opener())
        self.status("The engine starts again")
        self._reopen()

    def _lose_engine(self, crash):
        self._ready = False
        self.openings.lose_engine()
        self.faults.tell_no_engine(crash)

    def _opener(self):
        """A function that opens once more what is being opened, or None."""
        under_way = self.openings.under_way
        return None if under_way is None else lambda: self._ask_for(*under_way)

    def _reopen(self):
        """Open the same cohort in the new engine, in the same state."""
        if self.openings.opened is not None:
            # Now, not once it is ready: whatever is asked for meanwhile is about this cohort and has to wait.
            start(self._open(self.openings.opened, True))

    def pending_title(self):
        """What waits for the engine to be opened, or None."""
        return None if self.openings.waiting is None else self.openings.waiting[0].title

    def where(self):
        """The open cohort as a terminal would be told, or None."""
        return None if self.openings.opened is None else self.openings.opened.where()

    def _demo(self):
        """The name of the open cohort in an address, if it is a teaching cohort."""
        return None if self.openings.opened is None else self.openings.opened.demo

    # --- tabs and the saved state ---

    def show_tab(self, name):
        """Go to a tab, as it was left."""
        self._leave_tab()
        self.tab = name
        if name not in self._tabs:
            self._tabs[name] = self._make_tab(name)
        for other in self.tabs:
            button = find(f"tab-{other}")
            button.setAttribute("aria-selected", "true" if other == name else "false")
            button.tabIndex = 0 if other == name else -1
        find("content").setAttribute("aria-labelledby", f"tab-{name}")
        js.document.title = f"{name} – {self.cohort['name']} – ImageNomer"
        clear(find("content"), self._tabs[name].element)
        find("main").scrollTop = 0
        self.record()
        self._tabs[name].show(dict(self._views.get(name, {})))

    def _leave_tab(self):
        if self.tab is not None:
            self._tabs[self.tab].hide()
            self.tab = None

    def _make_tab(self, name):
        if name == "Overview":
            return OverviewTab(self)
        if name == "Connectivity":
            return ConnectivityTab(self)
        tab = AnalysisTab(self, name)
        if name == "Maps":
            tab.element.prepend(self.tray.element)
        return tab

    def _tab_of(self, view):
        """The tab that a view belongs to; a tab that is not on screen may tell of itself too."""
        for entry in self.catalog:
            if entry["name"] == view.get("analysis"):
                return entry["tab"]
        return self.tab

    def record(self):
        """Write the state into the address."""
        if self.cohort is None or self.tab is None:
            return
        cohort = self.cohort
        spec = spec_of(
            self.tab,
            self._views.get(self.tab, {}),
            demo=self._demo(),
            groups=self.groups_panel.saved(),
            second=self.second.demo,
            atlas=cohort["atlas"],
            measures=[{"analysis": one["analysis"], "params": one["params"]} for one in cohort["added"]],
            tray=self.tray.saved(),
            tour=self.tour.step,
        )
        self.history.record(spec)

    async def _restore(self, spec):
        """Go to the state of an address."""
        if self.cohort is None or ("demo" in spec and spec["demo"] != self._demo()):
            if "demo" in spec:
                self.open_demo(spec["demo"], restore=True)
            return
        await self.groups_panel.restore(spec.get("groups", []))
        if spec.get("second") != self.second.demo:
            self.cohort = await self.second.restore(spec.get("second"), self.cohort)
            self._show_header()
            self.emit("cohort")
        if spec.get("atlas") != self.cohort["atlas"]:
            await self.set_parcellation(spec.get("atlas"))
        before = self.cohort
        self.cohort = await self._with_measures(before, spec.get("measures"))
        if self.cohort is not before:
            self.emit("measures")
        self.tray.restore(spec.get("tray", []))
        self._take_over(spec)

    def _take_over(self, spec):
        self.tour.restore(spec.get("tour"))
        tab = spec.get("tab")
        tab = tab if tab in self.tabs else self.tabs[0]
        self._views[tab] = view_of(spec)
        self.show_tab(tab)

    # --- the frame ---

    def _connect(self):
        listen(find("tabs"), "keydown", self._tab_key)
        listen(find("back"), "click", lambda event: self._go_back())
        listen(find("open-another"), "click", lambda event: self._show_start())
        listen(find("save-bundle"), "click", lambda event: self._save_bundle())
        listen(find("skip"), "click", self._skip)

    def _build_tabs(self):
        self.tabs = ["Overview"]
        for entry in self.catalog:
            if entry["tab"] not in self.tabs:
                self.tabs.append(entry["tab"])
        for name in self.tabs:
            button = h(
                "button", name, type="button", role="tab", id=f"tab-{name}", data_name=name, aria_controls="content"
            )
            listen(button, "click", self._tab_clicker(name))
            find("tabs").append(button)

    def _tab_clicker(self, name):
        return lambda event: self.show_tab(name)

    def _tab_key(self, event):
        here = self.tabs.index(self.tab)
        there = {"ArrowRight": here + 1, "ArrowLeft": here - 1, "Home": 0, "End": -1}.get(event.key)
        if there is not None:
            event.preventDefault()
            name = self.tabs[there % len(self.tabs)]
            self.show_tab(name)
            find(f"tab-{name}").focus()

    def _skip(self, event):
        event.preventDefault()  # the fragment is the state
        find("content").focus()

    def _show_header(self):
        cohort = self.cohort
        text(find("cohort-name"), cohort["name"])
        show(find("cohort-synthetic"), cohort["synthetic"] and "synthetic" not in cohort["name"])
        counts = [plural(cohort["n_subjects"], "subject"), plural(cohort["n_scans_used"], "scan")]
        text(find("cohort-counts"), " · ".join(counts))
        self.second.show_counts(cohort)
        for name in self.tabs[1:]:
            usable = any(lacking(cohort, entry) is None for entry in self.catalog if entry["tab"] == name)
            find(f"tab-{name}").classList.toggle("lacking", not usable)

    def alert(self, title, *more):
        """Show something that stays until it is dismissed; returns the box."""
        dismiss = h("button", "Dismiss", type="button")
        box = h("div", h("div", h("strong", title), *more), dismiss, cls="alert", role="alert")
        listen(dismiss, "click", lambda event: box.remove())
        alerts = find("alerts")
        add(alerts, box)
        while alerts.children.length > 4:
            alerts.children[0].remove()
        return box

    # --- the theme ---

    def _connect_theme(self):
        self._dark = js.window.matchMedia("(prefers-color-scheme: dark)")
        self._chosen_theme = stored("theme", "system")
        find("theme").value = self._chosen_theme
        self._apply_theme()
        listen(find("theme"), "change", self._choose_theme)
        listen(self._dark, "change", lambda event: self._apply_theme())

    def _choose_theme(self, event):
        self._chosen_theme = str(event.target.value)
        store("theme", self._chosen_theme)
        self._apply_theme()

    def _apply_theme(self):
        chosen = self._chosen_theme
        self.theme = chosen if chosen != "system" else "dark" if self._dark.matches else "light"
        js.document.documentElement.setAttribute("data-theme", self.theme)
        self.emit("theme")


def stored(name, default):
    """A preference of the user; pages opened from disk may have no store."""
    try:
        value = js.localStorage.getItem(f"imagenomer-{name}")
    except JsException:
        return default
    return default if value is None else str(value)


def store(name, value):
    try:
        js.localStorage.setItem(f"imagenomer-{name}", value)
    except JsException as error:
        js.console.debug(f"{name} is not kept: {error}")


App()
