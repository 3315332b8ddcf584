"""What remains, as a figure: each row says what was found of its candidate, however long the candidate's name is."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from imagenomer.analyses.confounds.remaining_figure import remaining_figure
from imagenomer.analyses.confounds.words.terms import TITLES
from imagenomer.figures import forest

LONG = "parental_education_of_the_household_highest_of_both_parents_at_baseline"
REMAINDER = SimpleNamespace(
    pattern=SimpleNamespace(known=True, estimate=0.4, low=0.2, high=0.6, at=lambda each: (0.1, 0.7))
)


@pytest.fixture
def rows(monkeypatch):
    """Return a function that draws candidates of a category and gives the label of each row, as it is drawn."""
    found = []
    monkeypatch.setattr(forest, "forest_figure", lambda groups, **_: found.append(groups))

    def drawn(names, category):
        explanation = SimpleNamespace(
            model=SimpleNamespace(names=tuple(names), products={}),
            category=category,
            joint=REMAINDER,
            candidates={name: SimpleNamespace(category=category, remainder=REMAINDER) for name in names},
        )
        bounds = SimpleNamespace(margin=0.1, explained=0.5)
        part = SimpleNamespace(explanation=explanation, each=0.01, n_intervals=len(names), bounds=bounds)
        remaining_figure("score", part, "light")
        return [forest.cut(row.name, 44) for _, rows in found.pop() for row in rows]

    return drawn


@pytest.mark.parametrize("category", sorted(TITLES))
def test_a_long_name_is_shortened_and_what_was_found_is_not(rows, category):
    whole = TITLES[category].partition(" (")[0]
    for names in ([LONG], [LONG, "age"], ["ancestry", "ancestry 1", "mother_education", "father_education"]):
        for label in rows(names, category):
            assert label.endswith(f": {whole}")
    assert rows(["age", "sex"], category)[0] == f"age, sex: {whole}"
    assert rows([LONG, LONG + "_2"], category)[0] == f"2 candidates: {whole}"
