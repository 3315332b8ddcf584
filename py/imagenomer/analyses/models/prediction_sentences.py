"""What a prediction says of how it was made and how well it does, in sentences."""

from __future__ import annotations

import numpy as np

from imagenomer.analyses.contract import Finding
from imagenomer.analyses.models.prediction_result import SCORES, Performance, Prediction, score_text
from imagenomer.analyses.models.protocol import Protocol
from imagenomer.analyses.models.protocol_sentences import about_model, about_splits
from imagenomer.analyses.models.transfer_report import about_transfers, transfer_verdict
from imagenomer.analyses.shared.design_words import not_used_in_words
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.analyses.shared.test_tables import number_text, p_text
from imagenomer.statistics.prediction_checks import ShuffledFeatures
from imagenomer.types import FloatArray, IntArray


def prediction_sentences(protocol: Protocol, result: Prediction) -> list[str]:
    """Say what is predicted from what, how, how well, and what was checked."""
    features, validation = result.feature_set, result.validation
    said = [*features.sentences, *result.ancestry_sentences]
    if result.levels:
        counts = np.bincount(validation.truth.astype(np.intp), minlength=len(result.levels))
        sizes = listed(f"{level} ({n})" for level, n in zip(result.levels, counts.tolist(), strict=True))
        said.append(f"The target is {result.phenotype.name}, a category: {sizes}.")
    from_what = counted(features.space.n_features, "feature")
    if result.use == "covariates":
        said.append(f"{result.target_name} is predicted from the covariates alone, without {features.name}.")
    else:
        said.append(f"{result.target_name} is predicted from {from_what} ({features.name}).")
        said += about_model(protocol, result.n_classes, features.kind)
    said += about_covariates(result)
    said += [*about_splits(protocol, validation.splits), *about_scores(protocol, result)]
    n_never = int(np.count_nonzero(~np.isfinite(validation.predicted).any(axis=0)))
    if n_never and protocol.tested_by not in ("groups", "cohorts"):
        said.append(
            f"{counted(n_never, 'subject')} happened to be in no test set and "
            f"{'has' if n_never == 1 else 'have'} no prediction."
        )
    if validation.selections:
        n = validation.n_features
        said.append(f"Selected in each split: {_range(n)} features.")
    said += about_transfers(result) if result.transfers else about_permutations(result)
    if result.learning_curve is not None:
        said.append(_ABOUT_CURVE)
    if result.shuffled_features is not None:
        said.append(shuffles_in_words(result.shuffled_features))
    said += about_weights(result)
    said += _about_errors(result)
    return said


_ABOUT_CURVE = (
    "The learning curve tests the same subjects at every size. Bars of 1.96 standard deviations over splits are drawn "
    "up to a tenth of the subjects there are; larger subsamples overlap, so their spread underestimates the variation "
    "between samples (Sci. Rep. 2025, doi:10.1038/s41598-025-89257-w)."
)


def about_covariates(result: Prediction) -> list[str]:
    """Say which covariates there are, and how they are used."""
    model = result.linear_model
    not_used = not_used_in_words((one.name for one in model.question.covariates), model.design)
    if not model.used:
        return [f"No covariate is adjusted for{not_used}."] if not_used else []
    columns = [column for column in result.linear_model.design.columns if column != "intercept"]
    how = {
        "residual": "are regressed out of the features of both parts, by a regression fitted to the training part; "
        f"{result.target_name} itself is not changed",
        "both": "are in the model beside the features, without a penalty"
        if not result.levels or result.model.least_squares
        else "are in the model beside the features, standardised, with a penalty of 1",
        "covariates": "predict alone",
        "features": "are not used",
    }[result.use]
    if result.ancestry_sentences:
        how += "; components of ancestry are computed from the genotypes of all subjects, the test subjects included"
    said = f"The covariates {model.adjusted_for} (columns: {listed(columns)}) {how}."
    return [f"{said[:-1]}{not_used}."]


def _range(values: FloatArray | IntArray) -> str:
    low, high = values.min(), values.max()
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def about_scores(protocol: Protocol, result: Prediction) -> list[str]:
    """Say what the main score is, what it is compared with, and how its interval was made."""
    performance = result.performance
    main = performance.validation.main_score
    null = performance.null[main]
    of_null = f"; the null model has {number_text(null, '.3f')}" if np.isfinite(null) else ""
    both_ways = "Both directions together: " if len(result.transfers) > 1 else ""
    said = [f"{both_ways}{score_text(performance, main)}{of_null}."]
    if result.covariates_alone is not None:
        said[0] = said[0][:-1] + f", and the covariates alone {score_text(result.covariates_alone, main)}."
    said.append(
        "The null model predicts every subject by the training mean. R² is the reduction in squared error compared "
        "with it: 0 is no better, below 0 is worse."
        if not result.levels
        else "The null model predicts the most frequent class of the training subjects for everyone. An AUC of 0.5, "
        f"and a balanced accuracy of {number_text(1 / len(result.levels), '.3g')}, is chance."
    )
    if not result.levels and protocol.tested_by in ("groups", "leave-one-out"):
        said.append(
            "Test subjects can have another mean than training subjects. A model that only distinguishes the groups "
            "then gains R² but no r within splits, which compares test subjects with each other."
        )
    said.append(_about_intervals(performance))
    if result.feature_set.harmonised:
        said.append(_ABOUT_HARMONISATION)
    return said


_ABOUT_HARMONISATION = (
    "Harmonisation aligns the sites in the training part, and what is left of them reverses in the test part: a "
    "target that nearly coincides with the harmonised site scores below chance (an AUC below 0.5) where connectivity "
    "says nothing of it. Compare it with permutations within blocks of that site, whose chance level is the same."
)


def _about_intervals(performance: Performance) -> str:
    """Say what intervals are of and by, or why there are none."""
    halves, validation = performance.halves, performance.validation
    if halves is None:
        return (
            "Intervals are percentiles of 1,000 bootstrap samples of the test subjects, with the models as they are: "
            "they do not include the variation between models trained on other samples."
        )
    if halves.refusal:
        return f"There are no intervals: {halves.refusal}."
    without = (
        "The root mean squared error has none, because none covers where errors are heavy-tailed"
        if not validation.n_classes
        else "Accuracy has none, because it depends on how many subjects each class has"
    )
    trained = round(float(np.median([split.train.size for split in validation.splits])))
    return (
        f"Intervals are of the expected score of models trained on {counted(trained, 'subject')} of this population: "
        "they include who trains and who is tested. The analysis was repeated in "
        f"{counted(halves.n_pairs, 'pair')} of disjoint halves of the subjects; the variance of a score is a quarter "
        f"of the mean squared difference between halves (t with {halves.dof} degrees of freedom, on a scale on which "
        f"the score is nearly symmetric). {without}."
    )


def about_permutations(result: Prediction) -> list[str]:
    """Say how targets were permuted, and what that gave."""
    test = result.permutation_test
    if test is None:
        return []
    what = (
        "the residuals of the target given the covariates were permuted (Freedman and Lane)"
        if result.use in ("both", "residual") and not result.levels
        else "the target was permuted"
    )
    within = "" if result.plan.blocks is None else f" within levels of {result.plan.blocks.name}"
    n_as_good = round(test.p_value * (test.null.size + 1)) - 1
    exchange = result.plan.exchange
    every = ", all that differ from the actual order," if exchange is not None and exchange.listed else ""
    return [
        f"In {counted(test.null.size, 'permutation')}{every} {what}{within} and everything was refitted, penalty "
        f"included; {n_as_good:,} reached {SCORES[test.score]} {number_text(test.statistic, '.3f')}: "
        f"p = {test.p_value:.3g}."
    ]


def shuffles_in_words(found: ShuffledFeatures) -> str:
    """Say what the model reaches with features that carry no information."""
    values = found.shuffled
    mean, low, high, own = (
        number_text(float(value), ".3f")
        for value in (np.nanmean(values), np.nanmin(values), np.nanmax(values), found.statistic)
    )
    return (
        f"With shuffled features the same model reaches {SCORES[found.score]} {mean} on average "
        f"({values.size} shuffles, {low} to {high}), with the actual ones {own}: performance with shuffled features is "
        "leakage (Hamdan 2023)."
    )


def about_weights(result: Prediction) -> list[str]:
    """Say what the weights and patterns are of, and what they mean."""
    if result.final_model is None:
        return []
    whose = f"of {result.transfers[0].trained_on}" if result.transfers else "available for training"
    return [
        f"Weights are those of one more model, trained on all {result.final_model.n_subjects} subjects {whose}; its "
        "predictions are not scored. A weight says how the model uses a feature, not that the feature is "
        f"associated with {result.target_name}; the pattern (Haufe 2014) says how features covary with the "
        "prediction."
    ]


def _about_errors(result: Prediction) -> list[str]:
    errors = result.errors
    ranking = errors.ranking(result.phenotype.name)
    if not ranking.size:
        return []
    first = int(ranking[0])
    p = errors.neg_log10_p[1, first]
    beyond = p >= -np.log10(0.05 / ranking.size)
    measure = "the share of wrong predictions" if result.levels else "absolute error"
    how = f"{number_text(errors.association[1, first], '.2f')}, {p_text(p)}, uncorrected"
    return [
        f"Of {counted(ranking.size, 'other phenotype')}, {measure} is most strongly associated with "
        f"{errors.phenotypes[first].name} ({how})"
        + (
            ": predictions are worse for some subjects than for others; models do worse for subjects unlike the "
            "training subjects."
            if beyond
            else ", not significant after correction for their number (Bonferroni)."
        )
    ]


def prediction_verdict(result: Prediction) -> tuple[Finding, ...]:
    """Say what the scores are consistent with; no more than the intervals allow."""
    if result.transfers:
        return transfer_verdict(result)
    performance = result.performance
    name, main = result.validation.main_score, performance.main
    null, what = performance.null[name], result.feature_set.name
    if not np.isfinite(main.estimate):
        return (Finding(f"{SCORES[name]} is not defined here, so nothing can be said.", "scores"),)
    source = "the covariates" if result.use == "covariates" else what
    if not np.isfinite(main.low):
        better = f"There is one number and no interval: {score_text(performance, name)}."
    elif main.low > null:
        better = f"{result.target_name} can be predicted from {source} better than by the null model: "
        better += f"{score_text(performance, name)}."
    else:
        better = f"The data are consistent with {source} carrying no information about {result.target_name}: "
        better += f"{score_text(performance, name)}, and the null model has {number_text(null, '.3f')}."
    said = [Finding(better, "scores")]
    if result.covariates_alone is not None:
        alone = result.covariates_alone.main
        ahead = main.estimate - alone.estimate
        compared = f"({SCORES[name]} {number_text(main.estimate, '.3f')} against {number_text(alone.estimate, '.3f')})"
        if result.use == "both":
            text = "adds to the covariates" if ahead > 0 else "adds nothing to the covariates"
            said.append(Finding(f"In these splits {what} {text} {compared}.", "scores"))
        elif ahead <= 0:
            said.append(
                Finding(f"The covariates alone predict {result.target_name} as well or better {compared}.", "scores")
            )
    if result.permutation_test is not None:
        said.append(
            Finding(
                f"Compared with {counted(result.permutation_test.null.size, 'permutation')} of the target, "
                f"p = {result.permutation_test.p_value:.3g}.",
                "permutations",
            )
        )
    return tuple(said)
