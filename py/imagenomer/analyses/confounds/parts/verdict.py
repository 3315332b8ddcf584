"""Part of a confound report: what becomes of the association when candidates are adjusted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from imagenomer.analyses.confounds.evidence import confidence_at_once, examine_controls, explain_association
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.roles import Role
from imagenomer.analyses.confounds.subjects import Subjects
from imagenomer.cohort import Cohort
from imagenomer.progress import Steps
from imagenomer.statistics.explanation import Explanation
from imagenomer.statistics.joint_model import JointModel
from imagenomer.statistics.negative_controls import NegativeControl
from imagenomer.statistics.remaining_slope import CONFIDENCE
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
    each : float
        Confidence of each interval with which those of all candidates hold at once.
    """

    explanation: Explanation
    bounds: Bounds
    alpha: float
    roles: Mapping[str, Role]
    controls: Mapping[str, NegativeControl] = field(default_factory=dict)
    each: float = CONFIDENCE

    @property
    def n_intervals(self) -> int:
        """How many intervals hold at once: of candidates, of products of two, and of all together."""
        explanation = self.explanation
        remainders = (*(one.remainder for one in explanation.candidates.values()), *explanation.model.products.values())
        return sum(one.pattern.known for one in (*remainders, explanation.joint))


def compute_verdict(
    cohort: Cohort, people: Subjects, params: Params, as_in: JointModel | None = None
) -> Steps[VerdictPart]:
    """Compute the first part, with the joint model of another cohort where there is one."""
    explanation = yield from explain_association(people, params, as_in)
    each = yield from confidence_at_once(people, explanation)
    controls = yield from examine_controls(cohort, people, params, explanation.model)
    return VerdictPart(explanation, params.bounds, params.alpha, people.candidates.roles, controls, each)
