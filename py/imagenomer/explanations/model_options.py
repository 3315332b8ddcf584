"""What the options of models, components, harmonisation and maps are for, as in `options`."""

from __future__ import annotations

from collections.abc import Mapping

MODEL_OPTIONS: Mapping[str, tuple[str, str]] = {
    "component": ("Which component is shown, counted from 0 as in the files of a decomposition.", "components"),
    "components": (
        "How many principal components of all scans the distance between scans is computed from. Few ignore small "
        "differences, many give weight to noise.",
        "quality#which-scans-are-outliers",
    ),
    "prediction.covariates": (
        "Possible confounds. How they are used is chosen below, and a prediction from them alone is shown for "
        "comparison.",
        "prediction#is-it-a-confound-use-covariates",
    ),
    "harmonisation.covariates": (
        "Their variance is kept when site effects are removed. Where they are associated with site the two cannot "
        "be told apart completely, and what is kept is then partly a site effect.",
        "harmonisation#what-to-choose",
    ),
    "curve": (
        "Trains on fewer subjects as well, and shows the score against their number. A curve that still rises says "
        "that more subjects would help.",
        "prediction#how-many-subjects",
    ),
    "decomposition": (
        "The components that are used: one that came with the data, or one that is computed here. Those of the data"
        " may have been learned from the same subjects.",
        "components#where-components-come-from",
    ),
    "map-comparison.edges": (
        "Whose overlap is computed: a fixed number of the strongest edges of each map, or those that are "
        "significant in it. The first compares maps of different sample sizes fairly.",
        "maps#compare-maps",
    ),
    "empirical_bayes": (
        "Draws the estimates of each site towards their distribution over edges. It matters for small sites, whose "
        "own estimates are noisy.",
        "harmonisation#how-and-from-whom",
    ),
    "expression": (
        "A formula with the names of maps, numbers, operators and functions, computed edge by edge. Names with "
        "spaces stand in backticks.",
        "maps#image-maths",
    ),
    "features": (
        "What the model learns from. Compare connectivity with phenotypes alone to see whether it adds anything.",
        "prediction#from-what",
    ),
    "harmonise": (
        "The column of sites or scanners whose differences ComBat removes before the model is trained. It is "
        "estimated in training subjects only, so nothing leaks from the test subjects.",
        "prediction#several-sites-harmonise-in-the-training-part",
    ),
    "intervals": (
        "Confidence intervals of the scores, from models fitted in halves of the subjects. They take long, and are "
        "of the score a model of this many subjects would have.",
        "prediction#what-the-intervals-are-of",
    ),
    "learn_from": (
        "Site effects are estimated in this group and removed from everybody. Controls are a choice where sites "
        "recruited different patients.",
        "harmonisation#how-and-from-whom",
    ),
    "leave_out": ("The category whose levels are left out in turn: sites, scanners, studies.", "prediction"),
    "limit_iqr": (
        "Ranks only weights on which the models agree: their interquartile range over models is at most twice the "
        "average one.",
        "maps#model-weights",
    ),
    "maps": ("The maps that take part, from the tray. Save a map into the tray by its button.", "maps#the-tray"),
    "mean_only": (
        "Removes differences of means between sites and leaves their variances. Use it where sites differ in whom "
        "they recruited, so that variances truly differ.",
        "harmonisation#what-to-choose",
    ),
    "harmonisation.method": (
        "ComBat removes differences of means and variances between sites, CovBat also those of covariances among "
        "edges. CovBat takes longer and needs more subjects a site.",
        "harmonisation#what-to-choose",
    ),
    "components.method": (
        "How the patterns are found. They differ in what they ask of them: to explain most (PCA), to be independent"
        " (ICA), not to be negative (NMF), or to have few edges (dictionary).",
        "components#where-components-come-from",
    ),
    "mix": (
        "Between ridge (0) and lasso (1). The lasso keeps the fewest features; lower values spread weight across "
        "correlated ones.",
        "prediction#models",
    ),
    "model": (
        "What is trained. Ridge regression is fast and rarely much worse than the others; the rest serve "
        "comparisons with the literature, or fewer features.",
        "prediction#models",
    ),
    "models": ("Where the models come from whose weights are shown: the data, or the tray.", "maps#model-weights"),
    "n_components": (
        "How many components are computed. With more of them each explains less and replicates less well.",
        "components#explained-variance",
    ),
    "n_features": (
        "So many features, those most strongly correlated with the target in the training subjects, enter the model.",
        "prediction#models",
    ),
    "n_folds": (
        "Subjects are divided into so many parts, and each part is predicted from all others. Five or ten are usual.",
        "prediction",
    ),
    "negative": (
        "What is done with negative connectivity before a factorisation that allows none. Setting it to zero "
        "discards it, the magnitude loses its sign.",
        "components#where-components-come-from",
    ),
    "p_threshold": (
        "Features whose correlation with the target has a smaller p in the training subjects are selected. It "
        "selects and tests nothing.",
        "prediction#models",
    ),
    "penalty": (
        "How the strength of the penalty is found: by cross-validation within the training subjects, or as given. "
        "The test subjects never take part.",
        "prediction#models",
    ),
    "penalty_value": (
        "The strength of the penalty: alpha of ridge and elastic net in scikit-learn, 1 / C of classifiers. Higher "
        "shrinks more.",
        "prediction#models",
    ),
    "prediction.phenotype": (
        "What is predicted. A number is regressed, a category is classified.",
        "prediction#the-first-answer",
    ),
    "predict_site": (
        "Trains a classifier of site before and after harmonisation, on subjects that harmonisation has not seen. "
        "Site should be classified at chance afterwards.",
        "harmonisation#what-it-shows",
    ),
    "predictors": ("The phenotypes from which the target is predicted.", "prediction#from-what"),
    "preserve": (
        "The variance that these explain survives harmonisation. The target is never among them, since it is "
        "unknown for a new subject.",
        "prediction#several-sites-harmonise-in-the-training-part",
    ),
    "product": (
        "Multiplies weights by the mean or SD of each edge. Weight times SD says how much an edge contributes to "
        "the spread of predictions.",
        "maps#model-weights",
    ),
    "protocol": (
        "Who is trained on and who is tested: random splits, folds, one site left out, or one group on another. "
        "Leaving sites out tells whether a model generalises to a new site.",
        "prediction",
    ),
    "reference": (
        "The site that stays as it is and to which the others are aligned. Without one all are aligned to their "
        "average.",
        "harmonisation#what-to-choose",
    ),
    "repetitions": (
        "How often the assignment of subjects to folds or splits is repeated. More of them make the mean score less "
        "dependent on one assignment.",
        "prediction",
    ),
    "scores_by": (
        "Scores within each level of this category that both cohorts have. A model that only tells levels apart "
        "scores well in all and badly within each.",
        "prediction#in-another-cohort",
    ),
    "shuffled": (
        "Also trains on features that were shuffled among subjects, with the same covariates. What they predict is "
        "leakage of the covariates, not knowledge of the features.",
        "prediction#checks",
    ),
    "sign": ("Whether edges that rise with the target, fall with it, or both are selected.", "prediction#models"),
    "site": (
        "The column of sites, scanners or studies whose differences are removed.",
        "harmonisation#what-to-choose",
    ),
    "smallest_site": (
        "Sites with fewer subjects are excluded. Their means and variances cannot be estimated well.",
        "harmonisation#what-to-choose",
    ),
    "sparsity": (
        "How strongly edges are pushed to zero. Higher values give components with fewer edges.",
        "components",
    ),
    "spatial": (
        "Also compares with random maps that are as smooth in space as these (Burt 2020). Neighbouring parcels are "
        "alike, so smooth maps correlate by chance.",
        "maps#compare-maps",
    ),
    "test_group": ("The subjects that are predicted. They should be others than those trained on.", "prediction"),
    "test_on": (
        "On whom the model is tested: subjects left out of this cohort, or a second cohort. Another cohort is the "
        "harder and more convincing test.",
        "prediction#in-another-cohort",
    ),
    "test_share": ("The share of subjects that each random split tests on; the others are trained on.", "prediction"),
    "together": (
        "Subjects with the same value, such as families, are all trained on or all tested. Otherwise a model "
        "recognises relatives.",
        "prediction#checks",
    ),
    "train_group": ("The subjects that the model is trained on.", "prediction"),
    "use": (
        "What is done with the covariates: taken out of the features, put beside them, used alone, or not used. "
        "Taking them out asks what the features know beyond them.",
        "prediction#is-it-a-confound-use-covariates",
    ),
    "weights": (
        "The models whose weights are shown; several are averaged, and a folder stands for all in it.",
        "maps#model-weights",
    ),
    "within_networks": (
        "Permutes parcels within their network only. Then only similarity beyond the network structure counts, "
        "which all connectivity shares.",
        "maps#compare-maps",
    ),
    "component-association.method": (
        "How the patterns are found. They differ in what they ask of them: to explain most (PCA), to be independent"
        " (ICA), not to be negative (NMF), or to have few edges (dictionary).",
        "components#where-components-come-from",
    ),
    "component-variants.method": (
        "How the patterns are found. They differ in what they ask of them: to explain most (PCA), to be independent"
        " (ICA), not to be negative (NMF), or to have few edges (dictionary).",
        "components#where-components-come-from",
    ),
    "model-weights.measure": ("The connectivity that the models were trained on; means and SDs are of it.", ""),
    "prediction.coding": (
        "Three indicators, one for each genotype, or the number of copies with gaps filled by the mean of the "
        "training subjects. Indicators leave missing genotypes as they are, which can then themselves predict.",
        "prediction#from-what",
    ),
}
