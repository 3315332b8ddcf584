"""What a user says of a column in the dialog, as the engine takes it; and what the address keeps of it."""

from logic.columns import LONGEST, ColumnDraft, code_of, coded_names, is_short, with_correction
from logic.opening import Openings, opening_of_files, with_recipe


def info_of(kind="category", values=(("F", 20), ("M", 12), ("m", 8)), **more):
    """What the engine says of a column."""
    info = {
        "kind": kind,
        "values": [list(value) for value in values],
        "n_values": len(values),
        "alike": [["M", "m"]] if kind == "category" else [],
        "codes": [],
        "found": [],
        "units": "",
        "description": "",
        "correction": {},
    }
    info.update(more)
    return info


def numbers(**more):
    return info_of("number", (("0", 20), ("1", 20)), **more)


def test_untouched_nothing_is_said():
    assert ColumnDraft(info_of()).correction() == {}
    assert ColumnDraft(numbers()).correction() == {}


def test_what_was_said_before_is_said_again():
    said = {"labels": {"M": "man", "m": "man"}, "order": ["man", "F"], "unit": "u", "description": "d"}
    draft = ColumnDraft(info_of(correction=said))
    assert [row["level"] for row in draft.rows] == ["M", "m", "F"]
    assert draft.outcome() == [("man", 20), ("F", 20)]
    assert draft.correction() == said
    for said in ({"role": "site"}, {"kind": "ignore"}, {"role": "id"}, {"kind": "category", "role": "family"}):
        assert ColumnDraft(numbers(correction=said)).correction() == said


def test_codes_are_named_and_ordered():
    draft = ColumnDraft(numbers())
    draft.choose_kind("category")
    draft.rename("0", " control ")
    draft.rename("1", "patient")
    said = draft.correction()
    assert said["labels"] == {"0": "control", "1": "patient"}
    assert "order" not in said, "as in the file"
    assert draft.move(0, 1) == 1
    assert draft.correction()["order"] == ["patient", "control"]
    assert draft.move(0, -1) == 0
    assert draft.move(1, 1) == 1
    draft.rename("1", "")
    assert draft.correction()["labels"] == {"0": "control"}


def test_levels_that_differ_in_capitals_are_merged_when_the_user_says_so():
    draft = ColumnDraft(info_of())
    assert draft.proposals() == [(["M", "m"], "M")]
    assert draft.correction() == {}
    draft.merge(["M", "m"], "M")
    assert draft.outcome() == [("F", 20), ("M", 20)]
    assert draft.proposals() == []
    assert draft.correction() == {"labels": {"m": "M"}}


def test_a_role_says_the_kind_and_a_kind_may_end_the_role():
    draft = ColumnDraft(numbers())
    draft.choose_role("site")
    assert (draft.kind, draft.correction()) == ("category", {"role": "site"})
    draft.choose_kind("number")
    assert (draft.role, draft.correction()) == (None, {})
    draft.choose_role("family")
    draft.choose_kind("category")
    assert draft.correction() == {"kind": "category", "role": "family"}
    draft.choose_role("id")
    assert draft.correction() == {"role": "id"}
    texts = ColumnDraft(info_of())
    texts.choose_role("date")
    assert texts.correction() == {"role": "date"}


def test_a_number_that_looks_like_codes_is_one_once_the_user_says_so():
    assert ColumnDraft(numbers(), True).correction() == {"kind": "number"}
    draft = ColumnDraft(numbers(), True)
    draft.choose_kind("category")
    assert draft.correction() == {"kind": "category"}


def test_codes_for_missing_values_are_chosen_and_undone():
    found = {"code": -9999, "n": 2, "chosen": True}
    draft = ColumnDraft(numbers(codes=[found], found=[-9999]))
    assert draft.correction() == {}
    draft.choose_code(-9999, False)
    assert draft.correction() == {"missing": []}
    assert not draft.add_code(" ")
    assert not draft.add_code("-9999.0")
    assert draft.add_code("unknown")
    assert draft.chosen_codes() == ["unknown"]
    draft.take(numbers(codes=[{"code": "unknown", "n": 3, "chosen": True}, dict(found, chosen=False)], found=[-9999]))
    assert [(item["code"], item["n"], item["chosen"]) for item in draft.codes] == [
        (-9999, 2, False),
        ("unknown", 3, True),
    ]
    assert draft.correction() == {"missing": ["unknown"]}


def test_names_outlast_levels_that_are_codes_for_a_while():
    draft = ColumnDraft(info_of())
    draft.rename("m", "other")
    draft.take(info_of(values=(("F", 20), ("M", 12)), codes=[]))
    assert draft.correction() == {}
    draft.take(info_of())
    assert draft.correction() == {"labels": {"m": "other"}}


def test_of_more_levels_than_are_listed_what_was_said_stays():
    said = {"labels": {"x": "y"}, "order": ["y"]}
    draft = ColumnDraft(info_of(n_values=900, correction=said))
    assert draft.is_long()
    assert draft.correction() == said


def test_what_is_typed_is_a_number_where_it_reads_as_one():
    typed = ("-9", " 9.0 ", "2.5", "NA?", "nan", "inf", "")
    assert [code_of(one) for one in typed] == [-9, 9, 2.5, "NA?", "nan", "inf", None]


def test_one_column_is_corrected_beside_the_others():
    columns = {"a": {"kind": "number"}, "b": {"role": "id"}}
    assert with_correction(columns, "a", {}) == {"b": {"role": "id"}}
    assert with_correction(columns, "c", {"unit": "u"}) == dict(columns, c={"unit": "u"})
    assert columns == {"a": {"kind": "number"}, "b": {"role": "id"}}
    assert coded_names({"phenotypes": [{"name": "a", "coded": True}, {"name": "b", "coded": False}]}) == ["a"]


def test_the_address_keeps_what_is_short_and_did_not_come_with_the_cohort():
    openings = Openings()
    assert openings.saved_columns() is None
    openings.opened = wanted = opening_of_files(["study/a.csv"], [])
    found, long = {"a": {"kind": "ignore"}}, {"a": {"description": "x" * LONGEST}}
    assert wanted.begin(found, None, None) == found
    assert openings.saved_columns() is None
    assert openings.wanted_columns({}) == found
    openings.keep_columns({})
    assert openings.saved_columns() == {}, "undone is something to be said"
    assert openings.wanted_columns({"columns": {"b": {}}}) == {"b": {}}
    assert openings.wanted_columns({}) == found
    # What is too long for the address outlives an engine, and going back, all the same.
    assert not is_short(long)
    openings.keep_columns(long)
    assert openings.saved_columns() is None
    assert openings.wanted_columns({}) == long
    assert wanted.begin(found, None, wanted) == long
    assert wanted.begin(found, {"b": {}}, None) == {"b": {}}


def test_other_answers_keep_what_was_corrected_but_where_an_answer_is_newer():
    before = opening_of_files(["t.csv"], ["file"])
    before.begin({"a": {"missing": []}, "b": {"kind": "category"}}, None, None)
    before.columns = {"a": {"missing": []}, "c": {"unit": "years"}}  # b undone, c corrected
    now = with_recipe(before, {})
    found = {"a": {"missing": [-9]}, "b": {"kind": "category"}}
    assert now.begin(found, before.columns, before) == {"a": {"missing": [-9]}, "c": {"unit": "years"}}
    assert now.found == found
