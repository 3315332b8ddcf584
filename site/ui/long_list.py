"""Long lists: drawn as far as they are seen, and searched by a word typed above them.

A cohort may have thousands of phenotypes, and a category thousands of levels. To draw an element takes MicroPython
about a tenth of a millisecond, so nothing is drawn that nobody has scrolled to.
"""

from dom import add, clear, h, listen
from logic.language import say
from logic.picking import Choices

#: A list longer than this gets a box to find what is in it.
MANY = 12
#: Entries drawn at first, and whenever the end of what is drawn comes near.
CHUNK = 60
#: Pixels from the end of what is drawn at which more is.
NEAR = 600


class LongList:
    """Entries in a box that scrolls, drawn as far as somebody has scrolled.

    Parameters
    ----------
    box : element
        What scrolls.
    place : element
        Where the entries go: the box, or something in it.
    draw : callable
        ``draw(entry)`` returns the element of an entry.
    """

    def __init__(self, box, place, draw):
        self._box = box
        self._place = place
        self._draw = draw
        self._entries = []
        self._n_drawn = 0
        listen(box, "scroll", lambda event: self._grow())

    def show(self, entries):
        """Show these entries, from the first."""
        self._entries, self._n_drawn = entries, 0
        clear(self._place)
        self._box.scrollTop = 0
        self._add()

    def grow(self):
        """Draw some more, whether anybody has scrolled there or not."""
        self._add()

    def _grow(self):
        while self._n_drawn < len(self._entries) and self._is_near_the_end():
            self._add()

    def _is_near_the_end(self):
        box = self._box
        return box.scrollTop + box.clientHeight + NEAR > box.scrollHeight

    def _add(self):
        more = self._entries[self._n_drawn : self._n_drawn + CHUNK]
        self._n_drawn += len(more)
        add(self._place, [self._draw(entry) for entry in more])


def sieve(what, sift):
    """A box to type a part of a name into; ``sift(word)`` is called with it, in small letters."""
    box = h(
        "input",
        type="search",
        placeholder=say("Find"),
        aria_label=say("Find in {what}", what=what),
        cls="sieve",
        autocomplete="off",
    )
    listen(box, "input", lambda event: sift(str(box.value).strip().lower()))
    return box


class TickList:
    """Tick boxes of a list of any length.

    Attributes
    ----------
    element, finder : element
        The boxes; what finds them by name, None where they are few.

    Parameters
    ----------
    options : list of (value, label)
    ticked : list
        The values that are ticked.
    changed : callable
        ``changed(values)``: those that are ticked now, in the order of the options.
    what : str
        What the list holds: "Covariates".
    colours : dict, optional
        Of a value, as a swatch before its label.
    described : dict, optional
        Of a value, in words that are searched too.
    **attributes
        Of the element.
    """

    def __init__(self, options, ticked, changed, what, colours=None, described=None, **attributes):
        self._options = options
        self._changed = changed
        self._colours = colours or {}
        self._described = described or {}
        plain = all(isinstance(value, str) for value, label in options)
        known = {value for value in ticked if isinstance(value, str)} if plain else ticked
        self._ticked = {position for position, (value, label) in enumerate(options) if value in known}
        self.element = h("div", **attributes)
        self._list = LongList(self.element, self.element, self._line)
        self._list.show(list(range(len(options))))
        self.finder = sieve(what, self._sift) if len(options) > MANY else None

    @property
    def values(self):
        """The values that are ticked, in the order of the options."""
        return [self._options[position][0] for position in sorted(self._ticked)]

    def _line(self, position):
        value, label = self._options[position]
        box = h("input", type="checkbox")
        box.checked = position in self._ticked

        def take(event):
            (self._ticked.add if box.checked else self._ticked.discard)(position)
            self._changed(self.values)

        listen(box, "change", take)
        colour = self._colours.get(value) if self._colours else None
        swatch = h("span", cls="swatch", aria_hidden="true", style={"background": colour}) if colour else None
        return h("label", box, swatch, h("span", label), cls="check")

    def _sift(self, word):
        described = [self._described.get(value, "") for value, label in self._options] if self._described else None
        places = Choices([label for value, label in self._options], described).find(word)
        # In the order of the file, in which they are ticked and told.
        self._list.show(sorted(places))
