"""The single file, opened from disk without network, does what the site does."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driving import START, Watch, choose_folder, drop_files, new_page, wait_for_engine
from playwright.sync_api import Browser, Page, expect
from views import expect_figures, go

from imagenomer.cohort import Cohort
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes

#: Makes files unreadable in workers, as they are in WebKit in pages opened from disk. Before `goto`.
NO_FILES_IN_WORKERS = """
const create = URL.createObjectURL, addition = `
    FileReaderSync.prototype.readAsArrayBuffer = FileReaderSync.prototype.readAsText = () => {
        throw new DOMException("no file can be read here", "NotReadableError");
    };
`;
URL.createObjectURL = (blob) =>
    create.call(URL, blob.type === "text/javascript" ? new Blob([addition, blob], {type: blob.type}) : blob);
"""


@pytest.fixture
def new(browser: Browser, watch: Watch) -> Iterator[Callable[[], Page]]:
    """Makes pages of browsers without network."""
    pages = []

    def make() -> Page:
        pages.append(new_page(browser, watch))
        pages[-1].context.set_offline(True)
        return pages[-1]

    yield make
    for page in pages:
        page.context.close()


@pytest.fixture
def alone(new: Callable[[], Page], single_file: Path) -> Page:
    """The single file, just opened."""
    page = new()
    page.goto(single_file.as_uri())
    return page


@pytest.fixture
def bundle(cohort: Cohort, tmp_path: Path) -> Path:
    """The forty subjects as a bundle, zipped."""
    path = tmp_path / "forty.zip"
    path.write_bytes(finish(bundle_bytes(cohort)))
    return path


def expect_forty(page: Page) -> None:
    expect(page.get_by_role("heading", level=1, name="Forty")).to_be_visible(timeout=START)


def test_it_opens_the_demo_folders_and_files_associates_and_saves_a_figure_and_asks_for_nothing(
    alone: Page, watch: Watch, bundle: Path, tmp_path: Path
) -> None:
    alone.get_by_label("Size").select_option("quick")
    alone.locator("#open-demo").click()
    expect(alone.get_by_role("banner")).to_contain_text("250 subjects", timeout=START)
    go(alone, "Connectivity")
    expect(alone.locator("canvas").first).to_be_visible(timeout=START)
    go(alone, "Associations")
    scatter = alone.locator(".result section.points")
    expect(scatter).to_be_visible(timeout=START)
    expect_figures(alone, scatter.locator(".menu").filter(has_text="Download"))
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path / "forty")
    for give in (lambda: choose_folder(alone, tmp_path / "forty"), lambda: drop_files(alone, bundle)):
        alone.get_by_role("button", name="Open another").click()
        expect(alone.get_by_role("heading", name="Drop a cohort here")).to_be_visible()
        give()
        expect_forty(alone)
    assert [url for url in watch.requests if not url.startswith(("blob:", "data:"))] == [alone.url.partition("#")[0]]


def test_where_no_worker_can_read_a_file_the_page_reads_it(
    new: Callable[[], Page], single_file: Path, bundle: Path
) -> None:
    page = new()
    page.add_init_script(NO_FILES_IN_WORKERS)
    page.goto(single_file.as_uri())
    wait_for_engine(page)
    drop_files(page, bundle)
    expect_forty(page)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda text: text[: text.index('id="asset-pyodide.asm.wasm">') + 4000], "pyodide.asm.wasm was cut short"),
        (lambda text: text[: text.index('<script type="application/octet-stream" id="asset-pyodide.asm.wasm"')],
         "pyodide.asm.wasm is missing: this file was cut short"),
        (lambda text: text.replace('id="asset-micropython.wasm">H4sI', 'id="asset-micropython.wasm">H4sJ'),
         "micropython.wasm is damaged: its hash is not the one expected"),
        (lambda text: text.replace('id="asset-micropython.wasm">H4sI', 'id="asset-micropython.wasm">H4s?'),
         "micropython.wasm is damaged: it is not base64"),
    ],
    ids=["cut", "missing", "changed", "garbled"],
)  # fmt: skip
def test_a_damaged_file_says_what_is_damaged(
    new: Callable[[], Page],
    single_file: Path,
    tmp_path: Path,
    allowed: list[str],
    harm: Callable[[str], str],
    message: str,
) -> None:
    allowed.append("did not start")
    damaged = tmp_path / "imagenomer.html"
    text = single_file.read_text(encoding="utf-8")
    harmed = harm(text)
    assert harmed != text
    damaged.write_text(harmed, encoding="utf-8")
    page = new()
    page.goto(damaged.as_uri())
    expect(page.get_by_role("alert").filter(has_text=message)).to_be_visible(timeout=START)


def test_a_browser_too_old_is_told_so(new: Callable[[], Page], single_file: Path) -> None:
    page = new()
    page.add_init_script("delete self.DecompressionStream")
    page.goto(single_file.as_uri())
    expect(page.get_by_role("alert")).to_contain_text("DecompressionStream")
    expect(page.locator("#start-progress")).to_be_hidden()
