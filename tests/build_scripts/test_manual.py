"""The manual: links, list and search lead to every document, and the single file has all of them whole."""

from __future__ import annotations

import html.parser
import json
import re
from pathlib import Path

import pytest

import example_folder
import manual
from imagenomer.progress import finish
from imagenomer.readers import open_cohort
from imagenomer.readers.listing import listing_of

DOCS = manual.DOCS
DATA_IN = (DOCS / "get-your-data-in.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as the site has them."""
    folder = tmp_path_factory.mktemp("manual") / "docs"
    manual.write(folder)
    return folder


class Markup(html.parser.HTMLParser):
    """What a page links to, and what can be linked to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.links += [value for name in ("href", "src") if (value := found.get(name))]
        self.ids += [value] if (value := found.get("id")) else []
        if tag not in ("meta", "link", "img", "input", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_every_document_is_a_page_and_every_link_arrives(pages: Path) -> None:
    written = {path.name: Markup(path.read_text(encoding="utf-8")) for path in pages.glob("*.html")}
    assert set(written) == {f"{path.stem}.html" for path in DOCS.glob("*.md")} | {"index.html"}
    for name, page in written.items():
        assert not page.open, name
        assert len(page.ids) == len(set(page.ids)), name
        for link in page.links:
            target, _, fragment = link.partition("#")
            if "://" in link:
                continue
            assert not target.endswith(".md"), (name, link)
            if target == "../index.html":
                continue
            assert not target or (pages / target).is_file(), (name, link)
            if fragment:
                assert fragment in written[target or name].ids, (name, link)


def test_pages_run_no_script_but_their_own_and_load_nothing_from_elsewhere(pages: Path) -> None:
    for path in pages.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"<script[^>]*>", text) == ['<script src="manual.js" defer>']
        assert "default-src 'none'; script-src 'self'" in text
        assert not re.findall(r'src="[a-z]+:', text)
        assert " style=" not in text


def test_the_search_looks_through_every_section(pages: Path) -> None:
    sections = json.loads((pages / manual.SEARCH).read_text(encoding="utf-8"))
    headings = [
        line
        for path in DOCS.glob("*.md")
        for line in re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL).splitlines()
        if re.match(r"#{1,3} ", line)
    ]
    assert len(sections) == len(headings)
    assert all((pages / section["page"].partition("#")[0]).is_file() for section in sections)
    (found,) = [one for one in sections if "imagenomer-bundle" in one["text"]]
    assert found["page"] == "get-your-data-in.html#a-bundle-by-hand"


def test_markup_in_a_document_is_text() -> None:
    render = manual._renderer(None)
    assert "<script>" not in render("a <script>alert(1)</script> b")


def test_a_document_that_is_not_in_the_list_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    manual.documents.cache_clear()
    monkeypatch.setattr(manual, "GROUPS", manual.GROUPS[:-1])
    with pytest.raises(ValueError, match="developing"):
        manual.documents()
    manual.documents.cache_clear()


def test_a_link_that_leads_nowhere_is_an_error() -> None:
    made = {"a": manual.Document("a", "A", '<h1 id="a">A</h1><a href="a.html#gone">x</a>')}
    with pytest.raises(ValueError, match=r"a\.html#gone"):
        manual._check_links(made)


def test_the_single_file_has_each_document_with_its_pictures() -> None:
    whole = manual.whole()
    assert not Markup(whole).open
    assert 'src="images' not in whole
    assert "example-folder.zip" not in whole
    assert 'href="http' not in whole
    assert "OpenNeuro ds004144 (https://openneuro.org/datasets/ds004144)" in whole
    assert len(re.findall(r'id="document-', whole)) == len(manual.names())
    for name in re.findall(r'data-document="([^"]+)"', whole):
        assert name in manual.names()


# --- get your data in ------------------------------------------------------------------------------


@pytest.fixture
def example(tmp_path: Path) -> Path:
    assert example_folder.main([str(tmp_path / example_folder.NAME)]) == 0
    return tmp_path / example_folder.NAME


def test_the_example_folder_opens_without_a_warning(example: Path) -> None:
    cohort = finish(open_cohort(listing_of(example)))
    assert not [entry.message for entry in cohort.log if entry.severity != "recognised"]
    assert (cohort.n_subjects, len(cohort.scans), list(cohort.phenotypes)) == (24, 24, ["age", "sex", "site", "score"])
    assert cohort.parcellation is not None
    assert cohort.parcellation.labels[0] == "Left visual"


def test_the_document_shows_the_files_of_the_example(example: Path) -> None:
    blocks = re.findall(r"```\w*\n(.*?)```", DATA_IN, re.DOTALL)
    for path in ("phenotypes.csv", "atlas.tsv", "connectivity/sub-01.csv"):
        text = (example / path).read_text(encoding="utf-8")
        assert [block for block in blocks if text.startswith(block)], path
    tree = next(block for block in blocks if block.startswith(f"{example_folder.NAME}/"))
    for path in ("phenotypes.csv", "atlas.tsv", "connectivity/", "sub-01.csv", "sub-02.csv"):
        assert path in tree


def test_the_bundle_by_hand_opens_as_it_is_written_down(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    (text,) = re.findall(r"```json\n(.*?)```", DATA_IN, re.DOTALL)
    people, scans = re.findall(r"```\n(participant_id\t.*?)```", DATA_IN, re.DOTALL)
    (tmp_path / "connectivity").mkdir()
    (tmp_path / "bundle.json").write_text(text, encoding="utf-8")
    (tmp_path / "participants.tsv").write_text(people, encoding="utf-8")
    (tmp_path / "scans.tsv").write_text(scans, encoding="utf-8")
    values = numpy.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
    numpy.save(tmp_path / "connectivity" / "fc.npy", values)
    cohort = finish(open_cohort(listing_of(tmp_path)))
    assert (cohort.name, cohort.subjects, cohort.tasks) == ("My cohort", ("01", "02"), ("rest",))
    numpy.testing.assert_allclose(cohort.measures["fc"].values, values, rtol=1e-6)
