"""HTML report: results as one file to keep, to print and to attach, which needs no program and no network.

Whatever comes from data or from the user enters through `escaped` alone, and the policy in the head of the file allows
nothing but its own styles and the images inside it, so that no name can become code. The file holds no date: the
same result is the same file.
"""

from __future__ import annotations

from imagenomer.html_report.notebook import Entry, html_notebook
from imagenomer.html_report.page import body_of, page_of
from imagenomer.html_report.record import Record
from imagenomer.html_report.references import bibtex_of, cited_by, methods_of, ris_of
from imagenomer.html_report.views import ROWS
from imagenomer.progress import Steps

__all__ = ["ROWS", "Entry", "Record", "bibtex_of", "cited_by", "html_notebook", "html_report", "methods_of", "ris_of"]


def html_report(record: Record) -> Steps[bytes]:
    """Return a result as one HTML file in UTF-8: verdict, sentences, figures, tables, methods, references, script."""
    return page_of(f"{record.analysis.title} – {record.cohort.name}", (yield from body_of(record)))
