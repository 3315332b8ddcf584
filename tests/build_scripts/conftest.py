"""What the Pages workflow publishes, made once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import publishing
import runtime


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the commands of the Pages workflow make from a copy of the sources."""
    if os.name == "nt":
        pytest.skip("sites are published from Linux: the workflow's commands are for its shell")
    try:
        runtime.fetch_runtime()
    except runtime.RuntimeUnavailableError as error:
        pytest.skip(str(error))
    sources = tmp_path_factory.mktemp("sources")
    publishing.copy_sources(sources)
    return publishing.publish(sources, {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"})
