"""Column dialog: what a column is, as the user says it: kind, role, levels, codes for missing values, unit, words."""

from dom import add, clear, h, listen, set_busy, show, text, unique
from js import document
from logic.columns import KINDS, ROLES, ColumnDraft, with_correction
from logic.language import plural, say
from logic.protocol import Refused

from imagenomer.wording import grouped

#: Levels that are shown to be named; a recipe names more.
MOST_ROWS = 60


class ColumnDialog:
    """The dialog over the overview; ``after(name)`` is called once a column has been corrected.

    ``place`` is "first" or "second": whose columns these are.
    """

    def __init__(self, app, after, place="first"):
        self.app = app
        self.place = place
        self.after = after
        self.name = None
        self.draft = None
        self.title = h("h2", id="column-title", tabindex=-1)
        self.read = h("p", cls="muted")
        self.kind = h("select", [h("option", words, value=kind) for kind, words in KINDS])
        self.role = h("select", [h("option", words, value=role or "") for role, words in ROLES])
        self.unit = h("input", autocomplete="off", maxlength=80)
        self.description = h("textarea", rows=2, maxlength=2000)
        self.codes = h("div", cls="codes")
        self.code = h(
            "input",
            autocomplete="off",
            maxlength=80,
            aria_label=say("Another code"),
            placeholder=say("-9999, unknown …"),
        )
        self.add = h("button", say("Add"), type="button", on={"click": lambda event: self._add_code()})
        self.levels = h("div")
        self.problem = h("p", cls="problem", role="alert")
        self.back = h("button", say("Back to what the file says"), type="button", cls="quiet back")
        self.apply = h("button", say("Apply"), type="submit", cls="primary")
        self.form = self._form()
        self.dialog = h("dialog", self.form, cls="column", aria_labelledby="column-title")
        self._connect()
        add(document.body, self.dialog)

    def _form(self):
        cancel = h("button", say("Cancel"), type="button", on={"click": lambda event: self.dialog.close()})
        about = h("p", say("Results that were computed before are dropped."), cls="note")
        self.levels_box = h("section", h("h3", say("Levels")), self.levels, cls="levels-box")
        missing = h("section", h("h3", say("Missing values")), self.codes, h("div", self.code, self.add, cls="inline"))
        return h(
            "form",
            h("header", self.title),
            self.read,
            h("div", labelled(say("Type"), self.kind), labelled(say("Role"), self.role), cls="pair"),
            self.levels_box,
            missing,
            h(
                "div",
                labelled(say("Unit"), self.unit),
                labelled(say("Description"), self.description),
                cls="pair words",
            ),
            self.problem,
            about,
            h("div", self.back, cancel, self.apply, cls="actions"),
            novalidate=True,
        )

    def _connect(self):
        listen(self.kind, "change", self._choose_kind)
        listen(self.role, "change", self._choose_role)
        listen(self.code, "keydown", self._key_of_code)
        listen(self.unit, "input", lambda event: self._take("unit", self.unit))
        listen(self.description, "input", lambda event: self._take("description", self.description))
        listen(self.back, "click", lambda event: self._apply({}))
        listen(self.form, "submit", self._submit)

    async def open(self, name, is_coded=False):
        """Show what is known of a column, and what was said of it."""
        self.name = name
        self.draft = ColumnDraft((await self._ask(name)).json, is_coded)
        text(self.title, name)
        text(self.problem, "")
        self.unit.value, self.description.value = self.draft.unit, self.draft.description
        show(self.back, bool(self.draft.info["correction"]))
        self._draw()
        if not self.dialog.open:
            self.dialog.showModal()
            self.kind.focus()

    def _ask(self, name, missing=None):
        return self.app.client.call("column", {"name": name, "missing": missing, "place": self.place})

    # --- what the user says ---

    def _choose_kind(self, event):
        self.draft.choose_kind(str(self.kind.value))
        self._draw()

    def _choose_role(self, event):
        self.draft.choose_role(str(self.role.value) or None)
        self._draw()

    def _take(self, what, box):
        setattr(self.draft, what, str(box.value))

    def _key_of_code(self, event):
        if event.key == "Enter":
            event.preventDefault()
            self.app.run(self._add_code())

    async def _add_code(self):
        if self.draft.add_code(str(self.code.value)):
            self.code.value = ""
            await self._count()
            self.code.focus()

    async def _choose_code(self, code, chosen):
        self.draft.choose_code(code, chosen)
        await self._count()

    async def _count(self):
        """Ask what is left of the column without the codes of now."""
        asked, draft = self.draft.chosen_codes(), self.draft
        answer = await self._ask(self.name, asked)
        if draft is self.draft and asked == draft.chosen_codes():
            draft.take(answer.json)
            self._draw()

    def _rename(self, level, box):
        self.draft.rename(level, str(box.value))
        box.value = self._label_of(level)
        self._draw_outcome()

    def _label_of(self, level):
        return next(row["label"] for row in self.draft.rows if row["level"] == level)

    def _move(self, position, step):
        place = self.draft.move(position, step)
        self._draw_levels()
        buttons = self.levels.querySelectorAll("tbody tr")[place].querySelectorAll("button")
        button = buttons[0 if step < 0 else 1]
        (buttons[1 if step < 0 else 0] if button.disabled else button).focus()

    def _merge(self, levels, label):
        self.draft.merge(levels, label)
        self._draw_levels()
        self.apply.focus()

    def _submit(self, event):
        event.preventDefault()
        self.app.run(self._apply(self.draft.correction()))

    async def _apply(self, correction):
        is_second = self.place == "second"
        cohort = self.app.cohort["second"] if is_second else self.app.cohort
        columns = with_correction(cohort["columns"], self.name, correction)
        text(self.problem, "")
        set_busy(self.form)
        try:
            if is_second:
                await self.app.second.correct_columns(columns)
            else:
                await self.app.correct_columns(columns, self.name)
        except Refused as refused:
            text(self.problem, refused.message)
            self.problem.scrollIntoView()
            return
        finally:
            set_busy(self.form, False)
        self.dialog.close()
        self.after(self.name)

    # --- what is shown ---

    def _draw(self):
        draft = self.draft
        self.kind.value = draft.kind
        self.role.value = draft.role or ""
        text(self.read, read_in_words(draft.info))
        show(self.levels_box, draft.kind == "category")
        self._draw_codes()
        self._draw_levels()

    def _draw_codes(self):
        boxes = []
        for item in self.draft.codes:
            box = h("input", type="checkbox")
            box.checked = item["chosen"]
            self._listen_code(box, item["code"])
            counted = f" ({plural(item['n'], 'value')})"
            boxes.append(h("label", box, h("span", h("b", str(item["code"])), counted), cls="check inline"))
        words = (
            say("What is ticked counts as missing.")
            if boxes
            else say("None was found. Add what stands for a missing value.")
        )
        clear(self.codes, h("p", words, cls="note"), boxes)

    def _listen_code(self, box, code):
        listen(box, "change", lambda event: self._choose_code(code, bool(box.checked)))

    def _draw_levels(self):
        draft = self.draft
        if draft.kind != "category":
            clear(self.levels)
            return
        if len(draft.rows) > MOST_ROWS or draft.is_long():
            many = say(
                "{n_values} levels are too many to be named here; a recipe can name them.",
                n_values=grouped(draft.info["n_values"]),
            )
            clear(self.levels, h("p", many, cls="note"))
            return
        heads = (say("In the file"), say("Subjects"), say("Name"), say("Order"))
        rows = [self._row(position, row) for position, row in enumerate(draft.rows)]
        self.outcome = h("p", cls="note", role="status")
        clear(
            self.levels,
            [self._proposal(levels, label) for levels, label in draft.proposals()],
            h("table", h("thead", h("tr", [h("th", head, scope="col") for head in heads])), h("tbody", rows)),
            self.outcome,
        )
        self._draw_outcome()

    def _row(self, position, row):
        level, last = row["level"], len(self.draft.rows) - 1
        box = h(
            "input",
            value=row["label"],
            autocomplete="off",
            maxlength=120,
            aria_label=say("Name of {level}", level=level),
        )
        listen(box, "change", lambda event: self._rename(level, box))

        def mover(sign, label, step, off):
            to = {"click": lambda event: self._move(position, step)}
            return h(
                "button",
                sign,
                type="button",
                cls="quiet",
                aria_label=label,
                disabled=off,
                on=to,
            )

        return h(
            "tr",
            h("th", level, scope="row"),
            h("td", grouped(row["n"]), cls="number"),
            h("td", box),
            h(
                "td",
                mover("↑", say("Move {level} up", level=level), -1, position == 0),
                mover("↓", say("Move {level} down", level=level), 1, position == last),
            ),
        )

    def _proposal(self, levels, label):
        quoted = say(" and ").join(f"“{level}”" for level in levels)
        merge = h("button", say("Merge as “{label}”", label=label), type="button")
        listen(merge, "click", lambda event: self._merge(levels, label))
        return h("p", say("{quoted} are spellings of one word. ", quoted=quoted), merge, cls="proposal")

    def _draw_outcome(self):
        found = [f"{name} ({grouped(n)})" for name, n in self.draft.outcome()]
        text(self.outcome, f"{plural(len(found), 'level')}: {', '.join(found)}")


def labelled(words, control):
    """A control under its label."""
    control.id = unique("column")
    return h("div", h("label", words, for_=control.id), control, cls="field")


def read_in_words(info):
    """What was read of a column, in a line."""
    values = [f"{value} ({grouped(n)})" for value, n in info["values"][:5]]
    more = info["n_values"] - len(values)
    if more:
        values.append(say("and {more} more", more=grouped(more)))
    kind = say("numbers") if info["kind"] == "number" else say("texts")
    return say(
        "In the file: {kind}, {distinct}: {values}",
        kind=kind,
        distinct=plural(info["n_values"], "distinct value"),
        values=", ".join(values),
    )
