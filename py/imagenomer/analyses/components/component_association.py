"""Component association: whether those who have more of a component differ in phenotypes, one or all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    Column,
    FigureView,
    GridView,
    Integer,
    Link,
    PhenotypesChoice,
    PointsView,
    Report,
    TableView,
    View,
)
from imagenomer.analyses.shared.decompositions import Components, Source, component_names, decompose
from imagenomer.analyses.shared.edge_points import edge_points, points_view
from imagenomer.analyses.shared.form_fields import Alpha, Seed, alpha_field, permutations_field, seed_field
from imagenomer.analyses.shared.inference import (
    BY_P,
    Plan,
    Verdict,
    controls,
    judge_by_p,
    permutation_arguments,
    permutation_warnings,
    permutations_in_words,
    plan_of,
)
from imagenomer.analyses.shared.linear_model import Model, Question, build_model
from imagenomer.analyses.shared.linear_model_words import sentences_of, warnings_of
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.figures.pixels import scale_limit
from imagenomer.jsonable import finite
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.adjustment import associate, associate_category
from imagenomer.statistics.correction import n_tests
from imagenomer.statistics.correlation import fisher_interval
from imagenomer.statistics.max_statistic import max_statistic
from imagenomer.types import BoolArray, FloatArray, IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MAX_T = "max-t"
_CORRECTIONS = {**BY_P, _MAX_T: "permutation max-T"}
#: Of several phenotypes the table lists this many associations, or all that are significant up to the second number.
_FEWEST_LISTED, _MOST_LISTED = 100, 500


@dataclass(frozen=True, slots=True)
class Params(Source):
    phenotypes: Annotated[tuple[str, ...], PhenotypesChoice()] = field(
        default=(), metadata={"help": "One for details, several for a grid; none stands for all."}
    )
    covariates: Annotated[tuple[str, ...], PhenotypesChoice()] = field(
        default=(), metadata={"help": "Adjusted for by a linear model."}
    )
    correction: Annotated[str, Choice(tuple(_CORRECTIONS.items()))] = field(
        default="bonferroni", metadata={"help": "Over all components, and over all phenotypes that are tested."}
    )
    permutations: Annotated[int, Integer(minimum=99, maximum=20_000, step=100)] = permutations_field(
        when={"correction": (_MAX_T,)}
    )
    permutation_seed: Seed = seed_field(when={"correction": (_MAX_T,)})
    alpha: Alpha = alpha_field()


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """One phenotype against every component.

    Attributes
    ----------
    model : Model
    rows : ndarray, shape (n_subjects,)
        Rows of the components' scores that are used.
    effect : ndarray, shape (n_components,)
        Partial correlation; of a category tested as a whole, the root of partial eta squared, which has no sign.
    lower, upper : ndarray, shape (n_components,)
        95 % confidence limits of the correlation; NaN of a category.
    slope, slope_lower, slope_upper : ndarray, shape (n_components,)
        Units of score for each unit of the phenotype, or the difference between two levels; NaN of a category.
    p_value, neg_log10_p : ndarray, shape (n_components,)
    dof : int
    """

    model: Model
    rows: IntArray
    effect: FloatArray
    lower: FloatArray
    upper: FloatArray
    slope: FloatArray
    slope_lower: FloatArray
    slope_upper: FloatArray
    p_value: FloatArray
    neg_log10_p: FloatArray
    dof: int

    @property
    def name(self) -> str:
        return self.model.question.phenotype.name


@dataclass(frozen=True, slots=True, eq=False)
class Association:
    """Phenotypes against components.

    Attributes
    ----------
    components : Components
    covariates : tuple of Phenotype
    tested : tuple of Tested
    untested : tuple of (str, str)
        Phenotypes that cannot be tested, and why.
    verdict : Verdict
        Of all tests: those of the first phenotype, then those of the second, and so on.
    plan : Plan or None
    """

    components: Components
    covariates: tuple[Phenotype, ...]
    tested: tuple[Tested, ...]
    untested: tuple[tuple[str, str], ...]
    verdict: Verdict
    plan: Plan | None

    @property
    def p_adjusted(self) -> FloatArray:
        """Shape (n_phenotypes, n_components)."""
        return self.verdict.p_value.reshape(len(self.tested), -1)

    @property
    def significant(self) -> BoolArray:
        """Shape (n_phenotypes, n_components)."""
        return self.verdict.significant.reshape(len(self.tested), -1)

    @property
    def effects(self) -> FloatArray:
        """Shape (n_phenotypes, n_components)."""
        return np.array([one.effect for one in self.tested])

    @property
    def strongest(self) -> tuple[int, int]:
        """Phenotype and component of the smallest p-value."""
        strength = np.nan_to_num(np.array([one.neg_log10_p for one in self.tested]), nan=-1.0)
        row, column = np.unravel_index(int(strength.argmax()), strength.shape)
        return int(row), int(column)


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[Association]:
    covariates = tuple(cohort.phenotype(name) for name in params.covariates)
    chosen = [cohort.phenotype(name) for name in params.phenotypes]
    both = [name for name in params.phenotypes if name in params.covariates]
    if both:
        raise InputError(f"{both[0]} is what is tested and cannot be adjusted for too; leave it out")
    everything = [one for name, one in cohort.phenotypes.items() if name not in params.covariates]
    phenotypes = chosen or everything
    if not phenotypes:
        raise InputError(f"{cohort.name} has no phenotype to test; open a cohort with demographics")
    plan = None
    if params.correction == _MAX_T:
        if len(phenotypes) > 1:
            raise InputError(
                f"max-T rearranges subjects for one phenotype, not {len(phenotypes)}; choose one, or Bonferroni"
            )
        plan = plan_of(cohort, params.permutations, params.permutation_seed, None)
    components = yield from decompose(cohort, params)
    tested, untested = [], []
    for done, phenotype in enumerate(phenotypes):
        yield Progress("Testing phenotypes", done, len(phenotypes))
        try:
            tested.append(_test(components, Question(phenotype, None, None, covariates)))
        except InputError as error:
            if len(phenotypes) == 1:
                raise
            untested.append((phenotype.name, str(error)))
    if not tested:
        raise InputError(f"no phenotype can be tested; {untested[0][0]}: {untested[0][1]}")
    if plan is None:
        verdict = judge_by_p(np.concatenate([one.neg_log10_p for one in tested]), params.correction, params.alpha)
    else:
        verdict = yield from _rearrange(cohort, components, tested[0], plan, params.alpha)
    return Association(components, covariates, tuple(tested), tuple(untested), verdict, plan)


def _test(components: Components, question: Question) -> Tested:
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
        whole = associate_category(scores, model.tested, model.design)
        none = np.full(components.n_components, np.nan)
        effect = np.sqrt(whole.partial_eta_squared)
        return Tested(model, rows, effect, none, none, none, none, none, whole.p_value, whole.neg_log10_p, model.dof)
    one = associate(scores, model.tested, model.design)
    # A partial correlation has the interval of a plain one of as many subjects less than there are covariates.
    lower, upper = fisher_interval(one.r, one.dof + 2)
    slope_lower, slope_upper = one.interval()
    return Tested(
        model,
        rows,
        one.r,
        lower,
        upper,
        one.beta,
        slope_lower,
        slope_upper,
        one.p_value,
        one.neg_log10_p,
        model.dof,
    )


def _rearrange(cohort: Cohort, components: Components, tested: Tested, plan: Plan, alpha: float) -> Steps[Verdict]:
    arguments, options = permutation_arguments(cohort, tested.rows, tested.model, plan)
    scores = np.ascontiguousarray(components.scores)
    largest = yield from max_statistic(scores, *arguments, **options)
    return Verdict("max-t", alpha, -np.log10(largest.adjusted_p) + 0.0, largest.adjusted_p <= alpha, None, largest)


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: Association) -> Report:
    components = result.components
    n_significant = int(np.count_nonzero(result.verdict.significant))
    tested = n_tests(result.verdict.neg_log10_p)
    rows = _rows(result)
    significant = f"{n_significant:,} of {counted(tested, 'test')} significant"
    threshold = result.verdict.p_threshold
    single = result.tested[0] if len(result.tested) == 1 else None
    n_below = int(sum(np.count_nonzero(one.p_value < 0.05) for one in result.tested))
    return Report(
        numbers={
            "components": components.name,
            "group": params.group,
            "phenotypes": [one.name for one in result.tested],
            "untested": [{"phenotype": name, "reason": reason} for name, reason in result.untested],
            "covariates": list(params.covariates),
            "n_components": components.n_components,
            "n_scored": int(components.subjects.size),
            "n_subjects": int(single.rows.size) if single else None,
            "dof": single.dof if single else None,
            "correction": params.correction,
            "alpha": params.alpha,
            "n_tests": tested,
            "n_significant": n_significant,
            "n_nominal": n_below,
            "p_threshold": threshold,
            **({} if result.plan is None else result.plan.numbers),
            "tests": rows,
        },
        sentences=(
            *components.sentences,
            *_about_phenotypes(cohort, result),
            "Each component is a single test of all its edges together: "
            + (f"{significant} ({_CORRECTIONS[params.correction]}, {controls(params.correction)} {params.alpha:g}")
            + ("" if threshold is None else f", p at or below {threshold:.3g}")
            + ").",
            f"{n_below:,} have an uncorrected p below 0.05; without any association {0.05 * tested:,.1f} are expected.",
            *(
                []
                if result.plan is None or single is None
                else permutations_in_words(single.model, result.plan, params.alpha)
            ),
        ),
        warnings=(
            *components.warnings,
            *(warnings_of(single.model) if single else ()),
            *([] if result.plan is None else permutation_warnings(result.plan, params.alpha)),
        ),
        views=tuple(_views(cohort, params, result, rows)),
        arrays={
            "effect": result.effects,
            "p_value": np.array([one.p_value for one in result.tested]),
            "p_adjusted": result.p_adjusted,
        },
    )


def _about_phenotypes(cohort: Cohort, result: Association) -> list[str]:
    """Say who has a phenotype, how it is coded, and what was not tested."""
    scored = result.components.subjects
    adjusted = f"adjusted for {listed(one.name for one in result.covariates)}" if result.covariates else "unadjusted"
    said = []
    if len(result.tested) == 1:
        (one,) = result.tested
        for name, absent in one.model.question.missing.items():
            lacking = scored[absent[scored]]
            if lacking.size:
                names = listed(cohort.subjects[index] for index in lacking)
                said.append(f"{counted(lacking.size, 'subject')} without {name} took no part in the tests: {names}.")
        said += sentences_of(one.model)
        what = "Eta" if one.model.n_tested > 1 else "Partial r" if result.covariates else "Pearson's r"
        said.append(
            f"{what} of every component's scores with {one.model.name} in {counted(one.rows.size, 'subject')}, "
            f"{one.dof} degrees of freedom, {adjusted}."
        )
    else:
        sizes = [one.rows.size for one in result.tested]
        said.append(
            f"{counted(len(result.tested), 'phenotype')}, {adjusted}, each in the subjects who have it and scores: "
            f"{min(sizes):,} to {max(sizes):,}."
        )
        said.append(
            "Of a category of two levels one is coded 1, as the column says; one of more levels is tested as a whole "
            "and its eta (root of the share of variance it explains) has no sign."
        )
    said += [f"{name} was not tested: {reason}." for name, reason in result.untested]
    return said


def _views(cohort: Cohort, params: Params, result: Association, rows: list[dict[str, Json]]) -> list[View]:
    best, component = result.strongest
    alt = (
        f"Effect of {counted(result.components.n_components, 'component')}; the strongest is component "
        f"{result.components.numbers[component]}, {result.tested[best].effect[component]:.3f}."
    )
    title = _title(result)
    listed_rows = sorted(rows, key=lambda row: -(row["neg_log10_p"] or 0))
    if len(result.tested) == 1:
        return [
            FigureView("effects", title, alt),
            _strongest_points(cohort, result),
            TableView("tests", "Every component", _columns(result), tuple(rows)),
        ]
    n_listed = min(max(int(np.count_nonzero(result.significant)), _FEWEST_LISTED), _MOST_LISTED)
    return [
        _grid(params, result, title),
        TableView("tests", "Strongest associations", _columns(result), tuple(listed_rows[:n_listed])),
    ]


def _title(result: Association) -> str:
    what = result.tested[0].model.name if len(result.tested) == 1 else "Phenotypes"
    given = f", given {listed(one.name for one in result.covariates)}" if result.covariates else ""
    return f"{what} and the components of {result.components.name}{given}"


def _note(params: Params, result: Association) -> str:
    n_significant, tested = np.count_nonzero(result.significant), n_tests(result.verdict.neg_log10_p)
    return (
        f"{counted(result.components.subjects.size, 'subject')} with scores; {n_significant:,} of "
        f"{counted(tested, 'test')} significant ({_CORRECTIONS[params.correction]}, alpha {params.alpha:g})"
    )


def _grid(params: Params, result: Association, title: str) -> GridView:
    numbers = result.components.numbers.tolist()
    choices = {entry.name: getattr(params, entry.name) for entry in dataclasses.fields(params)}
    tips, links = [], []
    for column, name in enumerate(component_names(numbers)):
        tips.append(tuple(_tip(result, row, column, name) for row in range(len(result.tested))))
        links.append(
            tuple(Link("component-association", {**choices, "phenotypes": [one.name]}) for one in result.tested)
        )
    return GridView(
        "grid",
        title,
        "r (eta of a category of several levels)",
        tuple(component_names(numbers)),
        tuple(one.model.name for one in result.tested),
        tuple(tuple(finite(value) for value in column) for column in result.effects.T.tolist()),
        limit=scale_limit(result.effects),
        tips=tuple(tips),
        links=tuple(links),
        note=_note(params, result),
        marked=tuple(tuple(row) for row in result.significant.T.tolist()),
    )


def _tip(result: Association, row: int, column: int, name: str) -> str:
    one = result.tested[row]
    symbol = "eta" if one.model.n_tested > 1 else "r"
    if np.isnan(one.effect[column]):
        return f"{name} and {one.model.name}: not defined"
    return (
        f"{name} and {one.model.name}: {symbol} = {one.effect[column]:.3f}, p = {one.p_value[column]:.3g}, adjusted "
        f"{result.p_adjusted[row, column]:.3g}, n = {one.rows.size}"
    ).replace("-0.", "−0.")


def _rows(result: Association) -> list[dict[str, Json]]:
    rows = []
    for place, one in enumerate(result.tested):
        for column, number in enumerate(result.components.numbers.tolist()):
            values = {
                name: finite(float(getattr(one, name)[column]))
                for name in (
                    "effect",
                    "lower",
                    "upper",
                    "slope",
                    "slope_lower",
                    "slope_upper",
                    "p_value",
                    "neg_log10_p",
                )
            }
            rows.append(
                {
                    "component": number,
                    "phenotype": one.model.name,
                    **values,
                    "ci": _span(values["lower"], values["upper"]),
                    "slope_ci": _span(values["slope_lower"], values["slope_upper"]),
                    "p_adjusted": finite(float(result.p_adjusted[place, column])),
                    "significant": bool(result.significant[place, column]),
                    "n_subjects": int(one.rows.size),
                    "dof": one.dof,
                }
            )
    return rows


def _columns(result: Association) -> tuple[Column, ...]:
    several = len(result.tested) > 1
    category = not several and result.tested[0].model.n_tested > 1
    two_levels = not several and result.tested[0].model.level is not None
    slope = "Difference of scores" if two_levels else "Score for each unit"
    effect = "Eta" if category else "r or eta" if several else "r"
    return (
        Column("component", "Component", "integer"),
        *([Column("phenotype", "Phenotype")] if several else []),
        Column("effect", effect, "number"),
        *(
            []
            if category
            else [
                Column("ci", "95 % CI", where="page", sort="lower"),
                Column("lower", "95 % CI from", "number", where="file"),
                Column("upper", "to", "number", where="file"),
                Column("slope", slope, "number", where="file" if several else "everywhere"),
                *([] if several else [Column("slope_ci", "95 % CI", where="page", sort="slope_lower")]),
                Column("slope_lower", f"{slope}: 95 % CI from", "number", where="file"),
                Column("slope_upper", "to", "number", where="file"),
            ]
        ),
        Column("p_value", "p", "p"),
        Column("p_adjusted", "p adjusted", "p"),
        Column("neg_log10_p", "−log10 p", "number", where="file"),
        Column("n_subjects", "Subjects", "integer"),
        Column("dof", "Degrees of freedom", "integer", where="file"),
    )


def _strongest_points(cohort: Cohort, result: Association) -> PointsView:
    row, column = result.strongest
    one, number = result.tested[row], result.components.numbers[column]
    points = edge_points(one.model, result.components.scores[one.rows, column], f"Score of component {number}")
    caption = (
        _tip(result, row, column, f"Component {number}") + ". The strongest is shown, so it looks better than it is."
    )
    view = points_view(cohort, points, f"{one.model.name} and component {number}", caption, ())
    return dataclasses.replace(view, name="strongest")


def _span(lower: float | None, upper: float | None) -> str | None:
    return None if lower is None or upper is None else f"{lower:.3g} to {upper:.3g}".replace("-", "−")


# --- drawing -------------------------------------------------------------------------------------


def draw(
    cohort: Cohort, params: Params, result: Association, report: Report, theme: Literal["light", "dark"]
) -> Mapping[str, Figure]:
    from imagenomer.figures.chart import intervals_figure
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
                title=_title(result),
                x_label="Component",
                y_label="Eta" if one.model.n_tested > 1 else "r with 95 % confidence interval",
                note=_note(params, result),
                theme=theme,
            )
        }
    )


ANALYSIS = Analysis(
    title="Component association",
    summary="Whether those who have more of a component differ in a phenotype, or in which of all phenotypes.",
    tab="Components",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    needs=("phenotypes",),
)
