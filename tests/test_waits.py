"""Tests in a browser wait for what is late, and never for a time."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

BROWSER = Path(__file__).parent / "browser"
PAUSES = {"sleep", "wait_for_timeout"}
#: In a script for the page: something done after so long, which is not at once.
CLOCK = re.compile(r"\bsetTimeout\([^;]*?,\s*[0_]*[1-9]")
#: Pauses that nothing can take the place of, by module. Some attempts to reach out never say how they end, so that
#: silence for a while is their outcome: two scripts, one for the page and one for the engine.
WITHOUT_A_SIGN = {"test_three_browsers": 2}


def bare_pauses(source: str) -> list[int]:
    """Lines of a source that pause outside a loop that asks for something."""
    tree = ast.parse(source)
    asked = {inner for node in ast.walk(tree) if isinstance(node, ast.While) for inner in ast.walk(node)}
    return [node.lineno for node in ast.walk(tree) if node not in asked and is_pause(node)]


def is_pause(node: ast.AST) -> bool:
    """Whether it pauses: a call by whatever way of naming it, or a script for the page that waits for the clock."""
    if isinstance(node, ast.Call):
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        return name in PAUSES
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(CLOCK.search(node.value))


@pytest.mark.parametrize("path", sorted(BROWSER.glob("*.py")), ids=lambda path: path.stem)
def test_no_browser_test_waits_for_a_time(path: Path) -> None:
    assert len(bare_pauses(path.read_text(encoding="utf-8"))) == WITHOUT_A_SIGN.get(path.stem, 0)


def test_a_pause_is_found_unless_it_is_part_of_a_loop_with_a_condition() -> None:
    assert bare_pauses("def f(page):\n    page.wait_for_timeout(600)") == [2]
    assert bare_pauses("for _ in range(9):\n    time.sleep(1)") == [2]
    assert bare_pauses("from time import sleep\nsleep(1)") == [2]
    assert bare_pauses('page.evaluate("new Promise((done) => setTimeout(done, 600))")') == [1]
    assert bare_pauses('page.evaluate("setTimeout(() => fail(), 0)")') == []
    assert bare_pauses("while not condition():\n    time.sleep(1)") == []
