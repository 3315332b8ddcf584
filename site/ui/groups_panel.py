"""Groups: the panel where subjects are grouped, by clicking or by typing, and the colours that groups keep."""

import js
from dom import add, clear, find, h, later, listen, show, text
from logic.groups import Condition, Draft, Groups, example_of, place_of
from logic.protocol import Refused
from logic.words import grouped, number, plural
from long_list import MANY_OPTIONS, LongSelect, TickList

#: In place of a name while there is no good expression to stand in for it.
NO_NAME = "the expression"


class GroupsPanel:
    """The groups of the page: ``groups`` are all of them, ``app.groups`` those that fit the open cohort."""

    def __init__(self, app):
        self.app = app
        self.groups = Groups()
        self.element = find("groups")
        self._toggle = find("toggle-groups")
        self._list = h("ul", aria_label="Groups")
        self._editor_place = h("div")
        self._editor = None
        self.prefers_typing = False
        close = h("button", "×", type="button", cls="quiet", aria_label="Close the groups", title="Close the groups")
        add(self.element, h("header", h("h2", "Groups"), close), self._list, self._editor_place)
        listen(close, "click", lambda event: self._open(False))
        listen(self._toggle, "click", lambda event: self._open(self.element.hidden))
        listen(self.element, "keydown", self._key)
        self._narrow = js.window.matchMedia("(max-width: 1099px)")
        self.element.hidden = self._narrow.matches
        listen(self._narrow, "change", lambda event: self._open(not self._narrow.matches))

    # --- what is saved, and what the page asks ---

    def saved(self):
        return self.groups.saved()

    async def restore(self, saved):
        """Take over saved groups, and count them in the open cohort."""
        self.groups.take_over(saved)
        for entry in self.groups.entries:
            await self._count(entry)
        self._changed()
        self.edit(None)

    async def _count(self, entry):
        try:
            answer = (await self.app.client.call("check_group", {"expression": entry["expression"]})).json
            entry["n"], entry["n_unknown"] = answer["n"], answer["n_unknown"]
        except Refused as refused:
            entry["problem"] = refused.message

    def _changed(self):
        """Tell the page; returns what follows from it that the user should know, a sentence each."""
        self.app.groups = self.groups.fitting()
        self._draw()
        self.app.record()
        return self.app.emit("groups")

    # --- the list ---

    def _draw(self):
        total = self.app.cohort["n_subjects"]
        everybody = h(
            "li",
            h("span", cls="swatch everybody", aria_hidden="true"),
            h("span", h("span", "Everybody"), cls="name"),
            h("span", grouped(total), cls="n"),
            cls="group",
        )
        clear(self._list, everybody, [self._row(entry) for entry in self.groups.entries])
        text(self._toggle, f"Groups ({len(self.groups.entries)})" if self.groups.entries else "Groups")
        self._toggle.setAttribute("aria-expanded", "false" if self.element.hidden else "true")

    def _row(self, entry):
        name = entry["name"]
        rename = h("button", h("span", name), type="button", cls="name", aria_label=f"Rename {name}", title=name)
        about = h("div", cls="about")
        if entry["problem"] is not None:
            add(about, h("p", f"Not in this cohort: {entry['problem']}", cls="unfit"))
        if entry["expression"] != name:
            add(about, h("code", entry["expression"]))
        if entry["n_unknown"]:
            add(about, h("p", f"{grouped(entry['n_unknown'])} unknown, for want of a value"))
        edit = h("button", "Edit", type="button", cls="quiet", aria_label=f"Edit {name}")
        delete = h("button", "Delete", type="button", cls="quiet", aria_label=f"Delete {name}")
        add(about, h("div", edit, delete, cls="tools"))
        row = h(
            "li",
            h("span", cls="swatch", aria_hidden="true", style={"background": entry["colour"]}),
            rename,
            h("span", "–" if entry["n"] is None else grouped(entry["n"]), cls="n"),
            about,
            cls="group",
        )
        listen(rename, "click", lambda event: self._rename(entry, rename))
        listen(edit, "click", lambda event: self.edit(entry))
        listen(delete, "click", lambda event: self._delete(entry))
        return row

    def _rename(self, entry, button):
        box = h("input", value=entry["name"], aria_label=f"New name of {entry['name']}", maxlength=80)

        def finish(keep):
            name = str(box.value).strip()
            problem = self.groups.problem_of(name, None, entry) if keep and name and name != entry["name"] else None
            if problem:
                self.app.error(problem)
            elif keep and name and name != entry["name"]:
                entry["name"] = name
                self._changed()
                self.app.status(f"Renamed to {name}")
                return
            self._draw()

        def key(event):
            if event.key in ("Enter", "Escape"):
                event.preventDefault()
                event.stopPropagation()
                finish(event.key == "Enter")
                self._focus_name(entry)

        button.replaceWith(box)
        listen(box, "keydown", key)
        listen(box, "change", lambda event: finish(True))
        box.focus()
        box.select()

    def _focus_name(self, entry):
        self._list.children[self.groups.entries.index(entry) + 1].querySelector("button").focus()

    def _delete(self, entry):
        held, position = self._has_focus(), self.groups.remove(entry)
        consequences = self._changed()
        self.edit(None)
        if held and position < len(self.groups.entries):
            self._focus_name(self.groups.entries[position])
        elif held:
            self._editor.focus()
        self.app.status(". ".join([f"Deleted {entry['name']}; going back undoes it"] + consequences))

    def _has_focus(self):
        return self.element.contains(js.document.activeElement)

    # --- making and changing ---

    def edit(self, entry):
        """Edit a group, or a new one for None."""
        self._editor = GroupEditor(self.app, self, entry)
        clear(self._editor_place, self._editor.element)
        if entry is not None:
            self._editor.element.scrollIntoView()
            self._editor.expression.focus()

    async def put(self, entry, name, expression):
        """Add a group, or change the one that is ``entry``."""
        entry = self.groups.put(entry, name, expression)
        await self._count(entry)
        held = self._has_focus()
        consequences = self._changed()
        self.edit(None)
        if held:
            self._focus_name(entry)
        self.app.status(". ".join([f"{name}: {plural(entry['n'], 'subject')}"] + consequences))

    # --- the drawer ---

    def _open(self, visible):
        held = self._has_focus()
        show(self.element, visible)
        self._toggle.setAttribute("aria-expanded", "true" if visible else "false")
        if not visible and held:
            self._toggle.focus()

    def _key(self, event):
        if event.key == "Escape" and self._narrow.matches:
            self._open(False)


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
        self.by_clicking = h("button", "Choose", type="button", on={"click": lambda event: self._prefer(False)})
        self.by_typing = h("button", "Type", type="button", on={"click": lambda event: self._prefer(True)})
        self.clause_place = h("div", cls="group-editor")
        self.joiner = h("select", h("option", "all of these", value="and"), h("option", "any of these", value="or"))
        self.joiner_label = h("label", "Subjects for whom holds", self.joiner)
        self.more = h("button", "Add a condition", type="button", cls="quiet", on={"click": self._add_clause})
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
        self.typing = h("label", "Expression", self.expression)
        self.caret = h("pre", cls="caret", hidden=True, aria_hidden="true")
        self.result = h("p", cls="result", id="group-result", role="status")
        self.name = h("input", maxlength=80, placeholder=NO_NAME, autocomplete="off")
        title = "New group" if self.entry is None else f"Edit {self.entry['name']}"
        self.keep = h("button", "Add group" if self.entry is None else "Save", type="submit", cls="primary")
        buttons = [self.keep]
        if self.entry is not None:
            buttons.append(h("button", "Cancel", type="button", on={"click": lambda event: self.panel.edit(None)}))
        self.element = h(
            "form",
            h("h3", title),
            h(
                "div",
                self.by_clicking,
                self.by_typing,
                cls="segmented",
                role="group",
                aria_label="How to make the group",
            ),
            self.clicking,
            self.typing,
            h("div", self.caret, self.result),
            h("label", "Name", self.name),
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
            text(clause.legend, f"Condition {position + 1}" if several else "Condition")
            show(clause.removal, several)

    # --- asking the engine ---

    def changed(self):
        """Forget what was said of the expression or the clauses before they changed, and count anew soon."""
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
        choice = LongSelect(fields, None, self._field_chosen, "fields", aria_label="Field")
        choice.element.classList.add("wide")
        self.field = choice.select
        self.operator = h("select", aria_label="Operator")
        self.value_place = h("div")
        self.removal = h("button", "Remove", type="button", cls="quiet remove")
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
            named = {"cls": "levels", "role": "group", "aria_label": "Values"}
            boxes = TickList(levels, [], self._take, "values", **named)
            clear(self.value_place, boxes.finder, boxes.element)
        elif control == "level":
            clear(self.value_place, LongSelect(levels, None, self._take, "values", aria_label="Value").element)
        else:
            clear(self.value_place, self._number())
        self.editor.changed()

    def _number(self):
        item = self.condition.item
        hint = "" if item["minimum"] is None else f"{number(item['minimum'])} – {number(item['maximum'])}"
        box = h("input", inputmode="decimal", placeholder=hint, aria_label="Value")
        listen(box, "input", lambda event: self._take(str(box.value)))
        return box
