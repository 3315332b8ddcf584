"""A figure of a confound report: which candidates are causes, links or consequences, and which are adjusted for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from imagenomer.analyses.confounds.parts.verdict import VerdictPart
from imagenomer.analyses.confounds.roles import Role
from imagenomer.analyses.confounds.words.verdict import remains
from imagenomer.analyses.contract import ThemeName

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from imagenomer.figures.paths import PathNode, Place

_PLACES: Mapping[Role, Place] = MappingProxyType(
    {"confounder": "cause", "mediator": "link", "consequence": "consequence"}
)


def has_paths(part: VerdictPart) -> bool:
    """Return whether there is anything to draw: candidates with a role, or in the joint model."""
    return bool(part.explanation.model.names or part.roles)


def roles_figure(target_name: str, part: VerdictPart, theme: ThemeName) -> Figure:
    """Draw target and connectivity with the candidates that have a role, or are adjusted for without one."""
    from imagenomer.figures.paths import paths_figure

    share = part.explanation.joint.share
    return paths_figure(
        (target_name, "connectivity"),
        list(_nodes(part)),
        between=remains(share) if share.known else "",
        title=f"What is adjusted for in the association of {target_name}",
        note="Framed candidates are adjusted for. ?: taken for a cause of both until you choose another role.",
        theme=theme,
    )


def _nodes(part: VerdictPart) -> Iterator[PathNode]:
    from imagenomer.figures.paths import PathNode

    joint = part.explanation.model.names
    for name in dict.fromkeys([*joint, *part.roles]):
        role = part.roles.get(name)
        yield PathNode(name, "cause" if role is None else _PLACES[role], role is not None, name in joint)
