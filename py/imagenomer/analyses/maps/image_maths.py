"""Image maths: arithmetic with maps, edge by edge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from imagenomer.analyses.contract import Analysis, Column, MapsChoice, MatrixView, Report, TableView, Text
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.analyses.shared.saved_maps import SavedMap, saved_maps
from imagenomer.analyses.shared.strongest_edges import EDGE_COLUMNS, named_edges, strongest
from imagenomer.cohort import Cohort, parcellation_of
from imagenomer.errors import InputError, positions_in
from imagenomer.expressions import FUNCTIONS, Evaluation, evaluate, format_name, names_in, parse
from imagenomer.progress import Progress, Steps
from imagenomer.types import FloatArray, Json, JsonObject
from imagenomer.wording import minus

if TYPE_CHECKING:
    pass

#: Edges that the table lists.
_LISTED = 100
#: Characters of an expression in a title, at most.
_TITLE = 60


@dataclass(frozen=True, slots=True)
class Params:
    maps: Annotated[tuple[tuple[str, JsonObject], ...], MapsChoice()]
    expression: Annotated[str, Text("A - B")] = field(
        metadata={"help": f"The names of maps, numbers, + - * / ** ( ) and {', '.join(FUNCTIONS)}."}
    )


@dataclass(frozen=True, slots=True, eq=False)
class Calculation:
    """The value of an expression of maps.

    Attributes
    ----------
    maps : dict of str to SavedMap
        Those that the expression names.
    evaluation : Evaluation
    """

    maps: dict[str, SavedMap]
    evaluation: Evaluation

    @property
    def edges(self) -> FloatArray | None:
        """The result if it is a map, shape (n_edges,)."""
        value = self.evaluation.value
        return None if isinstance(value, float) else value


def compute(cohort: Cohort, params: Params) -> Steps[Calculation]:
    yield Progress("Reading the expression")
    if not params.maps:
        raise InputError("no map is chosen; save maps with “Save to tray” above a matrix, then choose them here")
    known = [name for name, _ in params.maps]
    with positions_in(params.expression):
        expression = parse(params.expression)
        # An unknown name is refused before anything is computed, where it stands.
        evaluate(expression, {name: np.ones(2) for name in known})
    names = names_in(expression)
    maps = yield from saved_maps(cohort, [pair for pair in params.maps if pair[0] in names])
    yield Progress("Computing")
    with positions_in(params.expression):
        return Calculation(maps, evaluate(expression, {name: one.values for name, one in maps.items()}))


def report(cohort: Cohort, params: Params, result: Calculation) -> Report:
    sentences = [f"{format_name(name)} is {one.description}." for name, one in result.maps.items()]
    unused = [format_name(name) for name, _ in params.maps if name not in result.maps]
    if unused:
        sentences.append(f"Chosen but not in the expression: {listed(unused)}.")
    for reason, n in result.evaluation.undefined:
        sentences.append(f"The expression requires {reason} in {counted(n, 'place')}; the value is undefined there.")
    numbers: dict[str, Json] = {
        "expression": params.expression,
        "maps": {name: one.description for name, one in result.maps.items()},
        "undefined": dict(result.evaluation.undefined),
    }
    values = result.edges
    if values is None:
        value = result.evaluation.value
        defined = bool(np.isfinite(value))
        text = minus(f"{value:.6g}") if defined else "undefined"
        numbers["value"] = float(value) if defined else None
        return Report(numbers, (f"{_title(params)} is {text}.", *sentences))
    finite = values[np.isfinite(values)]
    numbers |= {
        "n_edges": int(values.size),
        "n_edges_undefined": int(values.size - finite.size),
        "minimum": float(finite.min()) if finite.size else None,
        "maximum": float(finite.max()) if finite.size else None,
        "mean": float(finite.mean()) if finite.size else None,
    }
    if finite.size:
        low, high = f"{finite.min():.5g}", f"{finite.max():.5g}"
        sentences.insert(0, minus(f"Values from {low} to {high}."))
    if finite.size < values.size:
        sentences.append(f"{counted(values.size - finite.size, 'edge')} without a value.")
    edges = strongest(values, _LISTED)
    of_subjects = any(one.of_subjects for one in result.maps.values())
    views: list[Any] = [
        MatrixView(
            "result", _title(params), "Value", "result", _scale(values), note=_note(result), of_subjects=of_subjects
        )
    ]
    if edges.size:
        named = named_edges(parcellation_of(cohort), edges)
        rows = tuple({**row, "value": value} for row, value in zip(named, values[edges].tolist(), strict=True))
        columns = (*EDGE_COLUMNS, Column("value", "Value", "number"))
        views.append(TableView("strongest", "Edges of the largest magnitude", columns, rows, of_subjects=of_subjects))
    return Report(
        numbers, tuple(sentences), () if finite.size else ("No edge has a value.",), tuple(views), {"result": values}
    )


def _title(params: Params) -> str:
    text = " ".join(params.expression.split())
    return text if len(text) <= _TITLE else text[: _TITLE - 1] + "…"


def _note(result: Calculation) -> str:
    """What the figure says below it: what each map is."""
    return "\n".join(f"{format_name(name)}: {one.title}" for name, one in result.maps.items())


def _scale(values: FloatArray) -> Literal["diverging", "sequential"]:
    return "diverging" if (values < 0).any() else "sequential"


ANALYSIS = Analysis(
    title="Image maths",
    summary="Add, subtract and compare maps edge by edge.",
    tab="Maps",
    params=Params,
    compute=compute,
    report=report,
    needs=("connectivity",),
)
