"""Reliability between sessions, runs and tasks: who is compared, with what, and what is said."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import check_against, read_params
from imagenomer.cohort import Cohort, Measure, Phenotype, Scan
from imagenomer.errors import InputError
from imagenomer.parcellation import choose_parcellation
from imagenomer.progress import finish

RELIABILITY = load_analyses()["reliability"]
N = 30


@pytest.fixture
def cohort(rng):
    """Thirty subjects, two tasks in two sessions: edges 0 to 4 are of the subject, the others are noise.

    Subject 30 lacks the second session, subject 29 the second task there.
    """
    own = np.zeros((N, 10))
    own[:, :5] = 0.2 * rng.standard_normal((N, 5))
    scans, values = [], []
    for task in ("nback", "rest"):
        for subject in range(N):
            for session in "12":
                if (subject == 29 and session == "2") or (subject == 28 and session == "2" and task == "rest"):
                    continue
                scans.append(Scan(task, str(subject + 1), session))
                values.append(own[subject] + 0.2 * (task == "rest") + 0.1 * rng.standard_normal(10))
    fc = Measure("fc", np.array(values, dtype=np.float32), np.ones(len(scans), dtype=bool))
    names = tuple(str(one + 1) for one in range(N))
    age = Phenotype("age", np.arange(float(N)))
    return Cohort("thirty", names, {"age": age}, tuple(scans), {"fc": fc}, choose_parcellation(5, "none"))


def run(cohort, **given):
    params = read_params(RELIABILITY, given)
    check_against(cohort, params)
    result = finish(RELIABILITY.compute(cohort, params))
    return RELIABILITY.report(cohort, params, result), RELIABILITY.methods(cohort, params, result)


def test_edges_of_the_subject_are_reliable_and_noise_is_not(cohort):
    report, methods = run(cohort)
    assert report.arrays["consistency"][:5].min() > 0.75
    assert report.arrays["consistency"][5:].max() < 0.5
    assert report.numbers["between"] == "sessions"
    assert report.numbers["consistency"]["median"] == pytest.approx(np.median(report.arrays["consistency"]))
    assert any("30" not in one and "By ICC(3,1) 50% of the edges" in one for one in report.sentences)
    assert report.views[0].title == "ICC(3,1), consistency of fc between sessions"
    assert "28 subjects" in methods.text[0]


def test_who_lacks_an_occasion_or_has_other_tasks_there_is_left_out_by_name(cohort):
    report, _ = run(cohort)
    assert report.numbers["n_subjects"] == 28
    assert "1 subject without session 2 was left out: 30." in report.sentences
    assert "1 subject with other tasks in one session than in another was left out: 29." in report.sentences
    of_one_task, _ = run(cohort, between="sessions", task="nback")
    assert of_one_task.numbers["n_subjects"] == 29


def test_of_one_task_it_is_that_of_its_scans(cohort):
    report, _ = run(cohort, between="sessions", task="rest")
    rows = {(one.subject, one.session): row for row, one in enumerate(cohort.scans) if one.task == "rest"}
    both = [one for one in cohort.subjects if (one, "2") in rows]
    first, second = (cohort.measures["fc"].values[[rows[one, place] for one in both]].astype(float) for place in "12")
    total, difference = (first + second).var(axis=0, ddof=1) / 2, (first - second).var(axis=0, ddof=1) / 2
    np.testing.assert_allclose(report.arrays["consistency"], (total - difference) / (total + difference), rtol=1e-6)


def test_between_tasks_it_is_a_lower_bound_and_says_so(cohort):
    report, _ = run(cohort, between="tasks", session="1")
    assert report.numbers["occasions"] == ["nback", "rest"]
    assert (report.arrays["agreement"] < report.arrays["consistency"])[:5].all()
    assert any("lower bound" in one for one in report.warnings)


def test_a_difference_of_tasks_has_a_reliability_too(cohort):
    report, _ = run(cohort, between="sessions", task="rest minus nback")
    assert report.numbers["n_subjects"] == 28
    assert np.nanmax(report.arrays["consistency"]) < 0.75


def test_what_is_measured_once_is_refused(cohort):
    with pytest.raises(InputError, match="thirty has 0 runs, and reliability is of what was measured more than once"):
        run(cohort, between="runs")
    once = dataclasses.replace(cohort, scans=tuple(Scan("rest", str(one), str(one)) for one in range(1, 3)))
    with pytest.raises(InputError, match="0 usable subjects"):
        run(dataclasses.replace(once, measures={"fc": Measure("fc", np.ones((2, 10), np.float32), np.ones(2, bool))}))


def test_few_subjects_are_warned_of(cohort):
    report, _ = run(cohort, group="age < 10")
    assert any(one.startswith("Only 10 subjects") for one in report.warnings)
