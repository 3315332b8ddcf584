"""The verdict in words: the answer first, its numbers, every reading that the numbers allow, and a view to look at."""

from __future__ import annotations

import dataclasses
from typing import get_args

import numpy as np
import pytest

from imagenomer.analyses.confounds.parts.verdict import VerdictPart
from imagenomer.analyses.confounds.words.terms import TITLES
from imagenomer.analyses.confounds.words.verdict import findings
from imagenomer.statistics.commonality import ExplainedParts
from imagenomer.statistics.explanation import Explanation
from imagenomer.statistics.joint_model import JointModel
from imagenomer.statistics.remainders import CandidateExplanation, Remainder
from imagenomer.statistics.remaining_slope import RemainingShare
from imagenomer.statistics.score_test import ScoreTest
from imagenomer.statistics.sensitivity import Benchmark, Sensitivity
from imagenomer.statistics.verdict import Bounds, Category, decide

UNKNOWN = RemainingShare(np.nan, -np.inf, np.inf, np.nan)
ALIAS = RemainingShare(np.nan, -np.inf, np.inf, 0.9999)
BOUNDS = Bounds()


def score_test(p):
    return ScoreTest(p, p, p, p, 1000, False, 4.5)


def share(low, high, explained=0.3):
    return RemainingShare((low + high) / 2, low, high, explained, 150)


def remainder(pattern, of_map=UNKNOWN, n=200):
    return Remainder(pattern, of_map, n, decide(pattern, of_map, BOUNDS))


def candidate(of, category=None, n_apart=200):
    return CandidateExplanation(of, 1e-9, 1e-9, n_apart, 1, category or of.category)


def said(
    candidates,
    joint,
    *,
    names=None,
    p=0.001,
    p_given=0.001,
    category=None,
    appears=False,
    sensitivity=None,
    roles=None,
    parts=None,
):
    names = tuple(candidates) if names is None else names
    model = JointModel(names, {}, np.ones(200, dtype=bool), np.zeros((200, len(names))))
    overall = category or joint.category
    explanation = Explanation(
        score_test(p), score_test(p_given), candidates, joint, model, sensitivity, 0.3, overall, appears, parts or {}
    )
    found = list(findings("score", VerdictPart(explanation, BOUNDS, 0.05, roles or {})))
    assert {one.of for one in found} <= {"verdict", "remaining", "candidates"}
    return [one.text for one in found]


def one(pattern, of_map=UNKNOWN, **given):
    of = remainder(pattern, of_map)
    return said({"age": candidate(of)}, of, **given)


def test_every_category_has_a_title():
    assert set(TITLES) == set(get_args(Category))


def test_what_a_candidate_does_is_said_first_with_its_interval():
    assert "age does not explain it: 98 % remains, 92 to 104." in one(share(0.92, 1.04))
    assert any(text.startswith("age explains part of it: 50 % remains, 40 to 60; or ") for text in one(share(0.4, 0.6)))
    assert "age explains it: 5 % remains, −5 to 15 (p = 0.4 given all candidates)." in one(
        share(-0.05, 0.15), p_given=0.4
    )
    assert "age: cannot tell; 60 % remains, 10 to 110, too wide for this cohort to decide." in one(share(0.1, 1.1))


def test_a_part_may_be_the_same_candidate_imperfectly_measured_with_the_reliability_that_would_do():
    texts = one(share(0.53, 0.73, explained=0.25))
    # 1 - .63 (1 - .25)
    assert sum("imperfectly measured: at a reliability of 0.53 nothing would be left" in text for text in texts) == 2


def test_confounder_mediator_and_common_consequence_are_all_named():
    for texts in (one(share(-0.05, 0.15), p_given=0.4), one(share(0.4, 0.6)), one(share(-0.15, 0.52))):
        (overall,) = [text for text in texts if "is for you to judge" in text]
        for reading in ("confounder", "mediator", "consequence of both"):
            assert reading in overall


def test_where_it_cannot_be_told_the_readings_are_of_the_candidate_by_its_name_unless_it_has_a_role():
    (overall,) = [text for text in one(share(-0.15, 0.52)) if text.startswith("Cannot tell whether age explains it")]
    assert "Whether age is a cause of both" in overall
    (overall,) = [
        text for text in one(share(-0.15, 0.52), roles={"age": "confounder"}) if text.startswith("Cannot tell whether")
    ]
    assert overall.endswith("You call age a confounder, to be adjusted for.")
    assert not any("judge" in text for text in said({}, remainder(share(-0.15, 0.52)), category="cannot tell"))


@pytest.mark.parametrize(
    ("p_given", "rest"), [(0.4, "nothing that this cohort could have shown"), (0.01, "small rest")]
)
def test_beside_confounding_stands_the_p_value_given_all_candidates(p_given, rest):
    (overall,) = [text for text in one(share(-0.05, 0.15), p_given=p_given) if "consistent with confounding" in text]
    assert f"p = {p_given:.3g} given it" in overall
    assert rest in overall


def test_a_slope_that_turns_round_and_more_than_all_are_hints_that_are_named():
    assert any("common consequence" in text for text in one(share(-0.5, 0.04), p_given=0.4))
    more = one(share(1.2, 1.8))
    assert any("suppressor" in text and "selected" in text for text in more)
    assert not any("hints" in text for text in one(share(0.92, 1.04)) + one(share(-0.05, 0.15)))


def test_a_real_effect_may_be_due_to_other_causes_or_to_selection():
    (overall,) = [text for text in one(share(0.92, 1.04)) if text.startswith("No candidate explains it")]
    assert "not among the candidates" in overall
    assert "selected" in overall


def test_where_nothing_is_found_the_edge_that_would_have_been_is_said():
    texts = one(share(0.92, 1.04), p=0.3, category="no association")
    assert len(texts) == 1
    assert texts[0].startswith("score is not significantly associated with connectivity")
    # (4.5 + .84) / sqrt(200 + 5.34 ** 2)
    assert "four of five cases if its |r| is 0.35 or more" in texts[0]


@pytest.mark.parametrize(("n_apart", "words"), [(0, "none of 200 subjects"), (7, "7 of 200 subjects"), (200, "in 200")])
def test_what_says_the_same_as_the_target_is_named_before_all_else_with_counts(n_apart, words):
    alias = candidate(remainder(ALIAS), n_apart=n_apart)
    texts = said({"site": alias}, remainder(share(0.9, 1.1)), names=(), category="cannot tell")
    assert texts[0].startswith("site cannot be told from score here: it explains 100.0 % of it")
    assert words in texts[0]
    assert "site cannot be told from it" in texts[2]
    near = candidate(remainder(share(0.2, 1.4, explained=0.95)), n_apart=n_apart)
    assert said({"site": near}, near.remainder)[0].startswith("site can hardly be told from score here")


def test_an_association_that_only_adjusting_reveals_says_what_may_have_hidden_it():
    texts = one(UNKNOWN, p=0.5, p_given=0.002, category="real effect", appears=True)
    assert len(texts) == 2
    assert texts[1].startswith("The association appears only when age is adjusted for (p = 0.002)")
    assert "suppressor" in texts[1]


def test_a_candidate_that_explains_it_alone_is_said_where_all_together_are_too_many():
    alone, joint = remainder(share(-0.05, 0.15)), remainder(share(-0.4, 0.8))
    texts = said({"age": candidate(alone), "sex": candidate(joint)}, joint, category="confounding")
    assert any(text.startswith("age explains it by itself: 5 % remains") and "too wide" in text for text in texts)


def test_the_map_is_told_where_it_decides():
    texts = one(share(0.95, 1.05), share(0.4, 0.6))
    assert any(
        "age explains part of it: 100 % remains, 95 to 105, along what predicts, and 50 %" in text for text in texts
    )


def test_candidates_without_a_part_are_named_together():
    of = remainder(share(0.95, 1.05))
    texts = said({name: candidate(of, "unrelated") for name in ("age", "sex")}, of, names=())
    assert texts[-1] == "age, sex have no visible part in it: not associated with score."
    assert "none has a part in it" in texts[1]


def test_where_a_test_broke_the_tie_most_is_said_to_be_explained():
    texts = one(share(0.19, 0.54), p_given=0.08, category="confounding")
    (overall,) = [text for text in texts if text.startswith("age explains most of it: 36 % remains, 19 to 54")]
    assert "(p = 0.08 given it: the rest could not be shown by itself)" in overall
    settled = candidate(remainder(share(0.19, 0.54)), "confounding")
    texts = said({"age": settled}, settled.remainder, p_given=0.08, category="confounding")
    assert "age explains most of it: 36 % remains, 19 to 54 (p = 0.08 given all candidates)." in texts


@pytest.mark.parametrize(("of_product", "verb"), [(share(-0.05, 0.1), "it"), (share(0.4, 0.6), "part of it")])
def test_of_two_candidates_whose_product_explains_it_each_says_with_which(of_product, verb):
    alone, product = remainder(share(0.95, 1.05)), remainder(of_product)
    candidates = {name: candidate(alone, product.category) for name in ("site", "drug")}
    model = JointModel(("site", "drug"), {("site", "drug"): product}, np.ones(200, dtype=bool), np.zeros((200, 3)))
    found = Explanation(
        score_test(0.001), score_test(0.4), candidates, product, model, None, 0.3, product.category, appears=False
    )
    texts = [one.text for one in findings("score", VerdictPart(found, BOUNDS, 0.05, {}))]
    assert any(text.startswith(f"site explains {verb}, together with its product with drug: ") for text in texts)
    assert any(text.startswith(f"drug explains {verb}, together with its product with site: ") for text in texts)


@pytest.mark.parametrize("of_map", [share(0.92, 1.04), share(0.4, 0.6), share(-0.05, 0.15)])
def test_where_only_the_map_has_a_share_that_is_told(of_map):
    texts = one(UNKNOWN, of_map, p_given=0.4)
    assert not any("not defined" in text or "inf" in text for text in texts)
    assert any(f"{100 * of_map.estimate:.0f} % remains" in text for text in texts)


def test_beside_what_remains_stands_how_strong_an_unknown_cause_would_have_to_be():
    found = Sensitivity(0.1, 0.28, Benchmark("motion", 0.031, 0.052))
    for remaining in (share(0.92, 1.04), share(0.4, 0.6)):
        (text,) = [text for text in one(remaining, sensitivity=found) if "robustness value" in text]
        assert "would have to explain 28 % of what is left of score" in text
        assert "motion, the strongest that is, explains 3 and 5 %" in text
    alone = dataclasses.replace(found, strongest=None)
    assert any(text.endswith("(robustness value).") for text in one(share(0.4, 0.6), sensitivity=alone))
    assert not any("robustness" in text for text in one(share(-0.05, 0.15), p_given=0.4, sensitivity=found))


def test_a_role_takes_the_place_of_the_readings_that_numbers_allow():
    texts = one(share(-0.05, 0.15), p_given=0.4, roles={"age": "confounder"})
    (overall,) = [text for text in texts if "consistent with confounding" in text]
    assert overall.endswith("You call age a confounder, to be adjusted for.")
    assert "for you to judge" not in overall
    of = remainder(share(-0.05, 0.15))
    texts = said({"age": candidate(of), "site": candidate(of)}, of, p_given=0.4, roles={"age": "confounder"})
    assert any("Whether site is a cause of both" in text for text in texts)


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (
            "mediator",
            "hours, which you call a link, is not adjusted for; given it 5 % remains, −5 to 15:",
        ),
        ("consequence", "hours, which you call a consequence of both, is not adjusted for: that would make"),
    ],
)
def test_what_is_not_adjusted_for_is_said_with_its_role(role, words):
    given = {"hours": candidate(remainder(share(-0.05, 0.15)))}
    texts = said(given, remainder(share(0.95, 1.02)), names=(), roles={"hours": role})
    assert any(text.startswith(words) for text in texts)
    assert not any(text.startswith("hours explains it") for text in texts)


def test_an_innocent_proxy_is_called_a_proxy_and_no_part_of_the_explanation():
    all_of_it, part = remainder(share(-0.05, 0.1)), remainder(share(0.5, 0.7))
    parts = {
        "site": ExplainedParts(0.98, 0.6, 0.5, 0.7, 0.6, 0.3, "hours", 0.38),
        "hours": ExplainedParts(0.4, 0.01, -0.02, 0.04, 0.2, 0.0, "site", 0.39),
    }
    lines = said({"site": candidate(all_of_it), "hours": candidate(part)}, all_of_it, parts=parts)
    assert (
        "hours is a proxy of site: by itself it explains 40 %, but uniquely 1 % (−2 to 4); the rest is shared with "
        "site, which explains a part of its own."
    ) in lines
    assert not any(line.startswith("hours explains") for line in lines)
    assert any(line.startswith("site explains it") for line in lines)


def test_what_two_share_and_neither_has_alone_is_said():
    all_of_it = remainder(share(-0.05, 0.1))
    parts = {
        "fd": ExplainedParts(0.98, 0.01, -0.02, 0.04, 0.6, 0.0, "dvars", 0.97),
        "dvars": ExplainedParts(0.98, 0.01, -0.02, 0.04, 0.6, 0.0, "fd", 0.97),
    }
    lines = said({"fd": candidate(all_of_it), "dvars": candidate(all_of_it)}, all_of_it, parts=parts)
    assert any("fd and dvars share 97 % of what is explained" in line and "cannot be told" in line for line in lines)
