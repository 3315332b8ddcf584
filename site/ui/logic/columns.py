"""Columns: what a user says of a column in the dialog, as the engine takes it, and what the address keeps of it."""

import json

from logic.language import say

#: Of an address: longer corrections live as long as the page does.
LONGEST = 1500

#: What a column may be, and be for, as the dialog offers it.
KINDS = (("number", say("Number")), ("category", say("Category")), ("ignore", say("Leave out of all analyses")))
ROLES = (
    (None, say("As its name says")),
    ("site", say("Site or scanner")),
    ("family", say("Family: who is related")),
    ("date", say("Date, read as years")),
    ("id", say("Subject id, left out")),
    ("none", say("None of these, whatever its name")),
)
#: What a column is, and is for, in a word.
KIND_WORDS = (("number", say("number")), ("category", say("category")))
ROLE_WORDS = (("site", say("site")), ("family", say("family")), ("date", say("date")), ("id", say("id")))
#: The kind that a role makes of a column.
_KIND_OF_ROLE = {"site": "category", "date": "number", "id": "ignore"}


class ColumnDraft:
    """A correction while it is made.

    Attributes
    ----------
    info : dict
        What the engine says of the column, with the codes of now taken out.
    kind, role : str, str or None
    rows : list of dict
        ``{level, n, label}`` in the order of now.
    codes : list of dict
        ``{code, n, chosen}``.
    unit, description : str
    """

    def __init__(self, info, is_coded=False):
        said = info["correction"]
        self.is_coded = is_coded
        self.kind = said.get("kind") or ("category" if said.get("labels") or said.get("order") else info["kind"])
        self.role = None
        self.choose_role(said.get("role"))
        self.unit = said.get("unit", info["units"])
        self.description = said.get("description", info["description"])
        self._labels = dict(said.get("labels", {}))
        self._order = list(said.get("order", []))
        self.take(info)
        self.codes = [dict(code) for code in info["codes"]]

    # --- kind and role ---

    def choose_kind(self, kind):
        """A kind that does not go with the role ends the role."""
        self.kind = kind
        if self.role in _KIND_OF_ROLE and _KIND_OF_ROLE[self.role] != kind:
            self.role = None

    def choose_role(self, role):
        """A role may say what kind the column is."""
        self.role = role
        if role in _KIND_OF_ROLE:
            self.kind = _KIND_OF_ROLE[role]

    # --- codes for missing values ---

    def chosen_codes(self):
        return [item["code"] for item in self.codes if item["chosen"]]

    def choose_code(self, code, chosen):
        for item in self.codes:
            if item["code"] == code:
                item["chosen"] = chosen

    def add_code(self, typed):
        """Add what was typed as a code; returns whether it is a new one."""
        code = code_of(typed)
        if code is None or code in [item["code"] for item in self.codes]:
            return False
        self.codes.append({"code": code, "n": 0, "chosen": True})
        return True

    def take(self, info):
        """Take over what the engine says of the column without the codes of now."""
        self.info = info
        counts = {str(item["code"]): item["n"] for item in info["codes"]}
        self.codes = [dict(item, n=counts.get(str(item["code"]), item["n"])) for item in getattr(self, "codes", [])]
        rows = [{"level": level, "n": n, "label": self._labels.get(level, level)} for level, n in info["values"]]
        last = len(self._order)
        places = {label: place for place, label in enumerate(self._order)}
        # With its own place: MicroPython's sort may exchange what is equal.
        keyed = [(places.get(row["label"], last), place) for place, row in enumerate(rows)]
        self.rows = [rows[place] for _, place in sorted(keyed)]

    # --- levels ---

    def is_long(self):
        """Whether there are more levels than are listed."""
        return self.info["n_values"] > len(self.info["values"])

    def rename(self, level, label):
        """Call a level something else; nothing: what the file calls it."""
        for row in self.rows:
            if row["level"] == level:
                row["label"] = label.strip() or level
                self._labels[level] = row["label"]
        self._note_order()

    def move(self, position, step):
        """Move a level up (-1) or down (1); returns its new place."""
        to = min(max(position + step, 0), len(self.rows) - 1)
        self.rows.insert(to, self.rows.pop(position))
        self._note_order()
        return to

    def proposals(self):
        """Levels that differ in capitals and blanks only and are still apart: ``[(levels, common name)]``."""
        found = []
        for alike in self.info["alike"]:
            rows = [row for row in self.rows if row["level"] in alike]
            if len({row["label"] for row in rows}) > 1:
                most = max(row["n"] for row in rows)
                found.append((alike, next(row["label"] for row in rows if row["n"] == most)))
        return found

    def merge(self, levels, label):
        """Call several levels the same: they become one."""
        for level in levels:
            self.rename(level, label)

    def outcome(self):
        """The levels that it comes to, each with its subjects: ``[(label, n)]``."""
        names, counts = [], {}
        for row in self.rows:
            if row["label"] not in counts:
                names.append(row["label"])
            counts[row["label"]] = counts.get(row["label"], 0) + row["n"]
        return [(name, counts[name]) for name in names]

    def _note_order(self):
        self._order = [name for name, n in self.outcome()]

    # --- what it comes to ---

    def correction(self):
        """What the engine is told, without what is so anyway."""
        info, said = self.info, {}
        by_role = _KIND_OF_ROLE.get(self.role) == self.kind
        if (self.kind != info["kind"] or (self.is_coded and self.kind == "number")) and not by_role:
            said["kind"] = self.kind
        if self.role is not None:
            said["role"] = self.role
        if self.kind == "category":
            labels = {row["level"]: row["label"] for row in self.rows if row["label"] != row["level"]}
            if self.is_long():
                labels = {level: self._labels[level] for level in self._labels if self._labels[level] != level}
            order = [name for name, n in self.outcome()]
            if self.is_long():
                order = self._order
            elif order == self._untouched():
                order = []
            if labels:
                said["labels"] = labels
            if order:
                said["order"] = order
        codes = self.chosen_codes()
        if sorted(map(str, codes)) != sorted(map(str, info["found"])):
            said["missing"] = codes
        if self.unit.strip() != info["units"]:
            said["unit"] = self.unit.strip()
        if self.description.strip() != info["description"]:
            said["description"] = self.description.strip()
        return said

    def _untouched(self):
        """The order of the levels where the user says nothing of it."""
        labels = {row["level"]: row["label"] for row in self.rows}
        names = []
        for level, _ in self.info["values"]:
            if labels[level] not in names:
                names.append(labels[level])
        return names


def code_of(typed):
    """Return what was typed as a code: a number where it reads as one, None where it is nothing."""
    typed = typed.strip()
    if not typed:
        return None
    try:
        number = float(typed)
    except ValueError:
        return typed
    if number != number or number in (float("inf"), -float("inf")):
        return typed
    return int(number) if number == int(number) else number


def with_correction(columns, name, correction):
    """Return the corrections of all columns with this one instead of what was said of it; {} takes it out."""
    others = {one: columns[one] for one in columns if one != name}
    if correction:
        others[name] = correction
    return others


def is_short(columns):
    """Whether the address can keep it."""
    return len(json.dumps(columns)) <= LONGEST


def coded_names(cohort):
    """The numbers of a cohort that look like codes."""
    return [item["name"] for item in cohort["phenotypes"] if item["coded"]]
