"""Overview: what the open cohort holds, and what became of the files it came from."""

from column_dialog import ColumnDialog
from dom import add, clear, find, h, svg
from logic.columns import coded_names
from logic.recipe import n_doubtful
from logic.tables import Order, by_value, having
from long_list import MANY, LongList, sieve
from next_steps import NextSteps
from subjects import SubjectsView

from imagenomer.wording import grouped, number, plural

#: The analysis that a click on a phenotype opens.
DISTRIBUTION = "phenotype-distribution"

#: The parts of the tab.
SECTIONS = (("cohort", "Cohort"), ("subjects", "Subjects"))

#: How the import log is grouped: severity, heading, picture.
LOG = (
    ("warning", "Worth a look", "M12 3.5 2.5 20h19zM12 10v4.5M12 17v.4"),
    ("ignored", "Left out", "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8 12h8"),
    ("recognised", "Recognised", "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8 12.2l2.8 2.8 5.2-5.6"),
)


class OverviewTab:
    """The Overview tab."""

    def __init__(self, app):
        self.app = app
        self.section = "cohort"
        self.subjects = SubjectsView(app)
        self.next_steps = NextSteps(app)
        self.about = h("div", cls="overview")
        self.place = h("div")
        self.buttons = [
            (name, h("button", title, type="button", on={"click": self._chooser(name)})) for name, title in SECTIONS
        ]
        menu = h("div", [button for name, button in self.buttons], cls="segmented", role="group", aria_label="Show")
        self.element = h("div", menu, self.place, cls="overview-tab")
        self._shown = None
        self._dialog = None

    def show(self, spec):
        self._choose(spec.get("section", "cohort"))

    def hide(self):
        self.subjects.hide()

    def _chooser(self, name):
        def choose(event):
            self._choose(name)
            self.app.set_view(section=None if name == "cohort" else name)

        return choose

    def _choose(self, name):
        self.section = name if name == "subjects" else "cohort"
        for other, button in self.buttons:
            button.setAttribute("aria-pressed", "true" if other == self.section else "false")
        if self.section == "subjects":
            clear(self.place, self.subjects.element)
            self.subjects.show()
            return
        self.subjects.hide()
        self._show_cohort()
        clear(self.place, self.about)

    def _show_cohort(self):
        if self._shown is not self.app.cohort:
            self._shown = self.app.cohort
            clear(self.about, self.next_steps.element, self._cards(), self._phenotypes(), self._log())
        self.next_steps.refresh()

    # --- cards ---

    def _cards(self):
        cohort = self.app.cohort
        used, found = cohort["n_scans_used"], cohort["n_scans_found"]
        about = h("p", cohort["description"], cls="muted") if cohort["description"] else None
        left_out = f"{plural(found - used, 'scan')} left out" if found > used else "all found are used"
        cards = [
            card("Subjects", grouped(cohort["n_subjects"])),
            card("Scans", grouped(used), h("p", left_out, cls="muted"), folded(pairs(map(task_line, cohort["tasks"])))),
            card(
                "Connectivity",
                plural(len(cohort["measures"]), "measure"),
                pairs((item["name"], plural(item["n_scans"], "scan")) for item in cohort["measures"]),
            ),
        ]
        if cohort["parcellation"]:
            cards.append(self._parcellation(cohort["parcellation"]))
        for item in cohort["variant_sets"]:
            details = [("Subjects", grouped(item["n_subjects"]))]
            if item["missing"] is not None:
                details.append(("Missing genotypes", f"{100 * item['missing']:.1f} %"))
            cards.append(card(f"Variant set {item['name']}", plural(item["n_variants"], "variant"), pairs(details)))
        for item in cohort["decompositions"]:
            detail = pairs([("Subjects", grouped(item["n_subjects"]))])
            cards.append(card(f"Decomposition {item['name']}", plural(item["n_components"], "component"), detail))
        if cohort["weights"]:
            lines = folded(pairs((item["name"], plural(item["n_values"], "value")) for item in cohort["weights"]))
            cards.append(card("Model weights", grouped(len(cohort["weights"])), lines))
        heading = h("header", h("h2", "The cohort"), self._understood(), cls="found")
        return h("section", heading, about, h("div", cards, cls="cards"), aria_label="The cohort")

    def _understood(self):
        """The way to what the files were taken for, of files that left anything open."""
        lines = self.app.cohort["understood"]
        if not lines:
            return None
        doubtful = n_doubtful(lines)
        words = f"What I understood: {doubtful} to look at" if doubtful else "What I understood"
        opens = {"click": lambda event: self.app.understood.show()}
        return h("button", words, type="button", id="show-understood", aria_haspopup="dialog", on=opens)

    def _parcellation(self, parcellation):
        counts = {}
        for network in parcellation["networks"]:
            counts[network] = counts.get(network, 0) + 1
        names = [name for name in parcellation["network_names"] if name and counts.get(name)]
        networks = h("ul", [h("li", name, " ", h("b", grouped(counts[name]))) for name in names], cls="networks")
        about = h("p", plural(len(names), "network") if names else "no networks", cls="muted")
        box = card("Parcels", grouped(parcellation["n_parcels"]), self._parcellation_choice(), about, networks)
        box.classList.add("wide")
        box.title = parcellation["citation"] or ""
        return box

    def _parcellation_choice(self):
        """What the parcels may be taken for; several atlases have as many parcels, or the same in another order."""
        cohort = self.app.cohort
        choices = cohort["parcellation_choices"]
        options = [
            h("option", choice["title"], value=position, selected=choice["name"] == cohort["atlas"])
            for position, choice in enumerate(choices)
        ]

        async def choose(event):
            name = choices[event.target.selectedIndex]["name"]
            await self.app.set_parcellation(name)
            self._show_cohort()
            self.app.record()
            find("parcellation").focus()

        select = h("select", options, id="parcellation", on={"change": choose})
        return h("label", h("span", "Parcellation", cls="muted"), " ", select, cls="parcellation")

    # --- phenotypes ---

    def _phenotypes(self):
        phenotypes = self.app.cohort["phenotypes"]
        if not phenotypes:
            nothing = h("p", "This cohort has no phenotypes.", cls="muted")
            return h("section", h("h2", "Phenotypes"), nothing)
        heads, order = [], Order()

        def sorter(name):
            def sort(event):
                order.sort(name)
                for head, other in zip(heads, COLUMNS):
                    if other in _SORTED:
                        head.setAttribute("aria-sort", order.direction(other))
                list_rows()

            return sort

        for name in COLUMNS:
            words = name
            if name in _SORTED:
                # Not called like the buttons of the groups and of the tab.
                words = h("button", name, type="button", aria_label=f"Sort by {name}", on={"click": sorter(name)})
            heads.append(h("th", words, scope="col", cls="number" if name in _NUMERIC else ""))
        heads.append(h("th", h("span", "Correct", cls="unseen"), scope="col"))
        body = h("tbody")
        table = h("table", h("thead", h("tr", heads)), body)
        heading = h("h2", plural(len(phenotypes), "phenotype"), id="phenotypes-title")
        place = h("div", table, cls="phenotypes", tabindex=0, role="region", aria_labelledby="phenotypes-title")
        rows = LongList(place, body, self._row)

        found = [phenotypes]

        def list_rows():
            key = _SORTED.get(order.column)
            rows.show(by_value(found[0], key, order.descending) if key else found[0])

        def sift(word):
            found[0] = having(phenotypes, word, lambda item: [item["name"], item["description"] or ""])
            list_rows()
            if not found[0]:
                add(body, h("tr", h("td", f"No phenotype has “{word}” in its name.", colspan=len(heads), cls="muted")))

        rows.show(phenotypes)
        finder = sieve("phenotypes", sift) if len(phenotypes) > MANY else None
        return h("section", h("header", heading, finder, cls="found"), self._coded(), place, self._left_out())

    def _coded(self):
        """What to say of numbers that look like codes, with the way to correct them."""
        names = coded_names(self.app.cohort)
        if not names:
            return None
        one = len(names) == 1
        said = "looks like codes, and would enter models" if one else "look like codes, and would enter models"
        way = (
            " linearly. Make it a category, or say that it is a number: "
            if one
            else (" linearly. Make them categories, or say that they are numbers: ")
        )
        buttons = [self._edit(name, name) for name in names[:MOST_CODED]]
        more = f" and {len(names) - MOST_CODED} more" if len(names) > MOST_CODED else None
        return h("p", h("strong", plural(len(names), "number")), f" {said}{way}", buttons, more, cls="coded")

    def _left_out(self):
        """The columns that are left out, with the way back."""
        names = self.app.cohort["left_out"]
        if not names:
            return None
        return h("p", "Left out of all analyses: ", [self._edit(name, name) for name in names], cls="left-out")

    def _edit(self, name, words):
        def edit(event):
            if self._dialog is None:
                self._dialog = ColumnDialog(self.app, self._corrected)
            return self._dialog.open(name, name in coded_names(self.app.cohort))

        about = {"aria_label": f"Edit {name}", "aria_haspopup": "dialog", "title": "Type, role, levels, missing values"}
        return h("button", words, type="button", cls="quiet edit", on={"click": edit}, **about)

    def _corrected(self, name):
        """A column was corrected: show it, and go on where the user was."""
        self._show_cohort()
        self.app.record()
        buttons = self.element.querySelectorAll("button.edit")
        for place in range(buttons.length):
            if buttons[place].getAttribute("aria-label") == f"Edit {name}":
                buttons[place].focus()

    def _row(self, item):
        name = item["name"]

        def open_distribution(event):
            self.app.show_analysis(DISTRIBUTION, {"phenotype": name})

        title = item["description"] or f"Show the distribution of {name}"
        return h(
            "tr",
            h("th", h("button", name, type="button", title=title, on={"click": open_distribution}), scope="row"),
            h("td", item["kind"], kind_tag(item)),
            h("td", holds(item), cls="holds"),
            h("td", grouped(item["n"]), cls="number"),
            h("td", grouped(item["n_missing"]) if item["n_missing"] else "–", cls="number"),
            h("td", number(item["mean"]), cls="number"),
            h("td", number(item["sd"]), cls="number"),
            h("td", distribution(item)),
            h("td", self._edit(name, "Edit")),
        )

    # --- the import log ---

    def _log(self):
        parts = []
        for severity, heading, picture in LOG:
            entries = [entry for entry in self.app.cohort["log"] if entry["severity"] == severity]
            if entries:
                icon = svg("svg", svg("path", d=picture), viewBox="0 0 24 24", aria_hidden="true")
                lines = h("ul", [h("li", log_line(entry)) for entry in entries])
                parts.append(h("section", h("h3", icon, heading), lines, cls=severity))
        if not parts:
            return None
        return h("section", h("h2", "What was imported, and what was not"), h("div", parts, cls="log"))


#: Names of numbers that look like codes, at most, above the table; a mark in the table has all.
MOST_CODED = 8

#: The columns of the table of phenotypes, and by what some of them sort it.
COLUMNS = ("Phenotype", "Type", "Holds", "Subjects", "Missing", "Mean", "SD", "Distribution")
_NUMERIC = ("Subjects", "Missing", "Mean", "SD")
_SORTED = {
    "Phenotype": lambda item: item["name"].lower(),
    "Type": lambda item: item["kind"],
    "Subjects": lambda item: item["n"],
    "Missing": lambda item: item["n_missing"],
    "Mean": lambda item: item["mean"],
    "SD": lambda item: item["sd"],
}


def kind_tag(item):
    """A mark beside the type: the role, that it looks like codes, or that the user corrected it."""
    if item["coded"]:
        return h("span", "codes?", cls="tag")
    words = item["role"] if item["role"] not in ("", "none") else "corrected" if item["corrected"] else None
    return None if words is None else h("span", words, cls="role")


def card(title, big, *more):
    return h("article", h("h3", title), h("p", big, cls="big"), *more, cls="card")


def pairs(lines):
    """A short list of names and values."""
    return h("dl", [[h("dt", name), h("dd", value)] for name, value in lines])


def folded(list_of_pairs):
    """A long list behind a word."""
    few = list_of_pairs.children.length <= 10
    return list_of_pairs if few else h("details", h("summary", "Show them"), list_of_pairs)


def task_line(task):
    used, found = task["n_used"], task["n_found"]
    return task["name"] or "(no task)", grouped(used) if used == found else f"{grouped(used)} of {grouped(found)} found"


def holds(item):
    """The range of a number or the levels of a category, in words."""
    if item["kind"] == "number":
        if item["minimum"] is None:
            return "nothing"
        units = f" {item['units']}" if item["units"] else ""
        if item["minimum"] == item["maximum"]:
            return f"always {number(item['minimum'])}{units}"
        return f"{number(item['minimum'])} to {number(item['maximum'])}{units}"
    levels = item["levels"]
    # With its own place: MicroPython's sort may exchange what is equal.
    places = sorted([(-level["n"], place) for place, level in enumerate(levels)])[:5]
    shown = [f"{levels[place]['name']} ({grouped(levels[place]['n'])})" for _, place in places]
    if len(levels) > 5:
        shown.append(f"and {len(levels) - 5} more")
    return ", ".join(shown)


def distribution(item):
    """Small bars, with the same in words."""
    if item["kind"] == "number":
        counts = item["histogram"]["counts"] if item["histogram"] else []
        what = "Histogram"
    else:
        counts = [level["n"] for level in item["levels"]][:40]
        what = "Bars"
    if not counts:
        return None
    width, height, gap = 120, 30, 1 if len(counts) > 12 else 3
    step, highest = min(width / len(counts), 24), max(counts) or 1
    bars = []
    for position, count in enumerate(counts):
        if count:
            tall = max(1, (height - 2) * count / highest)
            bars.append(f"M{position * step:.1f} {height - 1}v{-tall:.1f}h{step - gap:.1f}v{tall:.1f}z")
    title = f"{what} of {item['name']}: {holds(item)}, largest bar {plural(max(counts), 'subject')}"
    return svg(
        "svg",
        svg("path", d=" ".join(bars)),
        svg("line", x1=0, x2=width, y1=height - 0.5, y2=height - 0.5),
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=title,
    )


def log_line(entry):
    """One message, with what it is about to unfold."""
    if not entry["items"]:
        return entry["message"]
    items = entry["items"]
    return h("details", h("summary", entry["message"]), h("p", ", ".join(str(item) for item in items)))
