"""Sources without their texts for readers: the same program, on the same lines."""

from __future__ import annotations

import ast

import pytest

from bare_source import bare
from runtime import ROOT

#: Of a fault with comments and documentation in all places that have some.
TEXT = '''"""Module.

More of it.
"""
# A comment, and # another.
A = "# not a comment"  # but this is


class Empty:
    """Nothing else."""


def function(x):
    """Say.

    # no comment either
    """
    text = """kept
    # kept too"""
    return text  # at the end


async def waits(): """On one line."""


def plain():
    "single quotes"
    return 1
'''


def without_documentation(source):
    """What `ast` finds of it, documentation apart."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:]
            if not isinstance(node, ast.Module) and not node.body:
                node.body = [ast.Pass()]
    return ast.dump(tree)


def lines_of(source):
    return [node.lineno for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.Return, ast.Assign))]


def test_texts_for_readers_are_gone_and_the_program_is_the_same():
    told = bare(TEXT)
    assert without_documentation(told) == without_documentation(TEXT)
    for word in ("Module", "Nothing else", "Say", "comment, and", "but this is", "at the end", "On one line", "single"):
        assert word not in told
    for word in ('"# not a comment"', "# kept too"):
        assert word in told


def test_lines_stay_where_they_are():
    told = bare(TEXT)
    assert told.count("\n") == TEXT.count("\n")
    assert lines_of(told) == lines_of(TEXT)


@pytest.mark.parametrize("path", sorted((ROOT / "site" / "ui").rglob("*.py")), ids=lambda path: path.name)
def test_every_module_of_the_interface_is_the_same_program_on_the_same_lines(path):
    source = path.read_text(encoding="utf-8")
    told = bare(source)
    assert without_documentation(told) == without_documentation(source)
    assert lines_of(told) == lines_of(source)
