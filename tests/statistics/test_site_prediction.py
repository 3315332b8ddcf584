from __future__ import annotations

import numpy as np
from sklearn.naive_bayes import GaussianNB

from imagenomer.progress import finish
from imagenomer.statistics.combat import fit_combat
from imagenomer.statistics.site_prediction import SitePrediction, folds_within, parts_of, predict_sites
from imagenomer.statistics.sites import sites_of

NAMES = ("A", "B", "C")


def draw(seed=0, shift=0.3, sizes=(40, 60, 80), n_features=150):
    rng = np.random.default_rng(seed)
    site = rng.permutation(np.repeat(np.arange(3), sizes))
    values = rng.normal(0, 1, (site.size, n_features)) + rng.normal(0, shift, (3, n_features))[site]
    return values, sites_of(site, NAMES), folds_within(site, 5, rng)


def learner(values, sites):
    def learn(train):
        return (yield from fit_combat(values, train, sites.of(train)))

    return learn


def test_it_is_naive_bayes_with_one_variance_a_feature_and_equal_priors():
    values, sites, folds = draw(shift=0.15)
    ours = finish(predict_sites(values, np.arange(180), sites, folds))
    right = np.zeros(180, dtype=bool)
    for fold in range(5):
        train = folds != fold
        oracle = GaussianNB(priors=np.full(3, 1 / 3), var_smoothing=0).fit(values[train], sites.codes[train])
        within = sum(np.bincount(sites.codes[train])[:, None] * oracle.var_) / (train.sum() - 3)
        oracle.var_ = np.tile(within, (3, 1))
        right[~train] = oracle.predict(values[~train]) == sites.codes[~train]
    np.testing.assert_array_equal(ours.n_right, np.bincount(sites.codes[right]))
    assert 0.4 < ours.balanced_accuracy < 0.95


def test_planted_differences_are_told_before_harmonisation_and_not_after():
    values, sites, folds = draw(1)
    rows = np.arange(180)
    before = finish(predict_sites(values, rows, sites, folds))
    after = finish(predict_sites(values, rows, sites, folds, learner(values, sites)))
    assert before.balanced_accuracy > 0.95
    assert after.balanced_accuracy < 0.5
    assert before.chance == after.chance == 1 / 3


def test_in_rows_that_harmonisation_has_not_seen_less_is_left_the_more_it_learned_from():
    left = []
    for sizes in ((20, 20, 20), (200, 200, 200)):
        values, sites, folds = draw(2, sizes=sizes, n_features=100)
        rows = np.arange(sites.codes.size)
        apart = finish(predict_sites(values, rows, sites, folds, learner(values, sites), apart=True))
        left.append(apart.balanced_accuracy)
    assert left[1] < left[0]
    assert 1 / 3 - 0.1 < left[1] < 0.6


def test_what_is_tested_is_not_learned_from():
    """The values under test can be anything without changing what others are told to be."""
    values, sites, folds = draw(3)
    seen = []

    def learn(train):
        seen.append(train)
        return (yield from fit_combat(values, train, sites.of(train)))

    finish(predict_sites(values, np.arange(180), sites, folds, learn))
    finish(predict_sites(values, np.arange(180), sites, folds, learn, apart=True))
    for fold in range(5):
        test = np.flatnonzero(folds == fold)
        assert not np.isin(test, seen[fold]).any()
        assert not np.isin(test, seen[5 + fold]).any()
        assert not np.isin(parts_of(folds, fold, apart=True)[1], seen[5 + fold]).any()
        assert seen[fold].size + test.size == 180


def test_without_site_differences_connectivity_as_it_is_tells_by_chance():
    shares = []
    for seed in range(12):
        values, sites, folds = draw(seed, shift=0, sizes=(50, 50, 50), n_features=60)
        shares.append(finish(predict_sites(values, np.arange(150), sites, folds)).balanced_accuracy)
    assert abs(np.mean(shares) - 1 / 3) < 0.05


def test_folds_hold_the_same_share_of_every_stratum():
    strata = np.repeat([0, 1, 2], [10, 25, 7])
    folds = folds_within(strata, 5, np.random.default_rng(0))
    counts = np.array([np.bincount(folds[strata == stratum], minlength=5) for stratum in range(3)])
    assert (np.ptp(counts, axis=1) <= 1).all()
    assert np.ptp(counts.sum(axis=0)) <= 1


def test_missing_and_constant_features_tell_nothing():
    values, sites, folds = draw(4)
    odd = np.column_stack([values, np.full(180, 0.2), values[:, 0]])
    odd[7, -1] = np.nan
    plain = finish(predict_sites(np.column_stack([values, values[:, :1]]), np.arange(180), sites, folds))
    ours = finish(predict_sites(odd, np.arange(180), sites, folds))
    assert abs(ours.balanced_accuracy - plain.balanced_accuracy) < 0.03
    assert ours.balanced_accuracy > 0.9


def test_an_interval_holds_the_estimate_and_is_narrower_with_more_rows():
    few, many = (SitePrediction(("A", "B"), np.array([n, n]), np.array([n, 0])) for n in (10, 1000))
    for one in (few, many):
        low, high = one.interval()
        assert 0 <= low <= one.balanced_accuracy == 0.5 <= high <= 1
    assert np.ptp(many.interval()) < 0.2 * np.ptp(few.interval())
