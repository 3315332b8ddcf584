"""The verdict of a confound report without its tables and figures: what candidates explain of an association."""

from __future__ import annotations

from collections.abc import Mapping

from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.roles import kept_out
from imagenomer.analyses.confounds.subjects import Subjects, choose_subjects, stream, whole_space
from imagenomer.cohort import Cohort
from imagenomer.progress import Steps
from imagenomer.statistics.connectivity_sample import Sample
from imagenomer.statistics.explanation import Explanation, explain
from imagenomer.statistics.joint_model import JointModel
from imagenomer.statistics.negative_controls import NegativeControl, negative_control
from imagenomer.statistics.sign_flips import cluster_codes
from imagenomer.statistics.simultaneous_intervals import confidence_of_each


def sample_of(people: Subjects) -> Steps[Sample]:
    """Return the subjects with their connectivity and target."""
    space = yield from whole_space(people)
    return Sample(
        space.gram,
        people.sample.observations.values,
        people.rows,
        people.subjects,
        people.target.tested.values,
        None if people.families is None else people.families.codes,
    )


def explain_association(people: Subjects, params: Params, as_in: JointModel | None = None) -> Steps[Explanation]:
    """Return what becomes of the association of the target with connectivity when candidates are adjusted for.

    Parameters
    ----------
    people : Subjects
    params : Params
    as_in : JointModel, optional
        Of another cohort, adjusted for together in place of what matters here.
    """
    sample = yield from sample_of(people)
    candidates = {one.name: one for one in people.candidates.phenotypes}
    rng = stream(params.seed, "flips")
    return (
        yield from explain(
            sample,
            candidates,
            n_flips=params.permutations,
            rng=rng,
            alpha=params.alpha,
            bounds=params.bounds,
            kept_out=kept_out(people.candidates.roles),
            as_in=as_in,
        )
    )


def confidence_at_once(people: Subjects, explanation: Explanation) -> Steps[float]:
    """Return the confidence that each interval needs for those of all candidates, together too, to hold at once."""
    remainders = (*(one.remainder for one in explanation.candidates.values()), *explanation.model.products.values())
    shares = [one.pattern for one in (*remainders, explanation.joint) if one.pattern.known]
    codes = cluster_codes(None if people.families is None else people.families.codes, people.n_subjects)
    # What remains, and how sure that is, is the same whatever the seed.
    rng = stream(0, "simultaneous")
    return (yield from confidence_of_each([one.influence for one in shares], codes, rng))


def examine_controls(
    cohort: Cohort, people: Subjects, params: Params, model: JointModel
) -> Steps[Mapping[str, NegativeControl]]:
    """Return what the negative controls are associated with given the joint model, by name."""
    found = {}
    for name in dict.fromkeys(params.negative_controls):
        sample = yield from sample_of(people)
        rng = stream(params.seed, "negative control", name)
        steps = negative_control(
            sample, model, cohort.phenotype(name), n_flips=params.permutations, rng=rng, alpha=params.alpha
        )
        found[name] = yield from steps
    return found


def judge(cohort: Cohort, params: Params) -> Steps[Explanation]:
    """Return the verdict only; the same numbers as those of the whole report.

    Raises
    ------
    InputError
        If a name is not known, or there are too few subjects.
    """
    people = yield from choose_subjects(cohort, params)
    return (yield from explain_association(people, params))
