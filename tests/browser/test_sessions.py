"""Nothing is lost: a session is saved and continued in another browser, changes are undone, leaving asks."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import START, choose_files, choose_folder, save_as, wait_for_rest
from engines import Firefox, drop, wait_for, wait_for_download
from playwright.sync_api import Page, expect

import browsers
from imagenomer.cohort import Cohort
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def folder(cohort: Cohort, tmp_path: Path) -> Path:
    """The forty subjects as a folder."""
    path = tmp_path / "forty.zip"
    path.write_bytes(finish(bundle_bytes(cohort)))
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "forty")
    return tmp_path / "forty"


def add_group(page: Page, name: str, expression: str) -> None:
    groups = page.locator("#groups")
    groups.get_by_role("button", name="Type", exact=True).click()
    groups.get_by_label("Expression").fill(expression)
    groups.get_by_role("textbox", name="Name", exact=True).fill(name)
    groups.get_by_role("button", name="Add group").click()
    expect(groups.get_by_role("listitem").filter(has_text=name)).to_be_visible()


def save(page: Page, act: Callable[[], None], to: Path) -> Path:
    with page.expect_download(timeout=START) as got:
        act()
    saved = to / got.value.suggested_filename
    got.value.save_as(saved)
    return saved


def result(page: Page) -> Page:
    return page.locator(".result:visible")  # type: ignore[return-value]


def open_folder(page: Page, folder: Path) -> None:
    choose_folder(page, folder)
    expect(page.get_by_role("heading", level=1, name="Forty")).to_be_visible(timeout=START)
    wait_for_rest(page)


def test_a_session_saved_in_chromium_goes_on_in_firefox_with_the_same_figures(
    start_page: Page, site_url: str, folder: Path, tmp_path: Path
) -> None:
    page = start_page
    open_folder(page, folder)
    add_group(page, "Older", "age > 171.3")
    add_group(page, "Two of them", 'subject in ("7", "11")')
    page.get_by_role("tab", name="Associations").click()
    page.locator(".analysis:visible").get_by_label("Group").select_option("Older")
    wait_for_rest(page)
    result(page).get_by_role("button", name="Save to tray").first.click()
    result(page).get_by_role("button", name="Keep", exact=True).click()
    page.get_by_role("button", name="Notebook (1)").click()
    notebook = page.get_by_role("dialog", name="Notebook")
    notebook.get_by_label("Name of Edge association").fill("Age in the older")
    notebook.get_by_label("Name of Edge association").press("Enter")
    notebook.get_by_label("Note on Age in the older").fill("Edge 3, as planted.")
    notebook.get_by_role("button", name="Close").click()
    report = save(page, result(page).get_by_role("button", name="Download report (HTML)").click, tmp_path).read_bytes()

    save_as(page, "Save session")
    asking = page.get_by_role("dialog", name="This session would name subjects")
    expect(asking.get_by_role("listitem")).to_have_text(["the group Two of them lists subjects"])
    saved = save(page, asking.get_by_role("button", name="Save without them").click, tmp_path)
    assert saved.name == "Forty.session.json"
    session = json.loads(saved.read_text(encoding="utf-8"))
    assert [group["name"] for group in session["groups"]] == ["Older"]
    assert "subject" not in saved.read_text(encoding="utf-8").replace("n_subjects", "")

    program = browsers.find_firefox()
    if not program:
        pytest.skip("Firefox is not on this machine; build_scripts/test.py installs it where that is possible")
    driver = Firefox(program)
    try:
        driver.open(site_url)
        driver.set_files("#choose-files", [saved])
        said = "(text) => document.getElementById('continue').innerText.includes(text)"
        wait_for(driver, said, "Choose forty again to continue: 1 group, 1 map, 1 result")
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        drop(driver, [(path.relative_to(folder.parent).as_posix(), path.read_bytes()) for path in files])
        wait_for(driver, "() => document.querySelector('.result table.grid tbody tr')?.checkVisibility()")
        # Not with the mouse: figures that are still coming may move the button.
        report_button = "document.querySelector('.result .tools [aria-label^=Download]')"
        driver.evaluate(f"() => {report_button}.click()")
        assert wait_for_download(driver, ".html") == report, "figures, tables, settings, groups and script"
        shown = "() => document.getElementById('show-notebook').innerText"
        assert driver.evaluate(shown) == "Notebook (1)"
        assert "Older" in driver.evaluate("() => document.getElementById('groups').innerText")
        kept = "() => [...document.querySelectorAll('#notebook-list textarea')].map((one) => one.value)"
        assert driver.evaluate(kept) == ["Edge 3, as planted."]
        driver.watch.check([])
    finally:
        driver.close()


def test_changes_are_undone_and_leaving_asks(start_page: Page, folder: Path, tmp_path: Path) -> None:
    page, groups = start_page, start_page.locator("#groups ul").get_by_role("listitem")
    open_folder(page, folder)
    undo, redo = page.locator("#undo"), page.locator("#redo")
    expect(undo).to_be_disabled()
    add_group(page, "Older", "age > 171.3")
    expect(undo).to_have_accessible_name("Undo adding the group Older")
    page.get_by_role("button", name="Delete Older").click()
    expect(groups).to_have_count(1)
    undo.click()
    expect(groups).to_have_count(2)
    expect(page.get_by_role("status").filter(has_text="Undone: removing the group Older")).to_be_visible()
    page.locator("#content").press("Control+z")
    expect(groups).to_have_count(1)
    expect(undo).to_be_disabled()
    page.locator("#content").press("Control+Shift+z")
    expect(groups).to_have_count(2)
    expect(redo).to_have_accessible_name("Redo removing the group Older")

    page.get_by_role("button", name="Edit age").click()
    column = page.get_by_role("dialog").filter(has_text="age")
    column.get_by_label("Unit").fill("weeks")
    column.get_by_role("button", name="Apply").click()
    expect(page.locator(".phenotypes")).to_contain_text("weeks")
    expect(redo).to_be_disabled()
    undo.click()
    expect(page.locator(".phenotypes")).to_contain_text("months")
    expect(page.locator(".phenotypes")).not_to_contain_text("weeks")
    redo.click()
    expect(page.locator(".phenotypes")).to_contain_text("weeks")
    wait_for_rest(page)

    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert asked == ["beforeunload"]
    card = page.locator("#continue")
    expect(card).to_contain_text("Choose forty again to continue: 1 group, 1 corrected column")
    kept = page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
    assert set(kept) <= {"imagenomer-theme"}
    open_folder(page, folder)
    expect(groups).to_have_count(2)
    expect(page.locator(".phenotypes")).to_contain_text("weeks")
    page.reload()
    page.get_by_role("button", name="Start afresh").click()
    expect(card).to_be_hidden()
    assert "#" not in page.url

    broken = tmp_path / "broken.session.json"
    broken.write_text('{"format": "imagenomer-session", "version": 7}', encoding="utf-8")
    choose_files(page, broken)
    expect(page.get_by_role("alert")).to_contain_text("broken.session.json: it was saved in version 7", timeout=START)
