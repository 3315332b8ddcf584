"""Fields that take any number of what a cohort, its groups or the tray have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from imagenomer import groups as group_expressions
from imagenomer.analyses.contract.fields.choices import check_kind
from imagenomer.analyses.contract.fields.field import Control, Field
from imagenomer.cohort import Cohort, no_such
from imagenomer.errors import InputError
from imagenomer.types import Json, JsonObject

_SOURCES = '{"scan": 0, "measure": "fc"} or {"analysis": "connectivity-summary", "params": {}, "array": "mean"}'


class NamesChoice(Field):
    """Any number of texts, as a tuple of str; ``choices`` and ``lacking`` as of `NameChoice`."""

    __slots__ = ()

    control: ClassVar[Control] = "ticks"
    declared: ClassVar[Any] = tuple[str, ...]
    in_form: ClassVar[tuple[str, ...]] = ("control", "choices", "lacking")
    choices: ClassVar[str]
    lacking: ClassVar[str]

    @property
    def accepts(self) -> str:
        return "a list of names"

    def check(self, name: str, value: Json) -> tuple[str, ...]:
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            self.refuse(name, value)
        return tuple(dict.fromkeys(value))

    def words(self, value: Any, groups: Mapping[str, str], settled: Json = None) -> str:
        if not value:
            return self.nothing or (settled if isinstance(settled, str) else "None chosen")
        return ", ".join(groups.get(item, item) for item in value)


@dataclass(frozen=True, slots=True)
class PhenotypesChoice(NamesChoice):
    """Any number of phenotypes by name; ``kind`` restricts to numbers or categories.

    The form does not offer what is chosen in the fields named ``without``: nothing explains itself.
    """

    kind: Literal["number", "category"] | None = None
    without: tuple[str, ...] = ()

    choices: ClassVar[str] = "phenotypes"
    lacking: ClassVar[str] = "This cohort has no such phenotype."

    def check_against(self, name: str, value: Any, cohort: Cohort, params: Any) -> None:
        for phenotype in value:
            check_kind(name, phenotype, self.kind, cohort)


@dataclass(frozen=True, slots=True)
class GroupsChoice(NamesChoice):
    """Any number of group expressions to compare; none for everybody."""

    nothing: ClassVar[str] = "Everybody"
    choices: ClassVar[str] = "groups"
    lacking: ClassVar[str] = "Everybody. Make groups to compare them."

    @property
    def accepts(self) -> str:
        return "a list of group expressions"

    def check_against(self, name: str, value: Any, cohort: Cohort, params: Any) -> None:
        for expression in value:
            group_expressions.select(cohort, expression)

    def expressions(self, value: Any) -> tuple[str, ...]:
        return tuple(value)


@dataclass(frozen=True, slots=True)
class WeightsChoice(NamesChoice):
    """Any number of sets of model weights that came with the cohort, by name.

    Names are paths: one that is a folder of others stands for all of them.
    """

    control: ClassVar[Control] = "tree"
    choices: ClassVar[str] = "weights"
    lacking: ClassVar[str] = "This cohort has no model weights."

    def check_against(self, name: str, value: Any, cohort: Cohort, params: Any) -> None:
        for weights in value:
            if weights not in cohort.weights and not any(one.startswith(f"{weights}/") for one in cohort.weights):
                raise InputError(no_such("weights", weights, cohort.weights))


@dataclass(frozen=True, slots=True)
class MapsChoice(Field):
    """Maps from the tray, as a tuple of ``(name, source)``; a source is what the engine's call ``matrix`` takes.

    Attributes
    ----------
    ticked : bool
        Whether what is saved to the tray is chosen until the user unticks it; else it is chosen by ticking it.
    """

    ticked: bool = True

    control: ClassVar[Control] = "ticks"
    declared: ClassVar[Any] = tuple[tuple[str, JsonObject], ...]
    choices: ClassVar[str] = "tray"
    lacking: ClassVar[str] = "The tray is empty. Every large matrix has a button “Save to tray”."
    in_form: ClassVar[tuple[str, ...]] = ("control", "choices", "lacking")

    @property
    def accepts(self) -> str:
        return f"a list of [name, source], a source such as {_SOURCES}"

    def check(self, name: str, value: Json) -> tuple[tuple[str, Mapping[str, Json]], ...]:
        pairs = list(value.items()) if isinstance(value, Mapping) else value
        if not isinstance(pairs, (list, tuple)) or not all(_is_map(pair) for pair in pairs):
            self.refuse(name, value)
        names = [pair[0] for pair in pairs]
        twice = [one for one in names if names.count(one) > 1]
        if twice:
            raise InputError(f"{name} has two maps named {twice[0]!r}; give each a name of its own")
        return tuple((pair[0], pair[1]) for pair in pairs)

    def words(self, value: Any, groups: Mapping[str, str], settled: Json = None) -> str:
        return ", ".join(name for name, _ in value) or "None chosen"


def _is_map(pair: Json) -> bool:
    return isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str) and _is_source(pair[1])


def _is_source(source: Json) -> bool:
    """Whether a value has the keys of a source, each with a value of its type; true and false are no numbers."""
    if not isinstance(source, Mapping):
        return False
    if set(source) == {"scan", "measure"}:
        return type(source["scan"]) is int and isinstance(source["measure"], str)
    return (
        set(source) == {"analysis", "params", "array"}
        and isinstance(source["analysis"], str)
        and isinstance(source["params"], Mapping)
        and isinstance(source["array"], str)
    )
