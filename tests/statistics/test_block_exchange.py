"""Whole-block and within-block exchange: every permutation that keeps blocks, found by trying all orders."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edges_of_age import draw, permuted_and_refitted, run
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.statistics.block_exchange import Blocks
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.permutation import (
    check_exchangeable,
    count_distinct,
    draw_permutations,
    exchange_of,
    list_distinct,
)

CODES = np.array([5, 5, 2, 2, 9, 7, 9])


def keeps_blocks(order, codes, exchange):
    """Whether an order has subjects of one block in each block, and the first for the first where blocks are wholes."""
    for block in np.unique(codes):
        own = np.flatnonzero(codes == block)
        there = codes[order[own]]
        if np.unique(there).size > 1 or np.count_nonzero(codes == there[0]) != own.size:
            return False
        if exchange == "within" and there[0] != block:
            return False
        if exchange == "whole" and (order[own] != np.flatnonzero(codes == there[0])).any():
            return False
    return True


def all_orders(codes, exchange):
    every = (np.array(one) for one in itertools.permutations(range(codes.size)))
    return [order for order in every if keeps_blocks(order, codes, exchange)]


@pytest.mark.parametrize("exchange", ["within", "whole", "both"])
@pytest.mark.parametrize("kinds", [np.arange(7), np.array([0, 1, 1, 0, 0, 2, 1]), np.array([0, 0, 0, 0, 1, 2, 1])])
def test_all_that_differ_are_listed_and_counted_once(exchange, kinds):
    blocks = Blocks(CODES, exchange)
    expected = {tuple(kinds[order]) for order in all_orders(CODES, exchange)}
    listed = list_distinct(kinds, blocks)
    assert [tuple(kinds[order]) for order in listed].count(tuple(kinds)) == 1
    assert {tuple(kinds[order]) for order in listed} == expected
    assert len(listed) == len(expected) == count_distinct(kinds, blocks)
    assert all(keeps_blocks(order, CODES, exchange) for order in listed)
    np.testing.assert_array_equal(listed[0], np.arange(7))


@pytest.mark.parametrize("exchange", ["within", "whole", "both"])
def test_each_is_drawn_as_often_as_any_other(exchange):
    drawn = draw_permutations(np.random.default_rng(1), 6000, 7, Blocks(CODES, exchange))
    orders, counts = np.unique(drawn, axis=0, return_counts=True)
    expected = all_orders(CODES, exchange)
    assert {tuple(one) for one in orders} == {tuple(one) for one in expected}
    np.testing.assert_allclose(counts / 6000, 1 / len(expected), atol=4 * np.sqrt(1 / len(expected) / 6000))


def test_within_is_what_labels_alone_are():
    one, other = (draw_permutations(np.random.default_rng(3), 50, 7, given) for given in (CODES, Blocks(CODES)))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("exchange", ["whole", "both"])
@pytest.mark.parametrize("number", [True, False])
def test_p_values_of_few_blocks_are_those_of_all_their_permutations(exchange, number):
    codes = np.array([0, 0, 1, 1, 2, 2, 3, 3] if exchange == "whole" else [0, 0, 1, 1, 2, 3, 4, 4])
    values, score, site, _ = draw(7, n=8, n_edges=2)
    sex = Phenotype("sex", np.array([0, 1, 1, 0, 0, 1, 0, 1]), levels=("F", "M"))
    design, tested = build_design([sex], np.arange(8)), score if number else site
    orders = all_orders_of_blocks(codes, exchange)
    found = run(values, tested, design, n_permutations=200, blocks=Blocks(codes, exchange))
    null = np.array([permuted_and_refitted(values, tested, design, order) for order in orders])
    actual = permuted_and_refitted(values, tested, design, np.arange(8))
    expected = np.mean(null.max(axis=1)[:, None] >= actual * (1 - 1e-5), axis=0)
    np.testing.assert_allclose(found.adjusted_p, expected)


def all_orders_of_blocks(codes, exchange):
    """Orders of blocks of a size, and of the members of each where these are permuted too."""
    orders = []
    sizes = np.bincount(codes)
    for moved in itertools.permutations(range(sizes.size)):
        if (sizes[list(moved)] != sizes).any():
            continue
        members = [np.flatnonzero(codes == one) for one in moved]
        inside = [itertools.permutations(own) if exchange == "both" else [own] for own in members]
        for parts in itertools.product(*inside):
            order = np.empty(codes.size, dtype=np.intp)
            for place, part in enumerate(parts):
                order[codes == place] = part
            orders.append(order)
    return orders


def test_what_is_constant_within_families_can_be_tested_by_whole_families():
    families = np.arange(24) // 4
    tested = code(Phenotype("dose", families.astype(float)), np.arange(24))
    with pytest.raises(InputError, match="does not vary within any block"):
        check_exchangeable("dose", tested.values, families)
    check_exchangeable("dose", tested.values, Blocks(families, "whole"))
    found = exchange_of(tested, build_design([], np.arange(24)), Blocks(families, "both"), 1000)
    assert (found.n_distinct, found.listed) == (720, True)
    with pytest.raises(InputError, match=r"2 blocks of 24 subjects can be permuted in 2 ways only"):
        check_exchangeable("dose", (np.arange(24) // 12 * 1.0)[:, None], Blocks(np.arange(24) // 12, "whole"))
