"""Layout of a bundle: what its writer and its reader must agree on."""

from __future__ import annotations

from collections.abc import Iterator

FORMAT = "imagenomer-bundle"

#: Raised when an older program could no longer read what is written.
VERSION = 1

#: Of connectivity as int16.
MISSING_INT16 = -32768

SCAN_COLUMNS = ("participant_id", "task", "session", "run")

_BLOCK_BYTES = 8_000_000


def row_blocks(n_rows: int, row_bytes: int) -> Iterator[slice]:
    """Yield the rows of connectivity, block by block."""
    step = max(1, _BLOCK_BYTES // max(row_bytes, 1))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))
