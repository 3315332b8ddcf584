"""What analyses of predictions share: the features, the subjects, and the sample space of both.

Subjects come in natural order of their names, so that folds that are drawn do not depend on the order of a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from imagenomer.analyses.contract import (
    Choice,
    DecompositionChoice,
    GroupChoice,
    MeasureChoice,
    PhenotypeChoice,
    PhenotypesChoice,
    RunChoice,
    SessionChoice,
    TaskChoice,
    VariantSetChoice,
)
from imagenomer.analyses.shared.decompositions import imported_from
from imagenomer.analyses.shared.design_words import design_warnings
from imagenomer.analyses.shared.feature_spaces import (
    harmonised_space,
    imputed_space,
    space_of_rows,
    space_of_some,
    space_of_variants,
)
from imagenomer.analyses.shared.form_fields import FisherZ, fisher_z_field
from imagenomer.analyses.shared.genotyped import draw_genotyped
from imagenomer.analyses.shared.sample import (
    Sample,
    average_scans,
    counted,
    draw_phenotype_sample,
    leak_warnings,
    listed,
    sample_of,
    what,
)
from imagenomer.analyses.shared.sites import draw_of_sites, preserved_in_words, site_of
from imagenomer.cohort import Cohort, Phenotype, VariantSet, natural_key
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.statistics.design import code
from imagenomer.statistics.features import StandardisedNumbers
from imagenomer.statistics.sample_space import (
    SampleSpace,
    space_of_features,
    space_of_numbers,
)
from imagenomer.types import BoolArray, IntArray, Json

#: From what is predicted.
KINDS = {
    "connectivity": "Connectivity",
    "variants": "Genotypes",
    "decomposition": "Scores of components",
    "phenotypes": "Phenotypes",
}
_CODINGS = (
    ("genotypes", "Three, each 0 or 1"),
    ("additive", "Copies, gaps imputed"),
)
#: Share of missing genotypes above which missingness itself could be predictive.
_MANY_GAPS = 0.02
#: Subjects of sites with fewer are left out where sites are harmonised.
_SMALLEST_SITE = 3


@dataclass(frozen=True)
class Source:
    """The part of a form that says from what is predicted, and of whom."""

    features: Annotated[str, Choice(tuple(KINDS.items()))] = field(
        default="connectivity", metadata={"label": "Predict from"}
    )
    variant_set: Annotated[str | None, VariantSetChoice()] = field(
        default=None, metadata={"when": {"features": ("variants",)}}
    )
    coding: Annotated[str, Choice(_CODINGS)] = field(
        default="genotypes",
        metadata={
            "when": {"features": ("variants",)},
            "help": "The first needs no imputation, but missing genotypes can then themselves predict.",
        },
    )
    decomposition: Annotated[str | None, DecompositionChoice()] = field(
        default=None, metadata={"when": {"features": ("decomposition",)}}
    )
    predictors: Annotated[tuple[str, ...], PhenotypesChoice(without=("phenotype",))] = field(
        default=(), metadata={"when": {"features": ("phenotypes",)}}
    )
    measure: Annotated[str | None, MeasureChoice()] = field(
        default=None, metadata={"when": {"features": ("connectivity",)}}
    )
    task: Annotated[str | None, TaskChoice()] = field(default=None, metadata={"when": {"features": ("connectivity",)}})
    session: Annotated[str | None, SessionChoice()] = field(
        default=None, metadata={"when": {"features": ("connectivity",)}}
    )
    run: Annotated[str | None, RunChoice()] = field(default=None, metadata={"when": {"features": ("connectivity",)}})
    fisher_z: FisherZ = fisher_z_field(when={"features": ("connectivity",)})
    harmonise: Annotated[str | None, PhenotypeChoice("category")] = field(
        default=None,
        metadata={
            "label": "Harmonise by",
            "when": {"features": ("connectivity",)},
            "help": "Site or scanner: ComBat removes differences between its levels, estimated in training subjects.",
        },
    )
    preserve: Annotated[tuple[str, ...], PhenotypesChoice(without=("phenotype",))] = field(
        default=(),
        metadata={
            "when": {"features": ("connectivity",)},
            "help": "The variance that these explain is preserved; that of the target never is.",
        },
    )
    group: Annotated[str | None, GroupChoice()] = None


@dataclass(frozen=True, slots=True, eq=False)
class FeatureSet:
    """Subjects and the sample space of their features.

    Attributes
    ----------
    kind : str
        A key of `KINDS`.
    name : str
        What the features are, for titles: "fc of rest", "genotypes of chip1".
    subjects : ndarray, shape (n_subjects,)
        Index of each in the cohort, in natural order of their names.
    space : SampleSpace
        Of the same.
    feature_names : tuple of str
        Of scores and phenotypes; empty for edges and variants.
    variants : VariantSet or None
    numbers : dict
        The sample as `Report.numbers` has it.
    sentences, warnings : tuple of str
    strata : ndarray of int, shape (n_subjects,), or None
        Sites that are harmonised: each part of a split needs some of each.
    harmonised : str
        How, as a sentence; empty where nothing is.
    """

    kind: str
    name: str
    subjects: IntArray
    space: SampleSpace
    feature_names: tuple[str, ...]
    variants: VariantSet | None
    numbers: dict[str, Json]
    sentences: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    strata: IntArray | None = None
    harmonised: str = ""

    @property
    def n_subjects(self) -> int:
        return int(self.subjects.size)


def gather(cohort: Cohort, source: Source, missing: Mapping[str, BoolArray], at_least: int) -> Steps[FeatureSet]:
    """Return who is predicted, and from what.

    Parameters
    ----------
    cohort : Cohort
    source : Source
    missing : mapping of str to ndarray of bool
        Phenotypes in use: name to where it is missing.
    at_least : int
        Subjects that are needed.

    Raises
    ------
    InputError
        If a name is unknown, features are not chosen, or too few subjects remain.
    """
    if source.features == "connectivity":
        return (yield from _connectivity(cohort, source, missing, at_least))
    if source.features == "variants":
        return (yield from _variants(cohort, source, missing, at_least))
    if source.features == "decomposition":
        return _decomposition(cohort, source, missing, at_least)
    return (yield from _phenotypes(cohort, source, missing, at_least))


def in_natural_order(cohort: Cohort, subjects: IntArray) -> IntArray:
    """Return the order that sorts subjects by name, "2" before "10", whatever the order of the cohort."""
    names = [cohort.subjects[index] for index in subjects]
    return np.array(sorted(range(len(names)), key=lambda position: natural_key(names[position])), dtype=np.intp)


def _connectivity(cohort: Cohort, source: Source, missing: Mapping[str, BoolArray], at_least: int) -> Steps[FeatureSet]:
    def draw(missing: Mapping[str, BoolArray]) -> Sample:
        return sample_of(cohort, source, fisher_z=source.fisher_z, missing=missing, at_least=at_least)

    yield from average_scans(cohort, source, fisher_z=source.fisher_z)
    site, preserved = None, []
    if source.harmonise is None:
        sample = draw(missing)
    else:
        site = site_of(cohort, source.harmonise, source.preserve)
        preserved = [cohort.phenotype(name) for name in source.preserve]
        absent = {one.name: one.missing for one in (site, *preserved)}
        sample = draw_of_sites(draw, site, _SMALLEST_SITE, {**missing, **absent})
    observations = sample.observations
    rows = sample.rows[in_natural_order(cohort, sample.subjects)]
    subjects = observations.subjects[rows]
    said, strata, harmonised = list(sample.sentences), None, ""
    if site is None:
        space = yield from space_of_rows(observations, rows)
    else:
        space = yield from harmonised_space(observations, rows, site, preserved)
        strata = site.values[subjects].astype(np.intp)
        harmonised = _about_harmonisation(site, strata, source.preserve)
        said.append(harmonised)
    n_gaps = space.features.n_columns - space.features.n_features
    if n_gaps:
        excluded = "was excluded" if n_gaps == 1 else "were excluded"
        said.append(f"{counted(n_gaps, 'edge')} with missing or non-finite values {excluded}.")
    return FeatureSet(
        source.features,
        what(cohort, sample.measure, sample.task, sample.session, sample.run),
        subjects,
        space,
        (),
        None,
        {**sample.numbers, "harmonise": source.harmonise, "preserve": [one.name for one in preserved]},
        tuple(said),
        tuple(leak_warnings(cohort, sample.measure)),
        strata,
        harmonised,
    )


def _about_harmonisation(site: Phenotype, codes: IntArray, preserve: tuple[str, ...]) -> str:
    counts = np.bincount(codes, minlength=len(site.levels))
    sizes = listed(f"{site.levels[level]} ({counts[level]})" for level in np.flatnonzero(counts).tolist())
    return (
        f"In each split ComBat (means and variances, pooled over edges) estimated the differences between the levels "
        f"of {site.name}, {sizes}, in the training subjects and removed them from both parts; "
        f"{preserved_in_words(preserve)}. The target was not used, and every level has training subjects."
    )


def _variants(cohort: Cohort, source: Source, missing: Mapping[str, BoolArray], at_least: int) -> Steps[FeatureSet]:
    genotyped = draw_genotyped(
        cohort, variants=source.variant_set, group=source.group, missing=missing, at_least=at_least
    )
    variants = genotyped.variants
    rows = genotyped.subjects[in_natural_order(cohort, genotyped.subjects)]
    share = float((genotyped.dosage < 0).mean())
    warnings = []
    if source.coding == "genotypes":
        space = space_of_some(variants.caches, (yield from space_of_variants(variants)), rows)
        coded = f"Each variant is {coded_genotypes(share)}."
        warnings = gap_warnings(share)
    else:
        space = yield from imputed_space(variants, rows)
        coded = (
            f"Each variant counts copies of the effect allele; missing ones ({share:.1%}) are imputed by the mean of "
            "the training subjects in each split."
        )
    return FeatureSet(
        source.features,
        f"genotypes of {variants.name}",
        rows,
        space,
        (),
        variants,
        {**genotyped.numbers, "coding": source.coding, "share_missing": share},
        (*genotyped.sentences, coded),
        tuple(warnings),
    )


def coded_genotypes(share_missing: float) -> str:
    """Say what a variant is to a model; the end of a sentence."""
    return (
        "three columns of 0 and 1: no, one and two copies of the effect allele; all are 0 where the genotype is "
        f"missing ({share_missing:.1%} are)"
    )


def gap_warnings(share_missing: float) -> list[str]:
    """Warn where many genotypes are missing, which a code without imputation shows to the model."""
    if share_missing <= _MANY_GAPS:
        return []
    return [
        f"{share_missing:.0%} of the genotypes are missing, and the model sees which: if subjects were genotyped "
        "on different chips, the model can identify the chips and predict whatever is associated with them; compare "
        "with imputed copies."
    ]


def _decomposition(cohort: Cohort, source: Source, missing: Mapping[str, BoolArray], at_least: int) -> FeatureSet:
    if source.decomposition is None:
        there_are = listed(cohort.decompositions) or "none"
        raise InputError(f"choose a decomposition to predict from; this cohort has: {there_are}")
    scores = imported_from(cohort, source.decomposition).scores
    absent = {f"scores of {source.decomposition}": np.asarray(~np.isfinite(scores).all(axis=1))}
    drawn = draw_phenotype_sample(cohort, group=source.group, missing={**missing, **absent}, at_least=at_least)
    rows = drawn.subjects[in_natural_order(cohort, drawn.subjects)]
    return FeatureSet(
        source.features,
        f"scores of {source.decomposition}",
        rows,
        space_of_numbers(scores[rows]),
        tuple(f"component {number}" for number in range(scores.shape[1])),
        None,
        {"decomposition": source.decomposition, **drawn.numbers},
        (
            *drawn.sentences,
            "Scores are used as they are, not scaled. They came with the data: if the decomposition was computed "
            "with the test subjects, it has used their connectivity, though not the target.",
        ),
    )


def _phenotypes(cohort: Cohort, source: Source, missing: Mapping[str, BoolArray], at_least: int) -> Steps[FeatureSet]:
    if not source.predictors:
        raise InputError(f"choose phenotypes to predict from; this cohort has: {listed(cohort.phenotypes)}")
    chosen = [cohort.phenotype(name) for name in source.predictors]
    absent = {one.name: one.missing for one in chosen}
    drawn = draw_phenotype_sample(cohort, group=source.group, missing={**missing, **absent}, at_least=at_least)
    rows = drawn.subjects[in_natural_order(cohort, drawn.subjects)]
    terms = [code(one, rows) for one in chosen]
    names = tuple(name for term in terms for name in term.columns)
    values = np.column_stack([np.zeros((rows.size, 0)), *(term.values for term in terms)])
    space = yield from space_of_features(StandardisedNumbers(values), np.arange(rows.size))
    return FeatureSet(
        source.features,
        listed(source.predictors),
        rows,
        space,
        names,
        None,
        {"predictors": list(source.predictors), **drawn.numbers},
        (
            *drawn.sentences,
            f"{counted(len(names), 'column')}, one for each number and each further level of a category, are scaled "
            "to a standard deviation of 1 in each training set.",
        ),
        tuple(design_warnings(finding for term in terms for finding in term.findings)),
    )
