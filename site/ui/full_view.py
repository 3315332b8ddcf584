"""Full view: one view of a result with the whole window to itself, until Escape or its button takes it back."""

from dom import add, h, listen, text
from js import document
from logic.language import say
from pyscript.ffi import to_js

ENTER, LEAVE = say("Full screen"), say("Leave full screen")


class FullView:
    """What shows an element in the whole window.

    Parameters
    ----------
    title : callable
        ``title()`` names what is shown.

    Attributes
    ----------
    button : element
        It enters and leaves; it belongs into the element.
    stand_in : element or None
        What keeps the element's place meanwhile; None while the element is there itself.
    """

    def __init__(self, title):
        self._title = title
        self._element = None
        self.stand_in = None
        self.button = h("button", ENTER, type="button", cls="quiet full-button", on={"click": self._toggle})
        self._dialog = h("dialog", cls="full")
        listen(self._dialog, "close", self._leave)

    def of(self, element):
        """Show this element."""
        self._element = element

    def _toggle(self, event):
        if self.stand_in is not None:
            self._dialog.close()
            return
        height = self._element.getBoundingClientRect().height
        # As high as what it stands for, so that the page behind does not scroll.
        self.stand_in = h("div", style={"height": f"{height:.0f}px"})
        self._element.replaceWith(self.stand_in)
        add(self._dialog, self._element)
        self._dialog.setAttribute("aria-label", self._title())
        add(document.body, self._dialog)
        self._dialog.showModal()
        self._say(LEAVE)

    def _leave(self, event):
        self.stand_in.replaceWith(self._element)
        self.stand_in = None
        self._dialog.remove()
        self._say(ENTER)

    def _say(self, words):
        text(self.button, words)
        # Moving an element takes the focus off what is in it.
        self.button.focus(to_js({"preventScroll": True}))
