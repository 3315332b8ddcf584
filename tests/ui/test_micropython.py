"""What holds of the page's logic under CPython holds in the interpreter that the page has.

The tests of this folder run in MicroPython too, the very build that the page loads, under Node.js. So they are written
in what both languages share: functions without fixtures, `assert`, and tables in loops.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
from pathlib import Path

import pytest

import program
import runtime

HERE = Path(__file__).parent
#: Those that compare the page with the package and its files, of which MicroPython has none.
NATIVE = {"test_border.py", "test_micropython.py", "test_package.py", "test_texts.py", "texts.py"}
FILES = [path for path in sorted(HERE.glob("*.py")) if path.name not in NATIVE]
TESTS = [
    f"{path.stem}.{statement.name}"
    for path in FILES
    for statement in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(statement, ast.FunctionDef) and statement.name.startswith("test_")
]

#: Runs all tests, and prints what each raised.
MAIN = """
import io, json, sys
for test in json.loads(TESTS):
    module, name = test.split(".")
    said = io.StringIO()
    try:
        getattr(__import__(module), name)()
    except Exception as error:
        sys.print_exception(error, said)
    print(json.dumps([test, said.getvalue()]))
"""


@pytest.fixture(scope="session")
def outcomes() -> dict[str, str]:
    """What each test raised in MicroPython; empty where it passed."""
    lock = runtime.read_lock()
    files = {path: entry for path, entry in lock["files"].items() if entry["source"] == "micropython"}
    try:
        folder = runtime.fetch_runtime({**lock, "files": files}) / "micropython"
        node = runtime.node()
    except runtime.RuntimeUnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no MicroPython to run this in: {error}")
    sources = {path.name: path.read_text(encoding="utf-8") for path in FILES}
    modules = program.interface_modules()
    sources |= {path: modules[path] for path in modules if path.startswith(("logic/", "imagenomer/"))}
    sources["main.py"] = MAIN.replace("TESTS", repr(json.dumps(TESTS)))
    ran = subprocess.run(
        [*node, str(HERE / "micropython.mjs"), str(folder)],
        input=json.dumps(sources).encode(),
        capture_output=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    return dict(json.loads(line) for line in ran.stdout.decode().splitlines())


@pytest.mark.parametrize("test", TESTS)
def test_it_holds_in_the_interpreter_of_the_page(test: str, outcomes: dict[str, str]) -> None:
    assert outcomes[test] == ""
