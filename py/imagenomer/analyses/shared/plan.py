"""How subjects are permuted, or their signs flipped: how often, by which seed, and what of which blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from imagenomer.analyses.shared.linear_model import Model
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.statistics.block_exchange import BlockExchange, Blocks
from imagenomer.statistics.flipped_scores import exchange_of_flips
from imagenomer.statistics.permutation import Alternative, Exchange, exchange_of
from imagenomer.types import IntArray, Json


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How subjects are permuted.

    Attributes
    ----------
    n_permutations, seed : int
        As the form has them.
    blocks : Phenotype or None
        A category: subjects are permuted within its levels, or as ``permuted`` says.
    exchange : Exchange or None
        How many permutations there are; None before it is known of whom.
    permuted : {"within", "whole", "both"}
        What of blocks is permuted.
    """

    n_permutations: int
    seed: int
    blocks: Phenotype | None
    exchange: Exchange | None = None
    permuted: BlockExchange = "within"

    @property
    def n_used(self) -> int:
        """Permutations that are used: those asked for, or all that differ but the actual order where they are fewer."""
        return self.n_permutations if self.exchange is None else self.exchange.n_used

    @property
    def smallest_p(self) -> float:
        return 1 / (1 + self.n_permutations) if self.exchange is None else self.exchange.smallest_p

    @property
    def numbers(self) -> dict[str, Json]:
        """The plan as `Report.numbers` has it."""
        n_distinct = None if self.exchange is None or self.exchange.n_distinct > 1e15 else self.exchange.n_distinct
        return {
            "permutations": self.n_permutations,
            "permutations_used": self.n_used,
            "distinct_permutations": None if n_distinct is None else round(n_distinct),
            "seed": self.seed,
            "blocks": None if self.blocks is None else self.blocks.name,
            **({} if self.permuted == "within" else {"blocks_permuted": self.permuted}),
            "smallest_p": self.smallest_p,
        }

    def codes(self, subjects: IntArray) -> IntArray | None:
        """Return the block of each of some subjects, None where all are exchangeable."""
        return None if self.blocks is None else self.blocks.values[subjects].astype(np.intp)

    def exchangeable(self, subjects: IntArray) -> IntArray | Blocks | None:
        """Return the blocks of some subjects with what of them is permuted, None where all are exchangeable."""
        codes = self.codes(subjects)
        return codes if codes is None or self.permuted == "within" else Blocks(codes, self.permuted)

    def of(self, model: Model, alternative: Alternative = "two-sided") -> Plan:
        """Return the plan with what is known once there are subjects: how many permutations of them differ."""
        if model.question.robust:
            _require_no_blocks(self.blocks)
            signed: Alternative = alternative if model.n_tested == 1 else "two-sided"
            return replace(self, exchange=exchange_of_flips(model.n_clusters, self.n_permutations, signed))
        blocks = self.exchangeable(model.subjects)
        exchange = exchange_of(model.tested, model.design, blocks, self.n_permutations, alternative)
        return replace(self, exchange=exchange)


def plan_of(cohort: Cohort, n_permutations: int, seed: int, blocks: str | None, permuted: str = "within") -> Plan:
    """Return the plan that a form asks for; raise `InputError` if the category is unknown, or lacking."""
    within = None if blocks is None else cohort.phenotype(blocks)
    if within is not None and not within.levels:
        raise InputError(f"{within.name} is a number; blocks are levels of a category")
    if within is None and permuted != "within":
        raise InputError("no blocks are chosen that could be permuted as wholes; choose them, or permute within blocks")
    return Plan(n_permutations, seed, within, permuted=cast("BlockExchange", permuted))


def _require_no_blocks(blocks: Phenotype | None) -> None:
    if blocks is not None:
        raise InputError(
            f"blocks ({blocks.name}) are for permutations, and with unequal variances or families signs are flipped "
            "instead; leave the blocks out, or choose equal variances and no families"
        )
