"""The page itself: ``index.html`` with its styles, its loader, the manifest of the assets and the policies."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import manual
import materials
import single_file
from program import Program, policy_hash
from runtime import ROOT
from wheel import package_version

#: PyScript's parts that this page has no use for.
PLUGINS = ("codemirror", "deprecations-manager", "donkey", "error", "py-editor", "py-game", "py-terminal")


def make_manifest(program: Program, *, inline: bool) -> dict[str, Any]:
    """Return the description of its assets for the page; see ``site/loader.js``."""
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
    hashes = [program.interpreter_hash, *(policy_hash(script.encode()) for script in scripts)]
    return _policy(
        script_src=["'wasm-unsafe-eval'", *hashes],
        style_src=[policy_hash(style.encode()) for style in styles],
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
    page = _fill(page, "<!-- GET-YOUR-DATA-IN -->", manual.link(manual.FIRST, inline=inline))
    page = _fill(page, "<!-- DOCUMENTS -->", _documents_section(program, inline=inline))
    elements = single_file.elements((asset.name, asset.shipped) for asset in program.assets) if inline else ""
    return _fill(page, "    <!-- ASSETS -->\n", elements)


def _documents_section(program: Program, *, inline: bool) -> str:
    """Return links to the manual; in the single file, which a link would lead out of, the documents themselves."""
    licences = program.documents[materials.LICENCES]
    if not inline:
        link = f'<ul><li><a href="{materials.LICENCES}" target="_blank">Licences</a></li></ul>'
        return (
            f'<details class="formats"><summary>Documents</summary>{manual.links()}<h3>What it is made of</h3>{link}'
            "</details>"
        )
    text = f"<details><summary>Licences</summary><pre>{html.escape(licences)}</pre></details>"
    return (
        '<details class="formats" id="documents"><summary>Documents</summary>'
        '<p><label>Search <input id="document-words" type="search" autocomplete="off"></label> '
        '<span id="documents-found" class="muted" aria-live="polite"></span></p>'
        f"{manual.whole()}<h3>What it is made of</h3>{text}</details>"
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
