"""Components and variants: which genotypes go with having more of a component, each variant with each component."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal, cast

import numpy as np
import scipy

from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    Column,
    FigureView,
    Integer,
    Number,
    PhenotypesChoice,
    Report,
    TableView,
    VariantSetChoice,
)
from imagenomer.analyses.shared.ancestry import MOST_COMPONENTS, ancestry, as_phenotypes
from imagenomer.analyses.shared.ancestry import components as ancestry_components
from imagenomer.analyses.shared.decompositions import Components, Source, decompose
from imagenomer.analyses.shared.design_words import design_warnings
from imagenomer.analyses.shared.genotyped import CODED, CODINGS, about_relatives
from imagenomer.analyses.shared.inference import BY_P, Verdict, controls, judge_by_p
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.cohort import Cohort, VariantSet
from imagenomer.errors import InputError
from imagenomer.genotypes import GenotypeCounts, check_variants, chromosome_numbers, count_genotypes
from imagenomer.jsonable import finite
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.correction import n_tests
from imagenomer.statistics.correlation import fisher_interval
from imagenomer.statistics.design import Design, build_design
from imagenomer.statistics.screening import Coding, Screen, screen
from imagenomer.statistics.variants import genomic_inflation
from imagenomer.types import BoolArray, FloatArray, IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: The table lists this many of the strongest associations, or all that are significant up to the second number.
_FEWEST_LISTED, _MOST_LISTED = 100, 500
#: Points that the sorted tests are drawn with.
_POINTS = 2000
#: Lambda above which p-values are called inflated, and tests below which it says nothing.
_INFLATED, _FEWEST_TESTS = 1.1, 100
#: Variants on chromosomes above this need the sexes.
_AUTOSOMES = 22


@dataclass(frozen=True, slots=True)
class Params(Source):
    variants: Annotated[str | None, VariantSetChoice()] = None
    coding: Annotated[str, Choice(tuple(CODINGS.items()))] = field(
        default="additive", metadata={"help": "What a genotype counts as. Copies are of the effect allele."}
    )
    covariates: Annotated[tuple[str, ...], PhenotypesChoice()] = field(
        default=(), metadata={"help": "Adjusted for by a linear model."}
    )
    ancestry_components: Annotated[int, Integer(minimum=0, maximum=MOST_COMPONENTS, step=1)] = field(
        default=0, metadata={"help": "How many principal components of the genotypes to adjust for."}
    )
    least_maf: Annotated[float, Number(minimum=0, maximum=0.5, step=0.01)] = field(
        default=0.01, metadata={"label": "Least minor allele frequency"}
    )
    most_missing: Annotated[float, Number(minimum=0, maximum=1, step=0.05)] = field(
        default=1.0, metadata={"label": "Largest share missing", "help": "Of the subjects, for each variant."}
    )
    correction: Annotated[str, Choice(tuple(BY_P.items()))] = field(
        default="bonferroni", metadata={"help": "Over all variants times all components."}
    )
    alpha: Annotated[float, Number(minimum=1e-6, maximum=0.5, step=0.01)] = 0.05
    bars: Annotated[int, Integer(minimum=1, maximum=30, step=1)] = field(
        default=10, metadata={"label": "Bars at either end"}
    )


@dataclass(frozen=True, slots=True, eq=False)
class Association:
    """Every variant against every component.

    Attributes
    ----------
    components : Components
    variants : VariantSet
    which : ndarray, shape (n_kept,)
        Variants that pass the filters.
    rows : ndarray, shape (n_subjects,)
        Rows of the components' scores that are used.
    counts : GenotypeCounts
        Of all variants, in these subjects.
    dropped : tuple of (str, IntArray)
        Reason and subjects who have scores and are not used.
    left_out : tuple of (int, str)
        How many variants were not tested, and why.
    design : Design
    ancestry_sentences : tuple of str
    screen : Screen
        Of the variants in ``which``.
    verdict : Verdict
        Of all tests: those of the first component, then those of the second, and so on.
    strongest : ndarray, shape (n_listed,)
        Tests to list, the smallest p-value first.
    """

    components: Components
    variants: VariantSet
    which: IntArray
    rows: IntArray
    counts: GenotypeCounts
    dropped: tuple[tuple[str, IntArray], ...]
    left_out: tuple[tuple[int, str], ...]
    design: Design
    ancestry_sentences: tuple[str, ...]
    screen: Screen
    verdict: Verdict
    strongest: IntArray

    @property
    def significant(self) -> BoolArray:
        """Shape (n_components, n_kept)."""
        return self.verdict.significant.reshape(self.screen.r.shape)

    def test(self, index: int) -> tuple[int, int]:
        """Return row of the component and column of the variant of a test."""
        row, column = divmod(index, self.which.size)
        return row, column

    def name(self, index: int) -> str:
        """Return a test for figures: "3 – rs429358"."""
        row, column = self.test(index)
        return f"{self.components.numbers[row]} – {self.variants.variant_ids[self.which[column]]}"


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[Association]:
    variants = cohort.variant_set(params.variants)
    covariates = [cohort.phenotype(name) for name in params.covariates]
    components = yield from decompose(cohort, params)
    said: tuple[str, ...] = ()
    absent = {f"genotypes in {variants.name}": np.array([not (row >= 0).any() for row in variants.dosage], dtype=bool)}
    absent |= {one.name: one.missing for one in covariates}
    if params.ancestry_components:
        scores = yield from ancestry_components(cohort, variants.name, params.ancestry_components)
        said = (yield from ancestry(cohort, variants.name)).sentences
        covariates += as_phenotypes(scores)
        absent["ancestry components"] = np.asarray(np.isnan(scores).any(axis=1))
    remaining, dropped = np.ones(components.subjects.size, dtype=bool), []
    for name, lacking in absent.items():
        leaves = remaining & lacking[components.subjects]
        remaining &= ~leaves
        if leaves.any():
            dropped.append((f"without {name}", components.subjects[leaves]))
    rows = np.flatnonzero(remaining)
    if rows.size < 3:
        raise InputError(
            f"{counted(rows.size, 'subject')} with scores, genotypes in {variants.name} and all covariates, and at "
            "least 3 are needed; choose a larger group or fewer covariates"
        )
    subjects = components.subjects[rows]
    design = build_design(covariates, subjects)
    yield Progress("Counting genotypes")
    dosage = variants.dosage if rows.size == len(variants.dosage) else variants.dosage[subjects]
    counts = count_genotypes(dosage)
    quality = check_variants(counts, most_missing=params.most_missing, least_maf=params.least_maf)
    elsewhere = chromosome_numbers(variants.chromosomes) > _AUTOSOMES
    which = np.flatnonzero(quality.kept & ~elsewhere)
    if not which.size:
        raise InputError(f"no variant of {variants.name} passes the filters; allow rarer variants or more missing")
    found = yield from screen(dosage[:, which], components.scores[rows], design, cast("Coding", params.coding))
    yield Progress("Correcting for the number of tests")
    verdict = judge_by_p(found.neg_log10_p.ravel(), params.correction, params.alpha)
    n_listed = min(max(int(verdict.significant.sum()), _FEWEST_LISTED), _MOST_LISTED, n_tests(verdict.neg_log10_p))
    strength = np.nan_to_num(found.neg_log10_p.ravel(), nan=-1.0)
    candidates = np.argpartition(-strength, n_listed - 1)[:n_listed] if n_listed else np.zeros(0, dtype=np.intp)
    candidates = np.sort(candidates)
    untested = int(np.count_nonzero(np.isnan(found.r).all(axis=0)))
    left_out = (
        (int(elsewhere.sum()), "on X, Y or of mitochondria, where copies depend on sex"),
        (
            int((quality.too_missing & ~elsewhere).sum()),
            f"missing in more than {100 * params.most_missing:g} % of the subjects",
        ),
        (
            int((quality.too_rare & ~quality.too_missing & ~elsewhere).sum()),
            f"with a minor allele frequency below {100 * params.least_maf:g} %",
        ),
        (untested, "that do not vary, follow from the covariates or are known of too few"),
    )
    return Association(
        components,
        variants,
        which,
        rows,
        counts,
        tuple(dropped),
        left_out,
        design,
        said,
        found,
        verdict,
        candidates[np.argsort(-strength[candidates], kind="stable")],
    )


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: Association) -> Report:
    components, n_subjects = result.components, int(result.rows.size)
    tested, n_significant = n_tests(result.verdict.neg_log10_p), int(np.count_nonzero(result.verdict.significant))
    threshold = result.verdict.p_threshold
    by_component = _by_component(result)
    top = [_row(result, index) for index in result.strongest.tolist()]
    lowest, highest = _ends(result, params.bars)
    title = _title(result)
    return Report(
        numbers={
            "components": components.name,
            "variants": result.variants.name,
            "group": params.group,
            "coding": params.coding,
            "covariates": list(params.covariates),
            "ancestry_components": params.ancestry_components,
            "n_subjects": n_subjects,
            "n_components": components.n_components,
            "n_variants": int(result.which.size),
            "left_out": [{"n": n, "reason": reason} for n, reason in result.left_out if n],
            "correction": params.correction,
            "alpha": params.alpha,
            "n_tests": tested,
            "n_significant": n_significant,
            "p_threshold": threshold,
            "by_component": by_component,
            "top": top,
        },
        sentences=(*components.sentences, *_sentences(cohort, params, result, tested, n_significant)),
        warnings=(*components.warnings, *_warnings(cohort, params, result, by_component)),
        views=(
            FigureView(
                "strongest",
                f"{title}: the strongest on either side",
                "Bars of the strongest negative and positive partial correlations: "
                + ", ".join(f"{result.name(index)} {_r(result, index):.3f}" for index in (*lowest[:1], *highest[-1:]))
                + ".",
            ),
            FigureView(
                "sorted",
                f"{title}: all tests, sorted",
                f"Partial correlations of {counted(tested, 'test')} from the lowest to the highest, with log10 p.",
            ),
            FigureView(
                "qq",
                "Are there more small p-values than chance gives?",
                f"Quantiles of the p-values of {counted(tested, 'test')} against those expected without association.",
            ),
            TableView("top", "Strongest associations", _COLUMNS, tuple(top)),
            TableView(
                "by_component",
                "Every component",
                (
                    Column("component", "Component", "integer"),
                    Column("n_tests", "Variants", "integer"),
                    Column("inflation", "Lambda", "number"),
                    Column("strongest", "Strongest variant"),
                    Column("p_value", "its p", "p"),
                    Column("n_significant", "Significant", "integer"),
                ),
                tuple(by_component),
            ),
        ),
        arrays={"r": result.screen.r, "neg_log10_p": result.screen.neg_log10_p},
    )


_COLUMNS = (
    Column("component", "Component", "integer"),
    Column("variant", "Variant"),
    Column("chromosome", "Chromosome"),
    Column("position", "Position", "integer"),
    Column("effect_allele", "Effect allele"),
    Column("other_allele", "Other allele", where="file"),
    Column("frequency", "Frequency", "number"),
    Column("r", "r", "number"),
    Column("ci", "95 % CI", where="page", sort="ci_lower"),
    Column("ci_lower", "95 % CI from", "number", where="file"),
    Column("ci_upper", "to", "number", where="file"),
    Column("p_value", "p", "p"),
    Column("p_adjusted", "p adjusted", "p"),
    Column("neg_log10_p", "−log10 p", "number", where="file"),
    Column("n_subjects", "Subjects", "integer"),
)


def _title(result: Association) -> str:
    return f"{result.variants.name} and the components of {result.components.name}"


def _sentences(cohort: Cohort, params: Params, result: Association, tested: int, n_significant: int) -> list[str]:
    names = [*params.covariates]
    if params.ancestry_components:
        names.append(counted(params.ancestry_components, "ancestry component"))
    said = []
    for reason, subjects in result.dropped:
        who = listed(cohort.subjects[index] for index in subjects)
        said.append(f"{counted(subjects.size, 'subject')} {reason} took no part in the tests: {who}.")
    said += result.ancestry_sentences
    left_out = ", ".join(f"{n:,} {why}" for n, why in result.left_out if n)
    said.append(
        f"{counted(result.which.size, 'variant')} of {result.variants.name} in {counted(result.rows.size, 'subject')}"
        + (f"; left out: {left_out}." if left_out else ".")
    )
    adjusted = f"adjusted for {listed(names)}" if names else "unadjusted"
    said.append(
        f"{'Partial' if names else 'Pearson'} r of every variant, {CODED[params.coding]}, with the scores of every "
        f"component, {adjusted}. Who lacks a genotype takes no part for that variant; nothing is imputed."
    )
    threshold = result.verdict.p_threshold
    said.append(
        f"{n_significant:,} of {counted(tested, 'test')} ({result.components.n_components} components times "
        f"{counted(result.which.size, 'variant')}) significant: {BY_P[params.correction]}, "
        f"{controls(params.correction)} {params.alpha:g}"
        + ("." if threshold is None else f", p at or below {threshold:.3g}.")
    )
    said.append(
        f"The table lists the {counted(result.strongest.size, 'strongest association')}; chosen for their strength, "
        "their r and its interval overstate it."
    )
    return said


def _warnings(cohort: Cohort, params: Params, result: Association, by_component: list[dict[str, Json]]) -> list[str]:
    said = [*design_warnings(result.design.findings), *about_relatives(cohort, result.components.subjects[result.rows])]
    inflated = [
        row["component"]
        for row in by_component
        if row["n_tests"] >= _FEWEST_TESTS and (row["inflation"] or 0) > _INFLATED
    ]
    if inflated:
        way_out = "" if params.ancestry_components else "; adjust for ancestry components, or look within one group"
        said.append(
            f"Small p-values are too common (lambda above {_INFLATED:g}) for "
            f"{'component' if len(inflated) == 1 else 'components'} {listed(map(str, inflated))}: ancestry or "
            f"relatedness probably moves these scores together with many variants{way_out}."
        )
    return said


def _by_component(result: Association) -> list[dict[str, Json]]:
    rows = []
    for row, number in enumerate(result.components.numbers.tolist()):
        strength = result.screen.neg_log10_p[row]
        tested = n_tests(strength)
        best = int(np.nanargmax(strength)) if tested else 0
        p_value = 10**-strength
        rows.append(
            {
                "component": number,
                "n_tests": tested,
                "inflation": finite(genomic_inflation(p_value)),
                "strongest": result.variants.variant_ids[result.which[best]] if tested else None,
                "p_value": finite(p_value[best]),
                "n_significant": int(np.count_nonzero(result.significant[row])),
            }
        )
    return rows


def _row(result: Association, index: int) -> dict[str, Json]:
    row, column = result.test(index)
    variant, variants = int(result.which[column]), result.variants
    r, dof = _r(result, index), int(result.screen.dof[column])
    lower, upper = (float(limit) for limit in fisher_interval(r, dof + 2))
    return {
        "component": int(result.components.numbers[row]),
        "variant": variants.variant_ids[variant],
        "chromosome": variants.chromosomes[variant],
        "position": int(variants.positions[variant]),
        "effect_allele": variants.effect_alleles[variant],
        "other_allele": variants.other_alleles[variant],
        "frequency": finite(float(result.counts.effect_frequency[variant])),
        "r": r,
        "ci": f"{lower:.3g} to {upper:.3g}".replace("-", "−") if np.isfinite(lower) else None,
        "ci_lower": finite(lower),
        "ci_upper": finite(upper),
        "p_value": float(10 ** -result.screen.neg_log10_p[row, column]),
        "p_adjusted": float(result.verdict.p_value[index]),
        "neg_log10_p": finite(float(result.screen.neg_log10_p[row, column])),
        "n_subjects": int(result.screen.n_subjects[column]),
        "significant": bool(result.verdict.significant[index]),
    }


def _r(result: Association, index: int) -> float:
    return float(result.screen.r[result.test(index)])


def _ends(result: Association, n: int) -> tuple[list[int], list[int]]:
    """Return the ``n`` strongest tests with a negative and with a positive r, in the order of signed significance.

    Not those of the most extreme r, which few subjects make by chance.
    """
    signed = (np.sign(result.screen.r) * result.screen.neg_log10_p).ravel()
    order = np.argsort(signed, kind="stable")[: n_tests(signed)]
    n_negative, n_positive = int(np.count_nonzero(signed < 0)), int(np.count_nonzero(signed > 0))
    return order[: min(n, n_negative)].tolist(), order[order.size - min(n, n_positive) :].tolist()


# --- drawing -------------------------------------------------------------------------------------


def draw(
    cohort: Cohort, params: Params, result: Association, report: Report, theme: Literal["light", "dark"]
) -> Mapping[str, Figure]:
    from imagenomer.figures.chart import ranking_figure
    from imagenomer.figures.drawings import Drawings
    from imagenomer.figures.variants import qq_figure, sorted_figure

    lowest, highest = _ends(result, params.bars)
    shown = [*reversed(highest), *reversed(lowest)]
    n_significant, tested = np.count_nonzero(result.verdict.significant), n_tests(result.verdict.neg_log10_p)
    note = (
        f"{counted(result.rows.size, 'subject')}; {n_significant:,} of {counted(tested, 'test')} significant "
        f"({BY_P[params.correction]}, alpha {params.alpha:g})"
    )
    title = _title(result)
    label = "Partial r" if result.design.rank > 1 else "Pearson's r"
    r, neg_log10_p = (values[~np.isnan(values)] for values in (result.screen.r, result.screen.neg_log10_p))
    expected, observed = _quantiles(neg_log10_p)
    sorted_r, at = _sorted(r)
    return Drawings(
        {
            "strongest": lambda: ranking_figure(
                [result.name(index) for index in shown],
                np.reshape([_r(result, index) for index in shown], (-1, 1)),
                title=f"{title}: the strongest on either side",
                x_label=f"{label}, component – variant",
                note=note,
                theme=theme,
            ),
            "sorted": lambda: sorted_figure(
                sorted_r,
                neg_log10_p[at],
                title=title,
                label=label,
                x_label=f"{counted(tested, 'test')}, sorted (drawn: {sorted_r.size:,})",
                note=note,
                theme=theme,
            ),
            "qq": lambda: qq_figure(expected, observed, title=title, note=note, theme=theme),
        }
    )


def _sorted(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return values from the lowest to the highest, at most `_POINTS` evenly many, both ends among them."""
    order = np.argsort(values, kind="stable")
    places = np.unique(np.linspace(0, max(order.size - 1, 0), min(order.size, _POINTS)).round().astype(np.intp))
    return values[order[places]], order[places]


def _quantiles(neg_log10_p: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return expected and observed -log10 p, of few enough tests to draw: all of the strongest, evenly many others."""
    observed = np.sort(neg_log10_p)[::-1]
    ranks = np.arange(observed.size)
    kept = np.unique(
        np.concatenate([ranks[:_POINTS], np.linspace(0, max(observed.size - 1, 0), _POINTS).astype(np.intp)])
    )
    kept = kept[kept < observed.size]
    # The median of the smallest, second smallest ... of so many p-values without association (a beta distribution).
    expected = scipy.special.betaincinv(kept + 1.0, observed.size - kept, 0.5)
    return -np.log10(expected), observed[kept]


ANALYSIS = Analysis(
    title="Components and variants",
    summary="Which genotypes go with having more of a component: every variant with every component.",
    tab="Components",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    needs=("variants",),
)
