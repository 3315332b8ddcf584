"""Double selection: which candidates are adjusted for together.

A candidate enters the joint model if it is associated with the target, or with the scores of subjects given the target:
either omission would bias what remains (Belloni, Chernozhukov and Hansen 2014). Products of two candidates enter where
they are associated with both beyond the two. So irrelevant candidates cost nothing, however many there are.

References
----------
Belloni, Chernozhukov and Hansen (2014), Rev. Econ. Stud. 81:608.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imagenomer.statistics.orthonormal import shares_of_rest
from imagenomer.statistics.tails import neg_log10_p_of_share
from imagenomer.types import BoolArray, FloatArray

#: P-value at which a candidate enters.
ENTRY_P = 0.05
#: The joint model has at most this share of the subjects in columns, and at least this share of the subjects.
MOST_COLUMNS, LEAST_KNOWN = 1 / 4, 1 / 2


def f_test_p(outcomes: FloatArray, columns: FloatArray, given: FloatArray) -> float:
    """Return the p-value of an association of columns with any of some outcomes given others (F, Bonferroni).

    Parameters
    ----------
    outcomes : ndarray, shape (n_subjects, n_outcomes)
    columns : ndarray, shape (n_subjects, n_columns)
    given : ndarray, shape (n_subjects, n_given)
        Columns adjusted for, the constant among them.

    Returns
    -------
    float
        1 where nothing of the columns is left, or no degrees of freedom.
    """
    shares, rank, rank_given = shares_of_rest(outcomes, columns, given)
    share = shares[~np.isnan(shares)]
    dof = len(outcomes) - rank_given - rank
    if rank == 0 or dof < 2 or not share.size:
        return 1.0
    p = 10 ** -neg_log10_p_of_share(np.minimum(share, 1 - 1e-12), rank, dof)
    return float(min(1.0, outcomes.shape[1] * float(p.min())))


def select_joint(
    p_values: Mapping[str, float],
    n_columns: Mapping[str, int],
    known: Mapping[str, BoolArray],
    first: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """Return the candidates of the joint model, the clearest first.

    Parameters
    ----------
    p_values : mapping of str to float
        The smaller of the two p-values of each candidate.
    n_columns : mapping of str to int
    known : mapping of str to ndarray of bool, shape (n_subjects,)
        Who has a value.
    first : tuple of str
        Candidates that enter before all others, whatever their p-values: those of a product.
    """
    order = sorted(p_values, key=lambda name: p_values[name])
    wanted = dict.fromkeys([*first, *(name for name in order if p_values[name] < ENTRY_P)])
    chosen: list[str] = []
    width, everybody = 0, np.ones(0, dtype=bool)
    for name in wanted:
        together = known[name] & everybody if chosen else known[name]
        if together.sum() < LEAST_KNOWN * together.size:
            continue
        if width + n_columns[name] > MOST_COLUMNS * together.sum():
            continue
        chosen.append(name)
        width, everybody = width + n_columns[name], together
    return tuple(chosen)
