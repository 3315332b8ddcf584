"""A session file comes back as it was written, and one that was spoilt is refused in words."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from imagenomer.errors import InputError
from imagenomer.jsonable import dumps
from imagenomer.session import read_session, session_bytes, settled_session
from mutants import spoil

NAME = "study.session.json"


def test_what_is_written_is_read_again(session):
    settled = settled_session(session)
    assert read_session(session_bytes(settled), NAME) == settled
    for part, content in session.items():
        assert settled[part] == content, part


def test_what_is_not_said_is_there_and_empty():
    settled = read_session(b'{"format": "imagenomer-session", "version": 1}', NAME)
    assert settled["groups"] == settled["tray"] == settled["results"] == settled["measures"] == []
    assert settled["views"] == {}
    assert settled["recipe"] is None
    assert settled["columns"] is None


def changed(session, **parts):
    whole = {**settled_session(session), **parts}
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"format": "recipe"}, "it is no session"),
        ({"version": 2, "program": "9.1"}, 'version 2 of the format by a later ImageNomer ("9.1")'),
        ({"version": True}, "'version' is a whole number"),
        ({"extra": 1}, '"extra", which is not known'),
        ({"groups": {}}, "'groups' is a list"),
        ({"groups": [{"name": "x", "expression": "age >"}]}, "groups, 1: "),
        ({"groups": [{"name": "x", "expression": "age > 1"}] * 2}, 'two have the same name, "x"'),
        ({"groups": [{"name": " ", "expression": "age > 1"}]}, "a name is a text"),
        ({"tray": [{"name": "A", "source": {"scan": -1, "measure": "fc"}}]}, "tray, 1, source: 'scan'"),
        ({"results": [{"name": "A", "analysis": "astrology", "params": {}}]}, 'results, 1: no analysis "astrology"'),
        ({"results": [{"name": "A", "analysis": "edge-association", "params": {"x": 1}}]}, "no parameter 'x'"),
        ({"views": {"Models": {"edge": 1, "volume": 3}}}, 'views, "Models" has "volume"'),
        (
            {"views": {"Models": {"analysis": "edge-association", "params": {"phenotype": "age"}, "edge": 1.5}}},
            "'edge' is a whole",
        ),
        ({"columns": {"age": {"kind": "colour"}}}, "'kind' is one of"),
        ({"recipe": {"people": {"join": "by ear"}}}, "'join' is one of"),
        ({"cohort": {"n_subjects": -3}}, "cohort: 'n_subjects'"),
        ({"notes": "x" * 30_000}, "'notes' is a text of at most 20,000"),
    ],
)
def test_what_the_program_does_not_write_is_refused_with_the_file_the_value_and_the_way_out(session, parts, said):
    with pytest.raises(InputError) as refused:
        read_session(changed(session, **parts), NAME)
    assert str(refused.value).startswith(f"{NAME}: ")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[1]", "no session"),
        (b'{"format": "imagenomer-session", "version": 1, "atlas": NaN}', "NaN is no number of JSON"),
        (b"[" * 100_000, "too deep"),
        (b'{"format": "imagenomer-session", "version": 1, "views": ' + b'{"a":' * 60 + b"1" + b"}" * 60 + b"}", "deep"),
        (b" " * 5_000_001, "at most 5,000,000"),
    ],
)
def test_what_is_no_session_is_refused(data, said):
    with pytest.raises(InputError, match=said):
        read_session(data, NAME)


@pytest.mark.slow
def test_a_session_spoilt_a_thousand_times_is_refused_or_reads_as_one(session):
    data, rng = session_bytes(settled_session(session)), np.random.default_rng(20261130)
    n_read = 0
    for number in range(1000):
        spoilt, begun = spoil("x.json", data, rng), time.process_time()
        settled, said = read_or_refused(spoilt)
        if settled is None:
            assert said.startswith(f"{NAME}: "), number
            assert all(line.isprintable() for line in said.split("\n")), number
        else:
            n_read += 1
            assert read_session(dumps(settled).encode(), NAME) == settled, number
        assert time.process_time() - begun < 1, number
    assert 50 < n_read < 900


def read_or_refused(data):
    """What is read, or why not."""
    try:
        return read_session(data, NAME), ""
    except InputError as error:
        return None, str(error)
