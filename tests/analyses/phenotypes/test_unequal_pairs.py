"""Two phenotypes with unequal variances, or of families: HC3 and clusters as statsmodels has them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from analyses.phenotypes.test_phenotype_association import associate, named
from imagenomer.analyses.contract import read_params
from imagenomer.analyses.phenotypes import phenotype_matrix
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import finish
from robust import left_out


@pytest.fixture
def people(cohort, rng):
    """The forty, in families of two, with a pain that is more different in men and the older."""
    age = rng.uniform(8, 21, 40)
    sex, shared = np.arange(40) % 2, rng.normal(0, 2, 20)[np.arange(40) // 2]
    more = {
        "years": Phenotype("years", age),
        "men": Phenotype("men", sex, levels=("no", "yes")),
        "team": Phenotype("team", rng.integers(0, 3, 40), levels=("A", "B", "C")),
        "pain": Phenotype("pain", 2 * sex + shared + rng.normal(0, 1, 40) * (0.2 * age + 2 * sex)),
        "fam_id": Phenotype("fam_id", (np.arange(40) // 2).astype(float)),
    }
    return dataclasses.replace(cohort, phenotypes=cohort.phenotypes | more)


def oracle(people, x, y, covariates, families):
    """Return estimates of x, the error of the first, p and degrees of freedom."""
    one = people.phenotypes[x]
    own = (one.values[:, None] == np.arange(1, len(one.levels))).astype(float) if one.levels else one.values[:, None]
    others = np.column_stack([np.ones(40), *(people.phenotypes[name].values for name in covariates)])
    codes = np.arange(40) // (2 if families else 1)
    beta, covariance, nu, _, p = left_out(people.phenotypes[y].values, own, others, codes)
    return beta, np.sqrt(covariance[0, 0]), p, nu


@pytest.mark.parametrize("families", [None, "fam_id"])
@pytest.mark.parametrize("x", ["years", "men", "team"])
def test_estimates_have_the_errors_of_statsmodels(people, x, families):
    given = {"covariates": ["age"], "variance": "unequal", "families": families}
    people.phenotypes["age"] = Phenotype("age", np.random.default_rng(3).normal(0, 1, 40))
    _, _, report = associate(people, x, "pain", **given)
    rows = report.numbers["association"]
    row = rows[2] if x == "years" else rows[0]
    for prefix, covariates in (("", []), ("adjusted_", ["age"])):
        beta, se, p, dof = oracle(people, x, "pain", covariates, families)
        assert row[f"{prefix}p_value"] == pytest.approx(p, rel=1e-6)
        if x == "team":
            assert row[f"{prefix}lower"] is None
            continue
        assert abs(row[f"{prefix}value"]) == pytest.approx(abs(beta[0]), rel=1e-6)
        width = (row[f"{prefix}upper"] - row[f"{prefix}lower"]) / 2
        assert width == pytest.approx(se * stats.t.ppf(0.975, dof), rel=1e-6)
    said = " ".join(report.sentences)
    assert ("by HC3" in said, "cluster-robust" in said) == (families is None, families is not None)
    assert report.numbers["variance"] == "unequal"


def test_the_usual_errors_stay_as_they_are(people):
    row = named(associate(people, "years", "pain")[2].numbers["association"])["Pearson's r"]
    r, p = stats.pearsonr(people.phenotypes["years"].values, people.phenotypes["pain"].values)
    assert (row["value"], row["p_value"]) == pytest.approx((r, p), rel=1e-9)


def test_categories_have_no_variance_and_refuse_what_would_be_ignored(people):
    for given in ({"variance": "unequal"}, {"families": "fam_id"}):
        with pytest.raises(InputError, match="no variance is estimated that could be unequal"):
            associate(people, "men", "team", **given)


def test_families_that_are_not_used_are_warned_of(people):
    for x, way_out in (("years", "under Families"), ("team", "one subject of each")):
        warned = associate(people, x, "men")[2].warnings
        assert [one for one in warned if "fam_id may say who is related" in one and way_out in one]
    assert "who is related" not in " ".join(associate(people, "years", "men", families="fam_id")[2].warnings)
    params = read_params(phenotype_matrix.ANALYSIS, {})
    everything = phenotype_matrix.ANALYSIS.report(
        people, params, finish(phenotype_matrix.ANALYSIS.compute(people, params))
    )
    assert any("fam_id may say who is related" in one for one in everything.warnings)
    with pytest.raises(InputError, match="cannot be tested or adjusted for too"):
        associate(people, "years", "fam_id", families="fam_id")
