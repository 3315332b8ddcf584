"""Confound report: does the target go with connectivity by itself, or does something else make it seem so?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from imagenomer import ARTICLE
from imagenomer.analyses.confounds.parts import (
    FEWEST_COMPARED,
    MOST_FOR_EDGES,
    MOST_FOR_PREDICTIONS,
    MOST_FOR_VARIANTS,
    N_SHUFFLES,
    PARTS,
    TOP_SHARE,
    Confounds,
    Params,
)
from imagenomer.analyses.confounds.subjects import N_FOLDS
from imagenomer.analyses.confounds.variants import N_TOP, made_of_variants
from imagenomer.analyses.confounds.verdict_words import findings
from imagenomer.analyses.confounds.views import SCORES, drawings, map_arrays, target_name, views
from imagenomer.analyses.contract import Analysis, Methods, Report, in_parts
from imagenomer.analyses.shared.linear_model import sentences_of
from imagenomer.analyses.shared.predictors import coded_genotypes, gap_warnings
from imagenomer.analyses.shared.sample import counted, leak_warnings, listed
from imagenomer.cohort import Cohort
from imagenomer.jsonable import finite
from imagenomer.statistics.verdict import LEAST, RETAINED
from imagenomer.types import Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: People below whom associations of this kind are known to be unstable; above, small ones still are.
_MANY = 1000


# --- saying ------------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: Confounds) -> Report:
    return Report(
        numbers=_numbers(params, result),
        sentences=tuple(_sentences(params, result)),
        warnings=(*leak_warnings(cohort, result.people.sample.measure), *_warnings(params, result)),
        views=tuple(views(cohort, params, result)),
        arrays=dict(map_arrays(result)),
        verdict=tuple(findings(params, result)),
    )


def _numbers(params: Params, result: Confounds) -> dict[str, Json]:
    numbers: dict[str, Json] = {
        "target": params.target,
        "level": result.people.target.level,
        "group": params.group,
        **result.people.sample.numbers,
        "permutations": params.permutations,
        "repetitions": params.repetitions,
        "folds": N_FOLDS,
        "seed": params.seed,
        "alpha": params.alpha,
        "candidates": [one.name for one in result.candidates],
        "closely": [one.name for one, own in zip(result.candidates, result.closely, strict=True) if own],
    }
    if result.target is not None and result.target_map is not None:
        numbers |= {
            "n_significant": result.target_map.n_significant,
            "n_tests": result.target_map.n_tested,
            "share_explained": result.target.share.share,
            "share_expected": result.target.share.expected,
            "p_connectivity": result.target.p_value,
        }
    if result.everybody_predicted is not None:
        numbers |= {
            "score": result.everybody_predicted.score,
            "predicted": finite(result.everybody_predicted.interval.estimate),
        }
    if result.from_variants is not None:
        named = zip(
            (params.target, *(one.name for one in result.candidates)),
            (result.from_variants.target, *result.from_variants.candidates),
            strict=True,
        )
        numbers["from_variants"] = [
            {
                "of": name,
                "score": one.variants.score,
                "variants": finite(one.variants.interval.estimate),
                "connectivity": None if one.connectivity is None else finite(one.connectivity.interval.estimate),
                "null": finite(one.variants.null),
            }
            for name, one in named
            if one.variants is not None
        ]
    if result.category is not None:
        assert result.evidence is not None
        assert result.categories is not None
        numbers |= {
            "verdict": result.category,
            "verdicts": [
                {
                    "candidate": one.name,
                    "verdict": category,
                    "n_subjects": evidence.n_subjects,
                    "p_candidate": finite(evidence.p_candidate),
                    "p_rest": finite(evidence.p_rest),
                    "remaining": finite(evidence.remaining),
                    "retained": finite(evidence.retained),
                    "p_predictions": finite(evidence.p_predictions),
                }
                for one, evidence, category in zip(result.candidates, result.evidence, result.categories, strict=True)
            ],
        }
    return numbers


def _sentences(params: Params, result: Confounds) -> list[str]:
    people = result.people
    said = [*people.sample.sentences, *sentences_of(people.target), *people.about]
    said.append(
        f"Candidates are {listed(one.name for one in people.candidates)}. Each is looked at among the people who have "
        "it and the target; numbers of different candidates can therefore be of different people."
    )
    if result.connected is not None:
        said.append(
            "Significant edges are so by Bonferroni over all edges. All edges at once: the share of their variance, "
            "summed up, that something explains beyond chance, tested by rearranging people "
            f"({params.permutations:,} times, seed {params.seed}; the smallest p is "
            f"{1 / (1 + params.permutations):.3g})."
        )
        lacking = [one.name for one, own in zip(result.candidates, result.connected, strict=True) if own is None]
        if lacking:
            said.append(f"Nothing more could be computed for {listed(lacking)}: too little varies among its people.")
    if result.variants is not None:
        said.append(
            "Variants were counted as copies of the effect allele and tested one at a time without covariates; of a "
            "category with several levels each level is tested against the others."
        )
        assert result.from_variants is not None
        said.append(
            "Predictions from variants are by ridge regression in the same folds as those from connectivity, of the "
            "people who have genotypes; beside them stands connectivity of the same people. Each variant is "
            f"{coded_genotypes(result.from_variants.share_missing)}. The null model knows no variants: it predicts "
            "the mean, or the most frequent class, of those who train."
        )
        made = [one.name for one in result.candidates if made_of_variants(one)]
        if made:
            said.append(
                f"{listed(made)}: made of these variants, of everybody's; therefore not compared with them, and not "
                "predicted from them, which would be circular."
            )
    if result.overlapping is not None:
        said.append(
            f"Overlap is of significant edges or, where fewer than {FEWEST_COMPARED} are, of the strongest "
            f"{100 * TOP_SHARE:g} %. Expected is what remains when the target is rearranged over everybody (it "
            "then goes "
            "with nothing), and among people alike in the candidate (it then goes with the candidate and with nothing "
            "else; for the three that go most clearly with the target). An overlap above the first and not above the "
            "second is what the candidate alone would bring about. "
            f"It is rearranged {_at_most(params, MOST_FOR_EDGES)} times, for variants "
            f"{_at_most(params, MOST_FOR_VARIANTS)} times."
        )
    if result.adjusted is not None:
        said.append(
            "Adjusting is by a linear model. What a candidate explains of the target is lost by adjusting in any case; "
            "kept is what is left of the variance explained, in per cent of what an effect that has nothing to do with "
            "the candidate would leave."
        )
        if result.together is not None:
            said.append(
                f"Adjusted for together: {listed(result.together.names)}, which go with the target and which at least "
                "nine in ten people have."
            )
    if result.predicted is not None:
        said += _about_prediction(params, result)
    if result.tested is not None:
        said += _about_tests(params, result)
    return said


def _at_most(params: Params, most: int) -> str:
    return f"{min(int(params.permutations), most):,}"


def _about_prediction(params: Params, result: Confounds) -> list[str]:
    assert result.everybody_predicted is not None
    score = result.everybody_predicted.score
    dealt = f"{N_FOLDS} folds" if params.repetitions == 1 else f"{N_FOLDS} folds, dealt {params.repetitions} times"
    what = {
        "r2": "R² is the share of the squared error of the null model, which predicts the mean, that is saved",
        "auc": "AUC is the share of pairs of a person of each class that are put in order, half of them by chance",
        "balanced_accuracy": "balanced accuracy is the mean over classes of the share of people that is recognised",
    }[score]
    interval = "a bootstrap over people" if params.repetitions == 1 else "the corrected resampled t interval"
    return [
        f"Predictions are by ridge regression in {dealt}; penalty and regression on candidates are fitted to the "
        f"training part only. {what}. Intervals are {interval}.",
        "A number's people alike in it are those up to its median and those above. From one group to another is by r "
        "among those tested, because groups differ in their means. In the matched subsample people are "
        "chosen so that target and candidate no longer go together; beside it stands the same in as many people at "
        "random, because fewer people predict worse by themselves.",
        "The learning curve trains on some of each training part and always tests the same people. Large "
        "shares are much "
        "the same people, so that its spread says little of other samples; that needs draws of a tenth at most.",
    ]


def _about_tests(params: Params, result: Confounds) -> list[str]:
    said = [
        "The partial confounder test asks whether predictions follow a candidate more than the target itself does, by "
        "rearranging the candidate so that its link with the target is kept; its p is of what the target leaves of "
        "the predictions, which keeps the level of significance where the published one stays below. Rearranging the "
        "target within levels of a candidate (of a number: within bins of about equal size, at most ten) asks whether "
        "more is learned than these.",
        f"The latter is done {_at_most(params, MOST_FOR_PREDICTIONS)} times. To see whether regressing a candidate out "
        f"leaks, connectivity was given to other people {N_SHUFFLES} times, for the candidate that goes most "
        "clearly with "
        "the target.",
        "Tests are made for the candidates that go with the target (Holm); one that does not cannot make the "
        "target go with connectivity.",
    ]
    if result.tested is not None and result.people.is_category and result.people.target.level is None:
        said.append(
            f"{target_name(result)} has three levels or more: the partial confounder test, restricted rearranging and "
            "the overlap of variants are left out; choose a level to have them."
        )
    said.append(
        "A verdict needs the association of target and candidate at the level of significance (Holm), what is left "
        f"given the candidate at a fifth of it and at least {100 * RETAINED:.0f} % of what an effect of its own would "
        f"leave, predictions that follow the candidate at the level itself, and {LEAST} people. Of predictions each "
        "candidate is asked by itself: of twenty that they do not follow, one seems to be followed by chance."
    )
    return said


def _warnings(params: Params, result: Confounds) -> list[str]:
    n = result.people.subjects.size
    said = []
    if n < LEAST:
        said.append(
            f"{counted(n, 'person', 'people')} are too few for a verdict, which needs {LEAST}: the numbers below say "
            "little either way."
        )
    elif n < _MANY:
        said.append(
            f"{n} people: associations of single connections and predictions of traits are unstable below some "
            "thousands (Marek et al. 2022), and a confounder that is not found may well be there."
        )
    if 1 / (1 + params.permutations) > params.alpha / 5:
        said.append(
            f"{params.permutations:,} rearrangements cannot give a p below {1 / (1 + params.permutations):.3g}, so "
            "nothing can be found to be left given a candidate; ask for more."
        )
    if result.connected is not None and result.adjusted is not None:
        for one, own in zip(result.candidates, result.adjusted, strict=True):
            if own is not None and own.links is not None and own.links.predictions is not None:
                share = own.links.predictions.target_r_squared
                if share > 0.8:
                    said.append(
                        f"{one.name} says nearly the same as the target ({100 * share:.0f} % of it follows from the "
                        "target): adjusting for it leaves little to look at."
                    )
    if result.tested is not None:
        for one, tested in zip(result.candidates, result.tested, strict=True):
            shuffled = tested.shuffled
            if shuffled is not None and np.nanmean(shuffled.shuffled) > (0.1 if shuffled.score == "r2" else 0.6):
                said.append(
                    f"After regressing {one.name} out, even connectivity of other people predicts the target "
                    f"({SCORES[shuffled.score]} {np.nanmean(shuffled.shuffled):.2f}): that prediction is a leak."
                )
    if result.from_variants is not None:
        said += gap_warnings(result.from_variants.share_missing)
    uneven = sorted({row.candidate for row in result.missing if row.p_value <= params.alpha})
    if uneven:
        said.append(
            f"Who is left out for want of connectivity or the target is not random: it goes with {listed(uneven)}. "
            "The people who are left need not be like those who are not."
        )
    return said


# --- methods -----------------------------------------------------------------------------------------

_CITATIONS = {
    "mdmr": "McArdle BH, Anderson MJ. Fitting multivariate models to community data. Ecology 82:290-297, 2001. "
    "https://doi.org/10.1890/0012-9658(2001)082[0290:FMMTCD]2.0.CO;2",
    "cwas": "Shehzad Z, Kelly C, Reiss PT, et al. A multivariate distance-based analytic framework for connectome-wide "
    "association studies. NeuroImage 93:74-94, 2014. https://doi.org/10.1016/j.neuroimage.2014.02.024",
    "freedman": "Freedman D, Lane D. A nonstochastic interpretation of reported significance levels. J Bus Econ Stat "
    "1:292-298, 1983. https://doi.org/10.1080/07350015.1983.10509354",
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
    "hamdan": "Hamdan S, Love BC, von Polier GG, et al. Confound-leakage: confound removal in machine "
    "learning leads to "
    "leakage. GigaScience 12:giad071, 2023. https://doi.org/10.1093/gigascience/giad071",
    "rosenbaum": "Rosenbaum PR, Rubin DB. Constructing a control group using multivariate matched sampling "
    "methods that "
    "incorporate the propensity score. Am Stat 39:33-38, 1985. https://doi.org/10.1080/00031305.1985.10479383",
    "marek": "Marek S, Tervo-Clemmens B, Calabro FJ, et al. Reproducible brain-wide association studies require "
    "thousands of individuals. Nature 603:654-660, 2022. https://doi.org/10.1038/s41586-022-04492-9",
    "holm": "Holm S. A simple sequentially rejective multiple test procedure. Scand J Stat 6:65-70, 1979.",
    "case": ARTICLE,
}


def methods(cohort: Cohort, params: Params, result: Confounds) -> Methods:
    people = result.people
    text = [
        f"Associations of {target_name(result)} with connectivity were examined in {people.subjects.size:,} "
        "people, one "
        f"observation each, for confounding by {listed(one.name for one in people.candidates)} (compare Orlichenko et "
        "al. 2023). Associations between phenotypes are Pearson correlations, correlation ratios and Cramer's "
        "V without "
        "their bias, corrected by Holm's method."
    ]
    cited = ["case", "holm"]
    if result.connected is not None:
        text.append(
            "Every edge was tested by a linear model with Bonferroni correction. Connectivity as a whole was tested by "
            "the share of the summed variance of all edges that a phenotype explains (McArdle and Anderson "
            "2001; Shehzad "
            f"et al. 2014), given covariates by {params.permutations:,} rearrangements of residuals (Freedman and Lane "
            "1983; Phipson and Smyth 2010)."
        )
        cited += ["mdmr", "cwas", "freedman", "phipson"]
    if result.overlapping is not None:
        variants = f", and of the {N_TOP} strongest variants" if result.variants is not None else ""
        text.append(
            f"Overlap of edges and similarity of maps{variants} were compared with those of targets that were "
            "rearranged "
            "over all people and within strata of the candidate (levels; of numbers, up to ten bins of equal size)."
        )
    if result.from_variants is not None:
        text.append(
            "The target and each candidate that is not made of the genotypes were predicted from the variants, each as "
            f"{coded_genotypes(result.from_variants.share_missing)}, and from connectivity of the same people in the "
            f"same {N_FOLDS} folds, by ridge regression."
        )
    if result.predicted is not None:
        text.append(
            f"Predictions were made by ridge regression in {N_FOLDS}-fold cross-validation"
            + (f", repeated {params.repetitions} times" if params.repetitions > 1 else "")
            + ": from connectivity, from the candidate, from both (the candidate without penalty), and from "
            "connectivity with the candidate regressed out, all fitted to training parts only (Chyzhyk et al. 2022); "
            "within levels of "
            "the candidate and from one to the other; and in a subsample matched without replacement within 0.2 "
            "standard deviations (Rosenbaum and Rubin 1985)."
        )
        cited += ["chyzhyk", "rosenbaum"]
    if result.tested is not None:
        text.append(
            "Confounding of predictions was tested by the partial confounder test (Spisak 2022), with the sampler of "
            "Berrett et al. (2020) and a penalised spline or multinomial logistic model of the candidate given the "
            "target, after a spline of the target was taken out of the predictions, and by restricted permutations "
            "(Chaibub Neto 2018). As a control for leaks, connectivity was exchanged between people after confound "
            "regression (Hamdan et al. 2023). With samples of this size, associations of single edges are unstable "
            "(Marek et al. 2022)."
        )
        cited += ["spisak", "berrett", "chaibub", "hamdan", "marek"]
    return Methods(tuple(text), tuple(sorted(_CITATIONS[key] for key in cited)))


# --- drawing -----------------------------------------------------------------------------------------


def draw(
    cohort: Cohort, params: Params, result: Confounds, report: Report, theme: Literal["light", "dark"]
) -> Mapping[str, Figure]:
    from imagenomer.figures.drawings import Drawings

    return Drawings(drawings(params, result, theme))


ANALYSIS = Analysis(
    title="Confound report",
    summary="Whether a phenotype goes with connectivity by itself, or something else makes it seem so.",
    tab="Confounds",
    params=Params,
    compute=in_parts(PARTS),
    report=report,
    draw=draw,
    needs=("connectivity", "phenotypes"),
    parts=PARTS,
    methods=methods,
    opens_tab=True,
)
