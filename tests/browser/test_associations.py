"""Associations: every edge with a phenotype, what is strongest, and who makes it so."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from driving import START, wait_until
from playwright.sync_api import Locator, Page, expect
from views import (
    add_group,
    content,
    delete_group,
    download,
    expect_figures,
    expect_whole,
    form,
    go,
    matrix,
    pixels,
    read_out,
)

from imagenomer.edges import edge_index
from imagenomer.parcellation import load_atlas

POWER = load_atlas("power-264")


@pytest.fixture
def page(fibromyalgia: Page) -> Iterator[Page]:
    """Age and functional connectivity at rest."""
    go(fibromyalgia, "Associations")
    choose(fibromyalgia, phenotype="Age", task="rest", group="Everybody")
    expect_result(fibromyalgia, "with Age")
    expect(top(fibromyalgia)).to_contain_text("Power 24")
    return fibromyalgia


def choose(page: Page, **choices: str) -> None:
    for name, choice in choices.items():
        form(page).get_by_label(name.capitalize(), exact=True).select_option(label=choice)


def result(page: Page) -> Locator:
    return page.get_by_role("region", name="Result: Edge association")


def expect_result(page: Page, sentence: str) -> None:
    """Wait until the result that holds this sentence is shown and nothing newer is being computed."""
    expect(result(page).locator(".sentences")).to_contain_text(sentence, timeout=START)
    expect_whole(result(page))


def number(page: Page, name: str) -> str:
    return result(page).locator(".numbers > div", has_text=name).locator("dd").inner_text()


def table(page: Page) -> Locator:
    return result(page).get_by_role("grid", name="Strongest edges")


def top(page: Page) -> Locator:
    """The first row of the table."""
    return table(page).locator("tbody tr").first


def scatter(page: Page) -> Locator:
    return result(page).locator("section.points")


def fc(shared_data: Path, a: int, b: int, subject: str) -> float:
    edges = np.load(shared_data / "fibromyalgia" / "fc" / f"{subject}_task-rest_fc.npy")
    return float(edges[edge_index(a, b, 264)])


def test_age_at_rest_is_what_the_command_line_says(page: Page) -> None:
    assert [number(page, name) for name in ("Subjects", "Degrees of freedom", "Tests", "Significant")] == [
        "66",
        "64",
        "34,716",
        "0",
    ]
    expect(top(page)).to_contain_text("Power 24")
    expect(top(page)).to_contain_text("Power 217")
    expect(top(page)).to_contain_text("−0.4965")
    expect(top(page)).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize(
    ("phenotype", "task", "parcels", "r", "n_significant"),
    [
        ("Fibromyalgia", "rest", ("Power 10", "Power 116"), "−0.5578", "1"),
        ("Rheumatology_Score_1", "Mean over tasks", ("Power 12", "Power 187"), "−0.5397", "0"),
    ],
)
def test_a_category_and_a_mean_over_tasks_too(
    page: Page, phenotype: str, task: str, parcels: tuple[str, str], r: str, n_significant: str
) -> None:
    choose(page, phenotype=phenotype, task=task)
    expect_result(page, f"with {phenotype}")
    for text in (*parcels, r):
        expect(top(page)).to_contain_text(text)
    assert number(page, "Significant") == n_significant
    assert number(page, "Subjects") == "66"


def test_the_table_fits_on_the_page_and_sorts_parcels_by_number(page: Page) -> None:
    box = table(page).locator("xpath=..")
    assert box.evaluate("(box) => box.scrollWidth <= box.clientWidth")
    table(page).get_by_role("button", name="Parcels", exact=True).click()
    first = [int(text.split()[1]) for text in table(page).locator("tbody td:first-child").all_inner_texts()]
    assert first == sorted(first)
    assert first[0] < 10 < first[-1]
    table(page).get_by_role("button", name="p", exact=True).click()
    expect(top(page)).to_contain_text("Power 217")


def test_a_level_is_asked_for_only_where_there_are_levels(page: Page) -> None:
    expect(form(page).get_by_label("Level")).to_be_hidden()
    choose(page, phenotype="Fibromyalgia")
    expect(form(page).get_by_label("Level")).to_be_visible()
    expect(form(page).get_by_label("Level").locator("option:checked")).to_have_text("Yes (33)")


def test_only_significant_edges_can_be_shown(page: Page) -> None:
    choose(page, phenotype="Fibromyalgia")
    expect_result(page, "with Fibromyalgia")
    shown = matrix(page, re.compile("rest$"))
    assert pixels(shown)[..., 3].min() == 255
    shown.get_by_label("Only significant").check()
    # One edge, and the diagonal.
    wait_until(page, lambda: 0 < np.mean(pixels(shown)[..., 3] == 255) < 0.03)
    shown.get_by_label("Only significant").uncheck()


def test_the_clicked_row_is_marked_in_the_maps_and_drawn_as_a_scatter(page: Page) -> None:
    row = table(page).locator("tbody tr").nth(4)
    row.click()
    expect(row).to_have_attribute("aria-selected", "true")
    expect(top(page)).to_have_attribute("aria-selected", "false")
    parcels = re.findall(r"Power \d+", row.inner_text())
    for parcel in parcels:
        expect(scatter(page).get_by_role("heading")).to_contain_text(parcel)
    expect(result(page).locator("section.matrix rect.selected")).to_have_count(
        2 * 2 * 2
    )  # halves, maps, light and dark


def test_the_edge_last_chosen_is_there_when_one_comes_back(page: Page) -> None:
    for row in (0, 3):
        table(page).locator("tbody tr").nth(row).click()
    expect(scatter(page).get_by_role("heading")).to_contain_text("Power 43")
    go(page, "Overview")
    go(page, "Associations")
    expect(table(page).locator("tbody tr[aria-selected=true]")).to_contain_text("Power 43")
    spec = page.evaluate("decodeURIComponent(location.hash.slice(1))")
    assert json.loads(spec)["edge"] == edge_index(42, 76, 264)


def test_the_shape_of_a_map_is_in_the_address(page: Page) -> None:
    shown = result(page).locator("section.matrix").first
    shapes = shown.get_by_role("group", name="Show as")
    shapes.get_by_role("button", name="Ring").click()
    expect(shown.get_by_role("application")).to_have_attribute("aria-roledescription", "ring")
    spec = json.loads(page.evaluate("decodeURIComponent(location.hash.slice(1))"))
    assert list(spec["shapes"].values()) == ["ring"]
    page.go_back()
    expect(shapes.get_by_role("button", name="Matrix")).to_have_attribute("aria-pressed", "true")
    assert "shapes" not in page.evaluate("decodeURIComponent(location.hash.slice(1))")
    page.go_forward()
    expect(shapes.get_by_role("button", name="Ring")).to_have_attribute("aria-pressed", "true")
    go(page, "Overview")
    go(page, "Associations")
    expect(shapes.get_by_role("button", name="Ring")).to_have_attribute("aria-pressed", "true")
    shapes.get_by_role("button", name="Matrix").click()
    expect(shown.get_by_role("application")).to_have_attribute("aria-roledescription", "matrix")


def test_enter_on_a_map_selects_its_edge(page: Page) -> None:
    stage = matrix(page, re.compile("rest$")).get_by_role("application")
    stage.focus()
    for key in ("Home", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    parcels = re.findall(r"Power \d+", read_out(matrix(page, re.compile("rest$"))))
    assert parcels[0] != parcels[1]
    for parcel in parcels:
        expect(scatter(page).get_by_role("heading")).to_contain_text(parcel)


def test_a_click_on_a_map_selects_its_edge(page: Page) -> None:
    shown = matrix(page, re.compile("rest$"))
    canvas = shown.locator(".stage canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.4 * box["width"], box["y"] + 0.2 * box["height"])
    for parcel in re.findall(r"Power \d+", read_out(shown)):
        expect(scatter(page).get_by_role("heading")).to_contain_text(parcel)


def test_the_scatter_names_the_subject(page: Page, shared_data: Path) -> None:
    top(page).click()
    expect(scatter(page).get_by_role("heading")).to_contain_text("Power 217")
    stage = scatter(page).get_by_role("application")
    stage.focus()
    seen = set()
    for _ in range(66):
        page.keyboard.press("ArrowRight")
        match = re.fullmatch(r"Subject (\d+) · Age (\d+) · .* (−?[\d.]+)", read_out(scatter(page)))
        assert match, read_out(scatter(page))
        subject, _, value = match.groups()
        assert float(value.replace("−", "-")) == pytest.approx(fc(shared_data, 23, 216, subject), rel=1e-3)
        seen.add(subject)
    assert len(seen) == 66
    ring = scatter(page).locator("circle.ring")
    box = ring.bounding_box()
    last = read_out(scatter(page))
    assert box is not None
    page.mouse.move(2, 2)
    page.mouse.move(box["x"] + box["width"] / 2 + 2, box["y"] + box["height"] / 2)
    expect(scatter(page).get_by_label("Readout")).to_have_text(last)


def test_the_scatter_is_coloured_by_group(page: Page) -> None:
    add_group(page, 'Fibromyalgia == "Yes"', "patients")
    add_group(page, 'Fibromyalgia == "No"', "controls")
    legend = scatter(page).get_by_role("list")
    expect(legend).to_contain_text("patients (33)")
    expect(legend).to_contain_text("controls (33)")
    colours = scatter(page).locator("path.dots").evaluate_all("(dots) => dots.map((dot) => dot.style.fill)")
    assert len(set(colours)) == 2
    delete_group(page, "patients")
    delete_group(page, "controls")
    expect(scatter(page).locator("path.dots")).to_have_count(1)


def test_the_table_sorts_by_any_column(page: Page) -> None:
    def column(at: int) -> list[float]:
        texts = table(page).locator(f"tbody td:nth-child({at + 1})").all_inner_texts()
        return [float(text.replace("−", "-")) for text in texts]

    headers = table(page).get_by_role("columnheader")
    at = headers.all_inner_texts().index("Pearson's r")
    headers.nth(at).get_by_role("button").first.click()
    expect(headers.nth(at)).to_have_attribute("aria-sort", "ascending")
    assert column(at) == sorted(column(at))
    headers.nth(at).get_by_role("button").first.click()
    expect(headers.nth(at)).to_have_attribute("aria-sort", "descending")
    assert column(at) == sorted(column(at), reverse=True)
    p = headers.all_inner_texts().index("p")
    headers.nth(p).get_by_role("button").first.click()
    assert column(p) == sorted(column(p))
    expect(top(page)).to_contain_text("Power 217")


def test_the_table_downloads_with_every_digit(page: Page) -> None:
    with page.expect_download() as started:
        result(page).get_by_role("button", name="Download Strongest edges as CSV").click()
    rows = list(csv.DictReader(io.StringIO(content(started.value).decode("utf-8-sig"))))
    assert started.value.suggested_filename.endswith(".csv")
    assert len(rows) == 34_716
    first = rows[0]
    assert (int(first["parcel_a"]), int(first["parcel_b"])) == (23, 216)
    assert float(first["r"]) == pytest.approx(-0.496549, abs=5e-7)
    assert int(first["edge"]) == edge_index(23, 216, 264)


def test_maps_and_scatter_download_as_figures(page: Page) -> None:
    expect_figures(page, matrix(page, re.compile("rest$")).locator(".menu").filter(has_text="Download"))
    file = download(page, scatter(page).locator(".menu").filter(has_text="Download"), "SVG")
    assert content(file).startswith(b"<?xml")


def test_the_script_that_reproduces_it_is_shown(page: Page) -> None:
    result(page).get_by_role("button", name="Python script").click()
    dialog = page.get_by_role("dialog", name="Python script")
    script = dialog.locator("code").inner_text()
    compile(script, "script.py", "exec")
    assert '"Age"' in script or "'Age'" in script
    with page.expect_download() as started:
        dialog.get_by_role("button", name="Download").click()
    assert content(started.value).decode("utf-8-sig") == script
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_what_cannot_be_computed_is_said_beside_the_form_and_the_result_stays(page: Page) -> None:
    add_group(page, 'Fibromyalgia == "Yes"', "patients")
    choose(page, group="patients", phenotype="Fibromyalgia")
    expect(form(page).get_by_role("alert").filter(has_text="Fibromyalgia is")).to_be_visible()
    expect(result(page).locator(".state")).to_contain_text("Earlier result")
    expect(result(page).locator(".sentences")).to_contain_text("with Age")
    delete_group(page, "patients")
    expect_result(page, "with Fibromyalgia")
    expect(form(page).get_by_role("alert").filter(has_text="Fibromyalgia is")).to_be_hidden()


def test_a_number_out_of_range_is_said_at_once_and_not_computed(page: Page) -> None:
    alpha = form(page).get_by_label("Alpha")
    alpha.fill("7")
    expect(form(page).get_by_role("alert").filter(has_text="A number from")).to_be_visible()
    expect(result(page).locator(".state")).to_contain_text("Earlier result")
    alpha.fill("0.05")
    expect_whole(result(page))


def test_from_the_phenotype_to_the_subjects_with_the_keyboard_alone(page: Page) -> None:
    form(page).get_by_label("Phenotype").focus()
    page.keyboard.type("BMI")
    expect_result(page, "with BMI")
    # Each heading sorts, and says what it is.
    of_headings = table(page).get_by_role("columnheader").get_by_role("button")
    of_headings.first.focus()
    for _ in range(of_headings.count()):
        page.keyboard.press("Tab")
    expect(top(page)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    second = table(page).locator("tbody tr").nth(1)
    expect(second).to_have_attribute("aria-selected", "true")
    for parcel in re.findall(r"Power \d+", second.inner_text()):
        expect(scatter(page).get_by_role("heading")).to_contain_text(parcel)


def test_going_back_undoes_a_choice(page: Page) -> None:
    form(page).get_by_label("Phenotype").focus()
    choose(page, phenotype="Weight")
    expect_result(page, "with Weight")
    page.go_back()
    expect_result(page, "with Age")


def test_a_cancelled_run_says_so_and_one_that_gave_way_to_another_does_not(page: Page) -> None:
    status = page.locator("#status")
    burst = """(form, names) => {
        const select = [...form.querySelectorAll("select")].find((select) => select.id.endsWith("phenotype"));
        for (const name of names) {
            select.selectedIndex = [...select.options].findIndex((option) => option.text === name);
            select.dispatchEvent(new Event("change", {bubbles: true}));
        }
    }"""
    # The engine may be done before it hears of the click, unless what is asked arrives after it.
    cancel_at_once = f"""async (form, names) => {{
        const post = Worker.prototype.postMessage, requests = [];
        Worker.prototype.postMessage = function (message) {{
            if (message.type === "request") requests.push(() => post.call(this, message));
            else post.call(this, message);
        }};
        ({burst})(form, names);
        form.querySelector(".run-progress button").click();
        await new Promise((resolve) => setTimeout(resolve)); // the page sends nothing before it is done with the click
        Worker.prototype.postMessage = post;
        for (const request of requests) request();
    }}"""
    said = status.inner_text()
    form(page).evaluate(burst, ["Weight", "BMI", "Weight"])
    expect_result(page, "with Weight")
    assert status.inner_text() == said
    form(page).evaluate(burst, ["BMI", "Weight"])  # back to what is shown while the other is on its way
    expect(form(page).locator(".run-progress")).to_be_hidden()
    expect_result(page, "with Weight")
    form(page).evaluate(cancel_at_once, ["BMI"])
    expect(status).to_have_text("Cancelled")
    expect(result(page).locator(".state")).to_contain_text("Earlier result")
    expect(result(page).locator(".sentences")).to_contain_text("with Weight")
