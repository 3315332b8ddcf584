"""Covariates taken out of features within a split, the long way."""

from __future__ import annotations

from sklearn.linear_model import LinearRegression


def residual(edges, covariates, split):
    """Features without what the covariates explain in the training part."""
    fitted = LinearRegression().fit(covariates[split.train], edges[split.train].astype(float))
    return edges - fitted.predict(covariates)
