"""Phenotype distribution: how a phenotype is distributed, and whether groups differ in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    Column,
    FigureView,
    GroupsChoice,
    PhenotypeChoice,
    Report,
    TableView,
    ThemeName,
    View,
)
from imagenomer.analyses.phenotypes.distribution_figures import draw_distribution
from imagenomer.analyses.phenotypes.distribution_result import Distribution, Members
from imagenomer.analyses.shared.design_words import difference_warnings
from imagenomer.analyses.shared.families import family_warnings
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.analyses.shared.test_tables import effect_numbers, number_text, test_numbers, test_text, test_views
from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.groups import select
from imagenomer.groups.sentence import GroupMention, Sentence, mention
from imagenomer.jsonable import finite
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.category_difference import CategoryDifference, compare_categories, count_levels
from imagenomer.statistics.difference import (
    NumberDifference,
    NumberSummary,
    compare_numbers,
    shared_subjects,
    summarise,
)
from imagenomer.types import Json, JsonObject
from imagenomer.wording import minus

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Params:
    phenotype: Annotated[str, PhenotypeChoice()]
    groups: Annotated[tuple[str, ...], GroupsChoice()] = ()
    kind: Annotated[
        str,
        Choice((("histogram", "Histogram"), ("density", "Density"), ("box", "Box"), ("violin", "Violin"))),
    ] = field(default="histogram", metadata={"label": "Chart", "help": "A category is always shown as bars."})


def compute(cohort: Cohort, params: Params) -> Steps[Distribution]:
    yield Progress("Summarising")
    phenotype = cohort.phenotype(params.phenotype)
    groups = []
    for expression in dict.fromkeys(params.groups) or (None,):
        selection = select(cohort, expression)
        groups.append(Members(expression, selection, phenotype.values[selection.included]))
    if not any(np.any(group.selection.included & ~phenotype.missing) for group in groups):
        sizes = ", ".join(f"{group.name}: {group.selection.n}" for group in groups)
        raise InputError(f"no subject in these groups has a value of {phenotype.name} ({sizes}); choose others")
    shared = shared_subjects([group.selection.included & ~phenotype.missing for group in groups])
    compared = len(groups) > 1 and not shared.size
    values = [group.values for group in groups]
    counts = (
        count_levels([codes.astype(np.intp) for codes in values], len(phenotype.levels)) if phenotype.levels else None
    )
    difference: NumberDifference | CategoryDifference | None = None
    if counts is not None:
        summaries: tuple[NumberSummary, ...] = ()
        difference = compare_categories(counts) if compared else None
    else:
        numbers = [one.astype(np.float64) for one in values]
        summaries = tuple(summarise(one) for one in numbers)
        difference = compare_numbers(numbers) if compared else None
    return Distribution(
        phenotype,
        tuple(groups),
        summaries,
        np.zeros((len(groups), 0), dtype=np.intp) if counts is None else counts,
        tuple(cohort.subjects[index] for index in shared),
        difference,
    )


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: Distribution) -> Report:
    phenotype, difference = result.phenotype, result.difference
    tests = difference.tests if difference else ()
    effects = difference.effects if difference else ()
    title = result.title
    return Report(
        numbers={
            "phenotype": phenotype.name,
            "kind": phenotype.kind,
            "units": phenotype.units,
            "groups": [_numbers(result, position) for position in range(len(result.groups))],
            "n_shared": len(result.shared),
            "tests": [test_numbers(test) for test in tests],
            "effects": [effect_numbers(effect) for effect in effects],
        },
        sentences=tuple(_sentences(result)),
        warnings=(
            *(difference_warnings(difference) if difference else ()),
            *(_relatives(cohort, result) if tests else ()),
            *_not_drawn(params, result),
        ),
        views=tuple(_views(result, params, title)),
    )


def _relatives(cohort: Cohort, result: Distribution) -> list[str]:
    """Warn of relatives among the groups that are compared."""
    subjects = np.flatnonzero(np.any([one.selection.included for one in result.groups], axis=0))
    way_out = "compare groups of one subject of each, or two phenotypes, with Families"
    return family_warnings(cohort, subjects, (result.phenotype.name,), way_out)


def _not_drawn(params: Params, result: Distribution) -> list[str]:
    """Say which groups the chart cannot show."""
    empty = [group.name for group, n in zip(result.groups, _sizes(result), strict=True) if not n]
    said = (
        [f"No subject in {listed(empty)} has a value, so it is not drawn."]
        if empty and not result.phenotype.levels
        else []
    )
    flat = [
        group.name
        for group, summary in zip(result.groups, result.summaries, strict=False)
        if summary.n and summary.minimum == summary.maximum
    ]
    if flat and params.kind in ("density", "violin"):
        said.append(
            f"All values are the same in {listed(flat)}: there is no density to draw; choose a histogram or box."
        )
    return said


def _sizes(result: Distribution) -> list[int]:
    """Subjects with a value in each group."""
    return [summary.n for summary in result.summaries] or result.counts.sum(axis=1).tolist()


def _views(result: Distribution, params: Params, title: str) -> list[View]:
    chart = "bars" if result.phenotype.levels else params.kind
    alt = f"{chart.capitalize()} of {title}. " + " ".join(
        _summary(result, index) for index in range(len(result.groups))
    )
    # A box shows the subjects beyond its whiskers.
    views: list[View] = [FigureView("distribution", title, alt, of_subjects=chart == "box")]
    if result.phenotype.levels:
        views.append(_level_table(result))
    else:
        views.append(_summary_table(result))
    if result.difference is not None:
        views += test_views(result.difference.tests, result.difference.effects)
    return views


def _summary_table(result: Distribution) -> TableView:
    return TableView(
        "summary",
        "Summary",
        (
            Column("group", "Group"),
            Column("n", "n", "integer"),
            Column("n_missing", "Missing", "integer"),
            Column("mean", "Mean", "number"),
            Column("sd", "SD", "number"),
            Column("minimum", "Minimum", "number", where="file"),
            Column("lower_quartile", "Lower quartile", "number", where="file"),
            Column("median", "Median", "number"),
            Column("upper_quartile", "Upper quartile", "number", where="file"),
            Column("maximum", "Maximum", "number", where="file"),
            Column("quartiles", "Quartiles", where="page", sort="lower_quartile"),
            Column("range", "Range", where="page", sort="minimum"),
        ),
        tuple(_summary_row(_numbers(result, position)) for position in range(len(result.groups))),
    )


def _summary_row(numbers: JsonObject) -> dict[str, Json]:
    def span(lower: str, upper: str) -> str | None:
        ends = numbers[lower], numbers[upper]
        return None if None in ends else " to ".join(minus(f"{end:.5g}") for end in ends)

    return {**numbers, "quartiles": span("lower_quartile", "upper_quartile"), "range": span("minimum", "maximum")}


def _level_table(result: Distribution) -> TableView:
    """One row a level and group: long, so that any number of groups fits."""
    rows = []
    for group, counts in zip(result.groups, result.counts, strict=True):
        n = int(counts.sum())
        rows += [
            {"group": group.name, "level": level, "n": int(count), "percent": 100 * int(count) / n if n else None}
            for level, count in zip(result.phenotype.levels, counts, strict=True)
        ]
        n_missing = group.selection.n - n
        rows.append({"group": group.name, "level": "missing", "n": n_missing, "percent": None})
    return TableView(
        "levels",
        "Counts",
        (
            Column("group", "Group"),
            Column("level", result.phenotype.name),
            Column("n", "Subjects", "integer"),
            Column("percent", "% of those with a value", "number"),
        ),
        tuple(rows),
    )


def _numbers(result: Distribution, position: int) -> dict[str, Any]:
    """One group as `Report.numbers` has it."""
    group = result.groups[position]
    common = {
        "group": group.name,
        "expression": group.expression,
        "n_members": group.selection.n,
        "n_unknown": group.selection.n_unknown,
    }
    if result.phenotype.levels:
        n = int(result.counts[position].sum())
        levels = [
            {"level": level, "n": int(count)}
            for level, count in zip(result.phenotype.levels, result.counts[position], strict=True)
        ]
        return {**common, "n": n, "n_missing": group.selection.n - n, "levels": levels}
    summary = result.summaries[position]
    return {
        **common,
        "n": summary.n,
        "n_missing": summary.n_missing,
        "mean": finite(summary.mean),
        "sd": finite(summary.sd),
        "minimum": finite(summary.minimum),
        "lower_quartile": finite(summary.lower_quartile),
        "median": finite(summary.median),
        "upper_quartile": finite(summary.upper_quartile),
        "maximum": finite(summary.maximum),
    }


def _sentences(result: Distribution) -> list[str]:
    said: list[str] = []
    for position, group in enumerate(result.groups):
        said.append(_summary(result, position))
        if group.selection.n_unknown:
            n = group.selection.n_unknown
            because = f", because a value is missing, and {'is' if n == 1 else 'are'} not counted in it."
            said.append(Sentence(f"{counted(n, 'subject')} may or may not belong to ", *_parts_of_name(group), because))
    if result.shared:
        said.append(
            f"{counted(len(result.shared), 'subject')} {'is' if len(result.shared) == 1 else 'are'} in more than one "
            f"group ({listed(result.shared)}), so the groups are not independent and are not tested."
        )
    elif result.difference is None:
        said.append("With one group there is nothing to compare; choose two or more groups for a test.")
    headline = _headline(result)
    if headline:
        said.append(headline)
    return said


def _summary(result: Distribution, position: int) -> Sentence:
    """One group in a sentence."""
    return Sentence(*_parts_of_name(result.groups[position]), f": {_summary_of(result, position)}")


def _summary_of(result: Distribution, position: int) -> str:
    numbers = _numbers(result, position)
    missing = f", {numbers['n_missing']:,} missing" if numbers["n_missing"] else ""
    start = f"{counted(numbers['n'], 'subject')} with {result.phenotype.name}{missing}"
    if result.phenotype.levels:
        counts = listed(f"{level['level']} {level['n']:,}" for level in numbers["levels"])
        return f"{start}; {counts}."
    if not numbers["n"]:
        return f"{start}."
    sd = "" if numbers["sd"] is None else f", SD {numbers['sd']:.4g}"
    units = f" {result.phenotype.units}" if result.phenotype.units else ""
    mean, median = (number_text(numbers[name], ".5g") for name in ("mean", "median"))
    lowest, highest = (number_text(numbers[name], "g") for name in ("minimum", "maximum"))
    return f"{start}; mean {mean}{units}{sd}, median {median}, range {lowest} to {highest}."


def _headline(result: Distribution) -> str:
    """The comparison in one sentence; empty where there is none. The other tests are in the table."""
    difference = result.difference
    if difference is None or not difference.tests:
        return ""
    named = [test for test in difference.tests if test.compares in ("means", "counts") and np.isfinite(test.p_value)]
    test = named[0] if named else difference.tests[0]
    if not np.isfinite(test.p_value):
        return ""
    said = test_text(test)
    if isinstance(difference, NumberDifference) and len(difference.summaries) == 2:
        first, second = difference.summaries
        said = f"Difference of means (first less second) {number_text(first.mean - second.mean)}; {said}"
    for effect in difference.effects:
        if effect.headline:
            value, low, high = (number_text(part, ".2f") for part in (effect.value, effect.lower, effect.upper))
            interval = f" ({100 * effect.confidence:.0f} % CI {low} to {high})" if np.isfinite(effect.lower) else ""
            said = f"{said}; {effect.name} = {value}{interval}"
    return f"{said}."


def _parts_of_name(group: Members) -> tuple[str | GroupMention, ...]:
    return ("Everybody",) if group.expression is None else (mention(group.expression),)


# --- drawing -------------------------------------------------------------------------------------


def draw(cohort: Cohort, params: Params, result: Distribution, report: Report, theme: ThemeName) -> dict[str, Figure]:
    return {"distribution": draw_distribution(result, params.kind, _note(result), theme)}


def _note(result: Distribution) -> str:
    missing = sum(_numbers(result, position)["n_missing"] for position in range(len(result.groups)))
    left_out = f"{counted(missing, 'missing value')} excluded." if missing else ""
    return "\n".join(line for line in (_headline(result), left_out) if line)


ANALYSIS = Analysis(
    title="Distribution",
    summary="How a phenotype is distributed, and whether groups differ in it.",
    tab="Phenotypes",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    needs=("phenotypes",),
    opens_tab=True,
)
