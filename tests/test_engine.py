"""Engine: every call of the page, over the cohort of the fixtures."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import math
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Annotated

import numpy as np
import pytest

from imagenomer.analyses.contract import (
    Analysis,
    Column,
    FigureView,
    MatrixView,
    Number,
    PointSeries,
    PointsView,
    Report,
    TableView,
)
from imagenomer.analyses.shared.results import RESULTS
from imagenomer.cohort import Cohort
from imagenomer.downloads import csv_of
from imagenomer.edges import edge_index
from imagenomer.engine import Cancelled, Engine
from imagenomer.engine.results import on_page
from imagenomer.errors import InputError
from imagenomer.figures.pixels import default_colormap, paint, paint_edges
from imagenomer.progress import Progress

N_EDGES = 15


@dataclass(frozen=True, slots=True)
class EchoParams:
    factor: Annotated[float, Number(0, 10, 0.1)] = 1.0


class Echo:
    """An analysis that multiplies edge numbers by a factor, and counts how often it is computed."""

    def __init__(self) -> None:
        self.n_computed = 0

    def compute(self, cohort, params):
        self.n_computed += 1
        for done in range(5):
            yield Progress("Counting edges", done, 5)
        return params.factor * np.arange(N_EDGES)

    def report(self, cohort, params, result):
        rows = (
            {"edge": 3, "name": 'the "third", of five', "r": 1 / 3},
            {"edge": 4, "name": "µ", "r": np.nan},
        )
        columns = (Column("edge", "Edge", "integer"), Column("name", "Name"), Column("r", "r", "number"))
        return Report(
            numbers={"n": np.int64(7), "share": np.float32(0.5), "undefined": np.nan, "endless": -np.inf},
            views=(
                MatrixView("map", "Edge numbers", "number", "number", "sequential", marked="even", note="7 subjects"),
                TableView("top", "Some edges", columns, rows),
                FigureView("bars", "Bars", "two bars"),
            ),
            arrays={"number": result, "even": np.arange(N_EDGES) % 2 == 0},
        )

    def draw(self, cohort, params, result, report, theme):
        from matplotlib.figure import Figure

        figure = Figure(layout="constrained")
        figure.add_subplot().bar([0, 1], [1, 0])
        return {"bars": figure}

    def detail(self, cohort, params, result, edge, groups):
        name = groups[0][0] if groups else "All"
        series = PointSeries(name, "#0072b2", [1.0], [np.nan], [])
        return PointsView("edge", f"Edge {edge}", "x", "y", (series,))


class Page:
    """An engine, called as the page calls it."""

    def __init__(self) -> None:
        self.engine = Engine(self.need)
        self.needed: list[str] = []
        self.progress: list[tuple[str, int, int]] = []

    async def need(self, packages):
        self.needed += packages

    def ask(self, call, *, files=None, cancelled=lambda: False, **arguments):
        """The answer's JSON, read strictly, and its buffers."""

        def told(step, done, total):
            self.progress.append((step, done, total))

        asked = self.engine.handle(call, json.dumps(arguments), files, told, cancelled)
        text, buffers = asyncio.run(asked)
        return json.loads(text, parse_constant=pytest.fail), buffers


@pytest.fixture
def echo(monkeypatch) -> Echo:
    """The only analysis there is."""
    echo = Echo()
    analysis = Analysis(
        "Echo",
        "Echoes.",
        "Associations",
        EchoParams,
        echo.compute,
        echo.report,
        echo.draw,
        echo.detail,
    )
    monkeypatch.setattr("imagenomer.engine.workspace.load_analyses", lambda: {"echo": analysis})
    return echo


@pytest.fixture
def page(cohort, echo, monkeypatch) -> Page:
    """A page whose demo cohort is the cohort of the fixtures."""
    open_as_demo(cohort, monkeypatch)
    page = Page()
    page.ask("open_demo", size="quick", seed=1)
    return page


def open_as_demo(cohort: Cohort, monkeypatch) -> None:
    def generate(*, size, seed):
        yield Progress("Drawing subjects")
        return cohort

    monkeypatch.setitem(sys.modules, "imagenomer.teaching", SimpleNamespace(generate=generate))


SCAN = {"scan": 0, "measure": "fc"}
RESULT = {"analysis": "echo", "params": {}, "array": "number"}


# --- opening -------------------------------------------------------------------------------------


def test_before_a_cohort_is_open_every_call_says_so(echo):
    page = Page()
    assert [entry["name"] for entry in page.ask("catalog")[0]] == ["echo"]
    for call, arguments in (
        ("overview", {}),
        ("gallery", {"measure": "fc"}),
        ("run", {"analysis": "echo", "params": {}}),
    ):
        with pytest.raises(InputError, match="no cohort is open"):
            page.ask(call, **arguments)


def test_opening_answers_the_overview(page, cohort):
    overview, _ = page.ask("overview")
    assert overview["name"] == "Forty"
    assert overview["n_subjects"] == 40


def test_files_are_handed_to_the_readers_and_a_failed_opening_leaves_the_open_cohort_alone(page, monkeypatch):
    class Files:
        sizes = (3,)

        def read(self, index, start, stop):
            return b"abc"[start:stop]

    def open_cohort(listing, recipe):
        yield Progress("Reading")
        raise InputError(f"{listing} with {recipe} is no cohort")

    readers = SimpleNamespace(
        open_cohort=open_cohort,
        listing_from=lambda paths, sizes, read: (paths, sizes, read(0, 0, 2)),
        with_own_recipe=lambda listing, recipe: (listing, recipe),
    )
    monkeypatch.setitem(sys.modules, "imagenomer.readers", readers)
    with pytest.raises(InputError, match=r"'cohort/a.npy'.*b'ab'.* with \{'use': \{\}\} is no cohort"):
        page.ask("open_files", paths=["cohort/a.npy"], recipe={"use": {}}, files=Files())
    assert page.ask("overview")[0]["name"] == "Forty"


def test_a_cohort_that_cannot_be_shown_does_not_replace_the_open_one(page, monkeypatch):
    monkeypatch.setattr("imagenomer.engine.workspace.overview_of", lambda cohort: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        page.ask("open_demo", size="quick", seed=2)
    assert page.ask("overview")[0]["name"] == "Forty"


def test_results_of_the_last_cohort_are_forgotten(page, echo):
    page.ask("run", analysis="echo", params={})
    page.ask("open_demo", size="quick", seed=2)
    page.ask("run", analysis="echo", params={})
    assert echo.n_computed == 2


def test_a_saved_bundle_opens_again(page, cohort):
    answer, buffers = page.ask("save_bundle")
    assert answer == {"filename": "Forty.zip", "mime": "application/zip"}
    data = buffers["file"].tobytes()
    files = SimpleNamespace(sizes=[len(data)], read=lambda index, start, stop: data[start:stop])
    before, _ = page.ask("overview")
    after, _ = page.ask("open_files", paths=["Forty.zip"], files=files)
    for name in ("name", "n_subjects", "tasks", "measures", "phenotypes", "parcellation", "measures_limit"):
        assert after[name] == before[name]


def test_another_parcellation_names_the_same_scans_anew_and_forgets_results(page, echo, cohort):
    first, _ = page.ask("overview")
    assert first["parcellation_choices"] == [
        {"name": None, "title": "Six"},
        {"name": "none", "title": "None: plain numbers"},
    ]
    page.ask("run", analysis="echo", params={})
    plain, _ = page.ask("set_parcellation", name="none")
    assert (plain["atlas"], plain["parcellation"]["labels"][0]) == ("none", "Parcel 1")
    assert plain["parcellation_choices"] == first["parcellation_choices"]
    _, buffers = page.ask("matrix", source=SCAN, order="network")
    np.testing.assert_array_equal(buffers["values"], page.ask("matrix", source=SCAN, order="file")[1]["values"])
    page.ask("run", analysis="echo", params={})
    assert echo.n_computed == 2
    assert "load(COHORT, atlas='none')" in page.ask("script", analysis="echo", params={})[0]["script"]
    for shape in ("networks", "brain"):
        with pytest.raises(InputError, match=r"6 parcels has no (networks|coordinates)"):
            page.ask("figure", source=SCAN, view=shape, format="svg")
    page.ask("figure", source=SCAN, view="ring", format="svg")
    assert page.ask("set_parcellation", name=None)[0] == first
    with pytest.raises(InputError, match="power-264 has 264 parcels; for the 6 parcels of these scans there are: none"):
        page.ask("set_parcellation", name="power-264")
    assert page.ask("overview")[0] == first


def test_the_chosen_parcellation_is_saved_in_the_bundle(page):
    page.ask("set_parcellation", name="none")
    data = page.ask("save_bundle")[1]["file"].tobytes()
    files = SimpleNamespace(sizes=[len(data)], read=lambda index, start, stop: data[start:stop])
    after, _ = page.ask("open_files", paths=["Forty.zip"], files=files)
    assert after["parcellation"]["labels"][5] == "Parcel 6"


# --- groups --------------------------------------------------------------------------------------


def test_a_group_is_counted(page, cohort):
    answer, _ = page.ask("check_group", expression="age>0 & sex=='F'")
    n = int(((cohort.phenotypes["sex"].values == 0) & (np.arange(40) != 4)).sum())
    assert answer == {"n": n, "n_unknown": answer["n_unknown"], "text": 'age > 0 and sex == "F"'}
    assert 1 <= answer["n_unknown"] <= 2


def test_clauses_of_a_form_are_counted_alike(page):
    clauses = [{"field": "age", "op": ">", "value": "0"}, {"field": "sex", "op": "==", "value": "F"}]
    by_clauses, _ = page.ask("check_group", clauses=clauses)
    assert by_clauses == page.ask("check_group", expression='age > 0 and sex == "F"')[0]


def test_a_group_that_does_not_parse_is_refused_with_its_place(page):
    with pytest.raises(InputError) as caught:
        page.ask("check_group", expression="age > 3 and wrat < 4")
    assert caught.value.position == 12


# --- matrices ------------------------------------------------------------------------------------


def test_the_gallery_goes_by_subject_and_then_by_task(page):
    answer, buffers = page.ask("gallery", measure="fc", per_page=5, page=1, captions=["age", "sex"])
    assert [tile["title"] for tile in answer["tiles"]] == [
        "Subject 3 · rest",
        "Subject 4 · nback",
        "Subject 4 · rest",
        "Subject 5 · nback",
        "Subject 5 · rest",
    ]
    assert (answer["n_scans"], answer["n_pages"], answer["page"]) == (79, 16, 1)
    assert answer["tiles"][3]["captions"][0] == "age missing"
    assert answer["tiles"][0]["captions"][0].endswith(" months")
    assert buffers["pixels"].shape == (5, 6, 6, 4)


def test_a_tile_shows_its_scan_in_the_order_asked_for(page, cohort):
    for order, rows in (("network", cohort.parcellation.display_order), ("file", np.arange(6))):
        answer, buffers = page.ask("gallery", measure="fc", per_page=4, page=2, order=order)
        for tile, pixels in zip(answer["tiles"], buffers["pixels"], strict=True):
            edges = cohort.measures["fc"].values[tile["scan"]]
            colormap = default_colormap("diverging")
            expected = paint_edges(edges, order=rows, colormap=colormap, limit=answer["limit"])
            np.testing.assert_array_equal(pixels, expected)


def test_the_gallery_shows_the_members_of_a_group_and_a_task_only(page):
    answer, _ = page.ask("gallery", measure="fc", task="rest", group='subject in ("40", "10", "9")')
    assert [tile["title"] for tile in answer["tiles"]] == ["Subject 9 · rest", "Subject 10 · rest"]
    answer, _ = page.ask("gallery", measure="fc", group="age is missing or age < 0")
    assert {tile["title"] for tile in answer["tiles"]} == {"Subject 5 · nback", "Subject 5 · rest"}


def test_the_gallery_shows_the_scans_of_a_session_only(cohort, echo, monkeypatch):
    scans = tuple(replace(scan, session="ab"[scan.task == "rest"]) for scan in cohort.scans)
    open_as_demo(replace(cohort, scans=scans), monkeypatch)
    page = Page()
    overview, _ = page.ask("open_demo", size="quick", seed=1)
    assert (overview["sessions"], overview["runs"]) == (["a", "b"], [])
    answer, _ = page.ask("gallery", measure="fc", session="b", per_page=2)
    assert answer["n_scans"] == 39
    assert answer["tiles"][0]["title"] == "Subject 1 · rest · session b"
    with pytest.raises(InputError, match="no session 'c' in this cohort; it has: a, b"):
        page.ask("gallery", measure="fc", session="c")


def test_a_page_beyond_the_last_shows_the_last_and_an_empty_gallery_has_none(page):
    answer, _ = page.ask("gallery", measure="fc", per_page=50, page=9)
    assert (answer["page"], len(answer["tiles"])) == (1, 29)
    answer, buffers = page.ask("gallery", measure="fc", group="age < 0")
    assert (answer["n_scans"], answer["n_pages"], answer["page"], answer["tiles"]) == (0, 0, 0, [])
    assert buffers["pixels"].shape == (0, 6, 6, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"measure": "partial"}, "no measure 'partial' in this cohort; it has: fc"),
        ({"measure": "fc", "task": "emoid"}, "no task 'emoid' in this cohort; it has: nback, rest"),
        ({"measure": "fc", "captions": ["wrat"]}, "no phenotype 'wrat'"),
        ({"measure": "fc", "limit": 0}, "above 0"),
    ],
)
def test_the_gallery_refuses_what_there_is_not(page, arguments, message):
    with pytest.raises(InputError, match=message):
        page.ask("gallery", **arguments)


def test_a_matrix_has_the_values_of_its_scan_in_display_order(page, cohort):
    answer, buffers = page.ask("matrix", source={"scan": 41, "measure": "fc"}, order="network")
    values, rows = buffers["values"], cohort.parcellation.display_order
    assert values.dtype == np.float32
    assert values.flags.c_contiguous
    edges = cohort.measures["fc"].values[41]
    for i in range(6):
        for j in range(6):
            expected = np.nan if i == j else edges[edge_index(rows[i], rows[j], 6)]
            np.testing.assert_equal(values[i, j], expected)
    assert (answer["title"], answer["label"], answer["scale"]) == ("Subject 2 · rest", "fc", "diverging")


def test_a_result_has_a_matrix_too_with_the_scale_of_its_view(page):
    answer, buffers = page.ask("matrix", source={**RESULT, "params": {"factor": 2}}, order="file")
    np.testing.assert_array_equal(buffers["values"][0, 1:], [0, 2, 4, 6, 8])
    assert (answer["label"], answer["scale"], answer["limit"]) == ("number", "sequential", 28)


def test_painting_obeys_limit_threshold_colours_and_marks(page):
    look = {"limit": 5.0, "threshold": 2.5, "colormap": "ember"}
    _, buffers = page.ask("paint", source=RESULT, order="file", only_marked=True, **look)
    marked = np.arange(N_EDGES) % 2 == 0
    expected = paint_edges(np.arange(N_EDGES, dtype=np.float32), order=np.arange(6), marked=marked, **look)
    np.testing.assert_array_equal(buffers["pixels"], expected)


@pytest.mark.parametrize(
    ("source", "look", "message"),
    [
        ({"scan": 99, "measure": "fc"}, {}, "no scan 99; Forty has scans 0 to 78"),
        ({**RESULT, "array": "even"}, {}, "no map 'even'; it has: number"),
        ({**RESULT, "analysis": "eco"}, {}, "no analysis 'eco'; there are: echo"),
        (SCAN, {"only_marked": True}, "marks no edges"),
        (SCAN, {"colormap": "jet"}, "no colour map 'jet'"),
    ],
)
def test_painting_refuses_what_there_is_not(page, source, look, message):
    with pytest.raises(InputError, match=message):
        page.ask("paint", source=source, **look)


def test_networks_are_folded_and_coloured(page, cohort):
    answer, _ = page.ask("networks", source=RESULT)
    assert answer["names"] == answer["titles"] == ["DMN", "VIS"]
    within = [edge_index(i, j, 6) for i, j in ((1, 3), (1, 4), (3, 4))]  # DMN of the fixture
    assert answer["mean"][0][0] == pytest.approx(np.mean(within))
    assert answer["share"][0][0] == pytest.approx(np.mean([edge % 2 == 0 for edge in within]))
    assert answer["n_edges"] == [[3, 9], [9, 3]]
    assert (answer["label"], answer["scale"]) == ("Mean number", "sequential")
    assert answer["limit"] == pytest.approx(np.max(answer["mean"]))
    expected = paint(np.array(answer["mean"], np.float32), colormap="indigo", limit=answer["limit"])
    assert answer["colours"][0][1] == "#" + bytes(expected[0, 1, :3]).hex()
    shares, _ = page.ask("networks", source=RESULT, share=True, limit=0.5, colormap="ember")
    assert shares["label"].startswith("Share of edges")
    assert shares["colours"] != answer["colours"]
    assert page.ask("networks", source=SCAN)[0]["share"] is None


def test_the_strongest_edges_come_with_their_parcels_and_colours(page):
    answer, _ = page.ask("strongest", source=RESULT, n=3, by="positive", only_marked=True, limit=20.0)
    assert answer["edges"] == [14, 12, 10]
    assert answer["values"] == [14, 12, 10]
    assert [edge_index(*pair, 6) for pair in answer["parcels"]] == answer["edges"]
    expected = paint(np.array([14, 12, 10], np.float32), colormap="indigo", limit=20.0)
    assert answer["colours"] == ["#" + bytes(colour[:3]).hex() for colour in expected]
    assert answer["note"] == "The 3 strongest of 7 significant positive edges"
    nothing, _ = page.ask("strongest", source=RESULT, n=3, by="negative")
    assert (nothing["edges"], nothing["parcels"], nothing["note"]) == ([], [], "No negative edges")


def test_outlines_of_the_brain_are_drawn_from_three_sides(page):
    answer, _ = page.ask("outlines")
    assert [(one["name"], one["across"], one["up"]) for one in answer] == [
        ("sagittal", 1, 2),
        ("coronal", 0, 2),
        ("axial", 0, 1),
    ]


# --- results -------------------------------------------------------------------------------------


def test_a_result_is_strict_json_with_null_for_what_is_undefined(page):
    answer, _ = page.ask("run", analysis="echo", params={})
    assert answer["numbers"] == {"n": 7, "share": 0.5, "undefined": None, "endless": None}
    assert [view["kind"] for view in answer["views"]] == ["matrix", "table", "figure"]
    assert answer["views"][1]["rows"][1] == {"edge": 4, "name": "µ", "r": None}


def test_the_page_gets_what_it_shows_of_a_table_and_the_file_all():
    columns = (Column("span", "Span", where="page", sort="low"), Column("low", "From", "number", where="file"))
    columns += (Column("name", "Name"), Column("raw", "Raw", "number", where="file"))
    rows = tuple({"span": "1 to 2", "low": 1.0, "name": "a", "raw": 0.1, "edge": 3} for _ in range(4))
    view = TableView("some", "Some", columns, rows, on_page=2)
    shown = on_page(view)
    assert [column.key for column in shown.columns] == ["span", "name"]
    assert shown.rows == ({"span": "1 to 2", "low": 1.0, "name": "a", "edge": 3},) * 2
    assert csv_of(view).decode("utf-8-sig").splitlines()[1] == "1.0,a,0.1"


def test_a_result_is_computed_once_however_its_parameters_are_spelled(page, echo):
    page.ask("run", analysis="echo", params={})
    page.ask("run", analysis="echo", params={"factor": 1.0})
    page.ask("matrix", source=RESULT)
    page.ask("table", analysis="echo", params={}, name="top")
    assert echo.n_computed == 1


def test_only_the_latest_results_are_kept(page, echo):
    for factor in range(1, RESULTS.capacity // 2 + 1):
        page.ask("run", analysis="echo", params={"factor": factor})
        page.ask("run", analysis="echo", params={"factor": factor + 0.5})
    page.ask("run", analysis="echo", params={"factor": 1})
    assert echo.n_computed == RESULTS.capacity
    page.ask("run", analysis="echo", params={"factor": 0.25})
    page.ask("run", analysis="echo", params={"factor": 1})
    assert echo.n_computed == RESULTS.capacity + 1
    page.ask("run", analysis="echo", params={"factor": 1.5})
    assert echo.n_computed == RESULTS.capacity + 2


def test_a_clicked_edge_has_points(page):
    answer, _ = page.ask("detail", analysis="echo", params={}, edge=3, groups=[["Girls", "sex == 'F'", "#123456"]])
    assert (answer["kind"], answer["title"]) == ("points", "Edge 3")
    assert answer["series"] == [{"name": "Girls", "colour": "#0072b2", "x": [1.0], "y": [None], "subjects": []}]
    with pytest.raises(InputError, match="no edge 15; this cohort has edges 0 to 14"):
        page.ask("detail", analysis="echo", params={}, edge=15)


def test_a_table_is_csv_that_reads_back_to_the_last_digit(page):
    answer, buffers = page.ask("table", analysis="echo", params={"factor": 1}, name="top")
    text = buffers["file"].tobytes().decode("utf-8-sig")
    assert answer == {"filename": "echo_top.csv", "mime": "text/csv"}
    assert text.count("\r\n") == 3
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0] == {"edge": "3", "name": 'the "third", of five', "r": repr(1 / 3)}
    assert rows[1] == {"edge": "4", "name": "µ", "r": ""}
    with pytest.raises(InputError, match="no table 'bottom'; it has: top"):
        page.ask("table", analysis="echo", params={}, name="bottom")


# --- figures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "magic"), [("svg", b"<?xml"), ("pdf", b"%PDF-"), ("png", b"\x89PNG")])
@pytest.mark.parametrize(
    ("what", "filename"),
    [
        ({"analysis": "echo", "params": {}, "name": "bars"}, "echo_bars"),
        ({"analysis": "echo", "params": {}, "edge": 3}, "echo_edge-3"),
        ({"source": SCAN, "threshold": 0.2, "limit": 0.5}, "Subject-1-nback_fc"),
        ({"source": RESULT, "only_marked": True}, "Edge-numbers_number"),
        ({"source": RESULT, "view": "networks", "share": True}, "Edge-numbers_number_networks"),
        ({"source": RESULT, "view": "ring", "n": 5, "only_marked": True}, "Edge-numbers_number_ring"),
        ({"source": SCAN, "view": "brain", "by": "negative", "threshold": 0.1}, "Subject-1-nback_fc_brain"),
    ],
)
def test_a_figure_is_a_file_that_is_the_same_each_time(page, kind, magic, what, filename):
    page.needed.clear()
    answer, buffers = page.ask("figure", format=kind, **what)
    assert buffers["file"].tobytes().startswith(magic)
    assert answer["filename"] == f"{filename}.{kind}"
    assert page.needed == ["matplotlib"]
    np.testing.assert_array_equal(page.ask("figure", format=kind, **what)[1]["file"], buffers["file"])


def test_the_figure_of_a_map_says_what_it_rests_on(page):
    _, buffers = page.ask("figure", format="svg", source=RESULT)
    assert b">7 subjects</text>" in buffers["file"].tobytes()


def test_a_figure_that_there_is_not_is_refused(page):
    with pytest.raises(InputError, match="no figure 'pie'; it has: map, bars"):
        page.ask("figure", analysis="echo", params={}, name="pie", format="svg")
    with pytest.raises(InputError, match="svg, pdf, png"):
        page.ask("figure", analysis="echo", params={}, name="bars", format="gif")


def test_a_figure_is_as_wide_as_a_journal_wants_it(page):
    answer, buffers = page.ask("figure", analysis="echo", params={}, name="bars", format="svg", width=89)
    assert answer["filename"] == "echo_bars_89mm.svg"
    assert b'width="89mm"' in buffers["file"].tobytes()
    for width in (8, 1000, math.inf):
        with pytest.raises(InputError, match="a figure is 30 to 600 mm wide"):
            page.ask("figure", analysis="echo", params={}, name="bars", format="svg", width=width)


def test_a_caption_says_what_the_figure_says_apart_from_it(page):
    caption = page.ask("caption", source=RESULT, threshold=0.2)[0]["text"]
    assert caption.startswith("Edge numbers. number.")
    assert "7 subjects" in caption
    bars = page.ask("caption", analysis="echo", params={}, name="bars")[0]["text"]
    assert bars.endswith(".")
    assert page.ask("caption", analysis="echo", params={}, edge=3, groups=[["Women", 'sex == "F"', "#aa0000"]])[0][
        "text"
    ]
    with pytest.raises(InputError, match="no figure 'pie'; it has: "):
        page.ask("caption", analysis="echo", params={}, name="pie")


# --- progress and cancel -------------------------------------------------------------------------


def test_the_first_word_of_a_step_is_told_at_once_and_the_rest_now_and_then(page, echo, monkeypatch):
    page.progress.clear()
    page.ask("run", analysis="echo", params={"factor": 3})
    assert page.progress == [("Counting edges", 0, 5), ("Writing the result", 0, 0)]
    page.progress.clear()
    clock = iter(range(1000))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    page.ask("run", analysis="echo", params={"factor": 4})
    assert page.progress == [*(("Counting edges", done, 5) for done in range(5)), ("Writing the result", 0, 0)]


def test_a_cancelled_call_stops_between_two_blocks_and_leaves_nothing_behind(page, echo):
    asked = iter((False, False, True))
    with pytest.raises(Cancelled):
        page.ask("run", analysis="echo", params={}, cancelled=lambda: next(asked))
    page.ask("run", analysis="echo", params={})
    assert echo.n_computed == 2


def test_a_message_can_arrive_while_a_long_call_runs(page, echo, monkeypatch):
    """A cancel that comes as an event of the loop is seen, because the engine lets the loop turn."""
    clock = iter(range(1000))
    monkeypatch.setattr("imagenomer.engine.requests.time", SimpleNamespace(monotonic=lambda: next(clock)))
    arrived = []

    async def race():
        asyncio.get_running_loop().call_soon(arrived.append, True)
        arguments = json.dumps({"analysis": "echo", "params": {"factor": 9}})
        await page.engine.handle("run", arguments, cancelled=lambda: bool(arrived))

    with pytest.raises(Cancelled):
        asyncio.run(race())


def test_a_wrong_call_is_a_bug_not_a_refusal(page):
    with pytest.raises(KeyError):
        page.ask("shutdown")
    with pytest.raises(TypeError):
        page.ask("gallery", measure="fc", colour="red")


# --- memory --------------------------------------------------------------------------------------


def too_large():
    """A computation that asks for more memory than any computer of this kind can have."""
    yield Progress("Averaging everything")
    np.empty((2, 2**44), dtype=np.float32)


def test_a_computation_that_runs_out_of_memory_says_what_it_was_doing_and_the_way_out(page, echo):
    page.ask("run", analysis="echo", params={})
    replace_compute(page, lambda cohort, params: too_large())
    with pytest.raises(InputError) as refused:
        page.ask("run", analysis="echo", params={"factor": 2})
    said = str(refused.value)
    assert "“Averaging everything”: it asked for another 140.7 TB" in said
    assert "Forty is still open" in said
    assert said.endswith("""imagenomer run echo demo:quick:1 --params '{"factor": 2}'""")
    assert page.ask("overview")[0]["name"] == "Forty"
    replace_compute(page, echo.compute)
    page.ask("run", analysis="echo", params={})
    assert echo.n_computed == 2, "kept results make room"


def replace_compute(page: Page, compute) -> None:
    analysis = page.engine.workspace.analyses["echo"]
    page.engine.workspace.analyses["echo"] = replace(analysis, compute=compute)


@pytest.mark.parametrize(
    ("call", "arguments", "command"),
    [
        ("save_bundle", {}, "imagenomer convert demo:quick:1 Forty.zip"),
        ("open_demo", {"size": "full", "seed": 3}, "imagenomer open demo:full:3"),
        ("open_demo", {"size": "quick", "seed": 3, "cohort": "second"}, "imagenomer open demo2:quick:3"),
        ("open_files", {"paths": ["my cohort/a.npy", "my cohort/b.npy"]}, "imagenomer open 'my cohort'"),
        ("open_files", {"paths": ["a.npy", "b.npy"]}, "imagenomer open FOLDER"),
        ("matrix", {"source": RESULT}, "imagenomer run echo demo:quick:1 --params '{}'"),
        ("gallery", {"measure": "fc"}, None),
    ],
)
def test_what_lacks_memory_here_is_told_as_a_command_for_a_terminal(page, call, arguments, command):
    said = str(page.engine.short_of_memory(MemoryError(), call, arguments))
    assert "not enough memory for this." in said
    assert ("In a terminal" in said) == (command is not None)
    assert said.endswith(command or "try again.")


class JsException(Exception):
    """What Pyodide makes of an error of the browser."""


def test_every_way_of_saying_that_memory_ran_out_is_understood(page):
    for error in (
        MemoryError(),
        ValueError("array is too big; `arr.size * arr.dtype.itemsize` is larger than the maximum possible size."),
        ValueError("Maximum allowed dimension exceeded"),
        OverflowError("cannot fit 'int' into an index-sized integer"),
        JsException("RangeError: Array buffer allocation failed"),
        JsException("RangeError: Invalid typed array length: 5000000000"),
        JsException("InternalError: allocation size overflow"),
        JsException("RangeError: Out of memory"),
    ):
        assert page.engine.short_of_memory(error, "overview", {}) is not None, error
    for error in (ValueError("too few subjects"), KeyError("memory"), InputError("array is too big"), Cancelled()):
        assert page.engine.short_of_memory(error, "overview", {}) is None, error


def test_a_bug_is_no_lack_of_memory(page):
    def wrong(cohort, params):
        yield Progress("Working")
        raise ZeroDivisionError

    replace_compute(page, wrong)
    with pytest.raises(ZeroDivisionError):
        page.ask("run", analysis="echo", params={})


def test_the_first_matrix_waits_for_no_library_but_numpy():
    """SciPy loads its parts when they are first named (`scipy.special.ndtri`), but `from scipy import …` at once."""
    code = """
import asyncio, json, sys
from imagenomer.engine import Engine
engine = Engine()
asyncio.run(engine.handle("catalog", "{}"))
asyncio.run(engine.handle("open_demo", json.dumps({"size": "quick", "seed": 1})))
asyncio.run(engine.handle("gallery", json.dumps({"measure": "fc"})))
print(*sys.modules)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    loaded = set(done.stdout.split())
    assert "numpy" in loaded
    assert not loaded & {"scipy.linalg", "scipy.special", "scipy.stats", "matplotlib", "sklearn", "pandas"}


def test_a_catalog_that_the_build_wrote_spares_importing_the_analyses(monkeypatch, tmp_path):
    written = tmp_path / "catalog.json"
    written.write_text('[{"name": "written"}]', encoding="utf-8")
    monkeypatch.setattr("imagenomer.engine.opening.CATALOG", written)
    engine = Engine()
    answer, _ = asyncio.run(engine.handle("catalog", "{}"))
    assert json.loads(answer) == [{"name": "written"}]
    assert "analyses" not in vars(engine.workspace)
