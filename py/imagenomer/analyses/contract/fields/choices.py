"""Fields that choose one of what a cohort has: a phenotype, a level, a measure, a task, a group and so on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from imagenomer import groups as group_expressions
from imagenomer.analyses.contract.fields.field import Control, Field
from imagenomer.cohort import Cohort, no_such
from imagenomer.companion import companion_of
from imagenomer.errors import InputError
from imagenomer.types import Json


class NameChoice(Field):
    """One text that names something in a cohort.

    Attributes
    ----------
    what : str
        Of what: "task".
    choices : str
        Where the page finds the names: a list of the overview, or "levels", "groups".
    lacking : str
        What the form says where the cohort has none; "": the field is hidden then.
    fewest : int
        Fewer options than these are no choice, and the field is hidden.
    """

    __slots__ = ()

    control: ClassVar[Control] = "select"
    declared: ClassVar[Any] = str
    may_be_none: ClassVar[bool] = True
    what: ClassVar[str]
    choices: ClassVar[str]
    lacking: ClassVar[str] = ""
    fewest: ClassVar[int] = 0
    in_form: ClassVar[tuple[str, ...]] = ("control", "choices", "none_option", "lacking", "fewest")

    @property
    def accepts(self) -> str:
        return f"the name of a {self.what}"

    def check(self, name: str, value: Json) -> str:
        if not isinstance(value, str):
            self.refuse(name, value)
        return value

    def in_file_name(self, value: Any, settled: Json) -> str:
        chosen = value or settled
        return chosen if isinstance(chosen, str) else ""

    @property
    def none_option(self) -> str | None:
        """What the page calls None among the options; None: it is not offered."""
        return self.nothing


@dataclass(frozen=True, slots=True)
class PhenotypeChoice(NameChoice):
    """One phenotype by name; ``kind`` restricts to numbers or categories.

    Where one must be chosen the page begins with the first of this ``role``, else with the first whose name holds one
    of ``prefer``, in lower case, and which has no role.
    """

    kind: Literal["number", "category"] | None = None
    prefer: tuple[str, ...] = ()
    role: str = ""

    nothing: ClassVar[str] = "None"
    what: ClassVar[str] = "phenotype"
    choices: ClassVar[str] = "phenotypes"
    lacking: ClassVar[str] = "This cohort has no such phenotype."

    def check_against(self, name: str, value: Any, cohort: Cohort, params: Any) -> None:
        check_kind(name, value, self.kind, cohort)


def check_kind(name: str, phenotype: str, kind: Literal["number", "category"] | None, cohort: Cohort) -> None:
    """Raise `InputError` where a cohort has no such phenotype, or it is not of the kind that a field takes."""
    found = cohort.phenotype(phenotype)
    if kind in (None, found.kind):
        return
    fitting = [one.name for one in cohort.phenotypes.values() if one.kind == kind]
    raise InputError(
        f"{name} takes a {kind}, and {found.name} is a {found.kind}; choose one of: {', '.join(fitting) or 'none'}"
    )


@dataclass(frozen=True, slots=True)
class LevelChoice(NameChoice):
    """One level of the category chosen in the field ``of``; shown only when that is a category.

    ``whole`` names the choice of none, of a category with more than two levels; "" where one must be chosen.
    ``optional``: of a category with two levels none can be chosen too.
    """

    of: str
    whole: str = ""
    optional: bool = False

    what: ClassVar[str] = "level"
    choices: ClassVar[str] = "levels"
    fewest: ClassVar[int] = 1

    def check_against(self, name: str, value: Any, cohort: Cohort, params: Any) -> None:
        phenotype = cohort.phenotype(getattr(params, self.of))
        if phenotype.kind == "number":
            raise InputError(f"{phenotype.name} is a number and has no level {value!r}; leave the level out")
        phenotype.indicator(value)  # refuses a level that is not there

    def is_worded(self, value: Any, cohort: Cohort) -> bool:
        return value is not None

    @property
    def none_option(self) -> str | None:
        return self.whole or None


class ListedChoice(NameChoice):
    """One of the names of which a cohort has a list."""

    __slots__ = ()

    @abstractmethod
    def names(self, cohort: Cohort) -> Collection[str]:
        """Return the names that there are."""

    def check_against(self, name: str, value: Any, cohort: Cohort, params: Any) -> None:
        there_are = self.names(cohort)
        if value not in there_are:
            raise InputError(no_such(self.what, value, there_are))


@dataclass(frozen=True, slots=True)
class MeasureChoice(ListedChoice):
    """One measure by name; None stands for "fc", or the first measure there is."""

    what: ClassVar[str] = "measure"
    choices: ClassVar[str] = "measures"
    lacking: ClassVar[str] = "This cohort has no connectivity."

    @property
    def none_option(self) -> str | None:
        return None  # the first is chosen

    def names(self, cohort: Cohort) -> Collection[str]:
        return cohort.measures


@dataclass(frozen=True, slots=True)
class ConditionChoice(ListedChoice):
    """One task, session or run, the difference of two ("nback minus rest"), or None for the mean.

    ``differences``: whether a difference can be chosen; not where scans are looked at one by one.
    """

    differences: bool = True

    choices: ClassVar[Literal["tasks", "sessions", "runs"]]

    @abstractmethod
    def conditions(self, cohort: Cohort) -> Collection[str]:
        """Return the tasks, sessions or runs there are."""

    def names(self, cohort: Cohort) -> Collection[str]:
        conditions = self.conditions(cohort)
        return (*conditions, *cohort.differences(self.choices)) if self.differences else conditions


@dataclass(frozen=True, slots=True)
class TaskChoice(ConditionChoice):
    """One task, the difference of two, or None for the mean over tasks."""

    nothing: ClassVar[str] = "Mean over tasks"
    what: ClassVar[str] = "task"
    choices: ClassVar[Literal["tasks", "sessions", "runs"]] = "tasks"

    def conditions(self, cohort: Cohort) -> Collection[str]:
        return cohort.tasks


@dataclass(frozen=True, slots=True)
class SessionChoice(ConditionChoice):
    """One session, the difference of two, or None for the mean over sessions; shown only where there are several."""

    nothing: ClassVar[str] = "Mean over sessions"
    what: ClassVar[str] = "session"
    choices: ClassVar[Literal["tasks", "sessions", "runs"]] = "sessions"
    fewest: ClassVar[int] = 3  # one and their mean are no choice

    def conditions(self, cohort: Cohort) -> Collection[str]:
        return cohort.sessions

    def is_worded(self, value: Any, cohort: Cohort) -> bool:
        return value is not None or len(cohort.sessions) > 1


@dataclass(frozen=True, slots=True)
class RunChoice(ConditionChoice):
    """One run, the difference of two, or None for the mean over runs; shown only where there are several."""

    nothing: ClassVar[str] = "Mean over runs"
    what: ClassVar[str] = "run"
    choices: ClassVar[Literal["tasks", "sessions", "runs"]] = "runs"
    fewest: ClassVar[int] = 3

    def conditions(self, cohort: Cohort) -> Collection[str]:
        return cohort.runs

    def is_worded(self, value: Any, cohort: Cohort) -> bool:
        return value is not None or len(cohort.runs) > 1


@dataclass(frozen=True, slots=True)
class GroupChoice(NameChoice):
    """One group expression, or None for everybody; ``of_second``: of the second cohort."""

    of_second: bool = False

    nothing: ClassVar[str] = "Everybody"
    what: ClassVar[str] = "group"
    choices: ClassVar[str] = "groups"

    @property
    def accepts(self) -> str:
        return "a group expression"

    def check_against(self, name: str, value: Any, cohort: Cohort, params: Any) -> None:
        if not self.of_second:
            group_expressions.select(cohort, value)
            return
        second = companion_of(cohort)
        try:
            group_expressions.select(second, value)
        except InputError as error:
            raise InputError(f"{second.name}: {error}") from None

    def words(self, value: Any, groups: Mapping[str, str], settled: Json = None) -> str:
        if value in groups:
            return f"{groups[value]}: {value}"
        return super(GroupChoice, self).words(value, groups, settled)

    def expressions(self, value: Any) -> tuple[str, ...]:
        return () if value is None else (value,)


@dataclass(frozen=True, slots=True)
class VariantSetChoice(ListedChoice):
    """One set of variants by name; None stands for the first there is."""

    what: ClassVar[str] = "variant set"
    choices: ClassVar[str] = "variant_sets"
    lacking: ClassVar[str] = "This cohort has no genotypes."

    @property
    def none_option(self) -> str | None:
        return None  # the first is chosen

    def names(self, cohort: Cohort) -> Collection[str]:
        return cohort.variant_sets

    def in_file_name(self, value: Any, settled: Json) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class DecompositionChoice(ListedChoice):
    """One decomposition that came with the cohort, by name; None stands for none: components are computed."""

    nothing: ClassVar[str] = "Computed here"
    what: ClassVar[str] = "decomposition"
    choices: ClassVar[str] = "decompositions"
    lacking: ClassVar[str] = "None came with this cohort."

    def names(self, cohort: Cohort) -> Collection[str]:
        return cohort.decompositions

    def in_file_name(self, value: Any, settled: Json) -> str:
        return ""
