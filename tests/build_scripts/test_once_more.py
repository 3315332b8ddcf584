"""What fails in a browser is run once more by the test command, and nothing else is."""

import importlib.util
import os
import subprocess
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


@pytest.mark.parametrize(
    ("failing", "runs", "code"),
    [
        ([], [OTHERS, BROWSER], 0),
        ([BROWSER], [OTHERS, BROWSER, f"{BROWSER} --last-failed"], 0),
        ([BROWSER, f"{BROWSER} --last-failed"], [OTHERS, BROWSER, f"{BROWSER} --last-failed"], 1),
        ([OTHERS], [OTHERS, BROWSER], 1),
        ([OTHERS, BROWSER], [OTHERS, BROWSER, f"{BROWSER} --last-failed"], 1),
    ],
)
def test_only_browsers_get_a_second_chance(
    command: ModuleType, monkeypatch: pytest.MonkeyPatch, failing: list[str], runs: list[str], code: int
) -> None:
    seen = []

    def run(line: list[str], **_: object) -> SimpleNamespace:
        known = (f"{BROWSER} --last-failed", BROWSER, OTHERS)
        run_of = next((name for name in known if name in " ".join(line[1:])), "")
        seen.extend([run_of] if run_of else [])
        return SimpleNamespace(returncode=int(run_of in failing))

    monkeypatch.setattr(command, "subprocess", SimpleNamespace(run=run))
    for name in ("prepare_environment", "prepare_chromium", "prepare_other_browsers", "prepare_oracles"):
        monkeypatch.setattr(command, name, lambda *_: Path(sys.executable))
    monkeypatch.setattr(sys, "argv", ["test.py"])
    assert command.main() == code
    assert seen == runs


def test_only_what_failed_is_run_once_more(command: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = browser\n")
    (tmp_path / "test_pages.py").write_text(
        "import pathlib\nimport pytest\npytestmark = pytest.mark.browser\n"
        "ran = pathlib.Path(__file__).with_name('ran')\n"
        "def test_late():\n    late = not ran.exists()\n    ran.touch()\n    assert not late\n"
        "def test_good():\n    assert not ran.with_name('good').exists()\n    ran.with_name('good').touch()\n"
        "def test_bad():\n    assert ran.with_name('mended').exists()\n"
    )

    def returncode(arguments: list[str]) -> int:
        line = [sys.executable, "-m", "pytest", "-q", *arguments]
        return subprocess.run(line, cwd=tmp_path, env=dict(os.environ), capture_output=True).returncode

    assert returncode(command.BROWSER) == 1
    assert returncode([*command.BROWSER, *command.ONCE_MORE]) == 1  # the bad one fails again
    (tmp_path / "mended").touch()
    assert returncode([*command.BROWSER, *command.ONCE_MORE]) == 0  # the good one would fail if it ran again
    assert returncode([*command.BROWSER, *command.ONCE_MORE]) == 5  # nothing is left: no reason to pass
