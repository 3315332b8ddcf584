"""Script: a result as Python that computes it again, without the page."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from imagenomer import __version__
from imagenomer.analyses.contract import Analysis, uses_second
from imagenomer.load import Making
from imagenomer.types import JsonObject

# Whatever comes from data or from the user enters through repr() alone, so that a name cannot become code.
_SCRIPT = '''\
"""{title}, as ImageNomer {version} computed it.

Install the package of the same version, edit COHORT where the cohort lies elsewhere, and run this file. It writes the
numbers (.json), the arrays (.npz) and the figures (.svg) beside it.
"""

import json
from pathlib import Path

import numpy as np

from imagenomer import __version__
from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import check_against, read_params
from imagenomer.figures.theme import render
from imagenomer.load import load
from imagenomer.progress import finish

ANALYSIS = load_analyses()[{name!r}]
COHORT = {cohort!r}  # where it is here: path of a folder or zip, or demo:quick, demo:full, demo:full:SEED
{second_line}OUTPUT = {output!r}  # how the names of the files begin

if __version__ != {version!r}:
    print(f"computed with ImageNomer {version}, this is {{__version__}}")

cohort = load(COHORT{options}{second})
params = read_params(
    ANALYSIS,
    {params},
)
check_against(cohort, params)
result = finish(ANALYSIS.compute(cohort, params))
report = ANALYSIS.report(cohort, params, result)

for sentence in (*(finding.text for finding in report.verdict), *report.warnings, *report.sentences):
    print(sentence)
Path(f"{{OUTPUT}}.json").write_text(json.dumps(report.numbers, indent=2), encoding="utf-8")
if report.arrays:
    np.savez(f"{{OUTPUT}}.npz", **report.arrays)
for name, figure in ANALYSIS.figures(cohort, params, result, report).items():
    Path(f"{{OUTPUT}}_{{name}}.svg").write_bytes(render(figure, "svg"))
'''


_SEVERAL = '''\
"""Results that were kept in a notebook, as ImageNomer {version} computed them.

Install the package of the same version, edit COHORT where the cohort lies elsewhere, and run this file. It writes the
numbers (.json), the arrays (.npz) and the figures (.svg) of each result beside it.
"""

import json
from pathlib import Path

import numpy as np

from imagenomer import __version__
from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import check_against, read_params
from imagenomer.figures.theme import render
from imagenomer.load import load
from imagenomer.progress import finish

COHORT = {cohort!r}  # where it is here: path of a folder or zip, or demo:quick, demo:full, demo:full:SEED
{second_line}
if __version__ != {version!r}:
    print(f"computed with ImageNomer {version}, this is {{__version__}}")

#: Its name, how the names of its files begin, the analysis, and the parameters.
RESULTS = [
{results}
]

cohort = load(COHORT{options}{second})
for name, output, analysis_name, given in RESULTS:
    analysis = load_analyses()[analysis_name]
    params = read_params(analysis, given)
    check_against(cohort, params)
    result = finish(analysis.compute(cohort, params))
    report = analysis.report(cohort, params, result)
    print(f"\\n{{name}}")
    for sentence in (*(finding.text for finding in report.verdict), *report.warnings, *report.sentences):
        print(sentence)
    Path(f"{{output}}.json").write_text(json.dumps(report.numbers, indent=2), encoding="utf-8")
    if report.arrays:
        np.savez(f"{{output}}.npz", **report.arrays)
    for view, figure in analysis.figures(cohort, params, result, report).items():
        Path(f"{{output}}_{{view}}.svg").write_bytes(render(figure, "svg"))
'''


@dataclasses.dataclass(frozen=True, slots=True)
class ScriptResult:
    """A result of a script of several: ``title``, ``output`` as of `script_of`, name of the analysis, its params."""

    title: str
    output: str
    name: str
    analysis: Analysis
    params: Any


def script_of_several(
    results: Sequence[ScriptResult],
    *,
    cohort: str,
    atlas: str | None = None,
    second: str | None = None,
    measures: Sequence[Making] = (),
    recipe: JsonObject | None = None,
    columns: JsonObject | None = None,
    second_recipe: JsonObject | None = None,
) -> str:
    """Return a native script that reproduces several results of one cohort; see `script_of`."""
    used = any(uses_second(one.analysis, one.params) for one in results)
    rows = [
        f"    (\n        {one.title!r},\n        {one.output!r},\n        {one.name!r},\n"
        f"        {_spelled_out(one.params)},\n    ),"
        for one in results
    ]
    return _SEVERAL.format(
        version=__version__,
        cohort=cohort,
        options=_options(atlas, measures, recipe, columns),
        **_second_parts(second if used else None, second_recipe),
        results="\n".join(rows),
    )


def script_of(
    name: str,
    analysis: Analysis,
    params: Any,
    *,
    cohort: str,
    output: str,
    atlas: str | None = None,
    second: str | None = None,
    measures: Sequence[Making] = (),
    recipe: JsonObject | None = None,
    columns: JsonObject | None = None,
    second_recipe: JsonObject | None = None,
) -> str:
    """Return a native script that reproduces a result.

    Parameters
    ----------
    name : str
        Of the analysis, with dashes.
    analysis : Analysis
    params : object
        Its ``Params``.
    cohort : str
        What `imagenomer.load.load` opens.
    output : str
        How the names of the files begin that the script writes.
    atlas, second, measures, recipe, columns, second_recipe
        As `imagenomer.load.load` takes them; ``columns`` are all corrections that the cohort has, and a second cohort
        that the analysis does not use is not opened.
    """
    used = uses_second(analysis, params)
    return _SCRIPT.format(
        title=analysis.title,
        version=__version__,
        name=name,
        cohort=cohort,
        output=output,
        options=_options(atlas, measures, recipe, columns),
        **_second_parts(second if used else None, second_recipe),
        params=_spelled_out(params),
    )


def _options(
    atlas: str | None, measures: Sequence[Making], recipe: JsonObject | None, columns: JsonObject | None
) -> str:
    """Return the arguments of `load` beside the cohort."""
    options = f", columns={dict(columns)!r}" if columns else ""
    options += "" if atlas is None else f", atlas={atlas!r}"
    if measures:
        options += f", measures={list(measures)!r}"
    if recipe is not None:
        options += f", recipe={recipe!r}"
    return options


def _second_parts(second: str | None, recipe: JsonObject | None) -> dict[str, str]:
    """Return the line that names the second cohort, and the arguments of `load` about it; empty without one."""
    if second is None:
        return {"second_line": "", "second": ""}
    return {
        "second_line": f"SECOND = {second!r}  # the cohort beside it, to test on\n",
        "second": ", second=SECOND" + (f", second_recipe={dict(recipe)!r}" if recipe else ""),
    }


def _spelled_out(params: Any) -> str:
    entries = [f"        {entry.name!r}: {getattr(params, entry.name)!r}," for entry in dataclasses.fields(params)]
    return "\n".join(["{", *entries, "    }"]) if entries else "{}"
