"""Build and change the document from Python.

Text only ever becomes text nodes and attributes, never markup, so that nothing in a data file can become
part of the page; styles are set one property at a time, which the Content-Security-Policy allows.
"""

import asyncio

import js
from pyscript.ffi import create_proxy, to_js

_SVG = "http://www.w3.org/2000/svg"

# Where exceptions of event handlers go; the App puts its own here.
_failed = [None]


def on_failure(report):
    """Call ``report(exception)`` for whatever an event handler or a timer raises."""
    _failed[0] = report


async def attempt(coroutine):
    """Await a coroutine and report what it raises."""
    try:
        return await coroutine
    except asyncio.CancelledError:
        raise
    except Exception as error:
        if _failed[0] is None:
            raise
        _failed[0](error)


def start(coroutine):
    """Run a coroutine beside everything else, reporting what it raises; returns the task."""
    return asyncio.create_task(attempt(coroutine))


def guarded(handler):
    """Wrap a function or coroutine function so that what it raises is reported; returns a JavaScript function.

    A coroutine runs after the event is over, too late to prevent the default or to read what was dropped.
    """

    def call(*arguments):
        try:
            outcome = handler(*arguments)
        except Exception as error:
            if _failed[0] is None:
                raise
            _failed[0](error)
            return
        # MicroPython's coroutines are generators.
        if hasattr(outcome, "send"):
            start(outcome)

    return create_proxy(call)


def listen(element, event, handler, **options):
    """Add an event listener; ``handler(event)`` may be a coroutine function."""
    element.addEventListener(event, guarded(handler), to_js(options))


def h(tag, *children, cls="", id=None, on=None, style=None, **attributes):
    """Create an HTML element.

    ``children`` are elements, texts or numbers, lists of them, or None. An attribute that is None or False is left out,
    True is written without a value, and underscores become dashes (``aria_label=``, ``for_=``). ``value`` is set as a
    property, last, so that it also chooses an option of a select. ``on`` maps events to handlers, ``style`` CSS
    properties to values.
    """
    return _fill(js.document.createElement(tag), children, cls, id, on, style, attributes)


def svg(tag, *children, cls="", id=None, on=None, style=None, **attributes):
    """Create an SVG element, as `h` does; attributes whose names have capitals (``viewBox``) are kept as written."""
    return _fill(js.document.createElementNS(_SVG, tag), children, cls, id, on, style, attributes)


def _fill(element, children, cls, id, on, style, attributes):
    if cls:
        element.setAttribute("class", cls)
    if id is not None:
        element.id = id
    value = attributes.pop("value", None)
    for name, setting in attributes.items():
        if setting is None or setting is False:
            continue
        name = name.rstrip("_").replace("_", "-")
        element.setAttribute(name, "" if setting is True else str(setting))
    add(element, *children)
    if value is not None:
        element.value = str(value)
    for name, setting in (style or {}).items():
        element.style.setProperty(name, str(setting))
    for event, handler in (on or {}).items():
        listen(element, event, handler)
    return element


def add(element, *children):
    """Append children (see `h`) to an element."""
    _add_all(element, children)
    return element


def _add_all(element, children):
    # One after another: a long list as arguments of a call would fill MicroPython's stack.
    for child in children:
        if child is None:
            continue
        if isinstance(child, (list, tuple)):
            _add_all(element, child)
        elif isinstance(child, (str, int, float)):
            element.append(js.document.createTextNode(str(child)))
        else:
            element.append(child)


def text(element, content):
    """Replace what is in an element by a text."""
    element.textContent = str(content)


def broken(words):
    """A text whose line may end after an underscore, as children of an element."""
    pieces = []
    for piece in words.replace("_", "_\n").split("\n"):
        pieces.append(piece)
        pieces.append(h("wbr"))
    return pieces[:-1]


def clear(element, *children):
    """Empty an element, and put ``children`` in; listeners go with the elements they were on."""
    element.replaceChildren()
    return add(element, *children)


def show(element, visible=True):
    element.hidden = not visible


def set_busy(element, busy=True):
    """Dim what is in an element (see views.css) while it is not yet what was asked for."""
    element.setAttribute("aria-busy", "true" if busy else "false")


def hide(element):
    element.hidden = True


def find(id):
    """Return the element of the page with this id."""
    return js.document.getElementById(id)


def later(milliseconds, action):
    """Return a function that runs ``action`` once it has not been called for so long, with the last arguments."""
    pending = [None, ()]

    def fire():
        pending[0] = None
        return action(*pending[1])

    fire_in_page = guarded(fire)

    def call(*arguments):
        if pending[0] is not None:
            js.clearTimeout(pending[0])
        pending[1] = arguments
        pending[0] = js.setTimeout(fire_in_page, milliseconds)

    return call


_unique = [0]


def unique(prefix):
    """Return an id for an element that nothing else has."""
    _unique[0] += 1
    return f"{prefix}-{_unique[0]}"


_canvas = [None]


def width_of(words, font):
    """Pixels that a text takes in a font, as CSS writes it."""
    if _canvas[0] is None:
        _canvas[0] = js.document.createElement("canvas").getContext("2d")
    _canvas[0].font = font
    return _canvas[0].measureText(words).width
