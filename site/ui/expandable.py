"""Expandable: a place of fixed height for words still to come, which opens when the reader wants to see them all."""

import js
from dom import h, later, listen, text
from logic.language import say


class Expandable:
    """A box that keeps its height whatever comes into it; what does not fit is a button away.

    Parameters
    ----------
    what : str
        What is in it: "the verdict".
    children : list of elements
    cls : str
        Whose ``height`` the box has.
    """

    def __init__(self, what, children, cls):
        self._what = what
        self._open = False
        self._box = h("div", children, cls=f"held {cls}")
        self._button = h("button", type="button", cls="link", on={"click": self._toggle})
        self.element = h("div", self._box, self._button, cls="fold")
        self.hold(True)
        listen(js.window, "resize", later(150, self.measure))

    def hold(self, held):
        """Keep the height (or take what is needed, for what comes at once)."""
        self._held = held
        self.measure()

    def measure(self, *_):
        """Offer to show all where something does not fit; to be called when something has come in."""
        self._box.classList.toggle("open", self._open or not self._held)
        fits = self._box.scrollHeight <= self._box.clientHeight + 1
        text(
            self._button,
            say("Show less of {what}", what=self._what) if self._open else say("Show all of {what}", what=self._what),
        )
        self._button.classList.toggle("unneeded", fits and not self._open)
        self._button.hidden = not self._held

    def _toggle(self, event):
        self._open = not self._open
        self.measure()
