"""Who is excluded: how the subjects whom a limit on motion excludes differ from those it retains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imagenomer import groups
from imagenomer.analyses.contract import Column, Finding, Methods, TableView
from imagenomer.analyses.shared.sample import Sample, counted, listed
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.jsonable import finite
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.category_difference import compare_categories, count_levels
from imagenomer.statistics.correction import adjust
from imagenomer.statistics.difference import compare_numbers, summarise
from imagenomer.statistics.significance import EffectSize, SignificanceTest
from imagenomer.types import BoolArray, FloatArray, Json

#: Shares of the subjects that the limits tried beside the chosen one retain, about.
_RETAINED_SHARES = (0.95, 0.9, 0.8, 0.7, 0.6, 0.5)
#: What the test shown compares, the first there is.
_COMPARED = ("means", "counts, exactly", "counts")
#: A category of more levels has one row, not one a level.
_MOST_LEVELS = 30
_ALPHA = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """One phenotype in included and in excluded subjects.

    Attributes
    ----------
    phenotype : Phenotype
    kept, dropped : ndarray, shape (n,)
        Its values as in `Phenotype.values`.
    test : SignificanceTest or None
        None where it cannot be tested.
    effect : EffectSize or None
        Of a number, excluded minus included.
    p_corrected : float
        By Holm over the phenotypes of one limit; NaN where it cannot be tested.
    """

    phenotype: Phenotype
    kept: FloatArray
    dropped: FloatArray
    test: SignificanceTest | None
    effect: EffectSize | None
    p_corrected: float


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """One limit and what it does.

    Attributes
    ----------
    value : float
    chosen : bool
        Whether it is the one of the form.
    expression : str
        The group of the subjects it retains.
    n_kept, n_dropped : int
    contrasts : tuple of Contrast
        Of every other phenotype; empty where all or no subjects are excluded.
    """

    value: float
    chosen: bool
    expression: str
    n_kept: int
    n_dropped: int
    contrasts: tuple[Contrast, ...]

    @property
    def differing(self) -> list[Contrast]:
        """The phenotypes in which excluded subjects differ, the most significant first."""
        found = [one for one in self.contrasts if one.p_corrected <= _ALPHA]
        return sorted(found, key=lambda one: (one.p_corrected, one.phenotype.name))


@dataclass(frozen=True, slots=True, eq=False)
class Exclusion:
    """What limits on one phenotype do.

    Attributes
    ----------
    sample : Sample
        Subjects with a value of the measure of motion.
    motion : Phenotype
    at_most : bool
        Whether subjects at or below a limit are retained; else those at or above.
    limits : tuple of Limit
        The strictest last.
    """

    sample: Sample
    motion: Phenotype
    at_most: bool
    limits: tuple[Limit, ...]

    @property
    def chosen(self) -> Limit:
        return next(limit for limit in self.limits if limit.chosen)


def try_limits(
    cohort: Cohort, sample: Sample, motion: Phenotype, chosen: float, *, at_most: bool, group: str | None
) -> Steps[Exclusion]:
    """Return what the chosen limit and some others do."""
    values = motion.values[sample.subjects]
    shares = _RETAINED_SHARES if at_most else [1 - share for share in _RETAINED_SHARES]
    tried = {float(f"{value:.2g}") for value in np.quantile(values, shares).tolist()} | {float(chosen)}
    others = [one for one in cohort.phenotypes.values() if one.name != motion.name]
    limits = []
    for value in sorted(tried, reverse=at_most):
        keep = np.asarray(values <= value if at_most else values >= value)
        n_kept = int(np.count_nonzero(keep))
        contrasts: tuple[Contrast, ...] = ()
        if 0 < n_kept < keep.size:
            contrasts = yield from _contrasts(others, sample, keep)
        expression = _expression(motion, value, at_most, group)
        limits.append(Limit(value, value == chosen, expression, n_kept, keep.size - n_kept, contrasts))
    return Exclusion(sample, motion, at_most, tuple(limits))


def _expression(motion: Phenotype, value: float, at_most: bool, group: str | None) -> str:
    sign = "<=" if at_most else ">="
    test = groups.Comparison((groups.Field(motion.name), groups.Constant(value)), (sign,))
    if group is None:
        return groups.format_expression(test)
    return groups.format_expression(groups.Combination("and", (groups.parse(group), test)))


def _contrasts(phenotypes: Sequence[Phenotype], sample: Sample, keep: BoolArray) -> Steps[tuple[Contrast, ...]]:
    found: list[Contrast] = []
    for phenotype in phenotypes:
        yield Progress("Comparing included and excluded subjects")
        values = phenotype.values[sample.subjects]
        kept, dropped = values[keep], values[~keep]
        if phenotype.levels:
            counts = count_levels([dropped.astype(np.intp), kept.astype(np.intp)], len(phenotype.levels))
            category = compare_categories(counts)
            tests, effects = category.tests, category.effects
        else:
            number = compare_numbers([dropped.astype(np.float64), kept.astype(np.float64)])
            tests, effects = number.tests, number.effects
        test = next((one for kind in _COMPARED for one in tests if one.compares == kind), None)
        effect = next((one for one in effects if one.headline), None)
        found.append(
            Contrast(phenotype, kept.astype(np.float64), dropped.astype(np.float64), test, effect, float("nan"))
        )
    p_values = np.array([float("nan") if one.test is None else one.test.p_value for one in found])
    corrected = adjust(p_values, "holm") if found else p_values
    return tuple(
        Contrast(one.phenotype, one.kept, one.dropped, one.test, one.effect, float(p_value))
        for one, p_value in zip(found, corrected, strict=True)
    )


# --- saying --------------------------------------------------------------------------------------


def exclusion_sentences(result: Exclusion) -> list[str]:
    """Say what the chosen limit does and how to use it."""
    limit, n = result.chosen, result.sample.n_subjects
    rule = f"{result.motion.name} {'at most' if result.at_most else 'at least'} {limit.value:g}"
    said = [
        f"{rule} retains {limit.n_kept:,} of {counted(n, 'subject')} and excludes {limit.n_dropped:,} "
        f"({100 * limit.n_dropped / n:.1f} %). To analyse those retained, add the group {limit.expression} (copy it "
        "from the table)."
    ]
    if limit.contrasts:
        tested = sum(one.test is not None for one in limit.contrasts)
        differing = limit.differing
        differences = listed(_difference(one) for one in differing)
        said.append(
            f"Of {counted(tested, 'phenotype')}, {len(differing):,} "
            f"{'differs' if len(differing) == 1 else 'differ'} between excluded and included subjects "
            f"(Holm-corrected p at most {_ALPHA:g})" + (f": {differences}." if differing else ".")
        )
        said.append(
            "Effect sizes are Hedges' g of numbers, excluded minus included (Welch's test), and Cramer's V of "
            "categories (Fisher's exact test of two-by-two tables, else Pearson's chi-squared)."
        )
    return said


def exclusion_verdict(result: Exclusion) -> list[Finding]:
    """Return whom the chosen limit excludes, in a sentence."""
    limit = result.chosen
    begun = f"{limit.expression} excludes {limit.n_dropped:,} of {counted(result.sample.n_subjects, 'subject')}"
    if not limit.contrasts:
        return [Finding(f"{begun}.", "limits")]
    names = listed(one.phenotype.name for one in limit.differing)
    how = f"differ from the others in {names}" if names else "do not differ significantly from the others"
    return [Finding(f"{begun}, who {how}.", "dropped")]


def exclusion_warnings(result: Exclusion) -> list[str]:
    """Say where the chosen limit misleads."""
    limit, name = result.chosen, result.motion.name
    if not limit.n_dropped:
        return [
            f"No subject is excluded by {name} {'at most' if result.at_most else 'at least'} {limit.value:g}; the "
            "table has limits that exclude some."
        ]
    if not limit.n_kept:
        return [
            f"No subject is retained by {name} {'at most' if result.at_most else 'at least'} {limit.value:g}; choose "
            "another limit, such as one of the table."
        ]
    differing = limit.differing
    if differing:
        names = listed(one.phenotype.name for one in differing)
        return [
            f"The subjects whom {limit.expression} excludes differ from those it retains in {names}: excluding them "
            "changes the population that a result is about, and may remove part of an effect."
        ]
    return []


def _difference(one: Contrast) -> str:
    if one.effect is None:
        return one.phenotype.name
    return f"{one.phenotype.name} ({one.effect.symbol} = {number_text(one.effect.value, '.2f')})"


def exclusion_methods(result: Exclusion) -> Methods:
    """Say how excluded subjects were compared, as a methods section does."""
    return Methods(
        (
            f"Subjects whom a limit on {result.motion.name} excludes were compared with those it retains, numbers by "
            "Welch's t and Hedges' g, categories by Fisher's exact test of two by two or Pearson's chi-squared and "
            "Cramer's V, with Holm's correction over phenotypes.",
        ),
        (
            "Cosgrove et al. (2022), Brain Imaging Behav. (PMC9296258).",
            "Peverill et al. (2025), Hum. Brain Mapp. 46:e70094. https://doi.org/10.1002/hbm.70094",
        ),
    )


# --- numbers and tables --------------------------------------------------------------------------


def exclusion_numbers(result: Exclusion) -> dict[str, Json]:
    """Return the limits as `Report.numbers` has them."""
    return {
        "limit": result.chosen.value,
        "n_kept": result.chosen.n_kept,
        "n_excluded": result.chosen.n_dropped,
        "expression": result.chosen.expression,
        "limits": [
            {
                "limit": limit.value,
                "expression": limit.expression,
                "n_kept": limit.n_kept,
                "n_excluded": limit.n_dropped,
                "phenotypes": [
                    {
                        "name": one.phenotype.name,
                        "effect": None if one.effect is None else one.effect.name,
                        "value": None if one.effect is None else finite(one.effect.value),
                        "p_value": None if one.test is None else finite(one.test.p_value),
                        "p_corrected": finite(one.p_corrected),
                    }
                    for one in limit.contrasts
                ],
            }
            for limit in result.limits
        ],
    }


def exclusion_tables(result: Exclusion) -> list[TableView]:
    """Return the table of limits, and that of phenotypes at the chosen one, without those that would be empty."""
    n, name = result.sample.n_subjects, result.motion.name
    sign = "≤" if result.at_most else "≥"
    limits = TableView(
        "limits",
        f"Limits on {name}, and whom they exclude",
        (
            Column("limit", f"{name} {sign}", "mixed"),
            Column("n_kept", "Included", "integer"),
            Column("n_dropped", "Excluded", "integer"),
            Column("percent", "Excluded, %", "number"),
            Column("differing", "Excluded subjects differ in"),
            Column("group", "Group to copy"),
        ),
        tuple(
            {
                "limit": limit.value,
                "n_kept": limit.n_kept,
                "n_dropped": limit.n_dropped,
                "percent": 100 * limit.n_dropped / n,
                "differing": ", ".join(_difference(one) for one in limit.differing) or "—",
                "group": limit.expression,
            }
            for limit in result.limits
        ),
    )
    rows = [row for one in result.chosen.contrasts for row in _rows(one)]
    if not rows:
        return [limits]
    columns = (
        Column("name", "Phenotype", where="page"),
        Column("phenotype", "Phenotype", where="file"),
        Column("level", "Level", where="file"),
        Column("n", "With a value", "integer", where="file"),
        Column("kept", "Included", sort="kept_value"),
        Column("dropped", "Excluded", sort="dropped_value"),
        Column("effect", "Effect", where="page", sort="effect_value"),
        Column("effect_name", "Effect size", where="file"),
        Column("effect_value", "Value", "number", where="file"),
        Column("effect_lower", "from", "number", where="file"),
        Column("effect_upper", "to", "number", where="file"),
        Column("kept_value", "Mean or %, included", "number", where="file"),
        Column("dropped_value", "Mean or %, excluded", "number", where="file"),
        Column("p_value", "p", "p"),
        Column("p_corrected", "Corrected", "p"),
    )
    title = f"Excluded and included by {name} {sign} {result.chosen.value:g}"
    return [limits, TableView("dropped", title, columns, tuple(rows))]


def _rows(one: Contrast) -> list[dict[str, Json]]:
    """Return a row for a number, and for each level of a category; what is tested stands in the first."""
    effect, levels = one.effect, one.phenotype.levels
    first: dict[str, Json] = {
        "name": one.phenotype.name,
        "phenotype": one.phenotype.name,
        "effect": "" if effect is None else _effect_text(effect),
        "effect_name": "" if effect is None else effect.name,
        "effect_value": None if effect is None else finite(effect.value),
        "effect_lower": None if effect is None else finite(effect.lower),
        "effect_upper": None if effect is None else finite(effect.upper),
        "p_value": None if one.test is None else finite(one.test.p_value),
        "p_corrected": finite(one.p_corrected),
    }
    if not levels:
        kept, dropped = summarise(one.kept), summarise(one.dropped)
        return [
            {
                **first,
                "level": "",
                "n": kept.n + dropped.n,
                "kept": _mean_text(kept.mean, kept.sd),
                "dropped": _mean_text(dropped.mean, dropped.sd),
                "kept_value": finite(kept.mean),
                "dropped_value": finite(dropped.mean),
            }
        ]
    counts = count_levels([one.kept.astype(np.intp), one.dropped.astype(np.intp)], len(levels))
    sizes = counts.sum(axis=1)
    if len(levels) > _MOST_LEVELS:
        blank = {"kept": "", "dropped": "", "kept_value": None, "dropped_value": None}
        return [{**first, **blank, "level": f"{len(levels)} levels", "n": int(sizes.sum())}]
    rows = []
    for index, level in enumerate(levels):
        shares = [
            100 * int(count) / int(size) if size else None for count, size in zip(counts[:, index], sizes, strict=True)
        ]
        texts = ["" if share is None else f"{share:.1f} %" for share in shares]
        row = first if index == 0 else {key: "" if isinstance(value, str) else None for key, value in first.items()}
        rows.append(
            {
                **row,
                "name": f"{one.phenotype.name}: {level}",
                "phenotype": one.phenotype.name,
                "level": level,
                "n": int(counts[:, index].sum()),
                "kept": texts[0],
                "dropped": texts[1],
                "kept_value": shares[0],
                "dropped_value": shares[1],
            }
        )
    return rows


def _mean_text(mean: float, sd: float) -> str:
    if not np.isfinite(mean):
        return ""
    return number_text(mean) + (f" (SD {number_text(sd, '.3g')})" if np.isfinite(sd) else "")


def _effect_text(effect: EffectSize) -> str:
    text = f"{effect.symbol} = {number_text(effect.value, '.2f')}"
    if np.isfinite(effect.lower):
        text += f"\n{number_text(effect.lower, '.2f')} to {number_text(effect.upper, '.2f')}"
    return text
