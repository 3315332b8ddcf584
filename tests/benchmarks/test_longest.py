"""What takes longest with the demo cohort of 830 people, by the products of before and of now, in the page and
natively; and how long its steps take in one piece, in the page.

Nothing is asserted but that all of it works. `build_scripts/speed.py` makes tables of what is measured here; each row
is written down when it is done, so that a run that is stopped has measured something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import Browser

import speed
from benchmarks.in_page import HERE, open_page, run_in_worker, said_natively, timed

#: Where a record has which part of what is told: the length of a step is noted in the page only.
IN_PAGE = {
    "before": ("page", "before"),
    "now": ("page", "now"),
    "products": ("page", "products"),
    "pieces": ("pieces",),
}
NATIVELY = {"before": ("native", "before"), "now": ("native", "now")}


@pytest.mark.browser
@pytest.mark.timeout(7200)
def test_what_takes_longest_in_the_page_and_natively(browser: Browser, site_url: str, report: list[str]) -> None:
    record: dict[str, Any] = {}
    for places, told in ((IN_PAGE, _in_page(browser, site_url)), (NATIVELY, said_natively(HERE / "longest.py"))):
        for part in told:
            _add(record, part, places)
            speed.keep("longest", record)
    for table in (speed.longest, speed.products, speed.pieces):
        report += ["", *table(speed.kept("longest")).splitlines()]


def _in_page(browser: Browser, site_url: str) -> Iterator[Any]:
    page, worker = open_page(browser, site_url, idle_work=True)
    run_in_worker(worker, "turns = longest.Turns(engine)\nawait turns.begin()")
    for position in range(run_in_worker(worker, "longest.N_ROWS")):
        yield timed(worker, f"turns.row({position})")
    yield timed(worker, "turns.products()")
    for position in range(run_in_worker(worker, "longest.N_OTHERS")):
        yield timed(worker, f"turns.other({position})")
    page.context.close()


def _add(record: dict[str, Any], part: Mapping[str, Any], places: Mapping[str, tuple[str, ...]]) -> None:
    """Put what was told where the record has it."""
    for name, place in places.items():
        at = record
        for key in place:
            at = at.setdefault(key, {})
        at |= part.get(name, {})
