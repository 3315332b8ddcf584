"""Harmonisation: the variance of connectivity that site explains, and its removal by ComBat or CovBat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Literal, cast

import numpy as np

from imagenomer import groups
from imagenomer.analyses.connectivity.harmonisation_comparison import EdgeTests, compare_edges, share_of_site
from imagenomer.analyses.connectivity.harmonisation_result import Harmonisation, SiteModel
from imagenomer.analyses.connectivity.harmonisation_tables import (
    harmonisation_views,
    prediction_rows,
    preserved_row,
    site_maps,
    site_rows,
)
from imagenomer.analyses.connectivity.harmonisation_words import (
    harmonisation_methods,
    harmonisation_sentences,
    harmonisation_warnings,
    made_of,
    mean_defined,
    statistic_of,
)
from imagenomer.analyses.connectivity.site_predictions import predict_left_out
from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    Flag,
    GroupChoice,
    Integer,
    LevelChoice,
    Methods,
    PhenotypeChoice,
    PhenotypesChoice,
    Report,
    ThemeName,
)
from imagenomer.analyses.shared.form_fields import ScanFields, Seed, seed_field
from imagenomer.analyses.shared.sample import Sample, average_scans, counted, listed, sample_of
from imagenomer.analyses.shared.sites import draw_of_sites, site_of
from imagenomer.cohort import Cohort, Measure, Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.column_moments import column_blocks
from imagenomer.statistics.combat import Combat
from imagenomer.statistics.covbat import Covbat
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.site_prediction import adjusted
from imagenomer.statistics.sites import Sites, follows_from_sites, sites_of
from imagenomer.types import BoolArray, Float32Array, Json, Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Share of a phenotype's variance that site explains, beyond that expected by chance, above which it is named where it
#: is not preserved.
_DIFFERS = 0.1
_N_BINS = 40


@dataclass(frozen=True)
class SiteFields:
    """What is harmonised, and how."""

    site: Annotated[str, PhenotypeChoice("category", prefer=("site", "scanner", "center", "centre"), role="site")] = (
        field(metadata={"help": "Scanner, site or study: differences between its levels are removed."})
    )
    covariates: Annotated[tuple[str, ...], PhenotypesChoice(without=("site",))] = field(
        default=(),
        metadata={
            "label": "Preserve",
            "help": "The variance that these explain is kept, also where site explains it too.",
        },
    )
    method: Annotated[
        str,
        Choice((("combat", "ComBat: means and variances"), ("covbat", "CovBat: covariances too"))),
    ] = "combat"
    reference: Annotated[str | None, LevelChoice(of="site", whole="None: the mean of all", optional=True)] = field(
        default=None, metadata={"label": "Reference site", "help": "It stays as it is; the others are aligned to it."}
    )
    empirical_bayes: Annotated[bool, Flag()] = field(
        default=True,
        metadata={
            "label": "Pool over edges (empirical Bayes)",
            "help": "Stabilises the estimates of small sites by the site's effect on edges in general.",
        },
    )
    mean_only: Annotated[bool, Flag()] = field(
        default=False, metadata={"label": "Means only", "help": "Leave the variances of sites as they are."}
    )
    learn_from: Annotated[str | None, GroupChoice()] = field(
        default=None,
        metadata={"help": "Site effects are estimated in these (controls, say) and removed from everybody."},
    )
    smallest_site: Annotated[int, Integer(minimum=1, maximum=10_000, step=1)] = field(
        default=3, metadata={"help": "Sites with fewer subjects are excluded."}
    )


@dataclass(frozen=True)
class Params(ScanFields, SiteFields):
    predict_site: Annotated[bool, Flag()] = field(
        default=True,
        metadata={
            "section": "Prediction of the site",
            "label": "Predict the site of left-out subjects",
            "help": "Takes most of the time; minutes with CovBat.",
        },
    )
    seed: Seed = seed_field(
        section="Prediction of the site",
        when={"predict_site": (True,)},
        help="Of the folds; the same seed gives the same result.",
    )


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[Harmonisation]:
    yield Progress("Choosing subjects")
    model = _model(cohort, params)
    yield from average_scans(cohort, params)
    sample = _sample(cohort, params, model)
    design = build_design(model.covariates, sample.subjects)
    codes = model.site.values[sample.subjects].astype(np.intp)
    sites = sites_of(codes, model.site.levels, design.matrix[:, 1:], design.columns[1:])
    learned = _learned(cohort, model, sample)
    _refuse_aliased(model.site, sites.of(np.flatnonzero(learned)))
    values, rows = sample.observations.values, sample.rows
    effects = yield from model.fit(values, rows, sites, only=np.flatnonzero(learned))
    (effects if isinstance(effects, Combat) else effects.combat).require_known(sites)
    tests = EdgeTests.of(model.site, model.covariates, design, sample.subjects)
    compared = yield from compare_edges(values, rows, sites, effects, tests)
    predictions = None
    if params.predict_site:
        predictions = yield from predict_left_out(cohort, sample, sites, learned, model.fit, params.seed)
    return Harmonisation(
        model=model,
        sample=sample,
        sites=sites,
        learned=learned,
        effects=effects,
        design=design,
        site_predictions=predictions,
        not_preserved=_not_preserved(cohort, model, sample),
        dof=(np.unique(codes).size - 1, rows.size - design.rank - np.unique(codes).size + 1),
        preserved=tuple(
            replace(one, share_of_site=share_of_site(code(covariate, sample.subjects), sites, learned))
            for one, covariate in zip(compared.preserved, compared.covariates, strict=True)
        ),
        before=compared.before,
        after=compared.after,
        means=compared.means,
        beyond=compared.beyond,
        lost=compared.lost,
    )


def _model(cohort: Cohort, params: Params) -> SiteModel:
    return SiteModel(
        site=site_of(cohort, params.site, params.covariates),
        covariates=tuple(cohort.phenotype(name) for name in params.covariates),
        method=cast('Literal["combat", "covbat"]', params.method),
        empirical_bayes=params.empirical_bayes,
        mean_only=params.mean_only,
        reference=params.reference,
        learn_from=params.learn_from,
        group=params.group,
    )


def _sample(cohort: Cohort, params: Params, model: SiteModel) -> Sample:
    """Draw the subjects, without those of sites that are too small."""

    def draw(missing: Mapping[str, BoolArray]) -> Sample:
        return sample_of(cohort, params, missing=missing, at_least=4)

    smallest = params.smallest_site
    return draw_of_sites(draw, model.site, smallest, {one.name: one.missing for one in (model.site, *model.covariates)})


def _learned(cohort: Cohort, model: SiteModel, sample: Sample) -> BoolArray:
    if model.learn_from is None:
        return np.ones(sample.n_subjects, dtype=bool)
    learned = groups.select(cohort, model.learn_from).included[sample.subjects]
    if not learned.any():
        raise InputError(
            f"none of the {sample.n_subjects} subjects is in the group {groups.describe(model.learn_from)}, from "
            "which site effects should be learned; choose another"
        )
    return np.asarray(learned)


def _refuse_aliased(site: Phenotype, sites: Sites) -> None:
    """Refuse a covariate that cannot be separated from the sites, with the numbers that show it."""
    for column in follows_from_sites(sites)[:1]:
        name, values = sites.columns[column], sites.covariates[:, column]
        counts = []
        for level in np.flatnonzero(sites.counts).tolist():
            own = values[sites.codes == level]
            if set(np.unique(values)) <= {0.0, 1.0}:
                counts.append(f"{sites.names[level]}: {int(own.sum())} of {own.size}")
            else:
                counts.append(f"{sites.names[level]}: all {own.size} alike" if np.ptp(own) == 0 else sites.names[level])
        raise InputError(
            f"{name} cannot be separated from {site.name} ({listed(counts)}), so no method can remove one and preserve "
            f"the other; leave {name.split(':')[0]} out of what is preserved, or choose a group in which sites share "
            "its values"
        )


def _not_preserved(cohort: Cohort, model: SiteModel, sample: Sample) -> tuple[tuple[str, float], ...]:
    """Return the phenotypes that differ between sites beyond chance and are not preserved, the largest share first."""
    found = []
    for one in cohort.phenotypes.values():
        if one.name in (model.site.name, *model.preserved):
            continue
        subjects = sample.subjects[~one.missing[sample.subjects]]
        codes = model.site.values[subjects].astype(np.intp)
        n, n_sites = subjects.size, np.unique(codes).size
        # A category of nearly as many levels as subjects is a name.
        if n < 3 * n_sites or len(one.levels) > n / 3 or not np.isfinite(one.values[subjects]).all():
            continue
        term = code(one, subjects)
        share = share_of_site(term, sites_of(codes, model.site.levels), np.ones(n, dtype=bool))
        beyond_chance = 1 - (1 - share) * (n - 1) / (n - n_sites) if n > n_sites else 0.0
        if beyond_chance > _DIFFERS:
            found.append((one.name, share))
    return tuple(sorted(found, key=lambda pair: (-pair[1], pair[0])))


def measure(cohort: Cohort, params: Params, result: Harmonisation) -> Steps[Measure]:
    """Harmonise the scans themselves: each by what was learned for its subject's site and covariates.

    Since that is one affine map for all scans of a subject, their average is the harmonised observation.
    """
    sample, source = result.sample, cohort.measure(result.sample.measure)
    position = np.full(cohort.n_subjects, -1, dtype=np.intp)
    position[sample.subjects] = np.arange(sample.n_subjects)
    owners = position[cohort.scan_subjects]
    used = source.present & cohort.chosen_scans(sample.task, sample.session, sample.run) & (owners >= 0)
    rows = np.flatnonzero(used)
    sites = result.sites.of(owners[rows])
    values: Float32Array = np.full(source.values.shape, np.nan, dtype=np.float32)
    effects = result.effects
    weights = (yield from effects.weights(source.values, rows, sites)) if isinstance(effects, Covbat) else None
    for columns in column_blocks(values.shape[1]):
        yield Progress("Harmonising", columns.start, values.shape[1])
        block = source.values[rows, columns].astype(np.float64)
        values[rows, columns] = adjusted(effects, block, columns, sites, weights)
    stem = f"{sample.measure} ({result.model.method_name} by {result.model.site.name})"
    name, number = stem, 1
    while name in cohort.measures:
        number += 1
        name = f"{stem} {number}"
    return Measure(name, values, used, f"{name} is {made_of(cohort, result)}")


# --- showing -------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: Harmonisation) -> Report:
    before, after = result.before, result.after
    sites, preserved = site_rows(result), [preserved_row(one) for one in result.preserved]
    predictions = prediction_rows(result.site_predictions)
    return Report(
        numbers=_numbers(result, sites, preserved, predictions),
        sentences=tuple(harmonisation_sentences(cohort, result)),
        warnings=tuple(harmonisation_warnings(result)),
        views=tuple(harmonisation_views(cohort, result, sites, preserved, predictions)),
        arrays={
            "eta_squared_before": before.value,
            "eta_squared_after": after.value,
            "significant_before": before.significant,
            "significant_after": after.significant,
            "neg_log10_p_before": before.neg_log10_p,
            "neg_log10_p_after": after.neg_log10_p,
        },
    )


def _numbers(result: Harmonisation, sites: list[Row], preserved: list[Row], predictions: list[Row]) -> dict[str, Json]:
    before, after = result.before, result.after
    return {
        "site": result.model.site.name,
        "covariates": list(result.model.preserved),
        "method": result.model.method,
        "empirical_bayes": result.model.empirical_bayes,
        "mean_only": result.model.mean_only,
        "reference": result.model.reference,
        "learn_from": result.model.learn_from,
        "group": result.model.group,
        **result.sample.numbers,
        "n_sites": int(np.count_nonzero(result.sites.counts)),
        "n_learned": int(result.learned.sum()),
        "n_components": result.effects.n_components if isinstance(result.effects, Covbat) else None,
        "n_tests": before.n_tests,
        "n_significant_before": int(before.significant.sum()),
        "n_significant_after": int(after.significant.sum()),
        "share_nominal_before": before.share_nominal,
        "share_nominal_after": after.share_nominal,
        "mean_eta_squared_before": mean_defined(before.value),
        "mean_eta_squared_after": mean_defined(after.value),
        "chance_eta_squared": result.dof[0] / sum(result.dof),
        "sites": sites,
        "preserved": preserved,
        "prediction": predictions,
        "n_flat": int(result.combat.flat.sum()),
        "n_beyond_one": result.beyond,
        "n_lost": result.lost,
    }


def methods(cohort: Cohort, params: Params, result: Harmonisation) -> Methods:
    return harmonisation_methods(cohort, result)


def draw(
    cohort: Cohort, params: Params, result: Harmonisation, report: Report, theme: ThemeName
) -> Mapping[str, Figure]:
    from imagenomer.figures.chart import Counts, histogram_figure
    from imagenomer.figures.drawings import Drawings
    from imagenomer.figures.palette import GROUP_COLOURS

    (limit,) = {view.limit or 1.0 for view in site_maps(cohort, result)}

    def histogram() -> Figure:
        bins = np.linspace(0, limit, _N_BINS + 1)
        counted_in = [
            Counts(name, colour, np.histogram(effect.value[np.isfinite(effect.value)], bins)[0])
            for name, colour, effect in zip(
                ("Before", "After"), GROUP_COLOURS, (result.before, result.after), strict=False
            )
        ]
        return histogram_figure(
            counted_in,
            bins,
            title=f"Variance of edges explained by {result.model.site.name}",
            x_label=f"{statistic_of(result)} of {result.model.site.name}",
            y_label="Edges",
            note=f"{counted(result.sample.n_subjects, 'subject')}, one observation each",
            theme=theme,
        )

    return Drawings({"effects": histogram})


ANALYSIS = Analysis(
    title="Harmonisation",
    summary="How much of connectivity site explains, and connectivity without site effects (ComBat, CovBat).",
    tab="Connectivity",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    measure=measure,
    methods=methods,
    needs=("connectivity", "phenotypes"),
)
