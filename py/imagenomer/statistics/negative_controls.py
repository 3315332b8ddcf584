"""Negative controls: phenotypes that have no part in an association, and show whether something else has.

A negative control is a phenotype that, for all that is known, neither target nor connectivity affects (an outcome) and
that affects neither (an exposure), but that what confounds the two would move as well: a score of another domain, a
measure of before. Given what is adjusted for it should then be associated with at most one of them:

* with the target: a cause of both it and the target is not adjusted for;
* with connectivity given the target: a cause of both it and connectivity is not adjusted for. The target is given
  because a control that is associated with it is associated with whatever the target does to connectivity.

Both together mean that causes of the target and of connectivity that are not adjusted for meet in the control, as an
unmeasured confounder does; either alone does not confound. Connectivity is tested by sign flips
(`imagenomer.statistics.score_test`), the target by F of nested linear models.

References
----------
Lipsitch, Tchetgen Tchetgen and Cohen (2010), Epidemiology 21:383. Shi, Miao and Tchetgen Tchetgen (2020), Current
Epidemiology Reports 7:190.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imagenomer.progress import Steps
from imagenomer.statistics.connectivity_sample import Sample
from imagenomer.statistics.double_selection import f_test_p
from imagenomer.statistics.flexible_columns import flexible_columns, plain_columns
from imagenomer.statistics.joint_model import JointModel
from imagenomer.statistics.score_test import ScoreTest
from imagenomer.statistics.verdict import LEAST
from imagenomer.types import Variable


@dataclass(frozen=True, slots=True)
class NegativeControl:
    """What a negative control is associated with, given what is adjusted for.

    Attributes
    ----------
    p_target : float
        Of no association with the target, in whatever shape; NaN where too few subjects have the control.
    connectivity : ScoreTest or None
        Of an association with connectivity given the target as well; None where too few have it.
    n_subjects : int
    """

    p_target: float
    connectivity: ScoreTest | None
    n_subjects: int

    def hints(self, alpha: float) -> bool:
        """Return whether it is associated with both, as where an unmeasured cause confounds the association."""
        return self.connectivity is not None and max(self.p_target, self.connectivity.p_value) <= alpha


def negative_control(
    sample: Sample,
    model: JointModel,
    control: Variable,
    *,
    n_flips: int,
    rng: np.random.Generator,
    alpha: float = 0.05,
) -> Steps[NegativeControl]:
    """Test whether a negative control is associated with target and connectivity all the same.

    Parameters
    ----------
    sample : Sample
    model : JointModel
        What is adjusted for.
    control : Variable
    n_flips : int
    rng : numpy.random.Generator
    alpha : float
        Level of significance, near which more flips are drawn.
    """
    has = ~control.missing[sample.subjects] & model.known
    subjects = sample.subjects[has]
    if subjects.size < LEAST or not np.ptp(control.values[subjects]):
        return NegativeControl(np.nan, None, int(subjects.size))
    columns = model.columns[has[model.known]]
    target = sample.target[has]
    given = np.column_stack([np.ones(subjects.size), columns])
    p_target = f_test_p(target, flexible_columns(control, subjects), given)
    own = replace(sample.of(np.flatnonzero(has)), target=plain_columns(control, subjects))
    everybody = np.ones(subjects.size, dtype=bool)
    found = yield from own.test(everybody, np.column_stack([columns, target]), n_flips, rng, alpha)
    return NegativeControl(p_target, found, int(subjects.size))
