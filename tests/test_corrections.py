"""Columns corrected by the user: what they become, what is refused, that everything follows, and that it is undone."""

from __future__ import annotations

import dataclasses
import json
import runpy

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from forms import untouched
from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import read_params
from imagenomer.analyses.shared.families import named_families
from imagenomer.cli import main
from imagenomer.cohort import (
    Cohort,
    Correction,
    Phenotype,
    ReadColumn,
    alike_levels,
    corrected,
    looks_like_codes,
    read_correction,
    read_corrections,
    with_columns,
)
from imagenomer.cohort.dates import years_of
from imagenomer.companion import with_companion
from imagenomer.errors import InputError
from imagenomer.load import load
from imagenomer.overview import overview_of
from imagenomer.progress import Progress, finish
from imagenomer.readers import listing_of, open_cohort
from imagenomer.readers.bundle import bundle_bytes
from test_engine import Page, open_as_demo

ANALYSES = load_analyses()
N = 40


@pytest.fixture
def coded(cohort: Cohort, rng) -> Cohort:
    """The forty, with codes: a site 1 to 5, a diagnosis 0 and 1, a sex spelled in two ways, a score with -9999."""
    site = rng.permutation(np.arange(N) % 5 + 1.0)
    score = rng.normal(100, 15, N).round(1)
    score[[2, 9]] = -9999
    more = {
        "place": Phenotype("place", site),
        "DX": Phenotype("DX", (np.arange(N) % 2).astype(float)),
        "gender": Phenotype("gender", np.arange(N) % 3, ("F", "M", "m")),
        "score": Phenotype("score", score),
        "kin": Phenotype("kin", np.arange(N) // 2 * 1.0),
    }
    return dataclasses.replace(cohort, phenotypes=cohort.phenotypes | more)


def with_said(cohort: Cohort, **columns: object) -> Cohort:
    return with_columns(cohort, read_corrections(columns))


def reported(name: str, cohort: Cohort, params: dict[str, object]):
    analysis = ANALYSES[name]
    settled = read_params(analysis, params)
    return analysis.report(cohort, settled, finish(analysis.compute(cohort, settled)))


def same(one: Phenotype, other: Phenotype) -> bool:
    rest = [dataclasses.replace(each, values=np.zeros(0)) for each in (one, other)]
    facts = [(each.name, each.levels, each.description, each.units, each.role) for each in rest]
    return facts[0] == facts[1] and np.array_equal(one.values, other.values, equal_nan=True)


# --- what a column becomes ------------------------------------------------------------------------


def test_numbers_become_levels_in_the_order_of_numbers_and_levels_numbers_again():
    read = ReadColumn(Phenotype("x", np.array([10.0, 2.0, np.nan, 2.5, 10.0])))
    category = corrected(read, Correction(kind="category"))
    assert category.levels == ("2", "2.5", "10")
    assert category.values.tolist() == [2, 0, -1, 1, 2]
    back = corrected(ReadColumn(category), Correction(kind="number"))
    np.testing.assert_array_equal(back.values, read.phenotype.values)


def test_codes_are_named_ordered_and_merged(coded):
    found = with_said(
        coded,
        DX={"labels": {"0": "control", "1": "patient"}, "order": ["patient"]},
        gender={"labels": {"m": "M"}},
    )
    assert found.phenotype("DX").levels == ("patient", "control")
    assert found.phenotype("DX").values.tolist() == [1, 0] * 20
    assert found.phenotype("gender").levels == ("F", "M")
    assert np.bincount(found.phenotype("gender").values).tolist() == [14, 26]
    assert coded.phenotype("gender").levels == ("F", "M", "m"), "merged only where somebody says so"
    # Whoever is a man by a label is one wherever sexes are read.
    sexless = {name: one for name, one in coded.phenotypes.items() if name not in ("sex", "gender")}
    sexless["gender"] = Phenotype("gender", np.arange(N) % 2 + 1.0)
    named = with_said(dataclasses.replace(coded, phenotypes=sexless), gender={"labels": {"1": "male", "2": "female"}})
    assert named.sexes.tolist() == [1, 2] * 20


def test_a_code_counts_as_missing_whether_number_or_text(coded):
    found = with_said(coded, score={"missing": [-9999]}, gender={"missing": ["m"]}, DX={"unit": "yes or no"})
    assert found.phenotype("score").missing.sum() == 2
    assert found.phenotype("gender").levels == ("F", "M")
    assert found.phenotype("gender").missing.sum() == 13
    assert (found.phenotype("DX").units, found.phenotype("DX").kind) == ("yes or no", "number")
    mixed = ReadColumn(Phenotype("q", np.array([0, 1, 2, 0]), ("1", "2", "refused")))
    number = corrected(mixed, Correction(kind="number", missing=("refused",)))
    np.testing.assert_array_equal(number.values, [1, 2, np.nan, 1])


def test_an_id_and_what_is_ignored_are_left_out_and_come_back_in_their_place(coded):
    found = with_said(coded, age={"kind": "ignore"}, kin={"role": "id"})
    assert [*found.phenotypes] == [name for name in coded.phenotypes if name not in ("age", "kin")]
    assert overview_of(found)["left_out"] == ["age", "kin"]
    assert [*with_said(found, age={"unit": "weeks"}).phenotypes] == [*coded.phenotypes]


@pytest.mark.parametrize(
    "columns",
    [
        {"place": {"kind": "category", "role": "site"}, "DX": {"kind": "ignore"}},
        {"gender": {"labels": {"m": "M"}, "order": ["M", "F"], "description": "as they say", "unit": "u"}},
        {"score": {"missing": [-9999]}, "kin": {"role": "family"}, "age": {"role": "none"}},
    ],
)
def test_undone_it_is_as_it_was_before(coded, columns):
    changed = with_said(coded, **columns)
    assert not all(same(changed.phenotypes.get(name, one), one) for name, one in coded.phenotypes.items())
    undone = with_columns(with_columns(changed, {}), {})
    assert [*undone.phenotypes] == [*coded.phenotypes]
    assert all(same(undone.phenotypes[name], one) for name, one in coded.phenotypes.items())
    assert (undone.corrections, undone.log) == ({}, coded.log)
    # And never depends on what was said before.
    twice = with_said(with_said(coded, DX={"labels": {"0": "a"}}), **columns)
    assert all(same(twice.phenotypes[name], one) for name, one in changed.phenotypes.items())


def test_a_correction_is_read_as_it_is_written():
    given = {
        "kind": "category",
        "role": "site",
        "labels": {"1": "Here"},
        "order": ["Here"],
        "missing": [-9, "unknown"],
        "unit": "u",
        "description": "d",
    }
    assert read_correction(given, "x").json() == given
    assert Correction().json() == {}


# --- dates ----------------------------------------------------------------------------------------


def test_dates_are_years_as_pandas_has_them(rng):
    days = pd.Timestamp("1999-01-01") + pd.to_timedelta(rng.integers(0, 9000, 60), unit="D")
    expected = days.year + (days.dayofyear - 1) / np.where(days.is_leap_year, 366, 365)
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y%m%d", "%Y-%m-%dT10:30:00Z"):
        np.testing.assert_allclose(years_of("day", days.strftime(form).tolist()), expected, rtol=1e-12)
    texts = days.strftime("%Y-%m-%d").tolist()
    levels = tuple(sorted(set(texts)))
    read = ReadColumn(Phenotype("day", np.array([levels.index(one) for one in texts]), levels))
    found = corrected(read, Correction(role="date"))
    np.testing.assert_allclose(found.values, expected, rtol=1e-12)
    assert (found.kind, found.units, found.role) == ("number", "years", "date")
    numbers = ReadColumn(Phenotype("day", days.strftime("%Y%m%d").to_numpy().astype(float)))
    np.testing.assert_allclose(corrected(numbers, Correction(role="date")).values, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["2014-03-05", "soon"], "'soon' is no date; write dates as 2014-03-05"),
        (["2014-02-30"], "'2014-02-30' is no date"),
        (["5/3/2014", "6/7/2014"], "cannot be told: day or month first"),
        (["13/3/2014", "3/13/2014"], "some can only be day and month, others only month and day"),
        (["41699"], "'41699' is no date"),
    ],
)
def test_what_is_no_date_is_named(texts, message):
    with pytest.raises(InputError, match=message):
        years_of("day", texts)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"gender": {"kind": "number"}}, r"gender cannot be a number: it holds 'F' \(14\); make it a code"),
        ({"DX": {"labels": {"2": "other"}}}, "DX has no level '2' to be named; it has: 0, 1"),
        ({"DX": {"labels": {"0": "a"}, "order": ["0"]}}, "DX has no level '0' to be ordered; it has: a, 1"),
        ({"DX": {"labels": {"0": "same", "1": "same"}}}, "DX would have the same value for everybody, same"),
        ({"DX": {"missing": [0]}}, "DX would have the same value for everybody, 1"),
        ({"DX": {"missing": [0, 1]}}, "no value of DX is left"),
        ({"DX": {"kind": "category", "missing": [0, 1]}}, "no value of DX is left"),
        ({"DX": {"kind": "number", "labels": {"0": "a"}}}, "a number has no levels"),
        ({"DX": {"kind": "number", "role": "site"}}, "sites are a category"),
        ({"gender": {"role": "date"}}, "gender: 'F' is no date"),
        ({"gender": {"role": "date", "kind": "category"}}, "a date becomes a number"),
        ({"height": {"kind": "ignore"}}, "there is no column 'height' to correct; there are: age, sex"),
        ({"DX": {"labels": {"0": "n/a"}}}, "reads as a missing value"),
        ({"DX": {"labels": {"0": 1}}}, "'labels' names levels"),
        ({"DX": {"order": "0"}}, "'order' is a list"),
        ({"DX": {"kind": "text"}}, "'kind' is one of number, category, ignore"),
        ({"DX": {"role": "sex"}}, "'role' is one of id, family, site, date, none"),
        ({"DX": {"missing": [True]}}, "'missing' is a list of numbers and texts"),
        ({"DX": {"missing": [10**400]}}, "'missing' is a list of numbers and texts"),
        ({"DX": {"levels": []}}, "'levels', which is not known"),
        ({"DX": 3}, "is a JSON object"),
    ],
)
def test_what_cannot_be_is_refused_with_the_value_and_the_way_out(coded, columns, message):
    with pytest.raises(InputError, match=message):
        with_said(coded, **columns)


def test_a_constant_can_be_described_all_the_same(coded):
    assert with_said(coded, site={"description": "the only one"}).phenotype("site").description == "the only one"


# --- what looks like codes, and what does not -----------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "is_coded"),
    [
        ("site", [1, 2, 3, 4, 5], True),
        ("SITE_ID", [1, 2, 3], True),
        ("ScannerModel", [1, 2, 3], True),
        ("x", [0, 1], True),
        ("x", [0, 1, 2], False),
        ("x", [0.5, 1], False),
        ("situps", [1, 2, 3], False),
        ("diagnostic_score", [1, 2, 3], False),
        ("site", [1, 1, 1], False),
        ("site", [1, 2, 2.5], False),
        ("site", range(40), False),
    ],
)
def test_numbers_that_look_like_codes(name, values, is_coded):
    assert looks_like_codes(Phenotype(name, np.array(values, dtype=float))) is is_coded


def test_what_the_user_calls_a_number_looks_like_codes_no_more(coded):
    hints = {one["name"]: one["coded"] for one in overview_of(with_said(coded, DX={"kind": "number"}))["phenotypes"]}
    assert not hints["DX"]
    assert {one["name"] for one in overview_of(coded)["phenotypes"] if one["coded"]} == {"DX"}


def test_levels_are_alike_by_capitals_and_blanks_only():
    assert alike_levels(("M", "F", "m", "New York", "new  york", "f.")) == [["M", "m"], ["New York", "new  york"]]


# --- everything follows ---------------------------------------------------------------------------

SAID = {
    "place": {"role": "site", "labels": {"1": "A", "2": "B", "3": "C", "4": "D", "5": "E"}},
    "DX": {"labels": {"0": "control", "1": "patient"}},
    "gender": {"labels": {"m": "M"}},
    "score": {"missing": [-9999]},
    "kin": {"role": "family"},
    "site": {"kind": "ignore"},
}


@pytest.fixture
def by_hand(coded) -> Cohort:
    """The cohort that the corrections should come to, made by hand."""
    place, score = coded.phenotype("place").values, coded.phenotype("score").values.copy()
    score[score == -9999] = np.nan
    gender = np.array([0, 1, 1])[coded.phenotype("gender").values]
    phenotypes = coded.phenotypes | {
        "place": Phenotype("place", place.astype(np.intp) - 1, tuple("ABCDE"), role="site"),
        "DX": Phenotype("DX", np.arange(N) % 2, ("control", "patient")),
        "gender": Phenotype("gender", gender, ("F", "M")),
        "score": Phenotype("score", score),
        "kin": Phenotype("kin", np.arange(N) // 2 * 1.0, role="family"),
    }
    del phenotypes["site"]
    return dataclasses.replace(coded, phenotypes=phenotypes)


@pytest.mark.parametrize("name", sorted(ANALYSES))
def test_every_analysis_follows_a_correction(name, coded, by_hand):
    def numbers(cohort: Cohort):
        beside = with_companion(cohort, dataclasses.replace(cohort, name="Others"))
        # DX first: whoever asks for a category gets one that is a number in the file.
        first = {key: beside.phenotypes[key] for key in ("DX", "score")}
        beside = dataclasses.replace(beside, phenotypes=first | beside.phenotypes)
        report = reported(name, beside, untouched(ANALYSES[name], beside))
        return json.dumps(report.numbers, default=str), report.sentences, report.warnings

    assert numbers(with_said(coded, **SAID)) == numbers(by_hand)


def test_a_site_coded_1_to_5_is_adjusted_for_as_dummy_columns(coded):
    params = {"phenotype": "age", "covariates": ["place"], "task": "nback", "fisher_z": False}
    analysis = ANALYSES["edge-association"]
    known = {key: value for key, value in params.items() if key in analysis.params.__dataclass_fields__}

    def r_of(cohort: Cohort):
        settled = read_params(analysis, known)
        result = finish(analysis.compute(cohort, settled))
        return analysis.report(cohort, settled, result).arrays["r"]

    def oracle(place: str):
        table = pd.DataFrame(
            {"age": coded.phenotype("age").values, "place": coded.phenotype("place").values.astype(int)}
        )
        found = []
        values = coded.observations("fc", "nback").values
        for edge in range(values.shape[1]):
            fit = smf.ols(f"edge ~ age + {place}", table.assign(edge=values[:, edge].astype(float))).fit()
            found.append(fit.tvalues["age"] / np.sqrt(fit.tvalues["age"] ** 2 + fit.df_resid))
        return np.array(found)

    np.testing.assert_allclose(r_of(coded), oracle("place"), rtol=1e-5)
    np.testing.assert_allclose(r_of(with_said(coded, place={"role": "site"})), oracle("C(place)"), rtol=1e-5)
    assert np.abs(oracle("place") - oracle("C(place)")).max() > 0.01


def test_a_diagnosis_of_0_and_1_is_predicted_and_compared_once_it_is_a_category(coded):
    named = with_said(coded, DX={"labels": {"0": "control", "1": "patient"}})
    report = reported("prediction", named, {"phenotype": "DX", "permutations": 0})
    assert "patient" in " ".join(map(str, report.sentences))
    params = read_params(ANALYSES["harmonisation"], {"site": "DX"})
    with pytest.raises(InputError, match="DX"):
        finish(ANALYSES["harmonisation"].compute(coded, params))
    assert finish(ANALYSES["harmonisation"].compute(named, params)) is not None


def test_a_role_says_who_is_related_and_takes_it_back_from_a_name(coded):
    everybody = np.arange(N)
    assert named_families(coded, everybody) == []
    assert named_families(with_said(coded, kin={"role": "family"}), everybody) == ["kin"]
    two = with_said(coded, DX={"role": "family"})
    assert named_families(two, everybody) == ["DX"], "two families are enough where the user says so"
    called = dataclasses.replace(coded, phenotypes=coded.phenotypes | {"fid": Phenotype("fid", everybody // 2 * 1.0)})
    assert named_families(called, everybody) == ["fid"]
    assert named_families(with_said(called, fid={"role": "none"}), everybody) == []
    assert named_families(with_said(called, kin={"role": "family"}), everybody) == ["kin", "fid"]
    report = reported("edge-association", with_said(coded, kin={"role": "family"}), {"phenotype": "age"})
    assert [one for one in report.warnings if "kin may say who is related" in one]


ADJUSTED = {
    "edge-association": {"phenotype": "age", "covariates": ["SITE_ID"]},
    "network-association": {"phenotype": "age", "covariates": ["SITE_ID"], "enrichment": False},
    "phenotype-association": {"x": "age", "y": "sex", "covariates": ["SITE_ID"]},
    "variant-association": {"phenotype": "age", "covariates": ["SITE_ID"]},
    "prediction": {"phenotype": "age", "covariates": ["SITE_ID"], "permutations": 0},
}


@pytest.mark.parametrize("name", sorted(ADJUSTED))
def test_a_site_that_enters_linearly_is_warned_of_until_the_user_says_what_it_is(name, coded):
    site = Phenotype("SITE_ID", coded.phenotype("place").values)
    coded = dataclasses.replace(coded, phenotypes=coded.phenotypes | {"SITE_ID": site})
    warning = "SITE_ID has 5 whole numbers that look like codes"

    def warned(cohort: Cohort) -> bool:
        return any(warning in one for one in reported(name, cohort, ADJUSTED[name]).warnings)

    assert warned(coded)
    assert not warned(with_said(coded, SITE_ID={"kind": "number"}))
    assert not warned(with_said(coded, SITE_ID={"kind": "category"}))


# --- the engine, scripts, the terminal, bundles ---------------------------------------------------


@pytest.fixture
def page(coded, monkeypatch) -> Page:
    open_as_demo(coded, monkeypatch)
    page = Page()
    page.ask("open_demo", size="quick", seed=1)
    return page


def test_the_engine_corrects_drops_results_and_says_what_was_read(page):
    page.ask("run", analysis="phenotype-distribution", params={"phenotype": "score"})
    told, _ = page.ask("column", name="score")
    assert (told["kind"], told["n"]) == ("number", 40)
    assert told["codes"] == [{"code": -9999, "n": 2, "chosen": False}], "proposed, and not taken"
    told, _ = page.ask("column", name="score", missing=[-9999, 777])
    assert (told["n"], told["codes"][0]) == (38, {"code": -9999, "n": 2, "chosen": True})
    assert told["codes"][1] == {"code": 777, "n": 0, "chosen": True}
    told, _ = page.ask("column", name="gender")
    assert told["alike"] == [["M", "m"]]
    assert told["values"] == [["F", 14], ["M", 13], ["m", 13]]
    overview, _ = page.ask("correct_columns", columns=SAID)
    assert overview["columns"]["score"] == {"missing": [-9999]}
    assert overview["log"][-1]["message"].startswith("Columns were corrected")
    page.progress.clear()
    ran, _ = page.ask("run", analysis="phenotype-distribution", params={"phenotype": "score"})
    assert page.progress, "what was computed before is not shown again"
    assert [one["n"] for one in page.ask("overview")[0]["phenotypes"] if one["name"] == "score"] == [38]
    assert any("38" in sentence for sentence in map(str, ran["sentences"]))
    with pytest.raises(InputError, match="cannot be a number"):
        page.ask("correct_columns", columns={"gender": {"kind": "number"}})
    assert page.ask("overview")[0]["columns"]["score"] == {"missing": [-9999]}, "what is refused changes nothing"
    assert page.ask("correct_columns", columns={})[0]["columns"] == {}


def test_measures_made_of_columns_are_made_again_or_dropped_with_a_word(page):
    page.ask("correct_columns", columns={"place": {"role": "site"}})
    page.ask("add_measure", analysis="harmonisation", params={"site": "place", "predict_site": False})
    made = {"measure": "fc (ComBat by place)", "task": "nback", "phenotype": "age"}
    source = {"analysis": "edge-association", "params": made, "array": "r"}
    before = page.ask("matrix", source=source, order="file")[1]["values"]
    merged = {"place": {"role": "site", "labels": {"2": "1", "3": "1", "5": "4"}}}
    overview, _ = page.ask("correct_columns", columns=merged)
    assert [one["name"] for one in overview["measures"]] == ["fc", "fc (ComBat by place)"]
    after = page.ask("matrix", source=source, order="file")[1]["values"]
    assert not np.allclose(before, after, equal_nan=True)
    overview, _ = page.ask("correct_columns", columns={})
    assert ([one["name"] for one in overview["measures"]], overview["added"]) == (["fc"], [])
    assert overview["log"][-1]["items"][0].startswith("fc (ComBat by place): ")
    assert not any("ComBat" in str(one["message"]) for one in overview["log"])


def test_the_script_repeats_the_corrections(page, coded, tmp_path, monkeypatch):
    page.ask("correct_columns", columns=SAID)
    params = {"phenotype": "DX"}
    ours, _ = page.ask("run", analysis="phenotype-distribution", params=params)
    script = page.ask("script", analysis="phenotype-distribution", params=params)[0]["script"]
    (tmp_path / "coded.zip").write_bytes(finish(bundle_bytes(coded)))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "again.py").write_text(script.replace("'demo:quick:1'", "'coded.zip'"), encoding="utf-8")
    monkeypatch.setattr("imagenomer.figures.theme.render", lambda figure, format: b"")
    ran = runpy.run_path("again.py")
    assert ran["cohort"].phenotype("DX").levels == ("control", "patient")
    numbers = json.loads(json.dumps(ran["report"].numbers))
    assert {name: numbers[name] for name in ours["numbers"]} == ours["numbers"]


def test_the_answers_that_files_were_read_with_outlive_a_correction(page):
    page.engine.workspace.opened.recipe = {"people": {"id": "code"}}
    assert page.ask("correct_columns", columns=SAID)[0]["recipe"] == {"people": {"id": "code"}}
    script = page.ask("script", analysis="phenotype-distribution", params={"phenotype": "DX"})[0]["script"]
    assert "recipe={'people': {'id': 'code'}}" in script


def test_without_enough_memory_the_terminal_is_told_the_corrections_too(page):
    page.ask("correct_columns", columns={"DX": {"kind": "category"}})
    given = {"analysis": "edge-association", "params": {"phenotype": "age"}}
    refusal = str(page.engine.short_of_memory(MemoryError(), "run", given))
    assert "--recipe R.json" in refusal
    assert '{"columns": {"DX": {"kind": "category"}}}' in refusal


@pytest.mark.parametrize("door", ["bundle", "demo", "table"])
def test_the_terminal_takes_corrections_at_every_door(door, coded, tmp_path, capsys, monkeypatch):
    def generate(*, size, seed, recipe=None):
        yield Progress("Drawing subjects")
        return coded

    monkeypatch.setattr("imagenomer.teaching.generate", generate)
    where = {"bundle": tmp_path / "in.zip", "demo": "demo:quick", "table": tmp_path / "people"}[door]
    if door == "bundle":
        where.write_bytes(finish(bundle_bytes(coded)))
    if door == "table":
        where.mkdir()
        table = {"participant_id": coded.subjects}
        for name, one in coded.phenotypes.items():
            cells = [
                one.levels[int(v)] if one.levels and v >= 0 else "" if one.levels or v != v else v for v in one.values
            ]
            table[name] = cells
        pd.DataFrame(table).to_csv(where / "people.csv", index=False)
    (tmp_path / "R.json").write_text(json.dumps({"columns": SAID}))
    recipe = ["--recipe", str(tmp_path / "R.json")]
    assert main(["open", str(where), "--json", *recipe]) == 0
    overview = json.loads(capsys.readouterr().out)
    found = {one["name"]: one for one in overview["phenotypes"]}
    assert [level["name"] for level in found["DX"]["levels"]] == ["control", "patient"]
    assert (found["place"]["role"], found["score"]["n"], overview["left_out"]) == ("site", 38, ["site"])
    assert main(["run", "phenotype-distribution", str(where), "--params", '{"phenotype": "DX"}', *recipe]) == 0
    assert "patient" in capsys.readouterr().err
    out = str(tmp_path / "out.zip")
    assert main(["convert", str(where), out, *recipe]) == 0
    again = load(out)
    assert again.phenotype("DX").levels == ("control", "patient")
    assert main(["open", str(where), "--recipe", str(tmp_path / "none.json")]) == 2


def test_a_bundle_keeps_what_was_said_and_what_was_read(coded, tmp_path):
    ours = with_said(coded, **SAID)
    (tmp_path / "b.zip").write_bytes(finish(bundle_bytes(ours)))
    theirs = finish(open_cohort(listing_of(tmp_path / "b.zip")))
    assert theirs.corrections == ours.corrections
    assert [*theirs.phenotypes] == [*ours.phenotypes]
    assert all(same(theirs.phenotypes[name], one) for name, one in ours.phenotypes.items())
    undone = with_columns(theirs, {})
    assert [*undone.phenotypes] == [*coded.phenotypes]
    assert all(same(undone.phenotypes[name], one) for name, one in coded.phenotypes.items())
    # And a bundle of that has them too.
    (tmp_path / "c.zip").write_bytes(finish(bundle_bytes(theirs)))
    assert (tmp_path / "c.zip").stat().st_size == pytest.approx((tmp_path / "b.zip").stat().st_size, rel=0.01)


def test_what_was_changed_in_the_table_of_a_bundle_since_counts(coded, tmp_path):
    import zipfile

    ours = with_said(coded, DX={"labels": {"0": "control", "1": "patient"}}, score={"missing": [-9999]})
    (tmp_path / "b.zip").write_bytes(finish(bundle_bytes(ours)))
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        archive.extractall(tmp_path / "b")
    table = tmp_path / "b" / "participants.tsv"
    table.write_text(table.read_text().replace("patient", "control", 1))
    theirs = finish(open_cohort(listing_of(tmp_path / "b")))
    assert np.bincount(theirs.phenotype("DX").values).tolist() == [21, 19]
    assert [*theirs.corrections] == ["score"]
    assert ("DX",) in [entry.items for entry in theirs.log]


def test_a_bundle_written_by_hand_corrects_columns_in_its_manifest(coded, tmp_path):
    import zipfile

    (tmp_path / "b.zip").write_bytes(finish(bundle_bytes(coded)))
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        archive.extractall(tmp_path / "b")
    manifest = tmp_path / "b" / "bundle.json"
    facts = json.loads(manifest.read_text())
    facts["columns"] = {"corrections": {"DX": {"labels": {"0": "control"}}, "kin": {"role": "family"}}}
    manifest.write_text(json.dumps(facts))
    theirs = finish(open_cohort(listing_of(tmp_path / "b")))
    assert theirs.phenotype("DX").levels == ("control", "1")
    assert named_families(theirs, np.arange(N)) == ["kin"]
    for said, message in (
        ({"corrections": {"DX": {"kind": "nothing"}}}, r"bundle\.json, columns, DX: 'kind' is one of"),
        ({"corrections": {"height": {}}}, r"bundle\.json, columns: there is no column 'height'"),
        ({"corrections": {}, "codes": {"DX": [10**400]}}, "DX has a list of numbers"),
    ):
        manifest.write_text(json.dumps(facts | {"columns": said}))
        with pytest.raises(InputError, match=message):
            finish(open_cohort(listing_of(tmp_path / "b")))


def test_codes_that_a_reader_found_are_counted_and_undone(tmp_path):
    rows = [f"s{place:02d},{100 + place % 13}" for place in range(38)] + ["s38,-9999", "s39,-9999"]
    (tmp_path / "people.csv").write_text("\n".join(["participant_id,FIQ", *rows]) + "\n")
    cohort = finish(open_cohort(listing_of(tmp_path)))
    assert cohort.phenotype("FIQ").missing.sum() == 2
    kept = with_said(cohort, FIQ={"missing": []})
    assert kept.phenotype("FIQ").missing.sum() == 0
    assert with_columns(kept, {}).phenotype("FIQ").missing.sum() == 2
    (tmp_path / "b.zip").write_bytes(finish(bundle_bytes(cohort)))
    again = finish(open_cohort(listing_of(tmp_path / "b.zip")))
    assert again.phenotype("FIQ").missing.sum() == 2
    assert with_said(again, FIQ={"missing": []}).phenotype("FIQ").missing.sum() == 0


def test_columns_of_visits_are_corrected_before_they_are_averaged(tmp_path):
    rows = [
        f"s{place:02d},{visit},{(-9 if place == 1 and visit == 2 else place + visit)},{place % 2}"
        for place in range(12)
        for visit in (1, 2)
    ]
    (tmp_path / "people.csv").write_text("\n".join(["participant_id,session,score,DX", *rows]) + "\n")
    recipe = {"columns": {"score": {"missing": [-9]}, "DX": {"labels": {"0": "control"}}}}
    cohort = finish(open_cohort(listing_of(tmp_path), recipe))
    assert cohort.phenotype("score").values[1] == 2.0, "of the first visit alone"
    assert cohort.phenotype("DX").levels == ("control", "1")
