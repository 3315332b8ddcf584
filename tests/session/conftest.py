"""A teaching cohort, and a session of it that uses every part of the format."""

from __future__ import annotations

from typing import Any

import pytest

from imagenomer.cohort import Cohort
from imagenomer.load import load

AGE = {"phenotype": "age", "measure": "fc"}


@pytest.fixture(scope="session")
def teaching() -> Cohort:
    return load("demo:quick:1")


@pytest.fixture
def session() -> dict[str, Any]:
    """What the page knows of a session in which nothing is about a single subject."""
    source = {"analysis": "edge-association", "params": AGE, "array": "r"}
    return {
        "cohort": {"name": "Teaching", "where": "demo:quick:1", "demo": "quick", "n_subjects": 250, "n_scans": 500},
        "second": None,
        "recipe": {"columns": {"site": {"role": "site"}}, "use": {"fc": "fc/*.csv"}},
        "columns": {"wrat": {"unit": "points", "missing": [-9999]}},
        "atlas": "none",
        "measures": [{"analysis": "harmonisation", "params": {"site": "site"}}],
        "groups": [
            {"name": "Older", "expression": "age > 173.77", "colour": 0},
            {"name": "Girls at A", "expression": 'sex == "F" and site in ("A", "B")', "colour": 3},
        ],
        "tray": [{"name": "A", "title": "Correlation with age", "source": source}],
        "tab": "Associations",
        "views": {
            "Overview": {},
            "Associations": {"analysis": "edge-association", "params": AGE, "edge": 7, "shapes": {"r": "ring"}},
            "Connectivity": {"gallery": {"page": 2}},
        },
        "results": [
            {"name": "Age", "note": "Stronger within\nnetworks.", "analysis": "edge-association", "params": AGE},
        ],
        "notes": "Look at motion next.",
    }
