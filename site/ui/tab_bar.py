"""Tab bar: the tabs of the page, by mouse and by keyboard."""

from dom import find, h, listen
from logic.language import known
from pyscript.ffi import to_js


class TabBar:
    """The buttons of the tabs; ``go(name)`` shows a tab.

    Attributes
    ----------
    names : list of str
        The tabs in their order.
    """

    def __init__(self, go):
        self._go = go
        self.names = []
        self._here = None
        listen(find("tabs"), "keydown", self._key)

    def build(self, names):
        """Make the buttons."""
        self.names = names
        for name in names:
            button = h(
                "button",
                known(name),
                type="button",
                role="tab",
                id=f"tab-{name}",
                data_name=name,
                aria_controls="content",
            )
            listen(button, "click", self._clicker(name))
            find("tabs").append(button)

    def select(self, name):
        """Mark the tab that is shown."""
        self._here = name
        for other in self.names:
            button = find(f"tab-{other}")
            button.setAttribute("aria-selected", "true" if other == name else "false")
            button.tabIndex = 0 if other == name else -1
        # Where the tabs are one line that is scrolled.
        find(f"tab-{name}").scrollIntoView(to_js({"block": "nearest", "inline": "nearest"}))
        find("content").setAttribute("aria-labelledby", f"tab-{name}")

    def mark(self, name, is_usable):
        """Mark a tab as one that the cohort has nothing for."""
        find(f"tab-{name}").classList.toggle("lacking", not is_usable)

    def focus(self, name):
        find(f"tab-{name}").focus()

    def _clicker(self, name):
        return lambda event: self._go(name)

    def _key(self, event):
        here = self.names.index(self._here)
        there = {"ArrowRight": here + 1, "ArrowLeft": here - 1, "Home": 0, "End": -1}.get(event.key)
        if there is not None:
            event.preventDefault()
            name = self.names[there % len(self.names)]
            self._go(name)
            self.focus(name)
