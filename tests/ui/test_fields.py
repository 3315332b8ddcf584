"""Every kind of field: what it offers, begins with and accepts."""

from drawn_page import DrawnPage, category_of, entry_of, number_entry, number_of, phenotype_entry
from logic.fields import varies
from logic.form import FormState


def state_of(*entries, page=None):
    state = FormState(page or DrawnPage(), entries)
    state.refresh()
    return state


def test_a_form_begins_with_what_the_cohort_has():
    for entry, value in (
        (entry_of("model", "Choice", "svm", options=[["ridge", "Ridge"], ["svm", "SVM"]]), "svm"),
        (entry_of("measure", "MeasureChoice"), "fc"),
        (entry_of("task", "TaskChoice"), None),
        (entry_of("session", "SessionChoice"), None),
        (entry_of("group", "GroupChoice"), None),
        (entry_of("groups", "GroupsChoice", []), []),
        (entry_of("set", "VariantSetChoice"), None),
        (entry_of("decomposition", "DecompositionChoice"), None),
        (entry_of("covariates", "PhenotypesChoice", [], kind=None, without=[]), []),
        (entry_of("weights", "WeightsChoice", []), []),
        (entry_of("z", "Flag", True), True),
        (entry_of("expression", "Text", "", placeholder=""), ""),
        (number_entry("alpha", 0.05, 0, 1), 0.05),
        (phenotype_entry("phenotype"), None),
        (phenotype_entry("phenotype", required=True), "age"),
        (phenotype_entry("phenotype", required=True, prefer=["wra"]), "wrat"),
        (phenotype_entry("phenotype", required=True, kind="category"), "sex"),
    ):
        assert state_of(entry).chosen[entry["name"]] == value, entry


def test_the_other_cohort_is_offered_where_one_is_open_and_left_where_it_is_closed():
    entry = entry_of("test_on", "CohortChoice", "held-out", options=[["held-out", "Here"], ["second", "There"]])
    page = DrawnPage()
    state = state_of(entry, page=page)
    field = state.fields[0]
    assert state.options(field) == [("held-out", "Here")]
    assert not state.is_shown(field)
    page.cohort["second"] = {"name": "Others"}
    assert state.options(field) == [("held-out", "Here"), ("second", "There")]
    assert state.is_shown(field)
    state.take("test_on", "second")
    state.refresh()
    assert state.chosen == {"test_on": "second"}
    page.cohort["second"] = None
    state.refresh()
    assert state.chosen == {"test_on": "held-out"}


def test_two_required_phenotypes_begin_different():
    state = state_of(phenotype_entry("first", required=True), phenotype_entry("second", required=True))
    assert state.chosen == {"first": "age", "second": "wrat"}


def test_a_required_phenotype_that_does_not_vary_is_better_than_none():
    page = DrawnPage()
    page.cohort["phenotypes"] = page.cohort["phenotypes"][:1]
    assert state_of(phenotype_entry("phenotype", required=True), page=page).chosen["phenotype"] == "constant"


def test_of_two_levels_the_second_is_asked_about_and_of_more_the_whole():
    level = entry_of("level", "LevelChoice", of="phenotype", whole="All levels", optional=False)
    state = state_of(phenotype_entry("phenotype", required=True, kind="category"), level)
    assert state.chosen["level"] == "M"
    field = state.fields[1]
    assert state.options(field) == [("F", "F (19)"), ("M", "M (21)")]
    state.take("phenotype", "site")
    assert state.chosen["level"] is None
    assert state.options(field)[0] == (None, "All levels")
    assert len(state.options(field)) == 4


def test_a_level_of_what_has_none_is_not_asked_for():
    level = entry_of("level", "LevelChoice", of="phenotype", whole="All levels", optional=True)
    state = state_of(phenotype_entry("phenotype", required=True), level)
    assert not state.is_shown(state.fields[1])
    state.take("phenotype", "sex")
    assert state.is_shown(state.fields[1])
    assert state.options(state.fields[1])[0] == (None, "All levels")


def test_one_session_is_no_choice_and_two_runs_are():
    state = state_of(entry_of("session", "SessionChoice"), entry_of("run", "RunChoice"))
    assert [state.is_shown(field) for field in state.fields] == [False, True]


def test_differences_are_offered_after_what_they_are_of_and_only_where_there_are_any():
    with_them, without = (entry_of("run", "RunChoice", differences=one) for one in (True, False))
    for entry, offered in ((with_them, [None, "1", "2", "1 minus 2", "2 minus 1"]), (without, [None, "1", "2"])):
        state = state_of(entry)
        assert [value for value, label in state.fields[0].options(state)] == offered
    one_session = state_of(entry_of("session", "SessionChoice", differences=True))
    assert not one_session.is_shown(one_session.fields[0])


def test_a_field_without_options_says_what_is_lacking():
    state = state_of(
        entry_of("set", "VariantSetChoice"),
        entry_of("decomposition", "DecompositionChoice"),
        entry_of("groups", "GroupsChoice", []),
        entry_of("maps", "MapsChoice"),
        entry_of("measure", "MeasureChoice"),
        entry_of("weights", "WeightsChoice", []),
        entry_of("task", "TaskChoice"),
    )
    assert [state.lacks_options(field) for field in state.fields] == [True, True, True, True, False, False, False]
    assert all(field.nothing for field in state.fields if state.lacks_options(field))


def test_what_is_explained_is_not_offered_to_explain_it():
    covariates = entry_of("covariates", "PhenotypesChoice", [], kind="number", without=["phenotype"])
    state = state_of(phenotype_entry("phenotype", required=True), covariates)
    state.take("covariates", ["constant", "wrat"])
    follow, _ = state.take("phenotype", "wrat")
    assert [field.name for field in follow] == ["covariates"]
    assert state.chosen["covariates"] == ["constant"]
    assert ("age", "age") in state.options(state.fields[1])
    assert ("wrat", "wrat") not in state.options(state.fields[1])


def test_several_are_sent_in_the_order_of_the_cohort():
    state = state_of(entry_of("covariates", "PhenotypesChoice", [], kind=None, without=[]))
    state.set({"covariates": ["sex", "age", "height"]})
    assert state.values() == {"covariates": ["age", "sex"]}


def test_groups_that_are_gone_are_not_chosen():
    page = DrawnPage()
    page.add_group("age > 12", "Older")
    page.add_group('sex == "F"', "Women")
    state = state_of(entry_of("group", "GroupChoice"), entry_of("groups", "GroupsChoice", []), page=page)
    state.set({"group": "age > 12", "groups": ['sex == "F"', "age > 12"]})
    assert state.groups() == ["age > 12", "age > 12", 'sex == "F"']
    del page.groups[0]
    state.refresh()
    assert state.values() == {"group": None, "groups": ['sex == "F"']}


def test_a_folder_of_weights_stands_for_all_in_it():
    state = state_of(entry_of("weights", "WeightsChoice", []))
    state.set({"weights": ["ridge", "svm", "ridge/9", "rid"]})
    assert state.values() == {"weights": ["ridge", "svm"]}


def test_what_is_new_in_the_tray_is_used_and_what_was_unticked_stays_so():
    page = DrawnPage()
    page.add_map("A", 1)
    state = state_of(entry_of("maps", "MapsChoice"), page=page)
    first = ["A", {"scan": 1, "measure": "fc"}]
    assert state.values() == {"maps": [first]}
    state.take("maps", [])
    page.add_map("B", 2)
    state.refresh()
    assert state.values() == {"maps": [["B", {"scan": 2, "measure": "fc"}]]}
    state.take("maps", [first])
    page.tray.entries[0]["name"] = "Mine"
    state.refresh()
    assert state.values() == {"maps": [["Mine", {"scan": 1, "measure": "fc"}]]}
    assert state.takes_maps()


def test_what_is_averaged_is_ticked_by_the_user():
    page = DrawnPage()
    page.add_map("A", 1)
    state = state_of(entry_of("maps", "MapsChoice", ticked=False), page=page)
    assert state.values() == {"maps": []}
    first = ["A", {"scan": 1, "measure": "fc"}]
    state.take("maps", [first])
    page.add_map("B", 2)
    state.refresh()
    assert state.values() == {"maps": [first]}


def test_a_number_is_read_as_it_is_meant_and_kept_between_its_bounds():
    state = state_of(number_entry("permutations", 100, 1, 5000), number_entry("alpha", 0.05, 0, 1))
    permutations, alpha = state.fields
    for field, typed, value, good in (
        (permutations, "1000", 1000, True),
        (permutations, "1e3", 1000, True),
        (permutations, "1", 1, True),
        (permutations, "0", 0, False),
        (permutations, "5001", 5001, False),
        (permutations, "2.5", 2.5, False),
        (permutations, "1e400", None, False),
        (permutations, "nan", None, False),
        (permutations, "", None, False),
        (permutations, "many", None, False),
        (alpha, "1", 1.0, True),
        (alpha, ".5", 0.5, True),
        (alpha, "-0.1", -0.1, False),
    ):
        assert field.read(typed) == value, typed
        assert field.accepts(field.read(typed)) is good, typed
    assert isinstance(permutations.read("1000"), int)
    assert isinstance(alpha.read("1"), float)
    assert permutations.written(1000) == "1000"
    assert alpha.written(0.05) == "0.05"
    assert alpha.written(None) == ""
    assert alpha.advice() == "A number from 0 to 1"
    assert permutations.advice() == "A whole number from 1 to 5000"


def test_only_groups_have_colours_and_only_maps_come_from_the_tray():
    markers = ("GroupChoice", "GroupsChoice", "MapsChoice", "WeightsChoice")
    state = state_of(*[entry_of(marker, marker) for marker in markers])
    assert [field.name for field in state.fields if field.coloured] == ["GroupsChoice"]
    assert [field.name for field in state.fields if field.of_tray] == ["MapsChoice"]
    assert not state_of(entry_of("groups", "GroupsChoice", [])).takes_maps()


def test_a_category_with_one_level_in_use_does_not_vary():
    for levels, does in (({"A": 3}, False), ({"A": 3, "B": 0}, False), ({"A": 3, "B": 1}, True)):
        assert varies(category_of("site", **levels)) is does
    assert varies(number_of("age"))
    assert not varies(number_of("constant", 3, 3))


def test_a_text_begins_with_its_default():
    assert state_of(entry_of("expression", "Text", "A - B", placeholder="")).chosen == {"expression": "A - B"}


def test_a_field_that_follows_another_is_followed_in_turn():
    second = phenotype_entry("second", required=True, kind="category", without=["first"])
    level = entry_of("level", "LevelChoice", of="second", whole="", optional=False)
    state = state_of(phenotype_entry("first", required=True, kind="category"), second, level)
    assert state.chosen == {"first": "sex", "second": "site", "level": "A"}
    follow, _ = state.take("first", "site")
    assert [field.name for field in follow] == ["second", "level"]
    assert state.chosen == {"first": "site", "second": "sex", "level": "M"}


def test_a_text_that_is_required_is_not_blank():
    state = state_of(
        entry_of("expression", "Text", required=True, placeholder="A - B"), entry_of("t", "Text", "", placeholder="")
    )
    assert [field.accepts("  ") for field in state.fields] == [False, True]
    assert state.fields[0].accepts("A")


def test_without_a_cohort_nothing_is_offered_and_nothing_breaks():
    page = DrawnPage()
    page.cohort = None
    level = entry_of("level", "LevelChoice", of="phenotype", whole="All levels", optional=False)
    markers = ("GroupChoice", "GroupsChoice", "MeasureChoice", "TaskChoice", "WeightsChoice", "DecompositionChoice")
    entries = [entry_of(marker, marker) for marker in markers]
    state = state_of(phenotype_entry("phenotype", required=True), level, *entries, page=page)
    assert all(state.options(field) == [] for field in state.fields)


def test_an_address_with_values_of_the_wrong_type_leaves_the_defaults():
    page = DrawnPage()
    page.add_group("age > 12", "Older")
    entries = [
        entry_of("model", "Choice", "svm", options=[["ridge", "Ridge"], ["svm", "SVM"]]),
        entry_of("measure", "MeasureChoice"),
        entry_of("group", "GroupChoice"),
        entry_of("groups", "GroupsChoice", []),
        entry_of("covariates", "PhenotypesChoice", [], kind=None, without=["phenotype"]),
        entry_of("weights", "WeightsChoice", []),
        entry_of("maps", "MapsChoice"),
        entry_of("z", "Flag", True),
        entry_of("expression", "Text", "", placeholder=""),
        number_entry("alpha", 0.05, 0, 1),
        phenotype_entry("phenotype", required=True),
    ]
    state = state_of(*entries, page=page)
    defaults = state.values()
    for wrong in ("age, sex", 7.5, True, ["x"], [7], [["A", 1, 2]], {"a": 1}):
        good = {"expression": [str], "z": [bool], "alpha": [int, float]}
        state.set({entry["name"]: wrong for entry in entries if type(wrong) not in good.get(entry["name"], [])})
        assert state.chosen == defaults, wrong
