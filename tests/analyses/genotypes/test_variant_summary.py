"""The summary of variants: PLINK's numbers, tables that hold every variant and subject, and what is said."""

from __future__ import annotations

import asyncio
import dataclasses
import json

import numpy as np
import pytest

from imagenomer.analyses.contract import TableView
from imagenomer.analyses.genotypes.variant_summary import ANALYSIS, Params
from imagenomer.engine import Engine
from imagenomer.errors import InputError
from imagenomer.load import load
from imagenomer.progress import finish
from oracles.plink import numbers, run_plink


def run(cohort, **params):
    params = Params(**params)
    result = finish(ANALYSIS.compute(cohort, params))
    return result, ANALYSIS.report(cohort, params, result)


def rows(report, name):
    (table,) = [view for view in report.views if isinstance(view, TableView) and view.name == name]
    return table.rows


def read(path):
    header, *lines = [line.split() for line in path.read_text().splitlines()]
    return [dict(zip(header, line, strict=True)) for line in lines]


@pytest.fixture(scope="module")
def hapmap(shared_data):
    cohort = load(shared_data / "snp-hapmap279")
    return dataclasses.replace(cohort, variant_sets={"hapmap279": cohort.variant_sets["hapmap279"]})


def test_the_tables_of_the_hapmap_are_those_of_plink(hapmap, shared_data):
    _, report = run(hapmap)
    by_index = sorted(rows(report, "variants"), key=lambda row: row["index"])
    expected = shared_data / "snp-hapmap279/expected"
    np.testing.assert_allclose([row["maf"] for row in by_index], numbers(read(expected / "h.frq"), "MAF"), rtol=1e-3)
    hardy = [row for row in read(expected / "h.hwe") if row["TEST"].startswith("ALL")]
    np.testing.assert_allclose([row["hardy_p"] for row in by_index], numbers(hardy, "P"), rtol=1e-3)
    assert [row["missing"] for row in by_index] == [int(row["N_MISS"]) for row in read(expected / "h.lmiss")]
    heterozygous = [float(row["O(HET)"]) for row in hardy]
    np.testing.assert_allclose([row["observed"] for row in by_index], heterozygous, rtol=1e-3)
    n = report.numbers
    assert (n["n_subjects"], n["n_variants"]) == (279, 9088)
    assert any("several ancestries" in warning for warning in report.warnings)
    assert any("60 subjects here have parents" in warning for warning in report.warnings)


def test_a_group_of_one_population_is_in_proportion(hapmap):
    _, report = run(hapmap, group='pop == "CEU" and founder == "yes"')
    assert report.warnings == ()


def test_counts_by_subject_are_those_of_plink(cohort, tmp_path):
    result, report = run(cohort)
    autosomal = np.array(cohort.variant_set().chromosomes) != "X"
    tables = run_plink("plink1.9", tmp_path, result.sample.dosage[:, autosomal], "--missing")
    own = rows(report, "subjects")
    assert [row["missing"] for row in own] == [int(row["N_MISS"]) for row in tables["imiss"]]
    for row, dosage in zip(own, result.sample.dosage[:, autosomal], strict=True):
        assert [row["none"], row["one"], row["two"]] == [int(np.count_nonzero(dosage == code)) for code in (0, 1, 2)]
        assert row["heterozygosity"] == pytest.approx((dosage == 1).sum() / (dosage >= 0).sum())
    assert "39" not in {row["subject"] for row in own}


def test_filters_say_what_fails_each_and_what_is_left(cohort):
    result, report = run(cohort, least_maf=0.3, most_missing=0.06, least_hardy_p=0.05)
    table = rows(report, "filters")
    quality = result.quality
    fails = [quality.too_missing, quality.too_rare, quality.off_hardy_weinberg]
    assert [row["fail"] for row in table] == [int(one.sum()) for one in fails]
    alone = [int((one & ~np.any([other for other in fails if other is not one], axis=0)).sum()) for one in fails]
    assert [row["only"] for row in table] == alone
    assert table[-1]["left"] == report.numbers["n_kept"] == quality.kept.sum()
    assert min(row["fail"] for row in table) > 0
    # Those that fail come first.
    assert [row["kept"] for row in rows(report, "variants")] == sorted(row["kept"] for row in rows(report, "variants"))


def test_unknown_sexes_are_said_and_not_counted_on_x(cohort):
    result, report = run(cohort)
    assert any("The sex of 1 subject is unknown" in warning for warning in report.warnings)
    on_x = np.array(cohort.variant_set().chromosomes) == "X"
    everybody = result.counts.called + result.counts.missing
    assert set(everybody[on_x].tolist()) == {38}
    assert set(everybody[~on_x].tolist()) == {39}


def test_the_subject_shown_can_be_chosen(cohort):
    result, report = run(cohort, subject="40")
    assert result.sample.subjects[result.shown] == 39
    assert any(view.title == "Genotypes of 40" for view in report.views)
    with pytest.raises(InputError, match="'39' is no subject with genotypes here"):
        run(cohort, subject="39")


def test_axes_say_whether_variants_or_subjects_are_counted(cohort):
    params = ANALYSIS.params()
    result = finish(ANALYSIS.compute(cohort, params))
    figures = ANALYSIS.figures(cohort, params, result, ANALYSIS.report(cohort, params, result))
    assert figures["one_subject"].axes[0].get_xlabel() == "Variants"
    assert figures["maf"].axes[0].get_ylabel() == "Variants"
    assert figures["subject_missing"].axes[0].get_ylabel() == "Subjects"


def test_a_constant_set_is_summarised_too(cohort):
    constant = dataclasses.replace(cohort.variant_set(), dosage=np.zeros((40, 60), dtype=np.int8))
    same = dataclasses.replace(cohort, variant_sets={"small": constant})
    params = Params()
    result = finish(ANALYSIS.compute(same, params))
    assert ANALYSIS.report(same, params, result).numbers["n_constant"] == 60
    for figure in ANALYSIS.figures(same, params, result, ANALYSIS.report(same, params, result), "dark").values():
        assert figure.axes


def test_of_a_long_table_the_page_gets_the_first_rows_and_the_file_has_all():
    async def session():
        engine = Engine()
        await engine.handle("open_demo", json.dumps({"size": "quick", "seed": 1}))
        request = {"analysis": "variant-summary", "params": {}}
        answer, _ = await engine.handle("run", json.dumps(request))
        _, buffers = await engine.handle("table", json.dumps({**request, "name": "variants"}))
        return json.loads(answer), bytes(buffers["file"])

    answer, file = asyncio.run(session())
    tables = {view["name"]: view for view in answer["views"] if view["kind"] == "table"}
    assert len(tables["variants"]["rows"]) == 1000
    assert "the first 1,000 of 10,433" in tables["variants"]["title"]
    assert file.count(b"\n") == 10_434
