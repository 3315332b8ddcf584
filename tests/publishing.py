"""Publishes a copy of the sources with the commands of the Pages workflow, in surroundings of one's choice."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import runtime

WORKFLOW = runtime.ROOT / ".github" / "workflows" / "pages.yml"
SOURCES = ("site", "py", "datasets", "build_scripts", "LICENSE")


def workflow_commands() -> list[str]:
    """The lines of the workflow that a shell runs."""
    return re.findall(r"(?m)^ +- run: (.+)$", WORKFLOW.read_text(encoding="utf-8"))


def copy_sources(target: Path, origin: Path = runtime.ROOT, time: float | None = None) -> None:
    """Copy what a build needs, with one time of change for all files."""
    paths = [origin / name for name in SOURCES]
    for file in (file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))):
        if file.is_file() and "__pycache__" not in file.parts:
            copy = target / file.relative_to(origin)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
            if time is not None:
                os.utime(copy, (time, time))


def publish(sources: Path, environment: dict[str, str], umask: int = 0o022) -> Path:
    """Run the commands of the workflow in a copy of the sources, and return the folder that is published."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # python3 is the one that runs the tests
    for command in workflow_commands():
        done = subprocess.run(
            ["sh", "-euc", command],
            cwd=sources,
            env={**os.environ, "IMAGENOMER_CACHE": str(runtime.cache_folder()), "PATH": path, **environment},
            umask=umask,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return sources / "public"
