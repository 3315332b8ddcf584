"""A map as networks, as a ring and in a glass brain: what they read out, and that what is selected in one is in all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from driving import START
from playwright.sync_api import Locator, Page, expect
from views import MAGIC, content, download, expect_whole, go, matrix, read_out, spoken

from imagenomer.edges import edge_parcels, edges_to_matrix
from imagenomer.parcellation import load_atlas

POWER = load_atlas("power-264")


@pytest.fixture
def viewer(fibromyalgia: Page) -> Iterator[Locator]:
    """Subject 4 at rest, large."""
    page = fibromyalgia
    go(page, "Connectivity")
    page.get_by_role("button", name="Scans", exact=True).click()
    page.get_by_role("button", name="Subject 4, rest", exact=True).click()
    dialog = page.get_by_role("dialog", name="Scan")
    expect(dialog.get_by_role("heading", name="Subject 4 · rest")).to_be_visible()
    yield dialog
    show_as(dialog, "Matrix")
    page.get_by_role("button", name="Back to the gallery").click()


@pytest.fixture
def edges(shared_data: Path) -> np.ndarray:
    return np.load(shared_data / "fibromyalgia/fc/4_task-rest_fc.npy")


def show_as(place: Locator, shape: str) -> Locator:
    """Show the map in another shape; returns its stage."""
    button = place.get_by_role("button", name=shape, exact=True)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    stage = place.get_by_role("application")
    expect(stage).to_have_count(1)
    return stage


def members(network: str) -> np.ndarray:
    return np.flatnonzero(np.array(POWER.networks) == network)


def test_networks_read_out_the_mean_over_their_edges(viewer: Locator, edges: np.ndarray) -> None:
    stage = show_as(viewer, "Networks")
    expect(stage.locator("rect.cell")).to_have_count(14 * 14)
    stage.focus()
    full = edges_to_matrix(edges)
    first, second = (members(name) for name in POWER.network_names[:2])
    stage.press("ArrowRight")
    within = full[np.ix_(first, first)][np.triu_indices(first.size, k=1)]
    title, other = POWER.network_titles[:2]
    expect(viewer.get_by_label("Readout")).to_have_text(
        f"mean fc = {spoken(within.mean())} · {within.size} edges · within {title}"
    )
    stage.press("ArrowRight")
    between = full[np.ix_(first, second)]
    expect(viewer.get_by_label("Readout")).to_have_text(
        f"mean fc = {spoken(between.mean())} · {between.size} edges · {title} – {other}"
    )
    expect(viewer.get_by_label("Readout")).to_have_attribute("aria-live", "polite")


def test_a_block_chosen_among_networks_is_outlined_in_the_matrix_and_stands_out_in_the_ring(viewer: Locator) -> None:
    stage = show_as(viewer, "Networks")
    cell = stage.locator("rect.cell").nth(14 * 4 + 6)
    x, y, side = (float(cell.get_attribute(name)) for name in ("x", "y", "width"))
    stage.click(position={"x": x + side / 2, "y": y + side / 2})
    expect(stage.locator("rect.chosen:not(.halo)")).to_have_count(2)
    show_as(viewer, "Matrix")
    expect(viewer.locator("rect.area:not(.halo)")).to_have_count(2)
    sizes = {name: members(name).size for name in POWER.network_names}
    width, height = (
        float(viewer.locator("rect.area:not(.halo)").first.get_attribute(side)) for side in ("width", "height")
    )
    assert width / height == pytest.approx(sizes[POWER.network_names[6]] / sizes[POWER.network_names[4]], rel=0.01)
    show_as(viewer, "Ring")
    expect(viewer.locator(".faded path").first).to_be_attached()
    stage = show_as(viewer, "Networks")
    expect(stage.locator("rect.chosen:not(.halo)")).to_have_count(2)
    stage.focus()
    stage.press("Escape")
    expect(stage.locator("rect.chosen")).to_have_count(0)


def test_the_strongest_edge_chosen_in_the_ring_is_marked_in_every_shape(viewer: Locator, edges: np.ndarray) -> None:
    stage = show_as(viewer, "Ring")
    expect(viewer.get_by_text("The 100 strongest of 34,716 edges")).to_be_visible()
    stage.focus()
    stage.press("ArrowRight")
    a, b = (int(one) for one in edge_parcels(int(np.argmax(np.abs(edges))), 264))
    words = f"{POWER.labels[a]} – {POWER.labels[b]} · {POWER.networks[a]} – {POWER.networks[b]}"
    expect(viewer.get_by_label("Readout")).to_have_text(f"{words} · fc = {spoken(edges[np.argmax(np.abs(edges))])}")
    stage.press("Enter")
    expect(stage.locator(".over path.selected:not(.halo)")).to_have_count(1)
    show_as(viewer, "Matrix")
    boxes = viewer.locator("rect.selected:not(.halo)")
    expect(boxes).to_have_count(2)
    rows = {int(np.flatnonzero(POWER.display_order == parcel)[0]) for parcel in (a, b)}
    side = float(viewer.locator("rect.frame").get_attribute("width"))
    middles = [float(box.get_attribute("y")) + float(box.get_attribute("height")) / 2 for box in boxes.all()]
    assert {int(middle / side * 264) for middle in middles} == rows
    stage = show_as(viewer, "Networks")
    expect(stage.locator("rect.selected:not(.halo)")).to_have_count(1 if POWER.networks[a] == POWER.networks[b] else 2)
    stage = show_as(viewer, "Brain")
    path = stage.locator(".over path.selected:not(.halo)")
    expect(path).to_have_count(1)
    assert path.get_attribute("d").count("M") == 3


def test_pointing_at_a_parcel_tells_its_edges_and_a_click_brings_them_out(viewer: Locator, edges: np.ndarray) -> None:
    stage = show_as(viewer, "Brain")
    expect(stage.locator(".edges .shown path").first).to_be_attached()
    stage.focus()
    stage.press("ArrowDown")
    parcel = int(POWER.display_order[0])
    strongest = np.argsort(-np.abs(edges), kind="stable")[:100]
    own = np.array(edge_parcels(strongest, 264))
    count = int((own == parcel).any(axis=0).sum())
    expect(viewer.get_by_label("Readout")).to_have_text(
        f"{POWER.labels[parcel]} · {POWER.networks[parcel]} · {count} of the edges shown"
    )
    stage.press("Enter")
    expect(stage.locator(".over .chosen")).to_have_count(3)
    drawn = "".join(path.get_attribute("d") for path in stage.locator(".edges .faded path").all())
    assert drawn.count("M") == 3 * (100 - count)
    stage.press("Escape")
    expect(stage.locator(".over .chosen")).to_have_count(0)
    expect(viewer).to_be_visible()


def test_how_many_edges_and_which_can_be_chosen(viewer: Locator, edges: np.ndarray) -> None:
    stage = show_as(viewer, "Ring")
    slider = viewer.get_by_label("Edges", exact=True)
    slider.focus()
    slider.press("Home")
    expect(viewer.get_by_text("The 10 strongest of 34,716 edges")).to_be_visible()
    viewer.get_by_label("Which edges").select_option("Most negative")
    n_negative = int((edges < 0).sum())
    expect(viewer.get_by_text(f"The 10 strongest of {n_negative:,} negative edges")).to_be_visible()
    stage.focus()
    stage.press("ArrowRight")
    assert read_out(viewer).endswith(spoken(edges.min()))
    viewer.get_by_label("Which edges").select_option("Largest magnitude")
    slider.focus()
    for _ in range(9):
        slider.press("ArrowRight")
    expect(viewer.get_by_text("The 100 strongest of 34,716 edges")).to_be_visible()


def test_pointing_at_a_curve_reads_its_edge(viewer: Locator, edges: np.ndarray) -> None:
    stage = show_as(viewer, "Ring")
    expect(viewer.get_by_text("The 100 strongest")).to_be_visible()
    place = stage.locator("svg").bounding_box()
    curve = stage.locator(".edges .shown path").last.get_attribute("d")
    x0, y0, x, y, x1, y1 = (
        float(one) for one in re.match(r"M(\S+) (\S+)Q(\S+) (\S+) (\S+) (\S+?)(?:M|$)", curve).groups()
    )
    middle = (x0 / 4 + x / 2 + x1 / 4, y0 / 4 + y / 2 + y1 / 4)
    stage.page.mouse.move(place["x"] + middle[0], place["y"] + middle[1])
    expect(viewer.get_by_label("Readout")).to_contain_text("fc = ")
    expect(stage.locator(".over path.cursor:not(.halo)")).to_have_count(1)


@pytest.mark.parametrize("shape", ["Networks", "Ring", "Brain"])
def test_each_shape_downloads_as_a_figure(viewer: Locator, shape: str) -> None:
    show_as(viewer, shape)
    file = download(viewer.page, viewer.locator(".menu").filter(has_text="Download"), "SVG")
    assert file.suggested_filename == f"Subject-4-rest_fc_{shape.lower()}.svg"
    data = content(file)
    assert data.startswith(MAGIC["SVG"])
    assert b"Subject 4" in data


def test_an_edge_is_the_same_in_the_table_and_in_every_map_of_a_result(fibromyalgia: Page) -> None:
    page = fibromyalgia
    go(page, "Associations")
    form = page.get_by_role("region", name="Parameters")
    for name, choice in (("Phenotype", "Age"), ("Task", "rest"), ("Group", "Everybody")):
        form.get_by_label(name, exact=True).select_option(label=choice)
    result = page.get_by_role("region", name="Result: Edge association")
    expect(result.locator(".sentences")).to_contain_text("with Age", timeout=START)
    expect_whole(result)
    rows = result.get_by_role("grid", name="Strongest edges").locator("tbody tr")
    r, p = matrix(page, re.compile("^Age and fc of rest")), matrix(page, re.compile("significance"))
    ring, brain = show_as(r.first, "Ring"), show_as(p.last, "Brain")
    expect(r.first.get_by_text("The 100 strongest")).to_be_visible()
    for stage in (ring, brain):
        expect(stage.locator(".over path.selected:not(.halo)")).to_have_count(1)
    rows.first.click()  # another test may have chosen another
    expect(rows.first).to_have_attribute("aria-selected", "true")
    before = brain.locator(".over path.selected:not(.halo)").get_attribute("d")
    ring.focus()
    for _ in range(3):
        ring.press("ArrowRight")
    ring.press("Enter")
    expect(rows.nth(2)).to_have_attribute("aria-selected", "true")
    expect(brain.locator(".over path.selected:not(.halo)")).not_to_have_attribute("d", before)
    rows.first.click()
    expect(brain.locator(".over path.selected:not(.halo)")).to_have_attribute("d", before)
    for place in (r.first, p.last):
        show_as(place, "Matrix")
