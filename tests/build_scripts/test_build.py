"""The site is made of what it should be, and twice the same."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import build
import imagenomer
import runtime


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return build.build(tmp_path_factory.mktemp("build") / "site")
    except runtime.RuntimeUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def wheel(site: Path) -> Path:
    return next((site / "runtime").glob("*.whl"))


def test_two_builds_are_the_same_to_the_byte(site: Path, tmp_path: Path) -> None:
    again = build.build(tmp_path / "site")
    files = {path.relative_to(site) for path in site.rglob("*") if path.is_file()}
    assert files == {path.relative_to(again) for path in again.rglob("*") if path.is_file()}
    assert [path for path in files if (site / path).read_bytes() != (again / path).read_bytes()] == []


def test_a_build_replaces_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old.txt").write_text("old")
    assert not (build.build(tmp_path / "site") / "old.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_the_manifest_holds_sizes_and_hashes_of_what_is_there(site: Path) -> None:
    for entry in json.loads((site / "assets.json").read_text(encoding="utf-8"))["assets"]:
        path = site / entry["path"]
        assert (path.stat().st_size, runtime.sha256_of(path)) == (entry["size"], entry["sha256"])


def test_every_package_in_the_manifest_has_its_asset_and_the_first_come_first(site: Path) -> None:
    manifest = json.loads((site / "assets.json").read_text(encoding="utf-8"))
    names = [entry["name"] for entry in manifest["assets"]]
    assert {entry["asset"] for entry in manifest["packages"].values()} <= set(names)
    positions = {package: names.index(entry["asset"]) for package, entry in manifest["packages"].items()}
    early = {*build.FIRST_PACKAGES, "imagenomer"}
    assert max(positions[package] for package in early) < min(
        positions[package] for package in positions.keys() - early
    )


def test_the_page_sees_every_module_of_the_user_interface_but_the_main_one(site: Path) -> None:
    files = json.loads((site / "pyscript.json").read_text(encoding="utf-8"))["files"]
    assert {Path(path).name for path in files} == {path.name for path in (site / "ui").glob("*.py")} - {"main.py"}


def test_a_patch_that_does_not_fit_stops_the_build() -> None:
    path = "pyodide/pyodide.js"
    with pytest.raises(ValueError, match="is not what the patch was made for"):
        build._patched(path, b"something else")
    (before, _), *_ = build.PATCHES[path]
    with pytest.raises(ValueError, match="is not what the patch was made for"):
        build._patched(path, 2 * before.encode())


def test_nothing_in_the_site_names_another_host_to_load_from(site: Path) -> None:
    """Everything of ours is relative; the interpreters' own texts name hosts they are never asked to use."""
    for path in site.rglob("*"):
        if path.suffix in {".html", ".css", ".json", ".py"}:
            text = path.read_text(encoding="utf-8")
            for attribute in ('src="http', 'href="http', "url(http", "@import", "fetch(http"):
                assert attribute not in text.replace('href="https://doi.org', ""), path


def test_the_wheel_is_what_its_record_says(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        record = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
        rows = {row[0]: row[1:] for row in csv.reader(io.StringIO(archive.read(record).decode()))}
        assert set(rows) == set(archive.namelist())
        for name, (digest, size) in rows.items():
            if name != record:
                content = archive.read(name)
                expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                assert (digest, size) == (f"sha256={expected}", str(len(content)))


def test_the_wheel_holds_the_package_its_data_and_the_licence(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    package, datasets = build.ROOT / "py" / "imagenomer", build.ROOT / "datasets"
    assert {f"imagenomer/{path.relative_to(package).as_posix()}" for path in package.rglob("*.py")} <= names
    assert {f"imagenomer/datasets/{path.relative_to(datasets).as_posix()}" for path in datasets.rglob("*.tsv")} <= names
    assert any(name.endswith("LICENSE") for name in names)
    assert not any("__pycache__" in name for name in names)


def test_pip_takes_the_wheel(wheel: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        tmp_path,
        wheel,
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if "No module named pip" in done.stderr:
        pytest.skip("this Python has no pip")
    assert done.returncode == 0, done.stderr
    code = "import imagenomer, importlib.metadata as m; print(imagenomer.__file__, m.version('imagenomer'))"
    told = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert told.split() == [str(tmp_path / "imagenomer" / "__init__.py"), imagenomer.__version__]


def test_a_site_is_current_until_a_source_changes(site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = tmp_path / "analysis.py"
    monkeypatch.setattr(build, "sources", lambda: iter([source]))
    built = (site / "assets.json").stat().st_mtime
    for age, current in ((10, True), (-10, False)):
        source.write_text("")
        os.utime(source, (built - age, built - age))
        assert build.is_current(site) is current
    assert not build.is_current(tmp_path / "nowhere")
