"""An analysis in parts: each is shown when it is done, what is done stays, and nothing moves that is being read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import START, Watch, new_page, open_python
from playwright.sync_api import Browser, Locator, Page, expect
from views import analysis, expect_whole, go, matrix, result

SOURCE = Path(__file__).parents[1] / "parted.py"

#: Puts the analysis that exists in tests only among those of the engine, and lets each part end when it is told to.
ADD_STAGES = f"""
import sys
from pathlib import Path
(package,) = [place for place in map(Path, sys.path) if (place / "imagenomer").is_dir()]
source = {SOURCE.read_text(encoding="utf-8")!r}
room = package / "imagenomer" / "analyses" / "associations"
(room / "stages.py").write_text(source + '\\nHELD |= {{"edges", "top", "share"}}\\n')
(package / "imagenomer" / "catalog.json").unlink(missing_ok=True)
"""


#: Notes that a view stands out, which it does for a moment.
NOTE_POINTED = """(view) => new MutationObserver(() => {
    if (view.classList.contains("pointed-at")) view.dataset.wasPointedAt = "yes";
}).observe(view, {attributeFilter: ["class"]})"""


@pytest.fixture(scope="module")
def _stages(browser: Browser, site_url: str) -> Iterator[tuple[Page, Watch]]:
    watch = Watch()
    page = new_page(browser, watch)
    open_python(page, ADD_STAGES)
    page.goto(f"{site_url}#demo=quick")
    expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)
    yield page, watch
    page.context.close()


@pytest.fixture
def stages(_stages: tuple[Page, Watch], allowed: list[str]) -> Iterator[Page]:
    page, watch = _stages
    watch.problems.clear()
    yield page
    watch.check(allowed)


def let_go(page: Page, *names: str) -> None:
    run_python(page, f"from imagenomer.analyses.associations import stages; stages.HELD -= {set(names)!r}")


def hold(page: Page, *names: str) -> None:
    run_python(page, f"from imagenomer.analyses.associations import stages; stages.HELD |= {set(names)!r}")


def run_python(page: Page, code: str) -> None:
    page.workers[0].evaluate("(code) => { self.python.runPython(code); }", code)


def parts(page: Page) -> list[str]:
    """The state of each part."""
    return [line.get_attribute("class") or "" for line in page.get_by_role("list", name="Parts").locator("li").all()]


def expect_parts(page: Page, *states: str) -> None:
    lines = page.get_by_role("list", name="Parts").locator("li")
    for position, state in enumerate(states):
        expect(lines.nth(position)).to_have_class(state, timeout=START)


def top_of(place: Locator) -> float:
    box = place.bounding_box()
    assert box is not None
    return box["y"]


def at_the_top(page: Page) -> None:
    """Scroll back from where a click has scrolled to."""
    page.locator("#main").evaluate("(main) => main.scrollTo(0, 0)")


def test_parts_come_one_after_another_and_what_is_there_stays_where_it_is(stages: Page) -> None:
    go(stages, "Associations")
    analysis(stages, "Stages")
    shown = result(stages, "Stages")
    expect_parts(stages, "running", "waiting", "waiting")
    expect(shown).to_be_hidden()

    let_go(stages, "edges")
    expect(matrix(stages, "Edge numbers").locator("canvas")).to_be_visible()
    expect_parts(stages, "done", "running", "waiting")
    expect(stages.get_by_text("2 of 3: Held")).to_be_visible()
    expect(shown.locator(".state")).to_have_text("1 of 3 parts are done")
    verdict = shown.get_by_role("region", name="Verdict")
    expect(verdict).to_contain_text("It follows when all parts are done.")
    at_the_top(stages)
    place, height = top_of(shown.locator(".views")), verdict.bounding_box()

    let_go(stages, "top")
    expect(shown.get_by_role("grid", name="The largest")).to_be_visible()
    assert top_of(shown.locator(".views")) == place

    # Whoever reads what is done need not wait for the part under way.
    with stages.expect_download() as started:
        shown.get_by_role("button", name="Download The largest as CSV").click()
    assert Path(started.value.path()).read_text(encoding="utf-8-sig").startswith("name")
    with stages.expect_download() as started:
        shown.get_by_role("button", name="Download report (HTML)").click()
    assert "Stopped after 2 of 3 parts" in Path(started.value.path()).read_text(encoding="utf-8")
    expect_parts(stages, "done", "done", "running")

    let_go(stages, "share")
    expect(verdict.get_by_role("listitem")).to_have_count(2)
    at_the_top(stages)
    assert top_of(shown.locator(".views")) == place
    assert verdict.bounding_box() == height
    expect_parts(stages, "done", "done", "done")
    expect_whole(shown)
    expect(stages.get_by_role("button", name="Continue")).to_be_hidden()


def test_a_finding_leads_to_the_view_its_number_is_in(stages: Page) -> None:
    verdict = result(stages, "Stages").get_by_role("region", name="Verdict")
    view = result(stages, "Stages").locator("section.figure")
    view.evaluate(NOTE_POINTED)
    verdict.get_by_role("button", name="Share above the mean").click()
    expect(view).to_be_focused()
    expect(view).to_be_in_viewport()
    expect(view).to_have_attribute("data-was-pointed-at", "yes")
    expect(view).to_have_class("figure")  # for a moment only


def test_what_is_stopped_keeps_what_is_done_and_goes_on_when_wanted(stages: Page) -> None:
    hold(stages, "share")
    stages.get_by_label("Factor").fill("2")
    stages.get_by_role("button", name="Run").click()
    expect_parts(stages, "done", "done", "running")
    stages.get_by_role("button", name="Stop here").click()
    shown = result(stages, "Stages")
    expect(shown.locator(".state")).to_have_text("2 of 3 parts are done")
    expect(stages.locator("#status")).to_contain_text("Stopped after 2 of 3 parts; what is done stays")
    expect(shown.get_by_role("grid", name="The largest")).to_be_visible()
    expect(shown.locator("section.figure")).to_have_count(0)
    expect_parts(stages, "done", "done", "waiting")

    let_go(stages, "share")
    stages.get_by_role("button", name="Continue").click()
    expect_parts(stages, "done", "done", "done")
    expect(shown.locator("section.figure")).to_have_count(1)


def test_other_parameters_in_the_middle_begin_anew(stages: Page) -> None:
    hold(stages, "edges", "top", "share")
    stages.get_by_label("Factor").fill("3")
    stages.get_by_role("button", name="Run").click()
    let_go(stages, "edges")
    expect_parts(stages, "done", "running", "waiting")
    stages.get_by_label("Factor").fill("4")
    stages.get_by_role("button", name="Run").click()
    let_go(stages, "top", "share")
    expect_parts(stages, "done", "done", "done")
    expect_whole(result(stages, "Stages"))


def test_back_and_a_reload_compute_the_parts_again(stages: Page) -> None:
    stages.go_back()
    expect(stages.get_by_label("Factor")).to_have_value("3")
    stages.go_forward()
    expect(stages.get_by_label("Factor")).to_have_value("4")
    stages.reload()
    expect(stages.get_by_role("list", name="Parts")).to_be_visible(timeout=START)
    expect_parts(stages, "running", "waiting", "waiting")
    let_go(stages, "edges", "top", "share")
    expect_parts(stages, "done", "done", "done")
    expect(stages.get_by_label("Factor")).to_have_value("4")
