"""Our own package and its data as a wheel, for the page's engine; the same sources give the same bytes."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator

from runtime import ROOT

#: Folders of ``datasets`` that build scripts alone read.
_NOT_SHIPPED = {"noise"}


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
        name = path.relative_to(datasets)
        if path.is_file() and "__pycache__" not in path.parts and name.parts[0] not in _NOT_SHIPPED:
            yield f"imagenomer/datasets/{name.as_posix()}", path.read_bytes()
    info = f"imagenomer-{package_version()}.dist-info"
    yield f"{info}/METADATA", f"Metadata-Version: 2.1\nName: imagenomer\nVersion: {package_version()}\n".encode()
    yield f"{info}/WHEEL", b"Wheel-Version: 1.0\nGenerator: wheel.py\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
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
