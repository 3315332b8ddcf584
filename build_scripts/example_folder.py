"""The example folder of "Get your data in": a small cohort as people keep theirs, drawn from a seed.

    python3 build_scripts/example_folder.py FOLDER

Twenty-four people, ten parcels: a table, a matrix for each person, and the names and places of the parcels. Needs the
standard library only; the same program gives the same bytes.
"""

from __future__ import annotations

import io
import math
import random
import sys
import zipfile
from pathlib import Path

NAME = "imagenomer-example"
N_PEOPLE = 24
N_VOLUMES = 80
PARCELS = (
    ("Left visual", -12, -88, 4, "Visual"),
    ("Right visual", 12, -88, 4, "Visual"),
    ("Left motor", -40, -22, 54, "Motor"),
    ("Right motor", 40, -22, 54, "Motor"),
    ("Left frontal", -36, 38, 26, "Control"),
    ("Right frontal", 36, 38, 26, "Control"),
    ("Left parietal", -44, -54, 42, "Control"),
    ("Right parietal", 44, -54, 42, "Control"),
    ("Left temporal", -54, -20, -8, "Temporal"),
    ("Right temporal", 54, -20, -8, "Temporal"),
)
_NETWORKS = sorted({network for *_, network in PARCELS})


def files() -> dict[str, str]:
    """Return the texts of the files, by their paths in the folder."""
    rng = random.Random(20261130)
    rows, made = [["id", "age", "sex", "site", "score"]], {}
    for number in range(1, N_PEOPLE + 1):
        age, score = rng.randint(18, 60), rng.gauss(100, 12)
        shown = "" if number == 7 else f"{score:.1f}"
        rows.append([f"{number:02}", str(age), rng.choice("FM"), "Leeds" if number % 3 else "Oslo", shown])
        matrix = _matrix(rng, 0.5 + (score - 100) / 60)
        made[f"connectivity/sub-{number:02}.csv"] = _lines([[f"{value:.4f}" for value in row] for row in matrix], ",")
    atlas = [["label", "x", "y", "z", "network"], *([str(part) for part in parcel] for parcel in PARCELS)]
    return {"phenotypes.csv": _lines(rows, ","), "atlas.tsv": _lines(atlas, "\t"), **made}


def _lines(rows: list[list[str]], delimiter: str) -> str:
    return "".join(delimiter.join(row) + "\n" for row in rows)


def _matrix(rng: random.Random, control: float) -> list[list[float]]:
    """Return the correlations of signals that share one of their network; ``control`` is how much that one weighs."""
    signals: list[list[float]] = [[] for _ in PARCELS]
    for _ in range(N_VOLUMES):
        shared = {network: rng.gauss(0, 1) for network in _NETWORKS}
        for signal, (*_place, network) in zip(signals, PARCELS, strict=True):
            weight = control if network == "Control" else 0.7
            signal.append(weight * shared[network] + rng.gauss(0, 1))
    centred = [[value - sum(signal) / N_VOLUMES for value in signal] for signal in signals]
    lengths = [math.sqrt(sum(value * value for value in signal)) for signal in centred]
    return [
        [sum(a * b for a, b in zip(one, other, strict=True)) / (length * width)
         for other, width in zip(centred, lengths, strict=True)]
        for one, length in zip(centred, lengths, strict=True)
    ]  # fmt: skip


def archive() -> bytes:
    """Return the folder as a zip."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for path, text in files().items():
            info = zipfile.ZipInfo(f"{NAME}/{path}")  # of a fixed date: the same bytes each time
            info.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(info, text)
    return content.getvalue()


def main(arguments: list[str] | None = None) -> int:
    """Write the folder."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 1:
        print("usage: python3 build_scripts/example_folder.py FOLDER", file=sys.stderr)
        return 2
    for path, text in files().items():
        target = Path(given[0]) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
