"""What was used, assumed and done in a confound report, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from imagenomer.analyses.confounds.edge_maps import FEWEST_COMPARED, TOP_SHARE
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.parts.adjustment import AdjustmentPart
from imagenomer.analyses.confounds.parts.confounding_tests import MOST_FOR_PREDICTIONS, N_SHUFFLES
from imagenomer.analyses.confounds.parts.connectivity import ConnectivityPart
from imagenomer.analyses.confounds.parts.overlap import MOST_FOR_EDGES, MOST_FOR_VARIANTS
from imagenomer.analyses.confounds.parts.variants import VariantPart
from imagenomer.analyses.confounds.parts.verdict import VerdictPart
from imagenomer.analyses.confounds.result import ConfoundResult
from imagenomer.analyses.confounds.subjects import N_FOLDS, Subjects
from imagenomer.analyses.confounds.words.replication import replication_sentences
from imagenomer.analyses.shared.linear_model_words import sentences_of
from imagenomer.analyses.shared.predictors import coded_genotypes
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.statistics.verdict import GATE_SHARE


def report_sentences(params: Params, result: ConfoundResult) -> Iterator[str]:
    """Yield what there is to say of the parts that are computed."""
    people = result.phenotypes.people
    yield from _about_subjects(people)
    yield from _about_verdict(params, people, result.verdict)
    if result.replication is not None:
        yield from replication_sentences(result.replication)
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
    if result.tests is not None:
        yield from _about_tests(params, people)


def _about_subjects(people: Subjects) -> Iterator[str]:
    yield from people.sample.sentences
    yield from sentences_of(people.target)
    yield from people.candidates.about
    yield (
        f"Candidates are {listed(one.name for one in people.candidates.phenotypes)}. Each is examined in the "
        "subjects who have it and the target, so numbers of different candidates can be from different subjects."
    )


def _about_verdict(params: Params, people: Subjects, part: VerdictPart) -> Iterator[str]:
    test, bounds, level = part.explanation.test, part.bounds, params.alpha
    flips = (
        f"all {counted(test.n_flips, 'flip')} there are" if test.exact else f"{counted(test.n_flips - 1, 'sign flip')}"
    )
    yield (
        "The association is tested in three ways at once, all edges, leave-one-out prediction and the strongest edge, "
        f"by {flips} (seed {params.seed}), which keep their level where subjects differ in noise. Its level is "
        f"{GATE_SHARE * level:.3g}; the rest of {level:g} is for an association that appears only when candidates are "
        "adjusted for."
    )
    if people.families is not None:
        yield (
            f"Subjects of the same {people.families.name} are related "
            f"({counted(people.families.n_families, 'family', 'families')}): signs "
            "are flipped, subjects scored and folds drawn by family."
        )
    yield (
        "What remains is a share of the slope of a score on the target: everybody is scored from the connectivity of "
        "all others, and the slope given candidates is compared with that without. Candidates enter as splines of four "
        "columns, or as levels; whole numbers of at most ten kinds are levels. Together are adjusted for those "
        "associated with target or scores, and products of two of them where these are."
    )
    yield (
        f"A candidate explains the association if less than {100 * bounds.explained:g} % can remain, does not explain "
        f"it if more than {100 * bounds.kept:g} % must remain and all may (from {100 * (1 - bounds.margin):g} % on), "
        f"and explains part of it if more than {100 * bounds.margin:g} % must remain and not all can. An interval that "
        "is wider than that cannot tell, and what is not significant is not taken for what is not there. All "
        "candidates together decide."
    )
    if part.n_intervals > 1:
        yield (
            f"Each interval is at 95 %. Those that hold for all {part.n_intervals} at once, thin in the figure, are at "
            f"{100 * part.each:.1f} % each: the quantile of the largest error among them, whose correlations are those "
            "of the influences of subjects (max-|t|)."
        )


def _about_connectivity(params: Params, people: Subjects, part: ConnectivityPart) -> Iterator[str]:
    yield (
        "Edges are significant by Bonferroni over all edges. All edges at once: the share of their summed variance "
        "explained beyond chance, tested by "
        f"{counted(params.permutations, 'sign flip')} (the smallest p is {1 / (1 + params.permutations):.3g})."
    )
    unexamined = [one.name for one in people.candidates.phenotypes if one.name not in part.candidates]
    if unexamined:
        yield f"Nothing more could be computed for {listed(unexamined)}: too little variation among the subjects."


def _about_variants(people: Subjects, part: VariantPart) -> Iterator[str]:
    yield (
        "Variants were counted as copies of the effect allele and tested one at a time without covariates; of a "
        "category with several levels each level is tested against all others."
    )
    yield (
        "Predictions from variants are by ridge regression in the same folds as those from connectivity, in the "
        "subjects who have genotypes; predictions from connectivity in the same subjects are beside them. Each variant "
        f"is {coded_genotypes(part.share_missing)}. The null model uses no variants: it predicts the mean, or the most "
        "frequent class, of the training subjects."
    )
    made = [one.name for one in people.candidates.phenotypes if one.name in people.candidates.made_of_variants]
    if made:
        yield (
            f"{listed(made)}: computed from these variants, in all subjects; therefore not compared with them and not "
            "predicted from them, which would be circular."
        )


def _about_overlap(params: Params) -> Iterator[str]:
    yield (
        f"Overlap is of significant edges or, where fewer than {FEWEST_COMPARED} are, of the strongest "
        f"{100 * TOP_SHARE:g} %. Expected is the mean when the target is permuted over all subjects (it is then "
        "associated with nothing), and within levels of the candidate (it is then associated with the candidate and "
        "nothing else; for the three most strongly associated with the target). An overlap above the first but not "
        "above the second is explained by the association of target and candidate. "
        f"The target is permuted {_at_most(params, MOST_FOR_EDGES)} times, for variants "
        f"{_at_most(params, MOST_FOR_VARIANTS)} times."
    )


def _about_adjustment(part: AdjustmentPart) -> Iterator[str]:
    yield (
        "Maps are adjusted for the columns of a candidate, as in the verdict. The part of the target that a candidate "
        "explains is lost in any case, even of an independent effect: fewer edges are significant then."
    )
    if part.together is not None:
        yield (f"Adjusted for together: {listed(part.together.names)}, as in the verdict.")


def _about_prediction(params: Params, score: str) -> Iterator[str]:
    folds = f"{N_FOLDS} folds" if params.repetitions == 1 else f"{N_FOLDS} folds, repeated {params.repetitions} times"
    what = {
        "r2": "R² is the reduction in squared error compared with the null model, which predicts the mean",
        "auc": "AUC is the share of pairs of subjects, one of each class, that are ranked correctly; 0.5 is chance",
        "balanced_accuracy": "balanced accuracy is the mean over classes of the share of subjects classified correctly",
    }[score]
    yield (
        f"Predictions are by ridge regression in {folds}; penalty and regression on candidates are fitted to the "
        f"training part only. {what}. Scores have no intervals here: one that covers refits the model in half-samples, "
        "as the analysis Prediction does."
    )
    yield (
        "Strata of a number are the subjects up to its median and those above. From one group to another the score is "
        "r among the test subjects, because groups differ in their means; its interval is a bootstrap of these, with "
        "the model as it is. In the matched subsample subjects are chosen so that target and candidate are not "
        "associated; a random subsample of the same size is beside it, because fewer subjects predict worse."
    )
    yield (
        "The learning curve trains on a share of each training part; the test subjects stay the same. Large subsamples "
        "overlap, so their spread underestimates the variation between samples; only draws of a tenth at most show it."
    )


def _about_tests(params: Params, people: Subjects) -> Iterator[str]:
    yield (
        "The partial confounder test asks whether predictions are associated with a candidate beyond what the target "
        "explains, by permuting the candidate so that its association with the target is kept; the target is regressed "
        "out of the predictions first, because the test as published is conservative. Restricted permutation, of the "
        "target within levels of a candidate (of a number: within at most ten bins of about equal size), asks whether "
        "more is learned than these levels."
    )
    yield (
        f"The latter has {_at_most(params, MOST_FOR_PREDICTIONS)} permutations. To see whether regressing a candidate "
        f"out leaks, connectivity was shuffled over subjects {N_SHUFFLES} times, for the candidate most strongly "
        "associated with the target."
    )
    yield (
        "These tests are of the candidates most clearly associated with the target, and do not enter the verdict. The "
        "partial confounder test is not corrected for the number of candidates: about one in twenty that predictions "
        "are not associated with is significant by chance."
    )
    if people.target.levels and people.target.level is None:
        yield (
            f"{people.target.name} has three levels or more: the partial confounder test, restricted permutation and "
            "the overlap of variants are omitted; choose a level, compared with all others, to have them."
        )


def _at_most(params: Params, most: int) -> str:
    return f"{min(params.permutations, most):,}"
