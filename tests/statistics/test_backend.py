"""The backend: who multiplies natively has all that is asked for, with the same parameters, and nothing besides."""

from __future__ import annotations

import inspect

from imagenomer.statistics.backend import Backend
from imagenomer.statistics.native import Blas


def methods(of):
    return {
        name: inspect.signature(one) for name, one in vars(of).items() if callable(one) and not name.startswith("_")
    }


def test_natively_there_is_all_that_is_asked_for():
    asked, given = methods(Backend), methods(Blas)
    assert set(asked) == set(given)
    for name, signature in asked.items():
        assert list(given[name].parameters.values()) == list(signature.parameters.values()), name
        assert given[name].return_annotation == signature.return_annotation, name


def test_the_share_of_pairs_below_which_they_are_multiplied_one_at_a_time_is_a_share():
    assert 0 < Blas.few_pairs < 1
