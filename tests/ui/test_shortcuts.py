"""Keys of the page: what each means, and where they are left to what has the focus."""

from logic.shortcuts import DIGITS, KEYS, is_typed_into, listed, meaning_of


def test_digits_are_the_tabs_that_there_are():
    assert meaning_of("1", 8) == ("tab", 0)
    assert meaning_of("8", 8) == ("tab", 7)
    for key in ("9", "0", "12"):
        assert meaning_of(key, 8) is None


def test_letters_mean_the_same_in_capitals_and_others_nothing():
    assert meaning_of("r", 8) == ("key", "r")
    assert meaning_of("R", 8) == ("key", "r")
    assert meaning_of("?", 0) == ("key", "?")
    for key in ("x", "Enter", "Tab", "F5", "", "pr"):
        assert meaning_of(key, 8) is None


def test_every_key_that_means_something_is_listed_once():
    faces = [face for face, what in listed(["Overview", "Maps"])]
    assert len(set(faces)) == len(faces)
    assert faces[:2] == ["1", "2"]
    for key, face, _what in KEYS:
        assert face in faces
        assert meaning_of(key, 0) == ("key", key)
        assert key not in DIGITS
    assert listed([])[0][0] == KEYS[0][1]


def test_more_tabs_than_digits_are_listed_as_far_as_they_go():
    tabs = [f"Tab {place}" for place in range(11)]
    assert ("9", "Tab 8") in listed(tabs)
    assert "Tab 9" not in [what for face, what in listed(tabs)]


def test_keys_are_left_to_texts_and_lists():
    for tag, kind in (("input", ""), ("input", "search"), ("input", "number"), ("textarea", ""), ("select", "")):
        assert is_typed_into(tag, kind, False)
    for tag, kind in (("input", "checkbox"), ("input", "range"), ("button", "button"), ("div", ""), ("summary", "")):
        assert not is_typed_into(tag, kind, False)
    assert is_typed_into("div", "", True)
