"""Columns about scans: averaged as connectivity is, and never in the way of what is known about people."""

from __future__ import annotations

import dataclasses
import io
import itertools
import json
import zipfile

import numpy as np
import pytest

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import read_params
from imagenomer.cohort import Cohort, Measure, Scan, condition_name
from imagenomer.progress import finish
from imagenomer.readers import open_cohort
from imagenomer.readers.bundle import bundle_bytes
from imagenomer.readers.listing import listing_from

SCANNERS = ("Prisma", "Trio")


def unpacked(cohort: Cohort) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(finish(bundle_bytes(cohort)))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def opened(files: dict[str, bytes]) -> Cohort:
    contents = list(files.values())
    read = lambda file, start, stop: contents[file][start:stop]  # noqa: E731
    return finish(open_cohort(listing_from(list(files), [len(one) for one in contents], read)))


def with_columns(files: dict[str, bytes], columns: dict[str, list[str]], facts: object = None) -> dict[str, bytes]:
    header, *rows = files["scans.tsv"].decode().splitlines()
    rows = [[row, *cells] for row, *cells in zip(rows, *columns.values(), strict=True)]
    lines = map("\t".join, [[header, *columns], *rows])
    told = {} if facts is None else {"scans.json": json.dumps(facts).encode()}
    return {**files, **told, "scans.tsv": "\n".join(lines).encode()}


@pytest.fixture
def moved(cohort: Cohort, rng: np.random.Generator) -> tuple[Cohort, np.ndarray]:
    """The cohort with motion of every scan, which the first edge follows; subject 3 has none of rest."""
    motion = rng.gamma(2, 0.1, len(cohort.scans))
    values = cohort.measures["fc"].values.copy()
    values[:, 0] = np.clip(0.2 + motion, 0, 0.99)
    changed = dataclasses.replace(
        cohort, measures={"fc": Measure("fc", values, np.ones(len(values), dtype=bool))}, phenotypes=cohort.phenotypes
    )
    cells = [
        "n/a" if (scan.subject, scan.task) == ("3", "rest") else repr(float(value))
        for scan, value in zip(cohort.scans, motion, strict=True)
    ]
    facts = {"mean_fd": {"Description": "Framewise displacement", "Units": "mm"}}
    return opened(with_columns(unpacked(changed), {"mean_fd": cells}, facts)), motion


def test_motion_is_averaged_as_connectivity_is(moved):
    cohort, motion = moved
    both, rest = (cohort.phenotypes[name] for name in ("mean_fd", "mean_fd (rest)"))
    assert (both.units, both.description) == ("mm", "Framewise displacement; of scans.tsv, over all scans of a person")
    of = {(scan.subject, scan.task): value for scan, value in zip(cohort.scans, motion, strict=True)}
    assert rest.values[0] == of["1", "rest"]
    assert both.values[0] == pytest.approx((of["1", "rest"] + of["1", "nback"]) / 2)
    assert (np.isnan(rest.values[2]), both.values[2]) == (True, of["3", "nback"])
    assert np.flatnonzero(rest.missing).tolist() == [2, 39]  # 40 has no scan at rest
    # The first edge is 0.2 more than motion, scan by scan: so it is over tasks, too, in the same people.
    for task, phenotype in ((None, both), ("rest", rest)):
        seen = cohort.observations("fc", task)
        known = ~phenotype.missing[seen.subjects] & (seen.subjects != 2)
        expected = np.clip(0.2 + phenotype.values[seen.subjects[known]], 0, 0.99)
        np.testing.assert_allclose(seen.values[known, 0], expected, atol=1e-6)


def test_they_are_phenotypes_like_others_and_come_back_from_a_bundle(moved):
    cohort, _ = moved
    again = opened(unpacked(cohort))
    assert list(again.phenotypes) == list(cohort.phenotypes)
    np.testing.assert_array_equal(again.phenotypes["mean_fd (rest)"].values, cohort.phenotypes["mean_fd (rest)"].values)
    analysis = load_analyses()["edge-association"]
    params = read_params(analysis, {"phenotype": "mean_fd (rest)", "task": "rest"})
    report = analysis.report(cohort, params, finish(analysis.compute(cohort, params)))
    assert report.numbers["top"][0]["edge"] == 0


def test_a_category_is_what_all_scans_agree_on_and_what_people_say_comes_first(cohort):
    scanner = [SCANNERS[int(scan.subject) > 20 or scan.task == "rest"] for scan in cohort.scans]
    columns = {
        "scanner": scanner,
        "sex": ["F"] * len(scanner),
        "acq_time": [f"t{row}" for row in range(len(scanner))],
        "nothing": ["n/a"] * len(scanner),
    }
    read = opened(with_columns(unpacked(cohort), columns))
    assert [*read.phenotypes] == [
        *cohort.phenotypes,
        *("scanner", "scanner (nback)", "scanner (rest)"),
        *("sex (nback)", "sex (rest)"),
    ]
    np.testing.assert_array_equal(read.phenotypes["sex"].values, cohort.phenotypes["sex"].values)
    assert read.phenotypes["scanner"].values[:20].tolist() == [-1] * 20
    assert read.phenotypes["scanner"].values[20:].tolist() == [1] * 20
    assert read.phenotypes["scanner (nback)"].values[:21].tolist() == [0] * 20 + [1]
    (entry,) = [entry for entry in read.log if "scans.tsv" in entry.message]
    assert entry.items[:2] == ("scanner", "scanner (nback)")


def test_motion_of_each_session_and_run_is_that_of_the_connectivity_of_these(rng):
    conditions = [("rest", "1", "1"), ("rest", "1", "2"), ("rest", "2", "1"), ("nback", "1", ""), ("nback", "2", "")]
    scans = tuple(Scan(task, str(who), *rest) for task, *rest in conditions for who in range(1, 13))
    motion = rng.gamma(2, 0.1, len(scans)).astype(np.float32)
    values = np.repeat(motion[:, None], 6, axis=1)
    two = Cohort(
        name="Two sessions",
        subjects=tuple(str(who) for who in range(1, 13)),
        phenotypes={},
        scans=scans,
        measures={"fc": Measure("fc", values, np.ones(len(scans), dtype=bool))},
    )
    read = opened(with_columns(unpacked(two), {"mean_fd": [repr(float(one)) for one in motion]}))
    for task, session, run in itertools.product((None, "rest", "nback"), (None, "1", "2"), (None, "1", "2")):
        if not read.chosen_scans(task, session, run).any():
            continue
        name = " ".join(["mean_fd", f"({condition_name(task, session, run)})"][: 1 + any((task, session, run))])
        seen = read.observations("fc", task, session=session, run=run)
        np.testing.assert_allclose(read.phenotypes[name].values[seen.subjects], seen.values[:, 0], rtol=1e-6)
        others = read.about_other_scans(task, session, run)
        assert set(others.values()) == {name}
        assert {*others, name} == set(read.phenotypes)


def test_one_task_makes_one_phenotype(cohort):
    scans = [scan for scan in cohort.scans if scan.task == "rest"]
    rows = [row for row, scan in enumerate(cohort.scans) if scan.task == "rest"]
    values = cohort.measures["fc"].values[rows]
    single = dataclasses.replace(
        cohort, scans=tuple(scans), measures={"fc": Measure("fc", values, np.ones(len(rows), dtype=bool))}
    )
    read = opened(with_columns(unpacked(single), {"motion": [str(row) for row in range(len(rows))]}))
    assert [name for name in read.phenotypes if "motion" in name] == ["motion"]
    np.testing.assert_array_equal(read.phenotypes["motion"].values[:39], np.arange(39))
