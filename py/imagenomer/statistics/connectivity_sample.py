"""Connectivity sample: subjects, their connectivity and a target, of which an association is tested and explained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.progress import Steps
from imagenomer.statistics.feature_products import FeatureProducts
from imagenomer.statistics.sample_space import products_of
from imagenomer.statistics.score_test import ScoreTest, score_test
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Whose association is explained.

    Attributes
    ----------
    gram : ndarray, shape (n_subjects, n_subjects), or FeatureProducts
        Products of the edges of each pair of subjects, about any origin.
    values : ndarray, shape (n_rows, n_edges), float32
    rows : ndarray of int, shape (n_subjects,)
        Row of each subject.
    subjects : ndarray of int, shape (n_subjects,)
        Their indices, by which variables have their values.
    target : ndarray, shape (n_subjects, n_columns)
        A number, or an indicator of each level but one.
    clusters : ndarray of int, shape (n_subjects,), or None
        Who is related.
    """

    gram: FloatArray | FeatureProducts
    values: Float32Array
    rows: IntArray
    subjects: IntArray
    target: FloatArray
    clusters: IntArray | None = None

    @property
    def n_subjects(self) -> int:
        return int(self.rows.size)

    @property
    def by_features(self) -> bool:
        """Whether subjects are compared by way of their features."""
        return isinstance(self.gram, FeatureProducts)

    def of(self, positions: IntArray) -> Sample:
        """Return the sample of some of the subjects."""
        clusters = None if self.clusters is None else self.clusters[positions]
        gram = products_of(self.gram, positions)
        subjects, target = self.subjects[positions], self.target[positions]
        return Sample(gram, self.values, self.rows[positions], subjects, target, clusters)

    def test(
        self, known: BoolArray, covariates: FloatArray, n_flips: int, rng: np.random.Generator, *levels: float
    ) -> Steps[ScoreTest]:
        """Test the association in some of the subjects given covariates of theirs."""
        part = self.of(np.flatnonzero(known))
        return (
            yield from score_test(
                part.gram,
                part.values,
                part.rows,
                part.target,
                covariates,
                n_flips=n_flips,
                rng=rng,
                clusters=part.clusters,
                levels=levels,
            )
        )
