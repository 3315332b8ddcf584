"""Quality control: does connectivity go with motion, which scans stand out, are they their person's, who is dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from imagenomer import groups
from imagenomer.analyses.connectivity.exclusion import (
    Exclusion,
    exclusion_numbers,
    exclusion_sentences,
    exclusion_tables,
    exclusion_verdict,
    exclusion_warnings,
    try_limits,
)
from imagenomer.analyses.connectivity.scan_quality import (
    Identity,
    Outliers,
    Scans,
    check_identity,
    compare_scans,
    find_outliers,
    flagged_table,
    identity_numbers,
    identity_sentences,
    identity_tables,
    identity_verdict,
    outlier_numbers,
    outlier_points,
    outlier_sentences,
    outlier_verdict,
)
from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    Column,
    FigureView,
    Finding,
    GroupChoice,
    MatrixView,
    MeasureChoice,
    Methods,
    Number,
    Part,
    PhenotypeChoice,
    PhenotypesChoice,
    PointsView,
    Report,
    RunChoice,
    SessionChoice,
    TableView,
    TaskChoice,
    View,
    in_parts,
)
from imagenomer.analyses.shared.edge_fits import features_of, fit_edges, fit_exactly, observed, observed_name
from imagenomer.analyses.shared.edge_points import EdgePoints, Groups, edge_points, points_view
from imagenomer.analyses.shared.edge_table import edge_title, signed
from imagenomer.analyses.shared.inference import Plan, permutation_arguments, permutations_in_words, plan_of
from imagenomer.analyses.shared.linear_model import (
    Model,
    Question,
    adjustment_in_words,
    build_model,
    missing_with,
    sentences_of,
    statistic_name,
    warnings_of,
    whole,
)
from imagenomer.analyses.shared.sample import Sample, counted, default_measure, sample_of
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.cohort import Cohort, Phenotype, parcellation_of
from imagenomer.edges import edge_distances
from imagenomer.errors import InputError
from imagenomer.jsonable import finite
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.correction import adjust_neg_log10, rejected
from imagenomer.statistics.correlation import Correlation, fisher_interval
from imagenomer.statistics.quality import MATCH_BINS, MATCH_CUTS, QcFc, qc_fc
from imagenomer.types import BoolArray, FloatArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: What measures of motion are called.
_MOTION = ("fd", "framewise", "motion", "movement", "displacement", "rms", "dvars")
_ALPHA = 0.05

_OUTLIERS = {"section": "Outlying scans", "when": {"check": ("all", "outliers")}}
_SCANS = {"section": "Comparing scans", "when": {"check": ("all", "outliers", "identity")}}
_DROPPED = {"section": "Who is dropped", "when": {"check": ("all", "dropped")}}
_PERMUTED = {"section": "Permutations", "when": {"check": ("all", "motion")}}


@dataclass(frozen=True, slots=True)
class Params:
    motion: Annotated[str, PhenotypeChoice("number", prefer=_MOTION)] = field(
        metadata={"help": "What measures the quality of a person's scans, such as mean framewise displacement."}
    )
    check: Annotated[
        str,
        Choice(
            (
                ("all", "Everything"),
                ("motion", "Does connectivity go with motion?"),
                ("outliers", "Which scans stand out?"),
                ("identity", "Are scans their person's?"),
                ("dropped", "Who is dropped?"),
            )
        ),
    ] = "all"
    covariates: Annotated[tuple[str, ...], PhenotypesChoice(without=("motion",))] = field(
        default=(), metadata={"help": "Adjusted for in QC-FC.", "when": {"check": ("all", "motion")}}
    )
    measure: Annotated[str | None, MeasureChoice()] = None
    task: Annotated[str | None, TaskChoice()] = None
    session: Annotated[str | None, SessionChoice()] = None
    run: Annotated[str | None, RunChoice()] = None
    group: Annotated[str | None, GroupChoice()] = None
    keep: Annotated[str, Choice((("at most", "At most"), ("at least", "At least")))] = field(
        default="at most", metadata=_DROPPED | {"help": "At most, where higher is worse; at least, where lower is."}
    )
    limit: Annotated[float, Number(minimum=-1e9, maximum=1e9, step=0.05)] = field(
        default=0.2, metadata=_DROPPED | {"help": "In the units of the measure of motion; 0.2 mm is a common one."}
    )
    factor: Annotated[float, Number(minimum=0.5, maximum=10, step=0.5)] = field(
        default=3,
        metadata=_OUTLIERS
        | {"label": "Interquartile ranges", "help": "Beyond the quartiles; 3 flags extreme scans, 1.5 mild ones too."},
    )
    components: Annotated[int, Number(minimum=1, maximum=50, step=1)] = field(
        default=10, metadata=_OUTLIERS | {"label": "Principal components"}
    )
    edges: Annotated[str, Choice((("auto", "All, or 10,000 of very many"), ("all", "All")))] = field(
        default="auto",
        metadata=_SCANS | {"label": "Edges compared", "help": "Thousands of scans by all edges take half a minute."},
    )
    permutations: Annotated[int, Number(minimum=100, maximum=100_000, step=100)] = field(
        default=500, metadata=_PERMUTED | {"help": "500 to look, 5,000 to publish."}
    )
    seed: Annotated[int, Number(minimum=0, maximum=2**31 - 1, step=1)] = field(
        default=1, metadata=_PERMUTED | {"help": "The same seed gives the same result."}
    )
    blocks: Annotated[str | None, PhenotypeChoice("category")] = field(
        default=None,
        metadata=_PERMUTED | {"help": "Subjects change places only within its levels: families, sites."},
    )


@dataclass(frozen=True, slots=True, eq=False)
class WithMotion:
    """Whether connectivity goes with motion.

    Attributes
    ----------
    sample : Sample
    model : Model
    plan : Plan
    fit : Correlation
        Of every edge with motion; exact for all whose verdict is close, else to 5e-6 in r.
    qcfc : QcFc
    distance : ndarray, shape (n_edges,)
        Millimetres between the parcels; NaN where unknown.
    """

    sample: Sample
    model: Model
    plan: Plan
    fit: Correlation
    qcfc: QcFc
    distance: FloatArray

    @property
    def significant(self) -> BoolArray:
        """Edges that go with motion, Benjamini-Hochberg."""
        return rejected(self.fit.neg_log10_p, "bh", _ALPHA)


@dataclass(frozen=True, slots=True, eq=False)
class QualityControl:
    """What was checked; None what was not.

    Attributes
    ----------
    motion : Phenotype
    with_motion : WithMotion or None
    scans : Scans or None
    outliers : Outliers or None
    identity : Identity or None
    exclusion : Exclusion or None
    """

    motion: Phenotype
    with_motion: WithMotion | None = None
    scans: Scans | None = None
    outliers: Outliers | None = None
    identity: Identity | None = None
    exclusion: Exclusion | None = None


# --- computing -----------------------------------------------------------------------------------


def _if_asked(
    name: str, part: Callable[[Cohort, Params, QualityControl], Steps[QualityControl]]
) -> Callable[[Cohort, Params, QualityControl | None], Steps[QualityControl]]:
    """Return a part that does nothing where the form asks for another check."""

    def compute(cohort: Cohort, params: Params, result: QualityControl | None) -> Steps[QualityControl]:
        yield Progress("Choosing subjects")
        result = result or QualityControl(_motion(cohort, params))
        return (yield from part(cohort, params, result)) if params.check in ("all", name) else result

    return compute


def _motion(cohort: Cohort, params: Params) -> Phenotype:
    motion = cohort.phenotype(params.motion)
    if motion.levels:
        raise InputError(f"{motion.name} is a category; choose a number that measures motion")
    if motion.name in params.covariates:
        raise InputError(f"{motion.name} is what is tested and cannot be adjusted for too; leave it out")
    return motion


def _with_motion(cohort: Cohort, params: Params, result: QualityControl) -> Steps[QualityControl]:
    covariates = tuple(cohort.phenotype(name) for name in params.covariates)
    question = Question(result.motion, None, None, covariates)
    plan = plan_of(cohort, params.permutations, params.seed, params.blocks)
    sample = _draw(cohort, params, missing_with(question, plan.blocks))
    model = build_model(question, sample.subjects)
    features = yield from features_of(cohort, sample, ranked=False)
    fit = yield from fit_edges(cohort, sample, features, model, "bh", _ALPHA)
    distance = edge_distances(parcellation_of(cohort).coordinates)
    arguments, options = permutation_arguments(cohort, features.rows, model, plan)
    found = yield from qc_fc(features.values, *arguments, distance, alpha=_ALPHA, **options)
    assert isinstance(fit, Correlation)  # a number is tested by r
    return replace(result, with_motion=WithMotion(sample, model, plan, fit, found, distance))


def _draw(cohort: Cohort, params: Params, missing: Mapping[str, BoolArray]) -> Sample:
    return sample_of(cohort, params, missing=missing, at_least=3)


def _compared(cohort: Cohort, params: Params, result: QualityControl) -> Steps[QualityControl]:
    if result.scans is not None:
        return result
    scans = yield from compare_scans(
        cohort,
        measure=params.measure or default_measure(cohort),
        task=params.task,
        session=params.session,
        run=params.run,
        group=params.group,
        all_edges=params.edges == "all",
        seed=whole("seed", params.seed),
    )
    return replace(result, scans=scans)


def _outliers(cohort: Cohort, params: Params, result: QualityControl) -> Steps[QualityControl]:
    result = yield from _compared(cohort, params, result)
    assert result.scans is not None
    found = yield from find_outliers(result.scans, params.factor, whole("principal components", params.components))
    return replace(result, outliers=found)


def _identity(cohort: Cohort, params: Params, result: QualityControl) -> Steps[QualityControl]:
    result = yield from _compared(cohort, params, result)
    assert result.scans is not None
    found = yield from check_identity(cohort, result.scans)
    return replace(result, identity=found)


def _exclusion(cohort: Cohort, params: Params, result: QualityControl) -> Steps[QualityControl]:
    yield Progress("Comparing those kept and those dropped")
    sample = _draw(cohort, params, {result.motion.name: result.motion.missing})
    at_most = params.keep == "at most"
    found = try_limits(cohort, sample, result.motion, params.limit, at_most=at_most, group=params.group)
    return replace(result, exclusion=found)


_PARTS = (
    Part("motion", "Does connectivity go with motion?", _if_asked("motion", _with_motion)),
    Part("outliers", "Which scans stand out?", _if_asked("outliers", _outliers)),
    Part("identity", "Are scans their person's?", _if_asked("identity", _identity)),
    Part("dropped", "Who is dropped?", _if_asked("dropped", _exclusion)),
)


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: QualityControl) -> Report:
    numbers: dict[str, Json] = {"motion": result.motion.name, "check": params.check, "group": params.group}
    sentences: list[str] = []
    warnings: list[str] = []
    views: list[View] = []
    arrays: dict[str, FloatArray | BoolArray] = {}
    verdict: list[Finding] = []
    moved, scans = result.with_motion, result.scans
    if not _named_like_motion(result.motion) and (moved or result.exclusion):
        warnings.append(
            f"Nothing in the name or the description of {result.motion.name} speaks of motion: what follows about "
            f"motion is about {result.motion.name}."
        )
    closer = cohort.about_other_scans(params.task, params.session, params.run).get(result.motion.name)
    if closer and (moved or result.exclusion):
        warnings.append(
            f"{result.motion.name} is not about the scans that are used here, or not about these alone, and {closer} "
            "is: rather choose that."
        )
    if moved is not None:
        numbers |= _motion_numbers(params, moved)
        sentences += [*moved.sample.sentences, *_motion_sentences(result.motion, moved)]
        warnings += _motion_warnings(moved)
        views += _motion_views(cohort, params, moved)
        arrays |= _arrays(moved)
        verdict += _motion_verdict(moved)
    if scans is not None:
        sentences += scans.sentences
    if scans is not None and result.outliers is not None:
        numbers["outliers"] = outlier_numbers(cohort, scans, result.outliers)
        sentences += outlier_sentences(cohort, scans, result.outliers)
        views += [*outlier_points(cohort, scans, result.outliers), *flagged_table(cohort, scans, result.outliers)]
        verdict += outlier_verdict(scans, result.outliers)
    if scans is not None and result.identity is not None:
        numbers["identity"] = identity_numbers(cohort, scans, result.identity)
        sentences += identity_sentences(cohort, scans, result.identity)
        views += [*_identity_figure(result.identity), *identity_tables(cohort, scans, result.identity)]
        verdict += identity_verdict(scans, result.identity)
    if result.exclusion is not None:
        numbers["exclusion"] = exclusion_numbers(result.exclusion)
        sentences += [] if moved is not None else result.exclusion.sample.sentences
        sentences += exclusion_sentences(result.exclusion)
        warnings += exclusion_warnings(result.exclusion)
        views += exclusion_tables(result.exclusion)
        verdict += exclusion_verdict(result.exclusion)
    return Report(numbers, tuple(sentences), tuple(warnings), tuple(views), arrays, tuple(verdict))


def _named_like_motion(phenotype: Phenotype) -> bool:
    told = f"{phenotype.name} {phenotype.description}".lower()
    return any(part in told for part in _MOTION)


def _arrays(moved: WithMotion) -> dict[str, FloatArray | BoolArray]:
    return {
        "r": moved.fit.r,
        "neg_log10_p": moved.fit.neg_log10_p,
        "significant": moved.significant,
        "distance": moved.distance,
    }


def _motion_numbers(params: Params, moved: WithMotion) -> dict[str, Json]:
    found = moved.qcfc
    return {
        "covariates": list(params.covariates),
        **moved.sample.numbers,
        "dof": moved.model.dof,
        **moved.plan.numbers,
        "n_edges": found.n_edges,
        "n_significant": int(np.count_nonzero(moved.significant)),
        "share_nominal": found.share_nominal,
        "p_share_nominal": found.p_nominal,
        "share_fdr": found.share_fdr,
        "p_share_fdr": found.p_fdr,
        "median_abs_r": found.median_abs_r,
        "p_median_abs_r": found.p_median,
        "distance_r": finite(found.distance_r),
        "p_distance_r": finite(found.p_distance),
        "distance_rho": finite(found.distance_rho),
        "match": found.match,
        "match_level": _level(found.match),
        "p_match": found.p_match,
    }


def _level(match: float) -> str:
    low, high = MATCH_CUTS
    return "low" if match < low else "high" if match > high else "intermediate"


def _motion_sentences(motion: Phenotype, moved: WithMotion) -> list[str]:
    found, model = moved.qcfc, moved.model
    units = f" ({motion.units})" if motion.units else ""
    said = [
        f"QC-FC: {statistic_name(model)} of every edge with {motion.name}{units} over subjects; "
        f"{adjustment_in_words(model)}.",
        *sentences_of(model),
        *permutations_in_words(model, moved.plan, _ALPHA),
        f"{_percent(found.share_nominal)} of {counted(found.n_edges, 'edge')} have an uncorrected p below {_ALPHA:g}, "
        f"where rearranged subjects have {_percent(float(np.median(found.null_nominal)))} "
        f"({_span(found.null_nominal, percent=True)} in 95 % of rearrangements), p = {found.p_nominal:.3g}; "
        f"{_percent(found.share_fdr)} are significant after Benjamini-Hochberg's correction.",
        f"The median |r| is {found.median_abs_r:.3f}, where rearranged subjects have "
        f"{float(np.median(found.null_median)):.3f} ({_span(found.null_median)}), p = {found.p_median:.3g}.",
    ]
    if np.isfinite(found.distance_r):
        said.append(
            f"Distance dependence: over edges, r correlates with the distance between the parcels at "
            f"{signed(found.distance_r, 3)} (Spearman {signed(found.distance_rho, 3)}), p = {found.p_distance:.3g} by "
            f"rearranged subjects, which is {_pattern(found)}."
        )
    else:
        said.append("The parcels have no coordinates, so distance dependence cannot be told.")
    low, high = (100 * cut for cut in MATCH_CUTS)
    said.append(
        f"Match: the distribution of r overlaps with that of rearranged subjects by {_percent(found.match)}, which is "
        f"{_level(found.match)} by the cuts of CONN (low below {low:.0f} %, high above {high:.0f} %); "
        f"p = {found.p_match:.3g} for so low a match."
    )
    if found.match <= MATCH_CUTS[1] and found.p_match > _ALPHA:
        said.append(
            "Such a match is not rare without any effect of motion: edges depend on each other, so that the whole "
            "distribution shifts with few subjects or few edges."
        )
    n_left_out = int(np.count_nonzero(np.isfinite(moved.fit.r))) - found.n_edges
    if n_left_out:
        said.append(
            f"{counted(n_left_out, 'edge')} with missing values {'is' if n_left_out == 1 else 'are'} on the map, and "
            "left out of all shares."
        )
    said.append(
        f"An edge that goes with {motion.name} is not by that alone an artefact: {motion.name} may go with other "
        "traits as well, and covariates show what remains."
    )
    return said


def _pattern(found: QcFc) -> str:
    if found.p_distance > _ALPHA:
        return "not more than chance gives"
    if found.distance_r < 0:
        return "consistent with an artefact of motion, which raises short connections more than long ones"
    return "the reverse of what an artefact of motion usually leaves"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _span(null: FloatArray, *, percent: bool = False) -> str:
    low, high = np.quantile(null, [0.025, 0.975])
    return f"{100 * low:.1f} to {100 * high:.1f} %" if percent else f"{low:.3f} to {high:.3f}"


def _motion_verdict(moved: WithMotion) -> list[Finding]:
    found, name = moved.qcfc, moved.model.name
    more = found.p_nominal <= _ALPHA
    said = [
        Finding(
            f"Connectivity goes with {name} {'more than' if more else 'no more than'} chance gives: "
            f"{_percent(found.share_nominal)} of the edges have p below {_ALPHA:g} (p = {found.p_nominal:.3g} by "
            "rearranged subjects).",
            "measures",
        ),
        Finding(
            f"The match with rearranged subjects is {_level(found.match)} ({_percent(found.match)}, "
            f"p = {found.p_match:.3g}).",
            "distribution",
        ),
    ]
    if np.isfinite(found.distance_r):
        said.append(
            Finding(
                f"How an edge goes with {name} and the distance between its parcels correlate at "
                f"{signed(found.distance_r, 3)} (p = {found.p_distance:.3g}), {_pattern(found)}.",
                "distance",
            )
        )
    return said


def _motion_warnings(moved: WithMotion) -> list[str]:
    said = warnings_of(moved.model)
    found = moved.qcfc
    if found.match < MATCH_CUTS[0] and found.p_match <= _ALPHA:
        said.append(
            f"The match with rearranged subjects is low ({_percent(found.match)}): connectivity goes with "
            f"{moved.model.name}. Whatever else goes with {moved.model.name} will go with connectivity by way of it."
        )
    return said


def _motion_views(cohort: Cohort, params: Params, moved: WithMotion) -> list[View]:
    found = moved.qcfc
    views: list[View] = [
        _map(cohort, params, moved),
        FigureView(
            "distribution",
            "Beside chance: r of all edges",
            f"Histogram of r of {counted(found.n_edges, 'edge')} with {moved.model.name} beside that of rearranged "
            f"subjects; they overlap by {_percent(found.match)}.",
        ),
    ]
    if np.isfinite(found.distance_r):
        views.append(
            FigureView(
                "distance",
                "By distance",
                f"r of each edge with {moved.model.name} against the distance between its parcels; they correlate at "
                f"{signed(found.distance_r, 3)}.",
            )
        )
    return [*views, _measures(found)]


def _map(cohort: Cohort, params: Params, moved: WithMotion) -> MatrixView:
    n = int(np.count_nonzero(moved.significant))
    whose = "" if params.group is None else f" ({groups.describe(params.group)})"
    adjusted = f"; adjusted for {moved.model.adjusted_for}" if moved.model.adjusted_for else ""
    return MatrixView(
        "r",
        f"{moved.model.name} and {observed_name(cohort, moved.sample)}",
        statistic_name(moved.model),
        "r",
        "diverging",
        marked="significant",
        detail=True,
        note=f"{counted(moved.sample.n_subjects, 'subject')}{whose}, one observation each{adjusted}\n"
        f"{n:,} of {counted(int(np.isfinite(moved.fit.r).sum()), 'edge')} significant (Benjamini-Hochberg, alpha 0.05)",
    )


def _measures(found: QcFc) -> TableView:
    measures: list[tuple[str, float, FloatArray, float]] = [
        (
            f"Edges with p below {_ALPHA:g}, %",
            100 * found.share_nominal,
            100 * found.null_nominal,
            found.p_nominal,
        ),
        ("Edges significant (Benjamini-Hochberg), %", 100 * found.share_fdr, 100 * found.null_fdr, found.p_fdr),
        ("Median |r|", found.median_abs_r, found.null_median, found.p_median),
        ("Match, %", 100 * found.match, 100 * found.null_match, found.p_match),
    ]
    if np.isfinite(found.distance_r):
        measures.append(("Correlation of r with distance", found.distance_r, found.null_distance, found.p_distance))
    return TableView(
        "measures",
        "In numbers: QC-FC",
        (
            Column("measure", "Measure"),
            Column("value", "Value", "mixed"),
            Column("null", "Rearranged", "mixed"),
            Column("null_span", "95 % of them", where="page", sort="null_lower"),
            Column("null_lower", "95 % from", "mixed", where="file"),
            Column("null_upper", "to", "mixed", where="file"),
            Column("p_value", "p", "p"),
        ),
        tuple(
            {
                "measure": name,
                "value": finite(value),
                "null": finite(float(np.median(null))),
                "null_span": " to ".join(number_text(value, ".3g") for value in np.quantile(null, [0.025, 0.975])),
                "null_lower": finite(float(np.quantile(null, 0.025))),
                "null_upper": finite(float(np.quantile(null, 0.975))),
                "p_value": finite(p_value),
            }
            for name, value, null, p_value in measures
        ),
    )


def _identity_figure(found: Identity) -> list[FigureView]:
    if not found.bins.size:
        return []
    return [
        FigureView(
            "alike",
            "Alike: one person's scans and strangers'",
            f"Histograms of the correlation of two scans: {counted(found.n_own, 'pair')} of one person, "
            f"{counted(found.n_others, 'pair')} of different people.",
        )
    ]


# --- one edge ------------------------------------------------------------------------------------


def detail(cohort: Cohort, params: Params, result: QualityControl, edge: int, colour_by: Groups) -> PointsView:
    points, title, caption = _edge(cohort, result, edge)
    return points_view(cohort, points, title, caption, colour_by)


def _edge(cohort: Cohort, result: QualityControl, edge: int) -> tuple[EdgePoints, str, str]:
    moved = result.with_motion
    if moved is None:
        raise InputError("edges were not compared with motion; choose to check everything, or motion")
    if not 0 <= edge < moved.fit.r.size:
        raise InputError(f"no edge {edge}; there are {moved.fit.r.size:,}, counted from 0")
    column = observed(cohort, moved.sample, np.array([edge]))
    points = edge_points(moved.model, column[:, 0], observed_name(cohort, moved.sample))
    exact = fit_exactly(column, moved.model)
    assert isinstance(exact, Correlation)
    n, r = int(exact.n_subjects[0]), float(exact.r[0])
    title = edge_title(edge, parcellation_of(cohort))
    if not np.isfinite(r):
        return points, title, f"r is not defined: edge {edge} does not vary among {counted(n, 'subject')}."
    low, high = fisher_interval(exact.r, exact.dof + 2)
    symbol = "r" if moved.model.design.rank == 1 else f"partial r given {moved.model.adjusted_for}"
    corrected = float(10 ** -adjust_neg_log10(moved.fit.neg_log10_p, "bh")[edge])
    away = moved.distance[edge]
    apart = f"; {away:.0f} mm apart" if np.isfinite(away) else ""
    interval = f" (95 % CI {signed(low[0], 3)} to {signed(high[0], 3)})" if np.isfinite(low[0]) else ""
    caption = (
        f"{symbol} = {signed(r, 4)}{interval}, p = {exact.p_value[0]:.3g}, corrected (Benjamini-Hochberg) "
        f"{corrected:.3g}; {counted(n, 'subject')}{apart}."
    )
    return points, title, caption


# --- drawing -------------------------------------------------------------------------------------


def draw(
    cohort: Cohort, params: Params, result: QualityControl, report: Report, theme: Literal["light", "dark"]
) -> Mapping[str, Figure]:
    from imagenomer.figures.drawings import Drawings

    drawings: dict[str, Callable[[], Figure]] = {}
    if result.with_motion is not None:
        drawings |= _motion_drawings(cohort, params, result.with_motion, theme)
    if result.identity is not None and result.identity.bins.size:
        drawings["alike"] = _identity_drawing(result.identity, theme)
    return Drawings(drawings)


def _motion_drawings(
    cohort: Cohort, params: Params, moved: WithMotion, theme: Literal["light", "dark"]
) -> dict[str, Callable[[], Figure]]:
    from imagenomer.figures.quality import distance_figure, null_figure

    found, view = moved.qcfc, _map(cohort, params, moved)
    label = f"{view.label} with {moved.model.name}"

    def distribution() -> Figure:
        half = (MATCH_BINS[1] - MATCH_BINS[0]) / 2
        used = np.flatnonzero((found.counts > 0) | (found.null_band[1] > 0))
        shown = slice(max(used[0] - 1, 0), min(used[-1] + 2, MATCH_BINS.size))
        scale = 100 / found.n_edges
        return null_figure(
            np.append(MATCH_BINS[shown] - half, MATCH_BINS[shown][-1] + half),
            np.asarray(found.counts[shown] * scale, dtype=np.float64),
            found.null_counts[shown] * scale / found.null_nominal.size,
            found.null_band[:, shown] * scale,
            title=view.title,
            x_label=label,
            note=f"{view.note}\nOverlap {_percent(found.match)} ({_level(found.match)}), p = {found.p_match:.3g}, "
            f"{moved.plan.n_permutations:,} rearrangements",
            theme=theme,
        )

    def distance() -> Figure:
        placed = np.isfinite(found.r) & np.isfinite(moved.distance)
        return distance_figure(
            moved.distance[placed],
            found.r[placed],
            title=view.title,
            y_label=label,
            note=f"{view.note}\n"
            f"r correlates with distance at {signed(found.distance_r, 3)}, p = {found.p_distance:.3g}",
            theme=theme,
        )

    drawings = {"distribution": distribution}
    return drawings | {"distance": distance} if np.isfinite(found.distance_r) else drawings


def _identity_drawing(found: Identity, theme: Literal["light", "dark"]) -> Callable[[], Figure]:
    from imagenomer.figures.quality import pairs_figure

    def drawn() -> Figure:
        return pairs_figure(
            found.bins,
            found.own,
            found.others,
            title="Scans of one person and of different people",
            names=(f"one person ({found.n_own:,} pairs)", f"different people ({found.n_others:,})"),
            note="Pairs of scans of different tasks, sessions or runs.",
            theme=theme,
        )

    return drawn


# --- methods -------------------------------------------------------------------------------------


def methods(cohort: Cohort, params: Params, result: QualityControl) -> Methods:
    text, citations = [], []
    if result.with_motion is not None:
        moved = result.with_motion
        covariates = f", adjusted for {moved.model.adjusted_for}" if moved.model.adjusted_for else ""
        text.append(
            f"The connectivity of every edge was correlated over {counted(moved.sample.n_subjects, 'subject')} with "
            f"{result.motion.name}{covariates} (QC-FC). The share of edges with an uncorrected p below {_ALPHA:g}, the "
            "share significant at a false discovery rate of 5 % (Benjamini-Hochberg), the median of the magnitude of "
            "the correlation, and the correlation of QC-FC with the Euclidean distance between parcels were each "
            f"compared with {moved.plan.n_permutations:,} rearrangements of whole subjects (seed {moved.plan.seed}"
            f"{'; residuals, after Freedman and Lane' if moved.model.design.rank > 1 else ''}). The match is the "
            "overlap, in 101 bins between -1 and 1, of the distribution of QC-FC with that of the rearrangements, "
            "called low below 80 % and high above 95 % as in CONN."
        )
        citations += [
            "Ciric et al. (2017), NeuroImage 154:174. https://doi.org/10.1016/j.neuroimage.2017.03.020",
            "Morfini, Whitfield-Gabrieli and Nieto-Castanon (2023), Front. Neurosci. 17:1092125. "
            "https://doi.org/10.3389/fnins.2023.1092125",
        ]
        if moved.model.design.rank > 1:
            citations.append("Freedman and Lane (1983), J. Bus. Econ. Stat. 1:292.")
    if result.outliers is not None:
        text.append(
            "Each scan was compared with the others of its task by its mean connectivity, its correlation with the "
            "mean of other people's scans, and its Mahalanobis distance from the other scans in the space of the first "
            f"principal components (at most {whole('principal components', params.components)}; mean and covariance "
            f"without the scan itself). Scans beyond the quartiles by more than {params.factor:g} interquartile ranges "
            "were flagged, correlations after Fisher's z and distances on a logarithmic scale."
        )
    if result.identity is not None:
        text.append(
            "Scans were identified by their correlation over edges: a scan counts as found if, among the scans of "
            "another task, session or run, the most similar is the same person's. Differential identifiability is the "
            "mean correlation of scans of one person less that of different people, times 100."
        )
        citations += [
            "Finn et al. (2015), Nat. Neurosci. 18:1664. https://doi.org/10.1038/nn.4135",
            "Amico and Goni (2018), Sci. Rep. 8:8254. https://doi.org/10.1038/s41598-018-25089-1",
        ]
    if result.exclusion is not None:
        text.append(
            f"Subjects whom a limit on {result.motion.name} excludes were compared with those it retains, numbers by "
            "Welch's t and Hedges' g, categories by Fisher's exact test of two by two or Pearson's chi-squared and "
            "Cramer's V, with Holm's correction over phenotypes."
        )
        citations += [
            "Cosgrove et al. (2022), Brain Imaging Behav. (PMC9296258).",
            "Peverill et al. (2025), Hum. Brain Mapp. 46:e70094. https://doi.org/10.1002/hbm.70094",
        ]
    return Methods(tuple(text), tuple(citations))


ANALYSIS = Analysis(
    title="Quality control",
    summary="Whether connectivity goes with motion, which scans stand out or are somebody else's, and who is dropped.",
    tab="Connectivity",
    params=Params,
    compute=in_parts(_PARTS),
    report=report,
    draw=draw,
    detail=detail,
    needs=("connectivity", "phenotypes"),
    parts=_PARTS,
    methods=methods,
)
