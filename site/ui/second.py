"""The second cohort: opened beside the first to test on, said in the header, and opened again with it."""

from column_dialog import ColumnDialog
from dom import add, clear, find, h, listen, show
from logic.language import plural, say
from logic.opening import beside, demo_name, opening_of_demo, opening_of_files, top_of, with_recipe
from logic.protocol import Cancelled, Refused
from logic.recipe import merged, n_doubtful
from overview import log_line
from start import chosen

#: Where models learned in the first teaching cohort are tested: other people, sites and circumstances.
DEMO_SIZE = "full"


class SecondCohort:
    """The second cohort, and the dialog in which it is opened.

    Attributes
    ----------
    opened : Opening or None
        How it was opened, to open it again.
    """

    def __init__(self, app):
        self.app = app
        self.opened = None
        self.columns = {}  # what the user said of its columns, to say it again to another engine
        self.saved = None  # answers that a session has for it, and the folder or file that they are of
        self._columns_dialog = None
        self._column = None  # the one that was corrected last
        self._dialog = find("second")
        self._place = find("second-open")
        listen(find("show-second"), "click", lambda event: self._show())
        listen(find("close-second"), "click", lambda event: self._dialog.close())
        listen(find("second-demo"), "click", lambda event: self.open_demo(DEMO_SIZE))
        for chooser in (find("second-folder"), find("second-files")):
            listen(chooser, "change", self._chosen)

    def is_asking(self):
        """Whether what is dropped now is meant to be the second cohort."""
        return self._dialog.open

    @property
    def demo(self):
        """Size of the second cohort, if it is a teaching cohort."""
        return None if self.opened is None else self.opened.demo

    def where(self):
        """The second cohort as an argument of the command line, or None."""
        return None if self.opened is None else self.opened.where()

    # --- opening and closing ---

    def open_demo(self, size):
        """Open the second teaching cohort."""
        return self._open(_demo(size))

    def open_files(self, paths, files):
        """Open what the user chose or dropped."""
        recipe, where = self.saved or (None, None)
        is_meant = where in (None, top_of(paths))
        self.app.run(self._open(beside(opening_of_files(paths, files, recipe if is_meant else None))))

    def answer(self, addition):
        """Open the same files again beside the first, with another answer."""
        recipe = merged(self.app.cohort["second"]["recipe"] or {}, addition)
        self.app.run(self._open(with_recipe(self.opened, recipe), answered=True))

    def forget_answers(self):
        """Open the same files again without the answers that were given here."""
        self.app.run(self._open(with_recipe(self.opened, None), answered=True))

    async def correct_columns(self, columns):
        """Take columns of the second cohort for what the user says; raises `Refused`."""
        arguments = {"columns": columns, "place": "second"}
        answer = await self.app.client.call("correct_columns", arguments)
        self.columns = columns
        self.app.take_second(answer.json)
        self._draw()

    def forget(self):
        """Another first cohort stands alone."""
        self.opened = None
        self.columns = {}

    async def again(self, overview):
        """Open the same beside a first cohort that was opened again; returns the overview of both, or of the first."""
        if self.opened is None:
            return overview
        return await self._with_columns(await self._ask(self.opened) or overview)

    async def restore(self, demo, overview, columns=None):
        """Be what an address says (a demo cohort or nothing; files it cannot name); returns the overview of now.

        ``columns`` are corrections that a session has for it.
        """
        if demo == self.demo or (demo is not None and demo_name("second", demo) is None):
            return overview
        if demo is None:
            return await self._closed()
        overview = await self._ask(_demo(demo)) or overview
        self.columns = columns or {}
        return await self._with_columns(overview)

    async def _with_columns(self, overview):
        """Correct its columns in the engine as they were; returns the overview of now."""
        if not self.columns or overview["second"] is None:
            return overview
        arguments = {"columns": self.columns, "place": "second"}
        return (await self.app.client.call("correct_columns", arguments)).json

    async def _open(self, wanted, answered=False):
        self._dialog.close()  # the line that shows progress, and cancels, is behind it
        overview = await self._ask(wanted)
        if overview is not None:
            self.columns = overview["second"]["columns"]
            self.app.take_second(overview)
            self.app.status(
                say("{second} is open beside {first}", second=overview["second"]["name"], first=overview["name"])
            )
            self._show()  # what the two have in common is to be seen before anything is tested
            self.app.understood.look(answered, "second")

    async def _ask(self, wanted):
        """Open it in the engine; None where that failed, which has been reported."""
        try:
            answer = await self.app.work(
                say("Opening {title}", title=wanted.title), wanted.call, wanted.arguments, wanted.files
            )
        except Refused as refused:
            if wanted.tried:
                self.app.status(say("The saved answers are of other files, and were left out"))
                return await self._ask(with_recipe(wanted, None))
            if refused.questions:
                self.app.questions.ask(wanted, refused.questions, lambda answered: self.app.run(self._open(answered)))
            else:
                self.app.error(refused.message, say("Could not open {title}", title=wanted.title))
            return None
        except Cancelled:
            self.app.status(say("Cancelled"))
            return None
        self.opened = wanted
        return answer.json

    async def _close(self, event):
        self.app.take_second(await self._closed())
        self._draw()
        find("second-title").focus()

    async def _closed(self):
        self.forget()
        return (await self.app.client.call("close_second")).json

    # --- showing ---

    def show_counts(self, cohort):
        """Say in the header what the second cohort is."""
        second = cohort["second"]
        place = find("second-counts")
        show(place, second is not None)
        clear(place)
        if second is not None:
            counts = f" · {plural(second['n_subjects'], 'subject')}"
            add(place, say("to test on: "), h("b", second["name"]), counts)
            place.title = say("Second cohort: {name}{counts}", name=second["name"], counts=counts)

    def _show(self):
        self._draw()
        self._dialog.showModal()

    def _draw(self):
        second = self.app.cohort["second"]
        if second is None:
            clear(self._place)
            return
        counts = [plural(second["n_subjects"], "subject"), plural(second["n_scans_used"], "scan")]
        noted = [entry for entry in second["log"] if entry["severity"] != "recognised"]
        clear(
            self._place,
            h(
                "p",
                h("strong", second["name"]),
                h("span", say("synthetic"), cls="tag") if second["synthetic"] else None,
                h("span", " · ".join(counts), cls="muted"),
                h("button", say("Remove"), type="button", cls="quiet", on={"click": self._close}),
                cls="what",
            ),
            h("p", self._understood(second), cls="choices"),
            h("p", self._columns(second), cls="choices"),
            h("h3", say("Beside {name}", name=self.app.cohort["name"])),
            lines_of(second["in_common"]),
            [h("h3", say("From its import")), lines_of(noted)] if noted else None,
        )

    def _understood(self, second):
        """The way to what its files were taken for, where that was noted."""
        lines = second["understood"]
        if not lines:
            return None
        doubtful = n_doubtful(lines)
        words = (
            say("What I understood: {doubtful} to look at", doubtful=doubtful) if doubtful else say("What I understood")
        )
        opens = {"click": lambda event: self.app.understood.show("second")}
        return h("button", words, type="button", id="second-understood", aria_haspopup="dialog", on=opens)

    def _columns(self, second):
        """Its columns, to be corrected as those of the open cohort are."""
        names = second["phenotypes"]
        if not names:
            return None
        options = [h("option", name, selected=name == self._column) for name in names]
        choice = h("select", options, id="second-column")

        def edit(event):
            if self._columns_dialog is None:
                self._columns_dialog = ColumnDialog(self.app, lambda name: None, "second")
            self._column = names[choice.selectedIndex]
            return self._columns_dialog.open(self._column)

        opens = {"click": edit}
        button = h("button", say("Edit column"), type="button", id="second-edit", aria_haspopup="dialog", on=opens)
        return [h("label", h("span", say("Column"), cls="muted"), " ", choice), " ", button]

    def _chosen(self, event):
        paths, files = chosen(event.target)
        if files:
            self.open_files(paths, files)


def lines_of(entries):
    """A list of messages, each with the mark of its severity."""
    return h("ul", [h("li", log_line(entry), cls=entry["severity"]) for entry in entries])


def _demo(size):
    """How the second teaching cohort of this size is opened beside the first."""
    return beside(opening_of_demo(demo_name("second", size)))
