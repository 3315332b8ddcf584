"""The groups of the page, the conditions that make one, and what is asked of the engine about it."""

from drawn_page import category_of, drawn_cohort, number_of
from logic.groups import COLOURS, Condition, Draft, Groups, example_of, place_of

PHENOTYPES = [number_of("age"), category_of("sex", F=19, M=21), category_of("empty")]


# --- the list ------------------------------------------------------------------------------------


def test_a_group_keeps_its_colour_and_a_new_one_gets_the_first_that_is_free():
    groups = Groups()
    first, second = groups.put(None, "Older", "age > 12"), groups.put(None, "Women", 'sex == "F"')
    assert [entry["colour"] for entry in groups.entries] == [COLOURS[0], COLOURS[1]]
    assert groups.remove(first) == 0
    assert second["colour"] == COLOURS[1]
    assert groups.put(None, "Men", 'sex == "M"')["slot"] == 0
    for number in range(5):
        groups.put(None, f"More {number}", f"age > {number}")
    assert groups.entries[-1]["colour"] == COLOURS[0], "from the seventh on they repeat"


def test_a_changed_group_is_to_be_counted_anew():
    groups = Groups()
    entry = groups.put(None, "Older", "age > 12")
    entry["n"], entry["problem"] = 8, "no phenotype 'age'"
    assert groups.fitting() == []
    assert groups.put(entry, "Oldest", "age > 18") is entry
    assert (entry["name"], entry["expression"], entry["slot"], entry["n"]) == ("Oldest", "age > 18", 0, None)
    assert groups.fitting() == [entry]
    assert len(groups.entries) == 1


def test_groups_are_taken_over_with_their_colours():
    groups, others = Groups(), Groups()
    groups.take_over([["Older", "age > 12", 3], ["Women", 'sex == "F"', 0]])
    assert [entry["colour"] for entry in groups.entries] == [COLOURS[3], COLOURS[0]]
    others.take_over(groups.saved())
    assert others.entries == groups.entries


def test_the_same_group_or_name_twice_is_refused_in_words():
    groups = Groups()
    entry = groups.put(None, "Older", "age > 12")
    assert groups.problem_of("Other", "age > 12", None) == "This is the group Older already."
    assert groups.problem_of("Older", "age > 13", None) == "There is a group Older already; choose another name."
    assert groups.problem_of("Older", "age > 13", entry) is None, "it is the one that is changed"
    assert groups.problem_of("Women", 'sex == "F"', None) is None


# --- conditions ----------------------------------------------------------------------------------


def test_a_condition_begins_with_the_first_phenotype_and_an_operator_that_suits_it():
    condition = Condition(PHENOTYPES)
    assert (condition.item["name"], condition.operator, condition.control()) == ("age", ">=", "number")
    condition.choose_phenotype(PHENOTYPES[1])
    assert (condition.operator, condition.control(), condition.value) == ("==", "level", "F")


def test_a_condition_is_sent_once_it_has_a_value():
    for item, operator, value, clause in (
        (0, ">=", " 12 ", {"field": "age", "op": ">=", "value": "12"}),
        (0, ">=", " ", None),
        (0, "is missing", "", {"field": "age", "op": "is missing"}),
        (1, "==", "M", {"field": "sex", "op": "==", "value": "M"}),
        (1, "in", ["F", "M"], {"field": "sex", "op": "in", "value": ["F", "M"]}),
        (1, "not in", [], None),
        (1, "is not missing", "", {"field": "sex", "op": "is not missing"}),
    ):
        condition = Condition(PHENOTYPES)
        condition.choose_phenotype(PHENOTYPES[item])
        condition.choose_operator(operator)
        condition.value = value
        assert condition.saved() == clause


def test_a_condition_of_nothing_asks_nothing():
    assert Condition([]).saved() is None
    condition = Condition(PHENOTYPES)
    condition.choose_phenotype(PHENOTYPES[2])
    assert condition.saved() is None, "it has no level"


def test_another_operator_lets_the_value_begin_anew():
    condition = Condition(PHENOTYPES)
    condition.choose_phenotype(PHENOTYPES[1])
    condition.choose_operator("in")
    assert (condition.control(), condition.value) == ("levels", [])
    condition.value = ["F"]
    condition.choose_operator("!=")
    assert condition.value == "F"
    condition.choose_operator("is missing")
    assert (condition.control(), condition.value) == (None, "")


# --- the draft -----------------------------------------------------------------------------------


def older(draft, value="12"):
    draft.conditions.append(Condition(PHENOTYPES))
    draft.conditions[-1].value = value
    return draft


def test_conditions_are_asked_about_only_when_all_have_a_value():
    draft = Draft()
    assert draft.question() is None
    older(draft)
    older(draft, "")
    assert draft.question() is None
    assert draft.what_is_missing() == "Give a value first."
    draft.conditions[1].value = "18"
    draft.joiner = "or"
    assert draft.question() == {
        "clauses": [{"field": "age", "op": ">=", "value": "12"}, {"field": "age", "op": ">=", "value": "18"}],
        "joiner": "or",
    }


def test_an_expression_is_asked_about_as_it_was_typed():
    draft = older(Draft())
    draft.type(True)
    assert draft.question() is None
    assert draft.what_is_missing() == "Type an expression first."
    draft.expression = " age > 12"
    assert draft.question() == {"expression": " age > 12"}, "positions of errors are counted in it"
    draft.type(False)
    assert "clauses" in draft.question()


def test_what_was_chosen_is_there_to_type_on():
    draft = older(Draft())
    draft.type(True)
    assert draft.expression == "", "it is not known to be good"
    draft.type(False)
    draft.take({"text": "age >= 12", "n": 30, "n_unknown": 0}, 40)
    draft.type(True)
    assert draft.expression == "age >= 12"
    draft.expression = "age >= 13"
    draft.type(False)
    draft.type(True)
    assert draft.expression == "age >= 13", "what was typed is kept"


def test_only_the_latest_question_is_answered():
    draft = Draft()
    first = draft.change()
    second = draft.change()
    assert not draft.is_latest(first)
    assert draft.is_latest(second)
    draft.supersede()
    assert not draft.is_latest(second)


def test_a_count_is_forgotten_when_the_group_changes():
    draft = Draft()
    draft.take({"text": "age >= 12", "n": 1, "n_unknown": 1500}, 2000)
    assert draft.counted == "1 subject of 2,000, 1,500 unknown"
    draft.supersede()
    assert draft.counted, "what was said stays until there is something else to say"
    draft.change()
    assert (draft.text, draft.counted) == (None, "")


# --- words ---------------------------------------------------------------------------------------


def test_the_place_of_an_error_is_shown_in_its_line():
    for expression, position, line, column in (
        ("age > > 3", 6, "age > > 3", 6),
        ("age > 3\nand sex =", 8, "and sex =", 0),
        ("age > 3\nand sex = 1\nand x", 16, "and sex = 1", 8),
        ("age >", 5, "age >", 5),
        ("a_very_long_name > 12 and )", 26, "…ong_name > 12 and )", 19),
    ):
        assert place_of(expression, position) == (line, column)


def test_an_example_fits_the_cohort():
    assert example_of(drawn_cohort()) == 'constant > 15 and sex == "F"'
    assert example_of({"phenotypes": []}) == ""
    assert example_of({"phenotypes": [number_of("n_back2"), number_of("age")]}) == "age > 15"
