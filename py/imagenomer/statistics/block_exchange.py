"""Exchangeability blocks (families, sites): within which subjects are permuted, or which are permuted as wholes.

Within blocks subjects are exchangeable who differ between blocks: sites. Blocks as wholes are where their members
depend on each other alike: families. Only blocks of as many subjects are exchanged, the first member of one for the
first of another, in the order of the subjects. With both, members of a block are permuted as well.

References
----------
Winkler, Webster, Vidaurre, Nichols and Smith (2015), NeuroImage 123:253 (multi-level block permutation).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from imagenomer.statistics.sign_flips import cluster_codes, members_of
from imagenomer.types import IntArray

#: What is exchanged.
BlockExchange: TypeAlias = Literal["within", "whole", "both"]


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Blocks, and what of them is exchanged.

    Attributes
    ----------
    codes : ndarray of int, shape (n_subjects,)
        The block of each subject.
    exchange : {"within", "whole", "both"}
    """

    codes: IntArray
    exchange: BlockExchange = "within"

    @property
    def members(self) -> list[IntArray]:
        """The subjects of each block."""
        return members_of(cluster_codes(self.codes, self.codes.size))

    @property
    def alike(self) -> list[IntArray]:
        """The blocks of each size, shape (n_blocks, size)."""
        members = self.members
        sizes = sorted({one.size for one in members})
        return [np.array([one for one in members if one.size == size]) for size in sizes]

    def items(self, kinds: IntArray) -> list[IntArray]:
        """Return groups of what is permuted independently: the kind of each thing in it, equal where alike.

        Parameters
        ----------
        kinds : ndarray of int, shape (n_subjects,)
            Subjects of one kind are alike in all that is permuted.
        """
        within = [kinds[own] for own in self.members]
        if self.exchange == "within":
            return within
        whole = [self._kinds_of_blocks(kinds[own]) for own in self.alike]
        return whole if self.exchange == "whole" else [*whole, *within]

    def draw(self, keys: NDArray[np.floating[Any]], whole_keys: NDArray[np.floating[Any]]) -> IntArray:
        """Return a permutation for each row of random numbers, shape (n_permutations, n_subjects).

        Parameters
        ----------
        keys, whole_keys : ndarray, shape (n_permutations, n_subjects)
            Between 0 and 1: of subjects within blocks, and of blocks (those of their first members).
        """
        found = np.tile(np.arange(self.codes.size), (len(keys), 1))
        if self.exchange != "whole":
            ranks = np.unique(self.codes, return_inverse=True)[1]
            found[:, np.argsort(ranks, kind="stable")] = np.argsort(keys + ranks, axis=1)
        if self.exchange == "within":
            return found
        places = np.tile(np.arange(self.codes.size), (len(keys), 1))
        for own in self.alike:
            places[:, own.ravel()] = own[np.argsort(whole_keys[:, own[:, 0]], axis=1)].reshape(len(keys), -1)
        return np.take_along_axis(found, places, axis=1)

    def list_distinct(self, kinds: IntArray) -> NDArray[np.int32]:
        """Return all permutations that differ, shape (n_distinct, n_subjects)."""
        found = np.arange(kinds.size, dtype=np.int32)[None]
        groups = [one[None] for one in self.members] if self.exchange == "within" else self.alike
        for own in groups:
            orders = self._orders(own, kinds)
            whole = np.repeat(found, len(orders), axis=0)
            whole[:, own.ravel()] = np.tile(orders, (len(found), 1))
            found = whole
        return found

    def _orders(self, own: IntArray, kinds: IntArray) -> IntArray:
        """Return who takes the places of some blocks of a size, shape (n_orders, n_blocks * size)."""
        if self.exchange == "within":
            return np.asarray(own[0][list_orders(kinds[own[0]])])
        orders = own[list_orders(self._kinds_of_blocks(kinds[own]))]
        if self.exchange == "whole":
            return orders.reshape(len(orders), -1)
        every = []
        for blocks in orders:
            inside = [block[list_orders(kinds[block])] for block in blocks]
            every += [np.concatenate(parts) for parts in itertools.product(*inside)]
        return np.array(every)

    def _kinds_of_blocks(self, kinds: IntArray) -> IntArray:
        """Return the kind of each block, shape (n_blocks,): alike if members are, in order or in any order."""
        rows = np.sort(kinds, axis=1) if self.exchange == "both" else kinds
        return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)


def list_orders(kinds: IntArray) -> IntArray:
    """Return the distinct orders of some things: each kind in turn takes some of the places left."""
    orders = np.full((1, kinds.size), -1, dtype=np.intp)
    for kind in np.unique(kinds):
        own = np.flatnonzero(kinds == kind)
        free = np.argsort(orders >= 0, axis=1, kind="stable")[:, : int(np.count_nonzero(orders[0] < 0))]
        chosen = np.array(list(itertools.combinations(range(free.shape[1]), own.size)), dtype=np.intp)
        places = free[:, chosen].reshape(-1, own.size)
        orders = np.repeat(orders, len(chosen), axis=0)
        orders[np.arange(len(orders))[:, None], places] = own
    return orders
