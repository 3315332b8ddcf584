"""What an analysis needs of a cohort, and what to bring where it is lacking."""

from drawn_page import drawn_cohort
from logic.needs import NEEDS, lacking


def test_an_analysis_that_has_what_it_needs_lacks_nothing():
    assert lacking(drawn_cohort(), {"needs": []}) is None
    assert lacking(drawn_cohort(), {"needs": ["connectivity", "weights", "phenotypes"]}) is None


def test_what_is_lacking_is_told_with_what_to_bring():
    message = lacking(drawn_cohort(), {"needs": ["connectivity", "variants"]})
    assert message.startswith("This cohort has no genotypes. Open it together with the three files of PLINK")


def test_the_first_that_is_lacking_is_told():
    empty = {where: [] for _, where, _ in NEEDS}
    for need, _, message in NEEDS:
        assert lacking(empty, {"needs": [need]}) == message
    assert len({message for _, _, message in NEEDS}) == len(NEEDS)


def test_a_second_cohort_is_lacking_until_one_is_open():
    assert lacking(drawn_cohort(), {"needs": ["second"]}).startswith("No second cohort is open.")
    assert lacking(drawn_cohort(second={"name": "Others"}), {"needs": ["second"]}) is None
