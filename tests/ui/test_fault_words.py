"""What the user is told of a fault."""

from logic.fault_words import cause_of, command_for, doing, quoted
from logic.protocol import Crash

RUN = {"analysis": "edge-association", "params": {"phenotype": "Father's age"}}


def test_a_call_is_told_in_words():
    catalog = [{"name": "edge-association", "title": "Edge association"}]
    for name, arguments, words in (
        ("run", RUN, "computing “Edge association”"),
        ("run", {"analysis": "gone"}, "computing “gone”"),
        ("open_files", {"paths": ["study/a", "study/b"]}, "opening study"),
        ("open_files", {"paths": ["a", "b"]}, "opening 2 files"),
        ("figure", {}, "drawing a figure"),
        ("something_new", {}, "something_new"),
    ):
        assert doing(name, arguments, catalog) == words


def test_memory_that_is_out_is_recognised_however_the_browser_says_it():
    for message in (
        "RuntimeError: Out of memory",
        "MemoryError",
        "RangeError: Array buffer allocation failed",
        "(OOM)",
    ):
        assert cause_of(Crash(message, "", None, False, False)).startswith("It ran out of memory")
    assert cause_of(Crash("TypeError: x is undefined", "", None, False, False)) == ""


def test_that_the_browser_ended_the_engine_is_known_by_a_value_and_not_by_words():
    assert cause_of(Crash("Gone.", "", None, False, True)).startswith("The browser stopped it")
    assert cause_of(Crash("The browser stopped it.", "", None, False, False)) == ""


def test_a_terminal_is_told_the_same_request():
    assert command_for("open_files", {"paths": ["my study/a"]}, None, None, ()) == "imagenomer open 'my study'"
    assert command_for("open_files", {"paths": ["a", "b"]}, None, None, ()) == "imagenomer open FOLDER"
    run = 'imagenomer run edge-association study --params \'{"phenotype": "Father\'"\'"\'s age"}\''
    assert command_for("run", RUN, "study", None, ()) == run
    always = [{"name": "edge-association", "takes_second": True, "fields": []}]
    assert command_for("matrix", {"source": RUN}, "study", "demo2:full:1", always) == f"{run} --second demo2:full:1"


def test_a_terminal_is_told_of_a_second_cohort_only_where_it_is_used():
    field = {
        "name": "test_on",
        "choices": "cohorts",
        "default": "held-out",
        "options": [["held-out", ""], ["both", ""]],
    }
    catalog = [
        {"name": "edge-association", "takes_second": False, "fields": []},
        {"name": "prediction", "takes_second": True, "fields": [field]},
    ]
    for analysis, params, is_told in (
        ("edge-association", {}, False),
        ("prediction", {}, False),
        ("prediction", {"test_on": "held-out"}, False),
        ("prediction", {"test_on": "both"}, True),
    ):
        told = command_for("run", {"analysis": analysis, "params": params}, "study", "demo2:full:1", catalog)
        assert told.endswith("--second demo2:full:1") is is_told, told


def test_without_a_cohort_or_a_result_a_terminal_is_told_nothing():
    assert command_for("run", RUN, None, None, ()) is None
    assert command_for("matrix", {"source": {"scan": 1}}, "study", None, ()) is None
    assert command_for(None, {}, "study", None, ()) is None


def test_what_a_shell_would_take_apart_is_quoted():
    for argument, words in (("study/fc_1.npy", "study/fc_1.npy"), ("a b", "'a b'"), ("", "''"), ("$x;", "'$x;'")):
        assert quoted(argument) == words
