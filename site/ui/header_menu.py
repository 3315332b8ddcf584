"""Header menu: where the window is narrow, the buttons of the header are folded behind one."""

from dom import find, listen


class HeaderMenu:
    """What unfolds the buttons of the header; the style sheet says in which windows they are folded at all."""

    def __init__(self):
        self._button, self._tools = find("toggle-tools"), find("tools")
        listen(self._button, "click", lambda event: self._open(not self._is_open()))
        listen(self._tools, "click", self._chosen)
        for element in (self._button, self._tools):
            listen(element, "keydown", self._key)

    def _is_open(self):
        return self._tools.classList.contains("open")

    def _open(self, is_open):
        self._tools.classList.toggle("open", is_open)
        self._button.setAttribute("aria-expanded", "true" if is_open else "false")

    def _chosen(self, event):
        """Fold once something is chosen, but for what unfolds more of it."""
        if event.target.closest("button") is not None:
            self._open(False)

    def _key(self, event):
        if event.key == "Escape" and self._is_open():
            self._open(False)
            self._button.focus()
