"""The page: its parts, what they share, and the way from a click to the engine and back."""

import io
import sys

import js
from address import SavedState
from alerts import alert, paragraphs
from client import Client
from disclosure import Disclosure
from dom import clear, find, hide, later, listen, on_failure, show, start, text
from faults import Faults
from gallery import ConnectivityTab
from groups_panel import GroupsPanel
from header_menu import HeaderMenu
from logic.language import described, known, plural, say
from logic.needs import lacking
from logic.protocol import Bug, Cancelled, Lost, Refused
from offline_copy import OfflineCopy
from opening import Opener
from overview import OverviewTab
from privacy import PrivacyPanel
from questions import QuestionForm
from report import AnalysisTab
from second import SecondCohort
from sessions import Session
from shortcuts import Shortcuts
from start import ProgressLine, StartScreen
from tab_bar import TabBar
from theme import Theme
from tour import Tour
from tray import Tray
from understood import UnderstoodScreen


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
    tab : str or None
        The tab that is shown.
    tab_bar : TabBar
        The overview, and the tabs of the analyses in their order.
    groups : list of dict
        ``{name, expression, colour, n, n_unknown}`` of the groups that fit the cohort.
    opener : Opener
        Opens cohorts, and knows which one is open.
    ready : bool
        Whether there is an engine that answers.
    theme : str
        "light" or "dark", as it is on screen.
    tray : Tray
        The saved maps.
    state : SavedState
        What the address keeps.
    forms, notes : Disclosure
        The forms beside results and the notes above them, which fold.
    second : SecondCohort
        A cohort beside the open one, to test on.
    session : Session
        What is saved of what the user does, and undone.
    questions, understood : QuestionForm, UnderstoodScreen
        Ask what files do not say, and tell what those of the open cohort were taken for.
    """

    def __init__(self):
        self.cohort = None
        self.catalog = []
        self.tab_bar = TabBar(self.show_tab)
        self.groups = []
        self.tab = None
        self._listeners = {"another": [], "cohort": [], "groups": [], "theme": [], "tray": [], "measures": []}
        self._tabs = {}
        self.opener = Opener(self)
        self.ready = False
        on_failure(self.failed)
        self.state = SavedState(self)
        self._fade_status = later(4000, lambda: find("status").classList.add("faded"))
        self._work = ProgressLine("work")
        self.start_screen = StartScreen(self)
        self.forms, self.notes = Disclosure("forms-folded"), Disclosure("notes-folded", folded=True)
        self.tray = Tray(self)
        self.second = SecondCohort(self)
        self.questions = QuestionForm(self)
        self.understood = UnderstoodScreen(self)
        self.tour = Tour(self)
        self.groups_panel = GroupsPanel(self)
        self.session = Session(self)
        self._connect()
        self._theme = Theme(lambda: self.emit("theme"))
        self.client = Client()
        self.faults = Faults(self)
        self.client.on_loading = self._load
        self.client.on_boot = self._boot
        self.client.on_ready = lambda version: start(self._be_ready(version))
        self.client.on_crash = self._crashed
        self.client.on_failure = self._lose_engine
        self.offline = OfflineCopy(self.session.let_go)
        self.privacy = PrivacyPanel(self.client, self.offline)
        start(self.offline.watch())
        if not self.start_screen.open_what_was_chosen() and "demo" in self.state.history.spec:
            self.opener.open_demo(self.state.history.spec["demo"], restore=True)
        self.client.start()

    # --- what the parts of the page use ---

    def on(self, event, handler):
        """Call ``handler()`` when "cohort", "groups", "theme", "tray" or "measures" change, or for "another" cohort."""
        self._listeners[event].append(handler)

    def emit(self, event):
        """Call the listeners; returns what they say that the user should know, a sentence each."""
        said = [handler() for handler in self._listeners[event]]
        return [sentence for sentence in said if sentence]

    @property
    def theme(self):
        return self._theme.name

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
        if self.ready:
            self.start_screen.progress.rest(say("Ready"))
        elif self.faults.broken:
            self.start_screen.progress.rest(say("The engine did not start"))

    def line(self):
        """The progress line that is on screen."""
        return self._work if self.start_screen.element.hidden else self.start_screen.progress

    def error(self, message, title=None):
        """Show what the user can correct, until it is dismissed."""
        self.alert(title or say("That cannot be done"), *paragraphs(message))

    def failed(self, error):
        """Show whatever a handler or a task raised."""
        if isinstance(error, Refused):
            self.error(error.message)
        elif isinstance(error, Cancelled):
            self.status(say("Cancelled"))
        elif isinstance(error, Bug):
            self.faults.tell_bug(error.message, error.traceback)
        elif not isinstance(error, Lost):  # which has been reported already
            trace = io.StringIO()
            sys.print_exception(error, trace)
            # Where it was, and not the last line, which may quote the data.
            places = [line for line in trace.getvalue().split("\n") if line.startswith("  File")]
            self.faults.tell_bug(f"{type(error).__name__}: {error}", "\n".join(places))

    def set_view(self, **view):
        """Remember what a tab shows, in the address too; None takes something back."""
        self.state.set_view(view)

    def record(self):
        """Write the state into the address."""
        self.state.record()

    def show_analysis(self, name, params):
        """Go to an analysis."""
        self.show_tab(self.state.prepare({"analysis": name, "params": params}))

    def show_result(self, view):
        """Go to a result as it was kept."""
        self.show_tab(self.state.prepare({name: view[name] for name in view if name not in ("name", "note")}))

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
            self.busy(say("Cancelling"))
            self.client.cancel(number)

        cancelling = [False]
        number, outcome = self.client.begin(call, arguments, files, progress)
        progress(title, 0, 0)
        try:
            return await outcome
        finally:
            self.busy(None)

    # --- the open cohort ---

    async def show_cohort(self, cohort, spec, again, views):
        """Show a cohort that has just been opened, in a state; ``again`` if it was open before, ``views`` by tab."""
        if not again:
            self.state.take_views(views)
            self.session.forget()
            self.emit("another")
        self.take_cohort(cohort)
        await self.groups_panel.restore(spec["groups"] if "groups" in spec else self.groups_panel.saved())
        self.tray.restore(spec.get("tray", []))
        self.emit("cohort")
        was_here = find("workspace").contains(js.document.activeElement)
        self.show_workspace()
        self.state.take_over(spec)
        self.session.opened()
        if not was_here:
            self.tab_bar.focus(self.tab)
        n_subjects = plural(self.cohort["n_subjects"], "subject")
        self.status(say("{name} is open: {subjects}", name=self.cohort["name"], subjects=n_subjects))

    async def add_measure(self, analysis, params):
        """Add the measure that a result makes to the open cohort; whatever is on screen stays."""
        arguments = {"analysis": analysis, "params": params}
        self.cohort = (await self.work(say("Making the measure"), "add_measure", arguments)).json
        self.emit("measures")
        self.record()
        measure = self.cohort["added"][-1]["measure"]
        self.status(say("{measure} can be chosen under Measure in every analysis", measure=measure))

    async def correct_columns(self, columns, name):
        """Take the columns of the open cohort for what the user says of them; what was computed is recomputed."""
        made = len(self.cohort["added"])
        cohort = (await self.work(say("Correcting columns"), "correct_columns", {"columns": columns})).json
        await self.take_columns(cohort)
        lost = made - len(cohort["added"])
        missing = plural(lost, "measure")
        dropped = say("; {measures} could not be made again, see the import log", measures=missing) if lost else ""
        self.status(say("{name} was corrected; earlier results were dropped{dropped}", name=name, dropped=dropped))

    async def take_columns(self, cohort):
        """Take over the overview of the open cohort with other columns."""
        self.opener.keep_columns(cohort["columns"])
        self.take_cohort(cohort)
        await self.groups_panel.restore(self.groups_panel.saved())
        self.emit("cohort")

    async def set_parcellation(self, atlas):
        """Take the parcels of the open cohort for those of another atlas; what was computed is recomputed."""
        self.cohort = await self.opener.with_parcels(self.cohort, atlas)
        self.emit("cohort")

    def take_cohort(self, cohort):
        """Take over the overview of a cohort, whatever is on screen."""
        self.cohort = cohort
        self._show_header()

    def take_second(self, cohort):
        """Take over the overview with or without a second cohort; what was computed is recomputed."""
        self.take_cohort(cohort)
        self.emit("cohort")
        self.redraw_overview()
        self.record()

    def redraw_overview(self):
        if self.tab == "Overview":
            self._tabs[self.tab].show({})

    def show_workspace(self):
        """Show the open cohort."""
        self.start_screen.hide()
        show(find("workspace"))

    def _go_back(self):
        self.show_workspace()
        find("open-another").focus()

    def show_start(self):
        hide(find("workspace"))
        self.start_screen.show()
        find("choose-folder").focus()

    # --- the engine's life ---

    def _load(self, done, total):
        if not self.ready:
            self.line().say(say("Loading the engine"), done, total, in_bytes=True)

    def _boot(self, step, done, total):
        if not self.ready:
            self.line().say(step, done, total)

    async def _be_ready(self, version):
        if not self.catalog:
            self.catalog = described((await self.client.call("catalog")).json)
            self._build_tabs()
        self.ready = True
        self.busy(None)
        start(self.offline.keep())
        waiting = self.opener.take_waiting()
        if waiting is not None:
            await self.opener.open(*waiting)
        elif self.cohort is None:
            self.status(say("The engine is ready"))

    def restart(self):
        """Stop the engine, if there is one, and start another, with the same cohort in the same state."""
        self.ready = False
        self.client.restart()
        self.status(say("The engine starts again"))
        self.opener.reopen()

    def _crashed(self, crash):
        self.ready = False
        self.faults.tell_crash(crash, self.opener.ask_again())
        self.status(say("The engine starts again"))
        self.opener.reopen()

    def _lose_engine(self, crash):
        self.ready = False
        self.opener.lose_engine()
        self.faults.tell_no_engine(crash)

    # --- tabs and the saved state ---

    def show_tab(self, name):
        """Go to a tab, as it was left."""
        self.leave_tab()
        self.tab = name
        if name not in self._tabs:
            self._tabs[name] = self._make_tab(name)
        self.tab_bar.select(name)
        js.document.title = f"{known(name)} – {self.cohort['name']} – ImageNomer"
        clear(find("content"), self._tabs[name].element)
        find("main").scrollTop = 0
        self.record()
        self._tabs[name].show(self.state.view(name))

    def leave_tab(self):
        """Show no tab for the moment."""
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

    # --- the frame ---

    def _connect(self):
        listen(find("back"), "click", lambda event: self._go_back())
        listen(find("open-another"), "click", lambda event: self.show_start())
        HeaderMenu()
        Shortcuts(self)

    def _build_tabs(self):
        names = ["Overview"]
        for entry in self.catalog:
            if entry["tab"] not in names:
                names.append(entry["tab"])
        self.tab_bar.build(names)

    def _show_header(self):
        cohort = self.cohort
        text(find("cohort-name"), cohort["name"])
        show(find("cohort-synthetic"), cohort["synthetic"])
        counts = [plural(cohort["n_subjects"], "subject"), plural(cohort["n_scans_used"], "scan")]
        text(find("cohort-counts"), " · ".join(counts))
        self.second.show_counts(cohort)
        for name in self.tab_bar.names[1:]:
            usable = any(lacking(cohort, entry) is None for entry in self.catalog if entry["tab"] == name)
            self.tab_bar.mark(name, usable)

    def alert(self, title, *more):
        """Show something that stays until it is dismissed; returns the box."""
        return alert(title, *more)


App()
