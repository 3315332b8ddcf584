"""The table of subjects lists, sorts and filters as pandas does, and its groups mean who was ticked and nobody else."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagenomer.cohort import Cohort, Phenotype, Scan
from imagenomer.errors import InputError
from imagenomer.groups import select
from imagenomer.progress import finish
from imagenomer.subject_table import (
    group_of_subjects,
    listed_subjects,
    members,
    query_of,
    runs_of,
    subject_page,
    subject_record,
    subjects_csv,
)

N = 40


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    rng = np.random.default_rng(3)
    age = rng.integers(100, 240, N).astype(float) / 8
    age[[4, 9]] = np.nan
    sex = rng.integers(0, 2, N)
    sex[7] = -1
    subjects = tuple(f"S{number:02d}" for number in range(N))
    scans = tuple(Scan("rest", name) for name in subjects[::2]) + tuple(Scan("nback", name) for name in subjects[::4])
    return Cohort(
        "Forty",
        subjects,
        {
            "age": Phenotype("age", age, units="years", description="Age at scan"),
            "sex": Phenotype("sex", sex, ("F", "M")),
            "=note": Phenotype("=note", np.arange(N) % 3, ("=1+1", "Ärger", "-0.5")),
        },
        scans=scans,
        set_aside=(Scan("rest", "S01"), Scan("rest", "stranger")),
    )


@pytest.fixture(scope="module")
def frame(cohort: Cohort) -> pd.DataFrame:
    """The same cohort, as pandas has it."""
    table = pd.DataFrame({"subject": cohort.subjects, "age": cohort.phenotypes["age"].values})
    codes = cohort.phenotypes["sex"].values
    table["sex"] = pd.Categorical.from_codes(codes.astype(int), ["F", "M"])
    table["scans"] = [sum(scan.subject == name for scan in cohort.scans) for name in cohort.subjects]
    return table


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("by", ["age", "sex", "scans"])
def test_the_order_is_that_of_pandas_with_missing_values_last(cohort, frame, by, descending):
    query = query_of(
        cohort,
        by="scans" if by == "scans" else "phenotype",
        phenotype=None if by == "scans" else by,
        descending=descending,
    )
    oracle = frame.sort_values(by, ascending=not descending, kind="stable", na_position="last")
    assert listed_subjects(cohort, query).order.tolist() == oracle.index.tolist()


def test_filters_are_joined_with_each_other_with_a_group_and_with_a_part_of_the_name(cohort, frame):
    clauses = [{"field": "age", "op": ">", "value": "18"}, {"field": "sex", "op": "==", "value": "F"}]
    query = query_of(cohort, clauses=clauses, group='age < 28 or sex == "M"', find="s1")
    oracle = frame[
        (frame.age > 18)
        & (frame.sex == "F")
        & ((frame.age < 28) | (frame.sex == "M"))
        & frame.subject.str.contains("S1")
    ]
    listed = listed_subjects(cohort, query)
    assert listed.order.tolist() == oracle.index.tolist()
    assert 0 < listed.order.size < 20
    assert listed.n_unknown == select(cohort, query.expression).n_unknown > 0


def test_a_page_has_its_rows_and_columns_as_texts(cohort, frame):
    query = query_of(cohort, by="phenotype", phenotype="age", descending=True)
    page = subject_page(cohort, query, start=35, stop=60, columns=["sex", "age"], within='sex == "F"')
    oracle = frame.sort_values("age", ascending=False, kind="stable").iloc[35:]
    assert page["n"] == N
    assert page["names"] == oracle.subject.tolist()
    assert page["places"] == oracle.index.tolist()
    assert page["scans"] == oracle.scans.tolist()
    assert page["inside"] == (oracle.sex == "F").tolist()
    assert page["left_out"] == (oracle.subject == "S01").astype(int).tolist()
    assert page["cells"]["age"] == [f"{age:.2f}" if age == age else "–" for age in oracle.age]
    assert page["cells"]["sex"] == [sex if sex == sex else "–" for sex in oracle.sex]


def test_what_the_cohort_does_not_have_is_refused(cohort):
    with pytest.raises(InputError, match="no phenotype 'agee'"):
        query_of(cohort, by="phenotype", phenotype="agee")
    with pytest.raises(InputError, match="no field 'agee'"):
        query_of(cohort, clauses=[{"field": "agee", "op": ">", "value": "1"}])
    with pytest.raises(InputError, match="no subject 40"):
        subject_record(cohort, N)


@given(st.sets(st.integers(0, N - 1)), st.sampled_from([None, "age > 20", 'sex == "F"', "age is missing"]))
def test_a_group_of_ticks_means_those_who_are_ticked(cohort, ticked, given_group):
    chosen = members(cohort, runs_of(np.array(sorted(ticked), dtype=np.intp)))
    assert set(np.flatnonzero(chosen)) == ticked
    if not ticked:
        with pytest.raises(InputError, match="no subject is chosen"):
            group_of_subjects(cohort, chosen, (given_group,))
        return
    text = group_of_subjects(cohort, chosen, (given_group,))
    assert (select(cohort, text).included == chosen).all()


def test_a_group_is_written_as_short_as_it_can_be(cohort):
    women = select(cohort, 'sex == "F"').included
    assert group_of_subjects(cohort, women, ('sex == "F"',)) == 'sex == "F"'
    fewer = women.copy()
    first = int(np.flatnonzero(women)[0])
    fewer[first] = False
    name = cohort.subjects[first]
    assert group_of_subjects(cohort, fewer, ('sex == "F"',)) == f'sex == "F" and subject not in ("{name}")'
    everybody_else = np.ones(N, dtype=bool)
    everybody_else[3] = False
    assert group_of_subjects(cohort, everybody_else) == 'subject not in ("S03")'


def test_too_many_names_for_a_group_are_refused_in_words():
    names = tuple(f"sub-{number:020d}" for number in range(2000))
    large = Cohort("Large", names, {"age": Phenotype("age", np.arange(2000.0))})
    odd = np.arange(2000) % 2 == 1
    with pytest.raises(InputError, match="describe the group by a filter"):
        group_of_subjects(large, odd)


def test_the_file_has_every_row_every_column_and_every_digit(cohort, frame):
    data = finish(subjects_csv(cohort, query_of(cohort)))
    assert data.startswith(b"\xef\xbb\xbf"), "a spreadsheet reads it as UTF-8"
    table = pd.read_csv(io.BytesIO(data), dtype={"subject": str}, keep_default_na=False, na_values=[""])
    assert table.subject.tolist() == list(cohort.subjects)
    np.testing.assert_array_equal(table.age, frame.age)
    assert table.scans.tolist() == frame.scans.tolist()
    assert table.scans_left_out.sum() == 1
    assert table.sex.isna().tolist() == frame.sex.isna().tolist()
    assert list(table.columns)[-1] == "'=note"
    assert set(table["'=note"]) == {"'=1+1", "Ärger", "-0.5"}


def test_one_subject_has_its_scans_and_all_its_phenotypes(cohort):
    record = subject_record(cohort, 4)
    assert record["subject"] == "S04"
    assert [scan["title"] for scan in record["scans"]] == ["Subject S04 · rest", "Subject S04 · nback"]
    assert [scan["condition"] for scan in record["scans"]] == ["rest", "nback"]
    sex = cohort.phenotypes["sex"]
    assert record["values"] == ["–", sex.levels[int(sex.values[4])], "Ärger"]
    assert subject_record(cohort, 0)["values"][0] == f"{cohort.phenotypes['age'].values[0]:.6g}"
    assert subject_record(cohort, 1)["left_out"] == ["Subject S01 · rest"]
