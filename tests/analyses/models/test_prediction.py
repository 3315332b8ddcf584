"""The analysis of predictions: who is used, what is said, and numbers that are those of scikit-learn."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import LassoCV, Ridge

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import GridView, MatrixView, PointsView, TableView, read_params
from imagenomer.cohort import Decomposition, Phenotype
from imagenomer.errors import InputError
from imagenomer.figures.theme import render
from imagenomer.progress import finish
from imagenomer.statistics.elastic_net import RELATIVE_PENALTIES
from imagenomer.statistics.models import InnerFolds

PREDICTION = load_analyses()["prediction"]


def params_of(given):
    return read_params(PREDICTION, {"phenotype": "age", **given})


def run(cohort, **params):
    params = params_of(params)
    result = finish(PREDICTION.compute(cohort, params))
    return result, PREDICTION.report(cohort, params, result)


def views(report, kind):
    return {view.name: view for view in report.views if isinstance(view, kind)}


def test_numbers_are_those_of_a_ridge_regression_in_the_same_folds(cohort):
    result, report = run(cohort, task="nback", protocol="folds", n_folds=4, penalty="fixed", penalty_value=0.5)
    observations = cohort.observations("fc", "nback")
    validation, subjects = result.validation, result.feature_set.subjects
    row_of = {subject: row for row, subject in enumerate(observations.subjects.tolist())}
    edges = observations.values[[row_of[one] for one in subjects.tolist()]].astype(float)
    age = cohort.phenotypes["age"].values[subjects]
    squared, null = 0.0, 0.0
    for split in validation.splits:
        model = Ridge(0.5).fit(edges[split.train], age[split.train])
        squared += np.sum((age[split.test] - model.predict(edges[split.test])) ** 2)
        null += np.sum((age[split.test] - age[split.train].mean()) ** 2)
    assert report.numbers["scores"]["r2"]["value"] == pytest.approx(1 - squared / null, abs=1e-5)
    assert report.numbers["scores"]["rmse"]["value"] == pytest.approx(np.sqrt(squared / 39), rel=1e-5)
    np.testing.assert_allclose(report.arrays["weights"], Ridge(0.5).fit(edges, age).coef_, atol=1e-3)
    assert report.numbers["n_subjects"] == 39
    assert any("1 subject without age was left out: 5." in sentence for sentence in report.sentences)


def test_the_planted_edge_weighs_most_and_age_is_predicted(cohort):
    _, report = run(cohort)
    assert np.abs(report.arrays["weights"]).argmax() == 3
    assert np.abs(report.arrays["pattern"]).argmax() == 3
    assert report.numbers["scores"]["r2"]["value"] > 0.1
    assert report.numbers["null_scores"]["r2"] == pytest.approx(0)
    assert report.verdict[0].of == "scores"
    assert report.numbers["interval"] is None  # 39 subjects are too few for halves
    assert any("Only 31 training subjects" in one for one in report.warnings)


def test_scores_without_intervals_are_the_same_scores(cohort, rng):
    for name in ("score", "dose"):  # of everybody: fewer have no halves
        cohort.phenotypes[name] = Phenotype(name, rng.normal(size=40))
    target = {"phenotype": "score", "covariates": ["dose"], "task": "nback"}
    result, told = run(cohort, **target)
    assert told.numbers["interval"] == "half-samples"
    assert told.numbers["scores"]["mae"]["low"] < told.numbers["scores"]["mae"]["high"]
    assert any("half-samples" in one for one in PREDICTION.methods(cohort, params_of(target), result).citations)
    result, report = run(cohort, **target, intervals=False)
    assert report.numbers["interval"] is None
    for scores in ("scores", "covariates_only"):
        for name, one in report.numbers[scores].items():
            assert one == {"value": told.numbers[scores][name]["value"], "low": None, "high": None}
    assert "There are no intervals: none were requested." in report.sentences
    assert not any("half-samples" in one for one in PREDICTION.methods(cohort, params_of(target), result).citations)


@pytest.mark.parametrize(
    "params",
    [
        {"model": "cpm", "p_threshold": 0.1},
        {"model": "top", "n_features": 3},
        {"model": "top", "n_features": 3, "penalty": "inner"},
        {"model": "elastic-net", "covariates": ["sex"], "use": "both"},
        {"model": "elastic-net", "mix": 1, "features": "variants", "coding": "additive", "protocol": "folds"},
        {"model": "elastic-net", "features": "decomposition", "decomposition": "three", "protocol": "folds"},
        {"model": "elastic-net", "penalty": "fixed", "penalty_value": 1e6},
        {"model": "elastic-net", "phenotype": "third", "protocol": "folds", "covariates": ["sex"]},
        {"model": "ridge", "penalty": "inner", "protocol": "leave-one-out", "leave_out": "sex"},
        {"features": "variants"},
        {"features": "variants", "coding": "additive"},
        {"features": "phenotypes", "predictors": ["sex", "site"]},
        {"features": "decomposition", "decomposition": "three"},
        {"covariates": ["sex"], "use": "both"},
        {"covariates": ["sex"], "use": "covariates"},
        {"protocol": "groups", "train_group": 'sex == "F"', "test_group": 'sex == "M"'},
        {"protocol": "leave-one-out", "leave_out": "sex"},
        {"together": "sex", "protocol": "folds", "n_folds": 2},
        {"phenotype": "sex"},
        {"phenotype": "sex", "model": "logistic", "task": "rest"},
        {"phenotype": "sex", "model": "svm", "covariates": ["age"], "use": "both", "protocol": "folds"},
        {"phenotype": "sex", "model": "logistic", "penalty": "inner", "together": "third", "n_folds": 3},
        {"phenotype": "third", "model": "ridge", "protocol": "folds"},
    ],
    ids=lambda params: " ".join(map(str, params.values())),
)
def test_every_choice_has_a_report(cohort, params):
    third = Phenotype("third", np.arange(40) % 3, levels=("a", "b", "c"))
    scores = Decomposition(
        "three", np.zeros((3, 15), dtype=np.float32), np.random.default_rng(2).standard_normal((40, 3))
    )
    cohort = dataclasses.replace(
        cohort, phenotypes={**cohort.phenotypes, "third": third}, decompositions={"three": scores}
    )
    result, report = run(cohort, **params)
    for said in (*report.sentences, *report.warnings, *(one.text for one in report.verdict)):
        assert said.endswith(".")
        assert " nan" not in said
    names = {view.name for view in report.views}
    assert {one.of for one in report.verdict} <= names
    methods = PREDICTION.methods(cohort, params_of(params), result)
    assert all(paragraph.endswith(".") for paragraph in methods.text)


def test_the_lasso_is_that_of_scikit_learn_and_chooses_the_planted_edge(cohort):
    given = {"model": "elastic-net", "mix": 1, "task": "nback", "protocol": "folds", "together": "family"}
    cohort = dataclasses.replace(
        cohort,
        phenotypes={
            **cohort.phenotypes,
            "family": Phenotype("family", np.arange(40) // 2, levels=tuple("abcdefghijklmnopqrst")),
        },
    )
    result, report = run(cohort, **given)
    observations, subjects = cohort.observations("fc", "nback"), result.feature_set.subjects
    row_of = {subject: row for row, subject in enumerate(observations.subjects.tolist())}
    edges = observations.values[[row_of[one] for one in subjects.tolist()]].astype(float)
    age, family = cohort.phenotypes["age"].values[subjects], subjects // 2
    validation = result.validation
    for row, split in enumerate(validation.splits):
        inner = InnerFolds(5, 1, family).of(split.train)
        assert not any(set(family[split.train[one.train]]) & set(family[split.train[one.test]]) for one in inner)
        own = edges[split.train] - edges[split.train].mean(axis=0)
        largest = np.abs(own.T @ (age[split.train] - age[split.train].mean())).max() / split.train.size
        model = LassoCV(
            alphas=largest * np.array(RELATIVE_PENALTIES),
            cv=[(one.train, one.test) for one in inner],
            tol=1e-10,
            max_iter=100_000,
        ).fit(edges[split.train], age[split.train])
        assert validation.penalties[row] == pytest.approx(model.alpha_, rel=1e-5)
        np.testing.assert_allclose(validation.predicted[row, split.test], model.predict(edges[split.test]), rtol=1e-5)
    assert report.arrays["frequency"][3] == 1
    assert np.abs(report.arrays["weights"]).argmax() == 3
    assert any("Lasso: linear regression with most weights 0" in one for one in report.sentences)
    assert any(
        "inner folds of the training part, which keep each value of family together" in one for one in report.sentences
    )
    methods = PREDICTION.methods(cohort, params_of(given), result)
    assert any("Tibshirani (1996)" in one for one in methods.citations)
    assert any("screening of features" in one for one in methods.citations)
    assert any("Varma and Simon" in one for one in methods.citations)


def test_a_class_without_test_subjects_is_named(cohort):
    codes = (np.arange(cohort.n_subjects) < 2).astype(np.intp)
    rare = dataclasses.replace(cohort, phenotypes=cohort.phenotypes | {"rare": Phenotype("rare", codes, ("no", "yes"))})
    *_, report = run(rare, phenotype="rare", task="nback", test_share=0.1)
    (said,) = [one for one in report.warnings if "the test set has no yes" in one]
    assert "the test set has one class only" in said
    *_, report = run(cohort, phenotype="sex", task="nback")
    assert not any("the test set has no" in one for one in report.warnings)


def test_an_elastic_net_has_every_check(cohort):
    given = {
        "model": "elastic-net",
        "penalty": "fixed",
        "penalty_value": 0.5,
        "protocol": "folds",
        "covariates": ["sex"],
    }
    result, report = run(cohort, permutations=20, curve=True, shuffled=True, **given)
    assert {"permutations", "learning", "shuffles", "frequency"} <= {view.name for view in report.views}
    assert report.numbers["permutation_p"] == pytest.approx(1 / 21)
    assert [row["value"] for row in report.numbers["learning_curve"]][-1] == pytest.approx(
        float(np.mean(result.validation.scores["r2"]))
    )


def test_checks_are_shown_where_they_are_asked_for(cohort):
    given = {"permutations": 100, "curve": True, "shuffled": True, "covariates": ["sex"], "protocol": "folds"}
    result, report = run(cohort, **given)
    names = {view.name for view in report.views}
    assert {"permutations", "learning", "sizes", "shuffles"} <= names
    assert report.numbers["permutation_p"] == result.permutation_test.p_value <= 0.05
    assert report.numbers["covariates_only"]["r2"]["value"] < report.numbers["scores"]["r2"]["value"]
    figures = PREDICTION.figures(
        cohort,
        params_of(given),
        result,
        PREDICTION.report(cohort, params_of(given), result),
        "dark",
    )
    for name in ("permutations", "learning", "shuffles"):
        assert render(figures[name], "svg").startswith(b"<?xml")
    assert any("Hamdan 2023" in sentence for sentence in report.sentences)
    assert [row["apart"] for row in report.numbers["learning_curve"]].count("overlap") >= 5


def test_tables_say_what_was_predicted_of_whom(cohort):
    given = {"phenotype": "sex", "task": "rest", "protocol": "folds"}
    result, report = run(cohort, **given)
    tables = views(report, TableView)
    subjects = tables["subjects"].rows
    assert [row["subject"] for row in subjects] == [cohort.subjects[one] for one in result.feature_set.subjects]
    assert {row["actual"] for row in subjects} == {"F", "M"}
    wrong = sum(row["actual"] != row["predicted"] for row in subjects)
    assert report.numbers["scores"]["accuracy"]["value"] == pytest.approx(1 - wrong / len(subjects))
    grid = views(report, GridView)["confusion"]
    assert np.sum(grid.values, axis=1) == pytest.approx([1, 1])
    figures = PREDICTION.figures(
        cohort,
        read_params(PREDICTION, given),
        result,
        PREDICTION.report(cohort, read_params(PREDICTION, given), result),
        "light",
    )
    for name in ("confusion", "roc", "splits"):
        assert render(figures[name], "svg").startswith(b"<?xml")
    assert len(views(report, PointsView)["predictions"].series[0].x) == len(subjects)
    assert [row["split"] for row in tables["each_split"].rows] == [f"fold {number}" for number in range(1, 6)]
    assert {"age"} <= {row["phenotype"] for row in tables["errors"].rows}


def test_of_several_classes_each_has_its_map(cohort):
    third = Phenotype("third", np.arange(40) % 3, levels=("a", "b", "c"))
    cohort = dataclasses.replace(cohort, phenotypes={**cohort.phenotypes, "third": third})
    _, report = run(cohort, phenotype="third", protocol="folds")
    assert {"weights_0", "weights_1", "weights_2"} <= set(views(report, MatrixView))
    assert {row["class"] for row in report.numbers["top"]} == {"a", "b", "c"}


def test_products_are_made_once_for_all_targets(cohort, monkeypatch):
    run(cohort)

    def again(*_):
        raise AssertionError("multiplied again")

    monkeypatch.setattr("imagenomer.analyses.shared.feature_spaces.sample_space", again)
    run(cohort, phenotype="sex")
    run(cohort, group="age > 120")


def test_what_is_kept_together_is_said(cohort):
    result, report = run(cohort, together="sex", repetitions=4)
    sex = cohort.phenotypes["sex"].values[result.feature_set.subjects]
    for split in result.validation.splits:
        assert not set(sex[split.train]) & set(sex[split.test])
    assert any("subjects of the same sex are never on both sides" in sentence for sentence in report.sentences)


def test_training_on_one_group_leaves_the_others_out(cohort):
    result, report = run(cohort, protocol="groups", train_group='sex == "F"', test_group='sex == "M"')
    (split,) = result.validation.splits
    sex = cohort.phenotypes["sex"].values[result.feature_set.subjects]
    assert set(sex[split.train]) == {0}
    assert set(sex[split.test]) == {1}
    assert result.final_model.n_subjects == split.train.size
    assert any("without a place in either group" in sentence for sentence in report.sentences)


def test_what_cannot_be_asked_together_is_refused_before_anything_is_trained(cohort):
    steps = PREDICTION.compute(cohort, read_params(PREDICTION, {"phenotype": "age", "shuffled": True}))
    done = []
    with pytest.raises(InputError, match="choose covariates"):
        done.extend(steps)
    assert [one.step for one in done] == ["Choosing subjects"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"model": "logistic"}, "predicts categories"),
        ({"phenotype": "site"}, "site is A in all 40 subjects"),
        ({"covariates": ["age"]}, "age is what is tested"),
        ({"features": "phenotypes"}, "choose phenotypes to predict from"),
        ({"features": "phenotypes", "predictors": ["age"]}, "cannot predict itself"),
        ({"features": "decomposition"}, "choose a decomposition"),
        ({"protocol": "leave-one-out"}, "choose the category"),
        ({"protocol": "leave-one-out", "leave_out": "age"}, "age is a number"),
        ({"protocol": "groups"}, "choose a group to train on"),
        ({"group": "age > 240"}, "at least 20 are needed"),
        ({"shuffled": True}, "choose covariates"),
        ({"n_features": 2.5, "model": "top"}, "whole number"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_done_is_refused_in_words(cohort, params, message):
    with pytest.raises(InputError, match=message):
        run(cohort, **params)


def test_a_permutation_test_uses_every_distinct_order_once(cohort):
    pair = Phenotype("pair", np.arange(40) // 2, levels=tuple(f"P{number}" for number in range(20)))
    rare = Phenotype("rare", np.where((np.arange(40) % 2 == 0) & (np.arange(40) < 16), 5.0, 1.0))
    cohort = dataclasses.replace(cohort, phenotypes=cohort.phenotypes | {"pair": pair, "rare": rare})
    given = {"phenotype": "rare", "blocks": "pair", "protocol": "folds", "n_folds": 2, "penalty": "fixed"}
    result, report = run(cohort, permutations=500, **given)
    assert result.permutation_test.null.size == report.numbers["permutations_used"] == 255
    assert report.numbers["smallest_p"] == 1 / 256
    assert any("In 255 permutations, all that differ from the actual order," in one for one in report.sentences)
