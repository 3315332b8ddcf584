"""Field: what a form asks for, as one class that knows how a value is checked, worded, named and offered."""

from __future__ import annotations

import dataclasses
import reprlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn

from imagenomer.errors import InputError
from imagenomer.types import Json

if TYPE_CHECKING:
    from imagenomer.cohort import Cohort

#: What the page draws: a tick box, a box to type into, a list to choose one of or several, a tree of names.
Control = Literal["flag", "number", "text", "select", "ticks", "tree"]

#: How a refused value is quoted: a page of it would say no more.
_QUOTED = reprlib.Repr()
_QUOTED.maxstring = _QUOTED.maxother = 80


class Field(ABC):
    """A kind of field.

    A kind is a frozen dataclass that derives from this class. A parameter is declared with it, ``seed: Annotated[int,
    Integer(0, 100)] = 1``, and everything that is to be known of the parameter's values is asked here: by `read_params`
    and `check_against` (page, command line, scripts and addresses alike), by the page's form, by reports and by the
    names of files.

    Attributes
    ----------
    control : str
        What the page draws.
    declared : type
        What a parameter of this kind is declared as, without ``| None``.
    may_be_none : bool
        Whether a parameter can be declared with ``| None``.
    in_form : tuple of str
        Attributes of the class that the page's form reads too.
    nothing : str
        What None, or nothing chosen, stands for: "Mean over tasks". "": the report's numbers say what it was settled
        as.
    """

    __slots__ = ()

    control: ClassVar[Control]
    declared: ClassVar[Any]
    may_be_none: ClassVar[bool] = False
    in_form: ClassVar[tuple[str, ...]] = ("control",)
    nothing: ClassVar[str] = ""

    @property
    @abstractmethod
    def accepts(self) -> str:
        """What is accepted, as a refusal has it: "a whole number from 1 to 20"."""

    @abstractmethod
    def check(self, name: str, value: Json) -> Any:
        """Return a value, which is not None, as an analysis takes it; whatever the cohort.

        Raises
        ------
        InputError
            If it is not what the field accepts.
        """

    def check_against(self, name: str, value: Any, cohort: Cohort, params: Any) -> None:
        """Raise `InputError` where a checked value is nothing that the cohort has; ``params`` has the other fields."""
        # Most kinds are the same in every cohort.
        return

    def refuse(self, name: str, value: Json) -> NoReturn:
        """Say what a field accepts, and what it was given instead."""
        raise InputError(f"{name} is {self.accepts}, not {_QUOTED.repr(value)}")

    def words(self, value: Any, groups: Mapping[str, str], settled: Json = None) -> str:
        """Return a value as a report words it.

        Parameters
        ----------
        value : object
        groups : mapping of str to str
            What groups are called, by their expressions.
        settled : object
            What the report's numbers say of a parameter that was left open.
        """
        if value is None:
            return self.nothing or (settled if isinstance(settled, str) else "None")
        return str(value)

    def is_worded(self, value: Any, cohort: Cohort) -> bool:
        """Return whether a report says anything of the field."""
        return True

    def in_file_name(self, value: Any, settled: Json) -> str:
        """Return what a value contributes to the name of a file; "" where it tells no two results apart."""
        return ""

    def expressions(self, value: Any) -> tuple[str, ...]:
        """Return the group expressions in a value, in which a refusal can point at a character."""
        return ()

    def form(self) -> dict[str, Json]:
        """Return the field as the page's form reads it: the name of its kind, its limits or options, its control."""
        own = dataclasses.asdict(self)  # type: ignore[call-overload]  # every kind is a dataclass
        return {"marker": type(self).__name__, **own, **{name: getattr(self, name) for name in self.in_form}}
