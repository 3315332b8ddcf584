"""Copies: the same cohort with other parcels, or with one more measure."""

from __future__ import annotations

from dataclasses import replace

from imagenomer.cohort.cohort import Cohort
from imagenomer.cohort.parts import LogEntry, Measure
from imagenomer.edges import n_parcels_of
from imagenomer.errors import InputError
from imagenomer.parcellation import Parcellation, choose_parcellation


def with_parcellation(cohort: Cohort, atlas: str) -> Cohort:
    """Return the same cohort with other parcels: the name of an atlas, or "none" for plain numbers.

    Raises
    ------
    InputError
        If the cohort has no connectivity, or the atlas does not fit it.
    """
    return replace(cohort, parcellation=choose_parcellation(n_parcels_of_cohort(cohort), atlas))


def with_measure(cohort: Cohort, measure: Measure) -> Cohort:
    """Return the same cohort with one more measure; a line of its log says how that was made.

    Raises
    ------
    InputError
        If there is a measure of this name.
    """
    if measure.name in cohort.measures:
        raise InputError(f"{cohort.name} has a measure {measure.name!r} already")
    entry = LogEntry("recognised", f"A measure was made here. {measure.made}")
    more = replace(cohort, measures={**cohort.measures, measure.name: measure}, log=(*cohort.log, entry))
    # Those of the other measures are still right.
    more._observations = cohort._observations.copy()
    more.caches = cohort.caches.copy()
    return more


def n_parcels_of_cohort(cohort: Cohort) -> int:
    """Return the number of parcels of a cohort with connectivity; raise `InputError` where it has none."""
    for measure in cohort.measures.values():
        return n_parcels_of(measure.values.shape[1])
    raise InputError(f"{cohort.name} has no connectivity; add a folder fc/ with one .npy file a scan")


def parcellation_of(cohort: Cohort) -> Parcellation:
    """Return the parcels of a cohort that has connectivity; raise `InputError` where it has none."""
    if cohort.parcellation is None:
        raise InputError(f"{cohort.name} has no parcels; open a cohort with scans")
    return cohort.parcellation
