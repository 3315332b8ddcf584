"""Cluster-robust tests the long way: coefficients by statsmodels, with one cluster left out after the other."""

from __future__ import annotations

import numpy as np
from scipy import stats
from statsmodels.api import OLS


def left_out(values, tested, others, codes):
    """Return coefficients, their covariance (CR3, or HC3 if each subject is a cluster), nu, F and p."""
    tested = np.asarray(tested, dtype=float).reshape(len(values), -1)
    columns, k = np.column_stack([tested, others]), tested.shape[1]
    whole = OLS(values, columns).fit().params
    changes = [OLS(values[codes != one], columns[codes != one]).fit().params for one in np.unique(codes)] - whole
    covariance = (changes.T @ changes)[:k, :k]
    nu = effective_dof(tested, others, codes)
    f = whole[:k] @ np.linalg.solve(covariance, whole[:k]) / k
    return whole[:k], covariance, nu, f, stats.f.sf(f * (nu - k + 1) / nu, k, nu - k + 1)


def effective_dof(tested, others, codes):
    """Degrees of freedom by Satterthwaite (of several columns Pustejovsky and Tipton's), from whole matrices."""
    tested = np.asarray(tested, dtype=float).reshape(len(codes), -1)
    inside = np.linalg.qr(others)[0]
    about = np.linalg.qr(tested - inside @ (inside.T @ tested))[0]
    hat = inside @ inside.T + about @ about.T
    rest = np.eye(len(codes)) - hat
    k, groups = tested.shape[1], np.unique(codes)
    parts = np.zeros((groups.size, k, len(codes)))
    for row, group in enumerate(groups):
        own = np.flatnonzero(codes == group)
        parts[row] = (rest[:, own] @ np.linalg.inv(rest[np.ix_(own, own)]) @ about[own]).T
    root = np.linalg.inv(np.linalg.cholesky(np.einsum("gai,gbi->ab", parts, parts)))
    parts = np.einsum("ab,gbi->gai", root, parts)
    covariances = np.einsum("gai,hbi->gahb", parts, parts)
    crossed = np.einsum("gahb,gbha->", covariances, covariances)
    return k * (k + 1) / (crossed + np.einsum("gaha,gbhb->", covariances, covariances))
