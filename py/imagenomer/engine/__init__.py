"""Engine: calls of the page in, JSON and buffers out, over one open cohort.

The calls, their arguments and their answers are listed in ``site/docs/developing.md``. A call with the wrong arguments
is a bug of the page and fails as one; what the user can correct is an `InputError`.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping

from imagenomer.engine import (
    columns,
    explanations,
    figures,
    maps,
    memory,
    notebook,
    opening,
    results,
    sessions,
    subjects,
)
from imagenomer.engine.opening import CATALOG, catalog
from imagenomer.engine.requests import Answer, Buffers, Cancelled, Files, Job
from imagenomer.engine.workspace import Workspace
from imagenomer.errors import InputError
from imagenomer.jsonable import dumps
from imagenomer.overview import alternatives_of
from imagenomer.types import Json

__all__ = ["CATALOG", "Buffers", "Cancelled", "Engine", "Files", "Job", "catalog"]

#: What the page can ask for; each is given the workspace and the job, and the arguments by name.
_CALLS: dict[str, Callable[..., Awaitable[Answer]]] = {
    "catalog": opening.catalog_of,
    "open_demo": opening.open_demo,
    "open_files": opening.open_files,
    "close_second": opening.close_second,
    "overview": opening.overview,
    "set_parcellation": opening.set_parcellation,
    "add_measure": opening.add_measure,
    "column": columns.column,
    "correct_columns": columns.correct_columns,
    "check_group": opening.check_group,
    "subjects": subjects.subjects,
    "listed_subjects": subjects.listed_subjects,
    "group_of_subjects": subjects.group_of_subjects,
    "subject": subjects.subject,
    "subjects_file": subjects.subjects_file,
    "save_bundle": opening.save_bundle,
    "save_recipe": opening.save_recipe,
    "sketches": opening.sketches,
    "read_session": sessions.read,
    "save_session": sessions.save,
    "gallery": maps.gallery,
    "matrix": maps.matrix,
    "paint": maps.paint,
    "networks": maps.networks,
    "strongest": maps.strongest,
    "outlines": maps.outlines,
    "map_file": maps.map_file,
    "run": results.run,
    "detail": results.detail,
    "table": results.table,
    "script": results.script,
    "html": results.html,
    "figure": figures.figure,
    "caption": figures.caption,
    "notebook": notebook.notebook,
    "explain": explanations.explain,
    "guide": explanations.guide,
}
#: Those that need no result, and are answered while one is computed.
_OF_NO_RESULT = ("explain", "guide")


async def _at_hand(packages: Iterable[str]) -> None:
    """Do nothing: outside the page every package is installed."""


class Engine:
    """Answers the page.

    Parameters
    ----------
    need : coroutine function
        ``await need(["matplotlib"])`` returns once these packages can be imported.
    """

    def __init__(self, need: Callable[[Iterable[str]], Awaitable[None]] = _at_hand) -> None:
        self.workspace = Workspace(need)

    async def handle(
        self,
        call: str,
        arguments: str,
        files: Files | None = None,
        progress: Callable[[str, int, int], None] = lambda step, done, total: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[str, Buffers]:
        """Do one call.

        Parameters
        ----------
        call : str
        arguments : str
            A JSON object.
        files, progress, cancelled
            See `Job`.

        Returns
        -------
        str
            The answer as strict JSON.
        dict of str to ndarray
            Its buffers.

        Raises
        ------
        InputError
            If the user can correct something, a lack of memory included.
        Cancelled
            If ``cancelled`` said so.
        """
        job = Job(files, progress, cancelled)
        given = json.loads(arguments)
        try:
            answer, buffers = await _CALLS[call](self.workspace, job, **given)
            return dumps(answer), buffers
        except Exception as error:
            refusal = self.short_of_memory(error, call, given, job.step)
            if refusal is None:
                raise
        # Out here, where the error no longer holds on to what was made on the way.
        gc.collect()
        raise refusal

    def is_at_hand(self, call: str, arguments: str) -> bool:
        """Return whether a call asks only for what is kept or written.

        Then it may be done between two steps of a long ``run``: somebody reads the parts that are done meanwhile.
        """
        return call in _OF_NO_RESULT or results.is_at_hand(self.workspace, call, json.loads(arguments))

    def questions_of(self, error: InputError) -> str:
        """Return what a refusal asks, as the JSON list that goes with it; see ``site/docs/developing.md``."""
        return dumps(
            [{"found": one.found, "alternatives": alternatives_of(one.alternatives)} for one in error.questions]
        )

    def short_of_memory(
        self, error: Exception, call: str, given: Mapping[str, Json], step: str = ""
    ) -> InputError | None:
        """Return what to tell the user if memory ran out in a call, else None; what is kept is dropped then.

        Parameters
        ----------
        error : Exception
        call, given
            The call and its arguments.
        step : str
            What was being done, if it is known.
        """
        return memory.short_of_memory(self.workspace, error, call, given, step)
