"""The result of a phenotype's distribution."""

from __future__ import annotations

from dataclasses import dataclass

from imagenomer.cohort import Phenotype
from imagenomer.groups import Selection, describe
from imagenomer.statistics.category_difference import CategoryDifference
from imagenomer.statistics.difference import NumberDifference, NumberSummary
from imagenomer.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """The phenotype of one group.

    Attributes
    ----------
    expression : str or None
        None: everybody.
    selection : Selection
    values : ndarray, shape (n_members,)
        As in `Phenotype.values`, missing ones included.
    """

    expression: str | None
    selection: Selection
    values: FloatArray | IntArray

    @property
    def name(self) -> str:
        return "Everybody" if self.expression is None else describe(self.expression)


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """A phenotype by group.

    Attributes
    ----------
    phenotype : Phenotype
    groups : tuple of Members
    summaries : tuple of NumberSummary
        By group; empty for a category.
    counts : ndarray, shape (n_groups, n_levels)
        Subjects of each level; no columns for a number.
    shared : tuple of str
        Subjects with a value who are in several groups; with any, groups are not compared.
    difference : NumberDifference, CategoryDifference or None
        None where groups were not compared.
    """

    phenotype: Phenotype
    groups: tuple[Members, ...]
    summaries: tuple[NumberSummary, ...]
    counts: IntArray
    shared: tuple[str, ...]
    difference: NumberDifference | CategoryDifference | None

    @property
    def title(self) -> str:
        return f"{self.phenotype.name} by group" if len(self.groups) > 1 else self.phenotype.name
