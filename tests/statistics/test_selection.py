"""Selection of features in the training part, the long way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression
from sklearn.linear_model import Ridge as RidgeOfSklearn

from imagenomer.progress import finish
from imagenomer.statistics.features import GenotypeIndicators, ImputedDosage, StandardisedNumbers
from imagenomer.statistics.models import ConnectomeModel, InnerFolds, Ridge, TopFeatures
from imagenomer.statistics.prediction import cross_validate
from imagenomer.statistics.sample_space import space_of_features, space_of_genotypes, space_of_numbers
from predicted import N
from regressed import residual


@pytest.mark.parametrize("use", ["features", "residual", "both"])
def test_the_connectome_model_is_the_long_way(edges, space, target, covariates, splits, use):
    result = finish(cross_validate(space, target, splits, ConnectomeModel(0.05), covariates=covariates, use=use))
    for row, split in enumerate(splits):
        train, test = split.train, split.test
        own, n_taken = edges.astype(float), 0
        known, goal = np.full(test.size, target[train].mean()), target[train] - target[train].mean()
        if use != "features":
            own, n_taken = residual(edges, covariates, split), 2
            of_covariates = LinearRegression().fit(covariates[train], target[train])
            goal = target[train] - of_covariates.predict(covariates[train])
            known = of_covariates.predict(covariates[test]) if use == "both" else known
        r = np.array([np.corrcoef(column, goal)[0, 1] for column in own[train].T])
        dof = train.size - 2 - n_taken
        selected = 2 * stats.t.sf(np.abs(r) * np.sqrt(dof / (1 - r**2)), dof) < 0.05
        assert result.selections[row].tolist() == np.flatnonzero(selected).tolist()
        strength = own[:, selected & (r > 0)].sum(axis=1) - own[:, selected & (r < 0)].sum(axis=1)
        line = LinearRegression().fit(strength[train, None], goal)
        expected = known + line.predict(strength[test, None])
        np.testing.assert_allclose(result.predicted[row, test], expected, rtol=1e-9)


def test_with_nothing_selected_the_null_model_predicts(space, target, splits):
    result = finish(cross_validate(space, target, splits, ConnectomeModel(1e-12)))
    np.testing.assert_allclose(result.predicted, result.null, rtol=1e-12)
    assert result.n_features.tolist() == [0] * len(splits)


def test_the_best_features_are_chosen_in_the_training_part(edges, space, target, splits):
    result = finish(cross_validate(space, target, splits, TopFeatures(10, Ridge((0.5,)))))
    for row, split in enumerate(splits):
        own = edges.astype(float)
        r = np.array([np.corrcoef(column, target[split.train])[0, 1] for column in own[split.train].T])
        best = np.sort(np.argsort(-np.abs(r))[:10])
        assert result.selections[row].tolist() == best.tolist()
        model = RidgeOfSklearn(0.5).fit(own[split.train][:, best], target[split.train])
        np.testing.assert_allclose(result.predicted[row, split.test], model.predict(own[split.test][:, best]))


def test_best_features_have_inner_folds_too(space, target, splits):
    labels = np.arange(N) // 3
    inner = InnerFolds(4, 3, labels)
    found = finish(cross_validate(space, target, splits[:1], TopFeatures(12, Ridge((), inner))))
    small = space_of_numbers(space.features.values[:, found.selections[0]].astype(float))
    expected = finish(cross_validate(small, target, splits[:1], Ridge((), inner)))
    np.testing.assert_allclose(found.penalties, expected.penalties, rtol=1e-6)


def test_selection_works_on_every_kind_of_features(dosage, covariates, target, splits):
    columns = np.concatenate([dosage == copies for copies in range(3)], axis=1).astype(float)
    indicators = finish(space_of_genotypes(GenotypeIndicators(dosage)))
    for use in ("features", "residual"):
        ours, theirs = (
            finish(cross_validate(own, target, splits, ConnectomeModel(0.1), covariates=covariates, use=use))
            for own in (indicators, space_of_numbers(columns))
        )
        np.testing.assert_allclose(ours.predicted, theirs.predicted, equal_nan=True, rtol=1e-9)
    for own in (ImputedDosage(dosage), StandardisedNumbers(np.column_stack([covariates, target + 1.0]))):
        space = finish(space_of_features(own, np.arange(N)))
        result = finish(cross_validate(space, target, splits, TopFeatures(1, Ridge((1e-3,)))))
        assert {chosen.size for chosen in result.selections} == {1}
    assert {int(chosen[0]) for chosen in result.selections} == {2}  # the target itself
