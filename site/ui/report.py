"""Report: the analyses of one tab, and which of them is shown."""

from analysis_panel import AnalysisPanel
from dom import clear, h, show
from logic.language import say
from logic.needs import lacking


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
        menu = h("div", buttons, cls="pills", role="group", aria_label=say("Analysis"))
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
