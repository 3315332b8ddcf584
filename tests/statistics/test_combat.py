"""ComBat, against neuroCombat, and what must hold of any harmonisation."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagenomer.errors import InputError
from imagenomer.progress import Progress, finish
from imagenomer.statistics.combat import fit_combat
from imagenomer.statistics.covbat import fit_covbat
from shifted import harmonised, plant


@pytest.fixture
def neuro_combat(monkeypatch):
    """neuroCombat by JP Fortin, silenced; its reference site needs a name that NumPy has dropped."""
    program = pytest.importorskip("neuroCombat.neuroCombat", reason="neuroCombat is pinned in pyproject.toml")
    monkeypatch.setattr(np, "int", int, raising=False)

    def run(data, **options):
        table = pd.DataFrame({"site": data.site, "age": data.age, "sex": data.sex})
        with contextlib.redirect_stdout(io.StringIO()):
            return program.neuroCombat(
                data.values.T.copy(), table, "site", categorical_cols=["sex"], continuous_cols=["age"], **options
            )

    return run


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {}),
        ({"empirical_bayes": False}, {"eb": False}),
        ({"mean_only": True}, {"mean_only": True}),
        ({"mean_only": True, "empirical_bayes": False}, {"mean_only": True, "eb": False}),
        ({"reference": 1}, {"ref_batch": 1}),
        ({"reference": 1, "empirical_bayes": False}, {"ref_batch": 1, "eb": False}),
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_it_is_neuro_combat(neuro_combat, seed, ours, theirs):
    data = plant(seed)
    oracle = neuro_combat(data, **theirs)["data"].T
    np.testing.assert_allclose(harmonised(data, **ours), oracle, atol=1e-10)
    assert np.abs(oracle - data.values).max() > 0.1


def test_a_flat_feature_of_a_site_is_that_of_neuro_combat(neuro_combat):
    data = plant()
    data.values[data.site == 1, 4] = 0.25
    combat = finish(fit_combat(data.values, data.rows, data.plain))
    assert combat.flat[1, 4]
    assert np.count_nonzero(combat.flat) == 1
    with_none = pd.DataFrame({"site": data.site})
    program = pytest.importorskip("neuroCombat.neuroCombat")
    with contextlib.redirect_stdout(io.StringIO()):
        oracle = program.neuroCombat(data.values.T.copy(), with_none, "site")["data"].T
    np.testing.assert_allclose(combat.adjust(data.values, slice(None), data.plain), oracle, atol=1e-10)


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_without_pooling_nothing_of_site_means_and_variances_is_left(seed, mean_only):
    data = plant(seed, n_features=12)
    after = harmonised(data, empirical_bayes=False, mean_only=mean_only)
    combat = finish(fit_combat(data.values, data.rows, data.sites, empirical_bayes=False, mean_only=mean_only))
    left = after - combat.expected(slice(None), data.sites)
    means = np.array([left[data.site == site].mean(axis=0) for site in range(3)])
    np.testing.assert_allclose(means, 0, atol=1e-12)
    if not mean_only:
        spreads = np.array([left[data.site == site].var(axis=0, ddof=1) for site in range(3)])
        np.testing.assert_allclose(spreads, np.tile(combat.sd**2, (3, 1)), rtol=1e-9)


def test_planted_shifts_and_scales_are_recovered():
    data = plant(5, sizes=(400, 500, 600))
    combat = finish(fit_combat(data.values, data.rows, data.sites))
    differences = (combat.shift - combat.shift[0]) * combat.sd
    np.testing.assert_allclose(differences, data.shift - data.shift[0], atol=0.06)
    ratios = np.sqrt(combat.scale / combat.scale[0])
    np.testing.assert_allclose(ratios, data.spread / data.spread[0], rtol=0.15)


def test_a_preserved_effect_survives_and_one_that_is_not_preserved_is_taken_with_the_site():
    data = plant(6, sizes=(150, 150, 150), older=12)
    age = data.age - data.age.mean()
    slopes = {}
    for name, sites in (("preserved", data.sites), ("not", data.plain)):
        after = harmonised(data, sites=sites, empirical_bayes=False)
        slopes[name] = age @ after / (age @ age)
    followed = data.slope > 0
    np.testing.assert_allclose(slopes["preserved"][followed].mean(), 0.02, rtol=0.05)
    np.testing.assert_allclose(slopes["preserved"][~followed].mean(), 0, atol=1e-3)
    assert slopes["not"][followed].mean() < 0.016


def test_what_was_learned_from_some_rows_is_applied_to_others_by_its_own_formula():
    data = plant(7, sizes=(40, 40, 40))
    rows = np.random.default_rng(1).permutation(120)
    train, test = rows[:80], rows[80:]
    combat = finish(fit_combat(data.values, train, data.sites.of(train)))
    new = finish(combat.apply(data.values, test, data.sites.of(test)))
    covariates = np.column_stack([data.age, data.sex])[test]
    expected = combat.mean + covariates @ combat.coefficients
    site = data.site[test]
    by_hand = (data.values[test] - expected - combat.sd * combat.shift[site]) / np.sqrt(combat.scale[site]) + expected
    np.testing.assert_allclose(new, by_hand, atol=1e-6)
    assert new.dtype == np.float32

    changed = data.values.copy()
    changed[test] = 99
    again = finish(fit_combat(changed, train, data.sites.of(train)))
    np.testing.assert_array_equal(again.shift, combat.shift)


def test_averaging_scans_before_or_after_is_the_same():
    data = plant(9)
    combat = finish(fit_combat(data.values, data.rows, data.sites))
    other = data.values + np.random.default_rng(3).normal(0, 0.1, data.values.shape)
    apart = (combat.adjust(data.values, slice(None), data.sites) + combat.adjust(other, slice(None), data.sites)) / 2
    together = combat.adjust((data.values + other) / 2, slice(None), data.sites)
    np.testing.assert_allclose(apart, together, atol=1e-12)


def test_the_order_of_rows_does_not_matter():
    data = plant(10)
    order = np.random.default_rng(4).permutation(60)
    ours = finish(fit_combat(data.values, data.rows, data.sites))
    other = finish(fit_combat(data.values, order, data.sites.of(order)))
    np.testing.assert_allclose(other.shift, ours.shift, atol=1e-12)
    np.testing.assert_allclose(other.scale, ours.scale, atol=1e-12)


def test_effects_learned_from_controls_only_are_theirs():
    data = plant(11, sizes=(40, 40, 40))
    controls = np.flatnonzero(np.arange(120) % 3 > 0)
    among = finish(fit_combat(data.values, data.rows, data.sites, only=controls))
    alone = finish(fit_combat(data.values[controls], np.arange(controls.size), data.sites.of(controls)))
    np.testing.assert_allclose(among.shift, alone.shift, atol=1e-12)
    assert among.n_fitted.sum() == controls.size


def test_the_reference_site_stays_as_it_is():
    data = plant(12)
    after = harmonised(data, reference=2)
    np.testing.assert_array_equal(after[data.site == 2], data.values[data.site == 2])
    assert np.abs(after - data.values)[data.site == 0].min(axis=0).max() > 0.05
    covbat = finish(fit_covbat(data.values, data.rows, data.sites, reference=2))
    after = finish(covbat.apply(data.values, data.rows, data.sites))
    np.testing.assert_array_equal(after[data.site == 2], data.values[data.site == 2].astype(np.float32))


def test_work_is_in_blocks_and_says_how_far_it_is():
    data = plant(14, n_features=1100)
    steps = list(fit_combat(data.values, data.rows, data.sites))
    assert {step.done for step in steps if step.step == "Estimating site effects"} == {0, 512, 1024}
    assert all(isinstance(step, Progress) for step in steps)
    wide = harmonised(data, empirical_bayes=False)
    narrow = harmonised(data, data.values[:, 600:700], empirical_bayes=False)
    np.testing.assert_allclose(wide[:, 600:700], narrow, atol=1e-12)


def test_a_feature_with_missing_values_is_fitted_to_its_complete_cases():
    data = plant(15)
    holed = data.values.copy()
    holed[[3, 8, 30], 7] = np.nan
    combat = finish(fit_combat(holed, data.rows, data.sites, empirical_bayes=False))
    kept = np.delete(data.rows, [3, 8, 30])
    alone = finish(fit_combat(data.values[:, [7]], kept, data.sites.of(kept), empirical_bayes=False))
    np.testing.assert_allclose(combat.shift[:, 7], alone.shift[:, 0], atol=1e-12)
    np.testing.assert_allclose(combat.scale[:, 7], alone.scale[:, 0], atol=1e-12)
    after = combat.adjust(holed, slice(None), data.sites)
    assert np.array_equal(np.isnan(after), np.isnan(holed))
    whole = np.delete(np.arange(90), 7)
    np.testing.assert_allclose(after[:, whole], harmonised(data, empirical_bayes=False)[:, whole], atol=1e-12)


def test_a_feature_missing_at_one_site_is_harmonised_among_the_others():
    data = plant(16)
    data.values[data.site == 0, 5] = np.nan
    after = harmonised(data)
    assert np.isnan(after[data.site == 0, 5]).all()
    assert np.isfinite(after[data.site > 0]).all()


def test_a_feature_of_which_a_site_has_one_value_is_missing_there_because_that_has_no_variance():
    data = plant(17)
    data.values[np.flatnonzero(data.site == 0)[1:], 5] = np.nan
    assert np.isnan(harmonised(data)[data.site == 0, 5]).all()
    kept = np.flatnonzero(data.site == 0)[0]
    assert np.isfinite(harmonised(data, mean_only=True)[kept, 5])


def test_a_feature_that_never_varies_stays_and_does_not_disturb_the_others():
    data = plant(18)
    dead = np.column_stack([data.values, np.full(60, 0.3), data.site * 0.1])
    after = harmonised(data, dead)
    np.testing.assert_allclose(after[:, 90], 0.3, atol=1e-12)
    np.testing.assert_allclose(np.ptp(after[:, 91]), 0, atol=1e-12)
    np.testing.assert_allclose(after[:, :90], harmonised(data), atol=1e-12)


def test_a_site_of_one_is_refused_but_for_its_mean():
    data = plant(19, sizes=(1, 25, 25))
    with pytest.raises(InputError, match="Boston has one subject to learn from"):
        finish(fit_combat(data.values, data.rows, data.sites))
    assert np.isfinite(harmonised(data, mean_only=True)).all()


def test_a_site_that_was_not_learned_from_is_named():
    data = plant()
    train = np.flatnonzero(data.site < 2)
    combat = finish(fit_combat(data.values, train, data.sites.of(train)))
    with pytest.raises(InputError, match=r"nothing was learned about Denver \(25\).*Boston, Chicago"):
        finish(combat.apply(data.values, data.rows, data.sites))
    with pytest.raises(InputError, match="no subject to learn from is of the reference site Denver"):
        finish(fit_combat(data.values, train, data.sites.of(train), reference=2))
