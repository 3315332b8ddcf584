"""The confound report: its numbers are those of the analyses it is made of, and its words those of its numbers."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from drawn import assert_nothing_overlaps, texts_of
from imagenomer.analyses import load_analyses
from imagenomer.analyses.confounds.evidence import judge
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.contract import TableView, read_params
from imagenomer.cohort import Measure, Phenotype, VariantSet
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.flexible_columns import flexible_columns
from planted import N, planted

ANALYSES = load_analyses()
REPORT = ANALYSES["confound-report"]


def run(cohort, **given):
    params = read_params(REPORT, {"permutations": 99, **given})
    result = finish(REPORT.compute(cohort, params))
    return params, result, REPORT.report(cohort, params, result)


def table(report, name):
    (view,) = [one for one in report.views if one.name == name]
    assert isinstance(view, TableView)
    return view.rows


def row_of(report, name, key, value):
    (row,) = [row for row in table(report, name) if row[key] == value]
    return row


@pytest.fixture(scope="module")
def confounded():
    whole = planted(3, "confounder")
    rng = np.random.default_rng(0)
    group = Phenotype("group", np.digitize(whole.phenotypes["z"].values, [0.0]), ("low", "high"))
    holed = np.where(np.arange(N) < 20, np.nan, rng.standard_normal(N))
    dosage = rng.binomial(2, 0.4, (N, 30)).astype(np.int8)
    dosage[:, 2] = np.digitize(whole.phenotypes["z"].values, [-0.5, 0.5])
    dosage[rng.random(dosage.shape) < 0.05] = -1
    variants = VariantSet(
        name="small",
        dosage=dosage,
        variant_ids=tuple(f"rs{number}" for number in range(30)),
        chromosomes=("1",) * 30,
        positions=np.arange(30) * 1000,
        effect_alleles=("A",) * 30,
        other_alleles=("G",) * 30,
    )
    return dataclasses.replace(
        whole,
        phenotypes={**whole.phenotypes, "group": group, "holed": Phenotype("holed", holed)},
        variant_sets={"small": variants},
    )


@pytest.fixture(scope="module")
def found(confounded):
    return run(confounded, target="y")


def test_the_planted_confounder_is_named_and_the_verdict_is_that_of_judging_alone(confounded, found):
    _, result, report = found
    assert report.numbers["verdict"] == "confounding"
    verdicts = {one["candidate"]: one["verdict"] for one in report.numbers["verdicts"]}
    assert verdicts["z"] == "confounding"
    assert verdicts["unrelated"] == "unrelated"
    alone, reported = finish(judge(confounded, Params("y", permutations=99))), result.verdict.explanation
    assert (alone.category, alone.test, alone.joint) == (reported.category, reported.test, reported.joint)
    assert alone.candidates == reported.candidates


def test_every_sentence_of_the_verdict_leads_to_a_view(found):
    *_, report = found
    names = {view.name for view in report.views}
    assert len(report.verdict) >= 3
    assert {finding.of for finding in report.verdict} <= names
    said = " ".join(finding.text for finding in report.verdict)
    assert "z explains it: " in said
    assert "consistent with confounding" in said
    assert "is for you to judge" in said
    assert "prove" not in said


@pytest.mark.parametrize("given", [False, True])
def test_maps_are_those_of_edge_association_with_a_spline_of_the_candidate(confounded, found, given):
    *_, report = found
    edge = ANALYSES["edge-association"]
    columns = flexible_columns(confounded.phenotypes["z"], np.arange(N)).T
    spline = {f"spline {number}": Phenotype(f"spline {number}", column) for number, column in enumerate(columns)}
    cohort = dataclasses.replace(confounded, phenotypes={**confounded.phenotypes, **spline})
    params = read_params(edge, {"phenotype": "y", "covariates": list(spline) if given else []})
    oracle = edge.report(cohort, params, finish(edge.compute(cohort, params)))
    row = row_of(report, "adjustment", "given", "z")
    assert row["n_after" if given else "n_before"] == oracle.numbers["n_significant"]
    top = oracle.numbers["top"][0]
    assert row["strongest_after" if given else "strongest_before"] == pytest.approx(top["r"], abs=1e-6)
    if not given:
        np.testing.assert_allclose(report.arrays["target"], oracle.arrays["r"], atol=1e-5)
        np.testing.assert_array_equal(report.arrays["target_significant"], oracle.arrays["significant"])


def test_associations_of_candidates_are_those_of_all_phenotypes_against_all(confounded, found):
    *_, report = found
    matrix = ANALYSES["phenotype-matrix"]
    params = read_params(matrix, {})
    oracle = matrix.report(confounded, params, finish(matrix.compute(confounded, params)))
    pairs = {(row["first"], row["second"]): row for row in table(oracle, "pairs")}
    for name in ("z", "group", "unrelated"):
        other = pairs.get(("y", name)) or pairs[name, "y"]
        assert row_of(report, "candidates", "candidate", name)["p_value"] == pytest.approx(other["p_value"])


def test_a_candidate_that_some_lack_is_looked_at_among_those_who_have_it(found):
    *_, report = found
    assert row_of(report, "connectivity", "what", "holed")["n_subjects"] == N - 20
    assert row_of(report, "connectivity", "what", "z")["n_subjects"] == N
    missing = [row for row in table(report, "missing") if row["candidate"] == "holed"]
    assert {row["level"]: row["n"] for row in missing}["missing"] == 20
    assert sum(row["n"] for row in missing) == N
    assert any("different subjects" in one for one in report.sentences)


def test_prediction_is_shown_in_every_way_for_a_candidate_that_goes_with_the_target(found):
    *_, report = found
    ways = [row["how"] for row in table(report, "prediction") if row["candidate"] == "group"]
    assert ways[:4] == [
        "connectivity",
        "candidate alone",
        "candidate and connectivity",
        "connectivity without the candidate",
    ]
    assert {"within group low", "within group high", "group: from low to high", "matched for group"} <= set(ways)
    ways = [row["how"] for row in table(report, "prediction") if row["candidate"] == "unrelated"]
    assert ways == ["connectivity", "candidate alone"]
    rows = {row["how"]: row["predicted"] for row in table(report, "prediction") if row["candidate"] == "z"}
    assert rows["connectivity"] > 0.1 > rows["connectivity without the candidate"]


def test_the_variant_that_follows_the_confounder_is_found_with_both(found):
    *_, report = found
    assert row_of(report, "variants", "what", "y (target)")["variant"].startswith("rs2 ")
    assert row_of(report, "variants", "what", "z")["variant"].startswith("rs2 ")
    rows = [row for row in table(report, "variant_overlap") if row["candidate"] == "z"]
    assert [row["null"] for row in rows] == ["over all subjects", "within levels of z"]
    assert not any(row["what"].startswith("ancestry ") for row in table(report, "variants"))


def test_overlap_within_the_confounder_is_expected_to_be_larger_than_over_all_subjects(found):
    *_, report = found
    free, within = [row for row in table(report, "overlap") if row["candidate"] == "z"]
    assert free["p_similarity"] == 0.01
    assert within["similarity_expected"] > free["similarity_expected"] + 0.2
    assert free["similarity"] == within["similarity"]


def test_parts_show_what_is_known_so_far(confounded, found):
    params, _, whole = found
    so_far, n_views = None, 0
    for part in REPORT.parts:
        so_far = finish(part.compute(confounded, params, so_far))
        report = REPORT.report(confounded, params, so_far)
        names = [view.name for view in report.views]
        assert names == [view.name for view in whole.views][: len(names)]
        assert len(names) >= n_views
        assert report.verdict == whole.verdict
        n_views = len(names)
        assert REPORT.methods(confounded, params, so_far).text
    assert n_views == len(whole.views)


def test_the_same_seed_gives_the_same_report_and_another_seed_nearly(confounded, found):
    *_, first = found
    *_, again = run(confounded, target="y")
    assert again.numbers == first.numbers
    *_, other = run(confounded, target="y", seed=2)
    assert other.numbers["verdict"] == first.numbers["verdict"]
    # Only the flips are random: what remains is the same whatever the seed.
    assert other.numbers["verdicts"] == first.numbers["verdicts"]
    assert other.numbers["p_given_together"] != first.numbers["p_given_together"]


def test_a_cohort_without_genotypes_has_no_part_about_them(confounded):
    *_, report = run(dataclasses.replace(confounded, variant_sets={}), target="y", candidates=["z"])
    names = {view.name for view in report.views}
    assert not names & {"variants", "from_variants", "variant_overlap"}
    assert report.numbers["candidates"] == ["z"]


@pytest.mark.parametrize("level", [None, "c"])
def test_a_target_of_three_levels_is_examined_as_a_whole_or_by_one_level(confounded, level):
    y = np.asarray(confounded.phenotypes["y"].values)
    three = Phenotype("three", np.digitize(y, [-0.6, 0.6]), ("a", "b", "c"))
    cohort = dataclasses.replace(confounded, phenotypes={"three": three, "z": confounded.phenotypes["z"]})
    *_, report = run(cohort, target="three", level=level)
    tests = {row["test"] for row in table(report, "tests")}
    assert ("partial confounder test" in tests) == (level is not None)
    assert any("three levels or more" in one for one in report.sentences) == (level is None)
    assert report.numbers["verdict"] in ("confounding", "both")


def test_by_default_few_candidates_are_taken_the_usual_ones_first(confounded):
    rng = np.random.default_rng(5)
    many = {f"score {number}": Phenotype(f"score {number}", rng.standard_normal(N)) for number in range(12)}
    usual = {
        "mean_fd": Phenotype("mean_fd", rng.standard_normal(N)),
        "Sex": Phenotype("Sex", rng.integers(0, 2, N), ("F", "M")),
    }
    names = Phenotype("id", np.arange(N), tuple(str(number) for number in range(N)))
    rare = Phenotype("rare", np.where(np.arange(N) < 100, np.nan, 1.0 * np.arange(N)))
    phenotypes = {**confounded.phenotypes, **many, **usual, "id": names, "rare": rare}
    cohort = dataclasses.replace(confounded, phenotypes=phenotypes, variant_sets={})
    params = read_params(REPORT, {"target": "y", "permutations": 99})
    people = finish(REPORT.parts[0].compute(cohort, params, None)).phenotypes.people
    chosen = [one.name for one in people.candidates.phenotypes]
    assert len(chosen) == 8
    assert {"mean_fd", "Sex", "z", "group"} <= set(chosen)
    said = " ".join(people.candidates.about)
    assert "rare (known for 20 of 120 subjects)" in said
    assert "id (120 levels in 120 subjects)" in said
    assert "the report takes 8" in said


def test_by_default_motion_is_a_candidate_once_that_of_the_scans_which_are_used(confounded):
    rng = np.random.default_rng(6)
    tasks = ("emoid", "nback", "rest")
    motion = {
        name: Phenotype(name, rng.gamma(2, 0.1, N)) for name in ("mean_fd", *(f"mean_fd ({task})" for task in tasks))
    }
    scans, fc = confounded.scans, confounded.measures["fc"]
    several = tuple(dataclasses.replace(scan, task=task) for task in tasks for scan in scans)
    cohort = dataclasses.replace(
        confounded,
        phenotypes={**confounded.phenotypes, **motion},
        variant_sets={},
        scans=several,
        measures={"fc": Measure("fc", np.tile(fc.values, (3, 1)), np.tile(fc.present, 3))},
    )
    for task, own in ((None, "mean_fd"), ("rest", "mean_fd (rest)")):
        params = read_params(REPORT, {"target": "y", "task": task, "permutations": 99})
        people = finish(REPORT.parts[0].compute(cohort, params, None)).phenotypes.people
        assert [one.name for one in people.candidates.phenotypes if one.name in motion] == [own]
        assert "about other scans than those used: mean_fd" in " ".join(people.candidates.about)
    params = read_params(REPORT, {"target": "y", "task": "rest", "candidates": ["mean_fd"], "permutations": 99})
    people = finish(REPORT.parts[0].compute(cohort, params, None)).phenotypes.people
    assert "mean_fd is not about the scans that are used here, or not about these alone; mean_fd (rest) is" in " ".join(
        people.candidates.about
    )


def test_a_site_that_is_a_group_leaves_nobody_to_match(confounded):
    group = confounded.phenotypes["group"]
    site = Phenotype("site", group.values, tuple(f"at {level}" for level in group.levels))
    cohort = dataclasses.replace(confounded, phenotypes=confounded.phenotypes | {"site": site}, variant_sets={})
    *_, report = run(cohort, target="group", candidates=["site", "z"])
    (row,) = [row for row in table(report, "prediction") if row["how"] == "matched for site"]
    assert (row["n_subjects"], row["note"]) == (0, "too few subjects can be matched")
    assert report.numbers["verdicts"][0]["verdict"] == "cannot tell"
    assert report.numbers["verdicts"][0]["alias"]
    # What says the same as the target comes before all else, with counts.
    assert re.match("site cannot be told from group = [a-z]+ here: it explains 100.0 % of it", report.verdict[0].text)
    assert "none of 120 subjects" in report.verdict[0].text


def test_what_cannot_be_asked_is_refused(confounded):
    with pytest.raises(InputError, match="is the target"):
        run(confounded, target="y", candidates=["y"])
    with pytest.raises(InputError, match="whole number"):
        run(confounded, target="y", permutations=99.5)
    with pytest.raises(InputError, match="no level"):
        run(confounded, target="group", level="middle")


def test_relatives_are_told_and_a_column_of_families_that_is_not_used_is_warned_of(confounded):
    family = Phenotype("family", np.repeat(np.arange(N // 3), 3).astype(float))
    cohort = dataclasses.replace(
        confounded, phenotypes={**confounded.phenotypes, "family": family}, variant_sets={}, decompositions={}
    )
    params = read_params(REPORT, {"target": "y", "candidates": ["z"], "permutations": 99})
    report = REPORT.report(cohort, params, finish(REPORT.parts[0].compute(cohort, params, None)))
    assert report.numbers["families"] == "family"
    assert any("same family are related (40 families)" in one for one in report.sentences)
    assert not any("who is related" in one for one in report.warnings)
    params = read_params(REPORT, {"target": "y", "candidates": ["z", "family"], "permutations": 99})
    report = REPORT.report(cohort, params, finish(REPORT.parts[0].compute(cohort, params, None)))
    assert report.numbers["families"] is None
    assert any(one.startswith("family may say who is related, and is not used") for one in report.warnings)


def test_the_picture_comes_first_with_the_bounds_of_the_words(confounded, found):
    params, result, report = found
    assert report.views[0].name == "remaining"
    figure = REPORT.figures(confounded, params, result, report)["remaining"]
    (axes,) = figure.axes
    words = {text.get_text() for text in axes.texts}
    assert {"explained", "not explained"} <= words
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0] == "All together"
    assert any("z: explains it" in label for label in labels)
    low, high = axes.get_xlim()
    assert low >= -60
    assert high <= 200


def test_roles_are_in_the_picture_the_table_the_numbers_and_the_methods(confounded):
    params, result, report = run(confounded, target="y", mediators=("z",), confounders=("unrelated",))
    assert {row["candidate"]: row["role"] for row in table(report, "verdict")}["z"] == "link (mediator)"
    roles = {one["candidate"]: one["role"] for one in report.numbers["verdicts"]}
    assert (roles["z"], roles["unrelated"], roles["holed"]) == ("mediator", "confounder", None)
    figure = REPORT.figures(confounded, params, result, report)["roles"]
    assert_nothing_overlaps(figure)
    assert {"y", "connectivity", "z", "unrelated"} <= {text for text, _ in texts_of(figure)}
    text = " ".join(REPORT.methods(confounded, params, result).text)
    assert "z was taken for a mediator or a consequence and was not adjusted for." in text


def test_without_a_role_there_is_no_column_of_roles(found):
    assert "role" not in table(found[2], "verdict")[0]


def test_negative_controls_are_in_the_verdict_a_table_and_the_numbers(confounded):
    *_, report = run(confounded, target="y", candidates=("unrelated",), negative_controls=("z",))
    (row,) = table(report, "controls")
    assert row["control"] == "z"
    assert row["sign"] == "yes"
    (said,) = [one for one in report.verdict if one.of == "controls"]
    assert "is likely" in said.text
    (numbers,) = report.numbers["negative_controls"]
    assert numbers["sign"] is True
    assert numbers["p_target"] == row["p_target"] <= 0.05
    *_, report = run(confounded, target="y", candidates=("z",), negative_controls=("unrelated",))
    assert table(report, "controls")[0]["sign"] == "no"
