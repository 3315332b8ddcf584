"""Sources for the page's interpreter without their texts for readers, which nobody reads there.

The user interface goes to the page as source, and a quarter of it, compressed, was documentation. Lines stay where they
are, so that the report of a fault names the line of the source.
"""

from __future__ import annotations

import ast
import io
import tokenize

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def bare(source: str) -> str:
    """Return a source without comments, and without the documentation of modules, classes and functions.

    Parameters
    ----------
    source : str
        Of Python.

    Returns
    -------
    str
        As many lines, each statement on its own.
    """
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            text = node.body[0]
            end = text.end_lineno or text.lineno
            before = lines[text.lineno - 1].encode()[: text.col_offset].decode()
            alone = len(node.body) == 1 and not isinstance(node, ast.Module)
            first = f"{before}pass" if alone else before.rstrip()
            lines[text.lineno - 1 : end] = [first, *[""] * (end - text.lineno)]
    return "\n".join(lines) + "\n"
