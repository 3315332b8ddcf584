"""Fields of a form: what each offers, and where its choices come from."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from imagenomer.errors import InputError
from imagenomer.types import Json


@dataclass(frozen=True, slots=True)
class PhenotypeChoice:
    """One phenotype by name; ``kind`` restricts to numbers or categories.

    Where one must be chosen the page begins with the first whose name holds one of ``prefer``, in lower case.
    """

    kind: Literal["number", "category"] | None = None
    prefer: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LevelChoice:
    """One level of the category chosen in the field ``of``; shown only when that is a category.

    ``whole`` names the choice of none, of a category with more than two levels; "" where one must be chosen.
    ``optional``: of a category with two levels none can be chosen too.
    """

    of: str
    whole: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class MeasureChoice:
    """One measure by name; None stands for "fc", or the first measure there is."""


@dataclass(frozen=True, slots=True)
class TaskChoice:
    """One task, or None for the mean over tasks."""


@dataclass(frozen=True, slots=True)
class SessionChoice:
    """One session, or None for the mean over sessions; shown only where there are several."""


@dataclass(frozen=True, slots=True)
class RunChoice:
    """One run, or None for the mean over runs; shown only where there are several."""


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """One group expression, or None for everybody."""


@dataclass(frozen=True, slots=True)
class GroupsChoice:
    """Any number of group expressions to compare, as a tuple of str; empty for everybody."""


@dataclass(frozen=True, slots=True)
class PhenotypesChoice:
    """Any number of phenotypes by name, as a tuple of str; ``kind`` restricts to numbers or categories.

    The form does not offer what is chosen in the fields named ``without``: nothing explains itself.
    """

    kind: Literal["number", "category"] | None = None
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VariantSetChoice:
    """One set of variants by name; None stands for the first there is."""


@dataclass(frozen=True, slots=True)
class DecompositionChoice:
    """One decomposition that came with the cohort, by name; None stands for none."""


@dataclass(frozen=True, slots=True)
class WeightsChoice:
    """Any number of sets of model weights that came with the cohort, by name, as a tuple of str.

    Names are paths: one that is a folder of others stands for all of them.
    """


@dataclass(frozen=True, slots=True)
class MapsChoice:
    """Maps from the tray, as a tuple of ``(name, source)``; a source is what the engine's call ``matrix`` takes."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; ``placeholder`` is an example."""

    placeholder: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a fixed list of ``(value, label)``."""

    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A number within limits."""

    minimum: float
    maximum: float
    step: float


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""


Marker = (
    PhenotypeChoice
    | PhenotypesChoice
    | LevelChoice
    | MeasureChoice
    | TaskChoice
    | SessionChoice
    | RunChoice
    | GroupChoice
    | GroupsChoice
    | VariantSetChoice
    | DecompositionChoice
    | WeightsChoice
    | MapsChoice
    | Text
    | Choice
    | Number
    | Flag
)


def checked(name: str, value: Json, hint: Any) -> Any:
    marker = hint.__metadata__[0]
    declared = hint.__origin__
    optional = isinstance(declared, types.UnionType) and type(None) in typing.get_args(declared)
    if value is None:
        if optional:
            return None
        raise InputError(f"{name} needs a value")
    if isinstance(marker, (GroupsChoice, PhenotypesChoice, WeightsChoice)):
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            what = "group expressions" if isinstance(marker, GroupsChoice) else "names"
            raise InputError(f"{name} is a list of {what}, not {value!r}")
        return tuple(dict.fromkeys(value)) if isinstance(marker, (PhenotypesChoice, WeightsChoice)) else tuple(value)
    if isinstance(marker, MapsChoice):
        return _checked_maps(name, value)
    if isinstance(marker, Flag):
        if not isinstance(value, bool):
            raise InputError(f"{name} is true or false, not {value!r}")
        return value
    if isinstance(marker, Number):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
            raise InputError(f"{name} is a number, not {value!r}")
        if not marker.minimum <= value <= marker.maximum:
            raise InputError(f"{name} lies between {marker.minimum} and {marker.maximum}, not {value!r}")
        return value
    if not isinstance(value, str):
        raise InputError(f"{name} is a text, not {value!r}")
    if isinstance(marker, Choice) and value not in {option for option, _ in marker.options}:
        raise InputError(f"{name} is one of {', '.join(option for option, _ in marker.options)}, not {value!r}")
    return value


def _checked_maps(name: str, value: Json) -> tuple[tuple[str, Mapping[str, Json]], ...]:
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(pairs, (list, tuple)) or not all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], Mapping)
        for pair in pairs
    ):
        raise InputError(f"{name} is a list of [name, source], not {value!r}")
    names = [pair[0] for pair in pairs]
    twice = [one for one in names if names.count(one) > 1]
    if twice:
        raise InputError(f"{name} has two maps named {twice[0]!r}; give each a name of its own")
    return tuple((pair[0], pair[1]) for pair in pairs)
