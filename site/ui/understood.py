"""Understood: the screen that tells what the files of the open cohort were taken for, and changes it."""

import downloads
import sketches
from dom import add, clear, find, h, listen, show, text
from logic.language import plural, say
from logic.recipe import confirmation, is_sketched, n_doubtful, topics_of

#: Items that are shown with a line; more are folded.
FEW = 3


class UnderstoodScreen:
    """The dialog "What I understood"."""

    def __init__(self, app):
        self.app = app
        self._dialog = find("understood")
        self._list = find("understood-list")
        listen(find("close-understood"), "click", lambda event: self._dialog.close())
        self._place = "first"
        self._is_confirmed = False  # the user has seen the screen and said yes to all of it
        self._confirm = find("confirm-doubts")
        listen(self._confirm, "click", lambda event: self._confirm_all())
        listen(find("save-recipe"), "click", self._save)
        listen(find("forget-answers"), "click", lambda event: self._answer(None))

    def look(self, answered, place="first"):
        """Show itself where something is in doubt, or the user has just answered."""
        understood = self._cohort(place)["understood"]
        confirmed, self._is_confirmed = self._is_confirmed and answered, False
        if understood and not confirmed and (answered or n_doubtful(understood)):
            self.show(place)

    def _cohort(self, place):
        return self.app.cohort["second"] if place == "second" else self.app.cohort

    def show(self, place="first"):
        """Show what was understood of the open cohort, or of the second."""
        self._place = place
        cohort = self._cohort(place)
        doubtful = n_doubtful(cohort["understood"])
        said = say("How the files of {name} were read. ", name=cohort["name"])
        said += (
            say("{lines} marked “?”: have a look.", lines=plural(doubtful, "line"))
            if doubtful
            else say("Nothing here is in doubt.")
        )
        text(find("understood-about"), said)
        show(self._confirm, bool(confirmation(cohort["understood"])))
        clear(self._list)
        for heading, lines in topics_of(cohort["understood"]):
            items = [self._line(place, line) for place, line in lines]
            add(self._list, h("section", h("h3", heading), h("ul", items)))
        for id in ("save-recipe", "forget-answers", "recipe-about"):
            show(find(id), bool(cohort.get("recipe")))
        if not self._dialog.open:
            self._dialog.showModal()
        self._dialog.scrollTop = 0

    def _line(self, place, line):
        mark = h("span", "✓" if line["certain"] else "?", cls="mark", aria_hidden="true")
        unseen = None if line["certain"] else h("span", say("In doubt: "), cls="unseen")
        body = h("div", h("p", unseen, line["text"]), self._items(line), self._alternatives(place, line))
        return h("li", mark, body, cls="certain" if line["certain"] else "doubtful")

    def _items(self, line):
        items = line["items"]
        if not items:
            return None
        if len(items) <= FEW and not line["certain"]:
            return h("p", "; ".join(items), cls="items")
        word = say("Why") if line["topic"] in ("connectivity", "not used") else say("Show them")
        return h("details", h("summary", word), h("p", "; ".join(items), cls="items"))

    def _alternatives(self, place, line):
        """The other ways to read it: open where it is in doubt, behind a word where it is not."""
        alternatives = line["alternatives"]
        if not alternatives:
            return None
        pictures = sketches.canvases(alternatives)
        ways = [self._way(line, one, picture) for one, picture in zip(alternatives, pictures)]
        group = h("div", ways, role="group", aria_label=line["text"], cls="ways")
        drawn = []

        def draw(event=None):
            if is_sketched(alternatives) and not drawn:
                drawn.append(True)
                self.app.run(sketches.draw(self.app, pictures, line=place, place=self._place))

        if line["certain"]:
            return h("details", h("summary", say("Read it otherwise")), group, on={"toggle": draw})
        draw()
        return group

    def _way(self, line, one, picture):
        """A way to read it; the one that is taken can be confirmed where it is in doubt."""
        is_settled = one["chosen"] and line["certain"]
        takes = {"click": lambda event: None if is_settled else self._answer(one["recipe"])}
        pressed = "true" if one["chosen"] else "false"
        return h("button", picture, h("span", one["meaning"]), type="button", aria_pressed=pressed, on=takes)

    def _confirm_all(self):
        """Say yes to all that is in doubt, so that it is asked neither here nor of a bundle of it."""
        self._answer(confirmation(self._cohort(self._place)["understood"]))
        self._is_confirmed = True

    def _answer(self, addition):
        """Read the files anew with another answer; None: with none at all."""
        self._dialog.close()  # the line that shows progress, and cancels, is behind it
        self._is_confirmed = False
        opener = self.app.second if self._place == "second" else self.app.opener
        if addition is None:
            opener.forget_answers()
        else:
            opener.answer(addition)

    def _save(self, event):
        return downloads.save_answer(self.app, "save_recipe", {"place": self._place})
