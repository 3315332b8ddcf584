"""What the methods are that an option offers."""

from __future__ import annotations

from collections.abc import Mapping

#: Option -> value -> what that method is. Options of one name share it where they have such a value.
METHODS_OF_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "correction": {
        "bonferroni": (
            "p times the number of tests. Bounds the chance of one false finding; strict for correlated tests."
        ),
        "holm": "Bonferroni in steps: the same guarantee, never less powerful.",
        "bh": "Bounds the expected share of false findings among all (false discovery rate).",
        "by": "The same under any dependence of the tests, and stricter.",
        "max-t": (
            "Compares with the largest statistic of each permutation: like Bonferroni, and adapts to correlated tests."
        ),
        "nbs": "Tests connected components of edges beyond a threshold; says nothing of single edges in them.",
        "tfce": "Enhances edges by the components they are in, over all thresholds, and tests each edge.",
    },
    "model": {
        "ridge": "Linear, all features, weights shrunk together.",
        "elastic-net": "Linear, few features. Slow.",
        "logistic": "Linear classifier that gives probabilities.",
        "svm": "Linear classifier with the widest margin.",
        "cpm": "Sums the edges that are associated with the target in training subjects (Shen 2017).",
        "top": (
            "The k features most correlated with the target in training subjects, then ridge or logistic regression."
        ),
    },
    "method": {
        "pca": "Orthogonal, explaining the most variance in order.",
        "ica": "Maps as statistically independent as possible.",
        "nmf": "Parts that only add up; no negative values.",
        "dictionary": "Few edges in each component.",
    },
    "use": {
        "residual": "The features are regressed on the covariates in training subjects, and the residuals are used.",
        "both": "The model may use both.",
        "covariates": "What confounds alone can predict.",
        "features": "The prediction without any adjustment.",
    },
}
