"""Score test: its looks by the long way for every flip, its level where subjects differ in noise and are related."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from imagenomer.progress import finish
from imagenomer.statistics.score_test import PENALTIES, score_test

N_SMALL, P_SMALL = 16, 30
PAIRS = np.repeat(np.arange(8), 2)


def run_score_test(edges, target, covariates=None, **given):
    edges = edges.astype(np.float32)
    n = len(edges)
    covariates = np.zeros((n, 0)) if covariates is None else covariates
    deviations = (edges - edges.mean(axis=0)).astype(float)
    gram, rows = deviations @ deviations.T, np.arange(n)
    options = {"n_flips": 199, "rng": np.random.default_rng(1), **given}
    return finish(score_test(gram, edges, rows, target.reshape(n, -1), covariates, **options))


def looks_of(edges, target, covariates, signs, codes):
    """The three looks at flips as the module defines them, one flip and one edge after another."""
    n = len(target)
    q = np.linalg.qr(np.column_stack([np.ones(n), covariates]))[0]
    m = np.eye(n) - q @ q.T
    r = m @ target
    r = r / np.linalg.norm(r)
    left = m @ edges
    km = left @ left.T
    scale = np.linalg.eigvalsh(km).mean()
    members = np.eye(codes.max() + 1)[:, codes]
    found = []
    for sign in signs:
        s = sign[codes]
        f = s * r
        g = m @ f
        row = [f @ km @ f / (g @ g)]
        for penalty in PENALTIES:
            hat = km @ np.linalg.inv(km + penalty * scale * np.eye(n))
            block = (np.eye(n) - hat - q @ q.T) * (codes[:, None] == codes)
            values, vectors = np.linalg.eigh(block)
            root = vectors @ np.diag(1 / np.sqrt(np.maximum(values, 1e-3))) @ vectors.T
            operator = root @ (hat * (codes[:, None] != codes)) @ root
            c = members @ (g * (operator @ g))
            row.append(c.sum() / np.sqrt((c**2).sum()))
        t = [abs(f @ e) / np.sqrt(((members @ (r * (m @ (s * e)))) ** 2).sum()) for e in left.T]
        found.append([*row, max(t)])
    return np.array(found)


def p_of(statistics):
    def ranks(values):
        return np.array(
            [(values >= one * (1 - 1e-9) if one > 0 else values >= one * (1 + 1e-9)).mean() for one in values]
        )

    p = np.column_stack([ranks(column) for column in statistics.T])
    prediction = np.array([(p[:, 1:3].min(axis=1) <= one + 1e-12).mean() for one in p[:, 1:3].min(axis=1)])
    looks = np.column_stack([p[:, 0], prediction, p[:, 3]])
    least = looks.min(axis=1)
    return [(least <= least[0] + 1e-12).mean(), *looks[0]]


@pytest.mark.parametrize("seed", range(3))
def test_where_flips_are_few_the_p_values_are_those_of_every_flip(seed):
    """Eight pairs of relatives: 128 flips, each computed the long way; three edges, so that all are leading ones."""
    rng = np.random.default_rng(seed)
    edges = rng.normal(size=(N_SMALL, 3)).astype(np.float32).astype(float)
    covariates = rng.normal(size=(N_SMALL, 1))
    target = edges[:, 0] * 0.5 + rng.normal(size=N_SMALL)
    found = run_score_test(edges, target, covariates, clusters=PAIRS, n_flips=999)
    signs = np.array([(1.0, *rest) for rest in itertools.product((1.0, -1.0), repeat=7)])
    expected = p_of(looks_of(edges, target, covariates, signs, PAIRS))
    assert found.exact
    assert found.n_flips == 128
    np.testing.assert_allclose([found.p_value, found.whole, found.prediction, found.strongest], expected)


def test_random_flips_come_near_to_all_of_them():
    rng = np.random.default_rng(7)
    edges, target = rng.normal(size=(12, 40)), rng.normal(size=12)
    exact = run_score_test(edges, target, n_flips=2047)
    drawn = run_score_test(edges, target, n_flips=1500)
    assert exact.exact
    assert not drawn.exact
    for look in ("p_value", "whole", "prediction", "strongest"):
        assert getattr(drawn, look) == pytest.approx(getattr(exact, look), abs=4 * np.sqrt(0.25 / 1500))


@pytest.mark.parametrize("n_strong", [3, 300])
def test_strong_edges_and_weak_ones_everywhere_are_both_found(n_strong):
    rng = np.random.default_rng(8)
    target = rng.normal(size=150)
    edges = rng.normal(size=(150, 300))
    edges[:, :n_strong] += (0.7 if n_strong == 3 else 0.15) * target[:, None]
    found = run_score_test(edges, target)
    assert found.p_value <= 0.01
    assert (found.strongest if n_strong == 3 else found.whole) <= 0.01
    levels = (np.digitize(target, [-0.5, 0.5])[:, None] == [1, 2]).astype(np.float64)
    assert run_score_test(edges, levels).p_value <= 0.05


def test_what_follows_from_a_covariate_is_not_found_given_it():
    rng = np.random.default_rng(9)
    cause = rng.normal(size=(150, 1))
    target = cause[:, 0] + rng.normal(size=150)
    edges = rng.normal(size=(150, 200)) + 0.5 * cause
    assert run_score_test(edges, target).p_value <= 0.01
    assert run_score_test(edges, target, cause).p_value > 0.05
    assert run_score_test(edges, cause[:, 0], cause).p_value == 1


def test_near_a_level_more_flips_are_drawn_and_far_from_it_not():
    rng = np.random.default_rng(10)
    edges, target = rng.normal(size=(60, 50)), rng.normal(size=60)
    plain = run_score_test(edges, target)
    assert plain.n_flips == 200
    assert run_score_test(edges, target, levels=(plain.p_value,)).n_flips > 200
    assert run_score_test(edges, target, levels=(1e-9,)).n_flips == 200 or plain.p_value < 0.02


def test_edges_that_somebody_lacks_are_left_out_and_seeds_are_kept():
    rng = np.random.default_rng(11)
    edges, target = rng.normal(size=(60, 50)), rng.normal(size=60)
    holed = np.column_stack([edges, np.full(60, np.nan), np.where(np.arange(60) == 3, np.nan, 100 * target)])
    n = len(edges)
    deviations = (edges - edges.mean(axis=0)).astype(np.float32).astype(float)
    gram = deviations @ deviations.T
    one, other = (
        finish(
            score_test(
                gram,
                values.astype(np.float32),
                np.arange(n),
                target[:, None],
                np.zeros((n, 0)),
                n_flips=99,
                rng=np.random.default_rng(2),
            )
        )
        for values in (edges, holed)
    )
    assert one == other


def draw(kind, rng):
    """Return edges that have nothing to do with the target, the target, and families."""
    n = 120
    shared = rng.normal(size=(6, 150))
    noise = rng.normal(size=(n, 6)) @ shared + rng.normal(size=(n, 150))
    target = rng.normal(size=n)
    if kind == "patients":
        target = (np.arange(n) < 12).astype(float)
        return noise * np.where(target > 0, 1.8, 1.0)[:, None], target, None
    if kind == "motion":
        return noise * np.exp(0.3 * target)[:, None], target, None
    families = np.repeat(np.arange(30), 4)
    edges = 0.6 * (rng.normal(size=(30, 6)) @ shared)[families] + noise
    return edges, 0.6 * rng.normal(size=30)[families] + 0.8 * target, families


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["patients", "motion", "families"])
def test_the_level_holds_where_subjects_differ_in_noise_or_are_related(kind):
    n_tries, rejected = 100, np.zeros(4)
    for seed in range(n_tries):
        edges, target, families = draw(kind, np.random.default_rng([seed, 3]))
        found = run_score_test(edges, target, clusters=families, n_flips=99, rng=np.random.default_rng(seed))
        rejected += np.array([found.p_value, found.whole, found.prediction, found.strongest]) <= 0.05
    # Of 100 at 5 %: more than 12 once in 600.
    assert rejected.max() <= 12
