"""Changes: what the user did to the cohort and to the tray, to be undone and done again."""

from logic.language import say

#: Steps that are kept.
MOST = 100
#: What is watched, as the state of the page has it.
WATCHED = ("groups", "tray", "columns", "atlas")


class Changes:
    """States of groups, tray, columns and parcels, in their order.

    Attributes
    ----------
    now : dict or None
        The state of now.
    """

    def __init__(self):
        self.forget()

    def forget(self):
        """Another cohort is open: nothing of before is undone in it."""
        self.now = None
        self._before, self._after = [], []

    def note(self, state):
        """Take over the state of now; whether it is a step. The first is none."""
        state = {name: state.get(name) for name in WATCHED}
        if state == self.now:
            return False
        if self.now is None:
            self.now = state
            return False
        self._before = (self._before + [(self.now, words_of(self.now, state))])[-MOST:]
        self._after = []
        self.now = state
        return True

    def undo(self):
        """Go back a step; returns the state to restore and what is undone, or None."""
        return self._move(self._before, self._after)

    def redo(self):
        """Go forward a step; returns the state to restore and what is done again, or None."""
        return self._move(self._after, self._before)

    def _move(self, source, target):
        if not source:
            return None
        state, words = source.pop()
        target.append((self.now, words))
        self.now = state
        return state, words

    def undone_next(self):
        """What would be undone, in words, or None."""
        return self._before[-1][1] if self._before else None

    def redone_next(self):
        """What would be done again, in words, or None."""
        return self._after[-1][1] if self._after else None


def words_of(before, after):
    """What changed between two states, in words."""
    if before["groups"] != after["groups"]:
        return _of_list(_of_groups, before["groups"] or [], after["groups"] or [])
    if before["tray"] != after["tray"]:
        return _of_list(_of_maps, before["tray"] or [], after["tray"] or [])
    if before["columns"] != after["columns"]:
        ours, theirs = before["columns"] or {}, after["columns"] or {}
        names = [name for name in set(ours) | set(theirs) if ours.get(name) != theirs.get(name)]
        return say("the correction of {name}", name=names[0]) if len(names) == 1 else say("corrections of columns")
    return say("the choice of parcels")


def _of_list(words, before, after):
    """What became of one entry of a list; an entry begins with its name."""
    gone = [one for one in before if one not in after]
    new = [one for one in after if one not in before]
    if len(gone) > 1 or len(new) > 1 or not (gone or new):  # or in another order
        return words("", "several")
    if gone and new:
        return words(gone[0][0], "changed")
    return words(new[0][0], "new") if new else words(gone[0][0], "gone")


def _of_groups(name, change):
    return {
        "new": say("adding the group {name}", name=name),
        "gone": say("removing the group {name}", name=name),
        "changed": say("changing the group {name}", name=name),
        "several": say("changes of groups"),
    }[change]


def _of_maps(name, change):
    return {
        "new": say("adding the map {name}", name=name),
        "gone": say("removing the map {name}", name=name),
        "changed": say("changing the map {name}", name=name),
        "several": say("changes of maps"),
    }[change]
