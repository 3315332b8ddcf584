"""Pairwise memory: whether what compares all pairs of subjects fits into memory, said before anything is multiplied.

Sample space holds products of all pairs of subjects, and what solves in it needs several matrices of that size. Ten
thousand people are 0.8 GB a matrix: a page, which has 4 GB, would run for minutes and then out of memory.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from imagenomer.errors import InputError
from imagenomer.wording import plural, size

#: Bytes that a program of 32 bits has at most, what is there already set aside.
_OF_32_BITS = 3_500_000_000


def require_memory(n_subjects: int, n_matrices: int) -> None:
    """Refuse more subjects than can be compared with each other.

    Parameters
    ----------
    n_subjects : int
    n_matrices : int
        Of subjects by subjects, in double precision, that are held at once.

    Raises
    ------
    InputError
        If they need more than `most_memory`.
    """
    each = 8 * n_matrices
    _refuse_beyond(
        n_subjects, each * n_subjects**2, "compare each with all others", lambda most: int((most / each) ** 0.5)
    )


def require_memory_of_features(n_subjects: int, n_features: int, n_matrices: int) -> None:
    """Refuse more subjects than fit where they are compared by way of their features.

    Parameters
    ----------
    n_subjects, n_features : int
    n_matrices : int
        Of subjects by features, in double precision, that are held at once.

    Raises
    ------
    InputError
        If they need more than `most_memory`.
    """
    each = 8 * n_matrices * n_features
    what = f"compare by {plural(n_features, 'feature')}"
    _refuse_beyond(n_subjects, each * n_subjects, what, lambda most: most // each)


def _refuse_beyond(n_subjects: int, wanted: int, what: str, fitting: Callable[[int], int]) -> None:
    """Refuse subjects that take more than `most_memory`; ``fitting`` is how many fit into so much."""
    most = most_memory()
    if most is None or wanted <= most:
        return
    raise InputError(
        f"{plural(n_subjects, 'subject')} are too many to {what}: that takes {size(wanted)}, and "
        f"there are {size(most)}; choose a group of at most {plural(fitting(most), 'subject')}"
        + (", or run the analysis in a terminal, where there is more memory" if _in_32_bits() else "")
    )


def most_memory() -> int | None:
    """Return how many bytes this program can have: of the machine, or what it was limited to; None where unknown."""
    if _in_32_bits():
        return _OF_32_BITS
    known = [_of_machine(), _limit()]
    return min((one for one in known if one is not None), default=None)


def _in_32_bits() -> bool:
    return sys.maxsize < 2**32


def _of_machine() -> int | None:
    if not hasattr(os, "sysconf"):  # Windows
        return None
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def _limit() -> int | None:
    try:
        import resource
    except ImportError:  # Windows, and browsers
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft
