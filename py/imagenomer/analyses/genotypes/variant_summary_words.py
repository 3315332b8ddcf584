"""The variant summary in sentences, and what could mislead in it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imagenomer.analyses.genotypes.variant_summary_result import VariantSummary
from imagenomer.analyses.shared.genotyped import about_relatives
from imagenomer.analyses.shared.sample import counted
from imagenomer.cohort import Cohort
from imagenomer.genotypes import X, Y

#: Hardy-Weinberg p below which genotyping errors are suspected.
_LOW_P = 1e-6


def summary_sentences(result: VariantSummary) -> Iterator[str]:
    """Yield what the counts show."""
    counts, n_constant = result.counts, result.n_constant
    yield from result.sample.sentences
    yield (
        f"{counted(result.numbers.size, 'variant')}, of which "
        f"{counted(int(result.quality.kept.sum()), 'passes', 'pass')} the filters; none is "
        "removed here."
    )
    if n_constant:
        yield f"{counted(n_constant, 'variant')} {'has' if n_constant == 1 else 'have'} a single allele here."
    n_unknown = int(np.count_nonzero(counts.called == 0))
    if n_unknown:
        yield f"{counted(n_unknown, 'variant')} {'is' if n_unknown == 1 else 'are'} missing in all subjects."
    n_apart = int(np.count_nonzero(~result.everywhere))
    if n_apart:
        yield (
            f"{counted(n_apart, 'variant')} on X, Y or mitochondria: by variant a male counts as one allele there, as "
            "in PLINK, and only females enter Hardy-Weinberg on X; by subject they are excluded."
        )
    yield (
        "Hardy-Weinberg proportions are tested exactly, as PLINK does; a small p can be a genotyping error, but also "
        "several ancestries or a true effect."
    )


def summary_warnings(cohort: Cohort, result: VariantSummary) -> Iterator[str]:
    """Yield what could mislead."""
    yield from about_relatives(cohort, result.sample.subjects)
    sexes = cohort.sexes[result.sample.subjects]
    n_sexed = int(np.count_nonzero(np.isin(result.numbers, (X, Y))))
    n_unknown = int(np.count_nonzero(sexes == 0))
    if n_sexed and n_unknown:
        yield (
            f"The sex of {counted(n_unknown, 'subject')} is unknown: they are excluded for the "
            f"{counted(n_sexed, 'variant')} on X and Y."
        )
    p = result.hardy_weinberg.p_value
    tested = int(np.count_nonzero(np.isfinite(p)))
    low = int(np.count_nonzero(p < _LOW_P))
    if tested and low > max(1, tested // 100):
        yield (
            f"{counted(low, 'variant')} ({100 * low / tested:.1f} %) have a Hardy-Weinberg p below 1e-6: so many "
            "suggest several ancestries in these subjects rather than errors; choose a group of one ancestry to judge "
            "variants by it."
        )
