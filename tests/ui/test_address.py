"""The state in the address: written, read, and what of a state that somebody made up is taken."""

from logic.address import BEGINNING, Steps, fitting, read, spec_of, view_of, written

SCAN = {"scan": 1, "measure": "fc"}
MEAN = {"analysis": "connectivity-summary", "params": {}, "array": "mean"}
#: What is no source of a map.
WRONG = (
    {},
    {"scan": 1},
    dict(SCAN, scan=True),
    dict(SCAN, scan="1"),
    dict(SCAN, measure=1),
    dict(SCAN, more=1),
    dict(MEAN, analysis=1),
    dict(MEAN, params=[]),
    dict(MEAN, array=["mean"]),
    dict(MEAN, more=1),
)
NO_MAPS = tuple(["A", "Mean", one] for one in WRONG)


def encode(text):
    """What browsers do, as far as these tests need it."""
    return text.replace("%", "%25").replace(" ", "%20").replace('"', "%22")


def decode(text):
    if "%Z" in text:
        raise ValueError("malformed")
    return text.replace("%22", '"').replace("%20", " ").replace("%23", "#").replace("%25", "%")


STATE = {
    "tab": "Associations",
    "analysis": "edge-association",
    "params": {"phenotype": "100 % #1", "alpha": 0.05},
    "edge": 3,
    "shapes": {"r": "ring"},
    "demo": "quick",
    "groups": [["Older", "age > 12", 0]],
    "second": "full",
    "atlas": "power264",
    "columns": {"DX": {"labels": {"0": "control"}}},
    "measures": [{"analysis": "harmonisation", "params": {}}],
    "tray": [["A", "Scan", SCAN], ["B", "Mean", MEAN]],
    "tour": 0,
}


def test_a_state_is_read_as_it_was_written():
    fragment = written(STATE, encode)
    assert fragment[0] == "#"
    assert "#" not in fragment[1:], "what follows another # browsers may cut off"
    assert read(fragment[1:], decode) == STATE


def test_short_fragments_name_a_demo_or_the_tour():
    for fragment, spec in (
        ("tour", BEGINNING),
        ("demo", {"demo": "full"}),
        ("demo=quick", {"demo": "quick"}),
        ("demo=second-quick", {"demo": "second-quick"}),
        ("demo=nonsense", {"demo": "full"}),
    ):
        assert read(fragment, decode) == spec
    assert read("tour", decode) is not BEGINNING


def test_a_fragment_that_is_no_state_is_none():
    for fragment in ("", "content", "%Z", "[1,2]", "3", '"text"', "{", "null"):
        assert read(fragment, decode) == {}, fragment


def test_what_the_page_would_not_write_is_left_out():
    for name, value in (
        ("tab", 3),
        ("analysis", ["x"]),
        ("params", [1]),
        ("edge", "3"),
        ("edge", True),
        ("shapes", "ring"),
        ("gallery", 1),
        ("demo", None),
        ("groups", {"Older": "age > 12"}),
        ("second", 1),
        ("atlas", 264),
        ("measures", "harmonisation"),
        ("tray", None),
        ("tour", False),
    ):
        assert name not in fitting(dict(STATE, **{name: value})), name
    assert fitting(STATE) == STATE


def test_of_a_list_only_what_the_page_would_not_write_is_left_out():
    for name, good, wrong in (
        ("groups", ["Older", "age > 12", 0], (["x"], ["x", "y", -1], ["x", "y", "z"], ["x", "y", True], "xyz", None)),
        (
            "tray",
            ["A", "Mean", SCAN],
            (["A", "Mean"], [1, "Mean", SCAN], "abc", {}) + NO_MAPS,
        ),
        ("measures", {"analysis": "x", "params": {}}, ({"analysis": "x"}, ["x", {}], {"analysis": 1, "params": {}})),
    ):
        for each in wrong:
            assert fitting({name: [each, good]}) == {name: [good]}, each


def test_what_a_newer_page_keeps_for_a_tab_stays_with_the_tab():
    assert view_of(fitting({"tab": "Overview", "sorted": "age", "demo": "quick"})) == {"sorted": "age"}


def test_a_state_is_that_of_the_tab_and_what_else_there_is():
    spec = spec_of("Maps", {"analysis": "x"}, demo="quick", groups=[], atlas=None, tour=0, tray=[["A", "m", {}]])
    assert spec == {"tab": "Maps", "analysis": "x", "demo": "quick", "tour": 0, "tray": [["A", "m", {}]]}
    assert view_of(spec) == {"analysis": "x"}


def test_what_follows_from_an_action_is_one_step():
    steps = Steps({})
    assert steps.step_to({"a": 1}) == "replace", "the page did it by itself"
    steps.note_action()
    assert steps.step_to({"a": 1}) is None
    assert steps.step_to({"a": 2}) == "push"
    assert steps.step_to({"a": 3}) == "replace"
    assert steps.step_to({"a": 3}) is None
    assert steps.spec == {"a": 3}


def test_going_back_takes_no_step_of_its_own():
    steps = Steps({"a": 1})
    steps.note_action()
    steps.move_to({"a": 0})
    steps.arrive()
    assert steps.step_to({"a": 0, "b": 1}) == "replace"


def test_what_is_shown_on_the_way_to_a_state_is_not_written_over_it():
    steps = Steps({"tab": "Maps", "groups": 1})
    steps.move_to({"tab": "Overview", "groups": 0})
    assert steps.step_to({"tab": "Maps", "groups": 0}) is None, "its groups are there, its tab is not yet"
    steps.note_action()
    steps.move_to({"tab": "Models", "groups": 0})
    assert steps.step_to({"tab": "Overview", "groups": 0}) is None
    steps.arrive()
    assert steps.spec == {"tab": "Models", "groups": 0}
    assert steps.step_to({"tab": "Models", "groups": 0}) is None
    assert steps.step_to({"tab": "Models", "groups": 2}) == "replace", "nobody did anything since"
