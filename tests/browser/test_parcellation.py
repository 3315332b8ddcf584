"""What the parcels are taken for can be chosen, is in the address, and holds for every view."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from driving import START, choose_folder, wait_until
from playwright.sync_api import Locator, Page, expect
from views import go

from imagenomer.parcellation import load_atlas


def state(page: Page) -> dict[str, object]:
    found = json.loads(unquote(page.url.split("#", 1)[1]))
    assert isinstance(found, dict)
    return found


def choice(page: Page) -> Locator:
    return page.get_by_label("Parcellation")


def test_parcels_can_be_plain_numbers_and_power_again(demo_page: Page) -> None:
    page = demo_page
    go(page, "Overview")
    card = page.locator(".card").filter(has=choice(page))
    expect(choice(page).locator("option")).to_have_text(["Power 264", "None: plain numbers"])
    expect(card).to_contain_text("14 networks")
    choice(page).select_option("None: plain numbers")
    expect(card).to_contain_text("no networks")
    expect(choice(page)).to_be_focused()
    wait_until(page, lambda: state(page).get("atlas") == "none")

    go(page, "Connectivity")
    page.locator(".tile:visible").first.click()
    dialog = page.get_by_role("dialog", name="Scan")
    expect(dialog.locator("rect.frame")).to_be_attached()
    expect(dialog.locator("text.network")).to_have_count(0)
    for shape, words in (("Networks", "264 parcels has no networks"), ("Brain", "264 parcels has no coordinates")):
        dialog.get_by_role("button", name=shape, exact=True).click()
        expect(dialog.get_by_text(words)).to_be_visible()
    dialog.get_by_role("button", name="Ring", exact=True).click()
    stage = dialog.get_by_role("application")
    expect(stage.locator(".edges .shown path").first).to_be_attached()
    stage.focus()
    stage.press("ArrowRight")
    expect(dialog.get_by_label("Readout")).to_contain_text("Parcel ")
    dialog.get_by_role("button", name="Matrix", exact=True).click()
    page.get_by_role("button", name="Back to the gallery").click()

    go(page, "Overview")
    choice(page).select_option("Power 264")
    expect(card).to_contain_text("14 networks")
    wait_until(page, lambda: "atlas" not in state(page))
    page.go_back()
    expect(card).to_contain_text("no networks")
    page.go_forward()
    expect(card).to_contain_text("14 networks")


@pytest.fixture
def hundred(tmp_path: Path) -> Path:
    """Three people and the 100 parcels of Schaefer in the order of 17 networks; near parcels are strongly connected."""
    places = load_atlas("schaefer-100-17").coordinates
    first, second = np.triu_indices(100, k=1)
    edges = 0.9 - 0.01 * np.minimum(np.linalg.norm(places[first] - places[second], axis=1), 120)
    folder = tmp_path / "Hundred"
    (folder / "fc").mkdir(parents=True)
    for subject in ("1", "2", "3"):
        for session in ("a", "b"):
            path = folder / "fc" / f"{subject}_ses-{session}_task-rest_fc.npy"
            np.save(path, edges + 0.01 * int(subject) - 0.1 * (session == "b"))
    (folder / "participants.tsv").write_text("participant_id\tage\n1\t20\n2\t30\n3\t40\n")
    return folder


def test_where_two_atlases_fit_the_page_says_so_and_lets_the_other_be_chosen(demo_page: Page, hundred: Path) -> None:
    page = demo_page
    go(page, "Connectivity")
    page.locator(".tile:visible").first.click()
    dialog = page.get_by_role("dialog", name="Scan")
    dialog.get_by_role("button", name="Ring", exact=True).click()
    stage = dialog.get_by_role("application")
    expect(stage.locator(".edges .shown path").first).to_be_attached()
    stage.focus()
    stage.press("ArrowUp")
    stage.press("ArrowUp")
    stage.press("Enter")
    stage.press("ArrowRight")
    stage.press("Enter")
    page.get_by_role("button", name="Back to the gallery").click()

    page.get_by_role("button", name="Open another").click()
    choose_folder(page, hundred)
    expect(page.locator("#cohort-name")).to_have_text("Hundred", timeout=START)
    go(page, "Overview")
    expect(choice(page).locator("option")).to_have_text(
        ["Schaefer 100 (17 networks)", "Schaefer 100 (7 networks)", "None: plain numbers"]
    )
    expect(page.get_by_text("taken for Schaefer 100 (17 networks), but other atlases or orders")).to_be_visible()

    go(page, "Connectivity")
    expect(page.locator(".gallery .note[role=status]")).to_have_text("6 scans")
    page.locator(".filters").get_by_label("Session", exact=True).select_option("b")
    expect(page.locator(".gallery .note[role=status]")).to_have_text("3 scans")
    page.locator(".tile:visible").first.click()
    expect(dialog.get_by_text("The 100 strongest of 4,950 edges")).to_be_visible()
    expect(stage.locator("path.arc")).to_have_count(17)
    expect(stage.locator(".over .selected, .over .chosen")).to_have_count(0)
    page.get_by_role("button", name="Back to the gallery").click()

    go(page, "Overview")
    choice(page).select_option("Schaefer 100 (7 networks)")
    expect(page.locator(".card").filter(has=choice(page))).to_contain_text("7 networks")
    wait_until(page, lambda: state(page).get("atlas") == "schaefer-100-7")
    go(page, "Connectivity")
    page.locator(".tile:visible").first.click()
    dialog.get_by_role("button", name="Networks", exact=True).click()
    expect(stage.locator("rect.cell")).to_have_count(49)
    page.get_by_role("button", name="Back to the gallery").click()
    page.get_by_role("button", name="Mean and SD", exact=True).click()
    form = page.get_by_role("region", name="Parameters")
    expect(form.get_by_label("Session", exact=True).locator("option")).to_have_text(
        ["Mean over sessions", "a", "b", "a minus b", "b minus a"]
    )
    expect(form.get_by_label("Run", exact=True)).to_be_hidden()
    expect(page.locator(".result:visible .sentences")).to_contain_text("fc, session b")
