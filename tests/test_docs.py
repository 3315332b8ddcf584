"""What the documents show is what the program does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from imagenomer import ARTICLE, __version__, analyses
from imagenomer.analyses import connectivity
from imagenomer.analyses.contract import read_params
from imagenomer.engine import catalog
from imagenomer.progress import finish

ROOT = Path(__file__).parents[1]
DEVELOPING = ROOT / "site" / "docs" / "developing.md"
BUILDING = ROOT / "site" / "docs" / "building.md"
CONTRACT = ROOT / "tests" / "analyses" / "contract" / "test_contract.py"
CONTRIBUTING, SECURITY = ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"
CHANGELOG, CITATION = ROOT / "CHANGELOG.md", ROOT / "CITATION.cff"


@pytest.fixture
def saved(tmp_path):
    """The analysis of developing.md in a file of the name that it says."""
    (code,) = re.findall(r"```python\n(.*?)```", DEVELOPING.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "average_connectivity.py"
    path.write_text(code, encoding="utf-8")
    return path


@pytest.fixture
def example(saved, tmp_path, monkeypatch):
    """The same, in the room that it says."""
    monkeypatch.setattr(connectivity, "__path__", [*connectivity.__path__, str(tmp_path)])
    yield analyses.load_analyses()["average-connectivity"]
    sys.modules.pop("imagenomer.analyses.connectivity.average_connectivity")


def test_the_analysis_shown_whole_works_from_its_own_form(example, cohort):
    (entry,) = [one for one in catalog(analyses.load_analyses()) if one["name"] == "average-connectivity"]
    assert [field["name"] for field in entry["fields"]] == ["task", "group"]
    params = read_params(example, {"task": "rest", "group": 'sex == "F"'})
    result = finish(example.compute(cohort, params))
    report = example.report(cohort, params, result)
    sex = cohort.phenotype("sex")
    women = [subject for subject, code in zip(cohort.subjects, sex.values, strict=True) if code == 0]
    rows = [row for row, scan in enumerate(cohort.scans) if scan.task == "rest" and scan.subject in women]
    expected = cohort.measures["fc"].values[rows].astype(float).mean(axis=1)
    np.testing.assert_allclose([row["average"] for row in report.views[1].rows], expected, rtol=1e-6)
    assert report.numbers["n_subjects"] == len(rows)
    assert set(example.figures(cohort, params, result, example.report(cohort, params, result), "dark")) == {"averages"}


def test_the_analysis_shown_whole_passes_the_contract_test(saved, tmp_path):
    """The test itself, run anew where the room holds one file more."""
    plugin = f"from imagenomer.analyses import connectivity\nconnectivity.__path__.append({str(tmp_path)!r})\n"
    (tmp_path / "one_more.py").write_text(plugin, encoding="utf-8")
    command = ["pytest", "-p", "one_more", "-o", f"cache_dir={tmp_path}", "-k", "average-connectivity"]
    done = subprocess.run(
        [sys.executable, "-m", *command, str(CONTRACT)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "py"), str(tmp_path)])},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout
    functions = re.findall(r"^def (test_\w+)\(", CONTRACT.read_text(encoding="utf-8"), re.MULTILINE)
    (passed,) = re.findall(r"(\d+) passed", done.stdout)
    # All but that of analyses in parts, and that of figures in two themes.
    assert int(passed) == len(functions)


def test_the_analysis_shown_whole_is_typed(saved):
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(saved)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout


def test_every_file_and_picture_that_the_documents_point_to_is_there():
    for document in (ROOT / "README.md", CONTRIBUTING, SECURITY, DEVELOPING, BUILDING):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} points to {target}"


def test_every_command_of_the_documents_is_a_script_that_is_there():
    texts = [document.read_text(encoding="utf-8") for document in (ROOT / "README.md", CONTRIBUTING, BUILDING)]
    commands = re.findall(r"python3 (\S+\.py)", "\n".join(texts))
    assert {"build_scripts/serve.py", "build_scripts/test.py", "build_scripts/build.py"} <= set(commands)
    for script in commands:
        assert (ROOT / script).is_file()


def test_every_file_that_building_names_is_there():
    named = set(
        re.findall(r"`((?:build_scripts|tests|\.github|datasets)/[\w./-]+)`", BUILDING.read_text(encoding="utf-8"))
    )
    assert "build_scripts/shrink.py" in named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_file_that_contributing_names_is_there():
    text = CONTRIBUTING.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:py|build_scripts|tests|datasets|site|\.ci)/[\w./-]+)`", text))
    assert "tests/oracles/" in named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_version_is_the_same_everywhere():
    latest, dated = re.findall(r"^## \[([\d.]+)\] - (.+)$", CHANGELOG.read_text(encoding="utf-8"), re.MULTILINE)[0]
    (cited,) = re.findall(r"^version: (.+)$", CITATION.read_text(encoding="utf-8"), re.MULTILINE)
    assert latest == cited == __version__
    assert re.fullmatch(r"\d{4}-\d\d-\d\d|not yet released", dated)


def test_the_article_is_cited_with_the_same_authors_everywhere():
    authors = ARTICLE.partition(".")[0]
    names = re.findall(r"family-names: (\w+)\n +given-names: ([\w-]+)", CITATION.read_text(encoding="utf-8"))
    assert ", ".join(f"{last} {re.sub('[^A-Z]', '', first)}" for last, first in names) == authors
    texts = {
        path: path.read_text(encoding="utf-8")
        for folder in ("site/docs", "py", "build_scripts", "datasets")
        for path in [ROOT / "README.md", *(ROOT / folder).rglob("*")]
        if path.suffix in {".md", ".py"}
    }
    cited = {path: re.findall(r"Orlichenko A, [^.]*", text) for path, text in texts.items()}
    assert ROOT / "README.md" in {path for path, found in cited.items() if found}
    assert {" ".join(one.split()) for found in cited.values() for one in found} == {authors}
