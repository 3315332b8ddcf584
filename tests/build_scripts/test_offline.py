"""The service worker knows every file of one build by its hash, and no other."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import offline

MANIFEST = {
    "build": "0123456789ab",
    "assets": [
        {"path": "assets/engine-0123456789.wasm", "stage": "first"},
        {"path": "assets/pandas-0123456789.blob", "stage": "asked"},
    ],
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with a page, an asset, a style sheet, a manual, and what is not to be kept."""
    contents = {
        "index.html": "the page",
        "assets/engine-0123456789.wasm": "the engine",
        "assets/pandas-0123456789.blob": "what few need",
        "assets/style-0123456789.css": "the style",
        "docs/manual.md": "the manual",
        "sw.js": "an old one",
        "SHA256SUMS": "sums",
        "imagenomer.html": "one file",
    }
    for path, content in contents.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(content, encoding="utf-8")
    return tmp_path


def written(site: Path) -> dict[str, Any]:
    """What the service worker of a site knows."""
    text = (site / "sw.js").read_text(encoding="utf-8")
    start = text.index("const COPY = ") + len("const COPY = ")
    return dict(json.JSONDecoder().raw_decode(text, start)[0])


def test_every_file_is_listed_with_its_hash_but_the_worker_and_what_is_made_later(site: Path) -> None:
    offline.write(site, MANIFEST)
    files = written(site)["files"]
    assert [file["path"] for file in files] == [
        "assets/engine-0123456789.wasm",
        "assets/pandas-0123456789.blob",
        "assets/style-0123456789.css",
        "docs/manual.md",
        "index.html",
    ]
    for file in files:
        content = (site / file["path"]).read_bytes()
        assert (file["size"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


def test_the_page_hands_over_what_its_manifest_names_and_the_worker_fetches_the_rest(site: Path) -> None:
    offline.write(site, MANIFEST)
    handed = [file["path"] for file in written(site)["files"] if file["handed"]]
    assert handed == ["assets/engine-0123456789.wasm", "assets/pandas-0123456789.blob"]


def test_what_few_need_is_lazy_and_nothing_else(site: Path) -> None:
    offline.write(site, MANIFEST)
    assert [file["path"] for file in written(site)["files"] if file["lazy"]] == ["assets/pandas-0123456789.blob"]


def test_what_a_browser_runs_or_shows_has_its_media_type(site: Path) -> None:
    offline.write(site, MANIFEST)
    types = {file["path"].rpartition(".")[2]: file["type"] for file in written(site)["files"]}
    assert types == {
        "wasm": "application/wasm",
        "blob": "application/octet-stream",
        "css": "text/css; charset=utf-8",
        "md": "text/plain; charset=utf-8",
        "html": "text/html; charset=utf-8",
    }


def test_the_same_site_gives_the_same_worker_and_any_change_another_copy(site: Path) -> None:
    offline.write(site, MANIFEST)
    first = (site / "sw.js").read_bytes()
    offline.write(site, MANIFEST)
    assert (site / "sw.js").read_bytes() == first
    name = written(site)["copy"]
    (site / "docs" / "manual.md").write_text("a better manual", encoding="utf-8")
    offline.write(site, MANIFEST)
    assert written(site)["copy"] != name
    assert written(site)["build"] == MANIFEST["build"]


def test_an_asset_that_is_not_there_stops_the_build(site: Path) -> None:
    manifest = {"build": "0", "assets": [{"path": "assets/missing.bin", "stage": "first"}]}
    with pytest.raises(ValueError, match=r"has not: assets/missing\.bin"):
        offline.write(site, manifest)
