"""Scans beside each other: which stand out among those of their task, and whether each is its person's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imagenomer import groups
from imagenomer.analyses.contract import Column, Finding, PointsView, TableView
from imagenomer.analyses.shared.edge_points import jitter
from imagenomer.analyses.shared.sample import counted, listed, what
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.cohort import Cohort, condition_name, natural_key
from imagenomer.errors import InputError
from imagenomer.figures.palette import GROUP_COLOURS
from imagenomer.jsonable import finite
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.quality import (
    Copy,
    Identification,
    Mismatch,
    ScanProducts,
    copies,
    distance_from_others,
    identify,
    limits,
    mean_defined,
    mismatches,
    scan_products,
    similarity_to_others,
)
from imagenomer.types import BoolArray, FloatArray, IntArray, Json

#: Edges by which scans are compared where there are very many, and how many numbers are very many.
_SOME_EDGES, _VERY_MANY = 10_000, 60_000_000_000
#: A scan without more than this share of its edges is set aside, so that the others can be compared by all.
_MOST_MISSING = 0.1
#: Fewer scans of a task than this have no quartiles worth the name.
_FEWEST_SCANS = 10
#: Scans for each principal component, at least.
_SCANS_PER_COMPONENT = 5
#: Share of people who are found again below which a mismatch is no surprise.
_WELL_FOUND = 0.8
#: Suspects told in sentences; the table has all.
_TOLD = 5
#: Bins of a histogram, at most and at least; fewer pairs need fewer.
_MOST_BINS, _FEWEST_BINS = 60, 12
_FLAGGED_COLOUR = "#e5484d"


@dataclass(frozen=True, slots=True, eq=False)
class Scans:
    """The scans that are compared.

    Attributes
    ----------
    measure : str
    rows : ndarray, shape (n_scans,)
        Indices into the cohort's scans.
    people : ndarray, shape (n_scans,)
        Indices into the cohort's subjects.
    tasks, conditions : ndarray of int, shape (n_scans,)
        Task of each, and task, session and run together, as indices into the names.
    task_names, condition_names : tuple of str
    products : ScanProducts
    n_edges : int
        Edges there are.
    sentences : tuple of str
        What is compared, and what was set aside.
    """

    measure: str
    rows: IntArray
    people: IntArray
    tasks: IntArray
    conditions: IntArray
    task_names: tuple[str, ...]
    condition_names: tuple[str, ...]
    products: ScanProducts
    n_edges: int
    sentences: tuple[str, ...]

    @property
    def n_people(self) -> int:
        return int(np.unique(self.people).size)


@dataclass(frozen=True, slots=True, eq=False)
class Outliers:
    """How each scan compares with the others of its task.

    Attributes
    ----------
    mean, similarity, distance : ndarray, shape (n_scans,)
        Mean connectivity; correlation with the mean of other people's scans; Mahalanobis distance from the others in
        the space of the first components. NaN where a task has too few scans.
    high, low, unlike, far : ndarray of bool, shape (n_scans,)
        Which of the rules flag it.
    n_components : dict of str to int
        Components used, by task.
    explained : dict of str to float
        Share of the variance between scans that these explain, by task.
    limits : dict of str to (lower mean, upper mean, lower similarity, upper distance)
    factor : float
    """

    mean: FloatArray
    similarity: FloatArray
    distance: FloatArray
    high: BoolArray
    low: BoolArray
    unlike: BoolArray
    far: BoolArray
    n_components: dict[str, int]
    explained: dict[str, float]
    limits: dict[str, tuple[float, float, float, float]]
    factor: float

    @property
    def flagged(self) -> IntArray:
        """The scans that a rule flags, shape (n_flagged,)."""
        return np.flatnonzero(self.high | self.low | self.unlike | self.far)


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """Whether scans are their person's.

    Attributes
    ----------
    identifications : tuple of Identification
        For every ordered pair of conditions that share people.
    copies : tuple of Copy
    mismatches : tuple of Mismatch
    bins : ndarray, shape (n_bins + 1,)
        Ends of bins of correlation; empty where nobody has scans of two conditions.
    own, others : ndarray, shape (n_bins,)
        Percent of the pairs of one person's, and of different people's, scans of different conditions in each.
    n_own, n_others : int
    """

    identifications: tuple[Identification, ...]
    copies: tuple[Copy, ...]
    mismatches: tuple[Mismatch, ...]
    bins: FloatArray
    own: FloatArray
    others: FloatArray
    n_own: int
    n_others: int

    def rate(self, condition: int) -> float:
        """Return the lowest share of people found again from or in a condition."""
        return min(one.rate for one in self.identifications if condition in (one.source, one.database))


# --- computing -----------------------------------------------------------------------------------


def compare_scans(
    cohort: Cohort,
    *,
    measure: str,
    task: str | None,
    session: str | None,
    run: str | None,
    group: str | None,
    all_edges: bool,
    seed: int,
) -> Steps[Scans]:
    """Choose scans and compare all pairs.

    Raises
    ------
    InputError
        If there are fewer than two, or they have no edge in common.
    """
    source, people = cohort.measure(measure), cohort.scan_subjects
    chosen = source.present & cohort.chosen_scans(task, session, run)
    rows = np.flatnonzero(chosen & groups.select(cohort, group).included[people])
    n_edges = source.values.shape[1]
    missing = np.empty(rows.size)
    for done, row in enumerate(rows.tolist()):
        missing[done] = np.count_nonzero(~np.isfinite(source.values[row])) / n_edges
        if done % 100 == 0:
            yield Progress("Looking for missing values", done, rows.size)
    aside, rows = rows[missing > _MOST_MISSING], rows[missing <= _MOST_MISSING]
    if rows.size < 2:
        raise InputError(
            f"{counted(rows.size, 'scan')} of {what(cohort, measure, task, session, run, mean=False)} cannot be "
            "compared with others; choose a larger group or other data"
        )
    edges = None
    if not all_edges and n_edges > _SOME_EDGES and rows.size**2 * n_edges > _VERY_MANY:
        rng = np.random.default_rng(seed)
        edges = np.sort(rng.choice(n_edges, _SOME_EDGES, replace=False))
    products = yield from scan_products(source.values, rows, edges)
    names = [_condition(cohort, row) for row in rows.tolist()]
    condition_names = tuple(sorted(set(names), key=natural_key))
    task_names = tuple(sorted({cohort.scans[row].task for row in rows.tolist()}))
    return Scans(
        measure=measure,
        rows=rows,
        people=people[rows],
        tasks=np.array([task_names.index(cohort.scans[row].task) for row in rows.tolist()], dtype=np.intp),
        conditions=np.array([condition_names.index(name) for name in names], dtype=np.intp),
        task_names=task_names,
        condition_names=condition_names,
        products=products,
        n_edges=n_edges,
        sentences=tuple(_about_scans(cohort, rows, aside, edges, products, n_edges, seed)),
    )


def find_outliers(scans: Scans, factor: float, most_components: int) -> Steps[Outliers]:
    """Compare each scan with the others of its task."""
    n = scans.rows.size
    mean, similarity, distance = scans.products.mean, np.full(n, np.nan), np.full(n, np.nan)
    high, low, unlike, far = (np.zeros(n, dtype=bool) for _ in range(4))
    n_components, explained, bounds = {}, {}, {}
    for task, name in enumerate(scans.task_names):
        members = np.flatnonzero(scans.tasks == task)
        if members.size < _FEWEST_SCANS:
            continue
        yield Progress("Looking for scans that stand out", task, len(scans.task_names))
        k = max(1, min(most_components, members.size // _SCANS_PER_COMPONENT))
        similarity[members] = similarity_to_others(scans.products, members, scans.people)
        yield Progress("Looking for scans that stand out", task, len(scans.task_names))
        distance[members], share = distance_from_others(scans.products, members, k)
        lowest, highest = limits(mean[members], factor)
        # Correlations and distances are skew; arctanh and the logarithm make their quartiles comparable.
        with np.errstate(divide="ignore", invalid="ignore"):
            least = np.tanh(limits(np.arctanh(similarity[members]), factor)[0])
            farthest = 10 ** limits(np.log10(distance[members]), factor)[1]
        low[members], high[members] = mean[members] < lowest, mean[members] > highest
        unlike[members], far[members] = similarity[members] < least, distance[members] > farthest
        n_components[name], explained[name] = int(share.size), float(share.sum())
        bounds[name] = (lowest, highest, float(least), float(farthest))
    return Outliers(mean, similarity, distance, high, low, unlike, far, n_components, explained, bounds, factor)


def check_identity(cohort: Cohort, scans: Scans) -> Steps[Identity]:
    """Ask whether scans are more like their person's other scans than like strangers'."""
    yield Progress("Looking for everybody's other scans")
    r = scans.products.correlations()
    same = tuple(copies(r, cohort.measure(scans.measure).values, scans.rows))
    yield Progress("Looking for swapped scans")
    # A scan of one task under the name of another is like everybody's of that task, and would be most like them all.
    copied = {scan for one in same for scan in (one.first, one.second)}
    kept = np.array([scan for scan in range(len(r)) if scan not in copied], dtype=np.intp)
    r, people, conditions = r[np.ix_(kept, kept)], scans.people[kept], scans.conditions[kept]
    found = tuple(identify(r, people, conditions))
    wrong = tuple(
        replace(one, scan=int(kept[one.scan]), match=int(kept[one.match])) for one in mismatches(r, people, conditions)
    )
    yield Progress("Counting")
    # Two scans of one condition are two people's, so only pairs of different conditions are compared.
    first, second = np.triu_indices(len(r), 1)
    apart = conditions[first] != conditions[second]
    first, second = first[apart], second[apart]
    own_pair = people[first] == people[second]
    pairs = r[first, second]
    own, others = (side[np.isfinite(side)] for side in (pairs[own_pair], pairs[~own_pair]))
    if not own.size or not others.size:
        return Identity(found, same, wrong, np.zeros(0), np.zeros(0), np.zeros(0), own.size, others.size)
    n_bins = int(np.clip(2 * np.sqrt(min(own.size, others.size)), _FEWEST_BINS, _MOST_BINS))
    bins = np.linspace(min(own.min(), others.min()), max(own.max(), others.max()) + 1e-9, n_bins + 1)
    shares = [100 * np.histogram(side, bins)[0] / side.size for side in (own, others)]
    return Identity(found, same, wrong, bins, shares[0], shares[1], own.size, others.size)


def _condition(cohort: Cohort, row: int) -> str:
    scan = cohort.scans[row]
    return condition_name(scan.task, scan.session, scan.run) or "scan"


def scan_name(cohort: Cohort, scans: Scans, scan: int) -> str:
    """Return "T012, rest" for sentences, tables and points."""
    return f"{cohort.subjects[scans.people[scan]]}, {scans.condition_names[scans.conditions[scan]]}"


def _in_order(cohort: Cohort, scans: Scans, chosen: Sequence[int]) -> list[int]:
    """Return scans by the names of subjects and conditions, whatever the order of the file."""
    return sorted(chosen, key=lambda scan: natural_key(scan_name(cohort, scans, scan)))


# --- saying --------------------------------------------------------------------------------------


def _about_scans(
    cohort: Cohort,
    rows: IntArray,
    aside: IntArray,
    edges: IntArray | None,
    products: ScanProducts,
    n_edges: int,
    seed: int,
) -> list[str]:
    n_people = np.unique(cohort.scan_subjects[rows]).size
    by = f"{counted(products.n_edges, 'edge')} that all of them have"
    if edges is not None:
        by = f"{counted(products.n_edges, 'edge')} of {n_edges:,}, chosen at random (seed {seed})"
    said = [f"{counted(rows.size, 'scan')} of {counted(n_people, 'subject')} are compared with each other by {by}."]
    if aside.size:
        names = sorted((cohort.scans[row].title for row in aside.tolist()), key=natural_key)
        said.append(
            f"{counted(aside.size, 'scan')} without more than {_MOST_MISSING:.0%} of the edges "
            f"{'was' if aside.size == 1 else 'were'} set aside: {listed(names)}."
        )
    return said


def outlier_sentences(cohort: Cohort, scans: Scans, found: Outliers) -> list[str]:
    """Say by which rules scans are flagged, and how many are."""
    few = [name for name in scans.task_names if name not in found.limits]
    said = []
    if few:
        said.append(f"Too few scans to say which stand out (at least {_FEWEST_SCANS}): {listed(few)}.")
    if not found.limits:
        return said
    components = listed(
        f"{n} of {name} ({100 * found.explained[name]:.0f} %)" for name, n in found.n_components.items()
    )
    said.append(
        "A scan is compared with the other scans of its task in three ways: by its mean over edges; by its correlation "
        "with the mean of other people's scans; and by its Mahalanobis distance in the space of the first principal "
        "components, with mean and covariance of all scans but itself. Components, and what they explain of the "
        f"variance between scans: {components}."
    )
    counts = [
        (found.low, "with a low mean"),
        (found.high, "with a high mean"),
        (found.unlike, "unlike the others"),
        (found.far, "far from the others"),
    ]
    told = ", ".join(f"{int(mask.sum()):,} {name}" for mask, name in counts)
    n = int(found.flagged.size)
    said.append(
        f"{n:,} of {counted(found.mean.size, 'scan')} {'is' if n == 1 else 'are'} flagged, beyond the quartiles by "
        f"more than {found.factor:g} times their distance: {told}. A flag is a reason to look at a scan, not to leave "
        "it out."
    )
    flat = [name for name, values in found.limits.items() if not all(np.isfinite(values))]
    if flat:
        said.append(f"Some quartiles are equal in {listed(flat)}, so that a rule flags nothing there.")
    if 0 < n <= 2 * _TOLD:
        names = _in_order(cohort, scans, found.flagged.tolist())
        said.append(
            f"Flagged: {'; '.join(f'{scan_name(cohort, scans, one)} ({_rules(found, one)})' for one in names)}."
        )
    return said


def identity_sentences(cohort: Cohort, scans: Scans, found: Identity) -> list[str]:
    """Say how well people are found again, and which scans are suspect."""
    said = []
    for one in sorted(found.copies, key=lambda one: natural_key(scan_name(cohort, scans, one.first)))[:_TOLD]:
        first, second = (scan_name(cohort, scans, scan) for scan in (one.first, one.second))
        said.append(
            f"{first} and {second} hold the same numbers (r = {one.r:.7f}, largest difference {one.difference:.2g}): "
            "one is a copy of the other."
        )
    if len(found.copies) > _TOLD:
        said.append(f"{len(found.copies) - _TOLD:,} more pairs of copies are in the table.")
    said.append("Copies take no part in what follows." if found.copies else "No two scans hold the same numbers.")
    if not found.identifications:
        said.append(
            "Nobody has scans of two tasks, sessions or runs among these, so that it cannot be checked whether scans "
            "are their person's."
        )
        return said
    rates = [one.rate for one in found.identifications]
    n_database = [one.n_database for one in found.identifications]
    own, others = (mean_defined([getattr(one, name) for one in found.identifications]) for name in ("own", "others"))
    span = (
        f"{100 * min(rates):.1f} %" if len(set(rates)) == 1 else f"{100 * min(rates):.1f} to {100 * max(rates):.1f} %"
    )
    said.append(
        f"Identification: a scan of one task, session or run is most like the same person's scan of another in {span} "
        f"of cases, where chance gives {100 / max(n_database):.2g} %. Scans of one person correlate at "
        f"{number_text(own, '.3f')} on average, those of different people at {number_text(others, '.3f')}."
    )
    if min(rates) < _WELL_FOUND:
        said.append(
            "Not everybody is found again, so that a scan that is more like another person's is no rarity here and by "
            "itself little evidence of a mistake."
        )
    suspects = [one for one in found.mismatches if one.crossed and one.n_agreeing == one.n_conditions]
    told: set[tuple[frozenset[int], int]] = set()
    for wrong in _sorted_mismatches(cohort, scans, suspects):
        people = frozenset((int(scans.people[wrong.scan]), int(scans.people[wrong.match])))
        swap = (people, int(scans.conditions[wrong.scan]))
        if swap not in told and len(told) < _TOLD:
            said.append(_swap(cohort, scans, found, wrong))
        told.add(swap)
    if len(told) > _TOLD:
        said.append(f"{len(told) - _TOLD:,} more such pairs are in the table.")
    others_found = len(found.mismatches) - len(suspects)
    if others_found:
        said.append(
            f"{counted(others_found, 'other scan is', 'other scans are')} in both directions more like another "
            "person's scan than like their own person's: see the table."
        )
    if not found.mismatches:
        said.append("No scan is in both directions more like another person's than like its own person's.")
    return said


def _sorted_mismatches(cohort: Cohort, scans: Scans, chosen: Sequence[Mismatch]) -> list[Mismatch]:
    """Return mismatches, the clearest first; equally clear ones by name."""
    return sorted(
        chosen, key=lambda one: (-round(one.r - one.r_own, 6), natural_key(scan_name(cohort, scans, one.scan)))
    )


def _swap(cohort: Cohort, scans: Scans, found: Identity, one: Mismatch) -> str:
    here = scans.condition_names[scans.conditions[one.scan]]
    person, other = (cohort.subjects[scans.people[scan]] for scan in (one.scan, one.match))
    person, other = sorted((person, other), key=natural_key)
    where = counted(one.n_conditions, "other scan")
    which = "" if one.n_conditions > 1 else " With two scans a person it cannot be told which of them is swapped."
    return (
        f"{_likely(scans, found, one)}: {here} of {person} and of {other}. Each is most like the other's {where} "
        f"(r {number_text(one.r, '.3f')} against {number_text(one.r_own, '.3f')} with their own), and the other way "
        f"round.{which}"
    )


def _likely(scans: Scans, found: Identity, one: Mismatch) -> str:
    if not (one.crossed and one.n_agreeing == one.n_conditions):
        return "More like another person"
    return "Likely swapped" if found.rate(int(scans.conditions[one.scan])) >= _WELL_FOUND else "Possibly swapped"


def _rules(found: Outliers, scan: int) -> str:
    rules = [
        (found.low, "low mean"),
        (found.high, "high mean"),
        (found.unlike, "unlike the others"),
        (found.far, "far from the others"),
    ]
    return ", ".join(name for mask, name in rules if mask[scan])


def outlier_verdict(scans: Scans, found: Outliers) -> list[Finding]:
    """Return how many scans stand out, in a sentence."""
    n = int(found.flagged.size)
    if not found.limits:
        return []
    begun = f"{n:,} of {counted(scans.rows.size, 'scan')} {'stands' if n == 1 else 'stand'} out"
    return [Finding(f"{begun} among those of the same task.", "flagged" if n else "means")]


def identity_verdict(scans: Scans, found: Identity) -> list[Finding]:
    """Return what of the identity of scans is in doubt, in sentences."""
    said = []
    if found.identifications:
        lowest = min(100 * one.rate for one in found.identifications)
        least = f"{lowest:.1f} % of the scans" if lowest < 100 else "All scans"
        said.append(
            Finding(
                f"{least} are most like the same person's scan of another task, session or run"
                f"{' where that is rarest' if lowest < 100 else ''}.",
                "identification",
            )
        )
    if found.copies:
        pairs = counted(len(found.copies), "pair of scans holds", "pairs of scans hold")
        said.append(Finding(f"{pairs} the same numbers.", "suspects"))
    swapped = [one for one in found.mismatches if _likely(scans, found, one) == "Likely swapped"]
    if swapped:
        said.append(Finding(f"{counted(len(swapped), 'scan is', 'scans are')} likely swapped.", "suspects"))
    return said


# --- numbers and views ---------------------------------------------------------------------------


def outlier_numbers(cohort: Cohort, scans: Scans, found: Outliers) -> dict[str, Json]:
    """Return the flagged scans as `Report.numbers` has them."""
    return {
        "n_scans_compared": int(scans.rows.size),
        "n_edges_compared": scans.products.n_edges,
        "n_flagged": int(found.flagged.size),
        "flagged": _flagged_rows(cohort, scans, found),
    }


def identity_numbers(cohort: Cohort, scans: Scans, found: Identity) -> dict[str, Json]:
    """Return rates and suspects as `Report.numbers` has them."""
    return {
        "n_scans_compared": int(scans.rows.size),
        "n_edges_compared": scans.products.n_edges,
        "identification": _identification_rows(scans, found),
        "copies": [
            {
                "first": scan_name(cohort, scans, one.first),
                "second": scan_name(cohort, scans, one.second),
                "r": one.r,
                "difference": one.difference,
            }
            for one in found.copies
        ],
        "mismatches": [
            {
                "scan": scan_name(cohort, scans, one.scan),
                "match": scan_name(cohort, scans, one.match),
                "verdict": _likely(scans, found, one),
                "r": one.r,
                "r_own": one.r_own,
                "n_agreeing": one.n_agreeing,
                "n_conditions": one.n_conditions,
            }
            for one in found.mismatches
        ],
    }


def flagged_table(cohort: Cohort, scans: Scans, found: Outliers) -> list[TableView]:
    """Return the table of flagged scans; nothing where there is none."""
    rows = _flagged_rows(cohort, scans, found)
    columns = (
        Column("subject", "Subject"),
        Column("task", "Task"),
        Column("session", "Session", where="everywhere" if any(row["session"] for row in rows) else "file"),
        Column("run", "Run", where="everywhere" if any(row["run"] for row in rows) else "file"),
        Column("mean", "Mean connectivity", "number"),
        Column("similarity", "Correlation with the others", "number"),
        Column("distance", "Distance from the others", "number"),
        Column("rules", "Flagged for"),
    )
    return [TableView("flagged", "Flagged scans", columns, tuple(rows))] if rows else []


def _flagged_rows(cohort: Cohort, scans: Scans, found: Outliers) -> list[dict[str, Json]]:
    rows = []
    for scan in _in_order(cohort, scans, found.flagged.tolist()):
        own = cohort.scans[scans.rows[scan]]
        rows.append(
            {
                "subject": own.subject,
                "task": own.task,
                "session": own.session,
                "run": own.run,
                "mean": finite(found.mean[scan]),
                "similarity": finite(found.similarity[scan]),
                "distance": finite(found.distance[scan]),
                "rules": _rules(found, scan),
            }
        )
    return rows


def outlier_points(cohort: Cohort, scans: Scans, found: Outliers) -> list[PointsView]:
    """Return the scans as dots to point at: likeness and distance, and mean connectivity by task."""
    placed = np.flatnonzero(np.isfinite(found.similarity) & (found.distance > 0))
    views = []
    if placed.size:
        views.append(
            PointsView(
                name="outliers",
                title="Outlying scans, each beside the others of its task",
                x_label="Correlation with the mean of the others",
                y_label="Distance from the others (log10)",
                series=_series(cohort, scans, found, placed, found.similarity, log_distance(found)),
                caption="Top left is far from the others and unlike them.",
                what="Scan",
            )
        )
    everything = np.arange(found.mean.size)
    x = scans.tasks + jitter(scans.tasks.astype(np.float64), found.mean)
    bounds = list(found.limits.values())
    levels = (
        tuple(
            (value, f"{name} limit")
            for value, name in zip(bounds[0][:2], ("lower", "upper"), strict=True)
            if len(scans.task_names) == 1 and np.isfinite(value)
        )
        if bounds
        else ()
    )
    views.append(
        PointsView(
            name="means",
            title="Mean connectivity of every scan",
            x_label="Task",
            y_label=f"Mean {scans.measure} over edges",
            series=_series(cohort, scans, found, everything, x, found.mean),
            x_ticks=tuple((float(place), name or "scan") for place, name in enumerate(scans.task_names)),
            levels=levels,
            what="Scan",
        )
    )
    return views


def log_distance(found: Outliers) -> FloatArray:
    """Return the logarithm of the distances; an infinite one is put a little beyond the largest other."""
    with np.errstate(divide="ignore", invalid="ignore"):
        height = np.log10(found.distance)
    known = height[np.isfinite(height)]
    return np.where(np.isposinf(height), known.max(initial=0.0) + 0.3, height)


def point_series(scans: Scans, found: Outliers, shown: IntArray) -> list[tuple[str, str, IntArray]]:
    """Return name, colour and scans of each series: a task each, and what is flagged."""
    flagged = np.isin(shown, found.flagged)
    series = []
    for task, name in enumerate(scans.task_names):
        own = shown[(scans.tasks[shown] == task) & ~flagged]
        if own.size:
            series.append((name or "scans", GROUP_COLOURS[task % (len(GROUP_COLOURS) - 1)], own))
    if flagged.any():
        series.append(("flagged", _FLAGGED_COLOUR, shown[flagged]))
    return series


def _series(
    cohort: Cohort, scans: Scans, found: Outliers, shown: IntArray, x: FloatArray, y: FloatArray
) -> tuple[dict[str, Json], ...]:
    return tuple(
        {
            "name": name,
            "colour": colour,
            "x": x[own].round(5).tolist(),
            "y": y[own].round(5).tolist(),
            "subjects": [scan_name(cohort, scans, scan) for scan in own.tolist()],
        }
        for name, colour, own in point_series(scans, found, shown)
    )


def identity_tables(cohort: Cohort, scans: Scans, found: Identity) -> list[TableView]:
    """Return the tables of identification and of suspects, without those that would be empty."""
    rates = TableView(
        "identification",
        "Found again: people by their other scans",
        (
            Column("source", "Scans of"),
            Column("database", "looked for among"),
            Column("n", "People", "integer"),
            Column("percent", "Found, %", "number"),
            Column("chance", "By chance, %", "number"),
            Column("own", "r with own", "number"),
            Column("others", "r with others'", "number"),
            Column("differential", "Differential identifiability", "number"),
        ),
        tuple(_identification_rows(scans, found)),
    )
    suspects = TableView(
        "suspects",
        "Doubtful scans: copied, swapped, or more like another's",
        (
            Column("verdict", "Finding"),
            Column("scan", "Scan"),
            Column("match", "Most like"),
            Column("r", "r", "number"),
            Column("r_own", "r with own", "number"),
            Column("agreeing", "Scans that agree"),
        ),
        tuple(_suspect_rows(cohort, scans, found)),
    )
    return [view for view in (rates, suspects) if view.rows]


def _identification_rows(scans: Scans, found: Identity) -> list[dict[str, Json]]:
    return [
        {
            "source": scans.condition_names[one.source],
            "database": scans.condition_names[one.database],
            "n": one.n,
            "percent": 100 * one.rate,
            "chance": 100 / one.n_database,
            "own": finite(one.own),
            "others": finite(one.others),
            "differential": finite(one.differential),
        }
        for one in found.identifications
    ]


def _suspect_rows(cohort: Cohort, scans: Scans, found: Identity) -> list[dict[str, Json]]:
    rows: list[dict[str, Json]] = [
        {
            "verdict": "Same numbers",
            "scan": scan_name(cohort, scans, one.first),
            "match": scan_name(cohort, scans, one.second),
            "r": one.r,
            "r_own": None,
            "agreeing": "",
        }
        for one in found.copies
    ]
    rows += [
        {
            "verdict": _likely(scans, found, one),
            "scan": scan_name(cohort, scans, one.scan),
            "match": scan_name(cohort, scans, one.match),
            "r": one.r,
            "r_own": one.r_own,
            "agreeing": f"{one.n_agreeing} of {one.n_conditions}",
        }
        for one in found.mismatches
    ]
    return rows
