"""All pairs of phenotypes, against scipy.stats one pair at a time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from imagenomer.cohort import Phenotype
from imagenomer.progress import finish
from imagenomer.statistics import pairwise
from imagenomer.statistics.pairwise import associate_pairs

seeds = st.integers(0, 2**32 - 1)


def draw_phenotypes(seed, n=60):
    """Three numbers and three categories that have something to do with each other, each with gaps of its own."""
    rng = np.random.default_rng(seed)
    base = rng.normal(0, 1, n)
    numbers = [base * weight + rng.normal(0, 1, n) + 100 for weight in (0, 1, 3)]
    codes = [np.digitize(base + rng.normal(0, 1, n), cuts) for cuts in ([0], [-0.5, 0.5], [-1, 0, 1])]
    for values in numbers:
        values[rng.random(n) < 0.1] = np.nan
    for own in codes:
        own[rng.random(n) < 0.1] = -1
    return [
        *(Phenotype(f"number {index}", values) for index, values in enumerate(numbers)),
        *(Phenotype(f"category {index}", own, levels=tuple("ABCD"[: index + 2])) for index, own in enumerate(codes)),
    ]


def pairs_of(phenotypes, n=60):
    return finish(associate_pairs(phenotypes, np.arange(n)))


@given(seeds)
def test_every_pair_is_that_of_scipy(seed):
    phenotypes = draw_phenotypes(seed)
    pairs = pairs_of(phenotypes)
    for i, one in enumerate(phenotypes):
        for j, other in enumerate(phenotypes[:i]):
            both = ~one.missing & ~other.missing
            a, b = one.values[both], other.values[both]
            if one.levels and other.levels:
                table = stats.contingency.crosstab(a, b).count
                oracle = stats.chi2_contingency(table, correction=False)
                assert pairs.smallest_expected[i, j] == pytest.approx(oracle.expected_freq.min())
            elif one.levels:
                samples = [b[a == level] for level in np.unique(a)]
                oracle = stats.f_oneway(*samples)
                within = sum(((values - values.mean()) ** 2).sum() for values in samples)
                adjusted = 1 - within / (both.sum() - len(samples)) / b.var(ddof=1)
                assert pairs.association[i, j] == pytest.approx(np.sqrt(max(0, adjusted)), abs=1e-7)
            else:
                oracle = stats.pearsonr(a, b)
                assert pairs.association[i, j] == pytest.approx(oracle.statistic, rel=1e-9, abs=1e-12)
            assert pairs.neg_log10_p[i, j] == pytest.approx(-np.log10(oracle.pvalue), rel=1e-8, abs=1e-10)
            assert pairs.n_subjects[i, j] == both.sum()
    np.testing.assert_array_equal(pairs.association, pairs.association.T)
    np.testing.assert_array_equal(np.diag(pairs.association), 1)


@given(seeds)
def test_shifting_scaling_and_renaming_change_nothing_but_the_sign(seed):
    phenotypes = draw_phenotypes(seed)
    changed = [
        dataclasses.replace(one, values=np.where(one.missing, -1, len(one.levels) - 1 - one.values))
        if one.levels
        else dataclasses.replace(one, values=-40 * one.values + 7000)
        for one in phenotypes
    ]
    before, after = pairs_of(phenotypes), pairs_of(changed)
    np.testing.assert_allclose(after.association, before.association, atol=1e-9)
    np.testing.assert_allclose(after.neg_log10_p, before.neg_log10_p, rtol=1e-7, atol=1e-9)
    changed[0] = phenotypes[0]
    np.testing.assert_allclose(pairs_of(changed).association[0, 1:3], -before.association[0, 1:3], atol=1e-9)


def test_a_category_with_many_levels_is_not_strong_by_chance(rng):
    found = []
    for _ in range(100):
        sites = Phenotype("site", rng.integers(0, 20, 66), levels=tuple(f"s{number}" for number in range(20)))
        found.append(pairs_of([sites, Phenotype("noise", rng.normal(0, 1, 66))], 66).association[0, 1])
    assert np.mean(found) < 0.2


def test_what_cannot_be_associated_is_not_a_number():
    n = 12
    few = np.full(n, np.nan)
    few[:2] = [1, 2]
    own = Phenotype("own", np.arange(n), levels=tuple(f"p{number}" for number in range(n)))
    phenotypes = [
        Phenotype("constant", np.full(n, 0.1)),
        Phenotype("few", few),
        Phenotype("one level", np.zeros(n, dtype=np.intp), levels=("A",)),
        own,
        Phenotype("age", np.arange(n) * 1.0),
        Phenotype("nobody", np.full(n, np.nan)),
    ]
    pairs = pairs_of(phenotypes, n)
    off_diagonal = pairs.association[~np.eye(6, dtype=bool)]
    assert np.isnan(off_diagonal).all()
    assert np.isnan(pairs.neg_log10_p).all()
    np.testing.assert_array_equal(np.diag(pairs.association), [np.nan, 1, np.nan, 1, 1, np.nan])


def test_what_varies_only_in_others_is_not_associated_in_a_pair():
    a = np.array([5.0, 5, 5, 5, 5, 1, 2, 3])
    b = np.array([1.0, 2, 3, 4, 5, np.nan, np.nan, np.nan])
    pairs = pairs_of([Phenotype("a", a), Phenotype("b", b)], 8)
    assert np.isnan(pairs.association[0, 1])


def test_what_follows_exactly_is_one_and_has_no_test():
    x = np.arange(10.0)
    halves = Phenotype("halves", (x > 4).astype(np.intp), levels=("low", "high"))
    # The same within levels but for rounding: 0.1 + 0.2 is not 0.3.
    same = np.where(x > 4, 1.0, np.where(x > 2, 0.1 + 0.2, 0.3))
    pairs = pairs_of([Phenotype("x", x), Phenotype("y", -x), halves, Phenotype("same", same)], 10)
    assert pairs.association[0, 1] == pytest.approx(-1)
    assert pairs.association[2, 3] == pytest.approx(1)
    assert np.isnan([pairs.neg_log10_p[0, 1], pairs.neg_log10_p[2, 3]]).all()
    np.testing.assert_array_equal(np.argwhere(np.triu(pairs.exact)), [[0, 1], [2, 3]])


def test_f_is_undefined_where_no_level_varies_in_a_handful_of_subjects():
    family = Phenotype("family", np.array([0, 1, 2, 3, 3]), levels=("A", "B", "C", "D"))
    pairs = pairs_of([family, Phenotype("score", np.array([1.0, 2, 4, 3, 3]))], 5)
    assert np.isnan(pairs.neg_log10_p[0, 1])
    assert pairs.exact[0, 1]
    other = pairs_of([family, Phenotype("score", np.array([1.0, 2, 4, 3, 3.5]))], 5)
    assert other.neg_log10_p[0, 1] == pytest.approx(-np.log10(stats.f_oneway([1], [2], [4], [3, 3.5]).pvalue), rel=1e-9)
    assert not other.exact.any()


@pytest.mark.parametrize(("rows", "cells"), [(1, 1), (2, 30)])
def test_pairs_do_not_depend_on_how_many_are_computed_at_a_time(rows, cells, monkeypatch):
    phenotypes = draw_phenotypes(3)
    whole = pairs_of(phenotypes)
    monkeypatch.setattr(pairwise, "_ROWS_AT_ONCE", rows)
    monkeypatch.setattr(pairwise, "_CELLS_AT_ONCE", cells)
    blocked = pairs_of(phenotypes)
    for name in ("association", "neg_log10_p", "n_subjects", "smallest_expected"):
        np.testing.assert_allclose(getattr(blocked, name), getattr(whole, name), rtol=1e-12, atol=1e-12)
