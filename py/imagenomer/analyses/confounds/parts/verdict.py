"""First of a confound report: what becomes of the association when candidates are adjusted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from imagenomer.analyses.confounds.evidence import examine_controls, explain_association
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.roles import Role
from imagenomer.analyses.confounds.subjects import Subjects
from imagenomer.cohort import Cohort
from imagenomer.progress import Steps
from imagenomer.statistics.explanation import Explanation
from imagenomer.statistics.negative_controls import NegativeControl
from imagenomer.statistics.verdict import Bounds


@dataclass(frozen=True, slots=True, eq=False)
class VerdictPart:
    """What becomes of the association when candidates are adjusted for.

    Attributes
    ----------
    explanation : Explanation
    bounds : Bounds
        With which it was judged.
    alpha : float
        Level of significance.
    roles : mapping of str to "confounder", "mediator" or "consequence"
        Of candidates whose role the user knows.
    controls : mapping of str to NegativeControl
        By name.
    """

    explanation: Explanation
    bounds: Bounds
    alpha: float
    roles: Mapping[str, Role]
    controls: Mapping[str, NegativeControl] = field(default_factory=dict)


def compute_verdict(cohort: Cohort, people: Subjects, params: Params) -> Steps[VerdictPart]:
    explanation = yield from explain_association(people, params)
    controls = yield from examine_controls(cohort, people, params, explanation.model)
    return VerdictPart(explanation, params.bounds, params.alpha, people.candidates.roles, controls)
