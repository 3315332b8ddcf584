"""Quality of connectivity against the long way, scikit-learn and statsmodels, and on what is planted or absent."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats
from sklearn.covariance import EmpiricalCovariance
from statsmodels.stats.multitest import multipletests

from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Progress, finish
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.permutation import draw_permutations
from imagenomer.statistics.quality import (
    copies,
    distance_from_others,
    identify,
    limits,
    match_counts,
    mismatches,
    overlap,
    qc_fc,
    scan_products,
    similarity_to_others,
)

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
    """Thirty subjects whose edges go with motion the more the shorter they are, and with a covariate."""
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
        # Rearranging who moved, covariates and all, is rearranging the residuals backwards.
        null.append(the_long_way(left, motion[order], distance, [one[order] for one in covariates], dof))
    for mine, theirs in zip(
        (ours.null_nominal, ours.null_fdr, ours.null_median, ours.null_distance), zip(*null, strict=True), strict=False
    ):
        np.testing.assert_allclose(mine, theirs, atol=2e-5)
    pooled = np.sum([one[4] for one in null], axis=0)
    assert np.abs(ours.null_counts - pooled).sum() <= 8  # r in float32 may fall on the other side of a bin's edge
    assert ours.match == pytest.approx(np.minimum(counts / counts.sum(), pooled / pooled.sum()).sum(), abs=1e-3)


def test_p_values_count_the_rearrangements_that_are_as_extreme(sample):
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


# --- scans ---------------------------------------------------------------------------------------


@pytest.fixture
def scans(rng):
    """Twenty people in three conditions, each with something of their own; the last lacks the third."""
    own = rng.normal(0, 0.15, (20, 300))
    people, conditions = np.tile(np.arange(20), 3)[:-1], np.repeat(np.arange(3), 20)[:-1]
    task = rng.normal(0.2, 0.2, (3, 300))
    values = task[conditions] + own[people] + rng.normal(0, 0.12, (59, 300))
    return values.astype(np.float32), people, conditions


def products(values, edges=None):
    return finish(scan_products(values, np.arange(len(values)), edges))


def test_correlations_of_scans_are_those_of_numpy(scans):
    values = scans[0]
    ours = products(values)
    np.testing.assert_allclose(ours.correlations(), np.corrcoef(values.astype(float)), atol=2e-6)
    np.testing.assert_allclose(ours.mean, values.mean(axis=1, dtype=float), rtol=1e-12)
    some = np.arange(0, 300, 7)
    np.testing.assert_allclose(products(values, some).correlations(), np.corrcoef(values[:, some]), atol=2e-6)


def test_more_scans_and_edges_than_a_tile_holds_make_no_difference(rng):
    values = rng.normal(0.2, 0.2, (1100, 1100)).astype(np.float32)
    values[7, 1050] = np.nan
    ours = products(values)
    assert ours.n_edges == 1099
    r = np.corrcoef(np.delete(values, 1050, axis=1).astype(float))
    np.testing.assert_allclose(ours.correlations(), r, atol=5e-6)


def test_a_scan_without_variation_is_like_none(scans):
    values = scans[0].copy()
    values[4] = 0.3
    r = products(values).correlations()
    assert np.isnan(r[4]).all()
    assert np.isfinite(np.delete(np.delete(r, 4, 0), 4, 1)).all()


def test_scans_without_a_common_edge_are_refused(scans):
    values = scans[0].copy()
    values[0] = np.nan
    with pytest.raises(InputError, match="no edge in common"):
        products(values)


def test_similarity_is_to_the_mean_of_other_people(scans):
    values, people, conditions = scans
    for members in (np.flatnonzero(conditions == 1), np.arange(59)):
        ours = similarity_to_others(products(values), members, people)
        for place in (0, 5, members.size - 1):
            others = members[people[members] != people[members[place]]]
            expected = np.corrcoef(values[members[place]].astype(float), values[others].mean(axis=0, dtype=float))[0, 1]
            assert ours[place] == pytest.approx(expected, abs=2e-6)
    alone = similarity_to_others(products(values), np.array([3]), people)
    assert np.isnan(alone).all()


def test_distance_is_that_of_scikit_learn_fitted_to_the_others(scans):
    values, _, conditions = scans
    members = np.flatnonzero(conditions == 0)
    ours, share = distance_from_others(products(values), members, 4)
    deviations = values[members].astype(float)
    deviations -= deviations.mean(axis=0)
    vectors, lengths, _ = np.linalg.svd(deviations, full_matrices=False)
    scores = vectors[:, :4] * lengths[:4]
    for place in range(members.size):
        others = np.delete(scores, place, axis=0)
        # scikit-learn divides by n; ours, as usual for a sample, by n - 1.
        theirs = EmpiricalCovariance().fit(others).mahalanobis(scores[place : place + 1])[0]
        assert ours[place] ** 2 == pytest.approx(theirs * (len(others) - 1) / len(others), rel=1e-3)
    np.testing.assert_allclose(share, (lengths**2 / (lengths**2).sum())[:4], rtol=1e-3)


def test_a_scan_that_is_like_no_other_is_the_farthest_and_the_least_alike(scans, rng):
    values, people, conditions = scans[0].copy(), scans[1], scans[2]
    values[8] = rng.normal(0.2, 0.4, 300)
    members = np.flatnonzero(conditions == 0)
    compared = products(values)
    distance, _ = distance_from_others(compared, members, 4)
    similarity = similarity_to_others(compared, members, people)
    assert distance.argmax() == 8
    assert similarity.argmin() == 8
    assert distance[8] > limits(distance, 3)[1]
    assert similarity[8] < limits(similarity, 3)[0]
    few, share = distance_from_others(compared, members[:3], 4)
    assert np.isnan(few).all()
    assert not share.size


def test_limits_are_quartiles_and_their_distance():
    values = np.array([1.0, 2, 3, 4, 100, np.nan, np.inf])
    low, high = np.quantile(values[:5], [0.25, 0.75])
    assert limits(values, 3) == (low - 3 * (high - low), high + 3 * (high - low))
    assert np.isnan(limits(np.array([1.0, 2, 3]), 3)).all()
    assert np.isnan(limits(np.array([1.0, 1, 1, 1, 5]), 3)).all()


def test_identification_is_that_of_the_long_way(scans):
    values, people, conditions = scans
    values = values + np.random.default_rng(2).normal(0, 0.5, values.shape).astype(np.float32)
    r = products(values).correlations()
    found = {(one.source, one.database): one for one in identify(r, people, conditions)}
    assert len(found) == 6
    for (source, database), one in found.items():
        right, own, others = [], [], []
        for i in np.flatnonzero(conditions == source):
            among = np.flatnonzero(conditions == database)
            similar = [np.corrcoef(values[i].astype(float), values[j].astype(float))[0, 1] for j in among]
            own += [each for each, j in zip(similar, among, strict=True) if people[j] == people[i]]
            others += [each for each, j in zip(similar, among, strict=True) if people[j] != people[i]]
            if people[i] in people[among]:
                right.append(people[among[int(np.argmax(similar))]] == people[i])
        assert (one.n, one.n_database) == (len(right), among.size)
        assert one.rate == np.mean(right)
        assert 0 < one.rate < 1
        assert one.own == pytest.approx(np.mean(own), abs=1e-5)
        assert one.differential == pytest.approx(100 * (np.mean(own) - np.mean(others)), abs=1e-3)


def test_people_with_something_of_their_own_are_found_and_strangers_are_not(scans, rng):
    values, people, conditions = scans
    assert min(one.rate for one in identify(products(values).correlations(), people, conditions)) > 0.9
    noise = rng.normal(size=values.shape).astype(np.float32)
    assert max(one.rate for one in identify(products(noise).correlations(), people, conditions)) < 0.4
    assert identify(products(values[:20]).correlations(), people[:20], conditions[:20]) == []


def test_a_scan_that_does_not_vary_leaves_the_mean_correlations_of_the_others_alone(scans):
    values, people, conditions = scans
    flat = values.copy()
    flat[0] = 0.5
    before, after = (identify(products(one).correlations(), people, conditions) for one in (values, flat))
    for one, other in zip(before, after, strict=True):
        assert one.n == other.n
        assert other.own == pytest.approx(one.own, abs=0.1)
        assert other.others == pytest.approx(one.others, abs=0.1)
    nothing = np.full(values.shape, 0.5, dtype=np.float32)
    assert all(np.isnan(one.own) for one in identify(products(nothing).correlations(), people, conditions))


def test_a_copied_scan_is_found_and_a_similar_one_is_not(scans, rng):
    values, people, _ = scans
    values = values.copy()
    values[30] = values[4] + np.float32(1e-6)  # another person, another task
    values[50] = values[41] + rng.normal(0, 0.01, 300)
    (found,) = copies(products(values).correlations(), values, np.arange(59))
    assert (found.first, found.second) == (4, 30)
    assert found.r > 1 - 1e-6
    assert found.difference < 1e-5
    assert people[4] != people[30]


def test_swapped_scans_are_found_in_both_directions(scans):
    values, people, conditions = scans
    assert mismatches(products(values).correlations(), people, conditions) == []
    values = values.copy()
    first, second = 2, 11  # condition 0 of persons 2 and 11
    values[[first, second]] = values[[second, first]]
    found = mismatches(products(values).correlations(), people, conditions)
    sure = [one for one in found if one.crossed and one.n_agreeing == one.n_conditions]
    assert {one.scan for one in sure} == {first, second}
    assert [one.scan for one in found[:2]] == [one.scan for one in sure]
    for one in sure:
        assert one.n_conditions == 2
        assert people[one.match] == {2: 11, 11: 2}[one.scan]
        assert one.r > one.r_own
    # Their other scans do not find them in condition 0, but do elsewhere.
    assert {one.scan for one in found[2:]} <= {22, 31, 42, 51}
    assert all(one.n_agreeing == 1 for one in found[2:])


def test_somebody_elses_scan_under_a_wrong_name_is_found_without_a_swap(scans, rng):
    """Person 3's first scan is another one of person 9, whose own scans are all right."""
    values, people, conditions = scans
    values = values.copy()
    values[3] = values[29] + rng.normal(0, 0.1, 300)
    found = {one.scan: one for one in mismatches(products(values).correlations(), people, conditions)}
    assert people[found[3].match] == 9
    assert not found[3].crossed


def test_a_match_in_one_direction_only_is_no_mismatch(scans, rng):
    """Person 3's first scan is a poor one of person 9, whose own first scan is more like their others."""
    values, people, conditions = scans
    values = values.copy()
    values[3] = values[9] + rng.normal(0, 0.15, 300)
    r = products(values).correlations()
    second = np.flatnonzero(conditions == 1)
    assert people[second[r[3, second].argmax()]] == 9
    assert 3 not in {one.scan for one in mismatches(r, people, conditions)}


def test_scans_of_one_condition_cannot_be_mismatched(scans):
    values, people, conditions = scans
    assert mismatches(products(values[:20]).correlations(), people[:20], conditions[:20]) == []
