"""Cohort: who was scanned, what was measured, and what is known of them.

A person is one observation, however many scans they have: `Cohort.observations`
is the only way from scans to statistics, and it returns one row a subject.
"""

from __future__ import annotations

from imagenomer.cohort.cohort import (
    Cohort,
    n_parcels_of_cohort,
    no_such,
    parcellation_of,
    with_measure,
    with_parcellation,
)
from imagenomer.cohort.parts import (
    FAM_SEX,
    Alternative,
    Decomposition,
    LogEntry,
    Measure,
    ModelWeights,
    Observations,
    Phenotype,
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
    "Decomposition",
    "LogEntry",
    "Measure",
    "ModelWeights",
    "Observations",
    "Phenotype",
    "Scan",
    "Severity",
    "Understanding",
    "VariantSet",
    "condition_name",
    "condition_parts",
    "n_parcels_of_cohort",
    "no_such",
    "natural_key",
    "parcellation_of",
    "sexes_in",
    "with_measure",
    "with_parcellation",
]
