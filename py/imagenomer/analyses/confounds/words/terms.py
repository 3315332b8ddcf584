"""What categories of a verdict and scores of a prediction are called in tables and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from imagenomer.statistics.verdict import Category

#: What each category is called.
TITLES: Mapping[Category, str] = MappingProxyType(
    {
        "no association": "no association to explain",
        "unrelated": "no sign that it accounts for it",
        "real effect": "consistent with an effect that it does not explain",
        "confounding": "consistent with confounding (or mediation)",
        "both": "consistent with both",
        "cannot tell": "cannot tell",
    }
)

#: What scores are called.
SCORES: Mapping[str, str] = MappingProxyType(
    {"r2": "R²", "r": "r", "auc": "AUC", "balanced_accuracy": "Balanced accuracy"}
)
