"""The result of a replication: what was asked of both cohorts, and how far their maps agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.shared.inference import Decision
from imagenomer.analyses.shared.linear_model import Model
from imagenomer.analyses.shared.linear_model_words import statistic_name
from imagenomer.analyses.shared.sample import Sample, counted
from imagenomer.statistics.replication import ReplicationTest
from imagenomer.types import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Put:
    """The question, put to the subjects of one cohort."""

    sample: Sample
    model: Model


@dataclass(frozen=True, slots=True, eq=False)
class EdgeReplication:
    """A map in two cohorts.

    Attributes
    ----------
    names : pair of str
        Of the cohorts.
    here, there : Put
        In the open cohort and in the second.
    r : ndarray, shape (n_edges,)
        Correlations in the open cohort; those in the second are of ``test``.
    discovered : Decision
        Which edges are significant in the open cohort.
    test : ReplicationTest
    alpha : float
        Uncorrected, of an edge in the second cohort.
    warnings : tuple of str
        What had to be assumed of the two.
    """

    names: tuple[str, str]
    here: Put
    there: Put
    r: FloatArray
    discovered: Decision
    test: ReplicationTest
    alpha: float
    warnings: tuple[str, ...]

    @property
    def n_compared(self) -> int:
        return int(np.count_nonzero(self.test.compared))

    @property
    def found(self) -> BoolArray:
        """Edges that were discovered and can be compared, shape (n_edges,)."""
        return np.asarray(self.discovered.significant & self.test.compared)

    @property
    def n_found(self) -> int:
        return int(np.count_nonzero(self.found))

    @property
    def title(self) -> str:
        return f"{self.here.model.name} in {self.names[0]} and {self.names[1]}"

    @property
    def note(self) -> str:
        """What figures say below."""
        model = self.here.model
        adjusted = f"; adjusted for {model.adjusted_for}" if model.adjusted_for else ""
        sizes = (counted(own.sample.n_subjects, "subject") for own in (self.here, self.there))
        return f"{' and '.join(sizes)}; {statistic_name(model)}{adjusted}"
