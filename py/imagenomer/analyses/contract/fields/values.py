"""Fields of values that are typed, ticked, or chosen from a fixed list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from imagenomer.analyses.contract.fields.field import Control, Field
from imagenomer.cohort import Cohort
from imagenomer.companion import companion_of
from imagenomer.types import Json
from imagenomer.wording import minus


@dataclass(frozen=True, slots=True)
class Number(Field):
    """A number within limits."""

    minimum: float
    maximum: float
    step: float

    control: ClassVar[Control] = "number"
    declared: ClassVar[Any] = float
    integer: ClassVar[bool] = False
    in_form: ClassVar[tuple[str, ...]] = ("control", "integer")

    @property
    def accepts(self) -> str:
        return f"a number from {self.minimum:,g} to {self.maximum:,g}"

    def check(self, name: str, value: Json) -> float:
        # Compared before it is converted: JSON holds whole numbers that no float does. NaN is never within limits.
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self.minimum <= value <= self.maximum:
            self.refuse(name, value)
        return float(value)

    def words(self, value: Any, groups: Mapping[str, str], settled: Json = None) -> str:
        return minus(f"{value:.6g}")


@dataclass(frozen=True, slots=True)
class Integer(Field):
    """A whole number within limits.

    JSON knows one kind of number, and not all that write it tell 3 from 3.0: both are taken for 3.
    """

    minimum: int
    maximum: int
    step: int = 1

    control: ClassVar[Control] = "number"
    declared: ClassVar[Any] = int
    integer: ClassVar[bool] = True
    in_form: ClassVar[tuple[str, ...]] = ("control", "integer")

    @property
    def accepts(self) -> str:
        return f"a whole number from {self.minimum:,} to {self.maximum:,}"

    def check(self, name: str, value: Json) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.refuse(name, value)
        # The limits first: beyond them are NaN, the infinities and what no float holds.
        if not self.minimum <= value <= self.maximum or value != int(value):
            self.refuse(name, value)
        return int(value)

    def words(self, value: Any, groups: Mapping[str, str], settled: Json = None) -> str:
        return minus(str(value))


@dataclass(frozen=True, slots=True)
class Flag(Field):
    """Yes or no."""

    control: ClassVar[Control] = "flag"
    declared: ClassVar[Any] = bool

    @property
    def accepts(self) -> str:
        return "true or false"

    def check(self, name: str, value: Json) -> bool:
        if not isinstance(value, bool):
            self.refuse(name, value)
        return value

    def words(self, value: Any, groups: Mapping[str, str], settled: Json = None) -> str:
        return "Yes" if value else "No"


@dataclass(frozen=True, slots=True)
class Text(Field):
    """A line of text; ``placeholder`` is an example."""

    placeholder: str = ""

    control: ClassVar[Control] = "text"
    declared: ClassVar[Any] = str

    @property
    def accepts(self) -> str:
        return "a text"

    def check(self, name: str, value: Json) -> str:
        if not isinstance(value, str):
            self.refuse(name, value)
        return value


@dataclass(frozen=True, slots=True)
class Choice(Field):
    """One of a fixed list of ``(value, label)``."""

    options: tuple[tuple[str, str], ...]

    control: ClassVar[Control] = "select"
    declared: ClassVar[Any] = str
    choices: ClassVar[str] = "options"
    in_form: ClassVar[tuple[str, ...]] = ("control", "choices")

    @property
    def accepts(self) -> str:
        return f"one of {', '.join(value for value, _ in self.options)}"

    def check(self, name: str, value: Json) -> str:
        if not isinstance(value, str) or value not in dict(self.options):
            self.refuse(name, value)
        return value

    def words(self, value: Any, groups: Mapping[str, str], settled: Json = None) -> str:
        return dict(self.options)[value]


@dataclass(frozen=True, slots=True)
class CohortChoice(Choice):
    """One of a fixed list, of which all but the first use the second cohort and are offered where one is open."""

    choices: ClassVar[str] = "cohorts"
    fewest: ClassVar[int] = 2
    in_form: ClassVar[tuple[str, ...]] = ("control", "choices", "fewest")

    def uses_second(self, value: str) -> bool:
        """Return whether an option uses the second cohort."""
        return value != self.options[0][0]

    def check_against(self, name: str, value: Any, cohort: Cohort, params: Any) -> None:
        if self.uses_second(value):
            companion_of(cohort)  # refuses where there is none

    def is_worded(self, value: Any, cohort: Cohort) -> bool:
        return self.uses_second(value)
