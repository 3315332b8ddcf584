"""Versions: of one measure of the same scans one is chosen by a rule, so that a scan never counts twice."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from imagenomer.cohort import natural_key
from imagenomer.readers.claims import Connectivity
from imagenomer.readers.notes import Notes
from imagenomer.readers.recipe import Recipe

#: Said where a choice was made.
RULE = "the version with names of subjects, then with the most scans, then as correlations, then with names of parcels"

#: Parts of names that tell how a scan was made into edges, not which scan it is.
_OF_VERSIONS = re.compile(
    r"(desc|reg|atlas|seg|space|stat|thresh|measure|den|res|label)-|(z|fz|r|zfc|fisherz?|filt|nofilt|global|noglobal)$",
    re.IGNORECASE,
)


def chosen_versions(pieces: Sequence[Connectivity], recipe: Recipe, notes: Notes) -> dict[str, list[Connectivity]]:
    """Return the pieces of each measure that are used: one version, and what has other scans in the same parcels.

    All measures have the parcels of the one with the most scans.
    """
    measures: dict[str, list[Connectivity]] = defaultdict(list)
    for piece in pieces:
        measures[piece.measure].append(piece)
    chosen: dict[str, list[Connectivity]] = {}
    left_out = []
    for name, versions in sorted(measures.items()):
        versions.sort(key=lambda piece: (piece.source != recipe.use.get(name), *_rank(piece)))
        used = chosen[name] = [versions[0]]
        for piece in versions[1:]:
            if _continues(piece, used):
                used.append(piece)
            else:
                left_out.append(f"{piece.source} (instead of it {used[0].source}, {name})")
    if left_out:
        notes.warning(
            f"Versions of the same scans were left out; {RULE} was used. Choose another by a recipe: "
            '{"use": {"MEASURE": "FILES"}}',
            left_out,
        )
    return _same_parcels(chosen, notes)


def rivals_of(piece: Connectivity, versions: Sequence[Connectivity]) -> list[Connectivity]:
    """Return the versions of a measure, the piece among them, that nothing but names of files tells from other scans.

    They have the same parcels, units and people: two censorings of one scan do, and so do two visits.
    """
    people = {scan.subject for scan in piece.scans}
    found = [
        one
        for one in versions
        if (one.n_parcels, one.kind) == (piece.n_parcels, piece.kind)
        and one.named
        and people & {scan.subject for scan in one.scans}
    ]
    found.sort(key=lambda one: natural_key(one.source))
    return found if len({one.pattern for one in found}) == len(found) > 1 else []


def names_of_scans(patterns: Sequence[str]) -> list[str]:
    """Return what tells patterns of files apart, to name sessions or tasks; empty where it rather names versions."""
    if not patterns:
        return []
    cut = [re.split("[/_.]", pattern) for pattern in patterns]
    if len({len(parts) for parts in cut}) > 1:
        return []
    places = [place for place, parts in enumerate(zip(*cut, strict=True)) if len(set(parts)) > 1]
    told = [list(dict.fromkeys(parts[place] for place in places)) for parts in cut]
    if any(_OF_VERSIONS.match(part) for parts in told for part in parts):
        return []
    names = ["-".join(parts) for parts in told]
    return names if len(set(names)) == len(names) else []


def _rank(piece: Connectivity) -> tuple[object, ...]:
    return (not piece.named, -len(piece.scans), piece.kind != "r", not piece.labels, natural_key(piece.source))


def _continues(piece: Connectivity, used: Sequence[Connectivity]) -> bool:
    """Whether a piece has other scans than those that are used, in the same parcels and units."""
    first = used[0]
    scans = {scan for one in used for scan in one.scans}
    alike = (piece.n_parcels, piece.kind, piece.labels) == (first.n_parcels, first.kind, first.labels)
    return alike and piece.named and first.named and not scans & set(piece.scans)


def _same_parcels(chosen: dict[str, list[Connectivity]], notes: Notes) -> dict[str, list[Connectivity]]:
    """Return the measures that have the parcels of the one with the most scans."""
    if not chosen:
        return {}
    most = max(chosen.values(), key=lambda pieces: sum(len(piece.scans) for piece in pieces))[0]
    kept = {name: pieces for name, pieces in chosen.items() if pieces[0].n_parcels == most.n_parcels}
    others = [
        f"{pieces[0].source} ({pieces[0].n_parcels} parcels)" for name, pieces in chosen.items() if name not in kept
    ]
    if others:
        notes.warning(
            f"Connectivity among other parcels than the {most.n_parcels} of {most.source} was left out; open it alone",
            others,
        )
    return kept
