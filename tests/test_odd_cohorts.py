"""Whatever is opened and whatever is asked: there is a result in words and numbers, or a refusal that says why.

`tests/odd.py` draws both. A cohort that once made an analysis fail has a test of its own beside that analysis; these
look for the next.
"""

from __future__ import annotations

import asyncio
import json
import re
import zlib

import numpy as np
import pytest

from imagenomer.analyses import load_analyses
from imagenomer.engine import Engine, _opened
from imagenomer.errors import InputError
from odd import filled_in, odd_cohort

ANALYSES = load_analyses()
COHORTS = 60
#: What Python makes of numbers and names that are not there.
UNWORDED = re.compile(r"(?<![\w'])(nan|inf|None)(?!\w)")


async def use(engine: Engine, analysis: str, params: dict[str, object], draw: bool) -> list[str]:
    """Compute a result, look at all that is in it, and return what it says."""
    what = {"analysis": analysis, "params": params}

    async def call(call: str, /, **more: object) -> str:
        text, _ = await engine.handle(call, json.dumps({**what, **more}))
        return text

    report = json.loads(await call("run"))
    for view in report["views"]:
        if view["kind"] in ("table", "grid"):
            await call("table", name=view["name"])
        if view["kind"] in ("figure", "points", "grid") and draw:
            await call("figure", name=view["name"], format="svg", theme="dark")
        if view["kind"] == "matrix" and view["detail"]:
            await call("detail", edge=1)
    await call("script")
    findings = [finding["text"] for finding in report["verdict"]]
    return [*report["sentences"], *report["warnings"], *findings]


@pytest.mark.parametrize("share", [0.1, 0.35])
@pytest.mark.parametrize("name", sorted(ANALYSES))
@pytest.mark.filterwarnings("error")
def test_odd_cohorts_are_analysed_or_refused_in_words(name: str, share: float) -> None:
    n_results = 0
    for number in range(COHORTS):
        rng = np.random.default_rng([zlib.crc32(name.encode()), int(100 * share), number])
        cohort, engine = odd_cohort(rng), Engine()
        engine._opened = _opened(cohort, "odd", None)
        params = filled_in(ANALYSES[name], cohort, share, rng)
        told = f"cohort {number}, {json.dumps(params)}"
        try:
            said = asyncio.run(use(engine, name, params, draw=number % 4 == 0))
            n_results += 1
        except InputError as error:
            said = [str(error)]
        except Exception as error:
            raise AssertionError(told) from error
        for sentence in said:
            assert not UNWORDED.search(sentence), (told, sentence)
    assert n_results
