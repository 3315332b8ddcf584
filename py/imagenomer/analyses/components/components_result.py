"""Components as a result: the maps, what each explains, the one shown, and the groups that are compared."""

from __future__ import annotations

from dataclasses import dataclass

from imagenomer import groups
from imagenomer.analyses.shared.decompositions import Components
from imagenomer.analyses.shared.sample import Sample
from imagenomer.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class GroupRows:
    """A group that is shown, and which rows of the scores are its subjects'."""

    expression: str | None
    rows: IntArray

    @property
    def name(self) -> str:
        return "Everybody" if self.expression is None else groups.describe(self.expression)


@dataclass(frozen=True, slots=True, eq=False)
class ComponentScores:
    """Components, and the one shown.

    Attributes
    ----------
    components : Components
    shown : int
        Row of the component shown.
    sample : Sample
        Whose connectivity the explained variance is of.
    explained, cumulative : ndarray, shape (n_components,)
        Share of the variance between these subjects, of each and of the first together.
    members : tuple of GroupRows
    """

    components: Components
    shown: int
    sample: Sample
    explained: FloatArray
    cumulative: FloatArray
    members: tuple[GroupRows, ...]

    @property
    def name(self) -> str:
        """The component shown, for titles: "Component 0 of restpca"."""
        return f"Component {self.components.numbers[self.shown]} of {self.components.name}"

    @property
    def scores(self) -> FloatArray:
        """Scores of the component shown, shape (n_subjects,)."""
        return self.components.scores[:, self.shown]
