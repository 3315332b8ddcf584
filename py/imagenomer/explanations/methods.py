"""What each analysis is for, in two sentences, and where the documents say more."""

from __future__ import annotations

from collections.abc import Mapping

#: Analysis -> what it does and when to use it, and the place in the documents (``document#section``).
METHODS: Mapping[str, tuple[str, str]] = {
    "connectivity-summary": (
        "The mean and standard deviation of every edge over the subjects of a group, as two maps. Look here first: "
        "an implausible average usually means wrong files, a wrong order of parcels or a few broken scans.",
        "maps#reading-a-map",
    ),
    "harmonisation": (
        "How much of connectivity is explained by site or scanner, before and after ComBat or CovBat. The "
        "harmonised connectivity can be added as a measure, for all other analyses.",
        "harmonisation",
    ),
    "quality-control": (
        "Whether connectivity is associated with motion (QC-FC), which scans are outliers or mislabelled, and who a"
        " limit on motion would exclude. Do this before anything is tested.",
        "quality",
    ),
    "reliability": (
        "How similar an edge is in the same subject in another session, run or task, as an intraclass correlation. "
        "An association cannot be stronger than the reliability of what is measured allows.",
        "quality#how-reliable-is-it",
    ),
    "phenotype-distribution": (
        "How the values of one phenotype are distributed, in everybody or by group. Extreme values, gaps and codes "
        "for missing values show here before they spoil a result.",
        "phenotypes#distribution",
    ),
    "phenotype-association": (
        "Whether two phenotypes are associated, with the effect size that fits their kinds and its interval. With "
        "covariates the adjusted association stands beside the unadjusted one.",
        "phenotypes#association-of-two-phenotypes",
    ),
    "phenotype-matrix": (
        "The associations of all pairs of phenotypes at once, with a correction for their number. Phenotypes that "
        "are associated with the one you study are candidates for confounds.",
        "phenotypes#all-phenotypes-against-all",
    ),
    "variant-summary": (
        "Missing rate, allele frequencies and the Hardy-Weinberg test of each variant, and who passes which filter."
        " Variants that fail are better left out of associations.",
        "genotypes#variant-summary",
    ),
    "ancestry-components": (
        "Principal components of the genotypes, which mostly reflect ancestry. Use them as covariates wherever "
        "ancestry may be associated with both what you study and what you measure.",
        "genotypes#ancestry-components",
    ),
    "variant-association": (
        "A regression of the phenotype on each variant, adjusted for covariates and ancestry components. The "
        "quantile plot and lambda show whether p-values are inflated, as by ancestry that was not adjusted for.",
        "genotypes#variant-association",
    ),
    "edge-association": (
        "A linear model for every connection, adjusted for covariates, with a correction for their number. It says "
        "where a phenotype is associated with connectivity, not why.",
        "associations",
    ),
    "edge-replication": (
        "The map of a phenotype in both cohorts: how alike the two maps are, and which edges that are discovered in"
        " the first are significant in the second. It needs a second cohort.",
        "associations#does-it-replicate-in-a-second-cohort",
    ),
    "network-association": (
        "One test for each pair of networks: of the mean of its edges and, if wanted, of how many of its edges pass"
        " a threshold. Fewer tests than edges, so weak but widespread associations are found more easily.",
        "associations#what-is-tested",
    ),
    "confound-report": (
        "Asks whether the association of a phenotype with connectivity is explained by other phenotypes, ancestry "
        "or site: maps, overlaps, predictions within and across groups, and tests made for the question. It ends "
        "with a verdict whose every sentence names its number.",
        "confounds",
    ),
    "components": (
        "A few patterns whose sum approximates every subject's connectivity: imported, or computed by PCA, ICA, NMF"
        " or a sparse dictionary. Each subject then has one score for each pattern in place of thousands of edges.",
        "components",
    ),
    "component-association": (
        "Whether the scores of components are associated with a phenotype, corrected for the number of components "
        "and phenotypes. Signs of components are arbitrary, so read each score together with its map.",
        "components#what-are-the-scores-associated-with",
    ),
    "component-variants": (
        "A regression of each component's scores on each variant. The correction is over all variants times all "
        "components.",
        "components#what-are-the-scores-associated-with",
    ),
    "prediction": (
        "Trains a model in some subjects and tests it in others, with confounds as covariates and a null model "
        "beside it. A prediction counts only if it is better than the one from confounds alone.",
        "prediction",
    ),
    "model-weights": (
        "Which features trained models weigh most, averaged over models, and whether the models agree in sign. "
        "Weights are not activations: a feature may have weight because it removes noise from another.",
        "maps#model-weights",
    ),
    "image-maths": (
        "Computes one map from others, edge by edge, by a formula with their names. Differences of group averages "
        "and thresholded maps are made here.",
        "maps#image-maths",
    ),
    "map-comparison": (
        "How strongly maps are correlated over edges, and how much their strongest or significant edges overlap. "
        "Edges are not independent, so p-values come from permuted parcels.",
        "maps#compare-maps",
    ),
}
