"""Subject dialog: one subject, with every phenotype and each scan."""

from dom import add, clear, h, listen, show, text
from js import document
from logic.language import say
from logic.picking import Choices
from long_list import LongList, sieve
from matrix_viewer import MatrixViewer

from imagenomer.wording import NOTHING, grouped


class SubjectDialog:
    """One subject over the table, with those before and after it as they are listed."""

    def __init__(self, app, view):
        self.app = app
        self.view = view
        self.row = self.place = 0
        self.record = None
        self._items = None  # what the phenotypes are searched by
        self.heading = h("h2")
        self.where = h("span", cls="note")
        self.previous = h("button", say("Previous"), type="button", on={"click": lambda event: self._step(-1)})
        self.next = h("button", say("Next"), type="button", on={"click": lambda event: self._step(1)})
        self.tick = h("input", type="checkbox")
        listen(self.tick, "change", lambda event: self._ticked())
        aside = h("button", say("Set aside"), type="button", on={"click": lambda event: self._set_aside()})
        close = h("button", say("Close"), type="button", on={"click": lambda event: self.dialog.close()})
        self.scan = h("select", aria_label=say("Scan"), on={"change": lambda event: self._show_scan()})
        self.measure = h("select", aria_label=say("Measure"), on={"change": lambda event: self._show_scan()})
        self.scans = h("div", self.scan, self.measure, cls="bar-line")
        self.viewer = MatrixViewer(app, "subject-scan", say("Scan"), heading="h3")
        self.no_scan = h("p", cls="muted")
        self.list_place = h(
            "div", tabindex="0", role="region", aria_label=say("Phenotypes of the subject"), cls="values"
        )
        self.lines = h("dl")
        add(self.list_place, self.lines)
        self.values = LongList(self.list_place, self.lines, self._line)
        self.find_place = sieve(say("phenotypes of the subject"), self._sift)
        ticking = h("label", self.tick, say("Ticked"), cls="check")
        self.dialog = h(
            "dialog",
            h("div", self.heading, self.where, ticking, aside, self.previous, self.next, close, cls="bar-line"),
            h(
                "div",
                h("div", self.find_place, self.list_place, cls="about-subject"),
                h("div", self.no_scan, self.scans, self.viewer.element),
                cls="subject-parts",
            ),
            cls="subject",
            aria_label=say("Subject"),
        )
        listen(self.dialog, "close", lambda event: self.view.rows.element.focus())
        add(document.body, self.dialog)

    async def open(self, row):
        """Show the subject of a row of the table."""
        wanted = {"query": self.view.query(), "start": row, "stop": row + 1}
        page = (await self.app.client.call("subjects", wanted)).json
        if not page["places"]:
            return
        self.row, self.place = row, page["places"][0]
        self.record = (await self.app.client.call("subject", {"place": self.place})).json
        record = self.record
        text(self.heading, say("Subject {subject}", subject=record["subject"]))
        text(self.where, say("{row} of {n}", row=grouped(row + 1), n=grouped(page["n"])))
        self.previous.disabled, self.next.disabled = row == 0, row + 1 >= page["n"]
        self.tick.checked = self.place in self.view.ticks
        self._sift(str(self.find_place.value).strip().lower())
        self._offer_scans(record["scans"], record["left_out"])
        if not self.dialog.open:
            self.dialog.showModal()
            self.list_place.focus()
        self._show_scan()

    def _step(self, step):
        return self.open(self.row + step)

    def _ticked(self):
        self.view.turn(self.place)
        self.view.rows.draw()

    def _set_aside(self):
        self.dialog.close()
        self.view.set_aside([[self.place, self.place + 1]])

    # --- phenotypes ---

    def _sift(self, word):
        items = self.app.cohort["phenotypes"]
        if self._items is not items:
            self._items = items
            names, descriptions = [item["name"] for item in items], [item["description"] or "" for item in items]
            self._choices = Choices(names, descriptions)
        self.values.show(sorted(self._choices.find(word)))

    def _line(self, place):
        item, value = self._items[place], self.record["values"][place]
        units = f" {item['units']}" if item["units"] and value != NOTHING else ""
        return h("div", h("dt", item["name"], title=item["description"] or None), h("dd", value + units))

    # --- scans ---

    def _offer_scans(self, scans, left_out):
        before = self.scan.selectedIndex if self.scan.children.length else 0
        titles = [scan["condition"] or say("Scan") for scan in scans]
        at = before if 0 <= before < len(scans) else 0
        clear(self.scan, [h("option", one, value=place, selected=place == at) for place, one in enumerate(titles)])
        said = [] if scans else [say("This subject has no scan.")]
        if left_out:
            said.append(say("Left out, see the import log: {left_out}.", left_out=", ".join(left_out)))
        text(self.no_scan, " ".join(said))
        show(self.no_scan, bool(said))
        show(self.scans, bool(scans))
        show(self.viewer.element, bool(scans))

    def _show_scan(self):
        if self.record["scans"]:
            self.app.run(self._paint(self.record["scans"][self.scan.selectedIndex]))

    async def _paint(self, scan):
        wanted = str(self.measure.value)
        names = scan["measures"]
        chosen = wanted if wanted in names else names[0] if names else None
        clear(self.measure, [h("option", name, value=name, selected=name == chosen) for name in names])
        if chosen is None:
            return
        natural = self.app.cohort["measures_limit"][chosen]
        source = {"scan": scan["scan"], "measure": chosen}
        await self.viewer.show(source, scan["title"], label=chosen, natural=natural, signed=True)
