"""The full cohort yields the table of the study it imitates, as scikit-learn and scipy see it."""

from __future__ import annotations

import pytest

from imagenomer.progress import finish
from imagenomer.teaching import generate
from oracles.teaching_table import WANTED, table


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_full_size_yields_the_table_of_the_study():
    got = table(finish(generate("full")), repetitions=10)
    outside = {name: got[name] for name, (wanted, within) in WANTED.items() if abs(got[name] - wanted) > within}
    lines = [
        f"{name}: wanted {wanted:.4g} within {within:.3g}, got {got[name]:.4g}"
        for name, (wanted, within) in WANTED.items()
    ]
    print("\n".join(lines))
    assert not outside
