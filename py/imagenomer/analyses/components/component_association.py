"""Component association: whether component scores are associated with phenotypes, one or all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from imagenomer.analyses.components.component_association_params import MAX_T, Params
from imagenomer.analyses.components.component_association_result import ComponentTests, PhenotypeTest
from imagenomer.analyses.components.component_association_views import all_tests, association_rows, association_views
from imagenomer.analyses.components.component_association_words import (
    association_sentences,
    association_warnings,
    note_of,
    title_of,
)
from imagenomer.analyses.contract import Analysis, Report, ThemeName
from imagenomer.analyses.shared.decompositions import Components, decompose
from imagenomer.analyses.shared.edge_fits import spread_of_values
from imagenomer.analyses.shared.families import related_by
from imagenomer.analyses.shared.inference import Decision, judge_by_p, permutation_arguments
from imagenomer.analyses.shared.linear_model import Model, Question, build_model
from imagenomer.analyses.shared.plan import Plan, plan_of
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.adjustment import CategoryAssociation, associate, associate_category
from imagenomer.statistics.correlation import fisher_interval
from imagenomer.statistics.max_statistic import max_statistic
from imagenomer.statistics.unequal_variance import RobustCorrelation, associate_unequal
from imagenomer.types import FloatArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[ComponentTests]:
    covariates = tuple(cohort.phenotype(name) for name in params.covariates)
    chosen = [cohort.phenotype(name) for name in params.phenotypes]
    both = [name for name in params.phenotypes if name in params.covariates]
    if both:
        raise InputError(f"{both[0]} is what is tested and cannot be adjusted for too; leave it out")
    related = related_by(cohort, params.families, (*params.phenotypes, *params.covariates))
    unequal, no_test = params.variance == "unequal", {*params.covariates, params.families}
    everything = [one for name, one in cohort.phenotypes.items() if name not in no_test]
    phenotypes = chosen or everything
    if not phenotypes:
        raise InputError(f"{cohort.name} has no phenotype to test; open a cohort with demographics")
    plan = None
    if params.correction == MAX_T:
        if len(phenotypes) > 1:
            raise InputError(
                f"max-T permutes subjects for one phenotype, not {len(phenotypes)}; choose one, or Bonferroni"
            )
        plan = plan_of(cohort, params.permutations, params.permutation_seed, None)
    components = yield from decompose(cohort, params)
    tested, untested = [], []
    for done, phenotype in enumerate(phenotypes):
        yield Progress("Testing phenotypes", done, len(phenotypes))
        try:
            question = Question(phenotype, None, None, covariates, unequal=unequal, related=related)
            tested.append(_test(components, question))
        except InputError as error:
            if len(phenotypes) == 1:
                raise
            untested.append((phenotype.name, str(error)))
    if not tested:
        raise InputError(f"no phenotype can be tested; {untested[0][0]}: {untested[0][1]}")
    if plan is None:
        decision = judge_by_p(np.concatenate([one.neg_log10_p for one in tested]), params.correction, params.alpha)
    else:
        plan = plan.of(tested[0].model)
        decision = yield from _permute(cohort, components, tested[0], plan, params.alpha)
    spread = None
    if len(tested) == 1 and not tested[0].model.question.robust:
        spread = yield from spread_of_values(components.scores, tested[0].rows, tested[0].model)
    return ComponentTests(components, covariates, tuple(tested), tuple(untested), decision, plan, spread)


def _test(components: Components, question: Question) -> PhenotypeTest:
    """Test one phenotype in those who have it and all covariates."""
    complete = ~np.any([absent[components.subjects] for absent in question.missing.values()], axis=0)
    rows = np.flatnonzero(complete)
    if rows.size < 3:
        raise InputError(
            f"only {counted(rows.size, 'subject')} with scores and {listed(question.missing)}; choose others"
        )
    model = build_model(question, components.subjects[rows])
    scores = components.scores[rows]
    if model.n_tested > 1:
        whole = _fitted_category(scores, model)
        none = np.full(components.n_components, np.nan)
        effect = np.sqrt(whole.partial_eta_squared)
        return PhenotypeTest(
            model, rows, effect, none, none, none, none, none, whole.p_value, whole.neg_log10_p, model.dof
        )
    one = associate(scores, model.tested, model.design)
    tests, widening = one.correlation, np.ones(one.r.shape)
    if question.robust:
        robust = associate_unequal(scores, model.tested, model.design, model.families)
        assert isinstance(robust, RobustCorrelation)
        tests, widening = robust, robust.widening()
    # A partial correlation has the interval of a plain one of as many subjects less than there are covariates.
    lower, upper = fisher_interval(one.r, one.dof + 2, spread=widening)
    slope_lower, slope_upper = one.interval()
    return PhenotypeTest(
        model,
        rows,
        one.r,
        lower,
        upper,
        one.beta,
        one.beta + (slope_lower - one.beta) * widening,
        one.beta + (slope_upper - one.beta) * widening,
        tests.p_value,
        tests.neg_log10_p,
        model.dof,
    )


def _fitted_category(scores: FloatArray, model: Model) -> CategoryAssociation:
    if not model.question.robust:
        return associate_category(scores, model.tested, model.design)
    found = associate_unequal(scores, model.tested, model.design, model.families)
    assert isinstance(found, CategoryAssociation)
    return found


def _permute(cohort: Cohort, components: Components, test: PhenotypeTest, plan: Plan, alpha: float) -> Steps[Decision]:
    arguments, options = permutation_arguments(cohort, test.rows, test.model, plan)
    scores = np.ascontiguousarray(components.scores)
    largest = yield from max_statistic(scores, *arguments, **options)
    return Decision(MAX_T, alpha, -np.log10(largest.adjusted_p) + 0.0, largest.adjusted_p <= alpha, None, largest)


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: ComponentTests) -> Report:
    components, rows = result.components, association_rows(result)
    return Report(
        numbers={**_numbers(params, result), "tests": rows},
        sentences=(*components.sentences, *association_sentences(cohort, params, result)),
        warnings=(*components.warnings, *association_warnings(cohort, params, result)),
        views=tuple(association_views(cohort, params, result, rows)),
        arrays={
            "effect": result.effects,
            "p_value": np.array([one.p_value for one in result.tested]),
            "p_adjusted": result.p_adjusted,
        },
    )


def _numbers(params: Params, result: ComponentTests) -> dict[str, Json]:
    components = result.components
    single = result.tested[0] if len(result.tested) == 1 else None
    return {
        "components": components.name,
        "group": params.group,
        "phenotypes": [one.name for one in result.tested],
        "untested": [{"phenotype": name, "reason": reason} for name, reason in result.untested],
        "covariates": list(params.covariates),
        "adjusted_for": list(result.used),
        "variance": "unequal" if result.tested[0].model.question.robust else "equal",
        "families": params.families,
        "n_components": components.n_components,
        "n_scored": int(components.subjects.size),
        "n_subjects": int(single.rows.size) if single else None,
        "dof": single.dof if single else None,
        "correction": params.correction,
        "alpha": params.alpha,
        "n_tests": result.n_tests,
        "n_significant": result.n_significant,
        "n_nominal": result.n_nominal,
        "p_threshold": result.decision.p_threshold,
        **({} if result.plan is None else result.plan.numbers),
    }


# --- drawing -------------------------------------------------------------------------------------


def draw(
    cohort: Cohort, params: Params, result: ComponentTests, report: Report, theme: ThemeName
) -> Mapping[str, Figure]:
    from imagenomer.figures.component import intervals_figure
    from imagenomer.figures.drawings import Drawings

    if len(result.tested) > 1:
        return {}
    (one,) = result.tested
    return Drawings(
        {
            "effects": lambda: intervals_figure(
                result.components.numbers,
                one.effect,
                one.lower,
                one.upper,
                marked=result.significant[0],
                title=title_of(result),
                x_label="Component",
                y_label="Eta" if one.model.n_tested > 1 else "r with 95 % confidence interval",
                note=note_of(params, result),
                theme=theme,
            )
        }
    )


ANALYSIS = Analysis(
    title="Component association",
    summary="Whether component scores are associated with a phenotype, or with which of all phenotypes.",
    tab="Components",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    needs=("phenotypes",),
    whole={"tests": all_tests},
)
