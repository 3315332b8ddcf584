"""Self-check: is the verdict right about cohorts whose truth is known, and do the tests keep their level?

    python3 build_scripts/self_check.py [--seeds 101-200] [--flips 200] [--nulls 1000] [--processes 2] [--minutes M]
        [--page]

Needs the environment that ``build_scripts/test.py`` makes. Each finished cohort is a line in ``.cache/self-check/``, so
that a stopped run resumes where it was: with ``--minutes`` a hundred seeds are gathered over several sessions. A change
of a module that the results come from starts afresh, unless only its comments and documentation changed. Seeds are done
one after another, each of all truths, so that what is there is about the same seeds of each. ``--page`` writes the
rates into ``site/docs/self-check.md``, where ``--nulls 0`` keeps the rates of other tests as they are on the page.

Seeds 1 to 30 are for whoever changes a rule and wants to see its effect. The page is about seeds that were not used
to choose rules and strengths.
"""

from __future__ import annotations

import os

# One thread for each process: cohorts are spread over processes, and matrices are small.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import ast
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "py"))

import null_cohorts  # noqa: E402
from imagenomer.analyses.confounds.evidence import judge  # noqa: E402
from known_truths import EXPECTED, PERMUTATIONS, PLANTED, TEACHING, amiss, is_right, verdict  # noqa: E402
from null_cohorts import FLIPPED, LOOKS, NULL_TESTS, flip_rejections, rejections  # noqa: E402

CACHE = ROOT / ".cache" / "self-check"
PAGE = ROOT / "site" / "docs" / "self-check.md"
TEMPLATE = Path(__file__).with_name("self_check.template.md")
#: Go up with every change of what this script does in a cohort.
_VERDICTS_VERSION, _NULLS_VERSION = 3, 5
#: Modules that are looked through for what results may come from.
_FOLLOWED = (
    "imagenomer.analyses.confounds",
    "imagenomer.analyses.shared",
    "imagenomer.statistics",
    "planted_cohorts",
    "connectivity_noise",
)
#: What sign flips of a truth are called in the records, before its name.
_FLIPS = "flips: "
#: A row of the records: of one cohort.
Row = dict[str, Any]


# --- running ---------------------------------------------------------------------------------------


def fingerprint(version: int, files: Iterable[Path]) -> str:
    """Return a name for the state of the sources that some rates depend on, whatever their comments say."""
    digest = hashlib.sha256(str(version).encode())
    for path in sorted(files):
        digest.update(_code_of(path.read_text(encoding="utf-8")).encode())
    return digest.hexdigest()[:12]


def _code_of(text: str) -> str:
    """Return what a module does: its code without comments, documentation and layout."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Pass()
    return ast.unparse(tree)


def needed_by(*modules: str) -> set[Path]:
    """Return the files of modules and of what they import: of the confound report, of what rooms share, of kernels."""
    files: set[Path] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        folder = ROOT / "py" if name.startswith("imagenomer") else ROOT / "build_scripts"
        path = folder.joinpath(*name.split(".")).with_suffix(".py")
        if path in files or not path.is_file():
            continue
        files.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_FOLLOWED):
                waiting += [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
    return files


def records() -> tuple[Path, Path]:
    """Return where the verdicts and the nulls of this state of the program are kept."""
    teaching = set((ROOT / "py" / "imagenomer" / "teaching").glob("*.py"))
    nulls = fingerprint(_NULLS_VERSION, teaching | needed_by("null_cohorts", "planted_cohorts"))
    verdicts = fingerprint(_VERDICTS_VERSION, teaching | needed_by(judge.__module__, "planted_cohorts"))
    return CACHE / f"verdicts-{verdicts}.jsonl", CACHE / f"nulls-{nulls}.jsonl"


def run(
    tasks: Iterable[tuple[str, int]], processes: int, into: Path, until: float = float("inf")
) -> dict[tuple[str, int], Row]:
    """Do what is not in the record yet, appending to it, and begin nothing after a time; return all of it."""
    done = {(row["what"], row["seed"]): row for row in _lines(into)}
    missing = [task for task in tasks if task not in done]
    into.parent.mkdir(parents=True, exist_ok=True)
    # Without the half line that a stopped run may have left.
    into.write_text("".join(json.dumps(row) + "\n" for row in done.values()), encoding="utf-8")
    with into.open("a", encoding="utf-8") as record, ProcessPoolExecutor(processes) as pool:
        waiting: set[Future[Row]] = set()
        left, number = iter(missing), 0
        while True:
            while len(waiting) < processes and time.monotonic() < until and (task := next(left, None)) is not None:
                waiting.add(pool.submit(_do, *task))
            if not waiting:
                break
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                row = future.result()
                done[row["what"], row["seed"]] = row
                record.write(json.dumps(row) + "\n")
                record.flush()
                number += 1
            print(f"\r{number} of {len(missing)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return done


def _lines(path: Path) -> list[Row]:
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _do(what: str, seed: int) -> Row:
    if what == "nulls":
        found = rejections(seed)
    elif what.startswith(_FLIPS):
        found = flip_rejections(what.removeprefix(_FLIPS), seed)
    else:
        found = verdict(what, seed)
    return {"what": what, "seed": seed, **found}


# --- the page --------------------------------------------------------------------------------------


def page(done: Mapping[tuple[str, int], Row], seeds: Iterable[int], n_flips: int, n_nulls: int) -> str:
    """Return the page."""
    chosen = list(seeds)
    tables = {}
    for kind, truths in (("teaching", TEACHING), ("planted", PLANTED)):
        lines = ["| truth | right verdict | right | other verdicts (seeds) |", "|---|---|---|---|"]
        lines += [_line(truth, {seed: done[truth, seed] for seed in chosen}) for truth in truths]
        tables[kind] = "\n".join(lines)
    return TEMPLATE.read_text(encoding="utf-8").format(
        n_seeds=len(chosen),
        first=chosen[0],
        last=chosen[-1],
        at_least=100 * 0.05 ** (1 / len(chosen)),
        permutations=PERMUTATIONS,
        **tables,
        n_flips=n_flips,
        flip_low=5 - 100 * _spread(n_flips),
        flip_high=5 + 100 * _spread(n_flips),
        flips=_flips(done, n_flips),
        null_permutations=null_cohorts.PERMUTATIONS,
        nulls=_nulls(done, n_nulls) if n_nulls else _nulls_on_the_page(),
    )


def _flips(done: Mapping[tuple[str, int], Row], n: int) -> str:
    """Return the table of how often sign flips reject a null hypothesis that is true."""
    lines = [f"| cohorts | {' | '.join(LOOKS.values())} |", f"|---|{'---|' * len(LOOKS)}"]
    for truth in FLIPPED:
        counts: Counter[str] = Counter()
        for seed in range(1, n + 1):
            counts.update(done[_FLIPS + truth, seed]["rejected"])
        lines.append(f"| {truth} | {' | '.join(f'{100 * counts[look] / n:.1f} %' for look in LOOKS)} |")
    return "\n".join(lines)


def _nulls(done: Mapping[tuple[str, int], Row], n: int) -> str:
    """Return what is said of the other tests, with their table."""
    counts: Counter[str] = Counter()
    for seed in range(1, n + 1):
        counts.update(done["nulls", seed]["rejected"])
    spread = _spread(n)
    lines = [
        f"Share of {n:,} cohorts ({null_cohorts.SIZE.n_subjects} subjects, 4,950 edges, {null_cohorts.PERMUTATIONS} "
        "permutations) in which a test gives p ≤ .05 although",
        "the null hypothesis is true. It should be 5 %; chance alone gives between "
        f"{5 - 100 * spread:.1f} and {5 + 100 * spread:.1f} % in 19 of 20 rows.",
        "",
        "| test | rejected | outside that interval |",
        "|---|---|---|",
    ]
    for name, title in NULL_TESTS.items():
        rate = counts[name] / n
        beside = "below" if rate < 0.05 - spread else "above" if rate > 0.05 + spread else ""
        lines.append(f"| {title} | {100 * rate:.1f} % | {beside} |")
    return "\n".join(lines)


def _nulls_on_the_page() -> str:
    """Return what the page says of the other tests: up to the end of the table, as `_nulls` made it."""
    text = PAGE.read_text(encoding="utf-8")
    start = text.index("Share of ", text.index("## Do the other tests"))
    return text[start : text.index("\n\n", text.index("| test |", start))]


def _spread(n: int) -> float:
    """Return by how much a rate of .05 in so many cohorts differs from it in 19 of 20."""
    return float(1.96 * np.sqrt(0.05 * 0.95 / n))


def _line(truth: str, rows: Mapping[int, Row]) -> str:
    """Return what a table says of the cohorts of a truth, by seed."""
    expected = EXPECTED[truth]
    said: dict[str, list[int]] = {}
    for seed, row in rows.items():
        if not is_right(truth, row):
            said.setdefault(amiss(truth, row), []).append(seed)
    listed = "; ".join(f"{what} ({', '.join(map(str, of))})" for what, of in sorted(said.items()))
    about = f" ({', '.join(expected.causes)})" if expected.causes else ""
    n_right = len(rows) - sum(map(len, said.values()))
    return f"| {truth} | {' or '.join(expected.overall)}{about} | {n_right} of {len(rows)} | {listed or '–'} |"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", default="101-200", metavar="FIRST-LAST", help="of the cohorts with a planted truth")
    parser.add_argument("--truths", default=";".join(EXPECTED), help="which of them, between semicolons")
    parser.add_argument("--flips", type=int, default=200, help="cohorts of each kind without an association")
    parser.add_argument("--nulls", type=int, default=1000, help="cohorts with nothing to find, for the other tests")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no cohort after so many")
    parser.add_argument("--page", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = parser.parse_args(arguments)
    first, last = (int(number) for number in options.seeds.split("-"))
    seeds, truths = range(first, last + 1), [name for name in options.truths.split(";") if name]
    for_verdicts, for_nulls = records()
    for_flips = for_nulls.with_name(for_nulls.name.replace("nulls", "flips"))
    until = time.monotonic() + 60 * options.minutes
    verdicts = [(truth, seed) for seed in seeds for truth in truths]
    flips = [(_FLIPS + truth, seed) for seed in range(1, options.flips + 1) for truth in FLIPPED]
    nulls = [("nulls", seed) for seed in range(1, options.nulls + 1)]
    done = run(verdicts, options.processes, for_verdicts, until)
    done |= run(flips, options.processes, for_flips, until)
    done |= run(nulls, options.processes, for_nulls, until)
    for truth in truths:
        known = [seed for seed in seeds if (truth, seed) in done]
        wrong = [(seed, amiss(truth, done[truth, seed])) for seed in known if not is_right(truth, done[truth, seed])]
        print(f"{truth:45}{len(known) - len(wrong):4} of {len(known)} right", *wrong, sep="\n    ")
    missing = [task for task in (*verdicts, *flips, *nulls) if task not in done]
    if missing:
        print(
            f"{len(missing):,} of {len(verdicts) + len(flips) + len(nulls):,} cohorts are left; run it again for them"
        )
        return 1 if options.page else 0
    for table in (
        _flips(done, options.flips) if options.flips else "",
        _nulls(done, options.nulls) if options.nulls else "",
    ):
        print(table)
    if options.page:
        PAGE.write_text(page(done, seeds, options.flips, options.nulls), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
