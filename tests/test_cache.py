"""A cache: what is used stays, what was used longest ago goes first, and each kind has its own room."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagenomer.cache import Cache, Caches, Kind, in_bytes

#: What to do to a cache, in order: get or put a key, with the size of what is put.
DEEDS = st.lists(st.tuples(st.sampled_from(["get", "put"]), st.integers(0, 8), st.integers(0, 12)), max_size=40)


@given(DEEDS, st.integers(1, 30))
def test_it_keeps_what_the_long_way_keeps(deeds, capacity):
    """Oracle: after each deed the newest keys whose sizes add up to no more than the capacity, one at the least."""
    cache, used = Cache(capacity, size=lambda value: value), OrderedDict()
    for deed, key, size in deeds:
        if deed == "get":
            assert cache.get(key) == used.get(key)
        else:
            assert cache.put(key, size) == size
            used[key] = size
        if key in used:
            used.move_to_end(key)
        kept = list(used)
        while len(kept) > 1 and sum(used[one] for one in kept) > capacity:
            del used[kept.pop(0)]
        assert list(cache) == kept
        assert cache.taken == sum(used.values())


def test_without_a_size_the_capacity_is_a_number_of_values():
    cache: Cache[str, str] = Cache(2)
    for key in "abc":
        cache.put(key, key.upper())
    assert list(cache) == ["b", "c"]
    assert len(cache) == 2
    assert "a" not in cache
    assert cache.get("a") is None


def test_a_look_at_what_is_there_is_not_a_use_but_getting_it_is():
    cache: Cache[str, int] = Cache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert "a" in cache
    cache.put("c", 3)
    assert list(cache) == ["b", "c"]
    cache.get("b")
    cache.put("d", 4)
    assert list(cache) == ["b", "d"]


def test_arrays_count_by_their_bytes_and_the_newest_stays_however_large():
    cache: Cache[str, np.ndarray] = Cache(1000, in_bytes)
    cache.put("small", np.zeros(10))
    cache.put("other", np.zeros(100))
    assert list(cache) == ["small", "other"]
    large = cache.put("large", np.zeros(10_000))
    assert list(cache) == ["large"]
    assert cache.get("large") is large


def test_a_value_put_again_takes_the_place_of_the_first():
    cache: Cache[str, np.ndarray] = Cache(1000, in_bytes)
    cache.put("a", np.zeros(60))
    cache.put("a", np.zeros(70))
    assert cache.taken == 560
    assert cache.get("a").size == 70


def test_a_copy_goes_its_own_way():
    cache: Cache[str, int] = Cache(2)
    cache.put("a", 1)
    other = cache.copy()
    other.put("b", 2)
    other.put("c", 3)
    assert list(cache) == ["a"]
    assert list(other) == ["b", "c"]
    other.clear()
    assert list(cache) == ["a"]
    assert len(other) == 0


def test_a_cache_without_room_is_a_mistake_of_who_makes_it():
    with pytest.raises(ValueError, match="room for 0"):
        Cache(0)


def test_each_kind_has_its_own_room():
    few, many = Kind("few", 1), Kind("many", 3)
    caches = Caches()
    for key in range(4):
        caches[few].put(key, key)
        caches[many].put(key, -key)
    assert caches.sizes() == {"few": 1, "many": 3}
    assert caches[few].get(3) == 3
    assert caches[many].get(3) == -3, "the same key of another kind is another value"


def test_two_kinds_of_one_name_do_not_mix():
    one, other = Kind("ranks", 1), Kind("ranks", 1)
    caches = Caches()
    caches[one].put("key", "value")
    assert "key" not in caches[other]


def test_copies_of_caches_go_their_own_way():
    kind = Kind("kind", 2)
    caches = Caches()
    caches[kind].put("a", 1)
    other = caches.copy()
    other[kind].put("b", 2)
    assert list(caches[kind]) == ["a"]
    caches.clear()
    assert caches.sizes() == {}
    assert list(other[kind]) == ["a", "b"]


def test_values_put_aside_go_first_and_take_the_room_of_one():
    cache = Cache[str, int](3)
    for name, value in (("a", 1), ("b", 2), ("c", 3)):
        cache.put(name, value)
    for name in "xyz":
        cache.put_aside(name, 0)
    assert list(cache) == ["z", "b", "c"]
    cache.put("d", 4)
    assert list(cache) == ["b", "c", "d"]
