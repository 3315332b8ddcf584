"""Build ImageNomer for browsers: the site, and the same as one file that opens from disk.

    dist/site/              static files that work under any path and need no special headers
        index.html          the page, with its styles, its loader and the manifest of the assets
        assets/             all else that the program is made of, gzipped, named by content
        docs/               the manual, rendered from site/docs
    dist/imagenomer.html    the page with the assets in it

Needs nothing but the standard library. The same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import manual
import materials
import offline
import runtime
import single_file
from page import make_manifest, make_page, read_manifest
from program import Program, make_program
from runtime import ROOT

SITE = ROOT / "dist" / "site"
SINGLE_FILE = ROOT / "dist" / "imagenomer.html"


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


def write_site(program: Program, out: Path) -> None:
    """Write the site, which appears whole or stays as it was."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix="building-") as scratch:
        site = Path(scratch) / "site"
        (site / "assets").mkdir(parents=True)
        for asset in program.assets:
            (site / asset.path).write_bytes(asset.shipped)
        manual.write(site / "docs")
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
