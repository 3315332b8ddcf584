"""Predictions of relatives: never on both sides of a split or of an inner fold, and said."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from imagenomer.analyses.contract import read_params
from imagenomer.analyses.models.prediction import ANALYSIS
from imagenomer.cohort import Phenotype
from imagenomer.progress import finish


@pytest.fixture
def relatives(cohort, rng):
    """Forty in families of four, whose connectivity and score are nearly theirs alone; the family is a number."""
    family = np.arange(40) // 4
    shared, score = rng.normal(0, 1, (10, 15)), rng.normal(0, 1, 10)[family] + rng.normal(0, 0.1, 40)
    family_of = dict(zip(cohort.subjects, family, strict=True))
    for row, scan in enumerate(cohort.scans):
        cohort.measures["fc"].values[row] = np.tanh(0.3 * shared[family_of[scan.subject]] + rng.normal(0, 0.02, 15))
    more = {
        "score": Phenotype("score", score),
        "rel_family_id": Phenotype("rel_family_id", 100.0 + family),
        "home": Phenotype("home", family, levels=tuple(f"H{one}" for one in range(10))),
    }
    return dataclasses.replace(cohort, phenotypes=cohort.phenotypes | more)


def predict(cohort, **given):
    params = read_params(ANALYSIS, {"phenotype": "score", "protocol": "folds", **given})
    result = finish(ANALYSIS.compute(cohort, params))
    return result, ANALYSIS.report(cohort, params, result), ANALYSIS.methods(cohort, params, result)


def test_a_column_named_after_families_keeps_them_together_in_outer_and_inner_folds(relatives):
    result, report, methods = predict(relatives)
    family = relatives.phenotypes["rel_family_id"].values[result.feature_set.subjects]
    for split in result.validation.splits:
        assert not set(family[split.train]) & set(family[split.test])
        rows = result.feature_set.space.rows[split.train]
        for inner in result.model.inner.of(rows):
            own = family[split.train]
            assert not set(own[inner.train]) & set(own[inner.test])
    assert report.numbers["kept_together"] == "rel_family_id"
    for said in (" ".join(report.sentences), str(methods)):
        assert "subjects of the same rel_family_id are never on both sides" in said
        assert "inner folds of the training part, which keep each value of rel_family_id together" in said
    assert not [one for one in report.warnings if "who is related" in one]


def test_relatives_that_are_parted_are_predicted_too_well(relatives):
    apart = dataclasses.replace(relatives, phenotypes=dict(relatives.phenotypes))
    del apart.phenotypes["rel_family_id"]
    parted, whole = (predict(one)[0].performance.main.estimate for one in (apart, relatives))
    assert parted > 0.5
    assert whole < 0.2
    by_home = predict(apart, together="home")[0].performance.main.estimate
    assert by_home == pytest.approx(whole, abs=0.3)


def test_who_has_no_family_is_of_one_alone(relatives):
    values = relatives.phenotypes["rel_family_id"].values.copy()
    values[:4] = np.nan
    relatives.phenotypes["rel_family_id"] = Phenotype("rel_family_id", values)
    assert (
        predict(relatives)[0].feature_set.subjects.size
        == predict(relatives, protocol="repeated")[0].feature_set.subjects.size
    )
    assert {0, 1, 2, 3} <= set(predict(relatives)[0].feature_set.subjects.tolist())


@pytest.mark.parametrize("given", [{"protocol": "leave-one-out", "leave_out": "sex"}, {"together": "home"}])
def test_where_relatives_may_be_parted_it_is_said(relatives, given):
    warned = predict(relatives, **given)[1].warnings
    assert [one for one in warned if "rel_family_id may say who is related" in one]


def test_permutations_of_relatives_are_warned_of(relatives):
    warned = predict(relatives, permutations=100)[1].warnings
    assert [one for one in warned if "as if subjects of the same rel_family_id were unrelated" in one]
    assert not [one for one in predict(relatives)[1].warnings if "strangers" in one]


def test_a_chosen_penalty_stays_as_it_was_where_nothing_is_kept_together(relatives):
    del relatives.phenotypes["rel_family_id"]
    result, report, _ = predict(relatives)
    assert result.model.inner is None
    assert report.numbers["kept_together"] is None
    assert "generalised cross-validation" in " ".join(report.sentences)
