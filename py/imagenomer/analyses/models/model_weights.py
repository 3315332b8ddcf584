"""Model weights: what models trained elsewhere weigh most, and whether they agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated, cast

import numpy as np

from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    FigureView,
    Flag,
    GroupChoice,
    Integer,
    MapsChoice,
    MatrixView,
    MeasureChoice,
    Report,
    RunChoice,
    SessionChoice,
    TaskChoice,
    ThemeName,
    VariantSetChoice,
    View,
    WeightsChoice,
)
from imagenomer.analyses.models.weight_summary import GENOTYPES, TrainingOverlap, WeightSummary
from imagenomer.analyses.models.weight_tables import genotypes_table, model_row, models_table, top_table, top_weights
from imagenomer.analyses.shared.sample import Sample, average_scans, counted, listed, sample_of, what
from imagenomer.analyses.shared.saved_maps import require_alike, saved_maps
from imagenomer.analyses.shared.strongest_edges import RANKINGS, Ranking, strongest
from imagenomer.cohort import Cohort, ModelWeights, VariantSet, parcellation_of
from imagenomer.edges import edge_parcels
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.moments import edge_moments
from imagenomer.types import FloatArray, IntArray, Json, JsonObject, Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: A weight whose interquartile range over models is larger than this many average ones is not ranked, if so wished.
_IQR_LIMIT = 2.0

_WITH_PRODUCT = {"product": ("mean", "sd")}


@dataclass(frozen=True, slots=True)
class Params:
    models: Annotated[str, Choice((("cohort", "Came with the data"), ("tray", "Maps of the tray")))] = field(
        default="cohort", metadata={"help": "Weights of a prediction made here can be saved to the tray."}
    )
    weights: Annotated[tuple[str, ...], WeightsChoice()] = field(
        default=(),
        metadata={
            "help": "Several are averaged; a folder stands for all in it. None: the first there is.",
            "when": {"models": ("cohort",)},
        },
    )
    maps: Annotated[tuple[tuple[str, JsonObject], ...], MapsChoice(ticked=False)] = field(
        default=(),
        metadata={"help": "Several of one kind and one measure are averaged.", "when": {"models": ("tray",)}},
    )
    product: Annotated[str, Choice((("none", "Nothing"), ("mean", "Mean of a measure"), ("sd", "SD of a measure")))] = (
        field(default="none", metadata={"label": "Multiply by"})
    )
    measure: Annotated[str | None, MeasureChoice()] = field(
        default=None, metadata={"help": "Choose the one that the models were trained on.", "when": _WITH_PRODUCT}
    )
    task: Annotated[str | None, TaskChoice()] = field(default=None, metadata={"when": _WITH_PRODUCT})
    session: Annotated[str | None, SessionChoice()] = field(default=None, metadata={"when": _WITH_PRODUCT})
    run: Annotated[str | None, RunChoice()] = field(default=None, metadata={"when": _WITH_PRODUCT})
    group: Annotated[str | None, GroupChoice()] = field(default=None, metadata={"when": _WITH_PRODUCT})
    ranking: Annotated[str, Choice(RANKINGS)] = "absolute"
    number: Annotated[int, Integer(minimum=1, maximum=100, step=1)] = field(
        default=30, metadata={"label": "Weights to list"}
    )
    labels: Annotated[str, Choice((("parcels", "Parcels"), ("networks", "Networks")))] = field(
        default="parcels", metadata={"help": "Names in the figure; the table has both."}
    )
    limit_iqr: Annotated[bool, Flag()] = field(
        default=False,
        metadata={
            "label": "Only where models agree",
            "help": "Of several models: rank no weight whose interquartile range over models is more than twice the "
            "average one.",
        },
    )
    variant_set: Annotated[str | None, VariantSetChoice()] = field(
        default=None, metadata={"help": "Names the weights of variants, if it has as many."}
    )


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[WeightSummary]:
    yield Progress("Choosing weights")
    if params.models == "tray":
        models = yield from _from_tray(cohort, params.maps)
    else:
        models = _chosen(cohort, params.weights)
    variants, n_fitting = _variants_of(cohort, models[0], params.variant_set)
    values = np.array([model.values for model in models])
    sample = None
    if params.product != "none":
        if variants is not None:
            raise InputError(
                f"{models[0].name} weighs variants of {variants.name}, not connectivity; multiply by nothing"
            )
        yield Progress("Averaging connectivity")
        yield from average_scans(cohort, params)
        sample = sample_of(cohort, params, fisher_z=False)
        moments = yield from edge_moments(sample.observations.values, sample.rows)
        values = values * (moments.mean if params.product == "mean" else moments.sd)
    yield Progress("Averaging over models")
    average = values.mean(axis=0)
    low, high = np.quantile(values, [0.25, 0.75], axis=0)
    iqr = high - low
    same_sign = (np.sign(values) == np.sign(average)).mean(axis=0)
    agreement = np.where((average == 0) | np.isnan(average), np.nan, same_sign)
    used = (values != 0).any(axis=0)
    steady = np.ones(average.size, dtype=bool)
    if params.limit_iqr and len(models) > 1 and used.any():
        steady = iqr <= _IQR_LIMIT * np.nanmean(iqr[used])
    ranked = np.where(steady, average, np.nan)
    # One ranking a genotype: how many subjects have one differs, and with it how large its weights can be.
    blocks = np.split(ranked, 1 if variants is None else len(GENOTYPES))
    top = tuple(
        strongest(block, params.number, cast("Ranking", params.ranking)) + position * block.size
        for position, block in enumerate(blocks)
    )
    return WeightSummary(models, sample, variants, n_fitting, values, average, iqr, agreement, steady, top)


def _chosen(cohort: Cohort, names: tuple[str, ...]) -> tuple[ModelWeights, ...]:
    """Return the weights that are named, each once; a folder stands for all in it."""
    if not cohort.weights:
        raise InputError(
            f"{cohort.name} has no model weights; put them beside the scans, as weights/NAME.npz with an array w, or "
            "save the weights of a prediction to the tray and choose the maps of the tray"
        )
    chosen: dict[str, ModelWeights] = {}
    for name in names or (next(iter(cohort.weights)),):
        own = {key: one for key, one in cohort.weights.items() if key == name or key.startswith(f"{name}/")}
        if not own:
            raise InputError(f"no weights {name!r} in this cohort; it has: {', '.join(cohort.weights)}")
        chosen |= own
    models = tuple(chosen.values())
    for model in models[1:]:
        if model.values.size != models[0].values.size:
            raise InputError(
                f"{models[0].name} has {counted(models[0].values.size, 'weight')} and {model.name} "
                f"{model.values.size:,}; "
                "choose models of one kind"
            )
    return models


def _from_tray(cohort: Cohort, maps: tuple[tuple[str, Mapping[str, Json]], ...]) -> Steps[tuple[ModelWeights, ...]]:
    """Return maps of the tray as weights."""
    if not maps:
        raise InputError("choose maps of the tray: the weights of a prediction have a button that saves them there")
    saved = yield from saved_maps(cohort, maps)
    require_alike(cohort, maps)
    return tuple(ModelWeights(name, one.values, one.description) for name, one in saved.items())


def _variants_of(cohort: Cohort, model: ModelWeights, wanted: str | None) -> tuple[VariantSet | None, int]:
    """Return the variants that a model weighs, None for edges, and how many sets have as many."""
    size = model.values.size
    if any(measure.values.shape[1] == size for measure in cohort.measures.values()):
        return None, 0
    fitting = {name: one for name, one in cohort.variant_sets.items() if len(GENOTYPES) * len(one.variant_ids) == size}
    if not fitting:
        raise InputError(
            f"{model.name} has {counted(size, 'weight')}, which are neither the edges nor three times the variants"
        )
    return fitting.get(wanted or "", next(iter(fitting.values()))), len(fitting)


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: WeightSummary) -> Report:
    overlaps = [TrainingOverlap.of(model) for model in result.models]
    top = top_weights(cohort, result)
    views: list[View] = []
    arrays = {"weights": result.average}
    if result.variants is None:
        views.append(
            MatrixView("weights", _title(cohort, params, result), _label(params), "weights", note=_note(params, result))
        )
    if result.several:
        arrays |= {"iqr": result.iqr, "agreement": result.agreement}
        if result.variants is None:
            views += [
                MatrixView("iqr", "Interquartile range over models", "IQR", "iqr", "sequential"),
                MatrixView(
                    "agreement", "Models that agree in sign", "Share of models", "agreement", "sequential", limit=1.0
                ),
            ]
    for name, title, edges in result.rankings:
        views.append(FigureView(name, title, _alt(result.average[edges], result)))
    if top:
        views.append(top_table(result, top))
    if result.variants is not None:
        views += [
            FigureView("genotypes", "Weights of each genotype", "A box plot of all weights, one box a genotype."),
            genotypes_table(result),
        ]
    views.append(models_table(overlaps))
    return Report(
        numbers=_numbers(params, result, overlaps, top),
        sentences=tuple(_sentences(cohort, params, result, overlaps)),
        warnings=tuple(_warnings(result, overlaps)),
        views=tuple(views),
        arrays=arrays,
    )


def _numbers(params: Params, result: WeightSummary, overlaps: list[TrainingOverlap], top: list[Row]) -> dict[str, Json]:
    finite = result.average[np.isfinite(result.average)]
    return {
        "models": [model_row(one) for one in overlaps],
        "n_models": len(result.models),
        "kind": "edges" if result.variants is None else "variants",
        "variant_set": None if result.variants is None else result.variants.name,
        "product": params.product,
        **({} if result.sample is None else {**result.sample.numbers, "group": params.group}),
        "n_weights": int(result.average.size),
        "n_nonzero": int(np.count_nonzero(finite)),
        "minimum": float(finite.min()) if finite.size else None,
        "maximum": float(finite.max()) if finite.size else None,
        "n_listed": len(top),
        "top": top,
    }


def _sentences(cohort: Cohort, params: Params, result: WeightSummary, overlaps: list[TrainingOverlap]) -> list[str]:
    names = [model.name for model in result.models]
    said = [f"The mean of {counted(len(names), 'model')}: {listed(names)}." if result.several else f"Model {names[0]}."]
    said += [
        f"{model.name} says of itself: {model.description.rstrip('.')}." for model in result.models if model.description
    ]
    if result.variants is not None:
        said.append(
            f"Weights of {counted(len(result.variants.variant_ids), 'variant')} of {result.variants.name}, three each: "
            "for two minor alleles, one of each, and two major alleles."
        )
    if result.sample is not None:
        statistic = "mean" if params.product == "mean" else "standard deviation"
        observed = _observed(cohort, result.sample)
        said.append(
            f"Each weight is multiplied by the {statistic} of its edge, {observed}; files of weights do not say which "
            f"measure they belong to, so this is taken to be {result.sample.measure}."
        )
        said += result.sample.sentences
    finite = result.average[np.isfinite(result.average)]
    said.append(f"{np.count_nonzero(finite):,} of {counted(result.average.size, 'weight')} are not zero.")
    if params.limit_iqr and not result.several:
        said.append("With one model there is no agreement; all its weights are ranked.")
    if not result.steady.all():
        said.append(
            f"{counted(int(np.count_nonzero(~result.steady)), 'weight')} not ranked, because the interquartile range "
            f"over models is more than {_IQR_LIMIT:g} times the average of the weights that any model uses."
        )
    for own in result.top:
        if own.size < params.number:
            sort = {"absolute": "that are not zero", "positive": "above zero", "negative": "below zero"}[params.ranking]
            said.append(f"Only {counted(int(own.size), 'weight')} {sort} could be listed, not {params.number}.")
    said += [_about_training(one) for one in overlaps]
    return said


def _about_training(one: TrainingOverlap) -> str:
    n_train, n_test = len(one.model.train_subjects), len(one.model.test_subjects)
    if not n_train and not n_test:
        return f"{one.model.name} does not say whom it was trained and tested on."
    return (
        f"{one.model.name}: {counted(n_train, 'training row')} of {counted(one.n_train_subjects, 'subject')}, "
        f"{counted(n_test, 'test row')} of {counted(one.n_test_subjects, 'subject')}."
    )


def _warnings(result: WeightSummary, overlaps: list[TrainingOverlap]) -> list[str]:
    said = []
    for one in overlaps:
        if one.in_both:
            said.append(
                f"{one.model.name} was tested on subjects it was trained on: {one.n_leaking} of "
                f"{counted(len(one.model.test_subjects), 'test row')} belong to them, so its test error is likely to "
                f"be too small (subjects {listed(one.in_both)})."
            )
    if result.variants is not None and result.n_fitting > 1:
        said.append(
            f"{result.n_fitting} sets have as many variants; the names are those of {result.variants.name}. "
            "Choose the set that the models were trained on."
        )
    return said


def _title(cohort: Cohort, params: Params, result: WeightSummary) -> str:
    whose = f"Mean weights of {len(result.models)} models" if result.several else f"Weights of {result.models[0].name}"
    if result.sample is None:
        return whose
    statistic = "mean" if params.product == "mean" else "SD"
    return f"{whose} × {statistic} of {_observed(cohort, result.sample)}"


def _observed(cohort: Cohort, sample: Sample) -> str:
    return what(cohort, sample.measure, sample.task, sample.session, sample.run)


def _label(params: Params) -> str:
    return {"none": "Weight", "mean": "Weight × mean", "sd": "Weight × SD"}[params.product]


def _note(params: Params, result: WeightSummary) -> str:
    """What every figure of this result says below it."""
    lines = [listed([model.name for model in result.models])] if result.several else []
    if result.sample is not None:
        whose = "" if params.group is None else f" ({params.group})"
        lines.append(f"connectivity of {counted(result.sample.n_subjects, 'subject')}{whose}")
    return "\n".join(lines)


def _names(cohort: Cohort, params: Params, result: WeightSummary, weights: IntArray) -> list[str]:
    """Return the names of weights for the figure."""
    if result.variants is not None:
        n_variants = len(result.variants.variant_ids)
        return [result.variants.variant_ids[index % n_variants] for index in weights.tolist()]
    parcellation = parcellation_of(cohort)
    names = parcellation.labels if params.labels == "parcels" else [one or "none" for one in parcellation.networks]
    first, second = (parcels.tolist() for parcels in edge_parcels(weights, parcellation.n_parcels))
    return [f"{names[a]} – {names[b]}" for a, b in zip(first, second, strict=True)]


def _alt(weights: FloatArray, result: WeightSummary) -> str:
    mark = "boxes over models" if result.several else "bars"
    return (
        f"{counted(weights.size, 'weight')} as {mark}, from {weights.min():.4g} to {weights.max():.4g}; the table "
        "below has them in numbers."
    )


# --- drawing -------------------------------------------------------------------------------------


def draw(
    cohort: Cohort, params: Params, result: WeightSummary, report: Report, theme: ThemeName
) -> Mapping[str, Figure]:
    from imagenomer.figures.chart import box_figure, box_statistics, ranking_figure
    from imagenomer.figures.drawings import Drawings
    from imagenomer.figures.palette import GROUP_COLOURS

    title, note = _title(cohort, params, result), _note(params, result)

    drawings: dict[str, Callable[[], Figure]] = {}
    if result.variants is not None:
        drawings["genotypes"] = lambda: box_figure(
            [
                box_statistics(name, colour, own[np.isfinite(own)])
                for name, colour, own in zip(
                    GENOTYPES, GROUP_COLOURS, np.split(result.average, len(GENOTYPES)), strict=False
                )
            ],
            title=f"{title}, by genotype",
            x_label=_label(params),
            note=note,
            theme=theme,
        )
    for name, heading, own in result.rankings:
        drawings[name] = partial(
            ranking_figure,
            _names(cohort, params, result, own),
            result.values[:, own].T,
            title=title if result.variants is None else f"{title}: {heading.lower()}",
            x_label=_label(params),
            note=note,
            theme=theme,
        )
    return Drawings(drawings)


ANALYSIS = Analysis(
    title="Model weights",
    summary="What trained models weigh most, and whether they agree.",
    tab="Models",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
)
