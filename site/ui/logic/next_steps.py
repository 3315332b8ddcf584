"""Next steps: what to do with a cohort that is open, in the order in which it is sensible."""

from logic.language import say
from logic.needs import lacking

#: What the step is called, what it answers, and the analyses for it: the first that the cohort has what it takes for.
STEPS = (
    (
        say("Check quality"),
        say("Is the connectivity good enough to be tested?"),
        ("quality-control", "variant-summary"),
    ),
    (
        say("Look for confounds"),
        say("What else might explain an association?"),
        ("confound-report", "phenotype-matrix"),
    ),
    (
        say("Associate"),
        say("What is a phenotype associated with?"),
        ("edge-association", "variant-association", "phenotype-association"),
    ),
    (say("Predict"), say("Can it be predicted in other subjects?"), ("prediction",)),
)


class Step:
    """A step: ``title``, ``question``, the ``analysis`` for it, and whether it was ``seen`` or is ``next``."""

    def __init__(self, title, question, analysis, seen):
        self.title = title
        self.question = question
        self.analysis = analysis
        self.seen = seen
        self.next = False


def next_steps(cohort, catalog, shown):
    """Return the steps that can be taken with a cohort.

    Parameters
    ----------
    cohort : dict
        The overview.
    catalog : list of dict
    shown : callable
        ``shown(tab)`` is the analysis that a tab shows, or None: a step was seen if a tab shows one of its analyses.
    """
    usable = {entry["name"]: entry["tab"] for entry in catalog if lacking(cohort, entry) is None}
    steps = []
    for title, question, analyses in STEPS:
        names = [name for name in analyses if name in usable]
        if names:
            seen = any(shown(usable[name]) == name for name in names)
            steps.append(Step(title, question, names[0], seen))
    for step in steps:
        if not step.seen:
            step.next = True
            break
    return steps
