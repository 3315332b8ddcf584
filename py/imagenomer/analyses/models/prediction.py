"""Prediction: can a phenotype be predicted from connectivity, genotypes or scores, and better than from confounds?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, cast

import numpy as np

from imagenomer.analyses.contract import (
    Analysis,
    Flag,
    Integer,
    LevelChoice,
    Methods,
    PhenotypeChoice,
    Report,
    ThemeName,
)
from imagenomer.analyses.models.both_cohorts import (
    BothCohorts,
    both_cohorts,
    gather_both,
    refuse_unseen_levels,
    refuse_what_differs,
)
from imagenomer.analyses.models.determined import refuse_determined
from imagenomer.analyses.models.permutation_plan import plan_for
from imagenomer.analyses.models.prediction_errors import prediction_errors
from imagenomer.analyses.models.prediction_result import (
    FinalModel,
    Prediction,
    Transfer,
)
from imagenomer.analyses.models.prediction_task import PredictionTask
from imagenomer.analyses.models.protocol import (
    HELD_OUT,
    Protocol,
    inner_folds,
    kept_together,
    left_out_by,
    model_of,
    splits_of,
    whom,
    with_families,
)
from imagenomer.analyses.models.transfers import transfers_of
from imagenomer.analyses.shared.families import family_codes, says_who_is_related
from imagenomer.analyses.shared.form_fields import (
    AncestryComponents,
    Blocks,
    ancestry_field,
    blocks_field,
    permutations_field,
)
from imagenomer.analyses.shared.linear_model import (
    Model,
    Question,
    QuestionFields,
    ancestry_covariates,
    ask,
    build_model,
)
from imagenomer.analyses.shared.plan import Plan, plan_of
from imagenomer.analyses.shared.predictors import FeatureSet, Source, gather
from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.folds import cross
from imagenomer.statistics.prediction import fit_everybody
from imagenomer.statistics.prediction_checks import (
    LearningCurve,
    PermutationTest,
    ShuffledFeatures,
    learning_curve,
    permutation_test,
    permuted_with,
    shuffled_features,
)
from imagenomer.statistics.sample_space import SampleSpace
from imagenomer.statistics.split_tasks import Fit, Use
from imagenomer.types import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Fewer subjects than this cannot be split into anything worth a number.
_FEWEST = 20
#: Shares of the training parts that the learning curve trains on.
_SHARES = (0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)
_N_SHUFFLES = 20

_CHECKS = "Checks"


@dataclass(frozen=True)
class Target:
    """The part of the form that says what is predicted."""

    phenotype: Annotated[str, PhenotypeChoice()] = field(metadata={"label": "Predict"})
    level: Annotated[str | None, LevelChoice(of="phenotype", whole="All levels")] = field(
        default=None, metadata={"help": "Classified against all other levels."}
    )


@dataclass(frozen=True)
class Params(Protocol, Source, Target):
    ancestry_components: AncestryComponents = ancestry_field(section=_CHECKS, help="More covariates; needs genotypes.")
    intervals: Annotated[bool, Flag()] = field(
        default=True,
        metadata={
            "label": "Confidence intervals",
            "section": _CHECKS,
            "when": HELD_OUT,
            "help": "Fits in halves of the subjects as well, which can take longer than all the rest.",
        },
    )
    permutations: Annotated[int, Integer(minimum=0, maximum=10_000, step=100)] = permutations_field(
        0,
        section=_CHECKS,
        help="Permuted targets, for a p-value: 100 to explore, 1,000 to report. Slow for an elastic net.",
    )
    blocks: Blocks = blocks_field(section=_CHECKS, help="Targets are permuted within its levels only: families, sites.")
    curve: Annotated[bool, Flag()] = field(
        default=False,
        metadata={"label": "Learning curve", "section": _CHECKS, "help": "Trains on fewer subjects as well."},
    )
    shuffled: Annotated[bool, Flag()] = field(
        default=False,
        metadata={
            "label": "Shuffled features",
            "section": _CHECKS,
            "help": "With covariates: how the same model performs on uninformative features.",
        },
    )


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[Prediction]:
    yield Progress("Choosing subjects")
    params = with_families(cohort, params, params.phenotype)
    both = None
    if params.tested_by == "cohorts":
        both = _both_cohorts(cohort, params)
        cohort = both.together
    ancestry, ancestry_sentences = yield from ancestry_covariates(cohort, params.ancestry_components)
    question = ask(
        cohort, QuestionFields(phenotype=params.phenotype, level=params.level, covariates=params.covariates), ancestry
    )
    use: Use = cast("Use", params.use) if question.covariates else "features"
    if use == "covariates":
        params = replace(params, harmonise=None)
    _refuse(params, use)
    plan = plan_of(cohort, params.permutations, params.seed, params.blocks if params.permutations else None)
    missing = _missing(cohort, params, question, plan)
    if both is None:
        features = yield from gather(cohort, params, missing, _FEWEST)
    else:
        features = yield from gather_both(both, params, params, question, missing, _FEWEST)
    linear_model = build_model(question, features.subjects)
    use = refuse_determined(cohort, params, linear_model, use)
    target, levels = _target(linear_model)
    rng = np.random.default_rng(plan.seed)
    task = _task(cohort, both, params, features, target, len(levels), linear_model, use, rng)
    performance = yield from task.performance(use, rng)
    covariates_alone = None
    if use in ("both", "residual"):
        covariates_alone = yield from task.performance("covariates", rng)
    final_model = None
    if use != "covariates":
        final_model = yield from _final_model(task, one_way=params.trains_one_part)
    transfers: tuple[Transfer, ...] = ()
    if both is not None:
        across = (both, params.scores_by, features.subjects, task.covariates, task.use, plan)
        transfers = yield from transfers_of(performance, covariates_alone, *across, rng)
        plan = replace(plan, n_permutations=0)  # each direction has its own
    plan = plan_for(plan, features.subjects, target, permuted_with(task.covariates, task.use, len(levels)))
    test, curve, shuffled = yield from _checks(params, plan, features, task, rng)
    errors = yield from prediction_errors(cohort, features, performance.validation)
    return Prediction(
        feature_set=features,
        linear_model=linear_model,
        levels=levels,
        use=use,
        model=task.model,
        performance=performance,
        covariates_alone=covariates_alone,
        final_model=final_model,
        errors=errors,
        plan=plan,
        permutation_test=test,
        learning_curve=curve,
        shuffled_features=shuffled,
        ancestry_sentences=ancestry_sentences,
        cohort=cohort,
        transfers=transfers,
    )


def _both_cohorts(cohort: Cohort, params: Params) -> BothCohorts:
    """Return both cohorts; refuse what cannot be the same in both."""
    if params.ancestry_components:
        raise InputError(
            "components of ancestry are computed in one cohort, and those of the other are other axes; across cohorts "
            "choose none, or test on held-out subjects"
        )
    both = both_cohorts(cohort)
    needed = {params.phenotype: "is what is predicted", **dict.fromkeys(params.covariates, "is adjusted for")}
    if params.scores_by is not None:
        needed[params.scores_by] = "is what scores are given by"
    if params.blocks is not None and params.permutations:
        needed[params.blocks] = "has the blocks"
    refuse_what_differs(both, params, needed)
    return both


def _missing(cohort: Cohort, params: Params, question: Question, plan: Plan) -> dict[str, BoolArray]:
    """Return for whom what the prediction needs is missing, by what it is."""
    missing = dict(question.missing)
    for one in (kept_together(cohort, params), left_out_by(cohort, params), plan.blocks):
        if one is not None and not says_who_is_related(one):  # who has no family is of one alone
            missing[one.name] = one.missing
    both = whom(cohort, params)
    if both is not None:
        missing["a place in either group"] = ~(both[0] | both[1])
    return missing


def _task(
    cohort: Cohort,
    both: BothCohorts | None,
    params: Params,
    features: FeatureSet,
    target: FloatArray | IntArray,
    n_classes: int,
    linear_model: Model,
    use: Use,
    rng: np.random.Generator,
) -> PredictionTask:
    """Draw the splits and choose the model.

    Raises
    ------
    InputError
        If features cannot be fitted in the training part of a split.
    """
    space, subjects = features.space, features.subjects
    model = model_of(params, n_classes, inner_folds(cohort, params, subjects, space.rows, features.strata))
    strata = cross(target.astype(np.intp) if n_classes else None, features.strata)
    if both is None:
        splits = splits_of(cohort, params, subjects, strata, rng)
    else:
        splits = both.splits(subjects, params.test_on)
        refuse_unseen_levels(linear_model, splits)
    if use != "covariates":
        for split in splits:
            refused = space.refusal(split)
            if refused:
                raise InputError(f"{split.name}: {refused}")
    covariates = linear_model.design.matrix[:, 1:] if use != "features" else None
    together = kept_together(cohort, params)
    labels = None if together is None else family_codes(together, subjects)
    return PredictionTask(
        space,
        target,
        splits,
        model,
        covariates,
        use,
        features.strata,
        labels,
        params.seed,
        across_cohorts=both is not None,
        intervals=params.intervals,
    )


def _checks(
    params: Params, plan: Plan, features: FeatureSet, task: PredictionTask, rng: np.random.Generator
) -> Steps[tuple[PermutationTest | None, LearningCurve | None, ShuffledFeatures | None]]:
    """Test by permutation, train on fewer subjects and on shuffled features, as far as the form requests it."""
    test, curve, shuffled = None, None, None
    given = (task.space, task.target, task.splits, task.model)
    if plan.n_permutations:
        blocks = plan.codes(features.subjects)
        test = yield from permutation_test(
            *given, plan.n_permutations, rng, blocks=blocks, covariates=task.covariates, use=task.use
        )
    if params.curve:
        curve = yield from learning_curve(*given, _SHARES, rng, covariates=task.covariates, use=task.use)
    if params.shuffled:
        assert task.covariates is not None  # see _refuse
        shuffled = yield from shuffled_features(*given, _N_SHUFFLES, rng, covariates=task.covariates, use=task.use)
    return test, curve, shuffled


def _refuse(params: Params, use: Use) -> None:
    """Refuse settings that exclude each other, before anything is computed."""
    if params.phenotype in params.predictors and params.features == "phenotypes":
        raise InputError(f"{params.phenotype} is what is predicted and cannot predict itself; leave it out")
    if params.shuffled and use not in ("both", "residual"):
        raise InputError(
            "shuffled features show whether covariates leak into the features; choose covariates, and take them out of "
            "the features or use them beside the features"
        )
    _refuse_harmonisation(params)


def _refuse_harmonisation(params: Params) -> None:
    """Refuse what would no longer be harmonisation, or would take hours."""
    if params.harmonise is None or params.features != "connectivity":
        return
    if params.phenotype == params.harmonise:
        raise InputError(
            f"{params.phenotype} is what is predicted, and harmonisation removes what differs between its levels; "
            "harmonise by another category or by none"
        )
    if params.phenotype in params.preserve:
        raise InputError(
            f"{params.phenotype} is what is predicted: preserving it would write it into the features of the test "
            "subjects; do not preserve it"
        )
    if params.shuffled:
        raise InputError(
            "shuffled features would have to be harmonised again in every split of every shuffle; do not harmonise, or "
            "do without the shuffled features"
        )


def _target(linear_model: Model) -> tuple[FloatArray | IntArray, tuple[str, ...]]:
    """Return the target as numbers, or as codes of the levels that occur, and these."""
    if not linear_model.levels:
        return linear_model.target, ()
    present, codes = np.unique(linear_model.target.astype(np.intp), return_inverse=True)
    return codes.astype(np.intp), tuple(linear_model.levels[level] for level in present.tolist())


def _final_model(task: PredictionTask, *, one_way: bool) -> Steps[FinalModel]:
    """Fit the model once to all training subjects, for its weights; where one group trains, to that group."""
    space = task.space
    who = task.splits[0].train if one_way else np.arange(space.n_subjects)
    some = space if who.size == space.n_subjects else space.of(who)
    own = None if task.covariates is None else task.covariates[who]
    fit = yield from fit_everybody(some, task.target[who], task.model, covariates=own, use=task.use)
    everybody = np.arange(who.size)
    weights = []
    for column in range(fit.coefficients.shape[1]):
        yield Progress("Weighing features")
        weights.append(fit.weights_in(some, everybody, column))
    patterns = yield from _patterns(some, fit)
    return FinalModel(np.stack(weights), patterns, fit.selected, int(who.size), fit.penalty)


def _patterns(space: SampleSpace, fit: Fit) -> Steps[FloatArray]:
    """Return the slope of each feature on each output of a model, shape (n_columns, n_features) (Haufe 2014)."""
    patterns = []
    for output in fit.decision.T:
        yield Progress("Weighing features")
        deviations = output - output.mean()
        squares = float(deviations @ deviations)
        share = deviations / squares if squares > 0 else deviations
        patterns.append(space.features.combined(space.rows, share))
    return np.stack(patterns)


def report(cohort: Cohort, params: Params, result: Prediction) -> Report:
    from imagenomer.analyses.models.prediction_report import prediction_report  # late: no first figure is of a model

    params = with_families(result.cohort, params, params.phenotype)
    return prediction_report(result.cohort, params, params, result)


def methods(cohort: Cohort, params: Params, result: Prediction) -> Methods:
    from imagenomer.analyses.models.prediction_methods import prediction_methods

    return prediction_methods(with_families(cohort, params, params.phenotype), result)


def draw(cohort: Cohort, params: Params, result: Prediction, report: Report, theme: ThemeName) -> Mapping[str, Figure]:
    from imagenomer.analyses.models.prediction_figures import draw_prediction

    return draw_prediction(result, theme)


ANALYSIS = Analysis(
    title="Prediction",
    summary="Can a phenotype be predicted from connectivity or genotypes, and better than from confounds?",
    tab="Models",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    needs=("phenotypes",),
    opens_tab=True,
    takes_second=True,
    methods=methods,
)
