"""The second cohort: opened beside the first to test on, said in the header, and opened again with it."""

from dom import add, clear, find, h, listen, show
from logic.opening import beside, demo_name, opening_of_demo, opening_of_files
from logic.protocol import Cancelled, Refused
from overview import log_line
from start import chosen

from imagenomer.wording import plural

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
        self.app.run(self._open(beside(opening_of_files(paths, files))))

    def forget(self):
        """Another first cohort stands alone."""
        self.opened = None

    async def again(self, overview):
        """Open the same beside a first cohort that was opened again; returns the overview of both, or of the first."""
        if self.opened is None:
            return overview
        return await self._ask(self.opened) or overview

    async def restore(self, demo, overview):
        """Be what an address says (a demo cohort or nothing; files it cannot name); returns the overview of now."""
        if demo == self.demo or (demo is not None and demo_name("second", demo) is None):
            return overview
        if demo is None:
            return await self._closed()
        return await self._ask(_demo(demo)) or overview

    async def _open(self, wanted):
        self._dialog.close()  # the line that shows progress, and cancels, is behind it
        overview = await self._ask(wanted)
        if overview is not None:
            self.app.take_second(overview)
            self.app.status(f"{overview['second']['name']} is open beside {overview['name']}")
            self._show()  # what the two have in common is to be seen before anything is tested

    async def _ask(self, wanted):
        """Open it in the engine; None where that failed, which has been reported."""
        try:
            answer = await self.app.work(f"Opening {wanted.title}", wanted.call, wanted.arguments, wanted.files)
        except Refused as refused:
            if refused.questions:
                self.app.questions.ask(wanted, refused.questions, lambda answered: self.app.run(self._open(answered)))
            else:
                self.app.error(refused.message, f"Could not open {wanted.title}")
            return None
        except Cancelled:
            self.app.status("Cancelled")
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
            add(place, "to test on: ", h("b", second["name"]), counts)
            place.title = f"Second cohort: {second['name']}{counts}"

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
                h("span", "synthetic", cls="tag") if second["synthetic"] else None,
                h("span", " · ".join(counts), cls="muted"),
                h("button", "Remove", type="button", cls="quiet", on={"click": self._close}),
                cls="what",
            ),
            h("h3", f"Beside {self.app.cohort['name']}"),
            lines_of(second["in_common"]),
            [h("h3", "From its import"), lines_of(noted)] if noted else None,
        )

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
