"""QC-FC: association of connectivity with motion, how many edges, and its dependence on distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer import groups
from imagenomer.analyses.contract import (
    Column,
    FigureView,
    Finding,
    Groups,
    MatrixView,
    Methods,
    PointsView,
    TableView,
    View,
)
from imagenomer.analyses.shared.edge_fits import features_of, fit_edges, fit_exactly, observed, observed_name
from imagenomer.analyses.shared.edge_points import EdgePoints, edge_points, points_view
from imagenomer.analyses.shared.edge_table import edge_title, signed
from imagenomer.analyses.shared.inference import permutation_arguments, permutations_in_words
from imagenomer.analyses.shared.linear_model import Model, Question, build_model
from imagenomer.analyses.shared.linear_model_words import adjustment_in_words, sentences_of, statistic_name, warnings_of
from imagenomer.analyses.shared.plan import Plan
from imagenomer.analyses.shared.sample import Sample, counted
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.cohort import Cohort, Phenotype, parcellation_of
from imagenomer.edges import edge_distances
from imagenomer.errors import InputError
from imagenomer.jsonable import finite
from imagenomer.progress import Steps
from imagenomer.statistics.correction import adjust_neg_log10, rejected
from imagenomer.statistics.correlation import Correlation, fisher_interval
from imagenomer.statistics.qc_fc import MATCH_CUTS, QcFc, qc_fc
from imagenomer.types import BoolArray, FloatArray, Json, Row

#: Edges are called significant at this level.
ALPHA = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class MotionAssociation:
    """Association of connectivity with motion.

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
        """Edges associated with motion, Benjamini-Hochberg."""
        return rejected(self.fit.neg_log10_p, "bh", ALPHA)


def associate_motion(cohort: Cohort, sample: Sample, question: Question, plan: Plan) -> Steps[MotionAssociation]:
    """Associate every edge with motion, and with motion permuted over subjects."""
    model = build_model(question, sample.subjects)
    plan = plan.of(model)
    features = yield from features_of(cohort, sample, ranked=False)
    fit = yield from fit_edges(cohort, sample, features, model, "bh", ALPHA)
    distance = edge_distances(parcellation_of(cohort).coordinates)
    arguments, options = permutation_arguments(cohort, features.rows, model, plan)
    found = yield from qc_fc(features.values, *arguments, distance, alpha=ALPHA, **options)
    assert isinstance(fit, Correlation)  # a number is tested by r
    return MotionAssociation(sample, model, plan, fit, found, distance)


# --- saying --------------------------------------------------------------------------------------


def motion_sentences(motion: Phenotype, moved: MotionAssociation) -> list[str]:
    found, model = moved.qcfc, moved.model
    units = f" ({motion.units})" if motion.units else ""
    said = [
        f"QC-FC: {statistic_name(model)} of every edge with {motion.name}{units} over subjects; "
        f"{adjustment_in_words(model)}.",
        *sentences_of(model),
        *permutations_in_words(model, moved.plan, ALPHA),
        f"{percent(found.share_nominal)} of {counted(found.n_edges, 'edge')} have an uncorrected p below {ALPHA:g}, "
        f"against {percent(float(np.median(found.null_nominal)))} in permuted subjects "
        f"({_span(found.null_nominal, percent=True)} in 95 % of permutations), p = {found.p_nominal:.3g}; "
        f"{percent(found.share_fdr)} are significant after Benjamini-Hochberg's correction.",
        f"The median |r| is {found.median_abs_r:.3f}, against "
        f"{float(np.median(found.null_median)):.3f} in permuted subjects ({_span(found.null_median)}), p = "
        f"{found.p_median:.3g}.",
    ]
    if np.isfinite(found.distance_r):
        said.append(
            f"Distance dependence: over edges, r correlates with the distance between the parcels at "
            f"{signed(found.distance_r, 3)} (Spearman {signed(found.distance_rho, 3)}), p = {found.p_distance:.3g} by "
            f"permuted subjects, which is {_pattern(found)}."
        )
    else:
        said.append("The parcels have no coordinates, so distance dependence cannot be tested.")
    said += _about_match(found)
    n_left_out = int(np.count_nonzero(np.isfinite(moved.fit.r))) - found.n_edges
    if n_left_out:
        said.append(
            f"{counted(n_left_out, 'edge')} with missing values {'is' if n_left_out == 1 else 'are'} on the map, and "
            "excluded from all shares."
        )
    said.append(
        f"An edge associated with {motion.name} is not necessarily an artefact: {motion.name} may be associated with "
        "other traits as well; adjust for them as covariates and look at what remains."
    )
    return said


def _about_match(found: QcFc) -> list[str]:
    """Say how much the distribution of r overlaps with that of permuted subjects."""
    low, high = (100 * cut for cut in MATCH_CUTS)
    said = [
        f"Match: the distribution of r overlaps with that of permuted subjects by {percent(found.match)}, which is "
        f"{match_level(found.match)} by the cuts of CONN (low below {low:.0f} %, high above {high:.0f} %); "
        f"p = {found.p_match:.3g} for so low a match."
    ]
    if found.match <= MATCH_CUTS[1] and found.p_match > ALPHA:
        said.append(
            "Such a match is not rare without any effect of motion: edges are correlated, so the whole distribution "
            "can shift by chance where subjects or edges are few."
        )
    return said


def match_level(match: float) -> str:
    low, high = MATCH_CUTS
    return "low" if match < low else "high" if match > high else "intermediate"


def _pattern(found: QcFc) -> str:
    if found.p_distance > ALPHA:
        return "no more than expected by chance"
    if found.distance_r < 0:
        return "consistent with a motion artefact, which increases short connections more than long ones"
    return "the reverse of the usual motion artefact"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _span(null: FloatArray, *, percent: bool = False) -> str:
    low, high = np.quantile(null, [0.025, 0.975])
    return f"{100 * low:.1f} to {100 * high:.1f} %" if percent else f"{low:.3f} to {high:.3f}"


def motion_verdict(moved: MotionAssociation) -> list[Finding]:
    found, name = moved.qcfc, moved.model.name
    more = found.p_nominal <= ALPHA
    said = [
        Finding(
            f"Connectivity is associated with {name} {'more than' if more else 'no more than'} expected by chance: "
            f"{percent(found.share_nominal)} of the edges have p below {ALPHA:g} (p = {found.p_nominal:.3g} by "
            "permuted subjects).",
            "measures",
        ),
        Finding(
            f"The match with permuted subjects is {match_level(found.match)} ({percent(found.match)}, "
            f"p = {found.p_match:.3g}).",
            "distribution",
        ),
    ]
    if np.isfinite(found.distance_r):
        said.append(
            Finding(
                f"The association of an edge with {name} and the distance between its parcels correlate at "
                f"{signed(found.distance_r, 3)} (p = {found.p_distance:.3g}), {_pattern(found)}.",
                "distance",
            )
        )
    return said


def motion_warnings(moved: MotionAssociation) -> list[str]:
    said = warnings_of(moved.model)
    found = moved.qcfc
    if found.match < MATCH_CUTS[0] and found.p_match <= ALPHA:
        said.append(
            f"The match with permuted subjects is low ({percent(found.match)}): connectivity is "
            f"associated with {moved.model.name}. Whatever is associated with {moved.model.name} will be associated "
            "with connectivity through it."
        )
    return said


def motion_methods(motion: Phenotype, moved: MotionAssociation) -> Methods:
    """Say how QC-FC was computed, as a methods section does."""
    covariates = f", adjusted for {moved.model.adjusted_for}" if moved.model.adjusted_for else ""
    text = (
        f"The connectivity of every edge was correlated over {counted(moved.sample.n_subjects, 'subject')} with "
        f"{motion.name}{covariates} (QC-FC). The share of edges with an uncorrected p below {ALPHA:g}, the "
        "share significant at a false discovery rate of 5 % (Benjamini-Hochberg), the median of the magnitude of "
        "the correlation, and the correlation of QC-FC with the Euclidean distance between parcels were each "
        f"compared with {counted(moved.plan.n_used, 'permutation')} of whole subjects (seed {moved.plan.seed}"
        f"{'; residuals, after Freedman and Lane' if moved.model.design.rank > 1 else ''}). The match is the "
        "overlap, in 101 bins between -1 and 1, of the distribution of QC-FC with that of the permutations, "
        "called low below 80 % and high above 95 % as in CONN."
    )
    citations = [
        "Ciric et al. (2017), NeuroImage 154:174. https://doi.org/10.1016/j.neuroimage.2017.03.020",
        "Morfini, Whitfield-Gabrieli and Nieto-Castanon (2023), Front. Neurosci. 17:1092125. "
        "https://doi.org/10.3389/fnins.2023.1092125",
    ]
    if moved.model.design.rank > 1:
        citations.append("Freedman and Lane (1983), J. Bus. Econ. Stat. 1:292.")
    return Methods((text,), tuple(citations))


# --- numbers and views ---------------------------------------------------------------------------


def motion_numbers(moved: MotionAssociation) -> dict[str, Json]:
    found = moved.qcfc
    return {
        "covariates": [one.name for one in moved.model.question.covariates],
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
        "match_level": match_level(found.match),
        "p_match": found.p_match,
    }


def motion_arrays(moved: MotionAssociation) -> dict[str, FloatArray | BoolArray]:
    return {
        "r": moved.fit.r,
        "neg_log10_p": moved.fit.neg_log10_p,
        "significant": moved.significant,
        "distance": moved.distance,
    }


def motion_views(cohort: Cohort, group: str | None, moved: MotionAssociation) -> list[View]:
    found = moved.qcfc
    views: list[View] = [
        motion_map(cohort, group, moved),
        FigureView(
            "distribution",
            "r of all edges and its permutation distribution",
            f"Histogram of r of {counted(found.n_edges, 'edge')} with {moved.model.name} beside that of permuted "
            f"subjects; they overlap by {percent(found.match)}.",
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


def motion_map(cohort: Cohort, group: str | None, moved: MotionAssociation) -> MatrixView:
    n = int(np.count_nonzero(moved.significant))
    whose = "" if group is None else f" ({groups.describe(group)})"
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
            f"Edges with p below {ALPHA:g}, %",
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
        "QC-FC in numbers",
        (
            Column("measure", "Measure"),
            Column("value", "Value", "mixed"),
            Column("null", "Permuted, median", "mixed"),
            Column("null_span", "95 % interval", where="page", sort="null_lower"),
            Column("null_lower", "95 % from", "mixed", where="file"),
            Column("null_upper", "to", "mixed", where="file"),
            Column("p_value", "p", "p"),
        ),
        tuple(_measure(*one) for one in measures),
    )


def _measure(name: str, value: float, null: FloatArray, p_value: float) -> Row:
    lower, upper = np.quantile(null, [0.025, 0.975]).tolist()
    return {
        "measure": name,
        "value": finite(value),
        "null": finite(float(np.median(null))),
        "null_span": f"{number_text(lower, '.3g')} to {number_text(upper, '.3g')}",
        "null_lower": finite(lower),
        "null_upper": finite(upper),
        "p_value": finite(p_value),
    }


# --- one edge ------------------------------------------------------------------------------------


def edge_view(cohort: Cohort, moved: MotionAssociation, edge: int, colour_by: Groups) -> PointsView:
    """Return one edge against motion."""
    points, title, caption = _edge(cohort, moved, edge)
    return points_view(cohort, points, title, caption, colour_by)


def _edge(cohort: Cohort, moved: MotionAssociation, edge: int) -> tuple[EdgePoints, str, str]:
    """Return the points of an edge, their title and their caption."""
    if not 0 <= edge < moved.fit.r.size:
        raise InputError(f"no edge {edge}; there are {moved.fit.r.size:,}, counted from 0")
    column = observed(cohort, moved.sample, np.array([edge]))
    points = edge_points(moved.model, column[:, 0], observed_name(cohort, moved.sample))
    exact = fit_exactly(column, moved.model)
    assert isinstance(exact, Correlation)
    n, r = int(exact.n_subjects[0]), float(exact.r[0])
    title = edge_title(edge, parcellation_of(cohort))
    if not np.isfinite(r):
        return points, title, f"r is not defined: edge {edge} does not vary in {counted(n, 'subject')}."
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
