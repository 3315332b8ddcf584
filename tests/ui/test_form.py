"""What is chosen in a form, which fields matter, and what is sent."""

from drawn_page import DrawnPage, entry_of, number_entry
from logic.form import FormState, Section

CORRECTION = entry_of("correction", "Choice", "holm", options=[["holm", "Holm"], ["max-t", "Max-T"]])
PERMUTATIONS = number_entry("permutations", 100, 1, 5000, when={"correction": ["max-t"]}, section="Permutations")
SEED = number_entry("seed", 0, 0, 2**32, when={"correction": ["max-t"]}, section="Permutations")
ALPHA = number_entry("alpha", 0.05, 0, 1, section="More")


def form_of(*entries):
    return FormState(DrawnPage(), entries)


def test_neighbours_of_one_section_stand_under_one_heading():
    apart = entry_of("z", "Flag", True)
    again = number_entry("other", 0, 0, 1, section="Permutations")
    state = form_of(CORRECTION, PERMUTATIONS, SEED, ALPHA, apart, again)
    told = [
        (block.title, [field.name for field in block.fields]) if isinstance(block, Section) else block.name
        for block in state.blocks
    ]
    assert told == [
        "correction",
        ("Permutations", ["permutations", "seed"]),
        ("More", ["alpha"]),
        "z",
        ("Permutations", ["other"]),
    ]


def test_a_field_is_shown_only_while_the_others_make_it_matter():
    state = form_of(CORRECTION, PERMUTATIONS)
    state.refresh()
    assert [state.is_shown(field) for field in state.fields] == [True, False]
    assert not state.sections[0].shown
    _, unfolded = state.take("correction", "max-t")
    assert state.is_shown(state.fields[1])
    assert unfolded == state.sections, "what a choice brings into play is unfolded"
    _, unfolded = state.take("permutations", 200)
    assert unfolded == [], "what the user folds stays folded"
    state.take("correction", "holm")
    assert not state.sections[0].shown


def test_a_section_that_is_not_at_its_defaults_is_unfolded():
    state = form_of(CORRECTION, PERMUTATIONS, SEED, ALPHA)
    assert state.refresh() == []
    assert state.set({"alpha": 0.01}) == [state.sections[1]]
    assert state.set({"correction": "max-t", "alpha": 0.05, "seed": 4}) == [state.sections[0]]


def test_nothing_is_sent_while_a_field_that_matters_is_half_typed():
    state = form_of(CORRECTION, PERMUTATIONS)
    state.set({"correction": "max-t"})
    state.take("permutations", None)
    assert state.values() is None
    assert state.first_fault().name == "permutations"
    state.take("permutations", 0)
    assert state.values() is None
    state.take("permutations", 30)
    assert state.values() == {"correction": "max-t", "permutations": 30}
    assert state.first_fault() is None


def test_what_is_hidden_is_sent_with_its_default_where_it_was_left_half_typed():
    state = form_of(CORRECTION, PERMUTATIONS)
    state.set({"correction": "max-t"})
    state.take("permutations", None)
    state.take("correction", "holm")
    assert state.values() == {"correction": "holm", "permutations": 100}


def test_saved_values_of_other_fields_are_left_out():
    state = form_of(CORRECTION)
    state.set({"correction": "max-t", "gone": 1})
    assert state.values() == {"correction": "max-t"}


def test_choices_for_another_cohort_are_forgotten():
    page = DrawnPage()
    state = FormState(page, [entry_of("measure", "MeasureChoice"), entry_of("task", "TaskChoice"), PERMUTATIONS])
    state.refresh()
    at_first = state.values()
    state.set({"measure": "partial", "task": "rest", "permutations": 200})
    assert state.values() != at_first
    state.forget()
    state.refresh()
    assert state.values() == at_first


def test_the_same_cohort_read_otherwise_keeps_what_it_has_and_leaves_the_rest_at_its_default():
    page = DrawnPage()
    state = FormState(page, [entry_of("measure", "MeasureChoice"), entry_of("task", "TaskChoice")])
    state.set({"measure": "partial", "task": "rest"})
    page.cohort = dict(page.cohort, measures=[{"name": "fc"}])
    state.refresh()
    assert state.values() == {"measure": "fc", "task": "rest"}
