"""Confound report: is the target associated with connectivity, or does something else explain the association?

Computed part by part (`result`, `parts`) and shown by `presentation` as `tables`, `views` and `words`. What decides is
in `evidence` and `imagenomer.statistics.verdict`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.result import PARTS, ConfoundResult
from imagenomer.analyses.contract import Analysis, Methods, Report, ThemeName, in_parts
from imagenomer.cohort import Cohort

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def report(cohort: Cohort, params: Params, result: ConfoundResult) -> Report:
    from imagenomer.analyses.confounds.presentation import show_report  # late: no first figure is of a confound report

    return show_report(cohort, params, result)


def methods(cohort: Cohort, params: Params, result: ConfoundResult) -> Methods:
    from imagenomer.analyses.confounds.words.methods import confound_methods

    return confound_methods(cohort, params, result)


def draw(
    cohort: Cohort, params: Params, result: ConfoundResult, report: Report, theme: ThemeName
) -> Mapping[str, Figure]:
    from imagenomer.analyses.confounds.presentation import draw_report

    return draw_report(result, theme)


ANALYSIS = Analysis(
    title="Confound report",
    summary="Whether a phenotype is associated with connectivity, or something else explains the association.",
    tab="Confounds",
    params=Params,
    compute=in_parts(PARTS),
    report=report,
    draw=draw,
    needs=("connectivity", "phenotypes"),
    parts=PARTS,
    methods=methods,
    opens_tab=True,
    takes_second=True,
)
