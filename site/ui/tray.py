"""The tray: maps that were saved to compute with, each a name and where it comes from, never its pixels."""

from dom import clear, find, h, listen, show, text
from logic.words import plural

LONGEST = 40  # letters of a name
EMPTY = (
    "Nothing saved yet. Every large matrix, of a scan or of a result, has a button “Save to tray”; "
    "what is saved can be computed with and compared here."
)


class Tray:
    """The saved maps, and the panel that lists them.

    Attributes
    ----------
    entries : list of dict
        ``{name, title, source}``; a source is what the engine's call ``matrix`` takes.
    """

    def __init__(self, app):
        self.app = app
        self.entries = []
        self.list = h("ul", cls="tray-entries")
        self.note = h("p", EMPTY, cls="note")
        self.problem = h("p", cls="problem", role="alert")
        self.element = h("section", h("h2", "Tray"), self.note, self.list, self.problem, cls="tray", aria_label="Tray")

    # --- what is in it ---

    def save(self, title, source):
        """Put a map in, under the next letter that is free."""
        if "scan" in source:
            title = f"{title} · {source['measure']}"
        source = needed(source)
        for entry in self.entries:
            if entry["source"] == source:
                self.app.status(f"{title} is in the tray already, as {entry['name']}")
                return
        name = self._free_name()
        self.entries.append({"name": name, "title": title, "source": source})
        self._changed()
        self.app.status(f"Saved to the tray as {name}: {title}")

    def saved(self):
        """The entries as the address keeps them."""
        return [[entry["name"], entry["title"], entry["source"]] for entry in self.entries]

    def restore(self, saved):
        """Take over the entries of an address; what is none is left out, because anybody can write an address."""
        if saved == self.saved():
            return
        self.entries = []
        for item in saved if isinstance(saved, list) else []:
            if (
                isinstance(item, list)
                and [type(part) for part in item] == [str, str, dict]
                and self._fault(item[0]) is None
            ):
                self.entries.append({"name": item[0], "title": item[1], "source": item[2]})
        self._draw()
        self.app.emit("tray")

    def button(self, shown):
        """A button that saves what ``shown()`` returns, a title and a source."""
        return h("button", "Save to tray", type="button", cls="quiet", on={"click": lambda event: self.save(*shown())})

    def _free_name(self):
        taken = [entry["name"] for entry in self.entries]
        number = 0
        while letters(number) in taken:
            number += 1
        return letters(number)

    def _fault(self, name):
        """What is wrong with a new name, or None."""
        if not name.strip():
            return "A map needs a name."
        if len(name) > LONGEST:
            return f"A name has at most {LONGEST} letters."
        if any(entry["name"] == name for entry in self.entries):
            return f"Another map is called {name}."
        return None

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
            clear(tab, "Maps", h("span", count, cls="badge", title=f"{plural(count, 'map')} saved") if count else None)

    def _row(self, entry):
        box = h("input", type="text", value=entry["name"], maxlength=LONGEST, aria_label=f"Name of {entry['title']}")

        def rename(event):
            name = str(box.value).strip()
            fault = None if name == entry["name"] else self._fault(name)
            if fault:
                text(self.problem, fault)
                box.value = entry["name"]
            elif name != entry["name"]:
                entry["name"] = name
                self._changed()

        def remove(event):
            self.entries.remove(entry)
            self._changed()
            self.app.status(f"Removed {entry['name']} from the tray")

        listen(box, "change", rename)
        return h(
            "li",
            box,
            h("span", entry["title"], cls="title"),
            h(
                "button",
                "Remove",
                type="button",
                cls="quiet",
                aria_label=f"Remove {entry['name']}",
                on={"click": remove},
            ),
        )


def needed(source):
    """A source without the maps that its expression does not name: each would bring along those it is made of."""
    params = source.get("params", {})
    if "expression" not in params:
        return source
    maps = [pair for pair in params["maps"] if pair[0] in params["expression"]]
    return dict(source, params=dict(params, maps=maps))


def letters(number):
    """A, B, ... Z, AA, AB, ..."""
    name = ""
    while number >= 0:
        name = chr(65 + number % 26) + name
        number = number // 26 - 1
    return name
