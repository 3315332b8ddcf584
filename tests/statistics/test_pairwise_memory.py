"""Room: who cannot be compared with all others is told so before anything is multiplied."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics import pairwise_memory
from imagenomer.statistics.pairwise_memory import most_memory, require_memory
from imagenomer.statistics.sample_space import sample_space

MANY = 40_000


def test_more_subjects_than_fit_are_refused_with_how_many_do(monkeypatch):
    monkeypatch.setattr(pairwise_memory, "most_memory", lambda: 2_400_000_000)
    require_memory(10_000, 3)
    with pytest.raises(InputError, match=r"12,000 subjects .* takes 3.5 GB, and there are 2.4 GB; .* at most 10,000"):
        require_memory(12_000, 3)


def test_nothing_is_refused_where_nobody_says_how_much_there_is(monkeypatch):
    monkeypatch.setattr(pairwise_memory, "most_memory", lambda: None)
    require_memory(10**6, 3)


def test_a_page_has_four_gigabytes_whatever_the_machine(monkeypatch):
    monkeypatch.setattr(pairwise_memory.sys, "maxsize", 2**31 - 1)
    assert most_memory() < 2**32
    with pytest.raises(InputError, match="in a terminal, where there is more memory"):
        require_memory(MANY, 3)


def test_forty_thousand_subjects_are_refused_before_their_products_are_made(monkeypatch):
    monkeypatch.setattr(pairwise_memory, "most_memory", lambda: 16_000_000_000)
    values = np.broadcast_to(np.float32(0), (MANY, MANY + 1))  # no way round by way of the edges
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="40,000 subjects are too many"):
            finish(sample_space(values, np.arange(MANY)))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="limits of a process are Linux's")
def test_a_limit_of_the_process_counts():
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import resource; resource.setrlimit(resource.RLIMIT_AS, (3 * 10**9, 3 * 10**9))\n"
            "from imagenomer.statistics.pairwise_memory import require_memory\n"
            "require_memory(10_000, 3)\n"
            "require_memory(12_000, 3)",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "12,000 subjects are too many" in said.stderr
    assert "at most 11,180 subjects" in said.stderr
