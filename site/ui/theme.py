"""Theme: light or dark, as the user or the system wants it."""

import js
from dom import find, listen
from preferences import store, stored


class Theme:
    """The theme of the page; ``changed()`` is called whenever it is another.

    Attributes
    ----------
    name : str
        "light" or "dark", as it is on screen.
    """

    def __init__(self, changed):
        self._changed = changed
        self._dark = js.window.matchMedia("(prefers-color-scheme: dark)")
        self._chosen = stored("theme", "system")
        find("theme").value = self._chosen
        self._apply()
        listen(find("theme"), "change", self._choose)
        listen(self._dark, "change", lambda event: self._apply())

    def _choose(self, event):
        self._chosen = str(event.target.value)
        store("theme", self._chosen)
        self._apply()

    def _apply(self):
        self.name = self._chosen if self._chosen != "system" else "dark" if self._dark.matches else "light"
        js.document.documentElement.setAttribute("data-theme", self.name)
        self._changed()
