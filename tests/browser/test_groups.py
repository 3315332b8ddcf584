"""Groups: made by clicking or typing, kept in the address, the same colour everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from driving import START, wait_for_rest
from playwright.sync_api import Locator, Page, expect
from views import add_group, delete_group, expect_whole, go


@pytest.fixture(autouse=True)
def _no_groups(demo_page: Page) -> Iterator[None]:
    yield
    for _ in range(rows(demo_page).count() - 1):
        rows(demo_page).nth(1).get_by_role("button", name="Delete").click()
    expect(rows(demo_page)).to_have_count(1)


def rows(page: Page) -> Locator:
    return page.get_by_role("list", name="Groups").get_by_role("listitem")


def row(page: Page, name: str) -> Locator:
    return rows(page).filter(has=page.get_by_role("button", name=f"Rename {name}", exact=True))


def type_group(page: Page, expression: str, name: str = "") -> None:
    page.get_by_role("button", name="Type", exact=True).click()
    page.get_by_label("Expression").fill(expression)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Add group").click()


def counted(groups: Locator) -> int:
    expect(groups.get_by_role("status")).to_have_text(re.compile(r"^\d+ subjects of 250$"))
    return int(groups.get_by_role("status").inner_text().split()[0])


def colour(page: Page, name: str) -> str:
    found: str = row(page, name).locator(".swatch").evaluate("(swatch) => getComputedStyle(swatch).backgroundColor")
    return found


def test_everybody_is_there_from_the_start(demo_page: Page) -> None:
    expect(rows(demo_page)).to_have_count(1)
    expect(rows(demo_page)).to_have_text(re.compile("Everybody.*250"))


def test_a_group_is_clicked_together_and_counted_as_it_grows(demo_page: Page) -> None:
    groups = demo_page.get_by_role("complementary", name="Groups")
    groups.get_by_role("button", name="Choose", exact=True).click()
    groups.get_by_label("Field").select_option("sex")
    groups.get_by_label("Operator").select_option("is")
    groups.get_by_label("Value").select_option("F")
    girls = counted(groups)
    groups.get_by_role("button", name="Add a condition").click()
    second = groups.get_by_role("group", name="Condition 2")
    expect(groups.get_by_role("status")).to_have_text("")  # the second condition has no value yet
    second.get_by_label("Field").select_option("age")
    second.get_by_label("Operator").select_option("is at least")
    second.get_by_label("Value").fill("180")
    older = counted(groups)
    assert 0 < older < girls
    groups.get_by_role("button", name="Add group").click()
    expect(row(demo_page, 'sex == "F" and age >= 180')).to_contain_text(str(older))


def test_one_of_several_levels(demo_page: Page) -> None:
    groups = demo_page.get_by_role("complementary", name="Groups")
    groups.get_by_role("button", name="Choose", exact=True).click()
    groups.get_by_label("Field").select_option("ancestry")
    groups.get_by_label("Operator").select_option("is one of")
    for level in ("EA", "O"):
        groups.get_by_role("group", name="Values").get_by_label(level, exact=True).check()
    groups.get_by_role("button", name="Add group").click()
    expect(row(demo_page, 'ancestry in ("EA", "O")')).to_be_visible()


def test_a_typed_group_is_kept_in_the_address_and_tells_who_is_unknown(demo_page: Page) -> None:
    type_group(demo_page, "mother_education >= 13", "educated")
    expect(row(demo_page, "educated")).to_contain_text(re.compile(r"\d+ unknown"))
    expect(demo_page).to_have_url(re.compile("educated"))
    expect(demo_page.get_by_role("button", name="Groups (1)")).to_be_visible()


def test_an_error_points_at_its_place(demo_page: Page) -> None:
    demo_page.get_by_role("button", name="Type", exact=True).click()
    demo_page.get_by_label("Expression").fill('age > 180 an sex == "F"')
    caret = demo_page.locator(".caret")
    expect(caret).to_have_text('age > 180 an sex == "F"\n          ^', use_inner_text=True)
    expect(demo_page.get_by_label("Expression")).to_have_attribute("aria-invalid", "true")
    expect(demo_page.get_by_label("Expression")).to_have_accessible_description(re.compile("and"))
    demo_page.get_by_label("Expression").fill('age > 180 and sex == "F"')
    expect(caret).to_be_hidden()


def test_what_could_be_code_is_refused_and_never_run(demo_page: Page) -> None:
    type_group(demo_page, "__import__('js').alert(1)")
    expect(demo_page.get_by_label("Expression")).to_have_attribute("aria-invalid", "true")
    expect(rows(demo_page)).to_have_count(1)


def test_markup_in_a_name_is_shown_as_it_is(demo_page: Page) -> None:
    name = "<img src=x onerror=alert(1)>"
    type_group(demo_page, "age > 200", name)
    expect(row(demo_page, name)).to_contain_text(name)
    expect(demo_page.locator("#groups img")).to_have_count(0)


def test_the_same_group_or_name_twice_is_refused(demo_page: Page) -> None:
    type_group(demo_page, "age > 180", "older")
    expect(row(demo_page, "older")).to_be_visible()
    type_group(demo_page, "age   >  180", "other name")
    expect(demo_page.get_by_text("This is the group older already.")).to_be_visible()
    type_group(demo_page, "age > 190", "older")
    expect(demo_page.get_by_text("There is a group older already")).to_be_visible()
    expect(rows(demo_page)).to_have_count(2)


def test_an_objection_outlasts_the_count_that_was_due_and_goes_with_the_name(demo_page: Page) -> None:
    add_group(demo_page, 'sex == "F"', "Women")
    type_group(demo_page, "age > 190", "Women")  # faster than the count that follows the typing
    said = demo_page.get_by_role("complementary", name="Groups").get_by_role("status")
    expect(said).to_contain_text("There is a group Women already")
    wait_for_rest(demo_page)  # the count that was due has come, and was not asked for
    expect(said).to_contain_text("There is a group Women already")
    demo_page.get_by_label("Name", exact=True).fill("Older")
    expect(said).to_have_text(re.compile(r"^\d+ subjects of 250$"))


def test_what_was_said_of_an_expression_goes_as_soon_as_it_is_edited(demo_page: Page) -> None:
    groups = demo_page.get_by_role("complementary", name="Groups")
    groups.get_by_role("button", name="Type", exact=True).click()
    groups.get_by_label("Expression").fill("age > 180")
    counted(groups)
    name = groups.get_by_label("Name", exact=True)
    expect(name).to_have_attribute("placeholder", "age > 180")
    left = groups.get_by_label("Expression").evaluate(
        """(box) => {
            box.value += " an";
            box.dispatchEvent(new Event("input", {bubbles: true}));
            const name = box.form.querySelector("input[maxlength]");
            return [document.getElementById("group-result").textContent, name.placeholder];
        }"""
    )
    assert left == ["", "the expression"]
    expect(groups.get_by_label("Expression")).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_attribute("placeholder", "the expression")
    name.fill("Older")
    expect(groups.get_by_label("Expression")).to_have_attribute("aria-invalid", "true")


def test_the_keyboard_stays_in_the_list_when_a_group_comes_or_goes(demo_page: Page) -> None:
    for name in ("older", "oldest"):
        type_group(demo_page, f"age > {150 + 10 * len(name)}", name)
        expect(demo_page.get_by_role("button", name=f"Rename {name}")).to_be_focused()
    for name in ("older", "oldest"):
        demo_page.get_by_role("button", name=f"Delete {name}").focus()
        demo_page.keyboard.press("Enter")
        expect(row(demo_page, name)).to_have_count(0)
        if name == "older":
            expect(demo_page.get_by_role("button", name="Rename oldest")).to_be_focused()
    expect(demo_page.get_by_role("button", name="Type", exact=True)).to_be_focused()


def test_deleting_a_group_in_use_says_who_is_used_instead(demo_page: Page) -> None:
    add_group(demo_page, "age > 180", "older")
    go(demo_page, "Associations")
    form = demo_page.get_by_role("region", name="Parameters")
    result = demo_page.get_by_role("region", name="Result: Edge association")
    expect(result.locator(".sentences")).not_to_be_empty()
    subjects = result.locator(".numbers > div", has_text="Subjects").locator("dd")
    form.get_by_label("Group", exact=True).select_option(label="older")
    expect(subjects).not_to_have_text("250")
    delete_group(demo_page, "older")
    expect(demo_page.locator("#status")).to_contain_text("Edge association now uses everybody")
    expect_whole(result)
    go(demo_page, "Overview")


def test_renaming_editing_and_deleting_leave_the_colours_of_the_others(demo_page: Page) -> None:
    type_group(demo_page, 'sex == "F"', "girls")
    expect(row(demo_page, "girls")).to_be_visible()
    type_group(demo_page, 'sex == "M"', "boys")
    expect(row(demo_page, "boys")).to_be_visible()
    boys = colour(demo_page, "boys")
    assert boys != colour(demo_page, "girls")

    demo_page.get_by_role("button", name="Rename boys").click()
    demo_page.get_by_label("New name of boys").fill("men")
    demo_page.keyboard.press("Enter")
    expect(row(demo_page, "men")).to_be_visible()
    expect(demo_page.get_by_role("button", name="Rename men")).to_be_focused()

    demo_page.get_by_role("button", name="Delete girls").click()
    expect(rows(demo_page)).to_have_count(2)
    assert colour(demo_page, "men") == boys

    demo_page.get_by_role("button", name="Edit men").click()
    demo_page.get_by_label("Expression").fill('sex == "M" and age > 180')
    demo_page.get_by_role("button", name="Save", exact=True).click()
    expect(row(demo_page, "men")).to_contain_text('sex == "M" and age > 180')
    assert colour(demo_page, "men") == boys

    demo_page.go_back()
    expect(row(demo_page, "men")).not_to_contain_text("age > 180")
    demo_page.go_back()
    expect(row(demo_page, "girls")).to_be_visible()


def test_a_group_is_made_with_the_keyboard_alone(demo_page: Page) -> None:
    demo_page.get_by_role("button", name="Type", exact=True).focus()
    demo_page.keyboard.press("Enter")
    demo_page.keyboard.press("Tab")
    demo_page.keyboard.type("age < 150")
    demo_page.keyboard.press("Enter")
    expect(row(demo_page, "age < 150")).to_be_visible()


def test_the_panel_folds_away_and_comes_back(demo_page: Page) -> None:
    groups = demo_page.get_by_role("complementary", name="Groups")
    toggle = demo_page.get_by_role("button", name="Groups", exact=True)
    groups.get_by_role("button", name="Close the groups").click()
    expect(groups).to_be_hidden()
    expect(toggle).to_have_attribute("aria-expanded", "false")
    expect(toggle).to_be_focused()
    toggle.click()
    expect(groups).to_be_visible()


def test_a_reload_brings_the_groups_back(demo_page: Page) -> None:
    type_group(demo_page, "age > 180", "older")
    expect(row(demo_page, "older")).to_be_visible()
    before = row(demo_page, "older").inner_text()
    demo_page.reload()
    expect(row(demo_page, "older")).to_be_visible(timeout=START)
    assert row(demo_page, "older").inner_text() == before
