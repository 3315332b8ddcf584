"""Parameters of an analysis: read off its ``Params``, checked, and shown as a form.

``Params`` is a frozen dataclass whose fields are ``Annotated[type, Field]``, with a default wherever one makes sense.
The metadata of each can hold ``label`` and ``help`` in the user's words, ``section``, and ``when``: the other
parameters, each with the values, with which this one matters.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from imagenomer.analyses.contract.fields import CohortChoice, Field
from imagenomer.errors import InputError
from imagenomer.jsonable import dumps
from imagenomer.types import Json

if TYPE_CHECKING:
    from imagenomer.analyses.contract.analysis import Analysis
    from imagenomer.cohort import Cohort


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an analysis.

    Attributes
    ----------
    name : str
    field : Field
        Its kind.
    optional : bool
        Whether it can be None.
    required : bool
        Whether it has no default.
    default : object
        None where it is required.
    label, help, section : str
    when : mapping of str to tuple
        Other parameters, and their values with which this one matters.
    """

    name: str
    field: Field
    optional: bool
    required: bool
    default: Any
    label: str
    help: str
    section: str
    when: Mapping[str, tuple[Json, ...]]

    def check(self, value: Json) -> Any:
        """Return a value as the analysis takes it; raise `InputError` for what its field does not accept."""
        if value is None and self.optional:
            return None
        if value is None:
            raise InputError(f"{self.name} needs a value: {self.field.accepts}")
        return self.field.check(self.name, value)

    def matters(self, params: Any) -> bool:
        """Return whether the other parameters have values with which this one is used."""
        return all(getattr(params, other) in values for other, values in self.when.items())

    def form(self) -> dict[str, Json]:
        """Return the parameter as the page's form reads it."""
        return {
            "name": self.name,
            "label": self.label,
            "help": self.help,
            "section": self.section,
            "when": {name: list(values) for name, values in self.when.items()},
            **self.field.form(),
            "required": self.required,
            "default": self.default,
        }


def parameters_of(params: type[Any]) -> tuple[Parameter, ...]:
    """Return the parameters that a class ``Params`` declares, in the order of the form.

    Raises
    ------
    TypeError
        If one has no field, is declared as another type than its field gives, or has a default that its field refuses.
    """
    return _declared(cast("Hashable", params))


@lru_cache(maxsize=256)
def _declared(params: Any) -> tuple[Parameter, ...]:
    hints = typing.get_type_hints(params, include_extras=True)
    return tuple(_parameter(params, entry, hints[entry.name]) for entry in dataclasses.fields(params))


def _parameter(params: type[Any], entry: dataclasses.Field[Any], hint: Any) -> Parameter:
    place = f"{params.__module__}.{params.__qualname__}.{entry.name}"
    field = next((one for one in getattr(hint, "__metadata__", ()) if isinstance(one, Field)), None)
    if field is None:
        raise TypeError(f"{place} has no field; declare it as Annotated[type, Field]")
    declared, optional = _without_none(hint.__origin__)
    if declared != field.declared or (optional and not field.may_be_none):
        wanted = getattr(field.declared, "__name__", field.declared)
        raise TypeError(f"{place} is declared as {hint.__origin__}, and {type(field).__name__} gives {wanted}")
    required = entry.default is dataclasses.MISSING
    metadata = entry.metadata
    parameter = Parameter(
        entry.name,
        field,
        optional,
        required,
        default=None if required else entry.default,
        label=metadata.get("label", entry.name.replace("_", " ").capitalize()),
        help=metadata.get("help", ""),
        section=metadata.get("section", ""),
        when=metadata.get("when", {}),
    )
    if not required:
        try:
            default = parameter.check(cast("Json", entry.default))
        except InputError as error:
            raise TypeError(f"the default of {place} is refused: {error}") from error
        if type(default) is not type(entry.default):
            raise TypeError(f"the default of {place} is {entry.default!r}, and should be {default!r}")
    return parameter


def _without_none(declared: Any) -> tuple[Any, bool]:
    """Return a type without ``| None``, and whether it had that."""
    if typing.get_origin(declared) not in (typing.Union, types.UnionType):
        return declared, False
    others = [one for one in typing.get_args(declared) if one is not type(None)]
    return (others[0] if len(others) == 1 else declared), True


def form_of(analysis: Analysis) -> list[dict[str, Json]]:
    """Return the fields of an analysis's form as JSON, see `Parameter.form` and `Field.form`."""
    return [parameter.form() for parameter in parameters_of(analysis.params)]


def read_params(analysis: Analysis, given: Mapping[str, Json]) -> Any:
    """Build an analysis's ``Params`` from JSON values: all that can be checked before there is a cohort.

    Raises
    ------
    InputError
        If a name is unknown, a required one is missing, or a value is nothing that its field accepts.
    """
    parameters = parameters_of(analysis.params)
    known = [parameter.name for parameter in parameters]
    unknown = [name for name in given if name not in known]
    if unknown:
        raise InputError(f"{analysis.title} has no parameter {unknown[0]!r}; it has: {', '.join(known) or 'none'}")
    values = {}
    for parameter in parameters:
        if parameter.name in given:
            values[parameter.name] = parameter.check(given[parameter.name])
        elif parameter.required:
            raise InputError(f"{analysis.title} needs the parameter {parameter.name!r}: {parameter.field.accepts}")
    return analysis.params(**values)


def refuse_unused(given: Mapping[str, Json], params: Any) -> None:
    """Refuse a parameter that was given and changes nothing, for whoever types them; a form hides it.

    Parameters
    ----------
    given : mapping
        What `read_params` was given.
    params : object
        What it returned.

    Raises
    ------
    InputError
        If one does not matter beside the others, and is not at its default.
    """
    for parameter in parameters_of(type(params)):
        name = parameter.name
        if name not in given or parameter.matters(params) or getattr(params, name) == parameter.default:
            continue
        other, wanted = next(
            (other, wanted) for other, wanted in parameter.when.items() if getattr(params, other) not in wanted
        )
        raise InputError(
            f"{name} is used only where {other} is {' or '.join(map(dumps, wanted))}, and it is "
            f"{dumps(getattr(params, other))}, so it would change nothing; leave {name} out"
        )


def without_unused(given: Mapping[str, Json], params: Any) -> dict[str, Json]:
    """Return what was given without what changes nothing (`refuse_unused`)."""
    matter = {one.name for one in parameters_of(type(params)) if one.matters(params)}
    return {name: value for name, value in given.items() if name in matter}


def uses_second(analysis: Analysis, params: Any) -> bool:
    """Return whether a result is of the second cohort too, which is refused where it changes nothing."""
    chosen = _choices_of_cohorts(analysis)
    return analysis.takes_second and all(field.uses_second(getattr(params, name)) for name, field in chosen)


def require_use_of_second(name: str, params: Any, analyses: Mapping[str, Analysis]) -> None:
    """Refuse a second cohort that changes nothing, for whoever names one beside the first.

    Parameters
    ----------
    name : str
        Of the analysis.
    params : object
        What `read_params` returned.
    analyses : mapping of str to Analysis

    Raises
    ------
    InputError
        If the analysis uses none, or none with these parameters.
    """
    analysis = analyses[name]
    if uses_second(analysis, params):
        return
    if analysis.takes_second:
        parameter, field = _choices_of_cohorts(analysis)[0]
        options = " or ".join(dumps(value) for value, _ in field.options if field.uses_second(value))
        raise InputError(
            f"{name} uses a second cohort only where {parameter} is {options}, so --second would change nothing; "
            "choose that, or leave --second out"
        )
    able = [other for other, one in analyses.items() if one.takes_second]
    raise InputError(
        f"{name} does not use a second cohort, so --second would change nothing; leave it out"
        + (f", or run one that does: {', '.join(able)}" if able else "")
    )


def _choices_of_cohorts(analysis: Analysis) -> list[tuple[str, CohortChoice]]:
    """Return the fields that decide whether the second cohort is used, by their names."""
    every = parameters_of(analysis.params)
    return [(parameter.name, parameter.field) for parameter in every if isinstance(parameter.field, CohortChoice)]


def check_against(cohort: Cohort, params: Any) -> None:
    """Check what was read against a cohort; whoever computes asks this first.

    Raises
    ------
    InputError
        If a parameter names something that the cohort does not have: a phenotype, a level, a group, a task and so on. A
        parameter that does not matter beside the others may name anything.
    """
    for parameter in parameters_of(type(params)):
        value = getattr(params, parameter.name)
        if value is not None and parameter.matters(params):
            parameter.field.check_against(parameter.name, value, cohort, params)
