"""What a typed text means: parcels, networks and edges."""

from logic.finding import MOST, Finder, three_numbers

LABELS = ["L_V1", "L_MT", "R_V1", "L_PCC", "R_PCC", "R_mPFC-2", "Thalamus 12"]
NETWORKS = ["VIS", "VIS", "VIS", "DMN", "DMN", "DMN", ""]
PLACES = [[-8, -90, 0], [-45, -70, 5], [8, -90, 0], [-6, -50, 30], [6, -50, 30], [4, 55, 0], [None, None, None]]
TITLES = {"VIS": "Visual", "DMN": "Default mode"}


def found(typed):
    finds = Finder(LABELS, NETWORKS, PLACES, TITLES).find(typed)
    return [(find.one, find.other) for find in finds]


def words(typed):
    return [find.words for find in Finder(LABELS, NETWORKS, PLACES, TITLES).find(typed)]


def test_a_parcel_is_found_by_its_name_whatever_the_case_and_by_parts_of_it():
    assert found("l_pcc") == [([3], None)]
    assert found("PCC") == [([3], None), ([4], None)]
    assert found("v1")[0] == ([0], None)
    assert found("nothing like it") == []
    assert found("   ") == []


def test_a_name_that_is_the_text_comes_before_names_that_begin_with_it_or_hold_it():
    finder = Finder(["MT+", "AMT", "MT"], ["", "", ""])
    assert [find.one for find in finder.find("mt")] == [[2], [0], [1]]


def test_a_number_is_the_place_in_the_file_from_one_and_names_with_it_follow():
    assert found("3") == [([2], None)]
    assert found("1")[0] == ([0], None)
    assert ([6], None) in found("1"), "Thalamus 12"
    assert found("12") == [([6], None)]
    assert found("0") == []


def test_a_network_is_all_of_its_parcels_by_its_name_or_its_title():
    for typed in ("DMN", "dmn", "default mode", "Default"):
        assert found(typed)[0] == ([3, 4, 5], None)
    assert words("DMN")[0] == "DMN: Default mode, 3 parcels"
    assert ([3], None) in found("DMN"), "and its parcels follow"


def test_coordinates_find_the_nearest_first_and_say_how_far():
    for typed in ("-6 -50 30", "-6, -50, 30", "−6;-50;30.0"):
        assert found(typed)[0] == ([3], None)
    assert words("-6 -50 30")[:2] == ["L_PCC, DMN, number 4, 0 mm away", "R_PCC, DMN, number 5, 12 mm away"]
    assert len(found("0 0 0")) == 6, "all but the one without a place"


def test_an_edge_is_two_ends_with_a_dash():
    for typed in ("L_V1 – L_PCC", "l_v1 - l_pcc", "1 – 4", "L_V1—L_PCC", "1 -- L_PCC"):
        assert found(typed)[0] == ([0], [3])
    assert Finder(LABELS, NETWORKS).find("1 – 4")[0].edge() == (0, 3)
    assert found("L_V1 – L_V1") == [], "a parcel has no edge with itself"
    assert found("L_V1 – nobody") == []


def test_a_hyphen_in_a_name_is_no_dash():
    assert found("R_mPFC-2") == [([5], None)]
    finder = Finder(["A – B", "A", "B"], ["", "", ""])
    assert [find.edge() for find in finder.find("A – B")][:1] == [None]


def test_ends_can_be_networks():
    assert found("VIS – DMN")[0] == ([0, 1, 2], [3, 4, 5])
    assert found("DMN – DMN")[0] == ([3, 4, 5], [3, 4, 5])
    assert found("7 – VIS")[0] == ([6], [0, 1, 2])
    assert Finder(LABELS, NETWORKS).find("VIS – DMN")[0].edge() is None


def test_of_many_the_first_are_offered():
    finder = Finder([f"Parcel {at}" for at in range(1, 301)], [""] * 300)
    assert len(finder.find("parcel")) == MOST
    assert len(finder.find("parcel – parcel")) == MOST


def test_only_three_numbers_are_coordinates():
    assert three_numbers("1 2 3") == [1, 2, 3]
    for typed in ("1 2", "1 2 x", "1 2 3 4", "area 1 2"):
        assert three_numbers(typed) is None
