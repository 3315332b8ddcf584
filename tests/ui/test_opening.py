"""Which cohort is open, which is being opened, and which waits for the engine."""

from logic.opening import DEMOS, Openings, beside, demo_name, opening_of_demo, opening_of_files, title_of, top_of


def test_a_teaching_cohort_is_opened_by_its_name():
    for name in DEMOS:
        opening = opening_of_demo(name)
        assert opening.demo == name
        assert demo_name(opening.arguments["cohort"], opening.arguments["size"]) == name
    assert opening_of_demo("nonsense").demo == "quick"
    assert demo_name("second", "huge") is None


def test_a_terminal_is_told_the_same_cohort():
    assert opening_of_demo("full").where() == "demo:full:1"
    assert opening_of_demo("second-quick").where() == "demo2:quick:1"
    assert opening_of_files(["study/fc/1.npy", "study/a.tsv"], []).where() == "study"
    assert opening_of_files(["a.bed", "a.bim"], []).where() is None


def test_the_second_cohort_is_opened_beside_the_first():
    demo = beside(opening_of_demo("second"))
    assert demo.arguments == {"cohort": "second", "size": "full", "seed": 1, "place": "second"}
    assert (demo.title, demo.demo, demo.where()) == ("the second demo cohort", "full", "demo2:full:1")
    files = beside(opening_of_files(["a.zip"], ["file"]))
    assert files.arguments == {"paths": ["a.zip"], "place": "second"}
    assert (files.title, files.files, files.demo, files.where()) == ("a.zip", ["file"], None, "a.zip")


def test_files_are_told_by_the_folder_that_holds_them_or_by_their_number():
    assert top_of(["study/a", "study/b/c"]) == "study"
    assert top_of(["a"]) == "a"
    assert top_of(["a", "b"]) is None
    assert title_of(["study/a", "study/b"]) == "study"
    assert title_of(["a", "b"]) == "2 files"


def test_what_waits_for_the_engine_is_the_last_that_was_asked_for():
    openings = Openings()
    first, second = opening_of_demo("quick"), opening_of_demo("full")
    assert openings.pending_title() is None
    openings.wait(first, True)
    openings.wait(second, False)
    assert openings.pending_title() == "the demo cohort"
    assert openings.take_waiting() == (second, False)
    assert openings.take_waiting() is None


def test_what_was_being_opened_when_the_engine_was_lost_waits_for_the_next():
    openings = Openings()
    opening = opening_of_demo("quick")
    openings.begin(opening, True)
    openings.lose_engine()
    openings.end()
    assert openings.take_waiting() == (opening, True)


def test_an_engine_lost_at_rest_leaves_what_waits():
    openings = Openings()
    opening = opening_of_demo("quick")
    openings.wait(opening, True)
    openings.lose_engine()
    assert openings.take_waiting() == (opening, True)


def test_the_open_cohort_opened_again_is_not_one_to_be_opened():
    openings = Openings()
    opening = opening_of_demo("quick")
    assert not openings.begin(opening, False)
    assert openings.under_way == (opening, False)
    assert (openings.where(), openings.demo()) == (None, None)
    openings.opened = opening
    openings.end()
    assert (openings.where(), openings.demo()) == ("demo:quick:1", "quick")
    assert openings.begin(opening, True)
    assert openings.under_way is None
    assert not openings.begin(opening_of_demo("quick"), True), "the same cohort, but asked for anew"
