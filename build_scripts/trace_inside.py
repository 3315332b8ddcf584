"""Use everything of the application once, and note which files that opens; runs inside Pyodide, see pack.py.

`use_all` also runs in the page, in tests: what it does must work on the traced files alone.
"""

import importlib
import json
import os
import sys
import zipfile
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

THEMES = ("light", "dark")
SHAPES = ("matrix", "networks", "ring", "brain")
#: Choices that few make and that need whole packages of their own: these stay where everything else is, so that nobody
#: waits for them with the first result. The browser tests of the analysis make them.
RARE = ("elastic-net",)
#: A cohort with enough for every analysis, and no more to wait for: people, atlas, tasks, variants.
SMALL = (60, "schaefer-100-7", ("nback", "rest"), 500)


class _UserFiles:
    """Files as the page hands them over."""

    def __init__(self, *contents: bytes) -> None:
        self._contents = contents
        self.sizes = [len(content) for content in contents]

    def read(self, index: int, start: int, stop: int) -> bytes:
        return self._contents[index][start:stop]


async def use_until_first_matrix(engine: Any) -> None:
    """Open the demo cohort, look at matrices, save it all and open what was saved."""
    overview = await _call(engine, "open_demo", size="quick", seed=1)
    measure = overview["measures"][0]["name"]
    await _call(engine, "catalog")
    await _call(engine, "overview")
    await _call(engine, "gallery", measure=measure, captions=[overview["phenotypes"][0]["name"]])
    await _call(engine, "matrix", source={"scan": 0, "measure": measure})
    await _call(engine, "paint", source={"scan": 0, "measure": measure}, limit=1, threshold=0.2)
    await _call(engine, "check_group", expression="age > 100")
    _, buffers = await engine.handle("save_bundle", "{}")
    await _call(engine, "open_files", _UserFiles(bytes(buffers["file"])), paths=["demo.zip"])


async def use_analyses(engine: Any) -> None:
    """Run every analysis with every choice of its form on the demo cohort, without figures."""
    overview = await _open_small(engine)
    for analysis, params in _choices(await _call(engine, "catalog"), overview):
        report = await _report(engine, analysis, params)
        if report is None:
            continue
        await _call(engine, "script", analysis=analysis, params=params)
        for view in report["views"]:
            if view["kind"] == "table":
                await _call(engine, "table", analysis=analysis, params=params, name=view["name"])
            elif view["kind"] == "matrix":
                source = {"analysis": analysis, "params": params, "array": view["array"]}
                await _call(engine, "matrix", source=source)
                if view["detail"]:
                    await _call(engine, "detail", analysis=analysis, params=params, edge=1)


async def _open_small(engine: Any) -> Any:
    """Open a small demo cohort, if it is not open already, and keep every result: what is drawn was computed before."""
    module: Any = importlib.import_module("imagenomer.analyses.shared.results")
    module.RESULTS = replace(module.RESULTS, capacity=1000)
    overview = await _call(engine, "overview")
    if overview["n_subjects"] != SMALL[0]:
        teaching: Any = importlib.import_module("imagenomer.teaching")
        teaching.SIZES = {**teaching.SIZES, "traced": teaching.Size(*SMALL)}
        overview = await _call(engine, "open_demo", size="traced", seed=1)
    return overview


async def _report(engine: Any, analysis: str, params: dict[str, Any]) -> Any:
    """Return a result, or None where the engine says why there is none."""
    errors = importlib.import_module("imagenomer.errors")
    try:
        return await _call(engine, "run", analysis=analysis, params=params)
    except errors.InputError:
        return None


async def _call(engine: Any, name: str, files: _UserFiles | None = None, /, **arguments: Any) -> Any:
    text, _ = await engine.handle(name, json.dumps(arguments), files)
    return json.loads(text)


async def use_shapes(engine: Any, *formats: str) -> None:
    """Draw a map in every shape in these formats."""
    overview = await _open_small(engine)
    source = {"scan": 0, "measure": overview["measures"][0]["name"]}
    for format_ in formats:
        for shape in SHAPES:
            await engine.handle("figure", json.dumps({"source": source, "view": shape, "format": format_}))


async def use_figures(engine: Any, *formats: str) -> None:
    """Draw every figure of every analysis in these formats, on light and on dark by turns, and maps in every shape."""
    catalog = await _call(engine, "catalog")
    overview = await _open_small(engine)
    await use_shapes(engine, *formats)
    seen: set[tuple[str, str]] = set()
    for analysis, params in _choices(catalog, overview, only="chart"):
        async for what in _figures(engine, analysis, params):
            # Another choice draws the same figures of other numbers.
            key = (analysis, what.get("name", "edge"))
            if key not in seen:
                theme = THEMES[len(seen) % len(THEMES)]
                seen.add(key)
                for format_ in formats:
                    await engine.handle("figure", json.dumps({**what, "format": format_, "theme": theme}))


async def _figures(engine: Any, analysis: str, params: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Yield the arguments of every figure of a result."""
    what = {"analysis": analysis, "params": params}
    report = await _report(engine, analysis, params)
    for view in report["views"] if report else ():
        if view["kind"] in ("figure", "points", "grid", "matrix"):
            yield {**what, "name": view["name"]}
        if view["kind"] == "matrix" and view["detail"]:
            yield {**what, "edge": 1}


def _choices(catalog: Any, overview: Any, only: str | None = None) -> list[tuple[str, dict[str, Any]]]:
    """Return each analysis with the defaults of its form, and with each option of each choice in turn.

    Left out are analyses of what the demo cohort does not have, and choices that are rare. ``only`` names the one field
    whose options are wanted.
    """
    special = ("maps", "permutations")
    lacking = {kind for kind in ("decompositions", "weights") if not overview[kind]}
    found = []
    for analysis in catalog:
        if lacking.intersection(analysis.get("needs", ())):
            continue
        for kind in ("number", "category"):
            fields = [field for field in analysis["fields"] if field["required"] or field["name"] in special]
            params: dict[str, Any] = {}
            for field in fields:
                params[field["name"]] = _chosen(field, kind, overview, params.values())
            found.append((analysis["name"], params))
        for field in analysis["fields"]:
            if field["marker"] == "Choice" and only in (None, field["name"]):
                values = [value for value, _ in field["options"] if value not in RARE]
                found += [(analysis["name"], {**found[-1][1], field["name"]: value}) for value in values]
    return found


def _chosen(field: Any, kind: str, overview: Any, taken: Iterable[Any]) -> Any:
    if field["marker"] == "MapsChoice":
        measure = overview["measures"][0]["name"]
        return [["A", {"scan": 0, "measure": measure}], ["B", {"scan": 1, "measure": measure}]]
    if field["control"] == "number":
        return field["minimum"]  # of permutations: the first opens what the others do
    if field["marker"] == "Text":
        return field["placeholder"]
    wanted = field["kind"] or kind
    names = [one["name"] for one in overview["phenotypes"] if one["kind"] == wanted]
    return next((name for name in names if name not in taken), names[0])


# --- tracing, at build time -----------------------------------------------------------------------

ZIP, STDLIB = "/lib/python314.zip", "/lib/python3.14"


class Trace:
    """Which files are opened from now on."""

    def __init__(self) -> None:
        self._files = {f"{folder}/{name}" for folder, _, names in os.walk(STDLIB) for name in names}
        self._opened: set[str] = set()
        sys.addaudithook(self._note)

    def _note(self, event: str, given: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(given[0], str):
            self._opened.add(given[0])

    def so_far(self) -> set[str]:
        """Return the files opened until now, and those of modules that Python started with."""
        origins = {getattr(getattr(module, "__spec__", None), "origin", None) for module in list(sys.modules.values())}
        # Shared objects bring others, which the linker opens.
        if any("/scipy/" in str(origin) for origin in origins):
            origins |= {path for path in self._files if "/scipy.libs/" in path}
        # What Python starts with came out of the archive, as sources.
        paths = {path.replace(f"{ZIP}/", f"{STDLIB}/") for path in self._opened | origins if path}
        compiled = {path + "c" if path.endswith(".py") else path for path in paths}
        ours = f"{STDLIB}/site-packages/imagenomer"
        return {path.removeprefix("/") for path in compiled & self._files if not path.startswith(ours)}


async def main(text: str) -> None:
    """Write what is opened first, by analyses, by figures, and by files to download, to /out/trace.json."""
    arguments = json.loads(text)
    # Here everything lies in folders.
    for archive in ("/library/compiled.zip", "/own/compiled.zip"):
        with zipfile.ZipFile(archive) as content:
            content.extractall("/")
    sys.path.remove(ZIP)
    tracing = Trace()
    for name, source in arguments["beside"].items():
        Path(f"{STDLIB}/site-packages/{name}").write_text(source, encoding="utf-8")
    glue: dict[str, Any] = {"__name__": "engine_glue"}
    exec(compile(arguments["glue"], "engine_glue.py", "exec"), glue)  # noqa: S102
    for name in arguments["imports"]:
        importlib.import_module(name)
    engine = importlib.import_module("imagenomer.engine").Engine()

    found: dict[str, list[str]] = {}
    known: set[str] = set()
    for stage, use in (
        ("library", use_until_first_matrix(engine)),
        ("statistics", use_analyses(engine)),
        ("figures", use_figures(engine, "svg", "png")),
        ("downloads", use_figures(engine, "pdf")),
    ):
        await use
        found[stage] = sorted(tracing.so_far() - known)
        known.update(found[stage])
    Path("/out/trace.json").write_text(json.dumps(found), encoding="utf-8")
