"""Opening: which cohort is open, which is being opened, and which waits for the engine."""

from logic.columns import is_short
from logic.language import plural, say
from logic.recipe import has_recipe, may_name_a_subject

#: That of `imagenomer.load`: everybody sees the same teaching cohorts, and can talk about them.
DEMO_SEED = 1
#: The teaching cohorts by the name that an address has for them: which of the two, and its size.
DEMOS = {
    "quick": ("teaching", "quick"),
    "full": ("teaching", "full"),
    "second-quick": ("second", "quick"),
    "second": ("second", "full"),
}


class Opening:
    """A cohort to open.

    Attributes
    ----------
    title : str
        What it is, in words.
    call, arguments, files : str, dict, list or None
        What the engine is asked.
    demo : str or None
        The name that an address has for it; None for files, which it cannot name.
    tried : bool
        Its recipe is that of an address, which other files may not fit: where they are refused they are opened
        without.
    found, columns : dict
        The corrections of its columns that came with it, and those of now.
    session : dict or None
        A session that it is opened in, once.
    """

    def __init__(self, title, call, arguments, files=None, demo=None, tried=False):
        self.title = title
        self.call = call
        self.arguments = arguments
        self.files = files
        self.demo = demo
        self.tried = tried
        self.found = {}
        self.columns = {}
        self.session = None

    def recipe(self):
        """The answers that it is opened with."""
        return self.arguments.get("recipe") or {}

    def is_of_same_files(self, other):
        """Whether another opens the same files at the same place, perhaps with other answers."""
        return (
            other is not None
            and self.files is not None
            and self.files is other.files
            and self.arguments.get("place") == other.arguments.get("place")
        )

    def begin(self, found, saved, before):
        """It is open; returns the corrections of its columns to begin with.

        Opened again it has those of ``before``, this opening or that of the same files with other answers, but where
        an answer is newer; else those of the address (``saved``), else those that were ``found``.
        """
        if before is None:
            self.columns = found if saved is None else saved
        elif before is not self:
            self.columns = _carried(before, found)
        self.found = found
        return self.columns

    def where(self):
        """The cohort as an argument of the command line, or None."""
        if self.call == "open_files":
            return top_of(self.arguments["paths"])
        which = "demo2" if self.arguments["cohort"] == "second" else "demo"
        return f"{which}:{self.arguments['size']}:{self.arguments['seed']}"


def _carried(before, found):
    """Return the corrections of before, but for columns of which the files and answers now say something else."""
    columns = {}
    for name in set(before.found) | set(before.columns) | set(found):
        is_news = found.get(name) != before.found.get(name)
        correction = found.get(name) if is_news else before.columns.get(name)
        if correction is not None:
            columns[name] = correction
    return columns


def demo_name(cohort, size):
    """The name that an address has for a teaching cohort, or None if there is no such."""
    for name in DEMOS:
        if DEMOS[name] == (cohort, size):
            return name
    return None


def opening_of_demo(name):
    """Return how a teaching cohort is opened; an address may have any name."""
    name = name if name in DEMOS else "quick"
    cohort, size = DEMOS[name]
    title = say("the second demo cohort") if cohort == "second" else say("the demo cohort")
    return Opening(title, "open_demo", {"cohort": cohort, "size": size, "seed": DEMO_SEED}, None, name)


def opening_of_files(paths, files, recipe=None):
    """Return how files are opened that the user chose or dropped, with the recipe of an address if it has one."""
    arguments = {"paths": paths}
    if recipe and not has_recipe(paths):
        arguments["recipe"] = recipe
    return Opening(title_of(paths), "open_files", arguments, files, tried="recipe" in arguments)


def with_recipe(opening, recipe):
    """Return how the same files are opened with these answers."""
    other = Opening(opening.title, opening.call, dict(opening.arguments, recipe=recipe), opening.files)
    other.session = opening.session
    return other


def beside(opening):
    """Return how the same is opened as the second cohort."""
    demo = None if opening.demo is None else opening.arguments["size"]
    arguments = dict(opening.arguments, place="second")
    return Opening(opening.title, opening.call, arguments, opening.files, demo, opening.tried)


class Openings:
    """What is open, what is being opened, and what waits for an engine.

    Attributes
    ----------
    opened : Opening or None
        The open cohort, to open it again in another engine.
    under_way, waiting : (Opening, bool) or None
        What is being opened, and what will be once there is an engine; each with whether the state of the address
        comes with it.
    """

    def __init__(self):
        self.opened = None
        self.under_way = None
        self.waiting = None

    def wait(self, opening, restore):
        """Open it once there is an engine; what waited before is not wanted any more."""
        self.waiting = (opening, restore)

    def take_waiting(self):
        """What waits, which then waits no more."""
        waiting, self.waiting = self.waiting, None
        return waiting

    def begin(self, opening, restore):
        """It is being opened; returns whether it is the open cohort, opened again, be it with other answers."""
        again = opening is self.opened or opening.is_of_same_files(self.opened)
        self.under_way = None if again else (opening, restore)
        return again

    def keep_columns(self, columns):
        """The columns of the open cohort are corrected so."""
        if self.opened is not None:
            self.opened.columns = columns

    def saved_columns(self):
        """The corrections for the address: None where they came with the cohort, or are too long for it."""
        opened = self.opened
        return (
            None if opened is None or opened.columns == opened.found or not is_short(opened.columns) else opened.columns
        )

    def wanted_columns(self, spec):
        """The corrections of a state; an address that has none may have had no place for those of now."""
        if "columns" in spec or self.opened is None:
            return spec.get("columns", {})
        return self.opened.found if is_short(self.opened.columns) else self.opened.columns

    def end(self):
        """Nothing is being opened any more."""
        self.under_way = None

    def pending_title(self):
        """What waits for an engine, or None."""
        return None if self.waiting is None else self.waiting[0].title

    def where(self):
        """The open cohort as an argument of the command line, or None."""
        return None if self.opened is None else self.opened.where()

    def files_of(self, folder):
        """Paths and files of what is open, if it is this folder or file; else none."""
        if folder is None or self.opened is None or self.opened.files is None or self.where() != folder:
            return [], []
        return self.opened.arguments["paths"], self.opened.files

    def folder(self):
        """The open folder or file for the address, which browsers keep; None if it may be called after a subject."""
        where = None if self.demo() is not None else self.where()
        return None if where is None or may_name_a_subject(where) else where

    def demo(self):
        """The name that an address has for the open cohort, or None."""
        return None if self.opened is None else self.opened.demo

    def lose_engine(self):
        """There is no engine: whoever starts another wants what was being opened."""
        self.waiting = self.under_way or self.waiting


def title_of(paths):
    """What is being opened, in a few words."""
    return top_of(paths) or plural(len(paths), "file")


def top_of(paths):
    """The one folder or file that holds all of them, or None."""
    tops = {path.split("/")[0] for path in paths}
    return tops.pop() if len(tops) == 1 else None
