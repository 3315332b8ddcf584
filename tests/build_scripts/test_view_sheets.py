"""Every view has its sheet of pictures in the docs; `build_scripts/view_sheets.py` takes them."""

from __future__ import annotations

from imagenomer.analyses.contract.catalogue import catalogue
from imagenomer.explanations.methods import METHODS
from view_sheets import DOCUMENT, SHEETS, View


def test_every_analysis_has_a_sheet_and_every_sheet_is_listed():
    listed = DOCUMENT.read_text(encoding="utf-8")
    names = {path.stem for path in SHEETS.glob("*.jpg")}
    assert {name for name in names if f"images/views/{name}.jpg" not in listed} == set()
    by_tab: dict[str, list[str]] = {}
    for analysis in (one for name, one in catalogue().items() if name in METHODS):
        by_tab.setdefault(analysis.tab, []).append(analysis.title)
    called = {"Mean and standard deviation": "Mean and SD"}
    missing = [
        title
        for tab, titles in by_tab.items()
        for title in titles
        if View(tab, called.get(title, title) if len(titles) > 1 else "", print).name not in names
    ]
    assert missing == []


def test_the_sheets_are_small():
    assert sum(path.stat().st_size for path in SHEETS.glob("*.jpg")) < 3_000_000
