"""Compresses files in Pyodide; see shrink.py."""

import json
import zlib
from pathlib import Path


async def main(text: str) -> None:
    """Write ``N.deflated`` beside each file ``N``."""
    for number in range(json.loads(text)["count"]):
        path = Path("/contents") / str(number)
        stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_DEFAULT_STRATEGY)
        path.with_suffix(".deflated").write_bytes(stream.compress(path.read_bytes()) + stream.flush())
