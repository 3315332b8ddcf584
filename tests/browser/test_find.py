"""Parcels and edges are found by what is typed, and marked in every view; what is read out has its p."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from driving import START, wait_for_rest
from playwright.sync_api import Locator, Page, expect
from views import expect_whole, go, matrix, read_out, result

from imagenomer.parcellation import load_atlas

POWER = load_atlas("power-264")
TITLE = "Edge association"


@pytest.fixture
def associated(demo_page: Page) -> Iterator[Page]:
    """The demo with an edge association."""
    go(demo_page, "Associations")
    expect(result(demo_page, TITLE).locator(".sentences")).not_to_be_empty(timeout=START)
    expect_whole(result(demo_page, TITLE))
    wait_for_rest(demo_page)
    yield demo_page
    box(demo_page).press("Escape")


def first_map(page: Page) -> Locator:
    return matrix(page, "age and fc, mean over tasks").first


def box(page: Page) -> Locator:
    return first_map(page).get_by_label("Find a parcel, a network or an edge")


def options(page: Page) -> Locator:
    return first_map(page).get_by_role("listbox", name="What it may be").get_by_role("option")


def test_what_is_typed_is_offered_and_nothing_is_said_to_be_nothing(associated: Page) -> None:
    box(associated).fill("12")
    expect(options(associated).first).to_have_text(re.compile(rf"^{re.escape(POWER.labels[11])}, .*number 12$"))
    box(associated).fill("DMN")
    expect(options(associated).first).to_contain_text(f"{POWER.networks.count('DMN')} parcels")
    x, y, z = POWER.coordinates[99]
    box(associated).fill(f"{x:g}, {y:g}, {z:g}")
    expect(options(associated).first).to_have_text(re.compile("number 100, 0 mm away$"))
    box(associated).fill("no such parcel")
    expect(options(associated)).to_have_text(["Nothing of that name"])
    box(associated).press("Escape")
    expect(options(associated)).to_have_count(0)
    expect(box(associated)).to_have_value("")


def test_a_parcel_is_marked_in_every_map_and_shape_and_first_in_the_table(associated: Page) -> None:
    table = result(associated, TITLE).get_by_role("grid", name="Strongest edges")
    name = table.locator("tbody tr").nth(30).locator("td").first.inner_text().split("\n")[0]
    box(associated).fill(name)
    box(associated).press("Enter")
    for place in result(associated, TITLE).locator("section.matrix").all():
        expect(place.locator("svg rect.area").first).to_be_attached()
    expect(table.locator("tr.of-area").first).to_contain_text(name)
    n_first = table.locator("tr.of-area").count()
    assert 1 <= n_first < 50
    expect(table.locator("tbody tr").nth(n_first - 1)).to_have_class(re.compile("of-area"))
    expect(table.locator("tbody tr").nth(n_first)).not_to_contain_text(re.compile(rf"{re.escape(name)}\b"))
    for shape in ("Ring", "Brain"):
        first_map(associated).get_by_role("button", name=shape, exact=True).click()
        expect(first_map(associated).locator("circle.chosen").first).to_be_attached(timeout=START)
    first_map(associated).get_by_role("button", name="Matrix", exact=True).click()
    box(associated).press("Escape")
    expect(table.locator("tr.of-area")).to_have_count(0)
    expect(result(associated, TITLE).locator("svg rect.area")).to_have_count(0)


def test_an_edge_is_selected_in_every_view_and_read_out_with_its_p(associated: Page) -> None:
    place, table = result(associated, TITLE), result(associated, TITLE).get_by_role("grid", name="Strongest edges")
    row = table.locator("tbody tr").nth(7)
    ends = row.locator("td").first.inner_text().split("\n")
    r = row.locator("td").nth(table.locator("thead th").all_inner_texts().index("Pearson's r")).inner_text()
    p = row.locator("td").nth(table.locator("thead th").all_inner_texts().index("p")).inner_text()
    box(associated).fill(" – ".join(ends))
    box(associated).press("Enter")
    expect(row).to_have_attribute("aria-selected", "true")
    for one in place.locator("section.matrix").all():
        expect(one.locator("svg rect.selected:not(.halo)")).to_have_count(2)
    said = read_out(first_map(associated))
    assert said.endswith(f"p = {p}, uncorrected"), (said, p)
    assert f"Pearson's r = {r} " in said
    expect(place.locator("section.points h3").first).to_contain_text(ends[0])


def test_the_pointer_reads_p_too(associated: Page) -> None:
    canvas = first_map(associated).locator("canvas").bounding_box()
    assert canvas is not None
    associated.mouse.move(canvas["x"] + 40, canvas["y"] + 200)
    expect(associated.locator(".tip")).to_have_text(re.compile(r"Pearson's r = .*\np = [\d.]+(e−\d+)?, uncorrected"))
    associated.mouse.move(5, 5)
