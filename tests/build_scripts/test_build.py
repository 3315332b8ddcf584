"""The site is made of what it should be, and twice the same."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html.parser
import json
import os
import re
from pathlib import Path

import pytest

import build
import page
import runtime
from bare_source import bare
from page import read_manifest
from program import Program
from single_file import size_table


class Elements(html.parser.HTMLParser):
    """The scripts, styles and policies of a page, as a browser sees them."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.scripts: dict[str, str] = {}  # by id
        self.styles: list[str] = []
        self.policies: list[str] = []
        self._into: str | None = None
        self.feed(page.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self._into = {"style": "style", "script": given.get("id") or "code"}.get(tag)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policies.append(given["content"] or "")

    def handle_data(self, data: str) -> None:
        if self._into == "style":
            self.styles.append(data)
        elif self._into is not None:
            self.scripts[self._into] = self.scripts.get(self._into, "") + data

    def handle_endtag(self, tag: str) -> None:
        self._into = None


def policy_hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def directive(policy: str, name: str) -> set[str]:
    (found,) = [part.split() for part in policy.split("; ") if part.split()[0] == name]
    return set(found[1:])


def test_two_builds_are_the_same_to_the_byte(site: Path, single_file: Path, tmp_path: Path) -> None:
    again = build.build(tmp_path / "site", tmp_path / "imagenomer.html")
    files = {path.relative_to(site) for path in site.rglob("*") if path.is_file()}
    assert files == {path.relative_to(again) for path in again.rglob("*") if path.is_file()}
    assert [path for path in files if (site / path).read_bytes() != (again / path).read_bytes()] == []
    assert single_file.read_bytes() == (tmp_path / "imagenomer.html").read_bytes()


def test_a_build_replaces_what_was_there(program: Program, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old.txt").write_text("old")
    build.write_site(program, tmp_path / "site")
    assert not (tmp_path / "site" / "old.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_the_manifest_holds_sizes_and_hashes_of_what_is_there(site: Path) -> None:
    entries = read_manifest(site / "index.html")["assets"]
    assert {entry["path"] for entry in entries} == {f"assets/{path.name}" for path in (site / "assets").iterdir()}
    for entry in entries:
        path = site / entry["path"]
        assert (path.stat().st_size, runtime.sha256_of(path)) == (entry["size"], entry["sha256"])
        assert len(gzip.decompress(path.read_bytes())) == entry["raw_size"]
        assert entry["sha256"][:10] in path.name


def test_assets_come_in_the_order_in_which_they_are_needed(site: Path) -> None:
    stages = [entry["stage"] for entry in read_manifest(site / "index.html")["assets"]]
    assert stages == sorted(stages, key=["page", "language", "first", "soon", "rest", "asked"].index)


def test_the_single_file_holds_the_assets_of_the_site(site: Path, single_file: Path) -> None:
    held = Elements(single_file).scripts
    for entry in read_manifest(site / "index.html")["assets"]:
        assert base64.b64decode(held[f"asset-{entry['name']}"]) == (site / entry["path"]).read_bytes()


def test_site_and_single_file_differ_in_where_their_assets_are_alone(site: Path, single_file: Path) -> None:
    served, alone = read_manifest(site / "index.html"), read_manifest(single_file)
    assert {key for key in served if served[key] != alone[key]} == {"inline"}
    here, there = Elements(site / "index.html"), Elements(single_file)
    assert here.scripts["code"] == there.scripts["code"]
    assert here.styles == there.styles


def test_both_have_every_document(site: Path, single_file: Path) -> None:
    held, linked = single_file.read_text(encoding="utf-8"), (site / "index.html").read_text(encoding="utf-8")
    for path in (runtime.ROOT / "site" / "docs").glob("*.md"):
        assert f'href="docs/{path.stem}.html"' in linked
        assert f'id="document-{path.stem}"' in held


def test_the_single_file_stays_below_50_megabytes(single_file: Path) -> None:
    assert single_file.stat().st_size < 50e6


def test_what_reads_files_of_other_programs_is_fetched_only_when_asked_for(site: Path) -> None:
    manifest = read_manifest(site / "index.html")
    asked = [entry["name"] for entry in manifest["assets"] if entry["stage"] == "asked"]
    assert asked == ["calamine.blob", "pandas.blob", "pyfive.blob", "rdata.blob"] == manifest["engine"]["asked"]


def test_up_to_the_first_figure_at_most_16_megabytes_are_fetched(site: Path) -> None:
    assets = read_manifest(site / "index.html")["assets"]
    assert sum(asset["size"] for asset in assets if asset["stage"] in ("page", "first", "soon")) <= 16_000_000


def test_the_table_of_sizes_is_that_of_the_single_file(single_file: Path) -> None:
    """Within a tenth: the table is written anew when something weighs in, not at each change."""

    def rows(table: str) -> dict[str, float]:
        found = re.findall(r"^\| \*\*(.+?)\*\* \| ([\d.]+) \|", table, re.MULTILINE)
        return {title: float(size) for title, size in found}

    written = rows((runtime.ROOT / "site" / "docs" / "sizes.md").read_text(encoding="utf-8"))
    actual = rows(size_table(read_manifest(single_file)["assets"]))
    assert written.keys() == actual.keys()
    assert written == pytest.approx(actual, rel=0.1, abs=0.2)
    assert written["Together"] == pytest.approx(single_file.stat().st_size / 1e6, rel=0.1)


@pytest.mark.parametrize("which", ["site", "single_file"])
def test_the_policy_allows_the_scripts_of_the_page_by_their_hashes_and_no_others(
    which: str, request: pytest.FixtureRequest
) -> None:
    built: Path = request.getfixturevalue(which)
    page = Elements(built / "index.html" if which == "site" else built)
    manifest = json.loads(page.scripts["manifest"])
    packed = next(entry for entry in manifest["assets"] if entry["name"] == "interpreter.js")
    assets: Path = request.getfixturevalue("site")
    interpreter = gzip.decompress((assets / packed["path"]).read_bytes()).decode()
    (policy,) = page.policies
    ours = {policy_hash(page.scripts["code"]), policy_hash(interpreter)}
    assert directive(policy, "script-src") == {"'wasm-unsafe-eval'", *ours}
    assert directive(policy, "style-src") == {policy_hash(style) for style in page.styles}
    assert directive(policy, "default-src") == {"'none'"}
    assert directive(policy, "connect-src") == ({"'self'"} if which == "site" else {"'none'"})
    locked = manifest["locked_policy"]
    assert directive(locked, "script-src") == {"'wasm-unsafe-eval'", policy_hash(interpreter)}
    assert directive(locked, "default-src") == {"'none'"}
    assert "connect-src" not in locked
    assert not re.search(r"'self'|'unsafe|https?:|\*", locked)


def test_the_interface_writes_its_modules_and_runs_the_main_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Program
) -> None:
    (asset,) = [asset for asset in program.assets if asset.name == "interface.py"]
    monkeypatch.chdir(tmp_path)
    ran: list[str] = []
    script = gzip.decompress(asset.shipped).decode()
    for name in ("language", "main"):
        script = script.replace(f"\nimport {name}", f"\nran.append({name!r})")
    exec(script, {"ran": ran})  # noqa: S102
    assert ran == ["language", "main"]
    wording = (runtime.ROOT / "py" / "imagenomer" / "wording.py").read_text(encoding="utf-8")
    sources = python_files(runtime.ROOT / "site" / "ui") | {"imagenomer/wording.py": wording}
    written = {name: bare(text) for name, text in sources.items()} | {"imagenomer/__init__.py": ""}
    assert python_files(tmp_path) == written


def python_files(folder: Path) -> dict[str, str]:
    """Path and text of each module in a folder and those in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_a_page_without_a_place_for_its_parts_stops_the_build() -> None:
    with pytest.raises(ValueError, match=r"must have 'MANIFEST' once"):
        page._fill("<p>MANIFEST, MANIFEST", "MANIFEST", "{}")


def test_nothing_in_the_site_names_another_host_to_load_from(site: Path) -> None:
    """Everything of ours is relative; the interpreters' own texts name hosts they are never asked to use."""
    for path in site.rglob("*"):
        if path.suffix in {".html", ".css", ".json", ".py"}:
            text = path.read_text(encoding="utf-8")
            for attribute in ('src="http', 'href="http', "url(http", "@import", "fetch(http"):
                assert attribute not in re.sub(r'<a href="https://[^"]*"', "", text), path  # what a reader may follow


def test_a_site_is_current_until_a_source_changes(site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = tmp_path / "analysis.py"
    monkeypatch.setattr(build, "sources", lambda: iter([source]))
    built = (site / "index.html").stat().st_mtime
    for age, current in ((10, True), (-10, False)):
        source.write_text("")
        os.utime(source, (built - age, built - age))
        assert build.is_current(site) is current
    assert not build.is_current(tmp_path / "nowhere")
