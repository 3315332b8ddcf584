"""What is asked and answered, and the recipe that the answers make."""

import json

from logic.address import fitting
from logic.opening import Openings, beside, opening_of_files, with_recipe
from logic.protocol import Refused
from logic.recipe import (
    AT_ONCE,
    SHORT,
    answered,
    asked_first,
    confirmation,
    for_address,
    has_recipe,
    is_sketched,
    may_name_a_subject,
    merged,
    n_doubtful,
    topics_of,
)


def question(*recipes):
    return {"found": "Which?", "alternatives": [{"meaning": "so", "recipe": one, "sketched": False} for one in recipes]}


ORDER = question({"files": {"v.csv": {"order": "rows"}}}, {"files": {"v.csv": {"order": "columns"}}})
PEOPLE = question({"files": {"v.csv": {"people": "numbered"}}}, {"people": {"id": "code"}})


def test_answers_are_added_to_what_is_answered_already():
    recipe = {"files": {"v.csv": {"order": "rows"}}, "use": {"fc": "v.csv"}}
    result = merged(recipe, {"files": {"v.csv": {"ignore": True}, "w.csv": {"order": "rows"}}, "people": {"id": "a"}})
    assert result == {
        "files": {"v.csv": {"order": "rows", "ignore": True}, "w.csv": {"order": "rows"}},
        "use": {"fc": "v.csv"},
        "people": {"id": "a"},
    }
    assert recipe == {"files": {"v.csv": {"order": "rows"}}, "use": {"fc": "v.csv"}}, (
        "the recipe of before is as it was"
    )


def test_a_new_answer_replaces_the_one_of_before():
    assert merged({"people": {"id": "a"}}, {"people": {"id": "b"}}) == {"people": {"id": "b"}}
    assert merged({"columns": {"FIQ": {"missing": [-9]}}}, {"columns": {"FIQ": {"missing": []}}}) == {
        "columns": {"FIQ": {"missing": []}}
    }


def test_each_question_is_answered_by_the_place_of_an_alternative():
    assert answered({}, [ORDER, PEOPLE], [1, 0]) == {"files": {"v.csv": {"order": "columns", "people": "numbered"}}}
    assert answered({"use": {"fc": "v.csv"}}, [PEOPLE], [1]) == {"use": {"fc": "v.csv"}, "people": {"id": "code"}}


def test_few_questions_are_asked_at_once():
    assert asked_first([ORDER] * 5) == [ORDER] * AT_ONCE
    assert asked_first([ORDER]) == [ORDER]


def test_what_was_understood_is_told_by_topic_with_the_place_of_each_line():
    lines = [
        {"topic": "not used", "certain": False},
        {"topic": "people", "certain": True},
        {"topic": "scans", "certain": True},
    ]
    lines.append({"topic": "people", "certain": False})
    assert topics_of(lines) == [
        ("People", [(1, lines[1]), (3, lines[3])]),
        ("Scans", [(2, lines[2])]),
        ("Not used", [(0, lines[0])]),
    ]
    assert n_doubtful(lines) == 2


def test_alternatives_have_pictures_or_none():
    assert not is_sketched(ORDER["alternatives"])
    assert is_sketched([{"sketched": False}, {"sketched": True}])


def test_an_address_holds_a_short_recipe_and_no_other():
    recipe = {"people": {"id": "code"}}
    assert for_address(recipe) == recipe
    assert for_address({}) is None
    assert for_address(None) is None
    long = {"columns": {f"column {n}": {"missing": []} for n in range(SHORT // 20)}}
    assert len(json.dumps(long)) > SHORT
    assert for_address(long) is None
    assert fitting({"recipe": recipe, "tab": "Overview"}) == {"recipe": recipe, "tab": "Overview"}
    assert fitting({"recipe": ["people"]}) == {}


def test_an_address_names_no_file_of_a_subject():
    for path in ("sub-7_fc.npy", "fc/100307.txt", "A/Sub-x/z.csv"):
        assert may_name_a_subject(path), path
        assert for_address({"files": {path: {"order": "rows"}}}) is None
        assert for_address({"use": {"fc": path}}) is None
    for path in ("sub-*_fc.npy", "all.npy", "bulk/*_25751_2_0.txt", "pheno2.csv"):
        assert not may_name_a_subject(path), path


def test_files_are_opened_with_the_recipe_of_an_address_but_for_those_that_bring_their_own():
    recipe = {"people": {"id": "code"}}
    opening = opening_of_files(["a.csv"], ["file"], recipe)
    assert (opening.arguments["recipe"], opening.recipe(), opening.tried) == (recipe, recipe, True)
    assert beside(opening).tried
    own = opening_of_files(["a.csv", "My.Recipe.JSON"], ["file", "file"], recipe)
    assert has_recipe(own.arguments["paths"])
    assert ("recipe" in own.arguments, own.recipe(), own.tried) == (False, {}, False)


def test_files_opened_with_other_answers_are_the_open_cohort_again():
    openings = Openings()
    openings.opened = opening_of_files(["a.csv"], ["file"])
    other = with_recipe(openings.opened, {"people": {"id": "code"}})
    assert not other.tried
    assert openings.begin(other, True), "its state, and a second cohort, stay"
    assert not openings.begin(opening_of_files(["a.csv"], ["file"]), False), "the same name, but chosen anew"
    assert not openings.begin(beside(other), True)
    assert with_recipe(other, None).recipe() == {}


def test_a_refusal_may_ask():
    assert Refused("No.").questions == ()
    assert Refused("Which?", None, [ORDER]).questions == [ORDER]


def test_all_that_is_in_doubt_is_confirmed_at_once():
    def line(certain, *ways):
        alternatives = [{"meaning": "so", "recipe": one, "chosen": chosen} for one, chosen in ways]
        return {"topic": "people", "certain": certain, "alternatives": alternatives}

    understood = [
        line(True, ({"people": {"id": "code"}}, True)),
        line(False, ({"columns": {"DX": {"kind": "number"}}}, True), ({"columns": {"DX": {"kind": "x"}}}, False)),
        line(False, ({"columns": {"DX": {"missing": []}}}, True), ({"columns": {"DX": {"missing": [9]}}}, False)),
        line(False, ({"files": {"a.csv": {"ignore": True}}}, False)),
        line(False),
    ]
    assert confirmation(understood) == {"columns": {"DX": {"kind": "number", "missing": []}}}
    assert confirmation([]) == {}
