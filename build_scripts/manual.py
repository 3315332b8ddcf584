"""The manual: the documents of ``site/docs`` as pages with a list, a search and links, and as parts of the single file.

A renderer of Markdown, pinned in ``runtime.lock.json`` like the other tools, does the work; what stands here is which
documents there are, where their links lead, and the page around them.
"""

from __future__ import annotations

import base64
import functools
import html
import importlib
import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import example_folder
import runtime
from runtime import ROOT

DOCS = ROOT / "site" / "docs"
FRAME = ROOT / "site" / "manual"
#: The documents by what somebody wants of them, in the order of the list. Each stands here once.
GROUPS = (
    ("Begin", ("get-your-data-in", "tutorial", "session", "keys", "privacy", "glossary")),
    (
        "Analyses",
        (
            "quality",
            "phenotypes",
            "associations",
            "confounds",
            "harmonisation",
            "prediction",
            "components",
            "genotypes",
            "maps",
        ),
    ),
    ("Can it be trusted?", ("case-study", "self-check", "benchmarks")),
    ("For developers", ("developing", "building", "sizes", "views")),
)
#: The page that an address without a name opens.
FIRST = GROUPS[0][1][0]
SEARCH = "search.json"
EXAMPLE = "example-folder.zip"
_TOOL = "mistune"
_HEADING = re.compile(r'<h([1-3])(?: id="([^"]*)")?>(.*?)</h\1>', re.DOTALL)
_MARKUP = re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True)
class Document:
    """One of the documents.

    Attributes
    ----------
    name : str
        Of its file, without the ending.
    title : str
    body : str
        HTML. Links to other documents are ``NAME.html#SECTION``, pictures as in the source.
    """

    name: str
    title: str
    body: str

    @property
    def page(self) -> str:
        return f"{self.name}.html"

    def sections(self) -> Iterator[dict[str, str]]:
        """Yield the ``{page, title, heading, text}`` of each section, for the search; ``page`` with its fragment."""
        found = list(_HEADING.finditer(self.body))
        for heading, following in zip(found, [*found[1:], None], strict=True):
            text = self.body[heading.end() : following.start() if following else None]
            yield {
                "page": f"{self.page}#{heading[2]}",
                "title": self.title,
                "heading": _plain(heading[3]),
                "text": _plain(text),
            }


def _plain(markup: str) -> str:
    return " ".join(html.unescape(_MARKUP.sub(" ", markup)).split())


def names() -> tuple[str, ...]:
    """Return the names of all documents, in the order of the list."""
    return tuple(name for _, group in GROUPS for name in group)


# --- rendering -------------------------------------------------------------------------------------


@functools.cache
def documents(cache: Path | None = None) -> dict[str, Document]:
    """Return all documents, rendered, by name.

    Raises
    ------
    runtime.RuntimeUnavailableError
        If the renderer is neither in the cache nor to be fetched.
    ValueError
        If a file of ``site/docs`` is not in `GROUPS` or the other way round, or a link leads nowhere.
    """
    there_are = {path.stem for path in DOCS.glob("*.md")}
    if there_are != set(names()):
        raise ValueError(f"manual.GROUPS and site/docs differ in: {', '.join(sorted(there_are ^ set(names())))}")
    render = _renderer(cache)
    made = {}
    for name in names():
        body = render((DOCS / f"{name}.md").read_text(encoding="utf-8"))
        body = body.replace(' style="text-align:', ' class="')  # the policies allow no styles in the text
        heading = _HEADING.search(body)
        if heading is None or heading[1] != "1":
            raise ValueError(f"site/docs/{name}.md must begin with its title: # Title")
        made[name] = Document(name, _plain(heading[3]), body)
    _check_links(made)
    return made


def _renderer(cache: Path | None) -> Any:
    """Return a function from Markdown to HTML."""
    lock = runtime.read_lock()["tools"]
    folder = runtime.fetch_runtime(lock, cache)
    wheel = next(folder / path for path, entry in lock["files"].items() if entry["source"] == _TOOL)
    sys.path.insert(0, str(wheel))  # a wheel is a zip of modules, which Python imports as it is
    try:
        mistune = importlib.import_module(_TOOL)
        table = importlib.import_module(f"{_TOOL}.plugins.table").table
        renderer = mistune.HTMLRenderer(escape=True)
        markdown = mistune.create_markdown(renderer=renderer, plugins=[table])
    finally:
        sys.path.remove(str(wheel))
    for name, function in (("heading", _heading), ("link", _link), ("image", _image), ("table", _table)):
        setattr(renderer, name, function)
    return markdown


def _heading(text: str, level: int, **_: Any) -> str:
    return f'<h{level} id="{anchor(_plain(text))}">{text}</h{level}>\n'


def anchor(heading: str) -> str:
    """Return what the fragment of a heading is, as GitHub has it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _link(text: str, url: str, title: str | None = None) -> str:
    if "://" in url:
        return f'<a href="{html.escape(url)}" target="_blank" rel="noopener noreferrer">{text}</a>'
    target, _hash, fragment = url.partition("#")
    if "/" in target:  # of the sources, which the site does not have
        return text
    if target == EXAMPLE:
        return f'<a href="{EXAMPLE}" download="{example_folder.NAME}.zip">{text}</a>'
    page = f"{target.removesuffix('.md')}.html" if target else ""
    return f'<a href="{html.escape(page)}{"#" * bool(fragment)}{html.escape(fragment)}">{text}</a>'


def _image(text: str, url: str, title: str | None = None) -> str:
    return f'<img src="{html.escape(url)}" alt="{html.escape(_plain(text))}" loading="lazy">'


def _table(text: str) -> str:
    return f'<div class="wide" tabindex="0" role="region" aria-label="Table"><table>\n{text}</table></div>\n'


def _check_links(made: dict[str, Document]) -> None:
    for document in made.values():
        for link in re.findall(r'(?:href|src)="([^"]*)"', document.body):
            target, _, fragment = link.partition("#")
            if "://" in link or link == EXAMPLE:
                continue
            other = made.get(target.removesuffix(".html")) if target else document
            is_there = (DOCS / target).is_file() if target.startswith("images/") else other is not None
            if not is_there or (fragment and other is not None and f'id="{fragment}"' not in other.body):
                raise ValueError(f"site/docs/{document.name}.md links to {link}, which is not there")


# --- the site --------------------------------------------------------------------------------------


def write(folder: Path) -> None:
    """Write the pages, their style and script, the pictures and what the search looks through into a folder."""
    made = documents()
    folder.mkdir(parents=True)
    shutil.copytree(DOCS / "images", folder / "images")
    shutil.copy(ROOT / "site" / "favicon.svg", folder / "favicon.svg")
    (folder / EXAMPLE).write_bytes(example_folder.archive())
    for name in ("manual.css", "manual.js"):
        shutil.copy(FRAME / name, folder / name)
    for document in made.values():
        (folder / document.page).write_text(_page(document, made), encoding="utf-8", newline="\n")
    (folder / "index.html").write_text(_page(made[FIRST], made), encoding="utf-8", newline="\n")
    sections = [section for document in made.values() for section in document.sections()]
    (folder / SEARCH).write_text(json.dumps(sections, ensure_ascii=False), encoding="utf-8", newline="\n")


def _page(document: Document, made: dict[str, Document]) -> str:
    frame = (FRAME / "page.html").read_text(encoding="utf-8")
    sections = "".join(
        f'<li><a href="#{heading[2]}">{html.escape(_plain(heading[3]))}</a></li>'
        for heading in _HEADING.finditer(document.body)
        if heading[1] == "2"
    )
    places = {
        "<!-- TITLE -->": html.escape(document.title),
        "<!-- LIST -->": _list(document, made),
        "<!-- SECTIONS -->": f"<ul>{sections}</ul>" if sections else "",
        "<!-- BODY -->": document.body,
    }
    for place, content in places.items():
        if place not in frame:
            raise ValueError(f"site/manual/page.html must have {place}")
        frame = frame.replace(place, content)
    return frame


def _list(document: Document, made: dict[str, Document]) -> str:
    parts = []
    for title, group in GROUPS:
        links = "".join(
            f'<li><a href="{made[name].page}"{" aria-current=page" * (name == document.name)}>'
            f"{html.escape(made[name].title)}</a></li>"
            for name in group
        )
        parts.append(f"<h2>{html.escape(title)}</h2><ul>{links}</ul>")
    return "".join(parts)


# --- the start screen ------------------------------------------------------------------------------


def link(name: str, *, inline: bool) -> str:
    """Return a link to a document: a page of the site or, in the single file, a part of this page."""
    document = documents()[name]
    where = f'href="#" data-document="{name}"' if inline else f'href="docs/{document.page}" target="_blank"'
    return f"<a {where}>{html.escape(document.title)}</a>"


def links() -> str:
    """Return links to the pages, in groups, for the page of the site."""
    return "".join(
        f"<h3>{html.escape(title)}</h3><ul>"
        + "".join(f"<li>{link(name, inline=False)}</li>" for name in group)
        + "</ul>"
        for title, group in GROUPS
    )


def whole() -> str:
    """Return the documents themselves, each folded, for the single file, which a link would lead out of.

    Pictures are in it; links between documents have ``data-document`` and lead to ``#``, for the page to follow.
    """
    made = documents()
    parts = []
    for title, group in GROUPS:
        parts.append(f"<h3>{html.escape(title)}</h3>")
        for name in group:
            body = re.sub(r'href="(\w[\w-]*)\.html(?:#[^"]*)?"', r'href="#" data-document="\1"', made[name].body)
            body = re.sub(r'<a href="#[\w-]+">(.*?)</a>', r"\1", body)  # within: a fragment is the page's state
            body = re.sub(r'<a href="(https://[^"]*)"[^>]*>(.*?)</a>', r"\2 (\1)", body)  # it refers to nothing outside
            body = re.sub(r'<img src="images/views/[^>]*>', "", body)  # large, and for who works on the page
            body = re.sub(r'(src|href)="((?:images/[^"]+)|' + re.escape(EXAMPLE) + ')"', _data_address, body)
            body = re.sub(r"<h1[^>]*>", '<h1 class="unseen">', body)
            body = re.sub(r' id="([^"]*)"', r' data-section="\1"', body)
            parts.append(
                f'<details class="document" id="document-{name}"><summary>{html.escape(made[name].title)}</summary>'
                f'<article class="manual">{body}</article></details>'
            )
    return "".join(parts)


def _data_address(found: re.Match[str]) -> str:
    attribute, path = found.groups()
    if path == EXAMPLE:
        kind, content = "application/zip", example_folder.archive()
    else:
        kind, content = "image/png", (DOCS / path).read_bytes()
    return f'{attribute}="data:{kind};base64,{base64.b64encode(content).decode()}"'
