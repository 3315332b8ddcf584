"""The tray: maps that were saved to compute with, each a name and where it comes from, never its pixels."""

from dom import clear, find, h, listen, show, text
from logic.language import plural, say
from logic.protocol import Refused
from logic.tray import LONGEST, SavedMaps, title_of_scan

EMPTY = say(
    "Nothing saved yet. Every large matrix, of a scan or of a result, has a button “Save to tray”; "
    "what is saved can be computed with and compared here."
)


class Tray(SavedMaps):
    """The saved maps, and the panel that lists them."""

    def __init__(self, app):
        super().__init__()
        self.app = app
        self.list = h("ul", cls="tray-entries")
        self.note = h("p", EMPTY, cls="note")
        self.problem = h("p", cls="problem", role="alert")
        self.element = h(
            "section", h("h2", say("Tray")), self.note, self.list, self.problem, cls="tray", aria_label=say("Tray")
        )

    # --- what is in it ---

    def save(self, title, source):
        """Put a map in, and say so."""
        entry, is_new = self.add(title, source)
        if is_new:
            self._changed()
            self.app.status(say("Saved to the tray as {name}: {title}", name=entry["name"], title=entry["title"]))
        else:
            self.app.status(say("{title} is in the tray already, as {name}", title=entry["title"], name=entry["name"]))

    def restore(self, saved):
        """Take over the entries of an address."""
        if self.take_over(saved):
            self._draw()
            self.app.emit("tray")
            self.app.run(self._name_scans())

    async def _name_scans(self):
        """Call maps of scans after their subjects, whom neither the address nor a session names."""
        for entry in self.unnamed():
            try:
                found = await self.app.client.call("matrix", {"source": entry["source"], "order": "file"})
            except Refused:
                continue  # the open cohort has no such scan; whoever uses it is told
            entry["title"] = title_of_scan(found.json["title"], entry["source"])
            self._draw()

    def button(self, shown):
        """A button that saves what ``shown()`` returns, a title and a source."""
        return h(
            "button", say("Save to tray"), type="button", cls="quiet", on={"click": lambda event: self.save(*shown())}
        )

    def _changed(self):
        self._draw()
        self.app.emit("tray")
        self.app.record()

    # --- the panel ---

    def _draw(self):
        show(self.note, not self.entries)
        text(self.problem, "")
        clear(self.list, [self._row(entry) for entry in self.entries])
        tab = find("tab-Maps")
        if tab:
            count = len(self.entries)
            clear(
                tab,
                say("Maps"),
                h("span", count, cls="badge", title=say("{maps} saved", maps=plural(count, "map"))) if count else None,
            )

    def _row(self, entry):
        box = h(
            "input",
            type="text",
            value=entry["name"],
            maxlength=LONGEST,
            aria_label=say("Name of {title}", title=entry["title"]),
        )

        def rename(event):
            name = str(box.value).strip()
            fault = None if name == entry["name"] else self.fault(name)
            if fault:
                text(self.problem, fault)
                box.value = entry["name"]
            elif name != entry["name"]:
                entry["name"] = name
                self._changed()

        def remove(event):
            self.entries.remove(entry)
            self._changed()
            self.app.status(say("Removed {name} from the tray", name=entry["name"]))

        listen(box, "change", rename)
        return h(
            "li",
            box,
            h("span", entry["title"], cls="title"),
            h(
                "button",
                say("Remove"),
                type="button",
                cls="quiet",
                aria_label=say("Remove {name}", name=entry["name"]),
                on={"click": remove},
            ),
        )
