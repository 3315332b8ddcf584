"""Left-out scores: what scikit-learn does when it is fitted anew without each subject, or each family."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from imagenomer.progress import finish
from imagenomer.statistics.left_out_scores import PENALTIES, left_out_scores, map_scores, spectrum_of
from imagenomer.statistics.orthonormal import orthonormal

N, P = 36, 60
FAMILIES = np.repeat(np.arange(12), [1, 2, 3, 4, 5, 3, 3, 3, 3, 3, 3, 3])


def drawn(n_targets, seed=1):
    rng = np.random.default_rng(seed)
    edges, columns = rng.normal(size=(N, P)), rng.normal(size=(N, 3))
    target = columns[:, :1] + edges[:, :n_targets] + rng.normal(size=(N, n_targets))
    edges[:, :5] += columns[:, :1]
    return edges, columns, target


def by_refitting(edges, columns, spectrum, codes):
    """Score every family by models of all others, of the penalty that then has the least error."""
    target, centred = spectrum.target, edges - edges.mean(axis=0)
    scale = np.linalg.eigvalsh(centred @ centred.T).mean()
    scores = np.zeros(target.shape)
    for explained in (True, False):
        errors, found = [], []
        for penalty in PENALTIES * scale:
            own, score = np.empty_like(target), np.empty_like(target)
            for code in np.unique(codes):
                out, rest = codes == code, codes != code
                model = LinearRegression().fit(columns[rest], target[rest])
                fitted, new = model.predict(columns[rest]), model.predict(columns[out])
                part, mine = (fitted, new) if explained else (target[rest] - fitted, target[out] - new)
                ridge = Ridge(penalty).fit(edges[rest], part)
                # The centre of the penalised edges is the others' mean either way: the intercept is free.
                score[out] = ridge.predict(edges[out]).reshape(mine.shape) - part.mean(axis=0)
                own[out] = mine
            errors.append(((own - score) ** 2).sum())
            found.append(score)
        scores += found[int(np.argmin(errors))]
    return scores


@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("families", [None, FAMILIES])
def test_scores_are_those_of_models_fitted_without_each_family(n_targets, families):
    edges, columns, target = drawn(n_targets)
    spectrum = finish(spectrum_of(edges @ edges.T, target, families))
    basis = orthonormal(np.column_stack([np.ones(N), columns]))
    codes = np.arange(N) if families is None else families
    ours = finish(left_out_scores(spectrum, basis))
    np.testing.assert_allclose(ours, by_refitting(edges, columns, spectrum, codes), atol=1e-8)


@pytest.mark.parametrize("families", [None, FAMILIES])
def test_scores_along_the_map_leave_out_the_own_family(families):
    edges, _, target = drawn(2)
    spectrum = finish(spectrum_of(edges @ edges.T, target, families))
    codes = np.arange(N) if families is None else families
    centred = edges - edges.mean(axis=0)
    expected = np.stack(
        [(centred @ centred.T)[i, codes != codes[i]] @ spectrum.target[codes != codes[i]] for i in range(N)]
    )
    np.testing.assert_allclose(map_scores(spectrum), expected, atol=1e-8)


def test_the_target_is_whitened_and_the_origin_does_not_matter():
    edges, columns, target = drawn(2)
    basis = orthonormal(np.column_stack([np.ones(N), columns]))
    one, moved = (finish(spectrum_of(values @ values.T, target)) for values in (edges, edges + 7.0))
    np.testing.assert_allclose(one.target.T @ one.target, N * np.eye(2), atol=1e-9)
    np.testing.assert_allclose(finish(left_out_scores(one, basis)), finish(left_out_scores(moved, basis)), atol=1e-7)


def test_nothing_is_learned_of_a_target_that_has_nothing_to_do_with_the_edges():
    rng = np.random.default_rng(5)
    constant = np.full((200, 1), 1 / np.sqrt(200))
    r_squared = []
    for _ in range(10):
        edges = rng.normal(size=(200, 300))
        spectrum = finish(spectrum_of(edges @ edges.T, rng.normal(size=(200, 1))))
        scores = finish(left_out_scores(spectrum, constant))
        r_squared.append(1 - ((spectrum.target - scores) ** 2).mean())
    assert max(r_squared) < 0.1
