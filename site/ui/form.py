"""Form: the parameters of an analysis as controls, read off the catalog."""

from dom import add, clear, h, listen, show, text
from explanation import mark
from logic.form import FormState, Section
from logic.language import say
from long_list import MANY, TickList
from long_select import LongSelect
from tree import Tree

from imagenomer.wording import grouped


class Form:
    """Controls for the fields of one analysis.

    ``changed(unfinished)`` is called after each change, ``unfinished`` if more of a number or a text may follow,
    ``submitted()`` on Enter or Run.

    Attributes
    ----------
    state : FormState
        What is chosen, and what follows from it.
    """

    def __init__(self, app, name, fields, changed, submitted):
        self.app = app
        self.name = name
        self.changed = changed
        self.state = FormState(app, fields)
        self.rows = {field.name: h("div", cls="field") for field in self.state.fields}
        self.folds = []  # one for each section of the state
        self.caret = h("pre", cls="caret", aria_hidden="true", hidden=True)
        self.buttons = h("div", cls="actions")
        parts = [self._block(block) for block in self.state.blocks]
        self.element = h("form", parts, self.buttons, cls="params", novalidate=True)
        self._controls = {
            "select": self._select,
            "flag": self._flag,
            "number": self._number,
            "text": self._text,
            "ticks": self._ticks,
            "tree": self._tree,
        }

        def submit(event):
            event.preventDefault()
            submitted()

        listen(self.element, "submit", submit)
        self.refresh()

    def _block(self, block):
        if not isinstance(block, Section):
            return self.rows[block.name]
        rows = [self.rows[field.name] for field in block.fields]
        self.folds.append(h("details", h("summary", block.title), rows, cls="section"))
        return self.folds[-1]

    def values(self):
        """The parameters as JSON, or None while one is not acceptable."""
        return self.state.values()

    def groups(self):
        """The groups that are chosen, as expressions; none of them is everybody."""
        return self.state.groups()

    def set(self, values):
        """Take over saved values; what the open cohort does not have is left at its default."""
        self._draw_all(self.state.set(values))

    def refresh(self):
        """Draw the controls for the cohort, the groups and the tray of now."""
        self._draw_all(self.state.refresh())

    def takes_maps(self):
        """Whether a field is about the maps of the tray."""
        return self.state.takes_maps()

    def point_at(self, position):
        """Show the place in a text at which it was refused; None: nothing is wrong."""
        show(self.caret, position is not None)
        for field in self.state.fields:
            if field.control == "text" and position is not None:
                clear(self.caret, f"{self.state.chosen[field.name]}\n{' ' * int(position)}", h("b", "^"))
                add(self.rows[field.name], self.caret)

    def point_out(self):
        """Put the focus on what is not acceptable; called on Run."""
        field = self.state.first_fault()
        if field is not None:
            self.rows[field.name].querySelector("input").focus()

    # --- drawing ---

    def _draw_all(self, unfolded):
        for field in self.state.fields:
            self._draw(field)
        self._show_what_matters(unfolded)

    def _draw(self, field):
        row, entry = self.rows[field.name], field.entry
        identity = f"{self.name}-{field.name}"
        described = f"{identity}-help" if entry["help"] else None
        if self.state.lacks_options(field):
            clear(row, h("fieldset", h("legend", entry["label"]), h("small", field.nothing)))
        else:
            clear(row, self._controls[field.control](field, identity, described))
        if described:
            add(row, h("small", entry["help"], id=described))
        add(row, mark(self.app, row.querySelector("label, legend"), analysis=self.name, option=field.name))

    def _select(self, field, identity, described):
        label = field.entry["label"]
        select = LongSelect(
            self.state.options(field),
            self.state.chosen[field.name],
            lambda value: self._take(field, value),
            field.items(self.state),
            id=identity,
            aria_describedby=described,
        )
        return [h("label", label, for_=identity), select.element]

    def _flag(self, field, identity, described):
        box = h("input", type="checkbox", id=identity, aria_describedby=described)
        box.checked = self.state.chosen[field.name]
        listen(box, "change", lambda event: self._take(field, bool(box.checked)))
        return h("label", box, " ", field.entry["label"], cls="check")

    def _number(self, field, identity, described):
        problem = h("small", cls="problem", role="alert")
        box = h(
            "input",
            type="number",
            id=identity,
            aria_describedby=described,
            min=field.entry["minimum"],
            max=field.entry["maximum"],
            step="any",
            value=field.written(self.state.chosen[field.name]),
        )

        def typed(event):
            number = field.read(str(box.value))
            good = field.accepts(number)
            box.setAttribute("aria-invalid", "false" if good else "true")
            text(problem, "" if good else field.advice())
            self._take(field, number, unfinished=True)

        listen(box, "input", typed)
        return [h("label", field.entry["label"], for_=identity), h("div", box, problem)]

    def _text(self, field, identity, described):
        box = h(
            "input",
            type="text",
            id=identity,
            aria_describedby=described,
            required=field.entry["required"],
            placeholder=field.entry["placeholder"],
            spellcheck="false",
            autocomplete="off",
            value=self.state.chosen[field.name],
        )
        listen(box, "input", lambda event: self._take(field, str(box.value), unfinished=True))
        return [h("label", field.entry["label"], for_=identity), box]

    def _tree(self, field, identity, described):
        names = [value for value, label in self.state.options(field)]
        tree = Tree(names, self.state.chosen[field.name], lambda chosen: self._take(field, chosen))
        return h("fieldset", h("legend", field.entry["label"]), tree.element)

    def _ticks(self, field, identity, described):
        label, options = field.entry["label"], self.state.options(field)
        count = h("span", cls="count")

        def tell():
            n_chosen = len(self.state.chosen[field.name])
            text(
                count,
                say("{n_chosen} of {options}", n_chosen=grouped(n_chosen), options=grouped(len(options)))
                if len(options) > MANY
                else "",
            )

        def ticked(values):
            self._take(field, values)
            tell()

        groups = self.app.groups if field.coloured else []
        colours = {group["expression"]: group["colour"] for group in groups}
        described = {item["name"]: item["description"] or "" for item in field.items(self.state) or () if item}
        boxes = TickList(options, self.state.chosen[field.name], ticked, label, colours, described, cls="ticks")
        tell()
        return h("fieldset", h("legend", label, " ", count), boxes.finder, boxes.element)

    # --- changes ---

    def _take(self, field, value, unfinished=False):
        follow, unfolded = self.state.take(field.name, value)
        for other in follow:
            self._draw(other)
        self._show_what_matters(unfolded)
        self.changed(unfinished)

    def _show_what_matters(self, unfolded):
        """Hide the fields that the others make meaningless, and unfold sections."""
        for field in self.state.fields:
            show(self.rows[field.name], self.state.is_shown(field))
        for section, fold in zip(self.state.sections, self.folds):
            if section in unfolded:
                fold.open = True
            show(fold, section.shown)
