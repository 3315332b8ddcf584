"""Downloads: figures, tables and scripts that the engine makes, handed to the browser as files."""

from clipboard import copy_picture, copy_text
from dom import guarded, h, listen, text
from js import URL, Blob, document, navigator, setTimeout, window
from logic.language import say
from pyscript.ffi import to_js

FORMATS = ("svg", "pdf", "png")
#: Millimetres, None as large as it is drawn.
WIDTHS = ((None, say("As drawn")), (89, say("One column, 89 mm")), (183, say("Two columns, 183 mm")))
EDGE = 8  # pixels between a panel and the edge of what it is in


def blob_url(data, mime):
    """An address for bytes of the engine; whoever asks revokes it."""
    return URL.createObjectURL(Blob.new(to_js([data]), to_js({"type": mime})))


def save(data, filename, mime):
    """Let the browser save ``data`` (an ArrayBuffer or a str) under ``filename``."""
    address = blob_url(data, mime)
    link = h("a", href=address, download=filename)
    document.body.appendChild(link)
    link.click()
    link.remove()
    # The browser reads the blob after the click has returned. (Not window.setTimeout: once a function was reached as
    # a method, MicroPython calls it as one for good, and dom.later calls it as a function.)
    setTimeout(guarded(lambda: URL.revokeObjectURL(address)), 10000)


async def save_answer(app, call, arguments):
    """Ask the engine for a file and save it."""
    answer = await app.client.call(call, arguments)
    save(answer.buffers["file"]["data"], answer.json["filename"], answer.json["mime"])
    app.status(say("Saved {filename}", filename=answer.json["filename"]))


def popup(face, label, *content):
    """A button that opens a small panel; Escape, or leaving it, closes it."""
    summary = h("summary", face, cls="button quiet", aria_label=label, title=label)
    details = h("details", summary, h("div", content, cls="items"), cls="menu")

    def key(event):
        if event.key == "Escape" and details.open:
            event.stopPropagation()
            event.preventDefault()
            details.open = False
            summary.focus()

    def left(event):
        if not details.contains(event.relatedTarget):
            details.open = False

    listen(details, "keydown", key)
    listen(details, "focusout", left)
    listen(details, "toggle", lambda event: _bring_into_view(details))
    return details


def _bring_into_view(details):
    """Move an open panel to where nothing cuts it off: the part of the page that it belongs to, and the window."""
    if not details.open:
        return
    panel = details.lastElementChild
    panel.style.removeProperty("transform")
    around = details.closest("dialog, .parameters, aside, main") or document.body
    frame, box = around.getBoundingClientRect(), panel.getBoundingClientRect()
    left, right = max(frame.left, 0) + EDGE, min(frame.right, window.innerWidth) - EDGE
    top, bottom = max(frame.top, 0) + EDGE, min(frame.bottom, window.innerHeight) - EDGE
    across = max(min(right - box.right, 0), left - box.left)
    up = box.height + details.getBoundingClientRect().height + 8
    down = -up if box.bottom > bottom and box.top - up >= top else 0
    panel.style.setProperty("transform", f"translate({across:.0f}px, {down:.0f}px)")


def rename(details, label):
    """Give a popup or menu another name."""
    summary = details.querySelector("summary")
    summary.setAttribute("aria-label", label)
    summary.setAttribute("title", label)


def menu(label, items, face=None, first=None):
    """A button that opens a list; ``items`` are ``(text, function)``, ``face`` is what it says, "Download" if None.

    ``first`` is an element that stands above them.
    """

    def chooser(action):
        def choose(event):
            details.open = False
            details.firstElementChild.focus()
            return action()

        return choose

    buttons = [h("button", name, type="button", on={"click": chooser(action)}) for name, action in items]
    details = popup(face or say("Download"), label, first, buttons)
    return details


def figure_menu(app, label, arguments, more=()):
    """A menu of the formats and sizes of a figure, with its caption; ``arguments()`` gives those of the `figure` call.

    ``more`` are other items.
    """
    options = [h("option", name, value=place) for place, (width, name) in enumerate(WIDTHS)]
    size = h("select", options, aria_label=say("Width of the figure"))

    def wanted(**more):
        # Light in either theme: figures go on paper.
        width = WIDTHS[int(str(size.value))][0]
        return dict(arguments(), theme="light", width=width, **more)

    def fetcher(kind):
        def fetch():
            app.status(say("Drawing the {kind}", kind=kind.upper()))
            return save_answer(app, "figure", wanted(format=kind))

        return fetch

    async def copy_caption():
        await copy_text(app, (await app.client.call("caption", arguments())).json["text"], say("the caption"))

    formats = [(kind.upper(), fetcher(kind)) for kind in FORMATS]
    copies = [(say("Copy picture"), lambda: copy_picture(app, wanted())), (say("Copy caption"), copy_caption)]
    details = menu(label, formats + copies + list(more), first=size)
    details.classList.add("download")
    return details


async def show_script(app, analysis, params):
    """Show the Python script that reproduces a result, to copy or to keep."""
    answer = await app.client.call("script", {"analysis": analysis, "params": params})
    script, filename = answer.json["script"], answer.json["filename"]
    copied = h("span", role="status", cls="note")

    async def copy(event):
        await navigator.clipboard.writeText(script)
        text(copied, say("Copied"))

    dialog = h(
        "dialog",
        h("h2", say("Python script")),
        h("p", say("Reproduces this result with the imagenomer package, outside the browser."), cls="note"),
        h("pre", h("code", script), tabindex="0", aria_label=say("Script")),
        h(
            "div",
            h("button", say("Copy"), type="button", on={"click": copy}),
            h(
                "button",
                say("Download"),
                type="button",
                on={"click": lambda event: save(script, filename, "text/x-python")},
            ),
            copied,
            h("button", say("Close"), type="button", cls="primary", on={"click": lambda event: dialog.close()}),
            cls="actions",
        ),
        cls="script",
        aria_label=say("Python script"),
        on={"close": lambda event: dialog.remove()},
    )
    document.body.appendChild(dialog)
    dialog.showModal()
