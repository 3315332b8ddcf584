"""The self-check counts what it says, and a few of its cohorts come out as the page in the documents has them."""

from __future__ import annotations

import os
import re

import numpy as np
import pytest

import planted_cohorts
import self_check
from connectivity_noise import draw_noise
from imagenomer.analyses.confounds.evidence import judge
from imagenomer.analyses.confounds.params import Params
from imagenomer.progress import finish
from imagenomer.teaching import TRUTHS
from known_truths import EXPECTED, PLANTED, TEACHING, amiss, is_right, verdict
from null_cohorts import FLIPPED, LOOKS, NULL_TESTS, flip_rejections, rejections

SAID = {"age": "unrelated", "sex": "unrelated", "mean_fd": "unrelated", "site": "unrelated"}


@pytest.mark.slow
@pytest.mark.parametrize("truth", EXPECTED)
def test_the_verdict_is_what_the_page_says_of_a_cohort_of_every_truth(truth):
    row = verdict(truth, 101)
    assert is_right(truth, row) == (101 not in _wrong_on_the_page(truth)), row


def test_every_truth_is_checked():
    assert set(TEACHING) == set(TRUTHS)
    assert set(PLANTED) == set(planted_cohorts.PLANTED)
    assert len(EXPECTED) == len(TEACHING) + len(PLANTED), "names differ"


@pytest.mark.parametrize("truth", PLANTED)
def test_planted_cohorts_have_what_is_expected_of_them_and_follow_the_seed(truth):
    cohort = planted_cohorts.draw(truth, 1)
    expected = EXPECTED[truth]
    assert {*expected.causes, *expected.innocent, "score"} <= set(cohort.phenotypes)
    again, other = planted_cohorts.draw(truth, 1), planted_cohorts.draw(truth, 2)
    np.testing.assert_array_equal(cohort.measures["fc"].values, again.measures["fc"].values)
    assert not np.array_equal(cohort.measures["fc"].values, other.measures["fc"].values)


def test_noise_has_the_covariance_of_the_model():
    n_subjects = 1000
    noise = draw_noise(n_subjects, np.random.default_rng(1))
    centred = noise - noise.mean(axis=0)
    shared = np.linalg.eigvalsh(centred @ centred.T)[:-22:-1] / noise.var(axis=0).sum() / n_subjects
    assert shared[0] == pytest.approx(0.23, abs=0.02)
    assert shared[:20].sum() == pytest.approx(0.62, abs=0.03)
    assert shared[20] < 0.001


def test_words_that_are_missing_make_a_verdict_wrong():
    row = {"overall": "both", "candidates": {"site": "both"}, "words": "or the same candidate, imperfectly measured"}
    assert is_right("half real", row)
    assert amiss("half real", {**row, "words": "site"}) == "without “imperfectly measured”"


@pytest.mark.parametrize(
    ("row", "right"),
    [
        ({"overall": "confounding", "candidates": {**SAID, "ancestry": "confounding"}, "words": ""}, True),
        ({"overall": "both", "candidates": {**SAID, "ancestry": "both"}, "words": ""}, False),
        ({"overall": "confounding", "candidates": {**SAID, "ancestry": "both"}, "words": ""}, False),
        (
            {"overall": "confounding", "candidates": {**SAID, "ancestry": "confounding", "age": "both"}, "words": ""},
            False,
        ),
        (
            {
                "overall": "confounding",
                "candidates": {**SAID, "ancestry": "confounding", "age": "real effect"},
                "words": "",
            },
            True,
        ),
    ],
)
def test_a_verdict_is_right_about_target_cause_and_bystanders_or_it_is_wrong(row, right):
    assert is_right("pure-confound", row) == right


def test_nulls_are_rejected_no_more_often_than_they_should_be():
    counts = np.zeros(len(NULL_TESTS), dtype=int)
    for seed in range(2001, 2006):
        rejected = rejections(seed)["rejected"]
        assert list(rejected) == list(NULL_TESTS)
        counts += list(rejected.values())
    # Of 5, each at 5 %: 4 or more happen once in 30,000.
    assert counts.max() <= 3


def test_the_verdicts_of_a_change_are_kept_apart_whatever_module_it_is_in_that_decides():
    files = {
        os.path.relpath(path, self_check.ROOT / "py" / "imagenomer" / "analyses").replace(os.sep, "/")
        for path in self_check.needed_by("imagenomer.analyses.confounds.evidence")
    }
    for name in ("evidence", "subjects", "candidates", "params"):
        assert f"confounds/{name}.py" in files
    for name in ("ancestry", "linear_model", "sample"):
        assert f"shared/{name}.py" in files
    for name in ("score_test", "left_out_scores", "orthonormal", "flexible_columns"):
        assert f"../statistics/{name}.py" in files
    assert "../statistics/elastic_net.py" not in files
    assert not any("/words/" in name or "/tables/" in name for name in files)


def test_a_stopped_run_goes_on_where_it_was(tmp_path, monkeypatch):
    record = tmp_path / "record.jsonl"
    record.write_text('{"what": "site", "seed": 1, "overall": "both"}\n{"what": "site", "se', encoding="utf-8")
    done = self_check.run([("site", 1)], 1, record)
    assert done["site", 1]["overall"] == "both"


def test_of_a_changed_module_the_code_counts_and_not_its_comments(tmp_path):
    module = tmp_path / "module.py"
    names = []
    for text in ('"""One."""\nx = 1  # so\n', '"""Two."""\n\nx = 1\n', '"""One."""\nx = 2\n'):
        module.write_text(text, encoding="utf-8")
        names.append(self_check.fingerprint(1, [module]))
    assert names[0] == names[1] != names[2]


def test_after_its_time_a_run_begins_nothing_and_says_what_is_left(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(self_check, "CACHE", tmp_path)
    done = self_check.main(["--seeds", "1-2", "--truths", "site", "--flips", "0", "--nulls", "0", "--minutes", "0"])
    assert done == 0
    assert "2 of 2 cohorts are left" in capsys.readouterr().out


def test_the_page_counts_and_lists_what_was_wrong():
    right = {"overall": "confounding", "candidates": {**SAID, "ancestry": "confounding"}, "words": ""}
    done = {}
    for truth, expected in EXPECTED.items():
        candidates = dict.fromkeys(expected.innocent, "unrelated") | dict.fromkeys(expected.causes, expected.overall[0])
        row = {"overall": expected.overall[0], "candidates": candidates, "words": " ".join(expected.words)}
        done |= {(truth, 7): row, (truth, 8): row}
    done["pure-confound", 7] = right
    done["pure-confound", 8] = {**right, "overall": "cannot tell"}
    for seed in (1, 2, 3, 4):
        done["nulls", seed] = {"rejected": {name: int(seed == 4) for name in NULL_TESTS}}
    for truth in FLIPPED:
        for seed in (1, 2):
            done[f"flips: {truth}", seed] = {"rejected": {look: int(seed == 2 and look == "whole") for look in LOOKS}}
    page = self_check.page(done, (7, 8), 2, 4)
    assert "| twins | 0.0 % | 50.0 % | 0.0 % | 0.0 % |" in page
    assert "| pure-confound | confounding (ancestry) | 1 of 2 | cannot tell (8) |" in page
    assert "| site | confounding (site) | 2 of 2 | – |" in page
    assert "| real, 40 subjects | real effect or cannot tell | 2 of 2 | – |" in page
    assert page.count("| 25.0 % |  |") == len(NULL_TESTS)


def _wrong_on_the_page(truth: str) -> set[int]:
    row = rf"^\| {re.escape(truth)} \|.* \d+ of \d+ \|.*$"
    (line,) = re.findall(row, self_check.PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {int(seed) for seed in re.findall(r"\b\d{3}\b", line.rpartition("|")[0].rpartition("|")[2])}


def test_without_new_cohorts_the_page_keeps_what_it_says_of_the_other_tests():
    kept = self_check._nulls_on_the_page()
    assert kept.startswith("Share of 1,000 cohorts")
    assert [line.split(" | ")[0] for line in kept.splitlines()[5:]] == [f"| {title}" for title in NULL_TESTS.values()]


def test_sign_flips_of_relatives_are_those_of_families():
    for truth in ("noisy patients, SD x1.8", "families of four"):
        rejected = sum(np.array(list(flip_rejections(truth, seed)["rejected"].values())) for seed in range(301, 307))
        # Of 6, each at 5 %: 4 or more happen once in 12,000.
        assert rejected.max() <= 3


@pytest.mark.slow
def test_a_verdict_does_not_change_with_the_seed_of_the_report():
    cohort = planted_cohorts.draw("real, 8 correlates, hard", 101)
    found = [finish(judge(cohort, Params("score", seed=seed))) for seed in (1, 2, 3)]
    said = [(one.category, {name: own.category for name, own in one.candidates.items()}) for one in found]
    assert said[0] == said[1] == said[2]
