"""Cohorts whose truth is planted, what a confound report must say of each, and whether it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from imagenomer.analyses.confounds.evidence import judge
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.words.terms import TITLES
from imagenomer.progress import finish
from imagenomer.statistics.verdict import Category
from imagenomer.teaching import TRUTHS, generate

#: Of the report, by default.
PERMUTATIONS = 499


@dataclass(frozen=True)
class Expectation:
    """What a report must say of a truth to be right.

    Attributes
    ----------
    overall : str
        Of the target, all candidates together.
    cause : str or None
        The candidate that matters, of which the same must be said.
    innocent : tuple of str
        Candidates that have no part in it and must not be blamed.
    """

    overall: Category
    cause: str | None
    innocent: tuple[str, ...]


_PARENTS = ("mother_education", "father_education")

#: Parents' education is associated with ancestry group, and age with motion: where those confound, these do too.
EXPECTED = MappingProxyType(
    {
        "nothing": Expectation("no association", None, ()),
        "real-effect": Expectation("real effect", None, ("age", "sex", "ancestry", "mean_fd", "site", *_PARENTS)),
        "pure-confound": Expectation("confounding", "ancestry", ("age", "sex", "mean_fd", "site")),
        "both": Expectation("both", "ancestry", ("age", "sex", "mean_fd", "site")),
        "mediator": Expectation("confounding", "reading", ("age", "sex", "ancestry", "mean_fd", "site", *_PARENTS)),
        "motion": Expectation("confounding", "mean_fd", ("ancestry", "site", *_PARENTS)),
        "site": Expectation("confounding", "site", ("age", "sex", "ancestry", "mean_fd", *_PARENTS)),
    }
)
_BLAMED = ("confounding", "both")


def verdict(truth: str, seed: int) -> dict[str, Any]:
    """Judge the candidates of one cohort as the report does, from its defaults."""
    cohort = finish(generate("small", seed, TRUTHS[truth]))
    found = finish(judge(cohort, Params("wrat", permutations=PERMUTATIONS)))
    return {"overall": found.category, "candidates": {name: one.category for name, one in found.candidates.items()}}


def is_right(truth: str, row: Mapping[str, Any]) -> bool:
    """Return whether a verdict is right about the target, the cause and those that have no part in it."""
    expected, candidates = EXPECTED[truth], row["candidates"]
    return (
        row["overall"] == expected.overall
        and (expected.cause is None or candidates[expected.cause] == expected.overall)
        and not any(candidates[name] in _BLAMED for name in expected.innocent)
    )


def amiss(truth: str, row: Mapping[str, Any]) -> str:
    """Say what is wrong with a verdict."""
    expected, candidates = EXPECTED[truth], row["candidates"]
    if row["overall"] != expected.overall:
        return TITLES[row["overall"]]
    if expected.cause is not None and candidates[expected.cause] != expected.overall:
        return f"{expected.cause}: {TITLES[candidates[expected.cause]]}"
    name = next(name for name in expected.innocent if candidates[name] in _BLAMED)
    return f"{name} too: {TITLES[candidates[name]]}"
