"""What the site is made of: a bill of materials, the licences, and checksums.

    bill-of-materials.json  every component in CycloneDX 1.6: version, licence, purl, SHA-256, where it is used
    LICENCES.txt            the same for people, with the text of every licence and what is changed in which file
    SHA256SUMS              one line for each file, as `sha256sum -c` reads it

Names, versions, hashes and licences of packages are read from the lock and from the wheels; what those hold of others
without saying so stands in ``licences/parts.toml``, each with a mark to find in the bytes. The same input gives the
same bytes: nothing here depends on the time, and the serial number follows from the content.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import runtime
from components import Component, Patches, components
from cyclonedx import bill_of_materials, difference

BILL = "bill-of-materials.json"
LICENCES = "LICENCES.txt"
CHECKSUMS = "SHA256SUMS"


def documents(lock: dict[str, Any], fetched: Path, patches: Patches) -> dict[str, str]:
    """Return the bill of materials and the licences, by the names of their files.

    Parameters
    ----------
    lock : dict
        See `runtime.read_lock`.
    fetched : Path
        Folder with the runtime as it was fetched.
    patches : mapping
        What the build changes in files of the runtime.

    Raises
    ------
    ValueError
        If it is not known under which licence something is, or a file is not made of what the table says.
    """
    own, others = components(lock, fetched, patches)
    bill = json.dumps(bill_of_materials(own, others), indent=1, ensure_ascii=False) + "\n"
    return {BILL: bill, LICENCES: licences(own, others)}


# --- for people -----------------------------------------------------------------------------------

RULE = "=" * 100


def licences(own: Component, others: list[Component]) -> str:
    """Return the licences of everything: a list, what is changed, and every text once."""
    whole = [own, *others]
    lines = [f"{own.name} {own.version}: what it is made of, and under which licences", RULE, ""]
    for one in whole:
        lines.append(_line(one))
        lines += [f"    with {_line(part)}" for part in one.parts if part.kind != "file"]
    lines += ["", RULE, "What is changed in files of others", RULE]
    for one in whole:
        changed = [part for part in one.parts if part.changes]
        if changed:
            lines += ["", f"{one.name} {one.version} ({one.licence}). Source code: {one.code}"]
        for part in changed:
            lines += ["", f"  {part.file}"]
            for change in part.changes:
                lines.append(textwrap.indent(difference(*change), "    "))
    lines += [
        "",
        "Everything else is shipped as its authors made it, some of it compiled to .pyc.",
    ]
    seen: dict[str, str] = {}
    for one in whole:
        lines += _chapter(one, f"{one.name} {one.version}".rstrip(), seen)
        for part in one.parts:
            lines += _chapter(part, f"{part.name} {part.version}".rstrip() + f", in {one.name}", seen)
    return "\n".join(lines) + "\n"


def _line(one: Component) -> str:
    return f"{one.name} {one.version}".rstrip() + f": {one.licence}"


def _chapter(one: Component, title: str, seen: dict[str, str]) -> Iterator[str]:
    if not one.texts:
        return
    yield from ("", RULE, f"{title}  [{one.licence}]", RULE)
    if one.code:
        yield f"\nSource code: {one.code}"
    for name, text in one.texts:
        text = "\n".join(line.rstrip() for line in text.strip("\r\n").splitlines())
        if text in seen:
            yield f"\n--- {name}: the same text as {seen[text]} above"
            continue
        seen[text] = f"{name} of {title}"
        yield f"\n--- {name}\n\n{text}"


# --- checksums ------------------------------------------------------------------------------------


def checksums(folder: Path) -> Path:
    """Write ``SHA256SUMS`` of all files in a folder, in the order of their names.

    ``sha256sum -c SHA256SUMS`` in that folder checks them.
    """
    target = folder / CHECKSUMS
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    paths.pop(CHECKSUMS, None)
    lines = [f"{runtime.sha256_of(paths[name])}  {name}\n" for name in sorted(paths)]
    target.write_text("".join(lines), encoding="utf-8", newline="\n")
    return target


def wrong_files(folder: Path) -> list[str]:
    """Return the files of a folder that are not what its ``SHA256SUMS`` says, are missing, or are not in it."""
    listed = {}
    for line in (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {CHECKSUMS}
    damaged = {name for name in there & listed.keys() if runtime.sha256_of(folder / name) != listed[name]}
    return sorted(damaged | (there ^ listed.keys()))


def main() -> int:
    """Check a folder against its ``SHA256SUMS``: ``python3 build_scripts/materials.py FOLDER``."""
    wrong = wrong_files(Path(sys.argv[1]))
    print("\n".join(wrong) if wrong else f"{sys.argv[1]} is what {CHECKSUMS} says")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
