"""What scikit-learn and scipy make of the teaching cohort: the table that the study of the real one reports.

``python tests/oracles/teaching_table.py 1 2 3`` prints it for seeds 1, 2 and 3, beside what is wanted.

Ridge and logistic regression see the data only through inner products, so they are fitted on the principal
component scores of all people: an exact rotation of the 34,716 edges onto as many columns as there are people.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, stats
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.feature_selection import SelectKBest, f_classif, f_regression
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeCV
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from imagenomer.cohort import Cohort
from imagenomer.progress import finish
from imagenomer.teaching import generate

Array = NDArray[Any]

#: What the study of the model found: value, and how far a seed may stray from it. The gains are on the
#: null model over the same splits, whose own error moves by 0.4 points from split to split.
WANTED = {
    "age, null": (38.4, 1.0),
    "age from FC": (26.6, 1.3),
    "age from the 10 best edges": (32.7, 2.0),
    "WRAT, null": (15.0, 0.8),
    "WRAT, gain from FC": (1.2, 0.6),
    "WRAT, gain from the 10 best edges": (0.7, 0.6),
    "WRAT, gain from SNPs": (1.0, 0.6),
    "WRAT in AA, gain from FC": (0.1, 0.4),
    "WRAT in EA, gain from FC": (0.1, 0.4),
    "WRAT in AA, gain from SNPs": (0.0, 0.4),
    "WRAT in EA, gain from SNPs": (-0.1, 0.4),
    "ancestry, null": (0.55, 0.03),
    "ancestry from FC": (0.84, 0.03),
    "ancestry from the 10 best edges": (0.71, 0.05),
    "ancestry from SNPs": (1.00, 0.005),
    "sex, null": (0.52, 0.06),
    "sex from FC": (0.78, 0.03),
    "sex from the 10 best edges": (0.70, 0.05),
    "sex from SNPs": (0.98, 0.02),
    "edges with ancestry": (2396, 1200),
    "edges with WRAT": (840, 600),
    "of these, with ancestry too": (0.965, 0.08),
    "correlation of the two maps": (0.78, 0.06),
    "edges with sex": (1915, 800),
    "edges with age": (1748, 800),
    "edges with mother's education": (685, 600),
    "edges with WRAT, given ancestry": (3, 20),
    "edges with WRAT in EA": (2, 5),
    "edges with WRAT in AA": (0, 5),
}


def table(cohort: Cohort, repetitions: int = 20) -> dict[str, float]:
    """Return the numbers of `WANTED` for a cohort."""
    edges = mean_connectivity(cohort)
    fc, snps = scores(edges), scores(one_hot(cohort.variant_sets["synthetic"].dosage))
    group = cohort.phenotype("ancestry").values
    sex = cohort.phenotype("sex").values
    age, wrat = cohort.phenotype("age").values, cohort.phenotype("wrat").values
    ea, aa = group == 0, group == 1
    either = ea | aa
    splits = ShuffleSplit(repetitions, test_size=0.2, random_state=0)

    got = {
        "age, null": rmse(DummyRegressor(), fc, age, splits),
        "age from FC": rmse(ridge(fc), fc, age, splits),
        "age from the 10 best edges": rmse(best_ten_linear(), edges, age, splits),
        "WRAT, null": rmse(DummyRegressor(), fc, wrat, splits),
    }
    got["WRAT, gain from FC"] = got["WRAT, null"] - rmse(ridge(fc), fc, wrat, splits)
    got["WRAT, gain from the 10 best edges"] = got["WRAT, null"] - rmse(best_ten_linear(), edges, wrat, splits)
    got["WRAT, gain from SNPs"] = got["WRAT, null"] - rmse(ridge(snps), snps, wrat, splits)
    for name, members in (("AA", aa), ("EA", ea)):
        null = rmse(DummyRegressor(), fc[members], wrat[members], splits)
        for kind, x in (("FC", fc), ("SNPs", snps)):
            gain = null - rmse(ridge(x), x[members], wrat[members], splits)
            got[f"WRAT in {name}, gain from {kind}"] = gain
    for name, members, label in (("ancestry", either, group), ("sex", np.ones_like(ea), sex)):
        got[f"{name}, null"] = accuracy(DummyClassifier(), fc[members], label[members], splits)
        for kind, x in (("FC", fc), ("SNPs", snps)):
            got[f"{name} from {kind}"] = accuracy(logistic(x), x[members], label[members], splits)
        got[f"{name} from the 10 best edges"] = accuracy(best_ten_logistic(), edges[members], label[members], splits)

    ancestry_r, ancestry_edges = correlate(edges[either], aa[either])
    wrat_r, wrat_edges = correlate(edges, wrat)
    education = cohort.phenotype("mother_education").values
    known = ~np.isnan(education)
    got |= {
        "edges with ancestry": ancestry_edges.sum(),
        "edges with WRAT": wrat_edges.sum(),
        "of these, with ancestry too": (wrat_edges & ancestry_edges).sum() / max(wrat_edges.sum(), 1),
        "correlation of the two maps": -np.corrcoef(ancestry_r, wrat_r)[0, 1],
        "edges with sex": correlate(edges, sex)[1].sum(),
        "edges with age": correlate(edges, age)[1].sum(),
        "edges with mother's education": correlate(edges[known], education[known])[1].sum(),
        "edges with WRAT, given ancestry": correlate(edges, wrat, np.column_stack([ea, aa]))[1].sum(),
        "edges with WRAT in EA": correlate(edges[ea], wrat[ea])[1].sum(),
        "edges with WRAT in AA": correlate(edges[aa], wrat[aa])[1].sum(),
    }
    return {name: float(got[name]) for name in WANTED}


def mean_connectivity(cohort: Cohort) -> Array:
    """Mean over the three tasks, one row a person; the scans are sorted by task, then person."""
    values = cohort.measure("fc").values.reshape(3, cohort.n_subjects, -1)
    return (values[0] + values[1] + values[2]) / 3


def one_hot(dosage: Array) -> Array:
    """Three 0/1 columns a variant; a missing genotype is 0 in each, as the study coded it."""
    return np.hstack([dosage == copies for copies in (0, 1, 2)]).astype(np.float32)


def scores(x: Array) -> Array:
    """Principal component scores of all people, scaled to a mean square row length of 1."""
    centred = x - x.mean(axis=0)
    values, vectors = linalg.eigh((centred @ centred.T).astype(np.float64))
    kept = values > 1e-8 * values[-1]
    return vectors[:, kept] * np.sqrt(values[kept] * len(x) / values.sum())


def ridge(x: Array) -> BaseEstimator:
    return RidgeCV(alphas=np.logspace(-2, 4, 19) * len(x) / x.shape[1])


def logistic(x: Array) -> BaseEstimator:
    inner = ShuffleSplit(1, test_size=0.2, random_state=1)
    return GridSearchCV(LogisticRegression(max_iter=1000), {"C": [1.0, 10.0, 100.0, 1000.0]}, cv=inner)


def best_ten_linear() -> BaseEstimator:
    return make_pipeline(SelectKBest(f_regression, k=10), LinearRegression())


def best_ten_logistic() -> BaseEstimator:
    return make_pipeline(SelectKBest(f_classif, k=10), StandardScaler(), LogisticRegression())


def rmse(model: BaseEstimator, x: Array, y: Array, splits: ShuffleSplit) -> float:
    errors = []
    for train, test in splits.split(x):
        errors.append(root_mean_squared_error(y[test], model.fit(x[train], y[train]).predict(x[test])))
    return float(np.mean(errors))


def accuracy(model: BaseEstimator, x: Array, y: Array, splits: ShuffleSplit) -> float:
    return float(np.mean([model.fit(x[train], y[train]).score(x[test], y[test]) for train, test in splits.split(x)]))


def correlate(x: Array, y: Array, covariates: Array | None = None) -> tuple[Array, Array]:
    """(Partial) correlation of every column with ``y``, and whether Bonferroni keeps it at 5 %."""
    design = np.column_stack([np.ones(len(y)), *(() if covariates is None else covariates.T)])
    basis = linalg.qr(design, mode="economic")[0]
    x_rest = x - basis.astype(np.float32) @ (basis.T.astype(np.float32) @ x)
    y_rest = y - basis @ (basis.T @ y)
    r = y_rest.astype(np.float32) @ x_rest / np.sqrt(np.einsum("ij,ij->j", x_rest, x_rest) * (y_rest @ y_rest))
    dof = len(y) - design.shape[1] - 1
    p = 2 * stats.t.sf(np.abs(r) * np.sqrt(dof / (1 - r**2)), dof)
    return r, p * x.shape[1] < 0.05


if __name__ == "__main__":
    seeds = [int(seed) for seed in sys.argv[1:]] or [1]
    tables = [table(finish(generate("full", seed))) for seed in seeds]
    print(f"{'':35}{'wanted':>9}{'within':>8}" + "".join(f"{f'seed {seed}':>9}" for seed in seeds))
    for name, (wanted, within) in WANTED.items():
        print(f"{name:35}{wanted:9.4g}{within:8.3g}" + "".join(f"{round(got[name], 3):9.4g}" for got in tables))
