"""The saved state: what is on screen, as JSON in the fragment of the address, so that a link or a reload restores it.

A fragment is never sent to a server. It holds choices, among them group expressions as the user wrote them, and
nothing about a subject. Back and forward undo and redo.
"""

import json

import js
from dom import listen
from jsffi import JsException

#: What the user does that may change what is on screen; whatever follows belongs to it and takes no step of its own.
_DEEDS = ("click", "change", "pointerdown", "drop")

#: Where the guided tour begins.
BEGINNING = {"demo": "full", "tour": 0}


class History:
    """The way through the states: ``moved(spec)`` is called when the user goes back or forward."""

    def __init__(self, moved):
        self.spec = read()
        self._moved = moved
        self._deliberate = False
        for deed in _DEEDS:
            listen(js.document, deed, self._note, capture=True)
        listen(js.document, "keydown", self._note_key, capture=True)
        listen(js.window, "popstate", self._pop)

    def record(self, spec):
        """Take over the state of now: one step for each deed of the user, however many changes follow from it."""
        if spec == self.spec:
            return
        self.spec = spec
        if self._deliberate:
            self._deliberate = False
            js.history.pushState(None, "", written(spec))
        else:
            js.history.replaceState(None, "", written(spec))

    def _note(self, event):
        self._deliberate = True

    def _note_key(self, event):
        if event.key in ("Enter", " "):
            self._deliberate = True

    def _pop(self, event):
        self._deliberate = False
        self.spec = read()
        self._moved(self.spec)


def written(spec):
    """Return the fragment of a state."""
    return "#" + js.encodeURI(json.dumps(spec, separators=(",", ":"))).replace("#", "%23")


def read():
    """Return the state in the address: {} where there is none, or none that can be read."""
    fragment = js.location.hash[1:]
    if fragment == "tour":
        return dict(BEGINNING)
    if fragment.startswith("demo"):
        name = fragment[len("demo=") :]
        return {"demo": name if name in ("quick", "second", "second-quick") else "full"}
    try:
        spec = json.loads(js.decodeURIComponent(fragment))
    except (JsException, ValueError):
        return {}
    return spec if isinstance(spec, dict) else {}
