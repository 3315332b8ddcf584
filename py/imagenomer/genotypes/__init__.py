"""Genotypes: variant sets from and to files, counts, and what makes a variant doubtful.

Dosage counts copies of the effect allele, PLINK's A1; -1 is missing.
"""

from __future__ import annotations

from imagenomer.genotypes.counts import (
    MITOCHONDRIAL,
    PSEUDOAUTOSOMAL,
    GenotypeCounts,
    X,
    Y,
    chromosome_numbers,
    count_by_sex,
    count_by_sex_in_steps,
    count_genotypes,
    count_genotypes_in_steps,
)
from imagenomer.genotypes.plink import FamTable, PlinkFiles, lines_of, read_plink, write_plink
from imagenomer.genotypes.quality import (
    HardyWeinberg,
    VariantQuality,
    check_hardy_weinberg,
    check_hardy_weinberg_in_steps,
    check_variants,
)
from imagenomer.genotypes.variant_sets import dosage_of_codes, select_variants, unnamed_variants

__all__ = [
    "MITOCHONDRIAL",
    "PSEUDOAUTOSOMAL",
    "GenotypeCounts",
    "HardyWeinberg",
    "FamTable",
    "PlinkFiles",
    "VariantQuality",
    "X",
    "Y",
    "check_hardy_weinberg",
    "check_hardy_weinberg_in_steps",
    "check_variants",
    "chromosome_numbers",
    "count_by_sex",
    "count_by_sex_in_steps",
    "count_genotypes",
    "count_genotypes_in_steps",
    "dosage_of_codes",
    "lines_of",
    "read_plink",
    "select_variants",
    "unnamed_variants",
    "write_plink",
]
