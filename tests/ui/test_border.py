"""What decides and what touches the page stay apart."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import program
import runtime

LOGIC = runtime.ROOT / "site" / "ui" / "logic"
#: What MicroPython has of Python's own library and the logic may use; nothing in it reaches a page.
HARMLESS = {"json"}
SHARED = [runtime.ROOT / "py" / "imagenomer" / name for name in program.SHARED]


def imports_of(source: str) -> set[str]:
    """Top-level names of the modules that a source imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0] if not node.level else "logic")
    return found


@pytest.mark.parametrize("path", sorted(LOGIC.rglob("*.py")), ids=lambda path: path.stem)
def test_what_decides_imports_nothing_that_touches_the_page(path: Path) -> None:
    assert imports_of(path.read_text(encoding="utf-8")) <= {"logic", "imagenomer", *HARMLESS}


@pytest.mark.parametrize("path", SHARED, ids=lambda path: path.stem)
def test_what_the_page_shares_with_the_package_imports_nothing(path: Path) -> None:
    assert imports_of(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    "line", ["import js", "from dom import h", "def late():\n    from pyscript.ffi import to_js", "import jsffi as ffi"]
)
def test_an_import_that_touches_the_page_is_found_wherever_it_stands(line: str) -> None:
    assert not imports_of(line) <= {"logic", *HARMLESS}
