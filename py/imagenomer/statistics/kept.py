"""Keep what took long to make, as long as there is room for it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

Made = TypeVar("Made")


def keep_latest(
    kept: OrderedDict[bytes, Made], key: bytes, made: Made, most: int, n_bytes: Callable[[Made], int]
) -> None:
    """Keep one more, and let go of the oldest until all take no more than so many bytes; the new one stays anyhow.

    Parameters
    ----------
    kept : OrderedDict
        Oldest first.
    key : bytes
        Not among them.
    made : object
    most : int
        Bytes.
    n_bytes : callable
        Returns the bytes that one takes.
    """
    total = sum(map(n_bytes, kept.values())) + n_bytes(made)
    while kept and total > most:
        total -= n_bytes(kept.popitem(last=False)[1])
    kept[key] = made
