"""Numbers that look like codes of levels, such as a site coded 1 to 5, and what to say where they enter a model."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from imagenomer.cohort import Cohort, looks_like_codes


def coded_warnings(cohort: Cohort, used: Iterable[str | None]) -> list[str]:
    """Warn of numbers with three values or more that look like codes and enter a model linearly.

    Of two values nothing is said: a line through both fits as their levels do. Nor of a column that the user corrected.

    Parameters
    ----------
    cohort : Cohort
    used : iterable of str or None
        Phenotypes that enter the model.
    """
    said = []
    for name in dict.fromkeys(used):
        one = cohort.phenotypes.get(name or "")
        if one is None or one.name in cohort.corrections or not looks_like_codes(one):
            continue
        n_values = np.unique(one.values[~one.missing]).size
        if n_values > 2:
            said.append(
                f"{one.name} has {n_values} whole numbers that look like codes, and enters linearly; if they are codes "
                "make it a category, by Edit in the overview or by a recipe."
            )
    return said
