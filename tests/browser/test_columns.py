"""Columns that are not what they look like: corrected in the overview, kept in the address and over a crash, undone."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from driving import START, choose_folder, leave_understood, wait_for_rest
from playwright.sync_api import Locator, Page, expect

N = 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty people at five sites, with a diagnosis of 0 and 1, a sex spelled in two ways, and a code among scores."""
    rng = np.random.default_rng(5)
    top = tmp_path / "study"
    (top / "fc").mkdir(parents=True)
    rows = ["id,site,DX,sex,FIQ,age"]
    for person in range(N):
        score = "-9999" if person in (3, 7) else f"{rng.normal(100, 15):.1f}"
        sex = ("M", "F", "m", "F")[person % 4]
        rows.append(f"s{person:02d},{person % 5 + 1},{person // 5 % 2},{sex},{score},{rng.uniform(20, 60):.1f}")
        series = rng.normal(size=(50, 6))
        np.savetxt(top / "fc" / f"s{person:02d}_fc.csv", np.corrcoef(series.T), delimiter=",")
    (top / "pheno.csv").write_text("\n".join(rows) + "\n")
    return top


def open_folder(page: Page, folder: Path) -> None:
    """Open it, and leave the screen that comes by itself: a code and parcels without names are in doubt."""
    choose_folder(page, folder)
    leave_understood(page)
    expect(page.get_by_role("tab", name="Overview")).to_be_visible()


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("table").get_by_role("row", name=re.compile(f"^{name}"))


def edit(page: Page, name: str) -> Locator:
    row(page, name).get_by_role("button", name=f"Edit {name}").click()
    dialog = page.get_by_role("dialog", name=name)
    expect(dialog).to_be_visible()
    return dialog


def test_columns_are_corrected_by_keyboard_and_mouse_and_all_follows(start_page: Page, folder: Path) -> None:
    page = start_page
    open_folder(page, folder)
    hint = page.locator(".coded")
    expect(hint).to_contain_text("2 numbers look like codes")
    expect(row(page, "site")).to_contain_text("codes?")

    # Codes are named and become a category, without a mouse.
    row(page, "DX").get_by_role("button", name="Edit DX").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="DX")
    expect(dialog.get_by_label("Type")).to_be_focused()
    dialog.get_by_label("Type").select_option("Category")
    dialog.get_by_label("Name of 0").fill("control")
    dialog.get_by_label("Name of 1").fill("patient")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(row(page, "DX").get_by_role("button", name="Edit DX")).to_be_focused()
    expect(row(page, "DX")).to_contain_text("control (20), patient (20)")
    expect(hint).to_contain_text("1 number looks like codes")

    # A site has a role, which makes it a category.
    dialog = edit(page, "site")
    dialog.get_by_label("Role").select_option("Site or scanner")
    expect(dialog.get_by_label("Type")).to_have_value("category")
    dialog.get_by_role("button", name="Apply").click()
    expect(row(page, "site")).to_contain_text("category")
    expect(hint).to_have_count(0)

    # Levels that differ in capitals only are merged where the user says so.
    dialog = edit(page, "sex")
    dialog.get_by_role("button", name="Merge as “M”").click()
    expect(dialog.get_by_role("status")).to_have_text("2 levels: F (20), M (20)")
    dialog.get_by_role("button", name="Apply").click()
    expect(row(page, "sex")).to_contain_text("F (20), M (20)")

    # A code is counted, and taken back.
    expect(row(page, "FIQ")).to_contain_text("38")
    dialog = edit(page, "FIQ")
    expect(dialog.get_by_label("-9999 (2 values)")).to_be_checked()
    dialog.get_by_label("-9999 (2 values)").uncheck()
    dialog.get_by_label("Unit").fill("points")
    dialog.get_by_role("button", name="Apply").click()
    expect(row(page, "FIQ")).to_contain_text(re.compile("−9,999 to .* points"))

    # What cannot be is refused in the dialog, which stays.
    dialog = edit(page, "sex")
    dialog.get_by_label("Type").select_option("Number")
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog.get_by_role("alert")).to_contain_text("sex cannot be a number: it holds 'F' (20)")
    dialog.get_by_role("button", name="Cancel").click()

    # Analyses follow: two groups can be compared where there was a number.
    page.get_by_role("tab", name="Phenotypes").click()
    page.get_by_role("tabpanel").get_by_label("Phenotype").select_option("DX")
    expect(page.get_by_role("tabpanel").get_by_text("control").first).to_be_visible()

    # Another engine has the same columns, and so has the address.
    assert "patient" in page.evaluate("decodeURIComponent(location.hash)")
    page.get_by_role("tab", name="Overview").click()
    page.reload()
    open_folder(page, folder)
    expect(row(page, "DX")).to_contain_text("control (20), patient (20)")
    expect(row(page, "sex")).to_contain_text("F (20), M (20)")

    # What the file says comes back, by the dialog and by the browser's own button.
    dialog = edit(page, "DX")
    dialog.get_by_role("button", name="Back to what the file says").click()
    expect(row(page, "DX")).to_contain_text("0 to 1")
    wait_for_rest(page)
    page.go_back()
    expect(row(page, "DX")).to_contain_text("control (20), patient (20)")


def test_a_column_that_is_left_out_can_be_put_back(start_page: Page, folder: Path) -> None:
    page = start_page
    open_folder(page, folder)
    dialog = edit(page, "age")
    dialog.get_by_label("Type").select_option("Leave out of all analyses")
    # What is too long for the address is kept as long as the page is open.
    dialog.get_by_label("Description").fill("x" * 1900)
    dialog.get_by_role("button", name="Apply").click()
    expect(row(page, "age")).to_have_count(0)
    assert "xxxxx" not in page.url
    wait_for_rest(page)
    with page.expect_worker(timeout=START):
        page.workers[-1].evaluate("() => { setTimeout(() => self.close()); }")
    expect(page.get_by_role("alert").filter(has_text="The engine stopped")).to_be_visible(timeout=START)
    wait_for_rest(page)
    expect(page.get_by_role("status").filter(has_text="study is open")).to_be_visible(timeout=START)
    expect(row(page, "DX")).to_be_visible()
    expect(row(page, "age")).to_have_count(0)
    page.locator(".left-out").get_by_role("button", name="Edit age").click()
    page.get_by_role("dialog", name="age").get_by_role("button", name="Back to what the file says").click()
    expect(row(page, "age")).to_contain_text("number")
    expect(page.locator(".left-out")).to_have_count(0)
