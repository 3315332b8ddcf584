"""What component association computes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.shared.decompositions import Components
from imagenomer.analyses.shared.edge_fits import SpreadTest
from imagenomer.analyses.shared.inference import Decision
from imagenomer.analyses.shared.linear_model import Model
from imagenomer.analyses.shared.plan import Plan
from imagenomer.cohort import Phenotype
from imagenomer.statistics.correction import n_tests
from imagenomer.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class PhenotypeTest:
    """One phenotype against every component.

    Attributes
    ----------
    model : Model
    rows : ndarray, shape (n_subjects,)
        Rows of the components' scores that are used.
    effect : ndarray, shape (n_components,)
        Partial correlation; of a category tested as a whole, the root of partial eta squared, which has no sign.
    lower, upper : ndarray, shape (n_components,)
        95 % confidence limits of the correlation; NaN of a category.
    slope, slope_lower, slope_upper : ndarray, shape (n_components,)
        Units of score for each unit of the phenotype, or the difference between two levels; NaN of a category.
    p_value, neg_log10_p : ndarray, shape (n_components,)
    dof : int
    """

    model: Model
    rows: IntArray
    effect: FloatArray
    lower: FloatArray
    upper: FloatArray
    slope: FloatArray
    slope_lower: FloatArray
    slope_upper: FloatArray
    p_value: FloatArray
    neg_log10_p: FloatArray
    dof: int

    @property
    def name(self) -> str:
        return self.model.question.phenotype.name


@dataclass(frozen=True, slots=True, eq=False)
class ComponentTests:
    """Tests of phenotypes against components.

    Attributes
    ----------
    components : Components
    covariates : tuple of Phenotype
    tested : tuple of PhenotypeTest
    untested : tuple of (str, str)
        Phenotypes that cannot be tested, and why.
    decision : Decision
        Of all tests: those of the first phenotype, then those of the second, and so on.
    plan : Plan or None
    spread : SpreadTest or None
        Whether the spread of scores varies with the phenotype; None of several, and where that is allowed for.
    """

    components: Components
    covariates: tuple[Phenotype, ...]
    tested: tuple[PhenotypeTest, ...]
    untested: tuple[tuple[str, str], ...]
    decision: Decision
    plan: Plan | None
    spread: SpreadTest | None

    @property
    def used(self) -> tuple[str, ...]:
        """Names of the covariates that are in the model of any phenotype."""
        models = [one.model for one in self.tested]
        return tuple(one.name for one in self.covariates if any(one.name in model.used for model in models))

    @property
    def p_adjusted(self) -> FloatArray:
        """Shape (n_phenotypes, n_components)."""
        return self.decision.p_value.reshape(len(self.tested), -1)

    @property
    def significant(self) -> BoolArray:
        """Shape (n_phenotypes, n_components)."""
        return self.decision.significant.reshape(len(self.tested), -1)

    @property
    def effects(self) -> FloatArray:
        """Shape (n_phenotypes, n_components)."""
        return np.array([one.effect for one in self.tested])

    @property
    def strongest(self) -> tuple[int, int]:
        """Phenotype and component of the smallest p-value."""
        strength = np.nan_to_num(np.array([one.neg_log10_p for one in self.tested]), nan=-1.0)
        row, column = np.unravel_index(int(strength.argmax()), strength.shape)
        return int(row), int(column)

    @property
    def n_tests(self) -> int:
        return n_tests(self.decision.neg_log10_p)

    @property
    def n_significant(self) -> int:
        return int(np.count_nonzero(self.decision.significant))

    @property
    def n_nominal(self) -> int:
        """Tests of an uncorrected p below 0.05."""
        return int(sum(np.count_nonzero(one.p_value < 0.05) for one in self.tested))
