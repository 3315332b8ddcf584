"""Descriptions: what a figure finds, in a sentence for whoever cannot see it; its title says only what it is of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imagenomer.analyses.contract import FigureView, GridView, MatrixView, PointsView, Report, TableView, View
from imagenomer.edges import edge_parcels
from imagenomer.groups.sentence import Sentence
from imagenomer.maps import EdgeMap, result_map
from imagenomer.wording import grouped, is_number, number, plural

#: Significant digits of a value that is read out.
_DIGITS = 3


def describe_map(shown: EdgeMap, labels: Sequence[str]) -> str:
    """Say how many edges of a map are significant, if it marks them, and which is the strongest.

    Parameters
    ----------
    shown : EdgeMap
    labels : sequence of str
        Names of the parcels, in the order of the files.
    """
    known = np.flatnonzero(np.isfinite(shown.values))
    if not known.size:
        return "no edge has a value"
    values = shown.values[known].astype(np.float64)
    place = int(np.argmax(np.abs(values)))
    if values[place] == 0:
        return f"{shown.label} is 0 in all of {plural(known.size, 'edge')}"
    first, second = edge_parcels(int(known[place]), len(labels))
    strongest = f"strongest {labels[int(first)]} – {labels[int(second)]}, {shown.label} = {_written(values[place])}"
    if shown.marked is None:
        ends = f"{_written(values.min())} to {_written(values.max())}"
        return f"{plural(known.size, 'edge')}, {shown.label} {ends}, mean {_written(values.mean())}; {strongest}"
    n_marked = int(np.count_nonzero(shown.marked))
    return f"{grouped(n_marked)} of {plural(known.size, 'edge')} significant; {strongest}"


def describe(view: View, report: Report, labels: Sequence[str]) -> str:
    """Say what a view of a result finds; "" of a table, which is read itself.

    Parameters
    ----------
    view : View
    report : Report
        That it is of. Where the own words of a chart hold no number, its answer is said too.
    labels : sequence of str
        Names of the parcels, in the order of the files.
    """
    if isinstance(view, TableView):
        return ""
    if isinstance(view, MatrixView):
        return describe_map(result_map(report, view.array), labels)
    if isinstance(view, GridView):
        return _describe_grid(view)
    if isinstance(view, PointsView):
        words = _describe_points(view)
        return view.caption if _has_number(view.caption) else f"{view.caption} {words}".strip()
    assert isinstance(view, FigureView)
    return view.alt if _has_number(view.alt) else _with_answer(view.alt, report.answer)


def _has_number(words: str) -> bool:
    """Whether words say how much: without a number they only say what a figure shows."""
    return any(map(str.isdigit, words))


def _with_answer(alt: str, answer: str) -> str:
    return Sentence(f"{alt} ", *(answer.parts if isinstance(answer, Sentence) else (answer,)))


def _describe_grid(view: GridView) -> str:
    cells = [
        (abs(value), row, column)
        for row, values in enumerate(view.values)
        for column, value in enumerate(values)
        if is_number(value) and value is not None
    ]
    if not cells:
        return "no cell has a value"
    # Everything correlates perfectly with itself.
    others = [cell for cell in cells if view.rows != view.columns or cell[1] != cell[2] or cell[0] != 1]
    _size, row, column = max(others or cells, key=lambda cell: cell[0])
    value = view.values[row][column]
    said = f"{view.rows[row]} – {view.columns[column]}, {view.label} = {number(value, _DIGITS)}"
    if view.tips:
        tip = view.tips[row][column]
        said = tip if _has_number(tip) else f"{tip}, {view.label} = {number(value, _DIGITS)}"
    said = f"largest {said}"
    if not view.marked:
        return said
    return f"{grouped(sum(map(sum, view.marked)))} of {plural(len(cells), 'cell')} significant; {said}"


def _describe_points(view: PointsView) -> str:
    x = [value for series in view.series for value in series.x]
    y = [value for series in view.series for value in series.y]
    if not x:
        return "no points"
    across = f"from {number(min(x), _DIGITS)} to {number(max(x), _DIGITS)}"
    if view.x_ticks:
        across = f"at {', '.join(name for _place, name in view.x_ticks)}"
    up = f"from {number(min(y), _DIGITS)} to {number(max(y), _DIGITS)}"
    return f"{plural(len(x), view.what.lower())}; {view.x_label} {across}, {view.y_label} {up}"


def _written(value: float) -> str:
    return number(float(value), _DIGITS)
