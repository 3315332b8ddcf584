"""Cache: values that took long to compute, kept for the next question as long as there is room for them.

There is one rule of eviction: what was used longest ago goes first, until the rest fits the capacity of its cache, and
the newest value stays however large it is. The capacity counts values, or what ``size`` says of each: bytes, where
arrays are kept. A cache belongs to what its values are computed from, and is dropped with it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

Key = TypeVar("Key")
Value = TypeVar("Value")


class HasBytes(Protocol):
    """An array, or whatever says how much memory it takes."""

    @property
    def nbytes(self) -> int: ...


def one_each(value: object) -> int:
    """Return 1: the capacity is a number of values."""
    return 1


def in_bytes(value: HasBytes) -> int:
    """Return the memory of a value: the capacity is a number of bytes."""
    return value.nbytes


class Cache(Generic[Key, Value]):
    """Values of one kind by what they were computed for.

    Parameters
    ----------
    capacity : int
        What all values together take at most, in units of ``size``.
    size : callable, optional
        Returns what a value takes, asked once, when it is put in; without it each counts 1.
    """

    __slots__ = ("_entries", "capacity", "size")

    def __init__(self, capacity: int, size: Callable[[Value], int] = one_each) -> None:
        if capacity < 1:
            raise ValueError(f"a cache with room for {capacity} keeps nothing")
        self.capacity = capacity
        self.size = size
        #: Value and size by key, the one used longest ago first.
        self._entries: OrderedDict[Key, tuple[Value, int]] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """Return a value, which counts as a use of it, or None where it is not here."""
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key][0]

    def put(self, key: Key, value: Value) -> Value:
        """Keep a value as the newest, in the place of any other of this key, and evict what no longer fits.

        Returns
        -------
        object
            The value, so that a caller can compute, keep and return in one line.
        """
        self._entries.pop(key, None)
        self._entries[key] = (value, self.size(value))
        taken = self.taken
        while taken > self.capacity and len(self._entries) > 1:
            taken -= self._entries.popitem(last=False)[1][1]
        return value

    def put_aside(self, key: Key, value: Value) -> Value:
        """Keep a value as the first to go: one after another needs the room of one, whatever else is kept."""
        self.put(key, value)
        self._entries.move_to_end(key, last=False)
        return value

    @property
    def taken(self) -> int:
        """What all values together take, in units of ``size``."""
        return sum(size for _, size in self._entries.values())

    def copy(self) -> Cache[Key, Value]:
        """Return another cache with the same values, which from now on goes its own way."""
        other: Cache[Key, Value] = Cache(self.capacity, self.size)
        other._entries.update(self._entries)
        return other

    def clear(self) -> None:
        """Drop all values."""
        self._entries.clear()

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Key]:
        """Iterate over the keys, the one used longest ago first."""
        return iter(tuple(self._entries))


@dataclass(frozen=True, slots=True, eq=False)
class Kind(Generic[Key, Value]):
    """A kind of value that is kept with an object, declared by the module that computes it.

    Attributes
    ----------
    name : str
        "ranks"; what it is called where somebody looks into `Caches`.
    capacity : int
    size : callable
        As for `Cache`.
    """

    name: str
    capacity: int
    size: Callable[[Value], int] = one_each


class Caches:
    """Caches of several kinds that belong to one object; each kind has its own room.

    The object need not know the types of what others compute from it: ``caches[RANKS]`` is a cache of the keys and
    values that the kind ``RANKS`` declares.
    """

    __slots__ = ("_caches",)

    def __init__(self) -> None:
        self._caches: dict[Kind[Any, Any], Cache[Any, Any]] = {}

    def __getitem__(self, kind: Kind[Key, Value]) -> Cache[Key, Value]:
        """Return the cache of a kind, an empty one the first time."""
        if kind not in self._caches:
            self._caches[kind] = Cache(kind.capacity, kind.size)
        return cast("Cache[Key, Value]", self._caches[kind])

    def copy(self) -> Caches:
        """Return other caches with the same values, which from now on go their own way."""
        other = Caches()
        other._caches.update({kind: cache.copy() for kind, cache in self._caches.items()})
        return other

    def clear(self) -> None:
        """Drop all values of all kinds."""
        self._caches.clear()

    def sizes(self) -> dict[str, int]:
        """Return how many values there are of each kind, by its name."""
        return {kind.name: len(cache) for kind, cache in self._caches.items()}
