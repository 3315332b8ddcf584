"""Tests in a browser wait for what is late, and never for a time."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

BROWSER = Path(__file__).parent / "browser"
PAUSES = {"sleep", "wait_for_timeout"}


def bare_pauses(source: str) -> list[int]:
    """Lines of a source that pause outside a loop that asks for something."""
    tree = ast.parse(source)
    asked = {inner for node in ast.walk(tree) if isinstance(node, ast.While) for inner in ast.walk(node)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in PAUSES
        and node not in asked
    ]


@pytest.mark.parametrize("path", sorted(BROWSER.glob("*.py")), ids=lambda path: path.stem)
def test_no_browser_test_waits_for_a_time(path: Path) -> None:
    assert bare_pauses(path.read_text(encoding="utf-8")) == []


def test_a_pause_is_found_unless_it_is_part_of_a_loop_with_a_condition() -> None:
    assert bare_pauses("def f(page):\n    page.wait_for_timeout(600)") == [2]
    assert bare_pauses("for _ in range(9):\n    time.sleep(1)") == [2]
    assert bare_pauses("while not condition():\n    time.sleep(1)") == []
