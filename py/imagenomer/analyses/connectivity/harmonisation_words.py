"""What harmonisation says: how the measure was made, what site explains before and after, and what could mislead."""

from __future__ import annotations

import numpy as np

from imagenomer.analyses.connectivity.harmonisation_result import ALPHA, Harmonisation, SiteModel, SitePredictions
from imagenomer.analyses.connectivity.site_predictions import FEWEST_TO_PREDICT, N_FOLDS
from imagenomer.analyses.contract import Answer, Methods
from imagenomer.analyses.shared.design_words import design_warnings
from imagenomer.analyses.shared.sample import counted, listed, what
from imagenomer.analyses.shared.sites import COMBAT_CITATIONS, preserved_in_words
from imagenomer.cohort import Cohort
from imagenomer.groups.sentence import Sentence, mention
from imagenomer.statistics.covbat import Covbat
from imagenomer.statistics.site_prediction import SitePrediction
from imagenomer.types import FloatArray

#: Sites of fewer subjects are named in a warning.
_FEW = 10
#: Share of a preserved covariate's variance that site explains above which the two are nearly confounded.
_CONFOUNDED = 0.5


def made_of(cohort: Cohort, result: Harmonisation) -> str:
    """Say how the measure is made; a sentence without its subject."""
    site = result.model.site.name
    sample = result.sample
    observed = what(cohort, sample.measure, sample.task, sample.session, sample.run)
    return (
        f"{observed} with differences between the {np.count_nonzero(result.sites.counts)} levels of {site} "
        f"removed by {_method(result.model)}, learned from {counted(int(result.learned.sum()), 'subject')} at once; "
        f"{preserved_in_words(result.model.preserved)}."
    )


def _method(model: SiteModel) -> str:
    options = ["empirical Bayes" if model.empirical_bayes else "each edge alone"]
    options += ["means only"] * model.mean_only
    options += [f"reference {model.reference}"] if model.reference is not None else []
    return f"{model.method_name} ({', '.join(options)})"


def mean_defined(values: FloatArray) -> float | None:
    return float(np.nanmean(values)) if np.isfinite(values).any() else None


def percent(share: float | None) -> str:
    return "not defined" if share is None else f"{100 * share:.1f} %"


def statistic_of(result: Harmonisation) -> str:
    return "Partial η²" if result.design.rank > 1 else "η²"


def harmonisation_sentences(cohort: Cohort, result: Harmonisation) -> list[str]:
    site = result.model.site.name
    before, after, counts = result.before, result.after, result.sites.counts
    sizes = listed(f"{result.sites.names[site]} ({counts[site]})" for site in np.flatnonzero(counts).tolist())
    said = [
        *result.sample.sentences,
        f"Subjects at each {site}: {sizes}.",
        f"Harmonisation is {made_of(cohort, result)}",
    ]
    if result.model.learn_from is not None:
        learned_in = mention(result.model.learn_from)
        said.append(Sentence("Site effects were learned from group ", learned_in, " and removed from everybody."))
    if isinstance(result.effects, Covbat):
        n, share = result.effects.n_components, result.effects.share
        said.append(
            f"CovBat harmonised the scores of {counted(n, 'principal component')}, which hold {percent(share)} of the "
            "variance that remains after ComBat."
        )
    chance = result.dof[0] / sum(result.dof)
    said += [
        Answer(
            f"Before, {site} explains {percent(mean_defined(before.value))} of the variance of an edge on average "
            f"({statistic_of(result)}; {percent(chance)} expected by chance), and {before.significant.sum():,} of "
            f"{counted(before.n_tests, 'edge')} significantly (Bonferroni, alpha {ALPHA:g}); after, "
            f"{percent(mean_defined(after.value))}, and {counted(int(after.significant.sum()), 'edge')} significantly."
        ),
        "In the subjects that it was learned from, harmonisation aligns the means of sites almost by construction; "
        "whether that generalises, the prediction of left-out subjects shows.",
        *_about_prediction(site, result.site_predictions),
    ]
    return said + _about_edges(result)


def _about_edges(result: Harmonisation) -> list[str]:
    """Say which edges do not vary, and which values were lost."""
    site = result.model.site.name
    said = []
    flat = int(np.count_nonzero(result.combat.flat.any(axis=0)))
    if flat:
        said.append(
            f"{counted(flat, 'edge does', 'edges do')} not vary within some {site}: there the mean is "
            "harmonised, and the variance is not."
        )
    dead = int(np.count_nonzero(result.combat.sd == 0))
    if dead:
        said.append(
            f"{counted(dead, 'edge does', 'edges do')} not vary within any {site}, and are excluded from pooling."
        )
    if result.lost:
        said.append(
            f"{counted(result.lost, 'value is', 'values are')} missing after harmonisation only: of edges with missing "
            f"values that too few subjects of a {site} have."
        )
    return said


def _about_prediction(site: str, prediction: SitePredictions | None) -> list[str]:
    if prediction is None:
        return []
    if prediction.before is None or prediction.after is None or prediction.apart is None:
        return [
            f"The {site} of left-out subjects was not predicted: this needs at least two sites of "
            f"{FEWEST_TO_PREDICT} subjects to learn from."
        ]
    before, after = prediction.before, prediction.after
    said = [
        f"The {site} of left-out subjects is predicted from their connectivity with a balanced accuracy of "
        f"{_accuracy(before)} before and {_accuracy(after)} after (chance level {percent(before.chance)}; "
        f"{N_FOLDS} folds; diagonal discriminant analysis and harmonisation were fitted to the other folds only).",
        "Where training and test set have only subjects whom harmonisation has not seen, it is "
        f"{_accuracy(prediction.apart)} after: this reflects site effects that the model misses, and the estimation "
        "error of harmonisation.",
    ]
    if after.balanced_accuracy < after.chance:
        said.append(
            "Accuracy below chance is usual where no site effect is left: harmonisation aligns the means of the "
            "training subjects, and the remaining signal reverses in the test folds."
        )
    if prediction.left_out:
        said.append(
            f"Excluded from this prediction, with fewer than {FEWEST_TO_PREDICT} subjects to learn from: "
            f"{listed(prediction.left_out)}."
        )
    if prediction.not_preserved:
        said.append(
            f"In its folds {listed(prediction.not_preserved)} was not preserved, because with fewer subjects it cannot "
            f"be separated from {site}."
        )
    return said


def _accuracy(prediction: SitePrediction) -> str:
    low, high = prediction.interval()
    return f"{percent(prediction.balanced_accuracy)} (95 % interval {100 * low:.0f} to {100 * high:.0f} %)"


def harmonisation_warnings(result: Harmonisation) -> list[str]:
    site = result.model.site.name
    said = [*design_warnings(result.design.findings), *_about_small_sites(result)]
    for one in result.preserved:
        if one.share_of_site > _CONFOUNDED:
            said.append(
                f"{one.share_of_site:.0%} of the variance of {one.name} is associated with {site}: the two can hardly "
                "be separated, and what is preserved rests on the few subjects who differ from the others of their "
                "site."
            )
    if result.not_preserved:
        names = listed(f"{name} ({share:.0%} of its variance)" for name, share in result.not_preserved)
        said.append(
            f"Differ between the levels of {site} and are not preserved: {names}. The part of them that is "
            f"associated with {site} is removed from connectivity as well; preserve what you study."
        )
    said += _about_what_is_left(result)
    if result.model.mean_only and result.model.empirical_bayes:
        said.append(
            "With means only, empirical Bayes (as in other programs) counts each site as one subject and shrinks "
            "estimates strongly: much of the site effect on single edges remains. Without it, all is removed."
        )
    if result.beyond:
        said.append(
            f"{counted(result.beyond, 'value was', 'values were')} within −1 and 1 before and beyond after: harmonised "
            "values are no longer correlations, and Fisher z is not defined for them."
        )
    return said


def _about_small_sites(result: Harmonisation) -> list[str]:
    said = []
    counts = result.sites.of(np.flatnonzero(result.learned)).counts
    few = [f"{result.sites.names[site]} ({counts[site]})" for site in np.flatnonzero((counts > 0) & (counts < _FEW))]
    if few:
        lean = (
            "their estimates rely on pooling over edges"
            if result.model.empirical_bayes
            else ("their estimates are noisy, and harmonisation adds that noise; pool over edges")
        )
        said.append(f"Few subjects to learn from: {listed(few)}; {lean}.")
    alone = [result.sites.names[site] for site in np.flatnonzero(counts == 1)]
    if alone and not result.model.empirical_bayes:
        said.append(
            f"{listed(alone)} {'has' if len(alone) == 1 else 'have'} a single subject, whose connectivity becomes the "
            "mean in every edge: no individual difference remains."
        )
    return said


def _about_what_is_left(result: Harmonisation) -> list[str]:
    """Say where there is nothing to remove, and where site can still be predicted."""
    site = result.model.site.name
    said = []
    predictions = result.site_predictions
    before, after = (None, None) if predictions is None else (predictions.before, predictions.after)
    if before is not None and before.interval()[0] <= before.chance and not result.before.significant.any():
        said.append(
            f"No evidence that connectivity is associated with {site} in these subjects: no edge is significant, "
            f"and the {site} of left-out subjects is classified at chance. Harmonisation then removes little, and adds "
            "the error of its estimates."
        )
    if after is not None and after.interval()[0] > after.chance:
        preserved = (
            f"; {listed(result.model.preserved)}, preserved, may differ between sites and reveal it"
            if result.model.preserved
            else ""
        )
        said.append(
            f"{site} can still be predicted from connectivity after harmonisation "
            f"({percent(after.balanced_accuracy)}, chance level {percent(after.chance)}){preserved}."
        )
    return said


def harmonisation_methods(cohort: Cohort, result: Harmonisation) -> Methods:
    """Say what was done, as a methods section does."""
    site = result.model.site.name
    combat = (
        f"Harmonised connectivity is {made_of(cohort, result)} For each "
        "edge and site a shift and a scale were estimated given the preserved covariates"
        + (
            " and shrunk towards their distribution over edges by parametric empirical Bayes."
            if result.model.empirical_bayes
            else " from the edge alone."
        )
    )
    text = [combat]
    citations = list(COMBAT_CITATIONS)
    if isinstance(result.effects, Covbat):
        text.append(
            "The covariances of sites were then aligned by shifting and scaling the scores of "
            f"{counted(result.effects.n_components, 'principal component')} of the standardised residuals (CovBat)."
        )
        citations.append("Chen et al. (2022), Hum. Brain Mapp. 43:1179.")
    text.append(
        f"Effects of {site} were tested in every edge by partial F tests (Bonferroni, alpha {ALPHA:g}) "
        "before and after."
    )
    if result.site_predictions is not None and result.site_predictions.before is not None:
        text.append(
            f"The {site} of left-out subjects was predicted by diagonal linear discriminant analysis in "
            f"{N_FOLDS} folds; harmonisation was learned outside the test fold."
        )
        citations.append("Dudoit, Fridlyand and Speed (2002), J. Am. Stat. Assoc. 97:77.")
    return Methods(tuple(text), tuple(citations))
