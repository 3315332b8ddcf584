"""What tests of permutations share: edges that follow age and sex."""

from __future__ import annotations

import numpy as np
import statsmodels.api as sm

from imagenomer.cohort import Phenotype
from imagenomer.progress import Progress, finish
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.max_statistic import max_statistic


def draw(seed, n=30, n_edges=12, effect=0.0):
    """Draw edges that follow age and sex, a score that follows age, a site, and the covariates age and sex."""
    rng = np.random.default_rng(seed)
    everybody = np.arange(n)
    age = Phenotype("age", rng.uniform(8, 21, n))
    sex = Phenotype("sex", rng.permutation(everybody % 2), levels=("F", "M"))
    score = Phenotype("score", rng.standard_normal(n) * 4 + age.values)
    site = Phenotype("site", rng.permutation(everybody % 3), levels=("A", "B", "C"))
    values = rng.standard_normal((n, n_edges)) + np.outer(age.values, rng.normal(0, 0.2, n_edges))
    values += sex.values[:, None] + 5
    values[:, 0] += effect * score.values
    design = build_design([age, sex], everybody)
    return values.astype(np.float32), code(score, everybody), code(site, everybody), design


def run(values, tested, design, seed=0, n_permutations=99, **options):
    rows = np.arange(len(values))
    rng = np.random.default_rng(seed)
    return finish(max_statistic(values, rows, tested, design, n_permutations=n_permutations, rng=rng, **options))


def permuted_and_refitted(values, tested, design, permutation):
    """Return |t|, or F, of every edge after Freedman and Lane's permutation, the long way."""
    statistics = []
    for edge in values.T.astype(float):
        small = sm.OLS(edge, design.matrix).fit()
        residuals = np.empty_like(edge)
        residuals[permutation] = small.resid
        again = small.fittedvalues + residuals
        large = sm.OLS(again, np.column_stack([design.matrix, tested.values])).fit()
        f = large.compare_f_test(sm.OLS(again, design.matrix).fit())[0]
        statistics.append(np.sqrt(f) if tested.values.shape[1] == 1 else f)
    return np.array(statistics)


def blocks_of(model, drawn):
    """Return the blocks of a model whose residuals are permuted, without its reports of progress."""
    return [block for block in model.blocks(drawn) if not isinstance(block, Progress)]
