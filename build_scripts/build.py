"""Build the site: ``dist/site/``, a folder of static files that works under any path and needs no special headers.

    site/         as it is, plus
    runtime/      Pyodide, its packages, PyScript, MicroPython, and our own package as a wheel
    pyscript.json which of the files in ui/ the interpreter of the page gets to see
    assets.json   what the engine is made of, with sizes and SHA-256

Needs nothing but the standard library. The same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import runtime

ROOT = runtime.ROOT
SITE = ROOT / "dist" / "site"

#: Packages that the engine unpacks before it answers; the others follow when it is idle or when they are needed.
FIRST_PACKAGES = ("numpy", "scipy")

#: What of them takes long enough to import that the page says so.
FIRST_IMPORTS = ("numpy", "scipy.linalg.blas", "scipy.special")

#: What is changed in files of others, by path: pairs of a text and what replaces it. Each text must occur exactly once.
PATCHES = {
    "pyscript/core-C9KDLldu.js": [
        # Hooks of PyScript's own workers are functions rebuilt from their text, which would take `unsafe-eval` in the
        # Content-Security-Policy. They are read for each interpreter, though this page makes no such worker.
        ("const n=[...Eo(t)];if(n.length)", "const n=[];if(n.length)"),
        # Only MicroPython runs in the page; the other interpreter would load plugins of its own.
        ('new Map([["py","pyodide"],["mpy","micropython"]])', 'new Map([["mpy","micropython"]])'),
        # A database for folders that a script mounts. This page mounts none and leaves nothing behind.
        ("no=new y(eo)", "no=null"),
    ],
    # From a module to a part of the worker's one classic script. A module would have to be imported from a data: or
    # blob: URL, and a policy that allows those allows any script; a page opened from disk cannot import at all.
    "pyodide/pyodide.asm.mjs": [
        ("export default _createPyodideModule;", ""),
        ("_scriptName=import.meta.url", "_scriptName=self.location.href"),
        ("createRequire(import.meta.url)", "createRequire()"),  # in Node.js only
        ('new URL("pyodide.asm.wasm",import.meta.url)', 'new URL("pyodide.asm.wasm")'),  # not where bytes are given
    ],
    # Pyodide refuses classic workers, though it runs in them; a page opened from disk can make no other in Chromium.
    "pyodide/pyodide.js": [
        ('try{return globalThis.importScripts("data:text/javascript,"),!0}catch{return!1}', "return!1")
    ],
}

#: The parts of the worker's script.
WORKER = ("runtime/pyodide/pyodide.asm.mjs", "runtime/pyodide/pyodide.js", "engine.worker.js")


def build(out: Path = SITE) -> Path:
    """Build the site into ``out``, which appears there whole or stays as it was.

    Raises
    ------
    runtime.RuntimeUnavailableError
        If the runtime is neither in the cache nor to be fetched.
    """
    lock = runtime.read_lock()
    fetched = runtime.fetch_runtime(lock)
    print("Building the page", file=sys.stderr, flush=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix="building-") as name:
        site = Path(name) / "site"
        shutil.copytree(ROOT / "site", site, ignore=shutil.ignore_patterns("__pycache__"))
        for file in runtime.locked_files(lock):
            target = site / "runtime" / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_patched(file.path, (fetched / file.path).read_bytes()))
        _join_worker(site)
        _inline_icon(site)
        wheel = write_wheel(site / "runtime")
        _write_json(site / "pyscript.json", pyscript_config(site))
        _write_json(site / "assets.json", asset_manifest(site, lock, wheel))
        if out.exists():
            shutil.rmtree(out)
        site.rename(out)
    return out


def _patched(path: str, content: bytes) -> bytes:
    for before, after in PATCHES.get(path, []):
        if content.count(before.encode()) != 1:
            raise ValueError(f"{path} is not what the patch was made for: {before!r}")
        content = content.replace(before.encode(), after.encode())
    return content


def _join_worker(site: Path) -> None:
    parts = [(site / path).read_text(encoding="utf-8") for path in WORKER]
    for path in WORKER:
        (site / path).unlink()
    (site / "engine.worker.js").write_text("\n".join(parts), encoding="utf-8", newline="\n")


def _inline_icon(site: Path) -> None:
    """Put the icon into the page: browsers may ask for it again whenever the address changes."""
    page = site / "index.html"
    icon = "data:image/svg+xml," + quote((site / "favicon.svg").read_text(encoding="utf-8").strip())
    text = page.read_text(encoding="utf-8").replace('"favicon.svg"', f'"{icon}"')
    page.write_text(text, encoding="utf-8", newline="\n")
    (site / "favicon.svg").unlink()


def pyscript_config(site: Path) -> dict[str, Any]:
    """Return the configuration of PyScript: our interpreter, all modules of ``ui/``, no plugins."""
    plugins = ("codemirror", "deprecations-manager", "donkey", "error", "py-editor", "py-game", "py-terminal")
    return {
        "interpreter": "./runtime/micropython/micropython.mjs",
        "plugins": [f"!{plugin}" for plugin in plugins],
        "files": {
            f"./ui/{path.name}": f"./{path.name}" for path in sorted((site / "ui").glob("*.py")) if path.stem != "main"
        },
    }


def asset_manifest(site: Path, lock: dict[str, Any], wheel: Path) -> dict[str, Any]:
    """Return what the page fetches for the engine, first things first.

    ``assets`` lists ``{name, path, size, sha256}``; ``packages`` gives each package's asset and what it depends on;
    ``first`` names the packages the engine starts with, ``first_imports`` what it imports before it is ready.
    """
    packages = {name: {"asset": entry["file"], "depends": entry["depends"]} for name, entry in lock["packages"].items()}
    packages["imagenomer"] = {"asset": wheel.name, "depends": list(FIRST_PACKAGES)}
    wheels = sorted(packages.values(), key=lambda entry: entry["asset"])
    early = {packages[name]["asset"] for name in (*FIRST_PACKAGES, "imagenomer")}
    paths = [
        "engine.worker.js",
        "engine_glue.py",
        "runtime/pyodide/pyodide.asm.wasm",
        "runtime/pyodide/python_stdlib.zip",
        *(f"runtime/pyodide/{entry['asset']}" for entry in wheels if entry["asset"] in early - {wheel.name}),
        f"runtime/{wheel.name}",
        *(f"runtime/pyodide/{entry['asset']}" for entry in wheels if entry["asset"] not in early),
    ]
    return {
        "assets": [
            {
                "name": path.rpartition("/")[2],
                "path": path,
                "size": (site / path).stat().st_size,
                "sha256": runtime.sha256_of(site / path),
            }
            for path in paths
        ],
        "info": lock["info"],
        "packages": packages,
        "first": ["imagenomer"],
        "first_imports": list(FIRST_IMPORTS),
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")


# --- our own wheel --------------------------------------------------------------------------------


def package_version() -> str:
    """Return the version of the package, read without importing it: its dependencies need not be there."""
    source = (ROOT / "py" / "imagenomer" / "__init__.py").read_text(encoding="utf-8")
    return str(source.split('__version__ = "')[1].split('"')[0])


def wheel_contents() -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each file of the wheel but the last, RECORD."""
    package = ROOT / "py" / "imagenomer"
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"imagenomer/{path.relative_to(package).as_posix()}", path.read_bytes()
    datasets = ROOT / "datasets"
    for path in sorted(datasets.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"imagenomer/datasets/{path.relative_to(datasets).as_posix()}", path.read_bytes()
    info = f"imagenomer-{package_version()}.dist-info"
    yield f"{info}/METADATA", f"Metadata-Version: 2.1\nName: imagenomer\nVersion: {package_version()}\n".encode()
    yield f"{info}/WHEEL", b"Wheel-Version: 1.0\nGenerator: build.py\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    yield f"{info}/licenses/LICENSE", (ROOT / "LICENSE").read_bytes()


def write_wheel(folder: Path) -> Path:
    """Write the package and its data as a wheel into ``folder``; the same sources give the same bytes."""
    record = []
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in wheel_contents():
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{path},sha256={digest},{len(data)}\n")
            wheel.writestr(_entry(path), data)
        path = f"imagenomer-{package_version()}.dist-info/RECORD"
        wheel.writestr(_entry(path), "".join([*record, f"{path},,\n"]))
    target = folder / f"imagenomer-{package_version()}-py3-none-any.whl"
    target.write_bytes(content.getvalue())
    return target


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # the same on every system
    entry.external_attr = 0o644 << 16
    return entry


# --- when to build --------------------------------------------------------------------------------


def sources() -> Iterator[Path]:
    """Yield the files that the site is made from."""
    for folder in ("site", "py", "datasets", "build_scripts"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def is_current(out: Path = SITE) -> bool:
    """Return whether the site is there and newer than everything it is made from."""
    manifest = out / "assets.json"
    if not manifest.is_file():
        return False
    built = manifest.stat().st_mtime
    listed = {entry["path"] for entry in json.loads(manifest.read_text(encoding="utf-8"))["assets"]}
    return all(path.stat().st_mtime < built for path in sources()) and all((out / path).is_file() for path in listed)


def main() -> int:
    """Build the site and say where it is."""
    parser = argparse.ArgumentParser(description="Build the site: a folder of static files.")
    parser.add_argument("--out", type=Path, default=SITE, help="where to put it (default: dist/site)")
    parser.add_argument("--quick", action="store_true", help="do nothing if the site is newer than its sources")
    arguments = parser.parse_args()
    if arguments.quick and is_current(arguments.out):
        print(f"{arguments.out} is up to date")
        return 0
    try:
        print(f"Built {build(arguments.out)}")
    except runtime.RuntimeUnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
        return runtime.INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
