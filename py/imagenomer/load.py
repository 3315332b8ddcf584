"""Load: a cohort by the name a terminal or a script gives it, a folder, a zip or a teaching cohort."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import TypeAlias

from imagenomer.cohort import Cohort, read_corrections, with_columns, with_measure, with_parcellation
from imagenomer.companion import with_companion
from imagenomer.errors import InputError
from imagenomer.progress import Steps, finish
from imagenomer.types import Json, JsonObject

#: An analysis by name, and the parameters with which it makes a measure.
Making: TypeAlias = tuple[str, Mapping[str, Json]]

#: The seed of a teaching cohort whose seed is not given.
DEFAULT_SEED = 1

_FORMS = "demo:SIZE, demo:SIZE:SEED and demo:SIZE:SEED:TRUTH, demo2:SIZE and demo2:SIZE:SEED"


def load(
    where: str | PathLike[str],
    *,
    atlas: str | None = None,
    second: str | PathLike[str] | None = None,
    measures: Iterable[Making] = (),
    recipe: JsonObject | None = None,
    columns: JsonObject | None = None,
    second_recipe: JsonObject | None = None,
) -> Cohort:
    """Open a cohort.

    Parameters
    ----------
    where : str or path
        A folder, a ``.zip``, or ``demo:quick``, ``demo:full``, ``demo:full:SEED`` for a synthetic teaching cohort
        (``demo:small:SEED:both`` has another planted truth, see `imagenomer.teaching.TRUTHS`), and ``demo2:full:SEED``
        for the second one.
    atlas : str or None
        What the parcels are: the name of an atlas ("power-264"), "none" for plain numbers, None for what the files say.
    second : str or path or None
        A second cohort to test on, named like the first; it becomes `Cohort.companion`.
    measures : iterable of (str, mapping)
        Measures to make and add, one after another: an analysis that makes one, and its parameters.
    recipe : mapping or None
        Answers to what the files of ``where`` cannot say (`imagenomer.readers.recipe`).
    columns : mapping or None
        Corrections of columns by name (`imagenomer.cohort.corrections`), in place of those of the recipe and of a
        bundle; {} for what the files say. Measures are made of corrected columns.

    second_recipe : mapping or None
        Answers and corrections for ``second``.

    Raises
    ------
    InputError
        If there is no such cohort, its files cannot be read (the message names the file), a column is not what is said
        of it, the atlas does not fit, or a measure cannot be made.
    """
    steps = load_steps(
        where,
        atlas=atlas,
        second=second,
        measures=measures,
        recipe=recipe,
        columns=columns,
        second_recipe=second_recipe,
    )
    return finish(steps)


def load_steps(
    where: str | PathLike[str],
    *,
    atlas: str | None = None,
    second: str | PathLike[str] | None = None,
    measures: Iterable[Making] = (),
    recipe: JsonObject | None = None,
    columns: JsonObject | None = None,
    second_recipe: JsonObject | None = None,
) -> Steps[Cohort]:
    """Open a cohort as `load` does, reporting progress."""
    cohort = yield from _as_found(where, recipe)
    if columns is not None:
        cohort = with_columns(cohort, read_corrections(columns))
    if atlas is not None:
        cohort = with_parcellation(cohort, atlas)
    for analysis, params in measures:
        cohort = yield from add_measure(cohort, analysis, params)
    if second is None:
        return cohort
    return with_companion(cohort, (yield from _as_found(second, second_recipe)), atlas=atlas)


def add_measure(cohort: Cohort, analysis: str, params: Mapping[str, Json]) -> Steps[Cohort]:
    """Return the cohort with the measure that an analysis makes.

    Raises
    ------
    InputError
        If there is no such analysis, it makes no measure, or cannot be computed.
    """
    from imagenomer.analyses import load_analyses
    from imagenomer.analyses.contract import check_against, read_params  # late: most cohorts are opened as they are

    analyses = load_analyses()
    chosen = analyses.get(analysis)
    if chosen is None or chosen.measure is None:
        making = ", ".join(name for name, one in analyses.items() if one.measure is not None)
        raise InputError(f"{analysis!r} is no analysis that makes a measure; those that do: {making}")
    settled = read_params(chosen, params)
    check_against(cohort, settled)
    result = yield from chosen.compute(cohort, settled)
    return with_measure(cohort, (yield from chosen.measure(cohort, settled, result)))


def _as_found(where: str | PathLike[str], recipe: JsonObject | None = None) -> Steps[Cohort]:
    # Late: a teaching cohort needs no reader, and a folder no teaching.
    if isinstance(where, str) and where.startswith(("demo:", "demo2:")):
        cohort = yield from _teaching_cohort(where)
        if recipe is None:
            return cohort
        from imagenomer.readers.recipe import answers_of_whole

        answers = answers_of_whole(recipe, f"{where} is made here", has_edges=False)
        return with_columns(cohort, answers.corrections)
    from imagenomer.readers import listing_of, open_cohort

    return (yield from open_cohort(listing_of(where), recipe))


def _teaching_cohort(where: str) -> Steps[Cohort]:
    from imagenomer.teaching import SECOND_SIZES, SIZES, TRUTHS, generate, generate_second

    which, size, *rest = where.split(":")
    seed = rest[0] if rest else str(DEFAULT_SEED)
    truth = rest[1] if len(rest) > 1 else None
    second = which == "demo2"
    known = size in (SECOND_SIZES if second else SIZES) and (truth is None or (truth in TRUTHS and not second))
    if not known or not seed.isdecimal() or len(rest) > 2:
        raise InputError(
            f"{where!r} names no teaching cohort; there are {_FORMS}, where SIZE is one of {', '.join(SIZES)} (of the "
            f"second {', '.join(SECOND_SIZES)}), SEED is a whole number, and TRUTH is one of {', '.join(TRUTHS)}"
        )
    if second:
        return (yield from generate_second(size=size, seed=int(seed)))
    return (yield from generate(size=size, seed=int(seed), recipe=None if truth is None else TRUTHS[truth]))
