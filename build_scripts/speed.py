"""Measure what takes longest, and write the figures into the manual.

    python3 build_scripts/speed.py [--keep] [--page]

Needs the environment and the browser that ``build_scripts/test.py`` installs, and a machine with nothing else to do:
ratios hold on a busy one, seconds do not. Runs `tests/benchmarks/test_start.py` and `test_longest.py`, which leave
what they measured in ``.cache/benchmarks``, row by row, and prints the tables. ``--keep`` measures nothing and takes
what was measured last, even by a run that was stopped; ``--page`` writes the tables into ``site/docs/benchmarks.md``,
between the marks that name them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / ".cache" / "benchmarks"
PAGE = ROOT / "site" / "docs" / "benchmarks.md"
TESTS = ("tests/benchmarks/test_start.py", "tests/benchmarks/test_longest.py")

#: Milliseconds of each time that something was done, by what it was.
Times = Mapping[str, Sequence[float]]

#: Seconds in the page when the goals were set, on the machine of then with nothing else running, and the goal. What
#: holds on another machine is their ratio.
GOALS = {
    "max-T, 1,000 permutations, 5 covariates": (3.3, 1.3),
    "NBS, 213 people, 1,000 permutations": (5.6, 2.5),
    "TFCE, 213 people, 1,000 permutations": (12.4, 6),
    "networks, enrichment, 1,000 permutations": (4.9, 2.5),
    "association, Spearman, first": (3.1, 1.5),
    "variants, logistic, 5 covariates": (1.2, 0.7),
    "variants, max-T, 1,000 permutations": (19, 7),
    "prediction, 20 x 80:20, first": (4.6, 1.5),
    "prediction, covariates taken out": (2.3, 0.8),
    "prediction, logistic": (14, 5),
    "prediction, inner folds": (6.5, 2.5),
    "prediction, ComBat in each split": (57, 14),
    "prediction, elastic net, 5 folds": (45, 20),
    "quality control, 2,490 scans": (10.4, 5),
    "confound report, all candidates": (31, 12),
    "make the demo cohort, full": (1.9, 0.8),
}
#: Of the unmodified time.
START_GOALS = {"first matrix of the demo": 0.25, "first figure": 0.3, "everything loaded": 0.3}
#: Milliseconds that a step may take in one piece.
PIECE = 50


def keep(name: str, record: Mapping[str, Any]) -> None:
    """Write down what was measured, and how busy the machine was."""
    RECORDS.mkdir(parents=True, exist_ok=True)
    # Windows tells no load.
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    machine = {"processors": os.cpu_count(), "load": load}
    (RECORDS / f"{name}.json").write_text(json.dumps({**record, "machine": machine}), encoding="utf-8")


def kept(name: str) -> Any:
    """Return what was measured last.

    Raises
    ------
    SystemExit
        If nothing was.
    """
    path = RECORDS / f"{name}.json"
    if not path.is_file():
        raise SystemExit(f"Nothing was measured yet: {path.relative_to(ROOT)} is not there; leave out --keep")
    return json.loads(path.read_text(encoding="utf-8"))


# --- tables ----------------------------------------------------------------------------------------


def longest(record: Mapping[str, Any]) -> str:
    """Return the seconds of each row before and now, in the page and natively, their ratios and the goal's.

    What a run that was stopped has not measured is left empty.
    """
    rows = []
    for stage in record["page"]["now"]:
        if stage in record["page"]["products"]:
            continue
        cells = [stage]
        for place in ("page", "native"):
            times = record.get(place, {"now": {}})
            if stage in times["now"]:
                before, now = (min(times[way][stage]) / 1000 for way in ("before", "now"))
                cells += [_seconds(before), _seconds(now), f"{now / before:.2f}"]
            else:
                cells += ["", "", ""]
        then, goal = GOALS.get(stage, (1, None))
        cells.insert(4, "" if goal is None else f"{goal / then:.2f}")
        rows.append(cells)
    head = ("work", "page before, s", "now", "ratio", "goal, ratio", "native before, s", "now", "ratio")
    return f"{_table(head, rows)}\n\n{_machine(record)}"


def products(record: Mapping[str, Any]) -> str:
    """Return the milliseconds of the products themselves and of what is done beside them, before and now."""
    rows = []
    for stage, billions in record["page"]["products"].items():
        before, now = (min(record["page"][way][stage]) for way in ("before", "now"))
        speeds = ("", "") if billions is None else (f"{1000 * billions / before:.1f}", f"{1000 * billions / now:.1f}")
        rows.append((stage, _milliseconds(before), _milliseconds(now), f"{now / before:.2f}", *speeds))
    head = ("in the page", "before, ms", "now, ms", "ratio", "before, GF/s", "now, GF/s")
    return _table(head, rows)


def pieces(record: Mapping[str, Any]) -> str:
    """Return the steps that take more than 50 ms in one piece, the longest first."""
    every = [
        (milliseconds, stage, step) for stage, steps in record["pieces"].items() for step, milliseconds in steps.items()
    ]
    long = sorted((piece for piece in every if piece[0] > PIECE), reverse=True)
    rows = [(stage, step, f"{milliseconds:,.0f}") for milliseconds, stage, step in long]
    steps = f"Of {len(every)} steps of {len(record['pieces'])} analyses"
    count = f"{steps}, {len(long)} take more than {PIECE} ms in one piece."
    return f"{count}\n\n{_table(('work', 'step', 'longest piece, ms'), rows)}" if rows else count


def start(record: Mapping[str, Any]) -> str:
    """Return the seconds until each stage of the start, ours and those of Pyodide as it comes."""
    rows = []
    for stage, times in record["ours"].items():
        ours = statistics.median(times)
        cells = (stage, f"{ours / 1000:.2f}")
        if stage in record["theirs"]:
            theirs = statistics.median(record["theirs"][stage])
            goal = START_GOALS.get(stage)
            rows.append((*cells, f"{theirs / 1000:.2f}", f"{ours / theirs:.2f}", "" if goal is None else f"{goal:.2f}"))
        else:
            rows.append((*cells, "", "", ""))
    head = ("after opening the link, s", "page", "unmodified", "ratio", "goal")
    return f"{_table(head, rows)}\n\n{_machine(record)}"


#: The tables of the page: by their mark, the record that each is of, and how it is written.
BLOCKS: dict[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "longest": ("longest", longest),
    "products": ("longest", products),
    "pieces": ("longest", pieces),
    "start": ("start", start),
}


def filled(text: str, blocks: Mapping[str, str]) -> str:
    """Put tables where their marks are in the text of the page.

    Raises
    ------
    ValueError
        If a mark is missing or stands there twice.
    """
    for name, table in blocks.items():
        mark = re.compile(rf"^<!-- {name} -->\n(.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL)
        if len(mark.findall(text)) != 1:
            raise ValueError(f"{PAGE.name} has no place for {name!r}, or several: <!-- {name} --> … <!-- end -->")
        start, stop = next(mark.finditer(text)).span(1)
        text = f"{text[:start]}{table}\n{text[stop:]}"
    return text


def _seconds(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def _milliseconds(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def _machine(record: Mapping[str, Any]) -> str:
    machine = record["machine"]
    load = "" if machine["load"] is None else f", load {machine['load']:.1f} at the end"
    return f"{machine['processors']} processors{load}."


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    is_number = [all(re.fullmatch(r"[\d,.]*", row[column]) for row in rows) for column in range(len(head))]
    rule = "|".join("--:" if number else "---" for number in is_number)
    lines = [f"| {' | '.join(head)} |", f"|{rule}|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


# --- measuring -------------------------------------------------------------------------------------


def measure() -> None:
    """Run the tests that measure.

    Raises
    ------
    SystemExit
        If one of them fails.
    """
    line = [sys.executable, "-m", "pytest", *TESTS, "--benchmark-enable", "-q"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "py"), "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"}
    if subprocess.run(line, cwd=ROOT, env=environment).returncode:
        raise SystemExit("Not everything was measured; the page stays as it is")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keep", action="store_true", help="measure nothing: take what was measured last")
    parser.add_argument("--page", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = parser.parse_args(arguments)
    if not options.keep:
        measure()
    blocks = {name: table(kept(record)) for name, (record, table) in BLOCKS.items()}
    print("\n\n".join(blocks.values()))
    if options.page:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), blocks), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
