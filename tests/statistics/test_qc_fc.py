"""QC-FC against the long way and statsmodels, and on what is planted or absent."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Progress, finish
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.permutation import draw_permutations
from imagenomer.statistics.qc_fc import match_counts, overlap, qc_fc

N, N_EDGES = 30, 120


def numbers(name, values):
    return Phenotype(name, np.asarray(values, dtype=float))


def measure(values, motion, distance=None, covariates=(), n=99, seed=1, alpha=0.05):
    subjects = np.arange(len(values))
    distance = np.full(values.shape[1], np.nan) if distance is None else distance
    return finish(
        qc_fc(
            np.ascontiguousarray(values, dtype=np.float32),
            subjects,
            code(numbers("motion", motion), subjects),
            build_design([numbers(f"c{place}", one) for place, one in enumerate(covariates)], subjects),
            distance,
            n_permutations=n,
            rng=np.random.default_rng(seed),
            alpha=alpha,
        )
    )


def residuals(y, covariates):
    design = np.column_stack([np.ones(len(y)), *covariates])
    return y - design @ np.linalg.lstsq(design, y, rcond=None)[0]


@pytest.fixture
def sample(rng):
    """Thirty subjects whose edges are associated with motion, shorter ones more, and with a covariate."""
    motion, covariate = rng.normal(size=(2, N))
    distance = rng.uniform(10, 150, N_EDGES)
    values = rng.normal(0.2, 0.2, (N, N_EDGES))
    values += np.outer(motion, 0.15 * (1 - distance / 100)) + np.outer(covariate, rng.normal(0, 0.1, N_EDGES))
    return values.astype(np.float32).astype(float), motion, distance, covariate


def the_long_way(values, motion, distance, covariates, dof):
    """Return shares, median, relation with distance and histogram of one arrangement, by other people's programs."""
    left, moved = residuals(values, covariates), residuals(motion, covariates)
    r = stats.pearsonr(left, moved[:, None], axis=0).statistic
    p_value = 2 * stats.t.sf(np.abs(r) * np.sqrt(dof / (1 - r**2)), dof)
    edges = np.concatenate([[-np.inf], np.linspace(-0.99, 0.99, 100), [np.inf]])  # half-way between CONN's 101 centres
    return (
        np.mean(p_value < 0.05),
        np.mean(multipletests(p_value, method="fdr_bh")[0]),
        np.median(np.abs(r)),
        stats.pearsonr(r, distance).statistic,
        np.histogram(r, edges)[0],
    )


@pytest.mark.parametrize("adjusted", [False, True])
def test_qc_fc_and_its_null_are_those_of_the_long_way(sample, adjusted):
    values, motion, distance, covariate = sample
    covariates = [covariate] if adjusted else []
    dof = N - 2 - adjusted
    ours = measure(values, motion, distance, covariates)
    nominal, fdr, median, with_distance, counts = the_long_way(values, motion, distance, covariates, dof)
    assert ours.dof == dof
    assert (ours.share_nominal, ours.share_fdr) == pytest.approx((nominal, fdr), abs=1e-12)
    assert (ours.median_abs_r, ours.distance_r) == pytest.approx((median, with_distance), rel=1e-5)
    assert ours.distance_rho == pytest.approx(stats.spearmanr(ours.r, distance).statistic, rel=1e-9)
    np.testing.assert_array_equal(ours.counts, counts)
    # Freedman and Lane: the residuals of the covariates' model change hands, and everything is fitted anew.
    left = residuals(values, covariates)
    null = []
    for order in draw_permutations(np.random.default_rng(1), 99, N):
        # Permuting who moved, covariates and all, is permuting the residuals backwards.
        null.append(the_long_way(left, motion[order], distance, [one[order] for one in covariates], dof))
    for mine, theirs in zip(
        (ours.null_nominal, ours.null_fdr, ours.null_median, ours.null_distance), zip(*null, strict=True), strict=False
    ):
        np.testing.assert_allclose(mine, theirs, atol=2e-5)
    pooled = np.sum([one[4] for one in null], axis=0)
    assert np.abs(ours.null_counts - pooled).sum() <= 8  # r in float32 may fall on the other side of a bin's edge
    assert ours.match == pytest.approx(np.minimum(counts / counts.sum(), pooled / pooled.sum()).sum(), abs=1e-3)


def test_p_values_count_the_permutations_that_are_as_extreme(sample):
    ours = measure(*sample[:3])
    assert ours.p_nominal == (1 + (ours.null_nominal >= ours.share_nominal).sum()) / 100
    assert ours.p_fdr == (1 + (ours.null_fdr >= ours.share_fdr).sum()) / 100
    assert ours.p_median == (1 + (ours.null_median >= ours.median_abs_r).sum()) / 100
    assert ours.p_distance == (1 + (np.abs(ours.null_distance) >= abs(ours.distance_r)).sum()) / 100
    calm = dataclasses.replace(ours, share_fdr=0.0)
    assert calm.p_fdr == 1


def test_motion_that_acts_on_short_edges_is_found(sample):
    ours = measure(*sample[:3], n=199)
    assert ours.distance_r < -0.5
    assert max(ours.p_nominal, ours.p_fdr, ours.p_median, ours.p_distance, ours.p_match) <= 0.01
    assert ours.match < 0.8


def test_motion_that_follows_from_a_covariate_leaves_nothing_once_it_is_adjusted_for(rng):
    cause = rng.normal(size=200)
    motion = cause + rng.normal(0, 0.5, 200)
    values = 0.1 * cause[:, None] + rng.normal(0, 0.2, (200, N_EDGES))
    assert measure(values, motion).p_median <= 0.02
    assert measure(values, motion, covariates=[cause]).p_median > 0.05


def test_without_motion_the_match_is_high_in_many_edges_of_many_people(rng):
    ours = measure(rng.normal(size=(100, 6000)), rng.normal(size=100))
    assert ours.match > 0.95
    assert ours.share_fdr < 0.01
    assert np.isnan([ours.distance_r, ours.distance_rho, ours.p_distance]).all()


def test_p_values_are_uniform_where_motion_does_nothing():
    """Edges that share a parcel depend on each other, as in connectivity; 200 cohorts of nothing."""
    rng = np.random.default_rng(5)
    distance = rng.uniform(10, 150, 45)
    mixing = rng.normal(size=(6, 45))
    found = []
    for seed in range(200):
        values = rng.normal(size=(24, 6)) @ mixing + rng.normal(size=(24, 45))
        one = measure(values, rng.gamma(2, size=24), distance, n=59, seed=seed)
        found.append((one.p_nominal, one.p_median, one.p_distance, one.p_match))
    positives = np.sum(np.array(found) <= 0.05, axis=0)
    # Of 200 at 5 %: more than 20, or none at all, has a chance of 1 in 1,000.
    assert (positives <= 20).all()
    assert (positives > 0).all()
    assert stats.kstest(np.array(found)[:, 1], "uniform").pvalue > 0.001
    assert stats.kstest(np.array(found)[:, 2], "uniform").pvalue > 0.001


def test_edges_with_missing_values_or_without_variation_take_no_part(sample):
    values, motion, distance, _ = sample
    whole = measure(values[:, 2:], motion, distance[2:])
    values = values.copy()
    values[3, 0] = np.nan
    values[:, 1] = 0.25
    distance = distance.copy()
    ours = measure(values, motion, distance)
    assert np.isnan(ours.r[:2]).all()
    assert ours.n_edges == N_EDGES - 2
    np.testing.assert_allclose(ours.r[2:], whole.r)
    for name in ("share_nominal", "share_fdr", "median_abs_r", "distance_r", "match", "p_median", "p_distance"):
        assert getattr(ours, name) == pytest.approx(getattr(whole, name), abs=1e-6)
    with pytest.raises(InputError, match="no edge varies"):
        measure(np.full((N, 4), 0.5), motion)


def test_parcels_without_coordinates_do_not_count_for_distance(sample):
    values, motion, distance, _ = sample
    some = distance.copy()
    some[:30] = np.nan
    ours = measure(values, motion, some)
    assert ours.distance_r == pytest.approx(stats.pearsonr(ours.r[30:], distance[30:]).statistic)


def test_progress_is_told_while_it_goes_on(sample):
    subjects = np.arange(N)
    steps = qc_fc(
        sample[0].astype(np.float32),
        subjects,
        code(numbers("motion", sample[1]), subjects),
        build_design([], subjects),
        sample[2],
        n_permutations=450,
        rng=np.random.default_rng(0),
    )
    told = [one for one in steps if isinstance(one, Progress)]
    assert len(told) > 20
    assert all(0 <= one.done <= one.total for one in told)


def test_overlap_is_one_for_equal_and_zero_for_distant_distributions():
    near, far = match_counts(np.full(10, -0.5)), match_counts(np.full(3, 0.5))
    assert overlap(near, 7 * near) == 1
    assert overlap(near, far) == 0
    assert overlap(near + far, near) == pytest.approx(10 / 13)
    assert match_counts(np.array([-1.0, 1.0]))[[0, -1]].tolist() == [1, 1]
