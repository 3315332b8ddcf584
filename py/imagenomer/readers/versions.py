"""Versions: of one measure of the same scans one is chosen by a rule, so that a scan never counts twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from imagenomer.cohort import natural_key
from imagenomer.readers.claims import Connectivity
from imagenomer.readers.notes import Notes
from imagenomer.readers.recipe import Recipe

#: Said where a choice was made.
RULE = "the version with names of subjects, then with the most scans, then as correlations, then with names of parcels"


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
