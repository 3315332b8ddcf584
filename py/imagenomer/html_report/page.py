"""Page: the body of a report of one result, and the page around it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from imagenomer import __version__
from imagenomer.html_report.record import Record, escaped
from imagenomer.html_report.style import STYLE
from imagenomer.html_report.text import (
    all_numbers,
    head,
    key_numbers,
    listing,
    methods,
    paragraph,
    script,
    settings,
    verdict,
)
from imagenomer.html_report.views import contents, draw_views, label_views, view_in_html
from imagenomer.jsonable import jsonable
from imagenomer.progress import Steps
from imagenomer.types import JsonObject

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"


def body_of(record: Record) -> Steps[list[str]]:
    """Return what a report says, piece by piece."""
    report = record.report
    numbers = cast("JsonObject", jsonable(report.numbers))
    labels = dict(label_views(report.views))
    figures = yield from draw_views(record, labels)
    return [
        *head(record),
        *verdict(record, labels),
        *listing("warnings", "What could mislead", map(record.named, report.warnings)),
        *key_numbers(numbers),
        *paragraph("Data, exclusions and assumptions", map(record.named, report.sentences)),
        *settings(record),
        *contents(report.views, labels),
        "<section><h2>Results</h2>",
        *(view_in_html(view, labels[view.name], figures, record) for view in report.views),
        *all_numbers(numbers),
        "</section>",
        *methods(record),
        *script(record),
    ]


def page_of(title: str, body: Iterable[str]) -> bytes:
    """Return a whole page in UTF-8."""
    page = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f'<meta name="generator" content="ImageNomer {escaped(__version__)}">',
        f"<title>{escaped(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>",
        *body,
        "</main>\n</body>\n</html>\n",
    ]
    # A name may hold what UTF-8 cannot (half a surrogate pair, from a file name).
    return "\n".join(page).encode("utf-8", "xmlcharrefreplace")
