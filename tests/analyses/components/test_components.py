"""Components: scikit-learn's PCA, the published ones of the fibromyalgia cohort, and what is said and dropped."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.decomposition import PCA

from imagenomer.analyses.components.components import ANALYSIS
from imagenomer.analyses.contract import MatrixView, TableView, read_params
from imagenomer.analyses.shared.decompositions import likely_task
from imagenomer.cohort import Decomposition, Scan
from imagenomer.errors import InputError
from imagenomer.figures.theme import render
from imagenomer.load import load
from imagenomer.progress import finish


def components(cohort, **given):
    params = read_params(ANALYSIS, given)
    result = finish(ANALYSIS.compute(cohort, params))
    return params, result, ANALYSIS.report(cohort, params, result)


def connectivity(cohort, task):
    """Rows of the subjects who have the task."""
    rows = [row for row, scan in enumerate(cohort.scans) if scan.task == task]
    return cohort.measures["fc"].values[rows].astype(np.float64), [cohort.scans[row].subject for row in rows]


def table(report, name):
    return next(view for view in report.views if isinstance(view, TableView) and view.name == name)


@pytest.fixture
def decomposed(cohort):
    """The cohort with scikit-learn's PCA of the task nback: all 15 components and one of the null space."""
    values, subjects = connectivity(cohort, "nback")
    oracle = PCA(svd_solver="full").fit(values)
    maps = np.concatenate([oracle.components_, oracle.components_[:1]])
    scores = np.full((cohort.n_subjects, 16), np.nan)
    index = [cohort.subjects.index(subject) for subject in subjects]
    scores[index] = np.column_stack([oracle.transform(values), np.full(len(index), 1e-14)])
    scores[1] = np.nan
    made = Decomposition("nbackpca", maps.astype(np.float32), scores)
    return dataclasses.replace(cohort, decompositions={"nbackpca": made}), oracle


def test_computed_components_are_those_of_scikit_learn(cohort):
    values, subjects = connectivity(cohort, "rest")
    oracle = PCA(5, svd_solver="full").fit(values)
    _, _result, report = components(cohort, task="rest", n_components=5, component=2)
    np.testing.assert_allclose(report.arrays["components"], oracle.components_, atol=1e-6)
    np.testing.assert_allclose(report.arrays["component"], oracle.components_[2], atol=1e-6)
    np.testing.assert_allclose(report.numbers["explained"], oracle.explained_variance_ratio_, rtol=1e-6)
    scores = {row["subject"]: [row[f"score_{number}"] for number in range(5)] for row in table(report, "subjects").rows}
    assert list(scores) == subjects
    np.testing.assert_allclose(list(scores.values()), oracle.transform(values), atol=1e-5)
    assert report.numbers["maximum"] == pytest.approx(oracle.components_[2].max(), abs=1e-6)
    assert any("mean over these subjects" in sentence for sentence in report.sentences)


def test_scores_are_compared_between_groups(cohort):
    expressions = ['sex == "F"', 'sex == "M"']
    _, result, report = components(cohort, groups=expressions, component=1)
    scores = result.components.scores[:, 1]
    for row, code in zip(table(report, "groups").rows, (0, 1), strict=True):
        own = scores[cohort.phenotypes["sex"].values[result.components.subjects] == code]
        assert row["n"] == own.size
        assert row["mean"] == pytest.approx(own.mean())
        assert row["sd"] == pytest.approx(own.std(ddof=1))
    assert sum(row["n"] for row in table(report, "groups").rows) == 39


def test_a_group_of_nobody_is_said_and_not_drawn(cohort):
    params, result, report = components(cohort, groups=["age > 9000", "age < 9000"])
    assert any("Nobody in age > 9000" in warning for warning in report.warnings)
    assert render(
        ANALYSIS.figures(cohort, params, result, ANALYSIS.report(cohort, params, result), "light")["scores"], "svg"
    ).startswith(b"<?xml")


def test_imported_components_keep_their_numbers_and_their_true_explained_variance(decomposed):
    cohort, oracle = decomposed
    _, _result, report = components(cohort, decomposition="nbackpca", component=14)
    assert report.numbers["components"] == list(range(15))
    assert report.numbers["task"] == "nback"
    assert report.numbers["n_scored"] == 39
    values, _ = connectivity(cohort, "nback")
    kept = np.delete(np.arange(40), 1)
    centred = values[kept] - values[kept].mean(axis=0)
    scores = oracle.transform(values)[kept]
    scores -= scores.mean(axis=0)
    expected = [
        1 - np.sum((centred - np.outer(scores[:, k], oracle.components_[k])) ** 2) / np.sum(centred**2)
        for k in range(15)
    ]
    np.testing.assert_allclose(report.numbers["explained"], expected, atol=1e-6)
    assert report.numbers["cumulative"][-1] == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(report.arrays["component"], oracle.components_[14], atol=1e-6)


def test_the_null_space_is_dropped_and_said(decomposed):
    cohort, _ = decomposed
    _, _, report = components(cohort, decomposition="nbackpca")
    assert any(sentence.startswith("Component 15 of nbackpca was dropped") for sentence in report.sentences)
    assert any("without scores of nbackpca was left out: 2." in sentence for sentence in report.sentences)
    with pytest.raises(InputError, match="no component 15; it has 15 components, numbered from 0 to 14"):
        components(cohort, decomposition="nbackpca", component=15)


def test_components_of_other_data_are_found_out(decomposed):
    cohort, _ = decomposed
    other = dataclasses.replace(
        cohort.decompositions["nbackpca"], scores=np.random.default_rng(1).normal(0, 3, (40, 16))
    )
    cohort = dataclasses.replace(cohort, decompositions={"nbackpca": other})
    _, _, report = components(cohort, decomposition="nbackpca", task="rest")
    assert any("made from other data" in warning for warning in report.warnings)
    assert not any("read off the name" in sentence for sentence in report.sentences)


def test_more_components_than_there_are_is_no_error_but_said(cohort):
    _, _, report = components(cohort, n_components=50)
    assert report.numbers["n_components"] == 15
    assert any("50 components were asked for and there are 15" in sentence for sentence in report.sentences)


@pytest.mark.parametrize("method", ["ica", "dictionary", "nmf"])
def test_the_other_methods_run_and_say_how(cohort, method):
    given = {"method": method, "n_components": 4, "negative": "zero", "seed": 3}
    _params, _result, report = components(cohort, **given)
    assert report.numbers["n_components"] == 4
    assert any("seed 3" in sentence for sentence in report.sentences)
    np.testing.assert_allclose(np.linalg.norm(report.arrays["components"], axis=1), 1, rtol=1e-5)
    view = next(view for view in report.views if isinstance(view, MatrixView))
    assert view.scale == ("sequential" if method == "nmf" else "diverging")
    again = components(cohort, **given)[2]
    np.testing.assert_array_equal(again.arrays["components"], report.arrays["components"])


def test_negative_connectivity_has_no_non_negative_factors(cohort):
    with pytest.raises(InputError, match="are negative"):
        components(cohort, method="nmf")


def test_a_component_is_browsed_without_computing_again(cohort):
    _, first, _ = components(cohort, component=0)
    _, second, _ = components(cohort, component=3)
    assert second.components.factors is first.components.factors


def test_what_is_not_there_is_refused_in_words(cohort):
    with pytest.raises(InputError, match=r"no decomposition 'ica'.*none"):
        components(cohort, decomposition="ica")
    with pytest.raises(InputError, match=r"n_components is a whole number from 1 to 200, not 2\.5"):
        components(cohort, n_components=2.5)
    with pytest.raises(InputError, match="no component 10; it has 10 components"):
        components(cohort, component=10)


def test_the_task_is_read_off_a_name_that_begins_with_it(cohort):
    tasks = dataclasses.replace(cohort, scans=tuple(Scan(task, "1") for task in ("rest", "rest2", "nback")))
    assert likely_task(tasks, "rest2pca") == "rest2"
    assert likely_task(tasks, "RestPCA") == "rest"
    assert likely_task(tasks, "pca") is None


# --- the cohort of the first program's tutorial --------------------------------------------------


@pytest.fixture(scope="module")
def fibromyalgia(shared_data):
    return load(str(shared_data / "fibromyalgia"))


def test_the_published_components_have_their_known_range_and_true_explained_variance(fibromyalgia):
    _, _, report = components(fibromyalgia, decomposition="restpca")
    assert report.numbers["minimum"] == pytest.approx(-0.00555, abs=5e-6)
    assert report.numbers["maximum"] == pytest.approx(0.01135, abs=5e-6)
    # The first program says 0.0859, 0.0294, 0.0199: the mean sizes of component and scores, multiplied and sorted.
    np.testing.assert_allclose(report.numbers["explained"][:3], [0.2180, 0.0419, 0.0276], atol=5e-5)
    assert report.numbers["n_components"] == 65
    assert any(sentence.startswith("Component 65 of restpca was dropped") for sentence in report.sentences)
    for component, minimum, maximum in ((1, -0.02783, 0.02267), (4, -0.02146, 0.02664)):
        numbers = components(fibromyalgia, decomposition="restpca", component=component)[2].numbers
        np.testing.assert_allclose([numbers["minimum"], numbers["maximum"]], [minimum, maximum], atol=5e-6)


def test_computed_principal_components_are_the_published_ones_but_for_their_sign(fibromyalgia):
    published = fibromyalgia.decompositions["restpca"]
    _, result, report = components(fibromyalgia, task="rest", n_components=66)
    assert report.numbers["n_components"] == 65
    maps = report.arrays["components"]
    signs = np.sign(np.einsum("ij,ij->i", maps, published.components[:65]))
    np.testing.assert_allclose(signs[:, None] * maps, published.components[:65], atol=1e-6)
    np.testing.assert_allclose(signs * result.components.scores, published.scores[:, :65], rtol=1e-5, atol=1e-5)
    other = components(fibromyalgia, task="epr", n_components=1)[2]
    assert other.numbers["explained"][0] == pytest.approx(0.1367, abs=5e-5)
