"""Form: what is chosen in the fields of an analysis, which of them matter, and what is sent."""

from logic.fields import field_of


class Section:
    """Neighbouring fields under one heading; ``shown`` while one of them matters."""

    def __init__(self, title):
        self.title = title
        self.fields = []
        self.shown = True


class FormState:
    """The fields of one analysis and what is chosen in them.

    Parameters
    ----------
    page : object
        It has ``cohort``, the overview or None; ``groups``; and ``tray.entries``. They are looked up when needed, and
        `refresh` is called when they have changed.
    entries : list of dict
        The fields in the catalog.

    Attributes
    ----------
    fields : list of Field
    blocks : list of Field or Section
        The form from top to bottom.
    chosen : dict
        Name of a field -> its value.
    seen_sources : list
        Sources of the maps that were in the tray before.
    """

    def __init__(self, page, entries):
        self._page = page
        self.fields = [field_of(entry) for entry in entries]
        self.chosen = {}
        self.seen_sources = []
        self.blocks = []
        for field in self.fields:
            self._place(field)
        self.sections = [block for block in self.blocks if isinstance(block, Section)]

    def _place(self, field):
        title = field.entry["section"]
        if not title:
            self.blocks.append(field)
            return
        last = self.blocks[-1] if self.blocks else None
        if not isinstance(last, Section) or last.title != title:
            self.blocks.append(Section(title))
        self.blocks[-1].fields.append(field)

    # --- what fields ask ---

    @property
    def cohort(self):
        return self._page.cohort

    @property
    def groups_of_page(self):
        return self._page.groups

    @property
    def maps(self):
        return self._page.tray.entries

    # --- what is sent ---

    def values(self):
        """The parameters as JSON, or None while a field that matters does not accept what is in it."""
        if self.first_fault() is not None:
            return None
        # What is hidden is sent too, and ignored; a number that was left half-typed there would not be.
        return {
            field.name: self.chosen[field.name] if field.accepts(self.chosen[field.name]) else field.entry["default"]
            for field in self.fields
        }

    def first_fault(self):
        """The first field that matters and does not accept what is in it, or None."""
        for field in self.fields:
            if self.matters(field) and not field.accepts(self.chosen[field.name]):
                return field
        return None

    def groups(self):
        """The groups that are chosen, as expressions; none of them is everybody."""
        chosen = []
        for field in self.fields:
            chosen.extend(field.groups_in(self.chosen[field.name]))
        return chosen

    def takes_maps(self):
        """Whether a field is about the maps of the tray."""
        return any(field.of_tray for field in self.fields)

    # --- what is seen ---

    def options(self, field):
        return field.options(self)

    def lacks_options(self, field):
        """Whether the cohort has nothing to choose from, and the field says so."""
        return field.nothing is not None and all(value is None for value, label in field.options(self))

    def matters(self, field):
        """Whether the other fields have values with which this one is used."""
        return all(self.chosen.get(other) in values for other, values in field.entry["when"].items())

    def is_shown(self, field):
        return self.matters(field) and (not field.fewest or len(field.options(self)) >= field.fewest)

    # --- changes ---

    def set(self, values):
        """Take over saved values, and return what `refresh` does."""
        for field in self.fields:
            if field.name in values:
                self.chosen[field.name] = values[field.name]
        return self.refresh()

    def forget(self):
        """Another cohort comes: nothing is chosen any more. `refresh` settles the defaults for it."""
        self.chosen = {field.name: field.entry["default"] for field in self.fields}

    def refresh(self):
        """Settle all fields for the cohort, the groups and the tray of now.

        What the open cohort does not have is left at its default. Returns the sections to unfold, those that are not
        at their defaults.
        """
        for field in self.fields:
            self._settle(field)
        changed = [section for section in self.sections if not all(self._is_at_default(one) for one in section.fields)]
        self._note_sections()
        self.seen_sources = [entry["source"] for entry in self.maps]
        return changed

    def take(self, name, value):
        """Choose a value, and return the other fields that it changes and the sections that it brings into play."""
        self.chosen[name] = value
        changed = [name]
        follow = []
        for field in self.fields:
            if any(other in changed for other in field.depends_on()):
                self._settle(field)
                changed.append(field.name)
                follow.append(field)
        return follow, self._note_sections()

    def _settle(self, field):
        self.chosen[field.name] = field.settle(self, self.chosen.get(field.name, field.entry["default"]))

    def _is_at_default(self, field):
        return self.chosen[field.name] == field.settle(self, field.entry["default"])

    def _note_sections(self):
        """Find out which sections are shown; returns those that were not before."""
        new = []
        for section in self.sections:
            matters = any(self.matters(field) for field in section.fields)
            if matters and not section.shown:
                new.append(section)
            section.shown = matters
        return new
