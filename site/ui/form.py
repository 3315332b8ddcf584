"""Form: the parameters of an analysis as controls, read off the catalog."""

from dom import add, clear, h, listen, show, text
from logic.words import grouped
from long_list import MANY, LongSelect, TickList
from tree import Tree, is_in

#: Fewer options than these are no choice, and are not shown; of sessions and runs the first is their mean.
FEWEST = {"LevelChoice": 1, "SessionChoice": 3, "RunChoice": 3}
#: Markers of fields that take any number of choices, as a list.
SEVERAL = ("GroupsChoice", "PhenotypesChoice", "WeightsChoice", "MapsChoice")
#: What a field says whose choices the cohort does not have.
NOTHING = {
    "PhenotypeChoice": "This cohort has no such phenotype.",
    "PhenotypesChoice": "This cohort has no such phenotype.",
    "MeasureChoice": "This cohort has no connectivity.",
    "GroupsChoice": "Everybody. Make groups to compare them.",
    "VariantSetChoice": "This cohort has no genotypes.",
    "DecompositionChoice": "None came with this cohort.",
    "WeightsChoice": "This cohort has no model weights.",
    "MapsChoice": "The tray is empty. Every large matrix has a button “Save to tray”.",
}


class Form:
    """Controls for the fields of one analysis.

    ``changed(unfinished)`` is called after each change, ``unfinished`` if more of a number or a text may follow,
    ``submitted()`` on Enter or Run. `values` gives the parameters as JSON, or None while one is not acceptable.
    """

    def __init__(self, app, name, fields, changed, submitted):
        self.app = app
        self.name = name
        self.fields = fields
        self.changed = changed
        self.chosen = {}
        self.seen = []  # sources of the maps that were in the tray before
        self.rows = {field["name"]: h("div", cls="field") for field in fields}
        self.sections = []  # (element, the names of its fields)
        self.caret = h("pre", cls="caret", aria_hidden="true", hidden=True)
        self.buttons = h("div", cls="actions")
        self.element = h("form", self._sectioned(), self.buttons, cls="params", novalidate=True)

        def submit(event):
            event.preventDefault()
            submitted()

        listen(self.element, "submit", submit)
        self.refresh()

    def _sectioned(self):
        """The rows in order, neighbours of one section under its heading."""
        parts, title = [], ""
        for field in self.fields:
            row = self.rows[field["name"]]
            if not field["section"]:
                parts.append(row)
            elif field["section"] == title:
                self.sections[-1][0].append(row)
                self.sections[-1][1].append(field)
            else:
                section = h("details", h("summary", field["section"]), row, cls="section")
                self.sections.append((section, [field]))
                parts.append(section)
            title = field["section"]
        return parts

    # --- values ---

    def values(self):
        if any(self._matters(field) and not acceptable(self.chosen[field["name"]], field) for field in self.fields):
            return None
        # What is hidden is sent too, and ignored; a number that was left half-typed there would not be.
        return {
            field["name"]: self.chosen[field["name"]]
            if acceptable(self.chosen[field["name"]], field)
            else field["default"]
            for field in self.fields
        }

    def groups(self):
        """The groups that are chosen, as expressions; none of them is everybody."""
        chosen = []
        for field in self.fields:
            value = self.chosen[field["name"]]
            if field["marker"] == "GroupChoice" and value is not None:
                chosen.append(value)
            elif field["marker"] == "GroupsChoice":
                chosen.extend(value)
        return chosen

    def set(self, values):
        """Take over saved values; what the open cohort does not have is left at its default."""
        self.chosen.update({field["name"]: values[field["name"]] for field in self.fields if field["name"] in values})
        self.refresh()

    def point_at(self, position):
        """Show the place in a text at which it was refused; None: nothing is wrong."""
        show(self.caret, position is not None)
        for field in self.fields:
            if field["marker"] == "Text" and position is not None:
                clear(self.caret, f"{self.chosen[field['name']]}\n{' ' * int(position)}", h("b", "^"))
                add(self.rows[field["name"]], self.caret)

    def refresh(self):
        """Draw the controls for the cohort, the groups and the tray of now."""
        for field in self.fields:
            self._draw(field)
        for section, fields in self.sections:
            if any(self.chosen[field["name"]] != self._settle(field, field["default"]) for field in fields):
                section.open = True
        self._show_what_matters()
        self.seen = [entry["source"] for entry in self.app.tray.entries]

    def point_out(self):
        """Put the focus on what is not acceptable; called on Run."""
        for field in self.fields:
            if self._matters(field) and not acceptable(self.chosen[field["name"]], field):
                self.rows[field["name"]].querySelector("input").focus()
                return

    # --- drawing ---

    def _draw(self, field):
        name, row = field["name"], self.rows[field["name"]]
        self.chosen[name] = self._settle(field, self.chosen.get(name, field["default"]))
        clear(row)
        options = self._options(field)
        identity = f"{self.name}-{name}"
        described = f"{identity}-help" if field["help"] else None
        marker = field["marker"]
        if marker == "Flag":
            box = h("input", type="checkbox", id=identity, aria_describedby=described)
            box.checked = self.chosen[name]
            listen(box, "change", lambda event: self._take(name, bool(box.checked)))
            add(row, h("label", box, " ", field["label"], cls="check"))
        elif marker == "Number":
            add(row, h("label", field["label"], for_=identity), self._number(name, field, identity, described))
        elif marker == "Text":
            add(row, h("label", field["label"], for_=identity), self._text(name, field, identity, described))
        elif marker in NOTHING and all(value is None for value, label in options):
            add(row, h("fieldset", h("legend", field["label"]), h("small", NOTHING[marker])))
        elif marker == "WeightsChoice":
            tree = Tree([value for value, label in options], self.chosen[name], lambda chosen: self._take(name, chosen))
            add(row, h("fieldset", h("legend", field["label"]), tree.element))
        elif marker in SEVERAL:
            add(row, self._checkboxes(name, field, options))
        else:
            select = LongSelect(
                options,
                self.chosen[name],
                lambda value: self._take(name, value),
                field["label"],
                id=identity,
                aria_describedby=described,
            )
            add(row, h("label", field["label"], for_=identity), select.element)
        if field["help"]:
            add(row, h("small", field["help"], id=described))

    def _number(self, name, field, identity, described):
        problem = h("small", cls="problem", role="alert")
        value = self.chosen[name]
        box = h(
            "input",
            type="number",
            id=identity,
            aria_describedby=described,
            min=field["minimum"],
            max=field["maximum"],
            step="any",
            value="" if value is None else f"{value:g}",
        )

        def typed(event):
            try:
                number = float(box.value)
            except ValueError:
                number = None
            if number is not None and number == int(number) and isinstance(field["default"], int):
                number = int(number)
            good = acceptable(number, field)
            box.setAttribute("aria-invalid", "false" if good else "true")
            text(problem, "" if good else f"A number from {field['minimum']:g} to {field['maximum']:g}")
            self._take(name, number, unfinished=True)

        listen(box, "input", typed)
        return h("div", box, problem)

    def _text(self, name, field, identity, described):
        box = h(
            "input",
            type="text",
            id=identity,
            aria_describedby=described,
            required=field["required"],
            placeholder=field["placeholder"],
            spellcheck="false",
            autocomplete="off",
            value=self.chosen[name],
        )
        listen(box, "input", lambda event: self._take(name, str(box.value), unfinished=True))
        return box

    def _checkboxes(self, name, field, options):
        count = h("span", cls="count")

        def tell():
            chosen = len(self.chosen[name])
            text(count, f"{grouped(chosen)} of {grouped(len(options))}" if len(options) > MANY else "")

        def ticked(values):
            self._take(name, values)
            tell()

        groups = self.app.groups if field["marker"] == "GroupsChoice" else []
        colours = {group["expression"]: group["colour"] for group in groups}
        boxes = TickList(options, self.chosen[name], ticked, field["label"], colours, cls="ticks")
        tell()
        return h("fieldset", h("legend", field["label"], " ", count), boxes.finder, boxes.element)

    def _take(self, name, value, unfinished=False):
        self.chosen[name] = value
        for field in self.fields:
            if field.get("of") == name or name in field.get("without", ()):
                self._draw(field)
        self._show_what_matters(unfold=True)
        self.changed(unfinished)

    def _show_what_matters(self, unfold=False):
        """Hide the fields that the others make meaningless; ``unfold`` sections that come into play."""
        for field in self.fields:
            scarce = len(self._options(field)) < FEWEST.get(field["marker"], 0)
            show(self.rows[field["name"]], self._matters(field) and not scarce)
        for section, fields in self.sections:
            matter = any(self._matters(field) for field in fields)
            if matter and section.hidden and unfold:
                section.open = True
            show(section, matter)

    def _matters(self, field):
        """Whether the other fields have values with which this one is used."""
        return all(self.chosen.get(other) in values for other, values in field["when"].items())

    # --- choices ---

    def _options(self, field):
        """The ``(value, label)`` of a field, in the order in which they are offered."""
        cohort, marker = self.app.cohort, field["marker"]
        if marker == "Choice":
            return [(value, label) for value, label in field["options"]]
        if marker == "MapsChoice":
            entries = self.app.tray.entries
            return [([entry["name"], entry["source"]], f"{entry['name']}: {entry['title']}") for entry in entries]
        if cohort is None:
            return []
        if marker in ("PhenotypeChoice", "PhenotypesChoice"):
            taken = [self.chosen.get(other) for other in field.get("without", ())]
            fitting = [item for item in cohort["phenotypes"] if field["kind"] in (None, item["kind"])]
            names = named(item for item in fitting if item["name"] not in taken)
            optional = marker == "PhenotypeChoice" and not field["required"]
            return [(None, "None")] + names if optional else names
        if marker == "LevelChoice":
            item = phenotype(cohort, self.chosen.get(field["of"]))
            levels = [(level["name"], f"{level['name']} ({level['n']})") for level in item["levels"]] if item else []
            none = field["whole"] and levels and (field["optional"] or len(levels) > 2)
            return [(None, field["whole"])] + levels if none else levels
        if marker == "MeasureChoice":
            return named(cohort["measures"])
        if marker == "VariantSetChoice":
            return named(cohort["variant_sets"])
        if marker == "DecompositionChoice":
            return [(None, "None: compute here")] + named(cohort["decompositions"])
        if marker == "WeightsChoice":
            return named(cohort["weights"])
        if marker == "TaskChoice":
            return [(None, "Mean over tasks")] + named(cohort["tasks"])
        if marker == "SessionChoice":
            return [(None, "Mean over sessions")] + [(name, name) for name in cohort["sessions"]]
        if marker == "RunChoice":
            return [(None, "Mean over runs")] + [(name, name) for name in cohort["runs"]]
        groups = [(group["expression"], group["name"]) for group in self.app.groups]
        return [(None, "Everybody")] + groups if marker == "GroupChoice" else groups

    def _settle(self, field, value):
        """Return ``value`` if the cohort offers it, else what is chosen to begin with."""
        marker = field["marker"]
        if marker in ("Flag", "Number"):
            return value
        if marker == "Text":
            return value or ""
        options = [option for option, label in self._options(field)]
        if marker == "MapsChoice":
            # By what they are, because a name may have changed; what is new in the tray is meant to be used.
            wanted = [source for name, source in value or []]
            return [option for option in options if option[1] in wanted or option[1] not in self.seen]
        if marker == "WeightsChoice":
            return [one for one in value or [] if any(is_in(option, one) for option in options)]
        if marker in SEVERAL:
            wanted = set(value or [])
            return [option for option in options if option in wanted]
        if value in options:
            return value
        if field["default"] in options:
            return field["default"]
        if not options:
            return None
        if marker == "PhenotypeChoice":
            varying = [
                item["name"] for item in self.app.cohort["phenotypes"] if item["name"] in options and varies(item)
            ]
            for name in varying:
                if any(part in name.lower() for part in field["prefer"]):
                    return name
            # Two fields that must be chosen begin with different phenotypes.
            others = [self.chosen.get(one["name"]) for one in self.fields if one is not field and one["required"]]
            return ([name for name in varying if name not in others] or varying or options)[0]
        # Of two levels the second is the one to ask about: (No, Yes), (F, M).
        return options[-1] if marker == "LevelChoice" and len(options) == 2 else options[0]


def named(items):
    """Options of things that are called by their names."""
    return [(item["name"], item["name"]) for item in items]


def acceptable(value, field):
    """Whether a field that is typed into accepts ``value``; all others offer only what they accept."""
    if field["marker"] == "Number":
        return value is not None and field["minimum"] <= value <= field["maximum"]
    return field["marker"] != "Text" or bool(value.strip()) or not field["required"]


def phenotype(cohort, name):
    """The overview's entry of a phenotype, or None."""
    for item in cohort["phenotypes"]:
        if item["name"] == name:
            return item
    return None


def varies(item):
    """Whether a phenotype takes more than one value."""
    if item["levels"]:
        return sum(level["n"] > 0 for level in item["levels"]) > 1
    return item["minimum"] != item["maximum"]
