"""The notebook: the dialog where results that were kept are called up, named, ordered and described."""

import downloads
import js
from dom import add, clear, find, h, hide, listen, show, text
from logic.language import say
from logic.notebook import LONGEST, Notebook

EMPTY = say(
    "Nothing kept yet. Every result has a button “Keep”, which puts it here with its settings, to come back to."
)
#: What the notebook is taken home as.
EXPORTS = (
    (say("Report (HTML)"), "html"),
    (say("Script (.py)"), "py"),
    (say("Methods (text)"), "txt"),
    (say("References (RIS)"), "ris"),
    (say("References (BibTeX)"), "bib"),
)


class NotebookDialog:
    """The notebook on screen.

    Attributes
    ----------
    book : Notebook
    """

    def __init__(self, app):
        self.app = app
        self.book = Notebook()
        self._dialog = find("notebook")
        self._list = find("notebook-list")
        self._notes = find("notebook-notes")
        self._problem = find("notebook-problem")
        self._button = find("show-notebook")
        listen(self._button, "click", lambda event: self.show())
        listen(find("close-notebook"), "click", lambda event: self._dialog.close())
        ways = [(face, lambda what=what: self._export(what)) for face, what in EXPORTS]
        self._export_place = find("notebook-export")
        add(self._export_place, downloads.menu(say("Export the notebook"), ways, say("Export")))
        listen(self._notes, "change", lambda event: self.book.write(None, str(self._notes.value)))

    def take_over(self, entries, notes):
        """Be that of a session."""
        self.book.take_over(entries, notes)
        self._draw()

    def keep(self, title, view):
        """Keep a result; returns its entry."""
        entry, is_new = self.book.keep(title, view)
        self._draw()
        self.app.status(
            say("Kept in the notebook as {name}", name=entry["name"])
            if is_new
            else say("Kept already as {name}", name=entry["name"])
        )
        return entry

    def show(self):
        self._draw()
        self._dialog.showModal()

    def _draw(self):
        count = len(self.book.entries)
        text(self._button, say("Notebook ({count})", count=count) if count else say("Notebook"))
        hide(self._problem)
        show(self._export_place, count > 0)
        if str(self._notes.value) != self.book.notes:
            self._notes.value = self.book.notes
        rows = [self._row(entry) for entry in self.book.entries]
        clear(self._list, rows if rows else h("li", EMPTY, cls="muted nothing"))

    async def _export(self, what):
        """Save the notebook in one of the forms."""
        self._dialog.close()  # the line that shows progress, and cancels, is behind it
        groups = [[group["name"], group["expression"], group["colour"]] for group in self.app.groups]
        wanted = {"results": self.book.saved(), "notes": self.book.notes, "groups": groups, "what": what}
        answer = await self.app.work(say("Writing the notebook"), "notebook", wanted)
        downloads.save(answer.buffers["file"]["data"], answer.json["filename"], answer.json["mime"])
        self.app.status(say("Saved {filename}", filename=answer.json["filename"]))

    def _row(self, entry):
        name = entry["name"]
        box = h("input", type="text", value=name, maxlength=LONGEST, aria_label=say("Name of {name}", name=name))
        note = h(
            "textarea",
            value=entry["note"],
            rows=2,
            aria_label=say("Note on {name}", name=name),
            placeholder=say("What you see in it"),
        )

        def rename(event):
            wanted = str(box.value).strip()
            fault = None if wanted == entry["name"] else self.book.fault(wanted, entry)
            show(self._problem, fault is not None)
            if fault:
                text(self._problem, fault)
                box.value = entry["name"]
            elif wanted != entry["name"]:
                self.book.rename(entry, wanted)
                self._draw()

        listen(box, "change", rename)
        listen(note, "change", lambda event: self.book.write(entry, str(note.value)))
        what = h("span", self._title_of(entry["analysis"]), cls="muted")
        return h("li", h("div", box, what, h("span", self._ways(entry), cls="ways"), cls="line"), note)

    def _ways(self, entry):
        """What can be done with a result, as buttons."""
        name, place = entry["name"], self.book.entries.index(entry)

        def go():
            self._dialog.close()
            self.app.show_result(entry)

        def does(act):
            def do(event):
                act()
                self._draw()
                self._focus(entry)

            return do

        last = len(self.book.entries) - 1
        return [
            h("button", face, type="button", aria_label=label, disabled=off, on={"click": act})
            for face, label, off, act in (
                (say("Show"), say("Show {name}", name=name), False, lambda event: go()),
                ("↑", say("Move {name} up", name=name), place == 0, does(lambda: self.book.move(entry, -1))),
                ("↓", say("Move {name} down", name=name), place == last, does(lambda: self.book.move(entry, 1))),
                (say("Remove"), say("Remove {name}", name=name), False, does(lambda: self.book.remove(entry))),
            )
        ]

    def _title_of(self, analysis):
        titles = [entry["title"] for entry in self.app.catalog if entry["name"] == analysis]
        return titles[0] if titles else analysis

    def _focus(self, entry):
        """After a list was drawn anew: to the entry that something was done to, or to the list."""
        if entry in self.book.entries:
            place = self.book.entries.index(entry)
            js.document.querySelectorAll("#notebook-list input").item(place).focus()
        else:
            find("notebook-title").focus()
