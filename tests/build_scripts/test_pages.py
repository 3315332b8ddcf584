"""The workflow publishes what its commands make here, and that refers to nothing outside its folder."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import materials
import publishing
from page import read_manifest

# Whichever test is first waits for a whole build.
pytestmark = pytest.mark.timeout(600)

TEXT = publishing.WORKFLOW.read_text(encoding="utf-8")


def block(text: str, key: str) -> list[str]:
    """The lines below the first line that is ``key:``, as far as they are indented deeper, without comments."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    start = next(number for number, line in enumerate(lines) if line.strip() == f"{key}:")
    depth = len(lines[start]) - len(lines[start].lstrip())
    found = []
    for line in lines[start + 1 :]:
        if len(line) - len(line.lstrip()) <= depth:
            break
        found.append(line.strip())
    return found


# --- the workflow ---------------------------------------------------------------------------------


def test_it_runs_for_the_main_branch_and_for_tags() -> None:
    assert block(TEXT, "push") == ["branches: [main]", 'tags: ["*"]']


def test_only_the_step_that_publishes_may_do_more_than_read() -> None:
    assert block(TEXT, "permissions") == ["contents: read"]
    before, after = TEXT.split("  deploy:\n")
    assert before.count("permissions:") == 1
    assert block(after, "permissions") == ["pages: write", "id-token: write"]
    assert "needs: build" in after


def test_two_runs_do_not_publish_at_once_and_none_is_cut_off() -> None:
    assert block(TEXT, "concurrency") == ["group: pages", "cancel-in-progress: false"]


def test_every_action_is_of_github_and_of_one_major_version() -> None:
    actions = re.findall(r"uses: (.+)", TEXT)
    assert actions
    for action in actions:
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", action)


def test_what_is_uploaded_is_the_folder_that_is_made_and_checked() -> None:
    (uploaded,) = re.findall(r"path: (.+)", TEXT.split("upload-pages-artifact")[1])
    assert publishing.workflow_commands() == [
        f"python3 build_scripts/build.py --publish {uploaded}",
        f"python3 build_scripts/materials.py {uploaded}",
    ]


# --- what it publishes ----------------------------------------------------------------------------

slow = pytest.mark.slow


class References(HTMLParser):
    """Collects what a page refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in {"src", "href", "action", "data", "poster", "srcset"} and value:
                self.found.add(value)


def references(page: Path) -> set[str]:
    """What the page itself refers to; the assets of the single file are bytes."""
    text = page.read_text(encoding="utf-8").partition('<script type="application/octet-stream"')[0]
    return {reference for reference in References(text).found if not reference.startswith(("#", "data:"))}


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@slow
def test_the_site_the_single_file_and_the_checksums_lie_in_one_folder(published: Path) -> None:
    expected = {"index.html", "imagenomer.html", "sw.js", ".nojekyll", "SHA256SUMS", materials.BILL, materials.LICENCES}
    assert expected <= names(published)
    assert materials.wrong_files(published) == []
    listed = (published / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert {line.partition("  ")[2] for line in listed} == names(published) - {"SHA256SUMS"}
    assert not any(path.is_symlink() for path in published.rglob("*"))


@slow
def test_every_reference_of_the_page_is_relative_and_leads_to_a_file(published: Path) -> None:
    found = references(published / "index.html")
    assert materials.LICENCES in found
    assert {reference for reference in found if (published / reference).is_file()} == found
    assert not [reference for reference in found if reference.startswith((".", "/")) or ":" in reference]


@slow
def test_the_single_file_refers_to_nothing_and_holds_the_licences(published: Path) -> None:
    assert references(published / "imagenomer.html") == set()
    head = (published / "imagenomer.html").read_text(encoding="utf-8").partition("application/octet-stream")[0]
    assert "Copyright (c) 2011-2014, The OpenBLAS Project" in head
    assert "Mozilla Public License Version 2.0" in head


@slow
def test_every_path_of_the_manifest_and_the_service_worker_is_relative_and_there(published: Path) -> None:
    manifest = read_manifest(published / "index.html")
    paths = [entry["path"] for entry in manifest["assets"]]
    worker = (published / "sw.js").read_text(encoding="utf-8")
    copy, _ = json.JSONDecoder().raw_decode(worker.partition("const COPY = ")[2])
    kept = [file["path"] for file in copy["files"]]
    assert set(paths) < set(kept) < names(published)
    assert {"index.html", materials.BILL, materials.LICENCES} < set(kept)
    outside = re.compile(r"""["'`](/[\w./-]*|https?:[^"'`]*)["'`]""")
    assert outside.findall(worker) == []


@slow
def test_every_asset_is_named_by_its_content_so_that_it_may_be_kept_for_ever(published: Path) -> None:
    assets = sorted((published / "assets").iterdir())
    assert assets
    for path in assets:
        assert f"-{hashlib.sha256(path.read_bytes()).hexdigest()[:10]}." in path.name
