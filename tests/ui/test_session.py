"""A session as the page puts it together and goes on from."""

from logic.notebook import Notebook
from logic.opening import Openings, opening_of_demo, opening_of_files, with_recipe
from logic.session import (
    amount_of,
    answers_for_second,
    content_of,
    doubts,
    folder_of,
    is_session,
    opening_of,
    state_of,
    without_sessions,
)

SOURCE = {"analysis": "edge-association", "params": {"phenotype": "age"}, "array": "r"}
VIEWS = {"Associations": {"analysis": "edge-association", "params": {"phenotype": "age"}, "edge": 3}, "Overview": {}}


def a_session(demo=None, where="study"):
    """A session as the engine reads it."""
    book = Notebook()
    book.keep("Age", VIEWS["Associations"])
    groups, tray = [["Older", "age > 3", 0]], [["A", "Age", SOURCE]]
    content = content_of("Associations", VIEWS, groups, tray, book, demo, None)
    cohort = {"name": "Study", "where": where, "demo": demo, "n_subjects": 20, "n_scans": 40}
    said = {"second": None, "recipe": {"use": {"fc": "a_*.csv"}}, "columns": {}, "atlas": "none", "measures": []}
    return dict(content, cohort=cohort, **said)


def test_a_session_is_told_by_its_name_and_taken_out_of_what_was_chosen():
    assert is_session("study/Study.session.JSON")
    assert not is_session("study/session.json")
    paths, files = ["study/a.csv", "study/x.session.json", "study/b.csv"], [1, 2, 3]
    assert without_sessions(paths, files) == ([("study/x.session.json", 2)], ["study/a.csv", "study/b.csv"], [1, 3])


def test_the_state_of_a_session_is_what_was_on_screen():
    state = state_of(a_session())
    assert state["tab"] == "Associations"
    assert state["edge"] == 3
    assert state["analysis"] == "edge-association"
    assert state["groups"] == [["Older", "age > 3", 0]]
    assert state["tray"] == [["A", "Age", SOURCE]]
    assert state["atlas"] == "none"
    assert state["columns"] == {}, "no correction, whatever the files say"
    assert "demo" not in state
    assert "second" not in state
    assert state_of(a_session("full"))["demo"] == "full"


def test_a_session_is_opened_with_its_files_or_its_teaching_cohort():
    session = a_session()
    assert folder_of(session) == "study"
    assert opening_of(session, [], []) is None
    opening = opening_of(session, ["study/a.csv"], ["file"])
    assert opening.arguments["recipe"] == {"use": {"fc": "a_*.csv"}}
    assert opening.session is session
    assert opening.tried
    assert "recipe" not in opening_of(session, ["a.csv", "my.recipe.json"], ["f", "g"]).arguments
    assert opening_of(a_session("quick"), [], []).demo == "quick"


def test_answering_a_question_keeps_the_session():
    opening = opening_of(a_session(), ["study/a.csv"], ["file"])
    assert with_recipe(opening, {}).session is opening.session


def test_the_open_folder_need_not_be_chosen_again():
    openings = Openings()
    assert openings.files_of("study") == ([], [])
    openings.opened = opening_of_files(["study/a", "study/b"], ["f", "g"])
    assert openings.files_of("study") == (["study/a", "study/b"], ["f", "g"])
    assert openings.files_of("other") == ([], [])
    assert openings.files_of(None) == ([], [])
    openings.opened = opening_of_demo("quick")
    assert openings.files_of("demo:quick:1") == ([], [])


def test_the_address_names_the_folder_but_none_that_may_be_called_after_a_subject():
    openings = Openings()
    for where, said in (("study", "study"), ("sub-01", None), ("Subject1234", None)):
        openings.opened = opening_of_files([f"{where}/a", f"{where}/b"], ["f", "g"])
        assert openings.folder() == said
    openings.opened = opening_of_demo("quick")
    assert openings.folder() is None


def test_what_there_is_to_continue_is_said_in_words():
    session = a_session()
    assert amount_of(state_of(session), len(session["results"])) == "1 group, 1 map, 1 result"
    assert amount_of({"groups": [1, 2], "tray": [1, 2]}) == "2 groups, 2 maps"
    assert amount_of({"columns": {"a": {}}, "measures": [1]}) == "1 corrected column, 1 added measure"
    assert amount_of({"tab": "Overview"}) == ""


def test_other_data_and_a_missing_second_cohort_are_said():
    session = a_session()
    same = {"n_subjects": 20, "n_scans_used": 40}
    assert doubts(session, same) == []
    (said,) = doubts(session, dict(same, n_subjects=19))
    assert "saved with 20 subjects, this cohort has 19 subjects" in said
    session["second"] = {"name": "Adults", "demo": None}
    (said,) = doubts(session, same)
    assert "Adults" in said
    session["second"] = {"name": "Adults", "demo": "full"}
    assert doubts(session, same) == []
    assert state_of(session)["second"] == "full"


def test_answers_for_the_second_cohort_are_of_its_folder():
    assert answers_for_second(None) is None
    assert answers_for_second(a_session()) is None
    recipe = {"columns": {"DX": {"kind": "category"}}}
    session = dict(a_session(), second={"where": "other"}, second_recipe=recipe)
    assert answers_for_second(session) == (recipe, "other")
