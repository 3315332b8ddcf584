"""What of a prediction could mislead."""

from __future__ import annotations

import numpy as np

from imagenomer.analyses.models.prediction_result import Prediction
from imagenomer.analyses.shared.design_words import design_warnings

#: Fewer training subjects than this, and associations of brain and behaviour often do not come again.
_FEW = 300
#: Fewer tested subjects in a split than this, and scores of single splits say little.
_FEW_TESTED = 10
#: Share of the largest class above which accuracy says little.
_UNBALANCED = 0.7


def prediction_warnings(result: Prediction) -> list[str]:
    """Say what of a prediction could mislead."""
    validation = result.validation
    said = [*result.feature_set.warnings, *design_warnings(result.linear_model.design.findings)]
    n_train = int(np.median([split.train.size for split in validation.splits]))
    if n_train < _FEW:
        said.append(
            f"{n_train} subjects train: few. Associations of brain and behaviour found in samples of this size often "
            "do not come again and are overstated where they are found (Marek 2022), and scores of so few vary widely "
            "with the split. Look at the interval, not at the score."
        )
    smallest = min(split.test.size for split in validation.splits)
    if smallest < _FEW_TESTED:
        said.append(f"A split tests {smallest} subjects only: its own score says little.")
    said += _about_classes(result)
    said += _unseen(result)
    n_strongest, n_splits = validation.strongest, len(validation.splits)
    if n_strongest > n_splits / 2:
        said.append(
            f"In {n_strongest} of {n_splits} splits the strongest penalty was best: what the features tell is close to "
            "nothing."
        )
    said += _about_comparisons(result)
    return said


def _about_classes(result: Prediction) -> list[str]:
    """Say where one class is most of the subjects, and which are not tested in some splits."""
    if not result.levels:
        return []
    said = []
    counts = np.bincount(result.validation.truth.astype(np.intp))
    share = counts.max() / counts.sum()
    if share > _UNBALANCED:
        said.append(
            f"{share:.0%} are {result.levels[int(counts.argmax())]}: predicting that of everybody is right as often, "
            "so look at the AUC or the balanced accuracy instead of the accuracy."
        )
    return said + _untested(result)


def _untested(result: Prediction) -> list[str]:
    """Say which classes nobody is of who is tested, in some splits: the balanced accuracy is then of the others."""
    classes, splits = result.validation.truth.astype(np.intp), result.validation.splits
    tested = np.array([np.bincount(classes[split.test], minlength=len(result.levels)) > 0 for split in splits])
    lacking = [level for level, own in zip(result.levels, tested.T, strict=True) if not own.all()]
    if not lacking:
        return []
    n_lacking, n_single = np.count_nonzero(~tested.all(axis=1)), np.count_nonzero(tested.sum(axis=1) < 2)
    text = (
        f"In {n_lacking} of {len(splits)} splits nobody who is tested is {' or '.join(lacking)}: the balanced accuracy "
        "is there the mean over the other classes."
    )
    if n_single:
        text += f" In {n_single} only one class is tested, which says nothing of how well classes are told apart."
    return [text]


def _about_comparisons(result: Prediction) -> list[str]:
    """Say where the null model predicts as well, or the covariates alone."""
    said = []
    main = result.performance.main
    if np.isfinite(main.estimate) and main.estimate < result.performance.null[result.validation.main_score] - 1e-12:
        said.append("The model predicts worse than the null model.")
    if result.covariates_alone is not None and result.use == "both":
        ahead = main.estimate - result.covariates_alone.main.estimate
        if np.isfinite(ahead) and ahead <= 0:
            said.append(
                "The features add nothing to the covariates here: the covariates alone predict as well or better."
            )
    return said


def _unseen(result: Prediction) -> list[str]:
    """Name covariates of which somebody is tested who has a level that nobody who trains has."""
    if result.use == "features":
        return []
    said = []
    subjects = result.feature_set.subjects
    for one in result.linear_model.question.covariates:
        if not one.levels:
            continue
        codes = one.values[subjects]
        n = sum(
            int(np.count_nonzero(~np.isin(codes[split.test], codes[split.train]))) for split in result.validation.splits
        )
        if n:
            said.append(
                f"{one.name} has levels that are tested and that nobody who trains has ({n:,} times a subject is "
                "tested): what such a level does cannot be learned, and it counts as the first level."
            )
    return said
