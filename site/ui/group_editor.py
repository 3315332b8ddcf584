"""Group editor: the form of one group, clicked together or typed."""

from dom import clear, h, later, listen, show, text
from logic.groups import Condition, Draft, example_of, place_of
from logic.language import say
from logic.protocol import Refused
from long_list import TickList
from long_select import MANY_OPTIONS, LongSelect

from imagenomer.wording import number

#: In place of a name while there is no good expression to stand in for it.
NO_NAME = say("the expression")


class GroupEditor:
    """The form of one group: clauses to click together, or an expression to type."""

    def __init__(self, app, panel, entry):
        self.app = app
        self.panel = panel
        self.entry = entry
        self.draft = Draft()
        self.clauses = []
        self._build()
        self._add_clause()
        if entry is None:
            self._choose_mode(panel.prefers_typing)
        else:
            self.expression.value = self.draft.expression = entry["expression"]
            self.name.value = entry["name"] if entry["name"] != entry["expression"] else ""
            self._choose_mode(True)

    def _build(self):
        self.by_clicking = h("button", say("Choose"), type="button", on={"click": lambda event: self._prefer(False)})
        self.by_typing = h("button", say("Type", "verb"), type="button", on={"click": lambda event: self._prefer(True)})
        self.clause_place = h("div", cls="group-editor")
        self.joiner = h(
            "select", h("option", say("all of these"), value="and"), h("option", say("any of these"), value="or")
        )
        self.joiner_label = h("label", say("Subjects for whom holds"), self.joiner)
        self.more = h("button", say("Add a condition"), type="button", cls="quiet", on={"click": self._add_clause})
        self.clicking = h("div", self.joiner_label, self.clause_place, self.more, cls="group-editor")
        example = example_of(self.app.cohort)
        self.expression = h(
            "textarea",
            rows=3,
            spellcheck="false",
            autocapitalize="off",
            placeholder=example,
            aria_describedby="group-result",
        )
        self.typing = h("label", say("Expression"), self.expression)
        self.caret = h("pre", cls="caret", hidden=True, aria_hidden="true")
        self.result = h("p", cls="result", id="group-result", role="status")
        self.name = h("input", maxlength=80, placeholder=NO_NAME, autocomplete="off")
        title = say("New group") if self.entry is None else say("Edit {name}", name=self.entry["name"])
        self.keep = h("button", say("Add group") if self.entry is None else say("Save"), type="submit", cls="primary")
        buttons = [self.keep]
        if self.entry is not None:
            buttons.append(h("button", say("Cancel"), type="button", on={"click": lambda event: self.panel.edit(None)}))
        self.element = h(
            "form",
            h("h3", title),
            h(
                "div",
                self.by_clicking,
                self.by_typing,
                cls="segmented",
                role="group",
                aria_label=say("How to make the group"),
            ),
            self.clicking,
            self.typing,
            h("div", self.caret, self.result),
            h("label", say("Name"), self.name),
            h("div", buttons, cls="actions"),
            cls="group-editor",
            aria_label=title,
            novalidate=True,
        )
        self.soon = later(250, self._check_if_latest)
        listen(self.joiner, "change", self._rejoined)
        listen(self.expression, "input", self._typed)
        listen(self.name, "input", lambda event: self._renamed())
        listen(self.expression, "keydown", self._key)
        listen(self.element, "submit", self._submit)

    def focus(self):
        (self.by_typing if self.draft.is_typing else self.by_clicking).focus()

    def _prefer(self, typing):
        self.panel.prefers_typing = typing
        self._choose_mode(typing)

    def _choose_mode(self, typing):
        self.draft.type(typing)
        if self.draft.expression != str(self.expression.value):
            self.expression.value = self.draft.expression
        self.by_typing.setAttribute("aria-pressed", "true" if typing else "false")
        self.by_clicking.setAttribute("aria-pressed", "false" if typing else "true")
        show(self.typing, typing)
        show(self.clicking, not typing)
        self.app.run(self._check())

    def _key(self, event):
        if event.key == "Enter" and not event.shiftKey:
            event.preventDefault()
            self.element.requestSubmit()

    # --- clauses ---

    def _add_clause(self, event=None):
        clause = ConditionFields(self, Condition(self.app.cohort["phenotypes"]))
        self.clauses.append(clause)
        self.draft.conditions.append(clause.condition)
        self._arrange()
        if event is not None:
            clause.field.focus()
            self.app.run(self._check())

    def remove(self, clause):
        self.clauses.remove(clause)
        self.draft.conditions.remove(clause.condition)
        self._arrange()
        self.more.focus()
        self.app.run(self._check())

    def _arrange(self):
        clear(self.clause_place, [clause.element for clause in self.clauses])
        several = len(self.clauses) > 1
        show(self.joiner_label, several)
        for position, clause in enumerate(self.clauses):
            text(clause.legend, say("Condition {position}", position=position + 1) if several else say("Condition"))
            show(clause.removal, several)

    # --- asking the engine ---

    def changed(self):
        """Forget what was said of the expression or the clauses before they changed, and count again soon."""
        self.soon(self._forget())

    def _typed(self, event):
        self.draft.expression = str(self.expression.value)
        self.changed()

    def _rejoined(self, event):
        self.draft.joiner = str(self.joiner.value)
        return self._check()

    def _forget(self):
        """Say nothing any more; returns the number of the question that is to be answered now."""
        self.name.placeholder = NO_NAME
        self._say("")
        return self.draft.change()

    def _renamed(self):
        """Take back what was objected to the name before it changed; what is wrong with the expression stays."""
        if self.draft.counted:
            self._say(self.draft.counted)

    async def _check_if_latest(self, asked):
        if self.draft.is_latest(asked):
            await self._check()

    async def _check(self):
        """Count the group as it is now, and show the count or what is wrong."""
        mine, question = self._forget(), self.draft.question()
        if question is None:
            return
        try:
            answer = (await self.app.client.call("check_group", question)).json
        except Refused as refused:
            if self.draft.is_latest(mine):
                self._refuse(question, refused)
            return
        if self.draft.is_latest(mine):
            self._take(answer)

    def _take(self, answer):
        """Show what the engine says of a good expression."""
        self.draft.take(answer, self.app.cohort["n_subjects"])
        self.name.placeholder = self.draft.text
        self._say(self.draft.counted)

    def _say(self, message):
        self.expression.removeAttribute("aria-invalid")
        self.caret.hidden = True
        self.result.classList.remove("problem")
        text(self.result, message)

    def _object(self, message):
        self._say(message)
        self.result.classList.add("problem")

    def _refuse(self, question, refused):
        self._object(refused.message)
        if "expression" in question:
            self.expression.setAttribute("aria-invalid", "true")
            if refused.position is not None:
                self._point_at(question["expression"], int(refused.position))

    def _point_at(self, expression, position):
        """Show the place of an error: the line it is in, and a caret under it."""
        line, column = place_of(expression, position)
        clear(self.caret, f"{line}\n{' ' * column}", h("b", "^"))
        self.caret.hidden = False

    def _submit(self, event):
        event.preventDefault()
        self.app.run(self._keep())

    async def _keep(self):
        question = self.draft.question()
        if question is None:
            self._object(self.draft.what_is_missing())
            return
        mine = self.draft.supersede()  # what is still being counted would talk over what is said here
        name = str(self.name.value).strip()
        try:
            answer = (await self.app.client.call("check_group", question)).json
        except Refused as refused:
            if self.draft.is_latest(mine):
                self._refuse(question, refused)
            return
        expression = answer["text"]
        name = name or expression
        problem = self.panel.groups.problem_of(name, expression, self.entry)
        if not problem:
            await self.panel.put(self.entry, name, expression)
        elif self.draft.is_latest(mine):
            self._take(answer)
            self._object(problem)


class ConditionFields:
    """The controls of one condition: a phenotype, an operator that suits it, and a value."""

    def __init__(self, editor, condition):
        self.editor = editor
        self.condition = condition
        self.legend = h("legend")
        fields = [(item, item["name"]) for item in editor.app.cohort["phenotypes"]]
        choice = LongSelect(fields, None, self._field_chosen, editor.app.cohort["phenotypes"], aria_label=say("Field"))
        choice.element.classList.add("wide")
        self.field = choice.box
        self.operator = h("select", aria_label=say("Operator"))
        self.value_place = h("div")
        self.removal = h("button", say("Remove"), type="button", cls="quiet remove")
        parts = [self.legend, choice.element, self.operator, self.value_place, self.removal]
        self.element = h("fieldset", parts, cls="clause")
        listen(self.operator, "change", self._operator_chosen)
        listen(self.removal, "click", lambda event: editor.remove(self))
        if fields:
            self._draw_operators()

    def _field_chosen(self, item):
        self.condition.choose_phenotype(item)
        self._draw_operators()

    def _operator_chosen(self, event):
        self.condition.choose_operator(str(self.operator.value))
        self._draw_value()

    def _take(self, value):
        self.condition.value = value
        self.editor.changed()

    def _draw_operators(self):
        clear(self.operator, [h("option", label, value=value) for value, label in self.condition.operators()])
        self._draw_value()

    def _draw_value(self):
        control, levels = self.condition.control(), [(level, level) for level in self.condition.levels()]
        self.value_place.className = "wide" if control == "levels" or len(levels) > MANY_OPTIONS else ""
        if control is None:
            clear(self.value_place)
        elif control == "levels":
            named = {"cls": "levels", "role": "group", "aria_label": say("Values")}
            boxes = TickList(levels, [], self._take, "values", **named)
            clear(self.value_place, boxes.finder, boxes.element)
        elif control == "level":
            clear(self.value_place, LongSelect(levels, None, self._take, aria_label=say("Value")).element)
        else:
            clear(self.value_place, self._number())
        self.editor.changed()

    def _number(self):
        item = self.condition.item
        hint = "" if item["minimum"] is None else f"{number(item['minimum'])} – {number(item['maximum'])}"
        box = h("input", inputmode="decimal", placeholder=hint, aria_label=say("Value"))
        listen(box, "input", lambda event: self._take(str(box.value)))
        return box
