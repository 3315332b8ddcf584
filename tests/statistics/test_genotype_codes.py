"""What genotypes count as: the tables of the models, written out."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from imagenomer.statistics.genotype_codes import Model, code_genotypes, term_names

#: Codes of 0, 1, 2 copies, one row for each term.
TABLES = {
    "additive": [[0, 1, 2]],
    "dominant": [[0, 1, 1]],
    "recessive": [[0, 0, 1]],
    "heterozygous": [[0, 1, 0]],
    "genotypic": [[0, 1, 2], [0, 1, 0]],
    "none": [[1, 0, 0]],
}


@pytest.mark.parametrize("model", get_args(Model))
def test_every_model_codes_as_its_table_and_missing_as_0(model):
    dosage = np.array([[0, 1], [1, 2], [2, -1], [-1, 0]], dtype=np.int8)
    codes = code_genotypes(dosage, model)
    assert len(codes) == len(term_names(model)) == len(TABLES[model])
    for code, row in zip(codes, TABLES[model], strict=True):
        assert code.dtype == np.float64
        np.testing.assert_array_equal(code, np.array([*row, 0])[dosage])


def test_the_terms_of_the_genotypic_model_are_named_after_their_codes():
    assert term_names("genotypic") == ("additive", "heterozygous")
    assert term_names("none") == ("none",)
