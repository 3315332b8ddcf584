"""Replication: maps that agree, edges that come again, and p-values that do not take edges for a sample."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.replication import replication_test

INTERCEPT_OF = {n: np.full((n, 1), 1 / np.sqrt(n)) for n in (5, 40)}


def compare(first, discovered, values, phenotype, *, basis=None, threshold=0.2, n=0, rows=None, seed=1):
    rows = np.arange(len(values)) if rows is None else rows
    basis = INTERCEPT_OF[rows.size] if basis is None else basis
    given = (first, discovered, values.astype(np.float32), rows, phenotype, basis, threshold, n)
    return finish(replication_test(*given, np.random.default_rng(seed)))


def correlations(values, phenotype):
    return np.array([np.corrcoef(column, phenotype)[0, 1] for column in values.T])


@pytest.fixture
def drawn(rng):
    """Forty subjects, 3,000 edges (several blocks), a phenotype that moves the first hundred, and a first map."""
    values = rng.standard_normal((40, 3000)).astype(np.float32)
    phenotype = rng.standard_normal(40)
    values[:, :100] += 0.8 * phenotype[:, None].astype(np.float32)
    first = rng.normal(0, 0.15, 3000)
    first[:100] += 0.5
    return first, np.abs(first) > 0.4, values, phenotype


def test_the_maps_are_compared_as_by_numpy(drawn):
    first, discovered, values, phenotype = drawn
    second = correlations(values, phenotype)
    found = compare(first, discovered, values, phenotype)
    same = np.sign(first) * second
    assert found.correlation == pytest.approx(np.corrcoef(first, second)[0, 1], abs=1e-6)
    assert found.same_sign.sum() == np.count_nonzero(same[discovered] > 0)
    assert found.replicated.sum() == np.count_nonzero(same[discovered] >= 0.2)
    np.testing.assert_allclose(found.second, second, atol=1e-6)
    assert found.compared.all()
    assert np.isnan([found.p_correlation, found.p_same_sign, found.p_replicated]).all()
    assert found.null.shape == (3, 0)


def test_given_covariates_the_correlations_are_partial(drawn, rng):
    first, discovered, values, phenotype = drawn
    covariate = phenotype + rng.standard_normal(40)
    design = np.column_stack([np.ones(40), covariate])
    basis = np.linalg.qr(design)[0]

    def left(columns):
        return columns - design @ np.linalg.lstsq(design, columns, rcond=None)[0]

    second = correlations(left(values.astype(float)), left(phenotype))
    found = compare(first, discovered, values, phenotype, basis=basis)
    assert found.correlation == pytest.approx(np.corrcoef(first, second)[0, 1], abs=1e-6)


def test_with_few_subjects_every_order_is_counted(rng):
    values, phenotype = rng.standard_normal((5, 30)).astype(np.float32), rng.standard_normal(5)
    first, discovered = rng.standard_normal(30), np.arange(30) < 12
    every = []
    for order in itertools.permutations(range(5)):
        second = correlations(values, phenotype[list(order)])
        same = (np.sign(first) * second)[discovered]
        every.append([np.corrcoef(first, second)[0, 1], np.count_nonzero(same > 0), np.count_nonzero(same >= 0.2)])
    every = np.array(every)
    found = compare(first, discovered, values, phenotype, n=1000)
    assert found.null.shape == (3, 119)
    actual = [found.correlation, found.same_sign.sum(), found.replicated.sum()]
    np.testing.assert_allclose(np.sort(np.append(found.null[0], actual[0])), np.sort(every[:, 0]), atol=1e-6)
    for p, value, own in zip(
        (found.p_correlation, found.p_same_sign, found.p_replicated), actual, every.T, strict=True
    ):
        assert p == pytest.approx(np.mean(own >= value - 1e-6))


def test_batches_of_permutations_and_of_edges_change_nothing(drawn, monkeypatch):
    first, discovered, values, phenotype = drawn
    five = values[:5], phenotype[:5]
    whole = compare(first, discovered, *five, n=1000)
    monkeypatch.setattr("imagenomer.statistics.replication._AT_A_TIME", 50)
    monkeypatch.setattr("imagenomer.statistics.replication._EDGES", 700)
    parted = compare(first, discovered, *five, n=1000)
    assert whole.null.shape == (3, 119)
    np.testing.assert_allclose(parted.null, whole.null, atol=1e-12)
    np.testing.assert_array_equal(parted.replicated, whole.replicated)
    assert parted.p_replicated == whole.p_replicated


def test_missing_and_constant_edges_are_not_compared(drawn):
    first, discovered, values, phenotype = drawn
    first, values = first.copy(), values.copy()
    first[5], values[3, 7], values[:, 2000] = np.nan, np.nan, 0.3
    found = compare(first, discovered, values, phenotype)
    assert np.flatnonzero(~found.compared).tolist() == [5, 7, 2000]


def test_subjects_are_those_of_the_rows(drawn):
    first, discovered, values, phenotype = drawn
    turned = np.arange(40)[::-1]
    plain = compare(first, discovered, values, phenotype)
    other = compare(first, discovered, values[::-1], phenotype, rows=turned)
    np.testing.assert_allclose(other.second, plain.second, atol=1e-12)
    np.testing.assert_array_equal(other.replicated, plain.replicated)


def test_a_map_that_replicates_is_found_and_one_of_the_other_sign_is_not(drawn):
    first, discovered, values, phenotype = drawn
    found = compare(first, discovered, values, phenotype, n=199)
    assert found.p_correlation == pytest.approx(1 / 200)
    assert found.p_replicated == pytest.approx(1 / 200)
    assert compare(-first, discovered, values, phenotype, n=199).p_correlation > 0.9


def test_where_edges_are_alike_chance_is_no_finding(rng):
    # All edges follow one common signal: equal signs of all of them are one coincidence, not hundreds.
    p_values = []
    for seed in range(150):
        common = rng.standard_normal((40, 1))
        values = common + 0.3 * rng.standard_normal((40, 60))
        first = rng.choice([-1, 1]) * 0.5 + rng.normal(0, 0.1, 60)
        found = compare(first, np.ones(60, bool), values, rng.standard_normal(40), n=39, seed=seed)
        p_values.append([found.p_correlation, found.p_same_sign, found.p_replicated])
    below = np.mean(np.array(p_values) <= 0.05, axis=0)
    assert (below <= 0.1).all()
    assert below[0] >= 0.01


def test_nothing_discovered_has_no_p_of_its_edges(drawn):
    first, _, values, phenotype = drawn
    found = compare(first, np.zeros(3000, bool), values, phenotype, n=19)
    assert found.same_sign.sum() == 0
    assert np.isfinite(found.p_correlation)
    assert np.isnan([found.p_same_sign, found.p_replicated]).all()


def test_no_edge_in_common_is_refused(drawn):
    _, discovered, values, phenotype = drawn
    with pytest.raises(InputError, match="no edge is known of everybody in both cohorts"):
        compare(np.full(3000, np.nan), discovered, values, phenotype)
