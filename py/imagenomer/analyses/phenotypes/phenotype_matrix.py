"""All phenotypes against all: where confounders are seen first."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Annotated, cast

import numpy as np

from imagenomer.analyses.contract import (
    Analysis,
    Answer,
    Choice,
    Column,
    GridView,
    GroupChoice,
    Link,
    PhenotypesChoice,
    Report,
    TableView,
)
from imagenomer.analyses.shared.families import family_warnings
from imagenomer.analyses.shared.form_fields import Alpha, alpha_field
from imagenomer.analyses.shared.sample import PhenotypeSample, counted, draw_phenotype_sample, listed
from imagenomer.analyses.shared.test_tables import number_text, p_text
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.jsonable import finite
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.clustering import average_linkage, leaf_order
from imagenomer.statistics.correction import Method, adjust_neg_log10, n_tests
from imagenomer.statistics.pairwise import Pairs, associate_pairs
from imagenomer.types import FloatArray, IntArray, Json

if TYPE_CHECKING:
    pass

#: Phenotypes in the map and pairs in the table, at most: more cannot be read or pointed at.
_MOST_SHOWN, _MOST_LISTED = 100, 2000
#: Phenotypes compared at most: pairs grow with their square, and these make two million.
_MOST_COMPARED = 2000
#: Pairs named in a sentence.
_NAMED = 5
#: Associations from this on are named as possible confounders; a quarter of the variance.
_STRONG = 0.5
_SMALL = 5

_CORRECTIONS = {"holm": "Holm", "bh": "Benjamini-Hochberg (FDR)"}


@dataclass(frozen=True, slots=True)
class Params:
    phenotypes: Annotated[tuple[str, ...], PhenotypesChoice()] = field(
        default=(), metadata={"help": "None chosen: all of them."}
    )
    group: Annotated[str | None, GroupChoice()] = None
    order: Annotated[str, Choice((("clustered", "Alike side by side"), ("file", "As in the file")))] = "clustered"
    correction: Annotated[str, Choice(tuple(_CORRECTIONS.items()))] = "holm"
    alpha: Alpha = alpha_field()


@dataclass(frozen=True, slots=True, eq=False)
class PhenotypeMatrix:
    """Every phenotype against every other.

    Attributes
    ----------
    people : PhenotypeSample
    phenotypes : tuple of Phenotype
        In file order, as all that follows.
    pairs : Pairs
    corrected : ndarray, shape (n_phenotypes, n_phenotypes)
        -log10 p corrected over all pairs that were tested; NaN elsewhere.
    shown : ndarray, shape (n_shown,)
        Phenotypes in the map, in its order.
    """

    people: PhenotypeSample
    phenotypes: tuple[Phenotype, ...]
    pairs: Pairs
    corrected: FloatArray
    shown: IntArray


def compute(cohort: Cohort, params: Params) -> Steps[PhenotypeMatrix]:
    yield Progress("Choosing subjects")
    if len(params.phenotypes) > _MOST_COMPARED:
        raise InputError(
            f"{counted(len(params.phenotypes), 'phenotype')} are chosen; choose at most {_MOST_COMPARED:,}"
        )
    names = params.phenotypes or islice(cohort.phenotypes, _MOST_COMPARED)
    phenotypes = tuple(cohort.phenotype(name) for name in names)
    if len(phenotypes) < 2:
        raise InputError(
            f"{counted(len(phenotypes), 'phenotype')} cannot be compared with others; choose at least two, or none "
            "for all"
        )
    people = draw_phenotype_sample(cohort, group=params.group, missing={}, at_least=3)
    pairs = yield from associate_pairs(phenotypes, people.subjects)
    below = np.tril_indices(len(phenotypes), -1)
    corrected = np.full(pairs.association.shape, np.nan)
    corrected[below] = adjust_neg_log10(pairs.neg_log10_p[below], cast("Method", params.correction))
    corrected.T[below] = corrected[below]
    return PhenotypeMatrix(people, phenotypes, pairs, corrected, _shown(pairs, params.order))


def _shown(pairs: Pairs, order: str) -> IntArray:
    """Return the phenotypes of the map in order: all, or those with the strongest evidence of any association."""
    strongest = np.nan_to_num(pairs.neg_log10_p, nan=-1.0, posinf=np.inf).max(axis=1)
    kept = np.sort(np.argsort(-strongest, kind="stable")[:_MOST_SHOWN])
    if order == "file":
        return kept
    distance = 1 - np.abs(np.nan_to_num(pairs.association[np.ix_(kept, kept)]))
    # Rounded, so that ties by rounding do not depend on the order of subjects.
    return kept[leaf_order(average_linkage(np.round(distance, 12)))]


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: PhenotypeMatrix) -> Report:
    listed_pairs, tested = _strongest_first(result), n_tests(_lower(result.pairs.neg_log10_p))
    significant = int(np.count_nonzero(_lower(result.corrected) >= -np.log10(params.alpha)))
    rows = [_row(result, i, j) for i, j in listed_pairs]
    return Report(
        numbers={
            "phenotypes": [one.name for one in result.phenotypes],
            "group": params.group,
            **result.people.numbers,
            "correction": params.correction,
            "alpha": params.alpha,
            "n_pairs": len(result.phenotypes) * (len(result.phenotypes) - 1) // 2,
            "n_tests": tested,
            "n_significant": significant,
            "order": [result.phenotypes[index].name for index in result.shown],
            "strongest": rows[:_NAMED],
        },
        sentences=tuple(_sentences(params, result, listed_pairs, tested, significant)),
        warnings=(
            *_left_out(cohort, params),
            *_warnings(result, tested),
            *family_warnings(cohort, result.people.subjects, (), "choose two phenotypes by themselves, with Families"),
        ),
        views=(
            _grid(params, result),
            *([TableView("pairs", "Pairs, most significant first", _COLUMNS, tuple(rows))] if rows else []),
        ),
        arrays={
            "association": result.pairs.association,
            "neg_log10_p": result.pairs.neg_log10_p,
            "neg_log10_p_corrected": result.corrected,
            "n_subjects": result.pairs.n_subjects,
        },
    )


def _lower(square: FloatArray) -> FloatArray:
    """Return each pair once."""
    return square[np.tril_indices(len(square), -1)]


def _strongest_first(result: PhenotypeMatrix) -> list[tuple[int, int]]:
    """Return the pairs that were tested, most significant first, then strongest."""
    first, second = np.triu_indices(len(result.phenotypes), 1)
    p = result.pairs.neg_log10_p[first, second]
    order = np.lexsort((-np.abs(result.pairs.association[first, second]), -p))
    order = order[~np.isnan(p[order])][:_MOST_LISTED]
    return list(zip(first[order].tolist(), second[order].tolist(), strict=True))


_COLUMNS = (
    Column("first", "Phenotype"),
    Column("second", "With"),
    Column("measure", "Measure"),
    Column("association", "Association", "number"),
    Column("p_value", "p", "p"),
    Column("p_corrected", "p corrected", "p"),
    Column("n_subjects", "Subjects", "integer"),
    Column("neg_log10_p", "−log10 p", "number", where="file"),
    Column("smallest_expected", "Smallest expected count", "number", where="file"),
)


def _row(result: PhenotypeMatrix, i: int, j: int) -> dict[str, Json]:
    pairs = result.pairs
    return {
        "first": result.phenotypes[i].name,
        "second": result.phenotypes[j].name,
        "measure": _measure(result, i, j),
        "association": finite(pairs.association[i, j]),
        "p_value": float(10 ** -pairs.neg_log10_p[i, j]),
        "p_corrected": float(10 ** -result.corrected[i, j]),
        "neg_log10_p": finite(pairs.neg_log10_p[i, j]),
        "n_subjects": int(pairs.n_subjects[i, j]),
        "smallest_expected": finite(pairs.smallest_expected[i, j]),
    }


def _measure(result: PhenotypeMatrix, i: int, j: int) -> str:
    n_categories = sum(bool(result.phenotypes[index].levels) for index in (i, j))
    return ("Pearson's r", "Epsilon", "Cramer's V")[n_categories]


def _sentences(
    params: Params, result: PhenotypeMatrix, pairs: list[tuple[int, int]], tested: int, significant: int
) -> list[str]:
    said = [*result.people.sentences]
    said.append(
        "Each pair is over the subjects with both. All measures are on the scale of a correlation: Pearson's r of "
        "two numbers (the only one with a sign), epsilon of a category and a number (the correlation ratio eta, "
        "corrected for bias) and Cramer's V of two categories (corrected for bias); 0 is no association, 1 means "
        "that one determines the other."
    )
    said.append(
        f"{counted(tested, 'pair was', 'pairs were')} tested, by the t of r, the F of an analysis of variance, or "
        f"chi-squared; {significant:,} {'is' if significant == 1 else 'are'} significant at {params.alpha:g} corrected "
        f"by {_CORRECTIONS[params.correction]} over all of them."
    )
    if pairs:
        named = "; ".join(_named(result, i, j) for i, j in pairs[:_NAMED])
        said.append(Answer(f"Most significant: {named}."))
    strong = int(np.count_nonzero(np.abs(_lower(result.pairs.association)) >= _STRONG))
    if strong:
        said.append(
            f"{counted(strong, 'pair has', 'pairs have')} an association of {_STRONG:g} or more. What is "
            "associated with one of such a pair may be due to the other: adjust for it and see whether the finding "
            "remains."
        )
    if len(result.shown) < len(result.phenotypes):
        said.append(
            f"The map shows the {len(result.shown)} of {len(result.phenotypes):,} phenotypes with the most significant "
            "associations; choose phenotypes to see others."
        )
    if tested > len(pairs):
        said.append(f"The table lists the {len(pairs):,} most significant pairs.")
    if params.order == "clustered":
        said.append(
            "Phenotypes are ordered by hierarchical clustering (average linkage of 1 minus the strength of "
            "association), so that associated ones are side by side."
        )
    return said


def _named(result: PhenotypeMatrix, i: int, j: int) -> str:
    value = result.pairs.association[i, j]
    text = f"{'' if np.isnan(value) else '= '}{number_text(value, '.2f')}"
    return (
        f"{result.phenotypes[i].name} with {result.phenotypes[j].name} ({_measure(result, i, j)} {text}, "
        f"{p_text(result.pairs.neg_log10_p[i, j])}, n = {result.pairs.n_subjects[i, j]})"
    )


def _left_out(cohort: Cohort, params: Params) -> list[str]:
    if params.phenotypes or len(cohort.phenotypes) <= _MOST_COMPARED:
        return []
    return [
        f"Only the first {_MOST_COMPARED:,} of {len(cohort.phenotypes):,} phenotypes are compared, in the order of the "
        "file; choose phenotypes to compare others."
    ]


def _warnings(result: PhenotypeMatrix, tested: int) -> list[str]:
    said = []
    flat = [one.name for index, one in enumerate(result.phenotypes) if np.isnan(result.pairs.association[index, index])]
    if flat:
        said.append(
            f"{', '.join(flat)} {'does' if len(flat) == 1 else 'do'} not vary among these subjects and cannot be "
            "associated with anything."
        )
    said += _exact(result)
    if not tested:
        said.append("No pair could be tested: too little variation or too few subjects.")
    rough = int(np.count_nonzero(_lower(result.pairs.smallest_expected) < _SMALL))
    if rough:
        said.append(
            f"In {counted(rough, 'pair')} of categories an expected count is below {_SMALL}, so the p-value is "
            "approximate; click on the pair for Fisher's exact test."
        )
    sizes = _lower(result.pairs.n_subjects.astype(np.float64))
    if sizes.min() < 0.5 * sizes.max():
        said.append(
            f"Numbers of subjects differ between pairs ({sizes.min():.0f} to {sizes.max():.0f}), because values are "
            "missing: associations are not all of the same subjects."
        )
    return said


def _exact(result: PhenotypeMatrix) -> list[str]:
    """Name the pairs in which a number follows from the other phenotype."""
    first, second = np.nonzero(np.triu(result.pairs.exact))
    if not first.size:
        return []
    names = [
        f"{result.phenotypes[i].name} with {result.phenotypes[j].name}"
        for i, j in zip(first.tolist(), second.tolist(), strict=True)
    ]
    return [
        f"In {counted(len(names), 'pair')} a number follows exactly from the other phenotype (a line through all "
        "subjects, or no spread within levels), so nothing is left to compare with, and t, F and p are not defined: "
        f"{listed(names)}."
    ]


def _grid(params: Params, result: PhenotypeMatrix) -> GridView:
    shown = result.shown.tolist()
    names = tuple(result.phenotypes[index].name for index in shown)
    return GridView(
        "associations",
        "All phenotypes against all",
        "Association: r, epsilon or Cramer's V",
        names,
        names,
        tuple(tuple(finite(result.pairs.association[i, j]) if i != j else None for j in shown) for i in shown),
        limit=1.0,
        tips=tuple(tuple(_tip(result, i, j) for j in shown) for i in shown),
        links=tuple(tuple(_link(params, result, i, j) for j in shown) for i in shown),
        note=f"{counted(result.people.subjects.size, 'subject')}; r with its sign, epsilon and Cramer's V without.",
    )


def _tip(result: PhenotypeMatrix, i: int, j: int) -> str:
    pairs, phenotypes = result.pairs, result.phenotypes
    if i == j:
        return phenotypes[i].name
    if np.isnan(pairs.association[i, j]):
        return (
            f"{phenotypes[i].name} with {phenotypes[j].name}: not defined, {pairs.n_subjects[i, j]} subjects have both"
        )
    rough = pairs.smallest_expected[i, j] < _SMALL
    return (
        f"{_named(result, i, j)}, corrected {p_text(result.corrected[i, j])}"
        f"{'; small expected counts' if rough else ''}"
    )


def _link(params: Params, result: PhenotypeMatrix, i: int, j: int) -> Link | None:
    if i == j or np.isnan(result.pairs.association[i, j]):
        return None
    names = {"x": result.phenotypes[j].name, "y": result.phenotypes[i].name}
    return Link("phenotype-association", {**names, "group": params.group})


# --- drawing -------------------------------------------------------------------------------------


ANALYSIS = Analysis(
    title="All phenotypes against all",
    summary="Which phenotypes are associated: where confounders are seen first.",
    tab="Phenotypes",
    params=Params,
    compute=compute,
    report=report,
    needs=("phenotypes",),
)
