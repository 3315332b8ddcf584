"""Explanation: a "?" beside a name, which says in two sentences what it means, and where the documents say more."""

import js
from dom import clear, h, listen, start
from logic.language import known, say

MOVED = 2  # pixels by which a mark that is still there may have moved
EDGE = 8  # pixels between the panel and what it is beside, and the edges of the window
NOTHING = say("Nothing is written about this yet.")

_panel = [None]


def mark(app, named, **wanted):
    """Return a "?" to stand beside a name.

    Parameters
    ----------
    app : App
    named : element
        What says the name, in words.
    wanted : str
        The arguments of the `explain` call.
    """
    if _panel[0] is None:
        _panel[0] = Panel(app)
    return _panel[0].mark(named, wanted)


class Panel:
    """What a "?" opens: one at a time, for all of them; Escape, scrolling, or going elsewhere closes it."""

    def __init__(self, app):
        self.app = app
        self._n_marks = 0
        self._mark = None  # of what is explained
        self._at = None  # where that was when the panel was placed
        self._element = h("div", role="dialog", tabindex="-1", cls="explanation", aria_live="polite", hidden=True)
        listen(self._element, "keydown", self._key)
        listen(self._element, "focusout", self._left)
        listen(js.document, "scroll", self._scrolled, capture=True)

    def mark(self, named, wanted):
        self._n_marks += 1
        if not named.id:
            named.id = f"explained-{self._n_marks}"
        button = h("button", type="button", cls="explain", aria_label=say("Explain"), aria_describedby=named.id)
        button.setAttribute("aria-expanded", "false")
        # Its text is drawn by the style sheet, so that it is no part of the heading that it stands in.
        listen(button, "click", lambda event: self._toggle(button, str(named.textContent).strip(), wanted))
        return button

    def _toggle(self, button, name, wanted):
        if self._mark is not None and self._mark.isSameNode(button):
            self._close(True)
            return
        if self._mark is not None:
            self._close(False)
        self._mark = button
        button.setAttribute("aria-expanded", "true")
        # What is modal covers everything outside it.
        (button.closest("dialog") or js.document.body).append(self._element)
        self._element.setAttribute("aria-label", say("What it means: {name}", name=name))
        clear(self._element, h("h4", name), h("p", "…"))
        self._element.hidden = False
        self._place()
        self._element.focus()
        start(self._fill(button, name, wanted))

    async def _fill(self, button, name, wanted):
        answer = (await self.app.client.call("explain", wanted)).json
        if self._mark is None or not self._mark.isSameNode(button):
            return  # closed meanwhile, or about something else
        choices = [[h("dt", known(title)), h("dd", known(text))] for title, text in answer["choices"]]
        words = h("p", known(answer["text"]) or NOTHING)
        clear(self._element, h("h4", name), words, h("dl", choices) if choices else None, self._link(answer))
        self._place()

    def _link(self, answer):
        """The way to the documents: a page of the site or, in the single file, a part of the start screen."""
        name, section = answer["document"], answer["section"]
        if not js.window.imagenomer.inline:
            address = f"docs/{name}.html" + (f"#{section}" if section else "")
            return h("a", say("More in the documents"), href=address, target="_blank", rel="noopener")

        def open_document(event):
            self._close(False)
            self.app.show_start()
            self.app.start_screen.documents.open(name, section)

        return h("button", say("More in the documents"), type="button", cls="link", on={"click": open_document})

    def _place(self):
        """Below the mark, or above it where there is no room; never beyond the window."""
        at, box = self._mark.getBoundingClientRect(), self._element.getBoundingClientRect()
        self._at = at.left, at.top
        width, height = js.window.innerWidth, js.window.innerHeight
        left = max(min(at.left - EDGE, width - box.width - EDGE), EDGE)
        above = at.bottom + EDGE + box.height > height and at.top - EDGE - box.height >= 0
        top = at.top - EDGE - box.height if above else min(at.bottom + EDGE, max(height - box.height - EDGE, EDGE))
        self._element.style.setProperty("left", f"{left:.0f}px")
        self._element.style.setProperty("top", f"{top:.0f}px")

    def _key(self, event):
        if event.key == "Escape":
            event.stopPropagation()
            event.preventDefault()  # a dialog below stays open
            self._close(True)

    def _left(self, event):
        to = event.relatedTarget
        if self._mark is None or self._element.contains(to) or (to and self._mark.isSameNode(to)):
            return  # the mark closes it itself
        self._close(False)

    def _scrolled(self, event):
        # The browser tells of scrolling late: perhaps of what brought the mark into sight.
        if self._mark is not None and not self._element.contains(event.target) and self._mark_has_moved():
            self._close(False)

    def _mark_has_moved(self):
        at = self._mark.getBoundingClientRect()
        return abs(at.left - self._at[0]) > MOVED or abs(at.top - self._at[1]) > MOVED

    def _close(self, back):
        button, self._mark = self._mark, None
        button.setAttribute("aria-expanded", "false")
        if back:
            button.focus()
        self._element.hidden = True
