"""Permutations of subjects, within blocks where only those are exchangeable, and what can be learned from any.

Subjects may be said to be exchangeable within blocks only (families, sites). Where few permutations are possible, or
nothing varies within any block, a test by permutation can show nothing and is refused.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.types import IntArray

#: Which effects count: of either sign, positive, negative. A category of several levels has no sign.
Alternative: TypeAlias = Literal["two-sided", "greater", "less"]
#: Fewer permutations than this cannot make p < 0.05.
_FEWEST_POSSIBLE = 20


def draw_permutations(
    rng: np.random.Generator, n_permutations: int, n_subjects: int, blocks: IntArray | None = None
) -> IntArray:
    """Return permutations of subjects, each as likely as any other.

    Parameters
    ----------
    rng : numpy.random.Generator
    n_permutations, n_subjects : int
    blocks : ndarray of int, shape (n_subjects,), optional
        Subjects are permuted only within a block.

    Returns
    -------
    ndarray, shape (n_permutations, n_subjects)
        In each row, who takes the place of each subject. Ten and ten more are the same as twenty at once.
    """
    keys = rng.random((n_permutations, n_subjects))
    if blocks is None:
        return np.argsort(keys, axis=1)
    ranks = np.unique(blocks, return_inverse=True)[1]
    permutations = np.empty(keys.shape, dtype=np.intp)
    permutations[:, np.argsort(ranks, kind="stable")] = np.argsort(keys + ranks, axis=1)
    return permutations


def check_exchangeable(name: str, values: NDArray[Any], blocks: IntArray | None) -> None:
    """Raise `InputError` if permuting the values of what is called ``name`` could show nothing."""
    n = values.shape[0]
    if blocks is not None and blocks.shape != (n,):
        raise ValueError(f"blocks of shape {blocks.shape} for {n} subjects")
    ranks = np.zeros(n, dtype=np.intp) if blocks is None else np.unique(blocks, return_inverse=True)[1]
    sizes = np.bincount(ranks)
    log_possible = float(scipy.special.gammaln(sizes + 1.0).sum())
    if log_possible < np.log(_FEWEST_POSSIBLE):
        whose = f"{n} subjects" if blocks is None else f"{sizes.size} blocks of {n} subjects"
        raise InputError(
            f"{whose} can be permuted in {round(np.exp(log_possible))} ways only, which cannot show p < 0.05; "
            f"choose {'a larger group' if blocks is None else 'larger blocks, or none'}"
        )
    first = np.unique(ranks, return_index=True)[1]
    if blocks is not None and (values == values[first][ranks]).all():
        raise InputError(
            f"{name} does not vary within any block, so permuting subjects within blocks changes nothing; "
            "choose other blocks, or none"
        )


def heights_of(statistic: NDArray[Any], alternative: Alternative, n_tested: int) -> NDArray[Any]:
    """Return how high t or F is above zero in the direction that counts, 0 where it is not or there is none."""
    if n_tested > 1 or alternative == "greater":
        height = statistic
    else:
        height = np.abs(statistic) if alternative == "two-sided" else -statistic
    return np.asarray(np.where(height > 0, height, 0))
