"""The case study in the documents is what the program computes."""

from __future__ import annotations

import os
import re

import pytest

import case_study

_NUMBER = re.compile(r"[−-]?\d[\d,]*(?:\.\d+)?|[−-]?\.\d+")


@pytest.fixture(scope="module")
def study() -> case_study.Study:
    return case_study.Study()


@pytest.fixture(scope="module")
def blocks() -> dict[str, str]:
    return case_study.blocks_of(case_study.PAGE.read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("block", ["people", "maps", "variants", "transfer"])
def test_a_table_of_the_page_is_what_the_analyses_give(study, blocks, block):
    assert_alike(case_study.BLOCKS[block](study), blocks[block])


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif("CASE_STUDY" not in os.environ, reason="ten minutes of computing; set CASE_STUDY=1 to have it")
@pytest.mark.parametrize("block", ["predictions", "verdict"])
def test_what_takes_long_is_what_the_analyses_give_too(study, blocks, block):
    assert_alike(case_study.BLOCKS[block](study), blocks[block])


def test_the_words_of_the_page_are_those_of_the_script(blocks):
    assert list(blocks) == list(case_study.BLOCKS)
    assert case_study.page(blocks) == case_study.PAGE.read_text(encoding="utf-8")


def test_its_pictures_are_there_and_small():
    named = re.findall(r"\]\((images/[^)]+)\)", case_study.PAGE.read_text(encoding="utf-8"))
    assert len(named) == 4
    sizes = [(case_study.PAGE.parent / name).stat().st_size for name in named]
    assert sum(sizes) < 450_000


def test_a_number_that_is_not_on_the_page_is_noticed():
    assert_alike("a 12.8 b 1,203", "a 12.9 b 1,203")
    for other in ("a 13.1 b 1,203", "a 12.8 b 1,206", "a 12.8 c 1,203", "a 12.8 b 1,203 4", "a −12.8 b 1,203"):
        with pytest.raises(AssertionError):
            assert_alike("a 12.8 b 1,203", other)


def assert_alike(ours: str, theirs: str) -> None:
    """Compare texts, and their numbers to one of the last digit, since arithmetic differs between machines."""
    assert _NUMBER.sub("#", ours) == _NUMBER.sub("#", theirs)
    for one, other in zip(_NUMBER.findall(ours), _NUMBER.findall(theirs), strict=True):
        last = 10.0 ** -len(one.partition(".")[2])
        assert abs(_value(one) - _value(other)) <= 1.001 * last, (one, other)


def _value(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))
