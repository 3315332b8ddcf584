"""What the site is made of, with versions and licences: read from the lock, the wheels and a table of parts."""

from __future__ import annotations

import email.message
import email.parser
import fnmatch
import json
import re
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import runtime
from wheel import package_version

#: Licence texts by SPDX identifier, and the table of what packages hold of others.
FOLDER = Path(__file__).with_name("licences")

#: What the wheels' own words for a licence are in SPDX, where that is beyond doubt. "BSD License" could be two.
SPDX = {
    "MIT": "MIT",
    "BSD-3-Clause": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}

#: Files of a wheel that hold a licence.
LICENCE_FILE = re.compile(r"(?i)(licen[cs]e|copying|notice)[^/]*$")

#: What is changed in files of others: path in the lock to pairs of a text and what replaces it.
Patches = Mapping[str, Sequence[tuple[str, str]]]


@dataclass(slots=True)
class Component:
    """One thing the site is made of.

    Attributes
    ----------
    name, version : str
        The version is empty where it is unknown.
    licence : str
        An SPDX expression, or words if `spdx` is false.
    licence_from : str
        Where that was read.
    purl : str
        Package URL without version; empty if there is none.
    used : str
        Where in the program it works.
    file : str
        The file it comes in.
    sha256 : str
        Of that file as it was fetched; empty for a part of one.
    texts : list of (str, str)
        Titles and texts of its licences and notices.
    """

    name: str
    version: str
    licence: str
    licence_from: str
    purl: str = ""
    kind: str = "library"
    used: str = ""
    file: str = ""
    sha256: str = ""
    spdx: bool = True
    code: str = ""
    description: str = ""
    texts: list[tuple[str, str]] = field(default_factory=list)
    parts: list[Component] = field(default_factory=list)
    depends: list[str] = field(default_factory=list)
    changes: list[tuple[str, str]] = field(default_factory=list)


def components(lock: dict[str, Any], fetched: Path, patches: Patches) -> tuple[Component, list[Component]]:
    """Return our own package, and everything else that is in the site, sorted by name."""
    table = tomllib.loads((FOLDER / "parts.toml").read_text(encoding="utf-8"))
    found = [
        *(_source(name, lock, fetched, table, patches) for name in _frameworks(lock)),
        *(_package(name, lock, fetched, table) for name in lock["packages"]),
        *_atlases(),
    ]
    found.sort(key=lambda one: (one.name.casefold(), one.version))
    text = (runtime.ROOT / "LICENSE").read_text(encoding="utf-8")
    own = Component(
        "ImageNomer", package_version(), "MIT", "LICENSE", purl="pkg:generic/imagenomer", kind="application",
        texts=[("LICENSE", text)], depends=[one.name for one in found],
    )  # fmt: skip
    return own, found


# --- what the lock fetches ------------------------------------------------------------------------


def _frameworks(lock: dict[str, Any]) -> list[str]:
    """Return the sources of more than one package."""
    return [name for name, source in lock["sources"].items() if source["manager"] != "wheel"]


def _source(name: str, lock: dict[str, Any], fetched: Path, table: dict[str, Any], patches: Patches) -> Component:
    """One of Pyodide, PyScript and MicroPython: all locked files of it that are no wheels."""
    said = table["sources"].get(name)
    if said is None:
        raise ValueError(f"licences/parts.toml has no [sources.{name}]: say under which licence it is")
    wheels = {entry["file"] for entry in lock["packages"].values()}
    files = [file for file in runtime.locked_files(lock) if file.source == name and file.name not in wheels]
    if lock["sources"][name]["manager"] == "npm":
        version = lock["sources"][name]["archive"].rpartition("@")[2]
    else:
        library = _members(fetched / "pyodide" / "python_stdlib.zip")
        version = _find(rb'__version__ = "(.*?)"', library("pyodide/__init__.py"))
    members = {file.name: file for file in files}
    parts = _parts(name, table, members, lambda member: (fetched / members[member].path).read_bytes())
    return Component(
        said["title"],
        version,
        said["licence"],
        "licences/parts.toml",
        purl=said["purl"],
        kind="framework",
        used="engine" if name == "pyodide" else "page",
        code=said["code"].format(version=version),
        texts=_texts(said, lambda _: b""),
        parts=[
            *(
                Component(
                    file.name, "", said["licence"], "licences/parts.toml", kind="file", file=file.path,
                    sha256=file.sha256, changes=list(patches.get(file.path, ())),
                )
                for file in files
            ),
            *parts,
        ],
    )  # fmt: skip


def _package(name: str, lock: dict[str, Any], fetched: Path, table: dict[str, Any]) -> Component:
    """One wheel of the lock, with what it holds of others."""
    entry = lock["packages"][name]
    path = f"pyodide/{entry['file']}"
    read = _members(fetched / path)
    with zipfile.ZipFile(fetched / path) as wheel:
        members = wheel.namelist()
    metadata = next(member for member in members if member.endswith(".dist-info/METADATA"))
    headers = email.parser.BytesParser().parsebytes(read(metadata), headersonly=True)
    licence, licence_from = _licence(name, headers, table["licences"])
    texts = {
        member.removeprefix(f"{metadata.rpartition('/')[0]}/"): _decode(read(member))
        for member in sorted(members)
        if LICENCE_FILE.search(member) and not member.endswith(".py")
    }
    if not texts and name not in table["notices"]:
        raise ValueError(f"{entry['file']} holds no licence text; say in licences/parts.toml whose it is ([notices])")
    return Component(
        name,
        entry["version"],
        licence,
        licence_from,
        purl=f"pkg:pypi/{name}",
        used="engine",
        file=path,
        sha256=lock["files"][path]["sha256"],
        code=_code(headers),
        description=headers.get("Summary", ""),
        texts=list(texts.items()) or _texts({"licence": licence, "notice": table["notices"][name]}, read),
        parts=_parts(name, table, dict.fromkeys(members), read),
        depends=list(entry["depends"]),
    )


def _licence(name: str, headers: email.message.Message, table: dict[str, str]) -> tuple[str, str]:
    """Return the SPDX expression of a wheel's licence, and where it stands."""
    if name in table:
        return table[name], "licences/parts.toml"
    if expression := headers.get("License-Expression"):
        return expression, "License-Expression"
    if known := SPDX.get(headers.get("License", "")):
        return known, "License"
    known_ones = {SPDX[text] for text in headers.get_all("Classifier", []) if text in SPDX}
    if len(known_ones) == 1:
        return known_ones.pop(), "Classifier"
    raise ValueError(f"{name} does not name its licence clearly; look, and say it in licences/parts.toml")


def _code(headers: email.message.Message) -> str:
    """Return where a wheel says its source code is."""
    urls = dict(entry.split(", ", 1) for entry in headers.get_all("Project-URL", []))
    named = {label.casefold(): url for label, url in urls.items()} | {"home-page": headers.get("Home-page", "")}
    labels = ("source", "source code", "repository", "homepage", "home-page")
    return next((named[label] for label in labels if named.get(label)), "")


def _parts(
    inside: str, table: dict[str, Any], members: Mapping[str, Any], read: Callable[[str], bytes]
) -> list[Component]:
    """Return what the table says lies in the files of a package, after finding each mark in them."""
    found: list[Component] = []
    for part in table["part"]:
        if part["inside"] != inside:
            continue
        member = _only(members, part["file"], part["name"])
        if "text" in part:
            part = part | {"text": _only(members, part["text"], part["name"])}
        version = part.get("version", "")
        if "mark" in part:
            version = _find(part["mark"].encode(), read(member), f"{part['name']} in {member}") or version
        if "version_of" in part:
            version = next(other.version for other in found if other.name == part["version_of"])
        found += [
            Component(
                name, version, part["licence"], "licences/parts.toml", purl=_part_purl(inside, name), file=member,
                texts=_texts(part, read),
            )
            for name in part["name"].split(", ")
        ]  # fmt: skip
    return sorted(found, key=lambda one: one.name.casefold())


def _only(members: Iterable[str], pattern: str, what: str) -> str:
    fitting = fnmatch.filter(members, pattern)
    if len(fitting) != 1:
        raise ValueError(f"licences/parts.toml: {what}: there are {len(fitting)} files {pattern}, not one")
    return fitting[0]


def _part_purl(inside: str, name: str) -> str:
    if inside == "pyscript":
        return f"pkg:npm/{name.replace('@', '%40')}"
    simple = re.sub(r"[^a-z0-9.]+", "-", name.partition(" (")[0].lower()).strip("-")
    return f"pkg:generic/{simple}"


def _find(mark: bytes, content: bytes, what: str = "a version") -> str:
    """Return the group of a mark, if it has one."""
    match = re.search(mark, content)
    if match is None:
        raise ValueError(f"licences/parts.toml: {what} is no longer found by {mark!r}; look again what is in there")
    return match[1].decode() if match.re.groups else ""


def _texts(said: dict[str, Any], read: Callable[[str], bytes]) -> list[tuple[str, str]]:
    """Return the notice and the licence of an entry of the table."""
    texts = [("Notice", said["notice"].strip())] if "notice" in said else []
    if "text" in said:
        return [*texts, (said["text"], _decode(read(said["text"])))]
    identifiers = [name for name in re.split(r"[\s()]+", said["licence"]) if name not in {"AND", "OR", "WITH", ""}]
    paths = [(name, FOLDER / f"{name}.txt") for name in identifiers]
    known = [(name, path.read_text(encoding="utf-8")) for name, path in paths if path.is_file()]
    # One of several to choose from is enough; all of several that hold together are needed.
    if not known or (" OR " not in said["licence"] and len(known) < len(paths)):
        raise ValueError(f"no text of {said['licence']} in build_scripts/licences/")
    return texts + known


def _members(archive: Path) -> Callable[[str], bytes]:
    def read(member: str) -> bytes:
        with zipfile.ZipFile(archive) as opened:
            return opened.read(member)

    return read


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _atlases() -> Iterator[Component]:
    """The atlas tables in our own package, whose licences are words."""
    for path in sorted((runtime.ROOT / "datasets" / "atlases").glob("*/atlas.json")):
        about = json.loads(path.read_text(encoding="utf-8"))
        yield Component(
            f"Atlas {about['name']}",
            "",
            about["licence"],
            f"datasets/atlases/{path.parent.name}/atlas.json",
            kind="data",
            used="engine",
            spdx=False,
            description=about["citation"],
        )
