"""Shortcuts: which single key does what, and where keys are left to what has the focus."""

from logic.language import known, say

#: Keys and what they do, as they are listed; the first of each is what a keyboard sends.
KEYS = (
    ("p", "P", say("Go to the parameters")),
    ("r", "R", say("Run")),
    ("s", "S", say("Go to the result")),
    ("f", "F", say("Full screen: the first map in sight, or that with the focus; Escape leaves it")),
    ("d", "D", say("Download the first figure in sight, or that with the focus")),
    ("/", "/", say("Find: a parcel or an edge in a map, a row of a table, a phenotype")),
    ("?", "?", say("These keys")),
)
#: Tabs that have a digit.
DIGITS = "123456789"
#: Elements that take letters and digits themselves: texts, and lists whose entries are found by typing.
TYPED_INTO = ("textarea", "select")
#: Kinds of input that take none.
NOT_TYPED_INTO = ("checkbox", "radio", "range", "file", "button", "submit")


def listed(tabs):
    """What the list of keys says: pairs of keys and what they do.

    Parameters
    ----------
    tabs : list of str
        Names of the tabs in their order; empty while nothing is open.
    """
    lines = [(DIGITS[place], known(tabs[place])) for place in range(min(len(tabs), len(DIGITS)))]
    lines += [(face, what) for key, face, what in KEYS]
    lines.append(("Ctrl+Z", say("Undo what changed groups, columns, parcels or the tray")))
    lines.append(("Ctrl+Shift+Z", say("Redo")))
    return lines


def meaning_of(key, n_tabs):
    """What a key means: ``("tab", place)``, ``("key", key)`` or None.

    Parameters
    ----------
    key : str
        As the browser tells it.
    n_tabs : int
    """
    if len(key) == 1 and key in DIGITS:
        place = DIGITS.index(key)
        return ("tab", place) if place < n_tabs else None
    lowered = key.lower()
    return ("key", lowered) if lowered in [one[0] for one in KEYS] else None


def is_typed_into(tag, kind, is_editable):
    """Whether keys go into an element: its tag and ``type`` in lower case, and whether its content can be edited."""
    if is_editable or tag in TYPED_INTO:
        return True
    return tag == "input" and kind not in NOT_TYPED_INTO
