"""HTML report: one file that says everything, asks for nothing, and that no name can break into."""

from __future__ import annotations

import asyncio
import base64
import html.parser
import json
import re
from dataclasses import replace

import numpy as np
import pytest

import parted
from forms import untouched
from imagenomer import __version__, cli
from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import (
    Column,
    Finding,
    GridView,
    Methods,
    PointSeries,
    PointsView,
    Report,
    TableView,
    read_params,
)
from imagenomer.companion import with_companion
from imagenomer.downloads import csv_of
from imagenomer.engine import Engine
from imagenomer.html_report import ROWS, Record, html_report
from imagenomer.progress import Progress, finish

ATTACK = '<script>alert(\'1\')</script>" onload="x" id="y" url(#z) </style></svg></title>&amp;'

ELEMENTS = re.compile(
    "html|head|meta|title|style|body|main|header|section|nav|h1|h2|p|ul|ol|li|a|strong|code|pre|dl|div|dt|dd|span|table|"
    "thead|tbody|tr|th|td|details|summary|figure|figcaption|svg|g|path|defs|clippath|rect|text|tspan|use|image"
)


class Parsed(html.parser.HTMLParser):
    """What a browser would make of a file."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.open.append(tag)
        self._take(attributes)
        if tag == "meta":
            self.open.pop()

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self._take(attributes)

    def _take(self, attributes):
        for name, value in attributes:
            self.attributes.append((name, value or ""))
            if name == "id":
                self.ids.append(value)
            if name in ("href", "xlink:href", "src"):
                self.links.append(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.text += data


def check_safe(page: bytes) -> Parsed:
    """Fail unless a file has known elements only, runs nothing and points at nothing outside itself."""
    parsed = Parsed(page)
    assert not parsed.open
    assert [tag for tag in parsed.tags if not ELEMENTS.fullmatch(tag)] == []
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]
    assert len(set(parsed.ids)) == len(parsed.ids)
    for link in parsed.links:
        if link.startswith("#"):
            assert link[1:] in parsed.ids
        else:
            assert link.startswith(("data:image/png;base64,", "data:text/csv;", "data:text/x-python;"))
    painted = " ".join(value for name, value in parsed.attributes if name not in ("aria-label", "content"))
    for value in re.findall(r"url\(#([^)]*)\)", painted):
        assert value in parsed.ids
    policies = [value for name, value in parsed.attributes if name == "content" and "default-src" in value]
    (policy,) = policies
    # The last two do not follow from the first: a form would carry away what is typed, a base change where links lead.
    assert policy.split("; ") == [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "form-action 'none'",
        "base-uri 'none'",
    ]
    return parsed


def kept_of(cohort, analysis=parted.ANALYSIS, params=None, script="print(1)\n", groups=(), n_parts=None):
    params = params or analysis.params()
    result = finish(analysis.compute(cohort, params))
    report = analysis.report(cohort, params, result)
    n_parts = len(analysis.parts) if n_parts is None else n_parts
    return Record(analysis, cohort, params, result, report, script, groups, n_parts)


def page_of(kept):
    return finish(html_report(kept))


def reporting(report, **changes):
    """Stages, with another report."""
    return replace(parted.ANALYSIS, report=lambda cohort, params, result: report, **changes)


@pytest.mark.parametrize("name", ["edge-association", "phenotype-matrix", "variant-association"])
def test_results_of_all_kinds_of_views_are_whole_files(name, cohort):
    analysis = load_analyses()[name]
    kept = kept_of(cohort, analysis, read_params(analysis, untouched(analysis, cohort)))
    parsed = check_safe(page_of(kept))
    for sentence in (*kept.report.sentences, *kept.report.warnings):
        assert sentence in parsed.text
    for view in kept.report.views:
        assert f"view-{view.name}" in parsed.ids
        assert view.title in parsed.text
    n_figures = sum(not isinstance(view, TableView) for view in kept.report.views)
    assert parsed.tags.count("svg") == n_figures


def test_the_same_result_is_the_same_file_and_has_no_date(cohort):
    page = page_of(kept_of(cohort))
    assert page == page_of(kept_of(cohort))
    assert not re.search(rb"\b20\d\d-\d\d|\d\d:\d\d", page)


def test_each_finding_links_to_the_view_its_number_is_in(cohort):
    parsed = check_safe(page_of(kept_of(cohort)))
    assert "#view-top" in parsed.links
    assert "#view-share" in parsed.links
    assert "consistent with numbers in order. (Table 1)" in parsed.text
    assert "consistent with equal steps. (Figure 2)" in parsed.text


def test_methods_citations_script_and_version_are_in_it(cohort):
    parsed = check_safe(page_of(kept_of(cohort, script='print("<b>")\n')))
    for told in ("Edges were numbered and counted.", "Gauss, C. F. (1786). Sums.", 'print("<b>")', __version__):
        assert told in parsed.text
    (link,) = [link for link in parsed.links if link.startswith("data:text/x-python")]
    assert base64.b64decode(link.split(",")[1]) == b'print("<b>")\n'


def test_without_methods_the_sentences_are_the_methods(cohort):
    kept = kept_of(cohort, replace(parted.ANALYSIS, methods=None))
    assert check_safe(page_of(kept)).text.count("Edges are numbered in order.") == 2


def test_hostile_names_stay_texts_wherever_they_stand(cohort):
    params = parted.Params()
    columns = (Column("subject", ATTACK), Column("value", ATTACK, "number"))
    report = Report(
        numbers={ATTACK: 1, "n_subjects": 2, "text": ATTACK},
        sentences=(ATTACK,),
        warnings=(ATTACK,),
        views=(
            TableView("table", ATTACK, columns, ({"subject": ATTACK, "value": 1.5},)),
            PointsView(
                "map", ATTACK, ATTACK, ATTACK, (PointSeries(ATTACK, "#112233", [1.0], [2.0], [ATTACK]),), caption=ATTACK
            ),
            GridView("grid", ATTACK, ATTACK, (ATTACK,), (ATTACK,), ((1.0,),)),
        ),
        verdict=(Finding(ATTACK, "grid"),),
    )

    def draw(cohort, params, result, report, theme):
        from matplotlib.figure import Figure

        figure = Figure(layout="constrained")
        axes = figure.add_subplot(title=ATTACK, xlabel=ATTACK)
        axes.plot([0, 1], [0, 1], label=ATTACK, clip_on=True)
        axes.legend()
        return {"map": figure, "grid": figure}

    analysis = reporting(
        report,
        draw=draw,
        title=ATTACK,
        summary=ATTACK,
        takes_second=True,
        methods=lambda cohort, params, result: Methods((ATTACK,), (ATTACK,)),
    )
    named = replace(cohort, name=ATTACK, parcellation=replace(cohort.parcellation, citation=ATTACK + "2"))
    kept = Record(
        analysis,
        with_companion(named, replace(named, name=ATTACK + "3")),
        params,
        finish(parted.ANALYSIS.compute(cohort, params)),
        report,
        ATTACK,
        ((ATTACK, "age > 3", "#ff0000"),),
        2,
    )
    parsed = check_safe(page_of(kept))
    assert parsed.text.count(ATTACK) > 15


def test_a_name_that_is_no_text_does_not_stop_the_file(cohort):
    page = page_of(kept_of(replace(cohort, name="half \ud83d pair")))
    assert b"half &#55357; pair" in page


def test_a_long_table_is_cut_and_its_csv_is_whole(cohort):
    rows = tuple({"subject": f"S{number}", "p": 10.0**-number} for number in range(ROWS + 7))
    table = TableView(
        "people", "People", (Column("subject", "Subject", of_subjects=True), Column("p", "p", "p")), rows, on_page=60
    )
    parsed = check_safe(page_of(kept_of(cohort, reporting(Report(numbers={}, views=(table,))))))
    assert f"The first {ROWS} of {ROWS + 7} rows" in parsed.text
    assert "S49" in parsed.text
    assert "S50" not in parsed.text
    (link,) = [link for link in parsed.links if link.startswith("data:text/csv")]
    assert base64.b64decode(link.split(",")[1]) == csv_of(table)
    assert "It holds values of single subjects (“People”)" in parsed.text


def test_what_is_of_no_single_subject_is_not_said_to_be(cohort):
    text = check_safe(page_of(kept_of(cohort))).text
    assert "values of single subjects" not in text
    assert "Before you share it" in text
    assert "synthetic" in check_safe(page_of(kept_of(replace(cohort, synthetic=True)))).text


def test_numbers_are_written_as_in_the_page(cohort):
    columns = (
        Column("a", "a", "number"),
        Column("b", "b", "p"),
        Column("c", "c", "integer"),
        Column("d", "d", "mixed"),
    )
    rows = (
        {"a": -0.12345, "b": 1.23e-9, "c": 34716, "d": 0.5},
        {"a": 0.5, "b": 0.04, "c": None, "d": 12345.6},
        {"a": None, "b": 0.0, "c": -3, "d": 1e-7},
    )
    table = TableView("t", "T", columns, rows)
    text = check_safe(page_of(kept_of(cohort, reporting(Report(numbers={}, views=(table,)))))).text
    for written in ("−0.1235", "0.5000", "1.2e−9", "0.0400", "< 1e−300", "34,716", "−3", "12,346", "1e−07"):
        assert written in text


def test_what_is_undefined_is_a_dash(cohort):
    report = Report(numbers={"r": float("nan"), "n_subjects": np.int64(40), "none": None})
    text = check_safe(page_of(kept_of(cohort, reporting(report)))).text
    assert "nan" not in text.lower().split()
    assert "Subjects40" in text


def test_settings_are_in_words_and_groups_have_their_names(cohort):
    analysis = load_analyses()["edge-association"]
    params = read_params(analysis, {"phenotype": "age", "group": 'sex == "F"', "covariates": []})
    kept = kept_of(cohort, analysis, params, groups=(("Women", 'sex == "F"', "#123456"),))
    text = check_safe(page_of(kept)).text
    assert "PhenotypeageCovariatesNone chosen" in text
    assert 'GroupWomen: sex == "F"' in text
    assert "TaskMean over tasks" in text
    assert "(group Women)" in text


def test_a_report_of_some_parts_says_which_are_missing(cohort):
    params = parted.Params()
    result = finish(parted.PARTS[0].compute(cohort, params, None))
    report = parted.ANALYSIS.report(cohort, params, result)
    text = check_safe(page_of(Record(parted.ANALYSIS, cohort, params, result, report, "", n_parts=1))).text
    assert ("Stopped after 1 of 3 parts. Not computed: “Find the largest”, “Count what is above the mean”.") in text


def test_figures_are_drawn_one_by_one_so_that_a_cancel_arrives(cohort):
    steps = html_report(kept_of(cohort))
    assert next(steps) == Progress("Drawing figures", 0, 2)
    assert next(steps) == Progress("Drawing figures", 1, 2)


def test_the_engine_and_the_command_line_write_the_same_file(cohort, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("imagenomer.engine.workspace.load_analyses", lambda: {"stages": parted.ANALYSIS})
    monkeypatch.setattr(cli, "load_analyses", lambda: {"stages": parted.ANALYSIS})

    def generate(*, size, seed, recipe=None):
        yield Progress("Drawing subjects")
        return cohort

    monkeypatch.setattr("imagenomer.teaching.generate", generate)
    engine = Engine()

    def ask(call, **arguments):
        text, buffers = asyncio.run(engine.handle(call, json.dumps(arguments)))
        return json.loads(text), buffers

    ask("open_demo", size="quick", seed=1)
    answer, buffers = ask("html", analysis="stages", params={})
    assert answer == {"filename": "stages.html", "mime": "text/html"}
    assert cli.main(["run", "stages", "demo:quick:1", "--html", str(tmp_path / "out.html")]) == 0
    assert (tmp_path / "out.html").read_bytes() == bytes(buffers["file"])

    ask("set_parcellation", name="none")
    partial = bytes(ask("html", analysis="stages", params={}, part=0)[1]["file"]).decode()
    assert "Stopped after 1 of 3 parts" in partial
    assert cli.main(["run", "stages", "demo:quick:1", "--html", str(tmp_path / "no" / "out.html")]) == 2
    assert "cannot be written" in capsys.readouterr().err
