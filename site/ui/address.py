"""The saved state in the address of the page: see `logic.address` for what it holds."""

import js
from dom import listen
from jsffi import JsException
from logic.address import Steps, read, written

#: What the user does that may change what is on screen; whatever follows belongs to it and takes no step of its own.
_ACTIONS = ("click", "change", "pointerdown", "drop")


class History(Steps):
    """The way through the states: ``moved(spec)`` is called when the user goes back or forward."""

    def __init__(self, moved):
        super().__init__(_state_of_address())
        self._moved = moved
        for action in _ACTIONS:
            listen(js.document, action, lambda event: self.note_action(), capture=True)
        listen(js.document, "keydown", self._note_key, capture=True)
        listen(js.window, "popstate", self._pop)

    def record(self, spec):
        """Take over the state of now: one step for each action of the user, however many changes follow from it."""
        way = self.step_to(spec)
        if way == "push":
            js.history.pushState(None, "", written(spec, js.encodeURI))
        elif way == "replace":
            js.history.replaceState(None, "", written(spec, js.encodeURI))

    def _note_key(self, event):
        if event.key in ("Enter", " "):
            self.note_action()

    def _pop(self, event):
        self.move_to(_state_of_address())
        self._moved(self.spec)


def _state_of_address():
    return read(js.location.hash[1:], _decoded)


def _decoded(fragment):
    try:
        return js.decodeURIComponent(fragment)
    except JsException as error:
        raise ValueError(f"not an address: {error}")
