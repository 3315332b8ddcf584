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
from imagenomer.engine import Engine
from imagenomer.engine.workspace import Second, opened_with
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.readers import open_cohort
from imagenomer.readers.bundle import bundle_bytes
from imagenomer.readers.listing import listing_from
from imagenomer.wording import named
from odd import filled_in, odd_cohort

ANALYSES = load_analyses()
COHORTS = 60
#: For each analysis, with few and with many of its fields filled in.
COHORTS_OF_ANALYSIS = 36
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
    return [*(named(sentence, {}) for sentence in (*report["sentences"], *report["warnings"])), *findings]


@pytest.mark.parametrize("share", [0.1, 0.35])
@pytest.mark.parametrize("name", sorted(ANALYSES))
@pytest.mark.filterwarnings("error")
def test_odd_cohorts_are_analysed_or_refused_in_words(name: str, share: float) -> None:
    n_results = 0
    for number in range(20 * COHORTS_OF_ANALYSIS):
        if number >= COHORTS_OF_ANALYSIS and n_results:
            break  # of a form with many fields nearly all are refused
        rng = np.random.default_rng([zlib.crc32(name.encode()), int(100 * share), number])
        cohort, engine = odd_cohort(rng), Engine()
        second = Second(odd_cohort(rng) if number % 3 == 0 else cohort, "odd2") if ANALYSES[name].takes_second else None
        engine.workspace.opened = opened_with(cohort, "odd", None, second=second)
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


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("number", range(COHORTS))
def test_odd_connectivity_is_shown_or_refused_in_words(number: int) -> None:
    rng = np.random.default_rng(number)
    cohort, engine = odd_cohort(rng), Engine()
    engine.workspace.opened = opened_with(cohort, "odd", None)
    if not cohort.measures:
        return
    measure = str(rng.choice(list(cohort.measures)))
    scan = int(rng.integers(len(cohort.scans)))
    summary = {
        "analysis": "connectivity-summary",
        "params": {"measure": measure},
        "array": str(rng.choice(["mean", "sd"])),
    }
    calls = [
        ("gallery", {"measure": measure, "captions": list(cohort.phenotypes)[:3], "order": "file"}),
        ("gallery", {"measure": measure, "page": 10_000, "task": cohort.tasks[0]}),
    ]
    for source in ({"scan": scan, "measure": measure}, summary):
        calls += [(name, {"source": source}) for name in ("matrix", "networks")]
        calls += [("paint", {"source": source, "threshold": 0.3, "limit": 0.5})]
        calls += [("strongest", {"source": source, "n": 5, "by": by}) for by in ("absolute", "positive", "negative")]
        shapes = ("matrix", "networks", "ring", "brain") if number % 6 == 0 else ()
        calls += [("figure", {"source": source, "view": shape, "format": "svg"}) for shape in shapes]
    for name, arguments in calls:
        try:
            text, _ = asyncio.run(engine.handle(name, json.dumps(arguments)))
        except InputError as error:
            text = str(error)
        except Exception as error:
            raise AssertionError(f"{name} {json.dumps(arguments)}") from error
        assert name in ("figure", "networks") or not UNWORDED.search(text)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("number", range(COHORTS))
def test_an_odd_cohort_comes_back_from_its_bundle(number: int) -> None:
    cohort = odd_cohort(np.random.default_rng(number))
    data = finish(bundle_bytes(cohort))
    again = finish(open_cohort(listing_from(["odd.zip"], [len(data)], lambda _, start, stop: data[start:stop])))
    assert (again.subjects, again.scans) == (cohort.subjects, cohort.scans)
    assert list(again.phenotypes) == list(cohort.phenotypes)
    for name, phenotype in cohort.phenotypes.items():
        assert again.phenotypes[name].levels == phenotype.levels
        np.testing.assert_array_equal(again.phenotypes[name].values, phenotype.values)
    for name, measure in cohort.measures.items():
        np.testing.assert_array_equal(again.measures[name].values, measure.values)
    for name, variants in cohort.variant_sets.items():
        np.testing.assert_array_equal(again.variant_sets[name].dosage, variants.dosage)
    for name, weights in cohort.weights.items():
        np.testing.assert_array_equal(again.weights[name].values, weights.values)
    for name, made in cohort.decompositions.items():
        np.testing.assert_array_equal(again.decompositions[name].scores, made.scores)
