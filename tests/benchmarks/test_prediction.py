"""Predictions at the size of the PNC beside scikit-learn: 830 subjects, 34,716 connections, 20 random splits (80 : 20).

As in the paper. Timed by ``python3 build_scripts/test.py --benchmarks``; otherwise each is run once, on few
connections and 2 splits. Read the ratios.
"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import ElasticNetCV
from sklearn.linear_model import Ridge as RidgeOfSklearn

from imagenomer.progress import finish
from imagenomer.statistics import elastic_net, folds
from imagenomer.statistics.models import ConnectomeModel, ElasticNet, InnerFolds, Logistic, Ridge
from imagenomer.statistics.prediction import cross_validate
from imagenomer.statistics.prediction_checks import permutation_test
from imagenomer.statistics.sample_space import sample_space

N = 830


@pytest.fixture(scope="module")
def edges(n_edges):
    rng = np.random.default_rng(1)
    values = rng.standard_normal((N, n_edges), dtype=np.float32)
    values *= np.float32(0.2)
    return values


@pytest.fixture(scope="module")
def target(edges):
    return edges[:, :200].sum(axis=1) + np.random.default_rng(2).standard_normal(N)


@pytest.fixture(scope="module")
def splits(pytestconfig):
    n_splits = 20 if pytestconfig.getoption("benchmark_enable") else 2
    return folds.repeated(N, n_splits, 0.2, np.random.default_rng(3))


@pytest.fixture(scope="module")
def space(edges):
    return finish(sample_space(edges, np.arange(N)))


@pytest.mark.benchmark(group="ridge, 20 splits")
def test_the_products_of_all_subjects_once(benchmark, edges):
    benchmark.pedantic(lambda: finish(sample_space(edges, np.arange(N))), rounds=1)


@pytest.mark.benchmark(group="ridge, 20 splits")
def test_first_target_products_given(benchmark, space, target, splits):
    benchmark.pedantic(lambda: finish(cross_validate(space.of(np.arange(N)), target, splits, Ridge())), rounds=1)


@pytest.mark.benchmark(group="ridge, 20 splits")
def test_another_target_of_the_same_people(benchmark, space, target, splits):
    finish(cross_validate(space, target, splits, Ridge()))
    benchmark.pedantic(lambda: finish(cross_validate(space, -target, splits, Ridge())), rounds=3)


@pytest.mark.benchmark(group="ridge, 20 splits")
def test_a_given_penalty(benchmark, space, target, splits):
    benchmark.pedantic(lambda: finish(cross_validate(space.of(np.arange(N)), target, splits, Ridge((10.0,)))), rounds=1)


@pytest.mark.benchmark(group="ridge, 20 splits")
def test_one_of_the_20_by_scikit_learn_with_a_given_penalty(benchmark, edges, target, splits):
    def fit():
        split = splits[0]
        model = RidgeOfSklearn(10.0).fit(edges[split.train], target[split.train])
        return model.predict(edges[split.test])

    benchmark.pedantic(fit, rounds=1)


@pytest.mark.benchmark(group="100 permutations of 20 splits")
def test_permutations_that_choose_penalties_anew(benchmark, space, target, splits):
    finish(cross_validate(space, target, splits, Ridge()))
    rng = np.random.default_rng(4)
    benchmark.pedantic(lambda: finish(permutation_test(space, target, splits, Ridge(), 100, rng)), rounds=1)


@pytest.mark.benchmark(group="other models, one split")
@pytest.mark.parametrize("model", [Logistic(), ConnectomeModel()], ids=["logistic", "connectome"])
def test_other_models(benchmark, space, target, splits, model):
    goal = (target > 0).astype(int)
    benchmark.pedantic(lambda: finish(cross_validate(space, goal, splits[:1], model)), rounds=1)


@pytest.mark.benchmark(group="penalty chosen in 5 inner folds, one split")
@pytest.mark.parametrize(
    "model",
    [ElasticNet(0.5), Ridge((), InnerFolds()), Logistic((), InnerFolds())],
    ids=["elastic net", "ridge", "logistic"],
)
def test_inner_folds(benchmark, space, target, splits, model):
    goal = (target > 0).astype(int) if isinstance(model, Logistic) else target
    finish(elastic_net.prepare())
    benchmark.pedantic(lambda: finish(cross_validate(space, goal, splits[:1], model)), rounds=1)


@pytest.mark.benchmark(group="penalty chosen in 5 inner folds, one split")
def test_the_elastic_net_of_scikit_learn_with_no_penalty_weaker_than_ours(benchmark, edges, space, target, splits):
    """Of all penalties down to the one that ours chose; it cannot stop where errors rise."""
    split = splits[0]
    chosen = finish(cross_validate(space, target, splits[:1], ElasticNet(0.5))).penalties[0]
    own, goal = edges[split.train].astype(np.float64), target[split.train]
    left = own - own.mean(axis=0)
    largest = np.abs((goal - goal.mean()) @ left).max() / (goal.size * 0.5)
    tried = [largest * share for share in elastic_net.RELATIVE_PENALTIES if largest * share > 0.999 * chosen]
    cv = [(part.train, part.test) for part in InnerFolds().of(split.train)]
    model = ElasticNetCV(alphas=tried, l1_ratio=0.5, cv=cv)
    benchmark.pedantic(lambda: model.fit(own, goal), rounds=1)
    assert model.alpha_ == pytest.approx(chosen, rel=1e-5)
