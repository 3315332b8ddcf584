"""A stranger finds every room: no module needs itself by way of others, and none is longer than one sitting."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Where modules are found by their names; the last two are folders of scripts that import each other by bare name.
SOURCES = {"py": ROOT / "py", "build_scripts": ROOT / "build_scripts", "site/ui": ROOT / "site" / "ui"}

MODULE_LINES, FUNCTION_LINES = 400, 60

#: Imports, by who imports whom, that close a circle.
CIRCLES: set[tuple[str, str]] = set()

#: Longer than that. Take a line out once it is no longer needed; put one in only with a reason in developing.md.
LONG_MODULES: set[str] = set()
LONG_FUNCTIONS: set[str] = set()


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def trees(source: str) -> dict[str, tuple[Path, ast.Module]]:
    """Path and syntax tree of every module below a source, by its name."""
    found = {}
    for path in sorted(SOURCES[source].rglob("*.py")):
        parts = path.relative_to(SOURCES[source]).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path, ast.parse(path.read_text(encoding="utf-8"))
    return found


def imported(tree: ast.Module, known: set[str]) -> Iterator[str]:
    """Yield the known modules that a module names in its imports, wherever they stand.

    An import within a function or for type checkers only counts as well: two modules that cannot be read without each
    other are one, whenever they are loaded. What ``from package import name`` takes is the module of that name, if
    there is one, and otherwise the package.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in known or node.module in known:
                    yield full if full in known else str(node.module)


def test_no_module_needs_itself_by_way_of_others():
    arrows = set()
    for source in SOURCES:
        modules = trees(source)
        places = {name: named(path) for name, (path, _) in modules.items()}
        found = {(name, other) for name, (_, tree) in modules.items() for other in imported(tree, set(modules))}
        assert len(found) > len(modules) / 2, "the imports were not found"
        arrows |= {(places[name], places[other]) for name, other in found if other != name}
    assert circle(arrows - CIRCLES) == []
    for one in CIRCLES:
        assert one in arrows, "no longer needed"
        assert circle(arrows - CIRCLES | {one}), f"{one} closes no circle any more"


def circle(arrows: set[tuple[str, str]]) -> list[str]:
    """Return the modules of a circle, in the order in which they import each other; empty if there is none."""
    graph: dict[str, set[str]] = {}
    for importer, other in arrows:
        graph.setdefault(importer, set()).add(other)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as found:
        return list(reversed(found.args[1]))
    return []


def test_a_circle_is_found():
    assert circle({("a", "b"), ("b", "c"), ("a", "c")}) == []
    assert sorted(circle({("a", "b"), ("b", "c"), ("c", "b")})[1:]) == ["b", "c"]


def test_nothing_below_the_finder_of_analyses_asks_it_for_them():
    """Who calls `load_analyses` needs every room, which no import says; a room and what rooms share need none."""
    within = {name: tree for name, (_, tree) in trees("py").items() if name.startswith("imagenomer.analyses.")}
    finders = {name for name, tree in within.items() if finds_modules(tree, set(trees("py")))}
    assert len(within) > 100
    assert finders == set()
    assert finds_modules(ast.parse("from imagenomer.analyses import load_analyses"), {"imagenomer.analyses"})
    assert finds_modules(ast.parse("def f():\n    import importlib"), set())
    assert not finds_modules(ast.parse("from imagenomer.analyses.shared import sample"), {"imagenomer.analyses"})


def finds_modules(tree: ast.Module, known: set[str]) -> bool:
    """Whether a module imports others by way of one that finds them by being there."""
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return "imagenomer.analyses" in imported(tree, known) or bool(names & {"importlib", "pkgutil"})


def test_modules_are_short_but_for_those_that_are_named():
    paths = [path for source in SOURCES for path, _ in trees(source).values()]
    long = {named(path) for path in paths if len(path.read_text(encoding="utf-8").splitlines()) > MODULE_LINES}
    assert sorted(long - LONG_MODULES) == []
    assert sorted(LONG_MODULES - long) == [], "no longer needed"


def lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring, which tells shapes and units and may be long."""
    first = function.body[0]
    says = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if says else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def test_functions_are_short_but_for_those_that_are_named():
    long = {
        f"{named(path)}: {node.name}"
        for source in SOURCES
        for path, tree in trees(source).values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and lines(node) > FUNCTION_LINES
    }
    assert sorted(long - LONG_FUNCTIONS) == []
    assert sorted(LONG_FUNCTIONS - long) == [], "no longer needed"


def test_every_module_of_statistics_has_a_test_file_of_its_name():
    modules = {path.stem for path in (ROOT / "py" / "imagenomer" / "statistics").glob("*.py")} - {"__init__"}
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "statistics").glob("test_*.py")}
    assert sorted(modules - tests) == []
