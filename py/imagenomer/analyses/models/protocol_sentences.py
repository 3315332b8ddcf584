"""Training and test subjects, and the model, in sentences."""

from __future__ import annotations

from imagenomer.analyses.models.protocol import Protocol, has_inner_folds, keeps_together
from imagenomer.analyses.shared.sample import counted
from imagenomer.groups.sentence import Sentence, mention
from imagenomer.statistics.elastic_net import RELATIVE_PENALTIES as NET_PENALTIES
from imagenomer.statistics.folds import Split
from imagenomer.statistics.kernel_models import RELATIVE_CLASS_PENALTIES, RELATIVE_PENALTIES
from imagenomer.statistics.models import InnerFolds


def about_splits(protocol: Protocol, splits: tuple[Split, ...]) -> list[str]:
    """Say what the training and test sets are."""
    sizes = [f"{min(own)}" if min(own) == max(own) else f"{min(own)} to {max(own)}" for own in _sizes(splits)]
    if protocol.tested_by == "groups":
        train, test = (mention(one) for one in (protocol.train_group, protocol.test_group))
        tested = f") and tested on {sizes[1]} others ("
        return [Sentence(f"Trained on {sizes[0]} subjects (", train, tested, test, ").")]
    if protocol.tested_by == "cohorts":
        return [
            f"{split.name}: trained on {counted(split.train.size, 'subject')}, tested on {split.test.size:,}."
            for split in splits
        ]
    how = {
        "repeated": f"{len(splits)} random splits: {sizes[0]} training subjects, {sizes[1]} test subjects",
        "folds": f"{len(splits)} folds of {sizes[1]} subjects: each is the test set once, the other {sizes[0]} train",
        "leave-one-out": f"Each of {len(splits)} levels of {protocol.leave_out} ({sizes[1]} subjects) is the test "
        f"set once, the others ({sizes[0]}) train",
    }[protocol.tested_by]
    together = protocol.together if keeps_together(protocol) else None
    whole_levels = "" if together is None else f"; subjects of the same {together} are never on both sides"
    return [
        f"{how}{whole_levels}. No subject is in both the training and the test set of a split (seed {protocol.seed:g})."
    ]


def _sizes(splits: tuple[Split, ...]) -> tuple[list[int], list[int]]:
    return [split.train.size for split in splits], [split.test.size for split in splits]


def about_model(protocol: Protocol, n_classes: int, kind: str) -> list[str]:
    """Say what model is fitted, and how its settings are chosen."""
    name = {
        "ridge": "Ridge classifier: a ridge regression on 1 for a class and −1 for the others"
        if n_classes
        else "Ridge regression: all features, with a penalty of the sum of squared weights",
        "elastic-net": _about_net(protocol, n_classes),
        "logistic": "Logistic regression, with a penalty of half the sum of squared weights",
        "svm": "Linear support vector machine: squared hinge loss, a penalty of half the sum of squared weights",
        "cpm": f"Connectome-based model (Shen 2017): {_SUMS[protocol.sign]} with p below {protocol.p_threshold:g} in "
        "the training part is the one predictor",
        "top": f"The {counted(protocol.n_features, 'feature')} most strongly correlated with "
        f"the target in the training part, and a {'logistic' if n_classes else 'ridge'} regression on these",
    }[protocol.model]
    if n_classes > 2 and protocol.model != "cpm":
        name += "; of several classes each is classified against all others, and the highest decision value decides"
    said = [f"{name}."]
    if protocol.model != "cpm":
        said.append(_about_penalty(protocol, n_classes))
    scaled = " Edges are centred there and not scaled." if kind == "connectivity" else ""
    said.append(
        "Everything that is fitted (means, selection, penalty, the regression on covariates) is fitted in the training "
        f"part alone.{scaled}"
    )
    return said


def _about_net(protocol: Protocol, n_classes: int) -> str:
    kind = "Lasso" if protocol.mix == 1 else "Elastic net"
    name = f"{kind}: linear regression with most weights 0"
    if n_classes:
        name += ", on 1 for a class and −1 for the others"
    absolute, squared = "the sum of absolute weights", "half the sum of squared weights"
    if protocol.mix == 1:
        return f"{name}, with a penalty of {absolute} (scikit-learn's coordinate descent)"
    share = f"{protocol.mix:g} times {absolute} and {1 - protocol.mix:g} times {squared}"
    return f"{name}, with a penalty of {share} (scikit-learn's coordinate descent)"


def _about_penalty(protocol: Protocol, n_classes: int) -> str:
    """Say how the penalty is found."""
    if protocol.penalty == "fixed":
        return f"The penalty is {protocol.penalty_value:g}."
    by_loss = protocol.model in ("logistic", "svm") or (protocol.model == "top" and n_classes)
    if has_inner_folds(protocol) or protocol.model == "elastic-net":
        tried = len(
            NET_PENALTIES
            if protocol.model == "elastic-net"
            else RELATIVE_CLASS_PENALTIES
            if by_loss
            else RELATIVE_PENALTIES
        )
        category = protocol.together if keeps_together(protocol) else None
        category = protocol.leave_out if protocol.tested_by == "leave-one-out" else category
        whole_levels = "" if category is None else f", which keep each value of {category} together"
        return (
            f"The penalty is the one of {tried} with the minimum {'loss' if by_loss else 'mean squared error'} in "
            f"{InnerFolds().n_folds} inner folds of the training part{whole_levels}; everything is refitted in each "
            "(Varma and Simon 2006)."
        )
    if by_loss:
        return (
            f"The penalty is the one of {len(RELATIVE_CLASS_PENALTIES)} with the minimum loss by a first-order "
            "approximation of leave-one-out in the training part (Cawley and Talbot 2008)."
        )
    return (
        f"The penalty is the one of {len(RELATIVE_PENALTIES)} with the minimum error by generalised cross-validation "
        "in the training part (Golub 1979)."
    )


_SUMS = {
    "both": "the sum of features that correlate positively, less the sum of those that correlate negatively,",
    "positive": "the sum of features that correlate positively",
    "negative": "the sum of features that correlate negatively",
}
