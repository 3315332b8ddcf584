"""Form: the parameters of an analysis as controls, read off the catalog."""

from dom import add, clear, h, listen, text


class Form:
    """Controls for the fields of one analysis.

    ``changed(unfinished)`` is called after each change, ``unfinished`` if more of a number may follow, ``submitted()``
    on Enter or Run. `values` gives the parameters as JSON, or None while a number is not acceptable.
    """

    def __init__(self, app, name, fields, changed, submitted):
        self.app = app
        self.name = name
        self.fields = fields
        self.changed = changed
        self.chosen = {}
        self.rows = {field["name"]: h("div", cls="field") for field in fields}
        self.buttons = h("div", cls="actions")
        rows = [self.rows[field["name"]] for field in fields]  # MicroPython's dicts have no order
        self.element = h("form", rows, self.buttons, cls="params", novalidate=True)

        def submit(event):
            event.preventDefault()
            submitted()

        listen(self.element, "submit", submit)
        self.refresh()

    # --- values ---

    def values(self):
        if any(field["marker"] == "Number" and not within(self.chosen[field["name"]], field) for field in self.fields):
            return None
        return dict(self.chosen)

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

    def refresh(self):
        """Draw the controls for the cohort and the groups of now."""
        for field in self.fields:
            self._draw(field)

    # --- drawing ---

    def _draw(self, field):
        name, row = field["name"], self.rows[field["name"]]
        self.chosen[name] = self._settle(field, self.chosen.get(name, field["default"]))
        clear(row)
        options = self._options(field)
        row.hidden = field["marker"] == "LevelChoice" and not options
        identity = f"{self.name}-{name}"
        described = f"{identity}-help" if field["help"] else None
        marker = field["marker"]
        if marker == "GroupsChoice":
            add(row, self._checkboxes(name, field, options))
        elif marker == "Flag":
            box = h("input", type="checkbox", id=identity, aria_describedby=described)
            box.checked = self.chosen[name]
            listen(box, "change", lambda event: self._take(name, bool(box.checked)))
            add(row, h("label", box, " ", field["label"], cls="check"))
        elif marker == "Number":
            add(row, h("label", field["label"], for_=identity), self._number(name, field, identity, described))
        else:
            select = h("select", id=identity, aria_describedby=described)
            for position, (value, label) in enumerate(options):
                add(select, h("option", label, value=position, selected=value == self.chosen[name]))
            listen(select, "change", lambda event: self._take(name, options[int(select.value)][0]))
            add(row, h("label", field["label"], for_=identity), select)
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
            good = within(number, field)
            box.setAttribute("aria-invalid", "false" if good else "true")
            text(problem, "" if good else f"A number from {field['minimum']:g} to {field['maximum']:g}")
            self._take(name, number, unfinished=True)

        listen(box, "input", typed)
        return h("div", box, problem)

    def _checkboxes(self, name, field, options):
        boxes = []

        def ticked(event):
            self._take(name, [expression for expression, box in boxes if box.checked])

        legend = h("legend", field["label"])
        if not options:
            return h("fieldset", legend, h("small", "Everybody. Make groups to compare them."))
        colours = {group["expression"]: group["colour"] for group in self.app.groups}
        labels = []
        for expression, label in options:
            box = h("input", type="checkbox", on={"change": ticked})
            box.checked = expression in (self.chosen[name] or [])
            swatch = h("span", cls="swatch", aria_hidden="true", style={"background": colours[expression]})
            boxes.append((expression, box))
            labels.append(h("label", box, " ", swatch, label, cls="check"))
        return h("fieldset", legend, *labels)

    def _take(self, name, value, unfinished=False):
        self.chosen[name] = value
        for field in self.fields:
            if field["marker"] == "LevelChoice" and field["of"] == name:
                self._draw(field)
        self.changed(unfinished)

    # --- choices ---

    def _options(self, field):
        cohort, marker = self.app.cohort, field["marker"]
        if marker == "Choice":
            return [(value, label) for value, label in field["options"]]
        if cohort is None:
            return []
        if marker == "PhenotypeChoice":
            return [
                (item["name"], item["name"]) for item in cohort["phenotypes"] if field["kind"] in (None, item["kind"])
            ]
        if marker == "LevelChoice":
            item = phenotype(cohort, self.chosen.get(field["of"]))
            return [(level["name"], f"{level['name']} ({level['n']})") for level in item["levels"]] if item else []
        if marker == "MeasureChoice":
            return [(item["name"], item["name"]) for item in cohort["measures"]]
        if marker == "TaskChoice":
            return [(None, "Mean over tasks")] + [(item["name"], item["name"]) for item in cohort["tasks"]]
        groups = [(group["expression"], group["name"]) for group in self.app.groups]
        return [(None, "Everybody")] + groups if marker == "GroupChoice" else groups

    def _settle(self, field, value):
        """Return ``value`` if the cohort offers it, else what is chosen to begin with."""
        marker = field["marker"]
        if marker in ("Flag", "Number"):
            return value
        options = [option for option, label in self._options(field)]
        if marker == "GroupsChoice":
            return [expression for expression in value or [] if expression in options]
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
            return (varying or options)[0]
        # Of two levels the second is the one to ask about: (No, Yes), (F, M).
        return options[-1] if marker == "LevelChoice" and len(options) == 2 else options[0]


def within(number, field):
    """Whether a number field accepts ``number``."""
    return number is not None and field["minimum"] <= number <= field["maximum"]


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
