"""Test ImageNomer: lint, types, layers, and all tests, the page in a browser included.

    python3 build_scripts/test.py [--fast | --benchmarks] [--coverage] [arguments of pytest]

Makes ``.venv`` with the pinned versions of pyproject.toml, and finds or installs Chromium, Firefox and WebKitGTK. With
``CI`` set, what is missing on the machine fails instead of skipping tests. Tests that need no browser run first, and
their coverage is measured (from Python 3.12 on, or with ``--coverage``); the others follow. Each has two processes;
what arguments of pytest select has one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import archives
import browsers
import runtime

ROOT = runtime.ROOT
HOME = ROOT / ".venv"
CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports",),
)
#: Two processes, each of which has whole files to itself: their fixtures are costly. The order is that of conftest.py.
PARALLEL = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
#: Of the package, with the floor that pyproject.toml names. Before Python 3.12 every line calls a tracer, which doubles
#: the time of what runs much Python; from then on it costs next to nothing.
IS_COVERAGE_CHEAP = sys.version_info >= (3, 12)
COVERAGE = ["--cov", "--cov-report=term"]


def prepare_environment() -> Path:
    """Return the interpreter of ``.venv``, with exactly the pinned versions installed."""
    python = archives.venv_python(HOME)
    stamp = HOME / "installed.txt"
    with (ROOT / "pyproject.toml").open("rb") as file:
        pins: list[str] = tomllib.load(file)["dependency-groups"]["test"]
    wanted = "\n".join([sys.version, *pins])
    if python.exists() and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    if not python.exists():
        print(f"Making {HOME}", flush=True)
        try:
            venv.create(HOME, with_pip=True)
        except subprocess.CalledProcessError:  # Debian leaves pip out of Python's own library
            if not browsers.install_debian("python3-venv"):
                raise SystemExit("Python cannot make a virtual environment; install python3-venv") from None
            venv.create(HOME, with_pip=True, clear=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *pins], check=True)
    stamp.write_text(wanted, encoding="utf-8")
    return python


def prepare_chromium(python: Path) -> str:
    """Return the path of a Chromium, installed if need be."""
    found = browsers.find_chromium() or browsers.playwright_chromium(python)
    if found is None and browsers.install_debian("chromium"):
        found = browsers.find_chromium()
    found = found or browsers.playwright_chromium(python, install=True)
    if found is None:
        raise SystemExit(
            "The browser tests need Chromium, and it could not be installed; install Chromium or Google Chrome, or set "
            "CHROMIUM to where it is. `--fast` leaves the browser out."
        )
    return found


def prepare_other_browsers() -> None:
    """Install Firefox and WebKitGTK where that is possible; their tests are skipped without them, but not in CI."""
    for name, find, packages in (
        ("Firefox", browsers.find_firefox, ("firefox-esr",)),
        ("WebKitGTK", browsers.find_webkit, ("webkit2gtk-driver", "xvfb")),
    ):
        if find() or (browsers.install_debian(*packages) and find()):
            continue
        message = f"{name} (Debian: {' '.join(packages)}) is not on this machine and could not be installed"
        if os.environ.get("CI"):
            raise SystemExit(f"{message}, and the tests need it. `--fast` leaves the browsers out.")
        print(f"{message}: its tests are skipped", flush=True)


def prepare_oracles() -> None:
    """Install PLINK where that is possible; its tests are skipped without it, but not in CI."""
    missing = [program for program in ("plink1.9", "plink2") if not shutil.which(program)]
    if missing and not browsers.install_debian(*missing) and os.environ.get("CI"):
        raise SystemExit(f"{' and '.join(missing)} could not be installed, and the tests compare with them")


def compile_for_the_page(python: Path, environment: dict[str, str]) -> str:
    """Fill the cache: compiling takes minutes the first time, which no test should wait for; they report what fails.

    Returns what was printed.
    """
    line = [str(python), "-c", "import program; program.make_program()"]
    done = subprocess.run(line, cwd=ROOT / "build_scripts", env=environment, capture_output=True, text=True)
    return f"{done.stdout}{done.stderr}"


def main() -> int:
    """Run everything, and return 0 if all of it passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--fast", action="store_true", help="leave out the browser and the slow tests")
    which.add_argument("--benchmarks", action="store_true", help="run tests/benchmarks, and nothing else")
    parser.add_argument("--coverage", action="store_true", help="measure coverage whatever it costs")
    arguments, for_pytest = parser.parse_known_args()

    python = prepare_environment()
    # Files of tests are UTF-8 on Windows too, as Python will have it by itself from 3.15 on.
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "py"), "PYTHONUTF8": "1"}
    if not arguments.fast:
        environment["CHROMIUM"] = prepare_chromium(python)
        prepare_other_browsers()
        prepare_oracles()

    failed = []
    with ThreadPoolExecutor(1) as beside:
        everything = not (arguments.benchmarks or for_pytest)
        compiled = beside.submit(compile_for_the_page, python, environment) if everything else None
        for check in CHECKS if not arguments.benchmarks else ():
            print(f"--- {' '.join(check)}", flush=True)
            program = shutil.which(check[0], path=str(python.parent)) or check[0]
            if subprocess.run([program, *check[1:]], cwd=ROOT, env=environment).returncode != 0:
                failed.append(" ".join(check))
        if compiled is not None:
            print(f"--- compile for the page\n{compiled.result()}", flush=True)

    if arguments.benchmarks:
        selection = ["tests/benchmarks", "--benchmark-enable", "--benchmark-group-by=group", "--benchmark-sort=min"]
        runs = [[*selection, "--benchmark-columns=min,median,rounds"]]
    else:
        # The threads of two processes, or of one beside a browser, would wait for each other.
        environment.setdefault("OPENBLAS_NUM_THREADS", "1")
        if IS_COVERAGE_CHEAP:
            environment.setdefault("COVERAGE_CORE", "sysmon")
        if for_pytest:
            runs = [["-m", "not slow and not browser"] if arguments.fast else []]
        else:
            covered = COVERAGE if IS_COVERAGE_CHEAP or arguments.coverage else []
            fast, others = ["-m", "not slow and not browser", *PARALLEL], ["-m", "not browser", *PARALLEL, *covered]
            # Browsers have to answer in time, so their tests share the machine with no others.
            runs = [fast] if arguments.fast else [others, ["-m", "browser", *PARALLEL]]

    for run in runs:
        line = ["pytest", *run, *for_pytest]
        print(f"--- {' '.join(line)}", flush=True)
        if subprocess.run([python, "-m", *line], cwd=ROOT, env=environment).returncode != 0:
            failed.append(" ".join(line))
    if failed:
        print(f"failed: {'; '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
