"""Columns that say who is related: found by name, numbered, and warned of wherever they are not used."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import read_params
from imagenomer.analyses.shared.families import family_codes, is_named_after_families, named_families
from imagenomer.cohort import Phenotype
from imagenomer.progress import finish

EVERYBODY = np.arange(40)

#: Analyses that take subjects for independent, each with what it is asked.
INDEPENDENT = {
    "edge-association": {"phenotype": "age"},
    "network-association": {"phenotype": "age", "enrichment": False},
    "phenotype-association": {"x": "age", "y": "sex"},
    "phenotype-matrix": {},
    "phenotype-distribution": {"phenotype": "age", "groups": ['sex == "F"', 'sex == "M"']},
    "variant-association": {"phenotype": "age"},
    "quality-control": {"motion": "age", "check": "motion", "permutations": 100},
    "prediction": {"phenotype": "age", "protocol": "leave-one-out", "leave_out": "sex"},
}


@pytest.mark.parametrize("name", ["family", "Family_ID", "fam_id", "FID", "rel_family_id", "pedigree", "famid"])
def test_columns_are_found_by_name(name):
    assert is_named_after_families(name)


@pytest.mark.parametrize("name", ["family_income", "fidget", "FIQ", "sex", "familiarity"])
def test_other_columns_are_not(name):
    assert not is_named_after_families(name)


def test_who_has_no_family_is_of_one_alone(cohort):
    families = Phenotype("FID", np.array([7.0, np.nan, 7.0, 3.0, np.nan]))
    codes = family_codes(families, np.arange(5))
    assert codes[0] == codes[2]
    assert np.unique(codes).size == 4
    level = Phenotype("FID", np.array([1, -1, 1, 0, -1]), levels=("a", "b"))
    np.testing.assert_array_equal(family_codes(level, np.arange(5)), codes)


def test_a_column_in_which_nobody_is_related_or_everybody_is_no_family(cohort):
    alone, two = Phenotype("family", EVERYBODY.astype(float)), Phenotype("fid", (EVERYBODY % 2).astype(float))
    cohort = dataclasses.replace(cohort, phenotypes=cohort.phenotypes | {"family": alone, "fid": two})
    assert named_families(cohort, EVERYBODY) == []
    some = dataclasses.replace(cohort, phenotypes={"family": Phenotype("family", EVERYBODY // 2 * 1.0)})
    assert named_families(some, EVERYBODY) == ["family"]
    assert named_families(some, EVERYBODY[::2]) == []


@pytest.mark.parametrize("name", sorted(INDEPENDENT))
def test_families_that_are_not_used_are_warned_of_wherever_subjects_count_as_independent(cohort, name):
    related = Phenotype("rel_family_id", EVERYBODY // 2 * 1.0)
    cohort = dataclasses.replace(cohort, phenotypes=cohort.phenotypes | {"rel_family_id": related})
    analysis = load_analyses()[name]
    params = read_params(analysis, INDEPENDENT[name])
    report = analysis.report(cohort, params, finish(analysis.compute(cohort, params)))
    assert [one for one in report.warnings if "rel_family_id may say who is related" in one]
