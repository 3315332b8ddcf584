"""The start screen: three ways in, none of which loses the cohort that is open."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest
from driving import (
    START,
    Gate,
    Watch,
    choose_files,
    choose_folder,
    drop_files,
    new_page,
    save_as,
    wait_for_engine,
    wait_for_rest,
)
from playwright.sync_api import Browser, Page, expect

from imagenomer.cohort import Cohort
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes


@pytest.fixture
def bundle(cohort: Cohort, tmp_path: Path) -> Path:
    """The forty subjects as a bundle, zipped."""
    path = tmp_path / "forty.zip"
    path.write_bytes(finish(bundle_bytes(cohort)))
    return path


@pytest.fixture
def folder(bundle: Path, tmp_path: Path) -> Path:
    """The same as a folder."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path / "forty")
    return tmp_path / "forty"


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    path = tmp_path / "shopping.txt"
    path.write_text("milk, eggs", encoding="utf-8")
    return path


def expect_forty(page: Page) -> None:
    expect(page.get_by_role("heading", level=1, name="Forty")).to_be_visible(timeout=START)
    expect(page.get_by_role("banner")).to_contain_text("40 subjects")


def drag_in(page: Page, path: Path) -> None:
    """Drag a file or a folder in from outside, as the operating system does."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 600, "y": 300, "data": data})


@pytest.fixture
def forty(start_page: Page, bundle: Path) -> Page:
    """The page with the forty subjects open."""
    choose_files(start_page, bundle)
    expect_forty(start_page)
    return start_page


def test_the_first_screen_names_the_ways_in_and_promises_privacy(page: Page) -> None:
    for name in ("Choose a folder", "Choose files", "Open the demo cohort"):
        expect(page.get_by_role("button", name=name)).to_be_visible()
    expect(page.get_by_text("Nothing leaves this machine")).to_be_visible()
    expect(page.get_by_label("Size")).to_have_value("full")


def test_what_is_chosen_before_any_script_runs_is_opened(
    browser: Browser, site_url: str, watch: Watch, bundle: Path
) -> None:
    page = new_page(browser, watch)
    gate = Gate(page, "**/interface-*.py.*")
    page.goto(site_url)
    choose_files(page, bundle)
    expect(page.get_by_role("heading", name="Drop a cohort here")).to_be_visible()
    gate.wait()
    gate.open()
    expect_forty(page)
    page.context.close()


def test_a_folder_chosen_while_the_engine_loads_is_opened_when_it_is_ready(
    loading: tuple[Page, Gate], folder: Path
) -> None:
    page, gate = loading
    choose_folder(page, folder)
    gate.open()
    expect_forty(page)
    expect(page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")


def test_a_dropped_folder_is_read_with_all_its_folders(start_page: Page, folder: Path) -> None:
    drag_in(start_page, folder)
    expect_forty(start_page)


def test_another_cohort_can_be_dropped_and_one_that_fails_leaves_it_open(
    start_page: Page, bundle: Path, text_file: Path
) -> None:
    page = start_page
    drop_files(page, text_file)
    alert = page.get_by_role("alert").filter(has_text="shopping.txt")
    expect(alert).to_be_visible()
    alert.get_by_role("button", name="Dismiss").click()
    expect(alert).to_be_hidden()
    drop_files(page, bundle)
    expect_forty(page)
    drop_files(page, text_file)
    expect(alert).to_be_visible()
    expect_forty(page)
    page.get_by_role("tab", name="Phenotypes").click()
    expect(page.get_by_role("tab", name="Phenotypes")).to_have_attribute("aria-selected", "true")

    page.get_by_role("button", name="Open another").click()
    expect(page.get_by_role("heading", name="Drop a cohort here")).to_be_visible()
    page.get_by_role("button", name="Back to Forty").click()
    expect_forty(page)


def test_the_demo_opens_from_the_keyboard(start_page: Page) -> None:
    page = start_page
    page.get_by_label("Size").select_option("full")
    page.get_by_role("button", name="Open the demo cohort").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)
    expect(page.get_by_role("banner")).to_contain_text("830 subjects")


def test_the_second_teaching_cohort_opens_beside_the_first_and_from_its_address(
    start_page: Page, site_url: str
) -> None:
    page = start_page
    page.locator("#demo-cohort").select_option("second")
    expect(page.get_by_label("Size").locator("option")).to_have_text(["Full (1,165)", "Quick (300)"])
    page.get_by_label("Size").select_option("quick")
    page.get_by_role("button", name="Open the demo cohort").click()
    heading = page.get_by_role("heading", level=1, name="Second teaching cohort")
    expect(heading).to_be_visible(timeout=START)
    assert spec_of(page)["demo"] == "second-quick"
    page.goto("about:blank")
    page.goto(f"{site_url}#demo=second-quick")
    expect(heading).to_be_visible(timeout=START)
    expect(page.get_by_role("banner")).to_contain_text("300 subjects")


def test_opening_can_be_cancelled_and_something_else_be_opened(start_page: Page, bundle: Path) -> None:
    page = start_page
    page.get_by_label("Size").select_option("full")
    page.get_by_role("button", name="Open the demo cohort").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#status")).to_have_text(re.compile("^Cancelled"))
    choose_files(page, bundle)
    expect_forty(page)


def test_an_engine_that_hangs_can_be_stopped_and_the_cohort_comes_back(forty: Page) -> None:
    forty.get_by_role("tab", name="Phenotypes").click()
    expect(forty.get_by_role("tab", name="Phenotypes")).to_have_attribute("aria-selected", "true")
    wait_for_rest(forty)
    with forty.expect_console_message(lambda message: message.text == "hangs"):
        forty.workers[-1].evaluate("setTimeout(() => { console.log('hangs'); while (true); }, 0)")
    save_as(forty, "Save as bundle")
    forty.locator("#work").get_by_role("button", name="Cancel").click()
    forty.get_by_role("button", name="Stop the engine").click()
    expect(forty.get_by_role("status").filter(has_text="Cancelled")).to_be_visible()
    expect(forty.get_by_role("status").filter(has_text="is open")).to_be_visible(timeout=START)
    expect(forty.get_by_role("tab", name="Phenotypes")).to_have_attribute("aria-selected", "true")
    expect(forty.get_by_role("alert").filter(has_text="wrong")).to_have_count(0)
    with forty.expect_download():
        save_as(forty, "Save as bundle")


def spec_of(page: Page) -> dict[str, object]:
    """The saved state in the address."""
    found: dict[str, object] = json.loads(page.evaluate("decodeURIComponent(location.hash.slice(1))"))
    return found


def test_a_reload_restores_the_view_once_the_files_are_there_again(forty: Page, bundle: Path) -> None:
    forty.get_by_role("tab", name="Associations").click()
    forty.get_by_label("Method", exact=True).select_option("Spearman")
    expect(forty.get_by_label("Method", exact=True)).to_have_value(re.compile("."))
    spec = spec_of(forty)
    assert spec["tab"] == "Associations"
    forty.reload()
    wait_for_engine(forty)
    choose_files(forty, bundle)
    expect(forty.get_by_role("tab", name="Associations")).to_have_attribute("aria-selected", "true")
    expect(forty.get_by_label("Method", exact=True).locator("option:checked")).to_have_text("Spearman")
    assert spec_of(forty) == spec


def test_the_address_holds_choices_and_no_subject(forty: Page) -> None:
    for name in ("Connectivity", "Phenotypes", "Associations"):
        forty.get_by_role("tab", name=name).click()
        expect(forty.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        assert set(spec_of(forty)) <= {"tab", "groups", "analysis", "params", "edge", "shapes", "gallery", "folder"}


def test_a_bundle_can_be_saved_and_opened_again(forty: Page, tmp_path: Path) -> None:
    with forty.expect_download() as download:
        save_as(forty, "Save as bundle")
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    assert zipfile.is_zipfile(saved)
    drop_files(forty, saved)
    expect(forty.get_by_role("status").filter(has_text="is open")).to_be_visible()
    expect_forty(forty)
