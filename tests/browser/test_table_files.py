"""A spreadsheet brings its reader: asked for when it is needed and never before, served and from disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from driving import START, Watch, choose_folder, new_page, wait_for_engine, wait_until
from hosting import Host
from playwright.sync_api import Browser, Page, expect
from privacy_panel import expect_kept

import stored_tables as stored
from imagenomer.edges import n_edges_of
from readers.small_folder import write_scan

#: What the engine waits for before it is at rest: the last of what it unpacks without being asked.
LAST_OF_ALL = "/assets/rest-"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six subjects whose phenotypes are in a spreadsheet."""
    top = tmp_path / "Six"
    rng = np.random.default_rng(1)
    for subject in stored.PEOPLE:
        write_scan(top, f"fc/{subject}_task-rest_fc.npy", rng.uniform(-1, 1, n_edges_of(10)))
    (top / "participants.xlsx").write_bytes(stored.xlsx({"data": [[*stored.COLUMNS], *stored.rows()]}))
    return top


@pytest.fixture
def fresh(browser: Browser, watch: Watch) -> Iterator[Page]:
    """A page of a fresh profile, still empty."""
    page = new_page(browser, watch)
    yield page
    page.context.close()


@pytest.fixture
def host(site: Path) -> Iterator[Host]:
    host = Host(site)
    yield host
    host.stop()


def expect_six(page: Page) -> None:
    expect(page.get_by_role("heading", level=1, name="Six")).to_be_visible(timeout=START)
    expect(page.get_by_role("main")).to_contain_text("age")


def asked_lazily(host: Host) -> list[str]:
    """Which of the assets that few need were asked for."""
    names = (path.removeprefix("/assets/").partition("-")[0] for path in host.asked if path.startswith("/assets/"))
    return [name for name in names if name in ("calamine", "pandas", "pyfive", "rdata")]


def test_on_the_site_its_reader_is_fetched_once_and_nothing_else_of_its_kind(
    fresh: Page, host: Host, folder: Path
) -> None:
    fresh.goto(host.url)
    wait_for_engine(fresh)
    expect_kept(fresh)  # by then everything has been fetched that is fetched without being asked for
    assert any(path.startswith(LAST_OF_ALL) for path in host.asked)
    assert asked_lazily(host) == []
    choose_folder(fresh, folder)
    expect_six(fresh)
    assert asked_lazily(host) == ["calamine"]
    fresh.reload()
    wait_for_engine(fresh)
    asked = len(host.asked)
    host.stop()
    choose_folder(fresh, folder)
    expect_six(fresh)
    assert host.asked[asked:] == []


def test_without_a_service_worker_its_reader_comes_with_the_rest(fresh: Page, host: Host, folder: Path) -> None:
    fresh.add_init_script("delete Navigator.prototype.serviceWorker")
    fresh.goto(host.url)
    wait_for_engine(fresh)
    wait_until(fresh, lambda: sorted(asked_lazily(host)) == ["calamine", "pandas", "pyfive", "rdata"], START / 1000)
    choose_folder(fresh, folder)
    expect_six(fresh)


def test_a_reader_that_cannot_be_had_is_told_of_and_a_reload_brings_it(
    fresh: Page, host: Host, folder: Path, allowed: list[str]
) -> None:
    allowed.append(r"ERR_|404|Failed to load")
    fresh.goto(host.url)
    wait_for_engine(fresh)
    expect_kept(fresh)
    (packed,) = (host.folder / "assets").glob("calamine-*")
    content = packed.read_bytes()
    packed.unlink()
    try:
        choose_folder(fresh, folder)
        expect(fresh.get_by_role("alert").filter(has_text="calamine.blob")).to_be_visible(timeout=START)
    finally:
        packed.write_bytes(content)
    fresh.get_by_role("alert").filter(has_text="calamine.blob").get_by_role("button", name="Reload the page").click()
    wait_for_engine(fresh)
    choose_folder(fresh, folder)
    expect_six(fresh)


def test_from_disk_it_is_read_without_any_network(fresh: Page, single_file: Path, folder: Path) -> None:
    fresh.context.set_offline(True)
    fresh.goto(single_file.as_uri())
    choose_folder(fresh, folder)
    expect_six(fresh)
