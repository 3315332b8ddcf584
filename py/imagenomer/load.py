"""Load: a cohort by the name a terminal or a script gives it, a folder, a zip or a teaching cohort."""

from __future__ import annotations

from os import PathLike
from typing import Literal, cast

from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.progress import Steps, finish

#: The seed of a teaching cohort whose seed is not given.
DEFAULT_SEED = 1

_SIZES = ("quick", "full")


def load(where: str | PathLike[str]) -> Cohort:
    """Open a cohort.

    Parameters
    ----------
    where : str or path
        A folder, a ``.zip``, or ``demo:quick``, ``demo:full``, ``demo:full:SEED`` for a synthetic teaching cohort.

    Raises
    ------
    InputError
        If there is no such cohort, or its files cannot be read; the message names the file.
    """
    return finish(load_steps(where))


def load_steps(where: str | PathLike[str]) -> Steps[Cohort]:
    """Open a cohort as `load` does, reporting progress."""
    # Late: a teaching cohort needs no reader, and a folder no teaching.
    if isinstance(where, str) and where.startswith("demo:"):
        _, size, *seed = where.split(":")
        if size not in _SIZES or len(seed) > 1 or not all(part.isdecimal() for part in seed):
            raise InputError(f"{where!r} names no teaching cohort; there are: demo:quick, demo:full, demo:full:SEED")
        from imagenomer.teaching import generate

        chosen = cast(Literal["quick", "full"], size)
        return (yield from generate(size=chosen, seed=int(seed[0]) if seed else DEFAULT_SEED))
    from imagenomer.readers import listing_of, open_cohort

    return (yield from open_cohort(listing_of(where)))
