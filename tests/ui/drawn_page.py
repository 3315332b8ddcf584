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
        "second": None,
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
        "differences": {
            "tasks": ["nback minus rest", "rest minus nback"],
            "sessions": [],
            "runs": ["1 minus 2", "2 minus 1"],
        },
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


def _listed(control, choices, none_option=None, lacking="", fewest=0):
    """What the catalog says of a kind whose choices the cohort has."""
    told = {"control": control, "choices": choices, "lacking": lacking}
    if control == "select":
        told.update({"none_option": none_option, "fewest": fewest})
    return told


#: What the catalog says of every kind of field, by its marker.
TOLD = {
    "Choice": {"control": "select", "choices": "options"},
    "CohortChoice": {"control": "select", "choices": "cohorts", "fewest": 2},
    "DecompositionChoice": _listed("select", "decompositions", "Computed here", "None came with this cohort."),
    "Flag": {"control": "flag"},
    "GroupChoice": _listed("select", "groups", "Everybody"),
    "GroupsChoice": _listed("ticks", "groups", lacking="Everybody. Make groups to compare them."),
    "Integer": {"control": "number", "integer": True},
    "LevelChoice": _listed("select", "levels", fewest=1),
    "MapsChoice": _listed(
        "ticks", "tray", lacking="The tray is empty. Every large matrix has a button “Save to tray”."
    ),
    "MeasureChoice": _listed("select", "measures", lacking="This cohort has no connectivity."),
    "Number": {"control": "number", "integer": False},
    "PhenotypeChoice": _listed("select", "phenotypes", "None", "This cohort has no such phenotype."),
    "PhenotypesChoice": _listed("ticks", "phenotypes", lacking="This cohort has no such phenotype."),
    "RunChoice": _listed("select", "runs", "Mean over runs", fewest=3),
    "SessionChoice": _listed("select", "sessions", "Mean over sessions", fewest=3),
    "TaskChoice": _listed("select", "tasks", "Mean over tasks"),
    "Text": {"control": "text"},
    "VariantSetChoice": _listed("select", "variant_sets", lacking="This cohort has no genotypes."),
    "WeightsChoice": _listed("tree", "weights", lacking="This cohort has no model weights."),
}


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
    entry.update(TOLD[marker])
    if marker == "MapsChoice":
        entry["ticked"] = True
    entry.update(more)
    if marker == "LevelChoice":
        entry["none_option"] = entry["whole"] or None
    return entry


def number_entry(name, default, minimum, maximum, **more):
    marker = "Integer" if isinstance(default, int) else "Number"
    return entry_of(name, marker, default, minimum=minimum, maximum=maximum, **more)


def phenotype_entry(name, kind=None, prefer=(), **more):
    return entry_of(name, "PhenotypeChoice", kind=kind, prefer=list(prefer), **more)
