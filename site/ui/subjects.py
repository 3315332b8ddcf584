"""Subjects: every subject in a table to sort, filter and tick, from which groups are made and subjects set aside."""

import downloads
from dom import add, clear, h, later, listen, show, text
from group_editor import ConditionFields
from logic.groups import Condition
from logic.language import plural, say
from logic.latest import Latest
from logic.picking import summary
from logic.protocol import Refused
from logic.subjects import BY_SUBJECT, WITHOUT, Ticks, disclosure_of, query_of
from logic.tables import Order
from long_select import LongSelect
from subject_dialog import SubjectDialog
from subject_rows import SubjectRows

from imagenomer.wording import grouped

#: Milliseconds after the last key before the table follows a filter.
SOON = 250


class SubjectsView:
    """The table of subjects, and what is done with those that are ticked."""

    def __init__(self, app):
        self.app = app
        self.visible = False
        self.ticks = Ticks()
        self.order = Order(BY_SUBJECT)
        self.filters = []
        self.page = None
        self._where = self._dialog = None
        self._undo = None
        self.rows = SubjectRows(self)
        self.load = Latest(app, self._load)
        self._soon = later(SOON, self._requery)
        self._build()
        app.on("cohort", lambda *_: self._cohort_changed())
        app.on("groups", lambda *_: self._groups_changed())

    def _build(self):
        self.finder = h(
            "input", type="search", placeholder=say("Find a subject"), aria_label=say("Find a subject"), cls="finder"
        )
        listen(self.finder, "input", lambda event: self._soon())
        self.group = h("select", aria_label=say("Group"), on={"change": lambda event: self._requery()})
        more = h("button", say("Add a filter"), type="button", on={"click": lambda event: self._add_filter()})
        self.column_place = h("div", cls="column-choice")
        save = h("button", say("Download CSV"), type="button", on={"click": lambda event: self._save()})
        save.title = say("All rows that are listed, with every phenotype")
        self.filter_place = h("div", cls="filter-line")
        self.count = h("span", role="status", cls="listed")
        self.untick = h(
            "button", say("Untick all"), type="button", cls="quiet", on={"click": lambda event: self._untick()}
        )
        self.name = h("input", placeholder=say("Name of the group"), aria_label=say("Name of the group"), maxlength=80)
        self.make = h("button", type="button", cls="primary", on={"click": lambda event: self.app.run(self._make())})
        self.aside = h("button", type="button", on={"click": lambda event: self.set_aside()})
        self.back = h("button", say("Put back"), type="button", on={"click": lambda event: self.put_back()})
        self.notice = h("p", cls="notice", role="status", hidden=True)
        self.problem = h("p", cls="problem", role="alert")
        self.element = h(
            "section",
            h(
                "div",
                self.finder,
                h("label", h("span", say("Group")), self.group),
                more,
                self.column_place,
                save,
                cls="tools",
            ),
            self.filter_place,
            h("div", self.count, self.untick, h("div", self.name, self.make, self.aside, self.back), cls="chosen"),
            self.notice,
            self.problem,
            self.rows.element,
            cls="subjects",
            aria_label=say("Subjects"),
        )

    # --- what is open ---

    def show(self):
        self.visible = True
        if self._where is None:
            self._cohort_changed()
        self.rows.fit()
        self.load()

    def hide(self):
        self.visible = False

    def _cohort_changed(self):
        if self.app.cohort is None:
            return
        where = self.app.opener.where()
        if where != self._where:  # else the same cohort, with other columns or a new engine
            self._where = where
            self.ticks.clear()
            self.order = Order(BY_SUBJECT)
            self.finder.value = ""
        known = [item["name"] for item in self.app.cohort["phenotypes"]]
        if self.order.column[0] == "phenotype" and self.order.column[1] not in known:
            self.order = Order(BY_SUBJECT)
        self.filters, self.page = [], None
        clear(self.filter_place)
        self._show_notice(None)
        self.rows.take_columns(self.app.cohort["phenotypes"])
        self._offer_columns()
        self._offer_groups()
        self._wait()
        if self.visible:
            self.load()

    def _wait(self):
        """Offer nothing yet: the engine may be at other work."""
        text(self.count, say("Reading the table"))
        text(self.make, say("Make a group"))
        text(self.aside, say("Set aside"))
        self.make.disabled = self.aside.disabled = True
        show(self.untick, False)
        show(self.back, False)

    def _offer_columns(self):
        phenotypes = self.app.cohort["phenotypes"]
        options = [(None, say("Go to a column"))] + [(place, item["name"]) for place, item in enumerate(phenotypes)]
        select = LongSelect(options, None, self._go_to, [None] + phenotypes, aria_label=say("Go to a column"))
        clear(self.column_place, select.element)

    def _go_to(self, place):
        if place is not None:
            self.rows.go_to_column(place)

    def _groups_changed(self):
        if self.app.cohort is None:
            return
        self._offer_groups()
        if self.visible:
            self.load()

    def _offer_groups(self):
        chosen = self._chosen_group()
        self._groups = [None] + [group["expression"] for group in self.app.groups]
        names = [say("Everybody")] + [group["name"] for group in self.app.groups]
        at = self._groups.index(chosen) if chosen in self._groups else 0
        clear(self.group, [h("option", name, value=place, selected=place == at) for place, name in enumerate(names)])

    def _chosen_group(self):
        place = int(str(self.group.value) or 0) if self.group.children.length else 0
        return self._groups[place] if place and place < len(self._groups) else None

    # --- filters and order ---

    def _add_filter(self):
        if not self.app.cohort["phenotypes"]:
            return
        condition = ConditionFields(self, Condition(self.app.cohort["phenotypes"]))
        self.filters.append(condition)
        text(condition.legend, say("Filter"))
        add(self.filter_place, condition.element)
        condition.field.focus()

    def changed(self):
        """A filter has changed (called by its fields)."""
        self._soon()

    def remove(self, condition):
        """Take a filter out (called by its fields)."""
        self.filters.remove(condition)
        condition.element.remove()
        self._requery()

    def sort(self, column):
        self.order.sort(column)
        self.rows.to_top()
        self.rows.mark_order()
        self.load()

    def query(self):
        """What is listed, as the engine takes it."""
        clauses = [condition.condition.saved() for condition in self.filters]
        return query_of(self.order, clauses, self._chosen_group(), str(self.finder.value))

    def _requery(self):
        self.rows.to_top()
        self.load()

    async def _load(self):
        if self.app.cohort is None or not self.visible:
            return
        rows, columns = self.rows.wanted()
        names = [item["name"] for item in self.app.cohort["phenotypes"][columns[0] : columns[1]]]
        within = self._without()
        wanted = {"query": self.query(), "start": rows[0], "stop": rows[1], "columns": names}
        wanted["within"] = within["expression"] if within else None
        cohort = self.app.cohort
        try:
            page = (await self.app.client.call("subjects", wanted)).json
        except Refused as refused:
            text(self.problem, refused.message)
            return
        if cohort is not self.app.cohort:
            return
        text(self.problem, "")
        page["rows"], page["columns"], page["names_of_columns"] = rows, columns, names
        self.page = page
        self.rows.take(page)
        self.tell()

    # --- ticks ---

    def tell(self):
        """Say how many are listed and ticked, and offer what can be done with them."""
        n, n_all, n_ticked = self.page["n"] if self.page else 0, self.app.cohort["n_subjects"], len(self.ticks)
        unknown = (
            say(" · {n_unknown} unknown: value missing", n_unknown=grouped(self.page["n_unknown"]))
            if self.page["n_unknown"]
            else ""
        )
        listed = (
            plural(n_all, "subject")
            if n == n_all
            else say("{n} of {subjects}", n=grouped(n), subjects=plural(n_all, "subject"))
        )
        text(
            self.count,
            f"{listed}{unknown}" + (say(" · {n_ticked} ticked", n_ticked=grouped(n_ticked)) if n_ticked else ""),
        )
        show(self.untick, n_ticked > 0)
        text(
            self.make,
            (
                say("Make a group of {n_ticked} ticked", n_ticked=grouped(n_ticked))
                if n_ticked
                else say("Make a group of {n} listed", n=grouped(n))
            ),
        )
        self.make.disabled = not n_ticked and (n == 0 or n == n_all)
        text(self.aside, say("Set aside {n_ticked}", n_ticked=grouped(n_ticked)) if n_ticked else say("Set aside"))
        self.aside.disabled = n_ticked == 0
        show(self.back, n_ticked > 0 and self._without() is not None)

    def turn(self, place):
        """Tick a subject, or take the tick back."""
        self.ticks.turn(place)
        self.tell()

    async def turn_row(self, row):
        """Tick the subject of a row that has not been asked for yet, or take the tick back."""
        wanted = {"query": self.query(), "start": row, "stop": row + 1}
        for place in (await self.app.client.call("subjects", wanted)).json["places"]:
            self.turn(place)
        self.rows.draw()

    def _untick(self):
        self.ticks.clear()
        self.rows.draw()
        self.tell()
        self.rows.element.focus()

    async def tick_all(self, ticked):
        """Tick all who are listed, or take all these ticks back."""
        runs = (await self.app.client.call("listed_subjects", {"query": self.query()})).json["runs"]
        before = self.ticks.places
        self.ticks.clear()
        self.ticks.add(runs)
        self.ticks.places = before | self.ticks.places if ticked else before - self.ticks.places
        self.rows.draw()
        self.tell()

    # --- groups ---

    async def _group_of(self, how, within, runs):
        wanted = {"query": self.query(), "ticked": runs, "how": how, "within": within}
        return (await self.app.client.call("group_of_subjects", wanted)).json

    async def _make(self):
        panel = self.app.groups_panel
        runs = self.ticks.runs() if len(self.ticks) else None
        answer = await self._group_of("only", None, runs)
        name = str(self.name.value).strip() or self._free_name(plural(answer["n"], "subject"))
        problem = panel.groups.problem_of(name, answer["text"], None)
        if problem:
            text(self.problem, problem)
            return
        await panel.put(None, name, answer["text"])
        self.name.value = ""
        text(self.problem, "")
        self._show_notice(
            say(
                "The group “{name}” can be chosen in every analysis.{disclosure}",
                name=name,
                disclosure=disclosure_of(answer["text"]),
            )
        )

    def _free_name(self, name):
        taken, number, free = [entry["name"] for entry in self.app.groups_panel.groups.entries], 1, name
        while free in taken:
            number += 1
            free = f"{name} ({number})"
        return free

    def _without(self):
        """The group that leaves out who was set aside, None while nobody is."""
        for entry in self.app.groups:
            if entry["name"] == WITHOUT:
                return entry
        return None

    def set_aside(self, runs=None):
        """Leave subjects out of the group of those not set aside, which is made if there is none."""
        self.app.run(self._change_aside("without", runs))

    def put_back(self, runs=None):
        """Take subjects back into that group; it goes when everybody is in it."""
        self.app.run(self._change_aside("with", runs))

    async def _change_aside(self, how, runs):
        runs = self.ticks.runs() if runs is None else runs
        group, panel = self._without(), self.app.groups_panel
        before = group["expression"] if group else None
        n_before = group["n"] if group else self.app.cohort["n_subjects"]
        answer = await self._group_of(how, before, runs)
        n_aside = self.app.cohort["n_subjects"] - answer["n"]
        await self._put_without(answer["text"] if n_aside else None)
        self.ticks.clear()
        moved = plural(abs(n_before - answer["n"]), "subject")
        said = say("{moved} set aside", moved=moved) if how == "without" else say("{moved} put back", moved=moved)
        way = (
            say(
                ": choose the group “{group}” in an analysis to leave {n_aside} out.",
                group=WITHOUT,
                n_aside=grouped(n_aside),
            )
            if n_aside
            else "."
        )
        way += disclosure_of(answer["text"] if n_aside else "")
        self._show_notice(said + way, lambda: self._put_without(before))
        panel.app.status(said)
        self.load()

    async def _put_without(self, expression):
        """Let the group without those set aside be of this expression; None: let there be none."""
        group, panel = self._without(), self.app.groups_panel
        if expression is not None:
            await panel.put(group, WITHOUT, expression)
        elif group is not None:
            panel.delete(group)

    def _show_notice(self, words, undo=None):
        show(self.notice, words is not None)
        button = None
        if undo is not None:

            async def take_back(event):
                await undo()
                self._show_notice(say("Undone."))

            button = h("button", say("Undo"), type="button", cls="quiet", on={"click": take_back})
        clear(self.notice, words, button)

    # --- one subject, and the file ---

    def open(self, row):
        """Show one subject of those that are listed."""
        if self._dialog is None:
            self._dialog = SubjectDialog(self.app, self)
        self.app.run(self._dialog.open(row))

    def about(self, item):
        """What the head of a column says when pointed at."""
        words = f"{item['name']}\n{summary(item)}"
        return f"{words}\n{item['description']}" if item["description"] else words

    async def _save(self):
        answer = await self.app.work(say("Writing the table"), "subjects_file", {"query": self.query()})
        downloads.save(answer.buffers["file"]["data"], answer.json["filename"], answer.json["mime"])
        self.app.status(say("Saved {filename}", filename=answer.json["filename"]))
