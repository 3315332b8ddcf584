"""The tutorial says what the program finds: every number in it, computed from the same files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import Report, read_params
from imagenomer.cohort import Cohort, Scan
from imagenomer.groups import select
from imagenomer.load import load
from imagenomer.progress import finish

TUTORIAL = Path(__file__).parents[1] / "site" / "docs" / "tutorial.md"
SCORE = "Rheumatology_Score_1"
MODELS = "Fibromyalgia_Impact_Score"


@pytest.fixture(scope="module")
def fibromyalgia(shared_data) -> Cohort:
    return load(shared_data / "fibromyalgia")


def run(cohort: Cohort, name: str, **params: Any) -> Report:
    analysis = load_analyses()[name]
    given = read_params(analysis, params)
    return analysis.report(cohort, given, finish(analysis.compute(cohort, given)))


def expect(*sentences: str) -> None:
    """The tutorial has these words, wherever its lines end."""
    text = " ".join(TUTORIAL.read_text(encoding="utf-8").split())
    for sentence in sentences:
        assert sentence in text, sentence


def signed(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def span(numbers: Mapping[str, Any], digits: int) -> str:
    return f"from {signed(numbers['minimum'], digits)} to {signed(numbers['maximum'], digits)}"


def test_every_analysis_that_it_names_is_there():
    titles = {analysis.title for analysis in load_analyses().values()}
    named = {"Mean and SD": "Mean and standard deviation"}
    for title in (
        "Mean and SD",
        "Association of two phenotypes",
        "Image maths",
        "Edge association",
        "Model weights",
        "Component association",
    ):
        expect(f"“{title}”")
        assert named.get(title, title) in titles
    assert "Components of connectivity" in titles
    expect("“Components of connectivity”")


def test_1_the_cohort(fibromyalgia):
    n_found = len(fibromyalgia.scans) + len(fibromyalgia.set_aside)
    yes, no = (select(fibromyalgia, f'Fibromyalgia == "{level}"').n for level in ("Yes", "No"))
    expect(f"{fibromyalgia.n_subjects} women, {yes} with fibromyalgia and {no} without")
    expect(f"66 subjects; {len(fibromyalgia.scans)} of {n_found} scans are used")
    expect("belong to subjects {} and {}".format(*sorted({scan.subject for scan in fibromyalgia.set_aside}, key=int)))
    lacking = {scan.subject for scan in fibromyalgia.scans} - {
        scan.subject for scan in fibromyalgia.scans if scan.task == "epr"
    }
    expect(f"Subject {lacking.pop()} has no `epr`")
    unasked = select(fibromyalgia, "Fibromyalgia_Impact_Score == 0")
    np.testing.assert_array_equal(unasked.included, select(fibromyalgia, 'Fibromyalgia == "No"').included)
    expect(f"is 0 in {unasked.n} subjects: all those without fibromyalgia")


def test_2_the_scans(fibromyalgia):
    means = fibromyalgia.measures["fc"].values.mean(axis=1, dtype=float)
    most, least = (fibromyalgia.scans[index] for index in (means.argmax(), means.argmin()))
    assert (most, least) == (Scan("rest", "42"), Scan("rest", "9"))
    expect(f"the most connected of all (mean r {means.max():.3f}), subject 9's the least ({means.min():.3f})")
    expect(f"Choose the task “rest”: {sum(scan.task == 'rest' for scan in fibromyalgia.scans)} scans")


def test_3_the_phenotypes(fibromyalgia):
    age = run(fibromyalgia, "phenotype-distribution", phenotype="Age").numbers["groups"][0]
    expect(f"`Age`: {age['minimum']:.0f} to {age['maximum']:.0f} years, mean {age['mean']:.1f}")
    calm, anxious = (f"Hamilton_Anxiety_Score {sign} 5" for sign in ("<", ">="))
    expect(f"`{calm}` has {select(fibromyalgia, calm).n} subjects")
    expect(f"`{anxious}` has {select(fibromyalgia, anxious).n}")
    painless = select(fibromyalgia, f"{calm} and Pain_Score == 0").n
    expect(f"{painless} of the {select(fibromyalgia, calm).n} who are not anxious report no pain")

    groups = [f'Fibromyalgia == "{level}"' for level in ("Yes", "No")]
    numbers = run(fibromyalgia, "phenotype-distribution", phenotype="BMI", groups=groups).numbers
    means = [group["mean"] for group in numbers["groups"]]
    tests = {test["name"]: test for test in numbers["tests"]}
    student, size = tests["Student's t"], numbers["effects"][0]
    bmi = fibromyalgia.phenotypes["BMI"].values
    patients = fibromyalgia.phenotypes["Fibromyalgia"].indicator("Yes") == 1
    assert student["p_value"] == pytest.approx(stats.ttest_ind(bmi[patients], bmi[~patients]).pvalue)
    expect(f"Student's t({student['dof'][0]:.0f}) = {student['statistic']:.3f}, p = {student['p_value']:.4f}")
    expect(f"The means are {means[0]:.2f} and {means[1]:.2f}", f"Cohen's d = {size['value']:.2f}")
    expect(f"says p = {tests['Mann-Whitney U']['p_value']:.4f}")
    assert len(fibromyalgia.phenotypes) == 11


def test_3_two_phenotypes(fibromyalgia):
    given = {"x": "Fibromyalgia_Impact_Score", "y": "Hamilton_Depression_Score"}
    numbers = run(fibromyalgia, "phenotype-association", **given).numbers
    patients = run(fibromyalgia, "phenotype-association", **given, group='Fibromyalgia == "Yes"').numbers
    r, among = numbers["association"][0], patients["association"][0]
    assert r["name"] == among["name"] == "Pearson's r"
    expect(
        f"has r = {r['value']:.3f} ({numbers['n_subjects']} subjects, {numbers['dof']} degrees of freedom, "
        f"p = {r['p_value']:.1e})",
        f"among patients r = {among['value']:.3f} (p = {among['p_value']:.5f})",
    )


def test_4_averages_and_their_difference(fibromyalgia):
    rest, epr = (run(fibromyalgia, "connectivity-summary", task=task).numbers for task in ("rest", "epr"))
    expect(f"the mean runs {span(rest['mean'], 3)}")
    expect(f"`epr` ({epr['n_subjects']} subjects), {span(epr['mean'], 3)}")
    maps = [
        [name, {"analysis": "connectivity-summary", "params": {"task": task}, "array": "mean"}]
        for name, task in (("A", "rest"), ("B", "epr"))
    ]
    difference = run(fibromyalgia, "image-maths", maps=maps, expression="A - B").numbers
    expect(f"`A - B` gives their difference, {span(difference, 3)}")


def test_5_edges_and_the_rheumatology_score(fibromyalgia):
    numbers = run(fibromyalgia, "edge-association", phenotype=SCORE).numbers
    top = numbers["top"][0]
    expect(
        f"{numbers['n_subjects']} subjects, {numbers['dof']} degrees of freedom: {numbers['n_significant']} of "
        f"{numbers['n_tests']:,} edges are significant",
        f"{top['label_a']} with {top['label_b']}, r = {signed(top['r'], 3)}, adjusted p = {top['p_adjusted']:.3f}",
    )
    permuted = run(fibromyalgia, "edge-association", phenotype=SCORE, correction="max-t").numbers
    expect(f"With {permuted['permutations']:,} permutations (max-T) its p is {permuted['top'][0]['p_adjusted']:.3f}")


def test_5_what_scans_for_subjects_would_find(fibromyalgia):
    score = fibromyalgia.phenotypes[SCORE].values[fibromyalgia.scan_subjects]
    pooled = stats.pearsonr(fibromyalgia.measures["fc"].values.astype(float), score[:, None], axis=0)
    n_significant = int((pooled.pvalue * pooled.pvalue.size < 0.05).sum())
    expect(f"showed {n_significant} significant edges")
    expect(
        f"{score.size} of them, r from {signed(pooled.statistic.min(), 3)} to {signed(pooled.statistic.max(), 3)}",
    )
    assert fibromyalgia.parcellation.networks[220] == "MEM"  # Power 221


def test_5_what_chance_finds_if_scans_are_taken_for_subjects(fibromyalgia):
    rng, score = np.random.default_rng(1), fibromyalgia.phenotypes[SCORE].values
    dealt = np.array([rng.permutation(score) for _ in range(400)])[:, fibromyalgia.scan_subjects]
    n_scans = dealt.shape[1]
    edges = stats.zscore(fibromyalgia.measures["fc"].values.astype(float), axis=0) / np.sqrt(n_scans)
    largest = np.abs(stats.zscore(dealt, axis=1) / np.sqrt(n_scans) @ edges).max(axis=1)
    t = largest * np.sqrt((n_scans - 2) / (1 - largest**2))
    found = np.mean(2 * stats.t.sf(t, n_scans - 2) * edges.shape[1] < 0.05)
    assert found == pytest.approx(0.38, abs=0.05)  # two standard errors
    expect("edges in 38 of 100 tries instead of 5")


def test_6_the_models(fibromyalgia):
    ridge = run(fibromyalgia, "model-weights", weights=[f"{MODELS}/Ridge0"])
    top, model = ridge.numbers["top"][0], ridge.numbers["models"][0]
    expect(
        f"weights {span(ridge.numbers, 3)}, the strongest between {top['label_a']} ({top['network_a']}) and "
        f"{top['label_b']} ({top['network_b']})",
        f"all {model['n_leaking']} test rows belong to subjects who are in the training rows too",
    )
    assert model["n_test"] == model["n_leaking"]
    assert "err=184.71" in model["description"]
    assert "nullerr=297.51" in model["description"]
    leaking = {
        kind: [
            run(fibromyalgia, "model-weights", weights=[f"{MODELS}/{kind}{number}"]).numbers["models"][0]["n_leaking"]
            for number in range(3)
        ]
        for kind in ("Ridge", "Lasso")
    }
    expect("of 14 test rows {}, {} and {} leak in the Ridge models".format(*leaking["Ridge"]))
    expect("{}, {} and {} in the Lasso models".format(*leaking["Lasso"]))
    lasso = run(fibromyalgia, "model-weights", weights=[f"{MODELS}/Lasso0"], product="mean").numbers
    expect(f"of whose weights {lasso['n_nonzero']} are not zero, products run {span(lasso, 2)}")


def test_7_components(fibromyalgia):
    components = run(fibromyalgia, "components", decomposition="restpca")
    share = 100 * components.arrays["explained"]
    n_in_file = fibromyalgia.decompositions["restpca"].components.shape[0]
    expect(f"{n_in_file} components in the file, of which {components.numbers['n_components']} are shown")
    expect(f"Component 0 explains {share[0]:.1f} % of the variance, component 1 {share[1]:.1f} %")
    given = {"decomposition": "restpca", "phenotypes": [SCORE]}
    numbers = run(fibromyalgia, "component-association", **given).numbers
    first, fifth = (numbers["tests"][component] for component in (0, 4))
    expect(
        f"r = {signed(first['effect'], 3)} (p = {first['p_value']:.4f}) for component 0 and "
        f"{signed(fifth['effect'], 3)} (p = {fifth['p_value']:.4f}) for component 4",
        f"Over {numbers['n_tests']} components {numbers['n_significant']} are significant",
    )
