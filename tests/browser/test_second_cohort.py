"""A second cohort beside the first: opened, compared in words, kept in the address and over a crash, removed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from driving import START, Watch, new_page, open_python, wait_for_engine
from playwright.sync_api import Browser, Locator, Page, expect
from views import analysis, expect_said, expect_whole, form, go, result
from views import choose as select

from imagenomer.cohort import Cohort
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes

#: An analysis that says how many people both cohorts have.
COUNT = """
from dataclasses import dataclass
from imagenomer.analyses.contract import Analysis, Report
from imagenomer.companion import companion_of
from imagenomer.progress import Progress

@dataclass(frozen=True, slots=True)
class Params:
    pass

def compute(cohort, params):
    yield Progress("Counting")
    return companion_of(cohort).n_subjects

def report(cohort, params, result):
    return Report({"n_subjects": result}, (f"Tested on {result:,} subjects.",))

ANALYSIS = Analysis("Counts", "Counts.", "Maps", Params, compute, report, lambda *given: {})
"""
ADD_COUNT = f"""
import sys
from pathlib import Path
(package,) = [place for place in map(Path, sys.path) if (place / "imagenomer").is_dir()]
(package / "imagenomer" / "analyses" / "maps" / "counts.py").write_text({COUNT!r})
(package / "imagenomer" / "catalog.json").unlink(missing_ok=True)
"""
#: Ends the engine hard, as a browser short of memory does.
ABORT = "import os; os.abort()"
ABORTED = [r"Pyodide has suffered a fatal error", r"The cause of the fatal error was", r"(?i)aborted|unreachable|fatal"]


@pytest.fixture
def zips(cohort: Cohort, tmp_path: Path) -> dict[str, Path]:
    """The forty subjects, and the same without parcels' names, under other names, each as a bundle."""
    others = replace(
        cohort,
        name="Others",
        subjects=tuple(f"B{name}" for name in cohort.subjects),
        scans=tuple(replace(scan, subject=f"B{scan.subject}") for scan in cohort.scans),
        variant_sets={},
        weights={},
    )
    paths = {}
    for name, one in (("forty", cohort), ("others", others)):
        paths[name] = tmp_path / f"{name}.zip"
        paths[name].write_bytes(finish(bundle_bytes(one)))
    (tmp_path / "nothing.zip").write_bytes(b"no zip")
    paths["nothing"] = tmp_path / "nothing.zip"
    return paths


@pytest.fixture(scope="module")
def _page(browser: Browser, site_url: str) -> Iterator[tuple[Page, Watch]]:
    watch = Watch()
    page = new_page(browser, watch)
    open_python(page, ADD_COUNT)
    page.goto(site_url)
    wait_for_engine(page)
    yield page, watch
    page.context.close()


@pytest.fixture
def counting(_page: tuple[Page, Watch], allowed: list[str]) -> Iterator[Page]:
    page, watch = _page
    watch.problems.clear()
    yield page
    watch.check(allowed)


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="A second cohort to test on")


def header(page: Page) -> Locator:
    return page.locator("#second-counts")


def open_dialog(page: Page) -> None:
    page.get_by_role("button", name="Second cohort").click()
    expect(dialog(page)).to_be_visible()


def choose(page: Page, path: Path) -> None:
    open_dialog(page)
    dialog(page).get_by_label("Choose files").set_input_files(path)


def test_without_one_the_way_to_it_is_told(counting: Page, zips: dict[str, Path]) -> None:
    counting.locator("#choose-files").set_input_files(zips["forty"])
    expect(counting.get_by_role("heading", level=1, name="Forty")).to_be_visible(timeout=START)
    expect(header(counting)).to_be_hidden()
    go(counting, "Maps")
    analysis(counting, "Counts")
    expect(counting.locator(".problem", has_text="no second cohort is open to test on")).to_be_visible()


def test_what_both_have_in_common_is_shown_once_it_is_open(counting: Page, zips: dict[str, Path]) -> None:
    choose(counting, zips["others"])
    expect(dialog(counting)).to_contain_text("Both have 6 parcels in the same order.", timeout=START)
    expect(dialog(counting)).to_contain_text("Phenotypes in common: age, sex, site.")
    dialog(counting).get_by_role("button", name="Close").click()
    expect(header(counting)).to_have_text("to test on: Others · 40 subjects")
    expect(counting.get_by_role("heading", level=1, name="Forty")).to_be_visible()
    expect(result(counting, "Counts")).to_contain_text("Tested on 40 subjects.")


def test_what_cannot_be_opened_changes_nothing(counting: Page, zips: dict[str, Path]) -> None:
    choose(counting, zips["nothing"])
    alert = counting.get_by_role("alert").filter(has_text="Could not open nothing.zip")
    expect(alert).to_be_visible()
    alert.get_by_role("button", name="Dismiss").click()
    expect(header(counting)).to_have_text("to test on: Others · 40 subjects")


def test_a_crash_opens_both_again(counting: Page, zips: dict[str, Path], allowed: list[str]) -> None:
    allowed += ABORTED
    counting.workers[0].evaluate(
        "(code) => { setTimeout(() => { try { self.python.runPython(code); } catch (e) { throw e; } }); }", ABORT
    )
    expect(counting.get_by_text("The engine stopped and starts again")).to_be_visible(timeout=START)
    expect(counting.locator("#status")).to_contain_text("Forty is open", timeout=START)  # until then all is of before
    expect(result(counting, "Counts")).to_contain_text("Tested on 40 subjects.", timeout=START)
    expect(header(counting)).to_have_text("to test on: Others · 40 subjects")
    for _ in range(counting.get_by_role("button", name="Dismiss").count()):
        counting.get_by_role("button", name="Dismiss").first.click()


def test_it_can_be_removed(counting: Page) -> None:
    open_dialog(counting)
    dialog(counting).get_by_role("button", name="Remove").click()
    expect(dialog(counting).get_by_role("button", name="Remove")).to_have_count(0)
    dialog(counting).get_by_role("button", name="Close").click()
    expect(header(counting)).to_be_hidden()
    expect(counting.locator(".problem", has_text="no second cohort is open to test on")).to_be_visible()


def test_one_cohort_predicts_the_other_and_a_map_comes_again_while_both_are_open(
    counting: Page, zips: dict[str, Path]
) -> None:
    go(counting, "Associations")
    analysis(counting, "Replication")
    expect(counting.get_by_text("No second cohort is open. Open one beside this one")).to_be_visible()
    go(counting, "Models")
    analysis(counting, "Prediction")
    expect(form(counting).get_by_label("Tested by", exact=True)).to_be_visible()
    expect(form(counting).get_by_label("Test on", exact=True)).to_be_hidden()

    select(counting, "Predict", "age")
    choose(counting, zips["others"])
    dialog(counting).get_by_role("button", name="Close").click()
    select(counting, "Test on", "Each cohort, trained on the other")
    expect(form(counting).get_by_label("Tested by", exact=True)).to_be_hidden()
    place = result(counting, "Prediction")
    expect(place).to_contain_text("Trained on Forty and tested on Others", timeout=START)
    expect(place).to_contain_text("Trained on Others and tested on Forty")
    expect_whole(place)
    expect(place.get_by_role("heading", name="How well it predicts in the other cohort")).to_be_visible()
    address = counting.evaluate("decodeURIComponent(location.hash)")
    assert '"test_on":"both"' in address.replace(" ", "")

    go(counting, "Associations")
    analysis(counting, "Replication")
    select(counting, "Phenotype", "age")
    expect(result(counting, "Replication")).to_contain_text("1 (100 %) have the same sign in Others", timeout=START)
    expect_whole(result(counting, "Replication"))

    go(counting, "Confounds")
    select(counting, "Target", "age")
    select(counting, "Examine", "This cohort, and again in the second")
    verdict = result(counting, "Confound report")
    expect(verdict).to_contain_text(re.compile("associated with connectivity in Others"), timeout=START)
    heading = verdict.get_by_role("heading", name="What remains in Forty and in Others")
    expect(heading).to_be_visible(timeout=START)

    go(counting, "Models")
    analysis(counting, "Prediction")
    open_dialog(counting)
    dialog(counting).get_by_role("button", name="Remove").click()
    dialog(counting).get_by_role("button", name="Close").click()
    expect(form(counting).get_by_label("Test on", exact=True)).to_be_hidden()
    expect(form(counting).get_by_label("Tested by", exact=True)).to_be_visible()
    expect_said(counting, "Prediction", "random splits")
    go(counting, "Maps")
    analysis(counting, "Counts")


def test_a_demo_is_kept_in_the_address_and_back_removes_it(counting: Page) -> None:
    open_dialog(counting)
    dialog(counting).get_by_role("button", name="A second demo cohort").click()
    expect(dialog(counting)).to_contain_text("are not the same", timeout=START)
    dialog(counting).get_by_role("button", name="Close").click()
    expect(result(counting, "Counts")).to_contain_text("Tested on 1,165 subjects.")
    assert "second" in counting.evaluate("decodeURIComponent(location.hash)")
    counting.go_back()
    expect(header(counting)).to_be_hidden()
    counting.go_forward()
    expect(header(counting)).to_have_text(re.compile("1,165 subjects"), timeout=START)
    expect(result(counting, "Counts")).to_contain_text("Tested on 1,165 subjects.")


def test_a_link_opens_both_demo_cohorts(counting: Page, site_url: str) -> None:
    spec = '{"demo":"quick","second":"quick","tab":"Maps","analysis":"counts"}'
    counting.goto("about:blank")
    counting.goto(f"{site_url}#{spec}")
    expect(result(counting, "Counts")).to_contain_text("Tested on 300 subjects.", timeout=START)
    expect(header(counting)).to_have_text(re.compile("300 subjects"))
