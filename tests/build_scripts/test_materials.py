"""The bill of materials names all that is fetched, under licences that exist; the checksums find every change."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import shutil
import subprocess
import uuid
import zipfile
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from packaging.licenses import canonicalize_license_expression

import components
import materials
import runtime

PATCHES = {"pyodide/pyodide.js": [("the old text", "the new text")]}


@pytest.fixture(scope="module")
def lock() -> dict[str, Any]:
    return runtime.read_lock()


@pytest.fixture(scope="module")
def fetched(lock: dict[str, Any]) -> Path:
    try:
        return runtime.fetch_runtime(lock)
    except runtime.RuntimeUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def documents(lock: dict[str, Any], fetched: Path) -> dict[str, str]:
    return materials.documents(lock, fetched, PATCHES)


@pytest.fixture(scope="module")
def bill(documents: dict[str, str]) -> dict[str, Any]:
    return dict(json.loads(documents[materials.BILL]))


@pytest.fixture(scope="module")
def texts(documents: dict[str, str]) -> str:
    return documents[materials.LICENCES]


def walk(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        yield component
        yield from walk(component.get("components", []))


def everything(bill: dict[str, Any]) -> list[dict[str, Any]]:
    return list(walk([bill["metadata"]["component"], *bill["components"]]))


def test_it_has_what_cyclonedx_1_6_requires(bill: dict[str, Any]) -> None:
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    pattern = r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    assert re.fullmatch(pattern, bill["serialNumber"])
    assert uuid.UUID(bill["serialNumber"].removeprefix("urn:uuid:")).version == 5
    known = {"type", "bom-ref", "name", "version", "description", "hashes", "licenses", "purl", "externalReferences"}
    for component in everything(bill):
        assert set(component) <= known | {"components", "pedigree", "properties"}
        assert component["type"] in {"application", "framework", "library", "file", "data"}
        assert component["name"]
        assert component["licenses"]


def test_every_reference_is_used_once_and_every_dependency_points_to_one(bill: dict[str, Any]) -> None:
    references = [component["bom-ref"] for component in everything(bill)]
    assert len(references) == len(set(references))
    for entry in bill["dependencies"]:
        assert {entry["ref"], *entry["dependsOn"]} <= set(references)


def test_every_file_of_the_lock_is_in_it_with_its_hash_and_no_other(bill: dict[str, Any], lock: dict[str, Any]) -> None:
    listed = {
        next(entry["value"] for entry in component["properties"] if entry["name"] == "imagenomer:file"): component[
            "hashes"
        ]
        for component in everything(bill)
        if "hashes" in component
    }
    assert listed == {path: [{"alg": "SHA-256", "content": entry["sha256"]}] for path, entry in lock["files"].items()}


def test_every_package_of_the_lock_is_in_it_with_its_dependencies(bill: dict[str, Any], lock: dict[str, Any]) -> None:
    purls = {component.get("purl") for component in bill["components"]}
    assert {f"pkg:pypi/{name}@{entry['version']}" for name, entry in lock["packages"].items()} <= purls
    depends = {entry["ref"]: entry["dependsOn"] for entry in bill["dependencies"]}
    versions = {name: f"pkg:pypi/{name}@{entry['version']}" for name, entry in lock["packages"].items()}
    for name, entry in lock["packages"].items():
        assert depends[versions[name]] == sorted(versions[other] for other in entry["depends"])


def test_the_interpreters_and_what_is_linked_into_them_are_in_it(bill: dict[str, Any], lock: dict[str, Any]) -> None:
    found = {component["name"]: component.get("version") for component in everything(bill)}
    assert {"ImageNomer", "Pyodide", "PyScript", "MicroPython", "CPython", "Emscripten", "OpenBLAS"} <= set(found)
    assert found["CPython"] == found["CPython standard library"]
    assert str(found["CPython"]).startswith(lock["info"]["python"].rpartition(".")[0] + ".")


def test_every_licence_is_one_that_spdx_knows_but_those_of_the_atlases(bill: dict[str, Any]) -> None:
    for component in everything(bill):
        (licence,) = component["licenses"]
        if "expression" in licence:
            canonicalize_license_expression(licence["expression"])
        elif component["type"] == "data":
            assert licence["license"]["name"]
        else:
            canonicalize_license_expression(licence["license"]["id"])


def test_a_package_url_names_no_host(bill: dict[str, Any]) -> None:
    for component in everything(bill):
        if "purl" in component:
            assert re.fullmatch(r"pkg:(npm|pypi|generic)/(%40[a-z]+/)?[a-z0-9.-]+(@[0-9a-z.]+)?", component["purl"])


def test_the_same_input_gives_the_same_and_other_input_another_serial_number(
    documents: dict[str, str], bill: dict[str, Any], lock: dict[str, Any], fetched: Path
) -> None:
    assert materials.documents(lock, fetched, PATCHES) == documents
    other = copy.deepcopy(lock)
    other["files"]["pyodide/pyodide.js"]["sha256"] = "0" * 64
    changed = json.loads(materials.documents(other, fetched, PATCHES)[materials.BILL])
    assert changed["serialNumber"] != bill["serialNumber"]


def test_what_is_changed_in_a_file_is_said_with_where_its_source_is(bill: dict[str, Any], texts: str) -> None:
    (changed,) = [component for component in everything(bill) if "pedigree" in component]
    assert changed["name"] == "pyodide.js"
    (patch,) = changed["pedigree"]["patches"]
    assert patch["diff"]["text"]["content"] == "-the old text\n+the new text"
    pyodide = next(component for component in bill["components"] if component["name"] == "Pyodide")
    (where,) = pyodide["externalReferences"]
    assert where["url"].endswith(pyodide["version"])
    section = texts.split("What is changed in files of others")[1].split("Everything else")[0]
    assert where["url"] in section
    assert "    -the old text\n    +the new text" in section


def test_the_licence_files_of_every_wheel_ship_to_the_letter(texts: str, lock: dict[str, Any], fetched: Path) -> None:
    without = set()
    for name_of_package, entry in lock["packages"].items():
        with zipfile.ZipFile(fetched / "pyodide" / entry["file"]) as wheel:
            held = [
                name
                for name in wheel.namelist()
                if ".dist-info/" in name and re.search(r"(?i)licen|copying|notice", name.rpartition("/")[2])
            ]
            if not held:
                without.add(name_of_package)
            for name in held:
                lines = [line.rstrip() for line in wheel.read(name).decode().strip("\r\n").splitlines()]
                assert "\n".join(lines) in texts, f"{name} of {entry['file']}"
    assert without == {"pyfive"}  # whose notice and licence are ours: build_scripts/licences
    assert "Jonathan J. Helmus and the pyfive developers" in texts


def test_every_part_is_listed_and_every_licence_of_the_folder_is_used(bill: dict[str, Any], texts: str) -> None:
    for component in everything(bill):
        if component["type"] not in {"file", "data"}:
            assert re.search(rf"(?m)^{re.escape(component['name'])}.*  \[", texts), component["name"]
    for path in components.FOLDER.glob("*.txt"):
        assert re.search(rf"(?m)^--- {re.escape(path.stem)}(:|$)", texts), f"no part is under {path.stem}"


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({"License-Expression": "0BSD AND MIT", "License": "else"}, ("0BSD AND MIT", "License-Expression")),
        ({"License": "MIT"}, ("MIT", "License")),
        (
            {"License": "long", "Classifier": "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)"},
            ("MPL-2.0", "Classifier"),
        ),
    ],
)  # fmt: skip
def test_the_licence_of_a_wheel_is_read_from_its_metadata(headers: dict[str, str], answer: tuple[str, str]) -> None:
    assert components._licence("kit", message(headers), {}) == answer
    assert components._licence("kit", message(headers), {"kit": "ISC"}) == ("ISC", "licences/parts.toml")


@pytest.mark.parametrize("headers", [{}, {"License": "Dual"}, {"Classifier": "License :: OSI Approved :: BSD License"}])
def test_a_wheel_that_is_vague_about_its_licence_stops_the_build(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="kit does not name its licence clearly"):
        components._licence("kit", message(headers), {})


def message(headers: dict[str, str]) -> Message:
    built = Message()
    for name, value in headers.items():
        built[name] = value
    return built


def test_a_part_has_the_version_that_its_file_tells_and_stops_the_build_when_it_is_gone() -> None:
    table = {
        "part": [
            {"name": "Blas", "inside": "kit", "file": "libs/*.so", "mark": r"Blas (\d+\.\d+)", "licence": "MIT"},
            {"name": "Other", "inside": "another", "file": "nowhere", "licence": "MIT"},
        ]
    }
    (part,) = components._parts("kit", table, {"libs/blas.so": None}, lambda _: b"\0Blas 7.12 generic\0")
    assert (part.name, part.version, part.file) == ("Blas", "7.12", "libs/blas.so")
    with pytest.raises(ValueError, match=r"Blas in libs/blas.so is no longer found"):
        components._parts("kit", table, {"libs/blas.so": None}, lambda _: b"\0Fast 7.12 generic\0")
    with pytest.raises(ValueError, match=r"Blas: there are 0 files libs/\*.so"):
        components._parts("kit", table, {"libs/blas.a": None}, lambda _: b"")


@pytest.mark.parametrize("licence", ["No-Such-Licence", "MIT AND No-Such-Licence"])
def test_a_licence_without_its_text_stops_the_build(licence: str) -> None:
    with pytest.raises(ValueError, match="no text of"):
        components._texts({"licence": licence}, lambda _: b"")
    assert [name for name, _ in components._texts({"licence": "MIT OR No-Such-Licence"}, lambda _: b"")] == ["MIT"]


# --- checksums ------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files, one with a space in its name, one in a folder, with their checksums."""
    (tmp_path / "assets").mkdir()
    for name in ("index.html", "assets/a file.gz", "assets/b.wasm"):
        (tmp_path / name).write_bytes(name.encode() * 1000)
    materials.checksums(tmp_path)
    return tmp_path


def test_the_checksums_are_of_all_files_in_order(folder: Path) -> None:
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    names = ["assets/a file.gz", "assets/b.wasm", "index.html"]
    assert lines == [f"{hashlib.sha256(name.encode() * 1000).hexdigest()}  {name}" for name in names]
    before = (folder / "SHA256SUMS").read_bytes()
    materials.checksums(folder)  # its own file is not in it
    assert (folder / "SHA256SUMS").read_bytes() == before
    assert materials.wrong_files(folder) == []


def test_a_file_that_changed_or_went_or_came_is_found(folder: Path) -> None:
    (folder / "index.html").write_bytes(b"other")
    (folder / "assets" / "b.wasm").unlink()
    (folder / "new.js").write_bytes(b"")
    assert materials.wrong_files(folder) == ["assets/b.wasm", "index.html", "new.js"]


def test_sha256sum_takes_them(folder: Path) -> None:
    program = shutil.which("sha256sum")
    if program is None:
        pytest.skip("no sha256sum on this machine")
    command = [program, "-c", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(command, cwd=folder, capture_output=True).returncode == 0
    (folder / "index.html").write_bytes(b"other")
    assert subprocess.run(command, cwd=folder, capture_output=True).returncode != 0
