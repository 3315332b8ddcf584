"""Result words: the verdict of a result, its answer in a line, warnings, and the notes folded under them."""

from dom import clear, find, h, show, text, unique
from expandable import Expandable
from js import CSS
from logic.language import known, say

from imagenomer.wording import KEY_NUMBERS, named, number


class ResultWords:
    """What a result says in words.

    Parameters
    ----------
    app : App
    n_parts_in_all : int
        0 for what is computed at once.
    link : callable
        ``link(view)`` returns a button that leads to a view.

    Attributes
    ----------
    verdict, facts, fold : element
        ``fold`` is the button of the notes.
    """

    def __init__(self, app, n_parts_in_all, link):
        self._app = app
        self._n_parts_in_all = n_parts_in_all
        self._link = link
        self._answer = h("p", cls="answer")
        self._numbers = h("dl", cls="numbers")
        self._warnings = h("ul", cls="warnings")
        self._sentences = h("ul", cls="sentences")
        notes = h("div", self._numbers, self._sentences, cls="notes", id=unique("notes"))
        self.fold = app.notes.button(notes, say("Notes"), "fold-notes quiet")
        # What is in parts gets warnings while it is read: a line is kept for them, so that nothing below moves.
        kept = "facts in-parts" if n_parts_in_all else "facts"
        self.facts = h("div", self._answer, self._warnings, notes, cls=kept)
        self._findings = h("ul")
        self._note = h("p", cls="note")
        self._whole = Expandable(say("the verdict"), [self._findings], "held-verdict" if n_parts_in_all else "")
        heading = h("header", h("h3", say("Verdict")), self._note)
        self.verdict = h("section", heading, self._whole.element, cls="verdict", aria_label=say("Verdict"))

    def show(self, report, n_parts):
        """Show what the engine says of the parts that are done; groups are called by their names of now."""
        numbers = report["numbers"]
        pairs = [(known(label), numbers[key]) for key, label in KEY_NUMBERS if numbers.get(key) is not None]
        clear(self._numbers, [h("div", h("dt", label), h("dd", number(value))) for label, value in pairs])
        clear(self._warnings, [h("li", self._with_names(warning)) for warning in report["warnings"]])
        clear(self._sentences, [h("li", self._with_names(sentence), " ") for sentence in report["sentences"]])
        text(self._answer, self._with_names(report["answer"]))
        self._show_verdict(report, n_parts)

    def _show_verdict(self, report, n_parts):
        """Show the sentences of the verdict, each with a link to its view, or keep their place until they come."""
        coming = n_parts < self._n_parts_in_all
        views = {view["name"]: view for view in report["views"]}
        lines = [
            h("li", self._with_names(finding["text"]), " ", self._link(views[finding["of"]]))
            for finding in report["verdict"]
        ]
        clear(self._findings, lines)
        note = say("More may follow with the other parts.") if lines else say("It follows when all parts are done.")
        text(self._note, note if coming else "")
        show(self.verdict, coming or bool(lines))
        # Once it is whole it is shown whole, unless that would move what is being read further down.
        self._whole.hold(coming or (bool(self._n_parts_in_all) and not _may_grow()))

    def finding(self, report, view):
        """What a view finds, for who cannot see it."""
        return self._with_names(report["descriptions"][view["name"]])

    def _with_names(self, sentence):
        """A sentence in which groups have their names."""
        return named(sentence, {group["expression"]: group["name"] for group in self._app.groups})


def _may_grow():
    """Whether what stands first can grow: nobody has scrolled past it, or the browser keeps their place."""
    return find("main").scrollTop < 1 or CSS.supports("overflow-anchor", "auto")
