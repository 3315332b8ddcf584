"""Text of an HTML report: verdict, what could mislead, what was used and chosen, methods, references and script."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

from imagenomer import __version__
from imagenomer.analyses.contract import Parameter, parameters_of, uses_second
from imagenomer.cohort import Cohort
from imagenomer.downloads import stem
from imagenomer.html_report.record import Record, anchor, escaped
from imagenomer.html_report.references import cited_by, methods_in
from imagenomer.types import Json, JsonObject
from imagenomer.views import holds_subjects
from imagenomer.wording import KEY_NUMBERS, is_number, minus, number, plural


def head(record: Record) -> Iterator[str]:
    cohort = record.cohort
    yield f"<header><h1>{escaped(record.analysis.title)}</h1><p>{escaped(record.analysis.summary)}</p>"
    yield f'<p class="cohort">{_cohort(cohort)}</p>'
    if cohort.companion is not None and uses_second(record.analysis, record.params):
        yield f'<p class="cohort">Second cohort: {_cohort(cohort.companion)}</p>'
    yield f'<p class="quiet">Computed with ImageNomer {escaped(__version__)}.</p></header>'
    yield f'<p class="care">{escaped(_care(record))}</p>'
    missing = record.analysis.parts[record.n_parts :]
    if missing:
        titles = ", ".join(f"“{part.title}”" for part in missing)
        yield (
            f'<p class="care">Stopped after {record.n_parts} of {len(record.analysis.parts)} parts. Not computed: '
            f"{escaped(titles)}.</p>"
        )


def _cohort(cohort: Cohort) -> str:
    synthetic = " (synthetic)" if cohort.synthetic else ""
    counts = f"{plural(cohort.n_subjects, 'subject')}" + (
        f", {plural(len(cohort.scans), 'scan')}" if cohort.scans else ""
    )
    return f"<strong>{escaped(cohort.name)}</strong>{synthetic}: {counts}"


def _care(record: Record) -> str:
    """Say what the file holds of single subjects, for whoever decides to share it."""
    if record.cohort.synthetic:
        return "The subjects in this file are synthetic."
    single = [view.title for view in record.report.views if holds_subjects(view)]
    sentence = "This file was made on the computer that holds the data, from what its page showed there."
    if single:
        shown = ", ".join(f"“{title}”" for title in single)
        return f"{sentence} It holds values of single subjects ({shown}): share it only as you may share the data."
    return f"{sentence} Before you share it, check whether a sentence or a table names a subject."


def verdict(record: Record, labels: dict[str, str]) -> Iterator[str]:
    if record.report.verdict:
        yield '<section class="verdict"><h2>Verdict</h2><ul>'
        for finding in record.report.verdict:
            link = f'<a href="#{anchor(finding.of)}">{escaped(labels[finding.of])}</a>'
            yield f"<li>{escaped(finding.text)} ({link})</li>"
        yield "</ul></section>"


def listing(kind: str, title: str, sentences: Iterable[str]) -> Iterator[str]:
    items = [f"<li>{escaped(sentence)}</li>" for sentence in sentences]
    if items:
        yield f'<section class="{kind}"><h2>{title}</h2><ul>{"".join(items)}</ul></section>'


def paragraph(title: str, sentences: Iterable[str]) -> Iterator[str]:
    text = " ".join(sentences)
    if text:
        yield f"<section><h2>{title}</h2><p>{escaped(text)}</p></section>"


def key_numbers(numbers: JsonObject) -> Iterator[str]:
    shown = [(label, numbers.get(key)) for key, label in KEY_NUMBERS]
    items = [f"<div><dt>{label}</dt><dd>{number(value)}</dd></div>" for label, value in shown if is_number(value)]
    if items:
        yield f'<dl class="numbers">{"".join(items)}</dl>'


def all_numbers(numbers: JsonObject) -> Iterator[str]:
    rows = [
        f'<tr><td><code>{escaped(name)}</code></td><td class="number">{escaped(_plain(value))}</td></tr>'
        for name, value in numbers.items()
        if value is None or isinstance(value, str | int | float)
    ]
    if rows:
        yield '<details class="numbers-all"><summary>All numbers, as the command line prints them</summary>'
        yield f"<table><tbody>{''.join(rows)}</tbody></table></details>"


def _plain(value: Json) -> str:
    if value is None or value != value:
        return "–"
    return minus(f"{value:.6g}") if isinstance(value, float) else str(value)


def settings(record: Record) -> Iterator[str]:
    items = [
        f"<div><dt>{escaped(one.label)}</dt><dd>{escaped(_setting(one, record))}</dd></div>"
        for one in parameters_of(record.analysis.params)
        if one.matters(record.params) and one.field.is_worded(getattr(record.params, one.name), record.cohort)
    ]
    if items:
        yield f'<section><h2>Settings</h2><dl class="settings">{"".join(items)}</dl></section>'


def _setting(parameter: Parameter, record: Record) -> str:
    groups = {expression: name for name, expression, _ in record.groups}
    settled = record.report.numbers.get(parameter.name)
    return parameter.field.words(getattr(record.params, parameter.name), groups, settled)


def methods(record: Record) -> Iterator[str]:
    methods = methods_in(record)
    software = (
        f"Everything was computed with ImageNomer {__version__}; the script below computes it again from the same data."
    )
    yield "<section><h2>Methods</h2>"
    yield from (f"<p>{escaped(record.named(paragraph))}</p>" for paragraph in (*methods.text, software) if paragraph)
    yield "</section>"
    citations = "".join(map(_citation, cited_by(record)))
    yield f'<section class="references"><h2>References</h2><ol>{citations}</ol></section>'


def _citation(citation: str) -> str:
    return f"<li>{escaped(citation)}</li>"


def script(record: Record) -> Iterator[str]:
    data = base64.b64encode(record.script.encode("utf-8", "backslashreplace")).decode()
    yield (
        "<section><h2>Script</h2><p>Computes this result again, outside the browser. "
        f'<a class="download" download="{stem(record.analysis.title)}.py" '
        f'href="data:text/x-python;charset=utf-8;base64,{data}">Download</a></p>'
        f'<pre tabindex="0" role="group" aria-label="Script"><code>{escaped(record.script)}</code></pre></section>'
    )
