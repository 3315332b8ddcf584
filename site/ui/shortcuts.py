"""Shortcuts: single keys for what is done most, the list of them, and the links that skip what comes before a result.

A key does nothing while something is typed, or a dialog asks for something. All of them can be switched off, because
whoever dictates to the machine types letters without meaning a key; nothing of that is kept.
"""

import js
from dom import find, h, listen, show
from logic.language import say
from logic.shortcuts import is_typed_into, listed, meaning_of

#: What of a view takes each key.
_TAKERS = {
    "f": ".full-button",
    "d": ".download > summary",
    "/": ".find-box input, .views .sieve, .found .sieve, .finder",
}


class Shortcuts:
    """The keys of the page."""

    def __init__(self, app):
        self._app = app
        self._are_on = True
        self._deeds = {"p": self._go_to_parameters, "r": self._run, "s": self._go_to_result, "?": self._list}
        listen(js.document, "keydown", self._key)
        listen(find("show-keys"), "click", lambda event: self._list())
        listen(find("skip"), "click", self._skip)
        listen(find("skip-to-result"), "click", self._skip)
        # There is something to skip to only where a result is.
        listen(find("skip"), "focus", lambda event: show(find("skip-to-result"), _result() is not None))

    def _key(self, event):
        if event.defaultPrevented or event.ctrlKey or event.metaKey or event.altKey or event.repeat:
            return
        tabs = self._tabs()
        meaning = meaning_of(str(event.key), len(tabs))
        if meaning is None or _takes_text(event.target):
            return
        kind, which = meaning
        dialog = js.document.querySelector("dialog[open]")
        if not self._are_on or (dialog is not None and not dialog.classList.contains("full")):
            return
        if which != "?" and not tabs:
            return
        event.preventDefault()
        if kind == "tab":
            if dialog is None:
                self._app.show_tab(tabs[which])
                self._app.tab_bar.focus(tabs[which])
        elif which in _TAKERS:
            _take(which, dialog)
        elif dialog is None:
            self._deeds[which]()

    def _tabs(self):
        return [] if find("workspace").hidden else self._app.tab_bar.names

    # --- what the keys do ---

    def _go_to_parameters(self):
        field = js.document.querySelector("#content .params .field:not([hidden]) :is(input, select, textarea)")
        if field is not None:
            self._app.forms.unfold()
            field.focus()

    def _run(self):
        form = js.document.querySelector("#content form.params")
        if form is not None:
            form.requestSubmit()

    def _go_to_result(self):
        place = _result() or find("content")
        place.tabIndex = -1
        place.focus()

    def _skip(self, event):
        event.preventDefault()  # the fragment is the state
        if event.target.id == "skip":
            find("content").focus()
        else:
            self._go_to_result()

    # --- the list of them ---

    def _list(self):
        box = h("input", type="checkbox", checked=self._are_on)

        def switched(event):
            self._are_on = bool(box.checked)

        listen(box, "change", switched)
        lines = [h("div", h("dt", h("kbd", key)), h("dd", what)) for key, what in listed(self._tabs())]
        dialog = h(
            "dialog",
            h(
                "header",
                h("h2", say("Keys"), tabindex="-1", autofocus=True, id="keys-title"),
                h("button", say("Close"), type="button", on={"click": lambda event: dialog.close()}),
            ),
            h("dl", lines),
            h("label", box, say(" Single keys work, until the page is closed"), cls="check"),
            h("p", say("Each map, scatter and grid has keys of its own: “?” beside its title."), cls="note"),
            cls="keys",
            aria_labelledby="keys-title",
            on={"close": lambda event: dialog.remove()},
        )
        js.document.body.appendChild(dialog)
        dialog.showModal()


def _result():
    """The result that is shown, or None."""
    return js.document.querySelector("#content .result:not([hidden])")


def _takes_text(element):
    kind = str(element.getAttribute("type") or "").lower()
    return is_typed_into(str(element.tagName).lower(), kind, bool(element.isContentEditable))


def _take(key, dialog):
    """Use the part of the view with the focus that a key is for, or else the first in sight."""
    here = js.document.activeElement
    around = dialog or here.closest(".views > *, .phenotypes, .subjects")
    found = around.querySelector(_TAKERS[key]) if around is not None else None
    element = found if found is not None and found.checkVisibility() else _first_in_sight(_TAKERS[key])
    if element is None:
        return
    if key == "/":
        element.focus()
        element.select()
    else:
        element.click()
        if key == "d":
            element.nextElementSibling.querySelector("button").focus()


def _first_in_sight(selector):
    """The first that is seen without scrolling, or else the first of all; None where there is none."""
    everything = js.document.querySelectorAll(f"#content :is({selector})")
    shown = [everything[place] for place in range(everything.length) if everything[place].checkVisibility()]
    top = find("content").parentElement.getBoundingClientRect().top
    for element in shown:
        box = element.getBoundingClientRect()
        if box.bottom > top and box.top < js.window.innerHeight:
            return element
    return shown[0] if shown else None
