"""Groups: the groups of the page, the conditions that make one, and what is asked of the engine about it."""

from imagenomer.wording import grouped
from logic.language import plural, say

#: At least 18 apart in CIELAB from one another, also as seen without red, green or blue cones (Machado et al. 2009),
#: and 3 : 1 against the light and the dark page. No seventh does; from there on they repeat.
COLOURS = ("#0072b2", "#d55e00", "#00a569", "#b478f0", "#a54b2d", "#785a5a")

NUMBER_OPERATORS = (
    (">=", say("is at least")),
    ("<=", say("is at most")),
    (">", say("is more than")),
    ("<", say("is less than")),
    ("==", say("is")),
    ("!=", say("is not")),
    ("is missing", say("is missing")),
    ("is not missing", say("is known")),
)
CATEGORY_OPERATORS = (
    ("==", say("is")),
    ("!=", say("is not")),
    ("in", say("is one of")),
    ("not in", say("is none of")),
    ("is missing", say("is missing")),
    ("is not missing", say("is known")),
)
#: Characters shown before the place of an error.
BEFORE = 18


class Groups:
    """The groups of the page.

    Attributes
    ----------
    entries : list of dict
        ``{name, expression, slot, colour, n, n_unknown, problem}``; ``slot`` numbers the colour, ``problem`` says why a
        group does not fit the open cohort.
    """

    def __init__(self):
        self.entries = []

    def saved(self):
        """The groups as the address keeps them."""
        return [[entry["name"], entry["expression"], entry["slot"]] for entry in self.entries]

    def take_over(self, saved):
        """Take over saved groups, which are still to be counted."""
        self.entries = [_entry(name, expression, slot) for name, expression, slot in saved]

    def fitting(self):
        """The groups that fit the open cohort."""
        return [entry for entry in self.entries if entry["problem"] is None]

    def put(self, entry, name, expression):
        """Change a group, or add one for None; returns it, still to be counted."""
        if entry is None:
            self.entries.append(_entry(name, expression, self._free_slot()))
            return self.entries[-1]
        entry.update(_entry(name, expression, entry["slot"]))
        return entry

    def remove(self, entry):
        """Take a group out; returns where it was."""
        position = self.entries.index(entry)
        del self.entries[position]
        return position

    def problem_of(self, name, expression, but):
        """What speaks against a name and an expression beside the other groups, or None."""
        for entry in self.entries:
            if entry is but:
                continue
            if entry["expression"] == expression:
                return say("This is the group {name} already.", name=entry["name"])
            if entry["name"] == name:
                return say("There is a group {name} already; choose another name.", name=name)
        return None

    def _free_slot(self):
        taken = [entry["slot"] for entry in self.entries]
        slot = 0
        while slot in taken:
            slot += 1
        return slot


def _entry(name, expression, slot):
    colour = COLOURS[slot % len(COLOURS)]
    uncounted = {"n": None, "n_unknown": None, "problem": None}
    return dict(uncounted, name=name, expression=expression, slot=slot, colour=colour)


class Condition:
    """One condition: a phenotype, an operator that suits it, and a value.

    Attributes
    ----------
    item : dict or None
        The phenotype in the overview; None if the cohort has none.
    operator : str
    value : str or list of str
        A list for "in" and "not in".
    """

    def __init__(self, phenotypes):
        self.item = None
        if phenotypes:
            self.choose_phenotype(phenotypes[0])

    def choose_phenotype(self, item):
        """Take a phenotype, with its first operator."""
        self.item = item
        self.choose_operator(self.operators()[0][0])

    def operators(self):
        """The operators that suit the phenotype, each with its words."""
        return NUMBER_OPERATORS if self.item["kind"] == "number" else CATEGORY_OPERATORS

    def choose_operator(self, operator):
        """Take an operator; the value is reset."""
        self.operator = operator
        levels = self.levels()
        self.value = {"levels": [], "level": levels[0] if levels else ""}.get(self.control(), "")

    def levels(self):
        return [level["name"] for level in self.item["levels"]]

    def control(self):
        """How the value is given: "levels" to tick, one "level", a "number", or None without a value."""
        if self.operator in ("is missing", "is not missing"):
            return None
        if self.operator in ("in", "not in"):
            return "levels"
        return "number" if self.item["kind"] == "number" else "level"

    def saved(self):
        """The condition as the engine takes it, or None while a value is missing."""
        if self.item is None:
            return None
        clause = {"field": self.item["name"], "op": self.operator}
        if self.control() is None:
            return clause
        value = self.value.strip() if isinstance(self.value, str) else self.value
        return dict(clause, value=value) if value else None


class Draft:
    """A group that is being made or changed: by conditions or as an expression, and what is known of it.

    Attributes
    ----------
    is_typing : bool
        Whether the expression holds, or the conditions.
    expression : str
    conditions : list of Condition
    joiner : {"and", "or"}
    text : str or None
        The group as the engine writes it, once it is known to be good.
    counted : str
        What is said of the group as it is now; empty while it is not counted.
    asked : int
        How often the question has changed: only the latest is answered.
    """

    def __init__(self):
        self.is_typing = False
        self.expression = ""
        self.conditions = []
        self.joiner = "and"
        self.text = None
        self.counted = ""
        self.asked = 0

    def type(self, typing):
        """Go over to typing or to choosing; what was chosen is there as an expression to go on from."""
        if typing and self.text and not self.expression:
            self.expression = self.text
        self.is_typing = typing

    def question(self):
        """What to ask the engine, or None while there is nothing to ask."""
        if self.is_typing:
            return {"expression": self.expression} if self.expression.strip() else None
        clauses = [condition.saved() for condition in self.conditions]
        return None if not clauses or None in clauses else {"clauses": clauses, "joiner": self.joiner}

    def what_is_missing(self):
        """What to say while there is nothing to ask."""
        return say("Type an expression first.") if self.is_typing else say("Give a value first.")

    def change(self):
        """Forget what was said before the group changed; returns the number of the new question."""
        self.text, self.counted = None, ""
        return self.supersede()

    def supersede(self):
        """Let no answer to an earlier question be shown; returns the number of the new one."""
        self.asked += 1
        return self.asked

    def is_latest(self, question):
        return question == self.asked

    def take(self, answer, n_subjects):
        """Keep what the engine says of a good group of a cohort with so many subjects."""
        self.text = answer["text"]
        unknown = say(", {n_unknown} unknown", n_unknown=grouped(answer["n_unknown"])) if answer["n_unknown"] else ""
        self.counted = say(
            "{subjects} of {n_subjects}{unknown}",
            subjects=plural(answer["n"], "subject"),
            n_subjects=grouped(n_subjects),
            unknown=unknown,
        )


def place_of(expression, position):
    """The line of an expression that holds an error, shortened before it, and how far into it the error is."""
    start = expression.rfind("\n", 0, position) + 1
    end = expression.find("\n", position)
    line = expression[start:] if end < 0 else expression[start:end]
    column = position - start
    skipped = max(0, column - BEFORE)
    ahead = ("…" if skipped else "") + line[skipped:column]
    return ahead + line[column:], len(ahead)


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
