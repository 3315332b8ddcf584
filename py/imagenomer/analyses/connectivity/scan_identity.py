"""Identity of scans: are they labelled correctly, or copied, swapped, or more like another person's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from imagenomer.analyses.connectivity.scans import Scans, scan_name
from imagenomer.analyses.contract import Column, FigureView, Finding, Methods, TableView, ThemeName
from imagenomer.analyses.shared.sample import counted
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.cohort import Cohort, natural_key
from imagenomer.jsonable import finite
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.identification import (
    Copy,
    Identification,
    Mismatch,
    compared_pairs,
    copies,
    identify,
    mean_defined,
    mismatches,
)
from imagenomer.types import FloatArray, Json, Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Identification rate below which a mismatch is no surprise.
_WELL_IDENTIFIED = 0.8
#: Suspects named in sentences; the table has all.
_NAMED = 5
#: Bins of a histogram, at most and at least; fewer pairs need fewer.
_MOST_BINS, _FEWEST_BINS = 60, 12
#: Pairs counted between two reports of progress.
_PAIRS_AT_ONCE = 500_000

#: What a mismatch suggests.
Suspicion = Literal["likely swap", "possible swap", "unlike own"]
_SUSPICIONS: dict[Suspicion, str] = {
    "likely swap": "Likely swapped",
    "possible swap": "Possibly swapped",
    "unlike own": "More like another person",
}


IDENTITY_METHODS = Methods(
    (
        "Scans were identified by their correlation over edges: a scan counts as identified if, among the scans of "
        "another task, session or run, the most similar is the same subject's. Differential identifiability is the "
        "mean correlation within subjects minus that between subjects, times 100.",
    ),
    (
        "Finn et al. (2015), Nat. Neurosci. 18:1664. https://doi.org/10.1038/nn.4135",
        "Amico and Goni (2018), Sci. Rep. 8:8254. https://doi.org/10.1038/s41598-018-25089-1",
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """Whether scans are labelled correctly.

    Attributes
    ----------
    identifications : tuple of Identification
        For every ordered pair of conditions that share subjects.
    copies : tuple of Copy
    mismatches : tuple of Mismatch
    bins : ndarray, shape (n_bins + 1,)
        Ends of bins of correlation; empty where no subject has scans of two conditions.
    own, others : ndarray, shape (n_bins,)
        Percent of the pairs of scans of different conditions in each, within and between subjects.
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
        """Return the lowest identification rate from or in a condition."""
        return min(one.rate for one in self.identifications if condition in (one.source, one.database))


def check_identity(cohort: Cohort, scans: Scans) -> Steps[Identity]:
    """Check whether scans are more similar within than between subjects."""
    yield Progress("Identifying subjects by their scans")
    r = scans.products.correlations()
    same = tuple((yield from copies(r, cohort.measure(scans.measure).values, scans.rows)))
    # A scan of one task under the name of another is like every scan of that task, and would be most like them all.
    copied = {scan for one in same for scan in (one.first, one.second)}
    originals = np.array([scan for scan in range(len(r)) if scan not in copied], dtype=np.intp)
    if copied:
        r = r[np.ix_(originals, originals)]
    subjects, conditions = scans.subjects[originals], scans.conditions[originals]
    found = tuple((yield from identify(r, subjects, conditions)))
    unlike_own = yield from mismatches(r, subjects, conditions)
    wrong = tuple(replace(one, scan=int(originals[one.scan]), match=int(originals[one.match])) for one in unlike_own)
    own, others = yield from compared_pairs(r, subjects, conditions)
    if not own.size or not others.size:
        return Identity(found, same, wrong, np.zeros(0), np.zeros(0), np.zeros(0), own.size, others.size)
    n_bins = int(np.clip(2 * np.sqrt(min(own.size, others.size)), _FEWEST_BINS, _MOST_BINS))
    bins = np.linspace(min(own.min(), others.min()), max(own.max(), others.max()) + 1e-9, n_bins + 1)
    # Bins that NumPy knows to be of one width need no sorting of millions of pairs.
    ends = float(bins[0]), float(bins[-1])
    shares = []
    for side in (own, others):
        counts = np.zeros(n_bins)
        for start in range(0, side.size, _PAIRS_AT_ONCE):
            yield Progress("Comparing pairs of scans")
            counts += np.histogram(side[start : start + _PAIRS_AT_ONCE], n_bins, ends)[0]
        shares.append(100 * counts / side.size)
    return Identity(found, same, wrong, bins, shares[0], shares[1], own.size, others.size)


def suspicion(scans: Scans, found: Identity, one: Mismatch) -> Suspicion:
    """Return what a mismatch suggests: a swap where both subjects' other scans agree on it."""
    if not (one.crossed and one.n_agreeing == one.n_conditions):
        return "unlike own"
    return "likely swap" if found.rate(int(scans.conditions[one.scan])) >= _WELL_IDENTIFIED else "possible swap"


# --- saying --------------------------------------------------------------------------------------


def identity_sentences(cohort: Cohort, scans: Scans, found: Identity) -> list[str]:
    """Say how well subjects are identified, and which scans are suspect."""
    said = _about_copies(cohort, scans, found)
    if not found.identifications:
        return [
            *said,
            "No subject has scans of two tasks, sessions or runs among these, so it cannot be checked whether scans "
            "are labelled correctly.",
        ]
    return [*said, *_about_identification(found), *_about_mismatches(cohort, scans, found)]


def _about_copies(cohort: Cohort, scans: Scans, found: Identity) -> list[str]:
    said = []
    for one in sorted(found.copies, key=lambda one: natural_key(scan_name(cohort, scans, one.first)))[:_NAMED]:
        first, second = (scan_name(cohort, scans, scan) for scan in (one.first, one.second))
        said.append(
            f"{first} and {second} hold the same numbers (r = {one.r:.7f}, largest difference {one.difference:.2g}): "
            "one is a copy of the other."
        )
    if len(found.copies) > _NAMED:
        more = counted(len(found.copies) - _NAMED, "more pair of copies is", "more pairs of copies are")
        said.append(f"{more} in the table.")
    said.append("Copies are excluded from the rest." if found.copies else "No two scans hold the same numbers.")
    return said


def _about_identification(found: Identity) -> list[str]:
    rates = [one.rate for one in found.identifications]
    n_database = [one.n_database for one in found.identifications]
    own, others = (mean_defined([getattr(one, name) for one in found.identifications]) for name in ("own", "others"))
    span = (
        f"{100 * min(rates):.1f} %" if len(set(rates)) == 1 else f"{100 * min(rates):.1f} to {100 * max(rates):.1f} %"
    )
    said = [
        f"Identification: a scan of one task, session or run is most similar to the same subject's scan of another in "
        f"{span} of cases (chance level {100 / max(n_database):.2g} %). Scans correlate within subjects at "
        f"{number_text(own, '.3f')} on average, between subjects at {number_text(others, '.3f')}."
    ]
    if min(rates) < _WELL_IDENTIFIED:
        said.append(
            "Identification is imperfect here, so a scan that is more like another person's is not rare, and by itself "
            "little evidence of a mistake."
        )
    return said


def _about_mismatches(cohort: Cohort, scans: Scans, found: Identity) -> list[str]:
    said = []
    suspects = [one for one in found.mismatches if suspicion(scans, found, one) != "unlike own"]
    named: set[tuple[frozenset[int], int]] = set()
    for wrong in _sorted_mismatches(cohort, scans, suspects):
        pair = frozenset((int(scans.subjects[wrong.scan]), int(scans.subjects[wrong.match])))
        swap = (pair, int(scans.conditions[wrong.scan]))
        if swap not in named and len(named) < _NAMED:
            said.append(_swap(cohort, scans, found, wrong))
        named.add(swap)
    if len(named) > _NAMED:
        said.append(f"{len(named) - _NAMED:,} more such pairs are in the table.")
    others_found = len(found.mismatches) - len(suspects)
    if others_found:
        said.append(
            f"{counted(others_found, 'other scan is', 'other scans are')} in both directions more like another "
            "person's scan than like the same person's: see the table."
        )
    if not found.mismatches:
        said.append("No scan is in both directions more like another person's than like the same person's.")
    return said


def _sorted_mismatches(cohort: Cohort, scans: Scans, chosen: Sequence[Mismatch]) -> list[Mismatch]:
    """Return mismatches, the clearest first; equally clear ones by name."""
    return sorted(
        chosen, key=lambda one: (-round(one.r - one.r_own, 6), natural_key(scan_name(cohort, scans, one.scan)))
    )


def _swap(cohort: Cohort, scans: Scans, found: Identity, one: Mismatch) -> str:
    here = scans.condition_names[scans.conditions[one.scan]]
    person, other = (cohort.subjects[scans.subjects[scan]] for scan in (one.scan, one.match))
    person, other = sorted((person, other), key=natural_key)
    where = counted(one.n_conditions, "other scan")
    which = (
        "" if one.n_conditions > 1 else " With two scans per subject, which of them was swapped cannot be determined."
    )
    what = _SUSPICIONS[suspicion(scans, found, one)]
    return (
        f"{what}: {here} of {person} and of {other}. Each is most similar to the other subject's {where} "
        f"(r {number_text(one.r, '.3f')} against {number_text(one.r_own, '.3f')} with their own), and vice "
        f"versa.{which}"
    )


def identity_verdict(scans: Scans, found: Identity) -> list[Finding]:
    """Return what of the identity of scans is in doubt, in sentences."""
    said = []
    if found.identifications:
        lowest = min(100 * one.rate for one in found.identifications)
        share = f"{lowest:.1f} % of the scans" if lowest < 100 else "All scans"
        said.append(
            Finding(
                f"{share} are most similar to the same subject's scan of another task, session or run"
                f"{' where that is rarest' if lowest < 100 else ''}.",
                "identification",
            )
        )
    if found.copies:
        pairs = counted(len(found.copies), "pair of scans holds", "pairs of scans hold")
        said.append(Finding(f"{pairs} the same numbers.", "suspects"))
    swapped = [one for one in found.mismatches if suspicion(scans, found, one) == "likely swap"]
    if swapped:
        said.append(Finding(f"{counted(len(swapped), 'scan is', 'scans are')} likely swapped.", "suspects"))
    return said


# --- numbers and views ---------------------------------------------------------------------------


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
                "verdict": _SUSPICIONS[suspicion(scans, found, one)],
                "r": one.r,
                "r_own": one.r_own,
                "n_agreeing": one.n_agreeing,
                "n_conditions": one.n_conditions,
            }
            for one in found.mismatches
        ],
    }


def identity_figures(found: Identity) -> list[FigureView]:
    if not found.bins.size:
        return []
    return [
        FigureView(
            "alike",
            "Similarity of scans within and between subjects",
            f"Histograms of the correlation of two scans: {counted(found.n_own, 'pair')} within "
            f"subjects, {counted(found.n_others, 'pair')} between subjects.",
        )
    ]


def identity_tables(cohort: Cohort, scans: Scans, found: Identity) -> list[TableView]:
    """Return the tables of identification and of suspects, without those that would be empty."""
    rates = TableView(
        "identification",
        "Identification of subjects by their other scans",
        (
            Column("source", "Scans of"),
            Column("database", "looked for among"),
            Column("n", "Subjects", "integer"),
            Column("percent", "Found, %", "number"),
            Column("chance", "Chance level, %", "number"),
            Column("own", "r within subjects", "number"),
            Column("others", "r between subjects", "number"),
            Column("differential", "Differential identifiability", "number"),
        ),
        tuple(_identification_rows(scans, found)),
    )
    suspects = TableView(
        "suspects",
        "Suspect scans: copied, swapped, or more like another person's",
        (
            Column("verdict", "Finding"),
            Column("scan", "Scan", of_subjects=True),
            Column("match", "Most like", of_subjects=True),
            Column("r", "r", "number"),
            Column("r_own", "r with own scans", "number"),
            Column("agreeing", "Scans that agree"),
        ),
        tuple(_suspect_rows(cohort, scans, found)),
    )
    return [view for view in (rates, suspects) if view.rows]


def _identification_rows(scans: Scans, found: Identity) -> list[Row]:
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


def _suspect_rows(cohort: Cohort, scans: Scans, found: Identity) -> list[Row]:
    rows: list[Row] = [
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
            "verdict": _SUSPICIONS[suspicion(scans, found, one)],
            "scan": scan_name(cohort, scans, one.scan),
            "match": scan_name(cohort, scans, one.match),
            "r": one.r,
            "r_own": one.r_own,
            "agreeing": f"{one.n_agreeing} of {one.n_conditions}",
        }
        for one in found.mismatches
    ]
    return rows


def draw_pairs(found: Identity, theme: ThemeName) -> Figure:
    """Draw how similar scans are within and between subjects."""
    from imagenomer.figures.quality import pairs_figure

    return pairs_figure(
        found.bins,
        found.own,
        found.others,
        title="Scans within and between subjects",
        names=(f"within subjects ({counted(found.n_own, 'pair')})", f"between subjects ({found.n_others:,})"),
        note="Pairs of scans of different tasks, sessions or runs.",
        theme=theme,
    )
