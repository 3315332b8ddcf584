"""Disclosure: what gives its room to the figures, the forms beside them and the notes above them.

All of a kind are folded together, and stay as they are until the page is closed; nothing of it is kept.
"""

from dom import find, h
from js import window

#: Pixels of a window below which a form has no room beside its result.
NARROW = 700


class Disclosure:
    """One kind of panel, of which each analysis has one.

    Parameters
    ----------
    cls : str
        The class of the workspace while panels of this kind are folded, for the style sheet to hide what is in them.
    folded : bool or None
        How they begin; None: folded where the window is narrow, so that a result is not below its whole form.
    """

    def __init__(self, cls, folded=None):
        self._cls = cls
        self.folded = window.innerWidth < NARROW if folded is None else folded
        self._buttons = []
        self._tell()

    def button(self, panel, name, cls):
        """Return a button that folds and unfolds.

        Parameters
        ----------
        panel : element
            What it folds; has an id.
        name, cls : str
        """
        button = h("button", name, type="button", cls=cls, aria_controls=panel.id, on={"click": self._toggle})
        self._buttons.append(button)
        self._tell()
        return button

    def unfold(self):
        """Show what is folded."""
        self.folded = False
        self._tell()

    def _toggle(self, event):
        self.folded = not self.folded
        self._tell()

    def _tell(self):
        find("workspace").classList.toggle(self._cls, self.folded)
        for button in self._buttons:
            button.setAttribute("aria-expanded", "false" if self.folded else "true")
