"""What files do not say is asked; what was understood is shown, and changed there: the numbers follow."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from driving import START, choose_files, choose_folder, drop_files, save_as, wait_for_engine, wait_for_rest
from playwright.sync_api import Locator, Page, expect

N, PEOPLE = 12, [f"S{number:02d}" for number in range(1, 21)]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_study(tmp_path)


def write_study(folder: Path) -> Path:
    """Write vectors of counts of fibres, whose order nothing tells, and a table with semicolons and a code."""
    rng = np.random.default_rng(5)
    top = folder / "Study"
    top.mkdir()
    for name in PEOPLE:
        np.savetxt(top / f"{name}_streamlines.csv", rng.poisson(4, N * (N - 1) // 2)[None], delimiter=",", fmt="%d")
    with (top / "pheno.csv").open("w", newline="") as file:
        table = csv.writer(file, delimiter=";")
        table.writerow(["code", "number", "age", "score"])
        for row, name in enumerate(PEOPLE):
            table.writerow([name, 500 + row, 20 + row, -9999 if row in (3, 7) else 100 + row])
    return top


def question(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Before this can be opened")


def screen(page: Page) -> Locator:
    return page.get_by_role("dialog", name="What I understood")


def line(page: Page, words: str) -> Locator:
    return screen(page).get_by_role("listitem").filter(has_text=words)


def cells(page: Page, phenotype: str) -> Locator:
    return page.locator(".phenotypes tbody tr").filter(has=page.get_by_role("button", name=phenotype, exact=True))


def is_drawn(canvas: Locator) -> bool:
    """Whether a picture has more than one colour."""
    look = """(canvas) => {
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size > 3;
    }"""
    return bool(canvas.evaluate(look))


def first_edges(page: Page) -> str:
    """The picture of the first scan of the open cohort."""
    page.get_by_role("tab", name="Connectivity").click()
    tile = page.locator(".tiles canvas").first
    expect(tile).to_be_visible(timeout=START)
    wait_for_rest(page)
    picture: str = tile.evaluate("(canvas) => canvas.toDataURL()")
    page.get_by_role("tab", name="Overview").click()
    return picture


def answer_order(page: Page, words: str) -> None:
    expect(question(page)).to_contain_text("do not tell in which order", timeout=START)
    question(page).get_by_role("radio", name=words).check()
    question(page).get_by_role("button", name="Open with these answers").click()
    expect(screen(page)).to_be_visible(timeout=START)


def test_a_question_is_answered_an_answer_changed_and_the_numbers_follow(start_page: Page, study: Path) -> None:
    page = start_page
    choose_folder(page, study)
    expect(question(page)).to_be_visible(timeout=START)
    wait_for_rest(page)
    pictures = question(page).locator("canvas")
    expect(pictures).to_have_count(2)
    assert all(is_drawn(picture) for picture in pictures.all())
    assert pictures.nth(0).evaluate("(one) => one.toDataURL()") != pictures.nth(1).evaluate("(one) => one.toDataURL()")
    question(page).get_by_role("button", name="Open with these answers").click()
    expect(question(page)).to_be_visible()  # nothing is chosen yet, and the browser says so
    answer_order(page, "column by column")

    expect(line(page, "score: -9999 (2 times) read as missing")).to_have_class("doubtful")
    expect(line(page, "20 in pheno.csv")).to_have_class("certain")
    screen(page).get_by_role("button", name="Go on").click()
    expect(cells(page, "score").locator("td").nth(1)).to_have_text("100 to 119")
    columns = first_edges(page)

    page.get_by_role("button", name="What I understood").click()
    line(page, "score:").get_by_role("button", name="Keep all as numbers").click()
    expect(line(page, "score: -9999 (2 times) kept as a number")).to_have_class("certain", timeout=START)
    screen(page).get_by_role("button", name="Go on").click()
    expect(cells(page, "score").locator("td").nth(1)).to_have_text("−9,999 to 119")
    assert first_edges(page) == columns, "the order is still as answered"

    page.get_by_role("button", name="What I understood").click()
    edges = line(page, "Edges of")
    edges.get_by_text("Read it otherwise").click()
    edges.get_by_role("button", name="row by row").click()
    expect(line(page, "Edges of streamlines are read as the upper triangle of 12 parcels row by row")).to_be_visible(
        timeout=START
    )
    screen(page).get_by_role("button", name="Go on").click()
    assert first_edges(page) != columns

    page.get_by_role("button", name="What I understood").click()
    table = line(page, "from pheno.csv")
    table.get_by_text("Read it otherwise").click()
    table.get_by_role("button", name="Leave it out").click()
    expect(line(page, "left out, as the recipe says")).to_be_visible(timeout=START)
    expect(line(page, "20, of the scans")).to_have_class("doubtful")
    left = line(page, "left out, as the recipe says")
    left.get_by_text("Read it otherwise").click()
    left.get_by_role("button", name="Use it").click()
    expect(line(page, "20 in pheno.csv")).to_be_visible(timeout=START)


def test_the_answers_are_saved_and_dropped_with_the_files(start_page: Page, study: Path, tmp_path: Path) -> None:
    page = start_page
    choose_folder(page, study)
    answer_order(page, "column by column")
    with page.expect_download() as saving:
        screen(page).get_by_role("button", name="Save the answers").click()
    assert saving.value.suggested_filename == "Study.recipe.json"
    recipe = tmp_path / "Study.recipe.json"
    saving.value.save_as(recipe)
    assert json.loads(recipe.read_text()) == {"files": {"*_streamlines.csv": {"order": "columns"}}}

    screen(page).get_by_role("button", name="Go on").click()
    wait_for_rest(page)
    page.reload()
    wait_for_engine(page)
    choose_folder(page, study)  # the address has the answers
    expect(screen(page)).to_be_visible(timeout=START)
    screen(page).get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Open another").click()
    drop_files(page, *sorted(study.iterdir()), recipe)
    expect(screen(page)).to_contain_text("column by column", timeout=START)
    expect(question(page)).to_be_hidden()


def test_all_in_doubt_is_confirmed_at_once_and_not_asked_of_a_bundle(
    start_page: Page, study: Path, tmp_path: Path
) -> None:
    page = start_page
    choose_folder(page, study)
    answer_order(page, "column by column")
    expect(screen(page).locator("li.doubtful").first).to_be_visible()
    screen(page).get_by_role("button", name="Confirm all as read").click()
    # The button of the overview has no count of doubts any more.
    expect(page.get_by_role("button", name="What I understood", exact=True)).to_be_visible(timeout=START)
    expect(screen(page)).to_be_hidden()
    page.get_by_role("button", name="What I understood").click()
    expect(line(page, "score: -9999 (2 times) read as missing")).to_have_class("certain")
    expect(screen(page).get_by_role("button", name="Confirm all as read")).to_be_hidden()
    screen(page).get_by_role("button", name="Go on").click()
    expect(cells(page, "score").locator("td").nth(1)).to_have_text("100 to 119")
    with page.expect_download() as saving:
        save_as(page, "Save as bundle")
    bundle = tmp_path / "bundle.zip"
    saving.value.save_as(bundle)
    page.get_by_role("button", name="Open another").click()
    choose_files(page, bundle)
    expect(page.locator("#status")).to_contain_text("20 subjects", timeout=START)
    expect(cells(page, "score").locator("td").nth(1)).to_have_text("100 to 119")
    expect(screen(page)).to_be_hidden()


def test_what_is_open_stays_open_while_other_files_ask(start_page: Page, study: Path, tmp_path: Path) -> None:
    page = start_page
    vectors = tmp_path / "all.npy"
    np.save(vectors, np.random.default_rng(1).uniform(-0.1, 0.1, (20, N * (N - 1) // 2)))
    choose_folder(page, study)
    answer_order(page, "row by row")
    screen(page).get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Second cohort").click()
    page.locator("#second-files").set_input_files(vectors)
    expect(question(page)).to_be_visible(timeout=START)
    page.keyboard.press("Escape")
    expect(question(page)).to_be_hidden()
    expect(page.get_by_role("heading", level=1, name="Study")).to_be_visible()
    expect(cells(page, "age")).to_be_visible()
    page.get_by_role("button", name="Second cohort").click()
    page.locator("#second-files").set_input_files(vectors)
    for _ in range(2):  # the order, and then whose they are
        expect(question(page)).to_be_visible(timeout=START)
        question(page).get_by_role("radio").last.check()
        question(page).get_by_role("button", name="Open with these answers").click()
        expect(page.locator("#work")).to_be_hidden(timeout=START)
        wait_for_rest(page)
        if page.get_by_role("dialog", name="A second cohort to test on").is_visible():
            break
    expect(page.get_by_role("dialog", name="A second cohort to test on")).to_contain_text("20 subjects · 20 scans")


def test_the_second_cohort_has_a_screen_answers_and_columns_of_its_own(page: Page, study: Path) -> None:
    with (study / "pheno.csv").open(newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    for number, row in enumerate(rows):
        row.append("DX" if number == 0 else str(number % 2))
    with (study / "pheno.csv").open("w", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    choose_folder(page, study)
    answer_order(page, "column by column")
    screen(page).get_by_role("button", name="Go on").click()
    second = page.get_by_role("dialog", name="A second cohort to test on")
    page.get_by_role("button", name="Second cohort").click()
    page.locator("#second-folder").set_input_files(study)
    expect(question(page)).to_be_visible(timeout=START)
    question(page).get_by_role("radio", name="row by row").check()
    question(page).get_by_role("button", name="Open with these answers").click()
    expect(line(page, "Edges of")).to_contain_text("row by row", timeout=START)
    line(page, "score:").get_by_role("button", name="Keep all as numbers").click()
    expect(line(page, "score: -9999 (2 times) kept as a number")).to_have_class("certain", timeout=START)
    screen(page).get_by_role("button", name="Go on").click()

    second.get_by_label("Column").select_option("DX")
    second.get_by_role("button", name="Edit column").click()
    editor = page.get_by_role("dialog", name="DX")
    editor.get_by_label("Type").select_option("category")
    editor.get_by_label("Name of 1").fill("patient")
    editor.get_by_role("button", name="Apply").click()
    expect(editor).to_be_hidden(timeout=START)
    second.get_by_role("button", name="Edit column").click()
    expect(editor.get_by_label("Name of 1")).to_have_value("patient")
    editor.get_by_role("button", name="Cancel").click()
    second.get_by_role("button", name="Close").click()
    # The open cohort is as it was.
    expect(cells(page, "score").locator("td").nth(1)).to_have_text("100 to 119")
    page.get_by_role("button", name="What I understood").click()
    expect(line(page, "Edges of")).to_contain_text("column by column")
