"""Benchmarks run on demand: ``python3 build_scripts/test.py --benchmarks``."""

from __future__ import annotations

import pytest

#: Printed after everything else.
REPORT = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORT] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(REPORT, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def n_edges(pytestconfig: pytest.Config) -> int:
    """The edges of 264 parcels where time is taken, and enough to see that all works where it is not."""
    return 34_716 if pytestconfig.getoption("benchmark_enable") else 1_225


@pytest.fixture
def report(pytestconfig: pytest.Config) -> list[str]:
    """Lines to print at the end."""
    if not pytestconfig.getoption("benchmark_enable"):
        pytest.skip("takes minutes; python3 build_scripts/test.py --benchmarks runs it")
    return pytestconfig.stash.setdefault(REPORT, [])
