"""A pickle is data here: plain values and arrays come out as Python reads them, and nothing else is ever done."""

from __future__ import annotations

import contextlib
import io
import pickle
import re
import struct
import sys
import time
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagenomer.errors import InputError
from imagenomer.progress import Progress, finish
from imagenomer.readers import listing_from, open_cohort, pickles
from imagenomer.readers.pickles import machine

PROTOCOLS = range(6)


def read_pickle(data: bytes, name: str):
    return finish(pickles.read_pickle(data, name))


PACKAGE = Path(__file__).parents[2] / "py" / "imagenomer"

scalars = (
    st.none() | st.booleans() | st.integers(-(2**59), 2**59) | st.floats(allow_nan=False) | st.text() | st.binary()
)
keys = st.integers(-(2**59), 2**59) | st.text() | st.binary()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner) | st.tuples(inner, inner) | st.sets(keys),
    max_leaves=30,
)


@given(values, st.sampled_from(PROTOCOLS))
@settings(max_examples=200, deadline=None)
def test_plain_values_come_out_as_python_reads_them(value, protocol):
    data = pickle.dumps(value, protocol)
    assert read_pickle(data, "x.pkl") == pickle.loads(data)  # noqa: S301 - the oracle, on our own bytes


ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.arange(6.0).reshape(2, 3).T,
    np.arange(5, dtype=">i4"),
    np.arange(5, dtype=np.uint8),
    np.array([1.5, -2], dtype=np.float16),
    np.array([True, False]),
    np.array(3.25),
    np.zeros((0, 3)),
    np.array(["sub-01", "ü"]),
    np.array([b"a", b"bc"]),
    np.arange(24).reshape(2, 3, 4)[:, ::2],
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype.str}{array.shape}")
def test_arrays_come_out_with_values_type_and_shape(array, protocol):
    ours = read_pickle(pickle.dumps({"w": array}, protocol), "x.pkl")["w"]
    assert ours.shape == array.shape
    assert ours.dtype == array.dtype
    np.testing.assert_array_equal(ours, array)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_numpy_numbers_become_python_numbers(protocol):
    numbers = [np.float64(2.5), np.int32(-7), np.bool_(True), np.str_("hü")]
    ours = read_pickle(pickle.dumps(numbers, protocol), "x.pkl")
    assert ours == [2.5, -7, True, "hü"]
    assert [type(number) for number in ours] == [float, int, bool, str]


def test_an_array_used_twice_is_the_same_array():
    array = np.arange(3)
    first, second = read_pickle(pickle.dumps([array, array]), "x.pkl")
    assert first is second


def test_names_that_numpy_1_wrote_are_known(shared_data):
    path = shared_data / "fibromyalgia/weights/Fibromyalgia_Impact_Score/Ridge0.pkl"
    data = path.read_bytes()
    assert b"numpy.core.multiarray" in data
    ours, theirs = read_pickle(data, path.name), pickle.loads(data)  # noqa: S301 - the oracle, on a known file
    np.testing.assert_array_equal(ours["w"], theirs["w"])
    assert {key: ours[key] for key in ("trsubs", "tsubs", "desc")} == {
        key: theirs[key] for key in ("trsubs", "tsubs", "desc")
    }


# --- what is refused -----------------------------------------------------------------------------


def _global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _text(text: str) -> bytes:
    return b"X" + struct.pack("<I", len(text)) + text.encode()


HOSTILE = {
    "GLOBAL and REDUCE": (_global("os", "system") + b"(" + _text("touch {}") + b"tR.", "os.system"),
    "STACK_GLOBAL": (
        b"\x80\x04" + _text("posix") + _text("system") + b"\x93" + _text("touch {}") + b"\x85R.",
        "posix.system",
    ),
    "INST": (b"(" + _text("touch {}") + b"ios\nsystem\n.", "INST"),
    "OBJ": (b"(" + _global("os", "system") + _text("touch {}") + b"o.", "os.system"),
    "OBJ of a known name": (b"(" + _global("numpy", "ndarray") + b"o.", "OBJ"),
    "NEWOBJ": (b"\x80\x02" + _global("numpy", "ndarray") + b")\x81.", "NEWOBJ"),
    "NEWOBJ_EX": (b"\x80\x04" + _global("numpy", "ndarray") + b")}\x92.", "NEWOBJ_EX"),
    "eval": (_global("builtins", "eval") + b"(" + _text("1") + b"tR.", "builtins.eval"),
    "getattr": (_global("builtins", "getattr") + b".", "builtins.getattr"),
    "a dotted way out": (
        b"\x80\x04" + _text("numpy") + _text("ndarray.__class__") + b"\x93.",
        "numpy.ndarray.__class__",
    ),
    "EXT1": (b"\x80\x02\x82\x01.", "EXT1"),
    "EXT2": (b"\x80\x02\x83\x01\x00.", "EXT2"),
    "EXT4": (b"\x80\x02\x84\x01\x00\x00\x00.", "EXT4"),
    "BUILD on a dict": (b"}}b.", "sets the state"),
    "BUILD on a name": (_global("numpy", "ndarray") + b"}b.", "sets the state"),
    "BUILD of a type with fields": (
        _global("numpy", "dtype") + b"(" + _text("f8") + b"tR(K\x03" + _text("<") + b"N(t}K\x08K\x01K\x00tb.",
        "sets the state",
    ),
    "PERSID": (b"Pwhere\n.", "PERSID"),
    "BINPERSID": (_text("where") + b"Q.", "BINPERSID"),
    "NEXT_BUFFER": (b"\x80\x05\x97.", "NEXT_BUFFER"),
    "a call of a known name with other arguments": (
        _global("_codecs", "encode") + _text("x") + _text("rot13") + b"\x86R.",
        "_codecs.encode",
    ),
    "a name as the value": (_global("numpy", "ndarray") + b".", "numpy.ndarray"),
    "an unfinished array": (
        _global("numpy.core.multiarray", "_reconstruct") + _global("numpy", "ndarray") + b"K\x00\x85C\x01b\x87R.",
        "unfinished",
    ),
    "an array of objects": (pickle.dumps(np.array([1, "a", None], dtype=object), 2), "Python objects"),
    "a structured array": (pickle.dumps(np.zeros(2, dtype=[("a", "i4")]), 2), "V4"),
    "dates": (pickle.dumps(np.array(["2020-01-01"], dtype="M8[D]"), 2), "M8"),
    "complex numbers": (pickle.dumps(np.array([1j]), 2), "c16"),
    "OrderedDict": (pickle.dumps(OrderedDict(a=1)), "collections.OrderedDict"),
    "an integer of 1000 bytes": (pickle.dumps(1 << 8000), "integer"),
    "text of Python 2": (b"S'abc'\n.", "Python 2"),
    "a tuple as key": (pickle.dumps({(1, 2): 3}), "tuple"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_could_execute_is_refused_by_name_and_place(case, tmp_path, monkeypatch):
    data, named = HOSTILE[case]
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    with pytest.raises(InputError, match=re.escape(named)) as refused:
        read_pickle(data.replace(b"{}", b"it"), "evil.pkl")
    assert str(refused.value).startswith("evil.pkl is not read: ")
    assert re.search(r"\(byte [0-9]+\); ", str(refused.value))
    assert str(refused.value).count("not read") == 1
    assert not list(tmp_path.iterdir())
    assert set(sys.modules) == before


@pytest.mark.parametrize("table", [pd.DataFrame({"age": [1, 2]}), pd.Series([1, 2])])
def test_a_pandas_table_is_refused_with_a_way_out(table):
    with pytest.raises(InputError, match=r"pandas.*to_dict"):
        read_pickle(pickle.dumps(table), "demographics.pkl")


def test_the_package_never_imports_pickle():
    for path in PACKAGE.rglob("*.py"):
        assert not re.search(
            r"^\s*(import|from)\s+(pickle|_pickle|cPickle|marshal|shelve|dill|joblib)\b",
            path.read_text(encoding="utf-8"),
            re.M,
        ), path
        assert "allow_pickle=True" not in path.read_text(encoding="utf-8"), path


# --- damage and traps ----------------------------------------------------------------------------

REAL = {
    "demographics.pkl": pickle.dumps(
        {"Age": {number: float(number) for number in range(40)}, "Sex": {str(number): "F" for number in range(40)}}
    ),
    **{
        f"weights{protocol}.pkl": pickle.dumps(
            {
                "w": np.arange(8.0),
                "noremap": "true",
                "trsubs": [1, 2, 2],
                "tsubs": [np.int64(3)],
                "desc": "ü",
                "s": {1},
            },
            protocol,
        )
        for protocol in PROTOCOLS
    },
}


@pytest.mark.parametrize("name", REAL)
def test_every_truncation_is_refused(name):
    data = REAL[name]
    for length in range(len(data)):
        with pytest.raises(InputError):
            read_pickle(data[:length], name)


@given(
    st.sampled_from(sorted(REAL)),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4),
)
@settings(max_examples=500, deadline=2000)
def test_flipped_bytes_are_refused_or_give_data(name, flips):
    data = bytearray(REAL[name])
    for place, byte in flips:
        data[place % len(data)] = byte
    with contextlib.suppress(InputError):
        read_pickle(bytes(data), name)


@given(st.binary(max_size=200))
@settings(max_examples=500, deadline=2000)
def test_random_bytes_are_refused_or_give_data(data):
    with contextlib.suppress(InputError):
        read_pickle(data, "x.pkl")


def test_a_length_beyond_the_file_is_refused_before_memory_is_asked_for():
    with pytest.raises(InputError, match="go on for 4,294,967,295 bytes, and 1 are left"):
        read_pickle(b"X\xff\xff\xff\xff.", "x.pkl")


def test_lists_within_lists_beyond_measure_are_refused_or_read():
    with pytest.raises(InputError, match="nested"):
        read_pickle(b"(" * 10_000, "x.pkl")
    deep = read_pickle(b"]" * 100_000 + b"a" * 99_999 + b".", "x.pkl")
    assert isinstance(deep, list)


def test_asking_for_the_same_copy_over_and_over_is_refused():
    name, long, coding = (
        _global("_codecs", "encode") + b"q\x00",
        _text("x" * 100_000) + b"q\x01",
        _text("latin1") + b"q\x02",
    )
    with pytest.raises(InputError, match="over and over"):
        read_pickle(name + long + coding + b"h\x00h\x01h\x02\x86R" * 10_000 + b".", "x.pkl")


def test_an_array_needs_as_many_bytes_as_its_shape_says():
    data = pickle.dumps(np.arange(4.0), 2).replace(b"K\x04\x85", b"K\x05\x85")
    with pytest.raises(InputError, match="damaged"):
        read_pickle(data, "x.pkl")


def as_zip(member: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, data)
    return buffer.getvalue()


#: A few bytes again and again, each time asking for more than the file has.
BOMBS = {
    "lists": (b"]", "lists, dicts"),
    "dicts": (b"}", "lists, dicts"),
    "sets": (b"\x8f", "lists, dicts"),
    "tuples in tuples": (b")\x85", "lists, dicts"),
    "values on the stack": (b"N", "values at a time"),
    "notes": (b"N\x94", "values noted for later"),
    "notes of one value": (b"\x94", "values noted for later"),
    "steps": (b"Na", "steps"),
    "frames": (b"\x80\x04", "steps"),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_pickle_that_asks_for_more_than_tables_do_is_refused(kind, monkeypatch):
    for name in ("_MOST_OPCODES", "_MOST_WAITING", "_MOST_NOTED", "_MOST_CONTAINERS"):
        assert getattr(machine, name) <= 25_000_000
        monkeypatch.setattr(machine, name, getattr(machine, name) // 100)
    piece, words = BOMBS[kind]
    data = (b"]" if kind == "steps" else b"N") + piece * (1_000_000 // len(piece))
    steps: list[Progress] = []
    with pytest.raises(InputError, match=rf"asks for more than [0-9,]+ {words}"):
        finish(pickles.read_pickle(data, "x.pkl"), steps.append)
    assert all(step.step == "Reading x.pkl" and step.total == len(data) for step in steps)
    assert np.diff([0, *(step.done for step in steps)]).max() < 100_000  # a cancel is seen in between


def test_a_zip_with_a_large_pickle_of_nothing_but_lists_is_refused_within_seconds():
    data = as_zip("demographics.pkl", b"]" * 90_000_000)
    assert len(data) < 100_000
    listing = listing_from(["cohort.zip"], [len(data)], lambda _, start, stop: data[start:stop])
    started = time.process_time()
    with pytest.raises(InputError, match="more than 200,000 lists"):
        finish(open_cohort(listing))
    assert time.process_time() - started < 5


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_table_of_numpy_numbers_is_no_heap_of_containers(protocol, monkeypatch):
    monkeypatch.setattr(machine, "_MOST_CONTAINERS", 100)
    table = {field: {str(row): np.float64(row) for row in range(10_000)} for field in "ab"}
    assert read_pickle(pickle.dumps(table, protocol), "x.pkl") == table


@pytest.mark.parametrize("protocol", [3, 4, 5])  # which hold the bytes of an array as they are
@pytest.mark.parametrize("value", [np.array(["ab", "c"]), np.str_("ab")], ids=["array", "text"])
def test_texts_beyond_unicode_in_an_array_are_refused_in_words(protocol, value):
    data = pickle.dumps(value, protocol)
    assert data.count(b"a\0\0\0") == 1
    with pytest.raises(InputError, match="texts that are damaged"):
        read_pickle(data.replace(b"a\0\0\0", b"\0\0\x11\0"), "x.pkl")
