"""Whose scan is whose: the long way, and swaps, copies and strangers that are planted."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.progress import finish
from imagenomer.statistics.identification import copies, identify, match_scans, mismatches, pair_histograms
from imagenomer.statistics.scan_correlations import ScanCorrelations, correlations_of
from imagenomer.statistics.scan_products import scan_products


def products(values, edges=None):
    return finish(scan_products(values, np.arange(len(values)), edges))


def correlated(values):
    return finish(correlations_of(products(values)))


def matched(values, people, conditions, kept=None):
    return finish(match_scans(correlated(values), people, conditions, kept))


def test_identification_is_that_of_the_long_way(scans):
    values, people, conditions = scans
    values = values + np.random.default_rng(2).normal(0, 0.5, values.shape).astype(np.float32)
    found = {(one.source, one.database): one for one in identify(matched(values, people, conditions))}
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
    assert min(one.rate for one in identify(matched(values, people, conditions))) > 0.9
    noise = rng.normal(size=values.shape).astype(np.float32)
    assert max(one.rate for one in identify(matched(noise, people, conditions))) < 0.4
    assert identify(matched(values[:20], people[:20], conditions[:20])) == []


def test_a_scan_that_does_not_vary_leaves_the_mean_correlations_of_the_others_alone(scans):
    values, people, conditions = scans
    flat = values.copy()
    flat[0] = 0.5
    before, after = (identify(matched(one, people, conditions)) for one in (values, flat))
    for one, other in zip(before, after, strict=True):
        assert one.n == other.n
        assert other.own == pytest.approx(one.own, abs=0.1)
        assert other.others == pytest.approx(one.others, abs=0.1)
    nothing = np.full(values.shape, 0.5, dtype=np.float32)
    assert all(np.isnan(one.own) for one in identify(matched(nothing, people, conditions)))


def test_a_copied_scan_is_found_and_a_similar_one_is_not(scans, rng):
    values, people, _ = scans
    values = values.copy()
    values[30] = values[4] + np.float32(1e-6)  # another person, another task
    values[50] = values[41] + rng.normal(0, 0.01, 300)
    (found,) = finish(copies(correlated(values), values, np.arange(59)))
    assert (found.first, found.second) == (4, 30)
    assert found.r > 1 - 1e-6
    assert found.difference < 1e-5
    assert people[4] != people[30]


def test_swapped_scans_are_found_in_both_directions(scans):
    values, people, conditions = scans
    assert mismatches(matched(values, people, conditions)) == []
    values = values.copy()
    first, second = 2, 11  # condition 0 of persons 2 and 11
    values[[first, second]] = values[[second, first]]
    found = mismatches(matched(values, people, conditions))
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
    found = {one.scan: one for one in mismatches(matched(values, people, conditions))}
    assert people[found[3].match] == 9
    assert not found[3].crossed


def test_a_match_in_one_direction_only_is_no_mismatch(scans, rng):
    """Person 3's first scan is a poor one of person 9, whose own first scan is more like their others."""
    values, people, conditions = scans
    values = values.copy()
    values[3] = values[9] + rng.normal(0, 0.15, 300)
    r = finish(products(values).correlations())
    second = np.flatnonzero(conditions == 1)
    assert people[second[r[3, second].argmax()]] == 9
    assert 3 not in {one.scan for one in mismatches(matched(values, people, conditions))}


def test_scans_of_one_condition_cannot_be_mismatched(scans):
    values, people, conditions = scans
    assert mismatches(matched(values[:20], people[:20], conditions[:20])) == []


def test_where_no_scan_is_left_none_is_swapped():
    nobody = np.zeros(0, dtype=np.intp)
    empty = ScanCorrelations(np.zeros((0, 0)), np.zeros((0, 0), dtype=np.float32))
    assert mismatches(finish(match_scans(empty, nobody, nobody))) == []


def test_a_scan_that_takes_no_part_is_as_one_that_is_not_there(scans):
    values, people, conditions = scans
    kept = np.ones(len(values), dtype=bool)
    kept[[3, 30]] = False
    values = values + np.random.default_rng(2).normal(0, 0.5, values.shape).astype(np.float32)
    ours = identify(matched(values, people, conditions, kept))
    without = identify(matched(values[kept], people[kept], conditions[kept]))
    for one, other in zip(ours, without, strict=True):
        assert (one.n, one.n_database, one.rate) == (other.n, other.n_database, other.rate)
        assert (one.own, one.others) == pytest.approx((other.own, other.others), abs=1e-6)


def test_histograms_are_of_all_pairs_of_different_conditions(scans):
    values, people, conditions = scans
    r = np.corrcoef(values.astype(float))
    first, second = np.triu_indices(len(r), k=1)
    apart = conditions[first] != conditions[second]
    same = people[first] == people[second]
    found = finish(pair_histograms(correlated(values), matched(values, people, conditions), 12, 60))
    assert (found.n_own, found.n_others) == (np.count_nonzero(apart & same), np.count_nonzero(apart & ~same))
    oracle = np.histogram(r[first, second][apart & ~same], found.bins)[0]
    np.testing.assert_allclose(found.others, 100 * oracle / found.n_others, atol=0.2)
    assert found.own.sum() == pytest.approx(100)
