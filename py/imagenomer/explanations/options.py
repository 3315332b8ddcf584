"""What each option of a form is for, in two sentences; see `model_options` for those of models and maps."""

from __future__ import annotations

from collections.abc import Mapping

#: Option, or ``analysis.option`` where it means something else there -> what it is, and the place in the documents
#: (``document#section``; "": that of the analysis).
OPTIONS: Mapping[str, tuple[str, str]] = {
    "alpha": (
        "The significance level: results whose corrected p is at or below it are marked as significant. 0.05 is "
        "usual; choose it before you look.",
        "glossary#significance-level",
    ),
    "ancestry_components": (
        "So many principal components of the genotypes are adjusted for, or in the confound report are candidates. "
        "They stand for ancestry better than a self-reported category does.",
        "genotypes#ancestry-components",
    ),
    "axis": (
        "Along which the Manhattan plot lists variants: position on the chromosome, or place in the file. The "
        "second serves files without positions.",
        "",
    ),
    "bars": ("How many of the highest and of the lowest values are drawn as bars. The table has all of them.", ""),
    "between": (
        "What counts as a repetition of the same measurement: another session, run or task. Reliability between "
        "tasks is lower because connectivity truly differs between them.",
        "quality#how-reliable-is-it",
    ),
    "blocks": (
        "Permutations exchange subjects only within levels of this column, such as families or sites. Without it "
        "they take all subjects for exchangeable, which related subjects are not.",
        "associations#permutations-seed-blocks",
    ),
    "candidates": (
        "The phenotypes that might explain the association instead. With none chosen, all that enough subjects have"
        " are examined.",
        "confounds#what-you-choose",
    ),
    "chart": ("How the values of each group are drawn. A violin shows the shape, a box the quartiles.", ""),
    "check": ("Which of the checks is made. Each stands for itself; all of them take longest.", "quality"),
    "coding": (
        "What a genotype counts as in the model: the number of copies of the effect allele, or whether there are "
        "any. Additive is usual, and finds most effects that are not purely recessive.",
        "genotypes#what-is-counted",
    ),
    "colour_by": ("The category that colours the points. It changes the plot only, not the components.", ""),
    "component_threshold": (
        "Edges beyond it that are connected form a component, and the size of components is tested. Below 1 it is "
        "an uncorrected p, from 1 on it is |t| (or F); it must be chosen before looking.",
        "associations#which-correction",
    ),
    "confounders": (
        "Candidates that you know to be causes of both target and connectivity. They are adjusted for.",
        "confounds#what-you-choose",
    ),
    "consequences": (
        "Candidates that target and connectivity both change (colliders). Adjusting for one makes associations "
        "where there are none, so they are never adjusted for.",
        "confounds#what-you-choose",
    ),
    "correction": (
        "How p-values are corrected for the number of tests. Bonferroni, Holm and max-T bound the chance of one "
        "false finding at all; Benjamini-Hochberg bounds the expected share of false ones among the findings.",
        "associations#which-correction",
    ),
    "covariates": (
        "Phenotypes whose linear association with what is tested is taken out. Choose what may cause both sides; "
        "adjusting for a consequence of them makes associations.",
        "associations#covariates",
    ),
    "direction": (
        "Which edges count towards the statistic: of both signs, or of one. One direction must be chosen before "
        "looking; choosing it afterwards doubles the error rate.",
        "associations#which-correction",
    ),
    "edge_threshold": (
        "Edges of a pair of networks beyond it are counted. Below 1 it is an uncorrected p, from 1 on it is |t| (or"
        " F).",
        "associations#what-is-tested",
    ),
    "edges": ("Which edges take part. More of them take longer and rarely change the answer.", ""),
    "enrichment": (
        "Also tests whether more edges of a pair of networks pass the threshold than when subjects are permuted. It"
        " finds a few strong edges that an average over the pair would hide.",
        "associations#what-is-tested",
    ),
    "exchange": (
        "What permutations exchange: subjects within a block, whole blocks of the same size, or both. Within fits "
        "sites; whole blocks fit families whose members are alike.",
        "associations#permutations-seed-blocks",
    ),
    "explained": (
        "A candidate counts as an explanation if less than this share of the association remains after adjusting "
        "for it. The verdict needs the whole confidence interval on that side.",
        "confounds#how-the-verdict-comes-about",
    ),
    "factor": (
        "A scan is flagged if it lies more than so many interquartile ranges beyond the quartiles. 1.5 flags mild "
        "outliers too, 3 only extreme ones.",
        "quality#which-scans-are-outliers",
    ),
    "examine": (
        "Whether the same question is put to a second cohort as well. Its candidates are those of this one, so that "
        "both are asked the same.",
        "confounds#does-the-verdict-replicate-in-a-second-cohort",
    ),
    "families": (
        "Subjects with the same value are related and not independent. Standard errors are then computed by family,"
        " and signs of whole families are flipped in place of permutations.",
        "associations#families",
    ),
    "confound-report.families": (
        "Subjects with the same value are related. They are flipped, scored and put into folds together.",
        "confounds#what-you-choose",
    ),
    "fisher_z": (
        "Uses arctanh of correlations, whose distribution is closer to normal and whose spread depends less on "
        "their size. It changes little for weak correlations, and is for correlations only.",
        "glossary#fisher-z",
    ),
    "genotype": (
        "Which of the three genotypes is compared with the other two. This is how the first ImageNomer tested "
        "variants.",
        "genotypes#what-is-counted",
    ),
    "group": (
        "The subjects that take part. Groups are made in the panel at the left; nobody else has any influence on "
        "the result.",
        "",
    ),
    "groups": ("The groups that are compared, each in its colour. A subject in two groups counts in both.", ""),
    "interaction": (
        "Tests whether the association differs by this phenotype, in place of the association itself. Differences "
        "need many more subjects than associations do.",
        "associations#what-is-tested",
    ),
    "keep": (
        "On which side of the limit subjects are kept. For framewise displacement, where higher is worse, that is "
        "at most.",
        "quality#who-is-excluded",
    ),
    "kept": (
        "A candidate counts as no explanation if more than this share of the association remains after adjusting "
        "for it. Between the two limits the verdict is that it cannot tell.",
        "confounds#how-the-verdict-comes-about",
    ),
    "kind": ("How the distribution is drawn. A density smooths, a histogram shows gaps and heaps.", ""),
    "labels": ("What weights are called in the figure: their parcels, or the networks of these.", ""),
    "least_hardy_p": (
        "Variants with a smaller p of the Hardy-Weinberg test are excluded, since that is often a genotyping error."
        " In people of mixed ancestry true variants fail it as well.",
        "glossary#hardy-weinberg-equilibrium",
    ),
    "least_maf": (
        "Variants whose rarer allele is less frequent than this are excluded. Their tests rest on a handful of people.",
        "glossary#minor-allele-frequency",
    ),
    "level": (
        "This level of a category is compared with all other levels together. Without one, a category of several "
        "levels is tested as a whole.",
        "associations#what-is-tested",
    ),
    "limit": (
        "The limit on motion that is tried out. The figure shows who would be excluded by it.",
        "quality#who-is-excluded",
    ),
    "margin": (
        "Shares up to this count as nothing, and from one less this as all. It keeps rounding and noise from "
        "deciding the verdict.",
        "confounds#how-the-verdict-comes-about",
    ),
    "measure": (
        "The kind of connectivity: correlation, partial correlation, or one that was made here. All edges of it "
        "take part.",
        "",
    ),
    "mediators": (
        "Candidates through which target and connectivity affect each other. They are not adjusted for, because "
        "that would remove part of the effect.",
        "confounds#what-you-choose",
    ),
    "method": (
        "Pearson measures linear association; Spearman is the same of ranks, which outliers and skewed values "
        "disturb less. Choose before looking at both.",
        "associations#what-is-tested",
    ),
    "most_missing": (
        "Variants that lack the genotypes of more than this share of subjects are excluded. Missing genotypes are "
        "rarely missing at random.",
        "genotypes#variant-summary",
    ),
    "most_r_squared": (
        "Of two neighbouring variants whose r² is above this one is left out (pruning). Otherwise a few long "
        "stretches in linkage disequilibrium would dominate the components.",
        "glossary#linkage-disequilibrium",
    ),
    "motion": (
        "The column that says how much a subject moved, such as mean framewise displacement. Motion changes "
        "connectivity even after preprocessing.",
        "quality#what-stands-for-motion",
    ),
    "negative_controls": (
        "Phenotypes that cannot be associated with connectivity but through unmeasured confounding. If they are, so"
        " may be the target for the same reason.",
        "confounds#what-you-choose",
    ),
    "number": ("How many are listed or compared, the strongest first.", ""),
    "order": ("Whether phenotypes with similar associations stand side by side, or as in the file.", ""),
    "permutation_seed": (
        "Which random permutations are drawn. The same seed gives the same p-values; report it.",
        "associations#permutations-seed-blocks",
    ),
    "permutations": (
        "How often subjects are permuted (or signs flipped) to see what chance alone gives. The smallest possible p"
        " is one in their number plus one.",
        "associations#permutations-seed-blocks",
    ),
    "phenotype": (
        "What is studied: a number or a category. Which of the two a column is can be corrected in the overview.",
        "phenotypes#when-a-column-is-not-what-it-looks-like",
    ),
    "phenotypes": (
        "The phenotypes that take part. With none chosen all do, and the correction counts all of them.",
        "",
    ),
    "ranking": ("By which features are listed: their magnitude, or one sign only.", ""),
    "run": ("The run whose scans are used, or all runs, of which a subject's scans are averaged.", ""),
    "second_group": ("The subjects of the second cohort that take part.", ""),
    "seed": (
        "The number that fixes what is drawn at random. The same seed gives the same result; report it, and try "
        "another to see how much depends on it.",
        "glossary#seed",
    ),
    "session": ("The session whose scans are used, or all sessions, of which a subject's scans are averaged.", ""),
    "shown": ("The variant whose genotypes are shown in detail. By default it is the most significant one.", ""),
    "subject": ("The subject whose genotypes are shown in detail. By default it is the first.", ""),
    "target": ("The phenotype whose association with connectivity is examined.", "confounds#what-you-choose"),
    "task": ("The task whose scans are used, or all tasks, of which a subject's scans are averaged.", ""),
    "variance": (
        "Whether all subjects are taken to have the same noise. If patients, or those who move, are noisier, allow "
        "unequal variances (HC3), or differences in spread are found as differences in mean.",
        "associations#variance",
    ),
    "variant_set": ("The genotypes that are used, by the name of their files.", "genotypes"),
    "variants": ("The genotypes that are used, by the name of their files.", "genotypes"),
    "x": ("What is drawn along the horizontal axis.", ""),
    "phenotype-association.x": ("The first of the two phenotypes, a number or a category.", ""),
    "y": ("What is drawn along the vertical axis.", ""),
    "phenotype-association.y": ("The second of the two phenotypes, a number or a category.", ""),
}
