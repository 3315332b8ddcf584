"""A page as the logic sees it: a small cohort, groups and a tray, without a browser."""


def number_of(name, minimum=8, maximum=21):
    """A phenotype that is a number, as the overview lists it."""
    return {"name": name, "kind": "number", "minimum": minimum, "maximum": maximum, "mean": 14.6, "levels": []}


def category_of(name, **levels):
    """A phenotype that is a category; ``levels`` are their sizes."""
    found = [{"name": level, "n": levels[level]} for level in sorted(levels)]
    return {"name": name, "kind": "category", "minimum": None, "maximum": None, "mean": None, "levels": found}


def drawn_cohort(**more):
    """The overview of a cohort, as much of it as forms and groups look at."""
    cohort = {
        "name": "Forty",
        "n_subjects": 40,
        "phenotypes": [
            number_of("constant", 3, 3),
            number_of("age"),
            number_of("wrat", 60, 140),
            category_of("sex", F=19, M=21),
            category_of("site", A=10, B=20, C=10),
        ],
        "measures": [{"name": "fc"}, {"name": "partial"}],
        "tasks": [{"name": "nback"}, {"name": "rest"}],
        "sessions": ["1"],
        "runs": ["1", "2"],
        "variant_sets": [],
        "decompositions": [],
        "weights": [{"name": "ridge/0"}, {"name": "ridge/1"}, {"name": "svm"}],
    }
    cohort.update(more)
    return cohort


class DrawnTray:
    def __init__(self):
        self.entries = []


class DrawnPage:
    """What `FormState` asks of the page."""

    def __init__(self, **more):
        self.cohort = drawn_cohort(**more)
        self.groups = []
        self.tray = DrawnTray()

    def add_group(self, expression, name):
        self.groups.append({"expression": expression, "name": name})

    def add_map(self, name, scan):
        self.tray.entries.append({"name": name, "title": f"Scan {scan}", "source": {"scan": scan, "measure": "fc"}})


def entry_of(name, marker, default=None, **more):
    """A field as the catalog describes it."""
    entry = {
        "name": name,
        "label": name,
        "help": "",
        "section": "",
        "when": {},
        "marker": marker,
        "required": False,
        "default": default,
    }
    entry.update(more)
    return entry


def number_entry(name, default, minimum, maximum, **more):
    marker = "Integer" if isinstance(default, int) else "Number"
    return entry_of(name, marker, default, minimum=minimum, maximum=maximum, **more)


def phenotype_entry(name, kind=None, prefer=(), **more):
    return entry_of(name, "PhenotypeChoice", kind=kind, prefer=list(prefer), **more)
