"""The result of harmonisation: effects of site on connectivity before and after, and what is preserved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from imagenomer.analyses.shared.sample import Sample
from imagenomer.cohort import Phenotype
from imagenomer.progress import Steps
from imagenomer.statistics.combat import Combat, fit_combat
from imagenomer.statistics.covbat import Covbat, fit_covbat
from imagenomer.statistics.design import Design
from imagenomer.statistics.site_prediction import SitePrediction
from imagenomer.statistics.sites import Sites
from imagenomer.types import BoolArray, FloatArray

#: Edges are called significant by Bonferroni at this level.
ALPHA = 0.05

METHODS: dict[Literal["combat", "covbat"], str] = {"combat": "ComBat", "covbat": "CovBat"}


@dataclass(frozen=True, slots=True, eq=False)
class SiteModel:
    """What is removed from connectivity and what is preserved, and how it is estimated.

    Attributes
    ----------
    site : Phenotype
    covariates : tuple of Phenotype
        Preserved.
    method : "combat" or "covbat"
    empirical_bayes, mean_only : bool
    reference : str or None
        The level of the site that stays as it is.
    learn_from, group : str or None
        Group expressions: the subjects effects are estimated in, and those harmonised. None: everybody.
    """

    site: Phenotype
    covariates: tuple[Phenotype, ...]
    method: Literal["combat", "covbat"]
    empirical_bayes: bool
    mean_only: bool
    reference: str | None
    learn_from: str | None
    group: str | None

    @property
    def preserved(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.covariates)

    @property
    def method_name(self) -> str:
        return METHODS[self.method]

    @property
    def fit(self) -> Callable[..., Steps[Combat | Covbat]]:
        """What estimates the effects: `fit_combat` or `fit_covbat` with the options given."""
        if self.reference is not None:
            self.site.indicator(self.reference)  # refuses an unknown level
        options: dict[str, Any] = {
            "empirical_bayes": self.empirical_bayes,
            "mean_only": self.mean_only,
            "reference": None if self.reference is None else self.site.levels.index(self.reference),
        }
        return partial(fit_combat if self.method == "combat" else fit_covbat, **options)


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """Something tested in every edge.

    Attributes
    ----------
    value : ndarray, shape (n_edges,)
        Partial r of a number or of two levels, else partial eta squared.
    neg_log10_p : ndarray, shape (n_edges,)
        Uncorrected; NaN where it cannot be tested.
    """

    value: FloatArray
    neg_log10_p: FloatArray

    @property
    def n_tests(self) -> int:
        return int(np.count_nonzero(np.isfinite(self.neg_log10_p)))

    @property
    def significant(self) -> BoolArray:
        """Bonferroni, shape (n_edges,)."""
        return np.asarray(self.neg_log10_p > -np.log10(ALPHA / max(self.n_tests, 1)))

    @property
    def share_nominal(self) -> float:
        """Share of the tested edges with an uncorrected p below 0.05."""
        return float(np.count_nonzero(self.neg_log10_p > -np.log10(0.05)) / max(self.n_tests, 1))


@dataclass(frozen=True, slots=True, eq=False)
class PreservedCovariate:
    """A covariate that is preserved: its associations with connectivity, given the other covariates.

    Attributes
    ----------
    name, statistic : str
    share_of_site : float
        Of its variance, explained by site, in the subjects learned from.
    before, within, after : Effect
        In connectivity as it was; the same with the site as a covariate too; harmonised.
    """

    name: str
    statistic: str
    share_of_site: float
    before: Effect
    within: Effect
    after: Effect


@dataclass(frozen=True, slots=True, eq=False)
class SitePredictions:
    """How accurately the site of test subjects is predicted; None where too few subjects remain.

    Attributes
    ----------
    before, after : SitePrediction or None
        From connectivity as it was; from harmonised connectivity, learned from the training subjects.
    apart : SitePrediction or None
        From harmonised connectivity of subjects whom harmonisation had not seen, in training and test set.
    left_out : tuple of str
        Excluded sites.
    not_preserved : tuple of str
        Columns that are not preserved in the folds.
    """

    before: SitePrediction | None
    after: SitePrediction | None
    apart: SitePrediction | None
    left_out: tuple[str, ...] = ()
    not_preserved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Harmonisation:
    """Connectivity without the differences between sites.

    Attributes
    ----------
    model : SiteModel
    sample : Sample
    sites : Sites
        Of the rows of the sample.
    learned : ndarray of bool, shape (n_subjects,)
        The subjects that effects were learned from.
    effects : Combat or Covbat
    design : Design
        What is preserved.
    before, after : Effect
        Of the site, given what is preserved, in connectivity as it was and harmonised.
    dof : tuple of int
        Of its F test, numerator and denominator, for an edge that everybody has.
    means : ndarray, shape (2, n_sites)
        Mean connectivity of the subjects of each site before and after.
    beyond : int
        Values that were correlations before and are outside -1 and 1 after.
    lost : int
        Values that are missing after only.
    preserved : tuple of PreservedCovariate
    site_predictions : SitePredictions or None
        None where none was requested.
    not_preserved : tuple of (str, float)
        Phenotypes that differ between sites and are not preserved, and the share of their variance.
    """

    model: SiteModel
    sample: Sample
    sites: Sites
    learned: BoolArray
    effects: Combat | Covbat
    design: Design
    before: Effect
    after: Effect
    dof: tuple[int, int]
    means: FloatArray
    beyond: int
    lost: int
    preserved: tuple[PreservedCovariate, ...]
    site_predictions: SitePredictions | None
    not_preserved: tuple[tuple[str, float], ...]

    @property
    def combat(self) -> Combat:
        return self.effects if isinstance(self.effects, Combat) else self.effects.combat
