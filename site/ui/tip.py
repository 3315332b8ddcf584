"""Tip: what is pointed at, in words beside its place, wherever on screen that is.

The same words stand in a readout below each plot, which screen readers hear and which may be out of sight.
"""

import js
from dom import h, listen, show, text

#: Pixels from the place that is meant, to the right and down, and from the edges of the window.
ACROSS, DOWN, EDGE = 14, 18, 6

_shown = [None, None]  # the element once it is made; where it belongs, as a function, if that moves with the page


def point_out(plot, words, where):
    """Show words beside a place in the window: ``(x, y)``, or a function that returns it where it moves with the page.

    ``plot`` is what it is a place of.
    """
    element = _shown[0] = _shown[0] or _make()
    # What is modal covers everything outside it.
    around = plot.closest("dialog") or js.document.body
    if element.parentNode is None or not around.isSameNode(element.parentNode):
        around.append(element)
    text(element, words.replace(" · ", "\n"))
    show(element)
    _shown[1] = where if callable(where) else None
    _place(*(where() if callable(where) else where))


def put_away(*_):
    """Show nothing."""
    if _shown[0] is not None:
        show(_shown[0], False)
        _shown[1] = None


def _make():
    for event in ("pointerdown", "focusout"):
        listen(js.document, event, put_away, capture=True)
    listen(js.document, "keydown", lambda event: put_away() if event.key == "Escape" else None, capture=True)
    listen(js.document, "scroll", _scrolled, capture=True)
    return h("div", cls="tip", aria_hidden="true", hidden=True)


def _scrolled(event):
    # The pointer stays where it is while what it pointed at moves on; a cursor moves with its plot.
    if _shown[1] is None:
        put_away()
    else:
        _place(*_shown[1]())


def _place(x, y):
    element = _shown[0]
    box, width, height = element.getBoundingClientRect(), js.window.innerWidth, js.window.innerHeight
    left = x + ACROSS if x + ACROSS + box.width + EDGE <= width else x - ACROSS - box.width
    top = y + DOWN if y + DOWN + box.height + EDGE <= height else y - DOWN - box.height
    element.style.setProperty("left", f"{min(max(left, EDGE), max(width - box.width - EDGE, EDGE)):.0f}px")
    element.style.setProperty("top", f"{min(max(top, EDGE), max(height - box.height - EDGE, EDGE)):.0f}px")
