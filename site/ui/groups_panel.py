"""Groups: the panel where subjects are grouped, by clicking or by typing, and the colours that groups keep."""

import js
from dom import add, clear, find, h, listen, show, text
from group_editor import GroupEditor
from logic.groups import Groups
from logic.language import plural, say
from logic.protocol import Refused

from imagenomer.wording import grouped


class GroupsPanel:
    """The groups of the page: ``groups`` are all of them, ``app.groups`` those that fit the open cohort."""

    def __init__(self, app):
        self.app = app
        self.groups = Groups()
        self.element = find("groups")
        self._toggle = find("toggle-groups")
        self._list = h("ul", aria_label=say("Groups"))
        self._editor_place = h("div")
        self._editor = None
        self.prefers_typing = False
        close = h(
            "button", "×", type="button", cls="quiet", aria_label=say("Close the groups"), title=say("Close the groups")
        )
        add(self.element, h("header", h("h2", say("Groups")), close), self._list, self._editor_place)
        listen(close, "click", lambda event: self._open(False))
        listen(self._toggle, "click", lambda event: self._open(self.element.hidden))
        listen(self.element, "keydown", self._key)
        self._narrow = js.window.matchMedia("(max-width: 1099px)")
        self.element.hidden = self._narrow.matches
        listen(self._narrow, "change", lambda event: self._open(not self._narrow.matches))

    # --- what is saved, and what the page asks ---

    def saved(self):
        return self.groups.saved()

    async def restore(self, saved):
        """Take over saved groups, and count them in the open cohort."""
        self.groups.take_over(saved)
        for entry in self.groups.entries:
            await self._count(entry)
        self._changed()
        self.edit(None)

    async def _count(self, entry):
        try:
            answer = (await self.app.client.call("check_group", {"expression": entry["expression"]})).json
            entry["n"], entry["n_unknown"] = answer["n"], answer["n_unknown"]
        except Refused as refused:
            entry["problem"] = refused.message

    def _changed(self):
        """Tell the page; returns what follows from it that the user should know, a sentence each."""
        self.app.groups = self.groups.fitting()
        self._draw()
        self.app.record()
        return self.app.emit("groups")

    # --- the list ---

    def _draw(self):
        total = self.app.cohort["n_subjects"]
        everybody = h(
            "li",
            h("span", cls="swatch everybody", aria_hidden="true"),
            h("span", h("span", say("Everybody")), cls="name"),
            h("span", grouped(total), cls="n"),
            cls="group",
        )
        clear(self._list, everybody, [self._row(entry) for entry in self.groups.entries])
        text(
            self._toggle,
            say("Groups ({entries})", entries=len(self.groups.entries)) if self.groups.entries else say("Groups"),
        )
        self._toggle.setAttribute("aria-expanded", "false" if self.element.hidden else "true")

    def _row(self, entry):
        name = entry["name"]
        rename = h(
            "button", h("span", name), type="button", cls="name", aria_label=say("Rename {name}", name=name), title=name
        )
        about = h("div", cls="about")
        if entry["problem"] is not None:
            add(about, h("p", say("Not in this cohort: {problem}", problem=entry["problem"]), cls="unfit"))
        if entry["expression"] != name:
            add(about, h("code", entry["expression"]))
        if entry["n_unknown"]:
            add(about, h("p", say("{n_unknown} unknown: value missing", n_unknown=grouped(entry["n_unknown"]))))
        edit = h("button", say("Edit"), type="button", cls="quiet", aria_label=say("Edit {name}", name=name))
        delete = h("button", say("Delete"), type="button", cls="quiet", aria_label=say("Delete {name}", name=name))
        add(about, h("div", edit, delete, cls="tools"))
        row = h(
            "li",
            h("span", cls="swatch", aria_hidden="true", style={"background": entry["colour"]}),
            rename,
            h("span", "–" if entry["n"] is None else grouped(entry["n"]), cls="n"),
            about,
            cls="group",
        )
        listen(rename, "click", lambda event: self._rename(entry, rename))
        listen(edit, "click", lambda event: self.edit(entry))
        listen(delete, "click", lambda event: self.delete(entry))
        return row

    def _rename(self, entry, button):
        box = h("input", value=entry["name"], aria_label=say("New name of {name}", name=entry["name"]), maxlength=80)

        def finish(keep):
            name = str(box.value).strip()
            problem = self.groups.problem_of(name, None, entry) if keep and name and name != entry["name"] else None
            if problem:
                self.app.error(problem)
            elif keep and name and name != entry["name"]:
                entry["name"] = name
                self._changed()
                self.app.status(say("Renamed to {name}", name=name))
                return
            self._draw()

        def key(event):
            if event.key in ("Enter", "Escape"):
                event.preventDefault()
                event.stopPropagation()
                finish(event.key == "Enter")
                self._focus_name(entry)

        button.replaceWith(box)
        listen(box, "keydown", key)
        listen(box, "change", lambda event: finish(True))
        box.focus()
        box.select()

    def _focus_name(self, entry):
        self._list.children[self.groups.entries.index(entry) + 1].querySelector("button").focus()

    def delete(self, entry):
        """Take a group out of the page."""
        held, position = self._has_focus(), self.groups.remove(entry)
        consequences = self._changed()
        self.edit(None)
        if held and position < len(self.groups.entries):
            self._focus_name(self.groups.entries[position])
        elif held:
            self._editor.focus()
        self.app.status(
            ". ".join([say("Deleted {name}; Undo (Ctrl+Z) brings it back", name=entry["name"])] + consequences)
        )

    def _has_focus(self):
        return self.element.contains(js.document.activeElement)

    # --- making and changing ---

    def edit(self, entry):
        """Edit a group, or a new one for None."""
        self._editor = GroupEditor(self.app, self, entry)
        clear(self._editor_place, self._editor.element)
        if entry is not None:
            self._editor.element.scrollIntoView()
            self._editor.expression.focus()

    async def put(self, entry, name, expression):
        """Add a group, or change the one that is ``entry``."""
        entry = self.groups.put(entry, name, expression)
        await self._count(entry)
        held = self._has_focus()
        consequences = self._changed()
        self.edit(None)
        if held:
            self._focus_name(entry)
        self.app.status(". ".join([f"{name}: {plural(entry['n'], 'subject')}"] + consequences))

    # --- the drawer ---

    def _open(self, visible):
        held = self._has_focus()
        show(self.element, visible)
        self._toggle.setAttribute("aria-expanded", "true" if visible else "false")
        if not visible and held:
            self._toggle.focus()

    def _key(self, event):
        if event.key == "Escape" and self._narrow.matches:
            self._open(False)
