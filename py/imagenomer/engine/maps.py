"""Maps: scans and results as matrices, networks, rings and brains, in numbers and in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from imagenomer import maps, outline
from imagenomer.cohort import n_parcels_of_cohort, parcellation_of
from imagenomer.descriptions import describe_map
from imagenomer.downloads import stem
from imagenomer.edges import edge_parcels
from imagenomer.engine.requests import Answer, Job, file_answer
from imagenomer.engine.results import computed, has_array
from imagenomer.engine.workspace import Workspace
from imagenomer.figures.pixels import default_colormap, hex_colours, paint_edges, scale_limit
from imagenomer.gallery import gallery_page
from imagenomer.maps import (
    By,
    EdgeMap,
    Order,
    display_matrix,
    display_order,
    look_of,
    network_map,
    network_values,
    result_map,
    scan_map,
    strongest_note,
)
from imagenomer.outline import PROJECTIONS
from imagenomer.types import JsonObject

if TYPE_CHECKING:
    from imagenomer.map_files import MapFormat


async def gallery(
    workspace: Workspace,
    job: Job,
    *,
    measure: str,
    task: str | None = None,
    session: str | None = None,
    group: str | None = None,
    page: int = 0,
    per_page: int = 24,
    captions: Sequence[str] = (),
    order: Order = "network",
    limit: float | None = None,
    colormap: str | None = None,
) -> Answer:
    answer, pixels = gallery_page(
        workspace.now.cohort,
        measure,
        task=task,
        session=session,
        group=group,
        page=page,
        per_page=per_page,
        captions=captions,
        order=order,
        limit=workspace.limit_of(measure) if limit is None else limit,
        colormap=colormap or default_colormap("diverging"),
    )
    return answer, {"pixels": pixels}


async def matrix(workspace: Workspace, job: Job, *, source: JsonObject, order: Order = "network") -> Answer:
    shown = await edge_map(workspace, job, source)
    values = display_matrix(shown.values, display_order(workspace.now.cohort, order))
    answer = {"title": shown.title, "label": shown.label, "limit": shown.limit, "scale": shown.scale}
    answer["description"] = describe_map(shown, parcellation_of(workspace.now.cohort).labels)
    return answer, {"values": values}


async def paint(workspace: Workspace, job: Job, *, source: JsonObject, order: Order = "network", **look: Any) -> Answer:
    shown = await edge_map(workspace, job, source)
    rows = display_order(workspace.now.cohort, order)
    return {}, {"pixels": paint_edges(shown.values, order=rows, **look_of(shown, **look))}


async def networks(
    workspace: Workspace,
    job: Job,
    *,
    source: JsonObject,
    share: bool = False,
    limit: float | None = None,
    colormap: str | None = None,
) -> Answer:
    shown = await edge_map(workspace, job, source)
    folded = network_map(shown, parcellation_of(workspace.now.cohort))
    values, label, scale = network_values(shown, folded, share)
    limit = scale_limit(values) if limit is None else limit
    return {
        "names": folded.names,
        "titles": folded.titles,
        "mean": folded.mean,
        "share": folded.share,
        "n_edges": folded.n_edges,
        "label": label,
        "limit": scale_limit(values),
        "scale": scale,
        "colours": hex_colours(values, colormap=colormap or default_colormap(scale), limit=limit),
    }, {}


async def strongest(
    workspace: Workspace,
    job: Job,
    *,
    source: JsonObject,
    n: int,
    by: By = "absolute",
    **look: Any,
) -> Answer:
    shown = await edge_map(workspace, job, source)
    chosen, only_marked = look_of(shown, **look), bool(look.get("only_marked"))
    found = maps.strongest(shown, by, threshold=chosen["threshold"], only_marked=only_marked)
    edges = found[: max(0, n)]
    values = shown.values[edges]
    first, second = edge_parcels(edges, n_parcels_of_cohort(workspace.now.cohort))
    return {
        "edges": edges,
        "parcels": np.stack([first, second], axis=1),
        "values": values,
        "colours": hex_colours(values, colormap=chosen["colormap"], limit=chosen["limit"]),
        "note": strongest_note(edges.size, found.size, by, chosen["threshold"], only_marked),
    }, {}


async def map_file(workspace: Workspace, job: Job, *, source: JsonObject, form: MapFormat) -> Answer:
    """Return the whole map as numbers, in the order of the files."""
    from imagenomer.map_files import EXTENSIONS, map_file  # late: few take numbers home

    shown = await edge_map(workspace, job, source)
    name = stem(shown.title, shown.label, form)
    data = await job.finish(map_file(shown, parcellation_of(workspace.now.cohort), form, name))
    return file_answer(data, name, EXTENSIONS[form])


async def outlines(workspace: Workspace, job: Job) -> Answer:
    return [
        {"name": name, "across": across, "up": up, "outline": outline.outlines()[name]}
        for name, across, up in PROJECTIONS
    ], {}


async def edge_map(workspace: Workspace, job: Job, source: JsonObject) -> EdgeMap:
    if "scan" in source:
        measure = source["measure"]
        return scan_map(workspace.now.cohort, source["scan"], measure, workspace.limit_of(measure))
    outcome = await computed(workspace, job, source["analysis"], source["params"], has_array(source["array"]))
    return result_map(outcome.report, source["array"])
