"""Groups: the panel where subjects are grouped, by clicking or by typing, and the colours that groups keep."""

import js
from client import Refused
from dom import add, clear, find, h, later, listen, show, text
from logic.words import grouped, number, plural
from long_list import MANY_OPTIONS, LongSelect, TickList

#: At least 18 apart in CIELAB from one another, also as seen without red, green or blue cones (Machado et al. 2009),
#: and 3 : 1 against the light and the dark page. No seventh does; from there on they repeat.
COLOURS = ("#0072b2", "#d55e00", "#00a569", "#b478f0", "#a54b2d", "#785a5a")

NUMBER_OPERATORS = (
    (">=", "is at least"),
    ("<=", "is at most"),
    (">", "is more than"),
    ("<", "is less than"),
    ("==", "is"),
    ("!=", "is not"),
    ("is missing", "is missing"),
    ("is not missing", "is known"),
)
CATEGORY_OPERATORS = (
    ("==", "is"),
    ("!=", "is not"),
    ("in", "is one of"),
    ("not in", "is none of"),
    ("is missing", "is missing"),
    ("is not missing", "is known"),
)
#: In place of a name while there is no good expression to stand in for it.
NO_NAME = "the expression"
#: Characters shown before the place of an error.
BEFORE = 18


class GroupsPanel:
    """The groups of the page; ``entries`` are all of them, ``app.groups`` those that fit the open cohort.

    An entry is ``{name, expression, slot, colour, n, n_unknown, problem}``; ``slot`` numbers the colour.
    """

    def __init__(self, app):
        self.app = app
        self.entries = []
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
        return [[entry["name"], entry["expression"], entry["slot"]] for entry in self.entries]

    async def restore(self, saved):
        """Take over saved groups, and count them in the open cohort."""
        self.entries = []
        for name, expression, slot in saved:
            self.entries.append({"name": str(name), "expression": str(expression), "slot": int(slot)})
        for entry in self.entries:
            await self._count(entry)
        self._changed()
        self.edit(None)

    async def _count(self, entry):
        entry["colour"] = COLOURS[entry["slot"] % len(COLOURS)]
        entry["n"] = entry["n_unknown"] = entry["problem"] = None
        try:
            answer = (await self.app.client.call("check_group", {"expression": entry["expression"]})).json
            entry["n"], entry["n_unknown"] = answer["n"], answer["n_unknown"]
        except Refused as refused:
            entry["problem"] = refused.message

    def _changed(self):
        """Tell the page; returns what follows from it that the user should know, a sentence each."""
        self.app.groups = [entry for entry in self.entries if entry["problem"] is None]
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
        clear(self._list, everybody, [self._row(entry) for entry in self.entries])
        text(self._toggle, f"Groups ({len(self.entries)})" if self.entries else "Groups")
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
            problem = self.problem_of(name, None, entry) if keep and name and name != entry["name"] else None
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
        self._list.children[self.entries.index(entry) + 1].querySelector("button").focus()

    def _delete(self, entry):
        position, held = self.entries.index(entry), self._has_focus()
        self.entries.remove(entry)
        consequences = self._changed()
        self.edit(None)
        if held and position < len(self.entries):
            self._focus_name(self.entries[position])
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

    def problem_of(self, name, expression, but):
        """What speaks against a name and an expression beside the other groups, or None."""
        for entry in self.entries:
            if entry is but:
                continue
            if entry["expression"] == expression:
                return f"This is the group {entry['name']} already."
            if entry["name"] == name:
                return f"There is a group {name} already; choose another name."
        return None

    async def put(self, entry, name, expression):
        """Add a group, or change the one that is ``entry``."""
        if entry is None:
            entry = {"slot": self._free_slot()}
            self.entries.append(entry)
        entry["name"], entry["expression"] = name, expression
        await self._count(entry)
        held = self._has_focus()
        consequences = self._changed()
        self.edit(None)
        if held:
            self._focus_name(entry)
        self.app.status(". ".join([f"{name}: {plural(entry['n'], 'subject')}"] + consequences))

    def _free_slot(self):
        taken = [entry["slot"] for entry in self.entries]
        slot = 0
        while slot in taken:
            slot += 1
        return slot

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
        self.text = None  # the expression as the engine writes it, once it is known to be good
        self.clauses = []
        self.asked = 0  # how often the question has changed: only the latest is answered
        self.counted = ""  # what is said of the group as it is now
        self._build()
        self._add_clause()
        if entry is None:
            self._choose_mode(panel.prefers_typing)
        else:
            self.expression.value = entry["expression"]
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
        listen(self.joiner, "change", lambda event: self._check())
        listen(self.expression, "input", lambda event: self.changed())
        listen(self.name, "input", lambda event: self._renamed())
        listen(self.expression, "keydown", self._key)
        listen(self.element, "submit", self._submit)

    def focus(self):
        (self.by_typing if self.is_typing else self.by_clicking).focus()

    def _prefer(self, typing):
        self.panel.prefers_typing = typing
        self._choose_mode(typing)

    def _choose_mode(self, typing):
        if typing and self.text and not str(self.expression.value):
            self.expression.value = self.text
        self.is_typing = typing
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
        clause = Clause(self)
        self.clauses.append(clause)
        self._arrange()
        if event is not None:
            clause.field.focus()
            self.app.run(self._check())

    def remove(self, clause):
        self.clauses.remove(clause)
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
        self._forget()
        self.soon(self.asked)

    def _forget(self):
        self.asked += 1
        self.text, self.counted = None, ""
        self.name.placeholder = NO_NAME
        self._say("")

    def _renamed(self):
        """Take back what was objected to the name before it changed; what is wrong with the expression stays."""
        if self.counted:
            self._say(self.counted)

    def _question(self):
        """What to ask the engine, or None while there is nothing to ask."""
        if self.is_typing:
            expression = str(self.expression.value).strip()
            return {"expression": str(self.expression.value)} if expression else None
        clauses = [clause.saved() for clause in self.clauses]
        if not clauses or None in clauses:
            return None
        return {"clauses": clauses, "joiner": str(self.joiner.value)}

    async def _check_if_latest(self, asked):
        if asked == self.asked:
            await self._check()

    async def _check(self):
        """Count the group as it is now, and show the count or what is wrong."""
        self._forget()
        mine, question = self.asked, self._question()
        if question is None:
            return
        try:
            answer = (await self.app.client.call("check_group", question)).json
        except Refused as refused:
            if mine == self.asked:
                self._refuse(question, refused)
            return
        if mine == self.asked:
            self._take(answer)

    def _take(self, answer):
        """Show what the engine says of a good expression."""
        self.text = self.name.placeholder = answer["text"]
        unknown = f", {grouped(answer['n_unknown'])} unknown" if answer["n_unknown"] else ""
        self.counted = f"{plural(answer['n'], 'subject')} of {grouped(self.app.cohort['n_subjects'])}{unknown}"
        self._say(self.counted)

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
        start = expression.rfind("\n", 0, position) + 1
        end = expression.find("\n", position)
        line = expression[start:] if end < 0 else expression[start:end]
        column = position - start
        skipped = max(0, column - BEFORE)
        ahead = ("…" if skipped else "") + line[skipped:column]
        clear(self.caret, f"{ahead}{line[column:]}\n{' ' * len(ahead)}", h("b", "^"))
        self.caret.hidden = False

    def _submit(self, event):
        event.preventDefault()
        self.app.run(self._keep())

    async def _keep(self):
        question = self._question()
        if question is None:
            self._object("Type an expression first." if self.is_typing else "Give a value first.")
            return
        self.asked += 1  # what is still to be counted, or being counted, would talk over what is said here
        mine, name = self.asked, str(self.name.value).strip()
        try:
            answer = (await self.app.client.call("check_group", question)).json
        except Refused as refused:
            if mine == self.asked:
                self._refuse(question, refused)
            return
        expression = answer["text"]
        name = name or expression
        problem = self.panel.problem_of(name, expression, self.entry)
        if not problem:
            await self.panel.put(self.entry, name, expression)
        elif mine == self.asked:
            self._take(answer)
            self._object(problem)


class Clause:
    """One condition: a field, an operator that suits it, and a value."""

    def __init__(self, editor):
        self.editor = editor
        self.phenotypes = editor.app.cohort["phenotypes"]
        self.legend = h("legend")
        fields = [(item, item["name"]) for item in self.phenotypes]
        self.choice = LongSelect(fields, None, lambda item: self._draw_operators(), "fields", aria_label="Field")
        self.choice.element.classList.add("wide")
        self.field = self.choice.select
        self.operator = h("select", aria_label="Operator")
        self.value_place = h("div")
        self.removal = h("button", "Remove", type="button", cls="quiet remove")
        parts = [self.legend, self.choice.element, self.operator, self.value_place, self.removal]
        self.element = h("fieldset", parts, cls="clause")
        listen(self.operator, "change", lambda event: self._draw_value())
        listen(self.removal, "click", lambda event: editor.remove(self))
        if fields:
            self._draw_operators()

    def saved(self):
        """The clause as the engine takes it, or None while a value is missing."""
        if not self.phenotypes:
            return None
        comparator, item = str(self.operator.value), self._item()
        clause = {"field": item["name"], "op": comparator}
        if comparator in ("is missing", "is not missing"):
            return clause
        if comparator in ("in", "not in"):
            value = self.levels.values
        elif self.levels is not None:
            value = self.levels.value
        else:
            value = str(self.value.value).strip()
        if not value:
            return None
        clause["value"] = value
        return clause

    def _item(self):
        return self.choice.value

    def _draw_operators(self):
        kinds = NUMBER_OPERATORS if self._item()["kind"] == "number" else CATEGORY_OPERATORS
        clear(self.operator, [h("option", label, value=value) for value, label in kinds])
        self._draw_value()

    def _draw_value(self):
        item, comparator = self._item(), str(self.operator.value)
        levels = [(level["name"], level["name"]) for level in item["levels"]]
        several = comparator in ("in", "not in")
        self.value_place.className = "wide" if several or len(levels) > MANY_OPTIONS else ""
        self.levels = self.value = None
        if comparator in ("is missing", "is not missing"):
            clear(self.value_place)
        elif several:
            named = {"cls": "levels", "role": "group", "aria_label": "Values"}
            self.levels = TickList(levels, [], lambda values: self.editor.changed(), "values", **named)
            clear(self.value_place, self.levels.finder, self.levels.element)
        elif item["kind"] == "number":
            hint = "" if item["minimum"] is None else f"{number(item['minimum'])} – {number(item['maximum'])}"
            self.value = h("input", inputmode="decimal", placeholder=hint, aria_label="Value")
            for event in ("change", "input"):
                listen(self.value, event, lambda event: self.editor.changed())
            clear(self.value_place, self.value)
        else:
            self.levels = LongSelect(levels, None, lambda value: self.editor.changed(), "values", aria_label="Value")
            clear(self.value_place, self.levels.element)
        self.editor.changed()


def example_of(cohort):
    """An expression that fits the cohort."""
    parts = []
    for item in cohort["phenotypes"]:
        plain = item["name"].replace("_", "").isalpha()
        if plain and item["kind"] == "number" and item["mean"] is not None and not any(">" in part for part in parts):
            parts.append(f"{item['name']} > {round(item['mean'])}")
        if plain and item["kind"] == "category" and item["levels"] and not any("=" in part for part in parts):
            parts.append(f'{item["name"]} == "{item["levels"][0]["name"]}"')
    return " and ".join(parts)
