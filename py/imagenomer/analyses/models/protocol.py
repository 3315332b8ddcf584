"""What analyses of predictions share: training and test subjects, and the model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, TypeVar, cast

import numpy as np

from imagenomer import groups
from imagenomer.analyses.contract import (
    Choice,
    CohortChoice,
    GroupChoice,
    Integer,
    Number,
    PhenotypeChoice,
    PhenotypesChoice,
)
from imagenomer.analyses.shared.families import family_codes, named_families
from imagenomer.analyses.shared.form_fields import Seed, seed_field
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.statistics import folds
from imagenomer.statistics.folds import Split
from imagenomer.statistics.models import (
    ConnectomeModel,
    ElasticNet,
    InnerFolds,
    LinearSvm,
    Logistic,
    Model,
    Ridge,
    TopFeatures,
)
from imagenomer.types import BoolArray, IntArray

MODELS = {
    "ridge": "Ridge",
    "elastic-net": "Elastic net or lasso",
    "logistic": "Logistic regression",
    "svm": "Linear SVM",
    "cpm": "Connectome-based (CPM)",
    "top": "Top-k features",
}
PROTOCOLS = {
    "repeated": "Repeated random splits",
    "folds": "Folds",
    "leave-one-out": "Leave one site out",
    "groups": "One group on another",
}

#: On whom a model is tested: held-out subjects of the open cohort, or one cohort after training on the other.
TESTED_ON = {
    "held-out": "Held-out subjects of this cohort",
    "second": "The second cohort, trained on this one",
    "first": "This cohort, trained on the second one",
    "both": "Each cohort, trained on the other",
}

USES = {
    "residual": "Taken out of the features",
    "both": "Beside the features",
    "covariates": "Alone, without features",
    "features": "Not at all",
}

#: How a penalty is found.
PENALTIES = {
    "chosen": "Chosen in training",
    "inner": "Chosen by inner folds",
    "fixed": "Given",
}

_DETAILS = "Model and splits"
#: Where subjects of the open cohort are tested.
HELD_OUT = {"test_on": ("held-out",)}
_OTHER_COHORT = {"test_on": ("second", "first", "both")}
#: Protocols that draw who is a test subject.
_SPLIT_AT_RANDOM = ("repeated", "folds")
#: Models with a penalty.
_PENALISED = ("ridge", "elastic-net", "logistic", "svm", "top")


@dataclass(frozen=True)
class Protocol:
    """The part of a form that says how a prediction is made and tested."""

    model: Annotated[str, Choice(tuple(MODELS.items()))] = field(
        default="ridge",
        metadata={
            "help": "Logistic regression and SVM predict categories only. An elastic net takes minutes; of a category "
            "it regresses on 1 and −1."
        },
    )
    test_on: Annotated[str, CohortChoice(tuple(TESTED_ON.items()))] = field(
        default="held-out",
        metadata={
            "help": "Across cohorts everything is fitted in the cohort trained on; what is predicted, and what it is "
            "predicted from, must be the same in both."
        },
    )
    second_group: Annotated[str | None, GroupChoice(of_second=True)] = field(
        default=None, metadata={"label": "Group of the second cohort", "when": _OTHER_COHORT}
    )
    scores_by: Annotated[str | None, PhenotypeChoice("category")] = field(
        default=None,
        metadata={"when": _OTHER_COHORT, "help": "Scores within each level of a category that both cohorts have."},
    )
    protocol: Annotated[str, Choice(tuple(PROTOCOLS.items()))] = field(
        default="repeated",
        metadata={
            "label": "Tested by",
            "when": HELD_OUT,
            "help": "In folds every subject is tested once; a site can be any category.",
        },
    )
    leave_out: Annotated[str | None, PhenotypeChoice("category")] = field(
        default=None, metadata={"label": "Leave out one", "when": {**HELD_OUT, "protocol": ("leave-one-out",)}}
    )
    train_group: Annotated[str | None, GroupChoice()] = field(
        default=None, metadata={"label": "Train on group", "when": {**HELD_OUT, "protocol": ("groups",)}}
    )
    test_group: Annotated[str | None, GroupChoice()] = field(
        default=None, metadata={"label": "Test on group", "when": {**HELD_OUT, "protocol": ("groups",)}}
    )
    covariates: Annotated[tuple[str, ...], PhenotypesChoice(without=("phenotype",))] = field(
        default=(), metadata={"help": "Possible confounds; predictions from them alone are shown as well."}
    )
    use: Annotated[str, Choice(tuple(USES.items()))] = field(
        default="residual", metadata={"label": "Use covariates", "help": "Matters where covariates are chosen."}
    )
    p_threshold: Annotated[float, Number(minimum=1e-9, maximum=0.5, step=0.01)] = field(
        default=0.01,
        metadata={
            "section": _DETAILS,
            "when": {"model": ("cpm",)},
            "help": "Features are selected below it, in the training part.",
        },
    )
    sign: Annotated[str, Choice((("both", "Both"), ("positive", "Positive"), ("negative", "Negative")))] = field(
        default="both", metadata={"label": "Selected features", "section": _DETAILS, "when": {"model": ("cpm",)}}
    )
    n_features: Annotated[int, Integer(minimum=1, maximum=1000, step=1)] = field(
        default=10,
        metadata={
            "label": "Number of features (k)",
            "section": _DETAILS,
            "when": {"model": ("top",)},
            "help": "Those most strongly correlated with the target, in the training part.",
        },
    )
    mix: Annotated[float, Number(minimum=0.05, maximum=1, step=0.05)] = field(
        default=0.5,
        metadata={
            "section": _DETAILS,
            "when": {"model": ("elastic-net",)},
            "help": "1 is the lasso: fewest features. Lower values spread weight across correlated features.",
        },
    )
    penalty: Annotated[str, Choice(tuple(PENALTIES.items()))] = field(
        default="chosen",
        metadata={
            "section": _DETAILS,
            "when": {"model": _PENALISED},
            "help": "The first is fast; inner folds refit and take longer. An elastic net always has them.",
        },
    )
    penalty_value: Annotated[float, Number(minimum=1e-12, maximum=1e12, step=1)] = field(
        default=1.0,
        metadata={
            "label": "Given penalty",
            "section": _DETAILS,
            "when": {"model": _PENALISED, "penalty": ("fixed",)},
            "help": "Alpha of a ridge regression or an elastic net in scikit-learn, or 1 / C of a classifier.",
        },
    )
    repetitions: Annotated[int, Integer(minimum=2, maximum=200, step=1)] = field(
        default=20, metadata={"section": _DETAILS, "when": {**HELD_OUT, "protocol": ("repeated",)}}
    )
    test_share: Annotated[float, Number(minimum=0.05, maximum=0.9, step=0.05)] = field(
        default=0.2,
        metadata={"label": "Test fraction", "section": _DETAILS, "when": {**HELD_OUT, "protocol": ("repeated",)}},
    )
    n_folds: Annotated[int, Integer(minimum=2, maximum=50, step=1)] = field(
        default=5,
        metadata={"label": "Number of folds", "section": _DETAILS, "when": {**HELD_OUT, "protocol": ("folds",)}},
    )
    together: Annotated[str | None, PhenotypeChoice()] = field(
        default=None,
        metadata={
            "label": "Keep together",
            "section": _DETAILS,
            "when": {**HELD_OUT, "protocol": ("repeated", "folds")},
            "help": "Families, or sites: subjects of one value are all training or all test subjects, in inner folds "
            "too. None chosen: a column named family.",
        },
    )
    seed: Seed = seed_field(section=_DETAILS, help="The same seed draws the same splits.")

    @property
    def tested_by(self) -> str:
        """A key of `PROTOCOLS`, or "cohorts" where a model of one cohort is tested on the other."""
        return self.protocol if self.test_on == "held-out" else "cohorts"

    @property
    def trains_one_part(self) -> bool:
        """Whether the weights shown are those of the first training part: of a group, or of one of two cohorts."""
        return self.tested_by in ("groups", "cohorts")


AnyProtocol = TypeVar("AnyProtocol", bound=Protocol)


def model_of(protocol: Protocol, n_classes: int, folds_of_training: InnerFolds) -> Model:
    """Return the model that a form requests.

    Parameters
    ----------
    protocol : Protocol
    n_classes : int
        0 where a number is predicted.
    folds_of_training : InnerFolds
        As `inner_folds` makes them.

    Raises
    ------
    InputError
        If it cannot predict the target.
    """
    penalties = (float(protocol.penalty_value),) if protocol.penalty == "fixed" else ()
    if protocol.model in ("logistic", "svm") and not n_classes:
        raise InputError(
            f"{MODELS[protocol.model]} predicts categories; choose a category to predict, or ridge regression"
        )
    inner = folds_of_training if has_inner_folds(protocol) else None
    if protocol.model == "ridge":
        return Ridge(penalties, inner)
    if protocol.model == "elastic-net":
        return ElasticNet(float(protocol.mix), penalties, folds_of_training)
    if protocol.model == "logistic":
        return Logistic(penalties, inner)
    if protocol.model == "svm":
        return LinearSvm(penalties, inner)
    if protocol.model == "cpm":
        return ConnectomeModel(
            float(protocol.p_threshold), cast("Literal['both', 'positive', 'negative']", protocol.sign)
        )
    then = Logistic(penalties, inner) if n_classes else Ridge(penalties, inner)
    return TopFeatures(protocol.n_features, then)


def inner_folds(
    cohort: Cohort, protocol: Protocol, subjects: IntArray, rows: IntArray, strata: IntArray | None
) -> InnerFolds:
    """Return folds within each training part, which keep together what the splits do: families or sites.

    Parameters
    ----------
    cohort : Cohort
    protocol : Protocol
    subjects, rows : ndarrays of int, shape (n_subjects,)
        And the row of the features of each.
    strata : ndarray of int, shape (n_subjects,), or None
        What each fold has in the same proportion.
    """
    category = kept_together(cohort, protocol) or left_out_by(cohort, protocol)
    labels = None if category is None else family_codes(category, subjects)

    def by_row(known: IntArray | None) -> IntArray | None:
        if known is None:
            return None
        values = np.zeros(rows.max() + 1, dtype=np.intp)
        values[rows] = known
        return values

    return InnerFolds(seed=protocol.seed, labels=by_row(labels), strata=by_row(strata))


def with_families(cohort: Cohort, protocol: AnyProtocol, phenotype: str) -> AnyProtocol:
    """Return the protocol with relatives kept together where it keeps nobody: by a column that is named after families.

    Parameters
    ----------
    cohort : Cohort
    protocol : Protocol
    phenotype : str
        What is predicted, which says nothing of who is related.
    """
    if protocol.tested_by not in _SPLIT_AT_RANDOM or protocol.together is not None:
        return protocol
    named = named_families(cohort, np.arange(cohort.n_subjects))
    used = {phenotype, *protocol.covariates}
    return replace(protocol, together=next((name for name in named if name not in used), None))


def keeps_together(protocol: Protocol) -> bool:
    """Return whether splits keep the values of a phenotype together."""
    return protocol.tested_by in _SPLIT_AT_RANDOM and protocol.together is not None


def has_inner_folds(protocol: Protocol) -> bool:
    """Return whether a penalty is chosen by inner folds.

    That is so too where the splits keep relatives together: criteria that leave out one subject, whose relatives stay,
    choose a penalty that is good for relatives only.
    """
    return protocol.penalty == "inner" or (protocol.penalty == "chosen" and keeps_together(protocol))


def kept_together(cohort: Cohort, protocol: Protocol) -> Phenotype | None:
    """Return the phenotype whose values are kept together, where it matters."""
    return cohort.phenotype(protocol.together) if keeps_together(protocol) and protocol.together else None


def left_out_by(cohort: Cohort, protocol: Protocol) -> Phenotype | None:
    """Return the category whose levels are left out, where they are."""
    if protocol.tested_by != "leave-one-out":
        return None
    if protocol.leave_out is None:
        raise InputError("choose the category of which one level at a time is left out: site, scanner, family")
    return _category(cohort, protocol.leave_out, "left out one level at a time")


def _category(cohort: Cohort, name: str, use: str) -> Phenotype:
    phenotype = cohort.phenotype(name)
    if not phenotype.levels:
        raise InputError(f"{name} is a number and cannot be {use}; choose a category")
    return phenotype


def whom(cohort: Cohort, protocol: Protocol) -> tuple[BoolArray, BoolArray] | None:
    """Return the training and test subjects where both are groups, each of shape (n_subjects,) of the cohort."""
    if protocol.tested_by != "groups":
        return None
    if protocol.train_group is None or protocol.test_group is None:
        raise InputError("choose a group to train on and a group to test on")
    return tuple(  # type: ignore[return-value]
        groups.select(cohort, one).included for one in (protocol.train_group, protocol.test_group)
    )


def splits_of(
    cohort: Cohort, protocol: Protocol, subjects: IntArray, classes: IntArray | None, rng: np.random.Generator
) -> tuple[Split, ...]:
    """Return training and test subjects, as positions among some subjects.

    Parameters
    ----------
    cohort : Cohort
    protocol : Protocol
    subjects : ndarray, shape (n_subjects,)
        Who have all that is needed, in an order that does not depend on the file.
    classes : ndarray of int, shape (n_subjects,), or None
        What is predicted, where that is a category: each part has all of them in about the same proportion.
    rng : numpy.random.Generator
    """
    n = subjects.size
    together = kept_together(cohort, protocol)
    labels = None if together is None else family_codes(together, subjects)
    if protocol.tested_by == "repeated":
        n_repeats = protocol.repetitions
        return folds.repeated(n, n_repeats, float(protocol.test_share), rng, stratify=classes, together=labels)
    if protocol.tested_by == "folds":
        n_folds = protocol.n_folds
        return folds.k_fold(n, n_folds, rng, stratify=classes, together=labels)
    by = left_out_by(cohort, protocol)
    if by is not None:
        return folds.leave_one_out_of(by.values[subjects].astype(np.intp), [f"{by.name} {one}" for one in by.levels])
    both = whom(cohort, protocol)
    assert both is not None
    return folds.train_on(both[0][subjects], both[1][subjects], "the test group")
