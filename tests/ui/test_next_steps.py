"""What the overview suggests to do next."""

from drawn_page import drawn_cohort
from logic.next_steps import STEPS, next_steps

CATALOG = [
    {"name": "quality-control", "tab": "Connectivity", "needs": ["connectivity"]},
    {"name": "confound-report", "tab": "Confounds", "needs": ["connectivity", "phenotypes"]},
    {"name": "phenotype-matrix", "tab": "Phenotypes", "needs": ["phenotypes"]},
    {"name": "edge-association", "tab": "Associations", "needs": ["connectivity", "phenotypes"]},
    {"name": "phenotype-association", "tab": "Phenotypes", "needs": ["phenotypes"]},
    {"name": "prediction", "tab": "Models", "needs": ["connectivity"]},
    {"name": "variant-summary", "tab": "Genotypes", "needs": ["variants"]},
    {"name": "variant-association", "tab": "Genotypes", "needs": ["variants"]},
]


def steps_of(cohort, shown):
    return next_steps(cohort, CATALOG, lambda tab: shown.get(tab))


def test_all_steps_are_offered_in_their_order_and_the_first_is_next():
    steps = steps_of(drawn_cohort(), {})
    assert [step.title for step in steps] == [title for title, _, _ in STEPS]
    names = [step.analysis for step in steps]
    assert names == ["quality-control", "confound-report", "edge-association", "prediction"]
    assert [step.next for step in steps] == [True, False, False, False]


def test_what_was_looked_at_is_no_longer_next():
    steps = steps_of(drawn_cohort(), {"Connectivity": "quality-control", "Associations": "edge-association"})
    assert [step.seen for step in steps] == [True, False, True, False]
    assert [step.next for step in steps] == [False, True, False, False]
    seen = {entry["tab"]: entry["name"] for entry in CATALOG if entry["name"] in [step.analysis for step in steps]}
    assert not any(step.next for step in steps_of(drawn_cohort(), seen))


def test_another_analysis_of_the_tab_is_not_the_step():
    assert not any(step.seen for step in steps_of(drawn_cohort(), {"Connectivity": "connectivity-summary"}))


def test_a_cohort_without_connectivity_is_led_to_what_it_has():
    steps = steps_of(drawn_cohort(measures=[]), {})
    assert [step.analysis for step in steps] == ["phenotype-matrix", "phenotype-association"]
    assert steps_of(drawn_cohort(measures=[], phenotypes=[]), {}) == []
