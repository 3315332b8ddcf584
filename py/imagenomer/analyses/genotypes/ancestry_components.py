"""Ancestry components: principal components of the genotypes, and the phenotypes associated with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from imagenomer.analyses.contract import (
    Analysis,
    Answer,
    Column,
    FigureView,
    GridView,
    GroupsChoice,
    Integer,
    Number,
    PhenotypeChoice,
    PointSeries,
    PointsView,
    Report,
    TableView,
    VariantSetChoice,
)
from imagenomer.analyses.shared.ancestry import MOST_COMPONENTS, Ancestry, Recipe, ancestry
from imagenomer.analyses.shared.edge_points import group_series
from imagenomer.analyses.shared.form_fields import LeastMaf, MostMissing, least_maf_field, most_missing_field
from imagenomer.analyses.shared.genotyped import about_relatives
from imagenomer.analyses.shared.sample import counted
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.figures.palette import GROUP_COLOURS, OTHERS_COLOUR
from imagenomer.groups import describe
from imagenomer.jsonable import finite
from imagenomer.progress import Steps
from imagenomer.statistics.adjustment import associate_category
from imagenomer.statistics.correlation import correlate
from imagenomer.statistics.design import build_design, code
from imagenomer.types import BoolArray, FloatArray, IntArray, Json
from imagenomer.wording import minus

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Components in the grid and the tables on the page; the file has all.
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Params:
    variants: Annotated[str | None, VariantSetChoice()] = None
    colour_by: Annotated[str | None, PhenotypeChoice(kind="category")] = field(
        default=None, metadata={"help": "A category; groups take precedence."}
    )
    groups: Annotated[tuple[str, ...], GroupsChoice()] = ()
    x: Annotated[int, Integer(minimum=1, maximum=MOST_COMPONENTS, step=1)] = field(
        default=1, metadata={"label": "Component across"}
    )
    y: Annotated[int, Integer(minimum=1, maximum=MOST_COMPONENTS, step=1)] = field(
        default=2, metadata={"label": "Component upwards"}
    )
    least_maf: LeastMaf = least_maf_field(Recipe().least_maf)
    most_missing: MostMissing = most_missing_field(Recipe().most_missing, help="Of the subjects, by variant.")
    most_r_squared: Annotated[float, Number(minimum=0.01, maximum=1, step=0.05)] = field(
        default=Recipe().most_r_squared,
        metadata={"label": "Largest r² of neighbours", "help": "Of two variants above it, one is excluded."},
    )


@dataclass(frozen=True, slots=True)
class ComponentEffects:
    """Association of one phenotype with each component.

    Attributes
    ----------
    phenotype : Phenotype
    symbol : str
        "r" of a number, "eta" of a category.
    n : int
        Subjects who have both.
    effect, share, p_value : ndarray, shape (n_components,)
        Correlation or correlation ratio; its square, the share of the component's variance; uncorrected p.
    """

    phenotype: Phenotype
    symbol: Literal["r", "eta"]
    n: int
    effect: FloatArray
    share: FloatArray
    p_value: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Ancestry of the cohort, and the phenotypes associated with it."""

    ancestry: Ancestry
    phenotypes: tuple[ComponentEffects, ...]


def compute(cohort: Cohort, params: Params) -> Steps[Placement]:
    recipe = Recipe(params.least_maf, params.most_missing, params.most_r_squared)
    found = yield from ancestry(cohort, params.variants, recipe)
    n_components = found.scores.shape[1]
    for axis in (params.x, params.y):
        if axis > n_components:
            raise InputError(
                f"there are {n_components} components, and component {axis:g} is requested; choose another"
            )
    effects = [_effects(phenotype, found.scores) for phenotype in cohort.phenotypes.values()]
    return Placement(found, tuple(one for one in effects if one is not None))


def _effects(phenotype: Phenotype, scores: FloatArray) -> ComponentEffects | None:
    """Return the association of a phenotype with the components; None where too few have it or it does not vary."""
    subjects = np.flatnonzero(~phenotype.missing & ~np.isnan(scores[:, 0]))
    if subjects.size < 3 or np.unique(phenotype.values[subjects]).size < 2:
        return None
    own = scores[subjects]
    if phenotype.kind == "number":
        found = correlate(own, phenotype.values[subjects].astype(np.float64))
        return ComponentEffects(phenotype, "r", subjects.size, found.r, found.r**2, found.p_value)
    term = code(phenotype, subjects)
    if subjects.size < len(term.columns) + 3:  # levels that hardly repeat, such as names
        return None
    test = associate_category(own, term, build_design((), subjects))
    share = test.partial_eta_squared
    return ComponentEffects(phenotype, "eta", subjects.size, np.sqrt(share), share, test.p_value)


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: Placement) -> Report:
    found = result.ancestry
    shares = found.components.share
    strongest = sorted(
        ((one.share[0], one) for one in result.phenotypes if np.isfinite(one.share[0])), key=lambda pair: -pair[0]
    )
    sentences = [
        *found.sentences,
        Answer(
            f"The first component explains {100 * shares[0]:.1f} % of the sum of all eigenvalues, the second "
            f"{100 * shares[1]:.1f} %."
        ),
        "Components are of length 1, and their signs are arbitrary; each phenotype is tested with each component "
        "alone, uncorrected.",
    ]
    if strongest:
        share, one = strongest[0]
        sentences.append(
            f"{one.phenotype.name} is most strongly associated with the first component: it explains "
            f"{100 * share:.1f} % of the variance ({one.symbol} = {one.effect[0]:.3f}, {counted(one.n, 'subject')})."
        )
    return Report(
        numbers={
            "variants": found.variants.name,
            "n_subjects": int(found.subjects.size),
            "n_variants": len(found.variants.variant_ids),
            "n_variants_used": found.n_used,
            "eigenvalues": found.components.eigenvalues.tolist(),
            "shares": shares.tolist(),
            "phenotypes": _rows(result),
        },
        sentences=tuple(sentences),
        warnings=tuple(about_relatives(cohort, found.subjects)),
        views=(
            _points(cohort, params, result),
            FigureView(
                "eigenvalues",
                "Variance explained by each component",
                "Share of the sum of all eigenvalues by component: "
                + ", ".join(f"{100 * share:.1f} %" for share in shares[:5])
                + " for the first ones.",
            ),
            *([_grid(result)] if result.phenotypes else []),
            *([_phenotype_table(result)] if result.phenotypes else []),
            _score_table(cohort, found),
        ),
        arrays={"eigenvalues": found.components.eigenvalues},
    )


def _axis(found: Ancestry, number: int) -> str:
    return f"Component {number} ({100 * found.components.share[number - 1]:.1f} %)"


def _series(cohort: Cohort, params: Params, subjects: IntArray) -> tuple[list[tuple[str, str, BoolArray]], list[str]]:
    """Return name, colour and members of each series, and what to say of subjects in several."""
    if params.groups or params.colour_by is None:
        coloured = tuple(
            (describe(expression), expression, GROUP_COLOURS[number % len(GROUP_COLOURS)])
            for number, expression in enumerate(params.groups)
        )
        return group_series(cohort, subjects, coloured)
    phenotype = cohort.phenotype(params.colour_by)
    values = phenotype.values[subjects]
    counts = np.array([np.count_nonzero(values == level) for level in range(len(phenotype.levels))])
    # As many levels as there are colours, the most frequent, in their own order.
    named = np.sort(np.argsort(-counts, kind="stable")[: len(GROUP_COLOURS)])
    named = named[counts[named] > 0]
    series = [
        (phenotype.levels[level], GROUP_COLOURS[number], np.asarray(values == level))
        for number, level in enumerate(named.tolist())
    ]
    others = ~np.isin(values, named)
    if others.any():
        name = "missing" if (values[others] < 0).all() else "others and missing"
        series.append((name, OTHERS_COLOUR, np.asarray(others)))
    return series, []


def _points(cohort: Cohort, params: Params, result: Placement) -> PointsView:
    found, x, y = result.ancestry, params.x, params.y
    series, shared = _series(cohort, params, found.subjects)
    across, upwards = found.components.scores[:, x - 1], found.components.scores[:, y - 1]
    return PointsView(
        name="components",
        title=f"Ancestry of {counted(found.subjects.size, 'subject')}",
        x_label=_axis(found, x),
        y_label=_axis(found, y),
        series=tuple(
            PointSeries(
                name,
                colour,
                across[own].round(6).tolist(),
                upwards[own].round(6).tolist(),
                [cohort.subjects[index] for index in found.subjects[own].tolist()],
            )
            for name, colour, own in series
        ),
        caption=" ".join([f"{counted(found.n_used, 'variant')} of {found.variants.name}.", *shared]),
    )


def _names(n: int) -> tuple[str, ...]:
    return tuple(f"Component {number}" for number in range(1, n + 1))


def _grid(result: Placement) -> GridView:
    n = min(_SHOWN, result.ancestry.scores.shape[1])
    return GridView(
        "phenotypes",
        "Which phenotypes are associated with ancestry?",
        "Share of variance (r² or eta²)",
        tuple(one.phenotype.name for one in result.phenotypes),
        _names(n),
        tuple(tuple(finite(value) for value in one.share[:n].tolist()) for one in result.phenotypes),
        scale="sequential",
        limit=1.0,
        tips=tuple(tuple(_tip(one, column) for column in range(n)) for one in result.phenotypes),
        note=_note(result),
    )


def _tip(effects: ComponentEffects, column: int) -> str:
    if not np.isfinite(effects.effect[column]):
        return f"{effects.phenotype.name} and component {column + 1}: not defined"
    effect = minus(f"{effects.effect[column]:.3f}")
    return (
        f"{effects.phenotype.name} and component {column + 1}: {effects.symbol} = {effect}, "
        f"p = {effects.p_value[column]:.3g}, n = {effects.n}"
    )


def _rows(result: Placement) -> list[dict[str, Json]]:
    return [
        {
            "phenotype": one.phenotype.name,
            "component": number + 1,
            "symbol": one.symbol,
            "effect": finite(one.effect[number]),
            "share": finite(one.share[number]),
            "p_value": finite(one.p_value[number]),
            "n": one.n,
        }
        for one in result.phenotypes
        for number in range(min(_SHOWN, one.effect.size))
    ]


def _phenotype_table(result: Placement) -> TableView:
    return TableView(
        "links",
        "Phenotypes and components",
        (
            Column("phenotype", "Phenotype"),
            Column("component", "Component", "integer"),
            Column("symbol", "Measure"),
            Column("effect", "Value", "number"),
            Column("share", "Share of variance", "number"),
            Column("p_value", "p", "p"),
            Column("n", "Subjects", "integer"),
        ),
        tuple(_rows(result)),
    )


def _score_table(cohort: Cohort, found: Ancestry) -> TableView:
    n = found.scores.shape[1]
    columns = [Column("subject", "Subject", of_subjects=True)]
    columns += [
        Column(f"component_{number}", f"Component {number}", "number", "everywhere" if number <= 6 else "file")
        for number in range(1, n + 1)
    ]
    rows = [
        {
            "subject": cohort.subjects[index],
            **{f"component_{number}": value for number, value in enumerate(found.scores[index].tolist(), start=1)},
        }
        for index in found.subjects.tolist()
    ]
    return TableView("scores", f"Components of each subject (the file has {n})", tuple(columns), tuple(rows))


# --- drawing -------------------------------------------------------------------------------------


def draw(
    cohort: Cohort, params: Params, result: Placement, report: Report, theme: Literal["light", "dark"]
) -> Mapping[str, Figure]:
    from imagenomer.figures.component import shares_figure
    from imagenomer.figures.drawings import Drawings

    share = result.ancestry.components.share
    return Drawings(
        {
            "eigenvalues": lambda: shares_figure(
                np.arange(1, share.size + 1),
                100 * share,
                100 * np.cumsum(share),
                marked=params.x - 1,
                title="Variance explained by each component",
                x_label="Component",
                y_label="Share of the sum of eigenvalues (%)",
                note=_note(result),
                theme=theme,
            )
        }
    )


def _note(result: Placement) -> str:
    found = result.ancestry
    return f"{counted(found.subjects.size, 'subject')}, {counted(found.n_used, 'variant')} of {found.variants.name}"


ANALYSIS = Analysis(
    title="Ancestry components",
    summary="Principal components of the genotypes, and the phenotypes associated with them.",
    tab="Genotypes",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    needs=("variants",),
)
