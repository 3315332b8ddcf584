"""Max-T of variants: the long way and PLINK 1.9 as oracles."""

from __future__ import annotations

import numpy as np
import pytest

from genotypes_drawn import draw
from imagenomer.progress import finish
from imagenomer.statistics import variant_blocks, variant_permutation
from imagenomer.statistics.permutation import draw_permutations
from imagenomer.statistics.variant_permutation import largest_statistics
from imagenomer.statistics.variants import associate_number
from oracles.plink import numbers, run_plink, write_columns


@pytest.mark.parametrize("model", ["additive", "dominant"])
def test_the_largest_statistics_are_those_of_every_permutation_fitted_anew(model):
    dosage, covariates, number, _ = draw(14, n_subjects=60, n_variants=9)
    sex = np.random.default_rng(14).integers(0, 2, 60)
    parts = [(dosage[:, :6], covariates), (dosage[:, 6:], np.column_stack([covariates, sex]))]
    tested = [finish(associate_number(genotypes, number, own, model)).problem == 0 for genotypes, own in parts]
    parts = [(genotypes[:, which], own) for (genotypes, own), which in zip(parts, tested, strict=True)]
    blocks = np.arange(60) % 3
    options = {"n_permutations": 40, "exchangeable": blocks}
    ours = finish(largest_statistics(parts, number, covariates, model, rng=np.random.default_rng(3), **options))
    given = np.column_stack([np.ones(60), covariates])
    fitted = given @ np.linalg.lstsq(given, number, rcond=None)[0]
    for largest, order in zip(ours, draw_permutations(np.random.default_rng(3), 40, 60, blocks), strict=True):
        again = fitted + (number - fitted)[order]
        t = [finish(associate_number(genotypes, again, own, model)).test.statistic for genotypes, own in parts]
        np.testing.assert_allclose(largest, np.abs(np.concatenate(t)).max(), rtol=1e-9)
    assert np.isfinite(ours).all()


def test_chunks_of_permutations_do_not_matter(monkeypatch):
    dosage, covariates, number, _ = draw(15)

    def largest():
        told = []
        steps = largest_statistics(
            [(dosage, covariates)], number, covariates, n_permutations=30, rng=np.random.default_rng(4)
        )
        found = finish(steps, told.append)
        assert [step.done for step in told] == sorted(step.done for step in told)
        assert told[-1].done == told[-1].total == 30
        return found

    whole = largest()
    monkeypatch.setattr(variant_permutation, "_MOST_AT_ONCE", 7)
    monkeypatch.setattr(variant_permutation, "_PERMUTATIONS_AT_ONCE", 2)
    monkeypatch.setattr(variant_blocks, "_BLOCK", 1)
    np.testing.assert_allclose(largest(), whole, rtol=1e-10)


def test_corrected_p_values_are_those_of_plink(tmp_path):
    dosage, _, number, _ = draw(16, n_subjects=100, n_variants=30, missing=0)
    number += 0.5 * dosage[:, 3]
    write_columns(tmp_path / "target", target=number)
    rows = (tmp_path / "target").read_text().splitlines()[1:]
    (tmp_path / "target").write_text("".join(f"0 {row}\n" for row in rows))  # PLINK 1.9 wants families
    tables = run_plink(*("plink1.9", tmp_path, dosage, "--pheno", "target", "--linear", "mperm=20000", "--seed", "1"))
    (theirs,) = (rows for name, rows in tables.items() if name.endswith("mperm"))
    t = np.abs(finish(associate_number(dosage, number)).test.statistic)
    nothing = np.empty((100, 0))
    null = finish(
        largest_statistics([(dosage, nothing)], number, nothing, n_permutations=20_000, rng=np.random.default_rng(5))
    )
    ours = (1 + (null >= t[:, None]).sum(axis=1)) / 20_001
    np.testing.assert_allclose(ours, numbers(theirs, "EMP2"), atol=0.015)  # four standard errors of the difference
    assert ours[3] < 0.02
    assert np.count_nonzero((ours > 0.1) & (ours < 0.99)) > 3


def test_a_model_of_two_terms_has_no_largest_statistic():
    dosage, covariates, number, _ = draw(17)
    steps = largest_statistics(
        [(dosage, covariates)], number, covariates, "genotypic", n_permutations=5, rng=np.random.default_rng(0)
    )
    with pytest.raises(ValueError, match="one statistic a variant"):
        finish(steps)
