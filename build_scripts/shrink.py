"""Gzip with the same bytes on every machine.

What a compressor makes of a content is its own affair: the zlib-ng of some Pythons, the zlib of some systems and that
of Node.js make other bytes than zlib itself, and names and hashes of the site would depend on who built it. So this
uses zlib's own: that of the running Python if it is one, else the one in Pyodide, which the lock pins.
"""

from __future__ import annotations

import functools
import hashlib
import os
import struct
import tempfile
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

#: What zlib makes of `probe`: the same from 1.2.11 to 1.3.1. zlib-ng and Node.js's zlib make something else.
PROBE_SHA256 = "8797af0338a9fd2cd6bf5fcd78908b213b53da14ddb2f5ef43af899e1e00e15f"

#: Contents of this many bytes are kept in the cache once compressed, and of those, so many.
LARGE, KEPT = 1 << 22, 16

#: No name and no time; best compression; an unknown system. Python writes the real one.
HEADER = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"


def gzip_all(contents: Sequence[bytes], lock: dict[str, Any], fetched: Path) -> list[bytes]:
    """Return each content gzipped.

    Parameters
    ----------
    contents : sequence of bytes
    lock : dict
        See `runtime.read_lock`.
    fetched : Path
        Folder with the runtime as it was fetched.

    Raises
    ------
    compile.CompileError, runtime.RuntimeUnavailableError
        If this Python's zlib is another and Pyodide does not run.
    """
    places = [_place(content, fetched.parent) for content in contents]
    packed = [_kept(place, content) for place, content in zip(places, contents, strict=True)]
    missing = [number for number, each in enumerate(packed) if not each]
    bodies = _deflate_all([contents[number] for number in missing], lock, fetched)
    for number, body in zip(missing, bodies, strict=True):
        content, place = contents[number], places[number]
        packed[number] = HEADER + body + struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
        if len(content) >= LARGE:
            _keep(place, packed[number])
    return packed


def _deflate_all(contents: Sequence[bytes], lock: dict[str, Any], fetched: Path) -> list[bytes]:
    if not is_zlib():
        return deflate_in_pyodide(contents, lock, fetched)
    with ThreadPoolExecutor() as pool:  # zlib works beside Python
        return list(pool.map(deflate, contents))


# --- what was compressed before -------------------------------------------------------------------


def _place(content: bytes, cache: Path) -> Path:
    return cache / "gzip" / f"{hashlib.sha256(content).hexdigest()}.gz"


def _kept(place: Path, content: bytes) -> bytes:
    """Return what is kept of a content, or nothing if that is damaged."""
    with suppress(OSError, zlib.error):
        packed = place.read_bytes()
        if packed.startswith(HEADER) and zlib.decompress(packed, zlib.MAX_WBITS | 16) == content:
            place.touch()
            return packed
    return b""


def _keep(place: Path, packed: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f"{place.name}.{os.getpid()}.part")
    part.write_bytes(packed)
    part.replace(place)
    by_use = sorted(place.parent.glob("*.gz"), key=lambda path: path.stat().st_mtime)
    for old in by_use[:-KEPT]:
        old.unlink(missing_ok=True)


# --- compressing ----------------------------------------------------------------------------------


def deflate(content: bytes) -> bytes:
    """Return a content deflated by the zlib of this Python, without header."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_DEFAULT_STRATEGY)
    return stream.compress(content) + stream.flush()


def probe() -> bytes:
    """Return a content with matches near and far, of many lengths, and noise."""
    text = "".join(f"{number * number % 9973} {number % 613:x} {'ab' * (number % 7)}\n" for number in range(20_000))
    noise = b"".join(hashlib.sha256(b"%d" % (number % 1500)).digest()[: number % 32] for number in range(6_000))
    return text.encode() + noise


@functools.cache
def is_zlib() -> bool:
    """Return whether this Python compresses as zlib does."""
    return hashlib.sha256(deflate(probe())).hexdigest() == PROBE_SHA256


def deflate_in_pyodide(contents: Sequence[bytes], lock: dict[str, Any], fetched: Path) -> list[bytes]:
    """Return each content deflated by the zlib in Pyodide."""
    import compile as pyodide  # late: it is not needed where zlib is zlib

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, content in enumerate(contents):
            (folder / str(number)).write_bytes(content)
        arguments = {"info": lock["info"], "mounts": {"/contents": name}, "count": len(contents)}
        script = Path(__file__).with_name("shrink_inside.py")
        pyodide.run_in_pyodide(script, fetched / "pyodide", fetched.parent, arguments)
        return [(folder / f"{number}.deflated").read_bytes() for number in range(len(contents))]
