"""Weights of one or several models: their average, how much models differ, and whom they were trained on."""

from __future__ import annotations

from dataclasses import dataclass

from imagenomer.analyses.shared.sample import Sample
from imagenomer.cohort import ModelWeights, VariantSet, natural_key
from imagenomer.types import BoolArray, FloatArray, IntArray

#: Blocks of the weights of variants, in the order of the files: one weight for each genotype of each variant.
GENOTYPES = ("two minor alleles", "one of each", "two major alleles")


@dataclass(frozen=True, slots=True, eq=False)
class WeightSummary:
    """Weights of one or several models.

    Attributes
    ----------
    models : tuple of ModelWeights
        Those that were chosen, all of one length.
    sample : Sample or None
        Whose connectivity the weights were multiplied by.
    variants : VariantSet or None
        What the weights belong to; None: edges.
    n_fitting : int
        Variant sets of that length.
    values : ndarray, shape (n_models, n_weights)
        After the multiplication.
    average, iqr : ndarray, shape (n_weights,)
        Mean and interquartile range over models.
    agreement : ndarray, shape (n_weights,)
        Share of models whose weight has the sign of the average; NaN where that is zero.
    steady : ndarray of bool, shape (n_weights,)
        Weights that may be ranked.
    top : tuple of ndarray
        The strongest of them, the first first: of edges one ranking, of variants one a genotype.
    """

    models: tuple[ModelWeights, ...]
    sample: Sample | None
    variants: VariantSet | None
    n_fitting: int
    values: FloatArray
    average: FloatArray
    iqr: FloatArray
    agreement: FloatArray
    steady: BoolArray
    top: tuple[IntArray, ...]

    @property
    def rankings(self) -> list[tuple[str, str, IntArray]]:
        """Name, title and weights of each ranking that has any."""
        if self.variants is None:
            rankings = [("ranking", "Strongest weights", self.top[0])]
        else:
            rankings = [
                (f"ranking_{position}", f"Strongest weights of {genotype}", own)
                for position, (genotype, own) in enumerate(zip(GENOTYPES, self.top, strict=True), start=1)
            ]
        return [ranking for ranking in rankings if ranking[2].size]

    @property
    def several(self) -> bool:
        return len(self.models) > 1


@dataclass(frozen=True, slots=True, eq=False)
class TrainingOverlap:
    """Whom a model was trained and tested on.

    Attributes
    ----------
    model : ModelWeights
    in_both : tuple of str
        Subjects it was trained and tested on.
    n_leaking : int
        Test rows of those.
    """

    model: ModelWeights
    in_both: tuple[str, ...]
    n_leaking: int

    @classmethod
    def of(cls, model: ModelWeights) -> TrainingOverlap:
        train, test = set(model.train_subjects), set(model.test_subjects)
        n_leaking = sum(subject in train for subject in model.test_subjects)
        return cls(model, tuple(sorted(train & test, key=natural_key)), n_leaking)

    @property
    def n_train_subjects(self) -> int:
        return len(set(self.model.train_subjects))

    @property
    def n_test_subjects(self) -> int:
        return len(set(self.model.test_subjects))
