"""Companion: a second cohort beside the first, on which to test what was learned from the first.

The first cohort is the one that is explored, and holds the second as `Cohort.companion`. Nothing of the second is ever
mixed with it: an analysis takes what it needs by name, and whether the parcels of both are the same is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from imagenomer.cohort import Cohort, LogEntry, VariantSet, with_parcellation
from imagenomer.errors import InputError
from imagenomer.parcellation import Parcellation, plain_parcellation
from imagenomer.wording import plural

#: Millimetres between the centres of what two tables take for the same parcel: rounding and versions of an atlas move
#: them by a few, the next parcel is farther.
SAME_PLACE = 5.0
#: Names listed in a sentence; the items of a line have all.
_LISTED = 12


def with_companion(cohort: Cohort, second: Cohort | None, *, atlas: str | None = None) -> Cohort:
    """Return the same cohort with another beside it, or with none.

    Parameters
    ----------
    cohort, second : Cohort
    atlas : str or None
        What the parcels of ``cohort`` were taken for; those of ``second`` are taken for the same where it has as many.
    """
    if second is None:
        return replace(cohort, companion=None)
    if atlas is not None and second.measures and _n_parcels(second) == _n_parcels(cohort):
        second = with_parcellation(second, atlas)
    return replace(cohort, companion=replace(second, companion=None))


def companion_of(cohort: Cohort) -> Cohort:
    """Return the second cohort; raise `InputError` where none is open."""
    if cohort.companion is None:
        raise InputError(
            "no second cohort is open to test on; open one beside the first (in a terminal: --second COHORT)"
        )
    return cohort.companion


def require_same_parcels(first: Cohort, second: Cohort) -> tuple[str, ...]:
    """Make sure that an edge of one cohort is the same edge in the other.

    Returns
    -------
    tuple of str
        What had to be assumed, as warnings.

    Raises
    ------
    InputError
        If one has no connectivity, or the parcels differ in number, name, place or order.
    """
    for cohort in (first, second):
        if cohort.parcellation is None:
            raise InputError(f"{cohort.name} has no connectivity, so its edges cannot be compared")
    here, there = first.parcellation, second.parcellation
    assert here is not None
    assert there is not None
    difference = _difference(here, there)
    if difference:
        raise InputError(
            f"the edges of {first.name} and {second.name} are not the same: {difference}; open a cohort with the same "
            "parcels in the same order"
        )
    if _is_plain(here) or _is_plain(there):
        return (
            "The parcels have no names to compare in at least one of the two cohorts: the same order in both "
            "is assumed.",
        )
    return ()


def in_common(first: Cohort, second: Cohort) -> tuple[LogEntry, ...]:
    """Return what two cohorts have in common, and what prevents comparing them, in plain words."""
    return (*_parcels(first, second), *_scans(first, second), *_phenotypes(first, second), *_people(first, second))


# --- parcels -------------------------------------------------------------------------------------


def _n_parcels(cohort: Cohort) -> int | None:
    return None if cohort.parcellation is None else cohort.parcellation.n_parcels


def _is_plain(parcellation: Parcellation) -> bool:
    return parcellation.labels == plain_parcellation(parcellation.n_parcels).labels


def _difference(here: Parcellation, there: Parcellation) -> str:
    """Return in what two parcellations differ, "" where nothing says that they do."""
    if here.n_parcels != there.n_parcels:
        return f"{here.n_parcels} parcels in one, {there.n_parcels} in the other"
    away = np.linalg.norm(here.coordinates - there.coordinates, axis=1)
    if np.any(away > SAME_PLACE):
        first = int(np.argmax(away > SAME_PLACE))
        return f"parcel {first + 1} ({here.labels[first]}) lies {away[first]:.0f} mm apart"
    if here.labels == there.labels or _is_plain(here) or _is_plain(there) or np.all(np.isfinite(away)):
        return ""
    if sorted(here.labels) == sorted(there.labels):
        return "they have the same parcels in another order"
    first = next(at for at, pair in enumerate(zip(here.labels, there.labels, strict=True)) if pair[0] != pair[1])
    return f"parcel {first + 1} is {here.labels[first]} in one, {there.labels[first]} in the other"


def _parcels(first: Cohort, second: Cohort) -> Iterator[LogEntry]:
    if not first.measures and not second.measures:
        return
    try:
        assumed = require_same_parcels(first, second)
    except InputError as error:
        yield LogEntry("warning", f"{str(error)[0].upper()}{str(error)[1:]}.")
        return
    yield (
        LogEntry("recognised", f"Both have {_n_parcels(first)} parcels in the same order.")
        if not assumed
        else (LogEntry("warning", assumed[0]))
    )


# --- scans, phenotypes, variants, people ---------------------------------------------------------


def _scans(first: Cohort, second: Cohort) -> Iterator[LogEntry]:
    if first.measures and second.measures:
        yield _shared("measures", first.measures, second.measures)
        if any(first.tasks) or any(second.tasks):
            yield _shared("tasks", filter(None, first.tasks), filter(None, second.tasks))
    if first.variant_sets and second.variant_sets:
        yield _variants(first.variant_set(), second.variant_set())


def _phenotypes(first: Cohort, second: Cohort) -> Iterator[LogEntry]:
    both = [name for name in first.phenotypes if name in second.phenotypes]
    unlike = [name for name in both if first.phenotypes[name].kind != second.phenotypes[name].kind]
    yield _shared("phenotypes", [name for name in both if name not in unlike], second.phenotypes)
    if unlike:
        yield LogEntry(
            "warning",
            f"A number in one and a category in the other, so not to be compared: {', '.join(unlike)}.",
        )
    for name in both:
        here, there = first.phenotypes[name].levels, second.phenotypes[name].levels
        new = [level for level in there if level not in here]
        if here and there and new:
            more = tuple(new) if len(new) > _LISTED else ()
            yield LogEntry("warning", f"Levels of {name} that only {second.name} has: {_list(new)}.", more)


def _people(first: Cohort, second: Cohort) -> Iterator[LogEntry]:
    known = set(first.subjects)
    twice = tuple(subject for subject in second.subjects if subject in known)
    if twice:
        yield LogEntry(
            "warning",
            f"{len(twice)} {'subject has' if len(twice) == 1 else 'subjects have'} the same name in both: if they are "
            "the same subjects, the second cohort is not an independent test.",
            twice,
        )


def _variants(here: VariantSet, there: VariantSet) -> LogEntry:
    alleles = dict(zip(here.variant_ids, zip(here.effect_alleles, here.other_alleles, strict=True), strict=True))
    shared = [
        (alleles[name], pair)
        for name, pair in zip(
            there.variant_ids, zip(there.effect_alleles, there.other_alleles, strict=True), strict=True
        )
        if name in alleles
    ]
    turned = sum(pair != other for pair, other in shared)
    said = (
        f"{plural(len(shared), 'variant')} {'has' if len(shared) == 1 else 'have'} the same name in both"
        if shared
        else "No variant has the same name in both"
    )
    if turned:
        return LogEntry("warning", f"{said}; {turned:,} of them count another allele or have others.")
    return LogEntry("recognised" if shared else "warning", f"{said}.")


def _shared(what: str, here: Iterable[str], there: Iterable[str]) -> LogEntry:
    second = set(there)
    both = tuple(name for name in here if name in second)
    if not both:
        return LogEntry("warning", f"No {what} in common.")
    # What the sentence does not list can be unfolded.
    return LogEntry("recognised", f"{what.capitalize()} in common: {_list(both)}.", both if len(both) > _LISTED else ())


def _list(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - _LISTED
    return ", ".join(listed[:_LISTED]) + (f" and {more} more" if more > 0 else "")
