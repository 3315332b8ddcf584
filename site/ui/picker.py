"""Picker: a box in which one of many things is chosen by typing parts of its name (the ARIA combobox pattern)."""

import js
from dom import clear, guarded, h, listen, show, text, unique, width_of
from logic.language import say
from logic.picking import Choices, Favourites, shortened, summary
from long_list import LongList
from pyscript.ffi import to_js

#: Pixels between box and list, and from the edges of the window; the list's height at most, and width at least.
GAP, EDGE, TALL, WIDE = 2, 8, 380, 440
#: Pixels of a box that is not on screen yet, and what of it is not for the text; its font then.
NARROW, BESIDE, FONT = 180, 36, "15px sans-serif"
#: Characters to which a label is shortened at most.
LEAST = 12
#: How far the page keys go.
PAGE = 10

#: The phenotypes that were pinned and chosen in this page; nothing of it is kept.
FAVOURITES = Favourites()


class Picker:
    """A box that says what is chosen, and offers what a typed text may mean.

    Attributes
    ----------
    element, box : element
        The whole, and the box in it.

    Parameters
    ----------
    options : list of (value, label)
    at : int
        The place of the option that is chosen to begin with.
    changed : callable
        ``changed(place)``.
    items : list of dict or None, optional
        The overview's entries of the phenotypes that the options are: searched by their descriptions, and told by kind,
        count and unit. Those can be pinned.
    **attributes
        Of the box.
    """

    def __init__(self, options, at, changed, items=None, **attributes):
        self._labels = [label for value, label in options]
        self._changed = changed
        self._items = items
        self._at = at
        self._found = []  # places of what is offered
        self._active = 0  # which of these the keys are at
        self._lines = {}
        self._headings = {}
        self._marked = None  # the line that the keys are at
        descriptions = [(item or {}).get("description") or "" for item in items] if items else None
        self._choices = Choices(self._labels, descriptions, FAVOURITES if items else None)
        identity = unique("picker")
        self._list = h("ul", role="listbox", id=identity, cls="picker-list", aria_label=say("Choices"), hidden=True)
        self._rows = LongList(self._list, self._list, self._line)
        self.box = h(
            "input",
            type="text",
            role="combobox",
            aria_autocomplete="list",
            aria_expanded="false",
            aria_controls=identity,
            autocomplete="off",
            autocapitalize="off",
            spellcheck="false",
            **attributes,
        )
        self._pin = h("button", "☆", type="button", cls="quiet pin", hidden=not items)
        self.element = h("div", self.box, self._pin, cls="picker")
        self._follow = guarded(lambda *_: self._place())
        listen(self._pin, "click", lambda event: self._toggle_pin())
        listen(self.box, "focus", lambda event: self.box.select())  # what is typed is typed instead of it
        listen(self.box, "click", lambda event: self._open_whole())
        listen(self.box, "input", lambda event: self._open(str(self.box.value)))
        listen(self.box, "keydown", self._key)
        listen(self.box, "blur", lambda event: self._close())
        listen(self._list, "pointerdown", self._pressed)
        self._tell()

    @property
    def _is_open(self):
        return not self._list.hidden

    # --- what is chosen ---

    def _tell(self):
        """Say what is chosen: whole to who points at it or hears it, shortened in the middle where the box is small."""
        label = self._labels[self._at] if self._labels else ""
        beside = self._labels[self._at - 1 if self._at + 1 == len(self._labels) else self._at + 1] if label else ""
        self.box.value = self._fitting(label, beside)
        item = self._items[self._at] if self._items and self._labels else None
        words = f"{label}\n{summary(item)}" if item else label
        self.box.title = f"{words}\n{item['description']}" if item and item["description"] else words
        pinned = label in FAVOURITES.pinned
        show(self._pin, item is not None)
        text(self._pin, "★" if pinned else "☆")
        self._pin.setAttribute("aria-pressed", "true" if pinned else "false")
        self._pin.setAttribute("aria-label", say("Pin {label}", label=label))
        self._pin.title = say("Pinned: offered first") if pinned else say("Pin: offer it first")

    def _fitting(self, label, beside):
        """A label as far as the box has room for it."""
        room, font = (self.box.clientWidth or NARROW) - BESIDE, js.window.getComputedStyle(self.box).font or FONT
        whole = width_of(label, font)
        most, words = len(label), label
        while whole > room and most > LEAST and width_of(words, font) > room:
            most = min(most - 1, int(len(label) * room / whole) + 2)
            words = shortened(label, most, beside)
        return words

    def _toggle_pin(self):
        label = self._labels[self._at]
        FAVOURITES.pin(label, label not in FAVOURITES.pinned)
        self._tell()

    def _take(self, place):
        self._close()
        self._at = place
        if self._items and self._items[place]:
            FAVOURITES.note(self._labels[place])
        self._tell()
        self._changed(place)

    # --- the list ---

    def _open_whole(self):
        if not self._is_open:
            self._open("")

    def _open(self, typed):
        self._found, self._lines, self._headings = self._choices.find(typed), {}, {}
        self._marked = None
        if not typed.strip():
            for heading, places in self._choices.sections():
                self._headings[places[0]] = heading
        self._active = self._found.index(self._at) if not typed.strip() and self._at in self._found[:PAGE] else 0
        if not self._is_open:
            (self.box.closest("dialog") or js.document.body).append(self._list)
            for event in ("scroll", "resize"):
                js.window.addEventListener(event, self._follow, to_js({"capture": True}))
        show(self._list)
        self.box.setAttribute("aria-expanded", "true")
        self._rows.show(list(range(len(self._found))))
        if not self._found:
            nothing = say("Nothing has “{words}” in its name or description", words=typed.strip())
            clear(self._list, h("li", nothing, role="option", aria_disabled="true", cls="note"))
        self._place()
        self._mark()

    def _line(self, rank):
        place = self._found[rank]
        item = self._items[place] if self._items else None
        about = h("span", summary(item), cls="about-it") if item else None
        pinned = "★ " if item and self._labels[place] in FAVOURITES.pinned else None
        line = h(
            "li",
            h("span", pinned, self._labels[place], cls="label"),
            about,
            role="option",
            id=f"{self._list.id}-{rank}",
            aria_selected="false",
            cls="chosen" if place == self._at else "",
        )
        if item and item["description"]:
            line.title = item["description"]
        if self._headings.get(place):
            line.setAttribute("data-heading", self._headings[place])
        self._lines[rank] = line
        return line

    def _mark(self, scroll=True):
        if not self._found:
            self.box.removeAttribute("aria-activedescendant")
            return
        if self._marked is not None:
            self._marked.setAttribute("aria-selected", "false")
        while self._active not in self._lines:  # farther down than anybody has scrolled
            self._rows.grow()
        line = self._marked = self._lines[self._active]
        line.setAttribute("aria-selected", "true")
        self.box.setAttribute("aria-activedescendant", line.id)
        if scroll:
            line.scrollIntoView(to_js({"block": "nearest"}))

    def _place(self):
        """Put the list under the box, or above it where there is more room."""
        box, window = self.box.getBoundingClientRect(), js.window
        below, above = window.innerHeight - box.bottom - EDGE, box.top - EDGE
        style = self._list.style
        up = below < min(TALL, 200) and above > below
        width = min(max(box.width, WIDE), window.innerWidth - 2 * EDGE)
        style.setProperty("width", f"{width:.0f}px")
        style.setProperty("left", f"{max(EDGE, min(box.left, window.innerWidth - width - EDGE)):.0f}px")
        style.setProperty("max-height", f"{max(80, min(TALL, above if up else below)):.0f}px")
        style.setProperty("top", "auto" if up else f"{box.bottom + GAP:.0f}px")
        style.setProperty("bottom", f"{window.innerHeight - box.top + GAP:.0f}px" if up else "auto")

    def _close(self):
        if not self._is_open:
            return
        for event in ("scroll", "resize"):
            js.window.removeEventListener(event, self._follow, to_js({"capture": True}))
        show(self._list, False)
        self._list.remove()
        self._found, self._lines = [], {}
        self.box.setAttribute("aria-expanded", "false")
        self.box.removeAttribute("aria-activedescendant")
        self._tell()

    # --- keys and mouse ---

    def _key(self, event):
        key, last = event.key, len(self._found) - 1
        moves = {"ArrowDown": 1, "ArrowUp": -1, "PageDown": PAGE, "PageUp": -PAGE}
        if event.ctrlKey or event.metaKey:
            return
        if key in moves and not self._is_open:
            self._open_whole()
        elif key in moves and self._found:
            there = self._active + moves[key]
            wraps = abs(moves[key]) == 1
            self._active = there % (last + 1) if wraps else min(max(there, 0), last)
            self._mark()
        elif key == "Enter" and self._is_open and self._found:
            self._take(self._found[self._active])
        elif key == "Enter":
            pass  # it would send the form off
        elif key == "Escape" and self._is_open:
            event.stopPropagation()  # what is around it, a dialog for one, stays open
            self._close()
        else:
            return
        event.preventDefault()

    def _pressed(self, event):
        event.preventDefault()  # or the box would lose the focus, and the list close
        line = event.target.closest("[role=option]")
        if line is not None and line.id:
            self._take(self._found[int(str(line.id).split("-")[-1])])
