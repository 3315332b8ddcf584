"""Self-check: is the verdict right about cohorts whose truth is known, and do the tests keep their level?

    python3 build_scripts/self_check.py [--seeds 101-200] [--nulls 1000] [--processes 2] [--page]

Needs the environment that ``build_scripts/test.py`` makes. Each finished cohort is a line in ``.cache/self-check/``, so
that a stopped run resumes where it was; a change of any statistic starts afresh. ``--page`` writes the rates into
``site/docs/self-check.md``.

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
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "py"))

import null_cohorts  # noqa: E402
from imagenomer.analyses.confounds.evidence import judge  # noqa: E402
from imagenomer.analyses.confounds.words.terms import TITLES  # noqa: E402
from known_truths import EXPECTED, PERMUTATIONS, amiss, is_right, verdict  # noqa: E402
from null_cohorts import NULL_TESTS, rejections  # noqa: E402

CACHE = ROOT / ".cache" / "self-check"
PAGE = ROOT / "site" / "docs" / "self-check.md"
TEMPLATE = Path(__file__).with_name("self_check.template.md")
#: Go up with every change of what this script does in a cohort.
_VERDICTS_VERSION, _NULLS_VERSION = 2, 4
#: Rooms of analyses whose modules a verdict may need.
_ROOMS = ("imagenomer.analyses.confounds", "imagenomer.analyses.shared")
#: A row of the records: of one cohort.
Row = dict[str, Any]


# --- running ---------------------------------------------------------------------------------------


def fingerprint(version: int, files: Iterable[Path]) -> str:
    """Return a name for the state of the sources that some rates depend on."""
    digest = hashlib.sha256(str(version).encode())
    for path in sorted(files):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def needed_by(module: str) -> set[Path]:
    """Return the files of an analysis's module and of what it imports of its room and of what rooms share."""
    files: set[Path] = set()
    waiting = [module]
    while waiting:
        path = (ROOT / "py").joinpath(*waiting.pop().split(".")).with_suffix(".py")
        if path in files or not path.is_file():
            continue
        files.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_ROOMS):
                waiting += [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
    return files


def records() -> tuple[Path, Path]:
    """Return where the verdicts and the nulls of this state of the program are kept."""
    package = ROOT / "py" / "imagenomer"
    kernels = {*package.glob("statistics/**/*.py"), *package.glob("teaching/*.py")}
    nulls = fingerprint(_NULLS_VERSION, kernels)
    verdicts = fingerprint(_VERDICTS_VERSION, kernels | needed_by(judge.__module__))
    return CACHE / f"verdicts-{verdicts}.jsonl", CACHE / f"nulls-{nulls}.jsonl"


def run(tasks: Iterable[tuple[str, int]], processes: int, into: Path) -> dict[tuple[str, int], Row]:
    """Do what is not in the record yet, appending to it; return all of it."""
    done = {(row["what"], row["seed"]): row for row in _lines(into)}
    missing = [task for task in tasks if task not in done]
    into.parent.mkdir(parents=True, exist_ok=True)
    # Without the half line that a stopped run may have left.
    into.write_text("".join(json.dumps(row) + "\n" for row in done.values()), encoding="utf-8")
    with into.open("a", encoding="utf-8") as record, ProcessPoolExecutor(processes) as pool:
        waiting = [pool.submit(_do, *task) for task in missing]
        for number, future in enumerate(as_completed(waiting), 1):
            row = future.result()
            done[row["what"], row["seed"]] = row
            record.write(json.dumps(row) + "\n")
            record.flush()
            print(f"\r{number} of {len(missing)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return done


def _lines(path: Path) -> list[Row]:
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _do(what: str, seed: int) -> Row:
    return {"what": what, "seed": seed, **(rejections(seed) if what == "nulls" else verdict(what, seed))}


# --- the page --------------------------------------------------------------------------------------


def page(done: Mapping[tuple[str, int], Row], seeds: Iterable[int], n_nulls: int) -> str:
    """Return the page."""
    chosen = list(seeds)
    verdicts = ["| truth | right verdict | right | other verdicts (seeds) |", "|---|---|---|---|"]
    for truth, expected in EXPECTED.items():
        rows = {seed: done[truth, seed] for seed in chosen}
        wrong = {seed: row for seed, row in rows.items() if not is_right(truth, row)}
        said: dict[str, list[int]] = {}
        for seed, row in wrong.items():
            said.setdefault(amiss(truth, row), []).append(seed)
        listed = "; ".join(f"{what} ({', '.join(map(str, of))})" for what, of in sorted(said.items()))
        about = f" ({expected.cause})" if expected.cause else ""
        right = f"{len(rows) - len(wrong)} of {len(rows)}"
        verdicts.append(f"| {truth} | {TITLES[expected.overall]}{about} | {right} | {listed or '–'} |")
    counts: Counter[str] = Counter()
    for seed in range(1, n_nulls + 1):
        counts.update(done["nulls", seed]["rejected"])
    spread = 1.96 * np.sqrt(0.05 * 0.95 / n_nulls)
    nulls = ["| test | rejected | outside that interval |", "|---|---|---|"]
    for name, title in NULL_TESTS.items():
        rate = counts[name] / n_nulls
        beside = "below" if rate < 0.05 - spread else "above" if rate > 0.05 + spread else ""
        nulls.append(f"| {title} | {100 * rate:.1f} % | {beside} |")
    return TEMPLATE.read_text(encoding="utf-8").format(
        n_seeds=len(chosen),
        first=chosen[0],
        last=chosen[-1],
        permutations=PERMUTATIONS,
        verdicts="\n".join(verdicts),
        n_nulls=n_nulls,
        n_people=null_cohorts.SIZE.n_subjects,
        null_permutations=null_cohorts.PERMUTATIONS,
        low=5 - 100 * spread,
        high=5 + 100 * spread,
        nulls="\n".join(nulls),
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", default="101-200", metavar="FIRST-LAST", help="of the cohorts with a planted truth")
    parser.add_argument("--truths", default=",".join(EXPECTED), help="which of them")
    parser.add_argument("--nulls", type=int, default=1000, help="cohorts with nothing to find")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--page", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = parser.parse_args(arguments)
    first, last = (int(number) for number in options.seeds.split("-"))
    seeds, truths = range(first, last + 1), [name for name in options.truths.split(",") if name]
    for_verdicts, for_nulls = records()
    done = run([(truth, seed) for seed in seeds for truth in truths], options.processes, for_verdicts)
    done |= run([("nulls", seed) for seed in range(1, options.nulls + 1)], options.processes, for_nulls)
    for truth in truths:
        wrong = [(seed, amiss(truth, done[truth, seed])) for seed in seeds if not is_right(truth, done[truth, seed])]
        print(f"{truth:15}{len(seeds) - len(wrong):4} of {len(seeds)} right", *wrong, sep="\n    ")
    counts: Counter[str] = Counter()
    for seed in range(1, options.nulls + 1):
        counts.update(done["nulls", seed]["rejected"])
    for name in NULL_TESTS if options.nulls else ():
        print(f"{name:24}{100 * counts[name] / options.nulls:6.1f} %")
    if options.page:
        PAGE.write_text(page(done, seeds, options.nulls), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
