"""Flipped signs: the long way for all of few subjects or families, and no effects where there are none."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import statsmodels.api as sm

from edges_of_age import draw
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.design import build_design
from imagenomer.statistics.enhancement import enhance
from imagenomer.statistics.flipped_scores import exchange_of_flips
from imagenomer.statistics.max_statistic import max_statistic
from imagenomer.statistics.network_statistic import network_based_statistic
from imagenomer.statistics.networks import enrichment
from imagenomer.statistics.permutation import heights_of


def run(values, tested, design, clusters, n=999, seed=1, kernel=max_statistic, **options):
    rng = np.random.default_rng(seed)
    given = {"n_permutations": n, "rng": rng, "flip_by": clusters, **options}
    return finish(kernel(values, np.arange(len(values)), tested, design, **given))


def left_of(values, design):
    return np.column_stack([sm.OLS(column, design.matrix).fit().resid for column in values.T])


def flipped(values, tested, design, clusters, signs):
    """Return t, or F, of every edge with the signs of clusters flipped, the long way."""
    about, left = left_of(tested.values, design), left_of(values.astype(float), design)
    about = np.linalg.qr(about)[0] * (1 if about.shape[1] > 1 else np.sign(about[0, 0] * np.linalg.qr(about)[0][0, 0]))
    groups, s = np.unique(clusters, return_inverse=True)[1], signs[np.unique(clusters, return_inverse=True)[1]]
    m, k = groups.max() + 1, about.shape[1]
    member = groups == np.arange(m)[:, None]
    g_squared = np.mean([(left_of((s * column)[:, None], design) ** 2).sum() for column in about.T])
    anew = left_of(s[:, None] * left, design)
    dof = min(len(values) - design.rank - k, m - 1)
    found = []
    for edge in range(values.shape[1]):
        own = member @ (about * left[:, [edge]])
        weights = about @ np.linalg.inv(np.linalg.cholesky(own.T @ own)).T
        score = (s[:, None] * weights * left[:, [edge]]).sum(axis=0)
        squares = ((member @ (weights * anew[:, [edge]])) ** 2).sum(axis=0)
        z = (score**2 / np.clip(squares, 1e-3, max(g_squared, 1e-3))).sum()
        f = z / k * dof / (m - min(z, m * (1 - 1e-6)))
        found.append(np.sign(score[0]) * np.sqrt(f) if k == 1 else f)
    return np.array(found)


def few(seed, n=9, n_edges=6):
    values, score, site, _ = draw(seed, n=n, n_edges=n_edges)
    sex = Phenotype("sex", np.arange(n) % 2, levels=("F", "M"))
    return values, score, site, build_design([sex], np.arange(n))


def every_flip(values, tested, design, clusters, *, signed=False):
    m = np.unique(clusters).size
    every = [np.array(signs) for signs in itertools.product((1, -1), repeat=m) if signed or signs[0] == 1]
    return np.array([flipped(values, tested, design, clusters, signs) for signs in every])


@pytest.mark.parametrize("number", [True, False])
@pytest.mark.parametrize("clusters", [np.arange(9), np.array([4, 0, 0, 1, 2, 3, 3, 5, 6])])
def test_few_subjects_or_families_have_all_their_signs_flipped(number, clusters):
    values, score, site, design = few(7)
    tested = score if number else site
    null = every_flip(values, tested, design, clusters)
    found = run(values, tested, design, clusters)
    np.testing.assert_allclose(np.abs(found.statistic), np.abs(null[0]), rtol=1e-4)
    largest = np.abs(null).max(axis=1)
    expected = np.mean(largest[:, None] >= np.abs(null[0]) * (1 - 1e-4), axis=0)
    np.testing.assert_allclose(found.adjusted_p, expected)
    assert found.null.size == 2 ** (np.unique(clusters).size - 1) - 1
    assert exchange_of_flips(np.unique(clusters).size, 999).n_distinct == found.null.size + 1
    assert exchange_of_flips(np.unique(clusters).size, 999).smallest_p <= found.adjusted_p.min()


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_components_and_enrichment_of_all_flips_are_those_of_the_long_way(alternative):
    values, score, _, design = few(8)
    everybody, signed = np.arange(9), alternative != "two-sided"
    null = heights_of(every_flip(values, score, design, everybody, signed=signed), alternative, 1)
    options = {"threshold": 1.0, "alternative": alternative}
    pairs = {"pair": np.zeros(6, dtype=np.intp), "n_pairs": 1}
    enriched = run(values, score, design, everybody, kernel=enrichment, **options, **pairs)
    count = (null > 1.0).sum(axis=1)
    assert enriched.count[0] == count[0]
    assert enriched.p_value[0] == np.mean(count >= count[0])
    components = run(values, score, design, everybody, kernel=network_based_statistic, **options)
    assert components.null_extent.size == len(null) - 1
    assert exchange_of_flips(9, 999, alternative).n_distinct == len(null)
    enhanced = run(values, score, design, everybody, kernel=enhance, alternative=alternative)
    assert enhanced.null.size == len(null) - 1
    np.testing.assert_allclose(enhanced.statistic, run(values, score, design, everybody).statistic)


def test_many_subjects_have_some_of_their_signs_flipped():
    values, score, _, design = draw(8, effect=0.2)
    found = run(values, score, design, np.arange(30), 499, 2)
    assert found.null.size == 499
    assert found.adjusted_p[0] <= 0.05
    assert found.statistic[0] > 0
    assert exchange_of_flips(30, 499).smallest_p == 1 / 500
    holed = values.copy()
    holed[3, 5] = np.nan
    again = run(holed, score, design, np.arange(30), 99, 2)
    assert np.isnan(again.adjusted_p).nonzero()[0].tolist() == [5]


def test_few_families_are_refused():
    values, score, _, design = few(7)
    with pytest.raises(InputError, match="signs of 5 clusters can be flipped in 16 ways only"):
        run(values, score, design, np.arange(9) % 5)


def test_whose_number_a_family_has_does_not_matter():
    values, score, _, design = draw(8, effect=0.1)
    one, other = (run(values, score, design, codes) for codes in (np.arange(30) // 2, np.arange(30) // 2 * 7 + 3))
    np.testing.assert_array_equal(one.adjusted_p, other.adjusted_p)
