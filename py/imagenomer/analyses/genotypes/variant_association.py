"""Variant association: which variants go with a phenotype, given covariates and ancestry."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal, cast

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer import groups
from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    Column,
    FigureView,
    GroupChoice,
    Integer,
    LevelChoice,
    Number,
    PhenotypeChoice,
    PhenotypesChoice,
    PointsView,
    Report,
    TableView,
    Text,
    VariantSetChoice,
)
from imagenomer.analyses.shared.ancestry import MOST_COMPONENTS, ancestry, as_phenotypes, components
from imagenomer.analyses.shared.design_words import design_warnings
from imagenomer.analyses.shared.genotyped import (
    CODED,
    CODINGS,
    Genotyped,
    about_relatives,
    draw_genotyped,
    genotype_names,
    places,
    shares,
    thin_points,
    variant_label,
)
from imagenomer.analyses.shared.inference import (
    BY_P,
    CORRECTIONS,
    Plan,
    controls,
    permutation_warnings,
    plan_in_words,
    plan_of,
)
from imagenomer.analyses.shared.linear_model import affirmative, require_variation
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.cohort import Cohort, Phenotype, VariantSet, natural_key
from imagenomer.errors import InputError
from imagenomer.figures.palette import GROUP_COLOURS, OTHERS_COLOUR
from imagenomer.genotypes import (
    MITOCHONDRIAL,
    GenotypeCounts,
    X,
    Y,
    check_variants,
    chromosome_numbers,
    count_by_sex,
)
from imagenomer.jsonable import finite
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.correction import Method, adjust_neg_log10, n_tests, p_threshold, rejected
from imagenomer.statistics.design import Design, build_design
from imagenomer.statistics.genotype_codes import Model
from imagenomer.statistics.max_statistic import MaxStatistic
from imagenomer.statistics.permutation import check_exchangeable
from imagenomer.statistics.variant_permutation import largest_statistics
from imagenomer.statistics.variant_results import Problem, VariantAssociation
from imagenomer.statistics.variants import associate_levels, associate_number, genomic_inflation
from imagenomer.types import BoolArray, FloatArray, IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: The table holds this many of the strongest variants, or all that are significant up to the second number.
_FEWEST_LISTED, _MOST_LISTED = 100, 500
#: Bars at either end of the figure of the strongest variants, as the first ImageNomer had it.
_BARS = 10
#: Points of the QQ plot.
_MOST_POINTS = 3000
#: Fewer subjects than this of a level, and the approximations behind the p-values are poor.
_FEW = 20
#: Lambda above which p-values are called inflated, and tests below which it says nothing.
_INFLATED, _FEWEST_TESTS = 1.1, 100

_CODING = CODINGS | {
    "genotypic": "Genotypic: two terms",
    "haplotype": "One genotype or others",
}
_GENOTYPES = {"minor": "Two minor alleles", "het": "Heterozygous", "major": "Two major alleles"}
_SAID = CODED | {
    "genotypic": "fitted by two terms, the copies of the effect allele and one copy against the rest, and tested for "
    "both together",
}


#: Shown only where subjects are rearranged.
_WHEN_PERMUTED = {"section": "Permutations", "when": {"correction": ("max-t",)}}

#: Why a variant was not tested, in words.
_PROBLEMS = {
    Problem.CONSTANT: "nobody, or everybody, has the genotype in question",
    Problem.TOO_FEW: "too few subjects have a genotype",
    Problem.COLLINEAR: "the genotype follows from the covariates",
    Problem.COVARIATES: "the covariates follow from each other in those who have a genotype",
    Problem.ONE_LEVEL: "all those who have a genotype are of the same level",
    Problem.NOT_CONVERGED: "the fit did not converge",
}


@dataclass(frozen=True, slots=True)
class Params:
    phenotype: Annotated[str, PhenotypeChoice()]
    level: Annotated[str | None, LevelChoice(of="phenotype")] = field(
        default=None, metadata={"help": "Compared with all other levels."}
    )
    variants: Annotated[str | None, VariantSetChoice()] = None
    coding: Annotated[str, Choice(tuple(_CODING.items()))] = field(
        default="additive", metadata={"help": "What a genotype counts as. Copies are of the effect allele."}
    )
    genotype: Annotated[str, Choice(tuple(_GENOTYPES.items()))] = field(
        default="het",
        metadata={
            "help": "Compared with the other two, as in the first ImageNomer.",
            "when": {"coding": ("haplotype",)},
        },
    )
    covariates: Annotated[tuple[str, ...], PhenotypesChoice(without=("phenotype",))] = field(
        default=(), metadata={"help": "Adjusted for: numbers as they are, categories by level."}
    )
    ancestry_components: Annotated[int, Integer(minimum=0, maximum=MOST_COMPONENTS, step=1)] = field(
        default=0, metadata={"help": "How many principal components of the genotypes to adjust for."}
    )
    group: Annotated[str | None, GroupChoice()] = None
    least_maf: Annotated[float, Number(minimum=0, maximum=0.5, step=0.01)] = field(
        default=0.01, metadata={"label": "Least minor allele frequency"}
    )
    most_missing: Annotated[float, Number(minimum=0, maximum=1, step=0.05)] = field(
        default=1.0, metadata={"label": "Largest share missing", "help": "Of the subjects, for each variant."}
    )
    least_hardy_p: Annotated[float, Number(minimum=0, maximum=1, step=1e-6)] = field(
        default=0.0,
        metadata={"label": "Least Hardy-Weinberg p", "help": "0 leaves the test out; 1e-6 is usual in one ancestry."},
    )
    correction: Annotated[str, Choice((*BY_P.items(), ("max-t", "Permutation max-T")))] = field(
        default="bonferroni", metadata={"help": "Max-T is for numbers, and knows that neighbours tell much the same."}
    )
    alpha: Annotated[float, Number(minimum=1e-6, maximum=0.5, step=0.01)] = 0.05
    permutations: Annotated[int, Integer(minimum=100, maximum=100_000, step=100)] = field(
        default=1000, metadata=_WHEN_PERMUTED | {"help": "1,000 to look, 5,000 or more to publish."}
    )
    seed: Annotated[int, Integer(minimum=0, maximum=2**31 - 1, step=1)] = field(
        default=1, metadata=_WHEN_PERMUTED | {"help": "The same seed gives the same result."}
    )
    blocks: Annotated[str | None, PhenotypeChoice("category")] = field(
        default=None,
        metadata=_WHEN_PERMUTED | {"help": "Subjects change places only within its levels: families, sites."},
    )
    axis: Annotated[str, Choice((("position", "Position"), ("index", "Index in the file")))] = field(
        default="position", metadata={"label": "Manhattan plot by"}
    )
    shown: Annotated[str, Text("rs429358")] = field(
        default="", metadata={"label": "Variant to look at", "help": "Its name; without one, the strongest."}
    )


@dataclass(frozen=True, slots=True, eq=False)
class Association:
    """Association of every variant with a phenotype.

    Arrays over variants are NaN (False, 0) where a variant was not tested.

    Attributes
    ----------
    sample : Genotyped
    level : str or None
        The level whose odds are modelled; None for a number.
    target : ndarray, shape (n_subjects,)
    design : Design
        Intercept, covariates and ancestry components.
    ancestry_sentences : tuple of str
    counts : GenotypeCounts
        Of these subjects.
    n_too_missing, n_too_rare, n_off_hardy_weinberg : int
        Variants that fail a filter, each counted under the first.
    set_aside : tuple of (int, str)
        Other variants that could not be tested, by reason.
    fit : VariantAssociation
        Of all variants.
    lower, upper : ndarray, shape (n_terms, n_variants)
        95 % confidence interval of each coefficient.
    neg_log10_p, neg_log10_p_adjusted : ndarray, shape (n_variants,)
    significant : ndarray of bool, shape (n_variants,)
    plan : Plan or None
        How subjects were rearranged; None where p-values sufficed.
    limit : float or None
        What ``|t|`` must then exceed; None if nothing can be significant.
    inflation : float
    strongest : ndarray
        Variants to list, strongest first.
    shown : int
        The variant that is looked at.
    """

    sample: Genotyped
    level: str | None
    target: FloatArray
    design: Design
    ancestry_sentences: tuple[str, ...]
    counts: GenotypeCounts
    n_too_missing: int
    n_too_rare: int
    n_off_hardy_weinberg: int
    set_aside: tuple[tuple[int, str], ...]
    fit: VariantAssociation
    lower: FloatArray
    upper: FloatArray
    neg_log10_p: FloatArray
    neg_log10_p_adjusted: FloatArray
    significant: BoolArray
    plan: Plan | None
    limit: float | None
    inflation: float
    strongest: IntArray
    shown: int

    @property
    def logistic(self) -> bool:
        return self.level is not None


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[Association]:
    phenotype = cohort.phenotype(params.phenotype)
    if phenotype.name in params.covariates:
        raise InputError(f"{phenotype.name} is the phenotype and cannot be its own covariate; leave it out")
    level = _level(phenotype, params.level)
    values = phenotype.values.astype(np.float64) if level is None else phenotype.indicator(level)
    covariates = [cohort.phenotype(name) for name in params.covariates]
    missing = {one.name: one.missing for one in (phenotype, *covariates)}
    plan = _plan(cohort, params, phenotype, level)
    if plan is not None and plan.blocks is not None:
        missing[plan.blocks.name] = plan.blocks.missing
    said: tuple[str, ...] = ()
    n_components = params.ancestry_components
    if n_components:
        scores = yield from components(cohort, params.variants, n_components)
        said = (yield from ancestry(cohort, params.variants)).sentences
        covariates += as_phenotypes(scores)
        missing["ancestry components"] = np.asarray(np.isnan(scores).any(axis=1))
    yield Progress("Choosing subjects")
    sample = draw_genotyped(cohort, variants=params.variants, group=params.group, missing=missing, at_least=3)
    target = values[sample.subjects]
    require_variation(phenotype, level, target)
    design = build_design(covariates, sample.subjects)

    yield Progress("Counting genotypes")
    numbers = chromosome_numbers(sample.variants.chromosomes)
    sexes = cohort.sexes[sample.subjects]
    dosage = sample.dosage
    counts = count_by_sex(dosage, numbers, sexes)
    untestable = _untestable(params, numbers, sexes)
    quality = check_variants(
        counts, most_missing=params.most_missing, least_maf=params.least_maf, least_hardy_p=params.least_hardy_p
    )
    model, turned = _model(params, sample.variants, counts)
    fit = _Parts(model, numbers.size)
    set_aside = [(int(which.sum()), why) for which, why in untestable]
    kept = quality.kept & ~np.any([which for which, _ in untestable], axis=0)
    on_x = kept & (numbers == X)
    elsewhere = np.flatnonzero(kept & ~on_x)
    yield from fit.add(elsewhere, dosage[:, elsewhere], turned, target, design, logistic=level is not None)
    if on_x.any():
        why = yield from _fit_x(cohort, fit, sample, np.flatnonzero(on_x), turned, target, covariates, level)
        set_aside.append((int(on_x.sum()) if why else 0, why))

    found = fit.result
    neg_log10_p = found.test.neg_log10_p
    limit = None
    if plan is None:
        correction = cast("Method", params.correction)
        adjusted = adjust_neg_log10(neg_log10_p, correction)
        significant = rejected(neg_log10_p, correction, params.alpha)
    else:
        largest = yield from _rearrange(cohort, fit, sample, target, design, plan)
        adjusted = -np.log10(largest.adjusted_p) + 0.0
        significant = largest.adjusted_p <= params.alpha
        limit = largest.threshold(params.alpha)
    n_listed = min(max(int(significant.sum()), _FEWEST_LISTED), _MOST_LISTED, n_tests(neg_log10_p))
    order = np.argsort(np.where(np.isnan(neg_log10_p), np.inf, -neg_log10_p), kind="stable")
    half = _half_width(found, logistic=level is not None)
    others = ~np.any([which for which, _ in untestable], axis=0)
    too_missing, too_rare = others & quality.too_missing, others & quality.too_rare & ~quality.too_missing
    beta, se = (np.array([getattr(term, name) for term in found.terms]) for name in ("beta", "se"))
    for problem, words in _PROBLEMS.items():
        set_aside.append((int(np.count_nonzero(found.problem == problem)), f"since {words}"))
    return Association(
        sample,
        level,
        target,
        design,
        said,
        counts,
        int(too_missing.sum()),
        int(too_rare.sum()),
        int((others & ~quality.kept & ~too_missing & ~too_rare).sum()),
        tuple(set_aside),
        found,
        beta - half * se,
        beta + half * se,
        neg_log10_p,
        adjusted,
        significant,
        plan,
        limit if limit is not None and np.isfinite(limit) else None,
        genomic_inflation(found.test.p_value),
        order[:n_listed],
        _shown(sample.variants, params.shown, order),
    )


def _level(phenotype: Phenotype, level: str | None) -> str | None:
    """Return the level whose odds are modelled: the one asked for, else the affirmative or last of two."""
    if phenotype.kind == "number":
        if level is not None:
            raise InputError(f"{phenotype.name} is a number and has no level {level!r}; leave the level out")
        return None
    if level is not None:
        phenotype.indicator(level)  # refuses a level that is not there
        return level
    if len(phenotype.levels) > 2:
        raise InputError(f"{phenotype.name} has more than two levels; choose one of {', '.join(phenotype.levels)}")
    return affirmative(phenotype.levels)


def _plan(cohort: Cohort, params: Params, phenotype: Phenotype, level: str | None) -> Plan | None:
    """Return how subjects are to be rearranged; None where p-values suffice."""
    if params.correction != "max-t":
        return None
    if level is not None:
        raise InputError(
            f"permutation max-T is for numbers, and {phenotype.name} has levels; choose another correction, such as "
            "Holm"
        )
    if params.coding == "genotypic":
        raise InputError("permutation max-T needs one coefficient, and genotypic coding has two; choose another coding")
    return plan_of(cohort, params.permutations, params.seed, params.blocks)


def _rearrange(
    cohort: Cohort, fit: _Parts, sample: Genotyped, target: FloatArray, design: Design, plan: Plan
) -> Steps[MaxStatistic]:
    """Correct for all variants by the largest ``|t|`` of each rearrangement."""
    # In the order of their names, so that a seed means the same whatever the order of a file.
    names = [cohort.subjects[index] for index in sample.subjects]
    order = np.array(sorted(range(len(names)), key=lambda index: natural_key(names[index])), dtype=np.intp)
    blocks = None if plan.blocks is None else plan.blocks.values[sample.subjects[order]].astype(np.intp)
    check_exchangeable("the phenotype", target[order], blocks)
    statistic = np.abs(fit.result.test.statistic)
    null = yield from largest_statistics(
        fit.tested(order),
        target[order],
        design.matrix[order, 1:],
        fit.model,
        n_permutations=plan.n_permutations,
        rng=np.random.default_rng(plan.seed),
        exchangeable=blocks,
    )
    # What rounding could make of an equal one must not count as smaller.
    n_larger = null.size - np.searchsorted(np.sort(null), statistic * (1 - 1e-9))
    adjusted_p = np.where(np.isnan(statistic), np.nan, (1 + n_larger) / (1 + null.size))
    return MaxStatistic(statistic, adjusted_p, null, 1, sample.n_subjects - design.rank - 1)


def _untestable(params: Params, numbers: IntArray, sexes: IntArray) -> list[tuple[BoolArray, str]]:
    """Return which variants are not tested whatever their genotypes, and why; no variant twice."""
    sexless = not sexes.any()
    no_sex = "on X or Y, since no sex is known (a category called sex, with the levels F and M)"
    return [
        (np.isin(numbers, (X, Y)) & sexless, no_sex),
        ((numbers == X) & (params.coding != "additive") & (not sexless), "on X, where only additive coding is defined"),
        ((numbers == Y) & (not sexless), "on Y, of which there is one copy"),
        (numbers == MITOCHONDRIAL, "of mitochondria, of which there is one copy"),
    ]


def _model(params: Params, variants: VariantSet, counts: GenotypeCounts) -> tuple[Model, BoolArray]:
    """Return the model, and for which variants the other allele is counted.

    Of the haplotype indicator the minor allele is counted: the rarer in these subjects, or where a file names no
    alleles (the first ImageNomer's) the one that it does not count.
    """
    n_variants = len(variants.variant_ids)
    if params.coding != "haplotype":
        return cast("Model", params.coding), np.zeros(n_variants, dtype=bool)
    nameless = np.array([allele == "0" for allele in variants.effect_alleles], dtype=bool)
    turned = nameless | (~nameless & (counts.effect_frequency > 0.5))
    models: dict[str, Model] = {"minor": "recessive", "het": "heterozygous", "major": "none"}
    return models[params.genotype], turned


class _Parts:
    """Fits of parts of the variants, put together."""

    def __init__(self, model: Model, n_variants: int) -> None:
        self.model = model
        self.n_variants = n_variants
        self.parts: list[tuple[IntArray, VariantAssociation]] = []
        self._given: list[tuple[NDArray[np.int8], FloatArray, IntArray | None]] = []

    def add(
        self,
        columns: IntArray,
        dosage: NDArray[np.int8],
        turned: BoolArray,
        target: FloatArray,
        design: Design,
        *,
        logistic: bool,
        rows: IntArray | None = None,
    ) -> Steps[None]:
        """Fit some variants; ``rows`` are the subjects that all this is of, if not of all."""
        flip = turned[columns]
        if flip.any():
            dosage = np.where(flip & (dosage >= 0), 2 - dosage, dosage).astype(np.int8)
        covariates = design.matrix[:, 1:]
        if logistic:
            found = yield from associate_levels(dosage, target > 0, covariates, self.model)
        else:
            found = yield from associate_number(dosage, target, covariates, self.model)
        self.parts.append((columns, found))
        self._given.append((dosage, covariates, rows))

    def tested(self, order: IntArray) -> list[tuple[NDArray[np.int8], FloatArray]]:
        """Return genotypes and covariates of what was tested, for these subjects of all; others lack the genotype."""
        parts = []
        for (_, found), (dosage, covariates, rows) in zip(self.parts, self._given, strict=True):
            own = dosage[:, found.problem == 0]
            if rows is not None:
                part, whole = own, np.full((order.size, own.shape[1]), -1, dtype=np.int8)
                whole[rows] = part
                own, given = whole, np.zeros((order.size, covariates.shape[1]))
                given[rows] = covariates
                covariates = given
            parts.append((own[order], covariates[order]))
        return parts

    @property
    def result(self) -> VariantAssociation:
        return VariantAssociation.joined(self.parts, self.n_variants)


def _fit_x(
    cohort: Cohort,
    fit: _Parts,
    sample: Genotyped,
    columns: IntArray,
    turned: BoolArray,
    target: FloatArray,
    covariates: list[Phenotype],
    level: str | None,
) -> Steps[str]:
    """Fit variants on X as PLINK 2 does, or return why not.

    A man's copy counts as two, his heterozygous call as missing, and sex is adjusted for.
    """
    sexes = cohort.sexes[sample.subjects]
    known = np.flatnonzero(sexes > 0)
    men = sexes[known] == 1
    both = 0 < men.sum() < men.size
    own = target[known]
    if np.ptp(own) == 0 or (both and abs(np.corrcoef(own, men)[0, 1]) > 1 - 1e-9):
        return "on X, since the phenotype says the same as sex, which decides the copies of X"
    sex = Phenotype("sex", np.where(cohort.sexes > 0, cohort.sexes - 1, -1).astype(np.intp), ("M", "F"))
    dosage = sample.dosage[np.ix_(known, columns)]
    dosage[men[:, None] & (dosage == 1)] = -1
    others = [one for one in covariates if one.name.lower() not in ("sex", "gender")]
    extra = [sex] if both else []
    design = build_design([*others, *extra], sample.subjects[known])
    yield from fit.add(columns, dosage, turned, own, design, logistic=level is not None, rows=known)
    return ""


def _half_width(fit: VariantAssociation, *, logistic: bool) -> FloatArray:
    """Standard errors from an estimate to the end of its 95 % confidence interval."""
    if logistic:
        return np.asarray(scipy.special.ndtri(0.975))
    with np.errstate(invalid="ignore"):
        return np.asarray(scipy.special.stdtrit(np.where(fit.problem == 0, fit.dof, np.nan), 0.975))


def _shown(variants: VariantSet, name: str, order: IntArray) -> int:
    if not name.strip():
        return int(order[0])
    if name.strip() not in variants.variant_ids:
        raise InputError(f"no variant {name.strip()!r} in {variants.name}; leave it empty for the strongest")
    return variants.variant_ids.index(name.strip())


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: Association) -> Report:
    sample, fit = result.sample, result.fit
    tested = n_tests(result.neg_log10_p)
    n_significant = int(np.count_nonzero(result.significant))
    threshold = _threshold(params, result)
    top = _top(params, result)
    return Report(
        numbers={
            "phenotype": params.phenotype,
            "level": result.level,
            "group": params.group,
            **sample.numbers,
            "model": "logistic" if result.logistic else "linear",
            "coding": params.coding,
            "covariates": list(params.covariates),
            "ancestry_components": params.ancestry_components,
            "n_variants": len(sample.variants.variant_ids),
            "n_too_missing": result.n_too_missing,
            "n_too_rare": result.n_too_rare,
            "n_off_hardy_weinberg": result.n_off_hardy_weinberg,
            "n_tests": tested,
            "n_firth": int(fit.firth[fit.problem == 0].sum()),
            "correction": params.correction,
            "alpha": params.alpha,
            **({} if result.plan is None else {**result.plan.numbers, "statistic_threshold": result.limit}),
            "p_threshold": threshold,
            "n_significant": n_significant,
            "inflation": finite(result.inflation),
            "top": top,
        },
        sentences=tuple(_sentences(cohort, params, result, tested, n_significant, threshold)),
        warnings=tuple(_warnings(cohort, params, result, tested)),
        views=(
            _manhattan_view(params, result),
            _qq_view(params, result, tested),
            TableView("top", f"Strongest variants ({len(top):,} of {tested:,})", _columns(params, result), tuple(top)),
            FigureView(
                "sorted",
                "All variants, sorted",
                f"{_statistic_label(result)} of {counted(tested, 'variant')} from the lowest to the highest, and log10 "
                "p of each.",
            ),
            FigureView("strongest", "Lowest and highest variants", _strongest_alt(result)),
            FigureView(
                "genotypes",
                f"{params.phenotype} by genotype of {_shown_label(result)}",
                _by_genotype_alt(params, result),
            ),
            _genotype_table(params, result),
        ),
        arrays={
            "beta": fit.terms[0].beta,
            "se": fit.terms[0].se,
            "statistic": fit.terms[0].statistic,
            "neg_log10_p": result.neg_log10_p,
            "minor_frequency": result.counts.minor_frequency,
            "significant": result.significant,
        },
    )


def _threshold(params: Params, result: Association) -> float | None:
    """Return the p-value at or below which a variant is significant; None where the correction sets none."""
    if result.plan is not None:
        return None  # |t| decides, and p depends on how many subjects have a variant too
    # Bonferroni's is fixed beforehand; the others' follow from what is significant, so without that there is none.
    if not n_tests(result.neg_log10_p) or not (params.correction == "bonferroni" or result.significant.any()):
        return None
    return p_threshold(result.neg_log10_p, cast("Method", params.correction), params.alpha)


def _variable(params: Params, result: Association) -> str:
    return params.phenotype if result.level is None else f"{params.phenotype} = {result.level}"


def _title(params: Params, result: Association) -> str:
    return f"{_variable(params, result)} and variants of {result.sample.variants.name}"


def _adjusted_for(params: Params) -> str:
    names = list(params.covariates)
    if params.ancestry_components:
        names.append(counted(params.ancestry_components, "ancestry component"))
    return f"adjusted for {listed(names)}" if names else "not adjusted for anything"


def _note(params: Params, result: Association) -> str:
    """What every figure of this result says below it."""
    whose = "" if params.group is None else f" ({groups.describe(params.group)})"
    model = "Logistic" if result.logistic else "Linear"
    return (
        f"{counted(result.sample.n_subjects, 'subject')}{whose}; {model.lower()} model, {params.coding} coding, "
        f"{_adjusted_for(params)}\n{np.count_nonzero(result.significant):,} of "
        f"{counted(n_tests(result.neg_log10_p), 'variant')} significant ({CORRECTIONS[params.correction]}, "
        f"alpha {params.alpha:g})"
    )


def _sentences(
    cohort: Cohort, params: Params, result: Association, tested: int, n_significant: int, threshold: float | None
) -> list[str]:
    sample, fit = result.sample, result.fit
    n_variants = len(sample.variants.variant_ids)
    said = [*sample.sentences]
    if result.level is None:
        said.append(f"A linear model of {params.phenotype} for each variant, {_adjusted_for(params)}.")
    else:
        n = int(result.target.sum())
        said.append(
            f"A logistic model of the odds of {_variable(params, result)} ({counted(n, 'subject')}, against "
            f"{counted(result.target.size - n, 'subject')} of other levels) for each variant, {_adjusted_for(params)}."
        )
    said += [_coding_said(params), "A subject whose genotype is missing takes no part for that variant."]
    gone = [
        (result.n_too_missing, f"missing in more than {100 * params.most_missing:g} % or in everybody"),
        (result.n_too_rare, f"with a minor allele frequency below {100 * params.least_maf:g} %"),
        (result.n_off_hardy_weinberg, f"out of Hardy-Weinberg proportions (p below {params.least_hardy_p:g})"),
        *result.set_aside,
    ]
    left_out = shares(gone)
    said.append(
        f"{tested:,} of {counted(n_variants, 'variant')} tested" + (f"; not tested: {left_out}." if left_out else ".")
    )
    tested_here = fit.problem == 0
    n_each = fit.n_subjects[tested_here & ~np.isnan(result.neg_log10_p)]
    if n_each.size and n_each.min() < sample.n_subjects:
        said.append(
            f"Each variant was tested in the subjects who have it, {int(n_each.min()):,} to {int(n_each.max()):,} "
            f"(median {int(np.median(n_each)):,})."
        )
    n_firth = int(fit.firth[tested_here].sum())
    if n_firth:
        said.append(
            f"For {counted(n_firth, 'variant')} the logistic model has no finite or stable estimate, and Firth's "
            "penalised model was fitted instead; the table marks them."
        )
    if tested and (chromosome_numbers(sample.variants.chromosomes)[~np.isnan(result.neg_log10_p)] == X).any():
        said.append("On X a man's copy counts as two, and sex is adjusted for.")
    if result.plan is None:
        decided = f"alpha {params.alpha:g}" + ("." if threshold is None else f", p at or below {threshold:.3g}.")
    else:
        limit = "" if result.limit is None else f", |t| above {result.limit:.4g}"
        decided = f"{controls(params.correction)} {params.alpha:g}{limit}."
    said.append(
        f"{n_significant:,} of {counted(tested, 'variant')} significant: {CORRECTIONS[params.correction]}, {decided}"
    )
    if result.plan is not None:
        left = "what the covariates leave of the phenotype (Freedman and Lane)"
        what = params.phenotype if result.design.rank == 1 else left
        said += plan_in_words(what, sample.subjects, result.plan, params.alpha)
        said.append(
            "After each, every variant was fitted anew in the subjects who have it, and the largest |t| of all was "
            "taken; variants that few subjects have reach large ones more easily, so a limit of missingness adds power."
        )
    if np.isfinite(result.inflation):
        said.append(
            f"Lambda, the median chi-squared over that expected by chance, is {result.inflation:.3f}; about 1 is what "
            "one wants."
        )
    said += result.ancestry_sentences
    said.append("Chosen for their strength, the strongest variants overstate their effects.")
    return said


def _coding_said(params: Params) -> str:
    if params.coding == "haplotype":
        return (
            f"A genotype is counted as 1 where it is “{_GENOTYPES[params.genotype].lower()}” and 0 otherwise; minor is "
            "the rarer allele in these subjects, or the one that a file of the first ImageNomer calls so."
        )
    return f"A genotype is {_SAID[params.coding]}."


def _warnings(cohort: Cohort, params: Params, result: Association, tested: int) -> list[str]:
    said = design_warnings(result.design.findings)
    if result.plan is not None:
        said += permutation_warnings(result.plan, params.alpha)
    if not tested:
        said.append("No variant could be tested; loosen the filters or choose a larger group.")
    if result.level is not None:
        n = int(result.target.sum())
        fewer = min(n, result.target.size - n)
        if fewer < _FEW:
            side = result.level if n == fewer else f"not {result.level}"
            said.append(
                f"Only {counted(fewer, 'subject is', 'subjects are')} {side}: logistic models are then poor "
                "approximations."
            )
    elif np.unique(result.target).size == 2:
        low, high = np.unique(result.target)
        said.append(
            f"{params.phenotype} is a number with the two values {low:g} and {high:g} and gets a linear model; were it "
            "a category, it would get a logistic one."
        )
    if tested >= _FEWEST_TESTS and result.inflation > _INFLATED:
        way_out = (
            "more ancestry components, covariates or a group of one ancestry may help"
            if params.ancestry_components
            else "adjust for ancestry components"
        )
        said.append(
            f"The p-values are inflated (lambda {result.inflation:.2f}): something that goes with ancestry or kinship "
            f"also goes with {params.phenotype}, so small p-values need not mean an effect of the variant; {way_out}."
        )
    said += about_relatives(cohort, result.sample.subjects)
    return said


def _shown_label(result: Association) -> str:
    return variant_label(result.sample.variants, result.shown)


# --- tables --------------------------------------------------------------------------------------


def _columns(params: Params, result: Association) -> tuple[Column, ...]:
    effect = "OR" if result.logistic else "Beta"
    terms = ["", "_het"] if len(result.fit.terms) == 2 else [""]
    columns = [
        Column("variant", "Variant"),
        Column("chromosome", "Chr", sort="index"),
        Column("position", "Position", "integer"),
        Column("effect_allele", "Effect allele"),
        Column("other_allele", "Other"),
        Column("maf", "MAF", "number"),
        Column("n_subjects", "Subjects", "integer"),
    ]
    for suffix in terms:
        of = " (one copy)" if suffix else (" (copies)" if len(terms) == 2 else "")
        if result.logistic:
            columns.append(Column(f"odds_ratio{suffix}", f"{effect}{of}", "number"))
            columns.append(Column(f"beta{suffix}", f"log OR{of}", "number", where="file"))
        else:
            columns.append(Column(f"beta{suffix}", f"{effect}{of}", "number"))
        columns += [
            Column(f"se{suffix}", f"SE{of}", "number"),
            Column(f"ci{suffix}", f"95 % CI{of}", where="page", sort=f"ci_lower{suffix}"),
            Column(f"ci_lower{suffix}", "95 % CI from", "number", where="file"),
            Column(f"ci_upper{suffix}", "to", "number", where="file"),
        ]
    return (
        *columns,
        Column("p_value", "p", "p"),
        Column("p_adjusted", "p adjusted", "p"),
        Column("neg_log10_p", "−log10 p", "number", where="file"),
        Column("statistic", "Statistic", "number", where="file"),
        Column("model", "Model"),
        Column("index", "Index in the file", "integer", where="file"),
    )


def _top(params: Params, result: Association) -> list[dict[str, Json]]:
    """Describe the strongest variants, with 0-based indices of the file."""
    variants, fit = result.sample.variants, result.fit
    which = result.strongest
    frequency = result.counts.minor_frequency
    p_value = fit.test.p_value
    rows = []
    for index in which.tolist():
        row: dict[str, Json] = {
            "index": index,
            "variant": variants.variant_ids[index],
            "chromosome": variants.chromosomes[index],
            "position": int(variants.positions[index]),
            "effect_allele": variants.effect_alleles[index],
            "other_allele": variants.other_alleles[index],
            "maf": float(frequency[index]),
            "n_subjects": int(fit.n_subjects[index]),
            "p_value": float(p_value[index]),
            "p_adjusted": float(10 ** -result.neg_log10_p_adjusted[index]),
            "neg_log10_p": finite(result.neg_log10_p[index]),
            "statistic": finite(fit.test.statistic[index]),
            "model": "Firth" if fit.firth[index] else ("logistic" if result.logistic else "linear"),
        }
        for number, term in enumerate(fit.terms):
            suffix = "_het" if number else ""
            ends = result.lower[number, index], result.upper[number, index]
            shown = [math.exp(min(end, 700)) for end in ends] if result.logistic else [float(end) for end in ends]
            row |= {
                f"beta{suffix}": finite(term.beta[index]),
                f"se{suffix}": finite(term.se[index]),
                f"ci_lower{suffix}": finite(shown[0]),
                f"ci_upper{suffix}": finite(shown[1]),
                f"ci{suffix}": f"{shown[0]:.3g} to\n{shown[1]:.3g}".replace("-", "−")
                if np.isfinite(shown).all()
                else None,
            }
            if result.logistic:
                row[f"odds_ratio{suffix}"] = finite(math.exp(min(term.beta[index], 700)))
        rows.append(row)
    return rows


# --- points --------------------------------------------------------------------------------------


def _manhattan_data(
    params: Params, result: Association
) -> tuple[IntArray, FloatArray, IntArray, str, tuple[tuple[float, str], ...]]:
    """Variants that were tested, where they stand, their stripe, and the horizontal axis."""
    variants = result.sample.variants
    which = np.flatnonzero(np.isfinite(result.neg_log10_p))
    if params.axis == "index" or not which.size or not variants.positions[which].any():
        return which, which.astype(np.float64), np.zeros(which.size, dtype=np.intp), "Index in the file", ()
    x, ticks, numbers = places(variants, which)
    rank = np.unique(numbers, return_inverse=True)[1]
    return which, x, np.asarray(rank % 2, dtype=np.intp), "Chromosome", ticks


def _levels(params: Params, result: Association) -> tuple[tuple[float, str], ...]:
    threshold = _threshold(params, result)
    if not threshold:
        return ()
    return ((-math.log10(threshold), f"{BY_P[params.correction]}, alpha {params.alpha:g}"),)


def _manhattan_view(params: Params, result: Association) -> PointsView:
    which, x, stripe, x_label, ticks = _manhattan_data(params, result)
    y, ids = result.neg_log10_p[which], result.sample.variants.variant_ids
    series = []
    for number, (name, colour) in enumerate(
        (
            ("Variants" if not ticks else "First, third, … chromosome", GROUP_COLOURS[0]),
            ("Those between", OTHERS_COLOUR),
        )
    ):
        own = np.flatnonzero(stripe == number)
        if own.size:
            series.append(
                {
                    "name": name,
                    "colour": colour,
                    "x": x[own].round(3).tolist(),
                    "y": y[own].round(4).tolist(),
                    "subjects": [ids[index] for index in which[own].tolist()],
                }
            )
    return PointsView(
        name="manhattan",
        what="Variant",
        title=_title(params, result),
        x_label=x_label,
        y_label="−log10 p",
        series=tuple(series),
        caption=_note(params, result),
        x_ticks=ticks,
        levels=_levels(params, result),
    )


def _qq_data(result: Association) -> tuple[FloatArray, FloatArray, IntArray]:
    """Expected and observed −log10 p of the variants that are drawn, and which those are."""
    order = np.argsort(np.where(np.isfinite(result.neg_log10_p), -result.neg_log10_p, np.inf), kind="stable")
    order = order[: int(np.isfinite(result.neg_log10_p).sum())]
    n = order.size
    expected = -np.log10((np.arange(n) + 0.5) / max(n, 1))
    drawn = thin_points(result.neg_log10_p[order], _MOST_POINTS)
    return expected[drawn], result.neg_log10_p[order[drawn]], order[drawn]


def _qq_caption(result: Association, tested: int, n_drawn: int) -> str:
    thinned = f" Of the weaker ones only some are drawn ({n_drawn:,} of {tested:,} in all)." if n_drawn < tested else ""
    lam = f"lambda = {result.inflation:.3f}. " if np.isfinite(result.inflation) else ""
    return f"{lam}On the line p-values would lie if no variant had to do with the phenotype.{thinned}"


def _qq_view(params: Params, result: Association, tested: int) -> PointsView:
    expected, observed, which = _qq_data(result)
    ids = result.sample.variants.variant_ids
    end = float(expected.max(initial=1.0))
    return PointsView(
        name="qq",
        what="Variant",
        title="Are there more small p-values than chance gives?",
        x_label="Expected −log10 p",
        y_label="Observed −log10 p",
        series=(
            {
                "name": "Variants",
                "colour": GROUP_COLOURS[0],
                "x": expected.round(4).tolist(),
                "y": observed.round(4).tolist(),
                "subjects": [ids[index] for index in which.tolist()],
            },
        ),
        line=(0.0, 0.0, end, end),
        caption=_qq_caption(result, tested, which.size),
    )


# --- one variant by genotype -----------------------------------------------------------------------


def _by_genotype(result: Association) -> list[tuple[str, FloatArray]]:
    """The phenotype of the subjects with each genotype of the variant that is shown, those that occur."""
    variants = result.sample.variants
    dosage = variants.dosage[result.sample.subjects, result.shown]
    named = genotype_names(variants, result.shown)
    return [(name, result.target[dosage == copies]) for copies, name in enumerate(named) if (dosage == copies).any()]


def _by_genotype_alt(params: Params, result: Association) -> str:
    parts = []
    for name, values in _by_genotype(result):
        middle = f"{100 * values.mean():.1f} % {result.level}" if result.logistic else f"median {np.median(values):.4g}"
        parts.append(f"{name}: {counted(values.size, 'subject')}, {middle}")
    return f"{params.phenotype} by genotype, not adjusted. {'; '.join(parts)}."


def _genotype_table(params: Params, result: Association) -> TableView:
    rows = []
    for name, values in _by_genotype(result):
        row: dict[str, Json] = {"genotype": name, "n": int(values.size)}
        if result.logistic:
            row |= {"n_level": int(values.sum()), "percent": 100 * float(values.mean())}
        else:
            row |= {
                "mean": float(values.mean()),
                "sd": float(values.std(ddof=1)) if values.size > 1 else None,
                "median": float(np.median(values)),
            }
        rows.append(row)
    columns = (
        (Column("n_level", f"{result.level}", "integer"), Column("percent", f"% {result.level}", "number"))
        if result.logistic
        else (Column("mean", "Mean", "number"), Column("sd", "SD", "number"), Column("median", "Median", "number"))
    )
    return TableView(
        "genotype_groups",
        f"{params.phenotype} by genotype",
        (Column("genotype", "Genotype"), Column("n", "Subjects", "integer"), *columns),
        tuple(rows),
    )


# --- drawing -------------------------------------------------------------------------------------


def _statistic(result: Association) -> FloatArray:
    """What the sorted curve shows: the partial correlation of a linear model, Wald's z of a logistic one."""
    statistic = result.fit.terms[0].statistic
    if result.logistic:
        return statistic
    with np.errstate(invalid="ignore"):
        return np.asarray(statistic / np.sqrt(statistic**2 + result.fit.dof))


def _statistic_label(result: Association) -> str:
    if result.logistic:
        return "Wald's z"
    return "Partial r" if result.design.rank > 1 else "Pearson's r"


def _ends(result: Association) -> IntArray:
    """The variants of the lowest and highest statistics, lowest first."""
    statistic = _statistic(result)
    known = np.flatnonzero(np.isfinite(statistic))
    order = known[np.argsort(statistic[known], kind="stable")]
    return order if order.size <= 2 * _BARS else np.concatenate([order[:_BARS], order[-_BARS:]])


def _strongest_alt(result: Association) -> str:
    ends, statistic, ids = _ends(result), _statistic(result), result.sample.variants.variant_ids
    if not ends.size:
        return "No variant was tested."
    return (
        f"Bars of {_statistic_label(result)} of {counted(ends.size, 'variant')}, from {ids[ends[0]]} "
        f"({statistic[ends[0]]:.3f}) to {ids[ends[-1]]} ({statistic[ends[-1]]:.3f})."
    )


def draw(
    cohort: Cohort, params: Params, result: Association, report: Report, theme: Literal["light", "dark"]
) -> Mapping[str, Figure]:
    from imagenomer.figures.chart import ranking_figure
    from imagenomer.figures.drawings import Drawings
    from imagenomer.figures.variants import manhattan_figure, qq_figure, sorted_figure

    title, note, label = _title(params, result), _note(params, result), _statistic_label(result)
    statistic = _statistic(result)
    tested = np.isfinite(statistic) & np.isfinite(result.neg_log10_p)

    def manhattan() -> Figure:
        which, x, stripe, x_label, ticks = _manhattan_data(params, result)
        levels = _levels(params, result)
        return manhattan_figure(
            x, result.neg_log10_p[which], stripe, title=title, x_label=x_label, x_ticks=ticks, levels=levels, note=note,
            theme=theme,
        )  # fmt: skip

    def qq() -> Figure:
        expected, observed, which = _qq_data(result)
        caption = _qq_caption(result, n_tests(result.neg_log10_p), which.size)
        return qq_figure(expected, observed, title=title, note=caption, theme=theme)

    def strongest() -> Figure:
        ends, ids = _ends(result), result.sample.variants.variant_ids
        names = [ids[index] for index in ends.tolist()]
        return ranking_figure(names, statistic[ends][:, None], title=title, x_label=label, note=note, theme=theme)

    return Drawings(
        {
            "manhattan": manhattan,
            "qq": qq,
            "sorted": lambda: sorted_figure(
                statistic[tested], result.neg_log10_p[tested], title=title, label=label, note=note, theme=theme
            ),
            "strongest": strongest,
            "genotypes": lambda: _draw_genotypes(cohort, params, result, theme),
        }
    )


def _draw_genotypes(cohort: Cohort, params: Params, result: Association, theme: Literal["light", "dark"]) -> Figure:
    from imagenomer.figures.chart import Counts, bars_figure, box_figure, box_statistics, with_n

    title = f"{_variable(params, result)} by genotype of {_shown_label(result)}"
    found = _by_genotype(result)
    colours = GROUP_COLOURS[: len(found)]
    note = "Not adjusted for covariates."
    if result.logistic:
        counts = [
            Counts(with_n(name, values.size), colour, np.array([values.sum(), values.size - values.sum()]))
            for (name, values), colour in zip(found, colours, strict=True)
        ]
        return bars_figure(
            counts,
            (cast("str", result.level), "others"),
            title=title,
            counted="Subjects",
            share_of="those with the genotype",
            note=note,
            theme=theme,
        )
    boxes = [
        box_statistics(with_n(name, values.size), colour, values)
        for (name, values), colour in zip(found, colours, strict=True)
    ]
    units = cohort.phenotype(params.phenotype).units
    x_label = params.phenotype + (f" ({units})" if units else "")
    return box_figure(boxes, title=title, x_label=x_label, note=note, theme=theme)


ANALYSIS = Analysis(
    title="Variant association",
    summary="Which variants go with a phenotype, given covariates and ancestry.",
    tab="Genotypes",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    needs=("variants", "phenotypes"),
)
