"""Design: covariates as the columns of a linear model, and what is wrong with them.

A number is one column, its deviation from the mean; a category is one column of 0 and 1 for each level that occurs,
except the first. An interaction is the products of the columns of its two parts. The first column is the intercept.

A column that is constant or follows from those before it adds nothing to the model: it is left out. What of that, and
of subjects who are fitted exactly, a reader of the result should know is a `Finding`. A model that leaves no degrees of
freedom, or explains what is to be tested, is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from imagenomer.errors import InputError
from imagenomer.progress import Steps, finish
from imagenomer.statistics.orthonormal import extend, residuals
from imagenomer.types import BoolArray, FloatArray, IntArray, Variable

#: A column that the others explain but for this share of its length follows from them; what R's `lm` uses.
ALIASED = 1e-7
#: Share of a covariate's variance that follows from the other covariates above which they are called collinear; a
#: variance inflation factor of 10.
_COLLINEAR = 0.9
#: A usual rule asks for so many subjects for each column of the model.
SUBJECTS_PER_COLUMN = 10


# --- findings ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConstantVariable:
    """A variable that has the same value in all subjects, and is left out.

    Attributes
    ----------
    name : str
    n_subjects : int
    value : float or str
        The number or the level; "" where there are no subjects.
    """

    name: str
    n_subjects: int
    value: float | str


@dataclass(frozen=True, slots=True)
class SingleSubjectLevel:
    """A level that one subject has, who is fitted exactly."""

    variable: str
    level: str


@dataclass(frozen=True, slots=True)
class AliasedColumn:
    """A column that follows from those before it, and is left out.

    Attributes
    ----------
    column : str
    sources : tuple of str
        The columns it follows from; none where it does not vary.
    """

    column: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CollinearColumn:
    """A column that stays in the model, though most of its variance follows from other variables.

    Attributes
    ----------
    column : str
    share : float
        Of the column's variance, what the others explain.
    others : tuple of str
        Names of these variables.
    """

    column: str
    share: float
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SaturatedSubjects:
    """So many subjects, beside those of a `SingleSubjectLevel`, are each fitted exactly by the model."""

    n_subjects: int


@dataclass(frozen=True, slots=True)
class FewSubjects:
    """Fewer subjects than `SUBJECTS_PER_COLUMN` for each column of the model."""

    n_subjects: int
    n_columns: int


TermFinding: TypeAlias = ConstantVariable | SingleSubjectLevel
#: What a reader of a result should know of the model.
Finding: TypeAlias = TermFinding | AliasedColumn | CollinearColumn | SaturatedSubjects | FewSubjects


# --- terms and designs ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One variable, or the interaction of several, as columns.

    Attributes
    ----------
    name : str
        "age", "sex", "age × sex".
    columns : tuple of str
        "age"; "site: B", "site: C"; "age × sex: M". Empty where the variable does not vary.
    values : ndarray, shape (n_subjects, n_columns)
    findings : tuple of ConstantVariable or SingleSubjectLevel
    """

    name: str
    columns: tuple[str, ...]
    values: FloatArray
    findings: tuple[TermFinding, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """What a linear model adjusts for.

    Attributes
    ----------
    matrix : ndarray, shape (n_subjects, n_columns)
        Of full rank; the first column is 1.
    columns : tuple of str, length n_columns
        Names of the columns, "intercept" first.
    basis : ndarray, shape (n_subjects, n_columns), Fortran-ordered
        Orthonormal columns that span the same space; the first is constant.
    left_out : tuple of str
        Columns that follow from others.
    findings : tuple of Finding
    used : tuple of str
        Names of the covariates that have a column in the model: those that vary, and do not follow from others.
    """

    matrix: FloatArray
    columns: tuple[str, ...]
    basis: FloatArray
    left_out: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    used: tuple[str, ...] = ()

    @property
    def n_subjects(self) -> int:
        return int(self.matrix.shape[0])

    @property
    def rank(self) -> int:
        return int(self.matrix.shape[1])

    def used_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return those of some covariates that have a column in the model, in their order."""
        return tuple(name for name in names if name in self.used)


def code(variables: Variable | Sequence[Variable], subjects: IntArray) -> Term:
    """Return the columns of a variable, or of the interaction of several, for some subjects.

    Parameters
    ----------
    variables : Variable or sequence of Variable
    subjects : ndarray, shape (n_subjects,)
        Indices of subjects who have a value: the caller says which are left out, and why.
    """
    if not isinstance(variables, Sequence):
        return _code(variables, subjects)
    term, *others = (_code(variable, subjects) for variable in variables)
    for other in others:
        term = _product(term, other)
    return term


def build_design(
    covariates: Sequence[Variable], subjects: IntArray, interactions: Iterable[tuple[str, str]] = ()
) -> Design:
    """Return the model of some covariates; without any, that is the mean.

    Parameters
    ----------
    covariates : sequence of Variable
        Numbers and categories. Where one follows from others, the later ones are left out.
    subjects : ndarray, shape (n_subjects,)
        Indices of subjects who have all values.
    interactions : iterable of pairs of str
        Names of covariates whose products are adjusted for as well.

    Raises
    ------
    InputError
        If an interaction is of something that is not a covariate, or there are too few subjects.
    """
    terms = {covariate.name: code(covariate, subjects) for covariate in covariates}
    mains = tuple(terms.values())
    everything = (*mains, *_interactions(terms, interactions))
    n = subjects.size
    names = ("intercept", *(column for term in everything for column in term.columns))
    values = np.column_stack([np.ones((n, 1)), *(term.values for term in everything)])
    basis, added = finish(extend(np.full((n, 1), 1 / np.sqrt(max(n, 1))), values[:, 1:], ALIASED))
    in_model = np.concatenate([[True], added])
    # Columns beyond the number of subjects always follow from the others, so they are no finding.
    if basis.shape[1] == n and not in_model[-1]:
        raise _too_few(n, len(names))
    matrix, columns = values[:, in_model], tuple(name for name, own in zip(names, in_model, strict=True) if own)
    if n - len(columns) < 2:
        raise _too_few(n, len(columns))
    aliased = _aliased(values, names, in_model)
    left_out = tuple(one.column for one in aliased)
    of_terms = tuple(finding for term in mains for finding in term.findings)
    findings: list[Finding] = [*of_terms, *aliased, *_collinear(mains, left_out), *_saturated(basis, of_terms)]
    if n < SUBJECTS_PER_COLUMN * len(columns) and len(columns) > 1:
        findings.append(FewSubjects(n, len(columns)))
    used = tuple(term.name for term in mains if any(column not in left_out for column in term.columns))
    return Design(matrix, columns, basis, left_out, tuple(findings), used)


def directions_of(tested: Term, design: Design) -> FloatArray:
    """Return orthonormal columns that span what of a term the covariates do not explain.

    The first column points the way of the term's first, so that a sign keeps its meaning.

    Returns
    -------
    ndarray, shape (n_subjects, n_columns), Fortran-ordered

    Raises
    ------
    InputError
        If the term does not vary, follows from the covariates, or leaves no degrees of freedom.
    """
    return finish(directions_in_steps(tested, design))


def directions_in_steps(tested: Term, design: Design) -> Steps[FloatArray]:
    """Return the columns of `directions_of` in steps, for a category that may have thousands of levels."""
    n = design.n_subjects
    if tested.values.shape[0] != n:
        raise ValueError(f"{tested.name} has {tested.values.shape[0]} subjects, the covariates have {n}")
    if not tested.columns:
        raise InputError(
            f"all {n} subjects have the same {tested.name}, so nothing can vary with it; "
            "choose another phenotype or a larger group"
        )
    if n - design.rank - len(tested.columns) < 1:
        raise _too_few(n, design.rank + len(tested.columns))
    basis, added = yield from extend(design.basis, tested.values, ALIASED)
    if not added.all():
        place = int(added.argmin())
        matrix = np.column_stack([design.matrix, tested.values[:, :place]])
        (sources,) = _sources(tested.values[:, place, None], matrix, (*design.columns, *tested.columns[:place]))
        raise InputError(
            f"{tested.columns[place]} cannot be tested: for these subjects it follows from "
            f"{_listed(sources or ('the mean',))}; leave that out of the covariates"
        )
    return basis[:, design.rank :]


def follows_from(tested: Term, design: Design) -> bool:
    """Return whether any column of a term follows from the columns of a design."""
    left = residuals(tested.values, design.basis)
    return bool((np.linalg.norm(left, axis=0) <= ALIASED * np.linalg.norm(tested.values, axis=0)).any())


# --- columns -------------------------------------------------------------------------------------


def _code(variable: Variable, subjects: IntArray) -> Term:
    name, values = variable.name, variable.values[subjects]
    if variable.missing[subjects].any() or not np.isfinite(values).all():
        raise ValueError(f"{name} has missing values; leave those subjects out first")
    if not variable.levels:
        deviations = values - values.mean() if values.size else np.zeros(0)
        if not np.linalg.norm(deviations) > 1e-13 * np.linalg.norm(values):
            return _constant(name, subjects.size, float(values[0]) if values.size else "")
        return Term(name, (name,), np.asarray(deviations, dtype=np.float64)[:, None])
    counts = np.bincount(np.asarray(values, dtype=np.intp), minlength=len(variable.levels))
    present = np.flatnonzero(counts)
    if present.size < 2:
        return _constant(name, subjects.size, variable.levels[present[0]] if present.size else "")
    single = tuple(SingleSubjectLevel(name, variable.levels[level]) for level in np.flatnonzero(counts == 1))
    columns = tuple(f"{name}: {variable.levels[level]}" for level in present[1:])
    return Term(name, columns, (values[:, None] == present[1:]).astype(np.float64), single)


def _constant(name: str, n_subjects: int, value: float | str) -> Term:
    return Term(name, (), np.zeros((n_subjects, 0)), (ConstantVariable(name, n_subjects, value),))


def _interactions(terms: Mapping[str, Term], pairs: Iterable[tuple[str, str]]) -> list[Term]:
    products = []
    for first, second in pairs:
        for name in (first, second):
            if name not in terms:
                raise InputError(f"the interaction {first} × {second} needs {name} as a covariate too; add it")
        products.append(_product(terms[first], terms[second]))
    return products


def _product(first: Term, second: Term) -> Term:
    columns = tuple(f"{one} × {other}" for one in first.columns for other in second.columns)
    values = (first.values[:, :, None] * second.values[:, None, :]).reshape(first.values.shape[0], len(columns))
    return Term(f"{first.name} × {second.name}", columns, values)


# --- what is wrong with covariates ---------------------------------------------------------------


def _aliased(values: FloatArray, names: Sequence[str], in_model: BoolArray) -> list[AliasedColumn]:
    """Say of each column that is not in the model which of those before it it follows from."""
    found: list[AliasedColumn] = []
    left_out = np.flatnonzero(~in_model)
    # Those between the same two columns of the model follow from the same ones.
    for places in np.split(left_out, np.flatnonzero(np.diff(left_out) > 1) + 1):
        before = np.flatnonzero(in_model[: places[0]]) if places.size else places
        sources = _sources(values[:, places], values[:, before], [names[place] for place in before])
        found += [AliasedColumn(names[place], of_one) for place, of_one in zip(places, sources, strict=True)]
    return found


def _sources(values: FloatArray, matrix: FloatArray, columns: Sequence[str]) -> list[tuple[str, ...]]:
    """Return of each column of some values the columns of a matrix that it follows from, without the intercept."""
    if not values.shape[1]:
        return []
    lengths = np.linalg.norm(matrix, axis=0)
    weights = np.abs(np.linalg.lstsq(matrix / lengths, values, rcond=None)[0])
    large = weights > 1e-6 * weights.max(axis=0)
    return [tuple(column for column, used in zip(columns[1:], of_one[1:], strict=True) if used) for of_one in large.T]


def _collinear(terms: Sequence[Term], left_out: Sequence[str]) -> list[CollinearColumn]:
    found = []
    for term in terms:
        others = [other for other in terms if other is not term and other.columns]
        if not others:
            continue
        basis = np.linalg.qr(_standardised(np.column_stack([other.values for other in others])))[0]
        for name, values in zip(term.columns, _standardised(term.values).T, strict=True):
            share = 1 - float(np.sum((values - basis @ (basis.T @ values)) ** 2))
            if share > _COLLINEAR and not {name, *(one for other in others for one in other.columns)} & {*left_out}:
                found.append(CollinearColumn(name, share, tuple(other.name for other in others)))
    return found


def _standardised(values: FloatArray) -> FloatArray:
    centred = values - values.mean(axis=0)
    return np.asarray(centred / np.linalg.norm(centred, axis=0))


def _saturated(basis: FloatArray, of_terms: Iterable[TermFinding]) -> list[SaturatedSubjects]:
    n_exact = int(np.count_nonzero(np.einsum("ij,ij->i", basis, basis) > 1 - 1e-8))
    # Those of a level of their own are findings already; more come from interactions.
    n_exact -= sum(isinstance(finding, SingleSubjectLevel) for finding in of_terms)
    return [SaturatedSubjects(n_exact)] if n_exact > 0 else []


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _too_few(n_subjects: int, n_columns: int) -> InputError:
    return InputError(
        f"{n_subjects} complete subjects cannot fit a model of {n_columns} columns (the mean, one for each number and "
        "one for each further level of a category); choose fewer covariates or a larger group"
    )
