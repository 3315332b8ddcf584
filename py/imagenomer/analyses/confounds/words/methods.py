"""Methods of a confound report, as a paper states them, with citations."""

from __future__ import annotations

from collections.abc import Iterator

from imagenomer import ARTICLE
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.parts.overlap import N_TOP
from imagenomer.analyses.confounds.result import ConfoundResult
from imagenomer.analyses.confounds.roles import kept_out
from imagenomer.analyses.confounds.subjects import N_FOLDS
from imagenomer.analyses.contract import Methods
from imagenomer.analyses.shared.predictors import coded_genotypes
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.cohort import Cohort

_CITATIONS = {
    "mdmr": "McArdle BH, Anderson MJ. Fitting multivariate models to community data. Ecology 82:290-297, 2001. "
    "https://doi.org/10.1890/0012-9658(2001)082[0290:FMMTCD]2.0.CO;2",
    "cwas": "Shehzad Z, Kelly C, Reiss PT, et al. A multivariate distance-based analytic framework for connectome-wide "
    "association studies. NeuroImage 93:74-94, 2014. https://doi.org/10.1016/j.neuroimage.2014.02.024",
    "hemerik": "Hemerik J, Goeman JJ, Finos L. Robust testing in generalized linear models by sign flipping score "
    "contributions. J R Stat Soc B 82:841-864, 2020. https://doi.org/10.1111/rssb.12369",
    "westfall": "Westfall PH, Young SS. Resampling-based multiple testing. Wiley, New York, 1993.",
    "belloni": "Belloni A, Chernozhukov V, Hansen C. Inference on treatment effects after selection among "
    "high-dimensional controls. Rev Econ Stud 81:608-650, 2014. https://doi.org/10.1093/restud/rdt044",
    "mackinnon": "MacKinnon JG, White H. Some heteroskedasticity-consistent covariance matrix estimators with improved "
    "finite sample properties. J Econom 29:305-325, 1985. https://doi.org/10.1016/0304-4076(85)90158-7",
    "zou": "Zou GY, Donner A. Construction of confidence limits about effect measures: a general approach. Stat Med "
    "27:1693-1702, 2008. https://doi.org/10.1002/sim.3095",
    "chernozhukov": "Chernozhukov V, Chetverikov D, Kato K. Gaussian approximations and multiplier bootstrap for "
    "maxima of sums of high-dimensional random vectors. Ann Stat 41:2786-2819, 2013. https://doi.org/10.1214/13-AOS1161",
    "krull": "MacKinnon DP, Krull JL, Lockwood CM. Equivalence of the mediation, confounding and suppression effect. "
    "Prev Sci 1:173-181, 2000. https://doi.org/10.1023/A:1026595011371",
    "nimon": "Nimon K, Reio TG. Regression commonality analysis: a technique for quantitative theory building. Hum "
    "Resour Dev Rev 10:329-340, 2011. https://doi.org/10.1177/1534484311411077",
    "cinelli": "Cinelli C, Hazlett C. Making sense of sensitivity: extending omitted variable bias. J R Stat Soc B "
    "82:39-67, 2020. https://doi.org/10.1111/rssb.12348",
    "phipson": "Phipson B, Smyth GK. Permutation p-values should never be zero. Stat Appl Genet Mol Biol 9:39, 2010. "
    "https://doi.org/10.2202/1544-6115.1585",
    "chyzhyk": "Chyzhyk D, Varoquaux G, Milham M, Thirion B. How to remove or control confounds in predictive models, "
    "with applications to brain biomarkers. GigaScience 11:giac014, 2022. https://doi.org/10.1093/gigascience/giac014",
    "spisak": "Spisak T. Statistical quantification of confounding bias in machine learning models. GigaScience "
    "11:giac082, 2022. https://doi.org/10.1093/gigascience/giac082",
    "berrett": "Berrett TB, Wang Y, Barber RF, Samworth RJ. The conditional permutation test for independence while "
    "controlling for confounders. J R Stat Soc B 82:175-197, 2020. https://doi.org/10.1111/rssb.12340",
    "chaibub": "Chaibub Neto E. Using permutations to detect, quantify and correct for confounding in machine learning "
    "predictions. arXiv:1805.07465, 2018.",
    "hamdan": "Hamdan S, Love BC, von Polier GG, et al. Confound-leakage: confound removal in machine learning leads "
    "to leakage. GigaScience 12:giad071, 2023. https://doi.org/10.1093/gigascience/giad071",
    "rosenbaum": "Rosenbaum PR, Rubin DB. Constructing a control group using multivariate matched sampling methods "
    "that incorporate the propensity score. Am Stat 39:33-38, 1985. https://doi.org/10.1080/00031305.1985.10479383",
    "marek": "Marek S, Tervo-Clemmens B, Calabro FJ, et al. Reproducible brain-wide association studies require "
    "thousands of individuals. Nature 603:654-660, 2022. https://doi.org/10.1038/s41586-022-04492-9",
    "holm": "Holm S. A simple sequentially rejective multiple test procedure. Scand J Stat 6:65-70, 1979.",
    "case": ARTICLE,
}


#: How the published tests were made.
_TESTS = (
    "Confounding of predictions was tested by the partial confounder test (Spisak 2022), with the sampler of "
    "Berrett et al. (2020) and a penalised spline or multinomial logistic model of the candidate given the "
    "target, after a spline of the target was regressed out of the predictions, and by restricted permutations "
    "(Chaibub Neto 2018). As a control for leakage, connectivity was permuted over subjects after confound "
    "regression (Hamdan et al. 2023). With samples of this size, associations of single edges are unstable "
    "(Marek et al. 2022)."
)


def confound_methods(cohort: Cohort, params: Params, result: ConfoundResult) -> Methods:
    people, candidates = result.phenotypes.people, result.phenotypes.associations
    text = [
        f"Associations of {result.target_name} with connectivity were examined in "
        f"{counted(people.n_subjects, 'subject')}, one observation each, for confounding by {listed(candidates)} "
        "(compare Orlichenko et al. 2023). Associations between phenotypes are Pearson correlations, or bias-corrected "
        "correlation ratios and Cramer's V; p-values are corrected by Holm's method.",
        "The association was tested by all edges at once, by leave-one-out ridge prediction and by the strongest edge "
        f"under the same {counted(result.verdict.explanation.test.n_flips, 'sign flip')} (Hemerik et al. 2020), "
        "combined by the smallest p-value (Westfall and Young 1993). Each subject was scored by ridge regression on "
        "the connectivity of all others, of the part of the target that a candidate explains and of the rest, each "
        "with its own penalty; the share of the slope of this score on the target that remains given a candidate "
        "(natural cubic splines, levels) is reported with an interval of heteroskedasticity-consistent residuals "
        "(MacKinnon and White 1985). Candidates entered the joint model by double selection (Belloni et al. 2014); "
        "what each explains uniquely and shares with others is by commonality analysis (Nimon and Reio 2011). "
        "Confounding, mediation and suppression are not distinguished by such numbers (MacKinnon et al. 2000).",
    ]
    cited = ["case", "holm", "hemerik", "westfall", "mackinnon", "belloni", "nimon", "krull", "cinelli"]
    text += _about_roles(result)
    for said, key in _about_intervals(result):
        text.append(said)
        cited.append(key)
    if result.connectivity is not None:
        text.append(
            "Every edge was tested by a linear model with Bonferroni correction. Connectivity as a whole was tested by "
            "the share of the summed variance of all edges that a phenotype explains (McArdle and Anderson 2001; "
            f"Shehzad et al. 2014), by {counted(params.permutations, 'sign flip')} (Phipson and Smyth 2010)."
        )
        cited += ["mdmr", "cwas", "phipson"]
    if result.overlap is not None:
        variants = f", and of the {N_TOP} strongest variants" if result.variants is not None else ""
        text.append(
            f"Overlap of edges and similarity of maps{variants} were compared with those of targets "
            "permuted over all subjects and within strata of the candidate (levels; of numbers, up to ten "
            "bins of equal size)."
        )
    if result.variants is not None:
        text.append(
            "The target and each candidate that is not computed from the genotypes were predicted from the variants, "
            f"each as {coded_genotypes(result.variants.share_missing)}, and from connectivity of the same subjects in "
            f"the same {N_FOLDS} folds, by ridge regression."
        )
    if result.prediction is not None:
        text.append(
            f"Predictions were made by ridge regression in {N_FOLDS}-fold cross-validation"
            + (f", repeated {params.repetitions} times" if params.repetitions > 1 else "")
            + ": from connectivity, from the candidate, from both (the candidate without penalty), and from "
            "connectivity with the candidate regressed out, all fitted to training parts only (Chyzhyk et al. 2022); "
            "within levels of the candidate and from one to the other; and in a subsample matched without replacement "
            "within 0.2 standard deviations (Rosenbaum and Rubin 1985)."
        )
        cited += ["chyzhyk", "rosenbaum"]
    if result.tests is not None:
        text.append(_TESTS)
        cited += ["spisak", "berrett", "chaibub", "hamdan", "marek"]
    return Methods(tuple(text), tuple(sorted(_CITATIONS[key] for key in cited)))


def _about_intervals(result: ConfoundResult) -> Iterator[tuple[str, str]]:
    """Yield how intervals hold at once, and how a second cohort was asked the same, each with what it cites."""
    if result.verdict.n_intervals > 1:
        yield (
            "Simultaneous intervals over all candidates are by the quantile of the largest standardised error, from "
            "the correlations of influence functions (Chernozhukov et al. 2013).",
            "chernozhukov",
        )
    part = result.replication
    if part is not None:
        yield (
            f"The same was repeated in {counted(part.people.n_subjects, 'subject')} of {part.names[1]}, with the joint "
            f"model chosen in {part.names[0]}; differences of what remains have intervals by Zou and Donner (2008).",
            "zou",
        )


def _about_roles(result: ConfoundResult) -> Iterator[str]:
    """Yield what was known of candidates beforehand, and how strong what is not known would have to be."""
    others = sorted(kept_out(result.verdict.roles))
    if others:
        taken = "a mediator or a consequence and was" if len(others) == 1 else "mediators or consequences and were"
        yield f"{listed(others)} {'was' if len(others) == 1 else 'were'} taken for {taken} not adjusted for."
    yield (
        "Sensitivity to unmeasured causes is given as the robustness value (Cinelli and Hazlett 2020), of targets that "
        "are numbers or have two levels."
    )
