"""What makes a variant doubtful: missingness, frequency and Hardy-Weinberg proportions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from imagenomer.genotypes.counts import GenotypeCounts
from imagenomer.progress import Progress, Steps, finish
from imagenomer.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class HardyWeinberg:
    """Test of Hardy-Weinberg proportions of each variant.

    Attributes
    ----------
    observed, expected : ndarray, shape (n_variants,)
        Share of heterozygotes; NaN where no genotype is known.
    p_value, neg_log10_p : ndarray, shape (n_variants,)
        1 and 0 for a variant of one allele, NaN where no genotype is known; the logarithm is finite
        where the probability is too small for a double.
    """

    observed: FloatArray
    expected: FloatArray
    p_value: FloatArray
    neg_log10_p: FloatArray


def check_hardy_weinberg(counts: GenotypeCounts, *, mid_p: bool = False) -> HardyWeinberg:
    """Return what `check_hardy_weinberg_in_steps` does, in one piece."""
    return finish(check_hardy_weinberg_in_steps(counts, mid_p=mid_p))


def check_hardy_weinberg_in_steps(counts: GenotypeCounts, *, mid_p: bool = False) -> Steps[HardyWeinberg]:
    """Test Hardy-Weinberg proportions exactly, as PLINK's ``--hardy`` does.

    Given the number of alleles, the number h of heterozygotes among n people has probability proportional to
    2^h / (h! n_AA! n_aa!). The p-value sums what is no more likely than what was found.

    Parameters
    ----------
    counts : GenotypeCounts
        By variant. Of unrelated people of one ancestry. Those with a single copy of the chromosome are left out.
    mid_p : bool
        Count half of what is exactly as likely as what was found: less conservative for rare alleles.

    References
    ----------
    Wigginton, Cutler and Abecasis (2005), Am. J. Hum. Genet. 76:887. Graffelman and Moreno (2013),
    Stat. Appl. Genet. Mol. Biol. 12:433 (mid-p).
    """
    counts = counts.pairs
    n = counts.called
    rare = 2 * np.minimum(counts.two, counts.none) + counts.one  # copies of the rarer allele
    log_p = np.full(n.size, np.nan)
    log_factorial = scipy.special.gammaln(np.arange(n.max(initial=0) + 1) + 1.0)
    # Variants of similar allele counts together: each takes rare // 2 + 1 terms, the others of its block are padding.
    order = np.argsort(rare, kind="stable")
    order = order[n[order] > 0]
    start = 0
    while start < order.size:
        yield Progress("Testing Hardy-Weinberg proportions", start, order.size)
        width = int(rare[order[start]]) // 2 + 1
        block = order[start : start + max(1, _TERMS_AT_ONCE // (width + 64))]
        block = block[rare[block] // 2 + 1 <= width + 64]
        start += block.size
        log_p[block] = _log_hardy_weinberg(rare[block], counts.one[block], n[block], log_factorial, mid_p)
    frequency = counts.effect_frequency
    with np.errstate(invalid="ignore"):
        observed = np.asarray(counts.one / n)
    neg_log10_p = -log_p / np.log(10) + 0.0
    return HardyWeinberg(observed, 2 * frequency * (1 - frequency), np.exp(log_p), neg_log10_p)


#: Terms of the exact test computed at a time (8 bytes each, several times over).
_TERMS_AT_ONCE = 1 << 16
#: Two probabilities nearer than this, relatively, are the same but for rounding.
_SAME = 1e-9


def _log_hardy_weinberg(
    rare: IntArray, heterozygous: IntArray, n: IntArray, log_factorial: FloatArray, mid_p: bool
) -> FloatArray:
    """Return the natural logarithm of the p-value, shape (n_variants,)."""
    # Rare homozygotes go from 0 to rare // 2; heterozygotes are the rest of the rare alleles.
    homozygous = np.arange(int(rare.max()) // 2 + 1)[:, None]
    inside = homozygous <= rare // 2
    one = np.where(inside, rare - 2 * homozygous, 0)
    common = np.where(inside, n - one - homozygous, 0)
    terms = one * np.log(2) - log_factorial[one] - log_factorial[common]
    terms -= log_factorial[np.where(inside, homozygous, 0)]
    terms[~inside] = -np.inf
    largest = terms.max(axis=0)
    columns = np.arange(rare.size)
    found = terms[(rare - heterozygous) // 2, columns]
    log_total = largest + np.log(np.exp(terms - largest).sum(axis=0))
    # Relative to what was found: so a sum of terms that are all too small for a double is not lost.
    difference = terms - found
    weights = np.where(difference <= _SAME, np.exp(np.minimum(difference, 0)), 0.0)
    if mid_p:
        weights[np.abs(difference) <= _SAME] *= 0.5
    return np.asarray(np.minimum(found + np.log(weights.sum(axis=0)) - log_total, 0.0))


@dataclass(frozen=True, slots=True)
class VariantQuality:
    """Which variants pass the filters, and which do not, by reason; a variant can fail several.

    Attributes
    ----------
    kept, too_missing, too_rare, off_hardy_weinberg : ndarray of bool, shape (n_variants,)
    """

    kept: BoolArray
    too_missing: BoolArray
    too_rare: BoolArray
    off_hardy_weinberg: BoolArray


def check_variants(
    counts: GenotypeCounts, *, most_missing: float = 1.0, least_maf: float = 0.0, least_hardy_p: float = 0.0
) -> VariantQuality:
    """Judge variants by missingness, frequency and Hardy-Weinberg, as PLINK's ``--geno``, ``--maf``, ``--hwe``.

    Parameters
    ----------
    counts : GenotypeCounts
        By variant.
    most_missing : float
        Largest share of missing genotypes that passes.
    least_maf : float
        Smallest minor allele frequency that passes.
    least_hardy_p : float
        Smallest Hardy-Weinberg p-value that passes; 0 leaves that test out.
    """
    n_all = counts.called + counts.missing
    # Shares as counts, with a little room: 3 of 30 passes 0.1 whatever its last digit.
    too_missing = (counts.missing > most_missing * n_all * (1 + _SAME)) | (counts.called == 0)
    minor = np.minimum(counts.copies, counts.alleles - counts.copies)
    too_rare = minor < least_maf * counts.alleles * (1 - _SAME)
    off = np.zeros(n_all.shape, dtype=bool)
    if least_hardy_p > 0:
        off = check_hardy_weinberg(counts).p_value < least_hardy_p * (1 - _SAME)
    return VariantQuality(~(too_missing | too_rare | off), too_missing, too_rare, off)
