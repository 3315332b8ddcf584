"""Questions: what files do not say, asked before they are opened; each alternative in words."""

import sketches
from dom import add, clear, find, h, listen, text, unique
from logic.language import plural, say
from logic.opening import with_recipe
from logic.recipe import answered, asked_first, is_sketched


class QuestionForm:
    """The dialog that asks, a card a question."""

    def __init__(self, app):
        self.app = app
        self._dialog = find("questions")
        self._form = find("questions-form")
        self._cards = find("questions-list")
        self._asked = []
        self._choices = []  # of each question the radio buttons, in the order of its alternatives
        self._opening = None
        self._then = None
        listen(self._form, "submit", self._submitted)
        listen(find("close-questions"), "click", lambda event: self._dialog.close())

    def ask(self, opening, questions, then):
        """Ask what must be known to open something; ``then(opening)`` is called with how it is opened with answers."""
        self._opening, self._then = opening, then
        self._asked = asked_first(questions)
        more = len(questions) - len(self._asked)
        said = [say("The files of {title} do not say what is asked here.", title=opening.title)]
        if self.app.cohort is not None:
            said.append(say("{name} stays open meanwhile.", name=self.app.cohort["name"]))
        if more:
            said.append(say("{questions} may follow.", questions=plural(more, "further question")))
        text(find("questions-about"), " ".join(said))
        self._choices = []
        clear(self._cards)
        for place, question in enumerate(self._asked):
            add(self._cards, self._card(place, question))
        self._dialog.showModal()

    def _card(self, place, question):
        name = unique("question")
        alternatives = question["alternatives"]
        pictures = sketches.canvases(alternatives)
        buttons, ways = [], []
        for number, one in enumerate(alternatives):
            button = h("input", type="radio", name=name, required=True, value=number)
            buttons.append(button)
            words = h("span", button, h("span", one["meaning"]), cls="words")
            ways.append(h("label", pictures[number], words))
        self._choices.append(buttons)
        hint = None
        if is_sketched(alternatives):
            hint = h(
                "p",
                say("In the right order, networks are blocks and bands; in a wrong one, they are scattered."),
                cls="muted",
            )
            self.app.run(sketches.draw(self.app, pictures, question=place))
        way = "ways drawn" if is_sketched(alternatives) else "ways"
        return h("fieldset", h("legend", question["found"]), hint, h("div", ways, cls=way))

    def _submitted(self, event):
        event.preventDefault()
        chosen = []
        for buttons in self._choices:
            chosen.append(next(number for number, button in enumerate(buttons) if button.checked))
        recipe = answered(self._opening.recipe(), self._asked, chosen)
        self._dialog.close()
        self._then(with_recipe(self._opening, recipe))
