"""A change in a file of others fits once, or the build stops."""

from __future__ import annotations

import pytest

from patches import PATCHES, patched


def test_a_patch_that_does_not_fit_stops_the_build() -> None:
    path = "pyodide/pyodide.js"
    with pytest.raises(ValueError, match="is not what the patch was made for"):
        patched(path, b"something else")
    (before, _), *_ = PATCHES[path]
    with pytest.raises(ValueError, match="is not what the patch was made for"):
        patched(path, 2 * before.encode())
