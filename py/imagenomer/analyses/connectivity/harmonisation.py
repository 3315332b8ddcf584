"""Harmonisation: how much of connectivity goes with the site, and what ComBat or CovBat leave of that and the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from imagenomer import groups
from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    Column,
    FigureView,
    Flag,
    GroupChoice,
    LevelChoice,
    MatrixView,
    MeasureChoice,
    Methods,
    Number,
    PhenotypeChoice,
    PhenotypesChoice,
    Report,
    RunChoice,
    SessionChoice,
    TableView,
    TaskChoice,
    View,
)
from imagenomer.analyses.shared.design_words import design_warnings
from imagenomer.analyses.shared.linear_model import whole
from imagenomer.analyses.shared.sample import Sample, counted, listed, sample_of, what
from imagenomer.analyses.shared.sites import COMBAT_CITATIONS, draw_of_sites, preserved_in_words, site_of
from imagenomer.cohort import Cohort, Measure, Phenotype, natural_key
from imagenomer.errors import InputError
from imagenomer.figures.pixels import scale_limit
from imagenomer.jsonable import finite
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.adjusted import associate, associate_category
from imagenomer.statistics.column_moments import column_blocks
from imagenomer.statistics.combat import (
    Combat,
    Covbat,
    Sites,
    fit_combat,
    fit_covbat,
    follows_from_sites,
    sites_of,
)
from imagenomer.statistics.design import Design, Term, build_design, code
from imagenomer.statistics.site_prediction import SitePrediction, adjusted, folds_within, parts_of, predict_sites
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Edges are called significant by Bonferroni at this level.
_ALPHA = 0.05
#: Folds in which the site is predicted, and subjects (to learn from) that a site needs to take part in that.
_N_FOLDS, _FOR_PREDICTION = 5, 10
#: Sites of fewer subjects are named in a warning.
_FEW = 10
#: Share of a preserved covariate's variance that goes with the site above which the two are hard to tell apart.
_ENTANGLED = 0.5
#: The same of a phenotype that is not preserved, less what chance gives, above which it is named.
_DIFFERS = 0.1
_N_BINS = 40

_METHODS = {"combat": "ComBat", "covbat": "CovBat"}


@dataclass(frozen=True, slots=True)
class Params:
    site: Annotated[str, PhenotypeChoice("category", prefer=("site", "scanner", "center", "centre"))] = field(
        metadata={"help": "Scanner, site or study: what may differ between its levels is taken out."}
    )
    covariates: Annotated[tuple[str, ...], PhenotypesChoice(without=("site",))] = field(
        default=(),
        metadata={"label": "Preserve", "help": "What these explain stays, also where it goes with the site."},
    )
    method: Annotated[
        str,
        Choice((("combat", "ComBat: means and variances"), ("covbat", "CovBat: covariances too"))),
    ] = "combat"
    reference: Annotated[str | None, LevelChoice(of="site", whole="None: the mean of all", optional=True)] = field(
        default=None, metadata={"label": "Reference site", "help": "It stays as it is; the others are made like it."}
    )
    empirical_bayes: Annotated[bool, Flag()] = field(
        default=True,
        metadata={
            "label": "Pool over edges (empirical Bayes)",
            "help": "Steadies the estimates of small sites by what the site is like in all edges.",
        },
    )
    mean_only: Annotated[bool, Flag()] = field(
        default=False, metadata={"label": "Means only", "help": "Leave the variances of sites as they are."}
    )
    learn_from: Annotated[str | None, GroupChoice()] = field(
        default=None, metadata={"help": "Site effects are estimated in these (controls, say), and taken out of all."}
    )
    smallest_site: Annotated[int, Number(minimum=1, maximum=10_000, step=1)] = field(
        default=3, metadata={"help": "Subjects of sites with fewer are left out."}
    )
    measure: Annotated[str | None, MeasureChoice()] = None
    task: Annotated[str | None, TaskChoice()] = None
    session: Annotated[str | None, SessionChoice()] = None
    run: Annotated[str | None, RunChoice()] = None
    group: Annotated[str | None, GroupChoice()] = None
    predict_site: Annotated[bool, Flag()] = field(
        default=True,
        metadata={
            "section": "Prediction of the site",
            "label": "Predict the site of left-out subjects",
            "help": "Takes most of the time, with CovBat minutes.",
        },
    )
    seed: Annotated[int, Number(minimum=0, maximum=2**31 - 1, step=1)] = field(
        default=1,
        metadata={
            "section": "Prediction of the site",
            "when": {"predict_site": (True,)},
            "help": "Of the folds; the same seed gives the same result.",
        },
    )


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """Something tested in every edge.

    Attributes
    ----------
    value : ndarray, shape (n_edges,)
        Partial r of a number or of two levels, else partial eta squared.
    neg_log10_p : ndarray, shape (n_edges,)
        Uncorrected; NaN where it cannot be tested.
    """

    value: FloatArray
    neg_log10_p: FloatArray

    @property
    def n_tests(self) -> int:
        return int(np.count_nonzero(np.isfinite(self.neg_log10_p)))

    @property
    def significant(self) -> BoolArray:
        """Bonferroni, shape (n_edges,)."""
        return np.asarray(self.neg_log10_p > -np.log10(_ALPHA / max(self.n_tests, 1)))

    @property
    def share_nominal(self) -> float:
        """Share of the tested edges with an uncorrected p below 0.05."""
        return float(np.count_nonzero(self.neg_log10_p > -np.log10(0.05)) / max(self.n_tests, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Preserved:
    """A covariate that is preserved: its associations with connectivity, given the other covariates.

    Attributes
    ----------
    name, statistic : str
    share_of_site : float
        Of its variance, that goes with the site, in the subjects learned from.
    before, within, after : Effect
        In connectivity as it was; the same with the site as a covariate too; harmonised.
    """

    name: str
    statistic: str
    share_of_site: float
    before: Effect
    within: Effect
    after: Effect


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """How well the site of subjects can be told by models that have not seen them; None where too few can take part.

    Attributes
    ----------
    before, after : SitePrediction or None
        From connectivity as it was; from harmonised connectivity, learned from those the classifier is trained on.
    apart : SitePrediction or None
        From harmonised connectivity of subjects whom harmonisation had not seen, in training and under test.
    left_out : tuple of str
        Sites that take no part.
    not_preserved : tuple of str
        Columns that are not preserved in the folds.
    """

    before: SitePrediction | None
    after: SitePrediction | None
    apart: SitePrediction | None
    left_out: tuple[str, ...] = ()
    not_preserved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Harmonised:
    """Connectivity without the differences between sites.

    Attributes
    ----------
    sample : Sample
    sites : Sites
        Of the rows of the sample.
    learned : ndarray of bool, shape (n_subjects,)
        Whom the effects were learned from.
    effects : Combat or Covbat
    design : Design
        What is preserved.
    before, after : Effect
        Of the site, given what is preserved, in connectivity as it was and harmonised.
    dof : tuple of int
        Of its F test, numerator and denominator, for an edge that everybody has.
    means : ndarray, shape (2, n_sites)
        Mean connectivity of the subjects of each site before and after.
    beyond : int
        Values that were correlations before and are outside -1 and 1 after.
    lost : int
        Values that are missing after only.
    preserved : tuple of Preserved
    prediction : Prediction or None
        None where none was asked for.
    not_preserved : tuple of (str, float)
        Phenotypes that differ between sites and are not preserved, and the share of their variance.
    """

    sample: Sample
    sites: Sites
    learned: BoolArray
    effects: Combat | Covbat
    design: Design
    before: Effect
    after: Effect
    dof: tuple[int, int]
    means: FloatArray
    beyond: int
    lost: int
    preserved: tuple[Preserved, ...]
    prediction: Prediction | None
    not_preserved: tuple[tuple[str, float], ...]

    @property
    def combat(self) -> Combat:
        return self.effects if isinstance(self.effects, Combat) else self.effects.combat


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[Harmonised]:
    yield Progress("Choosing subjects")
    site = site_of(cohort, params.site, params.covariates)
    covariates = [cohort.phenotype(name) for name in params.covariates]
    sample = _sample(cohort, params, site, covariates)
    design = build_design(covariates, sample.subjects)
    codes = site.values[sample.subjects].astype(np.intp)
    sites = sites_of(codes, site.levels, design.matrix[:, 1:], design.columns[1:])
    learned = _learned(cohort, params, sample)
    _refuse_aliased(site, sites.of(np.flatnonzero(learned)))
    values, rows = sample.observations.values, sample.rows
    options: dict[str, Any] = {
        "empirical_bayes": params.empirical_bayes,
        "mean_only": params.mean_only,
        "reference": None if params.reference is None else _reference(site, params.reference),
    }
    fit = fit_combat if params.method == "combat" else fit_covbat
    effects: Combat | Covbat = yield from fit(values, rows, sites, only=np.flatnonzero(learned), **options)
    (effects if isinstance(effects, Combat) else effects.combat).require_known(sites)
    compared = yield from _compare(values, rows, sites, effects, _Tests.of(site, covariates, design, sample.subjects))
    prediction = None
    if params.predict_site:
        prediction = yield from _predict(cohort, sample, sites, learned, partial(fit, **options), params.seed)
    return Harmonised(
        sample=sample,
        sites=sites,
        learned=learned,
        effects=effects,
        design=design,
        prediction=prediction,
        not_preserved=_not_preserved(cohort, site, params, sample),
        dof=(np.unique(codes).size - 1, rows.size - design.rank - np.unique(codes).size + 1),
        preserved=tuple(
            replace(one, share_of_site=_share_of_site(code(covariate, sample.subjects), sites, learned))
            for one, covariate in zip(compared.preserved, compared.covariates, strict=True)
        ),
        before=compared.before,
        after=compared.after,
        means=compared.means,
        beyond=compared.beyond,
        lost=compared.lost,
    )


def _sample(cohort: Cohort, params: Params, site: Phenotype, covariates: list[Phenotype]) -> Sample:
    """Draw the subjects, without those of sites that are too small."""

    def draw(missing: Mapping[str, BoolArray]) -> Sample:
        return sample_of(cohort, params, missing=missing, at_least=4)

    smallest = whole("smallest site", params.smallest_site)
    return draw_of_sites(draw, site, smallest, {one.name: one.missing for one in (site, *covariates)})


def _learned(cohort: Cohort, params: Params, sample: Sample) -> BoolArray:
    if params.learn_from is None:
        return np.ones(sample.n_subjects, dtype=bool)
    learned = groups.select(cohort, params.learn_from).included[sample.subjects]
    if not learned.any():
        raise InputError(
            f"none of the {sample.n_subjects} subjects is in the group {groups.describe(params.learn_from)}, from "
            "which site effects should be learned; choose another"
        )
    return np.asarray(learned)


def _reference(site: Phenotype, level: str) -> int:
    site.indicator(level)  # refuses a level that is not there
    return site.levels.index(level)


def _refuse_aliased(site: Phenotype, sites: Sites) -> None:
    """Refuse a covariate that cannot be told apart from the sites, with the numbers that show it."""
    for column in follows_from_sites(sites)[:1]:
        name, values = sites.columns[column], sites.covariates[:, column]
        told = []
        for level in np.flatnonzero(sites.counts).tolist():
            own = values[sites.codes == level]
            if set(np.unique(values)) <= {0.0, 1.0}:
                told.append(f"{sites.names[level]}: {int(own.sum())} of {own.size}")
            else:
                told.append(f"{sites.names[level]}: all {own.size} alike" if np.ptp(own) == 0 else sites.names[level])
        raise InputError(
            f"{name} cannot be told apart from {site.name} ({listed(told)}), so that no arithmetic can take one out "
            f"and preserve the other; leave {name.split(':')[0]} out of what is preserved, or choose a group in which "
            "sites share its values"
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Tests:
    """What is tested in every edge: the site given the covariates, and each covariate given the others."""

    site: Term
    design: Design
    covariates: tuple[Phenotype, ...]
    terms: tuple[Term, ...]
    others: tuple[Design, ...]
    others_and_site: tuple[Design, ...]

    @classmethod
    def of(cls, site: Phenotype, covariates: list[Phenotype], design: Design, subjects: IntArray) -> _Tests:
        kept = [one for one in covariates if any(name in design.columns for name in code(one, subjects).columns)]
        others = [[other for other in kept if other is not one] for one in kept]
        return cls(
            code(site, subjects),
            design,
            tuple(kept),
            tuple(code(one, subjects) for one in kept),
            tuple(build_design(own, subjects) for own in others),
            tuple(build_design([*own, site], subjects) for own in others),
        )


@dataclass(slots=True, eq=False)
class _Compared:
    before: Effect
    after: Effect
    preserved: list[Preserved]
    covariates: tuple[Phenotype, ...]
    means: FloatArray
    beyond: int = 0
    lost: int = 0


def _compare(
    values: Float32Array, rows: IntArray, sites: Sites, effects: Combat | Covbat, tests: _Tests
) -> Steps[_Compared]:
    """Test every edge before and after, a block of edges at a time: what is harmonised is never there as a whole."""
    n_edges, n_sites = values.shape[1], len(sites.names)

    def empty() -> Effect:
        return Effect(np.full(n_edges, np.nan), np.full(n_edges, np.nan))

    preserved = [
        Preserved(one.name, "r" if len(term.columns) == 1 else "η²", np.nan, empty(), empty(), empty())
        for one, term in zip(tests.covariates, tests.terms, strict=True)
    ]
    compared = _Compared(empty(), empty(), preserved, tests.covariates, np.full((2, n_sites), np.nan))
    totals, n_values = np.zeros((2, rows.size)), np.zeros((2, rows.size))
    weights = (yield from effects.weights(values, rows, sites)) if isinstance(effects, Covbat) else None
    for columns in column_blocks(n_edges):
        before = values[rows, columns]
        yield Progress("Comparing before and after", columns.start, n_edges)
        # As the measure will hold it.
        after = adjusted(effects, before.astype(np.float64), columns, sites, weights).astype(np.float32)
        for state, block in enumerate((before, after)):
            present = np.isfinite(block)
            totals[state] += np.where(present, block, 0).sum(axis=1, dtype=np.float64)
            n_values[state] += present.sum(axis=1)
        compared.beyond += int(np.count_nonzero((np.abs(after) > 1) & (np.abs(before) <= 1)))
        compared.lost += int(np.count_nonzero(np.isfinite(before) & ~np.isfinite(after)))
        _test(before, tests.site, tests.design, compared.before, columns, always_share=True)
        _test(after, tests.site, tests.design, compared.after, columns, always_share=True)
        for one, term, others, and_site in zip(
            preserved, tests.terms, tests.others, tests.others_and_site, strict=True
        ):
            yield Progress("Comparing before and after", columns.start, n_edges)
            _test(before, term, others, one.before, columns)
            _test(before, term, and_site, one.within, columns)
            _test(after, term, others, one.after, columns)
    with np.errstate(invalid="ignore"):
        of_subjects = totals / n_values
    for site in np.flatnonzero(sites.counts):
        compared.means[:, site] = of_subjects[:, sites.codes == site].mean(axis=1)
    return compared


def _test(
    block: Float32Array, term: Term, design: Design, into: Effect, columns: slice, *, always_share: bool = False
) -> None:
    if len(term.columns) == 1 and not always_share:
        one = associate(block, term, design)
        into.value[columns], into.neg_log10_p[columns] = one.r, one.neg_log10_p
    else:
        several = associate_category(block, term, design)
        into.value[columns], into.neg_log10_p[columns] = several.partial_eta_squared, several.neg_log10_p


def _predict(
    cohort: Cohort, sample: Sample, sites: Sites, learned: BoolArray, fit: Any, seed: float
) -> Steps[Prediction]:
    """Predict the site of left-out subjects, before, and after a harmonisation that has not seen them."""
    enough = sites.of(np.flatnonzero(learned)).counts >= _FOR_PREDICTION
    left_out = tuple(sites.names[site] for site in np.flatnonzero((sites.counts > 0) & ~enough))
    if np.count_nonzero(enough) < 2:
        return Prediction(None, None, None, left_out)
    part = np.flatnonzero(enough[sites.codes])
    # By name, so that the order of the subjects in the files does not decide.
    part = part[sorted(range(part.size), key=lambda n: natural_key(cohort.subjects[sample.subjects[part[n]]]))]
    own, teaches = sites.of(part), learned[part]
    rng = np.random.default_rng(whole("seed", seed))
    folds = folds_within(2 * own.codes + teaches, _N_FOLDS, rng)
    own, dropped = _separable(own, folds, teaches)
    values, rows = sample.observations.values, sample.rows[part]

    def learn(train: IntArray) -> Steps[Combat | Covbat]:
        effects: Combat | Covbat = yield from fit(
            values, rows[train], own.of(train), only=np.flatnonzero(teaches[train])
        )
        return effects

    before = yield from predict_sites(values, rows, own, folds)
    after = yield from predict_sites(values, rows, own, folds, learn)
    apart = yield from predict_sites(values, rows, own, folds, learn, apart=True)
    return Prediction(before, after, apart, left_out, dropped)


def _separable(sites: Sites, folds: IntArray, teaches: BoolArray) -> tuple[Sites, tuple[str, ...]]:
    """Return the sites without the columns that in some fold's training part follow from the others."""
    dropped: set[int] = set()
    for fold in range(_N_FOLDS):
        fewest = parts_of(folds, fold, apart=True)[0]
        dropped |= set(follows_from_sites(sites.of(fewest[teaches[fewest]])))
    kept = [column for column in range(len(sites.columns)) if column not in dropped]
    names = tuple(sites.columns[column] for column in sorted(dropped))
    columns = tuple(sites.columns[column] for column in kept)
    return replace(sites, covariates=sites.covariates[:, kept], columns=columns), names


def _share_of_site(term: Term, sites: Sites, subjects: BoolArray) -> float:
    """Return the share of a term's variance that goes with the site, of the column where it is largest."""
    codes = sites.codes[subjects]
    shares = [0.0]
    for values in term.values[subjects].T:
        deviations = values - values.mean()
        means = np.bincount(codes, deviations, len(sites.names)) / np.maximum(
            np.bincount(codes, None, len(sites.names)), 1
        )
        total = float(deviations @ deviations)
        shares.append(float(means[codes] @ means[codes]) / total if total > 0 else 0.0)
    return max(shares)


def _not_preserved(cohort: Cohort, site: Phenotype, params: Params, sample: Sample) -> tuple[tuple[str, float], ...]:
    """Return the phenotypes that differ between sites beyond chance and are not preserved, the most different first."""
    found = []
    for one in cohort.phenotypes.values():
        if one.name in (site.name, *params.covariates):
            continue
        subjects = sample.subjects[~one.missing[sample.subjects]]
        codes = site.values[subjects].astype(np.intp)
        n, n_sites = subjects.size, np.unique(codes).size
        # A category of nearly as many levels as subjects is a name.
        if n < 3 * n_sites or len(one.levels) > n / 3 or not np.isfinite(one.values[subjects]).all():
            continue
        term = code(one, subjects)
        share = _share_of_site(term, sites_of(codes, site.levels), np.ones(n, dtype=bool))
        beyond_chance = 1 - (1 - share) * (n - 1) / (n - n_sites) if n > n_sites else 0.0
        if beyond_chance > _DIFFERS:
            found.append((one.name, share))
    return tuple(sorted(found, key=lambda pair: (-pair[1], pair[0])))


def measure(cohort: Cohort, params: Params, result: Harmonised) -> Steps[Measure]:
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
    stem = f"{sample.measure} ({_METHODS[params.method]} by {params.site})"
    name, number = stem, 1
    while name in cohort.measures:
        number += 1
        name = f"{stem} {number}"
    return Measure(name, values, used, f"{name} is {_made(cohort, params, result)}")


def _made(cohort: Cohort, params: Params, result: Harmonised) -> str:
    """Say how the measure is made; a sentence without its subject."""
    sample = result.sample
    observed = what(cohort, sample.measure, sample.task, sample.session, sample.run)
    return (
        f"{observed} with differences between the {np.count_nonzero(result.sites.counts)} levels of {params.site} "
        f"taken out by {_method(params)}, learned from {counted(int(result.learned.sum()), 'subject')} at once; "
        f"{preserved_in_words(params.covariates)}."
    )


def _method(params: Params) -> str:
    options = ["empirical Bayes" if params.empirical_bayes else "each edge alone"]
    options += ["means only"] * params.mean_only
    options += [f"reference {params.reference}"] if params.reference is not None else []
    return f"{_METHODS[params.method]} ({', '.join(options)})"


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: Harmonised) -> Report:
    sample, before, after = result.sample, result.before, result.after
    sites, preserved = _site_rows(result), [_preserved_row(one) for one in result.preserved]
    predictions = _prediction_rows(result.prediction)
    return Report(
        numbers={
            "site": params.site,
            "covariates": list(params.covariates),
            "method": params.method,
            "empirical_bayes": params.empirical_bayes,
            "mean_only": params.mean_only,
            "reference": params.reference,
            "learn_from": params.learn_from,
            "group": params.group,
            **sample.numbers,
            "n_sites": int(np.count_nonzero(result.sites.counts)),
            "n_learned": int(result.learned.sum()),
            "n_components": result.effects.n_components if isinstance(result.effects, Covbat) else None,
            "n_tests": before.n_tests,
            "n_significant_before": int(before.significant.sum()),
            "n_significant_after": int(after.significant.sum()),
            "share_nominal_before": before.share_nominal,
            "share_nominal_after": after.share_nominal,
            "mean_eta_squared_before": _mean(before.value),
            "mean_eta_squared_after": _mean(after.value),
            "chance_eta_squared": result.dof[0] / sum(result.dof),
            "sites": sites,
            "preserved": preserved,
            "prediction": predictions,
            "n_flat": int(result.combat.flat.sum()),
            "n_beyond_one": result.beyond,
            "n_lost": result.lost,
        },
        sentences=tuple(_sentences(cohort, params, result)),
        warnings=tuple(_warnings(params, result)),
        views=tuple(_views(cohort, params, result, sites, preserved, predictions)),
        arrays={
            "eta_squared_before": before.value,
            "eta_squared_after": after.value,
            "significant_before": before.significant,
            "significant_after": after.significant,
            "neg_log10_p_before": before.neg_log10_p,
            "neg_log10_p_after": after.neg_log10_p,
        },
    )


def _mean(values: FloatArray) -> float | None:
    return float(np.nanmean(values)) if np.isfinite(values).any() else None


def _percent(share: float | None) -> str:
    return "not defined" if share is None else f"{100 * share:.1f} %"


def _statistic(result: Harmonised) -> str:
    return "Partial η²" if result.design.rank > 1 else "η²"


def _sentences(cohort: Cohort, params: Params, result: Harmonised) -> list[str]:
    before, after, counts = result.before, result.after, result.sites.counts
    sizes = listed(f"{result.sites.names[site]} ({counts[site]})" for site in np.flatnonzero(counts).tolist())
    said = [
        *result.sample.sentences,
        f"Subjects at each {params.site}: {sizes}.",
        f"Harmonised is {_made(cohort, params, result)}",
    ]
    if params.learn_from is not None:
        said.append(
            f"Site effects were learned from group {groups.describe(params.learn_from)} and taken out of everybody."
        )
    if isinstance(result.effects, Covbat):
        n, share = result.effects.n_components, result.effects.share
        said.append(
            f"CovBat harmonised the scores of {counted(n, 'principal component')}, which have {_percent(share)} of the "
            "variance that ComBat leaves."
        )
    chance = result.dof[0] / sum(result.dof)
    said += [
        f"Before, {params.site} explains {_percent(_mean(before.value))} of the variance of an edge on average "
        f"({_statistic(result)}; by chance alone {_percent(chance)}), and {before.significant.sum():,} of "
        f"{counted(before.n_tests, 'edge')} significantly (Bonferroni, alpha {_ALPHA:g}); after, "
        f"{_percent(_mean(after.value))}, and {counted(int(after.significant.sum()), 'edge')} significantly.",
        "In the subjects that it was learned from, harmonisation makes the means of sites alike almost by "
        "construction; whether that holds for others the prediction of left-out subjects shows.",
        *_about_prediction(params, result.prediction),
    ]
    flat = int(np.count_nonzero(result.combat.flat.any(axis=0)))
    if flat:
        said.append(
            f"{counted(flat, 'edge does', 'edges do')} not vary within some {params.site}: there the mean is "
            "harmonised, and the variance left as it is."
        )
    dead = int(np.count_nonzero(result.combat.sd == 0))
    if dead:
        said.append(
            f"{counted(dead, 'edge does', 'edges do')} not vary within any {params.site}, and tell nothing of "
            "the others."
        )
    if result.lost:
        said.append(
            f"{counted(result.lost, 'value is', 'values are')} missing after harmonisation only, of edges with missing "
            f"values that too few subjects of a {params.site} have."
        )
    return said


def _about_prediction(params: Params, prediction: Prediction | None) -> list[str]:
    if prediction is None:
        return []
    if prediction.before is None or prediction.after is None or prediction.apart is None:
        return [
            f"The {params.site} of left-out subjects was not predicted: that takes at least two sites of "
            f"{_FOR_PREDICTION} subjects to learn from."
        ]
    before, after = prediction.before, prediction.after
    said = [
        f"The {params.site} of left-out subjects is told from their connectivity with a balanced accuracy of "
        f"{_accuracy(before)} before and {_accuracy(after)} after, by chance {_percent(before.chance)} "
        f"({_N_FOLDS} folds; diagonal discriminant analysis and harmonisation were learned in the other folds only).",
        "Where classifier and test have only subjects whom harmonisation has not seen, it is "
        f"{_accuracy(prediction.apart)} after: what is left there is what the model of sites misses, and the "
        "error of estimates from so few subjects.",
    ]
    if after.balanced_accuracy < after.chance:
        said.append(
            "Below chance is usual where nothing is left: harmonisation makes the means of the training part alike, "
            "and what the classifier finds there points the other way in the others."
        )
    if prediction.left_out:
        said.append(
            f"Not in this prediction, for fewer than {_FOR_PREDICTION} subjects to learn from: "
            f"{listed(prediction.left_out)}."
        )
    if prediction.not_preserved:
        said.append(
            f"In its folds {listed(prediction.not_preserved)} was not preserved, because with fewer subjects it cannot "
            f"be told apart from {params.site}."
        )
    return said


def _accuracy(prediction: SitePrediction) -> str:
    low, high = prediction.interval()
    return f"{_percent(prediction.balanced_accuracy)} (95 % interval {100 * low:.0f} to {100 * high:.0f} %)"


def _warnings(params: Params, result: Harmonised) -> list[str]:
    said = design_warnings(result.design.findings)
    counts = result.sites.of(np.flatnonzero(result.learned)).counts
    few = [f"{result.sites.names[site]} ({counts[site]})" for site in np.flatnonzero((counts > 0) & (counts < _FEW))]
    if few:
        lean = (
            "their estimates lean on what the site is like in all edges"
            if params.empirical_bayes
            else ("their estimates are noise to a good part, which harmonisation adds; pool over edges")
        )
        said.append(f"Few subjects to learn from: {listed(few)}; {lean}.")
    alone = [result.sites.names[site] for site in np.flatnonzero(counts == 1)]
    if alone and not params.empirical_bayes:
        said.append(
            f"{listed(alone)} has a single subject, whose connectivity becomes that of the mean in every edge: nothing "
            "of the subject is left."
        )
    for one in result.preserved:
        if one.share_of_site > _ENTANGLED:
            said.append(
                f"{one.share_of_site:.0%} of the variance of {one.name} goes with {params.site}: the two can hardly be "
                "told apart, and what is preserved rests on the few subjects that differ from the others of their site."
            )
    if result.not_preserved:
        told = listed(f"{name} ({share:.0%} of its variance)" for name, share in result.not_preserved)
        said.append(
            f"Differ between the levels of {params.site} and are not preserved: {told}. What of them goes with "
            f"{params.site} is taken out of connectivity as well; preserve what you study."
        )
    before, after = (None, None) if result.prediction is None else (result.prediction.before, result.prediction.after)
    if before is not None and before.interval()[0] <= before.chance and not result.before.significant.any():
        said.append(
            f"Nothing shows that connectivity goes with {params.site} in these subjects: no edge does significantly, "
            f"and the {params.site} of left-out subjects is told no better than by chance. Harmonisation then "
            "takes out little, and adds the error of its estimates."
        )
    if after is not None and after.interval()[0] > after.chance:
        preserved = (
            f"; {listed(params.covariates)}, preserved, may differ between sites and tell it"
            if params.covariates
            else ""
        )
        said.append(
            f"{params.site} can still be told from connectivity after harmonisation "
            f"({_percent(after.balanced_accuracy)}, by chance {_percent(after.chance)}){preserved}."
        )
    if params.mean_only and params.empirical_bayes:
        said.append(
            "With means only, empirical Bayes (as in other programs) counts each site as one subject, and leaves much "
            "of the differences of single edges where they are; without it they are taken out whole."
        )
    if result.beyond:
        said.append(
            f"{counted(result.beyond, 'value was', 'values were')} within −1 and 1 before and beyond after: harmonised "
            "values are no longer correlations, and Fisher z is not defined for them."
        )
    return said


def methods(cohort: Cohort, params: Params, result: Harmonised) -> Methods:
    """Say what was done as a paper does."""
    combat = (
        f"Differences between the levels of {params.site} were removed from {_made(cohort, params, result)} For each "
        "edge and site a shift and a scale were estimated given the preserved covariates"
        + (
            " and drawn towards their distribution over edges by parametric empirical Bayes."
            if params.empirical_bayes
            else " from the edge alone."
        )
    )
    text = [combat]
    citations = list(COMBAT_CITATIONS)
    if isinstance(result.effects, Covbat):
        text.append(
            "The covariances of sites were then made alike by shifting and scaling the scores of "
            f"{counted(result.effects.n_components, 'principal component')} of the standardised residuals (CovBat)."
        )
        citations.append("Chen et al. (2022), Hum. Brain Mapp. 43:1179.")
    text.append(
        f"Effects of {params.site} were tested in every edge by partial F tests (Bonferroni, alpha {_ALPHA:g}) "
        "before and after."
    )
    if result.prediction is not None and result.prediction.before is not None:
        text.append(
            f"The {params.site} of left-out subjects was predicted by diagonal linear discriminant analysis in "
            f"{_N_FOLDS} folds; harmonisation was learned outside the fold under test."
        )
        citations.append("Dudoit, Fridlyand and Speed (2002), J. Am. Stat. Assoc. 97:77.")
    return Methods(tuple(text), tuple(citations))


# --- tables and views ----------------------------------------------------------------------------

_SITE_COLUMNS = (
    Column("site", "Site"),
    Column("n", "Subjects", "integer"),
    Column("n_learned", "Learned from", "integer"),
    Column("mean_before", "Mean connectivity before", "number"),
    Column("mean_after", "after", "number"),
    Column("mean_shift", "Shift, mean of edges", "number"),
    Column("typical_shift", "Shift in SD, median size", "number"),
    Column("typical_scale", "SD ratio, median", "number"),
    Column("scale_low", "SD ratio, 5 % of edges below", "number", where="file"),
    Column("scale_high", "SD ratio, 5 % of edges above", "number", where="file"),
    Column("n_flat", "Edges that do not vary", "integer", where="file"),
)
_PRESERVED_COLUMNS = (
    Column("name", "Preserved"),
    Column("share_of_site", "Goes with site, share", "number"),
    Column("significant_before", "Significant edges before", "integer"),
    Column("significant_within", "before, adjusted for site", "integer"),
    Column("significant_after", "after", "integer"),
    Column("nominal_before", "Share p < 0.05 before", "number", where="file"),
    Column("nominal_within", "before, adjusted for site: share", "number", where="file"),
    Column("nominal_after", "after: share", "number", where="file"),
    Column("map_correlation", "Map after: r with before", "number"),
    Column("map_correlation_within", "r with adjusted for site", "number"),
)
_PREDICTION_COLUMNS = (
    Column("site", "Site"),
    Column("n", "Subjects", "integer"),
    Column("before", "Told before", "number"),
    Column("after", "Told after", "number"),
    Column("apart", "after, in subjects new to it", "number"),
)


_STATES = ("before", "after", "apart")


def _site_rows(result: Harmonised) -> list[dict[str, Json]]:
    combat, counts, rows = result.combat, result.sites.counts, []
    learned = result.sites.of(np.flatnonzero(result.learned)).counts
    units = np.where(combat.sd > 0, combat.sd, 1)
    for site in np.flatnonzero(counts).tolist():
        shift, ratio = combat.shift[site], np.sqrt(combat.scale[site])
        known, scaled = np.isfinite(shift), ratio[np.isfinite(ratio)]
        low, middle, high = np.quantile(scaled, [0.05, 0.5, 0.95]) if scaled.size else (np.nan,) * 3
        rows.append(
            {
                "site": result.sites.names[site],
                "n": int(counts[site]),
                "n_learned": int(learned[site]),
                "mean_before": finite(result.means[0, site]),
                "mean_after": finite(result.means[1, site]),
                "mean_shift": finite((shift * units)[known].mean()) if known.any() else None,
                "typical_shift": finite(np.median(np.abs(shift[known]))) if known.any() else None,
                "typical_scale": finite(middle),
                "scale_low": finite(low),
                "scale_high": finite(high),
                "n_flat": int(combat.flat[site].sum()),
            }
        )
    return rows


def _preserved_row(one: Preserved) -> dict[str, Json]:
    return {
        "name": one.name,
        "share_of_site": finite(one.share_of_site),
        **{
            f"significant_{state}": int(effect.significant.sum())
            for state, effect in (("before", one.before), ("within", one.within), ("after", one.after))
        },
        **{
            f"nominal_{state}": effect.share_nominal
            for state, effect in (("before", one.before), ("within", one.within), ("after", one.after))
        },
        "map_correlation": _alike(one.before.value, one.after.value),
        "map_correlation_within": _alike(one.within.value, one.after.value),
    }


def _alike(first: FloatArray, second: FloatArray) -> float | None:
    both = np.isfinite(first) & np.isfinite(second)
    if np.count_nonzero(both) < 3 or np.ptp(first[both]) == 0 or np.ptp(second[both]) == 0:
        return None
    return float(np.corrcoef(first[both], second[both])[0, 1])


def _prediction_rows(prediction: Prediction | None) -> list[dict[str, Json]]:
    if prediction is None:
        return []
    before, after, apart = prediction.before, prediction.after, prediction.apart
    if before is None or after is None or apart is None:
        return []
    told = (before.n_right, after.n_right, apart.n_right)
    rows: list[dict[str, Json]] = [
        {"site": name, "n": int(n), "before": float(old / n), "after": float(new / n), "apart": float(newest / n)}
        for name, n, old, new, newest in zip(before.names, before.n, *told, strict=True)
    ]
    rows.append(
        {
            "site": "Balanced accuracy",
            "n": int(before.n.sum()),
            "before": before.balanced_accuracy,
            "after": after.balanced_accuracy,
            "apart": apart.balanced_accuracy,
        }
    )
    rows.append({"site": "By chance", "n": int(before.n.sum()), **dict.fromkeys(_STATES, before.chance)})
    return rows


def _views(
    cohort: Cohort,
    params: Params,
    result: Harmonised,
    sites: list[dict[str, Json]],
    preserved: list[dict[str, Json]],
    predictions: list[dict[str, Json]],
) -> list[View]:
    views: list[View] = [
        *_maps(cohort, params, result),
        TableView("sites", f"What was learned of each {params.site}", _SITE_COLUMNS, tuple(sites)),
    ]
    if predictions:
        title = f"Share of left-out subjects whose {params.site} is told"
        views.append(TableView("prediction", title, _PREDICTION_COLUMNS, tuple(predictions)))
    if preserved:
        views.append(TableView("preserved", "What is preserved", _PRESERVED_COLUMNS, tuple(preserved)))
    views.append(
        FigureView(
            "effects",
            f"How much of edges {params.site} explains",
            f"Histograms of {_statistic(result)} of {params.site} over edges, before (mean "
            f"{_percent(_mean(result.before.value))}) and after (mean {_percent(_mean(result.after.value))}).",
        )
    )
    return views


def _maps(cohort: Cohort, params: Params, result: Harmonised) -> list[MatrixView]:
    """Return the maps of the site's effect before and after, on one colour scale."""
    limit = max(scale_limit(result.before.value), scale_limit(result.after.value))
    observed = what(cohort, result.sample.measure, result.sample.task, result.sample.session, result.sample.run)
    whose = "" if params.group is None else f" ({groups.describe(params.group)})"
    maps = []
    for state, effect in (("before", result.before), ("after", result.after)):
        how = "" if state == "before" else f"; {_METHODS[params.method]}, {preserved_in_words(params.covariates)}"
        n = int(effect.significant.sum())
        note = (
            f"{counted(result.sample.n_subjects, 'subject')}{whose}, one observation each{how}\n"
            f"{n:,} of {counted(effect.n_tests, 'edge')} significant (Bonferroni, alpha {_ALPHA:g})"
        )
        maps.append(
            MatrixView(
                f"eta_squared_{state}",
                f"{params.site} and {observed}, {state} harmonisation",
                _statistic(result),
                f"eta_squared_{state}",
                "sequential",
                limit,
                f"significant_{state}",
                note=note,
            )
        )
    return maps


# --- drawing -------------------------------------------------------------------------------------


def draw(
    cohort: Cohort, params: Params, result: Harmonised, report: Report, theme: Literal["light", "dark"]
) -> Mapping[str, Figure]:
    from imagenomer.figures.chart import Counts, histogram_figure
    from imagenomer.figures.drawings import Drawings
    from imagenomer.figures.palette import GROUP_COLOURS

    (limit,) = {view.limit or 1.0 for view in _maps(cohort, params, result)}

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
            title=f"What {params.site} explains of edges",
            x_label=f"{_statistic(result)} of {params.site}",
            y_label="Edges",
            note=f"{counted(result.sample.n_subjects, 'subject')}, one observation each",
            theme=theme,
        )

    return Drawings({"effects": histogram})


ANALYSIS = Analysis(
    title="Harmonisation",
    summary="How much of connectivity goes with the site or scanner, and connectivity without it (ComBat, CovBat).",
    tab="Connectivity",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    measure=measure,
    methods=methods,
    needs=("connectivity", "phenotypes"),
)
