"""What was used, assumed and done in a confound report, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from imagenomer.analyses.confounds.edge_maps import FEWEST_COMPARED, TOP_SHARE
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.parts.adjustment import AdjustmentPart
from imagenomer.analyses.confounds.parts.connectivity import ConnectivityPart
from imagenomer.analyses.confounds.parts.overlap import MOST_FOR_EDGES, MOST_FOR_VARIANTS
from imagenomer.analyses.confounds.parts.variants import VariantPart
from imagenomer.analyses.confounds.parts.verdict import MOST_FOR_PREDICTIONS, N_SHUFFLES
from imagenomer.analyses.confounds.result import ConfoundResult
from imagenomer.analyses.confounds.subjects import N_FOLDS, Subjects
from imagenomer.analyses.shared.linear_model_words import sentences_of
from imagenomer.analyses.shared.predictors import coded_genotypes
from imagenomer.analyses.shared.sample import listed
from imagenomer.statistics.verdict import LEAST, RETAINED


def report_sentences(params: Params, result: ConfoundResult) -> Iterator[str]:
    """Yield what there is to say of the parts that are computed."""
    people = result.phenotypes.people
    yield from _about_people(people)
    if result.connectivity is not None:
        yield from _about_connectivity(params, people, result.connectivity)
    if result.variants is not None:
        yield from _about_variants(people, result.variants)
    if result.overlap is not None:
        yield from _about_overlap(params)
    if result.adjustment is not None:
        yield from _about_adjustment(result.adjustment)
    if result.connectivity is not None and result.prediction is not None:
        yield from _about_prediction(params, result.connectivity.prediction.score)
    if result.verdict is not None:
        yield from _about_tests(params, people)


def _about_people(people: Subjects) -> Iterator[str]:
    yield from people.sample.sentences
    yield from sentences_of(people.target)
    yield from people.candidates.about
    yield (
        f"Candidates are {listed(one.name for one in people.candidates.phenotypes)}. Each is looked at among the "
        "people who have it and the target; numbers of different candidates can therefore be of different people."
    )


def _about_connectivity(params: Params, people: Subjects, part: ConnectivityPart) -> Iterator[str]:
    yield (
        "Significant edges are so by Bonferroni over all edges. All edges at once: the share of their variance, "
        "summed up, that something explains beyond chance, tested by rearranging people "
        f"({params.permutations:,} times, seed {params.seed}; the smallest p is {1 / (1 + params.permutations):.3g})."
    )
    lacking = [one.name for one in people.candidates.phenotypes if one.name not in part.candidates]
    if lacking:
        yield f"Nothing more could be computed for {listed(lacking)}: too little varies among its people."


def _about_variants(people: Subjects, part: VariantPart) -> Iterator[str]:
    yield (
        "Variants were counted as copies of the effect allele and tested one at a time without covariates; of a "
        "category with several levels each level is tested against the others."
    )
    yield (
        "Predictions from variants are by ridge regression in the same folds as those from connectivity, of the "
        "people who have genotypes; beside them stands connectivity of the same people. Each variant is "
        f"{coded_genotypes(part.share_missing)}. The null model knows no variants: it predicts the mean, or the most "
        "frequent class, of those who train."
    )
    made = [one.name for one in people.candidates.phenotypes if one.name in people.candidates.made_of_variants]
    if made:
        yield (
            f"{listed(made)}: made of these variants, of everybody's; therefore not compared with them, and not "
            "predicted from them, which would be circular."
        )


def _about_overlap(params: Params) -> Iterator[str]:
    yield (
        f"Overlap is of significant edges or, where fewer than {FEWEST_COMPARED} are, of the strongest "
        f"{100 * TOP_SHARE:g} %. Expected is what remains when the target is rearranged over everybody (it then goes "
        "with nothing), and among people alike in the candidate (it then goes with the candidate and with nothing "
        "else; for the three that go most clearly with the target). An overlap above the first and not above the "
        "second is what the candidate alone would bring about. "
        f"It is rearranged {_at_most(params, MOST_FOR_EDGES)} times, for variants "
        f"{_at_most(params, MOST_FOR_VARIANTS)} times."
    )


def _about_adjustment(part: AdjustmentPart) -> Iterator[str]:
    yield (
        "Adjusting is by a linear model. What a candidate explains of the target is lost by adjusting in any case; "
        "kept is what is left of the variance explained, in per cent of what an effect that has nothing to do with "
        "the candidate would leave."
    )
    if part.together is not None:
        yield (
            f"Adjusted for together: {listed(part.together.names)}, which go with the target and which at least nine "
            "in ten people have."
        )


def _about_prediction(params: Params, score: str) -> Iterator[str]:
    dealt = f"{N_FOLDS} folds" if params.repetitions == 1 else f"{N_FOLDS} folds, dealt {params.repetitions} times"
    what = {
        "r2": "R² is the share of the squared error of the null model, which predicts the mean, that is saved",
        "auc": "AUC is the share of pairs of a person of each class that are put in order, half of them by chance",
        "balanced_accuracy": "balanced accuracy is the mean over classes of the share of people that is recognised",
    }[score]
    interval = "a bootstrap over people" if params.repetitions == 1 else "the corrected resampled t interval"
    yield (
        f"Predictions are by ridge regression in {dealt}; penalty and regression on candidates are fitted to the "
        f"training part only. {what}. Intervals are {interval}."
    )
    yield (
        "A number's people alike in it are those up to its median and those above. From one group to another is by r "
        "among those tested, because groups differ in their means. In the matched subsample people are chosen so that "
        "target and candidate no longer go together; beside it stands the same in as many people at random, because "
        "fewer people predict worse by themselves."
    )
    yield (
        "The learning curve trains on some of each training part and always tests the same people. Large shares are "
        "much the same people, so that its spread says little of other samples; that needs draws of a tenth at most."
    )


def _about_tests(params: Params, people: Subjects) -> Iterator[str]:
    yield (
        "The partial confounder test asks whether predictions follow a candidate more than the target itself does, by "
        "rearranging the candidate so that its link with the target is kept; its p is of what the target leaves of "
        "the predictions, which keeps the level of significance where the published one stays below. Rearranging the "
        "target within levels of a candidate (of a number: within bins of about equal size, at most ten) asks whether "
        "more is learned than these."
    )
    yield (
        f"The latter is done {_at_most(params, MOST_FOR_PREDICTIONS)} times. To see whether regressing a candidate out "
        f"leaks, connectivity was given to other people {N_SHUFFLES} times, for the candidate that goes most clearly "
        "with the target."
    )
    yield (
        "Tests are made for the candidates that go with the target (Holm); one that does not cannot make the target "
        "go with connectivity."
    )
    if people.target.levels and people.target.level is None:
        yield (
            f"{people.target.name} has three levels or more: the partial confounder test, restricted rearranging and "
            "the overlap of variants are left out; choose a level to have them."
        )
    yield (
        "A verdict needs the association of target and candidate at the level of significance (Holm), what is left "
        f"given the candidate at a fifth of it and at least {100 * RETAINED:.0f} % of what an effect of its own would "
        f"leave, predictions that follow the candidate at the level itself, and {LEAST} people. Of predictions each "
        "candidate is asked by itself: of twenty that they do not follow, one seems to be followed by chance."
    )


def _at_most(params: Params, most: int) -> str:
    return f"{min(params.permutations, most):,}"
