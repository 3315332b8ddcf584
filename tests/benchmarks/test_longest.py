"""What takes longest with the demo cohort of 830 people, by the products of before and of now, in the page and
natively; and how long its steps take in one piece, in the page.

Nothing is asserted but that all of it works. `build_scripts/speed.py` makes tables of what is measured here.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

import speed
from benchmarks.in_page import HERE, open_page, run_natively, timed


@pytest.mark.browser
@pytest.mark.timeout(7200)
def test_what_takes_longest_in_the_page_and_natively(browser: Browser, site_url: str, report: list[str]) -> None:
    page, worker = open_page(browser, site_url, idle_work=True)
    in_page = timed(worker, "longest.by_turns(engine)")
    pieces = in_page.pop("pieces") | timed(worker, "longest.in_pieces(engine)")
    page.context.close()
    record = {"page": in_page, "native": run_natively(HERE / "longest.py"), "pieces": pieces}
    speed.keep("longest", record)
    for table in (speed.longest, speed.products, speed.pieces):
        report += ["", *table(speed.kept("longest")).splitlines()]
