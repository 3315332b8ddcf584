"""Clipboard: figures, their captions and methods, to paste into a document."""

import js
from dom import guarded
from js import Blob, navigator
from jsffi import JsException
from pyscript.ffi import to_js

#: Where the browser does not let the page write.
_REFUSED = "The browser did not let the page copy: {}. Download it instead."


async def copy_text(app, words, what):
    """Copy a text; ``what`` it is is said in the status line."""
    try:
        await navigator.clipboard.writeText(words)
    except JsException as error:
        app.error(_REFUSED.format(error))
        return
    app.status(f"Copied {what}")


async def copy_picture(app, arguments):
    """Copy a figure as PNG; ``arguments`` are those of the `figure` call."""
    if not js.window.ClipboardItem:
        app.error(_REFUSED.format("it cannot copy pictures"))
        return
    settle = []
    # Asked for at once, while the click is fresh; the picture follows.
    picture = js.Promise.new(guarded(lambda resolve, reject: settle.extend([resolve, reject])))
    written = navigator.clipboard.write(to_js([js.ClipboardItem.new(to_js({"image/png": picture}))]))
    app.status("Drawing the picture")
    try:
        answer = await app.client.call("figure", dict(arguments, format="png", theme="light"))
    except Exception:
        settle[1]("not drawn")
        await _settled(written)
        raise
    settle[0](Blob.new(to_js([answer.buffers["file"]["data"]]), to_js({"type": "image/png"})))
    problem = await _settled(written)
    if problem:
        app.error(_REFUSED.format(problem))
    else:
        app.status("Copied the figure")


async def _settled(written):
    """Wait for the browser; returns what it refused, or None."""
    try:
        await written
    except JsException as error:
        return str(error)
    return None
