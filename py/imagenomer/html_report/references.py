"""References: what a result cites, for a methods section and for a library of references.

Citations are written as in the reports: authors, year, journal, volume and first page, often a DOI. Nothing is added to
them: a title that is not cited is not made up, and the citation itself goes along as a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from imagenomer import ARTICLE
from imagenomer.analyses.contract import Methods
from imagenomer.html_report.record import Record

_DOI = re.compile(r"(?:https?://doi\.org/|\bdoi:\s*)(10\.\d{4,9}/\S+?)[.,;)]*(?=\s|$)", re.IGNORECASE)
#: "Freedman and Lane (1983), J. Bus. Econ. Stat. 1:292."
_SHORT = re.compile(
    r"^(?P<authors>.+?) \((?P<year>\d{4})[a-z]?\), (?P<journal>.+?) (?P<volume>[\w.]+):(?P<page>[\w-]+)\b"
)
#: "Schaefer A, et al. Title. Cerebral Cortex 28(9):3095-3114, 2018."
_LONG = re.compile(
    r"^(?P<authors>[^.]+)\. (?P<title>.+?)\. (?P<journal>[^.]+?) (?P<volume>\d+)(?:\(\d+\))?:(?P<page>[\w-]+), "
    r"(?P<year>\d{4})\b"
)
#: "Yeo BT, Krienen FM. Title. J Neurophysiol 2011;106:1125."
_DATED = re.compile(
    r"^(?P<authors>[^.]+)\. (?P<title>.+?)\. (?P<journal>[^.]+?) (?P<year>\d{4});(?P<volume>\d+)(?:\(\d+\))?:"
    r"(?P<page>[\w-]+)"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A citation and its parts; "" where it does not say them.

    Attributes
    ----------
    text : str
        The citation as it is written.
    authors : tuple of str
        "et al." as the last where there are more.
    year, title, journal, volume, page, doi : str
    """

    text: str
    authors: tuple[str, ...] = ()
    year: str = ""
    title: str = ""
    journal: str = ""
    volume: str = ""
    page: str = ""
    doi: str = ""


def reference_of(citation: str) -> Reference:
    """Return the parts of a citation; one in no known form has its text, and its DOI if there is one."""
    doi = _DOI.search(citation)
    found = _SHORT.match(citation) or _DATED.match(citation) or _LONG.match(citation)
    parts = {} if found is None else found.groupdict()
    authors = _authors(parts.pop("authors", ""), short=found is not None and found.re is _SHORT)
    return Reference(citation, authors, doi="" if doi is None else doi[1], **parts)


def _authors(text: str, short: bool) -> tuple[str, ...]:
    more = re.search(r"\bet al\.?$", text) is not None
    text = re.sub(r",? et al\.?$", "", text)
    names = re.split(r", | and ", text) if short else text.split(", ")
    return (*filter(None, names), *(("et al.",) if more else ()))


def methods_in(record: Record) -> Methods:
    """Return what a methods section says of a result, and what it cites."""
    if record.analysis.methods is None:
        return Methods((" ".join(map(record.named, record.report.sentences)),))
    return record.analysis.methods(record.cohort, record.params, record.result)


def cited_by(record: Record) -> list[str]:
    """Return the citations of a result, in their order: of its methods, of its parcels, of ImageNomer."""
    parcels = record.cohort.parcellation.citation if record.cohort.parcellation is not None else ""
    return list(dict.fromkeys(filter(None, (*methods_in(record).citations, parcels, ARTICLE))))


def methods_of(records: Iterable[Record]) -> str:
    """Return the methods of several results as plain text: a paragraph once, however many results share it."""
    records = list(records)
    paragraphs = [record.named(text) for record in records for text in methods_in(record).text if text]
    citations = dict.fromkeys(one for record in records for one in cited_by(record))
    return "\n\n".join([*dict.fromkeys(paragraphs), "References", *citations]) + "\n"


def ris_of(citations: Iterable[str]) -> str:
    """Return citations in the RIS format, which every reference manager reads."""
    return "".join(_ris(reference_of(one)) for one in citations)


def _ris(one: Reference) -> str:
    lines = [
        ("TY", "JOUR" if one.journal else "GEN"),
        *(("AU", author) for author in one.authors if author != "et al."),
        ("PY", one.year),
        ("TI", one.title),
        ("JO", one.journal),
        ("VL", one.volume),
        ("SP", one.page.split("-")[0]),
        ("EP", one.page.split("-")[1] if "-" in one.page else ""),
        ("DO", one.doi),
        ("N1", one.text),
    ]
    return "".join(f"{tag}  - {value}\r\n" for tag, value in lines if value) + "ER  - \r\n\r\n"


def bibtex_of(citations: Iterable[str]) -> str:
    """Return citations as BibTeX; keys are the first author and the year, and a letter where two are alike."""
    entries, keys = [], set()
    for one in map(reference_of, citations):
        first = re.sub(r"\W", "", one.authors[0].split(" ")[0] if one.authors else "reference").lower()
        key = next(name for name in (f"{first}{one.year}{letter}" for letter in ("", *"bcdefghijklmnopqrstuvwxyz"))
                   if name not in keys)  # fmt: skip
        keys.add(key)
        entries.append(_bibtex(one, key))
    return "\n".join(entries)


def _bibtex(one: Reference, key: str) -> str:
    authors = " and ".join("others" if author == "et al." else author for author in one.authors)
    fields = {
        "author": authors,
        "year": one.year,
        "title": f"{{{_tex(one.title)}}}" if one.title else "",
        "journal": one.journal,
        "volume": one.volume,
        "pages": one.page.replace("-", "--"),
        "doi": one.doi,
        "note": one.text,
    }
    kind = "article" if one.journal else "misc"
    lines = [f"  {name} = {{{value if name in ('title', 'doi') else _tex(value)}}}," for name, value in fields.items()
             if value]  # fmt: skip
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])


def _tex(text: str) -> str:
    return re.sub(r"([&%$#_])", r"\\\1", text)
