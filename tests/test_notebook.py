"""The notebook taken home: one report of several results, one script, methods, and references."""

from __future__ import annotations

import asyncio
import json
import re
import runpy
from html.parser import HTMLParser

import pytest

from imagenomer import ARTICLE
from imagenomer.engine import Engine
from imagenomer.engine.workspace import opened_with
from imagenomer.errors import InputError
from imagenomer.html_report.references import bibtex_of, reference_of, ris_of
from imagenomer.parcellation import atlases_of_size, load_atlas
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes

RESULTS = [
    {"name": "Age <b>", "note": "Edge 3.\nAs planted.\n\nSecond.", "analysis": "edge-association",
     "params": {"phenotype": "age", "task": "rest"}},
    {"name": "Older", "note": "", "analysis": "edge-association",
     "params": {"phenotype": "age", "task": "rest", "group": "age > 150"}},
    {"name": "Ages", "note": "", "analysis": "phenotype-distribution", "params": {"phenotype": "age"}},
]  # fmt: skip


@pytest.fixture
def exported(cohort):
    """What the engine writes of the notebook in a form, as text."""
    engine = Engine()
    engine.workspace.opened = opened_with(cohort, "forty.zip", cohort.parcellation)

    def export(what, results=RESULTS):
        given = {
            "results": results,
            "notes": "On <i>all</i>",
            "groups": [["Old", "age > 150", "#112233"]],
            "what": what,
        }
        answer, buffers = asyncio.run(engine.handle("notebook", json.dumps(given)))
        assert json.loads(answer)["filename"].endswith(f".{what}")
        return buffers["file"].tobytes().decode()

    return export


class Outline(HTMLParser):
    """Ids, links within the page, and headings."""

    def __init__(self):
        super().__init__()
        self.ids, self.links, self.headings, self.tags = [], [], [], set()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.add(tag)
        self.ids += [given["id"]] if given.get("id") else []
        self.links += [value[1:] for key, value in given.items() if key.endswith("href") and value.startswith("#")]
        self.links += re.findall(r"url\(#([^)]+)\)", " ".join(value or "" for value in given.values()))
        self.headings += [int(tag[1])] if re.fullmatch(r"h\d", tag) else []


def test_one_report_has_all_results_in_order_and_every_link_leads_somewhere(exported):
    page = exported("html")
    outline = Outline()
    outline.feed(page)
    assert len(outline.ids) == len(set(outline.ids))
    assert set(outline.links) <= set(outline.ids)
    assert len(outline.links) > 10
    assert outline.headings.count(1) == 1
    assert all(one - before <= 1 for before, one in zip(outline.headings, outline.headings[1:], strict=False))
    places = [page.index(f'<article id="r{number}"') for number in (1, 2, 3)]
    assert places == sorted(places)
    assert "Age &lt;b&gt;" in page
    assert "On &lt;i&gt;all&lt;/i&gt;" in page
    assert "Edge 3.<br>As planted." in page
    assert not outline.tags & {"script", "b", "i", "iframe"}
    assert "Old" in page[places[1] : places[2]]
    assert "References of all results" in page
    assert exported("html") == page, "the same notebook is the same file"


def test_one_script_computes_all_results_again(exported, cohort, tmp_path, monkeypatch):
    (tmp_path / "forty.zip").write_bytes(finish(bundle_bytes(cohort)))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "again.py").write_text(exported("py"), encoding="utf-8")
    monkeypatch.setattr("imagenomer.figures.theme.render", lambda figure, format: b"<svg/>")
    runpy.run_path("again.py")
    written = sorted(path.name for path in tmp_path.glob("*.json"))
    assert [name[0] for name in written] == ["1", "2", "3"]
    numbers = [json.loads((tmp_path / name).read_text(encoding="utf-8")) for name in written]
    assert numbers[0]["n_subjects"] == 38
    assert numbers[1]["n_subjects"] < 38
    engine = Engine()
    engine.workspace.opened = opened_with(cohort, "forty.zip", cohort.parcellation)
    for one, found in zip(RESULTS, numbers, strict=True):
        given = {"analysis": one["analysis"], "params": one["params"]}
        answer = json.loads(asyncio.run(engine.handle("run", json.dumps(given)))[0])
        assert {name: found[name] for name in answer["numbers"]} == answer["numbers"]


def test_methods_are_said_once_and_with_their_references(exported):
    text = exported("txt")
    paragraphs = text.strip().split("\n\n")
    assert len(paragraphs) == len(set(paragraphs))
    assert paragraphs.index("References") > 0
    assert paragraphs[-1] == ARTICLE
    assert ARTICLE in exported("ris")


def test_an_empty_notebook_and_a_result_that_does_not_fit_are_refused(exported):
    with pytest.raises(InputError, match="press Keep"):
        exported("html", [])
    wrong = {**RESULTS[0], "params": {"phenotype": "height"}}
    with pytest.raises(InputError, match=r"^Age <b>: no phenotype 'height'"):
        exported("html", [wrong])


@pytest.mark.parametrize(
    ("citation", "parts"),
    [
        (
            "Freedman and Lane (1983), J. Bus. Econ. Stat. 1:292.",
            (("Freedman", "Lane"), "1983", "", "J. Bus. Econ. Stat.", "1", "292", ""),
        ),
        (
            "Dudoit, Fridlyand and Speed (2002), J. Am. Stat. Assoc. 97:77.",
            (("Dudoit", "Fridlyand", "Speed"), "2002", "", "J. Am. Stat. Assoc.", "97", "77", ""),
        ),
        (
            "Peverill et al. (2025), Hum. Brain Mapp. 46:e70094. https://doi.org/10.1002/hbm.70094",
            (("Peverill", "et al."), "2025", "", "Hum. Brain Mapp.", "46", "e70094", "10.1002/hbm.70094"),
        ),
        (
            "Schaefer A, Kong R, et al. Local parcellation of the cortex. Cerebral Cortex 28(9):3095-3114, 2018. "
            "doi:10.1093/cercor/bhx179",
            (("Schaefer A", "Kong R", "et al."), "2018", "Local parcellation of the cortex", "Cerebral Cortex", "28",
             "3095-3114", "10.1093/cercor/bhx179"),
        ),
        ("Cosgrove et al. (2022), Brain Imaging Behav. (PMC9296258).", ((), "", "", "", "", "", "")),
    ],
)  # fmt: skip
def test_a_citation_is_taken_apart_as_far_as_it_says(citation, parts):
    one = reference_of(citation)
    assert (one.authors, one.year, one.title, one.journal, one.volume, one.page, one.doi) == parts
    assert one.text == citation


def test_our_own_article_and_those_of_all_atlases_are_taken_apart():
    atlases = [load_atlas(name).citation for size in (100, 200, 264, 333, 400) for name in atlases_of_size(size)]
    assert len(atlases) > 3
    for citation in (ARTICLE, *atlases):
        one = reference_of(citation)
        assert one.year, citation
        assert one.doi, citation
    own = reference_of(ARTICLE)
    assert own.authors[0] == "Orlichenko A"
    assert own.title.startswith("ImageNomer: description")
    assert (own.journal, own.year, own.volume, own.page) == ("Neuroimage: Reports", "2023", "3", "100191")


def test_ris_and_bibtex_are_well_formed_and_hold_every_citation():
    citations = ["Zou (2005), A&B 67:301.", "Zou (2005), C_D 1:2.", "Something else, 100 % of it"]
    ris = ris_of(citations)
    assert ris.count("TY  - ") == ris.count("ER  - ") == 3
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]  - .*", line) for line in ris.split("\r\n") if line)
    bibtex = bibtex_of(citations)
    assert re.findall(r"@(\w+)\{(\w+),", bibtex) == [
        ("article", "zou2005"),
        ("article", "zou2005b"),
        ("misc", "reference"),
    ]
    assert bibtex.count("{") == bibtex.count("}")
    assert r"A\&B" in bibtex
    assert r"100 \% of it" in bibtex
    for citation in citations:
        assert f"N1  - {citation}" in ris
