"""Of a table of thousands of rows and columns what is seen is asked for, and ticks are kept while one scrolls."""

from logic.subjects import BY_SUBJECT, COLUMN, FIXED, HEAD, ROW, Ticks, Window, disclosure_of, query_of, step_to
from logic.tables import Order


def test_ticks_are_told_as_runs():
    ticks = Ticks()
    for place in (7, 3, 4, 5, 11):
        assert ticks.turn(place)
    assert ticks.runs() == [[3, 6], [7, 8], [11, 12]]
    assert not ticks.turn(4)
    assert ticks.runs() == [[3, 4], [5, 6], [7, 8], [11, 12]]
    assert 5 in ticks
    assert 4 not in ticks
    ticks.add([[0, 12000]])
    assert ticks.runs() == [[0, 12000]]
    assert len(ticks) == 12000
    ticks.clear()
    assert ticks.runs() == []


def test_a_column_is_sorted_up_then_down_and_another_up_again():
    order, age, iq = Order(BY_SUBJECT), ("phenotype", "age"), ("phenotype", "iq")
    assert order.direction(BY_SUBJECT) == "ascending"
    order.sort(age)
    assert (order.direction(age), order.direction(BY_SUBJECT)) == ("ascending", "none")
    order.sort(age)
    assert order.direction(age) == "descending"
    order.sort(iq)
    assert order.direction(iq) == "ascending"
    assert order.direction(age) == "none"


def test_filters_without_a_value_are_left_out():
    clause = {"field": "age", "op": ">", "value": "9"}
    assert query_of(Order(BY_SUBJECT), [clause, None], None, "")["clauses"] == [clause]


def window(first, left, n_rows=20, n_columns=6):
    seen = Window()
    seen.look(first * ROW, left * COLUMN, FIXED + n_columns * COLUMN, HEAD + n_rows * ROW)
    return seen


def test_the_rows_and_columns_that_are_seen_are_asked_for_with_a_margin():
    seen = window(100, 30)
    assert (seen.first, seen.n_rows, seen.left, seen.n_columns) == (100, 22, 30, 8)
    assert seen.rows_wanted() == (89, 133)
    assert seen.columns_wanted(2000) == (28, 40)
    assert window(0, 0).rows_wanted()[0] == 0
    assert window(0, 1998).columns_wanted(2000) == (1996, 2000)


def test_a_page_is_enough_until_something_beyond_it_is_seen():
    seen = window(100, 30)
    page = {"rows": seen.rows_wanted(), "columns": seen.columns_wanted(2000), "n": 12000}
    assert seen.is_in(page, 2000)
    assert window(105, 31).is_in(page, 2000)
    assert not window(120, 30).is_in(page, 2000)
    assert not window(100, 40).is_in(page, 2000)
    assert not window(80, 30).is_in(page, 2000)
    assert not seen.is_in(None, 2000)
    few = {"rows": (0, 33), "columns": (0, 3), "n": 5}
    assert window(0, 0).is_in(few, 3)


def test_looking_at_the_same_place_changes_nothing():
    seen = window(5, 5)
    assert not seen.look(5 * ROW + 3, 5 * COLUMN + 9, FIXED + 6 * COLUMN, HEAD + 20 * ROW)
    assert seen.look(6 * ROW, 5 * COLUMN, FIXED + 6 * COLUMN, HEAD + 20 * ROW)


def test_a_group_that_names_subjects_says_so():
    assert "address" in disclosure_of('age > 9 and subject not in ("S1")')
    assert "address" in disclosure_of('subject in ("S1")')
    assert disclosure_of('sex == "F"') == ""


def test_keys_lead_to_rows_of_the_table():
    assert step_to(5, "ArrowDown", 100, 20) == 6
    assert step_to(0, "ArrowUp", 100, 20) == 0
    assert step_to(99, "PageDown", 100, 20) == 99
    assert step_to(30, "PageUp", 100, 20) == 13
    assert (step_to(30, "Home", 100, 20), step_to(30, "End", 100, 20)) == (0, 99)
    assert step_to(3, "a", 100, 20) is None
    assert step_to(0, "ArrowDown", 0, 20) == 0
