"""Prediction in the page: a first answer, covariates beside it, a category, and few features by a lasso."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from driving import choose_files
from kept_page import KeptPage
from playwright.sync_api import Page, expect
from views import analysis, choose, content, expect_said, form, go, matrix, result

from imagenomer.cohort import Cohort
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes

TITLE = "Prediction"
LONG = 120_000


@pytest.fixture
def prediction(demo_page: Page) -> Page:
    """The score of the demo, predicted from connectivity in five folds."""
    go(demo_page, "Models")
    analysis(demo_page, TITLE)
    choose(demo_page, "Predict", "wrat")
    choose(demo_page, "Tested by", "Folds")
    run(demo_page)
    expect_said(demo_page, TITLE, "5 folds of")
    return demo_page


def run(page: Page) -> None:
    button = form(page).get_by_role("button", name="Run")
    if button.is_visible():
        button.click()


def test_a_score_is_predicted_beside_the_null_model(prediction: Page) -> None:
    place = result(prediction, TITLE)
    expect(place.locator(".sentences")).to_contain_text(re.compile(r"R² = .*95 % interval .*the null model has"))
    scores = place.get_by_role("grid", name="How well it predicts")
    expect(scores).to_contain_text("Null model")
    expect(scores).to_contain_text("Root mean squared error")
    expect(matrix(prediction, re.compile("Weights, wrat"))).to_be_visible(timeout=LONG)
    expect(place.get_by_role("grid", name="Prediction error by phenotype")).to_contain_text("ancestry")
    with prediction.expect_download(timeout=LONG) as started:
        place.get_by_role("button", name="Download Predictions of each subject as CSV").click()
    rows = list(csv.reader(io.StringIO(content(started.value).decode("utf-8-sig"))))
    assert rows[0][:3] == ["subject", "actual", "predicted"]
    assert len({row[0] for row in rows[1:]}) == len(rows) - 1


def test_a_confound_among_the_covariates_takes_the_prediction_away(prediction: Page) -> None:
    covariates = form(prediction).get_by_role("group", name="Covariates")
    covariates.get_by_label("ancestry").check()
    run(prediction)
    expect_said(prediction, TITLE, "regressed out of the features of both parts")
    place = result(prediction, TITLE)
    expect(place.get_by_role("grid", name="How well it predicts")).to_contain_text("Covariates alone")
    covariates.get_by_label("ancestry").uncheck()


def test_a_category_has_a_table_of_classes(prediction: Page) -> None:
    choose(prediction, "Predict", "sex")
    run(prediction)
    expect_said(prediction, TITLE, "AUC =")
    place = result(prediction, TITLE)
    place.get_by_role("heading", name="True against false positives").scroll_into_view_if_needed()  # drawn when seen
    expect(place.get_by_role("img", name=re.compile("A curve for each split"))).to_be_visible(timeout=LONG)
    choose(prediction, "Model", "Logistic regression")
    run(prediction)
    expect_said(prediction, TITLE, "Logistic regression, with a penalty")
    choose(prediction, "Predict", "wrat")
    run(prediction)
    expect(prediction.get_by_role("alert").filter(has_text="predicts categories")).to_be_visible(timeout=LONG)
    choose(prediction, "Model", "Ridge")


@pytest.fixture
def forty(kept: KeptPage, cohort: Cohort, tmp_path: Path) -> Page:
    """Few edges, and too few people for intervals, which refit the model hundreds of times."""
    bundle = tmp_path / "forty.zip"
    bundle.write_bytes(finish(bundle_bytes(cohort)))
    kept.open(bundle, lambda page: choose_files(page, bundle))
    go(kept.page, "Models")
    analysis(kept.page, TITLE)
    choose(kept.page, "Predict", "age")
    choose(kept.page, "Tested by", "Folds")
    run(kept.page)
    expect_said(kept.page, TITLE, "5 folds of")
    return kept.page


def test_a_lasso_is_solved_by_scikit_learn_in_the_page(forty: Page) -> None:
    """Nothing else needs scikit-learn, which comes when it is asked for; a warning of it would be in the console."""
    prediction = forty
    choose(prediction, "Model", "Elastic net or lasso")
    details = form(prediction).locator("details").filter(has_text="Model and splits")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    form(prediction).get_by_label("Mix", exact=True).fill("1")
    run(prediction)
    sentences = result(prediction, TITLE).locator(".sentences")
    expect(sentences).to_contain_text("Lasso: linear regression with most weights 0", timeout=LONG)
    expect(sentences).to_contain_text("in 5 inner folds of the training part")
    expect(sentences).to_contain_text(re.compile(r"Selected in each split: \d+ (to \d+ )?features"))
    expect(matrix(prediction, re.compile("Weights, age"))).to_be_visible(timeout=LONG)
    expect(matrix(prediction, re.compile("How often selected"))).to_be_visible(timeout=LONG)
    choose(prediction, "Model", "Ridge")
    choose(prediction, "Penalty", "Chosen by inner folds")
    run(prediction)
    expect_said(prediction, TITLE, "The penalty is the one of 29 with the minimum mean squared error in 5 inner folds")
