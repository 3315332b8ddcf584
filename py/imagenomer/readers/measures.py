"""Measures: what connectivity is called, by the kind of its values and the names of its files."""

from __future__ import annotations

import re

from imagenomer.readers.evidence.order import Kind

KINDS: dict[Kind | None, str] = {
    "r": "Pearson correlations",
    "z": "Fisher z",
    "partial": "partial correlations",
    "scaled": "of a scale that is not known (neither correlations nor Fisher z)",
    None: "of an unknown kind",
}
#: What is in names of files and is no name of a measure.
_NOT_NAMES = re.compile(r"\*|sub|ses|task|run|bold|relmat|conmat|matrix|mat|data|[0-9]{1,4}|[a-z]", re.IGNORECASE)


def measure_name(kind: Kind | None, file_name: str, answer: str | None = None) -> str:
    """Return what a measure is called: as answered, by its kind, else by the last word of its files' name.

    r and z of the same scans have one name, so that they are versions of one measure.
    """
    if answer:
        return answer
    if kind in ("r", "z"):
        return "fc"
    if kind == "partial" or "partial" in file_name.lower():
        return "partial"
    words = [word for word in re.split(r"[_\-. ]+", file_name) if word and not _NOT_NAMES.fullmatch(word)]
    words = [word for word in words if "*" not in word and "#" not in word]
    return words[-1] if words else "connectivity"
