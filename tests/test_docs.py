"""What the documents show is what the program does."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from imagenomer import analyses
from imagenomer.analyses import read_params
from imagenomer.engine import catalog
from imagenomer.progress import finish

ROOT = Path(__file__).parents[1]
DEVELOPING = ROOT / "site" / "docs" / "developing.md"
BUILDING = ROOT / "site" / "docs" / "building.md"


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The analysis of developing.md, saved as it says."""
    (code,) = re.findall(r"```python\n(.*?)```", DEVELOPING.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "average_connectivity.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(analyses, "__path__", [*analyses.__path__, str(tmp_path)])
    yield analyses.load_analyses()["average-connectivity"]
    sys.modules.pop("imagenomer.analyses.average_connectivity")


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
    np.testing.assert_allclose(report.arrays["average"], expected, rtol=1e-6)
    assert len(report.views[1].rows) == report.numbers["n_subjects"] == len(rows)
    assert set(example.draw(cohort, params, result, "dark")) == {"averages"}


def test_every_file_and_picture_that_the_documents_point_to_is_there():
    for document in (ROOT / "README.md", DEVELOPING, BUILDING):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} points to {target}"


def test_every_command_of_the_documents_is_a_script_that_is_there():
    texts = [document.read_text(encoding="utf-8") for document in (ROOT / "README.md", BUILDING)]
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
