"""What a confound report predicts from variants: what scikit-learn does from coded genotypes, and what was planted."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from imagenomer.analyses import load_analyses
from imagenomer.analyses.confounds.result import PARTS
from imagenomer.analyses.contract import read_params
from imagenomer.cohort import Phenotype, VariantSet
from imagenomer.load import load
from imagenomer.progress import finish
from planted import N, planted

REPORT = load_analyses()["confound-report"]
#: Penalties that are tried, as multiples of the mean squared length.
SHARES = 10.0 ** np.arange(-4, 3.01, 0.25)


def run(cohort, n_parts=4, **given):
    params = read_params(REPORT, {"permutations": 99, **given})
    so_far = None
    for part in PARTS[:n_parts]:
        so_far = finish(part.compute(cohort, params, so_far))
    report = REPORT.report(cohort, params, so_far)
    rows = {row["what"]: row for view in report.views if view.name == "from_variants" for row in view.rows}
    return so_far, report, rows


@pytest.fixture(scope="module")
def genotyped():
    """Genotypes of all but eleven, eight variants following z; three lack the target."""
    whole = planted(1, "confounder")
    rng = np.random.default_rng(0)
    dosage = rng.binomial(2, 0.4, (N, 40)).astype(np.int8)
    following = whole.phenotypes["z"].values[:, None] + rng.standard_normal((N, 8))
    dosage[:, :8] = np.digitize(following, [-0.5, 0.5])
    dosage[rng.random(dosage.shape) < 0.05] = -1
    dosage[100:111] = -1
    y = whole.phenotypes["y"].values.copy()
    y[[3, 20, 50]] = np.nan
    variants = VariantSet(
        name="small",
        dosage=dosage,
        variant_ids=tuple(f"rs{number}" for number in range(40)),
        chromosomes=("1",) * 40,
        positions=np.arange(40) * 1000,
        effect_alleles=("A",) * 40,
        other_alleles=("G",) * 40,
    )
    phenotypes = {**whole.phenotypes, "y": Phenotype("y", y)}
    return dataclasses.replace(whole, phenotypes=phenotypes, variant_sets={"small": variants})


@pytest.fixture(scope="module")
def found(genotyped):
    return run(genotyped, target="y")


def by_scikit_learn(features, goal, splits):
    """R² of a ridge regression whose penalty has the least generalised cross-validation error in the training part."""
    squared, null = 0.0, 0.0
    for train, test in splits:
        left, lengths, _ = np.linalg.svd(features[train] - features[train].mean(axis=0), full_matrices=False)
        about = goal[train] - goal[train].mean()
        errors = []
        for alpha in SHARES * (lengths**2).sum() / train.size:
            kept = lengths**2 / (lengths**2 + alpha)
            residual = about - left @ (kept * (left.T @ about))
            errors.append(((residual**2).sum() / (train.size - 1 - kept.sum()) ** 2, alpha))
        model = Ridge(min(errors)[1]).fit(features[train], goal[train])
        squared += ((goal[test] - model.predict(features[test])) ** 2).sum()
        null += ((goal[test] - goal[train].mean()) ** 2).sum()
    return 1 - squared / null


@pytest.mark.parametrize("name", ["y", "z"])
def test_numbers_are_those_of_scikit_learn_from_coded_genotypes_in_the_same_folds(genotyped, found, name):
    result, _, rows = found
    pair, dosage = result.connectivity.everybody.pair, genotyped.variant_sets["small"].dosage
    known = (dosage >= 0).any(axis=1)[pair.subjects]
    coded = np.hstack([dosage[pair.subjects] == copies for copies in range(3)]).astype(float)
    edges = genotyped.measures["fc"].values[pair.rows].astype(float)
    goal = genotyped.phenotypes[name].values[pair.subjects]
    splits = [(split.train[known[split.train]], split.test[known[split.test]]) for split in pair.splits]
    row = rows["y (target)" if name == "y" else name]
    assert row["n_subjects"] == known.sum() == N - 14
    assert row["predicted"] == pytest.approx(by_scikit_learn(coded, goal, splits), abs=1e-4)
    assert row["connectivity"] == pytest.approx(by_scikit_learn(edges, goal, splits), abs=1e-4)
    assert row["null"] == 0


def test_what_the_variant_follows_is_predicted_and_what_it_does_not_is_not(found):
    _, report, rows = found
    assert rows["z"]["predicted"] > 0.3
    assert rows["z"]["predicted"] > rows["y (target)"]["predicted"] > 0.02
    assert rows["unrelated"]["predicted"] < 0.05
    numbers = {one["of"]: one for one in report.numbers["from_variants"]}
    assert numbers["z"]["variants"] == rows["z"]["predicted"]
    assert any(
        "in the subjects who have genotypes" in one and "no, one and two copies" in one for one in report.sentences
    )
    assert any("% of the genotypes are missing" in one for one in report.warnings)


def test_components_of_ancestry_are_not_predicted_from_the_variants_they_are_made_of(found):
    _, report, rows = found
    for name in ("ancestry 1", "ancestry 2"):
        assert rows[name]["predicted"] is None
        assert rows[name]["score"] == "not predicted"
        assert "circular" in rows[name]["note"]
    assert not {"ancestry 1", "ancestry 2"} & {one["of"] for one in report.numbers["from_variants"]}
    assert any("which would be circular" in one for one in report.sentences)


def test_a_column_that_is_only_named_like_a_component_of_ancestry_is_predicted_from_variants(genotyped):
    named = Phenotype("ancestry 1", np.asarray(genotyped.phenotypes["z"].values))
    cohort = dataclasses.replace(genotyped, phenotypes={**genotyped.phenotypes, "ancestry 1": named})
    _, report, rows = run(cohort, target="y")
    assert rows["ancestry 1"]["predicted"] > 0.3
    assert rows["ancestry 2"]["score"] == "not predicted"
    assert any(one.startswith("ancestry 2: computed from these variants") for one in report.sentences)


def test_too_few_genotypes_are_said(genotyped):
    dosage = genotyped.variant_sets["small"].dosage.copy()
    dosage[22:] = -1
    few = dataclasses.replace(genotyped.variant_sets["small"], dosage=dosage)
    _, _, rows = run(dataclasses.replace(genotyped, variant_sets={"small": few}), target="y")
    noted = [row["note"] for row in rows.values() if row["predicted"] is None]
    assert all(note for note in noted)


def test_the_target_is_beside_connectivity_in_the_part_on_prediction(genotyped, found):
    _, _, rows = found
    _, report, _ = run(genotyped, n_parts=7, target="y", candidates=["z"])
    (view,) = [one for one in report.views if one.name == "prediction"]
    of_all = [row for row in view.rows if row["candidate"] == "y, all subjects"]
    assert [row["how"] for row in of_all[:2]] == ["connectivity", "variants"]
    assert of_all[1]["predicted"] == rows["y (target)"]["predicted"]
    assert of_all[1]["n_subjects"] == N - 14


@pytest.mark.parametrize(("truth", "is_predicted"), [("pure-confound", True), ("nothing", False)])
def test_in_a_teaching_cohort_variants_tell_what_goes_with_ancestry(truth, is_predicted):
    """Ancestry is written into the genotypes; the score follows it in one truth and nothing in the other."""
    _, _, rows = run(load(f"demo:small:2:{truth}"), target="wrat")

    def above_chance(name):
        return rows[name]["predicted"] > rows[name]["null"] + 0.1

    assert above_chance("ancestry")
    assert above_chance("wrat (target)") == is_predicted
    assert not above_chance("site")
    assert not above_chance("mean_fd")
    # Better by the genotypes, of which ancestry is made, than by connectivity, which it shifts.
    assert rows["ancestry"]["predicted"] > rows["ancestry"]["connectivity"]
