"""The saved state of the page, in its address: see `logic.address` for what that holds."""

import js
from dom import listen
from jsffi import JsException
from logic.address import Steps, read, spec_of, view_of, written
from logic.latest import Latest
from logic.recipe import for_address

#: What the user does that may change what is on screen; whatever follows belongs to it and takes no step of its own.
_ACTIONS = ("click", "change", "pointerdown", "drop")


class SavedState:
    """What is on screen, as the address keeps it.

    Attributes
    ----------
    history : History
        The way through the states.
    """

    def __init__(self, app):
        self.app = app
        self._views = {}  # tab -> what it shows
        self._restoring = Latest(app, self._restore)
        self.history = History(self._restoring)

    # --- what tabs show ---

    def set_view(self, view):
        """Remember what a tab shows; None takes something back."""
        tab = self._tab_of(view)
        known = dict(self._views.get(tab, {}))
        known.update(view)
        self._views[tab] = {name: known[name] for name in known if known[name] is not None}
        self.record()

    def prepare(self, view):
        """Let the tab of an analysis show it next; returns the tab."""
        tab = self._tab_of(view)
        self._views[tab] = dict(view)
        return tab

    def views(self):
        """What all tabs show."""
        return {tab: dict(self._views[tab]) for tab in self._views}

    def take_views(self, views):
        """Another cohort is open: let each tab show this, and nothing that was shown of the one before."""
        self._views = {tab: dict(views[tab]) for tab in views}

    def view(self, tab):
        """What a tab shows."""
        return dict(self._views.get(tab, {}))

    def _tab_of(self, view):
        """The tab that a view belongs to; a tab that is not on screen may have one too."""
        for entry in self.app.catalog:
            if entry["name"] == view.get("analysis"):
                return entry["tab"]
        return self.app.tab

    # --- to the address, and back ---

    def record(self):
        """Write the state of now into the address."""
        app, cohort = self.app, self.app.cohort
        if cohort is None or app.tab is None:
            return
        spec = spec_of(
            app.tab,
            self.view(app.tab),
            demo=app.opener.demo(),
            groups=app.groups_panel.saved(),
            second=app.second.demo,
            atlas=cohort["atlas"],
            recipe=for_address(cohort["recipe"]),
            columns=app.opener.saved_columns(),
            measures=[{"analysis": one["analysis"], "params": one["params"]} for one in cohort["added"]],
            tray=app.tray.saved(),
            tour=app.tour.step,
            folder=app.opener.folder(),
        )
        self.history.record(spec)
        if not self.history.moving:
            app.session.note(dict(spec, columns=cohort["columns"]))

    def take_over(self, spec):
        """Show the tab of a state, as it was."""
        app = self.app
        app.tour.restore(spec.get("tour"))
        tab = spec.get("tab")
        tab = tab if tab in app.tab_bar.names else app.tab_bar.names[0]
        self._views[tab] = view_of(spec)
        app.show_tab(tab)

    async def _restore(self, spec):
        """Go to the state of an address, unless another is wanted by then."""
        try:
            is_open = await self._restore_cohort(spec)
        finally:
            if not self._restoring.outdated:
                self.history.arrive()
        if is_open and not self._restoring.outdated:
            self.take_over(spec)

    async def _restore_cohort(self, spec):
        """Restore what a state has beside its tab; returns whether its cohort is open."""
        app = self.app
        if app.cohort is None or ("demo" in spec and spec["demo"] != app.opener.demo()):
            if "demo" in spec:
                app.opener.open_demo(spec["demo"], restore=True)
            return False
        if spec.get("second") != app.second.demo:
            app.take_cohort(await app.second.restore(spec.get("second"), app.cohort))
            app.emit("cohort")
        await self.restore_cohort_of(dict(spec, columns=app.opener.wanted_columns(spec)))
        before = app.cohort
        app.cohort = await app.opener.with_measures(before, spec.get("measures", []))
        if app.cohort is not before:
            app.emit("measures")
        return True

    async def restore_cohort_of(self, spec):
        """Restore what the user has said of the cohort and the tray: groups, columns, parcels, saved maps."""
        app, columns = self.app, spec["columns"]
        await app.groups_panel.restore(spec.get("groups") or [])
        if columns != app.cohort["columns"]:
            await app.take_columns(await app.opener.with_columns(app.cohort, columns))
        if spec.get("atlas") != app.cohort["atlas"]:
            await app.set_parcellation(spec.get("atlas"))
        app.tray.restore(spec.get("tray") or [])


class History(Steps):
    """The way through the states: ``moved(spec)`` is called when the user goes back or forward."""

    def __init__(self, moved):
        super().__init__(_state_of_address())
        self._moved = moved
        for action in _ACTIONS:
            listen(js.document, action, lambda event: self.note_action(), capture=True)
        listen(js.document, "keydown", self._note_key, capture=True)
        listen(js.window, "popstate", self._pop)

    def record(self, spec):
        """Take over the state of now: one step for each action of the user, however many changes follow from it."""
        way = self.step_to(spec)
        if way == "push":
            js.history.pushState(None, "", written(spec, js.encodeURI))
        elif way == "replace":
            js.history.replaceState(None, "", written(spec, js.encodeURI))

    def _note_key(self, event):
        if event.key in ("Enter", " "):
            self.note_action()

    def _pop(self, event):
        self.move_to(_state_of_address())
        self._moved(self.spec)


def _state_of_address():
    return read(js.location.hash[1:], _decoded)


def _decoded(fragment):
    try:
        return js.decodeURIComponent(fragment)
    except JsException as error:
        raise ValueError(f"not an address: {error}")
