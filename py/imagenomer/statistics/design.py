"""Design: covariates as the columns of a linear model, and in words what is wrong with them.

A number is one column, its deviation from the mean; a category is one column of 0 and 1 for each level that occurs,
except the first. An interaction is the products of the columns of its two parts. The first column is the intercept.

A column that is constant or follows from those before it adds nothing to the model: it is left out, and a warning
says what it follows from. A model that leaves no degrees of freedom, or explains what is to be tested, is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.types import FloatArray, IntArray

#: A column that the others explain but for this share of its length follows from them; what R's `lm` uses.
ALIASED = 1e-7
#: Share of a covariate's variance that follows from the other covariates above which they are called entangled; a
#: variance inflation factor of 10.
_ENTANGLED = 0.9
#: Fewer subjects than this for each column of the model are worth a warning.
_SUBJECTS_PER_COLUMN = 10


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One phenotype, or the interaction of several, as columns.

    Attributes
    ----------
    name : str
        "age", "sex", "age × sex".
    columns : tuple of str
        "age"; "site: B", "site: C"; "age × sex: M". Empty where the phenotype does not vary.
    values : ndarray, shape (n_subjects, n_columns)
    warnings : tuple of str
    """

    name: str
    columns: tuple[str, ...]
    values: FloatArray
    warnings: tuple[str, ...] = ()


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
    warnings : tuple of str
        What a reader of the result should know, in plain words.
    """

    matrix: FloatArray
    columns: tuple[str, ...]
    basis: FloatArray
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def n_subjects(self) -> int:
        return int(self.matrix.shape[0])

    @property
    def rank(self) -> int:
        return int(self.matrix.shape[1])


def code(phenotypes: Phenotype | Sequence[Phenotype], subjects: IntArray) -> Term:
    """Return the columns of a phenotype, or of the interaction of several, for some subjects.

    Parameters
    ----------
    phenotypes : Phenotype or sequence of Phenotype
    subjects : ndarray, shape (n_subjects,)
        Indices of subjects who have a value: the caller says which are left out, and why.
    """
    if isinstance(phenotypes, Phenotype):
        return _code(phenotypes, subjects)
    term, *others = (_code(phenotype, subjects) for phenotype in phenotypes)
    for other in others:
        term = _product(term, other)
    return term


def build_design(
    covariates: Sequence[Phenotype], subjects: IntArray, interactions: Iterable[tuple[str, str]] = ()
) -> Design:
    """Return the model of some covariates; without any, that is the mean.

    Parameters
    ----------
    covariates : sequence of Phenotype
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
    products = []
    for first, second in interactions:
        for name in (first, second):
            if name not in terms:
                raise InputError(f"the interaction {first} × {second} needs {name} as a covariate too; add it")
        products.append(_product(terms[first], terms[second]))
    warnings = [warning for term in terms.values() for warning in term.warnings]

    n = subjects.size
    matrix, basis = np.ones((n, 1)), np.full((n, 1), 1 / np.sqrt(max(n, 1)))
    columns, left_out = ["intercept"], []
    for term in [*terms.values(), *products]:
        for name, values in zip(term.columns, term.values.T, strict=True):
            # Columns beyond the number of subjects always follow from the others, so they are no finding.
            if len(columns) == n:
                raise _too_few(n, 1 + sum(len(one.columns) for one in [*terms.values(), *products]))
            residual = residuals(values, basis)
            if np.linalg.norm(residual) <= ALIASED * np.linalg.norm(values):
                warnings.append(f"{name} is left out: for these subjects it {_origin(values, matrix, columns)}.")
                left_out.append(name)
                continue
            matrix = np.column_stack([matrix, values])
            basis = np.column_stack([basis, residual / np.linalg.norm(residual)])
            columns.append(name)
    if n - len(columns) < 2:
        raise _too_few(n, len(columns))
    warnings += _entangled(tuple(terms.values()), left_out)
    warnings += _thin(basis, tuple(terms.values()))
    return Design(matrix, tuple(columns), np.asfortranarray(basis), tuple(left_out), tuple(warnings))


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
    names, matrix = list(design.columns), design.matrix
    basis = design.basis
    for name, values in zip(tested.columns, tested.values.T, strict=True):
        residual = residuals(values, basis)
        norm = float(np.linalg.norm(residual))
        if norm <= ALIASED * np.linalg.norm(values):
            raise InputError(
                f"{name} cannot be tested: for these subjects it {_origin(values, matrix, names)}; "
                "leave that out of the covariates"
            )
        basis, matrix = np.column_stack([basis, residual / norm]), np.column_stack([matrix, values])
        names.append(name)
    return np.asfortranarray(basis[:, design.rank :])


def residuals(values: FloatArray, basis: FloatArray) -> FloatArray:
    """Return what orthonormal columns leave of some values, shape (n_subjects,) or (n_subjects, n_columns)."""
    for _ in range(2):  # the second time takes off what rounding left, so that near-aliased columns are told apart
        values = values - basis @ (basis.T @ values)
    return values


# --- columns -------------------------------------------------------------------------------------


def _code(phenotype: Phenotype, subjects: IntArray) -> Term:
    name, values = phenotype.name, phenotype.values[subjects]
    if phenotype.missing[subjects].any() or not np.isfinite(values).all():
        raise ValueError(f"{name} has missing values; leave those subjects out first")
    if not phenotype.levels:
        deviations = values - values.mean() if values.size else np.zeros(0)
        if not np.linalg.norm(deviations) > 1e-13 * np.linalg.norm(values):
            return _constant(name, subjects.size, f"{values[0]:g}" if values.size else "")
        return Term(name, (name,), np.asarray(deviations, dtype=np.float64)[:, None])
    counts = np.bincount(np.asarray(values, dtype=np.intp), minlength=len(phenotype.levels))
    present = np.flatnonzero(counts)
    if present.size < 2:
        return _constant(name, subjects.size, phenotype.levels[present[0]] if present.size else "")
    warnings = tuple(
        f"{phenotype.levels[level]} of {name} has one subject, who is fitted exactly and so tells nothing."
        for level in np.flatnonzero(counts == 1)
    )
    columns = tuple(f"{name}: {phenotype.levels[level]}" for level in present[1:])
    return Term(name, columns, (values[:, None] == present[1:]).astype(np.float64), warnings)


def _constant(name: str, n_subjects: int, value: str) -> Term:
    warning = f"{name} is left out: all {n_subjects} subjects have the same value, {value}."
    return Term(name, (), np.zeros((n_subjects, 0)), (warning,))


def _product(first: Term, second: Term) -> Term:
    columns = tuple(f"{one} × {other}" for one in first.columns for other in second.columns)
    values = (first.values[:, :, None] * second.values[:, None, :]).reshape(first.values.shape[0], len(columns))
    return Term(f"{first.name} × {second.name}", columns, values)


# --- words ---------------------------------------------------------------------------------------


def _origin(values: FloatArray, matrix: FloatArray, columns: Sequence[str]) -> str:
    """Say which columns a column follows from: "says the same as age", "follows from age and sex: M"."""
    lengths = np.linalg.norm(matrix, axis=0)
    weights = np.linalg.lstsq(matrix / lengths, values, rcond=None)[0]
    large = np.abs(weights) > 1e-6 * np.abs(weights).max(initial=0)
    named = [column for column, used in zip(columns[1:], large[1:], strict=True) if used]
    if len(named) > 1:
        return f"follows from {', '.join(named[:-1])} and {named[-1]}"
    return f"says the same as {named[0]}" if named else "does not vary"


def _entangled(terms: tuple[Term, ...], left_out: Sequence[str]) -> list[str]:
    said = []
    for term in terms:
        others = [other for other in terms if other is not term and other.columns]
        if not others:
            continue
        basis = np.linalg.qr(_standardised(np.column_stack([other.values for other in others])))[0]
        for name, values in zip(term.columns, _standardised(term.values).T, strict=True):
            share = 1 - float(np.sum((values - basis @ (basis.T @ values)) ** 2))
            if share > _ENTANGLED and not {name, *(one for other in others for one in other.columns)} & {*left_out}:
                said.append(
                    f"{share:.0%} of the variance of {name} follows from {_listed([other.name for other in others])}: "
                    "their own effects can hardly be told apart, but together they are adjusted for all the same."
                )
    return said


def _standardised(values: FloatArray) -> FloatArray:
    centred = values - values.mean(axis=0)
    return np.asarray(centred / np.linalg.norm(centred, axis=0))


def _thin(basis: FloatArray, terms: tuple[Term, ...]) -> list[str]:
    n, rank = basis.shape
    said = []
    n_exact = int(np.count_nonzero(np.einsum("ij,ij->i", basis, basis) > 1 - 1e-8))
    # Those of a level of their own have been named; more come from interactions.
    n_exact -= sum("has one subject" in warning for term in terms for warning in term.warnings)
    if n_exact > 0:
        said.append(
            f"{n_exact} subjects are each the only one of a kind among the covariates, are fitted exactly, "
            "and tell nothing."
            if n_exact > 1
            else "One subject is the only one of a kind among the covariates, is fitted exactly, and tells nothing."
        )
    if n < _SUBJECTS_PER_COLUMN * rank and rank > 1:
        said.append(
            f"{n} subjects for a model of {rank} columns are few: a usual rule asks for "
            f"{_SUBJECTS_PER_COLUMN} subjects for each."
        )
    return said


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _too_few(n_subjects: int, n_columns: int) -> InputError:
    return InputError(
        f"{n_subjects} complete subjects cannot fit a model of {n_columns} columns (the mean, one for each number and "
        "one for each further level of a category); choose fewer covariates or a larger group"
    )
