"""Prediction across cohorts: numbers that are scikit-learn's, nothing learned from the cohort that is tested, words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import accuracy_score, roc_auc_score

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import TableView, check_against, read_params
from imagenomer.cohort import Cohort, Phenotype, Scan
from imagenomer.companion import with_companion
from imagenomer.errors import InputError
from imagenomer.figures.theme import render
from imagenomer.progress import finish

PREDICTION = load_analyses()["prediction"]
N_SECOND = 32


@pytest.fixture
def second(cohort, rng) -> Cohort:
    """Thirty-two other people at rest; edge 3 follows age as in the first, and levels of sex are in another order."""
    age = rng.uniform(120, 260, N_SECOND).round()
    values = np.tanh(rng.normal(0.2, 0.15, (N_SECOND, 15)))
    values[:, 3] = np.tanh(0.003 * (age - 175) + rng.normal(0, 0.1, N_SECOND))
    subjects = tuple(f"B{number}" for number in range(1, N_SECOND + 1))
    return Cohort(
        name="Others",
        subjects=subjects,
        phenotypes={
            "age": Phenotype("age", age, units="months"),
            "sex": Phenotype("sex", rng.integers(0, 2, N_SECOND).astype(np.intp), levels=("M", "F")),
            "site": Phenotype("site", np.arange(N_SECOND) % 2, levels=("A", "B")),
            "diagnosis": Phenotype("diagnosis", np.arange(N_SECOND) % 2, levels=("control", "patient")),
        },
        scans=tuple(Scan("rest", subject) for subject in subjects),
        measures={
            "fc": replace(
                cohort.measures["fc"], values=values.astype(np.float32), present=np.ones(N_SECOND, dtype=bool)
            )
        },
        parcellation=cohort.parcellation,
    )


@pytest.fixture
def both(cohort, second) -> Cohort:
    return with_companion(cohort, second)


def run(cohort, **params):
    params = read_params(PREDICTION, {"phenotype": "age", "task": "rest", "test_on": "second", **params})
    check_against(cohort, params)
    result = finish(PREDICTION.compute(cohort, params))
    return result, PREDICTION.report(cohort, params, result)


def known(cohort, *names):
    """Connectivity at rest and phenotypes of those who have all; categories as 1 for level M, else 0."""
    observations = cohort.observations("fc", "rest")
    columns = []
    for name in names:
        one = cohort.phenotype(name)
        columns.append(one.indicator("M") if one.levels else one.values)
    columns = [column[observations.subjects] for column in columns]
    complete = np.isfinite(columns).all(axis=0)
    return observations.values[complete].astype(float), *(column[complete] for column in columns)


# --- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("test_on", ["second", "first"])
def test_a_number_is_predicted_as_by_a_ridge_regression_of_the_other_cohort(both, test_on):
    result, report = run(both, test_on=test_on, penalty="fixed", penalty_value=0.5)
    trained, tested = (both, both.companion) if test_on == "second" else (both.companion, both)
    x, y = known(trained, "age")
    new_x, new_y = known(tested, "age")
    model = Ridge(0.5).fit(x, y)
    error = new_y - model.predict(new_x)
    r2 = 1 - np.sum(error**2) / np.sum((new_y - y.mean()) ** 2)
    (one,) = report.numbers["transfers"]
    assert one["scores"]["r2"]["value"] == pytest.approx(r2, abs=1e-5)
    assert one["scores"]["rmse"]["value"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-5)
    assert one["scores"]["r"]["value"] == pytest.approx(np.corrcoef(new_y, model.predict(new_x))[0, 1], abs=1e-5)
    assert (one["n_train"], one["n_test"]) == (y.size, new_y.size)
    assert report.numbers["scores"] == one["scores"]
    np.testing.assert_allclose(report.arrays["weights"], model.coef_, atol=1e-3)
    assert result.errors.signed[np.isfinite(result.errors.signed)].size == new_y.size


def test_a_category_is_classified_as_by_a_ridge_classifier_and_scored_by_level(both):
    _, report = run(both, phenotype="sex", test_on="both", penalty="fixed", penalty_value=0.5, scores_by="sex")
    there, back = report.numbers["transfers"]
    for one, trained, tested in ((there, both, both.companion), (back, both.companion, both)):
        x, y = known(trained, "sex")
        new_x, new_y = known(tested, "sex")
        output = Ridge(0.5).fit(x, 2 * y - 1).predict(new_x)
        assert one["trained_on"] == trained.name
        assert one["scores"]["auc"]["value"] == pytest.approx(roc_auc_score(new_y, output))
        assert one["scores"]["accuracy"]["value"] == pytest.approx(accuracy_score(new_y, output > 0))
        for level, value in (("M", 1), ("F", 0)):
            right = np.mean((output > 0)[new_y == value] == value)
            assert one["levels"][level]["scores"]["accuracy"]["value"] == pytest.approx(right)
            assert one["levels"][level]["n_test"] == np.sum(new_y == value)
    (table,) = [view for view in report.views if view.name == "transfers"]
    assert isinstance(table, TableView)
    assert [row["level"] for row in table.rows] == ["all", "F", "M"] * 2


def test_covariates_are_regressed_out_as_fitted_in_the_cohort_trained_on(both):
    _, report = run(both, covariates=["sex"], penalty="fixed", penalty_value=0.5)
    x, y, sex = known(both, "age", "sex")
    new_x, new_y, new_sex = known(both.companion, "age", "sex")
    fitted = LinearRegression().fit(sex[:, None], x)
    model = Ridge(0.5).fit(x - fitted.predict(sex[:, None]), y)
    predicted = model.predict(new_x - fitted.predict(new_sex[:, None]))
    r2 = 1 - np.sum((new_y - predicted) ** 2) / np.sum((new_y - y.mean()) ** 2)
    (one,) = report.numbers["transfers"]
    assert one["scores"]["r2"]["value"] == pytest.approx(r2, abs=1e-5)
    alone = LinearRegression().fit(sex[:, None], y).predict(new_sex[:, None])
    r2_alone = 1 - np.sum((new_y - alone) ** 2) / np.sum((new_y - y.mean()) ** 2)
    assert one["covariates_only"]["r2"]["value"] == pytest.approx(r2_alone)


def test_phenotypes_are_scaled_as_in_the_cohort_trained_on(both):
    _, report = run(both, phenotype="age", features="phenotypes", predictors=["sex"], penalty="fixed", penalty_value=2)
    y, sex = known_people(both, "age", "sex")
    new_y, new_sex = known_people(both.companion, "age", "sex")
    scale = sex.std()
    predicted = Ridge(2).fit(sex[:, None] / scale, y).predict(new_sex[:, None] / scale)
    r2 = 1 - np.sum((new_y - predicted) ** 2) / np.sum((new_y - y.mean()) ** 2)
    assert report.numbers["transfers"][0]["scores"]["r2"]["value"] == pytest.approx(r2, abs=1e-6)


def known_people(cohort, *names):
    columns = [one.indicator("M") if one.levels else one.values for one in map(cohort.phenotype, names)]
    complete = np.isfinite(columns).all(axis=0)
    return [column[complete] for column in columns]


@pytest.mark.parametrize("use", ["residual", "both"])
def test_nothing_of_the_tested_cohort_but_their_own_values_is_in_a_prediction(both, use):
    def weights(second):
        result, report = run(with_companion(both, second), covariates=["sex"], use=use)
        return report.arrays["weights"], result.validation.penalties

    changed = replace(both.companion.phenotype("age"), values=both.companion.phenotype("age").values[::-1] * 3)
    other = replace(both.companion, phenotypes={**both.companion.phenotypes, "age": changed})
    for one, another in zip(weights(both.companion), weights(other), strict=True):
        np.testing.assert_array_equal(one, another)


# --- who, and what is refused --------------------------------------------------------------------


def test_each_cohort_has_its_own_group(both):
    _, report = run(both, group="age > 0", second_group="age > 130")
    assert report.numbers["transfers"][0]["n_test"] == np.sum(both.companion.phenotype("age").values > 130)
    assert report.sentences[0].startswith("Forty: 38 subjects (group age > 0)")
    assert any(one.startswith("Others: ") and "group age > 130" in one for one in report.sentences)
    assert any("left out: 5" in one for one in report.sentences if one.startswith("Forty: "))


def test_a_group_of_the_second_that_it_does_not_have_is_refused_by_its_name(both):
    with pytest.raises(InputError, match=r"Others: .*'height'"):
        run(both, second_group="height > 3")


def test_too_few_of_one_cohort_are_refused_by_its_name(both):
    with pytest.raises(InputError, match=r"Others: group age > 250 has . usable subjects"):
        run(both, second_group="age > 250")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"task": None}, "the mean over tasks is not the same in both cohorts.*choose a task that both have: rest"),
        ({"task": "nback"}, "Others: no task 'nback'"),
        ({"features": "variants"}, "variants and components are not matched between cohorts"),
        ({"harmonise": "site"}, "those of the other cohort are other sites or scanners"),
        ({"ancestry_components": 2}, "components of ancestry are computed in one cohort"),
        ({"features": "phenotypes"}, "choose phenotypes to predict from"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_the_same_in_both_is_refused(both, params, message):
    with pytest.raises(InputError, match=message):
        run(both, **params)


def test_a_phenotype_of_one_cohort_is_refused_by_name_and_use(both):
    lacking = replace(both.companion, phenotypes={"age": both.companion.phenotype("age")})
    with pytest.raises(InputError, match="sex is adjusted for, and only Forty has it; both cohorts have: age"):
        run(with_companion(both, lacking), covariates=["sex"])
    with pytest.raises(InputError, match="sex is what scores are given by"):
        run(with_companion(both, lacking), scores_by="sex")
    with pytest.raises(InputError, match="sex predicts, and only Forty has it"):
        run(with_companion(both, lacking), features="phenotypes", predictors=["sex"])


def of_second(both, **phenotypes):
    return with_companion(both, replace(both.companion, phenotypes={**both.companion.phenotypes, **phenotypes}))


def test_another_kind_other_units_and_other_levels_are_refused(both):
    age = both.companion.phenotype("age")
    categories = Phenotype("age", (age.values > 200).astype(np.intp), levels=("young", "old"))
    with pytest.raises(InputError, match="is a number in Forty and a category in Others"):
        run(of_second(both, age=categories))
    with pytest.raises(InputError, match="age is in months in Forty and in years in Others"):
        run(of_second(both, age=replace(age, units="years", values=age.values / 12)))
    words = replace(both.companion.phenotype("sex"), levels=("male", "female"))
    with pytest.raises(InputError, match="the training set has no sex = male, female"):
        run(of_second(both, sex=words), phenotype="sex")


def test_values_that_do_not_overlap_are_warned_of(both):
    age = both.companion.phenotype("age")
    _, report = run(of_second(both, age=replace(age, units="", values=age.values / 12)))
    assert any(one.startswith("The values of age do not overlap: ") for one in report.warnings)
    assert not any("do not overlap" in one for one in run(both)[1].warnings)


def test_other_parcels_are_refused(both):
    labels = both.parcellation.labels[::-1]
    moved = replace(both.parcellation, labels=labels, coordinates=np.full((6, 3), np.nan))
    with pytest.raises(InputError, match="the same parcels in another order"):
        run(with_companion(both, replace(both.companion, parcellation=moved)))


def test_a_measure_of_one_cohort_is_refused(both):
    partial = replace(both.measures["fc"], name="partial")
    with pytest.raises(InputError, match="Others has no partial; measures that both cohorts have: fc"):
        run(replace(both, measures={**both.measures, "partial": partial}), measure="partial")


def test_the_same_names_in_both_are_warned_of_and_told_apart(both):
    names = ("1", *both.companion.subjects[1:])
    scans = tuple(Scan("rest", name) for name in names)
    _, report = run(with_companion(both, replace(both.companion, subjects=names, scans=scans)), test_on="both")
    assert any(one.startswith("1 subject has the same name in both cohorts") for one in report.warnings)
    (table,) = [view for view in report.views if view.name == "subjects"]
    assert {"1", "1 (Others)"} <= {row["subject"] for row in table.rows}


# --- what is said and shown ----------------------------------------------------------------------


def test_every_direction_has_its_verdict_its_permutations_and_its_figure(both):
    params = {"phenotype": "age", "task": "rest", "test_on": "both", "permutations": 99}
    params = read_params(PREDICTION, params)
    result = finish(PREDICTION.compute(both, params))
    report = PREDICTION.report(both, params, result)
    assert [one.of for one in report.verdict] == ["transfers", "transfers"]
    assert report.verdict[0].text.startswith("Trained on Forty and tested on Others, age ")
    assert "among 99 permutations of the test subjects" in report.verdict[1].text
    assert result.permutation_test is None
    assert [one["permutation_p"] for one in report.numbers["transfers"]] == [0.01, 0.01]
    figures = PREDICTION.figures(both, params, result, report)
    assert {"permutations", "permutations_2"} <= set(figures)
    for name in ("permutations_2", "splits", "predictions"):
        assert render(figures[name], "svg").startswith(b"<?xml")
    methods = PREDICTION.methods(both, params, result)
    assert any("features are not harmonised between cohorts" in one for one in methods.text)
    assert any("Both directions together: R²" in one for one in report.sentences)


def test_with_both_directions_the_weights_are_those_of_the_open_cohort(both):
    there, back_too = run(both)[1], run(both, test_on="both")[1]
    np.testing.assert_array_equal(back_too.arrays["weights"], there.arrays["weights"])
    assert any("trained on all 38 subjects of Forty" in one for one in back_too.sentences)
    assert any("subjects of Others" in one for one in run(both, test_on="first")[1].sentences)


def test_within_a_cohort_nothing_is_said_of_another(both):
    params = read_params(PREDICTION, {"phenotype": "age", "permutations": 20})
    alone = with_companion(both, None)
    reports = [
        PREDICTION.report(cohort, params, finish(PREDICTION.compute(cohort, params))) for cohort in (both, alone)
    ]
    assert reports[0].numbers == reports[1].numbers
    assert reports[0].numbers["transfers"] == []
    assert reports[0].sentences == reports[1].sentences


def test_blocks_few_permutations_and_the_checks_of_a_prediction_work_across_cohorts(both):
    result, report = run(both, permutations=10, blocks="sex", curve=True, shuffled=True, covariates=["sex"])
    assert result.transfers[0].plan.blocks.name == "sex"
    assert any("within levels of sex residuals of the target" in one for one in report.sentences)
    assert any("10 permutations cannot give a p below" in one for one in report.warnings)
    assert report.numbers["learning_curve"]
    assert report.numbers["shuffled_features"] is not None


def test_what_was_multiplied_once_serves_the_next_target_and_no_other_first_cohort(both, monkeypatch):
    from imagenomer.analyses.models import both_cohorts

    made = []
    real = both_cohorts.sample_space
    monkeypatch.setattr(both_cohorts, "sample_space", lambda *given: made.append(1) or real(*given))
    run(both)
    run(both, test_on="first")
    assert len(made) == 1
    run(replace(both, measures={"fc": replace(both.measures["fc"], values=both.measures["fc"].values * 0.5)}))
    assert len(made) == 2
