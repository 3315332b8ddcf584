"""Fits of variant association: which variants are tested, by which model, on X and elsewhere, and permutations."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.analyses.genotypes.variant_association_params import Params
from imagenomer.analyses.genotypes.variant_association_result import VariantSelection
from imagenomer.analyses.shared.genotyped import GenotypeSample
from imagenomer.analyses.shared.plan import Plan
from imagenomer.cohort import Cohort, Phenotype, VariantSet, natural_key
from imagenomer.genotypes import MITOCHONDRIAL, GenotypeCounts, X, Y, check_variants, chromosome_numbers
from imagenomer.progress import Steps
from imagenomer.statistics.design import Design, build_design
from imagenomer.statistics.genotype_codes import Model
from imagenomer.statistics.max_statistic import MaxStatistic
from imagenomer.statistics.permutation import check_exchangeable, exchange_of_kinds, kinds_of
from imagenomer.statistics.variant_permutation import largest_statistics
from imagenomer.statistics.variant_results import VariantAssociation
from imagenomer.statistics.variants import associate_levels, associate_number
from imagenomer.types import BoolArray, FloatArray, IntArray


def select_variants(params: Params, variants: VariantSet, counts: GenotypeCounts, sexes: IntArray) -> VariantSelection:
    """Return which variants are tested in subjects of these sexes."""
    numbers = chromosome_numbers(variants.chromosomes)
    quality = check_variants(
        counts, most_missing=params.most_missing, least_maf=params.least_maf, least_hardy_p=params.least_hardy_p
    )
    return VariantSelection(numbers, _untestable(params, numbers, sexes), quality)


def _untestable(params: Params, numbers: IntArray, sexes: IntArray) -> tuple[tuple[BoolArray, str], ...]:
    """Return which variants are not tested whatever their genotypes, and why; no variant twice."""
    sexless = not sexes.any()
    no_sex = "on X or Y, since no sex is known (a category called sex, with the levels F and M)"
    return (
        (np.isin(numbers, (X, Y)) & sexless, no_sex),
        ((numbers == X) & (params.coding != "additive") & (not sexless), "on X, where only additive coding is defined"),
        ((numbers == Y) & (not sexless), "on Y, of which there is one copy"),
        (numbers == MITOCHONDRIAL, "of mitochondria, of which there is one copy"),
    )


def model_of(params: Params, variants: VariantSet, counts: GenotypeCounts) -> tuple[Model, BoolArray]:
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


class VariantFits:
    """Fits of blocks of variants, combined."""

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
        clusters: IntArray | None = None,
        rows: IntArray | None = None,
    ) -> Steps[None]:
        """Fit some variants; ``rows`` are the subjects that all this is of, if not of all, and ``clusters`` of all."""
        if clusters is not None and rows is not None:
            clusters = clusters[rows]
        flip = turned[columns]
        if flip.any():
            dosage = np.where(flip & (dosage >= 0), 2 - dosage, dosage).astype(np.int8)
        covariates = design.matrix[:, 1:]
        if logistic:
            found = yield from associate_levels(dosage, target > 0, covariates, self.model)
        else:
            found = yield from associate_number(dosage, target, covariates, self.model, clusters)
        self.parts.append((columns, found))
        self._given.append((dosage, covariates, rows))

    def tested(self, order: IntArray) -> list[tuple[NDArray[np.int8], FloatArray]]:
        """Return genotypes and covariates of the tested variants for these subjects; others have a missing genotype."""
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


def fit_variants(
    cohort: Cohort,
    params: Params,
    sample: GenotypeSample,
    selection: VariantSelection,
    counts: GenotypeCounts,
    target: FloatArray,
    covariates: list[Phenotype],
    design: Design,
    level: str | None,
    clusters: IntArray | None,
) -> Steps[tuple[VariantFits, str]]:
    """Fit every selected variant; return with them why those on X could not be fitted, "" if they were.

    Parameters
    ----------
    counts : GenotypeCounts
        Of these subjects.
    target : ndarray, shape (n_subjects,)
    covariates : list of Phenotype
        What ``design`` is made of.
    level : str or None
        The level whose odds are modelled.
    clusters : ndarray of int, shape (n_subjects,), or None
        Of subjects whose errors may depend on each other, each their own where variances may be unequal only.
    """
    dosage, logistic = sample.dosage, level is not None
    model, turned = model_of(params, sample.variants, counts)
    fits = VariantFits(model, selection.chromosomes.size)
    on_x = selection.kept & (selection.chromosomes == X)
    elsewhere = np.flatnonzero(selection.kept & ~on_x)
    yield from fits.add(elsewhere, dosage[:, elsewhere], turned, target, design, logistic=logistic, clusters=clusters)
    why = ""
    if on_x.any():
        columns = np.flatnonzero(on_x)
        why = yield from _fit_x(
            cohort, fits, sample, columns, turned, target, covariates, logistic=logistic, clusters=clusters
        )
    return fits, why


def _fit_x(
    cohort: Cohort,
    fits: VariantFits,
    sample: GenotypeSample,
    columns: IntArray,
    turned: BoolArray,
    target: FloatArray,
    covariates: list[Phenotype],
    *,
    logistic: bool,
    clusters: IntArray | None,
) -> Steps[str]:
    """Fit variants on X as PLINK 2 does, or return why not.

    A male's copy counts as two, a male's heterozygous call as missing, and sex is adjusted for.
    """
    sexes = cohort.sexes[sample.subjects]
    known = np.flatnonzero(sexes > 0)
    men = sexes[known] == 1
    both = 0 < men.sum() < men.size
    own = target[known]
    if np.ptp(own) == 0 or (both and abs(np.corrcoef(own, men)[0, 1]) > 1 - 1e-9):
        return "on X, since the phenotype is collinear with sex, which determines the number of copies"
    sex = Phenotype("sex", np.where(cohort.sexes > 0, cohort.sexes - 1, -1).astype(np.intp), ("M", "F"))
    dosage = sample.dosage[np.ix_(known, columns)]
    dosage[men[:, None] & (dosage == 1)] = -1
    others = [one for one in covariates if one.name.lower() not in ("sex", "gender")]
    extra = [sex] if both else []
    design = build_design([*others, *extra], sample.subjects[known])
    yield from fits.add(columns, dosage, turned, own, design, logistic=logistic, clusters=clusters, rows=known)
    return ""


def permute(
    cohort: Cohort, fits: VariantFits, sample: GenotypeSample, target: FloatArray, design: Design, plan: Plan
) -> Steps[MaxStatistic]:
    """Correct for all variants by the largest ``|t|`` of each permutation."""
    # In the order of their names, so that a seed means the same whatever the order of a file.
    names = [cohort.subjects[index] for index in sample.subjects]
    order = np.array(sorted(range(len(names)), key=lambda index: natural_key(names[index])), dtype=np.intp)
    blocks = plan.codes(sample.subjects[order])
    check_exchangeable("the phenotype", target[order], blocks, design.matrix[order])
    statistic = np.abs(fits.result.test.statistic)
    null = yield from largest_statistics(
        fits.tested(order),
        target[order],
        design.matrix[order, 1:],
        fits.model,
        n_permutations=plan.n_permutations,
        rng=np.random.default_rng(plan.seed),
        exchangeable=blocks,
    )
    # What rounding could make of an equal one must not count as smaller.
    n_larger = null.size - np.searchsorted(np.sort(null), statistic * (1 - 1e-9))
    adjusted_p = np.where(np.isnan(statistic), np.nan, (1 + n_larger) / (1 + null.size))
    return MaxStatistic(statistic, adjusted_p, null, 1, sample.n_subjects - design.rank - 1)


def plan_for(plan: Plan, sample: GenotypeSample, target: FloatArray, design: Design, directions: FloatArray) -> Plan:
    """Return the plan with how many permutations there are of ``directions``: what covariates leave of the target."""
    kinds, blocks = kinds_of(target, design.matrix), plan.codes(sample.subjects)
    return replace(plan, exchange=exchange_of_kinds(kinds, blocks, plan.n_permutations, directions))


def half_width(fit: VariantAssociation, *, logistic: bool) -> FloatArray:
    """Standard errors from an estimate to the end of its 95 % confidence interval."""
    if logistic:
        return np.asarray(scipy.special.ndtri(0.975))
    with np.errstate(invalid="ignore"):
        return np.asarray(scipy.special.stdtrit(np.where(fit.problem == 0, fit.dof, np.nan), 0.975))
