"""The verdict in words: they follow the rules that decide, at every level of significance."""

from __future__ import annotations

from typing import get_args

import pytest

from imagenomer.analyses.confounds.evidence import CandidateVerdict
from imagenomer.analyses.confounds.words.terms import TITLES
from imagenomer.analyses.confounds.words.verdict import about_candidate
from imagenomer.statistics.verdict import Category, Evidence, decide


def test_every_category_has_a_title():
    assert set(TITLES) == set(get_args(Category))


ASSOCIATED, NOT_ASSOCIATED = "predictions are associated with z", "predictions are not associated with z"
CHANCE = "too few subjects to distinguish from chance"


@pytest.mark.parametrize(
    ("alpha", "p_rest", "p_predictions", "said", "not_said"),
    [
        (0.05, 0.002, 0.06, NOT_ASSOCIATED, CHANCE),
        (0.2, 0.002, 0.06, ASSOCIATED, CHANCE),
        (0.01, 0.001, 0.03, NOT_ASSOCIATED, CHANCE),
        (0.05, 0.02, 0.01, CHANCE, NOT_ASSOCIATED),
        (0.2, 0.02, 0.01, ASSOCIATED, CHANCE),
        (0.01, 0.006, 0.001, CHANCE, NOT_ASSOCIATED),
    ],
)
@pytest.mark.parametrize("remaining", [0.7, 0.97])
def test_words_about_a_candidate_follow_the_level_of_significance_that_decides(
    alpha, p_rest, p_predictions, remaining, said, not_said
):
    evidence = Evidence(200, 0.001, 1e-9, p_rest, remaining, retained=0.9, p_predictions=p_predictions)
    text = about_candidate("z", "y", CandidateVerdict(evidence, decide(evidence, alpha)), alpha).text
    assert said in text
    assert not_said not in text
