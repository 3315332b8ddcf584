"""Tray: the maps that were saved to compute with, each a name and where it comes from, never its pixels."""

from logic.language import say

LONGEST = 40  # letters of a name


class SavedMaps:
    """The saved maps.

    Attributes
    ----------
    entries : list of dict
        ``{name, title, source}``; a source is what the engine's call ``matrix`` takes.
    """

    def __init__(self):
        self.entries = []

    def add(self, title, source):
        """Put a map in, under the next letter that is free; returns its entry, and whether it is new."""
        if "scan" in source:
            title = title_of_scan(title, source)
        source = needed(source)
        for entry in self.entries:
            if entry["source"] == source:
                return entry, False
        entry = {"name": self._free_name(), "title": title, "source": source}
        self.entries.append(entry)
        return entry, True

    def saved(self):
        """The entries as the address and a session keep them: that of a scan names no subject."""
        return [[entry["name"], _without_subject(entry), entry["source"]] for entry in self.entries]

    def unnamed(self):
        """The maps of scans that came without the name of their subject."""
        return [one for one in self.entries if "scan" in one["source"] and one["title"] == _without_subject(one)]

    def take_over(self, saved):
        """Take over the entries of an address; returns whether anything has changed."""
        if saved == self.saved():
            return False
        self.entries = []
        for name, title, source in saved:
            if self.fault(name) is None:
                self.entries.append({"name": name, "title": title, "source": source})
        return True

    def fault(self, name):
        """What is wrong with a new name, or None."""
        if not name.strip():
            return say("A map needs a name.")
        if len(name) > LONGEST:
            return say("A name has at most {most} letters.", most=LONGEST)
        if any(entry["name"] == name for entry in self.entries):
            return say("Another map is called {name}.", name=name)
        return None

    def _free_name(self):
        taken = [entry["name"] for entry in self.entries]
        number = 0
        while letters(number) in taken:
            number += 1
        return letters(number)


def title_of_scan(title, source):
    """What the map of a scan is called, whose title the engine says."""
    return f"{title} · {source['measure']}"


def _without_subject(entry):
    source = entry["source"]
    return title_of_scan(say("Scan {scan}", scan=source["scan"] + 1), source) if "scan" in source else entry["title"]


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
