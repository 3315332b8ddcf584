"""Two categories: whether they are associated, and whether they still are within strata of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from imagenomer.analyses.contract import Answer, Column, FigureView, GridView, TableView, View
from imagenomer.analyses.phenotypes.level_pair import levels_of
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.analyses.shared.test_tables import (
    AdjustedEstimate,
    Estimate,
    adjustment_view,
    effect_numbers,
    estimate_text,
    number_text,
    p_text,
    test_numbers,
    test_text,
    test_views,
)
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.figures.palette import GROUP_COLOURS, network_colours
from imagenomer.progress import Steps
from imagenomer.statistics.contingency import (
    FisherTest,
    cramers_v,
    expected_counts,
    fisher,
    mantel_haenszel,
    odds_ratio,
    pearson_chi2,
    standardised_residuals,
)
from imagenomer.statistics.significance import EffectSize, SignificanceTest
from imagenomer.types import IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Expected counts below this make chi-squared inaccurate; Cochran (1954), Biometrics 10:417.
_SMALL = 5
#: Cells of a table that is tested, and of one that is tested within strata, where all pairs of cells are needed.
_MOST_CELLS, _MOST_CELLS_IN_STRATA = 10_000, 1_000


@dataclass(frozen=True, slots=True, eq=False)
class TablePair:
    """Two categories counted against each other.

    Attributes
    ----------
    rows, columns : Phenotype
    row_levels, column_levels : tuple of str
        Those that occur; of two, the level of interest first, so that an odds ratio is of "Yes" with "Yes".
    table : ndarray, shape (n_row_levels, n_column_levels)
        Subjects.
    strata : tuple of str
        Categories that are adjusted for; numbers cannot be.
    n_strata : int
        Combinations of their levels that occur.
    chi2 : SignificanceTest
    fisher : FisherTest
    v : EffectSize
    adjustments : tuple of AdjustedEstimate
    warnings : tuple of str
    """

    rows: Phenotype
    columns: Phenotype
    row_levels: tuple[str, ...]
    column_levels: tuple[str, ...]
    table: IntArray
    strata: tuple[str, ...]
    n_strata: int
    chi2: SignificanceTest
    fisher: FisherTest
    v: EffectSize
    adjustments: tuple[AdjustedEstimate, ...]
    warnings: tuple[str, ...]


def compare(
    rows: Phenotype, columns: Phenotype, covariates: Sequence[Phenotype], subjects: IntArray, seed: int
) -> Steps[TablePair]:
    """Count two categories against each other; raise `InputError` where one does not vary."""
    row_levels, row_codes = levels_of(rows, subjects)
    column_levels, column_codes = levels_of(columns, subjects)
    shape = len(row_levels), len(column_levels)
    by = [one for one in covariates if one.levels and np.ptp(one.values[subjects]) > 0]
    _refuse_large(rows, columns, shape, by)
    codes = np.array([one.values[subjects] for one in by], dtype=np.intp).reshape(len(by), subjects.size)
    stratum = np.unique(codes, axis=1, return_inverse=True)[1].ravel() if by else np.zeros(subjects.size, np.intp)
    strata = np.zeros((int(stratum.max()) + 1, *shape), dtype=np.intp)
    np.add.at(strata, (stratum, row_codes, column_codes), 1)
    table = strata.sum(axis=0)
    _refuse_determined(rows, columns, strata, by)
    exact = yield from fisher(table, np.random.default_rng(seed))
    chi2 = pearson_chi2(table)
    adjustments = [AdjustedEstimate("Chi-squared", _of_test(chi2), _of_test(mantel_haenszel(strata)) if by else None)]
    if shape == (2, 2):
        name = f"Odds ratio of {row_levels[0]} with {column_levels[0]}"
        adjusted = _of(odds_ratio(strata)) if by else None
        adjustments.insert(0, AdjustedEstimate(name, _of(odds_ratio(table[None])), adjusted))
    warnings = [*_doubts(table), *_doubts_of_strata(covariates, strata)]
    return TablePair(
        rows,
        columns,
        row_levels,
        column_levels,
        table,
        tuple(one.name for one in by),
        len(strata),
        chi2,
        exact,
        cramers_v(table),
        tuple(adjustments),
        tuple(warnings),
    )


def _refuse_large(rows: Phenotype, columns: Phenotype, shape: tuple[int, int], by: Sequence[Phenotype]) -> None:
    """Refuse tables that nobody could read, or whose strata take more memory and time than there are."""
    n_cells, most = shape[0] * shape[1], _MOST_CELLS_IN_STRATA if by else _MOST_CELLS
    if n_cells > most:
        raise InputError(
            f"{rows.name} has {counted(shape[0], 'level')} and {columns.name} {counted(shape[1], 'level')}, a table of "
            f"{counted(n_cells, 'cell')}; at most {most:,} can be tested{' within strata' if by else ''}. Choose a "
            f"category with fewer levels or a group with fewer of them{', or no covariates' if by else ''}"
        )


def _refuse_determined(rows: Phenotype, columns: Phenotype, strata: IntArray, by: Sequence[Phenotype]) -> None:
    """Refuse covariates from which one of the two categories follows: within their levels it does not vary."""
    for category, axis in ((rows, 2), (columns, 1)):
        if by and ((strata.sum(axis=axis) > 0).sum(axis=1) < 2).all():
            raise InputError(
                f"{category.name} cannot be tested: for these subjects it follows from "
                f"{listed(one.name for one in by)}; leave that out of the covariates"
            )


def _of_test(test: SignificanceTest) -> Estimate:
    return Estimate(test.statistic, neg_log10_p=test.neg_log10_p)


def _of(effect: EffectSize) -> Estimate:
    return Estimate(effect.value, effect.lower, effect.upper, confidence=effect.confidence)


# --- saying --------------------------------------------------------------------------------------


def numbers(pair: TablePair) -> dict[str, Json]:
    return {
        "kind": "category x category",
        "rows": list(pair.row_levels),
        "columns": list(pair.column_levels),
        "counts": pair.table.tolist(),
        "expected": expected_counts(pair.table).tolist(),
        "association": [one.numbers for one in pair.adjustments],
        "tests": [test_numbers(test) for test in (pair.chi2, pair.fisher.test)],
        "effects": [effect_numbers(pair.v)],
        "fisher_draws": pair.fisher.n_draws,
        "fisher_standard_error": pair.fisher.standard_error,
        "strata": list(pair.strata),
        "n_strata": pair.n_strata,
    }


def _v_text(pair: TablePair) -> str:
    if np.isnan(pair.v.value):
        return "not defined: with as many levels as subjects it is all bias"
    return (
        f"{estimate_text(pair.v)} by inversion of the noncentral chi-squared; 0 is no association, 1 means that one "
        "determines the other"
    )


def sentences(pair: TablePair) -> list[str]:
    said = [
        Answer(
            f"{pair.rows.name} ({counted(len(pair.row_levels), 'level')}) against {pair.columns.name} "
            f"({counted(len(pair.column_levels), 'level')}). {test_text(pair.chi2)}, without continuity correction; "
            f"{test_text(pair.fisher.test)}{_how(pair.fisher)}."
        ),
        f"Cramer's V, corrected for bias (Bergsma 2013), is {_v_text(pair)}.",
    ]
    if pair.table.shape == (2, 2):
        ratio = pair.adjustments[0]
        said.append(f"{ratio.name}: {estimate_text(ratio.unadjusted)}; 1 is no association.")
    if pair.strata:
        adjusted = pair.adjustments[-1].adjusted
        assert adjusted is not None
        said.append(
            f"Within {counted(pair.n_strata, 'stratum', 'strata')} of {listed(pair.strata)}: Cochran-Mantel-Haenszel "
            f"test of general association, chi-squared = {adjusted.value:.4g}, {p_text(adjusted.neg_log10_p)}. It "
            "detects associations of the same direction across strata; opposite directions cancel."
            if np.isfinite(adjusted.value)
            else f"Within strata of {listed(pair.strata)} nothing can be tested: in each, one of the two does not vary."
        )
        ratio = pair.adjustments[0]
        if pair.table.shape == (2, 2) and ratio.adjusted is not None and np.isfinite(ratio.adjusted.value):
            said.append(f"The odds ratio common to the strata (Mantel-Haenszel) is {estimate_text(ratio.adjusted)}.")
    return said


def _how(found: FisherTest) -> str:
    if not found.n_draws:
        return ""
    return (
        f", estimated from {counted(found.n_draws, 'random table')} with the same margins, standard error "
        f"{found.standard_error:.2g}, because there are too many tables to enumerate"
    )


def _doubts(table: IntArray) -> list[str]:
    expected = expected_counts(table)
    small = int(np.count_nonzero(expected < _SMALL))
    said = []
    if small:
        said.append(
            f"{small} of {expected.size} expected counts are below {_SMALL} (the smallest is {expected.min():.2g}), so "
            "the p-value of chi-squared is approximate: prefer Fisher's exact test."
        )
    if (table.sum(axis=0) == 1).any() or (table.sum(axis=1) == 1).any():
        said.append("One level has a single subject.")
    return said


def _doubts_of_strata(covariates: Sequence[Phenotype], strata: IntArray) -> list[str]:
    said = []
    ignored = [one.name for one in covariates if not one.levels]
    if ignored:
        said.append(
            f"{listed(ignored)} {'is a number and is' if len(ignored) == 1 else 'are numbers and are'} not adjusted "
            "for: two categories are adjusted by strata, which need categories."
        )
    empty = sum(bool((table.sum(axis=0) > 0).sum() < 2 or (table.sum(axis=1) > 0).sum() < 2) for table in strata)
    if empty and len(strata) > 1:
        said.append(
            f"In {empty} of {len(strata)} strata one of the two does not vary; their subjects do not contribute "
            "to the adjusted association."
        )
    return said


def views(pair: TablePair, title: str) -> list[View]:
    return [
        residual_grid(pair, title),
        adjustment_view(pair.adjustments),
        *test_views((pair.chi2, pair.fisher.test), (pair.v,)),
        _count_table(pair),
        FigureView("mosaic", f"{title}: shares", f"Mosaic of {title}. {_largest(pair)}"),
    ]


def residual_grid(pair: TablePair, title: str) -> GridView:
    residual, expected = standardised_residuals(pair.table), expected_counts(pair.table)
    shares = 100 * pair.table / pair.table.sum(axis=1, keepdims=True)
    tips = tuple(
        tuple(
            f"{row} and {column}: {counted(pair.table[i, j], 'subject')} ({shares[i, j]:.1f} % of {row}), "
            f"{expected[i, j]:.1f} expected, residual {number_text(residual[i, j], '.2f')}"
            for j, column in enumerate(pair.column_levels)
        )
        for i, row in enumerate(pair.row_levels)
    )
    return GridView(
        "residuals",
        f"{title}: more or fewer than expected",
        "Standardised residual (beyond ±2 is unusual)",
        tuple(f"{pair.rows.name}: {level}" for level in pair.row_levels),
        tuple(f"{pair.columns.name}: {level}" for level in pair.column_levels),
        tuple(tuple(row) for row in residual.tolist()),
        limit=max(4.0, float(np.abs(residual).max())),
        tips=tips,
    )


def _count_table(pair: TablePair) -> TableView:
    residual, expected = standardised_residuals(pair.table), expected_counts(pair.table)
    of_row = 100 * pair.table / pair.table.sum(axis=1, keepdims=True)
    of_column = 100 * pair.table / pair.table.sum(axis=0)
    rows: tuple[dict[str, Json], ...] = tuple(
        {
            "row": row,
            "column": column,
            "n": int(pair.table[i, j]),
            "expected": float(expected[i, j]),
            "row_percent": float(of_row[i, j]),
            "column_percent": float(of_column[i, j]),
            "residual": float(residual[i, j]),
        }
        for i, row in enumerate(pair.row_levels)
        for j, column in enumerate(pair.column_levels)
    )
    columns = (
        Column("row", pair.rows.name),
        Column("column", pair.columns.name),
        Column("n", "Subjects", "integer"),
        Column("expected", "Expected", "number"),
        Column("row_percent", f"% of {pair.rows.name}", "number"),
        Column("column_percent", f"% of {pair.columns.name}", "number"),
        Column("residual", "Standardised residual", "number"),
    )
    return TableView("counts", "Counts", columns, rows)


def _largest(pair: TablePair) -> str:
    residual = standardised_residuals(pair.table)
    i, j = np.unravel_index(int(np.abs(residual).argmax()), residual.shape)
    more = "more" if residual[i, j] > 0 else "fewer"
    return (
        f"Furthest from independence: {pair.row_levels[i]} with {pair.column_levels[j]}, "
        f"{counted(pair.table[i, j], 'subject')}, {more} than the {expected_counts(pair.table)[i, j]:.1f} expected."
    )


# --- drawing -------------------------------------------------------------------------------------


def draw(pair: TablePair, title: str, theme: Literal["light", "dark"]) -> dict[str, Figure]:
    from imagenomer.figures.comparison import mosaic_figure

    n = len(pair.column_levels)
    return {
        "mosaic": mosaic_figure(
            pair.table,
            pair.row_levels,
            pair.column_levels,
            colours=GROUP_COLOURS[:n] if n <= len(GROUP_COLOURS) else network_colours(n),
            title=title,
            x_label=pair.rows.name,
            y_label=f"Share of {pair.columns.name} (%)",
            note=f"{test_text(pair.chi2)}; Cramer's V {estimate_text(pair.v)}; "
            f"{counted(int(pair.table.sum()), 'subject')}.",
            theme=theme,
        ),
    }
