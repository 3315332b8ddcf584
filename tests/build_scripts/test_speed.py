"""The figures of the manual: how they are written, and that they have their places."""

from __future__ import annotations

import json

import pytest

import speed

LONGEST = {
    "page": {
        "products": {"a product": 0.85, "ranks": None},
        "before": {"max-T, 1,000 permutations, 5 covariates": [3300.0], "again": [40.0], "a product": [340.0, 170.0]}
        | {"ranks": [71.0]},
        "now": {"max-T, 1,000 permutations, 5 covariates": [1320.0], "again": [50.0], "a product": [17.0, 20.0]}
        | {"ranks": [14.5]},
    },
    "native": {
        "before": {"max-T, 1,000 permutations, 5 covariates": [1300.0], "again": [10.0]},
        "now": {"max-T, 1,000 permutations, 5 covariates": [1300.0], "again": [10.0]},
    },
    "pieces": {"max-T": {"Permuting": 49.0, "Choosing subjects": 51.0}, "PCA": {"Finding components": 570.4}},
    "machine": {"processors": 2, "load": 0.4},
}
START = {
    "ours": {"ready": [2100.0, 2300.0, 2200.0], "page alive": [200.0], "first figure": [4000.0]},
    "theirs": {"ready": [4400.0], "first figure": [8000.0]},
    "machine": {"processors": 2, "load": None},
}


def test_a_row_has_both_times_in_page_and_natively_their_ratio_and_the_goal():
    lines = speed.longest(LONGEST).splitlines()
    assert lines[2:4] == [
        "| max-T, 1,000 permutations, 5 covariates | 3.3 | 1.3 | 0.40 | 0.39 | 1.3 | 1.3 | 1.00 |",
        "| again | 0.04 | 0.05 | 1.25 |  | 0.01 | 0.01 | 1.00 |",
    ]
    assert lines[1] == "|---|--:|--:|--:|--:|--:|--:|--:|"
    assert lines[-1] == "2 processors, load 0.4 at the end."


def test_what_a_run_that_was_stopped_has_not_measured_is_left_empty():
    native = {way: {"again": [10.0]} for way in ("before", "now")}
    record = {**LONGEST, "native": native}
    first = "| max-T, 1,000 permutations, 5 covariates | 3.3 | 1.3 | 0.40 | 0.39 |  |  |  |"
    assert speed.longest(record).splitlines()[2] == first
    del record["native"]
    assert speed.longest(record).splitlines()[2:4] == [first, "| again | 0.04 | 0.05 | 1.25 |  |  |  |  |"]


def test_a_product_has_its_shortest_times_and_its_speed():
    lines = speed.products(LONGEST).splitlines()
    assert lines[2:] == ["| a product | 170 | 17 | 0.10 | 5.0 | 50.0 |", "| ranks | 71 | 14 | 0.20 |  |  |"]


def test_steps_that_take_more_than_50_ms_in_one_piece_are_listed_the_longest_first():
    lines = speed.pieces(LONGEST).splitlines()
    assert lines[0] == "Of 3 steps of 2 analyses, 2 take more than 50 ms in one piece."
    assert lines[4:] == ["| PCA | Finding components | 570 |", "| max-T | Choosing subjects | 51 |"]


def test_where_no_step_takes_long_there_is_no_table():
    record = {**LONGEST, "pieces": {"max-T": {"Permuting": 49.0}}}
    assert speed.pieces(record) == "Of 1 steps of 1 analyses, 0 take more than 50 ms in one piece."


def test_the_start_has_medians_and_ratios_where_there_is_something_to_compare_with():
    lines = speed.start(START).splitlines()
    assert lines[2:] == [
        "| ready | 2.20 | 4.40 | 0.50 |  |",
        "| page alive | 0.20 |  |  |  |",
        "| first figure | 4.00 | 8.00 | 0.50 | 0.30 |",
        "",
        "2 processors.",
    ]


def test_tables_are_put_where_their_marks_are_and_nothing_else_changes():
    text = "above\n\n<!-- start -->\nold\nlines\n<!-- end -->\n\nbelow \\1\n<!-- pieces -->\n<!-- end -->\n"
    written = speed.filled(text, {"start": r"| \1 |", "pieces": "none"})
    assert written == (
        "above\n\n<!-- start -->\n| \\1 |\n<!-- end -->\n\nbelow \\1\n<!-- pieces -->\nnone\n<!-- end -->\n"
    )
    with pytest.raises(ValueError, match="no place for 'longest'"):
        speed.filled(text, {"longest": ""})
    with pytest.raises(ValueError, match="or several"):
        speed.filled(text + text, {"start": ""})


def test_the_page_has_a_place_for_every_table():
    text = speed.PAGE.read_text(encoding="utf-8")
    written = speed.filled(text, dict.fromkeys(speed.BLOCKS, "here"))
    assert written.count("\nhere\n") == len(speed.BLOCKS)


def test_what_was_measured_is_kept_for_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "RECORDS", tmp_path / "benchmarks")
    monkeypatch.setattr(speed, "ROOT", tmp_path)
    monkeypatch.setattr(speed, "PAGE", tmp_path / "benchmarks.md")
    with pytest.raises(SystemExit, match="Nothing was measured yet"):
        speed.main(["--keep"])
    speed.keep("longest", LONGEST)
    speed.keep("start", START)
    marks = "\n".join(f"<!-- {name} -->\n<!-- end -->" for name in speed.BLOCKS)
    speed.PAGE.write_text(f"{marks}\n", encoding="utf-8")
    assert speed.main(["--keep"]) == 0
    assert speed.PAGE.read_text(encoding="utf-8") == f"{marks}\n"
    assert speed.main(["--keep", "--page"]) == 0
    assert speed.longest(speed.kept("longest")) in speed.PAGE.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "benchmarks" / "start.json").read_text(encoding="utf-8"))["machine"]["processors"]
