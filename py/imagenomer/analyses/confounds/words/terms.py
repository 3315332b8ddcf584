"""What categories of a verdict and scores of a prediction are called in tables and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from imagenomer.statistics.verdict import Category

#: What is said of a candidate, or of all together.
TITLES: Mapping[Category, str] = MappingProxyType(
    {
        "no association": "no association to explain",
        "unrelated": "no sign of a part in it",
        "real effect": "does not explain it",
        "confounding": "explains it (confounder or mediator)",
        "both": "explains part of it",
        "cannot tell": "cannot tell",
    }
)

#: What scores are called.
SCORES: Mapping[str, str] = MappingProxyType(
    {"r2": "R²", "r": "r", "auc": "AUC", "balanced_accuracy": "Balanced accuracy"}
)
