"""The kernels at the size of the PNC beside the obvious way: 830 subjects, 34,716 connections (264 parcels).

Timed by ``python3 build_scripts/test.py --benchmarks``; otherwise each is run once, on few connections, to see that it
works. Read the ratios within a group; absolute times depend on the machine.
"""

from __future__ import annotations

import numpy as np
import pytest
from nilearn.mass_univariate import permuted_ols
from scipy import stats
from sklearn.decomposition import PCA
from statsmodels.stats.multitest import multipletests

from imagenomer.cohort import Phenotype
from imagenomer.progress import finish
from imagenomer.statistics.adjustment import adjusted_moments, associate, correlate_adjusted
from imagenomer.statistics.column_moments import column_moments
from imagenomer.statistics.correction import adjust, rejected
from imagenomer.statistics.correlation import correlate, correlate_fast, edges_to_recheck
from imagenomer.statistics.decomposition import axes_of, principal_components
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.enhancement import enhance
from imagenomer.statistics.independent_components import independent_components
from imagenomer.statistics.max_statistic import max_statistic
from imagenomer.statistics.network_statistic import network_based_statistic
from imagenomer.statistics.non_negative_factors import non_negative_factors
from imagenomer.statistics.ranks import average_ranks
from imagenomer.statistics.screening import screen
from imagenomer.statistics.sparse_components import sparse_components
from imagenomer.statistics.tails import map_neg_log10_p, neg_log10_p_of_r
from imagenomer.statistics.variants import associate_levels, associate_number

ROWS = np.arange(830)


@pytest.fixture(scope="module")
def connectome(n_edges):
    rng = np.random.default_rng(1)
    values = rng.standard_normal((830, n_edges), dtype=np.float32)
    values *= np.float32(0.2)
    values += rng.uniform(-0.3, 0.9, n_edges).astype(np.float32)
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


def people(n, *, columns):
    """Return a score to test and so many columns of covariates, of n people."""
    rng, everybody = np.random.default_rng(3), np.arange(n)
    covariates = [Phenotype(f"covariate {index}", rng.standard_normal(n)) for index in range(columns)]
    return code(Phenotype("score", rng.standard_normal(n)), everybody), build_design(covariates, everybody)


@pytest.mark.benchmark(group="partial r of all edges, five covariates")
def test_fast_map_adjusted_again(benchmark, connectome):
    values, _ = connectome
    score, design = people(830, columns=5)
    benchmark(correlate_adjusted, values, score, adjusted_moments(values, column_moments(values, ROWS), design))


@pytest.mark.benchmark(group="partial r of all edges, five covariates")
def test_fast_map_adjusted_first_time(benchmark, connectome):
    values, _ = connectome
    score, design = people(830, columns=5)
    moments = column_moments(values, ROWS)
    benchmark(lambda: correlate_adjusted(values, score, adjusted_moments(values, moments, design)))


@pytest.mark.benchmark(group="partial r of all edges, five covariates")
def test_linear_model_exactly(benchmark, connectome):
    benchmark.pedantic(associate, (connectome[0], *people(830, columns=5)), rounds=3)


@pytest.mark.benchmark(group="100 permutations of all edges, five covariates: read 1,000 as ten times that")
def test_max_statistic(benchmark, connectome):
    arguments = (connectome[0], ROWS, *people(830, columns=5))
    options = {"n_permutations": 100, "rng": np.random.default_rng(4)}
    benchmark.pedantic(lambda: finish(max_statistic(*arguments, **options)), rounds=3)


@pytest.mark.benchmark(group="100 permutations of all edges, five covariates: read 1,000 as ten times that")
def test_nilearn_permuted_ols(benchmark, connectome, report):
    score, design = people(830, columns=5)
    arguments = (score.values, connectome[0], design.matrix[:, 1:])
    options = {"n_perm": 100, "output_type": "dict", "random_state": 4}
    benchmark.pedantic(permuted_ols, arguments, options, rounds=1)


@pytest.mark.benchmark(group="1,000 permutations of 200 subjects, five covariates")
@pytest.mark.parametrize("kernel", [network_based_statistic, enhance])
def test_networks_of_edges(benchmark, connectome, report, kernel):
    arguments = (connectome[0], ROWS[:200], *people(200, columns=5))
    options = {"threshold": 3.1} if kernel is network_based_statistic else {}
    options |= {"n_permutations": 1000, "rng": np.random.default_rng(5)}
    benchmark.pedantic(lambda: finish(kernel(*arguments, **options)), rounds=1)


@pytest.mark.benchmark(group="10,433 variants of 830 subjects, 5 covariates")
@pytest.mark.parametrize("missing", [0, 0.4])
@pytest.mark.parametrize("kernel", [associate_number, associate_levels])
def test_variants(benchmark, report, kernel, missing):
    rng = np.random.default_rng(1)
    dosage = rng.binomial(2, rng.uniform(0.05, 0.95, 10_433), (830, 10_433)).astype(np.int8)
    dosage[rng.random(dosage.shape, dtype=np.float32) < missing] = -1
    target = rng.standard_normal(830) if kernel is associate_number else rng.random(830) < 0.4
    covariates = rng.standard_normal((830, 5))
    benchmark.pedantic(lambda: finish(kernel(dosage, target, covariates)), rounds=3)


@pytest.mark.benchmark(group="10 principal components")
def test_principal_components(benchmark, connectome):
    values = connectome[0]
    benchmark.pedantic(lambda: finish(principal_components(values, ROWS, finish(axes_of(values, ROWS)), 10)), rounds=3)


@pytest.mark.benchmark(group="10 principal components")
def test_scikit_learn_pca(benchmark, connectome):
    benchmark.pedantic(PCA(10, svd_solver="full").fit, (connectome[0],), rounds=1)


@pytest.mark.benchmark(group="10 components by other methods, the directions of subjects given")
@pytest.mark.parametrize("method", ["ica", "dictionary", "nmf"])
def test_other_components(benchmark, connectome, method):
    values, rng = connectome[0], np.random.default_rng(1)
    axes = finish(axes_of(values, ROWS))
    steps = {
        "ica": lambda: independent_components(values, ROWS, axes, 10, rng),
        "dictionary": lambda: sparse_components(values, ROWS, axes, 10, 0.5, rng),
        "nmf": lambda: non_negative_factors(values, ROWS, 10, rng, "zero"),
    }
    benchmark.pedantic(lambda: finish(steps[method]()), rounds=1)


@pytest.mark.benchmark(group="10,433 variants of 830 subjects with 66 components")
@pytest.mark.parametrize("columns", [0, 5])
def test_screen(benchmark, columns):
    rng = np.random.default_rng(1)
    dosage = rng.binomial(2, rng.uniform(0.05, 0.95, 10_433), (830, 10_433)).astype(np.int8)
    dosage[rng.random(dosage.shape, dtype=np.float32) < 0.01] = -1
    covariates = [Phenotype(f"covariate {place}", rng.standard_normal(830)) for place in range(columns)]
    design = build_design(covariates, ROWS)
    benchmark.pedantic(lambda: finish(screen(dosage, rng.standard_normal((830, 66)), design)), rounds=2)
