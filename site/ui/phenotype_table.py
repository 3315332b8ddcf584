"""Phenotype table: what the overview shows of each phenotype, and the way to correct what a column was taken for."""

from column_dialog import ColumnDialog
from dom import add, find, h, svg
from logic.columns import KIND_WORDS, ROLE_WORDS, coded_names
from logic.language import plural, say
from logic.tables import Order, by_value, having
from long_list import MANY, LongList, sieve

from imagenomer.wording import grouped, number

#: The analysis that a click on a phenotype opens.
DISTRIBUTION = "phenotype-distribution"

#: Names of numbers that look like codes, at most, above the table; a mark in the table has all.
MOST_CODED = 8

#: The columns of the table of phenotypes, and by what some of them sort it.
COLUMNS = (
    ("name", say("Phenotype")),
    ("kind", say("Type")),
    ("holds", say("Holds")),
    ("n", say("Subjects")),
    ("n_missing", say("Missing")),
    ("mean", say("Mean")),
    ("sd", say("SD")),
    ("distribution", say("Distribution")),
)
_NUMERIC = ("n", "n_missing", "mean", "sd")
_SORTED = {
    "name": lambda item: item["name"].lower(),
    "kind": lambda item: item["kind"],
    "n": lambda item: item["n"],
    "n_missing": lambda item: item["n_missing"],
    "mean": lambda item: item["mean"],
    "sd": lambda item: item["sd"],
}


class PhenotypeTable:
    """The table; ``refresh()`` shows the overview anew, after a column was corrected."""

    def __init__(self, app, refresh):
        self.app = app
        self._refresh = refresh
        self._dialog = None

    def section(self):
        """The phenotypes of the open cohort, as an element."""
        phenotypes = self.app.cohort["phenotypes"]
        if not phenotypes:
            nothing = h("p", say("This cohort has no phenotypes."), cls="muted")
            return h("section", h("h2", say("Phenotypes")), nothing)
        heads, body, found, order = [], h("tbody"), [phenotypes], Order()

        def list_rows():
            key = _SORTED.get(order.column)
            rows.show(by_value(found[0], key, order.descending) if key else found[0])

        def sort(name):
            order.sort(name)
            for head, (other, _words) in zip(heads, COLUMNS):
                if other in _SORTED:
                    head.setAttribute("aria-sort", order.direction(other))
            list_rows()

        def sift(word):
            found[0] = having(phenotypes, word, lambda item: [item["name"], item["description"] or ""])
            list_rows()
            if not found[0]:
                said = say("No phenotype has “{word}” in its name.", word=word)
                add(body, h("tr", h("td", said, colspan=len(heads), cls="muted")))

        heads += [_head(name, words, sort) for name, words in COLUMNS]
        heads.append(h("th", h("span", say("Correct"), cls="unseen"), scope="col"))
        table = h("table", h("thead", h("tr", heads)), body)
        heading = h("h2", plural(len(phenotypes), "phenotype"), id="phenotypes-title")
        place = h("div", table, cls="phenotypes", tabindex=0, role="region", aria_labelledby="phenotypes-title")
        rows = LongList(place, body, self._row)
        rows.show(phenotypes)
        finder = sieve("phenotypes", sift) if len(phenotypes) > MANY else None
        return h("section", h("header", heading, finder, cls="found"), self._coded(), place, self._left_out())

    def _coded(self):
        """What to say of numbers that look like codes, with the way to correct them."""
        names = coded_names(self.app.cohort)
        if not names:
            return None
        one = len(names) == 1
        said = (
            say("looks like codes, and would enter models") if one else say("look like codes, and would enter models")
        )
        way = (
            say(" linearly. Make it a category, or say that it is a number: ")
            if one
            else say(" linearly. Make them categories, or say that they are numbers: ")
        )
        buttons = [self._edit(name, name) for name in names[:MOST_CODED]]
        more = say(" and {names} more", names=len(names) - MOST_CODED) if len(names) > MOST_CODED else None
        return h("p", h("strong", plural(len(names), "number")), f" {said}{way}", buttons, more, cls="coded")

    def _left_out(self):
        """The columns that are left out, with the way back."""
        names = self.app.cohort["left_out"]
        if not names:
            return None
        return h("p", say("Left out of all analyses: "), [self._edit(name, name) for name in names], cls="left-out")

    def _edit(self, name, words):
        def edit(event):
            if self._dialog is None:
                self._dialog = ColumnDialog(self.app, self._corrected)
            return self._dialog.open(name, name in coded_names(self.app.cohort))

        about = {
            "aria_label": say("Edit {name}", name=name),
            "aria_haspopup": "dialog",
            "title": say("Type, role, levels, missing values"),
        }
        return h("button", words, type="button", cls="quiet edit", on={"click": edit}, **about)

    def _corrected(self, name):
        """A column was corrected: show it, and go on where the user was."""
        self._refresh()
        self.app.record()
        buttons = find("content").querySelectorAll("button.edit")
        for place in range(buttons.length):
            if buttons[place].getAttribute("aria-label") == say("Edit {name}", name=name):
                buttons[place].focus()

    def _row(self, item):
        name = item["name"]

        def open_distribution(event):
            self.app.show_analysis(DISTRIBUTION, {"phenotype": name})

        title = item["description"] or say("Show the distribution of {name}", name=name)
        return h(
            "tr",
            h("th", h("button", name, type="button", title=title, on={"click": open_distribution}), scope="row"),
            h("td", dict(KIND_WORDS)[item["kind"]], kind_tag(item)),
            h("td", holds(item), cls="holds"),
            h("td", grouped(item["n"]), cls="number"),
            h("td", grouped(item["n_missing"]) if item["n_missing"] else "–", cls="number"),
            h("td", number(item["mean"]), cls="number"),
            h("td", number(item["sd"]), cls="number"),
            h("td", distribution(item)),
            h("td", self._edit(name, say("Edit"))),
        )


def _head(name, words, sort):
    """The heading of a column; those that sort are buttons."""
    if name in _SORTED:
        # Not called like the buttons of the groups and of the tab.
        called, go = say("Sort by {name}", name=words), {"click": lambda event: sort(name)}
        words = h("button", words, type="button", aria_label=called, on=go)
    return h("th", words, scope="col", cls="number" if name in _NUMERIC else "")


def kind_tag(item):
    """A mark beside the type: the role, that it looks like codes, or that the user corrected it."""
    if item["coded"]:
        return h("span", say("codes?"), cls="tag")
    words = (
        dict(ROLE_WORDS).get(item["role"], item["role"])
        if item["role"] not in ("", "none")
        else say("corrected")
        if item["corrected"]
        else None
    )
    return None if words is None else h("span", words, cls="role")


def holds(item):
    """The range of a number or the levels of a category, in words."""
    if item["kind"] == "number":
        if item["minimum"] is None:
            return say("nothing")
        units = f" {item['units']}" if item["units"] else ""
        if item["minimum"] == item["maximum"]:
            return say("always {minimum}{units}", minimum=number(item["minimum"]), units=units)
        return say(
            "{minimum} to {maximum}{units}",
            minimum=number(item["minimum"]),
            maximum=number(item["maximum"]),
            units=units,
        )
    levels = item["levels"]
    # With its own place: MicroPython's sort may exchange what is equal.
    places = sorted([(-level["n"], place) for place, level in enumerate(levels)])[:5]
    shown = [f"{levels[place]['name']} ({grouped(levels[place]['n'])})" for _, place in places]
    if len(levels) > 5:
        shown.append(say("and {levels} more", levels=len(levels) - 5))
    return ", ".join(shown)


def distribution(item):
    """Small bars, with the same in words."""
    if item["kind"] == "number":
        counts = item["histogram"]["counts"] if item["histogram"] else []
        what = say("Histogram")
    else:
        counts = [level["n"] for level in item["levels"]][:40]
        what = say("Bars")
    if not counts:
        return None
    width, height, gap = 120, 30, 1 if len(counts) > 12 else 3
    step, highest = min(width / len(counts), 24), max(counts) or 1
    bars = []
    for position, count in enumerate(counts):
        if count:
            tall = max(1, (height - 2) * count / highest)
            bars.append(f"M{position * step:.1f} {height - 1}v{-tall:.1f}h{step - gap:.1f}v{tall:.1f}z")
    title = say(
        "{what} of {name}: {holds}, largest bar {subjects}",
        what=what,
        name=item["name"],
        holds=holds(item),
        subjects=plural(max(counts), "subject"),
    )
    return svg(
        "svg",
        svg("path", d=" ".join(bars)),
        svg("line", x1=0, x2=width, y1=height - 0.5, y2=height - 0.5),
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=title,
    )
