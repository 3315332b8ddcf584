"""Numbers in words: a count agrees with its noun, and a minus sign is written by one helper, whoever writes it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted([*(ROOT / "py").rglob("*.py"), *(ROOT / "site" / "ui").rglob("*.py")])
#: A plural after a count, at most one word between; a verb that ends alike is none.
PLURAL = re.compile(r" (?:[a-z-]+ )?(?!(?:is|was|has|as)\b)(?:people|[a-z-]+[^s\W]s)\b")


def counts_with_a_fixed_plural(text: str) -> list[str]:
    """Return the counts, written with thousands separated, that have a plural after them whatever they are.

    A total ("3 of 1,200 edges") has been counted out of, and what only a programmer reads may say "1 subjects".
    """
    tree = ast.parse(text)
    bugs = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and ast.unparse(node.exc.func) == "ValueError"
        for inner in ast.walk(node)
    }
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.JoinedStr) or node in bugs:
            continue
        before = ""
        for part, after in zip(node.values, [*node.values[1:], None], strict=True):
            if isinstance(part, ast.FormattedValue) and isinstance(after, ast.Constant) and not before.endswith(" of "):
                is_count = part.format_spec is not None and "," in ast.unparse(part.format_spec)
                is_constant = isinstance(part.value, ast.Name) and part.value.id.isupper()
                if is_count and not is_constant and PLURAL.match(str(after.value)):
                    found.append(f"line {part.lineno}: {ast.unparse(part.value)}{after.value!r}")
            before = str(part.value) if isinstance(part, ast.Constant) else ""
    return found


def test_a_count_with_a_fixed_plural_is_found():
    text = """f"{n:,} edges"; f"{len(rows):,} more people."; f"{n:,.0f} distinct ways"; f"in {n:,} scans" """
    assert len(counts_with_a_fixed_plural(text)) == 4
    others = """f"{n:,} is"; f"{k} of {n:,} edges"; f"{MOST:,} levels"; f"{counted(n, 'edge')} differ" """
    assert counts_with_a_fixed_plural(others) == []
    assert counts_with_a_fixed_plural('raise ValueError(f"{n:,} rows")') == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(ROOT)))
def test_no_sentence_says_1_edges_or_1_people(source):
    assert counts_with_a_fixed_plural(source.read_text(encoding="utf-8")) == []


def minus_signs_by_hand(text: str) -> list[int]:
    """Return the lines that put a minus sign in the place of a hyphen themselves."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "replace"
        if len(node.args) == 2 and isinstance(node.args[1], ast.Constant) and "\u2212" in str(node.args[1].value)
    ]


def test_a_minus_sign_by_hand_is_found():
    assert minus_signs_by_hand('"-1".replace("-", "\u2212")\n"= -1".replace("= -", "= \u2212")') == [1, 2]
    assert minus_signs_by_hand('minus("-1").replace("a", "b")') == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(ROOT)))
def test_minus_signs_are_written_by_the_helper_of_wording(source):
    expected = 1 if source.name == "wording.py" else 0
    assert len(minus_signs_by_hand(source.read_text(encoding="utf-8"))) == expected
