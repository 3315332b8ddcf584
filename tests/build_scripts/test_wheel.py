"""Our wheel is one that others take, and the same each time."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import imagenomer
from runtime import ROOT
from wheel import make_wheel


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    name, content = make_wheel()
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


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
    package, datasets = ROOT / "py" / "imagenomer", ROOT / "datasets"
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


def test_the_same_sources_give_the_same_wheel() -> None:
    assert make_wheel() == make_wheel()
