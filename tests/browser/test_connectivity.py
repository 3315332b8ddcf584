"""Connectivity: scans in a gallery, one of them large, their mean and standard deviation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from driving import wait_until
from playwright.sync_api import Locator, Page, expect
from views import add_group, delete_group, expect_figures, go, matrix, pixels, read_out, spoken

from imagenomer.edges import edges_to_matrix
from imagenomer.figures.pixels import paint_edges
from imagenomer.parcellation import load_atlas

POWER = load_atlas("power-264")


@pytest.fixture
def page(fibromyalgia: Page) -> Iterator[Page]:
    """The gallery of all scans, on its first page."""
    go(fibromyalgia, "Connectivity")
    fibromyalgia.get_by_role("button", name="Scans", exact=True).click()
    filter_by(fibromyalgia, task="All scans", group="Everybody")
    expect_scans(fibromyalgia, 131)
    return fibromyalgia


def filter_by(page: Page, **choices: str) -> None:
    for name, choice in choices.items():
        page.locator(".filters").get_by_label(name.capitalize(), exact=True).select_option(choice)


def expect_scans(page: Page, n_scans: int) -> None:
    expect(page.locator(".gallery .note[role=status]")).to_have_text(f"{n_scans} scans")


def tiles(page: Page) -> Locator:
    return page.locator(".tile:visible")


def tile(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def scan(folder: Path, subject: int, task: str) -> np.ndarray:
    return np.load(folder / "fibromyalgia" / "fc" / f"{subject}_task-{task}_fc.npy")


def displayed(edges: np.ndarray) -> np.ndarray:
    """The matrix of an edge vector in network order."""
    order = POWER.display_order
    return np.asarray(edges_to_matrix(edges)[np.ix_(order, order)])


@pytest.fixture
def viewer(page: Page) -> Iterator[Locator]:
    """Subject 4 at rest, large."""
    tile(page, "Subject 4, rest").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Subject 4 · rest")).to_be_visible()
    stage = dialog.get_by_role("application", name="Subject 4 · rest")
    expect(stage).to_be_focused()
    page.keyboard.press("Home")
    yield dialog
    if dialog.is_visible():
        page.get_by_role("button", name="Back to the gallery").click()


def test_every_scan_has_a_named_tile_24_a_page(page: Page) -> None:
    expect(tiles(page)).to_have_count(24)
    expect(page.locator(".gallery .pager")).to_contain_text("of 6")
    expect(tile(page, "Subject 2, epr")).to_be_visible()
    page.get_by_role("button", name="Last page").click()
    expect(tiles(page)).to_have_count(131 - 5 * 24)
    expect(tile(page, "Subject 77, rest")).to_be_visible()
    page.get_by_role("button", name="Previous page").click()
    expect(page.get_by_label("Page", exact=True)).to_have_value("5")
    page.get_by_label("Page", exact=True).fill("2")
    page.get_by_label("Page", exact=True).press("Enter")
    expect(page.get_by_role("button", name="First page")).to_be_enabled()
    page.get_by_role("button", name="First page").click()
    expect(page.get_by_label("Page", exact=True)).to_have_value("1")


def test_filters_narrow_the_scans_and_go_back_to_the_first_page(page: Page) -> None:
    page.get_by_role("button", name="Last page").click()
    expect(page.get_by_label("Page", exact=True)).to_have_value("6")
    filter_by(page, task="rest")
    expect_scans(page, 66)
    expect(page.get_by_label("Page", exact=True)).to_have_value("1")
    add_group(page, 'Fibromyalgia == "Yes"', "patients")
    filter_by(page, group="patients")
    expect_scans(page, 33)
    delete_group(page, "patients")
    expect_scans(page, 66)


def test_a_tile_is_painted_in_the_colours_of_its_values(page: Page, shared_data: Path) -> None:
    filter_by(page, task="rest")
    expect_scans(page, 66)
    limit = float(page.locator(".shared-scale .ticks span").first.inner_text())
    edges = scan(shared_data, 4, "rest").astype(np.float32)
    painted = paint_edges(edges, order=POWER.display_order, colormap="blue-orange", limit=limit)
    # A canvas keeps colours premultiplied.
    wait_until(page, lambda: np.abs(pixels(tile(page, "Subject 4, rest")).astype(int) - painted).max() <= 1)


def test_captions_show_what_is_chosen(page: Page) -> None:
    page.get_by_label("Captions").click()
    for name in ("Age", "Fibromyalgia"):
        page.get_by_role("checkbox", name=name, exact=True).check()
    expect(tile(page, "Subject 4, rest, Age 43, Fibromyalgia No").or_(tiles(page).nth(3))).to_have_accessible_name(
        re.compile(r"^Subject 4, rest, Age \d+, Fibromyalgia (Yes|No)$")
    )
    for name in ("Age", "Fibromyalgia"):
        page.get_by_role("checkbox", name=name, exact=True).uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("checkbox", name="Age", exact=True)).to_be_hidden()
    expect(tile(page, "Subject 4, rest")).to_be_visible()


def test_one_scale_is_shared_and_moves_for_all(page: Page) -> None:
    before = pixels(tile(page, "Subject 4, rest"))
    slider = page.locator(".shared-scale").get_by_label("Limit")
    value = float(slider.input_value())
    slider.focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    expect(page.locator(".shared-scale .ticks span").first).not_to_have_text(f"{value:g}")
    expect(page.locator(".shared-scale .ticks span").nth(1)).to_have_text("0")
    # A lower limit makes colours stronger, that is darker.
    wait_until(page, lambda: bool(pixels(tile(page, "Subject 4, rest")).mean() < before.mean()))
    for _ in range(20):
        page.keyboard.press("ArrowRight")


def test_parcels_can_be_shown_as_in_the_file(page: Page, shared_data: Path) -> None:
    filter_by(page, order="As in the file")
    limit = float(page.locator(".shared-scale .ticks span").first.inner_text())
    edges = scan(shared_data, 4, "rest").astype(np.float32)
    painted = paint_edges(edges, order=np.arange(264), colormap="blue-orange", limit=limit)
    wait_until(page, lambda: np.abs(pixels(tile(page, "Subject 4, rest")).astype(int) - painted).max() <= 1)
    filter_by(page, order="By network")


def test_a_choice_is_kept_when_the_tab_is_chosen_again_before_it_is_painted(page: Page) -> None:
    order = page.locator(".filters").get_by_label("Order", exact=True)
    order.evaluate(
        """(select) => {
            select.selectedIndex = 1;
            select.dispatchEvent(new Event("change"));
            document.getElementById("tab-Connectivity").click();
        }"""
    )
    expect_scans(page, 131)
    expect(order).to_have_value("1")
    filter_by(page, order="By network")


def test_arrow_keys_read_out_the_value_in_the_file(viewer: Locator, page: Page, shared_data: Path) -> None:
    values = displayed(scan(shared_data, 4, "rest"))
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    text = read_out(viewer)
    column = int(re.search(r"– Power (\d+)", text)[1]) - 1  # type: ignore[index]
    row = int(re.search(r"^Power (\d+)", text)[1]) - 1  # type: ignore[index]
    order = list(POWER.display_order)
    assert text.endswith(f"fc = {spoken(values[order.index(row), order.index(column)])}")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowDown")
    expect(viewer.get_by_label("Readout")).to_have_attribute("aria-live", "polite")
    networks = [POWER.networks[parcel] for parcel in order]
    assert read_out(viewer).split(" · ")[1].startswith(next(name for name in networks if name != networks[0]))


def test_pointing_reads_out_the_value_in_the_file(viewer: Locator, page: Page, shared_data: Path) -> None:
    values = displayed(scan(shared_data, 4, "rest"))
    box = viewer.locator(".stage canvas").bounding_box()
    assert box is not None
    for row, column in ((0, 1), (100, 20), (263, 0), (17, 263)):
        page.mouse.move(box["x"] + (column + 0.5) / 264 * box["width"], box["y"] + (row + 0.5) / 264 * box["height"])
        a, b = POWER.display_order[row], POWER.display_order[column]
        expect(viewer.get_by_label("Readout")).to_have_text(
            f"{POWER.labels[a]} – {POWER.labels[b]} · {POWER.networks[a]} – {POWER.networks[b]} · "
            f"fc = {spoken(values[row, column])}"
        )


def test_the_wheel_zooms_at_the_pointer_and_home_shows_the_whole(viewer: Locator, page: Page) -> None:
    box = viewer.locator(".stage canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"])
    a, b = (POWER.labels[POWER.display_order[int(264 * at)]] for at in (0.6, 0.3))
    readout = viewer.get_by_label("Readout")
    expect(readout).to_have_text(re.compile(f"^{a} – {b} "))
    before, whole = read_out(viewer), pixels(viewer.locator(".stage"))
    for _ in range(6):
        page.mouse.wheel(0, -200)
    page.mouse.move(box["x"] + 0.3 * box["width"] + 1, box["y"] + 0.6 * box["height"])
    expect(readout).to_have_text(before)
    wait_until(page, lambda: not np.array_equal(pixels(viewer.locator(".stage")), whole))
    page.keyboard.press("Home")
    wait_until(page, lambda: np.array_equal(pixels(viewer.locator(".stage")), whole))


def test_names_of_networks_never_overlap(viewer: Locator) -> None:
    boxes = viewer.locator("text.network").evaluate_all(
        "(texts) => texts.map((text) => { const {x, y, right, bottom} = text.getBoundingClientRect(); "
        "return [x, y, right, bottom]; })"
    )
    assert len(boxes) == 2 * len(POWER.network_names)
    for at, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[at + 1 :]:
            apart = other[0] >= right - 1 or other[2] <= left + 1 or other[1] >= bottom - 3 or other[3] <= top + 3
            assert apart, (boxes[at], other)


def test_the_threshold_fades_what_lies_below(viewer: Locator, page: Page) -> None:
    opaque = pixels(viewer.locator(".stage"))[..., 3]
    assert opaque.min() == 255
    viewer.get_by_label("Threshold").focus()
    page.keyboard.press("End")
    wait_until(page, lambda: np.mean(pixels(viewer.locator(".stage"))[..., 3] < 255) > 0.9)
    page.keyboard.press("Home")
    wait_until(page, lambda: pixels(viewer.locator(".stage"))[..., 3].min() == 255)


def test_scans_follow_each_other_and_escape_leads_back(viewer: Locator, page: Page) -> None:
    viewer.get_by_role("button", name="Next scan").click()
    expect(viewer.get_by_role("heading", name="Subject 5 · rest")).to_be_visible()
    viewer.get_by_role("button", name="Previous scan").click()
    expect(viewer.get_by_role("heading", name="Subject 4 · rest")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(tile(page, "Subject 4, rest")).to_be_focused()


def test_the_next_scan_may_be_on_the_next_page(page: Page) -> None:
    tiles(page).nth(23).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("24 of 131")
    dialog.get_by_role("button", name="Next scan").click()
    expect(dialog).to_contain_text("25 of 131")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Page", exact=True)).to_have_value("2")
    page.get_by_role("button", name="First page").click()
    expect(page.get_by_label("Page", exact=True)).to_have_value("1")


def test_a_scan_downloads_as_a_figure(viewer: Locator, page: Page) -> None:
    expect_figures(page, viewer.locator(".menu").filter(has_text="Download"))


def test_mean_and_sd_are_taken_over_subjects(page: Page, shared_data: Path) -> None:
    filter_by(page, task="rest")
    expect_scans(page, 66)
    page.get_by_role("button", name="Mean and SD", exact=True).click()
    result = page.get_by_role("region", name="Result: Mean and standard deviation")
    expect(result.locator(".numbers")).to_contain_text("Subjects66")
    mean = matrix(page, re.compile("^Mean of fc"))
    mean.get_by_role("application").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    cohort_subjects = [int(path.name.split("_")[0]) for path in (shared_data / "fibromyalgia/fc").glob("*task-rest*")]
    values = np.mean([scan(shared_data, one, "rest") for one in cohort_subjects if one not in (3, 48)], axis=0)
    row, column = (int(number) - 1 for number in re.findall(r"Power (\d+)", read_out(mean)))
    assert row != column
    assert read_out(mean).endswith(spoken(edges_to_matrix(values)[row, column]))
    page.get_by_role("button", name="Scans", exact=True).click()
    expect_scans(page, 66)


def test_the_address_brings_the_page_of_the_gallery_back(page: Page) -> None:
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_label("Page", exact=True)).to_have_value("2")
    page.go_back()
    expect(page.get_by_label("Page", exact=True)).to_have_value("1")
