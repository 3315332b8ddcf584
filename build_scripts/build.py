"""Build ImageNomer for browsers: the site, and the same as one file that opens from disk.

    dist/site/              static files that work under any path and need no special headers
        index.html          the page, with its styles, its loader and the manifest of the assets
        assets/             all else that the program is made of, gzipped, named by content
        docs/               as in the sources
    dist/imagenomer.html    the page with the assets in it

Needs nothing but the standard library. The same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import html
import io
import json
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import materials
import offline
import pack
import runtime
import shrink
import single_file

ROOT = runtime.ROOT
SITE = ROOT / "dist" / "site"
SINGLE_FILE = ROOT / "dist" / "imagenomer.html"

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
        # MicroPython stands in the same script: nothing is imported, and no policy has to allow that.
        (
            "module:import(o),engine:s.engine.bind(s)})}const{url:n,module:r,engine:s}=e.get(t);return(e,o)=>r.then(r=>(ln",
            "module:Promise.resolve({loadMicroPython}),engine:s.engine.bind(s)})}"
            "const{url:n,module:r,engine:s}=e.get(t);return(e,o)=>r.then(r=>(ln",
        ),
        # The one plugin that is loaded to be told that it is not wanted.
        ('error:()=>import("./error-D2315lOB.js"),', ""),
        ("//# sourceMappingURL=core-C9KDLldu.js.map", ""),
    ],
    "micropython/micropython.mjs": [
        # The loader has the bytes.
        ("let Module={locateFile:", "let Module={wasmBinary:globalThis.imagenomer.micropython_wasm,locateFile:"),
    ],
    # From a module to a part of the worker's one classic script. A module would have to be imported from a data: or
    # blob: URL, and a policy that allows those allows any script; a page opened from disk cannot import at all.
    "pyodide/pyodide.asm.mjs": [
        ("export default _createPyodideModule;", ""),
        ("_scriptName=import.meta.url", "_scriptName=self.location.href"),
        ("createRequire(import.meta.url)", "createRequire()"),  # in Node.js only
        ('new URL("pyodide.asm.wasm",import.meta.url)', 'new URL("pyodide.asm.wasm")'),  # not where bytes are given
        # Each shared object that is linked has all symbols of those before looked through for any that are still to be
        # found, which takes seconds over hundreds of them. Only new ones can be: they are kept until they are found.
        ("var GOT={};", "var GOT={},GOTWaiting=new Map;"),
        (
            'rtn=GOT[symName]=new WebAssembly.Global({value:"i32",mutable:true},-1)}',
            'rtn=GOT[symName]=new WebAssembly.Global({value:"i32",mutable:true},-1);GOTWaiting.set(symName,rtn)}',
        ),
        ("of Object.entries(GOT)){if(entry.value==-1)", "of GOTWaiting){if(entry.value==-1)"),
        (
            "throw new Error(`bad export type for '${symName}': ${typeof value} (${value})`)}}}};",
            "throw new Error(`bad export type for '${symName}': ${typeof value} (${value})`)}}}GOTWaiting.clear()};",
        ),
        # It told addresses from variables by setting them, and each of thousands of errors took half a millisecond. No
        # shared object shows a variable: `tests/build_scripts/test_build.py` looks.
        ("try{val.value=val.value}catch{return true}", "return true"),
    ],
    # Pyodide refuses classic workers, though it runs in them; a page opened from disk can make no other in Chromium.
    "pyodide/pyodide.js": [
        ('try{return globalThis.importScripts("data:text/javascript,"),!0}catch{return!1}', "return!1")
    ],
}

#: The parts of two scripts: files of the runtime and of ``site/``.
WORKER = ("pyodide/pyodide.asm.mjs", "pyodide/pyodide.js", "engine.worker.js")
INTERPRETER = ("micropython/micropython.mjs", "pyscript/core-C9KDLldu.js")

#: PyScript's parts that this page has no use for.
PLUGINS = ("codemirror", "deprecations-manager", "donkey", "error", "py-editor", "py-game", "py-terminal")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the program.

    Attributes
    ----------
    name : str
        What the page knows it by.
    stage : {"page", "first", "soon", "rest"}
        When it is needed: for the page to be alive, to start the engine, for the first figure, or perhaps never.
    raw_size : int
        Bytes before compression.
    shipped : bytes
        The content, gzipped.
    """

    name: str
    stage: str
    raw_size: int
    shipped: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.shipped).hexdigest()

    @property
    def path(self) -> str:
        """Where it lies in the site. Not ``.gz``: some servers declare that as a compression and browsers undo it."""
        stem, _, suffix = self.name.rpartition(".")
        return f"assets/{stem}-{self.sha256[:10]}.{suffix}.gzip"


@dataclass(frozen=True, slots=True)
class Program:
    """All that a page needs.

    Attributes
    ----------
    assets : tuple of Asset
        First things first.
    engine : dict
        What the worker has to know about its assets.
    interpreter_hash : str
        Of the one script that the page adds to itself, for the policies.
    documents : dict
        Bill of materials and licences, by the names of their files.
    """

    assets: tuple[Asset, ...]
    engine: dict[str, Any]
    interpreter_hash: str
    documents: dict[str, str]


def build(out: Path = SITE, single: Path | None = None) -> Path:
    """Build the site into ``out``, which appears there whole or stays as it was, and the single file if it has a name.

    Raises
    ------
    runtime.RuntimeUnavailableError
        If the runtime is neither in the cache nor to be fetched.
    """
    program = make_program()
    write_site(program, out)
    if single is not None:
        write_single_file(program, single)
    return out


def make_program() -> Program:
    """Collect, patch, join and compress what the program is made of.

    Raises
    ------
    runtime.RuntimeUnavailableError
        If the runtime is neither in the cache nor to be fetched.
    """
    lock = runtime.read_lock()
    fetched = runtime.fetch_runtime(lock)
    print("Building the page", file=sys.stderr, flush=True)
    files, engine = pack.engine_files(lock, fetched, make_wheel())
    interpreter = _joined(INTERPRETER, fetched)
    contents = [
        ("engine.worker.js", "page", _joined(WORKER, fetched)),
        ("interpreter.js", "page", interpreter),
        ("micropython.wasm", "page", (fetched / "micropython" / "micropython.wasm").read_bytes()),
        ("interface.py", "page", interface_script()),
        *((file.name, file.stage, file.content) for file in files),
    ]
    shipped = shrink.gzip_all([content for *_, content in contents], lock, fetched)
    assets = [
        Asset(name, stage, len(content), packed)
        for (name, stage, content), packed in zip(contents, shipped, strict=True)
    ]
    documents = materials.documents(lock, fetched, PATCHES)
    return Program(tuple(assets), engine, _policy_hash(interpreter), documents)


def _joined(paths: Sequence[str], fetched: Path) -> bytes:
    parts = [
        _patched(path, (fetched / path).read_bytes()) if "/" in path else (ROOT / "site" / path).read_bytes()
        for path in paths
    ]
    return b"\n".join(parts)


def _patched(path: str, content: bytes) -> bytes:
    for before, after in PATCHES.get(path, []):
        if content.count(before.encode()) != 1:
            raise ValueError(f"{path} is not what the patch was made for: {before!r}")
        content = content.replace(before.encode(), after.encode())
    return content


def interface_script() -> bytes:
    """Return the user interface as one script: it writes the modules into MicroPython's files and runs the main one."""
    folder = ROOT / "site" / "ui"
    paths = sorted(folder.rglob("*.py"))
    modules = [(path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")) for path in paths]
    folders = sorted({parent.as_posix() for name, _ in modules for parent in PurePosixPath(name).parents[:-1]})
    lines = [
        "import os",
        *(f"os.mkdir({name!r})" for name in folders),
        "for name, source in [",
        *(f"    ({name!r}, {source!r})," for name, source in modules),
        "]:",
        '    with open(name, "w") as file:',
        "        file.write(source)",
        "import main",
    ]
    return "\n".join(lines).encode()


# --- the page -------------------------------------------------------------------------------------


def make_manifest(program: Program, *, inline: bool) -> dict[str, Any]:
    """Return what the page knows about its assets; see ``site/loader.js``."""
    contents = hashlib.sha256()
    for asset in program.assets:
        contents.update(f"{asset.name} {asset.sha256}\n".encode())
    for path in ("index.html", "loader.js", *(path.name for path in sorted((ROOT / "site").glob("*.css")))):
        contents.update((ROOT / "site" / path).read_bytes())
    return {
        "build": contents.hexdigest()[:12],
        "version": package_version(),
        "inline": inline,
        "locked_policy": locked_policy(program),
        "pyscript": json.dumps({"plugins": [f"!{plugin}" for plugin in PLUGINS]}),
        "assets": [
            {
                "name": asset.name,
                "path": asset.path,
                "size": len(asset.shipped),
                "raw_size": asset.raw_size,
                "sha256": asset.sha256,
                "stage": asset.stage,
            }
            for asset in program.assets
        ],
        "engine": program.engine,
    }


def first_policy(program: Program, scripts: Iterable[str], styles: Iterable[str], *, inline: bool) -> str:
    """Return the policy that the page starts with: these scripts and styles, and what a site serves."""
    hashes = [program.interpreter_hash, *(_policy_hash(script.encode()) for script in scripts)]
    return _policy(
        script_src=["'wasm-unsafe-eval'", *hashes],
        style_src=[_policy_hash(style.encode()) for style in styles],
        worker_src=["blob:"] if inline else ["blob:", "'self'"],  # sw.js
        connect_src=["'none'"] if inline else ["'self'"],
    )


def locked_policy(program: Program) -> str:
    """Return what is left once everything is on its way: the interpreter, the engine's worker, images made here."""
    return _policy(script_src=["'wasm-unsafe-eval'", program.interpreter_hash], worker_src=["blob:"])


def _policy(**more: list[str]) -> str:
    directives = {
        "default-src": ["'none'"],
        **{name.replace("_", "-"): sources for name, sources in more.items()},
        "img-src": ["blob:", "data:"],
        "manifest-src": ["blob:"],
        "form-action": ["'none'"],
        "base-uri": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


def _policy_hash(content: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"


def make_page(program: Program, *, inline: bool) -> str:
    """Return ``index.html`` with its styles, icon, loader, manifest and policy in it.

    Raises
    ------
    ValueError
        If the page has no place for one of them.
    """
    folder = ROOT / "site"
    page = (folder / "index.html").read_text(encoding="utf-8")
    loader = (folder / "loader.js").read_text(encoding="utf-8")
    page = _fill(page, '<script src="loader.js"></script>', f"<script>{loader}</script>")
    styles = []
    for path in sorted(folder.glob("*.css")):
        styles.append(path.read_text(encoding="utf-8"))
        page = _fill(page, f'<link rel="stylesheet" href="{path.name}">', f"<style>{styles[-1]}</style>")
    # Browsers may ask for a file again whenever the address changes.
    icon = "data:image/svg+xml," + quote((folder / "favicon.svg").read_text(encoding="utf-8").strip())
    page = page.replace('"favicon.svg"', f'"{icon}"')
    manifest = json.dumps(make_manifest(program, inline=inline), indent=1).replace("<", "\\u003c")
    page = _fill(page, "MANIFEST", manifest)
    page = _fill(page, "POLICY", html.escape(first_policy(program, [loader], styles, inline=inline), quote=False))
    page = _fill(page, "<!-- DOCUMENTS -->", _documents_section(program, inline=inline))
    elements = single_file.elements((asset.name, asset.shipped) for asset in program.assets) if inline else ""
    return _fill(page, "    <!-- ASSETS -->\n", elements)


def _documents_section(program: Program, *, inline: bool) -> str:
    """Return links to the documents; in the single file, which a link would lead out of, the documents themselves."""
    places = {}
    for path in sorted((ROOT / "site" / "docs").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        places[f"docs/{path.name}"] = (text.partition("\n")[0].lstrip("# "), text)
    places[materials.LICENCES] = ("Licences", program.documents[materials.LICENCES])
    if not inline:
        links = [
            f'<li><a href="{place}" target="_blank">{html.escape(title)}</a></li>'
            for place, (title, _) in places.items()
        ]
        return f'<details class="formats"><summary>Documents</summary><ul>{"".join(links)}</ul></details>'
    return "".join(
        f'<details class="formats"><summary>{html.escape(title)}</summary><pre>{html.escape(text)}</pre></details>'
        for title, text in places.values()
    )


def _fill(page: str, place: str, content: str) -> str:
    if page.count(place) != 1:
        raise ValueError(f"index.html must have {place!r} once")
    return page.replace(place, content)


def read_manifest(page: Path) -> dict[str, Any]:
    """Return the manifest of a built page."""
    _, _, rest = page.read_text(encoding="utf-8").partition('id="manifest">')
    manifest: dict[str, Any] = json.loads(rest.partition("</script>")[0])
    return manifest


def write_site(program: Program, out: Path) -> None:
    """Write the site, which appears whole or stays as it was."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix="building-") as scratch:
        site = Path(scratch) / "site"
        (site / "assets").mkdir(parents=True)
        for asset in program.assets:
            (site / asset.path).write_bytes(asset.shipped)
        shutil.copytree(ROOT / "site" / "docs", site / "docs")
        (site / "index.html").write_text(make_page(program, inline=False), encoding="utf-8", newline="\n")
        for name, text in program.documents.items():
            (site / name).write_text(text, encoding="utf-8", newline="\n")
        offline.write(site, make_manifest(program, inline=False))
        materials.checksums(site)
        if out.exists():
            shutil.rmtree(out)
        site.rename(out)


def write_single_file(program: Program, out: Path) -> None:
    """Write the page with all assets in it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(out.name + ".part")
    part.write_text(make_page(program, inline=True), encoding="utf-8", newline="\n")
    part.replace(out)


def publish(program: Program, out: Path) -> None:
    """Lay out what a web server gets: the site, the single file beside the page, and checksums of all of it."""
    write_site(program, out)
    write_single_file(program, out / SINGLE_FILE.name)
    (out / ".nojekyll").touch()  # GitHub Pages would leave out what starts with an underscore
    materials.checksums(out)


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


def make_wheel() -> tuple[str, bytes]:
    """Return name and content of the package and its data as a wheel; the same sources give the same bytes."""
    record = []
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as wheel:  # stored: what a zlib makes of it is its own affair, see shrink.py
        for path, data in wheel_contents():
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{path},sha256={digest},{len(data)}\n")
            wheel.writestr(_entry(path), data)
        path = f"imagenomer-{package_version()}.dist-info/RECORD"
        wheel.writestr(_entry(path), "".join([*record, f"{path},,\n"]))
    return f"imagenomer-{package_version()}-py3-none-any.whl", content.getvalue()


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, date_time=(1980, 1, 1, 0, 0, 0))
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
    page = out / "index.html"
    if not page.is_file():
        return False
    built = page.stat().st_mtime
    listed = [entry["path"] for entry in read_manifest(page)["assets"]]
    return all(path.stat().st_mtime < built for path in sources()) and all((out / path).is_file() for path in listed)


def main() -> int:
    """Build and say where it is."""
    parser = argparse.ArgumentParser(description="Build the site, a folder of static files, and the same as one file.")
    parser.add_argument("--out", type=Path, default=SITE.parent, help="where to put them (default: dist)")
    parser.add_argument("--single-file", action="store_true", help="build only imagenomer.html")
    parser.add_argument(
        "--sizes", action="store_true", help="print what weighs what in the single file, and build nothing"
    )
    parser.add_argument(
        "--publish", type=Path, metavar="FOLDER", help="lay out what a web server gets, and nothing else"
    )
    arguments = parser.parse_args()
    try:
        program = make_program()
    except runtime.RuntimeUnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
        return runtime.INTERRUPTED
    if arguments.sizes:
        print(single_file.size_table(make_manifest(program, inline=True)["assets"]))
        return 0
    if arguments.publish:
        publish(program, arguments.publish)
        print(f"Built {arguments.publish}")
        return 0
    if not arguments.single_file:
        write_site(program, arguments.out / SITE.name)
        print(f"Built {arguments.out / SITE.name}")
    write_single_file(program, arguments.out / SINGLE_FILE.name)
    print(f"Built {arguments.out / SINGLE_FILE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
