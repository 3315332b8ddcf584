"""Use everything of the application once, and note which files that opens; runs inside Pyodide, see pack.py.

`use_all` also runs in the page, in tests: what it does must work on the traced files alone.
"""

import importlib
import json
import os
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

THEMES = ("light", "dark")


class _Chosen:
    """Files as the page hands them over."""

    def __init__(self, *contents: bytes) -> None:
        self._contents = contents
        self.sizes = [len(content) for content in contents]

    def read(self, index: int, start: int, stop: int) -> bytes:
        return self._contents[index][start:stop]


async def use_without_figures(engine: Any) -> None:
    """Open the demo cohort, look at matrices, run every analysis with every choice of its form, and save it all."""

    async def call(name: str, files: _Chosen | None = None, /, **arguments: Any) -> tuple[Any, Any]:
        text, buffers = await engine.handle(name, json.dumps(arguments), files)
        return json.loads(text), buffers

    catalog, _ = await call("catalog")
    overview, _ = await call("open_demo", size="quick", seed=1)
    measure = overview["measures"][0]["name"]
    await call("overview")
    await call("gallery", measure=measure, captions=[overview["phenotypes"][0]["name"]])
    await call("matrix", source={"scan": 0, "measure": measure})
    await call("paint", source={"scan": 0, "measure": measure}, limit=1, threshold=0.2)
    await call("check_group", expression="age > 100")
    for analysis, params in _choices(catalog, overview):
        report, _ = await call("run", analysis=analysis, params=params)
        await call("script", analysis=analysis, params=params)
        for view in report["views"]:
            if view["kind"] == "table":
                await call("table", analysis=analysis, params=params, name=view["name"])
            elif view["kind"] == "matrix":
                source = {"analysis": analysis, "params": params, "array": view["array"]}
                await call("matrix", source=source)
                if view["detail"]:
                    await call("detail", analysis=analysis, params=params, edge=1)
    _, buffers = await call("save_bundle")
    await call("open_files", _Chosen(bytes(buffers["file"])), paths=["demo.zip"])


async def use_figures(engine: Any, *formats: str) -> None:
    """Draw every figure of every analysis in these formats, on light and on dark."""
    catalog = json.loads((await engine.handle("catalog", "{}"))[0])
    overview = json.loads((await engine.handle("open_demo", '{"size": "quick", "seed": 1}'))[0])
    source = {"scan": 0, "measure": overview["measures"][0]["name"]}
    for format_ in formats:
        await engine.handle("figure", json.dumps({"source": source, "format": format_}))
    seen = set()
    for analysis, params in _choices(catalog, overview):
        async for what in _figures(engine, analysis, params):
            # Another choice draws the same figures of other numbers.
            key = (analysis, what.get("name", "edge"))
            if key not in seen:
                seen.add(key)
                for theme in THEMES:
                    for format_ in formats:
                        await engine.handle("figure", json.dumps({**what, "format": format_, "theme": theme}))


async def _figures(engine: Any, analysis: str, params: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Yield the arguments of every figure of a result."""
    what = {"analysis": analysis, "params": params}
    report = json.loads((await engine.handle("run", json.dumps(what)))[0])
    for view in report["views"]:
        if view["kind"] in ("figure", "points", "matrix"):
            yield {**what, "name": view["name"]}
        if view["kind"] == "matrix" and view["detail"]:
            yield {**what, "edge": 1}


def _choices(catalog: Any, overview: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return each analysis with the defaults of its form, and with each option of each choice in turn."""
    found = []
    for analysis in catalog:
        required = [field for field in analysis["fields"] if field["required"]]
        kinds = {field["name"]: [field["kind"]] if field["kind"] else ["number", "category"] for field in required}
        for kind in ("number", "category"):
            params = {}
            for name, allowed in kinds.items():
                wanted = kind if kind in allowed else allowed[0]
                params[name] = next(one["name"] for one in overview["phenotypes"] if one["kind"] == wanted)
            found.append((analysis["name"], params))
        for field in analysis["fields"]:
            if field["marker"] == "Choice":
                found += [(analysis["name"], {**found[-1][1], field["name"]: value}) for value, _ in field["options"]]
    return found


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
    """Write what is opened without figures, by figures, and by files to download, to /out/trace.json."""
    arguments = json.loads(text)
    # Here everything lies in folders.
    for archive in ("/library/compiled.zip", "/own/compiled.zip"):
        with zipfile.ZipFile(archive) as content:
            content.extractall("/")
    sys.path.remove(ZIP)
    tracing = Trace()
    Path(f"{STDLIB}/site-packages/engine_later.py").write_text(arguments["finder"], encoding="utf-8")
    glue: dict[str, Any] = {"__name__": "engine_glue"}
    exec(compile(arguments["glue"], "engine_glue.py", "exec"), glue)  # noqa: S102
    for name in arguments["imports"]:
        importlib.import_module(name)
    engine = importlib.import_module("imagenomer.engine").Engine()

    await use_without_figures(engine)
    library = tracing.so_far()
    await use_figures(engine, "svg", "png")
    figures = tracing.so_far() - library
    await use_figures(engine, "pdf")
    downloads = tracing.so_far() - library - figures
    found = {"library": sorted(library), "figures": sorted(figures), "downloads": sorted(downloads)}
    Path("/out/trace.json").write_text(json.dumps(found), encoding="utf-8")
