"""What the user did to the cohort and the tray is undone and done again."""

from logic.changes import MOST, Changes

EMPTY = {"groups": [], "tray": [], "columns": {}, "atlas": None, "tab": "Overview"}
OLDER, YOUNGER = ["Older", "age > 3", 0], ["Younger", "age < 3", 1]


def with_(**parts):
    return dict(EMPTY, **parts)


def test_the_first_state_and_another_view_are_no_steps():
    changes = Changes()
    assert not changes.note(EMPTY)
    assert not changes.note(with_(tab="Models", edge=3))
    assert changes.undo() is None
    assert changes.redo() is None
    assert changes.undone_next() is changes.redone_next() is None


def test_each_change_is_undone_and_done_again_in_its_order():
    changes = Changes()
    states = [with_(), with_(groups=[OLDER]), with_(groups=[OLDER, YOUNGER]), with_(groups=[YOUNGER])]
    for state in states:
        changes.note(state)
    words = ["removing the group Older", "adding the group Younger", "adding the group Older"]
    for said, state in zip(words, (states[2], states[1], states[0])):
        assert changes.undone_next() == said
        restored, undone = changes.undo()
        assert undone == said
        assert restored["groups"] == state["groups"]
        assert not changes.note(state), "what was restored is no new step"
    assert changes.undo() is None
    for said, state in zip(("adding the group Older", "adding the group Younger"), (states[1], states[2])):
        assert changes.redone_next() == said
        assert changes.redo()[0]["groups"] == state["groups"]


def test_a_new_change_forgets_what_was_undone():
    changes = Changes()
    changes.note(with_())
    changes.note(with_(groups=[OLDER]))
    changes.undo()
    assert changes.note(with_(groups=[YOUNGER]))
    assert changes.redo() is None
    assert changes.undone_next() == "adding the group Younger"


def test_each_kind_of_change_is_said():
    source = {"scan": 1, "measure": "fc"}
    for before, after, said in (
        (with_(groups=[OLDER]), with_(groups=[["Old", "age > 3", 0]]), "changing the group Older"),
        (with_(), with_(groups=[OLDER, YOUNGER]), "changes of groups"),
        (with_(), with_(tray=[["A", "x", source]]), "adding the map A"),
        (with_(tray=[["A", "x", source]]), with_(), "removing the map A"),
        (with_(), with_(columns={"age": {"unit": "years"}}), "the correction of age"),
        (with_(columns={"age": {}, "sex": {}}), with_(), "corrections of columns"),
        (with_(), with_(atlas="none"), "the choice of parcels"),
        (with_(groups=[OLDER, YOUNGER]), with_(groups=[YOUNGER, OLDER]), "changes of groups"),
    ):
        changes = Changes()
        changes.note(before)
        assert changes.note(after)
        assert changes.undone_next() == said


def test_another_cohort_begins_anew_and_steps_are_bounded():
    changes = Changes()
    for number in range(MOST + 20):
        changes.note(with_(atlas=str(number)))
    undone = 0
    while changes.undo() is not None:
        undone += 1
    assert undone == MOST
    changes.forget()
    assert changes.undone_next() is changes.redone_next() is None
    assert not changes.note(EMPTY)
