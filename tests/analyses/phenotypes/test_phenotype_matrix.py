"""All phenotypes against all: order, links, corrections and words."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from imagenomer.analyses.contract import GridView, read_params
from imagenomer.analyses.phenotypes import phenotype_matrix
from imagenomer.analyses.phenotypes.phenotype_association import ANALYSIS as ASSOCIATION
from imagenomer.analyses.phenotypes.phenotype_matrix import ANALYSIS
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import finish


@pytest.fixture
def people(cohort, rng):
    """Two families of three numbers, in turns, beside age, sex and the site that never varies."""
    bases = rng.normal(0, 1, (2, 40))
    more = {
        f"{'ab'[index % 2]}{index // 2}": Phenotype(
            f"{'ab'[index % 2]}{index // 2}", bases[index % 2] * (-1) ** index + rng.normal(0, 0.3, 40)
        )
        for index in range(6)
    }
    return dataclasses.replace(cohort, phenotypes=cohort.phenotypes | more)


def associate(cohort, **given):
    params = read_params(ANALYSIS, given)
    result = finish(ANALYSIS.compute(cohort, params))
    report = ANALYSIS.report(cohort, params, result)
    return params, result, report, next(view for view in report.views if isinstance(view, GridView))


def test_families_stand_side_by_side_when_clustered_and_in_file_order_otherwise(people):
    *_, grid = associate(people)
    first = "".join(name[0] for name in grid.rows if name[0] in "ab" and name[-1].isdigit())
    assert first in ("aaabbb", "bbbaaa")
    *_, grid = associate(people, order="file")
    assert grid.rows == grid.columns == tuple(people.phenotypes)


def test_every_cell_opens_the_association_of_its_pair(people):
    _, _, _, grid = associate(people, group='sex == "F"')
    for i, row in enumerate(grid.rows):
        for j, column in enumerate(grid.columns):
            link = grid.links[i][j]
            if row == column or "site" in (row, column) or "sex" in (row, column):
                assert link is None
                assert grid.values[i][j] is None
                continue
            assert link.analysis == "phenotype-association"
            params = read_params(ASSOCIATION, link.params)
            assert {params.x, params.y} == {row, column}
            assert params.group == 'sex == "F"'
            pair = finish(ASSOCIATION.compute(people, params)).pair
            assert pair.adjustments[0].unadjusted.value == pytest.approx(grid.values[i][j])


@pytest.mark.parametrize(("correction", "oracle"), [("holm", "holm"), ("bh", "fdr_bh")])
def test_p_values_are_corrected_over_all_pairs_as_statsmodels_does(people, correction, oracle):
    _, _, report, _ = associate(people, correction=correction)
    rows = next(view for view in report.views if view.name == "pairs").rows
    p = [row["p_value"] for row in rows]
    assert p == sorted(p)
    assert len(p) == report.numbers["n_tests"] == 28  # of nine phenotypes one does not vary
    expected = multipletests(p, method=oracle)[1]
    assert [row["p_corrected"] for row in rows] == pytest.approx(expected.tolist())
    assert report.numbers["n_significant"] == np.count_nonzero(expected <= 0.05)


def test_the_strongest_pairs_are_named_and_what_does_not_vary_is_warned_of(people):
    _, _, report, _ = associate(people)
    assert any("a0 with a1" in sentence or "a1 with a2" in sentence for sentence in report.sentences)
    assert any("may be due to the other" in sentence for sentence in report.sentences)
    assert any("site does not vary" in warning for warning in report.warnings)


def test_only_the_chosen_phenotypes_are_compared(people):
    _, _, report, grid = associate(people, phenotypes=["age", "sex"])
    assert set(grid.rows) == {"age", "sex"}
    age, sex = people.phenotypes["age"].values, people.phenotypes["sex"].values
    both = ~np.isnan(age) & (sex >= 0)
    r, p = stats.pearsonr(age[both], sex[both])
    assert report.numbers["strongest"][0]["p_value"] == pytest.approx(p)
    epsilon = np.sqrt(max(0, 1 - (1 - r**2) * (both.sum() - 1) / (both.sum() - 2)))
    assert report.arrays["association"][0, 1] == pytest.approx(epsilon)


def test_one_phenotype_alone_is_refused(people):
    with pytest.raises(InputError, match="at least two"):
        associate(people, phenotypes=["age"])


def test_of_very_many_the_most_significant_are_shown(cohort, rng):
    many = {f"p{index}": Phenotype(f"p{index}", rng.normal(0, 1, 40)) for index in range(118)}
    many["twin"] = Phenotype("twin", many["p117"].values * 2 + 1e-3 * rng.normal(0, 1, 40))
    _, _, report, grid = associate(dataclasses.replace(cohort, phenotypes=many))
    assert len(grid.rows) == 100
    assert {"p117", "twin"} <= set(grid.rows)
    assert any("100 of 119" in sentence for sentence in report.sentences)
    assert any("2,000 most significant" in sentence for sentence in report.sentences)


def test_nothing_that_varies_is_said_and_has_no_table(cohort):
    flat = {name: Phenotype(name, np.full(40, 1.0)) for name in ("one", "two")}
    params, result, report, _ = associate(dataclasses.replace(cohort, phenotypes=flat))
    assert any("No pair could be tested" in warning for warning in report.warnings)
    assert [view.name for view in report.views] == ["associations"]
    assert ANALYSIS.figures(cohort, params, result, ANALYSIS.report(cohort, params, result), "light")


def test_a_measure_that_is_not_defined_is_called_so(cohort):
    names = Phenotype("name", np.arange(40), levels=tuple(f"n{number}" for number in range(40)))
    people = dataclasses.replace(cohort, phenotypes={"sex": cohort.phenotypes["sex"], "name": names})
    _, _, report, _ = associate(people)
    said = " ".join(report.sentences)
    assert "sex with name (Cramer's V not defined, p = " in said
    assert "nan" not in said
    params = read_params(ASSOCIATION, {"x": "sex", "y": "name"})
    pair = ASSOCIATION.report(people, params, finish(ASSOCIATION.compute(people, params)))
    assert "Cramer's V, freed of its bias (Bergsma 2013), is not defined by" not in " ".join(pair.sentences)
    assert "nan" not in " ".join(pair.sentences)


def wide(cohort, n_numbers: int, n_categories: int):
    """The cohort with as many phenotypes, values missing here and there."""
    rng = np.random.default_rng(0)
    n, more = cohort.n_subjects, {}
    for number in range(n_numbers):
        values = rng.normal(size=n)
        values[rng.random(n) < 0.1] = np.nan
        more[f"n{number}"] = Phenotype(f"n{number}", values)
    for number in range(n_categories):
        codes = rng.integers(-1, 4, n).astype(np.intp)
        more[f"c{number}"] = Phenotype(f"c{number}", codes, tuple("abcd"))
    return dataclasses.replace(cohort, phenotypes=more)


@pytest.mark.slow
def test_two_thousand_columns_take_seconds_and_each_pair_is_what_it_is_by_itself(cohort):
    many = wide(cohort, 1000, 1000)
    started = time.process_time()
    _, result, report, _ = associate(many)
    assert time.process_time() - started < 60  # six on an idle machine; minutes when tables are counted one by one
    assert report.numbers["n_pairs"] == 1_999_000
    names = list(many.phenotypes)
    for i, j in np.random.default_rng(1).integers(0, 2000, (40, 2)).tolist():
        if i == j:
            continue
        given = read_params(ASSOCIATION, {"x": names[j], "y": names[i]})
        alone = ASSOCIATION.report(many, given, finish(ASSOCIATION.compute(many, given)))
        tests = [row["neg_log10_p"] for row in alone.numbers["association"]]
        assert any(p == pytest.approx(result.pairs.neg_log10_p[i, j], rel=1e-9) for p in tests)


def test_of_more_than_can_be_compared_the_first_are_and_others_can_be_chosen(cohort, monkeypatch):
    monkeypatch.setattr(phenotype_matrix, "_MOST_COMPARED", 5)
    many = wide(cohort, 4, 4)
    _, result, report, _ = associate(many)
    assert [one.name for one in result.phenotypes] == ["n0", "n1", "n2", "n3", "c0"]
    assert "Only the first 5 of 8 phenotypes are compared" in report.warnings[0]
    _, result, report, _ = associate(many, phenotypes=["c2", "c3"])
    assert [one.name for one in result.phenotypes] == ["c2", "c3"]
    assert not any("Only the first" in warning for warning in report.warnings)
    with pytest.raises(InputError, match="6 phenotypes are chosen; choose at most 5"):
        associate(many, phenotypes=list(many.phenotypes)[:6])


def test_a_pair_without_spread_within_levels_is_named_and_not_listed(cohort):
    family = Phenotype("family", np.arange(40) % 39, levels=tuple(f"f{number}" for number in range(39)))
    score = Phenotype("score", (np.arange(40) % 39) ** 1.5)
    cohort = dataclasses.replace(cohort, phenotypes={"family": family, "score": score, **cohort.phenotypes})
    _, _, report, _ = associate(cohort)
    assert any("follows exactly" in warning and "family with score" in warning for warning in report.warnings)
    assert {"family", "score"} not in [{row["first"], row["second"]} for row in report.numbers["strongest"]]
    assert np.isnan(report.arrays["neg_log10_p"][0, 1])
    assert np.isnan(report.arrays["neg_log10_p_corrected"][0, 1])
