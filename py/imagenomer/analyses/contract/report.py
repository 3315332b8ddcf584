"""Reports: what an analysis shows, in the form that the page, the command and the script share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.types import Json
from imagenomer.views import MatrixView, View


@dataclass(frozen=True, slots=True)
class Finding:
    """A careful sentence of a verdict, and the name of the view its number is in."""

    text: str
    of: str


class Answer(str):
    """The sentence of a report that answers what was asked; of several the last, such as what is left adjusted."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A result in the form that the page, the command and the script share.

    Attributes
    ----------
    numbers : dict
        What ``imagenomer run`` prints; JSON values only, None for what is not defined.
    sentences : tuple of str
        What was used, dropped, averaged or assumed, in plain words; shown beside the result.
    warnings : tuple of str
        What could mislead, in plain words; shown before the result.
    views : tuple of View
    arrays : dict of str to ndarray
        What ``--arrays`` saves and matrix views show.
    verdict : tuple of Finding
        What the views together are consistent with; shown first, each sentence with a link to its view.
    left_out : dict of str
        Of an analysis in parts: names of parts that there is nothing to compute for here, and why.
    """

    numbers: dict[str, Json]
    sentences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    views: tuple[View, ...] = ()
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    verdict: tuple[Finding, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def answer(self) -> str:
        """What is shown above the result: the last `Answer` among the sentences, or the first sentence; "" if none."""
        said = [sentence for sentence in self.sentences if isinstance(sentence, Answer)]
        return said[-1] if said else next(iter(self.sentences), "")


@dataclass(frozen=True, slots=True)
class Methods:
    """How a result was computed, for a methods section: paragraphs of ``text``, and the ``citations`` they call for."""

    text: tuple[str, ...]
    citations: tuple[str, ...] = ()


def matrix_view(report: Report, array: str) -> MatrixView:
    """Return the view of a result that shows an array as a map; raise `InputError` where none does."""
    views = {view.array: view for view in report.views if isinstance(view, MatrixView)}
    if array not in views:
        raise InputError(f"this result has no map {array!r}; it has: {', '.join(views) or 'none'}")
    return views[array]
