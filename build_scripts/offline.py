"""What the service worker keeps, so that the site opens without network: every file of one build, by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import runtime

#: The worker itself and what is made after it, or is offered for download and not part of the site.
NOT_KEPT = ("sw.js", "SHA256SUMS", "imagenomer.html")
#: The folder of pictures of every view: large, and of no use without network.
SHEETS = "views"

#: What an ending means, here and in `serve`; anything else is bytes. Operating systems differ in what they believe.
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".py": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".whl": "application/zip",
    ".zip": "application/zip",
}

_PLACE = "const COPY = {};"


def write(site: Path, manifest: dict[str, Any]) -> None:
    """Write ``sw.js`` into the site, from the template, once everything else is there.

    Parameters
    ----------
    site : Path
        Folder of the built site.
    manifest : dict
        As in the page: ``build``, and ``assets`` with their ``path`` and ``stage``. Those the page hands over, but for
        what is fetched only when asked for; the others the worker fetches.

    Raises
    ------
    ValueError
        If the template has no place for the list, or an asset of the manifest is not in the site.
    """
    template = (runtime.ROOT / "site" / "sw.js").read_text(encoding="utf-8")
    if template.count(_PLACE) != 1:
        raise ValueError(f"sw.js must have the line {_PLACE!r} once")
    stages = {entry["path"]: entry["stage"] for entry in manifest["assets"]}
    files = list(kept_files(site, stages))
    absent = stages.keys() - {file["path"] for file in files}
    if absent:
        raise ValueError(f"the manifest names what the site has not: {', '.join(sorted(absent))}")
    # Not the build alone: a change in the manual makes another copy too.
    name = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:12]
    copy = json.dumps({"copy": name, "build": manifest["build"], "files": files}, indent=1)
    (site / "sw.js").write_text(template.replace(_PLACE, f"const COPY = {copy};"), encoding="utf-8", newline="\n")


def kept_files(site: Path, stages: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield ``{path, size, sha256, type, handed, lazy}`` of each file to keep, in the order of their paths.

    ``stages`` has those of the assets, by path.
    """
    for path in sorted(site.rglob("*"), key=Path.as_posix):
        relative = path.relative_to(site).as_posix()
        if path.is_file() and relative not in NOT_KEPT and path.parent.name != SHEETS:
            yield {
                "path": relative,
                "size": path.stat().st_size,
                "sha256": runtime.sha256_of(path),
                "type": MEDIA_TYPES.get(path.suffix, "application/octet-stream"),
                "handed": relative in stages,
                "lazy": stages.get(relative) in ("asked", "language"),
            }
