"""HTML report: a result as one file to keep, to print and to attach, which needs no program and no network.

Whatever comes from data or from the user enters through `_escaped` alone, and the policy in the head of the file allows
nothing but its own styles and the images inside it, so that no name can become code. The file holds no date: the
same result is the same file.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from imagenomer import ARTICLE, __version__
from imagenomer.analyses.contract import (
    Analysis,
    Column,
    FigureView,
    GridView,
    Methods,
    Parameter,
    PointsView,
    Report,
    TableView,
    View,
    parameters_of,
)
from imagenomer.cohort import Cohort
from imagenomer.downloads import csv_of, stem
from imagenomer.groups.sentence import spelled_out
from imagenomer.jsonable import jsonable
from imagenomer.progress import Progress, Steps
from imagenomer.types import Json, JsonObject
from imagenomer.wording import KEY_NUMBERS, cell, decimals_of, is_number, named, number

#: Name, expression and colour of each group.
Groups: TypeAlias = Sequence[tuple[str, str, str]]

#: Rows of a table that are written out; its CSV has all.
ROWS = 50
#: Tables with more columns are set smaller.
MANY_COLUMNS = 8

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is written down: a result, what it is a result of, and the script that computes it again.

    Attributes
    ----------
    analysis : Analysis
    cohort : Cohort
    params, result : object
    report : Report
    script : str
    groups : sequence of (str, str, str)
        Name, expression and colour, as the page shows them.
    n_parts : int
        Parts that are done, of an analysis in parts.
    """

    analysis: Analysis
    cohort: Cohort
    params: Any
    result: Any
    report: Report
    script: str
    groups: Groups = ()
    n_parts: int = 0

    def named(self, sentence: str) -> str:
        """Return a sentence in which groups have the names that the page gives them."""
        return named(spelled_out(sentence), {expression: name for name, expression, _ in self.groups})


def html_report(kept: Kept) -> Steps[bytes]:
    """Return a result as one HTML file in UTF-8: verdict, sentences, figures, tables, methods, references, script."""
    report = kept.report
    numbers = cast("JsonObject", jsonable(report.numbers))
    labels = dict(_labels(report.views))
    figures = yield from _figures(kept, labels)
    title = f"{kept.analysis.title} – {kept.cohort.name}"
    body = [
        *_head(kept),
        *_verdict(kept, labels),
        *_list("warnings", "What could mislead", map(kept.named, report.warnings)),
        *_key_numbers(numbers),
        *_paragraph("What was used, dropped and assumed", map(kept.named, report.sentences)),
        *_settings(kept),
        *_contents(report.views, labels),
        "<section><h2>Results</h2>",
        *(_view(view, labels[view.name], figures, kept) for view in report.views),
        *_all_numbers(numbers),
        "</section>",
        *_methods(kept),
        *_script(kept),
    ]
    page = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f'<meta name="generator" content="ImageNomer {_escaped(__version__)}">',
        f"<title>{_escaped(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
        *body,
        "</main>\n</body>\n</html>\n",
    ]
    # A name may hold what UTF-8 cannot (half a surrogate pair, from a file name).
    return "\n".join(page).encode("utf-8", "xmlcharrefreplace")


# --- the head ------------------------------------------------------------------------------------


def _head(kept: Kept) -> Iterator[str]:
    cohort = kept.cohort
    yield f"<header><h1>{_escaped(kept.analysis.title)}</h1><p>{_escaped(kept.analysis.summary)}</p>"
    yield f'<p class="cohort">{_cohort(cohort)}</p>'
    if cohort.companion is not None:
        yield f'<p class="cohort">Second cohort: {_cohort(cohort.companion)}</p>'
    yield f'<p class="quiet">Computed with ImageNomer {_escaped(__version__)}.</p></header>'
    yield f'<p class="care">{_escaped(_care(kept))}</p>'
    missing = kept.analysis.parts[kept.n_parts :]
    if missing:
        titles = ", ".join(f"“{part.title}”" for part in missing)
        yield (
            f'<p class="care">Stopped after {kept.n_parts} of {len(kept.analysis.parts)} parts. Not computed: '
            f"{_escaped(titles)}.</p>"
        )


def _cohort(cohort: Cohort) -> str:
    synthetic = " (synthetic)" if cohort.synthetic and "synthetic" not in cohort.name.lower() else ""
    counts = f"{cohort.n_subjects:,} subjects" + (f", {len(cohort.scans):,} scans" if cohort.scans else "")
    return f"<strong>{_escaped(cohort.name)}</strong>{synthetic}: {counts}"


def _care(kept: Kept) -> str:
    """Say what of single people is in the file: whoever passes it on decides with that in mind."""
    if kept.cohort.synthetic:
        return "The people in this file are synthetic."
    single = [view.title for view in kept.report.views if _is_of_people(view)]
    sentence = "This file was made on the computer that holds the data, from what its page showed there."
    if single:
        shown = ", ".join(f"“{title}”" for title in single)
        return f"{sentence} Values of single subjects are in it ({shown}): pass it on only as you may pass on the data."
    return f"{sentence} Before you pass it on, see whether a sentence or a table names a subject."


def _is_of_people(view: View) -> bool:
    if isinstance(view, PointsView):
        return view.what == "Subject"
    return isinstance(view, TableView) and any(column.key in ("subject", "subjects") for column in view.columns)


def _verdict(kept: Kept, labels: dict[str, str]) -> Iterator[str]:
    if kept.report.verdict:
        yield '<section class="verdict"><h2>Verdict</h2><ul>'
        for finding in kept.report.verdict:
            link = f'<a href="#{_anchor(finding.of)}">{_escaped(labels[finding.of])}</a>'
            yield f"<li>{_escaped(finding.text)} ({link})</li>"
        yield "</ul></section>"


def _list(kind: str, title: str, sentences: Iterable[str]) -> Iterator[str]:
    items = [f"<li>{_escaped(sentence)}</li>" for sentence in sentences]
    if items:
        yield f'<section class="{kind}"><h2>{title}</h2><ul>{"".join(items)}</ul></section>'


def _paragraph(title: str, sentences: Iterable[str]) -> Iterator[str]:
    text = " ".join(sentences)
    if text:
        yield f"<section><h2>{title}</h2><p>{_escaped(text)}</p></section>"


def _key_numbers(numbers: JsonObject) -> Iterator[str]:
    shown = [(label, numbers.get(key)) for key, label in KEY_NUMBERS]
    items = [f"<div><dt>{label}</dt><dd>{number(value)}</dd></div>" for label, value in shown if is_number(value)]
    if items:
        yield f'<dl class="numbers">{"".join(items)}</dl>'


def _all_numbers(numbers: JsonObject) -> Iterator[str]:
    rows = [
        f'<tr><td><code>{_escaped(name)}</code></td><td class="number">{_escaped(_plain(value))}</td></tr>'
        for name, value in numbers.items()
        if value is None or isinstance(value, str | int | float)
    ]
    if rows:
        yield '<details class="numbers-all"><summary>All numbers, as the command line prints them</summary>'
        yield f"<table><tbody>{''.join(rows)}</tbody></table></details>"


# --- what was chosen -----------------------------------------------------------------------------


def _settings(kept: Kept) -> Iterator[str]:
    items = [
        f"<div><dt>{_escaped(one.label)}</dt><dd>{_escaped(_setting(one, kept))}</dd></div>"
        for one in parameters_of(kept.analysis.params)
        if one.matters(kept.params) and one.field.is_worded(getattr(kept.params, one.name), kept.cohort)
    ]
    if items:
        yield f'<section><h2>Settings</h2><dl class="settings">{"".join(items)}</dl></section>'


def _setting(parameter: Parameter, kept: Kept) -> str:
    groups = {expression: name for name, expression, _ in kept.groups}
    settled = kept.report.numbers.get(parameter.name)
    return parameter.field.words(getattr(kept.params, parameter.name), groups, settled)


# --- views ---------------------------------------------------------------------------------------


def _labels(views: Iterable[View]) -> Iterator[tuple[str, str]]:
    """Number figures and tables as a paper does."""
    counts = {"Figure": 0, "Table": 0}
    for view in views:
        kind = "Table" if isinstance(view, TableView) else "Figure"
        counts[kind] += 1
        yield view.name, f"{kind} {counts[kind]}"


def _anchor(name: str) -> str:
    return f"view-{stem(name)}"


def _contents(views: Sequence[View], labels: dict[str, str]) -> Iterator[str]:
    if len(views) > 2:
        items = [
            f'<li><a href="#{_anchor(view.name)}">{labels[view.name]}</a><span>{_escaped(view.title)}</span></li>'
            for view in views
        ]
        yield f'<nav aria-label="Figures and tables"><ol>{"".join(items)}</ol></nav>'


def _figures(kept: Kept, labels: dict[str, str]) -> Steps[dict[str, str]]:
    """Draw every view that is not a table, in the light theme, as figures go on paper."""
    from imagenomer.figures.theme import group_styles, render

    drawn = [view for view in kept.report.views if not isinstance(view, TableView)]
    styles: dict[str | None, tuple[str, str]] = {expression: (name, colour) for name, expression, colour in kept.groups}
    with group_styles(styles):
        figures = kept.analysis.figures(kept.cohort, kept.params, kept.result, kept.report) if drawn else {}
    made = {}
    for position, view in enumerate(drawn):
        yield Progress("Drawing figures", position, len(drawn))
        # Some are drawn only when they are taken. Not around the yield: whoever is let in has other groups.
        with group_styles(styles):
            svg = render(figures[view.name], "svg").decode()
        made[view.name] = _inline(svg, f"f{position + 1}-", f"{labels[view.name]}: {_words(view)}")
    return made


def _words(view: View) -> str:
    return view.alt if isinstance(view, FigureView) else view.title


def _inline(svg: str, prefix: str, label: str) -> str:
    """Make an SVG file of Matplotlib part of a page: its names its own, its size that of the page."""
    start = svg.index("<svg")
    opening, rest = svg[start:].split(">", 1)
    rest = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", rest, flags=re.DOTALL)
    # In tags only, where Matplotlib writes no ">" of a text: what people called their data is left alone.
    inside = re.sub(r"<[^>]*>", lambda tag: _prefixed(tag[0], prefix), rest)
    width, height = (float(found) for found in re.findall(r'(?:width|height)="([\d.]+)pt"', opening))
    # Four thirds of a pixel to the point, and as wide as there is room for.
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" style="width: {width * 4 / 3:.0f}px" role="img" '
        f'aria-label="{_escaped(label)}" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f"{inside.strip()}"
    )


def _prefixed(tag: str, prefix: str) -> str:
    tag = re.sub(r'(\sid=")', rf"\g<1>{prefix}", tag)
    return re.sub(r'(url\(#|xlink:href="#)', rf"\g<1>{prefix}", tag)


def _view(view: View, label: str, figures: dict[str, str], kept: Kept) -> str:
    title = f"<strong>{_escaped(label)}. {_escaped(_stopped(view.title))}</strong>"
    if isinstance(view, TableView):
        wide = " wide" if sum(column.where != "file" for column in view.columns) > MANY_COLUMNS else ""
        return f'<figure id="{_anchor(view.name)}" class="table{wide}">{_table(view, title, kept)}</figure>'
    caption = title
    if isinstance(view, PointsView):
        caption += f" {_escaped(_stopped(view.caption))}"
    elif isinstance(view, FigureView):
        caption += f" {_escaped(_stopped(view.alt))}"
    elif isinstance(view, GridView):
        caption += f" {_escaped(_stopped(view.label))} {_csv(view, kept)}"
    return (
        f'<figure id="{_anchor(view.name)}"><div class="paper">{figures[view.name]}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _stopped(sentence: str) -> str:
    """Return what stands below a figure in lines as sentences."""
    sentence = re.sub(r"(?<![.;:,])\n", "; ", sentence.strip()).replace("\n", " ")
    return sentence if not sentence or sentence.endswith((".", "?", "!")) else f"{sentence}."


# --- tables --------------------------------------------------------------------------------------


def _table(view: TableView, title: str, kept: Kept) -> str:
    columns = [column for column in view.columns if column.where != "file"]
    offered = view.rows[: view.on_page]
    rows = offered[:ROWS]
    names = {expression: name for name, expression, _ in kept.groups}
    digits = [decimals_of([row.get(column.key) for row in offered]) for column in columns]
    head = "".join(f'<th scope="col" class="{column.kind}">{_escaped(column.label)}</th>' for column in columns)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="{column.kind}">{_escaped(_cell(row.get(column.key), column, decimals, names))}</td>'
            for column, decimals in zip(columns, digits, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    note = (
        f" The first {len(rows):,} of {len(view.rows):,} rows; the CSV has all." if len(rows) < len(view.rows) else ""
    )
    caption = f"<figcaption>{title}{note} {_csv(view, kept)}</figcaption>"
    return f'{caption}<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _csv(view: TableView | GridView, kept: Kept) -> str:
    data = base64.b64encode(csv_of(view)).decode()
    filename = f"{stem(kept.analysis.title, view.name)}.csv"
    return (
        f'<a class="download" download="{_escaped(filename)}" href="data:text/csv;charset=utf-8;base64,{data}" '
        f'aria-label="{_escaped(view.title)} as CSV">CSV</a>'
    )


def _cell(value: Json, column: Column, decimals: int | None, names: dict[str, str]) -> str:
    return names.get(str(value), str(value)) if isinstance(value, str) else cell(value, column.kind, decimals)


def _plain(value: Json) -> str:
    if value is None or value != value:
        return "–"
    return f"{value:.6g}".replace("-", "−") if isinstance(value, float) else str(value)


# --- methods, references, script -----------------------------------------------------------------


def _methods(kept: Kept) -> Iterator[str]:
    analysis = kept.analysis
    if analysis.methods is None:
        methods = Methods((" ".join(map(kept.named, kept.report.sentences)),))
    else:
        methods = analysis.methods(kept.cohort, kept.params, kept.result)
    software = (
        f"Everything was computed with ImageNomer {__version__}; the script below computes it again from the same data."
    )
    yield "<section><h2>Methods</h2>"
    yield from (f"<p>{_escaped(kept.named(paragraph))}</p>" for paragraph in (*methods.text, software) if paragraph)
    yield "</section>"
    parcels = kept.cohort.parcellation.citation if kept.cohort.parcellation is not None else ""
    citations = dict.fromkeys(filter(None, (*methods.citations, parcels, ARTICLE)))
    yield f'<section class="references"><h2>References</h2><ol>{"".join(map(_citation, citations))}</ol></section>'


def _citation(citation: str) -> str:
    return f"<li>{_escaped(citation)}</li>"


def _script(kept: Kept) -> Iterator[str]:
    data = base64.b64encode(kept.script.encode("utf-8", "backslashreplace")).decode()
    yield (
        "<section><h2>Script</h2><p>Computes this result again, outside the browser. "
        f'<a class="download" download="{stem(kept.analysis.title)}.py" href="data:text/x-python;charset=utf-8;base64,'
        f'{data}">Download</a></p><pre><code>{_escaped(kept.script)}</code></pre></section>'
    )


def _escaped(text: str) -> str:
    return html.escape(text, quote=True)


_STYLE = """
:root { --page: #fff; --ink: #18212b; --muted: #56626f; --line: #dbe0e5; --soft: #f3f5f7; --accent: #0e5c94;
  --warning: #b36b00; }
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #0f1318; --ink: #e4e9ee; --muted: #9aa8b5; --line: #2b343e; --soft: #171c23; --accent: #6fb5ea;
    --warning: #e0a83f; }
  .paper { padding: 0.7rem; }
}
* { box-sizing: border-box; }
html { color-scheme: light dark; scroll-behavior: smooth; }
body { margin: 0; background: var(--page); color: var(--ink); }
body, table { font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif; }
main { max-width: 56rem; margin: 0 auto; padding: 3rem 1.5rem 5rem; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; letter-spacing: -0.01em; }
h2 { margin: 2.4rem 0 0.6rem; font-size: 1.15rem; line-height: 1.3; break-after: avoid; }
p { margin: 0 0 0.6rem; overflow-wrap: anywhere; }
header > p { color: var(--muted); margin: 0.4rem 0 0; }
header > .cohort { color: var(--ink); }
.quiet { color: var(--muted); }
.care { margin: 1.2rem 0 0; padding: 0.5rem 0.9rem; background: var(--soft); border-radius: 6px; font-size: 0.87rem;
  color: var(--muted); }
a { color: var(--accent); text-underline-offset: 2px; }
ul, ol { margin: 0; padding-left: 1.2rem; }
li { margin: 0.25rem 0; overflow-wrap: anywhere; }
.verdict { margin-top: 1.8rem; padding: 0.1rem 1.2rem 1rem; border: 1px solid var(--line);
  border-left: 3px solid var(--accent); border-radius: 6px; }
.verdict h2 { margin-top: 0.9rem; }
.warnings { margin-top: 1.8rem; padding-left: 1.1rem; border-left: 3px solid var(--warning); }
.warnings h2 { margin-top: 0; }
.numbers { display: flex; flex-wrap: wrap; gap: 0.5rem 2.2rem; margin: 1.8rem 0 0; }
.numbers dt, .settings dt { font-size: 0.87rem; color: var(--muted); }
.numbers dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.settings { display: grid; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)); gap: 0.5rem 1.5rem;
  margin: 0; }
.settings dd { margin: 0; overflow-wrap: anywhere; }
nav { margin-top: 2.4rem; padding: 0.8rem 1.2rem; background: var(--soft); border-radius: 6px; font-size: 0.92rem; }
nav ol { list-style: none; padding: 0; columns: 2 18rem; column-gap: 2rem; }
nav li { display: grid; grid-template-columns: 5rem 1fr; margin: 0; break-inside: avoid; }
figure { margin: 1.6rem 0 2.4rem; scroll-margin-top: 1rem; }
figure:target { outline: 2px solid var(--accent); outline-offset: 10px; border-radius: 4px; }
figcaption { font-size: 0.92rem; color: var(--muted); overflow-wrap: anywhere; }
figcaption strong { color: var(--ink); }
.paper { color-scheme: light; background: #fff; border-radius: 6px; margin-bottom: 0.5rem; overflow: hidden; }
svg { display: block; max-width: 100%; height: auto; margin: 0 auto; }
svg * { stroke-linejoin: round; stroke-linecap: butt; }
.table figcaption { margin-bottom: 0.5rem; }
.wide { width: min(76rem, 100vw - 4rem); margin-left: 50%; transform: translateX(-50%); }
.wide table { font-size: 0.8rem; }
.wide :is(td, th) { padding-inline: 6px; }
.download { white-space: nowrap; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.87rem; border-top: 1px solid var(--ink);
  border-bottom: 1px solid var(--ink); }
th { text-align: left; vertical-align: bottom; font-weight: 600; padding: 4px 10px;
  border-bottom: 1px solid var(--ink); }
td { padding: 2px 10px; white-space: pre; }
tbody tr + tr td { border-top: 1px solid var(--line); }
:is(th, td):is(.number, .integer, .mixed, .p) { text-align: right; font-variant-numeric: tabular-nums; }
summary { cursor: pointer; color: var(--accent); font-size: 0.92rem; }
details table { margin-top: 0.5rem; width: auto; }
pre { margin: 0; padding: 0.9rem 1.1rem; background: var(--soft); border-radius: 6px; overflow-x: auto;
  font: 0.8rem/1.5 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.references li { font-size: 0.92rem; }
@media print {
  @page { margin: 18mm 16mm; }
  html { color-scheme: light; font-size: 11px; }
  body, table { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  figure { break-inside: avoid; }
  figure.table { break-inside: auto; width: auto; margin-inline: 0; transform: none; }
  tr { break-inside: avoid; }
  td, th { padding: 1px 5px; }
  td.text { white-space: pre-wrap; }
  .wide table { font-size: 7pt; }
  .wide :is(td, th) { padding-inline: 3px; }
  .download, .numbers-all, nav { display: none; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  a { color: inherit; text-decoration: none; }
}
"""
