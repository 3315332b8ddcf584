"""Predictions from connectivity that is harmonised within the training part: who, what is said, what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, Ridge

import sited
from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import TableView, read_params
from imagenomer.analyses.models import prediction_task
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.combat import fit_combat
from imagenomer.statistics.elastic_net import RELATIVE_PENALTIES
from imagenomer.statistics.sites import sites_of

PREDICTION = load_analyses()["prediction"]


@pytest.fixture(scope="module")
def cohort():
    return sited.planted()


def run(cohort, **params):
    params = read_params(PREDICTION, {"phenotype": "age", "harmonise": "site", **params})
    result = finish(PREDICTION.compute(cohort, params))
    return result, PREDICTION.report(cohort, params, result), PREDICTION.methods(cohort, params, result)


def test_numbers_are_those_of_combat_and_ridge_in_each_fold(cohort):
    given = {"task": "rest", "protocol": "folds", "penalty": "fixed", "penalty_value": 0.5, "preserve": ["diagnosis"]}
    result, report, methods = run(cohort, **given)
    observations = cohort.observations("fc", "rest")
    validation, subjects = result.validation, result.feature_set.subjects
    rows = np.searchsorted(observations.subjects, subjects)
    age, site, diagnosis = (
        cohort.phenotypes[name].values[subjects].astype(float) for name in ("age", "site", "diagnosis")
    )
    edges = observations.values[rows].astype(float)
    sites = sites_of(site.astype(int), sited.SITES, diagnosis[:, None])
    squared, null = 0.0, 0.0
    for split in validation.splits:
        combat = finish(fit_combat(edges, split.train, sites.of(split.train)))
        harmonised = combat.adjust(edges, slice(None), sites)
        model = Ridge(0.5).fit(harmonised[split.train], age[split.train])
        squared += np.sum((age[split.test] - model.predict(harmonised[split.test])) ** 2)
        null += np.sum((age[split.test] - age[split.train].mean()) ** 2)
    assert report.numbers["scores"]["r2"]["value"] == pytest.approx(1 - squared / null, abs=1e-5)
    assert (report.numbers["harmonise"], report.numbers["preserve"]) == ("site", ["diagnosis"])
    said = [one for one in report.sentences if "ComBat" in one]
    assert len(said) == 1
    assert "the variance explained by diagnosis is preserved" in said[0]
    assert "The target was not used" in said[0]
    assert said[0] in methods.text
    assert sum("Biostatistics 8:118" in one for one in methods.citations) == 1
    # Everybody's model has weights for the tray.
    assert report.arrays["weights"].shape == (sited.N_EDGES,)
    assert report.arrays["weights"].any()


def test_an_elastic_net_is_harmonised_anew_in_each_inner_fold(cohort, monkeypatch):
    # Intervals refit it all in halves of the subjects, hundreds of nets that are not looked at here.
    monkeypatch.setattr(prediction_task, "pairs_for", lambda *_: 1)
    given = {"task": "rest", "protocol": "folds", "n_folds": 3, "model": "elastic-net"}
    result, _, _ = run(cohort, **given)
    observations = cohort.observations("fc", "rest")
    validation, subjects = result.validation, result.feature_set.subjects
    edges = observations.values[np.searchsorted(observations.subjects, subjects)].astype(float)
    age, site = (cohort.phenotypes[name].values[subjects] for name in ("age", "site"))
    sites, split = sites_of(site.astype(int), sited.SITES), validation.splits[0]

    def harmonised(train):
        return finish(fit_combat(edges, train, sites.of(train))).adjust(edges, slice(None), sites)

    def fitted(own, train, penalty):
        return ElasticNet(penalty, l1_ratio=0.5, tol=1e-10, max_iter=1_000_000).fit(own[train], age[train])

    whole = harmonised(split.train)
    left = whole[split.train] - whole[split.train].mean(axis=0)
    largest = np.abs(left.T @ (age[split.train] - age[split.train].mean())).max() / (0.5 * split.train.size)
    tried = largest * np.array(RELATIVE_PENALTIES)
    errors = np.zeros(len(tried))
    rows = result.feature_set.space.rows[split.train]
    for part in result.model.inner.of(rows):
        train, test = split.train[part.train], split.train[part.test]
        own = harmonised(train)
        errors += [np.mean((age[test] - fitted(own, train, one).predict(own[test])) ** 2) for one in tried]
    assert validation.penalties[0] == pytest.approx(tried[errors.argmin()], rel=1e-4)
    expected = fitted(whole, split.train, validation.penalties[0]).predict(whole[split.test])
    np.testing.assert_allclose(validation.predicted[0, split.test], expected, atol=1e-4 * np.ptp(age))


def test_each_part_has_its_share_of_each_site_and_of_each_class(cohort):
    result, *_ = run(cohort, phenotype="diagnosis", protocol="folds", n_folds=4)
    features = result.feature_set
    diagnosis = cohort.phenotypes["diagnosis"].values[features.subjects]
    for split in result.validation.splits:
        sizes = np.bincount(features.strata[split.test], minlength=3)
        np.testing.assert_allclose(sizes, np.array(sited.SIZES) / 4, atol=1.01)
        assert abs(diagnosis[split.test].sum() - diagnosis.sum() / 4) <= 2


def test_subjects_of_a_site_that_is_too_small_are_left_out_by_name(cohort):
    small = dataclasses.replace(
        cohort,
        phenotypes={
            **cohort.phenotypes,
            "site": Phenotype(
                "site", np.where(np.arange(120) < 2, 3, cohort.phenotypes["site"].values), levels=(*sited.SITES, "Erie")
            ),
        },
    )
    _, report, _ = run(small, repetitions=2)
    assert report.numbers["n_subjects"] == 118
    assert any("without a site of at least 3 subjects were left out: 1, 2" in one for one in report.sentences)


def test_every_model_and_check_takes_harmonised_edges(cohort):
    for given in (
        {"model": "cpm", "p_threshold": 0.1},
        {"model": "top", "n_features": 3},
        {"phenotype": "diagnosis", "model": "logistic", "permutations": 20},
        {"phenotype": "diagnosis", "model": "svm", "covariates": ["age"], "use": "both"},
        {"permutations": 20, "curve": True, "covariates": ["diagnosis"]},
        {"protocol": "leave-one-out", "leave_out": "diagnosis", "group": 'site != "Boston"'},
    ):
        _, report, methods = run(cohort, repetitions=2, **given)
        for said in (*report.sentences, *report.warnings, *methods.text):
            assert said.endswith(".")
            assert " nan" not in said
        assert all(view.rows for view in report.views if isinstance(view, TableView))


def test_covariates_alone_are_not_said_to_be_harmonised(cohort):
    _, report, _ = run(cohort, covariates=["diagnosis"], use="covariates", repetitions=2)
    assert not any("ComBat" in one for one in report.sentences)
    assert report.numbers["harmonise"] is None


def test_without_harmonisation_nothing_is_said_of_it(cohort):
    _, report, methods = run(cohort, harmonise=None, preserve=["diagnosis"], repetitions=2)
    assert not any("ComBat" in one for one in (*report.sentences, *methods.text))
    assert report.numbers["preserve"] == []


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"protocol": "leave-one-out", "leave_out": "site"},
            r"site Boston: .* no subject of Boston \(30\)",
        ),
        (
            {"protocol": "groups", "train_group": 'site == "Denver"', "test_group": 'site == "Boston"'},
            "all training subjects are of Denver",
        ),
        ({"phenotype": "site"}, "site is what is predicted"),
        ({"preserve": ["age"]}, "write it into the features of the test subjects"),
        ({"preserve": ["site"]}, "both removed and preserved"),
        ({"harmonise": "age", "phenotype": "diagnosis"}, "age is a number, and sites are a category"),
        ({"shuffled": True, "covariates": ["diagnosis"]}, "harmonised again in every split of every shuffle"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_harmonised_is_refused_in_words(cohort, params, message):
    with pytest.raises(InputError, match=message):
        run(cohort, **params)
