"""Folds: training and test subjects of a model.

Positions count the rows of a sample, which has one row a subject: a subject is never on both sides. Labels given as
``together`` (family, site) are kept together as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imagenomer.errors import InputError
from imagenomer.types import BoolArray, IntArray
from imagenomer.wording import plural


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One training part and one test part.

    Attributes
    ----------
    train, test : ndarray of int
        Positions among the rows of the sample, ascending, none in both.
    name : str
        "fold 1", "repetition 1", "site B".
    """

    train: IntArray
    test: IntArray
    name: str = ""

    def digest(self) -> bytes:
        """Return a short name of the training and test subjects, for what is cached of the split."""
        digest = hashlib.blake2b(self.train.tobytes())
        digest.update(self.test.tobytes())
        return digest.digest()

    def among(self, kept: IntArray) -> Split:
        """Return the same split of some of the rows, in positions among these.

        Parameters
        ----------
        kept : ndarray of int
            Positions, ascending.
        """
        n = int(max(self.train.max(initial=-1), self.test.max(initial=-1), kept.max(initial=-1))) + 1
        place = np.full(n, -1, dtype=np.intp)
        place[kept] = np.arange(kept.size)
        train, test = place[self.train], place[self.test]
        return Split(train[train >= 0], test[test >= 0], self.name)


def k_fold(
    n: int,
    n_folds: int,
    rng: np.random.Generator,
    *,
    stratify: IntArray | None = None,
    together: IntArray | None = None,
) -> tuple[Split, ...]:
    """Return folds of about equal size; everybody is tested once.

    Parameters
    ----------
    n : int
        Rows of the sample.
    n_folds : int
    rng : numpy.random.Generator
    stratify : ndarray of int, shape (n,), optional
        Classes that each fold should have in the same proportion.
    together : ndarray of int, shape (n,), optional
        Labels that are kept together; folds are then as equal as the sizes allow.

    Raises
    ------
    InputError
        If there are fewer subjects, or labels, than folds.
    """
    if n_folds < 2:
        raise InputError(f"cross-validation needs at least 2 folds, not {n_folds}")
    fold = _assign_folds(n, n_folds, rng, stratify, together)
    return tuple(
        Split(np.flatnonzero(fold != number), np.flatnonzero(fold == number), f"fold {number + 1}")
        for number in range(n_folds)
    )


def repeated(
    n: int,
    n_repeats: int,
    test_share: float,
    rng: np.random.Generator,
    *,
    stratify: IntArray | None = None,
    together: IntArray | None = None,
) -> tuple[Split, ...]:
    """Return repeated random splits, drawn independently; parameters as for `k_fold`.

    Parameters
    ----------
    n_repeats : int
    test_share : float
        Fraction of the rows (of each class, or of the labels' rows) to test on, rounded to the nearest.

    Raises
    ------
    InputError
        If either part would be empty.
    """
    splits = []
    for number in range(n_repeats):
        test = _drawn(n, test_share, rng, stratify, together)
        if not 0 < np.count_nonzero(test) < n:
            raise InputError(
                f"{n} subjects cannot be split with a test fraction of {test_share:.0%}; "
                "choose a larger group or another test fraction"
            )
        splits.append(Split(np.flatnonzero(~test), np.flatnonzero(test), f"repetition {number + 1}"))
    return tuple(splits)


def leave_one_out_of(levels: IntArray, names: Sequence[str]) -> tuple[Split, ...]:
    """Return one split for each level that occurs: trained on all others, tested on it.

    Parameters
    ----------
    levels : ndarray of int, shape (n,)
        Index into ``names``.
    names : sequence of str

    Raises
    ------
    InputError
        If fewer than two levels occur.
    """
    present = np.unique(levels).tolist()
    if len(present) < 2:
        raise InputError("leaving one out at a time needs subjects of at least 2 levels; choose another category")
    return tuple(
        Split(np.flatnonzero(levels != level), np.flatnonzero(levels == level), names[level]) for level in present
    )


def train_on(train: BoolArray, test: BoolArray, name: str = "") -> tuple[Split, ...]:
    """Return the one split that trains on some rows and tests on others.

    Parameters
    ----------
    train, test : ndarray of bool, shape (n,)

    Raises
    ------
    InputError
        If a row is in both, or either part is empty.
    """
    both = int(np.count_nonzero(train & test))
    if both:
        raise InputError(
            f"{plural(both, 'subject')} {'is' if both == 1 else 'are'} in the group to train on and in the group to "
            "test on; choose groups that exclude each other"
        )
    if not train.any() or not test.any():
        raise InputError(f"no subject is left to {'train' if not train.any() else 'test'} on; choose other groups")
    return (Split(np.flatnonzero(train), np.flatnonzero(test), name),)


def cross(*known: IntArray | None) -> IntArray | None:
    """Return codes of the combinations of several categories that occur, of those that are given; None if none is."""
    given = [one for one in known if one is not None]
    if not given:
        return None
    return np.asarray(np.unique(np.column_stack(given), axis=0, return_inverse=True)[1]).ravel()


# --- drawing -------------------------------------------------------------------------------------


def _assign_folds(
    n: int, n_folds: int, rng: np.random.Generator, stratify: IntArray | None, together: IntArray | None
) -> IntArray:
    """Deal rows to folds like cards; returns the fold of each."""
    if together is not None:
        return _assign_labels(together, n_folds, rng)
    if n < n_folds:
        raise InputError(f"{n} subjects cannot make {n_folds} folds; choose fewer folds or a larger group")
    order = rng.permutation(n)
    if stratify is not None:
        # One class after another, each beginning with the fold after the last one used: folds are equal in size.
        order = order[np.argsort(stratify[order], kind="stable")]
    fold = np.empty(n, dtype=np.intp)
    fold[order] = np.arange(n) % n_folds
    return fold


def _assign_labels(together: IntArray, n_folds: int, rng: np.random.Generator) -> IntArray:
    """Give each label, the largest first, to the fold that has fewest rows so far."""
    _, label, sizes = np.unique(together, return_inverse=True, return_counts=True)
    if sizes.size < n_folds:
        raise InputError(
            f"{sizes.size} labels that stay together cannot make {n_folds} folds; choose fewer folds "
            "or another category"
        )
    order = rng.permutation(sizes.size)
    order = order[np.argsort(-sizes[order], kind="stable")]
    filled, fold_of = np.zeros(n_folds, dtype=np.intp), np.empty(sizes.size, dtype=np.intp)
    for one in order.tolist():
        fold_of[one] = filled.argmin()
        filled[fold_of[one]] += sizes[one]
    return np.asarray(fold_of[label])


def _drawn(
    n: int, share: float, rng: np.random.Generator, stratify: IntArray | None, together: IntArray | None
) -> BoolArray:
    """Draw the test subjects."""
    test = np.zeros(n, dtype=bool)
    if together is not None:
        _, label, sizes = np.unique(together, return_inverse=True, return_counts=True)
        order = rng.permutation(sizes.size)
        reached = np.cumsum(sizes[order])
        # As many labels as come nearest to the share.
        n_labels = 1 + int(np.abs(reached - share * n).argmin())
        test[np.isin(label, order[:n_labels])] = True
        return test
    order = rng.permutation(n)
    classes = np.zeros(n, dtype=np.intp) if stratify is None else stratify
    for level in np.unique(classes).tolist():
        own = order[classes[order] == level]
        test[own[: round(share * own.size)]] = True
    return test
