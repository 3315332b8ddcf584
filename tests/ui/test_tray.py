"""The maps that were saved to compute with."""

from logic.tray import LONGEST, SavedMaps, letters, needed, title_of_scan

SCAN = {"scan": 1, "measure": "fc"}
MEAN = {"analysis": "connectivity-summary", "params": {"task": "rest"}, "array": "mean"}


def names(maps):
    return [entry["name"] for entry in maps.entries]


def test_letters_go_on_after_z():
    for number, name in (
        (0, "A"),
        (25, "Z"),
        (26, "AA"),
        (27, "AB"),
        (51, "AZ"),
        (52, "BA"),
        (701, "ZZ"),
        (702, "AAA"),
    ):
        assert letters(number) == name


def test_a_map_gets_the_next_free_letter_and_is_in_once():
    maps = SavedMaps()
    entry, is_new = maps.add("Mean", MEAN)
    assert (entry["name"], is_new) == ("A", True)
    assert maps.add("Subject 1", SCAN)[0]["title"] == "Subject 1 · fc"
    again, is_new = maps.add("Another title", dict(MEAN))
    assert (again["name"], is_new) == ("A", False)
    del maps.entries[0]
    assert maps.add("Mean", MEAN)[0]["name"] == "A"
    assert names(maps) == ["B", "A"]


def test_a_result_of_image_maths_brings_only_the_maps_that_it_names():
    params = {"expression": "A - C", "maps": [["A", MEAN], ["B", SCAN], ["C", SCAN]]}
    source = {"analysis": "image-maths", "params": params, "array": "result"}
    assert needed(source)["params"]["maps"] == [["A", MEAN], ["C", SCAN]]
    assert len(params["maps"]) == 3, "the source itself stays as it is"
    assert needed(MEAN) is MEAN
    assert needed(SCAN) is SCAN


def test_what_was_saved_is_taken_over():
    maps, others = SavedMaps(), SavedMaps()
    maps.add("Mean", MEAN)
    maps.add("Subject 1", SCAN)
    assert others.take_over(maps.saved())
    assert [entry["source"] for entry in others.entries] == [MEAN, SCAN]
    assert not others.take_over(maps.saved()), "nothing has changed"
    assert others.take_over([])
    assert others.entries == []


def test_no_subject_is_named_by_what_is_saved_until_the_engine_says_who_it_is():
    maps, others = SavedMaps(), SavedMaps()
    maps.add("Subject 17", SCAN)
    assert maps.saved() == [["A", "Scan 2 · fc", SCAN]]
    assert maps.unnamed() == []
    others.take_over(maps.saved())
    (entry,) = others.unnamed()
    entry["title"] = title_of_scan("Subject 17", SCAN)
    assert others.entries == maps.entries
    assert others.unnamed() == []


def test_a_name_that_cannot_be_is_not_taken_over():
    maps = SavedMaps()
    maps.take_over([["A", "x", MEAN], ["A", "y", SCAN], ["  ", "z", SCAN], ["n" * (LONGEST + 1), "z", SCAN]])
    assert [entry["title"] for entry in maps.entries] == ["x"]


def test_a_bad_name_is_refused_in_words():
    maps = SavedMaps()
    maps.add("Mean", MEAN)
    assert maps.fault(" ") == "A map needs a name."
    assert maps.fault("n" * 40) is None
    assert maps.fault("n" * 41) == "A name has at most 40 letters."
    assert maps.fault("A") == "Another map is called A."
    assert maps.fault("B") is None
