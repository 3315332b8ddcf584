"""Of thousands of alike names the one that is meant is found by parts of it, and pinned and recent ones come first."""

from logic.picking import Choices, Favourites, shortened, summary

LABELS = ["age", "mean_age", "Hamilton_Depression_Score_visit_1", "Hamilton_Depression_Score_visit_2", "average", "iq"]
DESCRIPTIONS = ["in years", "", "", "", "of everything", "Intelligence quotient, age-normed"]


def found(typed, favourites=None):
    choices = Choices(LABELS, DESCRIPTIONS, favourites)
    return [LABELS[place] for place in choices.find(typed)]


def test_the_best_comes_first():
    assert found("age") == ["age", "mean_age", "average", "iq"]
    assert found("AGE ") == found("age")
    assert found("aver") == ["average"]


def test_all_words_must_be_there_in_any_order():
    assert found("visit_2 hamilton") == ["Hamilton_Depression_Score_visit_2"]
    assert found("score hamil") == ["Hamilton_Depression_Score_visit_1", "Hamilton_Depression_Score_visit_2"]
    assert found("score nothing") == []


def test_a_description_is_searched_too_and_with_the_name():
    assert found("intelligence") == ["iq"]
    assert found("quotient iq") == ["iq"]
    assert found("years") == ["age"]


def test_pinned_ones_come_first_then_recent_ones_then_all_others_and_each_once():
    favourites = Favourites()
    for name in ("iq", "age", "iq", "not in this cohort"):
        favourites.note(name)
    favourites.pin("average", True)
    favourites.pin("age", True)
    choices = Choices(LABELS, DESCRIPTIONS, favourites)
    sections = [(heading, [LABELS[place] for place in places]) for heading, places in choices.sections()]
    assert sections[0] == ("Pinned", ["average", "age"])
    assert sections[1] == ("Recent", ["iq"])
    assert sections[2][0] == "All others"
    places = choices.find("")
    assert len(places) == len(LABELS)
    assert len(set(places)) == len(LABELS)
    favourites.pin("average", False)
    favourites.pin("age", False)
    favourites.recent.clear()
    assert Choices(LABELS, None, favourites).sections() == [("", list(range(6)))]


def test_only_the_latest_are_kept():
    favourites = Favourites()
    for number in range(9):
        favourites.note(f"x{number}")
    favourites.note("x6")
    assert favourites.recent == ["x6", "x8", "x7", "x5", "x4"]


def test_a_long_label_keeps_its_beginning_and_its_end():
    assert shortened("short", 20) == "short"
    label = "Hamilton_Depression_Score_of_the_12th_visit"
    assert shortened(label, 20) == "Hamilton_D…2th_visit"
    for most in range(3, 60):
        assert len(shortened(label, most)) <= most
    numbered = ["a" * 50 + str(number) for number in range(10, 20)]
    assert len({shortened(one, 24) for one in numbered}) == 10


def test_what_tells_a_label_from_its_neighbour_is_kept():
    names = [f"Hamilton_Depression_Rating_Scale_item_{number:04d}_of_the_second_visit_total" for number in range(20)]
    written = [shortened(name, 26, beside) for name, beside in zip(names, names[1:] + names[:1])]
    assert len(set(written)) == 20, written
    assert "7" in written[7]
    for one in written:
        assert len(one) <= 26, one
    assert shortened("a" * 40, 20, "b" * 40) == "a" * 10 + "…" + "a" * 9
    assert shortened(names[0], 20, names[0]) == shortened(names[0], 20)


def test_a_phenotype_is_told_in_a_few_words():
    number = {"kind": "number", "units": "years", "n": 1812, "levels": []}
    assert summary(number) == "number, years · n 1,812"
    assert summary(dict(number, units="")) == "number · n 1,812"
    assert summary({"kind": "category", "units": "", "n": 3, "levels": [1, 2]}) == "2 levels · n 3"
