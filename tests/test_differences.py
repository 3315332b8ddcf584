"""Differences of two tasks, sessions or runs as the observation: whose they are, what they are, and what is said."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import check_against, parameters_of, read_params
from imagenomer.analyses.shared.sample import draw_sample
from imagenomer.cohort import Cohort, Measure, Phenotype, Scan
from imagenomer.cohort.differences import difference_names, difference_of_rate, sides_of, times_of
from imagenomer.errors import InputError
from imagenomer.overview import overview_of
from imagenomer.parcellation import choose_parcellation
from imagenomer.progress import finish

#: Of six subjects: who has which scan (task, session, run).
SCANS = (
    [("rest", one, "1", "1") for one in "123456"]
    + [("rest", one, "1", "2") for one in "12"]
    + [("rest", one, "2", "1") for one in "1245"]
    + [("nback", one, "1", "1") for one in "12346"]
    + [("nback", one, "2", "1") for one in "134"]
)


@pytest.fixture
def cohort(rng):
    subjects = tuple("123456")
    scans = tuple(Scan(*one) for one in sorted(SCANS))
    values = rng.uniform(-0.9, 0.9, (len(scans), 10)).astype(np.float32)
    fc = Measure("fc", values, np.ones(len(scans), dtype=bool))
    age = Phenotype("age", np.arange(6.0) ** 2)
    return Cohort("six", subjects, {"age": age}, scans, {"fc": fc}, choose_parcellation(5, "none"))


def mean_of(cohort, subject, *, fisher_z=False, **wanted):
    """The plain mean of some of a subject's scans, by hand; None where there are none."""
    rows = [
        cohort.measures["fc"].values[row].astype(float)
        for row, scan in enumerate(cohort.scans)
        if scan.subject == subject and all(getattr(scan, part) == name for part, name in wanted.items())
    ]
    return np.mean(np.arctanh(rows) if fisher_z else rows, axis=0) if rows else None


@pytest.mark.parametrize("fisher_z", [False, True])
def test_a_difference_of_tasks_is_the_mean_of_one_minus_that_of_the_other(cohort, fisher_z):
    found = cohort.observations("fc", "nback minus rest", fisher_z=fisher_z)
    assert [cohort.subjects[one] for one in found.subjects] == list("12346")
    by_hand = [
        mean_of(cohort, one, task="nback", fisher_z=fisher_z) - mean_of(cohort, one, task="rest", fisher_z=fisher_z)
        for one in "12346"
    ]
    np.testing.assert_allclose(found.values, by_hand, atol=1e-6)
    exact = cohort.observed_edges("fc", "nback minus rest", np.array([7, 2]), fisher_z=fisher_z)
    np.testing.assert_allclose(exact, np.array(by_hand)[:, [7, 2]], atol=1e-12)
    assert found.n_scans.tolist() == [5, 4, 3, 4, 2]


def test_a_difference_of_sessions_is_taken_within_tasks(cohort):
    """Subjects 2 and 5 have one task in both sessions only: the other says nothing of the difference."""
    found = cohort.observations("fc", None, session="2 minus 1")
    assert [cohort.subjects[one] for one in found.subjects] == list("12345")
    assert found.n_tasks.tolist() == [2, 1, 1, 2, 1]
    for row, subject in zip(found.values, "12345", strict=True):
        each = []
        for task in ("nback", "rest"):
            later, earlier = (mean_of(cohort, subject, task=task, session=one) for one in "21")
            if later is not None and earlier is not None:
                each.append(later - earlier)
        np.testing.assert_allclose(row, np.mean(each, axis=0), atol=1e-6)


def test_a_difference_of_runs_is_of_those_who_have_both(cohort):
    found = cohort.observations("fc", "rest", run="2 minus 1", session="1")
    assert found.subjects.tolist() == [0, 1]


def test_the_other_way_round_is_the_negative(cohort):
    there, back = (cohort.observations("fc", one).values for one in ("nback minus rest", "rest minus nback"))
    np.testing.assert_array_equal(there, -back)


def test_two_differences_at_once_are_refused(cohort):
    with pytest.raises(InputError, match="two differences, and one can be observed at a time"):
        cohort.observations("fc", "nback minus rest", session="2 minus 1")


@pytest.mark.parametrize("name", ["rest minus rest", "nback minus movie", "nback minus", "minus"])
def test_a_difference_of_what_is_not_there_is_refused(cohort, name):
    with pytest.raises(InputError, match=f"no task '{name}'"):
        cohort.observations("fc", name)


def test_a_task_that_is_called_like_a_difference_is_a_task():
    names = ("a", "b", "a minus b", "c")
    assert sides_of("a minus b", names) is None
    assert sides_of("a minus b minus c", names) == ("a minus b", "c")
    assert sides_of("c minus a minus b", names) == ("c", "a minus b")
    assert sides_of(None, names) is None
    assert all(sides_of(one, ("x", "y", "z")) is not None for one in difference_names("xyz"))
    assert len(difference_names("xyz")) == 6


def test_who_lacks_one_side_is_counted_and_said(cohort):
    sample = draw_sample(cohort, measure=None, task="nback minus rest", group=None, fisher_z=False)
    assert sample.numbers["n_dropped"] == 1
    assert "1 subject without both sides of fc of nback minus rest was left out: 5." in sample.sentences
    assert any("each edge of nback minus the same edge of rest" in one for one in sample.sentences)
    assert any(one.startswith("4 subjects had several scans") for one in sample.sentences)


def test_which_tasks_a_difference_of_sessions_is_of_is_said(cohort):
    sample = draw_sample(cohort, measure=None, task=None, session="2 minus 1", group=None, fisher_z=False)
    assert any("each edge of session 2 minus the same edge of session 1" in one for one in sample.sentences)
    assert any("within each task." in one for one in sample.sentences)
    assert "2 subjects have only rest: 2, 5." in sample.sentences
    assert "1 subject has only nback: 3." in sample.sentences


def test_every_form_about_observations_offers_differences_and_none_about_single_scans(cohort):
    for name, analysis in load_analyses().items():
        fields = {
            one.name: one.field for one in parameters_of(analysis.params) if one.name in ("task", "session", "run")
        }
        for place, field in fields.items():
            without = name in ("quality-control", "harmonisation") or (name == "reliability" and place != "task")
            assert field.differences == (not without), (name, place)
            assert any(" minus " in one for one in field.names(cohort)) == field.differences
    assert overview_of(cohort)["differences"]["tasks"] == ["nback minus rest", "rest minus nback"]


def test_an_analysis_of_single_scans_refuses_a_difference(cohort):
    analysis = load_analyses()["quality-control"]
    params = read_params(analysis, {"motion": "age", "task": "nback minus rest"})
    with pytest.raises(InputError, match="no task 'nback minus rest'"):
        check_against(cohort, params)


def test_an_analysis_of_a_difference_says_so_in_titles_and_numbers(cohort):
    analysis = load_analyses()["connectivity-summary"]
    params = read_params(analysis, {"task": "nback minus rest"})
    report = analysis.report(cohort, params, finish(analysis.compute(cohort, params)))
    assert report.views[0].title == "Mean of fc of nback minus rest"
    assert report.numbers["task"] == "nback minus rest"
    by_hand = [mean_of(cohort, one, task="nback") - mean_of(cohort, one, task="rest") for one in "12346"]
    np.testing.assert_allclose(report.arrays["mean"], np.mean(by_hand, axis=0), atol=1e-6)


@pytest.fixture
def aged(cohort):
    """The cohort with ages at both sessions, in months; subject 4 has the same twice, subject 5 none at the second."""
    first = np.array([120.0, 130, 140, 150, 160, 170])
    second = first + np.array([6, 12, 24, 0, np.nan, 12])
    ages = {
        f"age (session {one})": Phenotype(f"age (session {one})", own, units="months")
        for one, own in (("1", first), ("2", second))
    }
    return dataclasses.replace(cohort, phenotypes={**cohort.phenotypes, **ages})


def test_a_difference_per_year_is_divided_by_the_years_between(aged):
    plain = aged.observations("fc", "rest", session="2 minus 1")
    rate = aged.observations("fc", "rest", session="2 minus 1 per year")
    assert [aged.subjects[one] for one in plain.subjects] == list("1245")
    assert [aged.subjects[one] for one in rate.subjects] == list("12")
    np.testing.assert_allclose(rate.values, plain.values[:2] / np.array([[0.5], [1]]), rtol=1e-6)
    other = aged.observations("fc", "rest", session="1 minus 2 per year")
    np.testing.assert_allclose(other.values, rate.values, rtol=1e-6)
    exact = aged.observed_edges("fc", "rest", np.array([3]), session="2 minus 1 per year")
    np.testing.assert_allclose(exact[:, 0], rate.values[:, 3], rtol=1e-6)


def test_a_difference_per_year_says_which_ages_and_who_has_none(aged):
    given = {"task": "rest", "session": "2 minus 1 per year"}
    sample = draw_sample(aged, measure=None, group=None, fisher_z=False, **given)
    assert any(
        "It is divided by the years between: age (session 2) less age (session 1)" in one for one in sample.sentences
    )
    assert "4 subjects without both sides of fc of rest, session 2 minus 1 per year were left out: 3, 4, 5, 6." in (
        sample.sentences
    )


def dated(cohort, role="date", name="scanned"):
    """The cohort with the day of both sessions as years; subject 4 was scanned twice on a day."""
    first = np.array([2014.2, 2014.4, 2015.0, 2013.7, 2014.9, 2014.5])
    days = {"1": first, "2": first + np.array([0.5, 1, 2, 0, np.nan, 1])}
    columns = {
        f"{name} (session {one})": Phenotype(f"{name} (session {one})", own, units="years", role=role)
        for one, own in days.items()
    }
    return dataclasses.replace(cohort, phenotypes={**cohort.phenotypes, **columns})


def test_dates_tell_the_years_between_where_ages_do_not(cohort, aged):
    by_date, by_age = (one.observations("fc", "rest", session="2 minus 1 per year") for one in (dated(cohort), aged))
    np.testing.assert_allclose(by_date.values, by_age.values, rtol=1e-5)
    np.testing.assert_array_equal(by_date.subjects, by_age.subjects)
    sample = draw_sample(
        dated(cohort), measure=None, group=None, fisher_z=False, task="rest", session="2 minus 1 per year"
    )
    assert any("scanned (session 2) less scanned (session 1)" in one for one in sample.sentences)


def test_a_number_that_nobody_called_a_date_tells_no_time_and_ages_come_first(cohort, aged):
    assert dated(cohort, role="").differences("sessions") == ("1 minus 2", "2 minus 1")
    wrong = dated(aged)
    later = wrong.phenotypes["scanned (session 2)"]
    shifted = dataclasses.replace(later, values=later.values + 10)
    both = dataclasses.replace(wrong, phenotypes={**wrong.phenotypes, later.name: shifted})
    assert times_of(both.phenotypes, "2", "1").name == "age"
    rates = [one.observations("fc", "rest", session="2 minus 1 per year").values for one in (both, aged)]
    np.testing.assert_array_equal(*rates)


def test_a_date_of_one_of_two_sessions_tells_no_time(cohort):
    one = dated(cohort)
    kept = {name: each for name, each in one.phenotypes.items() if name != "scanned (session 1)"}
    assert dataclasses.replace(one, phenotypes=kept).differences("sessions") == ("1 minus 2", "2 minus 1")
    plain = dataclasses.replace(one.phenotypes["scanned (session 1)"], role="")
    turned = {**one.phenotypes, plain.name: plain}
    assert dataclasses.replace(one, phenotypes=turned).differences("sessions") == ("1 minus 2", "2 minus 1")


def test_a_difference_per_year_is_offered_where_both_ages_are_known(cohort, aged):
    assert cohort.differences("sessions") == ("1 minus 2", "2 minus 1")
    assert aged.differences("sessions")[2:] == ("1 minus 2 per year", "2 minus 1 per year")
    assert difference_of_rate("2 minus 1", ("1", "2")) is None
    for name, where in (("2 minus 1 per year", cohort), ("2 minus 3 per year", aged)):
        with pytest.raises(InputError, match="no session"):
            where.observations("fc", "rest", session=name)
