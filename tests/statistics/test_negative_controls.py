"""Negative controls: they go with target and connectivity where a cause of both is not adjusted for."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from imagenomer.cohort import Phenotype
from imagenomer.progress import finish
from imagenomer.statistics.connectivity_sample import Sample
from imagenomer.statistics.joint_model import JointModel
from imagenomer.statistics.negative_controls import negative_control
from imagenomer.statistics.score_test import score_test

N, P = 150, 80
EVERYBODY = np.arange(N)


def drawn(kind, seed):
    """Return sample, control, and the cause: of the control and, by kind, of the target and of connectivity."""
    rng = np.random.default_rng(seed)
    cause = rng.normal(size=N)
    control = cause + 0.7 * rng.normal(size=N)
    target = 0.7 * cause * (kind != "nothing") + rng.normal(size=N)
    edges = rng.normal(size=(N, P)) + 0.5 * np.outer(target * (kind == "real"), rng.normal(size=P))
    edges += 0.5 * np.outer(cause * (kind == "confounded"), rng.normal(size=P))
    edges = edges.astype(np.float32)
    gram = edges.astype(float) @ edges.T.astype(float)
    return Sample(gram, edges, EVERYBODY, EVERYBODY, target[:, None]), control, cause


def joint(*columns):
    given = np.column_stack([np.zeros((N, 0)), *columns])
    return JointModel(tuple(f"c{number}" for number in range(len(columns))), {}, np.ones(N, dtype=bool), given)


def examine(sample, control, model, **options):
    steps = negative_control(
        sample, model, Phenotype("control", control), n_flips=99, rng=np.random.default_rng(1), **options
    )
    return finish(steps)


def test_a_cause_that_is_not_adjusted_for_shows_and_one_that_is_does_not():
    before, after = [], []
    for seed in range(10):
        sample, control, cause = drawn("confounded", seed)
        before.append(examine(sample, control, joint()).hints(0.05))
        after.append(examine(sample, control, joint(cause)).hints(0.05))
    assert sum(before) >= 9
    assert sum(after) <= 1


@pytest.mark.parametrize("kind", ["real", "nothing"])
def test_without_a_common_cause_there_is_no_sign_though_the_control_goes_with_the_target(kind):
    assert sum(examine(*drawn(kind, seed)[:2], joint()).hints(0.05) for seed in range(20)) <= 3


def test_p_values_are_those_of_statsmodels_and_of_the_score_test():
    sample, _, cause = drawn("real", 3)
    control = np.digitize(cause, [-0.5, 0.5]).astype(np.intp)
    phenotype = Phenotype("control", control, ("a", "b", "c"))
    extra = np.random.default_rng(7).normal(size=N)
    found = finish(negative_control(sample, joint(extra), phenotype, n_flips=99, rng=np.random.default_rng(1)))
    columns = np.column_stack([control == 1, control == 2]).astype(float)
    small = sm.OLS(sample.target[:, 0], sm.add_constant(extra)).fit()
    large = sm.OLS(sample.target[:, 0], sm.add_constant(np.column_stack([extra, columns]))).fit()
    assert found.p_target == pytest.approx(large.compare_f_test(small)[1], rel=1e-9)
    given, rng = np.column_stack([extra, sample.target]), np.random.default_rng(1)
    steps = score_test(sample.gram, sample.values, EVERYBODY, columns, given, n_flips=99, rng=rng, levels=(0.05,))
    assert found.connectivity == finish(steps)


def test_who_lacks_the_control_or_the_joint_model_is_left_out_and_too_few_are_said():
    sample, control, cause = drawn("confounded", 2)
    known = np.ones(N, dtype=bool)
    known[:20] = False
    model = JointModel(("c",), {}, known, cause[known][:, None])
    control[-10:] = np.nan
    assert examine(sample, control, model).n_subjects == N - 30
    control[40:] = np.nan
    few = examine(sample, control, model)
    assert (few.n_subjects, few.connectivity, few.hints(0.05)) == (20, None, False)
