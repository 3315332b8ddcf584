"""Languages: every text that the page says is marked, and every language has all of them, with the same places."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from texts import LANGUAGES, calls, counted, of_the_engine, on_the_page, said, sources

#: What looks like a text and is none: selectors, classes, keys of a keyboard, names of things, parts of the protocol.
NO_TEXTS = {
    "(max-width: 1099px)", "(prefers-color-scheme: dark)", "15px sans-serif", "13px system-ui, sans-serif", " aside",
    " ticked", " of-area", "cell number", "cell empty", "cursor halo", "colourbar flat", "fold-form quiet",
    "fold-notes quiet", "facts in-parts", "ways drawn", "label, legend", "tbody tr", "take over", "leave out",
    "dialog, .parameters, aside, main", "out of memory", "enlarge memory", "array length", "ImageNomer", "the page",
    "Overview", "Connectivity", "Maps", "EA", "not used", "is missing", "is not missing", "not in", "FOLDER", "  File",
    "Ctrl+Z", "Ctrl+Shift+Z", "Files", "Page", "Page ", "load afresh", "subject in (", "subject not in (", " and ",
    "halo ", "imagenomer ", " – ImageNomer", "script, style, code, noscript, pre, svg, #documents",
    "Without set-aside subjects",
}  # fmt: skip
#: Keys as browsers name them, single letters, and what is a selector, a path of SVG or a size.
_NO_TEXT = re.compile(
    r"Enter|Escape|Home|End|Arrow\w+|Page(Up|Down)|[A-Z]|[#.][\w-].*|[MmaAhHvVlLQzZ0-9 .,\-]+|[\d.]*px.*"
    r"|(translate|rotate|linear-gradient)?\(.*|.*\) rotate\(.*| rotate\(.*",
    re.DOTALL,
)
_PLACE = re.compile(r"\{(\w*)\}")
#: Arguments that nobody reads.
_UNREAD = {"cls", "id", "style", "type", "for_", "role", "on", "key", "data_name"}


def looks_like_text(words: str) -> bool:
    """Whether a literal has the form of something that somebody reads: several words, or one with a capital."""
    if not re.search("[A-Za-z]", words) or words in NO_TEXTS or _NO_TEXT.fullmatch(words):
        return False
    return words[:1].isupper() or (" " in words and bool(re.search("[a-z]{2,}", words)))


def unmarked(tree: ast.Module) -> list[str]:
    """Literals of a module that look like texts and do not go through `say`."""
    passed: set[int] = set()
    for name in ("say", "plural"):
        passed |= {id(node) for call in calls(tree, name) for node in ast.walk(call)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                passed.add(id(first.value))
        elif isinstance(node, ast.keyword) and node.arg in _UNREAD:
            passed |= {id(inner) for inner in ast.walk(node.value) if isinstance(inner, (ast.Constant, ast.JoinedStr))}
        elif isinstance(node, (ast.Compare, ast.Subscript)):
            passed |= {id(inner) for inner in ast.walk(node) if isinstance(inner, ast.Constant)}
        elif isinstance(node, ast.Dict):
            passed |= {id(key) for key in node.keys}
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("js.console.debug", "js.console.error"):
            passed |= {id(inner) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        is_free = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed
        if is_free and looks_like_text(node.value):
            found.append(f"{node.lineno}: {node.value!r}")
    return found


#: Texts for who develops it, in the report of a fault and in the console.
FOR_DEVELOPERS = {
    "faults.py": ["ImageNomer ", ", build ", "The engine stopped in "],
    "address.py": ["not an address: "],
    "fault_words.py": ["imagenomer open ", "imagenomer run ", " --second ", " --params "],
}


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.name)
def test_every_text_of_the_page_goes_through_say(path: Path):
    found = unmarked(ast.parse(path.read_text(encoding="utf-8")))
    allowed = FOR_DEVELOPERS.get(path.name, [])
    assert [line for line in found if not any(one in line for one in allowed)] == []


def test_a_text_that_is_not_marked_is_found():
    tree = ast.parse('h("button", "Run it", cls="quiet big", on={"click": go})\nh("p", say("Ready"))\nx = "ArrowUp"')
    assert unmarked(tree) == ["1: 'Run it'"]


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
class TestLanguage:
    def test_it_says_all_that_the_page_says_and_nothing_else(self, path: Path):
        texts = json.loads(path.read_text(encoding="utf-8"))["texts"]
        wanted = set(said()) | on_the_page() | of_the_engine(texts)
        assert sorted(wanted - set(texts)) == []
        assert sorted(set(texts) - wanted) == []

    def test_it_counts_all_that_the_page_counts(self, path: Path):
        nouns = json.loads(path.read_text(encoding="utf-8"))["nouns"]
        assert set(nouns) == counted()
        assert all(len(forms) == 2 and all(forms) for forms in nouns.values())

    def test_its_texts_have_the_places_and_the_ends_of_the_english_ones(self, path: Path):
        for english, words in json.loads(path.read_text(encoding="utf-8"))["texts"].items():
            assert set(_PLACE.findall(english)) == set(_PLACE.findall(words)), english
            bare = english.split("::")[-1]
            assert (bare[:1] == " ", bare[-1:] == " ") == (words[:1] == " ", words[-1:] == " "), english

    def test_the_start_screen_offers_it_by_its_own_name(self, path: Path):
        from runtime import ROOT

        name = json.loads(path.read_text(encoding="utf-8"))["name"]
        page = (ROOT / "site" / "index.html").read_text(encoding="utf-8")
        assert f'<option value="{path.stem}" lang="{path.stem}">{name}</option>' in page


def test_the_values_of_a_text_are_those_of_its_places():
    for english, values in said().items():
        assert set(_PLACE.findall(english)) == values, english
