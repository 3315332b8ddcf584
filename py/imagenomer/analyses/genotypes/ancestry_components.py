"""Ancestry components: where the genotypes place people, and which phenotypes go with that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from imagenomer.analyses.contract import (
    Analysis,
    Column,
    FigureView,
    GridView,
    GroupsChoice,
    Integer,
    Number,
    PhenotypeChoice,
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

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Components in the grid and the tables on the page; the file has all.
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Params:
    variants: Annotated[str | None, VariantSetChoice()] = None
    colour_by: Annotated[str | None, PhenotypeChoice(kind="category")] = field(
        default=None, metadata={"help": "A category; groups go before it."}
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
        metadata={"label": "Largest r² of neighbours", "help": "Of two variants above it, one is left out."},
    )


@dataclass(frozen=True, slots=True)
class Link:
    """How one phenotype goes with each component.

    Attributes
    ----------
    phenotype : Phenotype
    symbol : str
        "r" of a number, "eta" of a category.
    n : int
        Subjects who have both.
    effect, share, p_value : ndarray, shape (n_components,)
        Correlation or its ratio; its square, the share of the component's variance; and the probability of as much by
        chance, uncorrected.
    """

    phenotype: Phenotype
    symbol: Literal["r", "eta"]
    n: int
    effect: FloatArray
    share: FloatArray
    p_value: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Ancestry of the cohort, and what goes with it."""

    ancestry: Ancestry
    links: tuple[Link, ...]


def compute(cohort: Cohort, params: Params) -> Steps[Placement]:
    recipe = Recipe(params.least_maf, params.most_missing, params.most_r_squared)
    found = yield from ancestry(cohort, params.variants, recipe)
    n_components = found.scores.shape[1]
    for axis in (params.x, params.y):
        if axis > n_components:
            raise InputError(f"there are {n_components} components, and {axis:g} is asked for; choose another axis")
    links = [_link(phenotype, found.scores) for phenotype in cohort.phenotypes.values()]
    return Placement(found, tuple(link for link in links if link is not None))


def _link(phenotype: Phenotype, scores: FloatArray) -> Link | None:
    """Return how a phenotype goes with the components; None where too few have it or it does not vary."""
    subjects = np.flatnonzero(~phenotype.missing & ~np.isnan(scores[:, 0]))
    if subjects.size < 3 or np.unique(phenotype.values[subjects]).size < 2:
        return None
    own = scores[subjects]
    if phenotype.kind == "number":
        found = correlate(own, phenotype.values[subjects].astype(np.float64))
        return Link(phenotype, "r", subjects.size, found.r, found.r**2, found.p_value)
    term = code(phenotype, subjects)
    if subjects.size < len(term.columns) + 3:  # levels that hardly repeat, such as names
        return None
    test = associate_category(own, term, build_design((), subjects))
    share = test.partial_eta_squared
    return Link(phenotype, "eta", subjects.size, np.sqrt(share), share, test.p_value)


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: Placement) -> Report:
    found = result.ancestry
    shares = found.components.share
    strongest = sorted(
        ((link.share[0], link) for link in result.links if np.isfinite(link.share[0])), key=lambda pair: -pair[0]
    )
    sentences = [
        *found.sentences,
        f"The first component takes {100 * shares[0]:.1f} % of the sum of all eigenvalues, the second "
        f"{100 * shares[1]:.1f} %.",
        "Components are of length 1, and their signs are arbitrary; each phenotype is compared with each alone, "
        "uncorrected.",
    ]
    if strongest:
        share, link = strongest[0]
        sentences.append(
            f"{link.phenotype.name} goes most with the first component: it shares {100 * share:.1f} % of the variance "
            f"({link.symbol} = {link.effect[0]:.3f}, {counted(link.n, 'subject')})."
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
                "How much each component takes",
                "Share of the sum of all eigenvalues by component: "
                + ", ".join(f"{100 * share:.1f} %" for share in shares[:5])
                + " for the first ones.",
            ),
            *([_grid(result)] if result.links else []),
            *([_link_table(result)] if result.links else []),
            _score_table(cohort, found),
        ),
        arrays={"eigenvalues": found.components.eigenvalues},
    )


def _axis(found: Ancestry, number: int) -> str:
    return f"Component {number} ({100 * found.components.share[number - 1]:.1f} %)"


def _series(cohort: Cohort, params: Params, subjects: IntArray) -> tuple[list[tuple[str, str, BoolArray]], list[str]]:
    """Return name, colour and members of each series, and what to say of who is in several."""
    if params.groups or params.colour_by is None:
        coloured = tuple(
            (describe(expression), expression, GROUP_COLOURS[number % len(GROUP_COLOURS)])
            for number, expression in enumerate(params.groups)
        )
        return group_series(cohort, subjects, coloured)
    phenotype = cohort.phenotype(params.colour_by)
    values = phenotype.values[subjects]
    counts = np.array([np.count_nonzero(values == level) for level in range(len(phenotype.levels))])
    # As many levels as there are colours, the commonest, in their own order.
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
            {
                "name": name,
                "colour": colour,
                "x": across[own].round(6).tolist(),
                "y": upwards[own].round(6).tolist(),
                "subjects": [cohort.subjects[index] for index in found.subjects[own].tolist()],
            }
            for name, colour, own in series
        ),
        caption=" ".join([f"{found.n_used:,} variants of {found.variants.name}.", *shared]),
    )


def _names(n: int) -> tuple[str, ...]:
    return tuple(f"Component {number}" for number in range(1, n + 1))


def _grid(result: Placement) -> GridView:
    n = min(_SHOWN, result.ancestry.scores.shape[1])
    return GridView(
        "phenotypes",
        "Which phenotypes go with ancestry",
        "Share of variance (r² or eta²)",
        tuple(link.phenotype.name for link in result.links),
        _names(n),
        tuple(tuple(finite(value) for value in link.share[:n].tolist()) for link in result.links),
        scale="sequential",
        limit=1.0,
        tips=tuple(tuple(_tip(link, column) for column in range(n)) for link in result.links),
        note=_note(result),
    )


def _tip(link: Link, column: int) -> str:
    if not np.isfinite(link.effect[column]):
        return f"{link.phenotype.name} and component {column + 1}: not defined"
    return (
        f"{link.phenotype.name} and component {column + 1}: {link.symbol} = {link.effect[column]:.3f}, "
        f"p = {link.p_value[column]:.3g}, n = {link.n}"
    ).replace("= -", "= −")


def _rows(result: Placement) -> list[dict[str, Json]]:
    return [
        {
            "phenotype": link.phenotype.name,
            "component": number + 1,
            "symbol": link.symbol,
            "effect": finite(link.effect[number]),
            "share": finite(link.share[number]),
            "p_value": finite(link.p_value[number]),
            "n": link.n,
        }
        for link in result.links
        for number in range(min(_SHOWN, link.effect.size))
    ]


def _link_table(result: Placement) -> TableView:
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
    columns = [Column("subject", "Subject")]
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
                title="How much each component takes",
                x_label="Component",
                y_label="Share of the sum of eigenvalues (%)",
                note=_note(result),
                theme=theme,
            )
        }
    )


def _note(result: Placement) -> str:
    found = result.ancestry
    return f"{counted(found.subjects.size, 'subject')}, {found.n_used:,} variants of {found.variants.name}"


ANALYSIS = Analysis(
    title="Ancestry components",
    summary="Where the genotypes place people, and which phenotypes go with that.",
    tab="Genotypes",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    needs=("variants",),
)
