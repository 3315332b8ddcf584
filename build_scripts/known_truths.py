"""Cohorts whose truth is planted, what a confound report must say of each, and whether it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import planted_cohorts
from imagenomer.analyses.confounds.evidence import judge
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.parts.verdict import VerdictPart
from imagenomer.analyses.confounds.words.terms import TITLES
from imagenomer.analyses.confounds.words.verdict import findings
from imagenomer.progress import finish
from imagenomer.statistics.verdict import Category
from imagenomer.teaching import TRUTHS, generate

#: Of the report, by default.
PERMUTATIONS = 999


@dataclass(frozen=True)
class Expectation:
    """What a report must say of a truth to be right.

    Attributes
    ----------
    overall : tuple of str
        Of the target, all candidates together: any of these.
    causes : tuple of str
        Candidates that matter, of each of which one of ``overall`` must be said.
    innocent : tuple of str
        Candidates that have no part in it and must not be blamed.
    words : tuple of str
        What the sentences of the verdict must hold.
    """

    overall: tuple[Category, ...]
    causes: tuple[str, ...] = ()
    innocent: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


_PARENTS = ("mother_education", "father_education")

#: Parents' education is associated with ancestry group, and age with motion: where those confound, these do too.
TEACHING = MappingProxyType(
    {
        "nothing": Expectation(("no association",)),
        "real-effect": Expectation(("real effect",), (), ("age", "sex", "ancestry", "mean_fd", "site", *_PARENTS)),
        "pure-confound": Expectation(("confounding",), ("ancestry",), ("age", "sex", "mean_fd", "site")),
        "both": Expectation(("both",), ("ancestry",), ("age", "sex", "mean_fd", "site")),
        "mediator": Expectation(
            ("confounding",), ("reading",), ("age", "sex", "ancestry", "mean_fd", "site", *_PARENTS), ("mediator",)
        ),
        "motion": Expectation(("confounding",), ("mean_fd",), ("ancestry", "site", *_PARENTS)),
        "site": Expectation(("confounding",), ("site",), ("age", "sex", "ancestry", "mean_fd", *_PARENTS)),
    }
)
_BYSTANDERS = ("years", "sex", "hand")
_NOTHING = Expectation(("no association",))
_TESTS = tuple(f"test {number}" for number in range(1, 9))


def _real(*more: str, or_else: tuple[Category, ...] = ()) -> Expectation:
    return Expectation(("real effect", *or_else), (), (*_BYSTANDERS, *more), () if or_else else ("selected",))


def _confounding(*causes: str) -> Expectation:
    return Expectation(("confounding",), causes, _BYSTANDERS, ("consistent with confounding", "given"))


_HALF = Expectation(("both",), ("site",), _BYSTANDERS, ("imperfectly measured",))
_JOINTLY = Expectation(("confounding",), (), _BYSTANDERS)

#: Of cohorts of real noise: what is right was written down before any was drawn for the page.
PLANTED = MappingProxyType(
    {
        "nothing, real noise": _NOTHING,
        "noisy patients, SD x1.2": _NOTHING,
        "noisy patients, SD x1.4": _NOTHING,
        "noisy patients, SD x1.8": _NOTHING,
        "motion as target, noise grows with it": _NOTHING,
        "twins": _NOTHING,
        "families of four": _NOTHING,
        "real, easy": _real("reading"),
        "real, hard": _real("reading"),
        "real, 25 edges of r about .5": _real("reading"),
        "real, 8 correlates": _real(*_TESTS),
        "real, 8 correlates, hard": _real(*_TESTS),
        "real, 40 subjects": _real("reading", or_else=("cannot tell",)),
        "half real": _HALF,
        "half real, hard": _HALF,
        "half real, 1,000 subjects": _HALF,
        "two thirds real, hard": _HALF,
        "confound of two levels": _confounding("site"),
        "confound of two levels, hard": _confounding("site"),
        "confound quadratic in age": _confounding("age"),
        "confound of 20 sites, 400 subjects": _confounding("site"),
        "confound of sites coded 1 to 5": _confounding("site"),
        "two confounds, jointly all": _JOINTLY,
        "two confounds, jointly all, hard": _JOINTLY,
        "confound is a product of two": _confounding("site", "drug"),
        "confound is motion, log-normal": _confounding("mean_fd"),
        "confound of reliability .5": Expectation(
            ("both", "confounding"), ("stress",), _BYSTANDERS, ("imperfectly measured",)
        ),
        "mediator, real noise": Expectation(("confounding",), ("hours",), _BYSTANDERS, ("mediator",)),
        "consequence of both": Expectation(("confounding", "both", "cannot tell"), (), _BYSTANDERS, ("consequence",)),
        "subjects selected by target and connectivity": _real("school"),
        "suppressor": Expectation(("real effect",), (), _BYSTANDERS, ("appears only when", "suppressor")),
        "candidate says the same": Expectation(("cannot tell",), (), _BYSTANDERS, ("site cannot be told from score",)),
    }
)
EXPECTED: Mapping[str, Expectation] = MappingProxyType({**TEACHING, **PLANTED})
_BLAMED = ("confounding", "both")


def verdict(truth: str, seed: int) -> dict[str, Any]:
    """Judge the candidates of one cohort as the report does, from its defaults."""
    if truth in TEACHING:
        cohort, target = finish(generate("small", seed, TRUTHS[truth])), "wrat"
    else:
        cohort, target = planted_cohorts.draw(truth, seed), "score"
    params = Params(target, permutations=PERMUTATIONS)
    found = finish(judge(cohort, params))
    sentences = findings(target, VerdictPart(found, params.bounds, params.alpha, {}))
    return {
        "overall": found.category,
        "candidates": {name: one.category for name, one in found.candidates.items()},
        "words": " ".join(one.text for one in sentences),
    }


def amiss(truth: str, row: Mapping[str, Any]) -> str:
    """Say what is wrong with a verdict; "" where it is right about target, causes, bystanders and words."""
    expected, candidates = EXPECTED[truth], row["candidates"]
    if row["overall"] not in expected.overall:
        return TITLES[row["overall"]]
    for name in expected.causes:
        if candidates[name] not in expected.overall:
            return f"{name}: {TITLES[candidates[name]]}"
    for name in expected.innocent:
        if candidates.get(name) in _BLAMED:
            return f"{name} too: {TITLES[candidates[name]]}"
    missing = [words for words in expected.words if words not in row["words"]]
    return f"without “{missing[0]}”" if missing else ""


def is_right(truth: str, row: Mapping[str, Any]) -> bool:
    """Return whether a verdict is right."""
    return not amiss(truth, row)
