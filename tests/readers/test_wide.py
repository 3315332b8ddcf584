"""Wide tables, long lists of levels and files of many sizes take time in proportion, not by the square."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable

import numpy as np
import pytest

from imagenomer.cohort import Cohort, natural_key
from imagenomer.progress import finish
from imagenomer.readers import listing_from, open_cohort


def held(files: dict[str, bytes]) -> Cohort:
    data = list(files.values())
    return finish(open_cohort(listing_from(list(files), [len(one) for one in data], lambda i, a, z: data[i][a:z])))


def columns(n: int) -> dict[str, bytes]:
    header = "\t".join(["participant_id", *(f"c{number}" for number in range(n))])
    rows = ["\t".join([f"s{row}", *([str(row)] * n)]) for row in range(3)]
    return {"participants.tsv": "\n".join([header, *rows, ""]).encode()}


def levels(n: int) -> dict[str, bytes]:
    rows = [f"s{row}\tl{row}" for row in range(n)]
    known = {"group": {"Levels": {f"l{row}": "" for row in range(n)}}}
    return {
        "participants.tsv": "\n".join(["participant_id\tgroup", *rows, ""]).encode(),
        "participants.json": json.dumps(known).encode(),
    }


def sizes(n: int) -> dict[str, bytes]:
    """Files of genotypes, each with another number of values."""
    subjects = range(n // 10)
    files = {"participants.tsv": "\n".join(["participant_id", *map(str, subjects), ""]).encode()}
    for number in subjects:
        buffer = io.BytesIO()
        np.save(buffer, np.zeros(number + 1))
        files[f"snps/{number}_set-a_snps.npy"] = buffer.getvalue()
    return files


@pytest.mark.parametrize("make", [columns, levels, sizes])
def test_four_times_as_much_takes_about_four_times_as_long(make: Callable[[int], dict[str, bytes]]):
    def seconds(n: int) -> float:
        files = make(n)
        started = time.process_time()
        cohort = held(files)
        assert cohort.n_subjects > 0
        return time.process_time() - started

    seconds(1000)
    assert seconds(20_000) < 10 * max(seconds(5000), 0.1)  # sixteen times as long if it went with the square


def test_names_of_thousands_of_digits_are_in_the_order_of_their_numbers():
    """Python refuses to read a number of more than 4,300 digits."""
    long = ["9" * 5000, "1" + "0" * 5000, "x10", "x9", "007", "7", "8"]
    assert sorted(long, key=natural_key) == ["007", "7", "8", "9" * 5000, "1" + "0" * 5000, "x9", "x10"]
    subjects = held({"participants.tsv": "\n".join(["participant_id", *long, ""]).encode()}).subjects
    assert set(subjects) == set(long)
