"""Permutations of subjects, within blocks where only those are exchangeable, and what can be learned from any.

Subjects may be said to be exchangeable within blocks only (families, sites). Two permutations are the same if they
exchange subjects who are alike in all that is permuted. Where there are no more distinct ones than were asked for,
each is used once, and p is exact; else a random sample is drawn. Where so few are possible that nothing can be shown,
or nothing varies within any block, a test by permutation is refused.

References
----------
Phipson and Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9:39 (exact p by all permutations, or by a sample).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps, finish
from imagenomer.statistics.block_exchange import Blocks, list_orders
from imagenomer.statistics.design import Design, Term, directions_of
from imagenomer.types import FloatArray, IntArray

#: Which effects count: of either sign, positive, negative. A category of several levels has no sign.
Alternative: TypeAlias = Literal["two-sided", "greater", "less"]
#: Fewer permutations than this cannot make p < 0.05.
FEWEST_POSSIBLE = 20
#: Permutations are listed where there are at most this many; counted, beyond it only by their logarithm.
_MOST_LISTED = 100_001
#: Numbers sorted at a time to draw permutations: some 20 ms in the page.
_SORTED_AT_ONCE = 200_000
#: Permutations compared at a time with the actual order.
_AT_ONCE = 500
#: What rounding can make of the overlap of directions that are the same.
_SAME = 1e-9


# --- a random sample -----------------------------------------------------------------------------


def draw_permutations(
    rng: np.random.Generator, n_permutations: int, n_subjects: int, blocks: IntArray | Blocks | None = None
) -> IntArray:
    """Return permutations of subjects, each as likely as any other.

    Parameters
    ----------
    rng : numpy.random.Generator
    n_permutations, n_subjects : int
    blocks : ndarray of int, shape (n_subjects,), or Blocks, optional
        Subjects are permuted only within a block, or as `Blocks` says.

    Returns
    -------
    ndarray, shape (n_permutations, n_subjects)
        In each row, who takes the place of each subject. Ten and ten more are the same as twenty at once, but where
        blocks are permuted as wholes.
    """
    return finish(_draw(rng, n_permutations, n_subjects, blocks, Progress("Permuting")))


def _draw(
    rng: np.random.Generator,
    n_permutations: int,
    n_subjects: int,
    blocks: IntArray | Blocks | None,
    progress: Progress,
) -> Steps[IntArray]:
    """Return what `draw_permutations` does, and yield ``progress`` between parts: sorting takes long."""
    keys = rng.random((n_permutations, n_subjects))
    blocks = None if blocks is None else _blocks(blocks)
    whole_keys = rng.random(keys.shape) if blocks is not None and blocks.exchange == "both" else keys
    drawn = np.empty(keys.shape, dtype=np.intp)
    at_once = max(1, _SORTED_AT_ONCE // max(1, n_subjects))
    for start in range(0, n_permutations, at_once):
        some = slice(start, start + at_once)
        if blocks is None:
            drawn[some] = np.argsort(keys[some], axis=1)
        else:
            drawn[some] = blocks.draw(keys[some], whole_keys[some])
        yield progress
    return drawn


def _blocks(blocks: IntArray | Blocks) -> Blocks:
    return blocks if isinstance(blocks, Blocks) else Blocks(blocks)


# --- all of them, where they are few ---------------------------------------------------------------


class Permutations:
    """All distinct permutations but the actual order where those are few enough, else a random sample.

    Parameters
    ----------
    kinds : ndarray of int, shape (n_subjects,)
        Subjects of one kind are alike in all that is permuted (`kinds_of`).
    blocks : ndarray of int, shape (n_subjects,), Blocks or None
        Subjects are permuted only within a block.
    n_permutations : int
        How many are asked for.
    rng : numpy.random.Generator

    Attributes
    ----------
    n : int
        How many there are to draw: with the actual order, all distinct ones where ``listed``.
    listed : bool
        Whether each distinct permutation occurs once.
    """

    def __init__(
        self, kinds: IntArray, blocks: IntArray | Blocks | None, n_permutations: int, rng: np.random.Generator
    ) -> None:
        self._n_subjects, self._blocks, self._rng, self._drawn = kinds.size, blocks, rng, 0
        n_distinct = count_distinct(kinds, blocks, 1 + n_permutations)
        self.listed = n_distinct <= 1 + n_permutations
        self.n = int(n_distinct) - 1 if self.listed else n_permutations
        self._list = list_distinct(kinds, blocks)[1:] if self.listed else np.zeros((0, kinds.size), dtype=np.int32)

    def draw(self, n: int) -> IntArray:
        """Return the next ``n``, shape (n, n_subjects): in each row, who takes the place of each subject."""
        return finish(self.draw_in_steps(n, Progress("Permuting")))

    def draw_in_steps(self, n: int, progress: Progress) -> Steps[IntArray]:
        """Return the next ``n`` as `draw` does, and yield ``progress`` between parts."""
        if not self.listed:
            return (yield from _draw(self._rng, n, self._n_subjects, self._blocks, progress))
        rows = self._list[self._drawn : self._drawn + n]
        self._drawn += n
        return rows.astype(np.intp)


def kinds_of(*columns: NDArray[Any]) -> IntArray:
    """Return a number for each subject, the same for those who are alike in all columns; shape (n_subjects,)."""
    whole = np.column_stack(columns)
    return np.unique(whole, axis=0, return_inverse=True)[1].reshape(-1).astype(np.intp)


def count_distinct(kinds: IntArray, blocks: IntArray | Blocks | None, most: int = _MOST_LISTED) -> float:
    """Return how many permutations differ, the actual order included: exactly up to ``most``, else nearly.

    Infinite where there are more than the largest double.
    """
    number, log = 1, 0.0
    for items in [kinds] if blocks is None else _blocks(blocks).items(kinds):
        left = items.size
        for size in np.unique(items, return_counts=True)[1].tolist():
            log += math.lgamma(left + 1) - math.lgamma(size + 1) - math.lgamma(left - size + 1)
            if log <= math.log(most) + 1:
                number *= math.comb(left, size)
            left -= size
    if log <= math.log(most) + 1:
        return float(number)
    return math.exp(log) if log < 700 else math.inf


def list_distinct(kinds: IntArray, blocks: IntArray | Blocks | None) -> NDArray[np.int32]:
    """Return all permutations that differ, shape (n_distinct, n_subjects), the actual order first."""
    found = list_orders(kinds).astype(np.int32) if blocks is None else _blocks(blocks).list_distinct(kinds)
    actual = int(np.flatnonzero((found == np.arange(kinds.size)).all(axis=1))[0])
    return np.concatenate([found[actual : actual + 1], found[:actual], found[actual + 1 :]])


# --- what they can show --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Exchange:
    """How many permutations there are, and how small a p-value they allow.

    Attributes
    ----------
    n_distinct : float
        Permutations that differ, the actual order included; exact up to 100,001, infinite beyond the largest double.
    n_alike : int
        Those of them that give the same statistic whatever the data, such as all pairs turned round: 1, or more where
        there are at most 100,001.
    n_used : int
        Those used beside the actual order.
    listed : bool
        Whether these are all of them, so that p is exact and no seed matters.
    """

    n_distinct: float
    n_alike: int
    n_used: int
    listed: bool

    @property
    def smallest_p(self) -> float:
        """The smallest p-value that can come out."""
        return max(self.n_alike / self.n_distinct, 1 / (1 + self.n_used))


def exchange_of(
    tested: Term,
    design: Design,
    blocks: IntArray | Blocks | None,
    n_permutations: int,
    alternative: Alternative = "two-sided",
) -> Exchange:
    """Return how many permutations of subjects a linear model has, as `FreedmanLane` uses them.

    Parameters
    ----------
    tested : Term
    design : Design
        Covariates of the same subjects.
    blocks : ndarray of int, shape (n_subjects,), Blocks or None
    n_permutations : int
        How many are asked for.
    alternative : {"two-sided", "greater", "less"}
        With a sign that counts, labels turned round are no longer alike.
    """
    kinds = kinds_of(tested.values, design.matrix)
    signed = alternative != "two-sided" and len(tested.columns) == 1
    directions, covariates = directions_of(tested, design), design.basis[:, 1:]
    return exchange_of_kinds(kinds, blocks, n_permutations, directions, covariates, signed=signed)


def exchange_of_kinds(
    kinds: IntArray,
    blocks: IntArray | Blocks | None,
    n_permutations: int,
    directions: FloatArray | None,
    covariates: FloatArray | None = None,
    *,
    signed: bool = False,
) -> Exchange:
    """Return how many permutations there are of subjects of some kinds.

    Parameters
    ----------
    kinds, blocks, n_permutations
        As for `Permutations`.
    directions, covariates : ndarray, shape (n_subjects, n_columns), or None
        Orthonormal columns that are permuted, and whose spans decide about the statistic; without directions no two
        permutations are taken for alike.
    signed : bool
        Whether the sign of the first direction matters as well.
    """
    n_distinct = count_distinct(kinds, blocks)
    listed = n_distinct <= 1 + n_permutations
    n_alike = 1
    if directions is not None and n_distinct <= _MOST_LISTED:
        n_alike = _count_alike(list_distinct(kinds, blocks), directions, covariates, signed=signed)
    return Exchange(n_distinct, n_alike, int(n_distinct) - 1 if listed else n_permutations, listed)


def _count_alike(
    permutations: NDArray[np.int32], directions: FloatArray, covariates: FloatArray | None, *, signed: bool
) -> int:
    """Return how many permutations span the same as the actual order: no data can tell them apart."""
    n = 0
    for start in range(0, len(permutations), _AT_ONCE):
        some = permutations[start : start + _AT_ONCE]
        products = np.einsum("ik,pil->pkl", directions, directions[some])
        overlap = products[:, 0, 0] if signed else (products**2).sum(axis=(1, 2))
        same = overlap >= directions.shape[1] - _SAME
        if covariates is not None and covariates.shape[1]:
            shared = (np.einsum("ik,pil->pkl", covariates, covariates[some]) ** 2).sum(axis=(1, 2))
            same &= shared >= covariates.shape[1] - _SAME
        n += int(np.count_nonzero(same))
    return n


def check_exchangeable(
    name: str, values: NDArray[Any], blocks: IntArray | Blocks | None, *beside: NDArray[Any]
) -> None:
    """Raise `InputError` if permuting the values of what is called ``name`` could show nothing.

    Parameters
    ----------
    name : str
    values : ndarray, shape (n_subjects,) or (n_subjects, n_columns)
    blocks : ndarray of int, shape (n_subjects,), Blocks or None
    *beside : ndarray
        What is permuted with the values: covariates.
    """
    n = values.shape[0]
    codes = None if blocks is None else _blocks(blocks).codes
    if codes is not None and codes.shape != (n,):
        raise ValueError(f"blocks of shape {codes.shape} for {n} subjects")
    if blocks is not None and codes is not None and _blocks(blocks).exchange == "within":
        first, ranks = np.unique(codes, return_index=True, return_inverse=True)[1:]
        if first.size < n and (values == values[first][ranks]).all():
            raise InputError(
                f"{name} does not vary within any block, so permuting subjects within blocks changes nothing; "
                "choose other blocks, or none"
            )
    n_distinct = count_distinct(kinds_of(values, *beside), blocks, FEWEST_POSSIBLE)
    if n_distinct < FEWEST_POSSIBLE:
        whose = f"{n} subjects" if codes is None else f"{np.unique(codes).size} blocks of {n} subjects"
        raise InputError(
            f"{whose} can be permuted in {n_distinct:.0f} {'way' if n_distinct == 1 else 'ways'} only that "
            f"differ in {name}, which cannot show p < 0.05; "
            f"choose {'a larger group' if blocks is None else 'larger blocks, or none'}"
        )


def heights_of(statistic: NDArray[Any], alternative: Alternative, n_tested: int) -> NDArray[Any]:
    """Return how high t or F is above zero in the direction that counts, 0 where it is not or there is none."""
    if n_tested > 1 or alternative == "greater":
        height = statistic
    else:
        height = np.abs(statistic) if alternative == "two-sided" else -statistic
    return np.asarray(np.where(height > 0, height, 0))
