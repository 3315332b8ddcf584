"""What the page says, collected from its sources: the texts that each language of `site/languages` must have."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from logic.language import DESCRIBED, sentence_of

from runtime import ROOT

UI = ROOT / "site" / "ui"
LANGUAGES = sorted((ROOT / "site" / "languages").glob("*.json"))
#: Elements that have no end tag.
VOID = {"input", "img", "meta", "link", "br", "path"}
#: Elements whose text stays in English; see `language.LEFT` of the page.
LEFT = {"script", "style", "code", "noscript", "pre", "svg", "head"}
ATTRIBUTES = ("aria-label", "title", "placeholder", "alt")
_TEXT = re.compile(r"[A-Za-z]{2,}")


def sources() -> list[Path]:
    """The modules of the user interface."""
    return sorted(UI.rglob("*.py"))


def literal(node: ast.expr) -> str:
    """A text of the code, also one that is put together of several."""
    value = ast.literal_eval(node)
    assert isinstance(value, str), ast.unparse(node)
    return value


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    """Calls of a function by its bare name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def said() -> dict[str, set[str]]:
    """Keys of all texts that the code says, and the places in each that values take."""
    found: dict[str, set[str]] = {}
    for path in sources():
        if path.name == "language.py":
            continue
        for call in calls(ast.parse(path.read_text(encoding="utf-8")), "say"):
            words, *sense = (literal(argument) for argument in call.args)
            key = f"{sense[0]}::{words}" if sense else words
            found[key] = {str(keyword.arg) for keyword in call.keywords}
    return found


def counted() -> set[str]:
    """Nouns that the page counts."""
    found = set()
    for path in sources():
        if path.name == "language.py":
            continue
        for call in calls(ast.parse(path.read_text(encoding="utf-8")), "plural"):
            found.add(literal(call.args[1]))
    return found


class _Sentences(HTMLParser):
    """Collects the sentences of a page, as `language` makes them its keys."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._open: list[tuple[str, list[str | None]]] = [("", [])]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1][1].append(None)
        if not any(name in LEFT for name, _ in self._open):
            self.found |= {value for name, value in attrs if name in ATTRIBUTES and value}
        if tag not in VOID:
            self._open.append((tag, []))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1][1].append(None)

    def handle_data(self, data: str) -> None:
        self._open[-1][1].append(data)

    def handle_endtag(self, tag: str) -> None:
        name, nodes = self._open.pop()
        assert name == tag, f"</{tag}> ends <{name}>"
        if not any(name in LEFT for name, _ in [*self._open, (tag, [])]):
            self.found.add(sentence_of(nodes))


def on_the_page() -> set[str]:
    """Sentences of ``index.html``, with the number of an element for each that is in one."""
    parser = _Sentences()
    page = (ROOT / "site" / "index.html").read_text(encoding="utf-8")
    parser.feed(page.replace("<!-- GET-YOUR-DATA-IN -->", "<a>Get your data in</a>"))
    found = {sentence for sentence in parser.found if _TEXT.search(sentence)} - NAMES
    return found | {"Documents"}  # put in by build_scripts/page.py


#: Names, which are the same in every language.
NAMES = {"ImageNomer", "English", "Español"}


def of_the_engine(translated: Collection[str]) -> set[str]:
    """What the engine has written down for the page: analyses, their forms, questions, steps, labels of numbers.

    An analysis whose title is not ``translated`` is in English as a whole, such as one that was just written.
    """
    from imagenomer.analyses.contract.catalogue import catalogue
    from imagenomer.engine import catalog
    from imagenomer.explanations import TOPICS
    from imagenomer.figures.pixels import COLORMAPS
    from imagenomer.wording import KEY_NUMBERS

    every = catalog(catalogue())
    entries = [entry for entry in every if entry["title"] in translated]
    new = {entry["name"] for entry in every if entry not in entries}
    found = set(_described(json.loads(json.dumps(entries))))
    found |= {entry["tab"] for entry in entries} | {"Overview"} | {label for _, label in KEY_NUMBERS}
    found |= {colormap.title for colormap in COLORMAPS.values()}
    for title, questions in TOPICS:
        found |= {title, *(question.text for question in questions)}
    found |= _explained()
    for path in (ROOT / "py" / "imagenomer").rglob("*.py"):
        if path.stem.replace("_", "-") in new:
            continue
        for call in calls(ast.parse(path.read_text(encoding="utf-8")), "Progress"):
            if call.args and isinstance(call.args[0], ast.Constant):
                found.add(literal(call.args[0]))
    return found - {""}


def _explained() -> set[str]:
    """What stands behind the "?" beside names."""
    from imagenomer.explanations import choices, columns, methods, model_options, options

    found = {text for text, _ in (*methods.METHODS.values(), *options.OPTIONS.values())}
    found |= {text for text, _ in model_options.MODEL_OPTIONS.values()}
    found |= {*columns.HEADINGS.values(), *columns.KEYS.values()}
    return found | {text for offered in choices.METHODS_OF_OPTIONS.values() for text in offered.values()}


def _described(entry: Any) -> Iterator[str]:
    if isinstance(entry, list):
        for one in entry:
            yield from _described(one)
    if not isinstance(entry, dict):
        return
    for key, value in entry.items():
        if key == "options":
            yield from (label for _, label in value)
        elif key in DESCRIBED and isinstance(value, str):
            yield value
        else:
            yield from _described(value)
