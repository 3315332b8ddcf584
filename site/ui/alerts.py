"""Alerts: what stays on screen until it is dismissed."""

from dom import add, find, h, listen
from logic.language import say

#: More push out the oldest.
MOST = 4


def paragraphs(message):
    """A message in its lines; what follows an empty line is folded, under the line that it begins with."""
    said, _, more = message.partition("\n\n")
    shown = [h("p", line) for line in said.split("\n")]
    if more:
        heading, *lines = more.split("\n")
        shown.append(h("details", h("summary", heading.rstrip(":")), [h("p", line) for line in lines]))
    return shown


def alert(title, *more):
    """Show something that stays until it is dismissed; returns the box."""
    dismiss = h("button", say("Dismiss"), type="button")
    box = h("div", h("div", h("strong", title), *more), dismiss, cls="alert", role="alert")
    listen(dismiss, "click", lambda event: box.remove())
    alerts = find("alerts")
    add(alerts, box)
    while alerts.children.length > MOST:
        alerts.children[0].remove()
    return box
