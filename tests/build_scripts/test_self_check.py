"""The self-check counts what it says, and a few of its cohorts come out as the page in the documents has them."""

from __future__ import annotations

import re

import numpy as np
import pytest

import self_check
from imagenomer.teaching import TRUTHS
from known_truths import EXPECTED, is_right, verdict
from null_cohorts import NULL_TESTS, rejections

SAID = {"age": "unrelated", "sex": "unrelated", "mean_fd": "unrelated", "site": "unrelated"}


@pytest.mark.parametrize("truth", EXPECTED)
def test_the_verdict_is_right_about_cohorts_of_every_truth(truth):
    wrong = {101, 102} & _wrong_on_the_page(truth)
    for seed in (101, 102):
        row = verdict(truth, seed)
        assert is_right(truth, row) == (seed not in wrong), row


def test_every_truth_is_checked():
    assert set(EXPECTED) == set(TRUTHS)


@pytest.mark.parametrize(
    ("row", "right"),
    [
        ({"overall": "confounding", "candidates": {**SAID, "ancestry": "confounding"}}, True),
        ({"overall": "both", "candidates": {**SAID, "ancestry": "both"}}, False),
        ({"overall": "confounding", "candidates": {**SAID, "ancestry": "both"}}, False),
        ({"overall": "confounding", "candidates": {**SAID, "ancestry": "confounding", "age": "both"}}, False),
        ({"overall": "confounding", "candidates": {**SAID, "ancestry": "confounding", "age": "real effect"}}, True),
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
        path.relative_to(self_check.ROOT / "py" / "imagenomer" / "analyses").as_posix()
        for path in self_check.needed_by("imagenomer.analyses.confounds.evidence")
    }
    for name in ("evidence", "associations", "predictions", "subjects", "candidates", "params"):
        assert f"confounds/{name}.py" in files
    for name in ("ancestry", "linear_model", "sample"):
        assert f"shared/{name}.py" in files
    assert not any("/words/" in name or "/tables/" in name for name in files)


def test_a_stopped_run_goes_on_where_it_was(tmp_path, monkeypatch):
    record = tmp_path / "record.jsonl"
    record.write_text('{"what": "site", "seed": 1, "overall": "both"}\n{"what": "site", "se', encoding="utf-8")
    done = self_check.run([("site", 1)], 1, record)
    assert done["site", 1]["overall"] == "both"


def test_the_page_counts_and_lists_what_was_wrong():
    right = {"overall": "confounding", "candidates": {**SAID, "ancestry": "confounding"}}
    done = {}
    for truth, expected in EXPECTED.items():
        candidates = dict.fromkeys(expected.innocent, "unrelated")
        candidates |= {expected.cause: expected.overall} if expected.cause else {}
        for seed in (7, 8):
            done[truth, seed] = {"overall": expected.overall, "candidates": candidates}
    done["pure-confound", 7] = right
    done["pure-confound", 8] = {**right, "overall": "cannot tell"}
    for seed in (1, 2, 3, 4):
        done["nulls", seed] = {"rejected": {name: int(seed == 4) for name in NULL_TESTS}}
    page = self_check.page(done, (7, 8), 4)
    assert (
        "| pure-confound | consistent with confounding (or mediation) (ancestry) | 1 of 2 | cannot tell (8) |" in page
    )
    assert "| site | consistent with confounding (or mediation) (site) | 2 of 2 | – |" in page
    assert page.count("| 25.0 % |  |") == len(NULL_TESTS)


def _wrong_on_the_page(truth: str) -> set[int]:
    (line,) = re.findall(rf"^\| {truth} \|.*$", self_check.PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {int(seed) for seed in re.findall(r"\b\d{3}\b", line.rpartition("|")[0].rpartition("|")[2])}
