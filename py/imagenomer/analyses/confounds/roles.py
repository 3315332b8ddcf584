"""Roles: what the user knows of a candidate, which numbers cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from imagenomer.analyses.confounds.params import Params
from imagenomer.errors import InputError

#: A cause of target and connectivity; a link between the two; a consequence of both.
Role: TypeAlias = Literal["confounder", "mediator", "consequence"]

#: What a role is called.
ROLE_TITLES: Mapping[Role, str] = MappingProxyType(
    {"confounder": "confounder", "mediator": "link (mediator)", "consequence": "consequence of both"}
)


def roles_of(params: Params) -> Mapping[str, Role]:
    """Return the role of each candidate that has one.

    Raises
    ------
    InputError
        If a candidate is given two, or is a negative control as well.
    """
    roles: dict[str, Role] = {}
    given: tuple[tuple[Role, tuple[str, ...]], ...] = (
        ("confounder", params.confounders),
        ("mediator", params.mediators),
        ("consequence", params.consequences),
    )
    for role, names in given:
        for name in names:
            if name in roles:
                raise InputError(
                    f"{name} is called a {ROLE_TITLES[roles[name]]} and a {ROLE_TITLES[role]}; choose one of the two"
                )
            roles[name] = role
    for name in params.negative_controls:
        if name in params.candidates or name in roles:
            beside = f"a {ROLE_TITLES[roles[name]]}" if name in roles else "a candidate"
            raise InputError(f"{name} is called {beside} and a negative control; choose one of the two")
    return MappingProxyType(roles)


def kept_out(roles: Mapping[str, Role]) -> frozenset[str]:
    """Return the candidates that are never adjusted for together with others."""
    return frozenset(name for name, role in roles.items() if role != "confounder")
