"""Joint models: causes enter together, products where they matter, another sample's model as far as it goes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from imagenomer.cohort import Phenotype
from imagenomer.progress import finish
from imagenomer.statistics.connectivity_sample import Sample
from imagenomer.statistics.joint_model import JointModel, choose_joint, repeat_joint
from imagenomer.statistics.remainders import Scores, examine
from imagenomer.statistics.verdict import Bounds

N, P = 240, 150


def judged(target, edges, candidates):
    edges = edges.astype(np.float32)
    deviations = (edges - edges.mean(axis=0)).astype(float)
    everybody = np.arange(N)
    sample = Sample(deviations @ deviations.T, edges, everybody, everybody, target[:, None], None)
    scores = Scores(sample, Bounds())
    before = finish(scores.of_everybody())
    return scores, {name: finish(examine(scores, one, before)) for name, one in candidates.items()}, before


@pytest.fixture
def causes(rng):
    """Two causes of target and connectivity, and a bystander."""
    age, motion, hand = rng.standard_normal((3, N))
    target = age + motion + rng.standard_normal(N)
    edges = rng.standard_normal((N, P)) + 0.4 * (
        np.outer(age, rng.standard_normal(P)) + np.outer(motion, rng.standard_normal(P))
    )
    candidates = {name: Phenotype(name, one) for name, one in (("age", age), ("motion", motion), ("hand", hand))}
    return target, edges, candidates


def test_causes_are_chosen_together_and_a_bystander_is_not(causes):
    target, edges, candidates = causes
    scores, found, before = judged(target, edges, candidates)
    chosen = finish(choose_joint(scores, found, candidates, before))
    assert set(chosen.names) == {"age", "motion"}
    assert chosen.names[0] == min(("age", "motion"), key=lambda name: min(found[name].p_target, found[name].p_score))
    assert not chosen.products


def test_a_product_that_moves_both_is_chosen_with_its_candidates(rng):
    site, drug = rng.integers(0, 2, (2, N))
    product = (site == drug) * 2.0 - 1
    target = product + rng.standard_normal(N)
    edges = rng.standard_normal((N, P)) + 0.5 * np.outer(product, rng.standard_normal(P))
    candidates = {"site": Phenotype("site", site, ("a", "b")), "drug": Phenotype("drug", drug, ("no", "yes"))}
    scores, found, before = judged(target, edges, candidates)
    chosen = finish(choose_joint(scores, found, candidates, before))
    assert set(chosen.names) == {"site", "drug"}
    (pair,) = chosen.products
    assert set(pair) == {"site", "drug"}
    # With the product adjusted for, hardly anything remains; with its candidates alone all of it does.
    assert abs(chosen.products[pair].remainder.pattern.estimate) < 0.3
    assert found["site"].remainder.pattern.estimate > 0.8


def test_another_samples_model_is_taken_as_far_as_it_can_be_had(causes):
    target, edges, candidates = causes
    motion = candidates["motion"].values
    scarce = dataclasses.replace(candidates["motion"], values=np.where(np.arange(N) < 5, motion, np.nan))
    candidates = {**candidates, "motion": scarce, "copy": Phenotype("copy", target)}
    scores, found, _ = judged(target, edges, candidates)
    names, everybody = ("hand", "age", "motion", "copy", "absent"), np.ones(N, dtype=bool)
    of_both = found["hand"].remainder
    chosen = finish(repeat_joint(scores, found, candidates, JointModel(names, {names[:2]: of_both}, everybody, edges)))
    assert chosen.names == ("hand", "age"), "few have motion, copy says what the target says, absent is nowhere"
    ((pair, product),) = chosen.products.items()
    assert pair == ("hand", "age")
    hand, age = (candidates[name].values - candidates[name].values.mean() for name in pair)
    assert np.corrcoef(product.columns[:, 0], hand * age)[0, 1] == pytest.approx(1, abs=1e-9)
