"""Views of an HTML report: figures as SVG in the page, tables with their CSV, and the list of both."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Sequence

from imagenomer.analyses.contract import Column, FigureView, GridView, PointsView, TableView, View
from imagenomer.descriptions import describe
from imagenomer.downloads import csv_of, stem
from imagenomer.html_report.record import Record, anchor, escaped, stopped
from imagenomer.progress import Progress, Steps
from imagenomer.types import Json
from imagenomer.wording import cell, decimals_of

#: Rows of a table that are written out; its CSV has all.
ROWS = 50
#: Tables with more columns are set smaller.
MANY_COLUMNS = 8


def label_views(views: Iterable[View]) -> Iterator[tuple[str, str]]:
    """Number figures and tables as a paper does."""
    counts = {"Figure": 0, "Table": 0}
    for view in views:
        kind = "Table" if isinstance(view, TableView) else "Figure"
        counts[kind] += 1
        yield view.name, f"{kind} {counts[kind]}"


def contents(views: Sequence[View], labels: dict[str, str]) -> Iterator[str]:
    if len(views) > 2:
        items = [
            f'<li><a href="#{anchor(view.name)}">{labels[view.name]}</a><span>{escaped(view.title)}</span></li>'
            for view in views
        ]
        yield f'<nav aria-label="Figures and tables"><ol>{"".join(items)}</ol></nav>'


def draw_views(record: Record, labels: dict[str, str]) -> Steps[dict[str, str]]:
    """Draw every view that is not a table, in the light theme, as figures go on paper."""
    from imagenomer.figures.theme import group_styles, render

    drawn = [view for view in record.report.views if not isinstance(view, TableView)]
    styles: dict[str | None, tuple[str, str]] = {
        expression: (name, colour) for name, expression, colour in record.groups
    }
    with group_styles(styles):
        figures = record.analysis.figures(record.cohort, record.params, record.result, record.report) if drawn else {}
    made = {}
    for position, view in enumerate(drawn):
        yield Progress("Drawing figures", position, len(drawn))
        # Some are drawn only when they are read. Not around the yield: requests served there have other groups.
        with group_styles(styles):
            svg = render(figures[view.name], "svg").decode()
        made[view.name] = _inline(svg, f"f{position + 1}-", f"{labels[view.name]}: {_words(view, record)}")
    return made


def _words(view: View, record: Record) -> str:
    """Return what a figure is of and what it finds, for whoever cannot see it."""
    parcellation = record.cohort.parcellation
    labels = () if parcellation is None else parcellation.labels
    return f"{view.title}: {record.named(describe(view, record.report, labels))}"


def _inline(svg: str, prefix: str, label: str) -> str:
    """Make an SVG file of Matplotlib part of a page: its names its own, its size that of the page."""
    start = svg.index("<svg")
    opening, rest = svg[start:].split(">", 1)
    rest = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", rest, flags=re.DOTALL)
    # In tags only, where Matplotlib writes no ">" of a text: names of the user's data stay as they are.
    inside = re.sub(r"<[^>]*>", lambda tag: _prefixed(tag[0], prefix), rest)
    width, height = (float(found) for found in re.findall(r'(?:width|height)="([\d.]+)pt"', opening))
    # Four thirds of a pixel to the point, and as wide as there is room for.
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" style="width: {width * 4 / 3:.0f}px" role="img" '
        f'aria-label="{escaped(label)}" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f"{inside.strip()}"
    )


def _prefixed(tag: str, prefix: str) -> str:
    tag = re.sub(r'(\sid=")', rf"\g<1>{prefix}", tag)
    return re.sub(r'(url\(#|xlink:href="#)', rf"\g<1>{prefix}", tag)


def view_in_html(view: View, label: str, figures: dict[str, str], record: Record) -> str:
    title = f"<strong>{escaped(label)}. {escaped(stopped(view.title))}</strong>"
    if isinstance(view, TableView):
        wide = " wide" if sum(column.where != "file" for column in view.columns) > MANY_COLUMNS else ""
        return f'<figure id="{anchor(view.name)}" class="table{wide}">{_table(view, title, record)}</figure>'
    caption = title
    if isinstance(view, PointsView):
        caption += f" {escaped(stopped(view.caption))}"
    elif isinstance(view, FigureView):
        caption += f" {escaped(stopped(view.alt))}"
    elif isinstance(view, GridView):
        caption += f" {escaped(stopped(view.label))} {_csv(view, record)}"
    return (
        f'<figure id="{anchor(view.name)}"><div class="paper">{figures[view.name]}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _table(view: TableView, title: str, record: Record) -> str:
    columns = [column for column in view.columns if column.where != "file"]
    offered = view.rows[: view.on_page]
    rows = offered[:ROWS]
    names = {expression: name for name, expression, _ in record.groups}
    digits = [decimals_of([row.get(column.key) for row in offered]) for column in columns]
    head = "".join(f'<th scope="col" class="{column.kind}">{escaped(column.label)}</th>' for column in columns)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="{column.kind}">{escaped(_cell(row.get(column.key), column, decimals, names))}</td>'
            for column, decimals in zip(columns, digits, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    note = (
        f" The first {len(rows):,} of {len(view.rows):,} rows; the CSV has all." if len(rows) < len(view.rows) else ""
    )
    caption = f"<figcaption>{title}{note} {_csv(view, record)}</figcaption>"
    # To be scrolled by the keys where it is wider than the page.
    scrolled = f'class="scroll" tabindex="0" role="group" aria-label="{escaped(view.title)}"'
    return f"{caption}<div {scrolled}><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _csv(view: TableView | GridView, record: Record) -> str:
    data = base64.b64encode(csv_of(view)).decode()
    filename = f"{stem(record.analysis.title, view.name)}.csv"
    return (
        f'<a class="download" download="{escaped(filename)}" href="data:text/csv;charset=utf-8;base64,{data}" '
        f'aria-label="{escaped(view.title)} as CSV">CSV</a>'
    )


def _cell(value: Json, column: Column, decimals: int | None, names: dict[str, str]) -> str:
    return names.get(str(value), str(value)) if isinstance(value, str) else cell(value, column.kind, decimals)
