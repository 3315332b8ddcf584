"""What a form sends that nobody has touched."""

from __future__ import annotations

import json

from imagenomer.analyses.contract import Analysis, MapsChoice, PhenotypeChoice, Text, form_of
from imagenomer.cohort import Cohort
from imagenomer.types import Json


def untouched(analysis: Analysis, cohort: Cohort) -> dict[str, Json]:
    """Return what must be chosen: the first phenotypes, two maps of the tray, the example of a text."""
    given: dict[str, Json] = {}
    for field in form_of(analysis):
        if field["marker"] == MapsChoice.__name__:
            given[field["name"]] = [[name, mean_of(task)] for name, task in (("A", "rest"), ("B", "nback"))]
        elif field["required"] and field["marker"] == Text.__name__:
            given[field["name"]] = field["placeholder"]
        elif field["required"]:
            assert field["marker"] == PhenotypeChoice.__name__, f"{field['name']} can be left without a default"
            kinds = [field["kind"]] if field["kind"] else ["number", "category"]
            free = [name for name, one in cohort.phenotypes.items() if one.kind in kinds and name not in given.values()]
            given[field["name"]] = free[0]
    return dict(json.loads(json.dumps(given)))


def mean_of(task: str) -> dict[str, Json]:
    """Return the source of a mean map."""
    return {"analysis": "connectivity-summary", "params": {"task": task}, "array": "mean"}
