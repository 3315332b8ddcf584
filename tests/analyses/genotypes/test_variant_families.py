"""Variant association with unequal variances or families: as statsmodels, said, or refused in words."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from analyses.genotypes.test_variant_association import run
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from robust import left_out


@pytest.fixture
def people(cohort, rng):
    """Forty with genotypes, in families of two, and a height."""
    more = {
        "height": Phenotype("height", rng.normal(170, 10, 40)),
        "pedigree": Phenotype("pedigree", np.arange(40) // 2, levels=tuple(f"P{one}" for one in range(20))),
    }
    return dataclasses.replace(cohort, phenotypes=cohort.phenotypes | more)


@pytest.mark.parametrize("families", [None, "pedigree"])
def test_errors_are_those_of_statsmodels_and_said(people, families):
    result, report = run(people, phenotype="height", variance="unequal", families=families)
    (variants,) = people.variant_sets.values()
    height = people.phenotypes["height"].values
    for variant in np.flatnonzero(result.fit.problem[:40] == 0)[:8]:
        dosage = variants.dosage[:, variant]
        known = dosage >= 0
        codes = np.arange(40)[known] // (2 if families else 1)
        *_, p = left_out(height[known], dosage[known], np.ones((known.sum(), 1)), codes)
        assert result.neg_log10_p[variant] == pytest.approx(-np.log10(p), rel=1e-6)
    said = " ".join(report.sentences)
    assert ("HC3" in said, "cluster-robust" in said) == (families is None, families is not None)
    warned = [one for one in report.warnings if "pedigree may say who is related" in one]
    assert len(warned) == (families is None)


def test_what_has_no_such_errors_is_refused(people):
    with pytest.raises(InputError, match="a logistic model has no variance that could be unequal"):
        run(people, phenotype="sex", families="pedigree")
    with pytest.raises(InputError, match="max-T of variants takes subjects for alike in variance and unrelated"):
        run(people, phenotype="height", correction="max-t", variance="unequal", permutations=100)
    with pytest.raises(InputError, match="cannot be tested or adjusted for too"):
        run(people, phenotype="height", covariates=("pedigree",), families="pedigree")
