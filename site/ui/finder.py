"""Find box: where one types the name of a parcel, a network or an edge, to see it marked."""

from dom import clear, h, listen, show, unique
from logic.finding import Finder
from logic.language import say


class FindBox:
    """A box that offers what is typed may mean.

    ``choose(find)`` is called with a `logic.finding.Find`, or None when the box is emptied.

    Attributes
    ----------
    element : element
    """

    def __init__(self, choose):
        self._choose = choose
        self._finder = Finder([], [])
        self._finds = []
        self._at = 0
        identity = unique("find")
        self._list = h("ul", role="listbox", id=identity, aria_label=say("What it may be"), hidden=True)
        self._box = h(
            "input",
            type="search",
            role="combobox",
            aria_label=say("Find a parcel, a network or an edge"),
            aria_autocomplete="list",
            aria_expanded="false",
            aria_controls=identity,
            placeholder=say("Find: name, number, x y z, A – B"),
            autocomplete="off",
            spellcheck="false",
        )
        self.element = h("div", self._box, self._list, cls="find-box")
        listen(self._box, "input", lambda event: self._offer())
        listen(self._box, "keydown", self._key)
        listen(self.element, "focusout", self._left)
        listen(self._list, "pointerdown", self._pressed)

    def search(self, labels, networks, coordinates, titles):
        """Search these parcels, as `Finder` takes them."""
        self._finder = Finder(labels, networks, coordinates, titles)
        self._close()

    def _offer(self):
        typed = str(self._box.value)
        self._finds, self._at = self._finder.find(typed), 0
        options = [
            h("li", find.words, role="option", id=f"{self._list.id}-{place}") for place, find in enumerate(self._finds)
        ]
        if typed.strip() and not options:
            options = [h("li", say("Nothing of that name"), cls="note", role="option", aria_disabled="true")]
        if not typed.strip():
            self._choose(None)
        clear(self._list, options)
        show(self._list, bool(options))
        self._box.setAttribute("aria-expanded", "true" if options else "false")
        self._mark()

    def _mark(self):
        for place in range(len(self._finds)):
            option = self._list.children[place]
            option.setAttribute("aria-selected", "true" if place == self._at else "false")
        if self._finds:
            self._box.setAttribute("aria-activedescendant", self._list.children[self._at].id)
        else:
            self._box.removeAttribute("aria-activedescendant")

    def _close(self):
        self._finds = []
        show(self._list, False)
        self._box.setAttribute("aria-expanded", "false")
        self._mark()

    def _take(self):
        find = self._finds[self._at]
        self._box.value = find.words
        self._close()
        self._choose(find)

    def _key(self, event):
        steps = {"ArrowDown": 1, "ArrowUp": -1}
        if event.key in steps and self._finds:
            self._at = (self._at + steps[event.key]) % len(self._finds)
            self._mark()
        elif event.key == "Enter" and self._finds:
            self._take()
        elif event.key == "Escape" and (self._finds or self._box.value):
            # Not what is around it, a dialog for one: this Escape is meant for what was typed.
            event.stopPropagation()
            self._box.value = ""
            self._close()
            self._choose(None)
        else:
            return
        event.preventDefault()

    def _left(self, event):
        if not self.element.contains(event.relatedTarget):
            self._close()

    def _pressed(self, event):
        event.preventDefault()  # or the box would lose the focus, and the list close
        option = event.target.closest("[role=option]")
        for place in range(len(self._finds)):
            if option is not None and self._list.children[place].isSameNode(option):
                self._at = place
                self._take()
                return
