"""A person is one observation: how scans become rows, and what a cohort answers about itself."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagenomer.cohort import Cohort, Measure, Phenotype, Scan, n_parcels_of_cohort, natural_key
from imagenomer.errors import InputError
from imagenomer.progress import finish


def made(scans: list[Scan], present: list[bool] | None = None, seed: int = 0) -> Cohort:
    """A cohort of these scans with random connectivity of three edges."""
    subjects = tuple(sorted({scan.subject for scan in scans}, key=natural_key))
    place = {subject: row for row, subject in enumerate(subjects)}
    order = sorted(range(len(scans)), key=lambda row: (scans[row].task, place[scans[row].subject], scans[row]))
    has = np.array([True if present is None else present[row] for row in order])
    values = np.random.default_rng(seed).uniform(-0.9, 0.9, (len(scans), 3)).astype(np.float32)
    values[~has] = np.nan
    return Cohort("X", subjects, {}, tuple(scans[row] for row in order), {"fc": Measure("fc", values, has)})


def the_long_way(cohort: Cohort, task: str | None, transform=lambda value: value) -> dict[int, np.ndarray]:
    """Mean over tasks of the mean over a task's scans, subject by subject."""
    rows: dict[int, np.ndarray] = {}
    measure = cohort.measures["fc"]
    for index, subject in enumerate(cohort.subjects):
        means = []
        for one_task in cohort.tasks if task is None else [task]:
            own = [
                transform(measure.values[row].astype(np.float64))
                for row, scan in enumerate(cohort.scans)
                if scan.subject == subject and scan.task == one_task and measure.present[row]
            ]
            if own:
                means.append(np.mean(own, axis=0))
        if means:
            rows[index] = np.mean(means, axis=0)
    return rows


scan_lists = st.lists(
    st.builds(
        Scan, st.sampled_from(["rest", "nback", ""]), st.sampled_from(["1", "2", "10", "x"]), st.sampled_from(["", "a"])
    ),
    min_size=1,
    max_size=12,
    unique=True,
)


@given(scan_lists, st.data(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_person_is_one_row_the_mean_of_their_task_means(scans, data, fisher_z):
    present = data.draw(st.lists(st.booleans(), min_size=len(scans), max_size=len(scans)))
    cohort = made(scans, present)
    for task in (None, *cohort.tasks):
        observations = cohort.observations("fc", task, fisher_z=fisher_z)
        expected = the_long_way(cohort, task, np.arctanh if fisher_z else lambda value: value)
        assert observations.subjects.tolist() == list(expected)
        for row, subject in enumerate(observations.subjects):
            np.testing.assert_allclose(observations.values[row], expected[subject], rtol=1e-6, atol=1e-7)
        exact = cohort.observed_edges("fc", task, np.array([2, 0]), fisher_z=fisher_z)
        for row, subject in enumerate(observations.subjects):
            np.testing.assert_allclose(exact[row], expected[subject][[2, 0]], rtol=1e-12)


@given(
    st.lists(
        st.builds(
            Scan,
            st.sampled_from(["rest", "nback"]),
            st.sampled_from(["1", "2", "10"]),
            st.sampled_from(["", "a", "b"]),
            st.sampled_from(["", "1", "2"]),
        ),
        min_size=1,
        max_size=20,
        unique=True,
    ),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_a_session_and_a_run_are_observed_as_if_there_were_no_other_scans(scans, fisher_z):
    cohort = made(scans)
    fc = cohort.measures["fc"]
    for task, session, run in itertools.product((None, *cohort.tasks), (None, *cohort.sessions), (None, *cohort.runs)):
        observations = cohort.observations("fc", task, session=session, run=run, fisher_z=fisher_z)
        of_them = [
            task in (None, scan.task) and session in (None, scan.session) and run in (None, scan.run)
            for scan in cohort.scans
        ]
        present = np.array(of_them)
        values = np.where(present[:, None], fc.values, np.nan)
        alone = Cohort("X", cohort.subjects, {}, cohort.scans, {"fc": Measure("fc", values, present)})
        expected = alone.observations("fc", task, fisher_z=fisher_z)
        np.testing.assert_array_equal(observations.subjects, expected.subjects)
        np.testing.assert_array_equal(observations.n_scans, expected.n_scans)
        np.testing.assert_allclose(observations.values, expected.values, rtol=1e-6)
        edges = np.array([0, 2])
        picked = cohort.observed_edges("fc", task, edges, session=session, run=run, fisher_z=fisher_z)
        np.testing.assert_allclose(picked, expected.values[:, edges], rtol=1e-5)


def test_the_rows_say_how_many_scans_and_tasks_are_in_them():
    cohort = made([Scan("rest", "1", "a"), Scan("rest", "1", "b"), Scan("nback", "1"), Scan("rest", "2")])
    observations = cohort.observations("fc")
    assert observations.n_scans.tolist() == [3, 1]
    assert observations.n_tasks.tolist() == [2, 1]


def test_one_scan_each_is_a_view_not_a_copy():
    cohort = made([Scan("rest", "1"), Scan("rest", "2"), Scan("nback", "1")])
    assert np.shares_memory(cohort.observations("fc", "rest").values, cohort.measures["fc"].values)


def test_rows_are_in_subject_order_even_where_everybody_has_another_task():
    cohort = made([Scan("nback", "2"), Scan("rest", "1")])
    assert cohort.observations("fc").subjects.tolist() == [0, 1]
    np.testing.assert_array_equal(cohort.observations("fc").values, cohort.measures["fc"].values[::-1])


def test_observations_are_kept_but_no_more_than_three():
    cohort = made([Scan(task, subject) for task in "abcd" for subject in "12"])
    first = cohort.observations("fc", "a")
    assert cohort.observations("fc", "a") is first
    for task in "bcd":
        cohort.observations("fc", task)
    assert cohort.observations("fc", "a") is not first


@pytest.mark.parametrize(
    ("task", "fisher_z", "at_least"),
    [(None, False, 6), (None, True, 12), ("rest", True, 12), ("nback minus rest", False, 1)],
)
def test_scans_are_averaged_in_steps_of_a_few_subjects_so_that_a_cancel_is_obeyed(task, fisher_z, at_least):
    cohort = made([Scan(one, str(subject)) for subject in range(100, 200) for one in ("nback", "rest")])
    progress = []
    found = finish(cohort.observe("fc", task, fisher_z=fisher_z), progress.append)
    assert cohort.observations("fc", task, fisher_z=fisher_z) is found
    assert len(progress) >= at_least  # three edges are subtracted at once


def test_fisher_z_of_what_is_no_correlation_is_refused():
    cohort = made([Scan("rest", "1"), Scan("rest", "2"), Scan("nback", "1")], [True, True, False])
    cohort.observations("fc", "rest", fisher_z=True)
    cohort.measures["fc"].values[1, 0] = 1
    with pytest.raises(InputError, match="outside"):
        cohort.observations("fc", "nback", fisher_z=True)


def test_an_unknown_name_is_answered_with_those_there_are(cohort):
    with pytest.raises(InputError, match="no phenotype 'Age' in this cohort; it has: age, sex, site"):
        cohort.phenotype("Age")
    with pytest.raises(InputError, match="no measure 'partial' in this cohort; it has: fc"):
        cohort.observations("partial")
    with pytest.raises(InputError, match="no task 'emoid' in this cohort; it has: nback, rest"):
        cohort.observations("fc", "emoid")


def test_no_connectivity_is_said():
    with pytest.raises(InputError, match="Empty has no connectivity"):
        n_parcels_of_cohort(Cohort("Empty", (), {}))


def test_an_indicator_is_missing_where_the_category_is():
    sex = Phenotype("sex", np.array([0, 1, -1]), ("F", "M"))
    np.testing.assert_array_equal(sex.indicator("M"), [0, 1, np.nan])
    with pytest.raises(InputError, match="no level 'X'; it has: F, M"):
        sex.indicator("X")
    with pytest.raises(InputError, match="it has: numbers"):
        Phenotype("age", np.array([1.0])).indicator("1")


def test_missing_values_of_numbers_and_categories():
    np.testing.assert_array_equal(Phenotype("age", np.array([1, np.nan])).missing, [False, True])
    np.testing.assert_array_equal(Phenotype("sex", np.array([-1, 0]), ("F",)).missing, [True, False])


def test_natural_order_puts_2_before_10():
    names = ["sub-10", "sub-9", "10", "2", "a", "", "a10b2", "a10b10", "a9", "07", "7"]
    assert sorted(names, key=natural_key) == ["", "2", "07", "7", "10", "a", "a9", "a10b2", "a10b10", "sub-9", "sub-10"]


@given(st.lists(st.text(max_size=6), max_size=6))
def test_any_texts_can_be_put_in_natural_order(texts):
    assert sorted(sorted(texts), key=natural_key) == sorted(sorted(texts, reverse=True), key=natural_key)
