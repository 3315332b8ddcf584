"""Who trains and who is tested."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagenomer.errors import InputError
from imagenomer.statistics.folds import Split, k_fold, leave_one_out_of, repeated, train_on

seeds = st.integers(0, 2**31 - 1)


@settings(max_examples=10)
@given(seeds, st.integers(10, 200), st.integers(2, 9))
def test_everybody_is_tested_once_and_never_trained_on_at_the_same_time(seed, n, n_folds):
    splits = k_fold(n, n_folds, np.random.default_rng(seed))
    assert sorted(np.concatenate([split.test for split in splits])) == list(range(n))
    for split in splits:
        assert sorted([*split.train, *split.test]) == list(range(n))
    sizes = [split.test.size for split in splits]
    assert max(sizes) - min(sizes) <= 1


@settings(max_examples=10)
@given(seeds)
def test_classes_are_dealt_in_proportion(seed):
    rng = np.random.default_rng(seed)
    classes = np.repeat([0, 1, 2], [60, 27, 9])
    for split in k_fold(96, 3, rng, stratify=classes):
        assert np.bincount(classes[split.test]).tolist() == [20, 9, 3]
    for split in repeated(96, 4, 1 / 3, rng, stratify=classes):
        assert np.bincount(classes[split.test]).tolist() == [20, 9, 3]


@settings(max_examples=10)
@given(seeds)
def test_families_are_never_torn_apart(seed):
    rng = np.random.default_rng(seed)
    families = np.repeat(np.arange(40), rng.integers(1, 5, 40))
    families = rng.permutation(families)
    drawn = [
        *k_fold(families.size, 4, rng, together=families),
        *repeated(families.size, 5, 0.2, rng, together=families),
    ]
    for split in drawn:
        assert not set(families[split.train]) & set(families[split.test])
    sizes = [split.test.size for split in drawn[:4]]
    assert max(sizes) - min(sizes) <= 4
    for split in drawn[4:]:
        assert abs(split.test.size - 0.2 * families.size) <= 4


def test_repeated_splits_are_drawn_anew_and_as_large_as_asked_for(rng):
    splits = repeated(830, 20, 0.2, rng)
    assert {split.test.size for split in splits} == {166}
    assert len({split.test.tobytes() for split in splits}) == 20


def test_the_same_seed_draws_the_same_folds():
    first, second = (k_fold(50, 5, np.random.default_rng(3)) for _ in range(2))
    assert all((a.test == b.test).all() for a, b in zip(first, second, strict=True))


def test_every_level_that_occurs_is_left_out_once():
    splits = leave_one_out_of(np.array([2, 0, 2, 2, 0]), ["A", "B", "C"])
    assert [(split.name, split.test.tolist(), split.train.tolist()) for split in splits] == [
        ("A", [1, 4], [0, 2, 3]),
        ("C", [0, 2, 3], [1, 4]),
    ]


def test_groups_that_overlap_are_refused():
    some = np.array([True, True, False])
    with pytest.raises(InputError, match="1 subject is in the group to train on and in the group to test on"):
        train_on(some, ~some | np.array([True, False, False]))
    with pytest.raises(InputError, match="no subject is left to test on"):
        train_on(some, np.zeros(3, dtype=bool))
    assert train_on(some, ~some)[0].test.tolist() == [2]


def test_too_few_to_split_is_refused(rng):
    with pytest.raises(InputError, match="3 subjects cannot make 5 folds"):
        k_fold(3, 5, rng)
    with pytest.raises(InputError, match="2 labels that stay together cannot make 3 folds"):
        k_fold(10, 3, rng, together=np.repeat([0, 1], 5))
    with pytest.raises(InputError, match="at least 2 folds"):
        k_fold(10, 1, rng)
    with pytest.raises(InputError, match="cannot be split"):
        repeated(3, 2, 0.05, rng)
    with pytest.raises(InputError, match="at least 2 levels"):
        leave_one_out_of(np.zeros(4, dtype=int), ["A"])


def test_a_split_among_some_rows_keeps_who_they_are():
    split = Split(np.array([0, 2, 3, 5]), np.array([1, 4]), "fold 1").among(np.array([1, 2, 5]))
    assert (split.train.tolist(), split.test.tolist(), split.name) == ([1, 2], [0], "fold 1")
