"""Permutations: within blocks, each as likely as any other, and none where nothing can be shown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edges_of_age import draw, run
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.statistics.design import code
from imagenomer.statistics.permutation import draw_permutations, heights_of

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(1, 5))
def test_subjects_stay_within_their_block(seed, n_blocks):
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, n_blocks, 23) * 7
    permutations = draw_permutations(rng, 9, 23, blocks)
    np.testing.assert_array_equal(blocks[permutations], np.tile(blocks, (9, 1)))
    np.testing.assert_array_equal(np.sort(permutations, axis=1), np.tile(np.arange(23), (9, 1)))


@pytest.mark.parametrize("blocks", [None, np.array([0, 1, 0, 1, 0])])
def test_every_permutation_is_as_likely_as_any_other(blocks):
    permutations = draw_permutations(np.random.default_rng(1), 24_000, 5, blocks)
    counts = np.unique(permutations, axis=0, return_counts=True)[1]
    assert counts.size == (120 if blocks is None else 12)
    expected = 24_000 / counts.size
    assert ((counts - expected) ** 2 / expected).sum() < counts.size + 4 * np.sqrt(2 * counts.size)


@pytest.mark.parametrize("blocks", [None, np.arange(30) % 4])
def test_ten_and_ten_more_are_twenty(blocks):
    rng = np.random.default_rng(2)
    parts = [draw_permutations(rng, 10, 30, blocks) for _ in range(2)]
    np.testing.assert_array_equal(np.concatenate(parts), draw_permutations(np.random.default_rng(2), 20, 30, blocks))


def test_too_little_to_permute_is_refused():
    values, score, _, design = draw(13)
    with pytest.raises(InputError, match="30 blocks of 30 subjects can be permuted in 1 ways only"):
        run(values, score, design, blocks=np.arange(30))
    half = code(Phenotype("half", np.repeat([0, 1], 15), levels=("a", "b")), np.arange(30))
    with pytest.raises(InputError, match="half does not vary within any block"):
        run(values, half, design, blocks=np.repeat([3, 1], 15))
    with pytest.raises(ValueError, match="blocks of shape"):
        run(values, score, design, blocks=np.arange(29))


def test_the_direction_counts_only_where_there_is_one():
    t = np.array([-2.0, 0, 3, np.nan])
    np.testing.assert_array_equal(heights_of(t, "two-sided", 1), [2, 0, 3, 0])
    np.testing.assert_array_equal(heights_of(t, "greater", 1), [0, 0, 3, 0])
    np.testing.assert_array_equal(heights_of(t, "less", 1), [2, 0, 0, 0])
    np.testing.assert_array_equal(heights_of(np.abs(t), "less", 2), [2, 0, 3, 0])
