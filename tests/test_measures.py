"""Measures made by analyses, as the page adds them to the open cohort."""

from __future__ import annotations

import runpy
import subprocess
import sys

import numpy as np
import pytest

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.readers.bundle import bundle_bytes
from imagenomer.wording import named
from sited import planted
from test_engine import Page, open_as_demo

NAME = "fc (ComBat by site)"
GIVEN = {"site": "site", "task": "nback", "predict_site": False}
USES = {"task": "nback", "measure": NAME}


@pytest.fixture
def page(monkeypatch) -> Page:
    """A page with the cohort of three sites."""
    open_as_demo(planted(), monkeypatch)
    page = Page()
    page.ask("open_demo", size="quick", seed=1)
    return page


def test_an_added_measure_is_in_the_overview_with_how_it_was_made(page):
    before = page.ask("overview")[0]
    after, _ = page.ask("add_measure", analysis="harmonisation", params=GIVEN)
    assert [one["name"] for one in after["measures"]] == ["fc", NAME]
    assert [one["made"] == "" for one in after["measures"]] == [True, False]
    (added,) = after["added"]
    assert (added["analysis"], added["measure"]) == ("harmonisation", NAME)
    assert added["params"]["covariates"] == []
    assert after["log"][-1]["message"].startswith("A measure was made here.")
    assert set(after["measures_limit"]) == {"fc", NAME}
    assert page.ask("overview")[0] == after
    assert before["added"] == []


def test_it_can_be_used_at_once_and_what_was_computed_before_is_kept(page):
    page.ask("run", analysis="connectivity-summary", params={"task": "nback"})
    page.ask("add_measure", analysis="harmonisation", params=GIVEN)
    page.progress.clear()
    page.ask("run", analysis="connectivity-summary", params={"task": "nback"})
    page.ask("run", analysis="harmonisation", params=GIVEN)
    assert page.progress == []
    answer, _ = page.ask("run", analysis="connectivity-summary", params=USES)
    assert any(named(sentence, {}).startswith(f"{NAME} is fc of nback") for sentence in answer["sentences"])
    tested, _ = page.ask("run", analysis="edge-association", params={"phenotype": "site", **USES})
    assert tested["numbers"]["n_significant"] == 0


def test_the_same_measure_is_not_added_twice(page):
    page.ask("add_measure", analysis="harmonisation", params=GIVEN)
    with pytest.raises(InputError, match=r"this is a measure of the cohort already: fc \(ComBat by site\)"):
        page.ask("add_measure", analysis="harmonisation", params=GIVEN | {"smallest_site": 3})
    with pytest.raises(InputError, match="makes no measure"):
        page.ask("add_measure", analysis="connectivity-summary", params={})
    assert len(page.ask("overview")[0]["measures"]) == 2


def test_other_parcels_leave_it_there(page):
    page.ask("add_measure", analysis="harmonisation", params=GIVEN)
    overview, _ = page.ask("set_parcellation", name="none")
    assert [one["name"] for one in overview["measures"]] == ["fc", NAME]
    assert len(overview["added"]) == 1


def test_the_catalog_says_which_analyses_make_one(page):
    entries, _ = page.ask("catalog")
    assert [entry["name"] for entry in entries if entry["makes_measure"]] == ["harmonisation"]


def test_the_script_makes_it_again(page, tmp_path, monkeypatch):
    page.ask("add_measure", analysis="harmonisation", params=GIVEN)
    params = {"phenotype": "age", **USES}
    ours, _ = page.ask("run", analysis="edge-association", params=params)
    script = page.ask("script", analysis="edge-association", params=params)[0]["script"]
    assert "measures=[('harmonisation', {'site': 'site'" in script
    (tmp_path / "sites.zip").write_bytes(finish(bundle_bytes(planted())))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "again.py").write_text(script.replace("'demo:quick:1'", "'sites.zip'"), encoding="utf-8")
    monkeypatch.setattr("imagenomer.figures.theme.render", lambda figure, format: b"")
    runpy.run_path("again.py")
    (written,) = tmp_path.glob("*.npz")
    arrays = np.load(written)
    assert int(arrays["significant"].sum()) == ours["numbers"]["n_significant"] > 0


def test_without_enough_memory_the_terminal_is_told_to_make_it_too(page):
    page.ask("add_measure", analysis="harmonisation", params=GIVEN)
    given = {"analysis": "edge-association", "params": {"phenotype": "age"}}
    refusal = page.engine.short_of_memory(MemoryError(), "run", given)
    assert '--add-measure harmonisation \'{"site": "site"' in str(refusal)


def test_the_command_line_offers_it():
    done = subprocess.run(
        [sys.executable, "-m", "imagenomer", "run", "--help"], capture_output=True, text=True, check=True
    )
    assert "--add-measure ANALYSIS JSON" in done.stdout
