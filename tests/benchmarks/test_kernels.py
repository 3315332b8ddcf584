"""The kernels at the size of the PNC beside the obvious way: 830 subjects, 34,716 connections (264 parcels).

Timed by ``python3 build_scripts/test.py --benchmarks``; otherwise each is run once, to see that it works.
Read the ratios within a group; absolute times depend on the machine.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from imagenomer.statistics.correction import adjust, rejected
from imagenomer.statistics.correlation import (
    average_ranks,
    column_moments,
    correlate,
    correlate_fast,
    edges_to_recheck,
)
from imagenomer.statistics.tails import map_neg_log10_p, neg_log10_p_of_r

ROWS = np.arange(830)


@pytest.fixture(scope="module")
def connectome():
    rng = np.random.default_rng(1)
    values = rng.standard_normal((830, 34_716), dtype=np.float32)
    values *= np.float32(0.2)
    values += rng.uniform(-0.3, 0.9, 34_716).astype(np.float32)
    return values, rng.standard_normal(830)


@pytest.mark.benchmark(group="r and p of all edges")
def test_fast_map_again(benchmark, connectome):
    values, target = connectome
    benchmark(correlate_fast, values, target, column_moments(values, ROWS))


@pytest.mark.benchmark(group="r and p of all edges")
def test_fast_map_of_every_second_subject(benchmark, connectome):
    values, target = connectome
    benchmark(correlate_fast, values, target[::2], column_moments(values, ROWS[::2]))


@pytest.mark.benchmark(group="r and p of all edges")
def test_fast_map_first_time(benchmark, connectome):
    values, target = connectome
    benchmark(lambda: correlate_fast(values, target, column_moments(values, ROWS)))


@pytest.mark.benchmark(group="r and p of all edges")
def test_exact(benchmark, connectome):
    benchmark.pedantic(correlate, connectome, rounds=3)


@pytest.mark.benchmark(group="r and p of all edges")
def test_scipy_pearsonr(benchmark, connectome):
    values, target = connectome
    benchmark.pedantic(stats.pearsonr, (values, target[:, None]), {"axis": 0}, rounds=2)


@pytest.mark.benchmark(group="exact values where they matter")
@pytest.mark.parametrize("method", ["bonferroni", "bh"])
def test_find_the_edges_to_recheck_and_recheck_them(benchmark, connectome, method):
    values, target = connectome
    fast = correlate_fast(values, target, column_moments(values, ROWS))

    def mend():
        edges = edges_to_recheck(fast, method, 0.05, 100)
        return fast.replace(edges, correlate(values[:, edges], target))

    benchmark(mend)


@pytest.mark.benchmark(group="average ranks of 512 edges")
def test_average_ranks(benchmark, connectome):
    benchmark(average_ranks, connectome[0][:, :512])


@pytest.mark.benchmark(group="average ranks of 512 edges")
def test_average_ranks_with_ties(benchmark, connectome):
    benchmark(average_ranks, np.round(connectome[0][:, :512], 2))


@pytest.mark.benchmark(group="average ranks of 512 edges")
def test_scipy_rankdata(benchmark, connectome):
    benchmark(stats.rankdata, connectome[0][:, :512], axis=0)


@pytest.fixture(scope="module")
def r():
    return np.tanh(np.random.default_rng(2).normal(0, 0.06, 34_716))


@pytest.mark.benchmark(group="-log10 p of 34,716 r")
def test_by_table(benchmark, r):
    benchmark(map_neg_log10_p, r, 828)


@pytest.mark.benchmark(group="-log10 p of 34,716 r")
def test_exactly(benchmark, r):
    benchmark(neg_log10_p_of_r, r, 828)


@pytest.mark.benchmark(group="-log10 p of 34,716 r")
def test_scipy_logsf(benchmark, r):
    benchmark(lambda: stats.t.logsf(np.abs(r) * np.sqrt(828 / (1 - r**2)), 828))


@pytest.mark.benchmark(group="Benjamini-Hochberg of 34,716 p-values")
def test_adjusted_p_values(benchmark, r):
    benchmark(adjust, 10 ** -neg_log10_p_of_r(r, 828), "bh")


@pytest.mark.benchmark(group="Benjamini-Hochberg of 34,716 p-values")
def test_decisions_only(benchmark, r):
    benchmark(rejected, neg_log10_p_of_r(r, 828), "bh", 0.05)


@pytest.mark.benchmark(group="Benjamini-Hochberg of 34,716 p-values")
def test_statsmodels(benchmark, r):
    benchmark(multipletests, 10 ** -neg_log10_p_of_r(r, 828), method="fdr_bh")
