"""Models to predict with: what they say of themselves, and the folds in which their penalties are chosen."""

from __future__ import annotations

from typing import get_args

import numpy as np

from imagenomer.statistics.models import InnerFolds, LinearSvm, Logistic, Model, TopFeatures


def test_inner_folds_have_labels_whole_and_classes_in_proportion():
    labels = np.repeat(np.arange(30), 3)
    rows = np.flatnonzero(np.arange(90) % 4 != 0)
    for part in InnerFolds(5, 1, labels).of(rows):
        assert not set(labels[rows[part.train]]) & set(labels[rows[part.test]])
    assert len(InnerFolds(5, 1, labels).of(np.arange(6))) == 2
    assert len(InnerFolds(5, 1, np.zeros(90, dtype=int)).of(np.arange(30))) == 5
    classes = np.arange(40) % 4 == 0
    assert {int(classes[part.test].sum()) for part in InnerFolds().of(np.arange(40), classes.astype(int))} == {2}
    sites = np.arange(60) % 2
    rows = np.arange(10, 50)
    parts = InnerFolds(strata=sites).of(rows, classes.astype(int))
    assert {int(sites[rows[part.test]].sum()) for part in parts} == {4}
    assert {int(classes[part.test].sum()) for part in parts} == {2}


def test_models_say_whether_least_squares_solve_them():
    solved = {kind.__name__ for kind in get_args(Model) if kind().least_squares}
    assert solved == {"Ridge", "ElasticNet", "ConnectomeModel", "TopFeatures"}
    assert not TopFeatures(5, Logistic()).least_squares, "the model of the selected features decides"
    assert (Logistic.loss, LinearSvm.loss) == ("logistic", "squared hinge")


def test_inner_folds_moved_to_other_rows_keep_labels_and_strata_with_their_subjects():
    labels, strata, rows = np.arange(12) // 3, np.arange(12) % 2, np.array([7, 2, 9, 4])
    moved = InnerFolds(3, 1, labels, strata).moved(rows)
    np.testing.assert_array_equal(moved.labels, labels[rows])
    np.testing.assert_array_equal(moved.strata, strata[rows])
    assert (moved.n_folds, moved.seed) == (3, 1)
    assert InnerFolds().moved(rows).labels is None
