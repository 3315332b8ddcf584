"""Fields: what each kind of field of a form offers, begins with and accepts.

A kind is one class, found in `KINDS` by what the catalog says of the field: its ``control``, and where its ``choices``
come from. One whose choices are a list of the overview needs no class of its own. What a field needs of the page it
asks of the form: the cohort, the groups, the maps of the tray, and what is chosen in the other fields.
"""

from logic.language import say
from logic.tree import is_in


class Field:
    """A field of which one of several options is chosen.

    Attributes
    ----------
    entry : dict
        The field in the catalog.
    name : str
    control : {"select", "flag", "number", "text", "ticks", "tree"}
        What it looks like.
    fewest : int
        Fewer options than these are no choice, and are not shown.
    nothing : str or None
        What is said where the cohort has no option.
    coloured : bool
        Whether options are groups, which have colours.
    of_tray : bool
        Whether options are maps of the tray.
    """

    coloured = False
    of_tray = False

    def __init__(self, entry):
        self.entry = entry
        self.name = entry["name"]
        self.control = entry["control"]
        self.fewest = entry.get("fewest", 0)
        self.nothing = entry.get("lacking") or None

    def depends_on(self):
        """The names of the fields that decide which options there are."""
        return []

    def options(self, form):
        """The ``(value, label)`` of all options, in the order in which they are offered."""
        return []

    def items(self, form):
        """The overview's entries of the phenotypes that the options are, None for one that is none; else nothing."""
        return ()

    def settle(self, form, value):
        """Return ``value`` if it is offered, else what is chosen to begin with."""
        offered = [option for option, label in self.options(form)]
        for wanted in (value, self.entry["default"]):
            if wanted in offered:
                return wanted
        return self.first(form, offered) if offered else None

    def first(self, form, offered):
        """What is chosen to begin with where the default is not offered."""
        return offered[0]

    def accepts(self, value):
        """Whether a value can be sent: what is typed may not be."""
        return True

    def groups_in(self, value):
        """The groups that a value consists of, as expressions."""
        return []


class Choice(Field):
    """One of what the analysis lists."""

    def options(self, form):
        return [(value, label) for value, label in self.entry["options"]]


class CohortChoice(Choice):
    """One of what the analysis lists; all but the first need a second cohort, and are offered where one is open."""

    def options(self, form):
        every = super().options(form)
        return every if form.cohort is not None and form.cohort["second"] is not None else every[:1]


class PhenotypeChoice(Field):
    """A phenotype, or none where it is not required."""

    def depends_on(self):
        return self.entry.get("without", ())

    def options(self, form):
        none = [] if self.entry["required"] or form.cohort is None else [(None, self.entry["none_option"])]
        return none + _phenotypes(self, form)

    def items(self, form):
        return _items(self, form)

    def first(self, form, offered):
        """The first that varies, preferably one of the role or the names that the analysis prefers."""
        varying = [item["name"] for item in form.cohort["phenotypes"] if item["name"] in offered and varies(item)]
        roles = {item["name"]: item.get("role", "") for item in form.cohort["phenotypes"]}
        for name in varying:
            if self.entry.get("role") and roles[name] == self.entry["role"]:
                return name
        for name in varying:
            if not roles[name] and any(part in name.lower() for part in self.entry["prefer"]):
                return name
        # Two fields that must be chosen begin with different phenotypes.
        others = [form.chosen.get(other.name) for other in form.fields if other is not self and other.entry["required"]]
        return ([name for name in varying if name not in others] or varying or offered)[0]


class LevelChoice(Field):
    """A level of the phenotype that is chosen in another field."""

    def depends_on(self):
        return [self.entry["of"]]

    def options(self, form):
        item = None if form.cohort is None else phenotype(form.cohort, form.chosen.get(self.entry["of"]))
        levels = [(level["name"], f"{level['name']} ({level['n']})") for level in item["levels"]] if item else []
        whole = self.entry["none_option"]
        return [(None, whole)] + levels if whole and levels and (self.entry["optional"] or len(levels) > 2) else levels

    def first(self, form, offered):
        """Of two levels the second, which is the one to ask about: (No, Yes), (F, M)."""
        return offered[-1] if len(offered) == 2 else offered[0]


class ListedChoice(Field):
    """One of what the overview lists, or none where that is offered."""

    def options(self, form):
        none = self.entry["none_option"]
        listed = [] if form.cohort is None else named(form.cohort[self.entry["choices"]])
        if form.cohort is not None and self.entry.get("differences"):
            listed = listed + named(form.cohort["differences"].get(self.entry["choices"], []))
        return listed if none is None or form.cohort is None else [(None, none)] + listed


class GroupChoice(Field):
    """A group, or everybody."""

    def options(self, form):
        return [] if form.cohort is None else [(None, self.entry["none_option"])] + _groups(form)

    def groups_in(self, value):
        return [] if value is None else [value]


class Several(Field):
    """Any number of what the overview lists, as a list in its order."""

    def options(self, form):
        return [] if form.cohort is None else named(form.cohort[self.entry["choices"]])

    def settle(self, form, value):
        wanted = {one for one in _list(value) if isinstance(one, str)}
        return [option for option, label in self.options(form) if option in wanted]


class PhenotypesChoice(Several):
    def depends_on(self):
        return self.entry.get("without", ())

    def options(self, form):
        return _phenotypes(self, form)

    def items(self, form):
        return _items(self, form)


class GroupsChoice(Several):
    coloured = True

    def options(self, form):
        return [] if form.cohort is None else _groups(form)

    def groups_in(self, value):
        return value


class WeightsChoice(Several):
    """Names and folders of weights; a folder stands for all in it."""

    def settle(self, form, value):
        names = [name for name, label in self.options(form)]
        return [one for one in _list(value) if any(is_in(name, one) for name in names)]


class MapsChoice(Several):
    """Maps of the tray, each its name and its source."""

    of_tray = True

    def options(self, form):
        return [([entry["name"], entry["source"]], f"{entry['name']}: {entry['title']}") for entry in form.maps]

    def settle(self, form, value):
        # By what they are, because a name may have changed; what is new in the tray is meant to be used where the form
        # says so.
        wanted = [pair[1] for pair in _list(value) if isinstance(pair, (list, tuple)) and len(pair) == 2]
        new = self.entry["ticked"]
        return [
            option
            for option, label in self.options(form)
            if option[1] in wanted or (new and option[1] not in form.seen_sources)
        ]


class Flag(Field):
    def settle(self, form, value):
        return value if isinstance(value, bool) else self.entry["default"]


class Text(Field):
    def settle(self, form, value):
        return value if isinstance(value, str) else self.entry["default"] or ""

    def accepts(self, value):
        return bool(value.strip()) or not self.entry["required"]


class Number(Field):
    """A number between two others, a whole one where the catalog says so; None while what is typed is none."""

    def settle(self, form, value):
        good = value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
        return value if good else self.entry["default"]

    def accepts(self, value):
        if value is None or not self.entry["minimum"] <= value <= self.entry["maximum"]:
            return False
        return not self.entry["integer"] or value == int(value)

    def read(self, typed):
        """The number that was typed; None if it is none."""
        try:
            value = float(typed)
        except ValueError:
            return None
        if value != value or value - value != 0:
            return None  # not a number, or infinite
        return int(value) if self.entry["integer"] and value == int(value) else value

    def written(self, value):
        """What stands in the box."""
        return "" if value is None else f"{value:g}"

    def advice(self):
        """What to type."""
        what = say("A whole number") if self.entry["integer"] else say("A number")
        return say(
            "{what} from {minimum} to {maximum}",
            what=what,
            minimum=f"{self.entry['minimum']:g}",
            maximum=f"{self.entry['maximum']:g}",
        )


#: Kinds of fields by their control and where their choices come from; "" stands for all others of a control.
KINDS = {
    ("flag", ""): Flag,
    ("number", ""): Number,
    ("select", ""): ListedChoice,
    ("select", "cohorts"): CohortChoice,
    ("select", "groups"): GroupChoice,
    ("select", "levels"): LevelChoice,
    ("select", "options"): Choice,
    ("select", "phenotypes"): PhenotypeChoice,
    ("text", ""): Text,
    ("ticks", ""): Several,
    ("ticks", "groups"): GroupsChoice,
    ("ticks", "phenotypes"): PhenotypesChoice,
    ("ticks", "tray"): MapsChoice,
    ("tree", ""): WeightsChoice,
}


def field_of(entry):
    """Make the field that the catalog describes."""
    control = entry["control"]
    kind = KINDS.get((control, entry.get("choices", "")))
    return (kind or KINDS[control, ""])(entry)


def named(items):
    """Options of things that are called by their names, and of names."""
    names = [item if isinstance(item, str) else item["name"] for item in items]
    return [(name, name) for name in names]


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


def _phenotypes(field, form):
    """Options of phenotypes of the right kind, without those chosen in other fields."""
    if form.cohort is None:
        return []
    taken = [form.chosen.get(other) for other in field.depends_on()]
    kind = field.entry["kind"]
    fitting = [item for item in form.cohort["phenotypes"] if kind in (None, item["kind"])]
    return named(item for item in fitting if item["name"] not in taken)


def _items(field, form):
    """The overview's entries of what a field of phenotypes offers."""
    if form.cohort is None:
        return []
    known = {item["name"]: item for item in form.cohort["phenotypes"]}
    return [known.get(value) for value, label in field.options(form)]


def _groups(form):
    return [(group["expression"], group["name"]) for group in form.groups_of_page]


def _list(value):
    """A list of choices as it is; [] for what an address has in place of one."""
    return value if isinstance(value, (list, tuple)) else []
