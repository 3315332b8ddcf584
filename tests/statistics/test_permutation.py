"""Permutations: within blocks, each as likely as any other, and none where nothing can be shown."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from edges_of_age import draw, run
from imagenomer.cohort import Phenotype
from imagenomer.edges import edges_to_matrix
from imagenomer.errors import InputError
from imagenomer.progress import Progress, finish
from imagenomer.statistics.block_exchange import Blocks
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.enhancement import enhance, enhanced
from imagenomer.statistics.network_statistic import components, network_based_statistic
from imagenomer.statistics.networks import enrichment
from imagenomer.statistics.permutation import (
    Permutations,
    check_exchangeable,
    count_distinct,
    draw_permutations,
    exchange_of,
    heights_of,
    kinds_of,
    list_distinct,
)
from imagenomer.statistics.similarity import compare_maps
from imagenomer.statistics.variant_permutation import largest_statistics

seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("exchange", [None, "within", "whole", "both"])
def test_they_are_drawn_in_parts_so_that_a_cancel_is_obeyed_and_are_the_same(exchange, monkeypatch):
    blocks = None if exchange is None else Blocks(np.arange(24) // 4, exchange)
    kinds, progress = np.arange(24), []
    whole = Permutations(kinds, blocks, 50, np.random.default_rng(5)).draw(50)
    monkeypatch.setattr("imagenomer.statistics.permutation._SORTED_AT_ONCE", 24 * 7)
    drawn = Permutations(kinds, blocks, 50, np.random.default_rng(5))
    parts = finish(drawn.draw_in_steps(50, Progress("Permuting", 0, 50)), progress.append)
    np.testing.assert_array_equal(parts, whole)
    assert progress == [Progress("Permuting", 0, 50)] * math.ceil(50 / 7)


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
    with pytest.raises(InputError, match="30 blocks of 30 subjects can be permuted in 1 way only"):
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


# --- all of them, where they are few --------------------------------------------------------------

few_subjects = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=7)


def the_long_way(kinds, blocks):
    """All orders of the kinds within blocks, each once."""
    orders = itertools.permutations(range(kinds.size))
    allowed = [list(order) for order in orders if (blocks[list(order)] == blocks).all()]
    return {tuple(kinds[order].tolist()) for order in allowed}


@given(few_subjects, st.booleans())
def test_every_distinct_permutation_is_listed_once_the_actual_order_first(subjects, whole):
    kinds, blocks = np.array(subjects).T
    given_blocks = None if whole else blocks
    expected = the_long_way(kinds, np.zeros_like(blocks) if whole else blocks)
    found = list_distinct(kinds, given_blocks)
    np.testing.assert_array_equal(found[0], np.arange(kinds.size))
    np.testing.assert_array_equal(np.sort(found, axis=1), np.tile(np.arange(kinds.size), (len(found), 1)))
    assert {tuple(row) for row in kinds[found].tolist()} == expected
    assert len(found) == len(expected) == count_distinct(kinds, given_blocks)
    if not whole:
        np.testing.assert_array_equal(blocks[found], np.tile(blocks, (len(found), 1)))


def test_many_permutations_are_counted_by_their_logarithm():
    halves = np.arange(100) % 2
    assert count_distinct(halves, None) == pytest.approx(math.comb(100, 50), rel=1e-9)
    assert count_distinct(np.arange(1000), None) == math.inf
    assert count_distinct(np.arange(1000) == 0, None) == 1000


def test_all_are_used_where_they_are_no_more_than_were_asked_for():
    kinds = np.array([0, 0, 0, 1, 1])
    every = Permutations(kinds, None, 9, np.random.default_rng(1))
    assert (every.n, every.listed) == (9, True)
    rows = np.concatenate([every.draw(4), every.draw(5)])
    assert len({tuple(row) for row in [kinds, *kinds[rows]]}) == 10
    sample = Permutations(kinds, None, 8, np.random.default_rng(1))
    assert (sample.n, sample.listed) == (8, False)
    np.testing.assert_array_equal(sample.draw(8), draw_permutations(np.random.default_rng(1), 8, 5))


def pairs(n_pairs):
    """As many pairs of a control and a patient, paired blocks and the model of the mean."""
    group = Phenotype("group", np.tile([0, 1], n_pairs), levels=("control", "patient"))
    subjects = np.arange(2 * n_pairs)
    return code(group, subjects), build_design([], subjects), np.repeat(np.arange(n_pairs), 2)


@pytest.mark.parametrize(("alternative", "n_alike"), [("two-sided", 2), ("greater", 1), ("less", 1)])
def test_the_smallest_p_of_five_pairs_is_one_sixteenth(alternative, n_alike):
    found = exchange_of(*pairs(5), 4999, alternative)
    assert (found.n_distinct, found.n_alike, found.n_used, found.listed) == (32, n_alike, 31, True)
    assert found.smallest_p == n_alike / 32


def test_the_smallest_p_of_a_sample_is_that_of_the_sample_or_of_all():
    tested, design, _ = pairs(10)
    found = exchange_of(tested, design, None, 1000)
    assert (found.n_distinct, found.n_used, found.listed) == (math.comb(20, 10), 1000, False)
    assert found.smallest_p == 1 / 1001
    assert exchange_of(*pairs(10), 1000).smallest_p == 2 / 1024  # not 1 / 1001: both ways round are alike


@pytest.mark.parametrize("sizes", [(2, 2, 2), (3, 2, 2)])
def test_levels_of_a_size_can_change_names(sizes):
    levels = np.repeat(np.arange(3), sizes)
    category = Phenotype("category", levels, levels=("A", "B", "C"))
    subjects = np.arange(levels.size)
    found = exchange_of(code(category, subjects), build_design([], subjects), None, 1000)
    assert found.n_alike == (6 if sizes == (2, 2, 2) else 2)


def test_covariates_tell_subjects_apart():
    tested, _, _ = pairs(5)
    age = Phenotype("age", np.random.default_rng(1).standard_normal(10))
    found = exchange_of(tested, build_design([age], np.arange(10)), None, 1000)
    assert found.n_distinct == pytest.approx(math.factorial(10), rel=1e-12)
    assert found.n_alike == 1


def test_too_few_distinct_permutations_are_refused():
    with pytest.raises(InputError, match="5 subjects can be permuted in 5 ways only that differ in dx"):
        check_exchangeable("dx", np.array([0, 0, 0, 0, 1]), None)
    check_exchangeable("dx", np.array([0, 0, 0, 1, 1, 1]), None)
    check_exchangeable("dx", np.array([0, 0, 0, 0, 1]), None, np.arange(5))


def test_kinds_are_those_who_are_alike_in_everything():
    assert kinds_of(np.array([1.0, 2, 1, 1]), np.array([[0, 1], [0, 1], [0, 1], [1, 1]])).tolist() == [0, 2, 0, 1]


# --- exact tests ---------------------------------------------------------------------------------


def exact_p(observed, null):
    """The share of all permutations whose largest statistic is at least as large, but for rounding."""
    return np.mean(null[:, None] >= observed * (1 - 1e-5), axis=0)


@pytest.fixture
def paired():
    """Six pairs, fifteen edges between six parcels, and what a t-test finds with every way of turning pairs round."""
    tested, design, blocks = pairs(6)
    values = np.random.default_rng(4).standard_normal((12, 15)).astype(np.float32)
    values[1::2, :5] += 1.5

    def heights(group):
        return np.abs(stats.ttest_ind(values[group == 1], values[group == 0]).statistic)

    actual = np.tile([0, 1], 6)
    flips = np.array(list(itertools.product([0, 1], repeat=6)))
    every = np.array([heights(np.repeat(flip, 2) ^ actual) for flip in flips])
    return values, tested, design, blocks, every


def test_max_t_of_few_permutations_is_exact(paired):
    values, tested, design, blocks, every = paired
    found = run(values, tested, design, n_permutations=4999, blocks=blocks)
    assert found.null.size == 63
    np.testing.assert_allclose(found.adjusted_p, exact_p(every[0], every.max(axis=1)))
    # Another seed gives the same, and so do as many permutations as there are.
    again = run(values, tested, design, seed=9, n_permutations=63, blocks=blocks)
    np.testing.assert_array_equal(found.adjusted_p, again.adjusted_p)


def test_components_and_enhancement_of_few_permutations_are_exact(paired):
    values, tested, design, blocks, every = paired
    rows, options = np.arange(12), {"n_permutations": 1000, "blocks": blocks}
    found = finish(
        network_based_statistic(values, rows, tested, design, threshold=1.0, rng=np.random.default_rng(1), **options)
    )
    largest = []
    for heights in every:
        edge = np.flatnonzero(heights > 1)
        largest.append(components(np.zeros_like(edge), edge, heights[edge], 1, 6)[1].max())
    np.testing.assert_allclose(found.p_extent, exact_p(found.extent, np.array(largest)))
    enhanced_edges = finish(enhance(values, rows, tested, design, rng=np.random.default_rng(1), **options))
    scores = enhanced(every, 6, 0.1, 0.4, 3.0)
    np.testing.assert_allclose(enhanced_edges.adjusted_p, exact_p(scores[0], scores.max(axis=1)))


def test_enrichment_of_few_permutations_is_exact(paired):
    values, tested, design, blocks, every = paired
    pair = np.arange(15) // 5
    found = finish(
        enrichment(
            values, np.arange(12), tested, design, pair, 3,
            threshold=1.0, n_permutations=1000, rng=np.random.default_rng(1), blocks=blocks,
        )
    )  # fmt: skip
    counts = (every > 1).reshape(64, 3, 5).sum(axis=2)
    np.testing.assert_allclose(found.p_value, (counts >= counts[0]).mean(axis=0))


def test_max_t_of_variants_with_few_permutations_is_exact():
    rng = np.random.default_rng(2)
    dosage, phenotype = rng.integers(0, 3, (7, 4)).astype(np.int8), np.array([1.0, 1, 1, 2, 2, 5, 5])
    null = finish(
        largest_statistics([(dosage, np.zeros((7, 0)))], phenotype, np.zeros((7, 0)), n_permutations=999, rng=rng)
    )
    orders = {tuple(order) for order in itertools.permutations(phenotype)} - {tuple(phenotype)}
    expected = [np.abs(t_of(dosage, np.array(order))).max() for order in orders]
    np.testing.assert_allclose(np.sort(null), np.sort(expected), rtol=1e-6)


def t_of(dosage, phenotype):
    r = stats.pearsonr(dosage.astype(float), phenotype[:, None], axis=0).statistic
    return r * np.sqrt((phenotype.size - 2) / (1 - r**2))


def test_maps_of_few_parcels_are_compared_by_all_orders():
    maps = np.random.default_rng(3).standard_normal((2, 6))
    found = finish(compare_maps(maps, maps > 1, 999, np.random.default_rng(1)))
    assert found.n_permutations == 23
    matrices = [edges_to_matrix(own) for own in maps]
    upper = np.triu_indices(4, 1)
    null = [
        np.corrcoef(matrices[0][upper], matrices[1][np.ix_(order, order)][upper])[0, 1]
        for order in map(list, itertools.permutations(range(4)))
    ]
    assert found.r_p[0, 1] == np.mean(np.abs(null) >= abs(null[0]) - 1e-12)
    with pytest.raises(InputError, match="one parcel only"):
        finish(compare_maps(maps, maps > 1, 999, np.random.default_rng(1), list("abcd")))
