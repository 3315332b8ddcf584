"""What of a prediction could mislead."""

from __future__ import annotations

import numpy as np

from imagenomer.analyses.models.prediction_result import Prediction
from imagenomer.analyses.models.protocol import Protocol, keeps_together
from imagenomer.analyses.models.transfer_report import transfer_warnings
from imagenomer.analyses.shared.coded import coded_warnings
from imagenomer.analyses.shared.design_words import design_warnings
from imagenomer.analyses.shared.families import family_warnings, says_who_is_related
from imagenomer.analyses.shared.inference import permutation_warnings
from imagenomer.analyses.shared.sample import counted
from imagenomer.cohort import Cohort

#: Fewer training subjects than this, and associations of brain and behaviour often fail to replicate.
_FEW = 300
#: Fewer test subjects in a split than this, and scores of single splits say little.
_FEW_TEST = 10
#: What a p-value of permutations is measured by.
_ALPHA = 0.05
#: Share of the largest class above which accuracy says little.
_UNBALANCED = 0.7


def prediction_warnings(result: Prediction) -> list[str]:
    """Say what of a prediction could mislead."""
    validation = result.validation
    said = [*result.feature_set.warnings, *design_warnings(result.linear_model.design.findings)]
    n_train = int(np.median([split.train.size for split in validation.splits]))
    if n_train < _FEW:
        said.append(
            f"Only {n_train} training subjects. Associations of brain and behaviour found in samples of this size "
            "often fail to replicate and are overestimated (Marek 2022), and scores vary widely with the split."
            + (" Look at the interval, not at the score." if np.isfinite(result.performance.main.low) else "")
        )
    smallest = min(split.test.size for split in validation.splits)
    if smallest < _FEW_TEST:
        said.append(f"One test set has {counted(smallest, 'subject')} only: its own score says little.")
    said += _about_classes(result)
    said += _unseen(result)
    n_strongest, n_splits = validation.strongest, len(validation.splits)
    if n_strongest > n_splits / 2:
        said.append(
            f"In {n_strongest} of {n_splits} splits the strongest penalty was best: the model reduces to the mean."
        )
    said += _about_comparisons(result)
    if result.permutation_test is not None:
        said += permutation_warnings(result.plan, _ALPHA)
    said += transfer_warnings(result)
    return said


def related_warnings(cohort: Cohort, protocol: Protocol, result: Prediction) -> list[str]:
    """Say where relatives may be on both sides of a split, or are permuted like strangers."""
    together = protocol.together if keeps_together(protocol) else None
    blocks = None if result.plan.blocks is None else result.plan.blocks.name
    used = (together, *result.linear_model.question.missing)
    way_out = "choose folds or repeated splits, which keep them together"
    if keeps_together(protocol):
        way_out = "keep it together instead"
    said = coded_warnings(cohort, result.linear_model.question.missing)
    said += family_warnings(cohort, result.feature_set.subjects, used, way_out)
    relatives = together is not None and says_who_is_related(cohort.phenotype(together))
    if relatives and blocks is None and result.permutation_test:
        said.append(
            f"Targets are permuted as if subjects of the same {together} were unrelated: where relatives have targets "
            "alike p is too small. Halves of the subjects, which the intervals are by, keep them together."
        )
    return said


def _about_classes(result: Prediction) -> list[str]:
    """Say where one class is most of the subjects, and which have no test subjects in some splits."""
    if not result.levels:
        return []
    said = []
    counts = np.bincount(result.validation.truth.astype(np.intp))
    share = counts.max() / counts.sum()
    if share > _UNBALANCED:
        said.append(
            f"{share:.0%} are {result.levels[int(counts.argmax())]}: predicting that for every subject is right as "
            "often, so look at the AUC or the balanced accuracy instead of the accuracy."
        )
    return said + _without_test_subjects(result)


def _without_test_subjects(result: Prediction) -> list[str]:
    """Say which classes have no test subjects in some splits: the balanced accuracy is then of the others."""
    classes, splits = result.validation.truth.astype(np.intp), result.validation.splits
    present = np.array([np.bincount(classes[split.test], minlength=len(result.levels)) > 0 for split in splits])
    absent = [level for level, own in zip(result.levels, present.T, strict=True) if not own.all()]
    if not absent:
        return []
    n_splits, n_single = np.count_nonzero(~present.all(axis=1)), np.count_nonzero(present.sum(axis=1) < 2)
    text = (
        f"In {n_splits} of {len(splits)} splits the test set has no {' or '.join(absent)}: the balanced accuracy "
        "there is the mean over the other classes."
    )
    if n_single:
        text += f" In {n_single} the test set has one class only, which cannot show how well classes are distinguished."
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
    """Name covariates with levels in the test set that the training set lacks."""
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
                f"The test set has levels of {one.name} that the training set lacks ({counted(n, 'test subject')} "
                "over all splits): their effect cannot be estimated, so they count as the first level."
            )
    return said
