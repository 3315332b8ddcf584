"""Clipboard: figures, their captions and methods, to paste into a document."""

import js
from dom import guarded
from js import Blob, navigator
from jsffi import JsException
from logic.language import say
from pyscript.ffi import to_js


def _refuse(app, reason):
    app.error(say("The browser did not let the page copy: {reason}. Download it instead.", reason=reason))


async def copy_text(app, words, what):
    """Copy a text; ``what`` it is is said in the status line."""
    try:
        await navigator.clipboard.writeText(words)
    except JsException as error:
        _refuse(app, error)
        return
    app.status(say("Copied {what}", what=what))


async def copy_picture(app, arguments):
    """Copy a figure as PNG; ``arguments`` are those of the `figure` call."""
    if not js.window.ClipboardItem:
        _refuse(app, say("it cannot copy pictures"))
        return
    settle = []
    # Asked for at once, while the click is fresh; the picture follows.
    picture = js.Promise.new(guarded(lambda resolve, reject: settle.extend([resolve, reject])))
    written = navigator.clipboard.write(to_js([js.ClipboardItem.new(to_js({"image/png": picture}))]))
    app.status(say("Drawing the picture"))
    try:
        answer = await app.client.call("figure", dict(arguments, format="png", theme="light"))
    except Exception:
        settle[1](say("not drawn"))
        await _settled(written)
        raise
    settle[0](Blob.new(to_js([answer.buffers["file"]["data"]]), to_js({"type": "image/png"})))
    problem = await _settled(written)
    if problem:
        _refuse(app, problem)
    else:
        app.status(say("Copied the figure"))


async def _settled(written):
    """Wait for the browser; returns what it refused, or None."""
    try:
        await written
    except JsException as error:
        return str(error)
    return None
