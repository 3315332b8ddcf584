"""Prediction: can a phenotype be predicted from connectivity, genotypes or scores, and better than from confounds?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Literal, cast

import numpy as np

from imagenomer.analyses.contract import Analysis, Flag, LevelChoice, Methods, Number, PhenotypeChoice, Report
from imagenomer.analyses.models.prediction_report import (
    Errors,
    Judged,
    Prediction,
    Weighed,
    draw_views,
    make_methods,
    make_report,
)
from imagenomer.analyses.models.protocol import (
    Protocol,
    inner_folds,
    kept_together,
    left_out_by,
    model_of,
    splits_of,
    whom,
)
from imagenomer.analyses.shared.ancestry import MOST_COMPONENTS
from imagenomer.analyses.shared.inference import plan_of
from imagenomer.analyses.shared.linear_model import Asked, Model, ancestry_covariates, ask, build_model
from imagenomer.analyses.shared.predictors import Gathered, Source, gather
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.folds import Split, crossed
from imagenomer.statistics.models import Model as Fitted
from imagenomer.statistics.pairwise import associate_pairs
from imagenomer.statistics.prediction import CrossValidation, cross_validate, fit_everybody, intervals, null_scores
from imagenomer.statistics.prediction_checks import (
    learning_curve,
    permutation_test,
    shuffled_features,
)
from imagenomer.statistics.split_tasks import Use
from imagenomer.types import FloatArray, IntArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Fewer subjects than this cannot be split into anything worth a number.
_FEWEST = 20
#: Shares of the training parts that the learning curve trains on.
_SHARES = (0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)
_N_SHUFFLES = 20
#: Phenotypes that errors are compared with, at most.
_MOST_PHENOTYPES = 60

_CHECKS = "Checks"


@dataclass(frozen=True)
class Target:
    """The part of the form that says what is predicted."""

    phenotype: Annotated[str, PhenotypeChoice()] = field(metadata={"label": "Predict"})
    level: Annotated[str | None, LevelChoice(of="phenotype", whole="All levels")] = field(
        default=None, metadata={"help": "Told from all other levels."}
    )


@dataclass(frozen=True)
class Params(Protocol, Source, Target):
    ancestry_components: Annotated[int, Number(minimum=0, maximum=MOST_COMPONENTS, step=1)] = field(
        default=0, metadata={"section": _CHECKS, "help": "More covariates; needs genotypes."}
    )
    permutations: Annotated[int, Number(minimum=0, maximum=10_000, step=100)] = field(
        default=0,
        metadata={
            "section": _CHECKS,
            "help": "Rearranged targets, for a p-value: 100 to look, 1,000 to publish. Slow for an elastic net.",
        },
    )
    blocks: Annotated[str | None, PhenotypeChoice("category")] = field(
        default=None,
        metadata={"section": _CHECKS, "help": "Targets change places only within its levels: families, sites."},
    )
    curve: Annotated[bool, Flag()] = field(
        default=False,
        metadata={"label": "Learning curve", "section": _CHECKS, "help": "Trains on fewer subjects as well."},
    )
    shuffled: Annotated[bool, Flag()] = field(
        default=False,
        metadata={
            "label": "Shuffled features",
            "section": _CHECKS,
            "help": "With covariates: what the same model makes of features that know nothing.",
        },
    )


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[Prediction]:
    yield Progress("Choosing subjects")
    ancestry, about_ancestry = yield from ancestry_covariates(cohort, params.ancestry_components)
    question = ask(
        cohort, Asked(phenotype=params.phenotype, level=params.level, covariates=params.covariates), ancestry
    )
    use: Use = cast("Use", params.use) if question.covariates else "features"
    if params.phenotype in params.predictors and params.features == "phenotypes":
        raise InputError(f"{params.phenotype} is what is predicted and cannot predict itself; leave it out")
    if use == "covariates":
        params = replace(params, harmonise=None)
    _refuse_harmonisation(params)
    plan = plan_of(cohort, params.permutations, params.seed, params.blocks if params.permutations else None)
    both = whom(cohort, params)
    absent = dict(question.missing)
    for one in (kept_together(cohort, params), left_out_by(cohort, params), plan.blocks):
        if one is not None:
            absent[one.name] = one.missing
    if both is not None:
        absent["a place in either group"] = ~(both[0] | both[1])
    gathered = yield from gather(cohort, params, absent, _FEWEST)
    asked = build_model(question, gathered.subjects)
    target, levels = _target(asked)
    n_classes = len(levels)
    space = gathered.space
    model = model_of(params, n_classes, inner_folds(cohort, params, gathered.subjects, space.rows, gathered.strata))
    covariates = asked.design.matrix[:, 1:] if use != "features" else None
    rng = np.random.default_rng(plan.seed)
    strata = crossed(target.astype(np.intp) if n_classes else None, gathered.strata)
    splits = splits_of(cohort, params, gathered.subjects, strata, rng)
    if use != "covariates":
        for split in splits:
            refused = space.refusal(split)
            if refused:
                raise InputError(f"{split.name}: {refused}")
    result = yield from cross_validate(space, target, splits, model, covariates=covariates, use=use)
    judged = Judged(result, intervals(result, rng), null_scores(result))
    alone = None
    if covariates is not None and use != "covariates":
        steps = cross_validate(space, target, splits, model, covariates=covariates, use="covariates")
        by_covariates = yield from steps
        alone = Judged(by_covariates, intervals(by_covariates, rng), null_scores(by_covariates))
    weighed = None
    if use != "covariates":
        weighed = yield from _weigh(gathered, target, splits, model, covariates, use, both is not None)
    tested = None
    if plan.n_permutations:
        blocks = None if plan.blocks is None else plan.blocks.values[gathered.subjects].astype(np.intp)
        tested = yield from permutation_test(
            space, target, splits, model, plan.n_permutations, rng, blocks=blocks, covariates=covariates, use=use
        )
    curve = None
    if params.curve:
        curve = yield from learning_curve(space, target, splits, model, _SHARES, rng, covariates=covariates, use=use)
    leak = None
    if params.shuffled:
        if covariates is None or use not in ("both", "residual"):
            raise InputError(
                "shuffled features show what taking covariates out of features does; choose covariates, and take them "
                "out of the features or use them beside"
            )
        leak = yield from shuffled_features(
            space, target, splits, model, _N_SHUFFLES, rng, covariates=covariates, use=use
        )
    errors = yield from _errors(cohort, gathered, result)
    return Prediction(
        gathered, asked, levels, use, model, judged, alone, weighed, errors, plan, tested, curve, leak, about_ancestry
    )


def _refuse_harmonisation(params: Params) -> None:
    """Refuse what would not be harmonisation any more, or would take hours."""
    if params.harmonise is None or params.features != "connectivity":
        return
    if params.phenotype == params.harmonise:
        raise InputError(
            f"{params.phenotype} is what is predicted, and harmonisation takes out what differs between its levels; "
            "harmonise by another category or by none"
        )
    if params.phenotype in params.preserve:
        raise InputError(
            f"{params.phenotype} is what is predicted: to preserve it would write it into the features of those who "
            "are tested; leave it out of what is preserved"
        )
    if params.shuffled:
        raise InputError(
            "shuffled features would have to be harmonised anew in every split of every shuffle; do not harmonise, or "
            "do without the shuffled features"
        )


def _target(asked: Model) -> tuple[FloatArray | IntArray, tuple[str, ...]]:
    """Return the target as numbers, or as codes of the levels that occur, and these."""
    if not asked.levels:
        return asked.target, ()
    present, codes = np.unique(asked.target.astype(np.intp), return_inverse=True)
    return codes.astype(np.intp), tuple(asked.levels[level] for level in present.tolist())


def _weigh(
    gathered: Gathered,
    target: FloatArray | IntArray,
    splits: tuple[Split, ...],
    model: Fitted,
    covariates: FloatArray | None,
    use: Use,
    one_way: bool,
) -> Steps[Weighed]:
    """Fit the model once to everybody who may train, for its weights."""
    space = gathered.space
    who = splits[0].train if one_way else np.arange(space.n_subjects)
    some = space if who.size == space.n_subjects else space.of(who)
    own = None if covariates is None else covariates[who]
    fit = yield from fit_everybody(some, target[who], model, covariates=own, use=use)
    n_columns = fit.coefficients.shape[1]
    everybody = np.arange(who.size)
    weights = np.stack([fit.weights_in(some, everybody, column) for column in range(n_columns)])
    patterns = []
    for output in fit.decision.T:
        deviations = output - output.mean()
        squares = float(deviations @ deviations)
        share = deviations / squares if squares > 0 else deviations
        patterns.append(some.features.combined(some.rows, share))
    return Weighed(weights, np.stack(patterns), fit.selected, int(who.size), fit.penalty)


def _errors(cohort: Cohort, gathered: Gathered, result: CrossValidation) -> Steps[Errors]:
    """Associate how wrong predictions are with everything known of the subjects."""
    signed, absolute = _wrong(result)
    full = [np.full(cohort.n_subjects, np.nan) for _ in range(2)]
    for values, own in zip(full, (signed, absolute), strict=True):
        values[gathered.subjects] = own
    known = list(cohort.phenotypes.values())[:_MOST_PHENOTYPES]
    phenotypes = [Phenotype("signed error", full[0]), Phenotype("absolute error", full[1]), *known]
    tested = gathered.subjects[np.isfinite(absolute)]
    pairs = yield from associate_pairs(phenotypes, tested)
    return Errors(
        signed,
        absolute,
        tuple(known),
        pairs.association[:2, 2:],
        pairs.neg_log10_p[:2, 2:],
        pairs.n_subjects[:2, 2:],
    )


def _wrong(result: CrossValidation) -> tuple[FloatArray, FloatArray]:
    """Return truth less prediction, and its size; of classes the share of splits that predict another class."""
    tested = np.isfinite(result.predicted)
    n = tested.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        if result.n_classes:
            wrong = (tested & (result.predicted != result.truth)).sum(axis=0) / np.where(n > 0, n, np.nan)
            return np.full(wrong.shape, np.nan), wrong
        signed = result.truth - result.averaged()[:, 0]
    return signed, np.abs(signed)


def report(cohort: Cohort, params: Params, result: Prediction) -> Report:
    return make_report(cohort, params, result)


def draw(
    cohort: Cohort, params: Params, result: Prediction, report: Report, theme: Literal["light", "dark"]
) -> Mapping[str, Figure]:
    return draw_views(result, theme)


def methods(cohort: Cohort, params: Params, result: Prediction) -> Methods:
    return make_methods(params, result)


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
    methods=methods,
)
