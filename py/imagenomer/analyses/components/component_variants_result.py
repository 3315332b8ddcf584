"""What components and variants computes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.shared.decompositions import Components
from imagenomer.analyses.shared.inference import Decision
from imagenomer.cohort import VariantSet
from imagenomer.genotypes import GenotypeCounts
from imagenomer.statistics.correction import n_tests
from imagenomer.statistics.design import Design
from imagenomer.statistics.screening import Screen
from imagenomer.types import BoolArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class ComponentVariantTests:
    """Tests of every variant for association with every component.

    Attributes
    ----------
    components : Components
    variants : VariantSet
    which : ndarray, shape (n_kept,)
        Variants that pass the filters.
    rows : ndarray, shape (n_subjects,)
        Rows of the components' scores that are used.
    counts : GenotypeCounts
        Of all variants, in these subjects.
    dropped : tuple of (str, IntArray)
        Reason and subjects who have scores and are not used.
    left_out : tuple of (int, str)
        How many variants were not tested, and why.
    design : Design
    ancestry_sentences : tuple of str
    screen : Screen
        Of the variants in ``which``.
    decision : Decision
        Of all tests: those of the first component, then those of the second, and so on.
    strongest : ndarray, shape (n_listed,)
        Tests to list, the smallest p-value first.
    """

    components: Components
    variants: VariantSet
    which: IntArray
    rows: IntArray
    counts: GenotypeCounts
    dropped: tuple[tuple[str, IntArray], ...]
    left_out: tuple[tuple[int, str], ...]
    design: Design
    ancestry_sentences: tuple[str, ...]
    screen: Screen
    decision: Decision
    strongest: IntArray

    @property
    def significant(self) -> BoolArray:
        """Shape (n_components, n_kept)."""
        return self.decision.significant.reshape(self.screen.r.shape)

    def test(self, index: int) -> tuple[int, int]:
        """Return row of the component and column of the variant of a test."""
        row, column = divmod(index, self.which.size)
        return row, column

    def name(self, index: int) -> str:
        """Return a test for figures: "3 – rs429358"."""
        row, column = self.test(index)
        return f"{self.components.numbers[row]} – {self.variants.variant_ids[self.which[column]]}"

    def r(self, index: int) -> float:
        """Return the correlation of a test."""
        return float(self.screen.r[self.test(index)])

    @property
    def title(self) -> str:
        return f"{self.variants.name} and the components of {self.components.name}"

    @property
    def n_tests(self) -> int:
        return n_tests(self.decision.neg_log10_p)

    @property
    def n_significant(self) -> int:
        return int(np.count_nonzero(self.decision.significant))

    def ends(self, n: int) -> tuple[list[int], list[int]]:
        """Return the ``n`` strongest tests with a negative and with a positive r, in the order of signed significance.

        Not those of the most extreme r, which few subjects make by chance.
        """
        signed = (np.sign(self.screen.r) * self.screen.neg_log10_p).ravel()
        order = np.argsort(signed, kind="stable")[: n_tests(signed)]
        n_negative, n_positive = int(np.count_nonzero(signed < 0)), int(np.count_nonzero(signed > 0))
        return order[: min(n, n_negative)].tolist(), order[order.size - min(n, n_positive) :].tolist()
