"""Cohort: who was scanned, what was measured, and what is known of them.

A person is one observation, however many scans they have: `Cohort.observations`
is the only way from scans to statistics, and it returns one row a subject.
"""

from __future__ import annotations

from imagenomer.cohort.cohort import Cohort, no_such
from imagenomer.cohort.columns import (
    alike_levels,
    columns_of,
    corrected,
    is_code,
    looks_like_codes,
    with_columns,
    without_codes,
)
from imagenomer.cohort.copies import n_parcels_of_cohort, parcellation_of, with_measure, with_parcellation
from imagenomer.cohort.corrections import Correction, read_correction, read_corrections
from imagenomer.cohort.parts import (
    FAM_SEX,
    Alternative,
    Decomposition,
    LogEntry,
    Measure,
    ModelWeights,
    Observations,
    Phenotype,
    ReadColumn,
    Scan,
    Severity,
    Understanding,
    VariantSet,
    condition_name,
    condition_parts,
    natural_key,
    sexes_in,
)

__all__ = [
    "FAM_SEX",
    "Alternative",
    "Cohort",
    "Correction",
    "Decomposition",
    "LogEntry",
    "Measure",
    "ModelWeights",
    "Observations",
    "Phenotype",
    "ReadColumn",
    "Scan",
    "Severity",
    "Understanding",
    "VariantSet",
    "alike_levels",
    "columns_of",
    "condition_name",
    "condition_parts",
    "corrected",
    "is_code",
    "looks_like_codes",
    "n_parcels_of_cohort",
    "no_such",
    "natural_key",
    "parcellation_of",
    "read_correction",
    "read_corrections",
    "sexes_in",
    "with_columns",
    "with_measure",
    "with_parcellation",
    "without_codes",
]
