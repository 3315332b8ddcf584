"""Session: saving it to a file and going on from one, undoing and redoing, and asking before the page is left."""

import downloads
import js
from dom import add, clear, find, h, hide, listen, show, text
from logic.changes import Changes
from logic.language import plural, say
from logic.protocol import Refused
from logic.session import (
    amount_of,
    answers_for_second,
    content_of,
    doubts,
    folder_of,
    opening_of,
    state_of,
    without_sessions,
)
from notebook import NotebookDialog


class Session:
    """What the user does here, to be kept.

    Attributes
    ----------
    notebook : NotebookDialog
    changes : Changes
        What can be undone.
    """

    def __init__(self, app):
        self.app = app
        self.notebook = NotebookDialog(app)
        self.changes = Changes()
        self.leaving = False  # the user has said so already
        self._moving = False
        self._pending = None  # a session whose files are still to be chosen
        self._card = find("continue")
        self._undo, self._redo = find("undo"), find("redo")
        listen(self._undo, "click", lambda event: self._go(self.changes.undo, say("Undone")))
        listen(self._redo, "click", lambda event: self._go(self.changes.redo, say("Done again")))
        ways = [(say("Save session"), lambda: self.save("ask")), (say("Save as bundle"), self._save_bundle)]
        add(find("save"), downloads.menu(say("Save"), ways, say("Save")))
        listen(find("start-fresh"), "click", lambda event: self._start_fresh())
        listen(js.document, "keydown", self._key)
        listen(js.window, "beforeunload", self._leave)
        self._show_card()

    # --- to a file ---

    async def save(self, subjects):
        """Save the session; ``subjects``: whether to "ask" of, "leave out" or "keep" what names subjects."""
        app = self.app
        content = content_of(
            app.tab,
            app.state.views(),
            app.groups_panel.saved(),
            app.tray.saved(),
            self.notebook.book,
            app.opener.demo(),
            app.second.demo,
        )
        answer = await app.work(say("Saving the session"), "save_session", {"session": content, "subjects": subjects})
        named = answer.json["named"]
        if "filename" not in answer.json:
            self._ask_of_subjects(named)
            return
        downloads.save(answer.buffers["file"]["data"], answer.json["filename"], answer.json["mime"])
        self.notebook.book.changed = False
        without = say(" without {parts} about single subjects", parts=plural(len(named), "part")) if named else ""
        app.status(say("Saved {filename}{without}", filename=answer.json["filename"], without=without))

    def _ask_of_subjects(self, named):
        """Ask what becomes of the parts that name or list subjects."""

        def chooses(subjects):
            async def choose(event):
                dialog.close()
                await self.save(subjects)

            return {"click": choose}

        lines = [h("li", h("strong", one["what"]), f" {one['why']}") for one in named]
        dialog = h(
            "dialog",
            h("h2", say("This session would name subjects")),
            h(
                "p",
                say("A session file holds no value of a subject unless you say so. These parts are about single ones:"),
            ),
            h("ul", lines),
            h("p", say("With them the file is as restricted as your data."), cls="muted"),
            h(
                "p",
                h("button", say("Save without them"), type="button", cls="primary", on=chooses("leave out")),
                h("button", say("Save with them"), type="button", on=chooses("keep")),
                h("button", say("Cancel"), type="button", on={"click": lambda event: dialog.close()}),
                cls="choices",
            ),
            cls="ask-of-subjects",
            aria_label=say("This session would name subjects"),
            on={"close": lambda event: dialog.remove()},
        )
        js.document.body.appendChild(dialog)
        dialog.showModal()

    async def _save_bundle(self):
        answer = await self.app.work(say("Saving the bundle"), "save_bundle", {})
        downloads.save(answer.buffers["file"]["data"], answer.json["filename"], answer.json["mime"])
        self.app.status(say("Saved {filename}", filename=answer.json["filename"]))

    # --- from a file ---

    def takes(self, paths, files):
        """Whether what was chosen is a session, or what one has waited for; then it is opened."""
        sessions, paths, files = without_sessions(paths, files)
        if (not sessions and self._pending is None) or (len(sessions) > 1 and paths):
            return False  # of several beside data none is meant; the import log names them
        self.app.run(self._open(sessions, paths, files))
        return True

    async def _open(self, sessions, paths, files):
        app = self.app
        if len(sessions) > 1:
            app.error(say("Open one session at a time, not {files}.", files=plural(len(sessions), "file")))
            return
        session = self._pending
        if sessions:
            name, file = sessions[0]
            try:
                session = (await app.client.call("read_session", {"name": name.split("/")[-1]}, [file])).json
            except Refused as refused:
                app.error(refused.message, say("Could not open the session"))
                return
        if not paths:
            paths, files = app.opener.files_of(folder_of(session))
        opening = opening_of(session, paths, files)
        self._pending = session if opening is None else None
        self._show_card()
        if opening is None:
            app.show_start()
            return
        app.opener.ask_for(opening, True)

    def restore(self, session, cohort):
        """Take over what a session has beside its state, once its cohort is open; None: another cohort is open."""
        self.app.second.saved = answers_for_second(session)
        if session is None:
            self.notebook.take_over([], "")
            return
        self.notebook.take_over(session["results"], session["notes"])
        for sentence in doubts(session, cohort):
            self.app.alert(say("The session was saved with other data"), h("p", sentence))

    # --- the card of the start screen ---

    def _show_card(self):
        """Say how to go on with a session, or with what the address has of a folder that is open no more."""
        state, n_results, folder = self.app.state.history.spec, 0, self.app.state.history.spec.get("folder")
        if self._pending is not None:
            state, n_results = state_of(self._pending), len(self._pending["results"])
            folder = folder_of(self._pending)
        left = self.app.cohort is None and "tab" in state and "demo" not in state
        show(self._card, left or self._pending is not None)
        if self._card.hidden:
            return
        what = [h("strong", folder), say(" again")] if folder else say("the same files again")
        amount = amount_of(state, n_results)
        clear(find("continue-what"), say("Choose "), what, say(" to continue"), f": {amount}" if amount else "")
        text(
            find("continue-why"),
            say("The session file has the settings, never your data.")
            if self._pending is not None
            else say("The address of this page has the settings, never your data; nothing else was kept."),
        )

    def _start_fresh(self):
        """Forget what waits to be continued."""
        self._pending = None
        self.app.state.history.spec = {}
        js.history.replaceState(None, "", js.location.pathname + js.location.search)
        hide(self._card)
        find("choose-folder").focus()

    # --- undo and redo ---

    def note(self, state):
        """The state of the page is this."""
        if not self._moving:
            self.changes.note(state)
            self._draw_ways()

    def forget(self):
        """Another cohort is open."""
        self.changes.forget()

    def opened(self):
        """A cohort is on screen: what waited for it waits no more."""
        self._pending = None
        self._show_card()

    async def _go(self, move, word):
        if self._moving or self.app.cohort is None:
            return
        found = move()
        if found is None:
            return
        app, (state, words) = self.app, found
        self._moving = True
        try:
            await app.state.restore_cohort_of(state)
        finally:
            self._moving = False
        app.state.history.note_action()
        app.redraw_overview()
        app.record()
        app.status(f"{word}: {words}")

    def _draw_ways(self):
        for button, word, words in (
            (self._undo, say("Undo"), self.changes.undone_next()),
            (self._redo, say("Redo"), self.changes.redone_next()),
        ):
            label = word if words is None else f"{word} {words}"
            button.disabled = words is None
            button.title = label
            button.setAttribute("aria-label", label)

    def _key(self, event):
        """Ctrl+Z and Ctrl+Shift+Z (or Ctrl+Y), where nothing is typed and no dialog asks for something."""
        key = str(event.key).lower()
        if not (event.ctrlKey or event.metaKey) or event.altKey or key not in ("z", "y"):
            return
        if js.document.querySelector("dialog[open]") or is_typing(event.target) or find("workspace").hidden:
            return
        event.preventDefault()
        again = key == "y" or event.shiftKey
        (self._redo if again else self._undo).click()

    # --- leaving ---

    def let_go(self):
        """The user has said that the page may be loaded anew."""
        self.leaving = True

    def _leave(self, event):
        """Ask before own data or an unsaved notebook are left."""
        own = self.app.cohort is not None and self.app.opener.demo() is None
        if not self.leaving and (own or self.notebook.book.changed):
            event.preventDefault()
            event.returnValue = "asks"


def is_typing(element):
    """Whether keys go into a text there."""
    name = str(element.tagName).lower()
    return name == "textarea" or (name == "input" and str(element.type) not in ("checkbox", "radio", "range", "file"))
