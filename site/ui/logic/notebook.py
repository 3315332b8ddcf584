"""Notebook: results that were kept by name, in order, with what the user wrote of them; never their numbers."""

from logic.language import say

LONGEST = 80  # letters of a name


class Notebook:
    """The notebook of a session.

    Attributes
    ----------
    entries : list of dict
        ``{name, note, analysis, params}``, and ``edge`` and ``shapes`` where they were chosen.
    notes : str
        What the user wrote of the whole.
    changed : bool
        Whether something was written since it was saved.
    """

    def __init__(self):
        self.entries = []
        self.notes = ""
        self.changed = False

    def saved(self):
        """The entries as a session file has them."""
        return [dict(entry) for entry in self.entries]

    def take_over(self, entries, notes):
        """Be that of a session."""
        self.entries = [dict(entry) for entry in entries]
        self.notes = notes
        self.changed = False

    def find(self, view):
        """The entry of what is on screen, or None."""
        for entry in self.entries:
            if all(entry.get(key) == view.get(key) for key in ("analysis", "params", "edge", "shapes")):
                return entry
        return None

    def keep(self, title, view):
        """Keep a result under a name of its own that begins with its title; returns its entry, and if it is new."""
        entry = self.find(view)
        if entry is not None:
            return entry, False
        entry = {"name": self._free_name(title), "note": "", "analysis": view["analysis"], "params": view["params"]}
        for key in ("edge", "shapes"):
            if view.get(key) is not None:
                entry[key] = view[key]
        self.entries.append(entry)
        self.changed = True
        return entry, True

    def fault(self, name, entry):
        """What is wrong with another name of an entry, or None."""
        if not name.strip():
            return say("A result needs a name.")
        if len(name) > LONGEST:
            return say("A name has at most {most} letters.", most=LONGEST)
        if any(one["name"] == name for one in self.entries if one is not entry):
            return say("Another result is called {name}.", name=name)
        return None

    def rename(self, entry, name):
        entry["name"] = name
        self.changed = True

    def write(self, entry, note):
        """Take over what the user wrote of an entry; of the whole for None."""
        if entry is None:
            self.notes = note
        else:
            entry["note"] = note
        self.changed = True

    def move(self, entry, by):
        """Move an entry up (-1) or down (1); at an end it stays."""
        place = self.entries.index(entry)
        other = place + by
        if 0 <= other < len(self.entries):
            self.entries[place], self.entries[other] = self.entries[other], self.entries[place]
            self.changed = True

    def remove(self, entry):
        self.entries.remove(entry)
        self.changed = True

    def _free_name(self, title):
        title = title[:LONGEST]
        taken = [entry["name"] for entry in self.entries]
        name, number = title, 2
        while name in taken:
            ending = f" ({number})"
            name = title[: LONGEST - len(ending)] + ending
            number += 1
        return name
