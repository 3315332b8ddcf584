"""Connectivity summary against NumPy the long way, and the established range on real data."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from imagenomer.analyses.connectivity.connectivity_summary import ANALYSIS
from imagenomer.analyses.contract import read_params
from imagenomer.errors import InputError
from imagenomer.progress import finish


def summarise(cohort, **given):
    params = read_params(ANALYSIS, given)
    return ANALYSIS.report(cohort, params, finish(ANALYSIS.compute(cohort, params)))


def scans_of(cohort, task):
    rows = [row for row, scan in enumerate(cohort.scans) if scan.task == task]
    return cohort.measures["fc"].values[rows].astype(np.float64)


def test_mean_and_sd_are_those_of_numpy(cohort):
    report = summarise(cohort, task="rest")
    np.testing.assert_allclose(report.arrays["mean"], scans_of(cohort, "rest").mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(report.arrays["sd"], scans_of(cohort, "rest").std(axis=0, ddof=1), rtol=1e-12)
    assert report.numbers["n_subjects"] == 39


def test_the_sd_is_between_subjects_not_between_scans(cohort):
    report = summarise(cohort)
    rest = np.concatenate([scans_of(cohort, "rest"), scans_of(cohort, "nback")[-1:]])
    averaged = (scans_of(cohort, "nback") + rest) / 2
    np.testing.assert_allclose(report.arrays["sd"], averaged.std(axis=0, ddof=1), rtol=1e-5)
    assert report.numbers["n_subjects"] == 40
    assert report.numbers["n_scans"] == 79


def test_a_group_is_only_its_members(cohort):
    women = cohort.phenotypes["sex"].values == 0
    report = summarise(cohort, task="nback", group='sex == "F"')
    np.testing.assert_allclose(report.arrays["mean"], scans_of(cohort, "nback")[women].mean(axis=0), rtol=1e-12)


def test_fisher_z_is_averaged_as_such(cohort):
    report = summarise(cohort, task="nback", fisher_z=True)
    np.testing.assert_allclose(report.arrays["mean"], np.arctanh(scans_of(cohort, "nback")).mean(axis=0), rtol=1e-6)
    assert report.views[0].label == "Mean of Fisher z"


def test_missing_values_are_left_out_edge_by_edge_and_said(cohort):
    values = cohort.measures["fc"].values.copy()
    values[0, 2], values[1, 2], values[:, 5] = np.nan, np.inf, np.nan
    measure = dataclasses.replace(cohort.measures["fc"], values=values)
    report = summarise(dataclasses.replace(cohort, measures={"fc": measure}), task="nback")
    expected = values[2:40, 2].astype(np.float64)
    assert report.arrays["mean"][2] == pytest.approx(expected.mean(), rel=1e-12)
    assert report.arrays["sd"][2] == pytest.approx(expected.std(ddof=1), rel=1e-12)
    assert report.arrays["n_observed"][[2, 5]].tolist() == [38, 0]
    assert np.isnan(report.arrays["mean"][5])
    assert report.numbers["n_edges_incomplete"] == 2
    assert any(sentence.startswith("2 edges have missing values") for sentence in report.sentences)


def test_a_single_subject_has_no_sd_and_that_is_said(cohort):
    report = summarise(cohort, group='subject == "7"')
    assert np.isnan(report.arrays["sd"]).all()
    assert report.numbers["sd"]["average"] is None
    assert report.warnings


def test_nobody_is_refused(cohort):
    with pytest.raises(InputError, match="0 usable subjects"):
        summarise(cohort, group="age > 900")


def test_networks_are_summarised_pair_by_pair(cohort):
    report = summarise(cohort, task="nback")
    rows = {(row["network_a"], row["network_b"]): row for row in report.views[2].rows}
    assert {pair: row["n_edges"] for pair, row in rows.items()} == {
        ("DMN", "DMN"): 3,
        ("DMN", "VIS"): 9,
        ("VIS", "VIS"): 3,
    }
    # Parcels 1, 3 and 4 are DMN: edges 1-3, 1-4 and 3-4 of six parcels.
    assert rows["DMN", "DMN"]["mean"] == pytest.approx(report.arrays["mean"][[6, 7, 12]].mean())


def test_fibromyalgia_at_rest_spans_the_established_range(shared_data):
    from imagenomer.load import load

    report = summarise(load(shared_data / "fibromyalgia"), task="rest")
    assert report.numbers["n_subjects"] == 66
    assert round(report.numbers["mean"]["minimum"], 4) == -0.0461
    assert round(report.numbers["mean"]["maximum"], 4) == 0.7152


def test_a_session_or_a_run_can_be_taken_alone(cohort):
    again = tuple(dataclasses.replace(scan, session="2") for scan in cohort.scans if scan.task == "rest")
    scans = (*cohort.scans, *again)
    order = sorted(range(len(scans)), key=lambda row: (scans[row].task, int(scans[row].subject), scans[row]))
    first = cohort.measures["fc"].values
    values = np.concatenate([first, -first[[scan.task == "rest" for scan in cohort.scans]]])[order]
    measure = dataclasses.replace(cohort.measures["fc"], values=values, present=np.ones(len(scans), dtype=bool))
    twice = dataclasses.replace(cohort, scans=tuple(scans[row] for row in order), measures={"fc": measure})
    alone = summarise(twice, task="rest", session="2")
    np.testing.assert_allclose(alone.arrays["mean"], -scans_of(cohort, "rest").mean(axis=0), rtol=1e-6)
    assert alone.numbers["session"] == "2"
    assert "fc of rest, session 2" in alone.sentences[0]
    assert "1 subject without fc of rest, session 2 was left out: 40." in alone.sentences
    both = summarise(twice, task="rest")
    np.testing.assert_allclose(both.arrays["mean"], 0, atol=1e-7)
    assert any("several scans of a task (sessions, runs)" in sentence for sentence in both.sentences)
    with pytest.raises(InputError, match="no session '3' in this cohort; it has: 2"):
        summarise(twice, session="3")
    with pytest.raises(InputError, match="no run '1' in this cohort; it has: none"):
        summarise(twice, run="1")
