"""Notebook: several results, in order and with the user's notes, as one HTML file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from imagenomer.html_report.page import body_of, page_of
from imagenomer.html_report.record import Record, escaped
from imagenomer.html_report.references import cited_by
from imagenomer.progress import Steps

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Entry:
    """A result that was kept.

    Attributes
    ----------
    name, note : str
        As the user calls it, and what the user wrote of it.
    record : Record
    """

    name: str
    note: str
    record: Record


def html_notebook(entries: Sequence[Entry], notes: str) -> Steps[bytes]:
    """Return results as one HTML file in UTF-8: notes, a list, each result as its report has it, and all references.

    Parameters
    ----------
    entries : sequence of Entry
        At least one, of one cohort.
    notes : str
        On the whole.
    """
    cohort = entries[0].record.cohort.name
    body = [
        f"<header><h1>Notebook</h1><p>{escaped(cohort)}</p></header>",
        *_paragraphs(notes),
        "<nav aria-label=Results><ol>",
        *(f'<li><a href="#r{number}">{number}</a><span>{escaped(entry.name)}</span></li>'
          for number, entry in enumerate(entries, 1)),
        "</ol></nav>",
    ]  # fmt: skip
    for number, entry in enumerate(entries, 1):
        inside = "\n".join((yield from body_of(entry.record)))
        body += [
            f'<article id="r{number}" class="kept"><p class="quiet">{number}. {escaped(entry.name)}</p>',
            *_paragraphs(entry.note),
            _of_its_own(inside, f"r{number}-"),
            "</article>",
        ]
    references = dict.fromkeys(one for entry in entries for one in cited_by(entry.record))
    body += [
        '<section class="references"><h2>References of all results</h2><ol>',
        *(f"<li>{escaped(one)}</li>" for one in references),
        "</ol></section>",
    ]
    return page_of(f"Notebook – {cohort}", body)


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in filter(None, (part.strip() for part in re.split(r"\n\s*\n", text))):
        lines = "<br>".join(escaped(line) for line in paragraph.split("\n"))
        yield f'<p class="note">{lines}</p>'


def _of_its_own(body: str, prefix: str) -> str:
    """Make the body of a report part of a page: its names its own, its headings a level lower."""
    return _TAG.sub(lambda tag: _changed(tag[0], prefix), body)


def _changed(tag: str, prefix: str) -> str:
    # Texts of the user are escaped, in attributes too: no quotation mark of theirs ends one.
    tag = re.sub(r"^(</?)h([1-5])\b", lambda found: f"{found[1]}h{int(found[2]) + 1}", tag)
    tag = re.sub(r'(\sid=")', rf"\g<1>{prefix}", tag)
    return re.sub(r'(url\(#|\shref="#|xlink:href="#)', rf"\g<1>{prefix}", tag)
