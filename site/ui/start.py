"""The start screen: choosing a cohort, by folder, files, drop or the demo, and what the engine is doing meanwhile."""

import js
from documents import Documents
from dom import find, guarded, hide, later, listen, show, text
from logic.language import say
from logic.opening import demo_name
from preferences import forget, store, stored

from imagenomer.wording import size

#: The language of the code.
ENGLISH = "en"
_PEOPLE = {
    "teaching": {"full": say("Full (830)"), "quick": say("Quick (250)")},
    "second": {"full": say("Full (1,165)"), "quick": say("Quick (300)")},
}


class ProgressLine:
    """A step by name, how far it is, and a button to cancel it."""

    def __init__(self, id):
        self.element = find(id)
        self._step = self.element.querySelector(".step")
        self._amount = self.element.querySelector(".amount")
        self._bar = self.element.querySelector("progress")
        self._cancel = self.element.querySelector(".cancel")
        self._on_cancel = None
        listen(self._cancel, "click", lambda event: self._on_cancel())

    def say(self, step, done=0, total=0, cancel=None, in_bytes=False):
        """Show a step; ``total`` 0 is unknown, ``cancel`` a function or None."""
        show(self.element)
        self.element.classList.remove("done")
        text(self._step, step)
        if total:
            self._bar.max, self._bar.value = total, done
            text(
                self._amount,
                say("{done} of {total}", done=size(done), total=size(total))
                if in_bytes
                else f"{100 * done // total} %",
            )
        else:
            self._bar.removeAttribute("value")
            text(self._amount, "")
        self._on_cancel = cancel
        show(self._cancel, cancel is not None)

    def rest(self, message):
        """Show that nothing is being done."""
        self.say(message, 1, 1)
        text(self._amount, "")
        self.element.classList.add("done")


class StartScreen:
    """The first screen, and dropping on any screen."""

    def __init__(self, app):
        self.app = app
        self.element = find("start")
        self.documents = Documents()
        self.progress = ProgressLine("start-progress")
        self._back = find("back")
        self._cover = find("drop-cover")
        self._stop_dragging = later(200, self._dragged_away)
        self._inputs = [find("choose-folder"), find("choose-files")]
        for chooser in self._inputs:
            listen(chooser, "change", self._chosen)
        self._cohort, self._size = find("demo-cohort"), find("demo-size")
        self._language = find("language")
        self._language.value = str(js.window.imagenomer.language or ENGLISH)
        listen(self._language, "change", self._language_chosen)
        listen(self._cohort, "change", self._cohort_chosen)
        demo = find("open-demo")
        listen(demo, "click", self._demo_clicked)
        listen(demo, "keydown", self._demo_key)
        listen(js.document, "dragover", self._dragged)
        listen(js.document, "drop", self._dropped)

    def open_what_was_chosen(self):
        """Do what was clicked before Python was there: the browser remembered it."""
        for chooser in self._inputs:
            if chooser.files.length:
                self._open_chosen(chooser)
                return True
        return False

    def demo(self):
        """The chosen teaching cohort, by the name that an address has for it."""
        return demo_name(str(self._cohort.value), str(self._size.value))

    def show(self):
        show(self.element)
        show(self._back, self.app.cohort is not None)
        if self.app.cohort is not None:
            text(self._back, say("← Back to {name}", name=self.app.cohort["name"]))

    def hide(self):
        hide(self.element)

    # --- choosing ---

    def _chosen(self, event):
        self._open_chosen(event.target)

    def _open_chosen(self, chooser):
        paths, files = chosen(chooser)
        if files:
            self.app.opener.open_files(paths, files)

    def _language_chosen(self, event):
        """Load the page anew in another language: it is in one from the beginning."""
        chosen = str(self._language.value)
        if chosen == ENGLISH:
            forget("language")
        else:
            store("language", chosen)
            if stored("language", None) != chosen:
                self.app.error(say("This browser keeps no choices of this page, so it stays in English."))
                return
        js.location.reload()

    def _cohort_chosen(self, event):
        people = _PEOPLE[str(self._cohort.value)]
        for position in range(self._size.options.length):
            option = self._size.options.item(position)
            text(option, people[str(option.value)])

    def _demo_clicked(self, event):
        event.preventDefault()
        self.app.opener.open_demo(self.demo())

    def _demo_key(self, event):
        if event.key == " ":
            event.preventDefault()
            self.app.opener.open_demo(self.demo())

    # --- dropping ---

    def _dragged(self, event):
        if not holds_files(event):
            return
        event.preventDefault()
        event.dataTransfer.dropEffect = "copy"
        js.document.body.classList.add("dragging")
        show(self._cover, self.element.hidden)
        self._stop_dragging()

    def _dragged_away(self):
        js.document.body.classList.remove("dragging")
        hide(self._cover)

    def _dropped(self, event):
        if not holds_files(event):
            return
        event.preventDefault()
        self._dragged_away()
        items = event.dataTransfer.items
        # Here and now: after the event the browser empties the list.
        dropped = [entry_of(items[position]) for position in range(items.length) if items[position].kind == "file"]
        self.app.run(self._open_dropped(dropped))

    async def _open_dropped(self, entries):
        paths, files = [], []
        for entry in entries:
            await self._list(entry, paths, files)
        if files and self.app.second.is_asking():
            self.app.second.open_files(paths, files)
        elif files:
            self.app.opener.open_files(paths, files)
        else:
            self.app.error(say("There is no file in what was dropped."))

    async def _list(self, entry, paths, files):
        """Append the files under an entry, with their paths."""
        if not hasattr(entry, "isDirectory"):  # a plain File
            paths.append(str(entry.name))
            files.append(entry)
        elif entry.isFile:
            paths.append(str(entry.fullPath).lstrip("/"))
            files.append(await promised(entry.file))
            if len(files) % 200 == 0:
                self.app.status(say("Listing files: {files}", files=len(files)))
        else:
            reader = entry.createReader()
            while True:
                # Browsers hand out a hundred or so at a time, and end with none.
                batch = await promised(reader.readEntries)
                if not batch.length:
                    break
                for position in range(batch.length):
                    await self._list(batch[position], paths, files)


def chosen(chooser):
    """Take the files of an input, with their paths."""
    files = [chooser.files.item(position) for position in range(chooser.files.length)]
    paths = [str(file.webkitRelativePath or file.name) for file in files]
    # So that choosing the same again is a change.
    chooser.value = ""
    return paths, files


def holds_files(event):
    """Whether a drag carries files, and not a text or a link."""
    transfer = event.dataTransfer
    return transfer is not None and "Files" in list(transfer.types)


def entry_of(item):
    """The file or folder of a dropped item; a plain File where the browser has no entries."""
    entry = item.webkitGetAsEntry()
    return item.getAsFile() if entry is None else entry


def promised(method):
    """Await a browser function that takes a callback for success and one for failure."""
    return js.Promise.new(guarded(lambda resolve, reject: method(resolve, reject)))
