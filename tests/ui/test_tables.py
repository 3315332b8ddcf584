"""Rows of a table are sorted, found by what is typed, and copied so that a spreadsheet shows them and runs nothing."""

from logic.tables import by_value, having, pasted

ROWS = [("b", 2), ("a", None), ("c", 1), ("d", 2)]


def test_what_has_no_value_comes_last_and_ties_keep_their_order():
    assert by_value(ROWS, lambda row: row[1]) == [("c", 1), ("b", 2), ("d", 2), ("a", None)]
    assert by_value(ROWS, lambda row: row[1], True) == [("b", 2), ("d", 2), ("c", 1), ("a", None)]
    assert by_value(ROWS, lambda row: row[0]) == [("a", None), ("b", 2), ("c", 1), ("d", 2)]


def test_rows_are_found_by_all_words_wherever_they_stand():
    texts = [["Left amygdala", "DMN"], ["Right amygdala", "VIS"]]
    rows = [0, 1]
    assert having(rows, "amygdala", lambda row: texts[row]) == [0, 1]
    assert having(rows, "vis AMYG", lambda row: texts[row]) == [1]
    assert having(rows, "left vis", lambda row: texts[row]) == []
    assert having(rows, "  ", lambda row: texts[row]) == rows


def test_copied_cells_have_every_digit_and_run_nowhere():
    text = pasted(["name", "r"], [["=1+1", 0.1 + 0.2], ["-0.5", None], ["tab\there", -3], ["-a", float("nan")]])
    lines = [line.split("\t") for line in text.split("\n")]
    assert lines[0] == ["name", "r"]
    assert lines[1][0] == "'=1+1"
    assert float(lines[1][1]) == 0.1 + 0.2
    assert lines[2] == ["-0.5", ""]
    assert lines[3] == ["tab here", "-3"]
    assert lines[4] == ["'-a", ""]
    assert pasted(["'=1"], [["-inf"]]) == "''=1\n'-inf", "by the rule of the files"
