"""Strict JSON: nothing that a strict reader refuses, and nothing silently lost."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest

from imagenomer.jsonable import dumps


@dataclass(frozen=True, slots=True)
class Pair:
    name: str
    values: tuple[float, ...]


@pytest.mark.parametrize("undefined", [0.5, np.nan, np.inf, -np.inf, np.float32("nan")])
def test_numpy_values_and_dataclasses_become_json_and_what_is_not_finite_null(undefined):
    value = {
        "undefined": undefined,
        "row": Pair("µ", (1.0, 1 / 3)),
        "count": np.int64(3),
        "half": np.float32(0.5),
        "yes": np.bool_(True),
        "matrix": np.array([[1.0, np.nan], [2, 3]]),
        2: (None, True, "text"),
    }
    assert json.loads(dumps(value), parse_constant=pytest.fail) == {
        "undefined": undefined if np.isfinite(undefined) else None,
        "row": {"name": "µ", "values": [1.0, 1 / 3]},
        "count": 3,
        "half": 0.5,
        "yes": True,
        "matrix": [[1.0, None], [2.0, 3.0]],
        "2": [None, True, "text"],
    }


def test_what_has_no_form_in_json_is_a_bug():
    with pytest.raises(TypeError, match="set has no form in JSON"):
        dumps({"a": {1, 2}})
