"""Overview: what the open cohort holds, and what became of the files it came from."""

from dom import clear, find, h, svg
from logic.language import plural, say
from logic.recipe import n_doubtful
from next_steps import NextSteps
from phenotype_table import PhenotypeTable
from subjects import SubjectsView

from imagenomer.wording import grouped

#: The parts of the tab.
SECTIONS = (("cohort", say("Cohort")), ("subjects", say("Subjects")))

#: How the import log is grouped: severity, heading, picture.
LOG = (
    ("warning", say("Worth a look"), "M12 3.5 2.5 20h19zM12 10v4.5M12 17v.4"),
    ("ignored", say("Left out"), "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8 12h8"),
    ("recognised", say("Recognised"), "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8 12.2l2.8 2.8 5.2-5.6"),
)


class OverviewTab:
    """The Overview tab."""

    def __init__(self, app):
        self.app = app
        self.section = "cohort"
        self.subjects = SubjectsView(app)
        self.next_steps = NextSteps(app)
        self.phenotypes = PhenotypeTable(app, self._show_cohort)
        self.about = h("div", cls="overview")
        self.place = h("div")
        self.buttons = [
            (name, h("button", title, type="button", on={"click": self._chooser(name)})) for name, title in SECTIONS
        ]
        menu = h(
            "div", [button for name, button in self.buttons], cls="segmented", role="group", aria_label=say("Show")
        )
        self.element = h("div", menu, self.place, cls="overview-tab")
        self._shown = None

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
            clear(self.about, self.next_steps.element, self._cards(), self.phenotypes.section(), self._log())
        self.next_steps.refresh()

    # --- cards ---

    def _cards(self):
        cohort = self.app.cohort
        used, found = cohort["n_scans_used"], cohort["n_scans_found"]
        about = h("p", cohort["description"], cls="muted") if cohort["description"] else None
        left_out = (
            say("{scans} left out", scans=plural(found - used, "scan")) if found > used else say("all found are used")
        )
        cards = [
            card(say("Subjects"), grouped(cohort["n_subjects"])),
            card(
                say("Scans"),
                grouped(used),
                h("p", left_out, cls="muted"),
                folded(pairs(map(task_line, cohort["tasks"]))),
            ),
            card(
                say("Connectivity"),
                plural(len(cohort["measures"]), "measure"),
                pairs((item["name"], plural(item["n_scans"], "scan")) for item in cohort["measures"]),
            ),
        ]
        if cohort["parcellation"]:
            cards.append(self._parcellation(cohort["parcellation"]))
        for item in cohort["variant_sets"]:
            details = [(say("Subjects"), grouped(item["n_subjects"]))]
            if item["missing"] is not None:
                details.append((say("Missing genotypes"), f"{100 * item['missing']:.1f} %"))
            cards.append(
                card(
                    say("Variant set {name}", name=item["name"]), plural(item["n_variants"], "variant"), pairs(details)
                )
            )
        for item in cohort["decompositions"]:
            detail = pairs([(say("Subjects"), grouped(item["n_subjects"]))])
            cards.append(
                card(say("Decomposition {name}", name=item["name"]), plural(item["n_components"], "component"), detail)
            )
        if cohort["weights"]:
            lines = folded(pairs((item["name"], plural(item["n_values"], "value")) for item in cohort["weights"]))
            cards.append(card(say("Model weights"), grouped(len(cohort["weights"])), lines))
        heading = h("header", h("h2", say("The cohort")), self._understood(), cls="found")
        return h("section", heading, about, h("div", cards, cls="cards"), aria_label=say("The cohort"))

    def _understood(self):
        """The way to what the files were taken for, of files that left anything open."""
        lines = self.app.cohort["understood"]
        if not lines:
            return None
        doubtful = n_doubtful(lines)
        words = (
            say("What I understood: {doubtful} to look at", doubtful=doubtful) if doubtful else say("What I understood")
        )
        opens = {"click": lambda event: self.app.understood.show()}
        return h("button", words, type="button", id="show-understood", aria_haspopup="dialog", on=opens)

    def _parcellation(self, parcellation):
        counts = {}
        for network in parcellation["networks"]:
            counts[network] = counts.get(network, 0) + 1
        names = [name for name in parcellation["network_names"] if name and counts.get(name)]
        networks = h("ul", [h("li", name, " ", h("b", grouped(counts[name]))) for name in names], cls="networks")
        about = h("p", plural(len(names), "network") if names else say("no networks"), cls="muted")
        box = card(say("Parcels"), grouped(parcellation["n_parcels"]), self._parcellation_choice(), about, networks)
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
        return h("label", h("span", say("Parcellation"), cls="muted"), " ", select, cls="parcellation")

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
        return h("section", h("h2", say("What was imported, and what was not")), h("div", parts, cls="log"))


def card(title, big, *more):
    return h("article", h("h3", title), h("p", big, cls="big"), *more, cls="card")


def pairs(lines):
    """A short list of names and values."""
    return h("dl", [[h("dt", name), h("dd", value)] for name, value in lines])


def folded(list_of_pairs):
    """A long list behind a word."""
    few = list_of_pairs.children.length <= 10
    return list_of_pairs if few else h("details", h("summary", say("Show them")), list_of_pairs)


def task_line(task):
    used, found = task["n_used"], task["n_found"]
    return task["name"] or say("(no task)"), grouped(used) if used == found else say(
        "{used} of {found} found", used=grouped(used), found=grouped(found)
    )


def log_line(entry):
    """One message, with what it is about to unfold."""
    if not entry["items"]:
        return entry["message"]
    items = entry["items"]
    return h("details", h("summary", entry["message"]), h("p", ", ".join(str(item) for item in items)))
