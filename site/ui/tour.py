"""Guided tour: from the demo cohort to the verdict on its confound, a step a click, with the page's own views.

A step is a state of the page, as an address holds it, and what to look at there. Nothing is shown that the user could
not open in the same way; whoever wanders off is brought back by the next step.
"""

from dom import clear, find, h, hide, listen, show, text
from logic.address import BEGINNING
from logic.language import say

#: Title, what to look at, the analysis to open and what to fill into its form; None is the overview.
STEPS = (
    (
        say("A cohort with a question"),
        say(
            "830 synthetic people, scanned in three tasks. Does brain connectivity predict how well somebody "
            "reads (the WRAT score)? First see who the people are: look at the phenotypes below, then go on."
        ),
        None,
        {},
    ),
    (
        say("Groups differ in the score"),
        say(
            "The score by ancestry, as families report it. The groups differ, here because circumstances do. "
            "Whatever else differs between these groups will appear to be associated with the score."
        ),
        "phenotype-association",
        {"x": "ancestry", "y": "wrat"},
    ),
    (
        say("An apparent finding"),
        say(
            "The correlation of every connection with the score. Hundreds are significant after Bonferroni: a"
            " paper could end here."
        ),
        "edge-association",
        {"phenotype": "wrat"},
    ),
    (
        say("The same connections"),
        say(
            "The same for ancestry, EA against all others. Many more connections, more strongly associated, "
            "and among them most of those associated with the score."
        ),
        "edge-association",
        {"phenotype": "ancestry", "level": "EA"},
    ),
    (
        say("The finding disappears"),
        say(
            "The score again, adjusted for ancestry: hardly a connection is left. Adjusted and unadjusted "
            "share one colour scale."
        ),
        "edge-association",
        {"phenotype": "wrat", "covariates": ["ancestry"]},
    ),
    (
        say("All of it in one screen"),
        say(
            "The confound report asks the same, and more, of every candidate: maps, predictions within and "
            "across groups, tests made for the question. Its verdict comes first, each sentence with its "
            "number; what it means is for you to judge."
        ),
        "confound-report",
        {"target": "wrat"},
    ),
)


class Tour:
    """The strip above the views.

    Attributes
    ----------
    step : int or None
        Where the tour is; None while there is none.
    """

    def __init__(self, app):
        self.app = app
        self.step = None
        self.element = find("tour")
        self._title = h("h2", tabindex="-1")
        self._place = h("span", cls="muted")
        self._text = h("p")
        self._back = h("button", say("Back"), type="button", on={"click": lambda event: self._go_by(-1)})
        self._next = h("button", say("Next"), type="button", cls="primary", on={"click": lambda event: self._go_by(1)})
        end = h("button", say("End the tour"), type="button", cls="quiet", on={"click": lambda event: self._end()})
        buttons = h("div", end, self._back, self._next, cls="buttons")
        clear(self.element, h("div", h("header", self._title, self._place), self._text), buttons)
        for event in ("click", "keydown"):
            listen(find("start-tour"), event, self._begin)

    def restore(self, step):
        """Show the strip at the step of an address, or none; the views are restored by others."""
        self.step = step if isinstance(step, int) and 0 <= step < len(STEPS) else None
        show(self.element, self.step is not None)
        if self.step is None:
            return
        title, about = STEPS[self.step][:2]
        text(self._title, title)
        text(self._text, about)
        text(self._place, say("Guided tour, {step} of {steps}", step=self.step + 1, steps=len(STEPS)))
        show(self._back, self.step > 0)
        show(self._next, self.step + 1 < len(STEPS))

    def _begin(self, event):
        # A link, so that the browser remembers a click before Python is there.
        if event.type == "click" or event.key == " ":
            event.preventDefault()
            self.app.state.history.spec = dict(BEGINNING)
            self.app.opener.open_demo(BEGINNING["demo"], restore=True)

    def _go_by(self, n_steps):
        self.restore(self.step + n_steps)
        analysis, params = STEPS[self.step][2:]
        if analysis is None:
            self.app.show_tab(self.app.tab_bar.names[0])
        else:
            self.app.show_analysis(analysis, dict(params))
        self._title.focus()

    def _end(self):
        self.step = None
        hide(self.element)
        self.app.record()
        find("content").focus()
