"""Next steps: the suggestion of the overview, and the questions that lead to an analysis."""

from dom import add, clear, h
from js import document
from logic.language import described, known, say
from logic.needs import lacking
from logic.next_steps import next_steps


class NextSteps:
    """What to do next, a button each, and the way to the questions."""

    def __init__(self, app):
        self.app = app
        self.guide = Guide(app)
        self.element = h("section", cls="next-steps", aria_label=say("Next steps"))

    def refresh(self):
        """Suggest what comes next for the open cohort, after what was looked at."""
        state = self.app.state
        steps = next_steps(self.app.cohort, self.app.catalog, lambda tab: state.view(tab).get("analysis"))
        ask = h(
            "button",
            say("Which analysis do I need?"),
            type="button",
            cls="link",
            aria_haspopup="dialog",
            on={"click": lambda event: self.guide.open()},
        )
        lines = [self._line(step) for step in steps]
        clear(self.element, h("header", h("h2", say("Next steps")), ask, cls="found"), h("ol", lines))

    def _line(self, step):
        cls = "primary" if step.next else ""
        go = {"click": lambda event: self.app.show_analysis(step.analysis, {})}
        seen = h("span", say("looked at"), cls="role") if step.seen else None
        return h("li", h("button", step.title, type="button", cls=cls, on=go), h("span", step.question, " ", seen))


class Guide:
    """Questions by topic; each leads to the analysis that answers it."""

    def __init__(self, app):
        self.app = app
        self._list = h("div", cls="topics")
        close = h("button", say("Close"), type="button", on={"click": lambda event: self._dialog.close()})
        title = h("h2", say("Which analysis do I need?"), id="guide-title")
        about = h("p", say("Choose what you want to know; a click opens the analysis that answers it."), cls="muted")
        self._dialog = h(
            "dialog", h("header", title, close), about, self._list, cls="guide", aria_labelledby="guide-title"
        )

    async def open(self):
        """Show the questions, and of those that the open cohort cannot answer what it lacks."""
        if self._dialog.parentNode is None:
            add(document.body, self._dialog)
        topics = described((await self.app.client.call("guide")).json)
        clear(self._list, [self._topic(topic) for topic in topics])
        self._dialog.showModal()

    def _topic(self, topic):
        lines = h("ul", [self._line(question) for question in topic["questions"]])
        return h("section", h("h3", topic["title"]), lines)

    def _line(self, question):
        entry = next(entry for entry in self.app.catalog if entry["name"] == question["analysis"])
        missing = lacking(self.app.cohort, entry)
        text = question["text"]
        if missing:
            return h("li", h("span", text, cls="muted"), h("small", missing))

        def go(event):
            self._dialog.close()
            params = {question["option"]: question["value"]} if question["option"] else {}
            self.app.show_analysis(question["analysis"], params)

        place = h("small", f"{known(entry['tab'])}: {entry['title']}")
        return h("li", h("button", text, type="button", cls="link", on={"click": go}), place)
