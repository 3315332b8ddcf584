"""The test command: what fails has failed, and nothing is run a second time to see whether it passes then."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
BROWSER, OTHERS = "-m browser", "-m not browser"


@pytest.fixture
def command() -> ModuleType:
    """The test command; ``test`` is also the name of a package of Python's own."""
    spec = importlib.util.spec_from_file_location("test_command", ROOT / "build_scripts" / "test.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("failing", [[], [BROWSER], [OTHERS], [OTHERS, BROWSER], ["mypy"]])
def test_each_run_is_made_once_and_fails_the_command_where_it_fails(
    command: ModuleType, monkeypatch: pytest.MonkeyPatch, failing: list[str]
) -> None:
    seen = []

    def run(line: list[str], **_: object) -> SimpleNamespace:
        name = next((name for name in (BROWSER, OTHERS, "mypy") if name in " ".join(map(str, line))), "another check")
        seen.append(name)
        return SimpleNamespace(returncode=int(name in failing), stdout="", stderr="")

    monkeypatch.setattr(command, "subprocess", SimpleNamespace(run=run))
    for name in ("prepare_environment", "prepare_chromium", "prepare_other_browsers", "prepare_oracles"):
        monkeypatch.setattr(command, name, lambda *_: Path(sys.executable))
    monkeypatch.setattr(sys, "argv", ["test.py"])
    assert command.main() == (1 if failing else 0)
    assert [name for name in seen if name in (BROWSER, OTHERS)] == [OTHERS, BROWSER]


@pytest.mark.parametrize(
    ("given", "runs"),
    [
        (["--coverage"], [("not browser", True, True), ("browser", True, False)]),
        ([], [("not browser", True, sys.version_info >= (3, 12)), ("browser", True, False)]),
        (["--fast"], [("not slow and not browser", True, False)]),
        (["tests/test_edges.py"], [("", False, False)]),
        (["--fast", "tests/test_edges.py"], [("not slow and not browser", False, False)]),
    ],
)
def test_everything_takes_two_processes_and_coverage_is_of_what_needs_no_browser(
    command: ModuleType, monkeypatch: pytest.MonkeyPatch, given: list[str], runs: list[tuple[str, bool, bool]]
) -> None:
    seen = []

    def run(line: list[object], **_: object) -> SimpleNamespace:
        if "pytest" in line:
            marks = str(line[line.index("-m", 2) + 1]) if "-m" in line[2:] else ""
            seen.append((marks, "-n" in line, "--cov" in line))
        return SimpleNamespace(returncode=0, stdout="", stderr="")

    monkeypatch.setattr(command, "subprocess", SimpleNamespace(run=run))
    for name in ("prepare_environment", "prepare_chromium", "prepare_other_browsers", "prepare_oracles"):
        monkeypatch.setattr(command, name, lambda *_: Path(sys.executable))
    monkeypatch.setattr(sys, "argv", ["test.py", *given])
    assert command.main() == 0
    assert seen == runs
